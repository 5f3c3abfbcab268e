"""A stage whose version is raised by hand gives what its version gave: else kept results would tell an old story."""

import json
from typing import Any

import pytest
from support.golden_outputs import FILE, compute_golden_outputs

from tasks import stages
from tasks.engine.stage import Stage

KEPT = json.loads(FILE.read_text("utf-8"))
REMEDY = (
    "it gives something else than version {} did: raise its version in tasks/stages.py, and write the"
    " outputs anew: python tests/support/golden_outputs.py"
)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    made = compute_golden_outputs(tmp_path_factory.mktemp("golden"))
    return json.loads(json.dumps(made))  # type: ignore[no-any-return]


def flatten(value: Any) -> list[Any]:
    return [x for part in value for x in flatten(part)] if isinstance(value, list) else [value]


def pick_numbers(value: Any) -> list[float]:
    return [x for x in flatten(value) if isinstance(x, float)]


@pytest.mark.parametrize("name", KEPT)
def test_a_stage_gives_what_its_version_gave(found: dict[str, Any], name: str) -> None:
    stage = getattr(stages, name)
    assert stage.version == KEPT[name]["version"], "write the outputs of the new version"
    numbers, before = pick_numbers(found[name]), pick_numbers(KEPT[name]["output"])
    told = REMEDY.format(stage.version)
    assert len(numbers) == len(before), told
    # Another machine's arithmetic moves the fourth digit; a change of what is computed, the first ones.
    assert numbers == pytest.approx(before, rel=5e-3, abs=5e-3), told
    words = [x for x in flatten(found[name]) if not isinstance(x, float)]
    assert words == [x for x in flatten(KEPT[name]["output"]) if not isinstance(x, float)], told


def test_every_stage_with_few_sources_has_its_outputs_kept() -> None:
    by_hand = {
        name
        for name in stages.list_stages()
        if isinstance(one := getattr(stages, name), Stage) and one._sources is not None
    }
    paid = {"generate_drafts"}  # what a server writes is kept by its requests, not by our code
    built = {"prepare_base"}  # all of its code is among its sources
    assert by_hand - paid - built == set(KEPT)
