"""What one answer is charged: the server's own count where it can be believed, else the most that
it can have cost.
"""

from tasks.generation.budget import TokenUsage
from tasks.generation.openai.request_builder import ChatRequest, list_parts

# Characters a token holds on average with GPT-4o's tokenizer: English 4; Persian 3 (a published
# sample: 95 characters, 32 tokens).
LATIN, OTHER = 4.0, 3.0
LEAST = 0.5  # of the guess: no tokenizer in use makes prose into so few tokens
# times max_tokens: a server that writes past it is believed up to here, with the text to show for
# it
MOST_OUT = 2


def guess_tokens(text: str) -> int:
    """About how many tokens a text is."""
    plain = sum(c.isascii() for c in text)
    return round(plain / LATIN + (len(text) - plain) / OTHER)


def believe_usage(told: TokenUsage | None, request: ChatRequest, text: str) -> TokenUsage:
    """The tokens to charge for an answer with this text, in which thoughts count as text.

    The worst where the server tells no count, a smaller one than prompt and text prove, or a larger
    one than can be. An
    answer without text proves nothing: any count up to the worst is believed.
    """
    worst = request.worst_usage
    most_out = min(MOST_OUT * worst.tokens_out, max(worst.tokens_out, len(text.encode())))
    if (
        told
        and told.tokens_in <= worst.tokens_in
        and told.tokens_out <= most_out
        and (not text or _covers(told, request, text))
    ):
        return told
    return worst._replace(tokens_out=max(worst.tokens_out, min(most_out, guess_tokens(text))))


def _covers(told: TokenUsage, request: ChatRequest, text: str) -> bool:
    """Whether a count is not below what was seen to go in and to come out."""
    prompt = "".join(part["text"] for part in list_parts(request.body) if part["type"] == "text")
    return told.tokens_in >= LEAST * guess_tokens(
        prompt
    ) and told.tokens_out >= LEAST * guess_tokens(text)
