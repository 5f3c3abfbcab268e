"""Which option a model's words name: a number, a letter, a word for a number or the option itself; none where it is not clear.

In this order: a first line that is nothing but an answer; "the answer is …"; "option …"; an option's own text or a lone number.
At each step two different answers are none. What is denied ("option 1 is wrong") does not count.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tasks.language import persian, text

_TOKEN_PATTERN = re.compile(
    r"\x00\d|\d+(?:[./,:٫٬-]\d+)*|[a-z]+(?:-[a-z]{2,})+|[^\W\d_]+(?:['’][^\W\d_]+)*|\n|\S"
)
_THINKING_PATTERN = re.compile(
    r".*</think>|<think>.*", re.DOTALL
)  # one that was cut off, too: what is weighed is no answer
_CLAUSE_MARKS = frozenset(".,;:!?،؛؟\n")
_WORD_KINDS = ("answer", "option", "between", "after", "joint", "wrong", "without", "reason")
_FULL_WIDTH_FORMS = {
    0xFF01 + place: 0x21 + place for place in range(94)
}  # the full-width forms of ASCII
_LATIN_OPTIONS = {"a": 1, "b": 2, "c": 3, "d": 4}


class Token(NamedTuple):
    """A word, number or mark, what it can be, and which option it names."""

    kinds: frozenset[str]
    option: int | None
    word: str


class Claim(NamedTuple):
    """An option that is named at a place, with what kind of words before it."""

    option: int
    position: int
    basis: str  # "answer", "option", "text", "number"


def extract_answer(said: str, options: Sequence[str], language: str = "fa") -> int | None:
    """The number (1 to 4) of the shown option that is named, or none. All languages' words are known whatever `language` is."""
    words = _cut_at_new_question(
        text.fold_text(
            _THINKING_PATTERN.sub("", said)
            .replace("\x00", " ")
            .translate(_FULL_WIDTH_FORMS)
            .replace("’", "'")
        )
    )
    tokens = _tokenize_reply(_mask_option_texts(words, options))
    lines = _split_lines(tokens)
    if not lines:
        return None
    if _is_bare_answer(lines[0]):
        return _read_bare_answer(lines)
    claims = _drop_reasons(tokens, list(_find_claims(tokens)))
    for how in ({"answer"}, {"option"}, {"text", "number"}):
        numbers = {claim.option for claim in claims if claim.basis in how}
        if numbers:
            return numbers.pop() if len(numbers) == 1 else None
    return None


def _read_bare_answer(lines: list[list[Token]]) -> int | None:
    """The answer of a first line that is nothing else, unless the model counts all options up."""
    numbers = {token.option for token in lines[0] if token.option}
    if len(numbers) != 1 or "joint" in lines[0][-1].kinds:
        return None
    (number,) = numbers
    return (
        None if any(_get_list_number(line) not in (None, number) for line in lines[1:]) else number
    )


def _is_bare_answer(line: list[Token]) -> bool:
    """Nothing but an option's name, marks, and the words that go with an answer."""
    fitting = {"answer", "option", "between", "after", "joint", "mark"}
    return any(token.option for token in line) and all(
        _stands_alone(line, place) if token.option else token.kinds & fitting
        for place, token in enumerate(line)
    )


def _get_list_number(line: list[Token]) -> int | None:
    """The number or letter that a line begins with, as in a list of options."""
    line = [token for token in line if token.word not in "([*-"]
    listed = len(line) == 1 or (len(line) > 1 and line[1].word in ".):-–]*")
    return line[0].option if listed and line and "text" not in line[0].kinds else None


def _find_claims(tokens: list[Token]) -> Iterator[Claim]:
    """Every place where an option is named and not denied."""
    denied = _find_denied_positions(tokens)
    for place, token in enumerate(tokens):
        if token.option is None or place in denied:
            continue
        how = _find_lead_kind(tokens, place)
        if how == "option" or (
            how == "answer" and ("count" not in token.kinds or _stands_alone(tokens, place))
        ):
            yield Claim(token.option, place, how)
            yield from (Claim(n, place, how) for n in _find_joined_options(tokens, place))
        elif "text" in token.kinds:
            yield Claim(token.option, place, "text")
        elif "digit" in token.kinds and _stands_alone(tokens, place):
            yield Claim(
                token.option,
                place,
                "option"
                if _begins_line(tokens, place) or _precedes_text(tokens, place)
                else "number",
            )
        elif _begins_line(tokens, place) and (
            place + 1 == len(tokens) or tokens[place + 1].word in ".,،):-–]*"
        ):
            yield Claim(token.option, place, "option")
            yield from (Claim(n, place, "option") for n in _find_joined_options(tokens, place))


def _find_lead_kind(tokens: list[Token], place: int) -> str | None:
    """ "answer" or "option" where such a word leads to this place, with nothing but small words and marks between."""
    found = None
    for token in reversed(tokens[:place]):
        if "option" in token.kinds or "answer" in token.kinds:
            found = "answer" if "answer" in token.kinds else found or "option"
        elif not token.kinds & {"between", "mark"} or token.word in ".;؛!?؟,،":
            break
    return found


def _find_joined_options(tokens: list[Token], place: int) -> list[int]:
    """What is named in one breath with it: "1 or 2"."""
    rest = [
        token
        for token in tokens[place + 1 : place + 4]
        if token.kinds != {"mark"} or token.word in ",،/&"
    ]
    if len(rest) > 1 and ("joint" in rest[0].kinds or rest[0].word in ",،/&") and rest[1].option:
        return [rest[1].option]
    return []


def _find_denied_positions(tokens: list[Token]) -> set[int]:
    """The places where an option is named only to say that it is not this one."""
    denied: set[int] = set()
    for clause in _split_clauses(tokens):
        named = [place for place in clause if tokens[place].option]
        for place in clause:
            before, after = [n for n in named if n < place], [n for n in named if n > place]
            if "wrong" in tokens[place].kinds:
                denied.update(before or after)
            if "without" in tokens[place].kinds:
                follows = [
                    n
                    for n in after
                    if all(
                        tokens[m].kinds & {"option", "between", "mark"} for m in range(place + 1, n)
                    )
                ]
                denied.update(follows or before)
    return denied


def _split_clauses(tokens: list[Token]) -> list[list[int]]:
    clauses: list[list[int]] = [[]]
    for place, token in enumerate(tokens):
        clauses[-1].append(place)
        if token.word in _CLAUSE_MARKS:
            clauses.append([])
    return clauses


def _drop_reasons(tokens: list[Token], claims: list[Claim]) -> list[Claim]:
    """Leave out what is named in the reason for an answer, up to the end of its sentence."""
    kept: list[Claim] = []
    for claim in claims:
        between = tokens[kept[-1].position : claim.position] if kept else []
        if not any("reason" in token.kinds for token in between) or any(
            token.word in ".\n" for token in between
        ):
            kept.append(claim)
    return kept


def _stands_alone(tokens: list[Token], place: int) -> bool:
    """Whether it stands alone: not the "2" of "2 mg", the "a" of "a fever"."""
    if place + 1 >= len(tokens):
        return True
    after = tokens[place + 1]
    if tokens[place].kinds & {"count", "digit"} and "option" in after.kinds:
        return False  # "two options"
    return (
        bool(
            after.kinds & {"mark", "after", "joint", "wrong", "without", "reason", "text", "answer"}
        )
        and after.word not in "%٪'’"
    )


def _precedes_text(tokens: list[Token], place: int) -> bool:
    """Whether a text follows it, as in a list of options."""
    return (
        place + 2 < len(tokens)
        and tokens[place + 1].word in ".):-–"
        and "mark" not in tokens[place + 2].kinds
    )


def _begins_line(tokens: list[Token], place: int) -> bool:
    return all(token.word in '([*-«"' for token in _get_tokens_of_line(tokens[:place]))


def _get_tokens_of_line(tokens: list[Token]) -> list[Token]:
    breaks = [place for place, token in enumerate(tokens) if token.word == "\n"]
    return tokens[breaks[-1] + 1 :] if breaks else tokens


def _split_lines(tokens: list[Token]) -> list[list[Token]]:
    lines: list[list[Token]] = [[]]
    for token in tokens:
        if token.word == "\n":
            lines.append([])
        else:
            lines[-1].append(token)
    return [line for line in lines if any("mark" not in token.kinds for token in line)]


def _cut_at_new_question(words: str) -> str:
    """Up to where the model begins a question of its own."""
    starts = "|".join(map(re.escape, sorted(_load_answer_words()["question"])))
    found = re.search(rf"(?:^|\n)\W*(?:{starts})\s*\d*\s*:", words)
    return words[: found.start()] if found else words


def _mask_option_texts(words: str, options: Sequence[str]) -> str:
    """Each option's own text by a sign of its own, the longest first, so that "type 2" inside a name is not an answer."""
    folded = sorted(
        ((text.fold_text(option).strip(), number) for number, option in enumerate(options, 1)),
        key=lambda pair: -len(pair[0]),
    )
    for option, number in folded:
        option = option.rstrip(".") or option
        if re.fullmatch(r"[1-4]|[a-d]|" + "|".join(persian.OPTION_LETTERS), option) or not option:
            continue  # a bare number or letter is read as the number of an option, as the paper asks
        words = re.sub(rf"(?<!\w){re.escape(option)}(?!\w)", f" \x00{number} ", words)
    return words


def _tokenize_reply(words: str) -> list[Token]:
    tokens: list[Token] = []
    for word in _TOKEN_PATTERN.findall(words):
        token = _classify_word(word)
        pronoun = (
            word == "one"
            and bool(tokens)
            and not tokens[-1].kinds & {"option", "mark"}
            and tokens[-1].word != "is"
        )
        tokens.append(Token(frozenset({"between", "after"}), None, word) if pronoun else token)
    return tokens


def _classify_word(word: str) -> Token:
    known = _load_answer_words()
    if word.startswith("\x00"):
        return Token(frozenset({"text"}), int(word[1:]), word)
    if re.fullmatch("[1-4]", word):
        return Token(frozenset({"digit"}), int(word), word)
    kinds = {kind for kind in _WORD_KINDS if word in known[kind]}
    names = known["names"].get(word)
    if word in known["counts"]:
        kinds.add("count")
    if not re.match(r"\w", word):
        kinds.add("mark")
    return Token(frozenset(kinds), names, word)


@cache
def _load_answer_words() -> dict[str, Any]:
    """The words of wording/answers.yaml, folded, all languages together."""
    told = yaml.safe_load((Path(__file__).parent / "wording" / "answers.yaml").read_text("utf-8"))
    known: dict[str, Any] = {
        kind: frozenset(text.fold_text(word) for words in lists for word in words)
        for kind, lists in told.items()
        if kind not in ("numbers", "counts")
    }
    known["counts"] = frozenset(text.fold_text(word) for word in told["counts"])
    numbers = {
        text.fold_text(word): number
        for language in told["numbers"]
        for number, words in language.items()
        for word in words
    }
    known["names"] = (
        numbers
        | _LATIN_OPTIONS
        | {text.fold_text(letter): number for letter, number in persian.OPTION_LETTERS.items()}
    )
    return known
