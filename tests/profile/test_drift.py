"""Distances between columns, held against SciPy and against all values at once."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artui.profile import drift
from artui.profile.building import Builder
from artui.profile.column import Column


@pytest.fixture(scope="module")
def scipy() -> Any:
    """SciPy, which takes a second to import: not for every process that only collects."""
    return pytest.importorskip("scipy")


RANDOM = np.random.default_rng(7)
PAIRS = {
    "the same": (RANDOM.normal(size=4000), RANDOM.normal(size=3000)),
    "moved": (RANDOM.normal(size=4000), RANDOM.normal(0.4, 1.2, 5000)),
    "far": (RANDOM.normal(size=4000), RANDOM.normal(8, 1, 2000)),
    "decades": (10 ** RANDOM.uniform(-3, 3, 4000), 10 ** RANDOM.uniform(-2, 4, 4000)),
    "few values": (RANDOM.integers(0, 20, 4000).astype(float), RANDOM.integers(3, 25, 3000).astype(float)),
    "two values": (RANDOM.integers(0, 2, 500).astype(float), (RANDOM.random(400) < 0.8).astype(float)),
    "one value": (np.full(50, 3.0), np.full(70, 4.0)),
    "times": (RANDOM.uniform(1.7e12, 1.72e12, 3000), RANDOM.uniform(1.71e12, 1.73e12, 3000)),
}


def _column(values: Any) -> Column:
    builder = Builder(["x"])
    builder.add([values], len(values))
    return builder.done().columns[0]


@pytest.mark.parametrize("case", PAIRS)
def test_distances_are_those_of_all_values(case: str, scipy: Any) -> None:
    """KS and Wasserstein are SciPy's: exact for few different values, within a bin for many. So is Jensen-Shannon of the same bins, and PSI by its definition."""
    before, after = PAIRS[case]
    first, second = _column(before), _column(after)
    is_exact = first.numbers.grid.is_exact and second.numbers.grid.is_exact

    found = drift.drift(first, second)

    assert found.ks == pytest.approx(scipy.stats.ks_2samp(before, after).statistic, abs=1e-12 if is_exact else 0.006)
    area = scipy.stats.wasserstein_distance(before, after)
    assert found.wasserstein == pytest.approx(
        area, rel=1e-9 if is_exact else 0.03, abs=0 if is_exact else 0.002 * np.std(before)
    )
    edges = np.concatenate(([-np.inf], drift.decile_edges(first.numbers), [np.inf]))
    # Bins hold their upper edge: those of numpy hold the lower one.
    expected, actual = (np.histogram(-values, -edges[::-1])[0][::-1] / len(values) for values in (before, after))
    assert found.jensen_shannon == pytest.approx(
        scipy.spatial.distance.jensenshannon(expected, actual, base=2), abs=1e-9 if is_exact else 0.01
    )
    floored = [
        np.maximum(shares, max(drift.FLOOR, 0.5 / len(values)))
        for shares, values in ((expected, before), (actual, after))
    ]
    psi = ((floored[1] - floored[0]) * np.log(floored[1] / floored[0])).sum()
    assert found.psi == pytest.approx(psi, rel=1e-9 if is_exact else 0.06, abs=1e-9 if is_exact else 0.003)
    assert found.word == {"the same": "none", "moved": "moderate"}.get(case, "high")
    outside = ((after < before.min()) | (after > before.max())).mean()
    assert found.outside == pytest.approx(outside, abs=1e-12 if is_exact else 0.005)


def test_chance_is_told_from_drift(scipy: Any) -> None:
    """Of samples of one population, about one of twenty has an index above what chance gives; the quantile is SciPy's."""
    random = np.random.default_rng(2)
    above = 0
    for _ in range(200):
        found = drift.drift(_column(random.normal(size=300)), _column(random.normal(size=200)))
        assert found.psi is not None and found.psi_by_chance is not None
        above += found.psi > found.psi_by_chance

    assert 2 <= above <= 24
    for bins in (2, 5, 10, 50):
        quantile = scipy.stats.chi2.ppf(0.95, bins - 1)
        assert drift.chance_of(bins, 100, 400) == pytest.approx(quantile * (1 / 100 + 1 / 400), rel=0.03)


@pytest.mark.parametrize(("before", "after", "columns"), [(64, 64, 4), (30, 30, 1), (300, 60, 2)])
def test_few_rows_of_one_population_have_no_drift(before: int, after: int, columns: int) -> None:
    """In 19 of 20 pairs of small tables no column drifts, though bins stand empty by chance; what did move is high still."""
    random = np.random.default_rng(before + after)
    kinds: list[Callable[[int], Any]] = [
        lambda count: random.normal(size=count),
        lambda count: random.integers(0, 8, count).astype(float),
        lambda count: [str(number) for number in np.minimum(random.geometric(0.3, count), 9)],
    ]
    drifting = 0
    for table in range(21):
        make = kinds[table % 3]
        found = [drift.drift(_column(make(before)), _column(make(after)), of=columns) for _ in range(columns)]
        drifting += any(each.word != "none" for each in found)

    assert drifting <= 4, "of 21 pairs one by chance; more than four are one in three hundred"
    moved = drift.drift(_column(random.normal(size=before)), _column(random.normal(3, 1, after)), of=columns)
    assert moved.word == "high"


def test_texts_are_compared_by_how_often_they_occur(scipy: Any) -> None:
    """Over their values: exact, with those that came and went named; names that occur once say nothing."""
    before, after = ["a"] * 60 + ["b"] * 30 + ["c"] * 10, ["a"] * 40 + ["b"] * 50 + ["d"] * 10

    found = drift.drift(_column(before), _column(after))

    shares = np.array([[0.6, 0.3, 0.1, 0.0], [0.4, 0.5, 0.0, 0.1]])
    expected, actual = np.maximum(shares, 0.5 / 100)
    assert found.psi == pytest.approx(((actual - expected) * np.log(actual / expected)).sum())
    assert found.jensen_shannon == pytest.approx(scipy.spatial.distance.jensenshannon(*shares, base=2))
    assert (found.new_values, found.gone_values, found.ks, found.word) == (("d",), ("c",), None, "high")
    names = drift.drift(
        _column([f"user {n}" for n in range(3000)]), _column([f"user {n}" for n in range(9000, 12_000)])
    )
    assert (names.psi, names.word) == (None, "unknown")


def test_types_and_nulls_are_drift() -> None:
    """A column that became text, or lost its values, is named; an integer column with fractions is still one of numbers."""
    numbers: list[Any] = [1, 2, 3, 4] * 30
    words = {
        "type": (numbers, ["x"] * 100),
        "none": (numbers, numbers),
        "moderate": (numbers, [*numbers, *[None] * 20]),
        "unknown": ([f"a {n}" for n in range(3000)], [f"b {n}" for n in range(3000)]),
    }
    assert {word: drift.drift(_column(first), _column(second)).word for word, (first, second) in words.items()} == {
        word: word for word in words
    }
    assert drift.drift(_column(numbers), _column([1.0, 2.5, 3.0, 4.0] * 30)).word in ("high", "moderate")
    shifted = drift.drift(_column(numbers), _column([*numbers, *[None] * 30]))
    assert shifted.null_shift == pytest.approx(0.2) and shifted.is_of_nulls
    both = drift.drift(_column(numbers), _column([*([4] * 120), *[None] * 30]))
    assert both.word == "high" and not both.is_of_nulls, "the values drifted, whatever became of the empty cells"


FROUROS = Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache" / "artui-tests" / "frouros"
ORACLE = """\
import json, sys
import numpy as np
from frouros.detectors.data_drift import EMD, PSI, KSTest

def distance(detector, before, after):
    detector.fit(X=np.array(before, dtype=float))
    result = detector.compare(X=np.array(after, dtype=float))[0]
    return float(getattr(result, "distance", getattr(result, "statistic", None)))

found = {}
for name, (before, after, binned_before, binned_after, bins) in json.load(sys.stdin).items():
    found[name] = [
        distance(PSI(num_bins=bins), binned_before, binned_after), distance(KSTest(), before, after), distance(EMD(), before, after),
    ]
print(json.dumps(found))
"""


def test_distances_are_those_of_a_drift_library() -> None:
    """frouros says the same of PSI, KS and Wasserstein; its Jensen-Shannon is of curves that it fits.

    It needs older numpy and SciPy, and so it lies in an environment of its own: `ARTUI_TEST_DRIFT=1` makes it. Its bins are of one width. It is given the numbers of our bins, so that both count the same cells.
    """
    program = FROUROS / "bin" / "python"
    if not program.exists():
        if not os.environ.get("ARTUI_TEST_DRIFT"):
            pytest.skip("frouros is not installed in ~/.cache/artui-tests; ARTUI_TEST_DRIFT=1 does it")
        venv.create(FROUROS, with_pip=True, clear=True)
        if subprocess.run([program, "-m", "pip", "install", "-q", "frouros"], check=False).returncode:
            pytest.skip("frouros cannot be installed here")
    # None has an empty bin: for these it has another floor.
    random = np.random.default_rng(3)
    pairs = {case: PAIRS[case] for case in ("the same", "moved")} | {
        "few values": (random.integers(0, 20, 3000).astype(float), np.floor(20 * np.sqrt(random.random(4000)))),
        "decades": (10 ** random.uniform(-3, 3, 4000), 10 ** (0.9 * random.uniform(-3, 3, 3000))),
    }
    asked = {}
    for case, (before, after) in pairs.items():
        edges = drift.decile_edges(_column(before).numbers)
        numbers = [np.searchsorted(edges, values).tolist() for values in (before, after)]
        asked[case] = [before.tolist(), after.tolist(), *numbers, len(edges) + 1]
    done = subprocess.run([program, "-c", ORACLE], input=json.dumps(asked), capture_output=True, text=True, check=True)
    for case, (psi, ks, area) in json.loads(done.stdout).items():
        before, after = pairs[case]
        found = drift.drift(_column(before), _column(after))
        is_exact = _column(before).numbers.grid.is_exact
        assert found.psi == pytest.approx(psi, rel=1e-6 if is_exact else 0.06, abs=0.003), case
        assert found.ks == pytest.approx(ks, abs=1e-9 if is_exact else 0.006), case
        assert found.wasserstein == pytest.approx(
            area, rel=1e-6 if is_exact else 0.03, abs=0.002 * float(np.std(before))
        ), case


def test_a_rare_value_of_one_side_alone_is_called_so_and_no_high_drift() -> None:
    """The index of a share of nothing comes from what stands for it; a common new value, or others that moved, are high drift still."""
    usual = ["a"] * 500 + ["b"] * 450 + [None] * 50
    rare, common, moved = [*usual, *["new"] * 40], [*usual, *["new"] * 400], ["a"] * 100 + ["b"] * 860 + ["new"] * 40

    found = {word: drift.drift(_column(first), _column(second)) for word, first, second in (("new value", usual, rare), ("gone value", rare, usual), ("high", usual, common), ("high too", usual, moved))}  # fmt: skip

    assert {word: each.word for word, each in found.items()} == {"new value": "new value", "gone value": "gone value", "high": "high", "high too": "high"}  # fmt: skip
    assert found["new value"].psi is not None and found["new value"].psi > drift.MODERATE_PSI
    value, before, after = found["new value"].moved_value or ("", 0.0, 0.0)
    assert (value, before) == ("new", 0.0) and after == pytest.approx(40 / 1040), "of all rows, the empty ones included"
