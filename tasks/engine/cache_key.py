"""What a stage's work depends on, as one short key: the same choices and contents, the same key, on
any machine.
"""

import hashlib
import json
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tasks.schemas.machine import ExecutionOptions


def canonical_value(value: Any) -> Any:
    """The JSON that tells what a value is, without where it lies or how fast it is made.

    Raises TypeError on anything that is not plain data, since such an input would silently never be
    found again.
    """
    if isinstance(value, BaseModel):
        excluded: frozenset[str] = getattr(value, "excluded_from_key", frozenset())
        return {
            name: canonical_value(getattr(value, name))
            for name in type(value).model_fields
            if name not in excluded and not isinstance(getattr(value, name), ExecutionOptions)
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [canonical_value(item) for item in value]
    if isinstance(value, dict):
        return {str(key): canonical_value(item) for key, item in sorted(value.items())}
    if isinstance(value, float) and value.is_integer():
        return int(
            value
        )  # a default of 32 is the 32.0 that comes back from a deployment's parameters
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value):  # a typed value of a message: Points(0.02) is no Share(0.02)
        return [type(value).__name__, *map(canonical_value, vars(value).values())]
    raise TypeError(f"a {type(value).__name__} cannot be part of a cache key")


def compute_stage_key(name: str, version: int, inputs: dict[str, Any]) -> str:
    """`<stage>/v<version>-<hash>`; inputs that are `ExecutionOptions` (a Machine) are left out."""
    what = {
        key: canonical_value(value)
        for key, value in inputs.items()
        if not isinstance(value, ExecutionOptions)
    }
    text = json.dumps(what, sort_keys=True, ensure_ascii=False)
    return f"{name}/v{version}-{hashlib.sha256(text.encode()).hexdigest()[:20]}"
