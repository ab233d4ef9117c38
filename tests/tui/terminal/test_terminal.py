"""The real program in a real pseudo-terminal: what it sends, and how it ends."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

import artui
from artui.settings import keep_state

SEQUENCE = re.compile(r"\x1b\[[<=>?]?[0-9;]*[ $]?[A-Za-z]|\x1b\][0-9]+;[^\x07\x1b]*\x07|\x1b[=>78M]|\x1b\(B")


class Terminal:
    """The program, started in a pseudo-terminal of 100 x 30."""

    def __init__(self, path: Path | None, *, cwd: Path | None = None, **env: str) -> None:
        if path is not None:
            keep_state("greeted.json", True)  # it is not the first time
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            settings = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", **env}
            settings["PYTHONFAULTHANDLER"] = "1"  # one that does not end says where it is
            settings.pop("TEXTUAL_COLOR_SYSTEM", None)
            if cwd is not None:
                os.chdir(cwd)
            words = [sys.executable, "-m", "artui"] if path is None else [sys.executable, "-m", "artui", str(path)]
            os.execvpe(sys.executable, words, settings)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.text = ""

    def read(self, until: str | None, *, seconds: float = 60.0) -> bool:
        """Take output until a pattern is in it, or, without one, until the program has closed the terminal."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if until is not None and re.search(until, self.text):
                return True
            if select.select([self.master], [], [], 0.05)[0]:
                try:
                    data = os.read(self.master, 65536)
                except OSError:
                    data = b""
                if not data:
                    return until is None
                self.text += data.decode("utf-8", "replace")
        return False

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())
        self.read("$^", seconds=0.4)

    def wait(self, *, seconds: float = 60.0) -> int:
        """Give the exit code, 128 plus the signal if one ended it.

        Raises:
            AssertionError: it has not ended by then, by far more than a busy machine takes; with where it was.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            self.read("$^", seconds=0.05)
        os.kill(self.pid, signal.SIGABRT)
        self.read(None, seconds=5)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError(f"the program did not end:\n{self.text}")


def given_back(text: str) -> bool:
    """Whether the terminal is as it was: main screen, cursor shown, mouse and bracketed paste off."""
    return all(
        text.rfind(off) > text.rfind(on)
        for on, off in (
            ("\x1b[?1049h", "\x1b[?1049l"),
            ("\x1b[?25l", "\x1b[?25h"),
            ("\x1b[?1000h", "\x1b[?1000l"),
            ("\x1b[?2004h", "\x1b[?2004l"),
        )
    )


def test_closed_terminal_that_is_not_its_own_ends_the_app(small_catalog: Path) -> None:
    """Started by a program that keeps the terminal to itself, no signal says that it has gone: the app ends, and spins for nobody."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    settings = {**os.environ, "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "artui", str(small_catalog)]
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=settings, start_new_session=True)
    os.close(slave)
    seen = b""
    while b"calm-otter-11" not in seen and select.select([master], [], [], 60)[0]:
        seen += os.read(master, 65536)
    os.close(master)
    try:
        assert process.wait(20) == 128 + signal.SIGHUP
    finally:
        process.kill()
    assert os.listdir(small_catalog.parent) == [small_catalog.name]


@pytest.mark.parametrize(("keys", "code"), [("q", 0), ("\x03", 130)])
def test_quitting_gives_the_terminal_back(small_catalog: Path, keys: str, code: int) -> None:
    """q ends with 0, ctrl+C with 130."""
    terminal = Terminal(small_catalog)
    assert terminal.read("calm-otter-11")
    terminal.press(keys)
    assert terminal.wait() == code and given_back(terminal.text)


@pytest.mark.parametrize("output", ["changes", "plain"])
def test_both_outputs_show_the_table(small_catalog: Path, output: str) -> None:
    """Our own last step, and Textual's, both show runs and react to keys."""
    terminal = Terminal(small_catalog, ARTUI_OUTPUT=output)
    assert terminal.read("calm-otter-11")
    before = len(terminal.text)
    terminal.press("j")
    assert len(terminal.text) > before
    terminal.press("q")
    assert terminal.wait() == 0


def test_hostile_catalog_sends_nothing_of_its_own(hostile_catalog: Path) -> None:
    """Through every screen, the terminal gets only sequences that Textual and artui send, and no title, clipboard or reset from the catalog."""
    terminal = Terminal(hostile_catalog)
    assert terminal.read("pwned")
    for keys in (
        "p",
        "  c",
        "=",
        "\x1b",
        "\r",
        "\t",
        "\t",
        "\t",
        "\x1b",
        "2",
        "\r",
        "\t",
        "L",
        "\x1b",
        "\x1b",
        "\x1b",
        "1",
        "q",
    ):
        terminal.press(keys)
    assert terminal.wait() == 0
    rest = SEQUENCE.sub("", terminal.text)
    assert "]0;pwned\x07" not in terminal.text and "\x1b[31mred" not in terminal.text
    assert not [
        letter
        for letter in rest
        if (letter < " " and letter not in "\r\n\t") or "\x7f" <= letter <= "\x9f" or letter in "\u202e\u200b"
    ]


def test_no_color_sends_no_colour(small_catalog: Path) -> None:
    """With NO_COLOR no colour code is sent, and the cursor's row is still marked."""
    terminal = Terminal(small_catalog, NO_COLOR="1")
    assert terminal.read("calm-otter-11")
    terminal.press("j")
    terminal.press("q")
    assert terminal.wait() == 0
    assert (
        not re.search(r"\x1b\[(?:\d+;)*[34][0-8](?:;\d+)*m", terminal.text)
        and "▌" in terminal.text
        and re.search(r"\x1b\[[0-9;]*7m", terminal.text)
    )


def test_sixteen_colours_are_enough(small_catalog: Path) -> None:
    """With TERM=xterm only the sixteen standard colours are used."""
    terminal = Terminal(small_catalog, TERM="xterm", COLORTERM="")
    assert terminal.read("calm-otter-11")
    terminal.press("q")
    assert terminal.wait() == 0
    assert (
        "38;2" not in terminal.text
        and "38;5" not in terminal.text
        and re.search(r"\x1b\[[0-9;]*9[0-9]m", terminal.text)
    )


def test_dumb_terminal_is_refused(small_catalog: Path) -> None:
    """TERM=dumb gets one line that points to the command line, and exit code 2."""
    terminal = Terminal(small_catalog, TERM="dumb")
    terminal.read(None, seconds=10)
    assert terminal.wait() == 2
    assert "artui ls" in terminal.text and "\x1b" not in terminal.text


def test_idle_app_sends_nothing(small_catalog: Path) -> None:
    """With nothing running and nothing changing, not one byte is sent."""
    from artui.catalog import Catalog

    with Catalog(small_catalog) as catalog, catalog.transaction() as connection:
        connection.execute("UPDATE run SET status = 1 WHERE status = 0")
    terminal = Terminal(small_catalog)
    assert terminal.read("calm-otter-11")
    terminal.read("$^", seconds=1.5)
    before = len(terminal.text)
    terminal.read("$^", seconds=2.5)
    assert len(terminal.text) == before
    terminal.press("q")
    assert terminal.wait() == 0


@pytest.mark.parametrize("how", ["ctrl+z", "SIGSTOP"])
def test_screen_is_whole_after_it_was_stopped(small_catalog: Path, how: str) -> None:
    """ctrl+z gives the terminal back, and draws everything when it goes on; what was logged meanwhile is seen, however it was stopped."""
    terminal = Terminal(small_catalog)
    assert terminal.read("calm-otter-11")
    terminal.read("$^", seconds=0.5)
    os.write(terminal.master, b"\x1a") if how == "ctrl+z" else os.kill(terminal.pid, signal.SIGSTOP)
    stopped = os.waitpid(terminal.pid, os.WUNTRACED)[1]
    terminal.read("$^", seconds=0.2)
    assert os.WIFSTOPPED(stopped) and given_back(terminal.text) is (how == "ctrl+z")
    artui.start_run(catalog=small_catalog, name="meanwhile-1").finish()
    before = len(terminal.text)
    os.kill(terminal.pid, signal.SIGCONT)
    assert terminal.read("meanwhile-1")
    assert how == "SIGSTOP" or ("calm-otter-11" in terminal.text[before:] and "all keys" in terminal.text[before:])
    terminal.press("q")
    assert terminal.wait() == 0


def test_what_is_typed_while_the_app_starts_is_a_filter(demo_catalog: Path) -> None:
    """A slash and words typed before the first picture arrive whole, and none of the letters is a command."""
    terminal = Terminal(demo_catalog)
    os.write(terminal.master, b"/sweep and momentum\r")
    assert terminal.read(r"\d+ of 43 runs")
    assert "sweep and momentum" in re.sub(SEQUENCE, "", terminal.text)
    assert isinstance(terminal.pid, int)
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.wait() == 143


def test_keys_of_a_menu_belong_to_it_however_fast_they_come(demo_catalog: Path) -> None:
    """g and the key behind it in one reading group; g / offers what to group by; u alone would undo."""
    terminal = Terminal(demo_catalog)
    assert terminal.read("age")
    os.write(terminal.master, b"gs")
    assert terminal.read("of one run")
    os.write(terminal.master, b"gu")
    assert terminal.read("not grouped any more")
    assert "taken back" not in terminal.text and "from elsewhere: it can" not in terminal.text
    os.write(terminal.master, b"g/")
    assert terminal.read("group by")
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.wait() == 143
