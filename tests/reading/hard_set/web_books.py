"""The texts as web pages printed by Chromium, with notes at each chapter's end, boxes and sidebars."""

import subprocess
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from reading.hard_set.texts import Block, grouped

BROWSER = "chromium"


class Sheet(NamedTuple):
    """How a page is printed."""

    font: str = "Noto Naskh Arabic"
    size: float = 11.5
    align: str = "justify"
    guideline: bool = False  # coloured headings, boxed paragraphs, a sidebar


def draw_web(blocks: Sequence[Block], out: Path, style: Sheet, language: str) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    source, book = out / "book.html", out / "book.pdf"
    source.write_text(_page(blocks, style, language), "utf-8")
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    folder = f"--user-data-dir={out / 'profile'}"
    subprocess.run(
        [*command, folder, f"--print-to-pdf={book}", source.as_uri()],
        check=True,
        capture_output=True,
        timeout=180,
    )
    return book


def _page(blocks: Sequence[Block], style: Sheet, language: str) -> str:
    direction = "ltr" if language == "en" else "rtl"
    css = (
        f"body{{font:{style.size}pt/1.7 '{style.font}';text-align:{style.align}}}h1{{break-before:page;font-size:1.8em}}"
        "h2{font-size:1.35em}h3{font-size:1.12em}.two{columns:2;column-gap:1.6em}"
        "table{border-collapse:collapse;margin:1em auto}td{border:1px solid #555;padding:.2em 1em}"
        ".note{font-size:.75em}.formula{text-align:center;direction:ltr}@page{size:A4;margin:22mm}"
    )
    if style.guideline:
        css += (
            "h1,h2{color:#0b4f8a}h3{color:#0b4f8a;font-style:italic}.box{border:1px solid #0b4f8a;"
            "background:#eef4fb;padding:.6em 1em}aside{float:inline-end;width:32%;background:#f2f2f2;"
            "padding:.5em;margin-inline-start:1em;font-size:.85em;text-align:start}"
        )
    body = "".join(_html(group, style) for group in _notes_last(grouped(blocks)))
    return f'<!doctype html><html lang="{language}" dir="{direction}"><meta charset="utf-8"><style>{css}</style>{body}</html>'


def _notes_last(groups: Sequence[list[Block]]) -> list[list[Block]]:
    """Paragraphs without their notes; the notes before the next chapter."""
    found: list[list[Block]] = []
    notes: list[list[Block]] = []
    for group in [*groups, [Block("h1", "")]]:
        if group[0].kind == "h1":
            found += notes
            notes = []
        found.append([b for b in group if b.kind != "note"])
        notes += [[b] for b in group if b.kind == "note"]
    return found[:-1]


def _html(group: Sequence[Block], style: Sheet) -> str:
    first, texts = group[0], [escape(b.text) for b in group]
    match first.kind:
        case "row":
            rows = "".join(
                f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in r.cells)}</tr>" for r in group
            )
            return f"<table>{rows}</table>"
        case "item" | "numbered":
            tag = "ul" if first.kind == "item" else "ol"
            return f"<{tag}>{''.join(f'<li>{text}</li>' for text in texts)}</{tag}>"
        case "columns":
            return '<div class="two">' if first.text == "2" else "</div>"
        case "formula":
            return f'<p class="formula">{escape(first.text.split(" ~ ")[2])}</p>'
        case "p" if style.guideline and len(first.text) < 160:
            return f'<p class="box">{texts[0]}</p>'
        case "p" if style.guideline and 160 < len(first.text) < 200:
            return f"<aside>{texts[0]}</aside>"
        case "note":
            return f'<p class="note">{texts[0]}</p>'
        case kind:
            return f"<{kind}>{texts[0]}</{kind}>"
