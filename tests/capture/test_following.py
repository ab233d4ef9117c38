"""The files of a program that runs elsewhere, found in the text of its scripts."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from artui.capture import environment, following
from artui.capture.code import code_of, git_state
from artui.secrets import Redactor

FILES = {
    "train.py": "import helper, os, numpy\nfrom pkg.deep import thing as t, sub\nif True:\n    def f():\n        import late\n",
    "helper.py": "from pkg import *\nimport helper\n",
    "late.py": "",
    "pkg/__init__.py": "from . import near\n",
    "pkg/near.py": "from .deep.sub import x\nfrom ... import too_far\n",
    "pkg/deep/__init__.py": "",
    "pkg/deep/thing.py": "from ..near import y\n",
    "pkg/deep/sub.py": "",
    "pkg/__main__.py": "from pkg import other\n",
    "pkg/other.py": "def (\n",
    "src/inner/__init__.py": "",
    "src/inner/core.py": "import inner\n",
    "uses.py": "import inner.core, broken, empty_folder\n",
    "broken.py": "\x00\xff",
    "go.sh": "python train.py --x 1\nsh ./steps/two.sh; Rscript missing.R\n",
    "steps/two.sh": "exec python uses.py",
    "conf/a.yaml": "lr: 1",
    "b.json": "{}",
    "data.csv": "1",
    "unrelated.py": "",
}
TRAIN = {"train.py", "helper.py", "late.py", "pkg/__init__.py", "pkg/near.py", "pkg/deep/__init__.py", "pkg/deep/thing.py", "pkg/deep/sub.py"}  # fmt: skip
USES = {"uses.py", "src/inner/__init__.py", "src/inner/core.py", "broken.py"}
CASES: list[tuple[list[str], list[str], set[str]]] = [
    (["python", "train.py"], ["train.py"], TRAIN),
    (["python", "-m", "pkg"], [], TRAIN - {"train.py", "helper.py", "late.py", "pkg/deep/thing.py"} | {"pkg/__main__.py", "pkg/other.py"}),
    (["torchrun", "--nproc", "2", "-m", "pkg.deep.thing"], [], {"pkg/__init__.py", "pkg/near.py", "pkg/deep/__init__.py", "pkg/deep/thing.py", "pkg/deep/sub.py"}),
    (["python", "uses.py"], ["uses.py"], USES),
    (["sh", "go.sh"], ["go.sh"], TRAIN | USES | {"go.sh", "steps/two.sh"}),
    (["python", "late.py", "--config=conf/a.yaml", "b.json", "data.csv", "gone.json", "/etc/other.json"], ["late.py"], {"late.py", "conf/a.yaml", "b.json"}),
    (["./no-script", "--x"], [], set()),
]  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "latin-1")
    (tmp_path / "project" / "empty_folder").mkdir()
    return tmp_path / "project"


@pytest.mark.parametrize(("command", "scripts", "wanted"), CASES, ids=[" ".join(command)[:30] for command, *_ in CASES])
def test_what_a_command_runs_is_followed(
    project: Path, command: list[str], scripts: list[str], wanted: set[str]
) -> None:
    """Imports anywhere in a file, relative ones, packages, `-m`, scripts that shells call, settings on the command line."""
    found = following.followed(command, scripts, str(project))
    assert {str(path.relative_to(project)) for path in found} == wanted
    assert len(found) == len(set(found))


@pytest.mark.parametrize("seed", range(4))
def test_what_python_imports_is_found(tmp_path: Path, seed: int) -> None:
    """Of random packages that import each other, all that an interpreter has loaded is among what was followed."""
    random = Random(seed)
    modules = [f"m{number}" for number in range(6)] + [f"p{number}.q{number % 2}.n{number}" for number in range(8)]
    for place, name in enumerate(modules):
        path = tmp_path.joinpath(*name.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        for folder in list(path.relative_to(tmp_path).parents)[:-1]:
            (tmp_path / folder / "__init__.py").touch()
        lines = []
        for other in random.sample(modules[place + 1 :], k=min(2, len(modules) - place - 1)):
            package, _, last = other.rpartition(".")
            lines.append(
                random.choice(
                    [f"import {other}", f"from {package} import {last}" if package else f"import {other} as x"]
                )
            )
        path.write_text("\n".join(lines) + "\n")
    (tmp_path / "start.py").write_text(f"import {', '.join(random.sample(modules, k=3))}\nimport sys\nprint(*[m.__file__ for m in list(sys.modules.values()) if getattr(m, '__file__', None)], sep='\\n')\n")  # fmt: skip
    done = subprocess.run([sys.executable, "start.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = {Path(line) for line in done.stdout.splitlines() if line.startswith(str(tmp_path))}
    found = set(following.followed(["python", "start.py"], ["start.py"], str(tmp_path)))
    assert len(loaded) > 4
    assert loaded <= found, loaded - found


def test_what_git_does_not_know_of_another_program_is_kept(project: Path) -> None:
    """Of what a command runs, the files that are in no commit are kept beside it, ignored ones, too."""

    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(project), "-c", "user.email=a@b", "-c", "user.name=a", *words], check=True, capture_output=True)  # fmt: skip

    git("init", "-q")
    (project / ".gitignore").write_text("late.py\n")
    git("add", "train.py", "pkg", ".gitignore")
    git("commit", "-qm", "one")
    state = git_state(str(project))
    code = code_of(state, str(project), Redactor("k" * 32), command=["python", "train.py", "conf/a.yaml"], scripts=["train.py"])  # fmt: skip
    assert {path for path, _ in code.files} == {"untracked/helper.py", "untracked/late.py", "untracked/conf/a.yaml"}
    assert sorted(code.facts["untracked"]) == ["conf/a.yaml", "helper.py", "late.py"]

    shutil.rmtree(project / ".git")
    code = code_of(git_state(str(project)), str(project), Redactor("k" * 32), command=["python", "train.py"], scripts=["train.py"])  # fmt: skip
    assert {path for path, _ in code.files} == TRAIN


def test_the_python_of_a_command_is_found_and_asked_where_files_do_not_say_it(tmp_path: Path) -> None:
    """An environment says its version in a file; a starter is asked, and so is an interpreter named in the first line of a script."""
    version = environment.surroundings().python
    own = environment.python_of([sys.executable])
    assert own is not None and own[0] == version and own[1]

    starter = tmp_path / "python3"
    starter.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    script = tmp_path / "tool"
    script.write_text(f"#!{starter}\n")
    for path in (starter, script):
        path.chmod(0o755)
        assert environment.python_of([str(path)]) == own, path

    other = tmp_path / "python2"
    other.write_text("#!/bin/sh\nexit 3\n")
    other.chmod(0o755)
    assert environment.python_of([str(other)]) is None
    assert environment.python_of(["sh"]) is None and environment.python_of(["no-such-program"]) is None
