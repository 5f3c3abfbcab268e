"""Which option a model's words name: a number, a letter, a word for a number or the option itself; none where it is not clear."""

import re

from tasks import text


def read_answer(said: str, options: list[str], language: str = "fa") -> int | None:
    """The number (1 to 4) of the shown option that is named, or none."""
    numbers = {int(n) for n in re.findall(r"(?<!\d)[1-4](?!\d)", text.fold(said))}
    return numbers.pop() if len(numbers) == 1 else None
