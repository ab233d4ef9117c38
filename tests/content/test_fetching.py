"""Files of a version written into a folder: only there, only whole, only what was recorded."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.content import fetching
from artui.content.fetching import fetch
from artui.errors import ContentMissing, UsageError
from artui.model import ManifestFile


def _file(path: str, content: bytes = b"content", *, link: str = "", digest: str | None = None) -> ManifestFile:
    own = "" if link else hashlib.sha256(content).hexdigest()
    return ManifestFile(path, 0 if link else len(content), own if digest is None else digest, "", link)


def _opener(content: bytes = b"content") -> fetching.Open:
    return lambda file: io.BytesIO(content)


def _everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


HOSTILE = (
    "../out", "a/../../out", "/out", "//out", "\\out", "..\\out", "C:\\out", "c:out", "a\\b", "a/\0b", "\0", "", ".", "..", "a/./b", "a//b", "/",
    "../../etc/passwd", "/etc/passwd", "C:/Windows/win.ini", "..\\..\\out", "a/\udcffb/../../out",
    "a/", "x" * 300, "/".join(["d" * 200] * 30), "./a", "a/..", "~/../../out", "\\\\host\\share",
)  # fmt: skip
HARMLESS = ("%2e%2e%2fout", "..%5cout", "..%2f../out", "~/out", "~root", "...", "$HOME", "`out`", "a b")
"""Names like any other, where nobody decodes or expands them."""


@pytest.mark.parametrize("path", HOSTILE)
def test_no_path_leads_out(tmp_path: Path, path: str) -> None:
    """A path that could lead out of the folder, or that no file can have, is refused and said; the others are written."""
    folder = tmp_path / "deep" / "folder"
    fetched = fetch([_file("before"), _file(path), _file("z/after")], _opener(), folder)
    assert list(fetched.left_out) == [path] and fetched.left_out[path]
    assert _everything(tmp_path) == {"deep/folder/before": b"content", "deep/folder/z/after": b"content"}


def test_nothing_in_a_name_is_decoded_or_expanded(tmp_path: Path) -> None:
    """What means something to a shell, a browser or a user's home is a name like any other."""
    fetched = fetch(map(_file, HARMLESS), _opener(), tmp_path)

    assert fetched.written == list(HARMLESS) and set(_everything(tmp_path)) == set(HARMLESS)


@given(
    st.lists(
        st.sampled_from(["..", ".", "", "a", "b", "~", "/", "\\", "\0", "C:", "...", "a b", "é"]),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=60, deadline=None)
def test_every_path_is_inside_or_refused(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    """Whatever a path is made of, what is written lies below the folder, at that path."""
    outer = tmp_path_factory.mktemp("outer")
    path = "/".join(parts)
    fetched = fetch([_file(path)], _opener(), outer / "in")
    if fetched.left_out:
        assert _everything(outer) == {}
    else:
        assert _everything(outer) == {f"in/{path}": b"content"}


@pytest.mark.parametrize("what", ["folder", "file", "loop", "dangling"])
def test_no_link_is_followed(tmp_path: Path, what: str) -> None:
    """A link that lies in the folder, put there before or by somebody else, leads nowhere."""
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    folder.mkdir()
    (outside / "file").write_bytes(b"theirs")
    target = {"folder": outside, "file": outside / "file", "loop": folder / "a", "dangling": outside / "new"}[what]
    (folder / "a").symlink_to(target)
    fetched = fetch(
        [_file("a" if what in ("file", "dangling") else "a/file"), _file("b")], _opener(), folder, may_replace=True
    )
    assert len(fetched.left_out) == 1 and fetched.written == ["b"]
    assert _everything(outside) == {"file": b"theirs"} and (folder / "a").is_symlink()


def test_links_and_unknown_bytes_are_listed_not_made(tmp_path: Path) -> None:
    """A link of the manifest is never made; a file without a digest cannot be checked; a damaged one is not asked for."""
    files = [
        _file("l", link="/etc/passwd"),
        _file("u", digest=""),
        ManifestFile("d", 1, "00", "", damaged=("size",)),
        _file("ok"),
    ]
    fetched = fetch(files, _opener(), tmp_path / "f")
    assert set(fetched.left_out) == {"l", "u", "d"} and _everything(tmp_path / "f") == {"ok": b"content"}


@pytest.mark.parametrize("content", [b"", b"conten", b"contenT", b"content and more", b"x" * 3_000_000])
def test_wrong_bytes_are_never_given(tmp_path: Path, content: bytes) -> None:
    """Too few, too many, others: no file, and no part of one, is left; the next one is written."""
    fetched = fetch(
        [_file("a"), _file("b", b"")], lambda file: io.BytesIO(content if file.path == "a" else b""), tmp_path / "f"
    )
    assert list(fetched.left_out) == ["a"] and "recorded" in fetched.left_out["a"]
    assert _everything(tmp_path / "f") == {"b": b""}


class _Breaking(io.BytesIO):
    """A source that ends with an error after some bytes, and counts what is read of it."""

    def __init__(self, content: bytes, after: int) -> None:
        super().__init__(content)
        self.after = after

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= self.after:
            raise ContentMissing("The store went away.")
        return super().read(min(size if size and size > 0 else 1 << 30, self.after - self.tell()))


def test_what_was_fetched_is_kept_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a store broke off, there is no file of the final name; the next time goes on from the part, if that is the same."""
    monkeypatch.setattr(fetching, "_PIECE_BYTES", 1000)
    content = os.urandom(10_500)
    file = _file("sub/model.bin", content)
    fetched = fetch([file], lambda _: _Breaking(content, 5_000), tmp_path / "f")
    assert "went away" in fetched.left_out["sub/model.bin"]
    assert _everything(tmp_path / "f") == {"sub/.model.bin.part": content[:5_000]}
    told: list[int] = []
    fetched = fetch([file], lambda _: io.BytesIO(content), tmp_path / "f", tell=told.append)
    assert fetched.written == ["sub/model.bin"] and _everything(tmp_path / "f") == {"sub/model.bin": content}
    assert told[0] == 5_000 and sum(told) == len(content)
    again = fetch([file], lambda _: _Breaking(content, 0), tmp_path / "f", tell=told.append)
    assert again.present == ["sub/model.bin"] and not again.written

    (tmp_path / "g" / "sub").mkdir(parents=True)
    (tmp_path / "g" / "sub" / ".model.bin.part").write_bytes(content[:2_000] + b"other" * 500)
    assert fetch([file], lambda _: io.BytesIO(content), tmp_path / "g").written == ["sub/model.bin"]
    assert _everything(tmp_path / "g") == {"sub/model.bin": content}


@pytest.mark.parametrize("kind", ["file", "folder", "pipe", "hard link"])
def test_nothing_is_overwritten(tmp_path: Path, kind: str) -> None:
    """What is in the way stays, unless it is a file and may be replaced."""
    folder = tmp_path / "f"
    folder.mkdir()
    place = folder / "a"
    if kind == "file":
        place.write_bytes(b"mine")
    elif kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        (tmp_path / "other").write_bytes(b"mine")
        place.hardlink_to(tmp_path / "other")
    before = place.lstat()
    fetched = fetch([_file("a")], _opener(), folder)
    assert list(fetched.left_out) == ["a"] and place.lstat().st_ino == before.st_ino
    fetched = fetch([_file("a")], _opener(), folder, may_replace=True)
    if kind in ("file", "hard link"):
        assert fetched.written == ["a"] and place.read_bytes() == b"content"
        assert kind == "file" or (tmp_path / "other").read_bytes() == b"mine"
    else:
        assert list(fetched.left_out) == ["a"] and place.lstat().st_ino == before.st_ino


def test_a_part_that_somebody_laid_there_is_not_written_through(tmp_path: Path) -> None:
    """A link or a second name in place of the unfinished file leads nowhere."""
    folder, other = tmp_path / "f", tmp_path / "other"
    folder.mkdir()
    for is_link in (True, False):
        other.write_bytes(b"mine")
        (folder / ".a.part").symlink_to(other) if is_link else (folder / ".a.part").hardlink_to(other)
        assert fetch([_file("a")], _opener(), folder).written == ["a"]
        assert other.read_bytes() == b"mine" and (folder / "a").read_bytes() == b"content"
        (folder / "a").unlink()


def test_modes_are_the_users(tmp_path: Path) -> None:
    """Files and folders have the mode that new ones of the user have: nothing is executable or set-uid."""
    mask = os.umask(0o027)
    try:
        fetch([_file("d/a")], _opener(), tmp_path / "f")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "f" / "d" / "a").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "f" / "d").stat().st_mode) == 0o750


def test_a_file_system_that_folds_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `A` and `a` are one file, the second of them is left out, and it is said why."""

    def folding(real: Any) -> Any:
        return lambda path, *rest, **options: real(
            path.casefold() if path in ("A", ".A.part") else path, *rest, **options
        )

    for name in ("stat", "open"):
        monkeypatch.setattr(os, name, folding(getattr(os, name)))
    files = [_file("a"), _file("A", b"other")]
    fetched = fetch(files, lambda file: io.BytesIO(b"content" if file.path == "a" else b"other"), tmp_path / "f")
    assert fetched.written == ["a"] and "collides with 'a'" in fetched.left_out["A"]


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has no room is left out in words, and what is written stays."""

    def full(file: ManifestFile) -> BinaryIO:
        if file.path == "b":
            raise OSError(28, "No space left on device")
        return io.BytesIO(b"content")

    fetched = fetch([_file("a"), _file("b")], full, tmp_path / "f")
    assert fetched.written == ["a"] and "full" in fetched.left_out["b"]


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    """A file in place of the folder is an error, not a traceback."""
    (tmp_path / "f").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot be written to"):
        fetch([_file("a")], _opener(), tmp_path / "f")
