"""What tmux, GNU screen and mosh show of names whose width terminals dispute, and of the numbers beside them.

    .venv/bin/python tests/bench/bench_terminals.py --count 100 tmux screen mosh

Each is started in a terminal in memory, artui's last step draws COUNT sequences of updates in it, and then each picture
anew. Counts the rows in which a digit is not in its cell, and the rows that drawing anew changes. The terminal in memory
gives letters the same cells as the program in it does (`--widths same`), those that layout counts (`layout`), or cells
by chance (a number). `--colours` is what artui writes in: tmux leaves out what it has already if colours are `few`.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from random import Random

import pyte
import pyte.modes

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from artui.tui.terminal.widths import cells_of, is_certain  # noqa: E402
from tests.tui.terminal.inside import COLOURS  # noqa: E402
from tests.tui.terminal.odd_updates import HEIGHT, WIDTH  # noqa: E402

QUIET_SECONDS = {"tmux": 0.12, "screen": 0.12, "mosh": 0.5}


class Screen(pyte.Screen):
    """pyte's screen with widths that may be set, and with marks that join the letter before them whatever their class."""

    widths: dict[str, int]

    def draw(self, data: str) -> None:
        for letter in data.translate(self.g1_charset if self.charset else self.g0_charset):
            cells = cells_of(letter) if is_certain(letter) else self.widths.get(letter, 1)
            line, cursor = self.buffer[self.cursor.y], self.cursor
            if cells <= 0:
                x = cursor.x - 1 - (cursor.x > 1 and line[cursor.x - 1].data == "")
                if x >= 0:
                    line[x] = line[x]._replace(data=line[x].data + letter)
                continue
            if cursor.x + cells > self.columns:
                if pyte.modes.DECAWM in self.mode:
                    self.carriage_return()
                    self.linefeed()
                else:
                    cursor.x = self.columns - cells
            if pyte.modes.IRM in self.mode:
                self.insert_characters(cells)
            line = self.buffer[cursor.y]
            line[cursor.x] = cursor.attrs._replace(data=letter)
            if cells == 2:
                line[cursor.x + 1] = cursor.attrs._replace(data="")
            cursor.x += cells

    def scroll_up(self, count: int = 1, **_: object) -> None:
        """Move all rows up, which pyte does not know; tmux clears its screen so."""
        y = self.cursor.y
        self.cursor.y = (self.margins or pyte.screens.Margins(0, self.lines - 1)).bottom
        for _step in range(count or 1):
            self.index()
        self.cursor.y = y

    def letters(self, y: int) -> list[str]:
        return [self.buffer[y][x].data for x in range(WIDTH)]


class Stream(pyte.ByteStream):
    """pyte's stream, which knows how rows are moved up."""

    csi = pyte.ByteStream.csi | {"S": "scroll_up"}
    events = pyte.ByteStream.events | {"scroll_up"}


class Program:
    """tmux, screen or mosh with `tests.tui.terminal.inside` in it, started in a terminal in memory."""

    def __init__(self, name: str, folder: Path, count: int, colours: str) -> None:
        self.name = name
        self.screen = Screen(WIDTH, HEIGHT + 1)
        self.screen.widths = {}
        self._stream = Stream(self.screen)
        env = {key: value for key, value in os.environ.items() if key not in ("TMUX", "STY")}
        env |= {"LC_ALL": "C.UTF-8", "TERM": "screen-256color", "TMUX_TMPDIR": str(folder), "SCREENDIR": str(folder)}
        inside = [sys.executable, "-m", "tests.tui.terminal.inside", str(folder), str(count), colours]
        if name == "tmux":
            command = ["tmux", "-u", "-f", os.devnull, "new-session", *inside]
        elif name == "screen":
            (folder / "rc").write_text("defutf8 on\nstartup_message off\nterm screen-256color\n")
            command = ["screen", "-U", "-c", str(folder / "rc"), *inside]
        else:
            server = ["mosh-server", "new", "-i", "127.0.0.1", "-l", "LC_ALL=C.UTF-8", "--", *inside]
            answer = subprocess.run(server, capture_output=True, text=True, env=env, check=True).stdout
            _, _, port, key = next(line for line in answer.split("\n") if line.startswith("MOSH CONNECT")).split()
            env |= {"MOSH_KEY": key, "MOSH_PREDICTION_DISPLAY": "never"}
            command = ["mosh-client", "127.0.0.1", port]
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            time.sleep(0.2)  # until the size is set
            os.execvpe(command[0], command, env)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT + 1, WIDTH, 0, 0))

    def take(self, quiet_seconds: float) -> None:
        """Show what the program writes until it has been quiet for so long."""
        while select.select([self._master], [], [], quiet_seconds)[0]:
            try:
                self._stream.feed(os.read(self._master, 65536))
            except OSError:  # it has ended
                return

    def end(self) -> None:
        os.kill(self.pid, signal.SIGHUP)
        os.close(self._master)
        os.waitpid(self.pid, 0)


def measure(name: str, count: int, widths: str, colours: str) -> str:
    """Run one program; say what was counted."""
    wrong = changed = rows = 0
    with tempfile.TemporaryDirectory(prefix="artui-") as text:
        folder = Path(text)
        folder.chmod(0o700)
        program = Program(name, folder, count, colours)
        before: list[list[str]] = []
        for number in range(1 + 2 * count):
            deadline = time.monotonic() + 30
            while not (folder / f"{number}.json").exists():
                program.take(0.03)
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{name} did not get to picture {number}")
            program.take(QUIET_SECONDS[name])
            posted = json.loads((folder / f"{number}.json").read_text())
            if number == 0:
                random = Random(widths)
                program.screen.widths = (
                    posted
                    if widths == "same"
                    else {
                        letter: cells_of(letter) if widths == "layout" else random.choice([0, 1, 1, 2])
                        for letter in posted
                    }
                )
            else:
                shown = [program.screen.letters(y) for y in range(HEIGHT)]
                rows += HEIGHT
                for wanted, got in zip(posted, shown, strict=True):
                    wrong += any(letter in set("0123456789") and letter != got[x] for x, letter in enumerate(wanted))
                if number % 2 == 0:
                    changed += sum(row != row_before for row, row_before in zip(shown, before, strict=True))
                before = shown
            (folder / f"{number}.go").touch()
        program.take(0.5)
        program.end()
    return f"{name}, widths {widths}, colours {colours}: of {rows} rows {wrong} with a digit out of place, {changed} that drawing anew changed"


def main() -> None:
    """Measure the programs that are installed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="+", choices=list(QUIET_SECONDS))
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--widths", default="same")
    parser.add_argument("--colours", choices=list(COLOURS), default="all")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    for name in arguments.programs:
        is_there = shutil.which(f"{name}-client" if name == "mosh" else name)
        print(
            measure(name, arguments.count, arguments.widths, arguments.colours)
            if is_there
            else f"{name} is not installed",
            flush=True,
        )


if __name__ == "__main__":
    main()
