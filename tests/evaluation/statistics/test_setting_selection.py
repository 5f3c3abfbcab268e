"""Choosing among settings gives no advantage: halves of whole facts, ranks by what was said, and null sweeps without a gain."""

from collections.abc import Sequence

import numpy as np
import pytest
from support.items.scored_questions import make_answers, make_questions

from tasks.evaluation.statistics.setting_selection import (
    build_trial,
    get_best_setting,
    rank_settings,
    split_questions,
)
from tasks.evaluation.statistics.verdict import PairedOutcomes, judge_outcomes
from tasks.schemas.errors import NothingLeft
from tasks.schemas.item_rows import Question
from tasks.schemas.messages import Figure, build_message
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.schemas.result_rows import Preflight, TrainingStep
from tasks.schemas.sweep_plan import Setting, Trial, index_settings_by_value

PLAN = ComparisonPlan()
PREFLIGHT = Preflight(
    texts=100,
    updates=9,
    epochs=1,
    batch_size=4,
    trainable_parameters=1,
    parameters=1,
    target_tokens=1,
    tokens=1,
    longest=1,
    too_long=0,
)


def paper(count: int = 120, per_fact: int = 4, prefix: str = "q") -> dict[str, list[Question]]:
    return {
        "train": make_questions(8, prefix="t"),
        "same_fact": make_questions(count, per_fact, prefix),
        "new_fact": make_questions(20, 4, "n"),
    }


def tried(
    name: str,
    right: int,
    n: int = 20,
    base_right: int = 5,
    seed: int = 0,
    margin: float = 1.0,
    updates: int = 10,
    **changes: float,
) -> Trial:
    """A setting that got so many of n questions right."""
    asked = make_questions(n)
    base, tuned = ([1] * hits + [2] * (n - hits) for hits in (base_right, right))
    said = [row.model_copy(update={"margin": margin}) for row in make_answers(asked, tuned)]
    steps = [
        TrainingStep(step=updates, epoch=1, loss=1.0),
        TrainingStep(step=updates, epoch=1, loss=2.0, split="held_out"),
    ]
    arm = Setting(name=name, changes=dict(changes))
    return build_trial(
        arm,
        seed,
        {"same_fact": asked},
        make_answers(asked, base),
        tuned=said,
        steps=steps,
        preflight=PREFLIGHT,
        plan=PLAN,
    )


NOT_FINITE = build_message(
    "loss-not-finite", name="loss", value="nan", update=3, rate=Figure(0.005)
)


def failed(name: str, seed: int = 0) -> Trial:
    return Trial(arm=Setting(name=name), seed=seed, comparison=None, failed=(NOT_FINITE,))


def names(trials: Sequence[Trial]) -> list[str]:
    return [one.setting.name for one in rank_settings(trials)]


def test_no_fact_chooses_and_decides_and_no_question_is_lost() -> None:
    choose, final = split_questions([paper()], "same_fact", 0.5, seed=0)[0]
    facts = [{q.fact for q in part["same_fact"]} for part in (choose, final)]
    assert not facts[0] & facts[1]
    assert sorted(q.id for part in (choose, final) for q in part["same_fact"]) == sorted(
        q.id for q in paper()["same_fact"]
    )


@pytest.mark.parametrize(
    ("share", "chosen_by"),
    [(0.5, {60}), (0.25, {28, 32}), (0.9, {108}), (0.001, {4}), (0.999, {116})],
)
def test_the_share_is_met_as_near_as_whole_facts_allow(share: float, chosen_by: set[int]) -> None:
    """30 facts of 4 questions: a quarter of 120 is 30, to which 28 and 32 are equally near; no half is ever empty."""
    assert (
        len(split_questions([paper()], "same_fact", share, seed=3)[0].selection["same_fact"])
        in chosen_by
    )


def test_only_the_questions_that_count_are_put() -> None:
    choose, final = split_questions([paper()], "same_fact", 0.5, seed=0)[0]
    assert not any((choose["train"], choose["new_fact"], final["train"], final["new_fact"]))
    both = split_questions([paper()], "all", 0.5, seed=0)[0]
    assert (
        sum(len(rows) for part in both for rows in part.values()) == 140
        and not both.selection["train"]
    )


def test_the_seed_draws_another_split_and_the_order_of_questions_none() -> None:
    turned = paper() | {"same_fact": paper()["same_fact"][::-1]}
    ids = [
        {q.id for q in split_questions([one], "same_fact", 0.5, seed)[0].selection["same_fact"]}
        for one, seed in ((paper(), 0), (turned, 0), (paper(), 1))
    ]
    assert ids[0] == ids[1] != ids[2]


def test_a_fact_is_on_one_side_in_every_paper_and_all_sit_the_same_questions() -> None:
    """A setting with fewer pairs has fewer questions on taught facts; what chose there must not decide here."""
    small = paper() | {"same_fact": paper()["same_fact"][:80]}
    halves = split_questions([paper(), small], "same_fact", 0.5, seed=0)
    assert not {q.fact for half in halves for q in half.selection["same_fact"]} & {
        q.fact for half in halves for q in half.test["same_fact"]
    }
    assert halves[0].selection == halves[1].selection
    assert len(halves[0].test["same_fact"]) > len(halves[1].test["same_fact"])


def test_shared_questions_are_put_to_all_with_the_same_options_in_the_same_order() -> None:
    """With other pairs a question may change its set or the place of its key; settings are told apart by one and the same paper."""
    rows = paper()["same_fact"]
    turned = [q.model_copy(update={"options": q.options[::-1], "answer": 4}) for q in rows]
    halves = split_questions(
        [paper(), {"train": [], "same_fact": turned[:70], "new_fact": turned[70:]}],
        "all",
        0.5,
        seed=0,
    )
    assert halves[0].selection == halves[1].selection
    assert all(q.answer == 1 for part in halves[1].selection.values() for q in part)


def test_papers_with_hardly_a_question_in_common_stay_as_they_are() -> None:
    halves = split_questions([paper(), paper(prefix="other")], "same_fact", 0.5, seed=0)
    assert all(len(half.selection["same_fact"]) >= 40 for half in halves)


def test_one_fact_alone_cannot_choose_and_decide() -> None:
    with pytest.raises(NothingLeft, match="1 facts"):
        split_questions(
            [{"train": [], "same_fact": make_questions(9, per_fact=9), "new_fact": []}],
            "same_fact",
            0.5,
            seed=0,
        )
    choose, final = split_questions(
        [{"same_fact": make_questions(9, per_fact=8)}], "same_fact", 0.5, seed=0
    )[0]
    assert {len(choose["same_fact"]), len(final["same_fact"])} == {1, 8}  # two facts are enough


def test_settings_are_ranked_by_share_then_margin_then_fewer_updates() -> None:
    trials = [
        tried("d", 8, margin=9), tried("c", 9, margin=1, updates=30), tried("b", 9, margin=1, updates=20), tried("a", 9, margin=2, updates=40),
    ]  # fmt: skip
    assert names(trials) == ["a", "b", "c", "d"]


def test_what_is_equal_in_all_keeps_the_order_of_the_plan() -> None:
    assert names([tried("second", 9), tried("first", 9)]) == ["second", "first"]


def test_seeds_are_averaged_so_that_one_lucky_seed_does_not_win() -> None:
    trials = [
        tried("lucky", 16),
        tried("lucky", 6, seed=1),
        tried("steady", 12),
        tried("steady", 12, seed=1),
    ]
    ranked = rank_settings(trials)
    assert ranked[0].setting.name == "steady"
    assert (ranked[1].rate, ranked[1].deviation) == (
        pytest.approx(0.55),
        pytest.approx(0.5 / 2**0.5),
    )  # |.8 - .3| / √2


def test_a_setting_that_fails_with_one_seed_is_last_and_not_chosen() -> None:
    ranked = rank_settings(
        [
            tried("fragile", 20),
            failed("fragile", seed=1),
            tried("plain", 6),
            tried("plain", 6, seed=1),
        ]
    )
    assert [one.setting.name for one in ranked] == ["plain", "fragile"] and ranked[1].rate is None
    assert get_best_setting(ranked).name == "plain"


def test_when_nothing_could_be_tuned_the_reasons_are_told() -> None:
    with pytest.raises(NothingLeft, match=r"none of 2 settings.*loss is nan at update 3"):
        get_best_setting(rank_settings([failed("a"), failed("b")]))


def test_p_values_are_corrected_by_holm_over_the_settings_that_were_tuned() -> None:
    ranked = rank_settings([tried("a", 20), tried("b", 12), tried("c", 6), failed("d")])
    raw = [one.p_value for one in ranked[:3]]
    assert raw == pytest.approx(
        [2 / 2**15, 2 / 2**7, 1.0]
    )  # 15, 7 and 1 questions gained, none lost
    assert [one.p_holm for one in ranked[:3]] == pytest.approx([3 * raw[0], 2 * raw[1], 1.0])
    assert ranked[3].p_holm is None


def test_the_p_value_of_a_setting_is_by_fact() -> None:
    """Ten questions on two facts were gained: by question p = 2/2¹⁰, by fact two facts prove nothing."""
    asked = make_questions(20, per_fact=5)
    one = build_trial(
        Setting(name="a"),
        0,
        {"same_fact": asked},
        make_answers(asked, [2] * 20),
        tuned=make_answers(asked, [1] * 10 + [2] * 10),
        steps=[],
        preflight=PREFLIGHT,
        plan=PLAN,
    )
    assert rank_settings([one])[0].p_value == pytest.approx(0.5)


def test_a_trial_tells_what_its_tuning_took() -> None:
    one = tried("a", 9, updates=37)
    assert (one.updates, one.pairs, one.held_out) == (37, 100, 2.0)


def test_a_curve_is_drawn_over_one_number_only() -> None:
    assert list(
        index_settings_by_value(rank_settings([tried("a", 5, pairs=400), tried("b", 9, pairs=25)]))
    ) == [25, 400]
    assert not index_settings_by_value(
        rank_settings([tried("a", 5, pairs=400, rank=8), tried("b", 9, pairs=25, rank=8)])
    )
    assert not index_settings_by_value(
        rank_settings([tried("a", 5, pairs=True), tried("b", 9, pairs=False)])
    )


def null_sweep(
    dice: np.random.Generator, arms: int, facts: int, per_fact: int, together: float
) -> tuple[str, str]:
    """Verdicts on the best of some adapters that only shuffle answers: on untouched facts, and on those that chose it."""
    n = facts * per_fact
    fact = np.arange(n) // per_fact
    base = dice.random(n) < 0.3
    first = fact < facts // 2  # the half that chooses
    tuned = []
    for _ in range(arms):
        luck = np.where(dice.random(n) < together, dice.random(facts)[fact], dice.random(n))
        tuned.append(np.where(luck < 0.4, dice.random(n) < 0.3, base))
    best = max(tuned, key=lambda marks: marks[first].sum())
    found = [
        judge_outcomes(
            PairedOutcomes(base[half], best[half][None], (base != best)[half][None], fact[half]),
            PLAN,
        ).verdict
        for half in (~first, first)
    ]
    return found[0], found[1]


@pytest.mark.parametrize(
    ("facts", "per_fact", "together"), [(280, 1, 0.0), (70, 4, 0.0), (70, 4, 0.7)]
)
def test_a_null_sweep_of_twelve_settings_is_called_improved_in_at_most_five_percent(
    facts: int, per_fact: int, together: float
) -> None:
    dice = np.random.default_rng(facts + per_fact)
    found = [null_sweep(dice, 12, facts, per_fact, together) for _ in range(150)]
    untouched, on_the_same = (
        sum(pair[place] == "improved" for pair in found) / len(found) for place in (0, 1)
    )
    assert untouched <= 0.05 + 2 * (0.05 * 0.95 / 150) ** 0.5
    assert (
        on_the_same > 0.1
    )  # what the split is for: the best of twelve looks like a gain on the questions that chose it
