"""How files of a run get to where its MLflow server keeps them: by the server's own proxy, or straight into its bucket.

A server says for each run where its artifacts lie: `mlflow-artifacts:/…`, which it serves itself, or the URI of a store that
its users write to with credentials of their own. Of those, buckets alone are written to, and only below a folder that carries
the id of the run: what a server says leads to no other machine, and to no file of this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO
from urllib.parse import urlsplit

from artui.content.stores import opened as opened_store
from artui.content.stores.store import Store
from artui.exchange.mlflow.rest import Server

_PROXY = "mlflow-artifacts:/"
_BUCKETS = ("s3://", "gs://", "az://")
_PIECE_BYTES = 1 << 20


class Filer:
    """Puts files of runs where one server wants them."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._stores: dict[str, Store] = {}

    @staticmethod
    def takes(artifact_uri: str, run_id: str) -> bool:
        """Whether files can be put there."""
        if artifact_uri.startswith(_PROXY):
            return True
        return artifact_uri.startswith(_BUCKETS) and run_id in artifact_uri.split("/")[3:] and ".." not in artifact_uri

    def put(self, artifact_uri: str, path: str, size_bytes: int, opened: Callable[[], BinaryIO]) -> None:
        """Put a file of a run there; what is there of that name is replaced.

        Args:
            artifact_uri: where the artifacts of the run lie; `takes` has said yes.
            path: the place below it.
            opened: opens the file anew.

        Raises:
            Refused, ServerError: the server does not take it.
            StoreFailed: the bucket does not.
        """
        if artifact_uri.startswith(_PROXY):
            # It may name a host, which is the server itself: mlflow-artifacts://host/path.
            self._server.put_file(f"{urlsplit(artifact_uri).path.strip('/')}/{path}", size_bytes, opened)
            return
        store = self._stores.get(artifact_uri)
        if store is None:
            self._stores.clear()
            store = self._stores[artifact_uri] = opened_store(artifact_uri)
        with opened() as stream:
            store.put(path, size_bytes, _pieces(stream))


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(_PIECE_BYTES):
        yield piece
