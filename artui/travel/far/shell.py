"""A catalog of another machine, read by the user's own `ssh` in one session that stays.

What is done there is one constant script of a POSIX shell with tools that are everywhere; artui need not be there. The path
goes to it as a line of its input, never as part of a command, so no path can be taken for one.
The first contact may ask for a password or a host's key, on the terminal and before the app starts; a later one asks nothing.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import IO

from artui.content.stores.places import Place
from artui.content.stores.store import CONNECT_SECONDS, STALL_SECONDS
from artui.errors import CatalogNotFound, PackageMissing
from artui.travel.far.source import BLOCK_BYTES, Source, State, Unreachable, WrittenMeanwhile

_READY = b"artui reads"
_SCRIPT = " ".join((
    'IFS= read -r f || exit 90; case $f in "~/"*) f=$HOME/${f#??};; esac;',
    'if stat -L -c "%s %i %y" / > /dev/null 2>&1; then one() { stat -L -c "%s %i %y" "$1" 2> /dev/null || echo -; };',
    'elif stat -L -f "%z %i %Fm" / > /dev/null 2>&1; then one() { stat -L -f "%z %i %Fm" "$1" 2> /dev/null || echo -; }; else exit 96; fi;',
    'look() { one "$f"; one "$f-wal"; one "$f-journal"; if [ -f "$f" ] && [ -r "$f" ]; then echo yes; else echo no; fi; };',
    'part() { { dd if="$1" bs=4096 skip="$2" count="$3" 2> /dev/null; cat /dev/zero; } 2> /dev/null | head -c $(($3 * 4096)); };',
    "sum() { if command -v sha256sum > /dev/null; then sha256sum; elif command -v shasum > /dev/null; then shasum -a 256; else cat > /dev/null; echo -; fi; };",
    'echo "artui reads"; while read -r what a b; do case $what in look) look;; read) part "$f" "$a" "$b"; look;; log) part "$f-wal" "$a" "$b"; look;;',
    'sum) dd if="$f" bs=4096 skip="$a" count="$b" 2> /dev/null | sum; look;; *) exit 91;; esac; done',
))  # fmt: skip
"""One line: some login shells take no more between quotes."""
_MOST_GREETING_BYTES = 1 << 20
"""So much a shell there may say at each login before it does what it is asked for."""
_LOGIN_SECONDS = 300.0
"""So long the first contact may take: somebody looks for a password."""
_JOURNAL_SECONDS = 5.0
"""So long a commit through a rollback journal is waited for."""
_SPANS_AT_ONCE = 256
_MOST_SUMS = 400
"""So many blocks are hashed there at most: each takes some milliseconds. Others are fetched again if they are wanted."""
_ENDING_SECONDS = 0.5
_WHY = {90: "does not take its input", 96: "has no program `stat` that artui knows"}
_SSH_FAILED = 255


class ShellSource(Source):
    """A catalog behind `ssh`."""

    def __init__(self, place: Place, *, may_ask: bool = False) -> None:
        """Nothing is asked of it yet.

        Args:
            place: where it lies.
            may_ask: whether `ssh` may ask somebody at the terminal, at the first contact.
        """
        self.title = place.uri
        self._place, self._may_ask = place, may_ask
        self._session: _Session | None = None
        self._lock = threading.Lock()
        if shutil.which("ssh") is None:
            raise PackageMissing(f"{place.uri!a} needs the program ssh, which is not installed here.", remedy="Install OpenSSH's client.")  # fmt: skip

    def state(self) -> State:
        """Ask for sizes and times; waits for the end of a commit."""
        deadline = time.monotonic() + _JOURNAL_SECONDS
        while True:
            state, has_journal = self._state_of(self._asked("look", 0)[1])
            if not has_journal:
                return state
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"{self.title} has a -journal beside it, which a write left half done.",
                    remedy="`artui settle` settles it there.",
                )
            time.sleep(0.1)

    def blocks(self, first: int, count: int, state: State) -> bytes:
        """Read blocks, and ask whether the file is still as it was."""
        return next(self.spans(((first, count),), state))

    def spans(self, spans: Sequence[tuple[int, int]], state: State) -> Iterator[bytes]:
        """Read spans of blocks: all are asked for before the first answer has come."""
        parts = []
        for start in range(0, len(spans), _SPANS_AT_ONCE):
            asked = spans[start : start + _SPANS_AT_ONCE]
            questions = [(f"read {first} {count}", count * BLOCK_BYTES, 4) for first, count in asked]
            for (first, _), (content, said) in zip(asked, self._all_asked(questions), strict=True):
                now, has_journal = self._state_of(said)
                if now.token != state.token or has_journal:
                    raise self._written()
                parts.append(content[: max(0, state.size_bytes - first * BLOCK_BYTES)])
        return iter(parts)

    def log(self, start: int, state: State) -> bytes:
        """Read the `-wal`, and ask whether the file is still as it was."""
        begin = start // BLOCK_BYTES
        count = -(-state.log_bytes // BLOCK_BYTES) - begin
        content, said = self._asked(f"log {begin} {count}", count * BLOCK_BYTES)
        now, has_journal = self._state_of(said)
        if now.token != state.token or has_journal or now.log_bytes < state.log_bytes:
            raise self._written()
        return content[: state.log_bytes - begin * BLOCK_BYTES]

    def unchanged(self, digests: Mapping[tuple[int, int], bytes], state: State) -> Collection[tuple[int, int]]:
        """Let the other machine hash blocks; none of it is believed if the file was written to meanwhile."""
        asked = sorted(digests)[:_MOST_SUMS]
        questions = [(f"sum {first} {count}", 0, 5) for first, count in asked]
        same = []
        for span, (_, (line, *said)) in zip(asked, self._all_asked(questions), strict=True):
            if self._state_of(said)[0].token != state.token:
                raise self._written()
            if line[:64] == digests[span].hex().encode():
                same.append(span)
        return same

    def close(self) -> None:
        """End the session."""
        with self._lock:
            self._end()

    def _state_of(self, said: list[bytes]) -> tuple[State, bool]:
        main, log, journal, is_there = said
        if is_there != b"yes":
            raise CatalogNotFound(
                f"There is no file {self.title}, or it may not be read.",
                remedy="Write ssh://host/path/x.artui, or ssh://host/~/x.artui for one below the home.",
            )
        log_bytes = _size(log)
        state = State(
            main.decode("ascii", "replace"), _size(main), log.decode("ascii", "replace") if log_bytes else "", log_bytes
        )
        return state, _size(journal) > 0

    def _written(self) -> WrittenMeanwhile:
        return WrittenMeanwhile(f"{self.title} was written to while it was read.", remedy="Try again.")

    def _asked(self, question: str, count_bytes: int) -> tuple[bytes, list[bytes]]:
        """Ask one thing."""
        return self._all_asked(((question, count_bytes, 4),))[0]

    def _all_asked(self, questions: Sequence[tuple[str, int, int]]) -> list[tuple[bytes, list[bytes]]]:
        """Ask things at once, each with how many bytes and lines its answer has; give these. A session that has ended is
        begun again, once."""
        with self._lock:
            for is_last in (False, True):
                was_there = self._session is not None
                try:
                    session = self._session or self._begun()
                    self._session = session
                    session.write("".join(f"{question}\n" for question, _, _ in questions).encode())
                    return [
                        (session.read(size), [session.line() for _ in range(lines)]) for _, size, lines in questions
                    ]
                except _Ended as ended:
                    self._end()
                    if is_last or not was_there:
                        raise self._unreachable(ended) from None
                except BaseException:
                    # What is left of the answer would be taken for the next one.
                    self._end()
                    raise
        raise AssertionError

    def _begun(self) -> _Session:
        asks, self._may_ask = self._may_ask, False
        session = _Session(self._place, may_ask=asks)
        try:
            session.greet(self._place.path, _LOGIN_SECONDS if asks else CONNECT_SECONDS + STALL_SECONDS)
        except BaseException:
            session.close()
            raise
        return session

    def _end(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _unreachable(self, ended: _Ended) -> Unreachable:
        host = self._place.host
        if ended.code == _SSH_FAILED:
            words = ("denied", "password", "verification failed")
            is_refused = any(word in ended.said.lower() for word in words)
            return Unreachable(
                f"{self.title} cannot be reached: ssh says {ended.said!a}." if ended.said else f"{self.title} cannot be reached by ssh.",
                remedy=f"Set up a key, and try `ssh {host}`." if is_refused else f"Try `ssh {host}`.",
            )  # fmt: skip
        why = _WHY.get(ended.code, ended.why) + (f": {ended.said!a}" if ended.said else "")
        return Unreachable(f"{self.title} cannot be read: the other side {why}.", remedy=f"Try `ssh {host}`.")


class _Ended(Exception):
    """A session is over."""

    def __init__(self, why: str, code: int = 0, said: str = "") -> None:
        super().__init__(why)
        self.why, self.code, self.said = why, code, said


class _Session:
    """One call of `ssh`, which answers until it is closed."""

    def __init__(self, place: Place, *, may_ask: bool) -> None:
        command = ["ssh", "-T", "-o", "ForwardAgent=no", "-o", "ClearAllForwardings=yes", "-o", f"ConnectTimeout={CONNECT_SECONDS:.0f}"]  # fmt: skip
        command += ["-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3"]
        command += [] if may_ask else ["-o", "BatchMode=yes"]
        command += ["-p", str(place.port)] if place.port else []
        command += ["-l", place.user] if place.user else []
        command += ["--", place.host.strip("[]"), f"exec sh -c '{_SCRIPT}'"]
        self._trouble: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the session
        # A socket, since a pipe whose reader has ended would kill a program that has not said otherwise.
        self._input, far = socket.socketpair()
        self._rest = b""
        try:
            with far:
                # In a session of its own it has no terminal to ask on, and ctrl+c in the app does not reach it.
                self._process = subprocess.Popen(command, stdin=far.fileno(), stdout=subprocess.PIPE, stderr=self._trouble, bufsize=0, start_new_session=not may_ask)  # fmt: skip
        except OSError as error:
            self._input.close()
            self._trouble.close()
            raise _Ended(f"cannot be asked: ssh cannot be started: {error.strerror}") from error
        self._input.setblocking(False)

    def greet(self, path: str, seconds: float) -> None:
        """Say which file is meant, and wait until it is understood; what a shell prints at each login is passed over."""
        self.write(f"{path}\n".encode("utf-8", "surrogateescape"))
        passed = 0
        while (line := self.line(seconds)) != _READY:
            passed += len(line)
            if passed > _MOST_GREETING_BYTES:
                raise _Ended("says more than it is asked")

    def write(self, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            if not select.select([], [self._input], [], STALL_SECONDS)[1]:
                raise _Ended(f"takes nothing for {STALL_SECONDS:.0f} s")
            try:
                rest = rest[self._input.send(rest, getattr(socket, "MSG_NOSIGNAL", 0)) :]
            except BlockingIOError:
                continue
            except OSError:
                raise self._over() from None

    def read(self, count: int) -> bytes:
        """Give exactly so many bytes."""
        parts, there = [self._rest[:count]], min(len(self._rest), count)
        self._rest = self._rest[count:]
        while there < count:
            piece = self._piece(STALL_SECONDS)
            parts.append(piece[: count - there])
            self._rest = piece[count - there :]
            there += len(parts[-1])
        return b"".join(parts)

    def line(self, seconds: float = STALL_SECONDS) -> bytes:
        """Give one line without its end."""
        while b"\n" not in self._rest:
            if len(self._rest) > _MOST_GREETING_BYTES:
                raise _Ended("says more than it is asked")
            self._rest += self._piece(seconds)
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _piece(self, seconds: float) -> bytes:
        output = self._process.stdout
        assert output is not None
        if not select.select([output], [], [], seconds)[0]:
            raise _Ended(f"says nothing for {seconds:.0f} s")
        piece = os.read(output.fileno(), 1 << 18)
        if not piece:
            raise self._over()
        return piece

    def _over(self) -> _Ended:
        try:
            code = self._process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            code = 0
        self._trouble.seek(0)
        lines = self._trouble.read(1 << 16).decode("utf-8", "replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")[-200:]
        return _Ended(f"has ended with {code}", code, said)

    def close(self) -> None:
        """End it, first by ending its input."""
        self._input.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        for end, seconds in ((self._process.terminate, _ENDING_SECONDS), (self._process.kill, 2.0)):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
                break
            end()
        else:
            self._process.wait()
        self._trouble.close()


def _size(line: bytes) -> int:
    word = line.split(b" ")[0]
    return int(word) if word.isdigit() and len(word) < 19 else 0
