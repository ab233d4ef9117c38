"""Untrusted text becomes visible text."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artui.safetext import cells_of, clean, clean_lines, escaped, is_hidden


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain ünï 日本 ▁▂", "plain ünï 日本 ▁▂"), ("a\x00b", "a␀b"), ("\x1b[31m", "␛[31m"), ("\x7f", "␡"), ("\x9b31m", "<U+009B>31m"), ("a\nb\tc", "a␊b␉c"),
        ("\u202eevil", "<U+202E>evil"), ("zero\u200bwidth", "zero<U+200B>width"), ("tag\U000e0041", "tag<U+E0041>"), ("\udcff", "\\xff"), ("\ud800", "<U+D800>"),
        ("\u2028", "<U+2028>"), ("sun\ufe0f", "sun"), ("[/]markup[/nope]", "[/]markup[/nope]"), ("\ufeffbom", "<U+FEFF>bom"), ("soft\xadhyphen", "soft<U+00AD>hyphen"),
        ("👩\u200d💻", "👩💻"), ("❤\ufe0f\u200d🔥", "❤🔥"), ("a\u200db", "a<U+200D>b"), ("👩\u200d", "👩<U+200D>"), ("\ufe0fx", "<U+FE0F>x"),
    ],
)  # fmt: skip
def test_each_attack_is_seen(text: str, seen: str) -> None:
    """Controls become pictures or code points; ordinary text of any script stays."""
    assert clean(text) == seen


@given(st.text(st.characters() | st.sampled_from("\x00\x1b\x9b\u202e\u200b\ud800\U000e0001"), max_size=60))
def test_nothing_that_acts_remains(text: str) -> None:
    """No control, format, surrogate or separator character is left, and cleaning again changes nothing."""
    seen = clean(text)
    assert not {
        letter
        for letter in seen
        if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        and letter not in "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
    } - {chr(c) for c in range(0x13430, 0x13440)}
    assert clean(seen) == seen


def test_long_text_is_cut() -> None:
    """A megabyte becomes at most what was asked for, ending in an ellipsis."""
    assert clean("x" * 1_000_000, max_chars=10) == "x" * 9 + "…"


def test_marks_do_not_pile_up() -> None:
    """At most three combining marks stay on one letter."""
    assert clean("a" + "\u0301" * 50) == "a" + "\u0301" * 3


def test_progress_bars_fold_to_their_last_state() -> None:
    """Lines break at LF; a bare CR shows what came last; tabs become spaces; a CRLF is a line end."""
    assert clean_lines("10%\r50%\r100%\nnext\r\nlast\r\n\tin") == ["100%", "next", "last", "    in"]
    assert len(clean_lines("x\n" * 50, max_lines=10)) == 10


@given(st.text(st.characters() | st.sampled_from("\x7f\x9b\u202e\u200b\U000e0001"), max_size=60))
def test_escaped_json_is_the_same_document(text: str) -> None:
    """What is hidden in a document is spelt with JSON's escapes, also beyond 16 bits, and reads as it was."""
    document = json.dumps({"a": text}, ensure_ascii=False, indent=1)

    seen = escaped(document)

    assert json.loads(seen) == {"a": text}
    assert not [letter for letter in seen if letter != "\n" and is_hidden(letter)]


@pytest.mark.parametrize(
    ("text", "cells"), [("", 0), ("plain", 5), ("日本", 4), ("e\u0301t\u00e9", 3), ("Ａb", 3), ("▁▂", 2), ("😀", 2)]
)
def test_cells_are_those_of_a_terminal(text: str, cells: int) -> None:
    """Wide letters take two cells, marks none."""
    assert cells_of(text) == cells
