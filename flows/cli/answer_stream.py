"""Base and tuned model of a finished study, asked the same, each answer given out as it is made."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from transformers import TextStreamer

from flows.cli.export_adapter import read_base_path
from tasks.evaluation.scorer.encoding import (
    encode_texts,
    format_chat_prompt,
    get_context_window,
    has_chat_template,
)
from tasks.language.text import normalize_text
from tasks.language.text_search import rank_texts
from tasks.models.library_logging import silence_transformers
from tasks.models.loading import LoadedModel, base_of, load_model
from tasks.models.model_hub import resolve_base_model
from tasks.prompts import split_training_text
from tasks.schemas.errors import MissingArtifact, PlanError
from tasks.schemas.item_rows import Pair, Passage
from tasks.schemas.machine import Machine
from tasks.schemas.messages import build_message
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_sections import BasePlan


class ModelPair(NamedTuple):
    """What answers, and what it was taught from."""

    base: LoadedModel
    tuned: LoadedModel
    plan: StudyPlan
    passages: Sequence[Passage]


def load_model_pair(folder: Path, base: str | None, machine: Machine) -> ModelPair:
    """The models of a study's folder. Raises MissingArtifact or PlanError where one is gone."""
    silence_transformers()
    record = json.loads((folder / "study.json").read_text("utf-8"))
    checkpoint = resolve_base_model(BasePlan(model=base or read_base_path(folder)))
    tuned = load_model(checkpoint, machine, folder / "adapter")
    places = [
        Path(place["path"])
        for name, place in record["artifacts"].items()
        if name.startswith("passages ")
    ]
    return ModelPair(
        base_of(tuned), tuned, StudyPlan.model_validate(record["plan"]), _read_passages(places)
    )


def _read_passages(places: Sequence[Path]) -> list[Passage]:
    return [
        Passage.model_validate_json(line)
        for place in places
        if place.is_file()
        for line in place.read_text("utf-8").splitlines()
    ]


def find_passages(pair: ModelPair, question: str, best: int) -> list[Passage]:
    """The passages that speak of the question. Raises MissingArtifact where there are none."""
    if not pair.passages:
        raise MissingArtifact(build_message("passages-gone"))
    texts = [passage.text for passage in pair.passages]
    return [pair.passages[i] for i in rank_texts(question, texts, best)]


def build_prompt(
    pair: ModelPair, question: str, passages: Sequence[Passage] = (), taught: bool = False
) -> str:
    """As a person's message where the tokenizer has a chat template, else in the form that was
    taught; the passages come first.
    """
    plan = pair.plan
    asked = normalize_text(question, plan.language)
    known = "".join(f"{passage.text}\n\n" for passage in passages)
    if not taught and plan.evaluation.chat == "auto" and has_chat_template(pair.base.tokenizer):
        return format_chat_prompt(
            pair.base.tokenizer, known + asked, plan.evaluation.template_options
        )
    text = Pair(id="asked", fact="", symptom=asked, diagnosis="")
    frame = split_training_text(text, plan.wording, plan.finetuning.template)[0]
    return known + frame.rstrip()


class _Teller(TextStreamer):  # type: ignore[misc]
    """transformers' own streamer, which hands the words on instead of printing them."""

    def __init__(self, tokenizer: Any, tell: Callable[[str], None]) -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self._tell = tell

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        self._tell(text)


def stream_reply(
    loaded: LoadedModel, prompt: str, tokens: int, tell: Callable[[str], None]
) -> None:
    """The likeliest words after the prompt, told as they come. Raises PlanError where the prompt
    leaves no room for them.
    """
    model, tokenizer = loaded.model, loaded.tokenizer
    ids = torch.tensor(encode_texts(tokenizer, [prompt]), device=next(model.parameters()).device)
    window = get_context_window(model, tokenizer)
    if ids.shape[1] + tokens > window:
        raise PlanError(
            build_message("question-over-window", asked=ids.shape[1], answer=tokens, window=window)
        )
    with torch.inference_mode():
        model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=tokens,
            do_sample=False,
            pad_token_id=tokenizer.pad_token_id or tokenizer.eos_token_id,
            streamer=_Teller(tokenizer, tell),
        )
