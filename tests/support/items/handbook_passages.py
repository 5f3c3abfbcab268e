"""The handbook's Markdown as passages, the way the reader gives them; pages are counted by section."""

import re
from pathlib import Path

from tasks.language.text import normalize_text
from tasks.schemas.item_rows import Passage

HANDBOOK_DIR = Path(__file__).parents[3] / "books" / "handbook"
REVIEW = "مرور پایانی"


def load_handbook() -> dict[str, list[Passage]]:
    """The chapters by title, in the book's order; the last one is the final review."""
    files = sorted(HANDBOOK_DIR.glob("[0-9]*-*.md"))
    texts = [path.read_text("utf-8") for path in files]
    titles = [re.search(r"^# فصل .+?: (.+)$", text, re.M)[1] for text in texts]  # type: ignore[index]
    reviews = [(HANDBOOK_DIR / f"review-{path.name[:2]}.md").read_text("utf-8") for path in files]
    last = "".join(
        f"\n## {title}\n\n{review}" for title, review in zip(titles, reviews, strict=True)
    )
    return split_chapters([*zip(titles, texts, strict=True), (REVIEW, last)])


def split_chapters(texts: list[tuple[str, str]]) -> dict[str, list[Passage]]:
    """Passages of Markdown texts; one for each heading."""
    made: dict[str, list[Passage]] = {}
    page = 0
    for title, text in texts:
        for section in re.split(r"^## ", re.sub(r"^# .*$", "", text, flags=re.M), flags=re.M):
            name, _, body = (
                section.partition("\n") if made.get(title) is not None else ("", "", section)
            )
            page += 1
            for number, part in enumerate(re.split(r"^### ", body, flags=re.M)):
                heading, _, rest = part.partition("\n") if number else ("", "", part)
                if plain := normalize_text(rest.replace("**", "")):
                    made.setdefault(title, []).append(
                        Passage(
                            id=f"p{page:03}-{number:02}",
                            chapter=title,
                            section=name.strip(),
                            heading=heading.strip(),
                            page=page,
                            text=plain,
                        )
                    )
            made.setdefault(title, [])
    return made
