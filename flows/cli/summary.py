"""What a command says when it is done: the verdict in one line, why, where the report is, what to
try next.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from shlex import quote
from typing import Any

from tasks.engine.readiness.plan_check import PlanCheck
from tasks.language.catalogue import load_catalogue, tell_reader
from tasks.language.choices import describe_differences
from tasks.language.i18n import Translator
from tasks.language.reader_language import get_reader_language
from tasks.reporting import history as history_words
from tasks.reporting.message_words import tell_cost
from tasks.reporting.report_data import WriterTotals
from tasks.schemas.messages import Figure, Message, Points, build_message
from tasks.schemas.result_rows import History
from tasks.store.paths import get_runs_dir
from tasks.store.studies.study_records import read_record


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
    for harm in told.get("harm", told.get("cost", ())):  # as it was called first
        yield _say(say, "elsewhere", text=harm["sentence"])
    beside = filter(None, (told.get(name) for name in ("second", "beside")))
    yield from (_say(say, "beside", text=found["sentence"]) for found in beside)
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
    yield from explain_cost(study, say)
    yield from explain_number(folder, say)
    yield _say(say, "report", path=folder / "index.html")
    if study["next_command"]:
        yield from filter(None, [study.get("next_note")])
        rules = say["comma"].join(study["next_follows"]) if len(study["next_follows"]) > 1 else ""
        command = build_next_command(folder, study["next_command"])
        yield _say(say, "next_of" if rules else "next", command=command, rules=rules)


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
    command = f"{get_own_command()} study {quote(str(folder / 'best-plan.yaml'))}"
    yield _say(say, "as_study", command=command)


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


def pick_result(told: dict[str, Any], parent: str) -> dict[str, Any]:
    """The verdict in a study's verdict.json or a sweep's sweep.json, with the setting that a sweep
    chose.
    """
    if parent == "sweeps":
        return dict(told["verdict"]) | {"chosen": told["chosen"]["name"]}
    return dict(told)


def format_verdict_cell(told: dict[str, Any], say: Translator) -> str:
    """improved 28.3% → 56.6% (same_fact, cloze, n = 198, p = 1.2e-10)"""
    chosen = (f"{told['chosen']}: ") if "chosen" in told else ""
    return chosen + _fill_verdict(
        "verdict_cell", told, say.get_label("verdicts", told["verdict"]), say
    )


def tell_no_runs(say: Translator) -> str:
    """That the store is empty, and how to begin."""
    command = f"{get_own_command()} study"
    return _say(say, "no_runs", store=get_runs_dir(), command=command)


def tell_unreadable(file: str, why: str, say: Translator) -> str:
    """That a study's result is damaged, and what to do."""
    return _say(say, "unreadable", file=file, why=why)


def format_verdict(told: dict[str, Any], say: Translator) -> str:
    """IMPROVED: base 28.3% → tuned 56.6% (same_fact, cloze, n = 198, +68 −12, p = 1.2e-10)"""
    name = say.get_label("verdicts", told["verdict"]).upper()
    return _fill_verdict("verdict", told, name, say)


def _fill_verdict(key: str, told: dict[str, Any], name: str, say: Translator) -> str:
    worth = f" ({say['exploratory']})" * told.get("exploratory", False)
    return _say(
        say,
        key,
        verdict=name + worth,
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


def explain_cost(study: dict[str, Any], say: Translator) -> Iterable[str]:
    """What a paid writer's answers cost, and apart from it what may have been charged for answers
    that never arrived; nothing where nothing is paid.
    """
    if study["plan"]["generation"]["writer"] != "gpt" or "writing" not in study:
        return
    writing = WriterTotals(**study["writing"])
    yield _say(say, "cost", text=tell_cost(writing, say))


def explain_number(folder: Path, say: Translator) -> Iterable[str]:
    """How the plan differs from that of the first study of this name; nothing of the first."""
    record = read_record(folder)
    if record is not None and record.beside:
        told = build_message(
            "study-numbered",
            name=record.name,
            beside=record.beside,
            differences=describe_differences(record.differences, say),
        )
        yield say.format_message(told)


def get_own_command() -> str:
    """The command that is running, as it can be typed here again: over the store that the
    environment names, too.
    """
    place = os.environ.get("RUNS_DIR")
    return (f"RUNS_DIR={quote(place)} " if place else "") + _get_own_name()


def _get_own_name() -> str:
    typed = Path(sys.argv[0])
    if typed.name != "book2lora":
        typed = Path(sys.executable).with_name("book2lora")
        if not typed.is_file():
            return f"{quote(sys.executable)} -m flows.cli.main"
    found = shutil.which("book2lora")
    if not typed.is_file() or (found and Path(found).samefile(typed)):
        return "book2lora"
    here = Path.cwd()
    return quote(str(typed.relative_to(here) if typed.is_relative_to(here) else typed))


def build_next_command(folder: Path, recorded: str) -> str:
    """The command that a study's record holds, for the way in which ours is called here and for
    where the study lies now.
    """
    plan = folder / "next-plan.yaml"
    if plan.is_file():
        return f"{get_own_command()} study {quote(str(plan))}"
    return recorded.replace("book2lora", get_own_command(), 1)


def _get_labels(record: dict[str, Any]) -> Translator:
    """In the language that the folder was told in; folders of 0.1 do not say it."""
    return load_catalogue(record.get("language", "en"))


def _say(say: Translator, key: str, /, **values: Any) -> str:
    return str(say["terminal"][key]).format(**values)


def _read_json(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))
