"""The command line. Opening the app takes a direct path; click is loaded only for verbs and options."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading

COMPLETE = "_ARTUI_COMPLETE"
"""The environment variable by which a shell asks for completions."""
VERBS = {
    "demo": "Make a catalog by running a small, real project, and open it.",
    "exec": "Run a program and record it, without changing it.",
    "start": "Start a run by hand, for a shell script; prints its id.",
    "log": "Log metrics and params into a run.",
    "finish": "End a run that was started by hand.",
    "import": "Import runs of other tools: {formats}.",
    "add": "Add a file or folder as a version of an artifact.",
    "note": "Write a run's note.",
    "rename": "Give a run another name.",
    "tag": "Put tags on a run, or take them off.",
    "undo": "Take back your last change, or do it again.",
    "alias": "Let an alias name a version.",
    "promote": "Let production name a version.",
    "deploy": "Note that a version serves somewhere from now on.",
    "rollback": "Let a deployment serve again what it served before.",
    "served": "Say which version serves where, since when and why.",
    "incident": "Note what went wrong in a deployment, and how it ended.",
    "approve": "Approve versions, or take an approval back.",
    "retire": "Take versions out of the lists, or back into them.",
    "declare": "Declare facts of an artifact: licence, intended use, limitations …",
    "delete": "Delete runs and versions.",
    "restore": "Bring deleted runs and versions back.",
    "forget": "Take a run, a version or a text out of the catalog for good.",
    "gc": "Make room: delete what a rule does not keep, remove what was deleted long ago.",
    "ls": "List runs, or artifacts.",
    "sql": "Ask the catalog in SQL.",
    "show": "Show a run, or a version of an artifact.",
    "compare": "Put runs side by side.",
    "diff": "Say how one version of an artifact differs from another.",
    "why": "Say what made a run better, what sets runs apart, or why production changed.",
    "drift": "Say how far data, or what a deployment sees, are from other data.",
    "get": "Get the files of a version, checked, into a folder.",
    "preview": "Show what the files of a version hold.",
    "relocate": "Say where files are now that were moved.",
    "trace": "Show where a run or version came from, and what came of it.",
    "impact": "Say what rests on a run or version, and what of it is in production.",
    "blame": "Say who set each thing that is said of a run or version, when and why.",
    "audit": "Say whether a run could be made again, and what is missing.",
    "require": "Write down what a model must do, as criteria that are judged.",
    "verify": "Say whether a version meets what is required of it.",
    "monitor": "Observe a deployment: requests become windows of what their columns were like.",
    "reproduce": "Make a run again, and say whether its numbers come back.",
    "merge": "Bring all that is in some catalogs into one.",
    "push": "Write what is new into a folder or bucket that others pull from.",
    "pull": "Merge what others have pushed to a folder or bucket.",
    "sync": "Pull what others have pushed, then push what is new here.",
    "mirror": "Copy the packs of a folder or bucket to another one.",
    "check": "Look for damage, and for files that are gone.",
    "share": "Write a catalog, or a part of it, into one file for others.",
    "export": "Write a catalog as other programs read it: tables, or runs of their own.",
    "doctor": "Say how a catalog and this installation stand, and what to do.",
    "compact": "Give back the room that a catalog does not use.",
    "adopt": "Check a catalog of somebody else's, and copy it into a fresh one.",
    "move": "Move a catalog to another folder or disk, whole or not at all.",
    "salvage": "Write all that can be read of a damaged catalog into a new one.",
    "settle": "Make a catalog one plain file of what a dead process left.",
    "help": "Show a page of the manual, or search it.",
    "keys": "List the keys of the app, with the ids by which settings change them.",
    "completion": "Print the shell completion script for bash, zsh or fish.",
}
"""The verbs with their lines in the help, in its order."""
_interrupted = threading.Event()
"""Whether ctrl+c was pressed."""


def main() -> None:
    """Run the command line and exit with its code; with 130 once ctrl+c was pressed, even if that came out as another error."""

    def interrupt(_number: int, _frame: object) -> None:
        # Raised inside a callback from SQLite, it comes out as an interrupted query: so it is noted, too.
        _interrupted.set()
        raise KeyboardInterrupt

    _take_streams()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
    try:
        code = run(sys.argv[1:]) or _flushed()
    except KeyboardInterrupt:
        code = 130
    finally:
        if _interrupted.is_set():
            sys.exit(130)
    sys.exit(code)


def _take_streams() -> None:
    """Open the null device in place of a standard stream that was closed at the start, so that no other file gets its number."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115


def _flushed() -> int:
    """Flush standard output; give the exit code, which is not 0 if that fails. The failure is one line on stderr."""
    try:
        sys.stdout.flush()
    except OSError as error:
        print(f"artui: The output could not be written: {error.strerror}.", file=sys.stderr)
        # The rest goes to the null device: Python would try to write it again at exit, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 5 if error.errno == errno.ENOSPC else 1
    return 0


def _without_read_only(arguments: list[str]) -> list[str]:
    """Apply `--read-only`, anywhere before `--`, to this process; give the other arguments."""
    ours = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--read-only" not in ours:
        return arguments
    os.environ["ARTUI_READ_ONLY"] = "1"
    return [argument for argument in ours if argument != "--read-only"] + arguments[len(ours) :]


def run(arguments: list[str]) -> int:
    """Run the command line; give its exit code. Every error, expected or not, is one line on stderr."""
    is_completing = COMPLETE in os.environ
    try:
        if is_completing:
            return _complete(arguments)
        arguments = _without_read_only(arguments)
        from artui.cli.past import take_option

        arguments = take_option(arguments)
        from artui.cli.far import with_stand_ins

        arguments = with_stand_ins(arguments)
        is_path = len(arguments) == 1 and arguments[0].endswith(".artui") and not arguments[0].startswith("-")
        # A pattern may stand for several.
        is_path = is_path and (not any(letter in arguments[0] for letter in "*?[") or os.path.lexists(arguments[0]))
        if not arguments or is_path:
            from artui.cli.explore import explore

            return explore(arguments[0] if arguments else None)
        from artui.cli.gate import gated
        from artui.cli.group import run_verb

        # The output of a recorded program is not changed.
        with contextlib.nullcontext() if arguments[:1] == ["exec"] else gated():
            return run_verb(arguments)
    except KeyboardInterrupt:
        return 130
    except Exception as unforeseen:  # noqa: BLE001 - the last resort: nobody at a terminal should see a traceback
        if _interrupted.is_set():
            return 130
        if is_completing:
            return 0  # a shell that asks for completions is offered none, and reads no message
        from artui.cli.trouble import foreseen
        from artui.safetext import clean

        error = foreseen(unforeseen)
        print(f"artui: {clean(str(error))}", file=sys.stderr)
        for line in error.excerpt.splitlines():
            print(f"  {clean(line)}", file=sys.stderr)
        return error.exit_code


def _complete(arguments: list[str]) -> int:
    """Answer the shell that asks what could come next; nothing is written to stderr."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        from artui.cli.group import run_verb
        from artui.cli.trouble import write_anything

        write_anything()
        run_verb(arguments)
    return 0
