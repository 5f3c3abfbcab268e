"""Markdown in a language's direction: a block of HTML around it, written and taken apart here."""

import re
from typing import NamedTuple

from tasks.language.i18n import Translator

# The dashboard renders Markdown inside a block only with blank lines around it.
_BLOCK = '<div dir="{direction}" lang="{language}">\n\n{body}\n\n</div>\n'
_PATTERN = re.compile(r'<div dir="(\w+)" lang="([\w-]+)">\n\n(.*)\n\n</div>\n?', re.DOTALL)


class DirectionBlock(NamedTuple):
    """What a block holds."""

    direction: str
    language: str
    body: str


def wrap_direction(body: str, say: Translator) -> str:
    """The text as a block in the language's direction."""
    return _BLOCK.format(direction=say["direction"], language=say.language, body=body)


def unwrap_direction(text: str) -> DirectionBlock | None:
    """The block that a text is; None where it is none."""
    found = _PATTERN.fullmatch(text)
    return DirectionBlock(*found.groups()) if found else None
