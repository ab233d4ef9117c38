"""What a store says that artui wrote is taken as far as it is of its type, and never over what a catalog recorded itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artui.catalog import Catalog, runs
from artui.exchange.importing import import_paths
from artui.exchange.tensorboard.own import RUN_TAG
from artui.exchange.tensorboard.writing import framed, scalar_records, text_event, version_event
from tests.exchange.looking import content

RUN = "01M0000000000000000000RUN1"
WORDS = (
    "name", "project", "status", "stage", "started_ms", "ended_ms", "duration_ms", "heartbeat_ms", "parent_id", "user", "command", "note", "error", "source",
    "git_dirty", "tags", "types", "series",
)  # fmt: skip


def write(folder: Path, said: Any) -> None:
    """Write an event file that says so of its run."""
    folder.mkdir(parents=True)
    points = scalar_records("loss", np.arange(3), np.arange(3) + 1_780_000_000_000, np.arange(3) / 7, is_first=True)
    head = framed(version_event(1.0)) + framed(text_event(RUN_TAG, json.dumps(said), 1.0))
    (folder / "events.out.tfevents.1780000000.artui.0.0").write_bytes(head + points)


@pytest.mark.parametrize("value", [None, 5, -(1 << 70), 1e300, "x" * 5000, [1, [2]], {"a": {"b": 1}}, True])
def test_facts_of_any_type_cost_themselves(value: Any, tmp_path: Path) -> None:
    """The run is there with its points, whatever is said of it."""
    for number, word in enumerate(WORDS):
        write(tmp_path / "runs" / word, {"id": f"01M{number:023}", word: value})

    [report] = import_paths([tmp_path / "runs"], tmp_path / "c.artui")

    assert report.runs["new"] == len(WORDS) and len(content(tmp_path / "c.artui")["points"]) == len(WORDS)
    assert not report.damaged_count


def test_ids_that_are_none_and_twice(tmp_path: Path) -> None:
    """A folder that names no id is an ordinary run; two that name one are one; a run that the catalog recorded stays as it is."""
    with Catalog(tmp_path / "c.artui") as catalog, catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="mine", id=RUN, started_ms=1))
    for number, id in enumerate([RUN, "01M0000000000000000000RUN2", "01M0000000000000000000RUN2", "../../x", 5, None]):
        write(tmp_path / "runs" / str(number), {"id": id, "name": f"said-{number}", "project": "p"})

    [report] = import_paths([tmp_path / "runs"], tmp_path / "c.artui")

    names = {row[3]: row[0] for row in content(tmp_path / "c.artui")["runs"]}
    assert names.keys() == {"mine", "said-1", "3", "4", "5"} and names["mine"] == RUN
    assert report.runs == {"kept": 1, "new": 4} and ("runs", "are there twice, under one id: of each the first one was taken") in report.left  # fmt: skip
