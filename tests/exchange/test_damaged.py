"""Logs that are cut, flipped, empty or half-written: imported as far as they go, marked, and never with a made-up point."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from artui.exchange.importing import import_paths
from artui.exchange.intake.report import Report
from artui.query.run import get_run
from tests.counts import tried
from tests.exchange.looking import content
from tests.exchange.writing import (
    event_records,
    scalar_event,
    tf_record,
    trainer_state,
    wandb_log,
    wandb_records,
    write_database,
    write_events,
    write_lightning,
    write_trainer,
    write_wandb,
)
from tests.reading import open_reader


def _points(catalog: Path) -> dict[str, list[tuple[int, int, str]]]:
    return {name.split(" ", 1)[1]: points for name, points in content(catalog)["points"].items()}


def _import(place: Path, catalog: Path) -> Report:
    catalog.unlink(missing_ok=True)
    [report] = import_paths([place], catalog)
    return report


def _marks(report: Report, catalog: Path) -> bool:
    """Whether a reader of the report, and of the run, sees that something is not whole."""
    with open_reader(catalog) as reader:
        remarks = [remark for run in reader.runs() for remark in get_run(reader, run.id).remarks]
    return bool(remarks) and bool(report.damaged_count or report.left)


@pytest.fixture(scope="module")
def log() -> bytes:
    """A log of three blocks: records cross their borders."""
    return wandb_log(wandb_records(30, more=[b"\x1a" + b"\x80\x80\x02" + b"x" * 32768, *wandb_records(60)[2:62]]))


@pytest.mark.parametrize("part", range(0, 12, tried(3, 1)))
def test_wandb_log_cut_anywhere_gives_what_is_before(part: int, log: bytes, tmp_path: Path) -> None:
    """At every kind of place: in the file's header, a fragment's header, its data, at a block's end. Nothing is invented."""
    whole_log = write_wandb(tmp_path / "whole", ())
    whole_log.write_bytes(log)
    _import(tmp_path / "whole", tmp_path / "whole.artui")
    whole = _points(tmp_path / "whole.artui")
    chance = random.Random(part)
    places = [
        *range(part, 60, 12),
        *(32768 + at for at in range(part - 12, 24, 12)),
        *(chance.randrange(len(log)) for _ in range(4)),
    ]
    for place in places:
        path = write_wandb(tmp_path / "cut", ())
        path.write_bytes(log[:place])

        report = _import(tmp_path / "cut", tmp_path / "cut.artui")

        for name, points in _points(tmp_path / "cut.artui").items():
            assert points == whole[name][: len(points)] or name.endswith(" summary")
        assert sum(report.runs.values()) == 1


@pytest.mark.parametrize("part", range(8))
def test_wandb_log_with_flipped_bits_loses_no_more_than_a_block(part: int, log: bytes, tmp_path: Path) -> None:
    """The checksum tells; what is left are points of the original, and the run is marked."""
    path = write_wandb(tmp_path / "s", ())
    path.write_bytes(log)
    _import(tmp_path / "s", tmp_path / "c.artui")
    whole = {name: set(points) for name, points in _points(tmp_path / "c.artui").items()}
    chance = random.Random(part)
    for _ in range(6):
        place, raw = chance.randrange(7, len(log)), bytearray(log)
        raw[place] ^= 1 << chance.randrange(8)
        path.write_bytes(raw)

        report = _import(tmp_path / "s", tmp_path / "c.artui")

        points = _points(tmp_path / "c.artui")
        assert all(set(rows) <= whole[name] for name, rows in points.items() if not name.endswith(" summary"))
        assert _marks(report, tmp_path / "c.artui")
        assert sum(map(len, points.values())) > 20 or place < 32768


@pytest.mark.parametrize("part", range(0, 8, tried(4, 2)))
def test_event_file_cut_or_flipped_gives_what_its_checksums_vouch_for(part: int, tmp_path: Path) -> None:
    """Cut anywhere, points before the cut are there; flipped, a bad record is left out, and a bad length ends the file."""
    records = event_records(40)
    raw = b"".join(records)
    path = write_events(tmp_path / "s", records)
    _import(tmp_path / "s", tmp_path / "c.artui")
    whole = _points(tmp_path / "c.artui")
    assert {name: len(points) for name, points in whole.items()} == {"loss ": 40, "val/acc ": 40}
    chance = random.Random(part)
    starts = [sum(map(len, records[:number])) for number in (0, 1, 7, 40)]
    cuts = [start + offset for start in starts for offset in range(part, 40, 8)] + [
        chance.randrange(len(raw)) for _ in range(4)
    ]
    for place in cuts:
        path.write_bytes(raw[:place])
        report = _import(tmp_path / "s", tmp_path / "c.artui")
        for name, points in _points(tmp_path / "c.artui").items():
            assert points == whole[name][: len(points)]
        is_between = any(place == sum(map(len, records[:number])) for number in range(len(records) + 1))
        assert is_between or _marks(report, tmp_path / "c.artui"), place
    for _ in range(6):
        flipped = bytearray(raw)
        flipped[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        report = _import(tmp_path / "s", tmp_path / "c.artui")
        left = _points(tmp_path / "c.artui")
        assert all(set(rows) <= set(whole[name]) for name, rows in left.items())
        assert _marks(report, tmp_path / "c.artui")


def test_events_of_other_shapes_are_read_as_well(tmp_path: Path) -> None:
    """Several values in an event, steps of any size, negative and missing ones, unordered and repeated ones: in order of arrival."""
    import numpy as np

    from tests.exchange.writing import message

    two = message(
        (5, message((1, message((1, "a"), (2, np.float32(1.5)))), (1, message((1, "b"), (2, np.float32(2.5)))))),
        (2, 7),
        (1, 1.78e9),
    )
    steps = [0, 300, 300, 5, -3, (1 << 63) - 1, 1 << 40]
    records = [
        tf_record(two),
        tf_record(message((1, 1.78e9), (5, message((1, message((1, "a"), (2, np.float32(9)))))))),
    ]
    records += [tf_record(scalar_event("a", step, float("nan") if step == 5 else step)) for step in steps]
    write_events(tmp_path / "s", records)

    _import(tmp_path / "s", tmp_path / "c.artui")

    points = _points(tmp_path / "c.artui")
    assert [step for step, _, _ in points["a "]] == [7, 0, *steps] and [step for step, _, _ in points["b "]] == [7]
    assert points["a "][5][2] == "nan"


@pytest.mark.parametrize("content", [b"", b"\0", b":W&B", b":W&B\xe1\xbe\x00", b"not a log at all", b"\0" * 70_000])
def test_wandb_log_without_records_is_a_run_all_the_same(content: bytes, tmp_path: Path) -> None:
    """An empty or foreign file with a log's name gives a run without points that is not finished, with what its folder says."""
    path = write_wandb(tmp_path, ())
    path.write_bytes(content)
    (path.parent / "files" / "config.yaml").write_text("wandb_version: 1\nlr:\n  desc: null\n  value: 0.5\n")
    (path.parent / "files" / "wandb-summary.json").write_text('{"loss": 0.25, "_timestamp": 1780000005.5}')

    _import(tmp_path, tmp_path / "c.artui")

    with open_reader(tmp_path / "c.artui") as reader:
        [run] = reader.runs()
        detail = get_run(reader, run.id)
    assert run.status != "finished" and detail.params[0].value == 0.5
    assert [(metric.name, metric.labels, metric.summary.last) for metric in detail.metrics] == [
        ("loss", "summary", 0.25)
    ]


@pytest.mark.parametrize("part", range(4))
def test_database_that_is_damaged_gives_what_can_be_read(part: int, tmp_path: Path) -> None:
    """Cut off or with torn pages it ends with a message; what is read is of the original."""
    path = write_database(tmp_path / "s" / "mlflow.db", 4, 200)
    raw = path.read_bytes()
    _import(tmp_path / "s", tmp_path / "c.artui")
    whole = content(tmp_path / "c.artui")
    chance = random.Random(part)
    for number in range(8):
        torn = bytearray(raw)
        place = chance.randrange(100, len(raw))
        if number % 2:
            torn = torn[:place]
        else:
            torn[place : place + 200] = chance.randbytes(200)
        path.write_bytes(torn)
        try:
            report = _import(tmp_path / "s", tmp_path / "c.artui")
        except Exception as error:  # noqa: BLE001 - whatever it is, it must be ours
            assert type(error).__name__ == "NothingToImport", error
            continue
        tables = content(tmp_path / "c.artui")
        assert len(tables["runs"]) <= len(whole["runs"]) + 1
        if {run[0] for run in tables["runs"]} != {run[0] for run in whole["runs"]}:
            assert report.damaged_count or report.left


@pytest.mark.parametrize("cut", [1, 20, 28, 60, 61, 100, 150])
def test_csv_that_is_cut_within_a_row_gives_the_rows_before(cut: int, tmp_path: Path) -> None:
    """A row that was being written is left out: half a number is not one."""
    folder = write_lightning(tmp_path, 20)
    raw = (folder / "metrics.csv").read_bytes()
    _import(tmp_path, tmp_path / "c.artui")
    whole = _points(tmp_path / "c.artui")
    (folder / "metrics.csv").write_bytes(raw[:cut])

    _import(tmp_path, tmp_path / "c.artui")

    for name, points in _points(tmp_path / "c.artui").items():
        before = [(step, value) for step, _, value in whole.get(name, [])]
        assert [(step, value) for step, _, value in points] == before[: len(points)]


def test_csv_with_odd_cells_keeps_the_others(tmp_path: Path) -> None:
    """Infinities and NaN are numbers; words, NULs, missing cells and steps cost their cell alone, and are told."""
    folder = write_lightning(tmp_path, 1)
    rows = [
        "epoch,step,loss,acc",
        "0,0,nan,inf",
        "0,1,oops,0.5",
        "0,2,\0,0.6",
        "0,,1e999,-inf",
        "0,4,0.1",
        "1,5,0.2,0.7",
        "1,1e30,0.3,0.8",
    ]
    (folder / "metrics.csv").write_text("\n".join(rows) + "\n")

    report = _import(tmp_path, tmp_path / "c.artui")

    points = _points(tmp_path / "c.artui")
    assert [value for _, _, value in points["acc "]] == [
        "inf",
        "0x1.0000000000000p-1",
        "0x1.3333333333333p-1",
        "-inf",
        "0x1.6666666666666p-1",
        "0x1.999999999999ap-1",
    ]
    assert points["acc "][-1][0] == (1 << 63) - 1 and report.damaged_count == 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        '{"log_history": 3}',
        '{"log_history": [1, {"step": "x", "loss": "y"}, {"loss": NaN, "step": 2}]}',
        "[" * 100_000,
    ],
)
def test_trainer_state_that_is_odd_falls_back_to_a_checkpoint(content: str, tmp_path: Path) -> None:
    """The newest state that can be read is taken, and the one that cannot is told of."""
    import json

    folder = write_trainer(tmp_path, 8)
    (folder / "trainer_state.json").write_text(content)
    checkpoint = folder / "checkpoint-5"
    checkpoint.mkdir()
    (checkpoint / "trainer_state.json").write_text(json.dumps(trainer_state(5)))

    report = _import(tmp_path, tmp_path / "c.artui")

    points = _points(tmp_path / "c.artui")
    assert len(points["loss "]) == 5 and report.runs == {"new": 1}
    assert report.damaged_count or report.left or "NaN" in content


def test_hparams_that_are_no_yaml_cost_the_params_alone(tmp_path: Path) -> None:
    """Points are there, the run is marked."""
    write_lightning(tmp_path, 5, params="lr: [1, 2\n  x: :")

    report = _import(tmp_path, tmp_path / "c.artui")

    assert report.damaged_count == 1 and len(_points(tmp_path / "c.artui")["train_loss "]) == 5


@pytest.mark.parametrize("schema", ["0.9", "1.0", "2.0"])
def test_database_of_every_age_gives_the_same(schema: str, tmp_path: Path) -> None:
    """Columns, indexes and tables that an old schema lacks are done without."""
    write_database(tmp_path / "s" / "mlflow.db", 3, 30, schema=schema)

    report = _import(tmp_path / "s", tmp_path / "c.artui")

    tables = content(tmp_path / "c.artui")
    assert (
        report.taken["points"] == 90
        and not report.damaged_count
        and {run[3] for run in tables["runs"]} == {"run-0", "run-1", "run-2"}
    )
    last = 0 if schema == "0.9" else 29
    assert all(row[9] == last for row in tables["series"])


def test_database_that_is_written_to_meanwhile_is_read_and_never_blocked(tmp_path: Path) -> None:
    """With another process in the middle of a transaction the committed runs are read, and that process can go on at once."""
    path = write_database(tmp_path / "s" / "mlflow.db", 2, 20)
    writer = sqlite3.connect(path, isolation_level=None, timeout=0.1)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO params VALUES ('late', '1', ?)", (f"{0:031x}a",))

    report = _import(tmp_path / "s", tmp_path / "c.artui")
    writer.execute("COMMIT")

    assert report.runs == {"new": 2} and not any(row[1] == "late" for row in content(tmp_path / "c.artui")["params"])
    [report] = import_paths([tmp_path / "s"], tmp_path / "c.artui")
    assert report.runs == {"updated": 1, "unchanged": 1}


def test_database_in_wal_mode_is_read_with_its_newest_changes(tmp_path: Path) -> None:
    """A -wal beside it is read from a private copy; neither file is changed, and nothing new lies beside them."""
    path = write_database(tmp_path / "s" / "mlflow.db", 1, 5)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("INSERT INTO params VALUES ('late', '1', ?)", (f"{0:031x}a",))
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}

    _import(tmp_path / "s", tmp_path / "c.artui")

    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before
    assert any(row[1] == "late" for row in content(tmp_path / "c.artui")["params"])
