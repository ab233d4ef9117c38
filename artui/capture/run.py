"""A run, as the training script sees it.

    with artui.start_run(project="digits", params={"lr": 0.01}, tags=["baseline"]) as run:
        data = run.use("digits-split:latest")
        run.log({"train/loss": 0.31, "val/acc": 0.94}, step=12)
        run.save("digits-model", "model.safetensors", kind="model", alias="candidate")

Logging never raises into the loop: what cannot be recorded is told once on stderr and counted. Only `use`,
which has to give something back, raises.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from artui.capture import writer as writers
from artui.capture.names import new_name
from artui.capture.writer import MAX_WAITING_POINTS, Writer, guarded, warn
from artui.catalog import artifacts, events, points, runs
from artui.catalog.artifacts import NewVersion, Saved
from artui.catalog.finding import find_catalog
from artui.catalog.ids import new_id
from artui.errors import CatalogError, UsageError
from artui.model import KINDS, STAGES, Relation
from artui.reference import check_alias, check_name, parse

_HEARTBEAT_MS = int(writers.HEARTBEAT_SECONDS * 1000)
_MAX_ERROR_CHARS = 20_000
_INT64 = 1 << 63
_BETWEEN_VERSIONS = ("derived", "trained", "satisfies")

Row = tuple[int, int, tuple[tuple[str, float], ...]]
"""(step, time in ms, (name, value) pairs) of one call to `log`."""


def start_run(
    *,
    project: str = "default",
    name: str | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Iterable[str] | Mapping[str, str] = (),
    note: str = "",
    stage: str = "modelling",
    parent: Run | str | None = None,
    catalog: str | os.PathLike[str] | None = None,
) -> Run:
    """Start a run; as a context manager it ends with its block.

    Args:
        project: groups runs and artifacts.
        name: made up when there is none; need not be unique.
        params: nested values are flattened with dots; numbers, texts, bools and JSON keep their type.
        tags: labels, or a mapping of labels to values.
        stage: `requirements`, `data`, `modelling` or `operations`.
        parent: a run, or its id, that this one is part of.
        catalog: the file; else `ARTUI_CATALOG`, the nearest `*.artui` upwards, or the user's default.
    """
    run = Run(project=project, name=name or new_name())
    with guarded("starting the run (it is not recorded)"):
        run._start(catalog=catalog, params=params or {}, tags=tags, note=note, stage=stage, parent=parent)
    return run


class Run:
    """One execution that is being recorded."""

    def __init__(self, *, project: str, name: str) -> None:
        self.id = new_id()
        self.project = project
        self.name = name
        self.stage = "modelling"
        self.is_recorded = False
        """False when the catalog could not be written to at the start: then nothing of this run is kept."""
        self._writer: Writer | None = None
        self._key = 0
        self._pid = os.getpid()
        self._rows: list[Row] = []
        self._rows_lock = threading.Lock()
        self._fold_lock = threading.RLock()
        self._waiting_points = 0
        self._dropped_points = 0
        self._next_step = 0
        self._beat_ms = 0
        self._names: dict[str, int] = {}
        self._started = time.monotonic()
        self._has_environment = False
        self._is_finished = False
        self._is_open = False

    @property
    def catalog_path(self) -> Path | None:
        """The file that the run is written to; None when it is not recorded."""
        return self._writer.catalog.path if self._writer else None

    def _start(self, *, catalog: str | os.PathLike[str] | None, params: Mapping[str, Any], tags: Iterable[str] | Mapping[str, str], note: str, stage: str, parent: Run | str | None) -> None:  # fmt: skip
        from artui.capture.environment import surroundings

        if stage not in STAGES:
            raise UsageError(f"{stage!r} is not a stage.", remedy=f"Use one of {', '.join(STAGES)}.")
        check_name(self.project, what="a project")
        self.stage = stage
        if catalog is None and isinstance(parent, Run):
            catalog = parent.catalog_path
        around = surroundings()
        new = runs.NewRun(
            project=self.project, name=runs.storable(self.name), id=self.id, stage=stage, parent_id=parent.id if isinstance(parent, Run) else parent,
            note=runs.storable(note), user=around.user, host=around.host, git_commit=around.git.commit, git_branch=around.git.branch,
            git_is_dirty=around.git.is_dirty, python=around.python, directory=runs.storable(around.directory),
            command=[runs.storable(part) for part in around.command], params=runs.flatten(params), tags=_tag_values(tags),
        )  # fmt: skip
        writer = writers.acquire(find_catalog(catalog)[0])
        try:
            with writer.catalog.transaction() as connection:
                self._key = runs.start(connection, new)
        except BaseException:
            writers.release(writer)
            raise
        self._writer = writer
        self.is_recorded = self._is_open = True
        self._beat_ms = new.started_ms
        writer.add(self)
        writers.on_exit.append(self._end_at_exit)
        _watch_signals()

    def log(self, values: Mapping[str, Any], step: int | None = None) -> None:
        """Log metrics: numbers by name, measured at one step. NaN and infinities are kept as such.

        Without a step, calls are counted from where the last step was. Nested mappings are flattened with `/`.
        """
        if not self._is_open:
            self._recording("logging metrics")
            return
        try:
            if step is None:
                step = self._next_step
            elif type(step) is not int:
                step = _step(step)
            if not -_INT64 <= step < _INT64:
                step = max(-_INT64, min(_INT64 - 1, step))
            self._next_step = step + 1
            pairs = tuple(values.items())
            for name, value in pairs:
                if type(value) is not float or type(name) is not str:
                    pairs = tuple(_numbers(values))
                    break
            row = (step, time.time_ns() // 1_000_000, pairs)
            with self._rows_lock:
                if self._waiting_points > MAX_WAITING_POINTS:
                    self._dropped_points += len(pairs)
                    return
                self._rows.append(row)
                self._waiting_points += len(pairs)
        except Exception as error:  # noqa: BLE001 - a training loop must not die of its log
            warn(
                f"log: {type(error).__name__}",
                f"log() was given something that is no metric: {ascii(str(error))[:200]}",
            )

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Add params that were not known at the start."""
        if writer := self._recording("adding params"):
            with guarded("adding params"), writer.catalog.transaction() as connection:
                runs.set_params(connection, self._key, runs.flatten(params))

    def add_tags(self, *tags: str) -> None:
        """Add labels."""
        if writer := self._recording("adding tags"):
            with guarded("adding tags"), writer.catalog.transaction() as connection:
                runs.set_tags(connection, self._key, _tag_values(tags))

    def set_note(self, text: str) -> None:
        """Replace the note."""
        if writer := self._recording("writing the note"):
            with guarded("writing the note"):
                events.set_note(writer.catalog, self.id, runs.storable(text))

    def set_alias(self, reference: str, alias: str) -> None:
        """Let an alias name a version from now on; whatever it named before loses it."""
        if writer := self._recording(f"setting alias {alias!r}"):
            with guarded(f"setting alias {alias!r}"), writer.catalog.transaction() as connection:
                found = artifacts.find_version(connection, parse(reference), project=self.project)
                events.move_alias(writer.catalog, found.id, check_alias(alias))

    def use(
        self,
        reference: str,
        *,
        path: str | os.PathLike[str] | None = None,
        kind: str = "dataset",
        stage: str | None = None,
    ) -> Path:
        """Note a version as an input, and give a local path to its content.

        With `path`, what lies there becomes the artifact's newest version first, unless it is that already.
        A version of one file gives that file, any other a folder. Content that is in the catalog is given as a
        copy in the user's cache: do not change it.

        Raises:
            UnknownReference, AmbiguousReference: there is no such version, or more than one.
            ContentMissing: its bytes are not in the catalog and not where it says they are.
            CatalogError: the run is not recorded, so there is no catalog to ask.
        """
        from artui.settings import cache_folder

        writer = self._writer
        if writer is None:
            raise CatalogError(
                "This run is not recorded, so there is no catalog to take inputs from.",
                remedy="See the warning at its start.",
            )
        if path is not None:
            name = parse(reference).name
            saved = self._save(
                writer, name, Path(path), kind=kind, stage=stage or _stage_of(kind, "data"), relation="input"
            )
            reference = f"{name}:v{saved.number}"
        with writer.catalog.transaction() as connection:
            found = artifacts.find_version(connection, parse(reference), project=self.project)
            local = Path(path) if path is not None else artifacts.fetch(connection, found, cache_folder())
            artifacts.link(connection, "input", source_key=found.key, target_key=self._key)
        return local

    def save(
        self,
        name: str,
        path: str | os.PathLike[str],
        *,
        kind: str = "model",
        stage: str | None = None,
        alias: str | Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        note: str = "",
        related: Mapping[str, Relation] | None = None,
    ) -> str | None:
        """Save a file or folder as a new version of an artifact, and note it as an output.

        Content that is the newest version already makes no other. `related` names versions that this one rests
        on, with how: `derived`, `trained` or `satisfies`. Gives the version's reference, such as
        `digits-model:v3`; None when it could not be saved.
        """
        writer = self._recording(f"saving {name!r}")
        reference: str | None = None
        if writer is not None:
            with guarded(f"saving {name!r}"):
                saved = self._save(
                    writer, name, Path(path), kind=kind, stage=stage or _stage_of(kind, self.stage), relation="output",
                    metadata=metadata or {}, note=note, related=related or {},
                    aliases=[alias] if isinstance(alias, str) else list(alias),
                )  # fmt: skip
                reference = f"{name}:v{saved.number}"
        return reference

    def _save(self, writer: Writer, name: str, path: Path, *, kind: str, stage: str, relation: Relation, metadata: Mapping[str, Any] | None = None, note: str = "", related: Mapping[str, Relation] | None = None, aliases: Sequence[str] = ()) -> Saved:  # fmt: skip
        from artui.capture import files
        from artui.settings import load_settings

        for alias in aliases:
            check_alias(alias)
        for how in (related or {}).values():
            if how not in _BETWEEN_VERSIONS:
                raise UsageError(
                    f"{how!r} is no relation between versions.", remedy=f"Use one of {', '.join(_BETWEEN_VERSIONS)}."
                )
        entries = files.listed(path)
        embed = files.size_of(entries) <= load_settings().embed_limit_bytes
        with writer.catalog.transaction() as connection:
            gathered = files.gather(connection, entries, embed=embed)
            for skipped in gathered.skipped:
                warn(f"skipped {skipped}", f"{name}: left out {skipped!a}")
            saved = artifacts.save(
                connection,
                NewVersion(
                    project=self.project, name=name, kind=kind, stage=stage, files=gathered.files, storage="embedded" if embed else "referenced",
                    location=os.path.abspath(path), host=_host(), note=note, metadata=metadata or {}, previews=gathered.previews,
                ),
            )  # fmt: skip
            if relation == "output":
                artifacts.link(connection, "output", source_key=self._key, target_key=saved.key)
            for text, how in (related or {}).items():
                other = artifacts.find_version(connection, parse(text), project=self.project)
                artifacts.link(connection, how, source_key=other.key, target_key=saved.key)
            for alias in aliases:
                events.move_alias(writer.catalog, saved.id, alias)
        return saved

    def fold(self) -> None:
        """Write what has gathered since the last time. Called by the writer's thread and at the end."""
        writer = self._writer
        if writer is None or os.getpid() != self._pid:
            return
        with self._fold_lock:
            with self._rows_lock:
                rows, self._rows = self._rows, []
                taken, self._waiting_points = self._waiting_points, 0
            try:
                self._write(writer, rows)
            except BaseException:
                with self._rows_lock:
                    self._rows = rows + self._rows
                    self._waiting_points += taken
                raise

    def _write(self, writer: Writer, rows: list[Row]) -> None:
        now_ms = time.time_ns() // 1_000_000
        if not rows and now_ms - self._beat_ms < _HEARTBEAT_MS and self._has_environment:
            return
        series: dict[str, list[tuple[int, int, float]]] = {}
        for step, time_ms, pairs in rows:
            for name, value in pairs:
                series.setdefault(name, []).append((step, time_ms, value))
        environment: bytes | None = None
        if not self._has_environment:
            # Once: an environment that cannot be described must not cost the points.
            self._has_environment = True
            with guarded("describing the environment"):
                environment = _environment_bytes()
        known: dict[str, int] = {}
        with writer.catalog.transaction() as connection:
            for name, triples in series.items():
                key = self._names.get(name) or runs.name_key(connection, name)
                points.append(connection, self._key, key, "", *points.pack(triples))
                known[name] = key
            runs.beat(connection, self._key, now_ms)
            if environment is not None:
                self._write_environment(connection, environment)
        # Not before the transaction has held: keys that were rolled back are somebody else's later.
        self._names.update(known)
        self._beat_ms = now_ms

    def _write_environment(self, connection: Any, content: bytes) -> None:
        import io

        from artui.catalog import blobs
        from artui.preview import preview

        blob_key, digest, size_bytes = blobs.store(connection, io.BytesIO(content))
        file = artifacts.NewFile("environment.json", size_bytes, digest, blob_key, "application/json")
        saved = artifacts.save(
            connection,
            NewVersion(
                project=self.project, name="environment", kind="environment", stage="modelling", files=[file], host=_host(),
                previews={file.path: preview(file.path, io.BytesIO(content), size_bytes)},
            ),
        )  # fmt: skip
        artifacts.link(connection, "input", source_key=saved.key, target_key=self._key)

    def finish(self, status: str = "finished", *, error: str = "") -> None:
        """End the run. Again does nothing."""
        writer = self._writer
        if self._is_finished or writer is None or os.getpid() != self._pid:
            return
        self._is_finished = True
        self._is_open = False
        with contextlib.suppress(ValueError):
            writers.on_exit.remove(self._end_at_exit)
        writer.remove(self)
        with guarded("writing the last points"):
            self.fold()
        with guarded("ending the run"), writer.catalog.transaction() as connection:
            runs.finish(
                connection, self._key, status=status, ended_ms=time.time_ns() // 1_000_000,
                duration_ms=round(1000 * (time.monotonic() - self._started)), error=runs.storable(error)[:_MAX_ERROR_CHARS],
            )  # fmt: skip
        if self._dropped_points:
            warn(
                "dropped",
                f"{self.name}: {self._dropped_points:,} points were dropped, since the catalog could not be written to.",
            )
        writers.release(writer)

    def _end_at_exit(self) -> None:
        # An exception that ended the program is known to the interpreter by now.
        fault = getattr(sys, "last_value", None)
        self.finish(
            "failed" if fault is not None else "finished",
            error=_error_text(fault) if fault is not None else "",
        )

    def _recording(self, doing: str) -> Writer | None:
        """Give the writer for a change, or None, and tell why, when there is nothing to write to."""
        if self._writer is not None and not self._is_finished and os.getpid() == self._pid:
            return self._writer
        why = (
            "has ended"
            if self._is_finished
            else "is not recorded"
            if self._writer is None
            else "belongs to the parent process"
        )
        warn(f"not recorded: {why}", f"{doing} came to nothing: the run {why}.")
        return None

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if fault is None or (isinstance(fault, SystemExit) and not fault.code):
            self.finish()
        elif isinstance(fault, KeyboardInterrupt):
            self.finish("killed", error="interrupted from the keyboard")
        else:
            self.finish("failed", error=_error_text(fault))


def _numbers(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, float]]:
    for name, value in values.items():
        kind = type(value)
        if kind is float:
            yield prefix + str(name), value
        elif isinstance(value, Mapping):
            yield from _numbers(value, f"{prefix}{name}/")
        else:
            number = _number(value)
            if number is None:
                warn(
                    f"log: {prefix}{name}",
                    f"log(): {ascii(prefix + str(name))[:100]} is a {kind.__name__}, no number; it is left out.",
                )
            else:
                yield prefix + str(name), number


def _number(value: Any) -> float | None:
    """Give a float for ints, bools, numpy and torch scalars; None for what is no number."""
    if value is None or isinstance(value, str | bytes):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError, RuntimeError):
        return None


def _step(step: Any) -> int:
    return int(step)


def _tag_values(tags: Iterable[str] | Mapping[str, str]) -> dict[str, str]:
    if isinstance(tags, str):
        tags = [tags]
    pairs = tags.items() if isinstance(tags, Mapping) else ((tag, "") for tag in tags)
    return {str(name): str(value) for name, value in pairs}


def _stage_of(kind: str, preferred: str) -> str:
    """Give the stage that an artifact of this kind belongs to: the run's own if it knows the kind."""
    if kind in KINDS.get(preferred, ()):
        return preferred
    return next((stage for stage in STAGES if kind in KINDS[stage]), preferred)


def _error_text(fault: BaseException) -> str:
    return "".join(traceback.format_exception(fault)).strip()


def _host() -> str:
    from artui.capture.environment import surroundings

    return surroundings().host


def _environment_bytes() -> bytes:
    import orjson

    from artui.capture.environment import description

    return orjson.dumps(description(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


_watched: dict[int, Any] = {}


def _watch_signals() -> None:
    """Record SIGTERM as `killed`, where the program has no handler of its own."""
    if _watched or threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])):
        if signal.getsignal(number) is signal.SIG_DFL:
            _watched[number] = signal.signal(number, _on_signal)


def _on_signal(number: int, frame: FrameType | None) -> None:
    # The interrupted code may hold our locks: another thread does the writing, for a bounded time.
    def end() -> None:
        for action in list(writers.on_exit):
            run = getattr(action, "__self__", None)
            if isinstance(run, Run):
                run.finish("killed", error=f"ended by {signal.Signals(number).name}")

    worker: threading.Thread = threading.Thread(target=end, daemon=True)
    worker.start()
    worker.join(timeout=5)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
