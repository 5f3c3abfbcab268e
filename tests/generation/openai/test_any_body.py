"""A server's body of any content is an answer, a fault or nothing: never an exception."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.generation.budget import TokenUsage
from tasks.generation.openai.completions import find_error_status, read_completion, usage_in
from tasks.generation.openai.empty_answers import describe_empty
from tasks.generation.openai.replies import HttpReply, believe_usage, read_failure
from tasks.generation.openai.request_builder import ChatRequest
from tasks.generation.openai.request_errors import LONGEST_WAIT
from tasks.schemas.errors import describe_part

NAMES = st.sampled_from(
    ["choices", "message", "content", "refusal", "reasoning_content", "tool_calls", "finish_reason", "usage", "prompt_tokens",
     "completion_tokens", "prompt_tokens_details", "cached_tokens", "error", "code", "type", "message", "param", "delta", "text"]
)  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6),
    st.sampled_from([10**400, -1, "stop", "length", "error", "content_filter", "insufficient_quota", "\ud800", "\x1b[2J"]),
)  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=15,
)
COMPLETIONS = st.fixed_dictionaries(
    {"choices": st.lists(st.fixed_dictionaries({"message": TREES, "finish_reason": LEAVES}), max_size=2)},
    optional={"usage": TREES, "error": TREES},
)  # fmt: skip
BODIES = st.one_of(
    st.text(max_size=60),
    TREES.map(json.dumps),
    COMPLETIONS.map(json.dumps),
    st.lists(TREES.map(lambda tree: f"data: {json.dumps(tree)}\n\n"), max_size=4).map("".join),
)
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "retry-after-ms", "x-ratelimit-reset-requests"]),
    st.text(max_size=12) | st.sampled_from(["9" * 400, "-1", "nan", "Wed, 21 Oct 99999 07:28:00 GMT"]),
)  # fmt: skip
WORST = TokenUsage(1000, 0, 500)
REQUEST = ChatRequest({"model": "m", "messages": []}, "key", WORST)


@given(BODIES, st.integers(100, 999), HEADERS)
@settings(max_examples=400, deadline=None)
def test_any_body_is_an_answer_a_fault_or_nothing(body, status, headers):
    answer = read_completion(body)
    assert answer is None or answer.text.encode("utf-8") is not None
    assert len(describe_part(describe_empty(body).seen)) < 1000
    assert find_error_status(body) in {None, *range(400, 600)}
    fault = read_failure(HttpReply(status, headers, body), "m", "http://here")
    assert 0 < len(describe_part(fault.message)) < 2000
    assert 0 <= (fault.wait or 0) <= LONGEST_WAIT
    for told in (usage_in(body), answer and answer.usage):
        charged = believe_usage(told or None, REQUEST, answer.text if answer else "")
        assert 0 <= charged.tokens_cached <= charged.tokens_in <= WORST.tokens_in
        assert 0 <= charged.tokens_out <= 2 * WORST.tokens_out
