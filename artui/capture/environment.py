"""What a run ran in: command line, host, user, git state, interpreter and packages."""

from __future__ import annotations

import getpass
import os
import platform
import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

_GIT_SECONDS = 3.0
_SECRET_ARGUMENT = re.compile(r"(?i)(token|secret|passw|api[-_]?key|credential)")
_URL_PASSWORD = re.compile(r"(://)[^/\s:@]+:[^/\s@]+@")


@dataclass(frozen=True, slots=True)
class GitState:
    commit: str = ""
    branch: str = ""
    is_dirty: bool | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Read once a process, when the first run starts."""

    user: str
    host: str
    directory: str
    command: tuple[str, ...]
    python: str
    git: GitState


@cache
def surroundings() -> Surroundings:
    """Look around: takes some milliseconds, most of it git."""
    return Surroundings(
        user=_user(),
        host=socket.gethostname(),
        directory=_folder(),
        command=_command(),
        python=platform.python_version(),
        git=_git_state(_folder()),
    )


@cache
def packages() -> dict[str, str]:
    """Give the installed packages with their versions."""
    from importlib.metadata import distributions

    found: dict[str, str] = {}
    for each in distributions():
        try:
            name, version = each.metadata["Name"], each.version
        except (ValueError, KeyError, OSError):
            continue  # a package whose metadata is damaged
        if name:
            found.setdefault(str(name), str(version))
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))


def description() -> dict[str, Any]:
    """Describe the environment as one JSON document: the content of the `environment` artifact."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "packages": packages(),
    }


def _command() -> tuple[str, ...]:
    """Give the command line with secrets taken out: values of arguments named like one, and passwords in URLs."""
    shown: list[str] = []
    hide_next = False
    for argument in sys.orig_argv or sys.argv:
        name, equals, _ = argument.partition("=")
        if hide_next and not argument.startswith("-"):
            shown.append("<redacted>")
            hide_next = False
            continue
        is_secret = argument.startswith("-") and _SECRET_ARGUMENT.search(name) is not None
        hide_next = is_secret and not equals
        shown.append(
            f"{name}=<redacted>" if is_secret and equals else _URL_PASSWORD.sub(r"\1<redacted>@", argument)[:2000]
        )
    return tuple(shown[:200])


def _folder() -> str:
    """Give the working folder; empty when it was deleted."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _git_state(folder: str) -> GitState:
    if not folder:
        return GitState()
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return GitState()
    status = _git(folder, "status", "--porcelain", "--untracked-files=no")
    branch = _git(folder, "rev-parse", "--abbrev-ref", "HEAD")
    return GitState(commit, branch or "", None if status is None else bool(status))


def _git(folder: str, *arguments: str) -> str | None:
    """Ask git; None when it is not there, the folder is no work tree, or it takes too long."""
    # Optional locks off: looking must not touch the user's index.
    env = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", folder, *arguments],
            capture_output=True,
            timeout=_GIT_SECONDS,
            env=env,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None
