"""Filters of artifacts and versions: held against plain Python over what was saved."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import artui
from artui.catalog import Catalog, artifacts, blobs, runs
from artui.preview import preview
from artui.query.artifacts import artifact_list, versions
from artui.query.filter.offers import offers, subject_at
from artui.query.filter.tokens import FilterError
from artui.query.reader import Reader

NOW_MS = 1_790_000_000_000
DAY_MS = 86_400_000


@dataclass
class Made:
    """A version as it was saved."""

    name: str
    kind: str
    stage: str
    number: int
    files: dict[str, bytes]
    metadata: dict[str, Any]
    days: int
    aliases: list[str] = field(default_factory=list)
    made_by: list[str] = field(default_factory=list)
    used_by: list[str] = field(default_factory=list)
    project: str = "p"
    is_latest: bool = False

    @property
    def size(self) -> int:
        """All bytes."""
        return sum(map(len, self.files.values()))

    @property
    def reference(self) -> str:
        """Name and number."""
        return f"{self.name}:v{self.number}"


MADE = [
    Made("raw", "dataset", "data", 1, {"a.csv": b"x,y\n1,2\n", "notes.txt": b"Schr\xc3\xb6dinger\n"}, {"rows": 1, "source": "web"}, 30, used_by=["train-1", "prepare"]),
    Made("raw", "dataset", "data", 2, {"a.csv": b"x,y\n1,2\n3,4\n"}, {"rows": 2, "nested": {"deep": [1, "zwei"], "ok": True}}, 20, made_by=["prepare"], used_by=["train-2"]),
    Made("net", "model", "modelling", 1, {"net.bin": bytes(range(256)) * 9}, {"epoch": 3, "rows": "many"}, 10, ["candidate"], ["train-1"]),
    Made("net", "model", "modelling", 2, {"net.bin": bytes(range(256)) * 20}, {"epoch": 10, "loss": 0.5, "ok": False}, 5, ["production", "best one"], ["train-2"], ["evaluate"]),
    Made("net", "model", "modelling", 3, {"net.bin": b"small"}, {}, 1, [], ["train-3"]),
    Made("log", "log", "operations", 1, {"run.log": b"ERROR: out of memory\n"}, {}, 2, made_by=["train-3"], project="q"),
]  # fmt: skip
RUNS = {
    "prepare": (None, None),
    "train-1": (0.5, 0.1),
    "train-2": (0.2, 0.01),
    "train-3": (0.9, 0.1),
    "evaluate": (None, None),
}
"""By name, the params `loss` and `lr` of each run."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog of the versions above."""
    place = tmp_path_factory.mktemp("versions") / "v.artui"
    newest = {made.name: made.number for made in MADE}
    with Catalog(place) as catalog, catalog.transaction() as connection:
        keys = {
            name: runs.start(connection, runs.NewRun(project="p", name=name, params={key: value for key, value in zip(("loss", "lr"), values, strict=True) if value is not None}))
            for name, values in RUNS.items()
        }  # fmt: skip
        for made in MADE:
            made.is_latest = newest[made.name] == made.number
            files, seen = [], {}
            for name, content in made.files.items():
                blob_key, digest, size = blobs.store(connection, io.BytesIO(content))
                files.append(artifacts.NewFile(name, size, digest, blob_key))
                seen[name] = preview(name, io.BytesIO(content), size)
            saved = artifacts.save(
                connection,
                artifacts.NewVersion(
                    project=made.project, name=made.name, kind=made.kind, stage=made.stage, files=files, metadata=made.metadata, previews=seen,
                    created_ms=NOW_MS - made.days * DAY_MS,
                ),
            )  # fmt: skip
            for name in made.made_by:
                artifacts.link(connection, "output", source_key=keys[name], target_key=saved.key)
            for name in made.used_by:
                artifacts.link(connection, "input", source_key=saved.key, target_key=keys[name])
            for alias in made.aliases:
                connection.execute("INSERT INTO alias (artifact_key, name, version_key) VALUES (?, ?, ?)", (saved.artifact_key, alias, saved.key))  # fmt: skip
    return place


@pytest.fixture(scope="module")
def reader(path: Path) -> Reader:
    """The catalog, open."""
    return Reader(path)


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock."""
    monkeypatch.setattr("artui.clock.now_ms", lambda: NOW_MS)


def _matching(reader: Reader, where: str) -> list[str]:
    heads = artifact_list(reader)
    return sorted(version.reference for head in heads for version in versions(reader, head.key, where))


def _runs_where(holds: Callable[[float | None, float | None], bool]) -> set[str]:
    return {name for name, values in RUNS.items() if holds(*values)}


GOOD = _runs_where(lambda loss, lr: loss is not None and loss < 0.6)
CASES: dict[str, Callable[[Made], bool]] = {
    "kind = model": lambda made: made.kind == "model",
    "kind != model": lambda made: made.kind != "model",
    "kind in (dataset, log)": lambda made: made.kind in ("dataset", "log"),
    "stage = operations": lambda made: made.stage == "operations",
    "stage != data and kind ~ '^m'": lambda made: made.stage != "data" and made.kind.startswith("m"),
    "name = raw": lambda made: made.name == "raw",
    "artifact contains E": lambda made: "e" in made.name,
    "project = q": lambda made: made.project == "q",
    "version > 1": lambda made: made.number > 1,
    "version = v2": lambda made: made.number == 2,
    "number in (1, 3)": lambda made: made.number in (1, 3),
    "size > 1kB": lambda made: made.size > 1000,
    "size <= 2KiB": lambda made: made.size <= 2048,
    "files > 1": lambda made: len(made.files) > 1,
    "created > 6d ago": lambda made: made.days < 6,
    "age > 6d": lambda made: made.days > 6,
    "age < 3d or kind = dataset": lambda made: made.days < 3 or made.kind == "dataset",
    "alias = production": lambda made: "production" in made.aliases,
    "alias = 'best one'": lambda made: "best one" in made.aliases,
    "alias = latest": lambda made: made.is_latest,
    "alias != production": lambda made: "production" not in made.aliases,
    "alias ~ cand": lambda made: "candidate" in made.aliases,
    "metadata.rows = 1": lambda made: made.metadata.get("rows") == 1,
    "rows > 1": lambda made: isinstance(made.metadata.get("rows"), int) and made.metadata["rows"] > 1,
    "rows = many": lambda made: made.metadata.get("rows") == "many",
    "has rows": lambda made: "rows" in made.metadata,
    "rows is null": lambda made: "rows" not in made.metadata,
    "epoch >= 3 and loss < 1": lambda made: made.metadata.get("epoch", 0) >= 3 and made.metadata.get("loss", 9) < 1,
    "metadata.ok = true": lambda made: made.metadata.get("nested", made.metadata).get("ok") is True and "ok" in made.metadata,
    "nested.ok = true": lambda made: made.metadata.get("nested", {}).get("ok") is True,
    "nested.deep = zwei": lambda made: "zwei" in made.metadata.get("nested", {}).get("deep", ()),
    "metadata.nothing = 1": lambda made: False,
    "metadata.nothing is null": lambda made: True,
    "made_by = train-2": lambda made: "train-2" in made.made_by,
    "made_by ~ train": lambda made: any("train" in name for name in made.made_by),
    "made_by != train-2": lambda made: "train-2" not in made.made_by,
    "made_by is null": lambda made: not made.made_by,
    "has made_by": lambda made: bool(made.made_by),
    "made_by (params.loss < 0.6)": lambda made: bool(set(made.made_by) & GOOD),
    "used_by (name = evaluate or lr = 0.1)": lambda made: bool({"evaluate", "train-1", "train-3"} & set(made.used_by)),
    "not made_by (params.loss < 0.6)": lambda made: not set(made.made_by) & GOOD,
    "made_by (output (kind = log))": lambda made: "train-3" in made.made_by,
    "used_by (input (name = raw and version = 1)) and kind = dataset": lambda made: bool({"train-1", "prepare"} & set(made.used_by)) and made.kind == "dataset",
    "used_by = 0": lambda made: not made.used_by,
    "used_by > 1": lambda made: len(made.used_by) > 1,
    "used_by != 2 and used_by <= 9": lambda made: len(made.used_by) != 2,
    "used_by in (1, 2)": lambda made: len(made.used_by) in (1, 2),
    "versions > 1": lambda made: sum(other.name == made.name for other in MADE) > 1,
    "versions = 1": lambda made: sum(other.name == made.name for other in MADE) == 1,
    "file = a.csv": lambda made: "a.csv" in made.files,
    "file ~ '\\.log$'": lambda made: "run.log" in made.files,
    "file != a.csv": lambda made: "a.csv" not in made.files,
    "preview = table": lambda made: "a.csv" in made.files,
    "has preview": lambda made: True,
    "storage = embedded": lambda made: True,
    "raw": lambda made: made.name == "raw",
    "schrödinger": lambda made: "notes.txt" in made.files,
    "SCHRÖDINGER": lambda made: "notes.txt" in made.files,
    "memory": lambda made: made.kind == "log",
    "zwei": lambda made: "nested" in made.metadata,
    "candidate or 'best one'": lambda made: bool({"candidate", "best one"} & set(made.aliases)),
    "columns": lambda made: "a.csv" in made.files,
    "not memory": lambda made: made.kind != "log",
    "": lambda made: True,
}  # fmt: skip


@pytest.mark.parametrize("where", CASES)
def test_a_filter_matches_what_it_says(reader: Reader, where: str) -> None:
    """The versions that match are those for which it is true, and artifacts are listed with the newest of these."""
    expected = sorted(made.reference for made in MADE if CASES[where](made))
    assert _matching(reader, where) == expected
    newest = {made.name: made.number for made in MADE if CASES[where](made)}
    listed = {head.name: head.latest.number for head in artifact_list(reader, where) if head.latest is not None}
    assert listed == newest


LEAVES = [where for where in CASES if where and " and " not in where and " or " not in where]


@given(
    st.recursive(
        st.sampled_from(LEAVES),
        lambda inner: st.tuples(st.sampled_from(["and", "or", "not"]), inner, inner),
        max_leaves=6,
    )
)
@settings(max_examples=60, deadline=None)
def _property(reader: Reader, tree: Any) -> None:
    def written(node: Any) -> tuple[str, Callable[[Made], bool]]:
        if isinstance(node, str):
            return f"({node})", CASES[node]
        word, left, right = node
        (left_text, left_holds), (right_text, right_holds) = written(left), written(right)
        if word == "not":
            return f"(not {left_text})", lambda made: not left_holds(made)
        if word == "and":
            return f"({left_text} and {right_text})", lambda made: left_holds(made) and right_holds(made)
        return f"({left_text} or {right_text})", lambda made: left_holds(made) or right_holds(made)

    text, holds = written(tree)
    assert _matching(reader, text) == sorted(made.reference for made in MADE if holds(made))


def test_conditions_are_joined_as_in_logic(reader: Reader) -> None:
    """Any conditions, joined by and, or and not in any depth, match what plain Python says."""
    _property(reader)


WRONG = {
    "lr = 0.1": "A version has no 'lr'", "params.lr = 0.1": "made_by (params.lr", "metrics.val/loss < 1": "made_by (metrics", "size > big": "no number",
    "size ~ 3": "looks at text", "stage = nowhere": "is no stage", "created = nowhen": "is no time", "kind = model and": "should follow", "made_by (": "Nothing follows",
    "made_by ()": "nothing between", "made_by (nothing = 1)": "Nothing here is named", "input (kind = model)": "of a run, not of a version", "any(loss < 1)": "no points",
    "alias > 3": "does not go with", "has": None, "has colour": "has no 'colour'", "has kind = model": "does not fit", "kind ~ '('": "no regular expression", "version is nan": "could be NaN",
    "knid = model": "Did you mean kind", "audit.data = missing": "made_by (audit.data = missing)", "audit.data in (missing, none)": "made_by (audit.data in (missing, \"none\"))", "qqq = 1": "name, kind, stage, alias, size, created, made_by or metadata.NAME; tab lists all",
    "metadata.epcoh > 1": None, "epcoh > 1": "Did you mean epoch",
}  # fmt: skip


@pytest.mark.parametrize("where", WRONG)
def test_what_is_wrong_is_said_where_it_is(reader: Reader, where: str) -> None:
    """The error points into the filter, and says what would fit there."""
    said = WRONG[where]
    if said is None:
        artifact_list(reader, where)
        return
    with pytest.raises(FilterError) as caught:
        artifact_list(reader, where)
    assert said in str(caught.value) and caught.value.text == where and "^" in caught.value.excerpt


def test_a_name_that_no_version_has_is_noted(reader: Reader) -> None:
    """A wrong name of metadata matches nothing, and it is said."""
    notes: list[str] = []
    assert artifact_list(reader, "metadata.epcoh > 1", notes=notes) == [] and "epcoh" in notes[0]
    notes.clear()
    assert artifact_list(reader, "source > 1", notes=notes) == [] and notes == ["source is text; 1 is a number."]


@pytest.mark.parametrize(
    ("where", "note"),
    [
        ("kind = modle", "kind is never 'modle'. Did you mean model?"),
        ("kind in (model, modle)", "kind is never 'modle'. Did you mean model?"),
        ("alias = prodction", "alias is never 'prodction'. Did you mean production?"),
        ("storage = zzz", "storage is never 'zzz'. It is one of "),
        ("kind = MODEL", ""),
        ("kind != modle", ""),
        ("kind ~ modle", ""),
    ],
)
def test_a_value_that_nothing_has_is_noted(reader: Reader, where: str, note: str) -> None:
    """Where there are few to choose from, a wrong one is named, and what may have been meant."""
    notes: list[str] = []
    artifact_list(reader, where, notes=notes)
    assert " ".join(notes).startswith(note) and bool(notes) == bool(note)


@pytest.mark.parametrize("field", ["fact.licence", "metadata.epoch", "licence", "kind"])
def test_a_field_of_artifacts_is_asked_for_elsewhere(path: Path, field: str) -> None:
    """Runs do not have it, and what a filter of theirs says is where to ask."""
    with artui.open_catalog(path) as catalog, pytest.raises(FilterError, match="a field of artifacts"):
        catalog.runs(f"{field} = x")


def test_runs_are_chosen_by_their_versions(path: Path) -> None:
    """The same language the other way round: runs by what they used and made."""
    with artui.open_catalog(path) as catalog:
        named = {where: sorted(run.name for run in catalog.runs(where)) for where in (
            "output (kind = model)", "input (name = raw)", "artifact (size > 1kB)", "output (alias = production) and lr < 1", "not input (kind = dataset)", "output (made_by (lr = 0.1))",
        )}  # fmt: skip
        with pytest.raises(FilterError, match="of a version, not of a run"):
            catalog.runs("made_by (kind = model)")
        assert [artifact.name for artifact in catalog.artifacts("kind = model and made_by (lr < 1)")] == ["net"]
    assert named == {
        "output (kind = model)": ["train-1", "train-2", "train-3"],
        "input (name = raw)": ["prepare", "train-1", "train-2"],
        "artifact (size > 1kB)": ["evaluate", "train-1", "train-2"],
        "output (alias = production) and lr < 1": ["train-2"],
        "not input (kind = dataset)": ["evaluate", "train-3"],
        "output (made_by (lr = 0.1))": ["train-1", "train-3"],
    }


OFFERED = {
    "": ("name", "kind", "alias"), "ki": ("kind",), "kind ": ("=", "~"), "kind = ": ("model", "dataset", "log"), "kind = m": ("model",), "stage = ": ("data", "modelling"),
    "alias = ": ("production", "candidate", '"best one"', "latest"), "made_by ": ("(", "="), "made_by = ": ("train-1", "prepare"), "made_by (": ("params.loss", "lr"), "made_by (l": ("lr",),
    "made_by (lr ": ("<", "="), "made_by (lr < 1) ": ("and", "or"), "made_by (lr < 1) and k": ("kind",), "ep": ("epoch",), "epoch ": (">", "="), "epoch = ": ("3", "10"),
    "rows = ": ("1", "2", "many"), "size > ": ("1MB",), "created > ": ("1d ago",), "age < ": ("7d",), "preview = ": ("table", "text"), "file = ": ("a.csv", "net.bin"), "metadata.ep": ("metadata.epoch",),
    "kind = model a": ("and",), "ha": ("has",), "has pre": ("preview",), "kind in (": ("model",), "meta": ("metadata.epoch", "metadata.rows"),
    "fac": ("fact.licence", "fact.owner"), "fact.o": ("fact.owner", "fact.outputs"), "licen": ("fact.licence",), "fact.licence ": ("=", "is null"), "fact.sensitivity = ": ("public", "secret"),
}  # fmt: skip


@pytest.mark.parametrize("text", OFFERED)
def test_what_fits_is_offered(reader: Reader, text: str) -> None:
    """Fields, operators and values of versions, and behind `made_by (` those of runs; what is offered can be used."""
    texts = [completion.text for completion in offers(reader, text, len(text), "versions")]
    for wanted in OFFERED[text]:
        if wanted == "params.loss":
            assert "params.loss" in texts or "loss" in texts
            continue
        assert wanted in texts, texts


def test_a_filter_of_runs_offers_versions_behind_output(reader: Reader) -> None:
    """`output (` begins a filter of versions, which ends with its parenthesis."""
    assert "kind" in [completion.text for completion in offers(reader, "output (k", 9, "runs")]
    assert (
        subject_at("output (made_by (lr", "runs") == "runs"
        and subject_at("output (kind = model) and ", "runs") == "runs"
    )
    assert (
        subject_at("made_by ((lr = 1 and ", "versions") == "runs"
        and subject_at("((kind = '(' and ", "versions") == "versions"
    )
