"""What an export writes beside a run where the format has no place for it: what `intake.carried` reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from artui.exchange.leaving.names import digest_of
from artui.exchange.leaving.runs import LeavingRun, Series

MOST_BYTES = 4 << 20
"""What is carried of a run is no larger: else the names of its series and params are left out of it."""
MOST_NAME_CHARS = 400
"""A longer name is written cut: it stands before each point."""
_CUT = ("series", "params", "types", "tags", "error", "note", "command", "directory")


def carried_facts(run: LeavingRun, *, without: Collection[str] = (), **more: Any) -> dict[str, Any]:
    """Give the facts of a run that are not empty, and more.

    Args:
        without: words of `runs.RUNS` that have a place of their own.
    """
    facts = {
        name: fact for name, fact in run.facts.items() if name not in (*without, "catalog_id", "command") and fact not in (None, "")
    }  # fmt: skip
    if run.command:
        facts["command"] = run.command
    return {**facts, "id": run.id, **{name: fact for name, fact in more.items() if fact}}


def fitting(facts: dict[str, Any], size_bytes: int) -> list[str]:
    """Name what is to be left out of facts that are larger than `MOST_BYTES`."""
    return [name for name in _CUT if name in facts] if size_bytes > MOST_BYTES else []


def written_names(names: Iterable[str], taken: Collection[str] = (), *, avoid: str = "") -> dict[str, str]:
    """Give for names those that they are written under: themselves, unless the format has another use for one.

    Args:
        taken: names that are used for something else.
        avoid: with what no name may begin.
    """
    return {
        name: f"{name[:MOST_NAME_CHARS] or 'unnamed'}-{digest_of(name)}"
        if not name or name in taken or len(name) > MOST_NAME_CHARS or (avoid and name.startswith(avoid))
        else name
        for name in names
    }


def series_names(series: Iterable[Series], taken: Collection[str] = (), *, avoid: str = "") -> dict[Series, str]:
    """Give for series the names that they are written under: `recall[card=gift]` where labels tell several apart."""
    by_series: dict[Series, str] = {}
    given: set[str] = set()
    for one in sorted(series, key=lambda one: (bool(one.labels), one.name, one.labels)):
        text = f"{one.name}[{one.labels}]" if one.labels else one.name
        if (
            not text
            or text in taken
            or text in given
            or len(text) > MOST_NAME_CHARS
            or (avoid and text.startswith(avoid))
        ):
            text = f"{text[:MOST_NAME_CHARS] or 'unnamed'}-{digest_of(f'{one.name}{chr(0)}{one.labels}')}"
        given.add(text)
        by_series[one] = text
    return by_series


def odd_series(written: dict[Series, str]) -> dict[str, list[str]]:
    """Give name and labels of the series that are written under another name."""
    return {text: [one.name, one.labels] for one, text in written.items() if (text, "") != (one.name, one.labels)}
