"""Book → checked pairs and questions."""

from prefect import flow

from flows.readiness import enlarged
from flows.showing import accounting, explaining, show_items
from tasks.artifacts import Book, OwnItems
from tasks.generation.writer import share_out
from tasks.groups import Prepared
from tasks.plan import GenerationPlan, Machine, StudyPlan
from tasks.stages import generate_drafts, read_book, validate_drafts


@flow(name="prepare", flow_run_name="{plan.book}")
@explaining
def prepare(book: Book, plan: StudyPlan, machine: Machine = Machine()) -> Prepared:  # noqa: B008
    """Read the book, draft items chapter by chapter, and let through what is sound."""
    text = read_book(book, plan.reading, plan.language, machine)
    quotas = share_out({chapter.digest: chapter.load() for chapter in text.chapters}, enlarged(plan))
    calls = [(chapter, *quotas[chapter.digest], book, plan.drafting(), machine) for chapter in text.chapters]
    with accounting(plan, [chapter.label for chapter in text.chapters]):
        drafts = generate_drafts.together(calls, at_once=1 if plan.generation.writer == "rules" else 8)
    splits = validate_drafts([chapter.drafts for chapter in drafts], text, own_items(plan.generation), plan.checking())
    return show_items(Prepared(text=text, drafts=drafts, splits=splits), plan.language)


def own_items(plan: GenerationPlan) -> list[OwnItems]:
    """The files that a person brings instead of generated items."""
    files = (("pair", plan.pairs), ("question", plan.questions))
    return [OwnItems.at(file, kind=kind) for kind, file in files if isinstance(file, str)]
