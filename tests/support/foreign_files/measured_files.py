"""Files of the same kinds, written after columns were looked for by their cells and first read by that reader: what to expect
of headers that nobody foresaw."""

from support.foreign_files.exam_truth import ForeignFile, draw_cases, draw_exam, list_truth
from support.foreign_files.question_tables import ARABIC, LATIN, PERSIAN, write_csv
from support.foreign_files.unforeseen_files import Cells, write_file

QUESTIONS: list[tuple[str, str, Cells]] = [  # language, header, row
    ("fr", "Énoncé;Proposition A;Proposition B;Proposition C;Proposition D;Bonne réponse", lambda n, e: [e.stem, *e.options, LATIN[e.right - 1]]),
    ("en", "x;y;z;w;u;gt", lambda n, e: [e.stem, *e.options, e.key]),
    ("en", "id;sentence1;e1;e2;e3;e4;gt;split", lambda n, e: [f"q-{n}", e.stem, *e.options, e.right - 1, "test"]),
    ("de", "Nr;Fach;Aufgabentext;a1;a2;a3;a4;Treffer", lambda n, e: [n + 1, ["Innere", "Haut", "Kind"][n % 3], e.stem, *e.options, e.key]),
    ("ar", "", lambda n, e: [n + 1, e.stem, *e.options, ARABIC[e.right - 1]]),
    ("fa", "", lambda n, e: [PERSIAN[e.right - 1], e.stem, *e.options]),
    ("tr", "Metin;Bir;İki;Üç;Dört;Sonuç;Açıklama", lambda n, e: [e.stem, *e.options, e.right, f"{n}. soruda verilen bulgular başka bir tanıyı düşündürmez"]),
]  # fmt: skip
UNCERTAIN: list[tuple[str, str, Cells]] = [
    ("ru", "T;A1;A2;A3;A4;K;M", lambda n, e: [e.stem, *e.options, LATIN[e.right - 1], LATIN[n * 3 % 4]]),
    ("es", "Texto;R1;R2;R3;R4;Nivel", lambda n, e: [e.stem, *e.options, n % 2 + 1]),
]  # fmt: skip


def list_measured_files() -> list[ForeignFile]:
    """Questions, those that must be refused whole, and pairs without a header."""
    made = []
    for number, (language, header, cells) in enumerate([*QUESTIONS, *UNCERTAIN]):
        exam = draw_exam(language)
        truth = list_truth(exam) if number < len(QUESTIONS) else []
        made.append(write_file(f"measured-{number}.csv", language, header, exam, cells, truth))
    cases = draw_cases("es")
    text = write_csv([[n, ", ".join(one.signs), one.illness] for n, one in enumerate(cases)])
    truth = [(", ".join(one.signs), one.illness) for one in cases]
    made.append(ForeignFile("bare.csv", text.encode(), truth, "pair", "es"))
    return made
