"""A small catalog with something in every table, and what a cell of it may become by a flipped bit or a stranger's hand.

Columns and their tables are read from the file's own schema, so that new ones are mutated without being named here.
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from artui.catalog import Catalog, artifacts, blobs, context, deployments, events, ids, points, runs, windows
from artui.cli import run as run_cli
from artui.content import profiles
from artui.model.criteria import Criterion
from artui.model.deployments import Incident, Release
from artui.model.tallies import Tally
from artui.preview import preview
from artui.profile.building import Builder

NOW_MS = 1_790_000_000_000
VICTIM, BYSTANDER, BASELINE = "victim-run", "bystander-run", "baseline-run"
MODEL, OTHER_MODEL = "model-of-victim", "model-of-others"
PLACE = "api/live"

KINDS: Mapping[str, Any] = {
    "null": None,
    "text": "no such thing",
    "empty": "",
    "blob": b"\x00\x01\xff\xfe blob",
    "bad utf-8": "CAST(X'ff80c3' AS TEXT)",
    "real": 1.5,
    "minus one": -1,
    "2^62": 2**62,
    "huge text": "x\x1b[31m" * 20_000,
    "other json": '{"a": [1, {"b": null}], "kind": 7, "table": "no"}',
    "list json": '[[1], "a", null, {"columns": 3}]',
    "number as text": "12",
    "nan": "nan",
    "infinity": float("inf"),
    "seven": 7,
}
"""What a cell may hold. SQL where it cannot be bound."""
_SQL = {"bad utf-8"}

REAL_OR_TEXT_NAMES = re.compile(r"\b(?:TEXT|REAL|BLOB|NOT NULL)\b|CHECK \([^)]*\)|\bINTEGER\b(?! PRIMARY)")


@dataclass(frozen=True, slots=True)
class Mutation:
    """One cell that is made into something else."""

    table: str
    column: str
    kind: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column} = {self.kind}"


def build(path: Path) -> Path:
    """Make the catalog: four runs of each kind of status, and in every table something of the first."""
    steps = np.arange(0, 60, 2, dtype=np.int64)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        runs_of = {}
        for number, (name, status) in enumerate(
            ((VICTIM, "finished"), (BASELINE, "finished"), (BYSTANDER, "failed"), ("killed-run", "killed"), ("live-run", "running"))
        ):  # fmt: skip
            is_apart = name == BYSTANDER
            run = runs.NewRun(
                project="elsewhere" if is_apart else "digits", name=name, id=ids.derived_id("test", name),
                started_ms=NOW_MS - 10_000_000 + number * 100_000, note=f"note of {name}", user="ada", host="box-3", git_commit="4f2a91c0", git_branch="main",
                python="3.11", directory="/home/ada", command=["python", "train.py"],
                parent_id=ids.derived_id("test", BASELINE) if name == VICTIM else None,
                params={"apart": 1} if is_apart else {"lr": 0.01 * (number + 1), "optimizer": ("adam", "sgd")[number % 2], "nested": [1, number], "amp": number % 2 == 0, "big": 10**25},
                tags={"apart-tag": ""} if is_apart else {"wip": "", "set": f"a{number}"},
            )  # fmt: skip
            key = runs_of[name] = runs.start(connection, run)
            for metric, labels in (("apart-loss", ""),) if is_apart else (("val/loss", ""), ("val/acc", ""), ("val/acc", "rank=1"), ("system/cpu", "")):  # fmt: skip
                points.append(connection, key, runs.name_key(connection, metric), labels, steps, NOW_MS + steps * 1000, np.exp(-steps / 20.0) + 0.1 * number)  # fmt: skip
            # Too few for a better codec than `raw`.
            points.append(connection, key, runs.name_key(connection, "apart-few" if is_apart else "few"), "", *points.pack([(1, NOW_MS, 0.5)]))  # fmt: skip
            for subject in ("code", "variables", "seeds", "job", "hardware", "exit", "packages"):
                context.put(connection, key, subject, {"repository": "x", "value": [1, {"a": 2}]})
            context.put(connection, key, "remarks", [{"text": "a remark"}])
            if status != "running":
                runs.finish(connection, key, status=status, ended_ms=NOW_MS + number, duration_ms=60_000, error="Traceback\nValueError: x" if status == "failed" else "")  # fmt: skip
            else:
                runs.beat(connection, key, 4 * NOW_MS)
        data = _version(connection, "train-set", "dataset", "data", {"train.csv": b"label,p0\n1,2\n3,4\n", "b/more.txt": b"text\n" * 50})  # fmt: skip
        model = _version(connection, MODEL, "model", "modelling", {"model.json": b'{"layers": [64, 10]}'})
        other = _version(connection, OTHER_MODEL, "model", "modelling", {"model.json": b'{"layers": [32, 10]}'})
        console = _version(connection, "console", "log", "modelling", {"console.log": b"epoch 1\nWARNING slow\nERROR disk\n"})  # fmt: skip
        requirement = _version(connection, "fast-enough", "requirement", "requirements", {"r.md": b"# fast\n"})
        for source, target in ((VICTIM, model), (VICTIM, console), (BASELINE, data)):
            artifacts.link(connection, "output", source_key=runs_of[source], target_key=target.key)
        artifacts.link(connection, "output", source_key=runs_of[BYSTANDER], target_key=other.key)
        artifacts.link(connection, "input", source_key=data.key, target_key=runs_of[VICTIM])
        artifacts.link(connection, "trained", source_key=data.key, target_key=model.key)
        artifacts.link(connection, "derived", source_key=other.key, target_key=model.key)
        artifacts.link(connection, "satisfies", source_key=requirement.key, target_key=model.key)
        artifacts.link(connection, "tested_on", source_key=data.key, target_key=other.key)
        connection.execute(
            "INSERT INTO dropped (run_key, kind, name, stamp, time_ms) VALUES (?, 'tag', 'old', 5, 5)",
            (runs_of[VICTIM],),
        )
        connection.execute("INSERT INTO spool (id, folded_bytes) VALUES ('gone.log', 100)")
    victim = ids.derived_id("test", VICTIM)
    with Catalog(path) as catalog:
        with events.editing(catalog, "many changes", why="because") as edit:
            edit.set_note(victim, "a better note")
            edit.tag(victim, "best", "yes")
            edit.rename(ids.derived_id("test", "killed-run"), "killed-one")
            edit.move_alias(model.id, "candidate")
            edit.approve(model.id)
            edit.set_criterion(requirement.id, Criterion("R1", "val/loss < 0.1"))
            edit.waive(model.id, "fast-enough/R1", "val/loss < 0.1")
            place = deployments.ensure_deployment(edit.connection, "digits", PLACE)
            edit.set_release(
                place.id, Release("R1", other.id, f"{OTHER_MODEL}:v1", from_ms=1_700_000_000_000, approved_by="eve")
            )
            edit.set_release(
                place.id, Release("R2", model.id, f"{MODEL}:v1", share=0.5, from_ms=1_700_000_100_000, reason="drift")
            )
            edit.set_incident(
                place.id,
                Incident(
                    "I1", 1_700_000_200_000, "slow", "high", cause="load", release_id="R2", rule="serve/errors rises"
                ),
            )
            edit.declare(model.id, "licence", "MIT")
            edit.declare(model.id, "owner", "ada", is_of_version=True)
            edit.save_view("my view", "runs", orjson.dumps({"where": "", "columns": []}).decode())
        with catalog.transaction() as connection:
            report = {"format": "mlflow", "location": "/x", "facts": {"a": "b"}, "runs": {"new": 1}, "taken": {"metrics": 3},
                      "changed": [{"what": "a", "why": "b", "count": 2}], "left": [], "damaged": [{"run": "r", "what": "w"}], "damaged_count": 1}  # fmt: skip
            connection.execute(
                "INSERT INTO imported (id, format, location, time_ms, program, report) VALUES (?, 'mlflow', '/x', ?, 'artui', ?)",
                (ids.derived_id("import", "x"), NOW_MS, orjson.dumps(report).decode()),
            )
            connection.execute(
                "INSERT INTO merged (id, catalog_id, location, time_ms, author, report) VALUES (?, ?, '/y', ?, 'ada@box-3', '{\"runs\": 1}')",
                (ids.derived_id("merged", "y"), ids.derived_id("catalog", "y"), NOW_MS),
            )
            deployment = deployments.ensure_deployment(connection, "digits", "api/production")
            for number, slice_ in enumerate(("", "card=gift")):
                begin_ms = NOW_MS // 3_600_000 * 3_600_000
                builder = Builder(["amount", "card"])
                builder.add([np.arange(20.0), ["gift"] * 20], 20)
                tally = Tally(20, 1, 20, 5, {("1", "1"): 3, ("1", "0"): 2}, 3)
                window = windows.NewWindow(
                    begin_ms, begin_ms + 3_600_000, slice_, builder.done(), tally, {"latency": "amount"}
                )
                windows.put(
                    connection, deployment.key, ids.derived_id("test", "observer"), [window], revision=number + 1
                )
    return path


def _requests(folder: Path) -> Path:
    """Write requests to a deployment."""
    path = folder / "requests.csv"
    path.write_text(
        "time,amount,card,prediction,truth\n2026-09-21T13:00:00,5,gift,1,1\n2026-09-21T14:30:00,7,debit,0,1\n"
    )
    return path


def _version(connection: Any, name: str, kind: str, stage: str, files: Mapping[str, bytes]) -> artifacts.Saved:
    manifest, seen, counted = [], {}, {}
    for path, content in files.items():
        blob_key, digest, size = blobs.store(connection, io.BytesIO(content))
        manifest.append(artifacts.NewFile(path, size, digest, blob_key, "text/plain"))
        seen[path] = preview(path, io.BytesIO(content), size)
        if (profile := profiles.at_once(path, io.BytesIO(content), size)) is not None:
            counted[path] = profile
    return artifacts.save(
        connection,
        artifacts.NewVersion(
            project="digits", name=name, kind=kind, stage=stage, files=manifest, host="box-3", metadata={"rows": 30, "nested": {"a": [1]}}, previews=seen, profiles=counted,
        ),
    )  # fmt: skip


def loosened(path: Path) -> dict[str, str]:
    """Take types and constraints from every table of a catalog; give the true text of each, by table."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        texts: dict[str, str] = dict(
            connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'")
        )
        connection.execute("PRAGMA writable_schema = 1")
        for name, text in texts.items():
            loose = REAL_OR_TEXT_NAMES.sub("", text)
            connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ? AND type = 'table'", (loose, name))
    return texts


def mutations(path: Path) -> list[Mutation]:
    """Give all that can be made of the cells of a catalog."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        tables = [
            str(row[0])
            for row in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE TABLE%' ORDER BY name"
            )
            if row[0] != "_sqlite_migrations" and not row[0].startswith("sqlite_")
        ]
        return [
            Mutation(table, str(column[1]), kind)
            for table in tables
            for column in connection.execute(f'PRAGMA table_info("{table}")').fetchall()
            for kind in KINDS
        ]


def mutate(loose: Path, texts: Mapping[str, str], target: Path, chosen: Sequence[Mutation]) -> int:
    """Write a copy of a loosened catalog in which some cells are other things; give how many could be.

    What is there is written over, so that it stays the catalog of whoever made it.
    """
    for ending in ("-wal", "-journal", "-shm"):
        Path(f"{target}{ending}").unlink(missing_ok=True)
    shutil.copyfile(loose, target)
    done = 0
    with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as connection:
        for mutation in chosen:
            value = KINDS[mutation.kind]
            marks, values = (str(value), ()) if mutation.kind in _SQL else ("?", (value,))
            keys = [str(row[1]) for row in connection.execute(f'PRAGMA table_info("{mutation.table}")') if row[5]]
            row = ", ".join(f'"{key}"' for key in keys)
            try:
                changed = connection.execute(
                    f'UPDATE "{mutation.table}" SET "{mutation.column}" = {marks} WHERE ({row}) = '
                    f'(SELECT {row} FROM "{mutation.table}" ORDER BY {row} LIMIT 1)',
                    values,
                )
                done += changed.rowcount
            except sqlite3.Error:
                continue  # a row number cannot be text, nor can a key without one be NULL
        connection.execute("PRAGMA writable_schema = 1")
        for name, text in texts.items():
            connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ? AND type = 'table'", (text, name))
    return done


READING = (
    ("ls",), ("ls", "--json"), ("ls", "-a"), ("ls", "-a", "--json"), ("ls", "-s", "name", "-s", "status"), ("ls", "-s", "-metrics.val/loss", "-s", "params.lr"),
    ("ls", "-s", "project", "-s", "parent"), ("ls", "-s", "tags.set", "-s", "-duration"),
    ("ls", "-w", "status = finished or duration > 1s or started > 2d ago"), ("ls", "-w", "name ~ a or note contains b or params.optimizer ~ ad"),
    ("ls", "-w", "val/loss.min < 9 and not tags.none and artifact ~ m"), ("ls", "-w", "project ~ d or tag ~ w or parent = x or input = train-set:v1"), ("ls", "note"),
    ("sql", "SELECT * FROM runs"), ("sql", "SELECT * FROM artifact_versions JOIN lineage", "--json"), ("sql", "SELECT * FROM metric_points", "--csv"), ("sql", "SELECT * FROM verdicts"), ("sql", "SELECT * FROM run_context", "--jsonl"), ("sql", "SELECT * FROM windows JOIN releases JOIN incidents"), ("sql", "--schema"),
    ("show", VICTIM), ("show", VICTIM, "--json"), ("show", BYSTANDER), ("show", f"{MODEL}:v1"), ("show", f"{MODEL}:candidate"), ("show", MODEL, "--json"), ("show", "train-set"),
    ("compare", VICTIM, BASELINE, "--all"), ("compare", VICTIM, BASELINE, "--json"), ("compare", f"{MODEL}:v1", f"{OTHER_MODEL}:v1", "--all"), ("compare", f"{MODEL}:v1", f"{OTHER_MODEL}:v1", "--json"), ("why", VICTIM, BASELINE), ("why", "-w", "optimizer = adam"), ("trace", VICTIM), ("trace", MODEL), ("trace", MODEL, "--json"), ("trace", MODEL, "--dot"), ("trace", VICTIM, "--mermaid", "--up"), ("impact", MODEL), ("audit", VICTIM), ("verify", MODEL), ("verify", VICTIM, "--json"), ("verify", "fast-enough"), ("require", "fast-enough"), ("served",), ("served", "--json"), ("served", PLACE), ("served", PLACE, "--json"), ("show", PLACE), ("show", PLACE, "--json"), ("blame", PLACE), ("reproduce", VICTIM, "-o", "{out}/again"), ("reproduce", BASELINE, "-o", "{out}/of-baseline", "--json"), ("audit", "-w", "optimizer = adam", "--json"), ("diff", MODEL, OTHER_MODEL), ("diff", "train-set", MODEL, "--json"), ("impact", "train-set", "--json"), ("blame", VICTIM), ("blame", MODEL, "--json"), ("gc", "--keep", "newer 1y and aliased and used and approved", "--dry-run"), ("get", "train-set", "-o", "{out}"), ("drift", "train-set"), ("drift", "-d", MODEL),
    ("export", "--parquet", "{out}/lake"), ("export", "--parquet", "{out}/lake", "--dry-run", "--json"),
    ("export", "--csv", "{out}/csv"), ("export", "--mlruns", "{out}/mlruns"), ("export", "--tensorboard", "{out}/runs"), ("export", "--wandb", "{out}/wandb"),
    ("relocate", "/", "/", "--dry-run", "--json"), ("merge", "{catalog}", "--into", "{out}/merged.artui", "--json"),
    ("push", "{out}/team", "--dry-run"), ("share", "{out}/shared.artui", "--json"), ("share", "{out}/redacted.artui", "--redact", "--plain", VICTIM), ("check", "--data", "--references"), ("check", "--json"), ("compact", "--dry-run"), ("compact", "--dry-run", "--json"), ("adopt", "{out}/adopted.artui", "--force"), ("adopt", "{out}/adopted.artui", "--with-damaged", "--dry-run", "--json"), ("merge", "--sources"), ("merge", "--sources", "--json"), ("move", "{out}/moved.artui", "--dry-run"), ("move", "{out}/moved.artui", "--dry-run", "--json"), ("doctor",), ("doctor", "--json"), ("salvage", "{out}/salvaged.artui", "--force"), ("salvage", "{out}/salvaged.artui", "--force", "--json"),
)  # fmt: skip
"""Verbs that read, with what they are asked."""

WRITING = (
    ("preview", "train-set", "--again"),
    ("note", VICTIM, "new note"), ("rename", VICTIM, "new-name"), ("rename", "new-name", VICTIM), ("note", "x" * 255, "new"), ("tag", VICTIM, "fresh", "set=b"), ("tag", VICTIM, "-wip"), ("undo",), ("undo",), ("undo", "--redo"),
    ("alias", f"{MODEL}:v1", "production"), ("alias", f"{'y' * 255}:v1", "production"), ("undo",), ("log", "--run", "live-run", "val/loss=0.3", "--param", "late=1"),
    ("log", "--run", VICTIM, "val/loss=0.2"), ("log", "--run", "Z" * 255, "a=1"), ("finish", "--run", "live-run"), ("finish", "--run", VICTIM, "--status", "failed"),
    ("promote", f"{MODEL}:v1", "--why", "best"), ("deploy", f"{MODEL}:v1", "--to", PLACE, "--override", "--why", "best"), ("rollback", PLACE, "--why", "slow"), ("incident", PLACE, "late"), ("incident", PLACE, "--close"), ("retire", f"{OTHER_MODEL}:v1", "--from", PLACE), ("approve", f"{MODEL}:v1"), ("require", "fast-enough", "-x", "R9: loss < 2"), ("retire", f"{OTHER_MODEL}:v1"), ("retire", f"{OTHER_MODEL}:v1", "--back"), ("monitor", "api/production", "{requests}"),
    ("declare", MODEL, "licence=Apache-2.0", "sensitivity=public"), ("declare", f"{MODEL}:v1", "owner="),
    ("delete", BASELINE, f"{OTHER_MODEL}:v1"), ("restore", BASELINE, f"{OTHER_MODEL}:v1"), ("undo",), ("restore", f"{'y' * 255}:v1"),
    ("gc", "--keep", "last 1 and used and approved", "--yes"), ("delete", f"{OTHER_MODEL}:v1"), ("gc", "--older-than", "0d"),
    ("forget", "box-3", "--yes"), ("forget", f"{OTHER_MODEL}:v1", "--yes"), ("forget", BASELINE, "--yes"),
    ("start", "--name", "fresh-run", "--project", "digits"), ("add", "{file}", "--name", "train-set"), ("relocate", "/", "/", "--yes"), ("merge", "{other}"), ("compact",), ("sync", "{catalog}-team"), ("sync", "{catalog}-team", "--redact", "--json"),
)  # fmt: skip
"""Verbs that write, one after another into one file."""

_APART = ("search", "catalog")
"""Tables whose damage may be that of the whole file: SQLite's own index of words, and which catalog it is."""
CODES = (0, 1, 2, 3, 4, 5)
_ACTING = re.compile("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f]")
"""Letters of control, but for the end of a line."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a verb printed, and how it ended."""

    arguments: tuple[str, ...]
    code: int | None
    """None: it ended by an exception."""
    out: str
    err: str
    error: str = ""

    @property
    def trouble(self) -> str:
        """What must not be, in a line; empty if all is well."""
        verb = " ".join(argument if len(argument) < 60 else argument[:10] + "…" for argument in self.arguments)
        if self.code not in CODES:
            return f"{verb}: {self.error or self.code}"
        acting = _ACTING.findall(self.out + self.err)
        return f"{verb}: control letters {acting[:3]!r}" if acting else ""


def say(arguments: Sequence[str], catalog: Path) -> Outcome:
    """Run a verb on a catalog, in this process."""
    import traceback

    out, err = io.StringIO(), io.StringIO()
    code, error = None, ""
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            named = () if "--into" in arguments else ("--catalog", str(catalog))
            code = run_cli([arguments[0], *named, *arguments[1:]])
        except Exception as raised:  # noqa: BLE001 - whatever it is, it must not be
            where = traceback.extract_tb(raised.__traceback__)
            ours = [frame for frame in where if "/artui/" in frame.filename] or where
            error = f"{type(raised).__name__}: {str(raised)[:80]} at {Path(ours[-1].filename).name}:{ours[-1].lineno} {ours[-1].name}"
    return Outcome(tuple(arguments), code, out.getvalue(), err.getvalue(), error)


def troubles(catalog: Path, mutation: Mutation, verbs: Sequence[Sequence[str]]) -> Iterator[str]:
    """Run verbs on a mutated catalog and give what should not have been."""
    folder = catalog.parent
    places = {
        "{file}": __file__,
        "{requests}": str(_requests(folder)),
        "{out}": str(folder / "got"),
        "{catalog}": str(catalog),
        "{other}": str(folder / "whole.artui"),
    }
    if not (folder / "whole.artui").exists():
        build(folder / "whole.artui")
    (folder / "got").mkdir(exist_ok=True)
    for arguments in verbs:
        words = list(arguments)
        for name, place in places.items():
            words = [word.replace(name, place) for word in words]
        outcome = say(words, catalog)
        if outcome.trouble:
            yield f"{mutation}: {outcome.trouble}"
        elif tuple(arguments) == ("ls",) and not mutation.table.startswith(_APART):
            lost = [name for name in (BYSTANDER, "killed-one", "live-run") if name not in outcome.out]
            if lost:
                yield f"{mutation}: ls: {outcome.code} {outcome.err[:120].strip()} lacks {lost}"
        elif tuple(arguments) == ("show", BYSTANDER) and not mutation.table.startswith(_APART) and "apart-loss" not in outcome.out:  # fmt: skip
            yield f"{mutation}: show {BYSTANDER}: {outcome.code} {outcome.err[:160].strip()}"
