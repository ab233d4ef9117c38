"""What one does with a metric or a param that was chosen by its name: sort by it, filter by it, draw it, show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from artui.query.filter.tokens import quoted_name
from artui.safetext import clean
from artui.tui.screens.runs import columns

if TYPE_CHECKING:
    from artui.tui.screens.runs.screen import RunsScreen


class Use(NamedTuple):
    """Something that one does with a metric or a param."""

    id: str
    label: str
    help: str
    verbs: str
    """Words for it that may be typed before a name: `plot val/loss`."""
    of: tuple[str, ...] = ("metric", "param")


USES = (
    Use("sort", "sort by it", "the best runs first", "sort order rank best", ("metric",)),
    Use("sort", "sort by it", "the smallest values first", "sort order rank", ("param",)),
    Use("filter", "filter by it", "type which values runs must have", "filter where search"),
    Use(
        "curves",
        "draw its curves",
        "of the marked runs, or all shown",
        "draw plot chart curve curves graph",
        ("metric",),
    ),
    Use("group", "group by it", "runs of one value stand together", "group aggregate", ("param",)),
    Use("column", "show its column", "beside the names of the runs", "show add column"),
    Use("values", "its values", "how they are spread over the runs", "values describe histogram distribution"),
)
"""The first one is what choosing the name does."""


def uses_of(kind: str) -> list[Use]:
    """Give what one does with a thing of a kind; nothing for things that one goes to."""
    return [use for use in USES if kind in use.of]


def use_asked_for(text: str) -> tuple[str, str]:
    """Give the id of the use that the first word of a text is a word for, and the rest, a name; empty if it is none."""
    verb, *rest = text.split() or [""]
    if rest and rest[0].lower() in ("by", "its", "of", "the"):
        rest = rest[1:]
    use_id = next((use.id for use in USES if verb.lower() in use.verbs.split()), "")
    return (use_id, " ".join(rest)) if use_id and rest else ("", "")


def use(screen: RunsScreen, use_id: str, source: str, name: str) -> None:
    """Do with a metric or a param, on the screen of runs, what was chosen."""
    column_id = f"{source}:{name}"
    column = next(iter(columns.columns_of(screen.state, [column_id])), None)
    if column is None:
        screen.artui.say(
            f"No run that is not in the trash has the {source} {clean(name, max_chars=60)}.", is_warning=True
        )
    elif use_id == "filter":
        sources = {column.source for column in columns.all_columns(screen.state) if column.name == name}
        prefix = f"{source}s." if len(sources) > 1 else ""
        screen.type_condition(f"{prefix}{quoted_name(name)} ")
    elif use_id == "curves":
        screen.action_plot("curves", column)
    elif use_id == "values":
        screen.describe(column)
    elif use_id == "group":
        screen.group_by(column)
    elif use_id == "column":
        screen.show_column(column_id)
    else:
        screen.sort_by_name(source, name)
