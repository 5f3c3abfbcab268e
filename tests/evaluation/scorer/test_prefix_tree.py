"""The tree reads each shared beginning once, loses nothing, and cuts where little is read twice."""

from hypothesis import given, settings
from hypothesis import strategies as st
from support.models import scoring_models

from tasks.evaluation.eval_requests import build_requests, get_prompt_builder
from tasks.evaluation.scorer import prefix_tree
from tasks.evaluation.scorer.encoding import Continuation
from tasks.evaluation.scorer.prefix_tree import MAX_OUTPUTS, build_prefix_forest, plan_batches
from tasks.schemas.plan_sections import EvaluationPlan

tokens = st.lists(st.integers(0, 3), min_size=1, max_size=12).map(tuple)


def wood_of(questions, **plan):
    plan = EvaluationPlan(**plan)
    loaded = scoring_models.make_base_model()
    put = build_requests(
        questions, plan, get_prompt_builder(plan, "fa"), loaded.model, loaded.tokenizer
    )
    return put, build_prefix_forest(
        [asked for sheet in put for asked in sheet.continuations],
        [sheet.prompt for sheet in put if sheet.prompt],
    )


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(tokens, tokens), min_size=1, max_size=30),
    st.lists(tokens, max_size=8),
    st.integers(1, 30),
    st.integers(1, 60),
)
def test_every_text_can_be_read_off_the_packs(texts, prompts, wide, most):
    asked = [Continuation(*text) for text in texts]
    wood = build_prefix_forest(asked, prompts)
    layout = plan_batches(wood, most, wide)
    trunk = set(layout.shared_prefix.nodes)
    rows = [trunk | set(row.nodes) for pack in layout.packs for row in pack] or [trunk]
    for one, path in zip(asked, wood.paths, strict=True):
        nodes = wood.tree.trace_to_root(path[-1])[::-1]
        assert tuple(wood.tree.token[node] for node in nodes) == one.context + one.tokens
        for node in (
            path
        ):  # what stands before a scored token is read in one row with all that stands above it
            assert any(set(wood.tree.trace_to_root(wood.tree.parent[node])) <= row for row in rows)
    talking = [
        end for pack in layout.packs for row in pack for end in row.reply_ends
    ] + layout.shared_prefix.reply_ends
    assert sorted(talking) == sorted(set(wood.prompt_ends))  # each prompt is answered once
    assert all(wood.tree.parent[node] < node for node in range(len(wood.tree.parent)))


def test_the_common_instruction_and_the_context_of_four_options_are_read_once():
    put, wood = wood_of(scoring_models.make_questions(40), modes=("digits", "cloze"))
    one_by_one = sum(
        len(asked.context) + len(asked.tokens) - 1 for sheet in put for asked in sheet.continuations
    )
    each_context = sum(len(asked.context) for sheet in put for asked in sheet.continuations[:1])
    assert plan_batches(wood, 512).token_count < 0.3 * one_by_one
    assert (
        plan_batches(wood, 512).token_count < each_context
    )  # less than the contexts alone, although the options are in it


def test_four_rotations_cost_little_more_than_twice_one():
    questions = scoring_models.make_questions(40)
    one, four = (
        plan_batches(
            wood_of(questions, modes=("digits", "cloze"), rotations=rotations)[1], 512
        ).token_count
        for rotations in (1, 4)
    )
    assert four <= 2.2 * one


def test_a_long_passage_is_read_once_for_all_rotations_of_its_question():
    papers = [
        tuple(range(10_000 * i, 10_000 * i + 600)) + tuple(range(100 * j, 100 * j + 60))
        for i in range(20)
        for j in range(1, 5)
    ]
    layout = plan_batches(
        build_prefix_forest([Continuation(paper, (5, 6)) for paper in papers], []), 512
    )
    assert not layout.shared_prefix.nodes  # no passage is common to many
    assert layout.token_count == 20 * (600 + 4 * 61)


def test_a_context_with_many_texts_is_cut_and_a_long_one_has_a_row_of_its_own():
    many = build_prefix_forest(
        [Continuation((1, 2, 3), (4, i, 5)) for i in range(10 * prefix_tree.MAX_TEXTS_PER_CONTEXT)],
        [],
    )
    assert (
        max(len(row.nodes) for pack in plan_batches(many, 512).packs for row in pack)
        <= 2 * prefix_tree.ROW_TOKENS + 1
    )
    long = build_prefix_forest(
        [Continuation(tuple(range(1000)), (1,)), Continuation((5, 6), (1,))], []
    )
    assert sorted(len(row.nodes) for pack in plan_batches(long, 512).packs for row in pack) == [
        2,
        1000,
    ]


def test_packs_hold_rows_of_like_length():
    _, wood = wood_of(scoring_models.make_questions(60), modes=("digits", "cloze"))
    layout = plan_batches(wood, 512)
    padded = sum(len(pack) * max(len(row.nodes) for row in pack) for pack in layout.packs)
    assert padded < 1.1 * layout.token_count


def test_a_row_has_no_more_places_to_look_at_than_a_pack_may_have():
    passages = [tuple(range(10_000 * i, 10_000 * i + 800)) for i in range(5)]
    asked = [
        Continuation((*passage, 100 * j), tuple(range(50 * j, 50 * j + 12)))
        for passage in passages
        for j in range(1, 80)
    ]
    layout = plan_batches(build_prefix_forest(asked, []), 2048)
    assert max(row.output_count for pack in layout.packs for row in pack) <= MAX_OUTPUTS
    assert sum(row.output_count for pack in layout.packs for row in pack) >= 5 * 79 * 12
