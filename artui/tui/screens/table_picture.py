"""A table of an artifact as a picture: a shaded matrix, bins as bars, or columns as lines over the first one."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.widget import Widget

from artui.model import Column
from artui.query.runs.statistics import Description, Quantiles
from artui.query.series.curves import Curve, thin
from artui.safetext import clean
from artui.tui.cells import length_of
from artui.tui.facts.file import file_spans
from artui.tui.keys import pairs_of
from artui.tui.screens.drawing import CURVE_BUCKETS, DrawsCharts
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.chartgrid import ChartGrid, Panel
from artui.tui.widgets.chartlines import ChartLine
from artui.tui.widgets.heatmap import HeatMap
from artui.tui.widgets.histogram import Bars
from artui.tui.widgets.prompt import Prompt
from artui.units import plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from artui.arrays import Floats
    from artui.query.pictures import TablePicture
    from artui.tui.cells import Span


_GAP_STEPS, _GAP_SHARE = 20, 0.03
"""A gap is so many times as wide as nine in ten of the steps from row to row, and takes this share of the axis."""
_FEWEST_IN_STEPS = 10


class TablePictureScreen(DrawsCharts):
    """Holds a picture; it is never read again, as a version never changes."""

    SCOPES: ClassVar[tuple[str, ...]] = ("app",)
    PLACE = 2

    def __init__(self, picture: TablePicture, reference: str, path: str, part: str = "") -> None:
        """Hold a picture of a file of a version, or of the part of it that has this name."""
        super().__init__()
        self.picture, self._reference, self._path, self._part = picture, reference, path, part
        scope = {"matrix": "heatmap", "bars": "bars", "lines": "charts"}[picture.kind]
        self.SCOPES = (scope, "app")  # type: ignore[misc]

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        if self.picture.kind == "matrix":
            yield HeatMap(id="picture")
        elif self.picture.kind == "bars":
            yield Bars(id="picture", noun="value")
        else:
            yield Bar(id="summary")
            yield ChartGrid(id="picture")
        yield Prompt()
        yield KeyBar()

    def on_mount(self) -> None:
        self.show_place()
        title, picture = clean(self._part or self._path, max_chars=80), self.picture
        self.query_one("#picture").focus()
        if picture.kind == "matrix":
            self.query_one(HeatMap).show(picture, title)
        elif picture.kind == "bars":
            self.query_one(Bars).show(_description(picture), title)
        else:
            grid = self.query_one(ChartGrid)
            grid.set_panels([Panel(name, clean(name, max_chars=80)) for name in picture.columns[1:]])
            across = [x for x in picture.values[0] if math.isfinite(x)]
            whole = (min(across), max(across))
            grid.options = replace(grid.options, whole=whole, last_word="last row")
            grid.set_axis(f"metric:{picture.columns[0]}")
            grid.has_fixed_axis = True

    def title_spans(self) -> list[Span]:
        """Give the version and the path of the table."""
        return file_spans(self._reference, self._path)

    def on_chart_grid_wanted(self, message: ChartGrid.Wanted) -> None:
        picture, options = self.picture, message.options

        def read() -> dict[str, list[ChartLine]]:
            return {
                name: [ChartLine(name, _curve(picture, place, options.window), 0)]
                for place, name in enumerate(picture.columns)
                if place and name in message.keys
            }

        self.ask(
            f"curves {message.keys}",
            read,
            lambda lines_by_title: self.query_one(ChartGrid).put(lines_by_title, options),
        )

    def on_chart_grid_changed(self) -> None:
        self._summarise()

    def on_resize(self) -> None:
        if self.picture.kind == "lines":
            self._summarise()

    def _summarise(self) -> None:
        """Say over which column the others are drawn, and which ones are not, and why."""
        picture = self.picture
        reasons: dict[str, list[str]] = {}
        for name, reason in picture.left_out:
            reasons.setdefault(reason, []).append(clean(name, max_chars=60))
        left_out = "; ".join(f"{', '.join(names)} ({reason})" for reason, names in reasons.items())
        spans: list[Span] = [(" x is ", "dim"), (clean(picture.columns[0], max_chars=60), "title")]
        named = f" · x {clean(picture.columns[0])}"
        right = [(text.replace(named, ""), style) for text, style in self.query_one(ChartGrid).spans()]
        room = self.size.width - length_of(spans) - length_of(right) - 4
        if left_out and (shown := f" · not drawn: {left_out}"):
            spans.append(
                (shown if len(shown) <= room else f" · {plural(len(picture.left_out), 'column')} not drawn", "dim")
            )
        self.query_one("#summary", Bar).show(spans, right)

    def prompt_home(self) -> Widget:
        """Give the picture."""
        return self.query_one("#picture")

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Offer no other axis of what was counted elsewhere, and no shares of numbers below zero."""
        if self.picture.kind == "matrix" and self.query_one(HeatMap).is_signed:
            return [pair for pair in super().footer_pairs() if pair not in pairs_of({"heatmap.share"})]
        if self.picture.kind == "lines":
            return [pair for pair in super().footer_pairs() if pair not in pairs_of({"charts.choose_axis"})]
        return _offered(super().footer_pairs(), has_log_axis=False) if self.picture.kind == "bars" else super().footer_pairs()  # fmt: skip

    def go_back(self) -> bool:
        """Leave the question, the zoom or the single chart; false if there is none of them."""
        if self.query_one(Prompt).leave():
            return True
        return self.picture.kind == "lines" and self.query_one(ChartGrid).leave()


class SpreadScreen(DrawsCharts):
    """Holds how the values of one column of a table are spread."""

    SCOPES: ClassVar[tuple[str, ...]] = ("bars", "app")
    PLACE = 2

    def __init__(
        self,
        described: Description,
        reference: str,
        path: str,
        about: str = "",
        *,
        count: Callable[..., Description | None],
        noun: str = "row",
    ) -> None:
        """Hold a column that is counted, and what counts it on the other axis, with `is_log`."""
        super().__init__()
        self.described, self._reference, self._path, self._about = described, reference, path, about
        self._count, self._noun = count, noun

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bars(id="picture", noun=self._noun)
        yield Prompt()
        yield KeyBar()

    def on_mount(self) -> None:
        self.show_place()
        bars = self.query_one(Bars)
        bars.can_recount = True
        bars.focus()
        self._show(self.described)

    def _show(self, described: Description | None) -> None:
        if described is not None:
            self.described = described
            self.query_one(Bars).show(described, clean(described.column.name, max_chars=80))
            self.show_keys()

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Offer the other axis where there is one."""
        return _offered(super().footer_pairs(), has_log_axis=self.query_one(Bars).has_log_axis)

    def on_histogram_scale_wanted(self) -> None:
        is_log = self.query_one(Bars).wants_log
        self.ask("spread", lambda: self._count(is_log=is_log), self._show)

    def title_spans(self) -> list[Span]:
        """Give the version, the path of the table, and which column is drawn."""
        return [*file_spans(self._reference, self._path), (f"  {self._about}", "dim")]

    def prompt_home(self) -> Widget:
        """Give the picture."""
        return self.query_one("#picture")

    def go_back(self) -> bool:
        """Leave the question; false if there is none."""
        return self.query_one(Prompt).leave()


def _offered(pairs: list[tuple[str, str]], *, has_log_axis: bool) -> list[tuple[str, str]]:
    return pairs if has_log_axis else [pair for pair in pairs if pair not in pairs_of({"bars.log_x"})]


def _description(picture: TablePicture) -> Description:
    import numpy as np

    lows, highs, counts = picture.values
    middles = (np.array(lows) + np.array(highs)) / 2
    total = int(sum(counts))
    mean = float((middles * np.array(counts)).sum() / total) if total else None
    cumulated = np.cumsum(counts)
    ends = [float(middles[int(np.searchsorted(cumulated, share * total))]) for share in (0.25, 0.5, 0.75)] if total else []  # fmt: skip
    quantiles = Quantiles(lows[0], ends[0], ends[1], ends[2], highs[-1]) if ends else None
    return Description(
        Column("metric", "value"), total, total, len(counts), (), mean=mean, quantiles=quantiles,
        edges=(*lows, highs[-1]), bins=tuple(round(count) for count in counts),
    )  # fmt: skip


def _curve(picture: TablePicture, place: int, window: tuple[float, float] | None) -> Curve:
    """Give the course of a column over the first one, without the cells that hold nothing."""
    import numpy as np

    from artui.query.series.curves import cut

    across, up = np.array(picture.values[0]), np.array(picture.values[place])
    gaps = _gaps(across)
    has_both = np.isfinite(across)
    has_both[sorted(picture.missing[place])] = False
    across, up = across[has_both], up[has_both]
    curve = thin(*(cut(across, up, window) if window else (across, up)), buckets=CURVE_BUCKETS)
    # A line where there is no row would say what nobody measured.
    breaks = {at for low, high in gaps if 0 < (at := bisect_left(curve.xs, low / 2 + high / 2)) < len(curve.xs)}
    return replace(curve, breaks=sorted({*curve.breaks, *breaks}))


def _gaps(across: Floats) -> list[tuple[float, float]]:
    """Give where the x axis has no row: parts that are far wider than the steps between rows, and wide enough to be seen."""
    import numpy as np

    xs = np.unique(across[np.isfinite(across)])
    if len(xs) < _FEWEST_IN_STEPS:
        return []
    steps = np.diff(xs)
    is_gap = (steps > _GAP_STEPS * np.quantile(steps, 0.9)) & (steps > _GAP_SHARE * (xs[-1] - xs[0]))
    return [(float(xs[at]), float(xs[at + 1])) for at in np.flatnonzero(is_gap)]
