"""Which texts are computed together: sorted by length inside an effective batch, so that little is
padded.

Sorting across effective batches would change what an update sees; sorting inside one only changes
the order of a sum.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import Sampler

from tasks.finetuning.examples import IGNORED_LABEL


class SortedBatchSampler(Sampler[int]):
    """Indices of one epoch: shuffled by seed and epoch, cut into effective batches, each sorted by
    length, longest first.

    `filled`: a last batch that is not full is filled with the index after the last text, which is
    to be blank, so that
    several processes have the same number of micro-batches and none of them needs a text twice.
    """

    def __init__(
        self, lengths: Sequence[int], batch_size: int, seed: int, filled: bool = False
    ) -> None:
        self.lengths, self.batch_size, self.seed, self.epoch = lengths, batch_size, seed, 0
        self.blanks = -len(lengths) % batch_size if filled else 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths) + self.blanks

    def __iter__(self) -> Iterator[int]:
        dice = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        order = torch.randperm(len(self.lengths), generator=dice).tolist()
        for start in range(0, len(order), self.batch_size):
            yield from sorted(
                order[start : start + self.batch_size], key=lambda i: -self.lengths[i]
            )
        yield from [len(self.lengths)] * self.blanks


def pad_rows(rows: Sequence[dict[str, list[int]]], filler: int) -> dict[str, torch.Tensor]:
    """Rows to the length of the longest, padded on the right: input_ids, attention_mask, labels
    (rows, longest).
    """
    longest = max(len(row["input_ids"]) for row in rows)

    def pad_column(name: str, value: int) -> torch.Tensor:
        return torch.tensor([row[name] + [value] * (longest - len(row[name])) for row in rows])

    mask = [[1] * len(row["input_ids"]) + [0] * (longest - len(row["input_ids"])) for row in rows]
    return {
        "input_ids": pad_column("input_ids", filler),
        "attention_mask": torch.tensor(mask),
        "labels": pad_column("labels", IGNORED_LABEL),
    }


def pack_rows(rows: Sequence[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    """Rows one after the other without padding, (1, all tokens).

    Positions begin anew with each text; transformers reads from them that no text may look at
    another.
    """
    ids = [token for row in rows for token in row["input_ids"]]
    places = [place for row in rows for place in range(len(row["input_ids"]))]
    labels = [label for row in rows for label in [IGNORED_LABEL, *row["labels"][1:]]]
    return {
        "input_ids": torch.tensor([ids]),
        "position_ids": torch.tensor([places]),
        "labels": torch.tensor([labels]),
    }


def find_largest_divisor(number: int, limit: int) -> int:
    """The largest divisor up to a limit: micro-batches that fill an effective batch exactly."""
    return max(d for d in range(1, min(number, limit) + 1) if number % d == 0)


def build_collator(packing: bool, tokenizer: Any) -> Any:
    """How rows become tensors."""
    filler = (
        tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    )
    return pack_rows if packing else lambda rows: pad_rows(rows, filler)
