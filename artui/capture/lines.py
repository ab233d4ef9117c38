"""Named numbers in a line of text: pairs, mappings as JSON or Python writes them, rows under a header.

Dates, times, addresses, versions, paths and numbers with units are not metrics: a number counts only if nothing is
attached to it.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

NUMBER = r"[-+]?(?:[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?(?![\d,]*\d)|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|NaN|inf|Inf|infinity)"
_END = r"(?!\w|@|%\||,\d|[.:/\\+-]\w)"
_VALUE = rf"(?P<value>(?>{NUMBER})){_END}"
_SECOND = r"(?: (?:loss|acc|accuracy|rate|norm|score|error|reward))"
_PAIR = re.compile(rf"(?<![\w./?&@-])(?P<name>[A-Za-z_][\w./@-]*(?:'s [\w@-]+)?{_SECOND}?)\s*[:=]\s*{_VALUE}")
_LOOSE = re.compile(
    rf"(?<![\w./?&-])(?P<name>(?:[a-z]+[_/ -])?(?:loss|acc(?:uracy)?(?:@?\d+)?|lr|ppl|perplexity|f1|auc|bleu|reward))\s+{_VALUE}",
    re.IGNORECASE,
)
_SEGMENT = re.compile(rf"(?P<name>[A-Za-z_][\w@/.-]*(?: [A-Za-z_]+){{0,2}})\s+(?P<value>(?>{NUMBER}))\s?%?\s*(?:\([^)]*\))?")  # fmt: skip
_TITLED = re.compile(rf"(?P<name>[A-Za-z_][\w@/.-]*(?: [\w-]+){{1,6}})\s*(?:\([^)]*\))?\s*:\s*(?P<value>(?>{NUMBER}))")
_RATIO = re.compile(r"(?i)(?<![\w./-])(?P<name>acc(?:uracy)?|correct)\s*[:=]\s*(?P<count>\d{1,15})\s*/\s*(?P<of>[1-9]\d{0,14})(?![\w/])")  # fmt: skip
_BOX = re.compile(rf"[│|┃]\s*(?P<name>[A-Za-z_][\w./@-]*)\s*[│|┃]\s*(?P<value>{NUMBER})\s*[│|┃]")
_URL = re.compile(r"\w+://\S+")
_WRAPPED = re.compile(rf"(?<![\w.])(?:(?:np|numpy|torch|tf|jnp)\.)?(?:float|int|uint|bfloat|tensor|array|Array)\d*(?:\.\w+)?\(\s*(?P<value>{NUMBER})[^()]*\)")  # fmt: skip
"""As `np.float64(0.5)` and `tensor(0.5, device='cuda:0')` are printed."""
_LIST_OF_ONE = re.compile(rf"(?P<sign>[:=]\s*)\[\s*(?P<value>{NUMBER})\s*\]")
_ARTICLE = re.compile(r"(?i)^(?:the|a|an|this|with|and|of|is|to|at)_")
_NO_LITERAL = re.compile(r"(?<![\w'\"])(?P<value>-?(?:nan|inf))(?![\w'\"])")
_METRIC_WORD = re.compile(
    r"loss|acc(?:uracy|[_@/\d-]|\b)|(?<![a-z])err|f1|auc|bleu|rouge|ppl|perplex|reward|return|score|mse|mae|rmse|iou|dice|map(?![a-z])|precision|recall|"
    r"grad|lr(?![a-z])|learn|(?<![a-z])(?:val|valid\w*|train\w*|eval\w*|test|dev)(?![a-z])|nll|elbo|kl(?![a-z])|entropy|psnr|ssim|fid|wer|cer|metric|"
    r"throughput|_per_|persec|_deviance|gini|ndcg|(?<![a-z])l[12](?![a-z])",
)
"""Matched against lower-case text, which is quicker than ignoring case."""
_NO_METRICS = frozenset(
    ("ip", "port", "pid", "id", "uid", "gid", "v_num", "version", "seed", "rank", "local_rank", "world_size", "date", "eta", "commit", "sha", "hash", "host", "gpu", "device", "year")
)  # fmt: skip
_HEADS = frozenset(("epoch", "step", "iter", "iteration", "class"))
_WORD = re.compile(r"[A-Za-z][\w()/@%.-]*:?")
MAX_DEPTH = 5
MAX_NAMES = 200


def tidied(line: str) -> str:
    """Remove what contains numbers that are not metrics, such as URLs, and the types that are printed around values."""
    if "://" in line:
        line = _URL.sub(" ", line)
    if "(" in line:
        line = _WRAPPED.sub(r"\g<value>", line)
    return _LIST_OF_ONE.sub(r"\g<sign>\g<value>", line) if "[" in line else line


def pairs(line: str) -> dict[str, float]:
    """Give the pairs of a line, such as `loss: 0.12` and `acc=0.9`, if one of them has a name that is usual for metrics."""
    values: dict[str, float] = {}
    if "|" in line:
        for segment in line.split("|"):
            if titled := _TITLED.fullmatch(segment.strip()):
                _add(values, titled["name"], titled["value"])
                line = line.replace(segment, " ", 1)
    for match in _PAIR.finditer(line):
        _add(values, match["name"].rstrip("."), match["value"])
    for match in _LOOSE.finditer(line):
        _add(values, match["name"].strip().lower(), match["value"])
    for match in _RATIO.finditer(line) if "/" in line else ():
        values.setdefault(match["name"], int(match["count"]) / int(match["of"]))
    if box := _BOX.fullmatch(line.strip()):
        _add(values, box["name"], box["value"])
    elif values and len(segments := re.split(r"\s*[|;\t]\s*|,\s+|\s+-\s+", line)) > 1:
        for segment in segments:
            if named := _SEGMENT.fullmatch(segment.strip()):
                _add(values, named["name"], named["value"])
    return values if is_measured(values) else {}


def may_measure(line: str) -> bool:
    """Quickly check whether a line can have metrics at all."""
    return line.startswith("{") or _is_metric(line)


def is_measured(values: Mapping[str, float]) -> bool:
    """Whether one of these names is usual for metrics."""
    return any(_is_metric(name) for name in values)


def _is_metric(text: str) -> bool:
    return _METRIC_WORD.search(text.lower()) is not None


def _add(values: dict[str, float], name: str, text: str) -> None:
    name = _ARTICLE.sub("", "_".join(name.replace("'s ", "/").split()))
    number = number_of(text)
    if number is not None and name.lower() not in _NO_METRICS and name.lower() not in map(str.lower, values):
        values[name] = number


def mapping_in(line: str) -> tuple[dict[str, float], str, bool] | None:
    """Give the numbers of a mapping in a line, as JSON or Python writes it; None when there is none.

    The text before it comes second; third, whether its epoch is an integer, not a float, which may be a fraction.
    Nested names are joined with `/`. Other words may surround the mapping if one of its names is usual for metrics.
    """
    start, end = line.find("{"), line.rfind("}")
    if start < 0 or end < start:
        return None
    mapping = _parsed(line[start : end + 1])
    if not isinstance(mapping, Mapping):
        return None
    values: dict[str, float] = {}
    _flatten(values, "", mapping, 0)
    is_json_line = start == 0 and end == len(line) - 1 and line[1:].lstrip().startswith('"')
    return (
        (values, line[:start], type(mapping.get("epoch")) is int)
        if values and (is_json_line or is_measured(values))
        else None
    )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(_NO_LITERAL.sub(r"'\g<value>'", text))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def _flatten(values: dict[str, float], prefix: str, inner: Mapping[Any, Any], depth: int) -> None:
    for key, value in inner.items():
        name = f"{prefix}{key}"
        if len(values) >= MAX_NAMES:
            return
        if isinstance(value, Mapping):
            if depth < MAX_DEPTH:
                _flatten(values, f"{name}/", value, depth + 1)
        elif isinstance(value, str):
            # Some programs write their numbers as texts; not every text that looks like a number is a metric.
            if _is_metric(name) or name in ("num_updates", "global_step", "step", "epoch"):
                number = number_of(value) if re.fullmatch(NUMBER, value) else None
                if number is not None:
                    values[name] = number
        elif isinstance(value, int | float) and not isinstance(value, bool):
            values[name] = float(value) if abs(value) < 1e308 or value != value else float("inf") * (1 if value > 0 else -1)  # fmt: skip


class Table:
    """Rows of numbers under a header, as fastai and YOLO print them."""

    def __init__(self) -> None:
        self._names: list[str] = []

    @property
    def is_open(self) -> bool:
        """Whether there was a header, so that rows may follow."""
        return bool(self._names)

    def read(self, line: str) -> tuple[dict[str, float], str, bool] | None:
        """Give the numbers of a row, its epoch as it is written, and whether it is an evaluation.

        None when it is not a row of the last header.
        """
        words = line.split()
        if len(words) < 3 or (words[0].lower() not in _HEADS and not self._names):
            return None
        if words[0].lower() in _HEADS and (names := _header(words)):
            self._names = names
            return None
        if len(words) < len(self._names) or not self._names:
            return None
        is_evaluation = self._names[0].lower() == "class"
        first, cells = words[0], words[1 : len(self._names)]
        is_row = first == "all" if is_evaluation else re.fullmatch(r"\d{1,9}(?:/\d{1,9})?", first)
        numbers = {
            name: number
            for name, cell in zip(self._names[1:], cells, strict=True)
            if (number := _cell(cell)) is not None
        }
        if not is_row or 2 * len(numbers) < len(cells):
            return None
        return numbers, "" if is_evaluation else first, is_evaluation


def _header(words: list[str]) -> list[str]:
    names: list[str] = []
    for word in words:
        if not _WORD.fullmatch(word):
            return []
        names.append(word.rstrip("):").rpartition("(")[2])
        if word.endswith(":"):
            break  # a bar follows
    return names if len(names) >= 3 and any(_is_metric(name) for name in names[1:]) else []


def _cell(text: str) -> float | None:
    text = text.rstrip(":")
    return number_of(text) if re.fullmatch(NUMBER, text) else None


def number_of(text: str | None) -> float | None:
    """Parse a number, whose thousands may be grouped by commas; None when the text is not one."""
    try:
        return float(text.replace(",", "")) if text is not None else None
    except ValueError:
        return None
