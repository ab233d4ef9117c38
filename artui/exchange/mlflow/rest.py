"""MLflow's REST API, as far as artui speaks it: asked again with back-off where a server is busy, full or restarted, bounded, and in words.

Written after https://mlflow.org/docs/latest/api_reference/rest-api.html (version 2.0 of the API, which servers since 1.0 have).
Where the server is comes from the command line; user, password and token come from the variables that MLflow's own client
reads (`MLFLOW_TRACKING_USERNAME`, `MLFLOW_TRACKING_PASSWORD`, `MLFLOW_TRACKING_TOKEN`). They are sent to that server alone,
are never stored, and stand in no message.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import random
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode, urlsplit

import orjson

from artui.errors import ArtuiError, SourceDamaged, UsageError
from artui.exchange.mlflow import SCHEMES
from artui.paths import text_bytes
from artui.safetext import clean

API = "/api/2.0/mlflow/"
MAX_ANSWER_BYTES = 256 * 1024 * 1024
"""No answer to one page of anything is larger."""
TRIES = 8
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.2, 20.0
TIMEOUT_SECONDS = 60.0
_BLOCK_BYTES = 1 << 18
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers of a server that is busy, or comes up."""


class ServerError(ArtuiError):
    """A server that cannot be reached, or did not do what was asked."""


class Refused(ServerError):
    """The server has read what was asked, and said no."""

    def __init__(self, message: str, *, code: str = "", status: int = 0, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.code = code
        """MLflow's name of the error: `RESOURCE_DOES_NOT_EXIST`."""
        self.status = status


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is."""

    is_tls: bool
    host: str
    port: int
    prefix: str = ""
    """The path below which it answers, without a slash at its end."""

    @property
    def shown(self) -> str:
        """As people write it, without user and password."""
        return f"mlflow{'+https' if self.is_tls else ''}://{self.host}:{self.port}{self.prefix}"


def parse_place(text: str) -> Place:
    """Read where a server is: `mlflow://HOST:PORT`, or `mlflow+https://HOST`.

    Raises:
        UsageError: it is no such thing, or says a password.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{clean(text[:120])} names no server.", remedy="Write mlflow://HOST:5000, or mlflow+https://HOST.") from error  # fmt: skip
    if parts.scheme not in SCHEMES or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"{clean(text[:120])} names no server.", remedy="Write mlflow://HOST:5000, or mlflow+https://HOST.")  # fmt: skip
    if parts.username or parts.password:
        raise UsageError(
            "A user and a password are not taken from a command line, where others see them.",
            remedy="Put them into MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or a token into MLFLOW_TRACKING_TOKEN.",
        )
    is_tls = parts.scheme == "mlflow+https"
    return Place(is_tls, parts.hostname, port or (443 if is_tls else 5000), parts.path.rstrip("/"))


@dataclass(frozen=True, slots=True)
class _Body:
    """A file that is sent as it is read."""

    size_bytes: int
    opened: Callable[[], BinaryIO]


class _Read:
    """Reads a file to be sent: what the disk says is told apart from what the network says."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except OSError as error:
            raise SourceDamaged(f"cannot be read: {error.strerror or error}") from error


class Server:
    """One MLflow server; to be used by one thread."""

    def __init__(self, place: Place, *, wait: Any = time.sleep, tell: Callable[[str], None] | None = None) -> None:
        """Open no connection yet.

        Args:
            wait: waits some seconds.
            tell: called with why, before something is asked again.
        """
        self.place = place
        self._wait, self._tell = wait, tell
        self._connection: http.client.HTTPConnection | None = None
        self.retries = 0
        """How often something was asked again."""

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, place: str, /, **query: Any) -> dict[str, Any]:
        """Ask for something of the API.

        Raises:
            Refused: the server said no.
            ServerError: it cannot be reached, or answers with something else.
        """
        pairs = [(name, one) for name, value in query.items() for one in (value if isinstance(value, list) else [value]) if one not in (None, "")]  # fmt: skip
        return self._parsed(self._ask("GET", f"{API}{place}?{urlencode(pairs)}" if pairs else API + place))

    def post(self, place: str, /, **body: Any) -> dict[str, Any]:
        """Have something done; raises as `get`. What was done before an answer was lost is done again, so it must do no harm twice."""
        return self._parsed(self._ask("POST", API + place, _written(body)))

    def patch(self, place: str, /, **body: Any) -> dict[str, Any]:
        """Have something changed; raises as `get`."""
        return self._parsed(self._ask("PATCH", API + place, _written(body)))

    def delete(self, place: str, /, **body: Any) -> dict[str, Any]:
        """Have something taken away; raises as `get`."""
        return self._parsed(self._ask("DELETE", API + place, _written(body)))

    def pages(self, method: str, place: str, key: str, /, **asked: Any) -> Iterator[dict[str, Any]]:
        """Give what lies on all pages of a list; a server that gives the same page again and again is not followed.

        Raises:
            Refused, ServerError: as `get`.
        """
        token, seen = "", set[str]()
        while True:
            more = {"page_token": token} if token else {}
            answer = self.get(place, **asked, **more) if method == "GET" else self.post(place, **asked, **more)
            found = answer.get(key)
            yield from (one for one in found if isinstance(one, dict)) if isinstance(found, list) else ()
            token = answer.get("next_page_token") or ""
            if not isinstance(token, str) or not token:
                return
            if token in seen:
                raise ServerError(f"{self.place.shown} gives the same page of {place} again and again.", remedy="Ask who keeps the server.")  # fmt: skip
            seen.add(token)

    def put_file(self, path: str, size_bytes: int, opened: Callable[[], BinaryIO]) -> None:
        """Put a file into the store of the server, by its own proxy: `mlflow-artifacts:/PATH`. It is streamed, and opened again for each try.

        Raises:
            Refused, ServerError: as `get`; what opening and reading the file raises.
        """
        self._ask("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{quote(path)}", _Body(size_bytes, opened), kind="application/octet-stream")  # fmt: skip

    def file_of_run(self, run_id: str, path: str) -> bytes:
        """Give a file among the artifacts of a run, wherever the server keeps it.

        Raises:
            Refused, ServerError: as `get`.
        """
        return self._ask("GET", f"/get-artifact?{urlencode({'path': path, 'run_uuid': run_id})}")

    def _parsed(self, answer: bytes) -> dict[str, Any]:
        try:
            said = orjson.loads(answer) if answer.strip() else {}
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise ServerError(f"{self.place.shown} does not answer as MLflow does.", remedy="Is it an MLflow server, and the path before its API right?")  # fmt: skip
        return said

    def _ask(
        self, method: str, path: str, body: bytes | _Body | None = None, *, kind: str = "application/json"
    ) -> bytes:
        waited, trouble = _FIRST_WAIT_SECONDS, ""
        for number in range(TRIES):
            if number:
                self.retries += 1
            try:
                status, answer, after = self._once(method, path, body, kind)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                trouble = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
                after = None
            else:
                if status < 400:
                    if status >= 300:
                        raise ServerError(f"{self.place.shown} sends to another place.", remedy="Name that place itself: what you sign in with is not sent on.")  # fmt: skip
                    return answer
                if status not in _AGAIN or _is_final(answer):
                    raise self._refusal(status, answer)
                trouble = f"it answers {status}"
            if number + 1 < TRIES:
                if self._tell is not None:
                    self._tell(
                        f"{self.place.shown} does not answer as it should ({clean(trouble, max_chars=80)}): asking again"
                    )
                self._wait(after if after is not None else waited * random.uniform(0.5, 1.0))
                waited = min(_LONGEST_WAIT_SECONDS, 2 * waited)
        raise ServerError(
            f"{self.place.shown} cannot be reached ({clean(trouble, max_chars=200)}), asked {TRIES} times.",
            remedy="See to the server or the network, then do the same again: it goes on where it was.",
        )

    def _once(self, method: str, path: str, body: bytes | _Body | None, kind: str) -> tuple[int, bytes, float | None]:
        if self._connection is None:
            place = self.place
            self._connection = (
                http.client.HTTPSConnection(place.host, place.port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context(), blocksize=_BLOCK_BYTES)
                if place.is_tls
                else http.client.HTTPConnection(place.host, place.port, timeout=TIMEOUT_SECONDS, blocksize=_BLOCK_BYTES)
            )  # fmt: skip
        headers = {"Content-Type": kind, "Accept": "*/*"} | _signed()
        if isinstance(body, _Body):
            with body.opened() as stream, self._closed_by_damage():
                self._connection.request(method, self.place.prefix + path, _Read(stream), headers | {"Content-Length": str(body.size_bytes)})  # fmt: skip
        else:
            self._connection.request(method, self.place.prefix + path, body, headers)
        response = self._connection.getresponse()
        answer = response.read(MAX_ANSWER_BYTES + 1)
        if len(answer) > MAX_ANSWER_BYTES:
            self.close()
            raise ServerError(f"{self.place.shown} answers with more than {MAX_ANSWER_BYTES >> 20} MB.", remedy="Ask who keeps the server.")  # fmt: skip
        return response.status, answer, _seconds(response.getheader("Retry-After"))

    @contextlib.contextmanager
    def _closed_by_damage(self) -> Iterator[None]:
        """Close the connection on which half of a file was sent that cannot be read on."""
        try:
            yield
        except ArtuiError:
            self.close()
            raise

    def _refusal(self, status: int, answer: bytes) -> Refused:
        try:
            said = orjson.loads(answer)
        except ValueError:
            said = None
        code = str(said.get("error_code", "")) if isinstance(said, dict) else ""
        message = str(said.get("message", "")) if isinstance(said, dict) else ""
        remedy = {
            401: "Put what you sign in with into MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.",
            403: "Ask who keeps the server for leave.",
            404: "Is it an MLflow server, and the path before its API right?" if not code else "",
        }.get(status, "")  # fmt: skip
        return Refused(f"{self.place.shown} refuses it: {clean(message or str(status), max_chars=300)}", code=code, status=status, remedy=remedy)  # fmt: skip


def _written(body: dict[str, Any]) -> bytes:
    """Write a body as JSON; half of a surrogate pair becomes `?`."""
    try:
        return orjson.dumps(body)
    except TypeError:
        return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def _signed() -> dict[str, str]:
    """Give the header by which one signs in, of the user's own variables.

    Raises:
        UsageError: the token has what no header takes.
    """
    if token := os.environ.get("MLFLOW_TRACKING_TOKEN", "").strip():
        if not token.isascii() or not token.isprintable():
            raise UsageError("MLFLOW_TRACKING_TOKEN holds letters that no token has.", remedy="Set it anew, in one line.")  # fmt: skip
        return {"Authorization": f"Bearer {token}"}
    user, password = (os.environ.get(f"MLFLOW_TRACKING_{word}", "") for word in ("USERNAME", "PASSWORD"))
    if not user:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(text_bytes(f"{user}:{password}")).decode()}


def _is_final(answer: bytes) -> bool:
    """Whether an error of the server itself says by its code that asking again is of no use."""
    return b"RESOURCE_" in answer[:500] or b"INVALID_" in answer[:500] or b"BAD_REQUEST" in answer[:500]


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else min(_LONGEST_WAIT_SECONDS, max(0.0, float(text)))
    except ValueError:
        return None
