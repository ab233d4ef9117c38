"""The best of many runs by a metric, and an even sample of the others: what a picture of all of them draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from artui.model import Column
from artui.query.direction import guess_direction
from artui.query.keys import name_key
from artui.query.runs.statistics import aligned, numbers

if TYPE_CHECKING:
    from artui.query.reader import Reader


class Ranked(NamedTuple):
    """Runs in the order of a number of a metric's summary."""

    keys: Sequence[int]
    """The best first; behind those with a finite value the others, in the order in which they were given."""
    valued_count: int
    """How many have a finite value."""
    tied_count: int
    """How many share the best value."""


def ranked(reader: Reader, keys: Sequence[int], metric: str, aggregate: str = "last") -> Ranked:
    """Rank runs by the last value of a metric, or another number of its summary, by its name; equal ones keep their order.

    Of a run of several processes the first series by label decides, as in its cell.
    """
    import numpy as np

    with reader.snapshot() as connection:
        key = name_key(connection, metric)
        if key is None:
            return Ranked(list(keys), 0, 0)
        values = aligned(keys, *numbers(connection, Column("metric", metric, name_key=key, aggregate=aggregate)))
    order = np.argsort(values if guess_direction(metric) == "lower" else -values, kind="stable")
    tied_count = int((values == values[order[0]]).sum()) if len(keys) else 0
    return Ranked(np.asarray(keys, np.int64)[order].tolist(), int(np.isfinite(values).sum()), tied_count)


def best_and_sample(keys: Sequence[int], *, best: int, most: int) -> list[int]:
    """Give the first `best` runs and, evenly spread over all that come after them, others: `most` at most in all."""
    import numpy as np

    if len(keys) <= most:
        return list(keys)
    places = np.rint(np.linspace(best, len(keys) - 1, most - best)).astype(np.int64)
    return [*keys[:best], *(keys[place] for place in places.tolist())]
