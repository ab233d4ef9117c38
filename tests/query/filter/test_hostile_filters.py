"""Filters that are half typed, garbled or beyond all measure: answered, or told where they are wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import islice

import pytest

from artui.errors import UsageError
from artui.query.filter.tokens import FilterError
from artui.query.filter.values import Value
from artui.query.things import find_things
from artui.safetext import cells_of
from tests.counts import tried
from tests.query.filter import hostile
from tests.reading import OpenReader, open_reader


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenReader]:
    """Three runs with everything that the filters ask about."""
    path = tmp_path_factory.mktemp("hostile") / "x.artui"
    hostile.make_catalog(path)
    with open_reader(path) as opened:
        yield opened


def test_rich_filters_are_understood(reader: OpenReader) -> None:
    """What the garbled filters are made of has a meaning to begin with."""
    for text in hostile.RICH:
        reader.runs(text)


def test_every_beginning_of_a_filter_is_answered(reader: OpenReader) -> None:
    """However far somebody has typed, there are runs or an error that points at a word, and completions."""
    faults = {
        text: fault
        for text in islice(hostile.prefixes(), 0, None, tried(4, 1))
        if (fault := hostile.fault_of(reader, text))
    }

    assert not faults


def test_garbled_filters_are_answered(reader: OpenReader) -> None:
    """Pieces left out, doubled, swapped and put in from a hostile vocabulary give runs or an error that points."""
    texts = [*hostile.HOSTILE, *hostile.mutations(13, tried(80, 600))]

    faults = {text: fault for text in texts if (fault := hostile.fault_of(reader, text))}

    assert not faults


def test_filters_of_versions_are_answered(reader: OpenReader) -> None:
    """The same of artifacts: however far somebody has typed, and whatever is garbled."""
    rich = hostile.RICH_OF_VERSIONS
    beginnings = islice(hostile.prefixes(rich), 0, None, tried(4, 1))
    garbled = (*hostile.mutations(17, tried(50, 200), rich), *hostile.mutations(19, tried(25, 100)))
    texts = [*beginnings, *hostile.HOSTILE, *garbled]

    faults = {text: fault for text in texts if (fault := hostile.fault_of(reader, text, "versions"))}

    assert not faults


def test_words_and_columns_beyond_measure_are_answered(reader: OpenReader) -> None:
    """What is no filter but goes to the file as well, `contains=`, `order=` and names looked for, damages no catalog."""
    for text in hostile.HOSTILE:
        reader.runs(contains=text)
        for prefix in ("params.", "metrics.", "tags.", "-metrics.val/loss."):
            reader.runs(order=[prefix + text, "started"])
        with contextlib.suppress(UsageError):
            reader.runs(order=text)
        find_things(reader, text)


def test_what_cannot_be_asked_blames_nobody_else(reader: OpenReader) -> None:
    """Values that SQLite takes no question with are the asker's mistake, not damage to the file."""
    for run, name in (("\ud800", "loss"), ("x", "\ud800")):
        with pytest.raises(UsageError, match="cannot be looked for"):
            reader.run("b").__class__(reader, run).series(name)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("started > 99999999999999d ago", "bcs"), ("started < 99999999999999d ago", ""), ("started < 9999-12-31", "bcs"), ("started < 9999-12", "bcs"),
        ("started > 9999-12-31T23:59", ""), ("duration < " + "9" * 300, "bcs"), ("params.lr > -" + "9" * 400, "bs"), ("params.seed < " + "9" * 400, "bs"),
        ("seed > 9223372036854775808", "s"), ("seed = 1180591620717411303424", "s"), ("any(acc > -1e400)", "bcs"), ("any(acc = 1e400)", "bcs"),
        ("started in (" + ", ".join(["2001-01-01"] * 600) + ", today, yesterday)", "bcs"), ("id in (" + ", ".join(f"ABC{i}" for i in range(900)) + ")", ""),
    ],
)  # fmt: skip
def test_values_out_of_range_mean_what_they_say(reader: OpenReader, text: str, names: str) -> None:
    """Very long ago is before all runs, very large is more than any param has."""
    assert "".join(sorted({"calm-otter-7": "s"}.get(run.name, run.name) for run in reader.runs(text))) == names


@pytest.mark.parametrize("pattern", ["(a{3000}){3000}", "a{99999999}", "((?1)?a)", "(?R)a", "(?P<x>a(?&x)?)"])
def test_patterns_that_take_all_memory_are_refused(reader: OpenReader, pattern: str) -> None:
    """A pattern that is large once written out, or that calls itself, is named before it is prepared."""
    with pytest.raises(FilterError) as raised:
        reader.runs(f"name ~ '{pattern}'")

    assert raised.value.text[raised.value.position :].startswith(f"'{pattern}'")


@pytest.mark.parametrize(
    "text", ["日本 < (", "a\x00b <", "\u202ea\u2028 = 1 )", "\U000e0041x <", "e\u0301e\u0301 <", "x " * 2000 + "<"]
)
def test_carets_stand_below_what_is_meant(text: str) -> None:
    """Wide, combining and invisible letters before the place move no caret, and a long filter is cut around it."""
    from artui.query.filter.parser import parse

    with pytest.raises(FilterError) as raised:
        parse(text)
    line, carets = raised.value.excerpt.split("\n")

    shown = line
    while cells_of(shown) > len(carets):
        shown = shown[:-1]
    assert shown.endswith(raised.value.text[raised.value.position :][:1]) and len(carets) < 400


def test_long_ago_is_a_moment() -> None:
    """A time that no clock can say is still before all others."""
    low, high = Value("9" * 400 + "d", False, 0, 0, is_ago=True).period(0) or (0, 0)

    assert -(1 << 63) <= low < high < -(10**17)
