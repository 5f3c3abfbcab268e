"""The last lines of a command: what it cost, and a command that can be pasted where it was run."""

import json
import subprocess
import sys
from pathlib import Path
from shlex import quote, split

import pytest
from support.study_folders import VERDICT, write_study

from flows.cli import summary
from tasks.language.catalogue import load_catalogue

ROOT = Path(__file__).parents[3]
EN = load_catalogue("en")
WRITING = {
    "requests": 66,
    "tokens_in": 81_000,
    "tokens_cached": 1_000,
    "tokens_out": 20_500,
    "cost_usd": 3.187,
    "lost_usd": 0.0,
    "servers": [],
}


def read_cost(lost: float = 0.0, writer: str = "gpt") -> list[str]:
    study = {
        "plan": {"generation": {"writer": writer}},
        "writing": WRITING | {"lost_usd": lost},
    }
    return list(summary.explain_cost(study, EN))


def test_what_answers_cost_and_what_may_have_been_charged_are_two_figures():
    (line,) = read_cost()
    assert line == (
        "cost: 66 responses, 81\u202f000 tokens in (1\u202f000 of them cached), 20\u202f500 tokens out:"
        " 3.19 US dollars."
    )
    (line,) = read_cost(lost=0.54)
    assert "out: 3.19 US dollars. 0.54 US dollars more may have been charged" in line
    assert "3.73" not in line, "the two are not added up"


def test_rules_cost_nothing_and_a_folder_of_0_1_says_nothing():
    assert read_cost(writer="rules") == []
    assert list(summary.explain_cost({"plan": {"generation": {"writer": "gpt"}}}, EN)) == []


@pytest.mark.parametrize("way", ["path", "relative", "absolute", "module", "link"])
def test_the_command_that_is_told_runs_where_it_is_pasted(way, tmp_path):
    """In a folder with a space, called in each way in which people call it."""
    home = tmp_path / "my tools"
    home.mkdir()
    script = home / "book2lora"
    script.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from flows.cli.summary import get_own_command\nprint(get_own_command())\n"
    )
    script.chmod(0o755)
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    if way == "link":
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "book2lora").symlink_to(script)
        environment["PATH"] += f":{tmp_path / 'bin'}"
    if way == "path":
        environment["PATH"] += f":{home}"
    code = "from flows.cli.summary import get_own_command; print(get_own_command())"
    called = {
        "path": ["book2lora"],
        "link": ["book2lora"],
        "relative": ["my tools/book2lora"],
        "absolute": [str(script)],
        "module": [sys.executable, "-c", code],
    }[way]
    cwd = ROOT if way == "module" else tmp_path
    done = subprocess.run(
        ["/usr/bin/env", *called],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    told = done.stdout.strip()
    wanted = {"path": "book2lora", "link": "book2lora", "relative": "'my tools/book2lora'"}
    assert told == wanted.get(way, told)
    if way == "module":
        pasted = subprocess.run(
            [*split(told), "--version"], cwd=cwd, env=environment, check=False, capture_output=True
        )
        assert pasted.returncode == 0
    else:
        again = subprocess.run(
            told, shell=True, cwd=cwd, env=environment, capture_output=True, text=True, check=True
        )
        assert again.stdout.strip() == told


def test_the_command_that_is_told_names_the_store_that_the_environment_names(monkeypatch, tmp_path):
    """Pasted into a shell that does not know RUNS_DIR it must not begin another store."""
    own = tmp_path / "my runs; it's here"
    monkeypatch.setenv("RUNS_DIR", str(own))
    code = "from tasks.store.paths import get_runs_dir; print(get_runs_dir(), end='')"
    told = summary.get_own_command()
    pasted = f"{told.partition(' ' + summary._get_own_name())[0]} {quote(sys.executable)} -c {quote(code)}"
    done = subprocess.run(
        pasted,
        shell=True,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == str(own)
    monkeypatch.delenv("RUNS_DIR")
    assert "RUNS_DIR" not in summary.get_own_command()


def test_the_next_command_names_the_plan_where_the_study_lies_now(runs, tmp_path):
    folder = write_study("laptop", {1: True})
    moved = tmp_path / "moved away"
    (folder / "next-plan.yaml").write_text("name: next")
    folder.rename(moved)
    told = summary.build_next_command(moved, f"book2lora study {folder / 'next-plan.yaml'}")
    assert split(told)[-2:] == ["study", str(moved / "next-plan.yaml")]
    assert summary.build_next_command(folder, "book2lora study x").endswith(" study x")


def test_the_number_and_what_differs_stand_beside_the_report(runs):
    write_study("laptop", {1: True})
    folder = write_study("laptop", {1: True}, **{"finetuning.seed": 3})
    told = VERDICT | {"causes": [], "limits": None}
    (folder / "verdict.json").write_text(json.dumps(told))
    study = json.loads((folder / "study.json").read_text()) | {
        "short": [],
        "next_command": None,
        "language": "en",
    }
    (folder / "study.json").write_text(json.dumps(study))
    assert list(summary.summarize_study(folder)) == [
        "IMPROVED: base 25.0% → tuned 50.0% (same_fact, cloze, n = 100, +30 −5, p = 0.001)",
        "laptop-2: its plan differs from that of laptop in finetuning.seed 0 → 3",
        f"report: {folder / 'index.html'}",
    ]
