"""For sqlite-utils and Datasette: with artui installed beside them, all views of a catalog work in both, and Datasette says what they are.

Both find this module by its entry points in `pyproject.toml`; artui itself never imports it.
"""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import pluggy

from artui.query import sqlfunctions

_for_datasette = pluggy.HookimplMarker("datasette")
_for_sqlite_utils = pluggy.HookimplMarker("sqlite_utils")


@_for_datasette
@_for_sqlite_utils
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Register the functions that the views call, see `sqlfunctions`."""
    sqlfunctions.register(conn)


@_for_datasette
def get_metadata(datasette: Any) -> dict[str, Any]:
    """Describe the views of the catalogs among Datasette's files, hide their tables, and give queries to begin with."""
    described = ((str(name), _described(str(one.path))) for name, one in list(datasette.databases.items()) if one.path)
    return {"databases": {name: metadata for name, metadata in described if metadata}}


@lru_cache(maxsize=64)
def _described(path: str) -> dict[str, Any]:
    """Give what Datasette is told of a file; nothing of one that is no catalog, or cannot be read."""
    from artui.catalog.schema import APPLICATION_ID
    from artui.query.sql.relations import EXAMPLES, SAYS_ONE_ROW_FOR, VIEWS

    try:
        connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)
        try:
            if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
                return {}
            rows = connection.execute("SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view')").fetchall()
        finally:
            connection.close()
    except sqlite3.Error:
        return {}
    views = {name for kind, name in rows if kind == "view"}
    tables: dict[str, dict[str, Any]] = {name: {"hidden": True} for kind, name in rows if kind == "table"}
    tables |= {
        name: {"description": f"{SAYS_ONE_ROW_FOR.capitalize()}{words}."}
        for name, words in VIEWS.items()
        if name in views
    }
    return {
        "description": "A catalog of artui: runs, artifacts and what came of what. The views are meant to be read; tables are hidden.",
        "tables": tables,
        "queries": {title.replace(" ", "-"): {"title": title.capitalize(), "sql": query} for title, query in EXAMPLES},
    }
