"""Weights & Biases: transaction logs `run-ID.wandb`, one or a whole `wandb/` folder, read without the wandb package.

Messages are read by the field numbers of W&B's `wandb_internal.proto`. Config becomes params, history becomes series with W&B's
own step, and system metrics become series `system/…`; console, media, code, environment and logged artifacts become versions.
A number that is only in the summary becomes a series of one point with the label `summary`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import orjson

from artui.content.console import Screen
from artui.errors import SourceDamaged
from artui.exchange.importer import Importer
from artui.exchange.intake.candidates import Candidate
from artui.exchange.intake.carried import Carried
from artui.exchange.intake.identity import Identity
from artui.exchange.intake.versions import Content
from artui.exchange.intake.words import MAX_NAME_CHARS, one_line
from artui.exchange.reading.files import load_yaml, open_inside, read_inside
from artui.exchange.reading.wire import bytes_of, fields, grouped, last_bytes, last_int, last_text, text_of
from artui.exchange.wandb import FORMAT
from artui.exchange.wandb.fields import (
    ALERT,
    ARTIFACT,
    CONFIG,
    ENVIRONMENT,
    EXIT,
    HISTORY,
    METRIC,
    OUTPUT,
    OUTPUT_RAW,
    OWN_KEY,
    PREEMPTING,
    QUIET,
    RUN,
    STATS,
    SUMMARY,
    TENSORBOARD,
    USE_ARTIFACT,
)
from artui.exchange.wandb.files import RunFiles
from artui.exchange.wandb.finding import (
    Head,
    by_run,
    carried_of,
    find_file,
    find_folder,
    head_of,
    identity_of,
    reads,
    run_path,
)
from artui.exchange.wandb.history import Clock, History
from artui.exchange.wandb.items import all_numbers, timestamp_ms, without_long
from artui.exchange.wandb.log import Damage, records
from artui.exchange.wandb.summary import Summary, update

if TYPE_CHECKING:
    from artui.exchange.intake.intake import Intake
    from artui.exchange.intake.run import RunIntake
    from artui.exchange.reading.store import Store

CONSOLE_BYTES = 64 << 20


def take(store: Store, intake: Intake) -> None:
    """Take every run; several logs of one run, as after a resume, become one run."""
    candidates = []
    for heads in by_run([head_of(store.home, path) for path in store.parts]):
        entity, project, id = run_path(heads)
        if (carried := carried_of(heads)) is not None:
            if not intake.is_its_own(carried.id):
                candidates.append(_own_candidate(heads, identity_of(intake, heads), carried))
            continue
        candidates.append(
            Candidate(
                heads, identity_of(intake, heads), name=heads[0].name or id, project=project or "uncategorized",
                source=f"wandb:{entity}/{project}/{id}", started_ms=heads[0].started_ms,
            )
        )  # fmt: skip

    def take_logs(run: RunIntake, heads: list[Head]) -> None:
        entity, _, id = run_path(heads)
        run.is_in_pieces = True
        logs = [os.path.relpath(head.path, store.home) for head in heads][:20]
        run.provenance(run_id=id, entity=entity, client=heads[-1].client, logs=logs)
        taking = _Taking(run, intake, store, heads)
        try:
            for head in heads:
                taking.read(head)
        finally:
            taking.finish()

    intake.take_runs(candidates, take_logs)


def _own_candidate(heads: list[Head], identity: Identity, carried: Carried) -> Candidate[list[Head]]:
    return Candidate(
        heads, identity, name=carried.text("name"), project=carried.text("project"), source=carried.text("source"), started_ms=carried.whole("started_ms") or 0
    )  # fmt: skip


class _Taking:
    """Reads the logs of one run, record by record."""

    def __init__(self, run: RunIntake, intake: Intake, store: Store, heads: list[Head]) -> None:
        self._run, self._words, self._home = run, intake.words, store.home
        self._files = RunFiles(run, intake, store.home, [head.path.parent / "files" for head in heads])
        self._clock = Clock(heads[0].started_ms, heads[0].started_ms)
        self._history = History(run, self._files, self._clock)
        self._carried = carried_of(heads)
        if self._carried is not None:
            self._history.series_of, self._history.has_own_times = self._carried.series, True
        self._config: dict[str, Any] = {}
        self._summary = Summary()
        self._defined: dict[str, dict[str, Any]] = {}
        self._console: list[str] = []
        self._console_bytes = 0
        self._screen = Screen()
        self._exit_code: int | None = None
        self._ended_ms: int | None = None
        self._environment: dict[str, Any] = {}
        self._has_run = False

    def read(self, head: Head) -> None:
        """Read one log, as far as possible; problems are noted in the run."""
        damage = Damage()
        self._exit_code, self._ended_ms = None, None  # a later log means that the run went on
        self._history.begin_log()
        bad = 0
        try:
            with open_inside(self._home, head.path) as stream:
                for record in records(stream, damage):
                    try:
                        for number, kind, value in fields(record):
                            if kind == 2 and isinstance(value, bytes):
                                self._record(number, value)
                    except (SourceDamaged, ValueError, LookupError, TypeError):
                        bad += 1
                    self._history.hand_over_when_due()
                if not os.fstat(stream.fileno()).st_size:
                    self._run.damaged(f"{head.path.name} is empty")
        except OSError as error:
            self._run.fault(error, f"{head.path.name} cannot be read")
        except SourceDamaged as error:
            self._run.damaged(f"{head.path.name}: {error.message}")
        if damage.bad_fragments:
            self._run.damaged(
                f"{damage.bad_fragments} fragments ({damage.lost_bytes:,} bytes) of {head.path.name} are not what their checksums say"
            )
        if bad:
            self._run.damaged(f"{bad} records of {head.path.name} are no records of W&B")
        if damage.is_cut_off:
            self._run.cut_off(head.path.name)

    def _record(self, number: int, value: bytes) -> None:
        if number == HISTORY:
            self._history.take_row(value)
        elif number in (OUTPUT_RAW, OUTPUT):
            self._take_output(value)
        elif number == STATS:
            self._history.take_stats(value)
        elif number == SUMMARY:
            self._summary.take(value)
        elif number == CONFIG:
            update(self._config, value)
        elif number == RUN:
            self._take_run(value)
        elif number == EXIT:
            exit = grouped(value)
            self._exit_code = last_int(exit, 1)
            self._ended_ms = self._clock.started_ms + last_int(exit, 2) * 1000
        elif number == METRIC:
            self._take_metric(value)
        elif number == ARTIFACT:
            self._files.artifact(value, self._clock.last_ms)
        elif number == USE_ARTIFACT:
            self._files.used(value, self._clock.started_ms)
        elif number == ENVIRONMENT:
            self._take_environment(value)
        elif number == ALERT:
            alert = grouped(value)
            self._run.remark(f"alert: {last_text(alert, 1)} {last_text(alert, 2)}".strip()[:500])
        elif number == PREEMPTING:
            self._run.remark("The run was about to be preempted.")
        elif number == TENSORBOARD:
            self._run.left("TensorBoard folders", "were only named in the log: import them as such")
        elif number not in QUIET:
            self._run.left("records", f"of an unknown kind ({number})")

    def _take_run(self, value: bytes) -> None:
        """RunRecord: 4 config, 5 summary, 6 group, 7 job type, 8 name, 9 notes, 10 tags, 12 sweep, 13 host, 17 start, 18 resumed, 21 git."""
        run, record = self._run, grouped(value)
        update(self._config, last_bytes(record, 4))
        self._summary.update(last_bytes(record, 5))
        if self._carried is None:
            self._take_facts(run, record)
        started_ms = timestamp_ms(last_bytes(record, 17))
        if self._has_run:
            run.remark("The run was resumed: its logs follow each other.")
        elif started_ms:
            run.started(started_ms)
        self._has_run = True
        self._clock.started_ms = started_ms or self._clock.started_ms
        self._clock.hear(started_ms)

    def _take_facts(self, run: RunIntake, record: dict[int, list[int | bytes]]) -> None:
        if name := last_text(record, 8):
            run.name = self._words.text(name)[:MAX_NAME_CHARS] or run.name
        tags = {text_of(tag): "" for tag in record.get(10, ())}
        for name, number in (("group", 6), ("job_type", 7), ("sweep", 12)):
            if text := last_text(record, number):
                tags[name] = text
        run.tags(tags)
        git = grouped(last_bytes(record, 21))
        run.about(note=last_text(record, 9), host=last_text(record, 13), git_commit=last_text(git, 2))
        if remote := last_text(git, 1):
            self._environment["git_remote"] = remote

    def _take_output(self, value: bytes) -> None:
        """OutputRecord and OutputRawRecord: 1 stream, 2 time, 3 text."""
        output = grouped(value)
        self._clock.hear(timestamp_ms(last_bytes(output, 2)))
        done = self._screen.feed(last_text(output, 3))
        if self._console_bytes > CONSOLE_BYTES:
            self._run.left("console lines", f"the console is longer than {CONSOLE_BYTES >> 20} MiB")
            return
        self._console.append(done)
        self._console_bytes += len(done)

    def _take_metric(self, value: bytes) -> None:
        """MetricRecord: 1 name, 2 pattern, 4 step metric, 7 summary {1 min, 2 max, 3 mean, 4 best, 5 last}, 8 goal."""
        metric = grouped(value)
        name = last_text(metric, 1) or last_text(metric, 2)
        facts: dict[str, Any] = {}
        if step := last_text(metric, 4):
            facts["step"] = step
        summary = grouped(last_bytes(metric, 7))
        if kinds := [
            word
            for number, word in ((1, "min"), (2, "max"), (3, "mean"), (4, "best"), (5, "last"), (8, "first"))
            if last_int(summary, number)
        ]:
            facts["summary"] = kinds
        if goal := {1: "minimize", 2: "maximize"}.get(last_int(metric, 8)):
            facts["goal"] = goal
        if name and facts:
            self._defined[name] = facts

    def _take_environment(self, value: bytes) -> None:
        """EnvironmentRecord: 1 system, 2 Python, 5 arguments, 6 program, 9 git, 11 folder, 12 host, 13 user, 16 and on the hardware."""
        environment = grouped(value)
        git = grouped(last_bytes(environment, 9))
        self._run.about(
            python=last_text(environment, 2).removeprefix("CPython "), host=last_text(environment, 12), user=last_text(environment, 13), directory=last_text(environment, 11),
            git_commit=last_text(git, 2),
            command=[part for part in (last_text(environment, 6), *(text_of(argument) for argument in environment.get(5, ()))) if part] if 6 in environment else (),
        )  # fmt: skip
        for name, number in (("system", 1), ("gpu", 18), ("cuda", 25), ("docker", 4)):
            if text := last_text(environment, number):
                self._environment[name] = text
        for name, number in (("cpu_count", 16), ("cpu_count_logical", 17), ("gpu_count", 19)):
            if count := last_int(environment, number):
                self._environment[name] = count
        if remote := last_text(git, 1):
            self._environment["git_remote"] = remote
        if slurm := {
            last_text(pair, 1): last_text(pair, 2)
            for entry in environment.get(27, ())
            if (pair := grouped(bytes_of(entry)))
        }:
            self._run.context("job", {"slurm": slurm})

    # The end

    def finish(self) -> None:
        """Write what is known only after all logs are read."""
        run = self._run
        names = self._history.names
        self._history.hand_over()
        if not self._has_run:
            self._from_files()
        config = {key: value for key, value in self._config.items() if key not in ("_wandb", OWN_KEY)}
        if self._carried is not None:
            self._finish_own(self._carried, config)
            return
        run.params(config)
        summary = {key: value for key, value in self._summary.values().items() if not key.startswith("_")}
        last_step, texts = self._history.last_step, self._history.texts
        for name, number in all_numbers(summary):
            if name not in names and name.rpartition(".")[0] not in names:
                run.points(name, [last_step], [self._clock.last_ms], [number], labels="summary")
        self._files.media_of_summary(summary, last_step)
        if summary or texts:
            run.context("summary", {**texts, **without_long(summary)})
        if self._defined:
            run.context("defined_metrics", self._defined)
        self._metadata_file()
        if self._environment:
            run.context("hardware", self._environment)
        self._versions()
        self._status()

    def _finish_own(self, carried: Carried, config: dict[str, Any]) -> None:
        """End a run of artui's: as it was."""
        self._run.params({carried.name_of("params", name): value for name, value in config.items()})
        self._files.finish(self._clock.started_ms, self._clock.last_ms)
        self._run.name = one_line(self._words.text(carried.text("name"))) or self._run.name
        carried.tell(self._run)
        carried.tell_status(self._run)

    def _status(self) -> None:
        if self._exit_code is None:
            # Without a record of its end, the run is still running or was killed: the time of its last record tells.
            self._run.status("running", heard_ms=self._clock.last_ms)
            return
        ended_ms = max(self._ended_ms or 0, self._clock.last_ms)
        error = "" if self._exit_code == 0 else f"exit code {self._exit_code}"
        self._run.status("finished" if self._exit_code == 0 else "failed", ended_ms=ended_ms, error=error)
        self._run.context("exit", {"code": self._exit_code})

    def _versions(self) -> None:
        run = self._run
        console = "".join(self._console) + self._screen.open_text
        if not console.strip() and (place := self._files.find("output.log")) is not None:
            try:
                screen = Screen()
                text = read_inside(self._home, place, limit_bytes=CONSOLE_BYTES).decode("utf-8", "replace")
                console = screen.feed(text) + screen.open_text
            except (SourceDamaged, OSError) as error:
                run.left("consoles", f"cannot be read: {error}"[:200])
        if console.strip():
            run.output("console", kind="log", contents=[Content("console.log", run.cleaned(console).encode("utf-8", "replace"))], identity=(run.id, "console"), created_ms=self._clock.last_ms)  # fmt: skip
        self._files.finish(self._clock.started_ms, self._clock.last_ms)

    def _from_files(self) -> None:
        """Take config and summary from the files beside a log that lacks them."""
        if (place := self._files.find("config.yaml")) is not None:
            try:
                config = load_yaml(read_inside(self._home, place))
                if isinstance(config, dict):
                    self._config = {key: value["value"] if isinstance(value, dict) and "value" in value else value for key, value in config.items() if key not in ("wandb_version", "_wandb")}  # fmt: skip
            except (SourceDamaged, OSError) as error:
                self._run.left("configs", f"cannot be read: {error}"[:200])
        if (place := self._files.find("wandb-summary.json")) is not None:
            try:
                summary = orjson.loads(read_inside(self._home, place))
                self._summary.replace(summary if isinstance(summary, dict) else {})
                seconds = self._summary.values().get("_timestamp")
                if isinstance(seconds, int | float) and 0 < seconds < 1e11:
                    self._clock.hear(int(seconds * 1000))
            except (SourceDamaged, OSError, ValueError) as error:
                self._run.left("summaries", f"cannot be read: {error}"[:200])

    def _metadata_file(self) -> None:
        """Take facts that runs before 2025 keep only in `wandb-metadata.json`."""
        place = self._files.find("wandb-metadata.json")
        if place is None:
            return
        try:
            metadata = orjson.loads(read_inside(self._home, place))
        except (SourceDamaged, OSError, ValueError):
            return
        if not isinstance(metadata, dict):
            return
        git = metadata.get("git") if isinstance(metadata.get("git"), dict) else {}
        arguments = (
            [str(argument) for argument in metadata.get("args") or ()] if isinstance(metadata.get("args"), list) else []
        )
        self._run.about(
            python=str(metadata.get("python") or "").removeprefix("CPython "), host=str(metadata.get("host") or ""), user=str(metadata.get("username") or ""),
            directory=str(metadata.get("root") or ""), git_commit=str((git or {}).get("commit") or ""),
            command=[str(metadata["program"]), *arguments] if metadata.get("program") else (),
        )  # fmt: skip
        for name, key in (
            ("system", "os"),
            ("gpu", "gpu"),
            ("cuda", "cudaVersion"),
            ("cpu_count", "cpu_count"),
            ("gpu_count", "gpu_count"),
        ):
            if metadata.get(key) and name not in self._environment:
                self._environment[name] = metadata[key]


IMPORTER = Importer(FORMAT, reads=reads, find_file=find_file, find_folder=find_folder, take=take)
