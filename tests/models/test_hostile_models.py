"""Headers, indexes and configurations of any content end in a model or in one sentence, within a gibibyte and half a minute."""

import json
import random
import resource
import struct
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.models import scoring_models

from tasks.models.gguf.gguf_reading import read_gguf_config, read_gguf_header
from tasks.models.model_config import read_config
from tasks.models.model_hub import explain_missing_base
from tasks.models.weight_check import refuse_damaged_model
from tasks.models.weight_files import list_weight_files, read_headers
from tasks.schemas.errors import PlanError
from tasks.schemas.plan_sections import BasePlan

ODD = st.one_of(
    st.sampled_from([0, -1, 7, 2**31, 2**63, 10**30, 0.5, 1e308, "", "evil", "../x", None, True, [], {}, [[]]]),
    st.text(max_size=6),
    st.integers(),
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place, loaded = tmp_path_factory.mktemp("base"), scoring_models.make_base_model()
    loaded.model.save_pretrained(place)
    loaded.tokenizer.save_pretrained(place)
    return place


@pytest.fixture(scope="module", autouse=True)
def budgets():
    """Of the whole module."""
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**20  # kB
    assert time.process_time() - start < 60  # seconds; 15 where the machine is idle


def keep_files(*files):
    return {file: file.read_bytes() for file in files}


def put_back(kept) -> None:
    for file, content in kept.items():
        file.write_bytes(content)


def is_told(work, *given) -> None:
    """It ends, or is refused in a short sentence of ours."""
    try:
        work(*given)
    except PlanError as refused:
        assert 10 < len(str(refused)) < 2500


@given(st.data())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_configuration_is_a_model_s_or_told(folder, data):
    kept = keep_files(folder / "config.json")
    content = json.loads((folder / "config.json").read_text("utf-8"))
    for name in data.draw(st.lists(st.sampled_from(sorted(content)), min_size=1, max_size=2)):
        content[name] = data.draw(ODD)
    try:
        (folder / "config.json").write_text(json.dumps(content), "utf-8")
        is_told(refuse_damaged_model, folder)
    finally:
        put_back(kept)


@given(
    st.one_of(
        st.binary(max_size=60),
        st.recursive(ODD, st.lists, max_leaves=4).map(lambda v: json.dumps(v).encode()),
    )
)
@settings(max_examples=40, deadline=None)
def test_any_file_in_the_place_of_a_configuration_is_told(folder, content):
    kept = keep_files(folder / "config.json")
    try:
        (folder / "config.json").write_bytes(content)
        with pytest.raises(PlanError):
            read_config(folder)
    finally:
        put_back(kept)


@given(
    st.one_of(
        st.binary(max_size=40),
        st.dictionaries(
            st.sampled_from(["weight_map", "metadata"]),
            st.dictionaries(st.text(max_size=4), ODD) | ODD,
        ).map(lambda v: json.dumps(v).encode()),
    )
)
@settings(max_examples=60, deadline=None)
def test_any_index_is_read_or_told(tmp_path_factory, content):
    place = tmp_path_factory.getbasetemp() / "indexed"
    place.mkdir(exist_ok=True)
    (place / "model.safetensors.index.json").write_bytes(content)
    is_told(lambda: read_headers(list_weight_files(place)))


def build_safetensors(header: bytes, length: int | None = None, body: bytes = bytes(64)) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header + body


TENSOR = st.fixed_dictionaries(
    {},
    optional={
        "dtype": st.sampled_from(["F32", "F4", "I64", "", 3, None]),
        "shape": st.lists(st.sampled_from([0, 1, 4, -1, 2**40, 2**63]), max_size=4) | ODD,
        "data_offsets": st.lists(st.sampled_from([0, 16, 64, -1, 2**63]), max_size=3) | ODD,
    },
)


@given(
    st.one_of(
        st.binary(max_size=60),
        st.dictionaries(st.sampled_from(["a", "b", "__metadata__"]), TENSOR | ODD).map(
            lambda v: json.dumps(v).encode()
        ),
    ),
    st.sampled_from([None, 0, 7, 2**31, 2**63]),
)
@settings(max_examples=100, deadline=None)
def test_any_header_of_safetensors_is_read_or_told(tmp_path_factory, header, length):
    file = tmp_path_factory.getbasetemp() / "any.safetensors"
    file.write_bytes(build_safetensors(header, length))
    is_told(read_headers, [file])


def build_gguf(tensors: int, values: int, rest: bytes, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, values) + rest


def build_gguf_text(text: bytes, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(text) if length is None else length) + text


GGUF_PARTS = st.sampled_from(
    [build_gguf_text(name) for name in (b"general.architecture", b"llama", b"llama.block_count", b"general.alignment", b"", b"\xff")]
    + [build_gguf_text(b"x", length) for length in (2**31, 2**62, 2**64 - 1)]
    + [struct.pack("<I", kind) for kind in (4, 8, 9, 12, 13, 99)]
    + [struct.pack("<Q", number) for number in (0, 1, 2**31, 2**63)]
)  # fmt: skip
COUNTS = st.sampled_from([0, 1, 3, 2**31, 2**63])


@given(
    COUNTS,
    COUNTS,
    st.lists(GGUF_PARTS, max_size=12).map(b"".join),
    st.sampled_from([3, 2, 1, 0, 2**31]),
)
@settings(max_examples=100, deadline=None)
def test_any_header_of_a_gguf_file_is_read_or_told(
    tmp_path_factory, tensors, values, rest, version
):
    file = tmp_path_factory.getbasetemp() / "any.gguf"
    file.write_bytes(build_gguf(tensors, values, rest, version))
    is_told(read_gguf_header, file)
    is_told(read_gguf_config, file)


NESTED_LISTS = struct.pack("<IQ", 9, 1) * 3000
HOSTILE_GGUF = {
    "a text of 2^62 bytes": build_gguf(0, 1, build_gguf_text(b"x", 2**62)),
    "2^63 values": build_gguf(0, 2**63 - 1, b""),
    "2^40 tensors": build_gguf(2**40, 0, b""),
    "a list of 2^40": build_gguf(0, 1, build_gguf_text(b"k") + struct.pack("<IIQ", 9, 4, 2**40)),
    "lists in lists": build_gguf(0, 1, build_gguf_text(b"k") + struct.pack("<I", 9) + NESTED_LISTS),
    "200,000 empty names": build_gguf(0, 200_000, (build_gguf_text(b"") + struct.pack("<II", 4, 0)) * 200_000),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_GGUF)
def test_a_hostile_gguf_file_is_told(name, tmp_path):
    file = tmp_path / "hostile.gguf"
    file.write_bytes(HOSTILE_GGUF[name])
    told = explain_missing_base(BasePlan(model=str(file)))
    assert told is not None and len(str(told)) < 2500


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(300))
def test_bytes_changed_anywhere_in_a_model_s_folder_are_told(folder, seed):
    chance = random.Random(seed)
    file = chance.choice(
        [folder / "config.json", folder / "model.safetensors", folder / "tokenizer.json"]
    )
    kept, whole = keep_files(file), bytearray(file.read_bytes())
    for _ in range(chance.choice([1, 10])):
        whole[chance.randrange(min(len(whole), 4000))] = chance.randrange(256)
    try:
        file.write_bytes(bytes(whole))
        is_told(lambda: explain_missing_base(BasePlan(model=str(folder))))
    finally:
        put_back(kept)
