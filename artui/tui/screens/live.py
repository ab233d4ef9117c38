"""Running runs: how far and how fast they are, what they measure, and what changed since the user last looked."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widget import Widget

from artui import clock
from artui.errors import ArtuiError
from artui.model import GOING, RunHead
from artui.query.live import LiveMetric, LiveRun, live_runs
from artui.safetext import clean
from artui.tui.cells import Span, Spans, fit, fit_middle, glyph_of, spark_text, status_style
from artui.tui.keys import bindings
from artui.tui.keytable import ACTS
from artui.tui.messages import LineChosen, Link
from artui.tui.screens.acting import ActsOnRuns
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.tui.widgets.prompt import Prompt
from artui.units import ago_text, count_text, duration_text, number_text, plural, signed_text

FIRST_METRICS, FIRST_OF_ENDED = 6, 2
WIDE_CELLS = 100


class LiveScreen(ActsOnRuns):
    """Holds the running runs, and those that ended a short while ago."""

    SCOPES = ("live", ACTS, "find", "list", "app")
    PLACE = 4
    BINDINGS = bindings("live", "find", ACTS)

    def __init__(self) -> None:
        super().__init__()
        self._runs: list[LiveRun] = []
        self._shows_all = False

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="summary")
        yield LineList(only_links=True, id="walk")
        yield Prompt()
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
        lines: list[Line] = [*self._alert_lines(), BLANK] if self.artui.alerts.rules else []
        for run in self._in_order():
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
        if not self.artui.alerts.rules:
            lines += self._alert_lines()
        is_first = not self.listing.lines
        self.listing.marks_cursor = any(line.link is not None for line in lines)
        self.listing.set_lines(lines)
        if is_first:
            # Rules are above the runs; the cursor begins on a run.
            self.listing.move_to(next((i for i, line in enumerate(lines) if line.link and line.link.kind == "run"), 0))
        self.show_place()

    def _in_order(self) -> list[LiveRun]:
        """Give the runs, those first for which an alert holds."""
        alarmed = {alert.run_id for alert in self.artui.alerts.holding.values()}
        return sorted(self._runs, key=lambda run: run.head.id not in alarmed)

    def show_marks(self) -> None:
        """Show beside the names which runs are marked."""
        if self._runs:
            self._draw()

    def _run_lines(self, run: LiveRun) -> list[Line]:
        head, now_ms = run.head, clock.now_ms()
        width = self.size.width
        went = duration_text(head.took_ms(now_ms))
        how_long = f" for {went}" if head.status in GOING else f", took {went}"
        spans: list[Span] = [
            glyph_of(head, before=" ", after=" "),
            *self.mark_spans(head),
            (fit_middle(clean(head.name), 24).rstrip(), "title"),
            (f"  {head.status}", status_style(head.status)),
            (how_long if went else "", "dim"),
        ]
        if run.step is not None:
            spans += [("   step ", "dim"), (count_text(run.step), "text")]
        if run.steps_per_second is not None and head.status == "running":
            spans.append((f"  {number_text(run.steps_per_second)}/s", "text"))
        if head.status == "lost":
            spans.append((f"   last heard of {ago_text(run.heard_ms, now_ms)}", "warn"))
        machine = _machine(run)
        lines = [Line([*spans, ("   ", "text"), *machine] if width >= WIDE_CELLS else spans, Link("run", head.id))]
        if width < WIDE_CELLS and machine:
            lines.append(Line([("   ", "text"), *machine]))
        most = FIRST_METRICS if head.status in GOING else FIRST_OF_ENDED
        shown = run.metrics if self._shows_all else run.metrics[:most]
        name_cells = max(12, min(30, max((len(live.metric.title) for live in shown), default=0)))
        lines += [self._metric_line(run, live, name_cells) for live in shown]
        if len(run.metrics) > len(shown):
            lines.append(Line([(f"     and {len(run.metrics) - len(shown)} more (i)", "faint")]))
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
            (fit_middle(clean(metric.title), name_cells), "text" if is_new else "dim"),
            (
                fit(number_text(summary.last), 12, right=True),
                "bad" if summary.is_diverged else "bold" if is_new else "text",
            ),
            (fit(change, 12, right=True), "accent"),
            ("  ", "text"),
            (fit(spark_text(live.spark, spark_cells), spark_cells), "dim"),
            ((f"  ! {clean(holds[0].rule)}" if self.size.width >= WIDE_CELLS else "  !") if holds else "", "bad"),
        ]
        return Line(spans)

    def _alert_lines(self) -> list[Line]:
        """List the rules, each with the runs for which it holds below it."""
        alerts = self.artui.alerts
        lines = [Line([(" alerts", "dim"), ("  told with a bell while the app is open", "faint")])]
        for rule in alerts.rules:
            holds = [alert for alert in alerts.holding.values() if alert.rule == rule.text]
            spans: list[Span] = [
                ("   ! " if holds else "   · ", "bad" if holds else "faint"),
                (clean(rule.text), "bad" if holds else "text"),
                ("" if rule.text in alerts.own else "  from the settings", "faint"),
            ]
            lines.append(Line(spans, Link("rule", rule.text)))
            for alert in holds:
                value: list[Span] = [(f"  {clean(alert.metric)} {number_text(alert.value)}", "dim")]
                lines.append(Line([("     ", "text"), (clean(alert.run), "accent"), *value], Link("run", alert.run_id)))
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
        self.listing.choose()

    def on_line_chosen(self, message: LineChosen) -> None:
        """Open the run; on an alert, the first run for which it holds."""
        link = message.link
        if link is None or link.kind != "rule":
            return
        # The base is not to follow it: a rule is no place.
        message.stop()
        message.prevent_default()
        holds = [alert for alert in self.artui.alerts.holding.values() if alert.rule == link.id]
        if holds:
            self.artui.follow(Link("run", holds[0].run_id))
        else:
            self.artui.say("This alert holds for no run now · − removes it")

    def action_add_rule(self) -> None:
        self._ask_rule("")

    def _ask_rule(self, text: str) -> None:
        self.query_one(Prompt).ask("alert  (such as val/loss rises 5 times)", self._add_rule, text=text)

    def prompt_home(self) -> Widget:
        """Give the list."""
        return self.listing

    def action_remove_rule(self) -> None:
        link = self.listing.link
        text = link.id if link is not None and link.kind == "rule" else None
        if text is None:
            self.artui.say("Put the cursor on an alert first.")
        elif self.artui.alerts.remove(text):
            self.artui.say(f"removed: {text}")
            self._draw()
        else:
            self.artui.say("This rule is in settings.toml: remove it there.")

    def _add_rule(self, text: str) -> None:
        if not text:
            return
        try:
            self.artui.alerts.add(text)
        except ArtuiError as error:
            self._ask_rule(text)
            self.artui.say(str(error), is_warning=True, seconds=15)
            return
        self.artui.say("It is yours, and watches all catalogs · − removes it")
        self.artui.take_live(self._runs)
        self._draw()

    def go_back(self) -> bool:
        """Leave the question at the bottom; false if there is none."""
        return self.query_one(Prompt).leave()

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
