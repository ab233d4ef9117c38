"""Random histories of several catalogs: what people and programs do to each, copies that go on apart, and merges in between.

A history is a list of steps that can be replayed, whole or in part, so that a failing one can be made small.
"""

from __future__ import annotations

import contextlib
import io
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from artui import clock
from artui.catalog import (
    Catalog,
    artifacts,
    blobs,
    collecting,
    context,
    events,
    forgetting,
    importing,
    logical,
    opening,
    origins,
    points,
    releasing,
    retention,
    runs,
    windows,
)
from artui.catalog.artifacts import NewFile, NewVersion
from artui.catalog.deployments import find_deployment
from artui.catalog.merging import undoing
from artui.catalog.merging.merge import merge
from artui.errors import ArtuiError
from artui.model import FACTS
from artui.model.criteria import SUBJECTS, Criterion
from artui.model.deployments import REASONS
from artui.model.tallies import Tally
from artui.profile.building import Builder

START_MS = 1_790_000_000_000
HOUR_MS = 3_600_000


class Step(NamedTuple):
    """One thing that is done to one catalog."""

    box: int
    what: str
    seed: int


class World:
    """Some catalogs and their clocks, which differ by up to an hour."""

    def __init__(self, folder: Path, count: int, monkeypatch: pytest.MonkeyPatch, *, skews: Sequence[int]) -> None:
        self.folder = folder
        self.paths = [folder / f"box-{number}.artui" for number in range(count)]
        self._skews = skews
        self._now_ms = START_MS
        self._box = 0
        monkeypatch.setattr(clock, "now_ms", lambda: self._now_ms + self._skews[self._box])
        monkeypatch.setattr(events, "author", lambda: f"person-{self._box}@box-{self._box}")
        # What is freed is overwritten by SQLite anyway: writing each file anew would be most of the time.
        monkeypatch.setattr(Catalog, "vacuum", lambda self: None)
        self.catalogs: list[Catalog] = []
        for number, path in enumerate(self.paths):
            self._box = number
            self.catalogs.append(Catalog(path))

    def do(self, step: Step) -> None:
        """Do a step; what cannot be done, such as to finish a run where there is none, is left out."""
        self._box = step.box
        chance = random.Random(step.seed)
        self._now_ms += chance.choice((0, 1, 1, 40, 5_000, 600_000))
        with contextlib.suppress(ArtuiError, _Nothing):
            getattr(self, f"_do_{step.what}")(self.catalogs[step.box], chance)

    def close(self) -> None:
        """Close all catalogs, each of which is one plain file then."""
        for number, catalog in enumerate(self.catalogs):
            self._box = number
            catalog.close()

    @contextlib.contextmanager
    def elsewhere(self) -> Iterator[None]:
        """Whatever is merged in the block is merged by somebody else, later."""
        self._now_ms += HOUR_MS
        self._box = 0
        yield

    # Programs

    def _do_start(self, catalog: Catalog, chance: random.Random) -> None:
        with catalog.transaction() as connection:
            parents = [row[0] for row in connection.execute("SELECT id FROM run ORDER BY id")]
            key = runs.start(connection, runs.NewRun(
                project=chance.choice(("p", "q")), name=chance.choice(("a", "b", "c")), params={"lr": chance.choice((0.1, 0.2)), "n": chance.randrange(3)},
                tags={"t": ""} if chance.random() < 0.3 else {}, parent_id=chance.choice(parents) if parents and chance.random() < 0.2 else None,
                started_ms=clock.now_ms(),
            ))  # fmt: skip
            context.put(connection, key, "seeds", {"python": chance.randrange(3)})
            _append(connection, key, chance)

    def _do_log(self, catalog: Catalog, chance: random.Random) -> None:
        with catalog.transaction() as connection:
            _append(connection, _one(connection, "SELECT key FROM run WHERE status = 0 ORDER BY id", chance), chance)

    def _do_log_much(self, catalog: Catalog, chance: random.Random) -> None:
        with catalog.transaction() as connection:
            _append(
                connection,
                _one(connection, "SELECT key FROM run WHERE status = 0 ORDER BY id", chance),
                chance,
                count=1_100,
            )

    def _do_finish(self, catalog: Catalog, chance: random.Random) -> None:
        with catalog.transaction() as connection:
            key = _one(connection, "SELECT key FROM run WHERE status = 0 ORDER BY id", chance)
            runs.finish(
                connection, key, status=chance.choice(("finished", "failed")), ended_ms=clock.now_ms(), duration_ms=5
            )

    def _do_resume(self, catalog: Catalog, chance: random.Random) -> None:
        with catalog.transaction() as connection:
            run_id = _one(connection, "SELECT id FROM run WHERE status <> 0 ORDER BY id", chance)
            run = runs.NewRun(
                project="p",
                name="a",
                id=run_id,
                params={"again": chance.randrange(2)},
                tags={"resumed": str(chance.randrange(2))},
            )
            _append(connection, runs.begin(connection, run, mode="resume"), chance)

    def _do_set(self, catalog: Catalog, chance: random.Random) -> None:
        with catalog.transaction() as connection:
            key = _one(connection, "SELECT key FROM run ORDER BY id", chance)
            kind = chance.randrange(3)
            if kind == 0:
                runs.set_params(
                    connection, key, {chance.choice(("lr", "phase")): chance.choice((0.1, "main", "warm", None))}
                )
            elif kind == 1:
                runs.set_tags(connection, key, {chance.choice("tu"): chance.choice(("", "x"))})
            else:
                context.put(connection, key, chance.choice(("seeds", "exit")), {"value": chance.randrange(3)})
                runs.recorded(connection, key)

    def _do_import(self, catalog: Catalog, chance: random.Random) -> None:
        """Import the same store as others do, which has grown by now or not."""
        number, count = chance.randrange(2), chance.randrange(1, 6)
        with catalog.transaction() as connection:
            run_id = importing.id_of("store", str(number))
            run = runs.NewRun(
                project="imported",
                name=f"i{number}",
                id=run_id,
                started_ms=START_MS - number,
                # What the store has at one time, and has no more at another.
                params={"lr": 0.5, "seen": count % 2} | ({"gone": 1} if count % 3 == 0 else {}),
                tags={"t": str(count)} | ({"v": "x"} if count > 3 else {}),
                source="mlflow",
            )
            key = importing.put_run(connection, run)
            connection.execute("DELETE FROM series WHERE run_key = ?", (key,))
            steps = np.arange(count, dtype=np.int64)
            importing.add_points(connection, key, "loss", "", steps, START_MS + steps, 1.0 / (steps + 1))
            importing.put_context(connection, key, importing.SUBJECT, {"format": "mlflow", "count": count})
            if count % 2:
                importing.put_context(connection, key, "remarks", [{"time_ms": START_MS, "text": f"{count} odd lines"}])
            importing.end_run(
                connection, key, status="finished", ended_ms=START_MS + 9, heard_ms=START_MS, deleted_ms=None, error=""
            )
            blob_key, digest, size = blobs.store(connection, io.BytesIO(b"i" * count))
            saved = importing.put_version(
                connection,
                NewVersion(
                    "imported",
                    "store-model",
                    "model",
                    "modelling",
                    [NewFile("m", size, digest, blob_key)],
                    created_ms=START_MS + number,
                ),
                identity=(str(number),),
            )
            importing.unlink_run(connection, key)
            importing.link_run(connection, "output", run_id, saved.key)
            if count > 2:
                importing.link_run(connection, "input", run_id, saved.key)
            importing.put_alias(connection, saved, "champion")
            importing.put_report(connection, "mlflow", "/store", {"count": count})

    def _do_monitor(self, catalog: Catalog, chance: random.Random) -> None:
        """Observe requests: a writer's windows grow, and a late truth adds no row."""
        with catalog.transaction() as connection:
            deployment = windows.deployment(connection, chance.choice(("p", "q")), "api/production")
            (origin,) = connection.execute("SELECT coalesce(max(id), '') FROM origin").fetchone()
            part = f"{self._box}-{chance.choice('ab')}-{origin}"
            begin_ms = START_MS + chance.randrange(3) * HOUR_MS
            revision = windows.last_revision(connection, deployment.key, part) + 1
            row = connection.execute(
                "SELECT row_count, content FROM profile WHERE version_key = ? AND part = ? AND from_ms = ?",
                (deployment.key, part, begin_ms),
            ).fetchone()
            count, tally = (row[0], windows.content_of(row[1]).tally) if row else (0, Tally())
            more = chance.randrange(12)
            tally = tally.added(Tally(requests=more, truths=1, pairs={(chance.choice("xy"), "x"): 1}))
            builder = Builder(["x", "card"])
            values = np.arange(count + more, dtype=np.float64)
            builder.add([values, ["gift"] * len(values)], len(values))
            new = windows.NewWindow(
                begin_ms, begin_ms + HOUR_MS, chance.choice(("", "card=gift")), builder.done(), tally
            )
            windows.put(connection, deployment.key, part, [new], revision=revision)

    def _do_save(self, catalog: Catalog, chance: random.Random) -> None:
        with catalog.transaction() as connection:
            content = chance.choice((b"one", b"two", b"three", b"four")) * chance.randrange(1, 3)
            blob_key, digest, size = blobs.store(connection, io.BytesIO(content))
            name, kind = chance.choice((("model", "model"), ("data", "dataset")))
            saved = artifacts.save(connection, NewVersion(
                chance.choice(("p", "q")), name, kind, "modelling", [NewFile("f", size, digest, blob_key)],
                metadata={"loss": chance.randrange(3)}, previews={"f": {"kind": "text", "n": chance.randrange(2)}},  # type: ignore[dict-item]
                created_ms=clock.now_ms(),
            ))  # fmt: skip
            with contextlib.suppress(_Nothing):
                run_key = _one(connection, "SELECT key FROM run ORDER BY id", chance)
                if chance.random() < 0.7:
                    artifacts.link(connection, "output", source_key=run_key, target_key=saved.key)
                else:
                    artifacts.link(connection, "input", source_key=saved.key, target_key=run_key)
            others = [
                row[0] for row in connection.execute("SELECT key FROM version WHERE key <> ? ORDER BY id", (saved.key,))
            ]
            if others and chance.random() < 0.3:
                artifacts.link(connection, "derived", source_key=chance.choice(others), target_key=saved.key)

    # People

    def _do_edit(self, catalog: Catalog, chance: random.Random) -> None:
        with catalog.transaction() as connection:
            run_ids = [row[0] for row in connection.execute("SELECT id FROM run ORDER BY id")]
        if not run_ids:
            return
        with events.editing(catalog, "an edit", why=chance.choice(("", "because"))) as edit:
            for run_id in chance.sample(run_ids, chance.randrange(1, min(3, len(run_ids)) + 1)):
                kind = chance.randrange(7)
                if kind == 0:
                    edit.set_note(run_id, chance.choice(("x", "y", "z", "")))
                elif kind == 1:
                    edit.rename(run_id, chance.choice(("n1", "n2")))
                elif kind == 2:
                    edit.move(run_id, chance.choice(("p", "q", "r")))
                elif kind == 3:
                    edit.tag(run_id, chance.choice("tu"), chance.choice(("", "v", "w")))
                elif kind == 4:
                    edit.untag(run_id, chance.choice("tu"))
                elif kind == 5:
                    edit.trash(run_id)
                else:
                    edit.restore(run_id)

    def _do_edit_version(self, catalog: Catalog, chance: random.Random) -> None:
        with catalog.transaction() as connection:
            version_id = _one(connection, "SELECT id FROM version ORDER BY id", chance)
        with events.editing(catalog, "an edit of a version") as edit:
            kind = chance.randrange(10)
            if kind < 3:
                edit.move_alias(version_id, chance.choice(("production", "champion")))
            elif kind == 3:
                edit.drop_alias(version_id, chance.choice(("production", "champion")))
            elif kind == 4:
                edit.retire(version_id)
            elif kind == 5:
                edit.reinstate(version_id)
            elif kind == 6:
                edit.delete_version(version_id)
            elif kind == 7:
                edit.restore_version(version_id)
            elif kind == 8:
                edit.approve(version_id)
            else:
                edit.declare(
                    version_id,
                    chance.choice(list(FACTS)[:2]),
                    chance.choice(("", "MIT", "BSD")),
                    is_of_version=chance.random() < 0.5,
                )

    def _do_judge(self, catalog: Catalog, chance: random.Random) -> None:
        """Require something, or let pass what misses it."""
        with catalog.transaction() as connection:
            version_id = _one(connection, "SELECT id FROM version ORDER BY id", chance)
        name, condition = chance.choice(("R1", "R2")), chance.choice(("loss < 1", "acc >= 0.5"))
        with events.editing(catalog, "a judgement", why=chance.choice(("", "because"))) as edit:
            kind = chance.randrange(4)
            if kind < 2:
                edit.set_criterion(version_id, Criterion(name, condition, chance.choice(SUBJECTS)))
            elif kind == 2:
                edit.drop_criterion(version_id, name)
            else:
                edit.waive(version_id, f"model/{name}", condition)

    def _do_serve(self, catalog: Catalog, chance: random.Random) -> None:
        """Release something, end it, go back, or note what went wrong."""
        place = chance.choice(("api/production", "batch/production", "api/staging"))
        with catalog.transaction() as connection:
            query = "SELECT v.id FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE a.kind <> 'deployment' ORDER BY v.id"
            version_id = _one(connection, query, chance)
            with events.editing(catalog, "serving", why=chance.choice(("", "because"))) as edit:
                kind = chance.randrange(8)
                if kind < 4:
                    releasing.deploy(
                        edit, connection, version_id, place, role=chance.choice(("live", "live", "live", "shadow", "challenger")), share=chance.choice((1.0, 1.0, 0.25)),
                        from_ms=chance.choice((None, None, START_MS)), reason=chance.choice(REASONS), project="p",
                    )  # fmt: skip
                elif kind == 4:
                    releasing.end(edit, connection, place)
                elif kind == 5:
                    releasing.roll_back(edit, connection, place)
                elif kind == 6:
                    releasing.note_incident(edit, connection, place, chance.choice(("slow", "wrong")))
                else:
                    found = find_deployment(connection, place)
                    for noted in found.incidents[:1]:
                        releasing.change_incident(
                            edit, found, noted.incident, closed_ms=clock.now_ms(), cause=chance.choice(("", "load"))
                        )

    def _do_view(self, catalog: Catalog, chance: random.Random) -> None:
        with events.editing(catalog, "a view") as edit:
            if chance.random() < 0.7:
                edit.save_view(chance.choice("vw"), "runs", f'{{"where": "{chance.randrange(3)}"}}')
            else:
                edit.delete_view(chance.choice("vw"))

    def _do_undo(self, catalog: Catalog, chance: random.Random) -> None:
        if chance.random() < 0.6:
            events.undo(catalog)
        else:
            events.redo(catalog)

    def _do_take_out(self, catalog: Catalog, chance: random.Random) -> None:
        """Take out what came from another file: that it is of the same installation does not count here."""
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(origins, "installation", lambda: "")
            with catalog.transaction() as connection:
                query = "SELECT id FROM origin WHERE key <> (SELECT origin_key FROM catalog) ORDER BY id"
                origin_id = _one(connection, query, chance)
            undoing.take_out(catalog, origin_id)

    def _do_forget(self, catalog: Catalog, chance: random.Random) -> None:
        with catalog.transaction() as connection:
            table = chance.choice(("run", "version"))
            thing_id = _one(connection, f"SELECT id FROM {table} ORDER BY id", chance)
        (forgetting.forget_run if table == "run" else forgetting.forget_version)(catalog, thing_id)

    def _do_collect(self, catalog: Catalog, chance: random.Random) -> None:
        with catalog.transaction() as connection:
            going = retention.removable(connection, before_ms=clock.now_ms())
            going_runs = retention.runs_with_points(connection, before_ms=clock.now_ms())
        collecting.remove_content(catalog, going[:1], before_ms=clock.now_ms())
        collecting.remove_points(catalog, going_runs[:1], before_ms=clock.now_ms())
        collecting.remove_unnamed(catalog)

    # Files

    def _do_copy(self, catalog: Catalog, chance: random.Random) -> None:
        """Put a copy of this catalog in the place of another one, which had nothing of its own."""
        other = chance.randrange(len(self.paths))
        if other == self._box or _is_used(self.catalogs[other]):
            return
        box = self._box
        catalog.close()
        self.catalogs[other].close()
        shutil.copyfile(self.paths[box], self.paths[other])
        self.catalogs[box] = Catalog(self.paths[box])
        self._box = other
        self.catalogs[other] = Catalog(self.paths[other])
        self._box = box

    def _do_merge(self, catalog: Catalog, chance: random.Random) -> None:
        others = [path for path in self.paths if path != self.paths[self._box]]
        merge(catalog, [chance.choice(others)])


class _Nothing(Exception):
    """There is nothing to do it to."""


def _is_used(catalog: Catalog) -> bool:
    with catalog.transaction() as connection:
        return any(
            connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in ("run", "event", "version")
        )


def _one(connection: Any, query: str, chance: random.Random) -> Any:
    rows = connection.execute(query).fetchall()
    if not rows:
        raise _Nothing
    return chance.choice(rows)[0]


def _append(connection: Any, key: int, chance: random.Random, count: int = 0) -> None:
    name = runs.name_key(connection, chance.choice(("loss", "acc")))
    row = connection.execute("SELECT count FROM series WHERE run_key = ? AND name_key = ?", (key, name)).fetchone()
    begin = row[0] if row else 0
    steps = np.arange(begin, begin + (count or chance.randrange(1, 5)), dtype=np.int64)
    values = np.array([chance.choice((0.5, 1.0, 2.0, float("nan"), -0.0)) for _ in steps])
    points.append(
        connection, key, name, "", steps, clock.now_ms() + steps, values, origin_key=runs.other_origin(connection, key)
    )


WEIGHTS = {
    "start": 5, "log": 8, "log_much": 1, "finish": 4, "resume": 2, "set": 5, "import": 3, "save": 6, "edit": 12, "edit_version": 10, "view": 2, "undo": 4,
    "forget": 1, "collect": 1, "copy": 2, "merge": 5, "take_out": 2,
}  # fmt: skip

REMOVALS = {
    "start": 4, "log": 5, "finish": 3, "resume": 4, "import": 5, "save": 4, "edit": 10, "edit_version": 6, "undo": 3, "forget": 2, "collect": 9, "copy": 2,
    "merge": 8,
}  # fmt: skip
"""In every fourth history much is taken out, and comes back from its source."""


JUDGING = WEIGHTS | {"judge": 12, "save": 8}
"""In every eighth there are requirements, too."""
SERVING = WEIGHTS | {"serve": 14, "save": 8}
"""In every eighth versions are released."""


MONITORING = WEIGHTS | {"monitor": 14}
"""In every eighth there are deployments that are observed."""


def history(seed: int, *, boxes: int = 3, steps: int = 24) -> list[Step]:
    """Give the steps of a random history."""
    chance = random.Random(seed)
    special = {1: SERVING, 5: JUDGING, 6: MONITORING}
    weights = special.get(seed % 8) or (REMOVALS if seed % 4 == 3 else WEIGHTS)
    kinds = chance.choices(list(weights), list(weights.values()), k=steps)
    return [Step(chance.randrange(boxes), kind, chance.getrandbits(32)) for kind in kinds]


def skews(seed: int, boxes: int = 3) -> list[int]:
    """Give by how much the clock of each box is off."""
    chance = random.Random(seed + 1)
    return [chance.choice((0, -HOUR_MS, HOUR_MS, chance.randrange(-HOUR_MS, HOUR_MS))) for _ in range(boxes)]


def merged(folder: Path, name: str, paths: Sequence[Path]) -> Path:
    """Merge some catalogs into a new one, one after the other."""
    target = folder / f"{name}.artui"
    with Catalog(target) as catalog:
        merge(catalog, paths)
    return target


def parts(path: Path) -> dict[str, str]:
    """Give the digests of what a catalog holds."""
    connection = opening.connect(opening.inspect(path))
    try:
        return logical.digests(connection)
    finally:
        opening.disconnect(connection)


def smaller(steps: list[Step], fails: Callable[[list[Step]], bool]) -> list[Step]:
    """Leave steps out of a failing history, as long as it fails."""
    size = max(1, len(steps) // 2)
    while size:
        place = 0
        while place < len(steps):
            fewer = steps[:place] + steps[place + size :]
            if fewer and fails(fewer):
                steps = fewer
            else:
                place += size
        size //= 2
    return steps
