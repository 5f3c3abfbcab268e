"""The page tells all that the rows hold, in the study's language, however odd the study is."""

import re
from dataclasses import replace
from functools import lru_cache
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from support.reports.example_study import make_comparison, make_example_study, tell_verdict

from tasks.reporting import page as pages
from tasks.reporting.labels import load_labels
from tasks.reporting.markdown.markdown_report import build_markdown_report
from tasks.reporting.markdown.markdown_tables import describe_reader
from tasks.reporting.page import format_study_verdict, list_plan_changes, render_page
from tasks.reporting.report_data import ReportData
from tasks.schemas.item_rows import ReaderUsage, WriterUsage
from tasks.schemas.messages import Value, build_message
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_sections import GenerationPlan
from tasks.schemas.result_rows import Comparison, ScreenedQuestion


@lru_cache
def study() -> ReportData:
    return make_example_study()


class Text(HTMLParser):
    """The words of a page, without tags, styles and scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words, self._silent = [], False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._silent = tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)


def words_of(html: str) -> str:
    return re.sub(r"\s+", " ", " ".join(Text(html).words))


def with_verdict(verdict: str, cautions: tuple[str, ...] = (), **values: Value) -> ReportData:
    told = tell_verdict(verdict, n=study().primary.n, **values)
    primary = study().primary.model_copy(update={"told": told, "cautions": cautions})
    return replace(study(), comparisons=[primary, *study().comparisons[1:]])


def test_every_question_quote_and_page_is_on_the_page() -> None:
    text = words_of(render_page(study()))
    for rows in study().questions.values():
        for question in rows:
            assert question.id in text
            assert re.sub(r"\s+", " ", question.quote.text) in text


class Outline(HTMLParser):
    """The levels of a page's headings in order, and its tables with what names their cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.tables: list[dict[str, int]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        elif tag == "table":
            self.tables.append({"caption": 0, "th": 0, "scope": 0})
        elif tag in ("caption", "th") and self.tables:
            self.tables[-1][tag] += 1
            self.tables[-1]["scope"] += tag == "th" and "scope" in dict(attrs)


def test_no_level_of_heading_is_skipped_and_every_table_names_itself_and_its_columns() -> None:
    found = Outline(render_page(study()))
    assert found.levels[0] == 1 and found.levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(found.levels))
    assert found.tables
    for table in found.tables:
        assert table["caption"] == 1 and table["th"] == table["scope"] > 0


def test_every_section_has_its_heading() -> None:
    html = render_page(study())
    for name in (
        "result",
        "why",
        "training",
        "power",
        "data",
        "positions",
        "questions",
        "pairs",
        "rejections",
        "record",
    ):
        assert f'id="{name}"' in html


def test_page_asks_for_nothing_from_anywhere() -> None:
    html = render_page(study())
    assert not re.search(r'(?:src|href|action)="(?!#|data:,")', html)
    assert "@import" not in html and "url(" not in html


VERDICTS = ["improved", "worse", "no-difference", "inconclusive", "identical", "identical-mute"]


@pytest.mark.parametrize("language", ["fa", "en"])
def test_each_verdict_has_one_sentence_of_its_own_with_its_numbers(language: str) -> None:
    say = load_labels(language)
    told = [format_study_verdict(with_verdict(name), say) for name in VERDICTS]
    assert len(set(told)) == len(VERDICTS)
    for said in told:
        assert "{" not in said and say.format_number(study().primary.n) in said


@pytest.mark.parametrize("language", ["fa", "en"])
def test_size_and_level_of_a_gain_are_told_beside_its_direction(language: str) -> None:
    say = load_labels(language)
    plain, careful = (
        format_study_verdict(with_verdict("improved", cautions=cautions), say)
        for cautions in ((), ("within-margin", "not-above-guessing"))
    )
    small, low = careful.removeprefix(f"{plain} ").split(". ")
    assert say.format_points(0.05, sign=False) in small
    assert low == say["messages"]["caution-not-above-guessing"]


@pytest.mark.parametrize("language", ["fa", "en"])
def test_the_verdict_names_its_claim(language: str) -> None:
    say = load_labels(language)
    for claim in (build_message("claim-adapter"), build_message("claim-recipe", seeds=3)):
        told = format_study_verdict(with_verdict("improved", claim=claim), say)
        assert told.startswith(say.format_message(claim))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "about 712 questions on 160 facts would decide"),
        ("fa", "نزدیک به ۷۱۲ پرسش از ۱۶۰ موضوع رأی را روشن می‌کند"),
    ],
)
def test_how_many_questions_would_decide_is_told(language: str, words: str) -> None:
    study = with_verdict("inconclusive", questions_needed=712, facts_needed=160)
    assert words in format_study_verdict(study, load_labels(language))


def test_only_the_primary_result_is_not_exploratory() -> None:
    text = words_of(render_page(study()))
    assert (
        text.count("اکتشافی") == len(study().comparisons) - 1 + 1
    )  # the note on the primary result says the word, too


def test_too_many_questions_are_cut_and_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_ROWS", 50)
    html = render_page(study())
    assert html.count('<article class="item"') == 50
    text = words_of(html)
    assert "۵۰ مورد نخست از ۲۶۰" in text  # questions
    assert "۵۰ مورد نخست از ۳۰۰" in text  # pairs
    assert "۵۰ مورد نخست از ۹۸" in text  # rejections
    assert html.count('class="raw"') == 50


def test_ten_thousand_rejections_do_not_make_a_huge_page() -> None:
    many = replace(study(), rejected=study().rejected * 110)
    assert len(render_page(many)) - len(render_page(study())) < 2000 * 1500


def test_unrecorded_answers_are_told() -> None:
    gone = {study().questions["same_fact"][0].id, study().questions["new_fact"][1].id}
    lacking = replace(
        study(), base=[answer for answer in study().base if answer.question_id not in gone]
    )
    assert "۲ پرسش پاسخ یکی از مدل‌ها ثبت نشده" in words_of(render_page(lacking))
    assert "ثبت نشده" not in words_of(render_page(study()))


def test_study_without_log_probe_findings_power_or_next_step_still_has_its_page() -> None:
    bare = replace(
        study(),
        steps=[],
        probe=None,
        preflight=None,
        findings=[],
        causes=[],
        power=(),
        next_plan=None,
        next_command=None,
        funnel=[],
        rejected=[],
    )
    text = words_of(render_page(bare))
    assert (
        "گزارش آموزشی در دست نیست" in text
        and "نمودار توان محاسبه نشده" in text
        and "هیچ قاعده‌ای" in text
    )


def test_loss_that_is_not_a_number_is_counted_not_drawn() -> None:
    steps = [
        step.model_copy(update={"loss": float("nan")}) if step.step > 140 else step
        for step in study().steps
    ]
    html = render_page(replace(study(), steps=steps))
    assert "۱۱ مقدار زیان متناهی نیست" in words_of(
        html
    )  # 10 updates and the held-out value at update 150
    assert "nan" not in "".join(re.findall(r"<svg.*?</svg>", html, re.S)).lower()


def test_all_losses_lost_still_gives_a_page() -> None:
    steps = [step.model_copy(update={"loss": float("inf")}) for step in study().steps]
    assert 'aria-labelledby="loss-title' not in render_page(replace(study(), steps=steps))


def test_book_in_an_unknown_right_to_left_language_keeps_its_direction() -> None:
    html = render_page(replace(study(), plan=StudyPlan(language="he")))
    assert '<html lang="en" dir="ltr">' in html and '<p class="stem" dir="rtl">' in html


def test_screened_kinds_stand_beside_their_questions() -> None:
    question = study().questions["same_fact"][0]
    row = ScreenedQuestion(
        question_id=question.id,
        mode="cloze",
        asked=1,
        blind=1,
        closed=1,
        opened=1,
        blind_key=0.9,
        closed_key=0.9,
        opened_key=0.9,
        kind="guessable",
    )
    assert (
        words_of(render_page(replace(study(), screened=[row]))).count("حدس‌زدنی") == 2
    )  # the count, and the card


def test_one_question_makes_a_page() -> None:
    only = study().questions["same_fact"][:1]
    primary: Comparison = make_comparison(
        "same_fact", "cloze", only, list(study().base), list(study().tuned), True
    )
    assert render_page(
        replace(
            study(),
            questions={"train": [], "same_fact": only, "new_fact": []},
            comparisons=[primary],
        )
    )


def test_plan_changes_are_told_by_key() -> None:
    assert list_plan_changes(
        StudyPlan(finetuning={"rank": 8, "target_modules": ("q_proj", "v_proj")})
    ) == {
        "finetuning.rank": (16, 8),
        "finetuning.target_modules": ("all-linear", "q_proj, v_proj"),
    }


def test_same_rows_make_the_same_page() -> None:
    assert render_page(make_example_study()) == render_page(study())


def test_accounts_of_a_server_are_told_by_chapter() -> None:
    account = WriterUsage(
        chapter="فصل ۳", wanted={"pair": 40, "question": 20}, kept={"pair": 38}, rejected={"pair": 9}, refused={"question": 10},
        ended={"pair": "exhausted", "question": "rounds"}, rounds=4, requests=8, sent=8, finishes={"stop": 7, "refusal": 1}, cost_usd=0.0123,
    )  # fmt: skip
    text = words_of(render_page(replace(study(), accounts=[account])))
    assert "متن بیش از این ندارد" in text and "۰٫۰۱۲۳" in text


def test_the_page_and_the_summary_tell_how_the_book_was_read() -> None:
    for text in (words_of(render_page(study())), build_markdown_report(study())):
        assert re.search(r"کنارگذاشته، تصویر:? ۲", text)
        assert re.search(r"نشانک‌هایی که در صفحهٔ خود یافت شدند:? ۸۳ از ۸۴", text)


def test_the_harder_half_is_told_where_it_is_known() -> None:
    extra = {
        "hard_n": 80.0,
        "hard_base": 0.2,
        "hard_tuned": 0.35,
        "hard_gained": 14.0,
        "hard_lost": 2.0,
        "hard_p": 0.0042,
    }
    rows = [
        row.model_copy(update={"extra": row.extra | extra}) if row.primary else row
        for row in study().comparisons
    ]
    known = replace(study(), comparisons=rows)
    for told in (words_of(render_page(known)), build_markdown_report(known)):
        assert re.search(
            r"نیمهٔ دشوارتر \(۸۰ پرسش.*?۲۰٫۰\W{1,3}پیش و \W?۳۵٫۰\W{1,3}پس از تنظیم، ۱۴ به‌دست‌آمده، ۲ ازدست‌رفته",
            told,
        )
    assert "نیمهٔ دشوارتر" not in build_markdown_report(study())


def test_fewer_items_than_planned_are_told_with_the_reason_of_each_kind() -> None:
    writing = GenerationPlan(writer="gpt", pairs=999, questions=220)
    account = WriterUsage(
        chapter="c", wanted={"pair": 999, "question": 220}, kept={"pair": 90, "question": 220}, rejected={"pair": 9, "question": 0},
        refused={"pair": 0, "question": 0}, ended={"pair": "budget", "question": "met"}, rounds=4, requests=8, sent=8, finishes={"stop": 8},
    )  # fmt: skip
    english = make_example_study("en")
    short = replace(
        english, plan=english.plan.model_copy(update={"generation": writing}), accounts=[account]
    )
    left = len(short.pairs) + len(short.held_out)
    for told in (words_of(render_page(short)), build_markdown_report(short).replace("\\", "")):
        assert f"Fewer training pairs than planned: {left} of 999 (the budget ended)." in told
        assert (
            "Fewer questions than planned" not in told
        )  # 160 + 60: the taught pairs' own do not count
    every = writing.model_copy(update={"questions": 221})
    assert (
        "Fewer questions than planned: 220 of 221 (the checks took them; a larger generation.margin drafts more)."
        in words_of(
            render_page(replace(short, plan=short.plan.model_copy(update={"generation": every})))
        )
    )
    own = GenerationPlan(pairs="mine.json", questions="mine.csv")
    assert not replace(short, plan=short.plan.model_copy(update={"generation": own})).shortfalls


@pytest.mark.parametrize("language", ["en", "fa"])
def test_who_read_for_meaning_is_told_with_its_counts(language: str) -> None:
    say, bare = load_labels(language), replace(study(), language=language)
    nobody = describe_reader(bare.reader, say)
    assert bare.reader is None and nobody == say["messages"]["read-by-nobody"]
    assert nobody in words_of(render_page(bare)) and nobody in build_markdown_report(bare)
    counts = {"read": 70, "refused": 3, "unread": 2, "twice": 11, "agreed": 9, "cost_usd": 0.5}
    account = study_account(reader=ReaderUsage(model="reader-1", **counts))
    read = replace(bare, accounts=[account, account, study_account()])
    assert read.reader == ReaderUsage(
        model="reader-1", **{name: 2 * number for name, number in counts.items()}
    )
    told = describe_reader(read.reader, say)
    assert all(f" {say.format_number(n)} " in f" {told} " for n in (140, 6, 4, 22, 18))
    assert told in words_of(render_page(read)) and "reader-1" in told
    sure = describe_reader(read.reader.model_copy(update={"unread": 0, "twice": 0}), say)
    assert told.startswith(sure) and len(sure) < len(told)


def study_account(reader: ReaderUsage | None = None) -> WriterUsage:
    none = {"pair": 0, "question": 0}
    return WriterUsage(
        chapter="c",
        wanted=none,
        kept=none,
        rejected=none,
        refused=none,
        ended={"pair": "met", "question": "met"},
        rounds=1,
        requests=1,
        sent=1,
        finishes={},
        reader=reader,
    )
