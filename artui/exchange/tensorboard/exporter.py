"""The runs of a catalog as event files: a folder for each, by project and name, as TensorBoard reads them.

Series become scalars, of doubles, so that no bit is lost; params become hparams. A text `artui/run` says what TensorBoard has no place
for: so what comes back is what was there.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import orjson

from artui.exchange.leaving.carrying import carried_facts, fitting, odd_series, series_names
from artui.exchange.leaving.folder import OutFolder, out_folder
from artui.exchange.leaving.names import Names
from artui.exchange.leaving.order import Exported, Order, Tell
from artui.exchange.leaving.runs import Leaving, LeavingRun, leave_behind
from artui.exchange.leaving.selection import Selection
from artui.exchange.leaving.wire import message
from artui.exchange.tensorboard.own import RUN_TAG
from artui.exchange.tensorboard.writing import framed, plugin_event, scalar_records, text_event, version_event

if TYPE_CHECKING:
    from artui.query.reader import Reader

NOTE, TAGS = "note", "tags"
STATUSES = {"finished": 1, "failed": 2, "killed": 2, "running": 3}
"""TensorBoard's hparams Status, by number."""
_MAX_WHOLE = 1 << 53


def export(reader: Reader, dest: str, order: Order, *, is_dry: bool = False, tell: Tell | None = None) -> Exported:
    """Write the runs of a catalog as event files.

    Args:
        dest: the folder; what an earlier export of the kind wrote there is replaced.
        is_dry: whether nothing is written, and only counted.
        tell: told how far it is.

    Raises:
        UsageError: something else is at the place, or it cannot be written.
        UnknownReference: there is no such project.
    """
    made = Exported(dest, "tensorboard")
    with (
        Selection.opened(reader, order) as chosen,
        out_folder(dest, "tensorboard", reader.catalog_id, order, made, is_dry=is_dry) as folder,
    ):
        leaving = Leaving(chosen, made, tell)
        projects, names = Names(), dict[str, tuple[str, Names]]()
        for run in leaving.runs():
            if run.project not in names:
                names[run.project] = projects.of(run.project), Names()
            project, within = names[run.project]
            name = within.of(run.name, by=run.id)
            if name != run.name:
                made.changed[
                    "runs",
                    "have a name that no folder can have, or that another has: TensorBoard shows them under another",
                ] += 1
            _write(leaving, run, folder, f"{project}/{name}", made)
        leave_behind(chosen, made, "TensorBoard", has_files=False)
    made.written = made.rows.copy()
    return made


def _write(leaving: Leaving, run: LeavingRun, folder: OutFolder | None, home: str, made: Exported) -> None:
    series = series_names(run.series, (RUN_TAG, NOTE, TAGS), avoid="_hparams_/")
    odd = odd_series(series)
    if odd:
        made.changed["metrics", "have labels, or a name that TensorBoard uses for something else: written under another"] += len(odd)  # fmt: skip
    if folder is None:
        made.rows["points"] += sum(one.count for one in run.series)
        return
    seconds = run.started_ms / 1000
    values, types = _hparams(run)
    facts = carried_facts(run, series=odd, types=types, tags=run.tags)
    text = orjson.dumps(facts).decode()
    if cut := fitting(facts, len(text)):
        made.refuse("runs", f"have more than fits beside them: {', '.join(cut)} left out")
        text = orjson.dumps({name: fact for name, fact in facts.items() if name not in cut}).decode()
    with folder.writing(f"{home}/events.out.tfevents.{max(0, run.started_ms // 1000):010}.artui.0.0") as stream:
        stream.write(framed(version_event(seconds)))
        stream.write(framed(text_event(RUN_TAG, text, seconds)))
        if run.facts["note"]:
            stream.write(framed(text_event(NOTE, str(run.facts["note"]), seconds)))
        if run.tags:
            lines = [f"- {name}: {value}" if value else f"- {name}" for name, value in run.tags.items()]
            stream.write(framed(text_event(TAGS, "\n".join(lines), seconds)))
        if run.params:
            # HParamsPluginData: 3 start {1 params, 5 start in seconds}, 4 end {1 status, 2 end in seconds}.
            start = message((3, message(*((1, value) for value in values), (5, seconds))))
            stream.write(framed(plugin_event("_hparams_/session_start_info", "hparams", seconds, content=start)))
            ended = (run.facts["ended_ms"] or run.facts["heartbeat_ms"] or run.started_ms) / 1000
            end = message((4, message((1, STATUSES.get(run.status, 0)), (2, ended))))
            stream.write(framed(plugin_event("_hparams_/session_end_info", "hparams", ended, content=end)))
        for one, tag in series.items():
            is_first = True
            for steps, times_ms, points in leaving.points(run, one):
                stream.write(scalar_records(tag, steps, times_ms, points, is_first=is_first))
                is_first = False


def _hparams(run: LeavingRun) -> tuple[list[bytes], dict[str, str]]:
    """Write params as entries of a map of google.protobuf.Value; give with them the types of those that it has no type for.

    TensorBoard shows numbers, texts and truth values, and stumbles over numbers that are none.
    """
    entries, types = [], {}
    for name, value in run.params.items():
        kind, written = _hparam(value)
        if kind:
            types[name] = kind
        entries.append(message((1, name), (2, written)))
    return entries, types


def _hparam(value: Any) -> tuple[str, bytes]:
    """google.protobuf.Value: 2 number, 3 text, 4 truth value."""
    if isinstance(value, bool):
        return "", message((4, value))
    if isinstance(value, int):
        return "int", message((2, float(value))) if abs(value) <= _MAX_WHOLE else message((3, str(value)))
    if isinstance(value, float):
        return ("", message((2, value))) if math.isfinite(value) else ("float", message((3, repr(value))))
    return ("", message((3, value))) if isinstance(value, str) else ("json", message((3, json.dumps(value))))
