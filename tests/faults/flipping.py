"""Flips single bits of a catalog, and looks whether every value that is then shown differently is said to be damaged.

    python -m tests.faults.flipping FOLDER --count 2000 [--seed 1] [--keep]

Everything that is shown of a rich catalog is written down in pieces, by the reading API and by the verbs, before
and after a flip. A piece that changed must say so: an error, a non-zero exit, a line on stderr, the word "damaged",
or a model's field named `damage…` with something in it.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import hashlib
import io
import json
import random
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import playing
from tests.faults.playing import command, run_to_the_end, set_up
from tests.reading import open_reader

SECONDS_A_LOOK = 60.0
_EMPTY_FIELD = re.compile(r'"damage\w*": (\[\]|\{\}|""|null|false|0)|damage\w*=(\(\)|\[\]|None|False|\'\')')


@dataclass(frozen=True)
class Piece:
    """One thing that was asked, and what came of it."""

    code: int
    shown: str
    messages: str

    @property
    def is_said(self) -> bool:
        words = _EMPTY_FIELD.sub("", self.shown + self.messages).lower()
        return self.code != 0 or "damage" in words or "corrupt" in words or "malformed" in words


def build(path: Path, home: Path) -> None:
    """Make a catalog with something of everything."""

    def work() -> None:
        import artui

        set_up(home, is_rollback=False, flush_seconds=0.05)
        aside = path.parent / "aside"
        chance = random.Random(1)
        options: dict[str, Any] = {"catalog": path, "console": False, "code": False, "system_metrics": False}
        parent = ""
        for number in range(4):
            run = artui.start_run(
                project=("vision", "text")[number % 2], name=f"run-{number}", parent=parent or None, note=f"note {number}",
                params={"lr": 10.0**-number, "optimizer": ("adam", "sgd")[number % 2], "layers": [64, 32, number], "flag": number > 2, "none": None},
                tags={"baseline": "", "team": f"team {number}"}, stage=("modelling", "data")[number == 2], **options,
            )  # fmt: skip
            parent = parent or run.id
            for step in range(1500 if number < 2 else 40):
                run.log(
                    {"loss": chance.random(), "acc": step / 1500, "rare": float("nan") if step == 7 else -step},
                    step=step,
                )
            run.log_text("words", f"text of {number}")
            run.log_table("rows", [{"a": n, "b": f"cell {n} of {number}"} for n in range(20)])
            aside.mkdir(exist_ok=True)
            (aside / "model.bin").write_bytes(chance.randbytes(20_000))
            (aside / "config.json").write_text(json.dumps({"number": number, "kind": "config"}))
            (aside / "data.csv").write_text("a,b\n" + "".join(f"{n},{n * number}\n" for n in range(60)))
            run.save(
                "model",
                aside,
                kind="model",
                alias="best",
                metadata={"score": number / 7, "by": "me"},
                note=f"saved {number}",
            )
            if number:
                run.use("model:v1")
            run.finish("failed", error="Traceback: it went wrong") if number == 3 else run.finish()
        shutil.rmtree(aside)
        for words in (
            ("note", "run-1", "another note"), ("tag", "run-2", "seen", "rating=5"), ("tag", "run-0", "kept"),
            ("alias", "vision/model:v2", "production"), ("alias", "vision/model:v1", "production"), ("note", "run-3", "and one more"),
        ):  # fmt: skip
            assert command(*words, "--catalog", str(path)) == 0, words

    output = path.parent.parent / "build.txt"
    assert run_to_the_end(work, output) == 0, output.read_text()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def look(path: Path, runs: list[tuple[str, list[str]]], references: list[str]) -> dict[str, Piece]:
    """Write down everything that is shown of a catalog; in a child, since it may do anything."""
    pieces = {
        "ls": _verb("ls", "--json", "-c", str(path)),
        "ls artifacts": _verb("ls", "--artifacts", "--json", "-c", str(path)),
        "ls filtered": _verb("ls", "--json", "-w", "loss < 0.5 or lr > 0.001", "-s", "name", "-c", str(path)),
        "ls words": _verb("ls", "--json", "note", "-c", str(path)),
        "compare": _verb("compare", "run-0", "run-1", "--json", "-c", str(path)),
    }
    with contextlib.ExitStack() as stack:
        asked = _asking(path, stack)
        _look_at_each(path, runs, references, pieces, asked)
    return pieces


def _look_at_each(
    path: Path, runs: list[tuple[str, list[str]]], references: list[str], pieces: dict[str, Piece],
    asked: Callable[[Callable[[Any], str]], Piece],
) -> None:  # fmt: skip
    for run_id, names in runs:
        pieces[f"show {run_id}"] = _verb("show", run_id, "--json", "-c", str(path))
        pieces[f"trace {run_id}"] = _verb("trace", run_id, "--json", "-c", str(path))
        for name in names:
            pieces[f"series {run_id} {name}"] = asked(functools.partial(_series, run_id, name))
    for reference in references:
        pieces[f"show {reference}"] = _verb("show", reference, "--json", "-c", str(path))
        pieces[f"files {reference}"] = asked(functools.partial(_contents, reference=reference))
    pieces["history"] = asked(_history)
    pieces["check"] = asked(_check)


def _verb(*words: str) -> Piece:
    shown, messages = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(messages):
        code = command(*words)
    return Piece(code, shown.getvalue(), messages.getvalue())


def _asking(path: Path, stack: contextlib.ExitStack) -> Callable[[Callable[[Any], str]], Piece]:
    """Give what asks one open catalog: each question says for itself what came of it."""
    import artui

    try:
        catalog = stack.enter_context(open_reader(path))
    except artui.ArtuiError as error:
        refused = Piece(error.exit_code, "", str(error))
        return lambda _: refused

    def ask(question: Callable[[Any], str]) -> Piece:
        try:
            return Piece(0, question(catalog), catalog.notice)
        except artui.ArtuiError as error:
            return Piece(error.exit_code, "", str(error))

    return ask


def _series(run_id: str, name: str, catalog: Any) -> str:
    return _arrays(catalog.run(run_id).series(name))


def _arrays(series: Any) -> str:
    digest = hashlib.sha256(b"".join(array.tobytes() for array in series.arrays())).hexdigest()
    return f"{len(series)} points, {digest} {_damage(series)}"


def _damage(value: Any) -> str:
    """Give what a model object says of its damage, if it has fields for that."""
    if not dataclasses.is_dataclass(value):
        return ""
    contents = [
        (field.name, getattr(value, field.name)) for field in dataclasses.fields(value) if "damage" in field.name
    ]
    return " ".join(f"{name} {content}" for name, content in contents if content)


def _contents(catalog: Any, reference: str) -> str:
    from artui.query import artifacts
    from artui.query.references import resolve

    head = resolve(catalog, reference)
    detail = artifacts.get_version(catalog, head.id)
    digests = []
    for file in detail.files:
        with catalog.snapshot() as connection, artifacts.open_file(catalog, connection, head.key, file.path) as stream:
            digests.append(f"{file.path} {hashlib.sha256(stream.read()).hexdigest()}")
    return "\n".join(digests) + _damage(detail)


def _history(catalog: Any) -> str:
    from artui.query import artifacts

    return repr([artifacts.alias_history(catalog, head.id) for head in artifacts.artifact_list(catalog)])


def _check(catalog: Any) -> str:
    """What the app does behind the painted screen."""
    catalog.check_damage()
    return ""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, default=None)
    options = parser.parse_args()
    playing.preload()
    folder = options.folder.resolve() / f"flips-{options.seed}"
    shutil.rmtree(folder, ignore_errors=True)
    home, made = folder / "home", folder / "made" / "x.artui"
    home.mkdir(parents=True)
    made.parent.mkdir()
    build(made, home)
    machine = Machine(folder, home, made)
    chance = random.Random(options.seed)
    began = time.monotonic()
    counts: Counter[str] = Counter()
    bad = 0
    for _ in range(options.count):
        place, bit = chance.randrange(len(machine.content)), chance.randrange(8)
        what, faults, details = machine.flip(place, bit)
        counts[what] += 1
        if faults:
            bad += 1
            line = {"place": place, "bit": bit, "seen": faults, "details": details}
            if options.report:
                with options.report.open("a") as report:
                    report.write(json.dumps(line) + "\n")
            else:
                print(json.dumps(line)[:600], flush=True)
    print(
        f"{options.count} flips in {len(machine.content):,} bytes: {dict(counts)}, {bad} bad, {time.monotonic() - began:.0f} s"
    )
    return 1 if bad else 0


class Machine:
    """Flips bits of copies of one catalog."""

    def __init__(self, folder: Path, home: Path, made: Path) -> None:
        self.folder, self.home = folder, home
        self.content = made.read_bytes()
        self.path = folder / "flipped" / "x.artui"
        self.runs, self.references = self._names(made)
        self._put(self.content)
        before = self._look()
        assert not isinstance(before, str), before
        self.before = before
        unhealthy = {name: piece for name, piece in before.items() if piece.is_said}
        assert not unhealthy, f"said to be damaged though it is whole: {unhealthy}"
        assert self._look() == before, "what is shown of a whole catalog changes by itself"

    def flip(self, place: int, bit: int) -> tuple[str, list[str], list[object]]:
        """Flip one bit; say what came of it, what is wrong about that, and the pieces that show it."""
        flipped = bytearray(self.content)
        flipped[place] ^= 1 << bit
        self._put(bytes(flipped))
        after = self._look()
        faults: list[str] = []
        if self.path.read_bytes() != flipped:
            faults.append("WRITTEN: reading changed the file")
        if left := [file.name for file in self.path.parent.iterdir() if file != self.path]:
            faults.append(f"LEFT: {left}")
        if isinstance(after, str):
            return "broke", [*faults, f"BROKE: {after}"], []
        changed = [name for name in self.before if _without_said(after[name]) != _without_said(self.before[name])]
        is_anywhere_said = any(piece.is_said for piece in after.values())
        unsaid = [name for name in changed if not after[name].is_said]
        details: list[object] = [
            [name, *_difference(self.before[name].shown, after[name].shown)] for name in unsaid[:6]
        ]
        if not changed:
            return ("harmless, said" if is_anywhere_said else "harmless"), faults, []
        if not unsaid:
            return "changed, said in each place", faults, []
        if is_anywhere_said:
            return "changed, said elsewhere", faults, details
        return "changed, unsaid", [*faults, f"UNSAID: {len(unsaid)} of {len(changed)} changed pieces"], details

    def _put(self, content: bytes) -> None:
        shutil.rmtree(self.path.parent, ignore_errors=True)
        self.path.parent.mkdir()
        self.path.write_bytes(content)

    def _names(self, made: Path) -> tuple[list[tuple[str, list[str]]], list[str]]:

        names = self.folder / "names.json"

        def work() -> None:
            set_up(self.home, is_rollback=False, flush_seconds=0.5)
            from artui.query import artifacts

            with open_reader(made) as catalog:
                runs = [(run.id, [m.name for m in catalog.run(run.id).detail().metrics]) for run in catalog.runs()]
                references = [
                    f"{version.project}/{version.reference}"
                    for head in artifacts.artifact_list(catalog)
                    for version in artifacts.versions(catalog, head.key)
                ]
            names.write_text(json.dumps([runs, references]))

        assert run_to_the_end(work, self.folder / "names.txt") == 0, (self.folder / "names.txt").read_text()
        runs, references = json.loads(names.read_text())
        return [(run_id, metrics) for run_id, metrics in runs], references

    def _look(self) -> dict[str, Piece] | str:
        """Look at the flipped catalog in a child; give what went wrong if it did not come back."""
        report, output = self.folder / "look.json", self.folder / "look.txt"
        report.unlink(missing_ok=True)
        output.unlink(missing_ok=True)

        def work() -> None:
            set_up(self.home, is_rollback=False, flush_seconds=0.5)
            pieces = look(self.path, self.runs, self.references)
            report.write_text(json.dumps({name: dataclasses.astuple(piece) for name, piece in pieces.items()}))

        code = run_to_the_end(work, output, seconds=SECONDS_A_LOOK)
        if code != 0:
            end = " / ".join(output.read_text(errors="replace").strip().splitlines()[-4:])
            return "it hangs" if code is None else f"it ended with {code}: {end[-600:]}"
        return {name: Piece(*content) for name, content in json.loads(report.read_text()).items()}


def _without_said(piece: Piece) -> tuple[int, str]:
    return piece.code, piece.shown


def _difference(before: str, after: str) -> tuple[str, str]:
    """Cut two texts down to where they differ."""
    start = next(
        (n for n, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]),
        min(len(before), len(after)),
    )
    return before[max(0, start - 60) : start + 40], after[max(0, start - 60) : start + 40]


if __name__ == "__main__":
    sys.exit(main())
