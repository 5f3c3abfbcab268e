"""The texts through Typst."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from reading.hard_set.texts import Block, grouped

_SPECIAL = re.compile(r"([\\#*_$@<>\[\]`~=\-+/])")


class Setting(NamedTuple):
    """How a book is set."""

    font: str = "Amiri"
    size: float = 11
    justify: bool = True
    outlined: bool = False  # Typst writes an outline of bookmarks by itself
    fonts: tuple[Path, ...] = ()


def draw_typst(blocks: Sequence[Block], out: Path, style: Setting, language: str) -> Path:
    import typst

    out.mkdir(parents=True, exist_ok=True)
    source, book = out / "book.typ", out / "book.pdf"
    source.write_text(_document(blocks, style, language), "utf-8")
    typst.compile(str(source), output=str(book), font_paths=[str(p) for p in style.fonts])
    return book


def _document(blocks: Sequence[Block], style: Setting, language: str) -> str:
    lines = [
        '#set page(paper: "a4", margin: 2.4cm, numbering: "1", header: text(8pt)[Report 14])',
        f'#set text(font: ("{style.font}", "Liberation Serif"), size: {style.size}pt, lang: "{language}")',
        f"#set par(justify: {str(style.justify).lower()})",
        f"#set heading(bookmarked: {str(style.outlined).lower()})",
        *(_typst(group) for group in grouped(blocks)),
    ]
    return "\n\n".join(lines)


def _typst(group: Sequence[Block]) -> str:
    first, texts = group[0], [_safe(b.text) for b in group]
    match first.kind:
        case "row":
            cells = ", ".join(f"[{_safe(c)}]" for row in group for c in row.cells)
            return f"#align(center, table(columns: {len(first.cells)}, {cells}))"
        case "item" | "numbered":
            return "\n".join(f"{'-' if first.kind == 'item' else '+'} {text}" for text in texts)
        case "h1" | "h2" | "h3":
            return f"{'=' * int(first.kind[1])} {texts[0]}"
        case "formula":
            return f"$ {first.text.split(' ~ ')[1]} $"
        case "columns":
            return "#columns(2)[" if first.text == "2" else "]"
        case _:
            return texts[0] + "".join(f"#footnote[{note}]" for note in texts[1:])


def _safe(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
