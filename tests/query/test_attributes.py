"""One table of attributes: what can be shown can be sorted, grouped, described, filtered and exported."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from artui.model import Column
from artui.query.attributes import ATTRIBUTES, OTHER_WORDS, SHOWN, is_numeric
from artui.query.filter.complete import completions
from artui.query.runs.export import table_of
from artui.query.runs.grouping import grouped
from artui.query.runs.naming import columns_named, sorts_named
from artui.query.runs.order import RunsRequest, run_order
from artui.query.runs.rows import attribute_value, run_rows
from artui.query.runs.sorting import Sort, first_keys, sorted_keys
from artui.query.runs.statistics import describe
from artui.tui.cells import shape_of
from tests.reading import open_reader


@pytest.mark.parametrize("word", SHOWN)
def test_attribute_that_is_shown_can_do_everything(word: str, demo_catalog: Path) -> None:
    """Each is a column, an order, a grouping, a description, a filter, an export and a completion."""
    column = Column("attribute", word, is_numeric=is_numeric(word))
    with open_reader(demo_catalog) as reader:
        keys = list(run_order(reader, RunsRequest()).keys)
        rows = run_rows(reader, keys, [column])
        shown = {key: attribute_value(rows[key], word) for key in keys}
        having = {key for key, value in shown.items() if value is not None}

        assert [named.id for named in columns_named(reader, [word])] == [column.id]
        (sort,) = sorts_named(reader, [word])
        with reader.snapshot() as connection:
            ascending = sorted_keys(connection, [sort])
            within = sorted_keys(connection, [sort], within=set(keys[:7]))
            first = first_keys(connection, Sort(column.id), len(having)) if having else []
        assert sorted(ascending) == sorted(keys) and set(ascending[: len(having)]) == having
        assert within == [key for key in ascending if key in set(keys[:7])]
        assert first == ascending[: len(having)]

        groups = grouped(reader, keys, [column])
        by_value = [[shown[key] for key in group.keys] for group in groups]
        assert sum(map(len, by_value)) == len(keys)
        assert word in ("started", "ended", "duration") or all(len(set(map(str, group))) == 1 for group in by_value)

        description = describe(reader, keys, column)
        assert (description.total, description.count) == (len(keys), len(having))

        matching = run_order(reader, RunsRequest(f"{word} is not null")).keys
        assert set(matching) == having
        assert shape_of(column, title=word).width > 0

        headers, table = table_of(reader, keys, [column])
        place = headers.index("duration_s" if word == "duration" else word)
        exported = [row[place] for row in table]
        if word in ("started", "ended", "deleted"):
            exported = [moment and round(datetime.fromisoformat(moment).timestamp() * 1000) for moment in exported]
        elif word == "duration":
            exported = [seconds if seconds is None else round(seconds * 1000) for seconds in exported]
        assert exported == [shown[key] for key in keys]
        part = word[:-1]
        assert word in {offer.text.strip() for offer in completions(reader, part, len(part))}
        completions(reader, f"{word} = ", len(word) + 3)


def test_words_are_told_apart() -> None:
    """No other word for an attribute is an attribute, and none stands for two."""
    others = [other for attribute in ATTRIBUTES.values() for other in attribute.other_words]

    assert len(others) == len(set(others)) == len(OTHER_WORDS)
    assert OTHER_WORDS.keys().isdisjoint(ATTRIBUTES)
