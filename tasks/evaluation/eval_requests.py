"""What each model is asked, in tokens: one sheet for each question, mode and rotation of its
options.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tasks import prompts
from tasks.evaluation.scorer import encoding
from tasks.evaluation.scorer.encoding import Continuation
from tasks.schemas.errors import PlanError
from tasks.schemas.item_rows import AnswerMode, Question
from tasks.schemas.messages import build_message
from tasks.schemas.plan_sections import EvaluationPlan

TokenIds = tuple[int, ...]


class EvalRequest(NamedTuple):
    """One question as it is put once; what is asked is in the question's own option order."""

    question: Question
    mode: AnswerMode
    rotation: int
    continuations: tuple[Continuation, ...] = ()  # four; eight with the prior; none for generate
    prompt: TokenIds = ()  # for generate
    truncated: bool = False  # longer than the model's window


class PromptBuilder(NamedTuple):
    """How a question is put in words: the exam's paper, the cloze frame, and that frame without a
    question.
    """

    build_prompt: Callable[[Question, int], str]
    build_cloze_prompt: Callable[[Question], str]
    empty_cloze_prompt: str
    numerals: Sequence[str]


def get_prompt_builder(plan: EvaluationPlan, language: str) -> PromptBuilder:
    """The plan's wording in a language."""
    nothing = Question(id="", fact="", question="", options=("", "", "", ""), answer=1)
    return PromptBuilder(
        build_prompt=lambda question, rotation: prompts.build_question_prompt(
            question, rotation, language, plan.instruction
        ),
        build_cloze_prompt=lambda question: prompts.build_cloze_prompt(question, language),
        empty_cloze_prompt=prompts.build_cloze_prompt(nothing, language),
        numerals=prompts.get_option_numerals(language),
    )


def build_requests(
    questions: list[Question],
    plan: EvaluationPlan,
    words: PromptBuilder,
    model: Any,
    tokenizer: Any,
) -> list[EvalRequest]:
    """By question, then mode, then rotation. Cloze shows no options, so no rotation changes it: it
    is put once, as rotation 0.
    """
    chat = plan.chat == "auto" and encoding.has_chat_template(tokenizer)
    most = encoding.get_context_window(model, tokenizer)
    return [
        _check_request(
            _build_eval_request(
                question, mode, rotation, words, tokenizer, plan.template_options if chat else None
            ),
            most,
        )
        for question in questions
        for mode in plan.modes
        for rotation in range(1 if mode.startswith("cloze") else plan.rotations)
    ]


def _build_eval_request(
    question: Question,
    mode: AnswerMode,
    rotation: int,
    words: PromptBuilder,
    tokenizer: Any,
    chat: Mapping[str, Any] | None,
) -> EvalRequest:
    """`chat`: options of the chat template; None where it is not used."""
    if mode.startswith("cloze"):
        contexts = [words.build_cloze_prompt(question)] + [words.empty_cloze_prompt] * (
            mode == "cloze_prior"
        )
        options = [f" {option}" for option in question.options]
        asked = [
            one
            for context in contexts
            for one in encoding.encode_continuations(tokenizer, context, options)
        ]
        return EvalRequest(question, mode, rotation, continuations=tuple(asked))
    prompt = words.build_prompt(question, rotation)
    context = prompt if chat is None else encoding.format_chat_prompt(tokenizer, prompt, chat)
    if mode == "generate":
        return EvalRequest(
            question, mode, rotation, prompt=tuple(encoding.encode_texts(tokenizer, [context])[0])
        )
    delimiter = " " if chat is None else ""  # as lm-evaluation-harness does
    shown = encoding.encode_continuations(
        tokenizer, context, [delimiter + numeral for numeral in words.numerals]
    )
    return EvalRequest(
        question,
        mode,
        rotation,
        continuations=tuple(shown[(own - rotation) % 4] for own in range(4)),
    )


def _check_request(sheet: EvalRequest, most: int) -> EvalRequest:
    """Mark what does not fit the window; refuse an option that leaves nothing to score."""
    for place, (context, continuation) in enumerate(sheet.continuations):
        if not continuation or not context:
            raise PlanError(
                build_message("option-without-text", id=repr(sheet.question.id), n=place % 4 + 1)
            )
    longest = max(
        [
            len(sheet.prompt) + bool(sheet.prompt),
            *(len(a.context) + len(a.tokens) - 1 for a in sheet.continuations),
        ]
    )
    return sheet._replace(truncated=longest > most)
