"""Config and summary of a run: nested mappings that records change key by key."""

from __future__ import annotations

from typing import Any

from artui.exchange.reading.wire import bytes_of, fields
from artui.exchange.wandb.items import field_end, put_value, read_item


def update(target: dict[str, Any], value: bytes) -> None:
    """Apply a ConfigRecord or SummaryRecord: 1 update, 2 remove, of items 1 key, 2 nested key, 16 value as JSON."""
    for number, _, item in fields(value):
        if number in (1, 2):
            path, text = read_item(bytes_of(item))
            put_value(target, path, text, is_removed=number == 2)


class Summary:
    """The last value of each key."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._latest: dict[bytes, bytes] = {}
        """Items that are not parsed yet, by the bytes of their keys."""

    def take(self, value: bytes) -> None:
        """Note a SummaryRecord. W&B writes one with every call of `log`, so only the last item of each key is parsed, at the end."""
        latest = self._latest
        position, end = 0, len(value)
        while position < end:
            after = (
                position + 2 + value[position + 1]
                if position + 1 < end and value[position] == 10 and value[position + 1] < 128
                else 0
            )
            if not 0 < after <= end:
                # Long items and removals: earlier items are applied first.
                self._settle()
                latest = self._latest
                after = field_end(value, position)
                update(self._values, value[position:after])
            else:
                place = position + 2
                while place + 1 < after and value[place] in (10, 18) and value[place + 1] < 128:
                    place += 2 + value[place + 1]
                name = value[position + 2 : place]
                latest.pop(name, None)  # the order of the last updates is kept: a mapping may replace its parts
                latest[name] = value[position + 2 : after]
            position = after

    def update(self, value: bytes) -> None:
        """Apply a record at once."""
        self._settle()
        update(self._values, value)

    def replace(self, values: dict[str, Any]) -> None:
        """Replace all values."""
        self._values, self._latest = values, {}

    def values(self) -> dict[str, Any]:
        """Give all values by their keys."""
        self._settle()
        return self._values

    def _settle(self) -> None:
        latest, self._latest = self._latest, {}
        for item in latest.values():
            path, text = read_item(item)
            put_value(self._values, path, text)
