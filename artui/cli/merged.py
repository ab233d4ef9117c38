"""What came of a merge, as `merge`, `pull` and `sync` print it in JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from artui.catalog import Catalog
    from artui.catalog.merging.merge import Merged


def merged_record(one: Merged, names: Mapping[str, str]) -> dict[str, object]:
    """Give what came of one catalog as a record of JSON."""
    settling = [
        {
            "id": each.subject_id, "name": names.get(each.subject_id, each.subject_id), "what": each.action, "detail": each.detail,
            "choices": [{"author": choice.author, "time_ms": choice.time_ms, "value": value_text(choice.state)} for choice in each.choices],
        }
        for each in one.to_settle
    ]  # fmt: skip
    return asdict(one) | {
        "damaged": list(one.damaged), "missing_content": list(one.missing_content), "to_settle": settling, "notice": one.notice or None,
    }  # fmt: skip


def value_text(state: Any) -> str | None:
    """Say what something was changed to."""
    if state is None:
        return None
    if isinstance(state, list):
        return str(state[-1]) if len(state) < 3 else f"v{state[2]}"
    return str(state) if isinstance(state, str) else "yes"


def names_to_settle(catalog: Catalog, merged: Sequence[Merged]) -> dict[str, str]:
    """Give what the things are called of which something is to be settled."""
    ids = {each.subject_id for one in merged for each in one.to_settle}
    names: dict[str, str] = {}
    with catalog.transaction() as connection:
        for subject_id in ids:
            for query in _NAMES:
                row = connection.execute(query, (subject_id,)).fetchone()
                if row is not None:
                    names[subject_id] = str(row[0])
    return names


_NAMES = (
    "SELECT name FROM run WHERE id = ?", "SELECT name FROM artifact WHERE id = ?",
    "SELECT a.name || ':v' || v.number FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE v.id = ?",
)  # fmt: skip
