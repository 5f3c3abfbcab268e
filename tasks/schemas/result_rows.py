"""What one line of each artifact of tuning, evaluation and diagnosis says; the rows of book and
items are in records.py.
"""

from typing import Any, Literal

from pydantic import Field

from tasks.schemas.item_rows import AnswerMode, SetName, StoredRow
from tasks.schemas.machine import ExecutionOptions
from tasks.schemas.messages import Measures, Message

VerdictName = Literal["improved", "worse", "no-difference", "inconclusive", "identical"]
Claim = Literal["adapter", "recipe"]
Caution = Literal["within-margin", "not-above-guessing"]
Choice = Literal["endpoint", "setting", "stopping"]  # what can be chosen after answers were seen


class TrainingStep(StoredRow):
    """One line of the training log."""

    step: int = Field(description="optimizer updates so far")
    epoch: float
    loss: float = Field(description="nats per target token")
    learning_rate: float | None = None
    grad_norm: float | None = None
    target_tokens: int = Field(default=0, description="tokens that the loss was taken over")
    split: Literal["train", "held_out", "book"] = "train"


class Preflight(StoredRow):
    """What a training will do, told before it starts."""

    texts: int
    updates: int = Field(description="optimizer updates in all")
    epochs: float
    batch_size: int = Field(description="texts per optimizer update, accumulated")
    trainable_parameters: int
    parameters: int
    target_tokens: int = Field(description="tokens that the loss is taken over, one epoch")
    tokens: int = Field(description="tokens of all texts, one epoch")
    longest: int = Field(description="tokens of the longest text")
    too_long: int = Field(description="texts over the limit")
    book_texts: int = Field(
        default=0, description="pieces of the book's own text that are read before the pairs"
    )
    book_updates: int = Field(default=0, description="optimizer updates of that reading")
    memory_gb: float = Field(
        default=0.0,
        description=(
            "estimated peak: weights, optimizer, activations of a micro-batch of the longest texts"
        ),
    )
    warnings: tuple[Message, ...] = ()


class Answer(StoredRow):
    """What one model said to one question, in one mode and one rotation of the options."""

    question_id: str
    rotation: int = Field(
        ge=0,
        le=3,
        description="option shown at place i is the question's own option (i + rotation) mod 4",
    )
    mode: AnswerMode
    scores: tuple[float, float, float, float] | None = Field(
        default=None,
        description=(
            "log-probabilities in nats, in the question's own option order; none for generate"
        ),
    )
    said: str = Field(default="", description="raw text, for generate")
    predicted: int | None = Field(
        description="1 to 4 in the question's own order, or none: no legible answer"
    )
    is_correct: bool
    margin: float | None = Field(
        default=None, description="score of the key minus the best other score, in nats"
    )
    truncated: bool = Field(
        default=False, description="the prompt was longer than the model's window; counts as wrong"
    )


class ScreenedQuestion(StoredRow):
    """What one model could do with a question: without its stem, without and with the passage."""

    question_id: str
    mode: AnswerMode
    asked: int = Field(
        description="how often each form was put: the rotations of the options; once in cloze"
    )
    blind: int = Field(description="right with the options alone, the stem left out")
    closed: int = Field(description="right without the passage")
    opened: int | None = Field(
        description="right with the passage before it; none where the passage is not known"
    )
    blind_key: float = Field(
        description=(
            "mean share of probability that the key had among the four options, the stem left out"
        )
    )
    closed_key: float = Field(description="the same without the passage")
    opened_key: float | None = Field(description="the same with the passage")
    kind: Literal["guessable", "too easy", "too hard", "unanswerable", "useful"] = Field(
        description="see evaluation/screening.py"
    )


class Rate(StoredRow):
    """A share with its Wilson 95 % interval, of as many questions as their facts are worth."""

    correct: float
    n: int
    rate: float
    low: float
    high: float


class Interval(StoredRow):
    """An estimate with its interval."""

    value: float
    low: float
    high: float


class Comparison(StoredRow):
    """Base against tuned on one set of questions in one mode."""

    set: SetName
    mode: AnswerMode
    primary: bool = Field(
        description="the plan's endpoint; all else is exploratory, and so may this be: see History"
    )
    n: int
    base: Rate
    tuned: Rate
    gained: int | float = Field(
        description="questions that only the tuned model got right; of a recipe, the mean by seed"
    )
    lost: int | float = Field(description="questions that only the base model got right")
    changed: int | float = Field(description="questions whose predicted option differs")
    illegible_base: int = Field(default=0, description="no legible answer: counted as wrong")
    illegible_tuned: int = Field(default=0, description="no legible answer: counted as wrong")
    claim: Claim = Field(
        default="adapter",
        description="what the figures are about: one adapter, or the recipe, the mean of its seeds",
    )
    seeds: tuple[float, ...] = Field(
        default=(),
        description="difference of each seed of the tuning, the study's own first; none: one seed",
    )
    p_value: float = Field(
        description=(
            "exact sign-flip test, two-sided, by fact and by passage, the larger; of a recipe, by"
            " seed, too"
        )
    )
    difference: Interval = Field(
        description="tuned minus base; the interval of the same test, at level 1 - alpha"
    )
    detectable: float = Field(
        description=(
            "smallest true difference found 80 % of the time at the measured discordance and design"
            " effect"
        )
    )
    verdict: VerdictName
    cautions: tuple[Caution, ...] = Field(
        default=(),
        description="what its direction leaves unsaid: how small it is, how low the level reached",
    )
    told: Message = Field(description="the verdict with the numbers that decided")
    limits: Message | None = Field(
        default=None,
        description="why the questions could not tell, or what unchanged answers can",
    )
    extra: dict[str, float] = Field(default_factory=dict, description="further figures by name")


class Look(StoredRow):
    """One decision: a base model's questions, answered by it and by what was tuned from it."""

    name: str = Field(description="study or sweep that decided")
    base: str = Field(description="digest of the base model")
    questions: tuple[str, ...] = Field(
        description="digest of each question that was answered, of every set"
    )
    answers: str = Field(description="digest of the tuned model's answers")
    endpoint: dict[str, Any] = Field(
        description="what was decided on and how, by the plan's dotted keys"
    )
    exploratory: tuple[Choice, ...] = Field(
        default=(), description="what had been chosen after answers to these questions were seen"
    )
    at: str = Field(default="", description="when it was first recorded, ISO 8601 in UTC")
    confirms: bool = Field(default=False, description="whether it opened the sealed facts")


class History(StoredRow):
    """What had been decided on a study's questions before the study itself; the defaults:
    nothing.
    """

    look: int = Field(
        default=1, description="number of this decision on these questions; 1: the first"
    )
    shared: int = Field(
        default=0, description="questions of the primary set that an earlier decision used"
    )
    n: int = Field(default=0, description="questions of the primary set")
    first: str = Field(
        default="", description="study or sweep that decided first on these questions"
    )
    predecessor: str = Field(
        default="", description="study or sweep from whose answers the plan was made"
    )
    moved: dict[str, tuple[Any, Any]] = Field(
        default_factory=dict, description="parts of the endpoint: of the first decision, here"
    )
    chosen_after: tuple[Choice, ...] = Field(
        default=(), description="what was chosen after answers to these questions were seen"
    )
    paper: str = Field(default="", description="digest of all the questions that were answered")

    @property
    def exploratory(self) -> bool:
        """Whether the verdict confirms nothing, since a choice rests on the answers that it
        judges.
        """
        return bool(self.chosen_after)


FIRST_LOOK = History()  # nothing had been decided before


class ModelDiff(StoredRow):
    """What the tuning changed inside the model, beside its answers."""

    kl_mean: float = Field(
        description="mean KL(tuned ‖ base) of the next-token distribution at the answer, in nats"
    )
    weight_shift: float = Field(
        description="‖BA·scale‖ / ‖W‖ over the adapted matrices (Frobenius)"
    )
    taught_before: float = Field(
        description=(
            "mean log-likelihood of the taught diagnoses given their vignettes, nats per token,"
            " base"
        )
    )
    taught_after: float = Field(description="the same, tuned")
    unseen_before: float | None = Field(
        default=None, description="the same on held-out pairs, base"
    )
    unseen_after: float | None = Field(
        default=None, description="the same on held-out pairs, tuned"
    )
    book_before: float | None = Field(
        default=None, description="perplexity on a sample of the book, base"
    )
    book_after: float | None = Field(
        default=None, description="perplexity on a sample of the book, tuned"
    )
    general_before: float | None = Field(
        default=None, description="perplexity on a short general text, base"
    )
    general_after: float | None = Field(
        default=None, description="perplexity on a short general text, tuned"
    )


class Finding(StoredRow):
    """One cause of the result, with its evidence and what to change."""

    rule: str = Field(description="short name of the rule")
    claim: tuple[str, ...] = Field(
        default=("claim",), description="its sentences, by their names in findings.yaml"
    )
    evidence: Measures = Field(description="the numbers it rests on")
    beside: Measures = Field(
        default_factory=dict, description="what the sentences name besides the evidence"
    )
    priority: float = Field(
        description=(
            "0 to 1: in which order to act, set by hand (broken parts before weak data, a remedy"
            " that costs nothing before one that is paid for); no measured share"
        )
    )
    remedy: dict[str, Any] = Field(
        default_factory=dict, description="change of plan, as dotted keys and values"
    )
    notes: tuple[str, ...] = Field(default=(), description="what is added to the advice, by name")


CauseName = Literal["training data", "too little training", "leakage", "easy questions"]
CauseVerdict = Literal["likely", "ruled out", "cannot be told"]


class Cause(StoredRow):
    """One of the four causes that the exercise only guessed at, answered with numbers."""

    name: CauseName = Field(description="which of the four")
    verdict: CauseVerdict
    found: tuple[Finding, ...] = Field(default=(), description="what the rules found of it")
    claim: tuple[str, ...] = Field(description="its own sentences, by their names")
    evidence: Measures = Field(description="the numbers it rests on")


class Timing(StoredRow):
    """One stage of this run."""

    stage: str
    seconds: float
    memory_mb: float
    cached: bool = False


class Timings(ExecutionOptions):
    """The stages so far; handed to the report, never part of a cache key."""

    stages: tuple[Timing, ...] = ()
