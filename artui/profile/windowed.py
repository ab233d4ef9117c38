"""Profiles of windows, as they are kept: some 140 bytes a column, so that a year of hours is.

Of numbers stay the moments, the extremes and about 16 quantiles with how many numbers lie between each two of them; of
texts the most frequent ones; of the different values about how many there are. What is unpacked is a profile like any other, which
can be merged and compared: within a sixteenth numbers are taken to lie evenly.

A sketch is JSON, packed with zlib: format, rows, columns. Behind it stand little-endian arrays of all columns that hold
numbers: mean, squares, least, largest, base (float64); quantiles (float32, less the base; float64 where these are too far apart); counts (uint16, uint32 or uint64);
bits that say where all numbers up to a quantile are equal to it (uint16); how wide the bins were in which they were counted (uint8). So a year is read as a few large arrays.
It may come from anybody: what is not a sketch of ours is refused.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from artui.profile import distinct, grid
from artui.profile.building import MAX_COLUMNS
from artui.profile.column import Column, Profile
from artui.profile.distinct import MAX_RUN, REGISTERS, Distinct
from artui.profile.frequent import Frequent
from artui.profile.numbers import Numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from artui.arrays import Floats, Ints
    from artui.profile.grid import Grid

FORMAT = 1
SHARES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.998, 1.0)
"""The quantiles that are kept."""
POINTS = 16
"""So many are kept at most: those, and some just below values that are very frequent."""
TEXTS, TEXTS_OF_MANY = 64, 16
"""So many texts of each column; fewer of tables that are wide."""
_WIDE = 128
_SPREAD = 16
"""Into so many places numbers between two quantiles are spread."""
_MAX_BYTES = 8 << 20
_MAX_F4 = float(np.finfo(np.float32).max)
_WIDTHS: Mapping[int, str] = {2: "<u2", 4: "<u4", 8: "<u8"}
_FLOATS: Mapping[int, str] = {4: "<f4", 8: "<f8"}
_COUNTED = ("rows", "nulls", "nans", "infinites", "others")
_FAULTS = (ValueError, TypeError, LookupError, OverflowError, RecursionError, MemoryError, zlib.error, AttributeError)


@dataclass(frozen=True)
class Sketch:
    """A profile of a window as it is kept. Rows of the arrays are columns that hold numbers or times, here `entries`."""

    rows: int
    names: tuple[str, ...]
    """Of all columns."""
    head: Mapping[str, Any]
    """What else is known of each, as it was written."""
    columns: Ints
    """Of each entry the place of its column in `names`."""
    is_time: NDArray[np.bool_]
    moments: Floats
    """Of each entry mean, sum of squared distances, least and largest number."""
    uppers: Floats
    """Of each entry `POINTS` ascending numbers, the last of which is the largest."""
    counts: Ints
    """How many numbers are above the one before and at most as large as each of these."""
    masses: NDArray[np.bool_]
    """Where all of these are equal to it."""
    shifts: NDArray[np.uint8]
    """How wide the bins are in which these were counted: 2**shift neighbouring floats."""

    @cached_property
    def entries(self) -> dict[str, int]:
        """Give the entry of each column that holds numbers or times, by its name; the first of several."""
        found: dict[str, int] = {}
        for entry, column in enumerate(self.columns.tolist()):
            found.setdefault(self.names[column], entry)
        return found

    def column(self, name: str) -> Column | None:
        """Give a column by its name; the first of several."""
        if name not in self.names:
            return None
        place = self.names.index(name)
        return self._of_entries(np.flatnonzero(self.columns == place))._columns_at([place])[0]

    def profile(self) -> Profile:
        """Give the profile."""
        return Profile(
            self.rows, self._columns_at(range(len(self.names))), self.head["left_out"], self.head["odd"], self.head["bad"], self.head["note"],
        )  # fmt: skip

    def _of_entries(self, some: Ints) -> Sketch:
        return replace(
            self, columns=self.columns[some], is_time=self.is_time[some], moments=self.moments[some], uppers=self.uppers[some],
            counts=self.counts[some], masses=self.masses[some], shifts=self.shifts[some],
        )  # fmt: skip

    def _columns_at(self, places: Iterable[int]) -> tuple[Column, ...]:
        values, counts = self._spread()
        whole = self.head["fractions"]
        numbers: dict[tuple[int, bool], Numbers] = {}
        for entry, column in enumerate(self.columns.tolist()):
            points = values[entry].ravel()
            if whole[column] == "0" and not self.is_time[entry]:
                points = np.ceil(points)
            made = grid.of_counts(points, counts[entry].ravel(), shift=int(self.shifts[entry]))
            numbers[column, bool(self.is_time[entry])] = self._numbers(entry, made)
        return tuple(self._column(place, numbers) for place in places)

    def _spread(self) -> tuple[Floats, Ints]:
        """Give of each entry the places where numbers are taken to lie, and how many lie at each."""
        low = np.concatenate((self.moments[:, 2:3], self.uppers[:, :-1]), axis=1)[..., None]
        high = self.uppers[..., None]
        # Halves first: the difference of two numbers may be beyond the floats.
        values = (low / 2 + (high / 2 - low / 2) * ((np.arange(_SPREAD) + 0.5) / _SPREAD)) * 2
        values[..., -1] = np.where(self.masses, self.uppers, values[..., -1])
        # Few numbers lie in the middle.
        steps = np.arange(_SPREAD + 1)
        counts = np.diff((2 * self.counts[..., None] * steps + _SPREAD) // (2 * _SPREAD))
        counts[self.masses] = 0
        counts[..., -1] = np.where(self.masses, self.counts, counts[..., -1])
        return values, counts

    def _numbers(self, entry: int, made: Grid) -> Numbers:
        mean, squares, low, high = self.moments[entry].tolist()
        zeros = int(self.counts[entry][self.masses[entry] & (self.uppers[entry] == 0)].sum())
        return Numbers(int(self.counts[entry].sum()), mean, squares, low, high, zeros, made)

    def _column(self, place: int, numbers: Mapping[tuple[int, bool], Numbers]) -> Column:
        counted, key = self.head["counted"], str(place)
        rows, nulls, nans, infinites, others = (
            int(counted.get(word, {}).get(key, self.rows if word == "rows" else 0)) for word in _COUNTED
        )
        text_count, chars, longest, error, long_count, limit, counts = self.head["texts"].get(key, (0, 0, 0, 0, 0, TEXTS, {}))  # fmt: skip
        return Column(
            self.names[place], rows, nulls, nans, infinites, numbers.get((place, False), Numbers()), self.head["fractions"][place] == "1",
            numbers.get((place, True), Numbers()), text_count, Frequent(counts, error, long_count, limit), chars, longest, others,
            about(self.head["different"][place]),
        )  # fmt: skip


def packed(profile: Profile) -> bytes:
    """Pack the profile of a window."""
    columns = profile.columns
    limit = TEXTS_OF_MANY if len(columns) > _WIDE else TEXTS
    entries = [
        (place, is_time, numbers)
        for place, column in enumerate(columns)
        for is_time, numbers in ((0, column.numbers), (1, column.times))
        if numbers.count
    ]
    head = {
        "format": FORMAT, "rows": profile.rows, "left_out": profile.left_out_columns, "odd": profile.odd_rows, "bad": profile.bad_rows,
        "note": profile.note, "names": [column.name for column in columns],
        "fractions": "".join("1" if column.has_fractions else "0" for column in columns),
        "different": [_rounded(column.distinct_count) for column in columns],
        "counted": _counted(profile), "texts": {str(place): _texts(column, limit) for place, column in enumerate(columns) if column.text_count},
        "entries": [place for place, _, _ in entries], "times": [entry for entry, (_, is_time, _) in enumerate(entries) if is_time],
    }  # fmt: skip
    groups = [_grouped(numbers) for _, _, numbers in entries]
    counts = np.array([group[1] for group in groups], np.uint64).reshape(-1, POINTS)
    width = 2 if not counts.size or counts.max() < 1 << 16 else 4 if counts.max() < 1 << 32 else 8
    head["width"] = width
    uppers = np.array([group[0] for group in groups]).reshape(-1, POINTS)
    # What is very frequent, often 0, comes back exactly, and integers do.
    common = np.array([_commonest(group) for group in groups], np.int64)
    bases = uppers[np.arange(len(groups)), common]
    moments = np.array(
        [(numbers.mean, numbers.squares, numbers.min, numbers.max) for _, _, numbers in entries], np.float64
    ).reshape(-1, 4)
    with np.errstate(over="ignore"):
        offsets = uppers - bases[:, None]
    # Of numbers that are that far apart, the quantiles themselves.
    is_far = bool(offsets.size) and not np.abs(offsets).max() < _MAX_F4
    head["floats"] = 8 if is_far else 4
    offsets = uppers if is_far else offsets.astype("<f4")
    masses = np.array([group[2] for group in groups], np.uint16)
    shifts = np.array(
        [
            max(numbers.grid.shift, int(not _is_whole(group)))
            for (_, _, numbers), group in zip(entries, groups, strict=True)
        ],
        np.uint8,
    )
    text = json.dumps(head, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    arrays = (
        moments.astype("<f8"),
        bases.astype("<f8"),
        offsets,
        counts.astype(_WIDTHS[width]),
        masses.astype("<u2"),
        shifts,
    )
    return zlib.compress(text, 6) + b"".join(array.tobytes() for array in arrays)


def _counted(profile: Profile) -> dict[str, dict[str, int]]:
    """Give the counts that are not what they are of most columns."""
    said: dict[str, dict[str, int]] = {word: {} for word in _COUNTED}
    for place, column in enumerate(profile.columns):
        counts = (column.rows, column.null_count, column.nan_count, column.infinite_count, column.other_count)
        for word, count, usual in zip(_COUNTED, counts, (profile.rows, 0, 0, 0, 0), strict=True):
            if count != usual:
                said[word][str(place)] = count
    return {word: counts for word, counts in said.items() if counts}


def _texts(column: Column, limit: int) -> list[Any]:
    texts = Frequent({}, limit=limit).merged(column.texts)
    return [column.text_count, column.text_chars, column.longest_chars, texts.error, texts.long_count, limit, dict(texts.most(limit))]  # fmt: skip


def _grouped(numbers: Numbers) -> tuple[list[float], list[int], int]:
    """Give `POINTS` ascending numbers, how many lie up to each, and bits that say where all of these are equal to it."""
    counted = numbers.grid
    upper = np.clip(counted.upper(), numbers.min, numbers.max)
    upper[(np.clip(counted.lower(), numbers.min, None) <= 0) & (upper >= 0)] = 0.0
    ends = np.cumsum(counted.counts)
    places = set(range(len(ends)))
    if len(ends) > POINTS:
        ranks = np.ceil(np.array(SHARES) * float(ends[-1])).astype(np.int64)
        found = np.minimum(np.searchsorted(ends, ranks), len(ends) - 1)
        places = set(found.tolist())
        # Where several quantiles are one value, it stands apart from what is below it.
        for place in sorted(set(found.tolist()), key=lambda place: -int(counted.counts[place])):
            if len(places) < POINTS and place:
                places.add(place - 1)
    chosen = np.array(sorted(places), np.int64)
    counts = np.diff(np.concatenate(([0], ends[chosen])))
    is_mass = np.diff(np.concatenate(([-1], chosen))) == 1
    values = upper[chosen]
    values[-1] = numbers.max
    missing = POINTS - len(chosen)
    bits = sum(1 << place for place, each in enumerate(is_mass.tolist()) if each)
    return [*values.tolist(), *[numbers.max] * missing], [*counts.tolist(), *[0] * missing], bits


def _is_whole(group: tuple[list[float], list[int], int]) -> bool:
    """Say whether all values are kept, each with its count."""
    _, counts, bits = group
    return bits == (1 << sum(count > 0 for count in counts)) - 1


def _commonest(group: tuple[list[float], list[int], int]) -> int:
    """Give the place of the value that occurs most often, or of the middle one."""
    _, counts, bits = group
    masses = [place for place in range(POINTS) if bits >> place & 1]
    return max(masses, key=counts.__getitem__, default=POINTS // 2)


def unpacked(content: bytes) -> Sketch:
    """Give back what was packed.

    Raises:
        ValueError: it is no sketch of a window.
    """
    try:
        return _unpacked(content)
    except _FAULTS as error:
        raise ValueError(f"not the sketch of a window: {ascii(str(error))[1:-1][:120]}") from error


def _unpacked(content: bytes) -> Sketch:
    inflater = zlib.decompressobj()
    text = inflater.decompress(content, _MAX_BYTES)
    if not inflater.eof:
        raise ValueError("its head does not end")
    head = orjson.loads(text)
    if head["format"] != FORMAT:
        raise ValueError(f"it is of format {head['format']!r:.20}")
    names = head["names"]
    if not isinstance(names, list) or len(names) > MAX_COLUMNS or not set(map(type, names)) <= {str}:
        raise ValueError("its columns are none")
    _check(head, len(names))
    columns = np.array(head["entries"], np.int64)
    count = len(columns)
    if count > 2 * len(names) or (count and not (columns.min() >= 0 and columns.max() < len(names))):
        raise ValueError("its numbers are of no column")
    is_time = np.zeros(count, bool)
    is_time[np.array(head["times"], np.int64)] = True
    rest = memoryview(inflater.unused_data)
    width, floats = head["width"], head["floats"]
    sizes = [32 * count, 8 * count, floats * POINTS * count, width * POINTS * count, 2 * count, count]
    if len(rest) != sum(sizes):
        raise ValueError("it has another length")
    at = np.concatenate(([0], np.cumsum(sizes)))
    parts = [rest[start:end] for start, end in zip(at[:-1].tolist(), at[1:].tolist(), strict=True)]
    moments = np.frombuffer(parts[0], "<f8").reshape(count, 4)
    bases = np.frombuffer(parts[1], "<f8")
    offsets = np.frombuffer(parts[2], _FLOATS[floats]).reshape(count, POINTS)
    counts = np.frombuffer(parts[3], _WIDTHS[width]).reshape(count, POINTS).astype(np.int64)
    bits = np.frombuffer(parts[4], "<u2")
    shifts = np.minimum(np.frombuffer(parts[5], np.uint8), grid.MAX_SHIFT)
    low, high = moments[:, 2:3], moments[:, 3:4]
    if not (np.isfinite(moments[:, 2:]).all() and np.isfinite(bases).all() and np.isfinite(offsets).all()):
        raise ValueError("a number is not finite")
    if (low > high).any() or (counts < 0).any() or (counts.sum(axis=1) == 0).any() or (counts > 1 << 52).any():
        raise ValueError("it does not add up")
    with np.errstate(over="ignore"):
        uppers = np.clip(offsets if floats == 8 else bases[:, None] + offsets, low, high)
    uppers[:, -1] = high[:, 0]
    uppers = np.maximum.accumulate(uppers, axis=1)
    masses = (bits[:, None] >> np.arange(POINTS, dtype=np.uint16) & 1).astype(bool)
    return Sketch(_count(head["rows"]), tuple(names), head, columns, is_time, moments, uppers, counts, masses, shifts)


def _check(head: Mapping[str, Any], width: int) -> None:
    """Refuse a head whose parts are not of their types."""
    for word in ("rows", "left_out", "odd", "bad"):
        _count(head[word])
    different, fractions = head["different"], head["fractions"]
    if len(different) != width or len(fractions) != width or not isinstance(head["note"], str):
        raise ValueError("its columns do not fit")
    if different and (not set(map(type, different)) <= {int} or min(different) < 0 or max(different) >= 1 << 62):
        raise ValueError("a count is none")
    for counts in head["counted"].values():
        for count in counts.values():
            _count(count)
    for *counts, texts in head["texts"].values():
        if len(counts) != 6:
            raise ValueError("texts are none")
        for count in (*counts, *texts.values()):
            _count(count)


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 62:
        raise ValueError("a count is none")
    return value


def _rounded(count: int) -> int:
    """Round a count to three digits: it is about right anyway."""
    return (
        count if count < 1000 else int(f"{count:.2e}".partition("e")[0].replace(".", "")) * 10 ** (len(str(count)) - 3)
    )


def merged(sketches: Iterable[Sketch]) -> Profile:
    """Give the profile of all rows of some windows."""
    profile: Profile | None = None
    for sketch in sketches:
        each = sketch.profile()
        profile = each if profile is None else profile.merged(each)
    return profile or Profile(0, ())


_MOST_HASHED = 1 << 16


@lru_cache(maxsize=512)
def about(count: int) -> Distinct:
    """Give registers that met about so many different values: of two of these, the larger has met all that the smaller has."""
    doublings = max(0, count.bit_length() - _MOST_HASHED.bit_length())
    if not count:
        return distinct.empty()
    hashed = count >> doublings
    registers = distinct.empty().with_hashes(distinct.of_ints(np.arange(hashed, dtype=np.int64))).registers
    grown = np.where(registers > 0, np.minimum(registers + np.uint8(doublings), MAX_RUN), 0).astype(np.uint8)
    assert len(grown) == REGISTERS
    return Distinct(grown)
