"""Injects a fault at the k-th system call that changes a file, for k = 1, 2, 3 …, until a whole pass meets none.

    python -m tests.faults.injecting FOLDER PLAY:FAULT[:mode=rollback][:stride=7][:first=1][:last=100][:call=pwrite64] …
    python -m tests.faults.injecting FOLDER PLAY:FAULT:places=4 …  (a whole pass is counted, and so many calls of it are hit)

Each round plays one thing that people do to a catalog in a process of its own, with the fault in it; then fresh
processes look at what is left (`verifying`). The faults come from `shim.c`, preloaded: it counts all calls that
change files of the catalog's folder, over all threads. Where there is no compiler strace injects them, which counts
each kind of call and each thread for itself.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import errno
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tests.reading import open_reader

if TYPE_CHECKING:
    from tests.faults.playing import Promise

ROOT = Path(__file__).parents[2]
SHIM = Path(__file__).with_name("shim.c")
WRITE, SYNC, LINK, UNLINK, RENAME, CUT, MAKE = (1 << bit for bit in range(7))
ALL = WRITE | SYNC | LINK | UNLINK | RENAME | CUT | MAKE
FOR_EVER = 1 << 60
WHOLE_PASS = 60_000
"""A call that none comes to, which strace can count to."""


@dataclass(frozen=True)
class Fault:
    """What happens at the k-th call."""

    kinds: int
    error: int
    """0 kills the process before the call."""
    length: int = 1
    """So many calls from the k-th on fail."""
    is_short: bool = False
    """The first write of them writes half, as a disk does that has just become full."""

    @property
    def may_lose_what_it_says(self) -> bool:
        """A disk that stays broken can keep nothing: what is lost must be said."""
        return self.length == FOR_EVER


FAULTS = {
    "kill": Fault(ALL, 0),
    "full": Fault(ALL & ~UNLINK, errno.ENOSPC),
    "short": Fault(WRITE, errno.ENOSPC, 2, is_short=True),
    "error": Fault(ALL, errno.EIO),
    "full-a-while": Fault(ALL & ~UNLINK, errno.ENOSPC, 40),
    "full-for-ever": Fault(ALL & ~UNLINK, errno.ENOSPC, FOR_EVER),
    "broken-for-ever": Fault(ALL, errno.EIO, FOR_EVER),
}


def compiler() -> str | None:
    """Name a C compiler, if there is one."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def build_shim(folder: Path) -> Path:
    target = folder / "shim.so"
    program = compiler()
    assert program is not None
    subprocess.run([program, "-O2", "-shared", "-fPIC", "-o", target, SHIM, "-ldl", "-lpthread"], check=True)
    return target


def run_machine(
    module: str, folder: Path, *options: str, seconds: float = 3000.0, is_preloaded: bool = False
) -> tuple[str, list[dict[str, object]]]:
    """Run one of these machines, with the shim preloaded or not; give what it printed, and what it found."""
    folder.mkdir(parents=True, exist_ok=True)
    report = folder / "found.jsonl"
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    if is_preloaded:
        environment["LD_PRELOAD"] = str(build_shim(folder))
    done = subprocess.run(
        [sys.executable, "-m", f"tests.faults.{module}", "--report", str(report), str(folder), *options],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1) and "Traceback" not in done.stderr, done.stderr[-3000:] + done.stdout[-1000:]
    bad_rounds = [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []
    return done.stdout.strip(), bad_rounds


@dataclass(frozen=True)
class Plan:
    """What is played with which fault at which calls: `PLAY:FAULT[:KEY=VALUE…]` on the command line."""

    play: str
    fault: str
    mode: str = "wal"
    """Or `rollback`."""
    call: str = ""
    """The kind of call that strace counts; all are counted by the shim if there is none."""
    places: int = 0
    """So many calls, spread over all that a whole pass makes; 0: as the next three say."""
    stride: int = 1
    first: int = 1
    last: int = 100_000

    @classmethod
    def read(cls, text: str) -> Plan:
        play, fault, *options = text.split(":")
        assert play in PLAYS and fault in FAULTS, f"{text}: of {sorted(PLAYS)} and {sorted(FAULTS)}"
        values = dict(option.split("=") for option in options)
        mode, call = values.pop("mode", cls.mode), values.pop("call", cls.call)
        return cls(play, fault, mode, call, **{name: int(value) for name, value in values.items()})

    def calls(self, machine: Machine) -> Iterator[int]:
        """Give which calls are hit, one a round."""
        if not self.places:
            yield from range(self.first, self.last + 1, self.stride)
            return
        yield WHOLE_PASS
        for place in range(self.places):
            yield 1 + (2 * place + 1) * max(0, machine.call_count - 1) // (2 * self.places)


def main() -> int:
    from tests.faults import playing

    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("plans", nargs="+", type=Plan.read)
    parser.add_argument("--report", type=Path, default=None)
    parser.add_argument("--keep", action="store_true", help="stop at the first fault and keep what it left")
    options = parser.parse_args()
    playing.preload(migrates=any(plan.play.startswith("migrate-") for plan in options.plans))
    bad = 0
    prepared: Prepared = {}
    for plan in options.plans:
        began, rounds, bad_here = time.monotonic(), 0, 0
        machine = Machine(options.folder.resolve() / "rounds", plan, prepared)
        counts: Counter[str] = Counter()
        hit_count = 0
        for k in plan.calls(machine):
            is_reader_first = rounds % 2 == 0
            seen, is_hit = machine.play_round(k, is_reader_first=is_reader_first)
            rounds += 1
            hit_count += is_hit
            if seen:
                bad_here += 1
                counts.update(fault.split(" ", 1)[0].rstrip(":") for fault in seen)
                line = asdict(plan) | {
                    "k": k,
                    "is_reader_first": is_reader_first,
                    "seen": seen,
                    "said": machine.messages[-600:],
                }
                if options.report:
                    with options.report.open("a") as report:
                        report.write(json.dumps(line) + "\n")
                else:
                    print(json.dumps(line), flush=True)
                if options.keep:
                    return 1
            if not is_hit and not plan.places:
                break
        bad += bad_here
        print(
            f"{plan.play} {plan.fault} {plan.mode} {plan.call}: {rounds} rounds, {hit_count} hit, "
            f"{f'of {machine.call_count} calls' if plan.places else f'every {plan.stride}, up to k = {k}'}"
            f"{' (a whole pass)' if hit_count < rounds else ''}, {machine.acknowledged_count:,} points acknowledged, {machine.found_count:,} found, "
            f"{bad_here} bad rounds {dict(counts)}, {time.monotonic() - began:.0f} s",
            flush=True,
        )
    return 1 if bad else 0


class Place(Protocol):
    """Where something is played."""

    folder: Path
    is_rollback: bool


class Injector(Protocol):
    """What lets faults happen in a child."""

    def before(self, child: int, k: int, folder: Path) -> None:
        """Called in the parent while the child waits."""

    def arm(self, k: int, folder: Path) -> None:
        """Called in the child."""

    def disarm(self, promise: Promise) -> None:
        """Called in the child at its end."""

    def is_hit(self, promise: Promise) -> bool:
        """Called in the parent when the child has ended."""

    def count(self, promise: Promise) -> int:
        """Give how many calls could have been hit, after that."""


class Shim:
    """Faults by the preloaded library."""

    def __init__(self, fault: Fault) -> None:
        self._library, self._fault = ctypes.CDLL(None), fault
        assert hasattr(self._library, "fault_arm"), "run with LD_PRELOAD of shim.so: see run_machine"

    def before(self, child: int, k: int, folder: Path) -> None:
        pass

    def arm(self, k: int, folder: Path) -> None:
        fault = self._fault
        last = ctypes.c_long(min(FOR_EVER, k + fault.length - 1))
        self._library.fault_arm(
            os.fsencode(folder), fault.kinds, fault.error, ctypes.c_long(k), last, int(fault.is_short)
        )

    def disarm(self, promise: Promise) -> None:
        promise.put("hits", self._library.fault_hits())
        promise.put("calls", self._library.fault_seen())
        self._library.fault_disarm()

    def is_hit(self, promise: Promise) -> bool:
        return promise.get("hits") > 0

    def count(self, promise: Promise) -> int:
        return promise.get("calls")


class Strace:
    """Faults by strace, which is attached to the child."""

    def __init__(self, fault: Fault, call: str) -> None:
        self._fault, self._call = fault, call
        self._tracer: subprocess.Popen[bytes] | None = None
        self._output = Path(os.devnull)

    def before(self, child: int, k: int, folder: Path) -> None:
        what = f"error={errno.errorcode[self._fault.error]}" if self._fault.error else "signal=KILL"
        when = (
            str(k)
            if self._fault.length == 1
            else f"{k}+"
            if self._fault.length == FOR_EVER
            else f"{k}..{k + self._fault.length - 1}"
        )
        self._output = folder.parent / "strace.txt"
        self._tracer = subprocess.Popen(
            [str(shutil.which("strace")), "-f", "-qq", "-o", str(self._output), "-e", f"trace={self._call}", "-e", f"inject={self._call}:{what}:when={when}", "-p", str(child)],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 20
        while "TracerPid:\t0\n" in Path(f"/proc/{child}/status").read_text() and time.monotonic() < deadline:
            time.sleep(0.002)

    def arm(self, k: int, folder: Path) -> None:
        pass

    def disarm(self, promise: Promise) -> None:
        pass

    def is_hit(self, promise: Promise) -> bool:
        assert self._tracer is not None
        self._tracer.wait(timeout=30)
        return "INJECTED" in self._output.read_text(errors="replace")

    def count(self, promise: Promise) -> int:
        # It counts those of each thread for itself.
        threads = Counter(
            line.split()[0]
            for line in self._output.read_text(errors="replace").splitlines()
            if f" {self._call}(" in line
        )
        return max(threads.values(), default=0)


Prepared = dict[tuple[object, bool], tuple[Path, "Sequence[Promise]"]]
"""What plays begin with, by what prepares it and the journal: a folder to copy, and what was promised of it."""


class Machine:
    """Plays rounds; remembers what it counted."""

    def __init__(self, folder: Path, plan: Plan, prepared: Prepared) -> None:
        self.folder, self._prepared = folder, prepared
        self.fault, self.play, self.is_rollback = FAULTS[plan.fault], PLAYS[plan.play], plan.mode == "rollback"
        self.injector: Injector = Strace(self.fault, plan.call) if plan.call else Shim(self.fault)
        self.acknowledged_count = self.found_count = self.call_count = 0
        self.messages = ""

    def play_round(self, k: int, *, is_reader_first: bool) -> tuple[list[str], bool]:
        """Play one round; give what is wrong afterwards, and whether the fault was met."""
        from tests.faults import playing, verifying

        work, home = self.folder / "work", self.folder / "home"
        path, output = work / "x.artui", self.folder / "victim.txt"
        promised = self._prepare(path, home)
        promise = playing.Promise()

        ready, go = os.pipe()

        def victim() -> None:
            # strace is attached by whoever may: the parent of this process is not its tracer.
            ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(2**64 - 1), 0, 0, 0)  # PR_SET_PTRACER, any
            os.close(go)
            os.read(ready, 1)
            playing.set_up(home, is_rollback=self.is_rollback, flush_seconds=0.01)
            self.injector.arm(k, work)
            try:
                self.play.act(path, promise)
            finally:
                self.injector.disarm(promise)
            promise.put("ended", 1)

        child = playing.spawn(victim, output)
        os.close(ready)
        self.injector.before(child, k, work)
        os.close(go)
        code = playing.wait(child, seconds=60)
        self.messages = output.read_text(errors="replace")
        is_hit = self.injector.is_hit(promise) or code == -9
        self.call_count = max(self.call_count, self.injector.count(promise))
        wrong = self._ending(code, promise)
        seen = verifying.verify(
            self.play.where(path), [*promised, promise], homes=[home], is_reader_first=is_reader_first, messages=self.messages,
            may_lose_what_it_says=self.fault.may_lose_what_it_says, is_rollback=self.is_rollback,
        )  # fmt: skip
        self.acknowledged_count += seen.acknowledged_count
        self.found_count += seen.found_count
        return wrong + seen.faults + self.play.check(path, promise), is_hit

    def _prepare(self, path: Path, home: Path) -> Sequence[Promise]:
        """Put there what the play begins with: made once for all that begin with it, and copied for each round."""
        shutil.rmtree(self.folder, ignore_errors=True)
        key = self.play.prepare, self.is_rollback
        if key in self._prepared:
            made, promised = self._prepared[key]
            shutil.copytree(made, self.folder, symlinks=True)
            return promised
        path.parent.mkdir(parents=True)
        home.mkdir()
        promised = self.play.prepare(self, path, home)
        if not self.play.is_prepared_anew:
            made = self.folder.with_name(f"prepared-{len(self._prepared)}")
            shutil.copytree(self.folder, made, symlinks=True)
            self._prepared[key] = made, promised
        return promised

    def _ending(self, code: int | None, promise: Promise) -> list[str]:
        """Say what is wrong about how the process itself ended."""
        from tests.faults.playing import REFUSED

        if code is None:
            return ["HANG"]
        if code == -9 and self.fault.error == 0:
            return []
        wrong = [] if code == 0 else [f"CRASH: it ended with {code}"]
        if promise.get("started") == REFUSED and not self.fault.may_lose_what_it_says:
            wrong.append("UNRECORDED: a passing fault refused the run")
        return wrong


@dataclass(frozen=True)
class Play:
    """Something that people do to a catalog."""

    act: Callable[[Path, Promise], None]
    prepare: Callable[[Place, Path, Path], Sequence[Promise]] = lambda *_: ()
    check: Callable[[Path, Promise], list[str]] = lambda *_: []
    where: Callable[[Path], Path] = lambda path: path
    """Where the catalog is afterwards."""
    is_prepared_anew: bool = False
    """What it begins with is another in each round."""


def _logs(points: int, *, large: int = 0) -> Callable[[Path, Promise], None]:
    from tests.faults.playing import log_run

    return lambda path, promise: log_run(path, promise, points=points, large=large)


def _finished_before(place: Place, path: Path, home: Path) -> Sequence[Promise]:
    from tests.faults import playing

    promise = playing.Promise()

    def work() -> None:
        playing.set_up(home, is_rollback=place.is_rollback, flush_seconds=0.01)
        playing.log_run(path, promise, points=playing.SHORT, name="before")

    playing.run_to_the_end(work, place.folder / "before.txt")
    promise.put("note", 0)  # the verbs may write another
    return [promise]


def _killed_before(place: Place, path: Path, home: Path) -> Sequence[Promise]:
    """Leave a catalog as a logger leaves it that was killed in the middle: with a spool, and a journal of either kind."""
    from tests.faults import playing

    promise = playing.Promise()

    def work() -> None:
        playing.set_up(home, is_rollback=place.is_rollback, flush_seconds=0.01)
        playing.log_run(path, promise, points=playing.MIDDLE, name="killed", until_killed=True)

    child = playing.spawn(work, place.folder / "before.txt")
    deadline = time.monotonic() + 30
    while promise.get("points") < playing.MIDDLE + 40 and time.monotonic() < deadline:
        time.sleep(0.001)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return [promise]


def _of_schema(schema: int) -> Callable[[Place, Path, Path], Sequence[Promise]]:
    from tests.faults.playing import old_catalog

    def prepare(_: Place, path: Path, __: Path) -> Sequence[Promise]:
        old_catalog(path, schema)
        return ()

    return prepare


def _runs_of_schema(schema: int) -> Callable[[Path, Promise], list[str]]:
    """The runs of the older catalog are all still there."""

    def check(path: Path, _: Promise) -> list[str]:
        import sqlite3

        from tests.faults.playing import old_catalog

        before = path.with_name("before.db")
        old_catalog(before, schema)
        counts = []
        for catalog in (before, path):
            connection = sqlite3.connect(catalog)
            ids = {row[0] for row in connection.execute("SELECT id FROM run")}
            points = dict(
                connection.execute(
                    "SELECT r.id, sum(s.count) FROM series s JOIN run r ON r.key = s.run_key GROUP BY r.id"
                )
            )
            connection.close()
            counts.append((ids, points))
        before.unlink()
        lost = counts[0][0] - counts[1][0]
        changed = [run_id for run_id in counts[0][1] if counts[1][1].get(run_id) != counts[0][1][run_id]]
        return [f"LOST in the migration: {lost} {changed}"] if lost or changed else []

    return check


def _verb(*words: str) -> Callable[[Path, Promise], None]:
    from tests.faults.playing import command

    def act(path: Path, promise: Promise) -> None:
        promise.put("exit", 1 + command(*words, "--catalog", str(path)))

    return act


def _noted(field: str, wanted: str) -> Callable[[Path, Promise], list[str]]:
    """What a verb said that it did is there."""

    def check(path: Path, promise: Promise) -> list[str]:

        def work() -> None:
            with open_reader(path) as catalog:
                os._exit(0 if wanted in str(getattr(catalog.run("before").detail(), field)) else 3)

        from tests.faults import playing

        if promise.get("exit") != 1:
            return []
        code = playing.run_to_the_end(work, path.parent.parent / "check.txt")
        return [] if code == 0 else [f"LOST: the {field} that was said to be written ({code})"]

    return check


def _deleted_before(place: Place, path: Path, home: Path) -> Sequence[Promise]:
    """Beside a finished run there are versions that were deleted, of content that is theirs alone."""
    from tests.faults import playing

    promised = _finished_before(place, path, home)

    def work() -> None:
        playing.set_up(home, is_rollback=place.is_rollback, flush_seconds=0.01)
        for number in range(3):
            rubbish = path.parent.parent / f"rubbish-{number}"
            rubbish.write_bytes(os.urandom(20_000))
            playing.command("add", str(rubbish), "--catalog", str(path))
            playing.command("delete", f"{rubbish.name}:v1", "--catalog", str(path))
            rubbish.unlink()

    playing.run_to_the_end(work, path.parent.parent / "before.txt")
    return promised


def _other_of(path: Path) -> Path:
    return path.parent.parent / "other.artui"


def _two_before(place: Place, path: Path, home: Path) -> Sequence[Promise]:
    """Beside the catalog with a finished run there is another one, with runs, a version and a change of its own."""
    from tests.faults import playing

    promised = _finished_before(place, path, home)
    other = _other_of(path)
    other.unlink(missing_ok=True)

    def work() -> None:
        playing.set_up(home, is_rollback=place.is_rollback, flush_seconds=0.01)
        for name in ("there-1", "there-2"):
            playing.log_run(other, playing.Promise(), points=playing.SHORT, name=name)
        playing.command("tag", "there-1", "seen", "--catalog", str(other))

    playing.run_to_the_end(work, place.folder / "before.txt")
    return promised


def _merge(path: Path, promise: Promise) -> None:
    from tests.faults.playing import command

    promise.put("exit", 1 + command("merge", str(_other_of(path)), "--into", str(path)))


def _merged_whole_or_not(path: Path, promise: Promise) -> list[str]:
    """All of the other catalog is there, or nothing of it; all if that was said."""
    import sqlite3

    from artui.catalog import logical

    names = []
    for catalog in (path, _other_of(path)):
        connection = sqlite3.connect(catalog)
        # After the fault somebody has logged another run: `next`.
        names.append({row[0] for row in connection.execute("SELECT name FROM run")} - {"next"})
        rows = {
            part: set(connection.execute(logical.PARTS[part]).fetchall())
            for part in ("events", "blocks", "edges", "files")
        }
        names.append(rows)  # type: ignore[arg-type]
        connection.close()
    ours, our_rows, others, other_rows = names
    if ours == {"before"} and promise.get("exit") != 1:
        return []
    lost = [part for part in other_rows if not other_rows[part] <= our_rows[part]]  # type: ignore[index]
    return [f"HALF a merge: {ours} {lost}"] if ours != {"before", *others} or lost else []


def _share(path: Path, promise: Promise) -> None:
    from tests.faults.playing import command

    out = path.parent / "shared.artui"
    promise.put("exit", 1 + command("share", str(out), "--force", "--catalog", str(path)))


def _shared_whole_or_not(path: Path, promise: Promise) -> list[str]:
    """The file that was there stays, or a whole one is in its place; the next one leaves nothing beside it."""
    import sqlite3

    from artui.catalog import logical
    from artui.catalog.checking import check_data
    from artui.travel.sharing import Order, share

    out = path.parent / "shared.artui"
    is_old = out.exists() and out.read_bytes() == b"old"
    wrong = []
    if promise.get("exit") == 1 and (is_old or not out.exists()):
        wrong.append("SHARED, and not there")
    if not is_old:
        connection = sqlite3.connect(out)
        runs = {row[0] for row in connection.execute("SELECT name FROM run")}
        parts = logical.digests(connection)
        connection.close()
        if runs != {"before"} or list(check_data(out)) or not parts:
            wrong.append(f"HALF a shared catalog: {runs}")
    for folder in out.parent.glob(".shared.artui.*.part"):
        os.utime(folder, (1, 1))
    share(path, out, Order(), replaces=True)
    wrong += [f"LEFT: {left.name}" for left in out.parent.glob(".shared.artui.*")]
    return wrong


def _team_before(place: Place, path: Path, home: Path) -> Sequence[Promise]:
    """Somebody has pushed another catalog to a folder beside the catalog."""
    from tests.faults import playing

    promised = _two_before(place, path, home)
    team = path.parent / "team"
    team.mkdir()

    def work() -> None:
        playing.set_up(home, is_rollback=place.is_rollback, flush_seconds=0.01)
        playing.command("push", str(team), "--catalog", str(_other_of(path)))

    playing.run_to_the_end(work, place.folder / "before.txt")
    return promised


def _sync(path: Path, promise: Promise) -> None:
    """Pull what somebody else has pushed, push, and bring both packs together, which are removed at once."""
    from artui.settings import load_settings
    from artui.travel import syncing
    from tests.faults.playing import command

    syncing.MOST_PACKS = 1
    os.environ["ARTUI_PACK_DAYS"] = "0"
    load_settings.cache_clear()
    promise.put("exit", 1 + command("sync", str(path.parent / "team"), "--catalog", str(path)))


def _synced_all(path: Path, *, exit_code: int) -> Iterator[str]:
    import sqlite3

    from artui.catalog import logical
    from artui.travel import packs
    from artui.travel.syncing import Outgoing, pull, sync

    def runs(catalog: Path) -> set[str]:
        with contextlib.closing(sqlite3.connect(catalog)) as connection:
            return {row[0] for row in connection.execute("SELECT name FROM run")}

    def parts(catalog: Path) -> dict[str, str]:
        with contextlib.closing(sqlite3.connect(catalog)) as connection:
            return logical.digests(connection)

    store = packs.place(str(path.parent / "team"), is_written=True)
    late = path.parent / "late.artui"
    pulled = pull(late, store)
    if pulled.troubles:
        yield f"HALF a pack: {pulled.troubles}"
    wanted = {"there-1", "there-2"} | ({"before"} if exit_code == 1 else set())
    if lost := wanted - runs(late):
        yield f"LOST from the folder: {lost}"
    for _ in range(2):
        for catalog in (path, _other_of(path), late):
            sync(catalog, store, Outgoing())
    if not parts(path) == parts(_other_of(path)) == parts(late):
        yield "DIFFERENT catalogs in the end"
    late.unlink()


def _nothing_pushed_is_lost(path: Path, promise: Promise) -> list[str]:
    """What was pushed before the fault is there, so is what was said to be pushed; then everybody goes on, and all have everything."""
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(path.parent.parent / "other-home")
    try:
        return list(_synced_all(path, exit_code=promise.get("exit")))
    finally:
        del os.environ["XDG_STATE_HOME"]
        os.environ |= {} if before is None else {"XDG_STATE_HOME": before}


def _moves(*, is_one_disk: bool) -> Play:
    """Move the catalog with a backup beside it, as on one file system or to another one."""

    def prepare(place: Place, path: Path, home: Path) -> Sequence[Promise]:
        promised = _finished_before(place, path, home)
        path.with_name("x.artui.schema-3.bak").write_bytes(b"old")
        return promised

    def act(path: Path, promise: Promise) -> None:
        from artui.travel import moving
        from tests.faults.playing import command

        assert callable(moving.is_one_disk)
        moving.is_one_disk = lambda *_: is_one_disk
        promise.put("exit", 1 + command("move", str(path), str(_new_of(path))))

    return Play(act, prepare, _moved_or_not, _where_it_is)


def _new_of(path: Path) -> Path:
    return path.with_name("moved.artui")


def _where_it_is(path: Path) -> Path:
    """Move again what is still at its old place, or at both, once it is seen that neither is half."""
    from tests.faults import playing

    whole = [file.read_bytes() for file in (path, _new_of(path)) if file.exists()]
    assert whole[:1] == whole[-1:] and whole, "HALF a catalog at one of the places"

    def work() -> None:
        playing.set_up(path.parent.parent / "home", is_rollback=False, flush_seconds=0.01, is_alone=True)
        playing.command("move", str(path), str(_new_of(path)))

    if path.exists():
        playing.run_to_the_end(work, path.parent.parent / "again.txt")
    return path if path.exists() else _new_of(path)


def _moved_or_not(path: Path, promise: Promise) -> list[str]:
    """It is there now, and what lay beside it, at one place; nothing else is."""
    names = {each.name for each in path.parent.iterdir()} - {
        "x.artui.schema-3.bak"
    }  # as left by one that was killed after its last step
    wanted = {"moved.artui", "moved.artui.schema-3.bak"}
    return [f"LEFT, or not there: {names ^ wanted}"] if names != wanted else []


def _old_one_there(place: Place, path: Path, home: Path) -> Sequence[Promise]:
    promised = _finished_before(place, path, home)
    (path.parent / "shared.artui").write_bytes(b"old")
    return promised


PLAYS = {
    "share": Play(_share, prepare=_old_one_there, check=_shared_whole_or_not),
    "move": _moves(is_one_disk=True),
    "move-far": _moves(is_one_disk=False),
    "sync": Play(_sync, prepare=_team_before, check=_nothing_pushed_is_lost),
    "merge": Play(_merge, prepare=_two_before, check=_merged_whole_or_not),
    "log": Play(_logs(400)),
    "log-short": Play(_logs(60)),
    "large": Play(_logs(60, large=5)),
    "log-beside": Play(_logs(60), prepare=_finished_before),
    "take-over-by-ls": Play(_verb("ls"), prepare=_killed_before, is_prepared_anew=True),
    "take-over-by-run": Play(_logs(12), prepare=_killed_before, is_prepared_anew=True),
    "note": Play(_verb("note", "before", "a new note"), prepare=_finished_before, check=_noted("note", "a new note")),
    "tag": Play(_verb("tag", "before", "seen"), prepare=_finished_before, check=_noted("tags", "seen")),
    "forget": Play(_verb("forget", "rubbish-0:v1", "--yes"), prepare=_deleted_before),
    "gc": Play(_verb("gc", "--older-than", "0d"), prepare=_deleted_before),
    **{
        f"migrate-{schema}": Play(_logs(12), prepare=_of_schema(schema), check=_runs_of_schema(schema))
        for schema in (1, 2, 3, 4, 5)
    },
}

if __name__ == "__main__":
    sys.exit(main())
