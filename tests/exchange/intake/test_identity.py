"""Which run is which: one for what its owner calls one, wherever its files lie, and another once a folder is trained into again."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artui.catalog.importing import ImportedRun
from artui.exchange.importing import import_paths
from artui.exchange.intake.identity import LOG, ROW, History, Identity, assigned, goes_on, witness
from artui.model import RunDetail
from artui.query.run import get_run
from tests.exchange.looking import content
from tests.exchange.mlruns import write_run
from tests.exchange.writing import (
    SECONDS,
    hparams_event,
    message,
    scalar_event,
    tensor_event,
    tf_record,
    trainer_state,
    wandb_records,
    write_events,
    write_lightning,
    write_log,
    write_training,
    write_wandb,
)
from tests.reading import open_reader


def runs_of(catalog: Path) -> list[RunDetail]:
    with open_reader(catalog) as reader:
        return sorted((get_run(reader, head.id) for head in reader.runs()), key=lambda run: run.head.name)


def series_of(catalog: Path) -> dict[str, list[tuple[int, float]]]:
    """Give points by `NAME METRIC LABELS`, with the run's name in place of its id."""
    whole = content(catalog)
    names = {row[0]: row[3] for row in whole["runs"]}
    return {
        f"{names[key.partition(' ')[0]]} {key.partition(' ')[2]}".strip(): [
            (step, float.fromhex(value)) for step, _, value in points
        ]
        for key, points in whole["points"].items()
    }


# The four ways of a store: moved, copied, trained into again, and beside an equal one


def _lightning(place: Path, seed: int, share: float) -> None:
    chance = random.Random(seed)
    rows = [f"0,{step},{chance.random()}" for step in range(10)][: max(1, round(10 * share))]
    place.mkdir(parents=True, exist_ok=True)
    (place / "hparams.yaml").write_text("lr: 0.1\n")
    (place / "metrics.csv").write_text("\n".join(["epoch,step,train_loss", *rows]) + "\n")


def _lightning_events(place: Path, seed: int, share: float) -> None:
    chance = random.Random(seed % 100)  # equal seeds, begun at another time
    losses = {step: chance.random() for step in range(10)}
    place.mkdir(parents=True, exist_ok=True)
    (place / "hparams.yaml").write_text("lr: 0.1\n")
    write_log(place, dict(list(losses.items())[: max(1, round(10 * share))]), began=SECONDS + seed)


def _tensorboard(place: Path, seed: int, share: float) -> None:
    _lightning_events(place, seed, share)
    (place / "hparams.yaml").unlink()


def _trainer(place: Path, seed: int, share: float) -> None:
    chance = random.Random(seed)
    write_training(place, [chance.random() for _ in range(10)][: max(1, round(10 * share))], max_steps=100)


def _trainer_events(place: Path, seed: int, share: float) -> None:
    chance = random.Random(seed % 100)
    losses = [chance.random() for _ in range(10)][: max(1, round(10 * share))]
    shutil.rmtree(place / "runs", ignore_errors=True)
    write_training(place, losses, max_steps=100)
    points = {10 * number: loss for number, loss in enumerate(losses, start=1)}
    write_log(place / "runs" / f"Jan{seed}", points, began=SECONDS + seed, tag="train/loss")


WRITERS: dict[str, Callable[[Path, int, float], None]] = {
    "lightning": _lightning, "lightning with events": _lightning_events, "tensorboard": _tensorboard,
    "trainer": _trainer, "trainer with events": _trainer_events,
}  # fmt: skip
every_writer = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)


@every_writer
@pytest.mark.parametrize("is_grown", [False, True])
def test_moved_store_is_the_same_runs(
    write: Callable[[Path, int, float], None], is_grown: bool, tmp_path: Path
) -> None:
    """A home that was renamed, or another machine: nothing is new, and what has grown since goes on in its run."""
    catalog = tmp_path / "c.artui"
    write(tmp_path / "home" / "a" / "version_0", 1, 0.5)
    write(tmp_path / "home" / "a" / "version_1", 102, 0.5)
    import_paths([tmp_path / "home"], catalog)
    ids = {run.head.id for run in runs_of(catalog)}
    before = content(catalog)

    shutil.move(tmp_path / "home", tmp_path / "elsewhere")
    if is_grown:
        write(tmp_path / "elsewhere" / "a" / "version_0", 1, 1.0)
        write(tmp_path / "elsewhere" / "a" / "version_1", 102, 1.0)
    [report] = import_paths([tmp_path / "elsewhere"], catalog)

    assert {run.head.id for run in runs_of(catalog)} == ids and len(ids) == 2
    assert report.runs["new"] == 0
    if is_grown:
        assert report.runs["updated"] == 2
    else:
        assert content(catalog) == before


@every_writer
def test_folder_trained_into_again_is_another_run(write: Callable[[Path, int, float], None], tmp_path: Path) -> None:
    """`overwrite_output_dir`, or `rm -r lightning_logs`: the first training stays, the next ones come beside it."""
    catalog, place = tmp_path / "c.artui", tmp_path / "out" / "version_0"
    for number, (seed, share) in enumerate([(1, 0.5), (102, 0.3), (203, 0.8)], start=1):
        shutil.rmtree(place, ignore_errors=True)
        write(place, seed, share)
        import_paths([tmp_path / "out"], catalog)
        assert len(runs_of(catalog)) == number
        import_paths([tmp_path / "out"], catalog)
        assert len(runs_of(catalog)) == number

    counts = sorted(len(points) for key, points in content(catalog)["points"].items() if "loss" in key)
    assert counts == [3, 5, 8]


@every_writer
def test_two_folders_of_one_store_are_two_runs(write: Callable[[Path, int, float], None], tmp_path: Path) -> None:
    """Equal seeds or copies: what lies beside each other is told apart, also when it comes one by one, and stays so."""
    catalog, root = tmp_path / "c.artui", tmp_path / "out"
    write(root / "version_0", 1, 0.5)
    import_paths([root], catalog)
    [first] = runs_of(catalog)
    shutil.copytree(root / "version_0", root / "version_1")
    import_paths([root], catalog)
    assert {first.head.id} < {run.head.id for run in runs_of(catalog)} and len(runs_of(catalog)) == 2
    before = content(catalog)

    [report] = import_paths([root], catalog)
    assert report.runs == {"unchanged": 2} and content(catalog) == before
    write(root / "version_0", 1, 1.0)
    import_paths([root], catalog)
    grown = {run.head.id: run for run in runs_of(catalog)}
    assert len(grown) == 2
    points = content(catalog)["points"]
    assert sorted(len(rows) for key, rows in points.items() if "loss" in key) == [5, 10]
    assert len(next(rows for key, rows in points.items() if key.startswith(first.head.id) and "loss" in key)) == 10


@every_writer
def test_copy_of_a_store_elsewhere_is_the_same_runs(write: Callable[[Path, int, float], None], tmp_path: Path) -> None:
    """A backup beside the original brings nothing new."""
    catalog = tmp_path / "c.artui"
    write(tmp_path / "out" / "version_0", 1, 0.5)
    import_paths([tmp_path / "out"], catalog)
    shutil.copytree(tmp_path / "out", tmp_path / "backup")

    [report] = import_paths([tmp_path / "backup"], catalog)

    assert not report.runs["new"] and len(runs_of(catalog)) == 1


def test_run_imported_under_its_path_keeps_its_id(tmp_path: Path) -> None:
    """Catalogs of before: the place was the id. It stays that run's, and what was trained there since is another."""
    from artui.catalog.importing import id_of

    place, catalog = tmp_path / "out", tmp_path / "c.artui"
    write_training(place, [3.0, 2.0])
    import_paths([place], catalog)
    earlier = id_of("run", "huggingface", "trainer", os.path.realpath(place))
    import sqlite3

    with sqlite3.connect(catalog) as connection:
        connection.execute("UPDATE run SET id = ?", (earlier,))
        provenance = json.loads(connection.execute("SELECT content FROM context WHERE name = 'import'").fetchone()[0])
        kept = {key: value for key, value in provenance.items() if key not in ("place", "witnesses", "hints")}
        connection.execute("UPDATE context SET content = ? WHERE name = 'import'", (json.dumps(kept),))

    write_training(place, [3.0, 2.0, 1.0])
    import_paths([place], catalog)
    assert [run.head.id for run in runs_of(catalog)] == [earlier]
    write_training(place, [9.0, 8.0, 7.0, 6.0])
    import_paths([place], catalog)
    assert len(runs_of(catalog)) == 2 and earlier in {run.head.id for run in runs_of(catalog)}


def test_dry_run_says_what_an_import_would_do(tmp_path: Path) -> None:
    """Whether a folder was trained into again is asked of the catalog in a dry run, too, which writes nothing."""
    catalog, place = tmp_path / "c.artui", tmp_path / "out"
    write_training(place, [3.0, 2.0])
    import_paths([place], catalog)
    before = catalog.read_bytes()

    write_training(place, [3.0, 2.0, 1.0])
    assert import_paths([place], catalog, is_dry=True)[0].runs == {"updated": 1}
    write_training(place, [9.0, 8.0, 7.0])
    assert import_paths([place], catalog, is_dry=True)[0].runs == {"new": 1}
    assert catalog.read_bytes() == before


def test_deleted_oldest_log_takes_no_run_away(tmp_path: Path) -> None:
    """A run whose first event file is gone is known by the others, and keeps what it had."""
    catalog, folder = tmp_path / "c.artui", tmp_path / "logs" / "run"
    first = write_log(folder, {0: 3.0, 1: 2.0}, began=SECONDS)
    write_log(folder, {2: 1.0}, began=SECONDS + 100)
    import_paths([tmp_path / "logs"], catalog)
    first.unlink()

    [report] = import_paths([tmp_path / "logs"], catalog)

    assert report.runs == {"kept": 1} and len(runs_of(catalog)) == 1
    assert series_of(catalog)["run loss"] == [(0, 3.0), (1, 2.0), (2, 1.0)]


# What its owner calls one run


@pytest.mark.parametrize("name", ["1700000001.3236299", "1700000001"])
def test_hparams_inside_a_run_are_its_params(name: str, tmp_path: Path) -> None:
    """`add_hparams` makes a folder named by the time inside the run's: its params and points are the run's own."""
    for number in (1, 2):
        folder = tmp_path / "runs" / f"exp_{number}"
        write_log(folder, {0: 1.0, 1: 0.5 / number}, began=SECONDS + number)
        records = [hparams_event({"lr": 0.1**number}), tf_record(scalar_event("hparam/accuracy", 0, 0.5))]
        write_events(folder / name, records, name=f"events.out.tfevents.{SECONDS + number}.box.1.1")

    import_paths([tmp_path / "runs"], tmp_path / "c.artui")

    runs = runs_of(tmp_path / "c.artui")
    assert [run.head.name for run in runs] == ["exp_1", "exp_2"]
    for number, run in enumerate(runs, start=1):
        assert {param.name: param.value for param in run.params} == {"lr": pytest.approx(0.1**number)}
        assert {metric.name for metric in run.metrics} == {"loss", "hparam/accuracy"}


def test_runs_of_a_search_stay_runs(tmp_path: Path) -> None:
    """Folders with hparams that are not named by a time are runs, and so are those whose parent is none."""
    write_log(tmp_path / "logs", {0: 1.0})
    for name in ("run-0", "run-1"):
        write_events(tmp_path / "logs" / name, [hparams_event({"lr": 0.1}), tf_record(scalar_event("acc", 0, 0.5))])
    write_events(tmp_path / "logs" / "none" / "1700000001.5", [hparams_event({"lr": 0.1})])

    import_paths([tmp_path / "logs"], tmp_path / "c.artui")

    assert len(runs_of(tmp_path / "c.artui")) == 4


def test_training_of_a_trainer_is_one_run(tmp_path: Path) -> None:
    """Its event files give times, its arguments params, its last checkpoint a version; what only they have is taken, too."""
    out, catalog = tmp_path / "whisper", tmp_path / "c.artui"
    write_training(out, [1.0, 0.5, 1 / 3])
    write_training(out / "last-checkpoint", [1.0, 0.5])
    arguments = json.dumps({"learning_rate": 2e-5, "num_train_epochs": 3.0, "max_steps": -1}, indent=2)
    text = message(
        (1, "args/text_summary"),
        (9, message((1, message((1, "text"))))),
        (8, message((1, 7), (2, message((2, message((1, 1))))), (8, arguments))),
    )
    records = [message((1, SECONDS + 0.5), (3, "brain.Event:2")), message((1, float(SECONDS)), (5, message((1, text))))]
    for step, loss in ((10, 1.0), (20, 0.5), (30, 1 / 3), (40, 0.25)):
        records.append(scalar_event("train/loss", step, loss, seconds=SECONDS + step))
        records.append(tensor_event("custom/norm", step, 2.0, seconds=SECONDS + step))
    write_events(out / "runs" / "Jan28_host", map(tf_record, records))

    import_paths([out], catalog)

    [run] = runs_of(catalog)
    assert run.head.name == "whisper"
    points = content(catalog)["points"]
    losses = next(rows for key, rows in points.items() if " loss " in key)
    assert [(step, time_ms) for step, time_ms, _ in losses] == [
        (10 * k, (SECONDS + 10 * k) * 1000) for k in (1, 2, 3, 4)
    ]
    assert [float.fromhex(value) for *_, value in losses] == [1.0, 0.5, 1 / 3, 0.25]
    assert {metric.name for metric in run.metrics} == {"loss", "learning_rate", "epoch", "custom/norm"}
    params = {param.name: param.value for param in run.params}
    assert params["learning_rate"] == 2e-5 and params["num_train_epochs"] == 3.0 and params["max_steps"] == 30
    assert [head.artifact for head in run.outputs] == ["checkpoint"]
    assert run.head.started_ms == SECONDS * 1000 and run.head.ended_ms == (SECONDS + 40) * 1000


def test_event_files_of_an_earlier_training_are_a_run_of_their_own(tmp_path: Path) -> None:
    """The state knows only the last training; what the event files of one before say is not its, equal schedules or not."""
    out, catalog = tmp_path / "whisper", tmp_path / "c.artui"
    write_training(out, [1.0, 0.5, 0.25])
    for number, losses in enumerate(([9.0, 8.0, 7.0], [1.0, 0.5, 0.25])):
        records = [message((1, SECONDS + number + 0.5), (3, "brain.Event:2"))]
        for at, loss in enumerate(losses, start=1):
            records.append(scalar_event("train/loss", 10 * at, loss, seconds=SECONDS + number))
            records.append(scalar_event("train/learning_rate", 10 * at, 1e-3 / at, seconds=SECONDS + number))
        write_events(out / "runs" / f"Jan{number}", map(tf_record, records))

    import_paths([out], catalog)

    assert {run.head.name: run.head.started_ms for run in runs_of(catalog)} == {"whisper": (SECONDS + 1) * 1000, "runs/Jan0": SECONDS * 1000}  # fmt: skip
    assert series_of(catalog)["whisper loss"] == [(10, 1.0), (20, 0.5), (30, 0.25)]


@pytest.mark.parametrize(
    ("more", "status"),
    [({}, "killed"), ({"train_runtime": 12.0}, "finished")],
)
def test_training_without_its_end_is_not_finished(more: dict[str, float], status: str, tmp_path: Path) -> None:
    """A state in the middle was killed, unless its last entry sums the training up; a limit that nobody set is no param."""
    state = dict(trainer_state(8), num_train_epochs=(1 << 63) - 1)
    if more:
        state["log_history"] = [*state["log_history"], {"step": 8, **more}]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "trainer_state.json").write_text(json.dumps(state))

    import_paths([tmp_path / "out"], tmp_path / "c.artui")

    [run] = runs_of(tmp_path / "c.artui")
    assert run.head.status == status
    assert {param.name for param in run.params} == {"max_steps"}


@pytest.mark.parametrize("is_same", [True, False])
def test_two_loggers_of_a_version(is_same: bool, tmp_path: Path) -> None:
    """Of one training each point is there once, with the events' time and the table's value; of two, a label tells them apart."""
    version, catalog = write_lightning(tmp_path, 5), tmp_path / "c.artui"
    losses = {step: 1.0 / (step + 1) if is_same else 9.0 - step for step in range(5)}
    write_log(version, losses, tag="train_loss")

    import_paths([tmp_path], catalog)

    [run] = runs_of(catalog)
    points = series_of(catalog)
    assert points["version_0 train_loss"] == [(step, 1.0 / (step + 1)) for step in range(5)]
    if is_same:
        assert set(points) == {"version_0 train_loss", "version_0 val_loss"} and not run.remarks
        times = next(rows for key, rows in content(catalog)["points"].items() if " train_loss" in key)
        assert [time_ms for _, time_ms, _ in times] == [(SECONDS + step) * 1000 for step in range(5)]
    else:
        assert points["version_0 train_loss log=2"] == list(losses.items())
        assert any("different trainings" in remark for remark in run.remarks)


def test_version_of_test_tube(tmp_path: Path) -> None:
    """Lightning before 0.7: params are a table, times a column, and the event files in `tf` are the same run's."""
    version, catalog = tmp_path / "lightning_logs" / "version_0", tmp_path / "c.artui"
    write_log(version / "tf", {0: 10.5, 1: 10.25}, tag="train_loss")
    (version / "meta_tags.csv").write_text("key,value\nlr,0.02\nsolver,rk4\n")
    (version / "meta.experiment").write_text('{"name": "x", "version": 0, "created_at": "2020-03-03 13:11:37.620137"}')
    rows = ["train_loss,epoch,created_at", "10.5,0,2020-03-03 15:56:57.6", "10.25,1,2020-03-03 18:43:08.2"]
    (version / "metrics.csv").write_text("\n".join(rows) + "\n")

    [report] = import_paths([tmp_path / "lightning_logs"], catalog)

    [run] = runs_of(catalog)
    assert not report.damaged and run.head.started_ms == 1_583_241_097_620
    assert {param.name: param.value for param in run.params} == {"lr": 0.02, "solver": "rk4"}
    assert series_of(catalog) == {"version_0 train_loss": [(0, 10.5), (1, 10.25)]}


def test_texts_in_a_table_are_left_and_a_cut_row_is_no_value(tmp_path: Path) -> None:
    """A column of words costs nothing else and is no damage; a last line without an end may end within a number."""
    version, catalog = tmp_path / "lightning_logs" / "version_0", tmp_path / "c.artui"
    version.mkdir(parents=True)
    (version / "metrics.csv").write_text("epoch,step,phase,loss\n0,0,warm,1.5\n0,1,warm,1.25\n0,2,cold,1.12")

    [report] = import_paths([version], catalog)

    assert series_of(catalog) == {"version_0 loss": [(0, 1.5), (1, 1.25)]}
    assert not report.damaged and report.left["values of metrics.csv", "of column 'phase' are no numbers"] == 3
    assert report.left["ends of logs", "are cut off within a record: the process was killed, or still writes"] == 1


@pytest.mark.parametrize("is_one_file", [True, False])
def test_trainings_that_share_a_folder_are_not_one_curve(is_one_file: bool, tmp_path: Path) -> None:
    """Steps that begin again, in one file or the next, are told apart by a label and a remark; nothing is lost."""
    folder, catalog = tmp_path / "logs" / "cv", tmp_path / "c.artui"
    folds = [{step: fold + step / 10 for step in range(4)} for fold in range(3)]
    if is_one_file:
        records = [tf_record(message((1, SECONDS + 0.5), (3, "brain.Event:2")))]
        for fold in folds:
            records += [tf_record(scalar_event(tag, step, value)) for step, value in fold.items() for tag in ("a", "b")]
        write_events(folder, records)
    else:
        for number, fold in enumerate(folds):
            write_log(folder, fold, began=SECONDS + 1000 * number, tag="a")

    import_paths([tmp_path / "logs"], catalog)

    points = series_of(catalog)
    for tag in ("a", "b") if is_one_file else ("a",):
        for number, fold in enumerate(folds, start=1):
            label = f" log={number}" if number > 1 else ""
            assert dict(points[f"cv {tag}{label}"]) == pytest.approx(fold)
            assert [step for step, _ in points[f"cv {tag}{label}"]] == list(fold)
    [run] = runs_of(catalog)
    assert sum("Several trainings" in remark for remark in run.remarks) == (1 if is_one_file else 2)


def test_steps_out_of_order_are_one_series(tmp_path: Path) -> None:
    """Writers of several processes, and a run that goes on from its middle without a mark, stay what they are."""
    chance = random.Random(1)
    steps = [chance.randrange(100) for _ in range(200)]
    records = [tf_record(scalar_event("a", step, step)) for step in steps]
    write_events(tmp_path / "logs" / "x", records)
    write_log(tmp_path / "logs" / "y", dict.fromkeys(range(50), 1.0), began=SECONDS)
    write_log(tmp_path / "logs" / "y", dict.fromkeys(range(40, 90), 2.0), began=SECONDS + 100)

    import_paths([tmp_path / "logs"], tmp_path / "c.artui")

    points = series_of(tmp_path / "c.artui")
    assert [step for step, _ in points["x a"]] == steps
    assert [step for step, _ in points["y loss"]] == [*range(50), *range(40, 90)]


def test_log_of_wandb_without_its_record_is_the_same_run_later(tmp_path: Path) -> None:
    """Its client writes in blocks: at first there is only a header, and the folder's name has a clock of nobody knows where."""
    log, catalog = write_wandb(tmp_path, [], begun="20260601_060000"), tmp_path / "c.artui"
    (log.parent / "files" / "wandb-metadata.json").write_text('{"startedAt": "2026-06-01T11:00:00.5Z"}')
    import_paths([tmp_path / "wandb"], catalog)
    [first] = runs_of(catalog)
    assert first.head.started_ms == 1_780_311_600_500

    write_wandb(tmp_path, wandb_records(5), begun="20260601_060000")
    import_paths([tmp_path / "wandb"], catalog)

    [run] = runs_of(catalog)
    assert run.head.id == first.head.id and run.head.name == "calm-otter" and run.head.project == "vision"
    assert run.head.started_ms == SECONDS * 1000


def test_unknown_start_is_the_time_of_the_file(tmp_path: Path) -> None:
    """Where no source says when a run started, its file does: never 1970."""
    place = tmp_path / "out"
    place.mkdir()
    (place / "trainer_state.json").write_text("{broken")
    mlflow = write_run(tmp_path / "mlruns", 1, metrics={"x": []})
    (mlflow / "meta.yaml").unlink()
    for path in (place / "trainer_state.json", mlflow):
        os.utime(path, (SECONDS, SECONDS))

    import_paths([tmp_path], tmp_path / "c.artui")

    assert {run.head.started_ms for run in runs_of(tmp_path / "c.artui")} == {SECONDS * 1000}


@pytest.mark.parametrize("order", ["equal", "backwards"])
def test_checkpoints_are_numbered_by_step(order: str, tmp_path: Path) -> None:
    """Git, unzip and buckets give files any time: a run's checkpoints follow its steps all the same."""
    out, version = write_training(tmp_path / "out", [1.0]), write_lightning(tmp_path, 3)
    (version / "checkpoints").mkdir()
    for step in (500, 1000, 1500):
        write_training(out / f"checkpoint-{step}", [1.0])
        (out / f"checkpoint-{step}" / "weights.bin").write_bytes(str(step).encode())
        (version / "checkpoints" / f"epoch=0-step={step}.ckpt").write_bytes(str(step).encode())
    for number, path in enumerate(sorted(tmp_path.rglob("*"))):
        time = SECONDS if order == "equal" else SECONDS - number
        os.utime(path, (time, time))

    import_paths([tmp_path], tmp_path / "c.artui")

    steps_by_artifact: dict[str, list[int]] = {}
    for artifact, _, _, _, _, number, _, _, _, _, _, metadata in content(tmp_path / "c.artui")["versions"]:
        steps_by_artifact.setdefault(artifact, []).append((number, json.loads(metadata)["step"]))  # type: ignore[arg-type]
    assert [sorted(numbered_steps) for numbered_steps in steps_by_artifact.values()] == [
        [(1, 500), (2, 1000), (3, 1500)]
    ] * 2  # type: ignore[comparison-overlap]


def test_hparams_of_a_search_with_one_writer_stay_runs(tmp_path: Path) -> None:
    """PyTorch's own example calls `add_hparams` with other values again and again: each is a run, none is mixed."""
    folder = tmp_path / "runs" / "search"
    write_log(folder, {})
    for number in range(3):
        records = [hparams_event({"lr": 0.1 * number}), tf_record(scalar_event("hparam/accuracy", 0, float(number)))]
        write_events(folder / f"178000000{number}.25", records, name=f"events.out.tfevents.{SECONDS}.box.1.{number}")

    import_paths([tmp_path / "runs"], tmp_path / "c.artui")

    runs = [run for run in runs_of(tmp_path / "c.artui") if run.params]
    assert [run.params[0].value for run in runs] == [pytest.approx(0.1 * number) for number in range(3)]
    assert [run.metrics[0].summary.last for run in runs] == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("write", [_lightning, _trainer])
def test_equal_beginnings_in_two_places_are_two_runs(write: Callable[[Path, int, float], None], tmp_path: Path) -> None:
    """A run that was imported early, or crashed, is not taken for another that begins like it."""
    catalog = tmp_path / "c.artui"
    write(tmp_path / "expA" / "version_0", 1, 0.1)
    write(tmp_path / "expB" / "version_0", 1, 1.0)
    if (tmp_path / "expA" / "version_0" / "hparams.yaml").exists():
        (tmp_path / "expA" / "version_0" / "hparams.yaml").write_text("lr: 0.9\n")
    for place in ("expA", "expB", "expA", "expB"):
        import_paths([tmp_path / place], catalog)

    assert len(runs_of(catalog)) == 2
    assert sorted(len(rows) for key, rows in content(catalog)["points"].items() if "loss" in key) == [1, 10]


def test_equal_times_and_sizes_say_nothing(tmp_path: Path) -> None:
    """Two trainings whose files have one size and one time, as in an archive of a host, are both taken."""
    catalog = tmp_path / "c.artui"
    for name, last in (("a", 0.25), ("b", 0.75)):
        state = write_training(tmp_path / name / "out", [1.0, 0.5, last]) / "trainer_state.json"
        os.utime(state, (SECONDS, SECONDS))
    for name in ("a", "b", "a"):
        import_paths([tmp_path / name], catalog)

    assert sorted(run.metrics[-1].summary.last or 0 for run in runs_of(catalog)) == [0.25, 0.75]


def test_shorter_training_into_the_same_folder_is_taken(tmp_path: Path) -> None:
    """The Trainer leaves checkpoints of the training before where they are: the folder's own state says what it is of."""
    out, catalog = tmp_path / "whisper", tmp_path / "c.artui"
    write_training(out, [1.0, 0.9, 0.8, 0.7])
    write_training(out / "checkpoint-40", [1.0, 0.9, 0.8, 0.7])
    import_paths([out], catalog)
    write_training(out, [5.0, 4.0])
    import_paths([out], catalog)

    assert sorted(len(rows) for key, rows in content(catalog)["points"].items() if " loss " in key) == [2, 4]


def test_training_that_was_killed_and_resumed_is_one_run(tmp_path: Path) -> None:
    """What the first process did beyond its last checkpoint was done again, and does not count twice."""
    out, catalog = tmp_path / "whisper", tmp_path / "c.artui"
    first = {10 * k: 1.0 / k for k in range(1, 6)}
    again = {10 * k: 1.0 / k + 0.01 for k in range(3, 9)}
    write_log(out / "runs" / "A", first, began=SECONDS, tag="train/loss")
    write_training(out / "checkpoint-20", [1.0, 0.5], max_steps=80)
    import_paths([out], catalog)
    write_log(out / "runs" / "B", again, began=SECONDS + 1000, tag="train/loss")
    write_training(out, [1.0, 0.5, *again.values()])
    import_paths([out], catalog)

    assert series_of(catalog)["whisper loss"] == [(10, 1.0), (20, 0.5), *again.items()]
    assert len(runs_of(catalog)) == 1


def test_event_files_that_share_nothing_with_the_state_are_not_its(tmp_path: Path) -> None:
    """A debug run before, and an attempt that has only arguments, give the training no points and no params."""
    out, catalog = tmp_path / "whisper", tmp_path / "c.artui"
    write_training(out, [1.0, 0.5], every=500)
    write_log(out / "runs" / "OLD", {10: 9.0, 20: 8.0}, began=SECONDS - 1000, tag="train/loss")
    write_log(out / "runs" / "NEW", {500: 1.0, 1000: 0.5}, tag="train/loss")
    import_paths([out], catalog)

    assert series_of(catalog)["whisper loss"] == [(500, 1.0), (1000, 0.5)]
    assert len(runs_of(catalog)) == 2


def test_hparams_inside_the_event_files_of_a_trainer_are_its(tmp_path: Path) -> None:
    """Older Trainers wrote their arguments by `add_hparams`: that is no run beside theirs."""
    out, catalog = tmp_path / "whisper", tmp_path / "c.artui"
    write_training(out, [1.0, 0.5])
    write_log(out / "runs" / "A", {10: 1.0, 20: 0.5}, tag="train/loss")
    write_events(out / "runs" / "A" / "1780000000.5", [hparams_event({"learning_rate": 0.25})])
    import_paths([tmp_path], catalog)

    [run] = runs_of(catalog)
    assert {param.name: param.value for param in run.params}["learning_rate"] == 0.25


def test_run_keeps_its_name_wherever_an_import_begins(tmp_path: Path) -> None:
    """Names of TensorBoard's runs are paths: from further in or out the run has the one by which it is known."""
    catalog, folder = tmp_path / "c.artui", tmp_path / "work" / "logs" / "exp"
    write_log(folder, {0: 1.0})
    write_log(folder / "train", {0: 1.0}, began=SECONDS + 5)
    import_paths([tmp_path / "work" / "logs"], catalog)
    before = [(run.head.name, run.head.project, run.head.parent_id) for run in runs_of(catalog)]
    for place in (folder / "train", tmp_path, folder):
        write_log(folder / "train", dict.fromkeys(range(2 + len(str(place))), 1.0), began=SECONDS + 5)
        import_paths([place], catalog)
        assert [(run.head.name, run.head.project, run.head.parent_id) for run in runs_of(catalog)] == before


def test_one_bad_state_hides_no_other(tmp_path: Path) -> None:
    """Numbers beyond all bounds and letters that are none cost their own run at most."""
    write_training(tmp_path / "good", [1.0, 0.5])
    for name, entry in (("big", '{"step": 1, "loss": NaN, "tokens": 99999999999999999999999}'), ("odd", '{"step": 1, "x": NaN, "\\ud800": 1}')):  # fmt: skip
        (tmp_path / name).mkdir()
        (tmp_path / name / "trainer_state.json").write_text(f'{{"global_step": 1, "log_history": [{entry}]}}')

    import_paths([tmp_path], tmp_path / "c.artui")

    assert "good" in {run.head.name for run in runs_of(tmp_path / "c.artui")}


def test_folder_whose_name_is_no_utf_8_is_known_again(tmp_path: Path) -> None:
    """Old disks have names in any bytes: the second import brings nothing."""
    place = os.fsencode(tmp_path) + b"/lo\xe9s"
    write_log(Path(os.fsdecode(place)) / "run", {0: 1.0, 1: 0.5})
    for runs in ({"new": 1}, {"unchanged": 1}):
        [report] = import_paths([Path(os.fsdecode(place))], tmp_path / "c.artui")
        assert report.runs == runs


def test_files_that_are_gone_take_no_point_away(tmp_path: Path) -> None:
    """Also when the others go on: what the first file held stays, and what is new comes behind it."""
    catalog, folder = tmp_path / "c.artui", tmp_path / "logs" / "run"
    first = write_log(folder, dict.fromkeys(range(5), 1.0), began=SECONDS)
    write_log(folder, dict.fromkeys(range(5, 8), 2.0), began=SECONDS + 100)
    import_paths([tmp_path / "logs"], catalog)
    first.unlink()
    write_log(folder, dict.fromkeys(range(5, 30), 2.0), began=SECONDS + 100)
    [report] = import_paths([tmp_path / "logs"], catalog)

    assert series_of(catalog)["run loss"] == [(step, 1.0 if step < 5 else 2.0) for step in range(30)]
    assert report.left["points", "are not there any more: what the catalog had of them was kept"] == 5
    assert runs_of(catalog)[0].head.started_ms == SECONDS * 1000


def test_renamed_folder_and_one_trained_in_its_place(tmp_path: Path) -> None:
    """The old run goes with its files, and the new one is new."""
    catalog, root = tmp_path / "c.artui", tmp_path / "logs"
    _lightning(root / "version_0", 1, 0.5)
    import_paths([root], catalog)
    [first] = runs_of(catalog)
    (root / "version_0").rename(root / "good")
    _lightning(root / "version_0", 102, 0.5)
    import_paths([root], catalog)

    assert {run.head.name for run in runs_of(catalog)} == {"good", "version_0"} or len(runs_of(catalog)) == 2
    assert first.head.id in {run.head.id for run in runs_of(catalog)}


@pytest.mark.parametrize("kind", ["trainer", "lightning"])
def test_event_files_that_were_there_first_are_the_same_run(kind: str, tmp_path: Path) -> None:
    """Imported before the first checkpoint, or by themselves: one run, whichever comes first."""
    out, catalog = tmp_path / "whisper", tmp_path / "c.artui"
    tag, logs = ("train/loss", out / "runs" / "A") if kind == "trainer" else ("loss", out)
    write_log(logs, {10: 1.0, 20: 0.5}, tag=tag)
    import_paths([out], catalog)
    [first] = runs_of(catalog)
    if kind == "trainer":
        write_training(out, [1.0, 0.5])
    else:
        (out / "hparams.yaml").write_text("lr: 0.1\n")
    import_paths([out], catalog)
    [run] = runs_of(catalog)
    assert run.head.id == first.head.id and {metric.name for metric in run.metrics} >= {"loss"}
    before = content(catalog)
    import_paths([out], catalog)
    if kind == "trainer":
        import_paths([out / "runs"], catalog)
    assert content(catalog) == before


@pytest.mark.parametrize("is_stale_first", [True, False])
def test_copies_below_one_root_are_one_run(is_stale_first: bool, tmp_path: Path) -> None:
    """A backup beside an MLflow store: the one that says how the run ended counts, at the next import, too."""
    names = ("a", "b") if is_stale_first else ("b", "a")
    write_run(tmp_path / names[0] / "mlruns", 1, metrics={"loss": [1.0, 0.5]}, status=1)
    write_run(tmp_path / names[1] / "mlruns", 1, metrics={"loss": [1.0, 0.5]}, status=3)
    catalog = tmp_path / "c.artui"
    import_paths([tmp_path], catalog)
    [run] = runs_of(catalog)
    assert run.head.status == "finished"
    before = content(catalog)
    import_paths([tmp_path], catalog)
    assert content(catalog) == before


# The rule itself


def _assigned(
    identities: list[Identity], imported_runs: dict[str, ImportedRun], history: History | None = None
) -> list[str]:
    return assigned(identities, imported_runs, lambda _: history or {}, lambda *parts: "/".join(parts))


def test_most_alike_comes_first_and_none_twice(tmp_path: Path) -> None:
    """Of two candidates the one that lies where the run lay is it; the other is new."""
    (tmp_path / "a").mkdir()
    mark = frozenset({witness(ROW, "same")})
    imported_runs = {"K": ImportedRun(1, "f", 3, str(tmp_path / "a"), mark)}
    here = Identity("a", "g", str(tmp_path / "a"), mark, history=dict)
    there = Identity("b", "g", str(tmp_path / "b"), mark, history=dict)

    assert _assigned([there, here], imported_runs) == ["b", "K"]
    assert _assigned([here], imported_runs) == ["K"]
    assert _assigned([there], imported_runs) == ["b"]  # the one it may be a copy of is still there, under another name


def test_ids_that_are_taken_are_made_anew(tmp_path: Path) -> None:
    """A new run never gets the id of one that it is not."""
    imported_runs = {"X": ImportedRun(1, "f", 3, "", frozenset({witness(LOG, "one")}))}
    other = Identity("X", "g", str(tmp_path), frozenset({witness(LOG, "two")}), title="t")

    assert _assigned([other, other], imported_runs) == ["X/t", "X/t/2"]
    assert _assigned(
        [Identity("X", "g", is_named=True, witnesses=frozenset({witness(LOG, "two")}))], imported_runs
    ) == ["X"]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ([], [(0, 1.0)], True),
        ([(0, 1.0)], [], True),
        ([(0, 1.0)], [(0, 1.0), (1, 2.0)], True),
        ([(0, 1.0), (1, 2.0)], [(0, 1.0)], True),
        ([(0, 1.0)], [(0, 1.5), (1, 2.0)], False),
        ([(0, 1.0), (5, 2.0)], [(0, 1.0), (5, 3.0)], False),
        ([(0, float("nan"))], [(0, float("nan"))], True),
        ([(0, 1.0), (0, 9.0)], [(0, 1.0)], True),
        ([(1, 1.0)], [(2, 1.0)], False),
    ],
)
def test_history_goes_on_where_it_ended(before: list[Any], now: list[Any], expected: bool) -> None:
    """One of two histories begins as the other does, or they are of two trainings."""

    def history(points: list[tuple[int, float]]) -> History:
        steps, values = np.array([step for step, _ in points], np.int64), np.array([value for _, value in points])
        return {("loss", ""): (steps, values)} if points else {}

    assert goes_on(history(before), history(now)) is expected
