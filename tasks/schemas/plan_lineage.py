"""Which choices of a plan were made after answers to its questions had been seen: such a verdict is
exploratory.

A test keeps its rate of false alarms only for an endpoint, a setting and a number of questions that
the answers it judges
had no part in choosing. A plan says so itself (`lineage`), and the store's record of decisions
(`looks.py`) says it of
plans that do not.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

from tasks.schemas.digest import compute_digest
from tasks.schemas.item_rows import Question
from tasks.schemas.plan import Lineage, StudyPlan
from tasks.schemas.result_rows import Choice, History, Look

ENDPOINT = (  # what is measured, how it is put and read, and the line that decides
    "comparison.primary_set",
    "comparison.primary_mode",
    "comparison.alpha",
    "comparison.margin",
    "evaluation.rotations",
    "evaluation.instruction",
    "evaluation.answer_tokens",
    "evaluation.chat",
)
STOPPING = ("generation.questions",)  # when the asking ends
BESIDE = (  # no part of what the verdict rests on
    "comparison.confirms",
    "comparison.power",
    "comparison.secondary",
    "comparison.seed",
    "evaluation.modes",
    "evaluation.screening",
    "finetuning.report_to",
)
CHOICES: tuple[Choice, ...] = ("endpoint", "setting", "stopping")


def endpoint_of(plan: StudyPlan) -> dict[str, Any]:
    """What the plan decides on, by dotted keys."""
    return {key: reduce(getattr, key.split("."), plan) for key in ENDPOINT}


def digests(questions: Iterable[Question]) -> list[str]:
    """Each question by its words alone, in whatever order its options stand."""
    return [compute_digest("\n".join([q.question, *sorted(q.options)]).encode()) for q in questions]


def paper_of(look: Look) -> str:
    """One digest of all questions of a look."""
    return compute_digest("\n".join(sorted(look.questions)).encode())


def history_of(
    look: Look, earlier: Sequence[Look], asked: Collection[str], lineage: Lineage
) -> History:
    """What was decided before on the questions that this look decides on.

    `earlier`: the looks before this one, the oldest first; `asked`: the digests of the primary
    set's questions.
    """
    wanted = set(asked)
    before = [
        one
        for one in earlier
        if (look.confirms or one.base == look.base) and wanted & set(one.questions)
    ]
    opened: list[Choice] = ["setting"] if look.confirms and before else []  # sealed facts open once
    known = {digest for one in before for digest in one.questions}
    moved = _moved(before[0], look) if before else {}
    late: list[Choice] = ["endpoint"] if moved else []
    made_after: tuple[Choice, ...] = (
        () if _is_fresh(lineage, earlier, wanted) else lineage.chosen_after
    )
    return History(
        look=1 + max(len(before), lineage.looks if made_after else 0),
        shared=len(wanted & known),
        n=len(wanted),
        first=before[0].name if before else "",
        predecessor=lineage.predecessor if made_after else "",
        moved=moved,
        chosen_after=_ordered([*made_after, *_inherited(look, before), *late, *opened]),
        paper=paper_of(look),
    )


def with_lineage(following: StudyPlan, plan: StudyPlan, history: History) -> StudyPlan:
    """The plan that was made from a study's answers, saying so."""
    lineage = after_choosing(plan.lineage, plan.name, history, chosen(plan, following))
    return decide_on_sealed(following.model_copy(update={"lineage": lineage}))


def decide_on_sealed(plan: StudyPlan) -> StudyPlan:
    """The plan made after a choice: it asks the sealed facts, where the plan seals any and the
    choice was not made on them.
    """
    confirms = bool(plan.validation.sealed_share) and not plan.comparison.confirms
    comparison = plan.comparison.model_copy(update={"confirms": confirms})
    return plan.model_copy(update={"comparison": comparison})


def after_choosing(
    lineage: Lineage, name: str, history: History, chosen: Iterable[Choice]
) -> Lineage:
    """The lineage of a plan made from the answers of the study `name`; what was exploratory there
    stays so.
    """
    return Lineage(
        predecessor=name,
        looks=history.look,
        chosen_after=_ordered([*history.chosen_after, *chosen]),
        seen=tuple(dict.fromkeys([*lineage.seen, *filter(None, [history.paper])])),
    )


def chosen(before: StudyPlan, after: StudyPlan) -> list[Choice]:
    """What differs between two plans, as kinds of choices."""
    there, here = (
        flat(plan.model_dump(mode="json", exclude={"name", "lineage"})) for plan in (before, after)
    )
    keys = [key for key in here.keys() | there.keys() if there.get(key) != here.get(key)]
    return [_kind(key) for key in keys if key not in BESIDE]


def flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A tree of choices as dotted keys."""
    rows: dict[str, Any] = {}
    for key, value in tree.items():
        rows |= (
            flat(value, f"{prefix}{key}.")
            if isinstance(value, Mapping) and value
            else {f"{prefix}{key}": value}
        )
    return rows


def _kind(key: str) -> Choice:
    return "endpoint" if key in ENDPOINT else "stopping" if key in STOPPING else "setting"


def _moved(first: Look, look: Look) -> dict[str, tuple[Any, Any]]:
    """The parts of the endpoint that are not what they were at the first look."""
    return {
        key: (first.endpoint.get(key), value)
        for key, value in look.endpoint.items()
        if first.endpoint.get(key) != value
    }


def _inherited(look: Look, before: Sequence[Look]) -> list[Choice]:
    """What an earlier look at the same answers, or with the endpoint that is now the first one, was
    told to have chosen.
    """
    same = [one for one in before if one.answers == look.answers and one.endpoint == look.endpoint]
    first: list[Choice] = ["endpoint"] if before and "endpoint" in before[0].exploratory else []
    return [*first, *(choice for one in same for choice in one.exploratory)]


def _is_fresh(lineage: Lineage, earlier: Sequence[Look], wanted: set[str]) -> bool:
    """Whether it is known which questions had been seen, and none of them is asked now."""
    seen = {paper_of(one): set(one.questions) for one in earlier}
    return bool(lineage.seen) and all(
        paper in seen and not seen[paper] & wanted for paper in lineage.seen
    )


def _ordered(choices: Iterable[Choice]) -> tuple[Choice, ...]:
    found = set(choices)
    return tuple(choice for choice in CHOICES if choice in found)
