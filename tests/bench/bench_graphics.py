"""What a chart in pixels costs: time to draw it, bytes to send it, and seconds on a link of 64 kbit/s; beside its dots.

.venv/bin/python tests/bench/bench_graphics.py
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from artui.query.series.curves import thin  # noqa: E402
from artui.tui.cells import make_palette  # noqa: E402
from artui.tui.colouring import mark_of  # noqa: E402
from artui.tui.terminal.graphics import LOCAL_PIXELS, REMOTE_PIXELS, Place, shown  # noqa: E402
from artui.tui.widgets.chart import Chart, draw  # noqa: E402
from artui.tui.widgets.chartlines import ChartLine  # noqa: E402
from artui.tui.widgets.chartoptions import ChartOptions  # noqa: E402
from artui.tui.widgets.chartpicture import PictureOrder  # noqa: E402
from artui.tui.widgets.chartpixels import drawn  # noqa: E402

LINK_BYTES = 8000
"""Bytes a second of 64 kbit/s."""
POINTS = 10_000


def _lines(count: int) -> list[ChartLine]:
    random, xs = np.random.default_rng(17), np.arange(float(POINTS))
    lines = []
    for number in range(count):
        values = 2.0 / (1 + xs / (200 + 40 * number)) + 0.1 + random.normal(0, 0.05, POINTS)
        lines.append(
            ChartLine(f"run-{number}", thin(xs, values, buckets=400), number, mark_of(number), str(number), number < 6)
        )
    return lines


def main() -> None:
    """Draw one, two, eight and fifty curves of noise at the size of 120 x 36 and 200 x 50 cells."""
    palette = make_palette(is_coloured=True, is_rich=True)
    for columns, rows in ((110, 30), (190, 44)):
        for count in (1, 2, 8, 50):
            lines = _lines(count)
            sizes = []
            for most_pixels in (LOCAL_PIXELS, REMOTE_PIXELS):
                place = Place(3, 8, rows, columns)
                order = PictureOrder(lines, ChartOptions(), place, (10.0, 20.0), most_pixels, palette)
                start = time.perf_counter()
                png = drawn(order)
                sizes.append((len(shown(png, place, number=17)), time.perf_counter() - start))
            chart = Chart("loss")
            chart.curves = lines
            dots = sum(
                len(segment.text.encode()) for strip in draw(chart, columns + 8, rows + 2, palette) for segment in strip
            )
            (here, here_took), (remote, remote_took) = sizes
            print(
                f"{columns:>3} x {rows} cells, {count:>2} curves: {here:,} bytes in {here_took * 1000:.0f} ms; through ssh "
                f"{remote:,} in {remote_took * 1000:.0f} ms = {remote / LINK_BYTES:.1f} s at 64 kbit/s (dots: {dots:,} bytes)"
            )


if __name__ == "__main__":
    main()
