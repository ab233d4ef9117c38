"""How far tables, versions of data and what was observed in deployments are from each other.

Nothing of this is stored: it is found anew from profiles each time it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from artui.catalog.deployments import deployments, find_deployment
from artui.errors import UnknownReference, UsageError
from artui.model.deployments import Deployment
from artui.model.drifts import DriftReport, DriftSide
from artui.query.artifacts import version_heads
from artui.query.livequality import quality_of
from artui.query.profiles import sketches
from artui.query.references import find_version
from artui.query.windows import row_counts, span, windows

if TYPE_CHECKING:
    from artui.arrays import Floats
    from artui.model import VersionHead
    from artui.model.windows import Window
    from artui.profile.column import Column, Profile
    from artui.profile.drift import Drift
    from artui.profile.spans import Bins, Counted
    from artui.query.reader import Reader

MOST_COLUMNS = 50
"""So many columns are looked at in depth, those that drifted most."""
MOST_OVER_TIME = 5
FIRST_WINDOWS = 64
"""So many windows are enough for a first view of very many."""
ASIDE = ("id", "time", "latency", "status")
"""Roles of columns that say nothing of what goes in or comes out."""
_TEST_WORDS = ("test", "eval", "holdout")
_INPUTS_OF_MAKER = """
    SELECT i.source_key
    FROM edge AS o
    JOIN edge AS i ON i.target_key = o.source_key AND i.relation = 1
    WHERE o.relation = 0 AND o.target_key = :version
    UNION
    SELECT e.source_key FROM edge AS e WHERE e.relation = 3 AND e.target_key = :version
    ORDER BY 1
"""
_INPUTS_OF_USERS = """
    SELECT i.source_key
    FROM edge AS u
    JOIN edge AS i ON i.target_key = u.target_key AND i.relation = 1 AND i.source_key <> :version
    WHERE u.relation = 1 AND u.source_key = :version
    UNION
    SELECT e.source_key FROM edge AS e WHERE e.relation = 5 AND e.target_key = :version
    ORDER BY 1
"""
"""Of a version the data from which it was made, and those that were used together with it: to test it; each also where somebody said so."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side as it was read: the tables of a version, or windows."""

    side: DriftSide
    tables: Mapping[str, Profile]
    windows: tuple[Window, ...] = ()
    deployment: Deployment | None = None


_REFERENCE_ROWS, _REFERENCE_SHARE = 1_000, 4
"""Where nothing else is known, as many of the first windows are what others are held against as have so many rows; at most one in so many."""


def drift_of(
    reader: Reader, before: str, after: str = "", *, project: str = "", since_ms: int | None = None, until_ms: int | None = None, slice_: str = "",
    is_earlier: bool = False, most: int = MOST_COLUMNS, most_windows: int | None = None,
) -> DriftReport:  # fmt: skip
    """Say how far the second is from the first; of one deployment, how far it is from what its version was made of.

    Args:
        before, after: versions (`data:v1`), files of them (`data:v1/train.csv`), or deployments. With the first alone a
            deployment, which is held against the training data of the version that serves, else its test data, else its
            first window.
        since_ms, until_ms: of deployments only windows of this time; of one alone by default since its version was released.
        slice_: of deployments only these rows: `card=gift`.
        is_earlier: hold a deployment against its own windows before `since_ms` instead.
        most: so many columns are given.
        most_windows: so many windows of a deployment, spread evenly, say how its columns are: enough for a first view.

    Raises:
        UnknownReference, AmbiguousReference: something is not there.
        UsageError: nothing is known of its columns, or there is nothing to hold it against.
    """
    if not after:
        if since_ms is None and not is_earlier:
            since_ms = _released_ms(reader, before, project, until_ms)
        second = side_of(reader, before, project=project, since_ms=since_ms, until_ms=until_ms, slice_=slice_, most_windows=most_windows)  # fmt: skip
        if second.deployment is None:
            raise UsageError(f"{before} is no deployment: it needs something to be compared with.", remedy=f"artui drift OTHER {before}")  # fmt: skip
        first = _earlier(reader, second, since_ms, most_windows) if is_earlier else reference_of(reader, second)
        if first is second:
            raise UsageError(f"There is nothing that {before} could be compared with.", remedy=f"Name it: artui drift REF {before}")  # fmt: skip
    else:

        def read(text: str) -> Side:
            return side_of(reader, text, project=project, since_ms=since_ms, until_ms=until_ms, slice_=slice_, most_windows=most_windows)  # fmt: skip

        first, second = read(before), read(after)
    report = _compared(first, second, most=most)
    if second.deployment is None:
        return report
    return replace(report, quality=quality_of(reader, second.deployment, second.windows), served=_served(second))


def _released_ms(reader: Reader, name: str, project: str, until_ms: int | None) -> int | None:
    """Give since when the version serves that served last, if anything was observed since."""
    if not is_deployment(reader, name):
        return None
    with reader.snapshot() as connection:
        deployment = find_deployment(connection, name, project=project)
        observed = span(connection, deployment.version_key)
    if observed is None:
        return None
    on = deployment.served(min(until_ms or observed[1], observed[1]) - 1)
    return on[0].release.from_ms if on and on[0].release.from_ms < observed[1] else None


def is_deployment(reader: Reader, name: str) -> bool:
    """Say whether there is a deployment of a name."""
    with reader.snapshot() as connection:
        return next(iter(deployments(connection, name=name)), None) is not None


def side_of(
    reader: Reader, text: str, *, project: str = "", since_ms: int | None = None, until_ms: int | None = None, slice_: str = "",
    most_windows: int | None = None,
) -> Side:  # fmt: skip
    """Read what a text names: a deployment, else a version or a file of one.

    Raises:
        UnknownReference, AmbiguousReference: it names nothing, or more than one thing.
        UsageError: nothing is known of its columns.
    """
    if is_deployment(reader, text):
        with reader.snapshot() as connection:
            deployment = find_deployment(connection, text, project=project)
            found = windows(
                connection, deployment.version_key, since_ms=since_ms, until_ms=until_ms, slice_=slice_, most_sketched=most_windows
            )  # fmt: skip
        if not found:
            where = f" on {slice_}" if slice_ else ""
            raise UsageError(f"Nothing was observed in {text}{where} in this time.", remedy=f"artui monitor {text} FILE takes what was.")  # fmt: skip
        return _of_windows(deployment, found, slice_)
    reference, path = _parted(text)
    try:
        head = find_version(reader, reference)
    except UnknownReference as error:
        with reader.snapshot() as connection:
            names = [one.name for one in deployments(connection)]
        if names and ":" not in text:
            raise UnknownReference(f"There is neither a version nor a deployment {text!r}.", remedy=f"Deployments: {', '.join(names[:5])}.") from error  # fmt: skip
        raise
    return _of_version(reader, head, path)


def _parted(text: str) -> tuple[str, str]:
    """Part a reference from the path of a file: `data:v1/train.csv`."""
    name, colon, rest = text.partition(":")
    version, _, path = rest.partition("/")
    return f"{name}{colon}{version}", path


def _of_version(reader: Reader, head: VersionHead, path: str, basis: str = "") -> Side:
    tables = sketches(reader, head.key)
    if path:
        if path not in tables:
            known = ", ".join(sorted(tables)[:5]) or "none of them is a table that was looked into"
            raise UnknownReference(f"Nothing is known of the columns of {path} in {head.reference}.", remedy=f"Known: {known}.")  # fmt: skip
        tables = {path: tables[path]}
    if not tables:
        raise UsageError(f"Nothing is known of columns of {head.reference}.", remedy="`artui preview` looks into what is stored; what is referenced is looked into when it is saved.")  # fmt: skip
    only = next(iter(tables)) if len(tables) == 1 else ""
    title = f"{head.reference} {only}".rstrip()
    return Side(DriftSide(title, sum(table.rows for table in tables.values()), basis), tables)


def _of_windows(deployment: Deployment, found: Sequence[Window], slice_: str, basis: str = "") -> Side:
    side = DriftSide(
        deployment.name, sum(window.row_count for window in found), basis, len(found), found[0].from_ms, max(window.to_ms for window in found), slice_,
        sum(bool(window.sketches) for window in found),
    )  # fmt: skip
    return Side(side, {}, tuple(found), deployment)


def _earlier(reader: Reader, second: Side, since_ms: int | None, most_windows: int | None) -> Side:
    assert second.deployment is not None
    if since_ms is None:
        raise UsageError("Earlier than when?", remedy="Give --since, such as --since mon.")
    with reader.snapshot() as connection:
        found = windows(
            connection, second.deployment.version_key, until_ms=second.windows[0].from_ms, slice_=second.side.slice, most_sketched=most_windows
        )  # fmt: skip
    if not found:
        raise UsageError(f"Nothing was observed in {second.deployment.name} before this time.")
    return _of_windows(second.deployment, found, second.side.slice, "before that")


def _served(side: Side) -> str:
    """Give the version that served last in the time of some windows."""
    if side.deployment is None or side.side.to_ms is None:
        return ""
    on = side.deployment.served(side.side.to_ms - 1)
    return on[0].release.named if on else ""


def served_head(reader: Reader, deployment: Deployment, time_ms: int) -> VersionHead | None:
    """Give the version that served at a time; None where there was none, or the catalog does not have it."""
    on = deployment.served(time_ms)
    if not on:
        return None
    with reader.snapshot() as connection:
        query = "SELECT key FROM version WHERE id = :id"
        return next(iter(version_heads(connection, query, {"id": on[0].release.version_id})), None)


def reference_of(reader: Reader, second: Side) -> Side:
    """Give what a deployment is held against where nobody names it; itself if there is nothing."""
    assert second.deployment is not None and second.side.to_ms is not None
    head = served_head(reader, second.deployment, second.side.to_ms - 1)
    names = _window_columns(second.windows)
    if head is not None:
        for query, basis, is_test in ((_INPUTS_OF_MAKER, "trained on", False), (_INPUTS_OF_USERS, "tested on", True)):
            found = _best_table(reader, query, head, names, is_test=is_test)
            if found is not None:
                whole = ", all of its rows" if second.side.slice else ""
                return replace(found, side=replace(found.side, basis=f"what {head.reference} was {basis}{whole}"))
    with reader.snapshot() as connection:
        counts = row_counts(connection, second.deployment.version_key, slice_=second.side.slice)
        # Where there are windows before those that are asked for, none of these is their measure.
        earlier = [one for one in counts if one[0] < second.windows[0].from_ms]
        until_ms = _reference_end(earlier or counts, among=len(counts))
        first = windows(connection, second.deployment.version_key, until_ms=until_ms, slice_=second.side.slice)
    if not first or first[0].from_ms >= second.windows[-1].from_ms:
        return second
    basis = "the first window" if len(first) == 1 else f"the first {len(first)} windows"
    return _of_windows(second.deployment, first, second.side.slice, basis)


def _reference_end(counts: Sequence[tuple[int, int]], *, among: int) -> int:
    """Give the end of the first windows that have rows enough, by when each begins and how many rows it has.

    Args:
        among: so many windows there are: no more than a part of them are the measure of the others.
    """
    rows, until_ms = 0, 0
    for from_ms, row_count in counts[: max(1, among // _REFERENCE_SHARE)]:
        rows, until_ms = rows + row_count, from_ms + 1
        if rows >= _REFERENCE_ROWS:
            break
    return until_ms


def _window_columns(found: Iterable[Window]) -> set[str]:
    layouts = {sketch.names for window in found for sketch in window.sketches}
    return {name for layout in layouts for name in layout}


def _best_table(reader: Reader, query: str, head: VersionHead, names: set[str], *, is_test: bool) -> Side | None:
    """Give of the data that runs used the table that has most of some columns; of equal ones that of a test, or of none."""
    with reader.snapshot() as connection:
        heads = version_heads(connection, query, {"version": head.key})
    best: tuple[tuple[int, bool, int], VersionHead, str] | None = None
    for candidate in heads:
        for path, shared, rows in _column_names(reader, candidate.key, names):
            says_test = any(word in f"{candidate.artifact}/{path}".lower() for word in _TEST_WORDS)
            rank = (shared, says_test == is_test, rows)
            if shared and (best is None or rank > best[0]):
                best = rank, candidate, path
    return None if best is None else _of_version(reader, best[1], best[2])


def _column_names(reader: Reader, version_key: int, names: set[str]) -> list[tuple[str, int, int]]:
    """Give of each table of a version its path, how many of some columns it has, and its rows."""
    from artui.query.profiles import profiles

    return [
        (path, len(names & {column.name for column in table.columns}), table.rows)
        for path, table in profiles(reader, version_key).items()
    ]


def _compared(first: Side, second: Side, *, most: int) -> DriftReport:
    if first.windows or second.windows:
        return _with_windows(first, second, most=most)
    return _of_tables(first, second, most=most)


def _of_tables(first: Side, second: Side, *, most: int) -> DriftReport:
    """Compare versions: files of one path, or the only ones."""
    from artui.profile.drift import drifts
    from artui.query.difference.tables import column_drift

    if len(first.tables) == len(second.tables) == 1:
        pairs = [("", next(iter(first.tables.values())), next(iter(second.tables.values())))]
    else:
        pairs = [(f"{path}: ", table, second.tables[path]) for path, table in first.tables.items() if path in second.tables]  # fmt: skip
    if not pairs:
        raise UsageError("They have no table of one name.", remedy="Name one file of each: REF:v1/train.csv REF:v2/all.csv")  # fmt: skip
    found = [replace(one, name=f"{path}{one.name}") for path, before, after in pairs for one in drifts(before, after)]
    found.sort(key=_order)
    gone = [f"{path}{name}" for path, before, after in pairs for name in _lacking(before, after)]
    new = [f"{path}{name}" for path, before, after in pairs for name in _lacking(after, before)]
    return DriftReport(
        first.side, second.side, tuple(map(column_drift, found[:most])), len(found), tuple(gone), tuple(new)
    )


def _lacking(table: Profile, other: Profile) -> list[str]:
    """Name the columns of a table that another does not have."""
    names = {column.name for column in other.columns}
    return [column.name for column in table.columns if column.name not in names]


def _order(drift: Drift) -> tuple[bool, float, str]:
    """Order columns by how far they drifted beyond chance; another type comes first."""
    return drift.word != "type", -_excess(drift.psi, drift.psi_by_chance, drift.null_shift), drift.name


def _excess(psi: float | None, chance: float | None, null_shift: float) -> float:
    beyond = (psi - (chance or 0.0)) if psi is not None else -1.0
    # A share of cells that became empty counts as what it is where it is more than that of values.
    return max(beyond, abs(null_shift) if abs(null_shift) > 0.05 else -1.0)


def _with_windows(first: Side, second: Side, *, most: int) -> DriftReport:
    """Compare windows with a table or with others: all columns are ranked in shared bins, the first are looked at in depth."""
    import numpy as np

    from artui.profile import spans
    from artui.profile.drift import drift
    from artui.query.difference.tables import column_drift

    sides = [Columns(first), Columns(second)]
    aside = {name for side in (first, second) for window in side.windows for role, name in window.roles.items() if role in ASIDE}  # fmt: skip
    names = [set(side.names) - aside for side in sides]
    shared = [name for name in sides[1].names if name in names[0] and name in names[1]]
    gone, new = names[0] - names[1], names[1] - names[0]
    if not shared:
        raise UsageError(f"{first.side.title} and {second.side.title} have no column in common.")
    bins = sides[0].bins(shared)
    counted = sides[1].counted(bins)
    chosen = _most_drifted(bins, counted, sides[1].rows, shared)[: max(most, MOST_OVER_TIME)]
    before, after = (side.profile(chosen) for side in sides)
    found = []
    for name in chosen:
        ours, theirs = before.column(name), after.column(name)
        if ours is not None and theirs is not None:
            found.append(drift(ours, theirs, of=len(shared)))
    found.sort(key=_order)
    over_time = {}
    if second.windows:
        per_window = np.array(sides[1].window_of, np.int64)
        for one in found[:MOST_OVER_TIME]:
            usual, counts = counts_of(bins, counted, one.name)
            # A window has a sketch of each writer.
            summed = np.zeros((len(second.windows), counts.shape[1]))
            np.add.at(summed, per_window, counts)
            values, _, _ = spans.psis(usual, summed)
            over_time[one.name] = tuple(
                (window.from_ms, float(value) if np.isfinite(value) else None)
                for window, value in zip(second.windows, values, strict=True)
                if window.sketches
            )
    return DriftReport(
        first.side, second.side, tuple(map(column_drift, found[:most])), len(shared),
        tuple(name for name in sides[0].names if name in gone), tuple(name for name in sides[1].names if name in new), over_time=over_time,
    )  # fmt: skip


def counts_of(bins: Bins, counted: Counted, name: str) -> tuple[Floats, Floats]:
    """Give how much of a column is usually in its bins, and how much is in those of each that was counted."""
    if name in bins.names:
        place = bins.names.index(name)
        return bins.usual[place], counted.numbers[:, place]
    if name in bins.texts:
        return bins.usual_texts[name], counted.texts[name]
    import numpy as np

    return np.zeros(1), np.zeros((len(counted.numbers), 1))


def _most_drifted(bins: Bins, counted: Counted, rows: Sequence[int], names: Sequence[str]) -> list[str]:
    """Order columns by how far they drifted beyond chance, all at once."""
    import numpy as np

    from artui.profile import spans
    from artui.profile.drift import chance_of

    weights = np.array(rows, np.float64) if sum(rows) else np.ones(len(rows))
    found, _, used = spans.psis(bins.usual, counted.numbers.sum(axis=0))
    before, after = bins.usual.sum(axis=-1), counted.numbers.sum(axis=(0, 2))
    empty = np.average(counted.empty, axis=0, weights=weights)
    excess: dict[str, float] = {}
    for place, name in enumerate(bins.names):
        psi = float(found[place]) if np.isfinite(found[place]) else None
        chance = chance_of(int(used[place]), int(before[place]), int(after[place]), of=len(names))
        excess[name] = _excess(psi, chance, float(empty[place]) - bins.empty[name])
    for name, usual in bins.usual_texts.items():
        actual = counted.texts[name].sum(axis=0)
        value, _, bin_count = spans.psis(usual, actual)
        chance = chance_of(int(bin_count), int(usual.sum()), int(actual.sum()), of=len(names))
        shift = float(np.average(counted.empty_texts[name], weights=weights)) - bins.empty[name]
        excess[name] = _excess(float(value) if np.isfinite(value) else None, chance, shift)
    return sorted(names, key=lambda name: (-excess.get(name, -1.0), name))


class Columns:
    """The columns of one side: of windows as they are kept, of a table as one."""

    def __init__(self, side: Side) -> None:
        """Unpack the windows of a side."""
        pairs = [(place, sketch) for place, window in enumerate(side.windows) for sketch in window.sketches]
        self.sketches = [sketch for _, sketch in pairs]
        self.window_of = [place for place, _ in pairs]
        """Of each sketch the place of its window: a window has one of each writer."""
        self._tables = list(side.tables.values())
        if self._tables:
            self.names = list(dict.fromkeys(column.name for table in self._tables for column in table.columns))
        else:
            # Windows of one service have the same columns.
            layouts = dict.fromkeys(sketch.names for sketch in self.sketches)
            self.names = list(dict.fromkeys(name for layout in layouts for name in layout))

    def bins(self, names: Sequence[str]) -> Bins:
        """Give bins by what this side holds."""
        from artui.profile import spans

        if self._tables:
            return spans.bins_of(self.profile(names))
        return spans.bins_of_windows(self.sketches, names)

    def counted(self, bins: Bins) -> Counted:
        """Count what this side holds into bins: of windows each, of a table once."""
        from artui.profile import spans

        if self._tables:
            return spans.counted_of(self.profile([*bins.names, *bins.texts]), bins)
        return spans.counted_in(self.sketches, bins)

    @property
    def rows(self) -> list[int]:
        """Count the rows of each of what is counted."""
        return [self._tables[0].rows] if self._tables else [sketch.rows for sketch in self.sketches]

    def profile(self, names: Sequence[str]) -> Profile:
        """Give what some columns are like, all rows together."""
        from artui.profile import spans
        from artui.profile.column import Profile

        if not self._tables:
            return spans.together(self.sketches, names)
        columns = [column for name in names if (column := self._column(name)) is not None]
        return Profile(self._tables[0].rows, tuple(columns))

    def _column(self, name: str) -> Column | None:
        return next((column for table in self._tables if (column := table.column(name)) is not None), None)
