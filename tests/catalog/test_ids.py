"""Ids: in order, unlike each other in every process, and the same for the same source."""

from __future__ import annotations

import os
import random

from hypothesis import given
from hypothesis import strategies as st

from artui.catalog.ids import derived_id, new_id, time_of


def test_ids_of_one_moment_ascend() -> None:
    """Within a millisecond, and over time, later ids are greater."""
    ids = [new_id(1_790_000_000_000) for _ in range(2000)] + [new_id(1_790_000_000_001)]
    assert ids == sorted(ids) and len(set(ids)) == len(ids) and {len(id) for id in ids} == {26}
    assert time_of(ids[0]) == 1_790_000_000_000


def test_forked_processes_make_different_ids() -> None:
    """Children that seed `random` alike and stop the clock alike still make ids of their own."""
    new_id(1)
    readers = []
    for _ in range(8):
        read_end, write_end = os.pipe()
        if os.fork() == 0:
            random.seed(0)
            os.write(write_end, "".join(new_id(1) for _ in range(100)).encode())
            os._exit(0)
        os.close(write_end)
        readers.append(read_end)
    texts = [os.read(reader, 10_000).decode() for reader in readers]
    for _ in readers:
        os.wait()
    ids = [text[i : i + 26] for text in texts for i in range(0, len(text), 26)]
    assert len(ids) == 800 == len(set(ids))


@given(st.lists(st.text(), min_size=1, max_size=3), st.lists(st.text(), min_size=1, max_size=3))
def test_derived_ids_are_functions_of_their_parts(left: list[str], right: list[str]) -> None:
    """The same parts give the same id, other parts another; joining parts differently is other parts."""
    assert (derived_id(*left) == derived_id(*right)) == (left == right)
