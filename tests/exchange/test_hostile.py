"""Stores made to harm: paths that climb, links that lead out, huge counts, tags, bombs. Nothing outside the catalog is touched."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from artui.errors import SourceDamaged
from artui.exchange.importing import import_paths
from artui.exchange.reading import dumped
from artui.exchange.reading.files import is_inside, load_yaml
from artui.query.run import get_run
from tests.exchange.looking import content
from tests.exchange.mlruns import write_run
from tests.exchange.writing import (
    message,
    tf_record,
    varint,
    version_event,
    wandb_item,
    wandb_records,
    write_database,
    write_events,
    write_lightning,
    write_trainer,
    write_wandb,
)
from tests.reading import open_reader

SECRET = b"what lies outside the store"
MEMORY_BYTES = 900 << 20
"""Address space: numpy and SQLite reserve more than they use."""
NASTY = [
    "../../x",
    "/etc/passwd",
    "a/../../b",
    "C:\\x",
    "..\\..\\y",
    "a\0b",
    "~/z",
    "\x1b]0;pwned\x07",
    "‮evil",
    "x" * 5000,
    "",
    " ",
    ".",
    "..",
    "a//b",
    "\udcff",
]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file beside the store that nothing of may reach the catalog."""
    path = tmp_path / "outside" / "secret.txt"
    path.parent.mkdir()
    path.write_bytes(SECRET)
    return path


@pytest.fixture(autouse=True)
def nothing_else_is_written(tmp_path: Path) -> Iterator[None]:
    """Whatever a store holds, only the catalog is made."""
    yield
    allowed = {"outside", "store", "c.artui"}
    assert {path.name for path in tmp_path.iterdir()} <= allowed
    assert not Path("/tmp/artui-was-here").exists()


def _import(tmp_path: Path) -> tuple[Any, dict[str, Any]]:
    reports = import_paths([tmp_path / "store"], tmp_path / "c.artui")
    return reports[0], content(tmp_path / "c.artui")


def _bounded(tmp_path: Path, *, seconds: int = 20) -> subprocess.CompletedProcess[str]:
    """Import with little memory and time: what would take all of either fails here."""
    code = (
        f"import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_AS, ({MEMORY_BYTES}, {MEMORY_BYTES}))\n"
        f"sys.argv = ['artui', 'import', {str(tmp_path / 'store')!r}, '-c', {str(tmp_path / 'c.artui')!r}]\n"
        "runpy.run_module('artui', run_name='__main__')"
    )
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=seconds, check=False, env=environment
    )
    assert done.returncode in (0, 1) and "Traceback" not in done.stderr, done.stderr
    return done


def test_links_are_listed_and_never_followed(tmp_path: Path, outside: Path) -> None:
    """Links among artifacts, and folders, metrics, params and tags that are links, bring nothing of what they lead to."""
    folder = write_run(tmp_path / "store" / "mlruns", 1, artifacts={"real.txt": b"1"})
    (folder / "artifacts" / "link.txt").symlink_to(outside)
    (folder / "artifacts" / "links").symlink_to(outside.parent)
    (folder / "params" / "linked").symlink_to(outside)
    (folder / "metrics" / "linked").symlink_to(outside)
    (folder / "tags" / "linked").symlink_to(outside)
    (folder.parent / f"{7:032x}").symlink_to(outside.parent)

    _, tables = _import(tmp_path)

    assert SECRET not in (tmp_path / "c.artui").read_bytes() and SECRET.decode() not in str(tables)
    assert len(tables["runs"]) == 1 and not any(
        "linked" in str(row) for row in tables["params"] + tables["tags"] + tables["series"]
    )


def test_a_store_is_where_it_is_now(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means another store once the process has gone to another folder."""
    folder = tmp_path_factory.mktemp("two")
    for name in ("a", "b"):
        (folder / name / "store").mkdir(parents=True)
        (folder / name / "store" / "x").write_text("x")
        monkeypatch.chdir(folder / name)
        assert is_inside(Path("store"), Path("store/x"))
        assert not is_inside(Path("store"), folder / "a" / "store" / ".." / "x")


def test_artifact_places_outside_the_store_are_not_read(tmp_path: Path, outside: Path) -> None:
    """An artifact_uri that names a folder of this machine is a reference, unless the user names that folder."""
    database = write_database(tmp_path / "store" / "mlflow.db", 1, 2)
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE runs SET artifact_uri = ?", (f"file://{outside.parent}",))
        connection.execute("INSERT INTO registered_models VALUES ('m', 1, 1, '')")
        for number, uri in enumerate(
            [
                f"{outside.parent}",
                "../outside",
                f"file://{outside}",
                "s3://bucket/x",
                "runs:/../../outside",
                "models:/../x",
            ],
            1,
        ):
            connection.execute(
                "INSERT INTO model_versions VALUES ('m', ?, 1, 1, '', '', 'None', ?, '', 'READY')", (number, uri)
            )

    _, tables = _import(tmp_path)

    assert SECRET not in (tmp_path / "c.artui").read_bytes() and not tables["files"]
    assert len(tables["versions"]) == 6 and {row[9] for row in tables["versions"]} == {"referenced"}


def test_paths_of_media_and_manifests_that_climb_are_left(tmp_path: Path, outside: Path) -> None:
    """What a W&B log names as pictures and staged files is taken from its own folder alone, and only if its digest is right."""
    row = [(1, wandb_item("img", {"_type": "image-file", "path": f"../../../../outside/{outside.name}"}))]
    row += [(1, wandb_item("img2", {"_type": "image-file", "path": str(outside)}))]
    row += [(1, wandb_item("many", {"_type": "images/separated", "filenames": ["../../../../outside/secret.txt"]}))]
    entries = [
        (4, message((1, path), (2, "AAAA"), (4, len(SECRET)), (6, str(outside)))) for path in ("a.txt", "../../b.txt")
    ]
    artifact = message((4, "model"), (5, "m"), (6, "d1"), (12, message(*entries)))
    log = write_wandb(tmp_path / "store", wandb_records(3, more=[message((2, message(*row))), message((8, artifact))]))
    (log.parent / "files" / "output.log").symlink_to(outside)
    (log.parent / "files" / "code").symlink_to(outside.parent)

    report, tables = _import(tmp_path)

    assert SECRET not in (tmp_path / "c.artui").read_bytes()
    assert report.left and all(row[9] == "referenced" or row[1] == "console" for row in tables["versions"])


def test_pipes_and_devices_do_not_hang_an_import(tmp_path: Path) -> None:
    """A FIFO where a file should be is passed over."""
    folder = write_run(tmp_path / "store" / "mlruns", 1, artifacts={"a.txt": b"1"})
    log = write_wandb(tmp_path / "store")
    version = write_lightning(tmp_path / "store")
    for path in (
        folder / "metrics" / "pipe",
        folder / "artifacts" / "pipe",
        log.parent / "files" / "output.log",
        version / "checkpoints" / "pipe",
    ):
        path.parent.mkdir(exist_ok=True)
        os.mkfifo(path)
    (version / "hparams.yaml").unlink()
    os.mkfifo(version / "hparams.yaml")
    write_events(tmp_path / "store" / "tb", [tf_record(version_event())])
    os.mkfifo(tmp_path / "store" / "tb" / "events.out.tfevents.1.pipe")

    _bounded(tmp_path)

    assert len(content(tmp_path / "c.artui")["runs"]) == 4


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch /tmp/artui-was-here']", "a: !!python/object/new:os.system [touch /tmp/artui-was-here]", "[" * 200_000, "- " * 100_000,
        "{a: " * 100_000, "a: &a [1, *a]", "a: *nothing", "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12))]),
        "%TAG ! tag:x,2000:\n---\n!boom x", "a: " + "9" * 6000, "? " * 5000, "a: !!binary gYGB", "\0", "&x " * 3000 + "a",
    ],
)  # fmt: skip
def test_yaml_makes_plain_values_or_an_error(text: str) -> None:
    """No tag constructs anything; nesting and aliases without end are refused, in no time and memory."""
    try:
        value = load_yaml(text)
        params, _ = dumped.as_params(load_yaml(text, convert_tag=dumped.from_tag))
    except SourceDamaged:
        return
    assert len(json.dumps(value)) < 100_000 and len(json.dumps(params)) < 100_000
    assert not Path("/tmp/artui-was-here").exists()


def test_huge_lengths_cost_nothing(tmp_path: Path) -> None:
    """Lengths of 2^60 in records, messages, shapes and counts are checked against the bytes that there are."""
    huge = struct.pack("<Q", 1 << 60)
    from tests.exchange.writing import masked

    shape = message((2, message((1, 1 << 40))), (2, message((1, 1 << 40))))
    tensor = message((1, 1), (2, shape), (5, struct.pack("<f", 1.0)))
    events = [
        version_event(), message((2, 1), (5, message((1, message((1, "t"), (8, tensor)))))), b"\x2a" + varint(1 << 60) + b"x", b"\x80" * 12, b"\x0b\x0c",
        message((2, 1), (5, message((1, message((1, "h"), (5, message((6, b"\0" * 12), (7, b"\0" * 80)))))))), message((9, b"")), b"",
    ]  # fmt: skip
    write_events(tmp_path / "store" / "a", [*map(tf_record, events), huge + masked(huge) + b"x" * 50])
    packed = {"_type": "histogram", "values": [1], "packedBins": {"min": 0, "size": 1, "count": 1 << 60}}
    more = [
        message((2, message((1, wandb_item("h", packed))))),
        message((2, b"\x0a" + varint(1 << 60))),
        b"\x12" + varint(1 << 62) + b"x",
        b"\xff" * 30,
        b"",
    ]
    more += [
        message((2, message((1, wandb_item("deep", b"[" * 100_000))))),
        message((2, message((1, wandb_item("int", b"9" * 6000))))),
        message((2, message((1, wandb_item("big", b"1e999"))))),
    ]
    more += [
        message(
            (2, message((1, wandb_item("_step", 1e300)), (1, wandb_item("_timestamp", 1e300)), (1, wandb_item("x", 1))))
        ),
        message((2, message((2, message((1, 1 << 63))), (1, wandb_item("x", 2))))),
    ]
    more += [message((5, message((1, wandb_item(["a"] * 5000, 1)))))]
    write_wandb(tmp_path / "store", wandb_records(3, more=more))

    _bounded(tmp_path)

    tables = content(tmp_path / "c.artui")
    assert len(tables["runs"]) == 2 and any(row[1] == "x" for row in tables["series"])


def test_names_of_any_kind_do_no_harm(tmp_path: Path) -> None:
    """Control characters, climbing paths, surrogates and names of 5,000 letters: in runs, metrics, params, tags, projects and artifacts."""
    entries = [(4, message((1, name), (2, "AAAA"), (6, name))) for name in NASTY]
    more = [
        message((8, message((4, name), (5, name), (6, f"d{number}"), (11, name), (12, message(*entries)))))
        for number, name in enumerate(NASTY)
    ]
    more += [message((25, message((1, name), (2, name), (3, name)))) for name in NASTY]
    more += [
        message((2, message(*((1, wandb_item(name.encode("utf-8", "replace").decode(), 1.5)) for name in NASTY)))),
        message((12, message((1, "a\0b"), (4, "x")))),
    ]
    for number, name in enumerate(NASTY):
        id = f"run{number}"
        head = message(
            (1, id),
            (3, name),
            (8, name),
            (9, name),
            (10, name),
            (13, name),
            (4, message((1, wandb_item("p", name.encode("utf-8", "replace").decode())))),
        )
        write_wandb(tmp_path / "store", [message((17, head)), *more], id=id, begun=f"20260601_1200{number:02}")
    for number, name in enumerate(
        name for name in NASTY if name.strip(". ") and "/" not in name and "\0" not in name and len(name) < 200
    ):
        folder = write_run(tmp_path / "store" / "mlruns", number + 1)
        for part in ("params", "tags", "metrics", "artifacts"):
            (folder / part / name).write_text("1780000000000 1 1")

    done = _bounded(tmp_path)

    assert "\x1b" not in done.stdout and "‮" not in done.stdout
    with open_reader(tmp_path / "c.artui") as reader:
        reader.check_damage()
        for run in reader.runs():
            detail = get_run(reader, run.id)
            assert "\n" not in detail.head.name and len(detail.head.name) <= 200
    tables = content(tmp_path / "c.artui")
    assert not any(".." in row[1].split("/") or row[1].startswith("/") for row in tables["files"])


def test_bombs_among_artifacts_are_bytes_like_others(tmp_path: Path) -> None:
    """A gzip bomb, a pickle and a nested archive are stored as they are: neither unpacked nor loaded."""
    pickle = b"cposix\nsystem\n(S'touch /tmp/artui-was-here'\ntR."
    write_run(
        tmp_path / "store" / "mlruns", 1,
        artifacts={"bomb.json.gz": gzip.compress(bytes(64 << 20)), "model/model.pkl": pickle, "model/MLmodel": b"!!python/object/apply:os.system [touch /tmp/artui-was-here]", "a.npy": b"\x93NUMPY\x01\x00\xff\xff"},
    )  # fmt: skip
    write_trainer(tmp_path / "store", 3)
    (tmp_path / "store" / "out" / "training_args.bin").write_bytes(pickle)

    _bounded(tmp_path)

    tables = content(tmp_path / "c.artui")
    assert {row[1] for row in tables["files"]} >= {"bomb.json.gz", "model.pkl", "MLmodel"}


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE metrics RENAME TO m; CREATE VIEW metrics AS SELECT 'loss' AS key, length(zeroblob(1000000000)) AS value, 1 AS timestamp, run_uuid, 0 AS step, 0 AS is_nan FROM runs",
        "ALTER TABLE runs RENAME TO r; CREATE VIEW runs AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT *, i FROM r, n",
        "CREATE TRIGGER t AFTER UPDATE ON runs BEGIN DELETE FROM runs; END",
        "ALTER TABLE params RENAME TO p; CREATE TABLE params (key, run_uuid, value GENERATED ALWAYS AS (hex(zeroblob(100000000))) VIRTUAL); INSERT INTO params SELECT key, run_uuid FROM p",
        "UPDATE metrics SET value = 'text' || rowid, timestamp = X'00ff', step = 1e30, is_nan = 'x'",
        "UPDATE runs SET start_time = 9e99, end_time = 'never', status = 7, experiment_id = X'ff', name = X'fffe00', lifecycle_stage = 3",
        "INSERT INTO params VALUES ('huge', hex(zeroblob(20000000)), (SELECT run_uuid FROM runs LIMIT 1))",
        "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE TABLE runs (run_uuid, x CHECK (load_extension(1)))' WHERE name = 'runs'",
        "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'metrics'",
        "CREATE TABLE datasets (name); CREATE TABLE inputs (source_type, destination_type, destination_id, source_id, input_uuid); CREATE TABLE logged_models (model_id); INSERT INTO logged_models VALUES ('../../x')",
        "DROP TABLE tags; CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT, PRIMARY KEY (key, run_uuid)) WITHOUT ROWID",
        "DELETE FROM experiments",
    ],
)  # fmt: skip
def test_hostile_databases_are_refused_or_read_within_bounds(sql: str, tmp_path: Path) -> None:
    """Views, triggers, generated columns and wrong types in the place of MLflow's tables: no hang, no memory, no trace but a message."""
    path = write_database(tmp_path / "store" / "mlflow.db", 3, 5)
    write_run(tmp_path / "store" / "mlruns", 1)
    connection = sqlite3.connect(path)
    connection.executescript(sql)
    connection.commit()
    connection.close()

    _bounded(tmp_path, seconds=90)

    assert any(run[3] == "run-1" for run in content(tmp_path / "c.artui")["runs"])


def test_journal_beside_a_database_is_not_played_back(tmp_path: Path, outside: Path) -> None:
    """A crafted -journal deletes no file and changes none: the database is told to be half written."""
    path = write_database(tmp_path / "store" / "mlflow.db", 1, 3)
    before = path.read_bytes()
    name = str(outside).encode()
    head = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + struct.pack(">IIIII", 0, 1, len(before) // 4096, 512, 4096)
    journal = (
        head
        + bytes(512 - len(head))
        + name
        + struct.pack(">II", len(name), sum(name) & 0xFFFFFFFF)
        + b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
    )
    Path(f"{path}-journal").write_bytes(journal)

    subprocess.run([sys.executable, "-m", "artui", "import", str(tmp_path / "store"), "-c", str(tmp_path / "c.artui")], capture_output=True, timeout=60, check=False)  # fmt: skip

    assert (
        outside.read_bytes() == SECRET
        and path.read_bytes() == before
        and Path(f"{path}-journal").read_bytes() == journal
    )


def test_csv_of_one_endless_line_and_of_100_000_columns_is_bounded(tmp_path: Path) -> None:
    """Neither takes all memory; the run is marked."""
    folder = write_lightning(tmp_path / "store", 1)
    with (folder / "metrics.csv").open("wb") as out:
        out.write(b"epoch,step,loss\n0,1,0.5\n0,2,")
        out.truncate(1 << 30)
    wide = write_lightning(tmp_path / "store", 1, version=1)
    (wide / "metrics.csv").write_text(
        "step," + ",".join(f"c{number}" for number in range(100_000)) + "\n0" + ",1" * 100_000 + "\n"
    )

    _bounded(tmp_path)

    tables = content(tmp_path / "c.artui")
    assert len(tables["runs"]) == 2 and any(row[1] == "loss" and row[3] == 1 for row in tables["series"])


def test_secrets_of_another_store_are_replaced(tmp_path: Path) -> None:
    """Tokens in configs, notes, consoles and texts of event files do not reach the catalog."""
    token = "ghp_" + "a1B2" * 9
    text = message((1, 7), (8, f"use {token}"))
    value = message((1, "notes"), (9, message((1, message((1, "text"))))), (8, text))
    write_events(
        tmp_path / "store" / "tb", [tf_record(version_event()), tf_record(message((2, 1), (5, message((1, value)))))]
    )
    more = [message((13, message((3, f"token {token}\n")))), message((5, message((1, wandb_item("hub", token)))))]
    write_wandb(tmp_path / "store", wandb_records(2, more=more))

    import_paths([tmp_path / "store"], tmp_path / "c.artui")

    assert token.encode() not in (tmp_path / "c.artui").read_bytes()
    with sqlite3.connect(tmp_path / "c.artui") as connection:
        import zlib

        chunks = [
            zlib.decompress(raw) if codec == "zlib" else raw
            for codec, raw in connection.execute("SELECT codec, content FROM chunk")
        ]
    assert not any(token.encode() in chunk for chunk in chunks)
    assert chunks
