"""What the lines of groups say that their runs have in common: values below names in the heading, or `name=value`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from artui.query.spelling import number_in
from artui.safetext import clean
from artui.tui.cells import fit, fit_apart, fit_middle
from artui.units import number_text, param_text

if TYPE_CHECKING:
    from artui.model import ParamValue
    from artui.query.runs.grouping import Group

_BETWEEN = " · "
_MISSING = "–"
"""Holds the place of a value below the heading that the runs of a group have not."""
_USUAL_SHARE = 0.75
"""A value that so many of the groups have that have any is said only of the others."""
_ORDERED_PLACES = 3
_FEWEST_PART_CELLS = 9
"""A value of a label is not cut to fewer cells: then it is left out instead."""
MANY_GROUPS = 5000
"""With more groups than this artui does not look for what distinguishes them."""


def value_text(value: ParamValue) -> str:
    """Show a value that runs are grouped by."""
    if value is None:
        return "none"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, float) and len(repr(value)) > 8:
        return number_text(value)
    return clean(param_text(value), max_chars=80)


def told_apart(values: Iterable[ParamValue]) -> dict[str, str]:
    """Give the texts of values that `value_text` would show alike, by their `repr`: numbers with all digits, words quoted."""
    alike: dict[str | float, dict[str, ParamValue]] = {}
    for value in values:
        text = value_text(value)
        number = number_in(text.replace("−", "-"))
        alike.setdefault(text if number is None else float(number), {})[repr(value)] = value
    return {key: _exactly(value) for same in alike.values() if len(same) > 1 for key, value in same.items()}


def _exactly(value: ParamValue) -> str:
    if isinstance(value, str):
        return f'"{clean(value, max_chars=80)}"'
    return repr(value) if isinstance(value, float) and math.isfinite(value) else value_text(value)


class Labels(NamedTuple):
    """How the groups of a grouping are named; places are those of its columns."""

    titles: tuple[str, ...] = ()
    """Names of the columns."""
    places: tuple[int, ...] = ()
    """Columns that tell groups apart and stand in the heading."""
    named: tuple[int, ...] = ()
    """Columns that tell groups apart and stand, with their names, only behind the values of groups that have them."""
    usual: Mapping[int, str] = {}
    """What nearly all groups have of some of the named columns; it is left out, as `repr`."""
    alike: frozenset[tuple[str, ...]] = frozenset()
    """Values, as `repr`, of groups that would look alike without what is usual."""
    shared: tuple[str, ...] = ()
    """What all groups have in common."""
    fallback: str = ""
    """The heading where no column stands in it."""
    exact: Mapping[tuple[int, str], str] = {}
    """Texts of values that would look like others, by their places and `repr`."""

    def heading(self, cells: int) -> str:
        """Give the heading for so many cells: names of columns, then what all groups share."""
        names = [self.titles[place] for place in self.places[: self.heading_count(cells)]]
        rest = ["…"] if len(names) < len(self.places) or (self.named and not self.shared) else []
        return _BETWEEN.join((*names, *self.shared, *rest)) if names else self.fallback

    def heading_count(self, cells: int) -> int:
        """Say how many names of columns the heading has whole in so many cells; a single one may be cut."""
        used = 0
        for count, place in enumerate(self.places):
            used += cell_len(self.titles[place]) + (len(_BETWEEN) if count else 0)
            if used > cells and count:
                return count
        return len(self.places)

    def text(self, group: Group, *, heading_count: int, cells: int = 1_000) -> str:
        """Name a group in so many cells.

        Args:
            group: one of the groups.
            heading_count: how many names of columns the heading has, 0 where there is none; other values have their names before them,
                and the value of a single column, too.
            cells: the most that it takes; what does not fit whole is left out behind an ellipsis.
        """
        if len(self.places) == 1 and not self.named and not heading_count:
            return fit(self._named_text(group, self.places[0]), cells).rstrip()
        below, named = self.places[:heading_count], [*self.places[heading_count:], *self.named]
        has_value = [group.values[place] is not None for place in below]
        parts: list[str] = []
        if len(below) == 1 and not named:
            parts = [self._value_text(group, below[0])]
        elif below and sum(has_value) * 2 >= len(below):
            parts = [self._value_text(group, place) if has else _MISSING for place, has in zip(below, has_value, strict=True)]  # fmt: skip
        else:
            named = [*below, *named]
        named = [place for place in named if group.values[place] is not None]
        if self.usual and not (self.alike and tuple(map(repr, group.values)) in self.alike):
            named = [place for place in named if self.usual.get(place) != repr(group.values[place])]
        if not parts and not named:
            parts = ["none of these" if any(value is not None for value in group.values) else "none"]
        return _joined(chain(parts, (self._named_text(group, place) for place in named)), cells)

    def texts(self, groups: Sequence[Group], *, heading_count: int, rooms: Sequence[int]) -> list[str]:
        """Name groups, each in so many cells, as `text` does; those that would look alike, by what tells them apart."""
        texts = [self.text(group, heading_count=heading_count, cells=room) for group, room in zip(groups, rooms, strict=True)]  # fmt: skip
        places_by_text: dict[str, list[int]] = {}
        for place, text in enumerate(texts):
            places_by_text.setdefault(text, []).append(place)
        for alike in places_by_text.values():
            if len(alike) < 2:
                continue
            twins, room = [groups[place] for place in alike], min(rooms[place] for place in alike)
            wholes = [self.text(group, heading_count=heading_count) for group in twins]
            starts = [parts[0] if len(parts := whole.split(_BETWEEN)) > 1 else "" for whole in wholes]
            ends = self._ends(twins)
            cuts = [
                [_with_end(start, end, room) for start, end in zip(starts, ends, strict=True)],
                [fit(f"… {end}" if start else end, room, keep_end=True).rstrip() for start, end in zip(starts, ends, strict=True)],
                [text.rstrip() for text in fit_apart(wholes, room)],
            ]  # fmt: skip
            for place, text in zip(alike, max(cuts, key=lambda cut: len(set(cut))), strict=True):
                texts[place] = text
        return texts

    def _ends(self, groups: Sequence[Group]) -> list[str]:
        """Give for each group the values, with their names, by which it differs from the others: as few as tell all apart."""
        counts = {place: len({repr(group.values[place]) for group in groups}) for place in (*self.places, *self.named)}
        telling = sorted((place for place in counts if counts[place] > 1), key=lambda place: -counts[place])
        used: list[int] = []
        for place in telling:
            used.append(place)
            if len({tuple(repr(group.values[place]) for place in used) for group in groups}) == len(groups):
                break
        return [_BETWEEN.join(self._named_text(group, place) for place in used) for group in groups]

    def whole_text(self, group: Group) -> list[str]:
        """Give everything that tells a group from others, each value with its name."""
        places = [*self.places, *self.named]
        if len(places) == 1:
            return [self._value_text(group, places[0])]
        return [self._named_text(group, place) for place in places if group.values[place] is not None] or ["none"]

    def _named_text(self, group: Group, place: int) -> str:
        return f"{self.titles[place]}={self._value_text(group, place)}"

    def _value_text(self, group: Group, place: int) -> str:
        value = group.values[place]
        return (self.exact.get((place, repr(value))) if self.exact else None) or value_text(value)


def _with_end(start: str, end: str, cells: int) -> str:
    """Join the beginning of a label and what tells it apart, as far as there is room for both."""
    text = f"{start}{_BETWEEN}…{_BETWEEN}{end}"
    if start and cell_len(text) <= cells:
        return text
    text = f"… {end}" if start else end
    return text if cell_len(text) <= cells else fit(text, cells).rstrip()


def _joined(parts: Iterable[str], cells: int) -> str:
    """Join parts: all, the long ones cut in the middle, if that is enough; or else as many as fit whole, with an ellipsis for the others."""
    parts = list(parts)
    if cell_len(_BETWEEN.join(parts)) > cells and (shared := _sharing(parts, cells)):
        return shared
    text = shorter = ""
    for count, part in enumerate(parts):
        longer = f"{text}{_BETWEEN}{part}" if count else part
        if cell_len(longer) > cells:
            return shorter or fit(longer if not text else f"{text}{_BETWEEN}…", cells)
        text = longer
        if cell_len(text) + len(_BETWEEN) + 1 <= cells:
            shorter = f"{text}{_BETWEEN}…"
    return text


def _sharing(parts: Sequence[str], cells: int) -> str:
    """Join parts of which the longest are cut alike, so that all fit; empty where too little of them would be left."""
    room, widths = cells - len(_BETWEEN) * (len(parts) - 1), sorted(map(cell_len, parts))
    for count, width in enumerate(widths):
        if width * (len(widths) - count) > room:
            most = room // (len(widths) - count)
            return _BETWEEN.join(fit_middle(part, most).rstrip() if cell_len(part) > most else part for part in parts) if most >= _FEWEST_PART_CELLS else ""  # fmt: skip
        room -= width
    return _BETWEEN.join(parts)


def labels_of(groups: Sequence[Group], titles: Sequence[str], *, is_chosen: bool, fallback: str = "") -> Labels:
    """Choose how groups are named.

    Args:
        groups: at least one.
        titles: names of the columns that they were made by, in their order.
        is_chosen: whether the reader chose the columns: then each that tells groups apart stands in the heading.
        fallback: the heading where no column stands in it.
    """
    titles = _short(titles)
    places = tuple(range(len(titles)))
    if len(groups) > MANY_GROUPS or (is_chosen and len(groups) == 1):
        return Labels(titles, places, fallback=fallback)
    if len(groups) == 1:
        return Labels(titles, named=places, fallback=fallback)
    exact = {
        (place, key): text
        for place in places
        for key, text in told_apart(group.values[place] for group in groups).items()
    }
    counts = [Counter(repr(group.values[place]) for group in groups) for place in places]
    telling = [place for place in places if len(counts[place]) > 1]
    if len(telling) > _ORDERED_PLACES:
        # Those that tell most groups apart come first: a label is cut at its end.
        telling.sort(key=lambda place: -len(counts[place]))
    if is_chosen:
        # What all groups share is said once, in the heading.
        shared = tuple(f"{titles[place]} = {value_text(groups[0].values[place])}" for place in places if place not in telling)  # fmt: skip
        return Labels(titles, tuple(telling), shared=shared if telling else (), fallback=fallback or _BETWEEN.join(titles), exact=exact)  # fmt: skip
    below, usual = [], {}
    for place in telling:
        having = len(groups) - counts[place]["None"]
        if having * 2 < len(groups):
            continue
        value, count = max(((value, count) for value, count in counts[place].items() if value != "None"), key=lambda pair: pair[1])  # fmt: skip
        if count >= having * _USUAL_SHARE:
            usual[place] = value
        else:
            below.append(place)
    if not below:
        below, usual = list(usual), {}
    named = tuple(place for place in telling if place not in below)
    return Labels(titles, tuple(below), named, usual, _alike(groups, usual), fallback=fallback, exact=exact)


def _alike(groups: Sequence[Group], usual: Mapping[int, str]) -> frozenset[tuple[str, ...]]:
    """Give the values of groups that differ only in whether they have what is usual."""
    if not usual:
        return frozenset()
    values = [tuple(map(repr, group.values)) for group in groups]
    said = [tuple("None" if usual.get(place) == text else text for place, text in enumerate(texts)) for texts in values]
    counts = Counter(said)
    return frozenset(texts for texts, without in zip(values, said, strict=True) if counts[without] > 1)


def _short(titles: Sequence[str]) -> tuple[str, ...]:
    """Shorten names such as `optimizer.name` to what they are names of, where nothing else is called so."""
    taken = Counter(title.rpartition(".")[0] if _is_name_of(title) else title for title in titles)
    return tuple(
        stem if _is_name_of(title) and taken[stem := title.rpartition(".")[0]] == 1 else title for title in titles
    )


def _is_name_of(title: str) -> bool:
    stem, _, end = title.rpartition(".")
    return bool(stem) and end in ("name", "type", "kind")
