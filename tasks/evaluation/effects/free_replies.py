"""Which of a book's names a reply without options gives.

A name counts where it stands alone or among words that leave it what it is: "pulmonary
hypertension" is not hypertension. The longest name is read; a name that is denied, or one of
several, is none that was given.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from tasks.evaluation.answer_words import WIDE, Token, mask_options, tokenize
from tasks.evaluation.thoughts import cut_thoughts
from tasks.language import text
from tasks.language.language_pack import load_all_packs
from tasks.schemas.effects.effect_rows import ReplyKind
from tasks.schemas.item_rows import Passage, Question

_BRACKETS = re.compile(r"[(\[（«]([^()\[\]（）«»]+)[)\]）»]")
_NUMBERING = re.compile(r"^\s*\d+(?:[.\-]\d+)*\s*[.):\-–]?\s+")
_NEXT_ITEM = re.compile(r"\n\s*(?:\d+\s*[.):\-]|[-*•])(?=\s)")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-‐‑](?=[^\W\d_])")
_SIGN = re.compile(r"\x00(\d+)")
_LISTING = frozenset("،,/&؛;")


class BookNames(NamedTuple):
    """A folded name → the folded name of the thing that it names; and its spelling in the book."""

    owner: Mapping[str, str]
    spellings: Mapping[str, str]


def collect_names(taught: Sequence[Question], passages: Sequence[Passage]) -> BookNames:
    """The conclusions of the taught pairs, and the titles of chapters and sections.

    What stands in brackets is another name of what stands before it, where that is so of one name
    alone: "(acute)" of two is none of either.
    """
    titles = {title for p in passages for title in (p.chapter, p.section)}
    keys = [question.options[question.answer - 1] for question in taught]
    whole = [*keys, *(_NUMBERING.sub("", title) for title in sorted(titles))]
    parts = {_fold(name): _find_parts(name) for name in whole}
    claimed = Counter(_fold(part) for found in parts.values() for part in found)
    owner, spellings = {name: name for name in parts}, {_fold(name): name for name in whole}
    for name, found in parts.items():
        for part in (one for one in found if claimed[_fold(one)] == 1):
            spellings.setdefault(_fold(part), part)
            owner[_fold(part)] = owner[name]
    return _keep_words(owner, spellings)


def add_distractors(names: BookNames, questions: Iterable[Question]) -> BookNames:
    """And the options of the questions, each a name of its own where the book does not have it."""
    further = {_fold(option): option for question in questions for option in question.options}
    own = {name: name for name in further}
    return _keep_words(own | {**names.owner}, further | {**names.spellings})


def find_owner(name: str, names: BookNames) -> str | None:
    """What all names of the same thing have in common; none where the book does not have it."""
    return names.owner.get(_fold(name))


def read_reply(said: str, key: str, names: BookNames) -> ReplyKind:
    """What a reply comes to where `key` is the right name."""
    tokens, given = _read_first_line(said, names)
    places = [place for place, token in enumerate(tokens) if "text" in token.kinds]
    if not places:
        return "none"
    if len(given) > 1 or _is_denied(tokens) or any(_is_listed(tokens, at) for at in places):
        return "several"
    if not all(_stands_free(tokens, place) for place in places):
        return "none"
    return "right" if given == {find_owner(key, names)} else "other"


def _read_first_line(said: str, names: BookNames) -> tuple[list[Token], set[str | None]]:
    """The first line that says something, up to a reason, and what it names. What follows it is the
    next case, with which a base model goes on.
    """
    folded = list(names.spellings)
    spellings = [_HYPHEN.sub(" ", one.replace("’", "'")) for one in names.spellings.values()]
    said = _NEXT_ITEM.sub(" ; ", _tidy(cut_thoughts(said).replace("\x00", " ")))
    for line in said.split("\n"):
        masked = mask_options(line, spellings)
        signs = [int(number) - 1 for number in _SIGN.findall(masked)]
        tokens = _cut_reason(tokenize(_SIGN.sub("\x001", masked)))
        if not all(_is_small(token, "before", "after") for token in tokens):
            named = sum("text" in token.kinds for token in tokens)
            return tokens, {names.owner[folded[sign]] for sign in signs[:named]}
    return [], set()


def _cut_reason(tokens: list[Token]) -> list[Token]:
    """Without the reason for a name and the marks before it."""
    named = False
    for place, token in enumerate(tokens):
        if named and "reason" in token.kinds:
            while "mark" in tokens[place - 1].kinds:
                place -= 1
            return tokens[:place]
        named = named or "text" in token.kinds
    return tokens


def _is_denied(tokens: list[Token]) -> bool:
    """Whether a sentence that has a name says that it is not, or one takes it back."""
    return any("retract" in token.kinds for token in tokens) or any(
        any("text" in token.kinds for token in sentence)
        and any(
            token.kinds & {"wrong", "without"} or token.word in _words("denied")
            for token in sentence
        )
        for sentence in _split_sentences(tokens)
    )


def _is_listed(tokens: list[Token], place: int) -> bool:
    """Whether something that is no name of the book stands with the name in a list."""
    before = tokens[:place]
    if before and _joins(before[-1]) and not all(_is_small(token, "before") for token in before):
        return True
    after = _split_sentences(tokens[place + 1 :])[0]
    joined = next((at for at, token in enumerate(after) if _joins(token)), len(after))
    return any(not _is_small(token, "after") for token in after[joined + 1 :])


def _stands_free(tokens: list[Token], place: int) -> bool:
    """Whether the words beside the name leave it what it is; of "history of …" the first tells."""
    before = tokens[:place]
    while before and before[-1].word in _words("through"):
        before = before[:-1]
    return all(_is_small(token, "before") for token in before[-1:]) and all(
        _is_small(token, "after") for token in tokens[place + 1 : place + 2]
    )


def _is_small(token: Token, *sides: str) -> bool:
    known = {"answer", "between", "after", "mark", "joint", "either", "hence"}
    return bool(token.kinds & known) or any(token.word in _words(side) for side in sides)


def _joins(token: Token) -> bool:
    return bool(token.kinds & {"joint", "either"}) or token.word in _LISTING


def _split_sentences(tokens: list[Token]) -> list[list[Token]]:
    """At least one."""
    sentences: list[list[Token]] = [[]]
    for token in tokens:
        sentences[-1].append(token)
        if token.word in ".!?؟:":
            sentences.append([])
    return sentences


def _find_parts(name: str) -> list[str]:
    """What stands in brackets, and the name without it."""
    found = _BRACKETS.findall(name)
    return [_BRACKETS.sub(" ", name), *found] if found else []


def _keep_words(owner: Mapping[str, str], spellings: Mapping[str, str]) -> BookNames:
    """Without what has no letters: a number is no name."""
    kept = {name: spelt for name, spelt in spellings.items() if re.search(r"[^\W\d_]{2}", name)}
    return BookNames({name: owner[name] for name in kept}, kept)


def _tidy(said: str) -> str:
    return _HYPHEN.sub(" ", text.fold_text(said.translate(WIDE).replace("’", "'")))


def _fold(name: str) -> str:
    """For comparing: blanks and half-spaces do not tell names apart in Persian."""
    return re.sub(r"\s+", "" if not name.isascii() else " ", _tidy(name).strip())


@cache
def _words(kind: str) -> frozenset[str]:
    packs = load_all_packs("packs/recall.yaml")
    return frozenset(text.fold_text(word) for pack in packs for word in pack[kind])
