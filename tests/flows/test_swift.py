"""Imports are not searched for garbage, and the search is on again afterwards."""

import gc

import pytest

from flows.swift import importing


@pytest.fixture(autouse=True)
def thawed():
    yield
    gc.enable()
    gc.unfreeze()


def test_garbage_is_not_looked_for_inside_and_never_among_what_was_made_there():
    with importing():
        assert not gc.isenabled()
        made: list[object] = []
        made.append(made)
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    assert all(one is not made for one in gc.get_objects())


def test_an_import_that_fails_leaves_the_search_on():
    with pytest.raises(ZeroDivisionError), importing():
        _ = 1 / 0
    assert gc.isenabled()
