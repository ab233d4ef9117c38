"""A part of what somebody wrote, with carets below what is meant."""

from __future__ import annotations

from artui.safetext import cells_of, clean

EXCERPT_CHARS = 60


def shortened(text: str, most: int) -> str:
    """Leave out the middle of a text that is longer than `most` characters."""
    return text if len(text) <= most else f"{text[: most * 2 // 3]}…{text[1 - most // 3 :]}"


def excerpt_of(text: str, start: int, length: int) -> str:
    """Give the line in which something begins, as far as it is near, and a line with carets below it.

    Args:
        text: what was written, of any number of lines.
        start: the first character that is meant; behind the last one for the end of the text.
        length: how many are meant.
    """
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    line = text[line_start : None if line_end < 0 else line_end]
    start -= line_start
    end = min(start + length, len(line))
    before = clean(line[:start][-EXCERPT_CHARS:])
    meant = shortened(clean(line[start:end]), EXCERPT_CHARS)
    after = clean(line[end:][:EXCERPT_CHARS])
    before = "…" + before if start > EXCERPT_CHARS else before
    after = after + "…" if len(line) - end > EXCERPT_CHARS else after
    return f"{before}{meant}{after}\n{' ' * cells_of(before)}{'^' * max(1, cells_of(meant))}"
