"""Takes the content of event files into a run: scalars as series, kept apart by training, and other values as a version for each tag."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from artui.exchange.intake.versions import Content
from artui.exchange.reading import histograms
from artui.exchange.reading.files import open_inside
from artui.exchange.tensorboard.beginnings import restart_step
from artui.exchange.tensorboard.events import EventReader, Value
from artui.exchange.tensorboard.records import Damage, records
from artui.exchange.tensorboard.values import hparams

if TYPE_CHECKING:
    from artui.exchange.intake.run import RunIntake
    from artui.exchange.tensorboard.logs import Logs

KEPT_BYTES = 64 << 20
"""The limit for all texts, images and histograms of a run; the rest is left out."""
LIVE_SECONDS = 300
TAKEN_BACK = "were taken back by a restart, which went on before them: left out, as in TensorBoard"
MAX_TRAININGS = 100
_SESSION = {1: "finished", 2: "failed", 3: "running"}

Points = Callable[[str, str, "NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.float64]"], None]
"""A function that takes points of a series: name, labels, steps, times in milliseconds, values."""


def take_events(
    run: RunIntake, root: Path, logs: Logs, *, has_params: bool = True, take_points: Points | None = None,
    take_text: Callable[[str, str], bool] = lambda *_: False,
) -> None:  # fmt: skip
    """Take all event files of one run; damaged ones as far as they can be read.

    Without `has_params` hparams are skipped; `take_points` takes the points instead of the run; `take_text` is called with the
    tag and content of each text, and says whether it has taken it.
    """
    reader = EventReader()
    kept = _Kept(run, has_params=has_params, take_text=take_text)
    trainings = _Trainings(run, take_points)
    for group in logs.groups:
        for name, limit in _limits(root, logs.folder, group):
            damage = Damage()
            kept.limit = limit
            trainings.begin(name)
            try:
                with open_inside(root, logs.folder / name) as stream:
                    size_bytes = os.fstat(stream.fileno()).st_size
                    for batch in records(stream, size_bytes, damage):
                        for value in reader.read(batch):
                            kept.take(value)
                        if reader.point_count > 1 << 17:
                            _hand_over(run, reader, limit, trainings)
            except OSError as error:
                run.damaged(f"{name} cannot be read: {error.strerror}")
            damage.tell(run, name)
            _hand_over(run, reader, limit, trainings)
    trainings.finish()
    if reader.bad:
        run.damaged(f"{reader.bad} records are no events")
    for what, count in reader.others.items():
        if what != "session marks":
            run.left(what, "artui has no place for them", count)
    kept.finish()
    _times(run, reader, kept)


def _limits(root: Path, folder: Path, files: Sequence[str]) -> list[tuple[str, int | None]]:
    """Give each file with the step from which later files replace its points; None if none does."""
    limits: list[tuple[str, int | None]] = []
    limit: int | None = None
    for name in reversed(files):
        limits.append((name, limit))
        if len(files) > 1:
            with contextlib.suppress(OSError), open_inside(root, folder / name) as stream:
                restart = restart_step(stream)
                limit = restart if limit is None else limit if restart is None else min(limit, restart)
    return limits[::-1]


def _hand_over(run: RunIntake, reader: EventReader, limit: int | None, trainings: _Trainings) -> None:
    batch = {}
    for tag, (steps, times_ms, values) in reader.take_scalars():
        if limit is not None:
            stay = steps < limit
            run.takes_back = run.takes_back or not stay.all()
            run.changed("points", TAKEN_BACK, int(np.count_nonzero(~stay)))
            steps, times_ms, values = steps[stay], times_ms[stay], values[stay]
        if len(steps):
            batch[tag] = steps, times_ms, values
    trainings.take(batch)


class _Trainings:
    """Keeps several trainings in one folder apart: where steps begin again without a restart mark, a label numbers the logs.

    A training that is continued from its middle stays one series, with both branches, as in TensorBoard.
    """

    def __init__(self, run: RunIntake, take_points: Points | None) -> None:
        self._run, self._take_points = run, take_points
        self._number = 1
        self._again: dict[str, int] = {}
        """How often each tag began again within this file."""
        self._begun: dict[str, tuple[int, int, int]] = {}
        """First step, last step and number of points of the current training, by tag."""
        self._file = ""
        self._is_new_file = False
        self._beginnings: Counter[str] = Counter()
        """Remarks about trainings that begin again, with their counts."""

    def begin(self, name: str) -> None:
        """Note which file comes next."""
        self._number += max(self._again.values(), default=0)
        self._again.clear()
        self._file, self._is_new_file = name, bool(self._begun)

    def take(self, batch: Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]) -> None:
        """Take the next points of each tag."""
        if batch and self._is_new_file:
            self._is_new_file = False
            shared = [tag for tag in batch if tag in self._begun]
            again = sum(_is_again(int(batch[tag][0][0]), *self._begun[tag][:2]) for tag in shared)
            if shared and 2 * again > len(shared):
                self._number += 1
                self._begun.clear()
                self._beginnings[f"{os.path.basename(self._file)} begins again at step {batch[shared[0]][0][0]:,}"] += 1
        for tag, columns in batch.items():
            for start, end in self._spans(tag, columns[0]):
                number = self._number + self._again.get(tag, 0)
                labels = f"log={number}" if number > 1 else ""
                steps, times_ms, values = columns
                if self._take_points is None:
                    self._run.points(tag, steps[start:end], times_ms[start:end], values[start:end], labels=labels)
                else:
                    self._take_points(tag, labels, steps[start:end], times_ms[start:end], values[start:end])

    def _spans(self, tag: str, steps: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
        """Split steps where a tag begins again; steps that are merely out of order are not split."""
        first, last, count = self._begun.get(tag, (int(steps[0]), int(steps[0]), 0))
        back = np.flatnonzero((steps[1:] < steps[:-1]) & (steps[1:] <= first)) + 1
        cuts = [0, *back.tolist()] if count and _is_again(int(steps[0]), first, last) else back.tolist()
        parts = [(start, end) for start, end in zip([0, *cuts], [*cuts, len(steps)], strict=True) if end > start]
        if cuts and (
            len(cuts) + self._again.get(tag, 0) > MAX_TRAININGS
            or any(np.any(np.diff(steps[start:end]) < 0) for start, end in parts)
            or any(end - start + (count if start == 0 and cuts[0] else 0) < 2 for start, end in parts[:-1])
        ):
            cuts, parts = [], [(0, len(steps))]
        for start, end in parts:
            if start in cuts:
                before = max(self._again.values(), default=0)
                self._again[tag] = self._again.get(tag, 0) + 1
                if self._again[tag] > before:
                    self._beginnings[f"{os.path.basename(self._file)} begins again at step {int(steps[start]):,}"] += 1
                first, last, count = int(steps[start]), int(steps[start]), 0
            last, count = max(last, int(steps[start:end].max())), count + end - start
            self._begun[tag] = first, last, count
            yield start, end

    def finish(self) -> None:
        """Add a remark for each training that was kept apart."""
        for text, count in self._beginnings.items():
            times_text = f", {count} times" if count > 1 else ""
            self._run.remark(
                f"Several trainings share this folder: {text}{times_text}. The label `log` tells them apart."
            )


def _is_again(step: int, first: int, last: int) -> bool:
    return step <= first and step < last


def _times(run: RunIntake, reader: EventReader, kept: _Kept) -> None:
    if reader.first_seconds is None or reader.last_seconds is None:
        return
    run.started(int(reader.first_seconds * 1000))
    last_ms = int(reader.last_seconds * 1000)
    status = _SESSION.get(kept.session_status or 0, "")
    # TensorBoard does not mark the end of a run: one that was written to just now is taken to be running.
    if status in ("", "running") and abs(time.time() - reader.last_seconds) < LIVE_SECONDS:
        run.status("running", heard_ms=last_ms)
    else:
        run.status("failed" if status == "failed" else "finished", ended_ms=last_ms)


class _Kept:
    """Gathers values that are not scalars, by tag, up to a size."""

    def __init__(self, run: RunIntake, *, has_params: bool, take_text: Callable[[str, str], bool]) -> None:
        self._run, self._has_params, self._take_text = run, has_params, take_text
        self._files: dict[tuple[str, str], list[Content]] = {}
        self._histograms: dict[str, list[tuple[int, list[histograms.Bucket]]]] = {}
        self._bytes = 0
        self.session_status: int | None = None
        self.limit: int | None = None
        """From this step on, a later file replaces the values."""

    def take(self, value: Value) -> None:
        """Take one value as params or as a file of a version; one that artui does not import is counted."""
        run = self._run
        is_params = value.plugin == "hparams" or value.tag.startswith("_hparams_/")
        if self.limit is not None and value.step >= self.limit and not is_params:
            run.changed("texts, pictures and histograms", TAKEN_BACK)
            return
        if is_params:
            params, status = hparams(value.content)
            run.params(params if self._has_params else {})
            self.session_status = status if status is not None else self.session_status
        elif value.image:
            self._keep(value.tag, "figure", value.step, _picture_ending(value.image), value.image)
        elif value.histogram is not None:
            self._histogram(value.tag, value.step, *value.histogram)
        elif value.plugin == "images" and len(value.texts) > 2:
            for number, picture in enumerate(value.texts[2:]):
                self._keep(
                    value.tag,
                    "figure",
                    value.step,
                    f"{f'-{number}' if number else ''}{_picture_ending(picture)}",
                    picture,
                )
        elif (
            value.plugin == "histograms"
            and value.array is not None
            and value.array.ndim == 2
            and value.array.shape[1] == 3
        ):
            lows, highs, counts = value.array.T.tolist()
            self._histogram(value.tag, value.step, tuple(highs), tuple(counts), tuple(lows))
        elif value.plugin == "custom_scalars":
            run.left("chart layouts", "artui has no place for them")
        elif value.plugin == "text" and value.texts:
            text = "\n\n".join(part.decode("utf-8", "replace") for part in value.texts)
            if not self._take_text(value.tag, text):
                self._keep(value.tag, "report", value.step, ".md", run.cleaned(text).encode())
        elif value.plugin == "graph_keras_model" and len(value.texts) == 1:
            # The layers of a Keras model, as its `to_json` writes them.
            text = run.cleaned(value.texts[0].decode("utf-8", "replace"))
            self._keep(value.tag, "report", value.step, ".json", text.encode(), name="model")
        elif value.has_audio or value.plugin == "audio":
            run.left("sounds", "artui has no place for them")
        elif value.plugin or value.texts or value.array is not None:
            run.left("tensors", f"of plug-in {value.plugin or 'none'!a}: artui has no place for them"[:200])
        else:
            run.left("values", "are of an unknown kind")

    def _keep(self, tag: str, kind: str, step: int, ending: str, content: bytes, *, name: str = "") -> None:  # fmt: skip
        if self._bytes + len(content) > KEPT_BYTES:
            self._run.left(f"{kind}s", f"a run's texts and pictures together are larger than {KEPT_BYTES >> 20} MiB")
            return
        self._bytes += len(content)
        files = self._files.setdefault((tag, kind), [])
        name = name or f"step-{step}"
        path = f"{name}{ending}"
        if any(file.path == path for file in files):
            path = f"{name}.{len(files)}{ending}"
        files.append(Content(path, content))

    def _histogram(self, tag: str, step: int, highs: tuple[float, ...], counts: tuple[float, ...], lows: tuple[float, ...] = ()) -> None:  # fmt: skip
        size_bytes = 24 * len(counts)
        if self._bytes + size_bytes > KEPT_BYTES:
            self._run.left("histograms", f"a run's texts and pictures together are larger than {KEPT_BYTES >> 20} MiB")
            return
        self._bytes += size_bytes
        lows = lows or (float("-inf"), *highs[:-1])
        self._histograms.setdefault(tag, []).append((step, list(zip(lows, highs, counts, strict=False))))

    def finish(self) -> None:
        """Write a version for each tag."""
        for tag, steps in self._histograms.items():
            self._files.setdefault((tag, "table"), []).append(Content("histogram.csv", histograms.table(steps)))
        for (tag, kind), contents in self._files.items():
            self._run.output(
                tag,
                kind=kind,
                contents=contents,
                identity=(self._run.id, tag, kind),
                metadata={"tag": tag},
                created_ms=self._run.started_ms,
            )


def _picture_ending(content: bytes) -> str:
    if content.startswith(b"\x89PNG"):
        return ".png"
    if content.startswith(b"\xff\xd8"):
        return ".jpg"
    return ".gif" if content.startswith(b"GIF8") else ".img"
