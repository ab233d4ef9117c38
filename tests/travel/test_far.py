"""Catalogs that lie elsewhere are read where they lie, say what they say there, follow what is written, and stay here for when nobody answers."""

from __future__ import annotations

import os
import random
import re
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from artui.catalog import Catalog, logical, opening, runs
from artui.cli import far as far_verbs
from artui.cli import run as run_cli
from artui.content.stores import store
from artui.errors import ArtuiError, CatalogError, CatalogNotFound, CatalogReadOnly, UsageError
from artui.query.reader import Reader
from artui.query.runs.order import RunsRequest, run_order
from artui.query.runs.rows import run_ids
from artui.settings import cache_folder
from artui.travel.far import following
from artui.travel.far.ahead import Ahead, _children
from artui.travel.far.blocks import Blocks
from artui.travel.far.frames import frames_of
from artui.travel.far.reaching import Reached, is_far_catalog, reach
from artui.travel.far.source import BLOCK_BYTES
from artui.travel.past import as_of
from tests.servers import SshServer
from tests.web import Web, serving


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    pytest.importorskip("obstore")
    folder = tmp_path / "web"
    folder.mkdir()
    with serving(folder) as served:
        yield served


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """Whatever a test reaches is let go behind it."""
    yield
    while far_verbs._reached:
        far_verbs._reached.pop().close()


def _rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with opening.border(path), closing(opening.connect(opening.inspect(path))) as connection:
        return {part: connection.execute(query).fetchall() for part, query in logical.PARTS.items()}


@dataclass
class There:
    """Where a catalog lies elsewhere."""

    folder: Path
    uri: str


@pytest.fixture(params=["web", "ssh"])
def there(request: pytest.FixtureRequest) -> There:
    """A folder of a web server, and of a machine behind ssh: with a name that a shell would take apart."""
    if request.param == "web":
        web: Web = request.getfixturevalue("web")
        return There(web.folder, web.uri)
    server: SshServer = request.getfixturevalue("ssh_server")
    folder = server.store / """it's "$(touch x)" `; *"""
    folder.mkdir(parents=True)
    return There(folder, f"{server.uri}/{quote(folder.name)}")


@pytest.fixture(params=[0, following.WHOLE_BYTES], ids=["blocks", "whole"])
def _sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "WHOLE_BYTES", request.param)


@pytest.fixture
def in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "WHOLE_BYTES", 0)


@pytest.mark.usefixtures("_sizes")
def test_all_that_it_says_there_is_read_here(there: There, demo_catalog: Path) -> None:
    """Every row of every table is what the file itself says, and nothing lies beside it afterwards."""
    shutil.copy(demo_catalog, there.folder / "x y.artui")

    reached = reach(f"{there.uri}/x%20y.artui")

    assert _rows(reached.path) == _rows(demo_catalog)
    assert os.listdir(there.folder) == ["x y.artui"]
    reached.close()
    assert not reached.path.exists()


@pytest.mark.usefixtures("in_blocks")
def test_the_first_rows_need_a_part_of_the_bytes_and_the_next_time_none(web: Web, demo_catalog: Path) -> None:
    """Of a catalog with large files inside only the blocks with rows are fetched, and once."""
    path = web.folder / "x.artui"
    shutil.copy(demo_catalog, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO chunk (digest, codec, content, size_bytes) VALUES (zeroblob(32), 'raw', zeroblob(?), ?)",
            (16 << 20, 16 << 20),
        )
    fetched = []
    for _ in range(2):
        web.given_bytes = 0
        reached = reach(f"{web.uri}/x.artui")
        with Reader(reached.path) as reader:
            keys = list(run_order(reader, RunsRequest()).keys)
        reached.close()
        fetched.append(web.given_bytes)

    with Reader(path) as reader:
        assert keys == list(run_order(reader, RunsRequest()).keys)
    assert fetched[0] < path.stat().st_size / 4
    assert fetched[1] == 0


def _begin_runs(path: Path, count: int) -> Catalog:
    """Write runs, and leave what was written in the `-wal`."""
    catalog = Catalog(path)
    for _ in range(count):
        with catalog.transaction() as connection:
            runs.start(connection, runs.NewRun("p", os.urandom(6).hex(), params={"lr": 0.1}))
    return catalog


def _names(path: Path) -> list[str]:
    with closing(opening.connect(opening.inspect(path))) as connection:
        return [str(name) for (name,) in connection.execute("SELECT name FROM run ORDER BY key")]


@pytest.mark.usefixtures("in_blocks")
def test_what_a_writer_has_committed_there_is_shown_and_nothing_else(ssh_server: SshServer) -> None:
    """Runs in the -wal are shown, then those that came, also across checkpoints and a new filling of the -wal, for few bytes."""
    ssh_server.store.mkdir()
    path = ssh_server.store / "x.artui"
    catalog = _begin_runs(path, 40)
    reached = reach(f"{ssh_server.uri}/x.artui")
    with Reader(reached.path) as reader:
        for number in range(6):
            assert (ssh_server.store / "x.artui-wal").exists()
            assert _names(reached.path) == _names(path)
            # A reader that stays sees it, too.
            with reader.reading() as connection:
                assert connection.execute("SELECT count(*) FROM run").fetchone() == (40 + number,)
            with catalog.transaction() as connection:
                runs.start(connection, runs.NewRun("p", f"more {number}"))
            if number % 2:
                with closing(sqlite3.connect(path)) as other:
                    other.execute(
                        "PRAGMA wal_checkpoint(TRUNCATE)" if number == 3 else "PRAGMA wal_checkpoint(RESTART)"
                    )
            before = reached.catalog.fetched_bytes
            assert reached.catalog.look()
            reached.refresh()
            assert reached.catalog.fetched_bytes - before <= 1 << 20
    catalog.close()
    assert reached.catalog.look()
    reached.refresh()
    assert not (ssh_server.store / "x.artui-wal").exists()
    assert _rows(reached.path) == _rows(path)


@pytest.mark.usefixtures("in_blocks")
def test_blocks_that_are_the_same_are_not_fetched_again(ssh_server: SshServer, demo_catalog: Path) -> None:
    """After a change of one row the other machine says which blocks are what they were."""
    ssh_server.store.mkdir()
    path = ssh_server.store / "x.artui"
    shutil.copy(demo_catalog, path)
    reached = reach(f"{ssh_server.uri}/x.artui")
    _rows(reached.path)
    before = reached.catalog.fetched_bytes
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE run SET note = 'changed' WHERE key = (SELECT max(key) FROM run)")

    assert reached.catalog.look()
    reached.refresh()

    assert _rows(reached.path) == _rows(path)
    assert reached.catalog.fetched_bytes - before <= 384 << 10 < before


@pytest.mark.usefixtures("in_blocks")
def test_two_states_are_never_mixed(there: There, demo_catalog: Path) -> None:
    """Who goes on reading a state that is gone gets an error that says so, and the next look the new one."""
    path = there.folder / "x.artui"
    shutil.copy(demo_catalog, path)
    reached = reach(f"{there.uri}/x.artui")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE run SET note = 'changed'")

    with pytest.raises(CatalogError, match="while it was read"):
        _rows(reached.path)
    reached.catalog.look()
    reached.refresh()
    assert _rows(reached.path) == _rows(path)


@pytest.mark.usefixtures("in_blocks")
def test_what_was_seen_stays_when_nobody_answers(web: Web, demo_catalog: Path) -> None:
    """Offline the rows that were read are read again, with a note from when they are; what is missing is said in words."""
    shutil.copy(demo_catalog, web.folder / "x.artui")
    reached = reach(f"{web.uri}/x.artui")
    names = _names(reached.path)
    assert not reached.catalog.note
    reached.close()
    web.is_there = False

    reached = reach(f"{web.uri}/x.artui")

    assert _names(reached.path) == names
    assert re.fullmatch(r"offline, as of \d{4}-\d\d-\d\d \d\d:\d\d", reached.catalog.note)
    with Reader(reached.path) as reader:
        assert reader.note == reached.catalog.note
    with pytest.raises(CatalogError, match="is not in the cache"):
        _rows(reached.path)
    web.is_there = True
    reached.catalog.look()
    assert not reached.catalog.note
    assert _rows(reached.path) == _rows(demo_catalog)


def test_a_server_without_ranges_gives_the_whole(web: Web, demo_catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is fetched in one stream, which is said while it comes."""
    monkeypatch.setattr(following, "WHOLE_BYTES", 0)
    web.takes_ranges = False
    shutil.copy(demo_catalog, web.folder / "x.artui")
    told: list[tuple[str, int, int]] = []

    reached = reach(f"{web.uri}/x.artui", tell=lambda *words: told.append(words))

    size_bytes = demo_catalog.stat().st_size
    assert _rows(reached.path) == _rows(demo_catalog)
    assert told[-1][1:] == (size_bytes, size_bytes)


def test_nothing_can_be_changed(web: Web, demo_catalog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No way leads to writing: neither the catalog's own, nor a verb, nor SQL on a connection that may do anything."""
    shutil.copy(demo_catalog, web.folder / "x.artui")
    before = (web.folder / "x.artui").read_bytes()
    reached = reach(f"{web.uri}/x.artui")

    with pytest.raises(CatalogReadOnly, match="lies elsewhere"):
        Catalog(reached.path)
    with Reader(reached.path) as reader:
        assert not reader.may_write
        assert "open it there" in reader.why_not_writable
    connection = opening.connect(opening.inspect(reached.path))
    connection.set_authorizer(None)
    connection.execute("PRAGMA query_only=0")
    with closing(connection), pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM run")
    for verb in ("note", "gc", "compact", "log"):
        assert run_cli([verb, "-c", f"{web.uri}/x.artui"]) == 2
        assert "lies elsewhere" in capsys.readouterr().err
    assert (web.folder / "x.artui").read_bytes() == before


def test_verbs_that_read_take_a_uri(
    there: There, demo_catalog: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They print what they print of the file itself; and merge takes all of it, with the bytes of files."""
    shutil.copy(demo_catalog, there.folder / "x.artui")
    uri = f"{there.uri}/x.artui"
    for words in (
        ["ls", "--json"],
        ["ls", "--artifacts", "--json"],
        ["show", "digits-model", "--json"],
        ["trace", "digits-model"],
        ["sql", "--json", "SELECT deployment, version, role FROM releases ORDER BY from_ms"],
        ["sql", "--jsonl", "SELECT run, name, step, value FROM metric_points WHERE name = 'val/acc' LIMIT 3"],
    ):
        printed = []
        for named in (str(demo_catalog), uri):
            assert run_cli([*words, "-c", named]) == 0
            printed.append(re.sub(r'"(path|catalog)": "[^"]*"', "", capsys.readouterr().out))
        assert printed[0] == printed[1]
    # Behind the query, too; of several, none may lie elsewhere.
    assert run_cli(["sql", "SELECT count(*) FROM runs", uri]) == 0 and capsys.readouterr().out
    assert run_cli(["sql", "SELECT count(*) FROM runs", uri, str(demo_catalog)]) == CatalogError.exit_code
    assert "is asked alone. `artui merge A B --into C`" in capsys.readouterr().err
    assert run_cli(["sql", f"SELECT 1 -- {uri}", str(demo_catalog)]) == 0 and capsys.readouterr().out
    assert run_cli(["merge", uri, "--into", str(tmp_path / "mine.artui")]) == 0
    merged, own = _rows(tmp_path / "mine.artui"), _rows(demo_catalog)
    assert merged["content"] == own["content"]
    assert merged["runs"] == own["runs"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("CREATE TRIGGER t AFTER INSERT ON run BEGIN SELECT 1; END", "not laid out"),
        ("CREATE VIEW v AS SELECT 1", "not laid out"),
        ("PRAGMA application_id = 7", "not an artui catalog"),
    ],
)
def test_a_stranger_passes_the_same_gate(web: Web, demo_catalog: Path, change: str, why: str) -> None:
    """What is refused as a file is refused from elsewhere."""
    path = web.folder / "x.artui"
    shutil.copy(demo_catalog, path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(change)

    reached = reach(f"{web.uri}/x.artui")

    with pytest.raises(ArtuiError, match=why):
        Reader(reached.path)


@pytest.mark.parametrize(
    "uri",
    [
        "ssh://-oProxyCommand=touch%20x/y.artui", "ssh://-oProxyCommand=touch@host/y.artui", "ssh://host/-rf/y.artui", "ssh://host/a%0Ab/y.artui",
        "ssh://host/../y.artui", "ssh://host;touch/y.artui", "ssh://$(touch)/y.artui", "ssh://ho st/y.artui", "s3:///y.artui",
    ],
)  # fmt: skip
def test_no_uri_becomes_an_option_or_a_word_of_a_shell(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused before any program is started."""
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a program was started"))
    with pytest.raises(UsageError):
        reach(uri)


def test_what_cannot_be_reached_is_said_in_words(
    there: There, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is not there, a host that does not answer: one line each, and a remedy."""
    monkeypatch.setattr(store, "CONNECT_SECONDS", 2.0)
    assert run_cli(["ls", "-c", f"{there.uri}/none.artui"]) == CatalogNotFound.exit_code
    assert re.fullmatch(r"artui: There is no.*\n", capsys.readouterr().err)
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = re.sub(r":\d+/", f":{taken.getsockname()[1]}/", f"{there.uri}/none.artui", count=1)
        assert run_cli(["ls", "-c", nobody]) == CatalogError.exit_code
        assert re.fullmatch(r"artui: .*cannot be reached.*\n", capsys.readouterr().err)


def test_a_frame_counts_once_its_commit_is_whole(tmp_path: Path) -> None:
    """A -wal that is cut or damaged anywhere says what SQLite reads of it."""
    path, chance = tmp_path / "x.db", random.Random(7)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("CREATE TABLE t (a, b)")
        connection.execute("PRAGMA wal_checkpoint(RESTART)")
        for number in range(60):
            connection.execute("BEGIN")
            for _ in range(chance.randrange(1, 4)):
                connection.execute("INSERT INTO t VALUES (?, ?)", (number, chance.randbytes(chance.choice((10, 9000)))))
            connection.execute("COMMIT")
            if number == 20:  # what follows fills it anew, over frames that no longer count
                connection.execute("PRAGMA wal_checkpoint(RESTART)")
        main, log = path.read_bytes(), (tmp_path / "x.db-wal").read_bytes()
    for number in range(30):
        damaged = bytearray(log[: chance.randrange(len(log))] if number % 2 else log)
        if damaged and number % 3 == 0:
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        copy = tmp_path / f"{number}.db"
        copy.write_bytes(main)
        Path(f"{copy}-wal").write_bytes(damaged)
        with closing(sqlite3.connect(copy)) as connection:
            rows = connection.execute("SELECT count(*), total(length(b)) FROM t").fetchone()
        frames = frames_of(bytes(damaged))
        joined = bytearray(main.ljust(frames.page_count * frames.page_bytes, b"\0"))
        for page in frames.places:
            joined[(page - 1) * 4096 : page * 4096] = frames.page(page) or b""
        ours = tmp_path / f"ours-{number}.db"
        ours.write_bytes(joined[: frames.page_count * frames.page_bytes or None])
        with closing(sqlite3.connect(f"file:{ours}?immutable=1", uri=True)) as connection:
            assert connection.execute("SELECT count(*), total(length(b)) FROM t").fetchone() == rows


def test_a_block_counts_once_it_is_whole(tmp_path: Path) -> None:
    """Whatever a kill or a bad disk leaves, a block that does not fit its sum is not there; nobody else may read the files."""
    size_bytes, chance = 5 * BLOCK_BYTES + 100, random.Random(3)
    content = [chance.randbytes(BLOCK_BYTES) for _ in range(5)] + [chance.randbytes(100)]
    blocks = Blocks(tmp_path / "b", size_bytes)
    assert blocks.get(0) is None
    for number, block in enumerate(content):
        blocks.put(number, block + b"more" * (number == 5))
    blocks.close()
    with open(tmp_path / "b" / "blocks", "r+b") as stream:
        stream.seek(2 * BLOCK_BYTES + 9)
        stream.write(bytes(20))
    with open(tmp_path / "b" / "sums", "r+b") as stream:
        stream.seek(4 * 3)
        stream.write(bytes(4))

    again = Blocks(tmp_path / "b", size_bytes)

    assert [again.get(number) for number in range(6)] == [
        None if number in (2, 3) else block for number, block in enumerate(content)
    ]
    assert {stat.S_IMODE((tmp_path / "b" / name).stat().st_mode) for name in ("blocks", "sums")} == {0o600}


def test_a_uri_of_a_catalog_is_told_from_others() -> None:
    """By its scheme and its ending, also before a signature."""
    yes = ("ssh://box/x.artui", "s3://b/x.artui", "https://h/x.artui?sig=1", "az://b/x.artui", "gs://b/x.artui")
    no = ("x.artui", "ssh://box/x", "ftp://h/x.artui", "https://h/?x.artui", "file:///x.artui", "://x.artui")
    assert [is_far_catalog(word) for word in (*yes, *no)] == [True] * len(yes) + [False] * len(no)


def test_the_open_app_asks_again(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is followed changes its stand-in once something was written there."""
    monkeypatch.setattr("artui.travel.far.reaching._SECONDS", 0.05)
    monkeypatch.setenv("ARTUI_REFRESH_SECONDS", "0.05")
    path = there.folder / "x.artui"
    _begin_runs(path, 2).close()
    reached: Reached = reach(f"{there.uri}/x.artui")
    token = opening.file_token(reached.path)
    reached.follow()
    _begin_runs(path, 1).close()
    deadline = time.monotonic() + 20
    # A web server gives the file also while it is being written: what was begun there may come before what was written.
    while _names(reached.path) != _names(path) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert _names(reached.path) == _names(path) and opening.file_token(reached.path) != token
    assert not list(cache_folder().rglob("*.part"))


def test_a_process_that_closes_nothing_ends_well(web: Web, demo_catalog: Path, tmp_path: Path) -> None:
    """Connections that are still open at the end of Python end without it."""
    shutil.copy(demo_catalog, web.folder / "x.artui")
    program = "import sys\nfrom artui.query.reader import Reader\nfrom artui.travel.far.reaching import reach\nreader = Reader(reach(sys.argv[1]).path)\nwith reader.reading() as c: rows = c.execute('SELECT id FROM run'); print(rows.fetchone() is not None)"  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", program, f"{web.uri}/x.artui"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


def test_a_bucket_is_read_and_followed(moto: None, demo_catalog: Path) -> None:
    """By ranges from a real server of S3; an object that is replaced is seen, and its old state is never read on."""
    obstore = pytest.importorskip("obstore")
    bucket = obstore.store.from_url("s3://bucket", client_options={"allow_http": True})
    obstore.put(bucket, "a b/x y.artui", demo_catalog.read_bytes())
    reached = reach("s3://bucket/a%20b/x%20y.artui")
    assert _rows(reached.path) == _rows(demo_catalog)
    with closing(sqlite3.connect(demo_catalog)) as connection, connection:
        connection.execute("UPDATE run SET note = 'changed'")
    obstore.put(bucket, "a b/x y.artui", demo_catalog.read_bytes())
    assert reached.catalog.look()
    reached.refresh()
    assert _rows(reached.path) == _rows(demo_catalog)


def test_the_past_of_it_is_told_as_of_a_file(
    there: There, demo_catalog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--at` goes with a URI, too."""
    shutil.copy(demo_catalog, there.folder / "x.artui")
    printed = []
    for named in (str(demo_catalog), f"{there.uri}/x.artui"):
        assert run_cli(["--at", "2100", "ls", "-c", named]) in (0, 2)
        printed.append(capsys.readouterr().out)
        with Reader(reach(named).path if "://" in named else demo_catalog) as reader:
            past = as_of(reader.path, 4_000_000_000_000)
            with past.folder, Reader(past.path) as was:
                printed.append(str(run_ids(was, run_order(was, RunsRequest()).keys)))
    assert printed[:2] == printed[2:]


def test_who_reads_a_table_in_order_is_asked_few_times(tmp_path: Path) -> None:
    """Every page of a scattered table is wanted, with growing numbers of its siblings; single rows want single pages."""
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA page_size=512")
        connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b)")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO t VALUES (?, ?)", ((number, "x" * 200) for number in range(4000)))
        connection.execute("COMMIT")
    content = path.read_bytes()
    pages = {number: content[(number - 1) * 512 : number * 512] for number in range(1, len(content) // 512 + 1)}
    leaves: list[int] = []

    def walk(number: int) -> Iterator[int]:
        yield number
        if pages[number][0] == 5:
            for child in _children(pages[number], 0):
                yield from walk(child)

    there: set[int] = set()
    ahead, asked = Ahead(), 0
    for number in walk(2):
        if number not in there:
            asked += 1
            there.update(ahead.wanted(number))
        ahead.see(number, pages[number])
        leaves += [number] * (pages[number][0] == 13)
    assert len(leaves) > 1500
    assert asked < len(leaves) / 10
    assert there <= set(pages)
    assert {len(ahead.wanted(number)) for number in random.Random(1).sample(leaves, 50)} <= {1, 4}


@pytest.mark.usefixtures("in_blocks")
def test_pages_that_lie_about_their_children_harm_nobody(web: Web, demo_catalog: Path) -> None:
    """Numbers of pages that are none are not asked for: what is read says what a damaged file of this machine says."""
    path, chance = web.folder / "x.artui", random.Random(5)
    content = bytearray(demo_catalog.read_bytes())
    page_bytes = int.from_bytes(content[16:18], "big")
    for place in range(page_bytes, len(content), page_bytes):
        if content[place] in (2, 5):
            cell = place + int.from_bytes(content[place + 12 : place + 14], "big")
            content[cell : cell + 4] = chance.choice((bytes(4), b"\xff" * 4, chance.randbytes(4)))
    path.write_bytes(content)
    reached = reach(f"{web.uri}/x.artui")
    said = []
    for each in (path, reached.path):
        try:
            said.append(str(_rows(each)))
        except ArtuiError as error:
            said.append(type(error).__name__)
    assert said[0] == said[1]
