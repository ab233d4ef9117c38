"""Catalogs that a command line names by a URI: what stands in for them here."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING

from artui.errors import UsageError
from artui.safetext import clean

if TYPE_CHECKING:
    from artui.travel.far.reaching import Reached

_VERBS = (
    "ls", "show", "sql", "compare", "why", "trace", "impact", "audit", "get", "preview", "blame", "diff", "merge", "adopt",
)  # fmt: skip
"""Those that only read the catalogs that they are given, or make others of them."""
_OPTIONS = ("-c", "--catalog")
_reached: list[Reached] = []


def with_stand_ins(arguments: list[str]) -> list[str]:
    """Give a command line in which the path of what stands in for it is in the place of each URI of a catalog.

    Raises:
        UsageError: the verb changes catalogs, or several are to be opened as one.
        CatalogError: one is not there, or cannot be reached.
    """
    ours = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if not any("://" in word and ".artui" in word for word in ours):
        return arguments
    from artui.cli import VERBS

    verb = next((word for word in ours if word in VERBS), None)
    if verb is not None and verb not in _VERBS:
        _refuse_changes(verb, ours)
        return arguments
    if verb is None and len(ours) > 1 and not any(word in _OPTIONS for word in ours):
        from artui.travel.far.reaching import is_far_catalog

        if any(map(is_far_catalog, ours)):
            raise UsageError(
                "A catalog that lies elsewhere is opened alone.",
                remedy="`artui merge A B --into C` brings several into one.",
            )
    if verb is None:
        from artui.cli.starting import check_terminal

        check_terminal()
    return [_stand_in(word) for word in ours] + arguments[len(ours) :]


def _stand_in(word: str) -> str:
    from artui.travel.far.reaching import is_far_catalog, reach

    option, equals, value = word.partition("=")
    if equals and option == "--catalog":
        return f"{option}={_stand_in(value)}"
    if not is_far_catalog(word):
        return word
    from artui.cli.progress import Bar

    with Bar() as bar:
        reached = reach(word, tell=bar.tell, may_ask=sys.stderr.isatty() and sys.stdin.isatty())
    if reached.catalog.note:
        print(f"artui: {clean(reached.catalog.title)}: {clean(reached.catalog.note)}", file=sys.stderr)
    _reached.append(reached)
    return str(reached.path)


def _refuse_changes(verb: str, words: list[str]) -> None:
    from artui.travel.far.reaching import is_far_catalog

    named = [value for option, value in itertools.pairwise(words) if option in _OPTIONS]
    named += [word.partition("=")[2] for word in words if word.startswith("--catalog=")]
    if any(map(is_far_catalog, named)):
        raise UsageError(
            f"`artui {verb}` cannot be done with a catalog that lies elsewhere.",
            remedy=f"Call it there; from here it is only read, by the app and by {', '.join(_VERBS)}.",
        )
