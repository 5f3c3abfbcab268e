"""A small study against the test server, for tests and as a process that can be killed.

    python tests/support/openai_study.py LEDGER OUT [--mode batch] [--number 30] [--reader gpt-4o-mini]

The gate here is a fake of ten lines: readable JSON, quote on its page, nothing twice.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from support.items.handbook_passages import split_chapters  # noqa: E402
from tasks.generation.openai.openai_writer import write_items_by_model  # noqa: E402
from tasks.generation.openai.request_runner import RetryPolicy  # noqa: E402
from tasks.generation.quotas import PairOrQuestion, WrittenChapter, allocate_quotas  # noqa: E402
from tasks.generation.response_cache import ResponseCache  # noqa: E402
from tasks.generation.second_reader.reading_round import ReaderOrder  # noqa: E402
from tasks.schemas.errors import BudgetSpent  # noqa: E402
from tasks.schemas.item_rows import (  # noqa: E402
    Draft,
    ItemReading,
    Pair,
    Passage,
    Question,
    Quote,
    Rejection,
)
from tasks.schemas.messages import build_message  # noqa: E402
from tasks.schemas.plan import GenerationPlan  # noqa: E402
from tasks.schemas.plan_sections import ReaderPlan, ValidationPlan  # noqa: E402
from tasks.validation.item_checker import ItemChecker  # noqa: E402

HANDBOOK_DIR = Path(__file__).parents[2] / "books" / "handbook"
SHORT_RETRIES = RetryPolicy(attempts=10, timeout=5.0, first_wait=0.01, longest_wait=0.1, poll=0.02)


REASONS = {
    "parsing": "broken-json",
    "duplicates": "says-the-same-as-an-earlier-item",
    "grounding": "quote-not-in-the-passages",
}


class ParsedDraft(NamedTuple):
    kept: list[PairOrQuestion]
    rejected: list[Rejection]
    exhausted: bool = False


def build_fake_gate(
    passages: list[Passage], earlier: Sequence[PairOrQuestion] = ()
) -> Callable[[Draft], ParsedDraft]:
    """The fake gate of a chapter."""
    seen = {item.id for item in earlier}

    def accept_items(draft: Draft) -> ParsedDraft:
        try:
            found = json.loads(draft.raw)["items"]
        except (ValueError, KeyError):
            return ParsedDraft([], [_build_rejection(draft, "parsing", draft.raw, draft.asked)])
        verdict = ParsedDraft([], [], exhausted=not found)
        for one in found:
            item = parse_item(one, passages)
            if item is None or item.id in seen:
                raw = json.dumps(one, ensure_ascii=False)
                verdict.rejected.append(
                    _build_rejection(draft, "duplicates" if item else "grounding", raw, 1)
                )
            else:
                seen.add(item.id)
                verdict.kept.append(item)
        return verdict

    return accept_items


def parse_item(one: dict[str, Any], passages: list[Passage]) -> PairOrQuestion | None:
    """An item with the place of its quote, or none."""
    here = next((p for p in passages if p.page == one["page"] and one["quote"] in p.text), None)
    if here is None or len(one.get("options", "four")) != 4:
        return None
    at = here.text.index(one["quote"])
    quote = Quote(
        passage_id=here.id, page=here.page, start=at, end=at + len(one["quote"]), text=one["quote"]
    )
    if "symptom" in one:
        return Pair(
            id=one["symptom"],
            fact=one["fact"],
            symptom=one["symptom"],
            diagnosis=one["diagnosis"],
            quote=quote,
        )
    told = {name: one[name] for name in ("fact", "kind", "question", "options", "answer")}
    return Question(id=one["question"], quote=quote, **told)


def _build_rejection(draft: Draft, check: str, raw: str, items: int) -> Rejection:
    return Rejection(
        draft_id=draft.id,
        kind=draft.kind,
        check=check,
        reason=build_message(REASONS[check], text=raw[:60]),
        raw=raw,
        items=items,
    )


def load_chapters(*numbers: int) -> dict[str, list[Passage]]:
    """Chapters of our handbook."""
    files = [next(HANDBOOK_DIR.glob(f"{n:02}-*.md")) for n in numbers]
    return split_chapters(
        [(f"chapter {n}", file.read_text("utf-8")) for n, file in zip(numbers, files, strict=True)]
    )


def build_plan(**choices: Any) -> GenerationPlan:
    """A plan for the server, without a margin so that counts are exact."""
    return GenerationPlan(
        **{
            "writer": "gpt",
            "pairs": 30,
            "questions": 30,
            "margin": 0,
            "budget_usd": 50.0,
            **choices,
        }
    )


def write_study(
    ledger: Path,
    chosen: GenerationPlan,
    passages: Mapping[str, list[Passage]],
    concurrency: int = 8,
    gate: Any = build_fake_gate,
    **more: Any,
) -> dict[str, WrittenChapter]:
    """Every chapter in turn; raises BudgetSpent where the budget ended."""
    written = {}
    for chapter, quota in allocate_quotas(passages, chosen).items():
        written[chapter] = write_items_by_model(
            passages[chapter],
            quota,
            chosen,
            more.get("language", "fa"),
            ledger=ResponseCache(ledger, chosen.budget_usd, chosen.prices),
            accept=gate(passages[chapter]),
            reader=more.get("reader"),
            machine_concurrency=concurrency,
            patience=more.get("patience", SHORT_RETRIES),
            book_path=more.get("book_path"),
        )
        refuse_spent(written[chapter])
    return written


def refuse_spent(one: WrittenChapter) -> None:
    """Raise BudgetSpent where the budget ended in a chapter."""
    if one.usage.stop:
        raise BudgetSpent(one.usage.stop)


class ReadStudy(NamedTuple):
    """A study with a second reader: what was written, and the checkers that judged it."""

    written: dict[str, WrittenChapter]
    checkers: dict[str, ItemChecker]

    def list_readings(self) -> list[ItemReading]:
        """Of all chapters."""
        return [reading for one in self.written.values() for reading in one.readings]


def write_read_study(
    ledger: Path,
    chosen: GenerationPlan,
    reader: ReaderPlan,
    passages: Mapping[str, list[Passage]],
    patience: RetryPolicy = SHORT_RETRIES,
) -> ReadStudy:
    """Every chapter in turn, by the product's own checks and a second reader."""
    study = ReadStudy({}, {})
    prices = reader.prices or chosen.prices
    for chapter, quota in allocate_quotas(passages, chosen).items():
        checker = ItemChecker(passages[chapter], "fa", ValidationPlan(reader=reader))
        study.checkers[chapter] = checker
        cache = ResponseCache(ledger, chosen.budget_usd, prices)
        study.written[chapter] = write_items_by_model(
            passages[chapter],
            quota,
            chosen,
            "fa",
            ledger=ResponseCache(ledger, chosen.budget_usd, chosen.prices),
            accept=checker.check_draft,
            patience=patience,
            reader=ReaderOrder(reader, cache, checker.check_readings) if reader.is_on else None,
        )
        refuse_spent(study.written[chapter])
    return study


def list_draft_texts(written: Mapping[str, WrittenChapter]) -> list[tuple[str, str]]:
    """All drafts in order, to compare two runs, whichever server they asked."""
    return [
        (draft.id.partition("-")[0], draft.raw) for one in written.values() for draft in one.drafts
    ]


def count_kept(written: Mapping[str, WrittenChapter]) -> dict[str, int]:
    """Items kept over all chapters."""
    return {
        kind: sum(one.usage.kept[kind] for one in written.values()) for kind in ("pair", "question")
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("ledger", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--mode", default="live")
    parser.add_argument("--number", type=int, default=30)
    parser.add_argument("--reader", default="", help="the second reader's model")
    given = parser.parse_args()
    chosen = build_plan(mode=given.mode, pairs=given.number, questions=given.number, per_request=2)
    if given.reader:
        reader = ReaderPlan(model=given.reader).resolve_model("gpt-4o", chosen.prices)
        done = write_read_study(given.ledger, chosen, reader, load_chapters(1, 5)).written
    else:
        done = write_study(given.ledger, chosen, load_chapters(1, 5))
    given.out.write_text(json.dumps(list_draft_texts(done), ensure_ascii=False), "utf-8")
