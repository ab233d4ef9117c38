"""Rules about metrics while the app is open: one that comes to hold rings once and may run the user's command."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from artui.errors import ArtuiError
from artui.safetext import clean
from artui.settings import Settings, private_folder, state_folder

if TYPE_CHECKING:
    from artui.query.live import LiveRun
    from artui.query.rules import Alert, Rule

MAX_RULES = 50


class Alerts:
    """The user's rules: those in the settings, and those added in the app, which are kept in the state folder."""

    def __init__(self, settings: Settings, tell: Callable[[str], None]) -> None:
        self._settings = settings
        self._tell = tell
        self.rules: list[Rule] = []
        self.own: set[str] = set()
        """Texts of the rules that were added in the app and can be removed there."""
        self.holding: dict[tuple[str, str, str], Alert] = {}
        for text in settings.alerts:
            self._take(text)
        for text in self._kept():
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
        if all(other.text != rule.text for other in self.rules):
            self.rules.append(rule)
            self.own.add(rule.text)
            self._keep()

    def remove(self, text: str) -> bool:
        """Remove a rule that was added in the app; false for a rule from the settings."""
        if text not in self.own:
            return False
        self.rules = [rule for rule in self.rules if rule.text != text]
        self.holding = {key: alert for key, alert in self.holding.items() if alert.rule != text}
        self.own.discard(text)
        self._keep()
        return True

    def look(self, runs: Sequence[LiveRun], now_ms: int) -> list[Alert]:
        """Check which rules hold; give the alerts that did not hold last time, after running the user's command for each."""
        from artui.query.rules import alerts

        holding = {alert.key: alert for alert in alerts(runs, self.rules, now_ms)}
        fresh = [alert for key, alert in holding.items() if key not in self.holding]
        self.holding = holding
        for alert in fresh:
            self._run_command(alert)
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
            "ARTUI_ALERT": alert.rule, "ARTUI_ALERT_RUN": alert.run, "ARTUI_ALERT_RUN_ID": alert.run_id,
            "ARTUI_ALERT_METRIC": alert.metric, "ARTUI_ALERT_VALUE": repr(alert.value),
        }  # fmt: skip
        try:
            subprocess.Popen(
                command, env={**os.environ, **{name: clean(text) for name, text in variables.items()}}, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            self._tell(f"alert_command of the settings cannot be run: {error.strerror}")

    def _kept(self) -> list[str]:
        try:
            text = (state_folder() / "alerts").read_text("utf-8", "replace")
        except (OSError, RuntimeError):  # no home folder, so no state folder
            return []
        return [line for line in text.splitlines() if line.strip()][:MAX_RULES]

    def _keep(self) -> None:
        try:
            path = private_folder(state_folder()) / "alerts"
            part = path.with_name("alerts.part")
            part.write_text("".join(f"{rule.text}\n" for rule in self.rules if rule.text in self.own), "utf-8")
            part.replace(path)
        except (OSError, RuntimeError) as error:
            self._tell(f"the rule is not kept: {getattr(error, 'strerror', None) or error}")
