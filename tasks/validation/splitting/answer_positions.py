"""Balance the keys over the four places, seeded; tell how the keys' places and lengths compare with
25 %.
"""

import random
from collections.abc import Sequence

from tasks.language.text import to_latin_digits
from tasks.schemas.item_rows import Question


def balance_keys(questions: Sequence[Question], seed: int) -> list[Question]:
    """Every place holds the key equally often; options that are numbers keep their order."""
    draw = random.Random(f"keys/{seed}")
    fixed = [q for q in questions if is_in_order(q.options)]
    counts = {place: sum(q.answer == place for q in fixed) for place in (1, 2, 3, 4)}
    places: dict[str, int] = {}
    loose = sorted(
        (q.id for q in questions if not is_in_order(q.options)), key=lambda i: (draw.random(), i)
    )
    for number in loose:
        place = min(counts, key=lambda p: (counts[p], draw.random()))
        counts[place] += 1
        places[number] = place
    return [_place_key(q, places[q.id], seed) if q.id in places else q for q in questions]


def is_in_order(options: Sequence[str]) -> bool:
    """Four rising or falling numbers: their order helps the reader and is kept."""
    values = [parse_leading_number(o) for o in options]
    numbers = [v for v in values if v is not None]
    return len(numbers) == len(options) and (
        numbers == sorted(numbers) or numbers == sorted(numbers, reverse=True)
    )


def parse_leading_number(option: str) -> float | None:
    """The number that an option begins with."""
    first = (to_latin_digits(option).replace("٫", ".").split() or [""])[0]
    try:
        return float(first.rstrip("%٪"))
    except ValueError:
        return None


def _place_key(question: Question, place: int, seed: int) -> Question:
    """The key at `place`, the others shuffled around it; depends on the question alone."""
    others = [o for i, o in enumerate(question.options, 1) if i != question.answer]
    random.Random(f"options/{seed}/{question.id}").shuffle(others)
    others.insert(place - 1, question.options[question.answer - 1])
    a, b, c, d = others
    return question.model_copy(update={"options": (a, b, c, d), "answer": place})
