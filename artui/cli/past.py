"""`artui --at TIME …`: the catalog as it was at a time, in the app and in every verb that only reads."""

from __future__ import annotations

import atexit
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artui import clock
from artui.errors import UsageError

if TYPE_CHECKING:
    from artui.travel.past import Past

OPTION = "--at"
_wanted: list[str] = []
"""The time that is named on the command line, once at most."""
_VERBS = (
    "ls", "show", "sql", "compare", "why", "trace", "impact", "audit", "verify", "get", "preview", "blame", "diff",
)  # fmt: skip
"""Those that only read."""
_OWN = "served"
"""The verb with an `--at` of its own: what served at a time is told by all that is known now."""


def take_option(arguments: list[str]) -> list[str]:
    """Note the time of `--at`, anywhere before `--`; give the other arguments.

    Raises:
        UsageError: no time stands behind it, or the verb changes something.
    """
    ours = arguments[: arguments.index("--")] if "--" in arguments else arguments
    rest: list[str] = []
    _wanted.clear()
    if next((word for word in ours if not word.startswith("-")), "") == _OWN:
        return arguments
    words = iter(ours)
    for word in words:
        if word == OPTION:
            text = next(words, None)
            if text is None:
                raise UsageError(
                    "No time stands behind --at.", remedy="Write --at 2026-11-01, or --at 2d for two days ago."
                )
            _wanted.append(text)
        elif word.startswith(f"{OPTION}="):
            _wanted.append(word.partition("=")[2])
        else:
            rest.append(word)
    if _wanted:
        _check(rest)
    return rest + arguments[len(ours) :]


def _check(words: list[str]) -> None:
    from artui.cli import VERBS
    from artui.travel.past import moment

    verb = next((word for word in words if word in VERBS), None)
    if verb is not None and verb not in _VERBS:
        raise UsageError(
            f"`artui {verb}` cannot be done in the past.",
            remedy=f"--at goes with the app, and with {', '.join(_VERBS)}.",
        )
    moment(_wanted[-1])


def is_wanted() -> bool:
    """Whether a catalog is to be shown as it was."""
    return bool(_wanted)


def past_of(path: Path) -> Past:
    """Give the catalog as it was at the time that is wanted; its copy is removed when the process ends."""
    from artui.cli.progress import Bar
    from artui.travel.past import as_of, moment

    with Bar() as bar, writing():
        past = as_of(path, moment(_wanted[-1]), tell=bar.tell)
    atexit.register(past.folder.cleanup)
    # Ages, and what is still going on, are those of then.
    clock.stop_at(past.at_ms)
    return past


def reader_options(past: Past) -> dict[str, Any]:
    """Give how a reader opens it."""
    return {"sources": (past.source,), "why_not_writable": past.why_not_writable, "title": past.title}


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """Let a private copy be made, also where catalogs are only to be looked at."""
    from artui.settings import load_settings

    kept = os.environ.pop("ARTUI_READ_ONLY", None)
    load_settings.cache_clear()
    try:
        yield
    finally:
        if kept is not None:
            os.environ["ARTUI_READ_ONLY"] = kept
        load_settings.cache_clear()
