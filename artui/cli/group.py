"""The group of verbs. Each verb is imported when it is used: `artui ls` never loads the app."""

from __future__ import annotations

import os
import re
import shlex
import signal
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from artui.cli import VERBS, completing
from artui.cli.catalogs import before_verb, one_catalog, single_path
from artui.errors import UsageError
from artui.safetext import clean
from artui.version import VERSION

OTHER_VERBS = {
    "query": "sql", "select": "sql", "sqlite": "sql", "list": "ls", "runs": "ls", "search": "ls", "find": "ls", "artifacts": "ls", "run": "exec", "record": "exec", "watch": "exec", "difference": "diff",
    "explain": "why", "lineage": "trace", "info": "show", "describe": "show", "status": "show", "download": "get", "fetch": "get", "save": "add", "put": "add", "stop": "finish", "end": "finish",
    "archive": "retire", "release": "deploy", "serve": "deploy", "deployments": "served", "serving": "served", "releases": "served", "revert-release": "rollback", "combine": "merge", "union": "merge", "join": "merge", "who": "blame", "annotate": "blame", "remove": "delete", "rm": "delete", "undelete": "restore", "label": "tag", "untag": "tag", "revert": "undo", "redo": "undo", "manual": "help", "man": "help", "example": "demo", "repair": "salvage", "recover": "salvage", "fsck": "check", "vacuum": "compact", "mv": "move", "upload": "push", "replicate": "mirror", "copy": "share", "begin": "start", "new": "start", "requirement": "require", "judge": "verify", "validate": "verify", "observe": "monitor",
}  # fmt: skip
"""Verbs by the words that other tools use for them."""


GROUPS = {
    "Record": ("demo", "exec", "start", "log", "finish", "import", "add"),
    "Look": ("ls", "show", "sql", "compare", "diff", "why", "trace", "impact", "blame", "preview", "get"),
    "Judge": ("require", "verify", "audit", "reproduce", "approve", "promote", "alias", "retire", "declare"),
    "Serve": ("deploy", "served", "rollback", "monitor", "drift", "incident"),
    "Change": ("tag", "note", "rename", "undo", "delete", "restore", "forget", "gc", "relocate"),
    "Share": ("share", "merge", "push", "pull", "sync", "mirror", "adopt", "export"),
    "Care for a catalog": ("check", "doctor", "compact", "move", "salvage", "settle"),
    "Help": ("help", "keys", "completion"),
}
"""Verbs by what one wants, as the help lists them."""


@click.command("open")
@click.argument("path")
@click.argument("others", nargs=-1)
@click.option("--catalog", "-c", "catalog", metavar="FILE", multiple=True)
@click.pass_context
def open_command(context: click.Context, path: str, others: tuple[str, ...], catalog: tuple[str, ...]) -> int:
    """Open the app on a catalog, or on several as one."""
    from artui.cli.catalogs import is_catalog
    from artui.cli.explore import explore
    from artui.travel.union import catalogs_in

    words = (path, *others)
    is_all_catalogs = all(is_catalog(word) or os.path.isdir(os.path.expanduser(word)) or "*" in word for word in words)
    several = catalogs_in(words) if is_all_catalogs else None
    if several is not None and (len(several) > 1 or others or "*" in path):
        from artui.cli.several import explore_several

        return explore_several(words, several)
    if others:
        verb = others[0] if others[0] in VERBS else "VERB"
        raise UsageError(
            f"Nothing can stand behind a catalog that is to be opened, but {clean(others[0])!r} does.",
            remedy=f"A verb stands before it: `artui {verb} {clean(shlex.quote(path))}`. `artui --help` lists the verbs.",
        )
    paths = (path, *before_verb(context), *catalog)
    if len({os.path.abspath(os.path.expanduser(named_path)) for named_path in paths}) > 1:
        one_catalog(paths)  # raises the same error as for every verb
    return explore(path)


class Verbs(click.Group):
    """Finds verbs in modules of their names; any other word is a catalog to open."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the verbs in the order of the help."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a verb and give its command; None when there is no such verb."""
        if cmd_name in VERBS:
            command: click.Command = import_module(f"artui.cli.verbs.{cmd_name}").command
            return command
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb of a command line, or the command that opens a catalog."""
        if args and args[0] not in VERBS:
            looks_like_file = os.sep in args[0] or "." in args[0] or os.path.exists(args[0])
            if not looks_like_file and not args[0].startswith("-"):
                near = _verb_meant(args[0])
                hint = f"Did you mean `artui {near}`? " if near else ""
                ctx.fail(f"{clean(args[0])!r} is neither a verb nor a catalog. {hint}`artui --help` lists the verbs.")
            return open_command.name, open_command, args
        name, command, others = super().resolve_command(ctx, args)
        if (
            command is not None
            and ctx.params.get("catalog")
            and all(parameter.name not in ("catalog", "catalogs") for parameter in command.params)
        ):
            ctx.fail(f"`artui {name}` uses no catalog: leave --catalog out.")
        return name, command, others

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete verbs, and catalogs to open."""
        verbs = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-"):
            return verbs
        return [*verbs, *completing.paths(incomplete)] or completing.catalogs(ctx, self.params[0], incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs into the help, by what one wants."""
        from artui.exchange.formats import titles_text

        width = max(map(len, VERBS))
        for title, verbs in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{verb:<{width}}", VERBS[verb].format(formats=titles_text())) for verb in verbs])


def _near_options(option: str, others: Sequence[str]) -> list[str]:
    """Keep the options that may have been meant: two dashes alone make no likeness."""
    import difflib

    by_name = {other.lstrip("-"): other for other in others}
    return [by_name[name] for name in difflib.get_close_matches(option.lstrip("-"), list(by_name), cutoff=0.6)]


def _verb_meant(word: str) -> str:
    """Give the verb that a word may stand for; empty for none."""
    import difflib

    near = difflib.get_close_matches(word.lower(), list(VERBS), n=1, cutoff=0.7)
    return OTHER_VERBS.get(word.lower()) or next(iter(near), "")


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"artui {VERSION}")
        ctx.exit()


@click.group(
    cls=Verbs,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 done, 1 problems found, 2 usage, 3 not a catalog or damaged, 4 locked or read-only, 5 disk full, 130/143 by signal.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
@click.option(
    "--catalog", "-c", "catalog", metavar="FILE", multiple=True, help="The catalog; it may stand behind the verb, too.",
    callback=lambda context, _, paths: single_path(paths), shell_complete=completing.catalogs,
)  # fmt: skip
@click.option("--read-only", is_flag=True, expose_value=False, help="Only look: change nothing, settle nothing.")
@click.pass_context
def cli(ctx: click.Context, catalog: str | None) -> int | None:
    """Explore a catalog of machine-learning artifacts in the terminal.

    \b
    artui                     open the nearest catalog
    artui CATALOG.artui       open that one
    artui A.artui B.artui     open several as one; so do a folder and '*.artui'
    artui VERB …              one of the verbs below

    The catalog is the argument or --catalog, else ARTUI_CATALOG, else the nearest *.artui upwards, else the default one.
    """
    if ctx.invoked_subcommand is None:
        from artui.cli.explore import explore

        return explore(catalog)
    return None


def run_verb(arguments: list[str]) -> int:
    """Run one verb; give its exit code. Usage errors are printed on stderr."""
    if hasattr(signal, "SIGPIPE"):
        # `artui ls | head` ends quietly, as every filter does.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        result: Any = cli.main(args=arguments, prog_name="artui", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        click.echo(_wrong_usage(error, arguments), err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        return 130


def _wrong_usage(error: click.ClickException, arguments: list[str]) -> str:
    """Say in one line what is wrong with a command line, and what to do about it."""
    if isinstance(error, click.NoSuchOption) and error.possibilities:
        near = _near_options(error.option_name, error.possibilities)
        error = click.NoSuchOption(error.option_name, error.message, near, error.ctx)
    message = clean(" ".join(error.format_message().split()))
    message = re.sub(
        r"is not a valid (integer range|integer|float range|float)\b", "is not a number that it takes", message
    )
    message += "" if message.endswith((".", "?", "!")) else "."
    if "--help" in message:
        return f"artui: {message}"
    context = error.ctx if isinstance(error, click.UsageError) else None
    verb = context.info_name if context is not None else next((word for word in arguments if word in VERBS), None)
    path = f"artui {verb}" if verb in VERBS else "artui"
    return f"artui: {message} `{path} --help` says how it is called."
