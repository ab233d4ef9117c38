"""A large catalog read where it lies, through a slow link, beside fetching the whole file through the same link.

    python tests/bench/bench_far.py big.artui [--rtt 100] [--mbit 10] [--ssh ssh://box/big.artui]

`make_catalog.py` makes one. The link is a forwarder of this machine that delays and holds back bytes; a web server that
gives ranges stands behind it. `--ssh` reads another URI without the link, as it is.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.web import Web, serving

PEER_BYTES = 8 << 20
"""So much of the whole file is fetched; the rest takes as long in proportion."""
_ONE = """
import json, resource, sys, time
began = time.perf_counter()
from artui.query.reader import Reader
from artui.query.runs.order import first_view
from artui.travel.far.reaching import reach
reached = reach(sys.argv[1])
with Reader(reached.path) as reader:
    view = first_view(reader, 40)
    first = time.perf_counter() - began, reached.catalog.fetched_bytes
print(json.dumps({"seconds": first[0], "bytes": first[1], "runs": view.total, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


class Link:
    """A forwarder that lets bytes arrive later, and at most so many a second towards the one who asked."""

    def __init__(self, port: int, rtt_seconds: float, bytes_a_second: float) -> None:
        self._behind, self._delay, self._rate = port, rtt_seconds / 2, bytes_a_second
        self._free_at = 0.0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self._serve, args=(ready,), daemon=True).start()
        ready.wait()

    def _serve(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._joined, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Who connects waits for an answer, too.
        await asyncio.sleep(2 * self._delay)
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        await asyncio.gather(self._pass(reader, there_writer, is_slow=False), self._pass(there_reader, writer, is_slow=True))  # fmt: skip

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_slow: bool) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)
        sending = asyncio.create_task(self._send(queue, target))
        while piece := await source.read(8192):
            now = time.monotonic()
            if is_slow:
                self._free_at = max(self._free_at, now) + len(piece) / self._rate
                now = self._free_at
            await queue.put((now + self._delay, piece))
        await queue.put((0.0, b""))
        await sending

    async def _send(self, queue: asyncio.Queue[tuple[float, bytes]], target: asyncio.StreamWriter) -> None:
        while True:
            due, piece = await queue.get()
            if not piece:
                target.close()
                return
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            try:
                target.write(piece)
                await target.drain()
            except OSError:
                return


def _one(uri: str, cache: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", _ONE, uri], env=os.environ | {"XDG_CACHE_HOME": cache}, stdout=subprocess.PIPE, text=True, check=True)  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _line(what: str, ours: str, limit: str = "", peer: str = "") -> None:
    print(f"{what:44} {ours:>30} {limit:>26} {peer:>26}", flush=True)


def _shown(answer: dict[str, Any]) -> str:
    return f"{answer['seconds']:.2f} s, {answer['bytes'] / 1e6:.2f} MB, {answer['mib']:.0f} MiB"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("catalog", type=Path)
    parser.add_argument("--rtt", type=float, default=100.0)
    parser.add_argument("--mbit", type=float, default=10.0)
    parser.add_argument("--ssh", default="")
    asked = parser.parse_args()
    size_bytes = asked.catalog.stat().st_size
    with serving(asked.catalog.absolute().parent) as web:
        _measure(asked, web, size_bytes)


def _measure(asked: argparse.Namespace, web: Web, size_bytes: int) -> None:
    link = Link(web.port, asked.rtt / 1e3, asked.mbit * 1e6 / 8)
    print(f"{asked.catalog.name}: {size_bytes / 1e6:,.0f} MB; link {asked.rtt:.0f} ms, {asked.mbit:g} Mbit/s")
    _line("", "ours", "a file of this machine", "fetching the whole file")
    here = _here(asked.catalog)
    for what, port in (("this machine", web.port), ("through the link", link.port)):
        uri = f"http://127.0.0.1:{port}/{asked.catalog.name}"
        began = time.perf_counter()
        request = urllib.request.Request(uri, headers={"Range": f"bytes=0-{PEER_BYTES - 1}"})
        with urllib.request.urlopen(request) as answer:
            while answer.read(1 << 16):
                pass
        peer = (time.perf_counter() - began) * size_bytes / PEER_BYTES
        with tempfile.TemporaryDirectory() as cache:
            _line(f"first rows, {what}", _shown(_one(uri, cache)), f"{here:.2f} s", f"{peer:,.0f} s, {size_bytes / 1e6:,.0f} MB")  # fmt: skip
            _line(f"again, {what}", _shown(_one(uri, cache)), f"{here:.2f} s")
    if asked.ssh:
        with tempfile.TemporaryDirectory() as cache:
            _line("first rows, ssh", _shown(_one(asked.ssh, cache)))
            _line("again, ssh", _shown(_one(asked.ssh, cache)))


def _here(path: Path) -> float:
    code = "import sys, time; began = time.perf_counter()\nfrom artui.query.reader import Reader\nfrom artui.query.runs.order import first_view\nwith Reader(sys.argv[1]) as reader: first_view(reader, 40)\nprint(time.perf_counter() - began)"  # fmt: skip
    return float(subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True).stdout)  # fmt: skip


if __name__ == "__main__":
    main()
