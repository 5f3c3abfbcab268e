"""Items that the demo server writes without a model, from the passages that a request shows.

Each quotes a sentence letter for letter and names its page; the same request always gets the same
items.
"""

import base64
import hashlib
import json
import random
import re
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tasks.generation.rules.rule_language import load_rule_language
from tasks.language.text import find_sentence_spans, fold_text, split_words

PASSAGE = re.compile(
    r'<passage id="(?P<id>[^"]*)" page="(?P<page>\d+)" title="(?P<title>[^"]*)">\n'
    r"(?P<text>.*?)\n</passage>",
    re.S,
)


NUMBER = re.compile(r"(\d+) (?:items|مورد)")
# types of questions that no medical book is asked for
OTHER_TYPES = ("application", "condition", "consequence", "definition", "reason")
KINDS = re.compile(r"^- kind: .*$", re.MULTILINE)
WORDINGS = re.compile(r"(?:write|هر کدام) (\d+) (?:cases|situations|questions|شرح)")
FORMS = {  # of pairs, by the first field that a request names
    "symptom": "diagnosis",
    "situation": "conclusion",
    "question": "answer",
}
# Sentences that deny something are left out: a part of one would say the opposite.
DENIALS = re.compile(
    "بدون|نمی|نیست|ندا|نشو|نشد|نکرد|نبا|نبو|هیچ|فاقد|عدم|برخلاف|بر خلاف|هر دو|همه"
    "|یافت|غیر|رد شو|رد کر|not |no |without|never"
)


@lru_cache
def load_wording(language: str) -> dict[str, Any]:
    """Templates of a language."""
    wording = yaml.safe_load(Path(__file__).with_name("demo_wording.yaml").read_text("utf-8"))
    return dict(wording[language])


class Sentence(NamedTuple):
    """A sentence of the book with what stands around it."""

    text: str
    page: int
    section: str


def detect_language(text: str) -> str:
    """`fa` for a text with letters of the Arabic script, else `en`."""
    return "fa" if re.search("[\u0620-\u06d3]", text) else "en"


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
        shown: list[dict[str, Any]] = (
            [{"type": "text", "text": content}] if isinstance(content, str) else content
        )
        for part in shown:
            text = part["text"] if part["type"] == "text" else _read_pdf_part(part["file"])
            parts[message["role"]] += text + "\n"
    return parts["system"], parts["user"]


def _read_pdf_part(file: dict[str, str]) -> str:
    """The pages of a file part as passages, read by the project's own reader."""
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
        f'<passage id="{p.id}" page="{p.page + first - 1}" title="{p.chapter} › {p.section}">'
        f"\n{p.text}\n</passage>"
        for p in rows
    )


def split_sentences(text: str) -> list[Sentence]:
    """Every sentence of seven words or more, in the order of the passages."""
    found = []
    for passage in PASSAGE.finditer(text):
        titles = passage["title"].split(" › ")
        for start, end in find_sentence_spans(passage["text"]):
            line = passage["text"][start:end].removeprefix("- ")
            if len(split_words(line)) >= 7 and not DENIALS.search(line) and "<" not in line:
                name, colon, _ = line.partition(": ")
                named = name if colon and len(name.split()) < 5 else ""
                title = titles[1] if len(titles) > 1 and not is_part_heading(titles[1]) else ""
                found.append(Sentence(line, int(passage["page"]), named or title))
    return found


def is_part_heading(title: str) -> bool:
    """Whether a title names a part of something ("Treatment") and nothing itself."""
    words = load_rule_language(detect_language(title)).heading_words
    return {fold_text(word) for word in split_words(title)} <= words


def draw_items(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Honest items for a request, always the same for the same request."""
    system, user = extract_texts(body)
    demand = PASSAGE.sub("", user)
    told = system + demand
    asked, wordings = int((NUMBER.search(demand) or [0, 10])[1]), WORDINGS.search(demand)
    draw = random.Random(hash_request([system, user]))
    lines = [s for s in split_sentences(user) if " ".join(s.text.split()[1:5]) not in demand]
    draw.shuffle(lines)
    if '"options"' in told:
        named = (KINDS.search(told) or [""])[0]
        wanted = [name for name in OTHER_TYPES if name in named]
        types = [name for name in wanted if f"({name})" in demand] or wanted
        return [draw_question(s, lines, draw, types) for s in lines[:asked]]
    each = int(wordings[1]) if wordings else 1
    text, conclusion = find_form(told)
    if text == "symptom":
        return [draw_pair(s, draw, n) for s in lines for n in range(each)][:asked]
    return [draw_plain_pair(s, draw, n, (text, conclusion)) for s in lines for n in range(each)][
        :asked
    ]


def find_form(told: str) -> tuple[str, str]:
    """The two fields of a pair that a request asks for."""
    named = (pair for pair in FORMS.items() if f'"{pair[0]}": "…", "{pair[1]}"' in told)
    return next(named, ("symptom", "diagnosis"))


def draw_plain_pair(
    sentence: Sentence, draw: random.Random, wording: int, fields: tuple[str, str]
) -> dict[str, Any]:
    """For books without patients: somebody who meets a sentence, and the sentence's own end."""
    words = load_wording(detect_language(sentence.text))
    told = sentence.text.rstrip(".؛:").split()
    # of six words only: questions complete the same sentence, and eight in a row would be a leak
    beginning, end = " ".join(told[:-4][-6:]), " ".join(told[-4:])
    person, place = draw.choice(words["names"]), draw.choice(words["rooms"])
    openings = words["questions" if fields[0] == "question" else "situations"]
    again = words["again"].format(n=wording + 1) if wording >= len(openings) else ""
    opening = openings[wording % len(openings)]
    return {
        "quote": sentence.text,
        "page": sentence.page,
        "fact": f"{sentence.section}: {' '.join(told[:4])}",
        fields[0]: opening.format(person=person, place=place, beginning=beginning) + again,
        fields[1]: end,
    }


def draw_pair(sentence: Sentence, draw: random.Random, wording: int = 0) -> dict[str, Any]:
    """A vignette around a sentence; its diagnosis is the section's title, or the sentence's own
    last words.
    """
    words = load_wording(detect_language(sentence.text))
    said = sentence.text.rstrip(".؛:")
    diagnosis = sentence.section or " ".join(said.split()[-3:])
    story = said.replace(diagnosis, words["disease"])
    for word, synonym in words["synonyms"].items():
        story = story.replace(word, synonym)
    person, age = draw.choice(words["people"]), draw.randint(18, 88)
    place, openings = draw.choice(words["places"]), words["openings"]
    opening = openings[wording % len(openings)]
    again = words["again"].format(n=wording + 1) if wording >= len(openings) else ""
    return {
        "fact": f"{diagnosis}: {' '.join(said.split()[:4])}",
        "symptom": opening.format(person=person, age=age, place=place, story=story) + again,
        "diagnosis": diagnosis,
        "page": sentence.page,
        "quote": sentence.text,
    }


def draw_question(
    sentence: Sentence,
    others: list[Sentence],
    draw: random.Random,
    types: Sequence[str] = (),
) -> dict[str, Any]:
    """A sentence to be completed: its own end among the ends of three others."""
    words = load_wording(detect_language(sentence.text))
    told = sentence.text.rstrip(".؛:").split()
    end = " ".join(told[-4:])
    ends = {" ".join(o.text.rstrip(".؛:").split()[-4:]) for o in others} - {end}
    while len(ends) < 3:
        ends.add(words["ending"].format(n=len(ends) + 2))
    options = draw.sample(sorted(ends), 3)
    answer = draw.randint(1, 4)
    options.insert(answer - 1, end)
    about = sentence.section or words["matter" if types else "disease"]
    return {
        "fact": f"{about}: {' '.join(told[:4])}",
        "kind": draw.choice(types or ["diagnosis", "symptoms", "complications", "telling_apart"]),
        "question": words["question"].format(beginning=" ".join(told[:-4]), about=about),
        "options": options,
        "answer": answer,
        "page": sentence.page,
        "quote": sentence.text,
    }


def count_tokens(text: str) -> int:
    """A count of tokens: one for three characters, which is near what GPT-4o makes of Persian."""
    return -(-len(text) // 3)
