"""Book → checked pairs and questions."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from flows.ask_ahead import ask_ahead, try_writer
from tasks.engine.orchestration.prefect_artifacts import publish_items, report_cost_on_failure
from tasks.engine.prefect_flow import flow
from tasks.engine.readiness.items_ahead import StudyStages
from tasks.engine.readiness.plan_check import add_new_fact_margin, describe_profile
from tasks.engine.replay import run_unrecorded
from tasks.generation.openai.server_identity import configured_server
from tasks.generation.quotas import Quota, allocate_quotas, count_letters
from tasks.generation.whole_book.top_up import ChapterYield, compute_top_up_quotas
from tasks.language.catalogue import describe_error, load_catalogue, tell_message, tell_reader
from tasks.language.reader_language import get_reader_language
from tasks.schemas.errors import BudgetSpent, WriterError
from tasks.schemas.item_rows import SetName
from tasks.schemas.machine import Machine
from tasks.schemas.messages import build_message
from tasks.schemas.plan import StudyPlan
from tasks.schemas.plan_sections import GenerationPlan, ValidationPlan
from tasks.stages import generate_drafts, halve_questions, read_book, validate_drafts
from tasks.store.artifact_groups import BookText, ChapterDrafts, CheckedItems, StudyDataset
from tasks.store.artifacts import Book, ItemFile, ReviewFile
from tasks.store.progress import print_status
from tasks.validation.items import ITEM_KINDS
from tasks.validation.plan_counts import count_missing_items, get_planned_counts
from tasks.validation.validate import refuse_empty_result

if TYPE_CHECKING:
    from tasks.generation.whole_book.pilot import Pilot

SEALABLE: tuple[SetName, ...] = ("same_fact", "new_fact")
SEAL_SEED = 0  # one for all studies: what one seals, none of the others asks
CHAPTERS_AT_ONCE = {"rules": 1, "gpt": 8}  # chapters


@flow(name="prepare", run_name="{plan.book}")
def prepare_items(book: Book, plan: StudyPlan, machine: Machine = Machine()) -> StudyDataset:
    """Read the book, draft items chapter by chapter, let through what is sound, and ask again for
    what is missing then.
    """
    text = read_book(book, plan.reading, plan.language, machine)
    if unfit := describe_profile((passage.text for passage in text.load_passages()), plan):
        print_status("  " + escape(tell_message(unfit)))
    with report_cost_on_failure(plan, [chapter.label for chapter in text.chapters]):
        drafts = draft_chapters(
            book,
            text,
            allocate_chapters(text, plan),
            plan,
            machine,
        )
        splits = validate_chapters(drafts, text, plan)
        require_paid_items(drafts, splits, plan.generation)
        drafts, splits = top_up_items(drafts, splits, book, text, plan, machine)
    prepared = StudyDataset(text=text, drafts=drafts, splits=seal_facts(splits, plan))
    publish_items(prepared, plan.generation.profile)
    refuse_empty_result(
        splits.funnel.load_rows(), splits.count_items(), get_planned_counts(plan.generation)
    )
    return prepared


def allocate_chapters(text: BookText, plan: StudyPlan) -> dict[int, Quota]:
    """Each chapter's share of what is to be drafted."""
    shares = allocate_quotas(
        {chapter.digest: chapter.load_rows() for chapter in text.chapters},
        add_new_fact_margin(plan),
    )
    return {i: shares[chapter.digest] for i, chapter in enumerate(text.chapters)}


def try_planned_writer(plan: StudyPlan, machine: Machine) -> tuple[BookText, "Pilot"]:
    """The book's text, and what came of the plan's first requests. Raises BookError, WriterRefused
    and BudgetSpent.
    """
    text = bind_study_stages(machine).read(plan)
    book = Book.from_path(plan.book)
    calls = list_calls(book, text, allocate_chapters(text, plan), plan, machine, {})
    return text, run_unrecorded(lambda _: try_writer(calls, book, plan, machine), plan)


def seal_facts(splits: CheckedItems, plan: StudyPlan) -> CheckedItems:
    """The questions that this study asks, and apart from them the rest: each set is split by whole
    facts; the taught pairs themselves are always asked.
    """
    if not plan.validation.sealed_share:
        return splits
    sealed = asked = splits.sitting
    for name in [name for name in SEALABLE if getattr(splits.sitting, name).count]:
        (half,) = halve_questions([splits.sitting], name, plan.validation.sealed_share, SEAL_SEED)
        sealed = sealed.model_copy(update={name: getattr(half.choose, name)})
        asked = asked.model_copy(update={name: getattr(half.final, name)})
    here, there = (sealed, asked) if plan.comparison.confirms else (asked, sealed)
    return splits.model_copy(update={"sitting": here, "unasked": there})


def bind_study_stages(machine: Machine) -> StudyStages:
    """What `check` asks of a study's stages; their results are kept for the study, no run is
    recorded.
    """

    def read(plan: StudyPlan) -> BookText:
        return read_book(Book.from_path(plan.book), plan.reading, plan.language, machine)

    def prepare(plan: StudyPlan) -> StudyDataset:
        return prepare_items(Book.from_path(plan.book), plan, machine)

    return StudyStages(
        lambda plan: run_unrecorded(read, plan), lambda plan: run_unrecorded(prepare, plan)
    )


def require_paid_items(
    drafts: Sequence[ChapterDrafts], splits: CheckedItems, plan: GenerationPlan
) -> None:
    """Where the budget ended: go on if what was paid for is enough for the plan's numbers. Raises
    BudgetSpent with the numbers that it is enough for.
    """
    stops = [one.account.stop for one in drafts if one.account and one.account.stop]
    if not stops:
        return
    left = dict(zip(ITEM_KINDS, splits.count_items(), strict=True))
    if not any(count_missing_items(plan, splits.count_items())):
        print_status("  " + tell_reader("paid-is-enough"))
        return
    numbers = {"pair": plan.pairs, "question": plan.questions}
    wanted = [kind for kind in ITEM_KINDS if isinstance(numbers[kind], int)]
    if not all(left.values()):
        raise BudgetSpent(stops[0])
    there = [
        build_message("paid-kind", setting=f"generation.{kind}s", n=left[kind]) for kind in wanted
    ]
    raise BudgetSpent(stops[0], build_message("paid-for", numbers=tuple(there)))


def top_up_items(
    drafts: list[ChapterDrafts],
    splits: CheckedItems,
    book: Book,
    text: BookText,
    plan: StudyPlan,
    machine: Machine,
) -> tuple[list[ChapterDrafts], CheckedItems]:
    """With what is missing asked for again, until nothing is, no chapter has more, or the server
    stops it: then there is enough for a study.
    """
    for _ in range(plan.generation.rounds):
        if not (more := plan_top_up(drafts, splits, text, plan)):
            break
        try:
            drafts = draft_chapters(book, text, more, plan, machine, drafts)
        except WriterError as error:
            if not all(splits.count_items()):
                raise
            told = describe_error(error, load_catalogue(get_reader_language()))
            print_status("  " + tell_reader("asking-stopped", why=told))
            return [
                chapter.mark_stopped(more[i]) if i in more else chapter
                for i, chapter in enumerate(drafts)
            ], splits
        splits = validate_chapters(drafts, text, plan)
    return drafts, splits


def draft_chapters(
    book: Book,
    text: BookText,
    quotas: Mapping[int, Quota],
    plan: StudyPlan,
    machine: Machine,
    earlier: Sequence[ChapterDrafts] = (),
) -> list[ChapterDrafts]:
    """The drafts of every chapter; those without a quota stay as they were."""
    before = dict(enumerate(earlier))
    calls = list_calls(book, text, quotas, plan, machine, before)
    if plan.generation.writer == "gpt":
        ask_ahead(calls, book, plan, machine)
    written = generate_drafts.map(calls, at_once=CHAPTERS_AT_ONCE[plan.generation.writer])
    return list((before | dict(zip(quotas, written, strict=True))).values())


def list_calls(
    book: Book,
    text: BookText,
    quotas: Mapping[int, Quota],
    plan: StudyPlan,
    machine: Machine,
    before: Mapping[int, ChapterDrafts],
) -> list[dict[str, Any]]:
    """The arguments of `generate_drafts`, one chapter each."""
    server = configured_server() if plan.generation.writer == "gpt" else None
    return [
        {
            "chapter": text.chapters[i],
            "pairs": quota.pairs,
            "questions": quota.questions,
            "book": book,
            "text": text,
            "plan": plan.select_drafting_plan(),
            "machine": machine,
            "earlier": before.get(i),
            "server": server,
        }
        for i, quota in quotas.items()
    ]


def validate_chapters(
    drafts: Sequence[ChapterDrafts], text: BookText, plan: StudyPlan
) -> CheckedItems:
    """What the gate lets through."""
    return validate_drafts(
        [chapter.items for chapter in drafts],
        text,
        collect_item_files(plan.generation),
        plan.select_checking_plan(),
        collect_review_files(plan.validation),
    )


def plan_top_up(
    drafts: Sequence[ChapterDrafts], splits: CheckedItems, text: BookText, plan: StudyPlan
) -> dict[int, Quota]:
    """What a server is asked again, and where, because the checks over the whole book took more
    than was drafted on top.
    """
    left, accounts = splits.count_items(), [chapter.account for chapter in drafts]
    lacking = count_missing_items(plan.generation, left)
    if not any(lacking):
        return {}
    given = [
        ChapterYield(account, count_letters(chapter.load_rows())) if account else None
        for account, chapter in zip(accounts, text.chapters, strict=True)
    ]
    return compute_top_up_quotas(Quota(*lacking), Quota(*left), given)


def collect_review_files(plan: ValidationPlan) -> list[ReviewFile]:
    """The files with a person's decisions, the earliest first."""
    named = (plan.review,) if isinstance(plan.review, str) else plan.review or ()
    return [ReviewFile.from_path(file) for file in named]


def collect_item_files(plan: GenerationPlan) -> list[ItemFile]:
    """The files that a person brings instead of generated items."""
    files = (("pair", plan.pairs), ("question", plan.questions))
    return [ItemFile.at(file, kind=kind) for kind, file in files if isinstance(file, str)]
