"""What the test server says: items drawn from the passages it was sent, and every defect that such answers can have.

An honest answer quotes a sentence of a passage letter for letter and names its page; a faulty one is an honest one spoilt.
"""

import hashlib
import json
import random
import re
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from tasks.language.text import find_sentence_spans, split_words

PASSAGE = re.compile(
    r'<passage id="(?P<id>[^"]*)" page="(?P<page>\d+)" title="(?P<title>[^"]*)">\n(?P<text>.*?)\n</passage>',
    re.S,
)
NUMBER = re.compile(r"(\d+) (?:items|مورد)")
WORDINGS = re.compile(r"(?:write|هر کدام) (\d+) (?:cases|شرح)")
UNSPOILT_DEFECTS = re.compile(
    "بدون|نمی|نیست|ندا|نشو|نشد|نکرد|نبا|نبو|هیچ|فاقد|عدم|برخلاف|بر خلاف|هر دو|همه|یافت|غیر|رد شو|رد کر|not |no |without|never"
)
PEOPLE = ("مرد", "زن")
PLACES = ("درمانگاه", "اورژانس", "مطب", "بخش داخلی", "مرکز بهداشت", "بیمارستان")


class Sentence(NamedTuple):
    """A sentence of the book with what stands around it."""

    text: str
    page: int
    section: str


def hash_request(body: Any) -> str:
    """The name of a request, whatever the order of its fields."""
    return hashlib.sha256(
        json.dumps(body, sort_keys=True, ensure_ascii=False).encode()
    ).hexdigest()[:16]


def extract_texts(body: dict[str, Any]) -> tuple[str, str]:
    """The system text and the user text; a PDF is read page by page."""
    parts = {"system": "", "user": ""}
    for message in body["messages"]:
        content = message["content"]
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            text = part["text"] if part["type"] == "text" else _read_pdf_part(part["file"])
            parts[message["role"]] += text + "\n"
    return parts["system"], parts["user"]


def _read_pdf_part(file: dict[str, str]) -> str:
    """The pages of a file part as passages, read by the project's own reader."""
    import base64
    import tempfile
    from pathlib import Path

    from tasks.reading.pdf import read
    from tasks.schemas.plan_sections import ReadingPlan

    first = int(re.search(r"\d+", file["filename"])[0])  # type: ignore[index]
    with tempfile.NamedTemporaryFile(suffix=".pdf") as pdf:
        pdf.write(base64.b64decode(file["file_data"].partition(",")[2]))
        pdf.flush()
        chapters = read(Path(pdf.name), ReadingPlan(most_bad_pages=1.0), "fa", 1).passages
    rows = [
        p
        for rows in (chapters.values() if isinstance(chapters, dict) else [chapters])
        for p in rows
    ]
    return "\n".join(
        f'<passage id="{p.id}" page="{p.page + first - 1}" title="{p.chapter} › {p.section}">\n{p.text}\n</passage>'
        for p in rows
    )


def split_sentences(text: str) -> list[Sentence]:
    """Every sentence of seven words or more, in the order of the passages."""
    found = []
    for passage in PASSAGE.finditer(text):
        titles = passage["title"].split(" › ")
        for start, end in find_sentence_spans(passage["text"]):
            line = passage["text"][start:end].removeprefix("- ")
            if (
                len(split_words(line)) >= 7
                and not UNSPOILT_DEFECTS.search(line)
                and "<" not in line
            ):
                name, colon, _ = line.partition(": ")
                named = name if colon and len(name.split()) < 5 else ""
                found.append(
                    Sentence(
                        line, int(passage["page"]), named or (titles[1] if len(titles) > 1 else "")
                    )
                )
    return found


def draw_items(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Honest items for a request, always the same for the same request."""
    system, user = extract_texts(body)
    demand = PASSAGE.sub("", user)
    asked, wordings = int((NUMBER.search(demand) or [0, 10])[1]), WORDINGS.search(demand)
    draw = random.Random(hash_request([system, user]))
    lines = [s for s in split_sentences(user) if " ".join(s.text.split()[1:5]) not in demand]
    draw.shuffle(lines)
    if '"options"' in system:
        return [draw_question(s, lines, draw) for s in lines[:asked]]
    each = int(wordings[1]) if wordings else 1
    return [draw_pair(s, draw, n) for s in lines for n in range(each)][:asked]


def draw_pair(sentence: Sentence, draw: random.Random, wording: int = 0) -> dict[str, Any]:
    """A vignette around a sentence; its diagnosis is the section's title, or the sentence's own last words."""
    said = sentence.text.rstrip(".؛:")
    diagnosis = sentence.section or " ".join(said.split()[-3:])
    story = said.replace(diagnosis, "این بیماری").replace("سندرم", "نشانگان")
    person, age, place = draw.choice(PEOPLE), draw.randint(18, 88), draw.choice(PLACES)
    openings = (
        f"{person} {age} ساله به {place} آمده است. {story}",
        f"{story}؛ این شرح حال {person} {age} ساله‌ای در {place} است",
        f"در {place}، {person} {age} ساله‌ای معاینه می‌شود که دربارهٔ او نوشته‌اند: {story}",
    )
    symptom = openings[wording % len(openings)] + f" (بار {wording + 1})" * (
        wording >= len(openings)
    )
    return {
        "fact": f"{diagnosis}: {' '.join(said.split()[:4])}",
        "symptom": symptom,
        "diagnosis": diagnosis,
        "page": sentence.page,
        "quote": sentence.text,
    }


def draw_question(
    sentence: Sentence, others: list[Sentence], draw: random.Random
) -> dict[str, Any]:
    """A sentence to be completed: its own end among the ends of three others."""
    told = sentence.text.rstrip(".؛:").split()
    end = " ".join(told[-4:])
    ends = {" ".join(o.text.rstrip(".؛:").split()[-4:]) for o in others} - {end}
    while len(ends) < 3:
        ends.add(f"{len(ends) + 2} بار در هر روز بیشتر")
    options = draw.sample(sorted(ends), 3)
    answer = draw.randint(1, 4)
    options.insert(answer - 1, end)
    about = sentence.section or "این بیماری"
    return {
        "fact": f"{about}: {' '.join(told[:4])}",
        "kind": draw.choice(["diagnosis", "symptoms", "complications", "telling_apart"]),
        "question": f"{' '.join(told[:-4])} … کدام ادامه برای این گفته دربارهٔ {about} درست است؟",
        "options": options,
        "answer": answer,
        "page": sentence.page,
        "quote": sentence.text,
    }


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


def build_reply(
    body: dict[str, Any], defect: str = "", ignores: Collection[str] = ()
) -> tuple[str, str]:
    """(text, finish reason) of an answer, spoilt by a defect or not."""
    if "colour" in str(body["messages"]):
        way = {"json_schema": "schema", "json_object": "json"}.get(
            body.get("response_format", {}).get("type"), "text"
        )
        return "Snow is white." if way in ("text", *ignores) else '{"colour": "white"}', "stop"
    found = draw_items(body)
    if defect == "length":
        return _dump_items(found)[: int(len(_dump_items(found)) * 0.7)], "length"
    if defect == "content_filter":
        return "", "content_filter"
    return DEFECTS.get(defect, _dump_items)(found), "stop"


def count_tokens(text: str) -> int:
    """A count of tokens: one for three characters, which is near what GPT-4o makes of Persian."""
    return -(-len(text) // 3)
