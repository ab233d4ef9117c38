"""Colours: dark, light, told apart by colour-blind eyes, and the user's own.

A theme names a colour for each meaning. Those of ours are among the 256 that terminals share, so that the output
step can send their short names. Where a terminal has only 16 colours, each meaning has one of these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from artui.errors import UsageError
from artui.settings import Settings, keep_state, read_state

MEANINGS = ("text", "dim", "spark", "faint", "accent", "good", "bad", "warn", "mark")
PLACES = ("background", "panel", "cursor")
_STATE = "theme.json"
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Theme:
    """What each meaning looks like."""

    name: str
    colours: Mapping[str, str]
    """By MEANINGS, as `#rrggbb`."""
    background: str
    panel: str
    """Behind the line at the bottom, and where one types."""
    cursor: str
    """Behind the line under the cursor."""
    curves: tuple[str, ...]
    sixteen: Mapping[str, str]
    """By MEANINGS, as names of the 16 colours."""
    sixteen_curves: tuple[str, ...] = field(
        default=("bright_cyan", "bright_yellow", "bright_green", "bright_red", "bright_magenta", "cyan", "yellow", "magenta", "bright_blue", "green")
    )  # fmt: skip
    is_light: bool = False


DARK = Theme(
    "dark",
    {
        "text": "#d7d7d7", "dim": "#8a8a8a", "spark": "#5f87af", "faint": "#585858", "accent": "#5fd7ff",
        "good": "#87d787", "bad": "#ff8787", "warn": "#ffaf5f", "mark": "#ffd787",
    },
    background="#10131a", panel="#161b24", cursor="#22344d",
    curves=("#5fd7ff", "#ffaf5f", "#87d787", "#ff8787", "#d787ff", "#5fd7af", "#ffd787", "#ff87d7", "#87afff", "#afd75f"),
    sixteen={
        "text": "default", "dim": "white", "spark": "cyan", "faint": "bright_black", "accent": "bright_cyan",
        "good": "green", "bad": "bright_red", "warn": "yellow", "mark": "bright_yellow",
    },
)  # fmt: skip

LIGHT = Theme(
    "light",
    {
        "text": "#262626", "dim": "#626262", "spark": "#5f87af", "faint": "#9e9e9e", "accent": "#005faf",
        "good": "#005f00", "bad": "#af0000", "warn": "#875f00", "mark": "#870087",
    },
    background="#ffffff", panel="#eeeeee", cursor="#d7d7ff",
    curves=("#005faf", "#af5f00", "#008700", "#d70000", "#8700af", "#008787", "#875f00", "#d7005f", "#5f5fd7", "#5f8700"),
    sixteen={
        "text": "default", "dim": "default", "spark": "blue", "faint": "bright_black", "accent": "blue",
        "good": "green", "bad": "red", "warn": "red", "mark": "magenta",
    },
    sixteen_curves=("blue", "red", "green", "magenta", "cyan", "bright_blue", "bright_red", "bright_green", "bright_magenta", "black"),
    is_light=True,
)  # fmt: skip

COLOUR_BLIND = replace(
    DARK,
    name="colour-blind",
    # After M. Okabe and K. Ito, Color Universal Design (2008), in the nearest of the 256: blue for good, vermilion for bad.
    colours={
        **DARK.colours,
        "accent": "#5fafff", "good": "#5fafff", "bad": "#ff8700", "warn": "#ffd75f", "mark": "#ffff5f", "spark": "#5f87af",
    },
    curves=("#5fafff", "#ffaf00", "#00af87", "#ffff5f", "#ff8700", "#d787af", "#ffffff", "#0087d7", "#afaf87", "#87d7ff"),
    sixteen={**DARK.sixteen, "good": "bright_blue", "bad": "bright_yellow", "warn": "bright_white", "accent": "bright_cyan"},
)  # fmt: skip

OURS = {theme.name: theme for theme in (DARK, LIGHT, COLOUR_BLIND)}


def themes_of(settings: Settings) -> dict[str, Theme]:
    """Give our themes and the user's, by name.

    Raises:
        UsageError: a theme of the user's has a name or a colour that means nothing.
    """
    return {**OURS, **{name: _own(name, told) for name, told in settings.themes.items()}}


def _own(name: str, told: Any) -> Theme:
    """Read a theme of the user's: what it does not say is as in the one that `base` names."""
    where = f"themes.{name} in settings.toml"
    if not isinstance(told, dict):
        raise UsageError(f"{where} is no table.", remedy="Write `[themes.NAME]` and below it colours.")
    base = told.get("base", "dark")
    if base not in OURS:
        raise UsageError(f"{where} has base {base!r}.", remedy=f"Use {', '.join(OURS)}.")
    theme = replace(OURS[base], name=name)
    colours = dict(theme.colours)
    for word, value in told.items():
        if word == "base":
            continue
        if word == "curves":
            if not isinstance(value, list) or not value or not all(_is_colour(each) for each in value):
                raise UsageError(f"{where} has curves that are no colours.", remedy='Write ["#005faf", "#af5f00"].')
            theme = replace(theme, curves=tuple(value))
            continue
        if word not in (*MEANINGS, *PLACES):
            raise UsageError(f"{where} names {word!r}.", remedy=f"Use {', '.join((*MEANINGS, *PLACES, 'curves', 'base'))}.")  # fmt: skip
        if not _is_colour(value):
            raise UsageError(f"{where} has {value!r} for {word}.", remedy="Write a colour as #rrggbb.")
        if word in MEANINGS:
            colours[word] = value
        else:
            theme = replace(theme, **{word: value})
    return replace(theme, colours=colours)


def _is_colour(value: Any) -> bool:
    return isinstance(value, str) and _HEX.fullmatch(value) is not None


def chosen_theme(settings: Settings) -> Theme:
    """Give the theme that was chosen last in the app, else the one in the settings.

    Raises:
        UsageError: the settings name one that is not there.
    """
    known = themes_of(settings)
    if settings.theme not in known:
        raise UsageError(f"There is no theme {settings.theme!r}.", remedy=f"Use {', '.join(known)}.")
    told = read_state(_STATE)
    # What was chosen holds until the settings say something else.
    if isinstance(told, dict) and told.get("instead_of") == settings.theme and told.get("name") in known:
        return known[told["name"]]
    return known[settings.theme]


def keep_theme(settings: Settings, name: str) -> None:
    """Remember a theme that was chosen in the app."""
    keep_state(_STATE, {"name": name, "instead_of": settings.theme})
