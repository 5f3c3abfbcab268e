"""Everything that is to be read, as one tree of tokens: what texts begin with alike is read once,
each way to go on is a branch.

    instruction ─ question 1 ─ options ─ "پاسخ:" ┬ ۱         A node is a token after all tokens
    above it.
        │                                        └ ۲ …       A leaf is only looked up, never read.
        └ question 2 …                                       Packs are cut in the order of the
        texts, so
    frame ─ question 1 ┬ option 1                            that neighbours share what they can.
                       └ option 2 …
The cuts depend on the texts alone, so base and tuned are read in the same batches.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tasks.evaluation.scorer.encoding import Continuation

ROOT = -1
# most places in a pack whose next token is looked at: 512 · 128,256 entries · 4 bytes = 263 MB
MAX_OUTPUTS = 512
# tokens of a row: long enough to share stems, short enough not to look at other questions' tokens
# in vain
ROW_TOKENS = 192
MAX_ROW_TOKENS = (
    2048  # tokens of a row at most, a single longer text apart: the mask grows with the square
)
MIN_OVERLAP = 0.3  # share of a branch that its neighbour has read, from which they stay in one row
# a pack with replies may be so many times larger: each of its tokens then costs one small pass for
# all
REPLY_PACK_FACTOR = 4
MAX_TEXTS_PER_CONTEXT = 64  # most texts that follow one context in a pack
PREFIX_SHARE_DIVISOR = 8  # what an eighth of all contexts begins with is read once for all packs


class TokenTree:
    """A trie of tokens; nodes are numbered as they come, so a parent's number is below its
    children's.
    """

    def __init__(self) -> None:
        self.parent: list[int] = []
        self.token: list[int] = []
        self.depth: list[int] = []  # position of the token in its text, from 0
        self._child: dict[tuple[int, int], int] = {}

    def insert_tokens(self, node: int, tokens: Iterable[int]) -> list[int]:
        """The nodes of a text that goes on from `node`, made where they are not there yet."""
        path = []
        for token in tokens:
            child = self._child.get((node, token))
            if child is None:
                child = self._child[node, token] = len(self.parent)
                self.depth.append(0 if node == ROOT else self.depth[node] + 1)
                self.parent.append(node)
                self.token.append(token)
            path.append(child)
            node = child
        return path

    def trace_to_root(self, node: int) -> list[int]:
        """The node and all before it, last first."""
        path = []
        while node != ROOT:
            path.append(node)
            node = self.parent[node]
        return path


class PrefixContext(NamedTuple):
    """A context in the tree, and what is wanted after it."""

    end: int  # its last node
    input_nodes: tuple[int, ...]  # nodes to read: those of all its texts that something follows
    output_nodes: tuple[int, ...]  # of them, those whose next token is looked at
    wants_reply: bool  # the model is to go on by itself


class PrefixForest(NamedTuple):
    """The tree with its branches, and where each text is in it."""

    tree: TokenTree
    paths: list[list[int]]  # for each asked, the nodes of its continuation
    prompt_ends: list[int]  # for each prompt, its last node
    contexts: list[PrefixContext]  # in the order of the texts

    @property
    def scored_nodes(self) -> dict[int, list[int]]:
        """The nodes whose likelihood is wanted, by the node before them."""
        wanted: dict[int, list[int]] = {}
        for node in sorted({node for path in self.paths for node in path}):
            wanted.setdefault(self.tree.parent[node], []).append(node)
        return wanted


class BatchRow(NamedTuple):
    """Branches that lie side by side in one row of a batch; attention runs over the whole row, so
    it is kept short.
    """

    nodes: list[int]  # parents first
    output_count: int  # how many of them are looked at
    reply_ends: list[int]  # ends of the prompts that the model goes on from


class BatchPlan(NamedTuple):
    """The forward passes: first what is common to many, then packs of rows of about one length."""

    shared_prefix: BatchRow
    packs: list[list[BatchRow]]

    @property
    def token_count(self) -> int:
        """Tokens that are read in all, padding and replies apart."""
        return len(self.shared_prefix.nodes) + sum(
            len(row.nodes) for pack in self.packs for row in pack
        )


def build_prefix_forest(
    asked: Sequence[Continuation], prompts: Sequence[Sequence[int]]
) -> PrefixForest:
    """Put all texts into one tree."""
    tree = TokenTree()
    texts: dict[int, list[list[int]]] = {}
    ends = [tree.insert_tokens(ROOT, prompt)[-1] for prompt in prompts]
    paths = []
    for context, continuation in asked:
        end = tree.insert_tokens(ROOT, context)[-1]
        paths.append(tree.insert_tokens(end, continuation))
        texts.setdefault(end, []).append(paths[-1])
    contexts = sorted(
        {*ends, *texts},
        key=lambda end: [tree.token[node] for node in reversed(tree.trace_to_root(end))],
    )
    replies = set(ends)
    branches = [
        branch
        for end in contexts
        for branch in _build_contexts(tree, end, texts.get(end, []), end in replies)
    ]
    return PrefixForest(tree, paths, ends, branches)


def _build_contexts(
    tree: TokenTree, end: int, texts: list[list[int]], reply: bool
) -> list[PrefixContext]:
    """One branch; several where a context has very many texts (the bare frame, which all options
    follow).
    """
    found = []
    for start in range(0, max(1, len(texts)), MAX_TEXTS_PER_CONTEXT):
        heads = {
            tree.parent[node]
            for text in texts[start : start + MAX_TEXTS_PER_CONTEXT]
            for node in text
        } | {end}
        found.append(
            PrefixContext(
                end,
                tuple(sorted({*tree.trace_to_root(end), *heads})),
                tuple(sorted(heads)),
                reply and start == 0,
            )
        )
    return found


def plan_batches(wood: PrefixForest, most: int, wide: int = ROW_TOKENS) -> BatchPlan:
    """Cut the tree into rows of about `wide` tokens and packs of about `most`; a context and its
    branches are in one row.
    """
    whole = _fill_rows(wood.contexts, frozenset(), wide)
    trunk = _find_shared_prefix(wood) if len(whole) > 1 else frozenset()
    rows = _fill_rows(wood.contexts, trunk, wide) if trunk else whole
    replies = sorted(end for end in {*wood.prompt_ends} if end in trunk)
    return BatchPlan(BatchRow(sorted(trunk), 0, replies), _group_rows(rows, most))


def _find_shared_prefix(wood: PrefixForest) -> frozenset[int]:
    """The nodes that many contexts have in common."""
    shared = Counter(
        node for branch in wood.contexts for node in wood.tree.trace_to_root(branch.end)
    )
    least = max(3, len(wood.contexts) / PREFIX_SHARE_DIVISOR)
    return frozenset(node for node, times in shared.items() if times >= least)


def _fill_rows(
    branches: Sequence[PrefixContext], trunk: frozenset[int], wide: int
) -> list[BatchRow]:
    """Neighbours share a row up to its width, and far beyond it where they would otherwise read the
    same again, such as a passage.
    """
    rows: list[BatchRow] = []
    nodes: set[int] = set()
    heads: set[int] = set()
    replies: list[int] = []
    for branch in branches:
        read = {node for node in branch.input_nodes if node not in trunk}
        shared = len(read & nodes)
        room = (
            min(2 * (wide + shared), MAX_ROW_TOKENS) if shared > MIN_OVERLAP * len(read) else wide
        )
        if nodes and (
            len(nodes | read) > room or len(heads.union(branch.output_nodes)) > MAX_OUTPUTS
        ):
            rows.append(BatchRow(sorted(nodes), len(heads), replies))
            nodes, heads, replies = set(), set(), []
        nodes |= read
        heads.update(branch.output_nodes)
        if branch.wants_reply and branch.end not in trunk:
            replies.append(branch.end)
    return [*rows, BatchRow(sorted(nodes), len(heads), replies)] if nodes else rows


def _group_rows(rows: list[BatchRow], most: int) -> list[list[BatchRow]]:
    """Rows of like length together, the longest first, so that little is padding; those with
    replies in larger packs.
    """
    packs: list[list[BatchRow]] = []
    for row in sorted(rows, key=lambda row: (not row.reply_ends, -len(row.nodes))):
        pack = packs[-1] if packs else []
        fits = (
            bool(pack)
            and bool(pack[0].reply_ends) == bool(row.reply_ends)
            and sum(other.output_count for other in pack) + row.output_count <= MAX_OUTPUTS
        )
        if fits and (len(pack) + 1) * len(pack[0].nodes) <= most * (
            REPLY_PACK_FACTOR if row.reply_ends else 1
        ):
            pack.append(row)
        else:
            packs.append([row])
    return packs
