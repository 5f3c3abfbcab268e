"""Good items made from the handbook, and the same items with one planted defect each."""

import json
import random
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from support.items.handbook_passages import load_handbook

from tasks.schemas.item_rows import Draft, Passage

Fields = dict[str, Any]
STEMS = (
    "پزشک با دیدن {} در یک بیمار {} ساله باید پیش از همه به کدام بیماری بیندیشد؟",
    "اگر بیماری {1} ساله از {0} رنج ببرد، محتمل‌ترین تشخیص کدام است؟",
    "کدام بیماری {} را در فردی {} ساله بهتر از بقیه توضیح می‌دهد؟",
)
VIGNETTES = (
    "{who} {age} ساله با {signs} مراجعه کرده است",
    "{who} {age} ساله که {signs} دارد",
    "{who} {age} ساله با شکایت از {signs}",
)


@lru_cache(maxsize=1)
def load_book() -> tuple[Passage, ...]:
    """All passages of the handbook."""
    return tuple(p for passages in load_handbook().values() for p in passages)


def list_bullets(passage: Passage) -> list[str]:
    """The list items of a passage."""
    return [line.removeprefix("- ") for line in passage.text.split("\n") if line.startswith("- ")]


@lru_cache
def find_lists(heading: str) -> list[Passage]:
    """The passages under a heading that hold a list of three or more."""
    return [p for p in load_book() if p.heading == heading and len(list_bullets(p)) >= 3]


def make_good_items(number: int, seed: int = 0) -> list[tuple[str, Fields]]:
    """(kind, fields): half pairs, half questions on diagnoses, signs and complications; every one different."""
    draw = random.Random(seed)
    makers = [make_pair, make_pair, make_diagnosis_question, make_attribute_question]
    made: dict[str, tuple[str, Fields]] = {}
    while len(made) < number:
        kind, item = makers[len(made) % 4](draw)
        said = frozenset(re.findall(r"\w+", item.get("symptom") or item["question"])) - {
            str(i) for i in range(100)
        }
        made.setdefault(str(sorted(said - frozenset(DIGITS))), (kind, item))
    return list(made.values())


DIGITS = [str(n).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")) for n in range(100)]


def make_pair(draw: random.Random) -> tuple[str, Fields]:
    passage = draw.choice(find_lists("نشانه‌ها"))
    signs = draw.sample(list_bullets(passage), 3)
    text = draw.choice(VIGNETTES).format(
        who=draw.choice(["مرد", "زن"]), age=draw.choice(DIGITS[18:90]), signs=join_signs(signs)
    )
    return "pair", {
        "symptom": text,
        "diagnosis": passage.section,
        "page": passage.page,
        "quote": signs[0],
    }


def make_diagnosis_question(draw: random.Random) -> tuple[str, Fields]:
    passage = draw.choice(find_lists("نشانه‌ها"))
    signs = draw.sample(list_bullets(passage), 3)
    others = sorted(
        {p.section for p in load_book() if p.chapter == passage.chapter and p.section and p.heading}
        - {passage.section}
    )
    text = draw.choice(STEMS).format(join_signs(signs), draw.choice(DIGITS[18:90]))
    return "question", build_question(
        text, passage.section, draw.sample(others, 3), passage, signs[0], draw
    )


def make_attribute_question(draw: random.Random) -> tuple[str, Fields]:
    """What a named condition leads to, or shows; the distractors are of conditions whose text says nothing of the kind."""
    heading = draw.choice(["عوارض", "نشانه‌ها"])
    passage = draw.choice(find_lists(heading))
    right = draw.choice(list_bullets(passage))
    far = [b for p in find_lists(heading) if p.chapter != passage.chapter for b in list_bullets(p)]
    text = f"کدام {'عارضه' if heading == 'عوارض' else 'نشانه'} در سیر {passage.section} {draw.choice(['انتظار می‌رود', 'دیده می‌شود', 'پدید می‌آید'])}؟"
    return "question", build_question(
        text,
        right,
        draw.sample(sorted({b for b in far if not shares_word(b, passage.text)}), 3),
        passage,
        right,
        draw,
    )


def shares_word(phrase: str, text: str) -> bool:
    """Whether a text holds one of the longer words of a phrase."""
    return any(w in text for w in re.findall(r"\w{3,}", phrase))


def build_question(
    text: str, key: str, others: list[str], passage: Passage, quote: str, draw: random.Random
) -> Fields:
    options = [key, *others]
    draw.shuffle(options)
    return {
        "question": text,
        "options": options,
        "answer": options.index(key) + 1,
        "page": passage.page,
        "quote": quote,
    }


def join_signs(signs: list[str]) -> str:
    return "، ".join(signs[:-1]) + " و " + signs[-1]


def find_passage(item: Fields) -> Passage:
    """The passage that a good item quotes."""
    return next(p for p in load_book() if p.page == item["page"] and item["quote"] in p.text)


def list_shown_passages(item: Fields) -> list[Passage]:
    """A writer is shown a section and its neighbour."""
    pages = {item["page"], item["page"] + 1}
    return [p for p in load_book() if p.page in pages]


def build_draft(kind: str, raw: str, number: int, shown: list[Passage]) -> Draft:
    return Draft(
        id=f"draft-{number}",
        kind="pair" if kind == "pair" else "question",
        passages=tuple(p.id for p in shown),
        asked=1,
        writer="planted",
        raw=raw,
    )


def get_text_field(item: Fields) -> str:
    return "symptom" if "symptom" in item else "question"


def sample_other_signs(item: Fields, draw: random.Random) -> Passage:
    """The signs of another condition of the same chapter."""
    here = find_passage(item)
    return draw.choice(
        [
            p
            for p in find_lists("نشانه‌ها")
            if p.chapter == here.chapter and p.section != here.section
        ]
    )


Defect = Callable[[Fields, random.Random], Fields | str]


def replace_fields(item: Fields, **fields: Any) -> Fields:
    return {**item, **fields}


def drop_field(item: Fields, field: str) -> Fields:
    return {k: v for k, v in item.items() if k != field}


def get_key(item: Fields) -> str:
    return str(item["options"][item["answer"] - 1])


def replace_option(item: Fields, place: int, text: str) -> Fields:
    options = list(item["options"])
    options[place % 4] = text
    return replace_fields(item, options=options)


def swap_signs(item: Fields, draw: random.Random) -> Fields:
    signs = join_signs(draw.sample(list_bullets(sample_other_signs(item, draw)), 3))
    form = (
        "مرد ۵۲ ساله با {} مراجعه کرده است"
        if "symptom" in item
        else "محتمل‌ترین تشخیص در بیماری با {} کدام است؟"
    )
    return replace_fields(item, **{get_text_field(item): form.format(signs)})


def quote_neighbour(item: Fields, draw: random.Random) -> Fields:
    other = sample_other_signs(item, draw)
    return replace_fields(item, page=other.page, quote=draw.choice(list_bullets(other)))


def alter_quote(item: Fields, draw: random.Random) -> Fields:
    """One word of a long quote is another one."""
    sentences = [
        s
        for p in list_shown_passages(item)
        if p.page == item["page"]
        for s in re.split(r"(?<=\.)\s|\n", p.text)
    ]
    tokens = max(sentences, key=len).split()
    tokens[draw.randrange(1, len(tokens) - 1)] = draw.choice(
        ["هرگز", "بدون", "ریفامپین", "دوازده", "ناشناخته"]
    )
    return replace_fields(item, quote=" ".join(tokens))


def add_second_right(item: Fields, draw: random.Random) -> Fields:
    right = [b for b in list_bullets(find_passage(item)) if b not in item["options"]]
    return replace_option(item, item["answer"], draw.choice(right))


def reverse_words(text: str) -> str:
    return " ".join(reversed(text.split()))


ALL = "any"
DEFECTS: dict[str, tuple[str, Defect]] = {
    "JSON cut off": (ALL, lambda i, d: (raw := json.dumps(i, ensure_ascii=False))[: d.randrange(len(raw) // 3, len(raw) - 3)]),
    "field missing": (ALL, lambda i, d: drop_field(i, d.choice([get_text_field(i), "quote", "answer" if "answer" in i else "diagnosis"]))),
    "quote invented": (ALL, lambda i, d: replace_fields(i, quote=d.choice(["این نشانه در بیشتر بیماران گزارش شده است.", "بر پایهٔ مطالعات، شیوع آن رو به فزونی است."]))),
    "quote altered in one word": (ALL, alter_quote),
    "quote of a neighbouring section": ("named", quote_neighbour),
    "words in reversed order": (ALL, lambda i, d: replace_fields(i, **{get_text_field(i): reverse_words(i[get_text_field(i)])})),
    "wrong diagnosis": ("pair", lambda i, d: replace_fields(i, diagnosis=sample_other_signs(i, d).section)),
    "vignette of another condition": ("named", swap_signs),
    "diagnosis told in the vignette": ("pair", lambda i, d: replace_fields(i, symptom=f"{i['symptom']} و سابقهٔ {i['diagnosis']} دارد")),
    "two diagnoses": ("pair", lambda i, d: replace_fields(i, diagnosis=f"{i['diagnosis']} یا {sample_other_signs(i, d).section}")),
    "five options": ("question", lambda i, d: replace_fields(i, options=[*i["options"], "بیماری کرون"])),
    "three options": ("question", lambda i, d: replace_fields(i, options=i["options"][:3])),
    "key out of range": ("question", lambda i, d: replace_fields(i, answer=d.choice([0, 5, 12, -1]))),
    "key illegible": ("question", lambda i, d: replace_fields(i, answer=d.choice(["۲ و ۳", "هیچ‌کدام", None, True, [1, 3]]))),
    "wrong key": ("question", lambda i, d: replace_fields(i, answer=i["answer"] % 4 + 1)),
    "options reversed, key left": ("question", lambda i, d: replace_fields(i, options=i["options"][::-1])),
    "words of the options reversed": (
        "question",
        lambda i, d: replace_fields(i, options=[reverse_words(o) for o in i["options"]], answer=5 - i["answer"]),
    ),
    "repeated option": ("question", lambda i, d: replace_option(i, i["answer"], i["options"][(i["answer"] + 1) % 4].replace("ی", "ي"))),
    "overlapping options": ("question", lambda i, d: replace_option(i, i["answer"], f"{i['options'][(i['answer'] + 1) % 4]} و تب")),
    "all or none of the above": ("question", lambda i, d: replace_option(i, i["answer"], d.choice(["همهٔ موارد", "هیچ‌کدام", "گزینه‌های ۱ و ۲", "تمام موارد بالا"]))),
    "key in the stem": ("question", lambda i, d: replace_fields(i, question=f"{i['question'].rstrip('؟')} ({get_key(i)})؟")),
    "answer told": ("question", lambda i, d: replace_fields(i, question=f"{i['question']} (پاسخ درست: {i['answer']})")),
    "key much longer": (
        "question",
        lambda i, d: replace_option(i, i["answer"] - 1, f"{get_key(i)} که در این بیمار با توجه به شرح حال و معاینه و یافته‌های همراه از همه محتمل‌تر است"),
    ),
    "negative stem unmarked": ("question", lambda i, d: replace_fields(i, question=f"همهٔ موارد زیر دربارهٔ {find_passage(i).section} درست است به‌جز کدام؟")),
    "stem without a question": ("question", lambda i, d: replace_fields(i, question=re.sub(r"کدام|؟|چیست", "", i["question"]).strip() + ".")),
    "absolute term": ("question", lambda i, d: replace_option(i, i["answer"], f"همیشه {i['options'][i['answer'] % 4]}")),
    "second right option": ("attribute", add_second_right),
    "number out of nowhere": ("attribute", lambda i, d: replace_option(i, i["answer"] - 1, f"{get_key(i)} تا ۷۵ درصد")),
    "quote empty": (ALL, lambda i, d: replace_fields(i, quote=d.choice(["", " ", "…", None]))),
}  # fmt: skip
REPEATS: dict[str, Defect] = {
    "exact repeat": lambda i, d: i,
    "repeat with other letters": lambda i, d: replace_fields(
        i,
        **{
            get_text_field(i): i[get_text_field(i)]
            .replace("ی", "ي")
            .replace("ک", "ك")
            .replace("\u200c", " ")
        },
    ),
    "repeat with another age and sex": lambda i, d: replace_fields(
        i, **{get_text_field(i): change_age(i[get_text_field(i)])}
    ),
}


def change_age(text: str) -> str:
    swapped = re.sub(r"\b(مرد|زن)\b", lambda m: {"مرد": "زن", "زن": "مرد"}[m[0]], text)
    return re.sub(r"[۰-۹]+(?= ساله)", "۹۳", swapped)


def can_plant(applies: str, kind: str, item: Fields) -> bool:
    """Whether a defect can be planted in an item."""
    named = kind == "pair" or any(
        item["options"][item["answer"] - 1] == p.section for p in find_lists("نشانه‌ها")
    )
    return {"any": True, "named": named, "attribute": kind == "question" and not named}.get(
        applies, applies == kind
    )
