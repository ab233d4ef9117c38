"""Asking at once what would be asked one by one, of a catalog that lies elsewhere: each answer takes its time.

What comes stays here; who asks the same again, in order, waits no more. Errors are left to that one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from artui.query.runs.columns import look_at_names

if TYPE_CHECKING:
    from artui.query.reader import Reader

_PARTS = 12


def ask_for_names(reader: Reader, *others: Callable[[], object]) -> None:
    """Ask for the columns, and for other things meanwhile."""
    _at_once([*others, *(partial(look_at_names, reader, parts=_PARTS, part=part) for part in range(_PARTS))])


def ask_for_rows(keys: Sequence[int], ask: Callable[[Sequence[int]], object]) -> None:
    """Ask for rows, some by each."""
    _at_once([partial(ask, keys[part::_PARTS]) for part in range(min(_PARTS, len(keys)))])


def _at_once(questions: Sequence[Callable[[], object]]) -> None:
    with ThreadPoolExecutor(max(1, len(questions))) as pool:
        for question in questions:
            pool.submit(question)
