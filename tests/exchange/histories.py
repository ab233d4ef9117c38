"""Catalogs of any histories: with names that no file can have, every kind of value, and every bit of a float."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from artui.catalog import Catalog, points, runs

DAY_MS = 86_400_000
BEGIN_MS = 1_780_000_000_000
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=12).filter(lambda text: text == " ".join(text.split()))  # fmt: skip
NUMBERS = st.integers(0, (1 << 64) - 1).map(lambda bits: float(np.array([bits], np.uint64).view(np.float64)[0]))
VALUES = st.one_of(st.booleans(), st.integers(-(1 << 70), 1 << 70), NUMBERS, TEXTS, st.none(), st.lists(st.integers(-(1 << 62), 1 << 62), max_size=3))  # fmt: skip
STEPS = st.integers(-(1 << 62), 1 << 62) | st.integers(-2, 3)
NAMES = TEXTS | st.sampled_from(
    ["../../x", "/etc/passwd", "a/b", "a", "A", "a/B", ".", "..", "con", ".hidden", "x" * 3000, "=1+1", "-2", "'=x", "_step", "_timestamp", "artui.id", "tab\tin", "é", "é", "a\\b", "mlflow.runName"]
)  # fmt: skip
RUN = st.fixed_dictionaries({
    "project": st.sampled_from(["p", "ä/b", "x=y%2F", "..", "P", "Default"]),
    "name": TEXTS | st.sampled_from(["../../x", "a/b", "same", "SAME", "x" * 190]), "note": TEXTS | st.sampled_from(["", "two\nlines\n", "=cmd()", "a\r\nb"]),
    "params": st.dictionaries(NAMES.filter(lambda name: "." not in name.strip(".")), VALUES, max_size=4),
    "tags": st.dictionaries(NAMES, TEXTS | st.sampled_from(["", "line\n", "@x"]), max_size=3),
    "started_ms": st.integers(1, 253_402_300_799_000) | st.integers(BEGIN_MS, BEGIN_MS + 90 * DAY_MS),
    "status": st.sampled_from(["running", "finished", "failed", "killed"]),
    "took_ms": st.integers(0, 1 << 40),
    "parent": st.integers(0, 12),
    "is_deleted": st.booleans(),
    "series": st.dictionaries(st.tuples(NAMES, st.sampled_from(["", "rank=1"])), st.lists(st.tuples(STEPS, st.integers(0, 1 << 45), NUMBERS), min_size=1, max_size=6), max_size=3),
})  # fmt: skip
HISTORIES = st.lists(RUN, min_size=1, max_size=12)


def record(path: Path, recorded: Sequence[dict[str, Any]], *, with_deleted: bool = False) -> None:
    """Write a catalog of such runs."""
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, given in enumerate(recorded):
            facts = {name: given[name] for name in ("project", "name", "note", "params", "tags", "started_ms")}
            parent_id = f"01M{given['parent']:023}" if given["parent"] < number else None
            key = runs.start(connection, runs.NewRun(id=f"01M{number:023}", parent_id=parent_id, **facts))
            for (name, labels), some in given["series"].items():
                steps, times_ms, values = zip(*some, strict=True)
                points.append(connection, key, runs.name_key(connection, name), labels, np.array(steps), np.array(times_ms), np.array(values))  # fmt: skip
            if given["status"] != "running":
                ended_ms = given["started_ms"] + given["took_ms"]
                runs.finish(connection, key, status=given["status"], ended_ms=ended_ms, duration_ms=given["took_ms"], error="" if given["status"] == "finished" else "it broke")  # fmt: skip
            if with_deleted and given["is_deleted"]:
                connection.execute("UPDATE run SET deleted_ms = ? WHERE key = ?", (given["started_ms"] + 5, key))
