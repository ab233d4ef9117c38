"""A sheet is visible text, and says how much it leaves out."""

from __future__ import annotations

from artui.safetext import is_hidden
from artui.sheets.sheet import Cell, Fact, Header, Rows, Section, Sheet, Table, facts_section, filled, shortened

HOSTILE = "a\x1b[31m\u202eb\nc"


def test_every_text_of_a_sheet_is_visible() -> None:
    """Titles, labels, facts, headers and cells have no letter that nobody sees, whoever made them."""
    table = Table((Header(HOSTILE),), ((Cell(HOSTILE),),))
    section = Section(HOSTILE, HOSTILE, facts=(Fact(HOSTILE, HOSTILE),), table=table)
    sheet = Sheet(HOSTILE, HOSTILE, (section,))

    fact, cell, header = section.facts[0], table.rows[0][0], table.headers[0]
    texts = (
        sheet.title, sheet.about, section.title, section.about, fact.label, fact.text, cell.text, header.title,
    )  # fmt: skip

    assert set(texts) == {"a␛[31m<U+202E>b␊c"} and not any(map(is_hidden, "".join(texts)))


def test_rows_are_made_when_they_are_looked_at() -> None:
    """Of many things only those that are asked for become rows."""
    made: list[int] = []

    def make(number: int) -> tuple[Cell, ...]:
        made.append(number)
        return (Cell(str(number)),)

    rows = Rows(range(1_000_000), make)

    assert (
        len(rows) == 1_000_000
        and [row[0].text for row in rows[2:6][1:3]] == ["3", "4"]
        and rows[-1][0].text == "999999"
    )
    assert made == [3, 4, 999_999]


def test_shortened_section_counts_what_it_leaves_out() -> None:
    """The first rows or facts stay, the others are counted on top of what was left out before."""
    rows = Rows(range(10), lambda number: (Cell(str(number)),))
    section = Section("numbers", table=Table((Header("number"),), rows), left_out_count=1_500)
    facts = Section("facts", facts=tuple(Fact(str(number), "x") for number in range(5)))

    short = shortened(section, most=4)

    assert short.table is not None and [row[0].text for row in short.table.rows] == ["0", "1", "2", "3"]
    assert short.left_out_text == "and 1,506 more" and shortened(section, most=10) is section
    assert [fact.label for fact in shortened(facts, most=2).facts] == ["0", "1"]
    assert facts.left_out_text == ""


def test_what_says_nothing_is_left_out() -> None:
    """Facts without text and sections without anything are not on a sheet."""
    section = facts_section("a", [Fact("empty", ""), None, Fact("full", "x")])

    assert [fact.label for fact in section.facts] == ["full"]
    assert filled(Section("none"), section, Section("no rows", table=Table((Header("a"),), ()))) == (section,)
