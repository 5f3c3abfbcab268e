"""A page that shows each PDF page beside its text, so that a person sees in a minute whether the
book was read right.
"""

from collections import Counter
from collections.abc import Mapping
from html import escape

from tasks.language.catalogue import tell_message
from tasks.reading.legibility import LEGIBLE, rtl_share
from tasks.reading.pdf import Reading
from tasks.reading.types import Sheet
from tasks.schemas.item_rows import Page

STYLE = """
body{font:15px/1.6 system-ui,Vazirmatn,sans-serif;margin:1.5rem;color:#222;background:#fff}
section{display:grid;grid-template-columns:minmax(260px,42%) 1fr;gap:1.5rem;padding:1rem 0;
 border-top:1px solid #ccc}
img{width:100%;border:1px solid #ddd}.text{white-space:pre-wrap;overflow-wrap:anywhere}
.heading{font-weight:700;background:#e3efff}
.table{font-family:ui-monospace,monospace;background:#eef7ea}
.running{color:#999}.doubt{background:#ffe9c7;padding:.3rem .6rem;border-radius:4px}
dt{font-weight:700}
table{border-collapse:collapse}td{padding:.1rem .8rem .1rem 0}
"""


def build_report(name: str, reading: Reading, pictures: Mapping[int, str]) -> str:
    """One HTML page without scripts. `pictures`: base64 JPEG by page."""
    rows = dict(zip((page.page for page in reading.pages), reading.pages, strict=True))
    sections = [
        _section(rows[sheet.page], sheet, reading, pictures.get(sheet.page, ""))
        for sheet in reading.sheets
    ]
    body = f"<h1>{escape(name)}</h1>{_summary(reading)}{''.join(sections)}"
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{escape(name)}</title>'
        f"<style>{STYLE}</style></head><body>{body}</body></html>"
    )


def _summary(reading: Reading) -> str:
    engines = ", ".join(
        f"{escape(name)}: {count}"
        for name, count in sorted(Counter(p.engine for p in reading.pages).items())
    )
    source = "bookmarks" if reading.bookmarks.titles else "size and weight"
    rows = [
        ("pages", str(len(reading.pages))),
        ("read by", engines),
        (
            "left out",
            ", ".join(f"{escape(why)}: {n}" for why, n in reading.skipped.items()) or "none",
        ),
        (
            "bookmarks found",
            f"{reading.bookmarks.found} of {reading.bookmarks.titles} of two words or more",
        ),
        ("headings", f"{len(reading.headings)}, by {source}"),
        ("running heads, feet, page numbers", str(reading.running_lines)),
    ]
    table = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows)
    doubts = "".join(
        f'<p class="doubt">{escape(tell_message(doubt))}</p>' for doubt in reading.doubts
    )
    return f"<table>{table}</table>{doubts}"


def _section(page: Page, sheet: Sheet, reading: Reading, picture: str) -> str:
    image = (
        f'<img alt="page {page.page}" src="data:image/jpeg;base64,{picture}">'
        if picture
        else "<p>no picture</p>"
    )
    facts = (
        f"page {page.page} · {escape(page.engine)} · {escape(page.script)} · legibility"
        f" {page.legibility:.2f}"
    )
    doubts = [why for why in _page_doubts(page, sheet, reading) if why]
    marks = "".join(f'<p class="doubt">{escape(why)}</p>' for why in doubts)
    direction = "rtl" if rtl_share(page.text) >= 0.5 else "ltr"
    lines = "".join(_line(sheet, i, reading) for i in range(len(sheet.lines)))
    return (
        f'<section id="p{page.page}"><div>{image}</div><div><p>{facts}</p>{marks}<div class="text"'
        f' dir="{direction}">{lines}</div></div></section>'
    )


def _page_doubts(page: Page, sheet: Sheet, reading: Reading) -> list[str]:
    return [
        reading.bad.get(page.page, "") and f"left out: {reading.bad[page.page]}",
        f"says: {sheet.fault}" if sheet.fault else "",
        "read from a picture: its numbers ground nothing" if page.ocr else "",
        "reads little like language" if page.text and page.legibility < LEGIBLE else "",
    ]


def _line(sheet: Sheet, place: int, reading: Reading) -> str:
    text = escape(sheet.lines[place].text)
    at = (sheet.page, place)
    level = reading.heading_levels.get(at)
    if level:
        return f'<div class="heading" title="heading {level}">{"#" * level} {text}</div>'
    kind = (
        "running" if at in reading.running else "table" if " | " in sheet.lines[place].text else ""
    )
    return f'<div class="{kind}">{text}</div>' if kind else f"<div>{text}</div>"
