"""The sheets of a run."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

from artui.model import Metric, Param, RunDetail, RunHead, Summary, Tag, VersionHead
from artui.model.tracebacks import error_line, folded, last_lines
from artui.safetext import clean_lines
from artui.sheets.again import again_fact, again_section
from artui.sheets.context import COMMIT_CHARS, code_text, container_and_job, imported_text, remote_text, variables
from artui.sheets.sheet import (
    MIDDLE_DOT,
    NOTHING,
    Cell,
    Fact,
    Header,
    Link,
    Row,
    Rows,
    Section,
    Sheet,
    Table,
    Tone,
    aliases_cell,
    content_text,
    damage_fact,
    facts_section,
    filled,
    run_cell,
    run_link,
    shortened,
    shown_status,
    status_tone,
    version_cell,
)
from artui.units import ago_text, bytes_text, count_text, duration_text, number_text, param_text, plural, time_text

METRICS = "metrics"
"""Title of the section of metrics, which is the last."""
TOOL_TAGS = "tags of other tools"
TAG_GAP = "  "
"""Between tags that stand in one text."""
USED, MADE = "used", "made"

PANE_METRICS = 12
"""At most this many metrics, params and versions of a run are on its short sheet."""
PANE_PARAMS = 14
PANE_VERSIONS = 6


TRACEBACK = "traceback"
"""Title of the section of all lines of what ended a run."""
ENDING = "how it ended"
"""Title of the section of the last of them."""
ENDING_LINES = 6
PARAMS, FIRST_PARAMS = "params", "first params"
"""Titles of the sections of all params, and of the first ones where there are many."""
IDENTITY = "identity"
LONG_TAGS = "tags"
"""Title of the section of tags that are too long to stand among others."""
LONG_TAG_CHARS = 40
"""A longer value is cut to one line of so many characters."""
_TOOL_TAGS = ("mlflow.", "wandb.", "aim.")
"""Beginnings of the names of tags that other tools keep for themselves."""
MAX_DIVERGED = 3
"""More metrics that ended in the same odd value are only counted."""
MAX_FILES = 3
"""More files of code that differ are only counted."""
MAX_DIFFERENCES = 6
"""More params that differ from a neighbour are only counted."""


def run_sheet(
    detail: RunDetail,
    *,
    now_ms: int,
    parent: RunHead | None = None,
    nearest: RunDetail | None = None,
    other_files: Sequence[str] = (),
    progress: str = "",
    restore: str = "",
) -> Sheet:
    """Say everything about a run but its points.

    Args:
        detail: the run.
        now_ms: the time from which ages count.
        parent: the run that this one is inside of, if it is known.
        nearest: the run that is most like it; what differs is said.
        other_files: paths of files of code that are different there.
        progress: how far it is, and when it was last heard of, if it has not ended.
        restore: what brings it back if it is deleted; by default the command that does.
    """
    head = detail.head
    return Sheet(
        head.name,
        MIDDLE_DOT.join(part for part in ("run", head.stage, head.project) if part),
        filled(
            _state(detail, now_ms, nearest, other_files, progress, restore),
            _params(PARAMS, detail.params),
            _versions(USED, detail.inputs),
            _versions(MADE, detail.outputs),
            _environment(detail),
            _children(detail.children),
            again_section(detail),
            _identity(detail, now_ms, parent),
            _internal_tags(detail),
            _long_tags(detail),
            Section(TRACEBACK, lines=_traceback(detail.error), lines_tone="bad"),
            metrics_section(detail.metrics, metric_count=detail.metric_count),
        ),
    )


def ending_section(detail: RunDetail) -> Section:
    """Give what stood nearest to the end of a run that failed; empty if its traceback is hardly longer."""
    whole = _traceback(detail.error)
    if len(whole) <= ENDING_LINES + 2:
        return Section()
    last = last_lines("\n".join(whole), most=ENDING_LINES)
    return Section(ENDING, lines=tuple(last), lines_tone="bad", left_out_count=len(whole) - len(last))


def first_params(detail: RunDetail, nearest: RunDetail | None, *, most: int) -> Section:
    """Give the first params where there are many, those that differ from the nearest run before others; else all of them."""
    if len(detail.params) <= most + 1:
        return _params(PARAMS, detail.params)
    others = {param.name: param.value for param in nearest.params} if nearest is not None else {}
    differing = [param for param in detail.params if others and others.get(param.name) != param.value]
    params = [*differing, *(param for param in detail.params if param not in differing)][:most]
    return replace(
        _params(FIRST_PARAMS, params),
        about=f"{count_text(most)} of {count_text(len(detail.params))}, all of them further down",
    )


def files_sheet(detail: RunDetail) -> Sheet:
    """Say what a run used and made, with sizes, or that there is nothing."""
    sections = (
        _versions(USED, detail.inputs, with_content=True, nothing="no inputs were noted"),
        _versions(MADE, detail.outputs, with_content=True, nothing="nothing was saved"),
    )
    return Sheet(detail.head.name, "what it used and made", sections)


def short_run_sheet(detail: RunDetail, *, now_ms: int, varying: Collection[str] = ()) -> Sheet:
    """Say the most important things about a run, few of each.

    Args:
        varying: names of params that differ between the runs that are looked at. They come first, and the others are
            dim; with none of them, all count.
    """
    head = detail.head
    params = [param for param in detail.params if param.name in varying] or detail.params
    others = [param for param in detail.params if param not in params]
    state = [
        Fact("", when_text(head, now_ms), "dim"),
        Fact("", MIDDLE_DOT.join(part for part in (head.stage, _who_text(detail)) if part), "dim"),
        Fact("", code_text(detail) if detail.git_commit else "", "dim"),
    ]
    return Sheet(
        head.name,
        head.status,
        filled(
            facts_section("", state),
            facts_section("", [Fact("", _tags_text(detail), "mark")]),
            facts_section("", [Fact("", detail.note)]),
            facts_section("", [Fact("", _error_text(detail), "bad")]),
            facts_section("", [Fact("", diverged_fact(detail).text, "warn")]),
            _short_metrics(detail.metrics),
            shortened(_params("params", params, others), most=PANE_PARAMS),
            shortened(_versions(USED, detail.inputs), most=PANE_VERSIONS),
            shortened(_versions(MADE, detail.outputs), most=PANE_VERSIONS),
            shortened(_internal_tags(detail), most=PANE_PARAMS),
        ),
    )


def metrics_section(metrics: Sequence[Metric], *, metric_count: int = 0) -> Section:
    """Tabulate metrics with their summaries. Points that are not finite get a last column, if there are any.

    Of a single point neither the smallest nor the largest value is said.

    Args:
        metric_count: number of all metrics of the run, if fewer are given.
    """
    if not metrics:
        return Section(METRICS, facts=(Fact("", "none was logged", "dim"),))
    are_odd = any(has_odd_values(metric.summary) for metric in metrics)
    titles = ("last", "min", "at step", "max", "at step", "points", "last step", *(("not finite",) if are_odd else ()))
    headers = (Header("metric"), *(Header(title, is_right=title != "not finite") for title in titles))
    rows = Rows(metrics, partial(_metric_row, with_odd=are_odd))
    return Section(METRICS, table=Table(headers, rows), left_out_count=max(0, metric_count - len(metrics)))


def is_course(summary: Summary) -> bool:
    """Say whether a series has more than one point: of a single one, last, min and max are the same."""
    return summary.count > 1 or has_odd_values(summary)


def has_odd_values(summary: Summary) -> bool:
    """Say whether a series has NaN or infinities."""
    return bool(summary.nan_count or summary.positive_inf_count or summary.negative_inf_count)


def when_text(head: RunHead, now_ms: int) -> str:
    """Say in one line the state of a run: `finished 3h ago, took 13m`, `running for 2m`."""
    took = duration_text(head.took_ms(now_ms))
    if head.status == "running":
        return f"running for {took}" if took else "running"
    ago = ago_text(head.ended_ms or head.started_ms, now_ms)
    return f"{head.status} {ago}".rstrip() + (f", took {took}" if took else "")


def _state(
    detail: RunDetail, now_ms: int, nearest: RunDetail | None, other_files: Sequence[str], progress: str, restore: str
) -> Section:
    head = detail.head
    ago = ago_text(head.started_ms, now_ms)
    took = duration_text(head.took_ms(now_ms))
    tags = _tags_text(detail)
    is_cut = any(_is_long(tag) for tag in detail.tags if not tag.name.startswith(_TOOL_TAGS))
    return facts_section(
        "",
        [
            Fact("status", head.status, status_tone(head.status)),
            _deleted_fact(detail, restore),
            Fact("progress", progress),
            Fact("error", _error_text(detail), "bad", Link("section", TRACEBACK) if _traceback(detail.error) else None),
            diverged_fact(detail),
            damage_fact(head.damaged, detail.damaged),
            *(Fact("remark", remark, "warn") for remark in detail.remarks),
            Fact("started", time_text(head.started_ms) + (f"  ({ago})" if ago else "")),
            # Otherwise its start and duration tell when it ended.
            None if head.started_ms else Fact("ended", time_text(head.ended_ms or None)),
            Fact("took", f"{took} so far" if took and head.duration_ms is None else took),
            Fact("note", detail.note),
            Fact("tags", tags, "mark", Link("section", LONG_TAGS) if is_cut else None),
            differs_fact(detail, nearest, other_files) if nearest is not None else None,
            again_fact(detail),
        ],
    )


def _deleted_fact(detail: RunDetail, restore: str) -> Fact | None:
    """Say that a run is in the trash, and what brings it back."""
    if detail.deleted_ms is None:
        return None
    back = "its points were removed since: nothing brings it back"
    if not detail.is_removed:
        back = f"{restore or f'artui restore {shlex.quote(detail.head.name)}'} brings it back"
    return Fact("deleted", f"{time_text(detail.deleted_ms)}; {back}", "bad")


def _identity(detail: RunDetail, now_ms: int, parent: RunHead | None) -> Section:
    """Say by what the run is known, and where it belongs."""
    head = detail.head
    return facts_section(
        IDENTITY,
        [
            Fact("id", head.id, "dim"),
            Fact("parent", parent.name, "accent", run_link(parent))
            if parent is not None
            else Fact("parent", head.parent_id or "", "dim"),
            _reproduces(detail),
            Fact("imported", imported_text(detail, now_ms), "dim"),
        ],
    )


def _reproduces(detail: RunDetail) -> Fact:
    """Name the run that this one was started for, to make it again; without a text for an ordinary run."""
    content = detail.context.get("reproduces")
    run_id = content.get("id") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(run_id, str):
        return Fact("reproduces", "")
    name = content.get("name")
    return Fact("reproduces", name if isinstance(name, str) else run_id, "accent", Link("run", run_id))


def diverged_fact(detail: RunDetail) -> Fact:
    """Name the metrics that ended in NaN or infinity: `train/loss ended in NaN`; without a text if none did."""
    texts: dict[str, list[str]] = {}
    for metric in detail.metrics:
        if metric.summary.is_diverged:
            texts.setdefault(number_text(metric.summary.last), []).append(metric.title)
    parts = []
    for value, titles in texts.items():
        more = f" and {count_text(len(titles) - MAX_DIVERGED)} more" if len(titles) > MAX_DIVERGED else ""
        verb = "ended in" if detail.head.status != "running" else "came to"
        parts.append(f"{', '.join(titles[:MAX_DIVERGED])}{more} {verb} {value}")
    return Fact("diverged", "; ".join(parts), "warn")


def _tags_text(detail: RunDetail) -> str:
    """Give the user's tags in one text, long values cut; those of tools have a section of their own."""
    return TAG_GAP.join(
        tag.name + (f"={one_line(tag.value)}" if tag.value else "")
        for tag in detail.tags
        if not tag.name.startswith(_TOOL_TAGS)
    )


def _internal_tags(detail: RunDetail) -> Section:
    tags = [tag for tag in detail.tags if tag.name.startswith(_TOOL_TAGS)]
    return Section(TOOL_TAGS, facts=tuple(Fact(tag.name, one_line(tag.value), "dim") for tag in tags))


def one_line(text: str) -> str:
    """Cut a long text, or one of several lines, and say how large it is."""
    first = text.split("\n", 1)[0].rstrip()
    if len(first) <= LONG_TAG_CHARS and first == text.rstrip():
        return first
    size = bytes_text(len(text.encode("utf-8", "replace")))
    return f"{first[: LONG_TAG_CHARS - len(size) - 4]}… ({size})"


def _is_long(tag: Tag) -> bool:
    return one_line(tag.value) != tag.value.rstrip()


def _long_tags(detail: RunDetail) -> Section:
    """Give the tags that are cut among the others, whole."""
    return facts_section(LONG_TAGS, [Fact(tag.name, tag.value) for tag in detail.tags if _is_long(tag)])


def differs_fact(detail: RunDetail, nearest: RunDetail, other_files: Sequence[str] = ()) -> Fact:
    """Say in which params and in which code a run differs from the nearest one: `lr 0.003 (0.01), other file train.py`."""
    values, others = ({param.name: param_text(param.value) for param in run.params} for run in (detail, nearest))
    names = [name for name in dict.fromkeys([*values, *others]) if values.get(name) != others.get(name)]
    parts = [f"{name} {values.get(name, NOTHING)} ({others.get(name, NOTHING)})" for name in names[:MAX_DIFFERENCES]]
    parts += [f"and {len(names) - len(parts)} more"] if len(names) > len(parts) else []
    parts += _other_code(detail, nearest, other_files)
    name = nearest.head.name
    text = f"from {name}, the nearest run: {', '.join(parts)}" if parts else f"in no param from {name}, the nearest run"
    return Fact("differs", text, "plain", run_link(nearest.head))


def _other_code(detail: RunDetail, nearest: RunDetail, other_files: Sequence[str]) -> list[str]:
    """Say in words what of the code differs: the commit, files that were kept, or the versions that hold them."""
    parts = []
    if detail.git_commit != nearest.git_commit:
        own, other = (run.git_commit[:COMMIT_CHARS] or NOTHING for run in (detail, nearest))
        parts.append(f"commit {own} ({other})")
    if other_files:
        more = f" and {count_text(len(other_files) - MAX_FILES)} more" if len(other_files) > MAX_FILES else ""
        word = "other file" if len(other_files) == 1 else "other files"
        parts.append(f"{word} {', '.join(other_files[:MAX_FILES])}{more}")
    elif (
        not detail.git_commit == nearest.git_commit != ""
        and not parts
        and _is_other(_code_of(detail), _code_of(nearest))
    ):
        parts.append("other code")
    return parts


def _is_other(own: frozenset[int], other: frozenset[int]) -> bool:
    """Say whether two runs used other versions of code: not where one kept none, or both the same and one of them more."""
    return bool(own and other) and not own & other


def _code_of(detail: RunDetail) -> frozenset[int]:
    return frozenset(head.key for head in (*detail.inputs, *detail.outputs) if head.kind == "code")


def _error_text(detail: RunDetail) -> str:
    """Give the line of what ended a run that names the exception."""
    return error_line(detail.error)


def _traceback(error: str) -> tuple[str, ...]:
    """Give the lines of what ended a run, if there is more than the last one."""
    return tuple(folded(clean_lines(error))) if "\n" in error.strip() else ()


def _who_text(detail: RunDetail) -> str:
    return "@".join(part for part in (detail.user, detail.host) if part)


def _environment(detail: RunDetail) -> Section:
    return facts_section(
        "environment",
        [
            Fact("host" if detail.host else "user", _who_text(detail)),
            Fact("code", code_text(detail)),
            Fact("remote", remote_text(detail)),
            Fact("python", detail.python),
            Fact("folder", detail.directory),
            Fact("command", " ".join(detail.command)),
            *(Fact(label, text) for label, text in container_and_job(detail)),
            Fact("variables", variables(detail)),
            *_resumed(detail),
        ],
    )


def _resumed(detail: RunDetail) -> list[Fact]:
    resumed = detail.context.get("resumed")
    times_ms = resumed.get("times_ms") if isinstance(resumed, dict) else None
    return [Fact("resumed", plural(len(times_ms), "time"))] if isinstance(times_ms, list) else []


def _params(title: str, params: Sequence[Param], others: Sequence[Param] = ()) -> Section:
    """List params; those that matter less come last."""
    listed: list[tuple[Param, Tone]] = [*((param, "plain") for param in params), *((param, "dim") for param in others)]
    return Section(
        title,
        facts=tuple(
            Fact(param.name, param_text(param.value), "bad" if param.damaged else tone) for param, tone in listed
        ),
    )


def _versions(title: str, heads: Sequence[VersionHead], *, with_content: bool = False, nothing: str = "") -> Section:
    """Tabulate versions; with their content, say how large they are and where their bytes lie."""
    if not heads:
        return facts_section(title, [Fact("", nothing, "dim")])
    headers = (Header("version"), Header("kind"), Header("aliases"), *((Header("content"),) if with_content else ()))

    def row(head: VersionHead) -> Row:
        cells = (
            version_cell(head),
            Cell(head.kind, "dim"),
            aliases_cell(head),
        )
        return (*cells, Cell(content_text(head), "dim")) if with_content else cells

    return Section(title, table=Table(headers, Rows(heads, row)))


def _children(heads: Sequence[RunHead]) -> Section:
    def row(head: RunHead) -> Row:
        status: Tone = "bad" if head.damaged else status_tone(head.status)
        return run_cell(head), Cell(shown_status(head), status), Cell(duration_text(head.duration_ms) or NOTHING, "dim")

    headers = (Header("run"), Header("status"), Header("took", is_right=True))
    return Section(f"{plural(len(heads), 'run')} inside", table=Table(headers, Rows(heads, row)))


def _metric_row(metric: Metric, *, with_odd: bool) -> Row:
    summary = metric.summary
    last: Tone = "bad" if summary.is_diverged else "strong"
    texts = [""] * 4
    if is_course(summary):
        ends = ((summary.min, summary.min_step), (summary.max, summary.max_step))
        texts = [text for value, step in ends for text in (_number_or_nothing(value), _step_or_nothing(step))]
    cells = (
        Cell(metric.title, "bad" if metric.damaged else "plain"),
        Cell(number_text(summary.last), last),
        *(Cell(text, "dim") for text in texts),
        Cell(count_text(summary.count), "dim"),
        Cell(count_text(summary.last_step), "dim"),
    )
    return (*cells, Cell(_odd_text(summary), "bad")) if with_odd else cells


def _number_or_nothing(value: float | None) -> str:
    return number_text(value) if value is not None else NOTHING


def _step_or_nothing(step: int | None) -> str:
    return count_text(step) if step is not None else NOTHING


def _odd_text(summary: Summary) -> str:
    """Say how many points are NaN or infinite: `3 NaN, 1 ∞`."""
    counts = ((summary.nan_count, "NaN"), (summary.positive_inf_count, "∞"), (summary.negative_inf_count, "−∞"))
    return ", ".join(f"{count_text(count)} {what}" for count, what in counts if count)


def _short_metrics(metrics: Sequence[Metric]) -> Section:
    def row(metric: Metric) -> Row:
        summary = metric.summary
        span = f"{_number_or_nothing(summary.min)}…{_number_or_nothing(summary.max)}"
        if summary.min == summary.max:
            span = ""  # a single value, or always the same
        last: Tone = "bad" if summary.is_diverged else "plain"
        return Cell(metric.title, "dim"), Cell(number_text(summary.last), last), Cell(span, "faint")

    headers = (Header("metric"), Header("last", is_right=True), Header("min…max"))
    return shortened(Section(METRICS, table=Table(headers, Rows(metrics, row))), most=PANE_METRICS)
