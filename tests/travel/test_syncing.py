"""A team without a server: in whatever order catalogs push and pull, all of them end with what all of them have."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import artui
from artui.cli import run as run_cli
from artui.content.stores.store import Store
from artui.query.api import open_catalog
from artui.settings import load_settings
from artui.travel import packs, syncing
from artui.travel.syncing import Outgoing, pull, push
from tests.catalog.merging.histories import World, history, merged, parts, skews
from tests.counts import tried
from tests.documents import MANUAL, blocks
from tests.servers import SshServer

HISTORIES = tried(3, 6)
"""More are tried by `tests/bench/bench_travel.py --teams 1000`."""


def broken_team(folder: Path, seed: int, *, boxes: int = 3, steps: int = 24) -> str:
    """Play a history whose catalogs push and pull in between; say what is wrong in the end, empty if all are equal."""
    there = folder / "team"
    there.mkdir()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        monkeypatch.setattr(syncing, "MOST_PACKS", 3)
        chance = random.Random(seed)
        monkeypatch.setattr(syncing, "FEW_PACKS", chance.choice((0, 1, 100)))
        monkeypatch.setenv("ARTUI_PACK_DAYS", chance.choice(("7", "0", "0.02")))
        load_settings.cache_clear()
        world = World(folder, boxes, monkeypatch, skews=skews(seed, boxes))
        copies: list[Path] = []
        imported: set[int] = set()
        for step in history(seed, boxes=boxes, steps=steps):
            # A run that is imported again is written anew, with less than it had; so that only once, and first.
            if step.what == "import" and step.box in imported:
                continue
            world.do(step)
            imported |= (
                {step.box} if step.what == "import" else {*range(boxes)} if step.what in ("merge", "copy") else set()
            )
            if chance.random() < 0.4:
                imported |= {*range(boxes)}
                path = world.paths[chance.randrange(boxes)]
                if chance.random() < 0.6:
                    copies.append(_copied(path, folder / f"copy-{len(copies)}.artui"))
                    push(path, _place(there), Outgoing())
                else:
                    pull(path, _place(there))
            if chance.random() < 0.05:
                for each in (folder / "state").glob("artui/packs-*/*/*"):
                    each.unlink()
        world.close()
        late = folder / "late.artui"
        with world.elsewhere():
            expected = parts(merged(folder, "all", [*world.paths, *copies]))
            pushed = [push(path, _place(there), Outgoing()) for path in world.paths]
            # What two changed at once is joined by whoever pulls both; that is pushed, too, and then nothing more.
            for _ in range(2):
                for path in (*world.paths, late):
                    pull(path, _place(there))
                    if differing := [part for part, digest in parts(path).items() if digest != expected[part]]:
                        return f"{path.name}: {', '.join(differing)}"
                pushed = [push(path, _place(there), Outgoing()) for path in (*world.paths, late)]
        if any(each.pack for each in pushed):
            return "pushed once more"
        return "; ".join(trouble.why for each in pushed for trouble in each.troubles)


def _place(folder: Path) -> Store:
    return packs.place(str(folder), is_written=True)


def _copied(path: Path, target: Path) -> Path:
    with closing(sqlite3.connect(path)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)
        other.execute("PRAGMA journal_mode = DELETE")
    return target


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_all_catalogs_of_a_team_end_alike(tmp_path: Path, seed: int) -> None:
    """Random histories of three people who push and pull now and then, whose packs are brought together and removed, whose state is lost."""
    assert not broken_team(tmp_path, seed)


# Word for word


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """An empty folder that a team shares."""
    folder = tmp_path / "team"
    folder.mkdir()
    return folder


def _log(path: Path, *names: str) -> None:
    for name in names:
        with artui.start_run(catalog=path, name=name, console=False, code=False, system_metrics=False) as run:
            run.log({"loss": 0.5})


def _packs(team: Path) -> list[Path]:
    return sorted(team.glob("packs/*/*.pack"))


def _say(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = run_cli([*words])
    output = capsys.readouterr()
    return code, output.out + output.err


def test_two_people_go_on_in_one_folder(team: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What one pushes the other pulls; a push brings only what is new, with the bytes of no file that is there."""
    ada, bob = str(tmp_path / "ada.artui"), str(tmp_path / "bob.artui")
    _log(Path(ada), "a", "b")
    content = tmp_path / "data.bin"
    content.write_bytes(os.urandom(300_000))
    run_cli(["add", str(content), "--name", "data", "-c", ada])
    capsys.readouterr()

    assert _say(capsys, "push", str(team), "-c", ada, "--dry-run")[0] == 0 and _packs(team) == []
    assert "pushed 2 runs, 2 versions, 30" in _say(capsys, "push", str(team), "-c", ada)[1]
    assert "nothing that is not there already" in _say(capsys, "push", str(team), "-c", ada)[1]
    assert "1 pack would bring 2 new runs" in _say(capsys, "pull", str(team), "-c", bob, "--dry-run")[1]
    assert "1 pack brought 2 new runs, 2 new versions" in _say(capsys, "pull", str(team), "-c", bob)[1]
    assert _parts(ada) == _parts(bob)
    with artui.start_run(catalog=bob, name="c", console=False, code=False, system_metrics=False) as run:
        run.use("data:v1")
    run_cli(["note", "a", "seen by bob", "-c", bob])
    said = _say(capsys, "sync", str(team), "-c", bob)[1]
    assert "nothing that is not here already" in said and "pushed 2 runs, 1 change" in said
    assert max(_packs(team), key=lambda pack: pack.name).stat().st_size < 200_000
    code, said = _say(capsys, "sync", str(team), "-c", ada)
    assert code == 0 and "1 new run, 1 changed run" in said and "nothing that is not there already" in said
    assert _parts(ada) == _parts(bob) and len(_packs(team)) == 2
    # The name of a pack is its digest, and it opens as any catalog does.
    for pack in _packs(team):
        assert pack.name[27:91] == hashlib.sha256(pack.read_bytes()).hexdigest()
        with open_catalog(pack) as reader:
            assert reader.runs()


def _parts(path: str) -> dict[str, str]:
    return parts(Path(path))


def test_what_is_no_pack_is_named_and_left_alone(
    team: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that is cut, changed, under another name or no catalog stops nobody, and is taken once it is whole."""
    ada, bob = str(tmp_path / "ada.artui"), str(tmp_path / "bob.artui")
    for name in "abcd":
        _log(Path(ada), name)
        run_cli(["push", str(team), "-c", ada])
    first, second, third, fourth = _packs(team)
    whole = {pack: pack.read_bytes() for pack in (first, second, third)}
    for pack in whole:
        pack.chmod(0o644)
    first.write_bytes(whole[first][:-1024])
    second.write_bytes(whole[second][:5000] + b"x" + whole[second][5001:])
    third.write_bytes(b"")
    text = b"no catalog at all"
    (third.parent / f"{third.name[:26]}-{hashlib.sha256(text).hexdigest()}.pack").write_bytes(text)
    (third.parent / "notes.txt").write_text("of somebody")
    (team / ".part-0011223344556677").write_bytes(b"half")
    capsys.readouterr()

    code, said = _say(capsys, "pull", str(team), "-c", bob, "--json")

    answer = json.loads(said)
    assert code == 1 and answer["there"] == 5 and len(answer["left_alone"]) == 4
    assert {merged["path"] for merged in answer["pulled"]} == {str(fourth.relative_to(team))}
    assert sum("not what its name says" in why for why in answer["left_alone"].values()) == 2
    assert "artui-" not in said.split("left_alone")[1]  # no file of this machine
    code, said = _say(capsys, "pull", str(team), "-c", bob)
    assert code == 1 and said.count("left alone") == 4
    for pack, content in whole.items():
        pack.write_bytes(content)
    (third.parent / f"{third.name[:26]}-{hashlib.sha256(text).hexdigest()}.pack").unlink()
    assert _say(capsys, "pull", str(team), "-c", bob)[0] == 0
    assert _parts(ada) == _parts(bob)
    # Whatever was removed there is pushed again by who has it.
    first.unlink()
    assert "pushed 1 run" in _say(capsys, "push", str(team), "-c", ada)[1]


def test_many_packs_become_one_and_nothing_is_lost_meanwhile(
    team: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Small packs are brought together; they go after their time, and only as long as the one that has them is whole."""
    monkeypatch.setattr(syncing, "MOST_PACKS", 3)
    ada, bob = str(tmp_path / "ada.artui"), str(tmp_path / "bob.artui")
    for name in "abc":
        _log(Path(ada), name)
        run_cli(["push", str(team), "-c", ada])
    run_cli(["pull", str(team), "-c", bob])
    _log(Path(ada), "d")
    capsys.readouterr()

    assert "4 small packs brought together in one" in _say(capsys, "push", str(team), "-c", ada)[1]
    assert len(_packs(team)) == 5
    assert (
        "nothing that is not there already" in _say(capsys, "push", str(team), "-c", bob)[1] and len(_packs(team)) == 5
    )
    # Somebody new reads that one alone.
    assert "1 pack brought 4 new runs" in _say(capsys, "pull", str(team), "-c", str(tmp_path / "new.artui"))[1]
    together = max(_packs(team), key=lambda pack: pack.name)
    whole = together.read_bytes()
    monkeypatch.setenv("ARTUI_PACK_DAYS", "0")
    load_settings.cache_clear()
    together.chmod(0o644)
    together.write_bytes(whole[:-1] + b"x")
    assert "removed" not in _say(capsys, "push", str(team), "-c", ada)[1]
    together.write_bytes(whole)
    assert "4 packs removed" in _say(capsys, "push", str(team), "-c", ada)[1]
    assert _packs(team) == [together]
    for path in (ada, bob):
        assert "nothing that is not there already" in _say(capsys, "sync", str(team), "-c", path)[1]
    run_cli(["pull", str(team), "-c", str(tmp_path / "late.artui")])
    assert _parts(ada) == _parts(bob) == _parts(str(tmp_path / "late.artui")) == _parts(str(tmp_path / "new.artui"))
    assert not list(tmp_path.glob("state/**/.*.pack.*"))


def test_many_small_packs_are_merged_once_and_the_same_comes_of_it(
    team: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Merged with each other first, or one by one: equal catalogs; a bad pack costs itself alone, and what brought how much is counted once."""
    ada = tmp_path / "ada.artui"
    for number in range(8):
        _log(ada, f"run-{number}")
        run_cli(["note", "run-0", f"note {number}", "-c", str(ada)])
        push(ada, _place(team), Outgoing(brings_together=False))
    bad = _packs(team)[3]
    whole = bad.read_bytes()
    bad.chmod(0o600)
    bad.write_bytes(whole[:-1])
    came = {}
    for few, name in ((0, "together"), (100, "one-by-one")):
        monkeypatch.setattr(syncing, "FEW_PACKS", few)
        pulled = pull(tmp_path / f"{name}.artui", _place(team))
        assert [trouble.path for trouble in pulled.troubles] == [str(bad.relative_to(team))]
        assert len(pulled.packs) == 7 and len({merged.path for _, merged in pulled.packs}) == 7
        came[name] = sum(merged.new_runs for _, merged in pulled.packs)
        bad.write_bytes(whole)
        assert len(pull(tmp_path / f"{name}.artui", _place(team)).packs) == 1
        assert not pull(tmp_path / f"{name}.artui", _place(team)).packs
        bad.write_bytes(whole[:-1])

    assert came["together"] == came["one-by-one"] >= 7
    assert _parts(str(tmp_path / "together.artui")) == _parts(str(tmp_path / "one-by-one.artui")) == _parts(str(ada))
    again = tmp_path / "one-by-one.artui"
    with closing(sqlite3.connect(again)) as connection, connection:
        connection.execute("DELETE FROM merged")
    monkeypatch.setattr(syncing, "FEW_PACKS", 0)
    assert not any(merged.is_news for _, merged in pull(again, _place(team)).packs)


def test_a_place_that_cannot_be_is_refused(
    team: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each in one line that says what to do; what was pushed to and is gone is not begun anew."""
    ada = str(tmp_path / "ada.artui")
    _log(Path(ada), "a")
    (tmp_path / "file").write_bytes(b"x")
    for place, words in (
        (tmp_path / "no" / "folder", "Is it mounted?"), (ada, "is the catalog itself"), ("https://host/x", "nothing can be written"), (tmp_path / "file", "is a file, not a folder"),
        ("ssh://-oProxyCommand=x/y", "host that ssh would not take"), ("s3://", "names no host or bucket"),
    ):  # fmt: skip
        code, said = _say(capsys, "push", str(place), "-c", ada)
        assert code == 2 and words in said and said.count("\n") == 1
    assert _say(capsys, "pull", str(tmp_path / "none"), "-c", ada)[0] == 2
    run_cli(["push", str(team), "-c", ada])
    shutil.rmtree(team)
    code, said = _say(capsys, "push", str(team), "-c", ada)
    assert code == 2 and "held packs, and is not there any more" in said and not team.exists()
    team.mkdir()
    assert "pushed 1 run" in _say(capsys, "push", str(team), "-c", ada)[1]
    monkeypatch.setenv("ARTUI_READ_ONLY", "1")
    load_settings.cache_clear()
    for verb in ("push", "pull", "sync"):
        code, said = _say(capsys, verb, str(team), "-c", ada)
        assert code == 4 and "--read-only" in said and "news.artui" not in said


def test_what_is_taken_out_stays_out(team: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A redacted push has nobody's name, one without content no bytes; the same again pushes nothing."""
    ada, bob = str(tmp_path / "ada.artui"), str(tmp_path / "bob.artui")
    _log(Path(ada), "a")
    (tmp_path / "data.bin").write_bytes(os.urandom(50_000))
    run_cli(["add", str(tmp_path / "data.bin"), "--name", "data", "-c", ada])
    run_cli(["note", "a", "by somebody", "-c", ada])
    capsys.readouterr()
    for options in (["--redact"], ["--no-content"]):
        assert "pushed 1 run, 2 versions" in _say(capsys, "push", str(team), *options, "-c", ada)[1]
        assert "nothing that is not there already" in _say(capsys, "push", str(team), *options, "-c", ada)[1]
        if options == ["--redact"]:
            assert b"by somebody" not in _packs(team)[0].read_bytes()
    run_cli(["pull", str(team), "-c", bob])
    assert _parts(ada) != _parts(bob)
    assert "pushed 1 version, " in _say(capsys, "push", str(team), "-c", ada)[1]
    run_cli(["pull", str(team), "-c", bob])
    run_cli(["sync", str(team), "-c", ada])
    assert _parts(ada) == _parts(bob)


def test_the_manual_can_be_followed(demo_catalog: Path) -> None:
    """Word for word on two folders: in the end nothing differs."""
    folder = demo_catalog.parent
    demo_catalog.rename(folder / "ada.artui")
    program = f'artui() {{ {shlex.quote(sys.executable)} -m artui "$@"; }}'
    script = "\n".join([program, *blocks("shell", [MANUAL / "team.md"])])

    done = subprocess.run(
        ["sh", "-e", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert (
        sum("team: pushed 43 runs" in line for line in said) == 1
        and sum("1 pack brought 43 new runs" in line for line in said) == 1
    )
    assert "1 pack brought 1 changed run, 1 change" in done.stdout and len(_packs(folder / "team")) == 2
    assert _parts(str(folder / "ada.artui")) == _parts(str(folder / "bob.artui"))


# Places elsewhere


def _two_elsewhere(place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Push and pull at a place; what lies there is judged by what comes back."""
    ada, bob = str(tmp_path / "ada.artui"), str(tmp_path / "bob.artui")
    _log(Path(ada), "a")
    (tmp_path / "data.bin").write_bytes(os.urandom(9_000_000))
    run_cli(["add", str(tmp_path / "data.bin"), "--name", "data", "-c", ada])
    capsys.readouterr()

    assert "there is nothing yet" in _say(capsys, "pull", place, "-c", bob)[1]
    assert "9 MB of content" in _say(capsys, "push", place, "-c", ada)[1]
    assert "1 pack brought 1 new run" in _say(capsys, "pull", place, "-c", bob)[1]
    assert _parts(ada) == _parts(bob)


def test_a_team_meets_behind_ssh(ssh_server: SshServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder of a real sshd; a server that is gone is an error that says so."""
    _two_elsewhere(ssh_server.uri, tmp_path, capsys)

    ssh_server.process.terminate()
    ssh_server.process.wait()
    code, said = _say(capsys, "sync", ssh_server.uri, "-c", str(tmp_path / "ada.artui"))
    assert code == 1 and "cannot be reached" in said and said.count("\n") == 1


def test_a_team_meets_in_a_bucket(
    moto: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bucket of a real S3 server; without credentials it is an error that says so."""
    place, ada, bob = "s3://bucket/team", str(tmp_path / "ada.artui"), str(tmp_path / "bob.artui")
    _two_elsewhere(place, tmp_path, capsys)
    monkeypatch.setattr(syncing, "MOST_PACKS", 2)
    monkeypatch.setenv("ARTUI_PACK_DAYS", "0")
    load_settings.cache_clear()
    _log(Path(bob), "b")
    assert "pushed 1 run" in _say(capsys, "sync", place, "-c", bob)[1]
    _log(Path(ada), "c")
    code, said = _say(capsys, "sync", place, "-c", ada)
    assert code == 0 and "2 small packs brought together in one" in said and "2 packs removed" in said
    assert "1 pack brought 1 new run" in _say(capsys, "sync", place, "-c", bob)[1]
    assert len(packs.listed(packs.place(place, is_written=False))) == 2
    _say(capsys, "pull", place, "-c", str(tmp_path / "new.artui"))
    assert _parts(str(tmp_path / "new.artui")) == _parts(ada) == _parts(bob)

    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.delenv(f"AWS_{name}")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    code, said = _say(capsys, "sync", "s3://bucket/team", "-c", str(tmp_path / "ada.artui"))
    assert code == 1 and "s3://bucket/team" in said and said.count("\n") == 1
