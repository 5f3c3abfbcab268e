"""Read a tree of tokens with a model: each token sees only the tokens above it, by an attention
mask and positions of its own.

Causal models with rotary or learned positions take such masks; `can_branch` tries it on the loaded
model instead of trusting a list.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import DynamicCache

from tasks.evaluation.scorer.prefix_tree import BatchPlan, BatchRow, PrefixForest, TokenTree
from tasks.evaluation.scorer.sequential_scorer import DecodingLimits
from tasks.store.progress import ProgressCallback

Visibility = NDArray[np.bool_]
LOGIT_ROWS_AT_ONCE = 64  # rows of logits that are made float32 at once


class TreeScores(NamedTuple):
    """What the model says about the tree."""

    log_likelihoods: dict[int, float]  # log P(node | all above it), in nats
    replies: dict[int, list[int]]  # tokens after the end of a prompt


class CacheColumns(NamedTuple):
    """The tokens that lie in a cache, and which of them each one sees."""

    column_of: dict[int, int]  # column of a node
    visibility: Visibility  # (columns, columns)
    cache: Any  # none where nothing lies there


EMPTY_CACHE = CacheColumns({}, np.zeros((0, 0), dtype=bool), None)


class TreeBatch(NamedTuple):
    """Rows of tokens, filled up to one length by tokens that see and are seen by themselves
    alone.
    """

    tokens: NDArray[np.int64]  # (rows, length)
    depths: NDArray[np.int64]  # (rows, length)
    visibility: Visibility  # (rows, length, columns before + length)


class Position(NamedTuple):
    """Where a node lies in a batch."""

    row: int
    column: int


def score_tree(
    model: Any,
    wood: PrefixForest,
    layout: BatchPlan,
    voice: DecodingLimits,
    progress: ProgressCallback,
) -> TreeScores:
    """Read the trunk, then every pack on top of it."""
    heard, scored, done = TreeScores({}, {}), wood.scored_nodes, 0
    trunk = EMPTY_CACHE
    with torch.inference_mode():
        if layout.shared_prefix.nodes:
            cache = _score_pack(
                model,
                wood.tree,
                [layout.shared_prefix],
                scored,
                before=EMPTY_CACHE,
                voice=voice,
                heard=heard,
            )
            trunk = CacheColumns(
                {node: at for at, node in enumerate(layout.shared_prefix.nodes)},
                build_visibility_mask(wood.tree, layout.shared_prefix.nodes, EMPTY_CACHE),
                cache,
            )
        for pack in layout.packs:
            _score_pack(model, wood.tree, pack, scored, before=trunk, voice=voice, heard=heard)
            done += sum(len(row.nodes) for row in pack)
            progress(done, layout.token_count - len(layout.shared_prefix.nodes))
    return heard


def _score_pack(
    model: Any,
    tree: TokenTree,
    pack: list[BatchRow],
    scored: dict[int, list[int]],
    *,
    before: CacheColumns,
    voice: DecodingLimits,
    heard: TreeScores,
) -> Any:
    """One forward pass; its likelihoods and replies go into `heard`, its cache comes back."""
    heads = {
        node: Position(row, at)
        for row, (nodes, _, replies) in enumerate(pack)
        for at, node in enumerate(nodes)
        if node in scored or node in replies
    }
    batch, cache = (
        build_batch(tree, [row.nodes for row in pack], before),
        copy_cache(before.cache, len(pack)),
    )
    logits = run_forward_pass(model, batch, cache, list(heads.values()))
    heard.log_likelihoods.update(_compute_log_likelihoods(tree, logits, list(heads), scored))
    ends = [end for row in pack for end in row.reply_ends]
    if ends:
        first = logits[[list(heads).index(end) for end in ends]].argmax(-1).tolist()
        opened = [
            Position(row, nodes.index(end))
            for row, (nodes, _, replies) in enumerate(pack)
            for end in replies
        ]
        said = generate_greedy(
            model,
            first,
            [tree.depth[end] + 1 for end in ends],
            opened,
            seen=batch.visibility,
            cache=copy_cache(cache),
            voice=voice,
        )
        heard.replies.update(zip(ends, said, strict=True))
    return cache


def build_batch(tree: TokenTree, rows: Sequence[Sequence[int]], before: CacheColumns) -> TreeBatch:
    """The rows as one batch, on top of the columns before."""
    width, length = len(before.column_of), max(len(nodes) for nodes in rows)
    batch = TreeBatch(
        np.zeros((len(rows), length), dtype=np.int64),
        np.zeros((len(rows), length), dtype=np.int64),
        np.zeros((len(rows), length, width + length), dtype=bool),
    )
    batch.visibility[:, range(length), range(width, width + length)] = True
    for row, nodes in enumerate(rows):
        batch.tokens[row, : len(nodes)] = [tree.token[node] for node in nodes]
        batch.depths[row, : len(nodes)] = [tree.depth[node] for node in nodes]
        batch.visibility[row, : len(nodes), : width + len(nodes)] = build_visibility_mask(
            tree, nodes, before
        )
    return batch


def build_visibility_mask(
    tree: TokenTree, nodes: Sequence[int], before: CacheColumns
) -> Visibility:
    """(nodes, columns before + nodes): a node sees what its parent sees, and itself."""
    width = len(before.column_of)
    seen = np.zeros((len(nodes), width + len(nodes)), dtype=bool)
    place_of: dict[int, int] = {}
    for place, node in enumerate(nodes):
        parent = tree.parent[node]
        if parent in place_of:
            seen[place] = seen[place_of[parent]]
        elif parent in before.column_of:
            seen[place, :width] = before.visibility[before.column_of[parent]]
        seen[place, width + place] = True
        place_of[node] = place
    return seen


def run_forward_pass(
    model: Any, batch: TreeBatch, cache: Any, spots: Sequence[Position]
) -> torch.Tensor:
    """One forward pass; the logits at the spots, (spots, V). The cache grows by the batch's
    length.
    """
    bias = torch.zeros(batch.visibility.shape, dtype=model.dtype)
    bias.masked_fill_(torch.from_numpy(~batch.visibility), torch.finfo(model.dtype).min)
    with _limit_output_positions(model, spots) as only:
        logits: torch.Tensor = model(
            input_ids=torch.from_numpy(batch.tokens).to(model.device),
            attention_mask=bias[:, None].to(model.device),  # (rows, 1, length, columns)
            position_ids=torch.from_numpy(batch.depths).to(model.device),
            past_key_values=cache,
            use_cache=True,
        ).logits
    return (
        logits[0] if only else logits[[spot.row for spot in spots], [spot.column for spot in spots]]
    )


@contextmanager
def _limit_output_positions(model: Any, spots: Sequence[Position]) -> Iterator[bool]:
    """Let the output layer see the spots alone, as (1, spots, hidden): at 128,256 entries it is a
    fifth of the model's work.
    """
    head = (
        model.get_base_model() if hasattr(model, "get_base_model") else model
    ).get_output_embeddings()
    if head is None:
        yield False
        return
    rows, places = [spot.row for spot in spots], [spot.column for spot in spots]
    hook = head.register_forward_pre_hook(
        lambda _, given: (given[0][rows, places][None], *given[1:])
    )
    try:
        yield True
    finally:
        hook.remove()


def _compute_log_likelihoods(
    tree: TokenTree, logits: torch.Tensor, heads: Sequence[int], scored: dict[int, list[int]]
) -> Iterator[tuple[int, float]]:
    """log-softmax in float32, only for the nodes that are wanted."""
    for start in range(0, len(heads), LOGIT_ROWS_AT_ONCE):
        part = logits[start : start + LOGIT_ROWS_AT_ONCE].float()
        total = part.logsumexp(-1)
        wanted = [
            (row, node)
            for row, head in enumerate(heads[start : start + LOGIT_ROWS_AT_ONCE])
            for node in scored.get(head, [])
        ]
        at = torch.tensor([row for row, _ in wanted], dtype=torch.long, device=logits.device)
        token = torch.tensor(
            [tree.token[node] for _, node in wanted], dtype=torch.long, device=logits.device
        )
        values = (part[at, token] - total[at]).tolist()
        yield from ((node, value) for (_, node), value in zip(wanted, values, strict=True))


def generate_greedy(
    model: Any,
    first: list[int],
    lengths: list[int],
    opened: list[Position],
    *,
    seen: Visibility,
    cache: Any,
    voice: DecodingLimits,
) -> list[list[int]]:
    """Greedy replies of all prompts at once. Ended ones keep their place, so that no reply changes
    another's batch.
    """
    said: list[list[int]] = [[] for _ in first]
    rows = [spot.row for spot in opened]
    slots = [Position(row, rows[:place].count(row)) for place, row in enumerate(rows)]
    batch = _build_reply_batch(seen, opened, slots)
    going, token = [True] * len(first), first
    for count in range(voice.max_new_tokens):
        going = [
            g and t not in voice.end_tokens and n + count < voice.window
            for g, t, n in zip(going, token, lengths, strict=True)
        ]
        for reply, g, t in zip(said, going, token, strict=True):
            reply.extend([t] if g else [])
        if count + 1 == voice.max_new_tokens or not any(going):
            break
        for slot, t, n in zip(slots, token, lengths, strict=True):
            batch.tokens[slot], batch.depths[slot] = t, min(n + count, voice.window - 1)
        alone = np.broadcast_to(
            np.eye(batch.tokens.shape[1], dtype=bool),
            (len(batch.visibility), *[batch.tokens.shape[1]] * 2),
        )
        batch = batch._replace(visibility=np.concatenate([batch.visibility, alone], axis=2))
        token = run_forward_pass(model, batch, cache, slots).argmax(-1).tolist()
    return said


def _build_reply_batch(
    seen: Visibility, opened: list[Position], slots: list[Position]
) -> TreeBatch:
    """A batch with a slot for each reply, which sees what the end of its prompt sees."""
    shape = (len(seen), 1 + max(slot.column for slot in slots))
    batch = TreeBatch(
        np.zeros(shape, dtype=np.int64),
        np.zeros(shape, dtype=np.int64),
        np.zeros((*shape, seen.shape[2]), dtype=bool),
    )
    for slot, end in zip(slots, opened, strict=True):
        batch.visibility[slot] = seen[end]
    return batch


def copy_cache(cache: Any, rows: int = -1) -> DynamicCache:
    """A cache that can grow without the first one growing too, for so many rows that begin
    alike.
    """
    if cache is None:
        return DynamicCache()
    return DynamicCache(
        [
            (keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1))
            for keys, values, *_ in cache
        ]
    )
