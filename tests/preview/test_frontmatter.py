"""Front matter: what is read of it, and that nothing in it is ever more than data."""

from __future__ import annotations

import pytest

from artui.preview.frontmatter import front_matter


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        (b"", None),
        (b"# A title\n", None),
        (b"---\n", None),
        (b"---\nA line across the page, and no end\n", None),
        (b"---\na: 1\n---\n# T\n", {"a": "1"}),
        (b"\xef\xbb\xbf---\r\na: 1\r\n...\r\n", {"a": "1"}),
        (b"---\ncriteria:\n  R1: test/recall >= 0.9\n  R2: 'x: y'\n---", {"criteria": {"R1": "test/recall >= 0.9", "R2": "x: y"}}),
        (b"---\n- a\n- b\n---\n", {}),
        (b"---\n---\n", {}),
        (b'+++\nfor = ["m"]\n[criteria]\nR1 = "a < 1"\n+++\n', {"for": ["m"], "criteria": {"R1": "a < 1"}}),
    ],
)  # fmt: skip
def test_settings_at_the_start_of_a_text(text: bytes, settings: object) -> None:
    """Between two lines of --- as YAML, between two of +++ as TOML; a text without an end of them has none."""
    assert front_matter(text) == settings


HOSTILE = {
    "an open list": b"---\na: [\n---\n",
    "two colons": b"---\na: b: c\n---\n",
    "no value": b"+++\na = \n+++\n",
    "no end": b"+++\na = 1\n",
    "deep YAML": b"---\n" + b"[" * 100_000 + b"\n---\n",
    "many nodes": b"---\n" + b"- [x,y]\n" * 30_000 + b"---\n",
    "no end for long": b"---\n" + b"- [x,y]\n" * 60_000 + b"---\n",
    "deep TOML": b"+++\na = " + b"[" * 100_000 + b"\n+++\n",
    "no text": b"+++\n\xff\n+++\n",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_cannot_be_read_is_said_at_once(what: str) -> None:
    """Neither what is wrong, nor what is too deep or too much, is taken for settings."""
    with pytest.raises(ValueError, match=r"\w"):
        front_matter(HOSTILE[what])


def test_tags_are_not_followed() -> None:
    """A tag that would make an object is a text beside its value."""
    settings = front_matter(b"---\na: !!python/object/apply:os.system [echo]\n---\n")
    assert settings is not None and "Tagged" in type(settings["a"]).__name__
