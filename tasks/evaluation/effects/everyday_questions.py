"""Fifty everyday questions of each language's folder: what a model knew beside the book, put as a
text to go on with, and scored by the likelihood of the options' texts.

The frame is not that of the training texts: a tuned model that names a diagnosis wherever that
frame stands has lost nothing by it.
"""

from tasks.evaluation.eval_requests import PromptBuilder, build_requests, get_prompt_builder
from tasks.evaluation.evaluate import score_requests
from tasks.language.language_pack import load_pack
from tasks.models.loading import LoadedModel
from tasks.prompts import rotate_options
from tasks.schemas.item_rows import Question
from tasks.schemas.machine import Machine
from tasks.schemas.plan_sections import EvaluationPlan
from tasks.schemas.result_rows import Answer
from tasks.store.progress import ProgressCallback, ignore_progress

EXAM = EvaluationPlan(modes=("cloze",))  # asks no option numbers, which small models cannot bind


def load_everyday_questions(language: str) -> list[Question]:
    """The questions, English where the language has no folder; the keys stand in all four places in
    turn.
    """
    rows = load_pack("packs/everyday.yaml", language)["questions"]
    return [
        _build_question(number, stem, (key, *others))
        for number, (stem, key, *others) in enumerate(rows)
    ]


def answer_everyday_questions(
    loaded: LoadedModel,
    language: str,
    machine: Machine | None = None,
    progress: ProgressCallback = ignore_progress,
) -> list[Answer]:
    """One row a question."""
    put = build_requests(
        load_everyday_questions(language),
        EXAM,
        _get_frame(language),
        loaded.model,
        loaded.tokenizer,
    )
    return score_requests(loaded, put, EXAM, language, machine or Machine(), progress)


def _get_frame(language: str) -> PromptBuilder:
    """The frame of the folder in the place of the training text's."""
    frame: str = load_pack("packs/everyday.yaml", language)["frame"]
    return get_prompt_builder(EXAM, language)._replace(
        build_cloze_prompt=lambda question: frame.format(question=question.question)
    )


def _build_question(number: int, stem: str, options: tuple[str, ...]) -> Question:
    a, b, c, d = options
    turned = rotate_options((a, b, c, d), -number % 4)
    return Question(
        id=f"everyday-{number + 1:02d}",
        fact="",
        question=stem,
        options=(turned[0], turned[1], turned[2], turned[3]),
        answer=number % 4 + 1,
    )
