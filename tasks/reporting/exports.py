"""The study folder's files for programs: verdict, study, items and answers as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import yaml

from tasks.language.i18n import Translator
from tasks.reporting.history import next_note, told
from tasks.reporting.labels import load_labels
from tasks.reporting.message_words import tell_advice, tell_cause, tell_claim, tell_verdict
from tasks.reporting.report_data import ReportData
from tasks.reporting.review.review_words import describe_review
from tasks.schemas.effects.effect_rows import AidComparison, Harm, SecondEndpoint
from tasks.schemas.item_rows import Question, StoredRow
from tasks.schemas.result_rows import Answer, Comparison, Finding, History
from tasks.schemas.rows.final_answers import UNRECORDED_ANSWER, decide_final_answers


def write_data_files(folder: Path, study: ReportData) -> None:
    """Everything but the page and its short form."""
    save_json(folder / "verdict.json", build_verdict_record(study))
    save_json(folder / "study.json", build_study_record(study))
    save_json(
        folder / "pairs.json",
        [{"symptom": pair.symptom, "diagnosis": pair.diagnosis} for pair in study.pairs],
    )
    save_json(
        folder / "questions.json",
        [build_question_record(question) for question in study.exported_questions],
    )
    for name, answers in (("base", study.base), ("tuned", study.tuned)):
        save_json(folder / f"answers-{name}.json", build_answer_records(study, answers))
    save_json_lines(folder / "rejections.jsonl", study.rejected)
    if study.readings:
        save_json_lines(folder / "readings.jsonl", study.readings)
    save_json_lines(folder / "training.jsonl", study.steps)
    if study.next_plan:
        tree = study.next_plan.model_dump(mode="json", exclude_defaults=True) | {
            "name": study.next_plan.name
        }
        (folder / "next-plan.yaml").write_text(
            yaml.safe_dump(tree, allow_unicode=True, sort_keys=False), "utf-8"
        )


def build_verdict_record(study: ReportData) -> dict[str, Any]:
    """The primary result and its causes, the heaviest first; sentences for the reader."""
    result, say = study.primary, load_labels(study.wording)
    return {
        "name": study.plan.name,
        "verdict": result.verdict,
        **standing(result, study.history, say),
        "told": result.told.model_dump(mode="json"),
        "limits": result.limits and result.limits.model_dump(mode="json"),
        "mode": result.mode,
        "set": result.set,
        "n": result.n,
        "base": result.base.model_dump(exclude={"n"}),
        "tuned": result.tuned.model_dump(exclude={"n"}),
        **result.model_dump(
            include={
                "gained",
                "lost",
                "changed",
                "claim",
                "cautions",
                "illegible_base",
                "illegible_tuned",
                "p_value",
                "difference",
                "detectable",
            }
        ),
        "between_seeds": describe_seeds(result),
        "harm": [build_told_record(one, say) for one in study.effects.harms],
        "second": build_told_record(study.effects.second, say),
        "beside": build_told_record(study.effects.aids, say),
        "causes": [build_finding_record(one, say) for one in study.findings],
        "exercise_causes": [
            cause.model_dump(mode="json", exclude={"found"}) | {"claim": tell_cause(cause, say)}
            for cause in study.causes
        ],
    }


def describe_seeds(result: Comparison) -> dict[str, Any] | None:
    """How far the effect differs between seeds of the tuning; nothing of one seed."""
    if not result.seeds:
        return None
    return {
        "seeds": len(result.seeds),
        "mean": fmean(result.seeds),
        "deviation": stdev(result.seeds),
        "low": min(result.seeds),
        "high": max(result.seeds),
        "p_value": result.extra["p_seeds"],
    }


def build_told_record(
    found: Harm | SecondEndpoint | AidComparison | None, say: Translator
) -> dict[str, Any] | None:
    """What is told beside the verdict, in words, with its numbers; nothing where it was not asked
    for.
    """
    if found is None:
        return None
    return {"sentence": say.format_message(found.told)} | found.model_dump(mode="json")


def build_finding_record(finding: Finding, say: Translator) -> dict[str, Any]:
    """A finding in words, with its numbers."""
    return finding.model_dump(mode="json", exclude={"beside", "notes"}) | {
        "claim": tell_claim(finding, say),
        "advice": tell_advice(finding, say),
    }


def standing(result: Comparison, history: History, say: Translator) -> dict[str, Any]:
    """The verdict's sentence, whether it confirms anything, and the number of this decision on
    these questions.
    """
    return {
        "sentence": tell_verdict(result, history, say),
        "exploratory": history.exploratory,
        "look": history.look,
        "history": told(history, say),
    }


def build_study_record(study: ReportData) -> dict[str, Any]:
    """What was done, with what, and where each artifact lies: enough to do it again."""
    plan = study.plan.model_dump(mode="json")
    return {
        "name": study.plan.name,
        "book": {"title": study.book_title, "path": study.book_path, "digest": study.book_digest},
        "plan": plan,
        "seeds": collect_seeds(plan),
        "versions": dict(study.versions),
        "machine": dict(study.machine),
        "counts": count_rows(study),
        "short": [one._asdict() for one in study.shortfalls],
        "writing": study.writing._asdict(),
        "reader": study.reader and study.reader.model_dump(),
        "scan": study.scan and study.scan.model_dump(mode="json"),
        "funnel": [stage.model_dump(mode="json") for stage in study.funnel],
        "preflight": study.preflight and study.preflight.model_dump(mode="json"),
        "probe": study.probe and study.probe.model_dump(mode="json"),
        "comparisons": [comparison.model_dump(mode="json") for comparison in study.comparisons],
        "effects": study.effects.model_dump(mode="json"),
        "measures": [row.model_dump(mode="json") for row in study.measures],
        "kinds": [one._asdict() for one in study.kind_counts],
        "review": study.review and study.review.model_dump(mode="json"),
        "review_told": [one.model_dump(mode="json") for one in describe_review(study.review)],
        "timings": [timing.model_dump(mode="json") for timing in study.timings],
        "artifacts": {name: place._asdict() for name, place in study.artifacts.items()},
        "next_command": study.next_command,
        "next_follows": list(study.followed),
        "next_note": next_note(study, load_labels(study.wording)),
        "language": study.reader_language,
        "history": study.history.model_dump(mode="json"),
    }


def count_rows(study: ReportData) -> dict[str, int]:
    """How many rows there are of each thing."""
    sets = {f"questions_{name}": len(rows) for name, rows in study.questions.items()}
    fallen = sum(rejection.items for rejection in study.rejected)
    return {
        "passages": len(study.passages),
        "pairs": len(study.pairs),
        "held_out_pairs": len(study.held_out),
        **sets,
        "rejected": fallen,
    }


def collect_seeds(tree: Mapping[str, Any], prefix: str = "") -> dict[str, int]:
    """Every seed of the plan by its dotted key."""
    found: dict[str, int] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            found |= collect_seeds(value, f"{prefix}{key}.")
        elif key == "seed":
            found[prefix + key] = value
    return found


def build_question_record(question: Question) -> dict[str, Any]:
    """A question in the exercise's shape."""
    return {
        "question": question.question,
        "options": list(question.options),
        "answer": question.answer,
    }


def build_answer_records(study: ReportData, answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """One record of five fields for each question; a question without an answer stays, unanswered
    and wrong.
    """
    said = decide_final_answers(
        answers, {question.id: question.answer for question in study.exported_questions}
    )
    mode = study.primary.mode
    return [
        build_question_record(question)
        | said.get(question.id, {}).get(mode, UNRECORDED_ANSWER)._asdict()
        for question in study.exported_questions
    ]


def save_json(path: Path, content: Any) -> None:
    """What is no number becomes null: JSON has no word for it, and other programs refuse the whole
    file.
    """
    sound = json.loads(json.dumps(content), parse_constant=lambda name: None)
    path.write_text(
        json.dumps(sound, ensure_ascii=False, indent=1, allow_nan=False) + "\n", "utf-8"
    )


def save_json_lines(path: Path, rows: Iterable[StoredRow]) -> None:
    path.write_text("".join(row.model_dump_json() + "\n" for row in rows), "utf-8")
