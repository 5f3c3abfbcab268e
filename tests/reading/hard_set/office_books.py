"""The texts through LibreOffice Writer: a flat OpenDocument file, printed as it is or by way of DOCX."""

import subprocess
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from reading.hard_set.texts import Block, grouped

SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{uri}:1.0"'
    for name, uri in {
        "office": "office", "style": "style", "text": "text", "table": "table",
        "fo": "xsl-fo-compatible", "svg": "svg-compatible",
    }.items()
)  # fmt: skip


class Letter(NamedTuple):
    """How a document is set."""

    font: str = "Nazli"
    latin: str = "Liberation Serif"
    size: float = 12
    justify: bool = True
    docx: bool = False


def draw_office(blocks: Sequence[Block], out: Path, style: Letter, language: str) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    source = out / "book.fodt"
    source.write_text(_document(blocks, style, language), "utf-8")
    for target in ("docx", "pdf") if style.docx else ("pdf",):
        profile = f"-env:UserInstallation={(out / 'profile').as_uri()}"
        command = [
            "soffice",
            profile,
            "--headless",
            "--convert-to",
            target,
            "--outdir",
            str(out),
            str(source),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=240)
        source = out / f"book.{target}"
    return source


def _document(blocks: Sequence[Block], style: Letter, language: str) -> str:
    rtl = language != "en"
    mode, align = ("rl-tb", "right") if rtl else ("lr-tb", "left")
    start, align = align, "justify" if style.justify else align
    fonts = 'style:font-name="L" style:font-name-complex="C"'
    body = (
        f'<style:paragraph-properties style:writing-mode="{mode}" fo:text-align="{align}" fo:margin-bottom="0.2cm"'
        f' fo:line-height="130%"/>{_size(style.size)}'
    )
    heads = "".join(
        f'<style:style style:name="H{n}" style:family="paragraph" style:parent-style-name="Standard"'
        f' style:default-outline-level="{n}"><style:paragraph-properties fo:margin-top="0.5cm"'
        f' fo:keep-with-next="always" fo:text-align="{start}"/>{_size(style.size * scale, True)}</style:style>'
        for n, scale in ((1, 1.7), (2, 1.3), (3, 1.1))
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document {SPACES} office:version="1.3"'
        ' office:mimetype="application/vnd.oasis.opendocument.text"><office:font-face-decls>'
        f'<style:font-face style:name="C" svg:font-family="\'{style.font}\'"/>'
        f'<style:font-face style:name="L" svg:font-family="\'{style.latin}\'"/></office:font-face-decls>'
        f'<office:styles><style:default-style style:family="paragraph"><style:text-properties {fonts}/></style:default-style>'
        f'<style:style style:name="Standard" style:family="paragraph">{body}</style:style>{heads}'
        f'<style:style style:name="N" style:family="paragraph" style:parent-style-name="Standard">{_size(style.size * 0.8)}</style:style></office:styles>'
        f'<office:automatic-styles><style:style style:name="two" style:family="section"><style:section-properties style:writing-mode="{mode}">'
        '<style:columns fo:column-count="2" fo:column-gap="0.6cm"/></style:section-properties></style:style>'
        '<style:style style:name="cell" style:family="table-cell"><style:table-cell-properties fo:border="0.5pt solid #000000" fo:padding="0.1cm"/></style:style>'
        f'<style:style style:name="T" style:family="table"><style:table-properties style:writing-mode="{mode}"/></style:style>'
        f'<style:page-layout style:name="A4"><style:page-layout-properties fo:page-width="21cm" fo:page-height="29.7cm" fo:margin="2.5cm" style:writing-mode="{mode}"/>'
        "<style:footer-style/></style:page-layout></office:automatic-styles>"
        '<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="A4"><style:footer><text:p>'
        '<text:page-number text:select-page="current"/></text:p></style:footer></style:master-page></office:master-styles>'
        f"<office:body><office:text>{''.join(_xml(g) for g in grouped(blocks))}</office:text></office:body></office:document>"
    )


def _size(size: float, bold: bool = False) -> str:
    weight = ' fo:font-weight="bold" style:font-weight-complex="bold"' if bold else ""
    return f'<style:text-properties fo:font-size="{size:.1f}pt" style:font-size-complex="{size:.1f}pt"{weight}/>'


def _xml(group: Sequence[Block]) -> str:
    first, texts = group[0], [escape(b.text) for b in group]
    match first.kind:
        case "h1" | "h2" | "h3":
            level = first.kind[1]
            return f'<text:h text:style-name="H{level}" text:outline-level="{level}">{texts[0]}</text:h>'
        case "row":
            cell = (
                '<table:table-cell table:style-name="cell"><text:p>{}</text:p></table:table-cell>'
            )
            rows = "".join(
                f"<table:table-row>{''.join(cell.format(escape(c)) for c in row.cells)}</table:table-row>"
                for row in group
            )
            return (
                f'<table:table table:style-name="T"><table:table-column table:number-columns-repeated="{len(first.cells)}"/>'
                f"{rows}</table:table>"
            )
        case "item":
            return "".join(f"<text:p>• {text}</text:p>" for text in texts)
        case "numbered":
            return "".join(f"<text:p>{n}. {text}</text:p>" for n, text in enumerate(texts, 1))
        case "formula":
            return f"<text:p>{escape(first.text.split(' ~ ')[2])}</text:p>"
        case "columns":
            return (
                '<text:section text:style-name="two" text:name="two">'
                if first.text == "2"
                else "</text:section>"
            )
        case _:
            notes = "".join(
                f'<text:note text:note-class="footnote"><text:note-citation>{n}</text:note-citation><text:note-body>'
                f'<text:p text:style-name="N">{note}</text:p></text:note-body></text:note>'
                for n, note in enumerate(texts[1:], 1)
            )
            return f"<text:p>{texts[0]}{notes}</text:p>"
