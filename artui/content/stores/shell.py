"""A store that is a folder of another machine, reached by the user's own `ssh`.

What is done there are constant commands of a POSIX shell. Folder and name go to them as lines of their input, never as
part of a command, so no path can be taken for one. `ssh` never asks for anything: keys, an agent, a jump host and what
else is needed are the user's configuration.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO

from artui.content.stores import store as stores
from artui.content.stores.places import Place
from artui.content.stores.store import PIECE_BYTES, Pieces, Store
from artui.errors import PackageMissing, StoreFailed, UsageError

_ROOT = 'IFS= read -r root && IFS= read -r name || exit 90; case $root in "~/"*) root=$HOME/${root#??};; esac; file=$root/$name; '
_SIZE = _ROOT + 'if [ -f "$file" ]; then wc -c < "$file"; else [ -d "$root" ] && echo absent || echo nowhere; fi'  # fmt: skip
_READ = _ROOT + 'IFS= read -r first && IFS= read -r count || exit 90; [ -f "$file" ] || exit 91; tail -c "+$first" "$file" | head -c "$count"'  # fmt: skip
_PUT = _ROOT + (
    'IFS= read -r size && IFS= read -r part || exit 90; part=$root/$part; mkdir -p "${file%/*}" || exit 92; '
    'trap "rm -f \\"\\$part\\"" EXIT; trap "exit 93" HUP INT TERM; cat > "$part" || exit 93; '
    '[ "$(wc -c < "$part")" -eq "$size" ] || exit 94; chmod a-w "$part"; mv -f "$part" "$file" || exit 95'
)
_STATE = _ROOT + 'if [ -f "$file" ]; then { command -v sha256sum > /dev/null && sha256sum < "$file"; } || cksum < "$file"; else echo absent; fi'  # fmt: skip
_REPLACE = _ROOT + (
    'IFS= read -r size && IFS= read -r part && IFS= read -r state || exit 90; part=$root/$part; mkdir -p "${file%/*}" || exit 92; '
    'trap "rm -f \\"\\$part\\"" EXIT; trap "exit 93" HUP INT TERM; cat > "$part" || exit 93; '
    '[ "$(wc -c < "$part")" -eq "$size" ] || exit 94; '
    'if [ -f "$file" ]; then now=$({ command -v sha256sum > /dev/null && sha256sum < "$file"; } || cksum < "$file"); else now=absent; fi; '
    '[ "${now%% *}" = "${state%% *}" ] || exit 98; '
    'if [ "$now" = absent ]; then ln "$part" "$file" 2> /dev/null || { [ -f "$file" ] && exit 98; mv "$part" "$file" || exit 95; }; '
    'else mv -f "$part" "$file" || exit 95; fi'
)
_LIST = _ROOT + '[ -d "$file" ] || exit 0; cd "$root" || exit 91; find "$name" -type f -exec wc -c {} +'
_REMOVE = _ROOT + 'rm -f "$file" || exit 97'
_DIGEST = _ROOT + '[ -f "$file" ] || exit 91; command -v sha256sum > /dev/null || exit 96; sha256sum < "$file"'
_WHY = {
    90: "does not take its input", 91: "is not there", 92: "cannot be written to", 93: "cannot be written to, or is full",
    94: "did not get all of it", 95: "cannot be written to", 97: "cannot be removed",
}  # fmt: skip
_NO_TOOL = 96
_OTHER_STATE = 98
_ABSENT = "absent"
_ENDING_SECONDS = 0.5
"""So long a call may take to end by itself."""
_SSH_FAILED = 255
_ENTRY = re.compile(r"\s*(\d{1,19}) (\w{1,20}/[\w/.\-]{1,200})\Z", re.ASCII)
_ANY_ENTRY = re.compile(r"\s*(\d{1,19}) \./(.+)\Z")
_SHELL = "exec sh -c '{}'"


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of `ssh`."""

    process: subprocess.Popen[bytes]
    input: socket.socket
    trouble: IO[bytes]
    """What it says on stderr."""

    def end_input(self) -> None:
        """Say that there is no more input."""
        with contextlib.suppress(OSError):  # it has ended: with which code is asked next
            self.input.shutdown(socket.SHUT_WR)


class ShellStore(Store):
    """Objects below a folder of another machine; each question is one call of `ssh`."""

    def __init__(self, place: Place) -> None:
        self.uri = place.uri
        self._place = place
        if shutil.which("ssh") is None:
            raise PackageMissing(f"{self.uri!a} needs the program ssh, which is not installed here.", remedy="Install OpenSSH's client.")  # fmt: skip

    def size(self, name: str) -> int | None:
        """Ask for the size of a file."""
        answer = self._answer(_SIZE, name).strip()
        if answer.isdigit():
            return int(answer)
        if answer != "absent" and answer != "nowhere":
            raise self.failed("", f"answers {answer[:60]!a}", remedy="Does its shell print something at each login?")
        return None

    def pieces(self, name: str, start: int, stop: int) -> Pieces:
        """Read a file from `start` up to `stop`."""
        with self._running(_READ, name, str(start + 1), str(stop - start)) as call:
            call.end_input()
            place = start
            while place < stop and (piece := self._piece(call, name)):
                place += len(piece)
                yield piece
            if place < stop:
                self._end(call, name)

    def put(self, name: str, size_bytes: int, pieces: Iterable[bytes]) -> None:
        """Write a file under another name, and rename it once all of it is there."""
        part = f"{name.rpartition('/')[0]}/.part-{os.urandom(8).hex()}"
        with self._running(_PUT, name, str(size_bytes), part) as call:
            for piece in pieces:
                self._write(call, name, piece)
            call.end_input()
            self._end(call, name)

    def state(self, name: str) -> str | None:
        """Let the other machine hash a file."""
        answer = self._answer(_STATE, name).strip()
        if not re.fullmatch(r"absent|[0-9a-f]{64}(?: .*)?|\d+ \d+(?: .*)?", answer):
            raise self.failed("", f"answers {answer[:60]!a}", remedy="Does its shell print something at each login?")
        return None if answer == _ABSENT else answer

    def replace(self, name: str, size_bytes: int, pieces: Iterable[bytes], *, state: str | None) -> bool:
        """Write a file under another name, and rename it if the one that it replaces is as it was."""
        part = f"{name.rpartition('/')[0]}/.part-{os.urandom(8).hex()}"
        try:
            with self._running(_REPLACE, name, str(size_bytes), part, state or _ABSENT) as call:
                for piece in pieces:
                    self._write(call, name, piece)
                call.end_input()
                self._end(call, name)
        except _OtherState:
            return False
        return True

    def listed(self, folder: str) -> Iterator[tuple[str, int]]:
        """List the files below a folder whose names could be ours; of all of them those whose names have no line feed."""
        for line in self._answer(_LIST, folder or ".").splitlines():
            if not folder:
                if whole := _ANY_ENTRY.match(line):
                    yield whole[2], int(whole[1])
                continue
            entry = _ENTRY.match(line)
            if entry and entry[2].startswith(f"{folder}/"):
                yield entry[2], int(entry[1])

    def remove(self, name: str) -> None:
        """Remove a file."""
        self._answer(_REMOVE, name)

    def digest(self, name: str, size_bytes: int) -> Iterator[int | bytes]:
        """Let the other machine hash a file; where it cannot, read it."""
        try:
            answer = self._answer(_DIGEST, name, seconds=max(stores.STALL_SECONDS, size_bytes / 20e6))
        except _NoTool:
            yield from super().digest(name, size_bytes)
            return
        text = answer.split(" ")[0]
        if not re.fullmatch("[0-9a-f]{64}", text):
            raise self.failed(name, f"has no digest, but {answer[:60]!a}")
        yield size_bytes
        yield bytes.fromhex(text)

    def _answer(self, script: str, name: str, *, seconds: float = 0) -> str:
        with self._running(script, name) as call:
            call.end_input()
            parts = []
            while piece := self._piece(call, name, seconds=seconds):
                parts.append(piece)
            self._end(call, name)
        return b"".join(parts).decode("utf-8", "replace")

    @contextlib.contextmanager
    def _running(self, script: str, name: str, *lines: str) -> Iterator[_Call]:
        if "\n" in name or "\0" in name:
            raise UsageError(f"{name!a} cannot be asked for by ssh.", remedy="Give it another name there.")
        place = self._place
        command = ["ssh", "-T", "-o", "BatchMode=yes", "-o", "ForwardAgent=no", "-o", "ClearAllForwardings=yes", "-o", f"ConnectTimeout={stores.CONNECT_SECONDS:.0f}"]  # fmt: skip
        command += ["-p", str(place.port)] if place.port else []
        command += ["-l", place.user] if place.user else []
        command += ["--", place.host.strip("[]"), _SHELL.format(script)]
        with tempfile.TemporaryFile() as trouble, contextlib.ExitStack() as ending:
            # A socket, since a pipe whose reader has ended would kill a program that has not said otherwise.
            near, far = socket.socketpair()
            try:
                with far:
                    process = subprocess.Popen(command, stdin=far.fileno(), stdout=subprocess.PIPE, stderr=trouble, bufsize=0, start_new_session=True)  # fmt: skip
            except OSError as error:
                near.close()
                raise self.failed("", f"cannot be reached: ssh cannot be started: {error.strerror}") from error
            ending.callback(_stop, process)
            ending.callback(
                near.close
            )  # first: without more input it ends by itself, and takes away what is half there
            call = _Call(process, near, trouble)
            near.setblocking(False)
            head = "".join(f"{line}\n" for line in (place.path, name, *lines))
            self._write(call, name, head.encode("utf-8", "surrogateescape"))
            yield call

    def _piece(self, call: _Call, name: str, *, seconds: float = 0) -> bytes:
        output = call.process.stdout
        assert output is not None
        if not select.select([output], [], [], seconds or stores.STALL_SECONDS)[0]:
            raise self._stalled(name)
        return os.read(output.fileno(), PIECE_BYTES)

    def _write(self, call: _Call, name: str, piece: bytes) -> None:
        rest = memoryview(piece)
        while rest:
            if not select.select([], [call.input], [], stores.STALL_SECONDS)[1]:
                raise self._stalled(name)
            try:
                rest = rest[call.input.send(rest, getattr(socket, "MSG_NOSIGNAL", 0)) :]
            except BlockingIOError:
                continue
            except OSError:
                self._end(call, name)
                raise self.failed(name, "took only a part of what it was given") from None

    def _stalled(self, name: str) -> StoreFailed:
        return self.failed(name, f"says nothing for {stores.STALL_SECONDS:.0f} s", remedy="Try again; what is there is kept.")  # fmt: skip

    def _end(self, call: _Call, name: str) -> None:
        """Wait for the end of a call.

        Raises:
            StoreFailed: it did not do what it was asked for.
        """
        deadline = time.monotonic() + stores.STALL_SECONDS
        try:
            code = call.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise self._stalled(name) from None
        if code == 0:
            return
        if code == _NO_TOOL:
            raise _NoTool(self.uri)
        if code == _OTHER_STATE:
            raise _OtherState(self.uri)
        said = _last_line(call.trouble)
        if code == _SSH_FAILED:
            is_refused = "denied" in said.lower() or "password" in said.lower() or "verification failed" in said.lower()
            raise self.failed(
                "", f"cannot be reached: ssh says {said!a}" if said else "cannot be reached by ssh",
                remedy="ssh must get there without asking: set up a key, and connect by hand once." if is_refused else f"Try `ssh {self._place.host}`.",
            )  # fmt: skip
        raise self.failed(name, _WHY.get(code, f"ended with {code}") + (f": {said!a}" if said else ""))


class _NoTool(StoreFailed):
    """The other machine lacks a program that would make it quicker."""


class _OtherState(StoreFailed):
    """A file is no longer as it was."""


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.stdout is not None:
        process.stdout.close()
    for end, seconds in ((process.terminate, _ENDING_SECONDS), (process.kill, 2.0), (lambda: None, None)):
        try:
            process.wait(seconds)
            return
        except subprocess.TimeoutExpired:
            end()


def _last_line(trouble: IO[bytes]) -> str:
    trouble.seek(0)
    lines = trouble.read(1 << 16).decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")[-200:]
