"""Attach an adapter to a model so that nothing of it is left out, and tell whether the model is one
that answers.
"""

import warnings
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from tasks.models.adapter_check import WEIGHTS
from tasks.models.model_config import UNREADABLE
from tasks.models.weight_files import TensorHeader, read_headers
from tasks.schemas.errors import PlanError, quote_exception
from tasks.schemas.messages import build_message


def adapter_headers(adapter: Path) -> dict[str, TensorHeader]:
    """Every tensor of the adapter by name."""
    return read_headers([adapter / WEIGHTS])


def attach_adapter(model: Any, adapter: Path, config: Any) -> PeftModel:
    """The model with the adapter on it. Raises PlanError where the adapter was made for another
    model.

    PEFT only warns of weights that the file lacks, and says nothing of those for which the model
    has no place.
    """
    _fit_embeddings(model, adapter)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            tuned = PeftModel.from_pretrained(
                model, str(adapter), is_trainable=False, config=config
            )
            unexpected = tuned.load_adapter(
                str(adapter), "default"
            ).unexpected_keys  # again, for what it returns
        except torch.OutOfMemoryError:
            raise
        except (
            RuntimeError,
            *UNREADABLE,
        ) as error:  # matrices of other shapes, or of names that the model has not
            raise PlanError(
                build_message(
                    "adapter-does-not-fit", adapter=str(adapter), why=quote_exception(error, 700)
                )
            ) from error
    lacks = [
        str(warning.message) for warning in told if "missing adapter keys" in str(warning.message)
    ]
    if lacks:
        raise PlanError(
            build_message("adapter-does-not-fit", adapter=str(adapter), why=lacks[0][:500])
        )
    if unexpected:
        raise PlanError(
            build_message(
                "adapter-does-not-fit",
                adapter=str(adapter),
                why=build_message("matrices-unmatched", n=len(unexpected), first=min(unexpected)),
            )
        )
    _refuse_silent(tuned.eval(), adapter)
    return tuned


def _refuse_silent(tuned: PeftModel, adapter: Path) -> None:
    """Raise PlanError where the model cannot compute a finite score with this adapter."""
    try:
        scores = first_scores(tuned)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, *UNREADABLE) as error:
        raise PlanError(
            build_message("adapter-fails", adapter=str(adapter), why=quote_exception(error))
        ) from error
    if not bool(scores.isfinite().all()):
        raise PlanError(build_message("adapter-not-finite", adapter=str(adapter)))


def _fit_embeddings(model: Any, adapter: Path) -> None:
    """Give the model as many rows of embeddings as the adapter brings, where tokens were added
    before it was trained.
    """
    if rows := embedding_rows(model, adapter_headers(adapter)):
        model.resize_token_embeddings(rows, mean_resizing=False)


def embedding_rows(model: Any, headers: dict[str, TensorHeader]) -> int | None:
    """Rows of the embeddings that the adapter brings, where they are not the model's own number."""
    embeddings = model.get_input_embeddings()
    name = next(name for name, module in model.named_modules() if module is embeddings)
    brought = headers.get(f"base_model.model.{name}.weight")
    if brought is None or len(brought.shape) != 2 or brought.shape[0] == embeddings.weight.shape[0]:
        return None
    return brought.shape[0]


@torch.no_grad()
def first_scores(model: Any) -> torch.Tensor:
    """Scores of every token after each of a few that lie evenly over the vocabulary, (8, V): one
    short forward pass.
    """
    rows = model.get_input_embeddings().weight.shape[0]
    ids = torch.arange(8) * (rows // 8)
    scores: torch.Tensor = model(input_ids=ids[None].to(next(model.parameters()).device)).logits[0]
    return scores
