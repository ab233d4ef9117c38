"""An import that runs in a process of its own while the app is open: the screen never waits for it.

The process prints its progress as lines of JSON. What it has finished is in the catalog, where the app notices it like
any other change.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

STOP_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class ImportState:
    """The progress of an import."""

    format: str = ""
    run_count: int = 0
    point_count: int = 0
    is_done: bool = False
    reports: tuple[Mapping[str, Any], ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    """Of several catalogs that are shown as one, those that cannot be read, with why."""
    done_count: int = 0
    """So many of these were looked at."""
    error: str = ""
    """Why it failed; empty when it did not."""


class Importing:
    """One import that runs beside the app; start it once, stop it when the app ends."""

    is_union = False
    """Whether it follows several catalogs that are shown as one."""
    count = 1
    """How many stores or catalogs there are."""

    def __init__(self, command: Sequence[str], *, source: str, title: str) -> None:
        self.source = source
        """The path of the store, as the user named it."""
        self.title = title
        """The store's name, shown instead of the cached catalog's."""
        self.state = ImportState()
        self._command = list(command)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the process; `state` holds the error if that fails."""
        try:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            self.state = replace(self.state, is_done=True, error=f"The import cannot be started: {error.strerror}.")
            return
        threading.Thread(target=self._follow, args=(self._process,), name="artui-import", daemon=True).start()

    def _take(self, progress: Mapping[str, Any]) -> None:
        """Take a line of progress."""
        if progress.get("done"):
            self.state = replace(self.state, reports=tuple(progress["reports"]))
        else:
            self.state = replace(
                self.state,
                format=progress["format"],
                run_count=progress["all_runs"],
                point_count=progress["all_points"],
            )

    def _follow(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            with contextlib.suppress(ValueError):
                self._take(json.loads(line))
        stderr_text = process.stderr.read(4000).strip()
        code = process.wait()
        error = (stderr_text.splitlines() or [f"The import ended with code {code}."])[-1] if code not in (0, 1) else ""
        self.state = replace(self.state, is_done=True, error=error.removeprefix("artui: "))

    def stop(self) -> None:
        """End the import; what it has finished stays."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)


class Gathering(Importing):
    """Follows several catalogs that are shown as one, as long as the app is open."""

    is_union = True

    def __init__(self, command: Sequence[str], *, source: str, title: str, count: int) -> None:
        super().__init__(command, source=source, title=title)
        self.count = count

    def _take(self, progress: Mapping[str, Any]) -> None:
        unread = tuple((str(path), str(why)) for path, why in progress.get("unread", self.state.unread))
        # It goes on after this: what comes later is noticed like any other change.
        is_done = self.state.is_done or bool(progress.get("done"))
        done_count = int(progress.get("done_count", self.state.done_count))
        self.state = replace(
            self.state, is_done=is_done, unread=unread, done_count=done_count if not is_done else self.count
        )
