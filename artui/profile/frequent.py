"""The most frequent texts, with bounded memory.

At most `limit` texts are counted. When there are more, all counts are lowered by what the least frequent have, which
then go (Misra and Gries 1982; merged as Agarwal and others 2012). So each count is at most `error` too low, and a text
that occurs more often than that is never missed. Up to `limit` different texts, counts are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LIMIT = 1024
MAX_CHARS = 100
"""Longer texts are not kept."""


@dataclass(frozen=True, slots=True)
class Frequent:
    """Texts and how often each occurs at least."""

    counts: Mapping[str, int]
    error: int = 0
    """So much may each count be too low; 0: they are exact, and all texts are here but the long ones."""
    long_count: int = 0
    """Texts that are longer than `MAX_CHARS`."""
    limit: int = LIMIT

    @property
    def is_exact(self) -> bool:
        """Say whether all texts are counted, exactly."""
        return not self.error and not self.long_count

    def most(self, count: int) -> list[tuple[str, int]]:
        """Give the most frequent, the first by their letters where as many."""
        return sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))[:count]

    def merged(self, other: Frequent) -> Frequent:
        """Count what either counted; the smaller limit holds."""
        counts = dict(self.counts)
        for text, count in other.counts.items():
            counts[text] = counts.get(text, 0) + count
        limit = min(self.limit, other.limit)
        counts, lowered = _few_enough(counts, limit)
        return Frequent(counts, self.error + other.error + lowered, self.long_count + other.long_count, limit)


def of_counts(counts: Mapping[str, int], limit: int = LIMIT) -> Frequent:
    """Take texts with how often each occurs."""
    kept = {text: count for text, count in counts.items() if len(text) <= MAX_CHARS}
    long_count = sum(counts.values()) - sum(kept.values()) if len(kept) < len(counts) else 0
    kept, lowered = _few_enough(kept, limit)
    return Frequent(kept, lowered, long_count, limit)


def _few_enough(counts: dict[str, int], limit: int) -> tuple[dict[str, int], int]:
    if len(counts) <= limit:
        return counts, 0
    least = sorted(counts.values(), reverse=True)[limit]
    return {text: count - least for text, count in counts.items() if count > least}, least
