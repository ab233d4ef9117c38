"""Mutates spools and looks at what becomes of them: used by the tests, and by the long run in `tests/bench`."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from artui.catalog import Catalog
from artui.catalog.runs import NewRun
from artui.catalog.spool import adopting
from artui.catalog.spool.format import ACTION, CONTENT, HEADER, MAGIC, NAMES, NUMBERED, POINTS, RECORD, record
from artui.catalog.spool.place import folder_of, spool_files
from artui.catalog.spool.writing import Spool
from artui.query.run import get_run
from tests.reading import open_reader

STEPS = 40
SPOOL_ID = "01HZZZZZZZZZZZZZZZZZZZZZZZ"
RUN = NewRun(project="p", name="fuzzed", params={"lr": 0.1}, tags={"good": ""})

ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 1 << 70, -(1 << 70), 1e400, float("nan"), "", "x" * 100_000, "\x00\x1b[31m", "\ud800", "../../etc/passwd",
    [], {}, [["do", "start"]], {"": None}, [[]], "finish", 3.5, b"raw".hex(),
)  # fmt: skip


def bodies(folder: Path) -> list[bytes]:
    """Log a run as a process would; give the bodies of its records."""
    written = Spool(folder / "x.artui")
    run = {name: getattr(RUN, name) for name in ("id", "project", "name", "started_ms", "params", "tags")}
    written.act({"do": "start", "run": run, "context": {"exec": {"is_name_made_up": False}}})
    stream = written.stream(RUN.id, "")
    for step in range(STEPS):
        stream.add({"a": float(step), "b": -float(step)}, step, RUN.started_ms + step)
        if step == 10:
            written.act({"do": "params", "id": RUN.id, "params": {"more": [1, 2]}})
            written.act({"do": "tags", "id": RUN.id, "tags": {"late": ""}})
            written.act({"do": "note", "id": RUN.id, "note": "a note"})
        if step == 20:
            stream.add({"c": 1.0}, step, RUN.started_ms + step)
            written.act(
                {
                    "do": "save", "id": RUN.id, "project": "p", "artifact": "text", "kind": "report", "stage": "modelling",
                    "relation": "output", "metadata": {}, "previews": {}, "files": [["a.txt", 5, "text/plain"]], "host": "h",
                    "time_ms": RUN.started_ms,
                },
                b"hello",
            )  # fmt: skip
            written.act({"do": "console", "id": RUN.id, "file": f"{RUN.id}.log", "artifact": "console"})
    written.act(
        {"do": "finish", "id": RUN.id, "status": "finished", "ended_ms": RUN.started_ms + 99, "duration_ms": 99}
    )
    written.close()
    content = written.path.read_bytes()
    shutil.rmtree(written.folder)
    return split(content)


def split(content: bytes) -> list[bytes]:
    bodies, place = [], len(MAGIC)
    while place < len(content):
        size = RECORD.unpack_from(content, place)[0]
        bodies.append(content[place + RECORD.size : place + RECORD.size + size])
        place += RECORD.size + size
    return bodies


def mutated_json(value: Any, chance: random.Random) -> Any:
    """Put something odd somewhere into JSON, or take something out."""
    places: list[tuple[Any, Any]] = []

    def walk(inner: Any) -> None:
        for key in list(inner) if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ():
            places.append((inner, key))
            walk(inner[key])

    whole = [value]
    walk(whole)
    inner, key = chance.choice(places)
    if isinstance(inner, dict) and chance.random() < 0.3:
        del inner[key]
    else:
        inner[key] = chance.choice(ODD_VALUES)
    return whole[0]


def mutated_body(body: bytes, chance: random.Random) -> bytes:
    """Change a record's body, in its JSON or anywhere."""
    try:
        if body[0] in (HEADER, ACTION) and chance.random() < 0.7:
            return body[:1] + json.dumps(mutated_json(json.loads(body[1:]), chance)).encode()
        if body[0] == NAMES and chance.random() < 0.7:
            mutated = mutated_json(json.loads(body[NUMBERED.size :]), chance)
            return body[: NUMBERED.size] + json.dumps(mutated).encode()
        if body[0] == CONTENT and chance.random() < 0.7:
            size = NUMBERED.unpack_from(body)[1]
            text = json.dumps(mutated_json(json.loads(body[NUMBERED.size : NUMBERED.size + size]), chance)).encode()
            return NUMBERED.pack(CONTENT, len(text)) + text + body[NUMBERED.size + size :]
    except (ValueError, RecursionError):
        pass
    return chance.choice((
        lambda: bytes([chance.randrange(256)]) + body[1:],
        lambda: body[: chance.randrange(1, len(body) + 1)],
        lambda: body + chance.randbytes(chance.randrange(1, 50)),
        lambda: bytes([ACTION]) + b"[" * 10_000,
        lambda: bytes([ACTION]) + json.dumps({"do": "params", "id": "x" * 1_000_000}).encode(),
        lambda: bytes([POINTS]) + chance.randbytes(chance.randrange(40)),
        lambda: NUMBERED.pack(NAMES, 1 << 31) + b'["r", [], 3]',
        lambda: bytes([chance.randrange(7)]) + chance.randbytes(chance.randrange(60)),
    ))()  # fmt: skip


def mutated_file(content: bytes, chance: random.Random) -> bytes:
    """Change a few bytes of a file anywhere: flip, cut out, put in, end early."""
    changed = bytearray(content)
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(MAGIC), len(changed))
        how = chance.randrange(4)
        if how == 0:
            changed[place] ^= 1 << chance.randrange(8)
        elif how == 1:
            del changed[place : place + chance.randrange(1, 60)]
        elif how == 2:
            changed[place:place] = chance.randbytes(chance.randrange(1, 60))
        elif chance.random() < 0.3:
            del changed[place:]
        if len(changed) <= len(MAGIC) + 1:
            break
    return bytes(changed)


def expected(intact: list[bytes], read_bodies: list[bytes]) -> set[tuple[str, int, float]]:
    """Give the points of those records of a spool that are still as they were written and have their names."""
    names: dict[int, tuple[str, ...]] = {}
    points = set()
    kept = set(read_bodies)
    for body in intact:
        if body not in kept:
            continue
        if body[0] == NAMES:
            names[NUMBERED.unpack_from(body)[1]] = tuple(json.loads(body[NUMBERED.size :])[2])
        elif body[0] == POINTS:
            number, step = struct.unpack_from("<xIq", body)
            values = struct.unpack_from(f"<{(len(body) - 21) // 8}d", body, 21)
            points |= {(name, step, value) for name, value in zip(names.get(number, ()), values, strict=False)}
    return points


def whole_records(content: bytes, intact: list[bytes]) -> list[bytes]:
    return [body for body in intact if record(body) in content]


def one_round(folder: Path, base: Path, intact: list[bytes], chance: random.Random) -> str:
    """Mutate, read, adopt, read again; give what is wrong, or nothing."""
    path = folder / "x.artui"
    shutil.copyfile(base, path)
    mutated = list(intact)
    if chance.random() < 0.5:
        for _ in range(chance.randrange(1, 4)):
            number = chance.randrange(len(mutated))
            mutated[number] = mutated_body(mutated[number], chance)
        content = MAGIC + b"".join(record(body) for body in mutated)
        kept = [body for body, after in zip(intact, mutated, strict=True) if body == after]
    else:
        content = mutated_file(MAGIC + b"".join(record(body) for body in intact), chance)
        kept = whole_records(content, intact)
    return check(path, content, expected(intact, kept))


def check(path: Path, content: bytes, points: set[tuple[str, int, float]]) -> str:
    """Put a spool beside a catalog, and look at what comes of it."""
    folder_of(path).mkdir()
    (folder_of(path) / SPOOL_ID).write_bytes(content)
    # A changed header may name another machine, whose silence is waited for.
    os.utime(folder_of(path) / SPOOL_ID, (time.time() - 3600, time.time() - 3600))
    try:
        _read(path)
        messages: list[str] = []
        with Catalog(path) as catalog:
            adopting.adopt(catalog, tell=lambda _, text: messages.append(text))
        is_left = bool(spool_files(path))
        if is_left and "newer artui" not in "".join(messages):
            return f"a spool is left: {messages}"
        series = _read(path)
        if is_left:
            return ""
        with sqlite3.connect(path) as connection:
            if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                return "the catalog is damaged"
        if missing := points - series:
            return f"{len(missing)} points are missing, such as {min(missing)}: {messages}"
        return ""
    finally:
        shutil.rmtree(folder_of(path), ignore_errors=True)
        for name in os.listdir(path.parent):
            if name.startswith("x.artui"):
                os.unlink(path.parent / name)


def _read(path: Path) -> set[tuple[str, int, float]]:
    points = set()
    with open_reader(path) as reader:
        for head in reader.runs(limit=20):
            for metric in get_run(reader, head.id).metrics:
                steps, _, values = reader.run(head.id).series(metric.name, metric.labels).arrays()
                points |= {(metric.name, int(step), float(value)) for step, value in zip(steps, values, strict=True)}
    return points


def make_base(folder: Path) -> Path:
    """Make a catalog that was never written to: each round begins with a copy of it."""
    base = folder / "base.artui"
    with Catalog(base):
        pass
    return base


def rounds(folder: Path, count: int, seed: int, *, tell: Callable[[str], None] = print) -> int:
    """Do some rounds; give how many went wrong."""
    chance, intact, base, wrong_count = random.Random(seed), bodies(folder), make_base(folder), 0
    for number in range(count):
        if wrong := one_round(folder, base, intact, chance):
            wrong_count += 1
            tell(f"seed {seed}, round {number}: {wrong}")
    return wrong_count
