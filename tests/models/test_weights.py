"""Models are found in folders, in the cache and on the hub, or refused with the remedy."""

import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from support.models import small_llama

from tasks.models import model_hub
from tasks.models.loading import load_model
from tasks.models.model_hub import explain_missing_base, resolve_base_model
from tasks.schemas.errors import PlanError
from tasks.schemas.plan_sections import BasePlan

IDS = torch.tensor([[5, 9, 20, 31]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("models") / "mine"
    small_llama.save_checkpoint(place)
    return place


def test_a_folder_is_told_by_its_content(folder, tmp_path):
    plan = BasePlan(model=str(folder))
    first = resolve_base_model(plan)
    assert (first.name, first.source, explain_missing_base(plan)) == ("mine", str(folder), None)
    copied = shutil.copytree(folder, tmp_path / "elsewhere" / "mine")
    assert resolve_base_model(BasePlan(model=str(copied))).digest == first.digest
    small_llama.save_checkpoint(copied, seed=1)
    assert resolve_base_model(BasePlan(model=str(copied))).digest != first.digest


@pytest.mark.parametrize(
    ("gone", "put", "said"),
    [
        ("model.safetensors", None, "lacks model.safetensors; save the model there"),
        (
            "model.safetensors",
            "pytorch_model.bin",
            r"lacks model.safetensors \(pytorch_model.bin is not read: pickled weights can run code\)",
        ),
        ("config.json", None, "lacks config.json"),
        ("tokenizer.json", None, "lacks a tokenizer"),
    ],
)
def test_what_a_folder_lacks_is_named(folder, tmp_path, gone, put, said):
    copied = shutil.copytree(folder, tmp_path / "mine")
    (copied / gone).unlink()
    if put:
        (copied / put).write_bytes(b"pickle")
    with pytest.raises(PlanError, match=said):
        resolve_base_model(BasePlan(model=str(copied)))
    assert explain_missing_base(BasePlan(model=str(copied)))


def test_a_missing_shard_is_named(folder, tmp_path):
    copied = shutil.copytree(folder, tmp_path / "mine")
    (copied / "model.safetensors").rename(copied / "model-00001-of-00002.safetensors")
    index = {
        "weight_map": {
            "a": "model-00001-of-00002.safetensors",
            "b": "model-00002-of-00002.safetensors",
        }
    }
    (copied / "model.safetensors.index.json").write_text(json.dumps(index))
    assert str(explain_missing_base(BasePlan(model=str(copied)))).endswith(
        "lacks model-00002-of-00002.safetensors; save the model there with save_pretrained."
    )


def test_without_network_or_cache_the_sentence_says_what_and_how():
    said = str(explain_missing_base(BasePlan(model="unsloth/Llama-3.2-1B")))
    assert said.startswith(
        "unsloth/Llama-3.2-1B: no weights in the local cache and the hub did not answer"
    )
    assert "hf download unsloth/Llama-3.2-1B" in said
    with pytest.raises(PlanError, match="no weights in the local cache"):
        resolve_base_model(BasePlan(model="unsloth/Llama-3.2-1B"))


@pytest.mark.parametrize("model", ["./nowhere", "/no/such/folder", "a/b/c"])
def test_a_path_that_is_no_folder_is_not_looked_for_on_the_hub(model):
    assert "is not a folder" in str(explain_missing_base(BasePlan(model=model)))


def test_a_name_that_cannot_be_on_the_hub_is_refused():
    assert "neither a folder nor a name on the hub" in str(
        explain_missing_base(BasePlan(model="a b"))
    )


def test_the_tiny_model_is_never_missing():
    assert explain_missing_base(BasePlan()) is None


@pytest.fixture
def hub(monkeypatch):
    """A hub on this machine that answers every model with one status."""
    answers = {"status": 404, "body": b"{}", "headers": {}}

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(answers["status"])
            for name, value in answers["headers"].items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answers["body"])))
            self.end_headers()
            self.wfile.write(answers["body"])

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"

    class Api(model_hub.HfApi):
        def __init__(self):
            super().__init__(endpoint=address)

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(model_hub, "HfApi", Api)
    yield answers
    server.shutdown()


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (404, "RepoNotFound", "the hub has no such model"),
        (403, "GatedRepo", "its licence must be accepted on the hub first"),
        (404, "RevisionNotFound", "the hub has no revision 'abc'"),
        (503, "", "the hub did not answer"),
    ],
)
def test_what_the_hub_answers_becomes_a_remedy(hub, status, code, said):
    hub.update(status=status, headers={"X-Error-Code": code})
    assert said in str(explain_missing_base(BasePlan(model="someone/model", revision="abc")))


def test_a_hub_model_with_pickled_weights_only_is_refused(hub):
    body = {
        "id": "someone/model",
        "sha": "a" * 40,
        "siblings": [{"rfilename": "pytorch_model.bin"}],
    }
    hub.update(
        status=200, body=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    assert "it has no safetensors" in str(explain_missing_base(BasePlan(model="someone/model")))
    body["siblings"].append({"rfilename": "model.safetensors"})
    hub.update(body=json.dumps(body).encode())
    assert explain_missing_base(BasePlan(model="someone/model")) is None


def test_a_snapshot_in_the_cache_needs_no_hub(folder, tmp_path, monkeypatch):
    commit = "0123456789abcdef" * 2 + "01234567"
    place = tmp_path / "hub" / "models--someone--model"
    shutil.copytree(folder, place / "snapshots" / commit)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(commit)
    real = model_hub.snapshot_download
    monkeypatch.setattr(
        model_hub,
        "snapshot_download",
        lambda *args, **more: real(*args, cache_dir=tmp_path / "hub", **more),
    )
    assert explain_missing_base(BasePlan(model="someone/model")) is None
    found = resolve_base_model(BasePlan(model="someone/model"))
    assert (found.name, found.digest) == ("someone/model", commit[:16])
    torch.testing.assert_close(
        load_model(found, small_llama.CPU).model(IDS).logits, small_llama.make_model()(IDS).logits
    )
