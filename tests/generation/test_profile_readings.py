"""How the second reader is asked of items that are no patients: conclusions in place of conditions, scenes that the text does not tell."""

import pytest

from tasks.generation.second_reader.reading_request import (
    ReadingTask,
    lay_out_task,
    list_conclusions,
)
from tasks.schemas.item_rows import ItemReading, Pair, Passage, Quote, ReadFinding, ReadOption
from tasks.validation.reading_verdict import find_reading_fault

TEXT = "A fine is doubled after thirty days. A plot is withdrawn after three fines."
PASSAGE = Passage(id="p1", chapter="Three", section="Article 13. Fines", page=4, text=TEXT)


def build_pair(name: str, conclusion: str, start: int, end: int, passage: str = "p1") -> Pair:
    quote = Quote(passage_id=passage, page=4, start=start, end=end, text=TEXT[start:end])
    return Pair(id=name, fact="", symptom=f"Mr Orr {name}", diagnosis=conclusion, quote=quote)


PAIRS = (
    build_pair("a", "The fine is doubled", 0, 36),
    build_pair("b", "Twice the fine is due", 0, 30),
    build_pair("c", "The plot is withdrawn", 37, 76),
    build_pair("d", "The plot  is withdrawn", 0, 20, "p2"),
)


def test_conclusions_on_one_line_of_the_book_or_in_the_same_words_are_one():
    found = list_conclusions(ReadingTask((PASSAGE,), PAIRS, ()))
    assert found == [
        ("The fine is doubled", "Twice the fine is due"),
        ("The plot is withdrawn", "The plot  is withdrawn"),
    ]


@pytest.mark.parametrize("profile", ["guideline", "law", "general"])
def test_no_section_s_title_is_a_conclusion(profile):
    task = ReadingTask((PASSAGE,), PAIRS, ())
    shown = {name for names in lay_out_task(task, 0, profile).conditions for name in names}
    assert shown == {pair.diagnosis for pair in PAIRS}
    medical = {name for names in lay_out_task(task, 0).conditions for name in names}
    assert "Article 13. Fines" in medical


def test_a_situation_may_tell_what_the_book_does_not():
    scene = tuple(
        ReadFinding(line="", finding=finding, verdict="not_told")
        for finding in ("burnt leaves", "forgot the letter")
    )
    key = ReadOption(line=TEXT[:36], option="doubled", verdict="right", is_key=True)
    reading = ItemReading(
        item="a", kind="pair", model="m", request="r", is_read=True, findings=scene, options=(key,)
    )
    fault = find_reading_fault(reading, {})
    assert fault is not None and fault.code == "reader-finds-it-not-told"
    assert find_reading_fault(reading, {}, medical=False) is None
    against = scene[0].model_copy(update={"verdict": "contradicted"})
    wrong = reading.model_copy(update={"findings": (against,)})
    found = find_reading_fault(wrong, {}, medical=False)
    assert found is not None and found.code == "reader-finds-it-contradicted"
