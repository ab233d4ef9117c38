"""The files of a lake that somebody made, and what stands in them: read by a program apart, which may die of a file.

A file that is no Parquet, or whose columns are not those of its table, is left out and named; so is one that the program dies of.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from artui.content.helping import command, environment
from artui.errors import PackageMissing, SourceDamaged
from artui.exchange.lake import rowreading
from artui.exchange.lake.tables import FLAG, NUMBER, TABLES, TEXT, WHOLE

ANSWER_SECONDS = 300.0
MAX_ANSWER_BYTES = 96 << 20
MAX_FOOTER_BYTES = 16 << 20
MAX_FILES = 1_000_000
_ENDING = b"PAR1"
_WILD = re.compile(r"[*?\[\]{}]")
_WHOLES = frozenset({"BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UINTEGER", "USMALLINT", "UTINYINT"})
_TYPES = {TEXT: frozenset({"VARCHAR"}), WHOLE: _WHOLES, NUMBER: frozenset({"DOUBLE", "FLOAT"}), FLAG: frozenset({"BOOLEAN"})}  # fmt: skip
_NEEDED = {
    "runs": ("id",), "params": ("run_id", "name"), "tags": ("run_id", "name"), "metrics": ("run_id", "name"),
    "points": ("run_id", "name", "labels", "number", "step", "time_ms", "value"), "versions": ("id", "artifact", "project"),
    "files": ("version_id", "path"), "aliases": ("version_id", "name"), "lineage": ("relation", "source_id", "target_id"),
}  # fmt: skip
READ = tuple(_NEEDED)
"""Tables that are read back."""
Leave = Callable[[str, str], None]
"""Told the path of a file that is left out, and why."""


@dataclass(slots=True)
class Files:
    """The files of one table in one partition."""

    table: str
    paths: list[str] = field(default_factory=list)
    """Below the lake's folder."""
    columns: dict[str, str] = field(default_factory=dict)
    """Those of the table's columns that any of the files has, with their types."""


def partitions(root: Path, leave: Leave) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Give the partitions of a lake, each with the paths of its files by table."""
    found: dict[str, dict[str, list[str]]] = {}
    count = 0
    for table in TABLES:
        for place, folders, names in os.walk(root / table):
            folders.sort()
            below = os.path.relpath(place, root / table)
            for name in sorted(names):
                path = os.path.join(place, name)
                shown = os.path.relpath(path, root)
                if not name.endswith(".parquet") or name.startswith((".", "_")):
                    continue
                if os.path.islink(path) or not os.path.isfile(path):
                    leave(shown, "is no regular file")
                elif _WILD.search(shown) or not shown.isprintable():
                    leave(shown, "has letters in its path that stand for others")
                elif (count := count + 1) > MAX_FILES:
                    leave(shown, f"is one of more than {MAX_FILES:,}")
                elif table in _NEEDED:
                    found.setdefault(below, {}).setdefault(table, []).append(shown)
    yield from sorted(found.items())


class Source:
    """A lake that is asked for its rows."""

    def __init__(self, root: Path, leave: Leave) -> None:
        self._root, self._leave = root, leave
        self._process: subprocess.Popen[bytes] | None = None
        try:
            import duckdb as duckdb
        except ImportError as error:
            raise PackageMissing("A lake needs the package duckdb, which is not installed here.", remedy="pip install 'artui[parquet]'") from error  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:  # fmt: skip
        self._end()

    def files(self, table: str, paths: Sequence[str]) -> Files:
        """Look at files of a table; give those that hold its rows."""
        files = Files(table)
        for path in paths:
            try:
                columns = self._look(table, path)
            except (SourceDamaged, OSError) as error:
                self._leave(path, error.message if isinstance(error, SourceDamaged) else f"cannot be read: {error.strerror}")  # fmt: skip
                continue
            files.paths.append(path)
            files.columns |= columns
        return files

    def _look(self, table: str, path: str) -> dict[str, str]:
        """Give the columns of a file that its table has.

        Raises:
            SourceDamaged: it is not what it must be.
        """
        with (self._root / path).open("rb") as stream:
            size_bytes = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size_bytes - 8))
            end = stream.read()
        if size_bytes < 12 or end[4:] != _ENDING:
            raise SourceDamaged("is no Parquet file, or is cut off")
        if int.from_bytes(end[:4], "little") > min(MAX_FOOTER_BYTES, size_bytes):
            raise SourceDamaged("describes itself at a length that no real file has")
        looked = json.loads(self._ask({"ask": "look", "path": path})[0])
        there = {str(name): str(type) for name, type in looked["columns"]}
        for name in _NEEDED[table]:
            if name not in there:
                raise SourceDamaged(f"has no column {name!a}")
        columns = {}
        for name, type in TABLES[table].items():
            if name in there:
                if there[name] not in _TYPES[type]:
                    raise SourceDamaged(f"has {there[name][:40]!a} in the column {name!a}, and not {type}")
                columns[name] = type
        return columns

    def rows(self, files: Files, *, by: str, order: Sequence[str], limit: int, **which: Any) -> Iterator[dict[str, Any]]:  # fmt: skip
        """Give rows of a table in order, each with all of its columns; `too_long` says how many of its texts are null for that."""
        if not files.paths:
            return
        names = list(files.columns)
        given = [[name, files.columns[name]] for name in names]
        question = {"ask": "rows", "columns": given, "by": by, "order": [*order], "limit": limit, **which}
        empty = dict.fromkeys(TABLES[files.table])
        for frame in self._of(files, question):
            for *cells, too_long in json.loads(frame):
                yield {**empty, **dict(zip(names, cells, strict=True)), "too_long": too_long}

    def points(self, files: Files, *, limit: int, **which: Any) -> tuple[list[tuple[str, str, str, int]], list[bytes]]:
        """Give points: the series with how many each has, and the bytes of numbers, steps, times and values of all of them."""
        if not files.paths:
            return [], []
        frames = list(self._of(files, {"ask": "points", "by": "run_id", "limit": limit, **which}))
        return ([tuple(row) for row in json.loads(frames[0])], frames[1:]) if len(frames) == 5 else ([], [])

    def _of(self, files: Files, question: dict[str, Any]) -> list[bytes]:
        """Ask of files together; where that fails, find the one of which it does, and leave it out from now on."""
        try:
            return self._ask({**question, "files": files.paths})
        except SourceDamaged:
            for path in list(files.paths):
                try:
                    self._ask({**question, "files": [path]})
                except SourceDamaged as error:
                    files.paths.remove(path)
                    self._leave(path, error.message)
            return self._ask({**question, "files": files.paths}) if files.paths else []

    def _ask(self, question: dict[str, Any]) -> list[bytes]:
        """Ask one question; give the frames of its answer.

        Raises:
            SourceDamaged: it cannot be answered.
        """
        process = self._started()
        assert process.stdin is not None
        deadline = time.monotonic() + ANSWER_SECONDS
        frames: list[bytes] = []
        try:
            process.stdin.write(json.dumps(question).encode() + b"\n")
            left_bytes = MAX_ANSWER_BYTES
            while size_bytes := int(self._line(process, deadline)):
                if not 0 < size_bytes <= left_bytes:
                    raise ValueError
                left_bytes -= size_bytes
                frames.append(self._read(process, size_bytes, deadline))
        except (OSError, ValueError):
            self._end()
            raise SourceDamaged("is one that the program which reads it dies of, or gets lost in") from None
        if frames and frames[-1].startswith(b'{"error"'):
            raise SourceDamaged(f"cannot be read: {str(json.loads(frames[-1])['error'])[:200]}")
        return frames

    def _line(self, process: subprocess.Popen[bytes], deadline: float) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            line += self._read(process, 1, deadline)
            if len(line) > 20:
                raise ValueError
        return line

    def _read(self, process: subprocess.Popen[bytes], size_bytes: int, deadline: float) -> bytes:
        stream = process.stdout
        assert stream is not None
        parts, left = [], size_bytes
        while left:
            if not select.select([stream], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise ValueError
            part = os.read(stream.fileno(), min(left, 1 << 20))
            if not part:
                raise ValueError
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                command(rowreading, memory_bytes=rowreading.MEMORY_BYTES), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                cwd=self._root, env=environment(), bufsize=0, start_new_session=True,
            )  # fmt: skip
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()
