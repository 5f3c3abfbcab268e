"""lm-evaluation-harness, reading the folder that the study writes, gets our log-likelihoods and our accuracies."""

import logging

import pytest
from support.models import scoring_models

from tasks.evaluation import lm_eval_task
from tasks.evaluation.evaluate import answer_questions
from tasks.models.loading import LoadedModel, base_of
from tasks.schemas.plan_sections import EvaluationPlan

PLAN = EvaluationPlan(modes=("digits", "cloze", "cloze_mean"), rotations=2)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A base, an adapter and the task folder on disk."""
    folder = tmp_path_factory.mktemp("study")
    tuned = scoring_models.make_tuned_model()
    tuned.model.save_pretrained(folder / "adapter")
    base = scoring_models.make_base_model()
    base.model.save_pretrained(folder / "base")
    base.tokenizer.save_pretrained(folder / "base")
    questions = scoring_models.make_questions(8)
    # Text that a template engine or a shell would stumble over is data.
    questions[3] = questions[3].model_copy(
        update={
            "question": "{{ 7 * 7 }} {% if %} [1, 2] $HOME <script>؟",
            "options": ("['a']", "{{x}}", "۳", "no"),
        }
    )
    names = lm_eval_task.write_task_folder(
        folder / "tasks", {"same_fact": questions[:5], "new_fact": questions[5:], "train": []}, PLAN
    )
    return folder, questions, names, tuned


def harness(folder, names, adapter, **options):
    """What lm-eval says: {task: [(id, log-likelihoods, acc)]}, and its results."""
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    args = {"pretrained": str(folder / "base"), "dtype": "float32"} | (
        {"peft": str(folder / "adapter")} if adapter else {}
    )
    manager = TaskManager(include_path=str(folder / "tasks"), include_defaults=False)
    out = simple_evaluate(
        "hf",
        model_args=args,
        tasks=names,
        device="cpu",
        batch_size=4,
        task_manager=manager,
        bootstrap_iters=0,
        **options,
    )
    samples = {
        task: {row["doc"]["id"]: [pair[0] for pair in row["filtered_resps"]] for row in rows}
        for task, rows in out["samples"].items()
    }
    return samples, out["results"]


@pytest.mark.parametrize("adapter", [False, True])
def test_lm_eval_gets_the_same_likelihoods_and_accuracies(study, adapter):
    folder, questions, names, tuned = study
    samples, results = harness(folder, names, adapter)
    rows = {
        (row.mode, row.rotation, row.question_id): row
        for row in answer_questions(tuned, questions, PLAN, tuned=adapter)
    }
    compared = 0
    for task in names:
        mode, rotation = (
            ("cloze", 0) if task.endswith("cloze") else ("digits", int(task.endswith("_r1")))
        )
        for question, scores in samples[task].items():
            ours = rows[mode, rotation, question]
            shown = [ours.scores[(place + rotation) % 4] for place in range(4)]
            assert scores == pytest.approx(shown, abs=1e-4)
            compared += 1
        ids = list(samples[task])
        assert results[task]["acc,none"] == pytest.approx(
            sum(rows[mode, rotation, i].is_correct for i in ids) / len(ids)
        )
        if mode == "cloze":
            assert results[task]["acc_norm,none"] == pytest.approx(
                sum(rows["cloze_mean", 0, i].is_correct for i in ids) / len(ids)
            )
    assert compared == 8 * 3


def test_lm_eval_s_chat_template_is_ours(study):
    folder, questions, _names, tuned = study
    template = "{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}[reply] {% endif %}"
    chatty = type(tuned.tokenizer).from_pretrained(folder / "base")
    chatty.chat_template = template
    chatty.save_pretrained(folder / "base")
    try:
        name = "book2lora_same_fact_digits"
        samples, _ = harness(folder, [name], False, apply_chat_template=True)
    finally:
        tuned.tokenizer.save_pretrained(folder / "base")
        (folder / "base" / "chat_template.jinja").unlink()
    ours = answer_questions(
        LoadedModel(base_of(tuned).model, chatty), questions[:5], EvaluationPlan(modes=("digits",))
    )
    assert [samples[name][row.question_id] for row in ours] == [
        pytest.approx(row.scores, abs=1e-4) for row in ours
    ]


def test_every_question_is_in_the_folder_once_and_readable(study):
    folder, questions, names, _ = study
    assert names == [
        f"book2lora_{title}_{task}"
        for title in ("same_fact", "new_fact")
        for task in ("cloze", "digits", "digits_r1")
    ]
    lines = [
        *(folder / "tasks" / "same_fact.jsonl").open(encoding="utf-8"),
        *(folder / "tasks" / "new_fact.jsonl").open(encoding="utf-8"),
    ]
    assert len(lines) == len(questions)
    assert "آپاندیسیت" in "".join(lines)
