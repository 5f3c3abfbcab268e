"""The sections of a plan, each a frozen group of choices with their defaults and sentences."""

import re
from typing import Any, Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from tasks.schemas.errors import PlanError, PlanFault
from tasks.schemas.item_rows import AnswerMode, QuestionType, SetName
from tasks.schemas.messages import build_message
from tasks.schemas.sections.finetuning_plan import FinetuningPlan as FinetuningPlan
from tasks.schemas.sections.plan_base import PlanSection as PlanSection
from tasks.schemas.sections.plan_base import Prices as Prices
from tasks.schemas.sections.profiles import ITEM_FORMS, MEDICINE, Profile, fit_to_profile
from tasks.schemas.sections.reader_plan import ReaderPlan as ReaderPlan

# of a request, that `generation.extra` may not set
REQUEST_FIELDS = {
    *("model", "messages", "response_format", "stream", "stream_options"),
    *("max_tokens", "max_completion_tokens", "n", "best_of", "temperature", "seed"),
}
# of a folder below the store, which a new study of that name replaces: never a path, never ..
NAME_LENGTH = 100  # characters
NAME_PATTERN = rf"^\w[\w.-]{{0,{NAME_LENGTH - 1}}}$"


def check_name(name: str) -> None:
    """Raises PlanError for a name that is a path, since what lies there would be replaced."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise PlanError(build_message("name-is-a-path", name=repr(name)))


class ReadingPlan(PlanSection):
    """How the book is read."""

    ocr: Literal["refuse", "skip", "tesseract"] = Field(
        default="refuse",
        description=(
            "pages that are pictures: refuse the book, skip and count them, or read them with"
            " tesseract"
        ),
    )
    ocr_languages: str = Field(
        default="fas+eng", description="tesseract's names of the book's languages"
    )
    passage_characters: int = Field(
        default=900,
        ge=200,
        description=(
            "a passage holds about this many characters; it ends with a paragraph, or with a"
            " sentence of a longer one"
        ),
    )
    most_bad_pages: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description=(
            "refuse the book when a larger share of its pages is empty, failed or illegible"
        ),
    )
    first_page: int = Field(default=1, ge=1, description="first page to read, counted from 1")
    last_page: int | None = Field(
        default=None, ge=1, description="last page to read; none: to the end"
    )


class GenerationPlan(PlanSection):
    """Who writes the items, how many, and for how much."""

    writer: Literal["rules", "gpt"] = Field(
        default="rules",
        description="rules: drawn from the book without a model; gpt: an OpenAI-compatible server",
    )
    profile: Profile = Field(
        default=MEDICINE,
        description=(
            "what the book is: medicine (patients and diagnoses), guideline, law (both: situations"
            " and what follows), general (questions and answers); gives items, training texts, exam"
            " and report their words. All but medicine need the gpt writer, or a person's own items"
        ),
    )
    model: str = Field(
        default="gpt-4o", description="the model's name at the server (gpt writer only)"
    )
    pairs: int | str = Field(
        default=400,
        description=(
            "how many training pairs, or a file with a person's own (JSON, JSONL, CSV, XLSX,"
            " parquet)"
        ),
    )
    questions: int | str = Field(
        default=280, description="how many four-option questions, or a file with a person's own"
    )
    columns: dict[str, str | tuple[str, ...]] | None = Field(
        default=None,
        description=(
            "which columns of a person's own files hold what, where their names do not tell:"
            " question, options (one column or one an option), answer; symptom, diagnosis"
        ),
    )
    margin: float = Field(
        default=0.1,
        ge=0,
        le=2,
        description=(
            "share drafted on top, since checks over the whole book may still refuse some; the rest"
            " is cut"
        ),
    )
    per_request: int = Field(default=10, ge=1, description="items asked for in one request")
    shown_characters: int = Field(
        default=12_000,
        ge=500,
        description=(
            "most characters of the book in one request; fewer for models with a short context"
        ),
    )
    paraphrases: int = Field(default=1, ge=1, description="wordings of each fact among the pairs")
    kinds: dict[QuestionType, float] = Field(
        default=ITEM_FORMS[MEDICINE].kinds,
        description=(
            "shares of the question types; another profile than medicine has its own (application,"
            " condition, consequence, definition, reason, telling_apart, other)"
        ),
    )
    mode: Literal["live", "batch"] = Field(
        default="live",
        description="one request at a time, or the server's batch API at half the price",
    )
    show: Literal["text", "pdf"] = Field(
        default="text",
        description=(
            "show the model the passages as text, or the pages themselves as a PDF file part"
        ),
    )
    structure: Literal["schema", "json", "text"] = Field(
        default="schema",
        description="strict JSON schema, JSON mode, or plain text with a tolerant parser",
    )
    extra: dict[str, JsonValue] = Field(
        default={},
        description=(
            "more fields of each request, for servers that want them, e.g. {chat_template_kwargs:"
            " {enable_thinking: false}}; sent to the second reader too"
        ),
    )
    temperature: float = Field(default=0.7, description="of the writer's sampling")
    max_output_tokens: int = Field(default=4096, ge=1, description="most tokens of one reply")
    budget_usd: float = Field(
        default=5.0, ge=0, description="hard cap for the study, across retries and reruns"
    )
    prices: Prices = Prices()
    rounds: int = Field(
        default=4,
        ge=1,
        description=(
            "how often rejected items are asked for again from the same place, and how often what"
            " the whole book's checks took is"
        ),
    )
    repairs: int | None = Field(
        default=None,
        ge=0,
        description=(
            "rounds in which refused items go back to the writer with their reasons, to be repaired"
            " or replaced; none: one in batch mode, else as many as `rounds`"
        ),
    )
    # Writers of nonsense had 0 and 9 % of their items kept, the worst round of careful ones 67 %.
    pilot_share: float = Field(
        default=0.25,
        ge=0,
        le=1,
        description=(
            "stop before the rest is asked where the checks keep a smaller share of the pilot's"
            " pairs or questions; 0: no pilot"
        ),
    )
    seed: int = Field(default=0, description="of the rules' draws; sent to a writer")

    @property
    def further_rounds(self) -> int:
        """Rounds after the first; in a batch each may take a day."""
        if self.repairs is not None:
            return self.repairs
        return 1 if self.mode == "batch" else self.rounds

    @property
    def excluded_from_key(self) -> frozenset[str]:
        """Unset, they change nothing that a plan before them did not say; a pilot stops what is
        asked, and changes none of it.
        """
        unset = {
            "repairs": self.repairs is None,
            "profile": self.profile == MEDICINE,
            "extra": not self.extra,
            "pilot_share": True,
        }
        return frozenset(name for name, is_unset in unset.items() if is_unset)

    @field_validator("extra")
    @classmethod
    def refuse_known_fields(cls, extra: dict[str, JsonValue]) -> dict[str, JsonValue]:
        """What the plan says elsewhere, and what would make several answers of one, whose price no
        limit knows.
        """
        if known := sorted(REQUEST_FIELDS & extra.keys()):
            raise PlanFault(build_message("extra-is-decided", fields=tuple(known)))
        return extra

    @model_validator(mode="before")
    @classmethod
    def fit_to_profile(cls, tree: Any) -> Any:
        """A profile's own question types; rules write patients only."""
        return fit_to_profile(tree) if isinstance(tree, dict) else tree


class ValidationPlan(PlanSection):
    """What an item must be, to be let through."""

    reader: ReaderPlan = ReaderPlan()

    new_fact_share: float = Field(
        default=0.25,
        ge=0,
        le=1,
        description="share of the facts that are kept out of training, to be asked about only",
    )
    held_out_share: float = Field(
        default=0.1, ge=0, lt=1, description="share of the pairs kept for the held-out loss"
    )
    sealed_share: float = Field(
        default=0,
        ge=0,
        le=0.5,
        description=(
            "share of the questions, by whole facts, that no study asks but one that decides after"
            " a choice (comparison.confirms); next-plan.yaml and best-plan.yaml do"
        ),
    )
    train_questions: int = Field(
        default=100,
        ge=0,
        description="how many taught pairs are also asked as questions (the `train` set)",
    )
    near_duplicate: float = Field(
        default=0.85,
        gt=0,
        le=1,
        description="Jaccard similarity of word 3-grams from which two items are the same",
    )
    leak_ngram: int = Field(
        default=8,
        ge=3,
        description="words in a row shared by a training text and a question that make a leak",
    )
    leak_similarity: float = Field(
        default=0.7,
        gt=0,
        le=1,
        description="Jaccard similarity of word sets from which a training text leaks a question",
    )
    grounding: Literal["quote", "off"] = Field(
        default="quote", description="off only for a person's own items"
    )
    flaws: Literal["auto", "reject", "report"] = Field(
        default="auto",
        description=(
            "items with item-writing flaws: refuse, or let through and report; auto: refuse those"
            " of a writer, report a person's own"
        ),
    )
    review: str | tuple[str, ...] | None = Field(
        default=None,
        description=(
            "file with a person's decisions on the items, as book2lora review makes sheets for"
            " (JSON, CSV, XLSX); or several, the earliest first"
        ),
    )
    seed: int = Field(
        default=0, description="of the split by fact, the sampled pairs and the places of the keys"
    )

    @model_validator(mode="before")
    @classmethod
    def read_reader_name(cls, tree: Any) -> Any:
        """`reader: off` and `reader: gpt-4o-mini` name the model alone; YAML takes off for no."""
        if not isinstance(tree, dict) or not isinstance(tree.get("reader"), str | bool):
            return tree
        name = tree["reader"]
        model = ("auto" if name else "off") if isinstance(name, bool) else name
        return tree | {"reader": {"model": model}}

    @property
    def excluded_from_key(self) -> frozenset[str]:
        """A reader who is off changes nothing, so that results from before there were readers
        stay found. A review is a path: the stage that reads it has what its file holds in its key.
        Facts are sealed after the checks.
        """
        own = frozenset({"review", "sealed_share"})
        return own | {"reader"} if self.reader.model == "off" else own


class BasePlan(PlanSection):
    """The model that is tuned."""

    model: str = Field(
        default="tiny",
        description=(
            '"tiny" (built from the book itself, a control), "smollm2" (a real one, from a package'
            " that is installed), a folder, a GGUF file, or a name on the hub"
        ),
    )
    revision: str | None = Field(
        default=None,
        description=(
            "commit of the hub's repository; none: the newest, whose commit is then recorded"
        ),
    )
    steps: int = Field(default=500, ge=1, description="pre-training steps of the tiny model")
    seed: int = Field(default=0, description="of the tiny model's first weights and batches")


class EvaluationPlan(PlanSection):
    """How the questions are put and read."""

    modes: tuple[AnswerMode, ...] = Field(
        default=("generate", "digits", "cloze"),
        description=(
            "generate: what the model writes; digits: the likeliest option number; cloze: the"
            " likeliest option text, by its whole log-likelihood; cloze_mean: by its mean over"
            " characters; cloze_prior: less what the text is worth without the question"
        ),
    )
    rotations: int = Field(
        default=1,
        ge=1,
        le=4,
        description="rotations of the options that are put; 4 removes the position bias",
    )
    instruction: str | None = Field(
        default=None,
        description="the line before each question; none: that of the study's language",
    )
    answer_tokens: int = Field(default=12, ge=1, description="tokens that `generate` may write")
    chat: Literal["auto", "off"] = Field(
        default="auto",
        description=(
            "auto: where the tokenizer has a chat template, the exam is put as a person's message;"
            " cloze never is"
        ),
    )
    template_options: dict[str, Any] = Field(
        default={},
        description=(
            "passed to the chat template, e.g. {enable_thinking: false} or {chat_template: NAME}"
            " where it has several"
        ),
    )
    screening: bool = Field(
        default=True,
        description=(
            "ask the base model also without stem and with the passage, to know guessable questions"
        ),
    )

    general: bool = Field(
        default=True,
        description=(
            "ask base and tuned model fifty everyday questions, too, to see what the tuning cost"
            " beside the book"
        ),
    )
    retrieval: Literal["none", "bm25"] = Field(
        default="none",
        description=(
            "bm25: ask the primary questions also with the best passages of the book before them,"
            " and of the base with a few solved examples, to see what the tuning is worth beside"
            " these cheaper means"
        ),
    )
    passages: int = Field(
        default=2, ge=1, le=20, description="passages that retrieval puts before a question"
    )

    @property
    def excluded_from_key(self) -> frozenset[str]:
        """What is asked beside the questions changes no answer to them, nor do unset options: so
        answers from before there were such choices stay found.
        """
        beside = frozenset({"general", "retrieval", "passages"})
        return beside if self.template_options else beside | {"template_options"}


class ComparisonPlan(PlanSection):
    """What counts, fixed before anything is scored. All that is not primary is exploratory."""

    primary_mode: AnswerMode = Field(
        default="cloze", description="the mode that the verdict is about"
    )
    primary_set: SetName = Field(
        default="same_fact",
        description=(
            "the questions that the verdict is about: same_fact (taught facts, other words),"
            " new_fact (facts never taught), train (the pairs themselves) or all"
        ),
    )
    alpha: float = Field(default=0.05, gt=0, lt=1, description="two-sided level of the verdict")
    power: float = Field(
        default=0.8, gt=0, lt=1, description="power at which the detectable difference is stated"
    )
    margin: float = Field(
        default=0.05,
        gt=0,
        lt=1,
        description="differences within ± margin count as none (equivalence)",
    )
    seed: int = Field(default=0, description="of the draws that the interval rests on")
    seeds: int = Field(
        default=1,
        ge=1,
        le=20,
        description=(
            "seeds of the tuning, from finetuning.seed on, each tuned and examined; with three or"
            " more the verdict is on the recipe, with fewer on the adapter of the first"
        ),
    )

    confirms: bool = Field(
        default=False, description="ask the questions on sealed facts alone, which opens them"
    )
    secondary: Literal["none", "brier"] = Field(
        default="none",
        description=(
            "a second endpoint, told beside the verdict, which it never changes: brier, of the"
            " key's share of probability, in the primary mode or the first that has scores"
        ),
    )

    @model_validator(mode="before")
    @classmethod
    def read_further_seeds(cls, tree: Any) -> Any:
        """Plans up to 0.2 listed the seeds beside the first as `further_seeds`."""
        if not isinstance(tree, dict) or not isinstance(tree.get("further_seeds"), list | tuple):
            return tree
        rest = {key: value for key, value in tree.items() if key != "further_seeds"}
        return {"seeds": 1 + len(tree["further_seeds"])} | rest
