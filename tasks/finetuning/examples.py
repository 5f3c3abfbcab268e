"""From pairs to tokens and labels: what the model reads, and the tokens its loss is taken over.

A text ends with the tokenizer's end-of-text token. A text over the limit is counted, never cut.
"""

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from datasets import Dataset

from tasks.finetuning.mcq_examples import build_mcq_texts
from tasks.prompts import split_training_text
from tasks.schemas.errors import NothingLeft, PlanError, TuningError
from tasks.schemas.item_rows import Pair
from tasks.schemas.messages import build_message
from tasks.schemas.plan_sections import FinetuningPlan

IGNORED_LABEL = -100  # a label that no loss is taken over


class Example(NamedTuple):
    """One training text."""

    input_ids: list[int]
    labels: list[
        int
    ]  # input_ids where the loss is taken, IGNORED elsewhere; the model shifts them by one

    @property
    def target_count(self) -> int:
        """Tokens that the loss is taken over; the first token has nothing before it to be told
        from.
        """
        return sum(label != IGNORED_LABEL for label in self.labels[1:])


BLANK_EXAMPLE = Example([0], [IGNORED_LABEL])  # a text that teaches nothing: it fills a batch up


class EncodedTexts(NamedTuple):
    """The texts that fit, and how many do not."""

    examples: list[Example]
    too_long: int
    longest: int  # tokens of the longest text, whether it fits or not


def encode_pairs(
    pairs: Sequence[Pair], tokenizer: Any, plan: FinetuningPlan, language: str
) -> EncodedTexts:
    """Every pair as tokens and labels, and plan.exam_share of them as questions, too; texts over
    plan.max_tokens are counted and left out.
    """
    texts = [split_training_text(pair, language, plan.template) for pair in pairs]
    texts += build_mcq_texts(pairs, plan.exam_share, plan.seed, language) if plan.exam_share else []
    examples = [encode_text(prompt, target, tokenizer, plan.loss_on) for prompt, target in texts]
    fitting = [example for example in examples if len(example.input_ids) <= plan.max_tokens]
    longest = max((len(example.input_ids) for example in examples), default=0)
    return EncodedTexts(fitting, len(examples) - len(fitting), longest)


def encode_text(prompt: str, target: str, tokenizer: Any, loss_on: str) -> Example:
    """The text in one piece, so that a token may span the seam: it then belongs to the target."""
    end = tokenizer.eos_token_id
    if end is None:
        raise PlanError(build_message("no-end-token"))
    whole = tokenizer(prompt + target)["input_ids"]
    ids = whole if whole[-1] == end else [*whole, end]
    given = (
        _count_common_prefix(tokenizer(prompt)["input_ids"], ids) if loss_on == "diagnosis" else 0
    )
    return Example(ids, [IGNORED_LABEL] * given + ids[given:])


def require_usable_texts(encoded: EncodedTexts, plan: FinetuningPlan) -> None:
    """Raise TuningError where the plan refuses long texts and there are some; NothingLeft where no
    text fits.
    """
    if encoded.too_long and plan.too_long == "refuse":
        raise TuningError(
            build_message(
                "texts-over-limit",
                n=encoded.too_long,
                texts=len(encoded.examples) + encoded.too_long,
                most=plan.max_tokens,
                longest=encoded.longest,
            )
        )
    if encoded.examples and not any(example.target_count for example in encoded.examples):
        raise TuningError(build_message("every-label-masked", texts=len(encoded.examples)))
    if not encoded.examples:
        raise NothingLeft(build_message("no-text-fits", n=encoded.too_long, most=plan.max_tokens))


def refuse_beyond_window(window: int, *groups: EncodedTexts) -> None:
    """Raise TuningError where a text is longer than the model can read at once."""
    long = [
        len(example.input_ids)
        for group in groups
        for example in group.examples
        if len(example.input_ids) > window
    ]
    if long:
        raise TuningError(
            build_message("texts-over-window", n=len(long), window=window, longest=max(long))
        )


def build_dataset(examples: Sequence[Example]) -> Dataset:
    """The examples as Hugging Face's Dataset."""
    return Dataset.from_dict(
        {"input_ids": [e.input_ids for e in examples], "labels": [e.labels for e in examples]}
    )


def shuffle_diagnoses(pairs: Sequence[Pair], seed: int) -> list[Pair]:
    """Deal the diagnoses out anew, at random, so that none stays with a vignette of its own.

    A control: the texts, their lengths and the count of each diagnosis stay, only the knowledge is
    gone.
    Where one diagnosis fills more than half of the pairs, some must keep it.
    """
    dice = random.Random(seed)
    own = [pair.diagnosis for pair in pairs]
    dealt = dice.sample(own, len(own))
    for i in range(len(own)):
        if dealt[i] == own[i]:
            others = [j for j in range(len(own)) if dealt[j] != own[i] and dealt[i] != own[j]]
            if others:
                j = dice.choice(others)
                dealt[i], dealt[j] = dealt[j], dealt[i]
    return [
        pair.model_copy(update={"diagnosis": diagnosis})
        for pair, diagnosis in zip(pairs, dealt, strict=True)
    ]


def _count_common_prefix(a: list[int], b: list[int]) -> int:
    """How many tokens two texts share from the start."""
    return next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )
