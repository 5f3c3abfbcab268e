"""Questions put with something before them: the book's best passages, or a few solved questions.
What a tuning is worth is told beside what these cheaper means are.

The passages are found by the stem alone, as a person would who does not know the options. What does
not fit the model's window is cut by whole sentences (whole examples), from the end, and counted.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tasks import prompts
from tasks.evaluation.eval_requests import (
    EvalRequest,
    PromptBuilder,
    build_requests,
    get_prompt_builder,
)
from tasks.evaluation.evaluate import score_requests
from tasks.evaluation.screening import prepend_passage
from tasks.language.text import find_sentence_spans
from tasks.language.text_search import TextIndex
from tasks.models.loading import LoadedModel
from tasks.schemas.item_rows import Passage, Question
from tasks.schemas.machine import Machine
from tasks.schemas.plan_sections import EvaluationPlan
from tasks.schemas.result_rows import Answer
from tasks.store.artifact_groups import AidedAnswers, BookText, QuestionSets
from tasks.store.artifacts import Answers
from tasks.store.progress import ProgressCallback, ignore_progress

EXAMPLES = 4  # solved questions before each; few enough for a window of 2,048 tokens


class Aid(NamedTuple):
    """What is put before one question, in pieces that can be left out from the end."""

    pieces: Sequence[str]
    passages: tuple[str, ...] = ()  # ids, the best first


class AidedRun(NamedTuple):
    """What a model answered with the aids, and what became of these."""

    answers: list[Answer]
    cut: int  # questions whose aid did not fit whole


def choose_passages(
    questions: Sequence[Question], passages: Sequence[Passage], best: int
) -> dict[str, Aid]:
    """The passages that speak of each question, under their titles, by sentence."""
    texts = [_format_passage(passage) for passage in passages]
    index = TextIndex(texts)
    found = {question.id: index.rank_texts(question.question, best) for question in questions}
    return {
        name: Aid(
            [piece for place in places for piece in _split_sentences(texts[place])],
            tuple(passages[place].id for place in places),
        )
        for name, places in found.items()
    }


def choose_examples(
    questions: Sequence[Question],
    taught: Sequence[Question],
    plan: EvaluationPlan,
    language: str,
) -> dict[str, Aid]:
    """Solved questions on other facts than the one that is asked, spread over those taught."""
    spread = taught[:: max(1, len(taught) // (2 * EXAMPLES))]
    cloze = plan.modes[0].startswith("cloze")
    solved = {one.id: _solve_question(one, cloze, language) for one in spread}
    return {
        question.id: Aid([solved[one.id] for one in spread if one.fact != question.fact][:EXAMPLES])
        for question in questions
    }


def ask_aided(
    loaded: LoadedModel,
    questions: Sequence[Question],
    aid: BookText | QuestionSets,
    plan: EvaluationPlan,
    *,
    best: int,
    language: str,
    machine: Machine,
    progress: ProgressCallback = ignore_progress,
) -> AidedAnswers:
    """With the best passages of a book, or with solved questions of the taught pairs."""
    if isinstance(aid, BookText):
        aids = choose_passages(questions, aid.load_passages(), best)
    else:
        aids = choose_examples(questions, aid.train.load_rows(), plan, language)
    done = answer_with_aids(
        loaded, questions, aids, plan, language=language, machine=machine, progress=progress
    )
    known = [q for q in questions if q.quote] if isinstance(aid, BookText) else []
    return AidedAnswers(
        answers=Answers.save_rows(done.answers),
        shown=best
        if isinstance(aid, BookText)
        else max((len(one.pieces) for one in aids.values()), default=0),
        cut=done.cut,
        unmatched=sum(not one.pieces for one in aids.values()),
        known=len(known),
        found=sum(q.quote.passage_id in aids[q.id].passages for q in known if q.quote),
    )


def answer_with_aids(
    loaded: LoadedModel,
    questions: Sequence[Question],
    aids: Mapping[str, Aid],
    plan: EvaluationPlan,
    *,
    language: str = "fa",
    machine: Machine | None = None,
    progress: ProgressCallback = ignore_progress,
) -> AidedRun:
    """One row for each question, mode and rotation; an aid that does not fit is cut."""
    words = get_prompt_builder(plan, language)
    put: list[EvalRequest] = []
    cut = 0
    for question in questions:
        aid = aids[question.id]
        build = _build_asker(question, aid.pieces, words, plan, loaded)
        kept = _count_fitting(len(aid.pieces), build)
        cut += kept < len(aid.pieces)
        put += build(kept)
    answers = score_requests(loaded, put, plan, language, machine or Machine(), progress)
    return AidedRun(answers, cut)


def _build_asker(
    question: Question,
    pieces: Sequence[str],
    words: PromptBuilder,
    plan: EvaluationPlan,
    loaded: LoadedModel,
) -> Callable[[int], list[EvalRequest]]:
    """Puts the question after so many pieces of its aid."""

    def put(kept: int) -> list[EvalRequest]:
        shown = prepend_passage(words, {question.id: "".join(pieces[:kept]).strip()})
        return build_requests(
            [question], plan, shown if kept else words, loaded.model, loaded.tokenizer
        )

    return put


def _count_fitting(pieces: int, build: Callable[[int], list[EvalRequest]]) -> int:
    """The most pieces with which the question fits the window, by halving; none where it does not
    fit alone.
    """
    low, high = 0, pieces
    while low < high:
        middle = high if (low, high) == (0, pieces) else (low + high + 1) // 2
        if any(sheet.truncated for sheet in build(middle)):
            high = middle - 1
        else:
            low = middle
    return low


def _format_passage(passage: Passage) -> str:
    """The text under the titles that its place in the book gives it."""
    titles = [one for one in (passage.section, passage.heading) if one and one not in passage.text]
    return "\n".join([*([": ".join(titles)] if titles else []), passage.text]) + "\n\n"


def _split_sentences(text: str) -> list[str]:
    """The sentences with what stands between them: joined, they are the text."""
    starts = [start for start, _ in find_sentence_spans(text)]
    return [text[a:b] for a, b in zip([0, *starts[1:]], [*starts[1:], None], strict=True)]


def _solve_question(question: Question, cloze: bool, language: str) -> str:
    """A question with its key, as a model should go on."""
    if cloze:
        key = question.options[question.answer - 1]
        return f"{prompts.build_cloze_prompt(question, language)} {key}\n\n"
    numeral = prompts.get_option_numerals(language)[question.answer - 1]
    return f"{prompts.build_question_prompt(question, 0, language, '')} {numeral}\n\n"
