"""The gate at scale: looking for repeats and leaks among up to 100,000 items. Prints CPU seconds and memory, a table.

Texts are vignettes in a few frames over the handbook's signs, so that nearly all of them resemble many others: the hard case.
"""

import random
import resource
import subprocess
import sys
import time
from pathlib import Path

from headline import print_headline

SIZES = (10_000, 50_000, 100_000)
QUESTIONS = 2_000  # asked against all training texts


def vignettes(number: int, seed: int = 0) -> list[tuple[str, str]]:
    """(vignette, diagnosis)."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from support.items.planted_defects import (
        DIGITS,
        VIGNETTES,
        find_lists,
        join_signs,
        list_bullets,
    )

    draw, passages = random.Random(seed), find_lists("نشانه‌ها")
    signs = [b for p in passages for b in list_bullets(p)]
    return [
        (
            draw.choice(VIGNETTES).format(
                who=draw.choice(["مرد", "زن"]),
                age=draw.choice(DIGITS),
                signs=join_signs(draw.sample(signs, 4)),
            ),
            draw.choice(passages).section,
        )
        for _ in range(number)
    ]


def one(number: int) -> str:
    """A row of the table."""
    from tasks.schemas.item_rows import Pair, Question
    from tasks.schemas.plan_sections import ValidationPlan
    from tasks.validation.checks.duplicates import SeenItems
    from tasks.validation.checks.leakage import find_leaks

    texts, plan = vignettes(number), ValidationPlan()
    empty = _mebibytes()
    start = time.process_time()
    seen, repeats = SeenItems("fa", plan), 0
    for place, (text, key) in enumerate(texts):
        repeats += seen.find_repeated("pair", text, key) is not None
        seen.add_item(str(place), "pair", text, key)
    looked = time.process_time()
    pairs = [
        Pair(id=str(i), fact=str(i % 500), symptom=text, diagnosis=key)
        for i, (text, key) in enumerate(texts)
    ]
    asked = [
        Question(
            id=f"q{i}",
            fact=str(i % 500),
            question=f"{text}؛ تشخیص کدام است؟",
            options=(key, "الف", "ب", "ج"),
            answer=1,
        )
        for i, (text, key) in enumerate(vignettes(QUESTIONS, 1))
    ]
    found = find_leaks(pairs, asked, plan)
    done = time.process_time()
    return f"| {number:,} | {looked - start:.1f} | {1e3 * (looked - start) / number:.2f} | {repeats} | {done - looked:.1f} | {len(found)} | {_mebibytes() - empty:.0f} |"


def _mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    print(
        "| items | repeats: CPU s | ms an item | repeats found | leaks against 2,000 questions: CPU s | leaks found | memory, MiB |"
    )
    print("|---|---|---|---|---|---|---|", flush=True)
    for size in SIZES:
        row = subprocess.run(
            [sys.executable, __file__, str(size)], capture_output=True, text=True, check=True
        ).stdout.strip()
        print(row, flush=True)
        items, _, each, *_, memory = (cell.strip() for cell in row.strip("| ").split("|"))
        print_headline(f"repeats among {items} items", f"{each} ms CPU an item, {memory} MiB")


if __name__ == "__main__":
    print(one(int(sys.argv[1]))) if len(sys.argv) > 1 else main()
