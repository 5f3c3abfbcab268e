"""The command line: what it answers, with which exit code, without doing any work."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.command_call import CommandOutput, call_command

ROOT = Path(__file__).parents[3]


def book2lora(*arguments: object, **environment: str) -> CommandOutput:
    return call_command(*arguments, **{"BOOK2LORA_LANG": "en", **environment})


def test_a_wrong_command_ends_its_process_with_2():
    wrong = [sys.executable, "-m", "flows.cli.main", "stdy"]
    done = subprocess.run(wrong, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "stdy" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["study", "nope"], "no plan 'nope'"),
        (["study", "--set", "finetuning.epoch=3"], "finetuning.epoch: no such key. Known: rank"),
        (["study", "--set", "finetuning.epochs=-1"], "greater than 0 (it is -1)"),
        (["study", "--set", "finetuning.epochs"], "is not key=value"),
        (["study", "--set", "name=.."], "must be a name of letters"),
        (["study", "\x1b[31mred.yaml"], "⟦U+001B⟧[31mred.yaml is not a file"),
        (["study", "--set", "book=none.pdf"], "book: 'none.pdf' is not a file"),
        (["study", "--redo", "bake"], "--redo bake: no such stage. Stages: read_book"),
        (["study", "--machine", "gpus=3"], "no such key. Known: device"),
        (["study", "--set", "comparison.primary_mode=cloze_mean"], "is not among evaluation.modes"),
        (
            ["study", "--set", "finetuning.quantize=4bit"],
            "finetuning.quantize: 4bit needs an NVIDIA GPU and bitsandbytes",
        ),
        (
            ["study", "--set", "finetuning.report_to=[wandb]"],
            "finetuning.report_to: wandb is not installed; pip install wandb",
        ),
        (
            ["study", "--machine", "processes=3"],
            "machine.processes: 3 do not divide finetuning.batch_size = 16",
        ),
        (["export"], "nothing to do: say --merged FOLDER"),
        (["study", "--set", "generation.pairs=none.json"], "is neither a number nor a file"),
        (
            ["study", "--machine", "micro_batch=many"],
            "--machine micro_batch: it is 'many', but must be a whole number",
        ),
        (
            ["study", "--set", "comparison.primary_mode=guess"],
            "comparison.primary_mode: it is 'guess', but must be one of generate, digits, cloze",
        ),
        (["study", "--set", "book=["], "book: '[' is not a YAML value; put text in quotes"),
        (["study", "--set", "=3"], "'=3' is not key=value"),
        (["study", "--set", "name=2024"], "it is 2024, but must be text; put it in quotes"),
        (["study", "--set", "name=a b"], "it is 'a b', but must be a name of letters"),
        (["study", "--set", "base=tiny"], "base: it is 'tiny', but holds keys of its own: model"),
        (
            ["study", "--set", "reading.last_page=0"],
            "reading.last_page: Input should be greater than or equal to 1",
        ),
    ],
)
def test_a_wrong_plan_ends_with_2_and_says_what_with_which_value(arguments, told, tmp_path):
    done = book2lora(*arguments, RUNS_DIR=str(tmp_path))
    assert done.returncode == 2, done.stderr
    assert told in done.stderr


def test_a_plan_that_is_no_text_is_refused_as_such(tmp_path):
    (tmp_path / "p.yaml").write_bytes(b"name: \xff")
    done = book2lora("check", tmp_path / "p.yaml")
    assert done.returncode == 2 and "is not a text in UTF-8" in done.stderr


@pytest.mark.parametrize("name", ["..", "/tmp/book2lora-precious", "a/b", "."])
def test_a_path_as_name_of_a_study_is_refused_since_what_lies_there_would_be_replaced(
    name, tmp_path
):
    done = book2lora("study", "--name", name, RUNS_DIR=str(tmp_path))
    assert done.returncode == 2 and f"name: {name!r} is not a name" in done.stderr
    assert not list(tmp_path.glob("passages")), "nothing was done before the check"


def test_the_exercise_says_precisely_what_is_missing_and_does_no_work(tmp_path):
    check = book2lora("check", "exercise", "--set", "reading.last_page=30", RUNS_DIR=str(tmp_path))
    assert check.returncode == 1
    assert "14 updates" in check.stdout and "USD" in check.stdout
    assert (
        "OPENAI_API_KEY is not set" in check.stdout
        and "unsloth/Llama-3.2-1B: no weights" in check.stdout
    )
    store = tmp_path / "of the study"  # check keeps what it read
    study = book2lora("study", "exercise", RUNS_DIR=str(store))
    assert study.returncode == 2
    assert (
        "OPENAI_API_KEY is not set" in study.stderr
        and "unsloth/Llama-3.2-1B: no weights" in study.stderr
    )
    assert not list(store.glob("passages")), "nothing was done before the check"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("machine.device=cuda:77", "machine.device: 'cuda:77' is not here; there is "),
        (
            "book=plans/laptop.yaml",
            "book: laptop.yaml cannot be opened: it is damaged, or not a PDF at all",
        ),
        ("reading.first_page=500", "none of them is in the plan's range (500 to the end)"),
        ("generation.pairs=0", "generation.pairs: 0 is too few for a study"),
    ],
)
def test_check_finds_what_would_stop_a_run(change, told):
    option = (
        ["--machine", change.removeprefix("machine.")]
        if change.startswith("machine.")
        else ["--set", change]
    )
    done = book2lora("check", *option)
    assert done.returncode == 1 and told in done.stdout, done.stdout + done.stderr


def test_check_spends_nothing_and_knows_the_power():
    done = book2lora("check", "--set", "generation.questions=100")
    assert done.returncode == 0
    assert (
        "about 57 questions in taught facts, other words will see a gain of 30.8 points"
        in done.stdout
    )
    assert "nothing beyond 5.0 points changed they will hardly show (0%)" in done.stdout
    assert "about 3\u202f000" in done.stdout and "this one adapter" in done.stdout


def test_read_gives_one_line_a_page(tmp_path):
    out = tmp_path / "pages.jsonl"
    assert book2lora("read", ROOT / "books" / "handbook-en.pdf", "--out", out).returncode == 0
    pages = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [page["page"] for page in pages] == list(range(1, len(pages) + 1))
    assert all(
        {"page", "text", "script", "engine", "legibility", "ocr"} <= page.keys() for page in pages
    )


def test_plans_and_the_book_are_found_from_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = book2lora("check", "--set", "reading.last_page=20")
    assert done.returncode == 0, done.stdout + done.stderr


def test_runs_lists_nothing_where_there_is_nothing(tmp_path):
    assert "no studies" in book2lora("runs", RUNS_DIR=str(tmp_path)).stdout


def test_what_is_wrong_with_a_plan_is_told_to_a_persian_in_persian(tmp_path):
    for setting, told in (
        ("finetuning.epochs=many", "ولی باید عدد باشد"),
        ("comparison.primary_mode=guess", "ولی باید یکی از این‌ها باشد: generate"),
        ("comparison.primary_mode=cloze_mean", "در evaluation.modes نیست"),
    ):
        done = book2lora("study", "--set", setting, RUNS_DIR=str(tmp_path), BOOK2LORA_LANG="fa")
        assert done.returncode == 2 and told in done.stderr, done.stderr
