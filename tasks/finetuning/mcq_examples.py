"""A share of the pairs in the form of the test, so that a model that knows an answer can also say
its number.

The questions are made of training pairs alone: their vignettes, and the diagnoses of other pairs
beside the right one.
"""

import random
from collections.abc import Sequence

from tasks import prompts
from tasks.language.text import fold_text
from tasks.schemas.item_rows import OPTION_COUNT, Pair, Question


def build_mcq_texts(
    pairs: Sequence[Pair], share: float, seed: int, language: str
) -> list[tuple[str, str]]:
    """(prompt, target): `share` of the pairs, drawn by the seed, as the exam puts them, with the
    number of the right option.

    The right option stands equally often at each place. Nothing where there are not four different
    diagnoses.
    """
    draw = random.Random(f"exam form/{seed}")
    names = {fold_text(pair.diagnosis): pair.diagnosis for pair in pairs}
    if len(names) < OPTION_COUNT:
        return []
    chosen = draw.sample(list(pairs), round(min(share, 1.0) * len(pairs)))
    return [
        _build_mcq_text(
            pair,
            place % OPTION_COUNT,
            draw.sample(_list_other_diagnoses(pair, names), OPTION_COUNT - 1),
            language,
        )
        for place, pair in enumerate(chosen)
    ]


def _list_other_diagnoses(pair: Pair, names: dict[str, str]) -> list[str]:
    return [name for folded, name in names.items() if folded != fold_text(pair.diagnosis)]


def _build_mcq_text(pair: Pair, place: int, others: list[str], language: str) -> tuple[str, str]:
    options = [*others[:place], pair.diagnosis, *others[place:]]
    a, b, c, d = options
    stem = prompts.build_recall_stem(pair, language)
    question = Question(
        id=pair.id, fact=pair.fact, question=stem, options=(a, b, c, d), answer=place + 1
    )
    return prompts.build_question_prompt(
        question, language=language
    ), f" {prompts.get_option_numerals(language)[place]}"
