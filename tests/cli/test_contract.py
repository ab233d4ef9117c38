"""What `--json` prints is what the contract says, field by field, and the manual says the same."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from artui import cli
from artui.capture.adding import add_version
from artui.cli.contract import CONTRACT, DOCUMENTS, RECORDS, schema_of
from artui.cli.group import cli as group
from artui.cli.manual import page
from tests import mutating
from tests.exchange.mlflow.serving import fake
from tests.exchange.mlruns import write_run
from tests.query.deployed import make as make_deployed

Call = Callable[..., tuple[int, str, str]]

CALLS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ls": (("ls",), ("ls", "sweep", "--limit", "0"), ("ls", "-w", "val/loss is not null", "-s", "val/loss")),
    "preview": (("preview", "digits-split"), ("preview", "digits-model:production", "--again"), ("preview", "digits-code:v1")),
    "ls --columns": (("ls", "-C", "started,duration,val/loss.min,lr,tags.sweep,alias"),),
    "ls --artifacts": (("ls", "--artifacts"), ("ls", "-a", "model"), ("ls", "-a", "nothing")),
    "ls --artifacts --columns": (("ls", "-a", "-C", "kind,size,age,made_by,metadata.val_loss,fact.licence", "-s", "-size"),),
    "sql": (("sql", "SELECT * FROM runs"), ("sql", "SELECT 1 AS a, 2 AS a, NULL, 9e999, X'00ff'"), ("sql", "SELECT 1 WHERE 0")),
    "sql --schema": (("sql", "--schema"), ("sql", "--schema", "runs")),
    "show RUN": (("show", "final-1"), ("show", "proud-ibex-29"), ("show", "sweep"), ("show", "score-batch")),
    "show VERSION": (("show", "digits-model:production"), ("show", "digits-split"), ("show", "digits-code:v1"), ("show", "digits-confusion-figure")),
    "compare": (("compare", "final-1", "final-2", "score-batch"), ("compare", "final-1", "proud-ibex-29", "--all")),
    "compare VERSION": (("compare", "digits-model:v1", "digits-model:production"), ("compare", "digits-split:v1", "digits-model", "digits-code:v1")),
    "get": (("get", "digits-split", "-o", "{out}"), ("get", "digits-split", "-f", "t*.csv", "-o", "{out}")),
    "gc": (("gc", "--keep", "aliased", "--dry-run"), ("gc", "--keep", "last 1 and used", "--dry-run")),
    "gc --store": (("gc", "--store", "{kept}", "--dry-run"), ("gc", "--store", "{kept}")),
    "relocate": (("relocate", "{kept}", "{out}", "--yes"), ("relocate", "{kept}", "{empty}", "--dry-run")),
    "diff CATALOG": (("diff", "{catalog}", "{merged}"),),
    "merge": (("merge", "{catalog}", "--into", "{merged}"),),
    "merge --sources": (("merge", "--sources"),),
    "merge --undo": (("merge", "--undo", "{merged}", "--dry-run"),),
    "share": (("share", "{out}.artui"), ("share", "{out}.artui", "digits-model:production", "--redact", "--force")),
    "push": (("push", "{out}"), ("push", "{out}", "--dry-run")),
    "pull": (("pull", "{empty}"),),
    "sync": (("sync", "{out}"), ("sync", "{out}", "--no-content")),
    "mirror": (("mirror", "{empty}", "{out}"), ("mirror", "{empty}", "{out}", "--dry-run")),
    "export": (("export", "--parquet", "{out}"), ("export", "--parquet", "{out}", "--dry-run"), ("export", "--csv", "{out}.csv"), ("export", "--jsonl", "{out}.jsonl", "--dry-run"), ("export", "--mlruns", "{out}.mlruns"), ("export", "--tensorboard", "{out}.tb", "-p", "digits"), ("export", "--wandb", "{out}.wandb", "--dry-run")),
    "check": (("check", "--data", "--references"),),
    "compact": (("compact", "--dry-run"), ("compact",)),
    "adopt": (("adopt", "{out}.artui", "--force"),),
    "move": (("move", "{empty}", "--dry-run"),),
    "doctor": (("doctor",),),
    "salvage": (("salvage", "{out}.artui", "--force"),),
    "diff": (("diff", "digits-split"), ("diff", "digits-features"), ("diff", "digits-model"), ("diff", "digits-model", "digits-serving"), ("diff", "code"), ("diff", "digits-split", "--stat")),
    "verify": (("verify",),),
    "verify REF": (("verify", "digits-model:production"), ("verify", "digits-requirements"), ("verify", "final-2"), ("verify", "digits-split")),
    "served": (("served",),),
    "served NAME": (("served", "digits-api/production"),),
    "monitor": (("monitor", "api/production", "{requests}"), ("monitor", "api/production", "{requests}", "--slice", "card", "--keep")),
    "push to a server": (("push", "{server}", "--dry-run"), ("push", "{server}")),
    "pull from a server": (("pull", "{server}"),),
    "sync with a server": (("sync", "{server}"),),
    "audit RUN": (("audit", "final-1"), ("audit", "score-batch")),
    "audit --where": (("audit", "-w", "status = finished"), ("audit", "-w", "lr < 0", "--limit", "0")),
    "reproduce": (("reproduce", "final-1", "-o", "{again}"), ("reproduce", "score-batch", "-o", "{empty}")),
    "reproduce --run": (("reproduce", "final-1", "-o", "{again}", "--run", "--here", "--yes"),),
    "blame": (("blame", "digits-model:production"), ("blame", "final-2")),
    "impact": (("impact", "digits-raw:v1"), ("impact", "final-2"), ("impact", "digits-serving:v1")),
    "trace": (("trace", "final-1"), ("trace", "digits-model:production"), ("trace", "digits-raw:v1")),
    "trace REF REF": (("trace", "digits-raw:v1", "digits-model:production"), ("trace", "final-1", "digits-raw:v1"), ("trace", "final-1", "final-2")),
    "why RUN RUN": (("why", "final-1", "final-2"), ("why", "final-1", "noble-heron-2"), ("why", "final-1", "final-2", "-m", "epoch"), ("why", "final-1", "proud-ibex-29"), ("why", "final-1", "nimble-ferret-33", "--best")),
    "why --where": (("why", "-w", "optimizer.name = adam"), ("why", "-w", "val/loss < 0.1", "--among", "sweep")),
    "why --deployment": (("why", "-d", "fraud-api/production", "--since", "2026-11-02", "--until", "2026-11-05", "-c", "{deployed}"), ("why", "-d", "fraud-api/production", "-c", "{deployed}")),
    "drift": (("drift", "fraud-api/production", "--since", "2026-11-02", "-c", "{deployed}"), ("drift", "fraud-train:v1", "fraud-test:v1/test.csv", "--limit", "psi=0.1", "-c", "{deployed}")),
    "drift --rules": (("drift", "fraud-api/production", "--since", "2026-11-02", "--rule", "drift psi > 0.2 on any column", "--open", "-c", "{deployed}"),),
    "import": (("import", "{store}", "--dry-run"),),
    "import of nothing": (("import", "{empty}", "--dry-run"),),
    "import --report": (("import", "--report"),),
    "keys": (("keys",),),
    "help": (("help",),),
    "help SUBJECT": (("help", "filters"), ("help", "python")),
    "help VERB": (("help", "ls"),),
    "help search": (("help", "search", "spearman"),),
    "demo": (("demo", "{demo}", "--no-app"),),
}  # fmt: skip
"""By document, calls that print it."""
ANYWHERE = (
    "keys",
    "help",
    "help SUBJECT",
    "help VERB",
    "help search",
    "demo",
    "import",
    "import of nothing",
    "merge",
    "mirror",
    "diff CATALOG",
    "drift",
    "drift --rules",
    "why --deployment",
)
"""Documents that are printed without `--catalog`."""


def _call(arguments: tuple[str, ...], catalog: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    if any("{store}" in word for word in arguments):
        write_run(tmp_path / "mlruns", 1)
    (tmp_path / "empty").mkdir(exist_ok=True)
    if "relocate" in arguments:
        (tmp_path / "f.txt").write_text("x")
        add_version(catalog, tmp_path / "f.txt", name="f", kind="dataset", store=str(tmp_path / "kept"))
    if "{merged}" in arguments and not (tmp_path / "merged.artui").exists():
        # Two people say different things of the same run.
        cli.run(["merge", str(catalog), "--into", str(tmp_path / "merged.artui")])
        for path in (catalog, tmp_path / "merged.artui"):
            cli.run(["note", "final-1", f"seen in {path.name}", "-c", str(path)])
        capsys.readouterr()
    if "{deployed}" in arguments and not (tmp_path / "fraud.artui").exists():
        make_deployed(tmp_path)
        capsys.readouterr()
    if "{server}" in arguments:
        with fake() as (_, place):
            return _printed(arguments, {"server": f"mlflow://127.0.0.1:{place.port}"}, capsys)
    places = {
        "deployed": str(tmp_path / "fraud.artui"),
        "kept": str(tmp_path / "kept"),
        "requests": str(_requests(tmp_path)),
        "store": str(tmp_path / "mlruns"),
        "empty": str(tmp_path / "empty"),
        "demo": str(catalog),
        "out": str(tmp_path / "out"),
        "again": str(tmp_path / "again"),
        "catalog": str(catalog),
        "merged": str(tmp_path / "merged.artui"),
    }
    return _printed(arguments, places, capsys)


def _printed(arguments: tuple[str, ...], places: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> Any:
    words = [word.format(**places) if "{" in word else word for word in arguments]
    cli.run([*words, "--json"])
    return json.loads(capsys.readouterr().out)


def test_schemas_are_schemas() -> None:
    """Of all documents at once: the records that they share are looked at once."""
    schemas = [schema_of(called) for called in DOCUMENTS]
    records = [schema.pop("$defs") for schema in schemas]
    assert all(each == records[0] for each in records)
    jsonschema.Draft202012Validator.check_schema({"$defs": records[0], "anyOf": schemas})


@pytest.mark.parametrize("called", DOCUMENTS)
def test_documents_are_as_declared(
    called: str, demo_catalog: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each call prints one document with exactly the declared fields, of the declared types."""
    validator = jsonschema.Draft202012Validator(schema_of(called))
    for arguments in CALLS[called]:
        where = () if called in ANYWHERE else ("--catalog", str(demo_catalog))
        document = _call((*arguments, *where), demo_catalog, tmp_path, capsys)
        assert document["artui"] == CONTRACT and next(iter(document)) == "artui"
        validator.validate(document)


def _requests(folder: Path) -> Path:
    path = folder / "requests.csv"
    path.write_text("time,card,prediction,truth\n2026-11-01T10:00:00,gift,1,1\n2026-11-01T10:30:00,debit,0,1\n")
    return path


def test_fields_that_no_call_fills_are_few(
    demo_catalog: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of each record there is one in the calls above, so that none is declared and never printed."""
    seen: set[str] = set()

    def walk(value: Any, kind: str) -> None:
        kind = kind.rstrip("?")
        if value is None:
            return
        if kind.startswith("["):
            for inner in value:
                walk(inner, kind[1:-1])
        elif kind in RECORDS:
            seen.add(kind)
            for name, field in RECORDS[kind].items():
                walk(value[name], field.kind)

    for called, fields in DOCUMENTS.items():
        for arguments in CALLS[called]:
            where = () if called in ANYWHERE else ("--catalog", str(demo_catalog))
            document = _call((*arguments, *where), demo_catalog, tmp_path, capsys)
            for name, field in fields.items():
                walk(document[name], field.kind)
    # A clean store has nothing damaged or left; the demo has no files outside, was not imported, nor approved by anybody, repeats no run, its
    # tables hold numbers, its run comes back, and a server takes all of it.
    assert set(RECORDS) - seen <= {
        "incident",
        "damage",
        "finding",
        "suspect",
        "signature",
        "outside",
        "referenced",
        "counted",
        "import",
        "not read",
        "refused",
        "approval",
        "moved value",
        "repetitions",
        "cause",
    }


READS = (
    ("ls", "ls", ()), ("ls --artifacts", "ls", ("--artifacts",)), ("show RUN", "show", (mutating.VICTIM,)), ("show VERSION", "show", (mutating.MODEL,)),
    ("compare", "compare", (mutating.VICTIM, mutating.BASELINE)), ("compare VERSION", "compare", (f"{mutating.MODEL}:v1", f"{mutating.OTHER_MODEL}:v1")), ("trace", "trace", (mutating.MODEL,)), ("impact", "impact", (mutating.MODEL,)), ("why RUN RUN", "why", (mutating.VICTIM, mutating.BASELINE)),
)  # fmt: skip


def test_damaged_catalogs_keep_the_contract(tmp_path: Path) -> None:
    """Whatever a cell of any column holds, what is printed is a document of the contract, or an error and nothing."""
    target = mutating.build(tmp_path / "mutated.artui")
    loose = tmp_path / "loose.artui"
    shutil.copyfile(target, loose)
    texts = mutating.loosened(loose)
    mutating.mutate(loose, texts, target, [])
    validators = {called: jsonschema.Draft202012Validator(schema_of(called)) for called, _, _ in READS}
    printed = 0
    for mutation in random.Random(5).sample(mutating.mutations(loose), 16):
        if not mutating.mutate(loose, texts, target, [mutation]):
            continue
        for called, verb, words in READS:
            outcome = mutating.say([verb, *words, "--json"], target)
            assert not outcome.trouble, (str(mutation), outcome.trouble)
            if outcome.out:
                printed += 1
                validators[called].validate(json.loads(outcome.out))
    assert printed > 50


def test_every_verb_with_json_has_a_document() -> None:
    """No verb prints JSON that is not declared."""
    names = {called.split()[0] for called in DOCUMENTS}
    context = None
    for name in group.list_commands(context):  # type: ignore[arg-type]
        command = group.get_command(context, name)  # type: ignore[arg-type]
        assert command is not None
        if any("--json" in getattr(parameter, "opts", ()) for parameter in command.params):
            assert name in names, name


def test_the_manual_has_every_field() -> None:
    """The page `json` lists each document, and each record with its fields in the same words."""
    text = page("json").text
    for called, fields in DOCUMENTS.items():
        row = re.search(rf"^\| `artui {re.escape(called)}` \|.*$", text, re.M)
        assert row is not None, called
        for name, field in fields.items():
            assert f"`{name}`: {field.kind}" in row[0], (called, name)
    for record, fields in RECORDS.items():
        section = text.partition(f"\n## {record.capitalize()}\n")[2].partition("\n## ")[0]
        for name, field in fields.items():
            inherited = re.search(r"as \[(.*?)\]", section)
            shared = RECORDS[inherited[1]] if inherited else {}
            assert f"| `{name}` | {field.kind} | {field.words} |" in section or shared.get(name) == field, (
                record,
                name,
            )
