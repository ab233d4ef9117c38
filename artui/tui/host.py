"""What a screen may ask of the app that holds it. Screens and widgets know this, and never the app itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from artui.query.live import LiveRun
    from artui.query.reader import Reader
    from artui.query.things import Thing
    from artui.settings import Settings
    from artui.tui.alerts import Alerts
    from artui.tui.cells import Palette, Span
    from artui.tui.importing import Importing
    from artui.tui.messages import Link

MAX_COMPARED = 200


class Host(Protocol):
    """The app, as its screens see it."""

    reader: Reader
    """The open catalog."""
    settings: Settings
    palette: Palette
    alerts: Alerts
    importing: Importing | None
    """The import that fills this catalog, when it is the cached one of a foreign store."""
    seen_values: dict[tuple[str, str], tuple[int, float]]
    """Count and last value of each metric of running runs when one last looked, by run id and title."""

    # What is said

    def say(self, text: str, *, is_warning: bool = False, seconds: float = 5.0) -> None:
        """Say something for a while at the bottom."""

    def topic_failed(self, asker: Any, topic: str, error: Exception) -> None:
        """Show an error of a screen's topic, until the topic succeeds or the user leaves the screen."""

    def topic_succeeded(self, asker: Any, topic: str) -> None:
        """A topic has its answer: an error of it is over."""

    def screen_left(self, screen: Any) -> None:
        """Forget the errors of a screen: the user has left it."""

    def notice_spans(self) -> list[Span]:
        """Give what the line at the bottom says instead of the keys; empty for nothing."""

    def forget_old_notice(self) -> None:
        """On another screen, say no longer what was said on the one before."""

    def copy_text(self, text: str) -> None:
        """Put an id or a reference on the clipboard, and say so."""

    def copy_to_clipboard(self, text: str) -> None:
        """Put a text on the clipboard of the terminal where one sits."""

    # The line at the top

    @property
    def catalog_title(self) -> str:
        """The catalog's name, as it is shown."""

    @property
    def place_note(self) -> str:
        """Where the catalog is, unless it was named."""

    def trust_spans(self, *, is_brief: bool = False) -> list[Span]:
        """Say how large the catalog is, how many runs are running, and whether it may be changed."""

    def set_counts(self, total: int, running: int) -> None:
        """Take how many runs there are, and how many of them are running."""

    # Going places

    def push_screen(self, screen: Any, callback: Callable[[Any], None] | None = None) -> Any:
        """Put a screen on top; `callback` gets what it was left with."""

    def pop_screen(self) -> Any:
        """Take the topmost screen off."""

    def follow(self, link: Link) -> None:
        """Go where a line leads."""

    def show_run(self, run_id: str) -> None:
        """Show a run; on the screen of another run, in its place."""

    def action_show_runs(self) -> None:
        """Go to the table of runs."""

    def action_show_lineage(self) -> None:
        """Show where that came from which the screen stands on."""

    def compare(self, run_ids: Sequence[str]) -> None:
        """Put runs side by side."""

    def colour_of(self, run_id: str) -> int:
        """Give the number of a run's colour and mark: it keeps them as long as the app is open."""

    def keep_recent(self, thing: Thing) -> None:
        """Remember what was opened, for the palette."""

    def take_live(self, runs: Sequence[LiveRun]) -> None:
        """Look at running runs for alerts."""
