"""The embedded writer: what it draws from a handbook, from an English book, and from books that give little."""

import json
from collections import Counter
from itertools import chain
from typing import Any

import pytest
from support.items.handbook_passages import load_handbook, split_chapters

from tasks.generation.quotas import Quota, allocate_quotas
from tasks.generation.rules.rule_writer import write_items_by_rules
from tasks.language.text import fold_text
from tasks.schemas.item_rows import Draft, Passage
from tasks.schemas.plan_sections import GenerationPlan

PLAN = GenerationPlan()
HEART, FINAL_REVIEW = "قلب و عروق", "مرور پایانی"
Item = dict[str, Any]

ENGLISH = [
    (
        "Lungs",
        """# Lungs

## Asthma
### Symptoms
Asthma presents with wheezing at night, a dry cough, tightness of the chest, and breathlessness on exertion.
### Complications
Complications include lung collapse, air leak and respiratory failure.
## Pneumonia
### Symptoms
- high fever with chills
- rusty sputum
- pain on breathing in
- dull percussion note
- rapid breathing
- crackles over one lobe
## Pulmonary embolism
It is most common in pregnancy. Patients complain of sudden breathlessness, swelling of one calf, fainting and stabbing pain.
## Pneumothorax
Young men are affected. The signs include absent breath sounds, a hyperresonant note, a shifted windpipe and sharp pain on one side.
## Tuberculosis
The clinical features are: drenching night sweats, blood in the sputum, loss of weight and a cough that lasts for weeks.
""",
    )
]


@pytest.fixture(scope="module")
def book() -> dict[str, list[Passage]]:
    return load_handbook()


def items(drafts: list[Draft], kind: str | None = None) -> list[Item]:
    return list(
        chain.from_iterable(json.loads(d.raw)["items"] for d in drafts if kind in (None, d.kind))
    )


def test_handbook_gives_exactly_what_is_asked(book: dict[str, list[Passage]]) -> None:
    quotas = allocate_quotas(book, PLAN)
    drafts = [
        write_items_by_rules(passages, quotas[chapter], PLAN, "fa")
        for chapter, passages in book.items()
    ]
    assert [(len(items(d, "pair")), len(items(d, "question"))) for d in drafts] == [
        tuple(q) for q in quotas.values()
    ]


def test_every_quote_stands_in_a_passage_that_was_shown_and_on_its_page(
    book: dict[str, list[Passage]],
) -> None:
    for chapter in (HEART, FINAL_REVIEW):
        shown = {p.id: p for p in book[chapter]}
        for draft in write_items_by_rules(book[chapter], Quota(20, 30), PLAN, "fa"):
            for item in items([draft]):
                assert any(
                    item["quote"] in shown[i].text and shown[i].page == item["page"]
                    for i in draft.passages
                )


def test_same_seed_same_drafts_other_seed_other_drafts(book: dict[str, list[Passage]]) -> None:
    drafts = [
        write_items_by_rules(book[HEART], Quota(9, 9), GenerationPlan(seed=seed), "fa")
        for seed in (0, 0, 1)
    ]
    assert drafts[0] == drafts[1] != drafts[2]


def test_every_case_has_a_sign_in_words_that_no_pair_of_the_topic_has(
    book: dict[str, list[Passage]],
) -> None:
    drafts = write_items_by_rules(book[HEART], Quota(200, 40), PLAN, "fa")
    bullets = {
        line[2:] for p in book[HEART] for line in p.text.split("\n") if line.startswith("- ")
    }
    asked = [q for q in items(drafts, "question") if q["kind"] == "diagnosis"]
    assert asked and not any(q["quote"] in bullets for q in asked)
    assert max(sum(b in q["question"] for b in bullets) for q in asked) == 3  # of four signs
    assert all(p["quote"] in bullets for p in items(drafts, "pair"))


def test_no_two_pairs_of_a_topic_have_the_same_signs(book: dict[str, list[Passage]]) -> None:
    pairs = items(write_items_by_rules(book[HEART], Quota(60, 0), PLAN, "fa"))
    signs = {line[2:] for p in book[HEART] for line in p.text.split("\n") if line.startswith("- ")}
    sets = [(p["diagnosis"], frozenset(s for s in signs if s in p["symptom"])) for p in pairs]
    assert len(set(sets)) == len(sets) == 60


def test_diagnosis_options_are_conditions_of_the_chapter_and_the_key_is_the_topic(
    book: dict[str, list[Passage]],
) -> None:
    conditions = {p.section for p in book[HEART] if p.heading}
    for question in items(write_items_by_rules(book[HEART], Quota(0, 40), PLAN, "fa")):
        key = question["options"][question["answer"] - 1]
        assert len(set(question["options"])) == 4
        if question["kind"] in ("diagnosis", "telling_apart"):
            assert set(question["options"]) <= conditions and question["fact"] == f"{key}/signs"


def test_keys_fall_on_all_four_places(book: dict[str, list[Passage]]) -> None:
    keys = Counter(
        q["answer"] for q in items(write_items_by_rules(book[HEART], Quota(0, 80), PLAN, "fa"))
    )
    assert min(keys[k] for k in (1, 2, 3, 4)) >= 8  # 80 fair draws: 20 each, below 8 at p < 0.002


def test_kinds_come_in_the_shares_of_the_plan(book: dict[str, list[Passage]]) -> None:
    kinds = Counter(
        q["kind"] for q in items(write_items_by_rules(book[HEART], Quota(0, 20), PLAN, "fa"))
    )
    assert kinds == {"diagnosis": 12, "telling_apart": 4, "symptoms": 2, "complications": 2}


def test_final_review_is_told_by_the_names_its_paragraphs_begin_with(
    book: dict[str, list[Passage]],
) -> None:
    drafts = write_items_by_rules(book[FINAL_REVIEW], Quota(30, 30), PLAN, "fa")
    assert {p["diagnosis"] for p in items(drafts, "pair")} <= {
        p.section for c in book.values() for p in c if p.heading
    }
    neighbours = {
        "نارسایی قلب",
        "سکته قلبی",
        "فیبریلاسیون دهلیزی",
        "پریکاردیت حاد",
        "تنگی دریچه آئورت",
        "اندوکاردیت عفونی",
    }
    asked = [
        q
        for q in items(drafts, "question")
        if q["fact"] == "سکته قلبی/signs" and q["kind"] == "diagnosis"
    ]
    assert asked and all(set(q["options"]) <= neighbours for q in asked)


def test_a_disease_of_men_has_no_woman_and_a_sign_of_men_neither(
    book: dict[str, list[Passage]],
) -> None:
    pairs = items(
        [d for c in book.values() for d in write_items_by_rules(c, Quota(120, 0), PLAN, "fa")]
    )
    prostate = [p["symptom"] for p in pairs if "پروستات" in p["diagnosis"]]
    breasts = [p["symptom"] for p in pairs if fold_text("در مردان") in fold_text(p["symptom"])]
    assert prostate and not any("زن " in s for s in prostate + breasts)


def test_english_prose_and_lists_without_persian_cues() -> None:
    (passages,) = split_chapters(ENGLISH).values()
    drafts = write_items_by_rules(passages, Quota(25, 10), PLAN, "en")
    pairs, questions = items(drafts, "pair"), items(drafts, "question")
    assert {p["diagnosis"] for p in pairs} == {
        "Asthma",
        "Pneumonia",
        "Pulmonary embolism",
        "Pneumothorax",
        "Tuberculosis",
    }
    assert questions and all(
        set(q) == {"kind", "question", "options", "answer", "page", "quote", "fact"}
        for q in questions
    )
    assert not any(
        "man " in p["symptom"].replace("woman ", "")
        for p in pairs
        if "calf" in p["symptom"] and "pregnan" in p["symptom"]
    )


def test_a_chapter_without_topics_gives_nothing_and_no_garbage() -> None:
    (passages,) = split_chapters(
        [
            (
                "Preface",
                "This book was written over ten years.\n\nIt thanks many people, places, and things.",
            )
        ]
    ).values()
    assert write_items_by_rules(passages, Quota(10, 10), PLAN, "en") == []
    assert write_items_by_rules([], Quota(10, 10), PLAN, "en") == []


def test_fewer_than_four_topics_give_pairs_but_no_diagnosis_question() -> None:
    (passages,) = split_chapters([("Lungs", ENGLISH[0][1].split("## Pulmonary")[0])]).values()
    drafts = write_items_by_rules(passages, Quota(5, 5), PLAN, "en")
    assert items(drafts, "pair") and not items(drafts, "question")


def test_a_chapter_on_one_disease_is_its_topic_not_its_section_on_symptoms() -> None:
    text = "# Asthma\n\n## Definition\nA disease of the airways.\n## Signs and symptoms\n- wheezing\n- dry cough\n- tightness of the chest\n- night waking"
    (passages,) = split_chapters([("Asthma", text)]).values()
    assert {
        p["diagnosis"] for p in items(write_items_by_rules(passages, Quota(4, 0), PLAN, "en"))
    } == {"Asthma"}
