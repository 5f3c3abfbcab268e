"""Files whose headers no list of names holds, or that have none: written before columns were looked for by their cells.
A file that more than one reading fits must be refused whole: its truth is empty."""

from collections.abc import Callable, Sequence
from typing import Any

from support.foreign_files.exam_truth import Exam, ForeignFile, draw_cases, draw_exam, list_truth
from support.foreign_files.question_tables import LATIN, write_csv

Cells = Callable[[int, Exam], Sequence[Any]]
READ: list[tuple[str, str, Cells]] = [  # language, header, row
    ("de", "Frage;Antwort 1;Antwort 2;Antwort 3;Antwort 4;Lösung", lambda n, e: [e.stem, *e.options, e.right]),
    ("ru", "№;Вопрос;Первый;Второй;Третий;Четвёртый;Верно", lambda n, e: [n + 1, e.stem, *e.options, e.key]),
    ("tr", "Soru;A şıkkı;B şıkkı;C şıkkı;D şıkkı;Doğrusu", lambda n, e: [e.stem, *e.options, LATIN[e.right - 1]]),
    ("en", "v1;v2;v3;v4;v5;v6;v7", lambda n, e: [n + 1, e.stem, *e.options, LATIN[e.right - 1]]),
    ("es", "Enunciado;R1;R2;R3;R4;Buena", lambda n, e: [e.stem, *e.options, e.right - 1]),
    ("ar", "الحل;السؤال;خ١;خ٢;خ٣;خ٤;الشرح",
     lambda n, e: [e.key, e.stem, *e.options, f"لأن العلامات المذكورة في السؤال رقم {n} تدل على ذلك دون غيره"]),
    ("en", "", lambda n, e: [n + 1, e.stem, *e.options, e.key]),
    ("fa", "", lambda n, e: [e.stem, *e.options, LATIN[e.right - 1].lower(), "داخلی"]),
]  # fmt: skip
REFUSED: list[tuple[str, str, Cells]] = [
    # a number of a block that looks like a key, beside the key
    ("en", "p;q1;w;x1;y1;z1;k1", lambda n, e: [n // 2 % 4 + 1, e.stem, *e.options, e.right]),
    # no key, but how hard it is, from 1 to 3
    ("de", "Aufgabe;I1;I2;I3;I4;Stufe", lambda n, e: [e.stem, *e.options, n % 3 + 1]),
    # a case and what is asked about it: either could be the question
    ("es", "Relato;Pide;R1;R2;R3;R4;Buena",
     lambda n, e: [f"Relato número {n} de un paciente que vino a la consulta por la tarde", e.stem, *e.options, LATIN[e.right - 1]]),
]  # fmt: skip


def list_unforeseen_files() -> list[ForeignFile]:
    """Both, and tables of two columns in either order."""
    made = []
    for number, (language, header, cells) in enumerate(READ):
        exam = draw_exam(language)
        made.append(
            write_file(f"read-{number}.csv", language, header, exam, cells, list_truth(exam))
        )
    for number, (language, header, cells) in enumerate(REFUSED):
        made.append(
            write_file(f"refused-{number}.csv", language, header, draw_exam(language), cells)
        )
    cases = draw_cases("ru")
    rows = [[one.illness, ", ".join(one.signs)] for one in cases]
    truth = [(", ".join(one.signs), one.illness) for one in cases]
    text = write_csv([["Итог", "Жалобы больного"], *rows])
    made.append(ForeignFile("two.csv", text.encode(), truth, "pair", "ru"))
    return made


def write_file(
    name: str,
    language: str,
    header: str,
    exam: list[Exam],
    cells: Cells,
    truth: Sequence[tuple[str, str]] = (),
) -> ForeignFile:
    """A table of an exam; without a header where `header` is empty."""
    rows = [list(cells(n, one)) for n, one in enumerate(exam)]
    text = write_csv([*([header.split(";")] if header else []), *rows], delimiter=";")
    return ForeignFile(name, text.encode(), list(truth), "question", language)
