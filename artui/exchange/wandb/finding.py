"""The runs of a W&B store: its logs, the run of each log, and how that run is identified."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from artui.errors import SourceDamaged
from artui.exchange.intake.carried import Carried
from artui.exchange.intake.identity import LOG, Identity, witness
from artui.exchange.reading.files import Folder, listed, open_inside, read_inside, size_and_time, stamp
from artui.exchange.reading.store import Store
from artui.exchange.reading.wire import bytes_of, fields, grouped, last_bytes, last_text
from artui.exchange.wandb import FORMAT
from artui.exchange.wandb.fields import HEADER, OWN_KEY, RUN
from artui.exchange.wandb.items import timestamp_ms
from artui.exchange.wandb.log import Damage, records
from artui.exchange.wandb.summary import update

if TYPE_CHECKING:
    from artui.exchange.intake.intake import Intake

HEAD_RECORDS = 50
"""The record with a log's run is among its first few records."""
_FOLDER = re.compile(r"run-\d{8}_\d{6}-")


def reads(name: str) -> bool:
    """Say by a file's name whether it is one of W&B's logs."""
    return name.endswith(".wandb")


def find_file(path: Path) -> Store | None:
    """Recognise a transaction log by its name."""
    if not path.name.endswith(".wandb"):
        return None
    return Store(FORMAT.name, path, root=_home_of(path.parent), parts=(path,))


def find_folder(folder: Folder) -> list[Store]:
    """Recognise a run's folder, or a `wandb/` folder with several."""
    logs = [name for name in folder.files if name.endswith(".wandb")]
    if logs:
        folder.folders = []
        return [
            Store(FORMAT.name, folder.path / name, root=_home_of(folder.path), parts=(folder.path / name,))
            for name in logs
        ]
    runs = [name for name in folder.folders if name.startswith(("run-", "offline-run-"))]
    parts = [folder.path / run / name for run in runs for name in listed(folder.path / run) if name.endswith(".wandb")]
    if parts:
        folder.folders = []
        return [Store(FORMAT.name, folder.path, root=_home_of(folder.path), parts=tuple(parts))]
    return []


def _home_of(folder: Path) -> Path:
    """Give the folder that a run's files may be taken from: the one that holds `wandb/`, if the run lies in one."""
    for place in (folder, folder.parent):
        if place.name == "wandb":
            return place.parent
    return folder


def by_run(heads: list[Head]) -> list[list[Head]]:
    """Group logs by their run, in order of their start; a log that has no record of its run yet joins the run with its id."""
    runs: dict[tuple[str, str, str], list[Head]] = {}
    for head in sorted(heads, key=lambda head: not head.has_run):
        key = head.entity, head.project, head.id
        same_id = [run for run in runs if run[2] == head.id]
        runs.setdefault(same_id[0] if not head.has_run and len(same_id) == 1 else key, []).append(head)
    ordered = sorted(runs.items(), key=lambda run: (min(head.started_ms for head in run[1]), run[0]))
    return [sorted(logs, key=lambda head: (head.started_ms, str(head.path))) for _, logs in ordered]


def run_path(heads: list[Head]) -> tuple[str, str, str]:
    """Give entity, project and id of a run, from its logs or else from their names."""
    head = next((head for head in heads if head.has_run), heads[0])
    return head.entity, head.project, head.id


def identity_of(intake: Intake, heads: list[Head]) -> Identity:
    """Identify a run by its own id, if a log has it, and by the names of its logs and their folders, which have a time."""
    if (carried := carried_of(heads)) is not None:
        return Identity(carried.id, _fingerprint(heads), is_named=True)
    names = {(head.path.parent.name, head.path.name) for head in heads if _FOLDER.search(head.path.parent.name)}
    return Identity(
        intake.run_id(*run_path(heads)), _fingerprint(heads), witnesses=frozenset(witness(LOG, *name) for name in names),
        is_named=any(head.has_run for head in heads),
    )  # fmt: skip


def carried_of(heads: list[Head]) -> Carried | None:
    """Give what an export wrote of a run; None if artui did not write its logs."""
    return heads[0].carried if all(head.carried is not None for head in heads) else None


@dataclass(slots=True)
class Head:
    """The beginning of a log, which says what run it is of."""

    path: Path
    id: str
    project: str = ""
    entity: str = ""
    name: str = ""
    started_ms: int = 0
    client: str = ""
    has_run: bool = False
    """Whether the log has the record of its run: the client writes whole blocks, and one may take minutes to fill."""
    carried: Carried | None = None
    """What an export wrote of a run of artui's."""


def head_of(root: Path, path: Path) -> Head:
    """Read which run a log is of from its first records; without them, from its name."""
    id = path.name.removesuffix(".wandb").removeprefix("run-")
    head = Head(path, id)
    try:
        with open_inside(root, path) as stream:
            for number, record in enumerate(records(stream, Damage())):
                for field_number, kind, value in fields(record):
                    if field_number == RUN and kind == 2:
                        run = grouped(bytes_of(value))
                        head.id = last_text(run, 1) or id
                        head.entity, head.project, head.name = (last_text(run, number) for number in (2, 3, 8))
                        head.started_ms = timestamp_ms(last_bytes(run, 17))
                        head.has_run = True
                        head.carried = _carried(last_bytes(run, 4))
                        head.client = head.client or last_text(grouped(last_bytes(run, 19)), 5)
                        return head
                    if field_number == HEADER and kind == 2:
                        head.client = last_text(grouped(last_bytes(grouped(bytes_of(value)), 1)), 1).split("+")[0]
                if number > HEAD_RECORDS:
                    break
    except (SourceDamaged, OSError):
        pass  # noted in the run when the whole log is read
    head.started_ms = head.started_ms or _begun_ms(root, path)
    return head


def _carried(config: bytes) -> Carried | None:
    if OWN_KEY.encode() not in config:
        return None
    said: dict[str, Any] = {}
    update(said, config)
    return Carried.of_object(said.get(OWN_KEY))


def _begun_ms(root: Path, log: Path) -> int:
    """Give the start of a log that does not say it: from the metadata beside it, else from the time of its file.

    The time in its folder's name is a local time without a zone.
    """
    with contextlib.suppress(OSError, SourceDamaged, ValueError, AttributeError):
        metadata = orjson.loads(read_inside(root, log.parent / "files" / "wandb-metadata.json"))
        started = datetime.fromisoformat(str(metadata.get("startedAt")).replace("Z", "+00:00"))
        return int((started if started.tzinfo else started.replace(tzinfo=UTC)).timestamp() * 1000)
    return size_and_time(log)[1]


def _fingerprint(heads: list[Head]) -> str:
    folders = [head.path.parent for head in heads]
    return "-".join(
        stamp(folder, [*listed(folder), *(f"files/{name}" for name in listed(folder / "files"))]) for folder in folders
    )
