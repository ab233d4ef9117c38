"""What could come next in a query, wherever its cursor is."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artui.catalog.schema import VIEWS as DECLARED
from artui.cli.manual import page
from artui.query.sql.offers import offers
from artui.query.sql.relations import VIEWS, Relation
from artui.query.sql.tokens import tokens

RELATIONS = (
    Relation("runs", ("id", "name", "order", "we ird"), "run"),
    Relation("run_params", ("run_id", "name", "value"), "param"),
    Relation("chunk", ("key", "codec")),
)


@pytest.mark.parametrize(
    ("query", "offered"),
    [
        ("", ["SELECT", "WITH"]), ("SEL", ["SELECT"]), ("SELECT 1; ", ["SELECT"]), ("select * fr", ["from"]), ("SELECT * FROM ", ["runs", "run_params", "chunk"]), ("SELECT * FROM runs, c", ["chunk"]),
        ("SELECT * FROM runs JOIN run_", ["run_params"]), ("SELECT | FROM run_params", ["run_id", "name", "value"]), ("SELECT p.| FROM run_params p", ["run_id", "name", "value"]), ("SELECT runs.", []), ("SELECT r.na| FROM runs AS r", ["name"]),
        ("SELECT * FROM runs WHERE ord", ['"order"', "order by"]), ("SELECT * FROM runs WHERE we", ['"we ird"']), ("SELECT * FROM runs ORDER BY ", ["id", "name"]), ("SELECT * FROM runs ", ["WHERE", "JOIN"]),
        ("WITH best AS (SELECT 1) SELECT * FROM be", ["best"]), ("SELECT coa", ["coalesce("]), ("SELECT ara", []), ("SELECT 'FROM ", []), ("SELECT 1 -- FROM ", []), ("SELECT /* x", []), ("SELECT * FROM runs WHERE name = 'a' a", ["and"]),
        ("SELECT (SELECT max(value) FROM run_params), ", ["run_id", "name"]), ('SELECT * FROM "ru', ["runs"]), ("SELECT * FROM runs WHERE name", []),
    ],
)  # fmt: skip
def test_what_fits_is_offered_first(query: str, offered: list[str]) -> None:
    """Relations behind FROM and JOIN, columns of those that the query names, also to the right of the cursor, words of SQL."""
    text, cursor = query.replace("|", "", 1), query.index("|") if "|" in query else len(query)

    found = offers(text, cursor, RELATIONS)

    assert [one.text for one in found][: len(offered)] == offered if offered else not found
    assert all(text[one.start : cursor].strip('"') in one.text.lower() or one.text.lower().startswith(text[one.start : cursor].strip('"').lower()) for one in found)  # fmt: skip


@given(st.text(alphabet="SELECTFROM sfw\"'`[]();,.-/*:?0é\n", max_size=40), st.integers(0, 40))
def test_nothing_that_is_typed_fails(text: str, cursor: int) -> None:
    """Tokens are parts of the text, in order; completions begin at or before the cursor."""
    found = list(tokens(text))
    assert all(text[one.start : one.end] == one.text for one in found)
    assert all(one.end <= then.start for one, then in pairwise(found))
    assert all(one.start <= min(cursor, len(text)) for one in offers(text, min(cursor, len(text)), RELATIONS))


def test_every_view_is_described_as_in_the_manual() -> None:
    """No view is forgotten in what is listed, nor on the page, and both have one order."""
    text = page("file").text
    assert set(VIEWS) == set(DECLARED)
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows][: len(VIEWS)] == list(VIEWS)
