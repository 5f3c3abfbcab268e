"""The review sheet as one self-contained page: it loads nothing, sends nothing, and keeps what was
decided in the browser until it is downloaded.
"""

from collections.abc import Sequence

from tasks.language.i18n import Translator
from tasks.reporting.page import load_script, load_style, load_template
from tasks.reporting.review.sheet_items import SheetItem
from tasks.schemas.digest import compute_digest


def render_sheet(
    items: Sequence[SheetItem], study: str, book: str, say: Translator, direction: str
) -> str:
    """The whole page as HTML; `direction`: how the book's text runs."""
    return load_template("review.html").render(
        say=say,
        items=items,
        study=study,
        book=book,
        direction=direction,
        sheet=compute_digest("\n".join(item.id for item in items).encode()),
        style=load_style(),
        **load_script("review.js"),
    )
