"""The data of a language lie in one folder, packs/<code>/, with the same files in each; words that
are read in all languages together may also stand in packs/others/, for languages without a folder.

Who reads a file names it in full ("packs/exam.yaml"): so the versions of the stages know which
data their code reads (tasks/engine/source_digest.py).
"""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tasks.schemas.sections.profiles import MEDICINE, split_tag

PACKS = Path(__file__).with_name("packs")
OTHERS = "others"
PACK_FILES = {
    "app.yaml": "the words of the local page",
    "answers.yaml": "words with which models answer",
    "columns.yaml": "names of the columns of people's files",
    "everyday.yaml": "fifty questions on nothing medical, to measure what a tuning cost",
    "exam.yaml": "how a question and a training text look to a model",
    "findings.yaml": "what the diagnosis found, and its remedies",
    "gate.yaml": "words and patterns that the checks on items look for",
    "general.txt": "a text on nothing medical, to measure whether the tuning cost the language",
    "instructions.yaml": "what a writer of items is told",
    "letters.yaml": "letters, digits, small words",
    "messages.yaml": "what checks, verdicts, warnings and errors say, by code",
    "numerals.yaml": "digits and direction",
    "profiles.yaml": "what differs for books that are not medical",
    "reader.yaml": "what the second reader of items is told",
    "recall.yaml": "the words around a name in a reply without options",
    "repair.yaml": "what a writer is told of its refused items",
    "report.yaml": "the report's own words",
    "review.yaml": "the words of the sheets on which a person reviews items",
    "rules.yaml": "how books tell signs, and how the embedded writer words its items",
    "terminal.yaml": "the lines of a running command",
    "wordings.yaml": "other wordings and labels that the questions are tried with",
}


def list_languages() -> list[str]:
    """The languages that have a folder."""
    return sorted(path.name for path in PACKS.iterdir() if path.is_dir() and path.name != OTHERS)


def get_folder_language(tag: str) -> str:
    """The language whose folder words a tag; English where it has none."""
    language = split_tag(tag)[0]
    return language if language in list_languages() else "en"


def load_pack(file: str, tag: str) -> dict[str, Any]:
    """The content of "packs/<name>.yaml" in a language, with what differs for the tag's profile;
    English where the language has no folder.
    """
    language, profile = get_folder_language(tag), split_tag(tag)[1]
    content = _load_yaml(file, language)
    if profile == MEDICINE:
        return content
    own = _load_yaml("packs/profiles.yaml", language)["profiles"][profile]
    return _merge(content, own.get(Path(file).stem, {}))


def _merge(content: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The content with its own entries in place of those of the same name, at every depth."""
    return content | {
        name: _merge(content[name], value) if isinstance(content.get(name), dict) else value
        for name, value in own.items()
    }


def load_all_packs(file: str) -> list[dict[str, Any]]:
    """The same of every language: English first, then the others, last those without a folder."""
    names = sorted(list_languages(), key=lambda name: (name != "en", name))
    return [_load_yaml(file, name) for name in (*names, OTHERS) if _path(file, name).is_file()]


def load_text(file: str, language: str) -> str | None:
    """The text of "packs/<name>.txt" on one line; none where the language has no folder."""
    path = _path(file, split_tag(language)[0])
    return " ".join(path.read_text("utf-8").split()) if path.is_file() else None


@cache
def _load_yaml(file: str, language: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(_path(file, language).read_text("utf-8"))
    return content


def _path(file: str, language: str) -> Path:
    return PACKS / language / Path(file).name
