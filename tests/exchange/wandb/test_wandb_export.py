"""A catalog as offline runs of W&B: it comes back as it left, and W&B's own reader gives the same config, history and summary."""

from __future__ import annotations

import gzip
import http.server
import itertools
import json
import math
import os
import subprocess
import tempfile
import threading
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, points, runs
from artui.exchange.importing import import_paths
from artui.exchange.leaving.order import Exported, Order
from artui.exchange.wandb.exporter import export
from artui.exchange.wandb.writing import LogWriter, rows
from artui.query.reader import Reader
from tests.counts import tried
from tests.exchange.histories import BEGIN_MS, HISTORIES, record
from tests.exchange.looking import content, content_of_runs
from tests.exchange.writing import message, wandb_log


def exported(path: Path, folder: Path, **order: Any) -> Exported:
    """Export a catalog."""
    with Reader(path) as reader:
        return export(reader, str(folder), Order(**order))


def test_the_demo_comes_back(demo_catalog: Path, tmp_path: Path) -> None:
    """Runs with all facts, params by their types, tags and points, under the same ids; twice changes nothing, nor where they came from."""
    made = exported(demo_catalog, tmp_path / "wandb")

    [report] = import_paths([tmp_path / "wandb"], tmp_path / "back.artui")

    assert content_of_runs(tmp_path / "back.artui") == content_of_runs(demo_catalog)
    assert not report.damaged_count and not made.refused
    own, back = content(demo_catalog), content(tmp_path / "back.artui")
    assert len({row[3] for row in own["files"]} & {row[3] for row in back["files"]}) > 10
    [again] = import_paths([tmp_path / "wandb"], tmp_path / "back.artui")
    assert content(tmp_path / "back.artui") == back and not again.has_news
    [report] = import_paths([tmp_path / "wandb"], demo_catalog)
    assert content(demo_catalog) == own and report.runs == {"kept": made.rows["runs"]}


@settings(max_examples=tried(5, 150), deadline=None, phases=(Phase.explicit, Phase.generate))
@given(HISTORIES)
def test_whatever_was_recorded_comes_back(recorded: list[dict[str, Any]]) -> None:
    """Any runs by any names, and nothing lies outside: of a NaN alone its bits are lost."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record(folder / "c.artui", recorded)
        (folder / "in").mkdir()

        made = exported(folder / "c.artui", folder / "in" / "wandb")

        assert sorted(os.listdir(folder)) == ["c.artui", "in"] and os.listdir(folder / "in") == ["wandb"]
        assert not made.refused and made.files == len(recorded)
        import_paths([folder / "in" / "wandb"], folder / "back.artui")
        assert content_of_runs(folder / "back.artui") == content_of_runs(folder / "c.artui")


_SERIES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=12)


@given(st.lists(_SERIES, max_size=4), st.integers(1, 5))
def test_rows_have_every_point_in_the_order_of_its_series(series: list[list[tuple[int, int]]], size: int) -> None:
    """However the parts are cut: no row has two points of one series, and where all steps ascend, no step is in two rows."""

    def parts(some: list[tuple[int, int]], place: int) -> Any:
        for at in range(0, len(some), size):
            steps, times_ms = (np.array(column) for column in zip(*some[at : at + size], strict=True))
            yield steps, times_ms, 100.0 * place + np.arange(at, at + len(steps))

    made = list(rows([parts(some, place) for place, some in enumerate(series)]))

    for place, some in enumerate(series):
        mine = [(step, ms, value) for step, values in made for at, value, ms in values if at == place]
        assert mine == [(step, ms, 100.0 * place + number) for number, (step, ms) in enumerate(some)]
    assert all(len({place for place, _, _ in values}) == len(values) > 0 for _, values in made)
    if all(step < after for some in series for (step, _), (after, _) in itertools.pairwise(some)):
        assert [step for step, _ in made] == sorted({step for step, _ in made})


def test_logs_are_framed_as_leveldb_frames_them() -> None:
    """Records of any length, also where just the head of one fits into a block."""
    sizes = [10, 32_700, 40, 32_768 * 3, 0, 32_750, 1, 32_740, 5]
    stream = BytesIO()
    log = LogWriter(stream)
    for size in sizes:
        log.write(13, b"x" * size)

    assert stream.getvalue() == wandb_log([message((1, number), (13, b"x" * size)) for number, size in enumerate(sizes, 1)])  # fmt: skip


CLIENT = """
import glob, json, sys
from wandb.proto import wandb_internal_pb2
from wandb.sdk.internal.datastore import DataStore

out = {}
for path in glob.glob(sys.argv[1] + "/offline-run-*/run-*.wandb"):
    store = DataStore()
    store.open_for_scan(path)
    one = {"config": {}, "history": [], "stats": [], "summary": {}, "files": [], "exit": None}
    while (data := store.scan_data()) is not None:
        record = wandb_internal_pb2.Record.FromString(data)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run = record.run
            one |= {"id": run.run_id, "project": run.project, "name": run.display_name, "notes": run.notes, "tags": list(run.tags), "group": run.run_group}
            one["started"] = run.start_time.ToMilliseconds()
            one["config"] = {item.key: json.loads(item.value_json) for item in run.config.update}
        elif kind == "history":
            row = {item.key: json.loads(item.value_json) for item in record.history.item}
            assert row["_step"] == record.history.step.num
            one["history"].append(row)
        elif kind == "stats":
            one["stats"].append([record.stats.timestamp.ToMilliseconds(), {item.key: json.loads(item.value_json) for item in record.stats.item}])
        elif kind == "summary":
            one["summary"] |= {item.key: json.loads(item.value_json) for item in record.summary.update}
        elif kind == "files":
            one["files"] += [item.path for item in record.files.files]
        elif kind == "exit":
            one["exit"] = record.exit.exit_code
        else:
            assert kind in ("header", "environment", None), kind  # clients before 0.20 do not know the environment
    out[one["id"]] = one
print(json.dumps(out))
"""


def test_wandb_reads_the_same(demo_catalog: Path, tmp_path: Path) -> None:
    """Its own reader gives each run with config, notes, tags, history at its steps and times, summary, exit and files."""
    program = os.environ.get("ARTUI_TEST_WANDB")
    if not program:
        pytest.skip("ARTUI_TEST_WANDB names no program `wandb`")
    with Catalog(demo_catalog) as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="../odd", name="../../x", started_ms=BEGIN_MS, params={"a": 1, "l": [1], "_artui": "x"}, tags={"t": ""}, note="n"))  # fmt: skip
        for name, labels in (("a", ""), ("a", "rank=1"), ("_step", "")):
            values = np.array([math.nan, math.inf, -math.inf, -0.0, 5e-324])
            points.append(connection, key, runs.name_key(connection, name), labels, np.array([-3, -3, 5, 2, 2]), np.arange(5) + BEGIN_MS, values)  # fmt: skip
    exported(demo_catalog, tmp_path / "wandb")

    python = str(Path(program).parent / "python")
    done = subprocess.run([python, "-c", CLIENT, str(tmp_path / "wandb")], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    read, wanted = json.loads(done.stdout), content(demo_catalog)
    assert read.keys() == {row[0] for row in wanted["runs"]}
    for row in wanted["runs"]:
        one = read[row[0]]
        own = one["config"].pop("_artui")
        assert (one["name"], one["started"], one["notes"], own["project"]) == (row[3], row[6], row[14], row[1])
        assert one["exit"] == {0: None, 1: 0, 2: 1, 3: 255}[row[4]]
        mine = {key.split(" ", 1)[1]: steps for key, steps in wanted["points"].items() if key.startswith(row[0])}
        got: dict[str, list[Any]] = {}
        for line in one["history"]:
            for name, value in line.items():
                if name not in ("_step", "_timestamp", "_runtime"):
                    got.setdefault(" ".join(own.get("series", {}).get(name, [name, ""])), []).append((line["_step"], float(value).hex()))  # fmt: skip
        for time_ms, items in one["stats"]:
            for name, value in items.items():
                got.setdefault(f"system/{name} ", []).append(((time_ms - row[6]) // 1000, float(value).hex()))
        assert got == {name: [(step, value) for step, _, value in steps] for name, steps in mine.items()}
        ends = {line["_step"]: round(line["_timestamp"] * 1000) for line in one["history"] if line["_step"] >= 0}
        assert all(ms <= ends[step] for name, steps in mine.items() for step, ms, _ in steps if not name.startswith("system/") and step > 5)  # fmt: skip
        assert len(one["config"]) == sum(param[0] == row[0] for param in wanted["params"])
        assert sorted(one["files"]) == sorted(path.split("/files/")[1] for path in map(str, (tmp_path / "wandb").rglob("*")) if f"{row[0]}/files/artifacts/" in path and Path(path).is_file())  # fmt: skip


class _Server(http.server.BaseHTTPRequestHandler):
    """As much of W&B's server as its client asks for: it keeps what is brought."""

    protocol_version = "HTTP/1.1"
    files: ClassVar[dict[str, dict[int, str]]] = {}
    """Lines of each run's streams, by their places."""
    uploaded: ClassVar[list[str]] = []
    made: ClassVar[dict[str, dict[str, Any]]] = {}

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        answer: dict[str, Any] = {}
        if self.path.endswith("/file_stream"):
            for name, part in (json.loads(raw).get("files") or {}).items():
                lines = self.files.setdefault(f"{self.path.split('/')[-2]}/{name}", {})
                lines.update(enumerate(part["content"], part["offset"]))
        elif self.path.endswith("/graphql"):
            asked = json.loads(raw)
            given = asked.get("variables") or {}
            if "upsertBucket" in asked["query"]:
                self.made.setdefault(given["name"], {}).update({key: value for key, value in given.items() if value is not None})  # fmt: skip
                project = {"id": "p", "name": given["project"], "entity": {"id": "e", "name": "us"}}
                bucket = {"id": "x", "name": given["name"], "displayName": given.get("displayName"), "config": "{}", "historyLineCount": 0, "project": project}  # fmt: skip
                answer = {"upsertBucket": {"bucket": bucket, "inserted": True}}
            elif "createRunFiles" in asked["query"]:
                assert isinstance(self.server, http.server.HTTPServer)
                place = f"http://127.0.0.1:{self.server.server_port}/{given['run']}"
                files = [{"name": name, "uploadUrl": f"{place}/{name}"} for name in given["files"]]
                answer = {"createRunFiles": {"runID": "x", "uploadHeaders": [], "files": files}}
        self._answer({"data": answer})

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.uploaded.append(self.path)
        self._answer({})

    def _answer(self, said: dict[str, Any]) -> None:
        raw = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_wandb_syncs_them(tmp_path: Path) -> None:
    """Its client brings each run with config, history, summary and files to a server."""
    program = os.environ.get("ARTUI_TEST_WANDB_SYNC")
    if not program:
        pytest.skip("ARTUI_TEST_WANDB_SYNC names no program `wandb` of 2026 or later")
    with Catalog(tmp_path / "c.artui") as catalog, catalog.transaction() as connection:
        for name, status in (("first", "finished"), ("second", "failed"), ("../../x", "running")):
            key = runs.start(connection, runs.NewRun(project="p", name=name, id=f"01M{len(name):023}", started_ms=BEGIN_MS, params={"lr": 0.1, "l": [1, None]}, tags={"good": "", "t": "v"}))  # fmt: skip
            steps = np.array([0, 1, 2, 2, 1])
            for metric, labels in (("loss", ""), ("loss", "rank=1")):
                points.append(connection, key, runs.name_key(connection, metric), labels, steps, BEGIN_MS + steps * 1000, np.array([0.5, 1 / 3, math.nan, math.inf, -0.0]))  # fmt: skip
            if status != "running":
                runs.finish(connection, key, status=status, ended_ms=BEGIN_MS + 9000, duration_ms=9000)
    exported(tmp_path / "c.artui", tmp_path / "wandb")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        done = subprocess.run(
            [program, "sync", *map(str, (tmp_path / "wandb").glob("offline-run-*"))], capture_output=True, text=True, check=False, timeout=100,
            env={"WANDB_BASE_URL": f"http://127.0.0.1:{server.server_port}", "WANDB_API_KEY": "a" * 40, "HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        )  # fmt: skip
        server.shutdown()

    assert done.returncode == 0 and done.stderr.count("Finished syncing") == 3, done.stderr
    assert {run["displayName"] for run in _Server.made.values()} == {"first", "second", "../../x"}
    for run_id, run in _Server.made.items():
        config = json.loads(run["config"])
        assert config["lr"]["value"] == 0.1 and config["l"]["value"] == [1, None]
        lines = [json.loads(line) for _, line in sorted(_Server.files[f"{run_id}/wandb-history.jsonl"].items())]
        # W&B gives rows that go back the next steps.
        assert [line["_step"] for line in lines] == [0, 1, 2, 3, 4]
        assert [repr(float(line["loss"])) for line in lines] == ["0.5", "0.3333333333333333", "nan", "inf", "0.0"]
        assert [line["loss[rank=1]"] for line in lines[:2]] == [0.5, 1 / 3]
        assert [line["_timestamp"] for line in lines] == [1780000000.0, 1780000001.0, 1780000002.0, 1780000002.0, 1780000001.0]  # fmt: skip
