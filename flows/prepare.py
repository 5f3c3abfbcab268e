"""Book → checked pairs and questions."""

from collections.abc import Mapping, Sequence

from prefect import flow

from flows.readiness import enlarged
from flows.showing import accounting, explaining, show_items
from tasks.artifacts import Book, OwnItems
from tasks.generation.shortfall import Given, further
from tasks.generation.writer import Quota, share_out, substance
from tasks.groups import BookText, Chapter, Prepared, Splits
from tasks.plan import GenerationPlan, Machine, StudyPlan
from tasks.stages import generate_drafts, read_book, validate_drafts
from tasks.validation.asked import missing

AT_ONCE = {"rules": 1, "gpt": 8}  # chapters


@flow(name="prepare", flow_run_name="{plan.book}")
@explaining
def prepare(book: Book, plan: StudyPlan, machine: Machine = Machine()) -> Prepared:  # noqa: B008
    """Read the book, draft items chapter by chapter, let through what is sound, and ask again for what is missing then."""
    text = read_book(book, plan.reading, plan.language, machine)
    shares = share_out({chapter.digest: chapter.load() for chapter in text.chapters}, enlarged(plan))
    quotas = {place: shares[chapter.digest] for place, chapter in enumerate(text.chapters)}
    with accounting(plan, [chapter.label for chapter in text.chapters]):
        drafts = draft(book, text, quotas, plan, machine)
        splits = validate(drafts, text, plan)
        for _ in range(plan.generation.rounds):
            if not (more := shortfall(drafts, splits, text, plan)):
                break
            drafts = draft(book, text, more, plan, machine, drafts)
            splits = validate(drafts, text, plan)
    return show_items(Prepared(text=text, drafts=drafts, splits=splits), plan.language)


def draft(
    book: Book, text: BookText, quotas: Mapping[int, Quota], plan: StudyPlan, machine: Machine, earlier: Sequence[Chapter] = ()
) -> list[Chapter]:
    """The drafts of every chapter; those without a quota stay as they were."""
    before = dict(enumerate(earlier))
    calls = [(text.chapters[i], *quota, book, plan.drafting(), machine, before.get(i)) for i, quota in quotas.items()]
    written = generate_drafts.together(calls, AT_ONCE[plan.generation.writer])
    return list((before | dict(zip(quotas, written, strict=True))).values())


def validate(drafts: Sequence[Chapter], text: BookText, plan: StudyPlan) -> Splits:
    """What the gate lets through."""
    return validate_drafts([chapter.drafts for chapter in drafts], text, own_items(plan.generation), plan.checking())


def shortfall(drafts: Sequence[Chapter], splits: Splits, text: BookText, plan: StudyPlan) -> dict[int, Quota]:
    """What a server is asked again, and where, because the checks over the whole book took more than was drafted on top."""
    left, accounts = splits.left(), [chapter.account for chapter in drafts]
    lacking = missing(plan.generation, left)
    if not any(lacking) or None in accounts:
        return {}
    given = [Given(account, substance(chapter.load())) for account, chapter in zip(accounts, text.chapters, strict=True) if account]
    return further(Quota(*lacking), Quota(*left), given)


def own_items(plan: GenerationPlan) -> list[OwnItems]:
    """The files that a person brings instead of generated items."""
    files = (("pair", plan.pairs), ("question", plan.questions))
    return [OwnItems.at(file, kind=kind) for kind, file in files if isinstance(file, str)]
