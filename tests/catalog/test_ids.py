"""Ids: in order, unlike each other in every process, and the same for the same source."""

from __future__ import annotations

import itertools
import os
import random

from hypothesis import given
from hypothesis import strategies as st

from artui.catalog.ids import derived_id, new_id, time_of
from tests.counts import tried


def test_ids_of_one_moment_ascend() -> None:
    """Within a millisecond, and over time, later ids are greater."""
    ids = [new_id(1_790_000_000_000) for _ in range(2000)] + [new_id(1_790_000_000_001)]
    assert ids == sorted(ids) and len(set(ids)) == len(ids) and {len(id) for id in ids} == {26}
    assert time_of(ids[0]) == 1_790_000_000_000


def test_forked_processes_make_different_ids() -> None:
    """Children that seed `random` alike and stop the clock alike still make ids of their own."""
    count = tried(200, 1_000_000)
    new_id(1)
    readers = []
    for _ in range(64):
        read_end, write_end = os.pipe()
        if os.fork() == 0:
            random.seed(0)
            first = last = new_id(1)
            is_ascending = True
            for _ in range(count - 1):
                before, last = last, new_id(1)
                is_ascending &= before < last
            os.write(write_end, f"{first} {last} {is_ascending}".encode())
            os._exit(0)
        os.close(write_end)
        readers.append(read_end)
    spans = sorted(tuple(_all_of(reader).split()) for reader in readers)
    for _ in readers:
        os.wait()

    # Ids of one process ascend, so that two processes share none if their spans do not meet.
    assert len(spans) == 64 and all(is_ascending == "True" for _, _, is_ascending in spans)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(spans))


def _all_of(reader: int) -> str:
    with open(reader) as file:
        return file.read()


@given(st.lists(st.text(), min_size=1, max_size=3), st.lists(st.text(), min_size=1, max_size=3))
def test_derived_ids_are_functions_of_their_parts(left: list[str], right: list[str]) -> None:
    """The same parts give the same id, other parts another; joining parts differently is other parts."""
    assert (derived_id(*left) == derived_id(*right)) == (left == right)
