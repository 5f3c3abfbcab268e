"""Servers that cut a prompt to their context without a word (Ollama, to 2,048 or 4,096 tokens by
default): their own count of its tokens is far below what was sent, time and again the same.
"""

from dataclasses import dataclass, field

LEAST_SHARE = 0.5  # of the guess of `guess_tokens`: no tokenizer in use makes prose into fewer
SMALLEST_CONTEXT = 256  # tokens; a smaller count is no context that any server offers
SPREAD = 1.1  # a server that once counted more than so many times as much has a longer context
CUT_PROMPTS = 2  # that differ: one alone may stand in a cache that the server does not count


@dataclass
class PromptCounts:
    """What one server counted of the prompts that it was sent."""

    cut: dict[str, int] = field(default_factory=dict)  # request → tokens counted
    most_told: int = 0

    def note_count(self, key: str, told: int, sent: int) -> bool:
        """Whether prompts are known to be cut; `sent`: about how many tokens were sent."""
        self.most_told = max(self.most_told, told)
        if is_cut(told, sent):
            self.cut[key] = told
        limit = self.most_told / SPREAD
        return told >= limit and sum(n >= limit for n in self.cut.values()) >= CUT_PROMPTS


def is_cut(told: int, sent: int) -> bool:
    """Whether a server saw far fewer tokens of a prompt than it holds."""
    return SMALLEST_CONTEXT <= told < LEAST_SHARE * sent
