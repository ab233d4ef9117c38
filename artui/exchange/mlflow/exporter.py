"""Bringing the runs of a catalog to an MLflow server: what is new, and nothing twice.

Each run there says in the tag `artui.id` which one it is, from the moment it is made, and in `artui.synced` what it has already;
that is written last. So a push that was interrupted anywhere is done again without harm: MLflow keeps a point of a metric once,
however often it is logged, and a param as it was first.

What people changed on the server since is theirs: a push leaves it, and a pull takes it (see `syncing`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from artui import clock
from artui.errors import ArtuiError, StoreFailed
from artui.exchange.mlflow.agreed import Agreed, base_of_strangers, digest_of, state_here, state_of
from artui.exchange.mlflow.filing import Filer
from artui.exchange.mlflow.naming import (
    DATASET_SOURCE,
    FACTS,
    ID_TAG,
    KINDS,
    NAMES,
    NOTE_TAG,
    OURS,
    SYNCED,
    TYPES,
    USED_DIGEST,
    comes_back,
    dataset_source,
    param_text,
    plain_name,
    series_name,
)
from artui.exchange.mlflow.registry import push_models
from artui.exchange.mlflow.rest import Refused, Server, ServerError
from artui.exchange.mlflow.server import MlflowServer
from artui.exchange.mlflow.synced import MOST_TAG_CHARS, Synced, There
from artui.jsontext import json_text
from artui.query.api.records import Version
from artui.query.revisions import Revision, edited_since, revisions
from artui.query.run import get_run
from artui.query.series.points import get_series

if TYPE_CHECKING:
    from artui.model import RunDetail, VersionHead
    from artui.query.reader import Reader

MOST_METRICS, MOST_PARAMS, MOST_TAGS = 1000, 100, 100
"""Of one request: https://mlflow.org/docs/latest/api_reference/rest-api.html#request-limits."""
MOST_PARAM_CHARS = 6_000
MOST_INPUTS = 100
MOST_VALUE_CHARS = 5_000
_MOST = {"metrics": MOST_METRICS, "params": MOST_PARAMS, "tags": MOST_TAGS // 2, "notes": MOST_TAGS // 2}
_SENT_AS = {"metrics": "metrics", "params": "params", "tags": "tags", "notes": "tags"}
"""`notes` are tags that are counted as something else."""
STATUSES = {"running": "RUNNING", "lost": "RUNNING", "finished": "FINISHED", "failed": "FAILED", "killed": "KILLED"}
_BOTH = "were changed there and here since the last push: pull first"
_WITHOUT_FILES = " without files"
"""Stands behind the revision of a run that was brought without its files."""
_NOT_KEPT = ("code", "environment", "log")
"""Kinds of versions that describe how a run was recorded: they stay in the catalog."""
Tell = Callable[[str, int, int], None]
"""Called with what is done, how many runs are done and how many there are."""


@dataclass(slots=True)
class Pushed:
    """What a push has brought."""

    place: str
    runs: Counter[str] = field(default_factory=Counter)
    """`new`, `updated`, `unchanged`, `deleted`, `restored`, `refused`."""
    brought: Counter[str] = field(default_factory=Counter)
    """Points, params, tags, notes, files, bytes."""
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(what, why) of what the server did not take, or cannot hold."""
    retries: int = 0

    @property
    def has_news(self) -> bool:
        """Whether anything was brought."""
        words = ("new", "updated", "deleted", "restored")
        return any(self.runs[word] for word in words) or bool(self.brought["aliases"] or self.brought["model versions"])


class Pusher:
    """One push of one catalog to one server."""

    def __init__(
        self, server: Server, reader: Reader, *, is_dry: bool = False, with_files: bool = True, tell: Tell | None = None
    ) -> None:
        self._server, self._reader, self._tell, self._is_dry = server, reader, tell, is_dry
        self._with_files, self._filer = with_files, Filer(server)
        self._agreed = Agreed(reader.path, server.place.shown)
        self.pushed = Pushed(server.place.shown)
        self._experiments: dict[str, str] = {}
        """Ids by names."""
        self._there: dict[str, There] = {}
        """Runs on the server by their ids in the catalog."""
        self._revisions: dict[str, Revision] = {}
        self._deleted_experiments: set[str] = set()
        self._held: dict[str, list[dict[str, Any]]] = {}
        """What waits to be logged of the run that is brought."""
        self._brought: set[str] = set()
        """Runs that this push has brought: a parent before its turn."""

    def push(self) -> Pushed:
        """Bring what is new.

        Raises:
            ServerError: the server cannot be reached, or does not let anything be written.
        """
        self._look_there()
        self.keep()  # who writes is known before anything is written
        every = revisions(self._reader)
        self._revisions = {one.id: one for one in every}
        coming = set[str]()
        for number, one in enumerate(every, 1):
            there = self._there.get(one.id)
            if there is not None and self._has_all(one, there):
                self.pushed.runs["unchanged"] += 1
            elif self._is_dry:
                self.pushed.runs[
                    "unchanged" if there is None and one.is_deleted else "new" if there is None else "updated"
                ] += 1
                if self._with_files and not one.is_deleted:
                    coming.add(one.id)
            elif one.id not in self._brought and (there is not None or not one.is_deleted):
                self._bring(one)
            if self._tell is not None:
                self._tell("pushing", number, len(every))
        push_models(
            self._server, self._source, self._reader, self._there, self._agreed, self.pushed.brought, self._refuse, is_dry=self._is_dry, coming=coming,
        )  # fmt: skip
        self.pushed.retries = self._server.retries
        return self.pushed

    def _has_all(self, revision: Revision, there: There) -> bool:
        """Whether the server has what is wanted there of a revision: one that went without its files lacks them."""
        word = self._agreed.revision(revision.id, there.id, there.synced.pushes)
        return word == revision.word or (not self._with_files and word == revision.word + _WITHOUT_FILES)

    def keep(self) -> None:
        """Keep what is agreed on by now; also where the push was broken off."""
        if not self._is_dry:
            self._agreed.save()

    def _look_there(self) -> None:
        store = self._source = MlflowServer(self._server)
        for experiment in store.experiments().values():
            self._experiments.setdefault(experiment.name, experiment.id)
            if experiment.is_deleted:
                self._deleted_experiments.add(experiment.id)
        runs = store.runs()
        own = store.own_ids()
        by_server_id = _imported_ids(self._reader)
        for run in runs:
            artui_id = own.get(run.id) or by_server_id.get(run.id)
            if artui_id is None or artui_id in self._there:
                continue
            tags = store.all_tags(run)
            self._there[artui_id] = There(
                run.id, run.artifact_uri, run.is_deleted, run.name, run.status, run.ended_ms, tags, store.params(run), Synced.of(tags.get(SYNCED, ""), state_of(tags, run.name, is_deleted=run.is_deleted)),
                is_own=run.id in own,
            )  # fmt: skip

    # One run

    def _bring(self, revision: Revision) -> There | None:
        """Bring a run to the server; a part that is refused does not keep the others from it."""
        self._brought.add(revision.id)
        try:
            detail = get_run(self._reader, revision.id)
        except ArtuiError as error:
            self._refuse("runs", f"cannot be read: {error.message}")
            return None
        there = self._there.get(revision.id)
        is_new = there is None
        if there is None:
            try:
                there = self._make(revision, detail)
            except Refused as error:
                self.pushed.runs["refused"] += 1
                self._refuse("runs", _reason(error))
                return None
            self._there[revision.id] = there
        synced = Synced(
            counts=dict(there.synced.counts),
            files=list(there.synced.files),
            pushes=there.synced.pushes,
            writer=there.synced.writer,
            pushed_ms=there.synced.pushed_ms,
        )
        here = state_here({tag.name: tag.value for tag in detail.tags}, detail.note, detail.head.name, is_deleted=revision.is_deleted)  # fmt: skip
        base = self._agreed.base(revision.id, there.id, there.synced)
        if base is not None and not is_new and not self._agreed.is_known(revision.id, there.id, there.synced):
            with self._reader.snapshot() as connection:
                base = base_of_strangers(base, here, edited_since(connection, revision.id, there.synced.pushed_ms))
        was_deleted = there.is_deleted
        if base is not None and not is_new and base["deleted"] not in (there.is_deleted, None):
            # Somebody has deleted or restored it there since: that is for a pull.
            if revision.is_deleted != there.is_deleted:
                self._refuse("runs", "were deleted or restored there since the last push: pull first")
            return there
        if there.is_deleted:
            # MLflow changes nothing of a run that is deleted: one that stays so is deleted again below. Broken off after that,
            # nothing there would tell it from a restoration by somebody else.
            if base is not None:
                self._agreed.put(revision.id, there.id, there.synced.pushes, {**base, "deleted": None}, "")
                self._agreed.save()
            self._try("runs", lambda: self._server.post("runs/restore", run_id=there.id))
        before, self._has_state = sum(self.pushed.brought.values()), False
        if base is not None and not is_new and _needs_requests(here, state_of(there.tags, there.name, is_deleted=was_deleted), base):  # fmt: skip
            synced.state, synced.next = dict(base), here
            self._set_synced(there, synced)
            self._flush(there)
        if there.is_own:
            self._bring_state(there, detail)
            self._bring_files(there, detail, synced)
            self._bring_inputs(there, detail, synced)
            self._bring_params(there, detail)
            self._bring_points(there, detail, synced)
        self._bring_edits(there, detail, base)
        agreed = _agreed_on(state_of(there.tags, there.name, is_deleted=revision.is_deleted), base, here)
        synced.state, synced.next = agreed, None
        if revision.is_deleted:
            # It can say no more once it is deleted.
            synced.state, synced.next = agreed | {"deleted": False}, agreed
        self._set_synced(there, synced)
        self._flush(there)
        if revision.is_deleted:
            self._try("runs", lambda: self._server.post("runs/delete", run_id=there.id))
        has_gone = sum(self.pushed.brought.values()) > before or self._has_state
        if is_new:
            self.pushed.runs["new"] += 1
        elif revision.is_deleted != was_deleted:
            self.pushed.runs["deleted" if revision.is_deleted else "restored"] += 1
        else:
            self.pushed.runs["updated" if has_gone else "unchanged"] += 1
        lacks_files = not self._with_files and there.is_own and any(_file_mark(head) not in synced.files for head in _files_of(detail))  # fmt: skip
        self._agreed.put(revision.id, there.id, synced.pushes, agreed, revision.word + (_WITHOUT_FILES if lacks_files else ""))  # fmt: skip
        there.synced, there.is_deleted = synced, revision.is_deleted
        return there

    def _set_synced(self, there: There, synced: Synced) -> None:
        """Have the tag written that says what is agreed on, if it says something else."""
        if there.tags.get(SYNCED) != synced.text():
            synced.pushes, synced.writer, synced.pushed_ms = synced.pushes + 1, self._agreed.writer, clock.now_ms()
            self._set_tags(there, {SYNCED: synced.text()}, counts=False)

    def _make(self, revision: Revision, detail: RunDetail) -> There:
        head = detail.head
        tags = {ID_TAG: head.id, "mlflow.source.type": "LOCAL", "mlflow.runName": head.name or head.id}
        tags |= {"mlflow.user": detail.user} if detail.user else {}
        tags |= {"mlflow.source.name": " ".join(detail.command)[:1000]} if detail.command else {}
        tags |= {"mlflow.source.git.commit": detail.git_commit} if detail.git_commit else {}
        tags |= {"mlflow.source.git.branch": detail.git_branch} if detail.git_branch else {}
        parent = self._parent_of(head.parent_id)
        tags |= {"mlflow.parentRunId": parent} if parent else {}
        answer = self._server.post(
            "runs/create", experiment_id=self._experiment(head.project), user_id=detail.user or "artui", start_time=head.started_ms, run_name=head.name,
            tags=[{"key": key, "value": value} for key, value in tags.items()],
        )  # fmt: skip
        info = answer.get("run", {}).get("info", {})
        run_id = str(info.get("run_id", ""))
        if not run_id:
            raise ServerError(f"{self._server.place.shown} made a run without an id.", remedy="Is it an MLflow server?")
        return There(run_id, str(info.get("artifact_uri", "")), name=head.name, is_new=True)

    def _parent_of(self, parent_id: str | None) -> str:
        if parent_id is None:
            return ""
        there = self._there.get(parent_id)
        if there is None and (revision := self._revisions.get(parent_id)) is not None and not revision.is_deleted:
            there = self._bring(revision)
        return there.id if there is not None else ""

    def _experiment(self, project: str) -> str:
        name = project or "Default"
        found = self._experiments.get(name)
        if found is None:
            found = str(self._server.post("experiments/create", name=name).get("experiment_id", ""))
            self._experiments[name] = found
        elif found in self._deleted_experiments:
            self._server.post("experiments/restore", experiment_id=found)
            self._deleted_experiments.discard(found)
        return found

    def _bring_params(self, there: There, detail: RunDetail) -> None:
        wanted: dict[str, str] = {}
        types: dict[str, str] = {}
        names: dict[str, str] = {}
        for param in detail.params:
            name = plain_name(param.name)
            value = param.value
            text = json_text(value) if isinstance(value, list | dict) or value is None else param_text(value)
            wanted[name] = text
            if name != param.name:
                names[name] = param.name
            if isinstance(value, list | dict) or value is None:
                types[name] = "json"
            elif not comes_back(value):
                types[name] = "text"
        # A server cuts what is longer, and does not say so.
        long = [name for name, text in wanted.items() if len(text) > MOST_PARAM_CHARS]
        for name in long:
            self._refuse("params", f"{name[:60]!r}: MLflow keeps {MOST_PARAM_CHARS:,} characters, and it has more")
        wanted = {name: text for name, text in wanted.items() if name not in long}
        news = {name: text for name, text in wanted.items() if name not in there.params}
        other = sum(there.params.get(name, text) != text for name, text in wanted.items())
        self._refuse("params", "are something else by now, and MLflow keeps them as they were", other)
        self._log(there, "params", [{"key": name, "value": text} for name, text in news.items()])
        series = {series_name(one.name, one.labels): [one.name, one.labels] for one in detail.metrics}
        odd = {name: said for name, said in series.items() if said != [name, ""]}
        tag_names = {plain_name(tag.name): tag.name for tag in detail.tags if plain_name(tag.name) != tag.name}
        said = {"params": names, "series": odd, "tags": tag_names}
        notes = {TYPES: types, NAMES: {word: value for word, value in said.items() if value}}
        texts = {tag: orjson.dumps(value).decode() for tag, value in notes.items() if value}
        texts[FACTS] = _facts_text(detail)
        for text in texts.values():
            if len(text) > MOST_TAG_CHARS:
                self._refuse(
                    "runs",
                    "have too many odd names or types to say them all: some come back under other names, or as text",
                )
        self._set_tags(there, {tag: text for tag, text in texts.items() if there.tags.get(tag) != text and len(text) <= MOST_TAG_CHARS}, counts=False)  # fmt: skip

    def _bring_points(self, there: There, detail: RunDetail, synced: Synced) -> None:
        waiting: list[dict[str, Any]] = []
        for metric in detail.metrics:
            key = digest_of(f"{metric.name}\0{metric.labels}")
            had = synced.counts.get(key, 0)
            if metric.summary.count <= had:
                continue
            try:
                arrays = get_series(self._reader, detail.head.id, metric.name, metric.labels).arrays()
            except ArtuiError as error:
                self._refuse("series", f"cannot be read: {error.message}")
                continue
            name = series_name(metric.name, metric.labels)
            for step, time_ms, value in zip(arrays.steps[had:].tolist(), arrays.times_ms[had:].tolist(), arrays.values[had:].tolist(), strict=True):  # fmt: skip
                waiting.append({"key": name, "value": _number(value), "timestamp": time_ms, "step": step})
                if len(waiting) == MOST_METRICS:
                    self._log(there, "metrics", waiting)
                    waiting = []
            synced.counts[key] = len(arrays.steps)
        self._log(there, "metrics", waiting)

    def _bring_state(self, there: There, detail: RunDetail) -> None:
        head = detail.head
        said: dict[str, Any] = {"run_id": there.id, "status": STATUSES.get(head.status, "FINISHED")}
        if head.ended_ms is not None and said["status"] != "RUNNING":
            said["end_time"] = head.ended_ms
        if (said["status"], said.get("end_time")) != (there.status, there.ended_ms if "end_time" in said else None):
            self._has_state = self._try("runs", lambda: self._server.post("runs/update", **said))

    def _bring_edits(self, there: There, detail: RunDetail, base: Mapping[str, Any] | None) -> None:
        """Bring tags, note and name, where nobody has changed them on the server since what was agreed on."""
        known: Mapping[str, str] = base["tags"] if base is not None else {}
        wanted = {plain_name(tag.name): tag.value for tag in detail.tags if not tag.name.startswith("mlflow.") and tag.name not in OURS}  # fmt: skip
        news = {
            name: value
            for name, value in wanted.items()
            if there.tags.get(name) != value
            and self._may_set(there, base, there.tags.get(name), known.get(name), value, "tags")
        }
        self._set_tags(there, news)
        for name in [name for name in known if name not in wanted and name in there.tags]:
            if digest_of(there.tags[name]) == known[name]:
                if self._try("tags", lambda name=name: self._server.post("runs/delete-tag", run_id=there.id, key=name)):  # type: ignore[misc]
                    self.pushed.brought["tags"] += 1
                    del there.tags[name]
            else:
                self._refuse("tags", _BOTH)
        note = there.tags.get(NOTE_TAG, "")
        if detail.note != note and self._may_set(there, base, note, base["note"] if base is not None else None, detail.note, "notes"):  # fmt: skip
            self._set_tags(there, {NOTE_TAG: detail.note}, counts=False)
            self.pushed.brought["notes"] += 1
        name = detail.head.name
        may_rename = name and name != there.name and self._may_set(there, base, there.name, base["name"] if base is not None else None, name, "names")  # fmt: skip
        if may_rename and self._try("names", lambda: self._server.post("runs/update", run_id=there.id, run_name=name)):
            self.pushed.brought["names"] += 1
            there.name = name

    def _may_set(self, there: There, base: Mapping[str, Any] | None, now: str | None, known: str | None, wanted: str, what: str) -> bool:  # fmt: skip
        """Whether something on the server is as it was agreed on: what somebody changed there since is left for a pull.

        Args:
            base: what was agreed on; None where that is not known: then what the server has stays, but for a run that is new there.
            now: what the server has; None for nothing.
            known: the digest of what was agreed on; None for nothing.
        """
        if there.is_new or (base is None and now in (None, "")):
            return True
        if base is None:
            return False
        if known == (None if now is None else digest_of(now)):
            return True
        if known != digest_of(wanted):
            self._refuse(what, _BOTH)
        return False

    def _bring_files(self, there: There, detail: RunDetail, synced: Synced) -> None:
        """Bring the files of what a run made, and say of what kind they are."""
        outputs = _files_of(detail)
        heads = [head for head in outputs if _file_mark(head) not in synced.files]
        if not heads or not self._with_files:
            return
        if not self._filer.takes(there.artifact_uri, there.id):
            self._refuse("versions", "cannot be brought: the server takes no files, and keeps them where artui does not write", len(heads))  # fmt: skip
            return
        for head in heads:
            version = Version(self._reader, head)
            try:
                files = list(version.files)
                is_alone = len(files) == 1 and files[0].path == head.artifact
                for file in files:
                    place = head.artifact if is_alone else f"{head.artifact}/{file.path}"
                    self._filer.put(there.artifact_uri, place, file.size_bytes, partial(version.open, file.path))
                    self.pushed.brought["files"] += 1
                    self.pushed.brought["bytes"] += file.size_bytes
            except Refused as error:
                self._refuse("versions", f"{head.artifact[:60]!r}: {_reason(error)}")
                continue
            except ServerError:
                raise
            except StoreFailed as error:
                self._refuse("versions", f"cannot be put into the bucket: {error.message}")
                self._with_files = False  # those of other runs would wait for it as long
                return
            except ArtuiError as error:
                self._refuse("versions", f"cannot be read here: {error.message}")
                continue
            synced.files.append(_file_mark(head))
        kinds = json_text({head.artifact: [head.kind, head.stage] for head in outputs})
        if len(kinds) <= MOST_TAG_CHARS and there.tags.get(KINDS) != kinds:
            self._set_tags(there, {KINDS: kinds}, counts=False)

    def _bring_inputs(self, there: There, detail: RunDetail, synced: Synced) -> None:
        """Say which versions the run used, as MLflow says data sets."""
        heads = [head for head in detail.inputs if head.kind not in _NOT_KEPT and head.deleted_ms is None]
        marks = {head.key: digest_of(f"input\0{head.artifact}\0{self._digest(head)}") for head in heads}
        heads = [head for head in heads if marks[head.key] not in synced.files]
        for start in range(0, len(heads), MOST_INPUTS):
            some = heads[start : start + MOST_INPUTS]
            datasets = [
                {
                    "tags": [{"key": "mlflow.data.context", "value": head.kind}],
                    "dataset": {"name": head.artifact[:500], "digest": self._digest(head)[:36] or head.id, "source_type": DATASET_SOURCE, "source": dataset_source(head, self._digest(head))},
                }
                for head in some
            ]  # fmt: skip
            if self._try("inputs", lambda: self._server.post("runs/log-inputs", run_id=there.id, datasets=datasets)):  # noqa: B023
                self.pushed.brought["inputs"] += len(some)
                synced.files += [marks[head.key] for head in some]

    # How it is done

    def _digest(self, head: VersionHead) -> str:
        """Give the digest of a version's files; of one that came from a server without any, the one that was said."""
        if head.file_count or head.storage != "referenced":
            return head.digest
        return str(Version(self._reader, head).metadata.get(USED_DIGEST) or head.digest)

    def _set_tags(self, there: There, tags: Mapping[str, str], *, counts: bool = True) -> None:
        long = [name for name, value in tags.items() if len(value) > MOST_VALUE_CHARS]
        for name in long:
            self._refuse("notes" if name == NOTE_TAG else "tags", f"{name[:60]!r}: MLflow keeps {MOST_VALUE_CHARS:,} characters, and it has more")  # fmt: skip
        tags = {name: value for name, value in tags.items() if name not in long}
        self._log(there, "tags" if counts else "notes", [{"key": name, "value": value} for name, value in tags.items()])
        there.tags.update(tags)

    def _log(self, there: There, what: str, rows: Sequence[dict[str, Any]]) -> None:
        """Log rows: with others of the run in one request, as far as that may hold them."""
        for row in rows:
            held = self._held.setdefault(what, [])
            held.append(row)
            if len(held) >= _MOST[what] or sum(map(len, self._held.values())) >= MOST_METRICS:
                self._flush(there)

    def _flush(self, there: There) -> None:
        """Send what is waiting; where something of it is refused, that is found, named and left out."""
        held, self._held = self._held, {}
        if not any(held.values()):
            return
        tags = [*held.get("tags", ()), *held.get("notes", ())]
        parts = {"params": held.get("params", []), "metrics": held.get("metrics", []), "tags": tags}
        try:
            self._server.post("runs/log-batch", run_id=there.id, **{what: rows for what, rows in parts.items() if rows})
            kept = {what: len(rows) for what, rows in held.items()}
        except Refused:
            kept = {what: self._log_batch(there, _SENT_AS[what], rows) for what, rows in held.items()}
        for what, count in kept.items():
            if count and what != "notes":
                self.pushed.brought["points" if what == "metrics" else what] += count

    def _log_batch(self, there: There, what: str, rows: Sequence[dict[str, Any]]) -> int:
        if not rows:
            return 0
        try:
            self._server.post("runs/log-batch", run_id=there.id, **{what: list(rows)})
        except Refused as error:
            if len(rows) == 1:
                self._refuse(what, _reason(error, rows[0]))
                return 0
            middle = len(rows) // 2
            return self._log_batch(there, what, rows[:middle]) + self._log_batch(there, what, rows[middle:])
        return len(rows)

    def _try(self, what: str, act: Callable[[], object]) -> bool:
        try:
            act()
        except Refused as error:
            self._refuse(what, _reason(error))
            return False
        return True

    def _refuse(self, what: str, why: str, count: int = 1) -> None:
        if count > 0:
            self.pushed.refused[what, why] += count


def _facts_text(detail: RunDetail) -> str:
    """Say what MLflow has no place for; what is long is left out where all of it would be too long."""
    head = detail.head
    said: dict[str, Any] = {
        "id": head.id, "stage": head.stage, "host": detail.host, "directory": detail.directory, "python": detail.python,
        "git_dirty": detail.git_is_dirty, "command": list(detail.command), "error": detail.error,
    }  # fmt: skip
    if head.ended_ms is not None:
        said |= {"status": head.status, "ended_ms": head.ended_ms, "duration_ms": head.duration_ms}
    said = {name: fact for name, fact in said.items() if fact not in (None, "", [])}
    for word in ("error", "command", "directory", ""):
        text = json_text(said)
        if len(text) <= MOST_TAG_CHARS:
            break
        said.pop(word, None)
    return text


def _needs_requests(here: Mapping[str, Any], now: Mapping[str, Any], base: Mapping[str, Any]) -> bool:
    """Whether what is to be changed takes requests of its own, between which a push may be broken off."""
    return here["name"] != now["name"] or here["deleted"] != now["deleted"] or any(name in now["tags"] and name not in here["tags"] for name in base["tags"])  # fmt: skip


def _agreed_on(state: dict[str, Any], base: Mapping[str, Any] | None, here: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is agreed on after a push: what both say. What was changed on the server since stays as it was, until it is pulled.

    Args:
        state: what the server has.
        base: what was agreed on before.
        here: what the catalog has.
    """
    before: Mapping[str, Any] = base if base is not None else {"tags": {}}
    tags: dict[str, str] = {}
    for name in {*state["tags"], *here["tags"], *before["tags"]}:
        there = state["tags"].get(name)
        agreed = there if there == here["tags"].get(name) else before["tags"].get(name)
        if agreed is not None:
            tags[name] = agreed
    words = {word: state[word] if state[word] == here[word] else before.get(word, "") for word in ("note", "name")}
    return {"tags": tags, **words, "deleted": state["deleted"]}


def _imported_ids(reader: Reader) -> dict[str, str]:
    """Give runs that came from an MLflow store: their ids in the catalog by their ids there."""
    found: dict[str, str] = {}
    with reader.snapshot() as connection:
        rows = connection.execute("SELECT r.id, r.source FROM run AS r WHERE r.source LIKE 'mlflow:%'")
        for run_id, source in rows:
            found.setdefault(str(source).removeprefix("mlflow:"), str(run_id))
    return found


def _files_of(detail: RunDetail) -> list[VersionHead]:
    """Give the versions that a run made and whose files go along."""
    return [head for head in detail.outputs if head.kind not in _NOT_KEPT and head.deleted_ms is None]


def _file_mark(head: VersionHead) -> str:
    """Say which content of an artifact it is: the same from whatever catalog it comes."""
    return digest_of(f"{head.artifact}\0{head.digest}")


def _number(value: float) -> float | str:
    """Write a value as JSON of protocol buffers has it: https://protobuf.dev/programming-guides/json/."""
    if np.isfinite(value):
        return value
    return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _reason(error: Refused, row: Mapping[str, Any] | None = None) -> str:
    named = f"{str(row['key'])[:60]!r}: " if row is not None and "key" in row else ""
    return named + error.message.partition(" refuses it: ")[2][:200]
