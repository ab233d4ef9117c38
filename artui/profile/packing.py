"""Profiles as they are kept in a catalog: facts for people and SQL, and a sketch from which the profile comes back.

The sketch is JSON, packed with zlib. It may come from anybody: what is not a sketch of ours is refused, and nothing in
it costs more memory than its columns may have.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from artui.profile.building import MAX_COLUMNS
from artui.profile.column import Column, Profile
from artui.profile.distinct import MAX_RUN, REGISTERS, Distinct
from artui.profile.frequent import Frequent
from artui.profile.grid import MAX_SHIFT, Grid
from artui.profile.numbers import Numbers

FORMAT = 1
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
HISTOGRAM_BINS = 24
MOST_FREQUENT = 10
_EXACT_INTEGERS = 1 << 52
MAX_PACKED_BYTES = 16 << 20
MAX_BYTES = 48 << 20
"""Unpacked."""
_FAULTS = (ValueError, TypeError, LookupError, OverflowError, RecursionError, MemoryError, zlib.error, AttributeError)


def packed(profile: Profile) -> bytes:
    """Pack a profile."""
    columns = [_column_words(column) for column in profile.columns]
    head = [FORMAT, profile.rows, profile.left_out_columns, profile.odd_rows, profile.bad_rows, profile.note]
    return zlib.compress(json.dumps([*head, columns], ensure_ascii=True, separators=(",", ":")).encode("ascii"), 6)


def unpacked(content: bytes) -> Profile:
    """Give back the profile that was packed.

    Raises:
        ValueError: it is none.
    """
    if len(content) > MAX_PACKED_BYTES:
        raise ValueError("it is too large for a profile")
    try:
        inflater = zlib.decompressobj()
        text = inflater.decompress(content, MAX_BYTES)
        if not inflater.eof:
            raise ValueError("it does not end, or is too large")
        form, rows, left_out, odd, bad, note, columns = json.loads(text)
        if form != FORMAT:
            raise ValueError(f"it is of format {form!r:.20}")
        if not isinstance(columns, list) or len(columns) > MAX_COLUMNS:
            raise ValueError("it has too many columns")
        return Profile(
            _count(rows), tuple(map(_column, columns)), _count(left_out), _count(odd), _count(bad), _text(note)
        )
    except _FAULTS as error:
        raise ValueError(f"not a profile: {ascii(str(error))[1:-1][:120]}") from error


def _column_words(column: Column) -> list[Any]:
    return [
        column.name, column.rows, column.null_count, column.nan_count, column.infinite_count, _numbers_words(column.numbers),
        int(column.has_fractions), _numbers_words(column.times), column.text_count, dict(column.texts.counts), column.texts.error,
        column.texts.long_count, column.texts.limit, column.text_chars, column.longest_chars, column.other_count,
        base64.b64encode(column.different.registers.tobytes()).decode(),
        column.different.exact_count,
    ]  # fmt: skip


def _column(words: Any) -> Column:
    (
        name, rows, nulls, nans, infinites, numbers, has_fractions, times, text_count, texts, error, long_count, text_limit,
        text_chars, longest_chars, others, registers, exact_count,
    ) = words  # fmt: skip
    counts = {_text(text): _count(count) for text, count in texts.items()}
    met = np.frombuffer(base64.b64decode(registers, validate=True), np.uint8)
    if len(met) != REGISTERS or met.max() > MAX_RUN:
        raise ValueError("registers are none")
    return Column(
        _text(name), _count(rows), _count(nulls), _count(nans), _count(infinites), _numbers(numbers), bool(has_fractions),
        _numbers(times), _count(text_count), Frequent(counts, _count(error), _count(long_count), _count(text_limit)),
        _count(text_chars), _count(longest_chars), _count(others),
        Distinct(met, None, None if exact_count is None else _count(exact_count)),
    )  # fmt: skip


def _numbers_words(numbers: Numbers) -> list[Any]:
    if not numbers.count:
        return [numbers.grid.limit]
    return [
        numbers.grid.limit, numbers.count, _finite(numbers.mean), _finite(numbers.squares), numbers.min, numbers.max, numbers.zero_count,
        numbers.grid.shift, _deltas(numbers.grid.bins.tolist()), numbers.grid.counts.tolist(),
    ]  # fmt: skip


def _numbers(words: Any) -> Numbers:
    if len(words) == 1:
        return Numbers(grid=Grid(0, np.empty(0, np.int64), np.empty(0, np.int64), _count(words[0])))
    limit, count, mean, squares, low, high, zeros, shift, deltas, counts = words
    if not 0 <= _count(shift) <= MAX_SHIFT or not 0 < len(deltas) == len(counts) <= _count(limit):
        raise ValueError("a grid is none")
    bins = _sums(deltas)
    if any(later <= earlier for earlier, later in pairwise(bins)):
        raise ValueError("a grid is not in order")
    grid = Grid(shift, np.array(bins, np.int64), np.array(list(map(_count, counts)), np.int64), limit)
    if grid.total != _count(count) or not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError("a grid does not add up")
    if squares is not None and not squares >= 0:
        raise ValueError("a sum of squares is negative")
    edge = 1 << (63 - shift)
    if not (-edge <= bins[0] and bins[-1] < edge):
        raise ValueError("a grid is beyond the numbers")
    return Numbers(
        count, math.nan if mean is None else float(mean), math.nan if squares is None else float(squares), float(low), float(high),
        _count(zeros), grid,
    )  # fmt: skip


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _deltas(values: Sequence[int]) -> list[int]:
    return [after - before for before, after in zip((0, *values), values, strict=False)]


def _sums(deltas: Sequence[int]) -> list[int]:
    sums, total = [], 0
    for delta in deltas:
        if not isinstance(delta, int):
            raise ValueError("a bin is not an integer")
        total += delta
        sums.append(total)
    return sums


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 64:
        raise ValueError("a count is none")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a name is not text")
    return value


def facts(profile: Profile) -> dict[str, Any]:
    """Say in words and numbers what a table is like: what the view `profiles` and `--json` show.

    `rows`, `odd_rows`, `bad_rows`, `left_out_columns`, `note` (why not all of it was read), and `columns`: of each `name`, `type` and `count`, `null_count`, `distinct` and `is_distinct_exact` always; what there is of `nan_count`,
    `infinite_count`, `min`, `max`, `mean`, `std`, `quantiles` (by share), `are_quantiles_exact`, `most_frequent` (value and count) and
    `histogram` (`edges`, one more than `counts`). Times are in milliseconds since 1970, UTC.
    """
    return {
        "rows": profile.rows, "odd_rows": profile.odd_rows, "bad_rows": profile.bad_rows, "left_out_columns": profile.left_out_columns,
        "note": profile.note, "columns": [_facts_of(column) for column in profile.columns],
    }  # fmt: skip


def _facts_of(column: Column) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": column.name, "type": column.type, "count": column.rows, "null_count": column.null_count,
        "distinct": column.distinct_count, "is_distinct_exact": column.is_distinct_exact,
    }  # fmt: skip
    is_text = column.type in ("text", "boolean")
    rarer = {
        "nan_count": column.nan_count, "infinite_count": column.infinite_count, "text_count": 0 if is_text else column.text_count,
        "other_count": column.other_count,
    }  # fmt: skip
    said |= {name: count for name, count in rarer.items() if count}
    numbers = column.times if column.type == "time" else column.numbers
    if numbers.count:
        said |= {"min": numbers.min, "max": numbers.max, "mean": _finite(numbers.mean), "std": _finite(numbers.std)}
        quantiles = numbers.quantiles(*QUANTILES, is_whole=column.type == "integer")
        said["quantiles"] = {f"{share:g}": value for share, value in zip(QUANTILES, quantiles, strict=True)}
        said["are_quantiles_exact"] = numbers.grid.is_exact
        edges, counts = histogram(numbers, is_whole=column.type == "integer")
        said["histogram"] = {"edges": edges, "counts": counts}
    if frequent := most_frequent(column):
        said["most_frequent"] = [{"value": value, "count": count} for value, count in frequent]
    return said


_SURE = 100
"""So many times as large as what it may be off is a count that is said."""


def most_frequent(column: Column, count: int = MOST_FREQUENT) -> list[tuple[str | float, int]]:
    """Give the most frequent values: of numbers only where all different ones are known.

    Of more different texts than are counted, those whose counts are right to a hundredth: the others may be far off.
    """
    if column.text_count and not column.numbers.count:
        least = _SURE * column.texts.error
        return [(text, times) for text, times in column.texts.most(count) if times >= least]
    grid = column.numbers.grid
    if not grid.is_exact or not column.numbers.count or column.text_count:
        return []
    places = np.lexsort((grid.bins, -grid.counts))[:count]
    values = grid.lower()
    return [(float(values[place]), int(grid.counts[place])) for place in places]


def histogram(numbers: Numbers, bins: int = HISTOGRAM_BINS, *, is_whole: bool = False) -> tuple[list[float], list[int]]:
    """Count the numbers in bins of equal width from the smallest to the largest.

    Of integers each bin holds as many of these, and its edges lie between them. Exact where the grid is; else those of a bin of the grid are shared out evenly, and the counts rounded so that they
    add up.
    """
    low, high = numbers.min, numbers.max
    if low == high:
        return [low, high], [numbers.count]
    # Halves first: the difference of two numbers may be beyond the floats.
    edges = np.linspace(low / 2, high / 2, bins + 1) * 2
    edges[0], edges[-1] = low, high
    if is_whole and high - low < _EXACT_INTEGERS:
        each = math.ceil((high - low + 1) / bins)
        edges = np.arange(math.ceil((high - low + 1) / each) + 1, dtype=np.float64) * each + (low - 0.5)
    below = numbers.grid.share_below(edges[1:], low=low, high=high) * numbers.count
    if numbers.grid.is_exact:
        # A bin holds its lower edge and not its upper one, but for the last.
        values, ends = numbers.grid.lower(), np.concatenate(([0], np.cumsum(numbers.grid.counts)))
        below = ends[np.searchsorted(values, edges[1:], side="left")].astype(np.float64)
    below[-1] = numbers.count
    counts = np.diff(np.concatenate(([0.0], np.round(below)))).astype(np.int64)
    return edges.tolist(), counts.tolist()
