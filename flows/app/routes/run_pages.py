"""A plan's run: started, watched, stopped."""

import os
from typing import Any

from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flows.app.rendering import get_language, render
from flows.app.routes.page_requests import get_draft, get_person, get_words, go_to, is_part
from flows.app.study_processes import StudyProgress, read_progress, start_study, stop_study
from flows.app.uploads import take_form
from tasks.generation.budget import Budget
from tasks.generation.write_chapter import get_response_cache_dir
from tasks.language.i18n import Translator
from tasks.reporting.charts.study_charts import draw_loss
from tasks.schemas.plan import StudyPlan
from tasks.schemas.result_rows import TrainingStep

MOST_LINES = 60  # of what the command printed


def show_run(asked: Request) -> Response:
    """How far the plan's run is, and what came of it."""
    draft, say = get_draft(asked), get_words(asked)
    progress = read_progress(draft.name)
    values: dict[str, Any] = {
        "draft": draft,
        "step": "run",
        "progress": progress,
        "lines": progress.lines[-MOST_LINES:] if progress else [],
        "curve": draw_curve(progress, say) if progress else "",
        "spent": tell_spent(draft.plan, say),
        "failure": tell_failure(progress, say) if progress else [],
        "prefect": os.environ.get("PREFECT_API_URL", "").removesuffix("/api"),
    }
    return render(asked, "parts/run.html" if is_part(asked) else "run.html", **values)


def start_run_of_plan(asked: Request, form: FormData) -> Response:
    """Begin, or go on with what was begun. What it is to cost was told before; this is the press
    that spends.
    """
    draft = get_draft(asked)
    deployment = str(form.get("deployment", "")).strip() if "PREFECT_API_URL" in os.environ else ""
    environment = get_person(asked).build_environment()
    start_study(draft, environment, get_language(asked), deployment)
    return go_to(f"/plans/{draft.name}/run")


def stop_run_of_plan(asked: Request, form: FormData) -> Response:
    """Stop it; what was finished is kept."""
    draft = get_draft(asked)
    stop_study(draft.name)
    return go_to(f"/plans/{draft.name}/run")


def draw_curve(progress: StudyProgress, say: Translator) -> Markup:
    """The losses told so far."""
    steps = [TrainingStep.model_validate(told) for told in progress.losses]
    return draw_loss(steps, say) if len(steps) > 1 else Markup("")


def tell_spent(plan: StudyPlan, say: Translator) -> str:
    """Dollars spent, dollars set aside by now, and the limit; nothing where nothing is paid."""
    folder = get_response_cache_dir(plan.name)
    if plan.generation.writer != "gpt" or not folder.is_dir():
        return ""
    budget = Budget(folder / "charges.jsonl", plan.generation.budget_usd)
    return say.fill_label(
        say["app"]["spent"],
        charges=say.format_value(budget.describe_charges()),
        cap=say.format_number(plan.generation.budget_usd, 2),
    )


def tell_failure(progress: StudyProgress, say: Translator) -> list[str]:
    """Why the study's run failed, as its record tells."""
    study = progress.study
    if progress.is_running or study is None or study.record is None or study.state != "failed":
        return []
    return [say.format_value(part) for part in study.record.failure]


ROUTES = [
    Route("/plans/{name}/run", show_run),
    Route("/plans/{name}/run", take_form(start_run_of_plan), methods=["POST"]),
    Route("/plans/{name}/stop", take_form(stop_run_of_plan), methods=["POST"]),
]
