"""What stands before a question is the book's own text, fits the model's window, and is counted where it is cut."""

import pytest
from support.items.scored_questions import make_answers, make_questions
from support.models import scoring_models

from tasks import prompts
from tasks.evaluation.effects.aid_comparison import compare_aids
from tasks.evaluation.effects.aided_questions import (
    EXAMPLES,
    Aid,
    _count_fitting,
    answer_with_aids,
    ask_aided,
    choose_examples,
    choose_passages,
)
from tasks.evaluation.eval_requests import build_requests, get_prompt_builder
from tasks.evaluation.evaluate import score_requests
from tasks.evaluation.scorer.encoding import encode_continuations
from tasks.evaluation.scorer.sequential_scorer import compute_log_likelihood
from tasks.evaluation.statistics.paired_comparison import compare_models
from tasks.language.catalogue import load_catalogue
from tasks.schemas.item_rows import Passage, Question, Quote
from tasks.schemas.machine import Machine
from tasks.schemas.plan_sections import ComparisonPlan, EvaluationPlan
from tasks.store.artifact_groups import AidedAnswers, BookText, QuestionSets, SideAnswers
from tasks.store.artifacts import Answers

CLOZE, DIGITS = EvaluationPlan(modes=("cloze",)), EvaluationPlan(modes=("digits",))


def book(*texts: str, section: str = "") -> list[Passage]:
    return [
        Passage(id=f"p{i}", chapter="", section=section, page=1, text=text)
        for i, text in enumerate(texts)
    ]


def ask(stem: str, options=("الف", "ب", "ج", "د"), name: str = "q") -> Question:
    return Question(id=name, fact="f", question=stem, options=options, answer=1)


def test_passages_are_found_whatever_the_letters_and_by_the_stem_alone() -> None:
    passages = book("درد شكم و تب.", "سرفه‌ی خونی. تنگی نفس.", "نقرس و درد مفصل.")
    asked = [ask("بیمار با درد شکم", name="a"), ask("سرفه", ("نقرس", "ب", "ج", "د"), "b")]
    found = choose_passages(asked, passages, 2)
    assert found["a"].passages[0] == "p0"  # written with an Arabic kaf
    assert "p2" not in found["b"].passages  # only an option names it
    assert choose_passages([ask("xyz")], passages, 2)["q"] == Aid([])


def test_a_passage_stands_under_its_titles_and_its_sentences_join_to_its_text() -> None:
    text = "تب دارد. سرفه، هم.\n- درد 12.5 است."
    (aid,) = choose_passages([ask("سرفه")], book(text, section="سل ریوی"), 3).values()
    assert "".join(aid.pieces) == f"سل ریوی\n{text}\n\n"
    assert len(aid.pieces) == 4
    own = choose_passages([ask("سرفه")], book(f"سل ریوی: {text}", section="سل ریوی"), 3)
    assert "".join(own["q"].pieces) == f"سل ریوی: {text}\n\n"  # a title that it has already


@pytest.mark.parametrize("pieces", range(8))
def test_the_most_pieces_that_fit_are_found_by_halving(pieces: int) -> None:
    from types import SimpleNamespace

    for fitting in range(pieces + 1):
        tried = []

        def build(kept: int, fitting: int = fitting, tried: list = tried) -> list:
            tried.append(kept)
            return [SimpleNamespace(truncated=kept > fitting)]

        assert _count_fitting(pieces, build) == fitting
        assert len(tried) <= 4
        assert fitting < pieces or len(tried) <= 1  # what fits whole is not halved


@pytest.mark.parametrize("plan", [CLOZE, DIGITS], ids=["cloze", "digits"])
def test_scores_are_those_of_the_prompt_after_the_passages(plan: EvaluationPlan) -> None:
    loaded, asked = scoring_models.make_base_model(), scoring_models.make_questions(3)
    aids = {q.id: Aid([f"متن {i}. ", "درد شکم و تب. ", "\n\n"]) for i, q in enumerate(asked)}
    run = answer_with_aids(loaded, asked, aids, plan)
    assert run.cut == 0 and [a.question_id for a in run.answers] == [q.id for q in asked]
    for i, (question, answer) in enumerate(zip(asked, run.answers, strict=True)):
        known = f"متن {i}. درد شکم و تب.\n\n"
        if plan is CLOZE:
            context, endings = prompts.build_cloze_prompt(question), list(question.options)
        else:
            context = prompts.build_question_prompt(question)
            endings = list(prompts.get_option_numerals("fa"))
        put = encode_continuations(
            loaded.tokenizer, known + context, [f" {one}" for one in endings]
        )
        wanted = [compute_log_likelihood(loaded.model, one) for one in put]
        assert list(answer.scores) == pytest.approx(wanted, abs=1e-4)


def test_what_does_not_fit_is_cut_by_whole_sentences_from_the_end_and_counted() -> None:
    loaded = scoring_models.make_base_model(max_position_embeddings=160)
    asked = scoring_models.make_questions(2)
    long = [f"جملهٔ {i} درد شکم است. " for i in range(40)]
    run = answer_with_aids(
        loaded, asked, {asked[0].id: Aid(long), asked[1].id: Aid(long[:1])}, CLOZE
    )
    assert run.cut == 1 and not any(answer.truncated for answer in run.answers)
    words = get_prompt_builder(CLOZE, "fa")

    def put(kept: int):
        shown = words._replace(
            build_cloze_prompt=lambda q: (
                "".join(long[:kept]).strip() + "\n\n" + prompts.build_cloze_prompt(q)
            )
        )
        return build_requests(asked[:1], CLOZE, shown, loaded.model, loaded.tokenizer)

    kept = max(k for k in range(1, 41) if not put(k)[0].truncated)
    assert 0 < kept < 40
    (wanted,) = score_requests(loaded, put(kept), CLOZE, "fa", Machine(), lambda *_: None)
    assert run.answers[0].scores == pytest.approx(wanted.scores, abs=1e-4)


def test_a_question_that_does_not_fit_alone_is_put_without_an_aid_and_counts_as_wrong() -> None:
    loaded = scoring_models.make_base_model(max_position_embeddings=16)
    asked = scoring_models.make_questions(1)
    run = answer_with_aids(loaded, asked, {asked[0].id: Aid(["یک. ", "دو. "])}, CLOZE)
    assert run.cut == 1 and run.answers[0].truncated and not run.answers[0].is_correct


def test_examples_are_solved_taught_questions_on_other_facts() -> None:
    taught = make_questions(40, per_fact=2, prefix="t")
    asked = [taught[0].model_copy(update={"id": "own"}), ask("?")]
    found = choose_examples(asked, taught, CLOZE, "fa")
    assert all(len(aid.pieces) == EXAMPLES for aid in found.values())
    assert found["q"].pieces[0] == f"{prompts.build_cloze_prompt(taught[0])} الف\n\n"
    assert found["q"].pieces[0] not in found["own"].pieces  # on its own fact
    digits = choose_examples(asked, taught, DIGITS, "fa")["q"].pieces[0]
    assert digits == f"{prompts.build_question_prompt(taught[0], 0, 'fa', '')} ۱\n\n"
    assert choose_examples(asked, [], CLOZE, "fa")["q"].pieces == []


def test_what_became_of_the_passages_is_counted(runs) -> None:
    quote = Quote(passage_id="p1", page=1, start=0, end=1, text="د")
    asked = [
        q.model_copy(update={"quote": quote} if i < 2 else {"question": "zzz"})
        for i, q in enumerate(scoring_models.make_questions(3))
    ]
    texts = book("تب.", asked[0].question, "سرفه.")
    text = BookText.save_tables(texts, [])
    done = ask_aided(
        scoring_models.make_base_model(),
        asked,
        text,
        CLOZE,
        best=1,
        language="fa",
        machine=Machine(),
    )
    assert (done.known, done.found, done.unmatched, done.cut) == (2, 2, 1, 0)
    assert [answer.question_id for answer in done.answers.load_rows()] == [q.id for q in asked]


@pytest.mark.parametrize("taught", [2, 12])
def test_the_examples_that_there_are_and_those_cut_are_counted(runs, taught: int) -> None:
    asked = scoring_models.make_questions(3)
    rows = {"train": make_questions(taught, prefix="t"), "same_fact": asked, "new_fact": []}
    sets = QuestionSets.save_sets(rows)
    for window, cut in ((2048, 0), (60, 3)):
        done = ask_aided(
            scoring_models.make_base_model(max_position_embeddings=window),
            asked,
            sets,
            CLOZE,
            best=1,
            language="fa",
            machine=Machine(),
        )
        assert (done.shown, done.cut) == (min(taught, EXAMPLES), cut)


def aside(asked, **right: int) -> SideAnswers:
    """So many of the questions right with each aid."""
    return SideAnswers(
        **{
            name: AidedAnswers(
                answers=Answers.save_rows(make_answers(asked, [1] * n + [2] * (len(asked) - n))),
                shown=2,
                cut=3 if name == "with_passages" else 5,
                known=50,
                found=41,
            )
            for name, n in right.items()
        }
    )


def test_each_means_is_told_against_the_base_alone_with_the_verdict_s_figures(runs) -> None:
    asked, plan = make_questions(100, per_fact=2), ComparisonPlan()
    base, tuned = (make_answers(asked, [1] * n + [2] * (100 - n)) for n in (30, 53))
    found = compare_aids(
        asked,
        base,
        [tuned],
        aside(asked, with_passages=71, with_examples=33),
        [aside(asked, with_passages=79)],
        mode="cloze",
        plan=plan,
    )
    worth = {one.aid: round(100 * one.difference.value) for one in found.effects}
    assert worth == {"passages": 41, "tuning": 23, "both": 49, "examples": 3}
    assert round(100 * found.beyond.value) == 8
    verdict = compare_models({"train": [], "same_fact": asked, "new_fact": []}, base, tuned, plan)[
        0
    ]
    told = next(one for one in found.effects if one.aid == "tuning")
    assert (told.difference, told.rate, told.p_value) == (
        verdict.difference,
        verdict.tuned,
        verdict.p_value,
    )
    assert (found.base, found.known, found.found) == (verdict.base, 50, 41)
    assert (found.cut, found.examples_cut) == (3, 5)
    words = load_catalogue("en").format_message(found.told).replace("\u200e", "")
    assert "passages is worth +41.0 (+" in words
    assert "tuning +23.0" in words and "both +49.0" in words and "tuning adds +8.0" in words


def test_nothing_is_told_where_no_passages_were_shown(runs) -> None:
    asked = make_questions(4)
    rows = make_answers(asked, [1, 2, 1, 2])
    nothing = compare_aids(
        asked,
        rows,
        [rows],
        SideAnswers(),
        [SideAnswers()],
        mode="cloze",
        plan=ComparisonPlan(),
    )
    assert nothing is None
