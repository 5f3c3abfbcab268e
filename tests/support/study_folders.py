"""Study folders as a finished run leaves them, as far as the commands on studies read them."""

import json
import os
from pathlib import Path

from tasks.schemas.item_rows import Question, Quote
from tasks.schemas.plan_file import parse_plan
from tasks.store.paths import get_runs_dir
from tasks.store.studies.study_records import RunRecord, claim_folder, save_record

VERDICT = {
    "verdict": "improved",
    "base": {"rate": 0.25},
    "tuned": {"rate": 0.5},
    "set": "same_fact",
    "mode": "cloze",
    "p_value": 0.001,
    "n": 100,
    "gained": 30,
    "lost": 5,
}


def build_questions(numbers) -> list[Question]:
    """One on each number, two numbers a fact; options in another order for odd numbers."""
    return [
        Question(
            id=f"q{n}",
            fact=f"fact {n // 2}",
            question=f"Question {n}?",
            options=("right", "b", "c", "d"),
            answer=1,
            quote=Quote(passage_id=f"p{n}", page=1, start=0, end=1, text="t"),
        )
        for n in numbers
    ]


def turn_options(question: Question, by: int) -> Question:
    """The same question with its options turned around."""
    options = question.options[by:] + question.options[:by]
    return question.model_copy(update={"options": options, "answer": options.index("right") + 1})


def write_study(name: str, right: dict[int, bool], turned: int = 0, **changes) -> Path:
    """A finished study that answered these questions rightly or wrongly."""
    plan = parse_plan({"name": name}, changes).model_dump(mode="json")
    record, handle = claim_folder(
        "studies",
        RunRecord(
            name=name, asked=name, started="2026-01-02T03:04:05+00:00", plan=plan, ledger=name
        ),
    )
    os.close(handle)
    folder = get_runs_dir() / "studies" / record.name
    questions = [turn_options(one, turned) for one in build_questions(right)]
    answers = [
        {
            "question": one.question,
            "options": list(one.options),
            "answer": one.answer,
            "predicted": one.answer if is_right else 1 + one.answer % 4,
            "is_correct": is_right,
        }
        for one, is_right in zip(questions, right.values(), strict=True)
    ]
    rows = folder / "dataset" / "questions" / "same_fact.jsonl"
    rows.parent.mkdir(parents=True)
    rows.write_text("".join(one.model_dump_json() + "\n" for one in questions), "utf-8")
    (folder / "answers-tuned.json").write_text(json.dumps(answers), "utf-8")
    (folder / "study.json").write_text(
        json.dumps({"name": record.name, "plan": plan | {"name": record.name}}), "utf-8"
    )
    (folder / "verdict.json").write_text(json.dumps(VERDICT), "utf-8")
    save_record("studies", record.model_copy(update={"state": "done", "needs": ()}))
    return folder
