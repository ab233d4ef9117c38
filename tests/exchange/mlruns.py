"""A small `mlruns` folder, as MLflow's file store lays it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

STARTED_MS = 1_780_000_000_000


def write_run(
    root: Path, number: int, *, name: str = "", experiment: str = "1", project: str = "vision", status: int = 3, params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None, metrics: Mapping[str, Sequence[float]] | None = None, artifacts: Mapping[str, bytes] | None = None,
) -> Path:  # fmt: skip
    """Write one run into a store, or bring it to another state; give its folder."""
    home = root / experiment
    home.mkdir(parents=True, exist_ok=True)
    (home / "meta.yaml").write_text(
        f"artifact_location: file:///srv/gone/mlruns/{experiment}\nexperiment_id: '{experiment}'\nlifecycle_stage: active\nname: {project}\n"
    )
    run_id = f"{number:032x}"
    folder = home / run_id
    for part in ("params", "tags", "metrics", "artifacts"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    ended = "null" if status == 1 else STARTED_MS + number * 60_000 + 30_000
    (folder / "meta.yaml").write_text(
        f"artifact_uri: file:///srv/gone/mlruns/{experiment}/{run_id}/artifacts\nend_time: {ended}\nexperiment_id: '{experiment}'\n"
        f"lifecycle_stage: active\nrun_id: {run_id}\nrun_name: {name or f'run-{number}'}\nrun_uuid: {run_id}\nsource_type: 4\n"
        f"start_time: {STARTED_MS + number * 60_000}\nstatus: {status}\ntags: []\nuser_id: ada\n"
    )
    for part, values in (("params", params or {"lr": "0.1"}), ("tags", tags or {})):
        for key, text in values.items():
            (folder / part / key).parent.mkdir(parents=True, exist_ok=True)
            (folder / part / key).write_text(text)
    for key, points in (metrics or {"loss": [1.0, 0.5, 0.25]}).items():
        (folder / "metrics" / key).parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{STARTED_MS + number * 60_000 + step} {value} {step}\n" for step, value in enumerate(points)]
        (folder / "metrics" / key).write_text("".join(lines))
    for key, content in (artifacts or {}).items():
        (folder / "artifacts" / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / "artifacts" / key).write_bytes(content)
    return folder
