"""`book2lora compare A B`: two studies' tuned models on the questions that both were asked."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from cyclopts import Parameter

from flows.cli.studies.find_study import find_study
from tasks.language.catalogue import load_catalogue
from tasks.language.choices import describe_differences
from tasks.language.i18n import Translator
from tasks.language.reader_language import get_reader_language
from tasks.reporting.sanitize import mark_control_characters
from tasks.schemas.errors import MissingArtifact, PlanError, quote_exception
from tasks.schemas.item_rows import Question
from tasks.schemas.messages import Points, PValue, Share, Term, build_message
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_lineage import digests, flat

if TYPE_CHECKING:  # scipy takes a second
    from tasks.evaluation.statistics.shared_questions import PairableAnswer, SharedResult


class AnsweredStudy(NamedTuple):
    """What a study folder tells of its tuned model."""

    name: str
    plan: StudyPlan
    rows: "list[PairableAnswer]"  # of the primary set, in the primary mode
    knows_facts: bool


def compare(
    first: Annotated[str, Parameter(help="name of a study, or its folder")],
    second: Annotated[str, Parameter(help="another one")],
    /,
    *,
    as_json: Annotated[
        bool, Parameter(name="--json", help="one JSON object, for programs", negative="")
    ] = False,
) -> int:
    """Compare the tuned models of two studies on the questions that both were asked, paired, by
    fact. Exploratory: both verdicts were known before.
    """
    there, here = (load_answered_study(find_study(name)) for name in (first, second))
    found = compare_answered_studies(there, here)
    if as_json:
        sys.stdout.write(json.dumps(build_record(there, here, found), indent=1) + "\n")
        return 0
    say = load_catalogue(get_reader_language())
    for line in describe_result(there, here, found, say):
        sys.stdout.write(mark_control_characters(line) + "\n")
    return 0


def load_answered_study(folder: Path) -> AnsweredStudy:
    """From the files of a study folder alone, wherever it lies. Raises MissingArtifact where it
    holds no answers that can be read.
    """
    try:
        study = json.loads((folder / "study.json").read_text("utf-8"))
        plan = StudyPlan.model_validate(study["plan"])
        records = json.loads((folder / "answers-tuned.json").read_text("utf-8"))
        known = _read_questions(folder, plan)
        rows = [_build_row(record, known) for record in records if _is_asked(record, known)]
    except (OSError, ValueError, LookupError, TypeError) as error:
        message = build_message(
            "no-answers-in-study", folder=str(folder), why=quote_exception(error)
        )
        raise MissingArtifact(message) from error
    return AnsweredStudy(plan.name, plan, rows, bool(known))


def compare_answered_studies(first: AnsweredStudy, second: AnsweredStudy) -> "SharedResult":
    """Raises PlanError where the two were not asked in the same way, or share no question."""
    from tasks.evaluation.statistics.shared_questions import compare_on_shared_questions

    ways = [study.plan.comparison.primary_mode for study in (first, second)]
    if ways[0] != ways[1]:
        message = build_message(
            "studies-asked-differently", a=first.name, b=second.name, x=ways[0], y=ways[1]
        )
        raise PlanError(message)
    found = compare_on_shared_questions(first.rows, second.rows, first.plan.comparison)
    if found is None:
        raise PlanError(build_message("studies-share-nothing", a=first.name, b=second.name))
    return found


def describe_result(
    first: AnsweredStudy, second: AnsweredStudy, found: "SharedResult", say: Translator
) -> Iterable[str]:
    """How the plans differ, how many questions are shared, both rates, the test, and that it
    confirms nothing.
    """
    result, a, b = found.result, first.name, second.name
    comparison = first.plan.comparison
    told = []
    if differences := list_differences(first.plan, second.plan):
        text = describe_differences(differences, say, most=len(differences))
        told.append(build_message("compare-plans", a=a, b=b, differences=text))
    told.append(
        build_message(
            "compare-shared",
            n=found.shared,
            facts=found.facts,
            of_a=found.asked[0],
            of_b=found.asked[1],
            set=Term("sets", comparison.primary_set),
            mode=Term("modes", comparison.primary_mode),
        )
    )
    told.append(
        build_message(
            "compare-result",
            a=a,
            b=b,
            rate_a=say.format_share(result.base.rate),
            rate_b=say.format_share(result.tuned.rate),
            difference=Points(result.difference.value),
            level=Share(1 - comparison.alpha),
            low=Points(result.difference.low),
            high=Points(result.difference.high),
            gained=int(result.gained),
            lost=int(result.lost),
            p=PValue(result.p_value),
        )
    )
    if not (first.knows_facts and second.knows_facts):
        told.append(build_message("compare-facts-unknown"))
    told.append(build_message("compare-exploratory"))
    return map(say.format_message, told)


def build_record(
    first: AnsweredStudy, second: AnsweredStudy, found: "SharedResult"
) -> dict[str, Any]:
    """The same for programs."""
    result = found.result
    return {
        "studies": [first.name, second.name],
        "differences": list_differences(first.plan, second.plan),
        "mode": first.plan.comparison.primary_mode,
        "shared": found.shared,
        "facts": found.facts,
        "asked": list(found.asked),
        "rates": [result.base.rate, result.tuned.rate],
        "gained": result.gained,
        "lost": result.lost,
        "changed": result.changed,
        "difference": result.difference.model_dump(),
        "p_value": result.p_value,
        "exploratory": True,
    }


def list_differences(first: StudyPlan, second: StudyPlan) -> dict[str, tuple[Any, Any]]:
    """The choices that differ, names aside."""
    there, here = (flat(plan.model_dump(mode="json", exclude={"name"})) for plan in (first, second))
    keys = dict.fromkeys((*there, *here))
    return {key: (there.get(key), here.get(key)) for key in keys if there.get(key) != here.get(key)}


def _read_questions(folder: Path, plan: StudyPlan) -> dict[str, Question]:
    """The primary set's questions by their words, with facts and passages; none of a folder whose
    version did not keep them.
    """
    name = plan.comparison.primary_set
    sets = ("same_fact", "new_fact") if name == "all" else (name,)
    files = [folder / "dataset" / "questions" / f"{one}.jsonl" for one in sets]
    rows = [
        Question.model_validate_json(line)
        for file in files
        if file.is_file()
        for line in file.read_text("utf-8").splitlines()
    ]
    return dict(zip(digests(rows), rows, strict=True))


def _is_asked(record: dict[str, Any], known: dict[str, Question]) -> bool:
    return not known or _digest_words(record) in known


def _build_row(record: dict[str, Any], known: dict[str, Question]) -> "PairableAnswer":
    from tasks.evaluation.statistics.shared_questions import PairableAnswer

    words, chosen = _digest_words(record), record["predicted"]
    question = known.get(words)
    return PairableAnswer(
        words=words,
        fact=(question and question.fact) or "",
        passage=question.quote.passage_id if question and question.quote else "",
        chosen=record["options"][chosen - 1] if chosen else "",
        is_correct=record["is_correct"],
    )


def _digest_words(record: dict[str, Any]) -> str:
    words = {name: record[name] for name in ("question", "options", "answer")}
    return digests([Question(id="", fact="", **words)])[0]
