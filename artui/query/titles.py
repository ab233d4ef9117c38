"""Titles of columns: the shortest names that mean them in a filter, the same in the app and in the shell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from artui.query.aggregates import AGGREGATES, BEST
from artui.query.attributes import ATTRIBUTES, OTHER_WORDS, title_of
from artui.query.direction import is_best
from artui.safetext import clean

if TYPE_CHECKING:
    from artui.model import Column

_VAGUE = frozenset({"type", "kind", "value", "size"})


def short_titles(columns: Iterable[Column], among: Iterable[Column]) -> dict[str, str]:
    """Title each column by the shortest name that means it in a filter, by column id: `optimizer.lr` is `lr` if nothing else ends so.

    Args:
        among: all columns of the catalog, those that are not shown too.
    """
    columns = list(columns)
    sources: dict[str, set[str]] = {}
    for column in chain(columns, among):
        # Tags come and go: they take no title from others.
        if column.source not in ("attribute", "tag"):
            sources.setdefault(column.name, set()).add(column.source)
    wanted = {_last_part(column.name) for column in columns if column.source in ("param", "tag")}
    ending: dict[str, list[str]] = {}
    for name, kinds in sources.items():
        if (part := _last_part(name)) in wanted:
            ending.setdefault(part, []).extend(kinds)
    return {column.id: clean(_title(column, sources, ending), max_chars=60) for column in columns}


def _title(column: Column, sources: Mapping[str, set[str]], ending: Mapping[str, Sequence[str]]) -> str:
    name = column.name
    if column.source == "attribute":
        free = (word for word in (title_of(name), name) if word not in sources)
        return next(free, f"attr.{name}")
    if column.source == "tag":
        return f"tags.{name}" if _means_another(name, sources, ending) else name
    end = name.rsplit(".", 1)[-1]
    is_taken = end in _VAGUE or end.lower() in ATTRIBUTES or end.lower() in OTHER_WORDS
    if column.source == "param" and not is_taken and end == _last_part(name) and len(ending[end]) == 1:
        return end
    if len(sources[name]) > 1 or name in ATTRIBUTES:
        name = f"{column.source}s.{name}"
    return name if column.aggregate == "last" else f"{name}{aggregate_text(column.name, column.aggregate)}"


def _means_another(tag: str, sources: Mapping[str, set[str]], ending: Mapping[str, Sequence[str]]) -> bool:
    """Say whether the name of a tag alone means something else in a filter."""
    if tag in sources or tag.lower() in ATTRIBUTES or tag.lower() in OTHER_WORDS:
        return True
    metric, _, aggregate = tag.replace(" ", ".").rpartition(".")
    is_of_metric = (aggregate == BEST or aggregate in AGGREGATES) and "metric" in sources.get(metric, ())
    return is_of_metric or ending.get(tag) == ["param"]


def _last_part(name: str) -> str:
    return name.rpartition(".")[2].rpartition("/")[2]


def aggregate_text(name: str, aggregate: str) -> str:
    """Say which number of a metric's summary it is, behind the metric's name: ` best`, `.mean`."""
    return " best" if is_best(name, aggregate) else f".{aggregate}"
