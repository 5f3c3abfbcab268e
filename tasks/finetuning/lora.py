"""LoRA: W x + (alpha / rank) · B A x beside each chosen matrix W, A and B alone being trained
(arXiv 2106.09685).

B begins at zero, so an untrained adapter changes nothing.
"""

import json
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from peft.utils.integrations import dequantize_module_weight

from tasks.models.library_logging import silence_transformers
from tasks.schemas.errors import PlanError
from tasks.schemas.messages import build_message
from tasks.schemas.plan_sections import FinetuningPlan


def build_lora_config(plan: FinetuningPlan) -> LoraConfig:
    """The plan in PEFT's words."""
    modules = (
        plan.target_modules if isinstance(plan.target_modules, str) else list(plan.target_modules)
    )
    return LoraConfig(
        r=plan.rank,
        lora_alpha=plan.alpha,
        lora_dropout=plan.dropout,
        target_modules=modules,
        use_rslora=plan.rslora,
        use_dora=plan.dora,
        task_type="CAUSAL_LM",
    )


def attach_fresh_adapter(model: Any, plan: FinetuningPlan) -> PeftModel:
    """The model with a fresh adapter, drawn by the plan's seed. Raises PlanError where the model
    has no such matrices.
    """
    torch.manual_seed(plan.seed)
    silence_transformers()
    known = _list_matrices(model)
    try:
        tuned = get_peft_model(model, build_lora_config(plan))
    except ValueError as error:
        raise PlanError(
            build_message("target-modules-wrong", modules=repr(plan.target_modules), why=str(error))
        ) from None
    _refuse_unmatched_names(tuned, plan, known)
    return tuned


def _list_matrices(model: Any) -> tuple[str, ...]:
    """The last names of the linear layers, each once."""
    return tuple(
        dict.fromkeys(
            name.rpartition(".")[2]
            for name, module in model.named_modules()
            if isinstance(module, torch.nn.Linear)
        )
    )


def _refuse_unmatched_names(tuned: PeftModel, plan: FinetuningPlan, known: tuple[str, ...]) -> None:
    """PEFT goes on in silence where only some of the names are there."""
    if isinstance(plan.target_modules, str):
        return
    targets = tuned.base_model.targeted_module_names
    missing = tuple(
        name
        for name in plan.target_modules
        if not any(f".{t}".endswith(f".{name}") for t in targets)
    )
    if missing:
        why = build_message("no-such-module", missing=missing, there=known)
        raise PlanError(
            build_message("target-modules-wrong", modules=repr(plan.target_modules), why=why)
        )


def save_adapter(model: PeftModel, folder: Path, base: str, card: str) -> None:
    """The adapter in PEFT's own format; equal adapters give equal bytes, on any machine and under
    any path.
    """
    model.save_pretrained(folder)
    file = folder / "adapter_config.json"
    told = json.loads(file.read_text("utf-8"))
    told["base_model_name_or_path"] = base
    told = {key: sorted(value) if isinstance(value, list) else value for key, value in told.items()}
    (folder / "README.md").write_text(card, "utf-8")
    file.write_text(json.dumps(told, indent=2, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")


@torch.no_grad()
def compute_weight_shift(model: PeftModel) -> float:
    """‖ΔW‖ / ‖W‖ (Frobenius, over all adapted matrices): how large the adapter's change is beside
    what it changes.
    """
    change = size = 0.0
    for module in model.modules():
        if isinstance(module, LoraLayer):
            for name in module.active_adapters:
                change += _compute_change_norm(module, name) ** 2
            size += float(dequantize_module_weight(module.get_base_layer()).float().norm()) ** 2
    return (change / size) ** 0.5 if size else 0.0


def _compute_change_norm(module: Any, name: str) -> float:
    if getattr(module, "use_dora", {}).get(name):
        return _compute_dora_change_norm(module, name)
    a, b = (
        module.lora_A[name].weight.float(),
        module.lora_B[name].weight.float(),
    )  # (rank, in), (out, rank)
    squared = torch.trace((b.T @ b) @ (a @ a.T))  # ‖BA‖² without the (out, in) product
    return float(module.scaling[name]) * float(squared.clamp(min=0).sqrt())


def _compute_dora_change_norm(module: Any, name: str) -> float:
    """DoRA rescales each row of W + BA to a learnt length (arXiv 2402.09353)."""
    w = dequantize_module_weight(module.get_base_layer()).float()
    new = w + module.get_delta_weight(name).float()
    length = module.lora_magnitude_vector[name].weight.float()
    return float((new * (length / new.norm(dim=1)).unsqueeze(1) - w).norm())
