"""Every verb with every bad thing: an exit code, a line that says what to do, and never a traceback."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from artui.cli import VERBS, run
from artui.settings import config_folder, load_settings
from tests.cli.conftest import ARGUMENTS, Call, write_runs

WORDS = {**ARGUMENTS, "demo": ["near.artui", "--no-app"]}
"""The demo's catalog is there: making it takes its time, and has tests of its own."""


def _changed(verb: str, change: Callable[[str], str]) -> list[str]:
    """Give the words of a verb's call, each changed; options stay."""
    return [word if word.startswith("-") else change(word) for word in WORDS[verb]]


def _gone(verb: str) -> list[str]:
    shutil.rmtree(Path.cwd())
    return [verb, *WORDS[verb]]


def _set(text: str) -> Callable[[str], list[str]]:
    def write(verb: str) -> list[str]:
        config_folder().mkdir(parents=True, exist_ok=True)
        (config_folder() / "settings.toml").write_text(text)
        load_settings.cache_clear()
        # The table of keys is made once, as the app is imported.
        sys.modules.pop("artui.tui.keys", None)
        return [verb, *WORDS[verb]]

    return write


def _cut(verb: str) -> list[str]:
    Path("near.artui").write_bytes(Path("near.artui").read_bytes()[:5000])
    return [verb, *WORDS[verb]]


BAD: dict[str, Callable[[str], list[str]]] = {
    "the current folder is gone": _gone,
    "a NUL in the catalog": lambda verb: [verb, "-c", "a\0b", *WORDS[verb]],
    "half a letter in the catalog": lambda verb: [verb, "-c", "\ud800.artui", *WORDS[verb]],
    "a catalog of 5,000 letters": lambda verb: ["-c", "x" * 5000, verb, *WORDS[verb]],
    "a folder as the catalog": lambda verb: [verb, "-c", "store", *WORDS[verb]],
    "a text as the catalog": lambda verb: [verb, "-c", "data.txt", *WORDS[verb]],
    "a place below a file as the catalog": lambda verb: [verb, "-c", "data.txt/x.artui", *WORDS[verb]],
    "a cut catalog": _cut,
    "a NUL in every word": lambda verb: [verb, *_changed(verb, lambda word: word + "\0")],
    "half a letter in every word": lambda verb: [verb, *_changed(verb, lambda word: word + "\udfff")],
    "every word empty": lambda verb: [verb, *_changed(verb, lambda word: "")],
    "every word long": lambda verb: [verb, *_changed(verb, lambda word: word * 5000)],
    "no words": lambda verb: [verb],
    "words too many": lambda verb: [verb, *WORDS[verb], "one", "two", "three"],
    "an unknown option": lambda verb: [verb, "--nosuch", *WORDS[verb]],
    "settings that are no TOML": _set("="),
    "settings of the wrong type": _set("roots = [3]\nkeys = 3"),
    "keys of an unknown action": _set('[keys]\n"nosuch" = "f2"'),
    "keys that are a number": _set('[keys]\n"runs.sort" = 3'),
}
MAKES_DEMO = ("the current folder is gone", "every word empty", "no words")


@pytest.fixture(autouse=True)
def keys_as_they_were() -> object:
    """Leave no table of keys behind that was made with settings of a test."""
    kept = sys.modules.get("artui.tui.keys")
    yield
    sys.modules.pop("artui.tui.keys", None)
    if kept is not None:
        sys.modules["artui.tui.keys"] = kept
    (config_folder() / "settings.toml").unlink(missing_ok=True)


def _standing(folder: Path) -> set[tuple[Path, int, int]]:
    """Give what tells whether anything in a folder was changed; nothing if it is not there."""
    return {(path, status.st_size, status.st_mtime_ns) for path in folder.rglob("*") for status in (path.lstat(),)}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_thing_is_said_in_a_line(
    call: Call, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    """Whatever verb meets it: nothing unforeseen, at most a few lines, and an exit code of the list."""
    folder = tmp_path / "work"
    as_prepared: set[tuple[Path, int, int]] = set()
    for verb in VERBS:
        if verb == "demo" and bad in MAKES_DEMO:
            continue
        if not as_prepared or _standing(folder) != as_prepared:
            # A folder for each verb takes more time than most of the verbs do.
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(prepared, folder)
            as_prepared = _standing(folder)
        monkeypatch.chdir(folder)
        monkeypatch.delenv("ARTUI_RUN", raising=False)
        load_settings.cache_clear()
        arguments = BAD[bad](verb)

        code, out, err = call(*arguments)

        outcome = f"{arguments}: {code} {out[-200:]!r} {err[-400:]!r}"
        assert code in (*range(6), 126, 127), outcome
        assert "Traceback" not in out + err and "bug in artui" not in err, outcome
        # Lines of `exec` and `start`, which go on where recording is in trouble, are those of the recorder.
        assert len(err.splitlines()) <= (8 if verb in ("exec", "start", "log") else 3), outcome
        assert code != 2 or err, outcome
        monkeypatch.chdir(tmp_path)


def test_an_unforeseen_error_is_one_line(
    call: Call, workplace: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It says of what kind it was and how to see more, in one line of letters that show; asked for, where it came from."""
    monkeypatch.setitem(sys.modules, "artui.query.lineage", None)  # as in a broken installation
    sys.modules.pop("artui.cli.verbs.trace", None)

    code, out, err = call("trace", "a")
    monkeypatch.setenv("ARTUI_TRACEBACK", "1")
    more = call("trace", "a")

    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert err.startswith("artui: ModuleNotFoundError: ") and "ARTUI_TRACEBACK=1" in err
    assert more[0] == 1 and "Traceback" in more[2] and "artui/cli/verbs/trace.py" in more[2]


def test_a_folder_that_is_gone_is_no_trouble_for_a_whole_path(
    call: Call, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what needs the current folder says that it is gone."""
    gone = workplace / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert "no longer exists" in call("ls")[2]
    for verb in ("ls", "show", "compare", "why", "trace", "note", "tag", "undo", "log"):
        code, _, err = call(verb, "-c", str(workplace / "near.artui"), *WORDS[verb])
        assert code == 0, (verb, err)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252", "utf-8"])
def test_every_letter_can_be_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """A letter that the terminal lacks is its escape, and JSON is the same document."""
    path = tmp_path / "x.artui"
    write_runs(path, names="Ωé😀")
    for arguments in (["ls"], ["ls", "--json"], ["show", "😀"], ["ls", "--csv"], ["compare", "Ω", "é"], ["keys"]):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", stream)
        option = ["-c", str(path)] if arguments != ["keys"] else []
        assert run([*arguments, *option]) == 0, arguments
        stream.flush()
        printed = stream.buffer.getvalue()
        monkeypatch.undo()
        if "--json" in arguments:
            assert {run["name"] for run in json.loads(printed)["runs"]} == {"Ω", "é", "😀"}
        elif arguments[0] == "ls":
            text = printed.decode(encoding)
            assert ("é" in text) == (encoding != "ascii") and ("Ω" if encoding == "utf-8" else "\\u03a9") in text


@pytest.mark.parametrize(
    ("redirected", "code", "said"),
    [("> /dev/full", 5, "no room"), (">&-", 0, ""), ("2>&-", 0, ""), ("< /dev/null", 0, "")],
)
def test_streams_that_are_closed_or_full(tmp_path: Path, redirected: str, code: int, said: str) -> None:
    """A full device is said in one line, a closed stream is no trouble, and neither gets a byte of the catalog."""
    write_runs(tmp_path / "x.artui")
    before = (tmp_path / "x.artui").read_bytes()

    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m artui ls x.artui {redirected}'],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == code and said in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == bool(said) and (tmp_path / "x.artui").read_bytes() == before


@pytest.mark.parametrize("tag", ["", "=x", " ", "\t=3"])
def test_a_tag_needs_a_name(call: Call, workplace: Path, tag: str) -> None:
    """It is refused before anything is done, and named."""
    before = (workplace / "near.artui").read_bytes()
    for arguments in (("tag", "a", "good", tag), ("tag", "a", "--remove", tag), ("start", "--tag", tag), ("exec", "-t", tag, "--", "touch", "made")):  # fmt: skip
        code, out, err = call(*arguments)
        assert (code, out) == (2, "") and "has no name" in err and len(err.splitlines()) == 1
    assert (workplace / "near.artui").read_bytes() == before and not (workplace / "made").exists()


@pytest.mark.parametrize(("limit", "code"), [("0", 0), ("1", 0), ("-1", 2), ("x", 2), ("9" * 30, 0)])
def test_limits(call: Call, workplace: Path, limit: str, code: int) -> None:
    """None at all is a limit, too, and is not told as if nothing matched; less than none is refused."""
    for more in ((), ("--artifacts",)):
        exit_code, out, err = call("ls", "--limit", limit, *more)
        assert exit_code == code and ("matches" in err or "no runs" in err) is False
        assert (out == "") == (limit in ("0", "-1", "x")) and bool(err) == (code == 2)
        if code == 0:
            assert len(json.loads(call("ls", "--limit", limit, "--json", *more)[1])["artifacts" if more else "runs"]) == min(int(limit), 5 if more else 2)  # fmt: skip


def test_a_choice_that_is_missing_is_said_in_a_line(call: Call) -> None:
    """What click says in several lines stays readable."""
    err = call("completion")[2]
    assert "bash, zsh, fish" in err and "␊" not in err and os.linesep not in err.splitlines()[0]
