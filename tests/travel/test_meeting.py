"""One file that several keep, second copies of packs, and packs behind a web server."""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

import orjson
import pytest

import artui
from artui.cli import run as run_cli
from artui.content import stores
from artui.content.stores.folder import FolderStore
from artui.content.stores.store import Store
from artui.errors import CatalogDamaged, CatalogReadOnly, StoreFailed, UsageError
from artui.settings import load_settings
from artui.travel import onefile, packs
from artui.travel.indexing import INDEX, WebStore, links
from artui.travel.meeting import meeting_at
from artui.travel.mirroring import mirror
from artui.travel.onefile import is_one_file, one_file
from artui.travel.syncing import Outgoing
from tests.catalog.merging.histories import parts
from tests.servers import SshServer
from tests.web import Web, serving

ODD = "all of us — №1's.artui"


def _log(path: Path, *names: str) -> None:
    for name in names:
        with artui.start_run(catalog=path, name=name, console=False, code=False, system_metrics=False) as run:
            run.log({"loss": 0.5})


def _say(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = run_cli([*words])
    output = capsys.readouterr()
    return code, output.out + output.err


def _sync(path: Path, place: str) -> None:
    meeting_at(place, is_written=True).sync(path, Outgoing(), is_dry=False, tell=None)


def _names(path: Path) -> set[str]:
    return {run.name for run in artui.open_catalog(path).runs()}


# One file


def test_which_places_are_one_file(tmp_path: Path) -> None:
    """The ending of a catalog says so; a folder that is called so holds packs."""
    (tmp_path / "odd.artui").mkdir()
    assert not is_one_file(str(tmp_path / "odd.artui")) and not is_one_file("team") and not is_one_file("s3://bucket/x")
    assert all(map(is_one_file, ("x.artui", "ssh://host/a/x.artui", "s3://bucket/x.artui", "https://h/x.artui?sig=1")))


def test_two_people_keep_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both end with all, the file too; what is not new is not written; it opens like any catalog, and its permissions stay."""
    there, ada, bob = tmp_path / "there" / ODD, tmp_path / "ada.artui", tmp_path / "bob.artui"
    there.parent.mkdir()
    _log(ada, "a")
    _log(bob, "b")
    code, said = _say(capsys, "push", str(there), "-c", str(ada), "--dry-run")
    assert code == 0 and "would push 1 run" in said and not there.exists()
    code, said = _say(capsys, "sync", str(there), "-c", str(ada))
    assert code == 0 and "there is nothing yet" in said and "pushed 1 run" in said
    assert stat.S_IMODE(there.stat().st_mode) == 0o644
    there.chmod(0o664)
    code, said = _say(capsys, "sync", str(there), "-c", str(bob))
    assert code == 0 and "brought 1 new run" in said and "pushed 1 run" in said
    before = there.stat()
    assert stat.S_IMODE(before.st_mode) == 0o664
    code, said = _say(capsys, "sync", str(there), "-c", str(bob), "--json")
    assert code == 0 and orjson.loads(said)["pushed"] == [] and there.stat() == before
    run_cli(["note", "b", "seen", "-c", str(bob)])
    capsys.readouterr()
    assert "1 change" in _say(capsys, "push", str(there), "-c", str(bob))[1]
    assert "1 new run" in _say(capsys, "pull", str(there), "-c", str(ada))[1]
    assert parts(ada) == parts(bob) == parts(there)
    assert _say(capsys, "pull", str(there), "-c", str(ada), "--json")[0] == 0
    assert sorted(each.name for each in there.parent.iterdir()) == [ODD]


@pytest.mark.parametrize("seed", range(2))
def test_who_is_overtaken_does_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Others push between the reading of the file and its writing, at any turn: nothing that was pushed is lost."""
    there = tmp_path / "all.artui"
    people = [tmp_path / f"p{number}.artui" for number in range(3)]
    chance, depth, overtaken = random.Random(seed), [0], [0]
    for number, path in enumerate(people):
        _log(path, f"first-{number}")
    replace = FolderStore.replace

    def late(store: FolderStore, name: str, size_bytes: int, pieces: Iterable[bytes], *, state: str | None) -> bool:
        if depth[0] < 2 and chance.random() < 0.6:
            depth[0] += 1
            _sync(chance.choice(people), str(there))
            depth[0] -= 1
        is_done = replace(store, name, size_bytes, pieces, state=state)
        overtaken[0] += not is_done
        return is_done

    monkeypatch.setattr(FolderStore, "replace", late)
    for number in range(4):
        path = chance.choice(people)
        _log(path, f"run-{number}")
        _sync(path, str(there))
        assert f"run-{number}" in _names(there)
    assert overtaken[0] > 0
    monkeypatch.undo()
    for path in [*people, *people]:
        _sync(path, str(there))
    assert all(parts(path) == parts(there) for path in people) and len(_names(there)) == 7


def test_a_file_that_never_rests_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends, says so, and the file is what the others wrote."""
    there, path = tmp_path / "all.artui", tmp_path / "mine.artui"
    _log(path, "a")
    monkeypatch.setattr(FolderStore, "replace", lambda *_, **__: False)
    with pytest.raises(StoreFailed, match="all the time"):
        _sync(path, str(there))
    monkeypatch.setattr(FolderStore, "state", lambda *_: str(random.random()))
    _log(there, "b")
    with pytest.raises(StoreFailed, match="all the time"):
        meeting_at(str(there), is_written=False).pull(path, is_dry=False, tell=None)


def test_what_cannot_be_one_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is open, damaged, no catalog, or behind a web server; what is to be redacted; each says what to do."""
    there, path = tmp_path / "all.artui", tmp_path / "mine.artui"
    _log(path, "a")
    _log(there, "b")
    (tmp_path / "all.artui-wal").write_bytes(b"")
    with pytest.raises(UsageError, match="open in a program"):
        one_file(str(there), is_written=True)
    (tmp_path / "all.artui-wal").unlink()
    with pytest.raises(UsageError, match="not redacted"):
        onefile.push(path, one_file(str(there), is_written=True), Outgoing(redacted=frozenset({"user"})))
    with pytest.raises(UsageError, match="web server"):
        meeting_at("https://127.0.0.1/x.artui", is_written=True)
    with pytest.raises(UsageError, match="no folder"):
        meeting_at(str(tmp_path / "none" / "x.artui"), is_written=True)
    content = there.read_bytes()
    there.write_bytes(content[:3000] + os.urandom(3000) + content[6000:])
    before = there.read_bytes()
    for verb in (_sync, lambda *both: onefile.push(both[0], one_file(both[1], is_written=True), Outgoing())):
        with pytest.raises(CatalogDamaged):
            verb(path, str(there))
    assert there.read_bytes() == before
    there.write_bytes(b"no catalog")
    with pytest.raises(artui.ArtuiError, match=r"all\.artui"):
        _sync(path, str(there))
    assert there.read_bytes() == b"no catalog"
    monkeypatch.setenv("ARTUI_READ_ONLY", "1")
    load_settings.cache_clear()
    with pytest.raises(CatalogReadOnly):
        onefile.push(path, one_file(str(there), is_written=True), Outgoing())


def _states(store: Store, name: str, elsewhere: Callable[[bytes], object]) -> None:
    """A store replaces only what it was told of, whole or not at all."""
    assert store.state(name) is None and store.size(name) is None
    assert not store.replace(name, 1, [b"x"], state=_no_state(store)) and store.size(name) is None
    assert store.replace(name, 3, [b"a", b"bc"], state=None) and not store.replace(name, 1, [b"x"], state=None)
    first = store.state(name)
    assert first is not None and first == store.state(name)
    assert store.replace(name, 4, [b"abcd"], state=first) and not store.replace(name, 1, [b"x"], state=first)
    second = store.state(name)
    elsewhere(b"abce")
    assert second not in (first, store.state(name)) and not store.replace(name, 1, [b"x"], state=second)
    assert b"".join(store.pieces(name, 0, 4)) == b"abce"

    def broken() -> Iterable[bytes]:
        yield b"zz"
        raise RuntimeError("the disk")

    with pytest.raises(RuntimeError):
        store.replace(name, 4, broken(), state=store.state(name))
    assert b"".join(store.pieces(name, 0, 4)) == b"abce"


def _no_state(store: Store) -> str:
    return '"0123456789abcdef0123456789abcdef"' if store.uri.startswith("s3") else "1 2 3"


def test_a_folder_replaces_what_it_was_told_of(tmp_path: Path) -> None:
    """And leaves nothing beside it."""
    _states(stores.opened(str(tmp_path)), ODD, (tmp_path / ODD).write_bytes)
    assert [each.name for each in tmp_path.iterdir()] == [ODD]
    with pytest.raises(StoreFailed, match="no regular file"):
        (tmp_path / "link").symlink_to(tmp_path / ODD)
        stores.opened(str(tmp_path)).state("link")


def test_a_folder_behind_ssh_does(ssh_server: SshServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a real sshd; then two people keep a file there, whose name no shell would like."""
    ssh_server.store.mkdir(parents=True)
    _states(stores.opened(ssh_server.uri), ODD, (ssh_server.store / ODD).write_bytes)
    assert [each.name for each in ssh_server.store.iterdir()] == [ODD]
    _two_keep(f"{ssh_server.uri}/{ODD.replace(ODD[0], 'b')}".replace(" ", "%20"), tmp_path)


def test_a_bucket_does(moto: None, tmp_path: Path) -> None:
    """With a real S3 server, which compares in the same request."""
    store = stores.opened("s3://bucket/some")

    def elsewhere(content: bytes) -> None:
        assert store.replace(ODD, len(content), [content], state=store.state(ODD))

    _states(store, ODD, elsewhere)
    _two_keep("s3://bucket/some/all.artui", tmp_path)
    with pytest.raises(StoreFailed, match="up to 134,217,728"):
        store.replace("large", 200 << 20, [], state=None)


def _two_keep(place: str, tmp_path: Path) -> None:
    ada, bob = tmp_path / "ada.artui", tmp_path / "bob.artui"
    _log(ada, "a")
    _log(bob, "b")
    for path in (ada, bob, ada):
        _sync(path, place)
    assert parts(ada) == parts(bob) and _names(ada) == {"a", "b"}


# Second copies, and the web


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A folder with packs of two people."""
    folder = tmp_path / "team"
    folder.mkdir()
    for name in ("ada", "bob"):
        _log(tmp_path / f"{name}.artui", name)
        _sync(tmp_path / f"{name}.artui", str(folder))
    return folder


def _packs(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("packs/*/*.pack")}


def test_a_mirror_has_all_packs(team: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Byte for byte, once; one that was cut is written again, one that is bad at its source is named, nothing is removed."""
    copy = tmp_path / "copy"
    assert "would copy 2 packs" in _say(capsys, "mirror", str(team), str(copy), "-n")[1] and not copy.exists()
    assert "copied 2 packs" in _say(capsys, "mirror", str(team), str(copy))[1]
    assert _packs(copy) == _packs(team)
    assert orjson.loads((copy / INDEX).read_bytes())["packs"] == {name: len(content) for name, content in _packs(team).items()}  # fmt: skip
    assert "nothing that is not there already" in _say(capsys, "mirror", str(team), str(copy))[1]
    first = copy / min(_packs(copy))
    first.chmod(0o644)
    first.write_bytes(first.read_bytes()[:-10])
    assert "copied 1 pack," in _say(capsys, "mirror", str(team), str(copy))[1] and _packs(copy) == _packs(team)
    # Both ways, two teams become one.
    _log(tmp_path / "cyd.artui", "cyd")
    _sync(tmp_path / "cyd.artui", str(copy))
    assert "copied" in _say(capsys, "mirror", str(copy), str(team))[1] and _packs(copy) == _packs(team)
    _sync(tmp_path / "ada.artui", str(team))
    assert parts(tmp_path / "ada.artui") == parts(tmp_path / "cyd.artui")
    bad = team / max(_packs(team))
    bad.chmod(0o644)
    bad.write_bytes(bytes(bad.stat().st_size))
    late = tmp_path / "late"
    code, said = _say(capsys, "mirror", str(team), str(late))
    assert code == 1 and "is not what its name says" in said and len(_packs(late)) == len(_packs(team)) - 1
    for words in ((str(team), str(team)), (str(tmp_path / "nowhere"), str(late)), (str(team), "https://127.0.0.1/x")):
        assert _say(capsys, "mirror", *words)[0] == 2


@pytest.fixture
def web(team: Path, tmp_path: Path) -> Iterable[Web]:
    """A server that gives the files below the folder, and lists nothing."""
    pytest.importorskip("obstore")
    with serving(tmp_path) as web:
        yield web


def test_packs_are_pulled_from_a_web_server(web: Web, team: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    """By the index of a mirror, or by pages of the server; also one that knows no ranges; one file, too; and nothing is pushed."""
    code, said = _say(capsys, "pull", f"{web.uri}/team", "-c", str(tmp_path / "x.artui"))
    assert code == 1 and "lists nothing" in said and "artui mirror" in said
    mirror(packs.place(str(team), is_written=False), packs.place(str(tmp_path / "copy"), is_written=True))
    for number, takes_ranges in enumerate((True, False)):
        web.takes_ranges = takes_ranges
        path = tmp_path / f"web-{number}.artui"
        assert "2 packs brought 2 new runs" in _say(capsys, "pull", f"{web.uri}/copy", "-c", str(path))[1]
        assert parts(path) == parts(tmp_path / "bob.artui")
    web.makes_pages = True
    for number, uri in enumerate((f"{web.uri}/team", f"{web.uri}/bob.artui")):
        path = tmp_path / f"page-{number}.artui"
        assert "brought 2 new runs" in _say(capsys, "pull", uri, "-c", str(path))[1]
        assert parts(path) == parts(tmp_path / "bob.artui")
    assert _say(capsys, "push", f"{web.uri}/copy", "-c", str(path))[0] == 2
    code, said = _say(capsys, "pull", f"{web.uri}/none.artui", "-c", str(path))
    assert code == 1 and "is not there" in said


def test_an_index_of_a_stranger_harms_nobody(web: Web, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it names is looked for under the name of a pack only; whatever else it says is passed over."""
    odd = tmp_path / "odd" / "packs"
    odd.mkdir(parents=True)
    name = f"packs/{'0' * 26}/{'0' * 26}-{'0' * 64}.pack"
    for index, code in (
        (b"", 0), (b"[]", 0), (b"{}", 0), (b'{"packs": 5}', 0), (b'{"packs": {"../../etc/passwd": 5, "packs/x.pack": 5, "": 1}}', 0),
        (orjson.dumps({"packs": {name: "5"}}), 0), (orjson.dumps({"packs": {name: 1 << 62}}), 1), (orjson.dumps({"packs": {name: -1}}), 1),
        (b"[" * 5000, 0), (bytes(5000), 0),
    ):  # fmt: skip
        (odd / "index.json").write_bytes(index)
        answer, said = _say(capsys, "pull", f"{web.uri}/odd", "-c", str(tmp_path / "x.artui"))
        assert answer == code, (index, said)
        assert "passwd" not in " ".join(web.asked)
    (odd / "index.json").write_bytes(orjson.dumps({"packs": {name: 5}}))
    answer, said = _say(capsys, "pull", f"{web.uri}/odd", "-c", str(tmp_path / "x.artui"))
    assert answer == 0, said  # it is gone, as one that was replaced


def test_pages_are_read_for_names_only() -> None:
    """Relative and whole paths, quoted letters; what leads elsewhere, upwards or nowhere is no name."""
    page = b"""<html><a href="01AB/">x</a><A HREF='/team/packs/02CD/'>y</A><a href="?C=M;O=A">Last</a><a href="../">up</a>
    <a href="01AB/">again</a><a>none</a><a href="a%2fb.pack">q</a><a href="x.pack">p</a><a href="http://[">bad</a><a href="%00">z</a>"""
    assert links(page) == ["01AB", "02CD", "b.pack", "x.pack"]
    assert links(b"\xff<a href=") == []
    assert isinstance(packs.place("https://127.0.0.1/x", is_written=False), WebStore)
