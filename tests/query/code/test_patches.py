"""Patches are taken apart and applied as git means them."""

from __future__ import annotations

import difflib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artui.query.code.difference import difference_lines
from artui.query.code.patches import (
    FilePatch,
    applied,
    fits,
    parsed,
    parts_of,
    reversed_patch,
    shared_parts,
    split_lines,
)

WORDS = st.sampled_from(
    ["a", "b", "c", "", " ", "-- x", "++ y", "--- a/x", "+++ b/x", "@@ -1 +1 @@", "\\ odd", "a\r", "\x0c", "\u2028", "diff --git a/x b/x", "é"]
)  # fmt: skip


@st.composite
def texts(draw: st.DrawFn) -> list[str]:
    """Lines with their newlines; sometimes the last one has none."""
    lines = [f"{word}\n" for word in draw(st.lists(WORDS, max_size=30))]
    has_end: bool = draw(st.booleans())
    if lines and not has_end and lines[-1] != "\n":
        lines[-1] = lines[-1][:-1]
    return lines


@st.composite
def edited(draw: st.DrawFn, lines: Sequence[str]) -> list[str]:
    """Give the lines after some were taken away, put in and changed."""
    out = list(lines)
    for _ in range(draw(st.integers(0, 5))):
        place = draw(st.integers(0, len(out)))
        out[place : place + draw(st.integers(0, 3))] = [f"{word}\n" for word in draw(st.lists(WORDS, max_size=3))]
    return [line if line.endswith("\n") or number == len(out) - 1 else f"{line}\n" for number, line in enumerate(out)]


def _patch(old: Sequence[str], new: Sequence[str], *, context: int = 3, name: str = "x.py") -> str:
    """Write a patch as git does, with the help of difflib."""
    out = [f"diff --git a/{name} b/{name}\n", "index 1111111..2222222 100644\n"]
    body = list(difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", n=context, lineterm="\n"))
    ends = ("" if line.endswith("\n") else "\n\\ No newline at end of file\n" for line in body)
    out += [line + end for line, end in zip(body, ends, strict=True)]
    return "".join(out) if body else ""


@given(st.data(), texts(), st.integers(0, 3))
def test_a_patch_gives_the_text_that_it_was_made_for(data: st.DataObject, old: list[str], context: int) -> None:
    """Applied forwards and, turned round, backwards; nothing is left out."""
    new = data.draw(edited(old))
    patch = _patch(old, new, context=context)
    if old == new:
        assert parsed(patch) == []
        return
    (file,) = parsed(patch)
    assert (file.path, file.status, file.notes) == ("x.py", "changed", ())
    assert applied(file, old) == (new, 0)
    assert applied(reversed_patch(file), new) == (old, 0)


@given(st.data(), texts())
def test_two_patches_of_one_text_show_parts_of_both(data: st.DataObject, old: list[str]) -> None:
    """Each part is what stands there in the file of either side, and the two are equal outside of all parts."""
    left, right = data.draw(edited(old)), data.draw(edited(old))
    first, second = (next(iter(parsed(_patch(old, new))), FilePatch("x.py", "x.py")) for new in (left, right))
    parts = parts_of(first, second)
    assert parts is not None
    places = [0, 0]
    for part in parts:
        assert left[part.left_start : part.left_start + len(part.left)] == part.left
        assert right[part.right_start : part.right_start + len(part.right)] == part.right
        assert left[places[0] : part.left_start] == right[places[1] : part.right_start]
        places = [part.left_start + len(part.left), part.right_start + len(part.right)]
    assert left[places[0] :] == right[places[1] :]


@given(st.data(), texts())
def test_the_lines_of_a_difference_are_those_of_both_files(data: st.DataObject, old: list[str]) -> None:
    """Every line stands where its number says, all that is not shown is equal, and counts agree with difflib's patch."""
    new = data.draw(edited(old))
    lines = difference_lines(old, new)
    seen_old, seen_new = set(), set()
    for line in lines:
        if line.old is not None:
            seen_old.add(line.old)
            assert old[line.old - 1].removesuffix("\n") == line.text
        if line.new is not None:
            seen_new.add(line.new)
            assert new[line.new - 1].removesuffix("\n") == line.text
    hidden = [[line for number, line in enumerate(side, 1) if number not in seen] for side, seen in ((old, seen_old), (new, seen_new))]  # fmt: skip
    assert hidden[0] == hidden[1]
    assert bool(lines) is (old != new)
    assert len(old) - sum(line.sign == "-" for line in lines) == len(new) - sum(line.sign == "+" for line in lines)


@given(st.text(alphabet=' +-@\\\nadif/gtbx0123,\r\t"', max_size=400))
def test_no_text_is_too_odd_to_be_taken_apart(text: str) -> None:
    """Whatever stands in a patch, it is read to its end, and can be applied to any text."""
    for file in parsed(text):
        applied(file, ["a\n", "b\n"])
        parts_of(file, file)
        reversed_patch(file)


@given(st.data(), texts(), st.integers(0, 400))
def test_what_is_cut_off_is_taken_as_far_as_it_goes(data: st.DataObject, old: list[str], length: int) -> None:
    """The lines that are left are those of the whole patch, and what is missing is said."""
    new = data.draw(edited(old))
    whole = _patch(old, new)
    cut = whole[:length].rpartition("\n")[0]
    hunks = [hunk for file in parsed(whole) for hunk in file.hunks]
    for file in parsed(cut):
        taken = [line for hunk in file.hunks for line in hunk.lines]
        assert [sign for sign, _ in taken] == [sign for hunk in hunks for sign, _ in hunk.lines][: len(taken)]
        if file.hunks and len(taken) < sum(len(hunk.lines) for hunk in hunks[: len(file.hunks)]):
            assert file.notes


DAMAGED = {
    "a hunk that does not fit": ("@@ -1,2 +1,2 @@\n nothing\n-like this\n+in the file\n@@ -5 +5 @@\n-e\n+E\n", ["a\n", "b\n", "c\n", "d\n", "E\n"], 1),
    "moved by two lines": ("@@ -1,2 +1,2 @@\n c\n-d\n+D\n", ["a\n", "b\n", "c\n", "D\n", "e\n"], 0),
    "a line without a sign": ("@@ -1,3 +1,3 @@\n a\n-b\n+B\nx\n", ["a\n", "B\n", "c\n", "d\n", "e\n"], 0),
    "an empty line for a blank": ("@@ -1,1 +1,2 @@\n a\n+\n", ["a\n", "\n", "b\n", "c\n", "d\n", "e\n"], 0),
    "counts too large": ("@@ -1,9 +1,9 @@\n-a\n+A\n", ["A\n", "b\n", "c\n", "d\n", "e\n"], 0),
    "a secret that was replaced": ("@@ -1,2 +1,2 @@\n <redacted:github-token:ab12>\n-b\n+B\n", ["a\n", "B\n", "c\n", "d\n", "e\n"], 0),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_patches_are_applied_as_far_as_they_fit(case: str) -> None:
    """Hunks that fit are applied, the others counted."""
    hunks, expected, unfit = DAMAGED[case]
    (file,) = parsed(f"diff --git a/x b/x\n--- a/x\n+++ b/x\n{hunks}")
    assert applied(file, ["a\n", "b\n", "c\n", "d\n", "e\n"]) == (expected, unfit)


def test_secrets_fit_what_they_stand_for() -> None:
    """And nothing else of the line may differ."""
    assert fits("key = <redacted:github-token:ab12>!\n", "key = ghp_1!\n") and not fits("key = <redacted:github-token:ab12>!\n", "kay = ghp_1!\n")  # fmt: skip


def _git(folder: Path, *arguments: str) -> bytes:
    settings = ("user.name=a", "user.email=a@b", "core.autocrlf=false", "commit.gpgsign=false")
    options = [part for setting in settings for part in ("-c", setting)]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return subprocess.run(["git", "-C", str(folder), *options, *arguments], check=True, capture_output=True, env=environment).stdout  # fmt: skip


BEFORE: dict[str, bytes] = {
    "plain.py": b"".join(b"line %d\n" % number for number in range(60)), "crlf.txt": b"a\r\nb\r\nc\r\n", "no end.txt": b"a\nb",
    "gone.py": b"x\ny\n", "old name.py": b"".join(b"row %d\n" % number for number in range(30)), "empty.py": b"", "pic.bin": b"\0\1\2",
    "t\tab \"q\".py": b"1\n", "größe.py": b"a\n", "-- dashes.sql": b"-- a\n-- b\n", "latin.txt": b"caf\xe9\nx\n",
}  # fmt: skip
AFTER: dict[str, bytes | None] = {
    "plain.py": BEFORE["plain.py"].replace(b"line 3\n", b"").replace(b"line 50\n", b"line 50\nnew\n"), "crlf.txt": b"a\r\nB\nc\r\n",
    "no end.txt": b"a\nb\n", "gone.py": None, "old name.py": None, "new name.py": BEFORE["old name.py"].replace(b"row 4\n", b"row four\n"),
    "empty.py": b"no longer", "pic.bin": b"\0\1\3", "t\tab \"q\".py": b"2\n", "größe.py": b"b\n", "-- dashes.sql": b"-- b\n-- c\n",
    "latin.txt": b"caf\xe9\ny\n", "sub/new.py": b"n\n",
}  # fmt: skip


@pytest.mark.parametrize(
    "option", ["-M", "--no-renames", "--no-prefix", "--src-prefix=c/ --dst-prefix=w/", "-U0", "--binary", "-M -U7"]
)
def test_what_git_writes_is_read(tmp_path: Path, option: str) -> None:
    """Renames, new and deleted files, CRLF, missing newlines, quoted names, other prefixes: each file comes out as it is."""
    _git(tmp_path, "init", "-q")
    for name, content in BEFORE.items():
        (tmp_path / name).write_bytes(content)
    _git(tmp_path, "add", "-A")
    _git(tmp_path, "commit", "-qm", "before")
    for name, after in AFTER.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).unlink(missing_ok=True) if after is None else (tmp_path / name).write_bytes(after)
    _git(tmp_path, "add", "-A")
    patch = _git(tmp_path, "diff", "--cached", *option.split()).decode("utf-8", "surrogateescape")

    results = {name: content for name, content in BEFORE.items() if "\0" not in content.decode("latin-1")}
    binary = []
    for file in parsed(patch):
        if file.is_binary:
            binary.append(file.path)
            continue
        old = "" if file.status == "added" else BEFORE[file.old_path].decode("utf-8", "surrogateescape")
        lines, unfit = applied(file, split_lines(old))
        assert not unfit and not [note for note in file.notes if not note.startswith("renamed")]
        if file.status == "deleted" or file.old_path != file.path:
            del results[file.old_path]
        if file.status != "deleted":
            results[file.path] = "".join(lines).encode("utf-8", "surrogateescape")
        else:
            assert lines == []
    assert results == {name: content for name, content in AFTER.items() if content is not None and name != "pic.bin"}
    assert binary == ["pic.bin"]


@given(st.data(), texts(), texts())
def test_what_two_patches_of_different_texts_share_is_in_both(
    data: st.DataObject, old: list[str], other: list[str]
) -> None:
    """Each part stands in the file of either side, with equal lines where it begins, unless the file does, and ends."""
    left, right = data.draw(edited(old)), data.draw(edited(other))
    patches = [next(iter(parsed(_patch(*pair))), FilePatch("x.py", "x.py")) for pair in ((old, left), (other, right))]
    for part in shared_parts(patches[0], patches[1]) or []:
        assert left[part.left_start : part.left_start + len(part.left)] == part.left
        assert right[part.right_start : part.right_start + len(part.right)] == part.right
        assert part.left[-1] == part.right[-1]
        assert part.left[0] == part.right[0] or part.left_start == part.right_start == 0
