"""Files and folders on their way into a catalog and out of it again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import artui
from artui.capture.files import listed
from artui.errors import ContentMissing, UsageError
from artui.model import VersionHead
from artui.query.artifacts import file_text, get_version, previews
from artui.query.reader import Reader
from artui.query.references import resolve
from artui.settings import load_settings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.artui"


@pytest.mark.parametrize(
    "name",
    [
        "log 12:30:00.txt",
        "a\\b.txt",
        "back\\xff.txt",
        "new\nline.txt",
        "-rf",
        "ünï.txt",
        "..hidden",
        "~",
        "c:notes",
        "%2e%2e%2fx",
    ],
)
@pytest.mark.parametrize("is_embedded", [True, False], ids=["embedded", "left in place"])
def test_any_file_name_comes_back(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_embedded: bool
) -> None:
    """Whatever a file is called, alone or in a folder, what was saved can be used."""
    if not is_embedded:
        monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "0")
        load_settings.cache_clear()
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / name).write_text("content")
    with artui.start_run(project="p", name="r", catalog=path) as run:
        assert run.save("file", folder / name) == "file:v1"
        (folder / "other").write_text("content")
        assert run.save("folder", folder) == "folder:v1"

        assert run.use("file").read_text() == "content"
        assert [file.read_text() for file in run.use("folder").iterdir()] == ["content", "content"]


def test_names_that_look_alike_are_two_files(path: Path, tmp_path: Path) -> None:
    """A name of odd bytes and one that spells their escape are kept apart."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / os.fsdecode(b"x\xff")).write_text("bytes")
    (folder / "x\\xff").write_text("spelt")
    with artui.start_run(project="p", name="r", catalog=path) as run:
        assert run.save("folder", folder) == "folder:v1"

    with Reader(path) as reader:
        version = resolve(reader, "folder")
        assert isinstance(version, VersionHead) and version.file_count == 2


def test_link_that_is_named_is_followed(path: Path, tmp_path: Path) -> None:
    """Saving `last.ckpt`, a link to a checkpoint, saves the checkpoint's content under that name."""
    (tmp_path / "epoch-3.ckpt").write_text("weights")
    (tmp_path / "last.ckpt").symlink_to("epoch-3.ckpt")
    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.save("model", tmp_path / "last.ckpt")
        local = run.use("model")

    assert local.is_file() and local.name == "last.ckpt" and local.read_text() == "weights"


def test_links_inside_a_folder_are_followed(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a link leads to is saved; how many lead out, and which stay links, is told in one line each, once."""
    (tmp_path / "data.txt").write_text("behind")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    (folder / "out").symlink_to("../data.txt")
    (folder / "up").symlink_to("..", target_is_directory=True)
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nowhere")
    os.mkfifo(folder / "channel")
    with artui.start_run(project="p", name="r", catalog=path) as run:
        for _ in range(2):
            run.save("folder", folder)
        local = run.use("folder")

    with Reader(path) as reader:
        head = resolve(reader, "folder")
        files = {file.path: file.link_target for file in get_version(reader, head.id).files}
        assert set(previews(reader, head.key)) == {"a.txt", "out"}
    assert files == {"a.txt": "", "dangling": "nowhere", "loop": "loop", "out": "", "up": ".."}
    assert {entry.name: entry.read_text() for entry in local.iterdir()} == {"a.txt": "a", "out": "behind"}
    messages = capsys.readouterr().err
    assert messages.count("followed 1 link of 'folder' out of it: 'out'") == 1
    assert messages.count("did not follow 3 links of 'folder'") == 1


@pytest.mark.parametrize("way", ["setting", "wrong setting"])
def test_setting_keeps_links_within_the_folder(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    """With `follow_links = "inside"`, or a word that means nothing, no link leads out, and that is told."""
    monkeypatch.setenv("ARTUI_FOLLOW_LINKS", "inside" if way == "setting" else "insde")
    (tmp_path / "data.txt").write_text("CANARY")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "in.txt").write_text("a")
    (tmp_path / "folder" / "in").symlink_to("in.txt")
    (tmp_path / "folder" / "out").symlink_to("../data.txt")
    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.save("folder", tmp_path / "folder")
        local = run.use("folder")

    assert {entry.name: entry.read_text() for entry in local.iterdir()} == {"in.txt": "a", "in": "a"}
    assert b"CANARY" not in path.read_bytes()
    messages = capsys.readouterr().err
    assert "out leads out of the folder" in messages and ("'insde'" in messages) == (way != "setting")


def test_input_behind_a_link_is_another_version_once_its_content_is(path: Path, tmp_path: Path) -> None:
    """`use("data", path="data")`, a link to a folder or one of links, notices that what lies behind has changed."""
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "train.csv").write_text("1")
    (tmp_path / "data").symlink_to("scratch")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "train.csv").symlink_to("../scratch/train.csv")
    with artui.start_run(project="p", name="r", catalog=path) as run:
        for content in ("1", "1", "2"):
            (tmp_path / "scratch" / "train.csv").write_text(content)
            assert run.use("data", path=tmp_path / "data") == tmp_path / "data"
            run.use("links", path=tmp_path / "links")

    with Reader(path) as reader:
        data, links = resolve(reader, "data"), resolve(reader, "links")
        assert isinstance(data, VersionHead) and isinstance(links, VersionHead)
        assert data.number == links.number == 2 and data.digest == links.digest


def test_reading_follows_no_link_out_of_what_was_recorded(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Content that stays where it is and lies behind a link is opened only below a root of the user's; else it says so."""
    monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "0")
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "data.txt").write_text("behind")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "data.txt").symlink_to("../far/data.txt")
    path = tmp_path / "elsewhere" / "x.artui"
    path.parent.mkdir()
    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.save("folder", tmp_path / "folder")
        assert run.use("folder") == tmp_path / "folder"

    with Reader(path) as reader:
        key = resolve(reader, "folder").key
        with pytest.raises(ContentMissing, match="behind a link that leads out"):
            file_text(reader, key, "data.txt")
        monkeypatch.setenv("ARTUI_ROOTS", str(tmp_path / "far"))
        load_settings.cache_clear()
        assert file_text(reader, key, "data.txt")[0] == "behind"


def test_folders_too_deep_to_list_are_told_of(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder whose inside cannot be listed is named among what was left out, and the rest is saved."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text("a")
    handle = os.open(tmp_path / "folder", os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=handle)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(os.open("lost.txt", os.O_CREAT | os.O_WRONLY, dir_fd=handle))
    os.close(handle)

    with artui.start_run(project="p", name="r", catalog=path) as run:
        assert run.save("folder", tmp_path / "folder") == "folder:v1"

    with Reader(path) as reader:
        assert [file.path for file in get_version(reader, resolve(reader, "folder").id).files] == ["a.txt"]
    assert "left out" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["missing", "pipe", "dangling"])
def test_what_is_neither_file_nor_folder_is_refused(tmp_path: Path, kind: str) -> None:
    """A path with nothing to save says so, and does not wait on a pipe."""
    target = tmp_path / "x"
    if kind == "pipe":
        os.mkfifo(target)
    elif kind == "dangling":
        target.symlink_to("nowhere")

    with pytest.raises(UsageError):
        listed(target)


def test_empty_file_and_empty_folder_are_versions(path: Path, tmp_path: Path) -> None:
    """Nothing is content too."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.txt").touch()
    with artui.start_run(project="p", name="r", catalog=path) as run:
        assert (run.save("folder", tmp_path / "empty"), run.save("file", tmp_path / "empty.txt")) == (
            "folder:v1",
            "file:v1",
        )
        assert list(run.use("folder").iterdir()) == [] and run.use("file").read_bytes() == b""


def test_stored_files_read_like_the_originals(path: Path, tmp_path: Path) -> None:
    """Text of a saved file is read back from the catalog alone, or its last part if it is long."""
    file = tmp_path / "log.txt"
    file.write_text("".join(f"line {n}\n" for n in range(1000)))
    with artui.start_run(project="p", name="r", catalog=path) as run:
        run.save("log", file, kind="log")
    original = file.read_text()
    file.unlink()

    with Reader(path) as reader:
        key = resolve(reader, "log").key
        assert file_text(reader, key, "log.txt") == (original, True)
        assert file_text(reader, key, "log.txt", max_bytes=100) == (original[-100:], False)
