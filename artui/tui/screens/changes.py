"""What differs between the catalog and itself at some time, or another one: what is new, changed and gone, field by field."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from artui.query.catalogdiff import ThingChange, catalog_difference
from artui.query.reader import Reader
from artui.safetext import cells_of, clean
from artui.times import time_text
from artui.tui.cells import Span, fit
from artui.tui.keys import bindings
from artui.tui.messages import Link
from artui.tui.screens.asked import AskedScreen
from artui.tui.widgets.lines import BLANK, Line
from artui.units import count_text, plural

if TYPE_CHECKING:
    from artui.query.catalogdiff import FieldChange

SIGNS = {"new": ("+", "good"), "changed": ("~", "accent"), "gone": ("−", "bad")}
"""By standing: its sign, and its style."""
_KINDS = ("run", "version", "view")
_MOST_FIELDS = 4
"""So many fields of a thing are listed at first."""
_MOST_THINGS = 2_000
_NAME_CELLS = 26
_FEWEST_ALIKE = 3
"""Fields that differ in so many things are counted above these."""


class ChangesScreen(AskedScreen):
    """Lists what differs; a line of a thing that is here leads to it."""

    SCOPES = ("changes", "find", "list", "app")
    LIST_ID = "changes"
    HAS_LINKS = True
    BINDINGS = [*bindings("changes"), *bindings("find")]

    def __init__(self, *, since_ms: int | None = None, other: Path | None = None) -> None:
        """Compare with the catalog at a time, or with another one, of which what it has beyond this one is new."""
        super().__init__()
        self._since_ms, self._other = since_ms, other
        self._things: Sequence[ThingChange] | None = None
        self._shows_all = False

    def title_spans(self) -> list[Span]:
        """Say what is compared with what."""
        if self._other is not None:
            return [("what ", "dim"), (clean(self._other.name), "title"), (" has that differs", "dim")]
        return [("what is new since ", "dim"), (time_text(self._since_ms)[:16], "title")]

    def load(self) -> None:
        """Read both, and pair what they hold."""
        reader, since_ms, other = self.reader, self._since_ms, self._other
        if self._things is None:
            self.listing.set_lines([BLANK, Line([("  Reading both …", "dim")])], keep=False)

        def work() -> list[ThingChange]:
            if other is not None:
                with Reader(other) as second:
                    return catalog_difference(reader, second)
            from artui.travel.past import as_of

            past = as_of(reader.path, since_ms or 0)
            try:
                with Reader(past.path) as first:
                    return catalog_difference(first, reader)
            finally:
                past.folder.cleanup()

        self.ask("changes", work, self._take)

    def _take(self, changes: list[ThingChange]) -> None:
        self._things = changes
        self.show_place()
        self._draw()

    def _draw(self) -> None:
        if self._things is not None:
            gone_is_here = self._other is not None
            lines = changes_lines(self._things, cells=self.size.width, shows_all=self._shows_all, gone_is_here=gone_is_here)  # fmt: skip
            self.listing.set_lines(lines, keep=True)

    def action_more(self) -> None:
        self._shows_all = not self._shows_all
        self._draw()

    def on_resize(self) -> None:
        self._draw()


def changes_lines(
    changes: Sequence[ThingChange], *, cells: int, shows_all: bool = False, gone_is_here: bool = False
) -> list[Line]:
    """Give the lines of what differs: how much of each kind, then each thing with its fields.

    Args:
        gone_is_here: whether what is gone is what only this catalog has, and what is new only another one.
    """
    if not changes:
        return [BLANK, Line([("  Nothing differs.", "bold")])]
    counts: Counter[tuple[str, str]] = Counter((change.kind, change.standing) for change in changes)
    summary: list[Span] = [("  ", "text")]
    for kind in _KINDS:
        parts = [(count_text(counts[kind, standing]), standing) for standing in SIGNS if counts[kind, standing]]
        if parts:
            total = sum(counts[kind, standing] for standing in SIGNS)
            summary.append((f"{plural(total, kind)}: ", "text"))
            for place, (count, standing) in enumerate(parts):
                summary.append((f"{', ' if place else ''}{count} {standing}", SIGNS[standing][1]))
            summary.append(("   ", "text"))
    lines = [BLANK, Line(summary)]
    if gone_is_here:
        lines.append(Line([("  + is only there, − only here", "dim")]))
    if (told := _fields_text(changes, cells=cells - 4)) is not None:
        lines.append(Line([("  in ", "dim"), (told, "text")]))
    before = 0
    for change in changes[:_MOST_THINGS]:
        added = list(_thing_lines(change, cells=cells, shows_all=shows_all, gone_is_here=gone_is_here))
        # Things of which nothing more is said stand below each other.
        lines += added if before == len(added) == 1 else [BLANK, *added]
        before = len(added)
    if len(changes) > _MOST_THINGS:
        lines += [BLANK, Line([(f"  and {len(changes) - _MOST_THINGS:,} more: artui diff has all", "dim")])]
    return lines


def _fields_text(changes: Sequence[ThingChange], *, cells: int) -> str | None:
    """Say in how many things each field differs, the most frequent first; None where a list of them would say no more."""
    counts = Counter(field.name for change in changes if change.standing == "changed" for field in change.fields)
    if max(counts.values(), default=0) < _FEWEST_ALIKE:
        return None
    parts = [f"{clean(name, max_chars=60)} {count_text(count)}" for name, count in counts.most_common()]
    for most in range(len(parts), 0, -1):
        more = f" · and {plural(len(parts) - most, 'more field')}" if most < len(parts) else ""
        if cells_of(text := " · ".join(parts[:most]) + more) <= cells:
            return text
    return None


def _thing_lines(change: ThingChange, *, cells: int, shows_all: bool, gone_is_here: bool) -> Iterator[Line]:
    sign, style = SIGNS[change.standing]
    is_here = change.standing == "changed" or (change.standing == "gone") == gone_is_here
    link = Link("run" if change.kind == "run" else "version", change.id) if is_here and change.kind != "view" else None
    name = fit(clean(change.name), max(10, cells - 16)).rstrip()
    yield Line([(f" {sign} ", style), (f"{change.kind:<8} ", "dim"), (name, "title" if link else "text")], link=link)
    fields = change.fields if shows_all else change.fields[:_MOST_FIELDS]
    width = min(_NAME_CELLS, max((cells_of(clean(field.name)) for field in fields), default=0))
    for field in fields:
        yield _field_line(field, width, cells=cells)
    if len(change.fields) > len(fields):
        yield Line([(f"     and {plural(len(change.fields) - len(fields), 'more field')}: i shows all", "dim")])


def _field_line(field: FieldChange, width: int, *, cells: int) -> Line:
    room = max(8, (cells - width - 12) // 2)
    before, after = (_shown(field.name, text) for text in (field.before, field.after))
    return Line(
        [
            (f"     {fit(clean(field.name), width)}  ", "dim"),
            (fit(before, min(room, cells_of(before))), "text"),
            (" → ", "dim"),
            (fit(after, min(room, cells_of(after))), "text"),
        ]
    )


def _shown(name: str, text: str | None) -> str:
    if text is None:
        return "none"
    if name.endswith("_ms") and name != "duration_ms" and text.lstrip("-").isdigit():
        return time_text(int(text))
    if name == "command":
        text = _command_text(text)
    return clean(text) or '""'


def _command_text(text: str) -> str:
    """Write a command as one types it: it is kept as a list of words."""
    try:
        words = json.loads(text)
    except ValueError:
        return text
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return text
    return shlex.join(words) or "none"
