"""A model names the same fact otherwise in each request; names and quotes decide what is taught."""

import json

from support.items.gate_runs import validate_drafts

from tasks.schemas.item_rows import Draft, Passage, Question
from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.checks.duplicates import SeenItems
from tasks.validation.splitting.fact_groups import assign_facts
from tasks.validation.validate import PlannedCounts

NAMES = ("Asthma", "Bronchitis", "Pneumonia", "Pleurisy")
SIGNS = {
    "Asthma": ("wheezing at night", "tightness after exercise", "cough with cold air"),
    "Bronchitis": ("morning phlegm for months", "hoarse rattling breath", "cough after smoking"),
    "Pneumonia": ("rusty sputum", "shaking chills", "crackles over one lobe"),
    "Pleurisy": (
        "stabbing pain on breathing in",
        "rubbing sound on listening",
        "pain in the shoulder tip",
    ),
}


def sentence(name):
    a, b, c = SIGNS[name]
    return f"{name} shows itself by {a}, {b} and {c}."


PASSAGES = [
    Passage(id=f"p{i:03}-01", chapter="Lungs", section=n, heading="Signs", page=i, text=sentence(n))
    for i, n in enumerate(NAMES, 1)
]


def drafts(writer):
    for i, name in enumerate(NAMES, 1):
        a, b, c = SIGNS[name]
        pair = {
            "fact": f"first wording {i}",
            "symptom": f"A man of 40 with {a} and {b}",
            "diagnosis": name,
            "page": i,
            "quote": sentence(name),
        }
        question = {
            "fact": f"other wording {i}",
            "question": f"Which condition explains {c} together with {a} in a woman of 30?",
            "options": list(NAMES),
            "answer": NAMES.index(name) + 1,
            "page": i,
            "quote": sentence(name),
        }
        for kind, item in (("pair", pair), ("question", question)):
            yield Draft(
                id=f"{kind}{i}",
                kind=kind,
                passages=(f"p{i:03}-01",),
                asked=1,
                writer=writer,
                raw=json.dumps({"items": [item]}),
            )


def gate(writer):
    return validate_drafts(
        drafts(writer),
        PASSAGES,
        ValidationPlan(new_fact_share=0, held_out_share=0),
        "en",
        wanted=PlannedCounts(),
    )


def test_a_question_on_a_taught_diagnosis_is_taught_whatever_the_model_calls_its_fact():
    found = gate("gpt-4o")
    assert (len(found.same_fact), len(found.new_fact)) == (4, 0)
    assert {q.fact for q in found.same_fact} == {p.fact for p in found.pairs}


def test_the_facts_of_rules_stand():
    found = gate("rules")
    assert {p.fact for p in found.pairs} == {f"first wording {i}" for i in range(1, 5)}


def own(identity, stem, key, fact=""):
    options = (key, "گزینهٔ دوم", "گزینهٔ سوم", "گزینهٔ چهارم")
    return Question(id=identity, fact=fact, question=stem, options=options, answer=1)


def test_own_questions_without_facts_are_grouped_by_key_and_by_stem():
    stem = "کدام دارو برای درمان بیمار ۴۰ ساله با تب بالا و سرفهٔ خشک و درد سینه مناسب‌تر است؟"
    rows = [
        own("a", stem, "آسپرین"),
        own("b", "پرسشی دیگر دربارهٔ خون‌ریزی گوارشی که همین کلید را دارد", "آسپرین"),
        own("c", stem.replace("۴۰", "۷۰"), "دیگوکسین"),
        own("d", "پرسشی که با هیچ‌یک از آن‌ها یکی نیست و کلید دیگری دارد", "انسولین"),
        own("e", stem, "وارفارین", fact="given"),
    ]
    alone = [q.fact for q in assign_facts([], rows).questions]
    assert alone[0] == alone[1] and len(set(alone)) == 4
    stems = SeenItems("fa", ValidationPlan())
    joined = [q.fact for q in assign_facts([], rows, stems=stems).questions]
    assert joined[0] == joined[1] == joined[2] and len(set(joined)) == 3 and joined[4] == "given"


def test_own_questions_with_one_short_stem_are_one_fact_whatever_their_keys_and_neighbours():
    def ask(number, stem, key, fact=""):
        options = (key, "none", "all", "some")
        return Question(
            id=f"q{number}", fact=fact, question=stem, options=options, answer=1, kind="diagnosis"
        )

    asked = [
        ask(1, "What is worst?", "fever", "given"),
        ask(2, "What is worst?", "cough"),
        ask(3, "What is worst?", "rash"),
        ask(4, "What is best?", "rest"),
        ask(5, "What is worst?", "chill"),
    ]
    facts = [q.fact for q in assign_facts([], asked, stems=SeenItems("en", ValidationPlan())).questions]  # fmt: skip
    assert facts[0] == "given" and facts[1] == facts[2] == facts[4]
    assert len(set(facts)) == 3
