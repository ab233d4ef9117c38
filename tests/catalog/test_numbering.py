"""A number stands for one version, whatever became of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, artifacts, collecting, events, forgetting, importing, numbering, retention
from artui.clock import now_ms

_STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["save", "save", "save", "import", "import numbered", "delete", "restore", "gc", "forget", "undo", "redo"]
        ),
        st.integers(0, 5),
    ),
    min_size=4,
    max_size=14,
)


def _version(content: int, name: str = "m") -> artifacts.NewVersion:
    file = artifacts.NewFile("a", content, bytes([content]) * 32)
    return artifacts.NewVersion("p", name, "model", "modelling", [file], created_ms=1_000 - content)


def _numbers(catalog: Catalog, condition: str = "1") -> list[tuple[int, str, bytes]]:
    query = f"SELECT number, id, digest FROM version WHERE {condition} ORDER BY number"
    with catalog.transaction() as connection:
        return [tuple(row) for row in connection.execute(query)]


def _step(catalog: Catalog, step: str, chosen: int) -> None:
    """Do one thing to the newest version, or to one of the newest."""
    present, deleted = _numbers(catalog, "deleted_ms IS NULL"), _numbers(catalog, "deleted_ms IS NOT NULL")
    if step == "save":
        with catalog.transaction() as connection:
            artifacts.save(connection, _version(chosen))
    elif step.startswith("import"):
        with catalog.transaction() as connection:
            number = chosen + 1 if step.endswith("numbered") else None
            identity = ("source", str(chosen)) if number else ()
            brought = [importing.put_version(connection, _version(chosen), number=number, identity=identity)]
            if number is None:
                brought.append(importing.put_version(connection, _version(chosen + 1)))
                importing.number_by_time(connection, [saved.id for saved in brought if saved.is_new])
    elif step == "delete" and present:
        with events.editing(catalog, "x") as edit:
            edit.delete_version(present[-1 - chosen % 2 % len(present)][1])
    elif step == "restore" and deleted:
        with catalog.transaction() as connection:
            removed = {row[0] for row in connection.execute("SELECT v.id FROM removal AS d JOIN version AS v ON v.key = d.version_key")}  # fmt: skip
        if deleted[-1][1] not in removed:
            with events.editing(catalog, "x") as edit:
                edit.restore_version(deleted[-1][1])
    elif step == "gc":
        with catalog.transaction() as connection:
            removable = retention.removable(connection, before_ms=now_ms() + 1)
        collecting.remove_content(catalog, removable, before_ms=now_ms() + 1)
    elif step == "forget":
        for _, version_id, _ in _numbers(catalog)[-1 - chosen // 2 :]:
            forgetting.forget_version(catalog, version_id)
    elif step in ("undo", "redo"):
        getattr(events, step)(catalog)


@settings(max_examples=25, deadline=None)
@given(_STEPS)
def test_a_number_is_given_once(steps: list[tuple[str, int]]) -> None:
    """Whatever is saved, imported, deleted, restored, collected, forgotten and undone: a number never comes to mean other content."""
    with tempfile.TemporaryDirectory() as folder, Catalog(Path(folder) / "x.artui") as catalog:
        meant: dict[int, bytes] = {}
        for step, chosen in steps:
            _step(catalog, step, chosen)
            numbers = _numbers(catalog)
            assert len({number for number, *_ in numbers}) == len(numbers)
            for number, _, digest in numbers:
                assert meant.setdefault(number, digest) == digest, (step, chosen)


def test_a_forgotten_number_stays_given(tmp_path: Path) -> None:
    """Also when the artifact went with its last version, who did it is forgotten, too, and somebody wrote nonsense there."""
    with Catalog(tmp_path / "x.artui") as catalog:
        for content in (1, 2):
            with catalog.transaction() as connection:
                saved = artifacts.save(connection, _version(content))
            forgetting.forget_version(catalog, saved.id)
        forgetting.forget_text(catalog, events.author())
        with catalog.transaction() as connection:
            assert connection.execute("SELECT count(*) FROM artifact").fetchone() == (0,)
            assert artifacts.save(connection, _version(3, "other")).number == 1
            saved = artifacts.save(connection, _version(3))
            assert saved.number == 3
            assert not numbering.is_free(connection, saved.artifact_key, 2, "another")
            assert numbering.is_free(connection, saved.artifact_key, 9, "another")
            for nonsense in ("'x'", "X'07'", "2.5", str(2**63 - 1), "NULL"):
                connection.execute(f"UPDATE event SET after = {nonsense} WHERE action = 'forget' AND after = '2'")
                connection.execute(f"UPDATE version SET number = coalesce({nonsense}, 0) WHERE number = 9")
                assert numbering.next_number(connection, saved.artifact_key) == 4
