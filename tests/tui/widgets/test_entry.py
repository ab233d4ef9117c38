"""Entries of one line: what is typed, and what the footer offers meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.looking import settled, shown

Explore = Callable[..., None]
LONG = "params.lr = 0.01 and val/loss < 0.5 and optimizer = adam and started > 2000d ago"


def _entry_text(pilot: Pilot[Any]) -> str:
    entry = next(iter(pilot.app.screen.query(Input)))
    return "".join(segment.text for segment in entry.render_line(0))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_filter_that_is_cut_says_so_at_the_cut_end(
    small_catalog: Path, explore: Explore, size: tuple[int, int]
) -> None:
    """While one types the end is in sight, afterwards the beginning; an ellipsis stands where text is hidden."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("slash")
        entry = next(iter(pilot.app.screen.query(Input)))
        entry.insert_text_at_cursor(LONG)
        await settled(pilot)
        typed = _entry_text(pilot).rstrip()
        assert typed.endswith("2000d ago")
        assert typed.startswith("…") == (len(LONG) >= entry.size.width)
        await pilot.press("enter")
        await settled(pilot)
        kept = _entry_text(pilot).rstrip()
        assert kept.startswith("params.lr") and kept.endswith("…") == (len(LONG) > entry.size.width)

    explore(small_catalog, flow, size=size)


@pytest.mark.parametrize("keys", [["slash"], ["e"], ["W"], ["t"], ["n"], ["vertical_line"]])
def test_question_mark_is_text_where_text_is_taken(small_catalog: Path, explore: Explore, keys: list[str]) -> None:
    """While something is typed the footer does not offer `?`, which is text then."""

    async def flow(pilot: Pilot[Any]) -> None:
        assert "? all keys" in shown(pilot)
        await pilot.press(*keys)
        await settled(pilot)
        assert isinstance(pilot.app.screen.focused, Input)
        assert "all keys" not in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert "? all keys" in shown(pilot)

    explore(small_catalog, flow)


@pytest.mark.parametrize("text", ["optimizer=", "optimizer = ", "lr in (0.1,", "val/loss < 0.5 and ", "lr between 0.01 and "])  # fmt: skip
def test_what_can_follow_is_offered_where_it_is_missing(small_catalog: Path, explore: Explore, text: str) -> None:
    """Tab inserts what is seen: values are offered right after an operator, with a blank or without."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("slash")
        entry = next(iter(pilot.app.screen.query(Input)))
        entry.insert_text_at_cursor(text)
        await settled(pilot)
        sign, *offered = shown(pilot).splitlines()[2].split()
        assert sign == "tab" and offered and "^" not in offered[0], offered
        await pilot.press("tab")
        assert entry.value[len(text) :].strip().startswith(offered[0])

    explore(small_catalog, flow)


def test_tab_inserts_nothing_that_is_not_shown(small_catalog: Path, explore: Explore) -> None:
    """Where an error stands in the line of the completions, tab does not complete."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("slash")
        entry = next(iter(pilot.app.screen.query(Input)))
        entry.insert_text_at_cursor("val/loss < abc ")
        await settled(pilot)
        assert "is not a number" in shown(pilot)
        await pilot.press("tab")
        assert entry.value == "val/loss < abc "

    explore(small_catalog, flow)
