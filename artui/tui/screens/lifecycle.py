"""Lifecycle: a project from what was required to what serves: what exists in each stage, how it stands, and what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from artui import clock
from artui.model import STAGES
from artui.query.lifecycle import lifecycle
from artui.safetext import clean
from artui.sheets.lifecycle import Entry, Lack, entries, lacks
from artui.tui.cells import Span, fit
from artui.tui.facts.sections import STYLES, followed
from artui.tui.keys import bindings
from artui.tui.messages import LineChosen
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.sidebyside import Block, Listed, SideBySide

if TYPE_CHECKING:
    from artui.model import VersionHead
    from artui.model.drifts import DriftReport
    from artui.model.lifecycle import Lifecycle

MISSING = "missing"
_NOTHING = "nothing"


class LifecycleScreen(CatalogScreen):
    """The four stages side by side, and behind them what is missing."""

    SCOPES = ("lifecycle", "list", "app")
    PLACE = 5
    BINDINGS = bindings("lifecycle")

    def __init__(self) -> None:
        super().__init__()
        self._life: Lifecycle | None = None
        self._project = ""
        self._shows_missing = False
        """Whether what is missing alone is shown."""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield SideBySide(id="stages")
        yield Bar(id="missing")
        yield KeyBar()

    def on_mount(self) -> None:
        self.show_place()
        self.set_focus(self.listing)

    @property
    def listing(self) -> SideBySide:
        """The stages."""
        return self.query_one("#stages", SideBySide)

    def title_spans(self) -> list[Span]:
        """Name the project."""
        project = self._life.project if self._life is not None else ""
        return [(clean(project, max_chars=100) or "lifecycle", "title")]

    def load(self) -> None:
        """Ask for the stages, and then for what was observed of late."""
        reader, project = self.reader, self._project
        self.ask("lifecycle", lambda: lifecycle(reader, project), self._take)

    def _take(self, life: Lifecycle) -> None:
        before = self._life
        self._life = replace(
            life, lately=before.lately if before is not None and before.project == life.project else {}
        )
        self.show_place()
        self._draw()
        reader = self.reader

        def read() -> dict[str, DriftReport | None]:
            from artui.query.observed import lately_in

            return lately_in(reader, life.deployments)

        def take(found: dict[str, DriftReport | None]) -> None:
            if self._life is not None:
                self._life = replace(self._life, lately=found)
                self._draw()

        if life.deployments:
            self.ask("lately", read, take, is_long=True)

    def _draw(self) -> None:
        life = self._life
        if life is None or not self.size.width:
            return
        missing = lacks(life)
        if self._shows_missing:
            self.listing.show_lists([Listed(_heading(MISSING, len(missing)), [_lack(one) for one in missing] or [_calm("nothing")])])  # fmt: skip
            self._show_missing(missing)
            return
        by_stage = entries(life, clock.now_ms())
        lists = [Listed(_heading(stage, len(by_stage[stage])), _blocks(by_stage[stage])) for stage in STAGES]
        self.listing.show_lists(lists)
        self._show_missing(missing)

    def _show_missing(self, missing: list[Lack]) -> None:
        """Say at the bottom what is missing, as much as fits; `m` lists it."""
        bar = self.query_one("#missing", Bar)
        bar.set_class(not missing or self._shows_missing, "hidden")
        said = " · ".join(clean(lack.text, max_chars=200) for lack in missing)
        bar.show([(" missing  ", "warn"), (fit(said, max(0, self.size.width - 11)), "dim")])
        self.show_keys()

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Say how much is missing beside the key that lists it."""
        count = len(lacks(self._life)) if self._life is not None else 0
        pairs = super().footer_pairs()
        words = "all stages" if self._shows_missing else f"{count} missing" if count else "missing"
        return [(key, words if label == MISSING else label) for key, label in pairs]

    def on_resize(self) -> None:
        self._draw()

    def on_line_chosen(self, message: LineChosen) -> None:
        message.stop()
        if self.listing.link is not None:
            self.artui.follow(self.listing.link)

    def action_open(self) -> None:
        if self.listing.link is not None:
            self.artui.follow(self.listing.link)

    def action_aside(self, change: int) -> None:
        """Go to the stage beside."""
        self.listing.move_aside(change)

    def action_missing(self) -> None:
        """Show what is missing alone, or all stages again."""
        self._shows_missing = not self._shows_missing
        self._draw()
        self.show_keys()

    def action_other_project(self) -> None:
        """Show the next project."""
        life = self._life
        if life is None or len(life.projects) < 2:
            self.artui.say("There is no other project.")
            return
        names = sorted(life.projects)
        self._project = names[(names.index(life.project) + 1) % len(names)]
        self.load()

    def go_back(self) -> bool:
        """Leave the list of what is missing; false if all stages are shown."""
        if not self._shows_missing:
            return False
        self.action_missing()
        return True

    def subject(self) -> VersionHead | None:
        """Give the version under the cursor."""
        life, link = self._life, self.listing.link
        if life is None or link is None:
            return None
        every = (item.shown for items in life.stages.values() for item in items)
        return next((head for head in every if head.id == link.id), None)


def _heading(name: str, count: int) -> list[Span]:
    return [(f" {name}", "bold"), (f"  {count or ''}", "dim")]


def _blocks(found: list[Entry]) -> list[Block]:
    """Give the things of a stage; those that are no more than there, a line each, come last."""
    return [_block(entry) for entry in found] or [_calm(_NOTHING)]


def _calm(text: str) -> Block:
    return Block(([(f"   {text}", "faint")],))


def _block(entry: Entry) -> Block:
    head: list[Span] = [
        (f" {entry.sign} ", STYLES[entry.tone]),
        (entry.title, "accent"),
        (f"  {entry.aside}" if entry.aside else "", "dim"),
    ]
    lines = [head, *([(f"   {text}", STYLES[tone])] for text, tone in entry.lines)]
    return Block(
        tuple(tuple((clean(text, max_chars=300), style) for text, style in spans) for spans in lines),
        followed(entry.link),
    )


def _lack(lack: Lack) -> Block:
    return Block((((f" ○ {clean(lack.text, max_chars=400)}", "text"),),), followed(lack.link))
