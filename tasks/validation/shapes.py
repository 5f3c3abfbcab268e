"""Bring the rows of known data sets into the exercise's fields; where the key could be read in two ways, refuse.

MedQA {question, options {A…D}, answer_idx, answer} · MedMCQA {question, opa … opd, cop} · MMLU {question, choices, answer
from 0, subject} · ParsiNLU {question, candidates, answer from 1} · tables with one column an option.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from tasks.text import fold, latin_digits
from tasks.validation.names import name
from tasks.validation.parsing import Refused

Fields = Mapping[str, Any]
COLUMNS = (
    ("opa", "opb", "opc", "opd", "ope"),
    ("a", "b", "c", "d", "e"),
    *(tuple(f"{word}{joint}{i}" for i in range(1, 6)) for word in ("option", "choice", "گزینه") for joint in ("", " ", "_")),
    ("1", "2", "3", "4", "5"),
    ("الف", "ب", "ج", "د", "ه"),
)
LISTS = ("options", "choices", "candidates", "گزینه‌ها")
KEYS = ("answer", "answer_idx", "cop", "key", "correct", "correct_answer", "correct_option", "answerkey", "پاسخ", "کلید")
FROM_ZERO = {"cop", "choices"}  # fields of data sets that count from 0


class Counting:
    """From which number a file counts its keys, told by all its rows together."""

    def __init__(self, rows: Iterable[Fields]) -> None:
        numbers = {n for row in rows for n in [whole_number(_key(_lower(row)))] if n is not None}
        self.zero, self.four = 0 in numbers, 4 in numbers

    def key(self, number: int, zero_based: bool, certain: bool) -> int:
        """The number from 1 to 4; raises Refused where both readings are left."""
        if zero_based and (certain or self.zero) and not self.four:
            return number + 1
        if self.four and not self.zero:
            return number
        if not zero_based and not self.zero:
            return number
        raise Refused(
            "an uncertain key",
            f"{number}: the file has keys {'from 0' * self.zero}{' up to 4' * self.four}, so it may count from 0 or from 1",
        )


def exercise_shape(row: Fields, counting: Counting) -> dict[str, Any]:
    """{question, options, answer, …} of any of the known shapes; raises Refused where the key is uncertain."""
    low = _lower(row)
    options, source = _options(low)
    answer = _key(low)
    if isinstance(answer, list) and len(answer) != 1:
        raise Refused("several keys", f"{answer!r}"[:200])
    number = whole_number(answer)
    if number is not None:
        zero_based = source in FROM_ZERO or "cop" in low
        answer = counting.key(number, zero_based, certain="subject" in low and source == "choices")
    texts = list(options.values()) if isinstance(options, dict) else options
    _agrees(answer, low, texts)
    kept = {k: low[k] for k in ("question", "stem", "سوال", "پرسش", "kind", "fact") if low.get(k) is not None}
    return {**kept, "options": options, "answer": answer}


def whole_number(value: Any) -> int | None:
    """An int, a float without a fraction, or their digits in any script."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    digits = latin_digits(value).strip() if isinstance(value, str) else ""
    return int(digits) if digits.isdigit() and len(digits) < 4 else None


def _lower(row: Fields) -> dict[str, Any]:
    return {fold(str(k)).strip(): v for k, v in row.items() if k is not None}


def _key(low: Fields) -> Any:
    """MedQA tells its key twice: the letter counts, the text must agree."""
    if low.get("answer_idx") not in (None, ""):
        return low["answer_idx"]
    return next((low[fold(k)] for k in KEYS if low.get(fold(k)) not in (None, "")), None)


def _options(low: Fields) -> tuple[Any, str]:
    """The options and the field that held them; an empty fifth column is no option."""
    for field in LISTS:
        if isinstance(low.get(fold(field)), list | dict):
            return low[fold(field)], field
    for columns in COLUMNS:
        folded = [fold(c) for c in columns]
        if all(c in low for c in folded[:4]):
            texts = [low[c] for c in folded if low.get(c) not in (None, "")]
            return texts, "cop" if columns[0] == "opa" else "columns"
    raise Refused("no list of options", f"fields: {sorted(low)}"[:200])


def _agrees(answer: Any, low: Fields, texts: Any) -> None:
    """Where the key is told as a letter and as a text, both must mean one option."""
    told = low.get("answer")
    if low.get("answer_idx") in (None, "") or not isinstance(told, str) or not isinstance(texts, list):
        return
    places = [i for i, t in enumerate(texts, 1) if isinstance(t, str) and name(t) == name(told)]
    number = answer if isinstance(answer, int) else " abcd".find(fold(str(answer)).strip() or "?")
    if places and number not in places:
        raise Refused("the key contradicts itself", f"answer_idx {answer!r}, answer {told!r}"[:200])
