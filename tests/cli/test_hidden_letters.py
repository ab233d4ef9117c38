"""Letters that nobody sees, and those that act on a terminal, in every place of a catalog: none comes out of a verb."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from artui.catalog import Catalog, artifacts, deployments, events, points, runs
from artui.cli import run as run_verb
from artui.model.deployments import Incident, Release
from artui.safetext import clean, is_hidden, printable
from tests.counts import IS_LONG

# DerivedCoreProperties.txt of Unicode 16.0, Default_Ignorable_Code_Point, written down once more on its own.
IGNORABLE = (
    "AD 34F 61C 115F-1160 17B4-17B5 180B-180F 200B-200F 202A-202E 2060-206F 3164 FE00-FE0F FEFF FFA0 FFF0-FFF8 "
    "1BCA0-1BCA3 1D173-1D17A E0000-E0FFF"
)
SEEN_FORMATS = {0x600, 0x601, 0x602, 0x603, 0x604, 0x605, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
"""Of category Cf, but drawn: signs above or below numbers."""
PRIVATE_STEP = 997


def _ignorable() -> Iterator[int]:
    for part in IGNORABLE.split():
        low, _, high = part.partition("-")
        yield from range(int(low, 16), int(high or low, 16) + 1)


@pytest.fixture(scope="module")
def hidden() -> list[str]:
    """All of them; of the 137,000 for private use some."""
    codes = set(_ignorable()) | {0xFDD0, 0xFDEF, 0xFFFE, 0xFFFF, 0x1FFFF, 0xFFFC}
    codes |= {
        code
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs", "Zl", "Zp") and code not in SEEN_FORMATS
    }
    codes |= {
        code for code in range(0xE000, sys.maxunicode + 1, PRIVATE_STEP) if unicodedata.category(chr(code)) == "Co"
    }
    return [chr(code) for code in sorted(codes)]


def test_the_table_has_all_of_them(hidden: list[str]) -> None:
    """Each is hidden, is made visible, and letters of all scripts that are seen are not touched."""
    assert [hex(ord(letter)) for letter in hidden if not is_hidden(letter)] == []
    assert [hex(ord(letter)) for letter in hidden if letter in clean(f"a{letter}{letter}b")] == []
    seen = [
        chr(code)
        for code in range(0x20, 0x30000)
        if unicodedata.category(chr(code))[0] in "LNPS" and not is_hidden(chr(code))
    ]
    assert len(seen) > 90_000
    assert clean("".join(seen), max_chars=10**6) == "".join(seen)
    assert (
        "".join(sorted(set(filter(is_hidden, map(chr, range(0x20, 0x30000)))) & set(map(chr, range(0x300, 0x370)))))
        == "\u034f"
    )


def test_emoji_and_accents_stay_readable() -> None:
    """A style sign behind a letter and a joiner between emoji are left out; alone, doubled or elsewhere they are shown."""
    assert clean("❤\ufe0f\u200d🔥 👩🏽\u200d💻 1\ufe0f\u20e3 cafe\u0301 🇩🇪") == "❤🔥 👩🏽💻 1\u20e3 cafe\u0301 🇩🇪"
    assert clean("a\u200db \u200d🔥 a\ufe0f\ufe0f \ufe01") == "a<U+200D>b <U+200D>🔥 a<U+FE0F> <U+FE01>"
    assert printable("a\tb\r\n\x1b[31m\u202e") == "a\tb\r\n␛[31m<U+202E>"


@pytest.fixture(scope="module")
def catalog(hidden: list[str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A catalog with all of them as name, tag, note, param, metric, project, alias, artifact and path."""
    path = tmp_path_factory.mktemp("hidden") / "x.artui"
    letters = [letter for letter in hidden if not "\ud800" <= letter <= "\udfff"]
    texts = ["x" + "".join(letters[start : start + 700]) + "y" for start in range(0, len(letters), 700)]
    with Catalog(path) as opened, opened.transaction() as connection:
        for number, text in enumerate(texts):
            key = runs.start(
                connection,
                runs.NewRun(
                    project=text, name=text, note=text, user=text, host=text, git_commit="abc", git_branch=text, python=text, directory=text,
                    command=[text], params={text: text, f"n{text}": number, "lr": number}, tags={text: text},
                ),
            )  # fmt: skip
            points.append(connection, key, runs.name_key(connection, text), text, *points.pack([(0, 1, 0.5 + number)]))
            points.append(connection, key, runs.name_key(connection, "loss"), "", *points.pack([(0, 1, 0.5 + number)]))
            saved = artifacts.save(
                connection,
                artifacts.NewVersion(
                    project=text, name=f"m{number}", kind=text, stage="data", files=[artifacts.NewFile(text, 1, bytes(32), note=text)],
                    location=text, host=text, note=text, storage="referenced", metadata={text: text},
                ),
            )  # fmt: skip
            # Our own writers refuse such a name; a catalog may come from others.
            connection.execute("UPDATE artifact SET name = ? WHERE name = ?", (text, f"m{number}"))
            artifacts.link(connection, "output", source_key=key, target_key=saved.key)
            runs.finish(connection, key, status="failed", ended_ms=2, duration_ms=1, error=text)
            place = deployments.ensure_deployment(connection, text, f"d{number}")
            edit = events.Edit(connection, None, why=text)
            edit.set_release(place.id, Release(text, saved.id, text, reason=text, approved_by=text))
            edit.set_incident(place.id, Incident(text, 1, text, text, cause=text, resolution=text, rule=text))
            connection.execute("UPDATE artifact SET name = ? WHERE name = ?", (f"{text}d", f"d{number}"))
        return path, texts


VERBS = (
    "ls -c FILE", "ls -c FILE --json", "ls -a -c FILE", "ls -a -c FILE --json", "show TEXT -c FILE", "show TEXT -c FILE --json", "sql VALUES('TEXT') -c FILE", "sql SELECT/**/*/**/FROM/**/runs -c FILE --json", "sql TEXT -c FILE", "sql --schema TEXT -c FILE",
    "show TEXT:v1 -c FILE", "show TEXT:v1 -c FILE --json", "compare TEXT OTHER -c FILE", "compare TEXT OTHER --all -c FILE", "compare TEXT OTHER -c FILE --json", "compare TEXT:v1 TEXT:v1 --all -c FILE", "compare TEXT:v1 TEXT:v1 -c FILE --json",
    "why TEXT OTHER -c FILE", "why TEXT OTHER -c FILE --json", "why --where params.lr>3 -c FILE", "trace TEXT -c FILE", "trace TEXT -c FILE --json", "trace TEXT -c FILE --dot", "trace TEXT -c FILE --mermaid", "impact TEXT -c FILE", "impact TEXT -c FILE --json", "audit TEXT -c FILE", "served -c FILE", "served -c FILE --json", "served TEXT -c FILE", "deploy TEXT -c FILE --to TEXT", "rollback TEXT -c FILE --why TEXT", "incident TEXT TEXT -c FILE", "verify TEXT -c FILE", "verify TEXT -c FILE --json", "require TEXT -c FILE", "require TEXT -x R1:params.lr>3 -c FILE", "reproduce TEXT -c FILE -o FOLDER", "reproduce TEXT -c FILE -o FOLDER --json", "audit TEXT -c FILE --json", "audit --where params.lr>3 -c FILE", "diff TEXT:v1 OTHER -c FILE", "diff TEXT:v1 OTHER -c FILE --json", "monitor TEXT FOLDER -c FILE", "monitor api TEXT -c FILE", "monitor api TEXT.csv --slice TEXT -c FILE",
    "drift TEXT OTHER -c FILE", "drift TEXT:v1/TEXT TEXT:v1 -c FILE", "drift TEXT --column TEXT -c FILE", "drift TEXT --limit TEXT -c FILE", "drift TEXT --rule TEXT -c FILE", "drift TEXT --since TEXT --slice TEXT -c FILE", "why -d TEXT -c FILE", "why -d TEXT --since TEXT -c FILE",
    "get TEXT:v1 -c FILE -o TEXT", "get TEXT:v1 -c FILE -f TEXT", "get TEXT -c FILE --json", "preview TEXT -c FILE", "preview TEXT:v1 --again -c FILE", "preview TEXT -c FILE --json",
    "ls TEXT -c FILE", "ls -w TEXT<1 -c FILE", "ls -s TEXT -c FILE", "show nothing:TEXT -c FILE", "show -c TEXT x", "TEXT.artui", "TEXT", "import TEXT",
    "ls --TEXT", "note TEXT TEXT -c FILE", "rename TEXT TEXT -c FILE", "tag TEXT TEXT=TEXT -c FILE", "tag TEXT -c FILE --TEXT", "alias TEXT:v1 TEXT -c FILE", "add TEXT TEXT -c FILE", "promote TEXT:v1 --to TEXT --why TEXT -c FILE",
    "approve TEXT:v1 --why TEXT -c FILE", "retire TEXT:v1 -c FILE", "declare TEXT licence=TEXT -c FILE", "declare TEXT TEXT=TEXT -c FILE", "delete TEXT TEXT:v1 -c FILE", "restore TEXT TEXT:v1 -c FILE", "gc --keep newer,1s --dry-run -c FILE", "gc --keep TEXT -c FILE", "forget nothing-TEXT -c FILE", "forget TEXT:v1 -c FILE", "undo -c FILE",
    "relocate TEXT TEXT -c FILE --dry-run", "relocate / TEXT -c FILE --yes", "relocate / TEXT:/TEXT -c FILE --dry-run --json",
    "blame TEXT -c FILE", "blame TEXT:v1 -c FILE --json", "merge FILE --into FOLDER", "merge FILE --into FOLDER --dry-run", "merge TEXT --into FOLDER --json", "merge --sources -c FILE", "merge --undo TEXT -c FILE --dry-run", "share FOLDER/out.artui TEXT -c FILE", "share FOLDER/out.artui --redact=TEXT -c FILE", "share FOLDER/out.artui -p TEXT -c FILE --json", "push FOLDER -c FILE", "push TEXT/TEXT -c FILE", "push FOLDER --redact=TEXT -c FILE --json", "pull FOLDER -c FILE", "pull TEXT -c FILE", "sync FOLDER -c FILE", "sync FOLDER -c FILE --dry-run", "mirror FOLDER FOLDER/mirrored", "mirror TEXT FOLDER", "mirror FOLDER TEXT/TEXT --json", "check FILE --data --references", "compact FILE", "compact TEXT.artui --json", "adopt FILE FOLDER/adopted.artui --force", "adopt TEXT FOLDER/x.artui --json", "move FOLDER/adopted.artui FOLDER/moved.artui --force", "move TEXT FOLDER/x.artui", "move FILE TEXT/x.artui --json", "doctor FILE", "doctor TEXT.artui --json", "salvage FILE FOLDER/saved.artui --force", "salvage FILE TEXT/saved.artui --json", "check TEXT.artui",
    "export --parquet FOLDER -c FILE", "export --csv FOLDER -c FILE", "export --jsonl FOLDER -c FILE", "export --mlruns FOLDER -c FILE", "export --tensorboard FOLDER -c FILE", "export --wandb FOLDER -c FILE", "export --csv TEXT -n -c FILE", "export --parquet TEXT -n -c FILE --json", "export --parquet FOLDER -p TEXT -c FILE", "export --parquet FOLDER -w TEXT<1 -c FILE",
    "log --run TEXT -c FILE TEXT=1 TEXT", "finish --run TEXT -c FILE --status TEXT", "--help",
)  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_lets_one_out(
    catalog: tuple[Path, list[str]], tmp_path: Path, capfd: pytest.CaptureFixture[str], verb: str
) -> None:
    """Output and errors, as text and as JSON, hold no letter that is hidden; JSON still says exactly what is stored."""
    path, texts = catalog
    numbers = [0, 1, len(texts) - 1] if "TEXT" in verb else [0]
    if "TEXT" in verb and not IS_LONG:
        # In the ordinary run each verb leaves out another of the three.
        numbers.pop(VERBS.index(verb) % 3)
    for number in numbers:
        text, other = texts[number], texts[number - 1]
        words = [
            {"FILE": str(path), "OTHER": other, "FOLDER": str(tmp_path / str(number))}.get(
                word, word.replace("TEXT", text)
            )
            for word in verb.split()
        ]
        run_verb(words)
        if words[0] in ("delete", "retire"):
            run_verb(["undo", "-c", str(path)])
        out, err = capfd.readouterr()

        raw = {hex(ord(letter)) for letter in out + err if is_hidden(letter) and letter not in "\n\t"}
        assert not raw, (verb, (out + err)[:300])
        if "--json" in words and out:
            assert json.loads(out) is not None and (
                texts[0] in json.dumps(json.loads(out), ensure_ascii=False) or "\\" in out
            )


def test_json_is_exact(catalog: tuple[Path, list[str]], capfd: pytest.CaptureFixture[str]) -> None:
    """What is escaped reads back as it was stored."""
    path, texts = catalog
    run_verb(["ls", "-c", str(path), "--json"])

    names = {run["name"] for run in json.loads(capfd.readouterr().out)["runs"]}

    assert names == set(texts)
