"""A run, as the training script sees it.

    with artui.start_run(project="digits", params={"lr": 0.01}, tags=["baseline"]) as run:
        data = run.use("digits-split:latest")
        run.log({"train/loss": 0.31, "val/acc": 0.94}, step=12)
        run.save("digits-model", "model.safetensors", kind="model", alias="candidate")

Logging never raises into the loop and never waits for the catalog: what is logged goes to a spool beside it, and
from there into the catalog in the background. What cannot be recorded is reported once on stderr, and counted. Only
`use`, which has to give something back, raises.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from artui import clock
from artui.capture import ending, joining, reproducing, saving
from artui.capture import writer as writers
from artui.capture.joining import Place
from artui.capture.names import new_name
from artui.capture.params import Params
from artui.capture.start import Start, fitting_name, fitting_stage, text_of, writer_for
from artui.capture.values import as_step, error_text, label_text, numbers, tag_values
from artui.capture.warn import Guard, guarded, settings_or_default, tell, warn
from artui.catalog import runs
from artui.catalog.cells import storable
from artui.catalog.ids import new_id
from artui.catalog.recent import remember
from artui.errors import ArtuiError, CatalogError
from artui.model import Relation, stage_of

if TYPE_CHECKING:
    import sqlite3

    from artui.capture.hashing import Job
    from artui.capture.media import Content
    from artui.capture.recording import Program, Recording
    from artui.capture.writer import Writer
    from artui.catalog.spool.writing import Stream

SPOOLED_BYTES = 16 << 20
"""Larger texts, tables and pictures are not spooled, but saved at once."""


def start_run(
    *,
    project: str | None = None,
    name: str | None = None,
    params: Any = None,
    tags: Iterable[str] | Mapping[str, str] = (),
    note: str = "",
    stage: str = "modelling",
    parent: Run | str | None = None,
    id: str | None = None,
    resume: bool = False,
    catalog: str | os.PathLike[str] | None = None,
    console: bool | str | None = None,
    code: bool | None = None,
    system_metrics: bool | None = None,
) -> Run:
    """Start a run; as a context manager it ends with its block.

    Args:
        project: groups runs and artifacts; `default` when there is none.
        name: made up when there is none; need not be unique.
        params: a mapping, `argparse.Namespace`, dataclass, pydantic or attrs object, OmegaConf, ml_collections, absl
            flags, pairs, any object with attributes. Nested ones are flattened with dots; numbers, texts, bools and
            lists keep their type.
        tags: labels, or a mapping of labels to values.
        stage: `requirements`, `data`, `modelling` or `operations`.
        parent: a run, or its id, that this one is part of.
        id: of this run: an id that artui made, or any text of your own, such as a job's number.
        resume: continue the run of that id (or name) if there is one, else start it. Steps continue from its last one.
        catalog: the file; else `ARTUI_CATALOG`, the nearest `*.artui` upwards, or a new one that is named after the
            folder: the root of the git repository, or where the program was started.
        console: keep what the process prints; `"python"` keeps only what Python prints; `code`: keep uncommitted changes, or the sources where there is no
            git; `system_metrics`: sample the use of the machine. When not given, the settings decide: on by default.

    With `ARTUI_RUN` in the environment, and in the ranks of torchrun, Slurm and MPI, the processes share one run.
    """
    request = Start(
        project=project, name=name, params=params, tags=tags, note=note, stage=stage, parent=parent, id=id, resume=bool(resume),
        catalog=catalog, wants={"console": console, "code": code, "system": system_metrics},
    )  # fmt: skip
    run = Run(
        project=fitting_name(project, what="a project", otherwise="default"),
        name=text_of(name) or new_name(),
    )
    with guarded("starting the run (it is not recorded)"):
        run._start(request)
    return run


class Run:
    """One execution that is being recorded."""

    def __init__(self, *, project: str, name: str) -> None:
        self.id = new_id()
        self.project = project
        self.name = name
        self.stage = "modelling"
        self.is_recorded = False
        """False when the catalog could not be written to at the start: then nothing of this run is recorded."""
        self._writer: Writer | None = None
        self._path: Path | None = None
        self._stream: Stream | None = None
        self._slices: dict[str, Stream] = {}
        """By labels, where points of parts of the data go."""
        self._place = Place()
        self._recording: Recording | None = None
        self._program: Program | None = None
        self._is_forked = False
        self._jobs: list[Job] = []
        """Versions that are being hashed."""
        self._next_step = 0
        self._step_lock = threading.Lock()
        self._started = time.monotonic()
        self._is_finished = False

    @property
    def catalog_path(self) -> Path | None:
        """The file that the run is written to; None when it is not recorded."""
        return self._path

    @property
    def reference(self) -> str:
        """The run's id, which every verb of the command line takes."""
        return self.id

    def __repr__(self) -> str:
        where = str(self._path) if self._path is not None else "not recorded"
        return f"<Run {self.name!r} {self.id} in {where!r}>"

    def _start(self, request: Start) -> None:
        from artui.capture.recording import Recording

        self.stage = fitting_stage(request.stage)
        parent_id, catalog = self._parent_of(request)
        self._place = joining.place() if request.parent is None and request.id is None else Place(rank=None)
        writer = writer_for(catalog)
        mode = "new"
        with contextlib.ExitStack() as undo:
            undo.callback(writers.release, writer)
            with guarded("naming the run"):
                self.project, self.name = writer.redactor.name(self.project), writer.redactor.text(self.name)
            with guarded("finding the run to go on with"):
                mode = self._identify(writer, request)
            if reproducing.original() and request.name is not None and mode == "new":
                with guarded("naming the run"), _reading(writer) as connection:
                    self.name = reproducing.name_again(connection, self.name)
            recording = Recording(self, writer, settings_or_default(), request.wants, self._place, self._program)
            start = recording.start_action(parent_id=parent_id or self._place.parent_id, note=text_of(request.note))
            is_named = request.name is not None or request.project is not None
            writer.spool.act({**start, "mode": mode, "is_named": is_named})
            self._stream = writer.spool.stream(self.id, self._place.labels)
            undo.pop_all()
        self._writer, self._path, self._recording = writer, writer.path, recording
        self.is_recorded = True
        writer.add(self)
        _live.add(self)
        writers.on_exit.append(self._end_at_exit)
        ending.watch(id(self), self._finish_now)
        # The run exists now: what else was given is added piece by piece.
        if request.params is not None:
            self.log_params(request.params)
        with guarded("adding tags"):
            if tags := tag_values(request.tags):
                recording.act("tags", tags=tags)
        if original := reproducing.original():
            with guarded("saying what it reproduces"), _reading(writer) as connection:
                recording.act("context", name=reproducing.CONTEXT, content=reproducing.named(connection, original))
        writer.fold_now(writers.START_SECONDS)
        with guarded("recording what surrounds the run"):
            recording.begin()

    def _parent_of(self, request: Start) -> tuple[str | None, str | os.PathLike[str] | None]:
        """Give the id of the parent run, and the catalog, which is the parent's if none is named."""
        parent, catalog = request.parent, request.catalog
        if not isinstance(parent, Run):
            return text_of(parent) or None, catalog
        if not parent.is_recorded:
            warn("parent", f"{ascii(self.name)[:60]} is part of no other run: its parent is not recorded.")
            return None, catalog
        return parent.id, catalog or parent.catalog_path

    def _identify(self, writer: Writer, request: Start) -> str:
        """Find out which run this is, and at which step it continues; give the mode of its start."""
        from artui.catalog.spool import standing

        if self._place.launch:
            with _reading(writer) as connection:
                self._place = joining.take_part(
                    self._place, lambda run_id: standing.standing(connection, writer.path, run_id)
                )
                if self._place.is_restarted:
                    self._go_on(standing.last_step(connection, writer.path, self._place.run_id))
        if self._place.run_id:
            self.id = self._place.run_id
            goes_on = self._place.is_restarted and not self._place.is_member
            return "join" if self._place.is_member else "resume" if goes_on else "new"
        text = text_of(request.id)
        if not text:
            return "new"
        self.id, name = joining.id_of(text)
        if name and request.name is None:
            self.name = storable(name)
        with _reading(writer) as connection:
            stands = standing.standing(connection, writer.path, self.id)
            if not request.resume or reproducing.original():
                if stands is not None:
                    self.id = new_id()
                    warn("id", f"there is a run {ascii(text)[:60]} already: this is another one, {self.id}. resume=True goes on with it.", subject=text)  # fmt: skip
                return "new"
            if stands is None and connection is not None:
                with guarded("finding the run to go on with"):
                    self.id = runs.find_id(connection, text) or self.id
            self._go_on(standing.last_step(connection, writer.path, self.id))
            if connection is not None and (row := connection.execute("SELECT name FROM run WHERE id = ?", (self.id,)).fetchone()):  # fmt: skip
                self.name = str(row[0])
        return "resume"

    def _go_on(self, last_step: int | None) -> None:
        self._next_step = 0 if last_step is None else last_step + 1

    def log(
        self, values: Mapping[str, Any], step: int | None = None, *, labels: Mapping[str, Any] | None = None
    ) -> None:
        """Log metrics: numbers by name, measured at one step. NaN and infinities are kept as such.

        Without a step, the last step plus one is used. Nested mappings are flattened with `/`. May be
        called from any thread, and in a process that was forked from this one.

        Args:
            labels: which part of the data was measured, such as `{"card": "gift"}`: a filter asks for it as
                `recall[card=gift]`. The whole is logged without.
        """
        stream = self._stream if labels is None else self._slice(labels)
        try:
            if stream is None:
                stream = self._find_stream("logging metrics")
                if stream is not None and labels is not None:
                    stream = self._slice(labels)
                if stream is None:
                    return
            if step is None:
                with self._step_lock:
                    step = self._next_step
                    self._next_step = step + 1
            else:
                if type(step) is not int:
                    step = as_step(step, self._next_step - 1)
                self._next_step = step + 1
            stream.add(values, step, clock.real_ms())
        except Exception as error:  # noqa: BLE001 - a guard here would cost every call of a training loop time
            self._log_plain_numbers(stream, values, step, error)

    def _slice(self, labels: Mapping[str, Any]) -> Stream | None:
        """Give what writes the points of one slice; None where nothing is recorded, or not yet."""
        with guarded("logging metrics of a slice"):
            whole, writer = self._stream, self._writer
            if whole is None or writer is None or not (text := writer.redactor.text(label_text(labels))):
                return whole
            stream = self._slices.get(text)
            if stream is None:
                joined = ",".join(filter(None, (text, self._place.labels)))
                stream = self._slices[text] = writer.spool.stream(self.id, joined)
            return stream
        return None

    def _log_plain_numbers(self, stream: Stream | None, values: Mapping[str, Any], step: Any, error: Exception) -> None:
        """Log again what could not be logged as it is: of its values, those that are or can become plain numbers."""
        with Guard(_tell_no_metric):
            if stream is None:
                raise error
            if plain := dict(numbers(values)):
                stream.add(plain, as_step(step), clock.real_ms())

    def log_params(self, params: Any) -> None:
        """Add params that were not known at the start."""
        with guarded("adding params"):
            if recording := self._ready("adding params"):
                taken = Params(params)
                for cause, sentence in taken.warnings:
                    warn("params", sentence, subject=cause)
                if taken.values:
                    recording.act("params", params=taken.values)

    def add_tags(self, *tags: str) -> None:
        """Add labels."""
        with guarded("adding tags"):
            if recording := self._ready("adding tags"):
                recording.act("tags", tags=tag_values(tags))

    def set_note(self, text: str) -> None:
        """Replace the note."""
        with guarded("writing the note"):
            if recording := self._ready("writing the note"):
                recording.act("note", note=str(text))

    def set_alias(self, reference: str, alias: str, *, why: str = "") -> None:
        """Move an alias to a version; the version that had it before loses it. `why` stays in the history of both."""
        doing = f"setting alias {ascii(alias)[:60]}"
        with guarded("setting an alias", str(alias)):
            if self._ready(doing) and (writer := self._writer):
                saving.alias(writer, reference, alias, project=self.project, why=str(why))

    def deploy(
        self, reference: str, to: str, *, role: str = "live", share: float = 1.0, reason: str = "new", why: str = "", approved_by: str = ""
    ) -> bool:  # fmt: skip
        """Note that a version serves in a deployment from now on: `run.deploy("model:v3", to="fraud-api/production")`.

        With all requests (`share=1`) it ends what answered there, and gets the alias that is the last part of the name.

        Args:
            reference: the version: `model:v3`, `model:candidate`.
            role: `live`, `shadow` or `challenger`.
            share: of the requests, above 0 and at most 1.
            reason: `new`, `accuracy`, `drift`, `errors`, `speed`, `scheduled`, `rollback` or `other`.

        Returns:
            Whether it was noted; false as well where that version serves there already.
        """
        with guarded("deploying", str(to)):
            if self._ready(f"deploying to {ascii(str(to))[:60]}") and (writer := self._writer):
                return saving.deploy(
                    writer, self.id, str(reference), str(to), project=self.project, role=str(role), share=float(share), reason=str(reason), why=str(why),
                    approved_by=str(approved_by),
                )  # fmt: skip
        return False

    def log_text(self, name: str, text: Any, step: int | None = None) -> None:
        """Keep a text as a new version of an artifact of kind `report`."""
        self._log_content(name, step, lambda media: media.text(text))

    def log_table(
        self, name: str, table: Any, step: int | None = None, *, columns: Sequence[str] | None = None
    ) -> None:
        """Keep a table as CSV: rows, rows of mappings, a mapping of columns, or a data frame of any library."""
        self._log_content(name, step, lambda media: media.table(table, columns))

    def log_image(self, name: str, image: Any, step: int | None = None) -> None:
        """Keep a picture as PNG: an array or tensor (height x width x channels), a PIL image, or the path of a file."""
        self._log_content(name, step, lambda media: media.image(image))

    def log_figure(self, name: str, figure: Any, step: int | None = None) -> None:
        """Keep a matplotlib figure as PNG."""
        self._log_content(name, step, lambda media: media.figure(figure))

    def log_histogram(self, name: str, values: Any, step: int | None = None, *, bins: int | Sequence[float] = 64) -> None:  # fmt: skip
        """Keep the histogram of values: a table of (low, high, count); NaN and infinities are counted beside it."""
        self._log_content(name, step, lambda media: media.histogram(values, bins))

    def _log_content(self, name: str, step: int | None, make: Any) -> None:
        doing = f"logging {ascii(str(name))[:60]}"
        with guarded("logging", str(name)):
            recording = self._ready(doing)
            if recording is None:
                return
            from artui.capture import media

            made = make(media)
            content, facts = made if isinstance(made, tuple) else (made, {})
            if step is not None:
                facts = {"step": as_step(step, self._next_step - 1), **facts}
            name = fitting_name(name, what="an artifact", otherwise="unnamed")
            content = recording.cleaned(content)
            if len(content.content) <= SPOOLED_BYTES:
                recording.spool_version(str(name), [content], metadata=facts, relation="output")
            else:
                self._save_large(str(name), content, facts)

    def _save_large(self, name: str, content: Content, facts: Mapping[str, Any]) -> None:
        import tempfile

        with tempfile.TemporaryDirectory(prefix="artui-") as folder:
            path = Path(folder) / content.name
            path.write_bytes(content.content)
            self.save(name, path, kind=content.kind, metadata=facts)

    def use(
        self,
        reference: str,
        *,
        path: str | os.PathLike[str] | None = None,
        kind: str = "dataset",
        stage: str | None = None,
    ) -> Path:
        """Record a version as an input, and give a local path to its content.

        With `path`, the file or folder there is saved first as the artifact's newest version, unless it is that already.
        A version of a file gives that file, one of a folder gives a folder. Content that is in the catalog is given as a
        copy in the user's cache: do not change it.

        Raises:
            UnknownReference, AmbiguousReference: there is no such version, or more than one.
            ContentMissing: its bytes are neither in the catalog nor where they were recorded to be.
            CatalogError: the run is not recorded, so there is no catalog to ask.
        """
        writer = self._writer
        if writer is None:
            raise CatalogError(
                "This run is not recorded, so there is no catalog to take inputs from.",
                remedy="See the warning at its start.",
            )
        if path is not None:
            name = fitting_name(reference.partition(":")[0], what="an artifact", otherwise="unnamed")
            order = saving.Order(
                self.id, self.project, name, Path(path), kind, stage or stage_of(kind, "data"), "input"
            )
            reference = self._save(writer, order)
        local = Path(path) if path is not None else None
        return saving.use(writer, self.id, reference, project=self.project, path=local)

    def save(
        self,
        name: str,
        path: str | os.PathLike[str],
        *,
        kind: str = "model",
        stage: str | None = None,
        alias: str | Sequence[str] | None = (),
        metadata: Mapping[str, Any] | None = None,
        note: str = "",
        related: Mapping[str, Relation] | None = None,
        store: str | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> str | None:
        """Save a file or folder as a new version of an artifact, and record it as an output.

        If its content is the newest version's, no new one is made. Content that is large and stays where it is, is
        hashed in the background: the version is there at once, and the end of the run waits for its digest. If that
        is the digest of the version before it, it is that version, and its number is not used. `related` names versions that this one rests
        on, with how: `derived`, `trained`, `pretrained_on`, `finetuned_from`, `tested_on` or `satisfies`. All of it goes to `store`, a folder or a URI such as `s3://bucket/path`; with `""` none of
        it, and by default what is large, if the settings name a store. If the store fails, it is recorded where it lies. `facts` are declared of this version, and of a new
        artifact, so that later versions have them, too: `{"licence": "MIT"}`. Gives the version's reference, such as
        `digits-model:v3`; None when it could not be saved.
        """
        doing = f"saving {ascii(str(name))[:60]}"
        reference: str | None = None
        with guarded("saving", str(name)):
            if self._ready(doing) and (writer := self._writer):
                name = fitting_name(name, what="an artifact", otherwise="unnamed")
                order = saving.Order(
                    self.id, self.project, name, Path(path), kind, stage or stage_of(kind, self.stage, is_made=True), "output",
                    metadata=metadata or {}, note=note, related=related or {}, facts=facts or {},
                    aliases=[alias] if isinstance(alias, str) else list(alias or ()), store=None if store is None else str(store),
                )  # fmt: skip
                reference = self._save(writer, order)
        return reference

    def require(
        self, name: str, criteria: Mapping[str, str], *, about: str | Sequence[str] = (), text: str = ""
    ) -> str | None:
        """Save what a model must do as a new version of a requirement: criteria by name, each in the filter language.

        `run.require("fraud-needs", {"R1": "test/recall >= 0.9", "R2": "val/loss < 0.2 on run", "R3": "live/recall >= 0.8 on release"})`. They are about the artifacts
        named in `about`, by default about every model of the project; `text` is Markdown for people. What cannot be a criterion is
        left out and named. Gives the version's reference; None when it could not be saved.
        """
        reference: str | None = None
        with guarded("requiring", str(name)):
            from artui.capture.requiring import fitting_criteria, requirement_text

            fitting = fitting_criteria(str(name), criteria, about)
            from tempfile import TemporaryDirectory

            with TemporaryDirectory(prefix="artui-require-") as folder:
                path = Path(folder) / "requirement.md"
                path.write_text(requirement_text(str(name), fitting, text), encoding="utf-8", errors="replace")
                reference = self.save(name, path, kind="requirement")
        return reference

    def _save(self, writer: Writer, order: saving.Order) -> str:
        """Save a version; give its reference."""
        saved, job = saving.save(writer, order)
        if job is not None:
            self._jobs.append(job)
        return f"{writer.redactor.name(order.name)}:v{saved.number}"

    def _await_digests(self, *, is_killed: bool = False) -> None:
        jobs, self._jobs = self._jobs, []
        if jobs:
            from artui.capture import hashing

            hashing.wait(jobs, seconds=hashing.KILLED_SECONDS if is_killed else None)

    def tick(self) -> None:
        """Do what is due; called by the writer's thread about twice a second."""
        if self._recording is not None:
            self._recording.tick()

    def finish(self, status: str = "finished", *, error: str = "") -> None:
        """End the run as `finished`, `failed` or `killed`. A second call does nothing."""
        writer, recording = self._writer, self._recording
        if self._is_finished or writer is None or recording is None:
            return
        if status not in ("finished", "failed", "killed"):
            warn("status", f"{ascii(status)[:60]} is not a status that a run can end with: it counts as finished.")
            status = "finished"
        self._is_finished = True
        with contextlib.suppress(ValueError):
            writers.on_exit.remove(self._end_at_exit)
        if not self._is_forked:
            with guarded("ending the run"):
                recording.end()
        streams, self._stream, self._slices = [self._stream, *self._slices.values()], None, {}
        with guarded("ending the run"):
            for stream in streams:
                if stream is not None:
                    writer.spool.remove_stream(stream)
            recording.act(
                "finish", status=status, error=storable(error), ended_ms=clock.real_ms(),
                duration_ms=round(1000 * (time.monotonic() - self._started)), is_member=self._place.is_member, labels=self._place.labels,
            )  # fmt: skip
            writer.remove(self)
            if writer.fold_now(writers.END_SECONDS) and not self._is_forked:
                recording.keep_console()
        with guarded("hashing what was saved"):
            self._await_digests(is_killed=status == "killed")
        writers.release(writer)
        ending.unwatch(id(self))
        self._say_end(status)

    def leave(self, *, until_ms: int) -> None:
        """Leave the run to other processes; it counts as live until then, even without a sign of life."""
        writer, recording = self._writer, self._recording
        if self._is_finished or writer is None or recording is None:
            return
        self._is_finished = True
        with contextlib.suppress(ValueError):
            writers.on_exit.remove(self._end_at_exit)
        recording.end()
        recording.act("leave", until_ms=until_ms)
        ending.unwatch(id(self))
        self._stream, self._slices = None, {}
        with guarded("hashing what was saved"):
            self._await_digests()
        writer.remove(self)
        writers.release(writer)

    def _end_at_exit(self) -> None:
        status, error = ending.end_of_program()
        self.finish(status, error=error)
        ending.remind_of_interrupt()

    def _finish_now(self, status: str, error: str) -> None:
        self.finish(status, error=error)

    def _say_end(self, status: str) -> None:
        """Say in one line how the run ended, where it is, and how to open it."""
        if self._is_forked or self._place.is_member or self._path is None:
            return
        with guarded("remembering the catalog"):
            remember(self._path)
        if settings_or_default().quiet:
            return
        path = str(self._path)
        with contextlib.suppress(OSError, ValueError):
            near = os.path.relpath(path)
            path = near if not near.startswith(os.pardir) else path
        tell(f"run {ascii(self.name)[1:-1]} {status}. It is in {self._path}: artui {shlex.quote(path)} opens it.")

    def _ready(self, doing: str) -> Recording | None:
        """Give what records the run; None, with a warning, when there is nothing to write to."""
        return self._recording if self._find_stream(doing) is not None else None

    def _find_stream(self, doing: str) -> Stream | None:
        if self._is_forked and not self._is_finished and self._writer is None and self._path is not None:
            self._rejoin()
        if self._stream is None:
            why = "has ended" if self._is_finished else "is not recorded"
            warn(f"not recorded: {why}", f"{doing} had no effect: the run {why}.")
        return self._stream

    def _rejoin(self) -> None:
        """Continue the run in a process that was forked from its own."""
        path = self._path
        if path is None:
            return
        from artui.capture.recording import Recording

        self._place = Place(self.id, is_member=True, rank=self._place.rank)
        writer = writers.acquire(path)
        recording = Recording(self, writer, settings_or_default(), {}, self._place, self._program)
        writer.spool.act({**recording.start_action(), "mode": "again"})
        self._writer, self._recording = writer, recording
        self._stream = writer.spool.stream(self.id, self._place.labels)
        writer.add(self)
        if (utilities := sys.modules.get("multiprocessing.util")) is not None:
            # Children of multiprocessing end without `atexit`.
            utilities.Finalize(None, self.finish, exitpriority=10)

    def _forked(self) -> None:
        """In a forked child: drop everything that belongs to the parent."""
        self._is_forked = True
        self._writer = self._stream = self._recording = None
        self._slices = {}
        self._jobs = []
        self._step_lock = threading.Lock()

    def __reduce__(self) -> Any:
        # Pickled and sent to another process, it is the same run there.
        return join_run, (self.id, str(self._path) if self._path else None, self.project, self.name)

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if fault is None or (isinstance(fault, SystemExit) and not fault.code):
            self.finish()
        elif isinstance(fault, KeyboardInterrupt):
            self.finish("killed", error=ending.INTERRUPTED)
        else:
            self.finish("failed", error=error_text(fault))


def join_run(run_id: str, catalog: str | None, project: str = "default", name: str = "") -> Run:
    """Join another process's run, to log, save and use as there; that process begins and ends it."""
    run = Run(project=project, name=name or run_id)
    run.id = run_id
    if catalog is not None:
        run._path = Path(catalog)
        run._is_forked = run.is_recorded = True
        writers.on_exit.append(run._end_at_exit)
        _live.add(run)
    return run


def _tell_no_metric(error: Exception) -> None:
    warn(
        f"log: {type(error).__name__}",
        f"log() was given something that is not a metric: {ascii(text_of(error))[:200]}",
    )


@contextlib.contextmanager
def _reading(writer: Writer) -> Iterator[sqlite3.Connection | None]:
    """Open the catalog to look something up, after taking over what dead processes left; None where it cannot be opened."""
    try:
        with guarded("taking over what others left"):
            writer.take_over()
        transaction = writer.catalog.transaction()
        connection = transaction.__enter__()
    except ArtuiError as error:
        warn("resume", f"what is in the catalog already cannot be seen now: {error}")
        yield None
        return
    with contextlib.ExitStack() as stack:
        stack.push(transaction.__exit__)
        yield connection


_live: weakref.WeakSet[Run] = weakref.WeakSet()


def _fork_runs() -> None:
    for run in tuple(_live):
        run._forked()


writers.on_fork.append(_fork_runs)
