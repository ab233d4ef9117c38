"""`artui.monitor`: data that was observed become windows of a deployment.

    report = artui.monitor("fraud-api/production", frame, window="1h", slices=["card"])

What is odd about rows is counted and said, and they are taken; only what is no row is left out. Files that were taken already do not
count again. All windows of a file are written together: what is interrupted has written nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time as times
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from artui.capture.adding import add_version
from artui.capture.monitoring import sources
from artui.capture.monitoring.folding import fold_files
from artui.capture.monitoring.gathering import Gatherer
from artui.capture.monitoring.places import Place, find_place, held
from artui.capture.monitoring.truths import Truths
from artui.capture.monitoring.writing import Writer
from artui.catalog import Catalog, artifacts
from artui.errors import UsageError
from artui.model.monitoring import Report
from artui.reference import parse

if TYPE_CHECKING:
    from artui.profile.batches import Batch

PREDICTIONS = "predictions"
"""The kind of the versions that hold raw predictions."""
WRITE_SECONDS = 30.0
"""What comes without an end is written so often."""
_PACKED_BYTES = 64 << 20
_PIECE_BYTES = 1 << 20
Tell = Callable[[str, int], None]
"""Called with what is read, and how many rows of it were."""


def monitor(
    deployment: str, data: Any, *, window: str | None = None, project: str | None = None, catalog: str | os.PathLike[str] | None = None,
    time: str | None = None, id: str | None = None, prediction: str | None = None, truth: str | None = None, latency: str | None = None,
    status: str | None = None, slices: Sequence[str] = (), features: Sequence[str] | None = None, keep: bool = False, again: bool = False,
    tell: Tell | None = None,
) -> Report:  # fmt: skip
    """Observe requests of a deployment: what their columns were like goes into the catalog, window by window, not the requests.

    Args:
        deployment: such as `fraud-api/production`; it is made if there is none.
        data: a frame of pandas, polars or pyarrow, the path of a CSV, TSV, JSON lines, Parquet or Arrow file, several paths, or an
            iterator of records (mappings; `features` in one may be a mapping itself).
        window: how long each is: `15m`, `1h`, `1d`; by default as before, or an hour. Windows begin at multiples of it, UTC.
        project: by default the one that has the deployment, or the only one that there is, else `default`.
        catalog: as of `start_run`.
        time, id, prediction, truth, latency, status: names of columns; by default those called so, or alike (`timestamp`, `y_pred`,
            `label`, `latency_ms`). An empty text says that there is none. Latencies are milliseconds, unless the name ends in `_s`.
        slices: columns whose values are looked at apart (`card`), or single values (`card=gift`).
        features: the columns to look at; by default all but id and time.
        keep: save the file as a version of kind `predictions`, too; large ones are referenced where they are.
        again: count files that were taken already once more.
        tell: called with what is read and how many rows of it were read.

    Raises:
        UsageError: the data are none of these, or a name cannot be one.
        CatalogError: the catalog cannot be written to.
    """
    given = {"time": time, "id": id, "prediction": prediction, "truth": truth, "latency": latency, "status": status}
    paths = _paths_of(data)
    if paths is None and keep:
        raise UsageError("Only files can be kept.", remedy="Give the path of a file, or leave keep out.")
    place = find_place(deployment, project=project, catalog=catalog)
    with _taking(place, window, given=given, slices=slices, features=features, tell=tell) as taking:
        if paths is None:
            taking.take(sources.batches_of(data, taking.report))
        for path in paths or ():
            taking.take_file(path, keep=keep, again=again)
    return taking.report


def monitor_stream(
    deployment: str, stream: BinaryIO, *, window: str | None = None, project: str | None = None, catalog: str | os.PathLike[str] | None = None,
    slices: Sequence[str] = (), features: Sequence[str] | None = None, tell: Tell | None = None, **given: str | None,
) -> Report:  # fmt: skip
    """Observe what a stream has, such as standard input: JSON lines or CSV; windows are written every half minute."""
    place = find_place(deployment, project=project, catalog=catalog)
    with _taking(place, window, given=given, slices=slices, features=features, tell=tell) as taking:
        taking.take(sources.of_stream(stream, taking.report))
    return taking.report


def _paths_of(data: Any) -> list[Path] | None:
    """Give the paths that data are; None where they are no files."""
    if isinstance(data, str | os.PathLike):
        return [Path(data)]
    if isinstance(data, list | tuple) and data and all(isinstance(one, str | os.PathLike) for one in data):
        return [Path(one) for one in data]
    return None


@dataclass(frozen=True, slots=True)
class _Taking:
    """Takes data for one deployment, which is held while anything of it is changed: others have their turn in between."""

    place: Place
    report: Report
    writer: Writer
    truths: Truths
    given: Mapping[str, str | None]
    slices: Sequence[str]
    features: Sequence[str] | None
    tell: Tell | None

    def take(self, batches: Iterable[Batch]) -> None:
        """Count what may have no end: it is written now and then."""
        gatherer, until = self._gatherer(), times.monotonic() + WRITE_SECONDS
        for batch in batches:
            with held(self.place):
                self._add(gatherer, batch, "rows")
                self.truths.save()
                if times.monotonic() > until or _is_large(gatherer):
                    self._write(gatherer)
                    until = times.monotonic() + WRITE_SECONDS
        with held(self.place):
            self._write(gatherer)

    def take_file(self, path: Path, *, keep: bool, again: bool) -> None:
        """Count a file, all of it or nothing, unless it was taken already."""
        if not path.is_file():
            raise UsageError(f"There is no file {path}.", remedy="Give CSV, TSV, JSON lines, Parquet or Arrow.")
        with held(self.place):
            self._take_file(path, _digest_of(path), keep=keep, again=again)

    def _take_file(self, path: Path, digest: str, *, keep: bool, again: bool) -> None:
        if not again and self.writer.inputs_taken([digest]):
            self.report.taken_before = (*self.report.taken_before, path.name)
            return
        gatherer = self._gatherer()
        for batch in sources.of_file(path, self.report):
            self._add(gatherer, batch, path.name)
            if _is_large(gatherer):  # years of many columns: what is interrupted now is counted in part
                self._write(gatherer)
        self._write(gatherer, inputs={digest: path.name}, kept=[self._kept(path)] if keep else [])

    def _gatherer(self) -> Gatherer:
        return Gatherer(
            self.report, window_ms=self.report.window_ms, given=self.given, slices=self.slices, features=self.features, truths=self.truths
        )  # fmt: skip

    def _add(self, gatherer: Gatherer, batch: Batch, what: str) -> None:
        gatherer.add(batch)
        if self.tell is not None:
            self.tell(what, self.report.rows)

    def _kept(self, path: Path) -> int:
        """Save a file as a version; give its key."""
        place = self.place
        added = add_version(place.catalog, path, name=f"{place.deployment}-{PREDICTIONS}", kind=PREDICTIONS, stage="operations", project=place.project)  # fmt: skip
        self.report.kept = (*self.report.kept, added.reference)
        with Catalog(place.catalog, create=False) as catalog, catalog.transaction() as connection:
            return artifacts.find_version(connection, parse(added.reference), project=place.project).key

    def _write(self, gatherer: Gatherer, *, inputs: Mapping[str, str] | None = None, kept: Sequence[int] = ()) -> None:
        report, gathered = self.report, gatherer.taken()
        self.writer.write(gathered, gatherer.roles, inputs=inputs, kept=kept)
        self.truths.commit()
        report.note("predictions that wait for their truth no longer: there are more than a million", self.truths.forgotten)  # fmt: skip
        self.truths.forgotten = 0
        for (from_ms, slice_), window in gathered.items():
            report.starts.add(from_ms)
            report.truths += window.tally.truths if not slice_ else 0
            report.left_out_columns = max(report.left_out_columns, len(window.left_out))
        mixed = {column.name for window in gathered.values() for column in window.columns.values() if column.type == "mixed"}  # fmt: skip
        report.mixed_columns = tuple(sorted({*report.mixed_columns, *mixed}))
        report.missing_columns = tuple(dict.fromkeys((*report.missing_columns, *gatherer.columns_missing())))


@contextlib.contextmanager
def _taking(
    place: Place, window: str | None, *, given: Mapping[str, str | None], slices: Sequence[str], features: Sequence[str] | None, tell: Tell | None
) -> Iterator[_Taking]:  # fmt: skip
    """Prepare to take data; what dead services left is counted first."""
    window_ms = place.window_ms(window)
    report = Report(place.deployment, window_ms=window_ms)
    writers = {window_ms: Writer(place, window_ms)}
    with held(place):
        fold_files(place, report, writers)
    with contextlib.closing(Truths(place.truths(window_ms))) as truths:
        yield _Taking(place, report, writers[window_ms], truths, given, slices, features, tell)


def _is_large(gatherer: Gatherer) -> bool:
    return sum(len(window.packed or b"") for window in gatherer.windows.values()) > _PACKED_BYTES


def _digest_of(path: Path) -> str:
    whole = hashlib.blake2b(digest_size=16)
    with path.open("rb") as stream:
        for piece in iter(lambda: stream.read(_PIECE_BYTES), b""):
            whole.update(piece)
    return whole.hexdigest()
