"""How sheets are drawn as lines."""

from __future__ import annotations

from artui.sheets.sheet import Cell, Header, Section, Table
from artui.tui.facts import section_lines


def test_lines_of_a_table_end_with_their_last_word() -> None:
    """A short row beside a long one has no blanks behind it, which a narrow screen would show as cut off."""
    rows = ((Cell("a"), Cell("latest")), (Cell("b"), Cell("latest production candidate")), (Cell("c"), Cell("")))
    section = Section("lineage", table=Table((Header("name"), Header("aliases")), rows))

    texts = ["".join(text for text, _ in line.spans) for line in section_lines(section, cells=30)]

    assert [text.split()[-1] for text in texts] == ["aliases", "latest", "candidate", "c"]
    assert all(text == text.rstrip() for text in texts)
