"""Versions side by side: how they stand, what is said of them, and what the runs that made them are like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from artui.query.artifactrows import heads_of
from artui.query.compareversions import compare_versions
from artui.query.difference.versions import version_beside
from artui.safetext import clean
from artui.tui.cells import fit_middle, length_of
from artui.tui.drawing import STAGE_SIGNS
from artui.tui.host import MAX_COMPARED
from artui.tui.keys import bindings, pairs_of
from artui.tui.messages import Link
from artui.tui.screens.base import CatalogScreen
from artui.tui.screens.sidebyside import SideBySide
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.comparison import CompareTable, Side, whole_text
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import VersionHead
    from artui.query.compareversions import VersionComparison
    from artui.query.direction import Direction
    from artui.tui.cells import Span
    from artui.tui.messages import LineChosen, LineMoved

_NOTHING = "  nothing differs: the same is said of these versions, and of the runs that made them"
_WIDE_CELLS = 100
"""With fewer the footer alone says that only differences are shown."""


class VersionCompareScreen(SideBySide):
    """Holds the versions' ids and their `VersionComparison`."""

    SCOPES = ("versions", "find", "list", "app")
    PLACE = 2
    BINDINGS = bindings("versions", "find")

    def __init__(self, version_ids: Sequence[str]) -> None:
        super().__init__()
        self.version_ids = list(version_ids)
        self.comparison: VersionComparison | None = None
        self.only_differences = True
        self.directions: dict[str, Direction] = {}

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="summary")
        yield CompareTable()
        yield KeyBar()

    @property
    def table(self) -> CompareTable:
        """The table of versions."""
        return self.query_one(CompareTable)

    def on_mount(self) -> None:
        self.table.nothing = _NOTHING
        self.set_focus(self.table)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def title_spans(self) -> list[Span]:
        """Give the title, with the artifact if all versions are of one."""
        heads = [version.head for version in self.comparison.versions] if self.comparison is not None else []
        of_one = [(" of ", "dim"), (clean(heads[0].artifact), "title")] if _are_of_one(heads) else []
        return [("compare versions", "title"), *of_one]

    def load(self) -> None:
        """Ask for the comparison."""
        ids, directions, bests = list(self.version_ids), dict(self.directions), self.artui.best_metrics
        self.ask(
            "comparison", lambda: compare_versions(self.reader, ids, directions=directions, bests=bests), self._take
        )

    def _take(self, comparison: VersionComparison) -> None:
        self.comparison = comparison
        self.show_place()
        self._draw()

    def _draw(self) -> None:
        if self.comparison is None:
            return
        heads = [version.head for version in self.comparison.versions]
        sides = [Side(head.id, head.key, name, _sign_of(head), (f"{STAGE_SIGNS.get(head.stage, '□')} ", "dim")) for head, name in zip(heads, _short_names(heads), strict=True)]  # fmt: skip
        self.table.show(self.comparison, sides, only_differences=self.only_differences)
        self._say()

    def _say(self) -> None:
        comparison, table = self.comparison, self.table
        if comparison is None:
            return
        baseline = fit_middle(clean(table.heads[table.baseline].name), max(12, self.size.width // 4)).rstrip()
        differ = f" · {comparison.differing} of {len(comparison.rows)} rows differ"
        only = " · only those shown" if self.only_differences and self.size.width >= _WIDE_CELLS else ""
        left: list[Span] = [
            (f" {len(comparison.versions)} versions · ", "dim"), ("baseline ", "dim"), (f"{baseline} ▾", "accent"),
            (differ, "text"), (only, "accent"),
        ]  # fmt: skip
        hidden = table.hidden_count
        right: list[Span] = [(f"{plural(hidden, 'more version')} ←→ ", "faint")] if hidden > 0 else []
        whole: list[Span] = [("v reads what is cut ", "accent"), *right]
        if table.has_cut and length_of([*left, *whole]) < self.size.width:
            right = whole
        self.query_one("#summary", Bar).show(left, right)

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Say of the key for differences what it does next."""
        differences = pairs_of({"versions.differences"})
        return [
            (shown, "all rows") if (shown, label) in differences and self.only_differences else (shown, label)
            for shown, label in super().footer_pairs()
        ]

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()
        self._say()

    def on_line_chosen(self, message: LineChosen) -> None:
        message.stop()
        message.prevent_default()
        self.action_open()

    def subject(self) -> VersionHead | None:
        """Give the version of the current column."""
        return self.comparison.versions[self.table.column].head if self.comparison is not None else None

    def action_open(self) -> None:
        head = self.subject()
        if head is not None:
            self.artui.follow(Link("version", head.id))

    def action_column(self, change: int) -> None:
        self.table.move_column(change)
        self._say()

    def action_baseline(self) -> None:
        self.table.set_baseline(self.table.column)
        self._say()

    def action_differences(self) -> None:
        self.only_differences = not self.only_differences
        self._draw()
        self.show_keys()

    def action_values(self) -> None:
        """Show what the current row says of each version, with whole names and values."""
        comparison, row = self.comparison, self.table.row
        if comparison is None or row is None:
            return
        names = _names([version.head for version in comparison.versions])
        lines = [f"{clean(name)}\n    {whole_text(row, number)}" for number, name in enumerate(names)]
        self.artui.follow(Link("text", f"{clean(row.name)}\n" + "\n".join(lines)))

    def action_drop(self) -> None:
        if len(self.version_ids) <= 2:
            self.artui.say("Two versions are the fewest that can be compared.")
            return
        table = self.table
        del self.version_ids[table.column]
        table.baseline -= table.baseline > 0 and table.column <= table.baseline
        self.load()

    def action_lineage(self) -> None:
        self.artui.action_show_lineage()

    def action_copy(self) -> None:
        head = self.subject()
        if head is not None:
            self.artui.copy_text(head.reference)

    def action_files(self) -> None:
        """Show how the files of the current version differ from the baseline's: from the earlier one to the later."""
        from artui.tui.screens.versiondiff import VersionDiffScreen

        if self.comparison is None:
            return
        table = self.table
        other = table.column if table.column != table.baseline else (1 if table.baseline == 0 else 0)
        heads = (self.comparison.versions[place].head for place in (table.baseline, other))
        self.artui.push_screen(VersionDiffScreen(*sorted(heads, key=_age)))


def _age(head: VersionHead) -> tuple[int, int]:
    return head.created_ms, head.number


def _sign_of(head: VersionHead) -> Span | None:
    if head.damaged:
        return " !", "bad"
    return (f" {head.state}", "warn" if head.deleted_ms is None else "bad") if head.state else None


def _names(heads: Sequence[VersionHead]) -> list[str]:
    """Name versions by their references, with the project where two would have the same."""
    references = [head.reference for head in heads]
    return [head.reference if references.count(head.reference) == 1 else f"{head.project}/{head.reference}" for head in heads]  # fmt: skip


def _are_of_one(heads: Sequence[VersionHead]) -> bool:
    return len({head.artifact_key for head in heads}) == 1


def _short_names(heads: Sequence[VersionHead]) -> list[str]:
    """Name versions; those of one artifact by their numbers."""
    return [head.version for head in heads] if _are_of_one(heads) else _names(heads)


def show_versions_compared(screen: CatalogScreen, head: VersionHead | None, keys: Sequence[int]) -> None:
    """Put the marked versions side by side, the oldest first, which is the baseline; one alone beside the one in sight, or before it."""
    reader = screen.reader
    if len(keys) > MAX_COMPARED:
        screen.artui.say(f"{len(keys):,} versions are marked; at most {MAX_COMPARED} stand side by side.")
        return

    def read() -> list[VersionHead]:
        marked = heads_of(reader, keys)
        if len(marked) > 1 or head is None:
            return sorted(marked, key=_age)
        others = [each for each in marked if each.id != head.id]
        if not others and (beside := version_beside(reader, head)) is not None:
            others = [beside]
        return sorted([*others, head], key=_age)

    def take(heads: list[VersionHead]) -> None:
        if not heads:
            screen.artui.say(screen.no_version())
        elif len(heads) < 2:
            screen.artui.say("There is no other version to compare with: space marks versions.")
        else:
            screen.artui.push_screen(VersionCompareScreen([each.id for each in heads]))

    screen.ask("compared", read, take)
