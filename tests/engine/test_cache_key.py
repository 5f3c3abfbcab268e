"""The same choices and contents, the same key, on any machine; anything else, another key."""

import pytest

from tasks.engine.cache_key import canonical_value, compute_stage_key
from tasks.schemas.machine import Machine
from tasks.schemas.plan import Lineage, StudyPlan
from tasks.schemas.plan_sections import FinetuningPlan, ReadingPlan
from tasks.store.artifacts import Book


def test_another_machine_has_the_same_key():
    assert compute_stage_key(
        "s", 1, {"plan": StudyPlan(), "machine": Machine()}
    ) == compute_stage_key("s", 1, {"plan": StudyPlan(), "machine": Machine(device="cuda")})


def test_another_plan_has_another_key():
    assert compute_stage_key("s", 1, {"plan": ReadingPlan()}) != compute_stage_key(
        "s", 1, {"plan": ReadingPlan(passage_characters=901)}
    )


def test_another_version_has_another_key():
    assert compute_stage_key("s", 1, {}) != compute_stage_key("s", 2, {})


def test_a_moved_book_has_the_same_key_and_a_changed_one_another():
    def key(path, digest):
        return compute_stage_key("s", 1, {"book": Book(path=path, digest=digest)})

    assert key("/a/book.pdf", "1") == key("/b/book.pdf", "1") != key("/a/book.pdf", "2")


def test_the_order_of_a_dictionary_does_not_matter():
    assert compute_stage_key("s", 1, {"a": {"x": 1, "y": 2}}) == compute_stage_key(
        "s", 1, {"a": {"y": 2, "x": 1}}
    )


def test_what_is_not_plain_data_is_refused_and_not_silently_never_found():
    with pytest.raises(TypeError, match="object"):
        canonical_value(object())


def test_every_choice_of_the_plan_changes_its_key_but_where_the_log_is_sent_and_where_it_comes_from():
    """Each single field of every group, moved to another value."""
    base = StudyPlan().model_dump(exclude={"lineage"})
    other = {
        int: lambda v: v + 1,
        float: lambda v: v * 0.5 + 0.01,
        bool: lambda v: not v,
        str: lambda v: v + "x",
        dict: lambda v: {} if v else {"x": 1},
        type(None): lambda v: 1,
        tuple: lambda v: (*v, "x"),
    }
    for group, choices in base.items():
        for name, value in (choices if isinstance(choices, dict) else {}).items():
            changed = {**base, group: {**choices, name: other[type(value)](value)}}
            plan = StudyPlan.model_construct(**dict(changed.items()))
            assert canonical_value(plan) != canonical_value(StudyPlan.model_construct(**base)), (
                f"{group}.{name}"
            )
    assert canonical_value(FinetuningPlan(report_to=("tensorboard",))) == canonical_value(
        FinetuningPlan()
    )
    assert canonical_value(StudyPlan(lineage=Lineage(predecessor="laptop"))) == canonical_value(
        StudyPlan()
    )


@pytest.mark.parametrize("name", ["laptop", "exercise", "recommended"])
def test_a_plan_that_went_through_a_deployment_is_the_same_plan(name):
    """Prefect's server hands parameters over as JSON: 32 comes back as 32.0."""
    import json

    from tasks.schemas.plan_file import load_plan

    plan = load_plan(name)
    returned = StudyPlan.model_validate(json.loads(json.dumps(plan.model_dump(mode="json"))))
    assert compute_stage_key("stage", 1, {"plan": returned}) == compute_stage_key(
        "stage", 1, {"plan": plan}
    )
