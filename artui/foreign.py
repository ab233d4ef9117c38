"""Asking objects of somebody else: a user's config, a framework's tensor, a driver, a handler or a stream.

What their methods and properties raise can be anything, and must not cost a run its record. This is the one place
that catches all of it; `KeyboardInterrupt` and `SystemExit` pass through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_Answer = TypeVar("_Answer")
_Default = TypeVar("_Default")


def ask(
    question: Callable[..., _Answer], *arguments: Any, otherwise: Callable[[Exception], _Default]
) -> _Answer | _Default:
    """Call `question` with the arguments; give its answer, or what `otherwise` makes of the error that it raises."""
    try:
        return question(*arguments)
    except Exception as error:  # noqa: BLE001 - somebody else's object may raise anything
        return otherwise(error)


def answer_of(question: Callable[..., _Answer], *arguments: Any, default: _Default) -> _Answer | _Default:
    """Call `question` with the arguments; give its answer, or the default when it raises."""
    return ask(question, *arguments, otherwise=lambda _: default)


def attempt(action: Callable[..., object], *arguments: Any) -> None:
    """Call `action` with the arguments, whether it succeeds or raises."""
    ask(action, *arguments, otherwise=lambda _: None)
