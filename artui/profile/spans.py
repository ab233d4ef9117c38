"""Columns over many windows: how often their values fall into bins that all windows share, and what they are like together.

Windows keep about 16 quantiles of a column (`windowed`). Here they are counted into the bins of one table, all columns of a
window at once, so that a year of a thousand columns is a few hundred steps; within a sixteenth numbers are taken to lie evenly.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from artui.profile import distinct, drift, grid
from artui.profile.column import Column, Profile
from artui.profile.frequent import Frequent
from artui.profile.numbers import Numbers
from artui.profile.windowed import POINTS, Sketch, about

if TYPE_CHECKING:
    from artui.arrays import Bools, Floats, Ints

MOST_TEXTS = 20
"""So many of the most frequent texts of a column have a bin each; the last one is of all others."""
OTHERS = "…"
_MOST_POOLED = 32
"""So many windows say where the bins of columns are that nothing else tells of."""
_PIECES = 4_096
"""Numbers of a column are put into about so many places where they are put together."""
_UP_TO = np.triu(np.ones((POINTS, POINTS)))
"""Times this, counts become how many there are up to each."""
_ONES = np.uint64(0x0101_0101_0101_0101)


@dataclass(frozen=True, slots=True)
class Bins:
    """Bins of the columns of a table: of numbers and times by edges, of texts by name."""

    names: tuple[str, ...]
    """Of the columns that hold numbers or times."""
    edges: Floats
    """A row of inner edges for each, ascending; equal ones where there are fewer."""
    usual: Floats
    """How many numbers of the table are in each bin: one more than there are edges."""
    texts: Mapping[str, tuple[str, ...]]
    """Of each column that holds texts those that have a bin."""
    usual_texts: Mapping[str, Floats]
    empty: Mapping[str, float]
    """Of each column the share of cells that are empty or NaN."""


def bins_of(profile: Profile) -> Bins:
    """Give bins of about as many numbers each, by a table."""
    inner = drift.PSI_BINS - 1
    edges: dict[str, Floats] = {}
    texts: dict[str, tuple[str, ...]] = {}
    for column in profile.columns:
        numbers = column.numbers if column.numbers.count else column.times
        if numbers.count and column.name not in edges:
            found = drift.decile_edges(numbers)
            edges[column.name] = np.concatenate((found, np.full(inner - len(found), found[-1])))
        elif column.text_count and column.name not in texts and column.name not in edges:
            texts[column.name] = tuple(text for text, _ in column.texts.most(MOST_TEXTS))
    bins = Bins(tuple(edges), np.array(list(edges.values())).reshape(-1, inner), np.zeros((len(edges), inner + 1)), texts, {}, {})  # fmt: skip
    return _with_usual(bins, counted_of(profile, bins), np.ones(1))


def _with_usual(bins: Bins, counted: Counted, rows: Floats) -> Bins:
    """Say what is usual: all that was counted."""
    weights = rows if rows.sum() > 0 else np.ones(len(rows))
    empty = dict(zip(bins.names, np.average(counted.empty, axis=0, weights=weights).tolist(), strict=True))
    empty |= {name: float(np.average(shares, weights=weights)) for name, shares in counted.empty_texts.items()}
    texts = {name: counts.sum(axis=0) for name, counts in counted.texts.items()}
    return replace(bins, usual=counted.numbers.sum(axis=0), usual_texts=texts, empty=empty)


def counted_of(profile: Profile, bins: Bins) -> Counted:
    """Count the values of a table into bins, as one window."""
    numbers = np.zeros((1, *bins.usual.shape))
    means, empty = np.full((1, len(bins.names)), np.nan), np.zeros((1, len(bins.names)))
    texts = {name: np.zeros((1, len(chosen) + 1)) for name, chosen in bins.texts.items()}
    empty_texts = {name: np.zeros(1) for name in bins.texts}
    columns: dict[str, Column] = {}
    for column in profile.columns:
        columns.setdefault(column.name, column)
    for place, name in enumerate(bins.names):
        found = columns.get(name)
        if found is None:
            continue
        empty[0, place] = _empty(found)
        known = found.numbers if found.numbers.count else found.times
        if known.count:
            below = drift.share_at_most(known, bins.edges[place]) * known.count
            numbers[0, place] = np.diff(below, prepend=0.0, append=float(known.count))
            means[0, place] = known.mean
    for name, chosen in bins.texts.items():
        if (found := columns.get(name)) is not None:
            texts[name][0] = _text_counts(chosen, found.texts.counts, found.text_count)
            empty_texts[name][0] = _empty(found)
    return Counted(numbers, means, texts, empty, empty_texts)


def _empty(column: Column) -> float:
    return (column.null_count + column.nan_count) / column.rows if column.rows else 0.0


def bins_of_windows(sketches: Sequence[Sketch], wanted: Collection[str] | None = None) -> Bins:
    """Give such bins by what windows hold together; some of them, spread evenly, tell where edges lie where they are many.

    Args:
        sketches: of the windows.
        wanted: names of columns; by default all.
    """
    if not sketches:
        return bins_of(Profile(0, ()))
    chosen = [sketches[place] for place in np.unique(np.linspace(0, len(sketches) - 1, _MOST_POOLED).astype(np.int64))]
    names = tuple(dict.fromkeys(name for sketch in chosen for name in sketch.entries if wanted is None or name in wanted))  # fmt: skip
    inner = drift.PSI_BINS - 1
    points, weights = np.zeros((len(names), len(chosen), POINTS)), np.zeros((len(names), len(chosen), POINTS))
    place_of = {name: place for place, name in enumerate(names)}
    for number, sketch in enumerate(chosen):
        places, entries = _places(sketch, place_of)
        uppers = sketch.uppers[entries]
        before = np.concatenate((sketch.moments[entries, 2:3], uppers[:, :-1]), axis=1)
        points[places, number] = np.where(sketch.masses[entries], uppers, before + (uppers - before) / 2)
        weights[places, number] = sketch.counts[entries]
    flat, heavy = points.reshape(len(names), -1), weights.reshape(len(names), -1)
    order = np.argsort(flat, axis=1)
    ascending, ends = np.take_along_axis(flat, order, 1), np.cumsum(np.take_along_axis(heavy, order, 1), axis=1)
    edges = np.zeros((len(names), inner))
    for edge in range(inner):
        at = (ends < (ends[:, -1:] * ((edge + 1) / drift.PSI_BINS))).sum(axis=1)
        edges[:, edge] = ascending[np.arange(len(names)), np.minimum(at, ascending.shape[1] - 1)]
    texts: dict[str, dict[str, int]] = {}
    for sketch in chosen:
        for name, place in _text_places(sketch).items():
            known = texts.setdefault(name, {})
            for text, count in sketch.head["texts"][str(place)][-1].items():
                known[text] = known.get(text, 0) + count
    most = {
        name: tuple(sorted(counts, key=lambda text: (-counts[text], text))[:MOST_TEXTS])
        for name, counts in texts.items()
        if name not in place_of and (wanted is None or name in wanted)
    }
    bins = Bins(names, edges, np.zeros((len(names), inner + 1)), most, {}, {})
    return _with_usual(bins, counted_in(sketches, bins), np.array([float(sketch.rows) for sketch in sketches]))


def _places(sketch: Sketch, place_of: Mapping[str, int]) -> tuple[Ints, Ints]:
    """Give for the entries of a sketch that are asked for their places, and which entries these are."""
    pairs = [(place_of[name], entry) for name, entry in sketch.entries.items() if name in place_of]
    found = np.array(pairs, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _text_places(sketch: Sketch) -> dict[str, int]:
    found: dict[str, int] = {}
    for place in sketch.head["texts"]:
        found.setdefault(sketch.names[int(place)], int(place))
    return found


def _text_counts(chosen: Sequence[str], counts: Mapping[str, int], total: int) -> Floats:
    known = [float(counts.get(text, 0)) for text in chosen]
    return np.array([*known, max(0.0, total - sum(known))])


@dataclass(frozen=True, slots=True)
class Counted:
    """What windows hold of columns, in shared bins: the first axis is of the windows."""

    numbers: Floats
    """Windows x columns x bins."""
    means: Floats
    """Windows x columns; NaN where a window has no number of a column."""
    texts: Mapping[str, Floats]
    """By column, windows x bins."""
    empty: Floats
    """Windows x columns of `Bins.names`: share of the cells that are empty or NaN."""
    empty_texts: Mapping[str, Floats]


def counted_in(sketches: Sequence[Sketch], bins: Bins) -> Counted:
    """Count the values of windows into bins."""
    count, width = len(sketches), len(bins.names)
    numbers = np.zeros((count, width, bins.edges.shape[1] + 1))
    means = np.full((count, width), np.nan)
    empty = np.zeros((count, width))
    texts = {name: np.zeros((count, len(chosen) + 1)) for name, chosen in bins.texts.items()}
    empty_texts = {name: np.zeros(count) for name in bins.texts}
    place_of = {name: place for place, name in enumerate(bins.names)}
    known: dict[tuple[tuple[str, ...], bytes], tuple[Ints, Ints, bool]] = {}
    for number, sketch in enumerate(sketches):
        # Windows of one service have the same columns: these are looked up once.
        key = sketch.names, sketch.columns.tobytes()
        if key not in known:
            places, entries = _places(sketch, place_of)
            is_all = len(entries) == len(sketch.uppers) == width and bool((places == entries).all())
            known[key] = places, entries, is_all
        places, entries, is_all = known[key]
        if is_all:
            numbers[number] = _binned(sketch.moments[:, 2], sketch.uppers, sketch.counts, sketch.masses, bins.edges)
            means[number] = sketch.moments[:, 0]
        elif len(entries):
            numbers[number, places] = _binned(
                sketch.moments[entries, 2], sketch.uppers[entries], sketch.counts[entries], sketch.masses[entries], bins.edges[places]
            )  # fmt: skip
            means[number, places] = sketch.moments[entries, 0]
        counted = sketch.head["counted"]
        for word in ("nulls", "nans"):
            for place, nothing in counted.get(word, {}).items():
                name = sketch.names[int(place)]
                share = nothing / max(1, counted.get("rows", {}).get(place, sketch.rows))
                if name in place_of:
                    empty[number, place_of[name]] += share
                elif name in empty_texts:
                    empty_texts[name][number] += share
        for name, place in _text_places(sketch).items():
            if name in texts:
                total, *_, counts = sketch.head["texts"][str(place)]
                texts[name][number] = _text_counts(bins.texts[name], counts, total)
    return Counted(numbers, means, texts, empty, empty_texts)


def _binned(low: Floats, uppers: Floats, counts: Ints, masses: Bools, edges: Floats) -> Floats:
    """Give how many numbers of each column lie in its bins: a row for each column."""
    rows, inner = edges.shape
    # How many quantiles are at most as large as each edge: sixteen truths are two words, whose bytes are added by one multiplication.
    words = np.ascontiguousarray(uppers[:, None, :] <= edges[:, :, None]).view(np.uint64)
    place = (((words[..., 0] + words[..., 1]) * _ONES) >> np.uint64(56)).astype(np.int64)
    is_beyond = place >= POINTS
    flat = np.minimum(place, POINTS - 1)
    flat += np.arange(0, rows * POINTS, POINTS)[:, None]
    before = np.concatenate((low[:, None], uppers[:, :-1]), axis=1).take(flat)
    width = uppers.take(flat) - before
    filled = counts.astype(np.float64)
    ends = filled @ _UP_TO
    # Within a sixteenth numbers lie evenly; where all are equal they lie at its end.
    width[(width <= 0) | masses.take(flat)] = np.inf
    at_most = np.maximum((edges - before) / width, 0.0)
    at_most *= filled.take(flat)
    at_most += (ends - filled).take(flat)
    total = ends[:, -1]
    np.copyto(at_most, total[:, None], where=is_beyond)
    found = np.empty((rows, inner + 1))
    found[:, 0] = at_most[:, 0]
    np.subtract(at_most[:, 1:], at_most[:, :-1], out=found[:, 1:-1])
    found[:, -1] = total - at_most[:, -1]
    return found


def together(sketches: Sequence[Sketch], names: Sequence[str]) -> Profile:
    """Give what some columns are like in windows together."""
    rows = sum(sketch.rows for sketch in sketches)
    layouts: dict[tuple[tuple[str, ...], bytes, bytes], _Layout] = {}
    having = []
    for sketch in sketches:
        key = sketch.names, sketch.columns.tobytes(), sketch.is_time.tobytes()
        if key not in layouts:
            layouts[key] = _layout(sketch)
        having.append((sketch, layouts[key]))
    return Profile(rows, tuple(_column(having, name) for name in names))


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a sketch has what, as all windows of one service do."""

    places: Mapping[str, int]
    entries: Mapping[tuple[int, bool], int]
    """By place of the column, and whether it is of its times."""


def _layout(sketch: Sketch) -> _Layout:
    places: dict[str, int] = {}
    for place, name in enumerate(sketch.names):
        places.setdefault(name, place)
    pairs = zip(sketch.columns.tolist(), sketch.is_time.tolist(), strict=True)
    return _Layout(places, {pair: entry for entry, pair in enumerate(pairs)})


def _column(sketches: Sequence[tuple[Sketch, _Layout]], name: str) -> Column:
    having = [(sketch, layout, layout.places[name]) for sketch, layout in sketches if name in layout.places]
    sums = dict.fromkeys(("rows", "nulls", "nans", "infinites", "others"), 0)
    texts, text_count, chars, longest, different = Frequent({}), 0, 0, 0, 0
    has_fractions = False
    for sketch, _, place in having:
        key, counted = str(place), sketch.head["counted"]
        for word in sums:
            sums[word] += counted.get(word, {}).get(key, sketch.rows if word == "rows" else 0)
        has_fractions |= sketch.head["fractions"][place] == "1"
        different = max(different, sketch.head["different"][place])
        if key in sketch.head["texts"]:
            total, letters, most, error, long_count, limit, counts = sketch.head["texts"][key]
            texts = texts.merged(Frequent(counts, error, long_count, limit)) if texts.counts else Frequent(counts, error, long_count, limit)  # fmt: skip
            text_count, chars, longest = text_count + total, chars + letters, max(longest, most)
    absent = sum(sketch.rows for sketch, layout in sketches if name not in layout.places)
    numbers, times = (_numbers(having, is_time=is_time, is_whole=not has_fractions) for is_time in (False, True))
    return Column(
        name, sums["rows"] + absent, sums["nulls"] + absent, sums["nans"], sums["infinites"], numbers, has_fractions, times, text_count, texts,
        chars, longest, sums["others"], about(different) if different else distinct.empty(),
    )  # fmt: skip


def _numbers(having: Sequence[tuple[Sketch, _Layout, int]], *, is_time: bool, is_whole: bool) -> Numbers:
    """Put the numbers of a column together: in windows that are many, those of a sixteenth lie at fewer places."""
    found = [
        (sketch, entry)
        for sketch, layout, place in having
        if (entry := layout.entries.get((place, is_time))) is not None
    ]
    if not found:
        return Numbers()
    moments, uppers = (np.array([getattr(sketch, word)[entry] for sketch, entry in found]) for word in ("moments", "uppers"))  # fmt: skip
    counts, masses = (np.array([getattr(sketch, word)[entry] for sketch, entry in found]) for word in ("counts", "masses"))  # fmt: skip
    pieces = int(np.clip(_PIECES // uppers.size, 1, 16))
    low = np.concatenate((moments[:, 2:3], uppers[:, :-1]), axis=1)[..., None]
    high = uppers[..., None]
    at = (np.arange(pieces) + (0.5 if pieces == 1 else 1.0)) / pieces
    values = (low / 2 + (high / 2 - low / 2) * at) * 2
    steps = np.arange(pieces + 1)
    shared = np.diff(counts[..., None] * steps // pieces)
    values[masses] = uppers[masses][:, None]
    shift = max(int(sketch.shifts[entry]) for sketch, entry in found)
    points = values.ravel()
    if is_whole and not is_time:
        points = np.ceil(points)
    made = grid.of_counts(np.ascontiguousarray(points), shared.ravel(), shift=shift)
    total = counts.sum(axis=1).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(np.average(moments[:, 0], weights=total))
        squares = float(moments[:, 1].sum() + (total * np.square(moments[:, 0] - mean)).sum())
    zeros = int(counts[masses & (uppers == 0)].sum())
    return Numbers(
        int(counts.sum()), mean, squares, float(moments[:, 2].min()), float(moments[:, 3].max()), zeros, made
    )


def psis(expected: Floats, actual: Floats) -> tuple[Floats, Floats, Ints]:
    """Give the stability indices of rows of counts, how many cells the smaller side has, and how many bins are in use.

    What stands along the last axis are bins; the axes before it are broadcast.
    """
    first, second = expected.sum(axis=-1, keepdims=True), actual.sum(axis=-1, keepdims=True)
    is_used = (expected > 0) | (actual > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ours = np.maximum(expected / first, np.maximum(drift.FLOOR, 0.5 / np.maximum(first, 1)))
        theirs = np.maximum(actual / second, np.maximum(drift.FLOOR, 0.5 / np.maximum(second, 1)))
        found = np.where(is_used, (theirs - ours) * np.log(theirs / ours), 0.0).sum(axis=-1)
    has_both = (first[..., 0] > 0) & (second[..., 0] > 0)
    return np.where(has_both, found, np.nan), np.minimum(first, second)[..., 0], is_used.sum(axis=-1)


def distances(expected: Floats, actual: Floats) -> tuple[Floats, Floats]:
    """Give the distances of Jensen and Shannon, and of Kolmogorov and Smirnov, of rows of counts over their bins; NaN where one is empty."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ours = expected / expected.sum(axis=-1, keepdims=True)
        theirs = actual / actual.sum(axis=-1, keepdims=True)
        middle = (ours + theirs) / 2
        sums = [np.where(side > 0, side * np.log2(side / middle), 0.0).sum(axis=-1) for side in np.broadcast_arrays(ours, theirs)]  # fmt: skip
    js = np.sqrt(np.maximum(0.0, (sums[0] + sums[1]) / 2))
    ks = np.abs(np.cumsum(ours - theirs, axis=-1)).max(axis=-1)
    return np.where(np.isfinite(ks), js, np.nan), ks
