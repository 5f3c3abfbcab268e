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


class PairAlignment(StoredRow):
    """Whether conclusions belong to their situations; see diagnosis/pair_alignment.py."""

    couples: int = Field(description="couples of pairs with one conclusion and other words")
    alike: float = Field(
        description="mean share of words that the situations of a couple have in common, 0 to 1"
    )
    by_chance: float = Field(description="the same where the conclusions are dealt out anew")
    p_value: float = Field(description="of the permutation test, one-sided")


class KeyOffset(StoredRow):
    """Another place than the key's that the answers point to; see
    diagnosis/answer_statistics.py.
    """

    places: int = Field(description="how far beyond the key the answers are, 1 to 3, from 4 to 1")
    n: int = Field(description="questions with a legible answer")
    agreed: float = Field(description="share of the answers so far beyond the key")
    low: float = Field(description="of its 95 % interval, by fact")
    on_key: float = Field(description="share of the answers that are the key")
    by_places: float = Field(
        description="share to expect there where answers and keys had nothing but their places"
    )
