"""Money and answers on disk: hard across threads, processes and crashes."""

import asyncio
import json
import multiprocessing

import pytest

from tasks.generation.budget import Budget, TokenUsage, compute_price
from tasks.generation.openai.request_builder import ChatRequest
from tasks.generation.openai.server_identity import OPENAI, identify_server
from tasks.generation.response_cache import ResponseCache, StoredResponse, hash_request, key_of
from tasks.schemas.plan_sections import Prices


def test_prices_by_hand():
    # 1,000 tokens in, 400 of them cached, 200 out: (600 · 2.50 + 400 · 1.25 + 200 · 10) / 10⁶
    assert compute_price(TokenUsage(1000, 400, 200), Prices()) == pytest.approx(0.0040)
    assert compute_price(TokenUsage(1000, 400, 200), Prices(), batch=True) == pytest.approx(0.0020)


def test_what_could_pass_the_cap_is_not_reserved(tmp_path):
    budget = Budget(tmp_path / "c", 1.0)
    first = budget.reserve_usd("a", 0.6)
    assert budget.reserve_usd("b", 0.5) is None
    budget.settle_charges("a", 0.2)
    assert budget.reserve_usd("b", 0.8) and budget.get_spent_usd() == pytest.approx(1.0)
    assert first is not None


def test_a_refusal_frees_and_a_lost_answer_stays_set_aside_for_good(tmp_path):
    budget = Budget(tmp_path / "c", 1.0)
    budget.free_charge(budget.reserve_usd("a", 0.4))
    assert budget.get_spent_usd() == 0
    budget.reserve_usd("a", 0.4)
    budget.mark_lost("a")
    budget.reserve_usd("a", 0.4)
    assert budget.get_spent_usd() == pytest.approx(
        0.8
    )  # the connection may have broken after the server's work
    budget.settle_charges("a", 0.1)
    assert budget.get_spent_usd() == pytest.approx(
        0.5
    )  # a later answer proves nothing about the lost one
    assert budget.get_known_spent_usd() == (pytest.approx(0.1), pytest.approx(0.4))


def test_the_book_of_charges_outlives_a_crash_in_the_middle_of_a_line(tmp_path):
    Budget(tmp_path / "c", 1.0).reserve_usd("a", 0.25)
    with (tmp_path / "c").open("ab") as book:
        book.write(b'{"reserve": "x", "request": "b", "us')
    budget = Budget(tmp_path / "c", 1.0)
    assert budget.get_spent_usd() == pytest.approx(0.25)
    budget.settle_charges("a", 0.05)
    assert Budget(tmp_path / "c", 1.0).get_spent_usd() == pytest.approx(0.05)


def spend(file):
    budget = Budget(file, 1.0)
    return sum(budget.reserve_usd(f"{n}", 0.01) is not None for n in range(60))


def test_four_processes_together_never_pass_the_cap(tmp_path):
    with multiprocessing.get_context("fork").Pool(4) as pool:
        granted = pool.map(spend, [tmp_path / "c"] * 4)
    assert sum(granted) == 100  # 100 · 1 cent
    assert Budget(tmp_path / "c", 1.0).get_spent_usd() == pytest.approx(1.0)


def test_the_bound_on_input_tokens_tightens_with_experience_only(tmp_path):
    budget = Budget(tmp_path / "c", 1.0)
    for share in (0.1, 0.2, 0.15, 0.1):
        budget.learn_token_share(share, "m")
    assert budget.get_token_share("m") == 1.0
    budget.learn_token_share(0.1, "m")
    assert budget.get_token_share("m") == pytest.approx(0.25)  # 1.25 · 0.2
    assert budget.get_token_share("another") == 1.0
    assert Budget(tmp_path / "c", 1.0).get_spent_usd() == 0


def test_what_one_script_taught_is_no_bound_for_another():
    def sort(text, model="m"):
        return ChatRequest(
            {"model": model, "messages": [{"role": "user", "content": text}]},
            "k",
            TokenUsage(1, 0, 1),
        ).script_profile

    persian, english, chinese, figures = (
        "تب و لرز " * 50,
        "fever and chills " * 50,
        "发热和寒战" * 50,
        "12.5 38.9 | 140/90 " * 50,
    )
    assert (
        len({sort(persian), sort(english), sort(chinese), sort(figures), sort(persian, "another")})
        == 5
    )
    assert sort(persian) == sort(persian * 3) == sort(persian + "JSON")


def ledger(folder):
    return ResponseCache(folder, 1.0, Prices())


def response(key="ab12", body="{}"):
    return StoredResponse(key, "stop", TokenUsage(10, 0, 5), 0.01, body)


def test_an_answer_comes_back_as_it_was_and_a_half_written_one_not_at_all(tmp_path):
    one = ledger(tmp_path)
    body = '{"x": "پرفشاری\\n خون\u200c"}\r\n'
    one.save_response(response(body=body))
    (file,) = tmp_path.glob("responses/*/*.json")
    assert ledger(tmp_path).find_response("ab12")._replace(id="") == response(body=body)
    file.write_text(file.read_text("utf-8")[:20], "utf-8")
    assert one.find_response("ab12") is None and one.find_response("other") is None


def test_another_study_has_an_answer_of_the_same_server_for_nothing(tmp_path):
    here, there = (
        key_of({"a": 1}, identify_server(address)) for address in ("https://a/v1", "https://b/v1")
    )
    ResponseCache(tmp_path / "first", 1.0, Prices(), "https://a/v1").save_response(response(here))
    second = ResponseCache(tmp_path / "second", 1.0, Prices())
    found = second.find_response(here)
    assert (
        found is not None
        and (found.body, found.cost_usd) == ("{}", 0.0)
        and second.budget.get_spent_usd() == 0
    )
    assert (
        second.find_response(there) is None
        and ResponseCache(tmp_path / "first", 1.0, Prices()).find_response(there) is None
    )


def keep_as_earlier_versions(folder, server):
    """An answer under the hash of its body alone, with the server in words or without."""
    one = ResponseCache(folder, 1.0, Prices(), server)
    one.save_response(response(hash_request({"a": 1})))
    return one


@pytest.mark.parametrize("told", ["https://a/v1", "https://…@A:443/v1/"])
def test_an_earlier_versions_answer_is_used_where_it_tells_the_same_server_and_nowhere_else(
    tmp_path, told
):
    keep_as_earlier_versions(tmp_path / "first", told)
    here, there = (
        key_of({"a": 1}, identify_server(address)) for address in ("https://a", "https://b")
    )
    for study, usd in (("first", 0.01), ("second", 0.0)):
        one = ResponseCache(tmp_path / study, 1.0, Prices())
        assert one.find_response(here).cost_usd == usd and one.find_response(there) is None


def test_an_earlier_versions_answer_that_tells_no_server_is_counted_as_spent_and_never_used(
    tmp_path,
):
    keep_as_earlier_versions(tmp_path / "first", "")
    one = ResponseCache(tmp_path / "first", 1.0, Prices())
    assert one.find_response(key_of({"a": 1}, identify_server(OPENAI))) is None
    assert one.budget.get_spent_usd() == pytest.approx(0.01)


@pytest.mark.parametrize("loss", ["deleted", "emptied", "half"])
def test_kept_answers_are_spent_whatever_became_of_the_book_of_charges(tmp_path, loss):
    one = ledger(tmp_path)
    for n in range(10):
        one.budget.reserve_usd(f"k{n}", 0.05)
        one.save_response(response(f"k{n}")._replace(cost_usd=0.03))
    book = tmp_path / "charges.jsonl"
    lines = book.read_text().splitlines(True)
    book.unlink() if loss == "deleted" else book.write_text(
        "".join(lines[: len(lines) // 2 if loss == "half" else 0])
    )
    assert ledger(tmp_path).budget.get_spent_usd() == pytest.approx(0.3)
    assert ledger(tmp_path).budget.get_spent_usd() == pytest.approx(0.3)  # entered once
    assert ledger(tmp_path).budget.reserve_usd("more", 0.71) is None


def test_an_answer_that_two_processes_enter_counts_once_and_one_that_was_paid_again_twice(tmp_path):
    one, other = ledger(tmp_path), ledger(tmp_path)
    one.save_response(response())
    other._settle_answered()
    kept = one.find_own_response("ab12")
    other.budget.settle_charges("ab12", 0.01, kept.id)
    assert one.budget.get_spent_usd() == other.budget.get_spent_usd() == pytest.approx(0.01)
    next(tmp_path.glob("responses/*/*.json")).unlink()  # taken by a power cut
    other.save_response(response())
    assert one.budget.get_spent_usd() == pytest.approx(0.02)


def test_a_book_of_an_earlier_version_keeps_its_sums(tmp_path):
    lines = [
        {"reserve": "1", "request": "a", "usd": 0.4},
        {"lost": "1"},
        {"reserve": "2", "request": "a", "usd": 0.4},
        {"settle": "1", "usd": 0.1},
        {"settle": "2", "usd": 0.1},
        {"reserve": "3", "request": "b", "usd": 0.2},
    ]
    (tmp_path / "c").write_text("".join(json.dumps(line) + "\n" for line in lines))
    budget = Budget(tmp_path / "c", 1.0)
    assert (
        budget.get_spent_usd() == pytest.approx(0.4)
        and budget.list_lost_usd(["a"]) == [0.1]
        and budget.knows() == {"a"}
    )


def test_what_one_study_lost_is_not_settled_by_anothers_answer(tmp_path):
    ResponseCache(tmp_path / "first", 1.0, Prices(), "https://a/v1").save_response(response())
    ResponseCache(tmp_path / "second", 1.0, Prices(), "https://a/v1").budget.reserve_usd(
        "ab12", 0.5
    )
    assert ResponseCache(
        tmp_path / "second", 1.0, Prices(), "https://a/v1"
    ).budget.get_spent_usd() == pytest.approx(0.5)


def test_an_answer_stored_just_before_a_crash_is_settled_at_the_next_start(tmp_path):
    one = ledger(tmp_path)
    one.budget.reserve_usd("ab12", 0.5)
    one.save_response(response())
    lines = (tmp_path / "charges.jsonl").read_text().splitlines()
    assert "answer" in lines.pop()
    (tmp_path / "charges.jsonl").write_text("\n".join(lines) + "\n")
    assert ledger(tmp_path).budget.get_spent_usd() == pytest.approx(0.01)


def test_only_one_at_a_time_asks_and_a_crash_leaves_no_lock(tmp_path):
    order = []

    async def ask(name, own):
        async with own.lock_request("key"):
            assert own.is_under_way("key")
            order.append(f"{name} in")
            await asyncio.sleep(0.12)
            order.append(f"{name} out")

    async def both():
        await asyncio.gather(ask("a", ledger(tmp_path)), ask("b", ledger(tmp_path)))

    (tmp_path / "under-way").mkdir(parents=True)
    (tmp_path / "under-way" / "key").touch()  # left by a crash
    asyncio.run(both())
    assert [word.split()[1] for word in order] == ["in", "out", "in", "out"]
    assert not ledger(tmp_path).is_under_way("key") and not list((tmp_path / "under-way").iterdir())


def test_the_hash_knows_content_and_not_the_order_of_fields():
    assert hash_request({"a": 1, "b": "ی"}) == hash_request(json.loads('{"b": "ی", "a": 1}'))
    assert hash_request({"a": 1}) != hash_request({"a": 2})
