"""A damaged file is read or refused; nothing else ever happens."""

import random
from pathlib import Path

import pytest
from reading.made import PrintedBook

from tasks.reading.pdf import read
from tasks.schemas.errors import BookError
from tasks.schemas.plan_sections import ReadingPlan


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    book = PrintedBook(running="راهنمای نمونه")
    for name in ("یک", "دو"):
        book.start_section(f"فصل {name}")
        book.print_text("بیمار با تب و لرز آمده است و درمان با دارو آغاز می‌شود. " * 10)
        book.print_row(("دارو", "مقدار", "عارضه"), (40, 40, 40), border=1)
        book.add_page()
    return book.save_pdf(tmp_path_factory.mktemp("fuzz")).read_bytes()


def damaged(sound: bytes, seed: int) -> bytes:
    """Bytes changed, dropped, doubled or cut."""
    chance = random.Random(seed)
    whole = bytearray(sound)
    for _ in range(chance.choice([1, 5, 50, 500])):
        place = chance.randrange(len(whole))
        length = chance.choice([1, 1, 4, 64])
        match chance.randrange(4):
            case 0:
                whole[place : place + length] = chance.randbytes(length)
            case 1:
                del whole[place : place + length]
            case 2:
                whole[place:place] = whole[place : place + length]
            case _:
                whole[place] ^= 1 << chance.randrange(8)
    return bytes(whole[: chance.randrange(len(whole))] if chance.random() < 0.2 else whole)


@pytest.mark.parametrize("seed", [*range(11), 180])  # 180: a font size of 0
def test_damaged_files_are_read_or_refused(seed: int, sound: bytes, tmp_path: Path) -> None:
    file = tmp_path / "damaged.pdf"
    file.write_bytes(damaged(sound, seed))
    try:
        reading = read(file, ReadingPlan(), "fa", workers=1)
    except BookError as refusal:
        assert "damaged.pdf" in str(refusal)
    else:
        assert [p.page for p in reading.pages] == list(range(1, len(reading.pages) + 1))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 300))
def test_many_damaged_files_are_read_or_refused(seed: int, sound: bytes, tmp_path: Path) -> None:
    test_damaged_files_are_read_or_refused(seed, sound, tmp_path)
