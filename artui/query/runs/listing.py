"""The runs that a filter matches, as a list: for the command line and for Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from artui.query.runs.naming import sorts_named
from artui.query.runs.order import RunsRequest, run_order
from artui.query.runs.rows import run_rows

if TYPE_CHECKING:
    from artui.model import RunHead
    from artui.query.reader import Reader

HEADS_A_QUESTION = 500


def list_runs(
    reader: Reader,
    *,
    where: str = "",
    contains: str = "",
    order: str | Sequence[str] = "-started",
    limit: int | None = None,
) -> list[RunHead]:
    """List runs as `CatalogReader.runs` says."""
    sorts = sorts_named(reader, [order] if isinstance(order, str) else order)
    ordered = run_order(reader, RunsRequest(where, sorts, tuple(contains.split())))
    keys = ordered.keys[:limit] if limit is not None else ordered.keys
    heads: list[RunHead] = []
    for start in range(0, len(keys), HEADS_A_QUESTION):
        page = list(keys[start : start + HEADS_A_QUESTION])
        rows = run_rows(reader, page, [])
        heads += [rows[key].head for key in page if key in rows]
    return heads
