"""What is known of the course of runs that go on: how far and how fast they are, how old their last point is, and what they use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from artui.safetext import clean
from artui.sheets.progress import done_of_text, done_text, left_ms_of
from artui.tui.cells import DIVERGED, Span, fit_middle
from artui.tui.widgets.runlines import Fact
from artui.units import age_text, ago_text, count_text, duration_text, number_text

if TYPE_CHECKING:
    from artui.query.live import LiveRun

_PROJECT_CELLS = 16


def going_facts(runs: Sequence[LiveRun], among: Iterable[LiveRun], now_ms: int) -> list[Fact]:
    """Give the columns of runs that go on.

    Args:
        runs: the runs that have a line.
        among: all that are on the screen; where they are of several projects, these are named.
        now_ms: the time for ages.
    """
    return [
        _project_fact(runs, among),
        _done_fact(runs),
        Fact("left", _dim({run.head.id: _left_text(run, now_ms) for run in runs})),
        Fact("last", {run.head.id: _point_span(run, now_ms) for run in runs}),
        Fact("for", _dim({run.head.id: duration_text(run.head.took_ms(now_ms)) for run in runs}), is_spare=True),
        Fact("steps/s", _dim({run.head.id: _pace_text(run, now_ms) for run in runs}), is_spare=True),
    ]


def ended_facts(runs: Sequence[LiveRun], among: Iterable[LiveRun], now_ms: int) -> list[Fact]:
    """Give the columns of runs that ended, as `going_facts` does of those that go on."""
    return [
        _project_fact(runs, among),
        Fact("when", _dim({run.head.id: ago_text(run.head.ended_ms or run.head.started_ms, now_ms) for run in runs})),
        Fact("took", _dim({run.head.id: duration_text(run.head.took_ms(now_ms)) for run in runs})),
    ]


def _dim(texts: Mapping[str, str]) -> dict[str, Span]:
    return {run_id: (text, "dim") for run_id, text in texts.items()}


def _project_fact(runs: Iterable[LiveRun], among: Iterable[LiveRun]) -> Fact:
    """Name the projects of some runs, if those on the screen are not all of one."""
    has_several = len({run.head.project for run in among}) > 1
    texts = {
        run.head.id: fit_middle(clean(run.head.project), _PROJECT_CELLS).rstrip() if has_several else "" for run in runs
    }
    return Fact("project", _dim(texts), is_spare=True)


def _done_fact(runs: Sequence[LiveRun]) -> Fact:
    """Say how far runs are; what they count is said once, above, where it is the same."""
    units = {"step" if run.headway is None else run.headway.unit for run in runs if run.headway or run.step is not None}
    texts: dict[str, str] = {}
    for run in runs:
        headway = run.headway
        step = "" if run.step is None else count_text(run.step)
        text = step if headway is None else done_of_text(headway)
        unit = "step" if headway is None else headway.unit
        texts[run.head.id] = clean(f"{unit} {text}" if len(units) > 1 and text else text)
    return Fact(next(iter(units)) if len(units) == 1 else "done", _dim(texts))


def _left_text(run: LiveRun, now_ms: int) -> str:
    left_ms = left_ms_of(run, now_ms)
    return duration_text(left_ms) if left_ms else ""


def _point_span(run: LiveRun, now_ms: int) -> Span:
    """Say how old the last point of a run is; with a sign if it stands still."""
    is_stalled = run.stalled_ms(now_ms) is not None
    age = age_text(run.point_ms, now_ms)
    return (f"{DIVERGED}{age}", "warn") if is_stalled else (age, "dim")


def _pace_text(run: LiveRun, now_ms: int) -> str:
    is_steady = run.head.status == "running" and run.stalled_ms(now_ms) is None
    return number_text(run.steps_per_second, 3) if is_steady and run.steps_per_second else ""


def _how_far(run: LiveRun, now_ms: int) -> tuple[str, str, str]:
    """Say how far a run is: its step, unless that is what it counts; what it counts, and of how many; how long the rest takes."""
    headway = run.headway
    # Where each step is an epoch, or is what is counted, it is said once.
    is_said = headway is not None and headway.done == run.step
    step = "" if run.step is None or is_said else f"step {count_text(run.step)}"
    if headway is None:
        return step, step, ""
    left_ms = left_ms_of(run, now_ms)
    return step, clean(done_text(headway)), duration_text(left_ms) if left_ms else ""


def bar_spans(run: LiveRun, cells: int) -> list[Span]:
    """Show how far a run is as a bar; nothing where it is not known of how much."""
    if run.headway is None or run.headway.total <= 0:
        return []
    full = max(0, min(cells, round(cells * run.headway.done / run.headway.total)))
    return [("   " + "━" * full, "accent"), ("─" * (cells - full), "frame")]


def far_spans(run: LiveRun, now_ms: int) -> list[Span]:
    """Show how far a run is."""
    step, done, left = _how_far(run, now_ms)
    spans: list[Span] = []
    for text in dict.fromkeys((step, done)):
        if text:
            unit, number, *rest = text.split(" ", 2)
            spans += [(f"   {unit} ", "dim"), (number, "text"), (f" {rest[0]}" if rest else "", "dim")]
    return [*spans, (f", about {left} left" if left else "", "dim")]


def machine_spans(run: LiveRun) -> list[Span]:
    """Show how much of the machine a run uses, as far as it was sampled."""
    system = run.system
    spans: list[Span] = []
    gpus = sorted(
        {name.split("/")[1] for name in system if name.startswith("gpu/")}, key=lambda text: (len(text), text)
    )
    for number in gpus[:4]:
        use, memory = system.get(f"gpu/{number}/utilization_percent"), system.get(f"gpu/{number}/memory_percent")
        if use is not None:
            spans += [
                (f"gpu{number} ", "dim"),
                (f"{use:.0f}%", "text"),
                (f" mem {memory:.0f}%  " if memory is not None else "  ", "dim"),
            ]
    if (busy := system.get("process/cpu_percent")) is not None:
        spans += [("cpu ", "dim"), (f"{busy:.0f}%  ", "text")]
    if (memory := system.get("process/memory_mb")) is not None:
        spans += [("mem ", "dim"), (f"{memory / 1000:.1f} GB" if memory >= 1000 else f"{memory:.0f} MB", "text")]
    return spans
