"""Files that take long to hash, or for ever: the training goes on, and what is known of them is said."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import artui
from artui.capture.adding import add_version
from artui.content.files import AT_ONCE_BYTES, MAX_HOLE_BYTES, digest_of, gather
from artui.errors import UnknownReference
from artui.model import VersionDetail, VersionHead
from artui.query.artifacts import get_version, versions
from artui.query.references import resolve
from tests.reading import open_reader

LARGE = AT_ONCE_BYTES + 4096
SLOW = MAX_HOLE_BYTES
"""Seconds of hashing: enough to be interrupted in."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.artui"


def _sparse(path: Path, size: int, content: bytes = b"data") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        out.write(content)
        out.truncate(size)
    return path


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _shown(path: Path, reference: str) -> VersionDetail:
    with open_reader(path) as reader:
        return get_version(reader, resolve(reader, reference).id)


def _start(path: Path, **more: Any) -> artui.Run:
    return artui.start_run(project="p", name="r", catalog=path, code=False, system_metrics=False, **more)


def test_large_file_is_a_version_at_once_and_has_its_digest_at_the_end(path: Path, tmp_path: Path) -> None:
    """A file that stays where it is can be seen, used and given an alias before it is hashed; its run's end waits."""
    file = _sparse(tmp_path / "weights.bin", 6 * LARGE)
    with _start(path) as run:
        began = time.monotonic()
        reference = run.save("model", file, alias="best", metadata={"epoch": 3})
        took = time.monotonic() - began
        before = _shown(path, "model:best")
        used = run.use("model:v1")
    after = _shown(path, "model:v1")

    assert (reference, used) == ("model:v1", file) and took < 1.0
    assert before.head.digest == "" and before.head.digest_text == "not hashed"
    assert [(entry.digest, entry.note_text) for entry in before.files] == [("", "not hashed yet")]
    assert len(after.head.digest) == 64 and after.metadata == {"epoch": 3}
    assert [(entry.digest, entry.note) for entry in after.files] == [(_digest(file), "")]


def test_digest_of_a_late_version_is_that_of_one_hashed_at_once(path: Path, tmp_path: Path) -> None:
    """The same folder has the same digest, whether it was hashed in the background or by `artui add`."""
    folder = tmp_path / "folder"
    folder.mkdir()
    _sparse(folder / "a.bin", LARGE)
    (folder / "b.txt").write_text("b")
    (folder / "link").symlink_to("b.txt")
    with _start(path) as run:
        run.save("late", folder)
    add_version(path, folder, name="now", kind="model")

    assert _shown(path, "late").head.digest == _shown(path, "now").head.digest != ""


def test_large_content_behind_links_is_hashed_in_the_background(path: Path, tmp_path: Path) -> None:
    """A hub's snapshot stays where it is: its version is there at once, has its blobs' digests at the end, and its folder is given."""
    blob = _sparse(tmp_path / "blobs" / "b1", 2 * LARGE)
    snapshot = tmp_path / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "model.bin").symlink_to("../../blobs/b1")
    (snapshot / "same.bin").symlink_to("model.bin")
    (tmp_path / "latest").symlink_to("snapshots/abc")
    with _start(path) as run:
        run.save("hub", tmp_path / "latest")
        before = _shown(path, "hub")
        (tmp_path / "latest").unlink()
        used = run.use("hub")
    after = _shown(path, "hub")

    assert used == snapshot and before.head.digest_text == "not hashed"
    assert [(file.path, file.digest) for file in after.files] == [
        (name, _digest(blob)) for name in ("model.bin", "same.bin")
    ]


def test_small_file_has_its_digest_when_save_returns(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that takes no time is hashed at once, also where it is too large to embed; its run says nothing of waiting."""
    monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "1000")
    file = tmp_path / "a.bin"
    file.write_bytes(os.urandom(100_000))
    with _start(path) as run:
        run.save("model", file)
        shown = _shown(path, "model")

    assert shown.head.storage == "referenced" and [entry.digest for entry in shown.files] == [_digest(file)]


def test_endless_holes_are_left_unhashed(path: Path, tmp_path: Path) -> None:
    """A sparse file of a tebibyte, and one of the largest size there is, cost no time; it is said why they have no digest."""
    files = [_sparse(tmp_path / f"{size}", size) for size in (1 << 40, (1 << 43) - 4096)]
    began = time.monotonic()
    with _start(path) as run:
        references = [run.save("model", file) for file in files]
    added = add_version(path, files[0], name="added", kind="model")
    took = time.monotonic() - began

    assert references == ["model:v1", "model:v2"] and added[:2] == ("added:v1", True) and took < 5.0
    for reference in ("model:v1", "model:v2", "added:v1"):
        shown = _shown(path, reference)
        assert shown.head.digest_text == "not hashed" and "holes" in shown.files[0].note_text


def test_a_file_that_grows_is_read_to_an_end(path: Path, tmp_path: Path) -> None:
    """Files that are written to without pause, small or large, end their run; they are marked as what they are."""
    small, large = tmp_path / "small.log", _sparse(tmp_path / "large.log", LARGE)
    small.write_bytes(b"x")
    is_over = threading.Event()

    def write() -> None:
        with small.open("ab") as one, large.open("ab") as two:
            while not is_over.wait(0.0005):
                one.write(b"x" * 4096)
                two.write(b"x" * 4096)
                one.flush()
                two.flush()

    writing = threading.Thread(target=write)
    writing.start()
    try:
        with _start(path) as run:
            assert (run.save("small", small), run.save("large", large)) == ("small:v1", "large:v1")
            assert add_version(path, large, name="added", kind="log")[:2] == ("added:v1", True)
    finally:
        is_over.set()
        writing.join()

    # One that was caught between two writes is whole.
    assert _shown(path, "small").files[0].note in ("", "changed while it was read")
    assert _shown(path, "added").files[0].note in ("", "changed while it was read")
    assert _shown(path, "large").files[0].note_text == "not hashed: it was changed after it was saved"


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


def _link_to_pipe(path: Path) -> None:
    os.mkfifo(f"{path}.pipe")
    path.symlink_to(f"{path}.pipe")


SPECIAL: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "link to a pipe": _link_to_pipe,
    "socket": _socket,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "terminal": lambda path: path.symlink_to("/dev/tty"),
}


@pytest.mark.parametrize("kind", SPECIAL)
def test_special_files_are_never_opened(path: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe, socket or device is saved by no call, neither by itself nor in a folder, and nothing waits for it."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    SPECIAL[kind](folder / "special")
    with _start(path) as run:
        assert run.save("alone", folder / "special") is None
        assert run.save("folder", folder) == "folder:v1"
        run.log_image("picture", folder / "special")

    assert {entry.path for entry in _shown(path, "folder").files if not entry.link_target} == {"a.txt"}
    with open_reader(path) as reader, pytest.raises(UnknownReference):
        resolve(reader, "picture")


def test_what_was_changed_after_it_was_saved_is_not_hashed(path: Path, tmp_path: Path) -> None:
    """The digest of other content is not given to a version, nor that of a file that is gone; the others have theirs."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("changed", "gone", "kept"):
        _sparse(folder / name, LARGE, name.encode())
    slow = _sparse(tmp_path / "slow", 8 * LARGE)
    with _start(path) as run:
        run.save("slow", slow)  # the folder's turn comes after it
        run.save("model", folder)
        (folder / "changed").write_bytes(b"other")
        (folder / "gone").unlink()
    shown = _shown(path, "model")

    assert shown.head.digest_text == "not hashed"
    assert {entry.path: (entry.digest, entry.note) for entry in shown.files} == {
        "changed": ("", "not hashed: it was changed after it was saved"),
        "gone": ("", "not hashed: it cannot be read any more (No such file or directory)"),
        "kept": (_digest(folder / "kept"), ""),
    }


def test_same_content_is_no_new_version_once_that_is_known(path: Path, tmp_path: Path) -> None:
    """Of a copy that was saved unhashed, edges and aliases go to the version before it, and its number is not used again."""
    first, copy, other = (_sparse(tmp_path / name / "m.bin", LARGE, text) for name, text in _folders(tmp_path))
    with _start(path) as run:
        assert run.save("model", first) == "model:v1"
        assert run.save("model", first) == "model:v1", "nothing was changed: it waits for the same digest"
    with _start(path) as again:
        assert again.save("model", copy, alias="best", related={"model:v1": "derived"}) == "model:v2"
    with _start(path) as third:
        assert third.save("model", other) == "model:v3"

    with open_reader(path) as reader:
        model, best = resolve(reader, "model"), resolve(reader, "model:best")
        assert isinstance(model, VersionHead) and isinstance(best, VersionHead)
        heads = versions(reader, model.artifact_key)
        assert [head.number for head in heads] == [3, 1]
        assert best.number == 1
        assert [head.reference for head in reader.run(again.id).detail().outputs] == ["model:v1"]
        assert get_version(reader, heads[1].id).related == ()


def _folders(tmp_path: Path) -> list[tuple[str, bytes]]:
    names = [("first", b"same"), ("copy", b"same"), ("other", b"other")]
    for name, _ in names:
        (tmp_path / name).mkdir()
    return names


def test_many_large_files_are_hashed_in_order(path: Path, tmp_path: Path) -> None:
    """However many wait, one thread hashes them, also for a run that ends by an exception, and for a second run beside it."""
    files = [_sparse(tmp_path / f"{number}.bin", LARGE, b"%d" % number) for number in range(4)]
    with _start(path) as other, pytest.raises(RuntimeError), _start(path) as run:
        for number, file in enumerate(files):
            (run if number % 2 else other).save(f"model-{number}", file)
            threads = [thread.name for thread in threading.enumerate() if thread.name == "artui-hashing"]
            assert len(threads) <= 1
        raise RuntimeError("training failed")

    assert [_shown(path, f"model-{number}").files[0].digest for number in range(4)] == [_digest(file) for file in files]


SCRIPT = """
import os, signal, sys
import artui
how, catalog, file = sys.argv[1:]
with artui.start_run(project="p", name="r", catalog=catalog, code=False, system_metrics=False) as run:
    print(run.save("model", file), flush=True)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "fork":
        if os.fork() == 0:
            run.log({"loss": 1.0}, step=1)
            sys.exit(0)
        os.wait()
    if how == "terminate":
        os.kill(os.getpid(), signal.SIGTERM)
print("over", flush=True)
"""


def _script(how: str, path: Path, file: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, how, str(path), str(file)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize(("how", "code"), [("kill", -signal.SIGKILL), ("terminate", -signal.SIGTERM)])
def test_killed_process_leaves_a_version_that_says_it_is_unhashed(
    path: Path, tmp_path: Path, how: str, code: int
) -> None:
    """Whatever ends the process while it hashes, the version is there, with all but its digest."""
    process = _script(how, path, _sparse(tmp_path / "slow.bin", SLOW))
    out, _ = process.communicate(timeout=30)

    assert (process.returncode, out) == (code, "model:v1\n")
    shown = _shown(path, "model:v1")
    assert shown.head.digest_text == "not hashed" and shown.head.size_bytes == SLOW
    assert shown.files[0].note_text.startswith("not hashed")
    done = subprocess.run(
        [sys.executable, "-m", "artui", "show", "model:v1", "--catalog", str(path)],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert done.stdout.count("not hashed") == 2


def test_interrupting_the_wait_leaves_the_rest_unhashed(path: Path, tmp_path: Path) -> None:
    """The end of the run says once what it waits for; ctrl+C ends that waiting, and the program goes on."""
    process = _script("wait", path, _sparse(tmp_path / "slow.bin", SLOW))
    assert process.stderr is not None
    message = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, rest = process.communicate(timeout=30)

    assert "hashing model:v1" in message and "ctrl+C leaves it unhashed" in message
    assert (process.returncode, out, rest) == (0, "model:v1\nover\n", "artui: left unhashed: model:v1\n")
    assert _shown(path, "model:v1").files[0].note == "not hashed: interrupted before its end"
    with open_reader(path) as reader:
        assert [run.status for run in reader.runs()] == ["finished"]


def test_forked_child_neither_waits_nor_hashes(path: Path, tmp_path: Path) -> None:
    """A child that was forked while its parent hashes ends at once, and the parent finishes the digest."""
    file = _sparse(tmp_path / "weights.bin", 2 * LARGE)
    process = _script("fork", path, file)
    out, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (0, "") and out.endswith("over\n")
    assert _shown(path, "model").files[0].digest == _digest(file)


@pytest.mark.parametrize("seed", range(20))
def test_holes_are_hashed_as_the_zeros_that_they_are(tmp_path: Path, seed: int) -> None:
    """Wherever data and holes lie, the digest is that of the bytes that a reader gets."""
    choose = random.Random(seed)
    file = tmp_path / "x"
    with file.open("wb") as out:
        for _ in range(choose.randrange(4)):
            out.seek(choose.randrange(3 << 20))
            out.write(choose.randbytes(choose.randrange(1 << 16)))
        out.truncate(choose.randrange(4 << 20))
    sizes: list[int] = []

    with file.open("rb") as stream:
        digest, size = digest_of(stream.fileno(), 1 << 40, sizes.append)

    assert (digest.hex(), size, sum(sizes)) == (_digest(file), file.stat().st_size, file.stat().st_size)


def test_files_of_the_kernel_end(tmp_path: Path) -> None:
    """Files that say they are empty and hold something, or that wait for news, are read to an end or left out."""
    names = [name for name in ("/proc/cpuinfo", "/proc/kmsg", "/proc/self/maps") if os.path.exists(name)]

    gathered = gather(None, [(name, Path(name)) for name in names])

    assert len(gathered.files) + len(gathered.skipped) == len(names) == 3
