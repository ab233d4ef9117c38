"""Questions of the table of runs to the catalog: its columns, the runs that match in order, and the rows in sight."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from artui import clock
from artui.query.runs import columns as catalog
from artui.query.runs.order import FIRST_ROWS, PAGED_FROM, RunOrder, RunsRequest, first_matches, run_order
from artui.query.runs.rows import run_rows
from artui.tui.fetch import or_filter_error
from artui.tui.screens.runs.columns import columns_of, usual_ids, with_choice

if TYPE_CHECKING:
    from artui.model import Column
    from artui.query.filter.tokens import FilterError
    from artui.tui.screens.runs.host import RunsHost


class RunsQuestions:
    """Asks for what the screen's state lacks, and puts the answers into it."""

    def __init__(self, screen: RunsHost) -> None:
        self._screen = screen
        self._has_answer = False
        """Whether the catalog has answered: until then its first view is shown."""
        self._goes_first = False
        """Whether the next answer is shown from its top."""
        self._pointed: Collection[int] = ()
        """Keys of runs; the cursor goes to one of them once they are in the table."""

    def ask_columns(self, then: Callable[[], None] = lambda: None) -> None:
        """Read the columns that exist; `then` is called once they are part of the state."""
        reader = self._screen.reader

        def read() -> tuple[catalog.Columns, tuple[Column, ...], tuple[Column, ...]]:
            return catalog.columns(reader), catalog.usual_attributes(reader), catalog.tag_columns(reader)

        def take(answer: tuple[catalog.Columns, tuple[Column, ...], tuple[Column, ...]]) -> None:
            columns, attributes, tags = answer
            importing = self._screen.artui.importing
            # While an import goes on the first runs say little about which columns there will be.
            kept = self._screen.state.automatic if importing is None or importing.state.is_done else ()
            state = replace(self._screen.state, columns=columns, attributes=attributes, tags=tags, automatic=kept)
            self._screen.show(with_choice(state))
            then()

        self._screen.ask("columns", read, take)

    def ask_order(self, *, to_first: bool = False) -> None:
        """Read the runs that match; with `to_first` they are shown from the top."""
        reader, request = self._screen.reader, self._screen.state.request
        # An answer to the user starts at its top; a mere change in the catalog does not move the table.
        self._goes_first = self._goes_first or to_first
        if to_first and self._screen.state.order.total >= PAGED_FROM:
            # With many runs the first page is shown before the rest has been read.
            self._screen.ask(
                "order",
                lambda: or_filter_error(lambda: first_matches(reader, request, FIRST_ROWS)),
                lambda answer: self._take_page(request, answer),
            )
        else:
            self._ask_whole(request)

    def _ask_whole(self, request: RunsRequest) -> None:
        reader = self._screen.reader
        self._screen.ask(
            "order",
            lambda: or_filter_error(lambda: run_order(reader, request)),
            lambda answer: self._take_answer(request, answer),
        )

    def _take_page(self, request: RunsRequest, answer: RunOrder | FilterError | None) -> None:
        if answer is not None:
            self._take_answer(request, answer)
        if answer is None or isinstance(answer, RunOrder):
            self._ask_whole(request)

    def _take_answer(self, request: RunsRequest, answer: RunOrder | FilterError) -> None:
        """Show the runs that match; while the filter has an error the last good answer stays."""
        line = self._screen.filter
        if not isinstance(answer, RunOrder):
            line.fault(answer)
            self._ask_part(request)
            return
        is_half_typed = not answer.matched and line.is_typing and _is_unfinished(request.where)
        so_far = ("No run matches so far: shown is what matched before.",) if is_half_typed else ()
        line.fault(None, (*answer.notes, *so_far))
        if not is_half_typed:
            self._take_order(request, answer)
        else:
            self._ask_part(request)

    def _ask_part(self, request: RunsRequest) -> None:
        """Show the runs that match what was typed before the condition that is half typed or wrong; all, if it is the only one."""
        from artui.query.filter.complete import finished_part

        reader, state = self._screen.reader, self._screen.state
        part = request._replace(where=finished_part(request.where))
        if state.answered.where == part.where:
            return

        def take(answer: RunOrder | FilterError) -> None:
            if isinstance(answer, RunOrder) and answer.matched and self._screen.state.request == request:
                self._take_order(part, answer)

        self._screen.ask("part", lambda: or_filter_error(lambda: run_order(reader, part)), take)

    def _take_order(self, request: RunsRequest, order: RunOrder) -> None:
        screen, table = self._screen, self._screen.table
        had_answer, self._has_answer = self._has_answer, True
        table.now_ms = clock.now_ms()
        # While the table fills the cursor stays at the top, until the user moves it.
        is_filling = screen.artui.importing is not None and not table.is_placed
        is_other = order.keys != screen.state.order.keys
        to_first, self._goes_first = is_other and (self._goes_first or is_filling), False
        screen.show(replace(screen.state, order=order, answered=request), to_first=to_first)
        if had_answer:
            table.forget_rows()
        table.refresh()
        if self._pointed and not order.is_partial:
            pointed, self._pointed = self._pointed, ()
            self._go_to(pointed)
        self.ask_fitting()

    def point_at(self, keys: Collection[int]) -> None:
        """Put the cursor on one of some runs, now or as soon as they are in the table, unless it is on one of them."""
        self._pointed = () if self._go_to(keys) else keys

    def _go_to(self, keys: Collection[int]) -> bool:
        """Put the cursor on one of some runs; false if the table shows none of them."""
        table, wanted = self._screen.table, frozenset(keys)
        if table.key in wanted:
            return True
        place = next((place for place, key in enumerate(table.keys) if key in wanted), None)
        if place is not None:
            table.move_to(place)
        return place is not None

    def ask_fitting(self) -> None:
        """Look whether the runs that the filter shows have anything in the usual columns, and choose others if not."""
        screen, state = self._screen, self._screen.state
        if state.arrangement.columns is not None or not state.answered.where:
            if state.fitting:
                screen.show(replace(state, fitting=()))
            return
        if screen.filter.is_typing or state.order.is_partial or not state.order.keys:
            return
        reader, order, attributes = screen.reader, state.order, state.attributes
        usual = columns_of(state, usual_ids(state))

        def take(chosen: list[Column]) -> None:
            if screen.state.order is not order:
                return
            before, ids = screen.state.fitting, tuple(column.id for column in chosen)
            screen.show(replace(screen.state, fitting=ids))
            if ids and not before:
                screen.artui.say(
                    "These runs have none of the usual metrics: the columns are theirs while the filter is in use."
                )

        screen.ask("fitting", lambda: catalog.fitting_columns(reader, order.keys, usual, attributes), take)

    def ask_rows(self, keys: Sequence[int]) -> None:
        """Read the cells of some runs."""
        reader, asked = self._screen.reader, self._screen.table.view.asked
        # Every batch counts: a later one asks for other rows, and does not make this one stale.
        self._screen.ask(
            f"rows {keys[0]} {keys[-1]} {len(keys)}",
            lambda: run_rows(reader, keys, asked.columns, asked.sparks),
            self._screen.put_rows,
        )


def _is_unfinished(text: str) -> bool:
    from artui.query.filter.complete import is_unfinished

    return is_unfinished(text)
