"""Event files that artui wrote itself: a text at their beginning says which run of a catalog it is, and what TensorBoard has no place for."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from artui.errors import SourceDamaged
from artui.exchange.intake.carried import MAX_BYTES, Carried
from artui.exchange.reading.files import open_inside
from artui.exchange.reading.wire import bytes_of, grouped, last_bytes, last_text
from artui.exchange.tensorboard.events import UNREADABLE, EventReader
from artui.exchange.tensorboard.records import Damage, records
from artui.exchange.tensorboard.values import hparams

if TYPE_CHECKING:
    from artui.exchange.intake.run import RunIntake
    from artui.exchange.tensorboard.logs import Logs

RUN_TAG = "artui/run"
_POINTS_AT_ONCE = 1 << 17


def carried_of(logs: Logs) -> Carried | None:
    """Give what the files of a run say of it; None if artui did not write them."""
    for file in logs.files:
        with contextlib.suppress(OSError, SourceDamaged), open_inside(logs.folder, logs.folder / file) as stream:
            if (carried := _carried(stream)) is not None:
                return carried
    return None


def _carried(stream: BinaryIO) -> Carried | None:
    """Read the second record of a file."""
    data = b""
    for _ in range(2):
        head = stream.read(12)
        length = int.from_bytes(head[:8], "little")
        if len(head) < 12 or length > MAX_BYTES:
            return None
        data = stream.read(length + 4)[:length]
    if RUN_TAG.encode() not in data[:100]:
        return None
    try:
        value = grouped(last_bytes(grouped(last_bytes(grouped(data), 5)), 1))
        texts = grouped(last_bytes(value, 8)).get(8, ())
        return Carried.of(bytes_of(texts[0])) if last_text(value, 1) == RUN_TAG and texts else None
    except UNREADABLE:
        return None


def take_own(run: RunIntake, root: Path, logs: Logs, carried: Carried) -> None:
    """Take all event files of a run of artui's, as it was."""
    reader = EventReader()
    params: dict[str, Any] = {}
    for name in logs.files:
        damage = Damage()
        try:
            with open_inside(root, logs.folder / name) as stream:
                for batch in records(stream, os.fstat(stream.fileno()).st_size, damage):
                    for value in reader.read(batch):
                        if value.tag.startswith("_hparams_/"):
                            with contextlib.suppress(*UNREADABLE):
                                params |= hparams(value.content)[0]
                    if reader.point_count > _POINTS_AT_ONCE:
                        _hand_over(run, reader, carried)
        except OSError as error:
            run.damaged(f"{name} cannot be read: {error.strerror}")
        damage.tell(run, name)
        _hand_over(run, reader, carried)
    if reader.bad:
        run.damaged(f"{reader.bad} records are no events")
    types = carried.mapping("types")
    run.params({name: _value(types.get(name), value) for name, value in params.items()})
    carried.tell(run)
    carried.tell_status(run)


def _hand_over(run: RunIntake, reader: EventReader, carried: Carried) -> None:
    for tag, (steps, times_ms, values) in reader.take_scalars():
        name, labels = carried.series(tag)
        run.points(name, steps, times_ms, values, labels=labels)


def _value(kind: Any, value: Any) -> Any:
    """Give a param as its type says."""
    try:
        if kind == "int":
            return int(value)
        if kind == "float":
            return float(value)
        if kind == "json" and isinstance(value, str):
            return json.loads(value)
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass
    return value
