"""What the checks and the preflight say in English is said in the page's language; the forms are taken from the checks' own code."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from reporting.test_page import words_of
from support.reports.example_study import make_example_study

from tasks import finetuning, validation
from tasks.evaluation.statistics.verdict_sentence import (
    _describe_no_change,
    build_limits_sentence,
)
from tasks.reporting.labels import load_labels
from tasks.reporting.page import render_page
from tasks.reporting.sentence_translation import (
    _localize_number,
    translate_reason,
    translate_sentence,
)
from tasks.schemas.item_rows import Rejection
from tasks.validation.checks import flaws

FA, EN = load_labels("fa"), load_labels("en")
GATE = sorted(Path(validation.__file__).parent.rglob("*.py"))
SAYING = {
    "Defect",
    "UnreadableItem",
    "_build_failure",
    "_reject_item",
    "_reject_draft",
    "build_row_rejection",
    "Leak",
    "UnreadableJson",
    "FileRow",
}  # what a detail is given to
RULES = {rule.__name__ for rule in (*flaws.QUESTION_RULES.values(), *flaws.PAIR_RULES.values())}


def written(text: ast.JoinedStr | ast.Constant) -> str:
    """A sentence of the code with a 7 in each of its holes."""
    if isinstance(text, ast.Constant):
        return str(text.value)
    parts = [
        part.value if isinstance(part, ast.Constant) else "7" + "%" * ("%'" in ast.dump(part))
        for part in text.values
    ]
    return "".join(map(str, parts))


def sentences(node: ast.AST) -> Iterator[str]:
    """The sentences below a node; a bare value is none."""
    told = [written(text) for text in ast.walk(node) if isinstance(text, ast.JoinedStr)]
    yield from (text for text in told if re.search("[a-z]{2}", text))


def of_the_gate() -> set[str]:
    nodes = [node for file in GATE for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    calls = [
        node
        for node in nodes
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYING
    ]
    returns = [
        end
        for node in nodes
        if isinstance(node, ast.FunctionDef) and node.name in RULES
        for end in ast.walk(node)
    ]
    found = {text for call in calls for argument in call.args for text in sentences(argument)}
    found = (found - {"7 is 7"}) | {
        f"{what} is 7" for what in ("the symptom", "the question", "the diagnosis", "option 7")
    }
    return found | {
        text for end in returns if isinstance(end, ast.Return) for text in sentences(end)
    }


def of_the_preflight() -> set[str]:
    tree = ast.parse((Path(finetuning.__file__).parent / "preflight.py").read_text("utf-8"))
    (function,) = (
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == "list_warnings"
    )
    (tests,) = (node for node in ast.walk(function) if isinstance(node, ast.Dict))
    return {written(key) for key in tests.keys if isinstance(key, ast.JoinedStr | ast.Constant)}


@pytest.mark.parametrize("said", sorted(of_the_gate() | of_the_preflight()))
def test_each_sentence_of_the_checks_has_a_persian_form(said: str) -> None:
    told = translate_sentence(said, FA) or ""
    assert (
        re.search(r"[آ-ی]", told)
        and "7" not in told.replace("\\u7", "")
        and not re.search(r"\b[a-z]{2,}\b (?:[a-z]{2,}\b)", told)
    ), said


def test_enough_sentences_were_found_to_believe_the_test_above() -> None:
    assert len(of_the_gate()) > 30 and len(of_the_preflight()) == 7


def test_values_are_kept_and_numbers_written_as_the_language_writes_them() -> None:
    assert (
        translate_sentence("41 characters, the next 12", FA)
        == "۴۱ نویسه؛ بلندترین گزینهٔ دیگر ۱۲ نویسه"
    )
    assert (
        translate_sentence("with pair-3f: Jaccard 0.72 ≥ 0.7", FA)
        == "با pair-3f: شباهت واژه‌ها (Jaccard) ۰٫۷۲؛ از ۰٫۷ به بالا نشت است"
    )
    assert (
        translate_sentence("with pair-3f: 8 words in a row: «تب و لرز»", FA)
        == "با pair-3f: ۸ واژهٔ پیاپی: «تب و لرز»"
    )
    assert (
        translate_sentence("«کم‌خونی»: the passage does not hold ['کم', 'خون']", FA)
        == "«کم‌خونی»: در متن کتاب نیامده است: کم، خون"
    )
    assert (
        translate_sentence("page 7 is named, the quote stands on [12, 14]", FA)
        == "صفحهٔ ۷ نام برده شده، ولی نقل در صفحهٔ ۱۲، ۱۴ آمده است"
    )
    both = "«الف» contains «ب»; also key given away by its length; also too short"
    assert (
        translate_sentence(both, FA)
        == f"«الف» گزینهٔ «ب» را در بر دارد؛ و نیز: {translate_reason('key given away by its length', FA)}؛ و نیز: {translate_reason('too short', FA)}"
    )


def test_words_of_a_book_and_another_language_s_page_are_left_as_they_are() -> None:
    assert translate_sentence("تب / لرز / سرفه / درد", FA) is None
    assert translate_sentence("41 characters, the next 12", EN) is None


def test_details_and_warnings_of_a_persian_page_are_persian_and_those_of_an_english_one_english() -> (
    None
):
    fell = Rejection(draft_id="d", kind="question", passage_id="p001-01", check="flaws", raw="…",
                     reason="key given away by its length: 41 characters, the next 12")  # fmt: skip
    whole = Rejection(
        draft_id="d",
        kind="question",
        check="refusal",
        reason="the writer ended with refusal",
        raw="",
    )
    warned = "learning_rate 5e-05 is low for LoRA, which wants 1e-4 to 5e-4."
    for language, words in (
        ("fa", ("۴۱ نویسه", "نرخ یادگیری ۰٫۰۰۰۰۵", "پایان داد")),
        ("en", ("41 characters", "learning_rate 5e-05", "ended with")),
    ):
        study = make_example_study(language)
        assert study.preflight is not None
        shown = replace(
            study,
            rejected=[fell, whole],
            preflight=study.preflight.model_copy(update={"warnings": (warned,)}),
        )
        text = words_of(render_page(shown))
        assert all(part in text for part in words), language


def test_a_detail_made_of_markup_is_text_on_the_page() -> None:
    evil = "«<script>alert(1)</script>» contains «</td>»"
    fell = Rejection(
        draft_id="d", kind="question", check="flaws", reason=f"overlapping options: {evil}", raw=""
    )
    html = render_page(replace(make_example_study(), rejected=[fell]))
    assert "<script>alert" not in html and "&lt;script&gt;alert" in html


@pytest.mark.parametrize(
    ("came", "told"),
    [
        ("1405", "۱۴۰۵"),
        ("007", "۰۰۷"),
        ("0.50", "۰٫۵۰"),
        ("37,5", "37,5"),
        ("1e999", "1e999"),
        ("9" * 30, "۹" * 30),
    ],
)
def test_a_number_is_told_sign_by_sign_as_it_came(came, told):
    assert _localize_number(came, load_labels("fa")) == told
    assert _localize_number(came, load_labels("en")) == came


def test_why_a_study_cannot_tell_is_told_in_persian() -> None:
    judged = SimpleNamespace(
        verdict="inconclusive",
        extra={"questions_needed": 712.0, "facts_needed": 160.0},
        detectable=0.277,
    )
    sentence = build_limits_sentence(judged)  # type: ignore[arg-type]
    told = translate_sentence(sentence, FA)
    assert told and "۷۱۲ پرسش از ۱۶۰ موضوع" in told and "۲۷٫۷" in told


@pytest.mark.parametrize(
    ("illegible", "shift"), [(0, None), (0, 0.0), (0, 0.0078), (3, 0.03), (90, None)]
)
def test_that_no_answer_changed_is_told_in_persian(illegible: int, shift: float | None) -> None:
    sentence = _describe_no_change(100, 30, illegible, shift)
    assert translate_sentence(sentence, FA), sentence
