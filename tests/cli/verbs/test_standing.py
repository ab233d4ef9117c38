"""`artui promote, approve, retire, delete, restore`: what is seen of a version afterwards, and taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import artui as api
from artui.catalog import events
from artui.errors import DeletedReference
from tests.cli.conftest import Call


def _show(call: Call, reference: str) -> Any:
    return json.loads(call("show", reference, "--json")[1])["version"]


def _listed(call: Call, where: str = "") -> dict[str, int]:
    document = json.loads(call("ls", "-a", "--json", *(["-w", where] if where else []))[1])
    return {head["name"]: head["latest"]["number"] for head in document["artifacts"] if head["name"] == "data"}


@pytest.fixture
def two(workplace: Path, call: Call) -> Path:
    """A second version of `data` in the catalog; gives its path."""
    (workplace / "data.txt").write_text("x,y,z")
    assert call("add", "data.txt")[0] == 0
    return workplace / "near.artui"


def test_promote_moves_production_and_says_from_where(call: Call, two: Path) -> None:
    """Production goes from one version to the other, with who and why in both histories; any alias can be meant."""
    assert call("promote", "data:v1", "--why", "first")[1] == "production is data:v1 now.\n"
    assert call("promote", "data", "--why", "more columns")[1] == "production is data:v2 now; it was v1.\n"
    assert call("promote", "data:v2")[1] == "production is data:v2 already.\n"
    assert call("promote", "data:v1", "--to", "candidate")[1] == "candidate is data:v1 now.\n"
    assert call("promote", "data:v1", "--to", "latest")[0] == 2

    assert _show(call, "data:v1")["aliases"] == ["candidate"]
    move = _show(call, "data:production")["history"][0]
    assert (move["before"], move["after"], move["why"], move["author"]) == ("v1", "v2", "more columns", events.author())
    assert _show(call, "data:v1")["history"][1] == move
    call("undo"), call("undo")
    assert _show(call, "data:production")["number"] == 1


def test_a_retired_version_is_left_out_and_still_found(call: Call, two: Path) -> None:
    """It is not latest, no list has it unless asked; its number and its aliases name it; `--back` and undo bring it back."""
    call("alias", "data:v2", "candidate")
    _, out, err = call("retire", "data:v2", "--why", "wrong labels")
    assert out == "data:v2 is retired.\n" and "candidate still names data:v2" in err
    assert call("retire", "data:v2")[1] == "data:v2 is retired already.\n"

    # An alias keeps it in the lists, behind what is not retired.
    assert _listed(call, "alias = candidate") == {"data": 2} and _listed(call, "kind = dataset") == {"data": 1}
    assert "lists leave it out once no alias names it" in call("show", "data:v2")[1]
    assert (
        _listed(call) == {"data": 1}
        and _show(call, "data")["number"] == 1
        and _show(call, "data:latest")["number"] == 1
    )
    assert _listed(call, "retired is not null") == {"data": 2} == _listed(call, "archived > 1d ago")
    assert _listed(call, "alias = latest") == {"data": 1}
    retired = _show(call, "data:candidate")
    assert retired["is_retired"] and retired["history"][0]["why"] == "wrong labels"
    assert "lists leave it out" in call("show", "data:v2")[1]

    assert call("retire", "data:v1")[2] == "artui: `artui undo` takes this back.\n"
    assert _listed(call) == {"data": 2}
    assert call("alias", "data:v2", "candidate", "--remove")[0] == 0 and _listed(call) == {}
    code, _, err = call("show", "data")
    assert code == 2 and "All versions of data are retired" in err and "--back" in err
    call("undo"), call("undo")
    assert _listed(call) == {"data": 1}
    assert call("retire", "data:v2", "--back")[1] == "data:v2 is in the lists again.\n" and _listed(call) == {"data": 2}


def test_an_approval_has_who_and_why(call: Call, two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody approves for themselves, once; a filter finds what somebody approves; withdrawing leaves the others'."""
    assert call("approve", "data:v1", "--why", "read it")[1] == "data:v1 is approved.\n"
    assert call("approve", "data:v1")[1] == "data:v1 is approved by you already.\n"
    mine = events.author()
    monkeypatch.setattr(events, "author", lambda: "eve@box")
    call("approve", "data:v1", "data:v2")

    version = _show(call, "data:v1")
    assert [(approval["author"], approval["why"]) for approval in version["approvals"]] == [
        ("eve@box", ""),
        (mine, "read it"),
    ]
    assert _listed(call, "approved_by = eve@box") == {"data": 2} and _listed(call, f"approved_by = {mine}") == {
        "data": 1
    }
    assert f"{mine} (read it)" in call("show", "data:v1")[1]

    assert call("undo")[0] == 0  # eve's
    assert [approval["author"] for approval in _show(call, "data:v1")["approvals"]] == [mine]
    monkeypatch.setattr(events, "author", lambda: mine)
    assert (
        call("approve", "data:v1", "--withdraw", "--why", "a mistake")[1] == "data:v1 is no longer approved by you.\n"
    )
    assert _show(call, "data:v1")["approvals"] == [] and _listed(call, f"approved_by = {mine}") == {}
    assert [change["what"] for change in _show(call, "data:v1")["history"]] == [
        "approval withdrawn", "approval withdrawn", "approved", "approved"
    ]  # fmt: skip


def test_what_is_deleted_says_so_and_comes_back(call: Call, two: Path) -> None:
    """Runs and versions leave every list; a reference says when, by whom and how they return; restoring gives them whole."""
    call("alias", "data:v2", "production")
    before = _show(call, "data:v2")
    assert call("delete", "data:production", "a", "--why", "leaked")[0] == 0

    assert _listed(call) == {"data": 1} and '"a"' not in call("ls", "--json")[1]
    for verb, reference in (("get", "data:v2"), ("get", "data:production"), ("audit", "a")):
        code, _, err = call(verb, reference)
        assert code == 2 and "was deleted on" in err and events.author() in err, err
        assert f"artui restore {'a' if reference == 'a' else 'data:v2'}" in err
    for verb in ("show", "trace", "impact"):
        # What is in the trash can be looked at, and says that it is there.
        shown = [call(verb, reference) for reference in ("data:v2", "data:production", "a")]
        assert [code for code, *_ in shown] == [0, 0, 0]
        assert verb == "impact" or all("deleted" in out for _, out, _ in shown), shown
    with api.open_catalog(two) as catalog, pytest.raises(DeletedReference):
        catalog.version("data:v2")
    assert (
        _listed(call, "deleted is not null") == {"data": 2}
        and '"a"' in call("ls", "-w", "deleted is not null", "--json")[1]
    )

    assert call("restore", "data:production", "a")[1] == "data:v2 is back.\na is back.\n"
    after = _show(call, "data:v2")
    assert {**after, "history": []} == {**before, "history": []}
    assert [change["what"] for change in after["history"]][:2] == ["restored", "deleted"]
    assert call("show", "a")[0] == 0
    assert call("undo")[0] == 0 and call("get", "data:v2")[0] == 2


def test_one_wrong_reference_deletes_nothing(call: Call, two: Path) -> None:
    """An artifact without a version, a name that is not there: nothing is deleted, and nothing can be undone."""
    for wrong in ("data", "nothing", "data:v9"):
        assert call("delete", "a", wrong)[0] == 2
    assert call("show", "a")[0] == 0 and call("restore", "a")[0] == 2
    code, _, err = call("restore", "data:v1")
    assert code == 2 and "no deleted version" in err


def test_lineage_keeps_what_was_deleted(call: Call, workplace: Path) -> None:
    """A run goes on naming an input that was deleted, and says so."""
    with api.start_run(
        name="user", catalog=workplace / "near.artui", console=False, code=False, system_metrics=False
    ) as run:
        run.use("data:v1")
    call("delete", "data:v1")

    assert [
        head["deleted_ms"] is not None
        for head in json.loads(call("show", "user", "--json")[1])["run"]["inputs"]
        if head["artifact"] == "data"
    ] == [True]
    assert "(deleted)" in call("show", "user")[1]


def test_what_rests_on_a_version_is_said_when_it_is_deleted(call: Call, two: Path) -> None:
    """Aliases, runs and versions made of it are named; what is deleted, or deleted with it, does not count."""
    from artui.catalog import Catalog, artifacts, runs
    from artui.reference import parse

    assert call("add", "data.txt", "-n", "model", "-a", "production")[0] == 0
    with Catalog(two) as catalog, catalog.transaction() as connection:
        data, model = (artifacts.find_version(connection, parse(text)) for text in ("data:v2", "model"))
        for number in range(3):
            run = runs.start(connection, runs.NewRun(project="p", name=f"user-{number}"))
            artifacts.link(connection, "input", source_key=data.key, target_key=run)
            runs.finish(connection, run, status="finished", ended_ms=1, duration_ms=1)
        artifacts.link(connection, "trained", source_key=data.key, target_key=model.key)
    assert call("delete", "user-0")[0] == 0 and call("alias", "data:v2", "gold")[0] == 0

    assert call("delete", "data:v2")[1].splitlines()[1:] == ["  it is gold, used by 2 runs and model:v1 (production)"]
    call("undo")
    told = call("delete", "data:v2", "data:v1", "model:v1")[1].splitlines()
    # What nothing brings back warns of no less, whether it was deleted before or not.
    for is_deleted in (True, False):
        if not is_deleted:
            call("undo")
        code, _, err = call("forget", "data:v2")
        told_before = "data:v2: used by 2 runs" + ("" if is_deleted else " and model:v1 (production)")
        assert code == 2 and told_before in err and "gold names it, and would name nothing" in err, err
    call("delete", "data:v2", "data:v1", "model:v1")
    assert [line for line in told if line.startswith(" ")] == ["  it is gold, used by 2 runs", "  it is production"]
