"""Markdown as the dashboard can show it. Left to right it takes Markdown as it is; right to left it
takes one block of plain HTML only.

The dashboard renders every piece of Markdown by itself, so that a <div dir="rtl"> around several of
them turns none of them. Inside
one HTML block (no blank line in it) the direction holds, but style sheets do not: headings and
rules are drawn with old attributes.
"""

import re

from markdown_it import MarkdownIt

from tasks.language.direction_block import unwrap_direction

TAG_REPLACEMENTS = {
    "<h1>": '<font size="6"><strong>',
    "</h1>": "</strong></font><hr>",
    "<h2>": '<br><font size="5"><strong>',
    "</h2>": "</strong></font><br>",
    "</p>": "</p><br>",
    "<table>": '<table border="1" cellpadding="6" width="100%">',
}


def render_for_dashboard(markdown: str) -> str:
    """The same text in its own direction; what it holds of HTML stays text."""
    block = unwrap_direction(markdown)
    if block is None or block.direction != "rtl":
        return block.body + "\n" if block else markdown
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(block.body)
    for plain, dressed in TAG_REPLACEMENTS.items():
        body = body.replace(plain, dressed)
    one_block = re.sub(r"\n\s*\n", "\n", body)
    return f'<div dir="rtl" lang="{block.language}">\n{one_block}</div>\n'
