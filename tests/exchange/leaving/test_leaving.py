"""An export's folder is put there whole, replaces nothing that it did not write, and its names lead nowhere else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.errors import UsageError
from artui.exchange.leaving.folder import MARK, OutFolder, out_folder
from artui.exchange.leaving.names import MAX_NAME_BYTES, Names, Paths, file_name, folded
from artui.exchange.leaving.order import Exported, Order
from tests.exchange.histories import NAMES


def put(place: Path, files: dict[str, bytes], *, format: str = "csv", catalog: str = "c", **order: str | bool) -> Exported:  # fmt: skip
    """Export such files."""
    made = Exported(str(place))
    with out_folder(str(place), format, catalog, Order(**order), made, is_dry=False) as folder:  # type: ignore[arg-type]
        assert folder is not None
        for path, content in files.items():
            folder.write(path, content)
    return made


def below(place: Path) -> dict[str, bytes]:
    """Give all files but the mark."""
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file() and path.name != MARK}  # fmt: skip


def test_it_is_put_there_whole_and_replaced(tmp_path: Path) -> None:
    """With modes as usual, and nothing beside it; again, what it had and has not any more is gone."""
    made = put(tmp_path / "a" / "out", {"x": b"1", "b/y": b"22"})

    assert below(tmp_path / "a" / "out") == {"x": b"1", "b/y": b"22"} and (made.files, made.written_bytes) == (2, 3)
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "a" / "out" / "x").stat().st_mode & 0o777 == 0o666 & ~umask
    assert (tmp_path / "a" / "out").stat().st_mode & 0o777 == 0o777 & ~umask
    again = put(tmp_path / "a" / "out", {"x": b"3"})
    assert below(tmp_path / "a" / "out") == {"x": b"3"} and again.removed_files == 2
    assert os.listdir(tmp_path / "a") == ["out"]


def test_what_it_did_not_write_stays(tmp_path: Path) -> None:
    """A folder of somebody's, one that another export made, a file that was put in or changed: refused, in words, and untouched."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine").write_text("mine")
    with pytest.raises(UsageError, match="no export is in it"):
        put(out, {"x": b"1"})
    (out / "mine").unlink()
    put(out, {"x": b"1"})  # an empty one is as none
    with pytest.raises(UsageError, match="another export: 'csv'"):
        put(out, {"x": b"1"}, format="jsonl", replaces=True)
    with pytest.raises(UsageError, match="another catalog"):
        put(out, {"x": b"1"}, catalog="d")
    with pytest.raises(UsageError, match="another part of this catalog: all of it"):
        put(out, {"x": b"1"}, project="p")
    for name in ("x", "new"):
        put(out, {"x": b"1"}, replaces=True)
        (out / name).write_text("mine")
        os.utime(out / name, ns=(1, 1))
        with pytest.raises(UsageError, match=f"no export wrote: '{name}'"):
            put(out, {"x": b"2"}, replaces=True)
        assert (out / name).read_text() == "mine" and os.listdir(tmp_path) == ["out"]
        (out / name).unlink()
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="is no folder"):
        put(tmp_path / "file", {"x": b"1"})
    with pytest.raises(UsageError, match="could replace"):
        put(Path("/"), {"x": b"1"})


def test_what_ends_in_the_middle_leaves_what_was_there(tmp_path: Path) -> None:
    """And nothing beside it; what a process left that was killed is taken away by the next export, and that of a live one is not."""
    put(tmp_path / "out", {"x": b"1"})
    made = Exported("")
    with pytest.raises(KeyError), out_folder(str(tmp_path / "out"), "csv", "c", Order(), made, is_dry=False) as folder:
        assert folder is not None
        folder.write("x", b"2")
        raise KeyError
    assert below(tmp_path / "out") == {"x": b"1"} and os.listdir(tmp_path) == ["out"]
    killed = tmp_path / ".out.artui-part-dead"
    killed.mkdir()
    live = OutFolder(str(tmp_path / "out"), "csv", "c", Order())
    live.begin()

    put(tmp_path / "out", {"x": b"3"})

    assert not killed.exists() and len(os.listdir(tmp_path)) == 2
    live.write("x", b"4")
    with pytest.raises(UsageError, match="no export wrote"):
        live.settle()  # another one was faster
    assert below(tmp_path / "out") == {"x": b"3"} and os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("step", range(4))
def test_killed_while_it_is_put_there_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:  # fmt: skip
    """Before, between and behind the two renames: the next export finds the earlier one or the new one, and leaves nothing beside it."""
    put(tmp_path / "out", {"x": b"1"})
    done = 0

    class KilledError(BaseException):
        pass

    def counted(act: Callable[..., None]) -> Callable[..., None]:
        def acted(*arguments: Any, **options: Any) -> None:
            nonlocal done
            if done == step:
                raise KilledError
            done += 1
            act(*arguments, **options)

        return acted

    def ended(folder: OutFolder) -> None:
        """Let go of the lock, as the end of a process does."""
        if folder._handle >= 0:
            os.close(folder._handle)
            folder._handle = -1

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", counted(os.rename))
        patched.setattr(shutil, "rmtree", counted(shutil.rmtree))
        patched.setattr(OutFolder, "abandon", ended)
        if step < 3:
            with pytest.raises(KilledError):
                put(tmp_path / "out", {"x": b"2"})
        else:
            put(tmp_path / "out", {"x": b"2"})
    folder = OutFolder(str(tmp_path / "out"), "csv", "c", Order())
    assert below(tmp_path / "out") == {"x": b"1" if step < 2 else b"2"} and folder.files_before == 1
    put(tmp_path / "out", {"x": b"3"})
    assert below(tmp_path / "out") == {"x": b"3"} and os.listdir(tmp_path) == ["out"]


@settings(deadline=None)
@given(st.lists(NAMES | st.text(max_size=300), max_size=12))
def test_names_are_names_of_files(texts: list[str]) -> None:
    """No two the same on any system, whatever they were; one that is a name already stays."""
    names = Names()
    given_names = [names.of(text, by=str(number)) for number, text in enumerate(texts)]

    assert len({folded(name) for name in given_names}) == len(texts)
    for name in given_names:
        assert "/" not in name and name.isprintable() and name not in (".", "..") and name[0] != "."
        assert len(name.encode()) <= MAX_NAME_BYTES
    assert file_name("val loss-3") == "val loss-3" and file_name("../../x") != "../../x"


def test_no_path_is_the_folder_of_another() -> None:
    """Nor the same but for case."""
    paths = Paths()

    taken = [path for path in ("val", "val/loss", "VAL", "a/b/c", "A/B", "a/b", "a/b/d", "a/B/C") if paths.take(path)]

    assert taken == ["val", "a/b/c", "a/b/d"]
