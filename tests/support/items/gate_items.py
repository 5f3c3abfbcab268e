"""Small books and items for the tests of the gate."""

import json
from typing import Any

from tasks.schemas.item_rows import Draft, Pair, Passage, Question

ASTHMA = Passage(
    id="p010-01",
    chapter="دستگاه تنفس",
    section="آسم",
    heading="نشانه‌ها",
    page=10,
    text="نشانه‌های اصلی آسم عبارت‌اند از:\n- خس‌خس سینه هنگام بازدم\n- تنگی نفس شبانه بدون تب\n- سرفهٔ خشک پس از ورزش\n"
    "در ۱۲.۵ درصد بیماران فشار خون ۱۴۰/۹۰ دیده می‌شود و HbA1c آن‌ها ۶٫۵ است. سالبوتامول در حمله می‌تواند لازم شود و آسپرین مجاز نیست.",
)
COPD = Passage(
    id="p011-01",
    chapter="دستگاه تنفس",
    section="برونشیت مزمن",
    heading="نشانه‌ها",
    page=11,
    text="نشانه‌های برونشیت مزمن:\n- سرفهٔ خلط‌دار صبحگاهی\n- کبودی لب‌ها\n- پف پاها در برابر آسم که پف ندارد",
)
EMBOLISM = Passage(
    id="p012-01",
    chapter="دستگاه تنفس",
    section="آمبولی ریه",
    heading="نشانه‌ها",
    page=12,
    text="- درد جنبی ناگهانی\n- هموپتزی پس از جراحی\n- ورم یک ساق",
)
PNEUMONIA = Passage(
    id="p013-01",
    chapter="دستگاه تنفس",
    section="پنومونی",
    heading="نشانه‌ها",
    page=13,
    text="- تب بالا با لرز\n- خلط زنگاری\n- رال کانونی در سمع",
)
BOOK = [ASTHMA, COPD, EMBOLISM, PNEUMONIA]

PAIR = {
    "symptom": "زن ۲۳ ساله با خس‌خس سینه هنگام بازدم و تنگی نفس شبانه",
    "diagnosis": "آسم",
    "page": 10,
    "quote": "خس‌خس سینه هنگام بازدم",
}
QUESTION = {
    "question": "صدای سوت‌مانند سینه و سرفهٔ خشک پس از ورزش در جوانی ۲۰ ساله به سود کدام بیماری است؟",
    "options": ["پنومونی", "آسم", "آمبولی ریه", "برونشیت مزمن"],
    "answer": 2,
    "page": 10,
    "quote": "سرفهٔ خشک پس از ورزش",
}


def build_draft(
    *items: Any,
    kind: str = "pair",
    raw: str | None = None,
    finish: str = "stop",
    asked: int = 0,
    number: int = 0,
) -> Draft:
    """A response that holds these items; shown: the whole small book."""
    text = json.dumps({"items": items}, ensure_ascii=False) if raw is None else raw
    return Draft.model_validate(
        {
            "id": f"draft-{number}",
            "kind": kind,
            "passages": tuple(p.id for p in BOOK),
            "asked": asked or max(1, len(items)),
            "writer": "gpt-4o",
            "raw": text,
            "finish": finish,
        }
    )


def build_pair(
    number: int, fact: str, diagnosis: str | None = None, symptom: str | None = None
) -> Pair:
    return Pair(
        id=f"pair-{number:04}",
        fact=fact,
        symptom=symptom or f"بیمار شمارهٔ {number} با نشانه‌های {fact}",
        diagnosis=diagnosis or fact,
    )


def build_question(
    number: int,
    fact: str,
    key: int = 1,
    stem: str | None = None,
    options: tuple[str, str, str, str] | None = None,
) -> Question:
    given = options or (f"{fact} الف", f"{fact} ب", f"{fact} ج", f"{fact} د")
    return Question(
        id=f"question-{number:04}",
        fact=fact,
        question=stem or f"پرسش {number} دربارهٔ {fact}؟",
        options=given,
        answer=key,
    )
