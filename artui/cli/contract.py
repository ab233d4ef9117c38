"""What `--json` prints: documents of a version, made of records whose fields are declared here.

Fields are words of the design, never rows of the file. Field by field, `artui help json` says the same; a new field may
come with any release, one that changes or goes makes another CONTRACT.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from artui.model import missing_facts

if TYPE_CHECKING:
    from artui.model import (
        ArtifactHead,
        Change,
        ManifestFile,
        Metric,
        Node,
        Preview,
        RunDetail,
        RunHead,
        VersionDetail,
        VersionHead,
    )
    from artui.model.criteria import Verdict
    from artui.model.deployments import Deployment, Noted, Recorded
    from artui.model.difference import (
        FileChange,
        FileDifference,
        RowsDifference,
        TableDifference,
        TensorDistance,
        ValueChange,
        VersionDifference,
    )
    from artui.model.drifts import DriftReport
    from artui.model.monitoring import Report
    from artui.model.production import Cause, Raised, WhyProduction
    from artui.model.profiles import ColumnDrift, ColumnProfile, Spreads, TableProfile
    from artui.query.compare import Row
    from artui.query.why import Factor, Spread

CONTRACT = 1
"""Stands as `"artui": 1` at the start of each document."""


class Field(NamedTuple):
    """One field of a record."""

    kind: str
    """`text`, `whole`, `number`, `flag`, `value` or the name of a record; `?` behind it: or null; `[run]` a list, `{text}` an object of any names."""
    words: str
    """What it is."""


Record = Mapping[str, Field]

_PLACE: dict[str, Field] = {
    "place": Field("text", "the folder, or the URI without what is secret in it"),
    "catalog": Field("text", "the catalog"),
    "is_done": Field("flag", "whether anything was written"),
}
_PULLED: dict[str, Field] = {
    "there": Field("whole", "how many packs there are"),
    "pulled": Field(
        "[merged]",
        "the packs that were new here, by their paths below the place, with what came of each; of several small ones the first has what came of all",
    ),
}
_PUSHED: dict[str, Field] = {
    "pushed": Field("[text]", "the packs that were written, below the place; none if nothing was new"),
    "pushed_bytes": Field("whole", "how large they are"),
    "runs": Field("whole", "runs that were new there, or had changed"),
    "versions": Field("whole", "versions likewise"),
    "content_bytes": Field("whole", "bytes of files that went along, as long as the files are"),
    "journal_entries": Field("whole", "entries of the journal that were new there"),
    "running": Field("whole", "how many of the runs were still going on"),
    "damaged": Field(
        "[text]", "ids of runs and versions that are damaged here: nothing, or not all content, was taken of them"
    ),
    "together": Field("whole", "how many packs were brought together in one more"),
    "removed": Field("whole", "how many packs were removed that another one replaced long ago"),
}
_CAME: dict[str, Field] = {
    "came": Field("store", "what came of runs, as of an import"),
    "edits": Field("{value}", "what people changed there of runs that are here: in words, by the id of the run"),
}
_WENT: dict[str, Field] = {
    "went": Field(
        "{whole}",
        "how many runs went there, by what became of them: `new`, `updated`, `unchanged`, `deleted`, `restored`, `refused`",
    ),
    "brought": Field("{whole}", "points, params, tags, notes, names, files and bytes that went"),
    "refused": Field("[refused]", "what the server did not take, or cannot hold"),
    "retries": Field("whole", "how often the server was asked again"),
}
_LEFT_ALONE: dict[str, Field] = {
    "left_alone": Field("{text}", "by path, why a pack was left alone: it is damaged, or made by a newer artui"),
}
_RUN: dict[str, Field] = {
    "id": Field("text", "its id, the same in all catalogs"),
    "name": Field("text", "its name"),
    "project": Field("text", "its project"),
    "status": Field("text", "running, finished, failed, killed or lost"),
    "stage": Field("text", "requirements, data, modelling or operations"),
    "started_ms": Field("whole?", "when it started"),
    "ended_ms": Field("whole?", "when it ended"),
    "duration_ms": Field(
        "whole?", "how long it took, by a clock that nobody sets: a few ms more or less than between the two"
    ),
    "parent_id": Field("text?", "the id of the run that it is part of"),
    "damaged": Field("[text]", "parts that are not as recorded"),
}
_SAID: dict[str, Field] = {
    "note": Field("text", "what somebody wrote about it"),
    "tags": Field("{text}", "its tags; one without a value has an empty text"),
    "params": Field("{value}", "its params"),
}
_VERSION: dict[str, Field] = {
    "id": Field("text", "its id, the same in all catalogs"),
    "reference": Field("text", "what names it: model:v3"),
    "artifact": Field("text", "the name of its artifact"),
    "project": Field("text", "its project"),
    "stage": Field("text", "requirements, data, modelling or operations"),
    "kind": Field("text", "dataset, model, checkpoint, report …"),
    "number": Field("whole", "1, 2, 3 …"),
    "digest": Field("text", "SHA-256 of its manifest; empty while a file is not hashed"),
    "size_bytes": Field("whole", "the size of all its files"),
    "file_count": Field("whole", "how many files it has"),
    "created_ms": Field("whole", "when it was saved"),
    "storage": Field("text", "embedded, stored, referenced, or removed after it was deleted"),
    "not_stored_count": Field("whole", "of a stored one, how many files could not be stored"),
    "aliases": Field("[text]", "the aliases that name it"),
    "made_by": Field("run?", "the run that made it"),
    "is_retired": Field("flag", "whether lists leave it out"),
    "deleted_ms": Field("whole?", "when it was deleted"),
    "damaged": Field("[text]", "parts that are not as recorded"),
}

RECORDS: dict[str, Record] = {
    "view or table": {
        "name": Field("text", "its name"),
        "about": Field("text", "what a view has a row for; empty for a table"),
        "columns": Field("[text]", "its columns"),
    },
    "run": _RUN,
    "listed run": _RUN | _SAID | {"metrics": Field("{number}", "the last value of each metric; of several processes the first")},
    "named columns": {
        "id": _RUN["id"],
        "name": _RUN["name"],
        "columns": Field("{value}", "by name, times as ISO 8601 in UTC, a duration as NAME_s in seconds, a size as NAME_bytes"),
    },
    "whole run": _RUN | _SAID | {
        "metrics": Field("[metric]", "its metrics with their summaries"),
        "error": Field("text", "what ended a failed run, with its traceback"),
        "user": Field("text", "who ran it"),
        "host": Field("text", "the machine that it ran on"),
        "command": Field("[text]", "the command that started it"),
        "directory": Field("text", "the folder that it was started in"),
        "python": Field("text", "the version of Python"),
        "commit": Field("text", "the git commit of its code"),
        "branch": Field("text", "the git branch"),
        "is_dirty": Field("flag?", "whether the code differs from the commit"),
        "inputs": Field("[version]", "the versions that it used"),
        "outputs": Field("[version]", "the versions that it made"),
        "children": Field("[run]", "the runs that are part of it"),
        "context": Field("{value}", "what surrounded it, by subject"),
        "deleted_ms": Field("whole?", "when it was deleted"),
    },
    "metric": {
        "name": Field("text", "its name"),
        "labels": Field("text", "which of several processes: rank=3"),
        "count": Field("whole", "its points"),
        "first": Field("number", "the first value"),
        "last": Field("number", "the last value"),
        "min": Field("number?", "the smallest finite value"),
        "max": Field("number?", "the largest finite value"),
        "mean": Field("number?", "the mean of the finite values"),
        "min_step": Field("whole?", "the step of the smallest value"),
        "max_step": Field("whole?", "the step of the largest value"),
        "first_step": Field("whole", "the first step"),
        "last_step": Field("whole", "the last step"),
        "first_ms": Field("whole", "when the first value was measured"),
        "last_ms": Field("whole", "when the last value was measured"),
        "nan_count": Field("whole", "values that are NaN"),
        "inf_count": Field("whole", "values that are infinite"),
        "damaged": Field("[text]", "parts that are not as recorded"),
    },
    "artifact": {
        "id": Field("text", "its id"),
        "name": Field("text", "its name"),
        "project": Field("text", "its project"),
        "stage": Field("text", "requirements, data, modelling or operations"),
        "kind": Field("text", "dataset, model, checkpoint, report …"),
        "version_count": Field("whole", "how many versions it has"),
        "latest": Field("version?", "its newest version"),
        "aliases": Field("[alias]", "aliases of all its versions, but for `latest`"),
        "damaged": Field("[text]", "parts that are not as recorded"),
    },
    "in production": {
        "version": Field("version", "the version in production"),
        "via": Field("[text]", "what lies between: names of runs and references"),
    },
    "alias": {"alias": Field("text", "a name that moves"), "version": Field("whole", "the number of the version that it names")},
    "version": _VERSION,
    "whole version": _VERSION | {
        "metadata": Field("{value}", "what its maker said about it"),
        "note": Field("text", "what somebody wrote about it"),
        "location": Field("text", "the path that it was saved from"),
        "host": Field("text", "the machine on which it was saved"),
        "not_there": Field("[text]", "of files that it refers to, those that are gone or have another size"),
        "files": Field("[file]", "its files"),
        "used_by": Field("[run]", "the runs that used it"),
        "related": Field("[relation]", "other versions that it is related to"),
        "facts": Field("{text}", "what is declared of it or of its artifact"),
        "missing_facts": Field("[text]", "facts that a thing of its kind should have"),
        "releases": Field("[release]", "where it serves or served, the newest first; of a deployment what was released there"),
        "incidents": Field("[incident]", "of a deployment: what went wrong there"),
        "approvals": Field("[approval]", "who approves it, newest first"),
        "history": Field("[change]", "what was done with it, newest first"),
    },
    "approval": {
        "author": Field("text", "who: user@host"),
        "time_ms": Field("whole", "when"),
        "why": Field("text", "the reason that was given"),
        "damaged": Field("[text]", "parts that are not as recorded"),
    },
    "change": {
        "what": Field("text", "the name of an alias, or approved, retired, deleted …"),
        "before": Field("text", "what it was before; empty where `what` says all"),
        "after": Field("text", "what it is since then"),
        "time_ms": Field("whole", "when"),
        "author": Field("text", "who: user@host"),
        "why": Field("text", "the reason that was given"),
        "damaged": Field("[text]", "parts that are not as recorded"),
    },
    "file": {
        "path": Field("text", "inside the version, with forward slashes"),
        "size_bytes": Field("whole", "its size"),
        "digest": Field("text", "SHA-256 of its bytes; empty for a link, and for what is not hashed"),
        "media_type": Field("text", "such as text/csv"),
        "link_target": Field("text", "where a link leads"),
        "note": Field("text", "what a reader should know"),
        "preview": Field("preview?", "what it holds"),
        "profile": Field("profile?", "what its columns are like, if it is a table"),
        "damaged": Field("[text]", "parts that are not as recorded"),
    },
    "preview": {
        "kind": Field("text", "text, table, tensors, image, json, bytes or unreadable"),
        "title": Field("text", "what the file is, in a few words"),
        "text": Field("text", "the beginning of a text"),
        "table": Field("preview table?", "the first rows of a table"),
        "facts": Field("{text}", "other things that it says"),
    },
    "preview table": {
        "columns": Field("[text]", "names of its columns"),
        "types": Field("[text]", "integer, number, text or empty, by column"),
        "rows": Field("[value]", "the first rows, each a list of texts"),
        "row_count": Field("whole?", "how many rows there are, if they were counted"),
    },
    "profile": {
        "rows": Field("whole", "how many rows the table has"),
        "columns": Field("[column profile]", "its columns"),
        "odd_rows": Field("whole", "rows with more or fewer cells than there are columns"),
        "bad_rows": Field("whole", "records that could not be read"),
        "left_out_columns": Field("whole", "columns that were not looked at"),
        "note": Field("text", "why not all of it was read"),
    },
    "column profile": {
        "name": Field("text", "its name"),
        "type": Field("text", "integer, number, boolean, time, text, mixed or empty"),
        "count": Field("whole", "cells, empty ones too"),
        "null_count": Field("whole", "empty cells"),
        "nan_count": Field("whole", "cells that are NaN"),
        "infinite_count": Field("whole", "cells that are infinite"),
        "text_count": Field("whole", "texts in a column of another type"),
        "other_count": Field("whole", "cells with lists, objects or bytes"),
        "distinct": Field("whole", "different values"),
        "is_distinct_exact": Field("flag", "whether that is exact, or within about 2 %"),
        "min": Field("number?", "the smallest number; of times, in milliseconds since 1970, like the others"),
        "max": Field("number?", "the largest"),
        "mean": Field("number?", "their mean"),
        "std": Field("number?", "their standard deviation, divided by n - 1"),
        "quantiles": Field("{number}", "by share, such as `0.5`; between two numbers in proportion"),
        "are_quantiles_exact": Field("flag", "whether these are exact, or within about half a percent"),
        "most_frequent": Field("[frequent value]", "values that occur most often, if all are known"),
        "histogram_edges": Field("[number]", "of bins of equal width, one more than counts"),
        "histogram_counts": Field("[whole]", "how many numbers each bin has"),
    },
    "frequent value": {"value": Field("value", "a text or a number"), "count": Field("whole", "how often it occurs")},
    "file difference": {
        "path": Field("text", "as the second has it; of a removed file as the first had it"),
        "change": Field("text", "changed, added, removed, moved, or unknown where a digest is missing"),
        "old_path": Field("text", "of a moved file"),
        "size_before": Field("whole?", "in bytes"),
        "size_after": Field("whole?", "in bytes"),
        "kind": Field("text", "what was compared: text, table, tensors, values, packages, cells, picture, bytes, nothing; empty if not looked into"),
        "summary": Field("text", "how it differs, in a few words"),
        "notes": Field("[text]", "what could not be compared, and why"),
        "lines": Field("[line of difference]", "of a text"),
        "added": Field("whole", "lines that only the second has"),
        "removed": Field("whole", "lines that only the first has"),
        "hidden": Field("whole", "lines or values that are left out: there are too many"),
        "values": Field("[value change]", "of settings, packages and tensors"),
        "table": Field("table difference?", "of a table"),
    },
    "line of difference": {
        "sign": Field("text", "a blank, -, +, @ between parts, ! a remark"),
        "text": Field("text", "the line"),
        "old": Field("whole?", "its number in the first, from 1"),
        "new": Field("whole?", "its number in the second"),
    },
    "value change": {
        "name": Field("text", "what differs"),
        "before": Field("text?", "its value in the first"),
        "after": Field("text?", "its value in the second"),
        "note": Field("text", "how far: up or down, the norm of the change"),
        "distance": Field("tensor distance?", "of tensors that were compared value by value"),
    },
    "tensor distance": {
        "count": Field("whole", "values of each"),
        "changed": Field("whole", "so many of them differ"),
        "norm": Field("number", "of the difference (Frobenius)"),
        "relative": Field("number?", "the same, divided by the norm of the first; null where that is zero"),
        "largest": Field("number", "difference of one value"),
        "odd": Field("whole", "values that changed to or from NaN or infinity, and are in none of the distances"),
    },
    "table difference": {
        "rows_before": Field("whole", "rows of the first"),
        "rows_after": Field("whole", "rows of the second"),
        "added_columns": Field("[text]", "columns that only the second has"),
        "removed_columns": Field("[text]", "columns that only the first has"),
        "drifts": Field("[column drift]", "columns that both have, the worst first"),
        "rows": Field("rows difference?", "rows that were added, removed, changed"),
    },
    "rows difference": {
        "key": Field("[text]", "columns by which rows are paired; empty: by all cells"),
        "added": Field("whole", "rows that only the second has"),
        "removed": Field("whole", "rows that only the first has"),
        "changed": Field("whole", "rows of the same key with other cells"),
        "same": Field("whole", "rows that are the same"),
        "changed_by_column": Field("{whole}", "in how many changed rows a column differs"),
        "repeated": Field("whole", "rows whose key an earlier row has, too"),
    },
    "column drift": {
        "name": Field("text", "the column"),
        "drift": Field("text", "type, high, moderate, new value, gone value, low, unknown or none"),
        "psi": Field("number?", "population stability index, over deciles of the first"),
        "psi_by_chance": Field("number?", "what chance alone stays below in 19 of 20 cases"),
        "jensen_shannon": Field("number?", "distance, to base 2"),
        "ks": Field("number?", "statistic of Kolmogorov and Smirnov"),
        "wasserstein": Field("number?", "in the unit of the column"),
        "null_shift": Field("number", "share of empty cells in the second less that in the first"),
        "outside": Field("number?", "share of the second's numbers outside the range of the first"),
        "is_of_nulls": Field("flag", "whether it is the share of empty cells alone that drifted"),
        "is_key": Field("flag", "whether rows are paired by it: it is in no count of drift"),
        "moved_value": Field("moved value?", "of texts the one whose share changed most"),
        "new_values": Field("[text]", "texts that the first does not have"),
        "gone_values": Field("[text]", "texts that the second does not have"),
        "spreads": Field("column spreads?", "how the values of both lie, over the same bins or texts"),
        "before": Field("column profile", "the column in the first"),
        "after": Field("column profile", "the column in the second"),
    },
    "column spreads": {
        "edges": Field("[number]", "of the bins, one more than there are; none of texts"),
        "is_log": Field("flag", "whether the bins are equally wide on a logarithmic axis"),
        "texts": Field("[text]", "the most frequent ones of both"),
        "before": Field("[number]", "of each bin or text the share of the first's cells with a value"),
        "after": Field("[number]", "the same of the second"),
    },
    "drift side": {
        "title": Field("text", "the version, the file, or the deployment"),
        "row_count": Field("whole", "its rows"),
        "basis": Field("text", "why it is held against the other where nobody named it, such as `what fraud-model:v29 was trained on`"),
        "window_count": Field("whole", "windows of a deployment"),
        "from_ms": Field("whole?", "when the first of these begins"),
        "to_ms": Field("whole?", "when the last one ends"),
        "slice": Field("text", "of which rows, such as `card=gift`; empty: of all"),
    },
    "live quality": {
        "name": Field("text", "the metric, without `live/` or `test/`"),
        "live": Field("number", "its value in the deployment"),
        "live_count": Field("whole", "of so many truths"),
        "test": Field("number?", "its value in the test of the version that serves"),
        "test_count": Field("whole?", "rows of the test data"),
        "test_run": Field("text", "the run that measured it"),
        "difference": Field("number?", "the live value less that of the test"),
        "uncertainty": Field("number?", "the difference is within so much of the true one in 19 of 20 cases"),
        "is_clear": Field("flag", "whether it is more than chance"),
    },
    "drift over time": {
        "column": Field("text", "the column"),
        "points": Field("[window drift]", "its windows, the first first"),
    },
    "window drift": {
        "time_ms": Field("whole", "when the window begins"),
        "psi": Field("number?", "population stability index; null where the window has no value of the column"),
    },
    "production cause": {
        "kind": Field("text", "drift, release, packages, code, data, params, load, errors, latency or quality"),
        "name": Field("text", "the column, the version, or the series"),
        "word": Field("text", "strong, weak or no change"),
        "time_ms": Field("whole?", "from when on"),
        "end_ms": Field("whole?", "when it was over; null while it goes on"),
        "sentence": Field("text", "what changed"),
        "z": Field("number", "by how many standard deviations it, or what changed with it, is beyond what is usual"),
        "effects": Field("[text]", "what changed with it"),
    },
    "raised": {
        "rule": Field("text", "the rule"),
        "name": Field("text", "the column, or the series"),
        "slice": Field("text", "of which rows; empty: of all"),
        "time_ms": Field("whole", "from when on it holds"),
        "end_ms": Field("whole?", "when it held no more"),
        "is_going": Field("flag", "whether it holds in the last window"),
        "value": Field("number", "the last value; of drift the largest"),
        "evidence": Field("text", "what shows it"),
    },
    "ingredient": {
        "name": Field("text", "code, data, env, seed, params, command or hardware"),
        "state": Field("text", "present, partial, missing, or none where nothing of it was used"),
        "why": Field("text", "what was kept, and what was not"),
    },
    "recorded package": {
        "name": Field("text", "its name"),
        "version": Field("text", "its version"),
        "source": Field("text", "the URL or the folder that it is installed from; empty for one of an index"),
        "why_not": Field("text", "why it cannot be had here; empty if it can"),
    },
    "metric again": {
        "name": Field("text", "its name, with its labels"),
        "came": Field("text", "same, close (within the tolerance), differs, missing, or varies (of time or of the machine: not judged)"),
        "before": Field("number?", "its last value in the old run"),
        "after": Field("number?", "its last value in the new run"),
        "difference": Field("number?", "the largest relative difference of two points of one step"),
        "step": Field("whole?", "the first step at which they are apart by more than the tolerance"),
        "points": Field("whole", "points that were compared"),
    },
    "output again": {
        "artifact": Field("text", "its name"),
        "before": Field("text", "the version that the old run made, such as v3"),
        "after": Field("text", "the version that the new run made; empty if none"),
        "is_same": Field("flag", "whether both have the same bytes"),
    },
    "cause": {
        "ingredient": Field("text", "code, data, env, seed, params, command or hardware"),
        "name": Field("text", "what it is: a file, a package, a param"),
        "before": Field("text", "what it was for the old run"),
        "after": Field("text", "what it was for the new run"),
    },
    "audited run": {"run": Field("run", "the run"), "states": Field("{text}", "of code, data, env and seed: present, partial, missing or none")},
    "judged version": {"version": Field("version", "the version"), "verdicts": Field("[verdict]", "what is found of each criterion that is about it")},
    "verdict": {
        "criterion": Field("text", "requirement and name: `fraud-requirements/R1`"),
        "condition": Field("text", "in the filter language"),
        "subject": Field("text", "what it is said of: version or run"),
        "verdict": Field("text", "met, missed or unknown"),
        "why": Field("text", "why it is unknown"),
        "measured": Field("[measure]", "what was found"),
        "defined_ms": Field("whole", "since when the criterion says this"),
        "defined_by": Field("text", "who wrote it"),
        "is_before": Field("flag?", "whether it was written before the first of these runs began"),
        "waiver": Field("waiver?", "that somebody lets it pass all the same"),
    },
    "measure": {
        "field": Field("text", "what was asked for"),
        "value": Field("value", "what it is"),
        "run_id": Field("text", "id of the run that has it"),
        "run": Field("text", "its name"),
        "step": Field("whole?", "of a metric: where it was measured"),
        "short_by": Field("number?", "how far it is on the wrong side of its limit"),
    },
    "waiver": {"author": Field("text", "who"), "time_ms": Field("whole", "when"), "why": Field("text", "the reason")},
    "deployment": {
        "id": Field("text", "id of the version that stands for it"),
        "name": Field("text", "its name: `fraud-api/production`"),
        "project": Field("text", "its project"),
        "serving": Field("[release]", "the releases that are on at that time: those that answer most requests first"),
        "releases": Field("[release]", "all releases, the first first"),
        "incidents": Field("[incident]", "what went wrong, the first first"),
    },
    "release": {
        "id": Field("text", "its id"),
        "deployment": Field("text", "where"),
        "version": Field("version?", "the version; null where this catalog does not have it"),
        "named": Field("text", "how the version was called when it was released"),
        "role": Field("text", "live, shadow or challenger"),
        "share": Field("number", "of the requests: at that time, or last"),
        "from_ms": Field("whole?", "when it began; null where nobody knows"),
        "to_ms": Field("whole?", "when it ended; null while it goes on"),
        "reason": Field("text", "new, accuracy, drift, errors, speed, scheduled, rollback or other"),
        "approved_by": Field("text", "who approved it"),
        "author": Field("text", "who noted it"),
        "time_ms": Field("whole", "when that was"),
        "why": Field("text", "the reason in words"),
    },
    "incident": {
        "id": Field("text", "its id"),
        "title": Field("text", "what went wrong"),
        "severity": Field("text", "low, medium, high or critical"),
        "opened_ms": Field("whole", "when it began"),
        "closed_ms": Field("whole?", "when it was over; null while it is open"),
        "cause": Field("text", "why it happened"),
        "resolution": Field("text", "what was done about it"),
        "release_id": Field("text", "the release that it belongs to"),
        "rule": Field("text", "the rule that opened it; empty where a person did"),
        "author": Field("text", "who changed it last"),
        "time_ms": Field("whole", "when that was"),
    },
    "moved value": {"value": Field("text", "the text"), "before": Field("number", "its share in the first"), "after": Field("number", "its share in the second")},
    "relation": {
        "relation": Field("text", "derived from, trained on, satisfies, or the other way round"),
        "version": Field("version", "the other version"),
    },
    "compared": {
        "section": Field("text", "run, params, metrics, inputs, code, environment …"),
        "name": Field("text", "what is compared"),
        "values": Field("[value]", "one a run or version, in their order; of a metric the last"),
        "differs": Field("flag", "whether they differ"),
        "direction": Field("text?", "which way is better: lower or higher"),
        "best": Field("[whole]", "places of the best values, where there are worse ones"),
    },
    "node": {
        "depth": Field("whole", "how many steps it is away"),
        "relation": Field("text", "how it relates to the thing above it; empty for the root"),
        "run": Field("run?", "the run, if it is one"),
        "version": Field("version?", "the version, if it is one"),
        "is_repeated": Field("flag", "whether it stands at another place, and is only named here"),
        "is_deleted": Field("flag", "whether it is deleted, or its content removed"),
        "criteria_met": Field("text", "between a requirement and what is to satisfy it: `3 of 4`"),
    },
    "way": {
        "things": Field("[node]", "from the one end to the other, each with how it relates to the one before it"),
    },
    "factor": {
        "section": Field("text", "params, inputs, environment …"),
        "name": Field("text", "what differs"),
        "left": Field("text", "of the first run or set: a value, a median, a share"),
        "right": Field("text", "of the second run or the others"),
        "z": Field("number?", "standard score; above zero speaks for the first side"),
        "share": Field("number?", "of all pairs, how many the first side wins"),
        "tied_share": Field("number?", "of all pairs, how many are equal"),
        "left_count": Field("whole", "runs of the first side"),
        "right_count": Field("whole", "runs of the second side"),
        "where": Field("text", "a filter for the runs like the first"),
        "split": Field("number?", "the number that parts the sides"),
        "left_median": Field("number?", "of what is judged by, on the first side"),
        "right_median": Field("number?", "on the second side"),
        "left_spread": Field("spread?", "where the values of the first side lie"),
        "right_spread": Field("spread?", "where the values of the second side lie"),
        "equal_pairs": Field("whole", "pairs of otherwise equal runs"),
        "equal_pairs_better": Field("whole", "of these, in how many the first is the better, or by a counter the higher"),
        "equal_pairs_worse": Field("whole", "in how many it is the worse, or the lower"),
        "chance": Field("number?", "how often anything of all that was compared stands out as much by chance; 0.05 or less is clear"),
        "sentence": Field("text", "all of this in words"),
    },
    "spread": {
        "count": Field("whole", "finite values"),
        "low": Field("number", "the smallest of these"),
        "quarter": Field("number", "a quarter of the way through all values, those that diverged counted as worst"),
        "middle": Field("number", "the median of all"),
        "upper_quarter": Field("number", "three quarters of the way"),
        "high": Field("number", "the largest of these"),
    },
    "unfinished": {"name": _RUN["name"], "status": _RUN["status"]},
    "repetitions": {
        "count": Field("whole", "runs that are alike"),
        "low": Field("number", "their smallest value"),
        "high": Field("number", "their largest value"),
        "deviation": Field("number?", "the standard deviation of their values; null of fewer than two"),
        "repeated_count": Field("whole", "where these are too few, how many settings of the project ran several times"),
        "usual_deviation": Field("number?", "the middle of the standard deviations of these"),
    },
    "store": {
        "format": Field("text", "mlflow, wandb, tensorboard, lightning, huggingface or unread"),
        "title": Field("text", "what the store is, in words"),
        "location": Field("text", "where it is"),
        "facts": Field("{value}", "what it says about itself"),
        "runs": Field("{whole}", "how many runs are new, changed, the same …"),
        "taken": Field("{whole}", "how many params, metrics, points … were taken"),
        "changed": Field("[counted]", "what was taken in another form"),
        "left": Field("[counted]", "what was left"),
        "damaged": Field("[damage]", "the first things that were damaged"),
        "damaged_count": Field("whole", "how many were"),
    },
    "counted": {
        "what": Field("text", "the thing"),
        "why": Field("text", "the reason"),
        "count": Field("whole", "how often"),
    },
    "damage": {"run": Field("text", "the run"), "what": Field("text", "what is damaged")},
    "import": {},
    "refused": {
        "what": Field("text", "params, tags, notes, metrics, versions or runs"),
        "why": Field("text", "the reason, with the name of what it is about"),
        "count": Field("whole", "how many"),
    },
    "not read": {"path": Field("text", "where it is"), "what": Field("text", "what it is")},
    "key": {
        "id": Field("text", "the id by which settings change it"),
        "keys": Field("[text]", "the keys"),
        "where": Field("text", "on which screens"),
        "help": Field("text", "what it does"),
    },
    "subject": {"subject": Field("text", "its name"), "summary": Field("text", "what it is about")},
    "page": {"subject": Field("text", "its name"), "markdown": Field("text", "its text")},
    "hit": {
        "subject": Field("text", "the page"),
        "heading": Field("text", "the heading"),
        "line": Field("text", "the line that holds the words"),
    },
    "source": {
        "id": Field("text", "the id under which it writes"),
        "user": Field("text", "whose it is; may be empty"),
        "host": Field("text", "the machine; may be empty"),
        "created_ms": Field("whole", "when it began to write"),
        "runs": Field("whole", "its runs that are not deleted"),
        "versions": Field("whole", "its versions that are not deleted"),
        "changes": Field("whole", "its entries of the journal"),
        "last_ms": Field("whole?", "when it changed something last"),
        "is_own": Field("flag", "whether it is this installation"),
    },
    "merged": {
        "path": Field("text", "the catalog or pack that was merged"),
        "catalog_id": Field("text", "its id"),
        "new_runs": Field("whole", "runs that came"),
        "changed_runs": Field("whole", "runs that both had, with something new"),
        "new_versions": Field("whole", "versions that came"),
        "changed_versions": Field("whole", "versions that both had, with something new"),
        "points": Field("whole", "points of metrics that came"),
        "content_bytes": Field("whole", "bytes of content that came"),
        "changes": Field("whole", "entries of the journal that came"),
        "forgotten": Field("whole", "runs and versions that were taken out, since they were forgotten there"),
        "damaged": Field("[text]", "ids of runs and versions that are damaged there: nothing was taken of them"),
        "missing_content": Field("[text]", "ids of versions with a file whose content is damaged there: it was left out"),
        "odd_changes": Field("whole", "entries of the journal with the same id and other content: one of both is kept"),
        "to_settle": Field("[unsettled]", "what two people changed without seeing each other's change"),
        "left_out": Field("whole", "other rows that can be none, as in a damaged file"),
        "notice": Field("text?", "what was done to open it"),
    },
    "shared": {
        "shared": Field("whole", "how much is in the file"),
        "kept_back": Field("whole", "how much stays in the catalog alone"),
    },
    "remark": {
        "subject": Field("text", "what was looked at"),
        "state": Field("text", "ok, note or wrong"),
        "text": Field("text", "how it stands"),
        "remedy": Field("text", "what to do; empty if there is nothing to do"),
    },
    "salvaged table": {
        "table": Field("text", "its name in the file"),
        "saved": Field("whole", "rows that were read"),
        "rebuilt": Field("whole", "rows that were put together from indexes: not all of them is known"),
        "unreadable": Field("whole", "rows that cannot be read on pages that can"),
        "wrong": Field("whole", "rows that can be none, or are not what their digest says"),
        "orphaned": Field("whole", "rows of something that is gone"),
        "absent": Field("whole", "rows that indexes name and that are gone"),
        "lost_pages": Field("whole", "pages of which nothing can be read; how many rows they had is not known"),
    },
    "outside": {
        "version_id": Field("text", "its id"),
        "reference": Field("text", "such as `train-set:v2`"),
        "location": Field("text", "where its files lie"),
        "size_bytes": Field("whole", "how large they are together"),
    },
    "suspect": {
        "table": Field("text", "where it stands: `param`, `run`, `version` …"),
        "column": Field("text", "in which column of that"),
        "name": Field("text", "the run, version or artifact that it is said of; may be empty"),
        "kind": Field("text", "what it looks like, such as `github-token`"),
    },
    "redacted": {
        "classes": Field("[text]", "what was taken out: `user`, `host` …"),
        "people": Field("whole", "people that are called otherwise in it"),
        "hosts": Field("whole", "hosts, and places that URLs lead to"),
        "folders": Field("whole", "folders"),
        "rows": Field("{whole}", "by table, rows that were changed or taken out"),
        "secrets": Field("whole", "texts that looked like secrets"),
        "content_kept_back": Field("[kept back]", "files whose bytes are not in it"),
        "not_searched": Field("whole", "files that are in it and whose content is packed, so that it could not be searched"),
    },
    "kept back": {
        "file": Field("text", "`model:v3/model.json`"),
        "why": Field("text", "why"),
    },
    "finding": {
        "kind": Field("text", "`structure`, `run`, `points`, `version`, `files`, `content`, `journal` or `link`"),
        "id": Field("text", "the id of the run, version or entry; may be empty"),
        "name": Field("text", "what it is called; may be empty"),
        "text": Field("text", "what is wrong with it"),
    },
    "signature": {
        "state": Field("text", "`good`, `unknown` (of a key that your signers do not name) or `bad`"),
        "who": Field("text", "who signed it, as your file of signers says; may be empty"),
        "key": Field("text", "the fingerprint of the key; may be empty"),
        "text": Field("text", "the same as a sentence"),
    },
    "referenced": {
        "id": Field("text", "the id of the version"),
        "reference": Field("text", "such as `train-set:v2`"),
        "location": Field("text", "where its files lie"),
        "host": Field("text", "on which machine"),
        "size_bytes": Field("whole", "how large they are together"),
        "state": Field("text", "`there`, `gone` or `unknown`"),
        "text": Field("text", "what is gone, or why it was not looked for"),
    },
    "blame": {
        "what": Field("text", "`note`, `tag wip`, `alias production` …; `recorded` for all that nobody has changed since"),
        "value": Field("text?", "what it was set to; none where it was taken away"),
        "author": Field("text", "who did it"),
        "time_ms": Field("whole", "when"),
        "why": Field("text", "the reason that was given"),
        "host": Field("text?", "the box on which it was done"),
    },
    "thing change": {
        "kind": Field("text", "`run`, `version` or `view`"),
        "id": Field("text", "its id; of a view its name"),
        "name": Field("text", "what it is called"),
        "standing": Field("text", "`new`, `changed` or `gone`"),
        "fields": Field("[field change]", "of one that is in both, what differs"),
    },
    "field change": {
        "name": Field("text", "`note`, `param lr`, `metric val/loss` …"),
        "before": Field("text?", "its value in the first catalog; none where it was not there"),
        "after": Field("text?", "its value in the second"),
    },
    "unsettled": {
        "id": Field("text", "the id of the run, version or artifact"),
        "name": Field("text", "what it is called"),
        "what": Field("text", "what of it: `note`, `name`, `tag` …"),
        "detail": Field("text", "which tag, alias or fact"),
        "choices": Field("[choice]", "what it was changed to: the last one stands"),
    },
    "choice": {
        "author": Field("text", "who changed it"),
        "time_ms": Field("whole", "when"),
        "value": Field("text?", "to what; none where it was taken away"),
    },
    "relocated": {
        "reference": _VERSION["reference"],
        "old": Field("text", "where it was recorded to lie"),
        "new": Field("text", "where it was looked for"),
        "is_same": Field("flag", "whether all of it is there, so that it can be taken over"),
        "files": Field("whole", "how many files it has"),
        "missing": Field("[text]", "paths of files that are not there"),
        "differing": Field("[text]", "paths of files that are others there"),
        "by_size": Field("[text]", "paths of files that have no digest, and were compared by size"),
    },
    "best run": {"name": _RUN["name"], "metrics": Field("{number}", "its last values")},
    "model": {"reference": _VERSION["reference"], "aliases": _VERSION["aliases"]},
}  # fmt: skip
RECORDS["broken"] = {
    "run": Field("text", "its name"),
    "id": Field("text", "its id"),
    "inputs": Field("[text]", "the versions that it used"),
}
RECORDS["import"] = {
    "time_ms": Field("whole", "when it was imported"),
    "program": Field("text", "what imported it"),
    **RECORDS["store"],
}

_PREPARED = {
    "run": Field("run", "the run that is made again"),
    "folder": Field("text", "the folder with what it took"),
    "written_count": Field("whole", "files that were written now"),
    "parts": Field("[ingredient]", "code, data, env and command: whether they are there"),
    "notes": Field("[text]", "what was left out, and what is not as it was"),
    "changed": Field("[text]", "files in the folder that somebody changed since; `--force` writes them anew"),
    "command": Field("[text]", "what is run; `python` stands for the interpreter; empty if none is known"),
    "directory": Field("text", "where it is run, relative to the folder"),
    "variables": Field("{text}", "variables of the environment that decide about results"),
    "python": Field("text", "version of Python; empty if none is known"),
    "packages": Field("[recorded package]", "packages that were recorded"),
}
DOCUMENTS: dict[str, Record] = {
    "gc": {
        "is_dry_run": Field("flag", "whether nothing was changed"),
        "deleted": Field("[text]", "versions that the rule does not keep"),
        "deleted_bytes": Field("whole", "bytes of the file that these alone need"),
        "spared": Field("[text]", "versions that the rule does not keep, and that stay since an alias names them"),
        "removed": Field("[text]", "versions whose content is removed"),
        "removed_runs": Field("[text]", "names of deleted runs whose points are removed"),
        "freed_bytes": Field("whole", "bytes of the file that are free without both"),
        "waiting": Field("[text]", "deleted versions whose content stays for now"),
        "waiting_runs": Field("[text]", "names of deleted runs whose points stay for now"),
        "broken": Field("[broken]", "runs that lack an input without the deleted versions"),
    },
    "gc --store": {
        "is_dry_run": Field("flag", "whether nothing was changed"),
        "store": Field("text", "the store"),
        "catalogs": Field("[text]", "paths of the catalogs"),
        "named_count": Field("whole", "objects that a catalog names"),
        "named_bytes": Field("whole", "their size"),
        "marked": Field("[text]", "digests of objects that no catalog names, marked now"),
        "waiting": Field("[text]", "digests of those that were marked not long ago"),
        "removed": Field("[text]", "digests of those that were marked long ago, removed now"),
        "freed_bytes": Field("whole", "the size of those"),
    },
    "ls": {"runs": Field("[listed run]", "the runs that match, in order")},
    "ls --columns": {"runs": Field("[named columns]", "the runs that match, in order")},
    "ls --artifacts": {"artifacts": Field("[artifact]", "by stage, kind and name")},
    "ls --artifacts --columns": {"artifacts": Field("[named columns]", "the artifacts, in order")},
    "sql": {
        "columns": Field("[text]", "the names of the columns, in order; one that comes again has a number"),
        "rows": Field("[{value}]", "by column what a row has: infinities are texts, and blobs, as in `X'00ff'`"),
    },
    "sql --schema": {
        "views": Field("[view or table]", "what is meant to be asked, and stays as it is"),
        "tables": Field("[view or table]", "what the views are made of, which a later version may lay out differently"),
    },
    "show RUN": {"run": Field("whole run", "the run")},
    "show VERSION": {"version": Field("whole version", "the version")},
    "compare": {"runs": Field("[run]", "the runs"), "rows": Field("[compared]", "what is compared")},
    "compare VERSION": {"versions": Field("[version]", "the versions"), "rows": Field("[compared]", "what is compared")},
    "drift": {
        "before": Field("drift side", "what the other is held against"),
        "after": Field("drift side", "what may have drifted"),
        "served": Field("text", "the version that served last; empty where it is no deployment"),
        "compared_count": Field("whole", "columns that both have"),
        "only_before": Field("[text]", "columns that only the first has"),
        "only_after": Field("[text]", "columns that only the second has"),
        "columns": Field("[column drift]", "columns that both have, those that drifted most beyond chance first"),
        "beyond": Field("[text]", "columns beyond a `--limit`"),
        "quality": Field("[live quality]", "live metrics beside those of the test"),
        "over_time": Field("[drift over time]", "the columns that drifted most, window by window"),
    },
    "drift --rules": {
        "deployment": Field("text", "the deployment"),
        "rules": Field("[text]", "the rules that were asked"),
        "raised": Field("[raised]", "those that hold, and then those that held"),
        "opened": Field("[text]", "titles of the incidents that were opened"),
    },
    "get": {
        "reference": Field("text", "the version"),
        "folder": Field("text", "where its files are"),
        "written": Field("[text]", "paths of files that were written"),
        "present": Field("[text]", "paths of files that were there already, as recorded"),
        "left_out": Field("{text}", "by path why a file was not written"),
    },
    "preview": {
        "reference": Field("text", "the version"),
        "previews": Field("{preview}", "by path what a file holds"),
        "profiles": Field("{profile}", "by path what the columns of a table are like"),
        "made": Field("[text]", "paths of the files that were looked at now"),
        "left_out": Field("{text}", "by path why a file was not looked at"),
        "is_kept": Field("flag", "whether what was made is in the catalog now"),
    },
    "diff": {
        "before": Field("version", "the first version"),
        "after": Field("version", "the second version"),
        "same_count": Field("whole", "files that are the same in both"),
        "facts": Field("[value change]", "what is declared, and said in the metadata, where it differs"),
        "makers": Field("[value change]", "how they came to be, where that differs: runs, results, params, inputs, code"),
        "files": Field("[file difference]", "the files that differ"),
    },
    "diff CATALOG": {
        "before": Field("text", "the first catalog"),
        "after": Field("text", "the second catalog"),
        "changes": Field("[thing change]", "runs, versions and views that are not the same in both"),
    },
    "verify": {
        "versions": Field("[judged version]", "of each model the newest version and those that have an alias"),
        "without_criterion": Field("[text]", "requirements that have no criterion"),
        "without_evidence": Field("[text]", "criteria that are unknown for all of them"),
        "without_requirement": Field("[text]", "models that no criterion is about"),
    },
    "verify REF": {"versions": Field("[judged version]", "the version, or those that a requirement is about")},
    "served": {
        "at_ms": Field("whole", "for which time it is said"),
        "deployments": Field("[deployment]", "all deployments, by name"),
    },
    "served NAME": {
        "at_ms": Field("whole", "for which time it is said"),
        "deployment": Field("deployment", "that one"),
    },
    "monitor": {
        "deployment": Field("text", "what was observed"),
        "requests": Field("whole", "requests that were taken"),
        "windows": Field("whole", "windows that were new, grew, or got a truth"),
        "first_ms": Field("whole?", "when the first of these begins"),
        "last_ms": Field("whole?", "when the last of them ends"),
        "truths": Field("whole", "predictions whose truth is known, late ones too"),
        "truths_joined": Field("whole", "truths that came later and found their prediction"),
        "truths_unjoined": Field("whole", "truths that found none"),
        "odd": Field("{whole}", "by what was odd about them, rows that were taken"),
        "left_out": Field("{whole}", "by the reason, rows that were not taken"),
        "missing_columns": Field("[text]", "columns that not all rows had"),
        "mixed_columns": Field("[text]", "columns with values of several types"),
        "left_out_columns": Field("whole", "columns beyond those that are looked at"),
        "taken_before": Field("[text]", "files that were taken already, and did not count again"),
        "kept": Field("[text]", "versions that hold the raw rows"),
    },
    "audit RUN": {
        "run": Field("run", "the run"),
        "verdict": Field("text", "whether it could be made again, in a sentence"),
        "ingredients": Field("[ingredient]", "what it is made of"),
    },
    "audit --where": {
        "run_count": Field("whole", "how many runs the filter matches"),
        "runs": Field("[audited run]", "these runs, `--limit` of them"),
    },
    "reproduce": _PREPARED,
    "reproduce --run": _PREPARED | {
        "again": Field("run", "the new run"),
        "came_back": Field("flag", "whether it ended as the old one did, and each metric that is judged came back"),
        "verdict": Field("text", "the same in a sentence, with what was not the same"),
        "tolerance": Field("number", "how far a point may be off, relatively"),
        "metrics": Field("[metric again]", "each metric of the old run"),
        "outputs": Field("[output again]", "what the old run made"),
        "causes": Field("[cause]", "what was not the same, whether it came back or not"),
    },
    "merge": {
        "into": Field("text", "the catalog into which was merged"),
        "is_done": Field("flag", "whether anything was written"),
        "merged": Field("[merged]", "what came of each catalog"),
    },
    "merge --sources": {
        "catalog": Field("text", "the catalog"),
        "sources": Field("[source]", "the installations that it has something of, the first one first"),
    },
    "merge --undo": {
        "catalog": Field("text", "the catalog"),
        "is_done": Field("flag", "whether anything was written"),
        "sources": Field("[source]", "what was named"),
        "runs": Field("[text]", "ids of the runs that are taken out"),
        "versions": Field("[text]", "the versions that are taken out"),
        "changes": Field("whole", "changes of others' things that are taken back"),
        "kept": Field("[text]", "runs and versions that stay, since something of others rests on them"),
    },
    "push": _PLACE | _PUSHED | _LEFT_ALONE,
    "pull": _PLACE | _PULLED | _LEFT_ALONE,
    "sync": _PLACE | _PULLED | _PUSHED | _LEFT_ALONE,
    "push to a server": _PLACE | _WENT,
    "pull from a server": _PLACE | _CAME,
    "sync with a server": _PLACE | _CAME | _WENT,
    "mirror": {
        "source": Field("text", "where packs were read"),
        "target": Field("text", "where they were copied to"),
        "is_done": Field("flag", "whether anything was written"),
        "copied": Field("[text]", "paths of the packs that were not there"),
        "copied_bytes": Field("whole", "how large they are together"),
        "there": Field("whole", "packs that were there already"),
    }
    | _LEFT_ALONE,
    "export": {
        "place": Field("text", "the folder, or the URI without what is secret in it"),
        "format": Field("text", "`parquet`, `csv`, `jsonl`, `mlruns`, `tensorboard` or `wandb`"),
        "catalog": Field("text", "the catalog"),
        "is_done": Field("flag", "whether anything was written"),
        "rows": Field("{whole}", "by table, how many rows of the catalog are there"),
        "written": Field("{whole}", "by table, how many of them were written now"),
        "files": Field("whole", "files of the catalog that are there"),
        "written_files": Field("whole", "files that were written now"),
        "written_bytes": Field("whole", "how large these are"),
        "removed_files": Field("whole", "files that were replaced, or whose rows are gone"),
        "running": Field("whole", "runs that are still going on"),
        "damaged_points": Field("whole", "points that are damaged, and were left out"),
        "left_out": Field("whole", "runs whose start is damaged, and that were left out"),
        "changed": Field("[counted]", "what is there in another form; `artui import` reads it back as it was"),
        "left": Field("[counted]", "what the format has no place for, or what cannot be had"),
        "suspects": Field("[suspect]", "texts that look like secrets and were written now; their names are ids"),
    },
    "share": {
        "out": Field("text", "the file that was made"),
        "signature": Field("text?", "the file with its signature; none without `--sign`"),
        "is_done": Field("flag", "whether anything was written"),
        "size_bytes": Field("whole", "how large it is"),
        "runs": Field("shared", "runs"),
        "versions": Field("shared", "versions"),
        "points": Field("whole", "points of metrics that are in it"),
        "content_bytes": Field("shared", "bytes of files that are stored in the catalog, as long as the files are"),
        "journal_entries": Field("whole", "entries of the journal that are in it"),
        "outside": Field("[outside]", "versions whose files lie elsewhere, and do not go along"),
        "suspects": Field("[suspect]", "texts that look like secrets and go out, where nothing was redacted"),
        "running": Field("[text]", "names of runs that were still going on"),
        "damaged": Field("[text]", "ids of runs and versions that are damaged: nothing, or not all content, was taken of them"),
        "left_out": Field("whole", "other rows that can be none, as in a damaged file"),
        "redacted": Field("redacted?", "what was taken out; none without `--redact`"),
    },
    "check": {
        "catalog": Field("text", "the catalog"),
        "is_well": Field("flag", "whether nothing is wrong"),
        "has_read_data": Field("flag", "whether everything was read, as with `--data`"),
        "size_bytes": Field("whole", "how large the file is"),
        "findings": Field("[finding]", "what is wrong"),
        "signature": Field("signature?", "what is known of the signature beside it; none if there is none"),
        "references": Field("[referenced]?", "versions whose files lie elsewhere; none without `--references`"),
        "notice": Field("text?", "what was done to open it"),
    },
    "compact": {
        "catalog": Field("text", "the catalog"),
        "is_done": Field("flag", "whether anything was written"),
        "size_bytes": Field("whole", "how large it was"),
        "after_bytes": Field("whole?", "how large it is now; none if nothing was written"),
        "free_bytes": Field("whole", "of its free pages"),
        "unnamed_count": Field("whole", "pieces of content that nothing names"),
        "unnamed_bytes": Field("whole", "how large these are"),
    },
    "adopt": {
        "out": Field("text", "the file that was made"),
        "is_done": Field("flag", "whether anything was written"),
        "findings": Field("[finding]", "what is wrong with the catalog"),
        "runs": Field("whole", "runs that were taken over"),
        "versions": Field("whole", "versions that were taken over"),
        "points": Field("whole", "points of metrics that were taken over"),
        "size_bytes": Field("whole", "how large the new file is"),
        "free_bytes": Field("whole", "of free pages, which were dropped"),
        "damaged": Field("[text]", "ids of runs and versions that are damaged: nothing, or not all content, was taken of them"),
        "left_out": Field("whole", "other rows that can be none, as in a damaged file"),
    },
    "move": {
        "old": Field("text", "where the catalog was"),
        "new": Field("text", "where it is now"),
        "is_done": Field("flag", "whether anything was changed"),
        "is_copied": Field("flag", "whether that is another file system, to which it is copied"),
        "size_bytes": Field("whole", "how large it is"),
        "beside": Field("[text]", "names of what lies beside it and goes along"),
        "unreachable": Field("[text]", "versions whose files were read since they lay below its folder"),
        "is_default": Field("flag", "whether it was used when no catalog was named"),
    },
    "doctor": {
        "catalog": Field("text?", "the catalog; none if there is none"),
        "is_well": Field("flag", "whether nothing is wrong"),
        "remarks": Field("[remark]", "what was looked at"),
    },
    "salvage": {
        "out": Field("text", "the file that was made"),
        "is_whole": Field("flag", "whether nothing is missing"),
        "size_bytes": Field("whole", "how large it is"),
        "schema_version": Field("whole", "the schema of the damaged file"),
        "runs": Field("whole", "runs that are in it"),
        "versions": Field("whole", "versions that are in it"),
        "points": Field("whole", "points of metrics that are in it"),
        "rows": Field("whole", "rows that are in it"),
        "pages": Field("whole", "pages that the damaged file has"),
        "missing_pages": Field("whole", "pages that the damaged file lacks at its end"),
        "strange_pages": Field("whole", "pages with rows of which nobody knows where they belong"),
        "tables": Field("[salvaged table]", "what became of the rows of each table"),
        "lost_files": Field("[text]", "stored files whose content is gone, such as `model:v1/weights.bin`"),
        "findings": Field("[finding]", "what is damaged in what was saved, as of `artui check --data`"),
        "spools": Field("whole", "spools beside the damaged file: what is in them was not saved"),
        "notice": Field("text?", "what became of what lay beside the damaged file"),
    },
    "relocate": {
        "old": Field("text", "the place that was looked for in the catalog"),
        "new": Field("text", "the place that was looked into"),
        "is_done": Field("flag", "whether versions were taken over"),
        "versions": Field("[relocated]", "the versions that lie below the old place"),
    },
    "blame": {
        "subject": Field("text", "what was asked about: the name of a run, or a reference"),
        "id": Field("text", "its id"),
        "set": Field("[blame]", "each thing that is said of it, the last change first; what was recorded at the end"),
    },
    "impact": {
        "subject": Field("text", "what was asked about: the name of a run, or a reference"),
        "users": Field("[run]", "the runs that used it, or what it made, the newest first"),
        "run_count": Field("whole", "how many runs rest on it"),
        "versions": Field("[version]", "the versions that rest on it"),
        "in_production": Field("[in production]", "those of them that are in production"),
    },
    "trace": {
        "root": Field("node", "what was asked about"),
        "upstream": Field("[node]", "what it came from, depth first"),
        "downstream": Field("[node]", "what came of it, depth first"),
        "is_cut": Field("flag", "whether there is more"),
    },
    "trace REF REF": {
        "ways": Field("[way]", "from the earlier of the two to the later one, the shortest first; none if neither came of the other"),
        "is_cut": Field("flag", "whether there are more"),
        "count": Field("whole", "how many ways there are"),
        "cause": Field("node?", "if neither came of the other, the nearest thing that both came of"),
    },
    "why RUN RUN": {
        "names": Field("[text]", "of the two runs"),
        "metric": Field("text", "what they are judged by"),
        "direction": Field("text?", "which way is better: lower or higher; null of a counter"),
        "is_by_best": Field("flag", "whether by the best value instead of the last"),
        "left": Field("number?", "of the first run"),
        "right": Field("number?", "of the second run"),
        "is_better": Field("flag?", "whether the first is the better; null if neither is, and by a counter"),
        "sentence": Field("text", "the answer in words"),
        "factors": Field("[factor]", "what goes with the result, the weightiest first"),
        "seeds": Field("[text]", "seeds that differ"),
        "code": Field("[text]", "files of code that differ, where both runs kept code"),
        "lacking": Field("[text]", "names of the runs without the metric"),
        "unfinished": Field("[unfinished]", "those of them that did not finish"),
        "repetitions": Field("repetitions?", "the runs that are alike but for the seeds, in their code, too, if these two are"),
        "same_settings": Field("repetitions?", "those of the same settings, whatever their seeds and code, if nothing else can be weighed"),
        "damaged": Field("{value}", "by name of a run, its parts that are not as recorded"),
    },
    "why --deployment": {
        "deployment": Field("text", "the deployment"),
        "since_ms": Field("whole", "since when"),
        "until_ms": Field("whole", "until when"),
        "sentence": Field("text", "the answer"),
        "cause": Field("production cause?", "what is named; null where it cannot be told"),
        "causes": Field("[production cause]", "all that was looked at, what explains most first"),
        "window_count": Field("whole", "windows since then"),
        "usual_count": Field("whole", "windows before, from which what is usual is known"),
    },
    "why --where": {
        "count": Field("whole", "runs that match, and have what is judged by or compared by the filter"),
        "others": Field("whole", "runs that they are held against, which have it, too"),
        "left_out": Field("whole", "runs of both that do not"),
        "metric": Field("text", "what they are judged by; empty if most have nothing to judge by"),
        "is_by_best": Field("flag", "whether by the best value instead of the last"),
        "sentence": Field("text", "the answer in words"),
        "factors": Field("[factor]", "what sets them apart, the weightiest first"),
    },
    "import": {
        "catalog": Field("text?", "the catalog that was written"),
        "seconds": Field("number", "how long it took"),
        "stores": Field("[store]", "what was imported"),
        "is_interrupted": Field("flag", "whether it was stopped"),
    },
    "import of nothing": {
        "catalog": Field("text?", "null"),
        "error": Field("text", "why there is nothing to import"),
        "remedy": Field("text", "what to do"),
        "stores": Field("[store]", "empty"),
        "not_read": Field("[not read]", "stores that are seen and cannot be read"),
    },
    "import --report": {"imports": Field("[import]", "the newest import of each store")},
    "keys": {"keys": Field("[key]", "every key of the app")},
    "help": {"subjects": Field("[subject]", "the pages of the manual")},
    "help SUBJECT": {"pages": Field("[page]", "the pages or sections")},
    "help VERB": {
        "verb": Field("text", "its name"),
        "help": Field("text", "its help"),
        "subjects": Field("[text]", "pages about it"),
    },
    "help search": {"hits": Field("[hit]", "lines of the manual")},
    "demo": {
        "path": Field("text", "the catalog"),
        "size_bytes": Field("whole", "its size"),
        "run_count": Field("whole", "its runs"),
        "artifact_count": Field("whole", "its artifacts"),
        "version_count": Field("whole", "their versions"),
        "best": Field("best run?", "the best run of the sweep"),
        "model": Field("model?", "the newest model"),
    },
}  # fmt: skip
"""By what is called, the fields of its document beside `artui`."""


def document(**fields: Any) -> dict[str, Any]:
    """Make a document of its fields."""
    return {"artui": CONTRACT, **fields}


def run_record(head: RunHead) -> dict[str, Any]:
    """Make the record of a run."""
    return {
        "id": head.id, "name": head.name, "project": head.project, "status": head.status, "stage": head.stage, "started_ms": head.started_ms or None,
        "ended_ms": head.ended_ms, "duration_ms": head.duration_ms, "parent_id": head.parent_id, "damaged": head.damaged,
    }  # fmt: skip


def whole_run(run: RunDetail) -> dict[str, Any]:
    """Make the record of a run with all that is known of it."""
    return {
        **run_record(run.head), "note": run.note, "tags": {tag.name: tag.value for tag in run.tags}, "params": {param.name: param.value for param in run.params},
        "metrics": [metric_record(metric) for metric in run.metrics], "error": run.error, "user": run.user, "host": run.host, "command": run.command,
        "directory": run.directory, "python": run.python, "commit": run.git_commit, "branch": run.git_branch, "is_dirty": run.git_is_dirty,
        "inputs": [version_record(head) for head in run.inputs], "outputs": [version_record(head) for head in run.outputs],
        "children": [run_record(head) for head in run.children], "context": dict(run.context), "damaged": run.damaged,
        "deleted_ms": run.deleted_ms,
    }  # fmt: skip


def metric_record(metric: Metric) -> dict[str, Any]:
    """Make the record of a metric with its summary."""
    summary = metric.summary
    names = ("count", "first", "last", "min", "max", "mean", "min_step", "max_step", "first_step", "last_step", "first_ms", "last_ms", "nan_count")  # fmt: skip
    return {
        "name": metric.name, "labels": metric.labels, **{name: getattr(summary, name) for name in names},
        "inf_count": summary.positive_inf_count + summary.negative_inf_count, "damaged": metric.damaged,
    }  # fmt: skip


def artifact_record(head: ArtifactHead) -> dict[str, Any]:
    """Make the record of an artifact."""
    return {
        "id": head.id, "name": head.name, "project": head.project, "stage": head.stage, "kind": head.kind, "version_count": head.version_count,
        "latest": _or_none(version_record, head.latest), "aliases": [{"alias": alias, "version": number} for alias, number in head.named], "damaged": head.damaged,
    }  # fmt: skip


def version_record(head: VersionHead) -> dict[str, Any]:
    """Make the record of a version."""
    return {
        "id": head.id, "reference": head.reference, "artifact": head.artifact, "project": head.project, "stage": head.stage, "kind": head.kind,
        "number": head.number, "digest": head.digest, "size_bytes": head.size_bytes, "file_count": head.file_count, "created_ms": head.created_ms,
        "storage": head.storage, "not_stored_count": head.not_stored_count, "aliases": head.aliases, "made_by": _or_none(run_record, head.made_by), "is_retired": head.is_retired,
        "deleted_ms": head.deleted_ms, "damaged": head.damaged,
    }  # fmt: skip


def judged_record(head: VersionHead, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Make the record of a version with its verdicts."""
    return {"version": version_record(head), "verdicts": [verdict_record(verdict) for verdict in verdicts]}


def deployment_record(place: Deployment, heads: Mapping[str, VersionHead], at_ms: int) -> dict[str, Any]:
    """Make the record of a deployment as it is at a time."""
    return {
        "id": place.version_id, "name": place.name, "project": place.project,
        "serving": [release_record(place.name, one, heads.get(one.release.version_id)) for one in place.served(at_ms)],
        "releases": [release_record(place.name, one, heads.get(one.release.version_id)) for one in place.releases],
        "incidents": [incident_record(one) for one in place.incidents],
    }  # fmt: skip


def release_record(place: str, recorded: Recorded, head: VersionHead | None) -> dict[str, Any]:
    """Make the record of a release."""
    release = recorded.release
    return {
        "id": release.id, "deployment": place, "version": _or_none(version_record, head), "named": release.named, "role": release.role,
        "share": recorded.share, "from_ms": release.from_ms or None, "to_ms": recorded.to_ms, "reason": release.reason, "approved_by": release.approved_by,
        "author": recorded.author, "time_ms": recorded.time_ms, "why": recorded.why,
    }  # fmt: skip


def incident_record(noted: Noted) -> dict[str, Any]:
    """Make the record of an incident."""
    incident = noted.incident
    return {
        "id": incident.id, "title": incident.title, "severity": incident.severity, "opened_ms": incident.opened_ms, "closed_ms": incident.closed_ms or None,
        "cause": incident.cause, "resolution": incident.resolution, "release_id": incident.release_id, "rule": incident.rule, "author": noted.author,
        "time_ms": noted.time_ms,
    }  # fmt: skip


def observed_record(report: Report) -> dict[str, Any]:
    """Make the document of what came of observing a deployment."""
    return {
        "deployment": report.deployment, "requests": report.rows, "windows": report.windows, "first_ms": report.first_ms or None,
        "last_ms": report.last_ms or None, "truths": report.truths, "truths_joined": report.truths_joined, "truths_unjoined": report.truths_unjoined,
        "odd": report.noted, "left_out": report.left_out, "missing_columns": report.missing_columns, "mixed_columns": report.mixed_columns,
        "left_out_columns": report.left_out_columns, "taken_before": report.taken_before, "kept": report.kept,
    }  # fmt: skip


def verdict_record(verdict: Verdict) -> dict[str, Any]:
    """Make the record of a verdict."""
    defined, waiver = verdict.defined, verdict.waiver
    return {
        "criterion": defined.key, "condition": defined.criterion.condition, "subject": defined.criterion.subject, "verdict": verdict.answer,
        "why": verdict.why,
        "measured": [
            {"field": one.field, "value": one.value, "run_id": one.run_id, "run": one.run, "step": one.step, "short_by": one.short_by}
            for one in verdict.measured
        ],
        "defined_ms": defined.since_ms, "defined_by": defined.author, "is_before": verdict.is_before,
        "waiver": None if waiver is None else {"author": waiver.author, "time_ms": waiver.time_ms, "why": waiver.why},
    }  # fmt: skip


def whole_version(
    version: VersionDetail,
    previews: Mapping[str, Preview],
    history: Sequence[Change] = (),
    profiles: Mapping[str, TableProfile] | None = None,
) -> dict[str, Any]:
    """Make the record of a version with its files and all that it is connected to."""
    return {
        **version_record(version.head), "metadata": dict(version.metadata), "note": version.note, "location": version.location, "host": version.host, "not_there": version.not_there,
        "files": [_file(file, previews.get(file.path), (profiles or {}).get(file.path)) for file in version.files], "used_by": [run_record(head) for head in version.used_by],
        "related": [{"relation": word, "version": version_record(head)} for word, head in version.related],
        "facts": dict(version.facts), "missing_facts": missing_facts(version.head.kind, version.facts),
        "releases": [release_record(one.deployment, one.recorded, one.head) for one in version.releases], "incidents": [incident_record(one) for one in version.incidents],
        "approvals": [{name: getattr(approval, name) for name in RECORDS["approval"]} for approval in version.approvals],
        "history": [change_record(change) for change in history], "damaged": version.damaged,
    }  # fmt: skip


def change_record(change: Change) -> dict[str, Any]:
    """Make the record of something that was done."""
    return {name: getattr(change, name) for name in RECORDS["change"]}


def _file(file: ManifestFile, preview: Preview | None, profile: TableProfile | None) -> dict[str, Any]:
    return {
        "path": file.path, "size_bytes": file.size_bytes, "digest": file.digest, "media_type": file.media_type, "link_target": file.link_target,
        "note": file.note_text, "preview": _or_none(preview_record, preview), "profile": _or_none(profile_record, profile), "damaged": file.damaged,
    }  # fmt: skip


def preview_record(preview: Preview) -> dict[str, Any]:
    """Give a preview as it is printed."""
    table = preview.table
    return {
        "kind": preview.kind, "title": preview.title, "text": preview.text, "facts": dict(preview.facts),
        "table": None if table is None else {"columns": table.columns, "types": table.types, "rows": table.rows, "row_count": table.row_count},
    }  # fmt: skip


def profile_record(table: TableProfile) -> dict[str, Any]:
    """Give what a table is like as it is printed."""
    return {
        "rows": table.rows, "columns": [_column_profile(column) for column in table.columns], "odd_rows": table.odd_rows, "bad_rows": table.bad_rows,
        "left_out_columns": table.left_out_columns, "note": table.note,
    }  # fmt: skip


def _column_profile(column: ColumnProfile) -> dict[str, Any]:
    names = [
        "name",
        "type",
        "count",
        "null_count",
        "nan_count",
        "infinite_count",
        "text_count",
        "other_count",
        "distinct",
        "is_distinct_exact",
        "min",
        "max",
        "mean",
        "std",
        "are_quantiles_exact",
    ]
    return {name: getattr(column, name) for name in names} | {
        "quantiles": dict(column.quantiles), "most_frequent": [{"value": value, "count": count} for value, count in column.most_frequent],
        "histogram_edges": list(column.edges), "histogram_counts": list(column.counts),
    }  # fmt: skip


def difference_record(
    difference: VersionDifference, changes: Sequence[FileChange], details: Mapping[str, FileDifference]
) -> dict[str, Any]:
    """Make what is printed of two versions that are compared."""
    return {
        "before": version_record(difference.before), "after": version_record(difference.after), "same_count": difference.same_count,
        "facts": [_value_change(change) for change in difference.facts],
        "makers": [_value_change(change) for change in difference.makers],
        "files": [_file_difference(change, details.get(change.path)) for change in changes],
    }  # fmt: skip


def _file_difference(change: FileChange, detail: FileDifference | None) -> dict[str, Any]:
    names = ["path", "change", "old_path", "size_before", "size_after"]
    known = {name: getattr(change, name) for name in names}
    if detail is None:
        return known | {
            "kind": "", "summary": "", "notes": [], "lines": [], "added": 0, "removed": 0, "hidden": 0, "values": [], "table": None,
        }  # fmt: skip
    return known | {
        "kind": detail.kind, "summary": detail.summary, "notes": detail.notes,
        "lines": [{"sign": line.sign, "text": line.text, "old": line.old, "new": line.new} for line in detail.lines],
        "added": detail.added, "removed": detail.removed, "hidden": detail.hidden, "values": [_value_change(value) for value in detail.values],
        "table": _or_none(_table_difference, detail.table),
    }  # fmt: skip


def _value_change(change: ValueChange) -> dict[str, Any]:
    said = {"name": change.name, "before": change.before, "after": change.after, "note": change.note}
    return said | {"distance": _or_none(_tensor_distance, change.distance)}


def _tensor_distance(distance: TensorDistance) -> dict[str, Any]:
    return {name: getattr(distance, name) for name in RECORDS["tensor distance"]}


def _table_difference(table: TableDifference) -> dict[str, Any]:
    return {
        "rows_before": table.before.rows, "rows_after": table.after.rows, "added_columns": table.added_columns, "removed_columns": table.removed_columns,
        "drifts": [_column_drift(drift) for drift in table.drifts], "rows": _or_none(_rows_difference, table.rows),
    }  # fmt: skip


def _rows_difference(rows: RowsDifference) -> dict[str, Any]:
    names = ["key", "added", "removed", "changed", "same", "repeated"]
    return {name: getattr(rows, name) for name in names} | {"changed_by_column": dict(rows.changed_by_column)}


def _column_drift(drift: ColumnDrift) -> dict[str, Any]:
    names = [
        name for name in RECORDS["column drift"] if name not in ("drift", "moved_value", "before", "after", "spreads")
    ]
    moved = drift.moved_value and dict(zip(RECORDS["moved value"], drift.moved_value, strict=True))
    return {name: getattr(drift, name) for name in names} | {
        "drift": drift.word, "moved_value": moved, "before": _column_profile(drift.before), "after": _column_profile(drift.after),
        "spreads": _or_none(_column_spreads, drift.spreads),
    }  # fmt: skip


def drift_record(report: DriftReport, columns: Sequence[ColumnDrift], beyond: Sequence[str]) -> dict[str, Any]:
    """Make what is printed of how far one side is from another."""
    sides = {
        word: {name: getattr(side, name) for name in RECORDS["drift side"]}
        for word, side in (("before", report.before), ("after", report.after))
    }
    names = ("served", "compared_count", "only_before", "only_after")
    return sides | {name: getattr(report, name) for name in names} | {
        "columns": [_column_drift(one) for one in columns], "beyond": list(beyond),
        "quality": [{name: getattr(one, name) for name in RECORDS["live quality"]} for one in report.quality],
        "over_time": [
            {"column": name, "points": [{"time_ms": time_ms, "psi": psi} for time_ms, psi in points]} for name, points in report.over_time.items()
        ],
    }  # fmt: skip


def raised_record(one: Raised) -> dict[str, Any]:
    """Make the record of a rule that holds in a deployment."""
    return {name: getattr(one, name) for name in RECORDS["raised"]}


def production_record(why: WhyProduction) -> dict[str, Any]:
    """Make what is printed of why production changed."""
    names = ("since_ms", "until_ms", "sentence", "window_count", "usual_count")
    return {"deployment": why.name} | {name: getattr(why, name) for name in names} | {
        "cause": _or_none(_production_cause, why.cause), "causes": [_production_cause(one) for one in why.causes],
    }  # fmt: skip


def _production_cause(cause: Cause) -> dict[str, Any]:
    return {name: getattr(cause, name) for name in RECORDS["production cause"]}


def _column_spreads(spreads: Spreads) -> dict[str, Any]:
    return {name: getattr(spreads, name) for name in RECORDS["column spreads"]}


def compared_record(row: Row) -> dict[str, Any]:
    """Make the record of a row of a comparison."""
    return {
        "section": row.section, "name": row.name, "values": row.values, "differs": row.differs, "direction": row.direction, "best": row.bests,
    }  # fmt: skip


def node_record(node: Node, runs_there: Collection[int]) -> dict[str, Any]:
    """Make the record of a thing in a lineage; `runs_there` are the keys of those runs that are not deleted."""
    version = node.version
    is_gone = version is not None and (version.deleted_ms is not None or version.removed_ms is not None)
    return {
        "depth": node.depth, "relation": node.relation, "run": _or_none(run_record, node.run), "version": _or_none(version_record, node.version),
        "is_repeated": node.is_repeated, "criteria_met": node.criteria_met, "is_deleted": is_gone or (node.run is not None and node.run.key not in runs_there),
    }  # fmt: skip


def factor_record(factor: Factor) -> dict[str, Any]:
    """Make the record of something that differs."""
    record = {name: getattr(factor, name) for name in RECORDS["factor"]}
    spreads = {side: _or_none(_spread, record[side]) for side in ("left_spread", "right_spread")}
    return record | spreads


def _spread(spread: Spread) -> dict[str, Any]:
    return {name: getattr(spread, name) for name in RECORDS["spread"]}


def _or_none(make: Callable[[Any], dict[str, Any]], thing: Any) -> dict[str, Any] | None:
    return None if thing is None else make(thing)


_SCHEMAS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "whole": {"type": "integer"},
    "number": {"anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}]},
    "flag": {"type": "boolean"},
    "value": {},
}


def schema_of(called: str) -> dict[str, Any]:
    """Give the JSON schema (draft 2020-12) of what a verb prints, by its name in DOCUMENTS."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_object(
            {"artui": {"const": CONTRACT}} | {name: _schema(field.kind) for name, field in DOCUMENTS[called].items()}
        ),
        "$defs": {
            name.replace(" ", "-"): _object({word: _schema(field.kind) for word, field in record.items()})
            for name, record in RECORDS.items()
        },
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _schema(kind: str) -> dict[str, Any]:
    if kind.endswith("?"):
        return {"anyOf": [{"type": "null"}, _schema(kind[:-1])]}
    if kind.startswith("["):
        return {"type": "array", "items": _schema(kind[1:-1])}
    if kind.startswith("{"):
        return {"type": "object", "additionalProperties": _schema(kind[1:-1])}
    return _SCHEMAS[kind] if kind in _SCHEMAS else {"$ref": f"#/$defs/{kind.replace(' ', '-')}"}
