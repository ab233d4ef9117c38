"""Names of files and folders for what people called anything: safe on every system, and no two the same.

A name may be `../../x`, a megabyte long, of control characters, or equal to another one but for case. What a file can be called
stays as it is; anything else is written plainly, with a digest that tells it apart.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

MAX_NAME_BYTES = 120
_UNFIT = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?\Z", re.IGNORECASE)


def digest_of(text: str) -> str:
    """Give eight letters that tell a text from others."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def file_name(text: str, most_bytes: int = MAX_NAME_BYTES) -> str:
    """Write a text as the name of one file or folder: as it is, where that can be one on every system."""
    if is_file_name(text, most_bytes):
        return text
    return told_apart(text, text, most_bytes)


def told_apart(text: str, by: str, most_bytes: int = MAX_NAME_BYTES) -> str:
    """Write a text as the name of a file that ends with the digest of another text."""
    printable = "".join(letter if letter.isprintable() else "_" for letter in text[:most_bytes])
    plain = _UNFIT.sub("_", printable).strip(" ._~") or "_"
    cut = plain.encode("utf-8", "replace")[: most_bytes - 9].decode("utf-8", "ignore").rstrip(" .")
    return f"{cut}-{digest_of(by)}"


def is_file_name(text: str, most_bytes: int = MAX_NAME_BYTES) -> bool:
    """Whether a file can have this name on every system."""
    return (
        0 < len(text) <= most_bytes
        and text.isprintable()
        and not _UNFIT.search(text)
        and text[0] not in ". ~"
        and text[-1] not in ". "
        and len(text.encode("utf-8")) <= most_bytes
        and not _DEVICES.match(text)
        and text != "__MACOSX"
    )


def folded(name: str) -> str:
    """Give what two names have in common that some file system takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


class Names:
    """The names within one folder, of which no two are the same on any file system."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def of(self, text: str, *, by: str = "") -> str:
        """Give a name that was not given yet.

        Args:
            by: what tells it apart where another one has the name already; by default the text itself.
        """
        name = file_name(text)
        number = 0
        while folded(name) in self._given:
            name = told_apart(text, f"{by or text}\0{number or ''}" if number else by or text)
            number += 1
        self._given.add(folded(name))
        return name


class Paths:
    """Relative paths below one folder, of which none is another one's folder, on any file system."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def take(self, path: str) -> bool:
        """Take a path with `/` for a file; False where another file is there, or a folder, or on the way."""
        whole = folded(path)
        parts = whole.split("/")
        folders = ["/".join(parts[:count]) for count in range(1, len(parts))]
        if whole in self._files or whole in self._folders or any(folder in self._files for folder in folders):
            return False
        self._files.add(whole)
        self._folders.update(folders)
        return True
