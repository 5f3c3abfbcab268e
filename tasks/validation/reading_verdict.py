"""What comes of a reading: an item is kept when the reader, who did not see the key, finds just the
key right, and nothing else against it.
"""

from collections.abc import Mapping

from tasks.schemas.item_rows import ItemReading
from tasks.schemas.messages import Message, build_message

CHECK_NAME = "reading"
# Statements that the text does not tell, of a pair; a single one may be the reader's oversight.
# None of the 25 labelled good vignettes has any, by the recorded readings; one with own knowledge
# has 3. The demands were worded, and this chosen, in knowledge of those items.
MAX_UNTOLD = 1


def find_reading_fault(
    reading: ItemReading, kept: Mapping[str, str], *, medical: bool = True
) -> Message | None:
    """The gravest fault that the reader found; none: the item is sound, or nothing could be read of
    it. `kept`: the items before it that are used, by id, which it must not repeat. Of a book that
    is not `medical` a situation is the writer's own scene, of which the text tells nothing.
    """
    if not reading.is_read:
        return None
    rules: Mapping[str, Message | None] = {
        "repeat": _find_repeat(reading, kept),
        "person": _find_impossible(reading),
        "finding": _find_contradiction(reading),
        "options": _find_wrong_options(reading),
        "untold": _find_untold(reading) if medical else None,
        "form": _find_form_fault(reading),
    }
    return next((fault for fault in rules.values() if fault), None)


def _find_repeat(reading: ItemReading, kept: Mapping[str, str]) -> Message | None:
    earlier = [kept[item] for item in reading.repeats if item in kept]
    return build_message("reader-knows-it-from-before", text=earlier[0]) if earlier else None


def _find_impossible(reading: ItemReading) -> Message | None:
    return (
        None
        if reading.possible
        else build_message("reader-finds-no-such-patient", why=reading.remark)
    )


def _find_contradiction(reading: ItemReading) -> Message | None:
    against = next((f for f in reading.findings if f.verdict == "contradicted"), None)
    if against is None:
        return None
    return build_message("reader-finds-it-contradicted", finding=against.finding, line=against.line)


def _find_wrong_options(reading: ItemReading) -> Message | None:
    """The set of right options must be exactly the key."""
    if not reading.is_diagnosis:
        return build_message("reader-finds-no-diagnosis", why=reading.remark)
    right = [one for one in reading.options if one.verdict == "right"]
    others = [one for one in right if not one.is_key]
    key_is_right = len(others) < len(right)
    if key_is_right and others:
        return build_message(
            "reader-finds-more-right", option=others[0].option, line=others[0].line
        )
    if others:
        return build_message(
            "reader-finds-another-right", option=others[0].option, line=others[0].line
        )
    return None if key_is_right else build_message("reader-finds-none-right", why=reading.remark)


def _find_untold(reading: ItemReading) -> Message | None:
    """Of pairs: a question's premise may be the writer's own scene, and its key was found."""
    untold = [f.finding for f in reading.findings if f.verdict == "not_told"]
    if reading.kind == "question" or len(untold) <= MAX_UNTOLD:
        return None
    return build_message("reader-finds-it-not-told", findings=tuple(untold))


def _find_form_fault(reading: ItemReading) -> Message | None:
    if reading.guessable:
        return build_message("reader-can-guess", why=reading.remark)
    if reading.wording:
        return build_message("reader-sees-wording-asked", why=reading.remark)
    return None if reading.clean else build_message("reader-finds-it-unclear", why=reading.remark)
