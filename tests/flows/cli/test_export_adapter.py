"""`book2lora export` gives a study's adapter away, merged or as it is, and only when asked."""

import json
import os

import pytest
import torch
from support.models import small_llama
from transformers import AutoModelForCausalLM

from flows.cli.export_adapter import export
from tasks.finetuning import lora
from tasks.models.loading import load_model
from tasks.models.model_hub import resolve_base_model
from tasks.schemas.errors import MissingArtifact, PlanError
from tasks.schemas.plan_sections import BasePlan


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study folder as far as export reads it, beside the base model that it names."""
    monkeypatch.setenv("RUNS_DIR", str(tmp_path / "runs"))
    base = small_llama.save_checkpoint(tmp_path / "base")
    folder = tmp_path / "runs" / "studies" / "mine"
    folder.mkdir(parents=True)
    model = lora.attach_fresh_adapter(small_llama.make_model(), small_llama.PLAN)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.constant_(parameter, 0.05)
    lora.save_adapter(model, folder / "adapter", "small", "card")
    (folder / "study.json").write_text(
        json.dumps({"artifacts": {"checkpoint": {"path": base.source, "digest": base.digest}}})
    )
    return base, folder


def test_the_merged_folder_is_a_model_of_its_own(study, tmp_path, capsys):
    base, folder = study
    before = os.umask(0o022)
    try:
        assert export("mine", merged=tmp_path / "merged") == 0
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "merged").iterdir()}
    assert set(modes.values()) == {0o644}, "a server of another user reads all of it"
    ids = torch.tensor([[5, 9, 20, 31]])
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    torch.testing.assert_close(
        merged(ids).logits,
        load_model(base, small_llama.CPU, folder / "adapter").model(ids).logits,
        atol=1e-4,
        rtol=1e-4,
    )
    assert capsys.readouterr().out == f"مدل ادغام‌شده: {tmp_path / 'merged'}\n"
    with pytest.raises(PlanError, match="is there already"):
        export("mine", merged=tmp_path / "merged")


def test_without_a_token_nothing_is_merged_nor_sent(study, tmp_path, monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with pytest.raises(PlanError, match="me/model: HF_TOKEN is not set"):
        export("mine", merged=tmp_path / "merged", push="me/model")
    assert not (tmp_path / "merged").exists()


def test_a_study_that_is_not_there_is_named_with_where_it_was_looked_for(study):
    with pytest.raises(
        MissingArtifact,
        match=r"no study 'other' with an adapter \(looked for other, .*studies/other",
    ):
        export("other", push="me/model")


def test_the_gguf_file_is_the_merged_model_and_has_a_modelfile_beside_it(study, tmp_path, capsys):
    base, folder = study
    place = tmp_path / "book.gguf"
    assert export("mine", gguf=place) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"پروندهٔ GGUF: {place}",
        f"برای Ollama: {place}.Modelfile",
    ]
    back = load_model(resolve_base_model(BasePlan(model=str(place))), small_llama.CPU)
    ids = torch.tensor([[5, 9, 20, 31]])
    tuned = load_model(base, small_llama.CPU, folder / "adapter").model(ids).logits
    torch.testing.assert_close(back.model(ids).logits, tuned, atol=2e-2, rtol=1e-2)
    assert not torch.allclose(tuned, load_model(base, small_llama.CPU).model(ids).logits, atol=0.1)
    lines = (tmp_path / "book.gguf.Modelfile").read_text("utf-8").splitlines()
    assert lines[0] == "FROM ./book.gguf" and 'PARAMETER stop "<|end_of_text|>"' in lines
    assert not [
        p
        for p in tmp_path.iterdir()
        if p.name not in {"base", "runs", place.name, f"{place.name}.Modelfile"}
    ]
    with pytest.raises(PlanError, match="is there already"):
        export("mine", gguf=place)
