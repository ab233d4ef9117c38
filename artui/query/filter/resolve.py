"""What a name in a filter means in one catalog: an attribute, a param, a metric or a tag."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from artui.catalog.cells import storable, text
from artui.model import FACTS
from artui.near import nearest
from artui.query.aggregates import AGGREGATES, BEST
from artui.query.attributes import ATTRIBUTES, OTHER_WORDS
from artui.query.direction import best_aggregate
from artui.query.excerpts import shortened
from artui.query.filter.parser import Field, error_at
from artui.query.filter.tokens import FilterError, quoted_name
from artui.query.slices import Sliced, has_slice, sliced, slices_of
from artui.query.versionwords import VERSION_ATTRIBUTES

if TYPE_CHECKING:
    from artui.query.filter.sets import Scope

_OFFERED = 3


_NEAR_CHARS = 200


_NAMES_ENDING = """
    SELECT text
    FROM name
    WHERE substr(text, -length(:dot)) IN (:dot, :slash)
    ORDER BY text
    LIMIT :most
"""
_MOST_ENDING = 50
_FIELDS_HELP = "status, started, params.NAME, metrics.NAME, tags.NAME"


class NothingNamed(FilterError):
    """Nothing in the catalog has the name of a field."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a field stands for in a catalog."""

    source: str
    name: str
    aggregate: str = "last"
    name_key: int | None = None
    labels: tuple[str, ...] = ()
    """Of a metric: its slice, see `slices`."""


def meaning_of(field: Field, scope: Scope) -> Meaning:
    """Find out what a field stands for.

    Raises:
        FilterError: the name is unknown, or several things have it.
    """
    if field.source == "attribute":
        name = OTHER_WORDS.get(field.name.lower(), field.name.lower())
        if name in ATTRIBUTES:
            return Meaning("attribute", name)
        raise error_at(field, f"A run has no attribute {field.name!r}.", f"Use one of {', '.join(ATTRIBUTES)}.")
    if (found := sliced(field.name)) is not None and not scope.sources_of(field.name):
        return _slice(field, found, scope)
    if field.source:
        return _named(field, scope)

    meanings: list[Meaning] = []
    name = field.name
    if name in ATTRIBUTES:
        meanings.append(Meaning("attribute", name))
    sources = scope.sources_of(name)
    meanings += [Meaning(source, name, name_key=scope.name_key(name)) for source in sources if source != "tag"]
    base, aggregate = _parts_of(name)
    if not meanings and aggregate and "metric" in scope.sources_of(base):
        meanings.append(_metric(base, aggregate, scope))
    if not meanings and name.lower() in OTHER_WORDS:
        meanings.append(Meaning("attribute", OTHER_WORDS[name.lower()]))
    if not meanings and name.lower() in ATTRIBUTES:
        meanings.append(Meaning("attribute", name.lower()))
    if not meanings and "tag" in sources:
        # Tags come and go: they give way to all others, so that a name means what it meant before.
        return _param_ending(name, scope) or Meaning("tag", name, name_key=scope.name_key(name))
    if not meanings and (short := _short_for(field, name, scope)) is not None:
        return short
    if len(meanings) > 1:
        words = {"attribute": "an attribute", "metric": "a metric", "param": "a param"}
        prefixes = {"attribute": "attr.", "metric": "metrics.", "param": "params."}
        raise error_at(
            field,
            f"{name} is {' and '.join(words[meaning.source] for meaning in meanings)}.",
            f"Write {' or '.join(prefixes[meaning.source] + quoted_name(name) for meaning in meanings)}.",
        )
    if not meanings:
        metric, dot, unknown = name.rpartition(".")
        if dot and "metric" in scope.sources_of(metric):
            raise NothingNamed(
                f"{shortened(metric, 40)} has no {shortened(unknown, 20)!r}.", field.position, field.length,
                remedy="Use .best, .min, .max, .mean, .first, .last or .count.",
            )  # fmt: skip
        remedy = _of_artifacts(name) or _nearest(scope, base if aggregate else name)
        raise NothingNamed(f"Nothing here is named {name!r}.", field.position, field.length, remedy=remedy)
    return meanings[0]


def _slice(field: Field, found: Sliced, scope: Scope) -> Meaning:
    """Find a metric with a slice.

    Raises:
        FilterError: it is no metric; it has no such slice, unless it is named with its prefix.
    """
    meaning = replace(meaning_of(replace(field, name=found.name + found.rest), scope), labels=found.labels)
    if meaning.source != "metric":
        raise error_at(
            field, f"{found.name} is no metric, and only metrics have slices.", f"Write {quoted_name(found.name)}."
        )
    wanted = ",".join(found.labels)
    if meaning.name_key is None or has_slice(scope.connection, meaning.name_key, found.labels, scope.memory):
        return meaning
    there = slices_of(scope.connection, meaning.name_key, scope.memory)
    near = list(dict.fromkeys((*nearest(wanted, there, most=_OFFERED), *there)))[:_OFFERED]
    more = f" and {len(there) - len(near)} more" if len(there) > len(near) else ""
    remedy = (
        f"It has {', '.join(f'[{label}]' for label in near)}{more}." if there else "It was measured as a whole only."
    )
    message = f"{shortened(meaning.name, 80)} has no slice [{shortened(wanted, 80)}]."
    if not field.source:
        raise NothingNamed(message, field.position, field.length, remedy=remedy)
    scope.notes.append(f"{message} {remedy}")
    return replace(meaning, name_key=None)


def _of_artifacts(name: str) -> str:
    """Say where a field of artifacts can be asked for; empty if it is none."""
    word = name.lower()
    is_theirs = word.startswith(("fact.", "metadata.")) or word in FACTS or word in VERSION_ATTRIBUTES
    return "It is a field of artifacts: `2` in the app and `artui ls -a` filter those." if is_theirs else ""


def _named(field: Field, scope: Scope) -> Meaning:
    """Find a metric, param or tag that is named with its prefix; one that no run has matches nothing."""
    key = scope.name_key(field.name)
    if key is not None and field.source in scope.sources_of(field.name):
        return Meaning(field.source, field.name, name_key=key)
    base, aggregate = _parts_of(field.name)
    if field.source == "metric" and aggregate:
        meaning = _metric(base, aggregate, scope)
        if meaning.name_key is not None and "metric" in scope.sources_of(base):
            return meaning
        missing = base
    else:
        meaning, missing = Meaning(field.source, field.name), field.name
    if len(scope.notes) < MAX_NOTES:
        # Similar names take a while to find, and nobody reads a hundred notes.
        note = f"No run has a {field.source} {shortened(missing, 80)!r}. {_nearest(scope, missing, field.source)}"
        scope.notes.append(note.rstrip())
    return Meaning(meaning.source, meaning.name, meaning.aggregate)


def _parts_of(name: str) -> tuple[str, str]:
    """Split the name of a metric from the number of its summary, as in `val/loss.min` or `val/loss best`; the latter may be missing."""
    for sign in (".", " "):
        base, found, aggregate = name.rpartition(sign)
        if found and (aggregate == BEST or (sign == "." and aggregate in AGGREGATES)):
            return base, aggregate
    return name, ""


def _metric(name: str, aggregate: str, scope: Scope) -> Meaning:
    return Meaning("metric", name, best_aggregate(name) if aggregate == BEST else aggregate, scope.name_key(name))


def _short_for(field: Field, name: str, scope: Scope) -> Meaning | None:
    """Find what a short name stands for: `lr` for `optimizer.lr`, as its column is titled; None if nothing ends so.

    Params and metrics come before tags.

    Raises:
        FilterError: several end so.
    """
    base, aggregate = _parts_of(name)
    for end, number in ((name, ""), (base, aggregate)) if aggregate else ((name, ""),):
        ending = _ending(scope, end)
        meanings = [Meaning(source, full, name_key=scope.name_key(full)) for source, full in ending if not number]
        meanings += [_metric(full, number, scope) for source, full in ending if number and source == "metric"]
        meanings = [meaning for meaning in meanings if meaning.source != "tag"] or meanings
        if len(meanings) == 1:
            return meanings[0]
        if meanings:
            raise error_at(field, f"Several names end in {shortened(name, 80)!r}.", f"Write {_offer(meanings)}.")
    return None


def _param_ending(name: str, scope: Scope) -> Meaning | None:
    """Find the one param of which a name is the last part, as its column is titled; None if there are others."""
    is_part = "." not in name and "/" not in name
    ending = [(source, full) for source, full in _ending(scope, name) if source != "tag"] if is_part else []
    if len(ending) != 1 or ending[0][0] != "param":
        return None
    return Meaning("param", ending[0][1], name_key=scope.name_key(ending[0][1]))


def _ending(scope: Scope, end: str) -> list[tuple[str, str]]:
    """Give the sources and the names of what ends in `.end` or `/end`."""
    if not end:
        return []
    end = storable(end)
    values = {"dot": f".{end}", "slash": f"/{end}", "most": _MOST_ENDING}
    names = [text(row[0]) for row in scope.connection.execute(_NAMES_ENDING, values)]
    return [(source, name) for name in names for source in scope.sources_of(name)]


def _offer(meanings: list[Meaning]) -> str:
    prefixes = {"metric": "metrics.", "param": "params.", "tag": "tags."}
    names = [meaning.name for meaning in meanings]
    written = [
        (prefixes[meaning.source] if names.count(meaning.name) > 1 else "")
        + quoted_name(meaning.name)
        + (f".{meaning.aggregate}" if meaning.aggregate != "last" else "")
        for meaning in meanings
    ]
    more = f", or one of {len(written) - _OFFERED} more" if len(written) > _OFFERED else ""
    return " or ".join(written[:_OFFERED]) + more


def _nearest(scope: Scope, name: str, source: str = "") -> str:
    """Suggest names that are similar to an unknown one."""
    names = {str(row[0]) for row in scope.connection.execute("SELECT text FROM name LIMIT 20000")}
    if not source:
        names |= set(ATTRIBUTES)
    close = nearest(name, sorted(names), most=2 * _OFFERED)
    offered = [candidate for candidate in close if not source or source in scope.sources_of(candidate)][:_OFFERED]
    if offered:
        return f"Did you mean {' or '.join(quoted_name(candidate) for candidate in offered)}?"
    return "" if source else f"Use {_FIELDS_HELP}."


MAX_NOTES = 5
