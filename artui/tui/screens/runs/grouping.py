"""Grouping the table of runs: the menu behind `g`, and the questions to the catalog about groups and their spreads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from artui.safetext import clean
from artui.tui.screens.runs import groups
from artui.tui.state.arrangement import ALL_BUT_SEED
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import Column
    from artui.query.runs.grouping import Group
    from artui.query.runs.order import RunOrder
    from artui.tui.screens.runs.host import RunsHost
    from artui.tui.screens.runs.state import RunsState


_HOW_TO_GO_ON = "enter unfolds a group · g m orders by mean · esc ends it"
_LONGEST_WAIT = 600
"""Seconds for which it is said at most that runs are grouped."""
MANY_RUNS = 20_000
"""Grouping more runs than this takes so long that it is said."""


class RunsGrouping:
    """Groups the runs of the screen. `g` is followed by another key, which the footer offers."""

    def __init__(self, screen: RunsHost) -> None:
        self._screen = screen
        self._awaits_key = False
        self._said = ""
        """What was said of groups that are awaited."""
        self._wanted: tuple[str, ...] = ()
        """Ids of the columns that the user wants very many groups by."""
        self._asked: tuple[list[str], RunOrder] | None = None
        """Ids of the columns, and the runs, whose groups were asked for last."""
        self._says_how = False
        """Whether it is said how to go on once the spreads of many runs have been read."""

    # The menu

    def start_menu(self) -> None:
        """Let the next key say what to group by."""
        self._awaits_key = True
        self._screen.show_menu("grouping")

    def end_menu(self) -> bool:
        """Leave the menu; false if it is not open."""
        was_waiting, self._awaits_key = self._awaits_key, False
        if was_waiting:
            self._screen.end_menu()
        return was_waiting

    # Columns to group by

    def group(self, grouping: Sequence[str]) -> None:
        """Group by columns; by none, show the runs again."""
        self._group(groups.grouped_by(self._screen.state, grouping))

    def group_also(self, column_id: str) -> None:
        """Group by a column as well, or no longer by it."""
        self._group(groups.grouped_also_by(self._screen.state, column_id))

    def _group(self, state: RunsState) -> None:
        """Show runs in the groups that a state asks for, and say how to go on."""
        screen, is_grouped = self._screen, bool(state.arrangement.grouping)
        if is_grouped and not groups.grouping_columns(state):
            screen.artui.say("No param but the seed varies: there is nothing to group by.", is_warning=True)
            state = groups.grouped_by(state, [])
        elif is_grouped:
            screen.artui.say(_HOW_TO_GO_ON)
        else:
            screen.artui.say("not grouped any more")
        self._asked = None
        screen.show(state, to_first=not state.groups and bool(screen.state.groups))

    def choose(self) -> None:
        """Let the user choose a column from a list."""
        from artui.tui.screens.columns import choices_of, look_at
        from artui.tui.screens.pick import PickScreen

        grouping = self._screen.state.arrangement.grouping
        columns = groups.offered_columns(self._screen.state)
        choices = choices_of(columns)
        look = look_at(self._screen, columns, self._screen.state.order.keys, width=self._screen.table.size.width)
        picker = PickScreen("group by", choices, current=grouping[0] if grouping else "", look=look)
        self._screen.artui.push_screen(picker, self._take_choice)

    def _take_choice(self, column_id: str | None) -> None:
        if column_id is not None:
            self.group([column_id])

    def toggle_order_by_mean(self) -> None:
        """Order groups by their means, or by their best runs again."""
        screen = self._screen
        if refusal := groups.order_by_mean_refusal(screen.state):
            screen.artui.say(refusal, is_warning=bool(screen.state.arrangement.grouping))
            return
        screen.show(groups.with_order_by_mean_toggled(screen.state), to_first=True)
        column = screen.state.request.sort.column
        name = clean(column.partition(":")[2])
        is_mean = screen.state.arrangement.orders_by_mean
        has_odd = any((spread := group.spreads.get(column)) and spread.odd for group in screen.state.groups)
        last = " · those in which runs diverged come last" if has_odd else ""
        screen.artui.say(f"groups by their mean {name}{last}" if is_mean else f"groups by their best run in {name}")

    # Questions

    def ask(self, *, to_first: bool) -> None:
        """Read the groups of the runs that are shown now, unless they have been asked for."""
        state = self._screen.state
        if state.order.is_partial:
            return  # Groups need all runs: the table stays as it is until they have been read.
        by = groups.grouping_columns(state)
        ids, order, asked = [column.id for column in by], state.order, self._asked
        self._asked = ids, order
        is_other = asked is None or asked[0] != ids
        if not is_other and asked is not None and asked[1] is order:
            return
        from artui.query.runs.grouping import grouped

        reader, grouping = self._screen.reader, state.arrangement.grouping
        artui, is_long = self._screen.artui, len(order.keys) > MANY_RUNS
        artui.unsay(self._said)
        self._said = f"grouping {plural(len(order.keys), 'run')} …"
        if is_long:
            # Until they are there, however long that takes.
            artui.say(self._said, seconds=_LONGEST_WAIT)

        def take(answer: list[Group]) -> None:
            artui.unsay(self._said)
            self._says_how = is_long and is_other
            self._take(grouping, answer, to_first=to_first or is_other)

        is_exact = ALL_BUT_SEED in grouping
        self._screen.ask("groups", lambda: grouped(reader, order.keys, by, is_exact=is_exact), take)

    def _take(self, grouping: tuple[str, ...], answer: list[Group], *, to_first: bool) -> None:
        screen = self._screen
        if grouping != screen.state.arrangement.grouping:
            return
        if to_first and ALL_BUT_SEED in grouping and len(answer) > 1 and all(len(group.keys) == 1 for group in answer):
            # There is nothing to read in groups of a run each: the runs themselves say more.
            screen.show(groups.grouped_by(screen.state, []))
            screen.artui.say("No two of these runs agree in all params but the seed: there is nothing to group.")
            return
        if grouping != self._wanted and groups.are_singles(answer):
            self._ask_first(grouping, len(answer))
            return
        screen.show(groups.with_groups(screen.state, answer), to_first=to_first)
        self.ask_spreads()

    def _ask_first(self, grouping: tuple[str, ...], count: int) -> None:
        """Ask whether groups of hardly more than a run each are wanted; until then the runs stay as they are."""
        screen = self._screen
        screen.show(groups.grouped_by(screen.state, []))

        def go_on() -> None:
            self._wanted = grouping
            self.group(grouping)

        screen.prompt.ask_yes_or_no(f"{plural(count, 'group')}, nearly one a run: show them?", go_on)

    def ask_spreads(self) -> None:
        """Read the spreads of the shown columns over the runs of each group; of many runs one column after another."""
        screen = self._screen
        state = screen.state
        if not state.groups:
            return
        columns = groups.spread_columns(screen.shown_columns())
        if sum(len(group.keys) for group in state.groups) <= MANY_RUNS:
            self._ask_spreads(state.groups, columns, [])
            return
        # What has nothing to show yet comes first.
        columns.sort(key=lambda column: column.id in state.groups[0].read)
        self._ask_spreads(state.groups, columns[:1], columns[1:])

    def _ask_spreads(self, all_groups: Sequence[Group], columns: Sequence[Column], later: Sequence[Column]) -> None:
        """Read the spreads of some columns, and then those of the later ones one by one, saying how far that is."""
        from artui.query.runs.grouping import with_spreads

        screen, artui = self._screen, self._screen.artui
        artui.unsay(self._said)
        if later or self._says_how:
            count = len(groups.spread_columns(screen.shown_columns()))
            runs = plural(sum(len(group.keys) for group in all_groups), "run")
            self._said = f"means of {runs}: {count - len(later) - 1} of {plural(count, 'column')} …"
            artui.say(self._said, seconds=_LONGEST_WAIT)

        def take(answer: list[Group]) -> None:
            if not screen.state.groups:
                artui.unsay(self._said)
                return
            if not later or len(answer) <= groups.MANY_SINGLES:
                # Very many groups take so long to lay out that they are shown once all has been read.
                screen.show(replace(screen.state, groups=tuple(answer)))
            if later:
                self._ask_spreads(answer, later[:1], later[1:])
                return
            artui.unsay(self._said)
            if self._says_how:
                self._says_how = False
                artui.say(_HOW_TO_GO_ON)

        reader = screen.reader
        screen.ask("spreads", lambda: with_spreads(reader, all_groups, columns), take)
