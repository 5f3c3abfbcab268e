"""A small study's items, checked by the gate, and the tables and the record that a review reads."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from support.items.gate_runs import check_drafts
from support.items.handbook_passages import load_handbook

from tasks.generation.quotas import Quota
from tasks.generation.rules.rule_writer import write_items_by_rules
from tasks.schemas.item_rows import Passage
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_sections import ValidationPlan
from tasks.store.artifacts import Pairs, Passages, Questions, Rejections
from tasks.store.paths import get_runs_dir
from tasks.validation.item_checker import CheckedChapter
from tasks.validation.validate import ValidationResult, validate_items

PLAN = ValidationPlan(train_questions=4)


class ReviewStudy(NamedTuple):
    """Items of two chapters."""

    passages: list[Passage]
    chapter: CheckedChapter

    def validate(self, *reviews: Any) -> ValidationResult:
        """With a person's decisions, file by file."""
        return validate_items([self.chapter], self.passages, PLAN, "fa", reviews=reviews)


def make_review_study() -> ReviewStudy:
    """Items that our rules write on the handbook's first two chapters."""
    plan, drafts = StudyPlan().generation, []
    chapters = dict(list(load_handbook().items())[:2])
    for passages in chapters.values():
        drafts += write_items_by_rules(passages, Quota(15, 20), plan, "fa")
    book = [passage for passages in chapters.values() for passage in passages]
    return ReviewStudy(book, check_drafts(drafts, book, PLAN, "fa"))


def save_study_record(name: str, study: ReviewStudy, made: ValidationResult) -> Path:
    """The tables in the store and a study.json that names them, as far as a review reads it."""
    tables = {
        "passages 1": Passages.save_rows(study.passages, label="all"),
        "pairs": Pairs.save_rows(made.pairs),
        "held-out pairs": Pairs.save_rows(made.held_out),
        "questions same_fact": Questions.save_rows(made.same_fact),
        "questions new_fact": Questions.save_rows(made.new_fact),
        "rejections": Rejections.save_rows(made.rejected),
    }
    record = {
        "name": name,
        "book": {"title": "راهنما"},
        "plan": {"language": "fa"},
        "artifacts": {key: {"path": "", "digest": table.digest} for key, table in tables.items()},
    }
    folder = get_runs_dir() / "studies" / name
    folder.mkdir(parents=True)
    (folder / "study.json").write_text(json.dumps(record), "utf-8")
    return folder
