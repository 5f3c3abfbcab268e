"""The command `book2lora`. Imports nothing heavy until a command needs it, so that --help is at
once.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter
from rich.markup import escape

from flows.app.serve_app import serve_app
from flows.cli import summary
from flows.cli.arguments import (
    choose_language,
    load_study_plan,
    parse_changes,
    parse_machine,
    parse_plan_tree,
    refuse_unknown_stages,
)
from flows.cli.chat import chat
from flows.cli.demo.demo_server import demo_server
from flows.cli.export_adapter import export
from flows.cli.output_streams import allow_any_letter, end_if_nobody_reads, write_json_lines
from flows.cli.plan_text import format_plan, list_choices
from flows.cli.random_model import random_model
from flows.cli.review.make_sheets import review
from flows.cli.studies.add_note import note
from flows.cli.studies.compare_studies import compare
from flows.cli.studies.run_table import runs
from flows.cli.studies.store_care import store
from tasks.engine.orchestration.cancellation import stop_on_signals
from tasks.engine.orchestration.local_server import run_local_server
from tasks.language.catalogue import tell_error, tell_reader
from tasks.reporting.sanitize import (
    # an error may quote a server or a book: no control characters reach the terminal
    mark_control_characters,
)
from tasks.schemas.errors import PlanError, StudyError
from tasks.schemas.plan import StudyPlan
from tasks.store.paths import translate_disk_errors
from tasks.store.progress import print_status

app = App(
    name="book2lora",
    help="Turn a book into a LoRA-tuned model, and tell the truth about whether the tuning helped.",
    version="0.1.0",
    # tasks/engine/orchestration/cancellation.py ends the process
    suppress_keyboard_interrupt=False,
)

PlanArgument = Annotated[str, Parameter(help="a YAML file, or the name of one in plans/")]
SetOption = Annotated[
    list[str],
    Parameter(
        name="--set",
        help="change one choice of the plan: key=value, e.g. finetuning.epochs=3",
        negative="",
        consume_multiple=False,
    ),
]
RedoOption = Annotated[
    list[str],
    Parameter(
        name="--redo",
        help="do this stage again although its result is kept",
        negative="",
        consume_multiple=False,
    ),
]
LangOption = Annotated[
    str | None,
    Parameter(
        help="language that the result is told in: en, fa; default: $BOOK2LORA_LANG, else"
        " the system's, else en. The book's is --set language"
    ),
]
MachineOption = Annotated[
    list[str],
    Parameter(
        name="--machine",
        help="how fast: device=cuda, micro_batch=8, …; never changes the result",
        negative="",
        consume_multiple=False,
    ),
]


@app.command(help_epilogue=list_choices())
def study(
    plan: PlanArgument = "laptop",
    /,
    *,
    set: SetOption = [],
    redo: RedoOption = [],
    name: Annotated[
        str | None,
        Parameter(help="name of the study and its folder; default: the plan's, as of paid answers"),
    ] = None,
    gpu: Annotated[
        str | None, Parameter(help="deployment that tunes and scores, e.g. tune/gpu")
    ] = None,
    machine: MachineOption = [],
    lang: LangOption = None,
    verbose: Annotated[bool, Parameter(help="show Prefect's own log too", negative="")] = False,
) -> int:
    """Run a study: book → pairs and questions → adapter → paired verdict → report. Finished stages
    are not done again. Where all are finished, its result is told without Prefect, unless
    PREFECT_API_URL names a server: there every run is recorded.
    """
    from tasks.engine.orchestration.prefect_settings import configure_prefect

    choose_language(lang)
    choices, how = load_study_plan(plan, set), parse_machine(machine)
    choices.copy_with_name(name)  # a path is refused before anything is loaded or started
    configure_prefect(verbose)
    refuse_unknown_stages(redo)
    print_status(f"  [bold]{escape(name or choices.name)}[/] · {escape(choices.book)}")
    folder = find_kept_study(choices, redo, gpu, name)
    if folder is None:
        from tasks.engine.readiness.plan_requirements import ensure_ready

        ensure_ready(choices, gpu is None, how)  # before Prefect's server is started for nothing
        with run_local_server(gpu) as wait:
            from flows.study import run_study as run

            wait()
            folder = run(choices, how, redo, gpu, name)
    print(*map(mark_control_characters, summary.summarize_study(Path(folder))), sep="\n")
    return 0


def find_kept_study(
    choices: StudyPlan, redo: list[str], gpu: str | None, name: str | None
) -> str | None:
    """The folder of a study whose stages are all kept; none where one is not, or where a server is
    named, which records every run.
    """
    if redo or gpu or os.environ.get("PREFECT_API_URL"):
        return None
    from flows.study import run_study
    from tasks.engine.replay import replay

    return replay(run_study, choices, name=name)


@app.command
def sweep(
    plan: Annotated[
        str,
        Parameter(
            help="a YAML file with `study:` and `grid:` or `arms:`, or the name of one in plans/"
        ),
    ] = "sweep-laptop",
    /,
    *,
    set: SetOption = [],
    redo: RedoOption = [],
    gpu: Annotated[
        str | None,
        Parameter(
            help=(
                "deployment that tunes and scores each setting, e.g. arm/gpu; as many at once as it"
                " has workers"
            )
        ),
    ] = None,
    machine: MachineOption = [],
    lang: LangOption = None,
    verbose: Annotated[bool, Parameter(help="show Prefect's own log too", negative="")] = False,
) -> int:
    """Try many settings of the tuning on the same questions: half of them choose, the other half
    decide. Finished settings are not done again.
    """
    from tasks.engine.orchestration.prefect_settings import configure_prefect
    from tasks.schemas.sweep_plan import load_sweep

    choose_language(lang)
    choices, how = load_sweep(plan, parse_changes(set)), parse_machine(machine)
    configure_prefect(verbose)
    refuse_unknown_stages(redo)
    with run_local_server(gpu) as wait:
        from flows.sweep import run_sweep as run

        wait()
        folder = Path(run(choices, how, redo, gpu))
    print(*map(mark_control_characters, summary.summarize_sweep(folder)), sep="\n")
    return 0


@app.command
def plan(plan: PlanArgument = "laptop", /, *, set: SetOption = []) -> int:
    """Print the whole plan as YAML: every choice with its value and its sentence; a file to change
    and to run.
    """
    print(mark_control_characters(format_plan(load_study_plan(plan, set))), end="")
    return 0


@app.command(help_epilogue=list_choices())
def check(
    plan: PlanArgument = "laptop",
    /,
    *,
    set: SetOption = [],
    ask: Annotated[
        bool,
        Parameter(
            help=(
                "also try the writer's server with three tiny requests and one for items from the"
                " book's own text, at a price that is told"
            )
        ),
    ] = False,
    machine: MachineOption = [],
    lang: LangOption = None,
) -> int:
    """Tell what would happen, what is missing and what it would cost. Reads the book and, where no
    model writes, makes the items; a study finds both done. Spends nothing, unless it is told to
    ask.
    """
    from flows.prepare import bind_study_stages
    from tasks.engine.readiness.plan_check import check_plan

    choose_language(lang)
    choices, how = load_study_plan(plan, set), parse_machine(machine)
    readiness = check_plan(choices, bind_study_stages(how), ask, how)
    print(*map(mark_control_characters, summary.summarize_check(readiness)), sep="\n")
    return 1 if readiness.missing else 0


@app.command
def read(
    book: Annotated[Path, Parameter(help="the PDF")],
    /,
    *,
    out: Annotated[Path | None, Parameter(help="file to write; default: standard output")] = None,
    language: Annotated[
        str,
        Parameter(
            help="language of the book: fa turns Arabic letters and digits into Persian ones"
        ),
    ] = "fa",
    ocr: Annotated[
        str, Parameter(help="pages that are pictures: refuse, skip or tesseract")
    ] = "skip",
    passages: Annotated[
        bool,
        Parameter(
            help="passages instead of pages, each with its headings and paragraphs", negative=""
        ),
    ] = False,
    report: Annotated[
        Path | None, Parameter(help="HTML file to write: each page beside its text, with doubts")
    ] = None,
) -> int:
    """Read a PDF: one JSON line a page, with page, text, script, engine, legibility and ocr."""
    from tasks.reading.commands import passage_rows, write_report
    from tasks.reading.pdf import read as read_book
    from tasks.reading.pdf import read_pages
    from tasks.schemas.plan_file import parse_plan
    from tasks.store.progress import show_progress_bar

    plan = parse_plan({"reading": {"ocr": ocr, "most_bad_pages": 1.0}}).reading
    with show_progress_bar(tell_reader("progress-pages")) as progress:
        if not (passages or report):
            write_json_lines(
                out,
                (page.model_dump() for page in read_pages(book, plan, language, progress=progress)),
            )
            return 0
        reading = read_book(book, plan, language, progress=progress)
    for doubt in reading.doubts:
        print(tell_reader("doubt", why=doubt), file=sys.stderr)
    if report:
        write_report(book, reading, report)
    if passages:
        write_json_lines(out, passage_rows(reading))
    return 0


@app.command
def evaluate(
    *,
    base: Annotated[str, Parameter(help="model folder or name on the hub")],
    questions: Annotated[
        Path, Parameter(help="four-option questions: the exercise's JSON, JSONL, CSV or XLSX")
    ],
    adapter: Annotated[
        Path | None, Parameter(help="PEFT folder; none: the base model alone")
    ] = None,
    tuned: Annotated[
        str | None,
        Parameter(help="instead of an adapter: a whole tuned model, merged or fully tuned"),
    ] = None,
    out: Annotated[
        Path | None,
        Parameter(help="file for the answers, one JSON line each; default: standard output"),
    ] = None,
    language: Annotated[str, Parameter(help="language of the questions")] = "fa",
    set: SetOption = [],
    machine: MachineOption = [],
    lang: LangOption = None,
) -> int:
    """Put questions to a base model and to its adapter or a tuned model, and compare the two; no
    book and no Prefect needed.
    """
    from flows.cli.evaluate_files import evaluate_files

    choose_language(lang)
    choices = parse_plan_tree({"name": "evaluate", "language": language}, set)
    lines, sentence = evaluate_files(
        base, adapter, questions, choices, parse_machine(machine), tuned
    )
    write_json_lines(out, lines)
    print(sentence, file=sys.stderr)
    return 0


app.command(runs)
app.command(compare)
app.command(note)
app.command(store)
app.command(chat)
app.command(export)
app.command(demo_server)
app.command(random_model)
app.command(review)
app.command(serve_app, name="app")


def main() -> None:
    """Exit codes: 0 done whatever the verdict, 1 it failed, 2 the plan or the command line is
    wrong; 129, 130, 143 stopped by SIGHUP, SIGINT, SIGTERM.
    """
    stop_on_signals("book2lora")
    allow_any_letter()
    try:
        with translate_disk_errors():
            sys.exit(app(exit_on_error=False))
    except CycloptsError:  # cyclopts has printed it
        sys.exit(2)
    except BrokenPipeError:
        end_if_nobody_reads()
        raise
    except PlanError as error:
        print(mark_control_characters(f"book2lora: {tell_error(error)}"), file=sys.stderr)
        sys.exit(2)
    except StudyError as error:
        print(
            mark_control_characters(f"book2lora: {type(error).__name__}: {tell_error(error)}"),
            file=sys.stderr,
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
