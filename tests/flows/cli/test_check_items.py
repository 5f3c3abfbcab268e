"""`check` counts what a book and a person's files really give, by the stages of the study that follows."""

import pytest
from support.small_study import build_small_plan, watch_stages

from flows.prepare import bind_study_stages
from tasks.engine.readiness.plan_check import check_plan
from tasks.language.catalogue import load_catalogue
from tasks.schemas.machine import Machine

QUESTIONS = """question,a,b,c,d,answer
Which drug lowers fever in children?,Paracetamol,Insulin,Digoxin,Heparin,1
Which organ makes the hormone insulin?,Liver,Pancreas,Spleen,Heart,2
"""
PAIRS = """symptom,diagnosis
A child with fever and a barking cough at night,croup
A man with chest pain that spreads to the left arm,myocardial infarction
A woman with weight loss and a fast pulse and tremor,hyperthyroidism
"""
ENGLISH = {"language": "en", "book": "books/handbook-en.pdf"}


@pytest.fixture
def check(runs, monkeypatch):
    def run(**changes):
        plan = build_small_plan(**{"reading.last_page": 12, **changes})
        told = check_plan(plan, bind_study_stages(Machine()))
        say = load_catalogue("en")
        lines: dict[str, str] = {}
        for line in told.lines:
            lines[line.topic] = lines.get(line.topic, "") + say.format_value(line.told)
        return lines, [say.format_value(lack) for lack in told.missing]

    return run


def count_by_hand(**changes):
    plan = build_small_plan(**{"reading.last_page": 12, **changes})
    return bind_study_stages(Machine()).prepare(plan).splits


def test_the_counts_are_those_that_the_study_will_have_and_its_stages_are_kept_for_it(
    check, monkeypatch
):
    lines, missing = check()
    ran = watch_stages(monkeypatch)
    splits = count_by_hand()
    assert {how for _, how in ran} == {"cached"}, "the study would read or write again"
    sitting, pairs = splits.sitting, splits.pairs.count + splits.held_out.count
    assert missing == [] and pairs >= 20
    assert f"{pairs} training pairs" in lines["items"] or f"{pairs} of 40" in lines["items"]
    assert lines["sets"].startswith(f"{splits.held_out.count} of the pairs held out; questions: ")
    for counted in (
        f"{sitting.same_fact.count} on taught",
        f"{sitting.new_fact.count} on untaught",
        f"{sitting.train.count} more made",
    ):
        assert counted in lines["sets"]
    assert f"{-(-splits.pairs.count // 16)} updates" in lines["tuning"]  # one epoch
    assert lines["power"].startswith(f"about {sitting.same_fact.count} questions in taught facts")


def test_a_book_that_gives_fewer_says_how_many_and_that_a_larger_number_brings_no_more(check):
    lines, missing = check(**{"generation.pairs": 2000})
    splits = count_by_hand(**{"generation.pairs": 2000})
    had = splits.count_items()[0]
    came = next(step.came for step in splits.funnel.load_rows() if step.kind == "pair")
    assert had <= came < 2000 and missing == []
    assert f"{had} of 2\u202f000 training pairs" in lines["items"]
    fewer = lines["fewer"].replace("\u202f", "")
    assert f"training pairs: {2000 - had} fewer than wanted; the rules find no more than" in fewer
    assert f"no more than {came} in the text" in fewer
    assert "A larger number brings no more" in lines["fewer"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"book": "books/handbook-en.pdf"}, "reads like English"),
        ({"language": "en"}, "reads like Persian"),
    ],
)
def test_a_book_in_another_language_than_the_plans_is_told_and_nothing_is_promised(
    check, changes, told
):
    lines, missing = check(**changes)
    assert told in lines["language"] and "--set language=" in lines["language"]
    assert "sets" not in lines and "power" not in lines and "? updates" in lines["tuning"]
    assert len(missing) == 1 and "not one of the training pairs was written" in missing[0]


def test_a_book_in_the_plans_language_is_not_doubted(check):
    for changes in ({}, ENGLISH):
        lines, _ = check(**changes)
        assert "language" not in lines and "reading" not in lines


@pytest.mark.parametrize("writer", ["rules", "gpt"])
def test_own_files_pass_the_door_and_the_gate_of_the_study_and_need_no_server(
    check, tmp_path, monkeypatch, writer
):
    (tmp_path / "q.csv").write_text(QUESTIONS)
    (tmp_path / "p.csv").write_text(PAIRS)
    own = {
        "generation.writer": writer,
        "generation.pairs": str(tmp_path / "p.csv"),
        "generation.questions": str(tmp_path / "q.csv"),
        "validation.train_questions": 0,
    }
    lines, missing = check(**ENGLISH, **own)
    assert lines["own questions"] == "rows: 2, read as questions: 2"
    assert lines["items"].startswith("3 training pairs, 2 questions, counted")
    assert "0 on taught facts, 2 on untaught" in lines["sets"]
    assert [lack for lack in missing if "primary set same_fact has no questions" in lack] == missing
    assert missing, "the study would say so after its tuning"
    _, missing = check(**ENGLISH, **own, **{"comparison.primary_set": "new_fact"})
    assert missing == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"language": "ffa"}, "'ffa' is no language code"),
        ({"language": "fa-IR"}, "'fa-IR' is no language code"),
        (
            {"finetuning.target_modules": "q_proj,query"},
            "it has none named query, only q_proj, k_proj",
        ),
        ({"finetuning.target_modules": ".*nothing"}, "does not fit this model"),
    ],
)
def test_what_a_run_would_refuse_midway_is_missing(check, changes, told):
    _, missing = check(**changes)
    assert any(told in lack for lack in missing), missing


def test_names_without_brackets_and_yamls_off_are_understood():
    plan = build_small_plan(
        **{
            "finetuning.target_modules": "q_proj, v_proj",
            "evaluation.chat": False,
            "validation.grounding": False,
        }
    )
    assert plan.finetuning.target_modules == ("q_proj", "v_proj")
    assert (plan.evaluation.chat, plan.validation.grounding) == ("off", "off")
    assert build_small_plan().finetuning.target_modules == "all-linear"
    one = build_small_plan(**{"finetuning.target_modules": "q_proj"})
    assert one.finetuning.target_modules == ("q_proj",)
    pattern = build_small_plan(**{"finetuning.target_modules": r".*\.q_proj"})
    assert pattern.finetuning.target_modules == r".*\.q_proj"
