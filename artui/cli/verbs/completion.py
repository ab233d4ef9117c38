"""`artui completion SHELL`: the script by which tab completes verbs, options, and names of the catalog."""

from __future__ import annotations

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), metavar="SHELL")
def command(shell: str) -> int:
    """Print the completion script: `artui completion bash >> ~/.bashrc`, or as your shell wants it."""
    from click.shell_completion import get_completion_class

    from artui.cli.group import cli

    completion_class = get_completion_class(shell)
    if completion_class is None:
        raise click.UsageError(f"{shell} is not supported.")
    click.echo(completion_class(cli, {}, "artui", "_ARTUI_COMPLETE").source())
    return 0
