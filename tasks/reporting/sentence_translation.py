"""What checks and warnings say in English, said in the page's language: the wording's `sayings`
hold each form with holes, and its translation.

The rows keep the English sentence, since rejections.jsonl is for programs; what has no form of its
own stays as it is, a quoted word mostly.
"""

import ast
import re
from functools import lru_cache

from tasks.language.i18n import Translator
from tasks.reporting.labels import load_labels

HOLE_PATTERN = re.compile(r"{(\w+)}")
NUMBER_PATTERN = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
EXPONENT_PATTERN = re.compile(r"\d(?:\.\d+)?e-\d\d", re.ASCII)  # as Python writes a learning rate
MAX_SENTENCE_LENGTH = 2000  # characters; a longer text is a whole response, not a sentence of ours


def translate_sentence(text: str, say: Translator) -> str | None:
    """The sentence in the language of the page, its numbers too; none where it is not one
    of ours.
    """
    for form, pattern in (
        compile_sentence_patterns(say.language) if len(text) <= MAX_SENTENCE_LENGTH else ()
    ):
        if found := pattern.fullmatch(text):
            return str(say["sayings"][form]).format_map(
                {hole: _fill_hole(hole, value, say) for hole, value in found.groupdict().items()}
            )
    return None


@lru_cache
def compile_sentence_patterns(language: str) -> list[tuple[str, re.Pattern[str]]]:
    """The forms of a language as patterns: those that hold another sentence first, then those with
    most words of their own.
    """
    known = sorted(
        load_labels(language)["sayings"],
        key=lambda form: ("{detail}" not in form, -len(HOLE_PATTERN.sub("", form))),
    )
    return [(form, _compile_pattern(form)) for form in known]


def _compile_pattern(form: str) -> re.Pattern[str]:
    """A hole takes as little as it can, since it may hold any text of a book or model; a `detail`
    takes all but the last of several flaws.
    """
    parts = HOLE_PATTERN.split(form)  # words, hole, words, hole, …, words
    takes = {"detail": ".+"}
    return re.compile(
        "".join(
            f"(?P<{part}>{takes.get(part, '.+?')})" if place % 2 else re.escape(part)
            for place, part in enumerate(parts)
        ),
        re.DOTALL,
    )


def translate_reason(label: str, say: Translator) -> str:
    """The countable part of a reason."""
    return str(say["reasons"].get(label) or translate_sentence(label, say) or label)


def _fill_hole(hole: str, value: str, say: Translator) -> str:
    """What stood in a hole: `detail` is a sentence again, `reason` a label, `list` a list of words;
    numbers in the language's digits.
    """
    match hole:
        case "detail":
            return translate_sentence(value, say) or _localize_number(value, say)
        case "reason":
            return translate_reason(value, say)
        case "list":
            return str(say["comma"]).join(
                _localize_number(word, say) for word in _parse_list(value)
            )
        case _:
            return _localize_number(value, say)


def _localize_number(value: str, say: Translator) -> str:
    """A number sign by sign, as it came: it may be a year, a dose or an option of a book or model,
    so nothing is rounded, grouped or left out.
    """
    if EXPONENT_PATTERN.fullmatch(value):
        return say.format_number(float(value))
    if not NUMBER_PATTERN.fullmatch(value):
        return value
    point = say.format_number(0.5)[1:-1]
    return "".join(
        say.format_number(int(sign)) if sign.isdigit() else point if sign == "." else sign
        for sign in value
    )


def _parse_list(listed: str) -> list[str]:
    """The members of a list as Python writes it; the text itself where it was cut."""
    try:
        return [str(word) for word in ast.literal_eval(listed)]
    except (ValueError, SyntaxError, TypeError, MemoryError):
        return [listed]
