"""What is in the packs of a place, in fingerprints, so that a push knows what is new without reading them again.

It is kept in the user's state folder, a file a pack. It can be lost: then it is made again from the packs themselves.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson

from artui.catalog.merging.news import FINGERPRINT_BYTES
from artui.settings import private_folder, state_folder
from artui.travel.packs import Pack

_FOLDER = "packs-1"
"""The number counts how fingerprints are made: those of another way mean nothing here."""
_ENDING = ".known"
_CALLED = "called"


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a pack."""

    size_bytes: int
    fingerprints: frozenset[bytes]
    replaces: frozenset[str]
    """Names of other packs that are in it."""


class Memory:
    """What is remembered of the packs of one place."""

    def __init__(self, uri: str) -> None:
        self._kept: dict[str, Known] = {}
        self._folder: Path | None = None
        with contextlib.suppress(RuntimeError):  # a user without a home
            self._folder = state_folder() / _FOLDER / hashlib.sha256(uri.encode("utf-8", "surrogatepass")).hexdigest()[:32]  # fmt: skip

    def known(self, name: str) -> Known | None:
        """Give what is remembered of a pack by its name."""
        if name not in self._kept and self._folder is not None:
            found = _read(self._folder / f"{name}{_ENDING}")
            if found is not None:
                self._kept[name] = found
        return self._kept.get(name)

    def keep(self, pack: Pack, fingerprints: Iterable[bytes], replaces: Collection[str] = ()) -> None:
        """Remember what is in a pack. It is only a convenience, so failing to write it is ignored."""
        known = self._kept[pack.name] = Known(pack.size_bytes, frozenset(fingerprints), frozenset(replaces))
        if self._folder is None:
            return
        head = orjson.dumps({"size_bytes": known.size_bytes, "replaces": sorted(known.replaces)})
        part = self._folder / f".{pack.name}.{os.getpid()}"
        with contextlib.suppress(OSError):
            private_folder(self._folder)
            try:
                part.write_bytes(head + b"\n" + b"".join(sorted(known.fingerprints)))
                part.replace(self._folder / f"{pack.name}{_ENDING}")
            finally:
                part.unlink(missing_ok=True)

    def called(self) -> dict[str, dict[str, str]]:
        """Give what people, hosts and folders are called in the redacted packs that were pushed from here."""
        try:
            said = orjson.loads((self._folder / _CALLED).read_bytes()) if self._folder is not None else {}
        except (OSError, ValueError):
            return {}
        return {kind: {str(word): str(new) for word, new in names.items()} for kind, names in said.items()}

    def keep_called(self, called: dict[str, dict[str, str]]) -> None:
        """Remember what people, hosts and folders are called, so that they are called so again."""
        if self._folder is None:
            return
        part = self._folder / f".{_CALLED}.{os.getpid()}"
        with contextlib.suppress(OSError, TypeError):
            private_folder(self._folder)
            part.write_bytes(orjson.dumps(called))
            part.replace(self._folder / _CALLED)

    def names(self) -> set[str]:
        """Give the names of all packs that are remembered."""
        if self._folder is None:
            return set(self._kept)
        with contextlib.suppress(OSError):
            return {each.name.removesuffix(_ENDING) for each in self._folder.glob(f"*{_ENDING}")} | set(self._kept)
        return set(self._kept)

    def forget_others(self, packs: Collection[Pack]) -> None:
        """Forget the packs that are no longer there, and in none that is."""
        wanted = {pack.name for pack in packs}
        for pack in packs:
            known = self.known(pack.name)
            wanted |= known.replaces if known is not None else set()
        for name in self.names() - wanted:
            self._kept.pop(name, None)
            if self._folder is not None:
                with contextlib.suppress(OSError):
                    (self._folder / f"{name}{_ENDING}").unlink()

    def fingerprints(self, packs: Iterable[Pack]) -> set[bytes]:
        """Give what is in any of some packs, as far as it is remembered; not of one that has another size by now."""
        all_of_them: set[bytes] = set()
        for pack in packs:
            known = self.known(pack.name)
            if known is None or known.size_bytes != pack.size_bytes:
                continue
            all_of_them |= known.fingerprints
            for name in known.replaces:
                if (other := self.known(name)) is not None:
                    all_of_them |= other.fingerprints
        return all_of_them


def _read(path: Path) -> Known | None:
    try:
        head, _, rest = path.read_bytes().partition(b"\n")
        said = orjson.loads(head)
        size_bytes, replaces = int(said["size_bytes"]), frozenset(map(str, said["replaces"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if len(rest) % FINGERPRINT_BYTES:
        return None
    places = range(0, len(rest), FINGERPRINT_BYTES)
    return Known(size_bytes, frozenset(rest[at : at + FINGERPRINT_BYTES] for at in places), replaces)
