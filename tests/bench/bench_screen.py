"""The screen against its budgets: ours, the limit and peers, measured in one run by the terminal probe.

    python tests/bench/bench_screen.py big.artui --probe path/to/tui_probe.py

The catalog is made by make_catalog.py if it is not there (three minutes for 100,000 runs). Peers: a minimal
Textual app, Textual's DataTable with as many rows, and our own app with Textual's output (`ARTUI_OUTPUT=plain`).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MINIMAL = """
from textual.app import App
from textual.widgets import Footer, Header, Input, Static
class Minimal(App):
    def compose(self):
        yield Header(); yield Static("hello"); yield Input(); yield Footer()
Minimal().run()
"""
DATA_TABLE = """
import sys
from textual.app import App
from textual.widgets import DataTable
class Table(App):
    def compose(self):
        yield DataTable()
    def on_mount(self):
        table = self.query_one(DataTable)
        table.cursor_type = "row"
        table.add_columns(*(f"c{n}" for n in range(12)))
        table.add_rows([tuple(f"{row * n:.6g}" for n in range(12)) for row in range(int(sys.argv[1]))])
        table.focus()
Table().run()
"""
SLOW_LINK = "rtt=150,kbps=64"


def probe(
    options: argparse.Namespace,
    command: list[str],
    steps: list[str],
    *,
    link: str = "",
    env: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Run one program through steps; give the probe's report."""
    call = [sys.executable, str(options.probe), "--size", "120x36"]
    call += ["--link", link] if link else []
    for step in steps:
        call += ["-s", step]
    done = subprocess.run(
        [*call, "--", *command],
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
        timeout=300,
        check=False,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    report["by"] = {step["step"]: step for step in report["steps"]}
    return report


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("catalog", type=Path)
    parser.add_argument("--probe", type=Path, default=HERE.parents[2].parent / "shared" / "tools" / "tui_probe.py")
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--skip-data-table", action="store_true")
    parser.add_argument("--visidata", help="VisiData's `vd`, to measure it on the same runs and columns as CSV")
    options = parser.parse_args()
    if not options.catalog.exists():
        subprocess.run(
            [sys.executable, str(HERE / "make_catalog.py"), str(options.catalog), "--runs", str(options.runs)],
            check=True,
        )
    artui = [str(Path(sys.executable).with_name("artui")), str(options.catalog)]
    start = ["wait val/loss", "quiet 400"]

    paints = [probe(options, artui, start) for _ in range(5)]
    with tempfile.TemporaryDirectory() as folder:
        minimal, table = Path(folder) / "minimal.py", Path(folder) / "table.py"
        minimal.write_text(MINIMAL)
        table.write_text(DATA_TABLE)
        floors = [probe(options, [sys.executable, str(minimal)], ["wait hello", "quiet 300"]) for _ in range(5)]
        peer = (
            None
            if options.skip_data_table
            else probe(
                options,
                [sys.executable, str(table), str(options.runs)],
                ["wait timeout=60 c11", "quiet 400", "key down x30", "key pagedown x10"],
            )
        )
        visidata = _visidata(options, Path(folder)) if options.visidata else None
    used = probe(
        options,
        artui,
        [
            *start,
            "key down x30",
            "key pagedown x20",
            "key pageup x20",
            "key down x60",
            "idle 4",
            "keys G g",
            "type /adam",
            "quiet 300",
        ],
    )
    scrolled = probe(options, artui, [*start, "keys G", "quiet 300", "key up x30", "key up x40"])
    sorting = probe(options, artui, [*start, "keys right right right", "key grace=4000 label=sort s x7"])
    held = probe(options, artui, [*start, "hold down x90 30"], link=SLOW_LINK)
    back = probe(options, artui, [*start, "quiet 800", "key enter x1", "quiet 800", "key escape x1"], link=SLOW_LINK)
    to_group = [*start, "quiet 900", "keys right right right right right", "keys g"]
    grouping = probe(options, artui, [*to_group, "key c x1", "wait timeout=10 ±0"])
    meanwhile = probe(options, artui, [*to_group, "hold c x1 10", "hold down x20 30"])
    plain = probe(options, artui, [*start, "key down x30", "key pagedown x20"], env={"ARTUI_OUTPUT": "plain"})

    floor = statistics.median(each["first_paint_ms"] for each in floors)
    paint = statistics.median(each["first_paint_ms"] for each in paints)
    down, page, idle = used["by"]["key down x30"], used["by"]["key pagedown x20"], used["by"]["idle 4"]
    scroll = scrolled["by"]["key up x40"]
    rows = [
        (
            "first paint, ms",
            f"{paint:.0f}",
            "250; 1.5 x minimal",
            f"minimal {floor:.0f} (ours {paint / floor:.2f} x)"
            + (f", DataTable {peer['first_paint_ms']:.0f}" if peer else "")
            + (f", VisiData {visidata['first_paint_ms']:.0f}, rows at {visidata['rows_ms']:.0f}" if visidata else ""),
        ),
        (
            "key down, p50 / p95 ms",
            _times(down),
            "5 / 25",
            f"plain output {_times(plain['by']['key down x30'])}"
            + (f", DataTable {_times(peer['by']['key down x30'])}" if peer else "")
            + (f", VisiData {_times(visidata['by']['key down x30'])}" if visidata else ""),
        ),
        (
            "page down, p95 ms",
            f"{page['settle_ms']['p95']:.1f}",
            "25",
            (f"DataTable {peer['by']['key pagedown x10']['settle_ms']['p95']:.0f}" if peer else "")
            + (f", VisiData {visidata['by']['key pagedown x10']['settle_ms']['p95']:.0f}" if visidata else ""),
        ),
        (
            "sort to first page, p50 / max ms",
            f"{sorting['by']['sort']['settle_ms']['p50']:.0f} / {sorting['by']['sort']['settle_ms']['max']:.0f}",
            "150",
            "",
        ),
        ("filter letter, p95 ms", f"{used['by']['type /adam']['settle_ms']['p95']:.0f}", "150", ""),
        (
            "bytes: start",
            f"{paints[0]['total_bytes']:,}",
            "8,000",
            f"plain {plain['total_bytes'] - sum(step['total_bytes'] for step in plain['steps'] if step['step'].startswith('key')):,}",
        ),
        (
            "bytes: move the cursor",
            f"{down['bytes']['mean']:.0f}",
            "400",
            f"plain {plain['by']['key down x30']['bytes']['mean']:.0f}"
            + (f", DataTable {peer['by']['key down x30']['bytes']['mean']:.0f}" if peer else "")
            + (f", VisiData {visidata['by']['key down x30']['bytes']['mean']:.0f}" if visidata else ""),
        ),
        ("bytes: scroll a row", f"{scroll['bytes']['mean']:.0f}", "400", ""),
        (
            "bytes: page",
            f"{page['bytes']['mean']:.0f}",
            "4,000",
            f"plain {plain['by']['key pagedown x20']['bytes']['mean']:.0f}"
            + (f", DataTable {peer['by']['key pagedown x10']['bytes']['mean']:.0f}" if peer else "")
            + (f", VisiData {visidata['by']['key pagedown x10']['bytes']['mean']:.0f}" if visidata else ""),
        ),
        (
            "bytes: esc back to the table, from a run",
            f"{back['by']['key escape x1']['bytes']['mean']:,.0f}",
            "4,000",
            "",
        ),
        (
            "group all runs by a column: groups / with means, ms",
            f"{grouping['by']['key c x1']['settle_ms']['p50']:.0f} / "
            f"{grouping['by']['key c x1']['settle_ms']['p50'] + grouping['by']['wait ±0']['ms']:.0f}",
            "- / 1,000",
            "",
        ),
        (
            "  a key held meanwhile: lag, ms",
            f"{meanwhile['by']['hold down x20 30']['lag_ms']:.0f}",
            "25",
            "",
        ),
        ("held key on 64 kbit/s: lag, ms", f"{held['by']['hold down x90 30']['lag_ms']:.0f}", "500", ""),
        (
            "idle 4 s: bytes / % of a core",
            f"{idle['total_bytes']} / {100 * idle['cpu_seconds'] / 4:.2f}",
            "0 / 0.2",
            "",
        ),
        (
            "peak memory, MiB",
            f"{used['hwm_mib']:.0f}",
            "70",
            f"minimal {floors[0]['hwm_mib']:.0f}"
            + (f", DataTable {peer['hwm_mib']:.0f}" if peer else "")
            + (f", VisiData {visidata['hwm_mib']:.0f}" if visidata else ""),
        ),
    ]
    print(f"{options.catalog.name}, {options.catalog.stat().st_size / 1e6:.0f} MB, 120x36\n")
    for name, ours, limit, others in [("what", "ours", "goal", "others in this run"), *rows]:
        print(f"{name:<32} {ours:>14}   {limit:<20} {others}")


def _visidata(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure VisiData on the runs and the twelve columns that our table shows, written as CSV."""
    from artui.query.runs.columns import chosen_columns, columns
    from artui.query.runs.export import table_of, write_table
    from artui.query.runs.order import RunsRequest, run_order
    from tests.reading import open_reader

    with open_reader(options.catalog) as reader:
        keys = list(run_order(reader, RunsRequest()).keys)
        text = write_table("csv", *table_of(reader, keys, chosen_columns(columns(reader))[:12]))
    target = folder / "runs.csv"
    target.write_text(text)
    first = text.split("\n", 2)[1].split(",", 1)[0]
    report = probe(
        options,
        [options.visidata, str(target)],
        [f"wait timeout=60 label=rows {first}", "quiet 1500", "key down x30", "key pagedown x10"],
    )
    report["rows_ms"] = report["by"]["rows"].get("ms", report["by"]["rows"].get("wait_ms", 0.0))
    return report


def _times(step: dict[str, Any]) -> str:
    return f"{step['settle_ms']['p50']:.1f} / {step['settle_ms']['p95']:.1f}"


if __name__ == "__main__":
    main()
