"""A choice that was made after answers were seen makes the verdict on them exploratory, whatever name or file it comes in."""

import pytest

from tasks.diagnosis.next_plan import build_next_plan
from tasks.engine.cache_key import compute_stage_key
from tasks.schemas.errors import PlanError
from tasks.schemas.item_rows import Question
from tasks.schemas.plan import Lineage, StudyPlan
from tasks.schemas.plan_file import parse_plan
from tasks.schemas.plan_lineage import ENDPOINT, digests, flat, history_of, paper_of
from tasks.schemas.result_rows import Finding, History, Look
from tasks.schemas.sweep_plan import Setting, SweepPlan, build_best_plan
from tasks.stages import diagnose_tuning, generate_drafts
from tasks.store.decision_log import look_of, record


def questions(count: int, start: int = 0) -> list[Question]:
    return [
        Question(
            id=f"q{i}", fact=f"f{i}", question=f"Stem {i}?", options=("a", "b", "c", "d"), answer=1
        )
        for i in range(start, start + count)
    ]


def plan_of(name: str = "laptop", **changes) -> StudyPlan:
    return parse_plan({"name": name}, changes)


def look(plan: StudyPlan, asked: list[Question], answers: str = "a", base: str = "base") -> Look:
    return look_of(plan, base, asked, answers)


def history(
    plan: StudyPlan, earlier: list[Look], asked: list[Question], answers: str = "a"
) -> History:
    return history_of(look(plan, asked, answers), earlier, digests(asked), plan.lineage)


FORK = plan_of("fork", **{"comparison.primary_set": "new_fact"})
ASKED = questions(20)
CARRIED_OVER = Finding(
    rule="not-carried-over",
    evidence={},
    priority=0.9,
    remedy={"comparison.primary_set": "same_fact"},
)
LONGER = Finding(
    rule="too-few-updates", evidence={}, priority=0.9, remedy={"finetuning.epochs": 30}
)
MORE = Finding(
    rule="too-few-questions",
    evidence={},
    priority=0.9,
    remedy={"generation.questions": 900},
)


def followed(plan: StudyPlan, finding: Finding, before: History) -> StudyPlan:
    following = build_next_plan(plan, [finding], before)
    assert following is not None
    return following


def test_the_first_decision_on_questions_is_what_it_was() -> None:
    assert history(FORK, [], ASKED) == History(n=20, paper=paper_of(look(FORK, ASKED)))
    assert not history(FORK, [], ASKED).exploratory


def test_a_next_plan_that_moves_the_endpoint_says_so_and_its_verdict_is_exploratory() -> None:
    following = followed(FORK, CARRIED_OVER, history(FORK, [], ASKED))
    assert following.lineage.predecessor == "fork" and following.lineage.looks == 1
    assert following.lineage.chosen_after == ("endpoint",)
    found = history(following, [look(FORK, ASKED)], ASKED)
    assert found.exploratory and found.chosen_after == ("endpoint",)
    assert (found.look, found.shared, found.n, found.first, found.predecessor) == (
        2,
        20,
        20,
        "fork",
        "fork",
    )
    assert found.moved == {"comparison.primary_set": ("new_fact", "same_fact")}


def test_it_is_exploratory_in_another_store_too_where_nothing_is_known_of_the_questions() -> None:
    following = followed(FORK, CARRIED_OVER, history(FORK, [], ASKED))
    found = history(following, [], ASKED)
    assert found.chosen_after == ("endpoint",) and found.look == 2


def test_without_its_lineage_the_same_plan_is_recognised_by_its_questions() -> None:
    bare = followed(FORK, CARRIED_OVER, history(FORK, [], ASKED)).model_copy(
        update={"lineage": Lineage()}
    )
    assert history(bare, [look(FORK, ASKED)], ASKED).chosen_after == ("endpoint",)
    assert history(bare, [look(FORK, ASKED)], questions(20, start=19)).shared == 1
    assert not history(bare, [look(FORK, ASKED)], questions(20, start=20)).exploratory, (
        "questions of their own"
    )
    assert not history(bare, [look(FORK, ASKED, base="other")], ASKED).exploratory, (
        "answered by another model"
    )


@pytest.mark.parametrize("key", ENDPOINT)
def test_any_part_of_the_endpoint_counts(key: str) -> None:
    other = {
        "comparison.primary_set": "all",
        "comparison.primary_mode": "digits",
        "comparison.alpha": 0.1,
        "comparison.margin": 0.1,
        "evaluation.rotations": 4,
        "evaluation.instruction": "Choose.",
        "evaluation.answer_tokens": 3,
        "evaluation.chat": "off",
    }
    found = history(plan_of("b", **{key: other[key]}), [look(plan_of("a"), ASKED)], ASKED)
    assert found.chosen_after == ("endpoint",) and list(found.moved) == [key]


def test_what_is_scored_beside_is_no_part_of_it() -> None:
    beside = plan_of(
        "b", **{"evaluation.screening": False, "comparison.power": 0.9, "finetuning.report_to": []}
    )
    assert not history(beside, [look(plan_of("a"), ASKED)], ASKED).exploratory


def test_a_second_look_with_the_same_endpoint_is_counted_and_stays_confirmatory() -> None:
    earlier = [look(plan_of("laptop"), ASKED)]
    found = history(plan_of("fork"), earlier, ASKED)
    assert (found.look, found.first, found.exploratory) == (2, "laptop", False)
    assert history(plan_of("other", **{"finetuning.epochs": 2}), earlier, ASKED, "b").look == 2


@pytest.mark.parametrize(("finding", "choice"), [(LONGER, "setting"), (MORE, "stopping")])
def test_a_setting_or_a_number_of_questions_chosen_on_the_answers_is_exploratory_on_them(
    finding: Finding, choice: str
) -> None:
    plan = plan_of("laptop")
    following = followed(plan, finding, history(plan, [], ASKED))
    earlier = [look(plan, ASKED)]
    assert following.lineage.chosen_after == (choice,)
    assert history(following, earlier, ASKED, "b").chosen_after == (choice,)
    more = [*ASKED, *questions(20, start=100)]
    assert history(following, earlier, more, "b").exploratory, "most of them were seen"
    fresh = history(following, earlier, questions(20, start=100), "b")
    assert not fresh.exploratory and fresh.look == 1, "questions that nobody has answered decide"


def test_what_is_exploratory_stays_so_in_the_plans_that_follow() -> None:
    first = look(FORK, ASKED)
    second = followed(FORK, CARRIED_OVER, history(FORK, [], ASKED))
    known = history(second, [first], ASKED)
    third = followed(second, LONGER, known)
    assert third.lineage.chosen_after == ("endpoint", "setting") and third.lineage.looks == 2
    renamed = second.model_copy(update={"name": "mine", "lineage": Lineage()})
    seen = look(second, ASKED).model_copy(update={"exploratory": known.chosen_after})
    assert history(renamed, [seen], ASKED).chosen_after == ("endpoint",), (
        "the first look's own endpoint was chosen late"
    )


def test_a_confirmed_study_hands_on_only_what_is_chosen_on_its_own_answers() -> None:
    plan = plan_of("laptop")
    following = followed(plan, LONGER, history(plan, [], ASKED))
    fresh = questions(20, start=100)
    confirmed = history(following, [look(plan, ASKED)], fresh, "b")
    third = followed(following, MORE, confirmed)
    assert third.lineage.chosen_after == ("stopping",)
    first = paper_of(look(plan, ASKED))
    assert third.lineage.seen == (first, confirmed.paper)  # on those, what they chose explores on


def test_the_best_plan_of_a_sweep_says_that_its_setting_was_chosen() -> None:
    sweep = SweepPlan(
        name="try", study=plan_of(), arms=(Setting(name="a", changes={"finetuning.epochs": 2}),)
    )
    best = build_best_plan(sweep, sweep.arms[0], History(paper="0123456789abcdef", n=9))
    assert best.lineage == Lineage(
        predecessor="try", looks=1, chosen_after=("setting",), seen=("0123456789abcdef",)
    )


def test_the_same_study_again_keeps_its_place_and_its_standing(runs) -> None:
    plans = [FORK, plan_of("laptop"), plan_of("later")]
    first = [record(look(plan, ASKED), ASKED, plan.lineage) for plan in plans]
    assert [found.look for found in first] == [1, 2, 3]
    assert [found.exploratory for found in first] == [False, True, True]
    assert [record(look(plan, ASKED), ASKED, plan.lineage) for plan in plans] == first
    assert len(list((runs / "looks").glob("*.json"))) == 3


def test_questions_are_known_by_their_words_in_whatever_order_their_options_stand() -> None:
    one = ASKED[0]
    turned = one.model_copy(update={"id": "x", "options": ("d", "c", "b", "a"), "answer": 4})
    assert digests([one]) == digests([turned]) != digests([ASKED[1]])


def test_a_lineage_is_checked() -> None:
    with pytest.raises(PlanError, match=r"lineage\.predecessor must name the study"):
        plan_of(**{"lineage.chosen_after": ["endpoint"]})
    with pytest.raises(PlanError, match=r"no such key\. Known: predecessor"):
        plan_of(**{"lineage.parent": "laptop"})


def test_a_lineage_does_no_stage_again() -> None:
    plan = plan_of()
    later = plan_of(**{"lineage.predecessor": "laptop", "lineage.chosen_after": ["endpoint"]})
    keys = [compute_stage_key(generate_drafts.name, 1, {"plan": one}) for one in (plan, later)]
    assert (
        keys[0] == keys[1]
        and later.select_drafting_plan() == plan.select_drafting_plan()
        and later.select_checking_plan() == plan.select_checking_plan()
    )
    assert compute_stage_key(diagnose_tuning.name, 1, {"plan": plan}) == compute_stage_key(
        diagnose_tuning.name, 1, {"plan": later}
    )
    assert "lineage.predecessor" in flat(later.model_dump())


SEALED, OPEN = questions(8, start=100), questions(20)
SEALING = plan_of("sealing", **{"validation.sealed_share": 0.3})


def test_a_plan_made_after_answers_decides_on_the_sealed_questions_and_confirms_once() -> None:
    first = history(SEALING, [], OPEN)
    following = followed(SEALING, LONGER, first)
    assert following.comparison.confirms and following.lineage.chosen_after == ("setting",)
    asked = [look(SEALING, OPEN)]
    found = history(following, asked, SEALED)
    assert not found.exploratory and (found.look, found.shared) == (1, 0)
    on_the_same = history(following, asked, OPEN)
    assert on_the_same.exploratory  # had it asked the open ones
    opened = [*asked, look(following, SEALED)]
    other = followed(SEALING, CARRIED_OVER_TO_ALL, first)
    second = history(other, opened, SEALED, answers="b")
    assert second.exploratory and second.shared == 8
    by_hand = SEALING.model_copy(update={"comparison": following.comparison, "name": "hand"})
    assert not history(by_hand, [], SEALED).exploratory
    assert history(by_hand, opened, SEALED, answers="c").chosen_after == ("setting",)
    elsewhere = look(by_hand, SEALED, "c", base="another base")
    assert history_of(elsewhere, opened, digests(SEALED), by_hand.lineage).exploratory


CARRIED_OVER_TO_ALL = Finding(
    rule="not-carried-over", evidence={}, priority=0.9, remedy={"finetuning.epochs": 40}
)


def test_what_follows_a_confirming_study_explores_on_the_open_questions() -> None:
    following = followed(SEALING, LONGER, history(SEALING, [], OPEN))
    more = Finding(rule="r", evidence={}, priority=1, remedy={"finetuning.epochs": 60})
    after = followed(following, more, history(following, [look(SEALING, OPEN)], SEALED))
    assert not after.comparison.confirms
    looks = [look(SEALING, OPEN), look(following, SEALED)]
    assert history(after, looks, OPEN, answers="d").exploratory


def test_the_best_plan_of_a_sweep_asks_the_sealed_questions() -> None:
    sweep = SweepPlan(study=SEALING, arms=(Setting(name="x", changes={"finetuning.epochs": 3}),))
    best = build_best_plan(sweep, sweep.arms[0], history(SEALING, [], OPEN))
    assert best.comparison.confirms
    assert not history(best, [look(SEALING, OPEN)], SEALED).exploratory
    assert history(best, [look(SEALING, OPEN)], OPEN).exploratory


def test_sealing_redoes_no_check_and_nothing_is_confirmed_where_nothing_is_sealed() -> None:
    from tasks.engine.cache_key import canonical_value

    assert canonical_value(SEALING.validation) == canonical_value(StudyPlan().validation)
    with pytest.raises(PlanError, match="sealed_share"):
        plan_of(**{"comparison.confirms": True})
    with pytest.raises(PlanError):
        plan_of(**{"validation.sealed_share": 0.6})
