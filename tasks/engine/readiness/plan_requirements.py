"""What a plan needs and this machine lacks, each with its remedy; spends nothing."""

import os
from pathlib import Path
from typing import NamedTuple

from tasks.language.language_codes import CODES
from tasks.language.language_pack import list_languages
from tasks.language.reader_language import get_reader_language
from tasks.schemas.errors import BookError, PlanError
from tasks.schemas.machine import Machine
from tasks.schemas.messages import Message, build_message
from tasks.schemas.plan import StudyPlan
from tasks.store.paths import find_input_file

Lack = Message | str  # text that has no code yet is English


def ensure_ready(plan: StudyPlan, tunes_here: bool = True, machine: Machine | None = None) -> None:
    """Stop before any work where something is missing. Raises PlanError with all of it."""
    get_reader_language()
    if lacks := list_missing_requirements(plan, tunes_here, machine):
        lines = (build_message("lacking", what=what) for what in lacks)
        raise PlanError(build_message("plan-cannot-run", plan=plan.name), *lines)


def list_missing_requirements(
    plan: StudyPlan, tunes_here: bool = True, machine: Machine | None = None
) -> list[Lack]:
    """Each thing that is not there, with its remedy."""
    from tasks.finetuning import requirements
    from tasks.models import model_hub

    lacks: list[Lack] = []
    if plan.language not in CODES and plan.language not in list_languages():
        lacks.append(build_message("language-unknown", language=repr(plan.language)))
    if find_input_file(plan.book) is None:
        lacks.append(build_message("book-not-found", book=plan.book, folder=str(Path.cwd())))
    for key, file in (("pairs", plan.generation.pairs), ("questions", plan.generation.questions)):
        if isinstance(file, str) and find_input_file(file, or_folder=True) is None:
            lacks.append(
                build_message("items-not-found", key=key, file=file, folder=str(Path.cwd()))
            )
        if isinstance(file, int) and file < 1:
            lacks.append(build_message("too-few-wanted", key=key, n=file))
    named = plan.validation.review or ()
    for file in (named,) if isinstance(named, str) else named:
        if find_input_file(file) is None:
            lacks.append(build_message("review-not-found", file=file, folder=str(Path.cwd())))
    if needs_writer(plan) and not (
        os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL")
    ):
        lacks.append(build_message("key-missing", model=plan.generation.model))
    if tunes_here:
        lack = (
            model_hub.explain_missing_base(plan.base)
            or _template_fault(plan)
            or requirements.explain_unfit_adapter(plan.finetuning, plan.base)
        )
        lacks += [lack.message] if lack else []
    return lacks + (
        requirements.list_unmet_requirements(plan.finetuning, machine) if tunes_here else []
    )


def _template_fault(plan: StudyPlan) -> PlanError | None:
    """Why the base's tokenizer cannot be used, or its chat template takes no questions."""
    from tasks.models.model_hub import find_here

    if (folder := find_here(plan.base)) is None:
        return None
    from tasks.evaluation.scorer.encoding import format_chat_prompt, has_chat_template
    from tasks.models.loading import read_tokenizer

    try:
        tokenizer = read_tokenizer(str(folder))
        if plan.evaluation.chat == "auto" and has_chat_template(tokenizer):
            format_chat_prompt(tokenizer, "?", plan.evaluation.template_options)
    except PlanError as error:
        return error
    return None


def list_book_errors(plan: StudyPlan) -> list[Lack]:
    """Why the book cannot be opened, or has none of the pages that are wanted."""
    from tasks.reading.pdf import pages_wanted

    try:
        if book := find_input_file(plan.book):
            pages_wanted(book, plan.reading)
    except BookError as error:
        return [build_message("book-fault", why=why) for why in error.args]
    return []


class OwnFiles(NamedTuple):
    """What a person's own files hold, by file, and which hold nothing that can be used."""

    lines: list[tuple[str, Message | str]]
    lacks: list[Lack]


def open_own_files(plan: StudyPlan) -> OwnFiles:
    """The rows of a person's own files: read, kept, and refused by reason."""
    from tasks.validation.items import ItemKind
    from tasks.validation.parsing.import_items import open_items

    told = OwnFiles([], [])
    kinds: dict[str, tuple[ItemKind, int | str]] = {
        "own pairs": ("pair", plan.generation.pairs),
        "own questions": ("question", plan.generation.questions),
    }
    for topic, (kind, name) in kinds.items():
        if isinstance(name, str) and (file := find_input_file(name, or_folder=True)):
            try:
                own = open_items(file, kind, plan.language, plan.generation.columns)
                told.lines.append((topic, own.describe(kind)))
            except PlanError as error:
                told.lacks.extend(error.args)
    return told


def needs_writer(plan: StudyPlan) -> bool:
    """Whether anything is asked of a server."""
    return plan.generation.writer == "gpt" and not (
        isinstance(plan.generation.pairs, str) and isinstance(plan.generation.questions, str)
    )
