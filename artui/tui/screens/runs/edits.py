"""What people change about runs from a list of them: tags, notes, projects, the trash; undo and redo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from artui.model import Column
from artui.query.runs import order as query
from artui.query.runs.rows import run_ids, run_rows
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.prompt import Prompt
from artui.units import plural

if TYPE_CHECKING:
    from artui.catalog.events import Edit, Outcome


class EditsRuns(CatalogScreen):
    """A screen with runs that can be changed. Subclasses say which ones are meant."""

    def edited_keys(self) -> Sequence[int]:
        """Give the keys of the runs that a change is for."""
        return []

    def _prompt(self, question: str, answer: Callable[[str], None], *, text: str = "") -> None:
        if self._is_writable():
            self.query_one(Prompt).ask(question, answer, text=text)

    def _is_writable(self) -> bool:
        why_not = self.reader.why_not_writable
        if why_not:
            self.artui.say(why_not, is_warning=True)
        return not why_not

    def _edit(self, label: str, change: Callable[[Edit, str], object]) -> None:
        """Change some runs as one edit, and say what came of it."""
        keys = list(self.edited_keys())
        if not keys or not self._is_writable():
            return
        reader = self.reader
        shown = f"{label} {plural(len(keys), 'run')}"

        def work() -> int:
            from artui.catalog import Catalog, events

            ids = run_ids(reader, keys)
            with Catalog(reader.path) as catalog, events.editing(catalog, shown) as edit:
                for run_id in ids:
                    change(edit, run_id)
                return edit.count

        self.ask("edit", work, lambda count: self._edited(shown, count))

    def _edited(self, shown: str, count: int) -> None:
        self.artui.say(f"{shown} · u takes it back" if count else "Nothing to change: it is so already.")
        self.load()

    def _has_runs(self) -> bool:
        if self.edited_keys():
            return True
        self.artui.say("There is no run here.")
        return False

    def action_tag(self) -> None:
        if not self._has_runs():
            return
        self._prompt(f"tag {self._whom()}  (name, name=value, or -name)", self._tag)

    def _tag(self, text: str) -> None:
        if not text:
            return
        name, _, value = text.removeprefix("-").partition("=")
        name = name.strip()
        if text.startswith("-"):
            self._edit(f"tag {name} off", lambda edit, run_id: edit.untag(run_id, name))
        else:
            self._edit(f"tag {name} on", lambda edit, run_id: edit.tag(run_id, name, value.strip()))

    def action_note(self) -> None:
        keys = list(self.edited_keys())
        if not self._has_runs():
            return
        if len(keys) != 1:
            self._prompt(f"note on {self._whom()}", self._note)
            return
        reader = self.reader
        column = Column("attribute", "note", is_numeric=False)
        self.ask(
            "note",
            lambda: run_rows(reader, keys, [column]),
            lambda rows: self._prompt(
                "note", self._note, text=str(next(iter(rows.values())).cells.get(column.id, "")) if rows else ""
            ),
        )

    def _note(self, text: str) -> None:
        self._edit("note on" if text else "no note on", lambda edit, run_id: edit.set_note(run_id, text))

    def action_move_to_project(self) -> None:
        if not self._has_runs():
            return
        self._prompt(f"move {self._whom()} to project", self._move)

    def _move(self, text: str) -> None:
        if text:
            self._edit(f"project {text} for", lambda edit, run_id: edit.move(run_id, text))

    def action_trash(self) -> None:
        """Into the trash; of runs that are there already, out of it."""
        keys = list(self.edited_keys())
        reader = self.reader

        def gone() -> bool:
            order = query.run_order(reader, query.RunsRequest("deleted is not null"))
            return set(keys) <= set(order.keys)

        self.ask("trash", gone, self._trash)

    def _trash(self, is_gone: bool) -> None:
        if is_gone:
            self._edit("out of the trash:", lambda edit, run_id: edit.restore(run_id))
        else:
            self._edit("into the trash:", lambda edit, run_id: edit.trash(run_id))

    def _whom(self) -> str:
        return plural(len(self.edited_keys()), "run")

    def action_undo(self) -> None:
        self._turn("undo", "taken back", "There is nothing to take back.")

    def action_redo(self) -> None:
        self._turn("redo", "done again", "There is nothing to do again.")

    def _turn(self, turn: str, done: str, nothing: str) -> None:
        if not self._is_writable():
            return
        path = self.reader.path

        def work() -> Outcome | None:
            from artui.catalog import Catalog, events

            with Catalog(path) as catalog:
                return events.undo(catalog) if turn == "undo" else events.redo(catalog)

        self.ask("edit", work, lambda outcome: self._turned(outcome, done, nothing))

    def _turned(self, outcome: Outcome | None, done: str, nothing: str) -> None:
        if outcome is None:
            self.artui.say(nothing)
            return
        left = f" · {plural(outcome.kept, 'change')} left alone: changed since" if outcome.kept else ""
        self.artui.say(f"{done}: {outcome.label}{left}")
        self.load()

    def save_view(self, name: str, content: str) -> None:
        """Keep what the screen shows under a name, in the catalog."""
        path = self.reader.path
        if not self._is_writable():
            return

        def work() -> None:
            from artui.catalog import Catalog, events

            with Catalog(path) as catalog, events.editing(catalog, f"view {name}") as edit:
                edit.save_view(name, "runs", content)

        self.ask("edit", work, lambda _: self.artui.say(f"view {name} is kept in the catalog · O opens it"))

    def delete_view(self, name: str) -> None:
        path = self.reader.path
        if not self._is_writable():
            return

        def work() -> None:
            from artui.catalog import Catalog, events

            with Catalog(path) as catalog, events.editing(catalog, f"no view {name}") as edit:
                edit.delete_view(name)

        self.ask("edit", work, lambda _: self.artui.say(f"view {name} is gone · u takes it back"))
