"""What came of a merge, as `merge`, `pull` and `sync` print it in JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from artui.query.wording import value_text

if TYPE_CHECKING:
    from collections.abc import Mapping

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
