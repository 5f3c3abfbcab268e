"""A terminal or pipe that cannot hold our letters, or a reader that goes away, ends no command with a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.study_folders import write_study

from flows.cli.output_streams import NEAREST
from tasks.language.language_pack import load_pack

ROOT = Path(__file__).parents[3]


def call(*arguments: str, encoding: str, **options) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "BOOK2LORA_LANG": "en"}
    command = [sys.executable, "-m", "flows.cli.main", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False, **options)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1256"])
def test_signs_get_their_nearest_form_and_other_letters_escapes(runs, encoding):
    folder = write_study("laptop", {1: True})
    write_study("laptop", {1: True}, **{"finetuning.seed": 1})
    (folder / "notes.md").write_text("– «خوب» 漢", "utf-8")
    done = call("runs", encoding=encoding, capture_output=True)
    text = done.stdout.decode(encoding)
    assert done.returncode == 0, done.stderr
    assert "finetuning.seed 0 -> 1" in text and "\\u6f22" in text
    if encoding == "ascii":
        assert '- "\\u062e\\u0648\\u0628" \\u6f22' in text


def test_json_is_escaped_where_the_output_is_not_unicode():
    book = str(ROOT / "books" / "handbook.pdf")
    done = call("read", book, encoding="ascii", capture_output=True)
    assert done.returncode == 0, done.stderr
    pages = [json.loads(line) for line in done.stdout.decode("ascii").splitlines()]
    assert any("قلب" in page["text"] for page in pages), "no letter was lost"


def test_a_reader_that_goes_away_is_no_error(runs):
    for number in range(40):
        write_study(f"study-{number}", {1: True})
    read, write = os.pipe()
    os.close(read)
    done = call("runs", "--json", encoding="utf-8", stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_every_sign_of_the_english_sentences_has_a_nearest_form():
    """Greek letters and the like aside, which have none."""
    words = str(load_pack("packs/terminal.yaml", "en"))
    assert {letter for letter in words if not letter.isascii() and not letter.isalpha()} <= set(
        NEAREST
    )
