"""Values of a filter that no param or tag of that name can be held against, such as `lr < abc` where every lr is a number.

They find nothing, which is true, and say why beside the answer: a run that comes later may have another kind of value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.model import ParamType
from artui.near import did_you_mean
from artui.query.collation import HAS_TEXT, spelling_queries
from artui.query.excerpts import shortened
from artui.query.filter.parser import COMPARISONS
from artui.query.filter.resolve import MAX_NOTES
from artui.query.filter.tokens import quoted_text
from artui.query.spelling import number_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from artui.query.filter.parser import Comparison
    from artui.query.filter.resolve import Meaning
    from artui.query.filter.sets import Scope
    from artui.query.filter.values import Value

_OF_NAME = "SELECT 1 FROM param AS t WHERE t.name_key = :name_key"
_TEXT = f"{_OF_NAME} AND {HAS_TEXT}"
_BOOLEAN = f"{_OF_NAME} AND t.number IN (0, 1) AND t.type = {int(ParamType.BOOL)}"
_NUMBER = f"{_OF_NAME} AND t.number IS NOT NULL AND t.type <> {int(ParamType.BOOL)}"
_MOST_TEXTS = 1_000
"""So many texts are read in search of one that spells a number."""
_SHOWN_VALUES, _VALUE_CHARS = 3, 40
_SHOWN_KNOWN = 8


def note_kinds(test: Comparison, meaning: Meaning, scope: Scope) -> None:
    """Note which values of a test are of a kind that no run has under its name; they match nothing."""
    wrong = values_without_number(test)
    if meaning.source == "param" and wrong:
        kind = _kind_of(scope, meaning)
        if test.operator not in COMPARISONS:
            words = ("true", "false") if kind == BOOLEAN else ()
            wrong = [value for value in wrong if value.text.lower() not in words and not _is_none(value)]
        if kind and wrong:
            note(scope, f"{test.field.shown} is {kind}; {_unlike(wrong, kind, test.operator)}.")
    elif is_order_of_numbers(test) and not _has_numbers(scope, meaning):
        note_text(test, scope)


NUMBER, BOOLEAN = "a number", "true or false"


def values_without_number(test: Comparison) -> list[Value]:
    """Give the values of a test that are no numbers; none where it looks at text anyway."""
    if test.operator not in ("=", "!=", "in", "not in", *COMPARISONS):
        return []
    return [value for value in test.values if value.quantity is None]


def is_order_of_numbers(test: Comparison) -> bool:
    """Say whether a test is an order, `<` or its like, against a number."""
    return test.operator in COMPARISONS and test.values[0].quantity is not None


def note_text(test: Comparison, scope: Scope) -> None:
    """Note that a number is compared with what is never a number."""
    note(scope, f"{test.field.shown} is text; {_written(test.values)} is a number.")


def note_unknown(test: Comparison, scope: Scope, query: str) -> None:
    """Note which values of a test nothing has where there are few to choose from, and which there are.

    `query` gives those that there are, each once or several times.
    """
    if test.operator not in ("=", "in") or len(scope.notes) >= MAX_NOTES:
        return
    known = sorted({row[0] for row in scope.connection.execute(query) if isinstance(row[0], str) and row[0]})
    folded = {text.casefold() for text in known}
    for value in test.values:
        if value.text.casefold() in folded:
            continue
        more = f" and {len(known) - _SHOWN_KNOWN:,} more" if len(known) > _SHOWN_KNOWN else ""
        shown = ", ".join(shortened(text, _VALUE_CHARS) for text in known[:_SHOWN_KNOWN])
        there_are = f"It is one of {shown}{more}." if known else "Nothing has one."
        meant = did_you_mean(value.text, known, most=1)
        note(scope, f"{test.field.shown} is never {shortened(value.text, _VALUE_CHARS)!r}. {meant or there_are}")


def note(scope: Scope, text: str) -> None:
    """Keep a note beside the answer, once, unless there are many already."""
    if len(scope.notes) < MAX_NOTES and text not in scope.notes:
        scope.notes.append(text)


def _is_none(value: Value) -> bool:
    return not value.is_quoted and value.text.lower() == "none"


def _has(scope: Scope, meaning: Meaning, query: str) -> bool:
    return scope.connection.execute(f"{query} LIMIT 1", {"name_key": meaning.name_key}).fetchone() is not None


def _kind_of(scope: Scope, meaning: Meaning) -> str:
    """Say what all values of a param are; empty if any is text, or all are none."""
    if _has(scope, meaning, _TEXT):
        return ""
    return NUMBER if _has(scope, meaning, _NUMBER) else BOOLEAN if _has(scope, meaning, _BOOLEAN) else ""


def _has_numbers(scope: Scope, meaning: Meaning) -> bool:
    """Say whether any value counts as a number, be it a text that spells one."""
    if meaning.source == "param" and (_has(scope, meaning, _NUMBER) or _has(scope, meaning, _BOOLEAN)):
        return True
    for query in spelling_queries(meaning.source):
        texts = scope.connection.execute(f"{query} LIMIT {_MOST_TEXTS}", {"name_key": meaning.name_key}).fetchall()
        if len(texts) == _MOST_TEXTS or any(number_in(text) is not None for text, _ in texts):
            return True
    return False


def _unlike(values: Sequence[Value], kind: str, operator: str) -> str:
    are = "is" if len(values) == 1 else "are"
    if kind == BOOLEAN:
        return f"{operator} takes 0 or 1" if operator in COMPARISONS else f"{_written(values)} {are} neither"
    is_boolean = any(value.text.lower() in ("true", "false") for value in values)
    return f"{_written(values)} {are} {'no number' if is_boolean else 'text'}"


def _written(values: Sequence[Value]) -> str:
    """Write values as they were written, the first few of many."""
    texts = [shortened(quoted_text(value.text) if value.is_quoted else value.text, _VALUE_CHARS) for value in values]
    more = len(texts) - _SHOWN_VALUES
    return ", ".join([*texts[:_SHOWN_VALUES], *([f"{more} more"] if more > 0 else [])])
