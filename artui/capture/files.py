"""Listing files and folders that are saved: links are followed as the settings say, and what is left out is named once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from artui.capture.warn import warn
from artui.content import walking
from artui.errors import ArtuiError
from artui.settings import load_settings

if TYPE_CHECKING:
    from artui.content.walking import Follow, Listing

MAX_NAMED = 5
"""How many of the files that were left out are named."""


def listed(path: Path) -> list[tuple[str, Path]]:
    """List a path as (manifest path, real path), sorted; a single file under its own name.

    Raises:
        UsageError: there is nothing at the path, or it is neither file nor folder, or a link to what is never followed.
    """
    listing = walking.listed(path, follow=_follow())
    _tell(path, listing)
    return listing.entries


def _follow() -> Follow:
    try:
        follow = load_settings().follow_links
    except ArtuiError:  # reported when the run began
        return "outside"
    if follow == "outside":
        return "outside"
    if follow != "inside":
        warn(
            "follow_links",
            f"follow_links is {follow!a}, not 'outside' or 'inside': links out of folders are not followed.",
        )
    return "inside"


def _tell(path: Path, listing: Listing) -> None:
    folder = ascii(path.name or str(path))
    if names := listing.secret:
        count = _counted(names, "file")
        warn(
            f"secret files of {path}", f"left out {count} of {folder} that by their names hold secrets: {_named(names)}"
        )
    if names := listing.leading_out:
        count = _counted(names, "link")
        warn(f"links out of {path}", f"followed {count} of {folder} out of it: {_named(names)}")
    if names := [f"{name} {reason}" for name, reason in listing.not_followed]:
        count = _counted(names, "link")
        warn(f"links of {path}", f"did not follow {count} of {folder}, and kept them as links: {_named(names)}")
    for error in listing.unlisted:
        warn(
            f"skipped {error.filename}",
            f"left out a folder that cannot be listed ({error.strerror}): {str(error.filename)[-80:]}",
        )


def _counted(names: Sequence[str], word: str) -> str:
    return f"{len(names):,} {word}{'' if len(names) == 1 else 's'}"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
    return f"{', '.join(names[:MAX_NAMED])!a}{more}"
