"""The page as an ASGI application: its routes behind its checks."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from flows.app.access import SessionKeeper, SignedInOnly
from flows.app.conversations import ModelConversations
from flows.app.plan_jobs import JobWorkers
from flows.app.rendering import render_error
from flows.app.routes import (
    book_pages,
    choice_pages,
    item_pages,
    library_pages,
    model_pages,
    result_pages,
    run_pages,
)
from tasks.engine.orchestration.server_app import OwnAddressOnly, own_origins
from tasks.reporting.page import load_style
from tasks.schemas.errors import MissingArtifact, StudyError

STATIC = Path(__file__).with_name("static")
PAGES = (library_pages, book_pages, choice_pages, item_pages, run_pages, result_pages, model_pages)


def build_site(secret: str, host: str, port: int) -> ASGIApp:
    """The application that answers on this address alone, to who knows the secret alone."""
    keeper = SessionKeeper(secret, port)
    site = Starlette(
        routes=[
            *(route for pages in PAGES for route in pages.ROUTES),
            Route("/static/page.css", send_style),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(SignedInOnly, keeper=keeper)],
        exception_handlers={StudyError: tell_fault},  # type: ignore[dict-item]
    )
    site.state.keeper = keeper
    site.state.workers, site.state.conversations = JobWorkers(), ModelConversations()
    return OwnAddressOnly(site, own_origins(host, port), host)


def send_style(asked: Request) -> Response:
    """The style that the reports have, too."""
    return Response(load_style(), media_type="text/css")


async def tell_fault(asked: Request, error: StudyError) -> Response:
    """What happened and what to do, as a page or a part of one."""
    return render_error(asked, error, 404 if isinstance(error, MissingArtifact) else 400)
