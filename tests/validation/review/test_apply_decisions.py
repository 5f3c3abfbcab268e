"""What becomes of reviewed items: the counts add up, mended texts pass the checks, nothing is lost in silence."""

from collections import Counter
from itertools import pairwise

import pytest
from support.items.review_study import ReviewStudy, make_review_study

from tasks.schemas.item_rows import Question
from tasks.schemas.plan import StudyPlan
from tasks.validation.review.apply_decisions import get_texts, list_changes
from tasks.validation.review.decision_files import ItemDecision
from tasks.validation.validate import ValidationResult


@pytest.fixture(scope="module")
def study() -> ReviewStudy:
    return make_review_study()


@pytest.fixture(scope="module")
def plain(study: ReviewStudy) -> ValidationResult:
    return study.validate()


def used(made: ValidationResult) -> set[str]:
    rows = (*made.pairs, *made.held_out, *made.same_fact, *made.new_fact)
    return {row.id for row in rows}


def check_counts(made: ValidationResult, plain: ValidationResult) -> None:
    for kind in ("pair", "question"):
        steps = [step for step in made.funnel if step.kind == kind]
        assert steps[0].came == next(s.came for s in plain.funnel if s.kind == kind)
        assert all(step.came == step.kept + sum(step.fell.values()) for step in steps)
        assert all(one.kept == other.came for one, other in pairwise(steps))
    assert sum(s.kept for s in made.funnel if s.name == "used") == len(used(made))


def test_without_a_review_there_is_no_step_and_no_row(plain: ValidationResult) -> None:
    assert plain.reviewed == [] and "reviewed" not in {step.name for step in plain.funnel}


def test_a_rejected_item_falls_with_the_person_s_note(
    study: ReviewStudy, plain: ValidationResult
) -> None:
    gone, stays = plain.same_fact[0], plain.same_fact[1]
    made = study.validate(
        [
            ItemDecision(gone.id, "reject", "کلید غلط است", {}),
            ItemDecision(stays.id, "keep", "", {}),
        ]
    )
    assert gone.id in used(plain) and gone.id not in used(made) and stays.id in used(made)
    [fallen] = [row for row in made.rejected if row.check == "review"]
    assert fallen.reason.code == "rejected-by-a-reviewer"
    assert fallen.reason.values == {"note": "کلید غلط است"} and gone.question in fallen.raw
    step = next(s for s in made.funnel if s.name == "reviewed" and s.kind == "question")
    assert step.fell == {"rejected-by-a-reviewer": 1} and step.came - step.kept == 1
    assert [row.outcome for row in made.reviewed] == ["rejected", "kept"]
    check_counts(made, plain)


def test_a_mended_item_takes_the_place_of_its_original_though_it_is_nearly_the_same(
    study: ReviewStudy, plain: ValidationResult
) -> None:
    pair = plain.pairs[0]
    texts = get_texts(pair) | {"symptom": pair.symptom + " این بیمار نگران است."}
    made = study.validate([ItemDecision(pair.id, "mend", "", texts)])
    assert [row.outcome for row in made.reviewed] == ["mended"] and pair.id not in used(made)
    [new] = [p for p in (*made.pairs, *made.held_out) if "این بیمار نگران است" in p.symptom]
    assert new.quote == pair.quote and new.diagnosis == pair.diagnosis and new.id in used(made)
    check_counts(made, plain)


def test_a_mended_item_that_the_book_does_not_bear_out_falls_with_that_reason(
    study: ReviewStudy, plain: ValidationResult
) -> None:
    pair = plain.pairs[0]
    texts = get_texts(pair) | {"quote": "این جمله در هیچ کجای کتاب نیست و نخواهد بود"}
    made = study.validate([ItemDecision(pair.id, "mend", "", texts)])
    [fallen] = [row for row in made.rejected if row.check == "review"]
    assert fallen.reason.code == "mended-item-fell"
    assert fallen.reason.values["why"].code == "quote-not-in-the-passages"
    assert [row.outcome for row in made.reviewed] == ["fell"] and pair.id not in used(made)
    check_counts(made, plain)


def test_an_item_to_be_mended_without_a_new_text_falls(
    study: ReviewStudy, plain: ValidationResult
) -> None:
    question = plain.new_fact[0]
    made = study.validate([ItemDecision(question.id, "mend", "؟", get_texts(question))])
    assert [row.outcome for row in made.reviewed] == ["unmended"]
    assert Counter(r.reason.code for r in made.rejected if r.check == "review") == {
        "to-be-mended": 1
    }
    check_counts(made, plain)


def test_a_key_that_is_none_of_the_options_falls_and_stops_nothing(
    study: ReviewStudy, plain: ValidationResult
) -> None:
    question = plain.same_fact[0]
    made = study.validate(
        [ItemDecision(question.id, "mend", "", get_texts(question) | {"answer": "7"})]
    )
    assert [row.outcome for row in made.reviewed] == ["fell"]
    check_counts(made, plain)


def test_a_new_key_in_persian_digits_is_another_question(
    study: ReviewStudy, plain: ValidationResult
) -> None:
    question = plain.same_fact[0]
    same = get_texts(question) | {"answer": "۱۲۳۴"[question.answer - 1]}
    other = get_texts(question) | {"answer": "۱۲۳۴"[question.answer % 4]}
    assert list_changes(question, same) == [] and list_changes(question, other) == ["options"]


def test_options_in_another_order_with_the_key_at_its_new_place_are_no_change(
    plain: ValidationResult,
) -> None:
    question = plain.same_fact[0]
    turned = question.model_copy(
        update={
            "options": (*question.options[1:], question.options[0]),
            "answer": (question.answer - 2) % 4 + 1,
        }
    )
    assert isinstance(turned, Question) and list_changes(question, get_texts(turned)) == []
    assert list_changes(question, get_texts(turned.model_copy(update={"answer": question.answer})))


def test_decisions_on_unknown_items_and_texts_without_a_decision_are_counted(
    study: ReviewStudy, plain: ValidationResult
) -> None:
    row = plain.same_fact[0]
    made = study.validate(
        [
            ItemDecision("question-0000", "reject", "", {}),
            ItemDecision(row.id, None, "", get_texts(row) | {"question": "چیز دیگری؟"}),
            ItemDecision(plain.same_fact[1].id, None, "", get_texts(plain.same_fact[1])),
        ]
    )
    assert sorted(row.outcome for row in made.reviewed) == ["undecided", "unmatched"]
    assert used(made) == used(plain)


def test_a_later_file_is_about_what_an_earlier_one_left(
    study: ReviewStudy, plain: ValidationResult
) -> None:
    pair = plain.pairs[0]
    texts = get_texts(pair) | {"symptom": pair.symptom + " این بیمار نگران است."}
    first = [ItemDecision(pair.id, "mend", "", texts)]
    [new] = used(study.validate(first)) - used(plain)
    made = study.validate(first, [ItemDecision(new, "reject", "باز هم نه", {})])
    assert [row.outcome for row in made.reviewed] == ["mended", "rejected"]
    assert not {new, pair.id} & used(made)
    check_counts(made, plain)


def test_an_item_that_the_checks_stopped_stays_so_and_tells_of_the_checks(
    study: ReviewStudy,
) -> None:
    from tasks.validation.review.refused_items import name_refused_items

    broken = study.chapter.kept[0].model_dump_json()
    fallen = [_reject(broken, "flaws"), _reject(broken, "surplus"), _reject("{", "flaws")]
    [(identity, found)] = name_refused_items(fallen, "fa").items()
    assert found.rejection.check == "flaws"
    chapter = study.chapter._replace(kept=study.chapter.kept[1:], rejected=fallen)
    made = study._replace(chapter=chapter).validate([ItemDecision(identity, "keep", "", {})])
    [told] = made.reviewed
    assert (told.outcome, told.gate, told.decision) == ("refused", False, "keep")


def _reject(raw: str, check: str):
    from tasks.schemas.item_rows import Rejection
    from tasks.schemas.messages import build_message

    return Rejection(
        draft_id="", kind="pair", check=check, reason=build_message("too-short", text=""), raw=raw
    )


def test_a_review_changes_no_key_of_what_was_paid_for() -> None:
    from tasks.engine.cache_key import canonical_value

    plan = StudyPlan()
    reviewed = plan.model_copy(
        update={"validation": plan.validation.model_copy(update={"review": "decisions.json"})}
    )
    for select in (lambda p: p.select_drafting_plan(), lambda p: p.select_checking_plan()):
        assert canonical_value(select(plan)) == canonical_value(select(reviewed))
    assert canonical_value(plan) == canonical_value(reviewed)
