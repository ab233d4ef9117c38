"""Lists of runs.

The table of runs asks three questions: which columns there are, the keys of all rows in order, and the cells
of the rows in sight. Order and filter are both over indexes; cells are read for visible rows alone.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from artui import clock
from artui.model import (
    HEARTBEAT_LOST_MS,
    Column,
    RunHead,
    RunRow,
)
from artui.query.heads import HEAD_COLUMNS, head_of
from artui.query.keys import key_list
from artui.query.runs.columns import Columns, chosen_columns, columns, sparked_ids, usual_attributes
from artui.query.runs.rows import run_rows
from artui.query.runs.sorting import (
    NEWEST_FIRST,
    Sort,
    first_keys,
    resolved,
    sorted_keys,
)
from artui.query.runs.warming import ask_for_names, ask_for_rows

if TYPE_CHECKING:
    from artui.query.filter.parser import Node
    from artui.query.reader import Reader

FIRST_ROWS = 60
"""So many runs are read for the first screen, and of a new order before the rest is known."""
MAX_WORDS = 20


FIRST_PAGE = f"""
    SELECT {HEAD_COLUMNS}
    FROM run AS r
    LEFT JOIN project AS p ON p.key = r.project_key
    WHERE r.deleted_ms IS NULL
    ORDER BY r.started_ms DESC, r.key DESC
    LIMIT :limit
"""


class RunsRequest(NamedTuple):
    """What the table of runs shows."""

    where: str = ""
    """A filter (query/filter/)."""
    sorts: tuple[Sort, ...] = (NEWEST_FIRST,)
    """Columns to sort by, the most significant first."""
    words: tuple[str, ...] = ()
    """Texts that a run must contain, beside the filter."""

    @property
    def sort(self) -> Sort:
        """The most significant sort."""
        return self.sorts[0] if self.sorts else NEWEST_FIRST


class FirstView(NamedTuple):
    """What the table of runs shows before anything is asked of it."""

    heads: Sequence[RunHead]
    total: int
    running: int
    columns: Columns
    attributes: tuple[Column, ...]
    """Those that are shown unless columns were chosen."""
    rows: Mapping[int, RunRow]


class RunOrder(NamedTuple):
    """The keys of all matching runs, in order."""

    keys: array[int]
    total: int
    """Runs in the catalog, matching or not, without deleted ones."""
    running: int = 0
    is_partial: bool = False
    """Whether these are only the first ones that match."""
    notes: tuple[str, ...] = ()
    """What a user should see beside the answer, such as a name in the filter that no run has."""
    in_trash: int = 0
    """Deleted runs that the filter chose from too, beyond `total`; none unless it asks for them."""

    @property
    def matched(self) -> int:
        """How many runs match, as far as they have been read."""
        return len(self.keys)

    @property
    def among(self) -> int:
        """How many runs they were chosen from."""
        return self.total + self.in_trash


def count_runs(reader: Reader) -> tuple[int, int]:
    """Give how many runs there are, and how many of them are running; those in the trash are not among them."""
    with reader.reading() as connection:
        return _counts(connection)


def count_trash(reader: Reader) -> int:
    """Give how many runs are in the trash."""
    with reader.reading() as connection:
        return int(connection.execute("SELECT count(*) FROM run WHERE deleted_ms IS NOT NULL").fetchone()[0])


def _counts(connection: sqlite3.Connection) -> tuple[int, int]:
    total = connection.execute("SELECT count(*) FROM run").fetchone()[0]
    deleted = connection.execute("SELECT count(*) FROM run WHERE deleted_ms IS NOT NULL").fetchone()[0]
    alive = connection.execute(
        "SELECT count(*) FROM run WHERE status <> 1 AND status = 0 AND heartbeat_ms > :since AND deleted_ms IS NULL",
        {"since": clock.now_ms() - HEARTBEAT_LOST_MS},
    ).fetchone()[0]
    return int(total - deleted), int(alive)


def first_page(reader: Reader, limit: int) -> list[RunHead]:
    """Give the newest runs at once, before anything else is known."""
    with reader.reading() as connection:
        now_ms = clock.now_ms()
        return [head_of(row, now_ms) for row in connection.execute(FIRST_PAGE, {"limit": limit})]


def first_view(reader: Reader, limit: int) -> FirstView:
    """Read the newest runs and all that is drawn of them: some milliseconds, whatever the size of the catalog."""
    if reader.is_far:
        ask_for_names(
            reader, lambda: first_page(reader, limit), lambda: count_runs(reader), lambda: usual_attributes(reader)
        )
    heads = first_page(reader, limit)
    total, running = count_runs(reader)
    all_columns = columns(reader)
    attributes = usual_attributes(reader)
    shown = chosen_columns(all_columns, attributes)
    if reader.is_far:
        ask_for_rows([head.key for head in heads], lambda keys: run_rows(reader, keys, shown, sparked_ids(shown)))
    return FirstView(
        heads,
        total,
        running,
        all_columns,
        attributes,
        run_rows(reader, [head.key for head in heads], shown, sparked_ids(shown)),
    )


def run_order(reader: Reader, request: RunsRequest) -> RunOrder:
    """Give the keys of all matching runs in order.

    Raises:
        FilterError: the filter cannot be understood, or means nothing in this catalog.
    """
    node = parse_request(request)
    notes: list[str] = []
    # What is in the trash is seen only by those who ask for it.
    is_hidden = True
    if node is not None:
        from artui.query.filter.parser import names_attribute

        is_hidden = not names_attribute(node, "deleted")
    memory = reader.memory.at(reader.file_token())
    with reader.snapshot() as connection:
        total, running = _counts(connection)
        wanted: set[int] | None = None
        if node is not None:
            from artui.query.filter.compile import matching_keys
            from artui.query.filter.tokens import pointing_into

            with pointing_into(request.where):
                wanted = matching_keys(connection, node, now_ms=clock.now_ms(), notes=notes, memory=memory)
        sorts = resolved(connection, request.sorts)
        if wanted is not None and len(wanted) <= FEW_MATCHING and memory.peek(sorts) is None:
            ordered = array("q", sorted_keys(connection, sorts, within=wanted))
        else:
            ordered = memory.get(sorts, lambda: array("q", sorted_keys(connection, sorts)))
        in_trash = set(key_list(connection, "SELECT key FROM run WHERE deleted_ms IS NOT NULL", {}))
    deleted = in_trash if is_hidden else set()
    if wanted is not None:
        wanted -= deleted
        keys = array("q", [key for key in ordered if key in wanted])
    elif deleted:
        keys = array("q", [key for key in ordered if key not in deleted])
    else:
        keys = ordered
    return RunOrder(keys, total, running, notes=tuple(notes), in_trash=0 if is_hidden else len(in_trash))


FEW_MATCHING = 2_000
"""Up to so many runs are put in order by themselves, where the order of all is not known."""
MANY_DELETED = 1_000
FIRST_SORTED = 3_400
"""So many runs of an order that is not known yet are looked through for a first page."""
PAGED_FROM = 10_000
"""With fewer runs the whole answer is there as soon as its first page."""


def first_matches(reader: Reader, request: RunsRequest, limit: int) -> RunOrder | None:
    """Give the first rows of `run_order` before all of them; None where the whole is there as soon.

    Raises:
        FilterError: as `run_order`.
    """
    node = parse_request(request)
    memory = reader.memory.at(reader.file_token())
    with reader.snapshot() as connection:
        total, running = _counts(connection)
        sorts = resolved(connection, request.sorts)
        if total < PAGED_FROM:
            return None
        deleted = set(key_list(connection, "SELECT key FROM run WHERE deleted_ms IS NOT NULL", {}))
        sorted_before = memory.peek(sorts)
        if node is None:
            # What is in order already is there as soon as its beginning.
            if sorted_before is not None or len(sorts) != 1 or len(deleted) > MANY_DELETED:
                return None
            beginning = first_keys(connection, sorts[0], limit + len(deleted)) or []
            first = [key for key in beginning if key not in deleted][:limit]
            return RunOrder(array("q", first), total, running, is_partial=True) if len(first) == limit else None
        from artui.query.filter.compile import first_matching
        from artui.query.filter.parser import names_attribute
        from artui.query.filter.tokens import pointing_into

        if names_attribute(node, "deleted"):
            return None

        def ordered() -> Sequence[int] | None:
            if sorted_before is None and len(sorts) == 1:
                return first_keys(connection, sorts[0], min(FIRST_SORTED, total + len(deleted)))
            return (
                sorted_before
                if sorted_before is not None
                else memory.get(sorts, lambda: array("q", sorted_keys(connection, sorts)))
            )

        with pointing_into(request.where):
            matching = first_matching(connection, node, ordered, limit, deleted, memory)
    return None if matching is None else RunOrder(array("q", matching), total, running, is_partial=True)


def parse_request(request: RunsRequest) -> Node | None:
    """Make one tree of a filter and of words beside it."""
    if not request.where and not request.words:
        return None
    from artui.query.filter.parser import And, Word, parse

    parts: list[Node] = [Word(word, 0, 0) for word in request.words[:MAX_WORDS]]
    if (node := parse(request.where)) is not None:
        parts.append(node)
    return And(tuple(parts)) if len(parts) > 1 else parts[0] if parts else None
