"""`artui keys`: every key of the app, with the id by which settings change it."""

from __future__ import annotations

import click

from artui.cli.common import json_option, print_json, print_table


@click.command("keys")
@json_option
def command(as_json: bool) -> int:
    """List the keys of the app. `[keys]` in settings.toml gives an action others by its id: "runs.sort" = "f2"."""
    from artui.tui.keys import KEYS
    from artui.tui.keytable import SCOPES

    if as_json:
        print_json(
            keys=[
                {"id": key.id, "keys": key.keys.split(","), "where": SCOPES[key.scope], "help": key.help}
                for key in KEYS
            ]
        )
        return 0
    print_table(["id", "keys", ""], [[key.id, key.shown, key.help] for key in KEYS], right=[False, False, False])
    return 0
