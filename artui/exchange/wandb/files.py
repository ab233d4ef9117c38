"""Files that belong to a W&B run: pictures, tables, artifacts, its code and environment. They are taken only from the store.

Artifact files are taken if they are still staged, below the store or in the staging and cache folders of this user's W&B, and
if their digest is the one in the log.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_cache_path, user_data_path

from artui.errors import SourceDamaged
from artui.exchange.intake.versions import Content
from artui.exchange.reading import histograms
from artui.exchange.reading.files import inside_store, is_inside, open_inside
from artui.exchange.reading.wire import bytes_of, grouped, last_bytes, last_int, last_text, text_of
from artui.exchange.wandb.items import from_json

if TYPE_CHECKING:
    from artui.exchange.intake.intake import Intake
    from artui.exchange.intake.run import RunIntake

KEPT_BYTES = 64 << 20
"""The limit for all histograms of a run; the rest is left out."""
MAX_DEPTH = 20
MAX_CAPTIONS, MAX_CAPTION_CHARS = 1000, 1000
_KINDS = {"model": "model", "dataset": "dataset", "code": "code", "job": "code", "run_table": "table", "checkpoint": "checkpoint", "raw_data": "dataset", "result": "report"}  # fmt: skip
_PICTURES = {"image-file": "figure", "table-file": "table", "html-file": "report", "plotly-file": "figure", "bokeh-file": "figure", "joined-table": "table", "partitioned-table": "table"}  # fmt: skip
_OWN_FILES = frozenset({"media", "code", "artifact", "config.yaml", "output.log", "requirements.txt", "wandb-summary.json", "wandb-metadata.json", "conda-environment.yaml", "diff.patch", "wandb-history.jsonl", "wandb-events.jsonl"})  # fmt: skip
"""Names that W&B itself writes into a run's folder of files."""


class RunFiles:
    """The files of one run, in the folders of its logs."""

    def __init__(self, run: RunIntake, intake: Intake, home: Path, folders: Sequence[Path]) -> None:
        self._run, self._intake, self._home, self._folders = run, intake, home, folders
        self._media: dict[tuple[str, str], list[Content]] = {}
        self._captions: dict[tuple[str, str], dict[str, str]] = {}
        self._met: set[str] = set()
        self._histograms: dict[str, list[tuple[int, list[histograms.Bucket]]]] = {}
        self._kept_bytes = 0

    def find(self, path: str) -> Path | None:
        """Find a file by its path below the folders of the run's logs; None if there is none inside the store."""
        if ".." in path.split("/") or path.startswith("/") or "\0" in path:
            return None
        for folder in self._folders:
            place = folder / path
            if os.path.lexists(place) and is_inside(self._home, place):
                return place
        return None

    def media(self, name: str, value: Mapping[str, Any], step: int) -> None:
        """Take a picture, table, histogram or other media value that was logged at a step."""
        kind = str(value.get("_type"))
        self._met.add(name)
        if kind == "histogram":
            self._histogram(name, value, step)
            return
        if kind == "images/separated":
            paths = [
                f"media/images/{file}" if "/" not in str(file) else str(file) for file in value.get("filenames") or ()
            ]
            count = value.get("count")
            if not paths and isinstance(count, int):  # clients before 2021 do not list their names
                paths = [
                    f"media/images/{name}_{step}_{number}.{value.get('format', 'png')}"
                    for number in range(min(count, 1000))
                ]
        else:
            paths = [str(value["path"])] if isinstance(value.get("path"), str) else []
        if not paths:
            self._run.left("media", f"of type {kind[:40]!a}: artui has no place for them")
            return
        captions = value.get("captions") if kind == "images/separated" else [value.get("caption")]
        for number, path in enumerate(paths):
            place = self.find(path)
            if place is None:
                self._run.left("media", "their files are not in the run's folder")
                continue
            ending = "".join(Path(path).suffixes[-2:])[:20]
            version = name, _PICTURES.get(kind, "figure" if kind.startswith("images/") else "files")
            files = self._media.setdefault(version, [])
            title = f"step-{step}{f'-{number}' if number else ''}{ending}"
            if all(file.path != title for file in files):
                files.append(Content(title, place=place))
                caption = captions[number] if isinstance(captions, list) and number < len(captions) else None
                if isinstance(caption, str) and caption:
                    self._caption(version, title, caption)

    def _caption(self, version: tuple[str, str], title: str, caption: str) -> None:
        captions = self._captions.setdefault(version, {})
        if len(captions) >= MAX_CAPTIONS:
            self._run.left("captions", f"a version has more than {MAX_CAPTIONS:,}")
            return
        if len(caption) > MAX_CAPTION_CHARS:
            self._run.changed("captions", f"are cut to {MAX_CAPTION_CHARS:,} letters")
        captions[title] = caption[:MAX_CAPTION_CHARS]

    def media_of_summary(self, summary: Mapping[str, Any], step: int, before: str = "", depth: int = 0) -> None:
        """Take media that are only in the summary, because they were set there and not logged."""
        for key, value in summary.items():
            name = f"{before}{key}"
            if isinstance(value, dict) and "_type" not in value:
                if depth < MAX_DEPTH:
                    self.media_of_summary(value, step, f"{name}.", depth + 1)
            elif name not in self._met:
                for item in value if isinstance(value, list) else (value,):
                    if isinstance(item, dict) and "_type" in item:
                        self.media(name, item, step)

    def _histogram(self, name: str, value: Mapping[str, Any], step: int) -> None:
        values, bins = value.get("values"), value.get("bins")
        if bins is None and isinstance(value.get("packedBins"), dict):
            packed = value["packedBins"]
            try:
                bins = (
                    [packed["min"] + packed["size"] * number for number in range(int(packed["count"]) + 1)]
                    if int(packed["count"]) < 10_000
                    else None
                )
            except (KeyError, TypeError, ValueError):
                bins = None
        if not isinstance(values, list) or not isinstance(bins, list) or len(bins) != len(values) + 1:
            self._run.left("histograms", "are not what W&B writes")
            return
        self._kept_bytes += 24 * len(values)
        if self._kept_bytes > KEPT_BYTES:
            self._run.left("histograms", f"a run's together are larger than {KEPT_BYTES >> 20} MiB")
            return
        self._histograms.setdefault(name, []).append((step, list(zip(bins, bins[1:], values, strict=False))))

    def artifact(self, value: bytes, time_ms: int) -> None:
        """ArtifactRecord: 4 type, 5 name, 6 digest, 7 description, 8 metadata, 11 aliases, 12 manifest {4 contents}, 15 client's id."""
        artifact = grouped(value)
        name, kind = last_text(artifact, 5), last_text(artifact, 4)
        contents: list[Content] = []
        manifest: list[dict[str, Any]] = []
        missing_count = wrong_count = 0
        for entry in grouped(last_bytes(artifact, 12)).get(4, ()):
            parts = grouped(bytes_of(entry))
            path, digest, reference, size = (
                last_text(parts, 1),
                last_text(parts, 2),
                last_text(parts, 3),
                last_int(parts, 4),
            )
            if len(manifest) < 1000:
                manifest.append(
                    {
                        "path": path,
                        "size_bytes": size,
                        "digest": digest,
                        **({"reference": reference} if reference else {}),
                    }
                )
            place = None if reference else self._staged(last_text(parts, 6))
            if place is None:
                missing_count += 1
            elif not _has_md5(self._home, place, digest, size):
                wrong_count += 1
            else:
                contents.append(Content(path, place=place))
        if wrong_count:
            self._run.left("artifact files", "are not what their digests in the log say", wrong_count)
        if missing_count:
            self._run.left(
                "artifact files", "are not here: uploaded, referenced, or staged on another machine", missing_count
            )
        facts = from_json(last_text(artifact, 8)) if 8 in artifact else {}
        facts = facts if isinstance(facts, dict) else {"metadata": facts}
        digest = last_text(artifact, 6)
        metadata = {
            **facts,
            "wandb_digest": digest,
            "wandb_type": kind,
            **({"manifest": manifest} if missing_count or wrong_count else {}),
        }
        saved_kind = _KINDS.get(kind, kind or "files")
        self._run.output(
            name or "artifact", kind=saved_kind, stage="data" if saved_kind == "dataset" else "", contents=contents, root=None, location="" if contents else f"wandb:{name}",
            created_ms=time_ms, identity=("wandb", digest) if digest else (self._run.id, name), note=last_text(artifact, 7), metadata=metadata,
            aliases=[text_of(alias) for alias in artifact.get(11, ())],
        )  # fmt: skip

    def _staged(self, local: str) -> Path | None:
        """Find a staged file: below the store, or in the staging and cache folders of this user's W&B."""
        if not local:
            return None
        if (
            place := inside_store(self._home, local, anchor=local.replace("\\", "/").rsplit("/", 1)[-1])
        ) is not None and place.is_file():
            return place
        place = Path(local)
        return place if any(is_inside(root, place) for root in _own_folders()) and place.is_file() else None

    def used(self, value: bytes, time_ms: int) -> None:
        """UseArtifactRecord: 1 id, 2 type, 3 name, such as `entity/project/name:v3`."""
        used = grouped(value)
        full, kind = last_text(used, 3) or last_text(used, 1), last_text(used, 2)
        name = full.rsplit("/", 1)[-1].split(":", 1)[0]
        self._run.input(
            name or "artifact", kind=_KINDS.get(kind, kind or "files"), stage="data" if kind == "dataset" else "", location=f"wandb:{full}", created_ms=time_ms,
            identity=("wandb used", full), metadata={"wandb_name": full, "wandb_type": kind},
        )  # fmt: skip

    def _saved_by_hand(self) -> list[Content]:
        """List the files that `wandb.save` added to those that W&B writes; the newest if several logs have one."""
        by_path: dict[str, Content] = {}
        for folder in self._folders:
            if folder.is_dir() and not folder.is_symlink():
                for file in self._intake.versions.folder_contents(folder, root=self._home):
                    if file.path.split("/")[0] not in _OWN_FILES and not file.path.startswith("upstream_diff_"):
                        by_path[file.path] = file
        return list(by_path.values())

    def finish(self, started_ms: int, last_ms: int) -> None:
        """Write versions of the gathered media, and of the run's environment, code and saved files."""
        run = self._run
        environment = [Content(name, place=place) for name in ("requirements.txt", "wandb-metadata.json", "conda-environment.yaml") if (place := self.find(name)) is not None]  # fmt: skip
        if environment:
            run.input("environment", kind="environment", contents=environment, root=self._home, created_ms=started_ms)
        code = [Content(name, place=place) for name in ("diff.patch",) if (place := self.find(name)) is not None]
        if (folder := self.find("code")) is not None and folder.is_dir():
            code += self._intake.versions.folder_contents(folder, root=self._home)
        if code:
            run.input("code", kind="code", contents=code, root=self._home, created_ms=started_ms)
        saved = self._saved_by_hand()
        if saved:
            run.output(
                "files", kind="files", contents=saved, root=self._home, identity=(run.id, "files"), created_ms=last_ms
            )
        for name, steps in self._histograms.items():
            self._media.setdefault((name, "table"), []).append(Content("histogram.csv", histograms.table(steps)))
        for (name, kind), contents in self._media.items():
            run.output(
                name,
                kind=kind,
                contents=contents,
                root=self._home,
                identity=(run.id, name, kind),
                created_ms=last_ms,
                metadata={
                    "key": name,
                    **({"captions": captions} if (captions := self._captions.get((name, kind))) else {}),
                },
            )


def _has_md5(home: Path, place: Path, digest: str, size_bytes: int) -> bool:
    """Whether a staged file is the one in the log; W&B's digests are MD5 in base64."""
    try:
        wanted = base64.b64decode(digest, validate=True)
    except ValueError:
        return False
    root = (
        home
        if is_inside(home, place)
        else next((folder for folder in _own_folders() if is_inside(folder, place)), home)
    )
    whole = hashlib.md5(usedforsecurity=False)
    size_read_bytes = 0
    try:
        with open_inside(root, place) as stream:
            while content := stream.read(1 << 20):
                whole.update(content)
                size_read_bytes += len(content)
    except (OSError, SourceDamaged):
        return False
    return whole.digest() == wanted and (not size_bytes or size_read_bytes == size_bytes)


def _own_folders() -> list[Path]:
    """Give the staging and cache folders of this user's W&B."""
    places = [os.environ.get("WANDB_DATA_DIR"), os.environ.get("WANDB_CACHE_DIR"), os.environ.get("WANDB_ARTIFACT_DIR")]
    return [Path(place) for place in places if place] + [
        user_data_path("wandb", appauthor=False),
        user_cache_path("wandb", appauthor=False),
    ]
