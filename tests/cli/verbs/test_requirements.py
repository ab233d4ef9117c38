"""`artui require` and `artui verify`: what is written down, what is found of it, and what `promote` makes of that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import artui as api
from artui.capture.warn import forget
from artui.catalog import events
from tests.catalog.merging.histories import parts
from tests.cli.conftest import Call


@pytest.fixture
def models(workplace: Path, call: Call) -> Path:
    """Two versions of a model in the catalog, the second one worse; gives its path."""
    path = workplace / "near.artui"
    for name, recall in (("train-1", 0.93), ("train-2", 0.85)):
        with api.start_run(
            project="default", name=name, catalog=path, console=False, code=False, system_metrics=False
        ) as run:
            (workplace / "w.bin").write_bytes(name.encode())
            run.log({"recall": recall}, step=7)
            run.save("net", workplace / "w.bin", kind="model")
    return path


def _verdicts(call: Call, *words: str) -> dict[str, Any]:
    document = json.loads(call("verify", *words, "--json")[1])
    return {
        f"{one['version']['reference']} {verdict['criterion']}": verdict
        for one in document["versions"]
        for verdict in one["verdicts"]
    }


def test_what_is_required_is_judged(call: Call, models: Path) -> None:
    """From nothing to a verdict in two commands; a version that misses a criterion ends the verb with 1."""
    code, out, err = call("verify", "net")
    assert (code, out) == (0, "net:v2: no criterion is about it\n") and "artui require" in err

    assert call("require", "needs", "-x", "R1: recall >= 0.9")[1] == "needs:v1: R1 recall >= 0.9.\n"
    assert call("verify", "net:v1")[0] == 0
    code, out, _ = call("verify", "net:v2")
    assert (
        code == 1 and "net:v2: 0 of 1 criterion met, 1 missed" in out and "missed by 0.05" in out and "train-2" in out
    )
    assert call("verify", "train-2")[0] == 1 and call("verify", "train-1")[0] == 0
    call("alias", "net:v1", "candidate")
    code, out, _ = call("verify", "needs")
    assert code == 1 and "0.9300 ✓" in out and "0.8500 ✗" in out and "net:v1 candidate" in out

    found = _verdicts(call, "net:v2")["net:v2 needs/R1"]
    assert found["verdict"] == "missed" and found["is_before"] is False and found["defined_by"] == events.author()
    assert found["measured"][0] | {"run_id": ""} == {
        "field": "recall", "value": 0.85, "run_id": "", "run": "train-2", "step": 7, "short_by": pytest.approx(0.05),
    }  # fmt: skip


def test_what_is_unknown_ends_with_1_only_if_asked(call: Call, models: Path) -> None:
    """A metric that no run measured is no miss; --strict takes it for one. Its name is doubted when it is written."""
    _, out, err = call("require", "needs", "-x", "R1: recal >= 0.9")
    assert out == "needs:v1: R1 recal >= 0.9.\n" and "Did you mean recall?" in err
    assert call("verify", "net")[0] == 0 and call("verify", "net", "--strict")[0] == 1
    assert "no run measured recal" in call("verify", "net")[1]
    assert call("promote", "net")[0] == 0


def test_nothing_that_misses_a_criterion_is_promoted_without_a_reason(call: Call, models: Path) -> None:
    """`promote` and `alias … production` show what is missed; --override with --why does it, and one undo takes back both."""
    call("require", "needs", "-x", "R1: recall >= 0.9")
    for words in (("promote", "net:v2"), ("promote", "net:v2", "--to", "best"), ("alias", "net:v2", "production")):
        code, out, err = call(*words)
        assert code == 1 and "net:v2 misses 1 criterion:" in out and "missed by" in out, words
        assert f"`artui {' '.join(words)} --override --why REASON`" in err
        assert call(*words, "--override")[0] == 2
    assert call("alias", "net:v2", "candidate")[0] == 0 and call("promote", "net:v1")[0] == 0
    assert call("promote", "net:v2", "--override", "--why", "the only fast one")[0] == 0

    waiver = _verdicts(call, "net:production")["net:v2 needs/R1"]["waiver"]
    assert (waiver["author"], waiver["why"]) == (events.author(), "the only fast one")
    code, out, _ = call("verify", "net:production")
    assert code == 0 and f"overridden by {events.author()}: the only fast one" in out and "(1 overridden)" in out
    assert "waive needs/R1" in call("blame", "net:v2")[1]
    call("undo")
    assert (
        call("verify", "net:v2")[0] == 1
        and json.loads(call("show", "net:production", "--json")[1])["version"]["number"] == 1
    )
    # What is asked for since is not what was let pass.
    call("promote", "net:v2", "--override", "--why", "again")
    call("require", "needs", "-x", "R1: recall >= 0.92", "--why", "the customer asks")
    assert call("verify", "net:v2")[0] == 1


def test_criteria_are_read_from_the_text(call: Call, models: Path, workplace: Path) -> None:
    """Front matter has them; what cannot be one is named and left out; the next text keeps them unless it has its own."""
    text = workplace / "needs.md"
    text.write_text(
        "---\ncriteria:\n  R1: recall >= 0.9\n  R2: lr < 1 on run\n  bad name: x > 1\n  R3:\nfor: net\n---\n# It must\n"
    )
    forget()
    code, out, err = call("require", "needs", "--file", str(text))
    assert code == 0 and "'bad name' cannot be the name of a criterion" in err and "'R3' has no condition" in err
    assert set(_verdicts(call, "net:v1")) == {"net:v1 needs/R1", "net:v1 needs/R2"}

    text.write_text("# It must, more clearly\n")
    call("require", "needs", "--file", str(text))
    assert set(_verdicts(call, "net:v1", "--against", "needs:v2")) == {"net:v1 needs/R1", "net:v1 needs/R2"}
    assert _verdicts(call, "net:v1")["net:v1 needs/R1"]["defined_ms"] == _verdicts(call, "net:v1", "--against", "needs:v1")["net:v1 needs/R1"]["defined_ms"]  # fmt: skip
    text.write_text("+++\n[criteria]\nR9 = 'recall > 0.99'\n+++\n")
    call("require", "needs", "--file", str(text))
    assert set(_verdicts(call, "net:v1")) == {"net:v1 needs/R9"}
    code, out, _ = call("require", "needs")
    assert out.startswith("needs:v3\n") and "recall > 0.99" in out and "every model" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("require", "needs", "-x", "no colon"), "is no criterion"),
        (("require", "needs", "-x", "R1: recall >"), "A value should follow >"),
        (("require", "needs", "-x", "a/b: recall > 1"), "cannot be the name"),
        (("require", "needs", "-x", f"R1: {'x' * 3000}"), "2,000 are the most"),
        (("require", "needs"), "needs"),
        (("require", "net", "-x", "R1: recall > 1"), "net:v2 is no requirement, but a model"),
        (("require", "net"), "net:v2 is no requirement, but a model"),
        (("require", "needs", "--drop", "R1"), "needs"),
        (("verify", "nothing"), "nothing"),
        (("verify", "a"), "made no model"),
        (("verify", "net", "--against", "net"), "is no requirement"),
    ],
)
def test_what_cannot_be_is_said(call: Call, models: Path, words: tuple[str, ...], says: str) -> None:
    """Each wrong use is refused in words, and nothing is written."""
    before = parts(models)
    code, _, err = call(*words)
    assert code == 2 and says in err, err
    assert parts(models) == before
    assert "Traceback" not in err


def test_a_program_requires_and_reads_verdicts(call: Call, models: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """`run.require` saves criteria and leaves out what is none, without an error; a version has its verdicts, a requirement its criteria."""
    forget()
    with api.start_run(project="default", catalog=models, console=False, code=False, system_metrics=False) as run:
        made = run.require("needs", {"R1": "recall >= 0.9", "R2": "", "a b": "x > 1"}, about="net", text="# In words")
        assert (
            made == "needs:v1"
            and run.require("needs", {"R1": "recall >= 0.9"}, about="net", text="# In words") == "needs:v1"
        )
        assert run.require("needs", 7) is None  # type: ignore[arg-type]
        assert run.require("odd", {"R1": "recall >"}) == "odd:v1"
    assert "'R2' has no condition" in capfd.readouterr().err
    with api.open_catalog(models) as catalog:
        needs, odd = catalog.requirements("default")
        assert [one.criterion.condition for one in needs.criteria] == ["recall >= 0.9"] and catalog.requirements(
            "nowhere"
        ) == ()
        assert needs.open("requirement.md").read().decode().endswith("# In words\n")
        verdicts = catalog.version("net:v2").verdicts
        assert [(one.defined.key, one.answer) for one in verdicts] == [("needs/R1", "missed"), ("odd/R1", "unknown")]
        assert "cannot be read" in verdicts[1].why and catalog.version("net:v2").criteria == ()
    assert odd.reference == "odd:v1"


def test_a_requirement_belongs_to_the_project_of_its_models(call: Call, models: Path, workplace: Path) -> None:
    """The only project there is; of several it is asked which; a new text goes where the requirement is."""
    with api.start_run(project="other", catalog=models, console=False, code=False, system_metrics=False) as run:
        run.save("net2", workplace / "w.bin", kind="model")
    code, _, err = call("require", "needs", "-x", "R1: recall >= 0.9")
    assert code == 2 and "--project" in err and "other" in err
    assert call("require", "needs", "-x", "R1: recall >= 0.9", "--project", "other")[0] == 0
    (workplace / "n.md").write_text("# More")
    assert call("require", "needs", "--file", "n.md")[0] == 0
    assert set(_verdicts(call, "net2")) == {"net2:v1 needs/R1"} and _verdicts(call, "net") == {}


def test_what_requirements_leave_open_is_said(call: Call, models: Path, workplace: Path) -> None:
    """A requirement without a criterion, a criterion that nothing measured, a model of which nothing is required."""
    code, out, _ = call("verify")
    assert code == 0 and "net:v2" in out and "nothing is required of: net" in out
    call("require", "needs", "-x", "R1: recall >= 0.9", "-x", "R2: nothing_of_this > 1", "--for", "net")
    (workplace / "empty.md").write_text("# Later")
    call("require", "empty", "--file", "empty.md")
    with api.start_run(project="default", catalog=models, console=False, code=False, system_metrics=False) as run:
        run.save("other", workplace / "w.bin", kind="model")
    code, out, _ = call("verify")
    assert code == 1 and "0 of 2 criteria met, 1 missed, 1 unknown" in out
    assert "no criterion: empty" in out and "never measured: needs/R2" in out and "nothing is required of: other" in out
    document = json.loads(call("verify", "--json")[1])
    assert [one["version"]["reference"] for one in document["versions"]] == ["net:v2", "other:v1"]
    assert (document["without_criterion"], document["without_evidence"], document["without_requirement"]) == (
        ["empty"],
        ["needs/R2"],
        ["other"],
    )


def test_the_lineage_says_how_much_is_met(call: Call, models: Path, workplace: Path) -> None:
    """That somebody said that a model satisfies a requirement is no more than that: beside it stands what was found."""
    call("require", "needs", "-x", "R1: recall >= 0.9", "-x", "R2: recall > 0.1")
    with api.start_run(project="default", catalog=models, console=False, code=False, system_metrics=False) as run:
        run.log({"recall": 0.5})
        (workplace / "w.bin").write_bytes(b"another")
        run.save("net", workplace / "w.bin", kind="model", related={"needs:v1": "satisfies"})
        run.save("other", workplace / "w.bin", kind="report", related={"needs:v1": "satisfies"})
    assert "satisfies needs:v1  requirement  latest  1 of 2 criteria met" in call("trace", "net:v3")[1]
    down = call("trace", "needs", "--down")[1]
    assert (
        "satisfied by net:v3  model  latest  1 of 2 criteria met" in down
        and "satisfied by other:v1  report  latest\n" in down
    )
    document = json.loads(call("trace", "needs", "--json")[1])
    assert {node["version"]["reference"]: node["criteria_met"] for node in document["downstream"] if node["version"]} == {"net:v3": "1 of 2", "other:v1": ""}  # fmt: skip


def test_a_criterion_is_dropped_and_comes_back(call: Call, models: Path) -> None:
    """It is gone for later verdicts, its history stays, and undo brings it back as old as it was."""
    call("require", "needs", "-x", "R1: recall >= 0.9", "-x", "R2: recall > 0.1")
    before = _verdicts(call, "net:v1")
    assert call("require", "needs", "--drop", "R1", "--why", "not asked any more")[1] == "needs:v1: R1 dropped.\n"
    assert set(_verdicts(call, "net:v1")) == {"net:v1 needs/R2"}
    assert "has no criterion 'R1'" in call("require", "needs", "--drop", "R1")[2]
    assert "not asked any more" in call("blame", "needs")[1]
    call("undo")
    after = _verdicts(call, "net:v1")
    assert set(after) == set(before)
    # What it is about stays where only the condition is another one.
    call("require", "needs", "-x", "R1: recall >= 0.9", "--for", "net")
    call("require", "needs", "-x", "R1: recall >= 0.8")
    assert "net" in next(line for line in call("require", "needs")[1].splitlines() if line.startswith("R1"))
