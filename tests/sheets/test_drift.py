"""What is said of drift, of quality, and of why production changed."""

from __future__ import annotations

from artui.model.drifts import DriftReport, DriftSide, Quality
from artui.model.production import Cause, Raised, WhyProduction
from artui.model.profiles import ColumnDrift, ColumnProfile
from artui.sheets.drift import COLUMNS, OVER_TIME, QUALITY, drift_sheet, quality_section, raised_section, why_sheet

HIDDEN = "a\x1b[31m\u202eb"


def _column(name: str, word: str, psi: float | None = 0.3) -> ColumnDrift:
    sides = [
        ColumnProfile(name, "number", 100, 0, 90, True, min=0.0, max=1.0, mean=mean, std=0.1) for mean in (0.4, 0.6)
    ]
    return ColumnDrift(name, word, sides[0], sides[1], psi, 0.01, 0.1, 0.2, 0.2, 0.0, 0.0)


def _report(*columns: ColumnDrift, **more: object) -> DriftReport:
    before, after = (
        DriftSide("data:v1", 100),
        DriftSide(f"{HIDDEN}/production", 50, "", 4, 1_000, 2_000, "card=gift", 3),
    )
    return DriftReport(before, after, columns, len(columns) + 2, **more)  # type: ignore[arg-type]


def test_columns_that_drifted_stand_first_and_calm_ones_are_counted() -> None:
    """The title says both sides, the line beside it how bad it is; nothing hidden comes out."""
    report = _report(
        _column(HIDDEN, "moderate"), _column("b", "none"), over_time={"b": ((0, 0.1), (1, None), (2, 0.4))}
    )

    sheet = drift_sheet(report)

    sections = {section.title: section for section in sheet.sections}
    assert sheet.about == "drift moderate in 1 of 4 columns" and list(sections) == ["", COLUMNS, OVER_TIME]
    table = sections[COLUMNS].table
    assert table is not None and [header.title for header in table.headers][:4] == [
        "column",
        "drift",
        "PSI",
        "by chance",
    ]
    assert len(table.rows) == 1 and sections[COLUMNS].facts[0].text == "3 columns without drift"
    texts = [
        sheet.title,
        *(fact.text for fact in sections[""].facts),
        *(cell.text for row in table.rows for cell in row),
    ]
    assert not any("\x1b" in text or "\u202e" in text for text in texts)
    assert any("4 windows" in text and "columns of 3 of them" in text and "on card=gift" in text for text in texts)
    drawn = sections[OVER_TIME].table
    assert drawn is not None and drawn.rows[0][2].text == "0.4"


def test_one_column_has_all_that_is_known_of_it() -> None:
    """The others are left out; without drift that is said."""
    sheet = drift_sheet(_report(_column("a", "high"), _column("b", "low")), column="b")
    assert sheet.about == "b" and [fact.label for fact in sheet.sections[-1].facts] == ["drift"]
    assert drift_sheet(_report(_column("a", "none"))).about == "no drift in 3 columns"
    assert drift_sheet(_report()).about == "no column in common"


def test_quality_says_what_is_more_than_chance() -> None:
    """A clear fall is bad, a difference within chance says so, and what was never tested has no difference."""
    section = quality_section(
        [
            Quality("recall", 0.8, 1000, 0.9, 500, "evaluate", True, 0.03), Quality("f1", 0.89, 10, 0.9, None, "evaluate", True, 0.2),
            Quality("mae", 3.0, 10),
        ]
    )  # fmt: skip

    assert section.title == QUALITY and section.table is not None
    recall, f1, mae = section.table.rows
    assert (recall[3].text, recall[3].tone, recall[4].text) == ("−0.1", "bad", "±0.03")
    assert f1[3].tone == "plain" and f1[4].text == "±0.2, may be chance" and mae[2].text == mae[3].text == "·"
    assert quality_section([]).table is None


def test_why_is_a_sentence_and_a_ranking() -> None:
    """What changed comes in order with its time; what did not is one line."""
    causes = (
        Cause("drift", "amount", "strong", 1_000, "amount drifted (PSI 0.3)", 9.0, ("live/recall fell 0.9 → 0.8",)),
        Cause("release", HIDDEN, "weak", 2_000, f"{HIDDEN} was released"), Cause("load", "serve/requests", "no change", None, "serve/requests is as usual"),
        Cause("errors", "serve/errors", "no change", None, "serve/errors is as usual"),
    )  # fmt: skip
    sheet = why_sheet(WhyProduction("api/production", 0, 5_000, causes, "amount drifted.", 10, 20))

    facts, ranking = sheet.sections
    assert facts.facts[0].text == "amount drifted." and facts.facts[1].label == "from"
    assert ranking.table is not None and len(ranking.table.rows) == 3
    assert ranking.table.rows[-1][1].text == "as usual: serve/requests, serve/errors"
    assert ranking.table.rows[0][1].text.endswith("; with it live/recall fell 0.9 → 0.8")
    assert "\x1b" not in ranking.table.rows[1][1].text


def test_rules_that_hold_come_with_their_time() -> None:
    """One that holds says so, one that held says until when."""
    section = raised_section(
        [
            Raised("serve/errors rises", "serve/errors", "api", 1_000, 0.1, "rose", True),
            Raised("live/x < 1", "live/x", "api", 1_000, 0.1, "fell", False, 3_000, "k=v"),
        ]
    )
    assert section.table is not None
    assert section.table.rows[0][3].text == "holds" and section.table.rows[1][1].text == "live/x on k=v"
    assert raised_section([]).table is None
