"""What is told beside the verdict, as Markdown."""

from collections.abc import Sequence

from tasks.language.i18n import Translator
from tasks.reporting.sanitize import escape_markdown
from tasks.schemas.effects.effect_rows import Harm


def format_harm_list(harms: Sequence[Harm], say: Translator) -> str:
    """What the tuning cost, a line each, harm in bold; nothing where nothing was measured."""
    if not harms:
        return ""
    lines = [(escape_markdown(say.format_message(one.told)), one.finding) for one in harms]
    told = "\n".join(
        f"- **{line}**" if finding in ("harm", "possible-harm") else f"- {line}"
        for line, finding in lines
    )
    return f"{say['head']['cost']}:\n\n{told}\n\n"
