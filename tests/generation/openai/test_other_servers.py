"""Servers that are not OpenAI: their completions, their errors, their addresses; each asked by the real client."""

import json
from time import monotonic

import pytest
from support.openai_server.server import start_server
from support.openai_study import (
    HANDBOOK_DIR,
    SHORT_RETRIES,
    build_plan,
    count_kept,
    list_draft_texts,
    load_chapters,
    write_study,
)

from tasks.generation.openai.completions import read_completion, strip_reasoning, usage_in
from tasks.generation.openai.empty_answers import describe_empty
from tasks.generation.openai.request_errors import STREAM, SYSTEM_ROLE, classify_failure
from tasks.generation.openai.server_dialect import move_system_text
from tasks.generation.response_cache import ResponseCache
from tasks.schemas.errors import PlanError, WriterRefused, WriterUnavailable, describe_part
from tasks.schemas.plan_file import parse_plan

ALL = {"pair": 6, "question": 6}


@pytest.fixture
def to(monkeypatch):
    def point(server, url=None):
        monkeypatch.setenv("OPENAI_BASE_URL", url or server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
        return server

    return point


def six(folder, **more):
    return write_study(
        folder,
        build_plan(pairs=6, questions=6, per_request=3, **more.pop("choices", {})),
        load_chapters(1),
        **more,
    )


@pytest.mark.parametrize(
    "dialect",
    ["usage_null", "usage_words", "finish_null", "finish_eos", "extras", "parts", "stream", "gzip"],
)
def test_every_wording_of_a_completion_gives_the_same_drafts(tmp_path, to, dialect):
    with start_server() as server:
        to(server)
        plain = six(tmp_path / "plain")
    with start_server(dialects=(dialect,)) as server:
        to(server)
        other = six(tmp_path / "other")
        assert max(server.attempts.values()) == 1  # understood at once: nothing was paid twice
        spent = ResponseCache(tmp_path / "other", 50.0, build_plan().prices).budget.get_spent_usd()
    assert list_draft_texts(other) == list_draft_texts(plain) and count_kept(other) == ALL
    assert spent >= server.compute_bill() - 1e-9  # where tokens are not told, the worst is taken


@pytest.mark.parametrize("dialect", ["think", "think_unopened"])
def test_reasoning_before_the_answer_is_no_part_of_it(tmp_path, to, dialect):
    with start_server() as server:
        to(server)
        plain = six(tmp_path / "plain")
    with start_server(dialects=(dialect,)) as server:
        to(server)
        assert list_draft_texts(six(tmp_path / "other")) == list_draft_texts(plain)


def test_a_thought_that_never_ended_is_no_answer_and_words_of_an_answer_stay():
    assert strip_reasoning("<think> so {") == ""
    assert strip_reasoning('{"items": ["he </think> said"]}') == '{"items": ["he </think> said"]}'
    assert strip_reasoning("I think so") == "I think so"


def test_a_stream_that_was_cut_off_is_no_completion():
    assert (
        read_completion(
            'data: {"choices": [{"delta": {"content": "a"}, "finish_reason": null}]}\n\n'
        )
        is None
    )


def test_half_a_character_spoils_no_file(tmp_path, to):
    with start_server(dialects=("half_character",)) as server:
        to(server)
        written = six(tmp_path)
    for raw in (draft.raw for one in written.values() for draft in one.drafts):
        assert raw.encode("utf-8")


def test_an_error_under_http_200_is_tried_again(tmp_path, to):
    with start_server(dialects=("error_200",), dialect_attempts=1) as server:
        to(server)
        written = six(tmp_path)
    assert count_kept(written) == ALL
    faults = written["chapter 1"].usage.faults
    assert sum(faults.values()) == len(set(server.attempts))


def test_a_model_that_reasons_its_tokens_away_is_stopped_with_the_remedy(tmp_path, to):
    with start_server(dialects=("reasoned_away",)) as server:
        to(server)
        with pytest.raises(WriterRefused, match=r"Set generation\.max_output_tokens higher"):
            write_study(
                tmp_path, build_plan(pairs=60, questions=60), load_chapters(1), concurrency=2
            )
    assert len(server.entries) <= 14  # one round


def test_a_body_that_trickles_ends_with_the_time_for_one_answer(tmp_path, to):
    with start_server(dialects=("trickle",), dialect_attempts=1) as server:
        to(server)
        with pytest.raises(WriterUnavailable, match="in time"):
            six(tmp_path, patience=SHORT_RETRIES._replace(timeout=0.4, attempts=2))


@pytest.mark.parametrize("fault", ["429_date", "429_ms", "529"])
def test_every_way_to_be_busy_is_waited_out(tmp_path, to, fault):
    with start_server(faults=f"{fault}:0.4") as server:
        to(server)
        assert count_kept(six(tmp_path)) == ALL


@pytest.mark.parametrize("fault", ["413", "429_large"])
def test_a_request_that_no_wait_makes_small_enough_is_asked_smaller(tmp_path, to, fault):
    with start_server(faults=f"{fault}:0.6") as server:
        to(server)
        written = six(tmp_path)
    assert count_kept(written) == ALL and written["chapter 1"].usage.faults["too long"] >= 1
    assert max(server.attempts.values()) == 1


def test_a_server_that_asks_to_wait_for_hours_is_not_waited_for(tmp_path, to):
    with start_server(faults="429_hours") as server:
        to(server)
        with pytest.raises(WriterUnavailable, match="asks to wait 7\u202f200 s"):
            six(tmp_path)
        begun = monotonic()
        with pytest.raises(
            WriterUnavailable
        ):  # another chapter of the same process: it is told the same, and held up by nothing
            six(tmp_path)
        assert monotonic() - begun < 60
    assert max(server.attempts.values()) == 2  # once each time


def test_fields_that_a_server_lacks_are_learnt_by_many_requests_at_once(tmp_path, to):
    """Reasoning models refuse `max_tokens` and `temperature`; sixteen requests hear of it together."""
    with start_server(lacks=("max_tokens", "temperature", "seed"), latency=0.05) as server:
        to(server)
        written = write_study(
            tmp_path,
            build_plan(pairs=32, questions=0, per_request=2),
            load_chapters(1),
            concurrency=16,
        )
    assert count_kept(written)["pair"] == 32
    assert sum(e["status"] == 400 for e in server.entries) <= 3 * 16


@pytest.mark.parametrize("mode", ["live", "batch"])
def test_a_server_that_takes_no_bounds_of_arrays_is_asked_without_them(tmp_path, to, mode):
    with start_server() as server:
        to(server)
        plain = six(tmp_path / "plain", choices={"mode": mode})
    with start_server(lacks=("array bounds",), latency=0.05) as server:
        to(server)
        other = six(tmp_path / "other", choices={"mode": mode})
    assert list_draft_texts(other) == list_draft_texts(plain) and count_kept(other) == ALL


def test_bounds_are_dropped_where_they_are_refused_and_there_are_any(tmp_path):
    said = "Invalid schema for response_format: 'maxItems' is not permitted."
    body = {"error": {"message": said, "param": "response_format"}}
    fault = classify_failure(400, body, {}, "m", "u")
    assert (fault.action, fault.param) == ("dialect", "minItems")
    other = {"error": {"message": "Use max_completion_tokens, max_tokens is not supported."}}
    assert classify_failure(400, other, {}, "m", "u").param == "max_tokens"


def test_a_batch_learns_the_fields_that_a_server_lacks(tmp_path, to):
    with start_server() as server:
        to(server)
        fault = {
            "status_code": 400,
            "body": {
                "error": {
                    "message": "Unsupported parameter",
                    "code": "unsupported_parameter",
                    "param": "seed",
                }
            },
        }
        real, refused = server.batches.answer_line, set()

        def answer(line):
            if "seed" in line["body"]:
                refused.add(line["custom_id"])
                return {"custom_id": line["custom_id"], "response": fault, "error": None}
            return real(line)

        server.batches.answer_line = answer
        assert count_kept(six(tmp_path, choices={"mode": "batch"})) == ALL
    assert len(refused) > 1


@pytest.mark.parametrize("tail", ["", "/", "/v1", "/v1/"])
def test_the_address_may_be_given_with_or_without_v1(tmp_path, to, tail):
    with start_server(lacks=("bare",)) as server:
        to(server, server.url.removesuffix("/v1") + tail)
        assert count_kept(six(tmp_path)) == ALL


def test_a_server_without_v1_keeps_its_own_words_on_a_model_that_it_lacks(tmp_path, to):
    with start_server(models=("other",)) as server:
        to(server, server.url.removesuffix("/v1"))
        with pytest.raises(WriterRefused, match=r"gpt-4o.*Set generation\.model"):
            six(tmp_path)


def test_spaces_around_address_and_key_do_no_harm(tmp_path, to, monkeypatch):
    with start_server() as server:
        to(server, f" {server.url}\n")
        monkeypatch.setenv("OPENAI_API_KEY", "a plain key\n".replace(" ", "-"))
        assert count_kept(six(tmp_path)) == ALL


@pytest.mark.parametrize(
    ("url", "key", "told"),
    [
        ("localhost:8000/v1", "sk-test-0123456789", "begins with http"),
        (None, "“sk-test-0123456789”", "bare key"),
    ],
)
def test_an_address_or_a_key_that_can_never_work_is_told_at_once(
    tmp_path, to, monkeypatch, url, key, told
):
    with start_server() as server:
        to(server, url)
        monkeypatch.setenv("OPENAI_API_KEY", key)
        with pytest.raises(WriterRefused, match=told) as caught:
            six(tmp_path)
    assert key.strip("“”") not in str(caught.value)


def test_a_wait_of_hours_for_some_requests_is_the_servers_limit_and_no_fault_of_theirs(
    tmp_path, to
):
    many = {
        "chosen": build_plan(pairs=24, questions=24, per_request=2),
        "passages": load_chapters(1),
        "concurrency": 4,
    }
    with start_server() as server:
        to(server)
        calm = write_study(tmp_path / "calm", **many)
    with start_server(faults="429_hours:0.2", latency=0.02) as server:
        to(server)
        for _ in range(40):
            try:
                stormy = write_study(tmp_path / "stormy", **many)
            except WriterUnavailable:
                continue
            break
    assert list_draft_texts(stormy) == list_draft_texts(calm)


@pytest.mark.parametrize(
    "lacks",
    [
        ("system role",),
        ("one piece", "stream_options"),
        ("system role", "one piece", "array bounds", "max_tokens", "seed"),
    ],
)
def test_a_server_that_wants_to_be_asked_otherwise_is_asked_so(tmp_path, to, lacks):
    with start_server(lacks=lacks) as server:
        to(server)
        assert count_kept(six(tmp_path)) == ALL
        refused = sum(e["status"] == 400 for e in server.entries)
        paid = ResponseCache(tmp_path, 50.0, build_plan().prices).budget.get_known_spent_usd()
        assert paid == pytest.approx((server.compute_bill(), 0.0))
    assert refused <= 2 * len(lacks)  # learnt once, not once for each request


def test_the_system_text_goes_before_the_users_and_nothing_is_lost():
    body = {
        "model": "m",
        "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}],
    }
    assert move_system_text(body)["messages"] == [{"role": "user", "content": "S\n\nU"}]
    parts = [{"type": "pages", "pages": [1]}, {"type": "text", "text": "U"}]
    body["messages"][1]["content"] = parts
    told = move_system_text(body)["messages"][0]["content"]
    assert told == [{"type": "text", "text": "S"}, *parts]
    without = {"messages": [{"role": "user", "content": "U"}]}
    assert move_system_text(without) == without


@pytest.mark.parametrize(
    ("status", "said", "way"),
    [
        (400, "System role not supported", SYSTEM_ROLE),
        (500, "Jinja Exception: System role not supported", SYSTEM_ROLE),
        (400, "Conversation roles must alternate user/assistant/user/assistant/...", SYSTEM_ROLE),
        (400, "Only user and assistant roles are supported!", SYSTEM_ROLE),
        (422, "This model doesn't support system messages", SYSTEM_ROLE),
        (400, "This model only support stream mode, please enable the stream parameter", STREAM),
        (400, "Stream must be set to true", STREAM),
        (400, "Non-streaming requests are not supported", STREAM),
        (400, "Unrecognized request argument: stream_options", "stream_options"),
    ],
)
def test_a_refusal_in_words_calls_for_another_way_of_asking(status, said, way):
    fault = classify_failure(status, {"error": {"message": said}}, {}, "m", "u")
    assert (fault.action, fault.param) == ("dialect", way)


@pytest.mark.parametrize("said", ["The system is busy", "upstream failed", "the stream broke"])
def test_other_words_on_systems_and_streams_are_no_call_for_another_way(said):
    assert classify_failure(500, {"error": {"message": said}}, {}, "m", "u").action == "again"


@pytest.mark.parametrize(
    ("choices", "lacks", "advice", "not_advised"),
    [
        ({"structure": "schema"}, "schema", "generation.structure to json or text", "show"),
        ({"structure": "json"}, "json", "generation.structure to text", "json"),
        ({"show": "pdf", "structure": "json"}, "file", "generation.show to text", "structure"),
    ],
)
def test_a_refused_form_is_answered_by_what_is_left_of_it(
    tmp_path, to, choices, lacks, advice, not_advised
):
    with start_server(lacks=(lacks,)) as server:
        to(server)
        with pytest.raises(WriterRefused) as refused:
            six(
                tmp_path,
                choices=choices,
                book_path=HANDBOOK_DIR.parent / "handbook.pdf",
                patience=SHORT_RETRIES._replace(timeout=60.0),
            )
    said = str(refused.value).rpartition("Set generation.")
    assert f"Set {advice}" in f"Set generation.{said[2]}" or advice in str(refused.value)
    assert not_advised not in said[2]


def test_more_fields_go_with_each_request_and_change_what_is_asked(tmp_path, to):
    off = {"chat_template_kwargs": {"enable_thinking": False}}
    with start_server() as server:
        to(server)
        six(tmp_path)
        before = len(server.entries)
        six(tmp_path, choices={"extra": off})
    assert len(server.entries) == 2 * before and server.last_body["chat_template_kwargs"] == {
        "enable_thinking": False
    }


@pytest.mark.parametrize("field", ["n", "max_tokens", "messages", "model", "stream"])
def test_fields_that_the_plan_decides_elsewhere_are_refused(field):
    with pytest.raises(PlanError, match=f"has {field}, which"):
        parse_plan({"name": "x", "generation": {"extra": {field: 4}}})


def test_a_stream_is_read_with_its_thoughts_and_its_count(tmp_path):
    def line(**piece):
        return f"data: {json.dumps(piece)}\n\n"

    def delta(finish=None, **told):
        return line(choices=[{"delta": told, "finish_reason": finish}])

    usage = {"prompt_tokens": 9, "completion_tokens": 4}
    pieces = [
        delta(role="assistant", content=""),
        delta(role="assistant", reasoning_content="so "),
        delta(reasoning_content="on"),
        delta(content="assistant"),
        delta(content="s"),
        delta("stop"),
        line(choices=[], usage=usage),
    ]
    whole = read_completion("".join([*pieces, "data: [DONE]\n\n"]))
    assert (whole.text, whole.thought, whole.usage) == ("assistants", "so on", (9, 0, 4))
    cut = "".join(pieces[:3])
    assert read_completion(cut) is None and usage_in(cut) is None
    broken = cut + line(error={"message": "lost", "code": 502})
    assert read_completion(broken) is None
    told = describe_empty("".join([*pieces[:3], delta("stop")]))
    assert told.kind == "thought" and "5 characters in reasoning_content" in describe_part(
        told.seen
    )
