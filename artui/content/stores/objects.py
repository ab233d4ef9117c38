"""A store in a bucket, or behind a web server, by the package `obstore`.

Credentials are those of the environment (`AWS_ACCESS_KEY_ID` and the like), or what boto3 finds where that is
installed; and what the URI itself holds, which is written down nowhere.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, TypeVar

from artui.content.stores import store as stores
from artui.content.stores.places import Place, without_query
from artui.content.stores.store import NO_STATES, PIECE_BYTES, Pieces, Store
from artui.errors import PackageMissing, StoreFailed

ALONE_BYTES = 8 << 20
"""Up to this size an object goes in one request, which fails if it is there already; a larger one goes in parts."""
_PART_BYTES = 8 << 20
_MAX_PARTS = 9_000
_AT_ONCE = 4
"""Parts that are under way: these are in memory."""
_WEB_BYTES = 64 << 20
"""A web server takes no parts: what is put there is in memory."""
WHOLE_BYTES = 128 << 20
"""A file that is replaced goes in one request, which a bucket compares with what is there: it is in memory."""
_STATUS = re.compile(r"\b(?:status(?: code)?:?|Error) (\d{3})\b|<Code>(\w{1,60})</Code>|with status (\d{3})")
RETRIES = 3
_Answer = TypeVar("_Answer")


class ObjectStore(Store):
    """Objects below a prefix of a bucket."""

    def __init__(self, place: Place) -> None:
        self.uri = place.uri
        self._is_web = place.scheme in ("http", "https")
        try:
            import obstore
            import obstore.exceptions
            from obstore.store import from_url
        except ImportError as error:
            raise PackageMissing(
                f"{place.scheme}:// needs the package obstore, which is not installed here.", remedy="pip install 'artui[remote]'"
            ) from error  # fmt: skip
        self._obstore: Any = obstore
        self._errors: tuple[type[Exception], ...] = (obstore.exceptions.BaseError, OSError, ValueError)
        client: dict[str, Any] = {
            "connect_timeout": timedelta(seconds=stores.CONNECT_SECONDS),
            "read_timeout": timedelta(seconds=stores.STALL_SECONDS),
            # No limit for a whole request: a large part may take long.
            "timeout": timedelta(days=7),
        }
        endpoint = os.environ.get("AWS_ENDPOINT_URL", "") if place.scheme == "s3" else place.uri
        if endpoint.startswith("http://"):
            client["allow_http"] = True
        uri = place.secret_uri.replace("az://", "azure://", 1)
        options: dict[str, Any] = {"client_options": client, "retry_config": _retries(), **_credentials(place.scheme)}
        self._store: Any = self._tried("", lambda: from_url(without_query(uri) if not self._is_web else uri, **options))

    def size(self, name: str) -> int | None:
        """Ask for the size of an object."""
        about = self.about(name)
        return None if about is None else int(about["size"])

    def about(self, name: str) -> dict[str, Any] | None:
        """Ask for size, time, tag and version of an object; None if there is none."""
        try:
            return dict(self._obstore.head(self._store, name))
        except FileNotFoundError:
            return None
        except self._errors as error:
            raise self._trouble(name, error) from error

    def answer(self, name: str, start: int = 0, stop: int | None = None) -> tuple[dict[str, Any], Pieces]:
        """Ask for an object from `start` up to `stop`, or for all of it; give what the answer says of it, and its bytes."""
        options = {} if stop is None else {"range": (start, stop)}
        answer = self._tried(name, lambda: self._obstore.get(self._store, name, options=options))
        return dict(answer.meta), self._streamed(name, answer)

    def pieces(self, name: str, start: int, stop: int) -> Pieces:
        """Read an object from `start` up to `stop`, in one request."""
        yield from self.answer(name, start, stop)[1]

    def _streamed(self, name: str, answer: Any) -> Pieces:
        stream = iter(answer.stream(min_chunk_size=PIECE_BYTES))
        while piece := self._tried(name, lambda: next(stream, None)):
            yield bytes(piece)

    def put(self, name: str, size_bytes: int, pieces: Iterable[bytes]) -> None:
        """Write an object, which is there once all of it is."""
        if size_bytes <= ALONE_BYTES or self._is_web:
            if size_bytes > _WEB_BYTES:
                raise self.failed("", f"takes no file of {size_bytes:,} bytes: web servers take up to {_WEB_BYTES:,}")
            content = b"".join(pieces)
            mode = None if self._is_web else "create"
            with contextlib.suppress(FileExistsError, self._obstore.exceptions.AlreadyExistsError):
                self._tried(name, lambda: self._obstore.put(self._store, name, content, mode=mode, use_multipart=False))
        else:
            part_bytes = max(_PART_BYTES, -(-size_bytes // _MAX_PARTS))
            guarded = _Guarded(pieces)
            try:
                self._tried(name, lambda: self._obstore.put(self._store, name, guarded, chunk_size=part_bytes, max_concurrency=_AT_ONCE))  # fmt: skip
            except StoreFailed:
                if guarded.trouble is not None:  # it is about the file, not about the store
                    raise guarded.trouble from None
                raise
            if guarded.trouble is not None:
                raise guarded.trouble
        if (there_bytes := self.size(name)) != size_bytes:
            raise self.failed(name, f"has {there_bytes or 0:,} instead of {size_bytes:,} bytes", remedy="Somebody else writes there.")  # fmt: skip

    def state(self, name: str) -> str | None:
        """Give the tag that the bucket gave the object when it was written."""
        if self._is_web:
            return super().state(name)
        about = self.about(name)
        if about is None:
            return None
        if not about.get("e_tag"):
            raise self.failed(name, "has no tag", remedy=NO_STATES)
        return str(about["e_tag"])

    def replace(self, name: str, size_bytes: int, pieces: Iterable[bytes], *, state: str | None) -> bool:
        """Write an object if the bucket still has the one with this tag."""
        if self._is_web:
            return super().replace(name, size_bytes, pieces, state=state)
        if size_bytes > WHOLE_BYTES:
            raise self.failed(name, f"would have {size_bytes:,} bytes: a file that is replaced has up to {WHOLE_BYTES:,}", remedy="Leave the name of the file out, and share packs.")  # fmt: skip
        mode = "create" if state is None else {"e_tag": state}
        content, kinds = b"".join(pieces), self._obstore.exceptions
        try:
            self._obstore.put(self._store, name, content, mode=mode, use_multipart=False)
        except (FileExistsError, kinds.AlreadyExistsError, kinds.PreconditionError, kinds.NotModifiedError):
            return False
        except FileNotFoundError:  # it was removed meanwhile
            return False
        except self._errors as error:
            raise self._trouble(name, error) from error
        return True

    def listed(self, folder: str) -> Iterator[tuple[str, int]]:
        """List the objects below a prefix."""
        batches = iter(self._tried("", lambda: self._obstore.list(self._store, prefix=folder)))
        while batch := self._tried("", lambda: next(batches, None)):
            for entry in batch:
                yield str(entry["path"]), int(entry["size"])

    def remove(self, name: str) -> None:
        """Remove an object; a bucket says nothing of one that is not there."""
        try:
            self._obstore.delete(self._store, name)
        except FileNotFoundError:
            return
        except self._errors as error:
            raise self._trouble(name, error) from error

    def _tried(self, name: str, action: Callable[[], _Answer]) -> _Answer:
        try:
            return action()
        except (FileExistsError, self._obstore.exceptions.AlreadyExistsError):
            raise
        except self._errors as error:
            raise self._trouble(name, error) from error

    def _trouble(self, name: str, error: Exception) -> StoreFailed:
        """Say what is wrong; what the package says may hold URIs with signatures, so only its codes are repeated."""
        text = str(error)
        found = _STATUS.search(text)
        code = next((group for group in found.groups() if group), "") if found else ""
        kinds = self._obstore.exceptions
        if isinstance(error, FileNotFoundError):
            return self.failed(name, "is not there", remedy="`artui relocate` mends what was moved.")
        if isinstance(error, kinds.PermissionDeniedError | kinds.UnauthenticatedError) or code in ("401", "403", "AccessDenied"):  # fmt: skip
            return self.failed(
                name, f"is refused ({code or '403'})", remedy="Check the credentials in the environment, and what they allow."
            )  # fmt: skip
        if "timed out" in text or "TimedOut" in text:
            return self.failed(name, f"gave nothing for {stores.STALL_SECONDS:.0f} s", remedy="Try again; what is there is kept.")  # fmt: skip
        if any(word in text for word in ("credential", "Credential", "169.254.169.254", "metadata")):
            return self.failed("", "finds no credentials", remedy="Set them in the environment, such as AWS_ACCESS_KEY_ID.")  # fmt: skip
        if any(word in text for word in ("dns error", "onnect", "tcp")):
            return self.failed("", "cannot be reached", remedy="Is the network there, and AWS_ENDPOINT_URL or the host right?")  # fmt: skip
        return self.failed(name, f"fails ({code or type(error).__name__})", remedy="Try again; what is there is kept.")


class _Guarded:
    """An iterable whose own exceptions are kept: the package that reads it would wrap them."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self.trouble: BaseException | None = None

    def __iter__(self) -> _Guarded:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except StopIteration:
            raise
        except BaseException as trouble:
            self.trouble = trouble
            raise


def _retries() -> dict[str, Any]:
    return {
        "max_retries": RETRIES,
        "retry_timeout": timedelta(seconds=2 * stores.STALL_SECONDS),
        "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=5), "base": 2},
    }


def _credentials(scheme: str) -> dict[str, Any]:
    """Let boto3 find the credentials of S3 where it is installed, and the environment has none."""
    if scheme != "s3" or os.environ.get("AWS_ACCESS_KEY_ID") or os.environ.get("AWS_SKIP_SIGNATURE"):
        return {}
    try:
        import boto3
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError:
        return {}
    session = boto3.Session()
    return {"credential_provider": Boto3CredentialProvider(session)} if session.get_credentials() else {}
