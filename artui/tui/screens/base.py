"""What all screens share: bars, questions to the catalog, links."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.css.query import NoMatches
from textual.widget import Widget
from textual.widgets import Input

from artui.tui.cells import length_of
from artui.tui.fetch import Asks
from artui.tui.finding import FindsLines
from artui.tui.keys import footer_keys, pairs_of
from artui.tui.widgets.bars import Bar, KeyBar, place_spans
from artui.tui.widgets.entry import TakesText
from artui.tui.widgets.filter import FilterLine, QueryLine
from artui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from artui.model import RunHead, VersionHead
    from artui.query.reader import Reader
    from artui.tui.cells import Span
    from artui.tui.host import Host
    from artui.tui.messages import CatalogChanged, LineChosen


BACK = ("esc", "back")
"""For the footer: what leads out of every screen but the first."""

LEADING_TOPICS = (
    "hidden",
    "marked",
    "resting",
    "trash",
    "approval",
    "loser",
    "compared",
    "neighbour",
    "opened",
    "keys",
)
"""Topics of what is read before something is asked at the bottom, or another screen is shown."""

CLEAR = ("esc", "clear filter")
FILTERS = ("runs.filter", "artifacts.filter")
"""Keys that change the filter of a list: where nothing matches, all that is left to do."""

FEW_KEYS = 3
"""A footer of so many keys has room for the way back."""


class CatalogScreen(Asks, FindsLines):
    """A screen over the open catalog. Subclasses set `SCOPES` and fill themselves in `load`."""

    NO_VERSION = "There is no version here."
    """Said where a key that is about one meets a line that stands for none."""

    SCOPES: ClassVar[tuple[str, ...]] = ()
    """Scopes of the keys that work on this screen, for the footer and the help; the most specific first."""
    AUTO_FOCUS = ""
    _was_empty = (False, False)
    LIST_TOPICS: ClassVar[tuple[str, ...]] = ()
    """Topics of the questions that a filter line starts."""
    PLACE: int = 0
    """Which of the main screens this belongs to: 1 runs, 2 artifacts, 3 lineage, 4 live, 5 lifecycle, 6 deployments, 7 the catalog."""

    def call_after_refresh(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
        """Call something once the screen is drawn; not if it is closed by then, and has nothing left to draw in."""

        def still() -> Any:
            try:
                return callback(*args, **kwargs) if self.is_attached else None
            except NoMatches:
                # A screen that was closed loses its parts one by one.
                if self in self.app.screen_stack:
                    raise
                return None

        return super().call_after_refresh(still)

    @property
    def artui(self) -> Host:
        """The app, as far as screens may use it."""
        return self.app  # type: ignore[return-value]

    @property
    def reader(self) -> Reader:
        """The open catalog."""
        return self.artui.reader

    def load(self) -> None:
        """Ask for what this screen shows."""

    def on_mount(self) -> None:
        self.artui.forget_old_notice()
        self.show_keys()
        self.load_first()

    def load_first(self) -> None:
        """Ask for what the screen shows when it is opened."""
        self.load()

    def on_unmount(self) -> None:
        self.artui.screen_left(self)

    def on_screen_resume(self) -> None:
        # What was said on the screen above this one was about that.
        self.artui.forget_old_notice()
        self.show_keys()
        self.show_place()

    def on_catalog_changed(self, message: CatalogChanged) -> None:
        self.load()

    def shows_older_list(self) -> bool:
        """Whether the list is still what an earlier filter matched: keys are meant for what the new one matches."""
        return self.is_asking(*self.LIST_TOPICS) and any(line.is_ahead for line in self.query(QueryLine))

    def is_about_to_lead_on(self) -> bool:
        """Whether something is read that a question at the bottom, or another screen, depends on: keys are meant for that."""
        return self.is_asking(*LEADING_TOPICS)

    def draw_pictures_again(self) -> None:
        """Draw pictures anew: the terminal has lost them."""

    def show_marks(self) -> None:
        """Show what is marked, after that has changed."""

    def point_at(self, ids: Sequence[str]) -> None:
        """Put the cursor on one of some runs or versions once they are shown, as after a change to them was taken back."""

    def point_at_file(self, path: str) -> None:
        """Put the cursor on a file, to which keys led on the screen above."""

    def point_at_column(self, path: str, place: int) -> None:
        """Put the cursor on a column of a table, to which keys led on the screen above."""

    def leave_questions(self) -> None:
        """Take back what is asked at the bottom: what it was about is out of sight."""
        for prompt in self.query(Prompt):
            prompt.leave()
        self.forget_search_result()

    def show_keys(self) -> None:
        """Show the keys of this screen, or the notice, at the bottom; while something is asked there, the keys of that."""
        asked = self.asked_keys()
        for bar in self.query(KeyBar):
            if asked:
                bar.ask(asked)
            else:
                bar.show_keys(self.footer_pairs())
            bar.show_notice(self.artui.notice_spans())

    def asked_keys(self) -> list[tuple[str, str]]:
        """Give the keys of what is asked at the bottom, or typed above the list; nothing if neither is."""
        prompt = next((prompt for prompt in self.query(Prompt) if prompt.is_open), None)
        if prompt is not None:
            return prompt.keys
        line = self.focused.parent if self.focused is not None else None
        return line.KEYS if isinstance(line, FilterLine) else []

    def has_nothing(self) -> bool:
        """Whether the catalog has nothing that this screen is for: keys for it do nothing."""
        return False

    def matches_nothing(self) -> bool:
        """Whether the filter leaves nothing of what there is: keys for it do nothing but change the filter."""
        return False

    def show_keys_of_empty(self) -> None:
        """Show other keys where that has changed; what is asked at the bottom keeps its own."""
        is_empty = self.has_nothing(), self.matches_nothing()
        if is_empty != self._was_empty:
            self._was_empty = is_empty
            self.show_keys()

    def no_version(self) -> str:
        """Say that a key that is about a version meets a line that stands for none."""
        return "There is no version here yet." if self.has_nothing() else self.NO_VERSION

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Give the keys to offer at the bottom, the most useful first; where there are few, how to leave as well."""
        if self.has_nothing():
            return [("r", "reload")]
        pairs = footer_keys(*self.SCOPES, is_searching=self.is_searching())
        if self.matches_nothing():
            return [*(pair for pair in pairs if pair in pairs_of(FILTERS)), CLEAR]
        return pairs if len(pairs) > FEW_KEYS else [*pairs, BACK]

    def prompt_home(self) -> Widget | None:
        """Give the widget that gets the focus once a question at the bottom is answered or left."""
        return None

    def on_prompt_asked(self, message: Prompt.Asked) -> None:
        for bar in self.query(KeyBar):
            bar.ask(message.prompt.keys)

    def on_prompt_left(self) -> None:
        if any(prompt.is_open for prompt in self.query(Prompt)):
            return  # the answer led to another question
        home = self.prompt_home()
        # A click may have led elsewhere.
        if home is not None and (
            self.focused is None or any(isinstance(node, Prompt) for node in self.focused.ancestors)
        ):
            self.set_focus(home)
        self.show_keys()

    def title_spans(self) -> list[Span]:
        """Say what the screen shows, for the line at the top."""
        return []

    def view_spans(self) -> list[Span]:
        """Name the saved view that is open here, if one is."""
        return []

    def show_place(self) -> None:
        """Draw the line at the top: the catalog, what the screen shows of it, and the main screens."""
        title = self.title_spans()
        spans: list[Span] = [
            (" " + self.artui.catalog_title, "bold"),
            *self.artui.trust_spans(is_brief=bool(title)),
        ]
        spans += [(" ▸ ", "frame"), *title] if title else []
        spans += self.view_spans()
        places = place_spans(self.PLACE, self.size.width, beside=length_of(spans))
        for bar in self.query("#top").results(Bar):
            bar.show(spans, places)

    def on_resize(self) -> None:
        self.show_place()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("filter", "find_line", "group") and isinstance(self.focused, (Input, TakesText)):
            return False  # a slash in a filter is a slash
        return super().check_action(action, parameters)

    def on_line_chosen(self, message: LineChosen) -> None:
        message.stop()
        if message.link is not None:
            self.artui.follow(message.link)

    def subject(self) -> RunHead | VersionHead | None:
        """Give what the lineage screen is opened for from here; None for nothing."""
        return None

    def action_forget(self) -> None:
        """Show what forgetting the run or version in sight takes out for good, and ask."""
        self.artui.show_forgetting(self.subject())

    def go_back(self) -> bool:
        """Do what esc does inside this screen; false if the screen itself is to be left."""
        return False
