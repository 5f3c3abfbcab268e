"""Models are found, refused with the remedy, loaded once; base and tuned share their weights; the tiny one is built alike twice."""

import json
import math
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from finetuning import small
from hypothesis import given
from hypothesis import strategies as st
from peft import PeftModel

from tasks import llama, weights
from tasks.errors import MissingArtifact, NothingLeft, PlanError
from tasks.finetuning import lora
from tasks.llama import adapter_off, build_tiny, device_of, dtype_of, load, missing, resolve
from tasks.plan import BasePlan, Machine
from tasks.store import folder_digest
from tasks.tiny import train_tokenizer

HANDBOOK = [
    f"نشانه‌های {ill} عبارت‌اند از {sign} و {other}. It costs 12.5 mg."
    for ill in small.ILLS
    for sign in small.SIGNS
    for other in small.SIGNS[:3]
]
IDS = torch.tensor([[5, 9, 20, 31]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("models") / "mine"
    small.checkpoint(place)
    return place


@pytest.fixture
def adapter(tmp_path):
    model = lora.attach(small.model(), small.PLAN)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.constant_(parameter, 0.05)
    lora.save(model, tmp_path / "adapter", "mine", "card")
    return tmp_path / "adapter"


# --- the tiny model


def test_the_tiny_model_is_built_alike_twice_and_learns_the_text(tmp_path):
    told = []
    for name in ("a", "b"):
        build_tiny(HANDBOOK, BasePlan(steps=12), tmp_path / name, lambda done, total, note="": told.append((done, total, note)))
    assert folder_digest(tmp_path / "a") == folder_digest(tmp_path / "b")
    assert [(done, total) for done, total, _ in told] == [(10, 12), (12, 12)] * 2
    assert float(told[1][2].split()[1]) < 4.5 < math.log(len(train_tokenizer(HANDBOOK)))  # nats a token; a guess has the latter
    config = json.loads((tmp_path / "a" / "config.json").read_text())
    loaded = load(resolve(BasePlan(model=str(tmp_path / "a"))), small.CPU)
    assert config["vocab_size"] == len(loaded.tokenizer)  # a padded vocabulary would be normalised differently elsewhere


def test_another_seed_gives_another_tiny_model(tmp_path):
    for seed in (0, 1):
        build_tiny(HANDBOOK, BasePlan(steps=1, seed=seed), tmp_path / str(seed))
    assert folder_digest(tmp_path / "0") != folder_digest(tmp_path / "1")


def test_its_size_is_a_million():
    from transformers import LlamaForCausalLM

    from tasks.tiny import tiny_config

    class Sixteen:
        bos_token_id, eos_token_id = 0, 1

        def __len__(self):
            return 1600

    # embedding 1600·128 (tied), per layer 4·128² + 3·128·352 + 2·128, last norm 128
    assert sum(p.numel() for p in LlamaForCausalLM(tiny_config(Sixteen())).parameters()) == 204_800 + 4 * (65_536 + 135_168 + 256) + 128


def test_a_text_too_short_for_a_model_is_refused(tmp_path):
    with pytest.raises(NothingLeft, match="tokens, too few"):
        build_tiny(["سلام"], BasePlan(), tmp_path)


@pytest.fixture(scope="module")
def bpe():
    return train_tokenizer(HANDBOOK, 600)


@given(st.text(max_size=80))
def test_any_text_in_any_script_comes_back_unchanged(bpe, text):
    ids = bpe(text)["input_ids"]
    assert ids[0] == bpe.bos_token_id
    assert bpe.decode(ids[1:], clean_up_tokenization_spaces=False) == text or "<|" in text


@pytest.mark.parametrize("text", ["می‌شود نشانه‌های بیماری", "10⁹/L 12.5 mg", "日本語 हिन्दी ไทย", "a  b\n\n c\t"])
def test_half_spaces_digits_and_blanks_come_back(bpe, text):
    assert bpe.decode(bpe(text)["input_ids"][1:], clean_up_tokenization_spaces=False) == text


# --- finding


def test_a_folder_is_told_by_its_content(folder, tmp_path):
    plan = BasePlan(model=str(folder))
    first = resolve(plan)
    assert (first.name, first.source, missing(plan)) == ("mine", str(folder), None)
    copied = shutil.copytree(folder, tmp_path / "elsewhere" / "mine")
    assert resolve(BasePlan(model=str(copied))).digest == first.digest
    small.checkpoint(copied, seed=1)
    assert resolve(BasePlan(model=str(copied))).digest != first.digest


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
        resolve(BasePlan(model=str(copied)))
    assert missing(BasePlan(model=str(copied)))


def test_a_missing_shard_is_named(folder, tmp_path):
    copied = shutil.copytree(folder, tmp_path / "mine")
    (copied / "model.safetensors").rename(copied / "model-00001-of-00002.safetensors")
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (copied / "model.safetensors.index.json").write_text(json.dumps(index))
    assert missing(BasePlan(model=str(copied))).endswith(
        "lacks model-00002-of-00002.safetensors; save the model there with save_pretrained."
    )


def test_without_network_or_cache_the_sentence_says_what_and_how():
    said = missing(BasePlan(model="unsloth/Llama-3.2-1B"))
    assert said.startswith("unsloth/Llama-3.2-1B: no weights in the local cache and the hub did not answer")
    assert "hf download unsloth/Llama-3.2-1B" in said
    with pytest.raises(PlanError, match="no weights in the local cache"):
        resolve(BasePlan(model="unsloth/Llama-3.2-1B"))


@pytest.mark.parametrize("model", ["./nowhere", "/no/such/folder", "a/b/c"])
def test_a_path_that_is_no_folder_is_not_looked_for_on_the_hub(model):
    assert "is not a folder" in missing(BasePlan(model=model))


def test_a_name_that_cannot_be_on_the_hub_is_refused():
    assert "neither a folder nor a name on the hub" in missing(BasePlan(model="a b"))


def test_the_tiny_model_is_never_missing():
    assert missing(BasePlan()) is None


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

    class Api(weights.HfApi):
        def __init__(self):
            super().__init__(endpoint=address)

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(weights, "HfApi", Api)
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
    assert said in missing(BasePlan(model="someone/model", revision="abc"))


def test_a_hub_model_with_pickled_weights_only_is_refused(hub):
    body = {"id": "someone/model", "sha": "a" * 40, "siblings": [{"rfilename": "pytorch_model.bin"}]}
    hub.update(status=200, body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    assert "it has no safetensors" in missing(BasePlan(model="someone/model"))
    body["siblings"].append({"rfilename": "model.safetensors"})
    hub.update(body=json.dumps(body).encode())
    assert missing(BasePlan(model="someone/model")) is None


def test_a_snapshot_in_the_cache_needs_no_hub(folder, tmp_path, monkeypatch):
    commit = "0123456789abcdef" * 2 + "01234567"
    place = tmp_path / "hub" / "models--someone--model"
    shutil.copytree(folder, place / "snapshots" / commit)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(commit)
    real = weights.snapshot_download
    monkeypatch.setattr(weights, "snapshot_download", lambda *args, **more: real(*args, cache_dir=tmp_path / "hub", **more))
    assert missing(BasePlan(model="someone/model")) is None
    found = resolve(BasePlan(model="someone/model"))
    assert (found.name, found.digest) == ("someone/model", commit[:16])
    torch.testing.assert_close(load(found, small.CPU).model(IDS).logits, small.model()(IDS).logits)


# --- loading


def test_the_adapter_goes_off_and_on_and_never_shows_elsewhere(folder, adapter):
    checkpoint = resolve(BasePlan(model=str(folder)))
    base = load(checkpoint, small.CPU)
    tuned = load(checkpoint, small.CPU, adapter)
    wanted = small.model()(IDS).logits
    assert not torch.allclose(tuned.model(IDS).logits, wanted)
    with adapter_off(tuned):
        torch.testing.assert_close(tuned.model(IDS).logits, wanted)
    assert not torch.allclose(tuned.model(IDS).logits, wanted)
    torch.testing.assert_close(base.model(IDS).logits, wanted)  # loaded before: untouched
    with adapter_off(base):
        torch.testing.assert_close(base.model(IDS).logits, wanted)
    assert isinstance(tuned.model, PeftModel) and not tuned.model.training


def test_weights_are_read_once_and_shared(folder):
    checkpoint = resolve(BasePlan(model=str(folder)))
    llama._base.cache_clear()
    first, second = load(checkpoint, small.CPU), load(checkpoint, small.CPU)
    assert llama._base.cache_info().misses == 1
    assert first.model is not second.model
    assert all(a is b for a, b in zip(first.model.parameters(), second.model.parameters(), strict=True))


def test_a_model_that_was_replaced_or_removed_is_not_taken_for_the_one_that_was_found(folder, tmp_path):
    copied = shutil.copytree(folder, tmp_path / "mine")
    checkpoint = resolve(BasePlan(model=str(copied)))
    checkpoint.check()
    small.checkpoint(copied, seed=1)
    for use in (checkpoint.check, lambda: load(checkpoint, small.CPU)):  # a kept record is checked before it is believed
        with pytest.raises(MissingArtifact, match="holds another model than when the study began"):
            use()
    shutil.rmtree(copied)
    checkpoint.check()  # the machine that only writes the report need not have the model
    shutil.copytree(folder, copied)
    (copied / "config.json").unlink()
    with pytest.raises(MissingArtifact, match="holds another model"):
        load(checkpoint, small.CPU)


def test_a_folder_without_an_adapter_is_named(folder, tmp_path):
    with pytest.raises(MissingArtifact, match=r"holds no adapter_model\.safetensors"):
        load(resolve(BasePlan(model=str(folder))), small.CPU, tmp_path)


def test_code_that_comes_with_a_model_is_not_run(folder, tmp_path):
    copied = shutil.copytree(folder, tmp_path / "evil")
    config = json.loads((copied / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}}
    (copied / "config.json").write_text(json.dumps(config))
    (copied / "evil.py").write_text(f"import pathlib; pathlib.Path({str(tmp_path / 'ran')!r}).touch()")
    with pytest.raises((ValueError, PlanError)):
        load(resolve(BasePlan(model=str(copied))), small.CPU)
    assert not (tmp_path / "ran").exists()


def test_a_device_that_is_not_there_is_named():
    with pytest.raises(PlanError, match=r"machine\.device: 'tpu' is not here; there is .*cpu"):
        device_of(Machine(device="tpu"))
    assert device_of(Machine(device="cpu")) == "cpu"


def test_small_models_stay_in_float32_and_a_wish_is_kept():
    assert dtype_of("auto", "cpu", 1_000_000, "x") == torch.float32
    assert dtype_of("auto", "cuda", 1_000_000, "x") == torch.float32
    assert dtype_of("bfloat16", "cpu", 1_000_000, "x") == torch.bfloat16


def test_parameters_are_counted_from_the_headers(folder):
    assert llama.parameters_in(folder) == sum(p.numel() for p in small.model().parameters())
