"""Runs in groups: by a column or several, by all params but the seed; best, mean and spread of each; folded or not."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import events

from artui.query.attributes import is_numeric
from artui.safetext import clean
from artui.tui.cells import Span, fit
from artui.tui.keys import KEYS, menu_keys
from artui.tui.screens.runs.state import HasRunsTable
from artui.tui.state.arrangement import ALL_BUT_SEED, MAX_GROUPING
from artui.tui.widgets.bars import KeyBar
from artui.tui.widgets.groupcells import group_id
from artui.tui.widgets.lines import BLANK, Line
from artui.units import count_text, number_text, param_text, plural

if TYPE_CHECKING:
    from artui.model import Column
    from artui.query.runs.grouping import Group


MANY_GROUPS = 5000
"""Of more groups it is not looked for what tells them apart."""


class GroupsRuns(HasRunsTable):
    """The part of the screen of runs that groups them. `g` is followed by another key, which the footer offers."""

    _awaits_key = False
    _groups: list[Group]

    def grouping_columns(self) -> list[Column]:
        """Give the columns that runs are grouped by; a column that is not there any more is left out."""
        if ALL_BUT_SEED in self.arrangement.grouping:
            from artui.query.runs.grouping import seedless

            params, _, varying = self.columns
            return seedless(column for column in params if column.id in varying)
        return self.columns_of(self.arrangement.grouping)

    def show_rows(self, *, to_first: bool = False) -> None:
        """Show the runs of `order`, in groups if they are grouped."""
        by = self.grouping_columns()
        if not by:
            if self.table.groups:
                self.table.groups, self._groups = (), []
                to_first = True
            self.table.set_keys(self.order.keys, now_ms=self.table.now_ms, to_first=to_first)
            self.show_counts()
            return
        if self.order.is_partial:
            # Groups need all runs: what is shown stays until they are there.
            return
        from artui.query.runs.grouping import grouped

        reader, keys = self.reader, self.order.keys
        self.ask("groups", lambda: grouped(reader, keys, by), lambda found: self._take_groups(found, to_first))

    def _take_groups(self, groups: list[Group], to_first: bool) -> None:
        from artui.query.runs.grouping import with_spreads

        before = {group_id(group): group.spreads for group in self._groups}
        self._groups = [replace(group, spreads=before.get(group_id(group), {})) for group in groups]
        self._lay_groups(to_first=to_first or not self.table.groups)
        reader, columns = self.reader, [shape.column for shape in self.table.view.shapes]
        columns = [
            column for column in columns if column.name not in ("ended", "id", "name", "note", "error", "command")
        ]
        wanted = list(self._groups)
        self.ask("spreads", lambda: with_spreads(reader, wanted, columns), self._take_spreads)

    def _take_spreads(self, groups: list[Group]) -> None:
        self._groups = groups
        sort = self.request.sort
        if self.arrangement.orders_by_mean:

            def mean(group: Group) -> tuple[bool, float]:
                spread = group.spreads.get(sort.column)
                value = spread.mean if spread is not None else None
                return value is None, (-value if sort.is_descending else value) if value is not None else 0.0

            self._groups = sorted(groups, key=mean)
        self._lay_groups()

    def _lay_groups(self, *, to_first: bool = False) -> None:
        """Put the rows in: each group, and behind it its runs if it is unfolded."""
        table = self.table
        keys = array("q")
        for number, group in enumerate(self._groups):
            keys.append(-number - 1)
            if group_id(group) in table.unfolded:
                keys.extend(group.keys)
        is_seedless = ALL_BUT_SEED in self.arrangement.grouping
        titles = [clean(column.name, max_chars=40) for column in self.grouping_columns()]
        here = table.group
        table.label_places = self._telling_places(is_seedless)
        table.groups, table.group_titles = self._groups, ["all but the seed"] if is_seedless else titles
        table.set_keys(keys, now_ms=table.now_ms, to_first=to_first)
        if here is not None and not to_first:
            # The cursor stays on its group wherever that stands now.
            place = next((i for i, group in enumerate(self._groups) if group_id(group) == group_id(here)), None)
            if place is not None:
                table.move_to(keys.index(-place - 1))
        self.show_counts()

    def _telling_places(self, is_seedless: bool) -> tuple[int, ...] | None:
        """Give which of the columns tell the groups apart; None for all."""
        if not is_seedless or not self._groups or len(self._groups) > MANY_GROUPS:
            return None
        count = len(self._groups[0].values)
        return tuple(place for place in range(count) if len({repr(group.values[place]) for group in self._groups}) > 1)

    def toggle_fold(self) -> None:
        """Show the runs of the group under the cursor, or hide them."""
        if (group := self.table.group) is not None:
            self.table.unfolded ^= {group_id(group)}
            self._lay_groups()

    def _group(self, grouping: Sequence[str]) -> None:
        self.table.unfolded = set()
        self.rearrange(replace(self.arrangement, grouping=tuple(grouping)[:MAX_GROUPING]))
        if not grouping:
            self.artui.say("not grouped any more")
        elif not self.grouping_columns():
            self.artui.say("No param but the seed varies: there is nothing to group by.", is_warning=True)
            self.rearrange(replace(self.arrangement, grouping=()))
        else:
            self.artui.say("enter unfolds a group · g m orders by mean · g u ends it")
        self.show_rows(to_first=True)

    # The key g and what follows it

    def action_group(self) -> None:
        if self._awaits_key:
            self.end_menu()
            self.action_first_line()
            return
        self._awaits_key = True
        self.query_one(KeyBar).show_keys(menu_keys("grouping"))

    def end_menu(self) -> bool:
        """Wait no longer for the key behind `g`; false if none was waited for."""
        was_waiting, self._awaits_key = self._awaits_key, False
        if was_waiting:
            self.show_keys()
        return was_waiting

    async def on_key(self, event: events.Key) -> None:
        if not self._awaits_key:
            return
        self.end_menu()
        event.stop()
        event.prevent_default()
        action = next((key.action for key in KEYS if key.scope == "grouping" and event.key in key.keys.split(",")), "")
        if action:
            await self.run_action(action)

    def action_first_line(self) -> None:
        self.table.action_jump_first()

    def action_group_by_current(self) -> None:
        column = self.table.column_id
        if column == "attribute:name":
            self.artui.say("Choose the column to group by with → first, or press g /.")
            return
        self._group([column])

    def action_group_also(self) -> None:
        column = self.table.column_id
        kept = [each for each in self.arrangement.grouping if each not in (ALL_BUT_SEED, column)]
        if column in self.arrangement.grouping or column == "attribute:name":
            self._group(kept)
        else:
            self._group([*kept, column])

    def action_group_all_but_seed(self) -> None:
        self._group([ALL_BUT_SEED])

    def action_group_by(self, name: str) -> None:
        self._group([f"attribute:{name}"])

    def action_choose_grouping(self) -> None:
        from artui.query.runs.export import header_of
        from artui.tui.screens.pick import Choice, PickScreen

        choices = [
            Choice(column.id, header_of(column), "metric" if column.source == "metric" else "")
            for column in sorted(self.known_columns(), key=lambda column: column.source == "metric")
            if column.source != "attribute" or not (is_numeric(column.name) or column.name == "name")
        ]
        current = self.arrangement.grouping[0] if self.arrangement.grouping else ""
        self.artui.push_screen(PickScreen("group by", choices, current=current), self._take_grouping)

    def _take_grouping(self, column: str | None) -> None:
        if column is not None:
            self._group([column])

    def action_ungroup(self) -> None:
        if self.arrangement.grouping:
            self._group([])

    def action_order_by_mean(self) -> None:
        if not self.arrangement.grouping:
            self.artui.say("g c groups by the current column first.")
            return
        is_mean = not self.arrangement.orders_by_mean
        source, _, name = self.request.sort.column.partition(":")
        if is_mean and source not in ("metric", "param") and name != "duration":
            self.artui.say("Sort by a metric first (s): its means order the groups.", is_warning=True)
            return
        self.rearrange(replace(self.arrangement, orders_by_mean=is_mean))
        self.artui.say(
            f"groups by their mean {clean(name)}" if is_mean else f"groups by their best run in {clean(name)}"
        )
        self.show_rows(to_first=True)

    def action_fold_all(self) -> None:
        """Unfold all groups; fold them all if any is unfolded."""
        table = self.table
        table.unfolded = set() if table.unfolded else {group_id(group) for group in self._groups}
        self._lay_groups()

    # Details of a group

    def group_lines(self, group: Group, *, cells: int) -> list[Line]:
        """Say what the runs of a group have, for the pane."""
        lines = [
            Line([(fit(self.table.label_of(group), cells).rstrip(), "title")]),
            Line([(plural(len(group.keys), "run"), "text")]),
        ]
        if group.is_thin:
            lines.append(Line([("! so few say little of mean and spread", "warn")]))
        sections: list[tuple[str, list[Line]]] = [("metrics", []), ("params", [])]
        for shape in self.table.view.shapes:
            spread, column = group.spreads.get(shape.column.id), shape.column
            if spread is None or column.source not in ("metric", "param"):
                continue
            name = (fit(clean(column.name, max_chars=60), min(18, cells // 2), keep_end=True) + " ", "dim")
            if spread.best is not None and spread.mean is not None:
                sd = f" ±{number_text(spread.sd)}" if spread.sd is not None else ""
                told: list[Span] = [
                    (f"{number_text(spread.best)} best", "best"),
                    (f"  {number_text(spread.mean)}{sd}", "text"),
                ]
                if spread.odd:
                    told.append((f"  {count_text(spread.odd)} NaN or ∞", "bad"))
                elif spread.count < len(group.keys):
                    told.append((f"  of {count_text(spread.count)}", "warn"))
                sections[0][1].append(Line([name, *told]))
            elif column.source == "param":
                if spread.is_same:
                    text = clean(param_text(spread.same), max_chars=60)
                elif spread.low is not None and spread.high is not None:
                    text = f"{number_text(spread.low)} to {number_text(spread.high)}"
                else:
                    text = f"{spread.distinct} values"
                sections[1][1].append(Line([name, (text, "text" if spread.is_same else "dim")]))
        for title, found in sections:
            if found:
                lines += [BLANK, Line([(title, "dim")]), *found]
        return lines
