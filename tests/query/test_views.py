"""The SQL views of requirements and deployments say what is read of them in Python, row by row, whatever is in the journal."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import artui
from artui.catalog import Catalog, events
from artui.catalog.criteria import requirement_versions
from artui.cli import run as run_cli
from artui.model.criteria import Criterion
from artui.model.deployments import Incident, Release
from artui.query.deployments import deployments
from artui.query.references import find_version
from artui.query.verdicts import judged, standing_requirements
from artui.query.windows import windows
from tests.query import deployed
from tests.reading import open_reader


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog with a requirement in two versions, a release that was taken back, a shadow, incidents, and windows of two writers."""
    folder = tmp_path_factory.mktemp("views")
    place = deployed.make(folder)
    (folder / "r.md").write_text("# What it must do\n")
    with artui.start_run(catalog=place.path, project="fraud", name="requirements", console=False, code=False, system_metrics=False) as run:  # fmt: skip
        run.require("fraud-needs", {"R1": "test/recall >= 0.9", "R2": "test/recall >= 0.99"})
    with Catalog(place.path) as catalog:
        with closing(sqlite3.connect(place.path)) as connection:
            (needs,) = connection.execute("SELECT v.id FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE a.name = 'fraud-needs'").fetchone()  # fmt: skip
            api, model = (connection.execute("SELECT v.id FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE a.name = ? ORDER BY v.number DESC", (name,)).fetchone()[0] for name in (deployed.NAME, "fraud-model"))  # fmt: skip
        with events.editing(catalog, "criteria") as edit:
            edit.set_criterion(needs, Criterion("R3", "test/accuracy >= 0.9", "run", ("fraud-model",)))
            edit.set_criterion(needs, Criterion("R1", "test/recall >= 0.92"))
        with events.editing(catalog, "waivers", why="it is known") as edit:
            edit.waive(model, "fraud-needs/R2", "test/recall >= 0.99")
        with events.editing(catalog, "a mistake") as edit:
            edit.set_release(api, Release("01M00000000000000000000000", model, "fraud-model:v2", from_ms=deployed.RELEASED_MS + 5))  # fmt: skip
        events.undo(catalog)
        with events.editing(catalog, "a shadow", why="to see") as edit:
            edit.set_release(api, Release("01M00000000000000000000001", model, "fraud-model:v2", "shadow", 0.5, deployed.RELEASED_MS + 9, reason="speed", approved_by="ada"))  # fmt: skip
            edit.set_incident(api, Incident("01M00000000000000000000002", deployed.DRIFTS_MS, "it is wrong", "high"))
            edit.set_incident(api, Incident("01M00000000000000000000002", deployed.DRIFTS_MS, "it is wrong", "high", deployed.RELEASED_MS, "drift", "a new one"))  # fmt: skip
    return place.path


def _rows(path: Path, query: str) -> list[dict[str, Any]]:
    with artui.open_catalog(path) as catalog:
        return [dict(row) for row in catalog.sql(query)]


def test_releases_and_incidents(made: Path) -> None:
    with open_reader(made) as reader:
        (place,) = deployments(reader)
    rows = _rows(made, "SELECT * FROM releases ORDER BY from_ms, recorded_ms")
    wanted = [
        {
            "deployment": place.name, "project": "fraud", "deployment_id": place.version_id, "id": one.release.id, "version": one.release.named,
            "version_id": one.release.version_id, "role": one.release.role, "share": one.share, "from_ms": one.release.from_ms, "to_ms": one.to_ms,
            "reason": one.release.reason, "approved_by": one.release.approved_by, "author": one.author, "recorded_ms": one.time_ms, "why": one.why,
        }
        for one in place.releases
    ]  # fmt: skip
    assert rows == wanted and len(rows) == 3 and [row["role"] for row in rows] == ["live", "live", "shadow"]
    incidents = _rows(made, "SELECT * FROM incidents")
    assert [(row["title"], row["severity"], row["opened_ms"], row["closed_ms"], row["cause"], row["resolution"]) for row in incidents] == [
        (one.incident.title, one.incident.severity, one.incident.opened_ms, one.incident.closed_ms, one.incident.cause, one.incident.resolution)
        for one in place.incidents
    ]  # fmt: skip
    assert len(incidents) == 1 and incidents[0]["closed_ms"] == deployed.RELEASED_MS
    assert [row["name"] for row in _rows(made, "SELECT * FROM deployments")] == [place.name]


def test_where_versions_are_deployed_is_lineage(made: Path) -> None:
    """One link for each version and deployment; that of a release that was taken back is gone, unless another says so."""
    rows = _rows(made, "SELECT source_id, target_id FROM lineage WHERE relation = 'deployed_as'")
    with open_reader(made) as reader:
        (place,) = deployments(reader)
    assert sorted(row["source_id"] for row in rows) == sorted({one.release.version_id for one in place.releases})
    assert {row["target_id"] for row in rows} == {place.version_id}
    # Plain SQLite reads them, too.
    with closing(sqlite3.connect(made)) as connection:
        assert connection.execute("SELECT count(*) FROM lineage WHERE relation = 'deployed_as'").fetchone() == (len(rows),)  # fmt: skip


def test_requirements_and_criteria(made: Path) -> None:
    with open_reader(made) as reader, reader.snapshot() as connection:
        every = list(requirement_versions(connection))
    wanted = sorted(
        (one.artifact, version.number, one.criterion.name, one.criterion.condition, one.criterion.subject, ", ".join(one.criterion.artifacts), one.since_ms, one.author)
        for version in every
        for one in version.criteria
    )  # fmt: skip
    rows = _rows(made, "SELECT requirement, version, name, condition, subject, artifacts, since_ms, author FROM criteria ORDER BY 1, 2, 3")  # fmt: skip
    assert [tuple(row.values()) for row in rows] == wanted and len(rows) == 3
    assert [(row["name"], row["is_standing"]) for row in _rows(made, "SELECT * FROM requirements")] == [("fraud-needs", 1)]  # fmt: skip


def test_verdicts(made: Path) -> None:
    """What the view says is what `judged` says of every version, with what was measured, and who let one pass."""
    rows = _rows(made, "SELECT version, criterion, answer, field, value, run_id, step, waived_by IS NOT NULL AS is_waived FROM verdicts ORDER BY 1, 2")  # fmt: skip
    with open_reader(made) as reader:
        with reader.snapshot() as connection:
            requirements = standing_requirements(connection)
        heads = [find_version(reader, f"fraud-model:v{number}") for number in (1, 2)]
        wanted = [
            (
                verdict.subject, verdict.defined.criterion.name, verdict.answer, *((verdict.measured[0].field, verdict.measured[0].value,
                verdict.measured[0].run_id, verdict.measured[0].step) if verdict.measured else (None,) * 4), int(verdict.waiver is not None),
            )
            for verdicts in judged(reader, heads, requirements)
            for verdict in verdicts
        ]  # fmt: skip
    assert [tuple(row.values()) for row in rows] == sorted(wanted) and {row["version"] for row in rows} == {
        "fraud-model:v1",
        "fraud-model:v2",
    }
    assert {(row["criterion"], row["answer"], row["is_waived"]) for row in rows if row["version"] == "fraud-model:v2"} == {
        ("R1", "missed", 0), ("R2", "missed", 1), ("R3", "unknown", 0)}  # fmt: skip


def test_windows(made: Path) -> None:
    with open_reader(made) as reader, reader.snapshot() as connection:
        (place,) = deployments(reader)
        found = windows(connection, place.version_key)
    rows = _rows(made, "SELECT from_ms, to_ms, rows, requests, errors, truths, metrics FROM windows WHERE slice = '' ORDER BY from_ms")  # fmt: skip
    assert [(row["from_ms"], row["to_ms"], row["rows"], row["requests"], row["errors"], row["truths"]) for row in rows] == [
        (one.from_ms, one.to_ms, one.row_count, one.tally.requests, one.tally.errors, one.tally.truths) for one in found
    ]  # fmt: skip
    assert [json.loads(row["metrics"]) for row in rows] == [one.tally.metrics for one in found] and len(rows) == deployed.BEFORE + deployed.AFTER  # fmt: skip


@pytest.mark.parametrize("damage", ["before", "after", "author", "time_ms", "why", "stamp"])
@pytest.mark.parametrize("instead", ["x'00ff'", "'no json'", "'[]'", "'{}'", "9223372036854775807", "NULL"])
def test_a_damaged_journal_costs_no_view(made: Path, tmp_path: Path, damage: str, instead: str) -> None:
    """What cannot be read says nothing: the rest of each view is there, or the query is refused in words."""
    path = tmp_path / "x.artui"
    path.write_bytes(made.read_bytes())
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        try:
            connection.execute(f"UPDATE event SET {damage} = {instead} WHERE id = (SELECT id FROM event WHERE action = 'release' ORDER BY stamp LIMIT 1)")  # fmt: skip
        except sqlite3.IntegrityError:
            pytest.skip("the table does not take it")
    for view in ("requirements", "criteria", "verdicts", "deployments", "incidents", "releases", "windows", "lineage"):
        rows = _rows(path, f"SELECT * FROM {view}")
        assert rows or view == "releases", view


def test_every_view_is_in_the_manual(capsys: pytest.CaptureFixture[str]) -> None:
    from artui.catalog.schema import VIEWS

    assert run_cli(["help", "file"]) == 0
    page = capsys.readouterr().out
    assert [view for view in sorted(VIEWS) if view not in page] == []
