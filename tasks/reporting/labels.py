"""The report's own words, read from packs/<language>/report.yaml, and how a book's text runs."""

from tasks.language.i18n import Translator, load_translator

RIGHT_TO_LEFT_LANGUAGES = frozenset(
    {"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"}
)  # ISO 639; of books, whatever we speak ourselves


SHARE_MEASURES = frozenset(
    [
        "base",
        "base_low",
        "base_high",
        "tuned",
        "tuned_low",
        "chance",
        "longest_is_key",
        "top_key",
        "top_diagnosis",
        "blind",
        "closed",
        "opened",
        "words_solve",
        "words_low",
        "words_high",
        "too_easy",
        "coverage",
        "distinct",
        "familiar",
        "favourite_base",
        "favourite_tuned",
        "steady_base",
        "steady_tuned",
        "leaked_share",
        "train_base",
        "train_tuned",
        "truncated",
        "truncated_base",
        "truncated_tuned",
        "mean_base",
        "mean_tuned",
        "discordance",
        "hard_base",
        "hard_tuned",
    ]
)
POINT_MEASURES = frozenset(
    [
        "difference",
        "train_difference",
        "cloze_difference",
        "same_fact",
        "detectable",
        "lowest",
        "highest",
    ]
)


def format_measure(say: Translator, name: str, value: float | int | str | None) -> str:
    """A number of the evidence: shares as percentages and differences in points, as everywhere on
    the page.
    """
    if not isinstance(value, int | float):
        return say.format_number(value)
    if name in SHARE_MEASURES:
        return say.format_share(value)
    return (
        f"{say.format_points(value, sign=name != 'detectable')} {say['points_unit']}"
        if name in POINT_MEASURES
        else say.format_number(value)
    )


def load_labels(language: str) -> Translator:
    """The words for a language; English where we have none of our own."""
    return load_translator(
        language, "packs/report.yaml", "packs/messages.yaml", "packs/findings.yaml"
    )


def get_text_direction(language: str) -> str:
    """How a language's text runs."""
    return "rtl" if language.split("-")[0] in RIGHT_TO_LEFT_LANGUAGES else "ltr"
