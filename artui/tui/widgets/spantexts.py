"""Ends of ranges of times and durations in words: no more digits than tell them apart."""

from __future__ import annotations

from collections.abc import Sequence

from artui.units import duration_texts, time_text


def edge_texts(edges: Sequence[float], *, is_duration: bool) -> list[str]:
    """Give edges in milliseconds as durations, or as times: dates alone where all are midnights, no seconds where none is needed."""
    if is_duration:
        return [text or "" for text in duration_texts([round(edge) for edge in edges])]
    texts = [time_text(round(edge)) for edge in edges]
    for end in (" 00:00:00", ":00"):
        if all(text.endswith(end) for text in texts):
            return [text.removesuffix(end) for text in texts]
    return texts


def range_text(low: float, high: float, *, is_duration: bool) -> str:
    """Give a range; a date that both ends share is said once."""
    first, last = edge_texts([low, high], is_duration=is_duration)
    day, clock, _ = first.partition(" ")
    return f"{first} … {last.removeprefix(f'{day} ') if clock else last}"
