"""Pages that are pictures, read by tesseract (an optional program): good words, untrustworthy
numbers.
"""

import csv
import io
import shutil
import subprocess
from collections.abc import Iterable
from typing import Any

from tasks.reading import legibility
from tasks.reading.types import Line, Sheet, nothing
from tasks.store.foreign import child_process

DPI = 300
SECONDS = 120
LEAST_CONFIDENCE = 20.0  # of 100; below it tesseract sees letters in stains


def available() -> bool:
    return shutil.which("tesseract") is not None


def missing_languages(languages: str) -> list[str]:
    """Which of "fas+eng" tesseract has no data for."""
    told = subprocess.run(
        ["tesseract", "--list-langs"], capture_output=True, text=True, timeout=30, check=False
    ).stdout
    return [name for name in languages.split("+") if name not in told.split()]


def read(page: Any, number: int, languages: str) -> Sheet:
    """The page's lines as tesseract sees them."""
    width, height = page.get_size()
    scale = min(DPI / 72, 5000 / max(width, height, 1))
    picture = io.BytesIO()
    page.render(scale=scale, grayscale=True).to_pil().save(picture, format="PNG")
    command = ["tesseract", "stdin", "stdout", "-l", languages, "--psm", "3", "tsv"]
    try:
        done = subprocess.run(
            command,
            input=picture.getvalue(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={**child_process.environment(), "OMP_THREAD_LIMIT": "1"},
        )
    except subprocess.TimeoutExpired:
        return nothing(number, f"tesseract took more than {SECONDS} s", 1)
    if done.returncode != 0:
        return nothing(
            number, f"tesseract: {done.stderr.decode('utf-8', 'replace').strip()[-200:]}", 1
        )
    lines = tuple(_lines(done.stdout.decode("utf-8", "replace"), scale))
    text = "\n".join(line.text for line in lines)
    return Sheet(
        number,
        lines,
        width,
        height,
        "tesseract",
        legibility.rtl_share(text) >= 0.5,
        1,
        "",
        ocr=True,
    )


def _lines(table: str, scale: float) -> Iterable[Line]:
    """tesseract's words are in reading order already; its table names block, paragraph and line of
    each.
    """
    rows: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row["text"] and row["text"].strip() and float(row["conf"]) >= LEAST_CONFIDENCE:
            rows.setdefault((row["block_num"], row["par_num"], row["line_num"]), []).append(row)
    for place, found in rows.items():
        left, top = (
            min(int(r["left"]) for r in found) / scale,
            min(int(r["top"]) for r in found) / scale,
        )
        right = max(int(r["left"]) + int(r["width"]) for r in found) / scale
        bottom = max(int(r["top"]) + int(r["height"]) for r in found) / scale
        yield Line(
            " ".join(r["text"].strip() for r in found),
            left,
            top,
            right,
            bottom,
            0.75 * (bottom - top),
            False,
            int(place[0]),
        )
