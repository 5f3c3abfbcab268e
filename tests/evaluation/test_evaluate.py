"""The fast way gives what one forward pass for each option gives, for base and tuned, in every mode."""

import pytest
import torch
from support.models import scoring_models

from tasks import prompts
from tasks.evaluation.evaluate import answer_questions
from tasks.models.loading import LoadedModel
from tasks.schemas.errors import PlanError
from tasks.schemas.machine import Machine
from tasks.schemas.plan_sections import EvaluationPlan

ALL = ("generate", "digits", "cloze", "cloze_mean", "cloze_prior")
PLAN = EvaluationPlan(modes=ALL, rotations=4, answer_tokens=6)


def brute_force(model, tokenizer, context: str, continuation: str) -> float:
    """One text, one forward pass, written out: Σ log softmax of each token of the continuation."""
    before = tokenizer(context)["input_ids"]
    whole = before + tokenizer(context + continuation)["input_ids"][len(before) :]
    with torch.no_grad():
        logits = model(torch.tensor([whole])).logits[0].double()
    return sum(
        float(logits[i - 1].log_softmax(-1)[whole[i]]) for i in range(len(before), len(whole))
    )


def expected(model, tokenizer, question, mode, rotation):
    if mode == "digits":
        shown = [
            brute_force(
                model, tokenizer, prompts.build_question_prompt(question, rotation), f" {n}"
            )
            for n in "۱۲۳۴"
        ]
        return [shown[(own - rotation) % 4] for own in range(4)]
    cloze = [
        brute_force(model, tokenizer, prompts.build_cloze_prompt(question), f" {o}")
        for o in question.options
    ]
    if mode == "cloze_mean":
        return [score / len(option) for score, option in zip(cloze, question.options, strict=True)]
    if mode == "cloze_prior":
        bare = "علائم بیمار: \nتشخیص:"
        return [
            score - brute_force(model, tokenizer, bare, f" {o}")
            for score, o in zip(cloze, question.options, strict=True)
        ]
    return cloze


@pytest.mark.parametrize("with_adapter", [False, True])
def test_scores_equal_one_forward_for_each_option(with_adapter):
    loaded = scoring_models.make_tuned_model()
    questions = scoring_models.make_questions(12)
    rows = answer_questions(loaded, questions, PLAN, "fa", machine=Machine(), tuned=with_adapter)
    by_id = {question.id: question for question in questions}
    model = (
        loaded.model if with_adapter else scoring_models.make_base_model().model
    )  # the base as it is loaded without an adapter
    scored = [row for row in rows if row.mode != "generate"]
    assert len(scored) == 12 * (4 + 3)
    for row in scored:
        want = expected(model, loaded.tokenizer, by_id[row.question_id], row.mode, row.rotation)
        assert row.scores == pytest.approx(want, abs=1e-4)
        key = by_id[row.question_id].answer
        assert row.predicted == 1 + want.index(max(want))
        assert row.margin == pytest.approx(
            want[key - 1] - max(want[: key - 1] + want[key:]), abs=2e-4
        )
        assert row.is_correct == (row.predicted == key)


def test_replies_equal_the_library_s_greedy_generation():
    loaded = scoring_models.make_tuned_model()
    questions = scoring_models.make_questions(6)
    rows = [row for row in answer_questions(loaded, questions, PLAN) if row.mode == "generate"]
    for row, question in zip(rows, (q for q in questions for _ in range(4)), strict=True):
        prompt = loaded.tokenizer(
            prompts.build_question_prompt(question, row.rotation), return_tensors="pt"
        )
        out = loaded.model.generate(**prompt, max_new_tokens=6, do_sample=False, pad_token_id=0)
        assert row.said == loaded.tokenizer.decode(
            out[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True
        )


def test_rows_come_by_question_mode_and_rotation_and_cloze_once():
    rows = answer_questions(
        scoring_models.make_base_model(), scoring_models.make_questions(2), PLAN
    )
    order = (
        [("generate", r) for r in range(4)]
        + [("digits", r) for r in range(4)]
        + [("cloze", 0), ("cloze_mean", 0), ("cloze_prior", 0)]
    )
    assert [(row.question_id, row.mode, row.rotation) for row in rows] == [
        (q, *at) for q in ("q000", "q001") for at in order
    ]


def test_a_model_s_answers_do_not_depend_on_the_size_of_the_packs():
    loaded, questions = scoring_models.make_base_model(), scoring_models.make_questions(10)
    small = answer_questions(loaded, questions, PLAN, machine=Machine(micro_batch=1))
    large = answer_questions(loaded, questions, PLAN, machine=Machine(micro_batch=64))
    for a, b in zip(small, large, strict=True):
        assert (a.predicted, a.said) == (b.predicted, b.said)
        assert a.scores == (None if b.scores is None else pytest.approx(b.scores, abs=1e-4))


def test_base_and_tuned_are_read_in_the_same_passes():
    loaded, base = scoring_models.make_tuned_model(), scoring_models.make_base_model()
    loaded = loaded._replace(load_base=lambda: base)
    shapes: list[tuple[int, ...]] = []
    for model in (loaded.model.get_base_model(), base.model):
        model.model.register_forward_hook(
            lambda module, args, kwargs, output: shapes.append(
                tuple(output.last_hidden_state.shape)
            ),
            with_kwargs=True,
        )
    plan = EvaluationPlan(modes=("digits", "cloze"))
    for tuned in (True, False):
        answer_questions(
            loaded, scoring_models.make_questions(8), plan, tuned=tuned
        )  # the first call also tries whether the model can branch
    shapes.clear()
    answer_questions(loaded, scoring_models.make_questions(8), plan, tuned=False)
    first, shapes[:] = list(shapes), []
    answer_questions(loaded, scoring_models.make_questions(8), plan)
    assert first == shapes
    assert len(first) > 1


def test_an_adapter_that_is_zero_changes_no_score_by_a_single_bit():
    loaded = scoring_models.make_tuned_model()
    for name, weight in loaded.model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.zeros_(weight)
    assert answer_questions(loaded, scoring_models.make_questions(5), PLAN) == answer_questions(
        loaded, scoring_models.make_questions(5), PLAN, tuned=False
    )


def test_a_prompt_longer_than_the_window_is_counted_and_wrong():
    questions = scoring_models.make_questions(3)
    long = questions[1].model_copy(update={"question": "درد " * 400})
    loaded = scoring_models.make_base_model(max_position_embeddings=220)
    rows = answer_questions(
        loaded,
        [questions[0], long, questions[2]],
        EvaluationPlan(modes=("generate", "digits", "cloze")),
    )
    cut = [row for row in rows if row.truncated]
    assert {row.question_id for row in cut} == {long.id}
    assert len(cut) == 3
    assert all(row.scores is None and row.predicted is None and not row.is_correct for row in cut)
    others = answer_questions(
        loaded, [questions[0], questions[2]], EvaluationPlan(modes=("generate", "digits", "cloze"))
    )
    assert [row.predicted for row in rows if not row.truncated] == [row.predicted for row in others]


def test_a_model_whose_numbers_broke_answers_nothing():
    loaded = scoring_models.make_base_model()
    torch.nn.init.constant_(loaded.model.model.norm.weight, float("nan"))
    rows = answer_questions(
        loaded, scoring_models.make_questions(2), EvaluationPlan(modes=("digits", "cloze"))
    )
    assert all(row.predicted is None and row.scores is None and not row.is_correct for row in rows)


def test_an_empty_option_is_refused_with_its_question():
    bad = scoring_models.make_questions(1)[0].model_copy(update={"options": ("الف", "", "ج", "د")})
    plan = EvaluationPlan(modes=("cloze",))

    class Trimming:  # a tokenizer to which a blank is nothing
        def __getattr__(self, name):
            return getattr(scoring_models.make_tokenizer(), name)

        def __call__(self, texts, **kwargs):
            return scoring_models.make_tokenizer()([text.rstrip() for text in texts], **kwargs)

    with pytest.raises(PlanError, match=r"'q000': option 2"):
        answer_questions(
            LoadedModel(scoring_models.make_base_model().model, Trimming()), [bad], plan
        )


def test_a_chat_template_frames_the_exam_and_leaves_the_cloze_alone():
    loaded, questions = scoring_models.make_base_model(), scoring_models.make_questions(2)
    chatty = scoring_models.make_base_model().tokenizer.__class__(
        tokenizer_object=scoring_models.make_tokenizer().backend_tokenizer,
        bos_token="<|begin_of_text|>",
        eos_token="<|end_of_text|>",
    )
    chatty.chat_template = "{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}[reply] {% endif %}"
    plan = EvaluationPlan(modes=("digits", "cloze"))
    rows = answer_questions(LoadedModel(loaded.model, chatty), questions, plan)
    context = f"<|begin_of_text|>[user] {prompts.build_question_prompt(questions[0])}\n[reply]"
    want = []
    for (
        numeral
    ) in "۱۲۳۴":  # no second beginning of text; the template's last blank goes to the continuation
        before = chatty.encode(context, add_special_tokens=False)
        whole = (
            before + chatty.encode(f"{context} {numeral}", add_special_tokens=False)[len(before) :]
        )
        logits = loaded.model(torch.tensor([whole])).logits[0]
        want.append(
            sum(
                float(logits[i - 1].log_softmax(-1)[whole[i]].detach())
                for i in range(len(before), len(whole))
            )
        )
    assert rows[0].scores == pytest.approx(want, abs=1e-4)
    off = answer_questions(loaded, questions, plan)
    assert rows[1].scores == pytest.approx(off[1].scores, abs=1e-4)
    assert rows[0].scores != pytest.approx(off[0].scores, abs=1e-2)
    assert (
        answer_questions(
            LoadedModel(loaded.model, chatty), questions, plan.model_copy(update={"chat": "off"})
        )
        == off
    )


def test_progress_ends_at_its_total():
    told = []
    answer_questions(
        scoring_models.make_base_model(),
        scoring_models.make_questions(6),
        EvaluationPlan(),
        progress=lambda done, total, note="": told.append(done / total),
    )
    assert told[-1] == pytest.approx(1)
    assert told == sorted(told)
