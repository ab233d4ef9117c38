"""Numbers in what a program prints, its command line and the CSV files that it writes."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from artui.content.regular import open_regular
from artui.errors import UsageError

_NUMBER = (
    r"[-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|NaN|inf|Inf|infinity)"
)
_AFTER = r"(?=%?(?:[\s;)\]}|\"'\u2026]|,(?!\d)|\.?(?:\s|$)))"
"""A number ends here: what goes on is an address, a version, a date, a time or has a unit."""
_PAIR = re.compile(rf"(?<![\w./?&-])(?P<name>[A-Za-z_][\w./-]*(?: (?:loss|acc|accuracy))?)[\"']?\s*(?P<sign>[:=])\s*[\"']?(?P<value>(?>{_NUMBER})){_AFTER}")  # fmt: skip
_LOOSE = re.compile(rf"(?<![\w./-])(?P<name>(?:[a-z]+[_/ -])?(?:loss|acc|accuracy|lr|ppl|perplexity|f1|auc|bleu|reward))\s+(?P<value>(?>{_NUMBER})){_AFTER}", re.IGNORECASE)  # fmt: skip
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://\S+")
_METRIC_WORD = re.compile(
    r"loss|acc|err|f1|auc|bleu|rouge|ppl|perplex|reward|return|score|mse|mae|rmse|iou|dice|map\b|precision|recall|grad|lr\b|learning|val|train|eval|"
    r"test|dev|nll|elbo|kl\b|entropy|psnr|ssim|fid|wer|cer|metric|throughput|tokens_per|samples_per|epoch",
    re.IGNORECASE,
)
_STEPS = ("global_step", "num_updates", "step", "steps", "iteration", "iter", "it", "batch", "epoch")
_PHASES = frozenset({"train", "training", "val", "valid", "validation", "test", "eval"})
"""With a number behind them these are no metrics: `Train: 0 [100/1251]`."""
_STEP = re.compile(r"(?i)(?<![\w.])(?P<name>global_step|steps?|iteration|iter|it|batch|epoch)\s*[:=#\[( ]\s*(?P<value>\d{1,15})(?![\d.]*[\w.])")  # fmt: skip
_PLACES = (
    re.compile(r"[\[(]\s*(?P<done>\d{1,12})\s*/\s*(?P<total>\d{1,12})[^\])]*[\])]"),  # [640/60000 (1%)]
    re.compile(r"\|\s*(?P<done>\d{1,12})/(?P<total>\d{1,12})\s*\["),  # tqdm: 45%|###   | 9/20 [00:01
    re.compile(r"^(?P<done>\d{1,12})/(?P<total>\d{1,12})\s*(?:\[|\u2501|\S*\s+\d+m?s)"),  # Keras: 120/469 [===>
    re.compile(r"(?i)^\S*\s?epoch\s+\d+:?\s+(?P<done>\d{1,12})\s*/\s*(?P<total>\d{1,12})\b"),  # fairseq
)
"""How far an epoch is."""
_ROUND = re.compile(r"^(?:\S+\s+)?\[(?P<value>\d{1,12})\](?=\s)")
"""As xgboost and lightgbm number their rounds."""
_EPOCH_LINE = re.compile(r"(?i)^epoch\s+(?P<epoch>\d{1,9})\s*/\s*\d{1,9}\s*$")
"""As Keras says which epoch the lines below are of, from 1."""
MAX_LINE_CHARS = 4000
MAX_NAMES = 200


class Patterns:
    """Finds metrics in lines of text.

    `expressions` are regular expressions of the user's: groups that have names are metrics of those names; a group
    `step` is the step, groups `name` and `value` give a metric a name from the line. With `is_automatic`, pairs such
    as `loss: 0.12` and `acc=0.9` count in lines that hold a word that metrics go by, and so do lines of JSON.

    Raises:
        UsageError: an expression is none, or names no group.
    """

    def __init__(self, expressions: Sequence[str] = (), *, is_automatic: bool = True) -> None:
        self._expressions = [_compiled(text) for text in expressions]
        self._is_automatic = is_automatic
        self._names: set[str] = set()
        self._epoch: int | None = None
        """What the last line that says nothing else said, from 0."""

    def find(self, line: str) -> tuple[dict[str, float], int | None]:
        """Give the metrics of a line, and the step it says they are of."""
        line = line[:MAX_LINE_CHARS].strip()
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
                    if name != "step" and (number := _number(text)) is not None:
                        values[name] = number
        if not values and self._is_automatic and line:
            values, step = self._automatic(line)
        known = {name: value for name, value in values.items() if name in self._names or len(self._names) < MAX_NAMES}
        self._names.update(known)
        return known, step

    def _automatic(self, line: str) -> tuple[dict[str, float], int | None]:
        if match := _EPOCH_LINE.match(line):
            self._epoch = int(match["epoch"]) - 1
            return {}, None
        if line.startswith("{") and line.endswith("}") and (found := _of_json(line)) is not None:
            return found
        line = _ADDRESS.sub(" ", line)
        if "=" not in line and ":" not in line and not _LOOSE.search(line):
            return {}, None
        values: dict[str, float] = {}
        shares: set[str] = set()
        is_share = False
        for match in _PAIR.finditer(line):
            name = match["name"].strip().replace(" ", "_").rstrip(".")
            if (number := _number(match["value"])) is not None:
                values[name] = number
                if "." in match["value"]:
                    shares.add(name)
        for match in _LOOSE.finditer(line):
            if (number := _number(match["value"])) is not None:
                values.setdefault(match["name"].strip().lower().replace(" ", "_"), number)
        steps = {match["name"].lower(): float(match["value"]) for match in _STEP.finditer(line)}
        for name in list(values):
            if name.lower() in _STEPS:
                number = values.pop(name)
                if number == number and abs(number) < 1e15:
                    steps[name.lower()] = number
                    is_share |= name.lower() == "epoch" and name in shares
        place = next((match for each in _PLACES if (match := each.search(line)) is not None), None)
        for name in list(values):
            if name.lower() in _PHASES and place is not None:
                del values[name]
        if not any(_METRIC_WORD.search(name) for name in values):
            return {}, None
        if "epoch" in steps:
            values["epoch"] = steps["epoch"]
        return values, self._step(line, steps, place, is_share=is_share)

    def _step(
        self, line: str, steps: Mapping[str, float], place: re.Match[str] | None, *, is_share: bool
    ) -> int | None:
        """Give the step that a line says: its own, its place in an epoch behind all epochs before, or the epoch.

        `is_share`: the epoch is written with a point, as by who tells how much of the epochs is done.
        """
        said = next((steps[name] for name in _STEPS[:-1] if name in steps), None)
        if said is not None:
            return int(said)
        epoch = steps.get("epoch")
        if place is not None:
            before = epoch if epoch is not None else self._epoch
            whole = int(before) if before is not None and 0 <= before < 1e9 else 0
            return whole * int(place["total"]) + int(place["done"])
        if epoch is not None:
            # Half an epoch is no step: lines that say such are counted.
            return None if is_share else int(epoch)
        match = _ROUND.match(line)
        return int(match["value"]) if match is not None else None


def _compiled(text: str) -> re.Pattern[str]:
    try:
        expression = re.compile(text)
    except re.error as error:
        raise UsageError(f"{text!r} is no regular expression: {error}.", remedy="Quote it for the shell.") from None
    if not expression.groupindex:
        raise UsageError(
            f"{text!r} names no group.", remedy="Write the metric's name into it: 'Loss is (?P<loss>[0-9.]+)'."
        )
    return expression


def _of_json(line: str) -> tuple[dict[str, float], int | None] | None:
    """Read a line of JSON; None if it is none, as Python's own writing of a mapping."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    values: dict[str, float] = {}

    def walk(prefix: str, inner: Mapping[str, Any], depth: int) -> None:
        for name, value in inner.items():
            if isinstance(value, Mapping) and depth < 5:
                walk(f"{prefix}{name}/", value, depth + 1)
            elif isinstance(value, int | float) and not isinstance(value, bool) and len(values) < MAX_NAMES:
                values[f"{prefix}{name}"] = float(value) if abs(value) < 1e308 or value != value else float("inf")

    if isinstance(found, Mapping):
        walk("", found, 0)
    step = next((int(values.pop(name)) for name in _STEPS[:-1] if name in values and abs(values[name]) < 1e15), None)
    epoch = found.get("epoch") if isinstance(found, Mapping) else None
    if step is None and type(epoch) is int and 0 <= epoch < 10**15:
        step = epoch
    return values, step


def _number(text: str | None) -> float | None:
    try:
        return float(text.replace(",", "")) if text is not None else None
    except ValueError:
        return None


def _whole(text: str) -> int | None:
    number = _number(text)
    return int(number) if number is not None and abs(number) < 1e15 else None


def params_of(command: Sequence[str]) -> dict[str, Any]:
    """Read params from a command line: `--lr 0.1`, `--lr=0.1`, `-b 32`, `lr=0.1`, `++model.depth=12`, `--flag`."""
    params: dict[str, Any] = {}
    rest = list(command[1:])
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
            if plain in ("c", "m") and os.path.basename(command[0]).startswith("python") and not params:
                # `python -m module` and `python -c text`: the interpreter's, no params.
                rest = rest[1:]
            elif rest and (not rest[0].startswith("-") or _is_number(rest[0])) and "=" not in rest[0]:
                values = [typed(rest.pop(0))]
                while not isinstance(values[0], str | bool) and rest and _is_number(rest[0]):
                    values.append(typed(rest.pop(0)))  # `--layers 64 64 32`
                params[_param(plain, is_option)] = values[0] if len(values) == 1 else values
            else:
                params[_param(plain, is_option)] = True
    return params


def _param(name: str, is_option: bool) -> str:
    return name.replace("-", "_") if is_option else name


def _is_number(text: str) -> bool:
    return re.fullmatch(_NUMBER, text) is not None


def typed(text: str) -> Any:
    """Give the number or truth value that a text says, else the text."""
    lower = text.lower()
    if lower in ("true", "false"):
        return lower == "true"
    try:
        return int(text) if re.fullmatch(r"[-+]?\d{1,18}", text) else float(text) if _is_number(text) else text
    except ValueError:
        return text


class CsvTail:
    """Reads the rows that are appended to a CSV file; it may not be there yet, and may begin anew."""

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
                found = os.fstat(stream.fileno())
                if self._place != (found.st_dev, found.st_ino) or found.st_size < self._offset:
                    self._place, self._offset = (found.st_dev, found.st_ino), 0
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
            number = _number(text.strip() or None)
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
