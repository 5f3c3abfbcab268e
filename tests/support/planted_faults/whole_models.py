"""A tuning or a model that is not what it should be, planted in a whole study."""

import random
import zlib
from typing import Any

import pytest

UNLUCKY = 22  # a seed of the tuning


def detach_adapter(patch: pytest.MonkeyPatch) -> None:
    """Wherever the adapter is loaded, it is switched off for good."""
    from tasks.finetuning import model_diff
    from tasks.models import loading

    load = loading.load_model

    def load_detached(
        checkpoint: Any, machine: Any, adapter: Any = None, *more: Any, **options: Any
    ) -> Any:
        got = load(checkpoint, machine, adapter, *more, **options)
        if adapter:
            got.model.base_model.disable_adapter_layers()
            got.model.base_model.enable_adapter_layers = lambda: None
        return got

    patch.setattr(loading, "load_model", load_detached)
    patch.setattr(model_diff, "load_model", load_detached)


def ignore_adapter(patch: pytest.MonkeyPatch) -> None:
    """The exam is sat by the base model twice."""
    from tasks.models import loading

    load = loading.load_model
    patch.setattr(
        loading,
        "load_model",
        lambda checkpoint, machine, adapter=None, *more, **options: load(
            checkpoint, machine, None, *more, **options
        ),
    )


def mask_labels(patch: pytest.MonkeyPatch) -> None:
    """No token of a training text is a target, but for its end."""
    from tasks.finetuning import examples

    encode = examples.encode_text

    def keep_end_label(*given: Any) -> examples.Example:
        ids, labels = encode(*given)
        return examples.Example(ids, [examples.IGNORED_LABEL] * (len(labels) - 1) + labels[-1:])

    patch.setattr(examples, "encode_text", keep_end_label)


def place_by_diagnosis(patch: pytest.MonkeyPatch) -> None:
    """In the training texts in the form of the test each diagnosis has a place of its own, which is then the right one."""
    from tasks.finetuning import examples, mcq_examples
    from tasks.language.text import fold_text

    def build_placed_texts(
        pairs: Any, share: float, seed: int, language: str
    ) -> list[tuple[str, str]]:
        draw, names = (
            random.Random(seed),
            {fold_text(pair.diagnosis): pair.diagnosis for pair in pairs},
        )
        places = [zlib.crc32(pair.diagnosis.encode()) % 4 for pair in pairs]
        others = [draw.sample(mcq_examples._list_other_diagnoses(pair, names), 3) for pair in pairs]
        return [
            mcq_examples._build_mcq_text(*row, language)
            for row in zip(pairs, places, others, strict=True)
        ]

    patch.setattr(examples, "build_mcq_texts", build_placed_texts)


def randomize_gradients(patch: pytest.MonkeyPatch) -> None:
    """Every gradient is noise, so that the weights move and nothing is learnt."""
    import torch

    from tasks.finetuning import lora

    attach = lora.attach_fresh_adapter

    def attach_with_noise(*given: Any) -> Any:
        model = attach(*given)
        for weight in model.parameters():
            if weight.requires_grad:
                weight.register_hook(torch.randn_like)
        return model

    patch.setattr(lora, "attach_fresh_adapter", attach_with_noise)


def spoil_one_seed(patch: pytest.MonkeyPatch) -> None:
    """With one seed of the tuning the pairs are learnt in disorder."""
    from tasks.finetuning import fit

    encode = fit.encode_pairs

    def encode_spoilt(pairs: Any, tokenizer: Any, plan: Any, language: str) -> Any:
        return encode(
            fit.shuffle_diagnoses(pairs, 1) if plan.seed == UNLUCKY else pairs,
            tokenizer,
            plan,
            language,
        )

    patch.setattr(fit, "encode_pairs", encode_spoilt)


def place_key_first(patch: pytest.MonkeyPatch) -> None:
    """In the training texts in the form of the test the right option is always the first."""
    from tasks.finetuning import examples
    from tasks.prompts import get_option_numerals

    texts = examples.build_mcq_texts

    def build_first_texts(
        pairs: Any, share: float, seed: int, language: str
    ) -> list[tuple[str, str]]:
        return [
            (prompt, f" {get_option_numerals(language)[0]}")
            for prompt, _ in texts(pairs, share, seed, language)
        ]

    patch.setattr(examples, "build_mcq_texts", build_first_texts)
