"""The one gate that every item passes: read, ground, look for flaws and repeats. Remembers what it
let through and what it stopped.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from threading import Lock
from typing import NamedTuple

from tasks.schemas.digest import compute_digest
from tasks.schemas.item_rows import (
    LET_THROUGH,
    Draft,
    FilterStep,
    ItemReading,
    Pair,
    Passage,
    Question,
    Quote,
    Rejection,
)
from tasks.schemas.messages import Message, build_message
from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation import reading_verdict
from tasks.validation.checks import flaws, grounding, text_damage, zwnj_repair
from tasks.validation.checks.duplicates import SeenItems
from tasks.validation.checks.passage_index import PassageIndex
from tasks.validation.filter_counts import READ_STEP, count_filter_steps
from tasks.validation.items import (
    ITEM_KINDS,
    ItemKind,
    PairOrQuestion,
    ParsedItem,
    build_row_rejection,
    get_key,
    get_kind,
    get_text,
)
from tasks.validation.language_patterns import get_language_patterns
from tasks.validation.parsing import draft_reader

# Faults that words alone only suspect; where somebody reads for meaning, the reader decides.
SUSPECTED = frozenset(
    {
        "absolute-terms",
        "another-condition-fits-better",
        "distractors-not-supported",
        "key-misspelt",
        "key-not-supported",
        "key-supported-by-a-neighbour-only",
        "more-than-one-option-supported",
        "negation-differs-from-the-passage",
        "number-not-in-the-passage",
        "quote-from-another-section",
    }
)


def describe_repeated(earlier: str) -> tuple[str, Message]:
    """Check and reason of an item that says the same as an earlier one."""
    return "duplicates", build_message("says-the-same-as-an-earlier-item", text=earlier)


class CheckedDraft(NamedTuple):
    """What was let through and what was stopped."""

    kept: list[PairOrQuestion]
    rejected: list[Rejection]
    exhausted: bool = False  # the writer says that its passages hold no more


class CheckedReadings(NamedTuple):
    """Readings with what came of them, and the items that fell by them."""

    readings: list[ItemReading]
    fallen: list[tuple[PairOrQuestion, Rejection]]


class CheckedChapter(NamedTuple):
    """What was let through of a chapter's items, what was stopped, and the count of both."""

    kept: list[PairOrQuestion]
    rejected: list[Rejection]
    funnel: list[FilterStep]
    names_facts: bool = True  # its writer gives equal facts equal names


class BookKnowledge(NamedTuple):
    """What the checks ask of the book."""

    passage_index: PassageIndex
    spelling: zwnj_repair.BookSpelling
    profile: text_damage.BookProfile


_studying = Lock()  # chapters are checked at once, and the book is studied for all of them


def study_book(passages: Iterable[Passage], language: str) -> BookKnowledge:
    """The same object for the same book: a handbook takes a second, a chapter's checks less."""
    with _studying:
        return _study_book(tuple(passages), language)


@lru_cache(maxsize=2)
def _study_book(passages: tuple[Passage, ...], language: str) -> BookKnowledge:
    patterns, texts = get_language_patterns(language), [passage.text for passage in passages]
    index, script = PassageIndex(passages), text_damage.get_main_script(texts)
    return BookKnowledge(
        index,
        zwnj_repair.learn_spelling(texts, patterns, language),
        text_damage.BookProfile(index.vocabulary, script, patterns.years),
    )


class ItemChecker:
    """The checks on single items, in their order, draft by draft."""

    def __init__(self, passages: Iterable[Passage], language: str, plan: ValidationPlan) -> None:
        self.language, self.plan, self.patterns = language, plan, get_language_patterns(language)
        self.passage_index, self.spelling, self.book_profile = study_book(passages, language)
        self.seen_items = SeenItems(language, plan)
        self.kept: list[PairOrQuestion] = []
        self.rejected: list[Rejection] = []
        self.input_counts: Counter[ItemKind] = Counter()
        self.repair_counts: dict[tuple[ItemKind, str], Counter[str]] = defaultdict(Counter)
        self.is_read = plan.reader.is_on
        self._sources: dict[str, ParsedItem] = {}  # row's id → the item that it was made of
        self._suspicions: dict[str, tuple[str, Message]] = {}  # row's id → check and fault

    def check_draft(self, draft: Draft) -> CheckedDraft:
        """Check one response of a writer."""
        found = draft_reader.read_draft(draft, self.language)
        shown = self.passage_index.get_shown_passages(draft.passages)
        return self._check_items(found.items, found.rejected, shown)._replace(
            exhausted=found.exhausted
        )

    def check_imported(
        self, items: Sequence[ParsedItem], rejected: Sequence[Rejection]
    ) -> CheckedDraft:
        """Check a person's own items: everything but grounding."""
        return self._check_items(items, rejected, None)

    def check_readings(self, readings: Sequence[ItemReading]) -> CheckedReadings:
        """What the second reader says of items that were let through: those it faults fall now.
        What could not be read is judged by the rules alone, and by what they merely suspect, too.
        """
        made = CheckedReadings([], [])
        rows = {row.id: row for row in self.kept}
        order = {item: place for place, item in enumerate(rows)}
        left = {row.id: get_text(row) for row in self.kept}
        for reading in readings:
            row = rows[reading.item]
            earlier = {item: text for item, text in left.items() if order[item] < order[row.id]}
            check = reading_verdict.CHECK_NAME
            fault = reading_verdict.find_reading_fault(
                reading, earlier, medical=self.patterns.medical
            )
            if not reading.is_read and row.id in self._suspicions:
                check, fault = self._suspicions[row.id]
            made.readings.append(reading.model_copy(update={"fault": fault}))
            if fault and not reading.is_second:
                made.fallen.append((row, self._withdraw_row(row, check, fault)))
                del left[row.id]
        return made

    def _withdraw_row(self, row: PairOrQuestion, check: str, fault: Message) -> Rejection:
        self.kept.remove(row)
        self.seen_items.remove_item(row.id)
        passage_id = row.quote.passage_id if row.quote else ""
        rejection = self._sources[row.id].build_rejection(check, fault, passage_id)
        self.rejected.append(rejection)
        return rejection

    def add_chapter(self, chapter: CheckedChapter) -> None:
        """Items that have passed their chapter's checks: only what repeats an earlier item falls
        now.
        """
        for step in chapter.funnel:
            if step.name == chapter.funnel[0].name:
                self.input_counts[step.kind] += step.came
            self.repair_counts[step.kind, step.name].update(step.repaired)
            self.is_read |= step.name == READ_STEP
        self.rejected += chapter.rejected
        for row in chapter.kept:
            said = get_kind(row), get_text(row), get_key(row)
            if earlier := self.seen_items.find_repeated(*said):
                self.rejected.append(build_row_rejection(row, *describe_repeated(earlier)))
            else:
                self.seen_items.add_item(row.id, *said)
                self.kept.append(row)

    def remove_items(self, ids: Collection[str]) -> None:
        """Forget items that were let through, so that others may say the same."""
        if not ids:
            return
        self.kept = [row for row in self.kept if row.id not in ids]
        self.seen_items = SeenItems(self.language, self.plan)
        for row in self.kept:
            self.seen_items.add_item(row.id, get_kind(row), get_text(row), get_key(row))

    def check_again(self, item: ParsedItem, *, is_grounded: bool) -> PairOrQuestion | Rejection:
        """An item in a person's new words, which came once already; `is_grounded`: it must stand in
        the book.
        """
        shown = self.passage_index.get_shown_passages(()) if is_grounded else None
        mended = zwnj_repair.repair_item(item, self.spelling, self.patterns)
        outcome = self._check_item(mended, shown)
        if not isinstance(outcome, Rejection):
            self.kept.append(outcome)
        return outcome

    def collect_items(self) -> CheckedChapter:
        """All that came so far."""
        came = {kind: self.input_counts[kind] for kind in ITEM_KINDS}
        funnel = count_filter_steps(came, self.rejected, self.repair_counts, self.is_read)
        return CheckedChapter(self.kept, self.rejected, funnel)

    def _check_items(
        self,
        items: Sequence[ParsedItem],
        rejected: Sequence[Rejection],
        shown: list[Passage] | None,
    ) -> CheckedDraft:
        made = CheckedDraft([], list(rejected))
        for row in rejected:
            self.input_counts[row.kind] += row.items
        for item in items:
            self.input_counts[item.kind] += 1
            outcome = self._check_item(
                zwnj_repair.repair_item(item, self.spelling, self.patterns), shown
            )
            if isinstance(outcome, Rejection):
                made.rejected.append(outcome)
            else:
                made.kept.append(outcome)
        self.kept += made.kept
        self.rejected += made.rejected
        return made

    def _check_item(
        self, item: ParsedItem, shown: list[Passage] | None
    ) -> PairOrQuestion | Rejection:
        if backward := zwnj_repair.find_reversed_part(item, self.spelling):
            return item.build_rejection(
                "parsing", build_message("words-in-reversed-order", text=backward[:120])
            )
        if fault := text_damage.find_damage(item, self.book_profile):
            return item.build_rejection("parsing", fault)
        self._count_repairs(item.kind, "parsed", item.repairs)
        quote, suspicion = None, None
        if shown is not None and self.plan.grounding == "quote":
            place = self._ground_item(item, shown)
            if isinstance(place, Rejection):
                return place
            quote = place.quote
            suspicion = place.fault and (grounding.CHECK_NAME, place.fault)
        if flaw := self._find_flaw(item, quote, own=shown is None):
            if shown is None or not self._is_suspicion(flaw.reason.code, *flaw.also):
                return flaw
            suspicion = suspicion or (flaws.CHECK_NAME, flaw.reason)
        passage_id = quote.passage_id if quote else ""
        if earlier := self.seen_items.find_repeated(item.kind, item.text, item.key):
            return item.build_rejection(*describe_repeated(earlier), passage_id)
        row = build_row(item, quote)
        self.seen_items.add_item(row.id, item.kind, item.text, item.key)
        self._sources[row.id] = item
        self._suspicions |= {row.id: suspicion} if suspicion else {}
        return row

    def _is_suspicion(self, *codes: str) -> bool:
        """Faults that the second reader decides on, where there is one."""
        return self.plan.reader.is_on and SUSPECTED.issuperset(codes)

    def _ground_item(
        self, item: ParsedItem, shown: list[Passage]
    ) -> grounding.Grounding | Rejection:
        """Its place in the book; with a fault where that is for the reader to decide."""
        place = grounding.ground_item(item, shown, self.passage_index, self.patterns, self.language)
        if place.fault and not (place.quote and self._is_suspicion(place.fault.code)):
            passage_id = place.passage.id if place.passage else ""
            return item.build_rejection(grounding.CHECK_NAME, place.fault, passage_id)
        self._count_repairs(item.kind, "grounded", place.repairs)
        return place

    def _find_flaw(self, item: ParsedItem, quote: Quote | None, *, own: bool) -> Rejection | None:
        found = flaws.find_flaws(self._build_flaw_context(item, quote))
        if found and (self.plan.flaws == "report" or (own and self.plan.flaws == "auto")):
            self._count_repairs(
                item.kind, "flawless", [f"{LET_THROUGH}{why.code}" for why in found]
            )
            return None
        if not found:
            return None
        passage_id = quote.passage_id if quote else ""
        rejection = item.build_rejection(flaws.CHECK_NAME, found[0], passage_id)
        return rejection.model_copy(update={"also": tuple(why.code for why in found[1:])})

    def _build_flaw_context(self, item: ParsedItem, quote: Quote | None) -> flaws.FlawContext:
        topics = self.passage_index.topics
        if quote is None:
            return flaws.FlawContext(item, self.patterns, titles=topics.all_names)
        passage = self.passage_index.passages[quote.passage_id]
        topic, said = (
            topics.get_topic(passage, quote.start),
            topics.get_topic_text(passage, quote.start),
        )
        return flaws.FlawContext(item, self.patterns, quote.text, topic, said, topics.all_names)

    def _count_repairs(self, kind: ItemKind, stage: str, defects: Iterable[str]) -> None:
        for defect in dict.fromkeys(defects):
            self.repair_counts[kind, stage][defect] += 1


def build_row(item: ParsedItem, quote: Quote | None) -> PairOrQuestion:
    """The item as a row; its id is the digest of what it says, so equal items have equal ids."""
    content = "\n".join([item.kind, item.text, item.diagnosis, *item.options, str(item.answer)])
    identity = f"{item.kind}-{compute_digest(content.encode())}"
    if item.kind == "pair":
        return Pair(
            id=identity, fact=item.fact, symptom=item.text, diagnosis=item.diagnosis, quote=quote
        )
    a, b, c, d = item.options
    return Question(
        id=identity,
        fact=item.fact,
        question=item.text,
        options=(a, b, c, d),
        answer=item.answer,
        kind=item.about,
        quote=quote,
    )
