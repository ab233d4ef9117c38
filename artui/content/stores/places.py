"""Where things lie outside of a catalog: URIs and paths, as they are used and as they may be written down.

A URI may hold credentials: a password before the host, a signature behind `?`. A catalog is given to others, so what
is written down has neither; `Place.secret_uri` is for the one that connects.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

from artui.errors import UsageError
from artui.paths import usable_path

SCHEMES = ("s3", "gs", "az", "https", "http")
"""Those of buckets and of the web, which the package `obstore` knows; another one is a matter of fsspec."""
_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]{1,20})://")
_HOST = re.compile(r"[A-Za-z0-9_.\-\[\]:%]{1,255}\Z")
_USER = re.compile(r"[A-Za-z0-9_.\-+\\@]{1,64}\Z")


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, here or elsewhere."""

    scheme: str
    """`file` for a folder of this machine."""
    uri: str
    """As it may be written down; of a folder its path."""
    secret_uri: str
    """As it was given."""
    host: str = ""
    user: str = ""
    port: int = 0
    path: str = ""
    """Of a folder here or by ssh."""


def is_uri(text: str) -> bool:
    """Say whether a text begins as a URI does, `s3://` or the like."""
    return _URI.match(text) is not None


def place_of(text: str) -> Place:
    """Read a URI, or the path of a folder.

    Raises:
        UsageError: it cannot be one; what it holds of secrets is not repeated.
    """
    if not is_uri(text):
        path = os.path.abspath(os.path.expanduser(usable_path(text))) if text else ""
        return Place("file" if path else "", path, path, path=path)
    try:
        parts = urlsplit(text)
        port = parts.port or 0
    except ValueError as error:
        raise UsageError(f"A URI cannot be read: {error}.", remedy="Correct it.") from None
    scheme = parts.scheme.lower()
    if any(letter.isspace() or not letter.isprintable() for letter in text):
        raise UsageError(f"{ascii(written(text))[:80]} holds letters that no URI has.", remedy="Take them away.")
    if scheme == "file":
        if parts.netloc not in ("", "localhost"):
            raise UsageError(
                f"{ascii(written(text))[:80]} is a folder of {parts.hostname}.",
                remedy=f"Write ssh://{parts.hostname}/…",
            )
        path = os.path.abspath(unquote(parts.path) or "/")
        return Place("file", path, path, path=path)
    host, user = parts.hostname or "", unquote(parts.username or "")
    if not host and scheme in ("ssh", "hf", *SCHEMES):
        raise UsageError(f"{ascii(written(text))[:80]} names no host or bucket.", remedy="Such as s3://bucket/path.")
    if scheme == "ssh":
        path = unquote(parts.path)
        _check_ssh(text, host, user, path)
        return Place("ssh", written(text), text, host, user, port, path.removeprefix("/") if path.startswith("/~/") else path)  # fmt: skip
    return Place(scheme, written(text), text, host, user, port, unquote(parts.path))


def written(text: str) -> str:
    """Give a URI as it may be written down: without password, query and fragment, and without a slash at its end."""
    if not is_uri(text):
        return text
    scheme, _, rest = text.partition("://")
    rest = re.split("[?#]", rest, maxsplit=1)[0]
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    # Only ssh has users that are no credentials.
    kept_user = user.split(":")[0] if scheme.lower() == "ssh" else ""
    authority = f"{kept_user}{at if kept_user else ''}{host}"
    return f"{scheme.lower()}://{authority}{slash}{path}".rstrip("/")


def joined(uri: str, name: str) -> str:
    """Give the URI, or the path, of what lies under a name in a place."""
    return f"{uri.rstrip('/')}/{name}"


def is_below(text: str, root: str) -> bool:
    """Say whether a URI or path is another one, or lies below it."""
    root = root.rstrip("/")
    return text == root or text.startswith(f"{root}/")


def without_query(uri: str) -> str:
    """Give a URI without query and fragment, with all that stands before them."""
    parts = urlsplit(uri)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def _check_ssh(text: str, host: str, user: str, path: str) -> None:
    """Refuse what `ssh` or a shell could take for something else than a host, a user or a path.

    Raises:
        UsageError: one of them cannot be one.
    """
    named = ascii(written(text))[:80]
    if host.startswith("-") or not _HOST.match(host):
        raise UsageError(f"{named} has a host that ssh would not take for one.", remedy="Write ssh://[user@]host/path.")
    if user and (user.startswith("-") or not _USER.match(user)):
        raise UsageError(f"{named} has a user that ssh would not take for one.", remedy="Write ssh://[user@]host/path.")
    if not path.startswith("/") or path == "/" or any(not letter.isprintable() for letter in path):
        raise UsageError(f"{named} names no folder there.", remedy="Write ssh://host/path, or ssh://host/~/path.")
    if any(part.startswith("-") or part in (".", "..") for part in path.split("/")):
        raise UsageError(f"{named} has a part that a program there could take for an option.", remedy="Name another folder.")  # fmt: skip
