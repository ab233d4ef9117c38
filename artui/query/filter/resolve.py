"""What a name in a filter means in one catalog: an attribute, a param, a metric or a tag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from artui.query.aggregates import AGGREGATES
from artui.query.attributes import ATTRIBUTES, OTHER_WORDS
from artui.query.filter.parser import Field, error_at
from artui.query.filter.tokens import FilterError, quoted_name, shortened

if TYPE_CHECKING:
    from artui.query.filter.sets import Scope

_OFFERED = 3


_NEAR_CHARS = 200


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
    if field.source:
        return _named(field, scope)

    meanings: list[Meaning] = []
    name = field.name
    if name in ATTRIBUTES:
        meanings.append(Meaning("attribute", name))
    meanings += [Meaning(source, name, name_key=scope.name_key(name)) for source in scope.sources_of(name)]
    base, dot, aggregate = name.rpartition(".")
    if not meanings and dot and aggregate in AGGREGATES and "metric" in scope.sources_of(base):
        meanings.append(Meaning("metric", base, aggregate, scope.name_key(base)))
    if not meanings and name.lower() in OTHER_WORDS:
        meanings.append(Meaning("attribute", OTHER_WORDS[name.lower()]))
    if not meanings and name.lower() in ATTRIBUTES:
        meanings.append(Meaning("attribute", name.lower()))
    if len(meanings) > 1:
        words = {"attribute": "an attribute", "metric": "a metric", "param": "a param", "tag": "a tag"}
        prefixes = {"attribute": "attr.", "metric": "metrics.", "param": "params.", "tag": "tags."}
        raise error_at(
            field,
            f"{name} is {' and '.join(words[meaning.source] for meaning in meanings)}.",
            f"Write {' or '.join(prefixes[meaning.source] + quoted_name(name) for meaning in meanings)}.",
        )
    if not meanings:
        remedy = _nearest(scope, base if dot and aggregate in AGGREGATES else name)
        raise NothingNamed(f"Nothing here is named {name!r}.", field.position, field.length, remedy=remedy)
    return meanings[0]


def _named(field: Field, scope: Scope) -> Meaning:
    """Find a metric, param or tag that is named with its prefix; one that no run has matches nothing."""
    key = scope.name_key(field.name)
    if key is not None and field.source in scope.sources_of(field.name):
        return Meaning(field.source, field.name, name_key=key)
    base, dot, aggregate = field.name.rpartition(".")
    if field.source == "metric" and dot and aggregate in AGGREGATES:
        key = scope.name_key(base)
        meaning = Meaning("metric", base, aggregate, key)
        if key is not None and "metric" in scope.sources_of(base):
            return meaning
        missing = base
    else:
        meaning, missing = Meaning(field.source, field.name), field.name
    if len(scope.notes) < MAX_NOTES:
        # Similar names take a while to find, and nobody reads a hundred notes.
        note = f"No run has a {field.source} {shortened(missing, 80)!r}. {_nearest(scope, missing, field.source)}"
        scope.notes.append(note.rstrip())
    return Meaning(meaning.source, meaning.name, meaning.aggregate)


def _nearest(scope: Scope, name: str, source: str = "") -> str:
    """Suggest names that are similar to an unknown one."""
    import difflib

    name = name[:_NEAR_CHARS]
    names = {str(row[0]) for row in scope.connection.execute("SELECT text FROM name LIMIT 20000")}
    if not source:
        names |= set(ATTRIBUTES)
    folded: dict[str, list[str]] = {}
    for candidate in sorted(names):
        folded.setdefault(candidate.casefold(), []).append(candidate)
        # `acc` should find `val/acc`.
        folded.setdefault(candidate.casefold().rpartition("/")[2], []).append(candidate)
    close = difflib.get_close_matches(name.casefold(), folded, n=2 * _OFFERED, cutoff=0.6)
    offered = list(
        dict.fromkeys(
            candidate
            for key in close
            for candidate in folded[key]
            if not source or source in scope.sources_of(candidate)
        )
    )[:_OFFERED]
    if offered:
        return f"Did you mean {' or '.join(quoted_name(candidate) for candidate in offered)}?"
    return "" if source else f"Use {_FIELDS_HELP}."


MAX_NOTES = 5
