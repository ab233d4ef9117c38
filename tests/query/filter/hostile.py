"""Filters that nobody means: beginnings of rich ones, and rich ones with pieces put in, left out, doubled and swapped."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import artui
from artui.errors import ArtuiError
from artui.query.artifacts import artifact_list
from artui.query.filter.complete import is_unfinished
from artui.query.filter.offers import Subject, offers
from artui.query.filter.tokens import FilterError
from artui.query.reader import Reader
from artui.query.runs.order import RunsRequest, run_order

RICH = (
    "val/loss < 0.3 and lr in (0.01, 0.003)",
    "metrics.val/acc.max >= 0.9 and params.optimizer ~ 'adam.*' and not tags.wip",
    "any(val/loss < 0.1 after step 500)",
    "any(val/loss >= 1e-3 between step 100 and 500) or any(acc = nan at step 3)",
    "any(metrics.val/loss != inf until step 9) and any(val/loss > 10k from 5)",
    'artifact = "mnist:v2" or "warm restart"',
    "status = failed and started > 2d ago",
    "started between 2026-11-03 and 2026-11-03T14:30 and ended < yesterday",
    "started = 2026-11 or started != 2026-11-03 14:30:15.25",
    "ended in (today, now, 1730000000000) and deleted is null",
    "duration > 2h30m and duration <= 1.5d or duration in (90, 90s, 5m)",
    "0.001 < lr <= 0.1 and 1 != epochs",
    "not (lr = 0.1 or not (lr > 1e-4 and epochs between 1 and 20))",
    "status in (running, failed) or status not in (lost) and stage = data",
    "opt is null and opt = null and opt != none and opt is not null",
    "val/loss is nan or val/loss is not nan and metrics.val/loss is null",
    "val/loss.diverged and val/loss.diverged = false and not acc.diverged",
    "name like '%otter_7%' and name not ilike 'CALM%' and note contains warm",
    "host !~ ^gpu[0-9]+$ and user =~ 'a|b' and command contains \"--lr\"",
    "tag = wip and tag != done and tag ~ w.p and tag in (a, b)",
    "tags.best > 3 and tags.best = true and tags.remark contains ''",
    "id = 01JB and commit = abc1234 and commit not in (99ff00, abc)",
    "parent = calm-otter-7 or parent in (a, 01JB0000) and parent is not null",
    "project = vision and project ~ vis and experiment != speech",
    "input = mnist:v2 and output ~ net and dataset.name = 'mnist' and artifact is null",
    "input in (mnist:latest, vision/mnist:best) and artifact not contains x",
    "dirty and dirty = false and not dirty = yes",
    "`val loss` < 1 and metrics.\"val loss\".max > 0 and metrics.'val loss' is null",
    "params.lr > 0.01 && metrics.val/loss < 1 || tags.wip",
    "lr > '0.01' and lr != \"1e-3\" and lr < adam and optimizer >= a",
    "seed = 1180591620717411303424 and seed > 9007199254740993 and seed != -9223372036854775808",
    "memory > 2GB and memory < 1.5TiB and memory between 10k and 10MB",
    "restart warm adam 0.01 'two words' and otter",
    "size contains 5 and size ~ \"\\\\d+k\" and size not in (50k, '50k')",
    "age < 3w ago and took > 2h and created > 2026-01 and run_id = 01JB",
    "attr.name = a and attributes.status = failed and run.user = ada",
    "val/loss.count > 3 and val/loss.last_step < 600 and acc.step_of_max > 2 and val/loss.mean < 1",
    "python like 3.% and directory contains /work and error ~ 'Cuda|OOM'",
    "flag = true and flag != false and flag = 1 and flag in (true, null)",
    "layers contains 2 and layers ~ 1 and layers = '[1,2]' and drop is nan and drop = nan",
    '!tags.wip and !(lr = 0.1 or !val/loss < 1) and !"a b" and opt in (null, 3) and opt not in (x, null)',
    "lr = 0.1 or (lr = 0.2 or (lr = 0.3 or (lr = 0.4)))",
    "output (kind = model and size > 1kB and not alias = production) and has note or input (made_by (lr < 1) or has rows)",
)
"""One of everything that the language has."""
RICH_OF_VERSIONS = (
    "kind = model and stage in (modelling, ops) and name ~ ^n and artifact contains e",
    "size > 1kB and size between 10 and 10MB and files >= 1 and version = v1 and version in (1, 2)",
    "created > 2d ago and age < 3w and saved between 2026-01 and 2099-11-03T14:30",
    "alias = production or alias != latest and alias ~ 'prod|cand' and has alias and alias is null",
    "made_by = calm-otter-7 and used_by ~ b and made_by (val/loss < 0.3 and input (kind = dataset)) or used_by is not null",
    "metadata.rows > 3 and rows in (1, 2) and metadata.nested.deep = zwei and epoch is null and `odd name` = 1",
    "file ~ \\.csv$ and preview = table and has preview and derived_from = raw:v1 and digest = abcd and id = 01JB",
    "storage = embedded and location contains / and host != box and note ilike '%X%' and project = p",
    "'two words' and otter or not (warm restart)",
)
"""The same of versions."""

HOSTILE = (
    "(", ")", ",", "\"", "'", "`", "``", "\"\"", "!", "=", "==", "<>", "!~", "~", "<=", "&&", "||", ".", "-", "--", "+", "_", "%", "\\", "*",
    "and", "or", "not", "in", "is", "null", "nan", "inf", "-inf", "+nan", "like", "ilike", "contains", "between", "any", "any(", "all(", "none",
    "after", "before", "from", "until", "at", "step", "steps", "ago", "now", "today", "yesterday", "true", "false",
    "metrics.", "params.", "tags.", "attr.", "metrics.val/loss.", "params.lr.max", "dataset.name", ".max", "metrics..max", "tags.`", "`a`.b",
    "1e400", "-1e400", "1e-400", "1e999999999", "9" * 400, "-" + "9" * 400, "9" * 5000, "1_000", "1__0", "1_", "0x10", "1e", "1e+", ".5", "5.", "٣", "²", "１２",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "1e15", "1e18", "1e19", "999999999999999",
    "99999999999999d", "99999999999999d ago", "1e400d ago", "9" * 400 + "d", "9" * 400 + "y ago", "inf ago", "nan ago", "0d ago", "-1d ago", "9" * 400 + "k", "1e308k", "9TiB",
    "0000-01-01", "9999-12-31", "9999-12", "0001-01-01", "2026-02-30", "2026-13", "2026-11-03T25:61", "2026-11-03T14:30+99:99", "9999-12-31T23:59:59.999999", "0001-01", "10000-01-01",
    "1969-12-31", "2026-11-03 14:30", "2026-W01-1", "２０２６-11-03", "12:30", "T",
    "~ (((((((((((a", "~ (a+)+$", "~ '(x+x+)+y'", "~ [", "~ \\", "~ (?P<", "~ (?R)", "~ a{99999999}", "~ " + "a" * 600, "~ \"" + "(" * 400 + "\"", "~ \\p{", "like " + "%_" * 300, "like " + "%" * 3000, "contains ''",
    "in (", "in ()", "in (,)", "in (1,,2)", "in (" + ", ".join(map(str, range(1200))) + ")", "in (" + ", ".join("ab" + str(i) + "cd" for i in range(700)) + ")",
    "\x00", "a\x00b", "\"\x00\"", "\ud800", "\udcff", "x\udfffy", "\U000e0041", "\u202e", "\u200b", "\u2028", "\n", "\r\n", "\t", "\xa0", "\x85", "\x1b[31m", "日本", "ﬁ", "İ", "ß", "é" * 30, "👩\u200d👩",
    "(" * 39, "(" * 50, ")" * 50, "not " * 39, "not " * 50, "x " * 190, "x or " * 190, "lr = 1 or " * 150, "name ~ a or " * 60, "z" * 9000, "z" * 10001,
    "id in (" + ", ".join("01JB" + str(i) for i in range(600)) + ")", "parent in (" + ", ".join("01JB" + str(i) for i in range(600)) + ")", "commit != 99ff", "tag in (" + ",".join("abc") + ")",
    "started in (" + ", ".join(["2026-01-01"] * 400) + ")", "duration in (" + ", ".join(f"{i}s" for i in range(900)) + ")",
    "status", "started", "duration", "deleted", "dirty", "parent", "artifact", "input", "note", "val/loss", "lr", "opt", "seed", "drop", "layers", "nothing_like_it",
)  # fmt: skip
"""Pieces that are most likely to be more than something bargained for."""

_PIECES = re.compile(r"\s+|[(),]|[<>=!~]+|\"[^\"]*\"?|'[^']*'?|`[^`]*`?|[^\s(),<>=!~]+")


def make_catalog(path: Path) -> None:
    """Make a catalog with everything that the rich filters ask about."""
    common = {"catalog": path, "console": False, "code": False, "system_metrics": False}
    values = {"lr": 0.01, "optimizer": "adam", "epochs": 10, "seed": 2**70, "size": "50k", "flag": True, "layers": [1, 2], "drop": float("nan"), "opt": None}  # fmt: skip
    for name, params, tags in (
        ("calm-otter-7", values, {"wip": "", "best": "3"}),
        ("b", {**values, "lr": "1e-3", "opt": "x", "seed": 3}, {"best": "yes"}),
        ("c", {"lr": "auto", "optimizer": "nan", "size": 50_000}, {"remark": "4e400"}),
    ):
        with artui.start_run(name=name, params=params, tags=tags, note="warm restart", **common) as run:  # type: ignore[arg-type]
            for step in range(4):
                run.log({"val/loss": 1 / (1 + step), "acc": [0.1, float("nan"), float("inf"), -1e300][step]}, step=step)
                run.log({"val loss": step, "memory": 3e9}, step=step)
            (path.parent / "made.csv").write_text("x,y\n1,2\n")
            run.save(
                "net",
                path.parent / "made.csv",
                kind="model",
                alias="production",
                metadata={"rows": 1, "nested": {"deep": name}},
            )


def prefixes(rich: Sequence[str] = RICH) -> Iterator[str]:
    """Give every beginning of every rich filter, as somebody types it."""
    for text in rich:
        for end in range(len(text) + 1):
            yield text[:end]


def mutations(seed: int, count: int, rich: Sequence[str] = RICH) -> Iterator[str]:
    """Give rich filters with one to five changes."""
    chance = random.Random(seed)
    for _ in range(count):
        pieces = _PIECES.findall(chance.choice(rich))
        for _ in range(chance.randint(1, 5)):
            _mutate(chance, pieces)
        yield "".join(pieces)


def _mutate(chance: random.Random, pieces: list[str]) -> None:
    place = chance.randrange(len(pieces) + 1)
    other = chance.randrange(len(pieces) + 1)
    match chance.randrange(6):
        case 0:
            del pieces[place : place + chance.randint(1, 3)]
        case 1:
            pieces[place:place] = pieces[other : other + chance.randint(1, 4)]
        case 2 if place < len(pieces) and other < len(pieces):
            pieces[place], pieces[other] = pieces[other], pieces[place]
        case 3:
            pieces[place : place + 1] = [chance.choice(HOSTILE)]
        case 4:
            pieces.insert(place, " " + chance.choice(HOSTILE) + " ")
        case _:
            pieces.insert(place, chance.choice(HOSTILE))


def fault_of(reader: Reader, text: str, subject: Subject = "runs") -> str:
    """Ask with a filter as the app does; say what is wrong with what came of it, or nothing."""
    try:
        run_order(reader, RunsRequest(text)) if subject == "runs" else artifact_list(reader, text)
    except FilterError as error:
        if fault := _pointing_fault(error, text):
            return fault
    except (ArtuiError, Exception) as error:  # noqa: BLE001 - the very question
        return f"{type(error).__name__}: {str(error)[:200]}"
    for cursor in {len(text), len(text) // 2}:
        try:
            offers(reader, text, cursor, subject)
            is_unfinished(text[:cursor])
        except Exception as error:  # noqa: BLE001 - the very question
            return f"completing at {cursor}: {type(error).__name__}: {str(error)[:200]}"
    return ""


def _pointing_fault(error: FilterError, text: str) -> str:
    """Say what is wrong with where an error points."""
    if error.text != text:
        return f"does not know its text: {error.message}"
    if not 0 <= error.position < max(1, len(text)) or not 1 <= error.length <= max(1, len(text) - error.position):
        return f"points at {error.position}+{error.length} of {len(text)}: {error.message}"
    if text[error.position : error.position + error.length].isspace():
        return f"points at nothing: {error.message}"
    if not error.message or not error.remedy:
        return f"says no next step: {error.message}"
    lines = error.excerpt.splitlines()
    if len(lines) != 2 or "^" not in lines[1] or lines[1].strip(" ^"):
        return f"has no caret: {error.excerpt!r}"
    return ""
