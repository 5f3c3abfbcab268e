"""Book → checked pairs and questions."""

from collections.abc import Mapping, Sequence

from prefect import flow

from flows.readiness import enlarged
from flows.showing import accounting, explaining, show_items
from tasks.artifacts import Book, OwnItems
from tasks.errors import WriterError
from tasks.generation.server import configured_server
from tasks.generation.shortfall import Given, further
from tasks.generation.writer import Quota, share_out, substance
from tasks.groups import BookText, Chapter, Prepared, Splits
from tasks.plan import GenerationPlan, Machine, StudyPlan
from tasks.progress import say
from tasks.stages import generate_drafts, read_book, validate_drafts
from tasks.validation.asked import missing, refuse_nothing, wanted

AT_ONCE = {"rules": 1, "gpt": 8}  # chapters


@flow(name="prepare", flow_run_name="{plan.book}")
@explaining
def prepare(book: Book, plan: StudyPlan, machine: Machine = Machine()) -> Prepared:  # noqa: B008
    """Read the book, draft items chapter by chapter, let through what is sound, and ask again for what is missing then."""
    text = read_book(book, plan.reading, plan.language, machine)
    shares = share_out({chapter.digest: chapter.load_rows() for chapter in text.chapters}, enlarged(plan))
    with accounting(plan, [chapter.label for chapter in text.chapters]):
        drafts = draft(book, text, {i: shares[chapter.digest] for i, chapter in enumerate(text.chapters)}, plan, machine)
        drafts, splits = filled(drafts, validate(drafts, text, plan), book, text, plan, machine)
    prepared = show_items(Prepared(text=text, drafts=drafts, splits=splits), plan.language)
    refuse_nothing(splits.funnel.load_rows(), splits.count_items(), wanted(plan.generation))
    return prepared


def filled(
    drafts: list[Chapter], splits: Splits, book: Book, text: BookText, plan: StudyPlan, machine: Machine
) -> tuple[list[Chapter], Splits]:
    """With what is missing asked for again, until nothing is, no chapter has more, or the server stops it: then there is enough for a study."""
    for _ in range(plan.generation.rounds):
        if not (more := shortfall(drafts, splits, text, plan)):
            break
        try:
            drafts = draft(book, text, more, plan, machine, drafts)
        except WriterError as error:
            if not all(splits.count_items()):
                raise
            say(f"  the server stopped the asking for more; the study goes on with what there is: {error}")
            return [chapter.mark_stopped(more[i]) if i in more else chapter for i, chapter in enumerate(drafts)], splits
        splits = validate(drafts, text, plan)
    return drafts, splits


def draft(
    book: Book, text: BookText, quotas: Mapping[int, Quota], plan: StudyPlan, machine: Machine, earlier: Sequence[Chapter] = ()
) -> list[Chapter]:
    """The drafts of every chapter; those without a quota stay as they were."""
    before = dict(enumerate(earlier))
    server = configured_server() if plan.generation.writer == "gpt" else None
    calls = [(text.chapters[i], *quota, book, plan.select_drafting_plan(), machine, before.get(i), server) for i, quota in quotas.items()]
    written = generate_drafts.map(calls, at_once=AT_ONCE[plan.generation.writer])
    return list((before | dict(zip(quotas, written, strict=True))).values())


def validate(drafts: Sequence[Chapter], text: BookText, plan: StudyPlan) -> Splits:
    """What the gate lets through."""
    return validate_drafts([chapter.drafts for chapter in drafts], text, own_items(plan.generation), plan.select_checking_plan())


def shortfall(drafts: Sequence[Chapter], splits: Splits, text: BookText, plan: StudyPlan) -> dict[int, Quota]:
    """What a server is asked again, and where, because the checks over the whole book took more than was drafted on top."""
    left, accounts = splits.count_items(), [chapter.account for chapter in drafts]
    lacking = missing(plan.generation, left)
    if not any(lacking) or None in accounts:
        return {}
    given = [Given(account, substance(chapter.load_rows())) for account, chapter in zip(accounts, text.chapters, strict=True) if account]
    return further(Quota(*lacking), Quota(*left), given)


def own_items(plan: GenerationPlan) -> list[OwnItems]:
    """The files that a person brings instead of generated items."""
    files = (("pair", plan.pairs), ("question", plan.questions))
    return [OwnItems.at(file, kind=kind) for kind, file in files if isinstance(file, str)]
