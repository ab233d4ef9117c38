"""Whatever a cell of the file is made into, every verb and every screen goes on, and shows the rest.

All cells with every kind of value are tried by `tests/bench/sweep_types.py`.
"""

from __future__ import annotations

import itertools
import random
import re
import shutil
from collections import defaultdict
from pathlib import Path

import orjson
import pytest

from artui.query.artifacts import artifact_list, get_version
from artui.query.reader import Reader
from artui.query.run import get_run
from artui.query.runs.columns import columns
from artui.query.runs.order import RunsRequest, run_order
from artui.query.runs.rows import run_rows
from tests import mutating
from tests.counts import tried
from tests.mutating import BYSTANDER, KINDS, MODEL, VICTIM, Mutation
from tests.tui.touring import tour

Damaging = tuple[Path, Path, dict[str, str]]
"""The catalog that is written over, the same without types, and the true text of each of its tables."""


_made: list[Damaging] = []


@pytest.fixture
def damaging(tmp_path_factory: pytest.TempPathFactory) -> Damaging:
    if not _made:
        folder = tmp_path_factory.mktemp("types")
        target = mutating.build(folder / "mutated.artui")
        loose = Path(shutil.copyfile(target, folder / "loose.artui"))
        _made.append((target, loose, mutating.loosened(loose)))
    target, loose, texts = _made[0]
    mutating.mutate(loose, texts, target, [])
    return target, loose, texts


def _rounds(loose: Path, chance: random.Random) -> list[list[Mutation]]:
    """Give rounds that together touch every column of every table, each one column of every table."""
    by_table: dict[str, dict[str, Mutation]] = defaultdict(dict)
    every = mutating.mutations(loose)
    chance.shuffle(every)
    for mutation in every:
        # Keys lead elsewhere, the index of words is SQLite's own, an id says which catalog it is: each by itself.
        if (
            mutation.table != "catalog"
            and not mutation.table.startswith("search")
            and not mutation.column.endswith("key")
        ):
            by_table[mutation.table].setdefault(mutation.column, mutation)
    rounds = itertools.zip_longest(*(sorted(by_column.values(), key=str) for by_column in by_table.values()))
    return [[mutation for mutation in mutations if mutation is not None] for mutations in rounds]


def test_every_column_may_hold_anything_for_every_verb(damaging: Damaging) -> None:
    """With a wrong value in every column no verb ends in a traceback, and other runs are listed."""
    target, loose, texts = damaging
    trouble: list[str] = []

    # Some of the rounds: which columns of which tables are together is another draw in the walk through the screens.
    for number, mutations in enumerate(_rounds(loose, random.Random(7))[:: tried(14, 7)]):
        assert mutating.mutate(loose, texts, target, mutations)
        label = Mutation(" ".join(map(str, mutations)), "round", str(number))
        trouble += mutating.troubles(target, label, mutating.READING)
        if number % 3 == 0:
            trouble += mutating.troubles(target, label, mutating.WRITING)

    assert trouble == []


def test_single_cells_may_hold_anything(damaging: Damaging) -> None:
    """With one wrong value, a key among them, no verb that reads or writes ends in a traceback."""
    target, loose, texts = damaging
    every = mutating.mutations(loose)
    random.Random(3).shuffle(every)
    trouble: list[str] = []

    can_be = (mutation for mutation in every if mutating.mutate(loose, texts, target, [mutation]))
    for mutation in itertools.islice(can_be, tried(1, 2)):
        trouble += mutating.troubles(target, mutation, (*mutating.READING, *mutating.WRITING))

    assert trouble == []


def test_screens_go_on_with_anything_in_any_column(damaging: Damaging) -> None:
    """With a wrong value in a column of every table the app walks through all screens."""
    target, loose, texts = damaging
    trouble: list[str] = []

    for mutations in random.Random(5).sample(_rounds(loose, random.Random(11)), 1):
        assert mutating.mutate(loose, texts, target, mutations)
        trouble += tour(target, Mutation(" ".join(map(str, mutations)), "round", "x"))

    assert trouble == []


@pytest.mark.parametrize(
    ("mutation", "word"),
    [
        (Mutation("run", "name", "blob"), "name"),
        (Mutation("run", "status", "seven"), "status"),
        (Mutation("run", "stage", "minus one"), "stage"),
        (Mutation("run", "started_ms", "text"), "started"),
        (Mutation("run", "duration_ms", "minus one"), "duration"),
        (Mutation("run", "host", "null"), "host"),
        (Mutation("run", "command", "other json"), "command"),
        (Mutation("run", "project_key", "seven"), "project"),
        (Mutation("param", "number", "text"), "params"),
        (Mutation("param", "type", "seven"), "params"),
        (Mutation("tag", "value", "null"), "tags"),
        (Mutation("series", "last", "text"), "metrics"),
        (Mutation("series", "count", "minus one"), "metrics"),
        (Mutation("context", "content", "text"), "context"),
    ],
    ids=str,
)
def test_what_is_damaged_is_named(damaging: Damaging, mutation: Mutation, word: str) -> None:
    """A run says which of its parts is damaged, in words, and the rest of it is as it was recorded."""
    target, loose, texts = damaging
    assert mutating.mutate(loose, texts, target, [mutation])

    with Reader(target) as reader:
        order = run_order(reader, RunsRequest())
        rows = run_rows(reader, list(order.keys), [*columns(reader)[0], *columns(reader)[1]])
        run = get_run(reader, rows[1].head.id)
        others = [row.head for row in rows.values() if row.head.key != 1]

    assert word in (*run.head.damaged, *run.damaged)
    assert run.git_branch == "main" and run.head.id
    assert len(rows) == 5 and not any(head.damaged for head in others)
    assert BYSTANDER in [head.name for head in others]


def test_damaged_versions_and_files_are_named(damaging: Damaging) -> None:
    """A version says that its size, its metadata, or a file of its manifest is damaged."""
    target, loose, texts = damaging
    chosen = [("version", "size_bytes", "text"), ("version", "metadata", "list json"), ("file", "digest", "text")]
    mutating.mutate(loose, texts, target, [Mutation(*cell) for cell in chosen])

    with Reader(target) as reader:
        detail = get_version(reader, next(artifact.latest.id for artifact in artifact_list(reader) if artifact.latest and artifact.latest.key == 1))  # fmt: skip

    assert "size" in detail.head.damaged and {"metadata", "files"} <= set(detail.damaged)
    assert detail.head.artifact == "train-set" and len(detail.files) == 2


def test_damage_is_said_where_a_run_is_shown(damaging: Damaging) -> None:
    """`ls` and `show` name what is damaged, and JSON lists it."""
    target, loose, texts = damaging
    mutating.mutate(loose, texts, target, [Mutation("run", "started_ms", "blob")])

    listed = mutating.say(["ls"], target)
    shown = mutating.say(["show", VICTIM], target)
    runs = orjson.loads(mutating.say(["ls", "--json"], target).out)["runs"]

    assert f"{VICTIM} (damaged: started" in listed.out and re.search("^damaged +started", shown.out, re.M)
    assert {run["name"]: run["damaged"] for run in runs}[VICTIM][0] == "started"


def test_walks_end_where_lineage_and_parents_go_round(damaging: Damaging) -> None:
    """A cycle of edges and a run that is its own parent's parent are shown once."""
    from artui.catalog import Catalog

    target, _, _ = damaging
    with Catalog(target) as catalog, catalog.transaction() as connection:
        connection.execute("INSERT INTO edge SELECT 2, target_key, source_key, 1 FROM edge WHERE relation IN (2, 3)")
        connection.execute("INSERT INTO edge SELECT 9, source_key, target_key, 1 FROM edge WHERE relation = 2")
        connection.execute("UPDATE run SET parent_id = (SELECT id FROM run WHERE key = 1) WHERE key IN (1, 2)")

    outcomes = [mutating.say(["trace", reference], target) for reference in (MODEL, VICTIM)]
    outcomes.append(mutating.say(["show", VICTIM], target))

    assert [outcome.trouble for outcome in outcomes] == ["", "", ""] and [outcome.code for outcome in outcomes] == [
        0,
        0,
        0,
    ]


def test_kinds_cover_every_storage_class() -> None:
    """Among the values are NULL, text, blob, real and integer, small and huge."""
    assert {type(value) for value in KINDS.values()} >= {type(None), str, bytes, float, int}
