"""Rules about metrics and deployments while the app is open: one that comes to hold rings once and may run the user's command.

Rules are the user's, for all catalogs. Two are there from the start: a metric that becomes NaN or infinite, and a run
that logs nothing for far longer than usual. What was told is remembered, so that the next start does not tell it again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from artui import clock
from artui.errors import ArtuiError
from artui.safetext import clean
from artui.settings import MAX_KEPT_ALERTS, Settings, keep_state, kept_alerts, private_folder, read_state, state_folder
from artui.sheets.progress import silence_text
from artui.units import number_text

if TYPE_CHECKING:
    from artui.model.production import Raised
    from artui.query.live import LiveRun
    from artui.query.rules import Alert, Rule
    from artui.query.windowrules import WindowRule

MAX_RULES = MAX_KEPT_ALERTS
BUILT_IN = {"* is not finite": "", "run stalls": "no step for far longer than usual"}
"""The rules that are there from the start, with what they mean where they do not say it themselves."""
MAX_TOLD = 500
_OFF, _TOLD = "alerts-off", "alerts-told"
"""Names of what is remembered: rules that were there from the start and were removed, and alerts that were told."""


class Alerts:
    """The user's rules: the one built in, those in the settings, and those added in the app, which are kept in the state folder."""

    def __init__(self, settings: Settings, tell: Callable[[str], None]) -> None:
        self._settings = settings
        self._tell = tell
        self._since_ms = clock.now_ms()
        self._rules: list[Rule] | None = None
        self.own: set[str] = set()
        """Texts of the rules that were added in the app and can be removed there."""
        self._of_runs: dict[tuple[str, str, str], Alert] = {}
        self._of_places: dict[tuple[str, str, str], Alert] = {}
        self._told: dict[tuple[str, str, str], None] = {}
        """Alerts that were told, here or at an earlier start, and have not ceased since; the oldest first."""
        kept = kept_alerts()
        if settings.alerts or kept:
            # What is wrong with them is said at once.
            self._load(kept)

    @property
    def holding(self) -> dict[tuple[str, str, str], Alert]:
        """What holds now: for runs, then for deployments."""
        return self._of_runs | self._of_places

    @property
    def rules(self) -> list[Rule]:
        """All rules; those that nobody wrote are read only when they are needed, after the first view."""
        if self._rules is None:
            self._load(())
        assert self._rules is not None
        return self._rules

    def _load(self, kept: Sequence[str]) -> None:
        self._rules, self._told = [], _kept_keys()
        for text in BUILT_IN:
            if text not in _listed(read_state(_OFF)):
                self._take(text)
        for text in self._settings.alerts:
            self._take(text)
        for text in kept:
            if self._take(text):
                self.own.add(self.rules[-1].text)

    def _take(self, text: str) -> bool:
        from artui.query.rules import parse_rule

        try:
            rule = parse_rule(text)
        except ArtuiError as error:
            self._tell(str(error))
            return False
        if any(other.text == rule.text for other in self.rules) or len(self.rules) >= MAX_RULES:
            return False
        self.rules.append(rule)
        return True

    def add(self, text: str) -> None:
        """Add a rule and keep it.

        Raises:
            UsageError: the text is no rule.
        """
        from artui.query.rules import parse_rule

        rule = parse_rule(text)
        if any(other.text == rule.text for other in self.rules):
            return
        if rule.text in BUILT_IN:
            self.rules.insert(0, rule)
            keep_state(_OFF, [other for other in _listed(read_state(_OFF)) if other != rule.text])
            return
        self.rules.append(rule)
        self.own.add(rule.text)
        self._keep()

    def remove(self, text: str) -> bool:
        """Remove a rule that was added in the app or is built in; false for a rule from the settings."""
        is_built_in = text in BUILT_IN and text not in self._settings.alerts
        if text not in self.own and not is_built_in:
            return False
        self._rules = [rule for rule in self.rules if rule.text != text]
        self._of_runs = {key: alert for key, alert in self._of_runs.items() if alert.rule != text}
        self._of_places = {key: alert for key, alert in self._of_places.items() if alert.rule != text}
        if is_built_in:
            keep_state(_OFF, [*(other for other in _listed(read_state(_OFF)) if other != text), text])
        else:
            self.own.discard(text)
            self._keep()
        return True

    def origin(self, text: str) -> str:
        """Say where a rule comes from, if the user did not write it in the app."""
        if text in self.own or text in self._settings.alerts:
            return "" if text in self.own else "from the settings"
        return "built in" + (f": {meaning}" if (meaning := BUILT_IN.get(text)) else "")

    @property
    def alarmed(self) -> dict[str, str]:
        """Names of the runs and deployments for which an alert holds, by their ids."""
        return {alert.run_id: alert.run for alert in self.holding.values()}

    def of_run(self, run_id: str) -> list[Alert]:
        """Give the alerts that hold for a run."""
        return [alert for alert in self.holding.values() if alert.run_id == run_id]

    def look(self, runs: Sequence[LiveRun], now_ms: int) -> list[Alert]:
        """Check which rules hold; give the alerts that were not told yet, after running the user's command for each.

        None is told of a run that had ended before the app was started: it is too late to call anybody.
        """
        from artui.query.rules import alerts

        self._of_runs = {alert.key: alert for alert in alerts(runs, self.rules, now_ms)}
        over_ids = {run.head.id for run in runs if run.head.ended_ms is not None and run.head.ended_ms < self._since_ms}
        return self._news(self._of_runs, {run.head.id for run in runs}, over_ids)

    def window_rules(self) -> list[WindowRule]:
        """Give the rules that are about deployments."""
        from artui.query.windowrules import about_deployments

        return about_deployments(rule.text for rule in self.rules)

    def look_at_places(self, raised: Mapping[str, tuple[str, Sequence[Raised]]]) -> list[Alert]:
        """Take which rules hold in deployments, by their ids, each with its name; give the alerts that were not told yet, as `look` does."""
        from artui.query.rules import Alert

        texts = {rule.text for rule in self.rules}
        alerts = (
            Alert(
                one.rule,
                place_id,
                name,
                one.name + (f"[{one.slice}]" if one.slice else ""),
                one.value,
                is_of_place=True,
            )
            for place_id, (name, of_place) in raised.items()
            for one in of_place
            if one.rule in texts
        )
        self._of_places = {alert.key: alert for alert in alerts}
        return self._news(self._of_places, set(raised), set())

    def _news(
        self, holding: Mapping[tuple[str, str, str], Alert], seen_ids: set[str], over_ids: set[str]
    ) -> list[Alert]:
        # What ceased to hold is told again when it comes back; runs of other catalogs are not in sight.
        told = {key: None for key in self._told if key in holding or key[1] not in seen_ids}
        news = [alert for key, alert in holding.items() if key not in told]
        told |= dict.fromkeys(alert.key for alert in news)
        fresh = [alert for alert in news if alert.run_id not in over_ids]
        for alert in fresh:
            self._run_command(alert)
        if told.keys() != self._told.keys():
            self._told = told
            keep_state(_TOLD, list(told)[-MAX_TOLD:])
        return fresh

    def _run_command(self, alert: Alert) -> None:
        """Run the command from the settings; text from the catalog reaches it only through its environment."""
        import shlex
        import subprocess

        try:
            command = shlex.split(self._settings.alert_command)
        except ValueError as error:
            self._tell(f"alert_command in the settings cannot be understood: {error}")
            return
        if not command:
            return
        variables = {
            "ARTUI_ALERT": alert.rule, "ARTUI_ALERT_RUN": "" if alert.is_of_place else alert.run,
            "ARTUI_ALERT_RUN_ID": "" if alert.is_of_place else alert.run_id, "ARTUI_ALERT_DEPLOYMENT": alert.run if alert.is_of_place else "",
            "ARTUI_ALERT_METRIC": alert.metric, "ARTUI_ALERT_VALUE": repr(alert.value),
        }  # fmt: skip
        try:
            subprocess.Popen(
                command, env={**os.environ, **{name: clean(text) for name, text in variables.items()}}, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            self._tell(f"alert_command of the settings cannot be run: {error.strerror}")

    def _keep(self) -> None:
        try:
            path = private_folder(state_folder()) / "alerts"
            part = path.with_name("alerts.part")
            part.write_text(
                "".join(f"{rule.text}\n" for rule in self.rules if rule.text in self.own), "utf-8", "replace"
            )
            part.replace(path)
        except (OSError, RuntimeError) as error:
            self._tell(f"the rule is not kept: {getattr(error, 'strerror', None) or error}")


def alert_text(alert: Alert) -> str:
    """Say what is wrong: `val/loss NaN`, `no step for 5m`."""
    if not alert.metric:
        return silence_text(int(alert.value * 1000))
    return f"{clean(alert.metric)} {'was ' if alert.is_over else ''}{number_text(alert.value)}"


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _kept_keys() -> dict[tuple[str, str, str], None]:
    """Read which alerts were told."""
    keys = [key for key in _listed(read_state(_TOLD)) if isinstance(key, list) and len(key) == 3]
    return {(rule, run_id, metric): None for rule, run_id, metric in keys if isinstance(rule, str) and isinstance(run_id, str) and isinstance(metric, str)}  # fmt: skip
