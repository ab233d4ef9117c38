"""Files of every format, written by its own program, and what a preview says of them."""

from __future__ import annotations

import pytest

from artui.model import Preview
from tests.preview.samples import DATA, EXPECTED, look


def _all_text(shown: Preview) -> str:
    cells = [cell for row in (shown.table.rows if shown.table else ()) for cell in row]
    return "\n".join([shown.title, shown.text, *cells, *(part for fact in shown.facts for part in fact)])


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.iterdir() if path.name != "README.md"))
def test_what_the_writer_put_in_is_shown(name: str) -> None:
    """Names, types, shapes and counts are those that the format's own program wrote."""
    expected, shown = EXPECTED[name], look(name, (DATA / name).read_bytes())
    rows = shown.table.rows if shown.table else ()

    assert shown.kind == expected.kind and expected.title in shown.title, shown
    for wanted in expected.rows:
        assert any(
            all(cell.startswith(part) if part else not cell for cell, part in zip(row, wanted, strict=False))
            for row in rows
        ), (wanted, rows)
    assert expected.row_count is None or (shown.table is not None and shown.table.row_count == expected.row_count)
    facts = dict(shown.facts)
    for fact, part in expected.facts.items():
        assert part in facts.get(fact, ""), (fact, facts)
    assert expected.text in shown.text
    assert not expected.absent or expected.absent not in _all_text(shown)


def test_every_sample_is_small_and_said_where_it_is_from() -> None:
    """The list beside the samples names each of them."""
    listed = (DATA / "README.md").read_text()
    for path in DATA.glob("[!R]*"):
        assert path.stat().st_size < 20_000 and path.name in listed, path
