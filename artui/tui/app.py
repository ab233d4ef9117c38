"""The app: one catalog, its screens, and what they share."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.color import ColorSystem
from textual.screen import Screen
from textual.widget import Widget

from artui import clock
from artui.catalog.spool.orphans import take_over
from artui.catalog.spool.place import folders_of
from artui.errors import ArtuiError
from artui.model import DELETED_IN_SOURCE, UNREAD
from artui.query.live import LiveRun, live_runs
from artui.query.reader import Reader
from artui.query.runs.order import FirstView, first_view
from artui.safetext import clean
from artui.settings import Settings
from artui.tui.alerts import Alerts
from artui.tui.cells import Palette, Span, make_palette
from artui.tui.fetch import error_text
from artui.tui.keys import KEYS, bindings
from artui.tui.live import Watch
from artui.tui.messages import CatalogChanged, Link
from artui.tui.screens.base import CatalogScreen
from artui.tui.screens.runs.screen import FIRST_ROWS, RunsScreen
from artui.tui.terminal.output import ChangesOnly
from artui.tui.themes import chosen_theme, keep_theme, themes_of
from artui.tui.widgets.bars import KeyBar
from artui.units import bytes_text, count_text, number_text, plural

if TYPE_CHECKING:
    from artui.query.things import Thing
    from artui.tui.importing import Importing, ImportState

NOTICE_SECONDS = 5.0
OLD_NOTICE_SECONDS = 0.5
CHECK_AFTER_SECONDS = 2.0
"""So long after the first screen the whole file is looked through for damage."""
TAKE_OVER_SECONDS = 30.0
GOODBYE_SECONDS = 0.8
IMPORT_SECONDS = 0.5


class ArtuiApp(ChangesOnly):
    """Explore one catalog."""

    TITLE = "artui"
    CSS_PATH = "artui.tcss"
    BINDINGS = bindings("app")
    ENABLE_COMMAND_PALETTE = False
    MAX_COMPARED = 200

    def __init__(
        self, reader: Reader, settings: Settings, *, first: FirstView | None = None, importing: Importing | None = None
    ) -> None:
        # Asked for its colours while Textual's own part is made.
        self._theme_of_ours = chosen_theme(settings)
        super().__init__()
        self.importing = importing
        """The import that fills this catalog, when it is the cached one of a foreign store."""
        self._import_state: ImportState | None = None
        self.reader = reader
        self.settings = settings
        self.sends_changes_only = settings.output == "changes"
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
        self._file_watch = Watch(reader, self._changed)
        self.alerts = Alerts(settings, self._tell_later)
        self.seen_values: dict[tuple[str, str], tuple[int, float]] = {}
        """Count and last value of each metric of running runs when one last looked, by run id and title."""
        self._total_count, self._running_count = 0, 0
        self._colour_numbers: dict[str, int] = {}
        self._notice: list[Span] = []
        self._notice_at = 0.0
        self._error: list[Span] = []
        self._notice_timer: Any = None

    # Colours

    def get_theme_variable_defaults(self) -> dict[str, str]:
        theme = self._theme_of_ours
        return {"back": theme.background, "ink": theme.colours["text"], "panel-back": theme.panel, "cursor-back": theme.cursor, "faint-ink": theme.colours["faint"]}  # fmt: skip

    def action_choose_theme(self) -> None:
        from artui.tui.screens.pick import Choice, PickScreen

        told = {"dark": "", "light": "for bright terminals", "colour-blind": "no red against green"}
        choices = [Choice(name, name, told.get(name, "your own")) for name in themes_of(self.settings)]
        self.push_screen(PickScreen("colours", choices, current=self._theme_of_ours.name), self._take_theme)

    def _take_theme(self, name: str | None) -> None:
        if name is None or name == self._theme_of_ours.name:
            return
        self._theme_of_ours = themes_of(self.settings)[name]
        self.palette = make_palette(is_coloured=self._is_coloured, is_rich=self._is_rich, theme=self._theme_of_ours)
        settings = self.settings
        self.runs_screen.ask("theme", lambda: keep_theme(settings, name), lambda _: None)
        self.refresh_css(animate=False)
        for screen in self.screen_stack:
            for widget in screen.walk_children():
                # Charts keep what they have drawn.
                again = getattr(widget, "again", None)
                (again or widget.refresh)()
            screen.refresh()

    # Beginning and end

    def get_default_screen(self) -> Screen[Any]:
        return self.runs_screen

    def on_mount(self) -> None:
        self.set_timer(0.5, _collect_garbage_again)
        # While the app was suspended the shell wrote over everything.
        self.app_resume_signal.subscribe(self, lambda _: self.forget_terminal())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
                # Textual leaves these to the system, which would not give the terminal back.
                loop.add_signal_handler(number, self._end_by_signal, int(number))
        self.set_interval(max(0.2, self.settings.refresh_seconds), self._look)
        self.set_interval(TAKE_OVER_SECONDS, self._take_over)
        self._take_over()
        self.set_interval(max(2.0, self.settings.refresh_seconds), self._look_for_alerts)
        if self.reader.is_unchecked:
            self.set_timer(CHECK_AFTER_SECONDS, self._look_for_damage)
        if self.importing is not None:
            self.importing.start()
            self.set_interval(IMPORT_SECONDS, self._look_at_import)
        if self.reader.notice:
            self.say(self.reader.notice, is_warning=True, seconds=15)

    def _look_for_damage(self) -> None:
        """Have the whole file looked through, behind what is shown."""
        self.runs_screen.ask("damage", self.reader.check_damage, lambda _: None)

    def _end_by_signal(self, number: int) -> None:
        # With the terminal gone, Textual may wait for ever to write to it: then leave without its goodbye.
        last_way_out = threading.Timer(GOODBYE_SECONDS, self._leave_at_once, [128 + number])
        last_way_out.daemon = True
        last_way_out.start()
        self.exit(return_code=128 + number)

    def _leave_at_once(self, code: int) -> None:
        with contextlib.suppress(Exception):
            self.close()
        os._exit(code)

    def action_leave(self) -> None:
        if isinstance(self.screen, RunsScreen):
            self.exit()
        else:
            self.say("esc goes back; q quits from the table of runs.")

    def action_help_quit(self) -> None:
        """ctrl+c: leave at once."""
        self.exit(return_code=130)

    def close(self) -> None:
        """Let go of the catalog; call after the app has ended."""
        if self.importing is not None:
            self.importing.stop()
        self._file_watch.tidy()
        self.reader.close()

    # Live

    def _look(self) -> None:
        if self._file_watch.is_gone:
            self.show_error(
                ArtuiError(
                    f"{self.catalog_title} is not there any more: this is what it last showed.",
                    remedy="r opens it again.",
                )
            )
            return
        self._file_watch.look()

    def _take_over(self) -> None:
        """Have what dead processes left beside the catalog written into it, and their runs ended."""
        reader = self.reader
        if folders_of(reader.path):
            self.runs_screen.ask("take over", lambda: take_over(reader.path), lambda _: None)

    def _look_for_alerts(self) -> None:
        """See whether a rule holds, on whatever screen; only while there are rules, and runs that go on."""
        if self.alerts.rules and (self._running_count or self.alerts.holding) and getattr(self.screen, "PLACE", 0) != 4:
            reader = self.reader
            self.runs_screen.ask("alerts", lambda: live_runs(reader), self.take_live)

    def take_live(self, runs: Sequence[LiveRun]) -> None:
        """Look at running runs for alerts: tell of what holds and has not held before."""
        fresh = self.alerts.look(runs, clock.now_ms())
        if fresh:
            self.bell()
            first = fresh[0]
            more = f", and {len(fresh) - 1} more: 4 shows them" if len(fresh) > 1 else "; 4 shows it"
            self.say(
                f"! {first.run}: {first.rule} ({first.metric} {number_text(first.value)}){more}",
                is_warning=True,
                seconds=20,
            )

    def _tell_later(self, text: str) -> None:
        self.call_later(lambda: self.say(text, is_warning=True, seconds=15))

    def _look_at_import(self) -> None:
        """Show how far the import is, and tell once when it has ended."""
        importing = self.importing
        if importing is None or importing.state == self._import_state:
            return
        before, self._import_state = self._import_state, importing.state
        screen = self.screen
        if isinstance(screen, CatalogScreen):
            screen.show_place()
        state = importing.state
        if not state.is_done or (before is not None and before.is_done):
            return
        self._file_watch.look()
        for each in self.screen_stack:
            each.post_message(CatalogChanged())
        if state.error:
            self.say(f"{state.error} What was imported before is shown.", is_warning=True, seconds=30)
            return
        runs = sum(sum(report["runs"].values()) for report in state.reports)
        news = sum(report["runs"].get("new", 0) + report["runs"].get("updated", 0) for report in state.reports)
        damaged = sum(report["damaged_count"] for report in state.reports)
        left = sum(each["count"] for report in state.reports for each in report["left"])
        if not news and not damaged:
            self.say(f"Nothing new in {plural(runs, 'run')}. I shows what was taken and left.")
            return
        told = [f"{count_text(damaged)} damaged"] if damaged else []
        deleted = sum(
            each["count"] for report in state.reports for each in report["changed"] if each["why"] == DELETED_IN_SOURCE
        )
        told += [f"{count_text(deleted)} deleted there and not shown"] if deleted else []
        told += [f"{count_text(left)} things left out"] if left else []
        taken = plural(runs, "run") + (f", {count_text(news)} of them new or grown" if news < runs else "")
        more = f": {', '.join(told)}" if told else ""
        # What to do next stands where no terminal is too narrow for it.
        self.say(f"Imported: {taken}. I shows what was taken and left{more}.", is_warning=bool(damaged), seconds=12)

    def action_show_imports(self) -> None:
        from artui.tui.screens.imports import ImportsScreen

        if not isinstance(self.screen, ImportsScreen):
            self.push_screen(ImportsScreen())

    def _changed(self) -> None:
        if self.reader.must_reopen:
            self.say("The catalog has changed on disk: r reads it again.")
            return
        for screen in self.screen_stack:
            screen.post_message(CatalogChanged())

    def action_reload(self) -> None:
        """Open the file again and ask everything anew."""
        screen = self.screen
        if not isinstance(screen, CatalogScreen):
            return

        def reopen() -> None:
            self.reader.reopen()

        def show(_: None) -> None:
            for each in self.screen_stack:
                each.post_message(CatalogChanged())
            self.say("Read again.")

        screen.ask("reopen", reopen, show)

    def action_redraw(self) -> None:
        self.forget_terminal()

    # What is said

    @property
    def place_note(self) -> str:
        """What the right end of the footer says of where the catalog is; empty for one that was named."""
        if self.importing is None:
            return ""
        path, home = str(self.reader.path), os.path.expanduser("~")
        shown = "~" + path.removeprefix(home) if path.startswith(home + os.sep) else path
        name = self.reader.path.name if self.size.width < 140 else shown
        return clean(f"cached in {name}")

    @property
    def catalog_title(self) -> str:
        return clean(self.importing.title if self.importing is not None else self.reader.path.name)

    def trust_spans(self, *, is_brief: bool = False) -> list[Span]:
        """Say how large the catalog is, how many runs are running, and whether it may be changed."""
        spans: list[Span] = []
        if not is_brief:
            with contextlib.suppress(OSError):
                spans.append((f"  {bytes_text(self.reader.path.stat().st_size)}", "dim"))
        if self.importing is not None:
            spans.append(self._import_span(is_brief=is_brief))
        if self._running_count:
            spans.append((f" · {count_text(self._running_count)} running", "accent"))
        if not self.reader.may_write:
            spans.append((" · read-only", "warn"))
        return spans

    def _import_span(self, *, is_brief: bool) -> Span:
        state = self._import_state
        if state is None:
            return " · importing", "accent"
        if state.is_done:
            titles = [str(report["title"]) for report in state.reports if report["format"] != UNREAD]
            source = titles[0] if len(set(titles)) == 1 else f"{len(titles)} stores"
            return ("" if is_brief or not state.reports else f" · from {source}", "dim")
        far = f" {count_text(state.run_count)} runs" if state.run_count and not is_brief else ""
        return (f" · importing{far}", "accent")

    def set_counts(self, total: int, running: int) -> None:
        if (total, running) != (self._total_count, self._running_count):
            self._total_count, self._running_count = total, running
            if isinstance(self.screen, CatalogScreen):
                self.screen.show_place()

    def notice_spans(self) -> list[Span]:
        """What the line at the bottom says instead of the keys; empty for nothing."""
        return self._error or self._notice

    def say(self, text: str, *, is_warning: bool = False, seconds: float = NOTICE_SECONDS) -> None:
        """Say something for a while at the bottom."""
        self._notice = [(clean(text), "warn" if is_warning else "bar.text")]
        self._notice_at = time.monotonic()
        if self._notice_timer is not None:
            self._notice_timer.stop()
        self._notice_timer = self.set_timer(seconds, self._unsay)
        self._show_notice()

    def forget_old_notice(self) -> None:
        """On another screen, say no longer what was said on the one before."""
        if self._notice and time.monotonic() - self._notice_at > OLD_NOTICE_SECONDS:
            self._unsay()

    def _unsay(self) -> None:
        self._notice = []
        self._show_notice()

    def show_error(self, error: Exception) -> None:
        """Show an error until the next question is answered; what is on the screen stays."""
        self._error = [(clean(error_text(error)), "bad")]
        self._show_notice()

    def clear_error(self) -> None:
        if self._error:
            self._error = []
            self._show_notice()

    def _show_notice(self) -> None:
        with contextlib.suppress(Exception):
            for bar in self.screen.query(KeyBar):
                bar.show_notice(self.notice_spans())

    def copy_text(self, text: str) -> None:
        """Put an id or a reference on the clipboard, and say so."""
        self.copy_to_clipboard(clean(text))
        self.say(f"copied {clean(text)}")

    def copy_to_clipboard(self, text: str) -> None:
        """Put a text on the clipboard of the terminal where one sits, through tmux or screen too."""
        from artui.tui.terminal.clipboard import copied_by_tmux

        self._clipboard = text
        if os.environ.get("TMUX"):
            self.runs_screen.ask("copied", lambda: copied_by_tmux(text), lambda done: None if done else self._send_copy(text))  # fmt: skip
        else:
            self._send_copy(text)

    def _send_copy(self, text: str) -> None:
        from artui.tui.terminal.clipboard import sequence

        if self._driver is not None:
            self._driver.write(sequence(text, os.environ))

    # Going places

    def action_go_back(self) -> None:
        screen = self.screen
        if isinstance(screen, CatalogScreen):
            if screen.leave_find() or screen.go_back():
                return
            if len(self.screen_stack) > 1:
                self.pop_screen()
            elif isinstance(screen, RunsScreen):
                self.say("This is the top: q quits.")
        elif len(self.screen_stack) > 1:
            self.pop_screen()

    def action_help(self) -> None:
        from artui.tui.screens.help import HelpScreen

        screen = self.screen
        if isinstance(screen, CatalogScreen):
            self.push_screen(HelpScreen(screen.SCOPES))

    def follow(self, link: Link) -> None:
        """Go where a line leads."""
        if link.kind == "run":
            self.show_run(link.id)
        elif link.kind == "artifact":
            self._show_artifact(int(link.id))
        elif link.kind == "version":
            from artui.query import artifacts as artifact_query

            screen = self.screen
            if isinstance(screen, CatalogScreen):
                screen.ask(
                    "followed",
                    lambda: artifact_query.get_version(self.reader, link.id).head,
                    lambda head: self._show_artifact(head.artifact_key, version_id=head.id),
                )
        else:
            from artui.tui.screens.text import TextScreen

            key, _, path = link.id.partition(":")
            self.push_screen(TextScreen(int(key), path))

    def show_run(self, run_id: str) -> None:
        """Show a run; on the screen of another run, in its place."""
        from artui.tui.screens.run import RunScreen

        if isinstance(self.screen, RunScreen):
            self.screen.change_run(run_id)
        else:
            self.push_screen(RunScreen(run_id))

    def _show_artifact(self, artifact_key: int, *, version_id: str = "") -> None:
        from artui.tui.screens.artifact import ArtifactScreen

        self.push_screen(ArtifactScreen(artifact_key, version_id=version_id))

    def colour_of(self, run_id: str) -> int:
        """Give the number of a run's colour and mark: it keeps them as long as the app is open."""
        return self._colour_numbers.setdefault(run_id, len(self._colour_numbers))

    def compare(self, run_ids: Sequence[str]) -> None:
        """Put runs side by side."""
        from artui.tui.screens.compare import CompareScreen

        self.push_screen(CompareScreen(run_ids))

    def action_show_runs(self) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def action_show_artifacts(self) -> None:
        from artui.tui.screens.artifacts import ArtifactsScreen

        if isinstance(self.screen, ArtifactsScreen):
            return
        self.action_show_runs()
        self.push_screen(ArtifactsScreen())

    def action_show_live(self) -> None:
        from artui.tui.screens.live import LiveScreen

        if isinstance(self.screen, LiveScreen):
            return
        self.action_show_runs()
        self.push_screen(LiveScreen())

    def action_show_lineage(self) -> None:
        from artui.tui.screens.lineage import LineageScreen

        screen = self.screen
        if isinstance(screen, LineageScreen):
            return
        subject = screen.subject() if isinstance(screen, CatalogScreen) else None
        if subject is None:
            self.say("Choose a run or an artifact first: its lineage is shown.")
            return
        self.push_screen(LineageScreen(subject))

    # The palette

    def action_palette(self) -> None:
        """Go to anything, or do anything that a key of this screen does."""
        from artui.tui.screens.palette import PaletteScreen

        screen = self.screen
        if not isinstance(screen, CatalogScreen):
            return
        focused = screen.focused
        actions = [
            (key, partial(self._run_key, screen, focused, key.action))
            for key in KEYS
            if key.scope in screen.SCOPES and key.scope != "list" and not key.action.endswith("palette")
        ]

        def done(run: Callable[[], None] | None) -> None:
            if run is not None:
                run()

        self.push_screen(PaletteScreen(actions, self.go_to, self.reader.catalog_id), done)

    def _run_key(self, screen: CatalogScreen, focused: Widget | None, action: str) -> None:
        """Do what a key does, where it does it: at what has the focus, around it, or on the screen."""
        name = action.partition("(")[0].rpartition(".")[2]
        owners = [*(focused.ancestors_with_self if focused is not None else ()), screen]
        owner = next((each for each in owners if hasattr(each, f"action_{name}")), screen)
        self.call_later(self.run_action, action, owner)

    def go_to(self, thing: Thing) -> None:
        """Go to something that was found."""
        if thing.kind in ("run", "version", "artifact"):
            self.follow(Link(thing.kind, thing.id))
        elif thing.kind == "view":
            self.action_show_runs()
            self.runs_screen.open_view_named(thing.id)
        else:
            self.action_show_runs()
            self.runs_screen.sort_by_name(thing.kind, thing.id)

    def keep_recent(self, thing: Thing) -> None:
        """Remember what was opened, for the palette."""
        from artui.tui.state.recent import keep_recent

        catalog = self.reader.catalog_id
        self.runs_screen.ask("recent", lambda: keep_recent(catalog, thing), lambda _: None)


def _collect_garbage_again() -> None:
    """Undo what the start did: what was loaded by now stays, and need not be looked through again."""
    gc.freeze()
    gc.enable()


def run(reader: Reader, settings: Settings, first: FirstView, importing: Importing | None = None) -> int:
    """Open the app on a catalog, with an import that goes on behind it if there is one; give the process's exit code."""
    app = ArtuiApp(reader, settings, first=first, importing=importing)
    try:
        app.run(mouse=settings.mouse)
    finally:
        app.close()
    return app.return_code or 0
