"""What somebody may send: file names that mean something elsewhere, and a journal that names a file to be deleted."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from artui.catalog.schema import PAGE_BYTES

ODD_NAMES = ("?x#y%41.artui", "a&mode=rwc.artui", "new\nline.artui", "-dash.artui", "spa ce.artui", "ünï.artui", "\udcff.artui")  # fmt: skip

MAGIC = bytes.fromhex("d9d505f920a163d7")
SECTOR_BYTES = 512


def naming_journal(victim: Path, catalog: Path) -> bytes:
    """A rollback journal without pages that names a file to be deleted, as section 3 of SQLite's file format has it."""
    name = os.fsencode(victim)
    head = MAGIC + struct.pack(">IIIII", 0, 1, catalog.stat().st_size // PAGE_BYTES, SECTOR_BYTES, PAGE_BYTES)
    tail = struct.pack(">II", len(name), sum(name) & 0xFFFFFFFF) + MAGIC
    return head.ljust(SECTOR_BYTES, b"\0") + struct.pack(">I", 0x40000000 // PAGE_BYTES + 1) + name + tail
