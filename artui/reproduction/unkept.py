"""Files that a program names in its text and nobody kept: where they lie as the run found them, they are put beside the code."""

from __future__ import annotations

import ast
import hashlib
import os
import posixpath
import socket
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from artui.capture import following
from artui.content.fetching import fetch
from artui.content.regular import open_regular
from artui.model import ManifestFile
from artui.reproduction.command import CODE, with_folders
from artui.reproduction.inputs import is_as_it_was
from artui.secrets import is_secret_file
from artui.units import bytes_text

if TYPE_CHECKING:
    from artui.model import RunDetail

MAX_COPIED_BYTES = 256 << 20
"""More is not copied: it is named, to be put there by hand."""
_MAX_SCRIPTS, _MAX_FILES, _MAX_NAME_CHARS = 200, 2000, 300


@dataclass(slots=True)
class Unkept:
    """What came of it."""

    notes: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    written_count: int = 0
    digests: dict[str, str] = field(default_factory=dict)


def put_unkept(run: RunDetail, folder: Path, command: Sequence[str], directory: str, *, paths: Collection[str], may_replace: bool) -> Unkept:  # fmt: skip
    """Copy what the scripts of a command name by a path in the folder that the run was started in, if it is there as it was.

    Only on the machine that the run was recorded on, only what was not written to since before the run, and nothing hidden or
    secret: a catalog may come from anybody.

    Args:
        directory: where the command is run now, relative to the folder.
        paths: the files of the code, relative to its root.
    """
    result = Unkept()
    if run.host != socket.gethostname() or not os.path.isabs(run.directory) or not os.path.isdir(run.directory):
        return result
    place = folder / directory
    scripts = [word for word in command[1:] if word.endswith(".py") and (place / word).is_file()]
    known = with_folders([posixpath.normpath(posixpath.join(CODE, path)) for path in paths])
    named: dict[str, str] = {}
    total = 0
    for script in following.followed(command, scripts, str(place))[:_MAX_SCRIPTS]:
        for name in _named_in(script):
            source = os.path.normpath(os.path.join(run.directory, name))
            target = posixpath.normpath(posixpath.join(directory, name))
            if target in known or target in named or not is_as_it_was(source, run.head.started_ms):
                continue
            size = sum(os.lstat(path).st_size for path in _files_in(source))
            if total + size > MAX_COPIED_BYTES:
                result.notes.append(f"{name} ({bytes_text(size)}) was not kept: it lies at {source}, unchanged since before the run; put it at {folder / target}")  # fmt: skip
                continue
            total += size
            named[target] = source
    if not named:
        return result
    sources: dict[str, str] = {}
    files = _manifest(named, sources)
    fetched = fetch(files, lambda file: open_regular(Path(sources[file.path])), folder, may_replace=may_replace)
    there = [*fetched.written, *fetched.present, *fetched.in_the_way]
    by_path = {file.path: file.digest for file in files}
    result.digests = {path: by_path[path] for path in there}
    result.written_count, result.changed = len(fetched.written), list(fetched.in_the_way)
    result.notes += [
        f"{posixpath.relpath(target, directory)} was not kept: it is copied from {source}, unchanged since before the run" for target, source in named.items()
    ]  # fmt: skip
    return result


def _named_in(script: Path) -> Iterator[str]:
    """Give the texts in a script that may be relative paths of files."""
    try:
        with open_regular(script) as stream:
            tree = ast.parse(stream.read(following.MAX_READ_BYTES) or b"")
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if not isinstance(text, str) or not 0 < len(text) <= _MAX_NAME_CHARS or not text.isprintable():
            continue
        parts = posixpath.normpath(text).split("/")
        if posixpath.isabs(text) or any(part.startswith(".") for part in parts) or is_secret_file(text):
            continue
        yield "/".join(parts)


def _files_in(source: str) -> list[str]:
    """List a file, or all files in a folder."""
    if os.path.isfile(source):
        return [source]
    return sorted(os.path.join(place, name) for place, _, names in os.walk(source) for name in names)


def _manifest(named: dict[str, str], sources: dict[str, str]) -> list[ManifestFile]:
    """List the files of what is copied with their digests; hidden and secret ones in folders are left out."""
    files: list[ManifestFile] = []
    for target, source in named.items():
        for path in _files_in(source)[:_MAX_FILES]:
            inner = os.path.relpath(path, source)
            if any(part.startswith(".") for part in inner.split(os.sep) if inner != ".") or is_secret_file(path):
                continue
            try:
                with open_regular(Path(path), may_be_link=False) as stream:
                    digest = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
            except OSError:
                continue
            name = target if inner == "." else posixpath.join(target, inner.replace(os.sep, "/"))
            sources[name] = path
            files.append(ManifestFile(name, os.path.getsize(path), digest, "", ""))
    return files
