"""How two versions came to be: the runs that made them, held against each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from artui.model.difference import ValueChange, VersionDifference
from artui.query.artifacts import get_version
from artui.query.difference.makers import makers_difference
from artui.query.difference.versions import version_difference
from artui.query.references import find_version
from artui.sheets.difference import difference_sheet
from tests.reading import open_reader


@pytest.fixture
def of_model(demo_catalog: Path) -> VersionDifference:
    """How the two models of the demo differ."""
    with open_reader(demo_catalog) as reader:
        before, after = (get_version(reader, find_version(reader, f"digits-model:v{number}").id) for number in (1, 2))
        return replace(version_difference(before, after), makers=makers_difference(reader, before, after))


def test_two_versions_say_by_which_runs_they_were_made_and_what_differs_in_these(of_model: VersionDifference) -> None:
    """First the runs, then results with whether they are better, params, code; what both have alike is not said."""
    said = {change.name: change for change in of_model.makers}

    assert [of_model.makers[0].before, of_model.makers[0].after] == ["final-1", "final-2"]
    assert said["val/loss"].note == "better" and said["seed"].before == "11" and "final.py" in said
    assert said["used by"] == ValueChange("used by", None, "2 runs")
    assert not {"hidden", "model", "command"} & said.keys()


def test_one_run_that_made_both_or_none_says_nothing(demo_catalog: Path) -> None:
    """A version is not held against itself, and what nobody made has no maker to speak of."""
    with open_reader(demo_catalog) as reader:
        model = get_version(reader, find_version(reader, "digits-model:v2").id)
        alone = replace(model, head=replace(model.head, made_by=None))

        assert makers_difference(reader, model, model) == () == makers_difference(reader, alone, alone)
        assert makers_difference(reader, alone, model) == (ValueChange("made by", None, "final-2"),)


def test_numbers_say_how_far_they_moved(of_model: VersionDifference) -> None:
    """With the digits of both, and a word where one is better; texts have none."""
    sheet = difference_sheet(of_model, {})
    cells = {row[0].text: [cell.text for cell in row[1:]] for section in sheet.sections if section.table for row in section.table.rows}  # fmt: skip

    assert cells["metadata.epoch"] == ["33", "50", "+17"] and cells["seed"][2] == "+1" and cells["made by"][2] == ""
    before, after, moved = cells["val/loss"]
    assert moved.endswith(" better") and len(moved.split()[0]) == 1 + max(len(before), len(after))
