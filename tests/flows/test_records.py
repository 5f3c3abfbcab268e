"""Kept records are data: what names a serializer that runs code is refused, and its stage is done again."""

import base64
import json
import os
import pickle

import pytest


class Trap:
    """Unpickling it leaves a file behind."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __reduce__(self):
        return os.mkdir, (self.place,)


def pickled(place) -> str:
    return base64.encodebytes(pickle.dumps(Trap(str(place)))).decode()


FOREIGN = {
    "pickle": lambda place: {"metadata": {"serializer": {"type": "pickle", "picklelib": "pickle"}}, "result": pickled(place)},
    "no serializer": lambda place: {"metadata": {}, "result": pickled(place)},
    "the old form": lambda place: {"serializer": {"type": "pickle"}, "data": pickled(place)},
    "a decoder of its own": lambda place: {
        "metadata": {"serializer": {"type": "json", "object_decoder": "os.mkdir"}},
        "result": json.dumps({"digest": str(place)}),
    },
    "a class": lambda place: {
        "metadata": {"serializer": {"type": "json"}},
        "result": json.dumps({"__class__": "os.mkdir", "data": str(place)}),
    },
    "not JSON": lambda place: "\x80\x04nonsense",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_record_is_refused_and_its_stage_done_again(rerun, tmp_path, name):
    record = next((rerun.store / "results").glob("compare_answers/*"))
    sprung = tmp_path / "sprung"
    record.write_text(json.dumps(FOREIGN[name](sprung)), "utf-8")
    assert [stage for stage, how in rerun() if how == "done"] == ["compare_answers"]
    assert not sprung.exists()
    assert json.loads(record.read_text("utf-8"))["metadata"]["serializer"]["type"] == "json"


def test_the_trap_would_have_sprung(tmp_path):
    """The oracle of the test above: unpickled, it leaves its folder."""
    pickle.loads(base64.decodebytes(pickled(tmp_path / "sprung").encode()))
    assert (tmp_path / "sprung").exists()


def test_a_record_whose_form_is_another_is_done_again(rerun):
    record = next((rerun.store / "results").glob("compare_answers/*"))
    record.write_text(record.read_text("utf-8").replace("digest", "digset"), "utf-8")
    assert [stage for stage, how in rerun() if how == "done"] == ["compare_answers"]


def test_records_lie_in_the_store_where_only_their_owner_reads_them(rerun):
    assert (rerun.store / "results").stat().st_mode & 0o077 == 0
    assert list((rerun.store / "results").glob("write_report/*"))
