"""The frozen state of the screen of runs. Functions in `columns`, `groups` and `marks` give the state after a key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from artui.query.runs.order import RunOrder, RunsRequest
from artui.tui.state.arrangement import Arrangement

if TYPE_CHECKING:
    from artui.model import Column
    from artui.query.runs.columns import Columns
    from artui.query.runs.grouping import Group


@dataclass(frozen=True, slots=True)
class RunsState:
    """What the table of runs is asked to show, what the catalog answered, and what is marked."""

    order: RunOrder
    """The runs that match, in order: the answer to `answered`."""
    columns: Columns
    attributes: tuple[Column, ...]
    """Attributes that are shown unless columns were chosen."""
    automatic: tuple[str, ...] = ()
    """Ids of the columns that artui chose when there were first runs; empty until then."""
    fitting: tuple[str, ...] = ()
    """Ids of the columns that stand in for these while the filter shows runs without any of their metrics."""
    tags: tuple[Column, ...] = ()
    """Tags as columns."""
    arrangement: Arrangement = field(default_factory=Arrangement)
    """Columns, filter, sorting and grouping, as the user wants them."""
    answered: RunsRequest = field(default_factory=RunsRequest)
    """The request that `order` answers: behind `request` until the catalog has answered that."""
    groups: tuple[Group, ...] = ()
    """Groups in the order of their first runs; empty while runs are not grouped."""
    unfolded: frozenset[str] = frozenset()
    """Ids of the groups whose runs are shown."""
    marked: frozenset[int] = frozenset()
    """Keys of the marked runs, shown or not."""
    last_mark: int | None = None
    """The line that was marked last, as the table's keys name it: a run, or a group."""

    @property
    def request(self) -> RunsRequest:
        """What is asked of the catalog."""
        return RunsRequest(self.arrangement.where, self.arrangement.sorts)
