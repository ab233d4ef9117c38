"""Profiles of the tables of versions, as they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from artui.catalog import cells as cell_of
from artui.model.profiles import ColumnProfile, Spreads, TableProfile

if TYPE_CHECKING:
    from artui.profile.column import Profile
    from artui.query.reader import Reader


def profiles(reader: Reader, version_key: int) -> dict[str, TableProfile]:
    """Give what the tables of a version are like, by path; one that is damaged is left out."""
    with reader.snapshot() as connection:
        rows = connection.execute(
            "SELECT part, content FROM profile WHERE version_key = :version AND from_ms = 0 AND slice = '' ORDER BY part",
            {"version": version_key},
        ).fetchall()
    read = ((cell_of.text(path), _table(content)) for path, content in rows)
    return {path: table for path, table in read if table is not None}


def sketches(reader: Reader, version_key: int) -> dict[str, Profile]:
    """Give the profiles from which others are merged and compared, by path; one that is damaged is left out."""
    from artui.profile.packing import unpacked

    with reader.snapshot() as connection:
        rows = connection.execute(
            "SELECT part, sketch FROM profile WHERE version_key = :version AND from_ms = 0 AND slice = '' ORDER BY part",
            {"version": version_key},
        ).fetchall()
    found = {}
    for path, sketch in rows:
        try:
            found[cell_of.text(path)] = unpacked(bytes(sketch))
        except (ValueError, TypeError):
            continue
    return found


def spreads(reader: Reader, version_key: int, path: str) -> list[Spreads | None]:
    """Give how the values of each column of a table lie, in its order, as both sides; empty if nothing is kept of it."""
    from artui.profile.together import spreads as together

    profile = sketches(reader, version_key).get(path)
    return [together(column, column) for column in profile.columns] if profile is not None else []


def of_sketch(profile: Profile) -> TableProfile:
    """Give what is said of a profile."""
    from artui.profile.packing import facts

    return _of_facts(facts(profile))


def _table(content: Any) -> TableProfile | None:
    try:
        return _of_facts(orjson.loads(content))
    except (ValueError, TypeError, LookupError, AttributeError):
        return None


def _of_facts(facts: Mapping[str, Any]) -> TableProfile:
    return TableProfile(
        int(facts["rows"]), tuple(map(_column, facts["columns"])), int(facts["odd_rows"]), int(facts["bad_rows"]),
        int(facts["left_out_columns"]), str(facts["note"]),
    )  # fmt: skip


def _column(facts: Mapping[str, Any]) -> ColumnProfile:
    histogram = facts.get("histogram") or {"edges": (), "counts": ()}
    return ColumnProfile(
        str(facts["name"]), str(facts["type"]), int(facts["count"]), int(facts["null_count"]), int(facts["distinct"]),
        bool(facts["is_distinct_exact"]), int(facts.get("nan_count", 0)), int(facts.get("infinite_count", 0)),
        int(facts.get("text_count", 0)), int(facts.get("other_count", 0)),
        _number(facts.get("min")), _number(facts.get("max")), _number(facts.get("mean")), _number(facts.get("std")),
        {str(share): float(value) for share, value in (facts.get("quantiles") or {}).items()},
        # Older profiles do not say so, but name frequent numbers only where all numbers are known.
        bool(facts.get("are_quantiles_exact", facts.get("most_frequent") or not facts.get("quantiles"))),
        tuple((_value(pair["value"]), int(pair["count"])) for pair in facts.get("most_frequent", ())),
        tuple(map(float, histogram["edges"])), tuple(map(int, histogram["counts"])),
    )  # fmt: skip


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _value(value: Any) -> str | float:
    return float(value) if isinstance(value, int | float) else str(value)
