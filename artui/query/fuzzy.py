"""How well names fit typed words: whole, from the beginning, from that of a word, inside, or letter by letter.

`vlos` fits `val/loss`, and `lern rate` fits `learning_rate`: the letters stand in this order, from the beginning of a
word on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T")

EXACT, BEGINS, WORDS, HOLDS, LETTERS = range(5)
"""The name is the text, begins with it, has its words at the beginning of words, has them inside, or has their letters."""
MAX_CHARS = 200
"""What is longer is compared by its beginning."""
FEWEST_LETTERS = 2
"""A word of fewer letters fits letter by letter nearly everything; so does one that jumps more often than it has letters."""


class Rank(NamedTuple):
    """How well a name fits: less is better."""

    tier: int
    """EXACT to LETTERS: that of the word that fits worst."""
    jumps: int
    """For LETTERS: how often the letters jump, twice as much into a word as to its beginning."""
    length: int
    name: str


def rank(name: str, words: Sequence[str]) -> Rank | None:
    """Say how well a name fits words that were typed, in any order and case; None if one of them does not fit."""
    shown = name[:MAX_CHARS]
    small, wanted = shown.lower(), [word.lower()[:MAX_CHARS] for word in words]
    text = " ".join(wanted)
    if small == text:
        return Rank(EXACT, 0, len(name), name)
    if small.startswith(text):
        return Rank(BEGINS, 0, len(name), name)
    if not all(_has_letters(word, small) for word in wanted):
        return None
    starts = _starts(shown) if len(small) == len(shown) else _starts(small)
    tier = WORDS
    jumps = 0
    for word in wanted:
        if any(small.startswith(word, start) for start in starts):
            continue
        if word in small:
            tier = max(tier, HOLDS)
            continue
        count = _jumps(word, small, starts) if len(word) >= FEWEST_LETTERS else None
        if count is None or count > len(word):
            return None
        tier = LETTERS
        jumps += count
    return Rank(tier, jumps, len(name), name)


def fitting(items: Iterable[T], words: Sequence[str], name_of: Callable[[T], str]) -> list[T]:
    """Give the items whose names fit, the best first; letter by letter only if none fits otherwise."""
    ranked = [(place, item) for item in items if (place := rank(name_of(item), words)) is not None]
    least = LETTERS if all(place.tier == LETTERS for place, _ in ranked) else HOLDS
    ranked = [(place, item) for place, item in ranked if place.tier <= least]
    return [item for _, item in sorted(ranked, key=lambda pair: pair[0])]


def _has_letters(word: str, text: str) -> bool:
    """Say at once whether a text has the letters of a word in their order."""
    place = -1
    for letter in word:
        place = text.find(letter, place + 1)
        if place < 0:
            return False
    return True


def _starts(text: str) -> list[int]:
    """Give where words begin: behind a sign, at a number, at a capital letter."""
    return [
        place
        for place, letter in enumerate(text)
        if letter.isalnum() and (not place or _is_start(text[place - 1], letter))
    ]


def _is_start(before: str, letter: str) -> bool:
    return not before.isalnum() or letter.isdigit() != before.isdigit() or (letter.isupper() and before.islower())


def _jumps(word: str, text: str, starts: Sequence[int]) -> int | None:
    """Say how often the letters of a word jump in a text that has them in order, from the beginning of a word; None if it has not."""
    beginnings = set(starts)
    jumps_to = {place: 0 for place in starts if text[place] == word[0]}
    for letter in word[1:]:
        after: dict[int, int] = {}
        behind = iter(sorted(jumps_to))
        next_place, fewest = next(behind, None), None
        for place, candidate in enumerate(text):
            while next_place is not None and next_place < place:
                fewest = jumps_to[next_place] if fewest is None else min(fewest, jumps_to[next_place])
                next_place = next(behind, None)
            if candidate == letter and fewest is not None:
                jump = fewest + (1 if place in beginnings else 2)
                after[place] = min(jump, jumps_to.get(place - 1, jump))
        jumps_to = after
        if not jumps_to:
            return None
    return min(jumps_to.values(), default=None)
