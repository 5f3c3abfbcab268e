"""The reasons of a result, ranked: each rule looks at the evidence and names one fault, or nothing.

Weights rank from the mechanical to the subtle: what makes all else meaningless comes first (nothing trainable 1.0 …
too few updates 0.95), then what was not learnt and why (0.9 …), then what the questions could not show.
"""

from collections.abc import Callable
from functools import reduce

from tasks.diagnosis import rules_data, rules_learning, rules_questions, rules_tuning
from tasks.diagnosis.evidence import Evidence
from tasks.diagnosis.reason import Reason, words
from tasks.lineage import ENDPOINT
from tasks.plan import StudyPlan
from tasks.results import Finding

Rule = Callable[[Evidence], Reason | None]

VALIDITY: tuple[Rule, ...] = (  # they spoil a gain too
    rules_data.leakage,
    rules_questions.legibility_gain,
    rules_questions.familiar_names,
    rules_learning.seeds_disagree,
    rules_learning.knowledge_lost,
)
REASONS: tuple[Rule, ...] = (  # why there is no gain
    rules_tuning.nothing_trainable,
    rules_tuning.labels_masked,
    rules_tuning.weights_unmoved,
    rules_tuning.adapter_not_attached,
    rules_tuning.same_model_twice,
    rules_tuning.loss_diverged,
    rules_tuning.too_few_updates,
    rules_tuning.stopped_early,
    rules_tuning.rate_too_low,
    rules_tuning.loss_flat,
    rules_tuning.overfit,
    rules_data.texts_left_out,
    rules_data.unrelated,
    rules_data.narrow,
    rules_data.repeated,
    rules_data.few_pairs,
    rules_learning.already_known,
    rules_learning.format_gap,
    rules_learning.not_carried_over,
    rules_learning.facts_not_learnt,
    rules_learning.learnt_by_heart,
    rules_questions.prompts_cut,
    rules_questions.favoured,
    rules_questions.unsteady,
    rules_questions.illegible,
    rules_questions.at_ceiling,
    rules_questions.guessable,
    rules_questions.unanswerable,
    rules_questions.at_chance,
    rules_questions.too_few,
)


def diagnose(evidence: Evidence) -> list[Finding]:
    """The findings by weight, the first cause first; a sound gain has none."""
    rules = VALIDITY if evidence.is_improved else VALIDITY + REASONS
    language = evidence.plan.language
    found = [_sober(reason.build_finding(language), evidence.plan) for rule in rules if (reason := rule(evidence))]
    return sorted(found, key=lambda finding: -finding.weight)


def _sober(finding: Finding, plan: StudyPlan) -> Finding:
    """Without the changes that the plan has already; one of the endpoint is said to be one."""
    changes = {key: value for key, value in finding.remedy.items() if reduce(getattr, key.split("."), plan) != value}
    note = words(plan.language)["notes"]["endpoint"] if changes.keys() & set(ENDPOINT) else ""
    return finding.model_copy(update={"remedy": changes, "advice": f"{finding.advice} {note}".rstrip()})
