"""The three-way merge of a registration, case by case."""

import pytest

from deployments.field_merge import compute_field_digest, merge_fields

OLD, OURS, THEIRS = {"epochs": 5}, {"epochs": 6}, {"epochs": 9}
LAST = {"plan": compute_field_digest(OLD)}


@pytest.mark.parametrize(
    ("present", "recorded", "changed", "kept"),
    [
        ({"plan": OLD}, LAST, {"plan": OURS}, ()),  # nobody touched it: our new one
        ({"plan": THEIRS}, LAST, {}, ("plan",)),  # changed by hand
        ({"plan": OURS}, LAST, {}, ()),  # already there
        ({}, LAST, {}, ("plan",)),  # removed by hand
        ({}, {}, {"plan": OURS}, ()),  # new in our files
        ({"plan": OLD}, None, {}, ("plan",)),  # of a version that remembered nothing
        ({}, None, {}, ("plan",)),
        ({"plan": THEIRS}, {}, {}, ("plan",)),  # somebody added it before we did
    ],
)
def test_a_field_is_changed_only_where_it_is_as_it_was_registered(present, recorded, changed, kept):
    merged = merge_fields({"plan": OURS}, present, recorded)
    assert (merged.changed, merged.kept) == (changed, kept)


def test_what_is_kept_stays_kept_at_the_next_registration_and_the_one_after():
    present, recorded = {"plan": THEIRS}, None
    for _ in range(3):
        merged = merge_fields({"plan": OURS}, present, recorded)
        assert merged.kept == ("plan",)
        recorded = merged.record


def test_what_is_put_back_by_hand_is_ours_again():
    recorded = merge_fields({"plan": OURS}, {"plan": THEIRS}, LAST).record
    assert merge_fields({"plan": OURS}, {"plan": OLD}, recorded).changed == {"plan": OURS}


def test_a_field_removed_by_hand_is_not_made_again_later():
    recorded = merge_fields({"plan": OURS}, {}, LAST).record
    assert not merge_fields({"plan": OURS}, {}, recorded).changed


def test_some_fields_are_ours_whatever_is_there():
    merged = merge_fields({"entrypoint": "a"}, {"entrypoint": "b"}, None, {"entrypoint"})
    assert merged.changed == {"entrypoint": "a"}


def test_the_order_of_keys_is_no_change():
    assert compute_field_digest({"a": 1, "b": [2]}) == compute_field_digest({"b": [2], "a": 1})
    assert compute_field_digest({"a": 1}) != compute_field_digest({"a": 2})
