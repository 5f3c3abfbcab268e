"""What the test server says: the demo server's items, and every defect that such answers can have: a faulty answer is an
honest one spoilt.
"""

import json
import re
from collections.abc import Callable, Collection
from typing import Any

from flows.cli.demo.demo_items import draw_items
from flows.cli.demo.demo_readings import draw_readings, is_reading


def _dump_items(found: list[dict[str, Any]]) -> str:
    return json.dumps({"items": found}, ensure_ascii=False)


def _reverse_options(found: list[dict[str, Any]]) -> str:
    return _dump_items(
        [
            {**item, **({"options": item["options"][::-1]} if "options" in item else {})}
            for item in found
        ]
    )


def _mirror_words(found: list[dict[str, Any]]) -> str:
    """Whole sentences with their words in reversed order, as right-to-left text is often spoilt."""
    name = "question" if found and "question" in found[0] else "symptom"
    return _dump_items([{**item, name: " ".join(item[name].split()[::-1])} for item in found])


def _shift_keys(found: list[dict[str, Any]]) -> str:
    return _dump_items(
        [
            {**i, "answer": i["answer"] % 4 + 1}
            if "answer" in i
            else {**i, "diagnosis": "مسمومیت با سرب"}
            for i in found
        ]
    )


DEFECTS: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    "trailing_comma": lambda found: _dump_items(found).replace("}]}", "},]}"),
    "missing_comma": lambda found: _dump_items(found).replace('", "page"', '" "page"'),
    "stray_letters": lambda found: _dump_items(
        [{k: f"و.{v}" if k in ("symptom", "question") else v for k, v in i.items()} for i in found]
    ),
    "persian_digit": lambda found: re.sub(
        r'("(?:answer|page)": )(\d+)',
        lambda m: m[1] + m[2].translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")),
        _dump_items(found),
    ),
    "reversed_options": _reverse_options,
    "mirrored": _mirror_words,
    "wrong_key": _shift_keys,
    "false_quote": lambda found: _dump_items(
        [{**i, "quote": "این جمله در هیچ صفحه‌ای از این کتاب نیامده است."} for i in found]
    ),
    "wrong_page": lambda found: _dump_items([{**i, "page": i["page"] + 400} for i in found]),
    "duplicates": lambda found: _dump_items([found[0]] * len(found) if found else []),
    "five_options": lambda found: _dump_items(
        [{**i, "options": [*i["options"], "یکی دیگر"]} if "options" in i else i for i in found]
    ),
    "fence": lambda found: f"البته! این هم پاسخ:\n```json\n{_dump_items(found)}\n```\nموفق باشید.",
    "cut_json": lambda found: _dump_items(found)[: int(len(_dump_items(found)) * 0.6)],
    "no_json": lambda found: "متأسفانه متن کافی نیست.",
}


def spoil_reading(reading: dict[str, Any], how: str) -> str:
    """A reader of nonsense, one that finds every option right, one that keeps everything, one that skips an item."""
    if how == "nonsense":
        return "The items are fine."
    for item in reading["items"]:
        if how == "all_right":
            item["options"] = [{**one, "verdict": "right"} for one in item["options"]]
    if how == "all_but_one":
        reading["items"] = reading["items"][1:]
    return json.dumps(reading, ensure_ascii=False)


def build_reply(
    body: dict[str, Any],
    defect: str = "",
    ignores: Collection[str] = (),
    reads: str = "honestly",
) -> tuple[str, str]:
    """(text, finish reason) of an answer, spoilt by a defect or not."""
    if "colour" in str(body["messages"]):
        way = {"json_schema": "schema", "json_object": "json"}.get(
            body.get("response_format", {}).get("type"), "text"
        )
        return "Snow is white." if way in ("text", *ignores) else '{"colour": "white"}', "stop"
    if is_reading(body):
        text = spoil_reading(draw_readings(body), reads)
        if defect in ("length", "cut_json", "no_json"):
            text = text[: len(text) // 2]
        return (
            ("", defect)
            if defect == "content_filter"
            else (text, "length" if defect == "length" else "stop")
        )
    found = draw_items(body)
    if defect == "length":
        return _dump_items(found)[: int(len(_dump_items(found)) * 0.7)], "length"
    if defect == "content_filter":
        return "", "content_filter"
    return DEFECTS.get(defect, _dump_items)(found), "stop"
