"""The SQL function `points`, for sqlite-utils and Datasette: with artui installed, `metric_points` works in both.

Both find this module by its entry points in `pyproject.toml`; artui itself never imports it.
"""

from __future__ import annotations

import sqlite3

import pluggy

from artui.catalog.points import json_points

_for_datasette = pluggy.HookimplMarker("datasette")
_for_sqlite_utils = pluggy.HookimplMarker("sqlite_utils")


@_for_datasette
@_for_sqlite_utils
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Register `points(payload, codec, count)`: JSON of `[step, time_ms, value]` triples."""
    conn.create_function("points", 3, json_points, deterministic=True)
