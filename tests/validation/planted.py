"""Good items made from the handbook, and the same items with one planted defect each."""

import json
import random
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from handbook_passages import handbook

from tasks.records import Draft, Passage

Fields = dict[str, Any]
STEMS = (
    "پزشک با دیدن {} در یک بیمار {} ساله باید پیش از همه به کدام بیماری بیندیشد؟",
    "اگر بیماری {1} ساله از {0} رنج ببرد، محتمل‌ترین تشخیص کدام است؟",
    "کدام بیماری {} را در فردی {} ساله بهتر از بقیه توضیح می‌دهد؟",
)
VIGNETTES = ("{who} {age} ساله با {signs} مراجعه کرده است", "{who} {age} ساله که {signs} دارد", "{who} {age} ساله با شکایت از {signs}")


@lru_cache(maxsize=1)
def book() -> tuple[Passage, ...]:
    """All passages of the handbook."""
    return tuple(p for passages in handbook().values() for p in passages)


def bullets(passage: Passage) -> list[str]:
    """The list items of a passage."""
    return [line.removeprefix("- ") for line in passage.text.split("\n") if line.startswith("- ")]


@lru_cache
def lists(heading: str) -> list[Passage]:
    """The passages under a heading that hold a list of three or more."""
    return [p for p in book() if p.heading == heading and len(bullets(p)) >= 3]


def good_items(number: int, seed: int = 0) -> list[tuple[str, Fields]]:
    """(kind, fields): half pairs, half questions on diagnoses, signs and complications; every one different."""
    draw = random.Random(seed)
    makers = [good_pair, good_pair, good_diagnosis, good_attribute]
    made: dict[str, tuple[str, Fields]] = {}
    while len(made) < number:
        kind, item = makers[len(made) % 4](draw)
        said = frozenset(re.findall(r"\w+", item.get("symptom") or item["question"])) - {str(i) for i in range(100)}
        made.setdefault(str(sorted(said - frozenset(DIGITS))), (kind, item))
    return list(made.values())


DIGITS = [str(n).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")) for n in range(100)]


def good_pair(draw: random.Random) -> tuple[str, Fields]:
    passage = draw.choice(lists("نشانه‌ها"))
    signs = draw.sample(bullets(passage), 3)
    text = draw.choice(VIGNETTES).format(who=draw.choice(["مرد", "زن"]), age=draw.choice(DIGITS[18:90]), signs=joined(signs))
    return "pair", {"symptom": text, "diagnosis": passage.section, "page": passage.page, "quote": signs[0]}


def good_diagnosis(draw: random.Random) -> tuple[str, Fields]:
    passage = draw.choice(lists("نشانه‌ها"))
    signs = draw.sample(bullets(passage), 3)
    others = sorted({p.section for p in book() if p.chapter == passage.chapter and p.section and p.heading} - {passage.section})
    text = draw.choice(STEMS).format(joined(signs), draw.choice(DIGITS[18:90]))
    return "question", question(text, passage.section, draw.sample(others, 3), passage, signs[0], draw)


def good_attribute(draw: random.Random) -> tuple[str, Fields]:
    """What a named condition leads to, or shows; the distractors are of conditions whose text says nothing of the kind."""
    heading = draw.choice(["عوارض", "نشانه‌ها"])
    passage = draw.choice(lists(heading))
    right = draw.choice(bullets(passage))
    far = [b for p in lists(heading) if p.chapter != passage.chapter for b in bullets(p)]
    text = f"کدام {'عارضه' if heading == 'عوارض' else 'نشانه'} در سیر {passage.section} {draw.choice(['انتظار می‌رود', 'دیده می‌شود', 'پدید می‌آید'])}؟"
    return "question", question(text, right, draw.sample(sorted({b for b in far if not alike(b, passage.text)}), 3), passage, right, draw)


def alike(phrase: str, text: str) -> bool:
    """Whether a text holds one of the longer words of a phrase."""
    return any(w in text for w in re.findall(r"\w{3,}", phrase))


def question(text: str, key: str, others: list[str], passage: Passage, quote: str, draw: random.Random) -> Fields:
    options = [key, *others]
    draw.shuffle(options)
    return {"question": text, "options": options, "answer": options.index(key) + 1, "page": passage.page, "quote": quote}


def joined(signs: list[str]) -> str:
    return "، ".join(signs[:-1]) + " و " + signs[-1]


def passage_of(item: Fields) -> Passage:
    """The passage that a good item quotes."""
    return next(p for p in book() if p.page == item["page"] and item["quote"] in p.text)


def shown_to(item: Fields) -> list[Passage]:
    """A writer is shown a section and its neighbour."""
    pages = {item["page"], item["page"] + 1}
    return [p for p in book() if p.page in pages]


def draft(kind: str, raw: str, number: int, shown: list[Passage]) -> Draft:
    return Draft(
        id=f"draft-{number}",
        kind="pair" if kind == "pair" else "question",
        passages=tuple(p.id for p in shown),
        asked=1,
        writer="planted",
        raw=raw,
    )


def text_field(item: Fields) -> str:
    return "symptom" if "symptom" in item else "question"


def other_condition(item: Fields, draw: random.Random) -> Passage:
    """The signs of another condition of the same chapter."""
    here = passage_of(item)
    return draw.choice([p for p in lists("نشانه‌ها") if p.chapter == here.chapter and p.section != here.section])


Defect = Callable[[Fields, random.Random], Fields | str]


def changed(item: Fields, **fields: Any) -> Fields:
    return {**item, **fields}


def without(item: Fields, field: str) -> Fields:
    return {k: v for k, v in item.items() if k != field}


def key(item: Fields) -> str:
    return str(item["options"][item["answer"] - 1])


def with_option(item: Fields, place: int, text: str) -> Fields:
    options = list(item["options"])
    options[place % 4] = text
    return changed(item, options=options)


def swapped_signs(item: Fields, draw: random.Random) -> Fields:
    signs = joined(draw.sample(bullets(other_condition(item, draw)), 3))
    form = "مرد ۵۲ ساله با {} مراجعه کرده است" if "symptom" in item else "محتمل‌ترین تشخیص در بیماری با {} کدام است؟"
    return changed(item, **{text_field(item): form.format(signs)})


def neighbour_quote(item: Fields, draw: random.Random) -> Fields:
    other = other_condition(item, draw)
    return changed(item, page=other.page, quote=draw.choice(bullets(other)))


def altered_quote(item: Fields, draw: random.Random) -> Fields:
    """One word of a long quote is another one."""
    sentences = [s for p in shown_to(item) if p.page == item["page"] for s in re.split(r"(?<=\.)\s|\n", p.text)]
    tokens = max(sentences, key=len).split()
    tokens[draw.randrange(1, len(tokens) - 1)] = draw.choice(["هرگز", "بدون", "ریفامپین", "دوازده", "ناشناخته"])
    return changed(item, quote=" ".join(tokens))


def second_right(item: Fields, draw: random.Random) -> Fields:
    right = [b for b in bullets(passage_of(item)) if b not in item["options"]]
    return with_option(item, item["answer"], draw.choice(right))


def words_reversed(text: str) -> str:
    return " ".join(reversed(text.split()))


ALL = "any"
DEFECTS: dict[str, tuple[str, Defect]] = {
    "JSON cut off": (ALL, lambda i, d: (raw := json.dumps(i, ensure_ascii=False))[: d.randrange(len(raw) // 3, len(raw) - 3)]),
    "field missing": (ALL, lambda i, d: without(i, d.choice([text_field(i), "quote", "answer" if "answer" in i else "diagnosis"]))),
    "quote invented": (ALL, lambda i, d: changed(i, quote=d.choice(["این نشانه در بیشتر بیماران گزارش شده است.", "بر پایهٔ مطالعات، شیوع آن رو به فزونی است."]))),
    "quote altered in one word": (ALL, altered_quote),
    "quote of a neighbouring section": ("named", neighbour_quote),
    "words in reversed order": (ALL, lambda i, d: changed(i, **{text_field(i): words_reversed(i[text_field(i)])})),
    "wrong diagnosis": ("pair", lambda i, d: changed(i, diagnosis=other_condition(i, d).section)),
    "vignette of another condition": ("named", swapped_signs),
    "diagnosis told in the vignette": ("pair", lambda i, d: changed(i, symptom=f"{i['symptom']} و سابقهٔ {i['diagnosis']} دارد")),
    "two diagnoses": ("pair", lambda i, d: changed(i, diagnosis=f"{i['diagnosis']} یا {other_condition(i, d).section}")),
    "five options": ("question", lambda i, d: changed(i, options=[*i["options"], "بیماری کرون"])),
    "three options": ("question", lambda i, d: changed(i, options=i["options"][:3])),
    "key out of range": ("question", lambda i, d: changed(i, answer=d.choice([0, 5, 12, -1]))),
    "key illegible": ("question", lambda i, d: changed(i, answer=d.choice(["۲ و ۳", "هیچ‌کدام", None, True, [1, 3]]))),
    "wrong key": ("question", lambda i, d: changed(i, answer=i["answer"] % 4 + 1)),
    "options reversed, key left": ("question", lambda i, d: changed(i, options=i["options"][::-1])),
    "words of the options reversed": (
        "question",
        lambda i, d: changed(i, options=[words_reversed(o) for o in i["options"]], answer=5 - i["answer"]),
    ),
    "repeated option": ("question", lambda i, d: with_option(i, i["answer"], i["options"][(i["answer"] + 1) % 4].replace("ی", "ي"))),
    "overlapping options": ("question", lambda i, d: with_option(i, i["answer"], f"{i['options'][(i['answer'] + 1) % 4]} و تب")),
    "all or none of the above": ("question", lambda i, d: with_option(i, i["answer"], d.choice(["همهٔ موارد", "هیچ‌کدام", "گزینه‌های ۱ و ۲", "تمام موارد بالا"]))),
    "key in the stem": ("question", lambda i, d: changed(i, question=f"{i['question'].rstrip('؟')} ({key(i)})؟")),
    "answer told": ("question", lambda i, d: changed(i, question=f"{i['question']} (پاسخ درست: {i['answer']})")),
    "key much longer": (
        "question",
        lambda i, d: with_option(i, i["answer"] - 1, f"{key(i)} که در این بیمار با توجه به شرح حال و معاینه و یافته‌های همراه از همه محتمل‌تر است"),
    ),
    "negative stem unmarked": ("question", lambda i, d: changed(i, question=f"همهٔ موارد زیر دربارهٔ {passage_of(i).section} درست است به‌جز کدام؟")),
    "stem without a question": ("question", lambda i, d: changed(i, question=re.sub(r"کدام|؟|چیست", "", i["question"]).strip() + ".")),
    "absolute term": ("question", lambda i, d: with_option(i, i["answer"], f"همیشه {i['options'][i['answer'] % 4]}")),
    "second right option": ("attribute", second_right),
    "number out of nowhere": ("attribute", lambda i, d: with_option(i, i["answer"] - 1, f"{key(i)} تا ۷۵ درصد")),
    "quote empty": (ALL, lambda i, d: changed(i, quote=d.choice(["", " ", "…", None]))),
}  # fmt: skip
REPEATS: dict[str, Defect] = {
    "exact repeat": lambda i, d: i,
    "repeat with other letters": lambda i, d: changed(
        i, **{text_field(i): i[text_field(i)].replace("ی", "ي").replace("ک", "ك").replace("\u200c", " ")}
    ),
    "repeat with another age and sex": lambda i, d: changed(i, **{text_field(i): aged(i[text_field(i)])}),
}


def aged(text: str) -> str:
    swapped = re.sub(r"\b(مرد|زن)\b", lambda m: {"مرد": "زن", "زن": "مرد"}[m[0]], text)
    return re.sub(r"[۰-۹]+(?= ساله)", "۹۳", swapped)


def fits(applies: str, kind: str, item: Fields) -> bool:
    """Whether a defect can be planted in an item."""
    named = kind == "pair" or any(item["options"][item["answer"] - 1] == p.section for p in lists("نشانه‌ها"))
    return {"any": True, "named": named, "attribute": kind == "question" and not named}.get(applies, applies == kind)
