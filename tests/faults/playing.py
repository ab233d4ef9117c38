"""What processes do to a catalog while faults are injected, and what each has been promised so far.

Everything goes through the public API and the command line. A call is acknowledged once it has returned, in memory
that the process which watches shares: it outlives SIGKILL, and is no system call that could be counted.
"""

from __future__ import annotations

import contextlib
import ctypes
import gzip
import io
import mimetypes
import mmap
import os
import pkgutil
import struct
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

DATA = Path(__file__).parents[1] / "data"
LARGE_BYTES = 6 << 20
_SLOT = struct.Struct("<q")
_ID_AT, _ID_BYTES = 128, 64
_SLOTS = (
    "started", "points", "params", "text", "saved", "note", "finished", "large", "hits", "calls", "exit", "changed", "ended",
)  # fmt: skip
RECORDED, REFUSED = 1, 2
SHORT, MIDDLE, LONG = 12, 60, 400


class Promise:
    """What one process has been promised: survives its death."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 4096)

    def get(self, name: str) -> int:
        return int(_SLOT.unpack_from(self._memory, _SLOTS.index(name) * 8)[0])

    def put(self, name: str, value: int) -> None:
        _SLOT.pack_into(self._memory, _SLOTS.index(name) * 8, value)

    @property
    def address(self) -> int:
        """Of the memory, for what looks at it from C."""
        return ctypes.addressof(ctypes.c_char.from_buffer(self._memory))

    def restore(self, content: bytes) -> None:
        self._memory[: len(content)] = content

    @property
    def run_id(self) -> str:
        return self._memory[_ID_AT : _ID_AT + _ID_BYTES].rstrip(b"\0").decode()

    @run_id.setter
    def run_id(self, text: str) -> None:
        self._memory[_ID_AT : _ID_AT + _ID_BYTES] = text.encode().ljust(_ID_BYTES, b"\0")


def set_up(home: Path, *, is_rollback: bool, flush_seconds: float, is_alone: bool = False) -> None:
    """Give this process a home, a journal mode, and a rhythm that lets faults fall into many folds."""
    os.environ["HOME"] = str(home)
    for name, part in (("STATE", "state"), ("CACHE", "cache"), ("CONFIG", "config"), ("DATA", "data")):
        os.environ[f"XDG_{name}_HOME"] = str(home / part)
    os.environ |= {"ARTUI_CONSOLE": "0", "ARTUI_SYSTEM_SECONDS": "0", "ARTUI_CODE": "0"}
    from artui.capture import writer
    from artui.catalog import journal

    if is_rollback:
        # As on a network file system. The name must be there: a hook that hooks nothing would test WAL twice.
        assert callable(journal.wal_is_safe)
        journal.wal_is_safe = lambda *_, **__: False
    if is_alone:
        # No other process lives: a beginning that nobody has locked is nobody's, however young.
        for module in [module for name, module in sys.modules.items() if name.startswith("artui.catalog")]:
            if hasattr(module, "PART_SECONDS"):
                setattr(module, "PART_SECONDS", 0.0)  # noqa: B010 - a module by any of its names has no such attribute to a checker
    for name, value in (("FLUSH_SECONDS", flush_seconds), ("END_SECONDS", 3.0)):
        assert hasattr(writer, name)
        setattr(writer, name, value)


def module_with(name: str) -> ModuleType:
    """Give the module of the catalog that has a constant. It must be there: a hook that hooks nothing tests nothing."""
    for module in pkgutil.walk_packages(import_module("artui.catalog").__path__, "artui.catalog."):
        loaded = import_module(module.name)
        if hasattr(loaded, name):
            return loaded
    raise AssertionError(f"no module of artui.catalog has {name}")


def spawn(work: Callable[[], None], output: Path) -> int:
    """Run something in a child, with what it prints in a file; give its process id."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    code = 97
    try:
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), line_buffering=True)
        sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), line_buffering=True)
        work()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001 - a child that goes on would be a second parent
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
    raise AssertionError


def wait(child: int, *, seconds: float) -> int | None:
    """Give how a child ended: its exit code, or minus a signal; None if it had to be ended after so long."""
    deadline = time.monotonic() + seconds
    pause = 0.0005
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(0.02, pause * 1.3)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return None


def run_to_the_end(work: Callable[[], None], output: Path, *, seconds: float = 60.0) -> int | None:
    return wait(spawn(work, output), seconds=seconds)


def log_run(
    path: Path, promise: Promise, *, points: int, large: int = 0, name: str = "run", until_killed: bool = False
) -> None:
    """Log one run with everything that a run can have, acknowledging each call."""
    import artui

    aside = path.parent.parent / f"aside-{os.getpid()}"
    write_beside(aside, b"x" * 3000)
    run = artui.start_run(
        project="faults", name=name, catalog=path, console=False, code=False, system_metrics=False
    )  # fmt: skip
    promise.run_id = run.id
    promise.put("started", RECORDED if run.is_recorded else REFUSED)
    for step in range(1 << 40 if until_killed else points):
        run.log({"x": float(step), "y": step / 3}, step=step)
        promise.put("points", step + 1)
        if step == points // 4:
            run.log_params({"lr": 0.5, "name": "é"})
            promise.put("params", 1)
        if step == points // 3:
            run.log_text("words", "hello")
            promise.put("text", 1)
        if step == points // 2 and run.save("small", aside, kind="other", alias=alias_of(run.id)):
            promise.put("saved", 1)
        if step == points * 2 // 3:
            run.set_note("noted")
            promise.put("note", 1)
        if large and step % max(1, points // large) == points // (large + 1):
            write_beside(aside, os.urandom(LARGE_BYTES))
            if run.save("large", aside, kind="model"):
                promise.put("large", promise.get("large") + 1)
        if step % 9 == 0:
            time.sleep(0.001)  # lets the writer's thread fold beside the loop
    run.finish()
    promise.put("finished", 1)


def write_beside(path: Path, content: bytes) -> None:
    """Write a file that will be saved; strace fails these writes, too, which are none of artui's."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            path.write_bytes(content)
            return


def alias_of(run_id: str) -> str:
    """Give each run an alias of its own: those that log beside it would move a shared one."""
    return f"best-{run_id.lower()}"


def command(*words: str) -> int:
    """Run a verb of the command line in this process; give its exit code."""
    from artui import cli

    code = cli.run(list(words))
    return int(code or 0)


def old_catalog(path: Path, schema: int) -> None:
    """Put a catalog of an older schema there, as an older artui wrote it."""
    path.write_bytes(gzip.decompress((DATA / f"schema-{schema}.artui.gz").read_bytes()))


def preload(*, migrates: bool = False) -> None:
    """Import whatever the children will need, and open nothing: they are forked.

    What migrates is large, and imports pandas: for plays that begin with a catalog of an older schema.
    """
    import numpy  # noqa: F401
    import orjson  # noqa: F401
    import pcodec  # noqa: F401
    import platformdirs.unix  # noqa: F401

    if migrates:
        import sqlite_utils  # noqa: F401

    for name in ("preview", "catalog", "capture", "query", "cli"):
        package = import_module(f"artui.{name}")
        for module in pkgutil.walk_packages(package.__path__, f"artui.{name}."):
            import_module(module.name)
    # Each child that starts a run would read the same.
    environment = import_module("artui.capture.environment")
    for read in (environment.packages, environment.origins, environment.gpus, environment.surroundings, mimetypes.init):
        read()
