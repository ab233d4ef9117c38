"""What is there and is not read: files that were not fetched, what a Mac puts beside others, and stores of other kinds."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artui.errors import NothingToImport, StoreNotRead
from artui.exchange.finding import find_stores
from artui.exchange.formats import formats
from artui.exchange.importing import import_paths
from artui.exchange.intake.report import Report
from artui.exchange.reading.pointers import pointer_in, pointer_of
from artui.exchange.unread import KINDS
from tests.exchange.looking import content
from tests.exchange.mlruns import write_run
from tests.exchange.writing import (
    event_records,
    write_database,
    write_events,
    write_lake,
    write_lightning,
    write_model,
    write_tables,
    write_trainer,
    write_wandb,
)
from tests.reading import open_reader

WHY = "is a Git LFS pointer, not the file: `git lfs pull` fetches it"


def _pointer(content: bytes) -> bytes:
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (
        hashlib.sha256(content).hexdigest().encode(),
        len(content),
    )


def _put_pointer(path: Path) -> None:
    path.write_bytes(_pointer(path.read_bytes()))


def _artui(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "artui", *words], cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False
    )  # fmt: skip


def _told(reports: list[Report]) -> list[str]:
    return [what for report in reports for (what, why), _ in report.left.items() if why == WHY]


# Pointers


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (_pointer(b"x"), True),
        (_pointer(b"x").replace(b"\n", b"\r\n"), True),
        (_pointer(b"x").rstrip(b"\n"), True),
        (_pointer(b"x").replace(b"git-lfs", b"hawser"), True),
        (_pointer(b"x").replace(b"oid", b"ext-0-case sha256:" + b"a" * 64 + b"\noid"), True),
        (b"/annex/objects/SHA256E-s12--" + b"a" * 64 + b".pt\n", True),
        (_pointer(b"x") + b"a" * 1024, False),
        (_pointer(b"x").replace(b"sha256:", b"sha256:zz"), False),
        (b"version https://git-lfs.github.com/spec/v1\n", False),
        (b"", False),
        (b"lr: 0.1\n", False),
    ],
)
def test_a_pointer_is_what_its_specification_says(text: bytes, is_one: bool) -> None:
    """With the ends of lines and extensions that git-lfs allows; a text that only begins so is none."""
    pointer = pointer_in(text)
    assert (pointer is not None) == is_one
    if pointer is not None and pointer.title == "Git LFS":
        assert pointer.digest == hashlib.sha256(b"x").digest() and pointer.size_bytes == 1


def _events(root: Path) -> Path:
    return write_events(root / "logs", event_records(5))


def _metrics(root: Path) -> Path:
    return write_lightning(root, 5) / "metrics.csv"


def _state(root: Path) -> Path:
    return write_trainer(root, 5) / "trainer_state.json"


def _checkpoint_state(root: Path) -> Path:
    folder = write_trainer(root, 5)
    (folder / "checkpoint-5").mkdir()
    (folder / "trainer_state.json").rename(folder / "checkpoint-5" / "trainer_state.json")
    return folder / "checkpoint-5" / "trainer_state.json"


LOGS: dict[str, Callable[[Path], Path]] = {
    "tensorboard": _events,
    "wandb": write_wandb,
    "lightning": _metrics,
    "huggingface": _state,
    "a checkpoint's state": _checkpoint_state,
    "mlflow": lambda root: write_database(root / "mlflow.db", 1, 5),
    "lake": lambda root: write_lake(root, 5),
    "plain": lambda root: write_tables(root / "out", 5),
}


def test_every_format_is_tried_without_its_log() -> None:
    """A new format belongs into LOGS."""
    assert {format.name for format in formats()} <= set(LOGS)


@pytest.mark.parametrize("format", LOGS)
def test_a_log_that_was_not_fetched_is_no_run(format: str, tmp_path: Path) -> None:
    """It is named with what fetches it, wherever one points; nothing is damaged, no catalog is made. Once fetched, it is a run."""
    log = LOGS[format](tmp_path / "s")
    whole = log.read_bytes()
    _put_pointer(log)

    for place in (tmp_path / "s", log.parent, log):
        reports = import_paths([place], tmp_path / "c.artui")
        assert len(_told(reports)) == 1 and log.name in _told(reports)[0]
        assert not any(report.runs or report.damaged_count for report in reports)
        with pytest.raises(StoreNotRead, match="git lfs pull"):
            find_stores([place])
    assert not (tmp_path / "c.artui").exists()

    log.write_bytes(whole)
    [report] = import_paths([tmp_path / "s"], tmp_path / "c.artui")
    assert report.runs == {"new": 1} and not report.damaged_count and not _told([report])


def test_pointers_beside_files_cost_their_own_content_alone(tmp_path: Path) -> None:
    """One event file, log, metric, param and settings file of several: the run is there with what the others hold, and is not damaged."""
    write_events(tmp_path / "s" / "logs", event_records(5))
    _put_pointer(
        write_events(tmp_path / "s" / "logs", event_records(5, first=5), name="events.out.tfevents.1780000009.box.1.0")
    )
    write_wandb(tmp_path / "s", id="here")
    _put_pointer(write_wandb(tmp_path / "s", id="gone"))
    _put_pointer(write_lightning(tmp_path / "s", 5) / "hparams.yaml")
    run = write_run(tmp_path / "s" / "mlruns", 1, metrics={name: [1.0, 0.5] for name in "abc"}, params={"p": "1", "q": "2"}, artifacts={"m/model.pt": b"weights"})  # fmt: skip
    for path in ("metrics/b", "params/p", "artifacts/m/model.pt"):
        _put_pointer(run / path)

    reports = {report.format: report for report in import_paths([tmp_path / "s"], tmp_path / "c.artui")}

    assert {format: report.runs["new"] for format, report in reports.items() if report.runs} == {
        "mlflow": 1, "wandb": 1, "lightning": 1, "tensorboard": 1,
    }  # fmt: skip
    assert not any(report.damaged_count for report in reports.values())
    left = " ".join(f"{what} {why}" for report in reports.values() for what, why in report.left)
    for name in ("1780000009", "run-gone.wandb", "hparams.yaml", "metrics/b", "params/p", "model.pt"):
        assert name in left, name
    assert {row[1] for row in content(tmp_path / "c.artui")["series"]} >= {"a", "c", "loss", "train_loss"}


def test_a_model_that_was_not_fetched_is_a_version_without_bytes(tmp_path: Path) -> None:
    """Its digest and size are the ones that the pointer says, so that the version is the same one once it is fetched."""
    folder = write_model(tmp_path)
    weights = next(folder.glob("*.safetensors"))
    whole = weights.read_bytes()
    _put_pointer(weights)

    [report] = import_paths([folder], tmp_path / "c.artui")

    with open_reader(tmp_path / "c.artui") as reader:
        reader.check_damage()
    with sqlite3.connect(tmp_path / "c.artui") as connection:
        [(digest, size, blob)] = connection.execute(
            "SELECT digest, size_bytes, blob_key FROM file WHERE path = ?", (weights.name,)
        )
        [(storage, location)] = connection.execute("SELECT storage, location FROM version")
    assert (digest, size, blob) == (hashlib.sha256(whole).digest(), len(whole), None)
    assert storage == "referenced" and Path(location) == folder.resolve()
    assert _told([report]) == [f"{folder.name}/{weights.name}"] and report.runs == {}

    weights.write_bytes(whole)
    [report] = import_paths([folder], tmp_path / "c.artui")
    assert not report.left
    with sqlite3.connect(tmp_path / "c.artui") as connection:
        assert connection.execute("SELECT count(*) FROM version").fetchone() == (1,)


def test_many_pointers_are_counted_and_only_the_first_are_named(tmp_path: Path) -> None:
    """A report stays a page long."""
    for number in range(60):
        _put_pointer(write_events(tmp_path / "s" / f"r{number}", event_records(2)))

    [report] = import_paths([tmp_path / "s"], tmp_path / "c.artui")

    assert len(report.left) == 21 and sum(report.left.values()) == 60


def test_pointers_are_told_on_the_command_line(tmp_path: Path) -> None:
    """The report has the sentence, as JSON too; the catalog is not made, and the code says that nothing was taken."""
    _put_pointer(write_database(tmp_path / "db" / "mlflow.db", 1, 5))

    done = _artui("import", "db", "-c", "c.artui", cwd=tmp_path)
    assert (
        done.returncode == 1
        and WHY in done.stdout
        and "damaged" not in done.stdout
        and not (tmp_path / "c.artui").exists()
    )
    outcome = json.loads(_artui("import", "db", "-c", "c.artui", "--json", cwd=tmp_path).stdout)
    assert outcome["stores"][0]["left"][0]["why"] == WHY and outcome["catalog"] is None
    for place in ("db", "db/mlflow.db"):
        done = _artui(place, cwd=tmp_path)
        assert done.returncode == 2 and WHY in done.stderr


def test_what_was_left_is_kept_until_it_is_fetched(tmp_path: Path) -> None:
    """The catalog has the report of it; importing again changes nothing, and once the file is here nothing is left."""
    write_run(tmp_path / "s" / "mlruns", 1)
    log = write_wandb(tmp_path / "s")
    whole = log.read_bytes()
    _put_pointer(log)
    import_paths([tmp_path / "s"], tmp_path / "c.artui")
    before = _kept(tmp_path / "c.artui")
    assert any(json.loads(report)["left"] for *_, report in before)
    import_paths([tmp_path / "s"], tmp_path / "c.artui")
    assert _kept(tmp_path / "c.artui") == before

    log.write_bytes(whole)
    reports = import_paths([tmp_path / "s"], tmp_path / "c.artui")

    assert not _told(reports)
    assert not any(json.loads(report)["left"] for *_, report in _kept(tmp_path / "c.artui"))


def _kept(catalog: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(catalog) as connection:
        return connection.execute("SELECT format, location, time_ms, report FROM imported ORDER BY id").fetchall()


# What a Mac puts beside others


@pytest.mark.parametrize("format", [*LOGS, "mlruns", "model"])
def test_what_a_mac_adds_changes_nothing(format: str, tmp_path: Path) -> None:
    """Beside each file `._NAME`, and all of it again below `__MACOSX`: the import is the same, to the last row and count."""
    if format == "mlruns":
        write_run(tmp_path / "s" / "mlruns", 1, artifacts={"out/a.txt": b"1", "b.txt": b"2"})
        (tmp_path / "s" / "mlruns" / "models").mkdir()
    elif format == "model":
        write_model(tmp_path / "s")
    else:
        LOGS[format](tmp_path / "s")
    reports = import_paths([tmp_path / "s"], tmp_path / "before.artui")
    for path in sorted((tmp_path / "s").rglob("*")):
        below = path.relative_to(tmp_path / "s")
        clutter = [path.with_name(f"._{path.name}"), (tmp_path / "s" / "__MACOSX" / below).with_name(f"._{path.name}")]
        for place in [*clutter, path.parent / ".DS_Store"]:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(b"\0\x05\x16\x07\0\x02\0\0Mac OS X        ")

    again = import_paths([tmp_path / "s"], tmp_path / "after.artui")

    assert [report.plain() for report in again] == [report.plain() for report in reports]
    assert content(tmp_path / "after.artui")["files"] == content(tmp_path / "before.artui")["files"]
    assert content(tmp_path / "after.artui")["points"] == content(tmp_path / "before.artui")["points"]


def test_clutter_alone_is_no_store(tmp_path: Path) -> None:
    """Neither named nor met."""
    (tmp_path / "__MACOSX").mkdir()
    shutil.copy(write_wandb(tmp_path / "s"), tmp_path / "._run-x.wandb")
    shutil.copy(_events(tmp_path / "s"), tmp_path / "__MACOSX")
    shutil.rmtree(tmp_path / "s")

    for place in (tmp_path, tmp_path / "._run-x.wandb"):
        with pytest.raises(NothingToImport, match="No store was recognised"):
            find_stores([place])


# Stores of other kinds


def _write_kind(root: Path, marks: tuple[str, ...]) -> None:
    root.mkdir(parents=True, exist_ok=True)
    for pattern in marks:
        name = pattern.replace("*", "x").replace("yxml", "yaml")
        if name.endswith("/"):
            (root / name).mkdir()
            (root / name / "VERSION").write_text("3")
        else:
            (root / name).write_text("{}")


@pytest.mark.parametrize(("title", "marks"), [(kind.title, marks) for kind in KINDS for marks in kind.marks])
def test_a_store_that_is_not_read_is_named(title: str, marks: tuple[str, ...], tmp_path: Path) -> None:
    """By what it is and what told it, alone and below another folder."""
    _write_kind(tmp_path / "deep" / "place", marks)

    for place in (tmp_path / "deep" / "place", tmp_path):
        with pytest.raises(StoreNotRead, match=r"which artui does not read yet\. It reads mlruns") as caught:
            find_stores([place])
        assert f"holds runs of {title} (" in caught.value.message


@pytest.mark.parametrize(("title", "tables"), [(kind.title, tables) for kind in KINDS for tables in kind.tables])
def test_a_database_that_is_not_read_is_named(title: str, tables: tuple[str, ...], tmp_path: Path) -> None:
    """By its tables, also where it was named itself."""
    with sqlite3.connect(tmp_path / "x.db") as connection:
        for table in tables:
            connection.execute(f"CREATE TABLE {table} (id)")

    for place in (tmp_path, tmp_path / "x.db"):
        with pytest.raises(StoreNotRead, match=rf"runs of {title} \(x.db\)"):
            find_stores([place])


def test_every_way_to_ask_gives_the_same_answer(tmp_path: Path) -> None:
    """`artui import X`, `artui X`, as JSON: the code is 2, and what it is is said."""
    _write_kind(tmp_path / "sacred" / "1", ("run.json", "config.json"))
    said = "'sacred' holds runs of Sacred (run.json, config.json), which artui does not read yet."
    for words in (["import", "sacred"], ["sacred"], ["import", "sacred", "--dry-run"], ["import", "sacred", "--json"]):
        done = _artui(*words, cwd=tmp_path)
        assert done.returncode == 2 and f"{said} It reads " in done.stderr, done
        if "--json" in words:
            outcome = json.loads(done.stdout)
            assert outcome["error"] == said and outcome["not_read"][0]["what"] == "Sacred (run.json, config.json)"
    done = _artui("sacred/1/run.json", cwd=tmp_path)
    assert done.returncode == 2 and "Sacred" in done.stderr
    (tmp_path / "empty").mkdir()
    done = _artui("import", "empty", "--json", cwd=tmp_path)
    assert done.returncode == 2 and "No store was recognised" in json.loads(done.stdout)["error"]


def test_a_store_that_is_not_read_lies_beside_one_that_is(tmp_path: Path) -> None:
    """The one is imported, the other told as left, once for each kind."""
    write_run(tmp_path / "s" / "mlruns", 1)
    for number in range(3):
        _write_kind(tmp_path / "s" / "sacred" / str(number), ("run.json", "config.json"))
    _write_kind(tmp_path / "s", ("dvc.yaml",))

    reports: Any = import_paths([tmp_path / "s"], tmp_path / "c.artui")

    assert [report.format for report in reports] == ["mlflow", "unread"] and reports[0].runs == {"new": 1}
    left = {what: count for (what, _), count in reports[1].left.items()}
    assert left == {"stores of DVC": 1, "stores of Sacred": 3}
    done = _artui("import", "s", "-c", "d.artui", cwd=tmp_path)
    assert (
        done.returncode == 0
        and "stores of Sacred (3): are not read yet (run.json, config.json, in s/sacred/0" in done.stdout
    )


def test_other_files_of_the_names_of_pointers_are_no_pointers(tmp_path: Path) -> None:
    """A link, a folder and a file that cannot be there are none."""
    (tmp_path / "real").write_bytes(_pointer(b"x"))
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert pointer_of(tmp_path / "real") is not None
    for name in ("link", "gone", "."):
        assert pointer_of(tmp_path / name) is None
