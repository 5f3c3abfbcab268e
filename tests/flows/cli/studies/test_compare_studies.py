"""`book2lora compare A B` pairs two studies on the questions that both were asked, and claims nothing more."""

import json
import shutil

import pytest
from support.command_call import call_command
from support.study_folders import write_study

from flows.cli.studies.compare_studies import compare_answered_studies, load_answered_study


def tell(*arguments: str):
    return call_command("compare", *arguments, BOOK2LORA_LANG="en")


@pytest.fixture
def pair(runs):
    """20 and 18 questions, 14 of them shared, with their options turned in the second."""
    first = write_study("laptop", {n: n % 2 == 0 for n in range(20)})
    second = write_study(
        "laptop", {n: n % 4 != 1 for n in range(6, 24)}, 1, **{"finetuning.seed": 1}
    )
    return first, second


def test_shared_questions_facts_rates_and_test_are_told_and_that_it_is_exploratory(pair):
    told = json.loads(tell("laptop", "laptop-2", "--json").stdout)
    shared = range(6, 20)
    rates = [sum(n % 2 == 0 for n in shared) / 14, sum(n % 4 != 1 for n in shared) / 14]
    gained = sum(n % 2 != 0 and n % 4 != 1 for n in shared)
    assert (told["shared"], told["facts"], told["asked"]) == (14, 7, [20, 18])
    assert told["rates"] == pytest.approx(rates) and (told["gained"], told["lost"]) == (gained, 0)
    assert told["changed"] == gained, "turned options are the same options"
    assert told["p_value"] == pytest.approx(2 / 2**gained)
    assert told["difference"]["value"] == pytest.approx(rates[1] - rates[0])
    assert told["exploratory"] is True and told["differences"] == {"finetuning.seed": [0, 1]}
    lines = tell("laptop", "laptop-2").stdout.splitlines()
    assert lines[0] == "plans, laptop → laptop-2: finetuning.seed 0 → 1"
    assert lines[1].startswith("14 questions on 7 facts were asked in both (of 20 and 18;")
    assert f"{gained} gained, 0 lost" in lines[2] and "50.0% right" in lines[2]
    assert lines[-1].startswith("Exploratory")


def test_the_other_way_round_gains_are_losses(pair):
    there, here = (load_answered_study(folder) for folder in pair)
    one, two = compare_answered_studies(there, here), compare_answered_studies(here, there)
    assert (one.result.gained, one.result.lost) == (two.result.lost, two.result.gained)
    assert one.result.p_value == two.result.p_value


def test_folders_are_compared_wherever_they_lie_and_without_facts_it_says_so(pair, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(pair[0], moved)
    shutil.rmtree(moved / "dataset")
    done = tell(str(moved), "laptop-2")
    assert done.returncode == 0 and "does not tell the facts" in done.stdout
    assert "14 questions on" in done.stdout


def test_what_cannot_be_paired_is_refused_with_the_reason(pair, runs):
    write_study("far", dict.fromkeys(range(100, 104), True))
    done = tell("laptop", "far")
    assert done.returncode == 2 and "share no question" in done.stderr
    write_study("digits", {1: True}, **{"comparison.primary_mode": "digits"})
    done = tell("laptop", "digits")
    assert done.returncode == 2 and "cloze, of the other digits" in done.stderr
    (pair[1] / "answers-tuned.json").write_text("[")
    done = tell("laptop", "laptop-2")
    assert done.returncode == 1 and "holds no answers that can be compared" in done.stderr
