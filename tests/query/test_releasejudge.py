"""Criteria of releases: held against what was observed, put together by hand from the same windows."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import artui
from artui.catalog import Catalog, events
from artui.errors import UsageError
from artui.model.criteria import Criterion, criterion_of, made_criterion
from artui.model.deployments import Release
from artui.model.tallies import Tally
from artui.model.windows import Window
from artui.query.deployments import deployments
from artui.query.releasejudge import ReleaseJudge
from artui.query.verdicts import unmeasured
from artui.query.windows import windows
from tests.query import deployed
from tests.reading import open_reader


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return deployed.make(tmp_path_factory.mktemp("releases")).path


def _ids(path: Path) -> dict[int, str]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT v.number, v.id FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE a.name = 'fraud-model'"))  # fmt: skip


def _lying_in(path: Path, number: int, slice_: str = "") -> list[Window]:
    with open_reader(path) as reader, reader.snapshot() as connection:
        (place,) = deployments(reader)
        one = next(one for one in place.releases if one.release.version_id == _ids(path)[number])
        found = windows(connection, place.version_key, slice_=slice_)
        for window in found:
            window.profile  # noqa: B018 (it is unpacked while the catalog is open)
    return [w for w in found if w.from_ms >= one.release.from_ms and (one.to_ms is None or w.to_ms <= one.to_ms)]


def _tally(found: list[Window]) -> Tally:
    tally = Tally()
    for window in found:
        tally = tally.added(window.tally)
    return tally


def test_values_are_those_of_the_windows_of_the_release(path: Path) -> None:
    """Each name and each way to look at the windows, for both versions and a slice, by hand."""
    for number in (1, 2):
        for slice_ in ("", "card=gift"):
            found = _lying_in(path, number, slice_)
            behind = f"[{slice_}]" if slice_ else ""
            requests = sum(window.tally.requests or window.row_count for window in found)
            wanted = {f"serve/requests{behind}": float(requests), f"serve/throughput{behind}": requests / sum(w.has_seconds for w in found)}  # fmt: skip
            if not slice_:
                tally = _tally(found)
                each = [window.tally.metrics["recall"] for window in found]
                wanted |= {
                    "live/recall": tally.metrics["recall"], "live/recall.min": min(each), "live/recall.max": max(each), "live/recall.mean": math.fsum(each) / len(each),
                    "live/recall.first": each[0], "live/recall.last": each[-1], "serve/errors": tally.errors / tally.requests,
                    "serve/latency.p95.max": max(window.percentile(0.95) or 0 for window in found),
                }  # fmt: skip
            with open_reader(path) as reader, reader.snapshot() as connection:
                judge = ReleaseJudge(connection)
                for name, value in wanted.items():
                    answer, measured, why = judge.judged(f'"{name}" >= {value!r}', _ids(path)[number])
                    assert (answer, why, measured[0].value, measured[0].run, measured[0].short_by) == ("met", "", value, deployed.NAME, None), name  # fmt: skip
                    answer, measured, _ = judge.judged(f'"{name}" >= {value + 0.5!r}', _ids(path)[number])
                    assert answer == "missed" and measured[0].short_by == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ("live/recall >= 0 and serve/requests > 1", "met"), ("live/recall >= 0 and serve/requests < 1", "missed"), ("live/recall > 2 or serve/requests > 1", "met"),
        ("not live/recall > 2", "met"), ("live/nothing > 0", "unknown"), ("live/nothing > 0 or live/recall >= 0", "met"),
        ("live/nothing > 0 and live/recall > 2", "missed"), ("live/nothing > 0 and live/recall >= 0", "unknown"), ("not live/nothing > 0", "unknown"),
        ("test/recall > 0", "unknown"), ("status = finished", "unknown"), ("live/recall > much", "unknown"), ("live/recall exists", "unknown"),
        ("any(loss > 3)", "unknown"), ("((", "unknown"), ("serve/latency.p95 < 5", "missed"), ("serve/latency.p95x < 5", "unknown"), ('"live/recall[card=none]" > 0', "unknown"), ("word", "unknown"),
    ],
)  # fmt: skip
def test_answers_are_kleenes(path: Path, condition: str, answer: str) -> None:
    """What cannot be said is unknown, with the reason; it decides nothing where another part does."""
    with open_reader(path) as reader, reader.snapshot() as connection:
        got, _, why = ReleaseJudge(connection).judged(condition, _ids(path)[2])
    assert got == answer and (answer != "unknown" or why)


def test_shadows_and_what_was_never_released_are_unknown(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "x.artui"
    copy.write_bytes(path.read_bytes())
    with open_reader(copy) as reader:
        (place,) = deployments(reader)
    with Catalog(copy) as catalog, events.editing(catalog, "a shadow") as edit:
        edit.set_release(place.version_id, Release("01M00000000000000000000001", _ids(copy)[1], "fraud-model:v1", "shadow", from_ms=deployed.RELEASED_MS))  # fmt: skip
    with open_reader(copy) as reader, reader.snapshot() as connection:
        judge = ReleaseJudge(connection)
        (one,) = (one for one in place.releases if one.release.version_id == _ids(copy)[1])
        assert judge.judged("serve/requests > 0", _ids(copy)[1])[1][0].started_ms == one.release.from_ms
        assert judge.judged("serve/requests > 0", "01M0000000000000000000000Z") == (
            "unknown",
            [],
            "it was not released",
        )


def test_what_can_never_be_answered_is_said_when_it_is_written(path: Path) -> None:
    with open_reader(path) as reader:
        said = unmeasured(reader, [made_criterion("R1", "test/recall > 0 and live/recall > 0 on release"), made_criterion("R2", "serve/latency.p99.max < 5 on release")])  # fmt: skip
    assert len(said) == 1 and said[0].startswith("R1: test/recall is nothing that is observed of a release.")


def test_a_criterion_says_what_it_is_said_of() -> None:
    for written, subject in (("x > 1", "version"), ("x > 1 on run", "run"), ("x > 1 on release", "release")):
        criterion = made_criterion("R1", written)
        assert criterion == Criterion("R1", "x > 1", subject) and criterion.written == written  # type: ignore[arg-type]
        assert criterion_of(criterion.state) == criterion


def test_windows_for_python_are_those_that_are_observed(path: Path) -> None:
    """Each window of a span and a slice with its counts, metrics and percentiles; what is no time or percentile is refused."""
    with open_reader(path) as reader, reader.snapshot() as connection:
        (place,) = deployments(reader)
        wanted = [(w.from_ms, w.tally.requests, w.tally.errors, w.tally.truths, w.tally.metrics, w.percentile(0.95)) for w in windows(connection, place.version_key)]  # fmt: skip
        gifts = len(windows(connection, place.version_key, slice_="card=gift"))
    with artui.open_catalog(path) as catalog:
        one = catalog.deployment(deployed.NAME)
        found = one.windows()
        assert [(round(w.started.timestamp() * 1000) if w.started else 0, w.requests, w.errors, w.truths, w.metrics, w.latency(95)) for w in found] == wanted  # fmt: skip
        assert len(one.windows(slice="card=gift")) == gifts and "requests" in repr(found[0])
        middle = found[60].started
        assert (middle is not None and one.windows(until=middle) == ()) or len(one.windows(until=middle)) == 60
        assert len(one.windows(since=middle)) == len(found) - 60
        for wrong in (lambda: one.windows("no time"), lambda: found[0].latency(101)):
            with pytest.raises(UsageError):
                wrong()
