"""The runs of a catalog as offline runs of W&B, which its own client brings to a server: `wandb sync DIR/offline-run-*`.

A folder for each run holds its transaction log, as `log` and `importer` read it, and the files that it made. Params become the config,
metrics the history and the summary. An item `_artui` of the config says what W&B has no place for: so what comes back is what was there;
of a NaN alone its bits are not kept.
"""

from __future__ import annotations

import datetime
import json
import re
from typing import TYPE_CHECKING, Any

from artui.exchange.leaving.carrying import carried_facts, fitting, odd_series, series_names, written_names
from artui.exchange.leaving.files import copy_files
from artui.exchange.leaving.folder import OutFolder, out_folder
from artui.exchange.leaving.names import file_name
from artui.exchange.leaving.order import Exported, Order, Tell
from artui.exchange.leaving.runs import Leaving, LeavingRun, Series, leave_behind
from artui.exchange.leaving.selection import Selection
from artui.exchange.leaving.wire import message
from artui.exchange.wandb.fields import ENVIRONMENT, EXIT, FILES, HEADER, HISTORY, OWN_KEY, RUN, STATS, SUMMARY
from artui.exchange.wandb.writing import LogWriter, Point, RowWriter, item, rows, timestamp
from artui.version import VERSION

if TYPE_CHECKING:
    from artui.query.reader import Reader

EXIT_CODES = {"finished": 0, "failed": 1, "killed": 255}
_OF_WANDB = frozenset({"_step", "_timestamp", "_runtime", "_wandb"})
_MAX_TAG_CHARS, _MAX_NAME_CHARS = 64, 128
_UNFIT = re.compile(r"[/\\#?%:\x00-\x1f]")
_SYSTEM = "system/"
_AT_END = 1
_LAST_SECOND = 253_402_300_799


def export(reader: Reader, dest: str, order: Order, *, is_dry: bool = False, tell: Tell | None = None) -> Exported:
    """Write the runs of a catalog as offline runs of W&B.

    Args:
        dest: the folder; what an earlier export of the kind wrote there is replaced.
        is_dry: whether nothing is written, and only counted.
        tell: told how far it is.

    Raises:
        UsageError: something else is at the place, or it cannot be written.
        UnknownReference: there is no such project.
    """
    made = Exported(dest, "wandb")
    with (
        Selection.opened(reader, order) as chosen,
        out_folder(dest, "wandb", reader.catalog_id, order, made, is_dry=is_dry) as folder,
    ):
        leaving = Leaving(chosen, made, tell)
        for run in leaving.runs():
            _write(leaving, run, folder, made)
        leave_behind(chosen, made, "W&B")
    made.written = made.rows.copy()
    return made


def _write(leaving: Leaving, run: LeavingRun, folder: OutFolder | None, made: Exported) -> None:
    # An id of a catalog that somebody made may be anything.
    run_id = file_name(run.id)
    home = f"offline-run-{_begun(run)}-{run_id}"
    files = copy_files(leaving, run, folder, f"{home}/files/artifacts", made)
    series = series_names(run.series, _OF_WANDB)
    params = written_names(run.params, {OWN_KEY, "_wandb"})
    odd = odd_series(series)
    if odd:
        made.changed["metrics", "have labels, or a name that W&B uses for something else: written under another"] += len(odd)  # fmt: skip
    if unfit := sum(not _is_tag(name, value) for name, value in run.tags.items()):
        made.changed["tags", "have a value, or are longer than W&B's: they stand in the config"] += unfit
    if folder is None:
        made.rows["points"] += sum(one.count for one in run.series)
        return
    own_params = {written: name for name, written in params.items() if written != name}
    facts = carried_facts(run, series=odd, params=own_params, tags=run.tags)
    if cut := fitting(facts, len(json.dumps(facts))):
        made.refuse("runs", f"have more than fits beside them: {', '.join(cut)} left out")
        facts = {name: fact for name, fact in facts.items() if name not in cut}
    folder.make(f"{home}/files")
    with folder.writing(f"{home}/run-{run_id}.wandb") as stream:
        log = LogWriter(stream)
        # HeaderRecord: 1 version {1 of what wrote it}.
        log.write(HEADER, message((1, message((1, f"artui-{VERSION}")))))
        config = [(params[name], value) for name, value in run.params.items()]
        log.write(RUN, _run_record(run, run_id, [*config, (OWN_KEY, facts)]))
        log.write(ENVIRONMENT, _environment(run))
        _write_points(leaving, run, series, log, made)
        if files:
            # FilesRecord: 1 files {1 path, 2 when they go: at the end}.
            paths = (message((1, f"artifacts/{path}"), (2, _AT_END)) for path in files)
            log.write(FILES, message(*((1, path) for path in paths)))
        if run.status in EXIT_CODES:
            # RunExitRecord: 1 code, 2 seconds that it ran.
            took_ms = max(0, (run.facts["ended_ms"] or run.started_ms) - run.started_ms)
            log.write(EXIT, message((1, EXIT_CODES[run.status]), (2, took_ms // 1000)))


def _run_record(run: LeavingRun, run_id: str, config: list[tuple[str, Any]]) -> bytes:
    """RunRecord: 1 id, 3 project, 4 config, 6 group, 7 job type, 8 name, 9 notes, 10 tags, 13 host, 17 start, 21 git {2 commit}."""
    facts, tags = run.facts, run.tags
    group = tags.get("group") or facts["parent_id"] or ""
    texts = {
        1: run_id, 3: _UNFIT.sub("-", run.project)[:_MAX_NAME_CHARS] or "uncategorized", 6: group[:_MAX_NAME_CHARS], 7: tags.get("job_type", "")[:_MAX_TAG_CHARS],
        8: run.name[:_MAX_NAME_CHARS], 9: facts["note"], 13: facts["host"],
    }  # fmt: skip
    fields: list[tuple[int, Any]] = [(number, text) for number, text in texts.items() if text]
    fields.append((4, message(*((1, item(name, value)) for name, value in config))))
    fields += [(10, name) for name, value in tags.items() if _is_tag(name, value)]
    fields.append((17, timestamp(run.started_ms)))
    if facts["git_commit"]:
        fields.append((21, message((2, facts["git_commit"]))))
    return message(*fields)


def _environment(run: LeavingRun) -> bytes:
    """EnvironmentRecord: 2 Python, 3 start, 5 arguments, 6 program, 11 folder, 12 host, 13 user."""
    facts, command = run.facts, run.command
    texts = {2: facts["python"], 6: command[0] if command else "", 11: facts["directory"], 12: facts["host"], 13: facts["user"]}  # fmt: skip
    fields: list[tuple[int, Any]] = [(number, text) for number, text in texts.items() if text]
    fields += [(5, part) for part in command[1:]]
    fields.append((3, timestamp(run.started_ms)))
    return message(*fields)


def _write_points(leaving: Leaving, run: LeavingRun, series: dict[Series, str], log: LogWriter, made: Exported) -> None:
    """Write the history, with system metrics as W&B has them where their step is the second, and then the summary."""
    names = list(series.values())
    writer = RowWriter(names)
    is_system = [name.startswith(_SYSTEM) and len(name) > len(_SYSTEM) for name in names]
    has_system = any(is_system)
    last: dict[int, float] = {}
    last_row = (-1, run.started_ms)
    moved = 0
    for step, points in rows([leaving.points(run, one) for one in series]):
        stats: list[Point] = []
        if has_system:
            stats = [one for one in points if is_system[one[0]] and step == max(0, (one[2] - run.started_ms) // 1000)]
        for time_ms in dict.fromkeys(point[2] for point in stats):
            # StatsRecord: 2 time, 3 items {1 key, 16 value as JSON}.
            items = (
                (3, item(names[place].removeprefix(_SYSTEM), value)) for place, value, at in stats if at == time_ms
            )
            log.write(STATS, message((2, timestamp(time_ms)), *items))
        values = [point for point in points if point not in stats] if stats else points
        if values:
            time_ms = max(point[2] for point in values)
            log.write(HISTORY, writer.row(step, time_ms, time_ms - run.started_ms, values))
            last.update((place, value) for place, value, _ in values)
            moved += step <= last_row[0]
            last_row = max(step, last_row[0] + 1), time_ms
    if moved:
        made.changed[
            "steps", "repeat an earlier one, go back or are negative: W&B's client gives such rows the next steps"
        ] += moved
    summary = [(names[place], value) for place, value in last.items()]
    summary += [("_step", max(0, last_row[0])), ("_timestamp", last_row[1] / 1000), ("_runtime", (last_row[1] - run.started_ms) / 1000)]  # fmt: skip
    log.write(SUMMARY, message(*((1, item(name, value)) for name, value in summary)))


def _is_tag(name: str, value: str) -> bool:
    return not value and 0 < len(name) <= _MAX_TAG_CHARS


def _begun(run: LeavingRun) -> str:
    seconds = min(max(0, run.started_ms // 1000), _LAST_SECOND)
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    return f"{moment:%Y%m%d_%H%M%S}" if moment.year > 999 else "19700101_000000"
