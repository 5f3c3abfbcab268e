"""Put sheets to a model and bring back what it says, the fast way where the model can, the slow way
where it cannot.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from tasks.evaluation.eval_requests import EvalRequest
from tasks.evaluation.scorer import encoding, sequential_scorer
from tasks.evaluation.scorer.prefix_tree import build_prefix_forest, plan_batches
from tasks.evaluation.scorer.sequential_scorer import DecodingLimits
from tasks.evaluation.scorer.tree_attention import score_tree
from tasks.evaluation.scorer.tree_attention_support import can_use_tree_attention
from tasks.language.catalogue import tell_reader
from tasks.models.loading import LoadedModel
from tasks.schemas.machine import Machine
from tasks.store.progress import ProgressCallback

MAX_TREE_TOKENS = (
    4096  # tokens up to which a text is read as a branch; the mask grows with the square
)


class ModelOutput(NamedTuple):
    """What came back for one sheet."""

    log_likelihoods: list[float]
    text: str


def run_requests(
    loaded: LoadedModel,
    sheets: Sequence[EvalRequest],
    answer_tokens: int,
    machine: Machine,
    progress: ProgressCallback,
) -> list[ModelOutput]:
    """One `Said` for each sheet, in their order."""
    model = loaded.model
    voice = DecodingLimits(
        answer_tokens,
        encoding.get_context_window(model, loaded.tokenizer),
        sequential_scorer.get_end_tokens(model, loaded.tokenizer),
    )
    lengths = [_measure_length(sheet) + answer_tokens for sheet in sheets]
    branching = [
        length <= MAX_TREE_TOKENS and can_use_tree_attention(model, length) for length in lengths
    ]
    fast = [sheet for sheet, branches in zip(sheets, branching, strict=True) if branches]
    slow = [sheet for sheet, branches in zip(sheets, branching, strict=True) if not branches]
    quick = iter(
        _score_as_tree(
            model,
            fast,
            voice,
            choose_pack_tokens(model, machine),
            scale_progress(progress, 0, len(fast), len(sheets)),
        )
    )
    rest = iter(
        _score_one_by_one(
            model, slow, voice, scale_progress(progress, len(fast), len(slow), len(sheets))
        )
    )
    found = [next(quick if branches else rest) for branches in branching]
    return [
        ModelOutput(values, loaded.tokenizer.decode(said, skip_special_tokens=True))
        for values, said in found
    ]


def scale_progress(
    progress: ProgressCallback, before: int, size: int, whole: int
) -> ProgressCallback:
    """A bar for `size` of `whole` things, as a piece of the bar for the whole."""
    return lambda done, total, note="": progress(before + size * done / max(1, total), whole, note)


def choose_pack_tokens(model: Any, machine: Machine) -> int:
    """Tokens to a forward pass. More of them waste attention on other questions' tokens: 4 · pack ·
    hidden against 24 · hidden² a token and layer.
    """
    return max(
        128 * machine.micro_batch, min(2048, int(model.config.get_text_config().hidden_size))
    )


def _measure_length(sheet: EvalRequest) -> int:
    return max(
        [
            len(sheet.prompt),
            *(len(asked.context) + len(asked.tokens) for asked in sheet.continuations),
        ]
    )


def _score_as_tree(
    model: Any,
    sheets: Sequence[EvalRequest],
    voice: DecodingLimits,
    most: int,
    progress: ProgressCallback,
) -> list[tuple[list[float], list[int]]]:
    if not sheets:
        return []
    wood = build_prefix_forest(
        [asked for sheet in sheets for asked in sheet.continuations],
        [sheet.prompt for sheet in sheets if sheet.prompt],
    )
    heard = score_tree(model, wood, plan_batches(wood, most), voice, progress)
    values = iter([sum(heard.log_likelihoods[node] for node in path) for path in wood.paths])
    said = iter([heard.replies[end] for end in wood.prompt_ends])
    return [
        ([next(values) for _ in sheet.continuations], next(said) if sheet.prompt else [])
        for sheet in sheets
    ]


def _score_one_by_one(
    model: Any, sheets: Sequence[EvalRequest], voice: DecodingLimits, progress: ProgressCallback
) -> list[tuple[list[float], list[int]]]:
    found = []
    for done, sheet in enumerate(sheets, 1):
        values = [
            sequential_scorer.compute_log_likelihood(model, asked) for asked in sheet.continuations
        ]
        found.append(
            (
                values,
                sequential_scorer.generate_reply(model, sheet.prompt, voice)
                if sheet.prompt
                else [],
            )
        )
        progress(done, len(sheets), tell_reader("note-sequential"))
    return found
