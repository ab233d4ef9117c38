"""How well one colour is seen on another, and the nearest colour that is seen well enough.

Contrast is the ratio of relative luminances of WCAG 2.1: text needs `TEXT`, and marks, lines and edges need `MARKS`.
"""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color
from rich.style import Style

TEXT = 4.5
MARKS = 3.0
BEHIND = 2.5
"""Of what stands behind a line, and is to be seen after it."""
_BLACK, _WHITE = "#000000", "#ffffff"
_STEPS = 20
_LEAST_SHARE, _MOST_SHARE = 0.38, 0.7
"""What stands behind a line has so much of its colour: never so much that the two look the same."""


@lru_cache(maxsize=4096)
def contrast(first: str, second: str) -> float:
    """Give the ratio of the luminances of two colours: from 1 for the same to 21 for black and white."""
    brighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def mixed(colour: str, background: str, share: float) -> str:
    """Mix a share of a colour with what is behind it."""
    front, back = (tuple(int(text[i : i + 2], 16) for i in (1, 3, 5)) for text in (colour, background))
    return "#" + "".join(f"{round(share * f + (1 - share) * b):02x}" for f, b in zip(front, back, strict=True))


def subdued(colour: str, background: str) -> str:
    """Mix a colour with what is behind it: no more of it remains than it takes to be seen."""
    shares = [_LEAST_SHARE + (_MOST_SHARE - _LEAST_SHARE) * step / _STEPS for step in range(_STEPS + 1)]
    seen = (share for share in shares if contrast(mixed(colour, background, share), background) >= BEHIND)
    return mixed(colour, background, next(seen, _MOST_SHARE))


def ink_for(background: str, *inks: str) -> str:
    """Give the first of some colours in which text can be read there; else black or white, the one that is read better."""
    usual = next((ink for ink in inks if contrast(ink, background) >= TEXT), None)
    return usual or max(_BLACK, _WHITE, key=lambda ink: contrast(ink, background))


@lru_cache(maxsize=4096)
def legible(style: Style) -> Style:
    """Give a style whose colour can be read on its background: the same, or with the colour moved away from the background."""
    if style.color is None or style.color.triplet is None or style.bgcolor is None or style.bgcolor.triplet is None:
        return style
    front, back = style.color.triplet.hex, style.bgcolor.triplet.hex
    if contrast(front, back) >= TEXT:
        return style
    end = ink_for(back)
    lifted = (mixed(end, front, step / _STEPS) for step in range(1, _STEPS + 1))
    readable = next((colour for colour in lifted if contrast(colour, back) >= TEXT), end)
    return style + Style(color=Color.parse(readable))


def _luminance(colour: str) -> float:
    shares = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = (share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
