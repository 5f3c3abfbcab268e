"""How far counting words, length and position solve labelled good questions that the gate keeps, by book.

    python tests/validation/labelled_measures.py FOLDER

FOLDER is that of labelled.py.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from tasks.evaluation.question_measures import measure_all  # noqa: E402
from tasks.schemas.item_rows import Draft, Passage, Question  # noqa: E402
from tasks.schemas.plan import ValidationPlan  # noqa: E402
from tasks.schemas.rows.measure_rows import QuestionMeasure  # noqa: E402
from tasks.validation.checks.duplicates import SeenItems  # noqa: E402
from tasks.validation.item_checker import ItemChecker  # noqa: E402


def measure_labelled(folder: Path) -> dict[str, list[QuestionMeasure]]:
    """The measures by book; each item alone before a checker, as in labelled.py."""
    kept: dict[str, list[Question]] = defaultdict(list)
    books: dict[str, list[Passage]] = {}
    checkers: dict[str, ItemChecker] = {}
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            row = json.loads(line)
            name, language = row["passages"], row["language"]
            if (row["kind"], row["quality"]) != ("question", "good"):
                continue
            if name not in books:
                lines = (folder / "passages" / f"{name}.jsonl").read_text("utf-8").splitlines()
                books[name] = [Passage.model_validate_json(one) for one in lines]
                checkers[name] = ItemChecker(books[name], language, ValidationPlan())
            checkers[name].seen_items = SeenItems(language, ValidationPlan())
            raw = json.dumps({"items": [row["item"]]}, ensure_ascii=False)
            draft = Draft(id="d", kind="question", passages=(), asked=1, writer="hand", raw=raw)
            made = checkers[name].check_draft(draft).kept
            kept[name] += [one for one in made if isinstance(one, Question)]
    return {
        name: measure_all(questions, {p.id: p.text for p in books[name]}, [])
        for name, questions in kept.items()
    }


if __name__ == "__main__":
    for book, rows in measure_labelled(Path(sys.argv[1])).items():
        for row in rows:
            print(
                f"{book} {row.solver} {row.kind}: {row.solved:g} of {row.n} = {row.rate:.1%}"
                f" ({row.low:.1%} to {row.high:.1%}), chance {row.chance:.1%}"
            )
