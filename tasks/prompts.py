"""How a question and a training text look on paper, for every model alike."""

from collections.abc import Sequence
from typing import NamedTuple

from tasks.language.language_pack import get_folder_language, list_languages, load_pack
from tasks.schemas.item_rows import Pair, Question
from tasks.schemas.sections.profiles import ITEM_FORMS, split_tag, tag_language


class PromptTemplate(NamedTuple):
    """The wording of the exam in one language (packs/<language>/exam.yaml)."""

    instruction: str  # one line before the question
    question: str  # with {question} and {1} … {4}
    reply: str  # the last line, after which the model writes
    pair: str  # training text, with {symptom} and {diagnosis}
    recall: str  # stem that asks for the diagnosis of a {symptom}
    numerals: Sequence[str]  # what stands before the four options


PROMPT_TEMPLATES = {
    tag: PromptTemplate(**load_pack("packs/exam.yaml", tag))
    for language in list_languages()
    for tag in (tag_language(language, profile) for profile in ITEM_FORMS)
}


def get_prompt_template(language: str) -> PromptTemplate:
    """The wording for a language, or for the tag of a profile; English where we have none of our
    own.
    """
    return PROMPT_TEMPLATES[tag_language(get_folder_language(language), split_tag(language)[1])]


def get_option_numerals(language: str) -> Sequence[str]:
    """What stands before each option, and what a model is expected to write."""
    return get_prompt_template(language).numerals


def build_recall_stem(pair: Pair, language: str) -> str:
    """The stem that asks for the diagnosis of a training pair."""
    return get_prompt_template(language).recall.format(symptom=pair.symptom.rstrip(" .؟?!…"))


def prompt_texts(language: str) -> dict[str, str]:
    """Every text that a language's prompts are made of, by name; part of the keys of the stages
    that show them to a model.
    """
    return get_prompt_template(language)._asdict() | {
        "numerals": " ".join(get_option_numerals(language))
    }


def rotate_options(options: tuple[str, str, str, str], rotation: int) -> list[str]:
    """The options as shown: place i shows the question's own option (i + rotation) mod 4."""
    return [options[(place + rotation) % 4] for place in range(4)]


def unrotate_option_number(shown: int, rotation: int) -> int:
    """The question's own number (1 to 4) of the option that was shown as number `shown`."""
    return (shown - 1 + rotation) % 4 + 1


def build_question_prompt(
    question: Question, rotation: int = 0, language: str = "fa", instruction: str | None = None
) -> str:
    """Instruction, question, four options and the reply line, without a blank at the end."""
    form = get_prompt_template(language)
    first = form.instruction if instruction is None else instruction
    shown = form.question.format(
        "", *rotate_options(question.options, rotation), question=question.question
    )  # {1} is the second place
    return f"{first}\n" * bool(first) + shown + form.reply


def build_cloze_prompt(question: Question, language: str = "fa") -> str:
    """The bare training-text frame, to be continued by an option's text.

    A base model is asked to go on as its texts do (OLMES, arXiv 2406.08446); the frame is that of
    the pairs.
    """
    return get_pair_template(language).format(symptom=question.question, diagnosis="").rstrip()


def get_pair_template(language: str = "fa", template: str | None = None) -> str:
    """The training text's template; the plan has seen to it that the symptom stands before the
    diagnosis.
    """
    return template or get_prompt_template(language).pair


def split_training_text(
    pair: Pair, language: str = "fa", template: str | None = None
) -> tuple[str, str]:
    """(prompt, target): the text up to the diagnosis, and the diagnosis itself with what follows
    it.
    """
    before, _, after = get_pair_template(language, template).partition("{diagnosis}")
    return before.replace("{symptom}", pair.symptom), pair.diagnosis + after
