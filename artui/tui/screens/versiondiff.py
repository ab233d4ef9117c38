"""How one version differs from another: its files, and what is in each, read one after the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from textual.app import ComposeResult
from textual.containers import Horizontal

from artui.model.difference import FileDifference, TextLine, ValueChange, VersionDifference
from artui.query.artifactrows import heads_of
from artui.query.artifacts import get_version
from artui.query.difference.files import Known, file_difference
from artui.query.difference.makers import makers_difference
from artui.query.difference.pictures import marked
from artui.query.difference.versions import version_before, version_difference
from artui.safetext import clean
from artui.sheets.difference import about_text, difference_sheet, folded, group_sections
from artui.tui.cells import Span, fit, length_of
from artui.tui.facts.column import Side, drawn_lines, fewest_rows
from artui.tui.facts.sections import STYLES, section_lines
from artui.tui.keys import bindings
from artui.tui.messages import LineChosen, LineMoved, Link
from artui.tui.screens.base import CatalogScreen
from artui.tui.screens.diff import in_rows, worded_spans
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.image import ImageView
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.tui.widgets.paragraph import wrapped
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import Preview, VersionHead
    from artui.model.profiles import ColumnDrift
    from artui.query.reader import Reader
    from artui.tui.screens.image import Seen

MOST_FILES = 200
"""So many files that differ are looked into, the first of them."""
MOST_ROWS = 200
_NUMBERS_FROM_CELLS = 72
_FEWEST_PICTURE_ROWS = 6
_THIRD_FROM_CELLS = 76
"""A narrower screen has no room for a third picture."""
_GAP_CELLS = 2
"""Between the pictures of both versions."""
_HEAD_ROWS = 2
"""Above what is drawn of a column."""
_OTHER_ROWS = 4
"""Of the screen so many lines are neither the list nor pictures."""
_STYLES = {"+": "good", "-": "bad", " ": "dim", "@": "accent", "!": "warn"}


class _Begun(NamedTuple):
    difference: VersionDifference
    known: Known


class VersionDiffScreen(CatalogScreen):
    """Holds the keys of two versions, the earlier one first."""

    SCOPES = ("versiondiff", "diff", "find", "list", "app")
    PLACE = 2
    BINDINGS = [*bindings("versiondiff"), *bindings("diff"), *bindings("find")]

    def __init__(self, before: VersionHead, after: VersionHead) -> None:
        super().__init__()
        self._before, self._after = before, after
        self._begun: _Begun | None = None
        self._details: dict[str, FileDifference] = {}
        self._places: list[tuple[int, tuple[str, ...]]] = []
        """The line that names a file that was looked into, or the first of several that differ alike, and their paths."""
        self._pair_of = ""
        """Path of the picture that is drawn as both versions have it; empty if none is."""
        self._pair_for: tuple[str, tuple[int, int]] | None = None
        """That picture, and the size in which it was asked for."""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="summary")
        yield LineList(only_links=True, is_page=True, says_more=True, id="diff")
        yield LineList(marks_cursor=False, id="column")
        yield Bar(id="names")
        with Horizontal(id="pair"):
            yield ImageView(only_cells=True, id="first")
            yield ImageView(only_cells=True, id="second")
            yield ImageView(only_cells=True, id="third")
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        """The list of lines."""
        return self.query_one("#diff", LineList)

    @property
    def column_pane(self) -> LineList:
        """How the values of a column lie in both versions, where there is room for that."""
        return self.query_one("#column", LineList)

    def on_mount(self) -> None:
        self.show_place()
        for name in ("#pair", "#names", "#column"):
            self.query_one(name).display = False
        self.listing.set_lines([BLANK, Line([("  reading …", "dim")])])
        self.set_focus(self.listing)

    def title_spans(self) -> list[Span]:
        """Say which versions are compared."""
        return [
            ("from ", "dim"),
            (clean(self._before.reference), "title"),
            (" to ", "dim"),
            (clean(self._after.reference), "title"),
        ]

    def subject(self) -> VersionHead:
        """Give the later version."""
        return self._after

    def load(self) -> None:
        """Ask for the difference, once: what is in a version never changes."""
        reader, ids = self.reader, (self._before.id, self._after.id)
        if self._begun is None:
            self.ask("difference", lambda: _begun(reader, ids), self._take)

    def _take(self, begun: _Begun) -> None:
        self._begun = begun
        self._draw()
        # How the two came to be takes a look into the code of two runs: what differs in the files does not wait for it.
        reader, ids = self.reader, (self._before.id, self._after.id)
        self.ask("makers", lambda: makers_difference(reader, *(get_version(reader, each) for each in ids)), self._take_makers)  # fmt: skip
        self._read_next()

    def _take_makers(self, makers: tuple[ValueChange, ...]) -> None:
        assert self._begun is not None
        self._begun = self._begun._replace(difference=replace(self._begun.difference, makers=makers))
        self._draw()

    def _read_next(self) -> None:
        """Look into the next file; what was found already can be read meanwhile."""
        begun = self._begun
        if begun is None:
            return
        change = next((each for each in begun.difference.files[:MOST_FILES] if each.path not in self._details), None)
        if change is None:
            return

        def look() -> FileDifference:
            return file_difference(begun.known, change, may_take_long=False, is_wanted=lambda: self.is_running)

        self.ask("file", look, self._take_file)

    def _take_file(self, detail: FileDifference) -> None:
        self._details[detail.path] = detail
        self._draw()
        self._read_next()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if self._begun is None:
            return
        difference, cells = self._begun.difference, self.size.width - 1
        sheet = difference_sheet(difference, self._details)
        lines: list[Line] = []
        for section in sheet.sections:
            lines += [*([BLANK] if lines else []), *section_lines(section, cells=cells, fewest=4)]
        if not difference.files and not difference.facts:
            lines += [BLANK, Line([(" Both hold the same files, and the same is said of them.", "text")])]
        self._places = []
        details = [self._details[change.path] for change in difference.files if change.path in self._details]
        for group in folded(detail for detail in details if detail.kind != "nothing" or detail.notes):
            lines.append(BLANK)
            self._places.append((len(lines), tuple(detail.path for detail in group)))
            link = Link("file", f"{difference.after.key}:{group[0].path}")
            first, *others = _detail_lines(group, cells)
            lines += [first._replace(link=link), *others]
            if group[0].kind == "picture":
                lines.append(self._earlier_line(group[0].path))
        if left := self._left():
            lines += [BLANK, Line([(f"  reading {plural(left, 'more file')} …", "dim")])]
        if (unseen := len(difference.files) - MOST_FILES) > 0:
            command = f"artui diff {clean(self._before.reference)} {clean(self._after.reference)} --file GLOB"
            text = f" {plural(unseen, 'more file')} not looked into: `{command}` does"
            lines += [BLANK, Line([(text, "warn")])]
        self.listing.set_lines(lines)
        self._say()

    def _earlier_line(self, path: str) -> Line:
        """Lead to a picture as the earlier version has it: its name leads to the later one."""
        assert self._begun is not None
        change = next(change for change in self._begun.difference.files if change.path == path)
        link = Link("file", f"{self._before.key}:{change.old_path or path}")
        return Line(
            [("   as it was: ", "dim"), (clean(f"{self._before.reference} {change.old_path or path}"), "accent")], link
        )

    def _left(self) -> int:
        """Count the files that are still to be looked into."""
        assert self._begun is not None
        return sum(change.path not in self._details for change in self._begun.difference.files[:MOST_FILES])

    def on_line_chosen(self, message: LineChosen) -> None:
        """Draw a column in both versions, or go to what is said of a file."""
        link = message.link
        if link is not None and link.kind == "file":
            return
        message.stop()
        message.prevent_default()
        if link is None:
            return
        if link.kind == "rows":
            self._show_rows(link.id)
            return
        if link.kind == "section":
            place = next((place for place, paths in self._places if link.id in paths), None)
            detail = self._details.get(link.id)
            is_alone = (
                detail is not None
                and detail.kind != "picture"
                and any(paths == (link.id,) for _, paths in self._places)
            )
            if place is None or (is_alone and self._is_in_sight(place)):
                # There is nothing to go to: what differs in it stands here already.
                if detail is None or not self._show_rows(link.id):
                    self._show_file(link.id)
            else:
                self.listing.show_from(place)
            return
        number, _, path = link.id.partition(":")
        detail = self._details.get(path)
        if detail is not None and detail.table is not None:
            from artui.tui.screens.profile import ProfileScreen, Shown

            names = clean(self._before.reference), clean(self._after.reference)
            shown = [
                Shown([Side(names[0], each.before), Side(names[1], each.after)], each.spreads, each)
                for each in detail.table.drifts
            ]
            self.artui.push_screen(ProfileScreen("", path, shown, int(number)))

    def _is_in_sight(self, place: int) -> bool:
        """Whether all that is said of a file stands on the screen, of which the line is the first."""
        listing = self.listing
        top = int(listing.scroll_offset.y)
        end = min((other for other, _ in self._places if other > place), default=len(listing.lines))
        return top <= place and end <= top + listing.size.height

    def _show_rows(self, path: str) -> bool:
        """Show the rows of a table that differ; false if there are none."""
        from artui.query.difference.files import changed_rows
        from artui.tui.screens.changedrows import ChangedRowsScreen

        begun, detail = self._begun, self._details.get(path)
        rows = detail.table.rows if detail is not None and detail.table is not None else None
        if begun is None or rows is None or not (rows.added or rows.removed or rows.changed):
            return False
        change = next(change for change in begun.difference.files if change.path == path)
        names = clean(self._before.reference), clean(self._after.reference)
        self.artui.push_screen(ChangedRowsScreen(names, path, partial(changed_rows, begun.known, change, rows)))
        return True

    def point_at_column(self, path: str, place: int) -> None:
        """Put the cursor on the line of a column; those without drift have one together."""
        listing = self.listing
        links = [line.link for line in listing.lines]
        wanted = Link("column", f"{place}:{path}")
        if wanted not in links and (calm := self._calm_link(path)) is not None:
            wanted = calm
        if wanted in links:
            listing.move_to(links.index(wanted))

    def _calm_link(self, path: str) -> Link | None:
        detail = self._details.get(path)
        drifts = detail.table.drifts if detail is not None and detail.table is not None else ()
        calm = (place for place, drift in enumerate(drifts) if drift.word == "none" and not drift.is_key)
        return next((Link("column", f"{place}:{path}") for place in calm), None)

    def _show_file(self, path: str) -> None:
        """Show a file as the later version has it, or the earlier one if that alone does."""
        assert self._begun is not None
        change = next(change for change in self._begun.difference.files if change.path == path)
        self.artui.show_file(self._before.key if change.change == "removed" else self._after.key, path)

    def action_open(self) -> None:
        """Follow the line under the cursor; where one reads on below it, show the file that is in sight."""
        listing = self.listing
        top = int(listing.scroll_offset.y)
        paths = [paths for place, paths in self._places if place <= self._line_in_sight()]
        if paths and not top <= listing.cursor < top + listing.size.height:
            self._show_file(paths[-1][0])
        else:
            listing.choose()

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()
        if message.sender is self.listing:
            self._say()

    def _say(self) -> None:
        """Say what differs in all, and which of the files is in sight."""
        if self._begun is None:
            return
        left: list[Span] = [(f" {clean(about_text(self._begun.difference))}", "text")]
        current = sum(place <= self._line_in_sight() for place, _ in self._places)
        path = self._places[max(0, current - 1)][1][0] if self._places else ""
        self._fit_pair(path)
        self._fit_column(path)
        right: list[Span] = []
        if current:
            paths = self._places[current - 1][1]
            name = clean(paths[0], max_chars=500) if len(paths) == 1 else plural(len(paths), "file")
            right = [
                (fit(name, min(40, length_of([(name, "")])), keep_end=True), "accent"),
                (f"  {current} of {len(self._places)} ", "dim"),
            ]
        self.query_one("#summary", Bar).show(left, right)

    def on_lines_scrolled(self) -> None:
        self._say()

    def _line_in_sight(self) -> int:
        """Give the line under the cursor; where one reads on without it, the last in sight above or the first below."""
        listing = self.listing
        top = int(listing.scroll_offset.y)
        return max(top, min(listing.cursor, top + max(0, listing.size.height - 2)))

    # A column, as both versions have it

    def _fit_column(self, path: str) -> None:
        """Draw the column under the cursor in both versions, or the one of the file in sight that drifted most, where the list leaves room."""
        pane, drift = self.column_pane, self._column_of(path)
        room = self.size.height - len(self.listing.lines) - _OTHER_ROWS
        spreads = drift.spreads if drift is not None else None
        if drift is None or spreads is None or not spreads.before or room < fewest_rows(2) + _HEAD_ROWS:
            pane.display = False
            return
        sides = [
            Side(clean(head.reference), each)
            for head, each in ((self._before, drift.before), (self._after, drift.after))
        ]
        lines = drawn_lines(sides, spreads, cells=max(20, self.size.width - 1), rows=room - _HEAD_ROWS)
        title = Line([(f" {clean(drift.name, max_chars=80)}", "title"), (f"  drift {drift.word}", "dim")])
        pane.display = True
        pane.styles.height = room
        pane.set_lines([BLANK, title, *lines], keep=False)

    def _column_of(self, path: str) -> ColumnDrift | None:
        link = self.listing.link
        if link is not None and link.kind == "column":
            number, _, path = link.id.partition(":")
            table = self._details[path].table if path in self._details else None
            return table.drifts[int(number)] if table is not None else None
        detail = self._details.get(path)
        drifts = detail.table.drifts if detail is not None and detail.table is not None else ()
        return next((drift for drift in drifts if not drift.is_key and drift.word not in ("none", "unknown")), None)

    # A picture, as both versions have it

    def _fit_pair(self, path: str) -> None:
        """Draw a file as both versions have it beside each other, if it is a picture."""
        detail = self._details.get(path)
        is_pair = detail is not None and detail.kind == "picture"
        self._pair_of = path if is_pair else ""
        pair, names = self.query_one("#pair"), self.query_one("#names", Bar)
        if pair.display != is_pair:
            pair.display = names.display = is_pair
            # The list has other room now: what was chosen stays in sight.
            self.listing.keep_in_sight()
        if is_pair:
            least = max(_FEWEST_PICTURE_ROWS, self.size.height // 2)
            pair.styles.height = max(least, self.size.height - len(self.listing.lines) - _OTHER_ROWS)
            has_third = self._has_third(detail)
            self.query_one("#third").display = has_third
            cells = (self.size.width - (1 + has_third) * _GAP_CELLS) // (2 + has_third)
            for name in ("#second", "#third"):
                self.query_one(name).styles.margin = (0, 0, 0, _GAP_CELLS)
            before, after = clean(self._before.reference), clean(self._after.reference)
            names.show([
                (fit(before, cells).rstrip().center(cells) + " " * _GAP_CELLS, "dim"),
                (fit(after, cells).rstrip().center(cells) + " " * (has_third * _GAP_CELLS), "accent"),
                *([("where they differ".center(cells), "warn")] if has_third else []),
            ])  # fmt: skip
            self._ask_pair()

    def _has_third(self, detail: FileDifference | None) -> bool:
        """Whether there is room to draw where the pictures differ, which have one size."""
        if detail is None or self.size.width < _THIRD_FROM_CELLS:
            return False
        titles = {preview.title for preview in detail.previews if preview is not None}
        return len(titles) == 1

    def on_image_view_resized(self) -> None:
        self._ask_pair()

    def _ask_pair(self) -> None:
        """Read the picture of both versions in the size that there is room for."""
        from artui.tui.screens.image import read_image

        begun, path = self._begun, self._pair_of
        first, second = self.query_one("#first", ImageView), self.query_one("#second", ImageView)
        wanted = first.wanted_pixels
        if begun is None or not path or not first.size.area or (path, wanted) == self._pair_for:
            return
        self._pair_for = path, wanted
        rooms = _one_scale(self._details[path].previews, wanted) if path in self._details else (wanted, wanted)
        change = next(change for change in begun.difference.files if change.path == path)
        reader, keys = self.reader, begun.known.keys
        places = list(zip(keys, (change.old_path or path, path), strict=True))

        def show(seen: list[Seen]) -> None:
            if path == self._pair_of:
                for view, each in zip((first, second), seen, strict=True):
                    view.show(each.pixels, clean(each.why_not))
                before, after = (each.pixels for each in seen)
                differing = marked(before, after) if before is not None and after is not None else None
                self.query_one("#third", ImageView).show(
                    differing, "not known: their pixels cannot be held against each other"
                )

        self.ask("pair", lambda: [read_image(reader, key, each, room) for (key, each), room in zip(places, rooms, strict=True)], show)  # fmt: skip

    def action_file(self, change: int) -> None:
        """Go to the next file that was looked into."""
        cursor = self._line_in_sight()
        places = [place for place, _ in self._places]
        ahead = [place for place in places if (place > cursor if change > 0 else place < cursor)]
        if not ahead:
            self.artui.say("There is no further file in this direction.")
            return
        self.listing.show_from(ahead[0] if change > 0 else ahead[-1])


_PIXELS = re.compile(r"([\d,]+) × ([\d,]+) px")


def _one_scale(previews: Sequence[Preview | None], room: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Give the pixels that each of two pictures may have in a room for one, so that what is as large in both looks so."""
    sizes: list[tuple[int, int]] = []
    for preview in previews:
        match = _PIXELS.search(preview.title) if preview is not None else None
        if match is None:
            return room, room
        sizes.append((int(match[1].replace(",", "")), int(match[2].replace(",", ""))))
    scale = min(room[0] / max(1, *(width for width, _ in sizes)), room[1] / max(1, *(height for _, height in sizes)))
    first, second = ((max(1, round(width * scale)), max(1, round(height * scale))) for width, height in sizes)
    return first, second


def _begun(reader: Reader, ids: tuple[str, str]) -> _Begun:
    before, after = (get_version(reader, version_id) for version_id in ids)
    difference = version_difference(before, after)
    return _Begun(difference, Known(reader, difference))


def _detail_lines(group: Sequence[FileDifference], cells: int) -> list[Line]:
    """Draw how a file differs, or several that differ alike."""
    detail = group[0]
    if not detail.lines:
        first, *others = group_sections(group, most_rows=MOST_ROWS, most_lines=0)
        lines = [Line([(f" {first.title}", "title"), (f"  {first.about}", "dim")])]
        if length_of(lines[0].spans) > cells:
            # What differs is the answer: it is broken, never cut.
            about = (Line([("   " + part, "dim")]) for part in wrapped(first.about, max(20, cells - 4)))
            lines = [Line([(f" {first.title}", "title")]), *about]
        lines += section_lines(replace(first, title="", about=""), cells=cells, indent=3, fewest=3)
        return lines + [line for section in others for line in section_lines(section, cells=cells, fewest=3)]
    (section,) = group_sections(group, most_rows=0, most_lines=0)
    title = [Line([(f" {section.title}", "title"), (f"  +{detail.added:,}", "good"), (f" −{detail.removed:,}", "bad")])]
    notes = [
        Line([("   " + part, STYLES[fact.tone])])
        for fact in section.facts
        for part in wrapped(fact.text, max(20, cells - 4))
    ]
    last = max((number for line in detail.lines for number in (line.old, line.new) if number is not None), default=0)
    digits = max(3, len(str(last))) if cells >= _NUMBERS_FROM_CELLS else 0
    gutter = 2 * digits + 5 if digits else 3
    body = [row for line in detail.lines for row in in_rows(_text_line(line, digits), cells, gutter=gutter)]
    if detail.hidden:
        body.append(Line([(f"   {plural(detail.hidden, 'more line')} not shown", "warn")]))
    return [*title, *notes, *body]


def _text_line(line: TextLine, digits: int) -> Line:
    """Draw one line: its numbers in both texts, its sign, its words."""
    style = _STYLES[line.sign]
    if line.sign in "@!":
        gutter = " " * (2 * digits + 3 if digits else 1)
        return Line([(f"{gutter}{'⋯' if line.sign == '@' else '╌'} {clean(line.text)}", style)])
    numbers = ""
    if digits:
        shown = ("" if number is None else str(number) for number in (line.old, line.new))
        numbers = " ".join(fit(text, digits, right=True) for text in shown) + " "
    return Line([(f" {numbers}", "faint"), (f"{line.sign} ", style), *worded_spans(line.text, line.words, style)])


def show_version_difference(screen: CatalogScreen, head: VersionHead | None, keys: Sequence[int]) -> None:
    """Show how a version differs from the one before it; of two that are marked, how the later differs from the earlier."""
    reader = screen.reader
    if len(keys) > 2:
        screen.artui.say(f"Two versions are compared, and {len(keys):,} are marked: M unmarks all.")
        return
    if len(keys) < 2 and head is None:
        screen.artui.say("There is no version here.")
        return

    def read() -> tuple[VersionHead, VersionHead] | None:
        if len(keys) == 2:
            first, second = sorted(heads_of(reader, keys), key=lambda each: (each.created_ms, each.number))
            return first, second
        assert head is not None
        before = version_before(reader, head)
        return None if before is None else (before, head)

    def take(pair: tuple[VersionHead, VersionHead] | None) -> None:
        if pair is None:
            name = clean(head.reference) if head is not None else "It"
            screen.artui.say(f"{name} has no version before it: mark two with space, then D compares them.")
        else:
            screen.artui.push_screen(VersionDiffScreen(*pair))

    screen.ask("difference", read, take)
