"""Columns over many windows: counted into shared bins they are what a profile of all rows together is, about."""

from __future__ import annotations

import numpy as np
import pytest

from artui.profile import spans
from artui.profile.building import Builder
from artui.profile.column import Profile
from artui.profile.drift import jensen_shannon_of, psi_of
from artui.profile.windowed import Sketch, merged, packed, unpacked


def _profile(seed: int, rows: int = 500, **more: list[object]) -> Profile:
    random = np.random.default_rng(seed)
    values: dict[str, object] = {
        "amount": random.lognormal(3, 1, rows), "few": random.integers(0, 3, rows), "card": list(random.choice(["a", "b", "c"], rows, p=(0.7, 0.2, 0.1))),
        "gaps": np.where(random.random(rows) < 0.2, np.nan, random.random(rows)), "same": np.full(rows, 7.0),
    } | more  # fmt: skip
    builder = Builder(list(values))
    builder.add([*values.values()], rows)  # type: ignore[list-item]
    return builder.done()


def _sketch(profile: Profile) -> Sketch:
    return unpacked(packed(profile))


def test_windows_in_bins_are_their_rows_in_bins() -> None:
    """Each window's counts add up to its numbers, and all together to those of one profile, within a sixteenth of a bin."""
    sketches = [_sketch(_profile(seed)) for seed in range(20)]
    whole = merged(sketches)

    bins = spans.bins_of(whole)
    counted = spans.counted_in(sketches, bins)

    totals = counted.numbers.sum(axis=2)
    assert bins.names == ("amount", "few", "gaps", "same") and (totals[:, [0, 1, 3]] == 500).all()
    assert np.abs(counted.numbers.sum(axis=0) - bins.usual).max() <= 0.02 * 500 * 20
    assert (counted.texts["card"].sum(axis=0) == bins.usual_texts["card"]).all() and counted.texts[
        "card"
    ].sum() == 10_000
    assert bins.empty["gaps"] == pytest.approx(0.2, abs=0.02) and counted.empty[:, 2].mean() == pytest.approx(
        bins.empty["gaps"], abs=0.01
    )
    assert counted.means[0, 0] == sketches[0].moments[sketches[0].entries["amount"], 0]
    own = spans.bins_of_windows(sketches)
    assert own.usual[0] == pytest.approx(np.full(10, 1000), rel=0.2) and own.names == bins.names


def test_values_that_are_frequent_stay_whole() -> None:
    """A column of few numbers is counted exactly: what is equal to an edge lies below it."""
    sketches = [_sketch(_profile(seed)) for seed in range(5)]
    whole = merged(sketches)
    bins = spans.bins_of(whole)

    counted = spans.counted_in(sketches, bins).numbers.sum(axis=0)

    for name, exact in (("few", sorted(whole.columns[1].numbers.grid.counts.tolist())), ("same", [2500])):
        place = bins.names.index(name)
        assert counted[place] == pytest.approx(bins.usual[place])
        assert sorted(count for count in counted[place].tolist() if count) == exact


def test_windows_may_have_other_columns() -> None:
    """A column that comes or goes, stands elsewhere or changes its type is counted where it is."""
    first, second, third = _profile(1), _profile(2, fresh=list(range(500))), _profile(3, amount=["x"] * 500)
    sketches = [_sketch(first), _sketch(Profile(second.rows, second.columns[::-1])), _sketch(third)]
    bins = spans.bins_of_windows(sketches[:2])

    counted = spans.counted_in(sketches, bins)

    assert counted.numbers[:, bins.names.index("amount")].sum(axis=1).tolist() == [500, 500, 0]
    assert counted.numbers[:, bins.names.index("fresh")].sum(axis=1).tolist() == [0, 500, 0]
    together = spans.together(sketches, ["fresh", "card", "amount", "nothing"])
    fresh, card, amount, nothing = together.columns
    assert (fresh.rows, fresh.null_count, fresh.numbers.count) == (1500, 1000, 500)
    assert card.text_count == 1500 and amount.type == "mixed" and nothing.null_count == 1500 and nothing.type == "empty"
    assert spans.counted_in([], bins).numbers.shape == (0, len(bins.names), 10)
    assert spans.bins_of_windows([]).names == () and spans.together([], ["a"]).rows == 0


def test_columns_together_are_as_merged_ones() -> None:
    """Moments and counts exactly, quantiles within about a sixteenth."""
    sketches = [_sketch(_profile(seed)) for seed in range(30)]

    (ours,) = spans.together(sketches, ["amount"]).columns
    theirs = merged(sketches).column("amount")

    assert theirs is not None and (ours.rows, ours.numbers.count, ours.numbers.min, ours.numbers.max) == (theirs.rows, theirs.numbers.count, theirs.numbers.min, theirs.numbers.max)  # fmt: skip
    assert ours.numbers.mean == pytest.approx(theirs.numbers.mean) and ours.numbers.std == pytest.approx(
        theirs.numbers.std
    )
    assert ours.numbers.quantiles(0.1, 0.5, 0.9) == pytest.approx(theirs.numbers.quantiles(0.1, 0.5, 0.9), rel=0.05)


def test_distances_of_rows_are_those_of_each() -> None:
    """All rows at once give what one by one do; an empty one has none, and bins that neither uses do not count."""
    random = np.random.default_rng(0)
    expected, actual = random.integers(1, 100, (4, 10)).astype(float), random.integers(0, 100, (4, 10)).astype(float)
    expected[:, 3] = actual[:, 3] = 0
    actual[2] = 0

    psi, _, used = spans.psis(expected, actual)
    js, ks = spans.distances(expected, actual)

    assert np.isnan(psi[2]) and np.isnan(js[2]) and used[0] == 9
    for place in (0, 1, 3):
        shares = [side[place][np.arange(10) != 3] / side[place].sum() for side in (expected, actual)]
        counts = int(expected[place].sum()), int(actual[place].sum())
        assert psi[place] == pytest.approx(psi_of(shares[0], shares[1], *counts)) and js[place] == pytest.approx(
            jensen_shannon_of(shares[0], shares[1])
        )
        assert ks[place] == pytest.approx(np.abs(np.cumsum(shares[0]) - np.cumsum(shares[1])).max())
