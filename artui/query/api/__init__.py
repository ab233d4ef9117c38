"""What Python users call to read a catalog.

catalog = artui.open_catalog("team.artui")
runs = catalog.runs("val/loss < 0.3 and baseline", order="-started", limit=20)
runs.to_pandas(), runs[0].params["lr"], runs[0].series("val/loss").arrays()
model = catalog.version("digits-model:production")
model.open("model.npz"), model.made_by, model.used_by
"""

from artui.query.api.artifacts import Artifact, Artifacts
from artui.query.api.catalog import Catalog, open_catalog
from artui.query.api.deployments import Deployment, Release, Window
from artui.query.api.difference import Difference
from artui.query.api.lineage import Edge, Lineage
from artui.query.api.records import File, Metrics, Run, Version
from artui.query.api.runs import Runs
from artui.query.tables import Table

__all__ = [
    "Artifact",
    "Artifacts",
    "Catalog",
    "Deployment",
    "Difference",
    "Edge",
    "File",
    "Lineage",
    "Metrics",
    "Release",
    "Run",
    "Runs",
    "Table",
    "Version",
    "Window",
    "open_catalog",
]
