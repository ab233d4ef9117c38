"""The filter language: what filters mean, what wrong ones say, and that statements find what plain Python finds."""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, artifacts, points, runs
from artui.query.filter.compile import matching_keys
from artui.query.filter.parser import And, AnyPoint, Comparison, Node, Not, Or, parse
from artui.query.filter.tokens import FilterError, quoted_name, quoted_text
from artui.query.filter.values import Value
from artui.query.spelling import number_in
from tests.reading import OpenReader, open_reader

NOW = int(datetime(2026, 6, 17, 15, 30).timestamp() * 1000)
HOUR, DAY = 3_600_000, 86_400_000

Points = list[tuple[int, float]]


@dataclass
class Made:
    """One run to write, and to ask plain questions of."""

    name: str
    params: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Points] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    status: str = "finished"
    started: int = NOW - DAY
    duration: int | None = 60_000
    ended: int | None = NOW
    extra: dict[str, Any] = field(default_factory=dict)


def _write(path: Path, made: list[Made]) -> list[str]:
    ids = []
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for run in made:
            key = runs.start(
                connection,
                runs.NewRun(
                    **{"project": "p", **run.extra},
                    name=run.name,
                    started_ms=run.started,
                    params=run.params,
                    tags=run.tags,
                ),
            )
            ids.append(connection.execute("SELECT id FROM run WHERE key = ?", (key,)).fetchone()[0])
            for name, series in run.metrics.items():
                name, _, labels = name.partition("@")
                points.append(
                    connection,
                    key,
                    runs.name_key(connection, name),
                    labels,
                    *points.pack([(step, 1, value) for step, value in series]),
                )
            if run.status == "running":
                connection.execute("UPDATE run SET heartbeat_ms = ? WHERE key = ?", (NOW - 1000, key))
            elif run.status == "lost":
                connection.execute("UPDATE run SET heartbeat_ms = ? WHERE key = ?", (NOW - HOUR, key))
            else:
                assert run.ended is not None and run.duration is not None
                runs.finish(connection, key, status=run.status, ended_ms=run.ended, duration_ms=run.duration)
    return ids


TEAM = [
    Made(
        "a-adam",
        {"lr": 0.01, "optimizer": "adam", "epochs": 10, "amp": True, "model/size": "50k", "layers": [1, 2]},
        {
            "val/loss": [(0, 1.0), (100, 0.5), (600, 0.25)],
            "val/acc": [(0, 0.5), (100, 0.95), (600, 0.9)],
            "memory": [(0, 3e9)],
        },
        {"wip": "", "best": "yes", "version": "3"},
        started=NOW - HOUR,
        duration=2 * HOUR + 1_800_000,
        extra={
            "note": "warm restart helped",
            "host": "gpu1",
            "user": "ada",
            "git_commit": "abc1234def",
            "git_branch": "main",
            "project": "vision",
        },
    ),
    Made(
        "b-adamw",
        {"lr": 0.003, "optimizer": "adamw", "epochs": 20, "amp": False},
        {"val/loss": [(0, 1.0), (100, 0.05), (600, 0.29)], "val/acc": [(0, 0.4), (1500, 0.92)]},
        {"version": "12"},
        started=NOW - 3 * DAY,
        duration=90_000,
        extra={"host": "gpu2", "user": "Bob", "project": "vision", "git_commit": "99ff00"},
    ),
    Made(
        "c-sgd",
        {"lr": 0.1, "optimizer": "SGD", "epochs": 10},
        {"val/loss": [(0, 1.0), (700, 0.08), (800, math.nan)], "val/acc": [(0, 0.1)]},
        status="failed",
        started=NOW - HOUR,
        duration=5_000,
        extra={"stage": "data"},
    ),
    Made("d-resnet-50", {"lr": "auto", "batch size": 32, "loss": "focal"}, status="running", started=NOW - 3 * HOUR),
    Made(
        "e-killed",
        {"lr": 1, "seed": 2**70, "drop": math.nan},
        {"val/loss": [(0, 2.0), (10, math.inf)], "val loss": [(0, 0.5)], "loss": [(0, 1.0)], "loss@rank=1": [(0, 3.0)]},
        {"odd name": "x"},
        status="killed",
        started=NOW - 40 * DAY,
        extra={"note": "said 'no' and \"yes\""},
    ),
    Made("f-child", {"lr": 0.01}, status="lost", started=NOW - 2 * HOUR, duration=None, ended=None),
]


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenReader]:
    """Six runs with every kind of param, metric, tag, status and link."""
    path = tmp_path_factory.mktemp("filter") / "team.artui"
    ids = _write(path, TEAM)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        connection.execute("UPDATE run SET parent_id = ? WHERE name = 'f-child'", (ids[0],))
        connection.execute("UPDATE run SET git_dirty = (name = 'a-adam') WHERE name IN ('a-adam', 'b-adamw')")
        keys = dict(connection.execute("SELECT name, key FROM run").fetchall())
        for name, kind, stage, run in (
            ("mnist", "dataset", "data", "a-adam"),
            ("mnist", "dataset", "data", "b-adamw"),
            ("net", "model", "modelling", "c-sgd"),
        ):
            saved = artifacts.save(
                connection,
                artifacts.NewVersion(
                    name=name,
                    kind=kind,
                    stage=stage,
                    project="p",
                    files=[artifacts.NewFile("x", 1, run.encode().ljust(32))],
                    location=f"/data/{run}",
                    storage="reference",
                    metadata={"of": run},
                ),
            )
            if name == "mnist":
                artifacts.link(connection, "input", source_key=saved.key, target_key=keys[run])
            else:
                artifacts.link(connection, "output", source_key=keys[run], target_key=saved.key)
    with open_reader(path) as reader:
        yield reader


def _found(reader: OpenReader, text: str, now_ms: int = NOW) -> str:
    node = parse(text)
    assert node is not None
    with reader.snapshot() as connection:
        keys = matching_keys(connection, node, now_ms=now_ms)
        return "".join(sorted(row[0][0] for row in connection.execute("SELECT name, key FROM run") if row[1] in keys))


@pytest.mark.parametrize(
    ("text", "runs_found"),
    [
        # Metrics: the last value unless another is named.
        ("val/loss < 0.3", "ab"),
        ("val/loss<.3", "ab"),
        ("metrics.val/loss < 0.3 and lr in (0.01, 0.003)", "ab"),
        ("metrics.val/acc.max >= 0.93 and params.optimizer ~ 'adam.*' and not tags.wip", ""),
        ('val/acc.max >= 0.92 and optimizer ~ "adam.*"', "ab"),
        ("metrics.val/loss.min <= 0.08", "bc"),
        ("val/loss.first = 1", "abc"),
        ("val/loss.mean > 0.5", "ace"),
        ("val/loss.count = 2", "e"),
        ("metrics.val/acc.step_of_max > 1000", "b"),
        ("val/loss.last_step between 600 and 700", "ab"),
        ("metrics.val/loss.diverged", "ce"),
        ("val/loss.diverged = false", "ab"),
        ("not val/loss.diverged", "abdf"),
        ("val/loss is nan", "c"),
        ("val/loss = nan", "c"),
        ("val/loss = inf", "e"),
        ("val/loss != 0.25", "bce"),
        ("val/loss not in (0.25, nan)", "be"),
        ("metrics.val/loss is null", "df"),
        ("metrics.val/loss is not null", "abce"),
        ("metrics.val/acc", "abc"),
        ("memory > 2GB", "a"),
        ("memory > 2.9GiB", ""),
        ("`val loss` = 0.5", "e"),
        ('metrics."val loss".max = 0.5', "e"),
        ("metrics.loss > 2", "e"),
        ("metrics.loss < 2", "e"),
        ("0.1 < lr < 2", "e"),
        ("0.2 < val/loss <= 0.29", "ab"),
        # Points.
        ("any(val/loss < 0.1)", "bc"),
        ("any(val/loss < 0.1 after step 500)", "c"),
        ("any(val/loss < 0.1 before step 500)", "b"),
        ("any(val/loss = 0.5 at step 100)", "a"),
        ("any(val/loss = 0.05)", "b"),
        ("any(val/loss > 1.5 until step 0)", "e"),
        ("any(val/loss = nan)", "c"),
        ("any(val/loss = inf)", "e"),
        ("any(val/loss != 1 between step 50 and 650)", "ab"),
        ("not any(val/loss <= 0.5)", "def"),
        # Params: numbers, texts, truths.
        ("lr = 0.01", "af"),
        ("params.lr = '0.01'", "af"),
        ("lr = 1e-2", "af"),
        ("lr != 0.01", "bcde"),
        ("not lr = 0.01", "bcde"),
        ("lr > 0.05", "ce"),
        ("lr = auto", "d"),
        ("lr in (auto, 1)", "de"),
        ("lr not in (auto, 1)", "abcf"),
        ("optimizer = adam", "a"),
        ("optimizer like 'adam%'", "ab"),
        ("optimizer like 'sgd'", ""),
        ("optimizer ilike 'sg_'", "c"),
        ("optimizer not ilike 'a%'", "c"),
        ("optimizer contains DAM", "ab"),
        ("optimizer !~ ^adam$", "bc"),
        ("optimizer >= adamw", "b"),
        ("amp = true", "a"),
        ("amp != true", "b"),
        ("amp ~ false", "b"),
        ("epochs ~ ^1", "ac"),
        ("model/size = 50k", "a"),
        ("layers = '[1,2]'", "a"),
        ("params.drop is nan", "e"),
        ("seed = 1180591620717411303424", "e"),
        ("`batch size` >= 32", "d"),
        ('params."batch size" = 32', "d"),
        ("params.loss = focal", "d"),
        ("params.epochs is null", "def"),
        # Tags.
        ("tags.wip", "a"),
        ("not tags.wip", "bcdef"),
        ("tags.best = yes", "a"),
        ("tags.version > 5", "b"),
        ("tags.wip = true", "a"),
        ("!tags.wip", "bcdef"),
        ("!!tags.wip", "a"),
        ("!(tags.wip or failed)", "bdef"),
        ("failed !tags.wip", "c"),
        ("tag = wip", "a"),
        ("tag != wip", "bcdef"),
        ("tags.`odd name` = x", "e"),
        # Attributes.
        ("status = failed", "c"),
        ("status != finished", "cdef"),
        ("status in (lost, killed)", "ef"),
        ("attributes.status = 'FINISHED'", "ab"),
        ("status ~ ^f", "abc"),
        ("stage = data", "c"),
        ("name contains RESNET", "d"),
        ("name ~ '^[ab]-'", "ab"),
        ("name = c-sgd", "c"),
        ("run_name like '%-%-%'", "d"),
        ("host = gpu1 or host = gpu2", "ab"),
        ("host is null", "cdef"),
        ("user in (ada, Bob)", "ab"),
        ("commit = abc1234", "a"),
        ("branch = main", "a"),
        ("dirty = true", "a"),
        ("attr.dirty", "a"),
        ("dirty = false", "b"),
        ("project = vision", "ab"),
        ("project != vision", "cdef"),
        ("parent = a-adam", "f"),
        ("parent is null", "abcde"),
        ("started > 2d ago", "acdf"),
        ("age < 2d", "acdf"),
        ("age <= 2d", "acdf"),
        ("age > 2d", "be"),
        ("Age >= 1d12h and started >= 2026-06", "b"),
        ("age < 2026-06", "e"),
        ("started < 2026-06", "e"),
        ("started = today", "acdf"),
        ("started = 2026-06-17", "acdf"),
        ("started >= 2026-06-17T14:00 and started < 2026-06-17 15:00", "ac"),
        ("started <= 2026-06-14", "be"),
        ("ended is null", "df"),
        ("deleted is null and lr = 1", "e"),
        ("deleted > 1d ago", ""),
        ("duration >= 2h30m", "ad"),
        ("duration < 90s and duration > 10s", "e"),
        ("duration > 2h and duration < 3.5h", "ad"),
        ("status = failed and started > 2d ago", "c"),
        ('input = "mnist:v2"', "b"),
        ("input = mnist", "ab"),
        ("input = mnist:latest", "b"),
        ("dataset.name = 'mnist'", "ab"),
        ("output ~ ^n", "c"),
        ("artifact in (net, mnist:v1)", "ac"),
        ("artifact is null", "def"),
        ("input != mnist", "cdef"),
        # Words, and how conditions join.
        ("warm", "a"),
        ('artifact = "mnist:v2" or "warm restart"', "ab"),
        ("adam", "ab"),
        ("ADAM 20", "b"),
        ("resnet or sgd", "cd"),
        ("not adam", "cdef"),
        ("\"said 'no'\"", "e"),
        ("(adam or sgd) and not (wip or failed)", "b"),
        ("lr = 0.01 or lr = 0.1 and status = failed", "acf"),
        ("(lr = 0.01 or lr = 0.1) and status = failed", "c"),
        ("lr = 0.01 && status != lost || killed", "ae"),
        ("NOT lr IN (0.01, 0.1) AND epochs = 20", "b"),
        ("lr not between 0.01 and 0.1", "bde"),
    ],
)
def test_filters_find(team: OpenReader, text: str, runs_found: str) -> None:
    """Each example finds just the runs it should."""
    assert _found(team, text) == runs_found


@pytest.mark.parametrize(
    ("text", "pointed", "message"),
    [
        ("val/loss <", "<", "A value should follow <."),
        ("val/loss < and lr = 1", "and", "A value should follow <, not and."),
        ("lr => 1", "=>", "There is no =>."),
        ("lr =< 1", "=<", "There is no =<."),
        ("val/loss.mx < 1", "val/loss.mx", "val/loss has no 'mx'."),
        ("< 3", "<", "A name should stand before <."),
        ("val/loss < 0.3 and", "and", "A condition should follow and."),
        ("or lr = 1", "or", "A condition cannot begin with or."),
        ("not", "not", "A condition should follow not."),
        ("(lr = 1", "(", "This ( is not closed."),
        ("lr = 1)", ")", "This ) closes nothing."),
        ("()", "()", "There is nothing between these parentheses."),
        ("name = 'x", "'", "This ' is not closed."),
        ("lr in 0.1", "0.1", "in needs values in parentheses."),
        ("lr in ()", "()", "There are no values between these parentheses."),
        ("lr in (0.1 0.2)", "0.2", "A comma or a ) should stand here."),
        ("lr in (0.1", "(", "This ( is not closed."),
        ("lr is 3", "3", "is takes null, not null, nan or not nan."),
        ("lr between 1 or 2", "or", "between needs two values with and between them."),
        ("lr ! 3", "!", "! alone means nothing."),
        ("! tags.wip", "!", "! alone means nothing."),
        ("tags.wip = !x", "!", "A value should follow =, not !."),
        ("lr in (1, !x)", "!", "A value should follow (, not !."),
        ("!)", "!", "! alone means nothing."),
        ("lr, epochs", ",", ", does not fit here."),
        ("lr = 1 = 2", "=", "= does not fit here."),
        ("3 ~ lr", "~", "~ cannot follow a number."),
        ("val/los < 0.3", "val/los", "Nothing here is named 'val/los'."),
        ("loss < 0.3", "loss", "loss is a metric and a param."),
        ("val/loss < good", "good", "'good' is not a number, and val/loss is one."),
        ("val/loss ~ 3", "val/loss ~ 3", "A metric is a number, and ~ looks at text."),
        ("optimizer ~ '('", "'('", "The pattern is no regular expression: missing )."),
        ("status = broken", "broken", "'broken' is no status."),
        ("status > failed", "status > failed", "status has no order."),
        ("stage = training", "training", "'training' is no stage."),
        ("started > 2d", "2d", "'2d' is no time."),
        ("started > soon", "soon", "'soon' is no time."),
        ("started ~ 2026", "started ~ 2026", "~ looks at text, and started is a time."),
        ("duration > long", "long", "'long' is no duration."),
        ("attr.colour = red", "attr.colour", "A run has no attribute 'colour'."),
        ("id ~ 01", "id ~ 01", "~ does not go with id."),
        ("input < 3", "input < 3", "< does not go with input."),
        ("parent ~ x", "parent ~ x", "~ does not go with parent."),
        ("name is nan", "name is nan", "name is not a number that could be NaN."),
        ("val/loss.diverged > 3", "val/loss.diverged > 3", "val/loss.diverged is true or false."),
        ("any(val/loss)", ")", "any(…) compares a metric with a number."),
        ("any(val/loss < good)", "good", "good is not a number."),
        ("any(val/loss < 1 after noon)", "noon", "A step is a whole number."),
        ("any(val/loss < 1 sometimes)", "sometimes", "any(…) should end here."),
        ("any(lr < 1)", "lr", "lr is no metric."),
        ("any(val/loss.max < 1)", "val/loss.max", "any(…) looks at all points, not at max."),
        ("any(< 1)", "<", "any(…) begins with a metric's name."),
    ],
)
def test_wrong_filters_say_where(team: OpenReader, text: str, pointed: str, message: str) -> None:
    """A wrong filter says what is wrong, points at it, and says what would fit."""
    with pytest.raises(FilterError) as caught:
        team.runs(text)
    error = caught.value
    assert (text[error.position : error.position + error.length], error.message) == (pointed, message)
    assert error.remedy and error.excerpt.splitlines()[1] == " " * error.position + "^" * error.length


def test_names_that_are_near_are_offered(team: OpenReader) -> None:
    """A name that nothing has comes with the ones that look like it; one that is two things with both spellings."""
    for text, remedy in (
        ("val/los < 1", "val/loss"),
        ("accu > 1", "val/acc"),
        ("optimiser = x", "optimizer"),
        ("loss < 1", "Write metrics.loss or params.loss."),
        ("started > 2d", "Write 2d ago"),
        ("started > 1", "Write 1d ago"),
        ("age = 2d", "Write age < 2d for what is younger"),
    ):
        with pytest.raises(FilterError) as caught:
            team.runs(text)
        assert remedy in caught.value.remedy


def test_a_source_that_is_named_needs_no_run(team: OpenReader) -> None:
    """`metrics.later > 1` finds nothing as long as no run has it, and says so beside the answer; so scripts can ask early."""
    notes: list[str] = []
    with team.snapshot() as connection:
        node = parse("metrics.val/los > 1")
        assert node is not None
        assert matching_keys(connection, node, notes=notes) == set()
    assert notes == ["No run has a metric 'val/los'. Did you mean val/loss or `val loss`?"] or "val/loss" in notes[0]
    assert _found(team, "params.later is null") == "abcdef"


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("epochs < many", "epochs is a number; many is text."),
        ("epochs = '1x'", 'epochs is a number; "1x" is text.'),
        ("epochs != true", "epochs is a number; true is no number."),
        ("epochs in (10, x, y)", "epochs is a number; x, y are text."),
        ("epochs not in (a, b, c, d, e)", "epochs is a number; a, b, c, 2 more are text."),
        ("params.epochs between a and 3", "params.epochs is a number; a is text."),
        ("not epochs > many or lr = 1", "epochs is a number; many is text."),
        ("amp = maybe", "amp is true or false; maybe is neither."),
        ("amp in (true, maybe)", "amp is true or false; maybe is neither."),
        ("amp > yes", "amp is true or false; > takes 0 or 1."),
        ("optimizer > 3", "optimizer is text; 3 is a number."),
        ("optimizer <= 10MB", "optimizer is text; 10MB is a number."),
        ("tags.best > 3", "tags.best is text; 3 is a number."),
        ("tags.version > 3", ""),
        ("optimizer > adam", ""),
        ("optimizer = 3", ""),
        ("lr = auto", ""),
        ("lr < 3", ""),
        ("`model/size` > 3", "model/size is text; 3 is a number."),
        ("amp = true", ""),
        ("amp = 'True'", ""),
        ("amp > 0", ""),
        ("drop > 3", ""),
        ("epochs = none", ""),
        ("epochs < 30k", ""),
        ("epochs is null", ""),
        ("epochs ~ x", ""),
    ],
)
def test_a_value_of_another_kind_is_noted(team: OpenReader, text: str, note: str) -> None:
    """What no value can be held against says so beside the answer; a name whose values are of several kinds takes all."""
    notes: list[str] = []
    with team.snapshot() as connection:
        node = parse(text)
        assert node is not None
        matching_keys(connection, node, notes=notes)
    assert " ".join(notes) == note


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "^(a?){40}a{40}b$"])
def test_patterns_that_take_for_ever_are_broken_off(tmp_path: Path, pattern: str) -> None:
    """A pattern that would run for years ends within its budget, with a message that points at it."""
    path = tmp_path / "x.artui"
    _write(path, [Made("r", {"x": "a" * 40 + "c"})])
    began = time.process_time()
    with open_reader(path) as reader, pytest.raises(FilterError, match=r"takes longer|") as caught:
        if not reader.runs(f"x ~ '{pattern}'"):
            raise FilterError("found nothing, quickly", 4, len(pattern) + 2)
    assert time.process_time() - began < 2 and caught.value.position == 4


def test_the_first_page_is_the_beginning_of_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is filtered and sorted by, the page that comes first has the first rows of the whole answer."""
    from artui.query.filter import compile as compiling
    from artui.query.filter import sets
    from artui.query.runs import order as runs
    from artui.query.runs.naming import sorts_named

    monkeypatch.setattr(runs, "PAGED_FROM", 0)
    monkeypatch.setattr(compiling, "FEW", 20)
    monkeypatch.setattr(sets, "FEW", 20)
    monkeypatch.setattr(compiling, "_CHUNKS", (10, 20, 30))
    path = tmp_path / "x.artui"
    made = [
        Made(f"r{n}", {"x": n % 7, "kind": "ab"[n % 2]}, {"loss": [(0, n % 11 / 10)]}, {"even": ""} if n % 2 else {})
        for n in range(120)
    ]
    _write(path, made)
    paged = 0
    with open_reader(path) as reader:
        for text in (
            "x > 2",
            "loss < 0.5",
            "kind ~ a",
            "not tags.even",
            "x > 1 and loss < 0.9",
            "r1 or x = 3",
            "name ~ 1",
            "x != 2",
            "any(loss < 0.5 at step 0)",
            "x = 99",
        ):
            for order in ("-started", "metrics.loss", "-params.x", "name"):
                request = runs.RunsRequest(text, sorts_named(reader, [order]))
                page, whole = runs.first_matches(reader, request, 5), runs.run_order(reader, request)
                if page is not None:
                    paged += 1
                    assert list(page.keys) == list(whole.keys[:5]) and page.is_partial
    assert paged > 20


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("val/loss < 0.3", "series_by_last"),
        ("val/loss.min < 0.3", "series_by_summary"),
        ("val/loss.mean > 0.3", "series_by_summary"),
        ("val/loss.step_of_min > 3", "series_by_summary"),
        ("lr = 0.01", "param_by_number"),
        ("lr > 0.01", "param_by_number"),
        ("params.optimizer > adam", "param_by_text"),
        ("started > 2d ago", "run_by_start"),
        ("ended > 2d ago", "run_by_end"),
        ("name = a-adam", ""),
        ("status = failed", "run_by_status"),
        ("stage = data", "run_by_stage"),
        ("host = gpu1", "run_by_host"),
        ("user = ada", "run_by_user"),
        ("commit = abc1234", "run_by_commit"),
        ("note is not null", "run_by_note"),
    ],
)
def test_conditions_walk_an_index(team: OpenReader, text: str, index: str) -> None:
    """What runs match is read from an index; whether some given runs do, by looking each of them up."""
    from artui.query.filter.compile import compile_node
    from artui.query.filter.sets import Blamed, Rows, Scope, Texts, Union

    node = parse(text)
    assert node is not None
    asked: list[str] = []
    with team.snapshot() as connection:
        blamed = compile_node(node, Scope(connection, NOW))
        assert isinstance(blamed, Blamed)
        parts = blamed.part.parts if isinstance(blamed.part, Union) else [blamed.part]
        path = team.path
    with Catalog(path) as catalog, catalog.transaction() as connection:
        scope = Scope(connection, NOW)
        connection.set_trace_callback(asked.append)
        for part in parts:
            # A number may be held as text.
            assert isinstance(part, Rows) or (isinstance(part, Texts) and "param" in index)
            part.keys(scope, {1, 2})
            part.keys(scope, None)
        connection.set_trace_callback(None)
        plans = [
            " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")) for statement in asked
        ]
    given, whole, *of_texts = plans
    assert index in whole
    assert "run_key=?" in given or "rowid=?" in given
    assert all(
        "run_key=?" in plan or "param_by_text (name_key=? AND text" in plan for plan in of_texts if "param" in index
    )


def test_a_filter_of_any_size_ends(team: OpenReader) -> None:
    """Thousands of conditions, values or parentheses give an answer or an error, never a crash."""
    assert _found(team, f"lr in ({', '.join(str(i / 100) for i in range(1000))})") == "acef"
    for text in ("(" * 500 + "lr = 1" + ")" * 500, " or ".join(["lr = 1"] * 500), "not " * 500 + "x", "x" * 20_000):
        with pytest.raises(FilterError):
            team.runs(text)
    assert _found(team, " or ".join(["lr = 1"] * 150)) == "e"


# Statements against plain Python

NAMES = ["x", "val/x", "a b", "in", "m-1.5", "tänzer", "x.max"]
TEXTS = [
    "adam",
    "Adam",
    "adamw",
    "",
    "0.5",
    "a%b",
    "a_b",
    "it's",
    'say "hi"',
    "ß",
    "x\\y",
    "true",
    "nan",
    "10k",
    "2026-01-01",
    "1e0",
    " -1 ",
    "Infinity",
]
VALUES = st.sampled_from(
    [0, 1, -1, 0.5, 2.5, 1e-9, 10_000, 2**62, 2**70, -(2**66), math.inf, -math.inf, math.nan]
) | st.integers(-3, 3)
PARAMS = VALUES | st.booleans() | st.sampled_from(TEXTS)
METRICS = st.lists(st.tuples(st.integers(0, 6), VALUES.map(float)), min_size=1, max_size=5)
RUNS = st.builds(
    Made,
    name=st.sampled_from(["r", "calm-otter-7", "Calm", "ß%"]),
    params=st.dictionaries(st.sampled_from(NAMES), PARAMS, max_size=3),
    metrics=st.dictionaries(st.sampled_from([*NAMES, "x@rank=1"]), METRICS, max_size=3),
    tags=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(TEXTS), max_size=2),
    status=st.sampled_from(["running", "finished", "failed", "killed", "lost"]),
    started=st.integers(NOW - 3 * DAY, NOW),
    duration=st.sampled_from([0, 1500, HOUR]),
)
AGGREGATES = [
    "",
    ".last",
    ".min",
    ".max",
    ".mean",
    ".first",
    ".count",
    ".nan_count",
    ".inf_count",
    ".first_step",
    ".last_step",
]
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _number_text(value: float) -> str:
    return (
        repr(value)
        if isinstance(value, int) or math.isfinite(value)
        else ("nan" if value != value else "inf" if value > 0 else "-inf")
    )


def _tests() -> st.SearchStrategy[str]:
    metric = st.tuples(st.sampled_from(NAMES), st.sampled_from(AGGREGATES)).map(
        lambda pair: f"metrics.`{pair[0]}`{pair[1]}"
    )
    param = st.sampled_from(NAMES).map(lambda name: f"params.{quoted_name(name)}")
    tag = st.sampled_from(NAMES).map(lambda name: f"tags.{quoted_name(name)}")
    sign, number, text = (
        st.sampled_from(list(COMPARE)),
        VALUES.map(_number_text),
        st.sampled_from(TEXTS).map(quoted_text),
    )
    member = st.lists(number, min_size=1, max_size=3).map(lambda values: f"({', '.join(values)})")
    texts = st.lists(number | text, min_size=1, max_size=3).map(lambda values: f"({', '.join(values)})")
    among = st.sampled_from(["in", "not in"])
    pattern_sign = st.sampled_from(["like", "not like", "ilike", "contains", "not contains", "~", "!~"])
    pattern = st.sampled_from(["'a%'", "'%m'", "'a_a%'", "'%'", "'ad'", "'^a'", "'[0-9]'", "'ß'", "'1'", "'true'"])
    nothing = st.sampled_from(["is null", "is not null"])
    bare = st.sampled_from(NAMES).filter(lambda name: name != "x.max")
    steps = st.sampled_from(
        ["", " after step 2", " before step 3", " at step 2", " between step 1 and 4", " from step 3", " until 2"]
    )

    def joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.tuples(*parts).map(" ".join)

    any_point = st.tuples(bare, sign, VALUES.map(_number_text), steps).map(
        lambda four: f"any(metrics.`{four[0]}` {four[1]} {four[2]}{four[3]})"
    )
    return st.one_of(
        joined(metric, sign, number),
        joined(metric, among, member),
        joined(metric | param | tag, nothing),
        joined(param, sign, number | text),
        joined(param, among, texts),
        joined(param | tag | st.just("name"), pattern_sign, pattern),
        joined(tag, sign, number | text),
        joined(
            st.just("status"),
            st.sampled_from(["=", "!="]),
            st.sampled_from(["running", "finished", "failed", "killed", "lost"]),
        ),
        joined(
            st.just("started"),
            st.sampled_from(["<", "<=", ">", ">=", "=", "!="]),
            st.sampled_from(["today", "yesterday", "1d ago", "2026-06-16"]),
        ),
        joined(st.just("duration"), sign, st.sampled_from(["1.5s", "0", "1h", "30m"])),
        tag,
        any_point,
    )


FILTERS = st.recursive(
    _tests(),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda three: f"({three[0]} {three[1]} {three[2]})")
        | inner.map(lambda one: f"not ({one})")
    ),
    max_leaves=5,
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=st.lists(RUNS, min_size=1, max_size=6), texts=st.lists(FILTERS, min_size=1, max_size=12))
def test_statements_find_what_python_finds(
    tmp_path_factory: pytest.TempPathFactory, made: list[Made], texts: list[str]
) -> None:
    """Whatever runs there are, a filter's statements find those for which it holds when worked out run by run."""
    path = tmp_path_factory.mktemp("law") / "x.artui"
    _write(path, made)
    with open_reader(path) as reader, reader.snapshot() as connection:
        for text in texts:
            node = parse(text)
            assert node is not None
            keys = matching_keys(connection, node, now_ms=NOW)
            assert sorted(keys) == [i + 1 for i, run in enumerate(made) if _holds(node, run, made)], text


def _holds(node: Node, run: Made, made: list[Made]) -> bool:
    if isinstance(node, And):
        return all(_holds(part, run, made) for part in node.parts)
    if isinstance(node, Or):
        return any(_holds(part, run, made) for part in node.parts)
    if isinstance(node, Not):
        return not _holds(node.part, run, made)
    if isinstance(node, AnyPoint):
        return _has_point(node, run)
    assert isinstance(node, Comparison)
    if node.field.source == "metric":
        return _metric_holds(node, run, made)
    if node.field.source == "param":
        return _text_holds(node, [run.params[node.field.name]] if node.field.name in run.params else [], is_tag=False)
    if node.field.source == "tag":
        return _text_holds(node, [run.tags[node.field.name]] if node.field.name in run.tags else [], is_tag=True)
    if node.field.name == "name":
        return _text_holds(node, [run.name], is_tag=False)
    if node.field.name == "status":
        return COMPARE[node.operator](run.status, node.values[0].text)
    if node.field.name == "started":
        period = node.values[0].period(NOW)
        assert period is not None
        low, high = period
        is_in = low <= run.started < high
        return {
            "=": is_in,
            "!=": not is_in,
            "<": run.started < low,
            "<=": run.started < high,
            ">": run.started >= high,
            ">=": run.started >= low,
        }[node.operator]
    took = (
        run.duration
        if run.status not in ("running", "lost")
        else NOW - run.started
        if run.status == "running"
        else None
    )
    seconds = node.values[0].seconds
    return took is not None and seconds is not None and COMPARE[node.operator](took, seconds * 1000)


def _series(name: str, run: Made) -> list[Points]:
    return [series for key, series in run.metrics.items() if key.partition("@")[0] == name]


def _metric_holds(test: Comparison, run: Made, made: list[Made]) -> bool:
    name, dot, aggregate = test.field.name.rpartition(".")
    if any(_series(test.field.name, other) for other in made) or "." + aggregate not in AGGREGATES or not dot:
        name, aggregate = test.field.name, "last"
    series = _series(name, run)
    if test.operator in ("is null", "is not null"):
        return bool(series) == (test.operator == "is not null")
    wanted = [float(value.number) for value in test.values if value.number is not None]
    for points_of in series:
        value = _aggregate(points_of, aggregate)
        same = any(value == candidate or (value != value and candidate != candidate) for candidate in wanted)
        if {"=": same, "in": same, "!=": not same, "not in": not same}.get(test.operator, False):
            return True
        if test.operator in ("<", "<=", ">", ">=") and COMPARE[test.operator](value, wanted[0]):
            return True
    return False


def _aggregate(series: Points, name: str) -> float:
    values = [value for _, value in series]
    finite = [value for value in values if math.isfinite(value)]
    aggregates: dict[str, Callable[[], float]] = {
        "last": lambda: values[-1], "first": lambda: values[0], "count": lambda: len(values),
        "min": lambda: min(finite, default=math.nan), "max": lambda: max(finite, default=math.nan),
        "mean": lambda: sum(finite) / len(finite) if finite else math.nan,
        "nan_count": lambda: sum(value != value for value in values), "inf_count": lambda: sum(math.isinf(value) for value in values),
        "first_step": lambda: series[0][0], "last_step": lambda: series[-1][0],
    }  # fmt: skip
    return aggregates[name]()


def _has_point(node: AnyPoint, run: Made) -> bool:
    number = node.value.number
    assert number is not None
    low = node.low if node.low is not None else -math.inf
    high = node.high if node.high is not None else math.inf
    for series in _series(node.field.name, run):
        for step, value in series:
            if not low <= step <= high:
                continue
            if value != value or number != number:
                if value != value and number != number and node.operator == "=":
                    return True
            elif COMPARE[node.operator](value, float(number)):
                return True
    return False


def _text_holds(test: Comparison, stored: list[Any], *, is_tag: bool) -> bool:
    sign, values = test.operator, test.values
    if sign in ("is null", "is not null"):
        return bool(stored) == (sign == "is not null")
    if sign == "exists":
        return bool(stored)
    if not stored:
        return False
    value = stored[0]
    shown = (
        value
        if isinstance(value, str)
        else "true"
        if value is True
        else "false"
        if value is False
        else "NaN"
        if value != value
        else str(value)
    )
    if sign in ("=", "in", "!=", "not in"):
        return any(_is_same(value, candidate, is_tag=is_tag) for candidate in values) == (sign in ("=", "in"))
    if sign in ("<", "<=", ">", ">="):
        number = values[0].quantity if is_tag or not values[0].is_quoted else values[0].number
        if is_tag:
            number = values[0].quantity
        if number is None:
            return (
                isinstance(value, str) and COMPARE[sign](value.encode(), values[0].text.encode())
                if is_tag
                else _is_text(value) and COMPARE[sign](_stored_text(value).encode(), values[0].text.encode())
            )
        if is_tag:
            own = type(values[0])(value.strip(), False, 0, 0).number
            return own is not None and COMPARE[sign](own, number)
        own = number_in(_stored_text(value)) if _is_text(value) else value
        return own is not None and COMPARE[sign](own, number)
    import re

    text, pattern = shown, values[0].text
    is_negated = sign in ("not like", "not contains", "!~")
    kind = sign.removeprefix("not ").replace("!~", "~")
    if kind == "contains":
        is_match = pattern.casefold() in text.casefold()
    elif kind == "~":
        is_match = re.search(pattern, text) is not None
    else:
        fold = str.casefold if kind == "ilike" else str
        like = "".join(".*" if sign == "%" else "." if sign == "_" else re.escape(sign) for sign in fold(pattern))
        is_match = re.fullmatch(like, fold(text), re.DOTALL) is not None
    return is_match != is_negated


def _is_text(value: Any) -> bool:
    """Beyond 64 bits, and for NaN, a number is kept as text."""
    return isinstance(value, str) or value != value or (isinstance(value, int) and not -(2**63) <= value < 2**63)


def _stored_text(value: Any) -> str:
    return value if isinstance(value, str) else "NaN" if value != value else str(value)


def _is_same(stored: Any, value: Value, *, is_tag: bool) -> bool:
    number = value.number if value.is_quoted or is_tag else value.quantity
    if is_tag:
        own = type(value)(stored.strip(), False, 0, 0).number
        return stored == value.text or (number is not None and own is not None and own == number)
    if isinstance(stored, bool) and value.text.lower() in ("true", "false"):
        return stored == (value.text.lower() == "true")
    if isinstance(stored, str):
        own = number_in(stored)
        return stored == value.text or (number is not None and own is not None and own == number)
    if number is None:
        return _stored_text(stored) == value.text if _is_text(stored) else False
    return (
        stored == number
        or (stored != stored and number != number)
        or (_is_text(stored) and _stored_text(stored) == value.text)
    )


def test_what_a_slow_reader_finds_is_not_kept_for_a_newer_state() -> None:
    """A thread that read the catalog before it changed keeps what it read away from those who read it after."""
    from artui.query.keys import Memory

    memory = Memory()
    before = memory.at((1,))
    after = memory.at((2,))
    assert before.get("order", lambda: "old") == "old"
    assert after.get("order", lambda: "new") == "new" and memory.at((2,)).get("order", lambda: "newer") == "new"
    assert memory.at((3,)).get("order", lambda: "newest") == "newest"
