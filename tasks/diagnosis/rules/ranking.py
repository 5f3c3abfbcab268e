"""The reasons of a result, ranked: each rule looks at the evidence and names one fault, or nothing.

Priority is the order in which to act, from the mechanical to the subtle: what makes all else
meaningless comes first (nothing trainable 1.0 … too few updates 0.95), then what was not learnt and
why (0.9 …), then what the questions could not show. Of neighbours, a remedy that is paid for waits
for one that is not.
"""

from collections.abc import Callable, Sequence
from functools import reduce

from tasks.diagnosis.evidence import Evidence
from tasks.diagnosis.finding_text import RuleResult
from tasks.diagnosis.remedies import is_paid_for
from tasks.diagnosis.rules import data_rules, learning_rules, question_rules, tuning_rules
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_lineage import ENDPOINT
from tasks.schemas.result_rows import Finding

WANT_PAIRS = frozenset(  # rules whose advice or remedy is more pairs
    {
        "data-narrow", "data-repeated", "data-unrelated", "facts-not-learnt", "few-pairs",
        "learnt-by-heart", "seeds-disagree", "stopped-early", "too-few-updates",
    }
)  # fmt: skip
WANT_QUESTIONS = frozenset({"too-few-questions"})

PAID_DELAY = 0.01  # of priority: past the nearest neighbours, not past another kind of fault

RuleFunction = Callable[[Evidence], RuleResult | None]

VALIDITY_RULES: tuple[RuleFunction, ...] = (  # they spoil a gain too
    data_rules.detect_leakage,
    data_rules.detect_unfit_profile,
    data_rules.detect_misaligned_pairs,
    question_rules.detect_wrong_keys,
    question_rules.detect_legibility_gain,
    question_rules.detect_familiar_names,
    learning_rules.detect_seed_disagreement,
    learning_rules.detect_knowledge_loss,
    learning_rules.detect_harm_elsewhere,
)
NO_GAIN_RULES: tuple[RuleFunction, ...] = (  # why there is no gain
    tuning_rules.detect_nothing_trainable,
    tuning_rules.detect_masked_labels,
    tuning_rules.detect_unmoved_weights,
    tuning_rules.detect_detached_adapter,
    tuning_rules.detect_same_model,
    tuning_rules.detect_diverged_loss,
    tuning_rules.detect_too_few_updates,
    tuning_rules.detect_unfinished_training,
    tuning_rules.detect_low_learning_rate,
    tuning_rules.detect_flat_loss,
    tuning_rules.detect_overfitting,
    data_rules.detect_dropped_texts,
    data_rules.detect_unrelated_data,
    data_rules.detect_narrow_data,
    data_rules.detect_repeated_data,
    data_rules.detect_few_pairs,
    learning_rules.detect_known_facts,
    learning_rules.detect_format_gap,
    learning_rules.detect_missing_transfer,
    learning_rules.detect_facts_not_learnt,
    learning_rules.detect_rote_learning,
    question_rules.detect_truncated_prompts,
    question_rules.detect_favoured_option,
    question_rules.detect_position_dependence,
    question_rules.detect_illegible_answers,
    question_rules.detect_ceiling,
    question_rules.detect_guessable_questions,
    question_rules.detect_unanswerable_questions,
    question_rules.detect_chance_level,
    question_rules.detect_refused_questions,
    question_rules.detect_too_few_questions,
    question_rules.detect_word_solved_questions,
)


def diagnose_evidence(evidence: Evidence) -> list[Finding]:
    """The findings in the order in which to act; a sound gain has none."""
    rules = VALIDITY_RULES if evidence.is_improved else VALIDITY_RULES + NO_GAIN_RULES
    found = [
        _add_notes(_drop_noop_changes(reason.build_finding(), evidence.plan), evidence)
        for rule in rules
        if (reason := rule(evidence))
    ]
    return order_findings(found, evidence.plan)


def order_findings(findings: Sequence[Finding], plan: StudyPlan) -> list[Finding]:
    """By priority; what is paid for waits PAID_DELAY."""

    def weigh_price(finding: Finding) -> float:
        return finding.priority - PAID_DELAY * is_paid_for(plan, finding.remedy)

    return sorted(findings, key=weigh_price, reverse=True)


def _drop_noop_changes(finding: Finding, plan: StudyPlan) -> Finding:
    """Without the changes that the plan has already."""
    changes = {
        key: value
        for key, value in finding.remedy.items()
        if reduce(getattr, key.split("."), plan) != value
    }
    return finding.model_copy(update={"remedy": changes})


def _add_notes(finding: Finding, e: Evidence) -> Finding:
    """A change of the endpoint is said to be one, and why more of what the book has no more of is
    not asked for.
    """
    holds = {
        "endpoint": bool(finding.remedy.keys() & set(ENDPOINT)),
        "no-more-pairs": finding.rule in WANT_PAIRS and not e.has_more_pairs,
        "no-more-questions": finding.rule in WANT_QUESTIONS and not e.has_more_questions,
    }
    return finding.model_copy(
        update={"notes": tuple(note for note, is_so in holds.items() if is_so)}
    )
