"""The README is the front door: short, true, and the way to every page of the manual."""

from __future__ import annotations

import re
from pathlib import Path

from artui.query.artifacts import artifact_list
from artui.tui.keys import KEYS
from tests.documents import README, blocks, links, pictures, text_of
from tests.reading import open_reader


def test_set_up_is_two_single_lines() -> None:
    """One line runs the demo, one passes the tests, and CI takes the second from here."""
    lines = [line for block in blocks("bash", [README]) for line in block.splitlines() if line.startswith("python3 -m venv")]  # fmt: skip

    assert lines == [
        "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/artui demo",
        "python3 -m venv .venv && .venv/bin/pip install '.[test]' && .venv/bin/pytest -n auto",
    ]


def test_it_is_short_and_begins_with_a_picture() -> None:
    """Two hundred lines or so, a picture among the first ten, and a handful in all."""
    lines = text_of(README).splitlines()

    assert len(lines) <= 220
    assert any(line.startswith("![") for line in lines[:10])
    assert len(pictures(README)) <= 6


def test_what_it_says_of_the_demo_is_so(built_demo: Path) -> None:
    """The numbers of runs, artifacts and models are those of the demo's catalog."""
    runs, artifacts = map(int, re.findall(r"(\d+) runs and (\d+) artifacts", text_of(README))[0])
    with open_reader(built_demo) as reader:
        assert len(reader.runs()) == runs and len(artifact_list(reader)) == artifacts
        assert "some thirty models" in text_of(README)
        assert 28 <= len(reader.runs("model is not null")) <= 36


def test_its_keys_are_those_of_the_app() -> None:
    """Each key of the short table, and each that a sentence tells to press, is one of the bindings."""
    table = re.search(r"\| key \| \|\n(.*?)\n\n", text_of(README), flags=re.S)
    assert table is not None
    documented = [key for line in table[1].splitlines()[1:] for key in re.findall(r"`([^` ]+)`", line)]
    app_keys = {part for key in KEYS for part in key.shown.split(" ")}

    assert {"enter", "esc", "space", "q", "?"} <= set(documented)
    assert {key for key in documented if key != "adam"} <= app_keys


def test_every_page_is_linked() -> None:
    """Each page of the manual is in the README, and `artui help keys` stands for the one that is made."""
    from artui.cli.manual import KEYS as MADE
    from artui.cli.manual import names

    linked = {Path(link).stem for link in links(README) if link.startswith("artui/manual/")}

    assert linked == set(names()) - {MADE}
    assert f"artui help {MADE}" in text_of(README)
