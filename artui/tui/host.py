"""What a screen may ask of the app that holds it. Screens and widgets depend on this, never on the app itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from artui.model import RunHead, VersionHead
    from artui.query.forgotten import Forgotten
    from artui.query.live import LiveRun
    from artui.query.reader import Reader
    from artui.query.things import Thing
    from artui.settings import Settings
    from artui.travel.signing import Signature
    from artui.tui.alerts import Alerts
    from artui.tui.cells import Palette, Span
    from artui.tui.importing import Importing
    from artui.tui.messages import Link
    from artui.tui.state.marks import VersionMarks

MAX_COMPARED = 200
T = TypeVar("T")
Tell = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and of how much."""


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
    """Count and last value of each metric of running runs when the user last looked, by run id and title."""
    live_order: str
    """The metric by which the live runs are ordered; empty for the order in which they started."""
    version_marks: VersionMarks
    signature: Signature | None
    """What is known of the signature beside the catalog; None if there is none, or it is still being looked at."""

    @property
    def is_past(self) -> bool:
        """Whether the catalog is shown as it was at some time."""
        ...

    # Long work

    def work(
        self, topic: str, work: Callable[[Tell], T], done: Callable[[T], None], *, is_change: bool = False
    ) -> None:
        """Do something that takes long in the background, whatever screen is in sight; `work` is told by what it says how far it is."""

    def is_working(self, topic: str) -> bool:
        """Say whether such work is being done."""
        ...

    @property
    def runs_filter(self) -> str:
        """The filter of the table of runs; empty for none."""
        ...

    # Notices

    def say(self, text: str, *, is_warning: bool = False, seconds: float | None = None) -> None:
        """Show a notice at the bottom: for a while and until a key does something, or for so long, whatever is done meanwhile."""

    def unsay(self, text: str) -> None:
        """Remove a notice, if it is still the one that is shown."""

    def topic_failed(self, asker: Any, topic: str, error: Exception) -> None:
        """Show an error of a screen's topic, until the topic succeeds or the user leaves the screen."""

    def topic_succeeded(self, asker: Any, topic: str) -> None:
        """Remove the error of a topic: it has its answer."""

    def screen_left(self, screen: Any) -> None:
        """Remove the errors of a screen: the user has left it."""

    def notice_spans(self) -> list[Span]:
        """Give what the line at the bottom shows instead of the keys; empty for nothing."""

    def forget_old_notice(self) -> None:
        """Remove an old notice: another screen is on top."""

    def copy_text(self, text: str) -> None:
        """Put an id or a reference on the clipboard, and say so."""

    def copy_to_clipboard(self, text: str) -> None:
        """Put a text on the clipboard of the user's terminal."""

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
        """Take the number of runs, and of those that are running."""

    @property
    def has_graphics(self) -> bool:
        """Whether the terminal shows pictures."""

    def send(self, sequence: str) -> None:
        """Send the terminal something that leaves its text and its cursor as they are."""

    # Going places

    def push_screen(self, screen: Any, callback: Callable[[Any], None] | None = None) -> Any:
        """Put a screen on top; `callback` gets the value it is dismissed with."""

    def pop_screen(self) -> Any:
        """Take the topmost screen off."""

    def follow(self, link: Link) -> None:
        """Go where a line leads."""

    def show_file(self, version_key: int, path: str, words: Sequence[str] = (), *, in_place: bool = False) -> None:
        """Show a file of a version, on top or in place of the screen in sight; of those beside it only those count whose paths hold all words."""

    def show_tensors(self, version_key: int, path: str, words: Sequence[str], *, in_place: bool) -> None:
        """Show a file as the tensors that it holds: above the screen in sight, which is its other way, or in its place."""
        ...

    def show_run(self, run_id: str, *, tab: str = "overview") -> None:
        """Show a run; the screen of another run changes to it."""

    def action_show_runs(self) -> None:
        """Go to the table of runs."""

    def action_show_imports(self) -> None:
        """Show what was imported into the catalog."""

    def show_view(self, name: str) -> None:
        """Open a view that is kept in the catalog."""

    def open_catalog(self, path: str) -> None:
        """Close the catalog, and open another one."""

    def action_show_lineage(self) -> None:
        """Show the lineage of the screen's subject."""

    def compare(self, run_ids: Sequence[str]) -> None:
        """Put runs side by side."""

    @property
    def best_metrics(self) -> frozenset[str]:
        """Names of the metrics of which the table shows the best value instead of the last one: other screens do so, too."""

    def hidden_text(self, run_keys: Sequence[int]) -> str:
        """Say how many of some runs the table does not show, and why: `3 hidden by the filter`; empty if it shows all."""

    def marked_keys(self) -> Sequence[int]:
        """Give the keys of the marked runs: those in the table in its order, then the others."""

    def toggle_mark(self, run_key: int) -> None:
        """Mark a run in the table of runs, or unmark it."""

    def unmark_runs(self, keys: Sequence[int], edit_id: str) -> None:
        """Take marks off runs that an edit put into the trash, until it is taken back."""

    def unmark_versions(self, keys: Sequence[int], edit_id: str) -> None:
        """Take marks off versions that an edit deleted, until it is taken back."""

    def mark_again(self, edit_id: str, *, is_undone: bool) -> int:
        """Give back the marks that an edit took, as it is taken back, or take them again; say how many."""

    def compare_with_marked(self, run_key: int) -> None:
        """Put a run beside the marked ones, or beside its neighbour in the table if there are none."""

    def set_apart(self, run_ids: Sequence[str]) -> dict[str, int]:
        """Give runs that are seen together colours and marks that differ, and remember them."""

    def show_forgetting(self, head: RunHead | VersionHead | None) -> None:
        """Show what forgetting a run or a version takes out for good, and ask; None stands for nothing in sight."""

    def forget(self, forgotten: Forgotten) -> None:
        """Close the catalog, take a run or a version out of it for good, and open it again."""

    def keep_recent(self, thing: Thing) -> None:
        """Remember what was opened, for the palette."""

    def look_at_places_again(self) -> None:
        """Check soon which rules hold in deployments."""

    def take_live(self, runs: Sequence[LiveRun]) -> None:
        """Check running runs for alerts."""
