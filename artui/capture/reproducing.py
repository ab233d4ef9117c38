"""A program that is run to make a run again: it takes what that run took, and changes nothing that others rely on.

`artui reproduce RUN --run` names the run in the environment. Runs that start there say which run they were started for.
They go on with no other run, move no alias, and a version that they use by its name or an alias is the one that the run
used, whatever is the newest by now.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from artui import clock
from artui.capture.warn import warn

if TYPE_CHECKING:
    import sqlite3

    from artui.catalog.artifacts import StoredVersion
    from artui.reference import Reference

ORIGINAL = "ARTUI_REPRODUCES"
"""The variable with the id of the run that is made again."""
CONTEXT = "reproduces"
AGAIN = "-again"
"""Behind the name of a run in that of its reproduction."""
_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}\Z")
_BEGAN_MS = clock.now_ms()


def original() -> str:
    """Give the id of the run that this program is to make again; empty for an ordinary program."""
    run_id = os.environ.get(ORIGINAL, "")
    return run_id if _ID.match(run_id) else ""


def keeps_alias(alias: str) -> bool:
    """Say whether an alias stays where it is, with a warning the first time."""
    if not original():
        return False
    warn("alias", f"{ascii(alias)[:60]} stays where it is: this run is a reproduction.", subject=alias)
    return True


def name_again(connection: sqlite3.Connection | None, name: str) -> str:
    """Give a name that is free in the catalog: `NAME-again`, `NAME-again-2` …: the old run's name goes on naming that one."""
    names = (f"{name}{AGAIN}", *(f"{name}{AGAIN}-{number}" for number in range(2, 1000)))
    if connection is None:
        return names[0]
    taken = (connection.execute("SELECT 1 FROM run WHERE name = ? LIMIT 1", (wanted,)).fetchone() for wanted in names)
    return next((wanted for wanted, row in zip(names, taken, strict=True) if row is None), names[0])


def named(connection: sqlite3.Connection | None, run_id: str) -> dict[str, str]:
    """Say which run is made again, with its name where it is in this catalog."""
    row = (
        connection.execute("SELECT name FROM run WHERE id = ?", (run_id,)).fetchone()
        if connection is not None
        else None
    )
    return {"id": run_id, **({"name": str(row[0])} if row is not None else {})}


def version_used(connection: sqlite3.Connection, found: StoredVersion, reference: Reference) -> StoredVersion:
    """Give the version that the run to be made again used in place of one that was found by its name or an alias.

    What was saved since this program began stays, and so does a version that is asked for by its number.
    """
    if not original() or reference.number is not None or reference.at:
        return found
    from artui.catalog import artifacts

    rows = connection.execute(
        "SELECT DISTINCT v.number FROM run AS r JOIN edge AS e ON e.relation = 1 AND e.target_key = r.key JOIN version AS v ON v.key = e.source_key "
        "WHERE r.id = ? AND v.artifact_key = ? AND v.deleted_ms IS NULL",
        (original(), found.artifact_key),
    ).fetchmany(2)
    created = connection.execute("SELECT created_ms FROM version WHERE key = ?", (found.key,)).fetchone()
    if len(rows) != 1 or (created is not None and created[0] >= _BEGAN_MS):
        return found
    asked = replace(reference, number=int(rows[0][0]), alias=None)
    return artifacts.find_version(connection, asked, project=found.project)
