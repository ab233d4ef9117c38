"""Laws of importing, for every format: twice changes nothing, growing gives the same as at once, damage takes nothing away."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from artui.catalog import Catalog, events
from artui.errors import NothingToImport
from artui.exchange.importing import import_paths
from tests.counts import tried
from tests.exchange.looking import content
from tests.exchange.mlruns import write_run
from tests.exchange.writing import (
    SECONDS,
    event_records,
    hparams_event,
    message,
    scalar_event,
    tf_record,
    version_event,
    wandb_item,
    wandb_log,
    wandb_records,
    write_database,
    write_events,
    write_lake,
    write_lightning,
    write_log,
    write_model,
    write_tables,
    write_trainer,
    write_training,
    write_wandb,
)
from tests.reading import open_reader

NOW = 1_780_500_000


def _mlruns(root: Path, share: float) -> None:
    for number in range(max(1, round(4 * share))):
        write_run(root / "mlruns", number, metrics={"loss": [1.0 / (step + 1) for step in range(max(1, round(20 * share)))]}, artifacts={"a.txt": b"same", f"b/{number}.txt": b"own"})  # fmt: skip


def _database(root: Path, share: float) -> None:
    write_database(root / "mlflow.db", max(1, round(4 * share)), max(1, round(20 * share)))


def _old_database(root: Path, share: float) -> None:
    write_database(root / "mlflow.db", max(1, round(4 * share)), max(1, round(20 * share)), schema="1.0")


def _wandb(root: Path, share: float) -> None:
    records = wandb_records(40)
    write_wandb(root, records[: max(3, round(len(records) * share))])


def _wandb_bytes(root: Path, share: float) -> None:
    log = wandb_log(wandb_records(40))
    write_wandb(root, ()).write_bytes(log[: max(200, round(len(log) * share))])


def _events(root: Path, share: float) -> None:
    whole = b"".join(event_records(40))
    write_events(root / "runs" / "a", [whole[: max(60, round(len(whole) * share))]])
    if share == 1:
        write_events(root / "runs" / "a", event_records(5, first=40), name="events.out.tfevents.1780009999.box.2.0")
        write_events(root / "runs" / "b", event_records(3))


def _lightning(root: Path, share: float) -> None:
    write_lightning(root, max(1, round(20 * share)))
    if share == 1:
        write_lightning(root, version=10)
        write_lightning(root, version=2)


def _trainer(root: Path, share: float) -> None:
    write_trainer(root, max(1, round(20 * share)))
    if share == 1:
        write_model(root)


def _hparams_inside(root: Path, share: float) -> None:
    count = max(1, round(20 * share))
    for number in (1, 2):
        folder = root / "runs" / f"exp_{number}"
        write_log(folder, {step: number / (step + 1) for step in range(count)}, began=SECONDS + number)
        records = [hparams_event({"lr": 0.1 * number}), tf_record(scalar_event("hparam/accuracy", 0, 0.5))]
        write_events(folder / "1780000001.25", records, name=f"events.out.tfevents.{SECONDS + number}.box.1.1")


def _trainer_with_events(root: Path, share: float) -> None:
    losses = [1.0 / number for number in range(1, 21)][: max(1, round(20 * share))]
    out = write_training(root / "out", losses, max_steps=200)
    points = {10 * number: loss for number, loss in enumerate(losses, start=1)}
    write_log(out / "runs" / "Jan01_host", points, tag="train/loss")


def _two_loggers(root: Path, share: float) -> None:
    count = max(1, round(20 * share))
    version = write_lightning(root, count)
    write_log(version, {step: 1.0 / (step + 1) for step in range(count)}, tag="train_loss")


def _test_tube(root: Path, share: float) -> None:
    version = root / "lightning_logs" / "version_0"
    rows = [f"{1.0 / (epoch + 1)},{epoch},2020-03-03 15:56:{epoch:02}" for epoch in range(max(1, round(20 * share)))]
    write_log(version / "tf", {epoch: 1.0 / (epoch + 1) for epoch in range(len(rows))}, tag="train_loss")
    (version / "meta_tags.csv").write_text("key,value\nlr,0.02\n")
    (version / "metrics.csv").write_text("\n".join(["train_loss,epoch,created_at", *rows]) + "\n")


def _folds(root: Path, share: float) -> None:
    count = max(1, round(3 * share))
    for fold in range(count):
        write_log(root / "runs" / "cv", {step: fold + step / 10 for step in range(10)}, began=SECONDS + 1000 * fold)


def _lake(root: Path, share: float) -> None:
    write_lake(root, max(1, round(20 * share)))


def _tables(root: Path, share: float) -> None:
    write_tables(root / "csv", max(1, round(20 * share)))


def _json_tables(root: Path, share: float) -> None:
    write_tables(root / "jsonl", max(1, round(20 * share)), "jsonl")


STORES: dict[str, Callable[[Path, float], None]] = {
    "mlruns": _mlruns, "mlflow.db": _database, "mlflow.db of 1.0": _old_database, "wandb": _wandb, "wandb at any byte": _wandb_bytes,
    "tensorboard": _events, "lightning": _lightning, "huggingface": _trainer,
    "hparams inside": _hparams_inside, "trainer with events": _trainer_with_events, "two loggers": _two_loggers,
    "test-tube": _test_tube, "folds": _folds, "lake": _lake, "csv": _tables, "jsonl": _json_tables,
}  # fmt: skip


def _still(root: Path) -> None:
    """Give all files one time, as the times of tests' own writing are no part of what is compared."""
    for path in root.rglob("*"):
        os.utime(path, (NOW, NOW))


@pytest.mark.parametrize("store", STORES)
def test_importing_twice_changes_nothing(store: str, tmp_path: Path) -> None:
    """A second import of the same store leaves every table as it was, and the file as large."""
    STORES[store](tmp_path / "s", 1)
    catalog = tmp_path / "c.artui"
    import_paths([tmp_path / "s"], catalog)
    before, raw = content(catalog), catalog.read_bytes()
    assert before["runs"] and before["points"]

    [*reports] = import_paths([tmp_path / "s"], catalog)

    assert content(catalog) == before
    assert all(not report.has_news and not report.taken["points"] for report in reports)
    with open_reader(catalog) as reader:
        reader.check_damage()
    assert len(catalog.read_bytes()) == len(raw)


@pytest.mark.parametrize("store", STORES)
def test_moved_store_gives_the_same_catalog(store: str, tmp_path: Path) -> None:
    """A home that was renamed, a disk that was mounted elsewhere, a copy on a laptop: all is known already."""
    STORES[store](tmp_path / "home" / "s", 0.5)
    _still(tmp_path / "home")
    import_paths([tmp_path / "home" / "s"], tmp_path / "c.artui")
    before = content(tmp_path / "c.artui")

    shutil.move(tmp_path / "home", tmp_path / "elsewhere")
    reports = import_paths([tmp_path / "elsewhere" / "s"], tmp_path / "c.artui")

    assert content(tmp_path / "c.artui") == before
    assert not any(report.has_news for report in reports)


@pytest.mark.parametrize("share", [0.37, 0.9, 0.1, 0.5][: tried(2, 4)])
@pytest.mark.parametrize("store", STORES)
def test_store_that_grew_gives_the_same_as_one_import_at_the_end(store: str, share: float, tmp_path: Path) -> None:
    """Imported when it was small and again when it was whole, a store comes to what it does when imported once."""
    place = tmp_path / "s"
    STORES[store](place, share)
    import_paths([place], tmp_path / "grown.artui")
    STORES[store](place, 1)
    _still(place)
    import_paths([place], tmp_path / "grown.artui")

    import_paths([place], tmp_path / "once.artui")

    grown, once = content(tmp_path / "grown.artui"), content(tmp_path / "once.artui")
    assert {name: grown[name] for name in once} == once


@pytest.mark.parametrize(
    "store", ["mlruns", "wandb at any byte", "tensorboard", "lightning", "huggingface", "mlflow.db"]
)
def test_damage_takes_no_point_from_the_catalog(store: str, tmp_path: Path) -> None:
    """After bytes of a store were cut off or turned round, another import leaves as many points of each run as there were."""
    chance = random.Random(7)
    place, catalog = tmp_path / "s", tmp_path / "c.artui"
    STORES[store](place, 1)
    import_paths([place], catalog)
    before = _counts(catalog)
    files = [path for path in place.rglob("*") if path.is_file() and path.stat().st_size]
    whole = {path: path.read_bytes() for path in files}
    for _ in range(tried(5, 12)):
        victim = chance.choice(files)
        raw = bytearray(whole[victim])
        if chance.random() < 0.5:
            raw = raw[: chance.randrange(len(raw))]
        else:
            raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        victim.write_bytes(raw)
        # The one file by which a store is known may no longer be what it was.
        with contextlib.suppress(NothingToImport):
            import_paths([place], catalog)
        after = _counts(catalog)
        assert all(after[run] >= count for run, count in before.items()), victim
        victim.write_bytes(whole[victim])
        import_paths([place], catalog)
        assert {run: count for run, count in _counts(catalog).items() if run in before} == before


def _counts(catalog: Path) -> dict[str, int]:
    counts: dict[str, int] = {}
    for run, *rest in content(catalog)["series"]:
        counts[run] = counts.get(run, 0) + rest[2]
    return counts


def test_moved_logs_of_tensorboard_are_the_same_runs(tmp_path: Path) -> None:
    """A folder of event files that was moved elsewhere is recognised: no run is there twice."""
    _events(tmp_path / "s", 1)
    catalog = tmp_path / "c.artui"
    import_paths([tmp_path / "s" / "runs"], catalog)
    shutil.move(tmp_path / "s", tmp_path / "t")

    import_paths([tmp_path / "t"], catalog)

    assert len(content(catalog)["runs"]) == 2


@pytest.mark.parametrize(
    ("first_step", "expected"),
    [
        (0, {"": [0, 1, 2, 3, 4], "log=2": [0, 1, 2, 3]}),  # the program ran twice under one id
        (3, {"": [0, 1, 2, 3, 4, 5, 6]}),  # it went on from a checkpoint: W&B keeps the first of what is repeated
        (5, {"": [0, 1, 2, 3, 4, 5, 6, 7, 8]}),
    ],
)
def test_logs_of_one_id_are_one_run(tmp_path: Path, first_step: int, expected: dict[str, list[int]]) -> None:
    """They follow each other, and the run's end is that of the later log; trainings that begin again are told apart."""
    write_wandb(tmp_path, wandb_records(5, exit_code=1), begun="20260601_120000")
    write_wandb(tmp_path, wandb_records(4, exit_code=0, first=first_step), begun="20260602_120000")

    import_paths([tmp_path], tmp_path / "c.artui")

    tables = content(tmp_path / "c.artui")
    [run] = tables["runs"]
    losses = {key.split(" ", 2)[2]: [step for step, *_ in points] for key, points in tables["points"].items() if key.split(" ")[1] == "loss"}  # fmt: skip
    assert run[4] == 1 and {labels: steps for labels, steps in losses.items() if labels != "summary"} == expected


def test_summary_of_wandb_is_what_was_last_said_of_each_key(tmp_path: Path) -> None:
    """Long values and removals in between cost no other key: the last word of each counts."""
    long = wandb_item("text", "x" * 500)
    first = message(
        (3, message((1, wandb_item("a", 1)), (1, long), (1, wandb_item("b", 2)), (1, wandb_item(("c", "d"), 3))))
    )
    second = message((3, message((1, wandb_item("a", 4)), (2, wandb_item("b", 0)), (1, wandb_item("e", 5)))))
    write_wandb(tmp_path, [*wandb_records(2, exit_code=None), first, second])
    import_paths([tmp_path], tmp_path / "c.artui")

    values = {row[1]: row[5] for row in content(tmp_path / "c.artui")["series"] if row[2] == "summary"}
    assert values == {"a": 4.0, "best": 0.01, "c.d": 3.0, "e": 5.0}


def test_files_that_wandb_saved_are_a_version(tmp_path: Path) -> None:
    """What a run put into its folder by hand is taken; what W&B writes there itself is taken as what it is."""
    log = write_wandb(tmp_path)
    files = log.parent / "files"
    (files / "weights").mkdir()
    (files / "weights" / "best.pt").write_bytes(b"1234")
    (files / "requirements.txt").write_text("numpy==2.0\n")
    (files / "diff.patch").write_text("+1\n")
    import_paths([tmp_path], tmp_path / "c.artui")

    tables = content(tmp_path / "c.artui")
    names = {row[4]: row[1] for row in tables["versions"]}
    assert {(names[row[0]], row[1]) for row in tables["files"]} == {
        ("files", "weights/best.pt"), ("environment", "requirements.txt"), ("code", "diff.patch"), ("console", "console.log"),
    }  # fmt: skip


def test_models_that_mlflow_only_noted_are_known_to_be_absent(tmp_path: Path) -> None:
    """A model whose files were left on another machine is a reference with its place, and not there."""
    history = '[{"artifact_path": "model", "flavors": {"sklearn": {}, "python_function": {}}}]'
    write_run(tmp_path / "mlruns", 1, tags={"mlflow.log-model.history": history})
    [report] = import_paths([tmp_path], tmp_path / "c.artui")

    [version] = content(tmp_path / "c.artui")["versions"]
    assert version[1:3] == ("model", "model") and version[9] == "referenced" and "sklearn" in version[11]
    assert report.changed["versions", "their bytes are not here: kept as references"] == 1


def test_aliases_follow_the_registry_but_for_those_of_people(tmp_path: Path) -> None:
    """An alias that MLflow moved or took away is moved or gone; one that somebody gave here stays."""
    path = write_database(tmp_path / "mlflow.db", 1, 2)
    catalog = tmp_path / "c.artui"
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO registered_models VALUES ('toy', 1, 1, 'a toy')")
        for number, stage in ((1, "Production"), (2, "None"), (3, "Staging")):
            connection.execute(
                "INSERT INTO model_versions VALUES ('toy', ?, 1, 1, '', '', ?, 's3://gone/x', '', 'READY')",
                (number, stage),
            )
        connection.execute("INSERT INTO registered_model_aliases VALUES ('champion', 2, 'toy'), ('old', 1, 'toy')")
    import_paths([tmp_path], catalog)
    assert _aliases(catalog) == {"production": 1, "staging": 3, "champion": 2, "old": 1}
    version = next(row[4] for row in content(catalog)["versions"] if row[5] == 1)
    with Catalog(catalog) as opened:
        events.move_alias(opened, version, "mine")

    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE registered_model_aliases SET version = 3 WHERE alias = 'champion'")
        connection.execute("DELETE FROM registered_model_aliases WHERE alias = 'old'")
    import_paths([tmp_path], catalog)

    assert _aliases(catalog) == {"production": 1, "staging": 3, "champion": 3, "mine": 1}


def _aliases(catalog: Path) -> dict[str, int]:
    tables = content(catalog)
    numbers = {row[4]: row[5] for row in tables["versions"]}
    return {name: numbers[version] for _, name, version in tables["aliases"]}


@pytest.mark.parametrize(
    ("files", "steps"),
    [
        ([(None, 0, 10), (5, 5, 12)], [*range(5), *range(5, 12)]),
        ([(None, 0, 10), (None, 5, 12)], [*range(10), *range(5, 12)]),
        ([(None, 0, 10), (5, 5, 12), (3, 3, 6)], [*range(3), *range(3, 6)]),
        ([(0, 0, 4), (8, 8, 10), (4, 4, 6)], [*range(4), *range(4, 6)]),
        ([(None, 0, 4), (0, 0, 4)], [*range(4)]),
    ],
)
def test_restart_takes_back_what_it_repeats(tmp_path: Path, files: list[tuple[int | None, int, int]], steps: list[int]) -> None:  # fmt: skip
    """A SessionLog START at a step takes back what earlier files hold from it on, as TensorBoard does; the rest is counted."""
    folder = tmp_path / "logs" / "run"
    for number, (restart, first, end) in enumerate(files):
        start = message((1, float(SECONDS + number)), (2, restart or 0), (7, message((1, 1))))
        events = [version_event(), *([start] if restart is not None else [])]
        events += [
            scalar_event("loss", step, 100.0 * number + step, seconds=SECONDS + 100 * number + step)
            for step in range(first, end)
        ]
        write_events(folder, map(tf_record, events), name=f"events.out.tfevents.{SECONDS + number}.box.1.{number}")
    [report] = import_paths([folder], tmp_path / "c.artui")
    with open_reader(tmp_path / "c.artui") as reader:
        assert reader.run("run").series("loss").steps.tolist() == steps
    taken_back = sum(end - first for _, first, end in files) - len(steps)
    assert sum(count for (what, _), count in report.changed.items() if what == "points") == taken_back
