"""Subtler defects than in planted.py, thought up after the rules were there; and good items in other words than the rules were tuned on."""

import random
import re
from typing import Any

from validation.planted import (  # fmt: skip
    ALL,
    DIGITS,
    Defect,
    Fields,
    alike,
    book,
    bullets,
    changed,
    joined,
    key,
    lists,
    other_condition,
    passage_of,
    question,
    text_field,
    with_option,
)

DENIED = [
    (p, sentence, found)
    for p in book()
    if p.section and p.heading
    for sentence in re.split(r"(?<=\.)\s|\n", p.text)
    if (found := re.search(r"((?:\S+ ){1,2}\S+) (?:لازم|دیده|شنیده|وجود|شایع)? ?(?:نیست|ندارد|نمی‌شود)[.؛،]", sentence))
]


def all_denied(item: Fields, draw: random.Random) -> Fields:
    first, second, third = draw.sample(bullets(passage_of(item)), 3)
    told = f"۴۴ ساله بدون {first}، بدون {second} و بدون {third}"
    form = "مرد {} مراجعه کرده است" if "symptom" in item else "محتمل‌ترین تشخیص در بیمار {} کدام است؟"
    return changed(item, **{text_field(item): form.format(told)})


def mostly_another(item: Fields, draw: random.Random) -> Fields:
    signs = joined([*draw.sample(bullets(passage_of(item)), 1), *draw.sample(bullets(other_condition(item, draw)), 3)])
    form = "مرد ۵۲ ساله با {} مراجعه کرده است" if "symptom" in item else "محتمل‌ترین تشخیص در بیماری با {} کدام است؟"
    return changed(item, **{text_field(item): form.format(signs)})


def denied_key(item: Fields, draw: random.Random) -> Fields:
    """What the quoted sentence says is absent."""
    passage, sentence, found = draw.choice(DENIED)
    far = [b for p in lists("عوارض") if p.chapter != passage.chapter for b in bullets(p)]
    stem = f"کدام ویژگی در سیر {passage.section} به چشم می‌خورد؟"
    return question(stem, found[1], draw.sample(far, 3), passage, sentence, draw)


def reworded_second(item: Fields, draw: random.Random) -> Fields:
    right = [b for b in bullets(passage_of(item)) if b not in item["options"] and len(b.split()) > 1] or bullets(passage_of(item))
    first, *rest = draw.choice(right).split()
    return with_option(item, item["answer"], " ".join([*rest, "و", first]))


def misspelt(item: Fields, draw: random.Random) -> Fields:
    word = max(key(item).split(), key=len)
    place = len(word) // 2
    return with_option(item, item["answer"] - 1, key(item).replace(word, f"{word[:place]}{draw.choice('گژظ')}{word[place + 1 :]}"))


def digit_changed(item: Fields, draw: random.Random) -> Fields:
    rows = [(p, s) for p in book() if p.section for s in re.split(r"(?<=\.)\s|\n", p.text) if re.search("[۰-۹]", s) and len(s.split()) > 6]
    passage, sentence = draw.choice(rows)
    digit = draw.choice(re.findall("[۰-۹]", sentence))
    return changed(item, page=passage.page, quote=sentence.replace(digit, DIGITS[(DIGITS.index(digit) + draw.randrange(1, 9)) % 10], 1))


def near_key(item: Fields, draw: random.Random) -> Fields:
    foreign = [b for b in bullets(other_condition(item, draw)) if not alike(b, passage_of(item).text)]
    return with_option(item, item["answer"] - 1, draw.choice(foreign or ["لکه‌های قهوه‌ای ناخن"]))


def signs_of(condition: str) -> list[str]:
    return [b for p in lists("نشانه‌ها") if p.section == condition for b in bullets(p)]


def opened(*starts: str) -> Defect:
    return lambda i, d: changed(i, **{text_field(i): d.choice(starts) + i[text_field(i)]})


def told(change: Any) -> Defect:
    return lambda i, d: changed(i, **{text_field(i): change(i[text_field(i)])})


ENGLISH = {
    "symptom": "A 45-year-old man presents with fever and cough",
    "question": "What is the most likely diagnosis in a 45-year-old man?",
}
SUBTLE: dict[str, tuple[str, Defect]] = {
    "all signs denied in the vignette": ("named", all_denied),
    "one sign of the key, three of another": ("named", mostly_another),
    "key denied by its own quote": ("attribute", denied_key),
    "second right option in other words": ("attribute", reworded_second),
    "key misspelt": ("attribute", misspelt),
    "a digit of the quote changed": (ALL, digit_changed),
    "key from the neighbour's list": ("attribute", near_key),
    "English text in a Persian book": (ALL, lambda i, d: changed(i, **{text_field(i): ENGLISH[text_field(i)]})),
    "speaks of the text": (ALL, opened("بر اساس متن بالا، ", "طبق متن کتاب، ", "با توجه به بخش ارائه‌شده، ")),
    "stray letters": (ALL, opened("؛ب ", "x9 ", "، ل ")),
    "impossible age": (ALL, lambda i, d: changed(i, **{text_field(i): f"مرد ۳۵۰ ساله، {i[text_field(i)]}"})),
    "template left in": (ALL, lambda i, d: changed(i, **{text_field(i): d.choice(["{symptom}", "[شرح حال بیمار]", "<question>"])})),
    "markup left in": (ALL, told(lambda t: f"<p>{t}</p>")),
    "bytes read in another encoding": (ALL, told(lambda t: t.encode().decode("latin-1"))),
    "question marks for letters": (ALL, told(lambda t: re.sub("[یکگپ]", "?", t))),
    "letters reversed": (ALL, told(lambda t: t[::-1])),
    "two questions in one": ("question", told(lambda t: f"{t} و درمان آن چیست؟")),
    "all of the above in other words": ("question", lambda i, d: with_option(i, i["answer"], d.choice(["موارد ۱ و ۳ صحیح است", "هر سه مورد", "همهٔ گزینه‌ها"]))),
    "generic diagnosis": ("pair", lambda i, d: changed(i, diagnosis=d.choice(["بیماری قلبی", "عفونت", "اختلال گوارشی"]))),
    "a sign for a diagnosis": ("pair", lambda i, d: changed(i, diagnosis=d.choice(signs_of(i["diagnosis"])))),
    "treatment for a diagnosis": ("pair", lambda i, d: changed(i, diagnosis=f"درمان {i['diagnosis']}")),
    "diagnosis denied": ("pair", lambda i, d: changed(i, diagnosis=d.choice(["رد {}", "{} نیست"]).format(i["diagnosis"]))),
}  # fmt: skip
VIGNETTES = (
    "{who} {age} ساله به درمانگاه آمده است و {signs} را ذکر می‌کند؛ دارویی مصرف نمی‌کند.",
    "از چند روز پیش {signs} در {who} {age} ساله‌ای پدید آمده و تب ندارد.",
    "در بررسی {who} {age} ساله، {signs} به چشم می‌خورد و سابقهٔ جراحی نداشته است.",
    "{who} {age} ساله بدون سابقهٔ خانوادگی، {signs} را گزارش می‌کند (HR 88/min، دمای ۳۷٫۲).",
)
STEMS = (
    "تظاهر بالینی کدام بیماری {} است؟",
    "در بیماری {1} ساله که {0} دارد و سابقه‌ای نداشته، نخست چه تشخیصی مطرح می‌شود؟",
    "«{}»؛ این شرح حال در فرد {} ساله با کدام تشخیص می‌خواند؟",
)
ASKED = ("از میان موارد زیر، کدام یک از {} به شمار می‌آید؟", "یکی از {} کدام است؟", "بروز کدام مورد در {} محتمل‌تر است؟")


def other_good(number: int, seed: int = 0) -> list[tuple[str, Fields]]:
    """(kind, fields) of sound items in words that the rules were not tuned on."""
    draw = random.Random(seed)
    return [(_pair, _diagnosis, _attribute)[n % 3](draw) for n in range(number)]


def _pair(draw: random.Random) -> tuple[str, Fields]:
    passage = draw.choice(lists("نشانه‌ها"))
    signs = draw.sample(bullets(passage), 3)
    text = draw.choice(VIGNETTES).format(who=draw.choice(["خانمی", "آقایی", "کارگری"]), age=draw.choice(DIGITS[18:90]), signs=joined(signs))
    return "pair", {"symptom": text, "diagnosis": passage.section, "page": passage.page, "quote": signs[1]}


def _diagnosis(draw: random.Random) -> tuple[str, Fields]:
    passage = draw.choice(lists("نشانه‌ها"))
    signs = draw.sample(bullets(passage), 3)
    others = sorted({p.section for p in book() if p.section and p.heading and p.chapter == passage.chapter} - {passage.section})
    return "question", question(draw.choice(STEMS).format(joined(signs), draw.choice(DIGITS[18:90])), passage.section, draw.sample(others, 3), passage, signs[0], draw)  # fmt: skip


def _attribute(draw: random.Random) -> tuple[str, Fields]:
    heading = draw.choice(["عوارض", "نشانه‌ها"])
    passage = draw.choice(lists(heading))
    right = draw.choice(bullets(passage))
    far = sorted({b for p in lists(heading) if p.chapter != passage.chapter for b in bullets(p) if not alike(b, passage.text)})
    stem = draw.choice(ASKED).format(f"{'پیامدهای' if heading == 'عوارض' else 'علامت‌های'} {passage.section}")
    return "question", question(stem, right, draw.sample(far, 3), passage, right, draw)
