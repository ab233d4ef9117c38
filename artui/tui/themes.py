"""Colours: dark, light, safe for colour-blind eyes, and the user's own.

A theme names a colour for each meaning. Our own themes use only the 256 colours that terminals share, so that the
output step can send their short names. On a terminal with only 16 colours each meaning has one of those.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from artui.errors import UsageError
from artui.settings import Settings, keep_state, read_state

MEANINGS = ("text", "dim", "faint", "frame", "spark", "accent", "good", "bad", "warn", "mark")
"""`frame` is for what is no text: axes, edges, lines that stand behind others, and dots where there is no value."""
PLACES = ("background", "panel", "cursor")
_STATE = "theme.json"
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


class Theme(NamedTuple):
    """The colour of each meaning, and of what lies behind."""

    name: str
    colours: Mapping[str, str]
    """By MEANINGS, as `#rrggbb`."""
    background: str
    panel: str
    """Behind the line at the bottom, and behind entries."""
    cursor: str
    """Behind the line under the cursor."""
    curves: tuple[str, ...]
    """Of runs, in such an order that the first ones differ most."""
    sixteen: Mapping[str, str]
    """By MEANINGS, as names of the 16 colours."""
    sixteen_curves: tuple[str, ...] = (
        "bright_cyan", "bright_yellow", "bright_magenta", "bright_green", "bright_red", "bright_blue", "cyan", "magenta", "yellow", "green",
    )  # fmt: skip
    ramp: tuple[str, ...] = ("#6f6fe7", "#00afaf", "#5fd787", "#ffff5f")
    """From low to high numbers, the farther from the background the higher, for any eyes; after viridis of matplotlib (2015)."""
    sixteen_ramp: tuple[str, ...] = ("bright_blue", "cyan", "green", "bright_yellow")


DARK = Theme(
    "dark",
    {
        "text": "#d7d7d7", "dim": "#a8a8a8", "faint": "#8a8a8a", "frame": "#6c6c6c", "spark": "#5f87af", "accent": "#5fd7ff",
        "good": "#87d787", "bad": "#ff8787", "warn": "#ffaf5f", "mark": "#ffd787",
    },
    background="#10131a", panel="#161b24", cursor="#29466b",
    curves=("#5fd7ff", "#ffaf5f", "#d787ff", "#afd75f", "#ff8787", "#5fd7af", "#87afff", "#ffd787", "#ff87d7", "#878700"),
    sixteen={
        "text": "default", "dim": "white", "faint": "bright_black", "frame": "bright_black", "spark": "cyan", "accent": "bright_cyan",
        "good": "green", "bad": "bright_red", "warn": "yellow", "mark": "bright_yellow",
    },
)  # fmt: skip

LIGHT = Theme(
    "light",
    {
        "text": "#262626", "dim": "#4e4e4e", "faint": "#6c6c6c", "frame": "#878787", "spark": "#5f87af", "accent": "#005faf",
        "good": "#005f00", "bad": "#af0000", "warn": "#875f00", "mark": "#870087",
    },
    background="#ffffff", panel="#eeeeee", cursor="#b5c4f5",
    curves=("#005faf", "#af5f00", "#8700af", "#008700", "#d7005f", "#005f5f", "#5f5fff", "#870000", "#875f87", "#5f5f00"),
    sixteen={
        "text": "default", "dim": "default", "faint": "bright_black", "frame": "bright_black", "spark": "blue", "accent": "blue",
        "good": "green", "bad": "red", "warn": "red", "mark": "magenta",
    },
    sixteen_curves=("blue", "red", "green", "magenta", "cyan", "black", "bright_red", "bright_blue", "bright_green", "bright_magenta"),
    ramp=("#af8700", "#2f7f3f", "#005f87", "#3f005f"),
    sixteen_ramp=("green", "cyan", "blue", "magenta"),
)  # fmt: skip

COLOUR_BLIND = DARK._replace(
    name="colour-blind",
    # After M. Okabe and K. Ito, Color Universal Design (2008), in the nearest of the 256: blue for good, vermilion for bad.
    colours={
        **DARK.colours,
        "accent": "#5fafff", "good": "#0087ff", "bad": "#ff8700", "warn": "#ffd75f", "mark": "#ffff5f", "spark": "#5f87af",
    },
    curves=("#5fafff", "#ffff5f", "#00af87", "#ffffff", "#0087d7", "#ffaf00", "#87d7d7", "#ff0000", "#5fffaf", "#5fd787"),
    sixteen={**DARK.sixteen, "good": "bright_blue", "bad": "bright_yellow", "warn": "bright_white", "accent": "bright_cyan"},
)  # fmt: skip

OURS = {theme.name: theme for theme in (DARK, LIGHT, COLOUR_BLIND)}


def themes_of(settings: Settings) -> dict[str, Theme]:
    """Give our themes and the user's, by name.

    Raises:
        UsageError: one of the user's themes has an unknown name or an invalid colour.
    """
    return {**OURS, **{name: _own_theme(name, table) for name, table in settings.themes.items()}}


def _own_theme(name: str, table: Any) -> Theme:
    """Read one of the user's themes; what it leaves out is taken from the theme that `base` names."""
    where = f"themes.{name} in settings.toml"
    if not isinstance(table, dict):
        raise UsageError(f"{where} is not a table.", remedy="Write `[themes.NAME]` with colours below it.")
    base = table.get("base", "dark")
    if base not in OURS:
        raise UsageError(f"{where} has base {base!r}.", remedy=f"Use {', '.join(OURS)}.")
    theme = OURS[base]._replace(name=name)
    colours = dict(theme.colours)
    for key, value in table.items():
        if key == "base":
            continue
        if key == "curves":
            if not isinstance(value, list) or not value or not all(_is_colour(colour) for colour in value):
                raise UsageError(f"{where} has curves that are not colours.", remedy='Write ["#005faf", "#af5f00"].')
            theme = theme._replace(curves=tuple(value))
            continue
        if key not in (*MEANINGS, *PLACES):
            raise UsageError(f"{where} names {key!r}.", remedy=f"Use {', '.join((*MEANINGS, *PLACES, 'curves', 'base'))}.")  # fmt: skip
        if not _is_colour(value):
            raise UsageError(f"{where} has {value!r} for {key}.", remedy="Write a colour as #rrggbb.")
        if key in MEANINGS:
            colours[key] = value
        else:
            theme = theme._replace(**{key: value})
    return theme._replace(colours=colours)


def _is_colour(value: Any) -> bool:
    return isinstance(value, str) and _HEX.fullmatch(value) is not None


def chosen_theme(settings: Settings) -> Theme:
    """Give the theme that was last chosen in the app, or else the one in the settings.

    Raises:
        UsageError: the settings name a theme that does not exist.
    """
    themes = themes_of(settings)
    if settings.theme not in themes:
        raise UsageError(f"There is no theme {settings.theme!r}.", remedy=f"Use {', '.join(themes)}.")
    choice = read_state(_STATE)
    # The choice holds until the settings name another theme.
    if isinstance(choice, dict) and choice.get("instead_of") == settings.theme and choice.get("name") in themes:
        return themes[choice["name"]]
    return themes[settings.theme]


def keep_theme(settings: Settings, name: str) -> None:
    """Remember a theme that was chosen in the app."""
    keep_state(_STATE, {"name": name, "instead_of": settings.theme})
