"""The metrics of several runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from artui.query.runs.rows import run_rows
from artui.query.series.metrics import run_metrics
from artui.query.series.spooled import pending, with_pending

if TYPE_CHECKING:
    from artui.model import Metric, RunHead
    from artui.query.reader import Reader


def metrics_of(reader: Reader, keys: Sequence[int]) -> list[tuple[RunHead, tuple[Metric, ...]]]:
    """Give the metrics of some runs, in the order of `keys`; runs that are gone are left out."""
    heads = run_rows(reader, keys, [])
    with reader.snapshot() as connection:
        later = pending(reader, connection)
        return [
            (heads[key].head, tuple(with_pending(run_metrics(connection, key), heads[key].head.id, later)))
            for key in keys
            if key in heads
        ]
