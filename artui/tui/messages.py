"""Messages from widgets and fetches to the screens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from textual.message import Message

if TYPE_CHECKING:
    from artui.model import Column


class Link(NamedTuple):
    """What a line leads to."""

    kind: Literal[
        "run", "version", "artifact", "file", "files", "rule", "section", "column", "rows", "fold", "factor", "text"
    ]
    id: str
    """A run's or version's id; for an artifact its key as text; for a file `VERSION_KEY:PATH`, for all files of a version its id; for a rule its text;
    for a section of the same list its title; for a column of a table `PLACE:PATH`; for what is folded, or a factor, a name within its screen;
    for a long text its name, a line end and the text."""


class Answer(Message):
    """A question to the catalog was answered, or failed."""

    def __init__(self, topic: str, ticket: int, value: Any, error: Exception | None) -> None:
        super().__init__()
        self.topic = topic
        self.ticket = ticket
        """Distinguishes a stale answer from the one that is awaited."""
        self.value = value
        self.error = error


class CatalogChanged(Message):
    """Something was written to the file."""


class LineMoved(Message):
    """The cursor of a list is on another line."""

    def __init__(self, sender: Any, index: int, link: Link | None) -> None:
        super().__init__()
        self.sender = sender
        self.index = index
        self.link = link


class LinesScrolled(Message):
    """Other lines of a list are in sight, whoever scrolled it: a key, the wheel, or a new size."""


class LineChosen(Message):
    """Enter, or a click on the line under the cursor."""

    def __init__(self, sender: Any, index: int, link: Link | None) -> None:
        super().__init__()
        self.sender = sender
        self.index = index
        self.link = link


class ShowRuns(Message):
    """The table of runs is wanted with a filter; `is_narrower` adds it to the current filter."""

    def __init__(self, where: str, *, is_narrower: bool = False) -> None:
        super().__init__()
        self.where = where
        self.is_narrower = is_narrower


class GroupRuns(Message):
    """The table of runs is wanted, grouped by a column."""

    def __init__(self, column: Column) -> None:
        super().__init__()
        self.column = column


class PlotRuns(Message):
    """Pictures of the runs in the table, or of those in `keys`, are wanted: `kind` first, of `column`."""

    def __init__(
        self, kind: str = "", column: Column | None = None, *, keys: Sequence[int] = (), metric: str = ""
    ) -> None:
        super().__init__()
        self.kind = kind
        self.column = column
        self.keys = keys
        """Keys of the compared runs; empty for the runs in the table."""
        self.metric = metric


class ShowNeighbour(Message):
    """The run before or after another one in the table is wanted in its place."""

    def __init__(self, run_id: str, change: int) -> None:
        super().__init__()
        self.run_id = run_id
        self.change = change
