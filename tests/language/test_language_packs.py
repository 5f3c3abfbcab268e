"""A language is one folder with the same files in each, and with the same content in each file; what
is missing is named.
"""

import shutil

import pytest
import yaml

from tasks.language import language_pack
from tasks.language.language_pack import PACK_FILES, PACKS, list_languages
from tasks.prompts import PromptTemplate
from tasks.validation.language_patterns import LanguagePatterns

# a language has of these what it needs: inflected forms, names of others' columns, a normal form
OPTIONAL = {
    "gate.yaml": set(LanguagePatterns._fields),
    "letters.yaml": {"letters", "digits", "folded"},
}
LISTS = {"rules.yaml", "answers.yaml", "letters.yaml", "gate.yaml"}  # their words are its own


def list_gaps(folder) -> list[str]:
    """What a language's folder lacks beside English, as file: key."""
    gaps = []
    for file in PACK_FILES:
        path = folder / file
        if not path.is_file() or not path.read_text("utf-8").strip():
            gaps.append(file)
        elif path.suffix == ".yaml":
            english = yaml.safe_load((PACKS / "en" / file).read_text("utf-8"))
            own = yaml.safe_load(path.read_text("utf-8")) or {}
            lacks = list_missing_keys(english, own, deep=file not in LISTS)
            gaps += [f"{file}: {key}" for key in lacks if key not in OPTIONAL.get(file, ())]
    return gaps


def list_missing_keys(wanted, found, prefix: str = "", *, deep: bool) -> list[str]:
    missing = []
    for key, value in wanted.items():
        if not isinstance(found, dict) or key not in found:
            missing.append(f"{prefix}{key}")
        elif isinstance(value, dict) and deep:
            missing += list_missing_keys(value, found[key], f"{prefix}{key}.", deep=deep)
    return missing


@pytest.mark.parametrize("language", list_languages())
def test_nothing_is_missing_in_a_folder(language):
    assert not list_gaps(PACKS / language)
    assert {path.name for path in (PACKS / language).iterdir()} == PACK_FILES.keys()


@pytest.mark.parametrize(
    ("file", "key", "gap"),
    [
        ("messages.yaml", ("messages", "few-updates"), "messages.yaml: messages.few-updates"),
        (
            "findings.yaml",
            ("findings", "overfit", "advice"),
            "findings.yaml: findings.overfit.advice",
        ),
        ("exam.yaml", ("reply",), "exam.yaml: reply"),
        ("numerals.yaml", ("direction",), "numerals.yaml: direction"),
        ("terminal.yaml", ("terminal", "why"), "terminal.yaml: terminal.why"),
        ("columns.yaml", ("answer",), "columns.yaml: answer"),
    ],
)
def test_what_a_copied_folder_lacks_is_named(tmp_path, file, key, gap):
    folder = shutil.copytree(PACKS / "fa", tmp_path / "xx")
    tree = yaml.safe_load((folder / file).read_text("utf-8"))
    *parents, last = key
    place = tree
    for parent in parents:
        place = place[parent]
    del place[last]
    (folder / file).write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
    assert list_gaps(folder) == [gap]
    (folder / "general.txt").unlink()
    assert list_gaps(folder) == sorted([gap, "general.txt"], key=lambda name: name.split(":")[0])


def test_a_new_folder_is_a_language_of_the_reader_and_of_the_exam(tmp_path, monkeypatch):
    packs = shutil.copytree(PACKS, tmp_path / "packs")
    shutil.copytree(PACKS / "fa", packs / "xx")
    monkeypatch.setattr(language_pack, "PACKS", packs)
    assert language_pack.list_languages() == ["en", "fa", "xx"]
    exam = language_pack.load_pack("packs/exam.yaml", "xx")
    assert PromptTemplate(**exam).reply == "پاسخ:"
    assert language_pack.load_pack("packs/exam.yaml", "de")["reply"] == "Answer:"
    language_pack._load_yaml.cache_clear()


def test_words_of_all_languages_together_begin_with_english_and_end_with_those_without_a_folder():
    first, *_, last = language_pack.load_all_packs("packs/columns.yaml")
    assert first["question"][0] == "question" and "вопрос" in last["question"]
