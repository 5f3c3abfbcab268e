"""Answers of the demo server to the second reader's requests, without a model: an option is right
where a sentence of the shown text holds its words beside those of the stem.

Of a vignette the conditions are right under whose title most of its words stand. It is no judge,
only a rehearsal.
"""

import re
from typing import Any, NamedTuple

from flows.cli.demo.demo_items import PASSAGE, extract_texts
from tasks.language.text import find_sentence_spans, fold_text, split_words

ITEM = re.compile(r'<item id="(?P<id>[^"]*)" kind="(?P<kind>\w+)">\n(?P<lines>.*?)\n</item>', re.S)
NUMBERED = re.compile(r"^(\d+)\) (.*)$", re.M)


class BookLine(NamedTuple):
    """A sentence of the text, its words, and its section's title."""

    text: str
    words: frozenset[str]
    section: str


def is_reading(body: dict[str, Any]) -> bool:
    """Whether a request asks for readings rather than for items."""
    return '"not_conditions"' in extract_texts(body)[0]


def draw_readings(body: dict[str, Any]) -> dict[str, Any]:
    """The readings of a request, always the same for the same request."""
    _, user = extract_texts(body)
    lines = _split_lines(user)
    head = PASSAGE.sub("", user).partition("<item ")[0]
    conditions = NUMBERED.findall(head)
    return {
        "not_conditions": [],
        "items": [_read_item(item, lines, conditions) for item in ITEM.finditer(user)],
    }


def _split_lines(user: str) -> list[BookLine]:
    found = []
    for passage in PASSAGE.finditer(user):
        titles = passage["title"].split(" › ")
        for start, end in find_sentence_spans(passage["text"]):
            line = passage["text"][start:end].removeprefix("- ")
            section = titles[1] if len(titles) > 1 else ""
            found.append(BookLine(line, _fold_words(line), section))
    return found


def _fold_words(text: str) -> frozenset[str]:
    return frozenset(fold_text(word) for word in split_words(text))


def _read_item(
    item: re.Match[str], lines: list[BookLine], conditions: list[tuple[str, str]]
) -> dict[str, Any]:
    options = NUMBERED.findall(item["lines"])
    stem = _fold_words(NUMBERED.sub("", item["lines"]))
    nearest = max(lines, key=lambda line: len(line.words & stem), default=BookLine("", stem, ""))
    if item["kind"] == "case":
        told = fold_text(f"{nearest.section} {nearest.text}")
        options = [
            (n, name)
            for n, name in conditions
            if any(fold_text(one) in told for one in name.split(" = "))
        ][:1]
        right = {n for n, _ in options}
    else:
        shares = {n: len(_fold_words(name) & nearest.words) for n, name in options}
        right = {n for n in shares if shares[n] == max(shares.values())}
    return {
        "item": item["id"],
        "findings": [],
        "options": [
            {
                "line": nearest.text if n in right else "",
                "option": int(n),
                "verdict": "right" if n in right else "not_told",
            }
            for n, _ in options
        ],
        "remark": "",
        "possible": True,
        "guessable": False,
        "wording": False,
        "clean": True,
        "repeats": [],
    }
