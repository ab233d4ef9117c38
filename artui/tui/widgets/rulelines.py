"""Rules of alerts, a line each, with the runs for which they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from artui.safetext import clean
from artui.tui.alerts import BUILT_IN, alert_text
from artui.tui.cells import Span, length_of
from artui.tui.messages import Link
from artui.tui.widgets.lines import Line
from artui.units import count_text

if TYPE_CHECKING:
    from artui.query.rules import Alert
    from artui.tui.alerts import Alerts

_EXAMPLES = ("val/loss rises 5 times", "loss is silent for 10m", "val/acc falls below 0.9")


def rule_lines(alerts: Alerts, names: Mapping[str, str], *, width: int, unfolds: bool) -> list[Line]:
    """List the rules, each with the runs for which it holds; those from the start in the heading while they hold for none.

    Args:
        alerts: the rules, and what holds.
        names: what runs are called, by their ids, where others have the same name.
        width: cells of a line.
        unfolds: whether rules from the start have lines of their own, too.
    """
    held = {alert.rule for alert in alerts.holding.values()}
    silent = [rule.text for rule in alerts.rules if rule.text in BUILT_IN and rule.text not in held]
    folded = [] if unfolds else silent
    lines = [_heading(alerts, folded, width=width, can_fold=bool(silent))]
    for rule in alerts.rules:
        if rule.text in folded:
            continue
        by_run: dict[str, list[Alert]] = {}
        for alert in alerts.holding.values():
            if alert.rule == rule.text:
                by_run.setdefault(alert.run_id, []).append(alert)
        spans: list[Span] = [
            ("   ! " if by_run else "   · ", "bad" if by_run else "faint"),
            (clean(rule.text), "bad" if by_run else "text"),
        ]
        origin = alerts.origin(rule.text)
        if not by_run:
            spans.append((f"  {origin}" if origin else "", "faint"))
        full = [_values_of(holds, len(holds), names) for holds in by_run.values()]
        parts = (
            full
            if length_of(spans) + sum(map(length_of, full)) <= width
            else [_values_of(holds, 1, names) for holds in by_run.values()]
        )
        for number, part in enumerate(parts):
            if length_of(spans) + length_of(part) > width - 8 and number and number + 1 < len(parts):
                spans.append((f"   and {count_text(len(parts) - number)} more", "dim"))
                break
            spans += part
        lines.append(Line(spans, Link("rule", rule.text)))
    return lines


def _heading(alerts: Alerts, folded: Sequence[str], *, width: int, can_fold: bool) -> Line:
    """Give the line above the rules; it names those that are folded, and says as much of the rest as fits."""
    example = next((text for text in _EXAMPLES if all(rule.text != text for rule in alerts.rules)), _EXAMPLES[0])
    spans: list[Span] = [(" alerts", "dim")]
    if folded:
        spans.append(("  " + " · ".join(map(clean, folded)), "faint"))
    adds: list[Span] = [("   A", "key"), (" adds one", "dim")]
    such_as: list[Span] = [(", such as ", "dim"), (example, "accent")]
    for_all: list[Span] = [(" ·" if folded else "", "faint"), (" for all your catalogs", "faint")]
    for parts in ([for_all, adds, such_as], [adds, such_as], [adds]):
        more = [span for part in parts for span in part]
        if length_of(spans) + length_of(more) <= width:
            spans += more
            break
    return Line(spans, Link("fold", "alerts") if can_fold else None)


def _values_of(holds: Sequence[Alert], most: int, names: Mapping[str, str]) -> list[Span]:
    """Name a run with what alerts hold for: at most so many of its metrics, and the number of the others."""
    values = ", ".join(alert_text(alert) for alert in holds[:most])
    more = f" +{count_text(len(holds) - most)}" if len(holds) > most else ""
    return [("   ", "text"), (clean(names.get(holds[0].run_id, holds[0].run)), "accent"), (f" {values}{more}", "dim")]
