"""`book2lora chat` puts a question to base and tuned model of a study and shows both answers."""

import contextlib
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest
from rich.console import Console
from support.models import small_llama

from flows.cli.chat import LEFT_TO_RIGHT_MARK, chat, lay_out_answers
from tasks.finetuning.fit import fit_adapter
from tasks.language.text_search import rank_texts
from tasks.schemas.errors import PlanError
from tasks.schemas.plan import StudyPlan

TAUGHT = small_llama.make_pairs(6)
BOOK = ["نقرس یک بیماری است.", "آپاندیسیت با درد شكم آغاز مي شود.", "میگرن سردرد می‌دهد."]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study's folder as far as chat reads it, with an adapter that knows its six pairs."""
    place = tmp_path_factory.mktemp("chat")
    base = small_llama.save_checkpoint(place / "base")
    plan = small_llama.PLAN.model_copy(
        update={"rank": 16, "alpha": 32, "learning_rate": 2e-2, "epochs": 60, "batch_size": 6}
    )
    plan = plan.model_copy(update={"loss_on": "diagnosis"})
    folder = place / "runs" / "studies" / "mine"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNS_DIR", str(place / "runs"))
        fit_adapter(
            base,
            TAUGHT,
            [],
            plan,
            language="fa",
            machine=small_llama.CPU,
            folder=folder / "adapter",
            scratch=place / "scratch",
        )
    rows = [
        {"id": f"b{i}", "chapter": "a", "page": i + 1, "text": text} for i, text in enumerate(BOOK)
    ]
    passages = place / "passages.jsonl"
    passages.write_text("".join(json.dumps(row) + "\n" for row in rows))
    record = {
        "plan": StudyPlan(name="mine").model_dump(mode="json"),
        "artifacts": {
            "checkpoint": {"path": base.source, "digest": base.digest},
            "passages 1": {"path": str(passages), "digest": ""},
        },
    }
    (folder / "study.json").write_text(json.dumps(record))
    return folder


@pytest.fixture(autouse=True)
def signals():
    """The command leaves signals to Python; the tests get them back as they were."""
    before = {number: signal.getsignal(number) for number in (2, 15, 1)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def ask(folder, capsys, question, **options):
    machine = ["device=cpu", "dtype=float32"]
    assert chat(str(folder), ask=question, machine=machine, tokens=12, **options) == 0
    out = capsys.readouterr().out
    assert out.endswith("\n")
    base, _, tuned = out.partition("\ntuned: ")
    return base.partition("base: ")[2].strip(), tuned.strip(), out


def test_a_taught_question_is_answered_by_the_tuned_model_and_the_base_stands_beside_it(
    study, capsys
):
    for pair in TAUGHT:
        base, tuned, _ = ask(study, capsys, pair.symptom)
        assert tuned == pair.diagnosis and base != pair.diagnosis


def test_with_the_book_open_the_passages_are_shown_and_given_to_both(study, capsys):
    closed = ask(study, capsys, "درد شکم")
    opened = ask(study, capsys, "درد شکم", open_book=True)
    assert "ص ۲: " in opened[2] and "نقرس" not in opened[2].partition("base: ")[0]
    assert opened[:2] != closed[:2]


def test_arabic_letters_and_half_spaces_hide_no_passage():
    assert rank_texts("درد شکم، می‌شود", BOOK, 2)[0] == 1
    assert rank_texts("کتاب", BOOK, 2) == []


def test_a_question_that_leaves_no_room_for_an_answer_is_refused(study, capsys):
    with pytest.raises(PlanError, match=r"more than the 256 that the model reads"):
        ask(study, capsys, "درد شکم " * 300)


def test_on_a_terminal_persian_stands_to_the_right_in_its_own_column():
    console = Console(width=60, force_terminal=True, record=True, file=io.StringIO())
    console.print(lay_out_answers({"base": "Gout", "tuned": "درد شکم " * 8}, console))
    rows = [line for line in console.export_text(clear=False).splitlines() if "درد" in line]
    assert len(rows) > 1 and all(row.count(LEFT_TO_RIGHT_MARK) == 2 for row in rows)
    assert "مدل پایه" in console.export_text(clear=False)
    ends = {row.rindex("│") - row.rindex(LEFT_TO_RIGHT_MARK) for row in rows}
    assert ends == {2} and sum("Gout" in row for row in rows) == 1


def test_what_a_model_writes_commands_no_terminal():
    console = Console(width=60, force_terminal=False)
    shown = lay_out_answers({"base": "a\x1b[2Jb", "tuned": "[red]x[/]"}, console)
    assert "\x1b" not in str(shown) and "[red]x[/]" in str(shown)


def test_ctrl_c_ends_a_conversation_with_130_and_gives_the_cursor_back(study):
    mine, theirs = pty.openpty()
    code = "from flows.cli.main import main; main()"
    command = [sys.executable, "-c", code, "chat", str(study), "--machine", "device=cpu"]
    english = {**os.environ, "BOOK2LORA_LANG": "en"}
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=english
    ) as child:
        os.close(theirs)
        seen = b""
        while b"\n> " not in seen:
            seen += os.read(mine, 4096)
        os.write(mine, "درد شکم\n".encode())
        while b"base model" not in seen:
            seen += os.read(mine, 4096)
        time.sleep(0.2)
        child.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # EIO: the other end was closed
            while piece := os.read(mine, 4096):
                seen += piece
        assert child.wait(30) == 130
    assert b"Traceback" not in seen
    assert seen.rfind(b"\x1b[?25h") >= seen.rfind(b"\x1b[?25l")
