"""A plan of any bytes is read or refused in one sentence, in little time and memory."""

import time
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.schemas.errors import PlanError
from tasks.schemas.files.bounded_yaml import MOST_VALUES, load_bounded_yaml
from tasks.schemas.plan_file import load_plan
from tasks.schemas.sweep_plan import load_sweep

LEVELS = [
    f"{name}: &{name} [{', '.join([f'*{below}'] * 10)}]"
    for below, name in zip("abcdefg", "bcdefgh", strict=True)
]
ALIAS_BOMB = "\n".join(["a: &a [lol, lol, lol]", *LEVELS, "book: *h"])
MERGE_BOMB = "\n".join(
    ["a: &a {k: 1}"]
    + [
        f"{n}: &{n} {{<<: [{', '.join([f'*{b}'] * 10)}]}}"
        for b, n in zip("abcdefg", "bcdefgh", strict=True)
    ]
)
HOSTILE = {
    "alias bomb": ALIAS_BOMB,
    "merge bomb": MERGE_BOMB,
    "number of 5,000 digits": "generation: {pairs: " + "9" * 5000 + "}",
    "sexagesimal number": "generation: {pairs: 1" + ":59" * 5000 + "}",
    "value that holds itself": "book: &a [*a]",
    "mapping that is its own key": "&a {*a : 1}",
    "deep lists": "[" * 5000,
    "deep mappings": "{a: " * 5000,
    "block depth": "\n".join(" " * i + "a:" for i in range(1500)),
    "20,001 keys": "\n".join(f"k{i}: 1" for i in range(MOST_VALUES)),
    "9,000 unknown keys": "\n".join(f"k{i}: 1" for i in range(9000)),
    "long": "# " + "x" * 300_000,
    "long key": f"? {'k' * 100_000}\n: 1",
    "long value": "language: [" + "v" * 100_000 + "]",
    "bool that is none": "book: !!bool x",
    "empty int": 'book: !!int ""',
    "date that is none": "book: 2024-99-99",
    "timestamp that is none": "book: !!timestamp x",
    "python object": "book: !!python/object/apply:os.system [id]",
    "two documents": "a: 1\n---\nb: 2",
    "list as key": "? [a]\n: 1",
    "control characters": 'name: "\\e[31m\\0"',
    "bytes that are no text": "\udcff",
    "byte order mark alone": "\ufeff",
}


@pytest.mark.parametrize("load", [load_plan, load_sweep])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_plan_is_refused_in_a_short_sentence(name, load, tmp_path):
    file = tmp_path / "hostile.yaml"
    file.write_bytes(HOSTILE[name].encode("utf-8", "surrogateescape"))
    memory, start = getrusage(RUSAGE_SELF).ru_maxrss, time.process_time()
    try:
        load(file)
    except PlanError as refused:
        assert 10 < len(str(refused)) < 10_000
    else:
        assert name == "byte order mark alone"  # an empty plan: every choice as it is by default
    assert getrusage(RUSAGE_SELF).ru_maxrss - memory < 150_000  # kB
    assert time.process_time() - start < 15  # seconds of the processor; 3 where it is idle


def test_a_folder_in_a_plan_s_place_is_refused(tmp_path):
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(PlanError):
        load_plan(tmp_path / "folder.yaml")


def test_aliases_of_an_honest_plan_are_read():
    assert load_bounded_yaml("a: &a [1, 2]\nb: *a\nc: {<<: {d: 3}}") == {
        "a": [1, 2],
        "b": [1, 2],
        "c": {"d": 3},
    }


@pytest.mark.parametrize(
    "file", sorted((Path(__file__).parents[2] / "plans").glob("*.yaml")), ids=lambda f: f.name
)
def test_our_plans_are_read_as_yaml_reads_them(file):
    text = file.read_text("utf-8")
    assert load_bounded_yaml(text) == yaml.safe_load(text)


FRAGMENTS = st.sampled_from(
    [*"[]{}:,-?&*!|>'\"%@`#\n\t \\~=<", "a", "*a", "&a ", "<<: ", "!!int ", "!!float ", "!!binary ",
     "!!set ", "!!omap ", "!!pairs ", "!!timestamp ", "0x", "1e999", ".nan", "1:60", "2024-02-31",
     "---\n", "...\n", "\ufeff", "\x85", "\u2028", "  ", "null", "generation:\n  pairs: ", "grid:\n  "]
)  # fmt: skip


@given(st.one_of(st.text(max_size=80), st.lists(FRAGMENTS, max_size=40).map("".join)))
@settings(max_examples=300, deadline=None)
def test_any_text_is_yaml_or_refused_as_such(text):
    try:
        load_bounded_yaml(text)
    except yaml.YAMLError as refused:
        assert str(refused)


@given(st.lists(FRAGMENTS, max_size=30).map("".join))
@settings(max_examples=100, deadline=None)
def test_any_plan_is_read_or_refused(tmp_path_factory, text):
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(text, "utf-8")
    try:
        load_plan(file)
    except PlanError as refused:
        assert len(str(refused)) < 10_000
