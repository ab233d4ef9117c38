"""A small model of a terminal: what a program printed, as lines that a reader would have seen."""

from __future__ import annotations

import re

OPEN_LINES = 24
"""This many of the last lines may still change, since the cursor can move up to them."""


MAX_LINE_CHARS = 100_000


_SPECIAL = re.compile(r"[\r\x08\x1b\x9b\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]")


_TOKEN = re.compile(
    r"\x1b\[(?P<arguments>[0-9;:?<=>]*)[ -/]*(?P<final>[@-~])"  # CSI
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC, DCS and other strings
    r"|\x1b[ -/]*[0-~]"  # other escapes
    r"|(?P<control>[\n\r\x08])"
    r"|(?P<drop>[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x08\x0a-\x1f\x7f]+)"
)


_UNFINISHED = re.compile(r"\x1b(?:\[[0-9;:?<=>]*[ -/]*|[\]PX^_][^\x07\x1b]{0,4000}|[ -/]*)?\Z")


class Screen:
    """The last lines of a console, as a terminal would show them."""

    def __init__(self) -> None:
        self._lines: list[str] = [""]
        self._row = 0
        self._column = 0
        self._rest = ""

    @property
    def open_text(self) -> str:
        """The lines that may still change."""
        return "\n".join(self._lines)

    def feed(self, text: str) -> str:
        """Take text and give the lines that it finishes, each with its newline."""
        text = self._rest + text
        self._rest = ""
        if match := _UNFINISHED.search(text):
            self._rest = match[0]
            text = text[: match.start()]
        done: list[str] = []
        if self._row == len(self._lines) - 1 and not _SPECIAL.search(text.replace("\r\n", "\n")):
            self._feed_plain(text.replace("\r\n", "\n"), done)
        else:
            for match in _TOKEN.finditer(text):
                self._feed_token(match, done)
        return "".join(done)

    def _feed_plain(self, text: str, done: list[str]) -> None:
        first, newline, rest = text.partition("\n")
        self._write(first)
        if not newline:
            return
        *whole, last = rest.split("\n")
        self._lines += [*map(cut, whole), cut(last)]
        self._row, self._column = len(self._lines) - 1, len(last)
        self._settle(done)

    def _feed_token(self, match: re.Match[str], done: list[str]) -> None:
        if match["text"] is not None:
            self._write(match["text"])
        elif match["control"] == "\n":
            self._row += 1
            self._column = 0
            if self._row == len(self._lines):
                self._lines.append("")
                self._settle(done)
        elif match["control"] == "\r":
            self._column = 0
        elif match["control"] == "\b":
            self._column = max(0, self._column - 1)
        elif match["final"] is not None:
            self._move(match["final"], match["arguments"], done)

    def _write(self, text: str) -> None:
        line = self._lines[self._row]
        if self._column > len(line):
            line += " " * (self._column - len(line))
        line = line[: self._column] + text + line[self._column + len(text) :]
        self._lines[self._row] = cut(line)
        self._column = min(self._column + len(text), MAX_LINE_CHARS)

    def _move(self, final: str, arguments: str, done: list[str]) -> None:
        first = arguments.split(";")[0]
        count = min(int(first), 1000) if first.isascii() and first.isdigit() else 1 if final != "K" else 0
        line = self._lines[self._row]
        if final in "AF":
            self._row = max(0, self._row - max(1, count))
        elif final in "BE":
            for _ in range(max(1, count)):
                self._row += 1
                if self._row == len(self._lines):
                    self._lines.append("")
                    self._settle(done)
        elif final == "C":
            self._column = min(self._column + max(1, count), MAX_LINE_CHARS)
        elif final == "D":
            self._column = max(0, self._column - max(1, count))
        elif final == "G":
            self._column = max(0, count - 1)
        elif final == "K":
            kept = (
                "" if count == 2 else line[: self._column] if count == 0 else " " * self._column + line[self._column :]
            )
            self._lines[self._row] = kept
        elif final == "J" and count == 0:
            del self._lines[self._row + 1 :]
            self._lines[self._row] = line[: self._column]
        if final in "EF":
            self._column = 0

    def _settle(self, done: list[str]) -> None:
        """Finish lines that are too far up to be changed."""
        extra = len(self._lines) - OPEN_LINES
        if extra > 0:
            done.append("\n".join(self._lines[:extra]) + "\n")
            del self._lines[:extra]
            self._row = max(0, self._row - extra)


def cut(line: str) -> str:
    """Cut a line to MAX_LINE_CHARS, and say at its end that it was cut."""
    return line if len(line) <= MAX_LINE_CHARS else line[: MAX_LINE_CHARS - len(_CUT)] + _CUT


_CUT = " … [artui: the rest of this line is left out]"
