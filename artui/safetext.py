"""Untrusted text to visible text.

Names, notes, logs and paths in a catalog may hold anything. What is drawn, printed or put in a window title
goes through `clean`: afterwards nothing in it can move a cursor, set a title, reach the clipboard, hide
itself or run backwards. JSON output is not for eyes and keeps the original, escaped by JSON's own rules.
"""

from __future__ import annotations

import re

MAX_CHARS = 20_000
"""Longer text is cut before it is looked at: no screen shows more of one value."""

# C0, DEL, C1, soft hyphen, Arabic letter mark, Mongolian vowel separator, zero-width and bidi controls, line and
# paragraph separators, invisible operators, variation selectors, BOM, interlinear marks, surrogates, tags.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
# Marks that pile up on one letter would leave their line: three are plenty for any script in use.
_PILE = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{3})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)


def clean(text: str, *, max_chars: int = MAX_CHARS) -> str:
    """Make one line of visible text: controls become pictures, what is cut ends in an ellipsis."""
    if len(text) > max_chars:
        text = text[: max_chars - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return _PILE.sub(r"\1", _UNSAFE.sub(_picture, text))


def clean_lines(text: str, *, max_lines: int = 10_000, max_chars: int = 2_000) -> list[str]:
    """Make lines of visible text. Line ends break lines, tabs become spaces, a bare CR folds to its last state."""
    lines = []
    for line in text.split("\n", max_lines)[:max_lines]:
        line = line.removesuffix("\r")
        if "\r" in line:
            line = next((part for part in reversed(line.split("\r")) if part), "")
        lines.append(clean(line.expandtabs(4)[: max_chars + 1], max_chars=max_chars))
    return lines


def cells_of(text: str) -> int:
    """Count the terminal cells that visible text takes."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0xFE00 <= code <= 0xFE0F:
        return ""  # emoji and text style of the sign before: invisible, harmless, and of disputed width
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"<U+{code:04X}>"
