"""Rows become windows: each is counted in the one of its time, and in one for each slice that it belongs to.

Windows that are open hold their columns as finely as tables have them; beyond a limit the one that nothing was added to for the
longest time is packed as it will be kept, so that memory does not grow with the time that is observed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from artui import clock
from artui.model.monitoring import Report, roles_of
from artui.model.tallies import NO_TALLY, Tally, few_enough
from artui.profile import batches, building, windowed
from artui.profile.batches import Batch, Coded
from artui.profile.building import MAX_COLUMNS
from artui.profile.column import Column, Profile
from artui.profile.distinct import empty as no_hashes
from artui.profile.frequent import Frequent
from artui.profile.grid import empty as empty_grid
from artui.profile.numbers import Numbers

if TYPE_CHECKING:
    from artui.arrays import Ints
    from artui.capture.monitoring.truths import Truths

OPEN_COLUMNS = 5_000
"""So many columns are counted finely, of all windows together: some 35 MiB."""
_BINS, _HASHES = 256, 256
MOST_SLICES = 50
"""Different values of a column that are looked at apart; rows of others are counted in no slice."""
AHEAD_MS = 3_600_000
"""Times that are further in the future are said to be so."""
_ERROR_WORDS = ("err", "fail", "timeout", "exception", "crash", "abort", "unavailable", "false", "deadline", "denied")
FIRST_ERROR = 400
"""Of status codes as HTTP has them."""

Key = tuple[int, str]
"""When a window begins, and its slice."""


@dataclass
class OpenWindow:
    """A window that rows are still counted in."""

    columns: dict[str, Column] = field(default_factory=dict)
    rows: int = 0
    left_out: set[str] = field(default_factory=set)
    """Columns beyond those that are looked at."""
    tally: Tally = NO_TALLY
    packed: bytes | None = None
    """Rows that were counted before, as they are kept."""

    def profile(self) -> Profile | None:
        """Give what its columns are like; None if no row was counted."""
        if not self.rows and self.packed is None:
            return None
        # A column that came later, or did not come again, is empty in the other rows.
        columns = tuple(building.with_nulls(column, self.rows - column.rows) for column in self.columns.values())
        profile = Profile(self.rows, columns, len(self.left_out))
        if self.packed is None:
            return profile
        before = windowed.unpacked(self.packed).profile()
        return before.merged(profile) if self.rows else before

    def pack(self) -> None:
        """Keep it as few bytes."""
        profile = self.profile()
        if profile is not None and self.rows:
            self.packed = windowed.packed(profile)
            self.columns, self.rows = {}, 0


class Gatherer:
    """Counts rows in windows."""

    def __init__(
        self, report: Report, *, window_ms: int, given: Mapping[str, str | None], slices: Sequence[str] = (), features: Sequence[str] | None = None,
        truths: Truths | None = None, says_missing: bool = True,
    ) -> None:  # fmt: skip
        self.windows: OrderedDict[Key, OpenWindow] = OrderedDict()
        """The one that was added to last comes last."""
        self.roles: dict[str, str] = {}
        self.newest_ms = 0
        """The last time that was seen."""
        self._report, self._window_ms, self._given = report, window_ms, given
        self._slices, self._features, self._truths = tuple(slices), features, truths
        self._says_missing = says_missing
        self._slice_values: dict[str, set[str]] = {}
        self._open_columns = 0
        self._seen: dict[str, int] = {}
        """By column the rows that had it."""
        self._rows = 0

    def add(self, batch: Batch) -> None:
        """Count the rows of a batch."""
        if not batch.rows:
            return
        roles = roles_of(list(batch.columns), self._given)
        for role, name in roles.items():
            if name not in batch.columns and self._given.get(role) and self._says_missing:
                self._report.note(f"without {name}", batch.rows)
        roles = {role: name for role, name in roles.items() if name in batch.columns}
        self.roles |= roles
        batch = self._with_late_truths_taken(batch, roles)
        if not batch.rows:
            return
        times = self._times(batch, roles)
        for name in batch.columns:
            self._seen[name] = self._seen.get(name, 0) + batch.rows
        self._report.rows += batch.rows
        self._rows += batch.rows
        for number, places in batches.groups_of(times // self._window_ms):
            part = batch.taken(places)
            self._add_part(number * self._window_ms, part, roles)
        self._pack_oldest()

    def _add_part(self, from_ms: int, part: Batch, roles: Mapping[str, str]) -> None:
        """Count rows of one window, of all slices."""
        named: list[tuple[str, np.ndarray[Any, Any] | None]] = [("", None)]
        for wanted in self._slices:
            named += self._places_of(wanted, part)
        waiting = self._waiting(part, roles)
        slices_of: list[list[str]] | None = [[] for _ in range(part.rows)] if waiting is not None and len(named) > 1 else None  # fmt: skip
        for slice_, places in named:
            rows = part if places is None else part.taken(places)
            self._count(self.window((from_ms, slice_)), rows, roles)
            if slices_of is not None and places is not None:
                for place in places.tolist():
                    slices_of[place].append(slice_)
        if waiting is not None and self._truths is not None:
            self._keep_predictions(self._truths, from_ms, part.taken(waiting), roles, [slices_of[place] for place in waiting.tolist()] if slices_of is not None else None)  # fmt: skip

    def window(self, key: Key) -> OpenWindow:
        """Give a window, which is opened with its first row."""
        found = self.windows.get(key)
        if found is None:
            found = self.windows[key] = OpenWindow()
        self.windows.move_to_end(key)
        return found

    def _count(self, window: OpenWindow, rows: Batch, roles: Mapping[str, str]) -> None:
        if self._features is not None:
            shown = {*self._features, *(roles[role] for role in ("prediction", "truth", "latency", "status") if role in roles)}  # fmt: skip
        else:
            shown = {name for name in rows.columns if name not in (roles.get("id"), roles.get("time"))}
        for name, cells in rows.columns.items():
            if name not in shown:
                continue
            column = window.columns.get(name)
            if column is None:
                if len(window.columns) >= MAX_COLUMNS:
                    window.left_out.add(name)
                    continue
                column = building.with_nulls(_empty(name), window.rows)
                self._open_columns += 1
            if column.rows < window.rows:
                column = building.with_nulls(column, window.rows - column.rows)
            window.columns[name] = batches.with_cells(column, cells)
        window.rows += rows.rows
        window.tally = window.tally.added(tally_of_rows(rows, roles))

    def _pack_oldest(self) -> None:
        """Pack windows while too many columns are open."""
        if self._open_columns <= OPEN_COLUMNS:
            return
        for window in list(self.windows.values())[:-1]:
            if window.rows:
                self._open_columns -= len(window.columns)
                window.pack()
            if self._open_columns <= OPEN_COLUMNS:
                return

    def taken(self) -> dict[Key, OpenWindow]:
        """Give all windows, and begin anew."""
        windows, self.windows, self._open_columns = dict(self.windows), OrderedDict(), 0
        return windows

    def columns_missing(self) -> tuple[str, ...]:
        """Name the columns that not all rows had."""
        return tuple(name for name, rows in self._seen.items() if rows < self._rows)

    # Times

    def _times(self, batch: Batch, roles: Mapping[str, str]) -> Ints:
        """Give when each row was; a row that does not say so was when the one before it was."""
        now_ms = clock.now_ms()
        if "time" not in roles:
            self._report.note("without a time, counted as now", batch.rows)
            self.newest_ms = max(self.newest_ms, now_ms)
            return np.full(batch.rows, now_ms)
        times = batches.times_ms(batch.columns[roles["time"]])
        is_time = times > 0
        missing = int(batch.rows - is_time.sum())
        if missing:
            self._report.note("without a readable time, counted with the row before", missing)
            last = np.maximum.accumulate(np.where(is_time, np.arange(batch.rows), -1))
            times = np.where(last >= 0, times[np.maximum(last, 0)], self.newest_ms or now_ms)
        self._report.note("of a time that is to come", int((times > now_ms + AHEAD_MS).sum()))
        # One clock that is far ahead does not make all others late.
        likely = np.minimum(times, now_ms + AHEAD_MS)
        so_far = np.maximum.accumulate(np.concatenate(([self.newest_ms], likely)))[:-1]
        self._report.note("more than a window earlier than a row before", int((times < so_far - self._window_ms).sum()))
        self.newest_ms = max(self.newest_ms, int(likely.max()))
        return times

    # Slices

    def _places_of(self, wanted: str, part: Batch) -> list[tuple[str, Any]]:
        """Give the slices of a part with the places of their rows: of a column all its values, or of `card=gift` that one."""
        name, equals, value = wanted.partition("=")
        cells = part.columns.get(name)
        if cells is None:
            self._report.note(f"without {name}, in no slice", part.rows)
            return []
        found = batches.classes(cells)
        if found is None:
            self._report.note(f"of {name} that are no classes, in no slice", part.rows)
            return []
        codes, words = found
        known = self._slice_values.setdefault(name, set())
        slices = []
        for code in np.unique(codes).tolist():
            if code < 0 or (equals and words[code] != value):
                continue
            if words[code] not in known and len(known) >= MOST_SLICES:
                self._report.note(f"of values of {name} beyond the first {MOST_SLICES}, in no slice", int((codes == code).sum()))  # fmt: skip
                continue
            known.add(words[code])
            slices.append((f"{name}={words[code]}", np.flatnonzero(codes == code)))
        return slices

    # Truths that come later

    def _with_late_truths_taken(self, batch: Batch, roles: Mapping[str, str]) -> Batch:
        """Join the rows that only say what was true; give the others."""
        if "truth" not in roles or "id" not in roles:
            return batch
        has_truth = batches.is_filled(batch.columns[roles["truth"]])
        has_prediction = np.zeros(batch.rows, bool)
        if "prediction" in roles:
            has_prediction = batches.is_filled(batch.columns[roles["prediction"]])
        if "status" in roles:  # a request that failed has no prediction
            has_prediction |= batches.is_filled(batch.columns[roles["status"]])
        is_late = has_truth & ~has_prediction
        is_late &= batches.is_filled(batch.columns[roles["id"]])
        if not is_late.any():
            return batch
        late = batch.taken(np.flatnonzero(is_late))
        ids = batches.texts(late.columns[roles["id"]])
        if self._truths is not None:
            self._join(self._truths, ids, late.columns[roles["truth"]])
        return batch.taken(np.flatnonzero(~is_late))

    def _join(self, truths: Truths, ids: Sequence[str | None], cells: Any) -> None:
        pairs: dict[Key, tuple[list[Any], list[Any]]] = {}
        for name, prediction, value in zip(ids, truths.find(ids), values_of(cells), strict=True):
            if prediction is None:
                self._report.truths_unjoined += 1
                continue
            self._report.truths_joined += 1
            for slice_ in ("", *prediction.slices):
                guesses, true = pairs.setdefault((prediction.from_ms, slice_), ([], []))
                guesses.append(prediction.value)
                true.append(value)
            truths.joined(name)
        for key, (guesses, true) in pairs.items():
            window = self.window(key)
            window.tally = window.tally.added(tally_of_pairs(batches.typed(guesses), batches.typed(true)))

    def _waiting(self, part: Batch, roles: Mapping[str, str]) -> Ints | None:
        """Give the places of predictions whose truth is not known yet; None if there are none, or none can be kept aside."""
        if self._truths is None or "id" not in roles or "prediction" not in roles:
            return None
        waits = batches.is_filled(part.columns[roles["prediction"]])
        if "truth" in roles:
            waits = waits & ~batches.is_filled(part.columns[roles["truth"]])
        return np.flatnonzero(waits) if waits.any() else None

    def _keep_predictions(
        self, truths: Truths, from_ms: int, waiting: Batch, roles: Mapping[str, str], slices_of: list[list[str]] | None
    ) -> None:
        """Keep predictions aside until their truth comes."""
        ids = batches.texts(waiting.columns[roles["id"]])
        values = values_of(waiting.columns[roles["prediction"]])
        slices = slices_of if slices_of is not None else [[]] * waiting.rows
        rows = [row for row in zip(ids, values, slices, strict=True) if row[0] is not None]
        self._report.note("without an id, so that no truth can be joined later", waiting.rows - len(rows))
        truths.keep(from_ms, rows)


def _empty(name: str) -> Column:
    def numbers() -> Numbers:
        return Numbers(grid=empty_grid(_BINS))

    return Column(name, numbers=numbers(), times=numbers(), texts=Frequent({}, limit=_BINS), different=no_hashes(_HASHES))  # fmt: skip


# Tallies


def values_of(cells: Any) -> list[Any]:
    """Give cells as plain values."""
    if isinstance(cells, Coded):
        return [cells.words[code] if code >= 0 else None for code in cells.codes.tolist()]
    if isinstance(cells, np.ndarray):
        return list(cells.tolist())
    return list(cells)


def tally_of_rows(rows: Batch, roles: Mapping[str, str]) -> Tally:
    """Count what live metrics are made of."""
    tally = Tally(requests=rows.rows)
    if "status" in roles:
        statuses, errors = _errors(rows.columns[roles["status"]])
        tally = replace(tally, statuses=statuses, errors=errors)
    if "prediction" not in roles or "truth" not in roles:
        return tally
    guesses, truths = rows.columns[roles["prediction"]], rows.columns[roles["truth"]]
    both = batches.is_filled(guesses) & batches.is_filled(truths)
    if not both.any():
        return tally
    if not both.all():
        places = np.flatnonzero(both)
        guesses, truths = batches.taken(guesses, places), batches.taken(truths, places)
    return tally.added(tally_of_pairs(guesses, truths))


def _with_classes(tally: Tally, guesses: Any, truths: Any) -> Tally:
    guessed, true = batches.classes(guesses), batches.classes(truths)
    if guessed is None or true is None:
        return tally
    codes = guessed[0] * len(true[1]) + true[0]
    filled = (guessed[0] >= 0) & (true[0] >= 0)
    found, counts = np.unique(codes[filled], return_counts=True)
    pairs: dict[tuple[str, str], int] = {}
    for code, count in zip(found.tolist(), counts.tolist(), strict=True):
        pair = guessed[1][code // len(true[1])], true[1][code % len(true[1])]
        pairs[pair] = pairs.get(pair, 0) + count
    hits = sum(count for (guess, what), count in pairs.items() if guess == what)
    return replace(tally, pairs=few_enough(pairs), hits=hits)


def _with_numbers(tally: Tally, guesses: Any, truths: Any) -> Tally:
    guessed, true = batches.floats(guesses), batches.floats(truths)
    if guessed is None or true is None:
        return tally
    with np.errstate(over="ignore", invalid="ignore"):
        apart = np.abs(guessed - true)
        apart = apart[np.isfinite(apart)]
        return replace(tally, numbers=len(apart), absolute=float(apart.sum()), squared=float(np.square(apart).sum()))


def tally_of_pairs(guesses: Any, truths: Any) -> Tally:
    """Count predictions whose truth is known."""
    tally = Tally(truths=len(truths))
    return _with_numbers(_with_classes(tally, guesses, truths), guesses, truths)


def _errors(cells: Any) -> tuple[int, int]:
    """Give how many cells say how a request ended, and how many of them that it failed."""
    filled = batches.is_filled(cells)
    if isinstance(cells, Coded):
        bad = np.array([is_error(word) for word in cells.words] or [False])
        return int(filled.sum()), int((filled & bad[np.maximum(cells.codes, 0)]).sum())
    values = batches.floats(cells) if isinstance(cells, np.ndarray) else None
    if values is not None:
        return int(filled.sum()), int((filled & (values >= FIRST_ERROR)).sum())
    return int(filled.sum()), sum(is_error(value) for value, is_there in zip(values_of(cells), filled.tolist(), strict=True) if is_there)  # fmt: skip


def is_error(status: Any) -> bool:
    """Say whether a request failed: a code of 400 or more, false, or a word such as `error` or `timeout`."""
    if isinstance(status, bool):
        return not status
    if isinstance(status, str):
        if not status.strip().isdigit():
            return any(word in status.lower() for word in _ERROR_WORDS)
        status = int(status[:9])
    return isinstance(status, int | float) and status >= FIRST_ERROR
