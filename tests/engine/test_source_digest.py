"""Change a character anywhere in the code or its data: the stages whose results depend on it are done again, and no others."""

import shutil

import pytest

from tasks import prompts, stages
from tasks.engine import source_digest
from tasks.engine.stage import Stage
from tasks.schemas.plan_sections import EvaluationPlan, FinetuningPlan

STAGES = {name: stage for name, stage in vars(stages).items() if isinstance(stage, Stage)}
PACKAGE = source_digest.PACKAGE


@pytest.fixture(scope="module")
def before():
    """The digests of the package as it is."""
    return digests()


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The digests are taken over a copy of the package."""
    copy = shutil.copytree(
        PACKAGE, tmp_path / "tasks", ignore=shutil.ignore_patterns("__pycache__")
    )
    monkeypatch.setattr(source_digest, "PACKAGE", copy)
    forget()
    yield copy
    forget()


def forget() -> None:
    for cached in (
        source_digest._imports,
        source_digest._data_files,
        source_digest._pack_files,
        source_digest._content_digest,
    ):
        cached.cache_clear()


def digests() -> dict[str, str]:
    forget()
    return {name: type(stage).code_digest.func(stage) for name, stage in STAGES.items()}


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("reporting/templates/page.html", {"write_report", "write_sweep"}),
        ("language/packs/fa/report.yaml", {"write_report", "write_sweep"}),
        ("language/packs/en/messages.yaml", {"write_report", "write_sweep"}),
        ("language/packs/fa/findings.yaml", {"write_report", "write_sweep"}),
        ("language/packs/fa/terminal.yaml", set()),
        ("language/packs/en/rules.yaml", {"generate_drafts"}),
        ("language/packs/fa/gate.yaml", {"generate_drafts", "validate_drafts"}),
        ("language/packs/others/columns.yaml", {"generate_drafts", "validate_drafts"}),
        ("language/packs/en/general.txt", {"probe_tuning"}),
        ("language/packs/fa/everyday.yaml", {"ask_everyday_questions", "measure_effects"}),
        ("evaluation/effects/calibration.py", {"measure_effects"}),
        ("evaluation/effects/aided_questions.py", {"ask_with_aid"}),
        ("language/packs/fa/instructions.yaml", set()),
        ("diagnosis/rules/tuning_rules.py", {"diagnose_tuning"}),
        ("reading/layout/bidi.py", {"read_book"}),
        ("validation/checks/flaws.py", {"generate_drafts", "validate_drafts"}),
        ("validation/checks/leakage.py", {"validate_drafts"}),
        ("models/tiny_llama.py", {"prepare_base"}),
        ("evaluation/answer_extraction.py", {"evaluate_model"}),
        (
            "evaluation/statistics/sign_flip.py",
            {"compare_answers", "compare_setting", "halve_questions", "measure_effects"}
            | {"measure_questions", "write_report"},
        ),
        ("generation/rules/question_makers.py", {"generate_drafts"}),
        ("generation/openai/request_runner.py", set()),
        ("store/paths.py", set()),
        ("engine/stage.py", set()),
    ],
)
def test_a_changed_character_redoes_what_depends_on_it_and_nothing_else(
    before, copied, file, expected
):
    with (copied / file).open("ab") as text:
        text.write(b"\n# \n")
    after = digests()
    changed = {name for name in STAGES if before[name] != after[name]}
    assert expected <= changed
    extra = changed - expected
    assert not extra, f"{file} changes {sorted(extra)}, too"


def test_a_changed_prompt_is_part_of_the_keys_of_what_shows_it_to_a_model(monkeypatch):
    def content(name, plan, language="fa"):
        return STAGES[name]._content({"plan": plan, "language": language})

    before = (
        content("evaluate_model", EvaluationPlan()),
        content("finetune_adapter", FinetuningPlan()),
    )
    prompt = prompts.PROMPT_TEMPLATES["fa"]
    monkeypatch.setitem(prompts.PROMPT_TEMPLATES, "fa", prompt._replace(reply="پاسخ :"))
    assert content("evaluate_model", EvaluationPlan()) != before[0]
    assert content("finetune_adapter", FinetuningPlan()) == before[1], (
        "a tuning on pairs alone shows no question"
    )
    assert content("finetune_adapter", FinetuningPlan(exam_share=0.5)) != content(
        "finetune_adapter", FinetuningPlan()
    )
    monkeypatch.setitem(
        prompts.PROMPT_TEMPLATES, "fa", prompt._replace(pair="{symptom}: {diagnosis}")
    )
    assert content("finetune_adapter", FinetuningPlan()) != before[1]
    assert content("evaluate_model", EvaluationPlan(), "en") == content(
        "evaluate_model", EvaluationPlan(), "en"
    )


def test_modules_that_are_run_as_processes_count_too():
    assert "tasks.reading.sandbox.page_worker" in source_digest.reachable_modules(
        {"tasks.reading.pdf"}
    )
