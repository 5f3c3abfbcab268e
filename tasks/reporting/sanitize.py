"""Make text of books and models safe to look at: what is invisible is shown, what turns lines round
is disarmed.

Escaping of < & " is the templates' work (autoescape); this is about characters that act without
being seen.
"""

import html
import re
from typing import Any

# embeddings, overrides and isolates can reorder what follows them on the page
_BIDI_CONTROLS = "\u202a-\u202e\u2066-\u2069"
_CONTROL_PATTERN = re.compile(
    rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff{_BIDI_CONTROLS}]"
)


def mark_control_characters(value: Any) -> Any:
    """Text with each acting character replaced by its code point in brackets; anything else
    unchanged.
    """
    if type(value) is not str:
        return value
    return _CONTROL_PATTERN.sub(lambda mark: f"⟦U+{ord(mark[0]):04X}⟧", value.replace("\r\n", "\n"))


def escape_markdown(value: Any) -> str:
    """Text that Markdown and HTML take literally, on one line."""
    text = html.escape(" ".join(str(mark_control_characters(str(value))).split()), quote=False)
    return re.sub(r"([\\`*_{}\[\]#|~$!])", r"\\\1", text)
