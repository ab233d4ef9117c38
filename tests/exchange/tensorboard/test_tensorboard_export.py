"""A catalog as event files: it comes back as it left, bit for bit, and TensorBoard's own reader gives the same scalars and hparams."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, points, runs
from artui.exchange.importing import import_paths
from artui.exchange.leaving.order import Exported, Order
from artui.exchange.reading.wire import grouped
from artui.exchange.tensorboard.exporter import export
from artui.exchange.tensorboard.writing import framed, scalar_records
from artui.query.reader import Reader
from tests.counts import tried
from tests.exchange.histories import BEGIN_MS, HISTORIES, NUMBERS, record
from tests.exchange.looking import content, content_of_runs
from tests.exchange.writing import message, tf_record


def exported(path: Path, folder: Path, **order: Any) -> Exported:
    """Export a catalog."""
    with Reader(path) as reader:
        return export(reader, str(folder), Order(**order))


def test_the_demo_comes_back(demo_catalog: Path, tmp_path: Path) -> None:
    """Runs with all facts, params by their types, tags and points, under the same ids; twice changes nothing, nor where they came from."""
    made = exported(demo_catalog, tmp_path / "runs")

    [report] = import_paths([tmp_path / "runs"], tmp_path / "back.artui")

    assert content_of_runs(tmp_path / "back.artui") == content_of_runs(demo_catalog)
    assert not report.damaged_count and not made.refused and made.files == made.rows["runs"]
    assert {why for (what, why), _ in made.left.items() if what == "versions"} == {"TensorBoard has no place for them"}
    before = content(tmp_path / "back.artui")
    [again] = import_paths([tmp_path / "runs"], tmp_path / "back.artui")
    assert content(tmp_path / "back.artui") == before and not again.has_news
    own = content(demo_catalog)
    [report] = import_paths([tmp_path / "runs"], demo_catalog)
    assert content(demo_catalog) == own and report.runs == {"kept": made.rows["runs"]}


@settings(max_examples=tried(5, 150), deadline=None, phases=(Phase.explicit, Phase.generate))
@given(HISTORIES)
def test_whatever_was_recorded_comes_back(recorded: list[dict[str, Any]]) -> None:
    """Any runs by any names, bit for bit, and nothing lies outside."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record(folder / "c.artui", recorded)
        (folder / "in").mkdir()

        made = exported(folder / "c.artui", folder / "in" / "runs")

        assert sorted(os.listdir(folder)) == ["c.artui", "in"] and os.listdir(folder / "in") == ["runs"]
        assert not made.refused and made.files == len(recorded)
        import_paths([folder / "in" / "runs"], folder / "back.artui")
        assert content_of_runs(folder / "back.artui") == content_of_runs(folder / "c.artui")


@given(st.lists(st.tuples(st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(0, 300), NUMBERS), min_size=1, max_size=9), st.text(max_size=300))  # fmt: skip
def test_records_are_made_as_one_by_one(some: list[tuple[int, float]], tag: str) -> None:
    """Many records that are made together have the bytes of each that is made alone."""
    steps, values = np.array([step for step, _ in some]), np.array([value for _, value in some])
    times_ms = np.arange(len(some)) + BEGIN_MS

    made = scalar_records(tag, steps, times_ms, values, is_first=True)

    wanted = b""
    for at, (step, _) in enumerate(some):
        about = [(9, message((1, message((1, "scalars")))))] if at == 0 else []
        value = message((1, tag), *about, (8, message((1, 2), (2, b""), (4, values[at].tobytes()))))
        wanted += tf_record(message((1, float(times_ms[at]) / 1000), (2, step), (5, message((1, value)))))
    assert made == wanted
    assert framed(b"x" * 3000) == tf_record(b"x" * 3000) and grouped(message((2, -3)))[2] == [(1 << 64) - 3]


CLIENT = """
import json, os, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.util import tensor_util

out = {}
for folder, _, names in os.walk(sys.argv[1]):
    if any("tfevents" in name for name in names):
        read = EventAccumulator(folder, size_guidance={"tensors": 0, "scalars": 0})
        read.Reload()
        said, scalars, params = None, {}, {}
        for tag in read.Tags()["tensors"]:
            events = read.Tensors(tag)
            plugin = read.SummaryMetadata(tag).plugin_data.plugin_name
            if plugin == "scalars":
                scalars[tag] = [[event.step, event.wall_time, float(tensor_util.make_ndarray(event.tensor_proto).item()).hex()] for event in events]
            elif tag == "artui/run":
                said = json.loads(tensor_util.make_ndarray(events[0].tensor_proto).item().decode())
        try:
            of_hparams = read.PluginTagToContent("hparams")
        except KeyError:
            of_hparams = {}
        for tag, content in of_hparams.items():
            data = plugin_data_pb2.HParamsPluginData.FromString(content)
            for name, value in data.session_start_info.hparams.items():
                params[name] = getattr(value, value.WhichOneof("kind"))
            if data.HasField("session_end_info"):
                params["_status"] = data.session_end_info.status
        out[said["id"]] = [said, scalars, params]
print(json.dumps(out))
"""
HPARAMS = """
import sys
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer as event_multiplexer
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups
from tensorboard import context

multiplexer = event_multiplexer.EventMultiplexer()
multiplexer.AddRunsFromDirectory(sys.argv[1])
multiplexer.Reload()
provider = data_provider.MultiplexerDataProvider(multiplexer, sys.argv[1])
backend = backend_context.Context(base_plugin.TBContext(data_provider=provider))
metadata = backend.hparams_metadata(context.RequestContext(), "")
experiment = backend.experiment_from_metadata(context.RequestContext(), "", True, metadata, backend.hparams_from_data_provider(context.RequestContext(), "", None))
request = api_pb2.ListSessionGroupsRequest(start_index=0, slice_size=1000, allowed_statuses=[0, 1, 2, 3])
groups = list_session_groups.Handler(context.RequestContext(), backend, "", request).run()
print(len(experiment.hparam_infos), groups.total_size)
"""


def _client(code: str, folder: Path) -> str:
    program = os.environ.get("ARTUI_TEST_TENSORBOARD")
    if not program:
        pytest.skip("ARTUI_TEST_TENSORBOARD names no program `tensorboard`")
    python = str(Path(program).parent / "python")
    done = subprocess.run([python, "-c", code, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_tensorboard_reads_the_same(demo_catalog: Path, tmp_path: Path) -> None:
    """Each run with its scalars at their steps and times, to the last bit, and with its hparams and status."""
    with Catalog(demo_catalog) as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="../odd", name="../../x", started_ms=BEGIN_MS, params={"a": 1, "t": "x", "f": float("nan"), "l": [1], "b": True}))  # fmt: skip
        for name, labels in (("a", ""), ("a", "rank=1"), ("note", "")):
            values = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
            points.append(connection, key, runs.name_key(connection, name), labels, np.array([-3, -3, 5, 2, 2]), np.arange(5) + BEGIN_MS, values)  # fmt: skip
        (odd,) = connection.execute("SELECT id FROM run WHERE key = ?", (key,)).fetchone()
    exported(demo_catalog, tmp_path / "runs")

    read = json.loads(_client(CLIENT, tmp_path / "runs"))

    wanted = content(demo_catalog)
    assert read.keys() == {row[0] for row in wanted["runs"]}
    for row in wanted["runs"]:
        said, scalars, _ = read[row[0]]
        assert (said["name"], said["project"]) == (row[3], row[1])
        mine = {key.split(" ", 1)[1]: steps for key, steps in wanted["points"].items() if key.startswith(row[0])}
        got = {" ".join(said.get("series", {}).get(tag, [tag, ""])): some for tag, some in scalars.items()}
        assert {name: [(step, round(seconds * 1000), value) for step, seconds, value in some] for name, some in got.items()} == {
            name: [tuple(step) for step in steps] for name, steps in mine.items()
        }  # fmt: skip
    assert read[odd][2] == {"a": 1.0, "t": "x", "f": "nan", "l": "[1]", "b": True, "_status": 3}
    count, total = map(int, _client(HPARAMS, tmp_path / "runs").split())
    assert count >= 5 and total == len({row[0] for row in wanted["params"]})
