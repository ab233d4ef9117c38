"""The app: one catalog, its screens, and what they share."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from rich.color import ColorSystem
from textual import events
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

from artui import clock
from artui.catalog.recent import remember
from artui.catalog.spool.orphans import take_over
from artui.catalog.spool.place import folders_of
from artui.errors import ArtuiError
from artui.model import DELETED_IN_SOURCE, UNREAD
from artui.query.runs.order import FIRST_ROWS, FirstView, first_view
from artui.safetext import clean
from artui.tui import greeting
from artui.tui.ahead import KeysInOrder
from artui.tui.alerts import BUILT_IN, Alerts, alert_text
from artui.tui.cells import Palette, Span, make_palette
from artui.tui.colouring import set_apart
from artui.tui.fetch import Asks, end_changes, stop_change
from artui.tui.keys import bindings
from artui.tui.keytable import MOVED_KEYS
from artui.tui.live import Watch
from artui.tui.messages import CatalogChanged, GroupRuns, Link, PlotRuns, ShowNeighbour, ShowRuns
from artui.tui.navigation import Navigation
from artui.tui.notices import EVERYWHERE, NOTICE_SECONDS, Notices
from artui.tui.screens.base import CatalogScreen
from artui.tui.screens.runs.columns import best_metrics
from artui.tui.screens.runs.screen import RunsScreen
from artui.tui.state.history import keep_filter
from artui.tui.state.marks import Marks, Unmarked, VersionMarks
from artui.tui.terminal.ending import on_signals
from artui.tui.terminal.glyphs import dot_style, has_certain_letters, stand_ins, terminal_path
from artui.tui.terminal.graphics import has_graphics
from artui.tui.terminal.hangup import is_hung_up
from artui.tui.terminal.output import ChangesOnly
from artui.tui.themes import chosen_theme, keep_theme, themes_of
from artui.tui.widgets.answer import YesOrNo
from artui.tui.widgets.bars import KeyBar, Press
from artui.tui.widgets.entry import TakesText
from artui.units import bytes_text, count_text, plural

if TYPE_CHECKING:
    from pathlib import Path

    from textual.actions import ActionParseResult

    from artui.model import RunHead, VersionHead
    from artui.model.production import Raised
    from artui.query.forgotten import Forgotten
    from artui.query.live import LiveRun
    from artui.query.reader import Reader
    from artui.query.rules import Alert
    from artui.query.things import Thing
    from artui.settings import Settings
    from artui.travel.past import Past
    from artui.travel.signing import Signature
    from artui.tui.host import Tell
    from artui.tui.importing import Importing, ImportState
    from artui.tui.returning import Whereabouts
    from artui.tui.screens.pick import Choice

T = TypeVar("T")
LIVE_PLACE = 4
"""The number of the main screen of running runs, which shows alerts itself."""
CHECK_AFTER_SECONDS = 2.0
"""Delay from the first screen to the check of the whole file for damage."""
TAKE_OVER_SECONDS = 30.0
TERMINAL_SECONDS = 2.0
FILTER_SECONDS = 10.0
"""How long it is said how the filter before comes back."""
ALERTS_AGE_MS = 60_000
"""So often alerts of runs that have ended are checked while nothing changes."""
PLACES_AGE_MS = 30_000
"""Rules about deployments are held against what is observed at most so often: it is read from many windows."""
ALERT_SECONDS = 8.0
"""How long an alert is told; from then on the line at the top counts it."""
GOODBYE_SECONDS = 0.8
CHANGE_SECONDS = 2.0
"""So long a change that is being written may still take after a signal, else SQLite undoes it the next time."""
WIDE_TITLE_CELLS = 110
"""From this width on a catalog that lies elsewhere is named by its whole URI."""
IMPORT_SECONDS = 0.5


class ArtuiApp(Asks, KeysInOrder, ChangesOnly):
    """Explore one catalog."""

    TITLE = "artui"
    CSS_PATH = "artui.tcss"
    # ctrl+q belongs to the terminal: Textual's own key is taken back.
    BINDINGS = [*bindings("app"), Binding("ctrl+q", "app.nothing", show=False, priority=True)]
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self,
        reader: Reader,
        settings: Settings,
        *,
        first: FirstView | None = None,
        importing: Importing | None = None,
        notice: tuple[str, bool] | None = None,
        place: Whereabouts | None = None,
    ) -> None:
        # Textual asks for our colours while its own part is set up.
        self._theme_of_ours = chosen_theme(settings)
        super().__init__()
        self.importing = importing
        self._shown_note = reader.note
        """The import that fills this catalog, when it is the cached one of a foreign store."""
        self._import_state: ImportState | None = None
        self.reader = reader
        self.settings = settings
        self.sends_changes_only = settings.output == "changes"
        self.dot_style = dot_style(os.environ, settings.charts, device=terminal_path())
        self.stand_ins = stand_ins(
            self.dot_style, is_certain_only=has_certain_letters(os.environ, settings.letters, pid=os.getpid())
        )
        self.has_graphics = has_graphics(os.environ, settings.graphics) and not self.no_color
        """Whether the terminal shows pictures."""
        colours = self.console._color_system
        self._is_rich = colours in (ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT) and not self.no_color
        self._is_coloured = not self.no_color and colours is not None
        self.palette: Palette = make_palette(
            is_coloured=self._is_coloured, is_rich=self._is_rich, theme=self._theme_of_ours
        )
        if not self._is_rich:
            self.ansi_color = True
        self.animation_level = "none"
        self.runs_screen = RunsScreen(first or first_view(reader, FIRST_ROWS))
        self.navigation = Navigation(self, reader, self.runs_screen, self.say)
        self._file_watch = Watch(reader, self._changed)
        self.alerts = Alerts(settings, self._tell_later)
        self.seen_values: dict[tuple[str, str], tuple[int, float]] = {}
        """Count and last value of each metric of running runs when the user last looked, by run id and title."""
        self.live_order = ""
        """The metric by which the live runs are ordered; empty for the order in which they started."""
        self.version_marks = VersionMarks()
        self.to_forget: Forgotten | None = None
        """What is to be forgotten once the app has ended: then it is opened again."""
        self.signature: Signature | None = None
        """What is known of the signature beside the catalog; None if there is none, or it is still being looked at."""
        self.past: Past | None = None
        """The catalog that is open is shown as it was then."""
        self.to_open_as_of: Past | None = None
        """The catalog as it was at some time, which is to be opened next."""
        self.to_open: str = ""
        """The path of another catalog that is to be opened once the app has ended."""
        self.whereabouts: Whereabouts | None = place
        """Where it opens, and where it was when it ended to have something forgotten; None for the table of runs."""
        self._first_notice = notice
        """What is said at the start, and whether it is a warning."""
        self.greets = False
        """Whether the user is new here, and is told the keys that matter most until they have used one."""
        self._alerts_token: object = None
        self._places_token: object = None
        self._places_due_ms = 0
        """The state of the file for which rules were checked last."""
        self._alerts_due_ms = 0
        self._total_count, self._running_count = 0, 0
        self._shows_size = False
        self._said_moved: set[int] = set()
        self._unmarked: dict[str, Unmarked] = {}
        """By edit, what it took the marks off."""
        self._colour_numbers: dict[str, int] = {}
        self._notices = Notices()
        self._notice_timer: Any = None

    @property
    def is_past(self) -> bool:
        """Whether the catalog is shown as it was at some time."""
        return self.past is not None

    # Colours

    def get_theme_variable_defaults(self) -> dict[str, str]:
        theme = self._theme_of_ours
        return {"back": theme.background, "ink": theme.colours["text"], "panel-back": theme.panel, "cursor-back": theme.cursor, "faint-ink": theme.colours["faint"]}  # fmt: skip

    def action_choose_theme(self) -> None:
        from artui.tui.screens.pick import Choice, PickScreen

        notes = {"dark": "", "light": "for bright terminals", "colour-blind": "no red against green"}
        choices = [Choice(name, name, notes.get(name, "your own")) for name in themes_of(self.settings)]
        self.push_screen(PickScreen("colours", choices, current=self._theme_of_ours.name), self.take_theme)

    def take_theme(self, name: str | None) -> None:
        """Show everything in another theme, and keep that; None changes nothing."""
        if name is None or name == self._theme_of_ours.name:
            return
        self._theme_of_ours = themes_of(self.settings)[name]
        self.palette = make_palette(is_coloured=self._is_coloured, is_rich=self._is_rich, theme=self._theme_of_ours)
        settings = self.settings
        self.ask("theme", lambda: keep_theme(settings, name), lambda _: None)
        self.refresh_css(animate=False)
        for screen in self.screen_stack:
            for widget in screen.walk_children():
                # Charts cache their drawing.
                again = getattr(widget, "again", None)
                (again or widget.refresh)()
            screen.refresh()

    # Beginning and end

    def get_default_screen(self) -> Screen[Any]:
        return self.runs_screen

    def on_load(self) -> None:
        on_signals(self._end_by_signal)

    def on_mount(self) -> None:
        self.call_after_refresh(self._show_size)
        self.set_timer(0.5, _collect_garbage_again)
        # While the app was suspended the shell wrote over everything.
        self.app_resume_signal.subscribe(self, lambda _: self.forget_terminal())
        _read_once(self._driver)
        self.set_interval(max(0.2, self.settings.refresh_seconds), self._look)
        self.set_interval(TERMINAL_SECONDS, self._look_at_terminal)
        self.set_interval(TAKE_OVER_SECONDS, self._take_over)
        self._take_over()
        self.set_interval(max(2.0, self.settings.refresh_seconds), self._look_for_alerts)
        self.set_interval(max(2.0, self.settings.refresh_seconds), self._look_at_places)
        if self.reader.is_unchecked:
            self.set_timer(CHECK_AFTER_SECONDS, self._look_for_damage)
        self._look_at_signature()
        if self.importing is not None:
            self.importing.start()
            self.set_interval(IMPORT_SECONDS, self._look_at_import)
        if self.reader.notice:
            self.say(self.reader.notice, is_warning=True, seconds=15)
        if self.whereabouts is not None:
            self.call_after_refresh(self._go_back_to, self.whereabouts)
        if self._first_notice is not None:
            text, is_warning = self._first_notice
            self.say(text, is_warning=is_warning, seconds=15)
        elif self.greets:
            self.say(greeting.GREETING, seconds=greeting.GREETING_SECONDS)

    async def _act_on(self, key: events.Key) -> None:
        await super()._act_on(key)
        if self.greets and key.key in greeting.KEYS:
            self.greets = False
            self.unsay(greeting.GREETING)
            greeting.take_away()

    def _go_back_to(self, place: Whereabouts) -> None:
        from artui.tui.returning import go_back_to

        go_back_to(self.runs_screen.table, self.navigation, place)

    def _show_size(self) -> None:
        """Add the size of the catalog to the line at the top: what puts it into words is not loaded before the first view."""
        self._shows_size = True
        if isinstance(self.screen, CatalogScreen):
            self.screen.show_place()

    def _look_for_damage(self) -> None:
        """Check the whole file for damage in the background."""
        self.ask("damage", self.reader.check_damage_once, lambda _: None)

    def _look_at_terminal(self) -> None:
        """End with the terminal where no signal says that it has gone: Textual would read its end over and over."""
        if not self.is_headless and sys.__stdin__ is not None and is_hung_up(sys.__stdin__.fileno()):
            self._end_by_signal(signal.SIGHUP)

    def _end_by_signal(self, number: int) -> None:
        # With the terminal gone, Textual may wait for ever to write to it: then leave without a proper end.
        last_way_out = threading.Timer(GOODBYE_SECONDS, self._leave_at_once, [128 + number])
        last_way_out.daemon = True
        last_way_out.start()
        stop_change()
        self.exit(return_code=128 + number)

    def _handle_exception(self, error: Exception) -> None:
        # A screen that was about to come up when the app was told to end is not there, and looks for its parts in vain.
        if not self._exit:
            super()._handle_exception(error)

    def _leave_at_once(self, code: int) -> None:
        # Whatever fails while closing, the process ends here and now.
        try:
            end_changes(seconds=CHANGE_SECONDS)
            self.close()
        finally:
            os._exit(code)

    def action_leave(self) -> None:
        if isinstance(self.screen, RunsScreen):
            self.exit()
        else:
            self.say("esc goes back; q quits from the table of runs.")

    def action_nothing(self) -> None:
        """Do nothing: the key is not ours."""

    def action_say_moved(self, number: int) -> None:
        """Say once where what a key did has gone."""
        if number not in self._said_moved:
            self._said_moved.add(number)
            self.say(MOVED_KEYS[number].sentence)

    def action_help_quit(self) -> None:
        """Leave at once, on ctrl+c."""
        self.exit(return_code=130)

    def close(self) -> None:
        """Stop the import and close the catalog; to be called after the app has ended."""
        if self.importing is not None:
            self.importing.stop()
        self._file_watch.tidy()
        self.reader.close()

    # Live

    def _look(self) -> None:
        if self._file_watch.is_gone:
            self.topic_failed(
                self,
                "file",
                ArtuiError(
                    f"{self.catalog_title} no longer exists: this is what it last showed.",
                    remedy="r opens it again.",
                ),
            )
            return
        self.topic_succeeded(self, "file")
        self._file_watch.look()
        if self.reader.note != self._shown_note and isinstance(self.screen, CatalogScreen):
            self._shown_note = self.reader.note
            self.screen.show_place()

    def _take_over(self) -> None:
        """Write what dead processes left beside the catalog into it, and end their runs."""
        reader = self.reader
        if folders_of(reader.path):
            self.ask("take over", lambda: take_over(reader.path), lambda _: None)

    def _look_for_alerts(self) -> None:
        """Check whether a rule holds, on any screen but Live; only while there are rules and running runs.

        Of runs that have ended an alert only goes with their age, unless the catalog changes.
        """
        token, now_ms = self.reader.file_token(), clock.now_ms()
        is_still = not self._running_count and token == self._alerts_token and now_ms < self._alerts_due_ms
        if (
            self.alerts.rules
            and (self._running_count or self.alerts.holding)
            and getattr(self.screen, "PLACE", 0) != LIVE_PLACE
            and not is_still
        ):
            self._alerts_token, self._alerts_due_ms = token, now_ms + ALERTS_AGE_MS
            from artui.query.live import watched_runs
            from artui.query.rules import depth_for

            reader, depth_of = self.reader, depth_for(tuple(self.alerts.rules))
            self.ask("alerts", lambda: watched_runs(reader, depth_of), self.take_live)

    def _look_at_places(self) -> None:
        """Check which rules hold in deployments, where there are such rules: at the start, and when the catalog has changed."""
        token = self.reader.file_token()
        if token == self._places_token or clock.now_ms() < self._places_due_ms:
            return
        rules = self.alerts.window_rules()
        self._places_token, self._places_due_ms = token, clock.now_ms() + PLACES_AGE_MS
        if rules:
            from artui.query.watching import holding

            reader = self.reader
            self.ask(
                "alerts of deployments", lambda: holding(reader, rules, clock.now_ms()), self._take_places, is_long=True
            )

    def _take_places(self, raised: Mapping[str, tuple[str, Sequence[Raised]]]) -> None:
        before = self.alerts.alarmed
        self._tell_alerts(before, self.alerts.look_at_places(raised))

    def look_at_places_again(self) -> None:
        """Check soon which rules hold in deployments: there is another rule."""
        self._places_token, self._places_due_ms = None, 0

    def take_live(self, runs: Sequence[LiveRun]) -> None:
        """Check running runs for alerts, and show those that did not hold before."""
        before = self.alerts.alarmed
        self._tell_alerts(before, self.alerts.look(runs, clock.now_ms()))

    def _tell_alerts(self, before: Mapping[str, str], fresh: Sequence[Alert]) -> None:
        if before != self.alerts.alarmed and isinstance(self.screen, CatalogScreen):
            self.screen.show_place()
        if fresh:
            self.bell()
            if getattr(self.screen, "PLACE", 0) == LIVE_PLACE:
                return  # they are at the top of the screen
            first, more_ids = fresh[0], {alert.run_id for alert in fresh[1:]} - {fresh[0].run_id}
            so = "so is" if len(more_ids) == 1 else "so are"
            what = "more deployment" if first.is_of_place else "more run"
            more = f"; {so} {plural(len(more_ids), what)}" if more_ids else ""
            rule = "" if first.rule in BUILT_IN else f" ({first.rule})"
            self.say(f"! {first.run}: {alert_text(first)}{rule}{more} · 4 shows {'them' if more_ids else 'it'}", is_warning=True, seconds=ALERT_SECONDS)  # fmt: skip

    def _tell_later(self, text: str) -> None:
        self.call_later(lambda: self.say(text, is_warning=True, seconds=15))

    def _look_at_signature(self) -> None:
        """Check the signature that lies beside the catalog, if one does, and say by whom it is signed."""
        path = self.reader.path
        if not os.path.lexists(f"{path}.sig"):
            return

        def work() -> Signature | None:
            from artui.travel.signing import signers_file, verify

            return verify(path, signers_file())

        def show(signature: Signature | None) -> None:
            self.signature = signature
            if signature is not None:
                self.say(f"{path.name}: {signature.text}.", is_warning=signature.state != "good", seconds=15)
                for screen in self.screen_stack:
                    if isinstance(screen, CatalogScreen):
                        screen.show_place()

        self.ask("signature", work, show)

    def _look_at_import(self) -> None:
        """Show the progress of the import, and say once when it has ended."""
        importing = self.importing
        if importing is None or importing.state == self._import_state:
            return
        before, self._import_state = self._import_state, importing.state
        screen = self.screen
        if isinstance(screen, CatalogScreen):
            screen.show_place()
        state = importing.state
        if importing.is_union:
            self._look_at_gathering(importing, before)
            return
        if not state.is_done or (before is not None and before.is_done):
            return
        self._file_watch.look()
        for open_screen in self.screen_stack:
            open_screen.post_message(CatalogChanged())
        if state.error:
            self.say(f"{state.error} What was imported before is shown.", is_warning=True, seconds=30)
            return
        runs = sum(sum(report["runs"].values()) for report in state.reports)
        news = sum(report["runs"].get("new", 0) + report["runs"].get("updated", 0) for report in state.reports)
        damaged = sum(report["damaged_count"] for report in state.reports)
        left = sum(change["count"] for report in state.reports for change in report["left"])
        if not news and not damaged:
            # Also those that were deleted there before this time.
            hidden = max(0, runs - self._total_count)
            not_shown = f", {count_text(hidden)} of them deleted and not shown" if hidden else ""
            self.say(f"Nothing new in {plural(runs, 'run')}{not_shown}. I shows what was taken and left.")
            return
        details = [f"{count_text(damaged)} damaged"] if damaged else []
        deleted = sum(
            change["count"]
            for report in state.reports
            for change in report["changed"]
            if change["why"] == DELETED_IN_SOURCE
        )
        details += [f"{count_text(deleted)} deleted there and not shown"] if deleted else []
        details += [f"{plural(left, 'thing')} left out"] if left else []
        taken = plural(runs, "run") + (f", {count_text(news)} of them new or grown" if news < runs else "")
        more = f": {', '.join(details)}" if details else ""
        # What to do next comes first, where no terminal is too narrow for it.
        self.say(f"Imported: {taken}. I shows what was taken and left{more}.", is_warning=bool(damaged), seconds=12)

    def _look_at_gathering(self, gathering: Importing, before: ImportState | None) -> None:
        """Say which of several catalogs cannot be read, once; what came is noticed like any other change."""
        state = gathering.state
        if state.is_done and (before is None or not before.is_done):
            self._file_watch.look()
            # What was chosen for the first of them may not be what tells all of them apart.
            self.runs_screen.choose_columns_anew()
            for screen in self.screen_stack:
                screen.post_message(CatalogChanged())
        if state.error:
            self.say(f"{state.error} What was there before is shown.", is_warning=True, seconds=30)
        elif state.unread and (before is None or before.unread != state.unread):
            path, why = state.unread[0]
            more = f"; and {len(state.unread) - 1} more" if len(state.unread) > 1 else ""
            self.say(f"Not shown: {os.path.basename(path)}: {why}{more}", is_warning=True, seconds=30)

    def _changed(self) -> None:
        if self.reader.must_reopen:
            self.say("The catalog has changed on disk: r reads it again.")
            return
        for screen in self.screen_stack:
            screen.post_message(CatalogChanged())

    def action_reload(self) -> None:
        """Open the file again and read everything anew."""
        screen = self.screen
        if not isinstance(screen, CatalogScreen):
            return

        def reopen() -> None:
            self.reader.reopen()

        def show(_: None) -> None:
            for open_screen in self.screen_stack:
                open_screen.post_message(CatalogChanged())
            self.say("Read again.")

        screen.ask("reopen", reopen, show)

    def action_redraw(self) -> None:
        self.forget_terminal()

    # Long work

    def work(
        self, topic: str, work: Callable[[Tell], T], done: Callable[[T], None], *, is_change: bool = False
    ) -> None:
        """Do something that takes long in the background, whatever screen is in sight; `work` is told by what it says how far it is."""
        progress = self.progress()

        def run() -> T:
            with progress:
                return work(progress.step)

        if is_change:
            self.change(topic, run, done)
        else:
            self.ask(topic, run, done, is_long=True)

    def is_working(self, topic: str) -> bool:
        """Say whether such work is being done."""
        return self.is_asking(topic)

    @property
    def runs_filter(self) -> str:
        """The filter of the table of runs; empty for none."""
        return self.runs_screen.state.request.where

    # Notices

    @property
    def place_note(self) -> str:
        """What the right end of the footer says about the catalog's location; empty if the user named the catalog."""
        if self.importing is None or self.importing.is_union:
            return ""
        path, home = str(self.reader.path), os.path.expanduser("~")
        shown = "~" + path.removeprefix(home) if path.startswith(home + os.sep) else path
        name = self.reader.path.name if self.size.width < 140 else shown
        return clean(f"cached in {name}")

    @property
    def catalog_title(self) -> str:
        """The catalog's name as it is shown: of a cached catalog, the store's."""
        title = self.importing.title if self.importing is not None else self.reader.title or self.reader.path.name
        if self.reader.is_far and self.size.width < WIDE_TITLE_CELLS:
            host, _, path = title.partition("://")[2].partition("/")
            title = f"{host.rpartition('@')[2]} {path.rpartition('/')[2]}"
        return clean(title)

    def trust_spans(self, *, is_brief: bool = False) -> list[Span]:
        """Say how large the catalog is, how many runs are running, and whether it may be changed."""
        spans: list[Span] = [(f" · {clean(self.reader.note)}", "warn")] if self.reader.note else []
        if not is_brief and self._shows_size:
            with contextlib.suppress(OSError):
                spans.append((f"  {bytes_text(self.reader.path.stat().st_size)}", "dim"))
            if self.size.width >= WIDE_TITLE_CELLS and self.reader.path == _default_path():
                # Runs of folders that are nobody's go there: who looks for one of their own sees where they are.
                folder, home = str(self.reader.path.parent), os.path.expanduser("~")
                spans.append(
                    (
                        f"  in {clean('~' + folder.removeprefix(home) if folder.startswith(home + os.sep) else folder)}",
                        "dim",
                    )
                )
        if self.importing is not None:
            spans.append(self._import_span(is_brief=is_brief))
        if self._running_count:
            spans.append((f" · {count_text(self._running_count)} running", "accent"))
        if self.alerts.alarmed:
            spans.append(Press(f" ! {count_text(len(self.alerts.alarmed))}", "bad", "app.show_live"))
        if self.signature is not None:
            words = {
                "good": f" · signed by {clean(self.signature.who)}",
                "unknown": " · signed, by an unknown key",
                "bad": " · signature does not fit",
            }
            spans.append((words[self.signature.state], "dim" if self.signature.state == "good" else "warn"))
        if not self.reader.may_write:
            spans.append((" · read-only", "warn"))
        return spans

    def _import_span(self, *, is_brief: bool) -> Span:
        state = self._import_state
        if self.importing is not None and self.importing.is_union:
            left_out = len(state.unread) if state is not None else 0
            if state is None or not state.is_done:
                done = f" {state.done_count} of {self.importing.count}" if state is not None and not is_brief else ""
                return f" · reading{done}", "accent"
            return (f" · {plural(left_out, 'catalog')} not read", "warn") if left_out else ("", "dim")
        if state is None:
            return " · importing", "accent"
        if state.is_done:
            titles = [str(report["title"]) for report in state.reports if report["format"] != UNREAD]
            source = titles[0] if len(set(titles)) == 1 else f"{len(titles)} stores"
            return ("" if is_brief or not state.reports else f" · from {source}", "dim")
        progress = f" {count_text(state.run_count)} runs" if state.run_count and not is_brief else ""
        return (f" · importing{progress}", "accent")

    def set_counts(self, total: int, running: int) -> None:
        """Take the number of runs, and of those that are running."""
        if (total, running) != (self._total_count, self._running_count):
            self._total_count, self._running_count = total, running
            if isinstance(self.screen, CatalogScreen):
                self.screen.show_place()

    def notice_spans(self) -> list[Span]:
        """Give what the line at the bottom shows instead of the keys; empty for nothing."""
        return self._notices.spans(id(self.screen))

    def say(
        self, text: str, *, is_warning: bool = False, seconds: float | None = None, is_of_key: bool = False
    ) -> None:
        """Show a notice at the bottom: for a while and until a key does something, or for so long, whatever is done meanwhile.

        Args:
            is_of_key: whether the very next key ends it, since it says what a key does now.
        """
        self._notices.say(text, is_warning=is_warning, lasts=seconds is not None and not is_of_key, is_of_key=is_of_key)
        if self._notice_timer is not None:
            self._notice_timer.stop()
        self._notice_timer = self.set_timer(seconds or NOTICE_SECONDS, self._unsay)
        self._show_notice()

    def unsay(self, text: str) -> None:
        """Remove a notice, if it is still the one that is shown."""
        if self._notices.unsay_text(text):
            self._show_notice()

    def forget_old_notice(self) -> None:
        """Remove an old notice: another screen is on top."""
        # What is said to newcomers is about the table of runs.
        if self.screen is not self.runs_screen:
            self.unsay(greeting.GREETING)
        if self._notices.is_old:
            self._unsay()

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Do what a key stands for: what the one before said is over."""
        if self._notices.is_over:
            self._unsay()
        return await super().run_action(action, default_namespace, namespaces)

    def _unsay(self) -> None:
        self._notices.unsay()
        self._show_notice()

    def topic_failed(self, asker: DOMNode, topic: str, error: Exception) -> None:
        """Show an error of a screen's topic, until the topic succeeds or the user leaves the screen."""
        self._notices.fail(_screen_id(asker), topic, error)
        self._show_notice()
        self.list_answered()

    def topic_succeeded(self, asker: DOMNode, topic: str) -> None:
        """Remove the error of a topic: it has its answer."""
        if self._notices.succeed(_screen_id(asker), topic):
            self._show_notice()
        self.list_answered()

    def screen_left(self, screen: Screen[Any]) -> None:
        """Remove the errors of a screen: the user has left it, or has seen them."""
        if self._notices.leave(id(screen)) | self._notices.leave(EVERYWHERE):
            self._show_notice()

    def _show_notice(self) -> None:
        if not self.screen_stack:
            return
        for bar in self.screen.query(KeyBar):
            bar.show_notice(self.notice_spans())

    def copy_text(self, text: str) -> None:
        """Put an id or a reference on the clipboard, and say so."""
        self.copy_to_clipboard(clean(text))
        self.say(f"copied {clean(text)}")

    def copy_to_clipboard(self, text: str) -> None:
        """Put a text on the clipboard of the user's terminal, through tmux or screen too."""
        from artui.tui.terminal.clipboard import copied_by_tmux

        self._clipboard = text
        if os.environ.get("TMUX"):
            self.ask("copied", lambda: copied_by_tmux(text), lambda done: None if done else self._send_copy(text))  # fmt: skip
        else:
            self._send_copy(text)

    def _send_copy(self, text: str) -> None:
        from artui.tui.terminal.clipboard import sequence

        self.send(sequence(text, os.environ))

    def forget_terminal(self) -> None:
        """Send everything again, pictures too."""
        super().forget_terminal()
        for screen in self.screen_stack:
            if isinstance(screen, CatalogScreen):
                screen.draw_pictures_again()

    def send(self, sequence: str) -> None:
        """Send the terminal something that leaves its text and its cursor as they are."""
        if self._driver is not None:
            self._driver.write(sequence)

    # Going places

    def action_go_back(self) -> None:
        # What is being typed is left first: work that goes on behind it is not what one looks at.
        is_typing = isinstance(self.focused, (TakesText, YesOrNo))
        if not is_typing and stop_change():
            return
        self.screen_left(self.screen)
        self.navigation.go_back()

    def action_help(self) -> None:
        self.navigation.show_help()

    def follow(self, link: Link) -> None:
        """Go where a line leads."""
        self.navigation.follow(link)

    def show_file(self, version_key: int, path: str, words: Sequence[str] = (), *, in_place: bool = False) -> None:
        """Show a file of a version."""
        self.navigation.show_file(version_key, path, words, in_place=in_place)

    def show_tensors(self, version_key: int, path: str, words: Sequence[str], *, in_place: bool) -> None:
        """Show a file as the tensors that it holds."""
        self.navigation.show_tensors(version_key, path, words, in_place=in_place)

    def show_run(self, run_id: str, *, tab: str = "overview") -> None:
        """Show a run; the screen of another run changes to it."""
        self.navigation.show_run(run_id, tab=tab)

    def set_apart(self, run_ids: Sequence[str]) -> dict[str, int]:
        """Give runs that are seen together colours and marks that differ, and remember them."""
        numbers = set_apart(run_ids, self._colour_numbers)
        self._colour_numbers |= numbers
        return numbers

    def hidden_text(self, run_keys: Sequence[int]) -> str:
        """Say how many of some runs the table does not show, and why: `3 hidden by the filter`; empty if it shows all."""
        return self.navigation.hidden_text(run_keys)

    def compare(self, run_ids: Sequence[str]) -> None:
        """Put runs side by side."""
        self.navigation.compare(run_ids)

    @property
    def best_metrics(self) -> frozenset[str]:
        """Names of the metrics of which the table shows the best value instead of the last one: other screens do so, too."""
        return best_metrics(self.runs_screen.table.view)

    def marked_keys(self) -> Sequence[int]:
        """Give the keys of the marked runs: those in the table in its order, then the others."""
        return self.navigation.marked_keys()

    def toggle_mark(self, run_key: int) -> None:
        """Mark a run in the table of runs, or unmark it."""
        self.navigation.toggle_mark(run_key)

    def unmark_runs(self, keys: Sequence[int], edit_id: str) -> None:
        """Take marks off runs that an edit put into the trash, until it is taken back."""
        self._unmarked[edit_id] = Unmarked(runs=frozenset(keys).intersection(self.marked_keys()))
        self.navigation.unmark(keys)

    def unmark_versions(self, keys: Sequence[int], edit_id: str) -> None:
        """Take marks off versions that an edit deleted, until it is taken back."""
        self._unmarked[edit_id] = Unmarked(versions=self.version_marks.marks.keys.intersection(keys))
        self._mark_versions(self.version_marks.marks.without(keys))

    def mark_again(self, edit_id: str, *, is_undone: bool) -> int:
        """Give back the marks that an edit took, as it is taken back, or take them again; say how many."""
        unmarked = self._unmarked.get(edit_id, Unmarked())
        if unmarked.runs:
            turn = self.navigation.mark if is_undone else self.navigation.unmark
            turn(unmarked.runs)
        if unmarked.versions:
            marks = self.version_marks.marks
            self._mark_versions(marks.with_keys(unmarked.versions) if is_undone else marks.without(unmarked.versions))
        return len(unmarked.runs) + len(unmarked.versions)

    def _mark_versions(self, marks: Marks) -> None:
        self.version_marks.marks = marks
        if isinstance(self.screen, CatalogScreen):
            self.screen.show_marks()

    def compare_with_marked(self, run_key: int) -> None:
        """Put a run beside the marked ones, or beside its neighbour in the table if there are none."""
        self.navigation.compare_with_marked(run_key)

    def action_show_runs(self) -> None:
        self.navigation.to_runs()

    def action_show_artifacts(self) -> None:
        self.navigation.show_artifacts()

    def action_show_live(self) -> None:
        self.navigation.show_live()

    def action_show_lifecycle(self) -> None:
        self.navigation.show_lifecycle()

    def action_show_deployments(self) -> None:
        self.navigation.show_deployments()

    def action_show_lineage(self) -> None:
        self.navigation.show_lineage()

    def show_view(self, name: str) -> None:
        """Open a view that is kept in the catalog."""
        self.navigation.show_view(name)

    def action_show_catalog(self) -> None:
        self.navigation.show_catalog()

    def action_show_imports(self) -> None:
        self.navigation.show_imports()

    def action_show_sql(self) -> None:
        self.navigation.show_sql()

    def action_show_room(self) -> None:
        self.navigation.show_room()

    def show_forgetting(self, head: RunHead | VersionHead | None) -> None:
        """Show what forgetting a run or a version takes out for good, and ask; None stands for nothing in sight."""
        self.navigation.show_forgetting(head)

    def forget(self, forgotten: Forgotten) -> None:
        """Close the catalog, take a run or a version out of it for good, and open it again."""
        from artui.tui.returning import whereabouts_of

        self.to_forget, self.whereabouts = forgotten, whereabouts_of(self.runs_screen.table, self.screen_stack[1:])
        self.exit()

    def action_choose_catalog(self) -> None:
        from artui.tui.screens.catalogs import CatalogsScreen, other_catalogs

        path = self.reader.path

        def choose(choices: Sequence[Choice]) -> None:
            self.push_screen(CatalogsScreen(choices), self._open_other)

        self.ask("catalogs", lambda: other_catalogs(path), choose)

    def _open_other(self, path: str | None) -> None:
        if path is not None:
            self.open_catalog(path)

    def open_catalog(self, path: str) -> None:
        """Close the catalog, and open another one."""
        self.to_open = path
        self.exit()

    def action_choose_moment(self) -> None:
        from artui.tui.screens.moment import MomentScreen, moments

        reader = self.reader
        if self.importing is not None and self.importing.is_union:
            self.say("Several catalogs are shown as one: open one of them to see it as it was.", is_warning=True)
            return

        def choose(choices: Sequence[Choice]) -> None:
            self.push_screen(MomentScreen(choices), self._go_back_in_time)

        self.ask("moments", lambda: moments(reader, is_past=self.past is not None), choose)

    def action_show_changes(self) -> None:
        from artui.tui.screens.catalogs import other_catalogs
        from artui.tui.screens.moment import MomentScreen, moments

        reader = self.reader

        def offers() -> Sequence[Choice]:
            return [*moments(reader, is_past=False), *other_catalogs(reader.path)]

        def choose(choices: Sequence[Choice]) -> None:
            self.push_screen(MomentScreen(choices, title="what is new since, or in"), self._show_changes)

        self.ask("moments", offers, choose)

    def _show_changes(self, key: str | None) -> None:
        from pathlib import Path

        from artui.tui.screens.changes import ChangesScreen

        if key is not None:
            is_time = key.isdecimal()
            self.push_screen(ChangesScreen(since_ms=int(key)) if is_time else ChangesScreen(other=Path(key)))

    def _go_back_in_time(self, key: str | None) -> None:
        from artui.tui.screens.moment import NOW

        if key is None:
            return
        path = self.past.source if self.past is not None else self.reader.path
        if key == NOW:
            self._open_other(str(path))
            return
        self.say("Going back …", seconds=600)

        def work() -> Past:
            from artui.travel.past import as_of

            return as_of(path, int(key))

        def show(past: Past) -> None:
            self.to_open_as_of = past
            self.exit()

        self.ask("past", work, show)

    def action_palette(self) -> None:
        self.navigation.show_palette()

    # What screens ask of the table of runs

    def on_show_runs(self, message: ShowRuns) -> None:
        before = self.runs_screen.state.request.where
        show = self.runs_screen.narrow if message.is_narrower else self.runs_screen.show_filter
        self.navigation.to_filtered(lambda: show(message.where))
        brings_back = ""
        if before and before != self.runs_screen.state.request.where:
            keep_filter(before)
            brings_back = f", / ↑ brings back {clean(before, max_chars=60)}"
        self.say(f"esc goes back{brings_back}", seconds=FILTER_SECONDS)

    def on_group_runs(self, message: GroupRuns) -> None:
        self.navigation.to_runs()
        self.runs_screen.group_by(message.column)

    def on_plot_runs(self, message: PlotRuns) -> None:
        if message.keys:
            self.runs_screen.plot_compared(message.keys, message.metric)
        else:
            self.runs_screen.action_plot(message.kind or "curves", message.column)

    def on_show_neighbour(self, message: ShowNeighbour) -> None:
        self.runs_screen.open_neighbour(message.run_id, message.change)

    def keep_recent(self, thing: Thing) -> None:
        """Remember what was opened, for the palette."""
        from artui.tui.state.recent import keep_recent

        catalog = self.reader.catalog_id
        self.ask("recent", lambda: keep_recent(catalog, thing), lambda _: None)


def _screen_id(asker: DOMNode) -> int:
    """Give the id of the screen that asks; errors of the app, or of a widget no longer on a screen, are shown everywhere."""
    screen = next((node for node in asker.ancestors_with_self if isinstance(node, Screen)), None)
    return id(screen) if screen is not None else EVERYWHERE


def _read_once(driver: object) -> None:
    """See to it that what is typed is read by one thread after the program was stopped.

    Textual begins to read when it goes on. Whoever was stopped by SIGSTOP was not told before, and still reads: of two
    threads one would wait for ever for what the other one got, and the end of the app for that one.
    """
    goes_on, ends_input = getattr(driver, "_sigcont_application", None), getattr(driver, "disable_input", None)
    if goes_on is None or ends_input is None or not hasattr(signal, "SIGCONT"):
        return

    def go_on(*_: object) -> None:
        ends_input()
        goes_on()

    with contextlib.suppress(ValueError):  # not the main thread, as in a test
        signal.signal(signal.SIGCONT, go_on)


def _default_path() -> Path | None:
    from artui.settings import default_catalog

    with contextlib.suppress(ArtuiError, OSError, RuntimeError):
        return default_catalog().absolute()
    return None


def _collect_garbage_again() -> None:
    """Switch the garbage collector on again, which was off during the start; it skips what is loaded by now."""
    gc.freeze()
    gc.enable()


def run(
    reader: Reader,
    settings: Settings,
    first: FirstView,
    importing: Importing | None = None,
    said: str = "",
    past: Past | None = None,
) -> int:
    """Run the app on a catalog, beside an import if there is one; give the exit code of the process.

    It ends to have something forgotten, for which nobody may have the catalog open, or to open another catalog, and
    begins again after that. `said` is what it says at first, `past` the catalog as it was, if that is what is shown.
    """
    notice: tuple[str, bool] | None = (said, False) if said else None
    place: Whereabouts | None = None
    while True:
        app = ArtuiApp(reader, settings, first=first, importing=importing, notice=notice, place=place)
        app.past = past
        app.greets = notice is None and importing is None and first.total > 0 and greeting.is_due()
        try:
            app.run(mouse=settings.mouse)
        finally:
            app.close()
        path, notice, place = reader.path, None, None
        if app.to_open_as_of is not None:
            past, importing = app.to_open_as_of, None
            # Ages, and what is still going on, are those of then.
            clock.stop_at(past.at_ms)
            reader = reader_of(past)
            notice = _said_of(past)
            first = first_view(reader, FIRST_ROWS)
            continue
        if app.to_forget is not None:
            from artui.tui.forgetting import forget

            notice = forget(path, app.to_forget)
        elif not app.to_open:
            return app.return_code or 0
        else:
            try:
                reader, past = type(reader)(app.to_open), None
                clock.stop_at(None)
                remember(reader.path)
            except ArtuiError as error:
                notice = str(error), True
        if reader.path == path:
            reader = type(reader)(path)
        if app.to_forget is not None and app.whereabouts is not None:
            from artui.tui.returning import still_there

            place = still_there(reader, app.whereabouts)
        importing = None
        first = first_view(reader, FIRST_ROWS)


def reader_of(past: Past) -> Reader:
    """Open a catalog as it was at some time."""
    from artui.query.reader import Reader

    return Reader(past.path, sources=(past.source,), why_not_writable=past.why_not_writable, title=past.title)


def _said_of(past: Past) -> tuple[str, bool]:
    """Say what is not shown of a catalog as it was."""
    gone = past.taken_back
    later = [
        plural(count, word)
        for count, word in (
            (gone.runs, "run"),
            (gone.versions, "version"),
            (gone.points, "point"),
            (gone.changes, "change"),
        )
        if count
    ]
    said = f"Without {', '.join(later)} since then." if later else "Nothing has come since then."
    lost = f" {count_text(gone.lost)} of it was forgotten or removed since." if gone.lost else ""
    return f"{said}{lost} @ goes back to now.", bool(gone.lost)
