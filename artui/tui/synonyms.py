"""Words that people type for actions which are called otherwise here, and the order of the actions that words fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from artui.query import fuzzy

if TYPE_CHECKING:
    from artui.tui.keytable import Key

SYNONYMS: dict[str, str] = {
    "app.help": "help shortcut hotkey keybinding binding manual documentation settings config preferences",
    "app.show_runs": "experiment trial job home",
    "app.show_artifacts": "model dataset data file version production candidate alias registry checkpoint",
    "app.show_lineage": "provenance graph origin upstream downstream dependency dag trace",
    "app.show_live": "alert alarm monitor watch running progress dashboard status",
    "app.show_lifecycle": "stages requirements data modelling operations project overview missing checklist governance",
    "app.show_deployments": "deploy release serving served production rollback incident canary shadow endpoint monitor",
    "app.show_changes": "diff difference since changed delta",
    "app.choose_moment": "history past time travel back then",
    "app.show_imports": "mlflow wandb tensorboard lightning sync ingest store",
    "app.show_sql": "select query database sqlite table view join where console",
    "app.show_room": "garbage collect clean cleanup prune free space disk retention purge",
    "app.reload": "refresh update",
    "app.choose_theme": "theme color colour dark light scheme appearance style contrast settings config preferences",
    "app.redraw": "repaint clear screen garbled",
    "app.suspend_process": "background shell pause",
    "app.leave": "exit close leave bye",
    "app.go_back": "previous return cancel",
    "runs.open": "show view details expand",
    "runs.toggle_mark": "select pick check choose",
    "runs.compare": "diff difference versus side",
    "runs.filter": "search query where find condition",
    "runs.sort": "order rank ascending descending",
    "runs.sort_also": "order secondary then",
    "runs.toggle_pane": "preview sidebar panel inspect",
    "runs.choose_columns": "field metric param show hide add configure",
    "runs.turn_best": "minimum maximum min max lowest highest final",
    "runs.hide_column": "remove field",
    "runs.shift_column": "reorder field",
    "runs.resize_column": "width size field",
    "runs.pin_columns": "freeze fix sticky",
    "runs.why": "why explain cause reason importance diff difference explanation",
    "runs.tag": "label rename star favourite favorite flag",
    "runs.note": "comment describe description annotate text rename",
    "runs.move_to_project": "folder experiment rename assign",
    "runs.trash": "delete remove archive discard restore bin",
    "runs.undo": "revert back restore",
    "runs.redo": "repeat again",
    "runs.save_view": "save store bookmark query",
    "runs.open_views": "bookmark saved load",
    "runs.copy_rows": "clipboard yank tsv",
    "runs.copy_cell": "clipboard yank value",
    "runs.copy": "clipboard yank",
    "runs.export": "save csv json excel latex markdown download write",
    "runs.group": "aggregate seed cluster pivot average",
    "runs.plot": "plot chart graph curve picture figure scatter parallel coordinates png svg image draw visualise visualize",
    "runs.describe_column": "statistics distribution histogram count unique values summary",
    "runs.mark_matching": "select pattern regex",
    "runs.mark_range": "select",
    "runs.invert_marks": "select",
    "runs.clear_marks": "deselect unselect none",
    "runs.lineage": "provenance graph origin dependency trace",
    "run.next_tab": "chart plot curve file log console output tab",
    "run.neighbour": "sibling",
    "charts.smooth": "smoothing ema moving average",
    "charts.log_scale": "logarithm scale",
    "charts.log_x": "logarithm scale",
    "charts.choose_axis": "step time wall epoch",
    "charts.zoom": "fullscreen maximise maximize",
    "charts.zoom_in": "magnify zoom",
    "charts.zoom_out": "zoom",
    "charts.whole": "reset zoom",
    "export": "save png svg image write download picture",
    "export_picture": "save png svg image write download picture",
    "choose_colour": "color hue legend third column",
    "plot.next_tab": "curve scatter parallel histogram tab chart plot",
    "compare.differences": "diff difference changed hide same equal",
    "compare.baseline": "reference control",
    "compare.code": "diff source git patch",
    "run.code": "diff source git patch",
    "compare.drop": "remove delete exclude",
    "compare.add_runs": "include append",
    "compare.plot": "plot chart graph curve png svg scatter parallel",
    "compare.why": "explain cause reason",
    "artifacts.open": "version show history",
    "artifacts.filter": "search find",
    "promote": "production deploy stage release champion transition",
    "approve": "sign accept review verify validate endorse",
    "declare": "licence license owner contact card metadata model sheet property",
    "forget": "erase purge gdpr privacy permanently destroy wipe remove delete",
    "retire": "archive deprecate hide unlist reinstate",
    "trash": "delete remove discard restore bin",
    "artifact.all_versions": "archived retired deleted trash hidden show",
    "artifact.picture": "plot chart heatmap draw",
    "artifact.compare": "versus side diff metrics",
    "artifacts.compare": "versus side diff metrics",
    "live.add_rule": "alert alarm notify notification threshold",
    "live.remove_rule": "delete alert",
    "text.only": "filter grep lines match keep hide",
    "live.charts": "plot graph curve curves draw",
    "live.more": "expand unfold every list",
    "live.seen": "acknowledge read dismiss",
    "lineage.fold_all": "fold unfold collapse expand tree",
    "lineage.next_part": "filter only dataset environment source hide",
    "lineage.root": "start centre center focus",
    "lineage.next_view": "graph dag tree diagram",
    "graph.fold": "collapse expand group",
    "graph.to_root": "centre center home",
    "copy": "clipboard yank",
    "find_line": "search",
    "filter": "search",
    "wrap": "fold lines",
}
"""Words by a key's id, or by its action for all keys that have no words of their own."""

_EXACT, _LABEL, _BEGINS, CONTAINS = range(4)
"""How well a text fits an action; the last: it is only in what is said of it."""


def synonyms_of(key: Key) -> str:
    """Give the words that people may type for an action, separated by blanks; empty where there are none."""
    scope, _, action = key.id.partition("(")[0].partition(".")
    return SYNONYMS.get(f"{scope}.{action}") or SYNONYMS.get(action, "")


def rank_of(key: Key, text: str) -> int | None:
    """Say how well an action fits the words of a text, 0 for best; None if a word is nowhere in what is said of it."""
    words = text.lower().split()
    label, names = key.label.lower(), f"{key.label} {synonyms_of(key)}".lower().replace("/", " ").split()
    if all(any(_singular(word) == _singular(name) for name in names) for word in words):
        return _EXACT
    if words and label.startswith(words[0]) and all(word in f"{label} {key.help.lower()}" for word in words):
        return _LABEL
    if all(any(name.startswith(word) for name in names) for word in words):
        return _BEGINS
    everything = f"{' '.join(names)} {label} {key.help.lower()}"
    return CONTAINS if all(word in everything for word in words) else None


def is_named(key: Key, text: str) -> bool:
    """Say whether a text is, in whole words, what an action is called or what people call it."""
    return bool(text.split()) and rank_of(key, text) == _EXACT


def fitting(keys: Sequence[Key], text: str, *, by_name: bool = False) -> list[Key]:
    """Give the keys whose actions fit a text, the best ones first; all of them for an empty text.

    If none does, those fit whose labels have the letters in this order. With `by_name`, what is said of an action does not count, only what it is called here and by others.
    """
    if not text.split():
        return list(keys)
    least = _BEGINS if by_name else CONTAINS
    ranks = [
        (rank, place) for place, key in enumerate(keys) if (rank := rank_of(key, text)) is not None and rank <= least
    ]
    if not ranks and not by_name:
        return fuzzy.fitting(keys, text.split(), lambda key: key.label)
    return [keys[place] for _, place in sorted(ranks)]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
