"""The console of a run: what a terminal would show, as a file that can be read while it grows."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import artui
from artui.capture.console import ConsoleLog
from artui.content.console import OPEN_LINES, Screen
from artui.query.artifacts import file_text, get_version
from artui.secrets import Redactor
from tests.reading import open_reader


def _shown(*parts: str) -> str:
    screen = Screen()
    return "".join(screen.feed(part) for part in parts) + screen.open_text


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("one\ntwo\n", "one\ntwo\n"), ("1%\r50%\r100%\ndone", "100%\ndone"), ("long text\rshort", "shortText"[:5] + "text"), ("a\r\nb\r\n", "a\nb\n"),
        ("\x1b[31mred\x1b[0m plain", "red plain"), ("\x1b]0;title\x07x", "x"), ("abc\x1b[2K\rnew", "new"), ("abc\b\bX", "aXc"),
        ("bar0\nbar1\x1b[A\rBAR0\n", "BAR0\nbar1"), ("gone\r\x1b[Kkept", "kept"), ("nul\x00bell\x07", "nulbell"), ("a\x1b[5Cb", "a     b"),
    ],
)  # fmt: skip
def test_console_is_what_a_terminal_shows(printed: str, shown: str) -> None:
    """Carriage returns, cursor movements, erasures and colours leave what a person would have seen."""
    assert _shown(printed) == shown


@given(text=st.text("ab\n\r\x1b[2KmA;\b", max_size=60), cuts=st.lists(st.integers(0, 60), max_size=5))
def test_cutting_the_output_changes_nothing(text: str, cuts: list[int]) -> None:
    """However output arrives in parts, in the middle of an escape sequence too, the console is the same."""
    places = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    parts = [text[low:high] for low, high in pairwise(places)]
    assert _shown(*parts) == _shown(text)


def test_two_nested_bars_stay_two_lines() -> None:
    """Bars that move the cursor up and down are drawn over, as tqdm does with several of them."""
    parts = [f"\router {n}\n\rinner {n}\x1b[A" for n in range(500)]
    assert _shown("start\n", *parts, "\n\nend\n") == "start\nouter 499\ninner 499\nend\n"


def test_file_grows_and_its_end_may_change(tmp_path: Path) -> None:
    """The file shows unfinished lines too; they are replaced, and finished lines are never rewritten."""
    log = ConsoleLog(tmp_path / "x.log", limit_bytes=1 << 20, redact=str)
    log.feed("first\n10%")
    log.tick()
    assert log.path.read_text() == "first\n10%"
    log.feed("\r20%", stream="err")
    log.tick()
    assert log.path.read_text() == "first\n20%"
    log.feed("".join(f"\nline {n}" for n in range(3 * OPEN_LINES)))
    log.feed(b"\n\xc3")
    log.feed(b"\xa4")
    log.close()
    assert log.path.read_text().splitlines() == ["first", "20%", *(f"line {n}" for n in range(3 * OPEN_LINES)), "ä"]


def test_middle_of_a_long_console_is_left_out(tmp_path: Path) -> None:
    """Above the limit the beginning and the end are kept, and the file says how much is missing."""
    log = ConsoleLog(tmp_path / "x.log", limit_bytes=1 << 16, redact=str)
    for number in range(40_000):
        log.feed(f"line {number}\n")
    log.close()
    lines = log.path.read_text().splitlines()
    assert log.path.stat().st_size <= 1 << 16 and lines[0] == "line 0" and lines[-1] == "line 39999"
    notices = [line for line in lines if "left out" in line]
    assert len(notices) == 1
    missing = int(notices[0].split()[1].replace(",", ""))
    kept = log.path.stat().st_size - len(notices[0]) - 1
    assert kept + missing == sum(len(f"line {number}\n") for number in range(40_000))


def test_what_a_run_prints_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """stdout and stderr go where they went, and into the run's console; afterwards the streams are what they were."""
    monkeypatch.setenv("ARTUI_CONSOLE", "1")
    from artui.settings import load_settings

    load_settings.cache_clear()
    before = sys.stdout, sys.stderr
    with artui.start_run(project="p", name="r", catalog=tmp_path / "x.artui") as run:
        print("hello")
        print("trouble", file=sys.stderr)
        assert sys.stdout.isatty() is False and sys.stdout.encoding
        live = tmp_path / "x.artui-spool" / f"{run.id}.log"
        assert run._writer is not None and run._writer.fold_now(10)
        run.tick()
        assert live.read_text() == "hello\ntrouble\n"
    print("after")

    assert (sys.stdout, sys.stderr) == before
    assert capsys.readouterr() == ("hello\nafter\n", "trouble\n")
    with open_reader(tmp_path / "x.artui") as reader:
        head = reader.run("r").detail().outputs[0]
        assert (head.artifact, head.kind) == ("console", "log")
        assert file_text(reader, head.key, get_version(reader, head.id).files[0].path)[0] == "hello\ntrouble\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.artui"]


def test_streams_do_not_break_each_others_lines(tmp_path: Path) -> None:
    """Pieces come as buffers are full: a line that one stream has begun is finished before another's begin, and no secret is cut."""
    log = ConsoleLog(tmp_path / "x.log", limit_bytes=1 << 20, redact=Redactor("k").text)
    log.feed("first half ghp_" + "a1" * 9, stream="out")
    log.feed("a warning\nanother", stream="err")
    log.tick()
    assert "a warning" in log.path.read_text()
    log.feed("b2" * 9 + "\nnext", stream="out")
    log.feed(" one\n", stream="err")
    log.close()
    text = log.path.read_text()
    assert text.startswith("first half <redacted:github-token:") and text.split("\n")[1:] == [
        "a warning",
        "another one",
        "next",
    ]
