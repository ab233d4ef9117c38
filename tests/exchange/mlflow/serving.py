"""MLflow servers for tests: one of a few hundred lines that keeps what it is told in memory and can be made to fail, and a real one where it is installed."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from artui.exchange.mlflow.rest import Place, Server

MAX_PARAM_CHARS, MAX_TAG_CHARS = 6000, 8000
START_SECONDS = 90


class Fake:
    """What a server holds. `answers` is asked before each request: an answer that it gives is given instead."""

    def __init__(self) -> None:
        self.experiments: dict[str, dict[str, Any]] = {
            "0": {"experiment_id": "0", "name": "Default", "lifecycle_stage": "active"}
        }
        self.runs: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.models: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: Any = None
        self.root = "mlflow-artifacts:"
        """Where runs keep their files."""
        self._lock = threading.Lock()

    def handle(self, method: str, path: str, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Answer one request as MLflow does."""
        if path.startswith("/api/2.0/mlflow-artifacts/artifacts/"):
            self.files[unquote(path.removeprefix("/api/2.0/mlflow-artifacts/artifacts/"))] = body
            return 200, b"{}"
        if path == "/get-artifact":
            held = self.files.get(f"{query['run_uuid']}/artifacts/{query['path']}")
            return (404, b"") if held is None else (200, held)
        said = json.loads(body) if body else query
        with self._lock:
            return self._api(path.removeprefix("/api/2.0/mlflow/").replace("/", "_").replace("-", "_"), said)

    def _api(self, verb: str, said: dict[str, Any]) -> tuple[int, bytes]:
        act = getattr(self, f"do_{verb}", None)
        if act is None:
            return 404, b'{"error_code": "ENDPOINT_NOT_FOUND", "message": "no such endpoint"}'
        try:
            return 200, json.dumps(act(said) or {}).encode()
        except KeyError as error:
            return 404, json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"no {error}"}).encode()
        except ValueError as error:
            return 400, json.dumps({"error_code": "INVALID_PARAMETER_VALUE", "message": str(error)}).encode()

    def do_experiments_search(self, said: dict[str, Any]) -> dict[str, Any]:
        return {"experiments": list(self.experiments.values())}

    def do_experiments_create(self, said: dict[str, Any]) -> dict[str, Any]:
        if any(one["name"] == said["name"] for one in self.experiments.values()):
            raise ValueError(f"experiment {said['name']} exists")
        key = str(len(self.experiments))
        self.experiments[key] = {"experiment_id": key, "name": said["name"], "lifecycle_stage": "active"}
        return {"experiment_id": key}

    def do_experiments_restore(self, said: dict[str, Any]) -> None:
        self.experiments[said["experiment_id"]]["lifecycle_stage"] = "active"

    def do_runs_create(self, said: dict[str, Any]) -> dict[str, Any]:
        key = uuid.uuid4().hex
        info = {
            "run_id": key, "experiment_id": said["experiment_id"], "run_name": said.get("run_name", ""), "user_id": said.get("user_id", ""), "status": "RUNNING",
            "start_time": said["start_time"], "lifecycle_stage": "active", "artifact_uri": f"{self.root}/{key}/artifacts",
        }  # fmt: skip
        self.runs[key] = {
            "info": info,
            "tags": {one["key"]: one["value"] for one in said.get("tags", [])},
            "params": {},
            "metrics": {},
            "inputs": [],
        }
        return {"run": {"info": info}}

    def _active(self, key: str) -> dict[str, Any]:
        if self.runs[key]["info"]["lifecycle_stage"] == "deleted":
            raise ValueError("The run must be in the 'active' state.")
        return self.runs[key]

    def do_runs_search(self, said: dict[str, Any]) -> dict[str, Any]:
        every = sorted(
            (run for run in self.runs.values() if run["info"]["experiment_id"] in said["experiment_ids"]),
            key=lambda run: run["info"]["run_id"],
        )
        start, most = int(said.get("page_token") or 0), int(said["max_results"])
        page = [
            {
                "info": run["info"], "inputs": {"dataset_inputs": run["inputs"]},
                "data": {
                    "params": [{"key": key, "value": value} for key, value in run["params"].items()], "tags": [{"key": key, "value": value} for key, value in run["tags"].items()],
                    "metrics": [{"key": key, **max(rows, key=lambda row: (row["step"], row["timestamp"]))} for key, rows in run["metrics"].items()],
                },
            }
            for run in every[start : start + most]
        ]  # fmt: skip
        return {"runs": page, **({"next_page_token": str(start + most)} if start + most < len(every) else {})}

    def do_runs_log_batch(self, said: dict[str, Any]) -> None:
        run = self._active(said["run_id"])
        for row in said.get("metrics", []):
            if not row["key"] or any(letter in row["key"] for letter in "[]=<>|"):
                raise ValueError(f"Invalid metric name: {row['key']!r}")
        for row in said.get("params", []):
            if len(row["value"]) > MAX_PARAM_CHARS:
                raise ValueError(
                    f"Param value had length {len(row['value'])}, which exceeded length limit of {MAX_PARAM_CHARS}"
                )
            if run["params"].get(row["key"], row["value"]) != row["value"]:
                raise ValueError("Changing param values is not allowed.")
        for row in said.get("tags", []):
            if len(row["value"]) > MAX_TAG_CHARS:
                raise ValueError(f"Tag value had length {len(row['value'])}")
        for row in said.get("metrics", []):
            rows = run["metrics"].setdefault(row["key"], [])
            point = {name: row[name] for name in ("value", "timestamp", "step")}
            if isinstance(point["value"], str) and "Inf" in point["value"]:
                point["value"] = 1.7976931348623157e308 * (-1 if point["value"].startswith("-") else 1)
            if point not in rows:
                rows.append(point)
        run["params"] |= {row["key"]: row["value"] for row in said.get("params", [])}
        run["tags"] |= {row["key"]: row["value"] for row in said.get("tags", [])}

    def do_runs_update(self, said: dict[str, Any]) -> None:
        run = self._active(said["run_id"])
        run["info"] |= {name: said[name] for name in ("status", "end_time", "run_name") if name in said}
        if "run_name" in said:
            run["tags"]["mlflow.runName"] = said["run_name"]

    def do_runs_delete_tag(self, said: dict[str, Any]) -> None:
        del self._active(said["run_id"])["tags"][said["key"]]

    def do_runs_delete(self, said: dict[str, Any]) -> None:
        self.runs[said["run_id"]]["info"]["lifecycle_stage"] = "deleted"

    def do_runs_restore(self, said: dict[str, Any]) -> None:
        self.runs[said["run_id"]]["info"]["lifecycle_stage"] = "active"

    def do_runs_log_inputs(self, said: dict[str, Any]) -> None:
        inputs = self._active(said["run_id"])["inputs"]
        inputs += [one for one in said["datasets"] if one not in inputs]

    def do_registered_models_search(self, said: dict[str, Any]) -> dict[str, Any]:
        return {
            "registered_models": [
                {
                    "name": name, "tags": [{"key": key, "value": value} for key, value in model["tags"].items()],
                    "aliases": [{"alias": alias, "version": version} for alias, version in model["aliases"].items()],
                }
                for name, model in self.models.items()
            ]
        }  # fmt: skip

    def do_registered_models_create(self, said: dict[str, Any]) -> None:
        if said["name"] in self.models or "/" in said["name"] or ":" in said["name"]:
            raise ValueError(f"Registered Model (name={said['name']}) already exists, or cannot be one")
        self.models[said["name"]] = {
            "tags": {one["key"]: one["value"] for one in said["tags"]},
            "aliases": {},
            "versions": [],
        }

    def do_registered_models_set_tag(self, said: dict[str, Any]) -> None:
        self.models[said["name"]]["tags"][said["key"]] = said["value"]

    def do_registered_models_alias(self, said: dict[str, Any]) -> None:
        model = self.models[said["name"]]
        if "version" not in said:
            model["aliases"].pop(said["alias"], None)
        elif not any(one["version"] == said["version"] for one in model["versions"]):
            raise KeyError(said["version"])
        else:
            model["aliases"][said["alias"]] = said["version"]

    def do_model_versions_create(self, said: dict[str, Any]) -> dict[str, Any]:
        model = self.models[said["name"]]
        made = {**said, "version": str(len(model["versions"]) + 1), "creation_timestamp": 5}
        model["versions"].append(made)
        return {"model_version": made}

    def do_model_versions_search(self, said: dict[str, Any]) -> dict[str, Any]:
        name = said["filter"].removeprefix("name='").removesuffix("'").replace("''", "'")
        return {"model_versions": self.models[name]["versions"]}

    def do_metrics_get_history(self, said: dict[str, Any]) -> dict[str, Any]:
        rows = self.runs[said["run_id"]]["metrics"][said["metric_key"]]
        start, most = int(said.get("page_token") or 0), int(said["max_results"])
        return {
            "metrics": rows[start : start + most],
            **({"next_page_token": str(start + most)} if start + most < len(rows) else {}),
        }

    def do_artifacts_list(self, said: dict[str, Any]) -> dict[str, Any]:
        root = f"{said['run_id']}/artifacts/"
        below = f"{root}{said['path']}/" if said.get("path") else root
        found: dict[str, dict[str, Any]] = {}
        for path, held in self.files.items():
            if path.startswith(below):
                first, slash, _ = path.removeprefix(below).partition("/")
                name = (below + first).removeprefix(root)
                found[name] = {"path": name, "is_dir": bool(slash), **({} if slash else {"file_size": len(held)})}
        return {"files": list(found.values())}

    def content(self) -> dict[str, Any]:
        """Give what is there, by the ids that runs have in catalogs: without ids of the server's own, and what a push notes for itself."""
        names = {key: run["tags"].get("artui.id", key) for key, run in self.runs.items()}
        return {
            names[key]: (
                {name: value for name, value in run["info"].items() if name not in ("run_id", "artifact_uri", "experiment_id")}, self.experiments[run["info"]["experiment_id"]]["name"],
                {name: names.get(value, value) for name, value in run["tags"].items() if name != "artui.synced"}, run["params"],
                {name: sorted(map(repr, rows)) for name, rows in run["metrics"].items()},
                {path.removeprefix(key): held for path, held in self.files.items() if path.startswith(key)}, run["inputs"],
            )
            for key, run in self.runs.items()
        } | {
            f"model {name}": (
                {key: value for key, value in model["tags"].items() if key != "artui.synced"},
                {alias: next(one["tags"] for one in model["versions"] if one["version"] == number) for alias, number in model["aliases"].items()},
            )
            for name, model in self.models.items()
        }  # fmt: skip


@contextlib.contextmanager
def fake() -> Iterator[tuple[Fake, Place]]:
    """Start a fake server."""
    held = Fake()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer waits 40 ms, since its head and its body are two writes

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            held.requests.append((self.command, parts.path))
            held.headers.append(dict(self.headers))
            instead = held.answers(self.command, parts.path, len(held.requests)) if held.answers is not None else None
            if instead == "drop":
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            status, answer, *more = instead or held.handle(self.command, parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}, body)  # fmt: skip
            self.send_response(status)
            for name, value in more[0].items() if more else ():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield held, Place(False, "127.0.0.1", server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


def opened(place: Place) -> Server:
    """Open a server without waiting between tries."""
    return Server(place, wait=lambda seconds: None)


def _files_options(place: str, *, is_proxy: bool) -> list[str]:
    return (
        ["--artifacts-destination", place] if is_proxy else ["--no-serve-artifacts", "--default-artifact-root", place]
    )


def mlflow_program() -> str | None:
    """Give where a real MLflow is installed; None if it is not."""
    return os.environ.get("ARTUI_TEST_MLFLOW") or shutil.which("mlflow")


@contextlib.contextmanager
def real(folder: Path, *, store: str = "", artifacts: str = "", is_proxy: bool = True) -> Iterator[Place]:
    """Start a real server.

    Args:
        folder: where it keeps what it keeps here.
        store: the URI of its database; by default SQLite.
        artifacts: the URI of where it keeps files; by default a folder.
        is_proxy: whether it takes files itself; else its users write to where it keeps them.

    Raises:
        RuntimeError: it does not come up.
    """
    program = mlflow_program()
    assert program is not None
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "PYTHON"))}
    environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = (
        "false"  # which keeps two cores busy for a minute from its start
    )
    for _ in range(3):
        port = random.randrange(20_000, 30_000)
        with open(folder / "server.log", "ab") as log:
            process = subprocess.Popen(
                [program, "server", "--backend-store-uri", store or f"sqlite:///{folder}/mlflow.db", *_files_options(artifacts or str(folder / "files"), is_proxy=is_proxy), "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
                stdout=log, stderr=log, start_new_session=True, cwd=folder, env=environment,
            )  # fmt: skip
        try:
            until = time.monotonic() + START_SECONDS
            while process.poll() is None and time.monotonic() < until:
                with contextlib.suppress(OSError):
                    if urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).read() == b"OK":
                        yield Place(False, "127.0.0.1", port)
                        return
                time.sleep(0.2)
        finally:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, 9)
            process.wait()
    raise RuntimeError((folder / "server.log").read_text(errors="replace")[-2000:])
