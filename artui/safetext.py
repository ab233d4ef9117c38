"""Untrusted text made visible.

Names, notes, logs and paths in a catalog may hold anything. What is drawn, printed or put in a window title
goes through `clean`: afterwards nothing in it can move a cursor, set a title, reach the clipboard, hide
itself or run backwards. JSON output is not for eyes: `escaped` keeps the original, written by JSON's own rules.
"""

from __future__ import annotations

import re

MAX_CHARS = 20_000
"""Longer text is cut before it is looked at: no screen shows more of one value."""

_HIDDEN = (
    # Unicode 16.0, DerivedCoreProperties.txt: Default_Ignorable_Code_Point. Among them the soft hyphen, joiners, Hangul
    # fillers, zero-width and bidi controls, variation selectors, the BOM, and all tags of plane 14.
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    # DerivedGeneralCategory.txt: Cc, Cs, Zl, Zp, Co, and Cf but for the signs of Arabic, Syriac and Kaithi, which are seen.
    "\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufff9-\ufffb\U00013430-\U0001343f\ue000-\uf8ff\U000f0000-\U0010ffff"
    # Noncharacters, those of planes 15 and 16 above.
    "\ufdd0-\ufdef"
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(15))
    # Others that are drawn as nothing: object replacement, joiners of Tifinagh and Brahmi, a filler, a null notehead.
    + "\ufffc\u2d7f\U0001107f\U00016fe4\U0001d159"
)
"""All invisible letters, as a class of a regular expression."""
_EMOJI = re.compile(
    "[\xa9\xae\u203c\u2049\u2122\u2190-\u21ff\u2300-\u27bf\u2900-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_UNSAFE = re.compile(f"[{_HIDDEN}]")
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


def _is_of_emoji(text: str, place: int) -> bool:
    """Say whether an invisible letter belongs to visible ones.

    It does if it is a selector of emoji or text style after a visible letter, or a joiner between two emoji.
    """
    before = text[place - 1 : place] if place else ""
    if text[place] != "\u200d":
        return before != "" and _UNSAFE.match(before) is None
    if before == "\ufe0f":
        before = text[place - 2 : place - 1]
    return _EMOJI.match(before) is not None and _EMOJI.match(text, place + 1) is not None


def printable(text: str) -> str:
    """Make invisible letters visible in text of our own; its line ends, tabs and carriage returns stay."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return _UNSAFE.sub(lambda match: match.group() if match.group() in "\n\t\r" else _picture(match), text)


def is_hidden(letter: str) -> bool:
    """Say whether a letter is invisible."""
    return _UNSAFE.match(letter) is not None


def escaped(document: str) -> str:
    """Write the invisible letters of a JSON document as `\\u` escapes, so that it means the same and can be printed."""
    if document.isascii() and document.replace("\n", "").isprintable():
        return document
    return _UNSAFE.sub(_escape, document)


def _escape(match: re.Match[str]) -> str:
    letter = match.group()
    if letter == "\n":
        return letter
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


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
    if code in (0xFE0E, 0xFE0F, 0x200D) and _is_of_emoji(match.string, match.start()):
        return ""
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"<U+{code:04X}>"
