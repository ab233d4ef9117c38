"""Names of runs that are seen together."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from artui.query.names import distinct_names
from tests.sheets.making import run_detail

HEAD = run_detail().head


@given(st.dictionaries(st.text("AB01", min_size=1, max_size=8), st.sampled_from(["good", "bad", ""]), max_size=8))
def test_names_of_runs_that_are_seen_together_differ(name_by_id: dict[str, str]) -> None:
    """A name that one run has stays as it is; of runs of one name each has its own."""
    names = distinct_names(replace(HEAD, id=run_id, name=name) for run_id, name in name_by_id.items())
    assert list(names) == list(name_by_id)
    for run_id, name in name_by_id.items():
        is_alone = list(name_by_id.values()).count(name) == 1
        assert names[run_id] == name if is_alone else names[run_id].startswith(name)
    twins = [names[run_id] for run_id, name in name_by_id.items() if list(name_by_id.values()).count(name) > 1]
    assert len(set(twins)) == len(twins)


def test_the_end_of_the_id_tells_runs_of_one_name_apart() -> None:
    """Ids begin with the time, so their ends differ."""
    heads = [replace(HEAD, id=f"01M8F8G5BW03Z3KQX85C06F{end}", name="good") for end in ("F69", "A12")]
    assert list(distinct_names(heads).values()) == ["good FF69", "good FA12"]
    assert list(distinct_names(heads[:1]).values()) == ["good"]
