"""Numbers in what a program prints, its command line and the CSV files that it writes."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from artui.capture import lines
from artui.capture.interpreters import programs_own
from artui.capture.lines import NUMBER, number_of
from artui.capture.progress import STEPS, Placed, Progress
from artui.content.regular import open_regular
from artui.errors import UsageError

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\b\x07]")
_RANK = re.compile(r"^\[(?:rank|default|trainer|worker)\s?\d{1,6}\]:\s?")
"""What launchers put before the lines of their processes."""
_STEPS = (*STEPS, "epoch")
MAX_LINE_CHARS = 4000
MAX_NAMES = 200


class Patterns:
    """Finds metrics in lines of text.

    `expressions` are the user's regular expressions: named groups are metrics of those names; a group
    `step` is the step, groups `name` and `value` give a metric a name from the line. With `is_automatic`, pairs such
    as `loss: 0.12` and `acc=0.9` count in lines that contain a name that is usual for metrics, and so do mappings as JSON or
    Python writes them, and tables as fastai and YOLO print them. Lines must be given in order: the step may have been
    named in an earlier one.

    Raises:
        UsageError: an expression is not valid, or has no named group.
    """

    def __init__(self, expressions: Sequence[str] = (), *, is_automatic: bool = True) -> None:
        self._expressions = [_compiled(text) for text in expressions]
        self._is_automatic = is_automatic
        self._names: set[str] = set()
        self._progress = Progress()
        self._table = lines.Table()

    def find(self, line: str) -> tuple[dict[str, float], int | None]:
        """Give the metrics of a line, and the step it says they are of."""
        line = _RANK.sub("", _ESCAPES.sub("", line[:MAX_LINE_CHARS]).strip())
        values: dict[str, float] = {}
        step: int | None = None
        for expression in self._expressions:
            for match in expression.finditer(line):
                groups = match.groupdict()
                if groups.get("step"):
                    step = _whole(groups["step"])
                if groups.get("name") and groups.get("value"):
                    groups = {groups["name"]: groups["value"]}
                for name, text in groups.items():
                    if name != "step" and (number := number_of(text)) is not None:
                        values[name] = number
        if not values and self._is_automatic and line:
            values, step = self._automatic(line)
        kept = {name: value for name, value in values.items() if name in self._names or len(self._names) < MAX_NAMES}
        self._names.update(kept)
        return kept, step

    def _automatic(self, line: str) -> tuple[dict[str, float], int | None]:
        if not lines.may_measure(line) and not self._table.is_open and not Progress.may_read(line):
            return {}, None
        line = lines.tidied(line)
        if (mapping := lines.mapping_in(line)) is not None:
            return self._of_mapping(*mapping)
        placed = self._progress.read(line)
        if row := self._table.read(line):
            return self._of_row(placed if "|" in line else replace(placed, at=None, of=None), *row)
        values = lines.pairs(placed.rest)
        if not values:
            return {}, None
        step = self._progress.step_of(placed, values)
        values = {name: value for name, value in values.items() if name.lower() not in STEPS}
        epoch = self._progress.epoch
        if "epoch" not in values and epoch is not None and (placed.epoch is not None or placed.at is not None):
            values["epoch"] = float(epoch)
        return (values, step) if set(values) != {"epoch"} else ({}, None)

    def _of_mapping(
        self, values: dict[str, float], before: str, has_whole_epoch: bool
    ) -> tuple[dict[str, float], int | None]:
        placed = self._progress.read(before)
        step = self._progress.step_of(placed, values)
        rest = {name: value for name, value in values.items() if name.lower() not in STEPS}
        if step is None:
            step = self._progress.bar_step
        if step is None and has_whole_epoch and 0 <= values["epoch"] < 1e15:
            step = int(values["epoch"])
        return rest, step

    def _of_row(
        self, placed: Placed, values: dict[str, float], epoch: str, is_evaluation: bool
    ) -> tuple[dict[str, float], int | None]:
        if epoch:
            number, slash, _ = epoch.partition("/")
            self._progress.enter_epoch(int(number), has_total=bool(slash))
            placed = replace(placed, epoch=int(number), counters={}, first=None, is_evaluation=False)
            values = {"epoch": float(number), **values}
        else:
            placed = replace(placed, at=None, of=None, counters={}, first=None, is_evaluation=is_evaluation)
        return values, self._progress.step_of(placed, {})


def _compiled(text: str) -> re.Pattern[str]:
    try:
        expression = re.compile(text)
    except re.error as error:
        raise UsageError(f"{text!r} is not a regular expression: {error}.", remedy="Quote it for the shell.") from None
    if not expression.groupindex:
        raise UsageError(
            f"{text!r} names no group.", remedy="Write the metric's name into it: 'Loss is (?P<loss>[0-9.]+)'."
        )
    return expression


def _whole(text: str) -> int | None:
    number = number_of(text)
    return int(number) if number is not None and abs(number) < 1e15 else None


def params_of(command: Sequence[str]) -> dict[str, Any]:
    """Read params from a command line: `--lr 0.1`, `--lr=0.1`, `-b 32`, `--layers 64 32`, `lr=0.1`, `++model.depth=12`, `--flag`.

    What is meant for an interpreter is none: `python -u`, `bash -c 'script'`.
    """
    params: dict[str, Any] = {}
    rest = programs_own(command)[1:]
    while rest:
        part = rest.pop(0)
        if part == "--":
            continue
        name, equals, value = part.partition("=")
        is_option = part.startswith("-") and not _is_number(part)
        plain = name.lstrip("-+~")
        if not plain or not re.fullmatch(r"[A-Za-z_][\w.\-/@]*", plain):
            continue
        if equals:
            params[_param(plain, is_option)] = typed(value)
        elif is_option:
            if rest and (not rest[0].startswith("-") or _is_number(rest[0])) and "=" not in rest[0]:
                values = [typed(rest.pop(0))]
                # Numbers that follow are further values; a text may be an argument by itself.
                while type(values[0]) in (int, float) and rest and _is_number(rest[0]):
                    values.append(typed(rest.pop(0)))
                params[_param(plain, is_option)] = values if len(values) > 1 else values[0]
            else:
                params[_param(plain, is_option)] = True
    return params


def _param(name: str, is_option: bool) -> str:
    return name.replace("-", "_") if is_option else name


def _is_number(text: str) -> bool:
    return re.fullmatch(NUMBER, text) is not None


def typed(text: str) -> Any:
    """Give the number or truth value that a text stands for, else the text."""
    lower = text.lower()
    if lower in ("true", "false"):
        return lower == "true"
    try:
        return int(text) if re.fullmatch(r"[-+]?\d{1,18}", text) else float(text) if _is_number(text) else text
    except ValueError:
        return text


class CsvTail:
    """Reads the rows that are appended to a CSV file, which need not exist yet and may be started anew."""

    MAX_READ_BYTES = 8 << 20

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._place: tuple[int, int] | None = None
        self._header: list[str] = []
        self._rest = b""

    def rows(self) -> Iterable[tuple[dict[str, float], int | None]]:
        """Give the metrics of each new whole row, and its step."""
        try:
            with open_regular(self.path) as stream:
                status = os.fstat(stream.fileno())
                if self._place != (status.st_dev, status.st_ino) or status.st_size < self._offset:
                    self._place, self._offset = (status.st_dev, status.st_ino), 0
                    self._header, self._rest = [], b""
                stream.seek(self._offset)
                content = stream.read(self.MAX_READ_BYTES) or b""
        except OSError:
            return
        self._offset += len(content)
        whole, newline, self._rest = (self._rest + content).rpartition(b"\n")
        if not newline:
            return
        text = whole.decode("utf-8-sig", "replace").replace("\0", "")
        for row in csv.reader(io.StringIO(text, newline="")):
            if not row:
                continue
            if not self._header or row == self._header:
                self._header = [name.strip() for name in row]
                continue
            yield self._values(row)

    def _values(self, row: list[str]) -> tuple[dict[str, float], int | None]:
        values: dict[str, float] = {}
        for name, text in zip(self._header, row, strict=False):
            number = number_of(text.strip() or None)
            if name and number is not None:
                values[name] = number
        names = {name.lower(): name for name in values}
        step = None
        for wanted in _STEPS:
            if wanted in names and abs(values[names[wanted]]) < 1e15:
                number = values[names[wanted]]
                if wanted != "epoch":
                    del values[names[wanted]]
                step = int(number)
                break
        return values, step
