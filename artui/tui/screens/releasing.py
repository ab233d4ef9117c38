"""What people do about deployments on the screen: release a version, go back to the one before, note an incident and close it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from artui import clock
from artui.model import PRODUCTION
from artui.model.deployments import MAX_TITLE_CHARS, SEVERITIES, before, checked_text, checked_word, is_judged
from artui.query.given import deployment_answers, model_answers
from artui.query.references import find_version
from artui.reference import check_name
from artui.safetext import clean
from artui.tui.screens.edits import Editor, Waived, missed_by
from artui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from artui.catalog.events import Edit
    from artui.catalog.releasing import Released
    from artui.model import VersionHead
    from artui.model.deployments import Deployment, Incident

_SHOWN_CHARS = 80


class _Wanted(NamedTuple):
    """A version that is to be released, and what it misses."""

    head: VersionHead
    missed: Waived


class ReleaseEditor(Editor):
    """Releases and goes back; opens and closes incidents."""

    def deploy(self, place: Deployment | None) -> None:
        """Ask which version is to serve, where it is not known yet in which deployment, and why."""
        whole = "release (MODEL:v3):" if place is None else f"release in {_shown(place)} (MODEL:v3):"
        names = model_answers if place is None else lambda reader: model_answers(reader, place.project)
        self.prompt(whole, lambda text: self._ask_place(text.strip(), place), enter_word="go on", names=names)

    def _ask_place(self, reference: str, place: Deployment | None) -> None:
        if not reference:
            return
        if place is not None:
            self._see(reference, place.name, place.project)
            return
        self.prompt(
            f"release {clean(reference, max_chars=_SHOWN_CHARS)} in (fraud-api/production):",
            lambda text: self._see(reference, text.strip(), ""),
            enter_word="go on",
            names=deployment_answers,
        )

    def _see(self, reference: str, name: str, project: str) -> None:
        """Find the version, see what it misses, and ask why it is released."""
        check_name(name, what="a deployment")
        reader = self._screen.reader

        def read() -> _Wanted:
            head = find_version(reader, reference)
            return _Wanted(head, missed_by(reader, [head], PRODUCTION) if is_judged(name, "live") else ())

        def ask(wanted: _Wanted) -> None:
            head, missed = wanted
            said = f"{clean(head.reference, max_chars=_SHOWN_CHARS)} in {clean(name, max_chars=_SHOWN_CHARS)}"
            if not missed:
                self.prompt(
                    f"release {said}? Reason:  (enter: none)", lambda why: self._deploy(wanted, name, project, why), enter_word="release"
                )  # fmt: skip
                return
            more = f" and {len(missed) - 1} more" if len(missed) > 1 else ""
            self.prompt(
                f"{missed[0].text}{more}. Reason to override:", lambda why: self._deploy(wanted, name, project, why), enter_word="override"
            )  # fmt: skip

        self._screen.ask("loser", read, ask, sees_changes=True)

    def _deploy(self, wanted: _Wanted, name: str, project: str, why: str) -> None:
        head, missed = wanted
        if missed and not why.strip():
            self._say("Nothing was changed: what misses a criterion is not released without a reason.", is_warning=True)
            return

        def release(edit: Edit, connection: object) -> Released:
            from artui.catalog import releasing

            released = releasing.deploy(edit, connection, head.id, name, project=project)  # type: ignore[arg-type]
            for one in missed:
                edit.waive(one.version_id, one.key, one.condition)
            return released

        self._change(
            f"release of {head.reference} in {name}",
            why,
            release,
            lambda released: self._say_released(released, head.reference),
        )

    def _say_released(self, released: Released, reference: str) -> None:
        place = clean(released.deployment.name, max_chars=_SHOWN_CHARS)
        if released.release is None:
            self._said_of_change(f"{place} serves {reference} already.", False)
            return
        moved = f" · {released.alias} moved with it" if released.alias else ""
        stays = (
            f" · the alias stays, {', '.join(released.elsewhere)} serves another version" if released.elsewhere else ""
        )
        self._said_of_change(f"{place} serves {reference} now{moved}{stays}", True)

    def roll_back(self, place: Deployment | None) -> None:
        """Ask why the deployment is to serve again what it served before."""
        goal = None if place is None else before(place.releases, clock.now_ms())
        if place is None or goal is None:
            self._say("There is nothing to go back to: no other version served here." if place is not None else "There is no deployment here.")  # fmt: skip
            return

        def roll_back(edit: Edit, connection: object) -> Released:
            from artui.catalog import releasing

            return releasing.roll_back(edit, connection, place.name, project=place.project)  # type: ignore[arg-type]

        def answer(why: str) -> None:
            if not why.strip():
                self._say("Nothing was changed: a rollback needs a reason.", is_warning=True)
                return
            self._change(
                f"rollback of {place.name}", why, roll_back, lambda released: self._say_released(released, goal.release.named)
            )  # fmt: skip

        named = clean(goal.release.named, max_chars=_SHOWN_CHARS)
        self.prompt(f"serve {named} again in {_shown(place)}? Reason:", answer, enter_word="roll back")

    def open_incident(self, place: Deployment | None) -> None:
        """Ask what went wrong, and how bad it is."""
        if place is None:
            self._say("There is no deployment here.")
            return

        def ask_severity(text: str) -> None:
            title = checked_text(text, "title of an incident", MAX_TITLE_CHARS)
            self.prompt(
                f"how bad is it ({', '.join(SEVERITIES)}):", lambda word: self._open_incident(place, title, checked_word(word, SEVERITIES, "severity")),
                text="medium", enter_word="note", names=lambda _: SEVERITIES,
            )  # fmt: skip

        self.prompt(f"what went wrong in {_shown(place)}:", ask_severity, enter_word="go on")

    def _open_incident(self, place: Deployment, title: str, severity: str) -> None:
        def note(edit: Edit, connection: object) -> None:
            from artui.catalog import releasing

            releasing.note_incident(edit, connection, place.name, title, project=place.project, severity=severity)  # type: ignore[arg-type]

        self._change(f"incident of {place.name}", "", note, lambda _: self._said_of_change(f"{title}: noted", True))

    def close_incident(self, place: Deployment | None, incident: Incident | None) -> None:
        """Ask for the cause of an incident and what was done, and close it; one that is closed is opened again."""
        if place is None or incident is None:
            self._say("Move to the incident that is over, on its line below.")
            return
        title = clean(incident.title, max_chars=_SHOWN_CHARS)
        if not incident.is_open:
            self._screen.query_one(Prompt).ask_yes_or_no(
                f"{title}: open it again?", lambda: self._change_incident(place, incident, closed_ms=0, done="is open again")
            )  # fmt: skip
            return

        def ask_resolution(cause: str) -> None:
            self.prompt(
                f"{title}: what was done about it?  (enter: nothing said)",
                lambda done: self._change_incident(place, incident, closed_ms=clock.now_ms(), cause=cause, resolution=done, done="is closed"),
                text=incident.resolution, enter_word="close",
            )  # fmt: skip

        self.prompt(
            f"{title}: what was the cause?  (enter: not known)", ask_resolution, text=incident.cause, enter_word="go on"
        )

    def _change_incident(
        self, place: Deployment, incident: Incident, *, closed_ms: int, done: str, cause: str | None = None, resolution: str | None = None
    ) -> None:  # fmt: skip
        def change(edit: Edit, connection: object) -> None:
            from artui.catalog import releasing

            releasing.change_incident(edit, place, incident, closed_ms=closed_ms, cause=cause, resolution=resolution)

        self._change(
            f"incident of {place.name}", "", change, lambda _: self._said_of_change(f"{incident.title} {done}", True)
        )

    def _change(
        self, label: str, why: str, change: Callable[[Edit, object], object], then: Callable[..., None]
    ) -> None:
        path = self._screen.reader.path

        def work() -> object:
            from artui.catalog import Catalog, events

            with (
                Catalog(path) as catalog,
                catalog.transaction() as connection,
                events.editing(catalog, label, why=why) as edit,
            ):
                return change(edit, connection)

        self._screen.change("edit", work, then)


def _shown(place: Deployment) -> str:
    return clean(place.name, max_chars=_SHOWN_CHARS)
