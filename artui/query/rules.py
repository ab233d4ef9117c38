"""Rules about metrics: a condition in one line of text that says when somebody should look.

val/loss rises 5 times
train/* is nan
gpu_memory > 38000
val/acc falls below 0.9
loss is silent for 10m
run stalls
drift psi > 0.2 on any column
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from artui.errors import UsageError
from artui.model import GOING
from artui.query.conditions import IS_ODD, RECENT_VALUES, TIMES, Holds, condition
from artui.query.live import ENDED_MS, LiveRun
from artui.query.windowrules import is_window_rule, parse_window_rule

_SPLIT = re.compile(
    r"(?P<name>\S.*?)\s+(?P<rest>(?:rises|falls|stays|is)\s.+|(?:>=|<=|>|<|==?)\s*\S+)\Z|(?P<tight>\S+?)(?P<sign>>=|<=|>|<|==?)(?P<value>\S+)\Z"
)
MAX_CHARS = 500
STALLS = "run stalls"
"""The rule about a run that logs nothing for far longer than usual."""
STALL_ALARM_SECONDS = 120
"""Nobody is called for a shorter pause."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A parsed rule."""

    text: str
    metric: str
    """A metric's name; `*` stands for anything."""
    holds: Holds
    """Says of the last values (oldest first) and the seconds since the last one whether somebody should look."""
    depth: int = 1
    """How many of the last values it goes by."""
    is_of_run: bool = False
    """Whether it is about the run as a whole: it goes by no values, and by the seconds for which it stands still."""
    is_of_odd: bool = False
    """Whether it is about values that are NaN or infinite: any of the last ones."""
    is_of_windows: bool = False
    """Whether it is about what is observed in deployments (`windowrules`), and about no run."""

    def is_about(self, name: str) -> bool:
        """Say whether it is about a metric of this name."""
        return (
            not self.is_of_run
            and not self.is_of_windows
            and (name == self.metric or fnmatch.fnmatchcase(name, self.metric))
        )


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule that holds for a metric of a run."""

    rule: str
    run_id: str
    run: str
    metric: str
    """Its title; empty where the rule is about the run as a whole."""
    value: float
    """The last value, or the last one that was NaN or infinite; the seconds since the last point where the rule is about the run as a whole."""
    is_over: bool = False
    """Whether later values are numbers again."""
    is_of_place: bool = False
    """Whether it is of a deployment: `run_id` is the id of the version that stands for it, `run` its name, `metric` the series or column."""

    @property
    def key(self) -> tuple[str, str, str]:
        """Rule, run and metric: equal for the same alert at another time."""
        return self.rule, self.run_id, self.metric


def parse_rule(text: str) -> Rule:
    """Parse a rule.

    Raises:
        UsageError: the text is not a rule; the remedy says how one is written.
    """
    text = " ".join(text[: 2 * MAX_CHARS].split())
    if text == STALLS:
        return Rule(text, "", lambda _, silent_seconds: silent_seconds >= STALL_ALARM_SECONDS, 0, is_of_run=True)
    if is_window_rule(text):
        return Rule(parse_window_rule(text).text, "", lambda _, __: False, 0, is_of_windows=True)
    match = _SPLIT.match(text) if len(text) <= MAX_CHARS else None
    if match is not None:
        name = match["name"] or match["tight"]
        rest = match["rest"] or f"{match['sign']} {match['value']}"
        holds = condition(rest)
        if holds is not None:
            times = TIMES.match(rest)
            # What comes and goes between two looks is seen, too.
            depth = RECENT_VALUES if IS_ODD.match(rest) else int(times[2]) + 1 if times else 1
            return Rule(text, name, holds, depth, is_of_odd=IS_ODD.match(rest) is not None)
    raise UsageError(
        f"{text[:80]!r} is no rule.",
        remedy="Write METRIC rises 5 times, METRIC is nan, METRIC > 0.5, METRIC is silent for 10m or run stalls.",
    )


def depth_for(rules: Sequence[Rule]) -> Callable[[str], int]:
    """Give what says of a metric's name how many of its last values the rules go by; 0 if none is about it."""
    return lambda name: max((rule.depth for rule in rules if rule.is_about(name)), default=0)


def alerts(runs: Sequence[LiveRun], rules: Sequence[Rule], now_ms: int) -> list[Alert]:
    """Give an alert for each rule that holds now, for runs that are running or are still listed after their end."""
    raised = []
    for run in runs:
        if run.head.ended_ms is not None and now_ms - run.head.ended_ms > ENDED_MS:
            continue
        stalled_seconds = (run.stalled_ms(now_ms) or 0) / 1000
        raised += [
            Alert(rule.text, run.head.id, run.head.name, "", stalled_seconds)
            for rule in rules
            if rule.is_of_run and rule.holds((), stalled_seconds)
        ]
        for live in run.metrics:
            for rule in rules:
                metric = live.metric
                if not live.recent or not rule.is_about(metric.name):
                    continue
                silent = (now_ms - metric.summary.last_ms) / 1000 if run.head.status in GOING else 0.0
                if rule.holds(live.recent, silent):
                    value, is_over = live.recent[-1], False
                    if rule.is_of_odd and not rule.holds([value], silent):
                        value = next(value for value in reversed(live.recent) if rule.holds([value], silent))
                        is_over = True
                    raised.append(Alert(rule.text, run.head.id, run.head.name, metric.title, value, is_over))
    return raised
