"""A person's file of any bytes is read or refused in one sentence, within a gibibyte and half a minute."""

import gzip
import io
import json
import random
import resource
import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from tasks.schemas.errors import PlanError
from tasks.store.foreign import parse_apart as gate
from tasks.store.foreign.parse_apart import ParserStopped, parse_apart
from tasks.validation.parsing.item_files import SMALL_TEXT, read_rows

GIB_KB = 2**20
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</worksheet>'
)
ROW = '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>symptom</t></is></c><c r="B1" t="{}"><v>{}</v></c></row></sheetData>'
ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {name} "{f"&{below};" * 10}">' for below, name in zip("abcdefg", "bcdefgh", strict=True)
) + "]>"  # fmt: skip


def build_workbook(rows: list[list[object]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


SOUND = build_workbook(
    [["symptom", "diagnosis"], ["fever and cough", "flu"], ["chest pain", "infarct"]]
)


def replace_sheet(content: str) -> bytes:
    """A sound workbook whose sheet is this XML."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(SOUND)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, content if name.endswith("sheet1.xml") else old.read(name))
    return out.getvalue()


def build_deep_json(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


HOSTILE = {
    "an index of no text.xlsx": replace_sheet(SHEET.format(ROW.format("s", 99))),
    "an index that is no number.xlsx": replace_sheet(SHEET.format(ROW.format("s", "x"))),
    "broken XML.xlsx": replace_sheet(SHEET.format(ROW.format("n", 1))[:150]),
    "seventeen billion cells.xlsx": replace_sheet(
        SHEET.format(
            '<dimension ref="A1:XFD1048576"/><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
        )
    ),
    "entities in entities.xlsx": replace_sheet(ENTITIES + SHEET.format(ROW.format("str", "&h;"))),
    "no workbook.xlsx": b"PK\3\4" + bytes(200),
    "no zip.xlsx": b"symptom,diagnosis",
    "nothing.xlsx": b"",
    "nothing.parquet": b"",
    "no parquet.parquet": b"PAR1" + bytes(100) + b"PAR1",
    "a bomb.csv.gz": gzip.compress(bytes(2**28)),
    "a bomb.json.gz": gzip.compress(b"[" + b"[]," * 2**25 + b"[]]"),
    "half a pack.json.gz": gzip.compress(b"[1]" * 1000)[:30],
    "no pack.csv.gz": b"symptom,diagnosis\na,b",
    "empty lists.json": b"[" + b"{}," * 700_000 + b"{}]",
    "deep lists.json": build_deep_json(100_000),
    "a number of 5,000 digits.json": b'[{"symptom": ' + b"9" * 5000 + b"}]",
    "an endless quotation.csv": b'symptom,diagnosis\n"' + b"x" * 3_000_000,
    "nul.csv": b"symptom,diagnosis\na\0b,c",
    "half a character.json": b'[{"symptom": "\\ud800", "diagnosis": "\xff"}]',
    "open braces.json": b"{" * 200_000,
    "quotation marks.json": b'{"' * 100_000,
}  # fmt: skip


SLOW = {"empty lists.json"}  # half a minute of the processor, which is the budget


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in HOSTILE]
)
def test_a_hostile_file_is_read_or_refused_in_time_and_memory(name, tmp_path):
    file = tmp_path / name
    file.write_bytes(HOSTILE[name])
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # of other tests, too
    try:
        rows = read_rows(file)
    except PlanError as refused:
        assert name in str(refused) and len(str(refused)) < 900
    else:
        assert rows.lines == [] or all(line.fields is not None or line.fault for line in rows.lines)
    assert time.process_time() - start < 30
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # a child's, too, until it is another
    assert own - before < GIB_KB / 2
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss <= max(children, own, GIB_KB)


def test_the_sound_workbook_of_these_tests_is_read(tmp_path):
    (tmp_path / "sound.xlsx").write_bytes(SOUND)
    assert [line.fields for line in read_rows(tmp_path / "sound.xlsx").lines] == [
        {"symptom": "fever and cough", "diagnosis": "flu"},
        {"symptom": "chest pain", "diagnosis": "infarct"},
    ]


def test_a_long_text_is_read_apart_with_the_same_rows(tmp_path):
    rows = [{"symptom": f"{i} " + "x" * 90, "diagnosis": f"d{i}"} for i in range(SMALL_TEXT // 90)]
    (tmp_path / "long.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert [line.fields for line in read_rows(tmp_path / "long.jsonl").lines] == rows


def test_each_way_in_which_a_parser_can_end_is_a_reason(monkeypatch):
    def stopped(module, function, argument="1"):
        with pytest.raises(ParserStopped) as found:
            parse_apart(module, function, argument)
        return found.value.reason.code

    assert stopped("math", "sqrt", "x") == "parser-failed"
    assert stopped("os", "kill") == "parser-failed"
    monkeypatch.setattr(gate, "SECONDS", 0)
    assert stopped("time", "nothing") == "parser-too-slow"


FIELDS = st.sampled_from(
    ["symptom", "diagnosis", "question", "options", "answer", "A", "B", "items", "train", "0"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["A", "۲", "1) a 2) b", "\0"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(FIELDS, inner, max_size=5),
    max_leaves=12,
)  # fmt: skip
SIGNS = st.sampled_from([*'",;|\t\n\r{}[]:\\\'=', "\0", "sep=", "symptom", "diagnosis", "question", "A", "\ufeff", "\u2028", "é", "۱", "null", "1e999", "\\ud800", '"a": '])  # fmt: skip


def read_any(folder, name: str, content: bytes) -> None:
    """Rows, each with fields or a reason; or our own refusal."""
    (folder / name).write_bytes(content)
    try:
        rows = read_rows(folder / name)
    except PlanError as refused:
        assert name in str(refused)
    else:
        assert all(line.fields is not None or line.fault for line in rows.lines)


@given(st.lists(SIGNS, max_size=60).map("".join), st.sampled_from([".csv", ".json", ".jsonl", ".tsv"]), st.sampled_from(["utf-8", "utf-16", "cp1256"]))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_any_text_is_rows_or_refused(tmp_path_factory, text, suffix, encoding):
    read_any(tmp_path_factory.getbasetemp(), f"any{suffix}", text.encode(encoding, "replace"))


@given(VALUES, st.integers(0, 400))
@settings(max_examples=150, deadline=None)
def test_any_json_whole_or_cut_is_rows_or_refused(tmp_path_factory, value, cut):
    content = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    read_any(tmp_path_factory.getbasetemp(), "any.json", content[: len(content) - cut or None])


@given(st.binary(max_size=200), st.sampled_from([".csv", ".json", ".txt", ".ndjson"]))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_rows_or_refused(tmp_path_factory, content, suffix):
    read_any(tmp_path_factory.getbasetemp(), f"bytes{suffix}", content)


def damage_workbook(seed: int) -> bytes:
    """A sound workbook with bytes of one of its parts changed, or of the whole pack."""
    chance = random.Random(seed)
    if chance.random() < 0.3:
        whole = bytearray(SOUND)
        for _ in range(chance.choice([1, 20])):
            whole[chance.randrange(len(whole))] = chance.randrange(256)
        return bytes(whole)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(SOUND)) as old, zipfile.ZipFile(out, "w") as new:
        victim = chance.choice(old.namelist())
        for name in old.namelist():
            part = bytearray(old.read(name))
            for _ in range(chance.choice([1, 3, 30]) * (name == victim)):
                at = chance.randrange(len(part))
                part[at : at + chance.randrange(3)] = chance.choice(
                    [b"", b"<", b"9", b"-1", bytes(1), b"\xff"]
                )
            new.writestr(name, bytes(part))
    return out.getvalue()


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_workbook_is_rows_or_refused(seed, tmp_path):
    read_any(tmp_path, "damaged.xlsx", damage_workbook(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4, 200))
def test_many_damaged_workbooks_are_rows_or_refused(seed, tmp_path):
    test_a_damaged_workbook_is_rows_or_refused(seed, tmp_path)
