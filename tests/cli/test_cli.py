"""The command line as a script uses it: output, errors, exit codes."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from artui import start_run
from artui.cli import VERBS
from artui.cli import run as run_cli
from artui.cli.group import GROUPS, OTHER_VERBS
from artui.cli.layout import lay_out
from artui.safetext import cells_of
from tests.cli.conftest import Call
from tests.tui.terminal.test_terminal import Terminal


def test_ls_lists_runs_with_their_params_and_metrics(call: Call, demo_catalog: Path) -> None:
    """Every run has a line, with what varies and what was measured."""
    code, out, _ = call("ls", "-c", str(demo_catalog))
    lines = out.splitlines()
    assert code == 0 and len(lines) == 44
    assert lines[0].split()[:4] == ["status", "run", "alias", "val/loss"] and "age" in lines[0] and "hidden" in lines[0]


def test_ls_filters_sorts_and_limits(call: Call, demo_catalog: Path) -> None:
    """Words filter, --sort metrics.NAME puts the smallest first, --limit cuts."""
    code, out, _ = call("ls", "sweep", "-c", str(demo_catalog), "--sort", "metrics.val/loss", "-n", "5", "--json")
    runs = json.loads(out)["runs"]
    losses = [run["metrics"]["val/loss"] for run in runs]
    assert code == 0 and len(runs) == 5 and losses == sorted(losses)


def test_json_keeps_nan_apart_from_missing(call: Call, demo_catalog: Path) -> None:
    """A metric that ended in NaN is the text "NaN"; one that was never logged is not there."""
    _, out, _ = call("ls", "-c", str(demo_catalog), "--json")
    values = [run["metrics"].get("val/loss", "missing") for run in json.loads(out)["runs"]]
    assert "nan" in values and "missing" in values and "inf" in values


def test_show_compare_and_trace_print_what_the_app_shows(call: Call, demo_catalog: Path) -> None:
    """A run, a version by alias, two runs side by side, and a lineage."""
    assert "val/loss" in call("show", "final-1", "-c", str(demo_catalog))[1]
    version = call("show", "digits-model:production", "-c", str(demo_catalog))[1]
    assert "made by" in version and "satisfies" in version and "model.safetensors" in version
    compared = call("compare", "final-1", "final-2", "-c", str(demo_catalog))
    assert "seed" in compared[1] and "*" in compared[1] and "rows differ" in compared[2]
    versions = call("compare", "digits-model:1", "digits-model:production", "-c", str(demo_catalog))
    assert re.search(r"made by +final-1 +final-2\n", versions[1]) and re.search(
        r"val_loss +0\.\d+ +0\.\d+ \*\n", versions[1]
    )
    assert re.search(r"optimizer.lr|seed", versions[1]) and "rows differ" in versions[2]
    assert re.search(r"optimizer.lr +0.01 +0.003\n", call("compare", "final-1", "noble-heron-2", "-c", str(demo_catalog))[1]), "params as they were typed"  # fmt: skip
    # What the demo says that it ran is what it ran.
    shown_run = call("show", "final-2", "-c", str(demo_catalog))[1]
    assert "lr=0.01" in shown_run and not any(f" {word}=" in shown_run for word in ("seed", "epochs", "patience"))
    nothing = call("diff", "digits-model:1", "digits-model:production", "--file", "*.nix", "-c", str(demo_catalog))
    assert nothing[0] == 2 and "No file that differs matches *.nix. These differ: " in nothing[2]
    traced = call("trace", "digits-model:production", "-c", str(demo_catalog))[1]
    assert "used digits-raw:v1" in traced and "used by score-batch" in traced
    assert json.loads(call("trace", "final-1", "-c", str(demo_catalog), "--json")[1])["upstream"]
    # Whichever is named first, the ways go from the cause to what came of it.
    for refs in (("digits-raw", "digits-model:production"), ("digits-model:production", "digits-raw")):
        code, between, _ = call("trace", *refs, "-c", str(demo_catalog))
        assert code == 0 and between.startswith("digits-raw:v1 → digits-model:v2: "), between
        assert "\ndigits-raw:v1  dataset" in between and "used by final-2" in between and "made digits-model:v2" in between  # fmt: skip
        # The ways are one small graph, in which each thing stands once; how many there are is said.
        assert re.search(r": 4 ways of 4 to 6 steps\n", between)
        standing = [line.strip().removeprefix("used by ").removeprefix("made ").split("  ")[0] for line in between.splitlines()[2:-2] if " also " not in line]  # fmt: skip
        assert len(standing) == len(set(standing)) == 7 and "digits-code" not in between
    assert "code:v1" in call("trace", "digits-raw", "digits-model:production", "--all", "-c", str(demo_catalog))[1]
    apart = call("trace", "final-1", "final-2", "-c", str(demo_catalog))[1]
    assert "Neither of final-1 and final-2" in apart and "both came of is digits-features:v2" in apart
    assert json.loads(call("trace", "final-1", "final-2", "--json", "-c", str(demo_catalog))[1])["cause"]
    assert call("trace", "final-1", "--all", "-c", str(demo_catalog))[0] == 2
    assert call("trace", "a", "b", "--up", "-c", str(demo_catalog))[0] == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("show", "nosuch"), 2, "There is no run and no artifact 'nosuch' in "),
        (("show", "digits-model:v99"), 2, "There is no version digits-model:v99"),
        (("show", "a:b:c"), 2, "is not a reference"),
        (("ls", "--sort", "colour"), 2, "is no column to sort by"),
        (("compare", "final-1"), 2, "at least two runs"),
        (("compare", "digits-model:1", "final-1"), 2, "names a run, and others name versions"),
        (("nosuchverb",), 2, "neither a verb nor a catalog"),
        (("ls", "--nosuch"), 2, "No such option"),
    ],
)
def test_wrong_calls_say_what_is_wrong(
    call: Call, demo_catalog: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """Each wrong call exits with 2 and one clear line, and no traceback."""
    monkeypatch.setenv("ARTUI_CATALOG", str(demo_catalog))
    exit_code, out, err = call(*arguments)
    assert (exit_code, out) == (code, "") and said in err and "Traceback" not in err


def test_missing_catalog_is_an_error_of_its_own(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that is not there exits with 3; no catalog anywhere says how to make one."""
    monkeypatch.chdir(tmp_path)
    code, _, err = call("ls", "-c", "nosuch.artui")
    assert code == 3 and all(way in err for way in ("start_run", "artui import", "artui demo"))
    code, _, err = call()
    assert code == 3 and "artui demo" in err


def test_catalogs_that_were_used_lately_are_offered(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is none, those are named that runs went to, the last one first; what is gone is not."""
    for name in ("one", "gone", "two"):
        (tmp_path / name).mkdir()
        with start_run(catalog=tmp_path / name / f"{name}.artui"):
            pass
    (tmp_path / "gone" / "gone.artui").unlink()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    code, _, err = call()
    assert code == 3 and f"Used lately: {tmp_path}/two/two.artui, {tmp_path}/one/one.artui" in err and "gone" not in err


def test_on_a_terminal_one_that_was_used_lately_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are listed, the last one first; arrows and enter open one, esc leaves with 3, and inside ctrl+g opens another."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with start_run(name=f"run-of-{name}", catalog=tmp_path / name / f"{name}.artui"):
            pass
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")

    terminal = Terminal(None, cwd=tmp_path / "empty")
    assert terminal.read(r"Used lately[\s\S]*/two/[\s\S]*/one/[\s\S]*artui demo"), terminal.text
    terminal.press("\x1b")
    assert terminal.wait() == 3

    terminal = Terminal(None, cwd=tmp_path / "empty")
    assert terminal.read(r"/one/[\s\S]*leaves"), terminal.text
    terminal.press("\x1b[B\r")
    # Whoever is new here is told the keys that matter, until one of them has been used.
    greeting = r"New here\? enter opens a run · / finds and filters · \? shows every"
    assert terminal.read(rf"run-of-one[\s\S]*{greeting}"), terminal.text
    terminal.press("\x07")
    assert terminal.read("open another catalog"), terminal.text
    # A path that is typed offers what is there, whether it was used before or not.
    (tmp_path / "three").mkdir()
    shutil.copy(tmp_path / "two" / "two.artui", tmp_path / "three" / "other.artui")
    terminal.press(f"{tmp_path}/three/")
    assert terminal.read(r"three/other"), terminal.text
    terminal.press("\x15")
    terminal.press("two.artui\r")
    assert terminal.read("run-of-two"), terminal.text
    assert terminal.text.count("New here") == 1
    terminal.press("q")
    assert terminal.wait() == 0


def test_a_newcomer_learns_what_artui_is_and_how_to_begin(tmp_path: Path) -> None:
    """Without any catalog, on a terminal: what artui is, the commands to begin with, three lines of Python, in 80 cells."""
    from artui.cli import welcome

    terminal = Terminal(None, cwd=tmp_path)
    assert terminal.read(None), terminal.text
    assert terminal.wait() == 3
    for words in (welcome.WHAT, "artui demo", "artui import PATH", "import artui", "artui help"):
        assert words in terminal.text
    assert all(len(line) < 78 for line in (welcome.WHAT, *welcome.lines()))


def test_nearest_catalog_upwards_is_found(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a folder below, the catalog above is used; of two of them the last that was written."""
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    for name in ("first", "second"):
        with start_run(name=name, catalog=tmp_path / f"{name}.artui"):
            pass
    os.utime(tmp_path / "first.artui", (1e9, 1e9))
    code, out, _ = call("ls")
    assert code == 0 and "second" in out and "first" not in out


def test_app_without_terminal_is_refused(demo_catalog: Path) -> None:
    """With its streams not at a terminal the app does not start, and points to ls."""
    done = subprocess.run(
        [sys.executable, "-m", "artui", str(demo_catalog)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2 and "artui ls" in done.stderr and "\x1b" not in done.stdout + done.stderr


def test_reading_verbs_never_load_the_app(demo_catalog: Path) -> None:
    """`artui ls` imports neither Textual nor rich nor sqlite-utils nor numpy for raw points."""
    code = (
        "import sys; from artui.cli import run; "
        f"assert run(['ls', '-c', {str(demo_catalog)!r}, '-n', '3']) == 0; "
        "print(sorted({'textual', 'rich', 'sqlite_utils', 'numpy'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.strip().endswith("[]")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(call: Call, shell: str) -> None:
    """Each shell gets a script that calls artui."""
    code, out, _ = call("completion", shell)
    assert code == 0 and "_ARTUI_COMPLETE" in out


def test_completion_offers_verbs() -> None:
    """Tab after `artui s` offers show."""
    env = {**os.environ, "_ARTUI_COMPLETE": "bash_complete", "COMP_WORDS": "artui s", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", "from artui.cli import main; main()"],
        capture_output=True,
        text=True,
        env=env,
        timeout=60,
        check=False,
    )
    assert "show" in done.stdout


def test_tables_fit_their_width() -> None:
    """However wide the cells, no line is wider than the terminal; without a terminal nothing is cut."""
    headers, rows = ["run", "value", "note"], [["日本" * 30, "1.5", "x" * 200], ["a", "2", "y"]]
    for width in (20, 40, 80):
        assert all(cells_of(line) <= width for line in lay_out(headers, rows, right=[False, True, False], width=width))
    assert "x" * 200 in "\n".join(lay_out(headers, rows, right=[False, True, False], width=None))


@pytest.mark.parametrize("width", range(24, 60, 3))
def test_names_that_begin_alike_are_not_cut_to_the_same(width: int) -> None:
    """Params of one part of a config are told apart by their ends; what is told apart already keeps its beginning."""
    names = ["optimizer.name", "optimizer.lr", "optimizer.weight_decay", "hidden", "日本" * 9]
    rows = [[name, "0.25", "x" * 40] for name in names]
    lines = list(lay_out(["param", "value", "note"], rows, right=[False, True, False], width=width))
    starts = [line.split()[0] for line in lines[1:]]
    assert len(set(starts)) == len(names) and all(cells_of(line) <= width for line in lines)


def test_hostile_names_are_printed_as_text(call: Call, tmp_path: Path) -> None:
    """Escape sequences in a run's name reach no terminal, in tables, details, JSON or errors."""
    from artui.catalog import Catalog, runs

    path, name = tmp_path / "x.artui", "\x1b]0;pwned\x07\x9b31m\u202eevil"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name=name, note=name, params={name: name}))
        runs.start(connection, runs.NewRun(project="p", name="plain"))
    for arguments in (
        ("ls",),
        ("ls", "--json"),
        ("show", name),
        ("show", name, "--json"),
        ("compare", name, "plain", "--all"),
        ("trace", name),
        ("show", name + "?"),
    ):
        _, out, err = call(*arguments, "-c", str(path))
        assert not [
            letter
            for letter in (out + err).replace("\n", "")
            if ord(letter) < 32 or 0x7F <= ord(letter) <= 0x9F or letter == "\u202e"
        ], arguments


@pytest.mark.parametrize(
    "line",
    [
        "ls --foo", "--foo", "-c", "foo", "ls --limit x", "ls --limit -3", "ls --sort", "ls --json --csv", "ls -a --sort lr", "show", "show a b", "show nosuch", "exec", "why", "why a b --among x",
        "completion", "completion foo", "keys -c near.artui", "-c near.artui keys", "compare", "compare a", "settle", "near.artui extra", "near.artui ls", "near.artui --foo", "nofile.artui", "start --stage x",
        "note", "tag", "tag a", "log", "help nosuch", "help search", "import", "alias", "alias x", "add", "add nofile", "undo x y", "demo a b", "trace", "finish", "ls -w lr<<3", "ls -C nosuch",
    ],
)  # fmt: skip
def test_wrong_usage_has_one_form(call: Call, workplace: Path, line: str) -> None:
    """One sentence behind `artui:` with what to do next, whoever found the mistake; only verbs that the help lists are named."""
    code, out, err = call(*line.split())

    assert (code, out) == (2 if "nofile" not in line else code, "") and code
    lines = err.splitlines()
    assert lines[0].startswith("artui: ") and lines[0].endswith((".", "?")) and "Usage:" not in err
    assert all(text.startswith("  ") for text in lines[1:]), "only an excerpt may follow"
    assert lines[0].count(". ") + lines[0].count("? ") >= 1 or "`" in lines[0], "there is a remedy"
    assert set(re.findall(r"`artui ([a-z]+)", err)) <= set(VERBS)


@pytest.mark.parametrize(("word", "verb"), [("list", "ls"), ("compar", "compare"), ("difference", "diff"), ("Show", "show"), ("lineage", "trace"), ("run", "exec"), ("zzzz", "")])  # fmt: skip
def test_a_verb_that_was_meant_is_named(call: Call, workplace: Path, word: str, verb: str) -> None:
    """A slip, and what other tools call it, leads to the verb; the words for it are no verbs themselves."""
    err = call(word)[2]

    assert (f"Did you mean `artui {verb}`?" in err) if verb else ("Did you mean" not in err)
    unknown = {option: call("compare", option, "x")[2] for option in ("--where", "--jsno")}
    assert "Did you mean" not in unknown["--where"] and "Did you mean '--json'?" in unknown["--jsno"]
    assert set(OTHER_VERBS.values()) <= set(VERBS) and set(OTHER_VERBS).isdisjoint(VERBS)


def test_a_person_is_told_what_was_changed(workplace: Path) -> None:
    """On a terminal a change is said in a line, with how to take it back; a script is told nothing."""
    changes = [["tag", "a", "good"], ["tag", "a", "good", "--remove"], ["note", "a", "text"], ["alias", "data:v1", "production"]]  # fmt: skip
    for arguments in changes:
        words = [sys.executable, "-m", "artui", *arguments]
        quiet = subprocess.run(words, capture_output=True, text=True, check=True)
        assert quiet.stderr == "" == quiet.stdout

        master, slave = pty.openpty()
        try:
            subprocess.run(words, stdin=slave, stdout=subprocess.PIPE, stderr=slave, timeout=60, check=True)
            said = os.read(master, 4096).decode()
        finally:
            os.close(master)
            os.close(slave)
        assert said.startswith("artui: ") and arguments[2] in said.replace("wrote a note", "text") and "`artui undo`" in said  # fmt: skip


@pytest.mark.parametrize("arguments", [("undo",), ("undo", "--redo")])
def test_with_nothing_to_take_back_nothing_is_written(
    call: Call, demo_catalog: Path, arguments: tuple[str, ...]
) -> None:
    """The file keeps its bytes, so that one of an older artui is not brought up to date for nothing."""
    assert call("note", "final-1", "seen", "-c", str(demo_catalog))[0] == 0
    while call("undo", "-c", str(demo_catalog))[0] == 0:
        pass
    if arguments == ("undo", "--redo"):
        while call(*arguments, "-c", str(demo_catalog))[0] == 0:
            pass
    before, files = demo_catalog.read_bytes(), sorted(demo_catalog.parent.iterdir())
    code, _, said = call(*arguments, "-c", str(demo_catalog))
    assert code == 1 and said.startswith("There is nothing to")
    assert demo_catalog.read_bytes() == before and sorted(demo_catalog.parent.iterdir()) == files


def test_the_help_has_each_verb_once_by_what_one_wants(capsys: pytest.CaptureFixture[str]) -> None:
    """No verb is without a group, and none is in two; all of their texts begin in one column."""
    grouped = [verb for verbs in GROUPS.values() for verb in verbs]

    assert run_cli(["--help"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert sorted(grouped) == sorted(VERBS) and all(f"{title}:" in lines for title in GROUPS)
    starts = {line.index(VERBS[verb][:10]) for verb in grouped for line in lines if line.startswith(f"  {verb} ")}
    assert len(starts) == 1


def test_a_run_is_renamed(call: Call, workplace: Path) -> None:
    """It is found by its new name, what it was called is in the journal, and undone it is called so again; nothing is no name."""
    assert call("rename", "a", "better one")[0] == 0
    assert call("show", "better one")[0] == 0 and call("show", "a")[0] == 2
    assert "better one" in call("blame", "better one")[1]
    assert call("rename", "better one", " ")[0] == 2
    assert call("undo")[0] == 0 and call("show", "a")[0] == 0
