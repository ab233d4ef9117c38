"""The palette: runs, artifacts, metrics, views and the actions of the screen below, by parts of their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.timer import Timer

from artui import clock
from artui.model import STATUSES
from artui.query import fuzzy
from artui.query.filter.tokens import quoted_value
from artui.query.things import Thing, find_things, find_ways
from artui.safetext import clean
from artui.settings import config_folder
from artui.tui.cells import Span, fit, fit_apart, fit_clauses
from artui.tui.fetch import Asks
from artui.tui.keys import KEYS
from artui.tui.keytable import SCOPES
from artui.tui.messages import ShowRuns
from artui.tui.screens.pick import TypedList
from artui.tui.screens.runs.uses import Use, use_asked_for, uses_of
from artui.tui.state.recent import recent_things
from artui.tui.synonyms import CONTAINS, fitting, is_named, rank_of
from artui.tui.themes import themes_of
from artui.tui.widgets.bars import Bar
from artui.tui.widgets.lines import BLANK, Line
from artui.units import age_text

if TYPE_CHECKING:
    from artui.query.reader import Reader
    from artui.tui.keytable import Key

REST_SECONDS = 0.06
_RECENT = 8
_KIND_CELLS, _LABEL_CELLS = 11, 17
"""Of what a line is, or the key for it, and of what an action is called."""
_MAX_ELSEWHERE = 6
_FEWEST_CHARS = 3
"""Words that are shorter fit too many actions of other screens."""
_NOT_NAMED = ("app", "list", "find", "pick")
"""Scopes whose keys mean the same wherever they are."""
_SETTINGS = ("settings", "setting", "config", "configuration", "preferences", "options")
"""What people may call the file of settings."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line, and what choosing it does; a heading does nothing."""

    line: Line
    run: Callable[[], None] | None = None
    stays: bool = False
    """Whether the palette stays open."""
    thing: Thing | None = None
    """The metric or param that it does something with."""


class PaletteScreen(Asks, TypedList):
    """Gives the function to run; None if it was left with esc."""

    PLACEHOLDER = "a run, an artifact, a metric, a reference, or what to do"

    def __init__(
        self,
        actions: Sequence[tuple[Key, Callable[[], None]]],
        go: Callable[[Thing, str], None],
        catalog: str,
    ) -> None:
        super().__init__()
        self._actions, self._go = actions, go
        self._recent = recent_things(catalog)
        self._things: Sequence[Thing] = ()
        self._unfolded: Thing | None = None
        """The metric or param, not the first, below which stands what one does with it."""
        self._use = ""
        """What is to be done with the things, if a word before their names says so."""
        self._cut_names: dict[str, str] = {}
        """Names of the things as they are shown: where they are cut, they do not look alike."""
        self._entries: list[_Entry] = []
        self._first = 0
        """The first line that does something."""
        self._is_looking = False
        """Whether what fits the text is still being read."""
        self._rest: Timer | None = None

    def on_mount(self) -> None:
        self.query_one("#pick-title", Bar).show([(" Go to, or do", "title")])
        self.listing.draws_cursor_always = True
        self._draw()

    def _draw(self) -> None:
        text = self.entry.value
        words = text.split()
        entries: list[_Entry] = []
        if not words and self._recent:
            entries.append(_Entry(Line([("  recent", "dim")])))
            entries += [self._of_place(thing) for thing in self._recent[:_RECENT]]
            entries.append(_Entry(BLANK))
        run_by_key = dict(self._actions)
        keys = fitting([key for key, _ in self._actions], text)
        # What an action is called, in whole words, means the action, unless the name of something begins so.
        is_action = (
            bool(keys) and is_named(keys[0], text) and not any(_is_called(thing, text) for thing in self._things)
        )
        actions = [_Entry(Line([("  actions here", "dim")])), *(self._of_action(key, run_by_key[key]) for key in keys)]
        things = self._of_things() if words else []
        if len(text.strip()) >= _FEWEST_CHARS:
            themes = [name for name in themes_of(self.app.settings) if name.startswith(text.strip().lower())]  # type: ignore[attr-defined]
            entries += [self._of_theme(name) for name in themes]
        has_filter = len(text.strip()) >= _FEWEST_CHARS and not self._use
        # A word that is only in what is said of an action is more likely a value of runs.
        is_filter_early = has_filter and bool(keys) and not things and rank_of(keys[0], text) == CONTAINS
        if is_filter_early:
            entries.append(self._of_filter(text.strip()))
        for part in (actions, things) if is_action else (things, actions if keys else []):
            if part and words and entries:
                entries.append(_Entry(BLANK))
            entries += part
        others = [key for key in KEYS if key.scope not in _NOT_NAMED and key not in run_by_key]
        elsewhere = fitting(others, text, by_name=True)
        if elsewhere and len(text.strip()) >= _FEWEST_CHARS:
            entries += [*([_Entry(BLANK)] if entries else []), _Entry(Line([("  on other screens", "dim")]))]
            entries += [self._of_other(key) for key in elsewhere[:_MAX_ELSEWHERE]]
        if len(text.strip()) >= _FEWEST_CHARS and any(word.startswith(text.strip().lower()) for word in _SETTINGS):
            entries += [*([_Entry(BLANK)] if entries else []), self._of_settings()]
        if not entries:
            note = "looking …" if self._is_looking else "nothing here contains this"
            entries = [_Entry(Line([(f"  {note}", "dim")]))]
        if has_filter and not is_filter_early:
            entries += [_Entry(BLANK), self._of_filter(text.strip())]
        self._entries = entries
        self.listing.set_lines([entry.line for entry in entries], keep=False)
        self.listing.cursor = self._first = next((i for i, entry in enumerate(entries) if entry.run is not None), 0)
        self.listing.refresh()

    def _of_things(self) -> list[_Entry]:
        """List the things; below the first metric or param, and the one that was chosen, what one does with it."""
        entries: list[_Entry] = []
        if self._use:
            return [
                self._of_use(thing, use) for thing in self._things for use in uses_of(thing.kind) if use.id == self._use
            ]
        names = [thing.name for thing in self._things]
        cut = fit_apart([clean(name, max_chars=200) for name in names], self._name_cells)
        self._cut_names = dict(zip(names, cut, strict=True))
        first = next((thing for thing in self._things if uses_of(thing.kind)), None)
        for thing in self._things:
            if not uses_of(thing.kind):
                entries.append(self._of_place(thing))
            elif thing in (first, self._unfolded):
                entries += self._of_uses(thing)
            else:
                entries.append(self._of_folded(thing))
        return entries

    def _of_use(self, thing: Thing, use: Use) -> _Entry:
        """Show what was asked for by a word before the name: `plot val/loss`."""
        name = fit(clean(thing.name, max_chars=200), self._name_cells)
        spans: list[Span] = [(f"  {fit(use.label, _KIND_CELLS)}  ", "dim"), (name, "text"), (f"  {thing.kind}", "dim")]
        return _Entry(Line(spans), partial(self._go, thing, use.id))

    def _of_folded(self, thing: Thing) -> _Entry:
        """Show a metric or a param; choosing it lists what one does with it."""
        name = self._cut_names[thing.name]
        spans: list[Span] = [
            (f"▸ {fit(thing.kind, _KIND_CELLS)}", "dim"),
            (name, "text"),
            ("  sort, filter …", "faint"),
        ]

        def unfold() -> None:
            self._unfolded = thing
            self._draw()
            self._go_to_uses(thing)

        return _Entry(Line(spans), unfold, stays=True)

    def _of_uses(self, thing: Thing) -> list[_Entry]:
        """Show a metric or a param, and below it what one does with it."""
        name = clean(thing.name, max_chars=200)
        entries = [_Entry(Line([(f"▾ {fit(thing.kind, _KIND_CELLS)}", "dim"), (name, "bold")]))]
        for use in uses_of(thing.kind):
            spans: list[Span] = [
                (" " * (_KIND_CELLS + 2), "text"),
                (fit(use.label, 17), "text"),
                (f"  {use.help}", "dim"),
            ]
            entries.append(_Entry(Line(spans), partial(self._go, thing, use.id), thing=thing))
        return entries

    def _go_to_uses(self, thing: Thing) -> None:
        """Put the cursor on the first thing that one does with a metric or a param."""
        places = (place for place, entry in enumerate(self._entries) if entry.thing == thing and entry.run is not None)
        self.listing.move_to(next(places, self.listing.cursor))

    @property
    def _name_cells(self) -> int:
        return max(20, min(50, self.app.size.width // 2))

    def _of_place(self, thing: Thing) -> _Entry:
        age = age_text(thing.time_ms, clock.now_ms()) if thing.time_ms else ""
        spans: list[Span] = [
            (f"  {fit(thing.kind, _KIND_CELLS)}", "dim"),
            (self._cut_names.get(thing.name) or fit(clean(thing.name, max_chars=200), self._name_cells), "text"),
            (f"  {clean(thing.detail, max_chars=80)}", "dim"),
            (f"  {age}" if age else "", "faint"),
        ]
        return _Entry(Line(spans), partial(self._go, thing, ""))

    def _of_action(self, key: Key, run: Callable[[], None]) -> _Entry:
        room = max(20, self.app.size.width - _KIND_CELLS - _LABEL_CELLS - 6)
        spans: list[Span] = [(f"  {fit(key.shown, _KIND_CELLS)}", "key"), (fit(key.label, _LABEL_CELLS), "text"), (f"  {fit_clauses(key.help, room)}", "dim")]  # fmt: skip
        return _Entry(Line(spans), run)

    def _of_other(self, key: Key) -> _Entry:
        """Show an action of another screen; choosing it says where it works."""
        where = f"{key.label}, in {SCOPES[key.scope].lower()}"
        room = max(20, self.app.size.width - _KIND_CELLS - 36)
        spans: list[Span] = [(f"  {fit(key.shown, _KIND_CELLS)}", "faint"), (fit(where, 30), "dim"), (f"  {fit_clauses(key.help, room)}", "faint")]  # fmt: skip
        say = self.app.say  # type: ignore[attr-defined]
        return _Entry(Line(spans), lambda: say(f"{key.label} works in {SCOPES[key.scope].lower()}: {key.shown} there"))

    def _of_theme(self, name: str) -> _Entry:
        """Offer a theme by its name."""
        take = self.app.take_theme  # type: ignore[attr-defined]
        return _Entry(
            Line([(f"  {fit('theme', _KIND_CELLS)}", "dim"), (clean(name, max_chars=60), "text")]), partial(take, name)
        )

    def _of_filter(self, text: str) -> _Entry:
        """Offer the runs that have a text in a name, a value, a tag or a note, or a status."""
        condition = f"status = {text.lower()}" if text.lower() in STATUSES else quoted_value(text)
        spans: list[Span] = [
            (f"  {fit('filter', _KIND_CELLS)}", "dim"),
            (fit(f"runs by {clean(condition, max_chars=60)}", self._name_cells), "text"),
            ("  in any of their texts" if condition == text else "", "dim"),
        ]

        def run() -> None:
            self.app.post_message(ShowRuns(condition))

        return _Entry(Line(spans), run)

    def _of_settings(self) -> _Entry:
        """Show where the user's settings are; choosing the line copies the path."""
        path = str(config_folder() / "settings.toml")
        spans: list[Span] = [(f"  {fit('settings', _KIND_CELLS)}", "dim"), (clean(path, max_chars=200), "text"), ("  artui help settings lists them; enter copies the path", "dim")]  # fmt: skip
        return _Entry(Line(spans), lambda: self.app.copy_text(path))  # type: ignore[attr-defined]

    def typed(self) -> None:
        """Show matching actions at once, and look for matching things soon."""
        if use_asked_for(self.entry.value)[0] != self._use:
            self._use = ""
        words, self._unfolded = self._name_typed.split(), None
        # What was listed and still fits stays until the answer is there: nothing jumps.
        self._things = [
            thing
            for thing in self._things
            if words and (fuzzy.rank(thing.name, words) is not None if thing.kind != "ways" else len(words) > 1)
        ]
        self._is_looking = bool(words)
        self._draw()
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST_SECONDS, self._look)

    @property
    def _name_typed(self) -> str:
        """The text without a word before it that says what to do with a name, where that has been understood so."""
        return (self._use and use_asked_for(self.entry.value)[1]) or self.entry.value

    def _look(self) -> None:
        text, reader = self.entry.value, self.app.reader  # type: ignore[attr-defined]
        if text.strip():
            self.ask("things", lambda: (text, *_found(reader, text)), lambda answer: self._take(*answer))

    def _take(self, text: str, things: list[Thing], use_id: str) -> None:
        if text == self.entry.value:
            self._things, self._use, self._is_looking = things, use_id, False
            self._draw()

    def move(self, change: int) -> None:
        """Move so many lines, and on to one that does something."""
        place = self.listing.cursor + change
        step = 1 if change > 0 else -1
        place = max(0, min(place, len(self._entries) - 1))
        while 0 <= place < len(self._entries) and self._entries[place].run is None:
            place += step
        if 0 <= place < len(self._entries):
            self.listing.move_to(place)

    def choose(self) -> None:
        """Leave with the line under the cursor, after looking for things if they have not been read."""
        if self._rest is not None and self._is_looking and self.listing.cursor == self._first:
            # Enter right after the last letter: the things it may mean have not been read yet.
            self._rest.stop()
            text, reader = self.entry.value, self.app.reader  # type: ignore[attr-defined]
            self.ask("things", lambda: _found(reader, text), lambda answer: self._choose_first(*answer))
            return
        self._choose()

    def _choose_first(self, things: list[Thing], use_id: str) -> None:
        self._things, self._use, self._is_looking = things, use_id, False
        self._rest = None
        self._draw()
        self._choose()

    def _choose(self) -> None:
        place = self.listing.cursor
        entry = self._entries[place] if place < len(self._entries) else None
        if entry is None or entry.run is None:
            return
        if entry.stays:
            entry.run()
        else:
            self.dismiss(entry.run)


def _is_called(thing: Thing, text: str) -> bool:
    """Say whether the name of a thing, or the alias of a version, begins with a text."""
    names = [thing.name, thing.name.rpartition(":")[2]] if thing.kind == "version" else [thing.name]
    return any(name.lower().startswith(text.strip().lower()) for name in names)


def _found(reader: Reader, text: str) -> tuple[list[Thing], str]:
    """Find what a text names; if that is nothing, the names behind a word such as `plot`, and the id of that use."""
    things = [*find_ways(reader, text), *find_things(reader, text)]
    use_id, name = use_asked_for(text)
    if things or not use_id:
        return things, ""
    return [
        thing for thing in find_things(reader, name) if any(use.id == use_id for use in uses_of(thing.kind))
    ], use_id
