"""What an answer is charged, at the borders of what a server's count can be believed."""

import pytest

from tasks.generation.budget import TokenUsage
from tasks.generation.openai.replies import believe_usage, guess_tokens
from tasks.generation.openai.request_builder import ChatRequest

WORST = TokenUsage(100, 0, 50)
TEXT = "word" * 20  # 80 letters: about 20 tokens
LONG = "word" * 60  # 240 bytes, about 60 tokens: the model wrote past its limit
REQUEST = ChatRequest(
    {
        "model": "m",
        "messages": [
            {"role": "system", "content": "abcd" * 5},
            {"role": "user", "content": [{"type": "text", "text": "abcd" * 5}, {"type": "file"}]},
        ],
    },
    "key",
    WORST,
)  # 40 letters of prompt: about 10 tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("abcd", 1), ("تبل", 1), ("abcd" * 3 + "تبل" * 2, 5), ("ab", 0), ("abc", 1)],
)
def test_four_latin_characters_or_three_others_are_a_token(text, tokens):
    assert guess_tokens(text) == tokens


@pytest.mark.parametrize(
    "told",
    [
        TokenUsage(100, 0, 50),  # the worst
        TokenUsage(100, 0, 20),  # the longest prompt
        TokenUsage(5, 0, 20),  # half of what the prompt is guessed to be
        TokenUsage(50, 40, 10),  # half of what the text is guessed to be
        TokenUsage(50, 0, 80),  # past the limit, as many as the text has bytes
    ],
)
def test_a_count_within_its_borders_is_charged_as_told(told):
    assert believe_usage(told, REQUEST, TEXT) == told


@pytest.mark.parametrize(
    "told",
    [
        None,
        TokenUsage(101, 0, 20),
        TokenUsage(4, 0, 20),
        TokenUsage(50, 0, 9),
        TokenUsage(50, 0, 81),
    ],
)
def test_no_count_or_one_past_its_borders_is_charged_at_the_worst(told):
    assert believe_usage(told, REQUEST, TEXT) == WORST


def test_a_server_that_writes_past_the_limit_is_believed_up_to_twice_of_it():
    assert believe_usage(TokenUsage(50, 0, 100), REQUEST, LONG) == TokenUsage(50, 0, 100)
    assert believe_usage(TokenUsage(50, 0, 101), REQUEST, LONG) == WORST._replace(tokens_out=60)
    assert believe_usage(None, REQUEST, LONG * 9).tokens_out == 100


def test_an_answer_without_text_proves_nothing_and_any_count_up_to_the_worst_is_charged():
    for told in (TokenUsage(0, 0, 0), TokenUsage(100, 0, 50)):
        assert believe_usage(told, REQUEST, "") == told
    assert believe_usage(TokenUsage(0, 0, 51), REQUEST, "") == WORST
