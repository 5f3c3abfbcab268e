"""Where each rule of the diagnosis begins to speak: at its border, and a step before it."""

import pytest
from support.planted_faults.row_studies import make_healthy_study

from tasks.diagnosis.evidence import Evidence
from tasks.diagnosis.rules import data_rules as data
from tasks.diagnosis.rules import learning_rules as learning
from tasks.diagnosis.rules import question_rules as questions
from tasks.diagnosis.rules import tuning_rules as tuning
from tasks.diagnosis.rules.ranking import diagnose_evidence
from tasks.schemas.effects.effect_rows import Harm
from tasks.schemas.result_rows import Interval, Rate
from tasks.schemas.rows.measure_rows import KeyOffset, PairAlignment, QuestionMeasure

HEALTHY = make_healthy_study().collect_evidence()
N = HEALTHY.primary.n  # 200 questions of same_fact, asked in cloze; 360 pairs
REAL = {"plan.base.model": "some/llama"}
STILL = {"rows.changed": 0, "rows.extra": {}}
NUMBERED = {"primary.mode": "digits"}
OWN = {"plan.generation.pairs": "pairs.json", "plan.generation.questions": "questions.json"}
SMALL_EXAM = {"primary.verdict": "inconclusive", "primary.detectable": 0.2, "questions": 40}


def rate(value: float, low: float = 0.0, high: float = 1.0) -> Rate:
    return Rate(correct=value * N, n=N, rate=value, low=low, high=high)


def change(changes: dict[str, object]) -> Evidence:
    """The healthy study with changes: of a field, of `rows.` (all comparisons), `primary.`, `probe.`, `preflight.`, `plan.`."""
    evidence = HEALTHY
    for key, value in changes.items():
        part, _, field = key.partition(".")
        if part == "plan":
            section, _, name = field.partition(".")
            inner = getattr(evidence.plan, section).model_copy(update={name: value})
            update = {"plan": evidence.plan.model_copy(update={section: inner})}
        elif part in ("rows", "primary", "train", "same_fact"):
            update = {
                "comparisons": tuple(
                    row.model_copy(update={field: value})
                    if part == "rows" or (part == "primary" and i == 0) or row.set == part
                    else row
                    for i, row in enumerate(evidence.comparisons)
                )
            }
        elif field:
            update = {part: getattr(evidence, part).model_copy(update={field: value})}
        else:
            update = {part: value}
        evidence = evidence.model_copy(update=update)
    return evidence


def difference(value: float, high: float = 1.0):
    interval = HEALTHY.primary.difference
    return interval.model_copy(update={"value": value, "low": -1.0, "high": high})


UNLEARNT = {
    "rows.verdict": "inconclusive",
    "train.difference": difference(0.0, high=0.1),
    "probe.taught_before": -3.0,
    "probe.taught_after": -3.0,
    "loss_first": 3.0,
    "loss_last": 2.9,
    "loss_error": 0.0,
}


UNTAUGHT = {  # the untaught facts are the endpoint, the taught ones gained ten points
    "plan.comparison.primary_set": "new_fact",
    "train.set": "same_fact",
    "rows.verdict": "improved",
    "same_fact.difference": difference(0.1),
    "primary.set": "new_fact",
    "primary.verdict": "inconclusive",
}


def aligned(couples: int = 50, alike: float = 0.3, p_value: float = 0.0501):
    return PairAlignment(couples=couples, alike=alike, by_chance=0.1, p_value=p_value)


def off_by_one(**changes: float):
    told = {"places": 1, "n": 20, "agreed": 0.8, "low": 0.36, "on_key": 0.2, "by_places": 0.25}
    return KeyOffset.model_validate(told | changes)


def harm(finding: str, what: str = "new_fact"):
    row = HEALTHY.primary
    return (
        Harm(
            what=what, mode="cloze", n=48, facts=12, base=row.base, tuned=row.tuned,
            difference=row.difference, p_value=0.01, kept=0.5, finding=finding, told=row.told,
        ),
    )  # fmt: skip


def interval(low: float, high: float):
    return Interval(value=(low + high) / 2, low=low, high=high)


def measured(low: float, kind: str = "not_diagnosis", solver: str = "passage_words"):
    return (
        QuestionMeasure(
            solver=solver, kind=kind, n=60, solved=42, rate=0.7, low=low, high=0.8, chance=0.25
        ),
    )


# fmt: off
BORDERS = [  # rule, what holds, the field, where it speaks, where it is silent
    (data.detect_leakage, {}, "leaked_share", 0.05, 0.0499),
    (data.detect_leakage, {"leaked_share": 0.0}, "shared_facts", 1, 0),
    (questions.detect_word_solved_questions, {}, "measures", measured(0.501), measured(0.5)),
    (questions.detect_word_solved_questions, {}, "measures", measured(0.6), measured(0.6, "all")),
    (questions.detect_word_solved_questions, {}, "measures",
     measured(0.6), measured(0.6, solver="quote_words")),
    (data.detect_dropped_texts, {}, "preflight.too_long", 18, 17),
    (data.detect_unrelated_data, {}, "coverage", 0.4999, 0.5),
    (data.detect_narrow_data, {}, "top_diagnosis", 0.5, 0.4999),
    (data.detect_narrow_data, {"top_diagnosis": 0.3}, "diagnoses", 4, 5),
    (data.detect_narrow_data, {"top_diagnosis": 0.3, "diagnoses": 4}, "pairs", 20, 19),
    (data.detect_repeated_data, {}, "distinct", 0.7999, 0.8),
    (data.detect_few_pairs, {"plan.generation.pairs": 300}, "pairs", 149, 150),
    (tuning.detect_nothing_trainable, {}, "preflight.trainable_parameters", 0, 1),
    (tuning.detect_masked_labels, {"preflight.tokens": 90000},
     "preflight.target_tokens", 899, 900),
    (tuning.detect_masked_labels, {"preflight.tokens": 9000}, "preflight.target_tokens", 360, 361),
    (tuning.detect_unmoved_weights, {}, "probe.weight_shift", 1e-9, 1.1e-9),
    (tuning.detect_detached_adapter, {**STILL, "probe.kl_mean": 0.0},
     "probe.weight_shift", 0.0001, 9.9e-05),
    (tuning.detect_detached_adapter, {**STILL, "probe.kl_mean": 0.0, "updates": 49},
     "probe.weight_shift", 0.01, 0.0099),
    (tuning.detect_detached_adapter, {**STILL, "probe.kl_mean": 0.0, "probe.weight_shift": 0.001},
     "updates", 50, 49),
    (tuning.detect_detached_adapter, STILL, "probe.kl_mean", 1e-9, 1.1e-9),
    (tuning.detect_detached_adapter, {**STILL, "probe.kl_mean": 0.0},
     "primary.extra", {"score_shift": 0}, {"score_shift": 1e-06}),
    (tuning.detect_detached_adapter, {**STILL, "probe.kl_mean": 0.0}, "primary.changed", 0, 1),
    (tuning.detect_same_model, STILL, "probe.kl_mean", 0.01, 0.0099),
    (tuning.detect_same_model, STILL, "rows.changed", 0, 1),
    (tuning.detect_diverged_loss, {"loss_first": 2.0, "loss_error": 0.0, "held_out": ()},
     "loss_last", 2.26, 2.25),
    (tuning.detect_diverged_loss, {"loss_first": 2.0, "loss_last": 3.25, "held_out": ()},
     "loss_error", 0.49, 0.51),
    (tuning.detect_diverged_loss, {"loss_first": 2.0, "loss_last": 3.0},
     "held_out", (1.0, 1.0), (1.0, 0.999)),
    (tuning.detect_diverged_loss, {"loss_first": 2.0, "held_out": (1.0, 1.2, 1.1)},
     "loss_last", 0.81, 0.8),
    (tuning.detect_diverged_loss, {"loss_first": 2.0, "loss_last": 1.5},
     "held_out", (1.0, 1.2, 1.051), (1.0, 1.2, 1.05)),
    (tuning.detect_too_few_updates, UNLEARNT, "updates", 49, 50),
    (tuning.detect_too_few_updates, {**UNLEARNT, "updates": 14}, "loss_last", 2.41, 2.39),
    (tuning.detect_too_few_updates, {**UNLEARNT, "updates": 14, "loss_last": 2.0},
     "loss_error", 0.21, 0.19),
    (tuning.detect_unfinished_training, {"train.tuned": rate(0.9)}, "updates", 50, 49),
    (tuning.detect_unfinished_training, {}, "train.tuned", rate(0.9), rate(0.901)),
    (tuning.detect_unfinished_training, {"train.tuned": rate(0.9)},
     "held_out", (2.0, 1.05, 1.0), (2.0, 1.049, 1.0)),
    (tuning.detect_unfinished_training, {"train.tuned": rate(0.9)},
     "held_out", (2.0, 1.11, 1.05, 1.0), (2.0, 1.09, 1.05, 1.0)),
    (tuning.detect_unfinished_training, {"train.tuned": rate(0.9)},
     "held_out", (2.0, 1.0, 0.9), (1.0, 0.9)),
    (tuning.detect_unfinished_training,
     {"train.tuned": rate(0.9), "train.difference": difference(0.2)},
     "train.p_value", 0.1, 0.101),
    (tuning.detect_unfinished_training, {"train.tuned": rate(0.9), "train.p_value": 0.05},
     "train.difference", difference(0.001), difference(0.0)),
    (tuning.detect_low_learning_rate, {**UNLEARNT, "updates": 50}, "probe.kl_mean", 0.0099, 0.01),
    (tuning.detect_low_learning_rate, {**UNLEARNT, "probe.kl_mean": 0.001}, "updates", 50, 49),
    (tuning.detect_low_learning_rate, {**UNLEARNT, "probe.kl_mean": 1e-09},
     "probe.weight_shift", 0.0099, 0.01),
    (tuning.detect_low_learning_rate, {**UNLEARNT, "probe.weight_shift": 0.01},
     "probe.kl_mean", 1.1e-09, 1e-09),
    (tuning.detect_flat_loss, UNLEARNT, "held_out", (1.0, 0.95), (1.0, 0.9499)),
    (tuning.detect_flat_loss, {**UNLEARNT, "held_out": (1.0, 1.0)}, "updates", 50, 49),
    (tuning.detect_flat_loss, {**UNLEARNT, "held_out": (1.0, 1.0), "loss_first": 2.0},
     "loss_last", 2.25, 2.26),
    (tuning.detect_flat_loss, {**UNLEARNT, "held_out": (1.0,), "loss_first": 2.0},
     "loss_last", 1.9, 1.89),
    (tuning.detect_flat_loss, {**UNLEARNT, "held_out": (1.0, 1.0), "loss_first": 2.0},
     "loss_last", 1.6, 1.59),
    (tuning.detect_overfitting, {}, "held_out", (2.0, 1.0, 1.11), (2.0, 1.0, 1.1)),
    (tuning.detect_overfitting, {}, "held_out", (1.0, 1.11), (1.11,)),
    (tuning.detect_diverged_loss, {"loss_first": 2.0, "loss_last": 1.5},
     "held_out", (1.0, 1.06), (1.06,)),
    (learning.detect_known_facts, {}, "train.base", rate(0.9, low=0.8), rate(0.9, low=0.799)),
    (learning.detect_known_facts, {}, "probe.taught_before", -0.1, -0.1001),
    (learning.detect_rote_learning,
     {"rows.verdict": "inconclusive", "train.verdict": "improved", "train.difference": difference(0.4)},
     "primary.difference", difference(0.05, high=0.0999), difference(0.05, high=0.1)),
    (learning.detect_facts_not_learnt, {**UNLEARNT, "train.base": rate(0.3)},
     "train.difference", difference(0.0, high=0.349), difference(0.0, high=0.35)),
    (learning.detect_missing_transfer, UNTAUGHT,
     "primary.difference", difference(0.0, high=0.099), difference(0.0, high=0.1)),
    (learning.detect_seed_disagreement, {"primary.seeds": (0.4, 0.1)},
     "primary.extra", {"p_seeds": 0.01}, {"p_seeds": 0.0101}),
    (learning.detect_seed_disagreement, {"primary.extra": {"p_seeds": 0.001}},
     "primary.seeds", (0.08, 0.0), (0.07, 0.0)),
    (learning.detect_harm_elsewhere, {}, "harms", harm("harm"), harm("possible-harm")),
    (learning.detect_harm_elsewhere, {}, "harms", harm("harm"), harm("harm", "everyday")),
    (learning.detect_harm_elsewhere, REAL, "harms", harm("harm", "everyday"), ()),
    (data.detect_misaligned_pairs, OWN, "alignment", aligned(), aligned(p_value=0.05)),
    (data.detect_misaligned_pairs, OWN, "alignment", aligned(), aligned(couples=49)),
    (data.detect_misaligned_pairs, OWN, "alignment",
     aligned(alike=0.149, p_value=0.01), aligned(alike=0.151, p_value=0.01)),
    (data.detect_misaligned_pairs, {"alignment": aligned()},
     "plan.generation.pairs", "pairs.json", 400),
    (questions.detect_wrong_keys, OWN, "key_offset", off_by_one(), off_by_one(low=0.35)),
    (questions.detect_wrong_keys, OWN, "key_offset", off_by_one(), off_by_one(n=19)),
    (questions.detect_wrong_keys, OWN, "key_offset", off_by_one(), off_by_one(on_key=0.36)),
    (questions.detect_wrong_keys, OWN, "key_offset", off_by_one(), off_by_one(by_places=0.27)),
    (questions.detect_wrong_keys, {"key_offset": off_by_one()},
     "plan.generation.questions", "questions.json", 280),
    (questions.detect_refused_questions, SMALL_EXAM,
     "rejected_questions", {"grounding": 41}, {"grounding": 40}),
    (questions.detect_refused_questions, SMALL_EXAM,
     "rejected_questions", {"grounding": 41}, {"surplus": 400}),
    (questions.detect_too_few_questions, SMALL_EXAM,
     "rejected_questions", {"grounding": 40}, {"grounding": 41}),
    (tuning.detect_overfitting, {"held_out": (2.0, 1.0, 1.2)},
     "plan.finetuning.early_stopping", None, 2),
    (questions.detect_favoured_option, {}, "favourite_tuned", 0.6, 0.5999),
    (questions.detect_favoured_option, {"favourite_tuned": 0.75}, "top_key", 0.5, 0.501),
    (questions.detect_favoured_option, {"favourite_tuned": 0.9},
     "primary.illegible_tuned", 100, 101),
    (questions.detect_favoured_option, {"favourite_tuned": 0.9, "primary.n": 60},
     "primary.illegible_tuned", 20, 21),
    (questions.detect_position_dependence, {**NUMBERED, "plan.evaluation.rotations": 2},
     "primary.extra", {"steady_tuned": 0.2999}, {"steady_tuned": 0.3}),
    (questions.detect_position_dependence, {**NUMBERED, "primary.extra": {"steady_tuned": 0.1}},
     "plan.evaluation.rotations", 2, 1),
    (questions.detect_illegible_answers, {}, "primary.illegible_tuned", 40, 39),
    (questions.detect_legibility_gain, {"primary.gained": 80, "primary.lost": 0},
     "primary.illegible_base", 40, 39),
    (questions.detect_legibility_gain, {"primary.gained": 10, "primary.lost": 0},
     "primary.illegible_base", 20, 19),
    (questions.detect_truncated_prompts, {},
     "primary.extra", {"truncated_tuned": 0.05}, {"truncated_tuned": 0.0499}),
    (questions.detect_ceiling, {}, "primary.base", rate(0.9), rate(0.8999)),
    (questions.detect_chance_level, {"primary.tuned": rate(0.3, high=0.35)},
     "primary.base", rate(0.3, low=0.25, high=0.35), rate(0.3, low=0.2501, high=0.35)),
    (questions.detect_chance_level, {"primary.base": rate(0.2, high=0.35)},
     "primary.tuned", rate(0.2, high=0.25), rate(0.2, high=0.2499)),
    (questions.detect_chance_level, {"primary.base": rate(0.3, high=0.35)},
     "primary.tuned", rate(0.3, high=0.35), rate(0.3, high=0.351)),
    (questions.detect_guessable_questions, {}, "longest_is_key", 0.5, 0.4999),
    (questions.detect_guessable_questions, {}, "screening", {"blind": 0.5}, {"blind": 0.4999}),
    (questions.detect_guessable_questions, {"top_key": 0.9}, "primary.n", 40, 39),
    (questions.detect_unanswerable_questions, REAL,
     "screening", {"opened": 0.3}, {"opened": 0.3001}),
    (questions.detect_unanswerable_questions, {**REAL, "screening": {"opened": 0.2}},
     "primary.n", 40, 39),
    (questions.detect_too_few_questions, {"primary.verdict": "inconclusive"},
     "primary.detectable", 0.1001, 0.1),
]
# fmt: on


@pytest.mark.parametrize(
    ("rule", "holds", "field", "speaks", "silent"),
    BORDERS,
    ids=[f"{rule.__name__}: {field} {speaks}" for rule, _, field, speaks, _ in BORDERS],
)
def test_a_rule_speaks_from_its_border_on_and_not_before(rule, holds, field, speaks, silent):
    assert rule(change({**holds, field: speaks})) is not None
    assert rule(change({**holds, field: silent})) is None


@pytest.mark.parametrize(
    ("model", "improved", "ratio", "speaks"),
    [
        ("some/llama", True, 1.5, True),
        ("some/llama", False, 1.499, False),
        ("tiny", False, 10.0, True),
        ("tiny", False, 9.99, False),
        ("tiny", True, 99.0, False),
    ],
)
@pytest.mark.parametrize("text", ["book", "general"])
def test_lost_knowledge_is_told_from_its_ratio_on_for_each_of_the_two_texts(
    text, model, improved, ratio, speaks
):
    other = "general" if text == "book" else "book"
    told = {f"probe.{other}_before": None, f"probe.{other}_after": None}
    told |= {f"probe.{text}_before": 2.0, f"probe.{text}_after": 2.0 * ratio}
    verdict = "improved" if improved else "inconclusive"
    found = learning.detect_knowledge_loss(
        change({"plan.base.model": model, "primary.verdict": verdict, **told})
    )
    assert (found is not None) is speaks
    assert found is None or found.said == (text,)


GAIN = {"primary.difference": difference(0.2), "familiar": 0.4, "primary.changed": N}
NAMES = {**GAIN, "primary.verdict": "improved", "beyond_names": interval(-0.05, 0.05)}
BY_HEART = {**UNLEARNT, **NAMES, "beyond_names": None}
LOSS = {"primary.verdict": "worse", "familiar": 0.1, "primary.changed": N}


@pytest.mark.parametrize(
    ("holds", "field", "speaks", "silent"),
    [
        (NAMES, "beyond_names", interval(0.0, 0.0999), interval(0.0, 0.1)),
        (NAMES, "beyond_names", interval(0.0, 0.05), interval(0.001, 0.05)),
        (NAMES, "beyond_names", interval(-0.05, 0.05), None),
        (NAMES, "primary.verdict", "improved", "inconclusive"),
        (NAMES, "primary.changed", N // 5, N // 5 - 1),
        (NAMES, "familiar", 0.2801, 0.2799),
        (NAMES, "familiar", 0.4, 0.1),
        (BY_HEART, "train.difference", difference(0.0, high=0.1), difference(0.0, high=0.6)),
        (LOSS, "primary.tuned", rate(0.2, low=0.25), rate(0.2, low=0.2501)),
        (LOSS | {"primary.tuned": rate(0.2)}, "familiar", 0.1, 0.4),
    ],
)
def test_familiar_names_speak_where_nothing_is_gained_without_them(holds, field, speaks, silent):
    found = questions.detect_familiar_names(change({**holds, field: speaks}))
    assert found is not None and found.priority == (0.96 if "beyond_names" in holds else 0.93)
    assert questions.detect_familiar_names(change({**holds, field: silent})) is None


@pytest.mark.parametrize(
    ("rule", "holds", "field", "at", "urgent", "before", "later"),
    [
        (data.detect_dropped_texts, {}, "preflight.too_long", 108, 0.972, 107, 0.6),
        (
            data.detect_leakage,
            {"shared_facts": 1},
            "primary.verdict",
            "improved",
            0.97,
            "worse",
            0.4,
        ),
        (
            questions.detect_favoured_option,
            {"favourite_tuned": 0.75},
            "favourite_base",
            0.5,
            0.955,
            0.501,
            0.928,
        ),
        (
            questions.detect_truncated_prompts,
            {},
            "primary.extra",
            {"truncated_tuned": 0.3},
            0.982,
            {"truncated_tuned": 0.2999},
            0.6,
        ),
        (
            questions.detect_too_few_questions,
            {"primary.verdict": "inconclusive", "primary.detectable": 0.25},
            "primary.difference",
            difference(0.1),
            0.875,
            difference(0.099),
            0.45,
        ),
    ],
)
def test_a_finding_comes_earlier_from_its_border_on(rule, holds, field, at, urgent, before, later):
    assert rule(change({**holds, field: at})).priority == urgent
    assert rule(change({**holds, field: before})).priority == later


USUAL = tuning.get_usual_rate(HEALTHY.plan)
FEW = {"plan.generation.pairs": 999, "rejected": {"leakage": 9}}
FLAT = {**UNLEARNT, "held_out": (1.0, 1.0)}
# fmt: off
REMEDIES = [  # rule, what holds, the field, its value, what is to be changed, and to what (or not)
    (data.detect_repeated_data, {"distinct": 0.1}, "near_duplicate", 0.7, None),
    (data.detect_repeated_data, {"distinct": 0.1}, "near_duplicate", 0.71, 0.7),
    (data.detect_few_pairs, FEW, "leak_ngram", 8, None),
    (data.detect_few_pairs, FEW, "leak_ngram", 7, 8),
    (questions.detect_favoured_option, {"favourite_tuned": 0.9}, "rotations", 3, 4),
    (questions.detect_favoured_option, {"favourite_tuned": 0.9}, "rotations", 4, None),
    (tuning.detect_flat_loss, FLAT, "learning_rate", USUAL / 2, USUAL),
    (tuning.detect_flat_loss, FLAT, "learning_rate", USUAL, float(f"{USUAL / 3:.2g}")),
]
# fmt: on
SECTIONS = {"rotations": "evaluation", "learning_rate": "finetuning"}


@pytest.mark.parametrize(("rule", "holds", "name", "at", "wanted"), REMEDIES)
def test_a_remedy_changes_what_is_stricter_or_smaller_than_usual(rule, holds, name, at, wanted):
    key = f"{SECTIONS.get(name, 'validation')}.{name}"
    assert rule(change({**holds, f"plan.{key}": at})).remedy.get(key) == wanted


def test_shuffled_names_are_said_to_change_answers_where_more_than_a_fifth_changed():
    told = {**UNLEARNT, "primary.n": 200}
    assert (
        "changed" in learning.detect_facts_not_learnt(change({**told, "primary.changed": 41})).said
    )
    silent = learning.detect_facts_not_learnt(change({**told, "primary.changed": 40}))
    assert "changed" not in silent.said


def asks_for_more(evidence, *keys):
    """The rules whose remedy asks for more of these, where each speaks."""
    spoken = [(rule, rule(change({**holds, field: at}))) for rule, holds, field, at, _ in evidence]
    return {rule.__name__ for rule, told in spoken if told and told.remedy.keys() & set(keys)}


def test_more_is_asked_for_only_where_the_text_has_more():
    """47 of 400: the next plan would give the same 47, and be advised again."""
    more = ("generation.pairs", "generation.questions", "generation.rounds")
    plenty = [(rule, holds, field, at, None) for rule, holds, field, at, *_ in BORDERS]
    few = {"drafted_pairs": 47, "drafted_questions": 31}
    scarce = [(rule, {**holds, **few}, field, at, None) for rule, holds, field, at, _ in plenty]
    assert len(asks_for_more(plenty, *more)) >= 5
    assert asks_for_more(scarce, *more) == set()


def test_training_that_is_to_stop_early_has_pairs_held_out_for_it():
    """Without them the next study would be refused before its tuning."""
    held = {"plan.validation.held_out_share": 0.0}
    spoken = [
        told.remedy
        for rule, holds, field, at, *_ in BORDERS
        if (told := rule(change({**holds, field: at, **held})))
    ]
    early = [remedy for remedy in spoken if remedy.get("finetuning.early_stopping")]
    assert len(early) >= 2
    assert all(remedy.get("validation.held_out_share") for remedy in early)


def test_own_items_are_not_asked_for_in_another_number_or_of_another_kind():
    own = {"plan.generation.pairs": "p.csv", "plan.generation.questions": "q.csv"}
    written = {
        "generation.pairs",
        "generation.questions",
        "generation.kinds",
        "generation.paraphrases",
    }
    plenty = [(rule, {**holds, **own}, field, at, None) for rule, holds, field, at, *_ in BORDERS]
    assert asks_for_more(plenty, *written) == set()


def test_the_advice_says_that_the_text_has_no_more():
    short = {**FEW, **UNLEARNT, "pairs": 40}
    told = {f.rule: f for f in diagnose_evidence(change({**short, "drafted_pairs": 47}))}
    assert told["few-pairs"].notes == ("no-more-pairs",) and not told["few-pairs"].remedy
    told = {f.rule: f for f in diagnose_evidence(change({**short, "drafted_pairs": 999}))}
    assert told["few-pairs"].notes == ()
    # a model's money or server may have ended, and the text have more
    stopped = {**short, "drafted_pairs": 47, "plan.generation.writer": "gpt"}
    told = {f.rule: f for f in diagnose_evidence(change(stopped))}
    assert told["few-pairs"].notes == () and told["few-pairs"].remedy
