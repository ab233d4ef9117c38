"""Shared by the verbs that release versions: what is required of one is looked at first, and the user's own command is run."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from artui.errors import UsageError
from artui.safetext import clean

if TYPE_CHECKING:
    from artui.catalog.releasing import Released


def run_command(action: str, said: Mapping[str, str]) -> None:
    """Run the `deploy_command` of the settings, if there is one; text from a catalog reaches it only through its environment.

    Raises:
        UsageError: it cannot be run, or it failed.
    """
    from artui.settings import load_settings

    try:
        command = shlex.split(load_settings().deploy_command)
    except ValueError as error:
        raise UsageError(f"deploy_command in the settings cannot be understood: {error}.") from error
    if not command:
        return
    variables = {"ACTION": action, **{name.upper(): clean(text) for name, text in said.items()}}
    sys.stdout.flush()
    try:
        code = subprocess.run(
            command, env={**os.environ, **{f"ARTUI_DEPLOY_{name}": text for name, text in variables.items()}}, stdin=subprocess.DEVNULL, stdout=2, check=False,
        ).returncode  # fmt: skip
    except OSError as error:
        raise UsageError(
            f"deploy_command of the settings cannot be run: {error.strerror}. Nothing was recorded.",
            remedy="See settings.toml: `artui help settings`.",
        ) from error
    if code:
        raise UsageError(
            f"deploy_command of the settings ended with {code}: nothing was recorded.",
            remedy="See what it printed, and try again.",
        )


def say_released(released: Released, doing: str) -> None:
    """Say what came of releasing a version, or of ending what served."""
    place = clean(released.deployment.name)
    if released.release is None:
        click.echo(f"{place} serves it already.")
        return
    click.echo(doing)
    if released.alias:
        click.echo(f"artui: {clean(released.alias)} moved with it.", err=True)
    if released.elsewhere:
        click.echo(
            f"artui: the alias stays where it is, since {clean(', '.join(released.elsewhere))} serves another version.", err=True
        )  # fmt: skip
    click.echo("artui: `artui undo` takes this back.", err=True)
