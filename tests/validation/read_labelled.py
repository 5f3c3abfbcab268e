"""How the second reader judges labelled items: lay its requests out as files, and judge by the answers put beside them.

    python tests/validation/read_labelled.py lay FOLDER DESK
    python tests/validation/read_labelled.py measure FOLDER DESK
    python tests/validation/read_labelled.py record FOLDER DESK

FOLDER as for labelled.py. DESK gets N.txt and N.json, the requests as text and as they would be sent; the answers are
N.answer.json, given by somebody who sees the requests alone.
"""

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from tasks.generation.openai.server_identity import identify_server  # noqa: E402
from tasks.generation.second_reader.reading_answer import read_answer  # noqa: E402
from tasks.generation.second_reader.reading_request import (  # noqa: E402
    ReadingLayout,
    build_reading_request,
    lay_out_task,
    plan_readings,
)
from tasks.schemas.digest import compute_digest  # noqa: E402
from tasks.schemas.item_rows import Draft, ItemReading, Pair, Passage, Question  # noqa: E402
from tasks.schemas.plan_sections import GenerationPlan, ReaderPlan, ValidationPlan  # noqa: E402
from tasks.validation.checks.grounding import find_quote  # noqa: E402
from tasks.validation.item_checker import ItemChecker, build_row  # noqa: E402
from tasks.validation.items import get_text  # noqa: E402
from tasks.validation.parsing.draft_reader import read_draft  # noqa: E402
from tasks.validation.reading_verdict import find_reading_fault  # noqa: E402

RECORDED = Path(__file__).with_name("recorded_readings.jsonl")
READER = ReaderPlan(model="by-hand")
PLAN = GenerationPlan(writer="gpt")


class Labelled(NamedTuple):
    """A labelled item as a row of the product; `number`: its place in all files."""

    number: int
    label: dict[str, Any]
    row: Pair | Question


def load_items(folder: Path) -> list[Labelled]:
    """All items, those that the rules refuse too."""
    found = []
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            label = json.loads(line)
            draft = Draft(
                id="",
                kind=label["kind"],
                passages=(),
                asked=1,
                writer="hand",
                raw=json.dumps({"items": [label["item"]]}, ensure_ascii=False),
            )
            (item,) = read_draft(draft, label["language"]).items
            passages = load_passages(folder, label["passages"])
            checker = ItemChecker(passages, label["language"], ValidationPlan())
            on_page = sorted(passages, key=lambda p: p.page != item.page)
            spans = [
                (p, span)
                for p in on_page
                if (span := find_quote(item.quote, p, checker.passage_index))
            ]
            quote = None
            if spans:
                passage, (start, end) = spans[0]
                quote = {
                    "passage_id": passage.id,
                    "page": passage.page,
                    "start": start,
                    "end": end,
                    "text": passage.text[start:end],
                }
            row = build_row(item, None)
            row = type(row).model_validate(row.model_dump() | {"quote": quote})
            found.append(Labelled(len(found), label, row))
    return found


def load_passages(folder: Path, name: str) -> list[Passage]:
    """A book's passages."""
    lines = (folder / "passages" / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [Passage.model_validate_json(line) for line in lines]


def lay_out_all(folder: Path, items: list[Labelled]) -> list[tuple[ReadingLayout, str]]:
    """All requests, good and bad items mixed; what tells an earlier item again comes after it."""
    layouts = []
    for book in dict.fromkeys(one.label["passages"] for one in items):
        passages = load_passages(folder, book)
        mine = [one for one in items if one.label["passages"] == book]
        random.Random(0).shuffle(mine)
        mine.sort(key=lambda one: "paraphrase of earlier" in one.label["why"])
        language = mine[0].label["language"]
        chapter_of = {p.id: p.chapter for p in passages}
        for chapter in dict.fromkeys(p.chapter for p in passages):
            rows = [
                one.row
                for one in mine
                if one.row.quote and chapter_of[one.row.quote.passage_id] == chapter
            ]
            here = [p for p in passages if p.chapter == chapter]
            tasks = plan_readings(rows, [], here, READER.per_request, PLAN.shown_characters)
            layouts += [(lay_out_task(task, 0), language) for task in tasks]
    return layouts


def lay_requests(folder: Path, desk: Path) -> None:
    """Write every request as N.txt (for reading) and N.json (as it would be sent)."""
    desk.mkdir(parents=True, exist_ok=True)
    items = load_items(folder)
    missing = [one for one in items if one.row.quote is None]
    assert not missing, missing
    for number, (layout, language) in enumerate(lay_out_all(folder, items), 1):
        server = identify_server("http://by-hand")
        request = build_reading_request(layout, PLAN, READER, language, server=server)
        whole = json.dumps(request.body, ensure_ascii=False, indent=1)
        (desk / f"{number}.json").write_text(whole, "utf-8")
        text = "\n\n".join(f"##### {m['role']}\n{m['content']}" for m in request.body["messages"])
        (desk / f"{number}.txt").write_text(text, "utf-8")
        print(number, len(layout.items), len(text))


class Judged(NamedTuple):
    """A labelled item, and why it fell: by the rules that stay sure beside a reader, and by the reader."""

    label: dict[str, Any]
    rules: str  # code; "" where it was kept
    reader: str
    reading: ItemReading | None


def judge(folder: Path, answers: Callable[[int, ReadingLayout], str]) -> list[Judged]:
    """Every item by its answer; `answers` gives the text for the request of that number."""
    items = load_items(folder)
    by_id = {one.row.id: one for one in items}
    rules = {one.row.id: _judge_by_rules(folder, one) for one in items}
    judged = []
    kept: dict[str, str] = {}
    for number, (layout, _) in enumerate(lay_out_all(folder, items), 1):
        for reading in read_answer(answers(number, layout), layout, "by-hand", str(number)):
            one = by_id[reading.item]
            fault = find_reading_fault(reading, kept)
            code = fault.code if fault else ""
            if not rules[reading.item] and not code:
                kept[reading.item] = get_text(one.row)
            judged.append(Judged(one.label, rules[reading.item], code, reading))
    return judged


def _judge_by_rules(folder: Path, one: Labelled) -> str:
    """The rules as they are beside a reader, on the item alone."""
    passages = load_passages(folder, one.label["passages"])
    plan = ValidationPlan(reader=READER)
    checker = ItemChecker(passages, one.label["language"], plan)
    raw = json.dumps({"items": [one.label["item"]]}, ensure_ascii=False)
    kind = one.label["kind"]
    draft = Draft(id="", kind=kind, passages=(), asked=1, writer="hand", raw=raw)
    fell = checker.check_draft(draft).rejected
    return fell[0].reason.code if fell else ""


def show(judged: list[Judged]) -> str:
    """The table of docs/validation.md: refused of the good, let through of the bad, by book and kind."""
    counts: dict[tuple[str, str, str], list[int]] = {}
    for one in judged:
        label = one.label
        kind = label["kind"] if label["quality"] == "good" else name_fault(label)
        row = counts.setdefault((label["quality"], label["passages"], kind), [0, 0, 0])
        row[0] += 1
        row[1] += bool(one.rules)
        row[2] += bool(one.rules or one.reader)
    lines = [
        "| items | book | kind | stopped by the sure rules | stopped with the reader |",
        "|---|---|---|---|---|",
    ]
    for quality in ("good", "bad", "arguable", "neutral"):
        here = {key: row for key, row in sorted(counts.items()) if key[0] == quality}
        lines += [
            f"| {quality} | {book} | {kind} | {n_rules} of {n} | {n_all} of {n} |"
            for (_, book, kind), (n, n_rules, n_all) in here.items()
        ]
        n, n_rules, n_all = (sum(row[i] for row in here.values()) for i in range(3))
        lines.append(f"| **{quality}** | | | **{n_rules} of {n}** | **{n_all} of {n}** |")
    return "\n".join(lines)


def name_fault(label: dict[str, Any]) -> str:
    """The kind of a planted fault, without what is special to the item."""
    return str(label["why"]).partition(":")[0]


def measure(folder: Path, desk: Path) -> None:
    """Print the table, and the items that went the wrong way."""
    judged = judge(folder, lambda number, _: (desk / f"{number}.answer.json").read_text("utf-8"))
    print(show(judged))
    for one in judged:
        bad = one.label["quality"] == "bad"
        if bad != bool(one.rules or one.reader) and one.label["quality"] in ("good", "bad"):
            item = one.label["item"]
            print(one.label["quality"], one.label["why"], "|", one.rules, one.reader, "|")
            print("  ", item.get("question") or item.get("symptom"))
            print("  ", one.reading and one.reading.model_dump(exclude={"item", "kind", "model"}))


def record(folder: Path, desk: Path) -> None:
    """Keep the answers beside the digests of what they answer."""
    lines = []
    for number, digest in enumerate(digest_requests(folder), 1):
        answer = json.loads((desk / f"{number}.answer.json").read_text("utf-8"))
        row = {"request": number, "asked": digest, "answer": answer}
        lines.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
    RECORDED.write_text("".join(lines), "utf-8")


def digest_requests(folder: Path) -> list[str]:
    """What was put to the reader, request by request."""
    digests = []
    for layout, language in lay_out_all(folder, load_items(folder)):
        server = identify_server("http://by-hand")
        body = build_reading_request(layout, PLAN, READER, language, server=server).body
        digests.append(compute_digest(json.dumps(body["messages"]).encode()))
    return digests


def load_recorded() -> list[dict[str, Any]]:
    """The recorded answers in the order of the requests."""
    return [json.loads(line) for line in RECORDED.read_text("utf-8").splitlines()]


if __name__ == "__main__":
    command, folder, desk = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    {"lay": lay_requests, "measure": measure, "record": record}[command](folder, desk)
