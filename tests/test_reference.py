"""References: parse and print."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from artui.errors import UsageError
from artui.reference import Reference, check_alias, check_name, parse


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("model", Reference("model")), ("model:v3", Reference("model", number=3)), ("model:3", Reference("model", number=3)),
        ("model:production", Reference("model", alias="production")), ("m:production@2026-11-01", Reference("m", alias="production", at="2026-11-01")),
        ("m:v3@2d ago", Reference("m", number=3, at="2d ago")), ("m@2026-11-01T14:30:05", Reference("m", at="2026-11-01T14:30:05")), ("m@box", Reference("m@box")), ("vision/model:latest", Reference("vision/model", alias="latest")), (" model ", Reference("model")),
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


@pytest.mark.parametrize(
    "at", ["2026-13-01", "2026-02-30", "", "soon", "2026-11-01T25:00", "99999999y", "2026", "12:00", "0000-01-01"]
)
def test_what_is_no_time_is_refused(at: str) -> None:
    """A reference to a version with something else behind the @ is none: the message says how a time is written."""
    with pytest.raises(UsageError, match="2026-11-01"):
        parse(f"m:production@{at}")


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


@example("model ")
@given(st.text(max_size=30))
def test_accepted_names_can_be_referred_to(name: str) -> None:
    """Whatever may be the name of an artifact reads back as that name, alone and with a version."""
    try:
        check_name(name, what="an artifact")
    except UsageError:
        return
    assert parse(name) == Reference(name)
    assert parse(f"{name}:v3") == Reference(name, number=3)


@example("prod ")
@given(st.text(max_size=30))
def test_accepted_aliases_can_be_referred_to(alias: str) -> None:
    """Whatever may be an alias reads back as that alias."""
    try:
        check_alias(alias)
    except UsageError:
        return
    assert parse(f"model:{alias}") == Reference("model", alias=alias)


@pytest.mark.parametrize(
    "name",
    ["model ", "model\u00a0", "model\x85", "a\x9b31m", "a\x80", "\udcff", "a\ud83d", " a", "a" * 201, "a\x00b", "a\n"],
)
def test_names_with_hidden_ends_are_refused(name: str) -> None:
    """Blanks at the end, control characters of both kinds and lone surrogates are no part of a name."""
    with pytest.raises(UsageError):
        check_name(name, what="an artifact")


@given(st.text(max_size=60))
def test_any_text_is_a_reference_or_is_refused(text: str) -> None:
    """Parsing ends in a reference or in one error that can be printed."""
    try:
        reference = parse(text)
    except UsageError as error:
        assert error.remedy
        return
    assert reference.name and reference.has_version == (":" in text)


@pytest.mark.parametrize(
    ("text", "could"),
    [("01J9Z3", True), ("01j9z3", True), ("abc", False), ("calm-otter-7", False), ("0" * 27, False), ("0I1L", False)],
)
def test_starts_of_ids_are_told_from_names(text: str, could: bool) -> None:
    """Four to 26 letters of the ids' alphabet could be an id."""
    assert parse(text).could_be_id is could
