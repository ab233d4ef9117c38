"""Points that are logged and not yet in the catalog: its writer is half a second behind, or cannot write at all.

Every spool is read with the checks of `artui.catalog.spool`, and shown up to MAX_PENDING_BYTES.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from artui import model
from artui.catalog.spool.place import folders_of, spool_files

if TYPE_CHECKING:
    from pathlib import Path

    from artui.catalog.spool.reading import Values
    from artui.model import Metric, Series, Summary
    from artui.query.reader import Reader

Pending = Mapping[tuple[str, str, str], "Values"]
"""Steps, times and values by (run id, labels, name)."""

_NONE: Pending = {}
MAX_PENDING_BYTES = 256 << 20
"""What is beyond this is not shown until it is folded into the catalog."""


def pending(reader: Reader, connection: sqlite3.Connection) -> Pending:
    """Give the spooled points that are not yet in the state of the catalog that `connection` sees."""
    if reader.schema_version < 2 or not folders_of(reader.path):
        return _NONE
    from artui.catalog.spool.reading import joined

    parts: dict[tuple[str, str, str], list[Any]] = {}
    left_bytes = MAX_PENDING_BYTES
    for path in spool_files(reader.path):
        row = connection.execute("SELECT folded_bytes FROM spool WHERE id = :id", {"id": path.name}).fetchone()
        if row is None or type(row[0]) is int:
            left_bytes -= _take(reader, path, row[0] if row else 0, left_bytes, parts)
    return {series: joined(chunks) for series, chunks in parts.items()}


def _take(reader: Reader, path: Path, start: int, left_bytes: int, parts: dict[tuple[str, str, str], list[Any]]) -> int:
    """Read one spool from an offset on, up to `left_bytes`; give the number of bytes that were read."""
    from artui.catalog.spool.reading import SpoolFile

    taken_bytes = 0
    with reader.spool_lock:
        try:
            if start >= path.lstat().st_size:
                return 0
            file = reader.spools.get(path.name) or reader.spools.setdefault(path.name, SpoolFile(path))
            while taken_bytes < left_bytes:
                batch = file.read(start)
                for series, chunk in batch.points.items():
                    parts.setdefault(series, []).extend(chunk)
                taken_bytes += max(0, batch.end - start)
                if batch.is_last or batch.end <= start:
                    break
                start = batch.end
        except OSError:
            reader.spools.pop(path.name, None)
    return taken_bytes


def with_pending(metrics: list[Metric], run_id: str, pending_series: Pending) -> list[Metric]:
    """Complete the summaries of a run's metrics; series that are only spooled get keys below zero."""
    if not any(series[0] == run_id for series in pending_series):
        return metrics
    from artui.catalog.points import total

    places = {(metric.labels, metric.name): number for number, metric in enumerate(metrics)}
    metrics = list(metrics)
    for (owner, labels, name), values in pending_series.items():
        if owner != run_id:
            continue
        later = total(*values)
        summary = model.Summary(
            later.count, later.finite_count, float(values[2][0]), float(values[2][-1]), later.min, later.max,
            later.sum / later.finite_count if later.finite_count and later.sum is not None else None,
            later.min_step, later.max_step, later.first_step, later.last_step, later.first_ms, later.last_ms,
            later.nan_count, later.positive_inf_count, later.negative_inf_count,
        )  # fmt: skip
        place = places.get((labels, name))
        if place is None:
            metrics.append(model.Metric(-1 - len(metrics), name, labels, summary))
        else:
            metrics[place] = replace(metrics[place], summary=_followed(metrics[place].summary, summary))
    return sorted(metrics, key=metric_order)


def metric_order(metric: Metric) -> tuple[bool, str, str]:
    """Give what metrics are sorted by: their names, those about the machine last."""
    return metric.name.startswith("system/"), metric.name, metric.labels


def _followed(before: Summary, later: Summary) -> Summary:
    smaller = before.min is None or (later.min is not None and later.min < before.min)
    larger = before.max is None or (later.max is not None and later.max > before.max)
    finite = before.finite_count + later.finite_count
    added = (before.mean or 0.0) * before.finite_count + (later.mean or 0.0) * later.finite_count
    return replace(
        later,
        count=before.count + later.count,
        finite_count=finite,
        first=before.first,
        min=later.min if smaller else before.min,
        min_step=later.min_step if smaller else before.min_step,
        max=later.max if larger else before.max,
        max_step=later.max_step if larger else before.max_step,
        mean=added / finite if finite else None,
        first_step=before.first_step,
        first_ms=before.first_ms,
        nan_count=before.nan_count + later.nan_count,
        positive_inf_count=before.positive_inf_count + later.positive_inf_count,
        negative_inf_count=before.negative_inf_count + later.negative_inf_count,
    )


def extended(series: Series, later: Values | None) -> Series:
    """Append spooled points to those of the catalog."""
    if later is None:
        return series
    import numpy as np

    steps, times_ms, values = (np.concatenate(pair) for pair in zip(series.arrays(), later, strict=True))
    return model.Series(steps, times_ms, values, series.damaged_count)
