"""Rules about metrics: what they mean, and what is none."""

from __future__ import annotations

import math

import pytest

from artui.errors import UsageError
from artui.query.rules import Alert, parse_rule
from artui.tui.alerts import alert_text

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("text", "values", "silent_seconds", "holds"),
    [
        ("loss rises 3 times", [1, 2, 3, 4], 0, True), ("loss rises 3 times", [2, 2, 3, 4], 0, False), ("loss rises 3 times", [1, 2, 3], 0, False),
        ("val/acc falls 1 time", [0.9, 0.8], 0, True), ("val/acc falls 2", [0.9, 0.8, 0.7], 0, True), ("lr stays 2 times", [1, 5, 5, 5], 0, True),
        ("lr stays for 2 times", [5, 5, 4], 0, False), ("loss is nan", [1, NAN], 0, True), ("loss is nan", [NAN, 1], 0, True), ("loss is nan", [1, 2], 0, False), ("loss is inf", [NAN, INF, 1], 0, True), ("loss is inf", [-INF], 0, True),
        ("loss is not finite", [NAN], 0, True), ("loss is not finite", [1e300], 0, False), ("loss > 5", [6], 0, True), ("loss > 5", [NAN], 0, False),
        ("loss>=5", [5], 0, True), ("a/b-c.d <= -1e-3", [-0.001], 0, True), ("val/acc falls below 0.9", [0.95, 0.89], 0, True),
        ("gpu memory rises above 38000", [38001], 0, True), ("loss is silent for 10m", [1], 601, True), ("loss is silent for 1.5h", [1], 601, False),
        ("loss rises 2 times", [1, NAN, 3], 0, False), ("  loss   is   nan ", [NAN], 0, True),
        ("run stalls", [], 121, True), (" run  stalls", [], 60, False),
    ],
)  # fmt: skip
def test_rules_hold_when_they_say(text: str, values: list[float], silent_seconds: float, holds: bool) -> None:
    """Each kind of rule, over the last values of a series."""
    assert parse_rule(text).holds(values, silent_seconds) is holds


@pytest.mark.parametrize("text", ["", "loss", "loss rises", "loss rises 0 times", "loss rises 99 times", "> 5", "loss > five", "loss is bad", "rises 5 times", "run stalls 5 times", "loss stalls", "x" * 5000])  # fmt: skip
def test_what_is_no_rule_says_how_one_is_written(text: str) -> None:
    """A wrong rule is refused with an example."""
    with pytest.raises(UsageError, match=r"is no rule.*METRIC"):
        parse_rule(text)


def test_what_was_odd_for_a_moment_is_told_with_its_value() -> None:
    """Between two looks a value may become NaN and a number again: the alert says what it was, and that it was."""
    odd = alert_text(Alert("* is not finite", "r", "r", "val/loss", NAN, is_over=True))
    assert (
        odd == "val/loss was NaN" and alert_text(Alert("* is not finite", "r", "r", "val/loss", NAN)) == "val/loss NaN"
    )
