"""Reading spools, to fold them or to show what is not folded yet.

Whatever a file contains, reading it raises nothing but OSError, ends, and takes no more memory than the file is large.
A record that cannot be understood is counted, and the next ones are read. One whose check fails ends the file while its
writer lives, since it may be half written; in a spool that is at rest, the next whole record is searched for.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from artui.catalog.spool.format import (
    ACTION,
    CONTENT,
    FOLLOWS,
    FOLLOWS_BODY,
    HEADER,
    MAGIC,
    MAGIC_OF_ANY_VERSION,
    MAX_BODY_BYTES,
    NAMES,
    NUMBERED,
    POINTS,
    POINTS_HEAD,
    RECORD,
)
from artui.catalog.spool.owners import Owner, owner_of
from artui.catalog.spool.place import opened_file

_READ_BYTES = 4 << 20
_HEAD_BYTES = 4096
_SEARCHED_BYTES = 256 << 20
"""How far the next whole record is searched for behind a damaged one."""
MAX_ID_CHARS = 100
MAX_LABELS_CHARS = 1000

Values = tuple[Any, Any, Any]
"""Steps, times in ms and values: three arrays of one length."""
Action = dict[str, Any]
_NOT_READABLE = (ValueError, TypeError, KeyError, struct.error, RecursionError, OverflowError)


@dataclass(slots=True)
class Batch:
    """Some whole records of a spool, in order."""

    actions: list[tuple[Action, bytes]] = field(default_factory=list)
    points: dict[tuple[str, str, str], list[Values]] = field(default_factory=dict)
    """Parts of series, by (run id, labels, name)."""
    last_ms: dict[str, int] = field(default_factory=dict)
    """By run id: when it was last heard from."""
    odd_count: int = 0
    """Whole records that could not be understood."""
    damaged_bytes: int = 0
    """Between whole records."""
    start: int = 0
    end: int = 0
    """Offset behind the last whole record."""
    is_last: bool = True
    """Whether there is nothing more to read."""


@dataclass(frozen=True, slots=True)
class Follows:
    """Says that a spool continues an earlier one, and has a copy of its last part."""

    id: str
    start: int
    """Offset in the earlier spool."""
    end: int
    """Offset in the earlier spool behind what was copied of it."""
    place: int
    """Offset of the same bytes in this one."""


class SpoolFile:
    """One spool. Without a `handle` the file is opened, with all checks, for each reading.

    `is_trusted`: it is this process's own, whose checks need not be computed. `is_at_rest`: its writer is gone, so that
    damaged records are skipped.
    """

    def __init__(
        self, path: Path, *, handle: int | None = None, is_trusted: bool = False, is_at_rest: bool = False
    ) -> None:
        self.path = path
        self.id = path.name
        self.owner: Owner | None = None
        self.follows: Follows | None = None
        self.is_spool = True
        """False when the file does not begin as a spool does."""
        self.folded_bytes = 0
        """Up to here it is in the catalog, as far as this process knows."""
        self.run_ids: set[str] = set()
        """Ids of the runs that it has records of."""
        self.parts: dict[tuple[str, str, str], str] = {}
        """Labels under which points go on whose series is damaged."""
        self._handle = handle
        self._names: dict[int, tuple[str, str, tuple[str, ...]]] = {}
        self._known = 0
        """Definitions up to here have been read."""
        self._is_trusted = is_trusted
        self._is_at_rest = is_at_rest
        self._is_newer = self._was_looked_at = False

    @property
    def is_newer(self) -> bool:
        """Whether it has a newer format than this artui knows: then nothing of it is read."""
        return self._is_newer or (self.owner is not None and self.owner.is_newer)

    def look(self) -> None:
        """Read how the file begins.

        Raises:
            OSError: the file cannot be read.
        """
        with self._opened() as handle:
            self._look(handle)

    def read(self, start: int, *, max_bytes: int = _READ_BYTES) -> Batch:
        """Read whole records from an offset on; the definitions before it are looked up as needed.

        Raises:
            OSError: the file cannot be read.
        """
        with self._opened() as handle:
            self._look(handle)
            if self.is_newer or not (self.is_spool or self._is_at_rest):
                return Batch()
            start = max(start, len(MAGIC) if self.is_spool else 0)
            self._define_before(handle, start)
            batch = self._read(handle, start, max_bytes, is_wanted=True)
            self._pass_over_damage(handle, batch)
            self._known = max(self._known, batch.end)
            return batch

    def size(self) -> int:
        """Give how many bytes there are now.

        Raises:
            OSError: the file is gone.
        """
        with self._opened() as handle:
            return os.fstat(handle).st_size

    @property
    def is_gone(self) -> bool:
        """Whether its name is gone, or is that of another file now."""
        try:
            with self._opened() as handle:
                open_status, named_status = os.fstat(handle), os.stat(self.path, follow_symlinks=False)
        except OSError:
            return True
        return (open_status.st_dev, open_status.st_ino) != (named_status.st_dev, named_status.st_ino)

    def begins_record(self, offset: int) -> bool:
        """Say whether a record of this process's own spool begins, or the spool ends, at an offset."""
        if not self._is_trusted or offset == self.folded_bytes:
            return True
        with self._opened() as handle:
            return offset == os.fstat(handle).st_size or _is_record(handle, offset)

    def looks_recorded(self) -> bool:
        """Say whether a file that does not begin as a spool may have been one: it is empty, or has whole records in it."""
        with self._opened() as handle:
            return not os.pread(handle, _HEAD_BYTES, 0).strip(b"\0") or next_record(handle, -1) is not None

    def content(self) -> contextlib.AbstractContextManager[int]:
        """Open the file, to copy it as it is."""
        return self._opened()

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        if self._handle is not None:
            if not self._is_trusted and os.fstat(self._handle).st_nlink == 0 and self.path.name:
                raise FileNotFoundError(errno.ENOENT, "taken over by another process", self.id)
            yield self._handle
            return
        with opened_file(self.path, may_be_own=True) as handle:
            yield handle

    def _look(self, handle: int) -> None:
        if self._was_looked_at:
            return
        magic = os.pread(handle, len(MAGIC), 0)
        self.is_spool = magic == MAGIC
        self._is_newer = not self.is_spool and len(magic) == len(MAGIC) and magic.startswith(MAGIC_OF_ANY_VERSION)
        self._known = len(MAGIC) if self.is_spool else 0
        if self.is_spool:
            self._read(handle, len(MAGIC), _HEAD_BYTES, is_wanted=False)
        self._was_looked_at = True

    def _define_before(self, handle: int, start: int) -> None:
        """Read the definitions that stand before an offset."""
        while self._known < start:
            behind = self._read(handle, self._known, min(start - self._known, _READ_BYTES), is_wanted=False)
            self._pass_over_damage(handle, behind)
            if behind.end == self._known:
                break
            self._known = behind.end

    def _pass_over_damage(self, handle: int, batch: Batch) -> None:
        if not self._is_at_rest or not batch.is_last or batch.end >= os.fstat(handle).st_size:
            return
        following = next_record(handle, batch.end)
        if following is not None:
            batch.damaged_bytes += following - batch.end
            batch.end, batch.is_last = following, False

    def _read(self, handle: int, start: int, max_bytes: int, *, is_wanted: bool) -> Batch:
        batch = Batch(start=start, end=start)
        content = os.pread(handle, max_bytes, start)
        batch.is_last = len(content) < max_bytes
        place = 0
        while len(content) - place >= RECORD.size:
            size, check = RECORD.unpack_from(content, place)
            if not 0 < size <= MAX_BODY_BYTES:
                batch.is_last = True
                break
            end = place + RECORD.size + size
            if end > len(content):
                if place == 0 and len(content) == max_bytes:
                    # One record is larger than the part that was read.
                    content = os.pread(handle, RECORD.size + size, start)
                    if len(content) == RECORD.size + size:
                        continue
                    batch.is_last = True
                break
            body = memoryview(content)[place + RECORD.size : end]
            # A process trusts the records of its own spool, but not the offset.
            if (not self._is_trusted or place == 0) and zlib.crc32(body) != check:
                batch.is_last = True
                break
            kind = body[0]
            if kind == POINTS and size >= POINTS_HEAD.size:
                if is_wanted:
                    end = self._take_points(batch, content, place, size)
            elif not self._take(kind, body, start + place, batch if is_wanted else None):
                batch.odd_count += is_wanted
            place = end
        batch.end = start + place
        return batch

    def _take(self, kind: int, body: memoryview, place: int, batch: Batch | None) -> bool:
        """Take one record that is not points; false when it cannot be understood."""
        try:
            if kind == HEADER and place == len(MAGIC):
                self.owner = owner_of(json.loads(bytes(body[1:])))
                return self.owner is not None
            if kind == FOLLOWS:
                _, earlier, start, end, at = FOLLOWS_BODY.unpack(body)
                if not self._was_looked_at:
                    self.follows = Follows(earlier.decode("ascii"), start, end, at)
            elif kind == NAMES:
                self._names[NUMBERED.unpack_from(body)[1]] = _names(json.loads(bytes(body[NUMBERED.size :])))
            elif kind == ACTION:
                if batch is not None:
                    batch.actions.append((_action(json.loads(bytes(body[1:]))), b""))
            elif kind == CONTENT:
                if batch is not None:
                    middle = NUMBERED.size + NUMBERED.unpack_from(body)[1]
                    action = _action(json.loads(bytes(body[NUMBERED.size : middle])))
                    batch.actions.append((action, bytes(body[middle:])))
            else:
                return False
        except _NOT_READABLE:
            return False
        return True

    def _take_points(self, batch: Batch, content: bytes, place: int, size: int) -> int:
        """Take as many records of the same names as follow each other; give the offset behind them."""
        import numpy as np

        stride = RECORD.size + size
        fit = (len(content) - place) // stride
        window, count = 8, 1
        # Same size, kind and names as the first: looked at in growing windows, since calls may take turns.
        while count < fit:
            width = min(window, fit - count)
            rows = np.frombuffer(content, np.uint8, (width + 1) * stride, place + (count - 1) * stride)
            rows = rows.reshape(width + 1, stride)
            same = (rows[1:, :4] == rows[0, :4]).all(axis=1) & (rows[1:, 8:13] == rows[0, 8:13]).all(axis=1)
            if not self._is_trusted:
                same &= np.array(_checks_hold(content, place + count * stride, stride, width, same))
            good = width if same.all() else int(same.argmin())
            count += good
            if good < width:
                break
            window *= 4
        number = POINTS_HEAD.unpack_from(content, place + RECORD.size)[1]
        definition = self._names.get(number)
        end = place + count * stride
        if definition is None or POINTS_HEAD.size + 8 * len(definition[2]) != size:
            batch.odd_count += count
            return end
        run_id, labels, names = definition
        layout = np.dtype({
            "names": ["step", "time", "values"],
            "formats": ["<i8", "<i8", ("<f8", (len(names),))],
            "offsets": [RECORD.size + 5, RECORD.size + 13, RECORD.size + POINTS_HEAD.size],
            "itemsize": stride,
        })  # fmt: skip
        calls: Any = np.frombuffer(content, layout, count, place)
        steps, times_ms, values = calls["step"].astype(np.int64), calls["time"].astype(np.int64), calls["values"]
        for column, name in enumerate(names):
            batch.points.setdefault((run_id, labels, name), []).append(
                (steps, times_ms, values[:, column].astype(np.float64))
            )
        batch.last_ms[run_id] = max(batch.last_ms.get(run_id, 0), int(times_ms[-1]))
        return end


def _checks_hold(content: bytes, place: int, stride: int, count: int, wanted: Iterable[Any]) -> list[bool]:
    view = memoryview(content)
    holds = []
    for number, is_wanted in zip(range(count), wanted, strict=False):
        start = place + number * stride
        check = RECORD.unpack_from(content, start)[1]
        holds.append(bool(is_wanted) and zlib.crc32(view[start + RECORD.size : start + stride]) == check)
    return holds


def joined(parts: list[Values]) -> Values:
    """Join parts of a series."""
    if len(parts) == 1:
        return parts[0]
    import numpy as np

    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))  # type: ignore[return-value]


def _names(definition: Any) -> tuple[str, str, tuple[str, ...]]:
    run_id, labels, names = definition
    is_right = is_run_id(run_id) and isinstance(labels, str) and len(labels) <= MAX_LABELS_CHARS
    if not is_right or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("these are not the names of a run's metrics")
    return run_id, labels, tuple(names)


def _action(action: Any) -> Action:
    if not isinstance(action, dict) or not isinstance(action.get("do"), str) or run_of(action) is None:
        raise ValueError("this is not an action on a run")
    return action


def run_of(action: Action) -> str | None:
    """Give the id of the run that an action is about; None when it has none that could be an id."""
    run = action.get("run")
    run_id = (run.get("id") if isinstance(run, dict) else None) if action["do"] == "start" else action.get("id")
    return run_id if is_run_id(run_id) else None


def is_run_id(value: Any) -> bool:
    """Say whether a value can be the id of a run."""
    return isinstance(value, str) and 0 < len(value) <= MAX_ID_CHARS and value.isascii() and value.isprintable()


def next_record(handle: int, start: int) -> int | None:
    """Find the first whole record behind a damaged one that begins at an offset; None when there is none."""
    import numpy as np

    size_bytes = os.fstat(handle).st_size
    checked_bytes, place = 0, start + 1
    while place < min(size_bytes, start + _SEARCHED_BYTES):
        content = np.frombuffer(os.pread(handle, _READ_BYTES, place), np.uint8)
        count = len(content) - RECORD.size
        if count <= 0:
            return None
        low = [content[number : number + count].astype(np.uint32) << np.uint32(8 * number) for number in range(4)]
        sizes, kinds = low[0] | low[1] | low[2] | low[3], content[RECORD.size :][:count]
        fits = (sizes > 0) & (sizes <= min(MAX_BODY_BYTES, size_bytes - place)) & (kinds <= FOLLOWS)
        for offset in np.flatnonzero(fits).tolist():
            size, body_at = int(sizes[offset]), place + offset + RECORD.size
            if body_at + size > size_bytes:
                continue
            checked_bytes += size
            if checked_bytes > _SEARCHED_BYTES:
                return None
            if _is_record(handle, place + offset):
                return int(place + offset)
        place += count
    return None


def _is_record(handle: int, place: int) -> bool:
    head = os.pread(handle, RECORD.size, place)
    if len(head) < RECORD.size:
        return False
    size, check = RECORD.unpack(head)
    if not 0 < size <= MAX_BODY_BYTES:
        return False
    body = os.pread(handle, size, place + RECORD.size)
    return len(body) == size and bool(zlib.crc32(body) == check)
