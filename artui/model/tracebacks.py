"""What ended a run, as Python printed it: the line that names the exception, and the frames nearest to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

START = "Traceback"
"""Beginning of the line above the frames, of which the outermost comes first."""
FRAME = '  File "'
FEWEST_FOLDED = 3
"""Frames are folded from so many repetitions on."""
LONGEST_ROUND = 4
"""Functions that call each other in turn are noticed, up to so many of them."""
MOST_BEHIND = 3
"""So many lines of a message, behind its first one, are among the last lines."""
_REPEATED = re.compile(r"\s+\[Previous line repeated (\d{1,9}) more times?\]")
_IN_GROUP = re.compile(r"\s*\| (?=[^\s|+])")


class _Frame(NamedTuple):
    lines: tuple[str, ...]
    times: int


def error_line(error: str) -> str:
    """Give the line of an error that names the exception: of several tracebacks that of the last, else the last line."""
    lines = error.rstrip().split("\n")
    place = _place_of_error(lines)
    return _IN_GROUP.sub("", lines[place], count=1).strip()


def last_lines(error: str, *, most: int) -> list[str]:
    """Give the frames nearest to an error, without its own line: the file and the code of each, no marks below the code.

    Args:
        error: the traceback and the message.
        most: so many lines of frames; up to `MOST_BEHIND` further lines of the message stand behind them.
    """
    lines = error.rstrip().split("\n")
    place = _place_of_error(lines)
    frames = [
        line for line in folded(lines[:place]) if line.strip() and not is_marks(line) and not line.startswith(START)
    ]
    shown = frames[-most:] if most else []
    while len(shown) < len(frames) and len(shown) > 2 and shown[0].startswith("    "):
        shown = shown[1:]  # code without the file above it
    return [*shown, *(line for line in lines[place + 1 :] if line.strip())][: len(shown) + MOST_BEHIND]


def folded(lines: Sequence[str]) -> list[str]:
    """Count frames that repeat, instead of giving each, as functions that call themselves or each other leave them."""
    shown: list[str] = []
    place = 0
    while place < len(lines):
        if not lines[place].startswith(FRAME):
            shown.append(lines[place])
            place += 1
            continue
        end = next(
            (i for i in range(place, len(lines)) if not lines[i].startswith("  ")),
            len(lines),
        )
        shown += _folded_frames(list(_frames(lines[place:end])))
        place = end
    return shown


def is_marks(line: str) -> bool:
    """Say whether a line only marks a part of the line above it: `    ^^^^^^`."""
    return "^" in line and not line.strip(" ^~")


def _place_of_error(lines: Sequence[str]) -> int:
    last = len(lines) - 1
    start = next((place for place in range(last, -1, -1) if lines[place].startswith(START)), None)
    if start is not None:
        return next((i for i in range(start + 1, last + 1) if lines[i] and not lines[i][0].isspace()), last)
    if "Exception Group Traceback" in lines[0]:
        return next((i for i in range(1, last + 1) if _IN_GROUP.match(lines[i])), last)
    return last


def _frames(lines: Sequence[str]) -> Iterator[_Frame]:
    """Give frames with how often each follows itself, as far as Python counts that."""
    own: list[str] = []
    count = 1
    for line in lines:
        if own and line.startswith(FRAME):
            yield _Frame(tuple(own), count)
            own, count = [], 1
        if repeated := _REPEATED.fullmatch(line):
            count += int(repeated[1])
        else:
            own.append(line)
    yield _Frame(tuple(own), count)


def _folded_frames(frames: Sequence[_Frame]) -> list[str]:
    shown: list[str] = []
    place = 0
    while place < len(frames):
        size, rounds = _round_at(frames, place)
        round_of_frames = frames[place : place + size]
        shown += (line for frame in round_of_frames for line in frame.lines)
        place += size * rounds
        if size > 1:
            shown.append(f"  … {rounds - 1:,} more rounds of these {size}")
        elif more := sum(frame.times for frame in frames[place - rounds : place]) - 1:
            shown.append(f"  … {more:,} more like it")
    return shown


def _round_at(frames: Sequence[_Frame], place: int) -> tuple[int, int]:
    """Give how many frames from a place on repeat, and how often they stand there; one frame, once, where none do."""
    for size in range(1, LONGEST_ROUND + 1):
        one = [frame.lines for frame in frames[place : place + size]]
        rounds = 1
        while [frame.lines for frame in frames[place + rounds * size : place + (rounds + 1) * size]] == one:
            rounds += 1
        if rounds >= FEWEST_FOLDED and len(one) == size:
            return size, rounds
    return 1, 1
