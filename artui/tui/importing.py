"""An import that goes on in a process of its own while the app is open: the screen never waits for it.

The process prints how far it is as lines of JSON; what it has finished is in the catalog, whose changes the app sees as it
sees all others.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

STOP_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class ImportState:
    """How far an import is."""

    format: str = ""
    run_count: int = 0
    point_count: int = 0
    is_done: bool = False
    reports: tuple[dict[str, Any], ...] = field(default=())
    error: str = ""
    """Why it ended before its time; empty when it did not."""


class Importing:
    """One import beside the app; start it once, stop it when the app ends."""

    def __init__(self, command: Sequence[str], *, source: str, title: str) -> None:
        self.source = source
        """The path of the store, as the user named it."""
        self.title = title
        """The store's name, shown in place of the cached catalog's."""
        self.state = ImportState()
        self._command = list(command)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the process."""
        try:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            self.state = replace(self.state, is_done=True, error=f"The import cannot be started: {error.strerror}.")
            return
        threading.Thread(target=self._follow, args=(self._process,), name="artui-import", daemon=True).start()

    def _follow(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            try:
                told = json.loads(line)
            except ValueError:
                continue
            if told.get("done"):
                self.state = replace(self.state, reports=tuple(told["reports"]))
            else:
                self.state = replace(
                    self.state, format=told["format"], run_count=told["all_runs"], point_count=told["all_points"]
                )
        said = process.stderr.read(4000).strip()
        code = process.wait()
        error = (said.splitlines() or [f"The import ended with code {code}."])[-1] if code not in (0, 1) else ""
        self.state = replace(self.state, is_done=True, error=error.removeprefix("artui: "))

    def stop(self) -> None:
        """End the import: what it has finished stays."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)
