"""What the test server can be told: which faults, how often; and what it charges."""

import json

from openai_answers import DEFECTS

WIRE = ("429", "429_wait", "500", "503", "drop", "cut", "html", "cut_body", "no_usage")
SAID = ("refusal", "content_filter", "length", *DEFECTS)
CANNED = json.dumps({"items": [{"fact": "f", "symptom": "s" * 200, "diagnosis": "d", "page": 1, "quote": "q" * 100}] * 10})
PRICES = {"in": 2.50, "cached": 1.25, "out": 10.00}  # dollars for a million tokens, as the plan's defaults


def parse_faults(text: str) -> dict[str, float]:
    """Rates by fault; a fault without a rate always happens."""
    if text in ("", "none"):
        return {}
    if text == "storm":
        names = [*WIRE[:-1], *SAID]
        return {name: 0.3 / len(names) for name in names}
    pairs = [part.partition(":") for part in text.split(",")]
    return {name: float(rate or 1) for name, _, rate in pairs}


def dollars(usage: dict[str, int]) -> float:
    """What the server charges."""
    fresh = usage["tokens_in"] - usage["tokens_cached"]
    return (fresh * PRICES["in"] + usage["tokens_cached"] * PRICES["cached"] + usage["tokens_out"] * PRICES["out"]) / 1e6
