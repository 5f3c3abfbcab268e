"""What a command says when it is done: the verdict in one line, why, where the report is, what to
try next.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tasks.engine.readiness.plan_check import PlanCheck
from tasks.language.catalogue import load_catalogue, tell_reader
from tasks.language.i18n import Translator
from tasks.language.reader_language import get_reader_language
from tasks.reporting import history as history_words
from tasks.schemas.messages import Figure, Message, Points, build_message
from tasks.schemas.result_rows import History


def summarize_study(folder: Path) -> Iterable[str]:
    """Verdict, first cause, report, and last the command that tries the first remedy, and those
    that it cannot do without.
    """
    told, study = _read_json(folder / "verdict.json"), _read_json(folder / "study.json")
    say = _get_labels(study)
    yield format_verdict(told, say)
    yield from explain_limits(told, say)
    margin = Points(study["plan"]["comparison"]["margin"])
    for caution in told.get("cautions", ()):
        yield say.format_message(build_message(f"caution-{caution}", margin=margin))
    yield from explain_history(study, say)
    for short in study["short"]:
        yield say.fill_label(
            say["short"],
            kind=say["kinds"][short["kind"]],
            left=say.format_number(short["left"]),
            wanted=say.format_number(short["wanted"]),
            why=say["comma"].join(say["ended"][why] for why in short["why"]),
        )
    for line in study.get("review_told", ()):
        yield say.format_message(Message.model_validate(line))
    for cause in told["causes"][:1]:
        yield _say(say, "why", text=f"{cause['claim']} {cause['advice']}".rstrip())
    yield _say(say, "report", path=folder / "index.html")
    if study["next_command"]:
        yield from filter(None, [study.get("next_note")])
        rules = say["comma"].join(study["next_follows"]) if len(study["next_follows"]) > 1 else ""
        yield _say(say, "next_of" if rules else "next", command=study["next_command"], rules=rules)


def summarize_sweep(folder: Path) -> Iterable[str]:
    """The setting that was chosen, its verdict, report, and last the command that runs it as a
    study.
    """
    told = _read_json(folder / "sweep.json")
    say, of = _get_labels(told), len(told["settings"])
    yield _say(say, "chosen", name=told["chosen"]["name"], settings=say.format_number(of))
    yield format_verdict(told["verdict"], say)
    yield from explain_limits(told["verdict"], say)
    yield from explain_history(told, say)
    yield _say(say, "report", path=folder / "index.html")
    yield str(say["terminal"]["asks_again"])
    yield _say(say, "as_study", command=f"book2lora study {folder / 'best-plan.yaml'}")


def summarize_check(readiness: PlanCheck) -> Iterable[str]:
    """What a plan would do, what is missing, and what telling so has cost."""
    say = load_catalogue(get_reader_language())
    topics = [say.get_label("topics", line.topic) for line in readiness.lines]
    for topic, line in zip(topics, readiness.lines, strict=True):
        yield f"{topic:<12} {say.format_value(line.told)}"
    for lack in readiness.missing:
        yield f"{tell_reader('missing'):<12} {say.format_value(lack)}"
    spent = (
        build_message("at-most-spent", dollars=Figure(readiness.paid, 4))
        if readiness.paid
        else build_message("nothing-spent")
    )
    yield (
        tell_reader("check-lacking", n=len(readiness.missing), spent=spent)
        if readiness.missing
        else tell_reader("check-ready", spent=spent)
    )


def list_runs(store: Path) -> Iterable[str]:
    """A line for each study and sweep of a store, the oldest first, in the reader's language."""
    found = sorted(
        (*store.glob("studies/*/verdict.json"), *store.glob("sweeps/*/sweep.json")),
        key=lambda path: path.stat().st_mtime,
    )
    say = load_catalogue(get_reader_language())
    for path in found:
        try:
            line = _format_run(path, say)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            line = _say(say, "unreadable", file=path, why=f"{type(error).__name__}: {error}")
        yield f"{path.parent.name:<24} {line}"
    if not found:
        yield _say(say, "no_runs", store=store)


def _format_run(path: Path, say: Translator) -> str:
    told = _read_json(path)
    if path.name == "sweep.json":
        return format_verdict(told["verdict"], say) + f", {told['chosen']['name']}"
    return format_verdict(told, say)


def format_verdict(told: dict[str, Any], say: Translator) -> str:
    """IMPROVED: base 28.3% → tuned 56.6% (same_fact, cloze, n = 198, +68 −12, p = 1.2e-10)"""
    worth = f" ({say['exploratory']})" * told.get("exploratory", False)
    return _say(
        say,
        "verdict",
        verdict=say.get_label("verdicts", told["verdict"]).upper() + worth,
        base=say.format_share(told["base"]["rate"]),
        tuned=say.format_share(told["tuned"]["rate"]),
        set=told["set"],
        mode=told["mode"],
        p=say.format_digits(f"{told['p_value']:.2g}"),
        **{name: say.format_number(told[name]) for name in ("n", "gained", "lost")},
    )


def explain_limits(told: dict[str, Any], say: Translator) -> Iterable[str]:
    """What the figures of the first line do not show: why a small p decides nothing, or what
    answers that all stayed the same can tell.
    """
    text = _tell_limits(told["limits"], say)
    if told["verdict"] == "identical":
        yield f"{told['sentence']} {text}"
    elif text:
        yield _say(say, "limits", text=text)


def _tell_limits(limits: Any, say: Translator) -> str:
    """In words; a folder of 0.1 holds an English sentence."""
    if not limits or isinstance(limits, str):
        return limits or ""
    return say.format_message(Message.model_validate(limits))


def explain_history(record: dict[str, Any], say: Translator) -> Iterable[str]:
    """What had been decided on these questions before, and why a verdict is exploratory; nothing of
    studies that knew neither.
    """
    if "history" in record:
        yield from filter(
            None, [history_words.told(History.model_validate(record["history"]), say)]
        )


def _get_labels(record: dict[str, Any]) -> Translator:
    """In the language that the folder was told in; folders of 0.1 do not say it."""
    return load_catalogue(record.get("language", "en"))


def _say(say: Translator, key: str, /, **values: Any) -> str:
    return str(say["terminal"][key]).format(**values)


def _read_json(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))
