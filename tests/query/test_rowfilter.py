"""The filter language on the columns of a table in a file."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artui.query.filter.tokens import FilterError
from artui.query.rowfilter import condition_of, matching_rows, offers_of_columns

COLUMNS: dict[str, list[Any]] = {
    "id": [1, 2, 3, 4, 5],
    "income": [30_000.0, 45_000.5, math.nan, None, 12_000.0],
    "city": ["Chur", "Bern", "Chur", "Made in Basel", None],
    "is new": [True, False, True, None, False],
    "mixed": ["007", 7, "x", 7.5, None],
}


def _found(text: str) -> list[int]:
    return [place + 1 for place in matching_rows(text, COLUMNS, str)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("income > 20k and city = Chur", [1]), ("income >= 12000 income < 40k", [1, 5]), ("10000 < income < 31000", [1, 5]), ("INCOME < 20k", [5]),
        ("city in (Chur, Bern)", [1, 2, 3]), ("city not in (Chur, Bern)", [4]), ("city != Chur", [2, 4]), ("not city = Chur", [2, 4, 5]),
        ("city is null or income is null", [4, 5]), ("has city and income is nan", [3]), ("city ~ '^B'", [2]), ("city contains basel", [4]),
        ("`is new` = true", [1, 3]), ("`is new` is not null and id > 2", [3, 5]), ("mixed = 7", [1, 2]), ("mixed > 7", [4]), ("mixed = x", [3]),
        ("id between 2 and 3", [2, 3]), ("bern", [2]), ("made in", [4]), ("Made in Basel", [4]), ('"Made in"', [4]), ("chur or bern", [1, 2, 3]),
        ("not chur", [2, 4, 5]), ("and", []), ("hello!", []), ("f(x)", []), ("income", []), ("id = 9", []),
    ],
)  # fmt: skip
def test_conditions_are_about_columns_and_words_about_any_cell(text: str, found: list[int]) -> None:
    """Numbers compare as numbers, texts as texts; what is missing matches no comparison; words match any cell."""
    assert _found(text) == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("incme > 3", "No column is named incme. Did you mean income?"), ("q = 3", "No column is named q. There are id, income, city, `is new`, mixed."),
        ("income = Chur", "income holds numbers alone. Write one, as in income = 30000.0"), ("city > 3", 'city holds texts, no numbers. Write city = …'),
        ("income >", "A value should follow >."), ("city is nul", "is takes null"), ("city ~ '('", "no regular expression"), ("any(income > 3)", "has rows alone, no runs. For example id > 0."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_what_to_write(text: str, says: str) -> None:
    """An error points at its place and names what there is."""
    with pytest.raises(FilterError) as caught:
        _found(text)
    assert says in f"{caught.value.args[0]} {caught.value.remedy}" and caught.value.position < len(text)


def test_columns_that_are_numbered_are_named_in_backticks() -> None:
    """A file without a header has columns 1, 2, …: what to write is said."""
    with pytest.raises(FilterError) as caught:
        matching_rows("1 > 3", {"1": [1, 5], "2": [3, 4]}, str)
    assert "`1` > 0" in caught.value.remedy
    assert matching_rows("`1` > 3", {"1": [1, 5], "2": [3, 4]}, str) == [1]


@given(
    name=st.text(alphabet="ab .=(,#1é`", min_size=1).filter(str.strip),
    cells=st.lists(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet="ab '\"`\\(,=~0.é", min_size=1)
    ),
)
def test_the_condition_of_a_cell_holds_for_its_row(name: str, cells: list[Any]) -> None:
    """Whatever the column is called and the cell holds, its row is among those that are kept, and no row of another value is."""
    name = " ".join(name.split()) or "x"
    for place, cell in enumerate(cells):
        kept = matching_rows(condition_of(name, cell), {name: cells}, str)
        assert place in kept
        if isinstance(cell, float) and math.isnan(cell):
            assert all(cells[other] != cells[other] for other in kept)


def test_names_operators_and_values_are_offered() -> None:
    """What is offered is of the columns that there are."""

    def offered(text: str) -> list[str]:
        return [offer.text for offer in offers_of_columns(text, len(text), COLUMNS)]

    assert offered("in")[0] == "income" and offered("is") == ["`is new`"]
    assert offered("city = ")[0] == "Chur" and offered("city = B") == ["Bern", '"Made in Basel"']
    assert ">=" in offered("income ") and "~" in offered("city ") and not offered("nothing = ")
