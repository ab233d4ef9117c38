"""The line at the top that says what is shown, and the line at the bottom with the keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import events
from textual.strip import Strip
from textual.widget import Widget

from artui.tui.cells import Span, Spans, fit_middle, length_of, strip_of
from artui.tui.keys import typed_key
from artui.tui.widgets.rows import wrapped


class Press(tuple[str, str]):
    """A span that does something when it is clicked."""

    action: str
    """What it does on the screen, as in a binding; or `key:` and the name of a key that it stands for."""

    def __new__(cls, text: str, style: str, action: str) -> Press:
        span = super().__new__(cls, (text, style))
        span.action = action
        return span


PLACES = ((1, "Runs"), (2, "Artifacts"), (3, "Lineage"), (4, "Live"), (5, "Lifecycle"), (6, "Deploy"), (7, "Catalog"))
"""The main screens, by their keys."""
_ACTIONS = {6: "deployments"}
"""Those that have a longer name than there is room for."""
_MOST_OF_LINE = 5, 8
"""At most such a share of the line is theirs, as a fraction."""


def place_spans(here: int, cells: int, *, beside: int = 0) -> list[Span]:
    """Give the main screens for the line at the top; where there is little room, of all but the one in sight the key alone.

    Args:
        here: the key of the one in sight.
        cells: of the line.
        beside: cells of what else it says: that comes before the names of other screens.
    """
    whole = [_place(number, name, is_here=number == here) for number, name in PLACES]
    spans = [span for place in whole for span in place]
    part, whole_line = _MOST_OF_LINE
    if length_of(spans) * whole_line <= cells * part and length_of(spans) + 1 + beside <= cells:
        return spans
    return [span for (number, _), place in zip(PLACES, whole, strict=True) for span in (place if number == here else place[:1])]  # fmt: skip


def _place(number: int, name: str, *, is_here: bool) -> list[Span]:
    action = f"app.show_{_ACTIONS.get(number, name.lower())}"
    return [
        Press(f" {number} ", "accent" if is_here else "faint", action),
        Press(f"{name} ", "title" if is_here else "dim", action),
    ]


CRUMB: Span = (" ▸ ", "frame")
"""Between the parts of a place, such as a catalog, a project and a run."""
INSIDE: Span = (" ▸ ", "dim")
"""Between a version and a file in it: where there is little room, the name of the catalog goes before the version."""
WARNINGS = ("warn", "bad")
FEWEST_TITLE_CELLS = 8


def fitted_place(spans: Spans, cells: int) -> Spans:
    """Shorten a place to so many cells.

    What it is inside of goes first, then what is counted in the catalog, then the catalog's name; then the title is cut
    in its middle. What stands behind the title, such as a status, stays, and so do warnings about the catalog; what is
    counted there goes as a whole where even a short title leaves no room for it, and then the version that a file is in.
    """
    spans = tuple(spans)
    while length_of(spans) > cells and spans.count(CRUMB) > 1:
        first = spans.index(CRUMB)
        spans = (*spans[:first], *spans[spans.index(CRUMB, first + 1) :])
    for kept in (("bold", *WARNINGS), WARNINGS):
        if length_of(spans) > cells and CRUMB in spans:
            first = spans.index(CRUMB)
            said = tuple(span for span in spans[:first] if span[1] in kept)
            spans = (*said, CRUMB if said else (" ", "text"), *spans[first + 1 :])
    excess = length_of(spans) - cells
    if excess <= 0:
        return spans
    longest = max((span for span in spans if span[1] == "title"), key=lambda span: length_of([span]), default=None)
    if longest is None:
        return spans
    if length_of([longest]) - excess < min(FEWEST_TITLE_CELLS, length_of([longest])):
        if spans[-1][1] in ("dim", "faint"):
            # A number is never cut.
            return fitted_place(spans[:-1], cells)
        if INSIDE in spans:
            return fitted_place(((" ", "text"), *spans[spans.index(INSIDE) + 1 :]), cells)
    titles = [span for span in spans if span[1] == "title"]
    # Two that are long are cut to one length: neither is worth more than the other.
    lengths = [length_of([span]) for span in titles]
    cells = longest_cells(lengths, sum(lengths) - excess)
    return tuple(
        (fit_middle(span[0], max(FEWEST_TITLE_CELLS, cells)).rstrip(), span[1])
        if span[1] == "title" and length_of([span]) > cells
        else span
        for span in spans
    )


def longest_cells(lengths: Sequence[int], room: int) -> int:
    """Give the most cells that each of some texts may have for all of them to fit."""
    left, count = room, len(lengths)
    for length in sorted(lengths):
        if length * count > left:
            return max(0, left // count)
        left, count = left - length, count - 1
    return max(lengths, default=0)


class Bar(Widget):
    """One line with a left and a right part; the left one is cut if there is too little room, a place as `fitted_place` does it."""

    DEFAULT_CSS = "Bar { height: 1; width: 1fr; }"

    def __init__(self, *, fill: str = "text", id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._left: Spans = ()
        self._right: Spans = ()
        self._fill = fill

    def show(self, left: Spans, right: Spans = ()) -> None:
        """Show other parts."""
        is_same = (tuple(left), tuple(right)) == (tuple(self._left), tuple(self._right))
        # Spans that look alike may do other things.
        self._left, self._right = tuple(left), tuple(right)
        if not is_same:
            self.refresh()

    @property
    def _right_cells(self) -> int:
        """Cells of the right part; 0 if there is no room for it."""
        cells = length_of(self._right)
        return cells if cells + 8 <= self.size.width else 0

    @property
    def _shown_left(self) -> Spans:
        right = self._right_cells
        room = self.size.width - right - (1 if right else 0)
        return fitted_place(self._left, room) if CRUMB in self._left else self._left

    def render_line(self, y: int) -> Strip:
        palette = self.app.palette  # type: ignore[attr-defined]
        width, right = self.size.width, self._right_cells
        if not right:
            return strip_of(self._shown_left, width, palette, fill=self._fill)
        left = strip_of(self._shown_left, width - right - 1, palette, fill=self._fill)
        gap = strip_of((), 1, palette, fill=self._fill)
        return Strip.join([left, gap, strip_of(self._right, right, palette, fill=self._fill)])

    async def on_click(self, event: events.Click) -> None:
        """Do what the span under the pointer is for."""
        start = self.size.width - self._right_cells
        span = _span_at(self._right, event.x - start) if event.x >= start else _span_at(self._shown_left, event.x)
        if not isinstance(span, Press):
            return
        event.stop()
        kind, _, key = span.action.partition(":")
        if kind == "key":
            self.app.simulate_key(key)
        else:
            await self.screen.run_action(span.action)


def _span_at(spans: Iterable[Span], cell: int) -> Span | None:
    for span in spans:
        cell -= length_of([span])
        if cell < 0:
            return span
    return None


NOTICE_ROWS = 3
"""A notice takes so many rows at most."""
HINT = " · "
"""Before the last part of a notice, which says what one can do now."""


def notice_rows(notice: Spans, cells: int) -> list[Spans]:
    """Break a notice into rows; of one that is too long for all of them the part before its hint is cut in its middle."""
    longest = max(notice, key=lambda span: length_of([span]))
    text, style = longest
    before, sign, hint = text.rpartition(HINT)
    if not sign or length_of([(hint, "")]) > cells:
        before, sign, hint = text, "", ""
    room = cells * NOTICE_ROWS - (length_of(notice) - length_of([(before, "")]))
    shown = notice
    while len(cuts := wrapped(whole := "".join(text for text, _ in shown), cells)) > NOTICE_ROWS and room > 0:
        shorter = fit_middle(before, room).rstrip() + sign + hint
        shown = [(shorter, style) if span is longest else span for span in notice]
        room -= 4
    cuts = cuts[:NOTICE_ROWS]
    rows: list[Spans] = []
    for cut, end in zip(cuts, [*cuts[1:], len(whole)], strict=True):
        row: list[Span] = []
        at = 0
        for text, style in shown:
            part = text[max(0, cut - at) : max(0, end - at)]
            row += [(part if row else part.lstrip(), style)] if part.strip() or row else []
            at += len(text)
        rows.append(row)
    return rows


class KeyBar(Bar):
    """The most useful keys of the moment, as many as fit; a notice takes their place, but not that of a question's keys.

    A notice that is too long for one line makes the bar higher, as long as it is there.
    """

    def __init__(self) -> None:
        super().__init__(fill="bar", classes="keybar")
        self._pairs: list[tuple[str, str]] = []
        self._is_asking = False
        self._notice: Spans = ()
        self._below: Sequence[Spans] = ()
        """Further rows of a notice."""

    def render_line(self, y: int) -> Strip:
        """Draw the keys, or a row of a notice."""
        if y == 0:
            return super().render_line(y)
        row = self._below[y - 1] if y <= len(self._below) else ()
        return strip_of([(" ", "bar"), *row], self.size.width, self.app.palette, fill="bar")  # type: ignore[attr-defined]

    def show_keys(self, pairs: list[tuple[str, str]]) -> None:
        """Show the keys of the screen, as (key, label) pairs."""
        self._pairs, self._is_asking = pairs, False
        self._draw()

    def ask(self, pairs: list[tuple[str, str]]) -> None:
        """Show the keys of a question or of a menu: what was said before is over, and what is said meanwhile stands behind them."""
        self._pairs, self._is_asking = pairs, True
        self.app.forget_old_notice()  # type: ignore[attr-defined]
        self._draw()

    def show_notice(self, notice: Spans) -> None:
        """Show a notice instead of the keys; `()` shows the keys again."""
        self._notice = tuple(notice)
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        right: list[Span] = []
        if not self._is_asking:
            # While an entry takes text, a question mark is text.
            right = [Press("? ", "bar.key", "key:question_mark"), Press("all keys ", "bar", "key:question_mark")]
        rows: list[Spans] = []
        if self._notice and not self._is_asking:
            width = self.size.width
            is_short = 1 + length_of(self._notice) + 1 + length_of(right) <= width or width < FEWEST_TITLE_CELLS
            rows = [self._notice] if is_short else notice_rows(self._notice, width - 2)
            right = right if is_short else []
        if rows:
            self._set_below(rows[1:])
            self.show([(" ", "bar"), *rows[0]], right)
            return
        keys = self._key_spans(right)
        behind = self._notice
        self._set_below(())
        if behind and length_of(keys) + length_of(behind) > self.size.width - length_of(right) >= FEWEST_TITLE_CELLS:
            # The keys of a question stay; what is said meanwhile stands whole below them.
            self._set_below(notice_rows(behind, self.size.width - 2))
            behind = ()
        self.show([*keys, *behind], right)

    def _set_below(self, rows: Sequence[Spans]) -> None:
        self._below = rows
        height = 1 + len(rows)
        if self.styles.height is None or self.styles.height.value != height:
            self.styles.height = height
        self.refresh()

    def _key_spans(self, right: list[Span]) -> list[Span]:
        """Give as many keys as fit beside what stands at the right end, which this may add to."""
        note = self.app.place_note  # type: ignore[attr-defined]
        if note and self.size.width >= 100:
            right.insert(0, (f"{note}   ", "bar"))
        spans: list[Span] = [(" ", "bar")]
        room = self.size.width - length_of(right) - 1
        for key, label in self._pairs:
            action = f"key:{typed_key(key)}"
            part: list[Span] = [Press(f"{key} ", "bar.key", action), Press(f"{label}  ", "bar", action)]
            # A shorter one behind one that does not fit may.
            if length_of(spans) + length_of(part) <= room:
                spans += part
        return spans
