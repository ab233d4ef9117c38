"""The frozen state of the screen of artifacts, and what follows from it: lines, columns, and the words around them."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from artui.model import STAGES, Column
from artui.query.artifactrows import SHOWN, title_of, total_id
from artui.query.runs.grouping import Group
from artui.safetext import cells_of, clean
from artui.sheets.sheet import Fact, facts_section
from artui.tui.facts.sections import sheet_lines
from artui.tui.state.arrangement import USUAL, Arrangement
from artui.tui.state.marks import Marks
from artui.tui.widgets.artifactcells import shape_of
from artui.tui.widgets.groupcells import GAP, group_id
from artui.tui.widgets.grouplabels import labels_of
from artui.tui.widgets.lines import Line
from artui.tui.widgets.tablelines import Hidden, TableLines, View, sort_arrow
from artui.units import bytes_text, count_text, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from artui.model import ArtifactRow
    from artui.query.runs.sorting import Sort
    from artui.tui.cells import Shape, Span

_STAGE = "version:stage"
FOUND = Column("version", "found in", is_numeric=False)
"""Says where a version holds the words of the filter, where its name has not all of them."""


@dataclass(frozen=True, slots=True)
class ArtifactsState:
    """What the table of artifacts is asked to show, what the catalog answered, and what is marked."""

    rows: Sequence[ArtifactRow] = ()
    """The artifacts that match, in order."""
    total: int = 0
    """How many artifacts there are."""
    version_total: int = 0
    """How many versions the artifacts that match have."""
    columns: tuple[Column, ...] = ()
    """Every possible column."""
    arrangement: Arrangement = field(default_factory=lambda: USUAL["artifacts"])
    answered_where: str | None = None
    """The filter that `rows` answers; None before the first answer."""
    answered_sorts: tuple[Sort, ...] = ()
    folded: frozenset[str] = frozenset()
    """Ids of the stages whose artifacts are hidden."""
    marks: Marks = field(default_factory=Marks)
    """Keys of the marked versions, shown or not."""

    @property
    def by_key(self) -> Mapping[int, ArtifactRow]:
        """The rows by the keys of their artifacts."""
        return {row.head.key: row for row in self.rows}


def version_key(row: ArtifactRow) -> int:
    """Give the key of the version that is shown of an artifact; below zero for an artifact that has none."""
    return row.head.latest.key if row.head.latest is not None else -row.head.key


def shown_columns(state: ArtifactsState) -> list[Column]:
    """Give the columns as they were chosen, or those that artui chooses: of aliases and uses only if there are any."""
    by_id = {column.id: column for column in state.columns}
    # Why an artifact is listed stands beside its name.
    found = [FOUND] if any(FOUND.id in row.cells for row in state.rows) else []
    if state.arrangement.columns is not None:
        chosen = (by_id[column_id] for column_id in state.arrangement.columns if column_id in by_id)
        return [*found, *(column for column in chosen if column != FOUND)]
    return [*found, *(by_id[f"version:{word}"] for word in usual_words(state.rows) if f"version:{word}" in by_id)]


def usual_words(rows: Iterable[ArtifactRow]) -> list[str]:
    """Give the words of the columns that are shown unless others were chosen."""
    has_alias = any(row.head.named or row.head.dangling for row in rows)
    return [word for word, shown in SHOWN.items() if shown.is_usual and (word != "alias" or has_alias)]


_ALIAS_CELLS = (48, 36, 28, 24, 20, 16, 12)
"""Aliases get so many cells at most: the first of these that leaves the other columns theirs."""
_MOST_NAME = 48
_BESIDE_CELLS = 6
"""So many cells stand before the name of an artifact."""


def view_of(state: ArtifactsState, now_ms: int, *, cells: int) -> View:
    """Lay the columns out in so many cells: aliases get what the others leave, and where that is little, what the size leaves."""
    widths, columns = state.arrangement.widths, shown_columns(state)
    name = max((cells_of(clean(row.head.name, max_chars=_MOST_NAME)) for row in state.rows), default=0)
    room = cells - _BESIDE_CELLS - min(name, _MOST_NAME)
    alias, size = "version:alias", "version:size"
    ids = [column.id for column in columns]
    last = ids.index(size) if size in ids and alias in ids and ids.index(alias) < ids.index(size) else len(ids) - 1

    def shapes_for(most: int) -> tuple[Shape, ...]:
        return tuple(
            shape_of(column, state.rows, now_ms, widths.get(column.id), alias_cells=most) for column in columns
        )

    def needed(shapes: Sequence[Shape]) -> int:
        return sum(len(GAP) + shape.cells for shape in shapes)

    choices = [
        shapes_for(most) for most in (_ALIAS_CELLS if alias in ids and alias not in widths else _ALIAS_CELLS[:1])
    ]
    shapes = next(
        (shapes for part in (len(ids), last + 1) for shapes in choices if needed(shapes[:part]) <= room),
        choices[-1],
    )
    return View(shapes, state.answered_sorts, state.arrangement.pinned)


def lines_of(state: ArtifactsState) -> TableLines:
    """Give the lines of the table: artifacts below their stages, or, sorted by a column, all of them below each other."""
    if state.answered_sorts or not state.rows:
        return TableLines(array("q", (row.head.key for row in state.rows)))
    members: dict[str, list[int]] = {}
    for row in state.rows:
        members.setdefault(row.head.stage, []).append(row.head.key)
    # In the order of the stages; while words are looked for, of what they fit best.
    stages = list(members) if state.answered_where else [stage for stage in STAGES if stage in members]
    groups = [Group((stage,), tuple(members[stage]), by=(_STAGE,)) for stage in stages]
    keys = array("q")
    for number, group in enumerate(groups):
        keys.append(-number - 1)
        if group_id(group) not in state.folded:
            keys.extend(group.keys)
    unfolded = frozenset(group_id(group) for group in groups) - state.folded
    return TableLines(keys, groups, labels_of(groups, ("artifact",), is_chosen=True), unfolded)


def stage_lines(state: ArtifactsState, group: Group, *, cells: int) -> list[Line]:
    """Say what the artifacts of a stage come to, kind by kind."""
    rows = [row for key in group.keys if (row := state.by_key.get(key)) is not None]
    by_kind: dict[str, list[ArtifactRow]] = {}
    for row in rows:
        by_kind.setdefault(row.head.kind, []).append(row)

    def told(rows: Sequence[ArtifactRow]) -> str:
        versions = sum(row.head.version_count for row in rows)
        sizes = [value for row in rows if isinstance(value := row.cells.get(total_id("size")), int)]
        size = f", {bytes_text(sum(sizes))}" if sizes else ""
        return f"{plural(len(rows), 'artifact')} in {plural(versions, 'version')}{size}"

    facts = [Fact("in all", told(rows)), *(Fact(clean(kind), told(part)) for kind, part in by_kind.items())]
    title = Line([(f" {clean(str(group.values[0]))}", "title"), ("  stage", "dim")])
    return [title, *sheet_lines([facts_section("", facts)], cells=cells)]


def count_spans(state: ArtifactsState, *, hidden_columns: Hidden) -> list[Span]:
    """Say what is shown, what is marked, and how it is sorted; `hidden_columns` lie beyond the edges."""
    words = state.answered_where
    counted = plural(state.total, "artifact")
    spans: list[Span] = [(f"{count_text(len(state.rows))} of {counted}", "accent") if words else (counted, "dim")]
    spans.append((f" · {plural(state.version_total, 'version')}", "dim"))
    if state.marks.keys:
        spans.append((f" · {count_text(len(state.marks.keys))} marked", "mark"))
    if state.answered_sorts:
        sort, *more = state.answered_sorts
        by_id = {column.id: column for column in state.columns}
        title = title_of(by_id[sort.column]) if sort.column in by_id else sort.column.partition(":")[2]
        spans.append((f" · by {clean(title, max_chars=40)} {sort_arrow(sort)}{f' +{len(more)}' if more else ''}", "dim"))  # fmt: skip
    beyond = hidden_columns.text if state.rows else ""
    spans.append((f" · {beyond} " if beyond else " ", "faint"))
    return spans
