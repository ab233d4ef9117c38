"""What is said of data that were observed."""

from __future__ import annotations

from artui.model.monitoring import Report
from artui.sheets.monitoring import report_lines

HOUR_MS = 3_600_000


def test_a_report_says_what_was_taken_what_was_odd_and_what_was_left_out() -> None:
    """The first line says the most; what there is none of is not said; letters that act on a terminal are shown."""
    report = Report(
        "api", 1, HOUR_MS, {24 * HOUR_MS, 48 * HOUR_MS}, {"not JSON": 2}, {"of a time that is to come": 1}, 3, 2, 1, ("a\x1b[31m",), (), 4, ("x.csv",)
    )  # fmt: skip

    first, *others = report_lines(report)

    assert first.startswith("api: 1 request in 2 windows, 1970-01-0")
    assert others == [
        "truth of 3 predictions known, 2 of these came later, 1 truth found no prediction",
        "odd: 1 row of a time that is to come",
        "left out: 2 rows, not JSON",
        "not in all rows: a␛[31m",
        "taken already (--again counts it once more): x.csv",
        "left out: 4 columns beyond the first 1,000",
    ]
    assert report_lines(Report("api")) == ["api: 0 requests in 0 windows"]
    assert report_lines(Report("api", truths_unjoined=2))[1] == "2 truths found no prediction"
