"""What somebody may send: file names that mean something elsewhere, and a journal that names a file to be deleted."""

from __future__ import annotations

import os
import sqlite3
import struct
from pathlib import Path

from artui.catalog import artifacts, ids, numbering
from artui.catalog.schema import PAGE_BYTES

ODD_NAMES = ("?x#y%41.artui", "a&mode=rwc.artui", "new\nline.artui", "-dash.artui", "spa ce.artui", "ünï.artui", "\udcff.artui")  # fmt: skip

MAGIC = bytes.fromhex("d9d505f920a163d7")
SECTOR_BYTES = 512


def write_unchecked(connection: sqlite3.Connection, version: artifacts.NewVersion) -> None:
    """Write a version with whatever paths it has, and all digests right: ours would leave some out."""
    artifact_key, digest = artifacts.ensure_artifact(connection, version), artifacts.manifest_digest(version.files)
    number = numbering.next_number(connection, artifact_key)
    artifacts.write_version(connection, version, artifact_key, ids.new_id(), number, digest)


def naming_journal(victim: Path, catalog: Path) -> bytes:
    """A rollback journal without pages that names a file to be deleted, as section 3 of SQLite's file format has it."""
    name = os.fsencode(victim)
    head = MAGIC + struct.pack(">IIIII", 0, 1, catalog.stat().st_size // PAGE_BYTES, SECTOR_BYTES, PAGE_BYTES)
    tail = struct.pack(">II", len(name), sum(name) & 0xFFFFFFFF) + MAGIC
    return head.ljust(SECTOR_BYTES, b"\0") + struct.pack(">I", 0x40000000 // PAGE_BYTES + 1) + name + tail
