"""What differs between two catalogs: all that was changed on purpose, and nothing else."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artui.catalog import Catalog, artifacts, blobs, context, events, runs
from artui.catalog.artifacts import NewFile, NewVersion
from artui.catalog.fields import FIELDS
from artui.model.criteria import Criterion
from artui.model.deployments import Incident, Release
from artui.query.catalogdiff import ThingChange, catalog_difference
from artui.query.reader import Reader
from tests import mutating
from tests.mutating import MODEL, VICTIM


def _edit(change: Callable[[events.Edit, str, str], object]) -> Callable[[Path], None]:
    def plant(path: Path) -> None:
        with Catalog(path) as catalog:
            with catalog.transaction() as connection:
                (run_id,) = connection.execute("SELECT id FROM run WHERE name = ?", (VICTIM,)).fetchone()
                (version_id,) = connection.execute(
                    "SELECT v.id FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE a.name = ?",
                    (MODEL,),
                ).fetchone()
            with events.editing(catalog, "planted") as edit:
                change(edit, run_id, version_id)

    return plant


def _write(change: Callable[[Any, int], object]) -> Callable[[Path], None]:
    def plant(path: Path) -> None:
        with Catalog(path) as catalog, catalog.transaction() as connection:
            (key,) = connection.execute("SELECT key FROM run WHERE name = ?", (VICTIM,)).fetchone()
            change(connection, key)

    return plant


def _save(connection: Any, key: int) -> None:
    blob_key, digest, size = blobs.store(connection, io.BytesIO(b"fresh"))
    saved = artifacts.save(
        connection, NewVersion("digits", "fresh", "report", "modelling", [NewFile("f", size, digest, blob_key)])
    )
    artifacts.link(connection, "output", source_key=key, target_key=saved.key)


PLANTED: dict[str, tuple[Callable[[Path], None], set[tuple[str, str, str]]]] = {
    "note": (_edit(lambda edit, run, _: edit.set_note(run, "other")), {("run", "changed", "note")}),
    "name": (_edit(lambda edit, run, _: edit.rename(run, "other")), {("run", "changed", "name")}),
    "project": (_edit(lambda edit, run, _: edit.move(run, "other")), {("run", "changed", "project")}),
    "trash": (_edit(lambda edit, run, _: edit.trash(run)), {("run", "changed", "deleted_ms")}),
    "tag": (_edit(lambda edit, run, _: edit.tag(run, "new", "1")), {("run", "changed", "tag new")}),
    "untag": (_edit(lambda edit, run, _: edit.untag(run, "wip")), {("run", "changed", "tag wip")}),
    "alias": (_edit(lambda edit, _, version: edit.move_alias(version, "production")), {("version", "changed", "alias production")}),
    "fact": (_edit(lambda edit, _, version: edit.declare(version, "licence", "BSD")), {("version", "changed", "fact licence")}),
    "retire": (_edit(lambda edit, _, version: edit.retire(version)), {("version", "changed", "retired")}),
    "delete": (_edit(lambda edit, _, version: edit.delete_version(version)), {("version", "changed", "deleted_ms")}),
    "override": (_edit(lambda edit, _, version: edit.declare(version, "contact", "ada", is_of_version=True)), {("version", "changed", "fact contact")}),
    "place": (_edit(lambda edit, _, version: edit.relocate(version, "/elsewhere", "box-9")), {("version", "changed", "location"), ("version", "changed", "host")}),
    "criterion": (_edit(lambda edit, _, version: edit.set_criterion(version, Criterion("R7", "loss < 1"))), {("version", "changed", "criterion R7")}),
    "waive": (_edit(lambda edit, _, version: edit.waive(version, "needs/R7", "loss < 1")), {("version", "changed", "may miss needs/R7")}),
    "release": (_edit(lambda edit, _, version: edit.set_release(version, Release("R1", version, "model:v1"))), {("version", "changed", "release R1")}),
    "incident": (_edit(lambda edit, _, version: edit.set_incident(version, Incident("I1", 1, "slow"))), {("version", "changed", "incident I1")}),
    "approve": (_edit(lambda edit, _, version: edit.withdraw(version)), {("version", "changed", f"approved by {events.author()}")}),
    "view": (_edit(lambda edit, *_: edit.save_view("my view", "runs", "{}")), {("view", "changed", "content")}),
    "new view": (_edit(lambda edit, *_: edit.save_view("more", "runs", "{}")), {("view", "new", "")}),
    "gone view": (_edit(lambda edit, *_: edit.delete_view("my view")), {("view", "gone", "")}),
    "param": (_write(lambda connection, key: runs.set_params(connection, key, {"lr": 0.5})), {("run", "changed", "param lr")}),
    "context": (_write(lambda connection, key: context.put(connection, key, "seeds", {"a": 1})), {("run", "changed", "context seeds")}),
    "metric": (_write(lambda connection, key: connection.execute("UPDATE series SET last = 9.0 WHERE run_key = ? AND labels = 'rank=1'", (key,))), {("run", "changed", "metric val/acc {rank=1}")}),
    "run": (_write(lambda connection, _: runs.start(connection, runs.NewRun("digits", "another"))), {("run", "new", "")}),
    "nothing": (lambda _: None, set()),
}  # fmt: skip


def test_every_field_that_people_change_is_planted() -> None:
    """A new one is compared, too."""
    assert set(FIELDS) <= set(PLANTED)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mutating.build(tmp_path_factory.mktemp("diff") / "before.artui")


def _said(changes: list[ThingChange]) -> set[tuple[str, str, str]]:
    return {
        (change.kind, change.standing, name)
        for change in changes
        for name in ([field.name for field in change.fields] or [""])
    }


@pytest.mark.parametrize("what", PLANTED)
def test_what_was_changed_is_said_and_nothing_else(built: Path, tmp_path: Path, what: str) -> None:
    """Each kind of change alone; read the other way round what is new is gone."""
    after = Path(shutil.copyfile(built, tmp_path / "after.artui"))
    plant, expected = PLANTED[what]
    plant(after)

    with Reader(built) as first, Reader(after) as second:
        assert _said(catalog_difference(first, second)) == expected
        turned = {"new": "gone", "gone": "new", "changed": "changed"}
        assert _said(catalog_difference(second, first)) == {
            (kind, turned[standing], name) for kind, standing, name in expected
        }


def test_a_version_that_was_saved_is_new_and_an_output(built: Path, tmp_path: Path) -> None:
    """Both ends of a link say it."""
    after = Path(shutil.copyfile(built, tmp_path / "after.artui"))
    _write(_save)(after)
    with Reader(built) as first, Reader(after) as second:
        changes = catalog_difference(first, second)
    assert [(change.kind, change.standing) for change in changes] == [("run", "changed"), ("version", "new")]
    (field,) = changes[0].fields
    assert field.name.startswith("output fresh:v1 ") and (field.before, field.after) == (None, "yes")
