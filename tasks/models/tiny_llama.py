"""The tiny Llama: a control that knows nothing but the book, built and pre-trained on its text in
about a minute.

One million parameters and a byte-level BPE of its own, so that any language and every half-space
survives. It never sees
a pair or a question; a gain after tuning therefore comes from the tuning.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tasks.language.catalogue import tell_reader
from tasks.models.library_logging import silence_transformers
from tasks.schemas.errors import NothingLeft
from tasks.schemas.machine import Machine
from tasks.schemas.messages import Figure, build_message
from tasks.schemas.plan_sections import BasePlan
from tasks.store.progress import ProgressCallback, ignore_progress

BOS, EOS = "<|begin_of_text|>", "<|end_of_text|>"
VOCABULARY_SIZE = 1600  # entries; 256 of them are the bytes
WINDOW_TOKENS, WINDOWS_PER_STEP = 256, 4  # tokens in a row, rows in a step: 1,024 tokens a step
LEARNING_RATE, MUON_RATE, WARMUP_STEPS, FINAL_RATE_SHARE = (
    4e-3,
    0.02,
    20,
    0.05,
)  # peaks, steps to them, share of them at the end
# Llama 3's own split rule: contractions, words with the mark before them, digits by threes, marks,
# line ends, blanks.
SPLIT_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def build_tiny_llama(
    texts: list[str],
    plan: BasePlan,
    folder: Path,
    progress: ProgressCallback = ignore_progress,
    machine: Machine | None = None,
) -> None:
    """Train tokenizer and model on the texts of a book and save them in `folder`; equal input and
    threads, equal bytes.
    """
    silence_transformers()
    device = "cuda" if machine is not None and machine.device == "cuda" else "cpu"
    tokenizer = train_tokenizer(texts)
    stream = torch.tensor(
        [
            token
            for text in texts
            for token in [*tokenizer(text)["input_ids"], tokenizer.eos_token_id]
        ]
    )
    if len(stream) < 2 * WARMUP_STEPS:
        raise NothingLeft(build_message("book-too-short", tokens=len(stream)))
    torch.manual_seed(plan.seed)
    model = LlamaForCausalLM(build_tiny_config(tokenizer)).to(device)
    _pretrain_model(model, stream.to(device), plan, progress)
    model.to("cpu").save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def train_tokenizer(texts: list[str], size: int = VOCABULARY_SIZE) -> PreTrainedTokenizerFast:
    """A byte-level BPE with Llama 3's split rule: no text is unknown to it, and decoding gives the
    text back.
    """
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bpe.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=size,
            initial_alphabet=alphabet,
            special_tokens=[BOS, EOS],
            show_progress=False,
        ),
    )
    bpe.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A $B", special_tokens=[(BOS, bpe.token_to_id(BOS))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token=BOS, eos_token=EOS, model_max_length=2048
    )


def build_tiny_config(tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    """The shape: 1.0 M parameters, the vocabulary exactly the tokenizer's."""
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=352,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        dtype="float32",
    )


def _pretrain_model(
    model: LlamaForCausalLM, stream: torch.Tensor, plan: BasePlan, progress: ProgressCallback
) -> None:
    """Muon and AdamW over random windows; warm-up, then a cosine down to a twentieth."""
    optimizers = _build_optimizers(model)
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(one, lambda step: _compute_rate_share(step, plan.steps))
        for one in optimizers
    ]
    model.train()
    for step, rows in enumerate(_sample_windows(stream, plan), 1):
        loss = model(input_ids=rows, labels=rows).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            schedule.step()
        model.zero_grad()
        if step % 10 == 0 or step == plan.steps:
            progress(step, plan.steps, tell_reader("note-loss", loss=Figure(loss.item(), 2)))
    model.eval()


def _build_optimizers(model: LlamaForCausalLM) -> list[torch.optim.Optimizer]:
    """Muon (Jordan 2024) for the matrices inside the layers, AdamW for the rest.

    In 500 steps of AdamW alone the book is learnt to 3.0 nats a token, with Muon to 2.15; a base
    that does not know the
    book cannot be taught to turn it round.
    """
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "layers" in name]
    others = [p for name, p in model.named_parameters() if p.ndim != 2 or "layers" not in name]
    muon = torch.optim.Muon(matrices, lr=MUON_RATE, momentum=0.95, nesterov=True, weight_decay=0.0)
    return [muon, torch.optim.AdamW(others, lr=LEARNING_RATE, betas=(0.9, 0.95), weight_decay=0.0)]


def _sample_windows(stream: torch.Tensor, plan: BasePlan) -> Iterator[torch.Tensor]:
    """`plan.steps` batches of windows at random places, each (WINDOWS, WINDOW)."""
    length = min(WINDOW_TOKENS, len(stream))
    places = torch.Generator().manual_seed(plan.seed)
    for _ in range(plan.steps):
        starts = torch.randint(0, len(stream) - length + 1, (WINDOWS_PER_STEP,), generator=places)
        yield torch.stack([stream[start : start + length] for start in starts.tolist()])


def _compute_rate_share(step: int, steps: int) -> float:
    """The share of the peak rate at a step."""
    if step < WARMUP_STEPS:
        return (step + 1) / WARMUP_STEPS
    done = (step - WARMUP_STEPS) / max(1, steps - WARMUP_STEPS)
    return FINAL_RATE_SHARE + (1 - FINAL_RATE_SHARE) * (1 + math.cos(math.pi * min(1.0, done))) / 2
