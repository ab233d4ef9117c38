"""Sharing the catalog, or a part of it: where to, what, and what is taken out; what would go out stands there before it is written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from artui.safetext import clean
from artui.tui.cells import fit_middle
from artui.tui.choosing import short_path
from artui.tui.facts.sections import hanging_text
from artui.tui.keys import bindings
from artui.tui.messages import LineChosen, Link
from artui.tui.screens.asked import AskedScreen
from artui.tui.widgets.lines import BLANK, Line
from artui.tui.widgets.prompt import Prompt
from artui.units import bytes_text

if TYPE_CHECKING:
    from artui.query.reader import Reader
    from artui.travel.sharing import Order, Shared, Tell
    from artui.tui.cells import Span

TOPIC = "share"
LOOKED_AT_ONCE_BYTES = 256 << 20
"""What would go out of a larger catalog is only looked at once that is asked for: that makes a copy of it for a moment."""
_LABEL_CELLS = 10
_LEAST_CELLS = 20


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be shared."""

    out: str
    where: str = ""
    """Only runs that this filter matches, with all that they need; empty for the whole catalog."""
    has_content: bool = True
    redacted: str = ""
    """Classes of what is taken out, or `all`."""


def first_wish(path: Path, title: str) -> Wish:
    """Offer a free name beside the catalog."""
    folder, stem = path.parent, Path(title).stem or path.stem
    names = (f"{stem}-shared{'' if number == 1 else f'-{number}'}.artui" for number in range(1, 1000))
    return Wish(str(folder / next(name for name in names if not os.path.lexists(folder / name))))


def order_of(reader: Reader, wish: Wish) -> Order:
    """Give what is shared, as sharing has it.

    Raises:
        UsageError: there is no such class of what is redacted.
        FilterError: the filter cannot be read.
    """
    from artui.catalog.redacting import classes_of
    from artui.query.parts import part_of
    from artui.travel.sharing import Order

    redacted = classes_of(wish.redacted) if wish.redacted else frozenset()
    order = Order(has_content=wish.has_content, redacted=redacted)
    if not wish.where:
        return order
    part = part_of(reader, where=wish.where)
    return replace(order, run_ids=part.run_ids, version_ids=part.version_ids)


class ShareScreen(AskedScreen):
    """Holds a wish, and what would go out by it."""

    SCOPES = ("share", "list", "app")
    LIST_ID = "share"
    HAS_LINKS = True
    PLACE = 7
    BINDINGS = bindings("share")

    def __init__(self, wish: Wish, *, where: str, size_bytes: int) -> None:
        """Begin with a wish; `where` is the filter of the table of runs, which may be shared alone."""
        super().__init__()
        self.wish = wish
        self._where = where
        self._size_bytes = size_bytes
        self.shared: Shared | None = None
        """What would go out; None before it was looked at."""
        self._progress = ""
        self._is_stopped = False
        """Whether looking was stopped, or failed: only what is wished anew, or asked for, begins it again."""
        self._writes = False
        """Whether it is asked at once whether to write, when it is known what would go out."""

    def title_spans(self) -> list[Span]:
        """Say what the screen is for."""
        return [("share", "title")]

    def load(self) -> None:
        """Look what would go out, unless that takes long."""
        if self.shared is None and self._size_bytes <= LOOKED_AT_ONCE_BYTES and not self._is_stopped:
            self._look()
        self._draw()

    def _look(self) -> None:
        reader, wish, progress = self.reader, self.wish, self.progress(self._show_progress)
        self._is_stopped = False

        def work() -> Shared:
            from artui.travel.sharing import share

            with progress:
                return share(reader.path, _target(wish), order_of(reader, wish), is_dry=True, tell=progress.step)

        def take(shared: Shared) -> None:
            if wish != self.wish:
                return
            self.shared, self._progress = shared, ""
            self._draw()
            if self._writes:
                self._ask_to_write(shared)

        self.ask("look", work, take, is_long=True)
        self._show_progress("looking what would go out")

    def _show_progress(self, text: str) -> None:
        if self.is_asking("look"):
            self._progress = text
            self._draw()

    def left_unanswered(self, topic: str) -> None:
        """Show that looking was stopped, or failed."""
        if topic == "look":
            self._progress, self._writes, self._is_stopped = "", False, True
            self._draw()

    def _draw(self) -> None:
        if not self.size.width:
            return
        from artui.travel.saying import SCREEN, share_lines

        said = list(share_lines(self.shared, _target(self.wish), is_dry=True, ways=SCREEN)) if self.shared is not None else []  # fmt: skip
        lines = wish_lines(self.wish, filter_in_force=self._where, said=said, progress=self._progress, cells=self.size.width)  # fmt: skip
        self.listing.set_lines(lines, keep=True)

    def on_resize(self) -> None:
        self._draw()

    def on_line_chosen(self, message: LineChosen) -> None:
        if message.link is not None:
            message.stop()
            message.prevent_default()
            getattr(self, f"action_{message.link.id}")()

    def action_open(self) -> None:
        self.listing.choose()

    def _change(self, wish: Wish) -> None:
        """Take another wish; what would go out by it is looked at anew."""
        is_same = replace(wish, out=self.wish.out) == self.wish
        self.wish = wish
        if not is_same:
            self.shared, self._writes, self._is_stopped = None, False, False
            self.load()
        self._draw()

    def action_out(self) -> None:
        """Ask for the path of the file that is made."""
        self.query_one(Prompt).ask("share as", self._set_out, text=self.wish.out, keeps_text=True, enter_word="take")

    def _set_out(self, text: str) -> None:
        if text:
            out = os.path.expanduser(text)
            if os.path.isdir(out):
                out = os.path.join(out, os.path.basename(self.wish.out))
            self._change(replace(self.wish, out=os.path.abspath(out)))

    def action_part(self) -> None:
        """Share the whole catalog, or the runs that the filter of the table matches."""
        if not self._where:
            self.artui.say("The table of runs has no filter: the whole catalog is shared.")
        else:
            self._change(replace(self.wish, where="" if self.wish.where else self._where))

    def action_content(self) -> None:
        """Leave the bytes of files out, or take them along."""
        self._change(replace(self.wish, has_content=not self.wish.has_content))

    def action_redact(self) -> None:
        """Ask what is taken out."""
        from artui.catalog.redacting import CLASSES

        names = ["all", *CLASSES]
        prompt = self.query_one(Prompt)
        prompt.ask(
            f"take out  (all, or some of {', '.join(CLASSES)})", self._set_redacted, text=self.wish.redacted or "all",
            enter_word="look", is_list=True,
        )  # fmt: skip
        prompt.offer(names, to=prompt.asked_count)

    def _set_redacted(self, text: str) -> None:
        from artui.catalog.redacting import classes_of

        if text:
            classes_of(text)
        self._change(replace(self.wish, redacted=text))

    def action_write(self) -> None:
        """Write the file, once it was said what would go out, and asked."""
        if self.artui.is_working(TOPIC):
            self.artui.say("A file is being written: esc stops it.")
        elif self.shared is not None:
            self._ask_to_write(self.shared)
        else:
            self._writes = True
            if not self.is_asking("look"):
                self._look()

    def _ask_to_write(self, shared: Shared) -> None:
        self._writes = False
        target = clean(short_path(_target(self.wish)), max_chars=300)
        self.query_one(Prompt).ask_yes_or_no(f"write {bytes_text(shared.size_bytes)} to {target}?", self._write)

    def _write(self) -> None:
        reader, wish, app = self.reader, self.wish, self.artui
        target = _target(wish)
        from artui.travel.placing import refuse

        refuse(reader.path, target, replaces=False, word="shared")

        def work(tell: Tell) -> Shared:
            from artui.travel.sharing import share

            return share(reader.path, target, order_of(reader, wish), tell=tell)

        def done(shared: Shared) -> None:
            app.say(f"shared: {clean(short_path(target))}, {bytes_text(shared.size_bytes)}", seconds=15)

        app.work(TOPIC, work, done)
        app.say("sharing … · esc stops it")
        if self.is_current:
            app.pop_screen()


def _target(wish: Wish) -> Path:
    from artui.paths import usable_path

    return usable_path(Path(wish.out))


def wish_lines(wish: Wish, *, filter_in_force: str, said: Sequence[str], progress: str, cells: int) -> list[Line]:
    """Show what is wished, each part with the key that changes it, and what would go out."""
    room = max(_LEAST_CELLS, cells - _LABEL_CELLS - 6)
    what: list[Span] = [("the whole catalog", "text")]
    if wish.where:
        what = [
            ("runs that match ", "text"),
            (clean(wish.where, max_chars=200), "accent"),
            (", with all that they need", "text"),
        ]
    elif filter_in_force:
        what.append((f"   f: only what {clean(filter_in_force, max_chars=80)} matches", "dim"))
    content = "with the bytes of the files that are stored" if wish.has_content else "without the bytes of files"
    redacted = wish.redacted or "nothing: it names people, hosts and folders"
    if wish.redacted == "all":
        redacted = "all that names people, hosts and folders, and what was said"
    lines = [
        BLANK,
        _row("o", "to", [(fit_middle(clean(short_path(Path(wish.out))), room).rstrip(), "accent")], "out"),
        _row("f", "what", what, "part"),
        _row("c", "content", [(content, "text")], "content"),
        _row("x", "take out", [(clean(redacted, max_chars=200), "text" if wish.redacted else "dim")], "redact"),
        BLANK,
    ]
    if progress:
        return [*lines, Line([(f"  {progress}", "accent"), ("   esc stops it", "dim")])]
    if not said:
        return [*lines, Line([("  w", "key"), (" looks what would go out, says it, and asks before it writes", "dim")])]
    # Above what may be long: the next step is in sight.
    lines += [Line([("  w", "key"), (" writes it", "text"), ("   nothing has been written yet", "dim")]), BLANK]
    for number, text in enumerate(said[:-1] if len(said) > 1 else said):
        is_warning = text.lstrip().startswith("!")
        first, *rest = hanging_text(clean(text.strip()), max(_LEAST_CELLS, cells - 6))
        style = "warn" if is_warning else "text" if number else "bold"
        # The first says what the file is; each of the others is one thing to know of it.
        lines.append(Line([("  · " if number else "  ", "dim"), (first, style)]))
        lines += [Line([("  ", "dim"), (row if number else row.strip(), style)]) for row in rest]
    return lines


def _row(key: str, label: str, spans: Sequence[Span], action: str) -> Line:
    return Line([("  ", "text"), (f"{key} ", "key"), (f"{label:<{_LABEL_CELLS}}", "dim"), *spans], Link("fold", action))
