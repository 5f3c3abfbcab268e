"""Fifty everyday questions in each language, asked alike of base and tuned model."""

import re
from collections import Counter
from pathlib import Path

import pytest
from support.models import scoring_models

from tasks.evaluation.effects.everyday_answers import answer_everyday_questions
from tasks.evaluation.effects.everyday_questions import EXAM, load_everyday_questions
from tasks.evaluation.scorer.encoding import encode_continuations
from tasks.evaluation.scorer.sequential_scorer import compute_log_likelihood
from tasks.language.language_pack import list_languages, load_pack

HANDBOOK = Path(__file__).parents[3] / "books" / "handbook"


@pytest.mark.parametrize("language", list_languages())
def test_there_are_fifty_with_four_options_and_keys_in_all_places(language: str) -> None:
    asked = load_everyday_questions(language)
    assert len({question.question for question in asked}) == len(asked) == 50
    assert all(len(set(question.options)) == 4 for question in asked)
    assert sorted(Counter(question.answer for question in asked).values()) == [12, 12, 13, 13]
    rows = load_pack("packs/everyday.yaml", language)["questions"]
    for question, (stem, key, *others) in zip(asked, rows, strict=True):
        assert question.question == stem and question.options[question.answer - 1] == key
        assert sorted(question.options) == sorted([key, *others])


@pytest.mark.parametrize("language", list_languages())
def test_the_key_is_not_known_by_its_length(language: str) -> None:
    """The likelihood of a whole text favours short ones: shortest and longest are keys as by luck."""
    asked = load_everyday_questions(language)
    for choose in (min, max):
        hits = sum(
            len(q.options[q.answer - 1]) == choose(map(len, q.options))
            and [len(o) for o in q.options].count(choose(map(len, q.options))) == 1
            for q in asked
        )
        assert hits <= 20


def test_no_condition_of_the_handbook_is_among_them() -> None:
    names = {
        name.strip()
        for file in HANDBOOK.glob("*.md")
        for name in re.findall(r"^## (.+)$", file.read_text("utf-8"), re.M)
    }
    words = " ".join(f"{q.question} {' '.join(q.options)}" for q in load_everyday_questions("fa"))
    assert len(names) > 40 and not [name for name in names if re.search(rf"\b{name}\b", words)]


def test_a_language_without_a_folder_is_asked_in_english() -> None:
    assert load_everyday_questions("de") == load_everyday_questions("en")


def test_scores_are_the_likelihoods_of_the_options_after_the_folder_s_frame() -> None:
    loaded = scoring_models.make_base_model()
    answers = answer_everyday_questions(loaded, "en")
    assert [answer.mode for answer in answers] == [EXAM.modes[0]] * 50 == ["cloze"] * 50
    for answer, question in list(zip(answers, load_everyday_questions("en"), strict=True))[:3]:
        asked = encode_continuations(
            loaded.tokenizer,
            f"Question: {question.question}\nAnswer:",
            [f" {option}" for option in question.options],
        )
        wanted = [compute_log_likelihood(loaded.model, one) for one in asked]
        assert list(answer.scores) == pytest.approx(wanted, abs=1e-4)
        assert answer.is_correct == (answer.predicted == question.answer)
