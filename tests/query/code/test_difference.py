"""How the code of two runs differs: with the repository at hand, without it, and with what is damaged."""

from __future__ import annotations

import io
import os
import re
import subprocess
import time
from itertools import repeat
from operator import length_hint
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artui.catalog import Catalog, artifacts, blobs, runs
from artui.query.code.difference import (
    CodeDifference,
    DiffLine,
    FileDifference,
    changed_words,
    code_difference,
    with_words,
)
from artui.query.code.repository import Repository
from artui.query.codediff import other_files
from tests.reading import open_reader

BASE = "".join(f"line {number}\n" for number in range(1, 41))
COMMITS = "a" * 40, "b" * 40


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Start each test in a folder without a repository."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return folder


def _git(folder: Path, *arguments: str) -> str:
    settings = (
        "user.name=a",
        "user.email=a@b",
        "core.autocrlf=false",
        "commit.gpgsign=false",
        "init.defaultBranch=main",
    )
    options = [part for setting in settings for part in ("-c", setting)]
    done = subprocess.run(["git", "-C", str(folder), *options, *arguments], check=True, capture_output=True)
    return done.stdout.decode("utf-8", "surrogateescape")


def _committed(folder: Path, message: str, **files: bytes | None) -> str:
    """Write files by their names, with `__` for a dot, and commit them; give the commit."""
    folder.mkdir(exist_ok=True)
    if not (folder / ".git").exists():
        _git(folder, "init", "-q")
    _written(folder, files)
    _git(folder, "add", "-A")
    _git(folder, "commit", "-qm", message)
    return _git(folder, "rev-parse", "HEAD").strip()


def _written(folder: Path, files: dict[str, bytes | None]) -> None:
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.unlink() if content is None else path.write_bytes(content)


def _changes(folder: Path, **files: bytes | None) -> str:
    """Give the patch that these changes of a work tree are, and undo them."""
    _written(folder, files)
    _git(folder, "add", "-A")
    patch = _git(folder, "diff", "HEAD")
    _git(folder, "reset", "-q", "--hard")
    return patch


def _asked(path: Path, *code: dict[str, str], commits: tuple[str, str] = ("", ""), **context: Any) -> CodeDifference:
    """Compare two runs that kept these files."""
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, (files, commit) in enumerate(zip(code, commits, strict=True)):
            key = runs.start(connection, runs.NewRun(project="p", name=f"r{number}", git_commit=commit))
            if files:
                kept = []
                for name, text in files.items():
                    content = text.encode("utf-8", "surrogateescape")
                    blob_key, digest, size = blobs.store(connection, io.BytesIO(content))
                    kept.append(artifacts.NewFile(name, size, digest, blob_key, "text/plain"))
                saved = artifacts.save(connection, artifacts.NewVersion(project="p", name=f"c{number}", kind="code", stage="modelling", files=kept))  # fmt: skip
                artifacts.link(connection, "input", source_key=saved.key, target_key=key)
    with open_reader(path) as reader:
        return code_difference(reader, *(reader.run(f"r{number}").detail() for number in range(2)))


def _shown(file: FileDifference) -> list[str]:
    """Give the lines that differ."""
    return [f"{line.sign}{line.text}" for line in file.lines if line.sign in "+-"]


def _patch(name: str, *hunks: str) -> str:
    return f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n{''.join(hunks)}"


HEAD_HUNK = "@@ -1,3 +1,3 @@\n line 1\n-line 2\n+{}\n line 3\n"
FAR_HUNK = "@@ -30,3 +30,4 @@\n line 30\n line 31\n+{}\n line 32\n"


def test_with_the_repository_files_are_compared_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the commits changed and what the runs changed since is one difference, with the commits between."""
    repository = tmp_path / "repository"
    first = _committed(repository, "first", train__py=BASE.encode(), same__py=b"s\n", gone__py=b"g\n")
    one = _changes(repository, train__py=BASE.replace("line 2\n", "LINE 2\n").encode())
    second = _committed(
        repository, "second: faster", train__py=BASE.replace("line 30\n", "line thirty\n").encode(), gone__py=None
    )
    other = _changes(
        repository, train__py=BASE.replace("line 30\n", "line thirty\n").replace("line 2\n", "Line 2\n").encode()
    )
    monkeypatch.chdir(repository)

    difference = _asked(tmp_path / "x.artui", {"changes.patch": one}, {"changes.patch": other, "untracked/util.py": "u\n"}, commits=(first, second))  # fmt: skip

    assert str(repository) in difference.source and not difference.notes
    assert any("second: faster" in line for line in difference.commits)
    by_path = {file.path: file for file in difference.files}
    assert list(by_path) == ["gone.py", "train.py", "util.py"]
    assert _shown(by_path["train.py"]) == ["-LINE 2", "+Line 2", "-line 30", "+line thirty"]
    assert [(line.old, line.new) for line in by_path["train.py"].lines if line.sign in "+-"] == [(2, None), (None, 2), (30, None), (None, 30)]  # fmt: skip
    assert by_path["gone.py"].notes == ("only in r0",) and by_path["util.py"].notes == ("only in r1",)


def test_renames_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the repository and without it a renamed file is compared with what it was."""
    repository = tmp_path / "repository"
    commit = _committed(repository, "first", old__py=BASE.encode())
    patch = _changes(repository, old__py=None, new__py=BASE.replace("line 9\n", "nine\n").encode())
    assert "rename from old.py" in patch
    for folder, name in ((repository, "x.artui"), (tmp_path / "elsewhere", "y.artui")):
        monkeypatch.chdir(folder)
        (file,) = _asked(tmp_path / name, {"changes.patch": patch}, {}, commits=(commit, commit)).files
        assert (file.path, file.notes[0]) == ("old.py", "renamed from new.py") and _shown(file) == ["-nine", "+line 9"]
        (file,) = _asked(tmp_path / f"turned-{name}", {}, {"changes.patch": patch}, commits=(commit, commit)).files
        assert (file.path, file.notes[0]) == ("new.py", "renamed from old.py") and _shown(file) == ["-line 9", "+nine"]


def test_of_one_commit_only_the_changes_are_needed(tmp_path: Path) -> None:
    """Where the same lines were changed, and where only one run changed something, the true difference is shown."""
    one = _patch("train.py", HEAD_HUNK.format("LINE 2"), FAR_HUNK.format("extra"))
    other = _patch("train.py", HEAD_HUNK.format("Line 2")) + _patch("model.py", HEAD_HUNK.format("two"))
    difference = _asked(
        tmp_path / "x.artui", {"changes.patch": one}, {"changes.patch": other}, commits=(COMMITS[0],) * 2
    )

    by_path = {file.path: file for file in difference.files}
    assert _shown(by_path["train.py"]) == ["-LINE 2", "+Line 2", "-extra"]
    assert [(line.old, line.new) for line in by_path["train.py"].lines if line.text == "extra"] == [(32, None)]
    assert _shown(by_path["model.py"]) == ["-line 2", "+two"]
    assert by_path["model.py"].notes == (f"only r1 changed it: r0 has it as in {COMMITS[0][:12]}",)
    assert f"git show {COMMITS[0][:12]}" in difference.source


def test_of_two_commits_what_cannot_be_known_is_said(tmp_path: Path) -> None:
    """Changes of the same text are held against each other; others are shown one after another."""
    one = _patch("a.py", HEAD_HUNK.format("LINE 2")) + _patch("b.py", HEAD_HUNK.format("X"))
    other = _patch("a.py", HEAD_HUNK.format("Line 2")) + _patch(
        "b.py", HEAD_HUNK.format("Y").replace("line 3", "other 3")
    )
    difference = _asked(tmp_path / "x.artui", {"changes.patch": one}, {"changes.patch": other}, commits=COMMITS)

    same, apart = difference.files
    assert _shown(same) == ["-LINE 2", "+Line 2"] and "may differ" in same.notes[0]
    assert [line.text for line in apart.lines if line.sign == "@"] == [
        f"what r0 changed since {COMMITS[0][:12]}", "line 1", f"what r1 changed since {COMMITS[1][:12]}", "line 1",
    ]  # fmt: skip
    assert f"git diff {COMMITS[0][:12]} {COMMITS[1][:12]}" in difference.source


NEW = "diff --git a/n b/n\nnew file mode 100644\n--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+{}\n"
BINARY = "diff --git a/p b/p\nGIT binary patch\nliteral 1\nIcmZPo\n\n"
CASES: dict[str, tuple[str, str, list[str], str]] = {
    "no newline at the end": (_patch("x", "@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n"), _patch("x", "@@ -1 +1 @@\n-a\n+b\n"), ["-b", "+b"], ""),
    "line ends": (_patch("x", "@@ -1 +1 @@\n-a\n+b\r\n"), _patch("x", "@@ -1 +1 @@\n-a\n+b\n"), ["-b\r", "+b"], ""),
    "new in one": ("", "diff --git a/n b/n\nnew file mode 100644\n--- /dev/null\n+++ b/n\n@@ -0,0 +1,2 @@\n+1\n+2\n", ["+1", "+2"], "only r1 changed it"),
    "new in both": (NEW.format(1), NEW.format(2), ["-1", "+2"], ""),
    "deleted in one": ("diff --git a/n b/n\ndeleted file mode 100644\n--- a/n\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-1\n-2\n", "", ["+1", "+2"], "only r0 changed it"),
    "binary": ("diff --git a/p b/p\nindex 1..2 100644\nBinary files a/p and b/p differ\n", "", [], "binary: not compared line by line"),
    "binary in both": (BINARY, BINARY, [], "binary, and changed by both runs: not compared"),
    "a mode alone": ("", "diff --git a/s b/s\nold mode 100644\nnew mode 100755\n", [], "mode 100755"),
    "cut off": ("", _patch("x", "@@ -1,9 +1,9 @@\n-a\n+b\n c\n"), ["-a", "+b"], "the patch is cut off here"),
    "damaged": ("", _patch("x", "@@ -1,3 +1,3 @@\n-a\n+b\n?\n@@ -7 +7 @@\n-g\n+h\n"), ["-a", "+b", "-g", "+h"], "a hunk is damaged"),
    "hunks without numbers": ("", _patch("x", "@@ what @@\n-a\n"), [], "a hunk has no line numbers"),
    "the same": (_patch("x", "@@ -1 +1 @@\n-a\n+b\n"), _patch("x", "@@ -1 +1 @@\n-a\n+b\n"), [], ""),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_patches_of_every_kind_are_compared(tmp_path: Path, case: str) -> None:
    """What can be taken is shown, and what cannot is said."""
    one, other, shown, note = CASES[case]
    kept = [{"changes.patch": patch} if patch else {} for patch in (one, other)]
    difference = _asked(tmp_path / "x.artui", *kept, commits=(COMMITS[0],) * 2)
    assert [line for file in difference.files for line in _shown(file)] == shown
    assert note in " ".join(note for file in difference.files for note in file.notes)
    if case == "the same":
        assert re.fullmatch(r"No difference: \S+, all that is recorded, is the same in both\.", difference.verdict)


def test_changes_that_do_not_fit_the_commit_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the patch is applied."""
    repository = tmp_path / "repository"
    commit = _committed(repository, "first", train__py=BASE.encode())
    monkeypatch.chdir(repository)
    patch = _patch("train.py", HEAD_HUNK.format("X").replace("line 1", "nowhere"), FAR_HUNK.format("extra"))
    (file,) = _asked(tmp_path / "x.artui", {}, {"changes.patch": patch}, commits=(commit, commit)).files
    assert _shown(file) == ["+extra"] and file.notes == (f"1 recorded change of r1 did not fit into {commit[:12]}",)


def test_a_repository_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever commands its settings and attributes name: monitors, hooks, filters, conversions, signatures, helpers of transport."""
    repository, marker = tmp_path / "repository", tmp_path / "ran"
    first = _committed(repository, "first", train__py=BASE.encode(), lost__py=b"only here\n")
    second = _committed(repository, "second", train__py=BASE.replace("9", "nine").encode())
    blob = _git(repository, "rev-parse", "HEAD:lost.py").strip()
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    script = tmp_path / "evil.sh"
    script.write_text(f'#!/bin/sh\necho "$0 $*" >> {marker}\n')
    script.chmod(0o755)
    (repository / ".gitattributes").write_text("* diff=evil filter=evil merge=evil\n")
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("reference-transaction", "post-index-change", "post-checkout", "pre-auto-gc"):
        (hooks / hook).symlink_to(script)
    for name, value in {
        "core.fsmonitor": script, "core.hooksPath": hooks, "core.pager": script, "pager.log": script, "diff.external": script, "diff.evil.textconv": script,
        "diff.evil.command": script, "filter.evil.smudge": script, "filter.evil.clean": script, "filter.evil.process": script, "log.showSignature": "true",
        "gpg.program": script, "core.sshCommand": script, "core.gitProxy": script, "core.askPass": script, "credential.helper": f"!{script}",
        "core.repositoryformatversion": "1", "extensions.partialClone": "origin", "remote.origin.url": str(tmp_path / "origin"), "remote.origin.promisor": "true",
        "remote.origin.uploadpack": script, "remote.origin.partialclonefilter": "blob:none", "alias.cat-file": f"!{script}", "alias.rev-list": f"!{script}",
    }.items():  # fmt: skip
        _git(repository, "config", name, str(value))
    _git(tmp_path, "init", "-q", "--bare", "origin")
    marker.unlink(missing_ok=True)
    # The trap is set: without our settings git runs the script.
    subprocess.run(["git", "-C", str(repository), "cat-file", "-e", blob], capture_output=True, check=False)
    assert marker.exists()
    marker.unlink()

    monkeypatch.chdir(repository)
    difference = _asked(tmp_path / "x.artui", {}, {"changes.patch": _patch("lost.py", "@@ -1 +1 @@\n-only here\n+x\n")}, commits=(first, second))  # fmt: skip

    assert [file.path for file in difference.files if file.added] and difference.commits
    assert not marker.exists(), marker.read_text()


@pytest.mark.parametrize("commit", ["HEAD", "main", "--output=/tmp/x", "a" * 39, "A" * 40, "a" * 40 + "\n", "../x", ""])
def test_only_ids_of_commits_are_looked_up(tmp_path: Path, commit: str) -> None:
    """What a catalog gives as a commit is an id or nothing."""
    repository = tmp_path / "repository"
    _committed(repository, "first", train__py=BASE.encode())
    assert not Repository(str(repository)).has(commit)


def test_no_folder_that_a_catalog_names_is_read(tmp_path: Path) -> None:
    """The run's own folder has the repository: it is not looked into from elsewhere."""
    repository = tmp_path / "repository"
    first = _committed(repository, "first", train__py=BASE.encode())
    second = _committed(repository, "second", train__py=b"x\n")
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        for number, commit in enumerate((first, second)):
            runs.start(
                connection, runs.NewRun(project="p", name=f"r{number}", git_commit=commit, directory=str(repository))
            )
    with open_reader(tmp_path / "x.artui") as reader:
        difference = code_difference(reader, *(reader.run(f"r{number}").detail() for number in range(2)))
    assert not difference.files and "No repository here has these commits" in difference.source


def test_of_two_commits_no_line_is_made_up(tmp_path: Path) -> None:
    """A line that only the commit of the one run has is not taken for one of the other's."""
    one = _patch("m.py", "@@ -1,2 +1,3 @@\n x\n y\n+z\n")  # its commit has x and y
    other = _patch("m.py", "@@ -1 +1,2 @@\n x\n+y\n")  # its commit has x alone: the run has x and y
    (file,) = _asked(tmp_path / "x.artui", {"changes.patch": one}, {"changes.patch": other}, commits=COMMITS).files
    assert _shown(file) == ["+z", "+y"] and [line.sign for line in file.lines if line.text.startswith("what")] == [
        "@",
        "@",
    ]


def test_what_is_not_shown_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of long differences the first lines are shown, and the counts are those of all."""
    monkeypatch.setattr("artui.query.code.difference.MAX_SHOWN_LINES", 10)
    monkeypatch.setattr("artui.query.code.difference.MAX_ALL_LINES", 15)
    text = "".join(f"{number}\n" for number in range(30))
    files = _asked(
        tmp_path / "x.artui", {"z.py": "z\n"}, {"a.py": text, "b.py": text, "c.py": text, "z.py": "z\n"}
    ).files
    assert [(file.path, file.added, file.removed) for file in files] == [
        ("a.py", 30, 0),
        ("b.py", 30, 0),
        ("c.py", 30, 0),
    ]
    assert [(len(file.lines), file.hidden) for file in files] == [(10, 21), (5, 26), (0, 31)]


def test_bytes_that_are_not_utf_8_are_no_reason_not_to_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A patch of a file in another encoding fits the file in the repository."""
    repository = tmp_path / "repository"
    commit = _committed(repository, "first", old__txt=b"caf\xe9\nx\n")
    patch = _changes(repository, old__txt=b"caf\xe9\ny\n")
    monkeypatch.chdir(repository)
    (file,) = _asked(tmp_path / "x.artui", {}, {"changes.patch": patch}, commits=(commit, commit)).files
    assert _shown(file) == ["-x", "+y"] and file.notes == ()


def test_a_repository_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One question waits, the next ones are not asked; the recorded changes are shown."""
    repository = tmp_path / "repository"
    commit = _committed(repository, "first", train__py=BASE.encode())
    os.mkfifo(repository / "never")
    with (repository / ".git" / "config").open("a") as settings:
        settings.write(f"[include]\n\tpath = {repository / 'never'}\n")
    monkeypatch.setattr("artui.query.code.repository.GIT_SECONDS", 0.5)
    monkeypatch.chdir(repository)
    began = time.process_time()
    difference = _asked(tmp_path / "x.artui", {}, {"changes.patch": _patch("train.py", HEAD_HUNK.format("X"))}, commits=(commit, commit))  # fmt: skip
    assert time.process_time() - began < 5
    assert [_shown(file) for file in difference.files] == [
        ["-line 2", "+X"]
    ] and "No repository here" in difference.source


def test_many_and_long_names_are_asked_for(tmp_path: Path) -> None:
    """More than a pipe holds, on either side."""
    repository = tmp_path / "repository"
    commit = _committed(
        repository, "first", **{f"{'x' * 200}{number:03}__py": b"%d\n" % number * 1000 for number in range(450)}
    )
    paths = [f"{'x' * 200}{number:03}.py" for number in range(450)]
    texts = Repository(str(repository)).texts(commit, [*paths, "no\nfile", "/etc/passwd", "../x", "missing.py"])
    assert texts == {path: b"%d\n" % number * 1000 for number, path in enumerate(paths)}


LINES = st.text("ab _=1.", max_size=12)


@given(LINES, LINES, st.sampled_from(["", "word " * 100]))
def test_words_that_changed_are_all_that_differs(old: str, new: str, around: str) -> None:
    """Without them two lines are the same, however long; each is a part of its line that is not empty, one behind the other."""
    old, new = around + old + around, around + new + around
    words = changed_words(old, new)
    if old == new and old.strip():
        assert words == ((), ())
    if words is None:
        return
    rests = []
    for text, ranges in zip((old, new), words, strict=True):
        ends = [0, *(place for pair in ranges for place in pair), len(text)]
        assert ends == sorted(ends) and all(start < end for start, end in ranges)
        rests.append("".join(text[start:end] for start, end in zip(ends[::2], ends[1::2], strict=True)))
    assert rests[0] == rests[1] and len(rests[0]) >= len(around)


@given(st.lists(st.tuples(st.sampled_from("+- @"), LINES), max_size=20), st.integers(0, 30))
def test_marking_words_changes_no_line(made: list[tuple[str, str]], count: int) -> None:
    """Only lines that go and lines that come have words, and no more lines are held against each other than allowed."""
    lines = [DiffLine(sign, text) for sign, text in made]
    marked = with_words(lines, left := repeat(True, count))
    assert sum(bool(line.words) for line in marked) <= 2 * (count - length_hint(left))
    assert [line._replace(words=()) for line in marked] == lines
    assert all(line.sign in "+-" for line in marked if line.words)


def test_a_change_names_the_function_that_it_is_in(tmp_path: Path) -> None:
    """From the text where that is whole, else as the patch says."""
    body = "".join(f"    step({number})\n" for number in range(9))
    text = f"import x\n\nclass Net(Module):\n    async def fit(self, lr):\n{body}"
    whole = _asked(tmp_path / "a.artui", {"a.py": text}, {"a.py": text.replace("step(8)", "step(80)")})
    assert [line.text for line in whole.files[0].lines if line.sign == "@"] == ["line 10  async def fit(self, lr)"]
    hunk = "@@ -30,3 +30,4 @@ def loss(y):\n line 30\n line 31\n+extra\n line 32\n"
    patch = _asked(tmp_path / "b.artui", {"changes.patch": _patch("a.py", hunk)}, {}, commits=(COMMITS[0], COMMITS[0]))
    assert [line.text for line in patch.files[0].lines if line.sign == "@"] == ["line 30  def loss(y):"]


def test_where_to_look_for_a_repository_is_said(tmp_path: Path) -> None:
    """With the folders that the runs recorded, which are only named."""
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        for number, commit in enumerate(COMMITS):
            run = runs.NewRun(
                project="p", name=f"r{number}", git_commit=commit, directory="/work/net", host=f"box-{number}"
            )
            runs.start(connection, run)
    with open_reader(tmp_path / "x.artui") as reader:
        difference = code_difference(reader, *(reader.run(f"r{number}").detail() for number in range(2)))
    assert "start it in the repository (recorded: /work/net on box-0 and /work/net on box-1)" in difference.source


@pytest.mark.parametrize("kept", [({"a.py": "x = 1\ny = 2\n"}, {}), ({}, {"a.py": "x = 1\ny = 2\n"})])
def test_a_run_that_kept_nothing_has_lost_nothing(tmp_path: Path, kept: tuple[dict[str, str], dict[str, str]]) -> None:
    """A file that only one run kept is shown as it is: no line is called added or removed."""
    (file,) = _asked(tmp_path / "x.artui", *kept, commits=("", "")).files
    assert (file.added, file.removed) == (0, 0) and [line.text for line in file.lines] == ["x = 1", "y = 2"]
    assert any("has it is not known" in note for note in file.notes)


@pytest.mark.parametrize("kept", [({"a.py": "x\n"}, {}), ({}, {"a.py": "x\n"}), ({"a.py": "x\n"}, {"b.py": "y\n"})])
def test_a_file_of_which_one_run_kept_nothing_is_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: tuple[dict[str, str], dict[str, str]]
) -> None:
    """Of one commit that is said, no line is called added or removed, with a repository that lacks the file, too; nor is the file named as another one."""
    repository = tmp_path / "repository"
    commit = _committed(repository, "first", other__py=b"s\n")
    for place, folder in enumerate((tmp_path / "elsewhere", repository)):
        monkeypatch.chdir(folder)
        path = tmp_path / f"{place}.artui"
        difference = _asked(path, *kept, commits=(commit, commit))

        assert difference.verdict.startswith(f"Both ran the same commit {commit[:12]}")
        assert difference.source == "" and len(difference.files) == len(kept[0] | kept[1])
        for file in difference.files:
            (note,) = file.notes
            assert re.fullmatch(r"only r\d kept it, in c\d:v1: how r\d has it is not known", note)
            assert (file.added, file.removed) == (0, 0)
        with open_reader(path) as reader:
            assert other_files(reader, *(reader.run(f"r{number}").detail() for number in range(2))) == ()


def test_more_lines_around_a_change_are_given_where_they_are_known(tmp_path: Path) -> None:
    """As many as are asked for, of files that are known whole."""
    changed = BASE.replace("line 20\n", "LINE 20\n")
    _asked(tmp_path / "x.artui", {"a.py": BASE}, {"a.py": changed})
    with open_reader(tmp_path / "x.artui") as reader:
        details = [reader.run(f"r{number}").detail() for number in range(2)]
        for context_lines, count in ((3, 6), (10, 20), (100, 39)):
            (file,) = code_difference(reader, *details, context_lines=context_lines).files
            assert sum(line.sign == " " for line in file.lines) == count
