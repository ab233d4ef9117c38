"""`artui.monitor`: whatever data come, nothing of them is lost, and what is odd is said."""

from __future__ import annotations

import gzip
import io
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import artui
from artui.capture.monitoring import gathering, truths
from artui.capture.monitoring.monitor import monitor, monitor_stream
from artui.catalog import deployments
from artui.catalog.checking import check_data
from artui.catalog.merging.merge import merge
from artui.catalog.writing import Catalog
from artui.errors import UsageError
from artui.model.windows import Window
from artui.profile.building import Builder
from artui.profile.drift import drifts
from artui.query import windows as reading
from artui.query.reader import Reader

HOUR_MS = 3_600_000
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
BEGIN_MS = int(BEGIN.timestamp() * 1000)
NAME = "fraud-api/production"


def read(path: Path, slice_: str = "") -> list[Window]:
    with Reader(path) as reader, reader.snapshot() as connection:
        return reading.windows(connection, deployments.find_deployment(connection, NAME).version_key, slice_=slice_)


def points(path: Path, name: str, labels: str = "") -> list[tuple[int, float]]:
    with artui.open_catalog(path) as catalog:
        (run,) = catalog.runs("stage = operations")
        steps, _, values = run.series(name, labels).arrays()
        return list(zip(steps.tolist(), values.tolist(), strict=True))


def requests(count: int, *, seed: int = 0, hours: int = 6) -> list[dict[str, Any]]:
    chance = np.random.default_rng(seed)
    return [
        {
            "time": BEGIN_MS + number * hours * HOUR_MS // count, "id": number, "amount": float(chance.exponential(50)), "card": str(chance.choice(["gift", "debit"])),
            "prediction": int(chance.random() < 0.3), "truth": int(chance.random() < 0.3), "latency_ms": float(chance.exponential(10)),
            "status": 500 if number % 50 == 0 else 200,
        }
        for number in range(count)
    ]  # fmt: skip


def written(folder: Path, rows: Sequence[Mapping[str, Any]], ending: str) -> Path:
    import pandas as pd

    path, frame = folder / f"requests.{ending}", pd.DataFrame(rows)
    if ending == "csv":
        frame.to_csv(path, index=False)
    elif ending == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif ending == "jsonl.gz":
        path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    elif ending == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_feather(path)
    return path


def told(path: Path) -> list[tuple[Any, ...]]:
    """Give what all windows say, but who wrote them."""
    return [
        (
            window.from_ms, window.row_count, window.tally,
            [(column.name, column.type, column.rows, column.null_count, column.numbers.min, column.numbers.max, column.texts.counts) for column in window.profile.columns],
        )
        for window in read(path)
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["frame", "arrow", "records", "csv", "jsonl", "jsonl.gz", "parquet", "feather"])
def test_the_same_data_are_the_same_windows_whatever_holds_them(tmp_path: Path, kind: str) -> None:
    """A frame, a table of Arrow, records, and files of each kind give the same counts, profiles and metrics."""
    import pandas as pd
    import pyarrow as pa

    rows = requests(600)
    monitor(NAME, rows, catalog=tmp_path / "expected.artui")
    data = {"frame": pd.DataFrame(rows), "arrow": pa.Table.from_pylist(rows), "records": iter(rows)}.get(kind)

    report = monitor(NAME, written(tmp_path, rows, kind) if data is None else data, catalog=tmp_path / "c.artui")

    assert (report.rows, report.windows, report.truths, report.left_out, report.noted) == (600, 6, 600, {}, {})
    assert told(tmp_path / "c.artui") == told(tmp_path / "expected.artui")


def test_series_say_what_windows_say(tmp_path: Path) -> None:
    """Requests, errors, latency and live metrics are those of the rows, window by window, and of slices."""
    path, rows = tmp_path / "c.artui", requests(600)
    monitor(NAME, rows, catalog=path, slices=["card", "amount=3"])

    hits = [row["prediction"] == row["truth"] for row in rows[:100]]
    latencies = [row["latency_ms"] for row in rows[:100]]
    assert points(path, "serve/requests") == [(BEGIN_MS // HOUR_MS + hour, 100.0) for hour in range(6)]
    assert points(path, "serve/errors")[0][1] == 2
    assert points(path, "serve/throughput")[0][1] == pytest.approx(100 / 3600)
    assert points(path, "live/accuracy")[0][1] == sum(hits) / 100
    assert points(path, "serve/latency.p50")[0][1] == pytest.approx(np.quantile(latencies, 0.5), rel=0.05)
    assert read(path)[0].percentile(0.99) == pytest.approx(np.quantile(latencies, 0.99), rel=0.1)
    gifts = sum(row["card"] == "gift" for row in rows[:100])
    assert points(path, "serve/requests", "slice=card=gift")[0][1] == gifts == read(path, "card=gift")[0].row_count
    assert list(check_data(path)) == []


def test_truths_that_come_later_are_joined(tmp_path: Path) -> None:
    """They count in the window of their prediction, in its slices, too; what finds none is said; the curve has the last point."""
    path, rows = tmp_path / "c.artui", requests(200, hours=2)
    late = [{"id": row["id"], "truth": row["truth"]} for row in rows[:150]] + [{"id": 777, "truth": 1}, {"truth": 1, "id": None}]  # fmt: skip
    first = monitor(NAME, [{**row, "truth": None} for row in rows], catalog=path, slices=["card"])
    assert (first.truths, read(path)[0].tally.metrics) == (0, {})

    report = monitor(NAME, late[:50], catalog=path)
    again = monitor(NAME, late[:50], catalog=path)
    rest = monitor(NAME, late[50:], catalog=path)

    assert (report.rows, report.truths_joined, report.truths_unjoined) == (0, 50, 0)
    assert (again.truths_joined, again.truths_unjoined) == (0, 50)
    assert (rest.truths_joined, rest.truths_unjoined, rest.rows) == (100, 1, 1)
    windows = read(path)
    assert [window.tally.truths for window in windows[:2]] == [100, 50]
    assert windows[0].tally.metrics["accuracy"] == sum(row["prediction"] == row["truth"] for row in rows[:100]) / 100
    assert windows[0].row_count == 100
    of_gifts = [row for row in rows[:100] if row["card"] == "gift"]
    assert read(path, "card=gift")[0].tally.truths == len(of_gifts)
    curve = dict(points(path, "live/accuracy"))  # of points at one step the last
    assert curve[BEGIN_MS // HOUR_MS] == windows[0].tally.metrics["accuracy"]
    assert list(check_data(path)) == []


def test_a_file_counts_once(tmp_path: Path) -> None:
    """Given again, alone, among others, or in a copy of the catalog, it is said to be taken already; `again` counts it."""
    path, file = tmp_path / "c.artui", written(tmp_path, requests(60), "csv")
    assert monitor(NAME, [file, file], catalog=path).taken_before == ("requests.csv",)
    shutil.copy(path, tmp_path / "copy.artui")

    report = monitor(NAME, str(file), catalog=path)
    other = monitor(NAME, file, catalog=tmp_path / "copy.artui")

    assert (report.rows, report.taken_before, other.rows) == (0, ("requests.csv",), 0)
    assert sum(window.row_count for window in read(path)) == 60
    (tmp_path / "empty.jsonl").write_text('{"id": 1, "truth": 1}')
    assert monitor(NAME, tmp_path / "empty.jsonl", catalog=path).rows == 0
    assert monitor(NAME, file, catalog=path, again=True).rows == 60
    assert {len(window.writers) for window in read(path)} == {1}
    assert sum(window.row_count for window in read(path)) == 120


def test_what_is_interrupted_has_counted_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a file breaks off, or writing does, the same file is taken whole afterwards."""
    path, file = tmp_path / "c.artui", written(tmp_path, requests(60), "jsonl")

    def breaks(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("artui.capture.monitoring.writing._append_points", breaks)
        monitor(NAME, file, catalog=path)

    assert monitor(NAME, file, catalog=path).rows == 60
    assert sum(window.row_count for window in read(path)) == 60


def test_writers_of_two_machines_are_one_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What each counted in its own copy is together after a merge, in any order, and metrics are those of all rows."""
    rows = requests(400, hours=2)
    monitor(NAME, rows, catalog=tmp_path / "whole.artui")
    monitor(NAME, rows[:100], catalog=tmp_path / "a.artui")
    shutil.copy(tmp_path / "a.artui", tmp_path / "b.artui")
    monitor(NAME, rows[100:250], catalog=tmp_path / "a.artui")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    monitor(NAME, rows[250:], catalog=tmp_path / "b.artui")
    for number, order in enumerate((("a", "b"), ("b", "a"), ("a", "b", "a"))):
        target = tmp_path / f"{number}.artui"
        with Catalog(target) as catalog:
            merge(catalog, [tmp_path / f"{name}.artui" for name in order])

        expected, found = read(tmp_path / "whole.artui"), read(target)

        assert [window.row_count for window in found] == [200, 200]
        assert [window.tally.metrics for window in found] == [window.tally.metrics for window in expected]
        assert {len(window.writers) for window in found} == {1, 2}
        assert list(check_data(target)) == []


def test_a_catalog_that_was_put_back_gets_another_writer(tmp_path: Path) -> None:
    """What the earlier copy still counts is not lost when both are merged."""
    path, rows = tmp_path / "c.artui", requests(300, hours=1)
    monitor(NAME, rows[:100], catalog=path)
    kept = path.read_bytes()
    monitor(NAME, rows[100:200], catalog=path)
    (tmp_path / "newer.artui").write_bytes(path.read_bytes())
    path.write_bytes(kept)
    monitor(NAME, rows[200:], catalog=path)

    with Catalog(path) as catalog:
        merge(catalog, [tmp_path / "newer.artui"])

    assert [window.row_count for window in read(path)] == [300]


ODD: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "not records": ([{"x": 1}, 7, None, [1]], {"rows": 1, "left_out": {"not a record": 3}}),
    "no time": ([{"x": 1}], {"rows": 1, "noted": {"without a time, counted as now": 1}}),
    "unreadable times": (
        [{"time": time} for time in (BEGIN_MS, "soon", None, math.nan, -5, 10**30, True)],
        {"rows": 7, "windows": 1, "noted": {"without a readable time, counted with the row before": 6}},
    ),
    "times of all kinds": (
        [{"time": time} for time in (BEGIN_MS, BEGIN_MS / 1000, BEGIN_MS * 1000, BEGIN_MS * 1_000_000, "2026-11-01T00:00:00Z", BEGIN, "2026-11-01")],
        {"rows": 7, "windows": 1, "noted": {}},
    ),
    "clocks that jump": (
        [{"time": BEGIN_MS + hours * HOUR_MS} for hours in (0, 5, 1, 40_000, 5)],
        {"rows": 5, "noted": {"more than a window earlier than a row before": 2, "of a time that is to come": 1}},
    ),
    "missing columns": ([{"time": BEGIN_MS, "a": 1}, {"time": BEGIN_MS, "b": 2}], {"rows": 2, "missing_columns": ()}),
    "changed types": ([{"time": BEGIN_MS, "a": value} for value in (1, "one", None, 2.5, [1], {"x": 1}, 10**40, math.nan, math.inf)], {"rows": 9, "mixed_columns": ("a",)}),
    "nothing": ([], {"rows": 0, "windows": 0}),
    "empty records": ([{}, {}], {"rows": 2}),
    "huge names": ([{"time": BEGIN_MS, "x" * 10_000: 1, "\ud800": 2, "": 3}], {"rows": 1}),
    "truth without its prediction": ([{"id": 1, "truth": 1}], {"rows": 0, "truths_unjoined": 1}),
    "odd predictions": ([{"time": BEGIN_MS, "prediction": guess, "truth": true} for guess, true in ((math.nan, 1), (math.inf, 1), ([1], 1), ("a", 1), (10**400, 1), (1, 10**400))], {"rows": 6}),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD)
def test_what_is_odd_is_taken_counted_and_said(tmp_path: Path, case: str) -> None:
    """Nothing stops, no row is lost, and the catalog stays whole."""
    records, expected = ODD[case]

    report = monitor(NAME, records, catalog=tmp_path / "c.artui")

    assert {name: getattr(report, name) for name in expected} == expected
    if report.rows:
        assert sum(window.row_count for window in read(tmp_path / "c.artui")) == report.rows
        assert all(window.profile is not None for window in read(tmp_path / "c.artui"))
        assert list(check_data(tmp_path / "c.artui")) == []


def test_lines_that_are_none_are_left_out(tmp_path: Path) -> None:
    """Of JSON lines those that do not parse; of CSV a row of another width is taken as far as it goes."""
    (tmp_path / "a.jsonl").write_text('{"time": 1790000000}\nnot json\n[1]\n\n{"time": 1790000000}')
    (tmp_path / "a.csv").write_text("time,x,x\n1790000000,1,2\n1790000000\n1790000000,1,2,3\n")

    lines = monitor(NAME, tmp_path / "a.jsonl", catalog=tmp_path / "c.artui")
    rows = monitor(NAME, tmp_path / "a.csv", catalog=tmp_path / "c.artui")

    assert (lines.rows, lines.left_out) == (2, {"not JSON": 1, "not a record": 1})
    assert (rows.rows, rows.noted) == (3, {"more or fewer cells than columns": 2})


@pytest.mark.parametrize("data", [7, object(), "gone.csv", b"bytes", "here.txt"])
def test_what_holds_no_requests_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Any) -> None:
    """The error says what can be given."""
    monkeypatch.chdir(tmp_path)
    Path("here.txt").write_text("x")
    with pytest.raises(UsageError, match=r"frame|CSV"):
        monitor(NAME, data, catalog=tmp_path / "c.artui")


def test_standard_input_is_read_as_json_lines_or_csv(tmp_path: Path) -> None:
    """The first line says which."""
    for text in (
        '{"time": 1790000000, "x": 1}\n{"time": 1790000001, "x": 2}\n',
        "time,x\n1790000000,1\n1790000001,2\n",
    ):
        report = monitor_stream(NAME, io.BytesIO(text.encode()), catalog=tmp_path / "c.artui")
        assert report.rows == 2
    assert [window.row_count for window in read(tmp_path / "c.artui")] == [4]


def test_many_windows_stay_small_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows beyond the limit are packed, and still are like those that were not."""
    rows = requests(3_000, hours=30)
    np.random.default_rng(0).shuffle(rows)
    monitor(NAME, rows, catalog=tmp_path / "whole.artui")
    monkeypatch.setattr(gathering, "OPEN_COLUMNS", 40)
    monkeypatch.setattr("artui.capture.monitoring.sources._RECORDS", 500)

    monitor(NAME, rows, catalog=tmp_path / "c.artui")

    for whole, packed in zip(read(tmp_path / "whole.artui"), read(tmp_path / "c.artui"), strict=True):
        assert (whole.row_count, whole.tally) == (packed.row_count, packed.tally)
        assert {drift.word for drift in drifts(whole.profile, packed.profile)} <= {"none", "low", "unknown"}


def test_the_oldest_predictions_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more than are kept, the first ones find no truth any more; how many is said."""
    kept = truths.Truths(tmp_path / "waiting.sqlite", most=100)
    kept.keep(BEGIN_MS, [(str(number), number, ()) for number in range(150)])
    kept.commit()

    assert kept.forgotten == 50
    assert [prediction is None for prediction in kept.find(["0", "49", "50", "149", "gone"])] == [True, True, False, False, True]  # fmt: skip
    kept.close()


def test_raw_predictions_are_kept_on_demand(tmp_path: Path) -> None:
    """The file becomes a version of kind predictions, an input of the run that observes."""
    report = monitor(NAME, written(tmp_path, requests(20), "csv"), catalog=tmp_path / "c.artui", keep=True)

    with artui.open_catalog(tmp_path / "c.artui") as catalog:
        version = catalog.version(report.kept[0])
        assert version.kind == "predictions" and version.used_by[0].name == NAME


def test_of_too_many_columns_the_first_are_looked_at(tmp_path: Path) -> None:
    """How many were left out is said, however many batches there are."""
    rows = [{"time": BEGIN_MS, **{f"x{number}": number for number in range(1_010)}} for _ in range(3)]
    report = monitor(NAME, rows, catalog=tmp_path / "c.artui")

    assert (report.rows, report.left_out_columns) == (3, 10)
    assert len(read(tmp_path / "c.artui")[0].profile.columns) == 1_000


def test_a_window_that_grows_again_and_again_stays_sharp(tmp_path: Path) -> None:
    """As from a job that runs every minute: packing it anew each time must not look like drift."""
    path, chance, every = tmp_path / "c.artui", np.random.default_rng(0), []
    for _ in range(30):
        some = chance.normal(0, 1, 100)
        monitor(NAME, [{"time": BEGIN_MS, "x": float(value)} for value in some], catalog=path)
        every.append(some)
    builder = Builder(["x"])
    builder.add([np.concatenate(every)], 3_000)

    (window,) = read(path)
    (drift,) = drifts(builder.done(), window.profile)

    assert drift.word == "none" and drift.psi is not None and drift.psi < 0.003
