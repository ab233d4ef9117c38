"""Which runs are otherwise equal: of one project and stage, with the same params, seeds apart, and the same inputs.

What a run was given is summed up as one number of 64 bits, from which the part of any one thing can be taken away
again. Two different sums out of 100,000 are equal by chance once in about ten thousand million times.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from artui.catalog.cells import text
from artui.query.runs.columns import SEED
from artui.query.runs.sorting import value_groups
from artui.query.why.evidence import mixed
from artui.query.why.params import Groups

if TYPE_CHECKING:
    from artui.arrays import Ints

_INPUTS = """
    SELECT a.name, v.key, e.target_key
    FROM edge AS e
    JOIN version AS v ON v.key = e.source_key
    JOIN artifact AS a ON a.key = v.artifact_key
    WHERE e.relation = 1
      AND a.kind NOT IN ('code', 'environment', 'log')
"""
_INPUT_SALT = 0


class Configurations:
    """Sums of what runs were given."""

    def __init__(self, connection: sqlite3.Connection, keys: Ints, differing: Collection[tuple[str, str]]) -> None:
        """Start with project, stage and inputs.

        Args:
            keys: of the runs, ascending.
            differing: section and name of each thing whose part may be taken away again.
        """
        import numpy as np

        self._keys, self._differing = keys, set(differing)
        self._sums = np.zeros(len(keys), np.uint64)
        self._parts: dict[tuple[str, str], Any] = {}
        self._salt = _INPUT_SALT
        for attribute in ("project", "stage"):
            self._add("run", attribute, value_groups(connection, f"attribute:{attribute}"))
        by_artifact: dict[str, list[tuple[int, int]]] = {}
        for name, version, run in connection.execute(_INPUTS):
            if isinstance(version, int) and isinstance(run, int):
                by_artifact.setdefault(text(name), []).append((version, run))
        for name, pairs in by_artifact.items():
            versions, runs = np.array(pairs, np.int64).T
            places, is_present = self._places(runs)
            part = np.zeros(len(keys), np.uint64)
            np.add.at(part, places[is_present], mixed(versions[is_present], _INPUT_SALT))
            self._take("inputs", name, part)

    def add_param(self, name: str, groups: Groups) -> None:
        """Add a param, unless it is a seed."""
        if not SEED.search(name):
            self._add("params", name, groups)

    def _add(self, section: str, name: str, groups: Groups) -> None:
        import numpy as np

        self._salt += 1
        part = np.zeros(len(self._keys), np.uint64)
        runs = np.array([key for _, keys in groups for key in keys], np.int64)
        codes = np.repeat(np.arange(len(groups)), [len(keys) for _, keys in groups])
        places, is_present = self._places(runs)
        part[places[is_present]] = mixed(codes[is_present], self._salt)
        self._take(section, name, part)

    def _places(self, runs: Ints) -> tuple[Any, Any]:
        """Give the place of each run, and whether it is there at all."""
        import numpy as np

        places = np.minimum(np.searchsorted(self._keys, runs), max(0, len(self._keys) - 1))
        return places, (self._keys[places] == runs) if len(self._keys) else np.zeros(len(runs), bool)

    def _take(self, section: str, name: str, part: Any) -> None:
        self._sums += part
        if (section, name) in self._differing:
            self._parts[section, name] = part

    def without(self, section: str, name: str) -> Any:
        """Give a number for each run that is the same for runs that are equal in all but one thing."""
        part = self._parts.get((section, name))
        return self._sums if part is None else self._sums - part
