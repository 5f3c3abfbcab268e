"""How well a book was read: shares of the truth's words, neighbours, half-spaces and headings."""

import itertools
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from reading.hard_set.texts import Block

from tasks.reading.pdf import Reading

ZWNJ = "\u200c"
SAMPLE = 50  # passages
_DROPPED = dict.fromkeys(map(ord, "\u200e\u200f\u00ad\u200b\u200d\u0640\u2066\u2067\u2068\u2069"))
_FOLDED = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ۀ": "هٔ", "\u00a0": " "})
_RAISED = re.compile("[⁰¹²³⁴-⁹]+")  # calls of notes
_ENDED = re.compile(r"[.!?؟…:؛;][»”\"')\]\d⁰-⁹¹²³]*$")


class Score(NamedTuple):
    """Shares, all but the two last ones better when greater."""

    words: float
    order: float
    halves: float
    headings: float  # F1
    pieces: float  # of the headings found are pieces of sentences or other strangers
    breaks: float  # of the paragraphs found end in mid-sentence
    chapters: float  # of the sampled passages that name the right one


def score_reading(reading: Reading, blocks: Sequence[Block]) -> Score:
    passages = [p for passage in reading.passages for p in passage.text.split("\n")]
    said = _normal("\n".join([*passages, *(h.title for h in reading.headings)]))
    wanted = [b for b in blocks if b.kind not in ("formula", "columns")]
    prose = [_normal(b.text) for b in wanted if b.kind in ("p", "item", "note")]
    titles = Counter(_bare(b.text) for b in blocks if b.kind in ("h1", "h2", "h3"))
    found = Counter(_bare(h.title) for h in reading.headings)
    right = (titles & found).total()
    halves = Counter(w for b in wanted for w in _half_spaced(_normal(b.text)))
    joined = " ".join(_normal(p) for p in passages)
    return Score(
        _share(Counter(w for b in wanted for w in _plain(_normal(b.text))), Counter(_plain(said))),
        _share(Counter(pair for p in prose for pair in _pairs(_plain(p))), _pairs(_plain(joined))),
        _share(halves, Counter(_half_spaced(said))) if halves else 1.0,
        2 * right / max(1, titles.total() + found.total()),
        (found - titles).total() / max(1, found.total()),
        _cut_share(passages, blocks),
        _chapter_share(reading, blocks),
    )


def _chapter_share(reading: Reading, blocks: Sequence[Block]) -> float:
    """Of SAMPLE passages; a passage's chapter is where its first paragraph stands in the truth."""
    told: dict[str, set[str]] = {}
    chapter = ""
    for block in blocks:
        chapter = block.text if block.kind == "h1" else chapter
        told.setdefault(_bare(block.text)[:24], set()).add(_bare(chapter))
    known = [p for p in reading.passages if _opening(p.text) in told]
    sample = random.Random(0).sample(known, min(SAMPLE, len(known)))
    right = sum(_bare(p.chapter) in told[_opening(p.text)] for p in sample)
    return right / max(1, len(sample))


def _opening(text: str) -> str:
    return _bare(_unmarked(text.split("\n")[0]))[:24]


def _unmarked(text: str) -> str:
    """Without the mark of a list."""
    return re.sub(r"^\d+\. ", "", text.removeprefix("- ").removeprefix("• "))


def _normal(text: str) -> str:
    """Spelling variants aside; a break inside a hyphenated word is none."""
    text = (
        unicodedata.normalize("NFKC", _RAISED.sub("", text)).translate(_DROPPED).translate(_FOLDED)
    )
    return re.sub(r" ?\u200c ?", ZWNJ, re.sub(r"\s+", " ", text)).strip()


def _bare(text: str) -> str:
    return "".join(c for c in _normal(text).casefold() if c.isalnum())


def _half_spaced(text: str) -> list[str]:
    return [word for word in re.findall(r"[\w\u200c]+", text) if ZWNJ in word.strip(ZWNJ)]


def _plain(text: str) -> list[str]:
    return re.findall(r"\w+", text.replace(ZWNJ, ""))


def _pairs(words: Sequence[str]) -> Counter[tuple[str, str]]:
    return Counter(itertools.pairwise(words))


def _share(wanted: Counter[Any], found: Counter[Any]) -> float:
    return (wanted & found).total() / max(1, wanted.total())


def _cut_share(passages: Sequence[str], blocks: Sequence[Block]) -> float:
    """Paragraphs without an end that the truth ends elsewhere."""
    ends = {_bare(b.text.split(" ~ ")[-1])[-24:] for b in blocks}
    prose = [p for p in passages if " | " not in p and len(p.split()) > 4]
    cut = [
        p for p in prose if not _ENDED.search(p.strip()) and _bare(_unmarked(p))[-24:] not in ends
    ]
    return len(cut) / max(1, len(prose))
