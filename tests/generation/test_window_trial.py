"""Which other form a trial at the writer's server calls for, from what came of the plan's own."""

import pytest
from support.openai_study import build_plan

from tasks.generation.openai.request_errors import RequestFailure
from tasks.generation.server_trial.window_trial import NO_THOUGHTS, WindowTrial, propose_change
from tasks.schemas.item_rows import Draft

TEXT = {"messages": [{"role": "user", "content": "text"}]}
PAGES = {"messages": [{"role": "user", "content": [{"type": "pages"}, {"type": "text"}]}]}
SCHEMA = {"response_format": {"type": "json_schema"}}
JSON = {"response_format": {"type": "json_object"}}


def refused(said, body, name="400"):
    return WindowTrial(10, body, 1.0, fault=RequestFailure(name, "stop", said))


def answered(finish="stop", asked=10, **told):
    draft = Draft(
        id="r", kind="question", passages=("p",), asked=asked, writer="m", raw="…", finish=finish
    )
    return WindowTrial(asked, TEXT, 1.0, draft, **told)


@pytest.mark.parametrize(
    ("trial", "read", "plan", "change"),
    [
        (refused("unsupported content[].type", PAGES), 0, {"show": "pdf"}, {"show": "text"}),
        (refused("schema not supported", TEXT | SCHEMA), 0, {}, {"structure": "json"}),
        (refused("json_object not supported", TEXT | JSON), 0, {}, {"structure": "text"}),
        (refused("it is broken", TEXT), 0, {}, {}),
        (refused("context", TEXT, "too long"), 0, {}, {"shown_characters": 6000}),
        (refused("context", TEXT, "too long"), 0, {"shown_characters": 500}, {}),
        (answered(prompt=(2000, 8000)), 10, {}, {"shown_characters": 2400}),
        (answered(prompt=(2000, 8000)), 10, {"show": "pdf"}, {"show": "text"}),
        (answered(prompt=(7000, 8000)), 10, {}, {}),
        (answered("length"), 4, {}, {"per_request": 5}),
        (answered("length", asked=1), 0, {}, {"max_output_tokens": 8192}),
        (answered("length", has_thoughts=True), 0, {}, {"extra": NO_THOUGHTS}),
        (answered("length", has_thoughts=True), 0, {"extra": NO_THOUGHTS}, {"per_request": 5}),
        (answered(has_thoughts=True), 10, {}, {}),
        (answered(), 0, {"structure": "text"}, {"structure": "schema"}),
        (answered(is_empty=True), 0, {}, {"structure": "text"}),
        (answered(), 3, {}, {}),  # fewer than asked for, as a book's window may have
    ],
)
def test_what_went_wrong_names_the_choice_to_try_next(trial, read, plan, change):
    assert propose_change(trial, build_plan(**plan), read) == change
