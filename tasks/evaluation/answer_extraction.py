"""Which option a model's words name: a number, a letter, a word for a number or the option itself;
none where it is not clear.

In this order: a first line that is nothing but an answer; "the answer is …"; "option …"; an
option's own text or a lone number.
At each step two different answers are none. What is denied ("option 1 is wrong") does not count.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tasks.evaluation.answer_words import WIDE, Token, cut_next_question, mask_options, tokenize
from tasks.evaluation.thoughts import cut_thoughts
from tasks.language import text

_CLAUSE_MARKS = frozenset(".,;:!?،؛؟\n")
FARTHEST_VERDICT = 4  # tokens between an option and what is said of it


class Claim(NamedTuple):
    """An option that is named at a place, with what kind of words before it."""

    option: int
    position: int
    basis: str  # "answer", "option", "text", "number"


def extract_answer(said: str, options: Sequence[str], language: str = "fa") -> int | None:
    """The number (1 to 4) of the shown option that is named, or none. All languages' words are
    known whatever `language` is.
    """
    words = cut_next_question(
        text.fold_text(cut_thoughts(said).replace("\x00", " ").translate(WIDE).replace("’", "'"))
    )
    tokens = tokenize(mask_options(words, options))
    lines = _split_lines(tokens)
    if not lines:
        return None
    if _is_bare_answer(lines[0]):
        return _read_bare_answer(lines)
    claims = _without_retracted(tokens, _drop_reasons(tokens, list(_find_claims(tokens))))
    for how in ({"answer"}, {"option"}, {"text", "number"}):
        numbers = {claim.option for claim in claims if claim.basis in how}
        if numbers:
            return (numbers.pop() or None) if len(numbers) == 1 else None
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
        concluded = _verdict(tokens, place) == "right" or _follows(tokens, place, "hence")
        if concluded and (
            "text" in token.kinds or _stands_alone(tokens, place) or _verdict_by_mark(tokens, place)
        ):
            yield Claim(token.option, place, "answer")
        elif how == "option" or (
            how == "answer" and ("count" not in token.kinds or _stands_alone(tokens, place))
        ):
            yield Claim(token.option, place, how)
            yield from (Claim(n, place, how) for n in _find_joined_options(tokens, place))
        elif "text" in token.kinds:
            halved = _follows(tokens, place, "either") and not _named_before(tokens, place)
            yield Claim(
                0 if halved else token.option, place, "text"
            )  # «کم‌کاری یا پرکاری تیروئید» names two
        elif "digit" in token.kinds and _stands_alone(tokens, place):
            yield Claim(
                token.option,
                place,
                "option"
                if _begins_line(tokens, place) or _precedes_text(tokens, place)
                else "number",
            )
        elif _begins_line(tokens, place) and (
            place + 1 == len(tokens) or _may_end_answer(tokens[place + 1])
        ):
            yield Claim(token.option, place, "option")
            yield from (Claim(n, place, "option") for n in _find_joined_options(tokens, place))


def _may_end_answer(token: Token) -> bool:
    return token.word in ".,،):-–]*" or "reason" in token.kinds


def _verdict(tokens: list[Token], place: int) -> str | None:
    """ "right" or "wrong" where that is said of the option at this place: "B: correct", «گزینه ۲
    نادرست است».
    """
    for token in tokens[place + 1 : place + 1 + FARTHEST_VERDICT]:
        if token.kinds & {"wrong", "right"}:
            return "wrong" if "wrong" in token.kinds else "right"
        if not (token.kinds & {"after", "between"} or token.word in ':=-–—()*؟"»'):
            return None
    return None


def _verdict_by_mark(tokens: list[Token], place: int) -> bool:
    """Whether a mark parts the option from what is said of it: "B - correct"."""
    return tokens[place + 1 : place + 2] != [] and "mark" in tokens[place + 1].kinds


def _follows(tokens: list[Token], place: int, kind: str) -> bool:
    """Whether a word of this kind stands before a place, with marks between at most."""
    before = [t for t in tokens[max(0, place - 3) : place] if t.word not in ',،:*("«']
    return bool(before) and kind in before[-1].kinds


def _named_before(tokens: list[Token], place: int) -> bool:
    return any(token.option for token in tokens[max(0, place - 3) : place])


def _without_retracted(tokens: list[Token], claims: list[Claim]) -> list[Claim]:
    """Leave out what a model takes back: "1? No. 2.", "the answer is 1. Correction: 2"."""
    taken_back = [
        place
        for place, token in enumerate(tokens[:-1])
        if "retract" in token.kinds
        and (place == 0 or tokens[place - 1].word in ".?؟!,،;…\n")
        and tokens[place + 1].word in ".,،:;!\n"
    ]
    return [claim for claim in claims if not taken_back or claim.position > taken_back[-1]]


def _find_lead_kind(tokens: list[Token], place: int) -> str | None:
    """ "answer" or "option" where such a word leads to this place, with nothing but small words and
    marks between.
    """
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
        denied.update(place for place in named if _verdict(tokens, place) == "wrong")
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
    return denied | _listed_with(tokens, denied)


def _listed_with(tokens: list[Token], denied: set[int]) -> set[int]:
    """What is named in one list with a denied option: "options 1, 3 and 4 are wrong"."""
    listed: set[int] = set()
    for place in denied:
        while place >= 2 and (
            tokens[place - 1].word in ",،/&" or "joint" in tokens[place - 1].kinds
        ):
            place -= 2 if tokens[place - 2].option else 3
            if place < 0 or not tokens[place].option:
                break
            listed.add(place)
    return listed


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
