"""The desk that every item passes: read, ground, look for flaws and repeats. Remembers what it let through."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tasks.plan import ValidationPlan
from tasks.records import Draft, Pair, Passage, Question, Quote, Rejection
from tasks.store import digest_of
from tasks.validation import damage, flaws, grounding, mending, parsing
from tasks.validation.duplicates import Seen
from tasks.validation.items import Item, ItemKind, Row
from tasks.validation.shelf import Shelf
from tasks.validation.wording import wording


class Accepted(NamedTuple):
    """What was let through and what was stopped."""

    kept: list[Row]
    rejected: list[Rejection]
    exhausted: bool = False  # the writer says that its passages hold no more


class Desk:
    """The checks on single items, in their order. One desk serves a whole study; `take` may be called draft by draft."""

    def __init__(self, passages: Iterable[Passage], language: str, plan: ValidationPlan, seen: Seen | None = None) -> None:
        self.language, self.plan, self.words = language, plan, wording(language)
        self.shelf = Shelf(passages)
        self.habits = mending.habits((p.text for p in self.shelf.passages.values()), self.words, language)
        script = damage.main_script([p.text for p in self.shelf.passages.values()])
        self.book = damage.Book(self.shelf.vocabulary, script, self.words.years)
        self.seen = seen or Seen(language, plan)
        self.came: Counter[ItemKind] = Counter()
        self.repaired: dict[tuple[ItemKind, str], Counter[str]] = defaultdict(Counter)

    def take(self, draft: Draft) -> Accepted:
        """Check one response of a writer."""
        found = parsing.read(draft, self.language)
        shown = self.shelf.shown(draft.passages)
        return self._sift(found.items, found.rejected, shown)._replace(exhausted=found.exhausted)

    def take_own(self, items: Sequence[Item], rejected: Sequence[Rejection]) -> Accepted:
        """Check a person's own items: everything but grounding."""
        return self._sift(items, rejected, None)

    def _sift(self, items: Sequence[Item], rejected: Sequence[Rejection], shown: list[Passage] | None) -> Accepted:
        made = Accepted([], list(rejected))
        for row in rejected:
            self.came[row.kind] += row.items
        for item in items:
            self.came[item.kind] += 1
            outcome = self._check(mending.mend(item, self.habits, self.words), shown)
            (made.rejected if isinstance(outcome, Rejection) else made.kept).append(outcome)  # type: ignore[arg-type]
        return made

    def _check(self, item: Item, shown: list[Passage] | None) -> Row | Rejection:
        if backward := mending.reversed_part(item, self.habits):
            return item.refused("parsing", "words in reversed order", backward[:120])
        if fault := damage.damage(item, self.book):
            return item.refused("parsing", fault.label, fault.detail)
        self._count(item.kind, "parsed", item.repairs)
        quote = None
        if shown is not None and self.plan.grounding == "quote":
            place = grounding.ground(item, shown, self.shelf, self.words, self.language)
            if place.quote is None:
                return item.refused(grounding.CHECK, place.label, place.detail, place.passage.id if place.passage else "")
            quote = place.quote
            self._count(item.kind, "grounded", place.repairs)
        if flaw := self._flaw(item, quote, own=shown is None):
            return flaw
        passage_id = quote.passage_id if quote else ""
        if earlier := self.seen.repeats(item.kind, item.text, item.key):
            return item.refused("duplicates", "says the same as an earlier item", earlier, passage_id)
        row = row_of(item, quote)
        self.seen.add(row.id, item.kind, item.text, item.key)
        return row

    def _flaw(self, item: Item, quote: Quote | None, *, own: bool) -> Rejection | None:
        found = flaws.flaws(self._paper(item, quote))
        if found and (self.plan.flaws == "report" or (own and self.plan.flaws == "auto")):
            self._count(item.kind, "flawless", [f"let through: {why.label}" for why in found])
            return None
        detail = "; ".join([found[0].detail, *(f"also {why.label}" for why in found[1:])]) if found else ""
        return item.refused(flaws.CHECK, found[0].label, detail, quote.passage_id if quote else "") if found else None

    def _paper(self, item: Item, quote: Quote | None) -> flaws.Paper:
        topics = self.shelf.topics
        if quote is None:
            return flaws.Paper(item, self.words, titles=topics.names)
        passage = self.shelf.passages[quote.passage_id]
        topic, said = topics.of(passage, quote.start), topics.around(passage, quote.start)
        return flaws.Paper(item, self.words, quote.text, topic, said, topics.names)

    def _count(self, kind: ItemKind, stage: str, defects: Iterable[str]) -> None:
        for defect in dict.fromkeys(defects):
            self.repaired[kind, stage][defect] += 1


def row_of(item: Item, quote: Quote | None) -> Row:
    """The item as a row; its id is the digest of what it says, so equal items have equal ids."""
    content = "\n".join([item.kind, item.text, item.diagnosis, *item.options, str(item.answer)])
    identity = f"{item.kind}-{digest_of(content.encode())}"
    if item.kind == "pair":
        return Pair(id=identity, fact=item.fact, symptom=item.text, diagnosis=item.diagnosis, quote=quote)
    a, b, c, d = item.options
    return Question(id=identity, fact=item.fact, question=item.text, options=(a, b, c, d), answer=item.answer, kind=item.about, quote=quote)
