"""The logging API: everything is recorded, and nothing is raised."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import artui
from artui.catalog import Catalog
from artui.errors import ArtuiError, UnknownReference
from artui.model import RunDetail, VersionHead
from artui.query.artifacts import alias_history, artifact_list, get_version
from artui.query.history import version_history
from artui.query.references import resolve
from tests.reading import open_reader


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.artui"


def _detail(path: Path, name: str) -> RunDetail:
    with open_reader(path) as reader:
        return reader.run(name).detail()


def test_run_has_what_makes_it_comparable(path: Path) -> None:
    """A run has name, params, tags, note, user, host, Python, folder and command, and ends as finished."""
    with artui.start_run(
        project="p", name="r", params={"lr": 0.1, "opt": {"name": "adam"}}, tags=["base"], note="why", catalog=path
    ) as run:
        run.log_params({"late": True})
        run.add_tags("extra")
        run.set_note("because")
    detail = _detail(path, "r")
    assert {param.name: param.value for param in detail.params} == {"lr": 0.1, "opt.name": "adam", "late": True}
    assert {tag.name for tag in detail.tags} == {"base", "extra"} and detail.note == "because"
    assert (
        detail.head.status == "finished"
        and detail.head.duration_ms is not None
        and detail.python
        and detail.host
        and detail.command
    )
    assert detail.directory == os.getcwd()


def test_values_of_every_kind_are_logged(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """numpy scalars, bools, Decimals, huge ints and nested mappings are numbers; text and None are left out with one warning each."""
    with artui.start_run(project="p", name="r", catalog=path) as run:
        for step in range(3):
            run.log(
                {
                    "np": np.float32(0.5),
                    "int": 3,
                    "bool": True,
                    "decimal": Decimal("1.5"),
                    "huge": 10**400,
                    "nan": float("nan"),
                    "nested": {"a": 1, "b": {"c": 2}},
                    "array": np.ones(()),
                    "text": "no",
                    "none": None,
                },
                step=step,
            )
    metrics = {metric.name: metric.summary for metric in _detail(path, "r").metrics}
    assert set(metrics) == {"np", "int", "bool", "decimal", "huge", "nan", "nested/a", "nested/b/c", "array"}
    assert metrics["np"].last == 0.5 and metrics["huge"].last == float("inf") and metrics["nan"].nan_count == 3
    assert capsys.readouterr().err.count("not a number") == 2


def test_steps_may_be_anything(path: Path) -> None:
    """Steps that are missing count on; negative, repeated, float and huge ones are kept in order of arrival."""
    with artui.start_run(project="p", name="r", catalog=path) as run:
        for step in (None, None, 10, None, -5, -5, 2.0, 2**80):
            run.log({"x": 1.0}, step=step)  # type: ignore[arg-type]
    with open_reader(path) as reader:
        assert reader.run("r").series("x").steps.tolist() == [0, 1, 10, 11, -5, -5, 2, 2**63 - 1]


def test_exception_is_recorded_and_passes_through(path: Path) -> None:
    """A block that raises leaves a failed run with its traceback, and the exception goes on."""
    with pytest.raises(ValueError, match="bad batch"), artui.start_run(project="p", name="r", catalog=path) as run:
        run.log({"x": 1.0})
        raise ValueError("bad batch")
    detail = _detail(path, "r")
    assert (
        detail.head.status == "failed"
        and "bad batch" in detail.error
        and "Traceback" in detail.error
        and detail.metrics
    )


def test_interrupt_is_killed_and_clean_exit_is_finished(path: Path) -> None:
    """ctrl+C ends a run as killed, sys.exit(0) as finished, sys.exit(3) as failed."""
    for number, (fault, status) in enumerate(
        ((KeyboardInterrupt(), "killed"), (SystemExit(0), "finished"), (SystemExit(3), "failed"))
    ):
        with pytest.raises(BaseException), artui.start_run(project="p", name=f"r{number}", catalog=path):  # noqa: B017
            raise fault
        assert _detail(path, f"r{number}").head.status == status


def _script(path: Path, body: str) -> subprocess.Popen[str]:
    code = f"import artui, time\nrun = artui.start_run(project='p', name='r', catalog={str(path)!r})\n{body}"
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_terminated_process_is_killed_with_its_points(path: Path) -> None:
    """SIGTERM writes what was logged, records the signal, and the process still dies of it."""
    child = _script(path, "run.log({'x': 1.0}); print('ready', flush=True); time.sleep(30)")
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGTERM)
    assert child.wait(timeout=20) == -signal.SIGTERM
    detail = _detail(path, "r")
    assert detail.head.status == "killed" and "SIGTERM" in detail.error and detail.metrics[0].summary.count == 1


@pytest.mark.parametrize(
    ("body", "status"), [("run.log({'x': 1})", "finished"), ("run.log({'x': 1}); 1 / 0", "failed")]
)
def test_script_without_a_with_block_is_finished_at_exit(path: Path, body: str, status: str) -> None:
    """A script that never calls finish ends as finished, or as failed if an exception ended it."""
    _, messages = _script(path, body).communicate(timeout=30)
    detail = _detail(path, "r")
    assert detail.head.status == status and len(detail.metrics) == 1 and "artui:" not in messages


def test_forked_children_log_into_the_run(path: Path) -> None:
    """A child forked as by a DataLoader may log, and end without a goodbye; the parent's run goes on unharmed."""
    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.log({"x": 1.0})
        child = os.fork()
        if child == 0:
            run.log({"x": 9.0}, step=7)
            os._exit(0)
        os.waitpid(child, 0)
        run.log({"x": 2.0})

    with open_reader(path) as reader:
        assert sorted(reader.run("r").series("x").values.tolist()) == [1.0, 2.0, 9.0]
        assert [run.status for run in reader.runs()] == ["finished"]
    assert os.listdir(path.parent) == [path.name]


def test_signals_are_given_back_after_the_last_run_and_in_children(path: Path) -> None:
    """While a run is open SIGTERM is ours; afterwards, and in a forked child that has no run of its own, the system's."""
    before = signal.getsignal(signal.SIGTERM)
    with artui.start_run(project="p", name="r", catalog=path):
        assert signal.getsignal(signal.SIGTERM) is not before
        child = os.fork()
        if child == 0:
            os._exit(0 if signal.getsignal(signal.SIGTERM) is before else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_pool_workers_have_runs_of_their_own(path: Path) -> None:
    """A pool forked while a run is open may start runs in its workers, save and use there."""
    with artui.start_run(project="p", name="sweep", catalog=path) as sweep:
        sweep.log({"x": 1.0})
        with multiprocessing.get_context("fork").Pool(3) as pool:
            assert pool.map(_train_in_worker, [(sweep.id, str(path), n) for n in range(6)]) == ["model:v1"] * 6
        sweep.log({"x": 2.0})

    with open_reader(path) as reader:
        run_by_name = {run.name: run for run in reader.runs()}
        assert {run.status for run in run_by_name.values()} == {"finished"} and len(run_by_name) == 7
        assert run_by_name["trial-3"].parent_id == run_by_name["sweep"].id
        assert reader.run("trial-3").series("loss").values.tolist() == [3.0] * 50
    assert os.listdir(path.parent) == [path.name]


def _train_in_worker(given: tuple[str, str, int]) -> str | None:
    parent, path, number = given
    with artui.start_run(project="p", name=f"trial-{number}", parent=parent, catalog=path) as run:
        for _ in range(50):
            run.log({"loss": float(number)})
        return run.save("model", __file__)


def test_run_that_is_sent_to_another_process_is_the_same_there(path: Path) -> None:
    """A run may be pickled, as spawned workers are given it: they log into it, and do not end it."""
    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.log({"x": 1.0})
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            pool.map(_log_there, [run])
            pool.close()
            pool.join()

    with open_reader(path) as reader:
        assert sorted(reader.run("r").series("x").values.tolist()) == [1.0, 5.0]
        assert [run.status for run in reader.runs()] == ["finished"]
    assert os.listdir(path.parent) == [path.name]


def _log_there(run: artui.Run) -> None:
    run.log({"x": 5.0})


def _log_many(run: artui.Run, name: str) -> None:
    for n in range(2000):
        run.log({name: float(n)}, step=n)


def test_threads_lose_nothing(path: Path) -> None:
    """Four threads log 2,000 points each at once: all are there."""
    with artui.start_run(project="p", name="r", catalog=path) as run:
        threads = [threading.Thread(target=_log_many, args=(run, name)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [metric.summary.count for metric in _detail(path, "r").metrics] == [2000] * 4


def test_catalog_that_cannot_be_is_recorded_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder takes the run into the catalog that is named after it; what can be nowhere goes to a temporary folder."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    with artui.start_run(project="p", name="r", catalog=tmp_path) as run:
        run.log({"x": 1.0})
    assert run.is_recorded and run.catalog_path == tmp_path / f"{tmp_path.name}.artui"

    with artui.start_run(project="p", name="r", catalog=Path("/proc/nowhere/x.artui")) as run:
        for step in range(100):
            run.log({"x": 1.0}, step=step)
        assert run.save("model", tmp_path / "missing") is None
        assert run.save("model", tmp_path / "missing") is None
        run.set_note("x")
        with pytest.raises(ArtuiError):
            run.use("data:latest")
    lines = capsys.readouterr().err.splitlines()
    assert run.is_recorded and len(lines) == len(set(lines)) <= 6
    assert any(str(tmp_path / "tmp") in line and "artui settle" in line for line in lines)


def test_run_that_can_be_recorded_nowhere_raises_nothing_and_says_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When nothing can be written anywhere the training goes on, with one line that says why."""
    from artui.capture import writer
    from artui.errors import CatalogReadOnly

    def refuse(path: Path) -> None:
        raise CatalogReadOnly("nothing can be written", remedy="")

    monkeypatch.setattr(writer, "acquire", refuse)
    with artui.start_run(project="p", name="r", catalog=tmp_path / "x.artui", params={"lr": 1}) as run:
        run.log({"x": 1.0})
        assert run.save("model", tmp_path) is None
    lines = capsys.readouterr().err.splitlines()
    assert not run.is_recorded and sum("starting the run (it is not recorded)" in line for line in lines) == 1


def test_catalog_deleted_under_a_run_loses_nothing(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file vanishes while a run goes on: one warning tells, and the next catalog at its place gets the whole run."""
    with artui.start_run(project="p", name="r", catalog=path, params={"lr": 0.1}) as run:
        run.log({"x": 1.0})
        assert run._writer is not None and run._writer.fold_now(10)
        for name in os.listdir(path.parent):
            if (path.parent / name).is_file():
                (path.parent / name).unlink()
        run.log({"x": 2.0})
        run.save("model", __file__)
    messages = capsys.readouterr().err
    assert "Traceback" not in messages and "takes it over" in messages

    with artui.start_run(project="p", name="next", catalog=path):
        pass

    with open_reader(path) as reader:
        assert reader.run("r").series("x").values.tolist() == [1.0, 2.0]
        assert {run.name: run.status for run in reader.runs()} == {"r": "finished", "next": "finished"}
        assert reader.run("r").detail().params[0].value == 0.1
    assert os.listdir(path.parent) == [path.name]


def test_catalog_moved_away_and_back_has_everything(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While the file is elsewhere the spool keeps what is logged; once it is back, it is written, and only once."""
    away = path.with_name("away.artui")
    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.log({"x": 1.0})
        assert run._writer is not None and run._writer.fold_now(10)
        path.rename(away)
        run.log({"x": 2.0})
        assert not run._writer.fold_now(2)
        away.rename(path)
        run.log({"x": 3.0})

    with open_reader(path) as reader:
        assert reader.run("r").series("x").values.tolist() == [1.0, 2.0, 3.0]
    assert os.listdir(path.parent) == [path.name]
    assert capsys.readouterr().err.count("moved") == 1


def test_an_artifact_is_of_the_stage_of_the_run_that_made_it_unless_its_kind_says_more(
    path: Path, tmp_path: Path
) -> None:
    """Reports, figures and tables are made in every stage; a model is of modelling; a stage that is given wins, and stays."""
    file = tmp_path / "x.txt"
    file.write_text("x")
    saved = {
        "requirements": {"figure": "requirements", "report": "requirements", "dataset": "data"},
        "data": {"report": "data", "figure": "data", "table": "data", "model": "modelling", "mine": "data"},
        "operations": {"report": "operations", "table": "operations", "requirement": "requirements"},
    }
    for stage, kinds in saved.items():
        with artui.start_run(project="p", name=stage, stage=stage, catalog=path) as run:
            for kind in kinds:
                run.save(f"{stage}-{kind}", file, kind=kind)
            run.save(f"{stage}-given", file, kind="report", stage="modelling")
            run.save("first", file, kind="report")
    expected = {f"{stage}-{kind}": of for stage, kinds in saved.items() for kind, of in kinds.items()}
    expected |= {f"{stage}-given": "modelling" for stage in saved} | {"first": "requirements"}
    with open_reader(path) as reader:
        found = {head.name: head.stage for head in artifact_list(reader)}
    assert {name: found[name] for name in expected} == expected


def test_lineage_of_what_was_used_and_saved(path: Path, tmp_path: Path) -> None:
    """Inputs, outputs, aliases and relations become edges; the path that use gives has the content."""
    data = tmp_path / "data.csv"
    data.write_text("a,b\n1,2\n")
    with artui.start_run(project="p", name="prepare", stage="data", catalog=path) as run:
        assert run.save("data", data, kind="dataset", alias=None, metadata=None, related=None, facts=None) == "data:v1"
    with artui.start_run(project="p", name="train", catalog=path) as run:
        local = run.use("data:latest")
        assert local.read_text() == "a,b\n1,2\n" and local.name == "data.csv" and local != data
        assert (
            run.save(
                "model", data, kind="model", alias="candidate", metadata={"f1": 0.5}, related={"data:v1": "trained"}
            )
            == "model:v1"
        )
        run.set_alias("model:candidate", "production", why="best on the test set")
        with pytest.raises(UnknownReference):
            run.use("nosuch:latest")
    with open_reader(path) as reader:
        train = reader.run("train").detail()
        assert "data" in {head.artifact for head in train.inputs} and {head.artifact for head in train.outputs} == {
            "model"
        }
        model = get_version(reader, resolve(reader, "model:production").id)
        assert model.metadata == {"f1": 0.5} and [(how, other.artifact) for how, other in model.related] == [
            ("trained on", "data")
        ]
        moves = {(change.what, change.why) for change in version_history(reader, model.head)}
        assert ("production", "best on the test set") in moves and ("candidate", "") in moves
        artifact = next(head for head in artifact_list(reader) if head.name == "model")
        assert {change.alias for change in alias_history(reader, artifact.id)} == {"candidate", "production"}


def test_local_data_becomes_an_input_version(path: Path, tmp_path: Path) -> None:
    """use(path=…) saves what lies there once, and again only when it has changed."""
    data = tmp_path / "data.csv"
    for content, number in (("1", 1), ("1", 1), ("2", 2)):
        data.write_text(content)
        with artui.start_run(project="p", name=f"r{content}{number}", catalog=path) as run:
            assert run.use("data", path=data) == data
        with open_reader(path) as reader:
            version = resolve(reader, "data:latest")
            assert isinstance(version, VersionHead) and version.number == number


def test_large_content_is_referenced(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit the bytes stay outside, with their digest, and use gives the place itself."""
    monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "100")
    big = tmp_path / "big.bin"
    big.write_bytes(b"x" * 1000)
    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.save("big", big)
        assert run.use("big:latest") == big
        big.write_bytes(b"y")
        with pytest.raises(ArtuiError, match="not there as recorded"):
            run.use("big:latest")
    with open_reader(path) as reader:
        version = resolve(reader, "big")
        assert isinstance(version, VersionHead) and version.storage == "referenced"


def test_folders_follow_links_and_skip_what_is_no_file(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder's manifest lists files sorted, what links lead to among them, and leaves pipes out with a word."""
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "b.txt").write_text("b")
    (folder / "sub" / "a.txt").write_text("a")
    (folder / "link").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    (folder / os.fsdecode(b"odd\xff.txt")).write_text("odd")
    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.save("folder", folder, kind="dataset")
        local = run.use("folder:latest")
        assert sorted(entry.name for entry in local.iterdir()) == ["b.txt", "link", "odd\\xff.txt", "sub"]
    with open_reader(path) as reader:
        files = {file.path: file for file in get_version(reader, resolve(reader, "folder").id).files}
    assert list(files) == ["b.txt", "link", "odd\\xff.txt", "sub/a.txt"] and files["link"].link_target == ""
    assert "pipe" in capsys.readouterr().err


def test_child_runs_name_their_parent(path: Path) -> None:
    """A run started with a parent is listed among its children, in the parent's catalog."""
    with (
        artui.start_run(project="p", name="parent", catalog=path) as parent,
        artui.start_run(project="p", name="child", parent=parent),
    ):
        pass
    assert [child.name for child in _detail(path, "parent").children] == ["child"]


def test_secrets_on_the_command_line_are_not_kept(path: Path) -> None:
    """Values of arguments that are named like secrets, and passwords in URLs, are replaced."""
    code = f"import artui\nwith artui.start_run(project='p', name='r', catalog={str(path)!r}): pass"
    subprocess.run(
        [
            sys.executable,
            "-c",
            code,
            "--api-key",
            "CANARY1",
            "--token=CANARY2",
            "https://ada:CANARY3@host/x",
            "--lr=0.1",
        ],
        check=True,
        timeout=60,
    )
    assert b"CANARY" not in path.read_bytes()
    assert "--lr=0.1" in _detail(path, "r").command


def test_git_state_is_recorded(path: Path, tmp_path: Path) -> None:
    """Commit, branch and whether tracked files were changed, without a git identity."""
    work = tmp_path / "work"
    work.mkdir()
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(work)]
    (work / "train.py").write_text("x")
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *arguments], check=True)
    code = f"import artui\nwith artui.start_run(project='p', name='NAME', catalog={str(path)!r}): pass"
    for name, content in (("clean", "x"), ("dirty", "y")):
        (work / "train.py").write_text(content)
        subprocess.run([sys.executable, "-c", code.replace("NAME", name)], cwd=work, check=True, timeout=60)
        detail = _detail(path, name)
        assert len(detail.git_commit) == 40 and detail.git_branch == "main" and detail.git_is_dirty is (name == "dirty")


def test_names_that_are_no_text_are_written_as_text(path: Path) -> None:
    """A metric named by a number is kept under that number's text, and keeps nothing else from being written."""
    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.log({"x": 1.0})
        run.log({7: 2.0})  # type: ignore[dict-item]
        run.log({"x": 3.0})

    assert {metric.name: metric.summary.count for metric in _detail(path, "r").metrics} == {"7": 1, "x": 2}


def test_runs_that_were_never_finished_all_end_with_the_program(path: Path) -> None:
    """Three runs left open by a script are all recorded as finished."""
    code = f"import artui\nopen_runs = [artui.start_run(name=n, catalog={str(path)!r}) for n in 'abc']\n"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

    with open_reader(path) as reader:
        assert {run.name: run.status for run in reader.runs()} == dict.fromkeys("abc", "finished")


def test_points_of_a_time_without_room_come_later(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Points that the catalog had no room for stay in the spool, and come under their own names once there is room."""
    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.log({"warm": 0.0})
        assert run._writer is not None and run._writer.fold_now(10)
        catalog = run._writer.catalog
        with catalog.transaction() as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")
        for step in range(1500):
            run.log({"loss": step / 7, "acc": step / 9}, step=step)
        assert not run._writer.fold_now(2)
        with catalog.transaction() as connection:
            connection.execute("PRAGMA max_page_count = 4294967294")
        run.log_params({"first": 1, "second": 2})

    with open_reader(path) as reader:
        metrics = {metric.name: metric.summary.count for metric in reader.run("r").detail().metrics}
    assert metrics == {"warm": 1, "loss": 1500, "acc": 1500}
    assert capsys.readouterr().err.count("disk") <= 1


class _Mute:
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


@pytest.mark.parametrize("value", [np.longdouble(0.5), _Mute()])
def test_one_odd_param_does_not_cost_the_run(path: Path, value: object) -> None:
    """A param that is hard to write down is written somehow, and the run with its other params is recorded."""
    with artui.start_run(project="p", name="r", params={"odd": value, "lr": 0.1}, catalog=path) as run:
        run.log({"x": 1.0})

    assert run.is_recorded
    params = {param.name: param.value for param in _detail(path, "r").params}
    assert params["lr"] == 0.1 and "odd" in params


def test_broken_packages_do_not_cost_the_points(path: Path, tmp_path: Path) -> None:
    """An installed package whose metadata is no UTF-8 keeps nothing of a run from being written."""
    info = tmp_path / "site" / "broken-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_bytes(b"Metadata-Version: 2.1\nName: broken\nVersion: 1.0\nAuthor: \xff\xe9\n")

    code = f"import artui\nwith artui.start_run(name='r', catalog={str(path)!r}) as run: run.log({{'x': 1.0}})"
    subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=60, env={**os.environ, "PYTHONPATH": str(info.parent)}
    )

    assert [metric.summary.count for metric in _detail(path, "r").metrics] == [1]


def test_folder_that_is_gone_does_not_cost_the_run(path: Path, tmp_path: Path) -> None:
    """A script whose working folder was deleted is recorded, in the catalog that it names."""
    gone = tmp_path / "gone"
    gone.mkdir()
    code = (
        f"import os; os.rmdir(os.getcwd())\nimport artui\nwith artui.start_run(name='r', catalog={str(path)!r}): pass"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=gone)

    assert path.exists() and _detail(path, "r").head.status == "finished"


def test_process_without_stderr_trains_on(path: Path) -> None:
    """With stderr closed, as for a daemon, a warning has nowhere to go and raises nothing."""
    code = (
        f"import artui\nwith artui.start_run(name='r', catalog={str(path)!r}) as run:\n"
        "    run.log({'text': 'no number'}); run.log({'x': 1.0})"
    )
    done = subprocess.run([sys.executable, "-c", code], preexec_fn=lambda: os.close(2), timeout=60, check=False)

    assert done.returncode == 0 and [metric.name for metric in _detail(path, "r").metrics] == ["x"]


def test_warnings_never_act_on_the_terminal(path: Path) -> None:
    """Names with control characters are told of in visible form, at once and when repeats are counted at the end."""
    code = (
        f"import artui\nwith artui.start_run(name='r', catalog={str(path)!r}) as run:\n"
        "    for _ in range(3): run.log({'\\x1b]0;owned\\x07': 'text'})\n"
        "    run.save('\\x1b[2Jname', '/dev/null'); run.save('\\x1b[2Jname', '/dev/null')"
    )
    messages = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True).stderr

    assert b"not a number" in messages and b"3 times" in messages
    assert b"\x1b" not in messages and b"\x07" not in messages


def test_killed_by_signal_or_keyboard_says_so(path: Path) -> None:
    """A run that ctrl+C ended says that it was interrupted, and keeps its points."""
    with pytest.raises(KeyboardInterrupt), artui.start_run(project="p", name="r", catalog=path) as run:
        run.log({"x": 1.0})
        raise KeyboardInterrupt

    detail = _detail(path, "r")
    assert detail.head.status == "killed" and "interrupted" in detail.error and len(detail.metrics) == 1


def test_values_that_are_no_metrics_raise_nothing(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is given as metrics or as step, the loop goes on, with one warning a cause."""
    endless: dict[str, object] = {}
    endless["again"] = endless
    with artui.start_run(project="p", name="r", catalog=path) as run:
        for _ in range(2):
            for values in (None, 5, "text", endless, {"a": [1, 2]}, {"a": object()}, {"a": 1j}, {}):
                run.log(values)  # type: ignore[arg-type]
            for step in ("x", float("nan"), float("inf"), [1]):
                run.log({"x": 1.0}, step=step)  # type: ignore[arg-type]
        run.log({"x": 2.0}, step=3)

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(set(lines))
    with open_reader(path) as reader:
        assert reader.run("r").series("x").values.tolist()[-1] == 2.0


def test_metadata_of_any_kind_does_not_cost_the_version(path: Path, tmp_path: Path) -> None:
    """A model whose metadata has a huge int or a lone surrogate is saved all the same."""
    file = tmp_path / "model.bin"
    with artui.start_run(project="p", name="r", catalog=path) as run:
        for number, odd in enumerate((2**70, "\udcff", np.float32(1.5), {1, 2}), 1):
            file.write_text(str(number))
            assert run.save("model", file, metadata={"odd": odd, "f1": 0.5}) == f"model:v{number}"

    with open_reader(path) as reader:
        assert get_version(reader, resolve(reader, "model:v1").id).metadata["f1"] == 0.5


@pytest.mark.parametrize("relation", ["output", "input", "trainedon"])
def test_relations_between_versions_are_three(
    path: Path, tmp_path: Path, relation: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A version is related to another by what can hold between versions; anything else is refused, and not as damage."""
    file = tmp_path / "data.csv"
    file.write_text("1")
    with artui.start_run(project="p", name="other", catalog=path):
        pass
    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.save("data", file)
        file.write_text("2")
        run.save("model", file, related={"data:v1": relation})  # type: ignore[dict-item]

    messages = capsys.readouterr().err
    assert relation in messages and "untouched copy" not in messages
    with Catalog(path) as catalog, catalog.transaction() as connection:
        edge_count = connection.execute(
            "SELECT count(*) FROM edge AS e JOIN run AS r ON r.key = e.source_key WHERE e.relation = 0 AND r.name = 'other'"
        ).fetchone()[0]
        assert edge_count == 0


def test_importing_artui_loads_nothing_heavy(path: Path) -> None:
    """`import artui` loads no screen and no numpy; logging to a new catalog no screen either, and no database tool or pandas."""
    heavy = "{'textual', 'rich', 'numpy', 'sqlite_utils', 'click', 'humanize'}"
    code = (
        f"import sys, artui\nassert not {heavy} & set(sys.modules), 'import'\n"
        f"with artui.start_run(name='r', catalog={str(path)!r}) as run: run.log({{'x': 1.0}})\n"
        "assert not {'textual', 'rich', 'humanize', 'sqlite_utils', 'pandas'} & set(sys.modules), 'logging'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
