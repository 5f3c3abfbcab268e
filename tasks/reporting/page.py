"""The page that people read: one self-contained HTML file."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tasks.reporting.facts import StudyFacts

HERE = Path(__file__).parent


def page(study: StudyFacts) -> str:
    """The whole page as HTML."""
    templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
    return templates.get_template("page.html").render(study=study, result=study.primary)
