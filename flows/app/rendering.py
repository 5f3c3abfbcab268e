"""Pages and parts of pages in the reader's language, from templates that escape all they show."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse

from tasks.language.catalogue import describe_error
from tasks.language.i18n import Translator, load_translator
from tasks.language.language_pack import list_languages
from tasks.language.reader_language import get_reader_language
from tasks.reporting.labels import get_text_direction
from tasks.reporting.sanitize import mark_control_characters
from tasks.schemas.errors import StudyError

HERE = Path(__file__).parent
LANGUAGE_COOKIE = "book2lora-language"


@cache
def load_environment() -> Environment:
    """The templates. A name that a template misspells is an error, not a blank."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = lambda text: mark_control_characters(str(text))
    environment.globals["get_text_direction"] = get_text_direction
    return environment


def get_language(asked: HTTPConnection) -> str:
    """The language that this browser reads: the chosen one, else this command's."""
    chosen = asked.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in list_languages() else get_reader_language()


def load_words(language: str) -> Translator:
    """All that the page says."""
    names = ("report", "messages", "findings", "terminal", "review", "app")
    return load_translator(language, *(f"packs/{name}.yaml" for name in names))


def render(
    asked: HTTPConnection, template: str, *, status: int = 200, **values: Any
) -> HTMLResponse:
    """A template with the words of the reader's language."""
    say = load_words(get_language(asked))
    words = {
        "say": say,
        "app": say["app"],
        "languages": list_languages(),
        "here": f"{asked.url.path}?{asked.url.query}".rstrip("?"),
        "is_part": "hx-request" in asked.headers,
    }
    text = load_environment().get_template(template).render(**words, **values)
    return HTMLResponse(text, status)


def render_login(asked: HTTPConnection, *, is_wrong: bool = False) -> HTMLResponse:
    """The page that asks for the token or the password."""
    return render(asked, "login.html", status=401, is_wrong=is_wrong)


def render_error(asked: HTTPConnection, error: StudyError, status: int = 400) -> HTMLResponse:
    """What happened and what to do, as a page, or as a part of the page that asked."""
    told = describe_error(error, load_words(get_language(asked))).splitlines()
    template = "parts/told.html" if "hx-request" in asked.headers else "error.html"
    return render(asked, template, status=status, told=told)
