"""Links in what is saved: followed wherever they lead, but never without end and never to what must stay out."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import artui
from artui.content.files import gather
from artui.content.walking import Follow, entries_of, listed, location_of
from artui.errors import UsageError

CANARY = "CANARY: not to be saved"


@dataclass(frozen=True)
class Layout:
    """A folder that people save, and what is right about it."""

    make: Callable[[Path], Path]
    """Makes it below a folder that is empty; gives what is saved."""
    files: dict[str, str]
    """Content by manifest path, when links are followed wherever they lead."""
    inside: dict[str, str] | None = None
    """The same when only links that stay within are followed; None if that makes no difference."""
    links: dict[str, str] = field(default_factory=dict)
    """What stays a link, with why."""
    out_count: int = 0
    secret: tuple[str, ...] = ()


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _link(path: Path, target: str | Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    return path


def _hub(root: Path) -> Path:
    for name in ("b1", "b2"):
        _write(root / "hub" / "blobs" / name, name)
    snapshot = root / "hub" / "snapshots" / "abc"
    _link(snapshot / "model.safetensors", "../../blobs/b1")
    _link(snapshot / "onnx" / "model.onnx", "../../../blobs/b2")
    return snapshot


def _dvc(root: Path) -> Path:
    _write(root / "cache" / "files" / "md5" / "ab" / "cdef", "rows")
    _link(root / "repo" / "data" / "train.csv", root / "cache" / "files" / "md5" / "ab" / "cdef")
    _write(root / "repo" / "data" / "readme.txt", "about")
    return root / "repo" / "data"


def _annex(root: Path) -> Path:
    key = "SHA256E-s4--0a1b.nii.gz"
    blob = _write(root / "repo" / ".git" / "annex" / "objects" / "X1" / "Q2" / key / key, "scan")
    blob.chmod(0o444)
    blob.parent.chmod(0o555)
    _link(root / "repo" / "sub-01" / "scan.nii.gz", f"../.git/annex/objects/X1/Q2/{key}/{key}")
    return root / "repo" / "sub-01"


def _latest(root: Path) -> Path:
    _write(root / "checkpoints" / "step-100" / "model.pt", "weights")
    return _link(root / "checkpoints" / "latest", "step-100")


def _latest_within(root: Path) -> Path:
    return _latest(root).parent


def _data(root: Path) -> Path:
    _write(root / "scratch" / "deep" / "train.csv", "rows")
    _link(root / "project" / "data", root / "scratch")
    _write(root / "project" / "train.py", "code")
    return root / "project"


def _data_behind_data(root: Path) -> Path:
    _write(root / "lake" / "rows.csv", "rows")
    _link(root / "scratch" / "lake", "../lake")
    _link(root / "project" / "data", "../scratch")
    return root / "project"


def _loop(root: Path) -> Path:
    _write(root / "folder" / "a.txt", "a")
    _link(root / "folder" / "self", "self")
    _link(root / "folder" / "here", ".")
    _link(root / "folder" / "there", "back")
    _link(root / "folder" / "back", "there")
    return root / "folder"


def _loop_outside(root: Path) -> Path:
    _write(root / "b" / "b.txt", "b")
    _link(root / "a" / "to-b", "../b")
    _link(root / "b" / "to-a", "../a")
    _link(root / "b" / "c" / "to-b", "..")
    return root / "a"


def _parent(root: Path) -> Path:
    _write(root / "outer" / "other.txt", CANARY)
    _write(root / "outer" / "folder" / "a.txt", "a")
    _link(root / "outer" / "folder" / "up", "..")
    _link(root / "outer" / "folder" / "top", "/")
    return root / "outer" / "folder"


def _kernel(root: Path) -> Path:
    _write(root / "folder" / "a.txt", "a")
    for name, target in (
        ("environ", "/proc/self/environ"),
        ("cwd", "/proc/self/cwd"),
        ("zeros", "/dev/zero"),
        ("stdin", "/dev/stdin"),
        ("devices", "/sys/class"),
        ("hop", "environ"),
        ("status", "proc/status"),
        ("proc", "/proc/self"),
    ):
        _link(root / "folder" / name, target)
    return root / "folder"


def _secret(root: Path) -> Path:
    _write(root / "home" / ".ssh" / "id_rsa", CANARY)
    _write(root / "home" / ".ssh" / "hosts", CANARY)
    _write(root / "vault" / "blob", CANARY)
    _link(root / "home" / ".env", "../vault/blob")
    _write(root / "folder" / "a.txt", "a")
    _link(root / "folder" / "notes.txt", "../home/.ssh/id_rsa")
    _link(root / "folder" / "config", "../home/.env")
    _link(root / "folder" / "keys", "../home/.ssh")
    _link(root / "folder" / ".env", "a.txt")
    return root / "folder"


def _broken(root: Path) -> Path:
    _write(root / "folder" / "a.txt", "a")
    _link(root / "folder" / "gone", "nowhere")
    _link(root / "folder" / "moved", "/no/such/place")
    _link(root / "folder" / "through", "a.txt/b")
    return root / "folder"


def _pipe(root: Path) -> Path:
    _write(root / "folder" / "a.txt", "a")
    os.mkfifo(root / "channel")
    _link(root / "folder" / "pipe", "../channel")
    return root / "folder"


def _twice(root: Path) -> Path:
    _write(root / "weights.pt", "weights")
    _link(root / "folder" / "best.pt", "../weights.pt")
    _link(root / "folder" / "last.pt", "../weights.pt")
    _link(root / "folder" / "final.pt", "last.pt")
    return root / "folder"


OUT = "leads out of the folder"
ABOVE = "leads to a folder that it lies in"
LAYOUTS = {
    "hub": Layout(_hub, {"model.safetensors": "b1", "onnx/model.onnx": "b2"}, {}, out_count=2),
    "dvc": Layout(_dvc, {"readme.txt": "about", "train.csv": "rows"}, {"readme.txt": "about"}, out_count=1),
    "annex": Layout(_annex, {"scan.nii.gz": "scan"}, {}, out_count=1),
    "latest": Layout(_latest, {"model.pt": "weights"}),
    "latest within": Layout(_latest_within, {"latest/model.pt": "weights", "step-100/model.pt": "weights"}),
    "data": Layout(_data, {"data/deep/train.csv": "rows", "train.py": "code"}, {"train.py": "code"}, out_count=1),
    "data behind data": Layout(_data_behind_data, {"data/lake/rows.csv": "rows"}, {}, out_count=2),
    "loop": Layout(
        _loop,
        {"a.txt": "a"},
        links={"self": "leads nowhere", "here": ABOVE, "there": "leads nowhere", "back": "leads nowhere"},
    ),
    "loop outside": Layout(
        _loop_outside,
        {"to-b/b.txt": "b"},
        {},
        links={"to-b/to-a": ABOVE, "to-b/c/to-b": ABOVE},
        out_count=1,
    ),
    "parent": Layout(_parent, {"a.txt": "a"}, links={"up": ABOVE, "top": ABOVE}),
    "kernel": Layout(
        _kernel,
        {"a.txt": "a"},
        links={
            "environ": "leads into /proc", "cwd": "leads into /proc", "hop": "leads into /proc", "status": "leads into /proc", "proc": "leads into /proc",
            "zeros": "leads into /dev", "stdin": "leads into /dev", "devices": "leads into /sys",
        },
    ),
    "secret": Layout(
        _secret,
        {"a.txt": "a"},
        links=dict.fromkeys(("notes.txt", "config"), "leads to a file that by its name holds secrets"),
        out_count=1,
        secret=(".env", "keys/hosts", "keys/id_rsa"),
    ),
    "broken": Layout(_broken, {"a.txt": "a"}, links=dict.fromkeys(("gone", "moved", "through"), "leads nowhere")),
    "pipe": Layout(_pipe, {"a.txt": "a"}, links={"pipe": "leads to what is neither file nor folder"}),
    "twice": Layout(_twice, dict.fromkeys(("best.pt", "final.pt", "last.pt"), "weights"), {}, out_count=3),
}  # fmt: skip


@pytest.fixture(params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> Layout:
    return LAYOUTS[request.param]


def test_links_are_followed_wherever_they_lead(layout: Layout, tmp_path: Path) -> None:
    """What lies behind links is there as if it lay in the folder; what is not followed is a link, with why."""
    listing = listed(layout.make(tmp_path), follow="outside")

    read = {name: path.read_text() for name, path in listing.entries if not path.is_symlink()}
    assert read == layout.files
    assert dict(listing.not_followed) == layout.links
    assert {name for name, path in listing.entries if path.is_symlink()} == set(layout.links)
    assert (len(listing.leading_out), tuple(listing.secret)) == (layout.out_count, layout.secret)
    assert not listing.unlisted and CANARY not in read.values()


def test_links_may_be_kept_within_the_folder(layout: Layout, tmp_path: Path) -> None:
    """Where it is asked for, only links that stay within are followed, and those that lead out are links, counted."""
    listing = listed(layout.make(tmp_path), follow="inside")

    read = {name: path.read_text() for name, path in listing.entries if not path.is_symlink()}
    assert read == (layout.files if layout.inside is None else layout.inside)
    assert listing.leading_out == []
    reasons = dict(listing.not_followed)
    assert {name for name, path in listing.entries if path.is_symlink()} == set(reasons)
    assert layout.out_count == 0 or OUT in reasons.values()


def test_imports_follow_no_link(layout: Layout, tmp_path: Path) -> None:
    """Of a store that is imported every link is listed as one, whatever it leads to."""
    saved = layout.make(tmp_path)
    top = Path(os.path.realpath(saved))

    for name, path in entries_of(saved).entries:
        assert path.is_symlink() or path == Path(os.path.realpath(path))
        assert path == saved or path.relative_to(top).as_posix() == name


def test_digest_of_a_version_is_that_of_what_lies_behind_links(tmp_path: Path) -> None:
    """The same links with other content are other digests; the same content without links is the same digest."""
    (tmp_path / "1").mkdir()
    saved = _hub(tmp_path / "1")
    digests = [file.digest for file in gather(None, listed(saved, follow="outside").entries).files]
    (tmp_path / "1" / "hub" / "blobs" / "b1").write_text("other")
    changed = [file.digest for file in gather(None, listed(saved, follow="outside").entries).files]
    plain = tmp_path / "plain"
    _write(plain / "model.safetensors", "other")
    _write(plain / "onnx" / "model.onnx", "b2")

    assert digests[0] != changed[0] and digests[1] == changed[1]
    assert [file.digest for file in gather(None, listed(plain, follow="outside").entries).files] == changed


@pytest.mark.parametrize("target", ["/proc/self/environ", "/proc/self", ".ssh/id_rsa"])
def test_named_link_to_what_is_never_followed_is_refused(tmp_path: Path, target: str) -> None:
    """An innocent name does not bring the environment or a key into a catalog; named itself, the file is taken."""
    _write(tmp_path / ".ssh" / "id_rsa", "key")
    _link(tmp_path / "model.txt", target)

    with pytest.raises(UsageError, match="is a link that leads"):
        listed(tmp_path / "model.txt", follow="outside")
    assert [name for name, _ in listed(tmp_path / ".ssh" / "id_rsa", follow="outside").entries] == ["id_rsa"]


@pytest.mark.parametrize("follow", ["outside", "inside"])
def test_files_that_cannot_be_read_cost_no_others(tmp_path: Path, follow: Follow) -> None:
    """A link to a file of mode 000 is left out with why, and the rest is there."""
    _write(tmp_path / "folder" / "hidden" / "closed", "x").chmod(0)
    _link(tmp_path / "folder" / "data.bin", "hidden/closed")
    _write(tmp_path / "folder" / "a.txt", "a")

    gathered = gather(None, listed(tmp_path / "folder", follow=follow).entries)

    is_root = os.geteuid() == 0
    assert [file.path for file in gathered.files if file.digest] == [
        "a.txt",
        *(["data.bin", "hidden/closed"] * is_root),
    ]
    assert gathered.skipped == ([] if is_root else ["data.bin: Permission denied", "hidden/closed: Permission denied"])


def test_folders_that_lead_to_the_next_one_twice_come_to_an_end(tmp_path: Path) -> None:
    """Forty folders, each with two links to the next, are no loop and would be 2**40 files: it ends, and says why."""
    for number in range(40):
        folder = tmp_path / f"{number}"
        _write(folder / "a.txt", "a")
        for name in ("x", "y"):
            _link(folder / name, f"../{number + 1}")
    (tmp_path / "40").mkdir()

    began = time.process_time()
    listing = listed(tmp_path / "0", follow="outside")

    assert time.process_time() - began < 20
    assert any("more than 32 others" in why for _, why in listing.not_followed)


def test_what_is_replaced_by_a_link_after_it_was_listed_is_not_followed(tmp_path: Path) -> None:
    """Between looking and reading somebody may put a link in a file's place: it is a link then, and no content."""
    secret = _write(tmp_path / "secret", CANARY)
    file = _write(tmp_path / "folder" / "a.txt", "a")
    entries = listed(tmp_path / "folder", follow="outside").entries
    file.unlink()
    file.symlink_to(secret)

    [new_file] = gather(None, entries).files

    assert (new_file.link_target, new_file.digest) == (str(secret), None)


def test_link_to_a_folder_lies_where_it_leads_now(tmp_path: Path) -> None:
    """What `latest` was when it was saved is found again after it leads elsewhere; files lie where they were named."""
    latest = _latest(tmp_path)

    assert location_of(latest) == str(tmp_path / "checkpoints" / "step-100")
    assert location_of(latest / "model.pt") == str(latest / "model.pt")


def test_version_of_a_folder_comes_back_as_a_folder(tmp_path: Path) -> None:
    """Also when the folder has one file; a file comes back as a file, whatever its name."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "model.bin").write_text("weights")
    (tmp_path / "a\\b.bin").write_text("w")
    with artui.start_run(name="r", catalog=tmp_path / "c.artui") as run:
        run.save("folder", tmp_path / "folder")
        run.save("file", tmp_path / "folder" / "model.bin")
        run.save("odd", tmp_path / "a\\b.bin")
        assert [path.name for path in run.use("folder").iterdir()] == ["model.bin"]
        assert run.use("file").read_text() == "weights" and run.use("odd").read_text() == "w"
