"""One Persian and one English text set by several programs, and how much of them is read back.

`python tests/benchmarks/bench_documents.py [FOLDER]`: every program that is installed takes part (xelatex with
xepersian, lualatex, chromium, typst by its Python package, fpdf2). The source is the truth: share of its words found, of
neighbouring words found as neighbours, of words with a half-space found whole; F1 of its headings. Writes a table.
"""

import importlib.util
import itertools
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from reading.made import PrintedBook  # noqa: E402

from tasks.language import text  # noqa: E402
from tasks.language.persian import ZWNJ  # noqa: E402
from tasks.reading.pdf import Reading, read  # noqa: E402
from tasks.schemas.plan import ReadingPlan  # noqa: E402

FONTS = ROOT / "books" / "fonts"
BLOCKS = 260  # of each text: 10 to 20 pages


class Block(NamedTuple):
    kind: int | str  # level of a heading, "p" or "li"
    text: str


class Score(NamedTuple):
    """Shares of the source that were found."""

    recall: float
    order: float
    half_spaces: float
    headings: float


def persian() -> list[Block]:
    """The handbook's own source."""
    spec = importlib.util.spec_from_file_location(
        "make_handbook", ROOT / "books" / "make_handbook.py"
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [Block(b.kind, b.text.replace("**", "")) for b in module.handbook()][:BLOCKS]


def english() -> list[Block]:
    """The prose of our documentation, without tables and code."""
    found: list[Block] = []
    for file in (
        ROOT / "README.md",
        *sorted((ROOT / "docs").glob("*.md")),
        ROOT / "SECURITY.md",
        ROOT / "CHANGELOG.md",
    ):
        prose = re.sub(r"```.*?```", "", file.read_text("utf-8"), flags=re.DOTALL)
        for piece in re.split(r"\n\s*\n|\n(?=[#-])", prose):
            line = " ".join(re.sub(r"[`*_]|\[\^?|\]\([^)]*\)|\]", "", piece).split())
            heading = re.match(r"(#{1,3}) (.+)", line)
            if heading:
                found.append(Block(len(heading[1]), heading[2]))
            elif line.isascii() and len(line) > 60 and not re.search(r"[|<>{}\\$^~#&%]", line):
                found.append(Block("li" if line.startswith("- ") else "p", line.removeprefix("- ")))
    follows = zip(found, [*found[1:], Block("p", "")], strict=True)
    return [
        b
        for b, after in follows
        if not (isinstance(b.kind, int) and isinstance(after.kind, int) and after.kind <= b.kind)
    ][:BLOCKS]


def _latex(
    blocks: Sequence[Block], folder: Path, program: str, preamble: str, options: str = "11pt"
) -> Path:
    def one(block: Block) -> str:
        safe = (
            re.sub(r"([&%$#_{}])", r"\\\1", block.text)
            .replace("<", "\\textless{}")
            .replace(">", "\\textgreater{}")
        )
        if isinstance(block.kind, int):
            return (
                "\\"
                + ("section", "subsection", "subsubsection")[block.kind - 1]
                + "*{"
                + safe
                + "}"
            )
        return "\\par\\textbullet\\ " + safe if block.kind == "li" else safe

    body = "\n\n".join(map(one, blocks))
    source = f"\\documentclass[{options}]{{article}}\n{preamble}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
    (folder / "made.tex").write_text(source, "utf-8")
    subprocess.run(
        [program, "-interaction=batchmode", "made.tex"],
        cwd=folder,
        capture_output=True,
        timeout=300,
        check=False,
    )
    return folder / "made.pdf"


def _xepersian(extra: str = "", options: str = "11pt") -> Callable[[Sequence[Block], Path], Path]:
    fonts = (
        f"\\settextfont[Path={FONTS}/,Extension=.ttf,BoldFont=Vazirmatn-Bold]{{Vazirmatn-Regular}}"
    )
    return lambda blocks, folder: _latex(
        blocks, folder, "xelatex", f"{extra}\\usepackage{{xepersian}}{fonts}", options
    )


def _plain_latex(
    program: str, extra: str = "", options: str = "11pt"
) -> Callable[[Sequence[Block], Path], Path]:
    return lambda blocks, folder: _latex(
        blocks, folder, program, f"\\usepackage{{fontspec}}{extra}", options
    )


def _chromium(language: str, columns: int = 1) -> Callable[[Sequence[Block], Path], Path]:
    def make(blocks: Sequence[Block], folder: Path) -> Path:
        direction = "rtl" if language == "fa" else "ltr"
        tags = {1: "h1", 2: "h2", 3: "h3", "p": "p", "li": "li"}
        body = "".join(f"<{tags[b.kind]}>{escape(b.text)}</{tags[b.kind]}>" for b in blocks)
        style = (
            f"@font-face{{font-family:V;src:url(file://{FONTS}/Vazirmatn-Regular.ttf)}}"
            f"body{{font:11pt V;text-align:justify}}h1,h2,h3{{text-align:start}}{f'div{{columns:{columns}}}' if columns > 1 else ''}"
        )
        page = f'<html lang="{language}" dir="{direction}"><meta charset="utf-8"><style>{style}</style><body><div>{body}</div></body></html>'
        (folder / "made.html").write_text(page, "utf-8")
        command = [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-pdf-header-footer",
            "--print-to-pdf=made.pdf",
            "made.html",
        ]
        subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
        return folder / "made.pdf"

    return make


def _typst(language: str, columns: int = 1) -> Callable[[Sequence[Block], Path], Path]:
    def make(blocks: Sequence[Block], folder: Path) -> Path:
        import typst

        def one(block: Block) -> str:
            quoted = '#"' + block.text.replace("\\", "\\\\").replace('"', '\\"') + '"'
            if isinstance(block.kind, int):
                return "=" * block.kind + " " + quoted
            return "- " + quoted if block.kind == "li" else quoted

        setup = (
            f'#set text(font: "Vazirmatn", lang: "{language}", size: 11pt)\n#set par(justify: true)\n'
            f"#set page(columns: {columns})\n#set heading(bookmarked: false)\n"
        )
        (folder / "made.typ").write_text(setup + "\n\n".join(map(one, blocks)), "utf-8")
        typst.compile(folder / "made.typ", output=folder / "made.pdf", font_paths=[str(FONTS)])
        return folder / "made.pdf"

    return make


def _fpdf2(language: str) -> Callable[[Sequence[Block], Path], Path]:
    def make(blocks: Sequence[Block], folder: Path) -> Path:
        book = PrintedBook(language)
        for block in blocks:
            if isinstance(block.kind, int):
                book.ln(3)
            book.print_text(
                f"• {block.text}" if block.kind == "li" else block.text,
                {1: 20, 2: 16, 3: 13}.get(block.kind, 11),
                "B" * isinstance(block.kind, int),
            )
        return book.save_pdf(folder)

    return make


TIGHT = "\\spaceskip=0.17em plus 0.04em minus 0.01em\\relax"
MAKERS: dict[str, tuple[str, str, Callable[[Sequence[Block], Path], Path]]] = {
    "XeLaTeX, xepersian": ("fa", "xelatex", _xepersian()),
    "XeLaTeX, xepersian, tight": ("fa", "xelatex", _xepersian(f"\\AtBeginDocument{{{TIGHT}}}")),
    "XeLaTeX, xepersian, loose": (
        "fa",
        "xelatex",
        _xepersian("\\usepackage[textwidth=9cm]{geometry}\\sloppy"),
    ),
    "XeLaTeX, xepersian, 2 columns": ("fa", "xelatex", _xepersian("", "10pt,twocolumn")),
    "Chromium": ("fa", "chromium", _chromium("fa")),
    "Chromium, 2 columns": ("fa", "chromium", _chromium("fa", 2)),
    "Typst": ("fa", "typst", _typst("fa")),
    "Typst, 2 columns": ("fa", "typst", _typst("fa", 2)),
    "fpdf2": ("fa", "", _fpdf2("fa")),
    "XeLaTeX, English": ("en", "xelatex", _plain_latex("xelatex")),
    "LuaLaTeX, English": ("en", "lualatex", _plain_latex("lualatex")),
    "LuaLaTeX, English, 2 columns": (
        "en",
        "lualatex",
        _plain_latex("lualatex", "", "10pt,twocolumn"),
    ),
    "LuaLaTeX, English, tight": (
        "en",
        "lualatex",
        _plain_latex("lualatex", f"\\AtBeginDocument{{{TIGHT}}}"),
    ),
    "Chromium, English": ("en", "chromium", _chromium("en")),
    "Chromium, English, 2 columns": ("en", "chromium", _chromium("en", 2)),
    "Typst, English": ("en", "typst", _typst("en")),
    "fpdf2, English": ("en", "", _fpdf2("en")),
}


def score(blocks: Sequence[Block], reading: Reading, language: str) -> Score:
    """How much of the source was found."""
    said = (
        " ".join(p.text for p in reading.passages)
        + " "
        + " ".join(h.title for h in reading.headings)
    )
    sources = [text.normalize_text(b.text, language) for b in blocks]
    wanted, found = [_words(s) for s in sources], _words(said)
    half = [w for s in sources for w in re.findall(rf"[\w{ZWNJ}]+", s) if ZWNJ in w]
    titles = Counter(
        " ".join(_words(text.normalize_text(b.text, language)))
        for b in blocks
        if isinstance(b.kind, int)
    )
    read_titles = Counter(" ".join(_words(h.title)) for h in reading.headings)
    hits = (titles & read_titles).total()
    return Score(
        _share([w for words in wanted for w in words], found),
        _share(
            [p for words in wanted for p in itertools.pairwise(words)],
            list(itertools.pairwise(found)),
        ),
        _share(half, re.findall(rf"[\w{ZWNJ}]+", said)) if half else 1.0,
        2 * hits / max(1, titles.total() + read_titles.total()),
    )


def _words(line: str) -> list[str]:
    return re.findall(r"\w+", line.replace(ZWNJ, "").casefold())


def _share(wanted: Iterable[object], found: Iterable[object]) -> float:
    counts, all_wanted = Counter(found), Counter(wanted)
    return (all_wanted & counts).total() / max(1, all_wanted.total())


def _is_there(program: str) -> bool:
    return not program or bool(
        shutil.which(program) or (program == "typst" and importlib.util.find_spec("typst"))
    )


def main(folder: Path) -> None:
    """One row a program."""
    texts = {"fa": persian(), "en": english()}
    rows = []
    for name, (language, program, make) in MAKERS.items():
        if not _is_there(program):
            rows.append(f"| {name} | not installed | | | | |")
            continue
        own = folder / re.sub(r"\W+", "-", name)
        own.mkdir(parents=True, exist_ok=True)
        reading = read(make(texts[language], own), ReadingPlan(), language)
        figures = score(texts[language], reading, language)
        rows.append(
            f"| {name} | {len(reading.pages)} | "
            + " | ".join(f"{100 * f:.1f}" for f in figures)
            + " |"
        )
        sys.stdout.write(rows[-1] + "\n")
        sys.stdout.flush()
    table = "\n".join(
        [
            "| set by | pages | words | order | half-spaces | headings F1 |",
            "|---|---|---|---|---|---|",
            *rows,
        ]
    )
    (folder / "documents.md").write_text(table + "\n", "utf-8")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made))
