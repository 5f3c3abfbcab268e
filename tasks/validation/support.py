"""Does the quoted passage say what the item says, or only its neighbour?"""

from typing import NamedTuple

from tasks.records import Passage
from tasks.validation.items import Item
from tasks.validation.shelf import Shelf, folded_words, name
from tasks.validation.wording import Wording


class Why(NamedTuple):
    """A countable label and the values behind it."""

    label: str
    detail: str


def support(item: Item, passage: Passage, span: tuple[int, int], shelf: Shelf, words: Wording) -> Why | None:
    """None where the passage supports the diagnosis or the keyed option."""
    key = name(item.key)
    about = name(passage.section)
    if key in (about, name(passage.heading)):
        return None
    line = passage.text[passage.text.rfind("\n", 0, span[0]) + 1 :]
    if name(line).startswith(key):
        return None
    if shelf.is_title(item.key) and not (about and f" {about} " in f" {name(item.text)} "):
        return Why(
            "key supported by a neighbour only", f"the quote stands under «{passage.section or passage.chapter}», the key is «{item.key}»"
        )
    said = set(folded_words(f"{passage.text} {passage.section} {passage.heading}"))
    missing = [w for w in folded_words(item.key) if w not in said and w not in words.function_words]
    content = [w for w in folded_words(item.key) if w not in words.function_words]
    if content and len(missing) > 0.4 * len(content):
        return Why("key not supported", f"«{item.key}»: the passage does not hold {missing}")
    return None
