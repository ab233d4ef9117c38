"""Which catalog a command line means, wherever it is named."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

import click
import pytest

from artui.cli import VERBS
from artui.cli.group import cli
from tests import mutating
from tests.cli import test_hidden_letters
from tests.cli.conftest import ARGUMENTS, Call, Result, reopen, write_runs
from tests.reading import open_reader

COMMANDS = {verb: command for verb in VERBS if (command := cli.get_command(click.Context(cli), verb)) is not None}
OF_CATALOGS = [
    verb
    for verb, command in COMMANDS.items()
    if any(parameter.name in ("catalog", "catalogs") for parameter in command.params)
]
OTHER_PLACES = ("demo", "merge", "share", "push", "pull", "sync", "adopt", "salvage", "move", "monitor")
"""Verbs whose words are other catalogs, places for them, or files to be taken in."""
OF_SEVERAL = ("sql",)
"""Verbs that show several catalogs as the one that a merge of them would be."""
READING = [
    verb
    for verb in OF_CATALOGS
    if any(parameter.name == "as_json" for parameter in COMMANDS[verb].params) and verb not in OTHER_PLACES
]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_verb_is_in_the_table() -> None:
    """A new verb is tested, too, and takes the option or has no use for a catalog."""
    assert set(ARGUMENTS) == set(VERBS)
    assert set(VERBS) - set(OF_CATALOGS) == {"keys", "help", "completion", "mirror"}
    assert {"import", "ls", "show", "compare", "why", "trace"} <= set(READING)


def test_every_verb_meets_damaged_cells_and_hidden_letters() -> None:
    """A new verb belongs into READING or WRITING of tests/mutating.py, and into VERBS of test_hidden_letters.py."""
    on_damage = {words[0] for words in (*mutating.READING, *mutating.WRITING)}
    with_letters = {words.split()[0] for words in test_hidden_letters.VERBS}
    assert set(OF_CATALOGS) - on_damage <= {
        "import",
        "demo",
        "settle",
        "exec",
        "pull",
    }  # tried with damage by tests of their own
    assert set(OF_CATALOGS) - with_letters <= {"start", "demo", "settle", "exec", "pull"}  # print nothing of a catalog


@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize("verb", [verb for verb in OF_CATALOGS if verb not in ("adopt", "salvage", "move")])
def test_the_option_holds_before_the_verb_and_behind_it(
    call: Call, workplace: Path, nearer: Path, verb: str, is_before: bool
) -> None:
    """What is named is read and written; the catalog near by stays byte for byte as it is."""
    far = workplace / "elsewhere" / "far.artui"
    far.parent.mkdir()
    reopen(workplace / "near.artui", "b")
    shutil.copyfile("near.artui", far)
    shutil.move("near.artui", "elsewhere/kept.artui")
    shutil.copyfile(nearer, "near.artui")
    before = _digest(workplace / "near.artui"), _digest(far)
    option = ("--catalog", str(far))

    code, _, err = call(*option, verb, *ARGUMENTS[verb]) if is_before else call(verb, *option, *ARGUMENTS[verb])

    assert code == (1 if verb == "undo" else 0), err
    assert _digest(workplace / "near.artui") == before[0]
    if verb in READING and verb != "import":
        assert _digest(far) == before[1]
    elif verb not in ("demo", "settle", "undo", "start", "share", "push", "pull", "sync"):
        assert _digest(far) != before[1]


@pytest.mark.parametrize("verb", [verb for verb in OF_CATALOGS if verb not in OF_SEVERAL])
def test_two_catalogs_are_refused_and_one_twice_is_not(call: Call, workplace: Path, verb: str) -> None:
    """Named before and behind the verb with different values it is not known which is meant."""
    reopen(workplace / "near.artui", "b")
    shutil.copyfile("near.artui", "other.artui")
    before = _digest(workplace / "near.artui"), _digest(workplace / "other.artui")

    code, out, err = call("-c", "near.artui", verb, "-c", "other.artui", *ARGUMENTS[verb])

    assert (code, out) == (2, "") and "Two catalogs are named: near.artui and other.artui" in err
    assert call(verb, "-c", "near.artui", "-c", "other.artui", *ARGUMENTS[verb])[0] == 2
    assert before == (_digest(workplace / "near.artui"), _digest(workplace / "other.artui"))
    Path("other.artui").unlink()
    same = call("-c", "near.artui", verb, "-c", str(workplace / "near.artui"), *ARGUMENTS[verb])
    assert same[0] == (1 if verb == "undo" else 0), same[2]


@pytest.mark.parametrize("verb", OF_SEVERAL)
def test_of_several_one_twice_is_one(call: Call, workplace: Path, verb: str) -> None:
    """By another path, too; several stay as they are."""
    shutil.copyfile("near.artui", "other.artui")
    before = _digest(workplace / "near.artui"), _digest(workplace / "other.artui")
    alone = call(verb, "-c", "near.artui", *ARGUMENTS[verb])
    assert call("-c", "near.artui", verb, "-c", str(workplace / "near.artui"), *ARGUMENTS[verb]) == alone
    assert call("-c", "near.artui", verb, "-c", "other.artui", *ARGUMENTS[verb]) == alone and alone[0] == 0
    assert before == (_digest(workplace / "near.artui"), _digest(workplace / "other.artui"))


@pytest.mark.parametrize("verb", ["keys", "help", "completion", "mirror"])
def test_a_verb_without_a_catalog_says_so(call: Call, workplace: Path, verb: str) -> None:
    """The option is not passed over in silence."""
    code, out, err = call("-c", "near.artui", verb, *ARGUMENTS[verb])

    assert (code, out) == (2, "") and f"`artui {verb}` uses no catalog" in err


def _ageless(result: Result) -> Result:
    """Leave out how long ago things were, what a call before has written, and which of two copies was named."""
    code, out, err = result
    return (
        code,
        re.sub(r" +(now|\d+s)\b| *\(?(now|\d+ ?s) ago\)?|[\d,]+ files? written| in [\d.]+m?s\b", "", out).replace(
            "no-ending", "there.artui"
        ),
        re.sub(r", ([\d,]+ of them were|already) there", "", err).replace("no-ending", "there.artui"),
    )


@pytest.mark.parametrize("verb", [verb for verb in READING if verb != "doctor"])  # which speaks of the file itself
def test_a_word_that_is_a_catalog_is_the_catalog(call: Call, workplace: Path, nearer: Path, verb: str) -> None:
    """In a verb that reads, the path of a catalog among its words is the one that is meant."""
    arguments = ["--report"] if verb == "import" else ARGUMENTS[verb]
    call("import", "store")
    (workplace / "sub").mkdir()
    shutil.move("near.artui", "sub/there.artui")
    shutil.copyfile("sub/there.artui", "sub/no-ending")
    shutil.copyfile(nearer, "near.artui")
    expected = _ageless(call(verb, *arguments, "-c", "sub/there.artui"))

    for path in ("sub/there.artui", "sub/no-ending"):
        assert _ageless(call(verb, path, *arguments)) == _ageless(call(verb, *arguments, path)) == expected
    assert expected[0] == 0 and expected[1]
    both = call(verb, "sub/there.artui", *arguments, "-c", "near.artui")
    if verb in OF_SEVERAL:
        assert both[0] == 0 and both[1] != expected[1]
    else:
        assert both[:2] == (2, "") and "Two catalogs are named" in both[2]


@pytest.mark.parametrize("verb", sorted({*READING} - {"import", "relocate"}))
def test_a_word_that_ends_as_catalogs_do_is_one(call: Call, workplace: Path, verb: str) -> None:
    """A mistyped path is never a word for another catalog: it is said that there is no such file."""
    for path in ("nosuch.artui", "gone/nosuch.artui"):
        code, out, err = call(verb, path, *ARGUMENTS[verb])
        assert (code, out) == (3, "") and f"There is no file {path}." in err


def test_other_words_are_looked_for_in_the_runs(call: Call, workplace: Path) -> None:
    """Neither the path of another file nor a word with a dot is a catalog."""
    for word in ("data.txt", "gone.txt", ".artui"):
        assert call("ls", word)[::2] == (0, "No run matches.\n")


def test_it_is_said_which_of_several_catalogs_was_taken(call: Call, workplace: Path) -> None:
    """In a script, too; a single one, or one that is named, is not spoken of."""
    assert call("ls")[2] == "" and call("ls", "-c", "near.artui")[2] == ""
    shutil.copyfile("near.artui", "other.artui")

    assert call("ls")[2].endswith(f"(found in {workplace}, the last written of 2)\n")
    assert call("ls", "near.artui")[2] == ""


def test_a_folder_stands_for_the_one_catalog_in_it(call: Call, workplace: Path) -> None:
    """`-c .` is the catalog here; of a folder with none or several it is said what to name."""
    (workplace / "empty").mkdir()
    assert _ageless(call("ls", "-c", ".")) == _ageless(call("ls", "-c", "near.artui"))
    assert "empty is a folder with no catalog. Name a file, such as empty/NAME.artui." in call("ls", "-c", "empty")[2]
    shutil.copyfile("near.artui", "other.artui")
    code, _, err = call("-c", ".", "note", "a", "x")
    assert code == 2 and ". is a folder with 2 catalogs. Name a file, such as ./near.artui." in err


def test_log_writes_where_it_says(call: Call, workplace: Path) -> None:
    """With the option before the verb, the point is in that catalog."""
    shutil.move("near.artui", "sub.artui")
    write_runs(workplace / "near.artui", names="b")
    assert call("-c", "sub.artui", "log", "-r", "b", "loss=7")[0] == 0
    with open_reader("sub.artui") as reader, open_reader("near.artui") as other:
        assert list(reader.run("b").series("loss").values) == [7.0]
        assert [metric.name for metric in other.run("b").detail().metrics] == ["val/loss", "system/cpu"]
