"""A small catalog whose every number and time is fixed, and how to wait for a screen to be complete."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import shutil
import sqlite3
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from textual import _wait
from textual.css.stylesheet import Stylesheet
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.timer import Timer

from artui.catalog import Catalog, artifacts, blobs, events, ids, origins, points, runs
from artui.preview import preview
from artui.tui.app import ArtuiApp
from tests.tui.looking import HOSTILE, NOW_MS, SHORT_SECONDS, make_app, settled, short_timers


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the wall clock at NOW_MS, in UTC; ids count up."""
    _freeze(monkeypatch)


def _freeze(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(time, "time_ns", lambda: NOW_MS * 1_000_000)
    monkeypatch.setattr(os, "urandom", lambda count: b"\x07" * count)
    ids._forget()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the two waits of 20 ms that Textual's pilot makes after each key, and note the timers that `settled` awaits."""
    monkeypatch.setattr(_wait, "SLEEP_GRANULARITY", 1 / 200)
    set_timer = MessagePump.set_timer

    def noted(self: MessagePump, delay: float, *rest: Any, **more: Any) -> Timer:
        timer = set_timer(self, delay, *rest, **more)
        if delay <= SHORT_SECONDS:
            short_timers.add(timer)
        return timer

    monkeypatch.setattr(MessagePump, "set_timer", noted)


_parsed: defaultdict[tuple[tuple[str, str], ...], dict[Any, Any]] = defaultdict(dict)
"""By the values of its variables, what became of each text of styles."""


@pytest.fixture(autouse=True)
def styles_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep parsed styles from app to app: each would parse the same seventy texts again as it starts."""
    parse = Stylesheet.parse

    def parsed(self: Stylesheet) -> None:
        own, self._parse_cache = self._parse_cache, _parsed[(*self._variables.items(),)]  # type: ignore[assignment]
        try:
            parse(self)
        finally:
            self._parse_cache = own

    monkeypatch.setattr(Stylesheet, "parse", parsed)


@pytest.fixture
def alerts_come_in() -> None:
    """Let the app look for alerts by itself, as it does for users."""


@pytest.fixture(autouse=True)
def no_alert_comes_in(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for no alerts two seconds after the start: whether one covers a message depends on how fast the machine is."""
    if "alerts_come_in" not in request.fixturenames:
        monkeypatch.setattr(ArtuiApp, "_look_for_alerts", lambda app: None)


@pytest.fixture(autouse=True)
def fresh_state(home: Path) -> None:
    """Each test starts with the default colours and table."""
    for name in (
        "arrangements.json",
        "artifact-arrangements.json",
        "version-arrangements.json",
        "recent.json",
        "theme.json",
        "catalogs.json",
        "checked.json",
        "journal-filters.json",
    ):
        (home / "state" / "artui" / name).unlink(missing_ok=True)


class Built(NamedTuple):
    """A catalog that others are copies of."""

    folder: Path
    """Where it is, with the state of the installation that made it."""
    last_random: int
    """Of the last id in it: those of its copies count on from there."""


@pytest.fixture
def small_catalog(
    frozen: None, built_small: Built, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Twelve runs: one running, one failed, one diverged, the rest finished; a data set, a model, a report.

    This installation has written it, here.
    """
    # Pictures are the same on every machine.
    monkeypatch.setattr(events, "author", lambda: "ada@box-3")
    monkeypatch.setattr(ids, "_last_ms", NOW_MS)
    monkeypatch.setattr(ids, "_last_random", built_small.last_random)
    shutil.copytree(built_small.folder / "state", home / "state", dirs_exist_ok=True)
    path = Path(shutil.copyfile(built_small.folder / "small.artui", tmp_path / "small.artui"))
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE origin SET place = ? WHERE place <> ''", (origins.place_of(path),))
    return path


@pytest.fixture(scope="session")
def built_small(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The small catalog, made once a test process."""
    folder = tmp_path_factory.mktemp("small")
    with pytest.MonkeyPatch.context() as monkeypatch:
        _freeze(monkeypatch)
        monkeypatch.setattr(events, "author", lambda: "ada@box-3")
        monkeypatch.setattr(origins, "author", lambda: "ada@box-3")
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        _write_small(folder / "small.artui")
        return Built(folder, ids._last_random)


def _write_small(path: Path) -> None:
    steps = np.arange(0, 200, 5, dtype=np.int64)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        data = _version(
            connection,
            "digits-split",
            "dataset",
            "data",
            "train.csv",
            b"label,p0,p1\n" + b"".join(b"%d,%d,7\n" % (n % 10, n) for n in range(30)),
        )
        prepare = _run(connection, "prepare-1", 0, stage="data")
        artifacts.link(connection, "output", source_key=prepare, target_key=data.key)
        for number in range(1, 12):
            status = {4: "running", 6: "failed"}.get(number, "finished")
            key = _run(
                connection,
                f"calm-otter-{number}",
                number,
                status=status,
                params={
                    "lr": (0.01, 0.003)[number % 2],
                    "hidden": 32 * number,
                    "optimizer": ("adam", "sgd")[number % 3 == 0],
                },
            )
            artifacts.link(connection, "input", source_key=data.key, target_key=key)
            loss = np.exp(-steps / (20.0 + 8 * number)) + 0.05 * number
            if number == 8:
                loss[20:] = np.nan
            for name, values in (("val/loss", loss), ("val/acc", 1 - loss / 2), ("epoch", steps / 5.0)):
                points.append(
                    connection,
                    key,
                    runs.name_key(connection, name),
                    "",
                    steps,
                    NOW_MS - 500_000 + steps * 1000,
                    values,
                )
            if number == 2:
                model = _version(
                    connection,
                    "digits-model",
                    "model",
                    "modelling",
                    "model.json",
                    b'{"layers": [64, 128, 10]}',
                )
                artifacts.link(connection, "output", source_key=key, target_key=model.key)
                artifacts.link(connection, "trained", source_key=data.key, target_key=model.key)
                events.move_alias(catalog, model.id, "candidate")
                log = _version(
                    connection,
                    "train-log",
                    "log",
                    "modelling",
                    "train.log",
                    b"epoch 1 loss 0.9\nWARNING slow\nERROR disk\nepoch 2 loss 0.4\n",
                )
                artifacts.link(connection, "output", source_key=key, target_key=log.key)


@pytest.fixture
def hostile_catalog(frozen: None, tmp_path: Path) -> Path:
    """A catalog in which every text that can be chosen is an attack on the terminal."""
    path = tmp_path / "hostile.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(3):
            key = _run(
                connection,
                f"{HOSTILE}{number}",
                number,
                params={HOSTILE: HOSTILE, f"p{number}": number},
                tags={HOSTILE: HOSTILE},
                note=HOSTILE,
                host=HOSTILE,
                project=HOSTILE,
            )
            points.append(
                connection,
                key,
                runs.name_key(connection, HOSTILE),
                HOSTILE,
                *points.pack([(1, NOW_MS, 0.5), (2, NOW_MS, 0.25)]),
            )
            connection.execute(
                "UPDATE run SET error = ?, command = ?, git_commit = ?, git_branch = ? WHERE key = ?",
                (HOSTILE, f'["{HOSTILE!r}"]', HOSTILE, HOSTILE, key),
            )
            content = HOSTILE.encode("utf-8", "replace")
            saved = artifacts.save(
                connection,
                artifacts.NewVersion(
                    project="p", name=f"a{number}", kind=HOSTILE, stage="data", metadata={HOSTILE: HOSTILE}, location=HOSTILE, host=HOSTILE,
                    files=[artifacts.NewFile(HOSTILE, len(content), b"\x01" * 32, blobs.store(connection, io.BytesIO(content))[0], HOSTILE, note=HOSTILE)],
                    previews={HOSTILE: preview("x.csv", io.BytesIO(content + b",a\n" + content + b",b\n"), 10)},
                ),
            )  # fmt: skip
            connection.execute("UPDATE artifact SET name = ? WHERE key = ?", (f"{HOSTILE}{number}", saved.artifact_key))
            artifacts.link(connection, "output", source_key=key, target_key=saved.key)
            connection.execute(
                "INSERT INTO alias (artifact_key, name, version_key) VALUES (?, ?, ?)",
                (saved.artifact_key, HOSTILE, saved.key),
            )
    return path


def _run(
    connection: Any,
    name: str,
    number: int,
    *,
    status: str = "finished",
    stage: str = "modelling",
    project: str = "digits",
    **more: Any,
) -> int:
    started_ms = NOW_MS - 7_200_000 + number * 300_000
    fields = {
        "user": "ada",
        "host": "box-3",
        "git_commit": "4f2a91c0",
        "git_branch": "main",
        "python": "3.11.7",
        "directory": "/home/ada/digits",
        "command": ["python", "train.py"],
        **more,
    }
    key = runs.start(
        connection,
        runs.NewRun(
            project=project,
            name=name,
            id=ids.derived_id("test-run", name),
            stage=stage,
            started_ms=started_ms,
            **fields,
        ),
    )
    if status != "running":
        error = "Traceback (most recent call last):\nValueError: batch size 0" if status == "failed" else ""
        runs.finish(
            connection,
            key,
            status=status,
            ended_ms=started_ms + 60_000 * (number + 1),
            duration_ms=60_000 * (number + 1),
            error=error,
        )
    else:
        runs.beat(connection, key, NOW_MS)
    return key


def _version(connection: Any, name: str, kind: str, stage: str, file: str, content: bytes) -> artifacts.Saved:
    blob_key, digest, size = blobs.store(connection, io.BytesIO(content))
    seen = preview(file, io.BytesIO(content), size)
    return artifacts.save(
        connection,
        artifacts.NewVersion(
            project="digits", name=name, kind=kind, stage=stage, files=[artifacts.NewFile(file, size, digest, blob_key, "text/plain")],
            host="box-3", metadata={"rows": 30}, previews={file: seen},
        ),
    )  # fmt: skip


Flow = Callable[[Pilot[Any]], Awaitable[None]]


@pytest.fixture
def explore() -> Callable[..., None]:
    """Run a flow in the app without a terminal: `explore(path, flow, size=(80, 24))`."""

    def run(path: Path, flow: Flow, *, size: tuple[int, int] = (120, 36)) -> None:
        async def main() -> None:
            app = make_app(path)
            async with app.run_test(size=size) as pilot:
                await settled(pilot)
                await flow(pilot)
            app.close()

        asyncio.run(main())

    return run
