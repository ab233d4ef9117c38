"""Every key of the app, once: the footer, `?`, the command palette and the README take it from here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Key:
    scope: str
    """A screen or widget of SCOPES."""
    keys: str
    """As Textual names them, separated by commas."""
    action: str
    label: str
    """One or two words for the footer and the palette."""
    help: str
    """A sentence for `?` and the README."""
    in_footer: bool = False

    @property
    def id(self) -> str:
        return f"{self.scope}.{self.action.split('(')[0].removeprefix('app.')}"

    @property
    def shown(self) -> str:
        """The keys as a person reads them."""
        return " ".join(_SHOWN.get(key, key.replace("ctrl+", "^")) for key in self.keys.split(","))


SCOPES = {
    "app": "Everywhere",
    "list": "Moving",
    "runs": "Runs",
    "columns": "Columns",
    "views": "Saved views",
    "why": "Why",
    "run": "Run",
    "charts": "Charts",
    "compare": "Compare",
    "artifacts": "Artifacts",
    "artifact": "Artifact",
    "lineage": "Lineage",
    "live": "Live",
    "text": "Text and logs",
    "logs": "Several logs",
}
"""Where keys work, with the heading in the help."""

_SHOWN = {
    "escape": "esc", "question_mark": "?", "slash": "/", "equals_sign": "=", "left_square_bracket": "[", "right_square_bracket": "]", "left_parenthesis": "(", "right_parenthesis": ")",
    "asterisk": "*", "less_than_sign": "<", "greater_than_sign": ">", "shift+up": "⇧↑", "shift+down": "⇧↓", "plus": "+", "minus": "−", "colon": ":", "down": "↓", "up": "↑", "left": "←", "right": "→", "pagedown": "PgDn", "pageup": "PgUp",
    "shift+tab": "⇧tab", "home": "Home", "end": "End",
}  # fmt: skip

KEYS = (
    Key("app", "escape", "app.go_back", "back", "Go back one level; in a filter, first clear it."),
    Key("app", "question_mark", "app.help", "all keys", "Show the keys of this screen."),
    Key("app", "ctrl+p,colon", "app.command_palette", "commands", "Find any command by its name."),
    Key("app", "1", "app.show_runs", "Runs", "The table of runs."),
    Key("app", "2", "app.show_artifacts", "Artifacts", "All artifacts, by stage and kind."),
    Key("app", "3", "app.show_lineage", "Lineage", "Where what is selected came from, and what came of it."),
    Key("app", "4", "app.show_live", "Live", "Runs that are going on: how far, how fast, what changed, and alerts."),
    Key("app", "I", "app.show_imports", "imports", "What was imported: taken, changed and left, of each store."),
    Key("app", "r", "app.reload", "reload", "Read the catalog again."),
    Key("app", "ctrl+l", "app.redraw", "redraw", "Draw the whole screen again."),
    Key("app", "ctrl+z", "app.suspend_process", "suspend", "Suspend to the shell; `fg` comes back."),
    Key("app", "q", "app.leave", "quit", "Quit, from the table of runs."),
    Key("list", "down,j", "move(1)", "down", "One line down."),
    Key("list", "up,k", "move(-1)", "up", "One line up."),
    Key("list", "pagedown,ctrl+f", "page(1)", "page down", "One page down."),
    Key("list", "pageup,ctrl+b", "page(-1)", "page up", "One page up."),
    Key("list", "ctrl+d", "half_page(1)", "half down", "Half a page down."),
    Key("list", "ctrl+u", "half_page(-1)", "half up", "Half a page up."),
    Key("list", "home,g", "jump_first", "first", "To the first line."),
    Key("list", "end,G", "jump_last", "last", "To the last line; the end of a live log is followed from then on."),
    Key("runs", "enter", "open", "open", "Open the run.", in_footer=True),
    Key("runs", "space", "toggle_mark", "mark", "Mark the run for comparison, or unmark it.", in_footer=True),
    Key(
        "runs",
        "c",
        "compare",
        "compare",
        "Compare the marked runs; with none marked, this one with the one below.",
        in_footer=True,
    ),
    Key(
        "runs",
        "slash",
        "filter",
        "filter",
        "Filter: `val/loss < 0.3 and adam`, or just words; tab completes, ↑ brings back what was used.",
        in_footer=True,
    ),
    Key("runs", "s", "sort", "sort", "Sort by the current column; again: the other way.", in_footer=True),
    Key("runs", "left,h", "column(-1)", "column left", "Choose the column to the left."),
    Key("runs", "right,l", "column(1)", "column right", "Choose the column to the right."),
    Key(
        "runs",
        "p",
        "toggle_pane",
        "details",
        "Show or hide the details of the run under the cursor.",
        in_footer=True,
    ),
    Key(
        "runs",
        "S",
        "sort_also",
        "sort also",
        "Sort equal values by the current column too; again: the other way, then no longer.",
    ),
    Key("runs", "C", "choose_columns", "columns", "Choose the columns and their order.", in_footer=True),
    Key("runs", "minus", "hide_column", "hide column", "Hide the current column."),
    Key("runs", "less_than_sign", "shift_column(-1)", "column to left", "Move the current column to the left."),
    Key("runs", "greater_than_sign", "shift_column(1)", "column to right", "Move the current column to the right."),
    Key("runs", "left_parenthesis", "resize_column(-2)", "narrower", "Make the current column narrower."),
    Key("runs", "right_parenthesis", "resize_column(2)", "wider", "Make the current column wider."),
    Key(
        "runs",
        "P",
        "pin_columns",
        "pin columns",
        "Let the columns up to the current one stay at the left; at the last of them: none.",
    ),
    Key(
        "runs",
        "w",
        "why",
        "what differs",
        "Say what sets the marked runs apart from the others that the filter shows; with none marked, the filter's runs from all others.",
    ),
    Key("runs", "t", "tag", "tag", "Tag the marked runs, or this one: `name`, `name=value`, `-name` takes it off."),
    Key("runs", "n", "note", "note", "Write a note on the marked runs, or on this one."),
    Key("runs", "m", "move_to_project", "move to project", "Put the marked runs, or this one, into another project."),
    Key(
        "runs",
        "X",
        "trash",
        "trash",
        "Put the marked runs, or this one, into the trash, or out of it; `deleted is not null` shows what is there.",
    ),
    Key(
        "runs",
        "u",
        "undo",
        "undo",
        "Take your last change back: also one of an earlier session, or of the command line.",
    ),
    Key("runs", "ctrl+r", "redo", "redo", "Do again what was taken back."),
    Key("runs", "W", "save_view", "keep view", "Keep filter, columns and order as a view in the catalog."),
    Key("runs", "O", "open_views", "views", "Open a view that was kept."),
    Key("runs", "Y", "copy_rows", "copy rows", "Copy the marked rows, or this one, as TSV (OSC 52)."),
    Key("runs", "ctrl+y", "copy_cell", "copy cell", "Copy the value in the current column (OSC 52)."),
    Key(
        "runs",
        "e",
        "export",
        "export",
        "Write the marked runs, or all that the filter shows, as CSV, TSV, JSON, Markdown or LaTeX.",
    ),
    Key("runs", "v", "mark_range", "mark range", "Mark everything from the last marked run to this one."),
    Key(
        "runs",
        "asterisk",
        "invert_marks",
        "invert marks",
        "Mark what is not marked, of the runs that the filter shows.",
    ),
    Key("runs", "M", "clear_marks", "clear marks", "Unmark all runs."),
    Key("runs", "L", "lineage", "lineage", "Show the lineage of the run."),
    Key("runs", "y", "copy", "copy id", "Copy the ids of the marked runs, or of this one (OSC 52)."),
    Key("why", "enter", "show_runs", "show runs", "Show the runs that are like the first in this.", in_footer=True),
    Key("columns", "space", "show_or_hide", "show/hide", "Show the column, or hide it.", in_footer=True),
    Key("columns", "shift+up,K", "shift(-1)", "to the left", "Move the column to the left.", in_footer=True),
    Key("columns", "shift+down,J", "shift(1)", "to the right", "Move the column to the right.", in_footer=True),
    Key("columns", "slash", "filter", "find", "Find columns by parts of their name.", in_footer=True),
    Key("columns", "a", "automatic", "automatic", "Leave the choice to artui again.", in_footer=True),
    Key("columns", "enter", "done", "done", "Back to the runs.", in_footer=True),
    Key("views", "enter", "choose", "open", "Show the runs as the view says.", in_footer=True),
    Key(
        "views",
        "x",
        "remove",
        "remove",
        "Take the view out of the catalog; u in the table of runs takes that back.",
        in_footer=True,
    ),
    Key("run", "enter", "open", "open", "Open what the line names."),
    Key("run", "tab", "next_tab(1)", "next view", "Overview, charts, files, log.", in_footer=True),
    Key("run", "shift+tab", "next_tab(-1)", "previous view", "The same backwards."),
    Key(
        "run",
        "right_square_bracket",
        "neighbour(1)",
        "next run",
        "The next run of the table.",
        in_footer=True,
    ),
    Key(
        "run",
        "left_square_bracket",
        "neighbour(-1)",
        "previous run",
        "The previous run of the table.",
        in_footer=True,
    ),
    Key("run", "L", "lineage", "lineage", "Show the lineage of the run.", in_footer=True),
    Key("run", "y", "copy", "copy id", "Copy the run's id (OSC 52)."),
    Key("charts", "x", "axis", "x axis", "Steps or time on the x axis.", in_footer=True),
    Key("charts", "o", "log_scale", "log y", "Logarithmic y axis, or linear.", in_footer=True),
    Key("charts", "plus", "smooth(1)", "smoother", "Smooth more.", in_footer=True),
    Key("charts", "minus", "smooth(-1)", "rougher", "Smooth less."),
    Key("charts", "z,enter", "zoom", "one chart", "One chart on the whole screen, or all.", in_footer=True),
    Key("charts", "left,h", "left", "left", "The chart, or on one chart the value, to the left."),
    Key("charts", "right,l", "right", "right", "The chart, or on one chart the value, to the right."),
    Key("compare", "enter", "open", "open", "Open the run of the current column."),
    Key(
        "compare",
        "equals_sign",
        "differences",
        "only differences",
        "Show only rows that differ, or all.",
        in_footer=True,
    ),
    Key(
        "compare",
        "b",
        "baseline",
        "baseline",
        "Measure the others against the run of the current column.",
        in_footer=True,
    ),
    Key(
        "compare",
        "right_square_bracket",
        "difference(1)",
        "next difference",
        "The next row that differs.",
        in_footer=True,
    ),
    Key(
        "compare",
        "left_square_bracket",
        "difference(-1)",
        "previous difference",
        "The previous row that differs.",
    ),
    Key(
        "compare",
        "d",
        "direction",
        "lower/higher",
        "Turn round which way is better for this metric.",
        in_footer=True,
    ),
    Key(
        "compare",
        "w",
        "why",
        "why",
        "Say what made the run of the current column better or worse than the baseline, by the metric under the cursor.",
        in_footer=True,
    ),
    Key("compare", "left,h", "column(-1)", "run left", "Choose the run to the left."),
    Key("compare", "right,l", "column(1)", "run right", "Choose the run to the right."),
    Key("compare", "minus", "drop", "drop run", "Take the run of the current column out of the comparison."),
    Key("compare", "x", "axis", "x axis", "Steps or time on the x axis."),
    Key("compare", "o", "log_scale", "log y", "Logarithmic y axis, or linear."),
    Key("compare", "z", "zoom", "curves", "The curves on the whole screen, or back.", in_footer=True),
    Key("artifacts", "enter", "open", "versions", "Show all versions of the artifact.", in_footer=True),
    Key(
        "artifacts",
        "slash",
        "filter",
        "filter",
        "Filter by words in name, kind, stage and alias, while typing.",
        in_footer=True,
    ),
    Key("artifacts", "L", "lineage", "lineage", "Show the lineage of the newest version.", in_footer=True),
    Key(
        "artifacts",
        "p",
        "toggle_pane",
        "details",
        "Show or hide the details of the artifact under the cursor.",
    ),
    Key("artifacts", "y", "copy", "copy reference", "Copy the reference (OSC 52).", in_footer=True),
    Key(
        "artifact",
        "tab",
        "other_pane",
        "other side",
        "Go from the versions to what the version holds, and back.",
        in_footer=True,
    ),
    Key(
        "artifact",
        "enter",
        "open",
        "open",
        "Open the file, run or version that the line names.",
        in_footer=True,
    ),
    Key("artifact", "L", "lineage", "lineage", "Show the lineage of the version.", in_footer=True),
    Key("artifact", "y", "copy", "copy reference", "Copy the reference (OSC 52).", in_footer=True),
    Key("lineage", "enter", "open", "open", "Open the run or version.", in_footer=True),
    Key(
        "lineage",
        "L",
        "root",
        "walk from here",
        "Walk from the run or version under the cursor.",
        in_footer=True,
    ),
    Key("lineage", "y", "copy", "copy", "Copy the reference or id (OSC 52).", in_footer=True),
    Key("live", "enter", "open", "open", "Open the run.", in_footer=True),
    Key("live", "space", "seen", "seen", "Mark all as seen: changes are told from now on.", in_footer=True),
    Key(
        "live",
        "A",
        "add_rule",
        "add alert",
        "Write a rule such as `val/loss rises 5 times`; it is kept.",
        in_footer=True,
    ),
    Key("live", "x", "remove_rule", "remove alert", "Remove the rule under the cursor.", in_footer=True),
    Key("live", "m", "more", "all metrics", "Show all metrics of each run, or the first few.", in_footer=True),
    Key("live", "y", "copy", "copy id", "Copy the run's id (OSC 52)."),
    Key("text", "slash", "filter", "find", "Find text, in either case; what is found is marked.", in_footer=True),
    Key("text", "n", "find(1)", "next", "The next match; after the last one, the first.", in_footer=True),
    Key("text", "N", "find(-1)", "previous", "The previous match.", in_footer=True),
    Key("text", "w", "wrap", "wrap", "Wrap long lines, or cut them.", in_footer=True),
    Key("text", "left,h", "sideways(-1)", "left", "To the left, where long lines are cut."),
    Key("text", "right,l", "sideways(1)", "right", "To the right, where long lines are cut."),
    Key("logs", "right_parenthesis", "other_log(1)", "next log", "The next log of the run.", in_footer=True),
    Key("logs", "left_parenthesis", "other_log(-1)", "previous log", "The previous log of the run."),
)


@cache
def bindings(*scopes: str) -> list[BindingType]:
    """Give Textual's bindings for some scopes."""
    return [
        Binding(key.keys, key.action, key.label, show=False, id=f"{key.id}.{number}")
        for number, key in enumerate(KEYS)
        if key.scope in scopes
    ]


def footer_keys(*scopes: str) -> list[tuple[str, str]]:
    """Give (key, label) pairs for the footer."""
    return [
        (key.shown.split(" ")[0], key.label) for scope in scopes for key in KEYS if key.scope == scope and key.in_footer
    ]


def help_keys(*scopes: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Give (heading, (keys, sentence) pairs) for the help."""
    return [(SCOPES[scope], [(key.shown, key.help) for key in KEYS if key.scope == scope]) for scope in scopes]


def readme_table() -> str:
    """Give the table of keys as the README shows it."""
    lines = ["| where | keys | |", "|---|---|---|"]
    for scope, title in SCOPES.items():
        for number, key in enumerate(key for key in KEYS if key.scope == scope):
            shown = " ".join(f"`{part}`" for part in key.shown.split(" "))
            lines.append(f"| {title if number == 0 else ''} | {shown} | {key.help} |")
    return "\n".join(lines) + "\n"
