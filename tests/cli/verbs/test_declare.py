"""Declared facts: of an artifact, of one version, with history, wherever they are set and seen."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import artui as api
from artui.catalog import Catalog, artifacts, events
from artui.errors import UsageError
from artui.model import FACTS, check_fact, missing_facts
from artui.query.filter.tokens import FilterError
from artui.reference import parse
from tests.cli.conftest import Call


def _show(call: Call, reference: str) -> Any:
    return json.loads(call("show", reference, "--json")[1])["version"]


@pytest.fixture
def two(workplace: Path, call: Call) -> Path:
    """A second version of `data` in the catalog; gives its path."""
    (workplace / "data.txt").write_text("x,y,z")
    assert call("add", "data.txt")[0] == 0
    return workplace / "near.artui"


def test_a_version_has_its_artifacts_facts_or_its_own(call: Call, two: Path) -> None:
    """What is declared of the artifact holds for all versions, also later ones; of one version, for that alone; undo takes it back."""
    assert call("declare", "data", "licence=MIT", "owner=ada", "--why", "asked legal")[1] == "data: licence, owner.\n"
    assert call("declare", "data:v1", "owner=eve")[1] == "data:v1: owner.\n"
    assert call("declare", "data", "license=MIT")[1] == "data: nothing new.\n"
    (two.parent / "data.txt").write_text("x,y,z,w")
    call("add", "data.txt")

    assert _show(call, "data:v1")["facts"] == {"licence": "MIT", "owner": "eve"}
    assert _show(call, "data:v2")["facts"] == _show(call, "data:v3")["facts"] == {"licence": "MIT", "owner": "ada"}
    assert _show(call, "data")["missing_facts"] == ["personal_data"]
    out = call("show", "data")[1]
    assert re.search(r"missing +personal_data\n", out) and "asked legal" in out and "undeclared → MIT" in out
    with api.open_catalog(two) as catalog:
        assert (
            dict(catalog.version("data:v1").facts) == {"licence": "MIT", "owner": "eve"}
            and not catalog.version("data").damaged
        )
        assert dict(catalog.artifact("data").facts) == {"licence": "MIT", "owner": "ada"}

    assert call("undo")[0] == 0 and _show(call, "data:v1")["facts"]["owner"] == "ada"
    assert call("declare", "data", "owner=")[0] == 0 and list(_show(call, "data")["facts"]) == ["licence"]
    assert call("undo")[0] == 0 and call("undo")[0] == 0 and _show(call, "data")["facts"] == {}


def test_facts_are_given_with_what_is_added(call: Call, two: Path) -> None:
    """A first version gives them to its artifact, a later one has them for itself; a wrong one adds nothing, and undo takes them back."""
    assert call("add", "data.txt", "-n", "new", "--fact", "license=MIT", "--fact", "personal-data=None")[0] == 0
    (two.parent / "data.txt").write_text("other")
    assert call("add", "data.txt", "-n", "new", "--fact", "licence=MIT", "--fact", "personal_data=yes")[1] == "new:v2\n"
    assert _show(call, "new:v1")["facts"] == {"licence": "MIT", "personal_data": "none"}
    assert _show(call, "new")["facts"] == {"licence": "MIT", "personal_data": "yes"}
    # Nothing is said of the versions before it.
    (two.parent / "data.txt").write_text("with an owner")
    _, out, err = call("add", "data.txt", "-n", "new", "--fact", "owner=ada")
    assert (out, err) == (
        "new:v3\n",
        "artui: declared owner ada of this version alone; `artui declare new …` is for all.\n",
    )
    assert "owner" in _show(call, "new:v3")["facts"] and "owner" not in _show(call, "new:v2")["facts"]
    assert call("delete", "new:v3")[0] == 0
    (two.parent / "data.txt").write_text("third")
    for wrong in ("licence", "colour=red", "sensitivity=high"):
        assert call("add", "data.txt", "-n", "new", "--fact", wrong)[0] == 2
    assert _show(call, "new")["number"] == 2
    assert call("undo")[0] == 0 and _show(call, "new")["facts"]["personal_data"] == "none"


def _facts_told(call: Call, reference: str) -> list[tuple[str, str, str]]:
    """Give what the history says of facts, oldest first: name, from, to."""
    return [(change["what"], change["before"], change["after"]) for change in _show(call, reference)["history"]][::-1]


def test_what_is_said_of_the_same_content_is_told(call: Call, two: Path) -> None:
    """Facts and aliases of content that is there already are taken over and named; what is not taken over is named, too."""
    assert call("declare", "data", "licence=CC-BY-4.0")[0] == 0
    _, out, err = call("add", "data.txt", "--fact", "licence=MIT", "-a", "best", "--note", "lost", "--metadata", "n=1")
    assert (out, err.rstrip("\n")) == ("data:v2\n", "artui: the newest version already has this content; best names it now; declared licence MIT; --note and --metadata not kept: what was said of it stays.")  # fmt: skip
    assert _show(call, "data")["facts"] == {"licence": "MIT"} and _show(call, "data")["note"] == ""
    again = call("add", "data.txt", "--fact", "licence=MIT", "-a", "best")[2]
    assert again == "artui: the newest version already has this content.\n"

    # Each change says what the page showed before it, and what since.
    assert _facts_told(call, "data:v2") == [
        ("licence of all versions", "undeclared", "CC-BY-4.0"), ("licence", "CC-BY-4.0", "MIT"), ("best", "none", "v2"),
    ] or _facts_told(call, "data:v2") == [
        ("licence of all versions", "undeclared", "CC-BY-4.0"), ("best", "none", "v2"), ("licence", "CC-BY-4.0", "MIT"),
    ]  # fmt: skip
    assert "declared licence CC-BY-4.0" in call("add", "data.txt", "--fact", "licence=CC-BY-4.0")[2]
    assert _show(call, "data")["facts"] == {"licence": "CC-BY-4.0"}
    assert _facts_told(call, "data:v2")[-1] == ("licence", "MIT", "CC-BY-4.0")
    assert _facts_told(call, "data:v1") == [("licence of all versions", "undeclared", "CC-BY-4.0")]


def test_a_note_stands_with_its_version(call: Call, two: Path) -> None:
    """What `add --note` says is on the page, in its JSON, in Python, and found by a filter."""
    (two.parent / "data.txt").write_text("x,y,z,w")
    assert call("add", "data.txt", "--note", "the first delivery")[1] == "data:v3\n"
    assert _show(call, "data")["note"] == "the first delivery"
    assert re.search(r"note +the first delivery\n", call("show", "data")[1])
    with api.open_catalog(two) as catalog:
        assert catalog.version("data").note == "the first delivery"
        assert [artifact.name for artifact in catalog.artifacts("note ~ delivery")] == ["data"]


def test_a_filter_finds_facts(call: Call, two: Path) -> None:
    """`fact.NAME` compares what holds for each version, inherited or its own; a name that is no fact is pointed at."""
    call("declare", "data", "licence=MIT")
    call("declare", "data:v1", "licence=GPL", "sensitivity=Internal")
    with api.open_catalog(two) as catalog:

        def found(where: str) -> list[int]:
            return [
                artifact.latest.number
                for artifact in catalog.artifacts(where)
                if artifact.name == "data" and artifact.latest
            ]

        assert (
            found("fact.licence = MIT") == [2]
            and found("fact.licence ~ GPL") == [1]
            and found("fact.sensitivity = internal") == [1]
        )
        assert (
            found("fact.owner is null") == [2]
            and found("fact.licence is null") == []
            and found("fact.sensitivity is not null") == [1]
        )
        with pytest.raises(FilterError, match="no fact 'colour'"):
            catalog.artifacts("fact.colour = red")


@pytest.mark.parametrize(
    ("text", "words"),
    [("colour=red", "no fact"), ("licens=MIT", "Did you mean licence"), ("sensitivity=high", "public, internal"), ("personal_data=maybe", "none, pseudonymous"), ("licence", "not FIELD=VALUE"), ("limitations=" + "x" * 4_001, "4,001 characters")],
)  # fmt: skip
def test_what_cannot_be_declared_is_refused(call: Call, two: Path, text: str, words: str) -> None:
    """A name, a value or a length that cannot be: an error with what can, and none of the others is declared."""
    code, out, err = call("declare", "data", "owner=ada", text)
    assert (code, out) == (2, "") and words in err and _show(call, "data")["facts"] == {}


def test_a_run_declares_what_it_saves(workplace: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Facts at the first save are the artifact's, later ones the version's alone; a wrong one is named and costs nothing."""
    path, quiet = workplace / "near.artui", {"console": False, "code": False, "system_metrics": False}
    for number, facts in enumerate(
        ({"licence": "MIT", "owner": "ada"}, {"licence": "GPL"}, {"colour": "red", "language": "en"})
    ):
        (workplace / "m").write_text(f"weights {number}")
        with api.start_run(name=f"r{number}", catalog=path, **quiet) as run:  # type: ignore[arg-type]
            assert run.save("m", workplace / "m", kind="model", facts=facts) == f"m:v{number + 1}"
    assert "colour" in capfd.readouterr().err
    with api.open_catalog(path) as catalog:
        held = [dict(catalog.version(f"m:v{number}").facts) for number in (1, 2, 3)]
    common = {"licence": "MIT", "owner": "ada"}
    assert held == [common, common | {"licence": "GPL"}, common | {"language": "en"}]


def test_every_fact_can_be_declared_and_stays_sealed(two: Path) -> None:
    """All of the set, each with a value that it may have; the seals of all versions hold, and a fact changed behind our back is seen."""
    with Catalog(two) as catalog, catalog.transaction() as connection:
        version = artifacts.find_version(connection, parse("data:v1"))
        with events.editing(catalog, "x") as edit:
            for name, word in FACTS.items():
                assert edit.declare(version.id, name, word.values[0] if word.values else f"some {name}")
    with api.open_catalog(two) as reading:
        assert list(reading.version("data:v2").facts) == list(FACTS) and not reading.version("data:v1").damaged
    assert missing_facts("dataset", {"licence": "x"}) == ("personal_data",) and missing_facts("log", {}) == ()
    with pytest.raises(UsageError):
        check_fact("", "x")
    import sqlite3

    with sqlite3.connect(two) as raw:
        raw.execute("UPDATE fact SET value = 'public domain' WHERE name = 'licence'")
    with api.open_catalog(two) as reading:
        assert reading.version("data:v1").damaged == ("aliases",)
