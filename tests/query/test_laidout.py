"""JSON without line breaks, laid out: the same values as they are written, in lines that have room."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from artui.query.laidout import LINE_BYTES, laid_out, read_laid_out
from artui.query.lines import MAX_INKS, TextSource

_VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=40),
    lambda inner: some.lists(inner, max_size=12) | some.dictionaries(some.text(max_size=12), inner, max_size=6),
    max_leaves=60,
)


@settings(max_examples=60, deadline=None)
@given(_VALUES)
def test_what_is_laid_out_says_the_same(value: Any) -> None:
    """Whatever was written, reading it gives what it was; a text with lines already, or a short one, is left as it is."""
    written = json.dumps(value)

    text = laid_out(written.encode())

    if len(written) <= LINE_BYTES:
        assert text is None
    else:
        assert text is not None and json.dumps(json.loads(text)) == written


def test_lines_have_room_and_numbers_stay_as_they_are_written() -> None:
    """Lists are filled up, rows stand in a line, names one below the other; 1e-3 and 0.10 keep their form, and so does a name that is there twice."""
    written = (
        '{"lr": 1e-3, "lr": 0.10, "mean": [' + ", ".join(["0.314785"] * 40) + '], "rows": [[1, 2], [3, 4]], "ä": NaN}'
    )

    lines = (laid_out(written.encode()) or "").splitlines()

    assert lines[:4] == ["{", '  "lr": 1e-3,', '  "lr": 0.10,', '  "mean": ['] and lines[-2:] == ['  "ä": NaN', "}"]
    assert "    [1, 2]," in lines and all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize("content", [b"", b"[" * 5_000, b"{" + b" " * 400, b"\xff" * 400, b'{"a": "' + b"x" * 400, b"[" * 300 + b"]" * 300])  # fmt: skip
def test_what_is_no_json_is_not_laid_out(content: bytes) -> None:
    """Neither what is cut off, nor binary, nor nested without end."""
    assert laid_out(content) is None


def test_a_line_has_all_its_colours_or_none() -> None:
    """A list that fills many lines is coloured to its end; as one long line it is not coloured at all."""
    written = json.dumps({"mean": [number / 7 for number in range(4 * MAX_INKS)]}).encode()

    read = read_laid_out(TextSource(written))

    assert read is not None
    source, inked = read
    text = source.read(0, source.size()).decode()
    starts = [0, *(place + 1 for place, letter in enumerate(text) if letter == "\n")][:-1]
    assert {place for place in starts if any(letter.isdigit() for letter in text[place:].partition("\n")[0])} <= set(
        inked
    )
