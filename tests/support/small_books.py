"""Small books that are not medical, drawn as PDFs from the Markdown in support/books, as books/make_handbook.py draws."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).with_name("books")
TITLES = {
    "law-fa": "قانون باغ‌های عمومی",
    "law-en": "Common Gardens Act",
    "guideline-en": "Rules for the Reading Room",
}


def draw_book(name: str, out: Path) -> Path:
    """The PDF of a source such as law-fa."""
    made = _load_drawing()
    edition = made.PERSIAN if name.endswith("-fa") else made.ENGLISH
    edition = edition._replace(title=TITLES[name], notice=())
    made.NOTICE_LATIN = "2026"
    made.make(out, made.blocks(read_book(name)), edition)
    return out


def read_book(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text("utf-8")


def _load_drawing():
    spec = importlib.util.spec_from_file_location("make_handbook", ROOT / "books/make_handbook.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_handbook"] = module
    spec.loader.exec_module(module)
    return module
