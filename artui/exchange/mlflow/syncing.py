"""A catalog and an MLflow server, kept in step: what is new there comes here, what is new here goes there, and what people change arrives on the other side.

MLflow says of no tag, note or name when it was changed. So what was changed there since the last push counts as changed when
it is met: the value here gives way to it, and both stand in the journal.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artui.catalog import Catalog, events, importing
from artui.exchange.intake.intake import Intake
from artui.exchange.mlflow import FORMAT, registry
from artui.exchange.mlflow.agreed import Agreed, base_of_strangers, state_here, state_of
from artui.exchange.mlflow.exporter import Pushed, Pusher, Tell
from artui.exchange.mlflow.importer import take_server
from artui.exchange.mlflow.naming import NOTE_TAG, SYNCED, Own
from artui.exchange.mlflow.rest import Place, Server
from artui.exchange.mlflow.server import MlflowServer
from artui.exchange.mlflow.synced import Synced
from artui.query.reader import Reader
from artui.query.revisions import edited_since, standing

if TYPE_CHECKING:
    from artui.catalog.importing import ImportedRun
    from artui.exchange.intake.options import Options, Progress
    from artui.exchange.intake.report import Report


@dataclass(slots=True)
class Pulled:
    """What came from a server."""

    report: Report
    edits: dict[str, list[str]] = field(default_factory=dict)
    """What people changed there of runs and models that were here: in words, by the id of the run or the name of the model."""
    names: dict[str, str] = field(default_factory=dict)
    """Names of these runs, by their ids."""

    @property
    def has_news(self) -> bool:
        """Whether anything came."""
        return bool(self.report.runs["new"] + self.report.runs["updated"] + len(self.edits))


def push(
    place: Place,
    path: Path,
    *,
    is_dry: bool = False,
    with_files: bool = True,
    tell: Tell | None = None,
    opened: Callable[[Place], Server] = Server,
) -> Pushed:
    """Bring what is new in a catalog to a server; without files, if these are not wanted there.

    Raises:
        ServerError: it cannot be reached, or does not let anything be written.
        CatalogError: the catalog cannot be read.
    """
    with opened(place) as server, Reader(path) as reader:
        pusher = Pusher(server, reader, is_dry=is_dry, with_files=with_files, tell=tell)
        try:
            return pusher.push()
        finally:
            pusher.keep()


def pull(
    place: Place, path: Path, *, options: Options | None = None, progress: Progress | None = None, is_dry: bool = False,
    opened: Callable[[Place], Server] = Server,
) -> Pulled:  # fmt: skip
    """Take what is new on a server into a catalog, which is made if it is not there.

    Raises:
        ServerError: it cannot be reached, or its lists cannot be read.
        CatalogError: the catalog cannot be written to.
    """
    source = MlflowServer(opened(place))
    try:
        # One that is not there makes no catalog.
        source.experiments()
        if is_dry:
            earlier, recorded_ids = _here(path)
            intake = Intake(
                None,
                FORMAT.name,
                place.shown,
                options=options,
                progress=progress,
                earlier_runs=earlier,
                recorded_ids=recorded_ids,
            )
            with intake:
                take_server(source, intake)
            return Pulled(intake.report)
        with Catalog(path) as catalog:
            intake = Intake(catalog, FORMAT.name, place.shown, options=options, progress=progress)
            with intake:
                take_server(source, intake)
            edits = _take_edits(catalog, source, intake.report.left)
            with catalog.transaction() as connection:
                names = {run_id: found[0] for run_id in edits if (found := importing.name_of(connection, run_id))}
            return Pulled(intake.report, edits, names)
    finally:
        source.close()


def _here(path: Path) -> tuple[dict[str, ImportedRun], frozenset[str]]:
    """Give the runs that came from a server earlier, and the ids of all others."""
    if not path.exists():
        return {}, frozenset()
    with Reader(path) as reader, reader.reading() as connection:
        earlier = importing.imported_runs(connection, FORMAT.name)
        return earlier, frozenset(str(row[0]) for row in connection.execute("SELECT id FROM run")) - earlier.keys()


def _take_edits(catalog: Catalog, source: MlflowServer, left: Counter[tuple[str, str]]) -> dict[str, list[str]]:
    """Take what people changed on the server of runs and models that are here, since what was agreed on; that is what it says from now on."""
    agreed = Agreed(catalog.path, str(source.facts["server"]))
    taken: dict[str, list[str]] = {}
    runs = {run.id: run for run in source.runs_read}
    ids = source.own_ids()
    with catalog.transaction() as connection:
        for server_id in runs.keys() - ids.keys():
            run_id = importing.id_of("run", FORMAT.name, server_id)
            if importing.name_of(connection, run_id) is not None:
                ids[server_id] = run_id
    changed: dict[str, dict[str, Any]] = {}
    states: dict[str, tuple[str, int, dict[str, Any]]] = {}
    with catalog.transaction() as connection:
        for server_id, run_id in ids.items():
            run = runs[server_id]
            tags = source.all_tags(run)
            state = state_of(tags, run.name, is_deleted=run.is_deleted)
            synced = Synced.of(tags.get(SYNCED, ""), state)
            states[run_id] = (server_id, synced.pushes, state)
            base = agreed.base(run_id, server_id, synced)
            if base is not None and not agreed.is_known(run_id, server_id, synced):
                base = _base_of_strangers(connection, base, run_id, synced.pushed_ms)
            if base is not None and (said := _changed(base, state, tags, run.name)):
                changed[run_id] = said
        moves = registry.take_aliases(connection, source, agreed, left)
    if changed or moves:
        with events.editing(
            catalog, f"changes on {source.facts['server']}", why=f"changed on {source.facts['server']}"
        ) as edit:
            for run_id, said in changed.items():
                if words := _apply(edit, run_id, said):
                    taken[run_id] = words
            taken |= registry.apply_aliases(edit, moves)
    for run_id, (server_id, pushes, state) in states.items():
        agreed.put(run_id, server_id, pushes, state, agreed.revision(run_id, server_id, pushes))
    agreed.save()
    return taken


def _base_of_strangers(connection: sqlite3.Connection, base: Mapping[str, Any], run_id: str, since_ms: int) -> dict[str, Any] | None:  # fmt: skip
    now = standing(connection, run_id)
    if now is None:
        return None
    here = state_here(now.tags, now.note, now.name, is_deleted=now.is_deleted)
    return base_of_strangers(base, here, edited_since(connection, run_id, since_ms))


def _changed(base: Mapping[str, Any], state: Mapping[str, Any], tags: Mapping[str, str], name: str) -> dict[str, Any]:
    """Give what is not as it was agreed on."""
    own = Own(tags)
    said: dict[str, Any] = {}
    set_tags = {
        own.tag_name(key): tags[key] for key, digest in state["tags"].items() if base["tags"].get(key) != digest
    }
    gone = [own.tag_name(key) for key in base["tags"] if key not in state["tags"]]
    if set_tags:
        said["tags"] = set_tags
    if gone:
        said["gone"] = gone
    if state["note"] != base["note"]:
        said["note"] = tags.get(NOTE_TAG, "")
    if name and base["name"] and state["name"] != base["name"]:
        said["name"] = name
    if base.get("deleted", False) not in (state["deleted"], None):
        said["deleted"] = state["deleted"]
    return said


def _apply(edit: events.Edit, run_id: str, said: dict[str, Any]) -> list[str]:
    """Make the changes of a run; give in words those that changed anything. A run that is not here is left out."""
    words: list[str] = []
    if importing.name_of(edit.connection, run_id) is None:
        return words
    words += (f"tag {name}" for name, value in said.get("tags", {}).items() if edit.tag(run_id, name, value))
    words += (f"tag {name} off" for name in said.get("gone", ()) if edit.untag(run_id, name))
    if "note" in said and edit.set_note(run_id, said["note"]):
        words.append("note")
    if "name" in said and edit.rename(run_id, said["name"]):
        words.append("name")
    if "deleted" in said and (edit.trash(run_id) if said["deleted"] else edit.restore(run_id)):
        words.append("deleted" if said["deleted"] else "restored")
    return words
