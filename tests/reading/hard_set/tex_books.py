"""The texts through XeLaTeX (xepersian) and LuaLaTeX (babel)."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from reading.hard_set.texts import Block, grouped


class Style(NamedTuple):
    """How a book is set."""

    font: str = "FreeFarsi"
    latin: str = "Liberation Serif"
    size: int = 11
    spaces: tuple[float, float, float] = (1, 1, 1)  # times the font's gap, stretch and shrinking
    margin: str = "3cm"


HEADINGS = {"h1": "chapter", "h2": "section", "h3": "subsection"}
_SPECIAL = re.compile(r"([&%$#_{}])")
_LATIN = re.compile(r"[A-Za-z0-9À-ɏα-ωμ](?:[A-Za-z0-9À-ɏ.,/µ³²°<>≥≤=;()–+% \-]*[A-Za-z0-9À-ɏ%³²])?")


def draw_tex(blocks: Sequence[Block], out: Path, style: Style, language: str, engine: str) -> Path:
    """`engine`: xelatex or lualatex."""
    out.mkdir(parents=True, exist_ok=True)
    source = out / "book.tex"
    source.write_text(_document(blocks, style, language, engine), "utf-8")
    for _ in range(2):
        done = subprocess.run(
            [engine, "-interaction=nonstopmode", source.name],
            cwd=out,
            capture_output=True,
            timeout=300,
        )
    if not (out / "book.pdf").is_file():
        raise RuntimeError(done.stdout.decode("utf-8", "replace")[-2000:])
    return out / "book.pdf"


def _document(blocks: Sequence[Block], style: Style, language: str, engine: str) -> str:
    body = "\n\n".join(_tex(b, language, engine) for b in grouped(blocks))
    return "\n".join([
        rf"\documentclass[{style.size}pt,a4paper]{{report}}",
        rf"\usepackage[margin={style.margin}]{{geometry}}\usepackage{{multicol,amsmath,fancyhdr}}",
        r"\usepackage[bookmarks=false]{hyperref}" if language != "fa" else "",
        _languages(style, language, engine),
        r"\pagestyle{fancy}\setcounter{secnumdepth}{-1}\sloppy\hbadness=10000",
        r"\begin{document}", body, r"\end{document}",
    ])  # fmt: skip


def _languages(style: Style, language: str, engine: str) -> str:
    spaces = ",".join(f"{times:g}" for times in style.spaces)
    option = f"WordSpace={{{spaces}}}"
    if language == "en":
        return rf"\usepackage{{fontspec}}\setmainfont{{{style.latin}}}[{option}]\usepackage[english]{{babel}}"
    if engine == "xelatex":
        return rf"\usepackage{{xepersian}}\settextfont[{option}]{{{style.font}}}\setlatintextfont{{{style.latin}}}"
    return (
        r"\usepackage[bidi=basic,provide=*]{babel}\babelprovide[main,import]{persian}"
        rf"\babelfont{{rm}}[Renderer=HarfBuzz,{option}]{{{style.font}}}\babelprovide[import]{{english}}"
        rf"\babelfont[english]{{rm}}{{{style.latin}}}"
    )


def _tex(group: Sequence[Block], language: str, engine: str) -> str:
    first = group[0]
    texts = [_escaped(b.text, language, engine) for b in group]
    match first.kind:
        case "row":
            rows = "\\\\\\hline\n".join(
                " & ".join(_escaped(c, language, engine) for c in row.cells) for row in group
            )
            columns = "|".join("c" * len(first.cells))
            return rf"\begin{{center}}\begin{{tabular}}{{|{columns}|}}\hline {rows}\\\hline\end{{tabular}}\end{{center}}"
        case "h1" | "h2" | "h3":
            return rf"\{HEADINGS[first.kind]}{{{texts[0]}}}"
        case "item" | "numbered":
            kind = "itemize" if first.kind == "item" else "enumerate"
            items = "\n".join(rf"\item {text}" for text in texts)
            return rf"\begin{{{kind}}}{items}\end{{{kind}}}"
        case "formula":
            return rf"\[{first.text.split(' ~ ')[0]}\]"
        case "columns":
            return r"\begin{multicols}{2}" if first.text == "2" else r"\end{multicols}"
        case _:
            return texts[0] + "".join(rf"\footnote{{{note}}}" for note in texts[1:])


def _escaped(text: str, language: str, engine: str) -> str:
    mark = (lambda m: rf"\lr{{{_safe(m[0])}}}") if engine == "xelatex" else (lambda m: _safe(m[0]))
    if language == "en":
        return _safe(text)
    parts, at = [], 0
    for match in _LATIN.finditer(text):
        parts += [_safe(text[at : match.start()]), mark(match)]
        at = match.end()
    return "".join([*parts, _safe(text[at:])])


def _safe(text: str) -> str:
    return (
        _SPECIAL.sub(r"\\\1", text)
        .replace("≥", r"\ensuremath{\ge}")
        .replace("<", r"\textless{}")
        .replace(">", r"\textgreater{}")
    )
