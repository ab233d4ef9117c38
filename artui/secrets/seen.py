"""Texts as they are seen: without the colours of a terminal, and with the letters that an escape spells.

A secret in bold has `ESC[1m` before it, whose `m` looks like a letter of the same word; one whose colour changes in the
middle has no known form; and in a string of JSON, a notebook or Python's repr the same escapes are spelled out, as CSV
doubles its quotes. A view is the text without them, and knows where in the text each of its letters stands.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

_ESCAPE = r"(?:\x1b|\\{1,2}x1[bB]|\\{1,2}0?33|\\{1,2}e|\\{1,2}u001[bB]|\\{1,2}u\{1[bB]\}|\^\[)"
_SEQUENCE = (
    _ESCAPE + r"(?:\[[0-9;:?<=>]*[ -/]*[@-~]|\][^\x07\x1b\n]{0,2000}(?:\x07|\x1b\\)|[()][0-9A-B])"
    r"|\x9b[0-9;:?]*[@-~]|\x1b[ -/]*[0-~]"
)
_INVISIBLE = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
_SPELLED = (
    r"\\{1,4}[nrtbfv]|\\{1,4}u000[ad]|\\{1,4}(?=[\"'/])|\\{1,4}x0[ad]|(?<=[:,{\[\s])\"(?=\"\w)|(?<=\w)\"(?=\"[:,}\]\s])"
)
_HIDDEN = re.compile(rf"(?P<spelled>{_SPELLED})|{_SEQUENCE}|{_INVISIBLE}")
_MAY_HIDE = re.compile(
    r"\"\"|[\\^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)


@dataclass(frozen=True, slots=True)
class View:
    """A text as it is seen, with the place of each of its letters in the original."""

    text: str
    _starts: list[int]
    """Where each part that is unchanged begins in the view."""
    _places: list[int]
    """Where these parts begin in the original."""

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Give start and end in the original of something that was found in the view."""
        return self._of(start), self._of(end - 1) + 1

    def _of(self, index: int) -> int:
        part = bisect_right(self._starts, index) - 1
        return self._places[part] + index - self._starts[part]


def views(text: str) -> list[View]:
    """Give the other ways in which a text may be seen: none for plain text.

    In one view hidden signs end a word, for a secret that begins right after them; in the other they are left out, for
    a secret that continues after them.
    """
    if _MAY_HIDE.search(text) is None:
        return []
    hidden = list(_HIDDEN.finditer(text))
    return [_without(text, hidden, "\n"), _without(text, hidden, "")] if hidden else []


def _without(text: str, hidden: list[re.Match[str]], instead: str) -> View:
    parts: list[str] = []
    starts: list[int] = []
    places: list[int] = []
    size, at = 0, 0

    def add(part: str, place: int) -> None:
        nonlocal size
        if part:
            parts.append(part)
            starts.append(size)
            places.append(place)
            size += len(part)

    for match in hidden:
        add(text[at : match.start()], at)
        if match["spelled"] is None:
            add(instead, match.start())
        elif match["spelled"].strip('\\"'):  # a new line or a tab; before a quote or a slash there is nothing but it
            add("\n", match.start())
        at = match.end()
    add(text[at:], at)
    return View("".join(parts), starts, places)
