"""Names in the table of runs: told apart at every width, with the project where there are several."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot

from artui.catalog import Catalog, ids, points, runs
from artui.tui.cells import keeps_end
from tests.tui.looking import NOW_MS, shown

Explore = Callable[..., None]
HEAD = "experiments/Exp_10_rmsprop_300_0.5_and_more"


def _catalog(path: Path, names: list[str], *, projects: list[str] | None = None, metrics: tuple[str, ...] = ("loss",)) -> Path:  # fmt: skip
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, name in enumerate(names):
            project = projects[number] if projects else "one"
            key = runs.start(connection, runs.NewRun(project=project, name=name, id=ids.derived_id("test", f"{project}/{name}"), started_ms=NOW_MS - number * 1000))  # fmt: skip
            steps = np.arange(5, dtype=np.int64)
            for metric in metrics:
                points.append(
                    connection, key, runs.name_key(connection, metric), "", steps, NOW_MS + steps, steps / 7.0
                )
            runs.finish(connection, key, status="finished", ended_ms=NOW_MS, duration_ms=1000, error="")
    return path


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
@pytest.mark.parametrize("metrics", [("loss",), ("loss", "val_accuracy", "eval_wer", "test_auc", "f1")])
def test_names_with_one_head_are_told_apart(frozen: None, metrics: tuple[str, ...], size: tuple[int, int], tmp_path: Path, explore: Explore) -> None:  # fmt: skip
    """The whole name is shown if there is room, or else its end."""
    names = [f"{HEAD}/fold-{fold}/{part}" for fold in range(2) for part in ("train", "validation")]
    path = _catalog(tmp_path / "c.artui", names, metrics=metrics)

    async def flow(pilot: Pilot[Any]) -> None:
        cut_names = [re.split(" {2,}", line.split("● ", 1)[1])[0] for line in shown(pilot).splitlines()[3:7]]
        assert len(set(cut_names)) == 4, cut_names
        if size[0] == 200 and len(metrics) == 1:
            assert all(name in shown(pilot) for name in names)

    explore(path, flow, size=size)


def test_name_of_a_run_grows_no_wider_than_what_is_free(frozen: None, tmp_path: Path, explore: Explore) -> None:
    """A long name hides no column that would fit beside a short one."""
    columns = []
    for name in ("a", "x" * 150):
        path = _catalog(tmp_path / f"{len(name)}.artui", [name], metrics=("loss", "val_accuracy", "eval_wer"))

        async def flow(pilot: Pilot[Any]) -> None:
            columns.append([number for number, _ in pilot.app.screen.table._visible_shapes()])  # type: ignore[attr-defined]

        explore(path, flow, size=(120, 36))
    assert columns[0] == columns[1]


def test_title_is_not_cut_in_front_of_free_space(frozen: None, tmp_path: Path, explore: Explore) -> None:
    """Above a sparkline, and where the screen is wider than its columns."""
    metrics = ("Incorrect Test MSE", "Correct Test MSE of all", "another long name of a metric")
    path = _catalog(tmp_path / "c.artui", ["a", "b"], metrics=metrics)

    async def flow(pilot: Pilot[Any]) -> None:
        assert all(metric in shown(pilot) for metric in metrics)

    explore(path, flow, size=(138, 36))


@pytest.mark.parametrize("projects", [["vision", "speech"], ["vision", "vision"]])
def test_project_is_a_column_where_there_are_several(frozen: None, projects: list[str], tmp_path: Path, explore: Explore) -> None:  # fmt: skip
    """By itself; of one project it would say nothing."""
    path = _catalog(tmp_path / "c.artui", ["version_0", "version_1"], projects=projects)

    async def flow(pilot: Pilot[Any]) -> None:
        text = shown(pilot)
        assert ("project" in text) == ("speech" in projects)
        assert all(project in text for project in projects) == ("speech" in projects)

    explore(path, flow, size=(80, 24))


def test_ends_are_kept_where_they_tell_more() -> None:
    """Names that fit do not count, nor does what is the same at both ends."""
    assert keeps_end(["a/b/c/train", "a/b/c/valid"], 7)
    assert not keeps_end(["train/a/b/c", "valid/a/b/c"], 8)
    assert not keeps_end(["a/b/c/train", "short"], 8)
    assert not keeps_end([], 8)
