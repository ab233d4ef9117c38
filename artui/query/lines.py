"""The lines of a log of any size, in both directions, and search in it.

No log is read from its beginning. A line longer than `LINE_BYTES` is broken at places that depend only on the bytes
near them: so lines are the same in both directions, and a log of one gigabyte-long line is read like any other. A line
is shown as a terminal would leave it: a progress bar that returns to the start of its line is one line, in its last
state.
"""

from __future__ import annotations

import bisect
import itertools
import re
import threading
from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from artui.content.console import OPEN_LINES
from artui.safetext import clean

LINE_BYTES = 8192
COUNTED_BYTES = 32 << 20
"""Lines of a text up to this size are counted."""
"""Lines up to this length are whole; what is longer is broken into pieces of at most twice as much."""
FIND_BYTES = 1 << 20
PAGE_BYTES = 1 << 18
"""A page reaches at most this far in either direction."""
_NEWLINE = re.compile(b"\n")
# The only escape sequences that loggers write to files.
_COLOUR = re.compile("\x1b\\[([0-9;:]*)([mK])")
MAX_INKS = 100
"""Changes of colour in a line beyond this are dropped."""
HUES = ("red", "green", "yellow", "blue", "magenta", "cyan", "grey")
_MAX_CHARS = 8 * LINE_BYTES


class LogSource(ABC):
    """The bytes of a log, readable from any thread. After `close`, and where the log was cut, there are none."""

    is_live = False

    @abstractmethod
    def size(self) -> int:
        """Give the number of bytes; of a live log, as of now."""

    @abstractmethod
    def read(self, offset: int, count: int) -> bytes:
        """Give `count` bytes from `offset` on, or as many as there are."""

    def look(self) -> bool:
        """Say whether a live log has changed since the last look."""
        return False

    def catch_up(self) -> bool:
        """Take a while to get more to read, where that is not there at once; true if there may be still more."""
        return False

    def close(self) -> None:  # noqa: B027 - optional: not every source holds something
        """Release what the source holds open."""


class TextSource(LogSource):
    """A text in memory."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def size(self) -> int:
        return len(self._content)

    def read(self, offset: int, count: int) -> bytes:
        return self._content[offset : offset + count]


def next_line(source: LogSource, offset: int) -> int:
    """Give where the line after that at `offset` begins: at the end, the size."""
    start = offset // LINE_BYTES * LINE_BYTES
    while True:
        content = source.read(start, LINE_BYTES + 1)
        place = content.find(b"\n", max(0, offset - start), LINE_BYTES)
        if place >= 0:
            return start + place + 1
        for end in _broken(content, start):
            if end > offset:
                return end
        if len(content) <= LINE_BYTES:
            return start + len(content)
        start += LINE_BYTES


def previous_line(source: LogSource, offset: int) -> int:
    """Give where the line before that at `offset` begins: at the start, 0."""
    for start in range(max(0, offset - 2) // LINE_BYTES * LINE_BYTES, -1, -LINE_BYTES):
        content = source.read(start, LINE_BYTES + 1)
        place = content.rfind(b"\n", 0, max(0, min(LINE_BYTES, offset - 1 - start)))
        if place >= 0:
            return start + place + 1
        for end in _broken(content, start):
            if end < offset:
                return end
    return 0


def line_starts(source: LogSource, is_wanted: Callable[[], bool] = lambda: True) -> array[int] | None:
    """List where all lines begin; None of a text over `COUNTED_BYTES`, or if that is not wanted any more."""
    size = source.size()
    if size > COUNTED_BYTES:
        return None
    starts = array("q", [0] if size else [])
    for start in range(0, size, LINE_BYTES):
        if not is_wanted():
            return None
        starts.extend(_ends(source.read(start, LINE_BYTES + 1), start))
    # The end of the last line begins none.
    if len(starts) > 1 and starts[-1] >= size:
        starts.pop()
    return starts


def line_start(source: LogSource, offset: int) -> int:
    """Give where the line begins that holds `offset`."""
    return previous_line(source, offset + 1)


def _ends(content: bytes, start: int) -> list[int]:
    """List where lines end in a cell: LINE_BYTES from `start` on, given with the byte after them if there is one.

    Cells divide a log, and an end belongs to the cell of the byte before it.
    """
    return [start + match.end() for match in _NEWLINE.finditer(content, 0, LINE_BYTES)] or _broken(content, start)


def _broken(content: bytes, start: int) -> list[int]:
    """Give where a cell without a newline is broken; nothing where the log ends or a newline follows."""
    if len(content) <= LINE_BYTES or content[LINE_BYTES] == 0x0A or b"\n" in content:
        return []
    return [start + _break(content)]


def _break(content: bytes) -> int:
    """Choose where to break: after the last state of a progress bar, else between two letters."""
    if place := content.rfind(b"\r", 0, LINE_BYTES) + 1:
        return place
    for back in range(4):
        byte = content[LINE_BYTES - back]
        if byte & 0xC0 != 0x80:
            letter_bytes = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
            return LINE_BYTES - back if letter_bytes > back else LINE_BYTES
    return LINE_BYTES


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a log."""

    start: int
    """Its place in the log, in bytes."""
    content: bytes
    """With its newline, if it has one."""

    @property
    def text(self) -> str:
        """The line as it is shown."""
        return shown_text(self.content)


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines that follow each other."""

    lines: tuple[LogLine, ...]
    size: int
    """Of the whole log, when this was read."""

    @property
    def is_first(self) -> bool:
        """Whether it begins with the first line of the log."""
        return not self.lines or self.lines[0].start == 0

    @property
    def end(self) -> int:
        """Where the line after the page begins, in bytes."""
        return self.lines[-1].start + len(self.lines[-1].content) if self.lines else 0

    @property
    def is_last(self) -> bool:
        """Whether it ends with the last line of the log."""
        return self.end >= self.size


def read_page(source: LogSource, offset: int, *, before: int, after: int) -> Page:
    """Read the line at `offset`, or the last one, with up to `before` lines before it and `after` lines after it."""
    size = source.size()
    offset = max(0, min(offset, size - 1))
    # A log may grow or shrink meanwhile: what was read counts.
    first = max(0, offset - PAGE_BYTES) // LINE_BYTES
    last = (offset + PAGE_BYTES) // LINE_BYTES + 1
    begin = first * LINE_BYTES
    content = source.read(begin, (last - first) * LINE_BYTES + 1)
    starts = [0] if first == 0 else []
    for place in range(0, len(content), LINE_BYTES):
        starts += _ends(content[place : place + LINE_BYTES + 1], begin + place)
    if len(content) <= (last - first) * LINE_BYTES:
        size = begin + len(content)
        if starts[-1:] != [size]:
            starts.append(size)
    position = max(0, bisect.bisect_right(starts, offset) - 1)
    position = min(position, max(0, len(starts) - 2))
    chosen = starts[max(0, position - before) : position + after + 2]
    pairs = itertools.pairwise(chosen)
    return Page(tuple(LogLine(start, content[start - begin : end - begin]) for start, end in pairs), size)


def shown_part(content: bytes) -> tuple[int, int]:
    """Give start and end of the part of a line that is shown: what follows its last carriage return, but for those at its end."""
    end = len(content.rstrip(b"\r\n"))
    return content.rfind(b"\r", 0, end) + 1, end


def shown_text(content: bytes) -> str:
    """Make visible text of a line, without the colours that its writer gave it; other controls become pictures."""
    start, end = shown_part(content)
    text = content[start:end].decode("utf-8", "replace")
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    return _visible(text)


def _visible(text: str) -> str:
    return clean(text.expandtabs(4) if "\t" in text else text, max_chars=_MAX_CHARS)


class Ink(NamedTuple):
    """What the writer of a log made letters look like."""

    hue: str = ""
    """One of `HUES`; empty for the usual colour."""
    is_bold: bool = False


class Inked(NamedTuple):
    """Letters of a line as it is shown, and their ink."""

    start: int
    stop: int
    ink: Ink


def inks_of(content: bytes) -> list[Inked]:
    """Give the parts of a line, as it is shown, to which its writer gave a colour or weight; in order, none twice.

    Colours beyond the usual ones are taken for the nearest hue, backgrounds are dropped. A line begins without ink.
    """
    if b"\x1b[" not in content:
        return []
    start, end = shown_part(content)
    # What was overwritten may have left its ink.
    ink = Ink()
    for match in _COLOUR.finditer(content[:start].decode("utf-8", "replace")):
        ink = _dipped(ink, match)
    text, plain, place = content[start:end].decode("utf-8", "replace"), "", 0
    parts: list[tuple[int, Ink]] = [(0, ink)]
    for match in _COLOUR.finditer(text):
        if len(parts) >= MAX_INKS:
            break
        plain, place = plain + text[place : match.start()], match.end()
        ink = _dipped(ink, match)
        if ink != parts[-1][1]:
            # Without the bar, what goes before would end as a line does.
            parts.append((len(_visible(plain + "|")) - 1, ink))
    last = len(shown_text(content))
    stops = [*(start for start, _ in parts[1:]), last]
    return [
        Inked(start, min(stop, last), ink)
        for (start, ink), stop in zip(parts, stops, strict=True)
        if ink != Ink() and start < min(stop, last)
    ]


def _dipped(ink: Ink, match: re.Match[str]) -> Ink:
    """Give the ink after a sequence of colours."""
    if match[2] != "m":
        return ink
    codes = [int(code[:4] or 0) for code in match[1].replace(":", ";").split(";")][:MAX_INKS]
    hue, is_bold = ink
    while codes:
        code = codes.pop(0)
        if code == 0:
            hue, is_bold = "", False
        elif code in (1, 22):
            is_bold = code == 1
        elif code == 2:
            hue = "grey"
        elif 30 <= code <= 37 or 90 <= code <= 97:
            hue = _basic_hue(code % 10)
        elif code == 39:
            hue = ""
        elif code in (38, 48):
            hue, codes = _rich_hue(codes, hue) if code == 38 else (hue, _rich_hue(codes, hue)[1])
    return Ink(hue, is_bold)


def _basic_hue(number: int) -> str:
    if number in (0, 7):
        # Black would be unreadable on a dark terminal: as the brighter black, it is grey.
        return "grey" if number == 0 else ""
    return HUES[number - 1]


def _rich_hue(codes: list[int], hue: str) -> tuple[str, list[int]]:
    """Take a colour of 256, or one of red, green and blue, from the front of codes; give the nearest hue, and the other codes."""
    if codes[:1] == [5] and len(codes) > 1:
        number = codes[1]
        if number < 16:
            return _basic_hue(number % 8), codes[2:]
        if number < 232:
            levels = [(number - 16) // 36, (number - 16) // 6 % 6, (number - 16) % 6]
            return _nearest_hue([255 * level // 5 for level in levels]), codes[2:]
        return "grey" if number < 248 else "", codes[2:]
    if codes[:1] == [2] and len(codes) > 3:
        return _nearest_hue(codes[1:4]), codes[4:]
    return hue, []


def _nearest_hue(levels: list[int]) -> str:
    low, high = min(levels), max(levels)
    if high - low < 48:
        return "grey" if high < 190 else ""
    red, green, blue = (2 * level > low + high for level in levels)
    return {
        (True, False, False): "red", (False, True, False): "green", (False, False, True): "blue",
        (True, True, False): "yellow", (True, False, True): "magenta", (False, True, True): "cyan",
    }.get((red, green, blue), "")  # fmt: skip


# Search


class Needle:
    """Text to look for in bytes, in any case; letters beyond ASCII by their simple counterparts."""

    def __init__(self, text: str) -> None:
        self._pattern: re.Pattern[bytes] | None = None
        self._bytes = text.lower().encode("utf-8", "replace")
        self.max_bytes = len(self._bytes)
        if not text.isascii():
            letters = [
                sorted({form.encode("utf-8", "replace") for form in (letter, letter.lower(), letter.upper())})
                for letter in text
            ]
            self._pattern = re.compile(b"".join(b"(?:%s)" % b"|".join(map(re.escape, forms)) for forms in letters))
            self.max_bytes = sum(max(map(len, forms)) for forms in letters)

    def prepared(self, content: bytes) -> bytes:
        """Fold content as `first` and `last` need it; it keeps its length."""
        return content if self._pattern else content.lower()

    def first(self, content: bytes, start: int, stop: int) -> int:
        """Give the first match that begins in a range of prepared content; -1 for none."""
        if self._pattern is None:
            return content.find(self._bytes, start, stop + self.max_bytes - 1) if start < stop else -1
        match = self._pattern.search(content, start) if start < stop else None
        return match.start() if match and match.start() < stop else -1

    def last(self, content: bytes, start: int, stop: int) -> int:
        """Give the last match that begins in a range of prepared content; -1 for none."""
        if self._pattern is None:
            return content.rfind(self._bytes, start, stop + self.max_bytes - 1) if start < stop else -1
        last_place = -1
        while (place := self.first(content, max(start, last_place + 1), stop)) >= 0:
            last_place = place
        return last_place


def find(
    source: LogSource,
    needle: str,
    offset: int,
    *,
    backwards: bool = False,
    until: int | None = None,
    is_wanted: Callable[[], bool] = lambda: True,
) -> int | None:
    """Give where `needle` is first shown from `offset` on; backwards, where it last begins before `offset`.

    What a progress bar has overwritten is not found. The search ends at `until`, by default at the end of the
    log or at its start, and gives None; it also ends when `is_wanted` says no, which is asked once a MiB.
    """
    if not needle or "\n" in needle or "\r" in needle:
        return None
    wanted = Needle(needle)
    size = source.size()
    low, high = (until or 0, min(offset, size)) if backwards else (offset, size if until is None else min(until, size))
    while low < high and is_wanted():
        begin = max(low, high - FIND_BYTES) if backwards else low
        end = high if backwards else min(high, low + FIND_BYTES)
        raw = source.read(begin, end - begin + wanted.max_bytes - 1)
        content = wanted.prepared(raw)
        has_bars = b"\r" in raw
        start, stop = 0, end - begin
        while True:
            place = wanted.last(content, start, stop) if backwards else wanted.first(content, start, stop)
            if place < 0:
                break
            if not has_bars and raw.find(b"\n", place) >= 0:
                return begin + place
            line_from, shown_from, shown_to = _line_around(source, raw, begin, place)
            if shown_from <= begin + place < shown_to:
                return begin + place
            # What is hidden reaches from the start of its line to where the shown part begins.
            if backwards:
                stop = line_from - begin if begin + place < shown_from else place
            else:
                start = max(place + 1, shown_from - begin)
        low, high = (low, begin) if backwards else (end, high)
    return None


MAX_FEW_BYTES = 8 << 20
CATCH_UP_BYTES = 16 << 20


class FewLines(LogSource):
    """The lines of another log that show a text, in either case; the first ones if they are very many.

    They are looked for by `catch_up`, from the start of the log on; of a live log also those that come later.
    """

    def __init__(self, whole: LogSource, needle: str) -> None:
        self.whole, self.needle = whole, needle
        self.is_live = whole.is_live
        self.is_full = False
        """Whether there are more of them than are kept."""
        self.scanned_bytes = 0
        self._wanted = Needle(needle)
        self._kept = bytearray()
        self._starts: list[tuple[int, int]] = []
        """Where each line begins here, and in the whole log."""
        self._open = b""
        """Those of the last lines, which may still change."""
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._open_count = 0

    @property
    def count(self) -> int:
        """How many lines there are so far."""
        return len(self._starts) + self._open_count

    def size(self) -> int:
        """Give the bytes of the lines so far."""
        return len(self._kept) + len(self._open)

    def read(self, offset: int, count: int) -> bytes:
        """Give bytes of the lines so far."""
        with self._lock:
            part = bytes(self._kept[offset : offset + count])
            at = max(0, offset - len(self._kept))
            return part + self._open[at : at + count - len(part)]

    def origin(self, offset: int) -> int:
        """Give where the line at an offset begins in the whole log."""
        with self._lock:
            number = bisect.bisect_right(self._starts, (offset, 1 << 62)) - 1
            return self.scanned_bytes if offset >= len(self._kept) or number < 0 else self._starts[number][1]

    def look(self) -> bool:
        """Say whether the whole log has changed."""
        return self.whole.look()

    def catch_up(self) -> bool:
        """Look through some more of the whole log; true if there is still more."""
        with self._turn:
            return self._catch_up()

    def _catch_up(self) -> bool:
        if self.whole.size() < self.scanned_bytes:
            # Its middle was left out: it begins anew.
            with self._lock:
                self.scanned_bytes, self.is_full, self._open = 0, False, b""
                self._kept.clear()
                self._starts.clear()
        stop = self.scanned_bytes + CATCH_UP_BYTES
        while not self.is_full and self.scanned_bytes < stop:
            start, content = self.scanned_bytes, self.whole.read(self.scanned_bytes, FIND_BYTES)
            is_end = len(content) < FIND_BYTES
            end = content.rfind(b"\n") + 1 or (0 if is_end else len(content))
            for _ in range(OPEN_LINES if is_end and self.is_live else 0):
                # The last lines of a running run may still change.
                end = content.rfind(b"\n", 0, max(0, end - 1)) + 1
            with self._lock:
                for place, line in self._matching(content[:end]):
                    self._starts.append((len(self._kept), start + place))
                    self._kept += line
                    if len(self._kept) > MAX_FEW_BYTES:
                        self.is_full = True
                        break
                later = [line for _, line in self._matching(content[end:])] if is_end else []
                self._open, self._open_count = b"".join(later), len(later)
                self.scanned_bytes += end
            if is_end:
                return False
        return not self.is_full

    def _matching(self, content: bytes) -> Iterator[tuple[int, bytes]]:
        prepared, place = self._wanted.prepared(content), 0
        while (place := self._wanted.first(prepared, place, len(content))) >= 0:
            start = content.rfind(b"\n", 0, place) + 1
            end = content.find(b"\n", place) + 1 or len(content)
            shown_from, shown_to = shown_part(content[start:end])
            if shown_from <= place - start < shown_to:
                yield start, content[start:end]
                place = end
            else:
                # What a progress bar has overwritten is not shown.
                place = max(place + 1, min(start + shown_from, end))

    def close(self) -> None:
        """Release the whole log."""
        self.whole.close()


def _line_around(source: LogSource, raw: bytes, begin: int, place: int) -> tuple[int, int, int]:
    """Give where the line at a place in `raw` begins, and from where to where it is shown."""
    before, after = raw.rfind(b"\n", 0, place), raw.find(b"\n", place)
    if before >= 0 and after >= 0 and after - before <= LINE_BYTES:
        start, content = begin + before + 1, raw[before + 1 : after + 1]
    else:
        start = line_start(source, begin + place)
        content = source.read(start, next_line(source, start) - start)
    first, last = shown_part(content)
    return start, start + first, start + last
