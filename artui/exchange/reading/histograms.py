"""Histograms over steps as one table, with a row for each bucket that is not empty."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

Bucket = tuple[float, float, float]
"""Lower limit, upper limit, count."""


def table(steps: Iterable[tuple[int, Sequence[Bucket]]]) -> bytes:
    """Write histograms as CSV with the columns step, low, high and count."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("step", "low", "high", "count"))
    for step, buckets in steps:
        writer.writerows((step, *bucket) for bucket in buckets if bucket[2])
    return text.getvalue().encode()
