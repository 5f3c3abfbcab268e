"""The English handbook: the PDF gives its sources back, and the rules and the gate make the planned items of it."""

import importlib.util
import itertools
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from support.items.gate_runs import validate_drafts

from tasks.engine.readiness.plan_check import add_new_fact_margin
from tasks.generation.quotas import allocate_quotas
from tasks.generation.rules.book_facts import find_topics
from tasks.generation.rules.rule_language import load_rule_language
from tasks.generation.rules.rule_writer import write_items_by_rules
from tasks.reading.pdf import Reading, read
from tasks.schemas.item_rows import Passage
from tasks.schemas.plan import StudyPlan
from tasks.validation.plan_counts import get_planned_counts
from tasks.validation.validate import ValidationResult

BOOKS = Path(__file__).parents[2] / "books"
PLAN = StudyPlan(name="english", language="en", book="books/handbook-en.pdf")


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_handbook", BOOKS / "make_handbook.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def reading() -> Reading:
    return read(BOOKS / "handbook-en.pdf", PLAN.reading, PLAN.language)


@pytest.fixture(scope="module")
def chapters(reading: Reading) -> dict[str, list[Passage]]:
    """Passages by chapter, the title page left out."""
    found: dict[str, list[Passage]] = {}
    for passage in reading.passages:
        if passage.chapter:
            found.setdefault(passage.chapter, []).append(passage)
    return found


@pytest.fixture(scope="module")
def gate(chapters: dict[str, list[Passage]]) -> ValidationResult:
    quotas = allocate_quotas(chapters, add_new_fact_margin(PLAN))
    drafts = [
        d
        for c in chapters
        for d in write_items_by_rules(chapters[c], quotas[c], PLAN.generation, PLAN.language)
    ]
    passages = [p for rows in chapters.values() for p in rows]
    return validate_drafts(
        drafts, passages, PLAN.validation, PLAN.language, wanted=get_planned_counts(PLAN.generation)
    )


def source_lines() -> Iterator[tuple[str, str, str, str]]:
    """(chapter, section, heading, line) of every paragraph and item of the sources."""
    module = maker()
    titles = ["", "", ""]
    for block in module.handbook(module.ENGLISH):
        if isinstance(block.kind, int):
            titles[block.kind - 1 :] = [block.text, *[""] * (3 - block.kind)]
        else:
            line = block.text.replace("**", "")
            yield (titles[0], titles[1], titles[2], f"- {line}" if block.kind == "li" else line)


def test_every_line_of_the_source_comes_back_under_its_headings(reading: Reading) -> None:
    found = [
        (p.chapter, p.section, p.heading, line)
        for p in reading.passages
        if p.chapter
        for line in p.text.split("\n")
    ]
    wrong = [pair for pair in itertools.zip_longest(source_lines(), found) if pair[0] != pair[1]]
    assert not wrong, wrong[0]


def test_it_has_eight_chapters_of_eight_conditions_and_a_review(
    chapters: dict[str, list[Passage]],
) -> None:
    *told, review = [
        {p.section for p in rows} - {"", "Chapter review"} for rows in chapters.values()
    ]
    assert [len(sections) for sections in told] == [8] * 8
    assert len(set().union(*told)) == 64 and len(review) == 8


def test_each_condition_tells_its_signs_in_two_wordings(chapters: dict[str, list[Passage]]) -> None:
    for title, rows in list(chapters.items())[:-1]:
        for topic in find_topics(rows, load_rule_language("en")):
            ways = [sum(s.source == way for s in topic.signs) for way in ("list", "prose")]
            assert ways[0] == 8 and ways[1] >= 8, (title, topic.name, ways)
            assert len(topic.complications) == 4 and topic.contrasted, (title, topic.name)


def test_the_planned_items_are_met_and_few_are_rejected(gate: ValidationResult) -> None:
    assert len(gate.pairs) + len(gate.held_out) == PLAN.generation.pairs
    assert len(gate.same_fact) + len(gate.new_fact) == PLAN.generation.questions
    rejected = [r for r in gate.rejected if r.check not in ("split", "surplus")]
    assert len(rejected) <= 0.03 * (
        len(gate.pairs) + len(gate.same_fact) + len(gate.new_fact) + len(gate.rejected)
    )


def test_boxes_lie_on_pages_whose_size_stands_in_the_page_tree(reading: Reading) -> None:
    for passage in reading.passages:
        assert passage.box and passage.box[2] < 468 and passage.box[3] < 667


def test_no_person_has_an_article_that_does_not_fit_the_age(gate: ValidationResult) -> None:
    assert not [
        p.symptom
        for p in gate.pairs
        if " a 8" in p.symptom or " a 11-" in p.symptom or " a 18-" in p.symptom
    ]


@pytest.mark.slow
def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    module = maker()
    module.make(tmp_path / "again.pdf", module.handbook(module.ENGLISH), module.ENGLISH)
    assert (tmp_path / "again.pdf").read_bytes() == (BOOKS / "handbook-en.pdf").read_bytes()
