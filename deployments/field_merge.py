"""What a registration may change on a server where people work: what our files declare, what is
there now, and what was registered last, field by field.
"""

import hashlib
import json
from collections.abc import Mapping, Set
from typing import Any, NamedTuple

DIGEST_DIGITS = 12  # of a hash; a field has two or three values in its life
UNKNOWN = ""  # in place of a digest: a person's from the first time that we saw it


class FieldMerge(NamedTuple):
    """What to send, what stays as a person made it, and what to remember for the next time."""

    changed: dict[str, Any]
    kept: tuple[str, ...]
    record: dict[str, str]


def merge_fields(
    declared: Mapping[str, Any],
    present: Mapping[str, Any],
    recorded: Mapping[str, str] | None,
    always: Set[str] = frozenset(),
) -> FieldMerge:
    """A field is changed where it still is what was registered last, or is one of `always`.

    `recorded`: digests of what was registered last, None where nobody remembers. A field that is
    absent though it was registered was removed by a person.
    """
    changed, kept, record = {}, [], {}
    for name, value in declared.items():
        last = UNKNOWN if recorded is None else recorded.get(name)
        now = compute_field_digest(present[name]) if name in present else None
        ours = compute_field_digest(value)
        if now == ours:
            record[name] = ours
        elif name in always or last == now:
            changed[name], record[name] = value, ours
        else:
            kept.append(name)
            record[name] = last or UNKNOWN
    return FieldMerge(changed, tuple(kept), record)


def compute_field_digest(value: Any) -> str:
    """Of a JSON value; the order of keys does not count."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:DIGEST_DIGITS]
