"""What a study leaves is read by plain peft, transformers and datasets, in a process that knows nothing of this program."""

import json
import os
import subprocess
import sys

PLAIN = """
import sys
import torch
from datasets import load_dataset
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

base, study = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(base)
model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), f"{study}/adapter").eval()
pairs, questions = load_dataset(f"{study}/dataset", "pairs"), load_dataset(f"{study}/dataset", "questions")
asked = tokenizer(questions["same_fact"][0]["question"], return_tensors="pt")["input_ids"]
with torch.no_grad():
    tuned = model(input_ids=asked).logits
    with model.disable_adapter():
        apart = (tuned - model(input_ids=asked).logits).abs().max().item()
assert not [name for name in sys.modules if name.split(".")[0] in ("tasks", "flows", "deployments")]
print(apart, len(pairs["train"]), sum(len(rows) for rows in questions.values()))
"""


def test_plain_peft_loads_the_adapter_and_plain_datasets_the_items(finished, tmp_path):
    study = finished.store / "studies" / "small"
    told = json.loads((study / "study.json").read_text("utf-8"))
    reader = tmp_path / "plain.py"
    reader.write_text(PLAIN, "utf-8")
    environment = {
        "HF_HOME": str(tmp_path / "cache"),
        "HF_HUB_OFFLINE": "1",
        "PATH": os.environ["PATH"],
    }
    command = [
        sys.executable,
        "-I",
        str(reader),
        told["artifacts"]["checkpoint"]["path"],
        str(study),
    ]
    found = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    apart, pairs, questions = found.stdout.split()
    assert float(apart) > 0, "the adapter changes what the model says"
    assert int(pairs) == told["counts"]["pairs"]
    assert int(questions) == sum(
        number for name, number in told["counts"].items() if name.startswith("questions_")
    )
