"""Read a tree of tokens with a model: each token sees only the tokens above it, by an attention mask and positions of its own.

Causal models with rotary or learned positions take such masks; `can_branch` tries it on the loaded model instead of trusting a list.
"""

import inspect
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import DynamicCache

from tasks.evaluation.branches import Layout, Pack, Tree, Wood
from tasks.evaluation.plain import Voice
from tasks.progress import Progress

Seen = NDArray[np.bool_]
CHUNK = 64  # rows of logits that are made float32 at once


class Heard(NamedTuple):
    """What the model says about the tree."""

    likelihood: dict[int, float]  # log P(node | all above it), in nats
    said: dict[int, list[int]]  # tokens after the end of a prompt


class Columns(NamedTuple):
    """The tokens that lie in a cache, and which of them each one sees."""

    place: dict[int, int]  # column of a node
    seen: Seen  # (columns, columns)
    cache: Any  # none where nothing lies there


NOTHING = Columns({}, np.zeros((0, 0), dtype=bool), None)


def hear(model: Any, wood: Wood, layout: Layout, voice: Voice, progress: Progress) -> Heard:
    """Read the trunk, then every pack on top of it."""
    heard, scored, done = Heard({}, {}), wood.scored, 0
    trunk = NOTHING
    with torch.inference_mode():
        for pack in [layout.trunk, *layout.packs]:
            if not pack.nodes:
                continue
            columns = _read(model, wood.tree, pack, scored, trunk, voice, heard)
            trunk = columns if pack is layout.trunk else trunk
            done += len(pack.nodes)
            progress(done, layout.tokens)
    return heard


def _read(model: Any, tree: Tree, pack: Pack, scored: dict[int, list[int]], before: Columns, voice: Voice, heard: Heard) -> Columns:
    """One forward pass; its likelihoods and replies go into `heard`."""
    replies = set(pack.replies)
    rows = [row for row, node in enumerate(pack.nodes) if node in scored or node in replies]
    heads = [pack.nodes[row] for row in rows]
    logits, columns = read_some(model, tree, pack.nodes, before, rows)
    heard.likelihood.update(_likelihoods(tree, logits, heads, scored))
    if pack.replies:
        first = logits[[heads.index(end) for end in pack.replies]].argmax(-1).tolist()
        lengths = [tree.depth[end] + 1 for end in pack.replies]
        seen = columns.seen[[columns.place[end] for end in pack.replies]]
        heard.said.update(zip(pack.replies, _go_on(model, first, lengths, seen, _copy(columns.cache), voice), strict=True))
    return columns


def read_some(model: Any, tree: Tree, nodes: Sequence[int], before: Columns, rows: Sequence[int]) -> tuple[torch.Tensor, Columns]:
    """The logits at `rows` of the nodes, and the cache grown by the nodes."""
    seen, cache = sight(tree, nodes, before), _copy(before.cache)
    logits = step(model, [tree.token[n] for n in nodes], [tree.depth[n] for n in nodes], seen, cache, rows)
    width = len(before.place)
    whole = np.zeros((width + len(nodes), width + len(nodes)), dtype=bool)
    whole[:width, :width] = before.seen
    whole[width:] = seen
    return logits, Columns(before.place | {node: width + row for row, node in enumerate(nodes)}, whole, cache)


def sight(tree: Tree, nodes: Sequence[int], before: Columns) -> Seen:
    """(nodes, columns before + nodes): a node sees what its parent sees, and itself."""
    width = len(before.place)
    seen = np.zeros((len(nodes), width + len(nodes)), dtype=bool)
    row_of: dict[int, int] = {}
    for row, node in enumerate(nodes):
        parent = tree.parent[node]
        if parent in row_of:
            seen[row] = seen[row_of[parent]]
        elif parent in before.place:
            seen[row, :width] = before.seen[before.place[parent]]
        seen[row, width + row] = True
        row_of[node] = row
    return seen


def step(model: Any, tokens: Sequence[int], depths: Sequence[int], seen: Seen, cache: Any, rows: Sequence[int]) -> torch.Tensor:
    """One forward pass over one row of tokens; the logits at `rows`, (rows, V). The cache grows by the tokens."""
    device = model.device
    bias = torch.zeros(seen.shape, dtype=model.dtype)
    bias.masked_fill_(torch.from_numpy(~seen), torch.finfo(model.dtype).min)
    keep = torch.tensor(rows, dtype=torch.long, device=device)
    narrow = _keeps_some(model)
    logits = model(
        input_ids=torch.tensor([tokens], device=device),
        attention_mask=bias[None, None].to(device),  # (1, 1, tokens, columns)
        position_ids=torch.tensor([depths], device=device),
        past_key_values=cache,
        use_cache=True,
        **({"logits_to_keep": keep} if narrow else {}),
    ).logits[0]
    found: torch.Tensor = logits if narrow else logits[keep]
    return found


def _keeps_some(model: Any) -> bool:
    """Whether the model can make logits at some places only; at 128,256 entries that is a fifth of its work."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    return "logits_to_keep" in inspect.signature(inner.forward).parameters


def _likelihoods(tree: Tree, logits: torch.Tensor, heads: Sequence[int], scored: dict[int, list[int]]) -> Iterator[tuple[int, float]]:
    """log-softmax in float32, only for the nodes that are wanted."""
    for start in range(0, len(heads), CHUNK):
        part = logits[start : start + CHUNK].float()
        total = part.logsumexp(-1)
        wanted = [(row, node) for row, head in enumerate(heads[start : start + CHUNK]) for node in scored.get(head, [])]
        at = torch.tensor([row for row, _ in wanted], dtype=torch.long, device=logits.device)
        token = torch.tensor([tree.token[node] for _, node in wanted], dtype=torch.long, device=logits.device)
        values = (part[at, token] - total[at]).tolist()
        yield from ((node, value) for (_, node), value in zip(wanted, values, strict=True))


def _go_on(model: Any, first: list[int], lengths: list[int], seen: Seen, cache: Any, voice: Voice) -> list[list[int]]:
    """Greedy replies of all prompts at once. Ended ones keep their place, so that no reply changes another's batch."""
    said: list[list[int]] = [[] for _ in first]
    open_, token = [True] * len(first), first
    for count in range(voice.most):
        open_ = [o and t not in voice.ends and n + count < voice.window for o, t, n in zip(open_, token, lengths, strict=True)]
        for reply, o, t in zip(said, open_, token, strict=True):
            reply.extend([t] if o else [])
        if count + 1 == voice.most or not any(open_):
            break
        seen = np.concatenate([seen, np.eye(len(first), dtype=bool)], axis=1)
        depths = [min(n + count, voice.window - 1) for n in lengths]
        token = step(model, token, depths, seen, cache, range(len(first))).argmax(-1).tolist()
    return said


def _copy(cache: Any) -> DynamicCache:
    """A cache that can grow without the first one growing too."""
    return DynamicCache() if cache is None else DynamicCache([(keys, values) for keys, values, *_ in cache])
