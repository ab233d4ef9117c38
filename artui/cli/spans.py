"""Spans of time as verbs take them: `--since mon --until '2026-11-03 14:00'`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from artui import clock
from artui.errors import UsageError
from artui.times import span_ms

Function = TypeVar("Function", bound=Callable[..., Any])


def span_options(verb: Function) -> Function:
    """Add the options that say of what time windows are looked at."""
    for option in (
        click.option("--until", metavar="TIME", default="", help="Only what was observed before this time, or to the end of this day."),
        click.option("--since", metavar="TIME", default="", help="Only what was observed since a time, such as mon, 'mon 09:00', 2026-11-01 or 2d."),
        click.option("--slice", "slice_", metavar="NAME=VALUE", default="", help="Only these rows, such as card=gift."),
    ):  # fmt: skip
        verb = option(verb)
    return verb


def since_of(text: str) -> int | None:
    """Give the first millisecond of a time; None for an empty text.

    Raises:
        UsageError: it is none.
    """
    return None if not text else _span(text)[0]


def until_of(text: str) -> int | None:
    """Give the last millisecond of a time; None for an empty text.

    Raises:
        UsageError: it is none.
    """
    return None if not text else _span(text)[1]


def _span(text: str) -> tuple[int, int]:
    found = span_ms(text, clock.now_ms())
    if found is None:
        raise UsageError(f"{text[:60]!r} is no time.", remedy="Write mon, 'mon 09:00', 2026-11-01, 2026-11-01T14:30, yesterday, or 2d for two days ago.")  # fmt: skip
    return found
