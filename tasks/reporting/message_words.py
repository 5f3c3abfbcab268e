"""What rows hold as codes and values, in the words of the reader's language."""

from tasks.language.i18n import Translator
from tasks.reporting.report_data import WriterTotals
from tasks.schemas.item_rows import LET_THROUGH
from tasks.schemas.result_rows import Cause, Comparison, Finding, History


def tell_verdict(result: Comparison, history: History, say: Translator) -> str:
    """A comparison in words, which claim no more than its history allows; then what its direction
    leaves unsaid.
    """
    words, told = say["messages"], result.told
    cautious = words.get(f"exploratory-{told.code}") if history.exploratory else ""
    parts = [cautious or words[told.code], *(words[f"caution-{one}"] for one in result.cautions)]
    return say.fill_values(" ".join(parts), told.values)


def tell_claim(finding: Finding, say: Translator) -> str:
    """What a rule found."""
    texts, numbers = say["findings"][finding.rule], finding.evidence | finding.beside
    return " ".join(say.fill_values(texts[name], numbers) for name in finding.claim)


def tell_advice(finding: Finding, say: Translator) -> str:
    """What to change."""
    advice = say["findings"][finding.rule]["advice"]
    told = say.fill_values(advice, finding.evidence | finding.beside)
    return " ".join([told, *(say["notes"][name] for name in finding.notes)])


def tell_cause(cause: Cause, say: Translator) -> str:
    """One of the exercise's causes: what the rules found of it, then its own sentences."""
    texts = say["answers"][cause.name]
    claims = [tell_claim(finding, say) for finding in cause.found]
    claims += [say.fill_values(texts[name], cause.evidence) for name in cause.claim]
    return " ".join(claims)


def tell_cost(writing: WriterTotals, say: Translator) -> str:
    """What a paid writer's answers took and cost, and apart from it what may have been charged for
    answers that never arrived.
    """
    text = say.fill_label(
        say["cost_text"],
        requests=say.format_number(writing.requests),
        tokens_in=say.format_number(writing.tokens_in),
        cached=say.format_number(writing.tokens_cached),
        tokens_out=say.format_number(writing.tokens_out),
        dollars=say.format_number(writing.cost_usd, 2),
    )
    if not writing.lost_usd:
        return text
    return (
        f"{text} {say.fill_label(say['lost_text'], dollars=say.format_number(writing.lost_usd, 2))}"
    )


def name_reason(code: str, say: Translator) -> str:
    """The name of a reason of the checks, of a repair, or of a flaw that was let through."""
    name = say.get_label("reasons", code.removeprefix(LET_THROUGH))
    return say.fill_label(say["let_through"], reason=name) if code.startswith(LET_THROUGH) else name
