"""Details with every field set, as from a catalog, and the texts of a sheet."""

from __future__ import annotations

from artui.model import (
    Approval,
    Change,
    ManifestFile,
    Metric,
    Param,
    ParamType,
    RunDetail,
    RunHead,
    Summary,
    Tag,
    VersionDetail,
    VersionHead,
)
from artui.model.artifacts import Serving
from artui.model.criteria import Criterion, Defined, Measured, Verdict, Waiver
from artui.model.deployments import Incident, Noted, Recorded, Release
from artui.sheets.sheet import Section, Sheet

NOW_MS = 1_790_000_000_000
DIGEST = "ab" * 32


def run_head(name: str = "calm-otter-2", **changes: object) -> RunHead:
    values = {
        "key": 7, "id": f"ID-{name}", "name": name, "project": "digits", "status": "finished", "stage": "modelling",
        "started_ms": NOW_MS - 3_600_000, "duration_ms": 780_000, "ended_ms": NOW_MS - 2_820_000,
    }  # fmt: skip
    return RunHead(**(values | changes))  # type: ignore[arg-type]


def version_head(artifact: str = "digits-model", **changes: object) -> VersionHead:
    values = {
        "key": 3, "id": f"ID-{artifact}", "artifact_key": 2, "artifact": artifact, "project": "digits", "stage": "modelling",
        "kind": "model", "number": 4, "digest": DIGEST, "size_bytes": 38_800, "file_count": 2, "created_ms": NOW_MS - 7_200_000,
        "storage": "embedded", "aliases": ("latest", "production"), "made_by": run_head("maker-1"),
    }  # fmt: skip
    return VersionHead(**(values | changes))  # type: ignore[arg-type]


def summary(**changes: object) -> Summary:
    values = {
        "count": 1284, "finite_count": 1284, "first": 2.5, "last": 0.28143, "min": 0.25, "max": 2.5, "mean": 0.5,
        "min_step": 1200, "max_step": 0, "first_step": 0, "last_step": 1283, "first_ms": 1, "last_ms": 2,
    }  # fmt: skip
    return Summary(**(values | changes))  # type: ignore[arg-type]


def run_detail(**changes: object) -> RunDetail:
    values = {
        "head": run_head(parent_id="ID-sweep"), "note": "second try", "error": "Traceback\n  line 3\nValueError: batch size 0",
        "user": "ada", "host": "box-3", "command": ("python", "train.py"), "directory": "/home/ada/digits", "python": "3.11.7",
        "git_commit": "4f2a91c01b2c3d4e5f60718293a4b5c6d7e8f901", "git_branch": "main", "git_is_dirty": True,
        "params": (Param("lr", 0.01, ParamType.NUMBER), Param("optimizer", "adam", ParamType.TEXT)),
        "tags": (Tag("good", ""), Tag("owner", "ada")), "metrics": (Metric(1, "val/loss", "", summary()), Metric(2, "val/acc", "rank=1", summary())),
        "children": (run_head("child-1"),), "inputs": (version_head("digits-split"),), "outputs": (version_head("digits-model"),),
        "context": {
            "code": {"remote": "https://example.org/digits.git"}, "seeds": {"numpy": 42}, "container": {"kind": "docker", "image": "py:3.11"},
            "job": {"slurm": {"id": "991"}}, "variables": {"CUDA_VISIBLE_DEVICES": "0", "ARTUI_RUN": "x", "HOME": None},
            "resumed": {"times_ms": [1, 2]}, "remarks": [{"text": "its spool was cut off"}],
            "import": {"format": "mlflow", "run_id": "f00", "title": "MLflow", "client": "2.9", "imported_ms": NOW_MS - 60_000, "store": "/stores/mlruns"},
        },
        "metric_count": 5, "damaged": ("points",),
    }  # fmt: skip
    return RunDetail(**(values | changes))  # type: ignore[arg-type]


DEFINED = Defined(
    Criterion("R1", "recall >= 0.9", "run", ("digits-model",)),
    "digits-needs",
    "ID-digits-needs",
    1,
    NOW_MS - 400_000_000,
    "eve@box-4",
)


def verdict(**changes: object) -> Verdict:
    values = {
        "defined": DEFINED, "subject_id": "ID-digits-model", "subject": "digits-model:v4", "answer": "missed",
        "measured": (Measured("recall", 0.85, "ID-evaluate", "evaluate", 7, NOW_MS - 3_600_000, 0.05),), "waiver": Waiver("ada@box-3", NOW_MS, "needed today"),
    }  # fmt: skip
    return Verdict(**(values | changes))  # type: ignore[arg-type]


def version_detail(**changes: object) -> VersionDetail:
    values = {
        "head": version_head(storage="referenced"), "metadata": {"epoch": 50, "val_loss": 0.067031, "layers": [64, 10], "quantized": False},
        "location": "/stores/models", "host": "box-3",
        "files": (ManifestFile("model.safetensors", 38_800, DIGEST, "application/octet-stream"), ManifestFile("latest", 0, "", "", link_target="model.safetensors"), ManifestFile("large.bin", 7, "", "", note="changed while read")),
        "used_by": (run_head("evaluate"), run_head("score", status="failed")),
        "related": (("trained on", version_head("digits-split", kind="dataset")),), "damaged": ("files",),
        "releases": (
            Serving("digits-api/production", "ID-place", Recorded(Release("R2", "ID-digits-model", "digits-model:v4", "live", 0.25, NOW_MS - 3_600_000, 0, "drift", "eve"), "ada@box-3", NOW_MS, "amounts moved", None, "", 0.25), version_head()),
            Serving("digits-api/production", "ID-place", Recorded(Release("R1", "ID-gone", "digits-model:v1", "shadow"), "ada@box-3", NOW_MS, "", NOW_MS - 60_000, "R2", 1.0), None),
        ),
        "incidents": (Noted(Incident("INCIDENT1", NOW_MS - 7_200_000, "recall fell", "high", 0, "rotated", "rolled back", "R2", "live/recall falls"), "eve@box-4", NOW_MS),),
        "criteria": (DEFINED,), "judged": ((version_head(number=3, aliases=("production",)), (verdict(),)),), "verdicts": (verdict(),),
        "facts": {"licence": "MIT"}, "note": "from the second delivery", "not_there": ("large.bin",), "approvals": (Approval("eve@box-4", NOW_MS - 1_000, "read it"),),
    }  # fmt: skip
    return VersionDetail(**(values | changes))  # type: ignore[arg-type]


def change(what: str, before: str = "", after: str = "", *, why: str = "") -> Change:
    return Change(NOW_MS - 1_000, "ada@box-3", why, what, before, after)


def texts_of(sheet: Sheet) -> str:
    """Give all that a sheet says, a line each."""
    return "\n".join([f"{sheet.title} {sheet.about}", *(line for part in sheet.sections for line in lines_of(part))])


def lines_of(section: Section) -> list[str]:
    """Give all that a section says: title, facts, rows and lines."""
    rows = section.table.rows if section.table is not None else ()
    return [
        f"{section.title} {section.about}".rstrip(),
        *(f"{fact.label}: {fact.text}" for fact in section.facts),
        *(" | ".join(cell.text for cell in row) for row in rows),
        *section.lines,
        section.left_out_text,
    ]


def section_of(sheet: Sheet, title: str) -> Section:
    """Give the one section of a title."""
    (section,) = (part for part in sheet.sections if part.title == title)
    return section


def fact_text(sheet: Sheet, label: str) -> str:
    """Give the text of the one fact of a label; none if there is no such fact."""
    texts = [fact.text for section in sheet.sections for fact in section.facts if fact.label == label]
    assert len(texts) <= 1
    return texts[0] if texts else ""
