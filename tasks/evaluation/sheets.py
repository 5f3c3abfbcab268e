"""What each model is asked, in tokens: one sheet for each question, mode and rotation of its options."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tasks import exam
from tasks.errors import PlanError
from tasks.evaluation import encoding
from tasks.evaluation.encoding import Asked
from tasks.plan import EvaluationPlan
from tasks.records import Mode, Question

Numbers = tuple[int, ...]


class Sheet(NamedTuple):
    """One question as it is put once; what is asked is in the question's own option order."""

    question: Question
    mode: Mode
    rotation: int
    asked: tuple[Asked, ...] = ()  # four; eight with the prior; none for generate
    prompt: Numbers = ()  # for generate
    truncated: bool = False  # longer than the model's window


class Wording(NamedTuple):
    """How a question is put in words: the exam's paper, the cloze frame, and that frame without a question."""

    paper: Callable[[Question, int], str]
    frame: Callable[[Question], str]
    bare: str
    numerals: tuple[str, str, str, str]


def wording(plan: EvaluationPlan, language: str) -> Wording:
    """The plan's wording in a language."""
    nothing = Question(id="", fact="", question="", options=("", "", "", ""), answer=1)
    return Wording(
        paper=lambda question, rotation: exam.exam_prompt(question, rotation, language, plan.instruction),
        frame=lambda question: exam.cloze_prompt(question, language),
        bare=exam.cloze_prompt(nothing, language),
        numerals=exam.numerals(language),
    )


def sheets(questions: list[Question], plan: EvaluationPlan, words: Wording, model: Any, tokenizer: Any) -> list[Sheet]:
    """By question, then mode, then rotation. Cloze shows no options, so no rotation changes it: it is put once, as rotation 0."""
    chat = plan.chat == "auto" and encoding.has_chat(tokenizer)
    most = encoding.window(model, tokenizer)
    return [
        _checked(_sheet(question, mode, rotation, words, tokenizer, plan.template_options if chat else None), most)
        for question in questions
        for mode in plan.modes
        for rotation in range(1 if mode.startswith("cloze") else plan.rotations)
    ]


def _sheet(question: Question, mode: Mode, rotation: int, words: Wording, tokenizer: Any, chat: Mapping[str, Any] | None) -> Sheet:
    """`chat`: options of the chat template; None where it is not used."""
    if mode.startswith("cloze"):
        contexts = [words.frame(question)] + [words.bare] * (mode == "cloze_prior")
        options = [f" {option}" for option in question.options]
        asked = [one for context in contexts for one in encoding.asked(tokenizer, context, options)]
        return Sheet(question, mode, rotation, asked=tuple(asked))
    paper = words.paper(question, rotation)
    context = paper if chat is None else encoding.as_chat(tokenizer, paper, chat)
    if mode == "generate":
        return Sheet(question, mode, rotation, prompt=tuple(encoding.encode(tokenizer, [context])[0]))
    delimiter = " " if chat is None else ""  # as lm-evaluation-harness does
    shown = encoding.asked(tokenizer, context, [delimiter + numeral for numeral in words.numerals])
    return Sheet(question, mode, rotation, asked=tuple(shown[(own - rotation) % 4] for own in range(4)))


def _checked(sheet: Sheet, most: int) -> Sheet:
    """Mark what does not fit the window; refuse an option that leaves nothing to score."""
    for place, (context, continuation) in enumerate(sheet.asked):
        if not continuation or not context:
            raise PlanError(
                f"question {sheet.question.id!r}: option {place % 4 + 1} has no text that could be scored; correct the question."
            )
    longest = max([len(sheet.prompt) + bool(sheet.prompt), *(len(a.context) + len(a.continuation) - 1 for a in sheet.asked)])
    return sheet._replace(truncated=longest > most)
