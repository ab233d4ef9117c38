"""A redacted copy names nobody and no place in any byte; what it is merged with stays whole."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import random
import re
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from artui.catalog import Catalog, artifacts, blobs, deployments, events, ids, logical, rewriting
from artui.catalog.checking import check_data
from artui.catalog.merging.merge import merge
from artui.catalog.redacting import CLASSES, classes_of
from artui.cli import run as run_cli
from artui.errors import UsageError
from artui.model.deployments import Incident
from artui.query.reader import Reader
from artui.travel.sharing import Order, share
from tests import mutating

USER, HOST, FOLDER = "adacanary", "canarybox7", "secretcanary"
TOKEN = "ghp_" + "CANARYtokenCANARYtokenCANARYtoken0123"[:36]
CORES = ("adacanary", "canarybox7", "secretcanary", "CANARYtoken")
ALL = frozenset(CLASSES)
TEXT = f"{USER} on {HOST}.corp.example, in /home/{USER}/{FOLDER}/train.csv, s3://{FOLDER}-bucket/{FOLDER}/x, {TOKEN}"
NOT_OURS = {("catalog", "id"), ("spool", "id"), ("chunk", "codec"), ("block", "codec")}


def _bytes_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """Give everything that is in a catalog: raw, inflated, and the words of the index."""
    yield "raw", path.read_bytes()
    with closing(sqlite3.connect(path)) as connection:
        for codec, content in connection.execute("SELECT codec, content FROM chunk"):
            yield "chunk", zlib.decompress(content) if codec == "zlib" else content
        for (sketch,) in connection.execute("SELECT sketch FROM profile WHERE sketch IS NOT NULL"):
            with contextlib.suppress(zlib.error, TypeError):
                yield "sketch", zlib.decompress(sketch)
        connection.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, search, row)")
        yield "index", "\n".join(term for (term,) in connection.execute("SELECT term FROM temp.words")).encode()


def _left(path: Path, *cores: str) -> list[str]:
    left = []
    for place, content in _bytes_of(path):
        lower = content.lower()
        for core in cores or CORES:
            forms = (core.encode(), core.encode("utf-16-le"), base64.b64encode(core.encode() * 2)[2:-6])
            left += [f"{core} in {place}" for form in forms if form in content or (form.lower() in lower and form.isascii() and b"\0" not in form and place != "raw")]  # fmt: skip
            if core.lower().encode() in lower:
                left.append(f"{core} in {place}, in some case")
    return left


def _text_columns(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return [
        (table, column[1])
        for table in tables
        if not table.startswith(("search", "sqlite_", "_sqlite"))
        for column in connection.execute(f'PRAGMA table_info("{table}")')
        if column[2] in ("TEXT", "")
    ]


def _planted(cell: str) -> str:
    """Give a cell with the canaries in it, which is still JSON if it was."""
    with contextlib.suppress(ValueError):
        value = json.loads(cell)
        if isinstance(value, list):
            return json.dumps([*value, TEXT])
        if isinstance(value, dict):
            return json.dumps({**value, "canary": TEXT, f"{USER}": 1})
        if isinstance(value, str):
            return json.dumps(f"{value} {TEXT}")
    return f"{cell} {TEXT}"


def _plant_everywhere(path: Path) -> int:
    """Put the canaries into every text of every table that is not a word of ours; give in how many columns."""
    planted = set()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for table, column in _text_columns(connection):
            if (table, column) in NOT_OURS:
                continue
            for row in connection.execute(f'SELECT * FROM "{table}"').fetchall():
                names = [each[0] for each in connection.execute(f'SELECT * FROM "{table}" LIMIT 0').description]
                value = row[names.index(column)]
                if not isinstance(value, str) or rewriting.ID.match(value) or value in rewriting.OURS.get((table, column), ()):  # fmt: skip
                    continue
                new = {"user": USER, "host": f"{HOST}.corp.example", "author": f"{USER}@{HOST}"}.get(column, _planted(value))  # fmt: skip
                same = " AND ".join(f'"{name}" IS ?' for name in names)
                with contextlib.suppress(sqlite3.IntegrityError):
                    connection.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE {same}', (new, *row))
                    planted.add((table, column))
        connection.execute("COMMIT")
    return len(planted)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog with something in every table, in which names are those of a person, a host and a folder."""
    path = mutating.build(tmp_path_factory.mktemp("redacted") / "x.artui")
    with Catalog(path) as opened, opened.transaction() as connection:
        connection.execute("UPDATE run SET user = ?, host = ?, directory = ?", (USER, HOST, f"/home/{USER}/{FOLDER}"))  # fmt: skip
    return path


def test_no_column_of_text_keeps_a_canary(tmp_path: Path) -> None:
    """People, hosts, homes, buckets and tokens, in every text of every table as the file's own schema has them: 0 are left."""
    path = mutating.build(tmp_path / "x.artui")
    assert _plant_everywhere(path) > 50 and len(_left(path)) >= 4

    share(path, tmp_path / "out.artui", Order(redacted=ALL))

    assert _left(tmp_path / "out.artui") == []


FORMS = {
    "text": TEXT.encode(), "utf-16": TEXT.encode("utf-16-le"), "in lower case": TEXT.lower().encode(), "in capitals": TEXT.upper().encode(),
    "far inside": b"x" * (3 << 20) + TEXT.encode(), "across a chunk": b"y" * ((1 << 20) - 6) + f"/home/{USER}".encode() * 3, "binary": b"\0\1\2" + TEXT.encode() + b"\0",
    "token alone": f"key = '{TOKEN}'\n".encode(), "another's home": f"/home/zoe/{'x' * 5}".encode(),
}  # fmt: skip


def test_no_file_with_a_canary_goes_out(catalog: Path, tmp_path: Path) -> None:
    """Files that name somebody, in whatever form, stay here, named; the others go."""
    path = tmp_path / "x.artui"
    shutil.copy(catalog, path)
    contents = {**FORMS, "harmless": b"epoch,loss\n1,0.5\n" * 100}
    with Catalog(path) as opened, opened.transaction() as connection:
        for name, content in contents.items():
            key, digest, size = blobs.store(connection, io.BytesIO(content))
            files = [artifacts.NewFile("file.bin", size, digest, key)]
            new = artifacts.NewVersion(project="digits", name=f"file {name}", kind="dataset", stage="data", files=files)
            artifacts.save(connection, new)

    shared = share(path, tmp_path / "out.artui", Order(redacted=ALL))

    assert shared.redacted is not None
    kept_back = {file for file, _ in shared.redacted.content}
    assert {f"file {name}:v1/file.bin" for name in FORMS} <= kept_back
    assert "file harmless:v1/file.bin" not in kept_back
    assert _left(tmp_path / "out.artui") == [] and list(check_data(tmp_path / "out.artui")) == []


@pytest.mark.parametrize("name", CLASSES)
def test_each_class_takes_its_own_out_and_no_more(catalog: Path, tmp_path: Path, name: str) -> None:
    shared = share(catalog, tmp_path / "out.artui", Order(redacted=frozenset({name})))

    with closing(sqlite3.connect(tmp_path / "out.artui")) as connection, closing(sqlite3.connect(catalog)) as own:
        rows = {
            query: (connection.execute(query).fetchall(), own.execute(query).fetchall())
            for query in (
                "SELECT DISTINCT user FROM run", "SELECT DISTINCT host FROM run", "SELECT DISTINCT directory FROM run", "SELECT DISTINCT command FROM run",
                "SELECT note FROM run ORDER BY id", "SELECT count(*) FROM preview", "SELECT count(*) FROM context WHERE name = 'variables'",
            )
        }  # fmt: skip
    changed = {query for query, (one, other) in rows.items() if one != other}
    expected = {
        "user": {"SELECT DISTINCT user FROM run", "SELECT DISTINCT directory FROM run"}, "host": {"SELECT DISTINCT host FROM run"},
        "paths": {"SELECT DISTINCT directory FROM run"}, "argv": {"SELECT DISTINCT command FROM run"}, "notes": {"SELECT note FROM run ORDER BY id"},
        "previews": {"SELECT count(*) FROM preview"}, "env": {"SELECT count(*) FROM context WHERE name = 'variables'"}, "logs": {"SELECT count(*) FROM preview"},
    }  # fmt: skip
    assert changed == expected.get(name, set())
    assert shared.redacted is not None and shared.redacted.classes == (name,)
    assert list(check_data(tmp_path / "out.artui")) == []


def _digests(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        return logical.digests(connection)


def test_a_redacted_copy_never_replaces_what_is_whole(catalog: Path, tmp_path: Path) -> None:
    """Merged back it brings only that it was shared; in whatever order it comes, what is whole stays."""
    own, out = tmp_path / "x.artui", tmp_path / "out.artui"
    shutil.copy(catalog, own)
    share(own, out, Order(redacted=ALL))
    before = _digests(own)
    made = []
    for number, order in enumerate(((own, out), (out, own))):
        with Catalog(tmp_path / f"{number}.artui") as target:
            merge(target, order)
        made.append(_digests(tmp_path / f"{number}.artui"))
    assert made[0] == made[1]
    with closing(sqlite3.connect(own)) as connection, closing(sqlite3.connect(tmp_path / "1.artui")) as merged:
        origins = "SELECT count(*) FROM origin WHERE key IN (SELECT origin_key FROM event WHERE action = 'share')"
        assert merged.execute("SELECT count(*) FROM event WHERE action = 'share'").fetchone() == (1,)
        assert merged.execute(origins).fetchone() == (1,)
        events = "SELECT id, author, before, after, why, is_redacted FROM event WHERE action <> 'share' ORDER BY id"
        assert connection.execute(events).fetchall() == merged.execute(events).fetchall()
    assert {part for part in before if before[part] != made[0][part]} <= {"events", "origins"}


def test_who_got_a_redacted_copy_sees_that_it_is_one(catalog: Path, tmp_path: Path) -> None:
    share(catalog, tmp_path / "out.artui", Order(redacted=frozenset({"host", "notes"})))
    with closing(sqlite3.connect(tmp_path / "out.artui")) as connection:
        after, why = connection.execute("SELECT after, why FROM event WHERE action = 'share'").fetchone()
    assert json.loads(after) == {"redacted": ["host", "notes"]} and why == ""


def test_all_of_a_redacted_copy_comes_by_merging(catalog: Path, tmp_path: Path) -> None:
    """Merged into a new catalog it brings every run and version that it has."""
    out, target = tmp_path / "out.artui", tmp_path / "target.artui"
    share(catalog, out, Order(redacted=frozenset(CLASSES)))

    with Catalog(target) as opened:
        merge(opened, [out])

    assert _digests(target) == _digests(out)


def test_deleted_runs_do_not_go_out_redacted(catalog: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.artui"
    shutil.copy(catalog, path)
    from artui.catalog import events

    with Catalog(path) as opened, events.editing(opened, "x") as edit:
        edit.trash(ids.derived_id("test", "killed-run"))
    share(path, tmp_path / "whole.artui", Order())
    share(path, tmp_path / "out.artui", Order(redacted=ALL))
    names = {}
    for name in ("whole", "out"):
        with closing(sqlite3.connect(tmp_path / f"{name}.artui")) as connection:
            names[name] = {row[0] for row in connection.execute("SELECT name FROM run")}
    assert "killed-one" in names["whole"] - names["out"]


def _ordinary(chance: random.Random) -> str:
    return chance.choice((
        lambda: f"{chance.random():.6g}", lambda: f"{chance.getrandbits(160):040x}", lambda: f"{chance.getrandbits(256):064x}", lambda: f"resnet{chance.randrange(200)}/layer{chance.randrange(9)}",
        lambda: f"data/{chance.randrange(99)}/train.csv", lambda: f"2.{chance.randrange(9)}.{chance.randrange(20)}", lambda: chance.choice(("adam", "cosine", "root_mean_square", "user_embedding", "host_vector", "main/branch", "a/b/c", "x: 1/2", "relu | gelu", "50%")),
        lambda: f"torch=={chance.randrange(3)}.{chance.randrange(9)}.1", lambda: f"[{chance.randrange(9)}, {chance.randrange(99)}]", lambda: f"lr={chance.random():.3f}/wd={chance.random():.3f}", lambda: f"run-{chance.randrange(999)}-seed{chance.randrange(99)}",
        lambda: f"{chance.randrange(24):02d}:{chance.randrange(60):02d}:{chance.randrange(60):02d}", lambda: f"sha256:{chance.getrandbits(256):064x}", lambda: f"facebook/opt-{chance.randrange(99)}b",
    ))()  # fmt: skip


def test_ordinary_params_stay_as_they_are(catalog: Path, tmp_path: Path) -> None:
    """Of 10,000 hashes, relative paths, versions, names and numbers as texts none is changed."""
    chance = random.Random(5)
    texts = [_ordinary(chance) for _ in range(10_000)]
    path = tmp_path / "x.artui"
    shutil.copy(catalog, path)
    from artui.catalog.runs import name_key

    with Catalog(path) as opened, opened.transaction() as connection:
        (key,) = connection.execute("SELECT max(key) FROM run").fetchone()
        connection.executemany(
            "INSERT INTO param (run_key, name_key, type, text) VALUES (?, ?, 1, ?)",
            [(key, name_key(connection, f"o{number}"), text) for number, text in enumerate(texts)],
        )
        kept = dict(connection.execute("SELECT n.text, p.text FROM param AS p JOIN name AS n ON n.key = p.name_key WHERE p.run_key = ?", (key,)))  # fmt: skip
    share(path, tmp_path / "out.artui", Order(redacted=ALL))
    with closing(sqlite3.connect(tmp_path / "out.artui")) as connection:
        query = "SELECT n.text, p.text FROM param AS p JOIN name AS n ON n.key = p.name_key JOIN run AS r ON r.key = p.run_key WHERE n.text GLOB 'o[0-9]*'"
        got = dict(connection.execute(query).fetchall())
    changed = {name: (kept[name], text) for name, text in got.items() if re.fullmatch(r"o\d+", name) and kept[name] != text}  # fmt: skip
    assert changed == {} and len([name for name in got if re.fullmatch(r"o\d+", name)]) == 10_000


def test_classes_are_named_as_they_are(capfd: pytest.CaptureFixture[str], catalog: Path, tmp_path: Path) -> None:
    assert classes_of("") == classes_of("all") == ALL and classes_of(" host, user ") == {"host", "user"}
    with pytest.raises(UsageError):
        classes_of("hosts")
    assert run_cli(["share", str(tmp_path / "o.artui"), "--redact=hots", "--catalog", str(catalog)]) == 2
    assert "Did you mean host" in capfd.readouterr().err
    assert run_cli(["share", str(tmp_path / "o.artui"), "--redact", "--json", "--catalog", str(catalog)]) == 0
    record: dict[str, Any] = json.loads(capfd.readouterr().out)
    assert record["redacted"]["classes"] == [*CLASSES] and record["redacted"]["people"] >= 1


def test_a_whole_copy_names_what_looks_like_a_secret(catalog: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    """What came in all the same, as by other programs, is named before it goes out, without a letter of it."""
    path = tmp_path / "x.artui"
    shutil.copy(catalog, path)
    assert share(path, tmp_path / "clean.artui", Order()).suspects == ()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE run SET note = ? WHERE name = ?", (f"the key is {TOKEN}", mutating.BASELINE))
    assert run_cli(["share", str(tmp_path / "out.artui"), "--catalog", str(path)]) == 0
    said = capfd.readouterr().out
    assert f"github-token in the note of {mutating.BASELINE}" in said and "CANARY" not in said
    assert run_cli(["share", str(tmp_path / "red.artui"), "--redact", "--catalog", str(path)]) == 0
    assert _left(tmp_path / "red.artui", "CANARYtoken") == []


def test_who_approved_a_release_and_what_went_wrong_stay_here(tmp_path: Path) -> None:
    """Somebody who approved a release and changed nothing himself is not named; the texts of an incident go with notes."""
    path = mutating.build(tmp_path / "x.artui")
    with Catalog(path) as catalog, catalog.transaction() as connection, events.editing(catalog, "release") as edit:
        place = deployments.find_deployment(connection, mutating.PLACE)
        edit.set_release(place.version_id, replace(place.releases[0].release, approved_by="quentin"))
        edit.set_incident(place.version_id, Incident("I9", 1, "zorbing stopped", cause="the zorb"))
    share(path, tmp_path / "out.artui", Order(redacted=ALL))

    out = (tmp_path / "out.artui").read_bytes()
    assert b"quentin" not in out and b"zorb" not in out and b"quentin" in path.read_bytes()
    with Reader(tmp_path / "out.artui") as reader, reader.snapshot() as connection:
        shared = deployments.find_deployment(connection, mutating.PLACE)
    assert [one.release.version_id for one in shared.releases] == [one.release.version_id for one in place.releases]
    assert shared.releases[0].release.approved_by.startswith("user-") and not shared.incidents
