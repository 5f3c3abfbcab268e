"""The writer and `check --ask` before a real llama.cpp server with a real, small model: no crash, every count adds up, what the
server cannot do is said in a sentence that helps."""

import pytest
from support.openai_server.llama_server import start_llama_server
from support.small_study import build_small_plan

from flows.prepare import bind_study_stages
from tasks.engine.readiness.plan_check import check_plan
from tasks.generation.openai.openai_writer import write_items_by_model
from tasks.generation.quotas import Quota
from tasks.generation.response_cache import ResponseCache
from tasks.language.catalogue import load_catalogue
from tasks.schemas.errors import WriterRefused
from tasks.schemas.item_rows import Passage
from tasks.schemas.machine import Machine
from tasks.schemas.plan_sections import GenerationPlan, Prices, ValidationPlan
from tasks.validation.item_checker import ItemChecker

FREE = Prices(input=0, cached_input=0, output=0)
STRUCTURES = ("schema", "json", "text")
MOST_ROUNDS = 3  # where every answer is cut off; what is asked bounds the time
PASSAGES = [
    Passage(id=f"p{page}", chapter="Joints", section=title, heading="", page=page, text=text)
    for page, title, text in (
        (
            1,
            "Gout",
            "Gout begins at night with a sudden, severe pain in the big toe, which is hot, red and"
            " swollen. Uric acid in the blood is high. Colchicine and rest treat an attack.",
        ),
        (
            2,
            "Rheumatoid arthritis",
            "Rheumatoid arthritis affects both hands alike. The joints are stiff in the morning for"
            " more than an hour, swollen and warm. Methotrexate is given first.",
        ),
    )
]


@pytest.fixture(scope="module")
def server():
    with start_llama_server(context=4096, slots=1) as address:
        yield address


@pytest.fixture(autouse=True)
def _to(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))


def write(folder, quota, *, book=None, **choices):
    """(what was written, the checker that judged it) of so many pairs and questions."""
    plan = GenerationPlan(
        **{
            "writer": "gpt",
            "model": "smollm2",
            "prices": FREE,
            "margin": 0,
            "repairs": 0,
            "pairs": quota.pairs,
            "questions": quota.questions,
            **choices,
        }
    )
    checker = ItemChecker(PASSAGES, "en", ValidationPlan(reader={"model": "off"}))
    written = write_items_by_model(
        PASSAGES,
        quota,
        plan,
        "en",
        ledger=ResponseCache(folder, 5.0, FREE),
        accept=checker.check_draft,
        machine_concurrency=16,
        book_path=book,
    )
    return written, checker


def assert_counts_add_up(written, checker, quota):
    usage, drafts = written.usage, written.drafts
    assert usage.requests == len(drafts) == sum(usage.finishes.values()) and usage.sent >= len(
        drafts
    )
    assert sum(usage.kept.values()) == len(checker.kept) <= sum(quota)
    assert sum(usage.rejected.values()) == sum(r.items for r in checker.rejected)
    assert usage.tokens_out == sum(d.tokens_out for d in drafts) > 0
    assert usage.cost_usd == usage.lost == usage.lost_usd == 0
    for kind, wanted in zip(("pair", "question"), quota, strict=True):
        assert usage.wanted[kind] == wanted
        assert usage.ended[kind] == "met" or usage.kept[kind] < wanted


@pytest.mark.timeout(1200)
def test_all_three_structures_of_a_real_server(server, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", server)
    for structure in STRUCTURES:
        quota = Quota(1, int(structure == "schema"))
        done = write(
            tmp_path / structure, quota, structure=structure, per_request=1, max_output_tokens=120
        )
        assert_counts_add_up(*done, quota)
        usage = done[0].usage
        assert usage.sent <= MOST_ROUNDS * sum(quota) and usage.tokens_out <= 120 * usage.sent
        if structure != "text":  # the server's grammar holds the form
            assert {d.raw.lstrip()[:1] for d in done[0].drafts} == {"{"}


@pytest.mark.timeout(1200)
def test_check_tells_what_a_real_server_takes(server, monkeypatch):
    """The README's own path: a plan that shows the PDF."""
    monkeypatch.setenv("OPENAI_BASE_URL", server)
    plan = build_small_plan(
        **{
            "book": "books/handbook-en.pdf",
            "language": "en",
            "reading.last_page": 3,
            "validation.reader": "off",
            "generation": {
                "writer": "gpt",
                "model": "smollm2",
                "show": "pdf",
                "pairs": 2,
                "questions": 2,
                "per_request": 1,
                "shown_characters": 500,
                "max_output_tokens": 120,
            },
        }
    )
    found = check_plan(plan, bind_study_stages(Machine()), ask=True)
    say = load_catalogue("en")
    lines = [f"{line.topic}: {say.format_value(line.told)}" for line in found.lines]
    told = "\n".join(lines)
    assert "has smollm2: yes" in told, told
    assert "strict schema: yes, JSON mode: yes, text: yes" in told, told
    assert "unsupported content[].type" in told and "with --set generation.show=text" in told
    assert any("generation.show=text" in say.format_value(lack) for lack in found.missing)
    assert found.paid > 0  # the plan has prices


def test_pages_that_a_real_server_does_not_take_are_refused_with_the_setting(
    server, tmp_path, monkeypatch
):
    monkeypatch.setenv("OPENAI_BASE_URL", server)
    from support.openai_study import HANDBOOK_DIR

    book = HANDBOOK_DIR.parent / "handbook-en.pdf"
    with pytest.raises(WriterRefused, match=r"Set generation\.show to text"):
        write(tmp_path, Quota(1, 1), show="pdf", book=book)


def test_a_prompt_beyond_a_real_servers_context_is_counted_as_refused(tmp_path, monkeypatch):
    with start_llama_server(context=512, slots=1) as address:
        monkeypatch.setenv("OPENAI_BASE_URL", address)
        written, _ = write(tmp_path, Quota(2, 2), per_request=1, max_output_tokens=60)
    usage = written.usage
    assert usage.kept == {"pair": 0, "question": 0} and usage.finishes == {"error": usage.requests}
    assert usage.faults == {"too long": usage.requests} and usage.sent == usage.requests <= 12
    assert set(usage.ended.values()) == {"refused"}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("structure", STRUCTURES)
def test_ten_pairs_and_ten_questions_of_a_real_server(server, tmp_path, monkeypatch, structure):
    monkeypatch.setenv("OPENAI_BASE_URL", server)
    quota = Quota(10, 10)
    done = write(
        tmp_path, quota, structure=structure, per_request=2, max_output_tokens=700, repairs=1
    )
    assert_counts_add_up(*done, quota)
    assert done[0].usage.sent == done[0].usage.requests  # nothing was thrown away and asked again
