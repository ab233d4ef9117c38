"""Running runs: how far and how fast they are, what they measure, and what changed since the user last looked."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Input

from artui import clock
from artui.errors import ArtuiError
from artui.model import GOING, RunHead
from artui.query.live import LiveMetric, LiveRun, live_runs
from artui.safetext import clean
from artui.tui.cells import Span, Spans, fit, glyph_of, spark_text, status_style
from artui.tui.keys import bindings, footer_keys
from artui.tui.messages import Link
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.units import ago_text, count_text, duration_text, number_text, plural, signed_text

FIRST_METRICS, FIRST_OF_ENDED = 6, 2


class LiveScreen(CatalogScreen):
    """Holds the running runs, and those that ended a short while ago."""

    SCOPES = ("live", "find", "list", "app")
    PLACE = 4
    BINDINGS = [*bindings("live"), *bindings("find")]

    def __init__(self) -> None:
        super().__init__()
        self._runs: list[LiveRun] = []
        self._shows_all = False
        self._rule_lines: dict[int, str] = {}

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="summary")
        yield LineList(only_links=True, id="walk")
        entry = Input(id="find", placeholder="val/loss rises 5 times", classes="hidden", compact=True)
        entry.cursor_blink = False
        yield entry
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        """The list of runs and rules."""
        return self.query_one("#walk", LineList)

    def on_mount(self) -> None:
        self.show_place()
        self.set_focus(self.listing)
        # Ages grow even when nothing is written.
        self.set_interval(max(5.0, self.artui.settings.refresh_seconds), self._age)

    def load(self) -> None:
        """Ask for the runs."""
        self.ask("live", lambda: live_runs(self.reader), self._take)

    def _take(self, runs: list[LiveRun]) -> None:
        self._runs = runs
        self.artui.take_live(runs)
        if not self.artui.seen_values:
            self._see()
        self._draw()

    def _age(self) -> None:
        if self._going:
            self._draw()

    @property
    def _going(self) -> list[LiveRun]:
        return [run for run in self._runs if run.head.status in GOING]

    def _draw(self) -> None:
        alerts = self.artui.alerts.holding
        going = self._going
        summary: list[Span] = [(f" {len(going)} going on", "bold" if going else "dim")]
        if len(self._runs) > len(going):
            summary.append((f" · {len(self._runs) - len(going)} ended in the last half hour", "dim"))
        if alerts:
            summary.append((f" · {plural(len(alerts), 'alert')}", "bad"))
        self.query_one("#summary", Bar).show(summary, [("• changed since you looked ", "dim")])
        lines: list[Line] = []
        for run in self._runs:
            lines += [*self._run_lines(run), BLANK]
        if not self._runs:
            lines += [
                BLANK,
                Line([("  Nothing is running, and nothing ended in the last half hour.", "text")]),
                BLANK,
                Line([("  Start something with ", "dim"), ("artui exec -- python train.py", "accent")]),
                Line([("  or with ", "dim"), ("artui.start_run()", "accent"), (" in your script.", "dim")]),
                BLANK,
            ]
        lines += self._alert_lines(len(lines))
        self.listing.marks_cursor = any(line.link is not None for line in lines)
        self.listing.set_lines(lines)
        self.show_place()

    def _run_lines(self, run: LiveRun) -> list[Line]:
        head, now_ms = run.head, clock.now_ms()
        width = self.size.width
        went = duration_text(head.took_ms(now_ms))
        spans: list[Span] = [
            glyph_of(head, before=" ", after=" "),
            (fit(clean(head.name), 24).rstrip(), "title"),
            (f"  {head.status}", status_style(head.status)),
            (f" {went}", "dim"),
        ]
        if run.step is not None:
            spans += [("   step ", "dim"), (count_text(run.step), "text")]
        if run.steps_per_second is not None and head.status == "running":
            spans.append((f"  {number_text(run.steps_per_second)}/s", "text"))
        if head.status == "lost":
            spans.append((f"   last heard of {ago_text(run.heard_ms, now_ms)}", "warn"))
        machine = _machine(run)
        lines = [Line([*spans, ("   ", "text"), *machine] if width >= 100 else spans, Link("run", head.id))]
        if width < 100 and machine:
            lines.append(Line([("   ", "text"), *machine]))
        most = FIRST_METRICS if head.status in GOING else FIRST_OF_ENDED
        shown = run.metrics if self._shows_all else run.metrics[:most]
        name_cells = max(12, min(30, max((len(live.metric.title) for live in shown), default=0)))
        lines += [self._metric_line(run, live, name_cells) for live in shown]
        if len(run.metrics) > len(shown):
            lines.append(Line([(f"     and {len(run.metrics) - len(shown)} more (m)", "faint")]))
        return lines

    def _metric_line(self, run: LiveRun, live: LiveMetric, name_cells: int) -> Line:
        metric, summary = live.metric, live.metric.summary
        before = self.artui.seen_values.get((run.head.id, metric.title))
        is_new = before is None or before[0] != summary.count
        change = ""
        if before is not None and is_new and before[1] == before[1] and summary.last == summary.last:
            change = signed_text(summary.last - before[1])
        holds = [alert for alert in self.artui.alerts.holding.values() if (alert.run_id, alert.metric) == (run.head.id, metric.title)]  # fmt: skip
        spark_cells = max(8, min(24, self.size.width - name_cells - 44))
        spans: Spans = [
            ("   ", "text"),
            ("• " if is_new else "  ", "accent"),
            (fit(clean(metric.title), name_cells), "text" if is_new else "dim"),
            (
                fit(number_text(summary.last), 12, right=True),
                "bad" if summary.is_diverged else "bold" if is_new else "text",
            ),
            (fit(change, 12, right=True), "accent"),
            ("  ", "text"),
            (fit(spark_text(live.spark, spark_cells), spark_cells), "dim"),
            (f"  ! {clean(holds[0].rule)}" if holds else "", "bad"),
        ]
        return Line(spans)

    def _alert_lines(self, start: int) -> list[Line]:
        self._rule_lines = {}
        alerts = self.artui.alerts
        lines = [Line([(" alerts", "dim"), ("  told with a bell while the app is open", "faint")])]
        for rule in alerts.rules:
            self._rule_lines[start + len(lines)] = rule.text
            holds = [alert for alert in alerts.holding.values() if alert.rule == rule.text]
            spans: list[Span] = [
                ("   ! " if holds else "   · ", "bad" if holds else "faint"),
                (clean(rule.text), "bad" if holds else "text"),
                ("" if rule.text in alerts.own else "  from the settings", "faint"),
            ]
            if holds:
                named = ", ".join(f"{clean(alert.run)} {number_text(alert.value)}" for alert in holds[:3])
                spans.append((f"  {named}", "dim"))
            lines.append(Line(spans, Link("rule", rule.text)))
        if not alerts.rules:
            lines.append(
                Line(
                    [
                        ("   none yet: ", "dim"),
                        ("A", "key"),
                        (" adds one, such as ", "dim"),
                        ("val/loss rises 5 times", "accent"),
                    ]
                )
            )
        return lines

    def title_spans(self) -> list[Span]:
        """Give the title."""
        return [("live", "title")]

    def _see(self) -> None:
        self.artui.seen_values.update({
            (run.head.id, live.metric.title): (live.metric.summary.count, live.metric.summary.last)
            for run in self._runs
            for live in run.metrics
        })  # fmt: skip

    def action_seen(self) -> None:
        self._see()
        self._draw()

    def on_screen_suspend(self) -> None:
        self._see()

    def action_more(self) -> None:
        self._shows_all = not self._shows_all
        self._draw()

    def action_open(self) -> None:
        link = self.listing.link
        if link is not None and link.kind != "rule":
            self.listing.choose()

    def action_copy(self) -> None:
        link = self.listing.link
        if link is not None:
            self.artui.copy_text(link.id)

    def action_add_rule(self) -> None:
        entry = self.query_one(Input)
        entry.value = ""
        entry.remove_class("hidden")
        entry.focus()
        self.query_one(KeyBar).show_keys([("enter", "keep the rule"), ("esc", "leave")])

    def action_remove_rule(self) -> None:
        text = self._rule_lines.get(self.listing.cursor)
        if text is None:
            self.artui.say("Put the cursor on a rule first.")
        elif self.artui.alerts.remove(text):
            self.artui.say(f"removed: {text}")
            self._draw()
        else:
            self.artui.say("This rule is in settings.toml: remove it there.")

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        text = message.value.strip()
        if text:
            try:
                self.artui.alerts.add(text)
            except ArtuiError as error:
                self.artui.say(str(error), is_warning=True, seconds=15)
                return
        self._leave_entry()
        self.artui.take_live(self._runs)
        self._draw()

    def _leave_entry(self) -> None:
        self.query_one(Input).add_class("hidden")
        self.set_focus(self.listing)
        self.query_one(KeyBar).show_keys(footer_keys(*self.SCOPES))

    def go_back(self) -> bool:
        """Leave the entry of a rule; false if it is not open."""
        if self.query_one(Input).has_class("hidden"):
            return False
        self._leave_entry()
        return True

    def subject(self) -> RunHead | None:
        """Give the run under the cursor."""
        link = self.listing.link
        return next((run.head for run in self._runs if link is not None and run.head.id == link.id), None)


def _machine(run: LiveRun) -> list[Span]:
    """Show how much of the machine a run uses, as far as it was sampled."""
    system = run.system
    spans: list[Span] = []
    gpus = sorted(
        {name.split("/")[1] for name in system if name.startswith("gpu/")}, key=lambda text: (len(text), text)
    )
    for number in gpus[:4]:
        use, memory = system.get(f"gpu/{number}/utilization_percent"), system.get(f"gpu/{number}/memory_percent")
        if use is not None:
            spans += [
                (f"gpu{number} ", "dim"),
                (f"{use:.0f}%", "text"),
                (f" mem {memory:.0f}%  " if memory is not None else "  ", "dim"),
            ]
    if (busy := system.get("process/cpu_percent")) is not None:
        spans += [("cpu ", "dim"), (f"{busy:.0f}%  ", "text")]
    if (memory := system.get("process/memory_mb")) is not None:
        spans += [("mem ", "dim"), (f"{memory / 1000:.1f} GB" if memory >= 1000 else f"{memory:.0f} MB", "text")]
    return spans
