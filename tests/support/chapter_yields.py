"""What chapters have given, in few words."""

from tasks.generation.whole_book.top_up import ChapterYield
from tasks.schemas.item_rows import WriterUsage


def build_yield(
    pairs: int,
    questions: int,
    pairs_ended: str = "met",
    questions_ended: str = "met",
    *,
    letters: int = 5_000,
    title: str = "c",
) -> ChapterYield:
    """A chapter that kept all that was wanted of it."""
    numbers, nothing = {"pair": pairs, "question": questions}, {"pair": 0, "question": 0}
    account = WriterUsage(
        chapter=title,
        wanted=numbers,
        kept=numbers,
        rejected=nothing,
        refused=nothing,
        ended={"pair": pairs_ended, "question": questions_ended},
        rounds=1,
        requests=1,
        sent=1,
        finishes={},
    )
    return ChapterYield(account, letters)
