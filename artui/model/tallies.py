"""What the live metrics of a window are made of: counts and sums, which are added where windows are put together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_CLASSES = 100
"""Of more, pairs with the others are counted together."""
OTHERS = "…"
"""Stands for the classes beyond those that are kept."""
_MAX_CHARS = 100
_MAX_NUMBERED = 20
"""Whole numbers of more different values are no classes."""
_TRUE = ("true", "1", "1.0", "yes", "positive")
_FALSE = ("false", "0", "0.0", "no", "negative")


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted of some requests."""

    requests: int = 0
    errors: int = 0
    statuses: int = 0
    """Requests that said how they ended."""
    truths: int = 0
    """Predictions whose truth is known."""
    pairs: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Of classes: how often one was predicted (first) where another was true (second)."""
    hits: int = 0
    """Classes that were predicted where they are true: of all classes, also of those that are not kept."""
    numbers: int = 0
    """Predictions and truths that are numbers, and not classes."""
    absolute: float = 0.0
    """Sum of the distances of these from the truth."""
    squared: float = 0.0

    def added(self, other: Tally) -> Tally:
        """Give what both counted."""
        pairs = dict(self.pairs)
        for pair, count in other.pairs.items():
            pairs[pair] = pairs.get(pair, 0) + count
        return Tally(
            self.requests + other.requests, self.errors + other.errors, self.statuses + other.statuses, self.truths + other.truths,
            few_enough(pairs), self.hits + other.hits, self.numbers + other.numbers, self.absolute + other.absolute, self.squared + other.squared,
        )  # fmt: skip

    @property
    def metrics(self) -> dict[str, float]:
        """Give the live metrics by name: of classes and of numbers, those that can be said."""
        said: dict[str, float] = {}
        total = sum(self.pairs.values())
        # Whole numbers are both: few different ones are taken for classes.
        are_classes = total >= max(1, self.numbers) and (not self.numbers or self._class_count <= _MAX_NUMBERED)
        if are_classes:
            said["accuracy"] = self.hits / total
            said |= self._of_classes()
        if self.numbers and not are_classes:
            said["mae"] = self.absolute / self.numbers
            said["rmse"] = math.sqrt(self.squared / self.numbers)
        return {name: value for name, value in said.items() if math.isfinite(value)}

    @property
    def _class_count(self) -> int:
        return len({name for pair in self.pairs for name in pair})

    def _of_classes(self) -> dict[str, float]:
        """Give precision, recall and F1: of two classes those of the positive one, else the mean of all true ones and each."""
        classes = sorted({name for pair in self.pairs for name in pair} - {OTHERS})
        positive = positive_of(classes)
        if positive is not None:
            return self._rates(positive, "")
        each: dict[str, float] = {}
        for name in classes:
            each |= self._rates(name, f".{name}")
        said: dict[str, float] = {}
        for word in ("precision", "recall", "f1"):
            of_true = [each[f"{word}.{name}"] for name in classes if f"{word}.{name}" in each]
            if of_true:
                said[word] = sum(of_true) / len(of_true)
        return said | each

    def _rates(self, name: str, ending: str) -> dict[str, float]:
        hits = self.pairs.get((name, name), 0)
        guessed = sum(count for (guess, _), count in self.pairs.items() if guess == name)
        true = sum(count for (_, what), count in self.pairs.items() if what == name)
        said: dict[str, float] = {}
        if guessed:
            said[f"precision{ending}"] = hits / guessed
        if true:
            said[f"recall{ending}"] = hits / true
        if guessed + true:
            said[f"f1{ending}"] = 2 * hits / (guessed + true)
        return said

    @property
    def words(self) -> dict[str, Any]:
        """Give it as JSON has it; what is nothing is left out."""
        counts = {"requests": self.requests, "errors": self.errors, "statuses": self.statuses, "truths": self.truths, "hits": self.hits, "numbers": self.numbers}  # fmt: skip
        sums = {"absolute": self.absolute, "squared": self.squared}
        said: dict[str, Any] = {word: count for word, count in counts.items() if count}
        said |= {word: value if math.isfinite(value) else None for word, value in sums.items() if value}
        if self.pairs:
            said["pairs"] = [[*pair, count] for pair, count in sorted(self.pairs.items())]
        return said


NO_TALLY = Tally()


def tally_of(words: object) -> Tally:
    """Read a tally as JSON has it; what is damaged of it counts nothing."""
    if not isinstance(words, Mapping):
        return NO_TALLY
    pairs: dict[tuple[str, str], int] = {}
    said = words.get("pairs")
    for row in said if isinstance(said, list) else ():
        if isinstance(row, list) and len(row) == 3 and isinstance(row[0], str) and isinstance(row[1], str):
            pairs[row[0], row[1]] = pairs.get((row[0], row[1]), 0) + _count(row[2])
    counts = {
        word: _count(words.get(word, 0)) for word in ("requests", "errors", "statuses", "truths", "hits", "numbers")
    }
    return Tally(pairs=few_enough(pairs), absolute=_sum(words, "absolute"), squared=_sum(words, "squared"), **counts)


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62 else 0


def _sum(words: Mapping[str, Any], word: str) -> float:
    value = words.get(word, 0.0)
    if value is None:  # it left the range of floats
        return math.inf
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else 0.0


def positive_of(classes: list[str]) -> str | None:
    """Give which of at most two classes is the positive one; None of classes that do not say so."""
    lowered = {name.lower(): name for name in classes}
    if not 1 <= len(classes) <= 2 or not lowered.keys() <= {*_TRUE, *_FALSE}:
        return None
    return next((name for word, name in lowered.items() if word in _TRUE), None)


def class_of(value: object) -> str | None:
    """Write a class as it is counted; None of what is no class (a float with a fraction, NaN, a list)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1 << 53 else None
    if isinstance(value, str):
        lowered = value.lower() if value in ("True", "TRUE", "False", "FALSE") else value
        return lowered[:_MAX_CHARS]
    return None


def few_enough(pairs: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """Keep the pairs of the most frequent classes, those of the others together."""
    counts: dict[str, int] = {}
    for pair, count in pairs.items():
        for name in pair:
            counts[name] = counts.get(name, 0) + count
    if len(counts) <= MAX_CLASSES:
        return dict(pairs)
    kept = set(sorted(counts, key=lambda name: (name == OTHERS, -counts[name], name))[: MAX_CLASSES - 1])
    few: dict[tuple[str, str], int] = {}
    for (guess, true), count in pairs.items():
        pair = (guess if guess in kept else OTHERS, true if true in kept else OTHERS)
        few[pair] = few.get(pair, 0) + count
    return few
