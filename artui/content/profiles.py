"""Profiles of the tables in a version: of small ones at once, of others in a process of its own."""

from __future__ import annotations

import contextlib
import io
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from artui.content import profiling
from artui.content.helping import command, descriptor_of, environment
from artui.profile.tables import FRAMED_ENDINGS, NotATable, Table, TookTooLong, table_of

if TYPE_CHECKING:
    from artui.profile.column import Profile

AT_ONCE_BYTES = 1 << 20
"""Tables up to this size are read where they are asked for: it takes about 0.1 s."""
AT_ONCE_SECONDS = 0.5
"""Of one table, whatever its size says."""
BYTES_A_SECOND = 8 << 20
"""Of text, at least, on a slow machine."""
PACKED_TIMES = 5
"""So many times larger is a text when it is unpacked, about."""


def is_table(path: str) -> bool:
    """Say whether the name of a file is that of a table whose profile can be made."""
    return table_of(path) is not None


def is_small(path: str, size_bytes: int) -> bool:
    """Say whether `at_once` makes the profile of a table."""
    kind = table_of(path)
    if kind is None or kind.ending in FRAMED_ENDINGS:
        return False
    return size_bytes * (PACKED_TIMES if kind.packing else 1) <= AT_ONCE_BYTES


def at_once(path: str, stream: BinaryIO, size_bytes: int) -> Profile | None:
    """Make the profile of a small table; None of others, and of what is no table."""
    kind = table_of(path)
    if (
        kind is None
        or kind.ending in FRAMED_ENDINGS
        or size_bytes * (PACKED_TIMES if kind.packing else 1) > AT_ONCE_BYTES
    ):
        return None
    # It needs numpy, which a process that saves no table does without.
    from artui.profile.reading import profile_of

    try:
        stream.seek(0)
        return profile_of(kind, stream, until=time.monotonic() + AT_ONCE_SECONDS)
    except (NotATable, TookTooLong, OSError):
        return None


def seconds_of(path: str, size_bytes: int) -> float:
    """Say about how long a table takes."""
    kind = table_of(path)
    times = PACKED_TIMES if kind is not None and (kind.packing or kind.ending in FRAMED_ENDINGS) else 1
    return 0.5 + size_bytes * times / BYTES_A_SECOND


def wanting(paths: Mapping[str, int], made: Mapping[str, object], *, seconds: float) -> list[str]:
    """Give the tables of which no profile was made and that take so long at most, all together, the first ones first.

    Args:
        paths: by path the size in bytes.
        made: by path what was made already.
    """
    found = []
    for path, size_bytes in paths.items():
        if path not in made and is_table(path) and (left := seconds - seconds_of(path, size_bytes)) >= 0:
            found.append(path)
            seconds = left
    return found


def apart(
    path: str,
    stream: BinaryIO,
    size_bytes: int,
    *,
    seconds: float = profiling.SECONDS,
    tell: Callable[[int], None] | None = None,
    is_wanted: Callable[[], bool] = lambda: True,
) -> Profile:
    """Make the profile of any table by a program of its own.

    Args:
        tell: called with how many bytes of the file were read so far.
        is_wanted: asked now and then whether to go on.

    Raises:
        NotATable: it is none, or cannot be read; a missing package is named.
        TookTooLong: it takes longer than `seconds`, or is not wanted any more.
        OSError: its bytes cannot be read.
    """
    from artui.profile import packing

    kind = table_of(path)
    if kind is None:
        raise NotATable("its name is not that of a table")
    with descriptor_of(stream) as descriptor:
        try:
            answer, code, said = _run(kind, descriptor, size_bytes, time.monotonic() + seconds, tell, is_wanted)
        except subprocess.SubprocessError as error:
            raise NotATable(f"no program can be started: {error}") from error
    if code == profiling.MISSING:
        raise NotATable(f"{kind.ending} needs {'duckdb or pyarrow' if kind.ending == 'parquet' else 'pyarrow'}")
    if code:
        raise NotATable(said or "it takes more memory or time than its profile may")
    try:
        return packing.unpacked(answer)
    except ValueError as error:
        raise NotATable(str(error)) from error


def _run(
    kind: Table,
    descriptor: int,
    size_bytes: int,
    until: float,
    tell: Callable[[int], None] | None,
    is_wanted: Callable[[], bool],
) -> tuple[bytes, int, str]:
    """Run the program; give what it answers, its exit code, and the last that it said."""
    folder = str(Path(profiling.__file__).parents[2])
    arguments = (folder, kind.ending, kind.packing, str(size_bytes))
    said = ""
    with subprocess.Popen(
        command(profiling, arguments, memory_bytes=profiling.MEMORY_BYTES),
        stdin=descriptor,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env=environment(),
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        answer: list[bytes] = []
        reader = threading.Thread(target=lambda: answer.append(process.stdout.read()))  # type: ignore[union-attr]
        reader.start()
        watcher = threading.Thread(target=_end_in_time, args=(process, until, is_wanted))
        watcher.start()
        for line in io.TextIOWrapper(process.stderr, "ascii", "replace"):
            if line.strip().isdigit():
                if tell is not None:
                    tell(min(int(line), size_bytes))
            else:
                said = line.strip() or said
        reader.join()
        code = process.wait()
        watcher.join()
    if code < 0 and (time.monotonic() >= until or not is_wanted()):
        raise TookTooLong
    return b"".join(answer), code, "" if code < 0 else said


def _end_in_time(process: subprocess.Popen[bytes], until: float, is_wanted: Callable[[], bool]) -> None:
    while process.poll() is None:
        if time.monotonic() >= until or not is_wanted():
            process.kill()
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
