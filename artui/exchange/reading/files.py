"""Reading files of untrusted stores: only regular files inside the store, up to a size.

No link is followed out of the store, no pipe or device is opened, and YAML gives only plain values.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from artui.errors import SourceDamaged, SourceIsPointer
from artui.exchange.reading import pointers

MAX_TEXT_BYTES = 16 << 20
"""The limit for a file of settings, params or metadata."""
_MAX_YAML_NODES = 200_000
_MAX_YAML_DEPTH = 100
_OPENING = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


def open_inside(root: Path, path: Path) -> BinaryIO:
    """Open a regular file that lies inside `root`, with all links resolved.

    Raises:
        SourceIsPointer: a pointer of version control lies in its place.
        SourceDamaged: it is no regular file, or leads out of the store.
        OSError: it cannot be opened.
    """
    if not is_inside(root, path):
        raise SourceDamaged(f"{_shown(path)} leads out of the store.")
    with contextlib.ExitStack() as cleanup:
        handle = os.open(path, _OPENING)
        cleanup.callback(os.close, handle)
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise SourceDamaged(f"{_shown(path)} is no regular file.")
        if status.st_size < pointers.MAX_BYTES and (
            pointer := pointers.pointer_in(os.pread(handle, pointers.MAX_BYTES, 0))
        ):
            raise SourceIsPointer(str(path), pointer.sentence)
        stream = os.fdopen(handle, "rb")
        cleanup.pop_all()  # the stream closes the handle from now on
        return stream


def is_inside(root: Path, path: Path) -> bool:
    """Say whether a path, with all links resolved, lies inside a folder."""
    try:
        # As absolute paths, since the current folder of a process may change.
        real, home = os.path.realpath(path), _home(os.path.abspath(root))
    except (OSError, ValueError):
        return False
    return real == home or real.startswith(home.rstrip(os.sep) + os.sep)


@lru_cache(maxsize=64)
def _home(root: str) -> str:
    """Resolve the folder of a store; cached, since every file of it asks."""
    return os.path.realpath(root)


def read_inside(root: Path, path: Path, *, limit_bytes: int = MAX_TEXT_BYTES) -> bytes:
    """Read a whole small file of a store.

    Raises:
        SourceDamaged: it is larger than `limit_bytes`, no regular file, or leads out of the store.
        OSError: it cannot be read.
    """
    with open_inside(root, path) as stream:
        content = stream.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise SourceDamaged(f"{_shown(path)} is larger than {limit_bytes:,} bytes.")
    return content


def read_text(root: Path, path: Path, *, limit_bytes: int = MAX_TEXT_BYTES) -> str:
    """Read a small text file like `read_inside`; bytes that are no UTF-8 become U+FFFD."""
    return read_inside(root, path, limit_bytes=limit_bytes).decode("utf-8", "replace")


def _shown(path: Path) -> str:
    return ascii(str(path))[-200:]


def load_yaml(text: str | bytes, *, convert_tag: Callable[[str, Any], Any] | None = None) -> Any:
    """Read YAML as plain values; tags such as `!!python/object` are dropped, and no object is ever constructed.

    `convert_tag` is called with the tag and the value of each value that has one, innermost first, and gives what it becomes.
    The values are built from parser events: composing nodes would recurse, in C, as deep as the text nests.

    Raises:
        SourceDamaged: it is no YAML, nests too deep, or expands to more than any real file does.
    """
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Plain(yaml, convert_tag).build(
            yaml.parse(text if isinstance(text, str) else text.decode("utf-8", "replace"), Loader=loader)
        )
    except (yaml.YAMLError, ValueError, OverflowError, LookupError) as error:
        raise SourceDamaged(f"It is no YAML: {' '.join(ascii(str(error)).split())[:200]}.") from None


class _Plain:
    """Builds plain values from parser events, within a budget: aliases may multiply without end."""

    def __init__(self, yaml: Any, convert_tag: Callable[[str, Any], Any] | None = None) -> None:
        self._yaml = yaml
        self._convert_tag = convert_tag
        self._left = _MAX_YAML_NODES
        self._resolver = yaml.resolver.Resolver()
        self._scalars = yaml.constructor.SafeConstructor()

    def build(self, events: Iterable[Any]) -> Any:
        """Give the value of the first document; None if there is none."""
        yaml = self._yaml
        # For each open collection: itself, its anchor, the pending key of a mapping, the budget at its start, and its tag.
        stack: list[list[Any]] = []
        anchors: dict[str, tuple[Any, int]] = {}
        for event in events:
            if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                stack.append(
                    [
                        {} if isinstance(event, yaml.MappingStartEvent) else [],
                        event.anchor,
                        _NO_KEY,
                        self._left,
                        event.tag,
                    ]
                )
                self._spend(1, len(stack))
                continue
            if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                value, anchor, _, left, tag = stack.pop()
                if tag and self._convert_tag:
                    value = self._convert_tag(tag, value)
                if anchor:
                    anchors[anchor] = value, left - self._left
            elif isinstance(event, yaml.ScalarEvent):
                self._spend(1, len(stack))
                value = self._scalar(event)
                if event.tag and self._convert_tag:
                    value = self._convert_tag(event.tag, value)
                if event.anchor:
                    anchors[event.anchor] = value, 1
            elif isinstance(event, yaml.AliasEvent):
                if event.anchor not in anchors:
                    raise SourceDamaged("It is YAML with an alias of nothing, or of itself.")
                value, cost = anchors[event.anchor]
                self._spend(cost, len(stack))
            elif isinstance(event, yaml.DocumentEndEvent):
                return None
            else:
                continue
            if not stack:
                return value
            top = stack[-1]
            if isinstance(top[0], list):
                top[0].append(value)
            elif top[2] is _NO_KEY:
                top[2] = value if isinstance(value, str) else str(value)[:1000]
            else:
                top[0][top[2]] = value
                top[2] = _NO_KEY
        return None

    def _spend(self, cost: int, depth: int) -> None:
        self._left -= cost
        if self._left < 0 or depth > _MAX_YAML_DEPTH:
            raise SourceDamaged("It is YAML that nests deeper, or expands to more, than any real file.")

    def _scalar(self, event: Any) -> Any:
        if event.tag is not None and not event.value and (match := _PYTHON_NAME.match(event.tag)):
            return match[1]  # the name of a class, a function or a module is all there is
        if event.tag is not None and not event.tag.startswith("tag:yaml.org,2002:"):
            return event.value
        tag = event.tag or self._resolver.resolve(self._yaml.ScalarNode, event.value, event.implicit)
        if tag.rpartition(":")[2] in ("int", "float", "bool", "null") and len(event.value) < 400:
            try:
                return self._scalars.construct_object(self._yaml.ScalarNode(tag, event.value))
            except (self._yaml.YAMLError, ValueError, OverflowError, LookupError):
                return event.value
        return event.value


_NO_KEY = object()
_PYTHON_NAME = re.compile(r"tag:yaml\.org,2002:python/(?:name|module):([\w.]{1,200})\Z")


def local_path(uri: str) -> str | None:
    """Give the path that a `file:` URI or a plain path names; None for anything on a network."""
    if uri.startswith("file:"):
        parts = urlsplit(uri)
        return unquote(parts.path) if parts.netloc in ("", "localhost") else None
    head = uri.split(":", 1)[0] if ":" in uri else ""
    return None if len(head) > 1 and "/" not in head else uri


def inside_store(root: Path, uri: str, *, anchor: str = "") -> Path | None:
    """Find the file or folder of a URI from another machine below the store's own folder, by the end of its path.

    Only ends that contain `anchor`, such as a run's id, are tried, the longest first. None if nothing exists there.
    """
    path = local_path(uri)
    if path is None:
        return None
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts or any("\0" in part for part in parts):
        return None
    for start in range(len(parts)):
        rest = parts[start:]
        if anchor and anchor not in rest:
            return None
        place = root.joinpath(*rest)
        if os.path.lexists(place) and is_inside(root, place):
            return place
    return None


@dataclass(slots=True)
class Folder:
    """One folder of a tree that is searched for stores."""

    path: Path
    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    claimed: set[Path] = field(default_factory=set)
    """Folders that belong to a run further up, and are skipped. Shared by all folders of a walk."""
    pointers: list[str] = field(default_factory=list)
    """Files that were not fetched: pointers of version control lie in their places."""


_NEVER = frozenset({".git", ".hg", ".svn", "__pycache__", "node_modules", ".venv", "venv", ".tox", ".mypy_cache", ".ruff_cache", "site-packages"})  # fmt: skip
MAX_FOLDERS = 1_000_000
MAX_DEPTH = 40


def walk(root: Path, *, depth: int = MAX_DEPTH) -> Iterator[Folder]:
    """Walk a tree folder by folder, without following links; the caller empties `folders` to go no deeper."""
    waiting: list[tuple[Path, int]] = [(root, 0)]
    count = 0
    claimed: set[Path] = set()
    while waiting and count < MAX_FOLDERS:
        path, level = waiting.pop()
        if path in claimed:
            continue
        count += 1
        folder = Folder(path, claimed=claimed)
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    if is_clutter(entry.name):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in _NEVER and level < depth:
                            folder.folders.append(entry.name)
                    elif entry.is_file(follow_symlinks=False):
                        folder.files.append(entry.name)
        except OSError:
            continue
        folder.files.sort()
        folder.folders.sort()
        yield folder
        waiting += [(path / name, level + 1) for name in reversed(folder.folders)]


def is_clutter(name: str) -> bool:
    """Say whether a file or folder only holds metadata that macOS adds to archives and foreign disks."""
    return name.startswith("._") or name in ("__MACOSX", ".DS_Store")


def listed(path: Path) -> list[str]:
    """List the names in a folder, sorted, without clutter; empty if it cannot be listed."""
    try:
        return sorted(name for name in os.listdir(path) if not is_clutter(name))
    except OSError:
        return []


def is_here(path: Path) -> bool:
    """Say whether there is a file at a path, and not just a pointer of version control."""
    return path.is_file() and pointers.pointer_of(path) is None


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Make a key that sorts `version_2` before `version_10`."""
    parts: list[tuple[int, int, str]] = []
    digits, letters = "", ""
    for letter in text + "\0":
        if letter.isascii() and letter.isdigit() and len(digits) < 18:
            if letters:
                parts.append((1, 0, letters))
                letters = ""
            digits += letter
        else:
            if digits:
                parts.append((0, int(digits), ""))
                digits = ""
            letters += letter
    return parts


def stamp(folder: Path, names: Iterable[str]) -> str:
    """Hash the names, sizes and times of files in a folder: it differs once any of them has changed."""
    whole = hashlib.sha256()
    for name in names:
        try:
            status = (folder / name).lstat()
        except OSError:
            continue
        whole.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()[:32]


def size_and_time(path: Path) -> tuple[int, int]:
    """Give a file's size in bytes and the time of its last change in milliseconds; zeros if it does not exist."""
    try:
        status = path.lstat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns // 1_000_000
