"""Replies without options are read as a person reads them, and no wrong one is held for right."""

from pathlib import Path

import pytest
import yaml

from tasks.evaluation.effects.free_replies import (
    add_distractors,
    collect_names,
    find_owner,
    read_reply,
)
from tasks.schemas.item_rows import Passage, Question

LABELLED = yaml.safe_load(Path(__file__).with_name("free_replies.yaml").read_text("utf-8"))


def ask(*options: str, answer: int = 1) -> Question:
    a, b, c, d = (*options, "و", "ه", "ز")[:4]
    return Question(id="q", fact="", question="?", options=(a, b, c, d), answer=answer)


def titled(*titles: str) -> list[Passage]:
    return [Passage(id=t, chapter="", section=t, page=1, text="") for t in titles]


@pytest.mark.parametrize("language", LABELLED)
def test_labelled_replies_are_read_as_labelled_and_none_is_credited_wrongly(language: str) -> None:
    names = collect_names([], titled(*LABELLED[language]["names"]))
    rows = [(*row, read_reply(row[1], row[0], names)) for row in LABELLED[language]["replies"]]
    assert len(rows) >= 60
    assert not [row for row in rows if row[3] == "right" != row[2]]
    amiss = [row for row in rows if row[2] != row[3]]
    assert len(amiss) <= 0.02 * len(rows), amiss


def test_names_are_the_taught_conclusions_and_the_book_s_titles_with_their_other_names() -> None:
    names = collect_names(
        [ask("سنگ کلیه"), ask("۱۲")], titled("۳. نقرس (داء‌الملوک)", "Gout (gout)")
    )
    assert find_owner("سنگ  کلیه", names) == find_owner("سنگ‌کلیه", names) is not None
    assert find_owner("نقرس", names) == find_owner("داءالملوک", names) is not None
    assert find_owner("آسم", names) is None is find_owner("۱۲", names)
    assert read_reply("داء الملوک", "نقرس", names) == "right"


def test_what_stands_in_the_brackets_of_two_names_is_a_name_of_neither() -> None:
    names = collect_names(
        [], titled("دیابت (نوع ۱)", "دیابت (نوع ۲)", "برونشیت (حاد)", "سینوزیت (حاد)")
    )
    assert find_owner("دیابت", names) is None is find_owner("حاد", names)
    assert find_owner("برونشیت", names) != find_owner("سینوزیت", names)


def test_an_option_that_the_book_does_not_have_is_another_name() -> None:
    names = collect_names([ask("Gout")], [])
    asked = [ask("Gout", "Lupus", "Sprain", "7")]
    assert read_reply("Lupus or gout", "Gout", names) == "several"
    assert read_reply("Lupus", "Gout", names) == "none"
    wide = add_distractors(names, asked)
    assert read_reply("Lupus", "Gout", wide) == "other"
    assert read_reply("Gout", "Gout", wide) == "right" and read_reply("7", "Gout", wide) == "none"
