"""What is measured of questions beside the models' answers."""

from typing import Literal

from pydantic import Field

from tasks.schemas.item_rows import QuestionType, StoredRow

Solver = Literal["passage_words", "quote_words", "longest", "position", "options", "closed", "page"]


class QuestionMeasure(StoredRow):
    """How many questions are solved without knowing what they ask; see
    evaluation/question_measures.py.
    """

    solver: Solver = Field(description="what chooses the option")
    kind: QuestionType | Literal["all", "not_diagnosis"] = Field(
        description="which questions: of one type, all, or all that ask for no diagnosis"
    )
    n: int = Field(description="questions that it could be tried on")
    solved: float = Field(description="questions solved; of a tie among options, the key's part")
    rate: float
    low: float = Field(
        description="of the Wilson 95 % interval, for as many questions as their facts are worth"
    )
    high: float
    chance: float = Field(description="rate to expect where the keys' places are drawn by lot")
