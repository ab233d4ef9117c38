"""Damage a rich catalog: a bit, a burst of bytes or a page at a time; every change of a shown value must be said.

    python tests/bench/bench_flips.py [BITS] [BURSTS AND PAGES] [SEED]

What is shown is compared before and after: `ls`, `show` of each run and version, `trace`, `compare` as JSON, and all
points of all series. Said is: the catalog does not open, reading fails with one of our errors, or the thing is marked.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import artui
from artui.catalog import Catalog, events
from artui.catalog.schema import PAGE_BYTES
from artui.errors import ArtuiError, CatalogDamaged
from artui.jsontext import plain_json
from artui.query.artifacts import alias_history, artifact_list, get_version, previews, versions
from artui.query.damage import damaged_runs, damaged_versions
from artui.query.lineage import lineage
from artui.query.run import get_run
from artui.query.runs.columns import columns
from artui.query.runs.rows import run_rows
from artui.query.series.points import get_series
from tests.reading import OpenReader, open_reader

Shown = dict[str, Any]


def rich_catalog(path: Path, *, run_count: int = 6, step_count: int = 300) -> None:
    """Make a catalog with a little of everything; one of its runs has points in several blocks."""
    folder = path.parent / "content"
    folder.mkdir(exist_ok=True)
    chance = random.Random(1)
    for number in range(run_count):
        (folder / "weights.bin").write_bytes(chance.randbytes(3000))
        (folder / "table.csv").write_text("a,b\n" + "\n".join(f"{n},{chance.random()}" for n in range(50)))
        params = {"lr": 0.1 * number, "optimizer": "adam", "layers": [1, 2, number], "deep": {"a": True}}
        with artui.start_run(
            project="flips", name=f"run-{number}", catalog=path, params=params, tags=["a", f"b{number}"]
        ) as run:
            if number:
                run.use("weights:latest")
            for step in range(10 * step_count if number == 1 else step_count):
                run.log({"loss": 1 / (step + 1) + chance.random(), "acc": step / step_count}, step=step)
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
    yield "ls", plain_json([head.id for head in heads]), bool(damages)
    for key, row in rows.items():
        yield f"row {key}", plain_json((row.head, row.cells)), key in damages
    artifacts = artifact_list(reader)
    latest = [each.latest.key for each in artifacts if each.latest is not None]
    bad = damaged_versions(reader, latest)
    yield "artifacts", plain_json(artifacts), bool(bad)
    for head in heads:
        run = get_run(reader, head.id)
        told = plain_json(run)
        # What a run used and made is told by its lineage and, each for itself, by the versions.
        yield f"run {head.id}", told, bool(run.damaged) or bool(bad)
        walk = lineage(reader, head)
        nodes = (walk.root, *walk.upstream, *walk.downstream)
        yield f"trace {head.id}", plain_json(walk), any(node.damaged for node in nodes)
        for metric in run.metrics:
            series = get_series(reader, head.id, metric.name, metric.labels)
            arrays = tuple(array.tobytes() for array in series.arrays())
            yield f"series {head.id} {metric.title}", arrays, bool(series.damaged_count) or bool(run.damaged)
    for artifact in artifacts:
        moves = alias_history(reader, artifact.id)
        yield f"moves {artifact.id}", plain_json(moves), any(move.damaged for move in moves)
        for head_of in versions(reader, artifact.key):
            version = get_version(reader, head_of.id)
            yield (
                f"version {head_of.id}",
                (plain_json(version), plain_json(previews(reader, head_of.key))),
                bool(version.damaged),
            )


def without_damage(value: Any) -> Any:
    """Leave out what says of damage: it is no shown value."""
    if isinstance(value, dict):
        return {name: without_damage(inner) for name, inner in value.items() if name not in ("damaged", "key")}
    if isinstance(value, list | tuple):
        return [without_damage(inner) for inner in value]
    return value


def damaged_copy(content: bytes, kind: str, chance: random.Random) -> tuple[bytes, int]:
    """Give what is left of a file after one damage, and where it is."""
    changed, at = bytearray(content), chance.randrange(len(content))
    page = at // PAGE_BYTES * PAGE_BYTES
    if kind == "bit":
        changed[at] ^= 1 << chance.randrange(8)
    elif kind == "burst":
        end = min(len(changed), at + chance.randrange(2, 200))
        changed[at:end] = chance.randbytes(end - at)
    else:
        # Of zeros, or that of another place.
        other = chance.randrange(len(content) // PAGE_BYTES) * PAGE_BYTES
        changed[page : page + PAGE_BYTES] = (
            content[other : other + PAGE_BYTES] if chance.random() < 0.6 else bytes(PAGE_BYTES)
        )
    return bytes(changed), at


def unsaid(target: Path, before: Shown) -> list[str] | None:
    """Give the subjects of a damaged copy whose values changed without a word, or None if nothing shown changed."""
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
    # A change is said when anything that is shown with it is marked, or what the app does behind its first screen finds it.
    return [] if damaged or _is_found_behind(target) else changed


def _is_found_behind(path: Path) -> bool:
    try:
        with open_reader(path) as reader:
            reader.check_damage()
    except CatalogDamaged:
        return True
    return False


def damages(
    folder: Path, counts: Mapping[str, int], seed: int, *, run_count: int = 6, step_count: int = 300
) -> tuple[int, list[str]]:
    """Damage a catalog in each way so often, one at a time; give how many changed something shown or were refused, and what is wrong."""
    source, target = folder / "x.artui", folder / "y.artui"
    rich_catalog(source, run_count=run_count, step_count=step_count)
    before, damaged, is_refused = shown(source)
    assert not damaged
    assert not is_refused
    content, changed_count, wrong = source.read_bytes(), 0, []
    for kind, count in counts.items():
        chance = random.Random(f"{kind} {seed}")
        for number in range(count):
            changed, at = damaged_copy(content, kind, chance)
            target.write_bytes(changed)
            label = f"{kind} {number} of seed {seed} at {at} (page {at // PAGE_BYTES + 1})"
            try:
                subjects = unsaid(target, before)
            except Exception as error:  # noqa: BLE001 - counted
                wrong.append(f"{label}: {type(error).__name__}: {error}"[:200])
                continue
            changed_count += subjects is not None
            if subjects:
                wrong.append(f"{label}: {', '.join(subjects[:4])} went unsaid")
    return changed_count, wrong


def main() -> int:
    count, others, seed = (int(text) for text in (*sys.argv[1:4], *("2000", "0", "7")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as name:
        os.environ |= {"XDG_STATE_HOME": f"{name}/state", "XDG_CACHE_HOME": f"{name}/cache", "ARTUI_QUIET": "1"}
        os.environ |= {"ARTUI_CONSOLE": "0", "ARTUI_SYSTEM_SECONDS": "0", "ARTUI_CODE": "0"}
        changed_count, wrong = damages(Path(name), {"bit": count, "burst": others, "page": others}, seed)
    print(
        *wrong,
        f"{count} bits, {others} bursts, {others} pages: {changed_count} changed something shown or were refused, {len(wrong)} wrong",
        sep="\n",
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
