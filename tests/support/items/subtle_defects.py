"""Subtler defects than in planted.py, thought up after the rules were there; and good items in other words than the rules were tuned on."""

import random
import re
from typing import Any

from support.items.planted_defects import (
    ALL,
    DIGITS,
    Defect,
    Fields,
    build_question,
    find_lists,
    find_passage,
    get_key,
    get_text_field,
    join_signs,
    list_bullets,
    load_book,
    replace_fields,
    replace_option,
    sample_other_signs,
    shares_word,
)

DENIED = [
    (p, sentence, found)
    for p in load_book()
    if p.section and p.heading
    for sentence in re.split(r"(?<=\.)\s|\n", p.text)
    if (
        found := re.search(
            r"((?:\S+ ){1,2}\S+) (?:لازم|دیده|شنیده|وجود|شایع)? ?(?:نیست|ندارد|نمی‌شود)[.؛،]",
            sentence,
        )
    )
]


def deny_all_signs(item: Fields, draw: random.Random) -> Fields:
    first, second, third = draw.sample(list_bullets(find_passage(item)), 3)
    told = f"۴۴ ساله بدون {first}، بدون {second} و بدون {third}"
    form = (
        "مرد {} مراجعه کرده است" if "symptom" in item else "محتمل‌ترین تشخیص در بیمار {} کدام است؟"
    )
    return replace_fields(item, **{get_text_field(item): form.format(told)})


def mix_other_signs(item: Fields, draw: random.Random) -> Fields:
    signs = join_signs(
        [
            *draw.sample(list_bullets(find_passage(item)), 1),
            *draw.sample(list_bullets(sample_other_signs(item, draw)), 3),
        ]
    )
    form = (
        "مرد ۵۲ ساله با {} مراجعه کرده است"
        if "symptom" in item
        else "محتمل‌ترین تشخیص در بیماری با {} کدام است؟"
    )
    return replace_fields(item, **{get_text_field(item): form.format(signs)})


def use_denied_key(item: Fields, draw: random.Random) -> Fields:
    """What the quoted sentence says is absent."""
    passage, sentence, found = draw.choice(DENIED)
    far = [b for p in find_lists("عوارض") if p.chapter != passage.chapter for b in list_bullets(p)]
    stem = f"کدام ویژگی در سیر {passage.section} به چشم می‌خورد؟"
    return build_question(stem, found[1], draw.sample(far, 3), passage, sentence, draw)


def reword_key(item: Fields, draw: random.Random) -> Fields:
    right = [
        b
        for b in list_bullets(find_passage(item))
        if b not in item["options"] and len(b.split()) > 1
    ] or list_bullets(find_passage(item))
    first, *rest = draw.choice(right).split()
    return replace_option(item, item["answer"], " ".join([*rest, "و", first]))


def misspell_key(item: Fields, draw: random.Random) -> Fields:
    word = max(get_key(item).split(), key=len)
    place = len(word) // 2
    return replace_option(
        item,
        item["answer"] - 1,
        get_key(item).replace(word, f"{word[:place]}{draw.choice('گژظ')}{word[place + 1 :]}"),
    )


def change_digit(item: Fields, draw: random.Random) -> Fields:
    rows = [
        (p, s)
        for p in load_book()
        if p.section
        for s in re.split(r"(?<=\.)\s|\n", p.text)
        if re.search("[۰-۹]", s) and len(s.split()) > 6
    ]
    passage, sentence = draw.choice(rows)
    digit = draw.choice(re.findall("[۰-۹]", sentence))
    return replace_fields(
        item,
        page=passage.page,
        quote=sentence.replace(digit, DIGITS[(DIGITS.index(digit) + draw.randrange(1, 9)) % 10], 1),
    )


def use_foreign_key(item: Fields, draw: random.Random) -> Fields:
    foreign = [
        b
        for b in list_bullets(sample_other_signs(item, draw))
        if not shares_word(b, find_passage(item).text)
    ]
    return replace_option(item, item["answer"] - 1, draw.choice(foreign or ["لکه‌های قهوه‌ای ناخن"]))


def list_signs(condition: str) -> list[str]:
    return [b for p in find_lists("نشانه‌ها") if p.section == condition for b in list_bullets(p)]


def open_with(*starts: str) -> Defect:
    return lambda i, d: replace_fields(
        i, **{get_text_field(i): d.choice(starts) + i[get_text_field(i)]}
    )


def change_text(change: Any) -> Defect:
    return lambda i, d: replace_fields(i, **{get_text_field(i): change(i[get_text_field(i)])})


ENGLISH = {
    "symptom": "A 45-year-old man presents with fever and cough",
    "question": "What is the most likely diagnosis in a 45-year-old man?",
}
SUBTLE: dict[str, tuple[str, Defect]] = {
    "all signs denied in the vignette": ("named", deny_all_signs),
    "one sign of the key, three of another": ("named", mix_other_signs),
    "key denied by its own quote": ("attribute", use_denied_key),
    "second right option in other words": ("attribute", reword_key),
    "key-misspelt": ("attribute", misspell_key),
    "a digit of the quote changed": (ALL, change_digit),
    "key from the neighbour's list": ("attribute", use_foreign_key),
    "English text in a Persian book": (ALL, lambda i, d: replace_fields(i, **{get_text_field(i): ENGLISH[get_text_field(i)]})),
    "speaks of the text": (ALL, open_with("بر اساس متن بالا، ", "طبق متن کتاب، ", "با توجه به بخش ارائه‌شده، ")),
    "stray-letters": (ALL, open_with("؛ب ", "x9 ", "، ل ")),
    "impossible-age": (ALL, lambda i, d: replace_fields(i, **{get_text_field(i): f"مرد ۳۵۰ ساله، {i[get_text_field(i)]}"})),
    "template left in": (ALL, lambda i, d: replace_fields(i, **{get_text_field(i): d.choice(["{symptom}", "[شرح حال بیمار]", "<question>"])})),
    "markup left in": (ALL, change_text(lambda t: f"<p>{t}</p>")),
    "bytes read in another encoding": (ALL, change_text(lambda t: t.encode().decode("latin-1"))),
    "question marks for letters": (ALL, change_text(lambda t: re.sub("[یکگپ]", "?", t))),
    "letters reversed": (ALL, change_text(lambda t: t[::-1])),
    "two-questions-in-one": ("question", change_text(lambda t: f"{t} و درمان آن چیست؟")),
    "all of the above in other words": ("question", lambda i, d: replace_option(i, i["answer"], d.choice(["موارد ۱ و ۳ صحیح است", "هر سه مورد", "همهٔ گزینه‌ها"]))),
    "generic diagnosis": ("pair", lambda i, d: replace_fields(i, diagnosis=d.choice(["بیماری قلبی", "عفونت", "اختلال گوارشی"]))),
    "a-sign-for-a-diagnosis": ("pair", lambda i, d: replace_fields(i, diagnosis=d.choice(list_signs(i["diagnosis"])))),
    "treatment for a diagnosis": ("pair", lambda i, d: replace_fields(i, diagnosis=f"درمان {i['diagnosis']}")),
    "diagnosis denied": ("pair", lambda i, d: replace_fields(i, diagnosis=d.choice(["رد {}", "{} نیست"]).format(i["diagnosis"]))),
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
ASKED = (
    "از میان موارد زیر، کدام یک از {} به شمار می‌آید؟",
    "یکی از {} کدام است؟",
    "بروز کدام مورد در {} محتمل‌تر است؟",
)


def make_other_good_items(number: int, seed: int = 0) -> list[tuple[str, Fields]]:
    """(kind, fields) of sound items in words that the rules were not tuned on."""
    draw = random.Random(seed)
    return [
        (_make_pair, _make_diagnosis_question, _make_attribute_question)[n % 3](draw)
        for n in range(number)
    ]


def _make_pair(draw: random.Random) -> tuple[str, Fields]:
    passage = draw.choice(find_lists("نشانه‌ها"))
    signs = draw.sample(list_bullets(passage), 3)
    text = draw.choice(VIGNETTES).format(
        who=draw.choice(["خانمی", "آقایی", "کارگری"]),
        age=draw.choice(DIGITS[18:90]),
        signs=join_signs(signs),
    )
    return "pair", {
        "symptom": text,
        "diagnosis": passage.section,
        "page": passage.page,
        "quote": signs[1],
    }


def _make_diagnosis_question(draw: random.Random) -> tuple[str, Fields]:
    passage = draw.choice(find_lists("نشانه‌ها"))
    signs = draw.sample(list_bullets(passage), 3)
    others = sorted(
        {p.section for p in load_book() if p.section and p.heading and p.chapter == passage.chapter}
        - {passage.section}
    )
    return "question", build_question(draw.choice(STEMS).format(join_signs(signs), draw.choice(DIGITS[18:90])), passage.section, draw.sample(others, 3), passage, signs[0], draw)  # fmt: skip


def _make_attribute_question(draw: random.Random) -> tuple[str, Fields]:
    heading = draw.choice(["عوارض", "نشانه‌ها"])
    passage = draw.choice(find_lists(heading))
    right = draw.choice(list_bullets(passage))
    far = sorted(
        {
            b
            for p in find_lists(heading)
            if p.chapter != passage.chapter
            for b in list_bullets(p)
            if not shares_word(b, passage.text)
        }
    )
    stem = draw.choice(ASKED).format(
        f"{'پیامدهای' if heading == 'عوارض' else 'علامت‌های'} {passage.section}"
    )
    return "question", build_question(stem, right, draw.sample(far, 3), passage, right, draw)
