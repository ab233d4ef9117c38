"""Files and folders on their way into a catalog: listed, hashed, stored, previewed.

Each file is opened once, and what is hashed is what is stored. Links are recorded as links and never
followed, special files are left out, and a file that changes while it is read is read again and else marked.
"""

from __future__ import annotations

import hashlib
import mimetypes
import os
import sqlite3
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from artui.capture.writer import warn
from artui.catalog import blobs
from artui.catalog.artifacts import NewFile
from artui.errors import UsageError
from artui.model import Preview
from artui.preview import preview
from artui.secrets import is_secret_file

MAX_PREVIEWS = 20
"""Of a folder, this many files are previewed: the first by path."""
MAX_NAMED = 5
"""Of files that were left out, so many are named."""
_READ_BYTES = 1 << 20
_TRIES = 2

_MEDIA_TYPES = {
    ".safetensors": "application/x-safetensors", ".npz": "application/x-npz", ".npy": "application/x-npy", ".md": "text/markdown",
    ".jsonl": "application/jsonl", ".parquet": "application/vnd.apache.parquet", ".log": "text/plain", ".yaml": "application/yaml",
    ".yml": "application/yaml", ".toml": "application/toml", ".gguf": "application/x-gguf", ".onnx": "application/x-onnx",
}  # fmt: skip


@dataclass(slots=True)
class Gathered:
    """What was found at a path."""

    files: list[NewFile] = field(default_factory=list)
    previews: dict[str, Preview] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    """Paths left out, each with why."""


def listed(path: Path) -> list[tuple[str, Path]]:
    """List the files of a path as (manifest path, real path), sorted; a single file under its own name.

    Raises:
        UsageError: there is nothing at the path, or it is neither file nor folder.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise UsageError(
            f"{str(path)!r} cannot be saved: {error.strerror}.",
            remedy="Give the path of a file or folder that is there.",
        ) from None
    if stat.S_ISREG(found.st_mode):
        # A link that is named means what it leads to; links inside a folder are only listed.
        return [(_visible(path.name), Path(os.path.realpath(path)))]
    if not stat.S_ISDIR(found.st_mode):
        raise UsageError(f"{str(path)!r} is neither a file nor a folder.", remedy="Give the path of a file or folder.")
    entries, secret = entries_of(path, on_error=_tell_left_out)
    if secret:
        more = f" and {len(secret) - MAX_NAMED:,} more" if len(secret) > MAX_NAMED else ""
        warn(
            f"secret files of {path}",
            f"left out {len(secret):,} file{'s' if len(secret) > 1 else ''} of {path.name!a} that by their names hold secrets: {', '.join(secret[:MAX_NAMED])!a}{more}",
        )
    return entries


def entries_of(
    path: Path, *, on_error: Callable[[OSError], None] | None = None
) -> tuple[list[tuple[str, Path]], list[str]]:
    """List a folder as (manifest path, real path), sorted, or a file under its own name; and names of files left out as secret."""
    if not path.is_dir() or path.is_symlink():
        return ([(_visible(path.name), path)], []) if os.path.lexists(path) else ([], [])
    entries: list[tuple[str, Path]] = []
    left_out: list[str] = []
    home = "/".join(Path(os.path.abspath(path)).parts[-2:])  # what lies in ~/.config/gcloud is told by these
    for folder, folders, names in os.walk(path, onerror=on_error):
        folders.sort()
        here = Path(folder)
        place = os.path.relpath(here, path)
        if secret := {name for name in names if is_secret_file(f"{home}/{place}/{name}")}:
            left_out += [_visible(os.path.normpath(f"{place}/{name}")) for name in sorted(secret)]
            names = [name for name in names if name not in secret]
        links = [name for name in folders if os.path.islink(here / name)]
        entries += [(_visible(str((here / name).relative_to(path))), here / name) for name in [*names, *links]]
    return sorted(entries), left_out


def _tell_left_out(error: OSError) -> None:
    warn(
        f"skipped {error.filename}",
        f"left out a folder that cannot be listed ({error.strerror}): {str(error.filename)[-80:]}",
    )


def size_of(entries: list[tuple[str, Path]]) -> int:
    """Sum up what lies at the paths, without reading it."""
    total = 0
    for _, path in entries:
        try:
            total += path.lstat().st_size
        except OSError:
            continue
    return total


def gather(connection: sqlite3.Connection | None, entries: list[tuple[str, Path]]) -> Gathered:
    """Hash every file, store the bytes if there is a connection to embed them by, and preview the first ones."""
    gathered = Gathered()
    for name, path in entries:
        try:
            found = path.lstat()
            if stat.S_ISLNK(found.st_mode):
                gathered.files.append(NewFile(name, 0, None, link_target=_visible(os.readlink(path))))
            elif stat.S_ISREG(found.st_mode):
                gathered.files.append(_read(connection, name, path))
                if len(gathered.previews) < MAX_PREVIEWS:
                    with path.open("rb") as stream:
                        gathered.previews[name] = preview(name, stream, found.st_size)
            else:
                gathered.skipped.append(f"{name}: not a regular file")
        except OSError as error:
            gathered.skipped.append(f"{name}: {error.strerror}")
    return gathered


def _read(connection: sqlite3.Connection | None, name: str, path: Path) -> NewFile:
    note = ""
    for attempt in range(_TRIES):
        with path.open("rb") as stream:
            before = os.fstat(stream.fileno())
            blob_key: int | None = None
            if connection is not None:
                blob_key, digest, size_bytes = blobs.store(connection, stream)
            else:
                whole, size_bytes = hashlib.sha256(), 0
                while content := stream.read(_READ_BYTES):
                    whole.update(content)
                    size_bytes += len(content)
                digest = whole.digest()
            after = os.fstat(stream.fileno())
        if (before.st_size, before.st_mtime_ns) == (
            after.st_size,
            after.st_mtime_ns,
        ) and size_bytes == after.st_size:
            break
        note = "changed while it was read" if attempt == _TRIES - 1 else ""
    return NewFile(name, size_bytes, digest, blob_key, media_type(name), note=note)


def media_type(name: str) -> str:
    """Guess a media type from a file's ending; empty when it says nothing."""
    ending = os.path.splitext(name)[1].lower()
    return _MEDIA_TYPES.get(ending) or mimetypes.guess_type(name, strict=False)[0] or ""


def _visible(name: str) -> str:
    """Make a path that any database takes, with forward slashes; bytes that are no UTF-8 become `\\xff` forms."""
    raw = name.replace("\\", "\\x5c").encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "backslashreplace").replace(os.sep, "/")
