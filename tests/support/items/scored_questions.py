"""Questions and answers made to order, for the tests of the comparison."""

from collections.abc import Sequence

from tasks.schemas.item_rows import AnswerMode, Question
from tasks.schemas.result_rows import Answer


def make_questions(
    count: int, per_fact: int = 1, prefix: str = "q", key: int = 1
) -> list[Question]:
    """`count` questions with the same key, `per_fact` on each fact."""
    options = ("الف", "ب", "ج", "د")
    return [
        Question(
            id=f"{prefix}{i}",
            fact=f"{prefix}-fact{i // per_fact}",
            question=f"پرسش {i}",
            options=options,
            answer=key,
        )
        for i in range(count)
    ]


def make_answers(
    asked: Sequence[Question],
    predicted: Sequence[int | None],
    mode: AnswerMode = "cloze",
    rotation: int = 0,
) -> list[Answer]:
    """One answer a question; `predicted` numbers the option, none is illegible."""
    return [
        Answer(
            question_id=q.id,
            rotation=rotation,
            mode=mode,
            predicted=said,
            is_correct=said == q.answer,
        )
        for q, said in zip(asked, predicted, strict=True)
    ]
