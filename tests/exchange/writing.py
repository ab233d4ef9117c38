"""Small stores of foreign formats, written from the formats' own definitions: what tests cut, flip and grow."""

from __future__ import annotations

import json
import sqlite3
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

SECONDS = 1_780_000_000
_CRC_TABLE = []
for _number in range(256):
    for _ in range(8):
        _number = _number >> 1 ^ (0x82F63B78 if _number & 1 else 0)
    _CRC_TABLE.append(_number)


# Protocol buffers


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def message(*fields: tuple[int, Any]) -> bytes:
    """Write fields by number: ints as varints, floats as doubles, texts and bytes with their length."""
    out = b""
    for number, value in fields:
        if isinstance(value, bool | int):
            out += varint(number << 3) + varint(int(value))
        elif isinstance(value, np.float32):
            out += varint(number << 3 | 5) + struct.pack("<f", value)
        elif isinstance(value, float):
            out += varint(number << 3 | 1) + struct.pack("<d", value)
        else:
            raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(raw)) + raw
    return out


# TensorBoard


def crc32c(data: bytes) -> int:
    state = 0xFFFFFFFF
    for byte in data:
        state = state >> 8 ^ _CRC_TABLE[(state ^ byte) & 255]
    return state ^ 0xFFFFFFFF


def masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def tf_record(data: bytes) -> bytes:
    """Frame one record."""
    length = struct.pack("<Q", len(data))
    return length + masked(length) + data + masked(data)


def scalar_event(tag: str, step: int, value: float, *, seconds: float = SECONDS) -> bytes:
    """Write a scalar as the first generation of TensorBoard did."""
    return message((1, float(seconds)), (2, step), (5, message((1, message((1, tag), (2, np.float32(value)))))))


def tensor_event(tag: str, step: int, value: float, *, plugin: str = "scalars", seconds: float = SECONDS) -> bytes:
    """Write a scalar as TensorFlow 2 does: a tensor, with what it is said in its metadata."""
    tensor = message((1, 1), (2, b""), (4, struct.pack("<f", value)))
    return message((1, float(seconds)), (2, step), (5, message((1, message((1, tag), (9, message((1, message((1, plugin))))), (8, tensor))))))  # fmt: skip


TENSORS: Mapping[str, tuple[int, str]] = {
    "float": (1, "<f"), "double": (2, "<d"), "int32": (3, "<i"), "uint8": (4, "<B"), "int16": (5, "<h"), "int8": (6, "<b"),
    "int64": (9, "<q"), "uint16": (17, "<H"), "half": (19, "<e"), "uint32": (22, "<I"), "uint64": (23, "<Q"),
}  # fmt: skip
"""Types of a tensor of one number: what TensorFlow calls them by number, and how their bytes are packed."""


def scalar_value(tag: str, value: float, *, form: str = "float", is_told_first: bool = False, about: str = "", plugin: str = "scalars") -> bytes:  # fmt: skip
    """Write the value of a scalar event in any of the forms that clients write.

    `form` is `simple`, a type of TENSORS, or a type and `val` for a number that stands in a field of its own; what the
    tag is (`plugin`, none if it is empty, and `about`) stands before the number or, as protocol buffers order it, behind.
    """
    metadata = [(9, message((1, message((1, plugin), (2, b""))), *([(3, about)] if about else ())))] if plugin else []
    if form == "simple":
        number: tuple[int, Any] = (2, np.float32(value))
    else:
        kind, code = TENSORS[form.split()[0]]
        packed = struct.pack(code, value if code[1] in "fde" else int(value))
        field = 4 if not form.endswith("val") else {"float": 5, "double": 6}[form.split()[0]]
        number = (8, message((1, kind), (2, b""), (field, packed)))
    return message((1, tag), *(metadata if is_told_first else ()), number, *(() if is_told_first else metadata))


def value_event(step: int, *values: bytes, seconds: float = SECONDS) -> bytes:
    """Write an event with such values."""
    return message((1, float(seconds)), (2, step), (5, message(*((1, value) for value in values))))


def version_event() -> bytes:
    return message((1, float(SECONDS)), (3, "brain.Event:2"))


def event_records(count: int = 20, *, first: int = 0) -> list[bytes]:
    """Give framed records: a version, then two series of so many points."""
    events = [version_event()] if first == 0 else []
    for step in range(first, first + count):
        events.append(scalar_event("loss", step, 1.0 / (step + 1), seconds=SECONDS + step))
        events.append(tensor_event("val/acc", step, step / 100, seconds=SECONDS + step))
    return [tf_record(event) for event in events]


def write_events(
    folder: Path, records: Iterable[bytes], *, name: str = f"events.out.tfevents.{SECONDS}.box.1.0"
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"".join(records))
    return folder / name


def write_log(folder: Path, losses: Mapping[int, float], *, began: int = SECONDS, name: str = "", tag: str = "loss") -> Path:  # fmt: skip
    """Write one event file as PyTorch does, begun at a time of its own."""
    version = message((1, float(began) + 0.25), (3, "brain.Event:2"))
    scalars = [scalar_event(tag, step, value, seconds=began + step) for step, value in losses.items()]
    return write_events(
        folder, map(tf_record, [version, *scalars]), name=name or f"events.out.tfevents.{began}.box.1.0"
    )


def hparams_event(params: Mapping[str, float], *, began: int = SECONDS) -> bytes:
    """Write the record of `SummaryWriter.add_hparams`: HParamsPluginData {2 session_start_info {1 map of google.protobuf.Value}}."""
    entries = [(1, message((1, key), (2, message((2, float(value)))))) for key, value in params.items()]
    metadata = message((1, message((1, "hparams"), (2, message((3, message(*entries)))))))
    value = message((1, "_hparams_/session_start_info"), (9, metadata))
    return tf_record(message((1, float(began)), (5, message((1, value)))))


def write_training(folder: Path, losses: list[float], *, max_steps: int | None = None, every: int = 10) -> Path:
    """Write a trainer's folder whose log has a loss at every tenth step, and a schedule that all trainings share."""
    folder.mkdir(parents=True, exist_ok=True)
    log = [
        {"loss": loss, "learning_rate": 1e-3 / number, "epoch": number / 10, "step": every * number}
        for number, loss in enumerate(losses, start=1)
    ]
    state = {"global_step": every * len(losses), "max_steps": max_steps or every * len(losses), "log_history": log}
    (folder / "trainer_state.json").write_text(json.dumps(state))
    return folder


# W&B


def wandb_item(name: str | Sequence[str], value: Any) -> bytes:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    names = [(1, name)] if isinstance(name, str) else [(2, part) for part in name]
    return message(*names, (16, text))


def wandb_records(count: int = 20, *, id: str = "abc123", project: str = "vision", exit_code: int | None = 0, first: int = 0, more: Sequence[bytes] = ()) -> list[bytes]:  # fmt: skip
    """Give records of one run: header, run, history, statistics, output, summary, and its end."""
    start = message((1, SECONDS))
    config = message((1, wandb_item("lr", 0.1)), (1, wandb_item("net", {"depth": 3})))
    run = message(
        (1, id),
        (3, project),
        (4, config),
        (6, "sweep"),
        (8, "calm-otter"),
        (9, "a note"),
        (10, "grid"),
        (13, "box"),
        (17, start),
    )
    log_records = [message((1, 1), (21, message((1, message((1, "0.31.0+abc")))))), message((1, 2), (17, run))]
    for step in range(first, first + count):
        row = [(1, wandb_item("loss", 1.0 / (step + 1))), (1, wandb_item(("train", "acc"), step / 100))]
        row += [(1, wandb_item("_timestamp", SECONDS + step)), (1, wandb_item("_step", step))]
        log_records.append(message((1, 3 + step), (2, message(*row, (2, message((1, step)))))))
    log_records.append(message((7, message((2, message((1, SECONDS + 5))), (3, wandb_item("cpu", 12.5))))))
    log_records.append(message((13, message((1, 1), (2, message((1, SECONDS + 6))), (3, "epoch 1\n")))))
    log_records += more
    log_records.append(message((3, message((1, wandb_item("loss", 1.0 / count)), (1, wandb_item("best", 0.01))))))
    if exit_code is not None:
        log_records.append(message((18, message((1, exit_code), (2, count)))))
    return log_records


def wandb_log(records: Iterable[bytes]) -> bytes:
    """Frame records as LevelDB's log does, with zlib's CRC-32 of type and data."""
    out = bytearray(b":W&B\xe1\xbe\x00")
    for record in records:
        first = True
        while True:
            room = 32768 - len(out) % 32768
            if room < 7:
                out += b"\0" * room
                room = 32768
            part, record = record[: room - 7], record[room - 7 :]
            kind = (1 if not record else 2) if first else (4 if not record else 3)
            out += struct.pack("<IHB", zlib.crc32(part, zlib.crc32(bytes([kind]))), len(part), kind) + part
            first = False
            if not record:
                break
    return bytes(out)


def write_wandb(
    root: Path, records: Iterable[bytes] | None = None, *, id: str = "abc123", begun: str = "20260601_120000"
) -> Path:
    """Write one run of a `wandb/` folder; give its log."""
    folder = root / "wandb" / f"offline-run-{begun}-{id}"
    (folder / "files").mkdir(parents=True, exist_ok=True)
    log = folder / f"run-{id}.wandb"
    log.write_bytes(wandb_log(wandb_records(id=id) if records is None else records))
    return log


# MLflow's database

_OLDEST = """
    CREATE TABLE experiments (experiment_id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(256) NOT NULL, artifact_location VARCHAR(256), lifecycle_stage VARCHAR(32));
    CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL PRIMARY KEY, name VARCHAR(250), source_type VARCHAR(20), source_name VARCHAR(500), entry_point_name VARCHAR(50),
        user_id VARCHAR(256), status VARCHAR(20), start_time BIGINT, end_time BIGINT, source_version VARCHAR(50), lifecycle_stage VARCHAR(20), artifact_uri VARCHAR(200), experiment_id INTEGER);
    CREATE TABLE params (key VARCHAR(250) NOT NULL, value VARCHAR(250) NOT NULL, run_uuid VARCHAR(32) NOT NULL, PRIMARY KEY (key, run_uuid));
    CREATE TABLE tags (key VARCHAR(250) NOT NULL, value VARCHAR(250), run_uuid VARCHAR(32) NOT NULL, PRIMARY KEY (key, run_uuid));
"""
_METRICS = {
    "0.9": "CREATE TABLE metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL, run_uuid VARCHAR(32) NOT NULL, PRIMARY KEY (key, timestamp, value, run_uuid));",
    "1.0": "CREATE TABLE metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL, run_uuid VARCHAR(32) NOT NULL, step BIGINT NOT NULL DEFAULT 0, is_nan BOOLEAN NOT NULL DEFAULT 0, PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));",
}
_METRICS["2.0"] = _METRICS["1.0"] + "CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);"
_REGISTRY = """
    CREATE TABLE registered_models (name VARCHAR(256) NOT NULL PRIMARY KEY, creation_time BIGINT, last_updated_time BIGINT, description VARCHAR(5000));
    CREATE TABLE model_versions (name VARCHAR(256) NOT NULL, version INTEGER NOT NULL, creation_time BIGINT, last_updated_time BIGINT, description VARCHAR(5000), user_id VARCHAR(256),
        current_stage VARCHAR(20), source VARCHAR(500), run_id VARCHAR(32), status VARCHAR(20), PRIMARY KEY (name, version));
    CREATE TABLE registered_model_aliases (alias VARCHAR(256) NOT NULL, version INTEGER NOT NULL, name VARCHAR(256) NOT NULL, PRIMARY KEY (name, alias));
"""


def write_database(path: Path, runs: int = 2, points: int = 20, *, schema: str = "2.0") -> Path:
    """Write an MLflow database as some version laid it out, or add to one."""
    is_new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as connection:
        if is_new:
            connection.executescript(_OLDEST + _METRICS[schema] + (_REGISTRY if schema == "2.0" else ""))
            connection.execute(
                "INSERT INTO experiments VALUES (1, 'vision', ?, 'active')", (f"{path.parent}/mlruns/1",)
            )
        for number in range(runs):
            id = f"{number:031x}a"
            row = (id, f"run-{number}", "LOCAL", "train.py", "", "ada", "FINISHED", SECONDS * 1000 + number, SECONDS * 1000 + 9000, "", "active", f"/srv/gone/mlruns/1/{id}/artifacts", 1)  # fmt: skip
            connection.execute(f"INSERT OR REPLACE INTO runs VALUES ({', '.join('?' * len(row))})", row)
            connection.execute("INSERT OR REPLACE INTO params VALUES ('lr', '0.1', ?)", (id,))
            connection.execute("INSERT OR REPLACE INTO tags VALUES ('team', 'red', ?)", (id,))
            for step in range(points):
                values = ("loss", 1.0 / (step + 1), SECONDS * 1000 + step, id)
                more = () if schema == "0.9" else (step, 0)
                connection.execute(
                    f"INSERT OR IGNORE INTO metrics VALUES ({', '.join('?' * len(values + more))})", values + more
                )
    return path


# Lightning and Hugging Face


def write_lightning(
    root: Path, rows: int = 20, *, version: int = 0, params: str = "lr: 0.1\nmodel:\n  depth: 3\n"
) -> Path:
    """Write one version of the CSV logger, with a validation value every fifth row; give its folder."""
    folder = root / "lightning_logs" / f"version_{version}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hparams.yaml").write_text(params)
    lines = ["epoch,step,train_loss,val_loss"]
    for row in range(rows):
        lines.append(f"{row // 5},{row},{1.0 / (row + 1)},")
        if row % 5 == 4:
            lines.append(f"{row // 5},{row},,{2.0 / (row + 1)}")
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    return folder


def trainer_state(steps: int = 20, **more: Any) -> Mapping[str, Any]:
    history: list[dict[str, Any]] = [
        {"loss": 1.0 / step, "learning_rate": 1e-4, "epoch": step / 10, "step": step} for step in range(1, steps + 1)
    ]
    history.append({"eval_loss": 0.5, "epoch": steps / 10, "step": steps})
    return {
        "global_step": steps,
        "max_steps": 20,
        "num_train_epochs": 2,
        "epoch": steps / 10,
        "best_metric": None,
        "log_history": history,
        **more,
    }


def write_trainer(root: Path, steps: int = 20, *, name: str = "out") -> Path:
    """Write a trainer's folder; give it."""
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trainer_state.json").write_text(json.dumps(trainer_state(steps), indent=2))
    return folder


def write_model(root: Path, *, name: str = "tiny-bert") -> Path:
    """Write a model's folder: config, weights of one tensor, tokenizer and card."""
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(
        json.dumps({"model_type": "bert", "architectures": ["BertModel"], "hidden_size": 4})
    )
    header = json.dumps({"weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "README.md").write_text("---\nlicense: mit\ntags: [a, b]\n---\n# Tiny\n\nA model of four numbers.\n")
    return folder


def write_lake(root: Path, points: int) -> Path:
    """Export a catalog of one run with so many points, a version and a link into a lake; give the file with its run."""
    from artui.exchange.lake.exporter import export
    from artui.exchange.leaving.order import Order
    from artui.query.reader import Reader

    with Reader(_write_catalog(root, points)) as reader:
        export(reader, str(root), Order(replaces=True))
        reader.path.unlink()
    return next((root / "runs").rglob("*.parquet"))


def write_tables(root: Path, points: int, format: str = "csv") -> Path:
    """Export the same catalog as plain tables; give the file with its run."""
    from artui.exchange.leaving.order import Order
    from artui.exchange.plain.exporter import export
    from artui.query.reader import Reader

    (root / ".artui-export.json").unlink(missing_ok=True)
    for path in root.glob("*.*"):
        path.unlink()
    with Reader(_write_catalog(root, points)) as reader:
        export(reader, str(root), Order(replaces=True), format)
        reader.path.unlink()
    return root / f"runs.{format}"


def _write_catalog(root: Path, points: int) -> Path:
    from artui.catalog import Catalog, artifacts, runs
    from artui.catalog import points as series

    source = root.parent / f"{root.name}-source.artui"
    source.unlink(missing_ok=True)
    with Catalog(source) as catalog, catalog.transaction() as connection:
        connection.execute("UPDATE catalog SET id = '01M0000000000000000000LAKE'")
        run = runs.NewRun(project="p", name="one", id="01M0000000000000000000RUN1", started_ms=SECONDS * 1000, params={"lr": 0.1}, tags={"t": ""})  # fmt: skip
        key = runs.start(connection, run)
        steps = np.arange(points, dtype=np.int64)
        series.append(connection, key, runs.name_key(connection, "loss"), "", steps, steps + SECONDS * 1000, 1.0 / (steps + 1))  # fmt: skip
        runs.finish(connection, key, status="finished", ended_ms=SECONDS * 1000 + 50, duration_ms=40)
        files = [artifacts.NewFile("a.txt", 3, b"d" * 32)]
        version = artifacts.NewVersion(project="p", name="model", kind="model", stage="modelling", files=files, created_ms=SECONDS * 1000)  # fmt: skip
        artifact_key = artifacts.ensure_artifact(connection, version)
        saved = artifacts.write_version(connection, version, artifact_key, "01M0000000000000000000VER1", 1, artifacts.manifest_digest(files))  # fmt: skip
        artifacts.link(connection, "output", source_key=key, target_key=saved.key)
    return source
