"""All artifacts by stage, kind and name; and one artifact with its versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Input

from artui.model import STAGES, AliasChange, ArtifactHead, Preview, VersionDetail, VersionHead
from artui.query import artifacts as query
from artui.safetext import clean, clean_lines
from artui.tui.cells import Span, fit, length_of
from artui.tui.keys import bindings, footer_keys
from artui.tui.messages import LineMoved, Link
from artui.tui.screens.base import CatalogScreen, heading, run_line, version_line
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.units import bytes_text, count_text, number_text, plural, time_text

PANE_SECONDS = 0.08
PREVIEW_CELLS = 14
"""Cells of a column of a previewed table."""


class ArtifactsScreen(CatalogScreen):
    """Holds the words of the filter and the artifacts that answer them."""

    SCOPES = ("artifacts", "list", "app")
    PLACE = 2
    BINDINGS = bindings("artifacts")

    def __init__(self) -> None:
        super().__init__()
        self.artifacts: Sequence[ArtifactHead] = ()
        self._by_key: dict[str, ArtifactHead] = {}
        self._is_known = False
        self._pane_timer: Timer | None = None
        self._has_pane = True

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        with Horizontal(id="filter-line"):
            yield Bar(id="slash")
            entry = Input(id="filter", placeholder="filter", compact=True, select_on_focus=False)
            entry.cursor_blink = False
            yield entry
            yield Bar(id="counts")
        with Horizontal(id="body"):
            yield LineList(only_links=True, id="artifacts")
            yield LineList(id="pane", marks_cursor=False)
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        return self.query_one("#artifacts", LineList)

    def on_mount(self) -> None:
        self.query_one("#slash", Bar).show([("/ ", "dim")])
        super().on_mount()
        self.listing.focus()

    def load(self) -> None:
        self.ask("artifacts", lambda: query.artifact_list(self.reader), self._take)

    def _take(self, artifacts: list[ArtifactHead]) -> None:
        is_first, self._is_known = not self._is_known, True
        self.artifacts = artifacts
        self._by_key = {str(head.key): head for head in artifacts}
        self._draw(keep=not is_first)

    def _draw(self, *, keep: bool) -> None:
        if not self._is_known:
            return
        words = self.query_one(Input).value.lower().split()
        shown = [head for head in self.artifacts if all(word in _searched(head) for word in words)]
        versions = sum(head.version_count for head in self.artifacts)
        is_wide = self.size.width >= 100
        counts: list[Span] = [
            (
                f"{count_text(len(shown))} of {plural(len(self.artifacts), 'artifact')}"
                if words
                else plural(len(self.artifacts), "artifact"),
                "accent" if words else "dim",
            )
        ]
        counts.append((f" · {plural(versions, 'version')} ", "dim"))
        bar = self.query_one("#counts", Bar)
        bar.styles.width = sum(len(text) for text, _ in counts) + 1
        bar.show(counts)
        pane = self.query_one("#pane", LineList)
        pane.set_class(not (is_wide and self._has_pane), "hidden")
        pane.styles.width = self.size.width // 2
        self.listing.set_lines(_listed(shown, words=bool(words), any_at_all=bool(self.artifacts)), keep=keep)
        self._pane_soon()

    def on_resize(self) -> None:
        self._draw(keep=True)

    def action_toggle_pane(self) -> None:
        self._has_pane = not self._has_pane
        self._draw(keep=True)

    def action_filter(self) -> None:
        self.query_one(Input).focus()

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self._draw(keep=True)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.listing.focus()

    def on_key(self, event: events.Key) -> None:
        if self.focused is self.query_one(Input) and event.key in ("down", "tab"):
            event.stop()
            event.prevent_default()
            self.listing.focus()

    def on_descendant_focus(self) -> None:
        is_typing = self.focused is self.query_one(Input)
        self.query_one(KeyBar).show_keys(
            [("enter", "keep filter"), ("esc", "clear filter"), ("↓", "to the list")]
            if is_typing
            else footer_keys(*self.SCOPES)
        )

    def go_back(self) -> bool:
        entry = self.query_one(Input)
        if entry.value or self.focused is entry:
            entry.value = ""
            self.listing.focus()
            return True
        return False

    @property
    def current(self) -> ArtifactHead | None:
        link = self.listing.link
        return self._by_key.get(link.id) if link is not None else None

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()
        if message.sender is self.listing:
            self._pane_soon()

    def _pane_soon(self) -> None:
        if self.query_one("#pane").has_class("hidden"):
            return
        if self._pane_timer is not None:
            self._pane_timer.stop()
        self._pane_timer = self.set_timer(PANE_SECONDS, self._ask_pane)

    def _ask_pane(self) -> None:
        head = self.current
        if head is None or head.latest is None:
            self.query_one("#pane", LineList).set_lines([], keep=False)
            return
        version_id = head.latest.id
        self.ask("pane", lambda: version_facts(self, version_id), self._take_pane)

    def _take_pane(self, found: tuple[VersionDetail, dict[str, Preview], list[AliasChange]]) -> None:
        pane = self.query_one("#pane", LineList)
        pane.set_lines(version_lines(*found, cells=max(20, pane.size.width - 2)), keep=False)

    def action_open(self) -> None:
        if self.current is not None:
            self.artui.follow(Link("artifact", str(self.current.key)))

    def on_line_chosen(self, message: Any) -> None:
        message.stop()
        self.action_open()

    def action_lineage(self) -> None:
        self.artui.action_show_lineage()

    def action_copy(self) -> None:
        if self.current is not None and self.current.latest is not None:
            self.artui.copy_text(self.current.latest.reference)

    def subject(self) -> VersionHead | None:
        return self.current.latest if self.current is not None else None


def _searched(head: ArtifactHead) -> str:
    aliases = " ".join(head.latest.aliases) if head.latest else ""
    return f"{head.name} {head.kind} {head.stage} {head.project} {aliases}".lower()


def _listed(shown: Sequence[ArtifactHead], *, words: bool, any_at_all: bool) -> list[Line]:
    if not shown:
        if words:
            return [
                BLANK,
                Line(
                    [
                        ("  No artifact contains these words. ", "text"),
                        ("esc", "key"),
                        (" clears the filter.", "dim"),
                    ]
                ),
            ]
        if any_at_all:
            return []
        return [
            BLANK,
            Line([("  No artifacts yet.", "bold")]),
            BLANK,
            Line(
                [
                    ("  A run saves them with ", "dim"),
                    ('run.save("model", "model.safetensors", kind="model")', "accent"),
                ]
            ),
            Line([("  and notes what it read with ", "dim"), ('run.use("data:latest")', "accent")]),
        ]
    lines: list[Line] = []
    name_cells = max(12, min(36, max(len(head.name) for head in shown)))
    kind_cells = max(len(head.kind) for head in shown)
    for stage in STAGES:
        members = [head for head in shown if head.stage == stage]
        if not members:
            continue
        if lines:
            lines.append(BLANK)
        lines.append(heading(f" {stage}", note=str(len(members))))
        kind = ""
        for head in members:
            latest = head.latest
            aliases = " ".join(clean(alias) for alias in latest.aliases if alias != "latest") if latest else ""
            spans: list[Span] = [
                (f"   {fit('' if head.kind == kind else clean(head.kind), min(12, kind_cells))}  ", "dim"),
                (fit(clean(head.name), name_cells), "text"),
                (f"  v{latest.number}" if latest else "", "dim"),
                (f"  {aliases}" if aliases else "", "good"),
            ]
            kind = head.kind
            lines.append(Line(spans, Link("artifact", str(head.key))))
    return lines


class ArtifactScreen(CatalogScreen):
    """One artifact: its versions to the left, what the chosen one holds to the right."""

    SCOPES = ("artifact", "list", "app")
    PLACE = 2
    BINDINGS = bindings("artifact")

    def __init__(self, artifact_key: int, *, version_id: str = "") -> None:
        super().__init__()
        self.artifact_key = artifact_key
        self.version_id = version_id
        self.versions: Sequence[VersionHead] = ()

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        with Horizontal(id="body"):
            yield LineList(only_links=True, id="versions")
            yield LineList(id="holds")
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        return self.query_one("#versions", LineList)

    def on_mount(self) -> None:
        super().on_mount()
        self.listing.focus()

    def load(self) -> None:
        self.ask("versions", lambda: query.versions(self.reader, self.artifact_key), self._take)

    def _take(self, versions: list[VersionHead]) -> None:
        is_first = not self.versions
        self.versions = versions
        self.show_place()
        lines: list[Line] = []
        for head in versions:
            aliases = " ".join(clean(alias) for alias in head.aliases)
            made = f"  {clean(head.made_by.name)}" if head.made_by else ""
            when = time_text(head.created_ms)[5:16] if self.size.width >= 100 else ""
            cells = 20 if when else max(8, min(20, length_of([(aliases, "good")])))
            spans: list[Span] = [
                (fit(f" v{head.number}", 5), "text"),
                (fit(aliases, cells), "good"),
                (when, "dim"),
                (made, "dim"),
            ]
            lines.append(Line(spans, Link("version", head.id)))
        self.listing.set_lines(lines, keep=not is_first)
        if is_first and self.version_id:
            place = next((i for i, head in enumerate(versions) if head.id == self.version_id), 0)
            self.listing.move_to(place)
        self._ask_holds()

    def title_spans(self) -> list[Span]:
        if not self.versions:
            return [("artifact", "dim")]
        head = self.versions[0]
        return [
            (head.stage, "dim"),
            (" ▸ ", "faint"),
            (clean(head.kind), "dim"),
            (" ▸ ", "faint"),
            (clean(head.artifact), "title"),
            (f"  {plural(len(self.versions), 'version')}", "dim"),
        ]

    @property
    def current(self) -> VersionHead | None:
        return self.versions[self.listing.cursor] if self.listing.cursor < len(self.versions) else None

    def on_resize(self) -> None:
        self.listing.styles.width = min(54, max(24, self.size.width * 2 // 5))
        self._ask_holds()

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()
        if message.sender is self.listing:
            self._ask_holds()

    def _ask_holds(self) -> None:
        head = self.current
        if head is not None:
            self.version_id = head.id
            self.ask("holds", lambda: version_facts(self, head.id), self._take_holds)

    def _take_holds(self, found: tuple[VersionDetail, dict[str, Preview], list[AliasChange]]) -> None:
        holds = self.query_one("#holds", LineList)
        holds.set_lines(version_lines(*found, cells=max(20, holds.size.width - 2)), keep=False)

    def action_other_pane(self) -> None:
        holds = self.query_one("#holds", LineList)
        (self.listing if self.focused is holds else holds).focus()

    def go_back(self) -> bool:
        if self.focused is self.query_one("#holds"):
            self.listing.focus()
            return True
        return False

    def action_open(self) -> None:
        focused = self.focused
        if focused is self.listing:
            self.query_one("#holds").focus()
        elif isinstance(focused, LineList):
            focused.choose()

    def on_line_chosen(self, message: Any) -> None:
        if message.sender is self.listing:
            message.stop()
            self.query_one("#holds").focus()
        else:
            super().on_line_chosen(message)

    def action_lineage(self) -> None:
        self.artui.action_show_lineage()

    def action_copy(self) -> None:
        if self.current is not None:
            self.artui.copy_text(self.current.reference)

    def subject(self) -> VersionHead | None:
        return self.current


def version_facts(
    screen: CatalogScreen, version_id: str
) -> tuple[VersionDetail, dict[str, Preview], list[AliasChange]]:
    """Read all that is shown of a version."""
    reader = screen.reader
    detail = query.get_version(reader, version_id)
    artifact = next((head for head in query.artifact_list(reader) if head.key == detail.head.artifact_key), None)
    return (
        detail,
        query.previews(reader, detail.head.key),
        query.alias_history(reader, artifact.id) if artifact else [],
    )


def version_lines(
    detail: VersionDetail, previews: dict[str, Preview], history: Sequence[AliasChange], *, cells: int
) -> list[Line]:
    """Say what a version is, where it came from, what used it, and what it holds."""
    head = detail.head
    lines = [
        Line(
            [
                (f" {clean(head.artifact)} v{head.number}", "title"),
                ("  " + " ".join(clean(alias) for alias in head.aliases), "good"),
            ]
        ),
        Line(
            [
                (
                    f" {plural(head.file_count, 'file')} · {bytes_text(head.size_bytes)} · {head.storage} · {time_text(head.created_ms)}",
                    "dim",
                )
            ]
        ),
        Line([(f" sha256 {head.digest[: max(8, min(64, cells - 9))]}", "faint")]),
        *(
            [Line([(f" lies at {clean(detail.location)} on {clean(detail.host)}", "warn")])]
            if head.storage == "referenced"
            else []
        ),
        BLANK,
    ]
    if head.made_by is not None:
        lines.append(run_line(head.made_by, before="made by  ", indent=1))
    lines += [version_line(other, before=f"{relation}  ", indent=1) for relation, other in detail.related]
    if detail.used_by:
        lines.append(Line([(f" used by  {plural(len(detail.used_by), 'run')}", "dim")]))
        lines += [run_line(run, indent=3) for run in detail.used_by[:8]]
        if len(detail.used_by) > 8:
            lines.append(Line([(f"   and {len(detail.used_by) - 8} more: L shows the lineage", "faint")]))
    elif not detail.related:
        lines.append(Line([(" used by no run yet", "faint")]))
    if detail.metadata:
        lines += [BLANK, heading(" metadata")]
        name_cells = max(4, min(24, max(len(name) for name in detail.metadata)))
        for name, value in list(detail.metadata.items())[:30]:
            text = number_text(value) if isinstance(value, float) else clean(str(value))
            lines.append(
                Line(
                    [
                        (f"   {fit(clean(name), name_cells)}  ", "dim"),
                        (fit(text, max(1, cells - name_cells - 6)).rstrip(), "text"),
                    ]
                )
            )
    moved = [change for change in history if head.number in (change.from_number, change.to_number)]
    if moved:
        lines += [BLANK, heading(" aliases")]
        for change in moved[:8]:
            came = f"v{change.from_number} → " if change.from_number else ""
            lines.append(
                Line(
                    [
                        (f"   {clean(change.alias)}  ", "good"),
                        (
                            f"{came}v{change.to_number}  {time_text(change.time_ms)}  {clean(change.author)}",
                            "dim",
                        ),
                    ]
                )
            )
    lines += [BLANK, heading(" files")]
    for file in detail.files[:200]:
        note = f"  → {clean(file.link_target)}" if file.link_target else f"  {clean(file.note)}" if file.note else ""
        lines.append(
            Line(
                [
                    ("   ", "text"),
                    (clean(file.path), "accent"),
                    (f"  {bytes_text(file.size_bytes)}", "dim"),
                    (note, "warn"),
                ],
                Link("file", f"{head.key}:{file.path}"),
            )
        )
    if len(detail.files) > 200:
        lines.append(Line([(f"   and {count_text(len(detail.files) - 200)} more", "dim")]))
    for path, preview in previews.items():
        lines += [
            BLANK,
            Line([(f" {clean(path)}  ", "text"), (clean(preview.title), "dim")], is_heading=True),
        ]
        lines += preview_lines(preview, cells=cells)
    return lines


def preview_lines(preview: Preview, *, cells: int, max_rows: int = 24) -> list[Line]:
    """Draw a preview: text as it is, a table in columns."""
    lines = [Line([(f"   {clean(name)}  ", "dim"), (clean(value), "text")]) for name, value in preview.facts]
    if preview.text:
        lines += [Line([("   ", "text"), (text, "text")]) for text in clean_lines(preview.text, max_lines=max_rows * 3)]
    table = preview.table
    if table is not None:
        count = len(table.columns)
        widths = [
            min(
                PREVIEW_CELLS,
                max(
                    [
                        len(clean(table.columns[i])),
                        *(len(clean(row[i])) for row in table.rows[:max_rows] if i < len(row)),
                    ]
                ),
            )
            for i in range(min(count, 60))
        ]
        rights = [table.types[i] in ("integer", "number") for i in range(len(widths))]
        lines.append(
            Line(
                [
                    ("   ", "text"),
                    (
                        "  ".join(
                            fit(clean(table.columns[i]), width, right=rights[i]) for i, width in enumerate(widths)
                        ),
                        "dim",
                    ),
                ]
            )
        )
        for row in table.rows[:max_rows]:
            lines.append(
                Line(
                    [
                        ("   ", "text"),
                        (
                            "  ".join(
                                fit(clean(row[i]), width, right=rights[i])
                                for i, width in enumerate(widths)
                                if i < len(row)
                            ),
                            "text",
                        ),
                    ]
                )
            )
        shown = min(len(table.rows), max_rows)
        if table.row_count is not None and table.row_count > shown:
            lines.append(Line([(f"   {count_text(table.row_count - shown)} more rows", "faint")]))
    return lines
