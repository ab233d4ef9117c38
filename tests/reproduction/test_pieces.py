"""The pieces that a run is made again of: code as it was, the command for another folder, packages, and series held together."""

from __future__ import annotations

import math
import os
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from artui.capture.code import code_of, git_state
from artui.catalog import Catalog, artifacts, context, runs
from artui.content.files import gather
from artui.query.code.repository import Repository
from artui.query.reader import Reader
from artui.query.run import get_run
from artui.reproduction import code as code_of_runs
from artui.reproduction.command import command_for, guessed_root, variables_of
from artui.reproduction.outcome import compared
from artui.reproduction.packages import direct_text, packages_of, requirements_text
from artui.secrets import Redactor


def _git(folder: Path, *words: str) -> None:
    author = ("-c", "user.email=a@b", "-c", "user.name=a", "-c", "core.autocrlf=false")
    subprocess.run(["git", "-C", str(folder), *author, *words], check=True, capture_output=True)


def _edited(random: Random, text: str) -> str:
    lines = text.split("\n")
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(lines) + 1)
        match random.randrange(3):
            case 0:
                lines.insert(
                    place, random.choice(["", "new é", "tab\there", "x\r", "--- a/b", "@@ -1 +1 @@", "a" * 300])
                )
            case 1 if lines:
                lines.pop(min(place, len(lines) - 1))
            case _ if lines:
                lines[min(place, len(lines) - 1)] += random.choice(["!", " ", "\r"])
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(6))
def test_a_commit_with_its_patch_is_the_work_tree_that_was(tmp_path: Path, seed: int) -> None:
    """Whatever was edited, added, deleted, renamed or made a program: each file that git tracks comes back byte by byte."""
    random = Random(seed)
    work = tmp_path / "work"
    (work / "pkg dir").mkdir(parents=True)
    _git(tmp_path, "init", "-q", "-b", "main", str(work))
    paths = [
        work / name for name in ("a.py", "b.txt", "pkg dir/c é.py", "gone.py", "old name.py", "no-end.py", "run.sh")
    ]
    for path in paths:
        path.write_text(
            "\n".join(f"line {number} of {path.name}" for number in range(random.randint(3, 60)))
            + random.choice(["\n", ""])
        )
    os.symlink("a.py", work / "link.py")
    _git(work, "add", "-A")
    _git(work, "commit", "-qm", "one")
    for path in random.sample(paths[:3] + paths[5:], 3):
        path.write_bytes(_edited(random, path.read_bytes().decode()).encode())
    paths[3].unlink()
    _git(work, "mv", "old name.py", "new name.py")
    (work / "added.py").write_text("added\nhere")
    _git(work, "add", "added.py")
    (work / "run.sh").chmod(0o755)
    wanted = {
        path.relative_to(work).as_posix(): path
        for path in work.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }

    state = git_state(str(work))
    code = code_of(state, str(work), Redactor("k" * 32))
    catalog_path = tmp_path / "x.artui"
    with Catalog(catalog_path) as catalog, catalog.transaction() as connection:
        run = runs.NewRun(project="p", name="r", git_commit=state.commit, git_is_dirty=state.is_dirty, directory=str(work), command=["python", "a.py"])  # fmt: skip
        key = runs.start(connection, run)
        context.put(connection, key, "code", code.facts)
        kept = tmp_path / "kept"
        for name, content in code.files:
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            (kept / name).write_bytes(content)
        gathered = gather(connection, [(name, kept / name) for name, _ in code.files])
        saved = artifacts.save(connection, artifacts.NewVersion(project="p", name="code", kind="code", stage="modelling", files=gathered.files))  # fmt: skip
        artifacts.link(connection, "input", source_key=saved.key, target_key=key)
    with Reader(catalog_path) as reader:
        detail = get_run(reader, reader_run_id(reader))
        again = code_of_runs.code_of(reader, detail, Repository(str(work)))
        files = {file.path: file for file in again.files()}
    assert again.part.state == "present", (again.part, again.notes)
    assert files.keys() == wanted.keys()
    for name, place in wanted.items():
        if place.is_symlink():
            assert files[name].is_link and os.fsdecode(files[name].content) == os.readlink(place)
        else:
            assert files[name].content == place.read_bytes(), name
    assert files["run.sh"].is_program and not files["b.txt"].is_program
    assert again.root == str(work)


def reader_run_id(reader: Reader) -> str:
    with reader.snapshot() as connection:
        return str(connection.execute("SELECT id FROM run").fetchone()[0])


COMMANDS: list[tuple[list[str], str, dict[str, str], list[str], str]] = [
    # command, directory, inputs that moved, what it is now, and where
    (["/env/bin/python3.11", "train.py", "--lr", "0.1"], "/home/a/proj", {}, ["python", "train.py", "--lr", "0.1"], "code"),
    (["python", "/home/a/proj/src/t.py"], "/home/a/proj/src", {}, ["python", "t.py"], "code/src"),
    (["python", "src/t.py", "-c", "conf/a.yaml"], "/home/a/proj", {}, ["python", "src/t.py", "-c", "conf/a.yaml"], "code"),
    (["python", "proj/src/t.py"], "/home/a", {}, ["python", "../code/src/t.py"], "work"),
    (["python", "t.py", "--data=/data/x.csv"], "/home/a/proj/src", {"/data/x.csv": "inputs/x-v1/x.csv"}, ["python", "t.py", "--data=../../inputs/x-v1/x.csv"], "code/src"),
    (["python", "t.py", "../../../data/x.csv"], "/home/a/proj", {"/data/x.csv": "inputs/x-v1/x.csv"}, ["python", "t.py", "../inputs/x-v1/x.csv"], "code"),
    (["python", "t.py", "data=/data"], "/home/a/proj", {"/data": "inputs/d-v2"}, ["python", "t.py", "data=../inputs/d-v2"], "code"),
    (["/env/bin/accelerate", "launch", "t.py"], "/home/a/proj", {}, ["accelerate", "launch", "t.py"], "code"),
    (["/home/a/proj/run.sh", "x"], "/home/a/proj", {}, ["./run.sh", "x"], "code"),
    (["python", "-c", "print(1/2)"], "/home/a/proj", {}, ["python", "-c", "print(1/2)"], "code"),
    (["python", "-m", "pkg.train"], "/home/a/proj", {}, ["python", "-m", "pkg.train"], "code"),
    (["python", "t.py", "../../../data/in/x.csv"], "/home/a/proj", {"/data": "inputs/d-v2"}, ["python", "t.py", "../inputs/d-v2/in/x.csv"], "code"),
    (["python", "t.py", "../here/x.csv", "--d=here", "src", "/home/a/proj/src", "/home/a/proj/conf", "."], "/home/a/proj/src", {}, ["python", "t.py", "/home/a/proj/here/x.csv", "--d=/home/a/proj/src/here", "src", ".", "../conf", "."], "code/src"),
    (["python", "t.py", "/home/a/proj/here", "/home/a/proj/out", "../out"], "/home/a/proj", {}, ["python", "t.py", "/home/a/proj/here", "out", "../out"], "code"),
    (["python", "t.py", "a/b", "proj"], "/home/a/proj", {}, ["python", "t.py", "a/b", "proj"], "code"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "directory", "moved", "wanted", "place"), COMMANDS)
def test_a_command_is_translated_for_the_folder(words: list[str], directory: str, moved: dict[str, str], wanted: list[str], place: str) -> None:  # fmt: skip
    paths = ["src/t.py", "train.py", "run.sh", "t.py", "conf/a.yaml"]
    made = command_for(words, directory, root="/home/a/proj", paths=paths, moved=moved, is_as_it_was=lambda path: "here" in path or path in ("/home/a/proj", "/home/a/proj/src"))  # fmt: skip
    assert (made.words, made.directory, made.flaw) == (wanted, place, "")


def test_commands_that_cannot_be_run_as_they_were_say_why() -> None:
    """A notebook's kernel, a secret, and no command at all."""
    assert command_for([], "/a", root="", paths=[], moved={}).flaw
    secret = command_for(
        ["python", "t.py", "--key", "<redacted:openai-key:a1b2>"], "/a", root="/a", paths=["t.py"], moved={}
    )
    assert "secret" in secret.flaw
    kernel = ["/env/bin/python", "-m", "ipykernel_launcher", "-f", "/tmp/k.json"]
    assert command_for(kernel, "/a", root="/a", paths=["notebook.py"], moved={}).words == ["python", "notebook.py"]
    assert not command_for(kernel, "/a", root="/a", paths=[], moved={}).words
    script = command_for(["train.py"], "", root="", paths=["train.py"], moved={})
    assert script.words == ["python", "train.py"] and "only the name" in script.flaw
    far = command_for(["python", "t.py", "/data/set"], "/a", root="/a", paths=["t.py"], moved={})
    assert far.words[-1] == "/data/set" and "/data/set" in far.notes[0]
    assert guessed_root(["python", "src/t.py"], "/home/a/proj", ["src/t.py", "x.py"]) == "/home/a/proj"
    assert guessed_root(["python", "t.py"], "/home/a/proj/src", ["src/t.py"]) == "/home/a/proj"


def test_variables_that_name_programs_or_places_are_never_set() -> None:
    recorded: dict[str, Any] = {
        "PYTHONHASHSEED": "0", "LD_PRELOAD": "/x.so", "LD_LIBRARY_PATH": "/x", "PYTHONPATH": "/x", "PATH": "/x", "OMP_NUM_THREADS": "4; rm -rf /",
        "LANG": "C.UTF-8", "TZ": None, "LC_ALL": "$(x)", "PYTHONOPTIMIZE": 1,
    }  # fmt: skip
    assert variables_of(recorded) == {"PYTHONHASHSEED": "0", "LANG": "C.UTF-8"}
    assert variables_of(["x"]) == {}


HOSTILE = [
    ("x\n--index-url http://evil", "1", {}), ("--pre", "1", {}), ("ok", "1\n-r /etc/passwd", {}), ("ok", "1 --hash", {}), ("é", "1", {}), ("a;b", "1", {}),
    ("ok", "1", {"url": "http://h/x y"}), ("ok", "1", {"url": "http://h/x\n-e ."}), ("ok", "1", {"url": "ftp://h/x"}), ("ok", "1", {"url": 5}),
    ("ok", "1", {"url": "https://h/r", "vcs_info": {"vcs": "git", "commit_id": "abc; x"}}), ("ok", "1", {"url": "https://h/r", "vcs_info": {"vcs": "hg", "commit_id": "abcdef0"}}),
    ("ok", "1", {"url": "https://h/../r"}), ("ok", "1", {"url": "file:///nowhere/at all"}), ("ok", "1", {"url": "file:///nowhere%0a-e"}),
    ("ok", "1", {"url": "https://h/r", "subdirectory": "../x", "vcs_info": {"vcs": "git", "commit_id": "abcdef0"}}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "version", "origin"), HOSTILE)
def test_nothing_of_a_package_is_an_option_of_pip(
    tmp_path: Path, name: str, version: str, origin: dict[str, Any]
) -> None:
    """What is no name, version or URL is named in a comment, and nothing else."""
    for origins in ({name: origin}, {}):
        if not origins and origin:
            continue
        packages = packages_of({name: version, "good": "2.0"}, origins)
        lines = (requirements_text(packages) + direct_text(packages, tmp_path)).splitlines()
        assert [line for line in lines if not line.startswith("#")] == ["good==2.0"]


def test_packages_that_no_index_gave_are_given_by_their_source(tmp_path: Path) -> None:
    """A commit, an archive, a folder of the code, one of this machine; each where pip takes it."""
    own = tmp_path / "lib"
    own.mkdir()
    (own / "pyproject.toml").touch()
    origins = {
        "a": {"url": "https://h.org/a.git", "vcs_info": {"vcs": "git", "commit_id": "abcdef0123"}, "subdirectory": "py"},
        "b": {"url": "https://h.org/b-1.whl", "archive_info": {"hashes": {"sha256": "0" * 64}}},
        "c": {"url": "file:///home/a/proj/libs/c", "dir_info": {"editable": True}}, "d": {"url": own.as_uri()}, "e": {"url": "file:///home/a/proj/libs/e"},
    }  # fmt: skip
    packages = packages_of(
        dict.fromkeys("abcdef", "1.0"), origins, root="/home/a/proj", paths=["libs/c/pyproject.toml"]
    )
    assert [package.source for package in packages] == [
        "git+https://h.org/a.git@abcdef0123#subdirectory=py", f"https://h.org/b-1.whl#sha256={'0' * 64}", "code/libs/c", str(own), "", "",
    ]  # fmt: skip
    assert packages[4].why_not and not packages[5].why_not
    lines = direct_text(packages, tmp_path / "out").splitlines()
    assert lines[3] == f"c @ {(tmp_path / 'out' / 'code/libs/c').as_uri()}"


def _brute(left: list[tuple[int, float]], right: list[tuple[int, float]], tolerance: float) -> tuple[str, float | None]:
    """The same in plain Python: points of one step in their order."""
    sides: list[dict[tuple[int, int], float]] = []
    for points in (left, right):
        seen: dict[int, int] = {}
        side = {}
        for step, value in points:
            side[step, seen.setdefault(step, 0)] = value
            seen[step] += 1
        sides.append(side)
    shared = sides[0].keys() & sides[1].keys()
    if not shared:
        return ("same" if not left and not right else "missing"), None
    worst, is_same = 0.0, True
    for key in shared:
        a, b = sides[0][key], sides[1][key]
        if a == b or (math.isnan(a) and math.isnan(b)):
            continue
        is_same = False
        apart = abs(a - b) / max(abs(a), abs(b)) if math.isfinite(a) and math.isfinite(b) else math.inf
        worst = max(worst, apart)
    if worst > tolerance or sides[0].keys() != sides[1].keys():
        return "differs", worst
    return ("same" if is_same else "close"), worst


def test_series_are_compared_point_by_point_as_in_plain_python() -> None:
    """Repeated and missing steps, NaN, infinities, zero and tiny differences."""
    random, seen = Random(3), set()
    for _ in range(400):
        left = [
            (random.randrange(6) * 10**9, random.choice([0.0, 1.0, -2.5, math.nan, math.inf, 1e-300]))
            for _ in range(random.randrange(7))
        ]
        right = [
            (step, random.choice([value, value, value, value * 1.0001, value * 2, -value, math.nan]))
            for step, value in left
            if random.random() > 0.05
        ]
        arrays = [np.array([point[place] for point in side]) for side in (left, right) for place in (0, 1)]
        came, worst, step, _ = compared(arrays[0], arrays[1], arrays[2], arrays[3], 0.001)
        assert (came, worst) == pytest.approx(_brute(left, right, 0.001), rel=1e-12), (left, right)
        assert (step is not None) == (came == "differs")
        seen.add(came)
    assert seen == {"same", "close", "differs", "missing"}
