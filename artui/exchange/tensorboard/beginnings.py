"""The beginning of an event file: the step of a restart, hparams, and enough scalars to recognise the training."""

from __future__ import annotations

from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from artui.exchange.reading.wire import grouped, last_bytes, last_int, signed
from artui.exchange.tensorboard.events import UNREADABLE, EventReader
from artui.exchange.tensorboard.records import HEAD_BYTES, Damage, records
from artui.exchange.tensorboard.values import hparams

_SAMPLE_BYTES = 1 << 20


def restart_step(stream: BinaryIO) -> int | None:
    """Give the step from which a file replaces the points of files before it; None if it replaces nothing.

    A program that continues from a checkpoint begins its file with a SessionLog whose status is START (1), at the step where it
    continues: `purge_step` of a SummaryWriter, and TensorFlow by default. Only the beginning of the file is read.
    """
    head = stream.read(HEAD_BYTES)
    place = 0
    while place + 12 <= len(head):
        length = int.from_bytes(head[place : place + 8], "little")
        data = head[place + 12 : place + 12 + length]
        if len(data) < length:
            return None
        place += 16 + length
        try:
            parts = grouped(data)
        except UNREADABLE:
            continue
        if 7 in parts and last_int(grouped(last_bytes(parts, 7)), 1) == 1:
            return signed(last_int(parts, 2))
    return None


def head_hparams(stream: BinaryIO) -> dict[str, Any] | None:
    """Give the hparams at the beginning of a file; None if there are none."""
    reader = EventReader()
    for batch in records(BytesIO(stream.read(HEAD_BYTES)), HEAD_BYTES, Damage()):
        for value in reader.read(batch):
            if value.tag.startswith("_hparams_/"):
                try:
                    params, _ = hparams(value.content)
                except UNREADABLE:
                    continue
                if params:
                    return params
    return None


def sample(stream: BinaryIO) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """Read the scalars at the beginning of a file, to compare it with another log."""
    reader = EventReader()
    head = stream.read(_SAMPLE_BYTES)
    for batch in records(BytesIO(head), len(head), Damage()):
        for _ in reader.read(batch):
            pass
    return dict(reader.take_scalars())
