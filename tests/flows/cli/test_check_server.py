"""What `check` learns of the writer's server: for nothing what it tells of itself, for a told price what it can do."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.openai_server.server import start_server
from support.small_study import build_small_plan

from flows.prepare import bind_study_stages
from tasks.engine.readiness.plan_check import check_plan
from tasks.generation.write_chapter import open_response_cache
from tasks.language.catalogue import load_catalogue
from tasks.schemas.machine import Machine


@pytest.fixture
def check(monkeypatch, tmp_path):
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")

    def run(server, ask=False, **changes):
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        plan = build_small_plan(**{"generation.writer": "gpt", "reading.last_page": 3, **changes})
        readiness = check_plan(plan, bind_study_stages(Machine()), ask)
        say = load_catalogue("en")
        lines: dict[str, str] = {}
        for line in readiness.lines:
            before = f"{lines[line.topic]}\n" if line.topic in lines else ""
            lines[line.topic] = before + say.format_value(line.told)
        return lines, readiness, plan

    return run


def test_nothing_is_asked_unless_it_is_wanted_and_the_price_of_asking_is_told(check):
    with start_server() as server:
        lines, readiness, _ = check(server)
    assert not server.entries and readiness.paid == 0
    assert "reachable: yes" in lines["server"] and "has gpt-4o: yes" in lines["server"]
    assert (
        "not known" in lines["structure"]
        and "--ask tries it with three tiny requests, for at most 0.00" in lines["structure"]
    )


@pytest.mark.parametrize(
    ("lacks", "told"),
    [
        ((), "strict schema: yes, JSON mode: yes, text: yes."),
        (
            ("schema",),
            "strict schema: no, JSON mode: yes, text: yes. Set generation.structure to json.",
        ),
        (
            ("schema", "json", "max_tokens"),
            "strict schema: no, JSON mode: no, text: yes. Set generation.structure to text.",
        ),
    ],
)
def test_asking_tells_what_the_server_can_do_below_the_price_that_was_told(check, lacks, told):
    with start_server(lacks=lacks) as server:
        lines, readiness, plan = check(server, ask=True)
    assert lines["structure"].endswith(told)
    assert (
        0
        < server.compute_bill()
        <= open_response_cache(plan.name, plan.generation).budget.get_spent_usd() + 1e-9
        <= readiness.paid + 1e-9
    )


def test_a_server_that_takes_the_wish_and_ignores_it_cannot_do_it(check):
    with start_server(ignores=("schema",)) as server:
        lines, _, _ = check(server, ask=True)
    assert "strict schema: no, JSON mode: yes" in lines["structure"]


def test_a_server_that_costs_nothing_is_asked_at_once(check):
    free = {"generation.prices": {"input": 0, "cached_input": 0, "output": 0}}
    with start_server() as server:
        lines, readiness, _ = check(server, **free)
    assert "strict schema: yes" in lines["structure"] and readiness.paid == 0


def test_a_proxy_that_tells_its_models_parameters_need_not_be_asked(check):
    with start_server(told={"supported_parameters": ["response_format", "temperature"]}) as server:
        lines, _, _ = check(server)
    assert "strict schema: no, JSON mode: yes" in lines["structure"] and not server.entries


def test_a_server_of_ones_own_needs_no_key(check, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with start_server() as server:
        _, readiness, _ = check(server)
    assert readiness.missing == []


def test_a_server_that_does_not_answer_is_missing(check):
    with start_server() as server:
        pass
    _, readiness, _ = check(server)
    (lack,) = readiness.missing
    assert lack.code == "server-away" and server.url.removesuffix("/v1") in lack.values["server"]


def test_the_server_for_trying_out_answers_as_its_command_line_says(check):
    command = [
        sys.executable,
        "tests/support/openai_server/server.py",
        "--models",
        "gpt-4o,other",
        "--remaining",
        "9",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    ) as process:
        try:
            assert process.stdout is not None
            lines, readiness, _ = check(SimpleNamespace(url=process.stdout.readline().strip()))
        finally:
            process.kill()
    assert "reachable: yes; has gpt-4o: yes" in lines["server"] and not readiness.missing


def test_a_model_that_the_server_lacks_is_missing_whether_asked_or_not(check):
    with start_server(models=("other", "gpt-4o-mini")) as server:
        for ask in (False, True):
            _, readiness, _ = check(server, ask=ask)
            (lack,) = readiness.missing
            assert (lack.code, lack.values["has"]) == ("no-such-model", "gpt-4o-mini, other")
            assert readiness.paid == 0


def test_a_list_of_models_that_fails_does_not_end_the_asking(check):
    with start_server(lacks=("list of models",)) as server:
        lines, readiness, _ = check(server, ask=True)
    assert "The server says 500" in lines["server"] and "has gpt-4o: yes" in lines["server"]
    assert "strict schema: yes" in lines["structure"] and not readiness.missing
    assert readiness.paid == pytest.approx(server.compute_bill())


def test_a_refused_key_costs_nothing_and_is_missing(check, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "refused-0123456789")
    with start_server() as server:
        lines, readiness, _ = check(server, ask=True)
    (lack,) = readiness.missing
    assert lack.code == "server-answers-nothing" and lack.values["why"].code == "key-refused"
    assert readiness.paid == 0 and "window" not in lines


def test_one_window_of_the_book_is_asked_for_in_the_plans_form(check):
    with start_server() as server:
        untried, _, _ = check(server)
        lines, readiness, _ = check(server, ask=True)
    assert "up to 4 times" in untried["window"] and "USD" in untried["window"]
    assert "10 could be read, 10 pass the checks" in lines["window"] and not readiness.missing
    assert server.last_body["response_format"]["type"] == "json_schema"
    assert "minItems" in str(server.last_body)


@pytest.mark.parametrize(
    ("orders", "changes", "settings"),
    [
        ({"lacks": ("file",)}, {"generation.show": "pdf"}, "generation.show=text"),
        ({"lacks": ("schema", "json")}, {}, "generation.structure=text"),
        (
            {"lacks": ("file", "json")},
            {"generation.show": "pdf", "generation.structure": "json"},
            "generation.structure=text --set generation.show=text",
        ),
    ],
)
def test_what_the_server_takes_of_the_plan_is_proposed_and_missing(
    check, orders, changes, settings
):
    with start_server(**orders) as server:
        lines, readiness, _ = check(server, ask=True, **changes)
        (lack,) = readiness.missing
        assert lack.values["set"] == f"--set {settings}"
        assert f"with --set {settings}: one real request of this plan for 10" in lines["window"]
        chosen = dict(part.split("=") for part in settings.split(" --set "))
        _, mended, _ = check(server, ask=True, **changes | chosen)
    assert not mended.missing


def test_a_prompt_that_is_cut_is_seen_before_the_study(check):
    with start_server(context=600) as server:
        lines, readiness, _ = check(server, ask=True)
    assert "600 of about" in lines["window"] and "cuts prompts" in lines["window"]
    assert readiness.missing
