"""The git repository of the current folder, read without running anything that it names.

Only objects are read: no index, no work tree, no hooks, filters, text conversions or signatures. A repository that lacks
an object fetches nothing. The folder is the one in which artui was started, never one that a catalog names; what a catalog
gives is the ids of commits and the paths of files inside of them.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

GIT_SECONDS = 10.0
MAX_BLOB_BYTES = 1_000_000
MAX_TOTAL_BYTES = 64 << 20
MAX_OUTPUT_BYTES = MAX_TOTAL_BYTES + (8 << 20)
MAX_FILE_BYTES = 64 << 20
MAX_TREE_FILES = 100_000
MAX_PATHS = 500
MAX_COMMITS = 20
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SAFE = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    # A clone with parts missing would fetch them, by a program that its settings name.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    # What a commit's id says, not what was put in its place.
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}
_OFF = ("core.fsmonitor=false", f"core.hooksPath={os.devnull}", "log.showSignature=false", "core.pager=cat", "gc.auto=0", "maintenance.auto=false")  # fmt: skip


class TreeFile(NamedTuple):
    """A file of a commit."""

    path: str
    mode: str
    """`100644`, `100755` for a program, `120000` for a link, `160000` for a submodule."""
    blob: str
    size_bytes: int


class Repository:
    """Objects of the repository that a folder lies in."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._is_stuck = False
        root = self._git("rev-parse", "--show-toplevel")
        self.root = os.fsdecode(root).rstrip("\n") if root else ""
        """Top folder of its work tree; empty where there is none."""

    def has(self, commit: str) -> bool:
        """Say whether a commit is there."""
        if not self.root or not _COMMIT.fullmatch(commit):
            return False
        return (self._git("cat-file", "--batch-check", text=f"{commit}^{{commit}}\n") or b"").split(b" ")[1:2] == [
            b"commit"
        ]

    def texts(self, commit: str, paths: Iterable[str]) -> dict[str, bytes | None]:
        """Read files as a commit has them; None for one that is too large, or no file. Those that are not in it are left out."""
        wanted = [path for path in paths if path and "\n" not in path and not path.startswith(("/", "./", "../"))]
        wanted = list(dict.fromkeys(wanted))[:MAX_PATHS]
        names = [f"{commit}:{path}" for path in wanted]
        checked = (self._git("cat-file", "--batch-check", text="".join(f"{name}\n" for name in names)) or b"").split(
            b"\n"
        )
        contents: dict[str, bytes | None] = {}
        small: list[tuple[str, bytes, int]] = []
        total = 0
        for path, line in zip(wanted, checked, strict=False):
            match = re.fullmatch(rb"([0-9a-f]+) (\w+) (\d+)", line)
            if match is None:
                continue
            size = int(match[3])
            if match[2] != b"blob" or size > MAX_BLOB_BYTES or total + size > MAX_TOTAL_BYTES:
                contents[path] = None
                continue
            total += size
            small.append((path, match[1], size))
        output = self._git("cat-file", "--batch", text=b"".join(blob + b"\n" for _, blob, _ in small)) or b""
        place = 0
        for path, _, size in small:
            start = output.find(b"\n", place) + 1
            if start <= 0 or start + size > len(output):
                break
            contents[path] = output[start : start + size]
            place = start + size + 1
        return contents

    def tree(self, commit: str) -> list[TreeFile]:
        """List the files of a commit, by path; empty if it is not there, or has more than `MAX_TREE_FILES`."""
        if not _COMMIT.fullmatch(commit):
            return []
        output = self._git("ls-tree", "-r", "-z", "-l", "--full-tree", commit) or b""
        files = []
        for line in output.split(b"\0"):
            facts, _, path = line.partition(b"\t")
            parts = facts.split()
            if len(parts) == 4 and path:
                size = int(parts[3]) if parts[3].isdigit() else 0
                files.append(TreeFile(os.fsdecode(path), parts[0].decode(), parts[2].decode(), size))
        return files if len(files) <= MAX_TREE_FILES else []

    def contents(self, files: Iterable[TreeFile]) -> Iterator[tuple[TreeFile, bytes]]:
        """Read files of a tree, one after the other; of those too large for one reading of git none is given."""
        batch: list[TreeFile] = []
        size = 0
        for file in files:
            if file.size_bytes > MAX_FILE_BYTES:
                continue
            if batch and size + file.size_bytes > MAX_TOTAL_BYTES:
                yield from self._batch(batch)
                batch, size = [], 0
            batch.append(file)
            size += file.size_bytes
        yield from self._batch(batch)

    def _batch(self, files: Sequence[TreeFile]) -> Iterator[tuple[TreeFile, bytes]]:
        if not files:
            return
        output = self._git("cat-file", "--batch", text="".join(f"{file.blob}\n" for file in files)) or b""
        place = 0
        for file in files:
            start = output.find(b"\n", place) + 1
            if start <= 0 or start + file.size_bytes > len(output):
                return
            yield file, output[start : start + file.size_bytes]
            place = start + file.size_bytes + 1

    def changed_paths(self, before: str, after: str) -> list[str]:
        """Give the paths whose content differs between two commits."""
        output = self._git("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", before, after, "--")  # fmt: skip
        return [os.fsdecode(path) for path in (output or b"").split(b"\0") if path][:MAX_PATHS]

    def commits(self, since: str, until: str) -> tuple[int, list[str]]:
        """Give how many commits led from one to another, and the newest of them in a line each."""
        count = self._git("rev-list", "--count", f"{since}..{until}", "--")
        output = self._git("rev-list", f"--max-count={MAX_COMMITS}", "--format=%h %s", f"{since}..{until}", "--") or b""
        lines = [
            line for line in output.decode("utf-8", "replace").split("\n") if line and not line.startswith("commit ")
        ]
        return int(count or 0), lines

    def is_on_remote(self, commit: str) -> bool | None:
        """Say whether a branch of a remote, as it was fetched last, has a commit; None if there is no remote or git does not say."""
        if not _COMMIT.fullmatch(commit):
            return None
        remotes = self._git("for-each-ref", "--count=1", "--format=%(refname)", "refs/remotes/")
        if not remotes:
            return None
        having = self._git("for-each-ref", "--count=1", f"--contains={commit}", "--format=%(refname)", "refs/remotes/")
        return None if having is None else bool(having)

    def _git(self, *arguments: str, text: str | bytes = b"") -> bytes | None:
        """Run git and give its output; None where there is no git or no repository, it takes too long or says too much."""
        if self._is_stuck:
            return None
        options = [part for setting in _OFF for part in ("-c", setting)]
        given = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
        # What is given lies in a file: through a pipe either side might wait for the other.
        with tempfile.TemporaryFile() as source:
            source.write(given)
            source.seek(0)
            try:
                process = subprocess.Popen(
                    ["git", *options, *arguments],
                    cwd=self._folder, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, **_SAFE},
                )  # fmt: skip
            except (OSError, ValueError):
                return None
        timer = threading.Timer(GIT_SECONDS, self._give_up, (process,))
        timer.daemon = True
        timer.start()
        try:
            assert process.stdout is not None
            with process.stdout:
                output = process.stdout.read(MAX_OUTPUT_BYTES + 1)
            if len(output) > MAX_OUTPUT_BYTES:
                process.kill()
            return output if process.wait() == 0 else None
        finally:
            timer.cancel()

    def _give_up(self, process: subprocess.Popen[bytes]) -> None:
        """End a git that takes too long, and ask no more of this repository: each question would take as long."""
        self._is_stuck = True
        process.kill()


def at_hand(commits: Sequence[str], folder: str = "") -> Repository | None:
    """Give the repository of a folder, by default the current one, if it has one of these commits."""
    try:
        folder = folder or os.getcwd()
    except OSError:
        return None
    if not any(map(_COMMIT.fullmatch, commits)):
        return None
    repository = Repository(folder)
    return repository if any(map(repository.has, commits)) else None
