"""History and system metrics of W&B's logs as series, with W&B's own step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from artui.exchange.reading.wire import bytes_of, fields, grouped, last_bytes, last_int
from artui.exchange.wandb.fields import OWN_TIME
from artui.exchange.wandb.items import Column, field_end, from_json, put_value, read_item, timestamp_ms
from artui.numbers import as_float

if TYPE_CHECKING:
    from artui.exchange.intake.run import RunIntake
    from artui.exchange.wandb.files import RunFiles

FLUSH_POINTS = 1 << 17


@dataclass(slots=True)
class Clock:
    """When a run began and when it last logged something, according to the records read so far."""

    started_ms: int
    last_ms: int

    def hear(self, time_ms: int) -> None:
        """Note a time at which the run was alive."""
        self.last_ms = max(self.last_ms, time_ms)


class History:
    """Gathers the points of one run over all of its logs."""

    def __init__(self, run: RunIntake, files: RunFiles, clock: Clock) -> None:
        self._run, self._files, self._clock = run, files, clock
        self._columns: dict[str, Column] = {}
        self._forms: dict[bytes, Column] = {}
        """Columns by the first bytes of their items."""
        self._waiting = 0
        self._log_count = 0
        self._labels = ""
        self._begun_step: int | None = None
        """The first step of the current training."""
        self._repeated_to: int | None = None
        """Up to this step, a continued log repeats the rows of an earlier one."""
        self._is_first_row = True
        self._media: list[tuple[str, Any]] = []
        """Media of the current row, kept until its step is known."""
        self.texts: dict[str, Any] = {}
        """The last text of each name."""
        self.last_step = 0
        self.series_of: Callable[[str], tuple[str, str]] = lambda name: (name, "")
        """Gives name and labels of a series by its name in the log."""
        self.has_own_times = False
        """Whether a point may have another time than its row."""

    @property
    def names(self) -> set[str]:
        """The names of series."""
        return {name for name in self._columns if not name.startswith("_")}

    def begin_log(self) -> None:
        """Note that another log begins."""
        self.hand_over()
        self._log_count, self._is_first_row, self._repeated_to = self._log_count + 1, True, None

    def hand_over_when_due(self) -> None:
        """Give the gathered points to the run if there are many."""
        if self._waiting > FLUSH_POINTS:
            self.hand_over()

    def hand_over(self) -> None:
        """Give the gathered points to the run."""
        for column in self._columns.values():
            if column.values:
                name, labels = self.series_of(column.name)
                self._run.points(name, column.steps, column.times_ms, column.values, labels=labels or self._labels)
                column.steps, column.times_ms, column.values = [], [], []
        self._waiting = 0

    def take_row(self, value: bytes) -> None:
        """HistoryRecord: 1 items {1 key, 2 nested key, 16 value as JSON; 4 to 8 typed values}, 2 step {1 number}."""
        row: list[tuple[Column, float]] = []
        step: int | None = None
        time_ms: int | None = None
        columns_by_form = self._forms
        nested: dict[str, Any] = {}
        shifts_ms: dict[int, int] = {}
        position, end = 0, len(value)
        while position < end:
            # The fast path: an item of under 128 bytes, with one key and a number as its value.
            if value[position] == 10 and position + 3 < end and value[position + 1] < 128:
                after = position + 2 + value[position + 1]
                name_end = position + 4 + value[position + 3]
                if (
                    name_end + 3 <= after <= end
                    and value[name_end : name_end + 2] == b"\x82\x01"
                    and name_end + 3 + value[name_end + 2] == after
                ):
                    column = columns_by_form.get(value[position + 2 : name_end])
                    if column is not None:
                        try:
                            number = float(value[name_end + 3 : after])
                        except ValueError:
                            pass
                        else:
                            if column.name == "_timestamp":
                                time_ms = round(number * 1000) if abs(number) < 1e12 else None
                            elif column.name == "_step":
                                step = int(number) if step is None else step
                            elif column.name != "_runtime":
                                row.append((column, number))
                            position = after
                            continue
            for number_of_field, kind, item in fields(value[position : field_end(value, position)]):
                if number_of_field == 1 and kind == 2:
                    path, text = read_item(bytes_of(item), columns_by_form, self._columns)
                    if len(path) > 1:
                        put_value(nested, path, text)
                        continue
                    name = path[0] if path else ""
                    if name == "_timestamp":
                        seconds = from_json(text)
                        time_ms = (
                            round(seconds * 1000) if isinstance(seconds, int | float) and abs(seconds) < 1e12 else None
                        )
                    elif name == "_step":
                        number = from_json(text)
                        if step is None and isinstance(number, int | float) and math.isfinite(number):
                            step = int(number)
                    elif name and name != "_runtime":
                        self._take_value(name, from_json(text), row)
                        if self.has_own_times and row:
                            shifts_ms[len(row) - 1] = last_int(grouped(bytes_of(item)), OWN_TIME)
                elif number_of_field == 2 and kind == 2:
                    step = last_int(grouped(bytes_of(item)), 1)
            position = field_end(value, position)
        for name, tree in nested.items():
            self._take_value(name, tree, row)
        step = self.last_step + 1 if step is None else max(-(1 << 63), min((1 << 63) - 1, step))
        if self._is_first_row:
            self._begin(step)
        if self._repeated_to is not None and step <= self._repeated_to:
            self._run.changed("points", "were repeated by a log that goes on: the first are kept, as by W&B", len(row))
            self._media.clear()
            return
        self.last_step = step
        time_ms = self._clock.last_ms if time_ms is None else time_ms
        self._clock.hear(time_ms)
        for place, (column, point) in enumerate(row):
            column.steps.append(step)
            column.times_ms.append(time_ms + shifts_ms.get(place, 0))
            column.values.append(point)
        self._waiting += len(row)
        for name, content in self._media:
            self._files.media(name, content, step)
        self._media.clear()

    def _begin(self, step: int) -> None:
        """Compare the first step of a log with earlier logs: if steps begin again, because a program ran twice with one id, a label numbers the logs."""
        self._is_first_row = False
        if self._begun_step is None:
            self._begun_step = step
        elif step <= self._begun_step:
            self._labels, self._begun_step = f"log={self._log_count}", step
            self._run.remark(
                f"Several trainings have this id: log {self._log_count} begins again at step {step:,}. The label `log` tells them apart."
            )
        elif step <= self.last_step:
            self._repeated_to = self.last_step

    def _take_value(self, name: str, value: Any, row: list[tuple[Column, float]]) -> None:
        if isinstance(value, bool | int | float):
            row.append((self._columns.setdefault(name, Column(name)), as_float(value)))
        elif isinstance(value, dict):
            if "_type" in value:
                self._media.append((name, value))
                # Numbers about a picture or table, such as its width, are part of the history.
                for key, inner in value.items():
                    if isinstance(inner, int | float) and not isinstance(inner, bool):
                        self._take_value(f"{name}.{key}", inner, row)
            else:
                for key, inner in value.items():
                    self._take_value(f"{name}.{key}", inner, row)
        elif isinstance(value, list) and value and all(isinstance(item, dict) and "_type" in item for item in value):
            self._media += [(name, item) for item in value]
        elif isinstance(value, str):
            # Texts do not fit into a series: the last one is kept with the summary.
            self.texts[name] = value
            self._run.left("history values", "are texts: the last of each name is kept in the summary")
        elif value is not None:
            self._run.left("history values", "are lists or have no value")

    def take_stats(self, value: bytes) -> None:
        """StatsRecord: 2 time, 3 items {1 key, 16 value as JSON}."""
        stats = grouped(value)
        time_ms = timestamp_ms(last_bytes(stats, 2))
        self._clock.hear(time_ms)
        seconds = max(0, (time_ms - self._clock.started_ms) // 1000)
        for item in stats.get(3, ()):
            path, text = read_item(bytes_of(item))
            self._stat("system/" + ".".join(path), from_json(text), seconds, time_ms)

    def _stat(self, name: str, value: Any, step: int, time_ms: int) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                self._stat(f"{name}.{key}", inner, step, time_ms)
        elif isinstance(value, int | float):
            column = self._columns.setdefault(name, Column(name))
            column.steps.append(step)
            column.times_ms.append(time_ms)
            column.values.append(as_float(value))
            self._waiting += 1
