"""What the second reader says of an item, beside what came of it."""

from typing import Literal

from pydantic import Field

from tasks.schemas.item_rows import StoredRow
from tasks.schemas.messages import Message

FindingVerdict = Literal["told", "contradicted", "not_told"]
OptionVerdict = Literal["right", "wrong", "not_told"]


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


class Reading(StoredRow):
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
