"""The best of many runs by a metric: held against plain Python."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, points, runs
from artui.query.reader import Reader
from artui.query.runs.ranked import best_and_sample, ranked


@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(0, 3).map(float)), max_size=20), st.sampled_from(["val/loss", "val/acc"]), st.sampled_from(["last", "min", "max"]))  # fmt: skip
def test_runs_are_ranked_by_a_number_of_a_metric(lasts: list[float | None], metric: str, aggregate: str) -> None:
    """By the last value or the best one: finite values in their order, then the others; equal ones keep the order in which they were given."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.artui"
        keys = []
        with Catalog(path) as catalog, catalog.transaction() as connection:
            for number, last in enumerate(lasts):
                keys.append(runs.start(connection, runs.NewRun(project="p", name=str(number))))
                if last is not None:
                    points.append(connection, keys[-1], runs.name_key(connection, metric), "", *points.pack([(0, 0, 0.5), (1, 1, last)]))  # fmt: skip
        given_keys = list(reversed(keys))
        with Reader(path) as reader:
            answer = ranked(reader, given_keys, metric, aggregate)

    def judged(last: float | None) -> float | None:
        if last is None or aggregate == "last":
            return last
        if not math.isfinite(last):
            return 0.5
        return min(0.5, last) if aggregate == "min" else max(0.5, last)

    last_by_key = {key: judged(last) for key, last in zip(keys, lasts, strict=True)}
    sign = 1 if metric == "val/loss" else -1
    finite = [(key, last) for key in given_keys if (last := last_by_key[key]) is not None and math.isfinite(last)]
    others = [key for key in given_keys if key not in dict(finite)]

    assert list(answer.keys) == [key for key, _ in sorted(finite, key=lambda pair: sign * pair[1])] + others
    assert answer.valued_count == len(finite)


@given(st.integers(0, 3000), st.integers(0, 6))
def test_a_sample_is_even_and_holds_the_best(count: int, best: int) -> None:
    """The best are all there, nothing twice, and between two others the same number is left out, give or take one."""
    keys = list(range(100, 100 + count))
    drawn = best_and_sample(keys, best=best, most=50)

    assert len(drawn) == min(count, 50) and len(set(drawn)) == len(drawn) and drawn[:best] == keys[:best]
    gaps = {after - before for before, after in zip(drawn[best:], drawn[best + 1 :], strict=False)}
    assert not gaps or max(gaps) - min(gaps) <= 1
    assert not drawn or drawn[-1] == keys[-1]
