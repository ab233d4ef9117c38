"""The command line. Opening the app goes straight there; click is loaded for verbs and options only."""

from __future__ import annotations

import contextlib
import os
import signal
import sys

from artui.errors import ArtuiError

VERBS = {
    "demo": "Make a catalog by running a small, real project, and open it.",
    "exec": "Run a program and record it, without changing it.",
    "start": "Start a run by hand, for a shell script; prints its id.",
    "log": "Log metrics and params into a run.",
    "finish": "End a run that was started by hand.",
    "import": "Import runs from MLflow, W&B, TensorBoard, Lightning or Hugging Face.",
    "add": "Add a file or folder as a version of an artifact.",
    "note": "Write a run's note.",
    "tag": "Put tags on a run, or take them off.",
    "undo": "Take back your last change, or do it again.",
    "alias": "Let an alias name a version.",
    "ls": "List runs, or artifacts.",
    "show": "Show a run, or a version of an artifact.",
    "compare": "Put runs side by side.",
    "why": "Say what made a run better than another, or what sets runs apart.",
    "trace": "Show where a run or version came from, and what came of it.",
    "settle": "Make a catalog one plain file of what a dead process left.",
    "keys": "List the keys of the app, with the ids by which settings change them.",
    "completion": "Print the shell completion script for bash, zsh or fish.",
}
"""Listed once they work."""


def main() -> None:
    """Run the command line and exit with its code; 130 once ctrl+c was pressed, whoever took it for an error of his."""
    is_interrupted = False

    def interrupt(_number: int, _frame: object) -> None:
        # Raised inside a callback of SQLite's it would come out as a query that was broken off.
        nonlocal is_interrupted
        is_interrupted = True
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    except BaseException:
        if not is_interrupted:
            raise
        code = 130
    sys.exit(130 if is_interrupted else code)


def _without_read_only(arguments: list[str]) -> list[str]:
    """Take `--read-only` as the setting for this process, wherever it stands before `--`."""
    ours = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--read-only" not in ours:
        return arguments
    os.environ["ARTUI_READ_ONLY"] = "1"
    return [each for each in ours if each != "--read-only"] + arguments[len(ours) :]


def run(arguments: list[str]) -> int:
    """Run the command line; give its exit code. Errors are one line on stderr."""
    try:
        arguments = _without_read_only(arguments)
        is_path = len(arguments) == 1 and arguments[0].endswith(".artui") and not arguments[0].startswith("-")
        if (not arguments or is_path) and "_ARTUI_COMPLETE" not in os.environ:
            from artui.cli.explore import explore

            return explore(arguments[0] if arguments else None)
        from artui.cli.gate import gated
        from artui.cli.verbs import run_verb

        # What a recorded program prints is its own affair.
        with contextlib.nullcontext() if arguments[:1] == ["exec"] else gated():
            return run_verb(arguments)
    except ArtuiError as error:
        from artui.safetext import clean

        print(f"artui: {clean(str(error))}", file=sys.stderr)
        for line in error.excerpt.splitlines():
            print(f"  {clean(line)}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
