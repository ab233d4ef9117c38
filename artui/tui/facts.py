"""What is said of a run or a version, as lines: the same words on every screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from artui import clock
from artui.model import (
    AliasChange,
    Metric,
    Preview,
    RunDetail,
    RunHead,
    RunRow,
    Summary,
    VersionDetail,
    VersionHead,
)
from artui.safetext import clean, clean_lines
from artui.tui.cells import (
    Span,
    fit,
    glyph_of,
    spark_text,
    status_style,
)
from artui.tui.messages import Link
from artui.tui.widgets.lines import BLANK, Line
from artui.units import ago_text, bytes_text, count_text, duration_text, number_text, param_text, plural, time_text

PREVIEW_CELLS = 14
"""Cells of a column of a previewed table."""
PANE_METRICS = 12
"""So many metrics of a run are in the pane beside the table."""


def heading(text: str, *, note: str = "") -> Line:
    """Make a heading line."""
    return Line([(text, "dim"), (f"  {note}" if note else "", "faint")], is_heading=True)


def run_line(head: RunHead, *, before: str = "", after: str = "", indent: int = 2) -> Line:
    """Make a line that leads to a run."""
    spans: list[Span] = [
        (" " * indent, "text"),
        (before, "dim"),
        glyph_of(head, after=" "),
        (clean(head.name), "accent"),
        (after, "dim"),
    ]
    return Line(spans, Link("run", head.id))


def version_line(head: VersionHead, *, before: str = "", after: str = "", indent: int = 2) -> Line:
    """Make a line that leads to a version."""
    aliases = " ".join(clean(alias) for alias in head.aliases)
    spans: list[Span] = [
        (" " * indent, "text"), (before, "dim"), (clean(head.artifact), "accent"), (f" v{head.number}", "text"),
        (f"  {clean(head.kind)}", "dim"), (f"  {aliases}" if aliases else "", "good"), (after, "dim"),
    ]  # fmt: skip
    return Line(spans, Link("version", head.id))


def pane_lines(detail: RunDetail, row: RunRow, varying: set[str], *, cells: int) -> list[Line]:
    """Say the most important things about a run in a narrow column."""
    head, now_ms = detail.head, clock.now_ms()
    took = f", took {duration_text(head.duration_ms)}" if head.duration_ms is not None else ""
    lines = [
        Line(
            [
                glyph_of(head, after=" "),
                (fit(clean(head.name), cells - 2).rstrip(), "title"),
            ]
        ),
        Line(
            [
                (
                    f"{head.status} {ago_text(head.ended_ms or head.started_ms, now_ms)}{took}"
                    if head.status != "running"
                    else f"running for {duration_text(head.took_ms(now_ms))}",
                    "dim",
                )
            ]
        ),
    ]
    where = " ".join(part for part in (clean(detail.user), "on " + clean(detail.host) if detail.host else "") if part)
    lines.append(Line([(fit(f"{head.stage} · {where}", cells), "dim")]))
    if detail.git_commit:
        lines.append(
            Line(
                [
                    (
                        f"commit {clean(detail.git_commit[:8])}{' + changes' if detail.git_is_dirty else ''}",
                        "dim",
                    )
                ]
            )
        )
    if detail.note:
        lines += [BLANK, Line([(fit(clean(detail.note), cells), "text")])]
    if detail.error:
        lines += [BLANK, Line([(fit(clean(detail.error.rsplit("\n", 1)[-1]), cells), "bad")])]
    if detail.metrics:
        lines.append(BLANK)
        name_cells = max(8, min(18, max(len(metric.title) for metric in detail.metrics[:PANE_METRICS])))
        for metric in detail.metrics[:PANE_METRICS]:
            summary = metric.summary
            spark = spark_text(row.sparks.get(f"metric:{metric.name}", ()), 10)
            odd = summary.is_diverged
            lines.append(
                Line([
                    (fit(clean(metric.title), name_cells) + " ", "dim"),
                    (fit(number_text(summary.last), 9, right=True), "bad" if odd else "text"),
                    (f"  {number_text(summary.min) if summary.min is not None else '·'}…{number_text(summary.max) if summary.max is not None else '·'}", "faint"),
                    (f"  {spark}" if spark and cells > 48 else "", "dim"),
                ])
            )  # fmt: skip
    params = [param for param in detail.params if param.name in varying] or list(detail.params)
    if params:
        lines.append(BLANK)
        name_cells = max(6, min(20, max(len(param.name) for param in params)))
        lines += [
            Line(
                [
                    (fit(clean(param.name), name_cells) + " ", "dim"),
                    (fit(clean(param_text(param.value)), cells - name_cells - 1), "text"),
                ]
            )
            for param in params[:14]
        ]
    for title, heads in (("used", detail.inputs), ("made", detail.outputs)):
        if heads:
            lines += [BLANK, heading(title)]
            lines += [version_line(version, indent=1) for version in heads[:6]]
    return lines


def context_facts(detail: RunDetail) -> list[tuple[str, str]]:
    """Say what else surrounded a run: seeds, job, container, chosen variables, when it was resumed."""
    facts: list[tuple[str, str]] = []
    seeds = detail.context.get("seeds")
    if isinstance(seeds, dict) and seeds:
        facts.append(("seeds", "  ".join(f"{name}={value}" for name, value in list(seeds.items())[:8])))
    container = detail.context.get("container")
    if isinstance(container, dict) and container:
        rest = "  ".join(f"{name} {value}" for name, value in list(container.items())[:5] if name != "kind")
        facts.append((str(container.get("kind", "inside"))[:8], rest or "in a container"))
    job = detail.context.get("job")
    if isinstance(job, dict):
        for system, values in list(job.items())[:4]:
            if isinstance(values, dict):
                facts.append((str(system), "  ".join(f"{key}={value}" for key, value in list(values.items())[:6])))
    variables = detail.context.get("variables")
    if isinstance(variables, dict):
        kept = [
            f"{name}={value}"
            for name, value in variables.items()
            if value is not None and not str(name).startswith("ARTUI_")
        ]
        if kept:
            facts.append(("env vars", "  ".join(kept[:12])))
    resumed = detail.context.get("resumed")
    if isinstance(resumed, dict) and isinstance(resumed.get("times_ms"), list):
        facts.append(("resumed", plural(len(resumed["times_ms"]), "time")))
    return facts


def imported_text(detail: RunDetail, now_ms: int) -> str:
    """Say where an imported run came from; empty for one that was logged here."""
    told = detail.context.get("import")
    if not isinstance(told, dict):
        return ""
    parts = [f"from {told.get('title') or told.get('format')}"]
    for name in ("run_id", "run", "folder"):
        if isinstance(told.get(name), str):
            parts.append(str(told[name]))
            break
    if isinstance(told.get("client"), str):
        parts.append(f"client {told['client']}")
    if isinstance(told.get("imported_ms"), int):
        parts.append(ago_text(told["imported_ms"], now_ms))
    if isinstance(told.get("store"), str):
        parts.append(f"of {told['store']}")
    return "  ".join(parts)


def fact_lines(detail: RunDetail, *, cells: int) -> list[Line]:
    """Say what a run is: status, times, who and where, code, params, tags, family."""
    head, now_ms = detail.head, clock.now_ms()
    lines: list[Line] = []

    def fact(name: str, text: str, style: str = "text") -> None:
        if text:
            lines.append(Line([(f" {fit(name, 10)} ", "dim"), (fit(clean(text), max(1, cells - 12)).rstrip(), style)]))

    fact("status", head.status, status_style(head.status) if head.status != "finished" else "good")
    if detail.error:
        fact("error", detail.error.rsplit("\n", 1)[-1], "bad")
    fact("damaged", ", ".join(dict.fromkeys((*head.damaged, *detail.damaged))), "bad")
    for remark in detail.remarks:
        fact("remark", remark, "warn")
    ago = ago_text(head.started_ms, now_ms)
    fact("started", f"{time_text(head.started_ms)}{f'  ({ago})' if ago else ''}")
    fact(
        "took",
        duration_text(head.took_ms(now_ms)),
    )
    fact("stage", head.stage)
    fact("note", detail.note)
    fact("tags", "  ".join(tag.name + (f"={tag.value}" if tag.value else "") for tag in detail.tags), "mark")
    fact("id", head.id, "dim")
    fact("imported", imported_text(detail, now_ms), "dim")
    lines.append(BLANK)
    if detail.params:
        lines.append(heading(" params"))
        name_cells = max(6, min(28, max(len(param.name) for param in detail.params)))
        lines += [
            Line(
                [
                    (f"   {fit(clean(param.name), name_cells, keep_end=True)}  ", "dim"),
                    (fit(clean(param_text(param.value)), max(1, cells - name_cells - 6)).rstrip(), "text"),
                ]
            )
            for param in detail.params
        ]
        lines.append(BLANK)
    for title, heads in (("inputs", detail.inputs), ("outputs", detail.outputs)):
        if heads:
            lines.append(heading(f" {title}"))
            lines += [version_line(version, indent=3) for version in heads[:12]]
            if len(heads) > 12:
                lines.append(Line([(f"   and {len(heads) - 12} more under files", "dim")]))
            lines.append(BLANK)
    lines.append(heading(" environment"))
    fact("  host", "@".join(part for part in (detail.user, detail.host) if part))
    fact(
        "  code",
        f"commit {detail.git_commit[:12]}"
        + (f" on {detail.git_branch}" if detail.git_branch else "")
        + (", with uncommitted changes" if detail.git_is_dirty else "")
        if detail.git_commit
        else ""
        if detail.context.get("import")
        else "not in a git work tree",
    )
    code = detail.context.get("code")
    if isinstance(code, dict):
        fact("  remote", str(code.get("remote") or ""))
    fact("  python", detail.python)
    fact("  folder", detail.directory)
    fact("  command", " ".join(detail.command))
    for name, text in context_facts(detail):
        fact(f"  {name}", text)
    if head.parent_id:
        lines += [
            BLANK,
            Line([(" parent     ", "dim"), (head.parent_id, "accent")], Link("run", head.parent_id)),
        ]
    if detail.children:
        lines += [BLANK, heading(f" {plural(len(detail.children), 'run')} inside")]
        lines += [run_line(child, indent=3, after=f"  {duration_text(child.duration_ms)}") for child in detail.children]
    if detail.error and "\n" in detail.error:
        lines += [
            BLANK,
            heading(" traceback"),
            *(Line([("   " + text, "bad")]) for text in clean_lines(detail.error)),
        ]
    return lines


def metric_lines(metrics: Sequence[Metric], *, cells: int, before: Sequence[Line] = ()) -> Sequence[Line]:
    """Tabulate metrics with their summaries, behind some lines; each is drawn when it is looked at."""
    if not metrics:
        return [*before, heading(" metrics"), Line([("   none was logged", "dim")])]
    name_cells = max(8, min(max(len(metric.title) for metric in metrics), 28, cells // 3))
    columns = [("last", 9), ("min", 9), ("at step", 8), ("max", 9), ("points", 8)]
    while len(columns) > 1 and name_cells + 3 + sum(size + 1 for _, size in columns) > cells:
        columns.pop()
    head = Line(
        [
            (" " + fit("metrics", name_cells), "dim"),
            *((" " + fit(title, size, right=True), "faint") for title, size in columns),
        ],
        is_heading=True,
    )
    return MetricLines([*before, head], metrics, name_cells, columns)


class MetricLines(Sequence[Line]):
    """Lines of any number of metrics, of which few are ever seen."""

    def __init__(
        self, before: Sequence[Line], metrics: Sequence[Metric], name_cells: int, columns: Sequence[tuple[str, int]]
    ) -> None:
        self._before = before
        self._metrics = metrics
        self._name_cells = name_cells
        self._columns = columns
        self._places: list[int] = []
        """For each line its metric; below zero, inverted, for the line about its odd values."""
        for number, metric in enumerate(metrics):
            self._places.append(number)
            summary = metric.summary
            if summary.nan_count or summary.positive_inf_count or summary.negative_inf_count:
                self._places.append(~number)

    def __len__(self) -> int:
        return len(self._before) + len(self._places)

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> list[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | list[Line]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        if index < len(self._before):
            return self._before[index]
        place = self._places[index - len(self._before)]
        return self._odd(self._metrics[~place].summary) if place < 0 else self._line(self._metrics[place])

    def _line(self, metric: Metric) -> Line:
        summary = metric.summary
        values = {
            "last": number_text(summary.last),
            "min": number_text(summary.min) if summary.min is not None else "·",
            "at step": count_text(summary.min_step) if summary.min_step is not None else "·",
            "max": number_text(summary.max) if summary.max is not None else "·",
            "points": count_text(summary.count),
        }
        spans: list[Span] = [(" " + fit(clean(metric.title), self._name_cells, keep_end=True), "text")]
        for title, size in self._columns:
            style = "bad" if title == "last" and summary.is_diverged else "bold" if title == "last" else "dim"
            spans.append((" " + fit(values[title], size, right=True), style))
        return Line(spans)

    @staticmethod
    def _odd(summary: Summary) -> Line:
        odd = [
            f"{count_text(n)} {what}"
            for n, what in (
                (summary.nan_count, "NaN"),
                (summary.positive_inf_count, "∞"),
                (summary.negative_inf_count, "−∞"),
            )
            if n
        ]
        return Line([("   " + ", ".join(odd), "bad")])


def file_lines(detail: RunDetail) -> list[Line]:
    """List what a run used and made."""
    lines: list[Line] = []
    for title, heads, none in (
        ("used", detail.inputs, "no inputs were noted"),
        ("made", detail.outputs, "nothing was saved"),
    ):
        lines.append(heading(f" {title}"))
        if not heads:
            lines.append(Line([(f"   {none}", "dim")]))
        for head in heads:
            size = f"{plural(head.file_count, 'file')}, {bytes_text(head.size_bytes)}"
            lines.append(
                version_line(
                    head,
                    indent=3,
                    after=f"  {size}" + ("" if head.storage == "embedded" else f", {head.storage}"),
                )
            )
        lines.append(BLANK)
    return lines


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
        Line([(f" sha256 {head.digest_text[: max(10, min(64, cells - 9))]}", "faint")]),
        *(
            [Line([(f" lies at {clean(detail.location)} on {clean(detail.host)}", "warn")])]
            if head.storage == "referenced"
            else []
        ),
        *(
            [
                Line([(f" damaged: {', '.join(damaged)}", "bad")])
                for damaged in [dict.fromkeys((*head.damaged, *detail.damaged))]
                if damaged
            ]
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
        note = (
            f"  → {clean(file.link_target)}"
            if file.link_target
            else f"  {clean(file.note_text)}"
            if file.note_text
            else ""
        )
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
