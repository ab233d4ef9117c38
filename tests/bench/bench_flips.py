"""Flip single bits of a rich catalog: every change of a shown value must be said.

    python tests/bench/bench_flips.py [COUNT] [SEED]

What is shown is compared before and after: `ls`, `show` of each run and version, `trace`, `compare` as JSON, and all
points of all series. Said is: the catalog does not open, reading fails with one of our errors, or the thing is marked.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import artui
from artui.catalog import Catalog, events
from artui.cli.common import plain
from artui.errors import ArtuiError
from artui.query.artifacts import alias_history, artifact_list, get_version, previews, versions
from artui.query.damage import damaged_runs, damaged_versions
from artui.query.lineage import lineage
from artui.query.run import get_run
from artui.query.runs.columns import columns
from artui.query.runs.rows import run_rows
from artui.query.series.points import get_series
from tests.reading import OpenReader, open_reader

Shown = dict[str, Any]


def rich_catalog(path: Path) -> None:
    """Make a catalog with a little of everything."""
    folder = path.parent / "content"
    folder.mkdir(exist_ok=True)
    chance = random.Random(1)
    for number in range(6):
        (folder / "weights.bin").write_bytes(chance.randbytes(3000))
        (folder / "table.csv").write_text("a,b\n" + "\n".join(f"{n},{chance.random()}" for n in range(50)))
        params = {"lr": 0.1 * number, "optimizer": "adam", "layers": [1, 2, number], "deep": {"a": True}}
        with artui.start_run(
            project="flips", name=f"run-{number}", catalog=path, params=params, tags=["a", f"b{number}"]
        ) as run:
            if number:
                run.use("weights:latest")
            for step in range(3000 if number == 2 else 300):
                run.log({"loss": 1 / (step + 1) + chance.random(), "acc": step / 300}, step=step)
            run.save("weights", folder / "weights.bin", kind="weights")
            run.save("table", folder / "table.csv", kind="dataset")
    with open_reader(path) as reader:
        found = [each.latest for each in artifact_list(reader) if each.latest is not None]
        heads = reader.runs()
    with Catalog(path) as catalog:
        for number, version in enumerate(found):
            events.move_alias(catalog, version.id, f"live{number}")
        events.set_note(catalog, heads[0].id, "a note that somebody wrote")
        events.tag(catalog, heads[1].id, "late", "value")


def shown(path: Path) -> tuple[Shown, set[str], bool]:
    """Read what can be shown: by subject; the subjects that are said to be damaged; whether an error says it of all."""
    told: Shown = {}
    damaged: set[str] = set()
    try:
        with open_reader(path) as reader:
            for subject, value, is_damaged in _subjects(reader):
                told[subject] = value
                if is_damaged:
                    damaged.add(subject)
    except (ArtuiError, RecursionError):
        return told, damaged, True
    return told, damaged, False


def _subjects(reader: OpenReader) -> Iterator[tuple[str, Any, bool]]:
    heads = reader.runs()
    params, metrics, _ = columns(reader)
    keys = [head.key for head in heads]
    damages = damaged_runs(reader, keys)
    rows = run_rows(reader, keys, [*params, *metrics])
    yield "ls", plain([head.id for head in heads]), bool(damages)
    for key, row in rows.items():
        yield f"row {key}", plain((row.head, row.cells)), key in damages
    artifacts = artifact_list(reader)
    latest = [each.latest.key for each in artifacts if each.latest is not None]
    bad = damaged_versions(reader, latest)
    yield "artifacts", plain(artifacts), bool(bad)
    for head in heads:
        run = get_run(reader, head.id)
        told = plain(run)
        # What a run used and made is told by its lineage and, each for itself, by the versions.
        yield f"run {head.id}", told, bool(run.damaged) or bool(bad)
        walk = lineage(reader, head)
        nodes = (walk.root, *walk.upstream, *walk.downstream)
        yield f"trace {head.id}", plain(walk), any(node.damaged for node in nodes)
        for metric in run.metrics:
            series = get_series(reader, head.id, metric.name, metric.labels)
            arrays = tuple(array.tobytes() for array in series.arrays())
            yield f"series {head.id} {metric.title}", arrays, bool(series.damaged_count) or bool(run.damaged)
    for artifact in artifacts:
        moves = alias_history(reader, artifact.id)
        yield f"moves {artifact.id}", plain(moves), any(move.damaged for move in moves)
        for head_of in versions(reader, artifact.key):
            version = get_version(reader, head_of.id)
            yield (
                f"version {head_of.id}",
                (plain(version), plain(previews(reader, head_of.key))),
                bool(version.damaged),
            )


def without_damage(value: Any) -> Any:
    """Leave out what says of damage: it is no shown value."""
    if isinstance(value, dict):
        return {name: without_damage(inner) for name, inner in value.items() if name not in ("damaged", "key")}
    if isinstance(value, list | tuple):
        return [without_damage(inner) for inner in value]
    return value


def flip(source: Path, target: Path, at: int) -> None:
    """Copy a file with one bit turned."""
    shutil.copyfile(source, target)
    with target.open("r+b") as file:
        file.seek(at // 8)
        (byte,) = file.read(1)
        file.seek(at // 8)
        file.write(bytes([byte ^ 1 << at % 8]))


def unsaid_after(source: Path, target: Path, at: int, before: Shown) -> list[str] | None:
    """Flip one bit; give the subjects whose values changed without a word, or None if nothing shown changed."""
    flip(source, target, at)
    after, damaged, is_refused = shown(target)
    if is_refused:
        return []
    changed = [
        subject
        for subject in {*before, *after}
        if without_damage(before.get(subject)) != without_damage(after.get(subject))
    ]
    if not changed:
        return None
    # A change is said when anything that is shown with it is marked.
    return [] if damaged else changed


def main() -> None:
    count, seed = (int(text) for text in (*sys.argv[1:3], *("2000", "7")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as name:
        os.environ |= {"XDG_STATE_HOME": f"{name}/state", "XDG_CACHE_HOME": f"{name}/cache"}
        os.environ |= {"ARTUI_CONSOLE": "0", "ARTUI_SYSTEM_SECONDS": "0", "ARTUI_CODE": "0"}
        source, target = Path(name) / "x.artui", Path(name) / "y.artui"
        rich_catalog(source)
        before, damaged, is_refused = shown(source)
        assert not damaged
        assert not is_refused
        chance, changed, unsaid, ended = random.Random(seed), 0, 0, 0
        for _ in range(count):
            at = chance.randrange(source.stat().st_size * 8)
            try:
                found = unsaid_after(source, target, at, before)
            except Exception as error:  # noqa: BLE001 - counted
                ended += 1
                print(f"bit {at}: {type(error).__name__}: {error}"[:160])
                continue
            changed += found is not None
            if found:
                unsaid += 1
                print(f"bit {at} (page {at // 8 // 1024 + 1}): {', '.join(found[:4])}")
        print(f"{count} flips: {changed} changed something shown or were refused, {unsaid} went unsaid, {ended} ended")


if __name__ == "__main__":
    main()
