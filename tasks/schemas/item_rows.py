"""What one line of each artifact says: frozen rows, one JSON object a line, Persian left
readable.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tasks.schemas.messages import Message

AnswerMode = Literal["generate", "digits", "cloze", "cloze_mean", "cloze_prior"]
SetName = Literal["train", "same_fact", "new_fact", "all"]
FindingVerdict = Literal["told", "contradicted", "not_told"]
OptionVerdict = Literal["right", "wrong", "not_told"]
QuestionType = Literal[
    "symptoms",
    "diagnosis",
    "complications",
    "telling_apart",
    "other",
    "application",
    "condition",
    "consequence",
    "definition",
    "reason",
]


class StoredRow(BaseModel):
    """A frozen row; unknown fields are refused, so a foreign file is noticed."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_inf_nan="strings"
    )  # null would not come back as a number


class Page(StoredRow):
    """One page as it was read."""

    page: int = Field(description="page of the PDF, counted from 1")
    text: str = Field(
        description="the page's text in logical order and normal form, lines as on the page"
    )
    script: str = Field(
        description="the script most letters belong to: Arab, Hebr, Latn, … or none"
    )
    engine: str = Field(
        description="who read it: pdfium, glyphs (pdfminer boxes in our order), tesseract, none"
    )
    legibility: float = Field(
        description="0 to 1: how much the text looks like language; see reading/legibility.py"
    )
    ocr: bool = Field(
        default=False, description="read from a picture, so its numbers are not to be trusted"
    )


class ReadingSummary(StoredRow):
    """What the reading of a book left out of its passages, and how far its bookmarks bear
    it out.
    """

    pages: int = Field(description="pages of the plan's range")
    skipped: dict[str, int] = Field(
        default_factory=dict,
        description='pages left out by reason: "picture", "empty", "contents", …',
    )
    faults: dict[int, str] = Field(
        default_factory=dict, description="page: what one of the libraries said against it"
    )
    ocr: int = Field(default=0, description="pages read from a picture; they ground no number")
    running_lines: int = Field(
        default=0, description="heads, feet and page numbers that were left out"
    )
    bookmarks: int = Field(default=0, description="bookmarks of two words or more")
    bookmarks_found: int = Field(
        default=0, description="of them, those whose title stands on its page as it was read"
    )


class Passage(StoredRow):
    """A piece of the book that items are drawn from; never cuts a sentence."""

    id: str = Field(
        description='page and place: "p012-03" is the third passage that begins on page 12'
    )
    chapter: str = Field(description="title of its chapter")
    section: str = Field(
        default="",
        description="title of the section inside the chapter (in a handbook: the condition)",
    )
    heading: str = Field(
        default="",
        description="title of the part inside the section (in a handbook: signs, treatment, …)",
    )
    page: int = Field(description="page of the PDF where it begins, counted from 1")
    text: str = Field(
        description="normal form; one line a paragraph or list item; a list item begins with '- '"
    )
    ocr: bool = Field(default=False, description="read from a picture")
    box: tuple[float, float, float, float] | None = Field(
        default=None, description="left, top, right, bottom on its page in points, origin top left"
    )


class Quote(StoredRow):
    """The words of the book that an item rests on."""

    passage_id: str = Field(description="the passage that holds the quote")
    page: int = Field(description="page of the PDF, counted from 1")
    start: int = Field(description="first character in the passage's text")
    end: int = Field(description="one past the last character in the passage's text")
    text: str = Field(description="passage.text[start:end]")


class Draft(StoredRow):
    """One response of a writer, exactly as it came; it may hold several items."""

    id: str = Field(description="hash of the request that it answers")
    kind: Literal["pair", "question"] = Field(description="what was asked for")
    passages: tuple[str, ...] = Field(description="ids of the passages that the writer was shown")
    asked: int = Field(description="how many items were asked for")
    writer: str = Field(description='"rules", or the model\'s name')
    raw: str = Field(description="the text that came back, unchanged")
    finish: Literal["stop", "length", "refusal", "content_filter", "error"] = Field(
        default="stop", description="how the writer ended"
    )
    tokens_in: int = Field(default=0, description="prompt tokens, by the server's count")
    tokens_cached: int = Field(
        default=0, description="of them, served from the server's prompt cache"
    )
    tokens_out: int = Field(default=0, description="completion tokens, by the server's count")
    cost_usd: float = Field(default=0.0, description="price of this response in US dollars")


class ReaderUsage(StoredRow):
    """What one chapter's second reader was asked, and what came of it."""

    model: str = ""
    requests: int = Field(default=0, description="answers used, from the server or the ledger")
    sent: int = Field(default=0, description="requests sent in this run, repeats included")
    read: int = Field(default=0, description="items that were read")
    refused: int = Field(default=0, description="of them, those that fell")
    unread: int = Field(
        default=0,
        description="items on which no answer could be read; the rules alone judged them",
    )
    twice: int = Field(default=0, description="items that were read twice")
    agreed: int = Field(default=0, description="of them, those with the same outcome both times")
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    cost_usd: float = Field(default=0.0, description="dollars for the answers used")


class WriterUsage(StoredRow):
    """What became of one chapter's requests to a model. Items that came = kept + rejected; what was
    refused never came.
    """

    chapter: str
    wanted: dict[str, int] = Field(description="items that were to be kept, by kind")
    kept: dict[str, int] = Field(description="items that the gate let through, by kind")
    rejected: dict[str, int] = Field(description="items that it did not, by kind")
    refused: dict[str, int] = Field(
        description=(
            "items asked for in requests that ended in a refusal, a filter or an error, by kind"
        )
    )
    ended: dict[str, str] = Field(
        description=(
            'by kind: "met", "exhausted" (the text has no more), "unfit" (what came passed no'
            ' check), "cut" (answers were cut off), "refused", "rounds" (asked often enough),'
            ' "budget", "stopped" (by the server)'
        )
    )
    stop: Message | str | None = Field(
        default=None, description="where the budget ended: what was spent, and how to go on"
    )
    exhausted: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="by kind: ids of the passages that have no more, and are not asked again",
    )
    rounds: int = Field(description="rounds of asking")
    requests: int = Field(description="answers used, from the server or the ledger")
    sent: int = Field(
        description="requests sent in this run, repeats included; the rest was in the ledger"
    )
    finishes: dict[str, int] = Field(description="answers by how the model ended")
    faults: dict[str, int] = Field(
        default_factory=dict, description="failed attempts of this run by class"
    )
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    cost_usd: float = Field(default=0.0, description="dollars for the answers used")
    lost: int = Field(
        default=0,
        description=(
            "answers that never arrived (a kill, a broken connection) and may have been charged"
        ),
    )
    lost_usd: float = Field(default=0.0, description="dollars set aside for them, beside cost_usd")
    server: str = Field(
        default="",
        description=(
            "the server that was asked: scheme, host, port and path, without login or query"
        ),
    )
    reader: ReaderUsage | None = Field(
        default=None, description="of the second reader; none: nobody read for meaning"
    )

    def sum_figure(self, name: str) -> float:
        """Requests, tokens or dollars of writer and reader together."""
        second = getattr(self.reader, name) if self.reader else 0
        return float(getattr(self, name) + second)


class Pair(StoredRow):
    """A training item: a short clinical vignette and its diagnosis."""

    id: str
    fact: str = Field(
        description="what it teaches; items of one fact stay on one side of the split"
    )
    symptom: str = Field(description="vignette: age, sex, condition, chief complaint, signs")
    diagnosis: str = Field(description="the definite or most probable diagnosis of just that case")
    quote: Quote | None = Field(
        default=None, description="where the book says so; none only for a person's own items"
    )


OPTION_COUNT = 4  # of a question
CHANCE_RATE = 1 / OPTION_COUNT  # right by guessing


class Question(StoredRow):
    """A four-option question. The key is the right option; an answer is what a model says."""

    id: str
    fact: str = Field(description="what it asks about; compared with the facts of the pairs")
    question: str = Field(description="the stem")
    options: tuple[str, str, str, str]
    answer: int = Field(ge=1, le=4, description="the key: number of the right option, 1 to 4")
    kind: QuestionType = Field(default="other", description="what it is about")
    quote: Quote | None = Field(
        default=None, description="where the book says so; none only for a person's own items"
    )


class Rejection(StoredRow):
    """An item that was not let through, and why."""

    draft_id: str = Field(description="the draft it came in")
    kind: Literal["pair", "question"]
    passage_id: str = Field(
        default="", description="the passage it was drawn from, where that is known"
    )
    check: str = Field(
        description=(
            'the check that stopped it: "parsing", "grounding", "flaws", "duplicates", "leakage", …'
        )
    )
    reason: Message = Field(description="the fault, with the values that decided")
    also: tuple[str, ...] = Field(default=(), description="codes of its further flaws")
    raw: str = Field(description="the item as it came")
    items: int = Field(
        default=1,
        description=(
            "how many items this row stands for (a whole broken response stands for all it was"
            " asked for)"
        ),
    )


LET_THROUGH = "let-through/"  # before the code of a flaw that was counted and let through


class FilterStep(StoredRow):
    """One step of the funnel: what came in, what went on, what fell, by reason. came = kept + Σ
    fell.
    """

    name: str
    kind: Literal["pair", "question"]
    came: int
    kept: int
    fell: dict[str, int] = Field(default_factory=dict, description="rejected items by reason")
    repaired: dict[str, int] = Field(
        default_factory=dict, description="items mended on the way, by defect"
    )


class ReadFinding(StoredRow):
    """One thing that a stem or vignette states."""

    line: str = Field(description="words of the text about it, as the reader gives them")
    finding: str = Field(description="what the item states")
    verdict: FindingVerdict = Field(description="what the text says to it")


class ReadOption(StoredRow):
    """One option of a question, or one condition that fits a vignette."""

    line: str = Field(description="words of the text that decide, as the reader gives them")
    option: str = Field(description="the option's or condition's own words")
    verdict: OptionVerdict = Field(description="what the text makes of it")
    is_key: bool = Field(description="whether the writer holds it for right; never shown")


class ItemReading(StoredRow):
    """What a reader who did not see the key says of one item."""

    item: str = Field(description="id of the pair or question")
    kind: Literal["pair", "question"]
    model: str = Field(description="who read")
    request: str = Field(description="hash of the request that was answered")
    is_second: bool = Field(
        default=False, description="asked again, in another order, to see how steady the reader is"
    )
    is_read: bool = Field(
        default=True, description="false where no answer on this item could be read"
    )
    findings: tuple[ReadFinding, ...] = ()
    options: tuple[ReadOption, ...] = ()
    is_diagnosis: bool = Field(
        default=True, description="of a pair: whether its diagnosis is one, by the reader"
    )
    remark: str = Field(default="", description="the gravest fault, in the reader's words")
    possible: bool = Field(default=True, description="such a person can exist")
    guessable: bool = Field(default=False, description="found without text and subject")
    wording: bool = Field(default=False, description="asks about the text itself")
    clean: bool = Field(default=True, description="one language, and clear")
    repeats: tuple[str, ...] = Field(default=(), description="ids of items that say the same")
    fault: Message | None = Field(default=None, description="why the item is refused; none: kept")
