"""Files of the kinds that people bring, made with known contents: each row that is a four-option question or a pair is read
with its own key, and no other row is."""

import re
import shlex

import pytest
import yaml
from support.foreign_files.held_files import list_held_files
from support.foreign_files.measure import read_foreign_file
from support.foreign_files.measured_files import list_measured_files
from support.foreign_files.pair_files import list_pair_files
from support.foreign_files.question_datasets import list_question_datasets
from support.foreign_files.question_tables import list_question_tables
from support.foreign_files.unforeseen_files import list_unforeseen_files

from tasks.schemas.errors import PlanError
from tasks.validation.parsing.import_items import open_items


@pytest.mark.parametrize(
    "make", [list_question_tables, list_question_datasets, list_pair_files, list_held_files]
)
def test_every_row_of_a_foreign_file_is_read_with_its_own_key_or_is_no_question(make, tmp_path):
    readings = [read_foreign_file(file, tmp_path) for file in make()]
    assert len(readings) > 30
    assert not [r for r in readings if r.wrong], "read, and not what the file holds"
    assert not [r for r in readings if r.read < r.rows], "rows that were not read"


def test_columns_that_no_name_tells_are_found_by_their_cells_or_refused_whole(tmp_path):
    readings = [read_foreign_file(file, tmp_path) for file in list_unforeseen_files()]
    assert not [r for r in readings if r.wrong], "read, and not what the file holds"
    assert not [r for r in readings if r.read < r.rows], "rows that were not read"


def test_of_files_written_afterwards_most_are_read_and_none_wrongly(tmp_path):
    readings = [read_foreign_file(file, tmp_path) for file in list_measured_files()]
    assert not [r for r in readings if r.wrong], "read, and not what the file holds"
    left = [r for r in readings if r.read < r.rows]
    assert [r.name for r in left] == ["measured-2.csv"], "a row of numbers is taken for its header"
    assert "--set" in left[0].told or "Columns found" in left[0].told


def test_what_is_refused_comes_with_a_setting_that_can_be_pasted(tmp_path):
    (file,) = [f for f in list_unforeseen_files() if f.name == "refused-2.csv"]
    with pytest.raises(PlanError) as refused:
        open_items(file.write(tmp_path), "question", "es")
    command = shlex.split(re.search(r"--set .*?}'", str(refused.value))[0])
    assert yaml.safe_load(command[1].partition("=")[2])["answer"] == "Buena"
