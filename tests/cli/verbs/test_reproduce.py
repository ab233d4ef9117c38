"""`artui reproduce`: a run's folder, the run once more in it, and what is said when it does not come back."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import artui as api
from artui.cli import run as run_verb
from artui.query.artifacts import artifact_list, versions
from artui.query.reader import Reader
from tests.reading import open_reader

Capture = pytest.CaptureFixture[str]

TRAIN = """\
import argparse, random
import noise
parser = argparse.ArgumentParser()
for name in ("--lr", "--seed", "--data"):
    parser.add_argument(name)
args = parser.parse_args()
random.seed(int(args.seed))
rows = [float(line) for line in open(args.data)]
weight = 0.0
for step in range(8):
    weight += float(args.lr) * (sum(rows) / len(rows) - weight) + noise.of(random)
    print(f"step={step} loss={(weight - 1) ** 2:.12f}", flush=True)
open("weights.txt", "w").write(repr(weight))
"""


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.email=a@b", "-c", "user.name=a", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _package(version: str) -> dict[str, str]:
    """The files of a package that makes noise, which is another one in each version."""
    info = f"noise-{version}.dist-info"
    return {
        "noise.py": f"def of(random):\n    return random.gauss(0, 0.01) * {version}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: noise\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": f"noise.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n",
    }


def _interpreter(folder: Path, version: str) -> str:
    """Make an environment with the package in a version."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    place = next(folder.glob("lib/python*/site-packages"))
    for name, text in _package(version).items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text(text)
    return str(folder / "bin" / "python")


@dataclass(frozen=True)
class Trained:
    """A script in git that was run under `artui exec` with an environment of its own, and all that was there."""

    base: Path

    @property
    def catalog(self) -> Path:
        return self.base / "c.artui"

    @property
    def project(self) -> Path:
        return self.base / "project"

    def again(self, capfd: Capture, *words: str, folder: str = "again") -> tuple[int, Any]:
        """Run the verb on the run; gives its exit code, and what it printed as JSON or its error."""
        where = ["-c", str(self.catalog), "-o", str(self.base / folder), "--repo", str(self.project)]
        place = words.index("--") if "--" in words else len(words)
        code = run_verb(["reproduce", "plain", *where, "--json", *words[:place], *words[place:]])
        out, err = capfd.readouterr()
        return code, json.loads(out) if out else err


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("trained")
    project = base / "project"
    (project / "src").mkdir(parents=True)
    (project / "src" / "train.py").write_text(TRAIN)
    (base / "data.txt").write_text("0.9\n1.1\n1.3\n")
    _git(base, "init", "-q", "-b", "main", str(project))
    _git(project, "add", ".")
    _git(project, "commit", "-qm", "one")
    # What was run is not what was committed: the change is part of the run.
    (project / "src" / "train.py").write_text(TRAIN.replace("range(8)", "range(10)"))
    python = _interpreter(base / "old", "1.0")
    _interpreter(base / "new", "2.0")
    (base / "wheels").mkdir()
    with zipfile.ZipFile(base / "wheels" / "noise-1.0-py3-none-any.whl", "w") as wheel:
        for name, text in _package("1.0").items():
            wheel.writestr(name, text)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ARTUI_")}
    words = ["exec", "-c", str(base / "c.artui"), "-p", "p", "-n", "plain", "--artifact", "weights.txt:model:weights", "--no-system", "--"]  # fmt: skip
    command = [python, "train.py", "--lr", "0.3", "--seed", "5", "--data", "../../data.txt"]
    done = subprocess.run([sys.executable, "-m", "artui", *words, *command], cwd=project / "src", env=environment, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    _git(project, "checkout", "-q", ".")
    _git(project, "clean", "-qfd")
    return base


@pytest.fixture
def trained(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trained:
    """A copy of the catalog, with the rest where it was."""
    shutil.copyfile(made / "c.artui", tmp_path / "c.artui")
    for name in ("project", "old", "new", "wheels", "data.txt"):
        (tmp_path / name).symlink_to(made / name)
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_", "ARTUI_RUN"))]:
        monkeypatch.delenv(name)
    for tool in ("UV", "PIP"):
        monkeypatch.setenv(f"{tool}_NO_INDEX", "1")
        monkeypatch.setenv(f"{tool}_FIND_LINKS", str(made / "wheels"))
    return Trained(tmp_path)


def test_a_plain_script_comes_back_in_an_environment_of_its_own(trained: Trained, capfd: Capture) -> None:
    """Commit and patch, package and data are put together anew, and every point is the same; so are the bytes that it made."""
    code, document = trained.again(capfd, "--run", "--yes")

    assert code == 0, document
    assert document["came_back"] and "to the last bit" in document["verdict"], document["verdict"]
    assert {part["name"]: part["state"] for part in document["parts"]} == dict.fromkeys(("code", "env", "command"), "present") | {"data": "none"}  # fmt: skip
    assert [(metric["name"], metric["came"], metric["points"]) for metric in document["metrics"]] == [
        ("loss", "same", 10)
    ]
    assert [(output["artifact"], output["is_same"]) for output in document["outputs"]] == [("weights", True)]
    assert document["causes"] == [] and document["again"]["name"] == "plain-again"
    assert (trained.base / "again/code/src/train.py").read_text() == TRAIN.replace("range(8)", "range(10)")
    with open_reader(trained.catalog) as reader:
        again = reader.run("plain-again").detail()
        assert again.context["reproduces"] == {"id": document["run"]["id"], "name": "plain"}
        assert reader.run("plain").detail().head.status == "finished"
    assert _git(trained.project, "status", "--porcelain") == "", "its repository is as it was"

    # Once more, the environment is there.
    code, document = trained.again(capfd, "--run", "--yes")
    assert code == 0 and document["written_count"] == 0 and document["again"]["name"] == "plain-again-2"


@pytest.mark.parametrize(
    ("planted", "words", "cause"),
    [
        ("package", (), ("env", "noise", "1.0", "2.0")),
        ("seed", ("--", "python", "train.py", "--lr", "0.3", "--seed", "6", "--data", "{data}"), ("seed", "seed", "5", "6")),
        ("param", ("--", "python", "train.py", "--lr", "0.31", "--seed", "5", "--data", "{data}"), ("params", "lr", "0.3", "0.31")),
        ("code", (), ("code", "src/train.py", "", "")),
        ("data", ("--", "python", "train.py", "--lr", "0.3", "--seed", "5", "--data", "{other}"), ("params", "data", "../../data.txt", "{other}")),
    ],
)  # fmt: skip
def test_what_was_not_the_same_is_named(
    trained: Trained, capfd: Capture, planted: str, words: tuple[str, ...], cause: tuple[str, str, str, str]
) -> None:
    """The metric differs, and what was planted is among the causes."""
    places = {"data": str(trained.base / "data.txt"), "other": str(trained.base / "other.txt")}
    (trained.base / "other.txt").write_text("0.9\n1.1\n1.35\n")
    version = "new" if planted == "package" else "old"
    if planted == "code":
        trained.again(capfd)
        script = trained.base / "again/code/src/train.py"
        script.write_text(script.read_text().replace("- 1) ** 2", "- 1.001) ** 2"))
    filled = [word.format(**places) for word in words]
    code, document = trained.again(capfd, "--run", "--yes", "--python", str(trained.base / version / "bin/python"), *filled)  # fmt: skip

    assert code == 1, document
    assert [(metric["name"], metric["came"]) for metric in document["metrics"]] == [("loss", "differs")]
    named = {(each["ingredient"], each["name"]): each for each in document["causes"]}
    ingredient, name, before, after = (part.format(**places) for part in cause)
    assert (ingredient, name) in named, document["causes"]
    if before:
        assert [named[ingredient, name][side] for side in ("before", "after")] == [before, after]
    assert ingredient in document["verdict"] and "did not come back" in document["verdict"]
    assert document["changed"] == (["code/src/train.py"] if planted == "code" else [])
    assert document["outputs"][0]["is_same"] == (planted == "code"), "only what it prints was edited"
    if planted == "package":  # and nothing else is blamed for it
        assert {each["ingredient"] for each in document["causes"]} == {"env"}


def _aliases(reader: Reader, artifact: str) -> dict[str, set[str]]:
    """The aliases of each version of an artifact, but for that of the newest."""
    head = next(head for head in artifact_list(reader) if head.name == artifact)
    return {version.reference: set(version.aliases) - {"latest"} for version in versions(reader, head.key)}


def test_a_run_of_the_demo_comes_back_though_all_has_moved_on(demo_catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture) -> None:  # fmt: skip
    """A newer version of its input is not used, no alias moves, and the newest model is made of the same bytes."""
    monkeypatch.chdir(tmp_path)
    other = tmp_path / "other.npz"
    other.write_bytes(b"no such features")
    with api.start_run(name="newer", catalog=demo_catalog, project="digits", console=False, code=False, system_metrics=False) as newer:  # fmt: skip
        newer.save("digits-features", other, kind="features")
    with open_reader(demo_catalog) as reader:
        before = _aliases(reader, "digits-model")
    code = run_verb(["reproduce", "final-1", "-c", str(demo_catalog), "--run", "--yes", "--here"])
    out, err = capfd.readouterr()

    assert code == 0, (out, err)
    assert "final-1 and final-1-again" in out and "It came back: all 5 metrics" in out and "to the last bit" in out, out
    assert "the same bytes" in out
    with open_reader(demo_catalog) as reader:
        original, again = (reader.run(name).detail() for name in ("final-1", "final-1-again"))
        used = [{head.reference for head in run.inputs if head.artifact == "digits-features"} for run in (original, again)]  # fmt: skip
        assert used[0] == used[1] == {"digits-features:v2"}
        after = _aliases(reader, "digits-model")
        assert {reference: names for reference, names in after.items() if reference in before} == before
    # The page of the run says what it is.
    run_verb(["show", "final-1-again", "-c", str(demo_catalog)])
    assert "reproduces" in capfd.readouterr()[0]


def _tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}  # fmt: skip


def test_nothing_is_executed_without_a_word(trained: Trained, made: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Without --run only files in the folder are written; with it and nobody to ask, it is said what would be done, and no more."""
    before = {place: _tree(made / place) for place in ("project", "old")}
    held = trained.catalog.read_bytes()
    for words in ((), ("--run",)):
        code, said = trained.again(capfd, *words)
        assert code == (2 if words else 0)
    assert "Nothing was run." in said and "--yes" in said
    for part in ("noise", "train.py --lr 0.3 --seed 5", "in a new environment", "1 package"):
        assert part in said, said
    assert trained.catalog.read_bytes() == held
    assert {place: _tree(made / place) for place in before} == before
    assert not (trained.base / "again/environment/venv").exists()
    written = {path.name for path in trained.base.iterdir()}
    assert written == {"again", "c.artui", "project", "old", "new", "wheels", "data.txt"}


def _refusals() -> Iterator[tuple[str, tuple[str, ...], str]]:
    yield (
        "another folder",
        ("-o", "{base}/full"),
        "is not empty, and no run was made again there. Choose a new folder: -o.",
    )
    yield "another run", ("-o", "{base}/of-other"), "is for another run, other"
    yield "a file", ("-o", "{base}/c.artui"), "is a file"
    yield "no such commit", ("--repo", "{base}/empty-repo"), "has no commit"
    yield "no python", ("--run", "--yes", "--python", "{base}/data.txt"), "is no Python that runs here"
    yield "python for nothing", ("--python", "x"), "say how to --run it"
    yield "no program", ("--run", "--yes", "--here", "--", "no-such-program"), "cannot be"
    yield "no run", ("--run", "--yes", "--here", "--", "true", "{base}/x"), ""


@pytest.mark.parametrize(("case", "words", "says"), _refusals(), ids=[case for case, *_ in _refusals()])
def test_what_cannot_be_is_said(trained: Trained, capfd: Capture, case: str, words: tuple[str, ...], says: str) -> None:
    """Each wrong call has an error of one line, with what to do."""
    (trained.base / "full").mkdir()
    (trained.base / "full" / "mine.txt").write_text("mine")
    (trained.base / "of-other").mkdir()
    (trained.base / "of-other" / "reproduction.json").write_text('{"artui": 1, "run": {"id": "X", "name": "other"}}')
    _git(trained.base, "init", "-q", str(trained.base / "empty-repo"))
    filled = [word.format(base=trained.base) for word in words]
    start = ["reproduce", "plain", "-c", str(trained.catalog)]
    start += [] if "-o" in words else ["-o", str(trained.base / "again")]
    start += [] if "--repo" in words else ["--repo", str(trained.project)]
    code = run_verb([*start, *filled])
    out, err = capfd.readouterr()
    assert code in (1, 2), (out, err)
    assert says in err + out, (out, err)
    assert "Traceback" not in err
    assert (trained.base / "full" / "mine.txt").read_text() == "mine"


def test_without_the_commit_it_says_what_to_clone(trained: Trained, capfd: Capture) -> None:
    """The rest is written all the same, and the code is said to be missing, with what to do."""
    folder = trained.base / "elsewhere"
    folder.mkdir()
    os.chdir(folder)
    code = run_verb(["reproduce", "plain", "-c", str(trained.catalog), "--json"])
    out, _ = capfd.readouterr()
    document = json.loads(out)
    part = next(part for part in document["parts"] if part["name"] == "code")
    assert code == 0 and part["state"] in ("missing", "partial")
    assert "--repo" in part["why"] + " ".join(document["notes"]), document
    code = run_verb(["reproduce", "plain", "-c", str(trained.catalog), "--run", "--yes"])
    said = capfd.readouterr().err
    assert code == 2 and "train.py is not in plain-again: " in said and "--repo" in said and "Put it there" in said
    assert (folder / "plain-again/environment/requirements.txt").read_text().endswith("\nnoise==1.0\n")


def test_links_that_lead_outside_are_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture) -> None:
    """A commit with such links, and a folder that was planted as a link, write nothing outside of the folder."""
    monkeypatch.chdir(tmp_path)
    project, outside = tmp_path / "project", tmp_path / "outside"
    project.mkdir()
    outside.mkdir()
    (project / "a.py").write_text("pass\n")
    (project / "inner").symlink_to("a.py")
    (project / "absolute").symlink_to(outside)
    (project / "up").symlink_to("../../outside")
    (project / "pkg").mkdir()
    (project / "pkg" / "b.py").write_text("pass\n")
    _git(tmp_path, "init", "-q", str(project))
    _git(project, "add", ".")
    _git(project, "commit", "-qm", "one")
    with api.start_run(name="linked", catalog=tmp_path / "c.artui", console=False, code=False, system_metrics=False):
        pass
    with sqlite3.connect(tmp_path / "c.artui") as connection:
        connection.execute("UPDATE run SET git_commit = ?", (_git(project, "rev-parse", "HEAD"),))
    words = ["reproduce", "linked", "-c", "c.artui", "--repo", "project", "-o", "again"]
    assert run_verb(words) == 0
    assert os.readlink("again/code/inner") == "a.py"
    assert not os.path.lexists("again/code/absolute") and not os.path.lexists("again/code/up")
    assert "outside of the code" in capfd.readouterr()[0]

    shutil.rmtree("again/code/pkg")
    os.symlink(outside, "again/code/pkg")
    run_verb([*words, "--force"])
    assert list(outside.iterdir()) == []


def test_data_of_a_program_that_records_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture) -> None:
    """What it used by a path is put there as it was, though the file has changed since; it goes on with no other run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARTUI_CODE", "1")
    (tmp_path / "train.py").write_text(
        "import artui\n"
        "with artui.start_run(name='own', resume='allow', console=False, system_metrics=False) as run:\n"
        "    run.use('table', path='data.csv')\n"
        "    total = sum(float(line) for line in open('data.csv'))\n"
        "    for step in range(3):\n"
        "        run.log({'total': total + step}, step=step)\n"
        "    open('model.txt', 'w').write(str(total))\n"
        "    run.save('model', 'model.txt', kind='model', alias='best')\n"
    )
    (tmp_path / "data.csv").write_text("1\n2\n")
    subprocess.run([sys.executable, "train.py"], check=True, capture_output=True, env=os.environ | {"ARTUI_CATALOG": "c.artui"})  # fmt: skip
    (tmp_path / "data.csv").write_text("1\n3\n")
    words = ["reproduce", "own", "-c", "c.artui", "-o", "again", "--run", "--yes", "--here", "--json"]
    code = run_verb(words)
    out, err = capfd.readouterr()
    document = json.loads(out)
    assert code == 0 and document["came_back"], (document, err)
    assert (tmp_path / "again/code/data.csv").read_text() == "1\n2\n"
    with open_reader(tmp_path / "c.artui") as reader:
        assert {run.name for run in reader.runs()} == {"own", "own-again"}
        assert [reference for reference, names in _aliases(reader, "model").items() if "best" in names] == ["model:v1"]

    (tmp_path / "again/code/data.csv").write_text("1\n3\n")
    code = run_verb(words)
    document = json.loads(capfd.readouterr()[0])
    assert code == 1 and document["changed"] == ["code/data.csv"]
    assert [(cause["ingredient"], cause["name"]) for cause in document["causes"]] == [
        ("data", "data.csv"),
        ("data", "table"),
    ]
    run_verb([*words, "--force"])
    assert json.loads(capfd.readouterr()[0])["came_back"]


def test_a_catalog_that_cannot_be_written_to_is_refused_before_anything_is_installed(trained: Trained, capfd: Capture) -> None:  # fmt: skip
    """The new run would have no place; making the folder is fine."""
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    trained.catalog.chmod(0o444)
    assert trained.again(capfd)[0] == 0
    code, said = trained.again(capfd, "--run", "--yes")
    assert code == 2 and "cannot be written to" in said


def test_inputs_that_are_gone_or_changed_are_named_and_cost_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture) -> None:  # fmt: skip
    """Of three that lay outside one is as it was, one was changed and one is gone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "1000")
    data = tmp_path / "data"
    data.mkdir()
    for name in ("same", "changed", "gone"):
        (data / f"{name}.csv").write_text(f"{name}\n" * 2000)
    with api.start_run(name="r", catalog="c.artui", console=False, code=False, system_metrics=False, params={"lr": 1}) as run:  # fmt: skip
        for name in ("same", "changed", "gone"):
            run.use(name, path=data / f"{name}.csv")
        small = tmp_path / "small.csv"
        small.write_text("1\n")
        run.use("small", path=small)
    (data / "changed.csv").write_text("other\n" * 2000)
    (data / "gone.csv").unlink()
    small.unlink()
    words = ["reproduce", "r", "-c", "c.artui", "-o", "again", "--json"]
    assert run_verb(words) == 0
    document = json.loads(capfd.readouterr()[0])
    part = next(part for part in document["parts"] if part["name"] == "data")
    assert (part["state"], part["why"]) == ("partial", "same:v1, small:v1, as recorded; not all of changed:v1, gone:v1")
    notes = "\n".join(document["notes"])
    assert "gone:v1, gone.csv: " in notes and "changed:v1, changed.csv: " in notes, notes
    assert len(list((tmp_path / "again").rglob("small.csv"))) == 1


def test_a_run_of_another_tool_is_recorded_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture) -> None:  # fmt: skip
    """Of an imported run only the script's name may be known: once the script is there, it is run under `artui exec`."""
    from tests.exchange.mlruns import write_run

    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "store", 1)
    assert run_verb(["import", "store", "-c", "c.artui"]) == 0
    with open_reader(tmp_path / "c.artui") as reader:
        detail = reader.run(reader.runs()[0].id).detail()
    capfd.readouterr()
    words = ["reproduce", detail.head.id, "-c", "c.artui", "-o", "again", "--json"]
    assert run_verb(words) == 0
    document = json.loads(capfd.readouterr()[0])
    own = [] if document["command"] else ["--", "python", "train.py"]
    script = (document["command"] or own)[-1]
    (tmp_path / "again/code" / script).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "again/code" / script).write_text("print('loss=1.5')")
    run_verb([*words, "--run", "--yes", "--here", *own])
    document = json.loads(capfd.readouterr()[0])
    with open_reader(tmp_path / "c.artui") as reader:
        again = reader.run(document["again"]["id"]).detail()
    assert [(metric.name, metric.summary.last) for metric in again.metrics if metric.name == "loss"] == [("loss", 1.5)]


def test_what_a_script_names_and_nobody_kept_is_put_there_or_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Capture) -> None:  # fmt: skip
    """A file that git ignores, and a folder, as the run found them; not what was written to since, what is hidden, or the run's own output."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(
        "import os\n"
        "total = sum(float(line) for line in open('data.csv')) + sum(len(open('more/' + name).read()) for name in os.listdir('more'))\n"
        "names = ['.hidden', 'gone.csv', 'later.csv', '../outside.csv', 'train.py', 'credentials.json']\n"
        "if not os.environ.get('ARTUI_REPRODUCES'):\n    open('later.csv', 'w').write('1')\n"
        "print(f'loss={total}')\n"
        "open('needed.csv')\n"
    )
    for name in ("data.csv", "more/a.txt", "more/.hidden", ".hidden", "credentials.json", "needed.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1\n")
        os.utime(tmp_path / name, (1_700_000_000, 1_700_000_000))
    (tmp_path / "outside.csv").write_text("1")
    os.utime(tmp_path / "more", (1_700_000_000, 1_700_000_000))
    command = [
        "-m",
        "artui",
        "exec",
        "-c",
        "c.artui",
        "-n",
        "named",
        "--code",
        "--no-system",
        "--",
        sys.executable,
        "train.py",
    ]
    subprocess.run([sys.executable, *command], capture_output=True, check=True)
    capfd.readouterr()
    os.utime(tmp_path / "needed.csv", (4_000_000_000, 4_000_000_000))

    words = ["reproduce", "named", "-c", "c.artui", "-o", "again", "--json"]
    assert run_verb(words) == 0
    document = json.loads(capfd.readouterr()[0])
    there = {str(path.relative_to(tmp_path / "again/code")) for path in (tmp_path / "again/code").rglob("*") if path.is_file()}  # fmt: skip
    assert there == {"train.py", "data.csv", "more/a.txt"}
    assert sum("was not kept: it is copied from" in note for note in document["notes"]) == 2

    code = run_verb([*words, "--run", "--yes", "--here"])
    document = json.loads(capfd.readouterr()[0])
    assert code == 1 and document["causes"][0]["name"] == "needed.csv" and document["causes"][0]["ingredient"] == "data"
    assert "FileNotFoundError" in document["verdict"] and "needed.csv" in document["verdict"]
    (tmp_path / "again/code/needed.csv").write_text("")
    (tmp_path / "again/code/data.csv").write_text("2\n")
    code = run_verb([*words, "--run", "--yes", "--here"])
    document = json.loads(capfd.readouterr()[0])
    assert code == 1 and document["changed"] == ["code/data.csv"]
    assert [cause["name"] for cause in document["causes"] if cause["ingredient"] == "data"] == ["data.csv"]
    environment = {"PATH": os.path.dirname(sys.executable) + os.pathsep + os.defpath}
    assert subprocess.run(["sh", "again/run.sh"], env=environment, capture_output=True, check=True).stdout.startswith(b"loss=")  # fmt: skip


def test_a_version_is_no_run_and_the_one_that_made_it_is_named(demo_catalog: Path, capfd: Capture) -> None:
    """Verbs of runs say which run made what was named instead."""
    for verb in ("reproduce", "audit"):
        for text in ("digits-model", "digits-model:production"):
            assert run_verb([verb, text, "-c", str(demo_catalog)]) == 2
            assert f"'{text}' is no run: digits-model:v2 was made by final-2. Write final-2." in capfd.readouterr().err
