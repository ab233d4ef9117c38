"""The SQL functions of the views, for sqlite-utils and Datasette: with artui installed, all views work in both.

Both find this module by its entry points in `pyproject.toml`; artui itself never imports it.
"""

from __future__ import annotations

import sqlite3

import pluggy

from artui.query import sqlfunctions

_for_datasette = pluggy.HookimplMarker("datasette")
_for_sqlite_utils = pluggy.HookimplMarker("sqlite_utils")


@_for_datasette
@_for_sqlite_utils
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Register the functions that the views call, see `sqlfunctions`."""
    sqlfunctions.register(conn)
