"""The report's own words, read from packs/<language>/report.yaml, and how a book's text runs."""

from collections.abc import Mapping

from tasks.language.i18n import Translator, load_translator
from tasks.schemas.messages import Figure, Points, PValue, Share, Value

RIGHT_TO_LEFT_LANGUAGES = frozenset(
    {"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"}
)  # ISO 639; of books, whatever we speak ourselves

# Of a comparison's further figures: the statistics compute with plain numbers.
SHARE_FIGURES = frozenset(
    f"{what}_{who}" for what in ("mean", "steady", "truncated", "hard") for who in ("base", "tuned")
) | {"discordance"}


def format_measure(say: Translator, value: Value | None) -> str:
    """A number of the evidence, as everywhere on the page: a share with a decimal, a difference
    with its unit, a p-value without its sign of equality.
    """
    match value:
        case Share(share):
            return say.format_share(share)
        case Points(points):
            return f"{say.format_points(points, sign=False)} {say['points_unit']}"
        case PValue(p):
            return say.format_p_value(p).removeprefix("= ")
        case _:
            return say.format_value(value)


def type_figures(figures: Mapping[str, float]) -> dict[str, Value]:
    """A comparison's further figures with their kinds."""
    return {name: _type_figure(name, figure) for name, figure in figures.items()}


def _type_figure(name: str, figure: float) -> Value:
    if name in SHARE_FIGURES:
        return Share(figure)
    return PValue(figure) if name.startswith("p_") else Figure(figure)


def name_group(trait: str, name: str, say: Translator) -> str:
    """A group of questions: a title as the book has it, the rest in the reader's words."""
    if not name:
        return str(say["group_unknown"])
    if trait == "pages":
        return say.format_digits(name)
    if trait == "chapter":
        return f"«{name}»"
    return say.get_label("question_kinds" if trait == "kind" else "read_by", name)


def load_labels(language: str) -> Translator:
    """The words for a language; English where we have none of our own."""
    return load_translator(
        language, "packs/report.yaml", "packs/messages.yaml", "packs/findings.yaml"
    )


def get_text_direction(language: str) -> str:
    """How a language's text runs."""
    return "rtl" if language.split("-")[0] in RIGHT_TO_LEFT_LANGUAGES else "ltr"
