"""Going from screen to screen: which one is opened for what, and which ones are closed on the way.

Screens are imported when they are opened: the first one must not wait for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from textual.app import App
from textual.screen import Screen
from textual.widget import Widget

from artui.query.runs.rows import run_ids
from artui.safetext import clean
from artui.tui.host import MAX_COMPARED
from artui.tui.keys import offered_keys
from artui.tui.messages import Link
from artui.tui.screens.base import CatalogScreen
from artui.tui.screens.runs import marks

if TYPE_CHECKING:
    from artui.model import RunHead, VersionHead
    from artui.query.between import Between
    from artui.query.reader import Reader
    from artui.query.things import Thing
    from artui.tui.screens.onefile import OneFile
    from artui.tui.screens.runs.screen import RunsScreen
    from artui.tui.screens.runs.state import RunsState
    from artui.tui.screens.sql import Draft


_WAY_BACK = "way back"
_COMING_UP_SECONDS = 0.01
_TOP_SECONDS = 1.5
"""So long it is said that esc leads no further."""


T = TypeVar("T")


class _WayBack(NamedTuple):
    """Where esc leads from the table of runs."""

    screens: Sequence[Screen[Any]]
    """Above the table, the one in sight last."""
    before: str
    """The filter that the table had then."""
    where: str
    """The filter that it was given: with another one there is no way back."""


class Navigation:
    """Opens screens of one app, above its table of runs."""

    def __init__(self, app: App[Any], reader: Reader, runs_screen: RunsScreen, say: Callable[[str], None]) -> None:
        self._app = app
        self._reader = reader
        self._runs_screen = runs_screen
        self._say = say
        self._way_back: _WayBack | None = None
        self._sql: Draft | None = None
        """What was typed on the screen of SQL."""

    def go_back(self) -> None:
        """Do what esc does inside the screen, or else leave it; the table of runs leads back to what filtered it."""
        screen = self._app.screen
        if screen is self._runs_screen and self._return():
            return
        if not screen.is_mounted:
            # It is still coming up: what is taken down half way draws where nothing is.
            self._app.set_timer(_COMING_UP_SECONDS, self.go_back)
            return
        is_inside = isinstance(screen, CatalogScreen) and (screen.leave_find() or screen.go_back())
        if is_inside:
            return
        if len(self._app.screen_stack) > 1:
            self._app.pop_screen()
            self._app.uninstall_screen(screen)
        elif screen is self._runs_screen:
            self._app.say("This is the top: q quits.", seconds=_TOP_SECONDS, is_of_key=True)  # type: ignore[attr-defined]

    def to_filtered(self, show: Callable[[], None]) -> None:
        """Go to the table of runs with another filter, which `show` sets; esc leads back to the screens above it."""
        self._forget_way_back()
        before, screens = self._runs_screen.state.request.where, list(self._app.screen_stack[1:])
        for number, screen in enumerate(screens):
            # What is installed stays as it is while it is not in sight.
            if not self._app.is_screen_installed(screen):
                self._app.install_screen(screen, f"{_WAY_BACK} {number}")
        while len(self._app.screen_stack) > 1:
            self._app.pop_screen()
        show()
        self._way_back = _WayBack(screens, before, self._runs_screen.state.request.where)

    def _return(self) -> bool:
        """Go back to the screens that led to the filter of the table; false if it is another one, or is being typed."""
        runs, way_back = self._runs_screen, self._way_back
        if runs.prompt.leave():
            return True
        if way_back is None or runs.filter.is_typing:
            return False
        if runs.state.request.where != way_back.where:
            self._forget_way_back()
            return False
        self._way_back = None
        runs.show_filter(way_back.before)
        for screen in way_back.screens:
            self._app.push_screen(screen)
        return bool(way_back.screens)

    def _forget_way_back(self) -> None:
        if self._way_back is not None:
            for screen in self._way_back.screens:
                self._app.uninstall_screen(screen)
                screen.remove()
        self._way_back = None

    def to_runs(self) -> None:
        """Close all screens above the table of runs."""
        while len(self._app.screen_stack) > 1:
            screen = self._app.screen
            self._app.pop_screen()
            self._app.uninstall_screen(screen)

    def follow(self, link: Link) -> None:
        """Go where a line leads."""
        if link.kind == "run":
            self.show_run(link.id)
        elif link.kind == "artifact":
            self._show_artifact(int(link.id))
        elif link.kind == "version":
            from artui.query.artifacts import get_version

            screen = self._app.screen
            if isinstance(screen, CatalogScreen):
                screen.ask(
                    "followed",
                    lambda: get_version(self._reader, link.id, max_files=1).head,
                    self._unless_left(screen, self._show_version),
                )
        elif link.kind == "files":
            self._show_files(link.id)
        elif link.kind == "text":
            self._show_text(*link.id.split("\n", 1))
        else:
            key, _, path = link.id.partition(":")
            self.show_file(int(key), path)

    def _show_files(self, version_id: str) -> None:
        """List all files of a version."""
        from artui.query.artifacts import get_version
        from artui.tui.screens.files import FilesScreen

        screen = self._app.screen
        if isinstance(screen, CatalogScreen):
            screen.ask(
                "followed",
                lambda: get_version(self._reader, version_id, max_files=1).head,
                self._unless_left(screen, lambda head: self._push(FilesScreen(head))),
            )

    def _unless_left(self, screen: CatalogScreen, show: Callable[[T], None]) -> Callable[[T], None]:
        """Show what was found only while the screen that asked for it is in front: who has gone back since wants it no more."""

        def take(found: T) -> None:
            if self._app.screen is screen:
                show(found)

        return take

    def _push(self, screen: CatalogScreen) -> None:
        self._app.push_screen(screen)

    def _show_text(self, name: str, text: str) -> None:
        """Show a long value as a whole."""
        from artui.tui.screens.value import ValueScreen

        self._app.push_screen(ValueScreen(name, text, place=getattr(self._app.screen, "PLACE", 0)))

    def show_file(self, version_key: int, path: str, words: Sequence[str] = (), *, in_place: bool = False) -> None:
        """Show a file of a version: a table as rows, a picture drawn, tensors with what their values are like, all else as text.

        Args:
            version_key: of the version.
            path: of the file.
            words: of the files beside it only those count whose paths hold them.
            in_place: whether it takes the place of the screen in sight.
        """
        from artui.content.images import is_picture
        from artui.query.tensors import has_tensors
        from artui.tui.screens.image import ImageScreen
        from artui.tui.screens.rows import RowsScreen, is_table
        from artui.tui.screens.tensors import TensorsScreen
        from artui.tui.screens.text import TextScreen

        kinds = ((is_table, RowsScreen), (is_picture, ImageScreen), (has_tensors, TensorsScreen))
        kind: type[OneFile] = next((kind for is_of_kind, kind in kinds if is_of_kind(path)), TextScreen)
        screen = kind(version_key, path, words)
        if in_place:
            self._app.switch_screen(screen)
        else:
            self._app.push_screen(screen)

    def show_tensors(self, version_key: int, path: str, words: Sequence[str], *, in_place: bool) -> None:
        """Show a file as the tensors that it holds: above the screen in sight, which is its other way, or in its place."""
        from artui.tui.screens.tensors import TensorsScreen

        screen = TensorsScreen(version_key, path, words, is_above=not in_place)
        if in_place:
            self._app.switch_screen(screen)
        else:
            self._app.push_screen(screen)

    def show_run(self, run_id: str, *, tab: str = "overview") -> None:
        """Show a run in one of its views; the screen of another run changes to it."""
        from artui.tui.screens.run import RunScreen

        if isinstance(self._app.screen, RunScreen):
            self._app.screen.change_run(run_id)
        else:
            self._app.push_screen(RunScreen(run_id, tab=tab))

    def _show_version(self, head: VersionHead) -> None:
        """Show a version; of one that stands for a deployment, what serves there."""
        from artui.model.deployments import DEPLOYMENT
        from artui.tui.screens.deployment import DeploymentScreen

        if head.kind == DEPLOYMENT and not head.file_count:
            self._app.push_screen(DeploymentScreen(head.id))
        else:
            self._show_artifact(head.artifact_key, version_id=head.id)

    def _show_artifact(self, artifact_key: int, *, version_id: str = "") -> None:
        from artui.tui.screens.artifact import ArtifactScreen

        self._app.push_screen(ArtifactScreen(artifact_key, version_id=version_id))

    def compare(self, run_ids: Sequence[str]) -> None:
        """Put runs side by side."""
        from artui.tui.screens.compare import CompareScreen

        self._app.push_screen(CompareScreen(run_ids))

    def hidden_text(self, run_keys: Sequence[int]) -> str:
        """Say how many of some runs the table does not show, and why: `3 hidden by the filter`; empty if it shows all."""
        reach = marks.reach(self._runs_screen.state, run_keys)
        return f"{len(reach.hidden):,} {reach.where}" if reach.hidden else ""

    def marked_keys(self) -> list[int]:
        """Give the keys of the marked runs: those in the table in its order, then the others."""
        return marks.marked_keys(self._runs_screen.state)

    def toggle_mark(self, run_key: int) -> None:
        """Mark a run in the table of runs, or unmark it."""
        runs = self._runs_screen
        runs.show(marks.toggled(runs.state, [run_key], run_key))

    def mark(self, run_keys: Iterable[int]) -> None:
        """Mark more runs."""
        self._show_marks(marks.with_marks(self._runs_screen.state, run_keys))

    def unmark(self, run_keys: Iterable[int]) -> None:
        """Take marks off runs."""
        self._show_marks(marks.without(self._runs_screen.state, run_keys))

    def _show_marks(self, state: RunsState) -> None:
        runs, screen = self._runs_screen, self._app.screen
        runs.show(state)
        if screen is not runs and isinstance(screen, CatalogScreen):
            screen.show_marks()

    def compare_with_marked(self, run_key: int) -> None:
        """Put a run beside the marked ones, or beside its neighbour in the table if there are none."""
        others = [key for key in self.marked_keys() if key != run_key] or self._neighbours(run_key)[-1:]
        keys, screen = [run_key, *others], self._app.screen
        if not others:
            self._say("There is no other run to compare with: space marks runs.")
        elif len(keys) > MAX_COMPARED:
            self._say(f"{len(keys):,} runs are marked; at most {MAX_COMPARED} stand side by side.")
        elif isinstance(screen, CatalogScreen):
            screen.ask("compared", lambda: run_ids(self._reader, keys), self._unless_left(screen, self._compare_others))

    def _compare_others(self, run_ids: Sequence[str]) -> None:
        shown = getattr(self._app.screen, "run_ids", ())
        if set(shown) == set(run_ids):
            self._say("These runs are side by side here: space marks others, a adds one.")
        else:
            self.compare(run_ids)

    def _neighbours(self, run_key: int) -> list[int]:
        """Give the keys of the runs above and below a run in the table."""
        keys = [key for key in self._runs_screen.table.keys if key > 0]
        if run_key not in keys:
            return []
        place = keys.index(run_key)
        return keys[max(0, place - 1) : place] + keys[place + 1 : place + 2]

    def show_artifacts(self, artifact_ids: Sequence[str] = ()) -> None:
        """Show all artifacts, with the cursor on one of those if they are in sight."""
        from artui.tui.screens.artifacts import ArtifactsScreen

        self._show_main(ArtifactsScreen)
        if artifact_ids and isinstance(self._app.screen, ArtifactsScreen):
            self._app.screen.point_at(artifact_ids)

    def show_catalog(self) -> None:
        """Show the catalog itself."""
        from artui.tui.screens.catalog.screen import CatalogHomeScreen

        self._show_main(CatalogHomeScreen)

    def show_lifecycle(self) -> None:
        """Show a project from what was required to what serves."""
        from artui.tui.screens.lifecycle import LifecycleScreen

        self._show_main(LifecycleScreen)

    def show_deployments(self) -> None:
        """Show what serves where."""
        from artui.tui.screens.deployments import DeploymentsScreen

        self._show_main(DeploymentsScreen)

    def show_view(self, name: str) -> None:
        """Open a view that is kept in the catalog."""
        self._open_view(name)

    def show_live(self) -> None:
        """Show the runs that are running."""
        from artui.tui.screens.live import LiveScreen

        self._show_main(LiveScreen)

    def _show_main(self, kind: Callable[[], CatalogScreen]) -> None:
        """Show one of the main screens right above the table of runs, unless it is there."""
        if not (isinstance(kind, type) and isinstance(self._app.screen, kind)):
            self.to_runs()
            self._app.push_screen(kind())

    def show_lineage(self) -> None:
        """Show the lineage of the screen's subject."""
        from artui.tui.screens.lineage import LineageScreen

        screen = self._app.screen
        if isinstance(screen, LineageScreen):
            return
        subject = screen.subject() if isinstance(screen, CatalogScreen) else None
        if subject is None:
            self._say("Choose a run or an artifact first: its lineage is shown.")
            return
        self._app.push_screen(LineageScreen(subject))

    def _show_ways(self, one_id: str, other_id: str) -> None:
        """Draw what leads from one of two runs or versions to the other, or to both from what they came of."""
        from artui.model import RunHead
        from artui.query.between import between, end_of
        from artui.tui.screens.lineage import LineageScreen

        reader = self._reader

        def read() -> tuple[RunHead | VersionHead, RunHead | VersionHead, Between]:
            one, other = end_of(reader, one_id), end_of(reader, other_id)
            return one, other, between(reader, one, other)

        def take(answer: tuple[RunHead | VersionHead, RunHead | VersionHead, Between]) -> None:
            *ends, found = answer
            names = [clean(end.name if isinstance(end, RunHead) else end.reference, max_chars=60) for end in ends]
            if not found.goals:
                self._say(f"Neither of {names[0]} and {names[1]} came of the other, and nothing was noted that both came of.")  # fmt: skip
                return
            self._app.push_screen(LineageScreen(found.root, goals=found.goals, part=found.part))
            if len(found.goals) > 1:
                self._say(f"Neither of {names[0]} and {names[1]} came of the other: this is the nearest that both came of.")  # fmt: skip

        self._runs_screen.ask("ways", read, take)

    def show_room(self) -> None:
        """Show what could be freed in the catalog."""
        from artui.tui.screens.room import RoomScreen

        if not isinstance(self._app.screen, RoomScreen):
            self._app.push_screen(RoomScreen(getattr(self._app.screen, "PLACE", 2)))

    def show_sql(self) -> None:
        """Show what is asked in SQL: nothing yet, or what was typed when it was left."""
        from artui.tui.screens.sql import Draft, SqlScreen

        if not isinstance(self._app.screen, SqlScreen):
            if self._sql is None:
                self._sql = Draft()
            self._app.push_screen(SqlScreen(self._sql))

    def show_forgetting(self, head: RunHead | VersionHead | None) -> None:
        """Show what forgetting a run or a version takes out for good, and ask."""
        from artui.tui.screens.forget import ForgetScreen

        if head is None:
            self._say("There is no run and no version here that could be forgotten.")
        else:
            self._app.push_screen(ForgetScreen(head, place=getattr(self._app.screen, "PLACE", 0)))

    def show_imports(self) -> None:
        """Show what was imported into the catalog."""
        from artui.tui.screens.imports import ImportsScreen

        if not isinstance(self._app.screen, ImportsScreen):
            self._app.push_screen(ImportsScreen())

    def show_help(self) -> None:
        """Show the keys of the current screen."""
        from artui.tui.screens.help import HelpScreen

        if isinstance(self._app.screen, CatalogScreen):
            self._app.push_screen(HelpScreen(self._app.screen.SCOPES))

    def show_palette(self) -> None:
        """Open the palette: go to anything, or run any action of the current screen."""
        from artui.tui.screens.palette import PaletteScreen

        screen = self._app.screen
        if not isinstance(screen, CatalogScreen):
            return
        focused = screen.focused
        actions = [
            (key, partial(self._do, screen, focused, key.action))
            for key in offered_keys(*screen.SCOPES)
            if key.scope != "list" and not key.action.endswith("palette")
        ]

        def run(action: Callable[[], None] | None) -> None:
            if action is not None:
                action()

        self._app.push_screen(PaletteScreen(actions, self.go_to, self._reader.catalog_id), run)

    def _do(self, screen: CatalogScreen, focused: Widget | None, action: str) -> None:
        """Run an action on its owner: the focused widget, one around it, or the screen."""
        name = action.partition("(")[0].rpartition(".")[2]
        owners = [*(focused.ancestors_with_self if focused is not None else ()), screen]
        owner = next((owner for owner in owners if hasattr(owner, f"action_{name}")), screen)
        self._app.call_later(self._app.run_action, action, owner)

    def go_to(self, thing: Thing, use_id: str = "") -> None:
        """Go to what was chosen in the palette; with a metric or a param, do there what was chosen, or sort by it."""
        if thing.kind in ("run", "version", "artifact"):
            self.follow(Link(thing.kind, thing.id))
        elif thing.kind == "ways":
            self._show_ways(*thing.id.split())
        elif thing.kind == "view":
            self._open_view(thing.id)
        else:
            from artui.tui.screens.runs.uses import use

            self.to_runs()
            use(self._runs_screen, use_id, thing.kind, thing.id)

    def _open_view(self, name: str) -> None:
        """Open a view where it belongs: in the table of runs, in that of artifacts, or in that of the versions in sight."""
        from artui.query.runs.views import SavedView, saved_views
        from artui.tui.screens.artifact import ArtifactScreen
        from artui.tui.screens.artifacts import ArtifactsScreen

        runs, reader = self._runs_screen, self._reader

        def take(views: list[SavedView]) -> None:
            place = next((view.screen for view in views if view.name == name), None)
            if place == "artifacts":
                self._show_main(ArtifactsScreen)
                screen = self._app.screen
                if isinstance(screen, ArtifactsScreen):
                    screen.call_after_refresh(screen.open_view_named, name)
            elif place == "versions":
                screen = self._app.screen
                if isinstance(screen, ArtifactScreen):
                    screen.open_view_named(name)
                else:
                    self._say(f"The view {clean(name, max_chars=60)} is of versions: open an artifact first.")
            elif place is not None:
                self.to_runs()
                runs.open_view_named(name)
            else:
                self._say(f"There is no view {clean(name, max_chars=60)} any more.")

        runs.ask("view's place", lambda: saved_views(reader), take)
