"""Passages of whole books name the chapter that they stand in: 50 drawn with a seed, as a study reads them."""

import random
from pathlib import Path

import pytest
from reading.hard_set.framed_books import Frames, draw_frames
from reading.hard_set.scores import SAMPLE, score_reading
from reading.hard_set.texts import Block, load_blocks
from reading.made import FONTS
from reading.test_english_handbook import source_lines

from tasks.reading.pdf import read
from tasks.schemas.plan import StudyPlan

BOOKS = Path(__file__).parents[2] / "books"
FACES = FONTS / "Vazirmatn-Regular.ttf", FONTS / "Vazirmatn-Bold.ttf"
RUNNING = "پایان‌نامهٔ کارشناسی ارشد، دانشکدهٔ بهداشت"
ABSTRACT = (
    "در این پایان‌نامه اثر هشدارهای روزانه بر مراجعهٔ کودکان به درمانگاه‌ها در ۲۴ مدرسه سنجیده شد. "
    "واژه‌های کلیدی: آلودگی هوا (PM2.5)، آسم، کودکان."
)
REFERENCES = (
    "Smith J, Brown K. Daily warnings and asthma in children: a trial. Lancet 2014; 383: 1250–9.",
    "رضایی م. آموزش چهره‌به‌چهره و بیماری‌های تنفسی. مجلهٔ بهداشت ۱۳۹۵؛ ۱۲: ۴۵–۵۲.",
)


def thesis() -> list[Block]:
    """Front matter with a page of contents, chapters with notes, tables and two columns, references."""
    chapters = [*load_blocks("fa"), *load_blocks("fa_held", ("handbook/08-hematology",))]
    titles = [b.text for b in chapters if b.kind in ("h1", "h2")]
    contents = [Block("p", f"{t} {'.' * 40} {4 + 3 * n}") for n, t in enumerate(titles[:24])]
    front = [Block("h1", "فهرست مطالب"), *contents, Block("h1", "چکیده"), Block("p", ABSTRACT)]
    back = [Block("h1", "منابع"), *(Block("numbered", text) for text in REFERENCES)]
    return [*front, *chapters, *back]


def _without_halves(text: str) -> str:
    return text.replace("\u200c", "")  # no trace of them is drawn


@pytest.mark.parametrize(
    "style",
    [
        Frames(*FACES, size=11, running=RUNNING),
        Frames(*FACES, size=10.5, shuffled=True, spaces=False, justify=False, running=RUNNING),
    ],
    ids=["as office programs draw", "frames out of order, no spaces"],
)
def test_fifty_passages_of_a_persian_thesis_name_their_chapters(
    style: Frames, tmp_path: Path
) -> None:
    blocks = thesis()
    path = draw_frames(blocks, tmp_path, style, "fa")
    plan = StudyPlan(name="thesis", language="fa", book=str(path))
    reading = read(path, plan.reading, plan.language, workers=1)
    titles = [_without_halves(b.text) for b in blocks if b.kind == "h1"][1:]
    assert [_without_halves(c) for c in reading.chapters if c] == titles
    assert reading.skipped == {"contents": 1}
    assert len(reading.passages) >= SAMPLE
    assert score_reading(reading, blocks).chapters == 1.0


def test_fifty_passages_of_the_english_handbook_name_their_chapters() -> None:
    plan = StudyPlan(name="english", language="en", book="books/handbook-en.pdf")
    reading = read(BOOKS / "handbook-en.pdf", plan.reading, plan.language)
    told: dict[str, set[str]] = {}
    for chapter, _, _, line in source_lines():
        told.setdefault(line, set()).add(chapter)
    known = [p for p in reading.passages if p.chapter]
    sample = random.Random(0).sample(known, SAMPLE)
    wrong = [(p.id, p.chapter) for p in sample if p.chapter not in told[p.text.split("\n")[0]]]
    assert not wrong, wrong
    assert len({p.chapter for p in sample}) == len({p.chapter for p in known})  # of every chapter
