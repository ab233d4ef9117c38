"""Windows that were gathered go into the catalog: rows of the deployment, and series of the run that observes it.

Who writes is one for each catalog and deployment of a user: a run of the stage operations, whose id names the rows that it wrote. What
is to be known from one time to the next lies in the user's state folder: this id, how often it wrote, and the predictions
that wait for their truth. A catalog that was put back to an earlier state gets another writer.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import struct
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from artui import clock
from artui.capture.monitoring.gathering import Key, OpenWindow
from artui.capture.monitoring.places import Place, keep_state, read_state
from artui.catalog import Catalog, artifacts, context, deployments, origins, points, runs, windows
from artui.catalog.ids import new_id
from artui.catalog.windows import NewWindow
from artui.model.tallies import Tally
from artui.model.windows import LIVE, SERVE, latency_factor
from artui.profile import packing, windowed
from artui.profile.column import Profile
from artui.settings import private_folder

if TYPE_CHECKING:
    from artui.catalog.artifacts import Saved

INPUTS = "inputs"
"""The subject of a run's context that says which files were taken."""
MOST_INPUTS = 2_000
FOLDED = "folded"
"""The subject that says which files of observations were folded last: what could not be removed then is not folded again."""
MOST_FOLDED = 200
_FINE_COLUMNS = 1_500
"""So many columns of windows that were written are kept as fine as they were counted, for when these grow: of the newest ones."""
_FINE = "fine"
_REVISION = struct.Struct("<q")
PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


class Writer:
    """Writes windows of one deployment; to be used while it is `held`."""

    def __init__(self, place: Place, window_ms: int) -> None:
        self.window_ms = window_ms
        """How long its windows are: windows of another length are written by another."""
        self._place = place
        self._file = f"writer-{window_ms}.json"
        self._state: dict[str, Any] = {}
        self._fine: dict[Key, tuple[int, Profile]] = {}
        """Windows that were written lately: with which revision, and as they were counted."""

    def write(
        self, gathered: Mapping[Key, OpenWindow], roles: Mapping[str, str], *, inputs: Mapping[str, str] | None = None,
        kept: Sequence[int] = (), folded: Sequence[str] = (), is_last: bool = True,
    ) -> None:  # fmt: skip
        """Write windows, all or none.

        Args:
            inputs: the files whose rows these are, by digest.
            kept: keys of versions that hold the raw rows.
            folded: ids of the files of observations that these are.
            is_last: whether windows that are still open get their points, too.
        """
        if not gathered and not inputs and not kept and not folded:
            return
        self._state = read_state(self._place.folder / self._file)  # others write in between
        with Catalog(self._place.catalog) as catalog, catalog.transaction() as connection:
            saved = windows.deployment(connection, self._place.project, self._place.deployment)
            part, revision = self._turn(connection, saved)
            run_key = self._run(connection, saved, part)
            gathered = {
                (from_ms, windows.slice_name(connection, slice_)): window
                for (from_ms, slice_), window in gathered.items()
            }
            new = [self._new(connection, saved.key, part, key, window, roles) for key, window in sorted(gathered.items())]  # fmt: skip
            windows.put(connection, saved.key, part, new, revision=revision)
            unsaid = self._unsaid() | {(one.from_ms, one.slice) for one in new}
            said = {key for key in unsaid if is_last or key[0] + self.window_ms <= clock.now_ms()}
            _append_points(connection, run_key, saved.key, part, said, self.window_ms)
            if folded:
                known = context.get(connection, run_key, FOLDED)
                context.put(connection, run_key, FOLDED, [*(known if isinstance(known, list) else []), *folded][-MOST_FOLDED:])  # fmt: skip
            if inputs:
                _note_inputs(connection, run_key, inputs)
            for key in kept:
                artifacts.link(connection, "input", source_key=key, target_key=run_key)
            now_ms = clock.now_ms()
            (started_ms,) = connection.execute("SELECT started_ms FROM run WHERE key = ?", (run_key,)).fetchone()
            runs.finish(connection, run_key, status="finished", ended_ms=now_ms, duration_ms=max(0, now_ms - started_ms))  # fmt: skip
        # What no row says cannot be found again there.
        self._state = {"part": part, "revision": revision if new else revision - 1, "unsaid": sorted(unsaid - said)}
        keep_state(self._place.folder / self._file, self._state)
        self._place.remember_window(self.window_ms)
        self._keep_fine(new, revision)

    def say_closed(self, *, is_last: bool) -> None:
        """Append the points of windows that have closed since they were written."""
        now_ms, self._state = clock.now_ms(), read_state(self._place.folder / self._file)
        if not any(is_last or from_ms + self.window_ms <= now_ms for from_ms, _ in self._unsaid()):
            return
        with Catalog(self._place.catalog, create=False) as catalog, catalog.transaction() as connection:
            part = str(self._state.get("part"))
            row = connection.execute("SELECT key FROM run WHERE id = ?", (part,)).fetchone()
            said = {key for key in self._unsaid() if is_last or key[0] + self.window_ms <= now_ms}
            if row is not None:
                saved = windows.deployment(connection, self._place.project, self._place.deployment)
                _append_points(connection, int(row[0]), saved.key, part, said, self.window_ms)
                runs.recorded(connection, int(row[0]))
        self._state["unsaid"] = sorted(self._unsaid() - said)
        keep_state(self._place.folder / self._file, self._state)

    def _unsaid(self) -> set[Key]:
        """Give the windows whose points are to be written when they close."""
        unsaid = self._state.get("unsaid")
        rows = unsaid if isinstance(unsaid, list) else []
        return {(row[0], row[1]) for row in rows if isinstance(row, list | tuple) and len(row) == 2 and isinstance(row[0], int)}  # fmt: skip

    def _keep_fine(self, new: Sequence[NewWindow], revision: int) -> None:
        """Keep the newest windows as they were counted, here and for the next process: what is packed again and again blurs."""
        for window in new:
            self._fine.pop((window.from_ms, window.slice), None)
            if window.sketch is None:
                self._fine[window.from_ms, window.slice] = revision, window.profile
        while sum(len(profile.columns) for _, profile in self._fine.values()) > _FINE_COLUMNS:
            del self._fine[min(self._fine)]
        folder = private_folder(self._place.folder / _FINE)
        for key, (written, profile) in self._fine.items():
            if written == revision:
                (folder / self._fine_name(key)).write_bytes(_REVISION.pack(revision) + packing.packed(profile))
        if self._fine:
            oldest = min(self._fine)[0]
            for path in folder.glob(f"{self.window_ms}-*"):
                if int(path.name.split("-")[1]) < oldest:
                    path.unlink(missing_ok=True)

    def _fine_name(self, key: Key) -> str:
        digest = hashlib.blake2b(key[1].encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        return f"{self.window_ms}-{key[0]}-{digest}"

    def _as_counted(self, key: Key, revision: int) -> Profile | None:
        """Give a window as it was counted when it was written so; None if that is not known any more."""
        if key in self._fine:
            written, profile = self._fine[key]
            return profile if written == revision else None
        try:
            content = (self._place.folder / _FINE / self._fine_name(key)).read_bytes()
            (written,) = _REVISION.unpack_from(content)
            return packing.unpacked(content[_REVISION.size :]) if written == revision else None
        except (OSError, ValueError, struct.error):
            return None

    def folded(self, ids: Sequence[str]) -> set[str]:
        """Give which files of observations were folded already."""
        return self._named_in(FOLDED, ids)

    def inputs_taken(self, digests: Sequence[str]) -> set[str]:
        """Give which of some files were taken already, by whoever observes this deployment."""
        return self._named_in(INPUTS, digests)

    def _named_in(self, subject: str, names: Sequence[str]) -> set[str]:
        """Give which names stand under a subject of a run that observes this deployment."""
        if not self._place.catalog.exists():
            return set()
        with Catalog(self._place.catalog, create=False) as catalog, catalog.transaction() as connection:
            version_id = deployments.deployment_id(self._place.project, self._place.deployment)
            found: set[str] = set()
            for (run_key,) in connection.execute(_OBSERVERS, {"id": version_id}).fetchall():
                known = context.get(connection, run_key, subject)
                found |= set(known if isinstance(known, dict | list) else ()) & set(names)
            return found

    def _turn(self, connection: sqlite3.Connection, saved: Saved) -> tuple[str, int]:
        """Give who writes, and how often it will have written."""
        part, revision = self._state.get("part"), self._state.get("revision")
        if isinstance(part, str) and isinstance(revision, int) and windows.last_revision(connection, saved.key, part) == revision:  # fmt: skip
            return part, revision + 1
        return new_id(), 1

    def _run(self, connection: sqlite3.Connection, saved: Saved, part: str) -> int:
        """Give the run that observes, which is made with its first windows."""
        row = connection.execute("SELECT key FROM run WHERE id = ?", (part,)).fetchone()
        if row is not None:
            return int(row[0])
        user, _, host = origins.author().partition("@")
        run = runs.NewRun(
            self._place.project, self._place.deployment, id=part, stage="operations", tags={"monitor": ""}, user=user, host=host
        )  # fmt: skip
        key = runs.start(connection, run)
        artifacts.link(connection, "input", source_key=saved.key, target_key=key)
        return key

    def _new(
        self, connection: sqlite3.Connection, version_key: int, part: str, key: Key, window: OpenWindow, roles: Mapping[str, str]
    ) -> NewWindow:  # fmt: skip
        """Put what was gathered to what this writer wrote of the window before."""
        from_ms, slice_ = key
        before = windows.find(connection, version_key, part, from_ms, slice_)
        profile = window.profile()
        tally, sketch, rows = window.tally, None, 0
        if before is not None:
            tally = before.content.tally.added(tally)
            roles = {**before.content.roles, **roles}
            if profile is None:
                sketch, rows = before.sketch, before.rows
            elif (counted := self._as_counted(key, before.content.revision)) is not None:
                profile = counted.merged(profile)
            else:
                with contextlib.suppress(ValueError):
                    profile = windowed.unpacked(before.sketch).profile().merged(profile)
        return NewWindow(from_ms, from_ms + self.window_ms, slice_, profile or Profile(0, ()), tally, dict(roles), sketch, rows)  # fmt: skip


_OBSERVERS = """
    SELECT e.target_key
    FROM version AS v
    JOIN edge AS e ON e.source_key = v.key AND e.relation = 1
    WHERE v.id = :id
    ORDER BY e.target_key
"""


def _note_inputs(connection: sqlite3.Connection, run_key: int, inputs: Mapping[str, str]) -> None:
    known = context.get(connection, run_key, INPUTS)
    every = {**(known if isinstance(known, dict) else {}), **inputs}
    context.put(connection, run_key, INPUTS, dict(list(every.items())[-MOST_INPUTS:]))


# Series


def _append_points(
    connection: sqlite3.Connection, run_key: int, version_key: int, part: str, changed: set[Key], window_ms: int
) -> None:
    """Append a point of each series for each window that changed.

    The newest one of each slice comes last again, so that what a series says last is what was last.
    """
    by_slice: dict[str, list[int]] = {}
    for from_ms, slice_ in changed:
        by_slice.setdefault(slice_, []).append(from_ms)
    for slice_, starts in by_slice.items():
        newest = windows.newest(connection, version_key, part, slice_)
        rows: dict[str, list[tuple[int, int, float]]] = {}
        for from_ms in sorted({*starts, *([newest] if newest is not None else [])}):
            stored = windows.find(connection, version_key, part, from_ms, slice_)
            if stored is None:
                continue
            for name, value in series_of(stored.content.tally, stored.sketch, stored.content.roles, window_ms).items():
                rows.setdefault(name, []).append((from_ms // window_ms, from_ms, value))
        origin_key = runs.other_origin(connection, run_key)
        for name, triples in rows.items():
            steps, times, values = (np.array(column) for column in zip(*triples, strict=True))
            points.append(
                connection, run_key, runs.name_key(connection, name), f"slice={slice_}" if slice_ else "", steps.astype(np.int64),
                times.astype(np.int64), values.astype(np.float64), origin_key=origin_key,
            )  # fmt: skip


def series_of(tally: Tally, sketch: bytes, roles: Mapping[str, str], window_ms: int) -> dict[str, float]:
    """Give the values of a window by the names of their series."""
    said = {f"{SERVE}requests": float(tally.requests), f"{SERVE}throughput": tally.requests / (window_ms / 1000)}
    if tally.statuses:
        said[f"{SERVE}errors"] = float(tally.errors)
        said[f"{SERVE}error_rate"] = tally.errors / tally.statuses
    if (name := roles.get("latency")) is not None:
        said |= _latencies(sketch, name)
    return said | {f"{LIVE}{name}": value for name, value in tally.metrics.items()}


def _latencies(sketch: bytes, name: str) -> dict[str, float]:
    try:
        unpacked = windowed.unpacked(sketch)
        column = unpacked.column(name)
    except ValueError:
        return {}
    if column is None or not column.numbers.count:
        return {}
    values = column.numbers.quantiles(*PERCENTILES.values())
    factor = latency_factor(name)
    return {f"{SERVE}latency.{word}": value * factor for word, value in zip(PERCENTILES, values, strict=True)}
