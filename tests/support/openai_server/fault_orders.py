"""What the test server can be told: which faults, how often; and what it charges."""

import json
import time
from collections.abc import Collection
from email.utils import formatdate
from typing import Any

from support.openai_server.item_replies import DEFECTS

WIRE = ("429", "429_wait", "500", "503", "drop", "cut", "html", "cut_body", "no_usage")
REFUSED = (
    "timeout",
    "401",
    "403",
    "404",
    "insufficient_quota",
    "too_long",
    "400",
    "429_date",
    "429_ms",
    "429_hours",
    "429_large",
    "529",
    "413",
)
SAID = ("refusal", "content_filter", "length", *DEFECTS)
CANNED = json.dumps(
    {
        "items": [
            {"fact": "f", "symptom": "s" * 200, "diagnosis": "d", "page": 1, "quote": "q" * 100}
        ]
        * 10
    }
)
PRICES = {
    "in": 2.50,
    "cached": 1.25,
    "out": 10.00,
}  # dollars for a million tokens, as the plan's defaults


def parse_faults(text: str) -> dict[str, float]:
    """Rates by fault; a fault without a rate always happens."""
    if text in ("", "none"):
        return {}
    if text == "storm":
        names = [*WIRE[:-1], *SAID]
        return {name: 0.3 / len(names) for name in names}
    pairs = [part.partition(":") for part in text.split(",")]
    return {name: float(rate or 1) for name, _, rate in pairs}


def compute_price(usage: dict[str, int], model: str = "gpt-4o") -> float:
    """What the server charges; gpt-4o-mini costs 0.06 of gpt-4o in each part."""
    share = {"gpt-4o-mini": 0.06}.get(model, 1.0)
    fresh = usage["tokens_in"] - usage["tokens_cached"]
    return (
        fresh * PRICES["in"]
        + usage["tokens_cached"] * PRICES["cached"]
        + usage["tokens_out"] * PRICES["out"]
    ) * (share / 1e6)


def build_wait_headers(fate: str) -> dict[str, str]:
    """The header with which a busy server asks to wait, in each of its forms."""
    after = {
        "429_wait": "1",
        "429_date": formatdate(time.time() + 1, usegmt=True),
        "429_hours": "7200",
    }
    return (
        {"Retry-After": after[fate]}
        if fate in after
        else {"retry-after-ms": "300"}
        if fate == "429_ms"
        else {}
    )


def find_refusal(
    request: dict[str, Any], models: Collection[str], lacks: Collection[str]
) -> tuple[str, str, str] | None:
    """What a server does not know: (message, code, param)."""
    wanted = request.get("response_format", {}).get("type")
    if request["model"] not in models:
        return f"The model `{request['model']}` does not exist", "model_not_found", "model"
    if (wanted == "json_schema" and "schema" in lacks) or (
        wanted == "json_object" and "json" in lacks
    ):
        return (
            f"Invalid parameter: 'response_format' of type '{wanted}' is not supported with this model.",
            "",
            "response_format",
        )
    if "system role" in lacks and any(m["role"] == "system" for m in request["messages"]):
        return "System role not supported", "", ""  # Gemma's template, by vLLM and llama.cpp
    if "one piece" in lacks and not request.get("stream"):  # QwQ at Alibaba's server
        said = "This model only support stream mode, please enable the stream parameter."
        return said, "invalid_parameter_error", ""
    if "file" in lacks and any('"file"' in json.dumps(m["content"]) for m in request["messages"]):
        return "unsupported content[].type", "", ""  # llama.cpp
    if "stream_options" in lacks and "stream_options" in request:
        return "Unrecognized request argument: stream_options", "", ""
    told = json.dumps(request.get("response_format", {}))
    if "array bounds" in lacks and ("minItems" in told or "maxItems" in told):
        return (
            "Invalid schema for response_format: In context=('properties', 'items'), 'minItems' is not permitted.",
            "",
            "response_format",
        )
    for name in ("max_tokens", "temperature", "seed"):
        if name in lacks and name in request:
            return (
                f"Unsupported parameter: '{name}' is not supported with this model.",
                "unsupported_parameter",
                name,
            )
    return None
