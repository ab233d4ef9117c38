"""What is recorded of a run beside what it logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import artui
from artui.capture import environment
from artui.capture.code import GitState
from artui.capture.system import Probe, Sampler
from artui.model import RunDetail, VersionHead
from artui.query.artifacts import file_text, get_version, previews
from artui.query.codediff import surroundings_of
from tests.reading import open_reader


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.artui"


def _detail(path: Path, name: str = "r") -> RunDetail:
    with open_reader(path) as reader:
        return reader.run(name).detail()


def _text(path: Path, reference: str, file: str) -> str:
    with open_reader(path) as reader:
        from artui.query.references import resolve

        head = resolve(reader, reference)
        return file_text(reader, head.key, file)[0]


def test_uncommitted_changes_are_kept_as_a_patch(path: Path, tmp_path: Path) -> None:
    """In a git work tree with changes, the patch that leads from the commit to the code is an input of the run."""
    work = tmp_path / "repo"
    work.mkdir()
    (work / "model.py").write_text("depth = 3\n")
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (
        ["init", "-q", "-b", "trunk"],
        ["add", "."],
        [*identity, "commit", "-qm", "x"],
        ["remote", "add", "origin", "https://u:pw123456@h/r.git"],
    ):
        subprocess.run(["git", *command], cwd=work, check=True)
    (work / "model.py").write_text("depth = 4\n")
    (work / "fresh.py").write_text("width = 1\n")
    code = f"import fresh, model, artui\nwith artui.start_run(project='p', name='r', catalog={str(path)!r}): pass"
    (work / "train.py").write_text(code)
    subprocess.run(
        [sys.executable, "train.py"], cwd=work, env={**os.environ, "ARTUI_CODE": "1"}, check=True, timeout=60
    )

    detail = _detail(path)
    assert (
        detail.git_is_dirty
        and detail.context["code"]["remote"] == "https://h/r.git"
        and detail.context["code"]["branch"] == "trunk"
    )
    patch = _text(path, "code", "changes.patch")
    assert "-depth = 3" in patch and "+depth = 4" in patch
    assert _text(path, "code", "untracked/fresh.py") == "width = 1\n"


def test_sources_are_kept_where_there_is_no_git(path: Path, tmp_path: Path) -> None:
    """Without git the script and the project's imported modules are kept, those imported later too; packages are not."""
    work = tmp_path / "plain"
    (work / "lib").mkdir(parents=True)
    (work / "lib" / "__init__.py").write_text("")
    (work / "lib" / "late.py").write_text("x = 2\n")
    (work / "train.py").write_text(
        f"import numpy, artui\nwith artui.start_run(project='p', name='r', catalog={str(path)!r}):\n    import lib.late\n"
    )
    subprocess.run(
        [sys.executable, "train.py"], cwd=work, env={**os.environ, "ARTUI_CODE": "1"}, check=True, timeout=60
    )

    with open_reader(path) as reader:
        heads = [head for head in reader.run("r").detail().inputs if head.artifact == "code"]
        files = {file.path for file in get_version(reader, max(heads, key=lambda head: head.number).id).files}
    assert {"train.py", "lib/late.py"} <= files and not any("numpy" in name for name in files)


def test_environment_says_what_the_run_ran_in(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages, processor, memory, seeds, chosen variables with values, others by name, and the batch job."""
    for name, value in {
        "CUDA_VISIBLE_DEVICES": "0,1",
        "MY_OWN": "x",
        "SLURM_JOB_ID": "77",
        "PYTHONHASHSEED": "5",
    }.items():
        monkeypatch.setenv(name, value)
    np.random.seed(1234)
    with artui.start_run(project="p", name="r", catalog=path):
        pass

    context = _detail(path).context
    assert context["variables"]["CUDA_VISIBLE_DEVICES"] == "0,1" and context["variables"]["MY_OWN"] is None
    assert context["job"]["slurm"]["SLURM_JOB_ID"] == "77"
    assert context["seeds"]["numpy"] == 1234 and context["seeds"]["PYTHONHASHSEED"] == "5"
    described = _text(path, "environment", "environment.json")
    assert '"orjson"' in described and '"cpu"' in described and '"memory_bytes"' in described


def test_what_says_which_packages_belong_to_the_project_is_kept(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lock files of the folder are kept with the environment, without what is secret in them; not where code is not wanted."""
    folder = tmp_path / "project"
    folder.mkdir()
    kept = {"uv.lock": "version = 1\n", "requirements-dev.txt": "--index-url https://me:hunter2hunter2@x.example/simple\npip\n", "Dockerfile": "FROM x\n"}  # fmt: skip
    for name, text in (kept | {"notes.txt": "no", "lock": "no"}).items():
        (folder / name).write_text(text)
    (folder / "pylock.toml").mkdir()
    (folder / "poetry.lock").write_bytes(b"x" * (5 << 20))
    around = environment.surroundings()
    monkeypatch.setattr(environment, "surroundings", lambda: replace(around, directory=str(folder), git=GitState()))
    for wants_code in (True, False):
        with artui.start_run(project="p", catalog=path, code=wants_code, name=f"run-{wants_code}"):
            pass

    def files_of(name: str) -> tuple[VersionHead, set[str]]:
        head = next(head for head in _detail(path, name).inputs if head.kind == "environment")
        with open_reader(path) as reader:
            return head, {file.path for file in get_version(reader, head.id).files}

    assert files_of("run-False")[1] == {"environment.json"}
    head, files = files_of("run-True")
    assert files == {"environment.json", *(f"locks/{name}" for name in kept)}
    text = _text(path, head.reference, "locks/requirements-dev.txt")
    assert "hunter2" not in text and "x.example/simple" in text and text.endswith("pip\n")
    with open_reader(path) as reader:
        assert surroundings_of(reader, head).facts["locks/uv.lock"].startswith("sha256 ")


def test_where_packages_came_from_is_read_from_their_own_record(tmp_path: Path) -> None:
    """A folder that is edited, a commit and an archive are told; a damaged record costs the others nothing, and no URL has a password."""
    records = {
        "edited": {"url": "file:///home/me/edited", "dir_info": {"editable": True}},
        "pinned": {"url": "https://me:pass@git.example/x.git", "vcs_info": {"vcs": "git", "commit_id": "ab" * 20}},
        "broken": "{",
        "listed": "[1]",
        "plain": None,
    }
    for name, record in records.items():
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        if record is not None:
            (folder / "direct_url.json").write_text(record if isinstance(record, str) else json.dumps(record))
    found = environment.origins((str(tmp_path),))
    assert found == {
        "edited": records["edited"],
        "pinned": {"url": "https://git.example/x.git", "vcs_info": {"vcs": "git", "commit_id": "ab" * 20}},
    }


def test_packages_are_those_that_python_itself_reads(tmp_path: Path) -> None:
    """Names and versions are as `importlib.metadata` gives them, however their metadata is written, and here, too."""
    texts = {
        "a-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: a\nVersion: 1.0\n\nName: readme\nVersion: 9\n",
        "b-2.dist-info/METADATA": "version:  2.0+cu118 \r\nNAME: B_x\r\nSummary: s\r\n  Version: 3\r\n\r\nVersion: 9\r\n",
        "c-3.dist-info/METADATA": "Name: c\nName: d\nVersion:\n 3.0\nSummary: no: Name: e\n",
        "e.egg-info/PKG-INFO": "Metadata-Version: 1.0\nVersion: 5\nName: e\n",
        "f-1.dist-info/METADATA": "Name: f\n\nVersion: 9\n",
        "g-1.dist-info/METADATA": "Version: 1\n\nName: g\n",
        "h-1.dist-info/RECORD": "",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(text.encode())
    for folders in ((str(tmp_path),), ()):
        found = [*(metadata.distributions(path=list(folders)) if folders else metadata.distributions())]
        expected: dict[str, str] = {}
        for each in found:
            if each.metadata["Name"]:
                expected.setdefault(str(each.metadata["Name"]), str(each.version))
        assert environment.packages(folders) == expected and len(expected) > 4


def test_seed_that_cannot_be_read_is_not_made_up() -> None:
    """Once numbers were drawn, or the generator was never seeded by one number, there is no seed to tell."""
    np.random.seed([1, 2, 3])
    assert "numpy" not in environment.seeds()
    np.random.seed(7)
    np.random.rand(10)
    assert "numpy" not in environment.seeds()


def test_use_of_the_machine_is_sampled(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processor, memory, disk and network of host and process come as metrics under system/, and no columns push in."""
    from artui.query.runs.columns import chosen_columns, columns
    from artui.settings import load_settings

    monkeypatch.setenv("ARTUI_SYSTEM_SECONDS", "0.1")
    load_settings.cache_clear()
    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.log({"loss": 1.0})
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not any(
            m.name == "system/process/memory_mb" and m.summary.count > 1 for m in _detail(path).metrics
        ):
            time.sleep(0.05)

    metrics = {metric.name: metric.summary for metric in _detail(path).metrics}
    assert {
        "system/cpu_percent",
        "system/memory_percent",
        "system/disk_used_percent",
        "system/process/cpu_percent",
    } <= set(metrics)
    assert 10 < metrics["system/process/memory_mb"].last < 100_000
    with open_reader(path) as reader:
        assert [column.name for column in chosen_columns(columns(reader))] == ["loss"]


def test_sampling_costs_little() -> None:
    """The pause between samples grows with what a sample costs: under half a percent of a core."""
    taken: list[float] = []
    sampler = Sampler(lambda values, step: taken.append(time.monotonic()), seconds=0.1, folder="/")
    time.sleep(1.0)
    sampler.stop()
    probe = Probe(os.getpid(), "/")
    start = time.thread_time()
    probe.sample()
    cost = time.thread_time() - start
    assert taken and len(taken) <= 1 + 1.0 / max(0.1, 100 * cost) + 3


def test_texts_tables_pictures_and_histograms_are_versions(path: Path) -> None:
    """What is logged as content is a version with its step, a preview, and an edge from the run."""
    import struct
    import zlib

    pixels = np.zeros((4, 6, 3))
    pixels[1, 2] = (1.0, 0.5, 0.0)
    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.log_text("sample", "Once upon a time", step=3)
        run.log_table("confusion", {"label": ["a", "b"], "count": np.array([3, 4])})
        run.log_table("rows", [{"x": 1, "y": 2.5}, {"x": 2, "z": "w"}])
        run.log_image("digit", pixels)
        run.log_histogram("weights", [0.0, 1.0, 1.0, float("nan"), float("inf")], bins=2, step=9)
        run.log_figure("nothing", object())
        run.log_table("bad", 5)

    with open_reader(path) as reader:
        heads = {head.artifact: head for head in reader.run("r").detail().outputs}
        assert {name: head.kind for name, head in heads.items()} == {
            "sample": "report", "confusion": "table", "rows": "table", "digit": "figure", "weights": "table",
        }  # fmt: skip
        assert dict(get_version(reader, heads["sample"].id).metadata) == {"step": 3}
        facts = get_version(reader, heads["weights"].id).metadata
        assert facts["not_finite"] == 2 and facts["count"] == 5 and facts["max"] == 1.0
        assert previews(reader, heads["digit"].key)["image.png"].kind == "image"
    assert _text(path, "confusion", "table.csv") == "label,count\na,3\nb,4\n"
    assert _text(path, "rows", "table.csv") == "x,y,z\n1,2.5,\n2,,w\n"
    assert _text(path, "weights", "histogram.csv") == "low,high,count\n0.0,0.5,1\n0.5,1.0,2\n"
    from artui.capture.media import png

    content = png(pixels)
    size = struct.unpack_from(">II", content, 16)
    start = content.index(b"IDAT") + 4
    rows = zlib.decompress(content[start : start + struct.unpack_from(">I", content, start - 8)[0]])
    assert size == (6, 4) and len(rows) == 4 * (1 + 18) and rows[19 + 1 + 6 : 19 + 1 + 9] == bytes([255, 128, 0])


def test_figures_of_matplotlib_are_kept(path: Path) -> None:
    """A matplotlib figure, or its axes, becomes a PNG."""
    plt = pytest.importorskip("matplotlib.figure")
    figure = plt.Figure()
    figure.subplots().plot([1, 2, 3])
    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.log_figure("curve", figure)
    assert _detail(path).outputs[0].kind == "figure"


def test_run_is_resumed_where_it_was(path: Path) -> None:
    """A run that ended goes on under its id: same run, steps count on, durations add up, how it ended is undone."""
    with pytest.raises(RuntimeError), artui.start_run(project="p", name="r", id="job-77", catalog=path) as run:
        run.log({"x": 1.0})
        run.log({"x": 2.0})
        raise RuntimeError("preempted")
    first = _detail(path)
    with artui.start_run(project="p", id="job-77", resume=True, catalog=path, params={"lr": 0.5}) as again:
        assert again.id == run.id and again.name == "r"
        going = _detail(path).head
        assert going.status == "running" and going.ended_ms is None
        again.log({"x": 3.0})

    detail = _detail(path)
    assert detail.head.status == "finished" and detail.error == "" and detail.params[0].value == 0.5
    assert detail.head.duration_ms is not None and first.head.duration_ms is not None
    assert detail.head.duration_ms >= first.head.duration_ms and len(detail.context["resumed"]["times_ms"]) == 1
    with open_reader(path) as reader:
        assert reader.run("r").series("x").steps.tolist() == [0, 1, 2]
        assert len(reader.runs()) == 1


def test_resuming_what_is_not_there_starts_it(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """resume=True may always be given; the same id without it is another run, with its own id."""
    with artui.start_run(project="p", id="job-1", resume=True, catalog=path) as run:
        run.log({"x": 1.0})
    assert _detail(path, "job-1").head.status == "finished"
    with artui.start_run(project="p", id="job-1", catalog=path) as other:
        other.log({"x": 2.0})
    assert other.is_recorded and other.id != run.id and "resume=True" in capsys.readouterr().err
    with open_reader(path) as reader:
        assert {recorded.id for recorded in reader.runs()} == {run.id, other.id}


KILLED = """
import artui, os, sys
run = artui.start_run(id=sys.argv[1], resume=True, catalog=sys.argv[2])
for number in range(int(sys.argv[3])):
    run.log({"loss": float(number)})
if sys.argv[4:]:
    os.kill(os.getpid(), 9)
run.finish()
"""


@pytest.mark.parametrize(
    ("counts", "is_killed", "homes"),
    [((1, 1, 2), False, 1), ((0, 3), False, 2), ((1, 1, 2), True, 2), ((7, 7), True, 1), ((1, 0, 1), True, 1), ((0, 3), True, 2)],
)  # fmt: skip
def test_resumed_run_goes_on_behind_what_was_logged(path: Path, tmp_path: Path, counts: tuple[int, ...], is_killed: bool, homes: int) -> None:  # fmt: skip
    """Step 0 counts, and so does what only the spool of a killed process holds, also for a job with another home."""
    for number, count in enumerate(counts):
        home = {
            f"XDG_{name}_HOME": str(tmp_path / f"home-{number % homes}" / name)
            for name in ("STATE", "CACHE", "CONFIG", "DATA")
        }
        words = ["job", str(path), str(count), *(["kill"] if is_killed and number < len(counts) - 1 else [])]
        subprocess.run([sys.executable, "-c", KILLED, *words], env={**os.environ, **home})
    with open_reader(path) as reader:
        series = reader.run("job").series("loss")
        assert series.steps.tolist() == list(range(sum(counts))) and len(reader.runs()) == 1
        assert series.values.tolist() == [float(value) for count in counts for value in range(count)]


def test_locked_catalog_does_not_hold_up_the_loop(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody holds the write lock: the run starts, logs and reads are quick, and everything is there afterwards."""
    import sqlite3

    with artui.start_run(project="p", name="before", catalog=path):
        pass
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    run = artui.start_run(project="p", name="r", catalog=path)
    for step in range(1000):
        run.log({"x": float(step)}, step=step)
    run.log_params({"lr": 0.1})
    assert time.monotonic() - started < 4 and run.is_recorded
    other.execute("ROLLBACK")
    other.close()
    run.finish()

    detail = _detail(path)
    assert (
        detail.metrics[0].summary.count == 1000 and detail.params[0].value == 0.1 and detail.head.status == "finished"
    )


def test_lock_that_was_waited_for_does_not_slow_the_writer(path: Path) -> None:
    """After the catalog was locked for some seconds, points are in it as soon as it is free again."""
    import sqlite3

    with artui.start_run(project="p", name="r", catalog=path) as run:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        run.log({"x": 1.0})
        time.sleep(3.0)
        other.execute("ROLLBACK")
        time.sleep(1.0)  # the fold that waited is done
        run.log({"x": 2.0})
        deadline = time.monotonic() + 5
        while other.execute("SELECT total(count) FROM series").fetchone()[0] < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        other.close()


def test_spooled_points_are_seen_by_readers(path: Path) -> None:
    """What is logged and not yet in the catalog is in summaries, series, charts and the table all the same."""
    import sqlite3

    from artui.query.runs.columns import chosen_columns, columns
    from artui.query.runs.rows import run_rows
    from artui.query.series.curves import curve

    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.log({"x": 1.0}, step=0)
        assert run._writer is not None and run._writer.fold_now(10)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        run.log({"x": 5.0, "y": 7.0}, step=1)
        run.log({"x": 3.0}, step=2)
        with open_reader(path) as reader:
            detail = reader.run("r").detail()
            metrics = {metric.name: metric for metric in detail.metrics}
            summary = metrics["x"].summary
            assert (summary.count, summary.last, summary.max, summary.max_step, summary.mean) == (3, 3.0, 5.0, 1, 3.0)
            assert metrics["y"].summary.last == 7.0
            assert reader.run("r").series("x").values.tolist() == [1.0, 5.0, 3.0]
            assert reader.run("r").series("y").values.tolist() == [7.0]
            assert list(curve(reader, metrics["x"]).means) == [1.0, 5.0, 3.0]
            assert list(curve(reader, metrics["y"], run_id=run.id).means) == [7.0]
            key = detail.head.key
            assert run_rows(reader, [key], chosen_columns(columns(reader)))[key].cells["metric:x"] == 3.0
        other.execute("ROLLBACK")
        other.close()
    with open_reader(path) as reader:
        assert reader.run("r").series("x").values.tolist() == [1.0, 5.0, 3.0]
