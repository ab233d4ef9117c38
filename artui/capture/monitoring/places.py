"""Where a deployment is, and what this user remembers of it from one time to the next."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from artui.catalog import Catalog, finding
from artui.catalog.locks import lock_file
from artui.catalog.spool import place as spool_place
from artui.errors import UsageError
from artui.model.monitoring import DEFAULT_WINDOW, parse_window
from artui.reference import check_name
from artui.settings import private_folder, state_folder

FOLDER = "monitor"
_WINDOW = "window.json"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a deployment is, and what this user remembers of it."""

    catalog: Path
    project: str
    deployment: str
    folder: Path

    def truths(self, window_ms: int) -> Path:
        """Say where the predictions are, in windows of a length, that wait for their truth."""
        return self.folder / f"waiting-{window_ms}.sqlite"

    def window_ms(self, text: str | None) -> int:
        """Give the length of windows that somebody wrote; for None that of before, or an hour.

        Raises:
            UsageError: it is none.
        """
        if text is not None:
            return parse_window(text)
        before = read_state(self.folder / _WINDOW).get("window_ms")
        return before if isinstance(before, int) and before > 0 else parse_window(DEFAULT_WINDOW)

    def remember_window(self, window_ms: int) -> None:
        """Take this length where none is named from now on."""
        if read_state(self.folder / _WINDOW).get("window_ms") != window_ms:
            keep_state(self.folder / _WINDOW, {"window_ms": window_ms})


def place_of(catalog: Path, project: str, deployment: str) -> Place:
    """Say where what is remembered of a deployment lies."""
    named = "\0".join((os.path.realpath(catalog), project, deployment))
    digest = hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    try:
        folder = private_folder(state_folder() / FOLDER / digest)
    except (OSError, RuntimeError):  # a user without a home, or one that cannot be written to
        folder = private_folder(spool_place.private_folder() / FOLDER / digest)
    return Place(catalog, project, deployment, folder)


@contextlib.contextmanager
def held(place: Place, *, waits: bool = True) -> Iterator[bool]:
    """Be the only one of this user who writes windows of a deployment; gives whether one is."""
    handle = os.open(place.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield lock_file(handle, waits=waits).name != "TAKEN"
    finally:
        os.close(handle)


def find_place(deployment: str, *, project: str | None, catalog: str | os.PathLike[str] | None) -> Place:
    """Say where a deployment is, in which catalog and project.

    Raises:
        UsageError: a name cannot be one, or several projects have it and none is named.
    """
    check_name(deployment, what="a deployment")
    path = finding.place_for_run(catalog).path
    if project is None:
        project = _project_of(path, deployment)
    check_name(project, what="a project")
    return place_of(path, project, deployment)


def _project_of(path: Path, deployment: str) -> str:
    if not path.exists():
        return "default"
    with Catalog(path, create=False) as catalog, catalog.transaction() as connection:
        having = [str(name) for (name,) in connection.execute(_PROJECTS_WITH, {"name": deployment})]
        if len(having) > 1:
            raise UsageError(f"{len(having)} projects have a deployment {deployment}.", remedy=f"Say which: project={having[0]!r}.")  # fmt: skip
        every = [str(name) for (name,) in connection.execute("SELECT name FROM project ORDER BY name LIMIT 2")]
    return having[0] if having else every[0] if len(every) == 1 else "default"


_PROJECTS_WITH = """
    SELECT p.name
    FROM artifact AS a
    JOIN project AS p ON p.key = a.project_key
    WHERE a.name = :name AND a.kind = 'deployment' AND a.deleted_ms IS NULL
    ORDER BY p.name
"""


def read_state(path: Path) -> dict[str, Any]:
    """Read what is remembered in a file; nothing where there is none, or it is damaged."""
    try:
        state = orjson.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def keep_state(path: Path, state: Mapping[str, Any]) -> None:
    """Remember something, whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_bytes(orjson.dumps(state))
    part.replace(path)
