"""Text and cells of a person's file, whatever wrote it: encoding, separator, quotes, line ends."""

import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tasks.language import persian
from tasks.language.text import split_words
from tasks.schemas.messages import Message, build_message
from tasks.validation.parsing.column_names import count_known, known_names, squeeze

MOST_BYTES = 2**26  # of an unpacked text: 200,000 items of 300 bytes
MOST_CELL = 2**24  # characters that csv reads as one; no unclosed quote reads a whole file
TITLES = 10  # rows at most that stand above a header
SAMPLED_LINES = 50  # that tell the separator
SEPARATORS = ",;\t|"
_ARABIC, _LATIN = re.compile(r"[\u0600-\u06ff]"), re.compile(r"[A-Za-z\u00c0-\u024f]")
_ANKI = re.compile(
    r"#(separator|columns|html|notetype|deck|tags|(?:tags|notetype|deck|guid) column):(.*)"
)


def read_text(path: Path) -> tuple[str, tuple[Message, ...]]:
    """The text of a file and how it was read: UTF-8, UTF-16, Windows-1256 where that makes words of
    Persian or Arabic, or Windows-1252. Raises ValueError for another, and for more than MOST_BYTES.
    """
    with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"it holds more than {MOST_BYTES >> 20} MB")
    if encoding := find_utf16(content):
        return content.decode(encoding).removeprefix("\ufeff"), ()
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        for codec in ("cp1256", "cp1252"):
            text = content.decode(codec, errors="replace")
            if _is_plausible(text):
                return text, (build_message("read-as-code-page", name=f"Windows-{codec[2:]}"),)
        raise ValueError(f"{error}; save it as UTF-8") from None


def find_utf16(content: bytes) -> str | None:
    """UTF-16 by its mark, or by the zeros of its digits and separators: they stand at every other
    byte alone.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    head = content[:4096]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) < max(4, len(head) / 50) or min(even, odd):
        return None
    return "utf-16-le" if odd else "utf-16-be"


def _is_plausible(text: str) -> bool:
    """Whether a text was written in the code page it was decoded with: it holds words that we know,
    nothing unprintable, and words of Arabic letters, if any, without Latin ones between: "Rِteln"
    for "Röteln" is none.
    """
    if re.search(r"[\x00-\x08\x80-\x9f\ufffd]", text):
        return False
    words = split_words(text)
    arabic = [word for word in words if _ARABIC.search(word)]
    if sum(bool(_LATIN.search(word)) for word in arabic) * 2 > len(arabic):
        return False
    known = persian.FUNCTION_WORDS.union(*known_names().values())
    return not known.isdisjoint(map(squeeze, words))


def read_cells(text: str) -> list[list[str]]:
    """The rows of a table: by the separator that Excel's `sep=;` or Anki's `#separator:` names, or
    as `_find_separator` finds it.
    """
    csv.field_size_limit(MOST_CELL)
    lines = re.sub(r"\r\n?", "\n", text)
    first, _, rest = lines.partition("\n")
    if told := re.fullmatch(r"sep=(.)\s*", first):
        return _split_rows(rest, told[1])
    if _ANKI.fullmatch(first):
        return _read_anki(lines)
    return _split_rows(lines, _find_separator(lines))


def _split_rows(text: str, separator: str) -> list[list[str]]:
    """Cells; a quote in a quoted cell is doubled, or behind a backslash where none is doubled."""
    slashes = '\\"' in text and '""' not in text
    return list(
        csv.reader(
            io.StringIO(text, newline=""),
            delimiter=separator,
            escapechar="\\" if slashes else None,
            doublequote=not slashes,
        )
    )


def _find_separator(text: str) -> str:
    """The separator under which a header has names that we know; else, and of several, the one
    under which most of the first rows are equally wide, and the widest of these.
    """
    sample = "\n".join(text.split("\n", SAMPLED_LINES)[:SAMPLED_LINES])

    def measure(separator: str) -> tuple[bool, bool, int]:
        rows = _split_rows(sample, separator)
        widths = Counter(len(row) for row in rows if any(row))
        width, times = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        known = any(count_known(row) > 1 for row in rows[:TITLES])
        return known, times * 2 > widths.total(), width

    return max(SEPARATORS, key=measure)


def _read_anki(text: str) -> list[list[str]]:
    """Anki's export: its settings in the first lines; without the names of its columns, front and
    back.
    """
    told, rest = dict[str, str](), text.split("\n")
    while rest and (setting := _ANKI.fullmatch(rest[0])):
        told[setting[1]] = setting[2].strip()
        rest = rest[1:]
    named = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ", "colon": ":"}
    mark = told.get("separator", "tab")
    rows = _split_rows("\n".join(rest), named.get(mark.casefold(), mark[:1] or "\t"))
    header: Sequence[str] = told["columns"].split("\t") if "columns" in told else ("front", "back")
    width = max((len(row) for row in rows), default=0)
    return [[*header, *(f"field {n}" for n in range(len(header) + 1, width + 1))], *rows]
