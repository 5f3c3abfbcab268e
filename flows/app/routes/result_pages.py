"""What a study gave: its verdict and report, beside another study, to take away, to remove."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from flows.app.plan_drafts import create_draft
from flows.app.rendering import render
from flows.app.routes.page_requests import get_words, go_to
from flows.app.uploads import take_form
from flows.cli.studies.compare_studies import (
    compare_answered_studies,
    describe_result,
    load_answered_study,
)
from flows.cli.studies.run_table import build_row, format_size
from flows.cli.summary import explain_history, explain_limits, format_verdict
from tasks.language.i18n import Translator
from tasks.schemas.errors import MissingArtifact
from tasks.schemas.messages import build_message
from tasks.schemas.plan_file import read_plan_tree
from tasks.schemas.plan_sections import check_name
from tasks.store.paths import get_runs_dir
from tasks.store.studies.store_contents import StoreContents, remove_entries
from tasks.store.studies.study_records import ListedRun, list_runs

# The page has its own policy inside; here it is kept from this site's cookie and addresses.
REPORT_HEADERS = {
    "Content-Security-Policy": (
        "sandbox allow-scripts allow-popups allow-downloads; default-src 'none'; img-src data:;"
        " style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'"
    )
}
PLAN_FILES = {"own": "", "next": "next-plan.yaml"}  # what a new plan is made from


def find_run(asked: Request) -> ListedRun:
    """The study that the address names. Raises MissingArtifact where the store has none."""
    name = asked.path_params["name"]
    check_name(name)
    for run in list_runs(("studies",)):
        if run.folder.name == name:
            return run
    raise MissingArtifact(build_message("no-such-draft", name=name))


def show_study(asked: Request) -> Response:
    """Verdict and cause in words; what can be done with the study."""
    run, say = find_run(asked), get_words(asked)
    row = build_row(run)
    others = [one.folder.name for one in list_runs(("studies",)) if one.state == "done"]
    failure = [say.format_value(part) for part in run.record.failure] if run.record else []
    return render(
        asked,
        "study.html",
        row=row,
        size=format_size(row.size, say),
        told=list(summarize_result(run.folder, say)) if row.result else [],
        failure=failure,
        others=[name for name in others if name != row.name],
        has_next=(run.folder / "next-plan.yaml").is_file(),
        has_adapter=(run.folder / "adapter").is_dir(),
    )


def summarize_result(folder: Path, say: Translator) -> Iterator[str]:
    """The verdict with what limits it, and the first cause, as a command ends."""
    told, study = _read_json(folder / "verdict.json"), _read_json(folder / "study.json")
    yield format_verdict(told, say)
    yield from explain_limits(told, say)
    yield from explain_history(study, say)
    for cause in told["causes"][:1]:
        yield f"{cause['claim']} {cause['advice']}".rstrip()


def show_report(asked: Request) -> Response:
    """The study's own page. Raises MissingArtifact before there is one."""
    file = find_run(asked).folder / "index.html"
    if not file.is_file():
        raise MissingArtifact(build_message("no-report-yet"))
    return FileResponse(file, media_type="text/html", headers=REPORT_HEADERS)


def show_comparison(asked: Request) -> Response:
    """Two studies on the questions of both."""
    run, say = find_run(asked), get_words(asked)
    other = asked.query_params.get("with", "")
    check_name(other)
    there, here = (
        load_answered_study(get_runs_dir() / "studies" / name) for name in (run.folder.name, other)
    )
    told = list(describe_result(there, here, compare_answered_studies(there, here), say))
    return render(asked, "comparison.html", name=run.folder.name, other=other, told=told)


def plan_anew(asked: Request, form: FormData) -> Response:
    """A new plan from the study's own choices, or from those that its report proposes."""
    run = find_run(asked)
    file = PLAN_FILES.get(str(form.get("from", "own")), "")
    tree = (
        read_plan_tree(run.folder / file) if file else dict((run.record and run.record.plan) or {})
    )
    return go_to(f"/plans/{create_draft(run.folder.name, tree).name}/choices")


def show_removal(asked: Request) -> Response:
    """What would go with the study; nothing goes yet."""
    run, say = find_run(asked), get_words(asked)
    entries = StoreContents([run.folder]).list_removable()
    size = format_size(sum(entry.size for entry in entries), say)
    count = say.format_number(len(entries))
    return render(asked, "removal.html", name=run.folder.name, size=size, count=count)


def remove_study(asked: Request, form: FormData) -> Response:
    """Remove the study and what no other needs. Raises StoreError while a run uses the store."""
    folder = find_run(asked).folder
    remove_entries(lambda: StoreContents([folder]).list_removable())
    return go_to("/")


def _read_json(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


ROUTES = [
    Route("/studies/{name}", show_study),
    Route("/studies/{name}/report", show_report),
    Route("/studies/{name}/compare", show_comparison),
    Route("/studies/{name}/plan", take_form(plan_anew), methods=["POST"]),
    Route("/studies/{name}/remove", show_removal),
    Route("/studies/{name}/remove", take_form(remove_study), methods=["POST"]),
]
