"""Where each rule of the diagnosis begins to speak: at its border, and a step before it."""

import pytest
from support.planted_faults.row_studies import make_healthy_study

from tasks.diagnosis.evidence import Evidence
from tasks.diagnosis.rules import data_rules as data
from tasks.diagnosis.rules import learning_rules as learning
from tasks.diagnosis.rules import question_rules as questions
from tasks.diagnosis.rules import tuning_rules as tuning
from tasks.diagnosis.rules.ranking import diagnose_evidence
from tasks.schemas.result_rows import Rate
from tasks.schemas.rows.measure_rows import QuestionMeasure

HEALTHY = make_healthy_study().collect_evidence()
N = HEALTHY.primary.n  # 200 questions of same_fact, asked in cloze; 360 pairs
REAL = {"plan.base.model": "some/llama"}
STILL = {"rows.changed": 0, "rows.extra": {}}
UNLEARNT = {"rows.verdict": "inconclusive", "probe.taught_before": -3.0, "probe.taught_after": -3.0}
NUMBERED = {"primary.mode": "digits"}


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
        elif part in ("rows", "primary", "train"):
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
    (tuning.detect_diverged_loss, {"loss_first": 2.0}, "loss_last", 2.26, 2.25),
    (tuning.detect_diverged_loss, {"loss_first": 2.0, "held_out": (1.0, 1.2, 1.1)},
     "loss_last", 0.81, 0.8),
    (tuning.detect_diverged_loss, {"loss_first": 2.0, "loss_last": 1.5},
     "held_out", (1.0, 1.2, 1.051), (1.0, 1.2, 1.05)),
    (tuning.detect_too_few_updates, UNLEARNT, "updates", 49, 50),
    (tuning.detect_unfinished_training, {"train.tuned": rate(0.9)}, "updates", 50, 49),
    (tuning.detect_unfinished_training, {}, "train.tuned", rate(0.9), rate(0.901)),
    (tuning.detect_unfinished_training, {"train.tuned": rate(0.9)},
     "held_out", (2.0, 1.0, 0.97), (2.0, 1.0, 0.98)),
    (tuning.detect_unfinished_training,
     {**UNLEARNT, "train.tuned": rate(0.9), "train.p_value": 0.1, "train.difference": difference(0.1)},
     "held_out", (2.0, 1.0, 0.994), (2.0, 1.0, 0.995)),
    (tuning.detect_unfinished_training, {"train.tuned": rate(0.9)},
     "held_out", (2.0, 1.0, 0.9), (1.0, 0.9)),
    (tuning.detect_unfinished_training, {"train.tuned": rate(0.9)},
     "held_out", (0.9, 1.0, 0.9), (0.89, 1.0, 0.9)),
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
    (tuning.detect_overfitting, {}, "held_out", (2.0, 1.0, 1.11), (2.0, 1.0, 1.1)),
    (tuning.detect_overfitting, {}, "held_out", (1.0, 1.11), (1.11,)),
    (tuning.detect_diverged_loss, {"loss_first": 2.0, "loss_last": 1.5},
     "held_out", (1.0, 1.06), (1.06,)),
    (learning.detect_known_facts, {}, "train.base", rate(0.9, low=0.8), rate(0.9, low=0.799)),
    (learning.detect_known_facts, {}, "probe.taught_before", -0.1, -0.1001),
    (learning.detect_rote_learning,
     {"rows.verdict": "inconclusive", "train.verdict": "improved", "train.difference": difference(0.4)},
     "primary.difference", difference(0.1, high=0.399), difference(0.1, high=0.4)),
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
    (questions.detect_chance_level, {"primary.tuned": rate(0.3)},
     "primary.base", rate(0.3, low=0.25), rate(0.3, low=0.2501)),
    (questions.detect_chance_level, {"primary.base": rate(0.2)},
     "primary.tuned", rate(0.2, high=0.25), rate(0.2, high=0.2499)),
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


@pytest.mark.parametrize(
    ("verdict", "familiar", "changed", "tuned", "weight"),
    [
        ("improved", 0.4, N // 5, rate(0.5, low=0.4), 0.96),
        ("improved", 0.4, N // 5 - 1, rate(0.5, low=0.4), 0.0),
        ("improved", 0.4, N, rate(0.5, low=0.401), 0.0),
        ("improved", 0.1, N, rate(0.5, low=0.05), 0.0),
        ("improved", 0.2801, N, rate(0.5), 0.96),
        ("improved", 0.2799, N, rate(0.5), 0.0),
        ("worse", 0.1, N, rate(0.2, low=0.25), 0.93),
        ("worse", 0.1, N, rate(0.2, low=0.2501), 0.0),
        ("worse", 0.4, N, rate(0.2, low=0.1), 0.0),
        ("inconclusive", 0.4, N, rate(0.4, low=0.4, high=0.4), 0.6),
        ("inconclusive", 0.4, N, rate(0.4, low=0.401, high=0.5), 0.0),
        ("inconclusive", 0.4, N, rate(0.4, low=0.1, high=0.399), 0.0),
    ],
)
def test_familiar_names_weigh_what_they_can_explain(verdict, familiar, changed, tuned, weight):
    told = {"familiar": familiar, "primary.changed": changed, "primary.tuned": tuned}
    evidence = change({"primary.verdict": verdict, **told})
    assert questions._weigh_familiarity(evidence) == weight


@pytest.mark.parametrize(
    ("rule", "holds", "field", "at", "heavy", "before", "light"),
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
def test_a_finding_weighs_more_from_its_border_on(rule, holds, field, at, heavy, before, light):
    assert rule(change({**holds, field: at})).weight == heavy
    assert rule(change({**holds, field: before})).weight == light


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
