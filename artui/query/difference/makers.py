"""How two versions came to be, where that differs: the runs that made them, with their results, params, inputs and code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from artui.model.difference import ValueChange
from artui.query.compare import FIRST_METRICS, compare

if TYPE_CHECKING:
    from artui.model import ParamValue, VersionDetail
    from artui.query.compare import Row
    from artui.query.reader import Reader

_SECTIONS = ("metrics", "params", "inputs", "code", "packages", "seeds")
_UNTOLD = ("command", "branch")
"""Of what the code was: it has the names of both runs in it, or says less than the commit."""


def makers_difference(reader: Reader, before: VersionDetail, after: VersionDetail) -> tuple[ValueChange, ...]:
    """Say by which runs two versions were made, and what is not the same in these; then how many runs use each.

    Nothing is said of the runs if it was one that made both, or none that is known.
    """
    makers = [version.head.made_by for version in (before, after)]
    changes: list[ValueChange] = []
    known = [maker for maker in makers if maker is not None and "id" not in maker.damaged]
    if len({maker.id for maker in known}) == 2 or len(known) == 1:
        first, second = (maker.name if maker is not None else None for maker in makers)
        changes.append(ValueChange("made by", first, second))
    if len({maker.id for maker in known}) == 2:
        rows = compare(reader, [maker.id for maker in known]).rows
        results = [row for row in rows if row.section == "metrics" and row.direction is not None][:FIRST_METRICS]
        others = [row for row in rows if row.section in _SECTIONS[1:] and row.name not in _UNTOLD]
        changes += [_change(row) for row in (*results, *others) if row.differs]
    used = [len(version.used_by) for version in (before, after)]
    if used[0] != used[1]:
        first, second = (_runs_text(count) if count else None for count in used)
        changes.append(ValueChange("used by", first, second))
    return tuple(changes)


def _change(row: Row) -> ValueChange:
    first, second = row.values
    note = ""
    if row.bests:
        note = "better" if row.bests == (1,) else "worse" if row.bests == (0,) and second is not None else ""
    return ValueChange(row.name, _text(first), _text(second), note)


def _text(value: ParamValue) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _runs_text(count: int) -> str:
    return f"{count:,} run{'' if count == 1 else 's'}"
