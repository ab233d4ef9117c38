"""For sqlite-utils and Datasette: with artui installed beside them, all views of a catalog work in both, and Datasette says what they are.

Both find this module by its entry points in `pyproject.toml`; artui itself never imports it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Coroutine
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
    """Describe the views of the catalogs among the files of Datasette 0, hide their tables, and give queries to begin with."""
    return {"databases": _catalogs(datasette)}


@_for_datasette
def startup(datasette: Any) -> Callable[[], Coroutine[Any, Any, None]] | None:
    """Tell Datasette 1 the same, which never asks for it, and keeps it in a database of its own. What its user says stays."""
    if not hasattr(datasette, "set_resource_metadata"):
        return None

    async def tell() -> None:
        for name, told in _catalogs(datasette).items():
            await _tell(datasette, name, told)

    return tell


async def _tell(datasette: Any, name: str, told: dict[str, Any]) -> None:
    tables = datasette.config.setdefault("databases", {}).setdefault(name, {}).setdefault("tables", {})
    if "description" not in await datasette.get_database_metadata(name):
        await datasette.set_database_metadata(name, "description", told["description"])
    for relation, entry in told["tables"].items():
        if "hidden" in entry:
            tables.setdefault(relation, {}).setdefault("hidden", True)
            continue
        if "description" not in await datasette.get_resource_metadata(name, relation):
            await datasette.set_resource_metadata(name, relation, "description", entry["description"])
        for column, words in entry["columns"].items():
            if "description" not in await datasette.get_column_metadata(name, relation, column):
                await datasette.set_column_metadata(name, relation, column, "description", words)
    if hasattr(datasette, "add_query"):
        for query, entry in told["queries"].items():
            if await datasette.get_query(name, query) is None:
                await datasette.add_query(name, query, entry["sql"], title=entry["title"])


def _catalogs(datasette: Any) -> dict[str, dict[str, Any]]:
    """Say what Datasette is told of each catalog among its files, by the name that it has there."""
    described = ((str(name), _described(str(one.path))) for name, one in list(datasette.databases.items()) if one.path)
    return {name: told for name, told in described if told}


@lru_cache(maxsize=64)
def _described(path: str) -> dict[str, Any]:
    """Give what Datasette is told of a file; nothing of one that is no catalog, or cannot be read."""
    from artui.catalog.schema import APPLICATION_ID
    from artui.query.sql.relations import EXAMPLES, SAYS_ONE_ROW_FOR, VIEWS, columns_of, words_of_column

    try:
        connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)
        try:
            if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
                return {}
            sqlfunctions.register(connection)
            rows = connection.execute("SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view')").fetchall()
            # Of views of ours alone: what else is in a file may be anything.
            columns = {name: columns_of(connection, name) for name in VIEWS if ("view", name) in rows}
        finally:
            connection.close()
    except (sqlite3.Error, UnicodeError):
        return {}
    tables: dict[str, dict[str, Any]] = {name: {"hidden": True} for kind, name in rows if kind == "table"}
    tables |= {
        name: {
            "description": f"{SAYS_ONE_ROW_FOR.capitalize()}{VIEWS[name]}.",
            "columns": {column: words for column in names if (words := words_of_column(column))},
        }
        for name, names in columns.items()
    }
    return {
        "description": "A catalog of artui: runs, artifacts and what came of what. The views are meant to be read; tables are hidden.",
        "tables": tables,
        "queries": {title.replace(" ", "-"): {"title": title.capitalize(), "sql": query} for title, query in EXAMPLES},
    }
