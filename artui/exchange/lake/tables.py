"""The tables of a lake: their names, columns and types, as they are written, read back and documented.

Ids are texts; times are whole milliseconds since 1970, UTC, as in the catalog's own views; a cell that says nothing is null. The
columns are called as in these views, so that one query fits both.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

LAYOUT = 1
"""Stands in each manifest, and in what the names of files are derived from: another layout writes other files."""
MANIFESTS = "_artui"
"""The folder of the manifests; readers of Parquet leave out folders whose names begin so."""

TEXT, WHOLE, NUMBER, FLAG = "VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN"

TABLES: Mapping[str, Mapping[str, str]] = MappingProxyType({
    "runs": {
        "id": TEXT, "name": TEXT, "project": TEXT, "status": TEXT, "stage": TEXT, "started_ms": WHOLE, "ended_ms": WHOLE, "duration_ms": WHOLE,
        "heartbeat_ms": WHOLE, "parent_id": TEXT, "user": TEXT, "host": TEXT, "git_commit": TEXT, "git_branch": TEXT, "git_dirty": FLAG, "python": TEXT,
        "directory": TEXT, "command": TEXT, "note": TEXT, "error": TEXT, "source": TEXT, "catalog_id": TEXT,
    },
    "params": {"run_id": TEXT, "name": TEXT, "type": TEXT, "value_number": NUMBER, "value_text": TEXT},
    "tags": {"run_id": TEXT, "name": TEXT, "value": TEXT},
    "metrics": {
        "run_id": TEXT, "name": TEXT, "labels": TEXT, "count": WHOLE, "first": NUMBER, "last": NUMBER, "min": NUMBER, "max": NUMBER, "mean": NUMBER,
        "sum": NUMBER, "min_step": WHOLE, "max_step": WHOLE, "first_step": WHOLE, "last_step": WHOLE, "first_ms": WHOLE, "last_ms": WHOLE,
        "finite_count": WHOLE, "nan_count": WHOLE, "positive_inf_count": WHOLE, "negative_inf_count": WHOLE,
    },
    "points": {"run_id": TEXT, "name": TEXT, "labels": TEXT, "number": WHOLE, "step": WHOLE, "time_ms": WHOLE, "value": NUMBER},
    "artifacts": {"id": TEXT, "name": TEXT, "project": TEXT, "kind": TEXT, "stage": TEXT, "created_ms": WHOLE, "note": TEXT},
    "versions": {
        "id": TEXT, "artifact_id": TEXT, "artifact": TEXT, "number": WHOLE, "project": TEXT, "kind": TEXT, "stage": TEXT, "digest": TEXT,
        "size_bytes": WHOLE, "file_count": WHOLE, "created_ms": WHOLE, "storage": TEXT, "location": TEXT, "host": TEXT, "note": TEXT, "metadata": TEXT,
    },
    "files": {"version_id": TEXT, "path": TEXT, "size_bytes": WHOLE, "digest": TEXT, "media_type": TEXT, "link_target": TEXT, "note": TEXT},
    "aliases": {"artifact_id": TEXT, "artifact": TEXT, "project": TEXT, "name": TEXT, "version_id": TEXT, "number": WHOLE},
    "lineage": {"relation": TEXT, "source": TEXT, "source_id": TEXT, "target": TEXT, "target_id": TEXT, "created_ms": WHOLE},
    "releases": {
        "deployment": TEXT, "project": TEXT, "deployment_id": TEXT, "id": TEXT, "version": TEXT, "version_id": TEXT, "role": TEXT, "share": NUMBER,
        "from_ms": WHOLE, "to_ms": WHOLE, "reason": TEXT, "approved_by": TEXT, "author": TEXT, "recorded_ms": WHOLE, "why": TEXT,
    },
    "events": {
        "id": TEXT, "time_ms": WHOLE, "author": TEXT, "action": TEXT, "subject": TEXT, "subject_id": TEXT, "before": TEXT, "after": TEXT, "why": TEXT,
    },
})  # fmt: skip
"""By table, its columns with their types, in their order."""
OF_RUNS = ("runs", "params", "tags", "metrics", "points")
"""Tables whose rows belong to a run each, and lie in its partition."""
PARAM_TYPES = ("number", "text", "bool", "json")
"""By the number that a catalog has for it."""


def typed(table: str, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Give cells of the types of their columns: what is said in a damaged entry of the journal may be anything."""
    kinds: dict[str, Any] = {TEXT: str, WHOLE: int, NUMBER: (int, float), FLAG: bool}
    return tuple(
        cell if isinstance(cell, kinds[type]) else None for type, cell in zip(TABLES[table].values(), row, strict=True)
    )
