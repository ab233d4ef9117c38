"""`artui.Observer`: what a service says is in the catalog in the end, however the service ends."""

from __future__ import annotations

import gc
import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import artui
from artui.catalog import deployments
from artui.catalog.checking import check_data
from artui.model.windows import Window
from artui.query import windows as reading
from artui.query.reader import Reader

NAME = "fraud-api/production"
BEGIN = 1_790_000_000


def read(path: Path, slice_: str = "") -> list[Window]:
    with Reader(path) as reader, reader.snapshot() as connection:
        return reading.windows(connection, deployments.find_deployment(connection, NAME).version_key, slice_=slice_)


def test_what_is_observed_becomes_windows(tmp_path: Path) -> None:
    """Features, predictions, latencies, states and truths, also late ones, of several threads."""
    path = tmp_path / "c.artui"
    with artui.Observer(NAME, catalog=path, slices=["card"]) as observer:

        def serve(thread: int) -> None:
            for number in range(100):
                observer.observe(
                    {"amount": float(number), "card": "gift" if thread % 2 else "debit"}, number % 2, id=f"{thread}-{number}", latency=5.0,
                    status=200 if number else 503, time=BEGIN + number,
                )  # fmt: skip

        threads = [threading.Thread(target=serve, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        observer.flush()
        for number in range(50):
            observer.observe_truth(f"0-{number}", 1)

    (window,) = read(path)
    assert (window.row_count, window.tally.errors, window.tally.truths) == (400, 4, 50)
    assert window.tally.metrics["accuracy"] == 0.5 and window.percentile(0.5) == 5.0
    assert read(path, "card=gift")[0].row_count == 200
    assert list(check_data(path)) == []


ODD: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((None, None), {}),
    (([1.0, "a", None], 1), {}),
    (({"x": math.nan, "y": math.inf, "z": None},), {}),
    (({"x": np.float32(1.5), "y": np.arange(3), "z": Decimal("1.5"), 7: {1, 2}, "o": object()}, np.int64(1)), {"truth": np.bool_(1)}),
    (({"x": 10**400},), {"id": 10**40}),
    (({"\ud800": "\udfff"}, "\ud800"), {"status": "\ud800"}),
    (({"time": 3, "status": "mine", "prediction": 5}, 1), {"time": "no time"}),
    ((7, object()), {"latency": "slow", "id": object()}),
]  # fmt: skip


def test_whatever_is_observed_is_taken(tmp_path: Path) -> None:
    """No value raises into the service, and each call is a row."""
    path = tmp_path / "c.artui"
    deep: Any = []
    for _ in range(5_000):
        deep = [deep]
    with artui.Observer(NAME, catalog=path) as observer:
        for values, named in ODD:
            observer.observe(*values, **named)
        observer.observe({"x": deep})

    assert sum(window.row_count for window in read(path)) == len(ODD) + 1
    names = {column.name for window in read(path) for column in window.profile.columns}
    assert {"features.status", "features.prediction", "feature_0", "x"} <= names
    assert list(check_data(path)) == []


_SERVICE = """
import os, sys
import artui
observer = artui.Observer("fraud-api/production", catalog=sys.argv[1])
for number in range(int(sys.argv[2])):
    observer.observe({"x": number}, 1, time=1_790_000_000)
    if number == 20:
        observer.flush()
print("observed", flush=True)
sys.stdin.read()
"""


def test_nothing_is_lost_when_the_service_is_killed(tmp_path: Path) -> None:
    """What `observe` returned from is counted once, by the next who comes; a line that was cut off is left out and said."""
    path = tmp_path / "c.artui"
    for _ in range(2):
        with subprocess.Popen(
            [sys.executable, "-c", _SERVICE, str(path), "150"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as service:
            assert service.stdout is not None and service.stdout.readline() == "observed\n"
            service.send_signal(signal.SIGKILL)
    (left,) = Path(os.environ["XDG_STATE_HOME"]).rglob("*.obs")
    with left.open("ab") as stream:
        stream.write(b'{"time": 179')

    report = artui.monitor(NAME, [], catalog=path)

    assert [window.row_count for window in read(path)] == [300]
    assert report.left_out == {"an observation that was cut off": 1}
    assert not list(Path(os.environ["XDG_STATE_HOME"]).rglob("*.obs"))


def test_what_was_folded_and_not_removed_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies between both does no harm."""
    path = tmp_path / "c.artui"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *_, **__: None)
        with artui.Observer(NAME, catalog=path) as observer:
            observer.observe({"x": 1}, time=BEGIN)
    assert list(Path(os.environ["XDG_STATE_HOME"]).rglob("*.obs"))

    artui.monitor(NAME, [], catalog=path)

    assert [window.row_count for window in read(path)] == [1]
    assert not list(Path(os.environ["XDG_STATE_HOME"]).rglob("*.obs"))


def test_what_was_never_closed_is_folded_by_others(tmp_path: Path) -> None:
    """An observer that is forgotten leaves its file to the next one."""
    path = tmp_path / "c.artui"
    observer: artui.Observer | None = artui.Observer(NAME, catalog=path)
    assert observer is not None
    observer.observe({"x": 1}, time=BEGIN)
    del observer
    gc.collect()

    artui.monitor(NAME, [], catalog=path)

    assert [window.row_count for window in read(path)] == [1]


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written, or only in part, is kept in memory until it can."""
    path, write = tmp_path / "c.artui", os.write
    with artui.Observer(NAME, catalog=path) as observer:
        observer.observe({"x": 0}, time=BEGIN)
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", lambda handle, line: write(handle, line[:10]))
            for number in range(5):
                observer.observe({"x": number}, time=BEGIN)
        observer.observe({"x": 6}, time=BEGIN)

    assert [window.row_count for window in read(path)] == [7] and observer.lost == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_observes_for_itself(tmp_path: Path) -> None:
    """Servers fork their workers after they were set up: each has its own file, and all are folded."""
    path = tmp_path / "c.artui"
    code = f"""
import os, artui
observer = artui.Observer({NAME!r}, catalog={str(path)!r})
observer.observe({{"x": 1}}, time={BEGIN})
children = []
for _ in range(3):
    if (child := os.fork()) == 0:
        observer.observe({{"x": 2}}, time={BEGIN})
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
observer.close()
"""
    subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", code], check=True, timeout=60)

    assert [window.row_count for window in read(path)] == [4]


def test_a_window_gets_its_point_when_it_closes(tmp_path: Path) -> None:
    """While it grows, folding adds no point; a window of the past gets one at once, and the end gives the others theirs."""
    path = tmp_path / "c.artui"
    with artui.Observer(NAME, catalog=path) as observer:
        for _ in range(3):
            observer.observe({"x": 1}, time=BEGIN)
            observer.observe({"x": 1})
            with observer._folding:
                pass
            observer._fold()
        with artui.open_catalog(path) as catalog:
            (run,) = catalog.runs()
            steps = run.series("serve/requests").arrays()[0].tolist()
            assert BEGIN // 3600 in steps and len(set(steps)) == 2

    (old, now) = read(path)
    with artui.open_catalog(path) as catalog:
        (run,) = catalog.runs()
        steps, _, values = run.series("serve/requests").arrays()
        curve = dict(zip(steps.tolist(), values.tolist(), strict=True))
        assert curve == {old.from_ms // 3_600_000: 3.0, now.from_ms // 3_600_000: 3.0}


def test_processes_that_take_turns_are_one_writer(tmp_path: Path) -> None:
    """Workers of one service, and data that are taken meanwhile, let the same row grow; a stream keeps nobody waiting."""
    path = tmp_path / "c.artui"

    def stream() -> Iterator[dict[str, Any]]:
        for _ in range(3):
            yield {"time": BEGIN, "x": 2}
            one.observe({"x": 1}, time=BEGIN)
            one.flush()

    with artui.Observer(NAME, catalog=path) as one, artui.Observer(NAME, catalog=path) as other:
        for observer in (one, other, one, other):
            observer.observe({"x": 1}, time=BEGIN)
            observer.flush()
        artui.monitor(NAME, stream(), catalog=path)

    (window,) = read(path)
    assert window.row_count == 10 and len(window.writers) == 1


def test_who_folds_for_others_counts_as_they_would(tmp_path: Path) -> None:
    """What a dead service left goes into windows of its length, with its slices and features, whatever the next one looks at."""
    path = tmp_path / "c.artui"
    code = f"""
import os, artui
observer = artui.Observer({NAME!r}, catalog={str(path)!r}, window="15m", slices=["card"], features=["card"])
observer.observe({{"card": "gift", "secret": 1}}, 1, time={BEGIN})
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

    artui.monitor(NAME, [{"time": BEGIN, "x": 1}], catalog=path, window="1d")

    day, quarter = read(path)
    assert (day.to_ms - day.from_ms, quarter.to_ms - quarter.from_ms) == (86_400_000, 900_000)
    assert [column.name for column in quarter.profile.columns] == ["card", "prediction"]
    assert read(path, "card=gift")[0].row_count == 1
    assert artui.monitor(NAME, [{"time": BEGIN, "x": 1}], catalog=path).window_ms == 86_400_000  # as before
