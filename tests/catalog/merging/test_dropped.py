"""What a source has no more, a re-import drops: from every copy, however catalogs are merged, and until it comes back."""

from __future__ import annotations

import io
import itertools
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from artui.catalog import Catalog, blobs, importing, logical, runs
from artui.catalog.artifacts import NewFile, NewVersion
from artui.catalog.merging.merge import merge
from tests.reading import open_reader

WHOLE = frozenset({"param", "tag", "context", "output", "input"})


def _take(path: Path, has: frozenset[str], *, second: int) -> None:
    """Import one run of a store, with what the store has of it at the time."""
    with Catalog(path) as catalog, catalog.transaction() as connection:
        run_id = importing.id_of("store", "1")
        params = {"lr": 0.5} | ({"gone": second} if "param" in has else {})
        tags = {"team": "a"} | ({"gone": "x"} if "tag" in has else {})
        key = importing.put_run(connection, runs.NewRun(project="p", name="r", id=run_id, started_ms=1, params=params, tags=tags, source="mlflow"))  # fmt: skip
        importing.unlink_run(connection, key)
        if second == 0:
            importing.add_points(connection, key, "loss", "", np.zeros(1, np.int64), np.ones(1, np.int64), np.ones(1))
        importing.put_context(connection, key, importing.SUBJECT, {"format": "mlflow"})
        if "context" in has:
            importing.put_remark(connection, key, "3 lines were damaged")
        importing.end_run(connection, key, status="finished", ended_ms=2, heard_ms=2, deleted_ms=None, error="")
        for relation in ("output", "input"):
            blob_key, digest, size = blobs.store(connection, io.BytesIO(relation.encode()))
            saved = importing.put_version(connection, NewVersion("p", relation, "model", "modelling", [NewFile("m", size, digest, blob_key)], created_ms=1), identity=(relation,))  # fmt: skip
            if relation in has:
                importing.link_run(connection, relation, run_id, saved.key)


def _says(path: Path) -> frozenset[str]:
    with open_reader(path) as reader:
        run = reader.run("r")
        detail = run.detail()
        said = {
            "param": any(param.name == "gone" for param in detail.params),
            "tag": any(tag.name == "gone" for tag in detail.tags),
            "context": bool(detail.remarks),
            "output": any(head.artifact == "output" for head in detail.outputs),
            "input": any(head.artifact == "input" for head in detail.inputs),
        }
    return frozenset(word for word, is_said in said.items() if is_said)


def test_what_a_source_has_no_more_goes_from_every_copy(tmp_path: Path) -> None:
    """Each thing alone, and all at once: gone in a catalog that had it from an earlier merge, there again when the source has it again."""
    for number, gone in enumerate([*(frozenset({word}) for word in sorted(WHOLE)), WHOLE]):
        source, copy = tmp_path / f"source{number}.artui", tmp_path / f"copy{number}.artui"
        for second, has in enumerate((WHOLE, WHOLE - gone, WHOLE)):
            _take(source, has, second=second)
            with Catalog(copy) as target:
                merge(target, [source])
            assert _says(source) == _says(copy) == has, (sorted(gone), second)


def test_it_does_not_come_back_in_any_order_of_merging(tmp_path: Path) -> None:
    """Of copies from before, from after and from when it was back, each order says the same, to the last row."""
    source = tmp_path / "source.artui"
    copies = []
    for second, has in enumerate((WHOLE, frozenset[str](), frozenset({"param", "output"}))):
        _take(source, has, second=second)
        copies.append(Path(shutil.copy(source, tmp_path / f"{second}.artui")))
    for chosen in (copies[:2], copies):
        digests = set()
        for number, order in enumerate(itertools.permutations(chosen)):
            one = tmp_path / f"{len(chosen)}-{number}-all.artui"
            with Catalog(one) as target:
                merge(target, order)
            assert _says(one) == (frozenset() if len(chosen) == 2 else {"param", "output"})
            with closing(sqlite3.connect(one)) as connection:
                digests.add(logical.digest(connection))
        assert len(digests) == 1
