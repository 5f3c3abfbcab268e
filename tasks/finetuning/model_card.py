"""The model card that goes with an adapter: what it is, how it was made, what it cannot be used
for.
"""

from collections.abc import Sequence

import yaml

from tasks.language.catalogue import load_catalogue
from tasks.schemas.plan_sections import FinetuningPlan
from tasks.schemas.result_rows import Preflight, TrainingStep


def build_model_card(
    base: str, plan: FinetuningPlan, told: Preflight, steps: Sequence[TrainingStep]
) -> str:
    """Markdown with the hub's header; equal trainings give equal cards."""
    head = yaml.safe_dump(
        {
            "base_model": base,
            "library_name": "peft",
            "tags": ["lora"],
            "pipeline_tag": "text-generation",
        }
    )
    choices = yaml.safe_dump(
        {**plan.model_dump(mode="json"), "report_to": []}, allow_unicode=True, sort_keys=False
    )
    english = load_catalogue("en")
    warned = "".join(f"- {english.format_message(one)}\n" for one in told.warnings) or "- none\n"
    return f"""---
{head}---
# LoRA adapter for {base}

Tuned on {told.texts} short texts drawn from one book: {told.updates} updates,
{told.trainable_parameters:,} of {told.parameters:,} parameters trained.

| loss, nats per target token | before | after |
|---|---|---|
{_format_losses(steps)}
Warned of before the training:

{warned}
A falling loss does not show that anything useful was learnt. Whether the tuned model answers better
than its base is the verdict of the study that made it (`verdict.json` in the study's folder).

**Limits.** It was taught one book and examined on the same book. It is no source of
advice, medical or other.

```python
from peft import PeftModel
from transformers import AutoModelForCausalLM

model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained("{base}"), "this-folder")
```

## Plan

```yaml
{choices}```
"""


def _format_losses(steps: Sequence[TrainingStep]) -> str:
    """First and last loss of each split."""
    lines = ""
    for split in ("train", "held_out"):
        losses = [step.loss for step in steps if step.split == split]
        if losses:
            lines += f"| {split.replace('_', '-')} | {losses[0]:.3f} | {losses[-1]:.3f} |\n"
    return lines
