"""How the values of two columns lie over the same bins, held against numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from artui.profile.building import Builder
from artui.profile.column import Column
from artui.profile.together import spreads


def _column(values: Any) -> Column:
    builder = Builder(["x"])
    builder.add([values], len(values))
    return builder.done().columns[0]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([1, 2, 2, 3], [3, 3, 5, 5], ([0.25, 0.5, 0.25, 0, 0], [0, 0, 0.5, 0, 0.5], False)),
        ([0.01, 0.1, 1.0, 10.0], [1.0, 1.0, 10.0, 100.0], (None, None, True)),
        ([-1.0, 0.5], [2.0, 3.0], (None, None, False)),
        ([7.5], [7.5, 7.5], ([1.0], [1.0], False)),
        ([-1e308, 1e308], [0.0, 1.0], (None, None, False)),
    ],
)
def test_two_columns_are_counted_over_the_same_bins(
    before: list[float], after: list[float], expected: tuple[list[float] | None, list[float] | None, bool]
) -> None:
    """Whole numbers of a small range have a bin each, numbers that span much a logarithmic axis; all values are counted once."""
    found = spreads(*map(_column, (before, after)))

    assert found is not None and found.is_log is expected[2]
    assert len(found.edges) == len(found.before) + 1 and list(found.edges) == sorted(found.edges)
    for shares, values, exact in zip((found.before, found.after), (before, after), expected[:2], strict=True):
        assert sum(shares) == pytest.approx(1) and min(shares) >= 0
        counted = np.histogram(values, [-np.inf, *found.edges[1:-1], np.inf])[0] / len(values)
        if exact is not None:
            # Elsewhere a value on an edge is counted below it, and by numpy above.
            assert list(shares) == pytest.approx(exact) and list(counted) == pytest.approx(exact)


def test_texts_of_two_columns_are_counted_one_by_one() -> None:
    """The most frequent of either come first, with their shares in both; of a text and a number nothing is counted together."""
    found = spreads(_column(["a", "a", "b"]), _column(["b", "c", "c", "c"]))

    assert found is not None and found.texts == ("c", "a", "b") and not found.edges
    assert found.before == pytest.approx((0, 2 / 3, 1 / 3)) and found.after == pytest.approx((0.75, 0, 0.25))
    assert spreads(_column(["a"]), _column([1])) is None
