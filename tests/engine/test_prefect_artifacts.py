"""What a run shows on the dashboard: tables of what it did; where it failed, cause and remedy, and never a secret."""

import pytest
from support.small_study import build_small_plan

from tasks.engine.orchestration.prefect_artifacts import format_failure
from tasks.engine.orchestration.prefect_markdown import render_for_dashboard
from tasks.language.direction_block import unwrap_direction, wrap_direction
from tasks.reporting.labels import load_labels
from tasks.reporting.markdown import markdown_tables
from tasks.schemas.errors import BudgetSpent, NothingLeft, PlanError, StoreError, WriterRefused
from tasks.schemas.item_rows import WriterUsage
from tasks.schemas.result_rows import TrainingStep
from tasks.store.redaction import redact_error, redact_secrets

SECRET = "sk-test-0123456789abcdef"


@pytest.fixture
def secret(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)


def test_a_secret_is_taken_out_of_an_error_and_of_its_cause(secret):
    cause = RuntimeError(f"401 for key {SECRET}")
    error = WriterRefused(f"refused: {SECRET}")
    error.__cause__ = cause
    redact_error(error)
    assert str(error) == "refused: $OPENAI_API_KEY"
    assert str(cause) == "401 for key $OPENAI_API_KEY"


def test_ordinary_words_are_left_alone(monkeypatch):
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    assert redact_secrets("it is false") == "it is false"


def test_a_failure_is_told_with_its_remedy(monkeypatch):
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    told = format_failure(
        NothingLeft("0 of 48 drafts survived: 41 grounding.\nIs the PDF's text reversed?")
    )
    assert told.startswith(
        "# Nothing is left to go on with\n\n> 0 of 48 drafts survived: 41 grounding.\n> Is the PDF's text reversed?"
    )


@pytest.mark.parametrize(
    ("error", "offered"),
    [
        (BudgetSpent("the next request would cost too much"), "change the plan and start another"),
        (NothingLeft("0 of 48 drafts survived"), "change the plan and start another"),
        (PlanError("OPENAI_API_KEY is not set"), "Where this machine lacks something"),
        (WriterRefused("the key was refused"), "Then **Retry** this run"),
        (StoreError("no space left on device"), "Then **Retry** this run"),
    ],
)
def test_retry_is_offered_only_where_it_can_help(error, offered, monkeypatch):
    monkeypatch.setenv("BOOK2LORA_LANG", "en")
    assert offered in format_failure(error)
    assert ("Then **Retry**" in format_failure(error)) == offered.startswith("Then")


def test_what_an_error_quotes_is_text_on_the_dashboard():
    told = format_failure(
        NothingLeft(
            "the book says ![x](http://elsewhere/x.png) and <img src=http://elsewhere/y.png>"
        )
    )
    assert "!\\[x](http" in told and "&lt;img" in told


def test_a_login_in_an_address_is_taken_out_wherever_it_stands(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://me:p%40ss-word-1@host:8000/v1")
    assert (
        redact_secrets("timeout: http://me:p%40ss-word-1@host:8000/v1/models")
        == "timeout: http://…@host:8000/v1/models"
    )
    assert redact_secrets("login p@ss-word-1 refused") == "login $OPENAI_BASE_URL refused"
    assert (
        redact_secrets("GET https://host/v1?api_key=abcdef&n=1")
        == "GET https://host/v1?api_key=…&n=1"
    )
    assert (
        redact_secrets("someone@example.org asked http://host/a@b")
        == "someone@example.org asked http://host/a@b"
    )


def test_secrets_are_taken_out_of_all_that_led_to_an_error_and_of_what_is_no_text(secret):
    first, second = ValueError({"key": SECRET}), KeyError(SECRET)
    first.add_note(f"with {SECRET}")
    second.__context__ = first
    group = ExceptionGroup("both", [second])
    redact_error(group)
    import traceback

    assert SECRET not in "".join(traceback.format_exception(group))


def test_a_persian_table_runs_from_right_to_left_with_its_own_digits():
    told = markdown_tables.format_loss_section(
        [
            TrainingStep(step=1, epoch=0.5, loss=2.5),
            TrainingStep(step=2, epoch=1, loss=2.0, split="held_out"),
        ],
        "fa",
    )
    assert '<div dir="rtl" lang="fa">\n\n' in told
    assert "۲٫۵" in told


def test_a_long_log_is_thinned_out_to_a_page_and_ends_with_its_last_value():
    told = markdown_tables.format_loss_section(
        [TrainingStep(step=n, epoch=n / 100, loss=n / 10) for n in range(1, 1001)], "en"
    )
    lines = [line for line in told.splitlines() if line.startswith("|")][2:]
    assert len(lines) <= markdown_tables.MAX_LOSS_LINES
    told = markdown_tables.format_loss_section(
        [TrainingStep(step=n, epoch=1, loss=1.0, split="held_out") for n in (3, 6)], "en"
    )
    assert told.count("held-out") == 2


def test_the_cost_adds_up():
    accounts = [
        WriterUsage(
            chapter=f"c{n}",
            wanted={},
            kept={},
            rejected={},
            refused={},
            ended={},
            rounds=1,
            requests=n,
            sent=n,
            finishes={},
            cost_usd=0.01 * n,
            lost_usd=0.025 * (n - 1),
        )
        for n in (1, 2)
    ]
    assert (
        markdown_tables.format_cost_table(accounts, "en").splitlines()[-3]
        == "| **Σ** | 3 | 0 | 0 | 0.0300 | 0.0250 |"
    )


def test_right_to_left_is_one_block_of_html_and_html_inside_stays_text():
    """A blank line would end the block, and with it the direction."""
    told = render_for_dashboard(
        '<div dir="rtl" lang="fa">\n\n# رأی\n\n| a |\n|---|\n| x &lt;b&gt; |\n\n<script>alert(1)</script>\n\n</div>\n'
    )
    assert told.startswith('<div dir="rtl" lang="fa">\n') and "\n\n" not in told
    assert "<strong>رأی</strong>" in told and "<td>x &lt;b&gt;</td>" in told
    assert "<script>" not in told


def test_a_block_is_taken_apart_as_it_was_put_together():
    body = "# رأی\n\n<div>\n\nx\n\n</div>"
    for language, direction in (("fa", "rtl"), ("en", "ltr")):
        block = unwrap_direction(wrap_direction(body, load_labels(language)))
        assert block == (direction, language, body)
    assert unwrap_direction(body) is None


def test_left_to_right_stays_markdown():
    assert (
        render_for_dashboard('<div dir="ltr" lang="en">\n\n# Verdict\n\ntext\n\n</div>\n')
        == "# Verdict\n\ntext\n"
    )


def artifacts():
    from prefect import get_client

    with get_client(sync_client=True) as client:
        return client.read_artifacts(limit=200)


def runs(name):
    from prefect import get_client
    from prefect.client.schemas.filters import FlowFilter

    with get_client(sync_client=True) as client:
        return client.read_flow_runs(
            flow_filter=FlowFilter.model_validate({"name": {"any_": [name]}}),
            sort="START_TIME_DESC",
        )


def test_a_study_shows_funnel_loss_verdict_and_report_and_is_tagged(rerun):
    rerun()
    study = runs("study")[0]
    assert {"small", "books/handbook.pdf"} <= set(study.tags)
    assert study.name == "small · books/handbook.pdf · tiny"
    shown = {artifact.key: artifact.data for artifact in artifacts()}
    assert {"funnel", "loss", "verdict", "report"} <= shown.keys()
    assert all('dir="rtl"' in shown[key] for key in ("funnel", "loss", "verdict", "report"))


def test_a_failed_runs_page_tells_cause_and_remedy(rerun, monkeypatch, secret):
    from tasks.generation.rules import rule_writer

    def refused(*anything):
        raise WriterRefused(f"the server refused the key {SECRET}; check OPENAI_API_KEY")

    monkeypatch.setattr(rule_writer, "write_items_by_rules", refused)
    with pytest.raises(WriterRefused):
        rerun(build_small_plan(**{"generation.seed": 77}))
    study = runs("study")[0]
    assert study.state.is_failed()
    assert "check OPENAI_API_KEY" in study.state.message
    told = [
        artifact
        for artifact in artifacts()
        if artifact.key == "failure" and artifact.flow_run_id == study.id
    ]
    assert "check OPENAI_API_KEY" in told[0].data
    assert SECRET not in study.state.message + told[0].data
