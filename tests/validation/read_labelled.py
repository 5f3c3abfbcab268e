"""How the second reader judges labelled items: lay its requests out as files, and judge by the answers put beside them.

    python tests/validation/read_labelled.py lay FOLDER DESK
    python tests/validation/read_labelled.py measure FOLDER DESK

FOLDER as for labelled.py. DESK gets N.txt and N.json, the requests as text and as they would be sent; the answers are
N.answer.json, given by somebody who sees the requests alone.
"""

import json
import random
import sys
from pathlib import Path
from typing import Any, NamedTuple

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from tasks.generation.openai.server_identity import identify_server  # noqa: E402
from tasks.generation.second_reader.reading_request import (  # noqa: E402
    ReadingLayout,
    build_reading_request,
    lay_out_task,
    plan_readings,
)
from tasks.schemas.item_rows import Draft, Pair, Passage, Question  # noqa: E402
from tasks.schemas.plan_sections import GenerationPlan, ReaderPlan, ValidationPlan  # noqa: E402
from tasks.validation.checks.grounding import find_quote  # noqa: E402
from tasks.validation.item_checker import ItemChecker, build_row  # noqa: E402
from tasks.validation.parsing.draft_reader import read_draft  # noqa: E402

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


if __name__ == "__main__":
    command, folder, desk = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    {"lay": lay_requests}[command](folder, desk)
