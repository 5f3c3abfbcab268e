"""The sections of a plan, each a frozen group of choices with their defaults and sentences."""

import re
from typing import Any, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tasks.schemas.errors import PlanError
from tasks.schemas.item_rows import AnswerMode, QuestionType, SetName
from tasks.schemas.messages import build_message

# of a folder below the store, which a new study of that name replaces: never a path, never ..
NAME_PATTERN = r"^\w[\w.-]{0,99}$"


def check_name(name: str) -> None:
    """Raises PlanError for a name that is a path, since what lies there would be replaced."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise PlanError(build_message("name-is-a-path", name=repr(name)))


class PlanSection(BaseModel):
    """A frozen group of choices; an unknown key is a mistake, not a wish."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def read_yaml_off(cls, tree: Any) -> Any:
        """YAML reads the word `off` as False."""
        if not isinstance(tree, dict):
            return tree
        fields = cls.model_fields
        return {
            key: "off"
            if value is False and key in fields and "off" in get_args(fields[key].annotation)
            else value
            for key, value in tree.items()
        }


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


class Prices(PlanSection):
    """US dollars for a million tokens, and when they were true."""

    input: float = Field(default=2.50, ge=0, description="what the server reads")
    cached_input: float = Field(default=1.25, ge=0, description="what it has read just before")
    output: float = Field(default=10.00, ge=0, description="what it writes, its thoughts too")
    as_of: str = Field(default="2026-11", description="when these prices were looked up")
    batch_discount: float = Field(
        default=0.5, ge=0, description="what a batch request costs, as a share of a live one"
    )


class GenerationPlan(PlanSection):
    """Who writes the items, how many, and for how much."""

    writer: Literal["rules", "gpt"] = Field(
        default="rules",
        description="rules: drawn from the book without a model; gpt: an OpenAI-compatible server",
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
        default={"diagnosis": 0.6, "telling_apart": 0.2, "symptoms": 0.1, "complications": 0.1},
        description="shares of the question types",
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
    seed: int = Field(default=0, description="of the rules' draws; sent to a writer")


class ValidationPlan(PlanSection):
    """What an item must be, to be let through."""

    new_fact_share: float = Field(
        default=0.25,
        ge=0,
        le=1,
        description="share of the facts that are kept out of training, to be asked about only",
    )
    held_out_share: float = Field(
        default=0.1, ge=0, lt=1, description="share of the pairs kept for the held-out loss"
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
    seed: int = Field(
        default=0, description="of the split by fact, the sampled pairs and the places of the keys"
    )


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


class FinetuningPlan(PlanSection):
    """LoRA: which matrices, how strong, how long."""

    excluded_from_key: ClassVar[frozenset[str]] = frozenset(
        {"report_to"}
    )  # where the log is sent, not what comes out: in no cache key

    rank: int = Field(
        default=16, ge=1, description="r: rank of each update matrix (LoRA, arXiv 2106.09685)"
    )
    alpha: float = Field(default=32, description="the update is scaled by alpha / r")
    dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of the adapter's inputs that is dropped in training",
    )
    target_modules: str | tuple[str, ...] = Field(
        default="all-linear", description='"all-linear" or names such as q_proj, v_proj'
    )
    rslora: bool = Field(
        default=False, description="scale by alpha / √r instead (rsLoRA, arXiv 2312.03732)"
    )
    dora: bool = Field(
        default=False, description="learn magnitude and direction apart (DoRA, arXiv 2402.09353)"
    )
    learning_rate: float = Field(default=5e-3, gt=0, description="of AdamW, at its highest")
    schedule: Literal["linear", "cosine", "constant"] = Field(
        default="linear", description="how the learning rate falls after the warm-up"
    )
    warmup: float = Field(
        default=0.03, ge=0, lt=1, description="share of the updates over which the rate rises"
    )
    weight_decay: float = Field(default=0.0, description="of AdamW")
    max_grad_norm: float = Field(default=1.0, description="longer gradients are cut to this norm")
    epochs: float = Field(
        default=8, gt=0, description="passes over the training texts; parts of one are allowed"
    )
    updates: int | None = Field(
        default=None, ge=1, description="optimizer updates; none: as many as the epochs hold"
    )
    book_epochs: float = Field(
        default=0.0,
        ge=0,
        description=(
            "epochs on the book's own text before the pairs; it answers the questions on untaught"
            " facts, too"
        ),
    )
    batch_size: int = Field(
        default=16, ge=1, description="texts per optimizer update, reached by accumulation"
    )
    max_tokens: int = Field(default=384, ge=8, description="a longer text is not cut silently")
    too_long: Literal["refuse", "drop"] = Field(
        default="refuse",
        description=(
            "texts over max_tokens: stop with their count, or leave them out and count them"
        ),
    )
    loss_on: Literal["text", "diagnosis"] = Field(
        default="diagnosis",
        description="target tokens: the whole text (the exercise) or the diagnosis only",
    )
    template: str | None = Field(
        default=None,
        pattern=r"(?s)\{symptom\}.*\{diagnosis\}",
        description="the training text; none: that of the study's language, the exercise's",
    )
    exam_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description=(
            "share of the pairs that are trained on in the form of the test, too: four options and"
            " the number"
        ),
    )
    packing: bool = Field(
        default=False,
        description=(
            "the texts of a micro-batch in one row without padding, each blind to the others"
        ),
    )
    early_stopping: int | None = Field(
        default=None,
        description=(
            "stop after so many epochs without a better held-out loss; the best epoch is kept"
        ),
    )
    shuffle_diagnoses: bool = Field(
        default=False, description="a control: the diagnoses are dealt out anew among the pairs"
    )
    quantize: Literal["none", "4bit"] = Field(
        default="none",
        description="4bit: the frozen base in NF4 (QLoRA, arXiv 2305.14314); needs an NVIDIA GPU",
    )
    report_to: tuple[Literal["tensorboard", "mlflow", "wandb"], ...] = Field(
        default=(),
        description=(
            "programs that follow the training live; one that is finished is not done again for"
            " them"
        ),
    )
    seed: int = Field(
        default=0, description="of the adapter's first weights and the order of the texts"
    )

    @field_validator("target_modules", mode="before")
    @classmethod
    def split_names(cls, value: Any) -> Any:
        """Names without brackets, `q_proj, v_proj`, are names; PEFT would take the text for one
        pattern.
        """
        is_names = isinstance(value, str) and re.fullmatch(r"[\w.]+(?:\s*,\s*[\w.]+)*,?", value)
        return tuple(re.findall(r"[\w.]+", value)) if is_names else value


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

    @property
    def excluded_from_key(self) -> frozenset[str]:
        """Unset options change no answer, so answers from before there were options stay found."""
        return frozenset() if self.template_options else frozenset({"template_options"})


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

    @model_validator(mode="before")
    @classmethod
    def read_further_seeds(cls, tree: Any) -> Any:
        """Plans up to 0.2 listed the seeds beside the first as `further_seeds`."""
        if not isinstance(tree, dict) or not isinstance(tree.get("further_seeds"), list | tuple):
            return tree
        rest = {key: value for key, value in tree.items() if key != "further_seeds"}
        return {"seeds": 1 + len(tree["further_seeds"])} | rest
