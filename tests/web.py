"""A web server of this machine that gives the files of a folder, whole or by ranges."""

from __future__ import annotations

import contextlib
import html
import http.server
import io
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

_AT_ONCE_BYTES = 1 << 18


@dataclass
class Web:
    """What is served, how, and what was asked for."""

    folder: Path
    port: int = 0
    takes_ranges: bool = True
    is_there: bool = True
    makes_pages: bool = False
    """Whether a folder is given as a page with links to what is in it."""
    given_bytes: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def uri(self) -> str:
        """Where the folder is."""
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Web]:
    """Serve a folder in the block."""
    web = Web(folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"web": web}))
    web.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(io.RawIOBase):
    """Writes to a socket; one that was closed is an error, whatever a verb in this process has made of SIGPIPE."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        rest = memoryview(content)
        while rest:
            rest = rest[self._connection.send(rest, getattr(socket, "MSG_NOSIGNAL", 0)) :]
        return len(content)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    web: Web
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.wfile = _Quiet(self.connection)  # type: ignore[assignment]

    def do_HEAD(self) -> None:
        self._answer(has_body=False)

    def do_GET(self) -> None:
        self._answer(has_body=True)

    def _answer(self, *, has_body: bool) -> None:
        path = self.web.folder / unquote(urlsplit(self.path).path).lstrip("/")
        self.web.asked.append(self.path)
        if self.web.makes_pages and path.is_dir():
            self._page(path, has_body=has_body)
            return
        if not self.web.is_there or not path.is_file():
            self.send_error(503 if not self.web.is_there else 404)
            return
        status = path.stat()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")) if self.web.takes_ranges else None
        start, stop = (int(wanted[1]), min(int(wanted[2]) + 1, status.st_size)) if wanted else (0, status.st_size)
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{status.st_size}")
        self.send_header("ETag", f'"{status.st_mtime_ns:x}-{status.st_size:x}"')
        self.send_header("Content-Length", str(stop - start))
        self.end_headers()
        if has_body:
            self._give(path, start, stop)

    def _page(self, folder: Path, *, has_body: bool) -> None:
        links = "".join(
            f'<a href="{quote(each.name)}{"/" * each.is_dir()}">{html.escape(each.name)}</a>'
            for each in folder.iterdir()
        )
        page = f"<html>{links}</html>".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        if has_body:
            self.wfile.write(page)

    def _give(self, path: Path, start: int, stop: int) -> None:
        with path.open("rb") as stream:
            stream.seek(start)
            while start < stop and (part := stream.read(min(_AT_ONCE_BYTES, stop - start))):
                try:
                    self.wfile.write(part)
                except OSError:
                    return  # whoever asked has gone
                self.web.given_bytes += len(part)
                start += len(part)

    def log_message(self, *_: object) -> None:
        pass
