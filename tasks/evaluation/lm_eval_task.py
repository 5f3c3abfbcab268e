"""The study's questions as tasks of lm-evaluation-harness, so that anyone can check our scores with
it.

lm_eval --include_path FOLDER --tasks book2lora --model hf --model_args
pretrained=BASE,peft=ADAPTER,dtype=float32 --device cpu
"""

import json
import re
from pathlib import Path
from string import Template
from typing import Any

import yaml

from tasks.evaluation.eval_requests import get_prompt_builder
from tasks.schemas.item_rows import Question
from tasks.schemas.plan_sections import EvaluationPlan

TASK_GROUP = "book2lora"
_READER_SOURCE = '''"""Read a set of questions that lies beside this file."""

from pathlib import Path

import datasets


def load(file: str, **_):
    rows = datasets.Dataset.from_json(str(Path(__file__).parent / file))
    return {"test": rows}
'''
_YAML_TEMPLATE = Template("""custom_dataset: !function reader.load
$rest""")
_README_TEMPLATE = """# The questions of a book2lora study as tasks of lm-evaluation-harness

    lm_eval --include_path . --tasks {group} --model hf --device cpu \\
        --model_args pretrained=BASE,dtype=float32
    lm_eval --include_path . --tasks {group} --model hf --device cpu \\
        --model_args pretrained=BASE,peft=ADAPTER,dtype=float32

Tasks: {tasks}.

* `digits`: log-likelihood of the numbers of the options after the exam's paper; `_r1` to `_r3` show
  the options rotated. `acc` is our mode `digits`.
* `cloze`: log-likelihood of the options' texts after the training text's frame. `acc` is our mode
  `cloze`, `acc_norm` our `cloze_mean`.
* Add `--apply_chat_template` to check `digits` of a model whose tokenizer has a chat template
  (book2lora uses it unless the plan says `evaluation.chat: off`); check `cloze` without it.
* Compare in float32: in bfloat16 the sums differ by 0.1 to 0.2 nats through the shape of the
  batches alone.
* Compare models whose vocabulary is as long as their tokenizer's: with `peft=` the harness cuts
  longer ones, and then normalises differently.
"""


def write_task_folder(
    folder: Path, sets: dict[str, list[Question]], plan: EvaluationPlan, language: str = "fa"
) -> list[str]:
    """Write the task folder; the names of its tasks come back."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reader.py").write_text(_READER_SOURCE, "utf-8")
    names = [
        name
        for title, questions in sets.items()
        if questions
        for name in _write_set(folder, _make_safe_name(title), questions, plan, language)
    ]
    group = {"group": TASK_GROUP, "task": names}
    (folder / f"{TASK_GROUP}.yaml").write_text(yaml.safe_dump(group, sort_keys=False), "utf-8")
    (folder / "README.md").write_text(
        _README_TEMPLATE.format(group=TASK_GROUP, tasks=", ".join(f"`{name}`" for name in names)),
        "utf-8",
    )
    return names


def _make_safe_name(title: str) -> str:
    return re.sub(r"\W+", "_", title)


def _write_set(
    folder: Path, title: str, questions: list[Question], plan: EvaluationPlan, language: str
) -> list[str]:
    """One file of rows, one task for cloze and one for each rotation of digits."""
    rows = [_build_question_row(question, plan, language) for question in questions]
    (folder / f"{title}.jsonl").write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8"
    )
    tasks = [_build_task(title, "cloze", "cloze", "options", "key")]
    for rotation in range(plan.rotations):
        name = "digits" + f"_r{rotation}" * bool(rotation)
        tasks.append(_build_task(title, name, f"paper_{rotation}", "numerals", f"key_{rotation}"))
    for task in tasks:
        text = _YAML_TEMPLATE.substitute(
            rest=yaml.safe_dump(task, sort_keys=False, allow_unicode=True)
        )
        (folder / f"{task['task']}.yaml").write_text(text, "utf-8")
    return [str(task["task"]) for task in tasks]


def _build_question_row(question: Question, plan: EvaluationPlan, language: str) -> dict[str, Any]:
    words = get_prompt_builder(plan, language)
    row: dict[str, Any] = {
        "id": question.id,
        "options": list(question.options),
        "numerals": list(words.numerals),
    }
    row |= {"cloze": words.build_cloze_prompt(question), "key": question.answer - 1}
    for rotation in range(plan.rotations):
        row[f"paper_{rotation}"] = words.build_prompt(question, rotation)
        row[f"key_{rotation}"] = (
            question.answer - 1 - rotation
        ) % 4  # the place where the key is shown
    return row


def _build_task(title: str, name: str, text: str, choices: str, key: str) -> dict[str, Any]:
    return {
        "task": f"{TASK_GROUP}_{title}_{name}",
        "dataset_kwargs": {"file": f"{title}.jsonl"},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": text,
        "doc_to_choice": choices,
        "doc_to_target": key,
        "metric_list": [
            {"metric": metric, "aggregation": "mean", "higher_is_better": True}
            for metric in ("acc", "acc_norm")
        ],
        "metadata": {"version": 1.0},
    }
