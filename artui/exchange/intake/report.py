"""The outcome of an import: what was taken, changed and left, with counts that can be checked against the source."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

MAX_DAMAGED = 200
"""How many damaged runs are named."""
MAX_POINTERS = 20
"""How many files that were not fetched are named, for each kind of pointer."""


@dataclass(slots=True)
class Report:
    """What one import of one store took, changed and left."""

    format: str
    location: str
    title: str
    """The title of the format."""
    runs: Counter[str] = field(default_factory=Counter)
    """`new`, `updated`, `unchanged`, `kept` (the source has less than the catalog), `not chosen`."""
    taken: Counter[str] = field(default_factory=Counter)
    """Counts of params, tags, series, points, versions, files, bytes… of new and updated runs."""
    changed: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(what, why) of what the catalog holds in another form than the source."""
    left: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(what, why) of what was not taken."""
    damaged: list[tuple[str, str]] = field(default_factory=list)
    """(run, what is wrong with it) of runs that were taken as far as they could be read."""
    damaged_count: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    """Facts about the store, such as the client's version."""

    def add_damage(self, run: str, text: str) -> None:
        """Count a damaged run; only the first ones are named, with what is wrong."""
        self.damaged_count += 1
        if len(self.damaged) < MAX_DAMAGED:
            self.damaged.append((run, text))

    def add_pointer(self, path: str | Path, sentence: str) -> None:
        """Count a file that was not fetched, and in whose place a pointer lies; only the first ones are named."""
        shown = os.path.relpath(path, os.path.dirname(self.location) or ".")
        if (shown, sentence) not in self.left and sum(why == sentence for _, why in self.left) >= MAX_POINTERS:
            shown = "other files"
        self.left[shown, sentence] = self.left[shown, sentence] + 1 if shown == "other files" else 1

    def copy(self) -> Report:
        """Copy the report, so that `go_back` can restore it."""
        return replace(
            self, runs=self.runs.copy(), taken=self.taken.copy(), changed=self.changed.copy(), left=self.left.copy(),
            damaged=list(self.damaged), facts=dict(self.facts),
        )  # fmt: skip

    def go_back(self, before: Report) -> None:
        """Restore the counts of an earlier copy."""
        for field_ in fields(self):
            setattr(self, field_.name, getattr(before, field_.name))

    @property
    def has_news(self) -> bool:
        """Whether any run is new or updated."""
        return bool(self.runs["new"] or self.runs["updated"])

    def plain(self) -> dict[str, Any]:
        """Give the report as JSON values."""
        return {
            "format": self.format,
            "title": self.title,
            "location": self.location,
            "facts": self.facts,
            "runs": _counts(self.runs),
            "taken": _counts(self.taken),
            "changed": _rows(self.changed),
            "left": _rows(self.left),
            "damaged": [{"run": run, "what": text} for run, text in self.damaged],
            "damaged_count": self.damaged_count,
        }


def _counts(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def _rows(counts: Mapping[tuple[str, str], int]) -> list[dict[str, Any]]:
    return [{"what": what, "why": why, "count": count} for (what, why), count in sorted(counts.items())]
