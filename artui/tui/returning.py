"""Where the app opens again after it was closed to have something forgotten: what lay below the question, as far as it is still there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from textual.screen import Screen

    from artui.query.reader import Reader
    from artui.tui.navigation import Navigation
    from artui.tui.widgets.runstable import RunsTable


class Step(NamedTuple):
    """A screen above the table of runs."""

    kind: Literal["artifacts", "artifact", "run", "live"]
    ids: tuple[str, ...] = ()
    """What it shows, or what its cursor is on; behind that, what lies beside it."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The screens that are open, and what their cursors are on."""

    run_keys: tuple[int, ...]
    """The run under the cursor of the table, and behind it those beside it."""
    steps: tuple[Step, ...]


def whereabouts_of(table: RunsTable, screens: Sequence[Screen[Any]]) -> Whereabouts:
    """Say which screens are open above the table of runs."""
    from artui.tui.screens.artifact import ArtifactScreen
    from artui.tui.screens.artifacts import ArtifactsScreen
    from artui.tui.screens.live import LiveScreen
    from artui.tui.screens.run import RunScreen

    steps: list[Step] = []
    for screen in screens:
        if isinstance(screen, ArtifactsScreen):
            keys = _beside(screen.table.keys, screen.table.cursor)
            heads = {row.head.key: row.head.id for row in screen.state.rows}
            steps.append(Step("artifacts", tuple(heads[key] for key in keys if key in heads)))
        elif isinstance(screen, ArtifactScreen):
            steps.append(Step("artifact", (str(screen.artifact_key),)))
        elif isinstance(screen, RunScreen):
            steps.append(Step("run", (screen.run_id,)))
        elif isinstance(screen, LiveScreen):
            steps.append(Step("live"))
    return Whereabouts(_beside(table.keys, table.cursor), tuple(steps))


def _beside(keys: Sequence[int], cursor: int) -> tuple[int, ...]:
    """Give the key under a cursor, those below it, and the one above it; headings, which have none, are left out."""
    around = [*keys[cursor : cursor + 3], *keys[max(0, cursor - 1) : cursor]]
    return tuple(key for key in around if key > 0)


def still_there(reader: Reader, place: Whereabouts) -> Whereabouts:
    """Leave out what is no longer in the catalog."""
    from artui.query.artifacts import artifact_list, versions

    steps: list[Step] = []
    for step in place.steps:
        if step.kind == "artifacts":
            every = {head.id for head in artifact_list(reader)}
            step = step._replace(ids=tuple(artifact_id for artifact_id in step.ids if artifact_id in every)[:1])
        elif step.kind == "artifact" and not versions(reader, int(step.ids[0]), with_deleted=True):
            # What was opened from elsewhere leads to the artifacts that there still are.
            if not any(other.kind == "artifacts" for other in steps):
                steps.append(Step("artifacts"))
            continue
        elif step.kind == "run":
            with reader.snapshot() as connection:
                if connection.execute("SELECT 1 FROM run WHERE id = ?", step.ids).fetchone() is None:
                    continue
        steps.append(step)
    return replace(place, steps=tuple(steps))


def go_back_to(table: RunsTable, navigation: Navigation, place: Whereabouts) -> None:
    """Open the screens again, with their cursors where they were, or beside that."""
    from artui.tui.messages import Link

    there = [key for key in place.run_keys if key in table.keys]
    if there:
        table.move_to(list(table.keys).index(there[0]))
    for step in place.steps:
        if step.kind == "artifacts":
            navigation.show_artifacts(step.ids)
        elif step.kind == "live":
            navigation.show_live()
        else:
            navigation.follow(Link(step.kind, step.ids[0]))
