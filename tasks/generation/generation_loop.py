"""A chapter's rounds: ask everywhere for what is missing, judge the answers in order, ask again
where items fell.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from tasks.generation import book_windows, usage
from tasks.generation.asking import AskRequests
from tasks.generation.book_windows import (
    ITEM_KINDS,
    FallenItem,
    PlannedRequest,
    RoundOutcome,
    Spot,
    Window,
)
from tasks.generation.draft_rows import build_draft, count_read_items, list_shown_passages
from tasks.generation.openai.request_builder import build_request
from tasks.generation.openai.request_runner import RequestRunner
from tasks.generation.openai.server_identity import identify_server
from tasks.generation.pdf_parts import PdfPages
from tasks.generation.prompts.instructions import ItemKind
from tasks.generation.quotas import (
    JudgedDraft,
    JudgeDraft,
    PairOrQuestion,
    Quota,
    WrittenChapter,
)
from tasks.generation.response_cache import StoredResponse
from tasks.generation.second_reader.reading_round import SecondReader
from tasks.generation.whole_book.paid_answers import load_paid_work, save_paid_work
from tasks.language.catalogue import tell_reader
from tasks.schemas.errors import BudgetSpent
from tasks.schemas.item_rows import Draft, Pair, Passage, Rejection
from tasks.schemas.messages import Share, build_message
from tasks.schemas.plan_sections import GenerationPlan
from tasks.store.progress import ProgressCallback

ROUND_FACTOR = 3  # times the plan's rounds, where answers come back refused, cut off or unreadable
NO_ITEM_FINISHES = ("refusal", "content_filter", "error")
# An item that falls for these says nothing new: its text may be exhausted; else its writer errs.
REPEATING = frozenset({"says-the-same-as-an-earlier-item", "reader-knows-it-from-before"})


def _get_kind(item: PairOrQuestion) -> ItemKind:
    return "pair" if isinstance(item, Pair) else "question"


@dataclass
class ChapterRun:
    """One chapter on its way from passages to drafts."""

    passages: list[Passage]
    quota: Quota
    plan: GenerationPlan
    language: str
    accept: JudgeDraft
    pages: PdfPages | None
    progress: ProgressCallback
    request_runner: RequestRunner
    before: WrittenChapter | None = None  # of an earlier call, which is asked for more
    reader: SecondReader | None = None
    windows: list[Window] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    kept: list[PairOrQuestion] = field(default_factory=list)
    rejected: Counter[ItemKind] = field(default_factory=Counter)
    refused: Counter[ItemKind] = field(default_factory=Counter)
    rounds: int = 0

    async def run_rounds(self, ask: AskRequests) -> WrittenChapter:
        """All rounds; raises what stopped them, once everything under way and the account are in
        the ledger.

        A budget that ends is no error here: what there is, and what other plans of the study paid
        for, is handed on, and whether it is enough only the whole book can tell.
        """
        self.windows = (
            book_windows.plan_windows(self.passages, self.quota, self.plan) if self.passages else []
        )
        self._recall_earlier()
        first = len(
            self.drafts
        )  # beyond every turn of an earlier call, so that nothing is asked in the same words
        while self.rounds < ROUND_FACTOR * (self.plan.further_rounds + 1):
            askings = book_windows.plan_round(
                self.windows, self._list_goals(), self.plan, self.kept, first + self.rounds
            )
            if not askings:
                break
            await self.run_round(askings, ask)
            if self.request_runner.stop_error:
                break
            self.rounds += 1
        if isinstance(self.request_runner.stop_error, BudgetSpent):
            self._recall_paid_work()
        account, cache = usage.build_account(self), self.request_runner.cache
        readings = self.reader.readings if self.reader else []
        if self.passages:
            usage.save_usage(cache.folder, self.passages, account)
            save_paid_work(cache, self.passages, self.drafts, readings)
        if self.request_runner.stop_error and account.stop is None:
            raise self.request_runner.stop_error
        return WrittenChapter(self.drafts, account, self.kept, readings)

    def _recall_paid_work(self) -> None:
        """What other plans of the study paid for in this chapter is judged like new answers. What
        nobody has read the rules judge alone: there is no money for a reader either.
        """
        wanted = {"pair": self.plan.pairs, "question": self.plan.questions}
        known = {draft.id for draft in self.drafts}
        paid = load_paid_work(self.request_runner.cache, self.passages, known)
        new: list[PairOrQuestion] = []
        for draft in paid.drafts:
            if isinstance(wanted[draft.kind], int) and wanted[draft.kind]:
                self.drafts.append(draft)
                verdict = self.accept(draft)
                new += verdict.kept
                self.rejected[draft.kind] += sum(one.items for one in verdict.rejected)
        if self.reader and new:
            for item, rejection in self.reader.judge_recalled(new, paid.readings):
                new.remove(item)
                self.rejected[rejection.kind] += 1
        self.kept += new

    def _list_goals(self) -> Quota:
        """The quota; of a kind that misses no more than was drafted on top, what there is."""
        pairs = sum(isinstance(item, Pair) for item in self.kept)
        kept = (pairs, len(self.kept) - pairs)
        return Quota(
            *(
                number if self.is_missing(number, number - there) else there
                for number, there in zip(self.quota, kept, strict=True)
            )
        )

    def is_missing(self, wanted: int, missing: int) -> bool:
        """Whether more is to be asked for: in a first call the surplus of the quota may fall."""
        surplus = 0 if self.before else int(wanted * self.plan.margin / (1 + self.plan.margin))
        return missing > surplus

    def _recall_earlier(self) -> None:
        """What an earlier call brought is asked for no more."""
        if not self.before:
            return
        self.drafts += self.before.drafts
        self.kept += self.before.kept
        for kind in ITEM_KINDS:
            self.rejected[kind] = self.before.usage.rejected[kind]
            self.refused[kind] = self.before.usage.refused[kind]
        for place in self.windows:
            here = {p.id for p in place.passages}
            place.kept += [
                item for item in self.kept if item.quote and item.quote.passage_id in here
            ]
            for kind in ITEM_KINDS:
                if here <= set(self.before.usage.exhausted.get(kind, ())):
                    place.closed_reasons[kind] = "exhausted"

    async def run_round(self, askings: list[PlannedRequest], ask: AskRequests) -> None:
        outcome = RoundOutcome()
        server = identify_server(self.request_runner.server)
        answers = ask(
            [
                partial(build_request, asking, self.plan, self.language, self.pages, server=server)
                for asking in askings
            ]
        )
        turn = iter(askings)
        finishes: dict[Spot, str] = {}
        before, homes, repaired = list(self.kept), dict[str, Window](), set[str]()
        async for response in answers:
            asking = next(turn)
            if response is not None:
                kept = self._take_response(asking, response, outcome)
                if response.finish != "stop" and not asking.repairs:
                    finishes[id(asking.window), asking.kind] = response.finish
                homes |= {item.id: self._find_home(item, asking) for item in kept}
                repaired |= {item.id for item in kept if asking.repairs}
                self._report_progress()
        await self._read_round(before, homes, repaired, outcome)
        for item in self.kept[len(before) :]:
            home, kind = homes[item.id], _get_kind(item)
            home.need[kind] -= 1
            home.kept.append(item)
            outcome.brought[id(home), kind] += 1
        book_windows.close_round(askings, outcome, self.plan.further_rounds)
        self._shrink_windows(askings, finishes)

    async def _read_round(
        self,
        before: Sequence[PairOrQuestion],
        homes: Mapping[str, Window],
        repaired: set[str],
        outcome: RoundOutcome,
    ) -> None:
        """The second reader sees what the rules let through in this round; what it faults falls."""
        new = self.kept[len(before) :]
        if not self.reader or not new:
            return
        exchange = self.reader.request_runner
        exchange.stop_error = self.request_runner.stop_error  # then nothing more is sent
        for item, rejection in await self.reader.judge_items(new, before):
            self.kept.remove(item)
            self.rejected[rejection.kind] += 1
            home = homes[item.id]
            if rejection.reason.code not in REPEATING:
                outcome.faulted.add((id(home), rejection.kind))
            self._note_fallen(home, rejection, goes_back=item.id not in repaired)
        self.request_runner.stop_error = exchange.stop_error
        self._report_progress()

    def _find_home(self, item: PairOrQuestion, asking: PlannedRequest) -> Window:
        """The window that an item counts for."""
        places = asking.list_places()
        passage = item.quote.passage_id if item.quote else ""
        return next((w for w in places if any(p.id == passage for p in w.passages)), places[0])

    def _take_response(
        self, asking: PlannedRequest, response: StoredResponse, outcome: RoundOutcome
    ) -> Sequence[PairOrQuestion]:
        """Judge one answer: the items that the gate keeps; what else it was is noted."""
        shown = list_shown_passages(asking, self.passages, self.pages is not None)
        draft = build_draft(asking, response, shown, self.plan.model)
        self.drafts.append(draft)
        verdict, spots = self.accept(draft), {(id(w), asking.kind) for w in asking.list_places()}
        if draft.finish in NO_ITEM_FINISHES:
            self.refused[draft.kind] += draft.asked
            outcome.broken |= spots
            return ()
        self._note_read(draft, verdict)
        self.kept += verdict.kept
        self.rejected[draft.kind] += sum(rejection.items for rejection in verdict.rejected)
        for rejection in verdict.rejected:
            self._note_fallen(asking.window, rejection, goes_back=not asking.repairs)
        if not verdict.kept and draft.finish == "length":
            outcome.cut |= spots
        if any(rejection.reason.code not in REPEATING for rejection in verdict.rejected):
            outcome.faulted |= spots
        if verdict.exhausted and not asking.repairs:
            asking.window.closed_reasons[asking.kind] = "exhausted"
        return verdict.kept

    def _note_read(self, draft: Draft, verdict: JudgedDraft) -> None:
        """Tell the breaker whether a fresh answer held anything that can be read as items."""
        runner = self.request_runner
        if draft.id in runner.asked:  # a kept one tells nothing of the server now
            are_read = verdict.exhausted or count_read_items(verdict) > 0
            runner.breaker.note_items(are_read, draft.raw, runner.server, self.plan.model)

    def _note_fallen(self, home: Window, rejection: Rejection, *, goes_back: bool) -> None:
        """A refused item goes back to the writer, once, and is told among what was written."""
        reminder = book_windows.build_fallen_reminder(rejection.raw)
        if rejection.items != 1 or not reminder:
            return  # no item, but a response that cannot be read
        passages = tuple(p for p in self.passages if p.id == rejection.passage_id)
        if goes_back:
            item = FallenItem(rejection.raw, rejection.reason, passages or home.passages)
            home.fallen[rejection.kind].append(item)
        home.written[rejection.kind].append(reminder)

    def _shrink_windows(
        self, askings: Sequence[PlannedRequest], finishes: Mapping[Spot, str]
    ) -> None:
        """Where answers were cut off ask for fewer, where they were refused show less; `finishes`:
        how an answer ended that did not come to its own end, by window and kind.
        """
        for asking in askings:
            if finishes.get((id(asking.window), asking.kind)) == "length":
                asking.window.max_items = max(1, min(asking.window.max_items, asking.asked // 2))
        cut: list[Window] = []
        for place in self.windows:
            bad = [
                kind for kind in ITEM_KINDS if finishes.get((id(place), kind)) in NO_ITEM_FINISHES
            ]
            cut += book_windows.split_window(place, bad[0]) if bad else [place]
        self.windows = cut

    def _report_progress(self) -> None:
        whole = self.quota.pairs + self.quota.questions
        with self.request_runner.cache.lock_budget() as budget:
            spent = budget.describe_spent()
        parts = [build_message("note-kept-of", n=len(self.kept), whole=whole)]
        if came := len(self.kept) + self.rejected.total():
            parts.append(build_message("note-accepted", share=Share(len(self.kept) / came)))
        note = tell_reader("parts", parts=(*parts, *spent))
        self.progress(min(len(self.kept), whole), whole, note)
