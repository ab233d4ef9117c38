"""Verifying rows that are shown: those that do not match their seals are marked as damaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from artui.model import RunRow
    from artui.query.damage import Damages
    from artui.tui.screens.base import CatalogScreen
    from artui.tui.widgets.runstable import RunsTable

VERIFIED_AT_ONCE = 50
"""Rows that are verified in one question, few enough that other questions do not wait for long."""
DAMAGE_SECONDS = 60.0


class SealCheck:
    """Knows which rows of the table are damaged."""

    def __init__(self, screen: CatalogScreen, table: RunsTable) -> None:
        self._screen, self._table = screen, table
        self._damages: Damages = {}

    def put_rows(self, rows: Mapping[int, RunRow]) -> None:
        """Show rows in the table with the damage known so far, and verify them."""
        self._table.put_rows(with_damages(rows, self._damages))
        self.verify(rows)

    def verify(self, rows: Mapping[int, RunRow]) -> None:
        """Verify rows, some at a time."""
        reader, keys = self._screen.reader, list(rows)

        def damages_of(part: Sequence[int]) -> Damages:
            from artui.query.damage import damaged_runs

            return damaged_runs(reader, part)

        for start in range(0, len(keys), VERIFIED_AT_ONCE):
            part = keys[start : start + VERIFIED_AT_ONCE]
            self._screen.ask(
                f"seals {part[0]} {part[-1]} {len(part)}",
                lambda part=part: damages_of(part),  # type: ignore[misc]
                lambda damages, part=part: self._take(rows, part, damages),  # type: ignore[misc]
            )

    def _take(self, rows: Mapping[int, RunRow], keys: Sequence[int], damages: Damages) -> None:
        before = {key: self._damages.pop(key) for key in keys if key in self._damages}
        self._damages.update(damages)
        if before == damages:
            return
        # As they are by now: other columns may have been read since.
        changed = {key: self._table.row_of(key) or rows[key] for key in {*before, *damages}}
        self._table.put_rows(with_damages(changed, self._damages))
        if damages:
            from artui.query.damage import sentence

            shown = [(row.head.name, damages[key]) for key, row in rows.items() if key in damages]
            self._screen.artui.say(sentence(shown), is_warning=True, seconds=DAMAGE_SECONDS)


def with_damages(rows: Mapping[int, RunRow], damages: Damages) -> Mapping[int, RunRow]:
    """Give rows with their damage marked."""
    if not damages:
        return rows
    from artui.query.damage import both

    return {
        key: replace(row, head=replace(row.head, damaged=both(row.head.damaged, damages[key])))
        if key in damages
        else row
        for key, row in rows.items()
    }
