"""The code of a run: git's state, the changes since the commit, or the files themselves."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from artui.capture import following, notebook
from artui.content.regular import open_regular
from artui.foreign import answer_of
from artui.secrets import Redactor, is_secret_file

GIT_SECONDS = 3.0
DIFF_SECONDS = 10.0
MAX_PATCH_BYTES = 4 << 20
MAX_FILE_BYTES = 1 << 20
MAX_FILES = 300
MAX_TOTAL_BYTES = 8 << 20
_SOURCES = (".py", ".pyi", ".ipynb", ".sh", ".yaml", ".yml", ".toml", ".cfg", ".json", ".cu", ".cpp", ".h", ".r", ".jl")


@dataclass(frozen=True, slots=True)
class GitState:
    """What git says about a folder; empty outside of a work tree."""

    commit: str = ""
    branch: str = ""
    is_dirty: bool | None = None
    root: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """Text files that are kept as the run's code: a patch, or the sources themselves."""

    files: tuple[tuple[str, bytes], ...]
    """(path, content), with secrets taken out."""
    facts: dict[str, Any]
    """Facts about them, and what was left out."""


def git_state(folder: str) -> GitState:
    """Ask git what is checked out in a folder; empty outside of a work tree."""
    output = _git(folder, "rev-parse", "HEAD", "--show-toplevel") if folder else None
    if output is None:
        return GitState()
    commit, _, root = output.partition("\n")
    status = _git(folder, "status", "--porcelain", "--untracked-files=no")
    branch = _git(folder, "rev-parse", "--abbrev-ref", "HEAD")
    return GitState(commit, branch or "", None if status is None else bool(status), root)


def remote(folder: str) -> str:
    """Give the URL that the work tree came from, without user and password."""
    return without_user(_git(folder, "config", "--get", "remote.origin.url") or "")


def without_user(url: str) -> str:
    """Give a URL without user and password; empty if it cannot be taken apart."""
    if "://" not in url:
        return url
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return urlunsplit((parts.scheme, f"{host}:{parts.port}" if parts.port else host, parts.path, "", ""))
    except ValueError:
        return ""


def code_of(
    state: GitState, folder: str, redactor: Redactor, *, command: Sequence[str] = (), scripts: Sequence[str] = ()
) -> Code:
    """Gather the code that ran: the changes since the commit and what git does not know, or else the script and what it imports.

    Takes as long as git does, at most some seconds. In a notebook the cells that were executed are part of it.

    Args:
        command: of a program that is not this process; of it the text is read, since its modules cannot be seen.
        scripts: files of that command that are its source.
    """
    files = _files(folder or ".", state.root, command, scripts)
    code = _of_git(state, files, redactor) if state.commit else _sources(files, redactor)
    if not (cells := notebook.executed_cells()):
        return code
    facts = {"notebook": redactor.text(notebook.name())} if notebook.name() else {}
    text = redactor.text(cells).encode("utf-8", "backslashreplace")
    name = "notebook.py"
    while any(path == name for path, _ in code.files):
        name = f"_{name}"  # the project has a module of that name
    return Code(((name, text), *code.files), {**code.facts, **facts})


def _files(folder: str, root: str, command: Sequence[str], scripts: Sequence[str]) -> list[Path]:
    """List the files of a program that are not installed: of another one by its text, of this process by what is imported."""
    if command or scripts:
        found = following.followed(command, scripts, folder)
    else:
        script = getattr(sys.modules.get("__main__"), "__file__", None)
        mains = [Path(os.path.realpath(script))] if script else []
        places = {Path(os.path.realpath(root or folder)), *(path.parent for path in mains)}
        found = [
            *mains,
            *following.settings_of(sys.argv, folder),
            *(path for place in places for path in _modules(place)),
        ]
    return [path for path in dict.fromkeys(found) if not _is_installed(str(path))]


def _of_git(state: GitState, sources: Sequence[Path], redactor: Redactor) -> Code:
    facts: dict[str, Any] = {
        "commit": state.commit, "branch": state.branch, "remote": redactor.text(remote(state.root)), "folder": state.root,
    }  # fmt: skip
    files: list[tuple[str, bytes]] = []
    if state.is_dirty:
        # No external diff programs and no text conversion: a repository may name any command for both.
        patch = _git_bytes(
            state.root, "diff", "HEAD", "--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short",
            "--", ".", ":(exclude,glob)**/.env*", ":(exclude,glob)**/*.pem", ":(exclude,glob)**/id_*", ":(exclude,glob)**/.netrc",
        )  # fmt: skip
        if patch is None:
            facts["patch"] = "git did not give it in time"
        elif patch:
            if len(patch) > MAX_PATCH_BYTES:
                facts["patch"] = f"cut off: {MAX_PATCH_BYTES:,} of {len(patch):,} bytes"
                patch = patch[:MAX_PATCH_BYTES].rpartition(b"\n")[0]
            files.append(("changes.patch", _redacted(patch, redactor)))
    taken, left = _read(Path(state.root), _untracked(state.root, sources), redactor)
    if taken:
        facts["untracked"] = [path for path, _ in taken]
    if left:
        facts["left_out"] = left
    return Code((*files, *((f"untracked/{path}", content) for path, content in taken)), facts)


def _sources(files: Sequence[Path], redactor: Redactor) -> Code:
    """Take the script and the imported modules of the project, where there is no git."""
    if not files:
        return Code((), {})
    common = Path(os.path.commonpath([str(path.parent) for path in files]))
    taken, left = _read(common, sorted(files), redactor)
    facts: dict[str, Any] = {"folder": str(common)}
    if left:
        facts["left_out"] = left
    return Code(tuple(taken), facts)


def _modules(root: Path) -> list[Path]:
    """List the files of imported modules that lie under a folder and were not installed there."""
    paths: set[Path] = set()
    for module in tuple(sys.modules.values()):
        name = getattr(module, "__file__", None)
        if isinstance(name, str) and name.endswith((".py", ".pyi")):
            real = os.path.realpath(name)
            if real.startswith(str(root).rstrip("/") + "/") and not _is_installed(real):
                paths.add(Path(real))
    return sorted(paths)


def _installed_folders() -> tuple[str, ...]:
    places = {*sysconfig.get_paths().values(), os.path.dirname(os.path.dirname(os.path.abspath(__file__)))}
    # Old virtual environments have a module `site` of their own, which lacks these.
    places |= answer_of(lambda: {*site.getsitepackages(), site.getusersitepackages()}, default=set())
    # The folder of scripts and data is the environment itself, which may contain the project, too.
    places -= {sysconfig.get_path("data"), ""}
    return tuple(os.path.realpath(place).rstrip("/") + "/" for place in places)


_INSTALLED: tuple[str, ...] = ()


def _is_installed(path: str) -> bool:
    global _INSTALLED
    _INSTALLED = _INSTALLED or _installed_folders()
    return path.startswith(_INSTALLED) or "/site-packages/" in path or "/dist-packages/" in path


def _untracked(root: str, files: Sequence[Path]) -> list[Path]:
    """List those of files that lie in the work tree, and that git does not know."""
    real = os.path.realpath(root)
    inside = [path for path in files if path.is_relative_to(real)][: 4 * MAX_FILES]
    if not inside:
        return []
    tracked = _git_bytes(root, "ls-files", "-z", "--", *(os.path.relpath(path, real) for path in inside))
    if tracked is None:
        return []
    names = {os.fsdecode(name) for name in tracked.split(b"\0")}
    return [path for path in inside if os.path.relpath(path, real) not in names]


def _read(root: Path, paths: Iterable[Path], redactor: Redactor) -> tuple[list[tuple[str, bytes]], list[str]]:
    taken: list[tuple[str, bytes]] = []
    left: list[str] = []
    total = 0
    for path in paths:
        name = os.path.relpath(path, root).encode("utf-8", "backslashreplace").decode()
        if is_secret_file(name) or path.suffix.lower() not in (*_SOURCES, ""):
            left.append(name)
            continue
        try:
            with open_regular(path) as stream:
                content = stream.read(MAX_FILE_BYTES + 1) or b""
        except OSError:
            left.append(name)
            continue
        total += len(content)
        if len(content) > MAX_FILE_BYTES or total > MAX_TOTAL_BYTES or len(taken) >= MAX_FILES:
            left.append(name)
            continue
        taken.append((name, _redacted(content, redactor)))
    return taken, left[:MAX_FILES]


def _redacted(content: bytes, redactor: Redactor) -> bytes:
    return redactor.text(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _git(folder: str, *arguments: str) -> str | None:
    """Run git and give its output; None when there is no git or no work tree, or it takes too long."""
    output = _git_bytes(folder, *arguments, seconds=GIT_SECONDS)
    return None if output is None else output.decode("utf-8", "replace").strip()


def _git_bytes(folder: str, *arguments: str, seconds: float = DIFF_SECONDS) -> bytes | None:
    # No optional locks: reading must not touch the user's index. No file system monitor: a repository may name any command.
    env = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    try:
        process = subprocess.Popen(
            ["git", "-C", folder, "-c", "core.fsmonitor=false", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env,
        )  # fmt: skip
    except OSError:
        return None
    content, deadline = bytearray(), time.monotonic() + seconds
    timer = None
    try:
        timer = threading.Timer(seconds, process.kill)
        timer.daemon = True
        timer.start()
        assert process.stdout is not None
        with process.stdout:
            while part := process.stdout.read(1 << 16):
                content += part
                if len(content) > 2 * MAX_PATCH_BYTES:
                    process.kill()
                    break
        code = process.wait()
    finally:
        if timer is not None:
            timer.cancel()
    if len(content) > 2 * MAX_PATCH_BYTES:
        return bytes(content)
    return bytes(content) if code == 0 and time.monotonic() < deadline else None
