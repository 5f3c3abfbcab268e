"""What the cells of a row hold: texts, lists as Python, pandas and JSON print them, turns."""

import ast
import html
import math
import re
from collections.abc import Mapping
from typing import Any

from tasks.language.text import fold_text
from tasks.validation.items import Refused
from tasks.validation.parsing import lenient_json

Fields = Mapping[str, Any]
TURNS = ("messages", "conversations", "conversation", "dialog", "turns")
ROLE_NAMES = {"role", "from"}
ROLES = {
    "user": "user",
    "human": "user",
    "assistant": "model",
    "gpt": "model",
    "bot": "model",
    "model": "model",
}
MOST_CELL = 100_000  # characters of one cell; no model's window holds so long a question
# "None", "NA" (sodium) and "N/A" are not among them: people write them as options
EMPTY_WORDS = {"nan", "NaN", "<NA>", "#N/A", "NULL", "null"}
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31});")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")


def clean_cell(value: Any) -> Any:
    """A cell without the entities of HTML; none where it is no number or the word that stands for
    none in a table of pandas or a spreadsheet.
    """
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, str):
        text = _ENTITY.sub(lambda m: html.unescape(m[0]), value)
        return None if text.strip() in EMPTY_WORDS else text
    if isinstance(value, list):
        return [clean_cell(one) for one in value]
    return value


def take_cell(fields: Fields, column: str) -> Any:
    """A column's cell; none where there is no such column. Raises Refused where it is too long."""
    value = fields.get(column) if column else None
    if isinstance(value, str) and len(value) > MOST_CELL:
        raise Refused("a-cell-too-long", column=column, n=len(value))
    return value


def read_literal(value: Any) -> Any:
    """A cell that holds a list or an object as JSON, or as Python or numpy print it; everything
    else as it is.
    """
    if (
        not isinstance(value, str)
        or value.strip()[:1] not in ("[", "{", "(")
        or len(value) > MOST_CELL
    ):
        return value
    try:
        return lenient_json.parse_strict(value)
    except ValueError:
        pass
    bare = re.sub(r"\barray\(|,\s*dtype=\w+\)", "", value)
    if _is_numpy_list(bare):
        return [one or other for one, other in _QUOTED.findall(bare)]
    try:
        read = ast.literal_eval(bare.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return value
    return list(read) if isinstance(read, tuple | set) else read


def _is_numpy_list(text: str) -> bool:
    """['a' 'b' 'c']: Python would join such strings to one."""
    between = _QUOTED.sub("\0", text.strip())
    return bool(re.fullmatch(r"\[\s*\0(?:\s+\0)+\s*\]", between))


def _list_turns(fields: Fields) -> list[Any]:
    """The turns of a conversation: one list, or {prompt: […], completion: […]} of two."""
    if found := next((fields[k] for k in TURNS if isinstance(fields.get(k), list)), None):
        return list(found)
    parts = [
        fields[k] for k in ("prompt", "completion", "chosen") if isinstance(fields.get(k), list)
    ]
    turns = [turn for part in parts for turn in part]
    return turns if all(isinstance(t, dict) and ROLE_NAMES & t.keys() for t in turns) else []


def unfold_turns(fields: Fields) -> dict[str, str] | None:
    """One question and one answer of a conversation, none where the row is none; raises Refused for
    more turns.
    """
    if not (turns := [t for t in _list_turns(fields) if isinstance(t, dict)]):
        return None
    said = [
        (
            ROLES.get(fold_text(str(t.get("role") or t.get("from")))),
            _join_parts(t.get("content", t.get("value"))),
        )
        for t in turns
    ]
    user, model = ([text for role, text in said if role == wanted] for wanted in ("user", "model"))
    if (
        len(user) != 1
        or len(model) != 1
        or not isinstance(user[0], str)
        or not isinstance(model[0], str)
    ):
        raise Refused(
            "not-one-question-and-one-answer",
            person=len(user),
            model=len(model),
        )
    return {"prompt": user[0], "completion": model[0]}


def _join_parts(content: Any) -> Any:
    """The text of a turn that comes in parts, as servers take them; one with pictures stays what it
    is, and is refused.
    """
    if not isinstance(content, list) or not all(isinstance(p, dict) for p in content):
        return content
    texts = [part.get("text") for part in content]
    return "\n".join(texts) if texts and all(isinstance(t, str) for t in texts) else content
