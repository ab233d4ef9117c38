"""Whatever way a secret comes in, it is not in the file, nor in what is left beside it."""

from __future__ import annotations

import base64
import json
import os
import re
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from artui import cli
from artui.catalog import Catalog, artifacts, context, events, points, runs
from artui.catalog.artifacts import NewFile, NewVersion
from artui.catalog.cleaning import CleanConnection
from artui.catalog.runs import NewRun
from artui.catalog.spool.adopting import take_over
from artui.content.walking import entries_of
from artui.exchange.importing import import_paths
from artui.query.api import open_catalog
from tests.exchange.mlruns import write_run
from tests.secrets.planted import Planted, plant, plant_named

CHANNELS = (
    "project", "name", "start note", "start params", "start tags", "params", "nested params", "param names", "tags", "note", "metric names", "nested metric names",
    "log_text", "log_table", "artifact names", "console", "console in colour", "console cut by colour", "console in parts", "console line by line", "saved names",
    "metadata", "version note", "aliases", "error", "code", "notebook", "arguments", "variables", "unfinished line",
)  # fmt: skip
NAMES = ("project", "artifact names", "saved names", "aliases")
"""Channels that take no colon, no line and no blank at the ends."""
ONE_LINE = ("console in colour", "console cut by colour", "console in parts", "arguments", "variables")


def _planted(channel: str) -> list[Planted]:
    secrets = plant(channel)
    if channel in NAMES:
        return [secret for secret in secrets if re.fullmatch(r"[^:@\\\n\"]+", secret.text)]
    if channel in ("name", "unfinished line"):
        return secrets[3:4]
    return [secret for secret in secrets if "\n" not in secret.text] if channel in ONE_LINE else secrets


def _bytes_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """Give everything that lies in a catalog and beside it: raw, inflated, and the words of the index."""
    for place in sorted(path.parent.glob(path.name + "*")):
        for file in [place] if place.is_file() else sorted(place.rglob("*")):
            yield file.name, file.read_bytes()
    with sqlite3.connect(path) as connection:
        for codec, content in connection.execute("SELECT codec, content FROM chunk"):
            yield "chunk", zlib.decompress(content) if codec == "zlib" else content
        connection.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, search, row)")
        yield "index", "\n".join(term for (term,) in connection.execute("SELECT term FROM temp.words")).encode()


def _kept(path: Path, planted: dict[str, list[tuple[str, str]]]) -> list[str]:
    """Name every secret of which something is left, and where."""
    left = []
    for place, content in _bytes_of(path):
        lower = content.lower() if place == "index" else b""
        for channel, secrets in planted.items():
            for kind, core in secrets:
                # A path of a file is spelled with its escapes, and the index has words in lower case.
                seen = core.encode() in content or core.encode("utf-16-le") in content
                word = max(re.split(r"[^A-Za-z0-9]+", core), key=len).lower().encode()
                is_indexed = bool(lower) and len(word) >= 8 and re.search(rb"(?m)^" + re.escape(word) + rb"$", lower)
                if seen or is_indexed or (len(core) > 24 and base64.b64encode(core.encode())[:-4] in content):
                    left.append(f"{kind} of {channel} in {place}")
    return left


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with git, whose branch, remote, sources, notebook and changes hold secrets, too."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "data").mkdir()
    (folder / "data" / "rows.csv").write_text("a\n1\n")
    for name in (".env", "secrets.yaml", ".ssh/config", ".docker/config.json", ".aws/credentials", ".netrc"):
        (folder / "data" / name).parent.mkdir(exist_ok=True)
        (folder / "data" / name).write_text("X=" + "CANARY" + "file")
    (folder / "train.py").write_bytes((Path(__file__).with_name("logging_everything.py")).read_bytes())
    (folder / "book.ipynb").write_text("{}\n")
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    branch = "fix-" + plant("branch")[2].text
    for command in (
        ["init", "-q"], ["add", "train.py", "book.ipynb", "data/rows.csv"], [*identity, "commit", "-qm", "x"], ["checkout", "-qb", branch],
        ["remote", "add", "origin", "https://ada:" + "CANARY" + "remote@example.org/x.git"],
    ):  # fmt: skip
        subprocess.run(["git", *command], cwd=folder, check=True)
    texts = [secret.text for secret in _planted("code")]
    (folder / "helper.py").write_text("x = 1\n" + "\n".join(f'x = """{text} """' for text in texts))
    outputs = [{"output_type": "stream", "text": [f"\x1b[1m{secret.text}\x1b[0m\n"]} for secret in _planted("notebook")]
    (folder / "book.ipynb").write_text(json.dumps({"cells": [{"cell_type": "code", "outputs": outputs}]}, indent=1))
    return folder


def _train(work: Path, catalog: Path, **variables: str) -> tuple[bytes, dict[str, list[tuple[str, str]]]]:
    """Let the script say a secret of each kind in each way; give what it printed, and what to look for."""
    # All kinds once; a killed run says every third one.
    planted = {channel: _planted(channel)[:: 3 if "IS_KILLED" in variables else 1] for channel in CHANNELS}
    canaries: dict[str, Any] = {channel: [secret.text for secret in secrets] for channel, secrets in planted.items()}
    canaries["named params"], canaries["named metadata"] = plant_named("params"), plant_named("metadata")
    (work / "canaries.json").write_text(json.dumps(canaries))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ARTUI_")}
    environment |= {"CANARIES": str(work / "canaries.json"), "ARTUI_CATALOG": str(catalog), "ARTUI_SYSTEM_SECONDS": "0", "ARTUI_CONSOLE": "1", "ARTUI_CODE": "1", "MY_SETTING": "CANARY" + "variable"}  # fmt: skip
    environment |= {f"CUDA_{number}": text for number, text in enumerate(canaries["variables"])} | variables
    done = subprocess.run(
        [sys.executable, "train.py", *canaries["arguments"], "--hub-token", "CANARY" + "argument"], cwd=work, env=environment, capture_output=True, check=False, timeout=100,
    )  # fmt: skip
    looked_for = {channel: [(secret.kind, secret.core) for secret in secrets] for channel, secrets in planted.items()}
    looked_for |= {"named": [*canaries["named params"], *canaries["named metadata"]], "elsewhere": [("canary", "CANARY")], "branch": [("branch", plant("branch")[2].core)]}  # fmt: skip
    return done.stderr, looked_for


def test_nothing_that_a_run_says_is_in_the_file(work: Path, tmp_path: Path) -> None:
    """A hundred kinds of secrets in thirty ways, from params to the console in colour: none is in the catalog."""
    path = tmp_path / "x.artui"

    printed, planted = _train(work, path)

    assert b"RuntimeError" in printed and b"left out 6 files" in printed and b".aws/credentials" in printed
    assert sum(map(len, planted.values())) > 2000
    assert _kept(path, planted) == []
    with open_catalog(path) as reader:
        [run] = reader.runs()
        assert run.project.startswith("redacted-") and run.name.startswith("<redacted:")
    catalog_bytes = b"".join(content for _, content in _bytes_of(path))
    for kept in (
        b"MY_SETTING",
        b"helper.py",
        b"book.ipynb",
        b"<redacted:github-token:",
        b"rows.csv",
        b"redacted-openai-key-",
        b"example.org/x.git",
    ):
        assert kept in catalog_bytes, kept


def test_nothing_is_in_what_a_killed_process_leaves(work: Path, tmp_path: Path) -> None:
    """Killed before its end: neither its spool nor its console holds a secret, nor the catalog that takes them over."""
    path = tmp_path / "x.artui"

    _, planted = _train(work, path, IS_KILLED="1")

    assert list((tmp_path / "x.artui-spool").iterdir())
    planted["unfinished line"] = [("begun", planted["unfinished line"][0][1][:-4])]
    assert _kept(path, planted) == []
    take_over(path)
    assert not (tmp_path / "x.artui-spool").exists()
    assert _kept(path, planted) == []


def _run(connection: sqlite3.Connection, name: str) -> str:
    run = NewRun(project="p", name=name)
    runs.start(connection, run)
    return run.id


def test_nothing_that_people_change_is_in_the_file(tmp_path: Path) -> None:
    """Notes, names, tags, projects, aliases and views, as the app and the command line change them; undone and redone too."""
    path = tmp_path / "x.artui"
    planted = {
        channel: plant(channel)
        for channel in ("note", "name", "project", "tag", "value", "alias", "view", "content", "label")
    }
    with Catalog(path) as catalog:
        with catalog.transaction() as connection:
            run_id = _run(connection, "r")
            version = artifacts.save(
                connection, NewVersion("p", "a", "model", "modelling", [NewFile("x", 0, bytes(32))])
            )
        for number, places in enumerate(zip(*planted.values(), strict=True)):
            secret_of = dict(zip(planted, (secret.text for secret in places), strict=True))
            with catalog.transaction(), events.editing(catalog, secret_of["label"]) as edit:
                assert edit.set_note(run_id, secret_of["note"]) and not edit.set_note(run_id, secret_of["note"])
                edit.rename(run_id, secret_of["name"])
                edit.move(run_id, secret_of["project"])
                edit.tag(run_id, secret_of["tag"], secret_of["value"])
                edit.move_alias(version.id, secret_of["alias"])
                edit.save_view(
                    secret_of["view"],
                    "runs",
                    json.dumps({"filter": secret_of["content"], "columns": [secret_of["content"]]}),
                )
            if number % 20 == 0:
                events.undo(catalog)
                events.redo(catalog)
        for name, value in plant_named("tags"):
            events.tag(catalog, run_id, name, value)
        undone = events.undo(catalog)
        assert undone is not None and replace(undone, touched=(), edit_id="") == events.Outcome(
            f"tag {plant_named('tags')[-1][0]} on 1 run", 1, 0
        )

    looked_for = {channel: [(secret.kind, secret.core) for secret in secrets] for channel, secrets in planted.items()}
    assert _kept(path, {**looked_for, "named": plant_named("tags")}) == []
    with Catalog(path) as catalog:
        events.untag(catalog, run_id, planted["tag"][2].text)  # found by what was typed, though it is not there
        with catalog.transaction() as connection:
            tags = connection.execute("SELECT count(*) FROM tag AS t JOIN name AS n ON n.key = t.name_key WHERE n.text LIKE '%github-token%'").fetchone()[0]  # fmt: skip
    assert tags == len([secret for secret in planted["tag"] if secret.kind.startswith("github")]) - 1


def test_nothing_of_the_command_line_is_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`artui start`, `log`, `note`, `tag`, `alias`, `add`, `finish`: their arguments hold secrets, the file does not."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.artui"
    (tmp_path / "data.csv").write_text("a\n1\n")
    one, note, tags, values, metadata, facts = (plant(word) for word in ("one", "cli note", "cli tags", "cli values", "cli metadata", "cli facts"))  # fmt: skip
    token = one[3].text

    def artui(*arguments: str) -> str:
        assert cli.run([*arguments, "--catalog", str(path)]) == 0
        return capsys.readouterr().out

    run_id = artui("start", "--name", f"night {token}", "--project", token, *(part for secret in metadata for part in ("--param", f"x.{secret.kind}={secret.text}"))).split()[0]  # fmt: skip
    monkeypatch.setenv("ARTUI_RUN", run_id)
    artui("log", f"{token}=0.5", "--step", "1")
    artui("finish")
    artui("note", run_id, " ".join(secret.text for secret in note))
    artui("tag", run_id, *(f"{secret.kind}={value.text}" for secret, value in zip(tags, values, strict=True)))
    artui("add", "data.csv", "--name", token, "--alias", token, "--note", note[5].text, *(part for secret in facts for part in ("--metadata", f"{secret.kind}={secret.text}")))  # fmt: skip
    artui("alias", f"{artifacts_of(path)[0]}:v1", one[4].text)

    groups = {"one": one, "note": note, "values": values, "metadata": metadata, "facts": facts}
    assert (
        _kept(path, {name: [(secret.kind, secret.core) for secret in secrets] for name, secrets in groups.items()})
        == []
    )


def artifacts_of(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM artifact ORDER BY key")]


def test_imports_take_no_secrets_along_and_stay_stable(tmp_path: Path) -> None:
    """Params, tags, metrics, notes and names of another store: none comes along, all are counted, and again is no news."""
    store, path = tmp_path / "mlruns", tmp_path / "x.artui"
    planted = {word: plant(word) for word in ("params", "tags", "note", "names", "tag names", "metrics")}
    words = [secret for secret in planted["names"] if re.fullmatch(r"[A-Za-z0-9_.\-]+", secret.text)]
    folder = write_run(
        store, 0, params={f"p{number}": secret.text.replace("\n", " ") for number, secret in enumerate(planted["params"])} | {secret.text: "1" for secret in words},
        tags={f"t{number}": secret.text for number, secret in enumerate(planted["tags"])} | {"mlflow.note.content": "\n".join(secret.text for secret in planted["note"])},
    )  # fmt: skip
    metric = plant("metrics")[3]
    (folder / "metrics").mkdir(exist_ok=True)
    (folder / "metrics" / metric.text).write_text("1790000000000 0.5 1\n")

    first = import_paths([store], path)[0]
    rows = _rows(path)
    second = import_paths([store], path)[0]

    assert first.changed["values", "were secrets by their form or name: replaced"] >= 2 * len(planted["params"])
    assert second.runs == {"unchanged": first.runs["new"]} and _rows(path) == rows
    looked_for = {word: [(secret.kind, secret.core) for secret in secrets] for word, secrets in planted.items() if word not in ("names", "metrics", "tag names")}  # fmt: skip
    assert _kept(path, looked_for | {"names": [(secret.kind, secret.core) for secret in words], "metric": [(metric.kind, metric.core)]}) == []  # fmt: skip


def _rows(path: Path) -> list[Any]:
    queries = ("SELECT text FROM name", "SELECT * FROM run", "SELECT * FROM param", "SELECT * FROM tag", "SELECT * FROM series", "SELECT content FROM context")  # fmt: skip
    with sqlite3.connect(path) as connection:
        return [connection.execute(query).fetchall() for query in queries]


def test_border_holds_for_ways_in_that_forget(tmp_path: Path) -> None:
    """Whatever is bound to a statement of a catalog is looked through: texts, JSON, many rows, by name or by place."""
    path, secrets = tmp_path / "x.artui", plant("border")
    with Catalog(path) as catalog, catalog.transaction() as connection:
        assert isinstance(connection, CleanConnection)
        run_id = _run(connection, "r")
        (key,) = connection.execute("SELECT key FROM run WHERE id = :id", {"id": run_id}).fetchone()
        for number, secret in enumerate(secrets):
            connection.execute(
                "UPDATE run SET error = error || ?, source = ? WHERE key = ?", (secret.text, secret.text, key)
            )
            connection.execute("UPDATE run SET host = :host WHERE key = :key", {"host": secret.text, "key": key})
            context.put(
                connection, key, f"subject {number}", {"said": [secret.text], "api_key": {"value": secret.core}}
            )
            points.append(connection, key, runs.name_key(connection, secret.text), secret.text, *_point())
        connection.executemany(
            "INSERT INTO name (text) VALUES (?)", ([f"{secret.text} {n}"] for n, secret in enumerate(secrets))
        )
        connection.cursor().execute("UPDATE run SET user = ? WHERE key = ?", (secrets[3].text, key))
        connection.cursor().executemany("UPDATE run SET python = ? WHERE key = ?", [(secrets[3].text, key)])

    assert _kept(path, {"border": [(secret.kind, secret.core) for secret in secrets]}) == []


def _point() -> tuple[Any, Any, Any]:
    import numpy as np

    return np.array([1]), np.array([1]), np.array([0.5])


def test_index_stays_true_to_a_catalog_from_before(tmp_path: Path) -> None:
    """A note of an older artui that holds a secret is forgotten by the index when it changes: nothing is left of it."""
    path, secret = tmp_path / "x.artui", plant("old")[3]
    with Catalog(path) as catalog, catalog.transaction() as connection:
        run_id = _run(connection, "r")
    with sqlite3.connect(path, isolation_level=None) as plain:
        plain.execute("UPDATE run SET note = ?", (secret.text,))
        plain.execute(
            "INSERT INTO search (search, rowid, name, note, tags, params) SELECT 'delete', key, name, '', '', '' FROM run"
        )
        plain.execute("INSERT INTO search (rowid, name, note, tags, params) SELECT key, name, note, '', '' FROM run")

    with Catalog(path) as catalog:
        events.set_note(catalog, run_id, "clean")

    assert [place for place, content in _bytes_of(path) if place == "index" and secret.core[8:].lower().encode() in content] == []  # fmt: skip
    with sqlite3.connect(path) as plain:
        assert plain.execute("SELECT count(*) FROM search WHERE search MATCH 'clean'").fetchone() == (1,)


def test_saved_files_are_kept_as_they_are(tmp_path: Path) -> None:
    """What the manual says: content of files that a user saves is kept byte for byte; their preview is looked through."""
    from artui.capture.adding import add_version

    path, secret = tmp_path / "x.artui", plant("kept")[3]
    (tmp_path / "notes.txt").write_text(f"see {secret.text}\n")

    add_version(path, tmp_path / "notes.txt", name="notes", kind="report")

    places = [place for place, content in _bytes_of(path) if secret.core.encode() in content]
    assert places and set(places) <= {"chunk", "x.artui"}
    with sqlite3.connect(path) as plain:
        [(shown,)] = plain.execute("SELECT content FROM preview")
    assert "<redacted:github-token:" in shown


def test_secret_files_are_left_out_at_any_depth(tmp_path: Path) -> None:
    """By their names and by the folders they lie in; a file that is named itself is taken."""
    for name in (
        "a/.ssh/keys/one",
        "a/.docker/config.json",
        "a/b/secrets.toml",
        "a/model.bin",
        "a/.config/gcloud/x.db",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")

    listing = entries_of(tmp_path / "a")

    assert [name for name, _ in listing.entries] == ["model.bin"]
    assert listing.secret == [".config/gcloud/x.db", ".docker/config.json", ".ssh/keys/one", "b/secrets.toml"]
    assert entries_of(tmp_path / "a/.docker").entries == []
    assert [name for name, _ in entries_of(tmp_path / "a/b/secrets.toml").entries] == ["secrets.toml"]
