"""Colours of source texts: each part where it is on the screen, and none for what is no source, or hostile."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.query import colouring
from artui.query.colouring import _by_line, has_colours, inks_by_start
from artui.query.lines import Ink, LogSource, read_page


class _Text(LogSource):
    def __init__(self, content: bytes) -> None:
        self.content = content

    def size(self) -> int:
        return len(self.content)

    def read(self, offset: int, count: int) -> bytes:
        return self.content[offset : offset + count]


def _coloured(content: str, path: str) -> list[tuple[str, Ink]]:
    """Give each coloured part as it is shown."""
    source = _Text(content.encode())
    inked = inks_by_start(source, path)
    lines = {line.start: line.text for line in read_page(source, 0, before=0, after=10_000).lines}
    assert set(inked) <= set(lines)
    return [(lines[start][part.start : part.stop], part.ink) for start in sorted(inked) for part in inked[start]]


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("a.py", "def go(x):\n\treturn 'ä', 3.5  # why\n", [("def", Ink("magenta")), ("go", Ink("blue", True)), ("return", Ink("magenta")), ("'ä'", Ink("green")), ("3.5", Ink("yellow")), ("# why", Ink("grey"))]),
        ("conf/b.JSON", '{\r\n"lr": 0.1}', [('"lr"', Ink("blue")), ("0.1", Ink("yellow"))]),
        ("c.patch", "--- a\n+++ b\n-old\n+new\n", [("--- a", Ink("red")), ("+++ b", Ink("green")), ("-old", Ink("red")), ("+new", Ink("green"))]),
        ("MLmodel", "flavors: 3 # x\n", [("flavors", Ink("blue")), ("# x", Ink("grey"))]),
        ("train.log", "def go(): return 3\n", []), ("a.txt", "def go(): return 3\n", []), ("a.py", "", []), ("a.py", "\x1b[31mdef\x1b[0m\n", []),
    ],
)  # fmt: skip
def test_parts_have_the_colours_of_what_they_are(path: str, content: str, expected: list[tuple[str, Ink]]) -> None:
    """Behind tabs and in other alphabets, too; a log, and what has colours of its own, is left as it is."""
    coloured = _coloured(content, path)
    if expected:
        joined: dict[Ink, str] = {}
        for text, ink in coloured:
            joined[ink] = joined.get(ink, "") + text
        for text, ink in expected:
            assert text in joined.get(ink, ""), (text, ink, coloured)
    else:
        assert coloured == []


@pytest.mark.parametrize("mark", ["---", "+++"])
def test_what_stands_before_a_text_is_no_heading(mark: str) -> None:
    """A model card begins with YAML or TOML between rules, of which the last one underlines nothing."""
    parts = _coloured(f"{mark}\nlicense: mit\nlanguage: en\n{mark}\n# Digits\n\nText.\n", "README.md")
    assert [text for text, ink in parts if ink.is_bold] == ["# Digits"]


@given(st.lists(st.text("ab\t\nä日\x00 ", max_size=12), max_size=12))
@settings(max_examples=60)
def test_every_letter_is_where_it_is_shown(texts: list[str]) -> None:
    """A part that covers everything covers each line as it is shown, whatever is in it."""
    content = "\n".join(texts)
    inked = _by_line(content.encode(), f"0 {len(content)} red 0\n")
    for line in read_page(_Text(content.encode()), 0, before=0, after=1000).lines:
        for part in inked.get(line.start, []):
            assert (part.start, part.stop) == (0, len(line.text)) or not line.text.strip()


def test_what_takes_for_ever_or_is_long_has_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text is there all the same: it does not wait for them."""
    assert inks_by_start(_Text(b"x = 1\n" * 50_000), "a.py") == {}
    monkeypatch.setattr(colouring, "SECONDS", 0.001)
    assert inks_by_start(_Text(b"x = 1\n"), "a.py") == {}


def test_sources_are_told_by_their_names() -> None:
    """By their endings in any case, or their whole names."""
    assert all(map(has_colours, ("a.py", "x/b.YAML", "Dockerfile", "k/MLmodel", "p.diff")))
    assert not any(map(has_colours, ("a.log", "py", "a.csv", "a.txt", "x.py/readme")))


def test_the_program_knows_nothing_of_artui() -> None:
    """What looks at content from anybody imports the standard library and one package."""
    from artui.content import decoding, lexing, limiting

    for program in (decoding, lexing, limiting):
        assert "artui" not in "".join(
            line for line in Path(str(program.__file__)).read_text().splitlines() if "import" in line.split("#")[0] and not line.startswith('"')
        ).replace("imports nothing of artui", "")  # fmt: skip
