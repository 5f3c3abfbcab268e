"""Pairs and questions leave as sets that plain `datasets` reads, in a process that knows nothing of this program."""

import subprocess
import sys

from support.models import small_llama

from tasks.finetuning.hf_dataset import write_hf_dataset
from tasks.schemas.item_rows import Question, Quote

READ = """
import sys
from datasets import get_dataset_config_names, load_dataset

folder = sys.argv[1]
assert sorted(get_dataset_config_names(folder)) == ["pairs", "questions"]
pairs, questions = load_dataset(folder, "pairs"), load_dataset(folder, "questions")
assert {name: len(rows) for name, rows in pairs.items()} == {"train": 20, "held_out": 3}
assert {name: len(rows) for name, rows in questions.items()} == {"same_fact": 2}
first = questions["same_fact"][0]
assert first["options"] == ["نقرس", "میگرن", "سل ریوی", "آپاندیسیت"] and first["answer"] == 3
assert first["quote"]["page"] == 12 and questions["same_fact"][1]["quote"] is None
assert "کم\\u200cخونی فقر آهن" in pairs["train"]["diagnosis"]
assert not [name for name in sys.modules if name.split(".")[0] in ("tasks", "flows")]
"""


def question(name: str, quote: Quote | None) -> Question:
    return Question(
        id=name,
        fact="x",
        question="کدام؟",
        options=("نقرس", "میگرن", "سل ریوی", "آپاندیسیت"),
        answer=3,
        quote=quote,
    )


def test_plain_datasets_reads_the_exported_sets(tmp_path):
    quote = Quote(passage_id="p012-03", page=12, start=0, end=4, text="سل ریوی")
    questions = [question("q1", quote), question("q2", None)]
    write_hf_dataset(
        {"train": small_llama.make_pairs(20), "held_out": small_llama.make_pairs(3, 50)},
        {"same_fact": questions, "new_fact": []},
        tmp_path / "sets",
    )
    reader = tmp_path / "read.py"
    reader.write_text(READ, "utf-8")
    cache = {"HF_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1", "PATH": ""}
    found = subprocess.run(
        [sys.executable, "-I", str(reader), str(tmp_path / "sets")],
        env=cache,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr
    assert "| questions | new_fact | 0 |" in (tmp_path / "sets" / "README.md").read_text(
        "utf-8"
    )  # empty, and said so
    assert "نقرس" in (tmp_path / "sets" / "questions" / "same_fact.jsonl").read_text(
        "utf-8"
    )  # readable, not escaped
