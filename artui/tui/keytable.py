"""Every key of the app, once: the footer, `?`, the palette and `artui help keys` take it from here."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """One entry of the table: some keys of a scope, and the action they run."""

    scope: str
    """A screen or widget of SCOPES."""
    keys: str
    """As Textual names them, separated by commas."""
    action: str
    label: str
    """One or two words for the footer and the palette."""
    help: str
    """A sentence for `?` and the manual."""
    in_footer: bool = False
    elsewhere: str = ""
    """A sentence for other screens where one run is in sight, on which the key works too: there it is of the scope ACTS."""
    is_passing: bool = False
    """Whether it works only while a search is on; at other times the key means what else it means there."""

    @property
    def id(self) -> str:
        """Its name in the user's settings."""
        return f"{self.scope}.{self.action.removeprefix('app.').removeprefix('screen.')}"

    @property
    def shown(self) -> str:
        """The keys as people read them."""
        before = "g" if self.scope in MENUS else ""
        return " ".join(before + _SHOWN.get(key, key.replace("ctrl+", "^")) for key in self.keys.split(","))


MENUS = ("grouping",)
"""Scopes whose keys are pressed after another one, which is `g`."""
ACTS = "acts"
"""The scope of the keys of the table of runs that work wherever a run is in sight."""
ACTS_TITLE = "This run"
ALONE = (*MENUS, "pick")
"""Scopes during which the keys of the app mean nothing: the second key of a menu, and a list to type into."""


SCOPES = {
    "app": "Everywhere",
    "list": "Moving",
    "find": "Finding in a list",
    "runs": "Runs",
    "grouping": "Groups of runs",
    "column": "One column",
    "columns": "Columns",
    "views": "Saved views",
    "why": "Why",
    "run": "Run",
    "charts": "Charts",
    "curves": "Curves of many runs",
    "plot": "Charts of runs",
    "scatter": "Scatter",
    "parallel": "Parallel coordinates",
    "histogram": "Histogram",
    "bars": "Histogram of a table",
    "heatmap": "Matrix",
    "pick": "Choosing one of many",
    "compare": "Compare",
    "diff": "Difference of code",
    "artifacts": "Artifacts",
    "artifact": "Artifact",
    "lineage": "Lineage",
    "live": "Live",
    "text": "Text and logs",
    "table": "Tables",
    "logs": "Several logs",
}
"""Headings in the help, by scope."""


_SHOWN = {
    "escape": "esc", "question_mark": "?", "slash": "/", "equals_sign": "=", "left_square_bracket": "[", "right_square_bracket": "]", "left_parenthesis": "(", "right_parenthesis": ")",
    "asterisk": "*", "less_than_sign": "<", "greater_than_sign": ">", "shift+up": "⇧↑", "shift+down": "⇧↓", "plus": "+", "minus": "−", "colon": ":", "down": "↓", "up": "↑", "left": "←", "right": "→", "pagedown": "PgDn", "pageup": "PgUp",
    "percent_sign": "%", "backslash": "\\", "shift+tab": "⇧tab", "full_stop": ".", "comma": ",", "vertical_line": "|", "home": "Home", "end": "End",
}  # fmt: skip


NAMES_BY_SHOWN = {shown: name for name, shown in _SHOWN.items()}
"""Textual's names of keys by the short forms that people read."""


KEY_NAMES = {shown: name for name, shown in _SHOWN.items() if len(shown) == 1 and shown not in "↓↑←→−"} | {
    "-": "minus",
    "esc": "escape",
}
"""Textual's names by the short forms that settings may use instead."""


USUAL_KEYS = (
    Key("app", "escape", "app.go_back", "back", "Go back one level; in a filter, first clear it."),
    Key("app", "question_mark", "app.help", "all keys", "Show the keys of this screen."),
    Key(
        "app",
        "ctrl+p,colon",
        "app.palette",
        "go to",
        "Go to a run, an artifact, a metric or a view by parts of its name or by its reference, or find any action.",
    ),
    Key("app", "1", "app.show_runs", "Runs", "The table of runs."),
    Key("app", "2", "app.show_artifacts", "Artifacts", "All artifacts, by stage and kind."),
    Key("app", "3", "app.show_lineage", "Lineage", "Where what is selected came from, and what came of it."),
    Key("app", "4", "app.show_live", "Live", "Runs that are going on: how far, how fast, what changed, and alerts."),
    Key("app", "I", "app.show_imports", "imports", "What was imported: taken, changed and left, of each store."),
    Key("app", "r", "app.reload", "reload", "Read the catalog again."),
    Key("app", "ctrl+t", "app.choose_theme", "colours", "Choose the colours: dark, light, colour-blind or your own."),
    Key("app", "ctrl+l", "app.redraw", "redraw", "Draw the whole screen again."),
    Key("app", "ctrl+z", "app.suspend_process", "suspend", "Suspend to the shell; `fg` comes back."),
    Key("app", "ctrl+c", "app.help_quit", "quit at once", "Quit from wherever you are; what is half typed is lost."),
    Key("app", "q", "app.leave", "quit", "Quit, from the table of runs."),
    Key("list", "down,j", "move(1)", "down", "One line down."),
    Key("list", "up,k", "move(-1)", "up", "One line up."),
    Key("list", "pagedown,ctrl+f", "page(1)", "page down", "One page down."),
    Key("list", "pageup,ctrl+b", "page(-1)", "page up", "One page up."),
    Key("list", "ctrl+d", "half_page(1)", "half down", "Half a page down."),
    Key("list", "ctrl+u", "half_page(-1)", "half up", "Half a page up."),
    Key("list", "home,g", "jump_first", "first", "To the first line."),
    Key("list", "end,G", "jump_last", "last", "To the last line; the end of a live log is followed from then on."),
    Key("find", "slash", "find_line", "find", "Find a line that has some words; they are marked.", in_footer=True),
    Key("find", "n", "next_line(1)", "next", "After a search: the next line that has them.", is_passing=True),
    Key("find", "N", "next_line(-1)", "previous", "After a search: the line before that has them.", is_passing=True),
    Key("runs", "enter", "open", "open", "Open the run; unfold the group, or fold it.", in_footer=True),
    Key(
        "runs",
        "space",
        "toggle_mark",
        "mark",
        "Mark the run for comparison, or unmark it.",
        in_footer=True,
        elsewhere="Mark this run, or unmark it: the marks are those of the table of runs.",
    ),
    Key(
        "runs",
        "c",
        "compare",
        "compare",
        "Compare the marked runs; with none marked, this one with the one below.",
        in_footer=True,
        elsewhere="Compare this run with the marked ones; with none marked, with the one below it in the table.",
    ),
    Key(
        "runs",
        "slash",
        "filter",
        "filter",
        "Filter: `val/loss < 0.3 and adam`, or just words; tab completes, ↑ brings back what was used.",
        in_footer=True,
    ),
    Key(
        "runs",
        "s",
        "sort",
        "sort",
        "Sort by the current column; again: the other way. What diverged (∞, NaN) comes after all numbers, and what has no value last.",
        in_footer=True,
    ),
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
    Key(
        "runs",
        "b",
        "turn_best",
        "best/last",
        "Show the best value of the current metric instead of the last one, or the last one again. A star marks last values far worse than the best.",
        in_footer=True,
    ),
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
    Key(
        "runs",
        "t",
        "tag",
        "tag",
        "Tag the marked runs, or this one: `name`, `name=value`, `-name` takes it off.",
        elsewhere="Tag this run: `name`, `name=value`, `-name` takes it off.",
    ),
    Key(
        "runs",
        "n",
        "note",
        "note",
        "Write a note on the marked runs, or on this one.",
        elsewhere="Write a note on this run, or change it.",
    ),
    Key("runs", "m", "move_to_project", "move to project", "Put the marked runs, or this one, into another project."),
    Key(
        "runs",
        "X",
        "trash",
        "trash",
        "Put the marked runs, or this one, into the trash, or out of it; `deleted is not null` shows what is there.",
        elsewhere="Put this run into the trash, or out of it; u takes that back.",
    ),
    Key(
        "runs",
        "u",
        "undo",
        "undo",
        "Take your last change back: also one of an earlier session, or of the command line.",
        elsewhere="Take your last change back: also one of an earlier session, or of the command line.",
    ),
    Key(
        "runs",
        "ctrl+r",
        "redo",
        "redo",
        "Do again what was taken back.",
        elsewhere="Do again what was taken back.",
    ),
    Key("runs", "W", "save_view", "keep view", "Keep filter, columns and order as a view in the catalog."),
    Key("runs", "ctrl+o", "open_views", "views", "Open a view that was kept."),
    Key("runs", "Y", "copy_rows", "copy rows", "Copy the marked rows, or this one, as TSV (OSC 52)."),
    Key("runs", "ctrl+y", "copy_cell", "copy cell", "Copy the value in the current column (OSC 52)."),
    Key(
        "runs",
        "e",
        "export",
        "export",
        "Write the marked runs, or all that the filter shows, as CSV, TSV, JSON, Markdown or LaTeX.",
    ),
    Key(
        "runs", "g", "group", "group", "Group runs, or go to the first line: the next key says by what.", in_footer=True
    ),
    Key(
        "runs",
        "f",
        "plot",
        "charts",
        "Curves, scatter, parallel coordinates and histogram of the marked runs, or of all that the filter shows.",
        in_footer=True,
    ),
    Key(
        "runs",
        "F",
        "describe_column",
        "column",
        "Say how the values of the current column are spread, and how often each occurs.",
    ),
    Key(
        "runs",
        "vertical_line",
        "mark_matching",
        "mark matching",
        "Mark the runs whose value in the current column matches: a pattern, or `< 0.3`, `= adam`.",
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
    Key(
        "runs",
        "y",
        "copy",
        "copy id",
        "Copy the ids of the marked runs, or of this one (OSC 52).",
        elsewhere="Copy this run's id (OSC 52).",
    ),
    Key("grouping", "c", "group_by_current", "this column", "By the current column."),
    Key("grouping", "a", "group_also", "and this one", "By the current column as well; again: no longer by that one."),
    Key(
        "grouping",
        "s",
        "group_all_but_seed",
        "all but seed",
        "By all params that vary but the seed: mean and spread over repetitions.",
    ),
    Key("grouping", "p", "group_by('project')", "project", "By project."),
    Key("grouping", "h", "group_by('host')", "host", "By host."),
    Key("grouping", "r", "group_by('parent')", "parent", "By parent run."),
    Key("grouping", "slash", "choose_grouping", "other", "By a param, tag or attribute that is chosen from a list."),
    Key(
        "grouping",
        "m",
        "order_by_mean",
        "by mean",
        "Order groups by the mean of the column that is sorted by, or by their first run.",
    ),
    Key("grouping", "f", "fold_all", "fold all", "Unfold all groups, or fold them."),
    Key("grouping", "u", "ungroup", "no groups", "No groups any more."),
    Key("grouping", "g", "first_line", "first line", "To the first line."),
    Key("column", "enter", "show_runs", "show runs", "Show only the runs that have this value.", in_footer=True),
    Key("column", "slash", "filter", "find", "Find values by parts of them.", in_footer=True),
    Key("column", "b", "group_by", "group by", "Group the runs by this column.", in_footer=True),
    Key("column", "f", "plot", "histogram", "Draw how the values are spread.", in_footer=True),
    Key("column", "y", "copy", "copy", "Copy the value (OSC 52)."),
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
        "minus",
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
    ),
    Key("run", "L", "lineage", "lineage", "Show the lineage of the run.", in_footer=True),
    Key(
        "charts",
        "x",
        "choose_axis",
        "x axis",
        "Place points by step, by time since the start, by wall time, or by another metric such as the epoch.",
        in_footer=True,
    ),
    Key("charts", "o", "log_scale", "log y", "Logarithmic y axis, or linear.", in_footer=True),
    Key("charts", "O", "log_x", "log x", "Logarithmic x axis, or linear."),
    Key("charts", "plus", "smooth(1)", "smoother", "Smooth more.", in_footer=True),
    Key("charts", "minus", "smooth(-1)", "rougher", "Smooth less."),
    Key("charts", "z,enter", "zoom", "one chart", "One chart on the whole screen, or all.", in_footer=True),
    Key(
        "charts",
        "full_stop",
        "zoom_in",
        "closer",
        "Look closer, in the middle or at the cursor, in all charts; so does the mouse: by the wheel, or by dragging over a range.",
        in_footer=True,
    ),
    Key("charts", "comma", "zoom_out", "wider", "Look at more of the x axis."),
    Key(
        "charts",
        "left_parenthesis",
        "pan(-1)",
        "pan left",
        "Look further to the left.",
    ),
    Key("charts", "right_parenthesis", "pan(1)", "pan right", "Look further to the right."),
    Key("charts", "0", "whole", "whole", "Look at the whole x axis again; so does a double click."),
    Key("charts", "left,h", "sideways(-1)", "left", "The chart, or on one chart the value, to the left."),
    Key("charts", "right,l", "sideways(1)", "right", "The chart, or on one chart the value, to the right."),
    Key("charts", "down,j", "vertical(1)", "down", "The chart below; on one chart, the next one."),
    Key("charts", "up,k", "vertical(-1)", "up", "The chart above; on one chart, the one before."),
    Key("charts", "pagedown", "chart_page(1)", "page down", "The next page of charts."),
    Key("charts", "pageup", "chart_page(-1)", "page up", "The page of charts before."),
    Key("charts", "home,g", "jump(-1)", "first", "The first chart."),
    Key("charts", "end,G", "jump(1)", "last", "The last chart."),
    Key("charts", "slash", "find", "find", "Find a chart by parts of its name.", in_footer=True),
    Key("charts", "e", "export", "export", "Write the chart as SVG or PNG.", in_footer=True),
    Key("plot", "tab", "next_tab(1)", "next view", "Curves, scatter, parallel coordinates, histogram.", in_footer=True),
    Key("plot", "shift+tab", "next_tab(-1)", "previous view", "The same backwards."),
    Key(
        "curves",
        "right_square_bracket",
        "highlight(1)",
        "next run",
        "Of many curves, bring those of the next run to the front.",
        in_footer=True,
    ),
    Key(
        "curves", "left_square_bracket", "highlight(-1)", "previous run", "Bring those of the run before to the front."
    ),
    Key("scatter", "x", "screen.choose_x", "x axis", "Choose the column of the x axis.", in_footer=True),
    Key("scatter", "y", "screen.choose_y", "y axis", "Choose the column of the y axis.", in_footer=True),
    Key("scatter", "C", "screen.choose_colour", "colour", "Colour the runs by a column, or by none.", in_footer=True),
    Key("scatter", "greater_than_sign", "screen.swap", "swap", "Exchange the axes."),
    Key("scatter", "O", "log_x", "log x", "Logarithmic x axis, or linear."),
    Key("scatter", "o", "log_scale", "log y", "Logarithmic y axis, or linear.", in_footer=True),
    Key("scatter", "left,h", "step(-1)", "left", "The run to the left."),
    Key("scatter", "right,l", "step(1)", "right", "The run to the right."),
    Key("scatter", "down,j", "climb(-1)", "down", "The run below."),
    Key("scatter", "up,k", "climb(1)", "up", "The run above."),
    Key("scatter", "enter", "open", "open", "Open the run under the cursor.", in_footer=True),
    Key("scatter", "e", "screen.export_picture", "export", "Write the picture as SVG or PNG.", in_footer=True),
    Key("parallel", "left,h", "axis(-1)", "left", "The axis to the left."),
    Key("parallel", "right,l", "axis(1)", "right", "The axis to the right."),
    Key(
        "parallel",
        "up,k",
        "brush(1)",
        "brush",
        "Bring the top, middle or bottom third of the current axis to the front.",
        in_footer=True,
    ),
    Key("parallel", "down,j", "brush(-1)", "brush back", "The same backwards."),
    Key("parallel", "less_than_sign", "shift_axis(-1)", "axis to left", "Move the axis to the left."),
    Key("parallel", "greater_than_sign", "shift_axis(1)", "axis to right", "Move the axis to the right."),
    Key("parallel", "a", "screen.add_axis", "axis", "Add an axis, or take one away.", in_footer=True),
    Key("parallel", "minus", "screen.drop_axis", "drop axis", "Take the current axis away.", in_footer=True),
    Key(
        "parallel",
        "enter",
        "filter_brush",
        "show runs",
        "Show the runs in front of the current axis in the table.",
        in_footer=True,
    ),
    Key("parallel", "e", "screen.export_picture", "export", "Write the picture as SVG or PNG.", in_footer=True),
    Key("histogram", "x", "screen.choose_x", "column", "Choose the column.", in_footer=True),
    Key("histogram", "O", "log_x", "log x", "Logarithmic axis of the values, or linear.", in_footer=True),
    Key("histogram", "left,h", "step(-1)", "left", "The bar to the left."),
    Key("histogram", "right,l", "step(1)", "right", "The bar to the right."),
    Key("histogram", "enter", "filter_bar", "show runs", "Show the runs of the bar in the table.", in_footer=True),
    Key("histogram", "e", "screen.export_picture", "export", "Write the picture as SVG or PNG.", in_footer=True),
    Key("bars", "left,h", "step(-1)", "left", "The bar to the left."),
    Key("bars", "right,l", "step(1)", "right", "The bar to the right."),
    Key("bars", "e", "screen.export_picture", "export", "Write the picture as SVG or PNG.", in_footer=True),
    Key("heatmap", "left,h", "step(0,-1)", "left", "The cell to the left."),
    Key("heatmap", "right,l", "step(0,1)", "right", "The cell to the right."),
    Key("heatmap", "down,j", "step(1,0)", "down", "The cell below."),
    Key("heatmap", "up,k", "step(-1,0)", "up", "The cell above."),
    Key(
        "heatmap",
        "percent_sign",
        "share",
        "shares",
        "Show each number as its share of the row, or as it is.",
        in_footer=True,
    ),
    Key("heatmap", "e", "screen.export_picture", "export", "Write the picture as SVG or PNG.", in_footer=True),
    Key("pick", "enter", "choose", "choose", "Choose the line."),
    Key("pick", "escape", "leave", "leave", "Leave without a choice."),
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
    Key("compare", "minus", "drop", "drop run", "Take the current run out of the comparison."),
    Key(
        "compare", "a", "add_runs", "add", "Add a run by its name or id, or all that a filter matches.", in_footer=True
    ),
    Key("compare", "T", "transpose", "transpose", "Let runs be lines instead of columns, or back.", in_footer=True),
    Key(
        "compare",
        "i",
        "statistics",
        "all numbers",
        "Show smallest, largest, mean and first value and the steps of each metric, or the last value alone.",
    ),
    Key(
        "compare",
        "D",
        "code",
        "code",
        "Show how the code of the current run differs from the baseline's.",
        in_footer=True,
    ),
    Key(
        "compare",
        "x",
        "choose_axis",
        "x axis",
        "Place points by step, by time since the start, by wall time, or by another metric.",
    ),
    Key("compare", "0", "whole", "whole", "Look at the whole x axis again, after the wheel or a drag in the chart."),
    Key("compare", "o", "log_scale", "log y", "Logarithmic y axis, or linear."),
    Key(
        "compare",
        "z,f",
        "plot",
        "charts",
        "Draw these runs on the whole screen: all curves, scatter, parallel coordinates, histogram.",
        in_footer=True,
    ),
    Key("diff", "right_square_bracket", "file(1)", "next file", "The next file that differs.", in_footer=True),
    Key("diff", "left_square_bracket", "file(-1)", "previous file", "The file before that differs.", in_footer=True),
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
    Key(
        "artifact",
        "f",
        "picture",
        "draw",
        "Draw a table of the version: a matrix shaded, a histogram as bars, columns as lines.",
        in_footer=True,
    ),
    Key("artifact", "L", "lineage", "lineage", "Show the lineage of the version.", in_footer=True),
    Key("artifact", "y", "copy", "copy reference", "Copy the reference (OSC 52).", in_footer=True),
    Key(
        "lineage",
        "enter",
        "open",
        "open",
        "Open the run or version; unfold what is folded, or fold it.",
        in_footer=True,
    ),
    Key("lineage", "i", "fold_all", "unfold all", "Unfold everything, or fold it again.", in_footer=True),
    Key(
        "lineage",
        "tab",
        "next_part(1)",
        "data/code",
        "Show data and what is made of it without code, environments and logs, then code and environments alone, then everything.",
        in_footer=True,
    ),
    Key("lineage", "shift+tab", "next_part(-1)", "code/data", "The same backwards."),
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
    Key("live", "s", "seen", "seen", "Take all as seen: changes are shown from now on.", in_footer=True),
    Key(
        "live",
        "A",
        "add_rule",
        "add alert",
        "Write a rule such as `val/loss rises 5 times`; it is kept.",
        in_footer=True,
    ),
    Key("live", "minus", "remove_rule", "remove alert", "Remove the rule under the cursor.", in_footer=True),
    Key("live", "i", "more", "all metrics", "Show all metrics of each run, or the first few.", in_footer=True),
    Key("text", "slash", "filter", "find", "Find text, in either case; what is found is marked.", in_footer=True),
    Key(
        "text",
        "n",
        "find(1)",
        "next",
        "After a search: the next match; after the last one, the first.",
        in_footer=True,
        is_passing=True,
    ),
    Key("text", "N", "find(-1)", "previous", "After a search: the previous match.", in_footer=True, is_passing=True),
    Key("text", "backslash", "wrap", "wrap", "Wrap long lines, or cut them.", in_footer=True),
    Key("text", "left,h", "sideways(-1)", "left", "To the left, where long lines are cut."),
    Key("text", "right,l", "sideways(1)", "right", "To the right, where long lines are cut."),
    Key(
        "table",
        "f",
        "picture",
        "draw",
        "Draw the table: a matrix shaded, a histogram as bars, columns as lines.",
        in_footer=True,
    ),
    Key("logs", "right_parenthesis", "other_log(1)", "next log", "The next log of the run.", in_footer=True),
    Key("logs", "left_parenthesis", "other_log(-1)", "previous log", "The previous log of the run."),
)


class MovedKey(NamedTuple):
    """A key that meant something up to a version, and now says once where that went."""

    scope: str
    key: str
    sentence: str


MOVED_KEYS = (
    MovedKey("charts", "X", "x chooses the x axis, also a metric."),
    MovedKey("scatter", "X", "> exchanges the axes now."),
    MovedKey("heatmap", "n", "% shows shares now."),
    MovedKey("text", "w", "\\ wraps lines now."),
    MovedKey("live", "x", "− removes the alert under the cursor now."),
    MovedKey("live", "m", "i shows all metrics now."),
    MovedKey("views", "x", "− removes the view now."),
    MovedKey("compare", "m", "i shows all numbers now."),
    MovedKey("artifact", "P", "f draws the table now."),
    MovedKey("table", "P", "f draws the table now."),
    MovedKey("runs", "O", "ctrl+o opens views now."),
)
MOVED_IDS = {"charts.axis": "charts.choose_axis", "compare.axis": "compare.choose_axis"}
"""Ids that settings may still name, with those that took their place."""
