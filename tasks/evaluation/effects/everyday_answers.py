"""Ask the everyday questions: each a text to go on with, scored by the options' likelihoods.

The frame is not that of the training texts: a tuned model that names a diagnosis wherever that
frame stands has lost nothing by it.
"""

from tasks.evaluation.effects.everyday_questions import EXAM, load_everyday_questions
from tasks.evaluation.eval_requests import PromptBuilder, build_requests, get_prompt_builder
from tasks.evaluation.evaluate import score_requests
from tasks.language.language_pack import load_pack
from tasks.models.loading import LoadedModel
from tasks.schemas.machine import Machine
from tasks.schemas.result_rows import Answer
from tasks.store.progress import ProgressCallback, ignore_progress


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
