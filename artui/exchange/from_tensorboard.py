"""TensorBoard: folders with event files, of TensorFlow, PyTorch, tensorboardX, Keras and all others that write them.

A folder with event files is a run, named by its path below what was imported, as TensorBoard names it. Scalars of both kinds
become series; hparams params; texts, images and histograms one version a tag, with a file a step.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path

import numpy as np

from artui.exchange import histograms
from artui.exchange.intake import Content, Intake
from artui.exchange.reading import Folder, natural_key, open_inside, stamp
from artui.exchange.run_intake import RunIntake
from artui.exchange.store import Store
from artui.exchange.tfevents import Damage, EventReader, Value, hparams, records, restart_step

FORMAT = "tensorboard"
KEPT_BYTES = 64 << 20
"""Of a run's texts, images and histograms; what goes beyond is left."""
LIVE_SECONDS = 300
TAKEN_BACK = "were taken back by a restart, which went on before them: left out, as in TensorBoard"
_PLAIN_NAMES = frozenset({"logs", "log", "runs", "tensorboard", "tb", "tb_logs", "tensorboard_logs", "events", "summaries", "lightning_logs", "output", "outputs"})  # fmt: skip
_BEGUN = re.compile(r"tfevents\.([0-9]{9,11})(?:\.|$)")
_SESSION = {1: "finished", 2: "failed", 3: "running"}


def is_event_file(name: str) -> bool:
    """Say whether a file is one of TensorBoard's by its name, as TensorBoard itself does."""
    return "tfevents" in name and not name.endswith((".profile-empty", ".tmp", ".gz", ".zip"))


def find_file(path: Path) -> Store | None:
    """Recognise one event file: it stands for the folder that it lies in."""
    return Store(FORMAT, path.parent, parts=(path.parent,)) if is_event_file(path.name) else None


def find_folder(folder: Folder) -> list[Store]:
    """Recognise a folder with event files."""
    return [Store(FORMAT, folder.path, parts=(folder.path,))] if any(map(is_event_file, folder.files)) else []


def merge(stores: list[Store], root: Path) -> list[Store]:
    """Make one store of all runs below a folder: their names are their paths below it."""
    return [Store(FORMAT, root, parts=tuple(part for store in stores for part in store.parts))]


def take(store: Store, intake: Intake) -> None:
    """Take every run, by the time of its first event file."""
    root = store.path
    project = project_of(root)
    found = [(folder, files) for folder in store.parts if (files := event_files(folder))]
    found.sort(key=lambda each: (_begun_ms(each[1]), natural_key(str(each[0]))))
    ids: dict[str, Path] = {}
    known: dict[Path, str] = {}
    for folder, files in found:
        run_id = _run_id(intake, folder, files)
        if run_id in ids:  # a copy, or one that began in the same second: its path tells it apart
            run_id = intake.run_id(name_of(root, folder), files[0])
        ids[run_id], known[folder] = folder, run_id
    for folder, files in found:
        name, run_id = name_of(root, folder), known[folder]
        if not intake.is_wanted(project, name):
            continue
        fingerprint = stamp(folder, files)
        if intake.is_unchanged(run_id, fingerprint):
            continue
        parent = next((known[above] for above in folder.parents if above in known), None)
        with intake.run(
            run_id,
            fingerprint=fingerprint,
            name=name,
            project=project,
            started_ms=_begun_ms(files),
            source=f"tensorboard:{name}",
        ) as run:
            run.about(parent_id=parent)
            run.provenance(run=name, files=files[:20])
            take_events(run, root, folder, files)


def event_files(folder: Path) -> list[str]:
    """List a folder's event files in the order in which TensorBoard reads them."""
    try:
        with os.scandir(folder) as entries:
            return sorted(
                entry.name for entry in entries if is_event_file(entry.name) and entry.is_file(follow_symlinks=False)
            )
    except OSError:
        return []


def _run_id(intake: Intake, folder: Path, files: list[str]) -> str:
    """Give a run's id, which holds wherever its logs are moved: the ends of its path, and its first file's name, which says when and where it began."""
    parts = Path(os.path.abspath(folder)).parts
    return intake.run_id("/".join(parts[-2:]), files[0])


def name_of(root: Path, folder: Path) -> str:
    """Name a run by its path below the store; one that is the store itself by its folder."""
    below = os.path.relpath(folder, root)
    return (Path(os.path.abspath(root)).name or "run") if below == "." else below.replace(os.sep, "/")


def project_of(root: Path) -> str:
    """Name a project by the first folder upwards that is not called `logs` or the like."""
    place = Path(os.path.abspath(root))
    for folder in (place, *place.parents):
        if folder.name and folder.name.lower() not in _PLAIN_NAMES:
            return folder.name
    return "tensorboard"


def _begun_ms(files: list[str]) -> int:
    match = _BEGUN.search(files[0]) if files else None
    return int(match[1]) * 1000 if match else 0


def take_events(run: RunIntake, root: Path, folder: Path, files: list[str], *, has_params: bool = True) -> None:
    """Take all event files of one run; those that are damaged as far as they go. Without `has_params` hparams are passed over."""
    reader = EventReader()
    kept = _Kept(run, has_params=has_params)
    for name, limit in _limits(root, folder, files):
        damage = Damage()
        kept.limit = limit
        try:
            with open_inside(root, folder / name) as stream:
                size_bytes = os.fstat(stream.fileno()).st_size
                for batch in records(stream, size_bytes, damage):
                    for value in reader.read(batch):
                        kept.take(value)
                    if reader.point_count > 1 << 17:
                        _hand_over(run, reader, limit)
        except OSError as error:
            run.damaged(f"{name} cannot be read: {error.strerror}")
        _tell(run, name, damage)
        if limit is not None:
            _hand_over(run, reader, limit)
    _hand_over(run, reader, None)
    if reader.bad:
        run.damaged(f"{reader.bad} records are no events")
    for what, count in reader.others.items():
        if what != "session marks":
            run.left(what, "artui has no place for them", count)
    kept.finish()
    _times(run, reader, kept)


def _tell(run: RunIntake, name: str, damage: Damage) -> None:
    if damage.bad_records:
        run.damaged(f"{damage.bad_records} records of {name} are not what their checksums say")
    if damage.lost_bytes:
        run.damaged(f"{damage.lost_bytes:,} bytes of {name} behind a damaged place cannot be read")
    if damage.is_cut_off:
        run.cut_off(name)


def _limits(root: Path, folder: Path, files: list[str]) -> list[tuple[str, int | None]]:
    """Give each file with the step from which on later files take back what it holds; None when none does."""
    limits: list[tuple[str, int | None]] = []
    limit: int | None = None
    for name in reversed(files):
        limits.append((name, limit))
        if len(files) > 1:
            with contextlib.suppress(OSError), open_inside(root, folder / name) as stream:
                restart = restart_step(stream)
                limit = restart if limit is None else limit if restart is None else min(limit, restart)
    return limits[::-1]


def _hand_over(run: RunIntake, reader: EventReader, limit: int | None) -> None:
    for tag, (steps, times_ms, values) in reader.take_scalars():
        if limit is not None:
            stay = steps < limit
            run.changed("points", TAKEN_BACK, int(np.count_nonzero(~stay)))
            steps, times_ms, values = steps[stay], times_ms[stay], values[stay]
        run.points(tag, steps, times_ms, values)


def _times(run: RunIntake, reader: EventReader, kept: _Kept) -> None:
    if reader.first_seconds is None or reader.last_seconds is None:
        return
    run.started(int(reader.first_seconds * 1000))
    last_ms = int(reader.last_seconds * 1000)
    status = _SESSION.get(kept.session_status or 0, "")
    # TensorBoard has no word for a run's end: one that was written to just now is taken to go on.
    if status in ("", "running") and abs(time.time() - reader.last_seconds) < LIVE_SECONDS:
        run.status("running", heard_ms=last_ms)
    else:
        run.status("failed" if status == "failed" else "finished", ended_ms=last_ms)


class _Kept:
    """Gathers what is no scalar, tag by tag, up to a size."""

    def __init__(self, run: RunIntake, *, has_params: bool) -> None:
        self._run, self._has_params = run, has_params
        self._files: dict[tuple[str, str], list[Content]] = {}
        self._histograms: dict[str, list[tuple[int, list[histograms.Bucket]]]] = {}
        self._bytes = 0
        self.session_status: int | None = None
        self.limit: int | None = None
        """From this step on a later file takes back what is read now."""

    def take(self, value: Value) -> None:
        run = self._run
        is_params = value.plugin == "hparams" or value.tag.startswith("_hparams_/")
        if self.limit is not None and value.step >= self.limit and not is_params:
            run.changed("texts, pictures and histograms", TAKEN_BACK)
            return
        if value.plugin == "hparams" or value.tag.startswith("_hparams_/"):
            params, status, _ = hparams(value.content)
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
            run.left("values", "hold nothing that is known")

    def _keep(self, tag: str, kind: str, step: int, ending: str, content: bytes, *, name: str = "") -> None:  # fmt: skip
        if self._bytes + len(content) > KEPT_BYTES:
            self._run.left(f"{kind}s", f"a run's texts and pictures together are larger than {KEPT_BYTES >> 20} MiB")
            return
        self._bytes += len(content)
        files = self._files.setdefault((tag, kind), [])
        name = name or f"step-{step}"
        path = f"{name}{ending}"
        if any(each.path == path for each in files):
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
        """Write a version a tag."""
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
