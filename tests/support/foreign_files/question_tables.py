"""Exams as tables: headers, keys, separators, encodings and sheets as teachers and programs make them."""

import csv
import gzip
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from support.foreign_files.exam_truth import (
    Exam,
    ForeignFile,
    draw_exam,
    list_truth,
    write_old_persian,
)

Key = Callable[[Exam], Any]
LATIN, PERSIAN, ARABIC, CIRCLED = "ABCD", ["الف", "ب", "ج", "د"], ["أ", "ب", "ج", "د"], "①②③④"
HIJAI = ["أ", "ب", "ت", "ث"]  # the other order of Arabic letters: its third is our fourth


def by_mark(marks: Sequence[str], form: str = "{}") -> Key:
    """The key as the mark of its place."""
    return lambda one: form.format(marks[one.right - 1])


def by_text(one: Exam) -> str:
    """The key as the text of its option."""
    return one.key


def write_csv(rows: Iterable[Sequence[Any]], **how: Any) -> str:
    """Rows as CSV."""
    out = io.StringIO(newline="")
    csv.writer(out, **{"lineterminator": "\n", **how}).writerows(rows)
    return out.getvalue()


def tabulate(header: Sequence[str], exam: list[Exam], key: Key) -> list[list[Any]]:
    """A header and a row a question: stem, options, key."""
    return [list(header), *([one.stem, *one.options, key(one)] for one in exam)]


def save_sheets(sheets: dict[str, list[list[Any]]], change: Callable[[Any], None] | None = None):
    """A workbook of these sheets, changed before it is saved."""

    def save(path: Path) -> None:
        book = Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        if change:
            change(book)
        book.save(path)

    return save


HEADERS: dict[str, tuple[str, list[str], Key]] = {  # name → language, header, key
    "letters": (
        "en",
        ["Question", *(f"Option {m}" for m in LATIN), "Correct answer"],
        by_mark(LATIN),
    ),
    "lower": ("en", ["Q", *"ABCD", "Ans."], by_mark("abcd")),
    "number": ("en", ["Item", *(f"Choice {n}" for n in range(1, 5)), "Ans"], by_mark("1234")),
    "hint": (
        "en",
        ["Question *", *(f"{m})" for m in LATIN), "Correct Answer (A/B/C/D)"],
        by_mark(LATIN),
    ),
    "kahoot": (
        "en",
        [
            "Question - max 120 characters",
            *(f"Answer {n} - max 75 characters" for n in range(1, 5)),
            "Correct answer(s) - choose at least one",
        ],
        by_mark("1234"),
    ),
    "quizizz": (
        "en",
        ["Question Text", *(f"Option {n}" for n in range(1, 5)), "Correct Answer"],
        by_mark("1234"),
    ),
    "column": (
        "en",
        ["question", *(f"option_{m}" for m in "abcd"), "correct"],
        by_mark([f"option_{m}" for m in "abcd"]),
    ),
    "named": (
        "en",
        ["Question", *(f"Option {m}" for m in LATIN), "Right answer"],
        by_mark(LATIN, "Option {}"),
    ),
    "dotted": ("en", ["Stem", *(f"{m}." for m in LATIN), "Key"], by_mark(LATIN, "{}.")),
    "bracket": (
        "en",
        ["MCQ", *(f"opt{n}" for n in range(1, 5)), "Correct Ans"],
        by_mark("abcd", "({})"),
    ),
    "spaced": (
        "en",
        ["Question", *(f"Option{m}" for m in LATIN), "Answer Key"],
        by_mark(LATIN, " {} "),
    ),
    "wide": ("en", ["Question", *(f"Ans {m}" for m in LATIN), "Correct"], by_mark("ＡＢＣＤ")),
    "broken": (
        "en",
        ["Question\nText", *(f"Option\n{m}" for m in LATIN), "Correct\xa0answer"],
        by_mark(LATIN),
    ),
    "roman": (
        "en",
        ["Question", *("I", "II", "III", "IV"), "Answer"],
        by_mark(["I", "II", "III", "IV"]),
    ),
    "texts": ("en", ["Question Text", *(f"Choice {m}" for m in LATIN), "Solution"], by_text),
    "both": (
        "en",
        ["question", *(f"option{n}" for n in range(1, 5)), "answer"],
        lambda one: f"{LATIN[one.right - 1]}) {one.key}",
    ),
    "told": (
        "en",
        ["Question Stem", *(f"Choice {m}" for m in LATIN), "Correct Option"],
        lambda one: f"Answer: {LATIN[one.right - 1]} ({one.key})",
    ),
    "zero": (
        "en",
        ["question", *(f"choice{n}" for n in range(4)), "correct_index"],
        by_mark("0123"),
    ),
    "padded": ("en", ["question", *"abcd", "answer"], by_mark(["01", "02", "03", "04"])),
    "persian": ("fa", ["سوال", *(f"گزینه {n}" for n in "۱۲۳۴"), "پاسخ صحیح"], by_mark("۱۲۳۴")),
    "persian letters": (
        "fa",
        ["متن سؤال", *(f"گزینه {m}" for m in PERSIAN), "گزینه صحیح"],
        by_mark(PERSIAN),
    ),
    "persian words": (
        "fa",
        ["صورت سوال", *(f"گزینه‌ی {w}" for w in ("اول", "دوم", "سوم", "چهارم")), "جواب صحیح"],
        by_mark(["اول", "دوم", "سوم", "چهارم"], "گزینهٔ {}"),
    ),
    "persian named": ("fa", ["پرسش", *PERSIAN, "کلید"], by_mark(PERSIAN, "گزینه «{}»")),
    "persian texts": ("fa", ["سؤال", *(f"گزینهٔ {n}" for n in "1234"), "متن پاسخ درست"], by_text),
    "persian hint": (
        "fa",
        ["شرح سوال", *(f"{m})" for m in PERSIAN), "پاسخ (شماره گزینه)"],
        by_mark("1234"),
    ),
    "persian circled": (
        "fa",
        ["سوال", *(f"گزینه {n}" for n in "۱۲۳۴"), "کلید سوال"],
        by_mark(CIRCLED),
    ),
    "persian arabic": (
        "fa",
        ["سؤال", *(f"گزینه {n}" for n in "١٢٣٤"), "پاسخنامه"],
        by_mark("١٢٣٤"),
    ),
    "persian marks": ("fa", ["سوال", *PERSIAN, "پاسخ"], by_mark(PERSIAN, "\u200f{}) ")),
    "arabic": (
        "ar",
        ["السؤال", *(f"الخيار {m}" for m in ARABIC), "الإجابة الصحيحة"],
        by_mark(ARABIC),
    ),
    "arabic order": ("ar", ["السؤال", *HIJAI, "الإجابة"], by_mark(HIJAI)),
    "arabic numbers": ("ar", ["السؤال", *(f"خيار {n}" for n in "١٢٣٤"), "الجواب"], by_mark(HIJAI)),
    "french": (
        "fr",
        ["Question", *(f"Réponse {m}" for m in LATIN), "Bonne réponse"],
        by_mark(LATIN),
    ),
    "french texts": (
        "fr",
        ["Énoncé", *(f"Proposition {n}" for n in "1234"), "Réponse correcte"],
        by_text,
    ),
    "french no space": (
        "fr",
        ["question", *(f"reponse_{m}" for m in "abcd"), "bonne_reponse"],
        by_mark("abcd"),
    ),
    "repeated": ("en", ["Question", *["Option"] * 4, "Correct"], by_mark("1234")),
    "blank": ("en", ["Question", "Options", "", "", "", "Answer"], by_mark(LATIN)),
    "unnamed": (
        "en",
        ["Question", "Options", *(f"Unnamed: {n}" for n in (2, 3, 4)), "Answer"],
        by_mark(LATIN),
    ),
    "camel": (
        "en",
        ["questionText", *(f"option{m}" for m in LATIN), "correctAnswerIndex"],
        by_mark("0123"),
    ),
    "zero many": ("en", ["question", *"ABCD", "answer"], by_mark("0123")),
    "russian": (
        "ru",
        ["Вопрос", *(f"Вариант {m}" for m in "АБВГ"), "Правильный ответ"],
        by_mark("АБВГ"),
    ),
    "turkish": ("tr", ["Soru", *(f"{m} Şıkkı" for m in LATIN), "DOĞRU CEVAP"], by_mark(LATIN)),
    "spanish": (
        "es",
        ["Pregunta", *(f"Opción {m}" for m in LATIN), "Respuesta correcta"],
        by_mark("abcd"),
    ),
    "german": (
        "de",
        ["Frage", *(f"Antwort {m}" for m in LATIN), "Richtige Antwort"],
        by_mark(LATIN),
    ),
}


def list_header_files() -> list[ForeignFile]:
    """The same exam under other headers and keys."""
    return [
        ForeignFile(
            f"header {name}.csv",
            write_csv(tabulate(header, exam := draw_exam(language), key)).encode(),
            list_truth(exam),
            language=language,
        )
        for name, (language, header, key) in HEADERS.items()
    ]


def list_cell_files() -> list[ForeignFile]:
    """Options in one cell, in the question, or as Python and pandas print them."""
    exam = draw_exam("en")
    one_cell: dict[str, tuple[Key, Key]] = {
        "python list": (lambda e: str(e.options), by_mark("1234")),
        "python dict": (lambda e: str(dict(zip(LATIN, e.options, strict=True))), by_mark(LATIN)),
        "numpy list": (lambda e: "[" + "\n ".join(map(repr, e.options)) + "]", by_text),
        "lines": (lambda e: "\n".join(e.options), by_mark("1234")),
        "bars": (lambda e: " | ".join(e.options), by_text),
        "marked": (
            lambda e: " ".join(f"{m}) {o}" for m, o in zip(LATIN, e.options, strict=True)),
            by_mark(LATIN),
        ),
        "unsigned lines": (
            lambda e: "\n".join(f"{m} {o}" for m, o in zip(LATIN, e.options, strict=True)),
            by_mark(LATIN),
        ),
        "slashes": (lambda e: " ; ".join(e.options), by_mark("1234")),
        "marked lines": (
            lambda e: "\n".join(f"{m}. {o}" for m, o in zip("abcd", e.options, strict=True)),
            by_mark("abcd"),
        ),
    }
    made = [
        ForeignFile(
            f"cell {name}.csv",
            write_csv(
                [["question", "options", "answer"], *([e.stem, cell(e), key(e)] for e in exam)]
            ).encode(),
            list_truth(exam),
        )
        for name, (cell, key) in one_cell.items()
    ]
    marked = [
        [
            e.stem,
            *(f"{m}{dash} {o}" for m, o in zip(LATIN, e.options, strict=True)),
            LATIN[e.right - 1],
        ]
        for dash, e in zip([".", ")", " -", ":"] * 6, exam, strict=True)
    ]
    inside = [
        [
            f"{n}. {e.stem}\n"
            + "\n".join(f"{m}) {o}" for m, o in zip(LATIN, e.options, strict=True)),
            LATIN[e.right - 1],
        ]
        for n, e in enumerate(exam, 1)
    ]
    wrong = [
        [e.stem, e.key, *(o for o in e.options if o != e.key)]
        for e in draw_exam("en", numeric=False)
    ]
    return [
        *made,
        ForeignFile(
            "cell marks.csv",
            write_csv([["Question", *LATIN, "Key"], *marked]).encode(),
            list_truth(exam),
        ),
        ForeignFile(
            "cell inside.csv",
            write_csv([["Question", "Answer"], *inside]).encode(),
            list_truth(exam),
        ),
        ForeignFile(
            "cell wrong answers.csv",
            write_csv(
                [["Question", "Correct answer", *(f"Wrong answer {n}" for n in "123")], *wrong]
            ).encode(),
            list_truth(draw_exam("en", numeric=False)),
        ),
    ]


def list_doubtful_files() -> list[ForeignFile]:
    """Keys that mean several options, none, or one of two: such rows are to be refused, the others
    read.
    """
    exam, short = draw_exam("en", numeric=False), draw_exam("en", 6, numeric=False)
    persian = draw_exam("fa", numeric=False)
    header = ["question", *(f"option{n}" for n in "1234"), "answer"]
    doubts = ["A or B", "A,C", "A and C", "-", "?", "B?", "E", "7", "see p. 5", "", "AB", "none"]
    fa_doubts = [
        "حذف",
        "الف و ج",
        "۱ و ۳",
        "۲ یا ۳",
        "ندارد",
        "؟",
        "هر دو",
        "۵",
        "حذف شد",
        "-",
        "ب،ج",
        "",
    ]
    rows, fa_rows = (
        [
            [*row[:-1], doubt] if n % 2 else row
            for n, (row, doubt) in enumerate(zip(table, told * 2, strict=True))
        ]
        for table, told in (
            (tabulate(header, exam, by_mark(LATIN))[1:], doubts),
            (tabulate(header, persian, by_mark(PERSIAN))[1:], fa_doubts),
        )
    )
    from_zero = tabulate(header, short, by_mark("0123"))
    third = [
        e._replace(options=[e.options[(n + e.right) % 4] for n in range(1, 5)][:4], right=3)
        for e in short
    ]
    letters = tabulate(header, [e._replace(right=3) for e in third], lambda e: "ت")
    shifted = [[e.stem, *e.options, "C", "D"] for e in exam]
    return [
        ForeignFile("doubt keys.csv", write_csv([header, *rows]).encode(), list_truth(exam[::2])),
        ForeignFile(
            "doubt persian keys.csv",
            write_csv([header, *fa_rows]).encode(),
            list_truth(persian[::2]),
            language="fa",
        ),
        ForeignFile("doubt zero.csv", write_csv(from_zero).encode(), []),
        ForeignFile("doubt letter.csv", write_csv(letters).encode(), [], language="fa"),
        ForeignFile(
            "doubt two keys.csv",
            write_csv([[*header[:-1], "Answer", "Correct answer"], *shifted]).encode(),
            [],
        ),
    ]


def list_text_files() -> list[ForeignFile]:
    """Separators, line ends, encodings, and what programs leave around a table."""
    exam, persian = draw_exam("en"), draw_exam("fa")
    french, german = draw_exam("fr"), draw_exam("de")
    letters = ["Question", *(f"Option {m}" for m in LATIN), "Correct answer"]
    plain, fa = (
        tabulate(letters, exam, by_mark(LATIN)),
        tabulate(["سوال", *(f"گزینه {n}" for n in "1234"), "پاسخ"], persian, by_mark("۱۲۳۴")),
    )
    text, truth = write_csv(plain), list_truth(exam)
    indexed = [["", *plain[0]], *([n, *row] for n, row in enumerate(plain[1:]))]
    quoted = [[row[0].replace(",", "\n", 1), *row[1:]] for row in plain]
    marks = [[str(cell).replace("?", ' "now"?') for cell in row] for row in plain]
    escaped = "\n".join(
        ",".join('"' + str(c).replace('"', '\\"') + '"' for c in row) for row in marks
    )
    curly = [[str(cell).replace("'", "’").replace("-", "–") for cell in row] for row in plain]
    bare = [row for row in plain[1:] if row[-1] in LATIN]
    files: list[tuple[str, bytes, list[Any], str]] = [
        ("semicolon.csv", write_csv(plain, delimiter=";").encode(), truth, "en"),
        ("tab.tsv", write_csv(plain, delimiter="\t").encode(), truth, "en"),
        ("tab named.csv", write_csv(plain, delimiter="\t").encode(), truth, "en"),
        ("bar.txt", write_csv(plain, delimiter="|").encode(), truth, "en"),
        ("sep.csv", ("sep=;\r\n" + write_csv(plain, delimiter=";")).encode(), truth, "en"),
        ("title.csv", ("Final exam, spring 2024\n\n" + text).encode(), truth, "en"),
        (
            "title semicolon.csv",
            ("Final exam\n" + write_csv(plain, delimiter=";")).encode(),
            truth,
            "en",
        ),
        ("title filled.csv", ("Final exam,,,,,\n" + text).encode(), truth, "en"),
        ("trailing.csv", text.replace("\n", ",,\n").encode() + b",,,,,,,\n" * 3, truth, "en"),
        ("foot.csv", (text + "Source: the 2024 exam,,,,,\n").encode(), truth, "en"),
        ("index.csv", write_csv(indexed).encode(), truth, "en"),
        ("all quoted.csv", write_csv(plain, quoting=csv.QUOTE_ALL).encode(), truth, "en"),
        ("newlines.csv", write_csv(quoted).encode(), _with_stems(quoted, exam), "en"),
        ("quotes.csv", write_csv(marks).encode(), _with_stems(marks, exam), "en"),
        ("escaped.csv", escaped.encode(), _with_stems(marks, exam), "en"),
        ("cr.csv", text.replace("\n", "\r").encode(), truth, "en"),
        ("crlf.csv", text.replace("\n", "\r\n").encode(), truth, "en"),
        ("mmlu.csv", write_csv(bare).encode(), truth, "en"),
        ("packed.csv.gz", gzip.compress(text.encode()), truth, "en"),
        ("bom.csv", write_csv(fa).encode("utf-8-sig"), list_truth(persian), "fa"),
        ("utf16.csv", write_csv(fa, delimiter="\t").encode("utf-16"), list_truth(persian), "fa"),
        (
            "utf16le.txt",
            write_csv(fa, delimiter="\t").encode("utf-16-le"),
            list_truth(persian),
            "fa",
        ),
        (
            "cp1256.csv",
            write_old_persian(write_csv(fa)).encode("cp1256"),
            list_truth(persian),
            "fa",
        ),
        ("cp1252.csv", write_csv(curly).encode("cp1252"), _with_stems(curly, exam), "en"),
        (
            "cp1252 fr.csv",
            write_csv(tabulate(HEADERS["french"][1], french, by_mark(LATIN))).encode("cp1252"),
            list_truth(french),
            "fr",
        ),
        (
            "cp1252 de.csv",
            write_csv(tabulate(HEADERS["german"][1], german, by_mark(LATIN))).encode("cp1252"),
            list_truth(german),
            "de",
        ),
        ("huge.csv", (text + f'"{"x " * 90_000}",a,b,c,d,A\n').encode(), truth, "en"),
        (
            "commas.csv",
            (text + "A man, aged 50, coughs?,asthma,flu,gout,scurvy,B\n").encode(),
            truth,
            "en",
        ),
    ]
    return [
        ForeignFile(f"text {name}", content, rows, language=lang)
        for name, content, rows, lang in files
    ]


def _with_stems(rows: list[list[Any]], exam: list[Exam]) -> list[tuple[str, str]]:
    """The truth of rows whose texts were changed."""
    return [(row[0], row[one.right]) for row, one in zip(rows[1:], exam, strict=True)]


def list_workbooks() -> list[ForeignFile]:
    """Sheets with titles, merged headers, hidden columns, numbers, other sheets."""
    exam, persian = draw_exam("en"), draw_exam("fa")
    header = ["سوال", *(f"گزینه {n}" for n in "۱۲۳۴"), "پاسخ"]
    rows = tabulate(header, persian, lambda one: one.right)
    halves = {
        "فصل ۱": rows[:13],
        "فصل ۲": [header, *rows[13:]],
        "راهنما": [["از این آزمون استفاده کنید"]],
    }
    merged = [
        ["No.", "Question", "Options", None, None, None, "Correct answer"],
        [None, None, *LATIN, None],
    ]
    merged += [[n, e.stem, *e.options, LATIN[e.right - 1]] for n, e in enumerate(exam, 1)]
    numbers = [(f"{n} + {n} = ?", [n, 2 * n, n + 3, 5 * n], 2) for n in range(4, 20)]
    sums = [
        ["question", *LATIN, "answer"],
        *([stem, *map(float, o), float(right)] for stem, o, right in numbers),
    ]
    drafts = [
        [*row[:1], "draft", *row[1:]]
        for row in tabulate(["Question", *LATIN, "Answer"], exam, by_mark(LATIN))
    ]
    old = [[*row[:-1], "C" if n else "Old key", row[-1]] for n, row in enumerate(drafts)]

    def merge(book: Any) -> None:
        sheet = book.worksheets[0]
        for area in ("C1:F1", "A1:A2", "B1:B2", "G1:G2"):
            sheet.merge_cells(area)

    def hide(book: Any) -> None:
        book.worksheets[0].column_dimensions["B"].hidden = True

    def hide_sheet(book: Any) -> None:
        book.worksheets[1].sheet_state = "hidden"

    changed = [
        [e[0], *e[1:-1], LATIN[(LATIN.index(e[-1]) + 1) % 4]]
        for e in tabulate([], exam, by_mark(LATIN))[1:]
    ]
    with_old = {"Exam": drafts, "Old": [["Question", *LATIN, "Answer"], *changed]}
    return [
        ForeignFile("sheets.xlsx", save_sheets(halves), list_truth(persian), language="fa"),
        ForeignFile("sheet merged.xlsx", save_sheets({"a": merged}, merge), list_truth(exam)),
        ForeignFile(
            "sheet titled.xlsx",
            save_sheets({"a": [["آزمون"], [], *rows, [], ["پایان"]]}),
            list_truth(persian),
            language="fa",
        ),
        ForeignFile(
            "sheet numbers.xlsx",
            save_sheets({"a": sums}),
            [(stem, str(o[1])) for stem, o, _ in numbers],
        ),
        ForeignFile("sheet hidden column.xlsx", save_sheets({"a": drafts}, hide), list_truth(exam)),
        ForeignFile("sheet old key.xlsx", save_sheets({"a": old}), list_truth(exam)),
        ForeignFile("sheet hidden sheet.xlsx", save_sheets(with_old, hide_sheet), list_truth(exam)),
        ForeignFile("sheet renamed.csv", _renamed(rows), list_truth(persian), language="fa"),
    ]


def _renamed(rows: list[list[Any]]) -> Callable[[Path], None]:
    """A workbook under the suffix of a text."""

    def save(path: Path) -> None:
        book = path.with_suffix(".xlsx")
        save_sheets({"a": rows})(book)
        book.rename(path)

    return save


def list_question_tables() -> list[ForeignFile]:
    """All exams in tables."""
    return [
        *list_header_files(),
        *list_cell_files(),
        *list_doubtful_files(),
        *list_text_files(),
        *list_workbooks(),
    ]
