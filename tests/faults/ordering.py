"""Reads in which order a process wrote, synced, published and removed files, from a trace of its system calls.

A power cut keeps what was synced, and of the rest anything in any order. So the order alone must promise that
nothing is ever in no place at all: what removes a copy comes after the sync of the other one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
CALLS = "pwrite64,write,writev,ftruncate,fsync,fdatasync,unlink,unlinkat,rename,renameat,renameat2,link,linkat"
_LINE = re.compile(r"^(?P<pid>\d+) +(?:[\d.]+ +)?(?:<\.\.\. (?P<resumed>\w+) resumed>|(?P<call>\w+)\()(?P<rest>.*)$")
_FD = re.compile(r"^\d+<(?P<path>[^>]*)>")
_AT = re.compile(r'\d+<([^>]*)>, "((?:[^"\\]|\\.)*)"')
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_RESULT = re.compile(r"= (-?\d+|\?)[^=]*$")


@dataclass(frozen=True)
class Call:
    """One system call that had an effect."""

    name: str
    path: str
    """Of the descriptor, or the last path that is named."""
    source: str = ""
    """Of a rename or link."""


def strace() -> str | None:
    return shutil.which("strace")


PROGRAM = """
import os, sys, time
sys.path.insert(0, ".")
from pathlib import Path
from tests.faults import playing
path, home, how = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
playing.set_up(home, is_rollback="rollback" in how, flush_seconds=0.02)
spool = playing.module_with("ROTATE_BYTES")
spool.ROTATE_BYTES = 4000
if "killed" in how:
    promise = playing.Promise()
    child = playing.spawn(
        lambda: playing.log_run(path, promise, points=30, name="killed", until_killed=True), path.parent.parent / "said.txt"
    )
    while promise.get("points") < 200:
        time.sleep(0.001)
    os.kill(child, 9)
    os.waitpid(child, 0)
if "ls" in how:
    playing.command("ls", "--catalog", str(path))
else:
    playing.log_run(path, playing.Promise(), points=300, name="run")
"""
"""With spools that are gone on from early, so that some are removed in the middle of a run."""


def trace(folder: Path, catalog: Path, home: Path, *how: str) -> list[Call]:
    """Log a run under strace, or take over from a killed one; give the calls below the folder in order."""
    output = folder.parent / "trace.txt"
    program = strace()
    assert program is not None
    done = subprocess.run(
        [program, "-f", "-y", "-qq", "-s", "4096", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(output), sys.executable, "-c", PROGRAM, str(catalog), str(home), *how],
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode in (0, -9, 137), done.stderr[-2000:]
    return [call for call in _calls(output) if call.path.startswith(f"{folder}/") or call.path == str(folder)]


def _calls(output: Path) -> Iterator[Call]:
    waiting: dict[str, tuple[str, str]] = {}
    with output.open(errors="replace") as lines:
        for line in lines:
            match = _LINE.match(line.rstrip("\n"))
            if match is None:
                continue
            name, rest = match["call"], match["rest"]
            if match["resumed"]:
                if match["pid"] not in waiting:
                    continue
                name, before = waiting.pop(match["pid"])
                rest = before + rest
            elif "<unfinished" in rest:
                waiting[match["pid"]] = name, rest.split("<unfinished")[0]
                continue
            result = _RESULT.search(rest)
            if result is None or result[1].startswith("-"):
                continue
            yield _call(name, rest)


def _call(name: str, rest: str) -> Call:
    handle = _FD.match(rest)
    if handle is not None and name in ("unlinkat", "renameat", "renameat2", "linkat"):
        paths = [os.path.join(folder, text) for folder, text in _AT.findall(rest)]
        return Call(name, paths[-1], paths[0] if len(paths) > 1 else "")
    if handle is not None:
        return Call(name, handle["path"].removesuffix(" (deleted)"))
    texts = _TEXT.findall(rest)
    source = texts[0] if len(texts) > 1 else ""
    return Call(name, os.path.realpath(texts[-1]) if not os.path.islink(texts[-1]) else texts[-1], source)


@dataclass
class Disk:
    """What a power cut now would keep for certain."""

    unsynced: set[str] = field(default_factory=set)
    """Files written to since their last sync."""
    unsynced_names: set[str] = field(default_factory=set)
    """Names made, moved or removed since their folder's last sync."""
    kept: list[str] = field(default_factory=list)
    """What was found to be wrong."""
    removed_spools: int = 0
    published: int = 0


def judge(calls: list[Call], catalog: Path) -> Disk:
    """Follow a process's calls; say where a power cut would have lost what was there."""
    disk = Disk()
    spools, main, wal, journal = f"{catalog}-spool/", str(catalog), f"{catalog}-wal", f"{catalog}-journal"
    for call in calls:
        if call.name in ("pwrite64", "write", "writev", "ftruncate"):
            disk.unsynced.add(call.path)
        elif call.name in ("fsync", "fdatasync"):
            disk.unsynced.discard(call.path)
            disk.unsynced_names = {name for name in disk.unsynced_names if os.path.dirname(name) != call.path}
        elif call.name in ("unlink", "unlinkat"):
            disk.unsynced.discard(call.path)
            is_spool = call.path.startswith(spools) and not os.path.basename(call.path).startswith(".")
            if is_spool and not call.path.endswith(".log"):
                disk.removed_spools += 1
                if behind := sorted({main, wal} & disk.unsynced):
                    disk.kept.append(
                        f"a spool is removed while {[os.path.basename(each) for each in behind]} is not synced"
                    )
                if journal in disk.unsynced_names:
                    disk.kept.append("a spool is removed while the journal's removal is not synced: it may come back")
            disk.unsynced_names.add(call.path)
        else:
            if call.source in disk.unsynced and _matters(call.path, spools):
                disk.kept.append(f"{os.path.basename(call.path)} gets its name before it is synced")
            disk.published += _matters(call.path, spools)
            disk.unsynced_names.add(call.path)
    disk.kept += [
        f"{os.path.basename(name)}: its folder is never synced"
        for name in sorted(disk.unsynced_names)
        if name == main or name.endswith(".bak")
    ]
    return disk


def _matters(path: str, spools: str) -> bool:
    """Whether a name is of something that must be whole after a power cut. A spool is made for the death of a process."""
    return not path.startswith(spools)
