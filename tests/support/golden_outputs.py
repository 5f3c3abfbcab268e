"""What the stages with a version by hand give for fixed inputs; `python tests/support/golden_outputs.py` writes it anew.

These stages cost hours or money, so a kept result stays good until somebody raises their version; a
change of their code that changes what they give must not stay unseen.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # called as a program
    sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from support.models import small_llama
from tasks.evaluation.effects.aided_questions import answer_with_aids, choose_passages
from tasks.evaluation.effects.everyday_answers import answer_everyday_questions
from tasks.evaluation.evaluate import answer_questions
from tasks.evaluation.screening import screen_with_model
from tasks.finetuning.fit import fit_adapter
from tasks.finetuning.model_diff import measure_model_changes
from tasks.models.loading import load_model
from tasks.schemas.item_rows import Passage, Question, Quote
from tasks.schemas.plan_sections import EvaluationPlan
from tasks.schemas.result_rows import Answer

FILE = Path(__file__).with_name("golden_outputs.json")
PAIRS, HELD_OUT = small_llama.make_pairs(16), small_llama.make_pairs(4, 50)
PASSAGE = Passage(
    id="p1", chapter="", section="", heading="", page=1, text="درد مفصل نشانهٔ نقرس است."
)


def make_golden_questions() -> list[Question]:
    """Six questions whose keys stand in all four places."""
    ills, signs = small_llama.DISEASES, small_llama.SIGNS
    quote = Quote(passage_id="p1", page=1, text=PASSAGE.text, start=0, end=len(PASSAGE.text))
    return [
        Question(
            id=f"q{i}",
            fact=ills[i % 7],
            question=f"کدام بیماری با {signs[i % 8]} و {signs[(i + 3) % 8]} دیده می‌شود؟",
            options=tuple(ills[(i + k) % 7] for k in range(4)),  # type: ignore[arg-type]
            answer=i % 4 + 1,
            quote=quote,
        )
        for i in range(6)
    ]


def compute_golden_outputs(folder: Path) -> dict[str, Any]:
    """The outputs by stage; numbers as they come."""
    base = small_llama.save_checkpoint(folder / "base")
    done = fit_adapter(
        base,
        PAIRS,
        HELD_OUT,
        small_llama.PLAN,
        language="fa",
        machine=small_llama.CPU,
        folder=folder / "adapter",
        scratch=folder / "scratch",
    )
    probe = measure_model_changes(
        base,
        folder / "adapter",
        PAIRS,
        HELD_OUT,
        book_texts=[PASSAGE.text],
        plan=small_llama.PLAN,
        language="fa",
        machine=small_llama.CPU,
    )
    exam = EvaluationPlan(
        modes=("generate", "digits", "cloze", "cloze_mean", "cloze_prior"), rotations=2
    )
    questions, loaded = make_golden_questions(), load_model(base, small_llama.CPU)
    screened = screen_with_model(
        loaded,
        questions,
        [PASSAGE],
        EvaluationPlan(),
        language="fa",
        machine=small_llama.CPU,
        mode="digits",
    )
    everyday = answer_everyday_questions(loaded, "fa", small_llama.CPU)
    aids = choose_passages(questions, [PASSAGE], 2)
    aided = answer_with_aids(
        loaded, questions, aids, EvaluationPlan(modes=("digits",)), machine=small_llama.CPU
    )
    answers = answer_questions(loaded, questions, exam, "fa", machine=small_llama.CPU)
    return {
        "finetune_adapter": [[s.split, s.step, s.loss, s.target_tokens] for s in done.steps],
        "probe_tuning": list(probe.model_dump().values()),
        "evaluate_model": [_shorten(answer) for answer in answers],
        "ask_everyday_questions": [_shorten(answer) for answer in everyday],
        "ask_with_aid": [aided.cut, *(_shorten(answer) for answer in aided.answers)],
        "screen_questions": [list(row.model_dump().values()) for row in screened],
    }


def _shorten(row: Answer) -> list[Any]:
    return [row.question_id, row.rotation, row.mode, row.said, row.predicted, *(row.scores or ())]


def main() -> None:
    """Write the file."""
    from tasks import stages

    with tempfile.TemporaryDirectory() as folder:
        found = compute_golden_outputs(Path(folder))
    kept = {
        name: {"version": getattr(stages, name).version, "output": found[name]} for name in found
    }
    lines = ",\n".join(
        f'"{name}": {json.dumps(one, ensure_ascii=False)}' for name, one in kept.items()
    )
    FILE.write_text("{\n" + lines + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()
