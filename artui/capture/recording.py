"""Everything about a run that is recorded by itself: where it runs, its code, its console, its use of the machine."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from artui import clock
from artui.capture import code as code_of_runs
from artui.capture import environment, notebook
from artui.capture.media import Content
from artui.capture.warn import guarded
from artui.catalog.cells import storable
from artui.catalog.spool import adopting, folding
from artui.catalog.spool.place import console_artifact, console_file, remove_file
from artui.errors import CatalogError
from artui.model import stage_of
from artui.settings import PYTHON, Settings

if TYPE_CHECKING:
    from artui.capture.console import ConsoleLog
    from artui.capture.descriptors import PumpedLog
    from artui.capture.joining import Place
    from artui.capture.system import Sampler
    from artui.capture.writer import Writer

DESCRIBE_SECONDS = 10.0
"""How long the end of a run waits for git and the list of packages."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that is run by `artui exec`: the run is about it, not about this process."""

    command: tuple[str, ...]
    scripts: tuple[str, ...] = ()
    is_name_made_up: bool = False
    """The program may then name the run."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """How else it was recorded, as options of `artui exec`, so that it can be recorded again."""


class RecordedRun(Protocol):
    """The attributes of the run that are needed here."""

    id: str
    project: str
    name: str
    stage: str


class Recording:
    """Records everything about one run besides what is logged."""

    def __init__(
        self,
        run: RecordedRun,
        writer: Writer,
        settings: Settings,
        wants: Mapping[str, bool | str | None],
        place: Place,
        program: Program | None,
    ) -> None:
        self._run = run
        self._place = place
        self._writer = writer
        self._settings = settings
        self._wants = wants
        self.redactor = writer.redactor
        self._program = program
        self.console: ConsoleLog | PumpedLog | None = None
        self._console_artifact = "console"
        self._sampler: Sampler | None = None
        self._code_files: tuple[tuple[str, bytes], ...] = ()
        self._describing: threading.Thread | None = None

    def act(self, do: str, data: bytes = b"", /, **values: Any) -> None:
        """Write an action on the run to the spool."""
        self._writer.spool.act({"do": do, "id": self._run.id, **values}, data)

    def start_action(self, *, parent_id: str | None = None, note: str = "") -> dict[str, Any]:
        """Give the action that starts the run, with what is known by then; without params and tags."""
        run, around = self._run, environment.surroundings()
        command = list(self._program.command) if self._program else environment.command_line()
        python = around.python
        if self._program is not None:
            python = (environment.python_of(command) or ("",))[0]
        command = self.redactor.command([storable(part) for part in command])
        command = [part[: environment.MAX_ARGUMENT_CHARS] for part in command]
        return {
            "do": "start",
            "is_member": self._place.is_member,
            "rank": self._place.rank if self._place.launch else None,
            "context": {"exec": {"is_name_made_up": self._program.is_name_made_up, **self._program.options}} if self._program else {},
            "run": {
                "id": run.id, "project": run.project, "name": storable(run.name), "stage": run.stage, "parent_id": parent_id,
                "started_ms": clock.now_ms(), "note": storable(note), "user": around.user, "host": around.host,
                "git_commit": around.git.commit, "git_branch": around.git.branch, "git_is_dirty": around.git.is_dirty, "python": python,
                "directory": storable(around.directory), "command": command,
            },
        }  # fmt: skip

    def begin(self) -> None:
        """Start recording the console, the system and the code. A process that has joined another's run leaves most of it to that one."""
        place = self._place
        is_under_exec = place.is_member and place.run_id == os.environ.get("ARTUI_RUN", "").upper()
        if self._is_wanted("console", self._settings.console) and not is_under_exec:
            with guarded("keeping the console"):
                self._begin_console()
        if self.wants_system and self._program is None and (not place.is_member or _leads_node()):
            with guarded("sampling the system"):
                self.begin_sampling()
        if not place.is_member or (is_under_exec and not place.rank):
            self._describing = threading.Thread(
                target=self._describe, args=[place.is_member], name="artui-describe", daemon=True
            )
            self._describing.start()

    @property
    def wants_system(self) -> bool:
        """Whether the use of the machine is sampled: by the arguments, else by the settings."""
        return self._is_wanted("system", self._settings.system_seconds > 0)

    def _is_wanted(self, what: str, setting: bool | str) -> bool:
        wanted = self._wants.get(what)
        return bool(setting if wanted is None else wanted)

    def begin_sampling(self, pid: int | None = None) -> None:
        """Sample the machine, and this process or another one with all its children."""
        from artui.capture.system import Sampler

        stream = self._writer.spool.stream(self._run.id, self._place.labels)
        self._sampler = Sampler(
            lambda values, step: stream.add(values, step, clock.now_ms()),
            seconds=self._settings.system_seconds or 10.0, folder=str(self._writer.path.parent), pid=pid,
        )  # fmt: skip

    def _begin_console(self) -> None:
        """Make the console's file, which readers follow while the run goes on."""
        from artui.capture import console, descriptors

        labels = self._place.labels
        name, self._console_artifact = console_file(self._run.id, labels), console_artifact(labels)
        path, limit_bytes = self._writer.spool.folder / name, self._settings.console_limit_bytes
        self.act("console", file=name, artifact=self._console_artifact)
        wanted = self._wants.get("console")
        if self._program is None and PYTHON not in (wanted, self._settings.console) and descriptors.may_turn():
            with contextlib.suppress(OSError):  # what Python prints can still be kept
                self.console = descriptors.PumpedLog(path, limit_bytes=limit_bytes, key=self.redactor.key)
                return
        self.console = log = console.ConsoleLog(path, limit_bytes=limit_bytes, redact=self.redactor.text)
        if self._program is None:
            console.listen(log)

    def tick(self) -> None:
        """Bring the console's file up to date."""
        if self.console is not None:
            self.console.tick()

    def _describe(self, is_member: bool) -> None:
        """Record environment, code, variables and job: in a thread, since git and packages take their time."""
        with guarded("describing the environment"):
            extra = tuple(part.strip() for part in self._settings.variables.split(",") if part.strip())
            self.act("context", name="variables", content=environment.variables(os.environ, extra=extra))
            job, container = environment.job(), environment.container()
            if job:
                self.act("context", name="job", content=job)
            if container:
                self.act("context", name="container", content=container)
        with guarded("describing the environment"):
            self._describe_python()
        if not is_member and self._is_wanted("code", self._settings.code):
            with guarded("recording the code"):
                self.record_code()

    def _describe_python(self) -> None:
        import orjson

        described = environment.description()
        if self._program is not None:
            python = environment.python_of(self._program.command)
            described = {
                name: value for name, value in described.items() if name not in ("python", "implementation", "packages")
            }
            described.pop("origins", None)
            described |= {"python": python[0], "packages": environment.packages(python[1])} if python else {}
            from_elsewhere = environment.origins(python[1]) if python else {}
            described |= {"origins": from_elsewhere} if from_elsewhere else {}
        text = orjson.dumps(described, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
        contents = [Content("environment.json", "environment", text, "application/json")]
        if self._is_wanted("code", self._settings.code):
            around = environment.surroundings()
            contents += [
                Content(f"locks/{name}", "environment", content, "text/plain")
                for name, content in environment.lock_files(around.git.root or around.directory)
            ]
        self.spool_version("environment", contents, relation="input", stage="modelling")

    def record_code(self) -> None:
        """Record uncommitted changes, or the sources that are imported by now, if they differ from those recorded before."""
        around = environment.surroundings()
        program = self._program
        code = code_of_runs.code_of(
            around.git, around.directory, self.redactor, command=program.command if program else (), scripts=program.scripts if program else ()
        )  # fmt: skip
        if code.facts:
            self.act("context", name="code", content=code.facts)
        if code.files and code.files != self._code_files:
            self._code_files = code.files
            contents = [Content(path, "code", content, "") for path, content in code.files]
            self.spool_version("code", contents, relation="input", stage="modelling", metadata=code.facts)

    def spool_version(self, name: str, contents: Sequence[Content], *, relation: str, metadata: Mapping[str, Any] | None = None, stage: str | None = None) -> None:  # fmt: skip
        """Save small files that are in memory as a version, through the spool, as points are."""
        import dataclasses
        import io

        from artui.content.files import MAX_PREVIEWS, media_type
        from artui.preview import preview

        run, kind, name = self._run, contents[0].kind, self.redactor.name(name)
        contents = [self.cleaned(file) for file in contents]
        previews = {
            file.name: dataclasses.asdict(preview(file.name, io.BytesIO(file.content), len(file.content)))
            for file in contents[:MAX_PREVIEWS]
        }
        self.act(
            "save", b"".join(file.content for file in contents), project=run.project, artifact=name, kind=kind,
            stage=stage or stage_of(kind, run.stage, is_made=relation == "output"), relation=relation, metadata=dict(metadata or {}), previews=previews,
            files=[(file.name, len(file.content), file.media_type or media_type(file.name)) for file in contents],
            host=environment.surroundings().host, time_ms=clock.now_ms(),
        )  # fmt: skip

    def cleaned(self, content: Content) -> Content:
        """Take secrets out of a text that the user did not save as a file."""
        if not content.media_type.startswith(("text/", "application/json")):
            return content
        text = content.content.decode("utf-8", "surrogateescape")
        return replace(content, content=self.redactor.text(text).encode("utf-8", "surrogateescape"))

    def end(self) -> None:
        """Stop recording, and record what is only known at the end."""
        if self._sampler is not None:
            self._sampler.stop()
        if self.console is not None:
            from artui.capture import console

            if isinstance(self.console, console.ConsoleLog):
                console.unlisten(self.console)
            self.console.close()
        if self._describing is None:
            return
        self._describing.join(DESCRIBE_SECONDS)
        if self._program is None and (seeds := environment.seeds()):
            self.act("context", name="seeds", content=seeds)
        has_git = bool(environment.surroundings().git.commit)
        is_late = not has_git or notebook.shell() is not None  # what was imported, or executed, since the start
        if not self._place.is_member and is_late and self._is_wanted("code", self._settings.code):
            self.record_code()

    def keep_console(self) -> None:
        """Move the console into the catalog, once the run's end is in it."""
        log = self.console
        if log is None:
            return
        is_kept = False
        with contextlib.suppress(CatalogError), self._writer.catalog.transaction() as connection:
            row = connection.execute("SELECT key FROM run WHERE id = ?", (self._run.id,)).fetchone()
            if row is None:
                return
            is_kept = adopting.keep_console(
                connection, row[0], log.path, artifact=self._console_artifact, project=self._run.project,
                host=environment.surroundings().host,
            )  # fmt: skip
        if is_kept:
            self.act("saved console")
            # The file is removed only once the catalog is durable.
            folding.make_durable(self._writer.path)
            remove_file(log.path)


def _leads_node() -> bool:
    """Whether this is the first process of the run on another machine than rank 0's."""
    return os.environ.get("LOCAL_RANK") == "0" and os.environ.get("GROUP_RANK", "0") != "0"
