"""`artui help`: every page, without a network and without the app, whole in any width."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from artui.cli import VERBS, manual, run
from artui.cli.markdown import drawn
from artui.tui.keys import KEYS
from tests.documents import MANUAL, PAGES


def test_every_page_that_is_there_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """A file in the folder is a subject, with its first sentence; the page of the keys is made."""
    assert run(["help"]) == 0

    summaries = dict(re.findall(r"^  (\w+) +(.+)$", capsys.readouterr().out, flags=re.M))
    assert set(summaries) == {path.stem for path in PAGES} | {"keys"}
    assert all(summaries[path.stem] == path.read_text("utf-8").splitlines()[2] for path in PAGES)


def test_a_page_that_is_put_there_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A new page needs no line of code: it comes after those whose order is told."""
    (tmp_path / "manual").mkdir()
    for name in ("zebras", "filters"):
        (tmp_path / "manual" / f"{name}.md").write_text(f"# {name}\n\nAll about {name}.\n")
    monkeypatch.setattr(manual, "files", lambda _: tmp_path)

    assert manual.names() == ["filters", "keys", "zebras"]
    assert manual.page("zebras").summary == "All about zebras."


@pytest.mark.parametrize("name", manual.names())
@pytest.mark.parametrize("columns", [40, 80, 200])
def test_no_word_of_a_page_is_lost(name: str, columns: int) -> None:
    """In any width all words are there, none is broken, and nothing but code is wider than the terminal."""
    text = re.sub(r"<!--.*?-->", "", manual.page(name).text, flags=re.S)
    as_read = re.sub(r"\]\([^)]*\)|^```\w*$", " ", text, flags=re.M).replace("\\|", "|")
    page = drawn(manual.page(name).text, columns=columns)

    assert not Counter(re.findall(r"\w+", as_read)) - Counter(re.findall(r"\w+", page))
    wide = [line for line in page.splitlines() if len(line) > columns]
    assert all(line.strip() in text for line in wide)
    assert "\x1b" not in page


def test_pictures_and_links_say_what_they_are() -> None:
    """In the terminal a picture is its title, and a link to a page the words that show it; code keeps its marks."""
    page = drawn("# A\n\n![Two runs](../../screenshots/x.png)\n\nSee [filters](filters.md) for `a`.\n", columns=80)

    assert "[picture: Two runs]" in page and "screenshots" not in page
    assert "See filters (`artui help filters`) for `a`." in page


def test_a_page_is_shown_without_the_app() -> None:
    """No page but that of the keys loads Textual, and none the catalog's libraries."""
    code = "import sys; from artui.cli import run; run(['help', 'filters']); run(['help']); run(['help', 'mlflow']); print('\\n'.join(sys.modules))"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert "# Filters" not in done.stdout and "Filters\n=======" in done.stdout
    assert not {"textual", "numpy", "sqlite_utils", "artui.tui"} & set(done.stdout.splitlines())


def test_keys_are_those_of_the_app(capsys: pytest.CaptureFixture[str]) -> None:
    """`artui help keys` has every key with its sentence, from the bindings."""
    assert run(["help", "keys"]) == 0

    output = " ".join(capsys.readouterr().out.split())
    assert all(" ".join(f"`{part}`" for part in key.shown.split(" ")) in output for key in KEYS)
    text = manual.page("keys").text
    assert all(key.help in text for key in KEYS)


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "keys"])
def test_a_verb_is_explained(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`artui help VERB` is `artui VERB --help`, and names the pages that speak of it."""
    assert run(["help", verb]) == 0
    output = capsys.readouterr().out
    assert run([verb, "--help"]) == 0

    usage = f"Usage: artui {verb} "
    assert output.startswith(usage) and capsys.readouterr().out.startswith(usage)
    assert all(f"artui {verb}" in (MANUAL / f"{name}.md").read_text("utf-8") for name in manual.pages_about(verb))


@pytest.mark.parametrize(
    ("word", "heading"), [("mlflow", "MLflow"), ("wandb", "`artui import wandb`"), ("Colours", "Colours")]
)
def test_a_heading_is_a_subject_too(word: str, heading: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A word of a heading shows its section, and says which page it is from."""
    assert run(["help", word]) == 0

    output = capsys.readouterr().out
    assert heading in output and "The whole page: `artui help " in output


@pytest.mark.parametrize(
    ("word", "offered"), [("filtr", "filters"), ("importin", "importing"), ("mlfow", "mlflow"), ("xyzzy", "")]
)
def test_unknown_subject_is_one_line(word: str, offered: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what is near, and what to do next; the exit code is 2."""
    assert run(["help", word]) == 2

    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "Traceback" not in err
    assert f"artui help search {word}" in err and "`artui help` lists" in err
    assert (f"Did you mean {offered}" in err) if offered else "Did you mean" not in err


def test_search_finds_pages_and_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line that has all the words is there below its page and heading; nothing found is exit code 1."""
    assert run(["help", "search", "spearman"]) == 0
    output = capsys.readouterr().out
    assert "charts: Many runs\n" in output and "rank correlation of Spearman" in output
    assert run(["help", "search", "OSC", "clipboard", "--json"]) == 0
    assert any(
        hit["subject"] == "exploring" and "OSC 52" in hit["line"] for hit in json.loads(capsys.readouterr().out)["hits"]
    )
    assert run(["help", "search", "xyzzy"]) == 1
    assert "nothing with 'xyzzy'" in capsys.readouterr().err
    assert run(["help", "search"]) == 2


def test_pages_are_json_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    """--json gives subjects, or a page as it is written."""
    assert run(["help", "--json"]) == 0
    assert [page["subject"] for page in json.loads(capsys.readouterr().out)["subjects"]] == manual.names()
    assert run(["help", "filters", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pages"][0]["markdown"] == (MANUAL / "filters.md").read_text("utf-8")


@pytest.mark.parametrize(("extra", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_a_terminal_gets_a_pager(extra: dict[str, str], is_coloured: bool, tmp_path: Path) -> None:
    """On a terminal the page goes through less, with colours unless NO_COLOR; a pager of one's own gets plain text."""
    # Stands for less: what it is given is kept.
    (tmp_path / "less").write_text('#!/bin/sh\necho "$@ $LESS" > asked\ncat > given\n')
    (tmp_path / "less").chmod(0o755)
    env = {name: value for name, value in os.environ.items() if name not in ("PAGER", "LESS")}
    env |= {"PATH": f"{tmp_path}{os.pathsep}{env['PATH']}", "TERM": "xterm-256color", "PAGER": "less", **extra}
    master, slave = pty.openpty()
    words = [sys.executable, "-m", "artui", "help", "filters"]
    done = subprocess.run(words, cwd=tmp_path, env=env, stdin=slave, stdout=slave, stderr=slave, timeout=60, check=False)  # fmt: skip
    os.close(slave)
    os.close(master)

    given = (tmp_path / "given").read_text("utf-8")
    assert done.returncode == 0 and "what is missing and what is there" in " ".join(given.split())
    assert ("\x1b[" in given) is is_coloured
    assert "R" in (tmp_path / "asked").read_text("utf-8")


def test_without_a_keyboard_a_page_is_just_printed() -> None:
    """On a terminal that cannot be typed at there is no pager, and no escape sequence, shown or not."""
    master, slave = pty.openpty()
    words = [sys.executable, "-m", "artui", "help", "sharing"]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave) as process:
        os.close(slave)
        output = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while part := os.read(master, 65536):
                output += part
    os.close(master)

    assert process.returncode == 0 and b"Share, copy and merge catalogs" in output
    assert b"\x1b" not in output and "␛".encode() not in output


def test_subjects_are_offered(capsys: pytest.CaptureFixture[str]) -> None:
    """Tab offers subjects and verbs behind `artui help`."""
    env = {**os.environ, "_ARTUI_COMPLETE": "bash_complete", "COMP_WORDS": "artui help fi", "COMP_CWORD": "2"}
    done = subprocess.run([sys.executable, "-m", "artui"], capture_output=True, text=True, env=env, timeout=60, check=True)  # fmt: skip

    assert done.stdout.split() == ["plain,filters", "plain,file", "plain,finish"]
