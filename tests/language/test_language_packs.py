"""A language is one folder with the same files in each, and with the same content in each file; what
is missing is named.
"""

import re
import shutil

import pytest
import yaml

from tasks.language import language_pack
from tasks.language.i18n import load_translator
from tasks.language.language_codes import CODES
from tasks.language.language_pack import PACK_FILES, PACKS, list_languages
from tasks.prompts import PromptTemplate
from tasks.schemas.sections.profiles import ITEM_FORMS, split_tag, tag_language
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


def list_repeated_keys(node):
    """Keys that a mapping has twice, of which YAML reads the last."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if [other.value for other, _ in node.value].count(key.value) > 1:
            yield f"{key.start_mark.line + 1}: {key.value}"
        yield from list_repeated_keys(value)


@pytest.mark.parametrize(
    "file", sorted(PACKS.glob("*/*.yaml")), ids=lambda p: p.parent.name + p.stem
)
def test_no_key_stands_twice(file):
    assert list(list_repeated_keys(yaml.compose("a: {b: 1, b: 2}"))) == ["1: b", "1: b"]
    assert not list(list_repeated_keys(yaml.compose(file.read_text("utf-8"))))


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


def list_texts(tree, prefix=()):
    """Every text of a tree by its path."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from list_texts(value, (*prefix, key))
        else:
            yield (*prefix, key), str(value)


@pytest.mark.parametrize("language", list_languages())
@pytest.mark.parametrize("profile", [name for name in ITEM_FORMS if name != "medicine"])
def test_a_profile_words_anew_what_its_language_has_with_the_same_values(language, profile):
    own = yaml.safe_load((PACKS / language / "profiles.yaml").read_text("utf-8"))
    for file, tree in own["profiles"][profile].items():
        medical = dict(list_texts(language_pack.load_pack(f"packs/{file}.yaml", language)))
        there = language_pack.load_pack(f"packs/{file}.yaml", f"{language}-x-{profile}")
        merged = dict(list_texts(there))
        assert merged.keys() == medical.keys()
        for path, text in list_texts(tree):
            assert merged[path] == text
            holes = re.findall(r"{[\w:%+]*}", text)
            assert set(holes) == set(re.findall(r"{[\w:%+]*}", medical[path])), path


def test_what_a_profile_does_not_name_stays_and_its_language_stays_the_reader_s():
    medical, law = (
        load_translator("fa", "packs/report.yaml"),
        load_translator("fa-x-law", "packs/report.yaml"),
    )
    assert law.language == medical.language == "fa"
    assert law["title"] == medical["title"] and law["columns"]["p"] == medical["columns"]["p"]
    assert (law["columns"]["diagnosis"], medical["columns"]["diagnosis"]) == ("نتیجه", "تشخیص")
    assert load_translator("de-x-law", "packs/report.yaml")["columns"]["diagnosis"] == "conclusion"
    assert language_pack.load_text("packs/general.txt", "fa-x-law") == language_pack.load_text(
        "packs/general.txt", "fa"
    )


@pytest.mark.parametrize(
    ("tag", "parts"),
    [
        ("fa", ("fa", "medicine")),
        ("fa-x-law", ("fa", "law")),
        ("pt-BR-x-general", ("pt-BR", "general")),
        ("de-x-bavarian", ("de-x-bavarian", "medicine")),
    ],
)
def test_a_tag_is_a_language_and_a_profile(tag, parts):
    assert split_tag(tag) == parts and tag_language(*parts) == tag


def test_the_codes_of_languages_are_the_184_of_the_standard_and_no_other_words():
    assert len(CODES) == 184 and all(re.fullmatch("[a-z]{2}", code) for code in CODES)
    assert not CODES & {"of", "by", "xx"}
