"""Where the files of a lake lie: their names, and the manifest by which an exporter knows its own.

    runs/project=digits/month=2026-11/part-CATALOG-DIGEST.parquet
    _artui/CATALOG.json

A file is never written over: its name says what is in it. New files are there before those that they replace are taken away,
and the manifest is written behind both; a file that it does not name is one that an interrupted export left.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from artui.content.stores import Store
from artui.errors import UsageError
from artui.exchange.lake.tables import LAYOUT, MANIFESTS, TABLES
from artui.version import VERSION

MAX_MANIFEST_BYTES = 64 << 20
_SAFE = re.compile(r"[0-9A-Za-z]{1,40}\Z")
_LONGEST_NAME = 180
_FILE = re.compile(r"(?P<table>\w+)/project=[^/]+/month=[^/]+/part-(?P<catalog>[0-9a-z]+)-(?P<digest>[0-9a-f]{32})\.parquet\Z")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a lake, as its manifest has it."""

    rows: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class GroupParts:
    """The files of runs that leave together."""

    names: tuple[str, ...]
    rows: Mapping[str, int]
    """How many by table."""


@dataclass(slots=True)
class Manifest:
    """What one catalog has in a lake."""

    catalog_id: str
    selection: dict[str, str] = field(default_factory=dict)
    """The filter and the project that were exported."""
    origins: list[str] = field(default_factory=list)
    """Who had written to the catalog."""
    parts: dict[str, Part] = field(default_factory=dict)
    """By name of the file."""
    groups: dict[str, GroupParts] = field(default_factory=dict)
    """By a word that differs once anything of the runs has changed: while it is the same they need not be read."""

    def content(self) -> bytes:
        """Write it as JSON."""
        plain = {
            "layout": LAYOUT, "catalog_id": self.catalog_id, "by": f"artui {VERSION}", "selection": self.selection, "origins": self.origins,
            "files": {name: [part.rows, part.size_bytes] for name, part in sorted(self.parts.items())},
            "groups": {word: [group.names, group.rows] for word, group in sorted(self.groups.items())},
        }  # fmt: skip
        return orjson.dumps(plain, option=orjson.OPT_INDENT_2)


def tag_of(catalog_id: str) -> str:
    """Give how a catalog is called in the names of its files: by its id, in letters that every file system takes."""
    return catalog_id.lower() if _SAFE.match(catalog_id) else hashlib.sha256(catalog_id.encode("utf-8", "replace")).hexdigest()[:26]  # fmt: skip


def folder_of(table: str, project: str, month: str) -> str:
    """Give the folder of a partition."""
    name = quote(project, safe="") or "__HIVE_DEFAULT_PARTITION__"
    if name in (".", "..") or len(name) > _LONGEST_NAME:
        digest = hashlib.sha256(project.encode("utf-8", "replace")).hexdigest()[:12]
        name = f"{quote(project[:20], safe='')}~{digest}"
    return f"{table}/project={name}/month={month}"


def name_of(folder: str, tag: str, digest: str) -> str:
    """Give the name of a file."""
    return f"{folder}/part-{tag}-{digest}.parquet"


def digest_of(table: str, rows: Iterable[Any]) -> str:
    """Give the digest of rows of a table, from which the name of their file is made."""
    whole = hashlib.sha256(f"{LAYOUT} {table} {','.join(TABLES[table])}\n".encode())
    for row in rows:
        whole.update(repr(row).encode("utf-8", "backslashreplace"))
    return whole.hexdigest()[:32]


def manifest_name(tag: str) -> str:
    """Give the name of a catalog's manifest."""
    return f"{MANIFESTS}/{tag}.json"


def own_files(store: Store, tag: str) -> dict[str, int]:
    """List the files of a catalog in a lake, with their sizes: those that are there, whatever a manifest says."""
    files = {}
    for table in TABLES:
        for name, size_bytes in store.listed(table):
            match = _FILE.match(name)
            if match is not None and match["catalog"] == tag and match["table"] == table:
                files[name] = size_bytes
    return files


def read_manifest(store: Store, catalog_id: str) -> Manifest | None:
    """Read the manifest of a catalog; None if there is none, or it is damaged.

    Raises:
        UsageError: a newer artui wrote it.
        StoreFailed: the store cannot be asked.
    """
    name = manifest_name(tag_of(catalog_id))
    size_bytes = store.size(name)
    if size_bytes is None or size_bytes > MAX_MANIFEST_BYTES:
        return None
    content = b"".join(store.pieces(name, 0, size_bytes))
    try:
        plain = orjson.loads(content)
    except ValueError:
        return None
    if not isinstance(plain, dict) or not isinstance(plain.get("files"), dict):
        return None
    if isinstance(plain.get("layout"), int) and plain["layout"] > LAYOUT:
        raise UsageError(f"The lake {store.uri!a} has the layout {plain['layout']}, this artui writes {LAYOUT}.", remedy="Upgrade artui, or give another folder.")  # fmt: skip
    parts = {str(at): Part(row[0], row[1]) for at, row in plain["files"].items() if _is_part(row)}
    selection, origins = plain.get("selection"), plain.get("origins")
    return Manifest(
        catalog_id,
        {str(key): str(value) for key, value in selection.items()} if isinstance(selection, dict) else {},
        [str(origin) for origin in origins] if isinstance(origins, list) else [],
        parts,
        _groups_in(plain.get("groups"), parts),
    )


def _groups_in(said: object, parts: Mapping[str, Part]) -> dict[str, GroupParts]:
    """Read the groups; what is damaged of them, or names other files, is read again from the catalog."""
    groups: dict[str, GroupParts] = {}
    for word, group in said.items() if isinstance(said, dict) else ():
        match group:
            case [list(names), dict(rows)] if all(isinstance(name, str) and name in parts for name in names) and all(
                table in TABLES and type(count) is int and count >= 0 for table, count in rows.items()
            ):
                groups[str(word)] = GroupParts(tuple(names), rows)
    return groups


def write_manifest(store: Store, manifest: Manifest) -> None:
    """Write the manifest of a catalog, in place of the one that is there.

    Raises:
        StoreFailed: it cannot be written, or another export of the same catalog writes there.
    """
    name, content = manifest_name(tag_of(manifest.catalog_id)), manifest.content()
    if not store.replace(name, len(content), iter([content]), state=store.state(name)):
        raise store.failed(name, "was written by another export of this catalog meanwhile", remedy="Export again.")


def put_file(store: Store, name: str, path: Path) -> int:
    """Copy a file into a lake, whole or not at all; give its size.

    Raises:
        StoreFailed: it cannot be written.
    """
    size_bytes = path.stat().st_size
    with path.open("rb") as stream:
        store.put(name, size_bytes, iter(lambda: stream.read(1 << 20), b""))
    return size_bytes


def _is_part(row: Any) -> bool:
    return isinstance(row, list) and len(row) == 2 and all(isinstance(cell, int) for cell in row)


def take_away(store: Store, names: Iterable[str]) -> int:
    """Remove files of a lake; give how many."""
    count = 0
    for name in names:
        store.remove(name)
        count += 1
    return count
