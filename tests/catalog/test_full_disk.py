"""Reading where nothing can be written any more: the disk of the catalog is full, and so is every place for temporary files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MAKE = """
import os, sys
from artui.catalog import Catalog, runs

def add(catalog, name):
    with catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name=name))

with Catalog(sys.argv[1]) as catalog:
    add(catalog, "first")
if sys.argv[2] != "plain":
    add(Catalog(sys.argv[1]), "second")
    if sys.argv[2] == "wal":
        os.unlink(sys.argv[1] + "-shm")
    os._exit(0)
"""

# In a mount name space of its own: nothing of it is seen outside, and it ends with the process.
SCRIPT = """
set -eu
place=$1 kind=$2 who=$3 python=$4 make=$5
mount -t tmpfs -o size=4m tmpfs "$place"
mkdir "$place/free" "$place/home"
export XDG_STATE_HOME="$place/home" XDG_CACHE_HOME="$place/home" XDG_CONFIG_HOME="$place/home" TMPDIR="$place/free"
"$python" "$make" "$place/x.artui" "$kind"
if [ "$who" = stranger ]; then rm -rf "$place/home"; mkdir "$place/home"; fi
for each in /tmp /var/tmp /dev/shm; do
  # A place that the interpreter itself lies in has to stay.
  case "$python" in $each/*) continue;; esac
  if [ -d $each ]; then mount --bind "$place/free" $each; fi
done
cd "$place/free"
dd if=/dev/zero of="$place/filling" bs=4k 2>/dev/null || true
"$python" -m artui ls -c "$place/x.artui"
"$python" -m artui show first -c "$place/x.artui" | head -1
ls -A "$place" >&2
"""


def _may_mount() -> str:
    """Say why no file system can be mounted here; empty when one can."""
    if not sys.platform.startswith("linux") or shutil.which("unshare") is None:
        return "only Linux with util-linux has a mount name space for a test"
    tried = ["unshare", "-m", "mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", "/mnt"]
    done = subprocess.run(tried, capture_output=True, text=True, check=False)
    return f"mounting is not allowed here: {done.stderr.strip()}" if done.returncode else ""


@pytest.mark.parametrize("who", ["owner", "stranger"])
@pytest.mark.parametrize("kind", ["plain", "wal", "wal-and-shm"])
def test_a_catalog_on_a_full_disk_is_read(kind: str, who: str) -> None:
    """Its runs are listed, those in a -wal too, or it is said that they are not shown; there is no traceback, nothing is lost."""
    if reason := _may_mount():
        pytest.skip(reason)
    place = Path(f"/var/artui-full-{os.getpid()}")
    place.mkdir()
    make = place.with_suffix(".py")
    make.write_text(MAKE)
    try:
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", SCRIPT, "sh", str(place), kind, who, sys.executable, str(make)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    finally:
        make.unlink()
        place.rmdir()

    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr
    assert "first" in done.stdout
    assert kind == "plain" or "second" in done.stdout or "not shown" in done.stderr
    assert kind != "wal" or "x.artui-wal" in done.stderr or "second" in done.stdout
