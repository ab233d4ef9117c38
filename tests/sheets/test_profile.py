"""What is said of the columns of a table, and of how two tables differ."""

from __future__ import annotations

import io

import pytest

from artui.model.difference import FileDifference, ValueChange
from artui.profile.reading import profile_of
from artui.profile.tables import Table
from artui.query.difference.tables import table_difference
from artui.query.profiles import of_sketch
from artui.sheets.difference import file_sections
from artui.sheets.profile import odd_facts, profile_section, shape_text, share_text
from artui.sheets.sheet import Section

CSV = b"n,t,day,same,words,[red]\x1b[31m\n" + b"".join(
    f"{row % 10},{'ab'[row % 2]},2026-01-{1 + row % 28:02},7,word {row},{'' if row % 4 else 'x'}\n".encode()
    for row in range(2000)
)


def _section(content: bytes) -> Section:
    return profile_section("t.csv", of_sketch(profile_of(Table("csv"), io.BytesIO(content))), most=100)


def test_each_column_is_a_row() -> None:
    """With its type, empty cells, different values and how these lie; hostile names are made visible."""
    section = _section(CSV)

    assert section.table is not None and section.about == "2,000 rows × 6 columns"
    rows = [[cell.text for cell in row] for row in section.table.rows]
    assert [header.title for header in section.table.headers] == [
        "column",
        "type",
        "values",
        "different",
        "empty",
        "min",
        "median",
        "max",
        "mean",
    ]
    assert rows[0] == ["n", "integer", "██████████", "10", "·", "0", "4", "9", "4.500"]
    assert rows[1] == ["t", "text", "a 50 %, b 50 %", "2", "·", "·", "·", "·", "·"]
    assert [*rows[2][:2], *rows[2][3:6]] == ["day", "time", "28", "·", "2026-01-01"]
    assert rows[3] == ["same", "integer", "7 100 %", "1", "·", "7", "7", "7", "7"]
    assert rows[4][2:4] == ["hardly any occurs twice", "2,000"]
    assert [rows[5][1], *rows[5][3:5]] == ["text", "1", "75 %"] and "\x1b" not in rows[5][0]


def test_what_is_odd_is_said() -> None:
    """Rows of another width, and columns that are left out."""
    table = of_sketch(profile_of(Table("csv"), io.BytesIO(b"a,b\n1\n2,3,4\n")))

    assert [(fact.label, fact.text) for fact in odd_facts(table) if fact.text] == [("rows of another width", "2")]


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1e-9, "<0.1 %"), (0.004, "0.4 %"), (0.05, "5 %"), (0.123, "12 %"), (0.9999, ">99.9 %"), (1, "100 %")],
)
def test_shares_are_never_rounded_to_nothing_or_all(share: float, text: str) -> None:
    """A share that is not quite nothing, or all, is not written as that."""
    assert share_text(share) == text


def test_a_shape_shows_every_filled_bin() -> None:
    """A bin of one in a million is seen, an empty one is not."""
    assert shape_text((1_000_000, 0, 1)) == "█ ▁"
    assert shape_text(tuple(range(24))) == shape_text(tuple(range(1, 48, 4)))


def test_a_table_that_differs_says_how() -> None:
    """Sizes, columns, rows, and each column that drifted with its distances; calm ones are counted."""
    before = profile_of(Table("csv"), io.BytesIO(CSV))
    after = profile_of(Table("csv"), io.BytesIO(CSV.replace(b",a,", b",c,").replace(b"words", b"other")))
    detail = FileDifference("t.csv", "table", "x", ("a note",), table=table_difference(before, after, None))

    facts, drifted = file_sections(detail, most_rows=10, most_lines=0)

    assert ("columns added", "other") in [(fact.label, fact.text) for fact in facts.facts] and facts.facts[
        0
    ].text == "a note"
    assert ("without drift", "4: n, day, same, [red]␛[31m") in [(fact.label, fact.text) for fact in facts.facts]
    assert drifted.table is not None
    (row,) = drifted.table.rows
    assert [cell.text for cell in row][:6] == ["t", "high", "a 50 % → 0 %", "·", "new: c · gone: a", "8.52"]


def test_values_that_differ_are_shortened_and_counted() -> None:
    """As many as there is room for; the others are counted, those that were left out before, too."""
    values = tuple(ValueChange(f"n{number}", None, "1", "up") for number in range(30))

    (section,) = file_sections(
        FileDifference("c.json", "values", "x", values=values, hidden=5), most_rows=10, most_lines=0
    )

    assert section.table is not None and len(section.table.rows) == 10 and section.left_out_count == 25
