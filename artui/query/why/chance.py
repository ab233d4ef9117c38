"""How often chance alone would let something stand out as much, over all that was looked at.

Things that part the runs in the same way are one test, however many names they have. S. Holm, Scandinavian Journal of
Statistics 6 (1979) 65-70: whatever stands out more is no longer among what chance has to choose from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from artui.query.why.evidence import chance_of
from artui.query.why.factors import Factor


def with_chances(factors: Iterable[Factor]) -> list[Factor]:
    """Give some factors, all that were looked at together, with the chance of each."""
    found = list(factors)
    tests = _tests(found)
    left, chances, least = sum(count for _, count in tests.values()), {}, 0.0
    for key, (own, count) in sorted(tests.items(), key=lambda item: item[1][0]):
        least = chances[key] = min(1.0, max(least, own * left))
        left -= count
    keys = [_key(place, factor) for place, factor in enumerate(found)]
    return [
        factor if factor.z is None else replace(factor, chance=chances[key])
        for key, factor in zip(keys, found, strict=True)
    ]


def things_compared(factors: Sequence[Factor]) -> int:
    """Count the factors with evidence; of those that part the runs in the same way one."""
    return len(_tests(factors))


def _tests(factors: Sequence[Factor]) -> dict[object, tuple[float, int]]:
    """Give the chance of each test by itself, and how many there are of its thing."""
    tests: dict[object, tuple[float, int]] = {}
    for place, factor in enumerate(factors):
        if factor.z is None:
            continue
        key, own = _key(place, factor), _chance(factor)
        known = tests.get(key, (own, factor.tests))
        tests[key] = min(own, known[0]), max(factor.tests, known[1])
    return tests


def _key(place: int, factor: Factor) -> object:
    return ("alone", place) if factor.parting is None else factor.parting


def _chance(factor: Factor) -> float:
    """Give the chance of a factor if it were the only one."""
    tied = factor.tied_share or 0.0
    is_parted = factor.share is not None and tied == 0 and factor.share in (0.0, 1.0)
    return chance_of(factor.z or 0.0, factor.left_count, factor.right_count, is_parted=is_parted)
