"""References: parse and print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artui.errors import UsageError
from artui.reference import Reference, check_alias, parse


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("model", Reference("model")), ("model:v3", Reference("model", number=3)), ("model:3", Reference("model", number=3)),
        ("model:production", Reference("model", alias="production")), ("vision/model:latest", Reference("vision/model", alias="latest")), (" model ", Reference("model")),
    ],
)  # fmt: skip
def test_references_are_read(text: str, reference: Reference) -> None:
    """Name, number and alias are told apart."""
    assert parse(text) == reference


@pytest.mark.parametrize("text", ["", ":", "a:", ":v3", "a:b:c", "  "])
def test_what_is_no_reference_is_refused(text: str) -> None:
    """The message says how one is written."""
    with pytest.raises(UsageError, match="NAME:v3"):
        parse(text)


@given(st.from_regex(r"[a-z][a-z0-9/_.-]{0,20}", fullmatch=True), st.none() | st.integers(1, 10**8))
def test_printing_and_parsing_are_inverse(name: str, number: int | None) -> None:
    """What is printed reads as the same."""
    reference = Reference(name, number=number)
    assert parse(str(reference)) == reference


@pytest.mark.parametrize("alias", ["latest", "v3", "17", "", "a:b"])
def test_reserved_aliases_are_refused(alias: str) -> None:
    """latest and version numbers are not for giving away."""
    with pytest.raises(UsageError):
        check_alias(alias)
