"""Chat templates: options of their own reach them, several without a default are told before any work."""

import copy
import json

import pytest
from support.models import scoring_models

from tasks.engine.cache_key import canonical_value
from tasks.engine.readiness.plan_requirements import list_missing_requirements
from tasks.evaluation.eval_requests import build_requests, get_prompt_builder
from tasks.evaluation.scorer import encoding
from tasks.evaluation.standalone import evaluate_questions
from tasks.schemas.errors import PlanError
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_sections import BasePlan, EvaluationPlan

THINKS = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<model>{% if enable_thinking %}<think>{% endif %}"
PLAN = EvaluationPlan(modes=("digits",))


@pytest.fixture
def folder(tmp_path):
    loaded = scoring_models.make_base_model()
    loaded.model.save_pretrained(tmp_path)
    loaded.tokenizer.save_pretrained(tmp_path)
    return tmp_path


def with_templates(folder, templates) -> None:
    file = folder / "tokenizer_config.json"
    content = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps(content | {"chat_template": templates}), "utf-8")


def study(folder, **changes) -> StudyPlan:
    return StudyPlan(base=BasePlan(model=str(folder)), evaluation=EvaluationPlan(**changes))


NAMED = [{"name": "rag", "template": THINKS}, {"name": "tool_use", "template": THINKS}]


def test_several_templates_without_a_default_are_told_by_check_and_evaluate(folder):
    with_templates(folder, NAMED)
    said = [str(PlanError(lack)) for lack in list_missing_requirements(study(folder))]
    assert (
        len(said) == 1
        and "set evaluation.chat to off, or evaluation.template_options" in said[0]
        and "rag, tool_use" in said[0]
    )
    with pytest.raises(PlanError, match="rag, tool_use"):
        evaluate_questions(str(folder), None, scoring_models.make_questions(1), PLAN)


@pytest.mark.parametrize(
    "changes", [{"chat": "off"}, {"template_options": {"chat_template": "rag"}}]
)
def test_the_remedies_that_are_told_work(folder, changes):
    with_templates(folder, NAMED)
    assert list_missing_requirements(study(folder, **changes)) == []
    assert (
        len(
            evaluate_questions(
                str(folder), None, scoring_models.make_questions(1), PLAN.model_copy(update=changes)
            ).base
        )
        == 1
    )


@pytest.mark.parametrize(("thinking", "end"), [(True, "<model><think>"), (False, "<model>")])
def test_options_reach_the_template(thinking, end):
    chatty = type(scoring_models.make_tokenizer())(
        tokenizer_object=scoring_models.make_tokenizer().backend_tokenizer,
        bos_token="<|begin_of_text|>",
    )
    chatty.chat_template = THINKS
    assert (
        encoding.format_chat_prompt(chatty, "Q", {"enable_thinking": thinking, "tokenize": True})
        == "<user>Q" + end
    )
    plan = EvaluationPlan(modes=("generate",), template_options={"enable_thinking": thinking})
    put = build_requests(
        scoring_models.make_questions(1),
        plan,
        get_prompt_builder(plan, "fa"),
        scoring_models.make_base_model().model,
        chatty,
    )
    assert chatty.decode(put[0].prompt).endswith(end)


def test_only_options_that_are_set_are_in_the_key_and_screening_has_them():
    assert "template_options" not in canonical_value(EvaluationPlan())
    some = EvaluationPlan(template_options={"enable_thinking": False})
    assert canonical_value(some)["template_options"] == {"enable_thinking": False}
    assert StudyPlan(evaluation=some).select_screening_plan().template_options == {
        "enable_thinking": False
    }


def test_a_tokenizer_that_cannot_be_used_is_told_by_check(folder):
    (folder / "tokenizer.json").write_text("{}")
    said = str(PlanError(list_missing_requirements(study(folder))[0]))
    assert "its tokenizer cannot be used" in said


HOSTILE = {
    "nested loops": (
        "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}",
        "more than 3 s",
    ),
    "doubled strings": (
        "{% set n = namespace(x='x') %}{% for a in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "more than 256 MB of memory",
    ),
    "one long string": ("{{ 'x' * 9999999999 }}", "more than 256 MB of memory"),
    "itself for ever": ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "takes no exam"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_template_that_takes_much_time_or_memory_is_refused_in_a_sentence(name):
    template, said = HOSTILE[name]
    tokenizer = copy.copy(scoring_models.make_tokenizer())  # one for all tests
    tokenizer.chat_template = template
    with pytest.raises(PlanError, match=said):
        encoding.format_chat_prompt(tokenizer, "Which?")
