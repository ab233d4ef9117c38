"""`artui deploy`, `rollback`, `served`, `retire --from` and `incident`, from a shell."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import artui
from artui.settings import load_settings
from tests.cli.conftest import Call

PLACE = "fraud-api/production"


@pytest.fixture
def catalog(tmp_path: Path) -> str:
    """A catalog with three versions of a model, of which the second misses what is required."""
    path = tmp_path / "a.artui"
    with artui.start_run(project="fraud", catalog=path, console=False, code=False) as run:
        run.require("needs", {"R1": "recall >= 0.9"})
    for number, recall in enumerate((0.95, 0.5, 0.97)):
        with artui.start_run(project="fraud", catalog=path, console=False, code=False) as run:
            run.log({"recall": recall})
            file = tmp_path / "model.bin"
            file.write_bytes(bytes([number]) * 9)
            run.save("fraud-model", file)
    return str(path)


def test_a_version_is_released_rolled_back_and_asked_for(call: Call, catalog: str) -> None:
    """Each verb says what it did, and `served` what serves now, and what served then."""
    assert call("served", "-c", catalog)[1].startswith("Nothing serves anywhere")
    code, out, err = call(
        "deploy", "fraud-model:v1", "--to", PLACE, "--from", "2026-11-10T10:00", "--why", "first", "-c", catalog
    )
    assert code == 0 and out == f"{PLACE} serves fraud-model:v1 now.\n" and "production moved with it" in err
    code, out, _ = call("deploy", "fraud-model:v3", "--to", PLACE, "--share", "10%", "-c", catalog)
    assert code == 0 and "with 10 % of the requests" in out
    assert "fraud-model:v1 90 %, fraud-model:v3 10 %" in call("served", "-c", catalog)[1]
    assert call("deploy", "fraud-model:v3", "--to", PLACE, "-c", catalog)[1].endswith("; it was fraud-model:v1.\n")
    assert f"{PLACE} serves fraud-model:v1\n" not in call("served", PLACE, "-c", catalog)[1]
    assert (
        "served on 2026-11-12 23:59:59 fraud-model:v1\n"
        in call("served", PLACE, "--at", "2026-11-12", "-c", catalog)[1]
    )
    assert call("rollback", PLACE, "-c", catalog)[0] == 2, "not without a reason"
    code, out, _ = call("rollback", PLACE, "--why", "recall fell", "-c", catalog)
    assert code == 0 and out == f"{PLACE} serves fraud-model:v1 again; it was fraud-model:v3.\n"
    document = json.loads(call("served", PLACE, "--json", "-c", catalog)[1])["deployment"]
    assert [one["version"]["reference"] for one in document["serving"]] == ["fraud-model:v1"]
    assert [one["reason"] for one in document["releases"]] == ["new", "new", "new", "rollback"]
    assert (
        document["releases"][-1]["why"] == "recall fell"
        and document["releases"][0]["from_ms"] < document["releases"][1]["from_ms"]
    )
    assert "deployment" in call("show", "fraud-model:v1", "-c", catalog)[1]
    code, out, err = call("retire", "fraud-model:v1", "--from", PLACE, "-c", catalog)
    assert code == 0 and "serves no more" in out and "names no version" in err
    assert "nothing" in call("served", "-c", catalog)[1]
    assert call("undo", "-c", catalog)[0] == 0 and "fraud-model:v1" in call("served", "-c", catalog)[1]


def test_what_serves_is_said_before_it_is_gone(call: Call, catalog: str) -> None:
    """What is deleted, retired or forgotten while it serves, even as a shadow, says where; what ended says nothing."""
    assert call("deploy", "fraud-model:v1", "--to", PLACE, "-c", catalog)[0] == 0
    assert call("deploy", "fraud-model:v3", "--to", "trial", "--role", "shadow", "-c", catalog)[0] == 0
    _, _, err = call("retire", "fraud-model:v1", "-c", catalog)
    assert f"fraud-model:v1 still serves in {PLACE}." in err
    _, out, err = call("forget", "fraud-model:v1", "-c", catalog)
    assert f"it serves in {PLACE}" in out + err
    _, out, _ = call("delete", "fraud-model:v1", "fraud-model:v3", "-c", catalog)
    assert f"it is production, serving in {PLACE}\n" in out and "serving in trial as shadow\n" in out
    assert call("undo", "-c", catalog)[0] == 0
    assert call("retire", "fraud-model:v3", "--from", "trial", "-c", catalog)[0] == 0
    _, out, _ = call("delete", "fraud-model:v3", "-c", catalog)
    assert "serving" not in out


def test_what_misses_a_criterion_is_not_released_into_production(call: Call, catalog: str) -> None:
    """Without a reason it is refused; in a shadow, and elsewhere, it is not judged."""
    code, out, err = call("deploy", "fraud-model:v2", "--to", PLACE, "-c", catalog)
    assert code == 1 and "misses 1 criterion" in out and "--override --why REASON" in err
    assert call("deploy", "fraud-model:v2", "--to", PLACE, "--override", "-c", catalog)[0] == 2
    assert call("deploy", "fraud-model:v2", "--to", "fraud-api/staging", "-c", catalog)[0] == 0
    assert call("deploy", "fraud-model:v2", "--to", PLACE, "--role", "shadow", "-c", catalog)[0] == 0
    assert call("deploy", "fraud-model:v2", "--to", PLACE, "--override", "--why", "today only", "-c", catalog)[0] == 0
    assert call("verify", "fraud-model:v2", "-c", catalog)[0] == 0, "it is overridden"


def test_the_users_command_runs_before_anything_is_noted(
    call: Call, catalog: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets what is to be done in its environment, without a shell; where it fails, nothing is noted."""
    script = tmp_path / "hook.py"
    seen = tmp_path / "seen"
    script.write_text(
        f"import os, sys\nopen({str(seen)!r}, 'a').write(' '.join(os.environ['ARTUI_DEPLOY_' + name] for name in ('ACTION', 'DEPLOYMENT', 'VERSION', 'SHARE', 'WHY')) + chr(10))\n"
        "sys.exit(3 if os.environ['ARTUI_DEPLOY_WHY'] == 'fail' else 0)\n"
    )
    monkeypatch.setenv("ARTUI_DEPLOY_COMMAND", f"{sys.executable} {script}")
    load_settings.cache_clear()
    try:
        assert call("deploy", "fraud-model:v1", "--to", PLACE, "--why", "$(id); x", "-c", catalog)[0] == 0
        code, _, err = call("deploy", "fraud-model:v3", "--to", PLACE, "--why", "fail", "-c", catalog)
        assert code == 2 and "ended with 3: nothing was recorded" in err
        assert "fraud-model:v1 " in call("served", "-c", catalog)[1]
        assert seen.read_text() == f"deploy {PLACE} fraud-model:v1 1 $(id); x\ndeploy {PLACE} fraud-model:v3 1 fail\n"
        monkeypatch.setenv("ARTUI_DEPLOY_COMMAND", "/nowhere/at-all")
        load_settings.cache_clear()
        code, _, err = call("deploy", "fraud-model:v3", "--to", PLACE, "-c", catalog)
        assert code == 2 and "cannot be run" in err
    finally:
        monkeypatch.undo()
        load_settings.cache_clear()


def test_incidents_are_opened_and_closed(call: Call, catalog: str) -> None:
    """One that is open alone needs no id; of several, one is named."""
    call("deploy", "fraud-model:v1", "--to", PLACE, "-c", catalog)
    assert "is open (id " in call("incident", PLACE, "recall fell", "--severity", "high", "-c", catalog)[1]
    assert "recall fell, high, is closed." in call("incident", PLACE, "--close", "--cause", "drift", "-c", catalog)[1]
    assert call("incident", PLACE, "--close", "-c", catalog)[0] == 2
    for title in ("one", "two"):
        call("incident", PLACE, title, "-c", catalog)
    code, _, err = call("incident", PLACE, "--close", "-c", catalog)
    assert code == 2 and "Name one with --id" in err
    incidents = json.loads(call("served", PLACE, "--json", "-c", catalog)[1])["deployment"]["incidents"]
    assert [one["title"] for one in incidents] == ["recall fell", "one", "two"] and incidents[0]["cause"] == "drift"
    assert call("incident", PLACE, "--close", "--id", incidents[1]["id"][-6:].lower(), "-c", catalog)[0] == 0
    assert call("served", "-c", catalog)[1].splitlines()[1].split()[-1] == "1"


def test_a_run_releases_and_python_reads(catalog: str, capfd: pytest.CaptureFixture[str]) -> None:
    """`run.deploy` notes it, with the run as a user of the version; a wrong word costs no run."""
    with artui.start_run(project="fraud", stage="operations", catalog=catalog, console=False, code=False) as run:
        assert run.deploy("fraud-model:v1", to=PLACE, why="nightly", approved_by="eve")
        assert not run.deploy("fraud-model:v1", to=PLACE)
        assert not run.deploy("fraud-model:v9", to=PLACE)
        assert not run.deploy("fraud-model:v1", to=PLACE, share=7)
    said = capfd.readouterr().err
    assert "There is no version fraud-model:v9" in said and "7 is not a share" in said
    with artui.open_catalog(catalog) as opened:
        (place,) = opened.deployments()
        (release,) = place.serving()
        assert (release.reference, release.share, release.why, release.approved_by) == (
            "fraud-model:v1",
            1.0,
            "nightly",
            "eve",
        )
        assert release.version is not None and release.version.aliases[0] == "production" and release.ended is None
        assert place.serving("2020-01-01") == () and place.incidents == ()
        assert [one.name for one in release.version.used_by] == [run.name]
        assert opened.deployment(PLACE).name == opened.deployment(f"fraud/{PLACE}").name


def test_filters_know_where_a_version_serves(call: Call, catalog: str) -> None:
    """What serves now, what was ever released, and what never was; each is offered as it is typed."""
    call("deploy", "fraud-model:v1", "--to", PLACE, "-c", catalog)
    call("deploy", "fraud-model:v3", "--to", PLACE, "-c", catalog)

    def found(where: str) -> list[int]:
        code, out, err = call("ls", "-a", "-w", f"kind = model and {where}", "--json", "-c", catalog)
        assert code == 0, err
        return [one["latest"]["number"] for one in json.loads(out)["artifacts"]]

    assert found(f"serves_in = {PLACE}") == [3] and found("serves ~ production and version = 1") == []
    assert found("released_in ~ fraud and version < 3") == [1] and found("serves_in is null") == [2]
