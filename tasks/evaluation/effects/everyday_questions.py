"""Fifty everyday questions of each language's folder: what a model knew beside the book."""

from tasks.language.language_pack import load_pack
from tasks.prompts import rotate_options
from tasks.schemas.item_rows import Question
from tasks.schemas.plan_sections import EvaluationPlan

EXAM = EvaluationPlan(modes=("cloze",))  # asks no option numbers, which small models cannot bind


def load_everyday_questions(language: str) -> list[Question]:
    """The questions, English where the language has no folder; the keys stand in all four places in
    turn.
    """
    rows = load_pack("packs/everyday.yaml", language)["questions"]
    return [
        _build_question(number, stem, (key, *others))
        for number, (stem, key, *others) in enumerate(rows)
    ]


def _build_question(number: int, stem: str, options: tuple[str, ...]) -> Question:
    a, b, c, d = options
    turned = rotate_options((a, b, c, d), -number % 4)
    return Question(
        id=f"everyday-{number + 1:02d}",
        fact="",
        question=stem,
        options=(turned[0], turned[1], turned[2], turned[3]),
        answer=number % 4 + 1,
    )
