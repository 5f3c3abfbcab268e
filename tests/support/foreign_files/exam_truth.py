"""What the files of foreign_files hold: questions and pairs that are known before a file is made, so that every row's right
option is known apart from the code that reads it."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

WORDS = {
    "en": {
        "stems": [
            "A {n}-year-old {who} has {sign}, worse at night. Which of these is most likely?",
            "{who}, {n} years, with {sign}; what is the diagnosis?",
        ],
        "who": ["woman", "man", "child"],
        "signs": [
            "wheezing",
            "chest pain",
            "a barking cough",
            "weight loss",
            "joint pain",
            "a rash",
        ],
        "illnesses": [
            "Asthma",
            "Crohn's disease",
            "Acute myocardial infarction (STEMI)",
            "Type 2 diabetes mellitus",
            "Gout",
            "Community-acquired pneumonia, bacterial",
            "B-cell lymphoma",
            "Ménière's disease",
        ],
    },
    "fa": {
        "stems": [
            "{who} {n} ساله با {sign} مراجعه کرده است، محتمل‌ترین تشخیص کدام است؟",
            "در {who} {n} ساله‌ای که {sign} دارد کدام مورد درست است؟",
        ],
        "who": ["زن", "مرد", "کودک"],
        "signs": ["خس‌خس سینه", "درد قفسهٔ سینه", "سرفهٔ خونی", "کاهش وزن", "درد مفاصل", "بثورات"],
        "illnesses": [
            "آسم",
            "بیماری کرون",
            "سکتهٔ قلبی حاد",
            "دیابت نوع ۲",
            "نقرس",
            "ذات‌الریه",
            "لنفوم سلول B",
            "کم‌خونی فقر آهن",
        ],
    },
    "fr": {
        "stems": ["Patient de {n} ans ({who}) avec {sign} : quel est le diagnostic ?"],
        "who": ["femme", "homme", "élève"],
        "signs": ["une toux sèche", "des œdèmes", "une fièvre élevée", "des céphalées"],
        "illnesses": [
            "Asthme",
            "Pneumopathie",
            "Lupus érythémateux",
            "Goutte",
            "Hépatite",
            "Grippe",
        ],
    },
    "de": {
        "stems": ["{who}, {n} Jahre, mit {sign}: Welche Diagnose trifft zu?"],
        "who": ["Frau", "Mann", "Schülerin"],
        "signs": ["Müdigkeit", "Übelkeit", "Schüttelfrost", "Gelenkschmerzen"],
        "illnesses": [
            "Lungenentzündung",
            "Röteln",
            "Gicht",
            "Schuppenflechte",
            "Grippe",
            "Größenwahn",
        ],
    },
    "ru": {
        "stems": ["{who}, {n} лет, жалобы: {sign}. Какой диагноз вероятен?"],
        "who": ["Мужчина", "Женщина", "Ребёнок"],
        "signs": ["кашель", "боль в груди", "лихорадка", "сыпь"],
        "illnesses": ["Астма", "Пневмония", "Подагра", "Гепатит", "Малярия", "Грипп"],
    },
    "tr": {
        "stems": ["{n} yaşında {who}, {sign} var. En olası tanı hangisidir?"],
        "who": ["erkek", "kadın", "çocuk"],
        "signs": ["öksürük", "göğüs ağrısı", "yüksek ateş", "döküntü"],
        "illnesses": ["Astım", "Zatürre", "Gut", "Sıtma", "Kızamık", "Grip"],
    },
    "es": {
        "stems": ["Paciente de {n} años ({who}) con {sign}. ¿Cuál es el diagnóstico?"],
        "who": ["niño", "mujer", "varón"],
        "signs": ["tos seca", "dolor torácico", "fiebre", "erupción"],
        "illnesses": ["Asma", "Neumonía", "Gota", "Hepatitis", "Paludismo", "Gripe española"],
    },
    "ar": {
        "stems": ["{who} عمره {n} سنة يعاني من {sign}، ما هو التشخيص الأرجح؟"],
        "who": ["رجل", "طفل", "مريض"],
        "signs": ["سعال جاف", "ألم في الصدر", "حمى شديدة", "صداع"],
        "illnesses": ["الربو", "ذات الرئة", "النقرس", "التهاب الكبد", "الملاريا", "السل"],
    },
}
NUMERIC = {  # options that are numbers, or look like keys: the texts of others' options and places are mixed up easily
    "en": [
        ("How many lobes has the right lung?", ["2", "3", "4", "5"], 2),
        ("Which blood group is the universal donor of plasma?", ["O", "AB", "B", "A"], 2),
        ("Which dose of digoxin is usual?", ["0.25 mg", "2.5 mg", "25 mg", "250 mg"], 1),
        ("Which vitamin prevents scurvy?", ["A", "D", "C", "K"], 3),
        (
            "How long does a common cold last?",
            ["1-2 weeks", "2-3 weeks", "3-4 weeks", "4-8 weeks"],
            1,
        ),
        ("How many chambers has the heart?", ["4", "3", "2", "1"], 1),
    ],
    "fa": [
        ("ریهٔ راست چند لوب دارد؟", ["۲", "۳", "۴", "۵"], 2),
        ("کدام ویتامین از اسکوربوت پیشگیری می‌کند؟", ["A", "D", "C", "K"], 3),
        ("قلب چند حفره دارد؟", ["۴", "۳", "۲", "۱"], 1),
        (
            "دوز معمول دیگوکسین چقدر است؟",
            ["۰٫۲۵ میلی‌گرم", "۲٫۵ میلی‌گرم", "۲۵ میلی‌گرم", "۲۵۰ میلی‌گرم"],
            1,
        ),
    ],
}


class Exam(NamedTuple):
    """One question of an exam."""

    stem: str
    options: list[str]
    right: int  # from 1

    @property
    def key(self) -> str:
        """The text of the right option."""
        return self.options[self.right - 1]


class Case(NamedTuple):
    """One pair: signs and what they are."""

    signs: list[str]
    illness: str


Row = tuple[
    str, str
]  # what is to be read of it: stem and text of the right option, or signs and illness


class ForeignFile(NamedTuple):
    """A file as somebody brings it, and what every reader must find in it."""

    name: str
    content: bytes | Callable[[Path], Any]
    truth: list[Row]  # rows that are four-option questions, or pairs; any other row must be refused
    kind: str = "question"
    language: str = "en"
    given: dict[str, Any] | None = None  # generation.columns

    def write(self, folder: Path) -> Path:
        """The file in a folder."""
        path = folder / self.name
        if isinstance(self.content, bytes):
            path.write_bytes(self.content)
        else:
            self.content(path)
        return path


def write_old_persian(text: str) -> str:
    """Persian as Windows-1256 holds it: Arabic ye and kaf, ASCII digits, no half-space and hamze."""
    letters = {"ی": "ي", "ک": "ك", "‌": " ", "ٔ": "", "٫": "."}
    return text.translate(
        str.maketrans(letters | dict(zip("۰۱۲۳۴۵۶۷۸۹", "0123456789", strict=True)))
    )


def list_truth(exam: list[Exam]) -> list[Row]:
    """What is to be read of an exam."""
    return [(one.stem, one.key) for one in exam]


def draw_exam(language: str, count: int = 24, options: int = 4, numeric: bool = True) -> list[Exam]:
    """Questions with the keys at all places; every fifth has options that are numbers or letters."""
    draw, words, exam = random.Random(f"{language} {count} {options}"), WORDS[language], []
    hard = NUMERIC.get(language, []) if numeric and options == 4 else []
    for number in range(count):
        if hard and number % 5 == 4:
            stem, texts, right = hard[number // 5 % len(hard)]
            exam.append(Exam(f"{stem} ({number})", list(texts), right))
            continue
        texts = draw.sample(words["illnesses"], options)
        stem = draw.choice(words["stems"]).format(
            n=20 + number, who=draw.choice(words["who"]), sign=draw.choice(words["signs"])
        )
        exam.append(Exam(stem, texts, number % options + 1))
    return exam


def draw_cases(language: str, count: int = 24) -> list[Case]:
    """Pairs; each has another set of signs."""
    draw, words = random.Random(f"cases {language}"), WORDS[language]
    signs = [f"{sign} {number}" for sign in words["signs"] for number in range(2, 8)]
    return [Case(draw.sample(signs, 3), draw.choice(words["illnesses"])) for _ in range(count)]
