"""What is said of the columns of a table, and of how two tables differ."""

from __future__ import annotations

import io

import pytest

from artui.model.difference import FileDifference, RowsDifference, ValueChange
from artui.profile.reading import profile_of
from artui.profile.tables import Table
from artui.query.difference.tables import summary_of, table_difference
from artui.query.profiles import of_sketch
from artui.sheets.difference import DRIFT_HEADERS, drift_row, file_sections
from artui.sheets.profile import column_table, frequent_text, odd_facts, profile_section, shape_text, share_text
from artui.sheets.sheet import Header, Section, columns_that_fit

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
        "empty",
        "range",
        "median",
        "mean",
        "sd",
        "different",
    ]
    assert rows[0] == ["n", "integer", "▇▇▇▇▇▇▇▇▇▇", "·", "0 to 9", "4.500", "4.500", "2.873", "10"]
    assert rows[1] == ["t", "text", "a 50 % of rows, b 50 %", "·", "·", "·", "·", "·", "2"]
    assert [*rows[2][:2], *rows[2][3:5], rows[2][-1]] == ["day", "time", "·", "2026-01-01 to 2026-01-28", "28"]
    assert rows[3] == ["same", "integer", "7 (100 % of rows)", "·", "7", "7", "7", "0", "1"]
    assert [rows[4][2], rows[4][-1]] == ["2,000 different", "2,000"]
    assert [rows[5][1], rows[5][3], rows[5][-1]] == ["text", "75 %", "1"] and "\x1b" not in rows[5][0]
    links = [row[0].link for row in section.table.rows]
    assert [link.id for link in links if link is not None] == [f"{place}:t.csv" for place in range(6)]


def test_all_that_is_known_of_a_column_is_in_one_table() -> None:
    """A measure that no side has is left out; of two versions each has a column, and how far they are apart is said."""
    (before,), (after,) = (
        of_sketch(profile_of(Table("csv"), io.BytesIO(content))).columns
        for content in (b"n\n" + b"1\n2\n" * 50, b"n\n" + b"1\nNaN\n" * 50)
    )

    section = column_table([("a:v1", before), ("a:v2", after)])

    assert section.table is not None and [header.title for header in section.table.headers] == ["", "a:v1", "a:v2"]
    said = {row[0].text: [cell.text for cell in row[1:]] for row in section.table.rows}
    assert said["range"] == ["1 to 2", "1"] and said["NaN"] == ["·", "50 (50 %)"]
    assert "infinite" not in said and said["mean ± sd"] == ["1.500 ± 0.5025", "1 ± 0"]
    assert [fact.text for fact in section.facts] == ["a:v1: 1 (50 % of rows), 2 (50 %)", "a:v2: 1 (50 % of rows)"]


def test_numbers_that_are_about_say_so_and_rare_ones_are_not_named() -> None:
    """Quantiles of many different numbers have a tilde, as their count has; the few that occur twice are not listed."""
    many = b"n\n" + b"".join(b"%.3f\n" % (row * 1.1 % 997) for row in range(4000)) + b"5.5\n" * 3

    (column,) = of_sketch(profile_of(Table("csv"), io.BytesIO(many))).columns
    section = column_table([("", column)], is_drawn=False)

    assert section.table is not None and not section.facts
    said = {row[0].text: row[1].text for row in section.table.rows}
    assert said["median"].startswith("~") and said["middle half"].count("~") == 2 and "~" not in said["range"]
    assert not column.are_quantiles_exact and frequent_text(column, 8) == ""


def test_what_drifted_besides_the_empty_cells_is_said() -> None:
    """Of values that drifted the empty cells stand behind; where these alone did, they are named first."""
    kept = b"".join(b"%d,%d\n" % (row, row // 50) for row in range(500))
    moved = b"".join(b"%d,%s\n" % (row, b"" if row % 10 == 3 else b"%d" % max(5, row // 50)) for row in range(500))
    emptied = b"".join(b"%d,%s\n" % (row, b"" if row % 10 == 3 else b"%d" % (row // 50)) for row in range(500))

    def said(after: bytes) -> str:
        first, second = (profile_of(Table("csv"), io.BytesIO(b"k,n\n" + content)) for content in (kept, after))
        (drift,) = [drift for drift in table_difference(first, second, None).drifts if drift.name == "n"]
        section = column_table([("a", drift.before), ("b", drift.after)], drift)
        return next(fact.text for fact in section.facts if fact.label == "drift")

    assert said(moved).startswith("high; also empty 0 % → 10 %") and said(emptied).startswith(
        "moderate: empty 0 % → 10 %"
    )


def test_of_texts_that_are_not_drawn_some_are_named_and_of_times_how_far_they_lie_apart() -> None:
    """Each text occurs once: such as these; the deviation of days is a duration."""
    column, day = of_sketch(profile_of(Table("csv"), io.BytesIO(b"t,day\nx,2026-01-01\ny,2026-01-03\n"))).columns

    (fact,) = column_table([("", column)], is_drawn=False).facts
    assert (fact.label, fact.text) == ("such as", "x, y") and not column_table([("", column)]).facts
    table = column_table([("", day)]).table
    assert table is not None and table.rows[-1][1].text == "2026-01-02 ± 33h56m"


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
    assert shape_text((1_000_000, 0, 1)) == "▇ ▁"
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
    links = [fact.link.id for fact in facts.facts if fact.link is not None]
    assert links == ["1:t.csv"]
    assert drifted.table is not None
    (row,) = drifted.table.rows
    said = dict(zip([header.title for header in drifted.table.headers], [cell.text for cell in row], strict=True))
    assert said == {
        "column": "t", "drift": "high", "PSI": "7.6", "change": "a 50 % → 0 %", "before": "▇▇ ", "after": " ▇▇", "new or gone": "new: c · gone: a", "JS": "0.707",
    }  # fmt: skip
    assert row[0].link is not None and row[0].link.id == "0:t.csv"


def test_how_far_times_moved_is_said_as_how_long() -> None:
    """Not as a number of milliseconds; the table and the screen of the column say the same."""
    before, after = (
        profile_of(
            Table("csv"), io.BytesIO(b"day\n" + b"".join(b"2026-0%d-%02d\n" % (month, day) for day in range(1, 28)))
        )
        for month in (1, 2)
    )
    drift = table_difference(before, after, None).drifts[0]

    assert drift.wasserstein == 31 * 86_400_000
    moved = drift_row(drift)[[header.title for header in DRIFT_HEADERS].index("moved by")]
    assert moved.text == "31d00h" and "moved by 31d00h" in column_table([], drift).facts[0].text


@pytest.mark.parametrize("is_paired", [True, False])
def test_a_key_is_in_no_count_of_drift(is_paired: bool) -> None:
    """Other rows have other keys: that is said, and only columns that are no key are counted and listed."""
    before, after = (
        profile_of(
            Table("csv"), io.BytesIO(b"id,n\n" + b"".join(b"%d,%d\n" % (row + more, row % 7) for row in range(900)))
        )
        for more in (0, 500)
    )
    rows = RowsDifference(("id",) if is_paired else (), 500, 500, 0, 400)

    table = table_difference(before, after, rows)
    facts = [section.facts for section in file_sections(FileDifference("t.csv", "table", "x", table=table), most_rows=10, most_lines=0)]  # fmt: skip

    summary = "drift none in 1 of 1 columns" if is_paired else "drift high in 1 of 2 columns"
    assert [drift.is_key for drift in table.drifts] == [is_paired, False] and summary_of(table).endswith(
        summary.removesuffix(" in 1 of 1 columns")
    )
    assert any(fact.label == "key" and fact.text.startswith("id: the key") for fact in facts[0]) == is_paired
    assert len(facts) == (1 if is_paired else 2)


@pytest.mark.parametrize(
    ("room", "titles"),
    [
        (19, ["column", "drift", "PSI"]),
        (27, ["column", "drift", "PSI", "KS"]),
        (38, ["column", "drift", "PSI", "change"]),
        (45, ["column", "drift", "PSI", "change", "KS"]),
        (71, ["column", "drift", "PSI", "change", "before", "after", "KS"]),
    ],
)
def test_columns_that_say_most_come_first_and_whole(room: int, titles: list[str]) -> None:
    """A narrow one behind a wide one has the room that is left; two that belong together come together."""
    headers = [
        header
        for header in DRIFT_HEADERS
        if header.title not in ("moved by", "empty", "new or gone", "out of range", "JS")
    ]
    widths = [6, 4, 5, 17, 11, 11, 5]

    fitting = columns_that_fit(headers, widths, room, gap=2)

    assert [headers[place].title for place in fitting] == titles
    assert all(fitting[place] == widths[place] for place in fitting)
    assert list(columns_that_fit(headers, widths, 8, gap=2).values()) == [6]
    # One that may be cut is cut before others are left out, and has what they leave.
    headers = [Header("a"), Header("values", least=5), Header("b"), Header("c")]
    assert [columns_that_fit(headers, [4, 30, 9, 6], room, gap=2) for room in (40, 31, 24)] == [
        {0: 4, 1: 15, 2: 9, 3: 6}, {0: 4, 1: 6, 2: 9, 3: 6}, {0: 4, 1: 7, 2: 9},
    ]  # fmt: skip


def test_statistics_that_have_room_are_always_the_same_ones() -> None:
    """A later one is never shown without those before it, however narrow it is."""
    headers = [Header("a"), Header("b"), Header("median"), *(Header(title, is_after=True) for title in ("mean", "sd"))]
    for median in range(1, 20):
        for room in range(10, 40):
            places = [place for place in columns_that_fit(headers, [4, 4, median, 3, 2], room, gap=2) if place >= 2]
            assert places == list(range(2, 2 + len(places)))


def test_values_that_differ_are_shortened_and_counted() -> None:
    """As many as there is room for; the others are counted, those that were left out before, too."""
    values = tuple(ValueChange(f"n{number}", None, "1", "up") for number in range(30))

    (section,) = file_sections(
        FileDifference("c.json", "values", "x", values=values, hidden=5), most_rows=10, most_lines=0
    )

    assert section.table is not None and len(section.table.rows) == 10 and section.left_out_count == 25
