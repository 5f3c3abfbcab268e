"""The names of the product, as figures; docs/names.md has them beside other code bases."""

from collections import Counter
from pathlib import Path

import pytest
from support.name_figures import measure_names

ROOT = Path(__file__).parents[1]
PRODUCT = [ROOT / name for name in ("tasks", "flows", "deployments")]
OTHERS_CALL = {"render_char"}  # its parameters are pdfminer's


@pytest.fixture(scope="module")
def found():
    return measure_names(PRODUCT)


def test_functions_are_verbs_with_objects(found):
    assert found.verb_share >= 0.6 and found.one_word_share <= 0.2


def test_no_line_is_longer_than_the_screen(found):
    assert found.long_lines == 0


def test_at_most_six_arguments_go_by_position(found):
    assert set(found.many_positional) <= OTHERS_CALL


def test_no_class_name_has_two_meanings(found):
    assert not found.classes_twice


def test_no_module_name_stands_in_two_places():
    names = Counter(
        path.name for folder in PRODUCT for path in folder.rglob("*.py") if path.stem != "__init__"
    )
    assert {name for name, times in names.items() if times > 1} <= set()


def test_no_folder_holds_more_than_a_screen_of_modules():
    folders = {path.parent for folder in PRODUCT for path in folder.rglob("*.py")}
    sizes = {
        folder: len([p for p in folder.glob("*.py") if p.stem != "__init__"]) for folder in folders
    }
    assert not {str(folder): size for folder, size in sizes.items() if size > 12}
