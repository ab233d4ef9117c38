"""Acting on the run or the version in sight, wherever it is: by the same keys everywhere."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from artui.model import RunHead, VersionHead
from artui.safetext import clean
from artui.tui.cells import MARK, Span
from artui.tui.screens.base import CatalogScreen
from artui.tui.screens.edits import RunsEditor, VersionsEditor
from artui.tui.state.marks import Reach
from artui.tui.widgets.lines import LineList
from artui.units import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.widget import Widget


class ActsOnRuns(CatalogScreen):
    """A screen with a run in sight, a `Prompt`, and the scope ACTS among its `SCOPES` and `BINDINGS`."""

    MARKS_STEP_ON: ClassVar[bool] = False
    """Whether marking a run goes on to the next one, so that the same key does not turn it back."""

    @cached_property
    def editor(self) -> RunsEditor:
        """What changes the run."""
        return RunsEditor(self, lambda: Reach(tuple(self.acted_keys())), self._name_of)

    def _name_of(self, run_key: int) -> str:
        run = self.acted_run()
        return run.name if run is not None and run.key == run_key else ""

    def acted_run(self) -> RunHead | None:
        """Give the run that the keys act on; None if there is none."""
        subject = self.subject()
        return subject if isinstance(subject, RunHead) else None

    def acted_keys(self) -> Sequence[int]:
        """Give the key of the run that is acted on."""
        run = self.acted_run()
        return [run.key] if run is not None else []

    def show_marks(self) -> None:
        """Show which runs are marked, after that has changed."""
        self.show_place()

    def mark_spans(self, run: RunHead) -> list[Span]:
        """Give the sign of a marked run; nothing for others."""
        return [(f"{MARK} ", "mark")] if run.key in self.artui.marked_keys() else []

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # Without a search these keys mean something else here.
        if action in ("next_line", "find") and not self.is_searching():
            return False
        return super().check_action(action, parameters)

    def on_screen_resume(self) -> None:
        # Marks may have changed on another screen.
        self.show_marks()

    def _run_or_say(self) -> RunHead | None:
        run = self.acted_run()
        if run is None:
            self.artui.say("There is no run here.")
        return run

    def action_tag(self) -> None:
        self.editor.tag()

    def action_note(self) -> None:
        self.editor.note()

    def action_trash(self) -> None:
        self.editor.trash()

    def action_undo(self) -> None:
        self.editor.undo()

    def action_redo(self) -> None:
        self.editor.redo()

    def action_toggle_mark(self) -> None:
        """Mark the run in the table of runs, or unmark it."""
        run = self._run_or_say()
        if run is None:
            return
        self.artui.toggle_mark(run.key)
        marked = self.artui.marked_keys()
        done = "marked" if run.key in marked else "unmarked"
        alone = "" if self.MARKS_STEP_ON else " · space turns it back"
        others = f" · {plural(len(marked), 'run')} marked · c compares" if len(marked) > 1 else alone
        self.artui.say(f"{done} {clean(run.name, max_chars=40)}{others}")
        self.show_marks()

    def action_compare(self) -> None:
        """Put the run beside the marked ones."""
        run = self._run_or_say()
        if run is not None:
            self.artui.compare_with_marked(run.key)

    def action_copy(self) -> None:
        run = self._run_or_say()
        if run is not None:
            self.artui.copy_text(run.id)


class ActsOnVersions(CatalogScreen):
    """A screen with a version in sight, a list of them or of artifacts, and a `Prompt`."""

    def acted_version(self) -> VersionHead | None:
        """Give the version that the keys act on; None if there is none."""
        subject = self.subject()
        return subject if isinstance(subject, VersionHead) else None

    @cached_property
    def editor(self) -> VersionsEditor:
        """What changes the version."""
        return VersionsEditor(self, self.acted_version, self.reach)

    def reach(self) -> Reach:
        """Give the marked versions that the keys act on instead, if any."""
        return Reach()

    def prompt_home(self) -> Widget:
        """Give the list of what the keys act on, which comes first."""
        return self.query_one(LineList)

    def action_alias(self) -> None:
        self.editor.alias()

    def action_promote(self) -> None:
        self.editor.promote()

    def action_approve(self) -> None:
        self.editor.approve()

    def action_declare(self) -> None:
        self.editor.declare()

    def action_retire(self) -> None:
        self.editor.retire()

    def action_trash(self) -> None:
        self.editor.delete()

    def action_undo(self) -> None:
        self.editor.undo()

    def action_redo(self) -> None:
        self.editor.redo()

    def action_lineage(self) -> None:
        self.artui.action_show_lineage()

    def action_compare(self) -> None:
        """Put the marked versions side by side."""
        from artui.tui.screens.versioncompare import show_versions_compared

        show_versions_compared(self, self.acted_version(), self.reach().keys)

    def action_difference(self) -> None:
        """Show how the version differs from the one before it, or how two marked ones differ."""
        from artui.tui.screens.versiondiff import show_version_difference

        show_version_difference(self, self.acted_version(), self.reach().keys)

    def action_copy(self) -> None:
        self.editor.copy()
