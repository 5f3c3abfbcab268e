"""Put sheets to a model and bring back what it says, the fast way where the model can, the slow way where it cannot."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from tasks.evaluation import encoding, plain
from tasks.evaluation.branches import lay_out, plant
from tasks.evaluation.capability import can_branch
from tasks.evaluation.forward import hear
from tasks.evaluation.plain import Voice
from tasks.evaluation.sheets import Sheet
from tasks.llama import Loaded
from tasks.plan import Machine
from tasks.progress import Progress

LONGEST = 4096  # tokens up to which a text is read as a branch; the mask grows with the square

SLOWLY = "one text at a time: this model or these texts cannot be read as branches"


class Said(NamedTuple):
    """What came back for one sheet."""

    log_likelihoods: list[float]
    text: str


def listen(loaded: Loaded, sheets: Sequence[Sheet], answer_tokens: int, machine: Machine, progress: Progress) -> list[Said]:
    """One `Said` for each sheet, in their order."""
    model = loaded.model
    voice = Voice(answer_tokens, encoding.window(model, loaded.tokenizer), plain.end_tokens(model, loaded.tokenizer))
    lengths = [_length(sheet) + answer_tokens for sheet in sheets]
    branching = [length <= LONGEST and can_branch(model, length) for length in lengths]
    fast = [sheet for sheet, branches in zip(sheets, branching, strict=True) if branches]
    slow = [sheet for sheet, branches in zip(sheets, branching, strict=True) if not branches]
    quick = iter(_as_tree(model, fast, voice, pack_tokens(model, machine), part(progress, 0, len(fast), len(sheets))))
    rest = iter(_one_by_one(model, slow, voice, part(progress, len(fast), len(slow), len(sheets))))
    found = [next(quick if branches else rest) for branches in branching]
    return [Said(values, loaded.tokenizer.decode(said, skip_special_tokens=True)) for values, said in found]


def part(progress: Progress, before: int, size: int, whole: int) -> Progress:
    """A bar for `size` of `whole` things, as a piece of the bar for the whole."""
    return lambda done, total, note="": progress(before + size * done / max(1, total), whole, note)


def pack_tokens(model: Any, machine: Machine) -> int:
    """Tokens to a forward pass. More of them waste attention on other questions' tokens: 4 · pack · hidden against 24 · hidden² a token and layer."""
    return max(128 * machine.micro_batch, min(2048, int(model.config.get_text_config().hidden_size)))


def _length(sheet: Sheet) -> int:
    return max([len(sheet.prompt), *(len(asked.context) + len(asked.tokens) for asked in sheet.continuations)])


def _as_tree(model: Any, sheets: Sequence[Sheet], voice: Voice, most: int, progress: Progress) -> list[tuple[list[float], list[int]]]:
    if not sheets:
        return []
    wood = plant([asked for sheet in sheets for asked in sheet.continuations], [sheet.prompt for sheet in sheets if sheet.prompt])
    heard = hear(model, wood, lay_out(wood, most), voice, progress)
    values = iter([sum(heard.log_likelihoods[node] for node in path) for path in wood.paths])
    said = iter([heard.replies[end] for end in wood.prompt_ends])
    return [([next(values) for _ in sheet.continuations], next(said) if sheet.prompt else []) for sheet in sheets]


def _one_by_one(model: Any, sheets: Sequence[Sheet], voice: Voice, progress: Progress) -> list[tuple[list[float], list[int]]]:
    found = []
    for done, sheet in enumerate(sheets, 1):
        values = [plain.likelihood(model, asked) for asked in sheet.continuations]
        found.append((values, plain.reply(model, sheet.prompt, voice) if sheet.prompt else []))
        progress(done, len(sheets), SLOWLY)
    return found
