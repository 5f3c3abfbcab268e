"""Whatever the program says by code has words in every language, with the values that it gives."""

import ast
import re
import string
from collections import defaultdict
from pathlib import Path
from typing import get_args

import pytest

from tasks.language.catalogue import load_catalogue
from tasks.language.i18n import load_translator
from tasks.language.language_pack import list_languages
from tasks.reporting.labels import load_labels
from tasks.schemas import errors
from tasks.schemas.messages import Figure, Message, Ordinal, Points, PValue, Share, build_message
from tasks.schemas.result_rows import Caution
from tasks.validation.checks import flaws, text_damage

ROOT = Path(__file__).parents[2]
SAYING = {
    "build_message": 0,
    "Refused": 0,
    "UnreadableJson": 1,
    "_build_failure": 0,
    "tell_reader": 0,
    "report_progress": 0,
}  # where the code stands among the arguments
BUILT = {  # codes that are put together where they are said
    *(f"writer-{finish}" for finish in ("refusal", "content_filter", "error")),
    *(f"verdict-{name}" for name in ("improved", "worse", "no-difference", "inconclusive")),
    *(f"verdict-{name}" for name in ("identical", "identical-mute")),
    *(f"exploratory-verdict-{name}" for name in ("improved", "worse", "no-difference")),
    *(f"caution-{name}" for name in get_args(Caution)),
    *(f"harm-{name}" for name in ("shown", "possible", "none", "unclear", "floor")),
    *(f"second-{name}" for name in ("better", "worse", "unclear")),
    "verdict-figures",
    "limits-detectable",
}
SAMPLE = build_message("sample", n=3)
LANGUAGES = list_languages()


def collect_codes() -> dict[str, list[set[str]]]:
    """Code → the names of the values at each place of the product that says it."""
    found = defaultdict(list)
    for folder in ("tasks", "flows", "deployments"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYING:
                    code = node.args[SAYING[node.func.id] :][:1]
                    names = {word.arg for word in node.keywords} - {None}
                    for part in read_constants(code):
                        found[part].append(names)
    return found


def read_constants(code: list[ast.expr]) -> list[str]:
    """The code, or those of a choice between two."""
    parts = [
        part
        for one in code
        for part in ((one.body, one.orelse) if isinstance(one, ast.IfExp) else (one,))
    ]
    return [part.value for part in parts if isinstance(part, ast.Constant)]


CODES = collect_codes()


def holes(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words_that_its_values_fill(language: str) -> None:
    say = load_catalogue(language)
    wanted = CODES.keys() | BUILT | flaws.QUESTION_RULES.keys() | flaws.PAIR_RULES.keys()
    wanted |= text_damage.DAMAGE_RULES.keys()
    assert not wanted - say["messages"].keys()
    for code, places in CODES.items():
        for names in places:
            assert holes(say["messages"][code]) <= names, (code, names)


def test_enough_codes_were_found_to_believe_the_test_above() -> None:
    assert len(CODES) > 80 and {"few-updates", "key-misspelt", "nothing-survived"} <= CODES.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_catalogue_has_words_for_a_code_that_nobody_says(language: str) -> None:
    said = CODES.keys() | BUILT | flaws.QUESTION_RULES.keys() | flaws.PAIR_RULES.keys()
    said |= text_damage.DAMAGE_RULES.keys()
    assert not load_catalogue(language)["messages"].keys() - said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_of_the_gate_has_a_name_to_be_counted_by(language: str) -> None:
    gate = ROOT / "tasks" / "validation"
    reasons = load_catalogue(language)["reasons"].keys()
    assert flaws.QUESTION_RULES.keys() | flaws.PAIR_RULES.keys() <= reasons
    tree = {
        node.args[0].value
        for file in gate.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in ("Refused", "_build_failure")
        and isinstance(node.args[0], ast.Constant)
    }
    assert len(tree) > 15 and tree <= reasons


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_repair_has_a_name_to_be_counted_by(language: str) -> None:
    """Those that are appended to a list of repairs, and those of the quote."""
    found = {"page", "quote-wording", "half-spaces", "text-around"}
    for file in (ROOT / "tasks" / "validation" / "parsing").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "mended.append",
                "self.repairs.append",
            ):
                found |= set(read_constants(node.args))
    assert {"option-marks", "line-break-in-a-string", "trailing-comma"} <= found
    assert found <= load_catalogue(language)["reasons"].keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_that_a_message_takes_from_the_catalogue_is_there(language: str) -> None:
    say, groups = load_catalogue(language), set()
    for folder in ("tasks", "flows"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Term":
                    group, term = node.args
                    groups.add(group.value)
                    if isinstance(term, ast.Constant):
                        assert term.value in say[group.value]
    assert groups <= say.labels.keys() and len(groups) > 8


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "value",
    [Share(0.5), Points(-0.02), PValue(0.01), Figure(0.123), Ordinal(1405), 12, "«a»", ("a", 1)],
    ids=repr,
)
def test_each_code_is_formatted_with_values_of_every_type(language: str, value) -> None:
    say = load_catalogue(language)
    for code, text in say["messages"].items():
        told = say.format_message(Message(code=code, values=dict.fromkeys(holes(text), value)))
        assert told and "{" not in told, code


def test_the_languages_have_the_same_codes_with_the_same_values() -> None:
    english = load_catalogue("en")["messages"]
    for language in LANGUAGES:
        own = load_catalogue(language)["messages"]
        assert own.keys() == english.keys()
        for code, text in own.items():
            assert holes(text) == holes(english[code]), code


def test_persian_words_are_persian_and_english_ones_english() -> None:
    values = re.compile(r"{[^}]*}|--\S+|\w+=\w+|[\w.]+_\w+|«|»|[A-Za-z]+\.\w+")
    for code, text in load_catalogue("fa")["messages"].items():
        own = values.sub("", text)
        assert not re.search(r"(?:\b[a-z]{2,}\b[ ,]+){3,}", own), (code, own)
        if re.search("[A-Za-z]{3}", values.sub("", load_catalogue("en")["messages"][code])):
            assert re.search("[آ-ی]", own), code
    for code, text in load_catalogue("en")["messages"].items():
        assert not re.search("[آ-ی]", text), code


def test_a_code_without_words_is_no_silent_gap() -> None:
    with pytest.raises(KeyError, match="no-such-code"):
        load_catalogue("en").format_message(build_message("no-such-code"))


def test_values_come_back_from_a_file_with_their_types() -> None:
    message = build_message("few-facts", a=Share(0.5), b=12, c="۱۲", d=("x", 3), e=SAMPLE)
    assert Message.model_validate_json(message.model_dump_json()) == message


def test_words_of_a_book_are_left_as_they_are_and_numbers_are_the_language_s() -> None:
    say = load_translator("fa", "packs/report.yaml", "packs/messages.yaml")
    told = build_message("key-given-away-by-its-length", key=41, longest=12)
    assert say.format_message(told) == "۴۱ نویسه؛ بلندترین گزینهٔ دیگر ۱۲ نویسه"
    alike = build_message(
        "same-words", pair="pair-3f", alike=Figure(0.724, 2), least=Figure(0.7, 2)
    )
    assert "۰٫۷۲" in say.format_message(alike) and "pair-3f" in say.format_message(alike)
    assert "«007»" in say.format_message(build_message("too-short", text="007"))


SENTENCE = re.compile(r"[A-Za-z]{2,}[ ,]+[A-Za-z]{2,}[ ,]+[A-Za-z]{2,}")
PRINTS = ("print", "print_status", "sys.stdout.write", "sys.stderr.write", "sys.exit")
FOR_MAINTAINERS = ROOT / "deployments" / "audit.py"


def test_no_line_for_people_is_written_in_the_code() -> None:
    """The words of a language stand in its folder; commands to be typed are no sentence."""
    found = {}
    for folder in ("tasks", "flows", "deployments"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in PRINTS:
                    words = [
                        part.value
                        for part in ast.walk(node)
                        if isinstance(part, ast.Constant) and isinstance(part.value, str)
                    ]
                    if any(map(SENTENCE.search, words)) and file != FOR_MAINTAINERS:
                        found[file.name] = words
    assert not found


@pytest.mark.parametrize("folder", ["tasks", "flows", "deployments"])
def test_no_error_for_people_is_worded_in_the_code(folder: str) -> None:
    """What ends a study, or is wrong with a plan, is a code; a check of a plan raises PlanFault."""
    kinds = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    kinds = {name for name in kinds if issubclass(getattr(errors, name), errors.StudyError)}
    found = {}
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            is_plan_check = node.func.id == "ValueError" and file.parent.name == "schemas"
            if node.func.id in kinds | {"PlanFault"} or is_plan_check:
                for one in node.args:
                    if isinstance(one, ast.Constant | ast.JoinedStr):
                        found[file.name] = ast.unparse(one)
    assert len(kinds) > 8 and not found


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_know_why_a_tuning_failed(language: str) -> None:
    """A sweep shows it; the lines of a running command are not loaded for a page."""
    codes = {
        node.args[0].value
        for file in (ROOT / "tasks" / "finetuning").rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "TuningError"
        for node in ast.walk(call)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "build_message"
    } | {"memory-ran-out"}
    assert len(codes) == 6 and codes <= load_labels(language)["messages"].keys()
