"""The reasons of a result, ranked: each rule looks at the evidence and names one fault, or nothing.

Weights rank from the mechanical to the subtle: what makes all else meaningless comes first (nothing trainable 1.0 …
too few updates 0.95), then what was not learnt and why (0.9 …), then what the questions could not show.
"""

from collections.abc import Callable
from functools import reduce

from tasks.diagnosis import rules_data, rules_learning, rules_questions, rules_tuning
from tasks.diagnosis.evidence import Evidence
from tasks.diagnosis.reason import RuleResult, load_sentences
from tasks.lineage import ENDPOINT
from tasks.plan import StudyPlan
from tasks.results import Finding

RuleFunction = Callable[[Evidence], RuleResult | None]

VALIDITY_RULES: tuple[RuleFunction, ...] = (  # they spoil a gain too
    rules_data.detect_leakage,
    rules_questions.detect_legibility_gain,
    rules_questions.detect_familiar_names,
    rules_learning.detect_seed_disagreement,
    rules_learning.detect_knowledge_loss,
)
NO_GAIN_RULES: tuple[RuleFunction, ...] = (  # why there is no gain
    rules_tuning.detect_nothing_trainable,
    rules_tuning.detect_masked_labels,
    rules_tuning.detect_unmoved_weights,
    rules_tuning.detect_detached_adapter,
    rules_tuning.detect_same_model,
    rules_tuning.detect_diverged_loss,
    rules_tuning.detect_too_few_updates,
    rules_tuning.detect_unfinished_training,
    rules_tuning.detect_low_learning_rate,
    rules_tuning.detect_flat_loss,
    rules_tuning.detect_overfitting,
    rules_data.detect_dropped_texts,
    rules_data.detect_unrelated_data,
    rules_data.detect_narrow_data,
    rules_data.detect_repeated_data,
    rules_data.detect_few_pairs,
    rules_learning.detect_known_facts,
    rules_learning.detect_format_gap,
    rules_learning.detect_missing_transfer,
    rules_learning.detect_facts_not_learnt,
    rules_learning.detect_rote_learning,
    rules_questions.detect_truncated_prompts,
    rules_questions.detect_favoured_option,
    rules_questions.detect_position_dependence,
    rules_questions.detect_illegible_answers,
    rules_questions.detect_ceiling,
    rules_questions.detect_guessable_questions,
    rules_questions.detect_unanswerable_questions,
    rules_questions.detect_chance_level,
    rules_questions.detect_too_few_questions,
)


def diagnose_evidence(evidence: Evidence) -> list[Finding]:
    """The findings by weight, the first cause first; a sound gain has none."""
    rules = VALIDITY_RULES if evidence.is_improved else VALIDITY_RULES + NO_GAIN_RULES
    language = evidence.plan.language
    found = [_drop_noop_changes(reason.build_finding(language), evidence.plan) for rule in rules if (reason := rule(evidence))]
    return sorted(found, key=lambda finding: -finding.weight)


def _drop_noop_changes(finding: Finding, plan: StudyPlan) -> Finding:
    """Without the changes that the plan has already; one of the endpoint is said to be one."""
    changes = {key: value for key, value in finding.remedy.items() if reduce(getattr, key.split("."), plan) != value}
    note = load_sentences(plan.language)["notes"]["endpoint"] if changes.keys() & set(ENDPOINT) else ""
    return finding.model_copy(update={"remedy": changes, "advice": f"{finding.advice} {note}".rstrip()})
