"""Kinds of books: what their items are made of, and how their texts are named.

The words of a profile stand in each language's folder (packs/<language>/profiles.yaml) as what
differs from medicine; which words a text is made with is told by a language tag, "fa" for medicine
and "fa-x-law" for a law in Persian (BCP 47, private use).
"""

from typing import Any, Literal, NamedTuple

from tasks.schemas.errors import PlanFault
from tasks.schemas.item_rows import QuestionType
from tasks.schemas.messages import build_message

Profile = Literal["medicine", "guideline", "law", "general"]
MEDICINE: Profile = "medicine"
_PRIVATE_USE = "-x-"


class ItemForm(NamedTuple):
    """What a writer is asked for."""

    text: str  # the field of a pair's first half
    conclusion: str  # and of its second
    kinds: dict[QuestionType, float]  # shares of the question types where the plan names none


ITEM_FORMS: dict[str, ItemForm] = {
    "medicine": ItemForm(
        "symptom",
        "diagnosis",
        {"diagnosis": 0.6, "telling_apart": 0.2, "symptoms": 0.1, "complications": 0.1},
    ),
    "guideline": ItemForm(
        "situation",
        "conclusion",
        {"application": 0.5, "condition": 0.2, "telling_apart": 0.2, "reason": 0.1},
    ),
    "law": ItemForm(
        "situation",
        "conclusion",
        {"application": 0.5, "condition": 0.2, "consequence": 0.2, "definition": 0.1},
    ),
    "general": ItemForm(
        "question",
        "answer",
        {"definition": 0.3, "reason": 0.3, "application": 0.2, "telling_apart": 0.2},
    ),
}
MEDICAL_TYPES: tuple[QuestionType, ...] = (
    "symptoms",
    "diagnosis",
    "complications",
    "telling_apart",
    "other",
)
OTHER_TYPES: tuple[QuestionType, ...] = (
    "application",
    "condition",
    "consequence",
    "definition",
    "reason",
    "telling_apart",
    "other",
)

_ALL_TYPES = frozenset(MEDICAL_TYPES + OTHER_TYPES)


def list_question_types(profile: str) -> tuple[QuestionType, ...]:
    """The types that a profile's questions may have."""
    return MEDICAL_TYPES if profile == MEDICINE else OTHER_TYPES


def fit_to_profile(tree: dict[str, Any]) -> dict[str, Any]:
    """The choices of generation with the profile's own types, where they name none or only those
    that are medicine's defaults.

    Raises PlanFault for types that the profile has not, and for rules that should write other
    items than patients.
    """
    profile = str(tree.get("profile", MEDICINE))
    form, usual = ITEM_FORMS.get(profile), ITEM_FORMS[MEDICINE].kinds
    if form is None:
        return tree  # refused where the profile's own value is checked
    if profile != MEDICINE and tree.get("kinds", usual) == usual:
        tree = {**tree, "kinds": form.kinds}
    known, kinds = list_question_types(profile), tree.get("kinds", usual)
    named = kinds if isinstance(kinds, dict) else ()  # else refused with the value's own check
    if foreign := [kind for kind in named if kind in _ALL_TYPES - {*known}]:
        raise PlanFault(
            build_message(
                "types-of-another-profile", profile=profile, kinds=(*foreign,), known=known
            )
        )
    own = isinstance(tree.get("pairs"), str) and isinstance(tree.get("questions"), str)
    if profile != MEDICINE and tree.get("writer", "rules") == "rules" and not own:
        raise PlanFault(build_message("rules-write-patients", profile=profile))
    return tree


def tag_language(language: str, profile: str) -> str:
    """The tag of a profile's words in a language; the language alone for medicine."""
    return language if profile == MEDICINE else f"{language}{_PRIVATE_USE}{profile}"


def split_tag(tag: str) -> tuple[str, str]:
    """(language, profile) of a tag; a tag of another private use is a language of its own."""
    language, mark, profile = tag.rpartition(_PRIVATE_USE)
    return (language, profile) if mark and profile in ITEM_FORMS else (tag, MEDICINE)
