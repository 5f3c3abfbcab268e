"""What each deterministic stage makes of the handbook, by digest. A changed output needs a new VERSION, or old results would be believed.

Record the new digests, after the version was raised, with:  python tests/test_stage_versions.py
"""

import importlib
import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden" / "stages.json"
STAGES = ("reading", "generation", "validation")


def made() -> dict[str, dict[str, object]]:
    """Version and digest of each stage's output, one stage feeding the next as in the study."""
    from flows.readiness import enlarged
    from tasks.artifacts import Drafts
    from tasks.generation.rule_writer import write
    from tasks.generation.writer import share_out
    from tasks.groups import BookText, Splits
    from tasks.plan import StudyPlan
    from tasks.reading.pdf import read
    from tasks.validation.asked import wanted
    from tasks.validation.gate import validate

    plan = StudyPlan()
    scan = read(ROOT / plan.book, plan.reading, plan.language)
    text = BookText.save(scan.passages, scan.pages)
    quotas = share_out({chapter.digest: chapter.load() for chapter in text.chapters}, enlarged(plan))
    drafts = [draft for c in text.chapters for draft in write(c.load(), quotas[c.digest], plan.generation, plan.language)]
    splits = Splits.save(*validate(drafts, text.passages(), plan.validation, plan.language, wanted(plan.generation)))
    outputs = {"reading": [c.digest for c in text.chapters], "generation": Drafts.save(drafts).digest, "validation": splits.model_dump()}
    return {stage: {"version": importlib.import_module(f"tasks.{stage}").VERSION, "output": outputs[stage]} for stage in STAGES}


@pytest.fixture(scope="module")
def now(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNS_DIR", str(tmp_path_factory.mktemp("versions")))
        return json.loads(json.dumps(made()))


@pytest.mark.parametrize("stage", STAGES)
def test_a_changed_output_has_a_new_version(now, stage):
    golden = json.loads(GOLDEN.read_text("utf-8"))[stage]
    if now[stage]["output"] != golden["output"]:
        assert now[stage]["version"] != golden["version"], (
            f"the output of {stage} on the handbook changed: raise VERSION in tasks/{stage}/__init__.py, then record it with: python {Path(__file__).name}"
        )
        pytest.fail(f"{stage} has a new version; record its output with: python tests/{Path(__file__).name}")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ["RUNS_DIR"] = tempfile.mkdtemp()
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(json.dumps(made(), indent=1, ensure_ascii=False) + "\n", "utf-8")
