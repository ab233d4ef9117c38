"""Every key of the app, once: the footer, `?`, the command palette and `artui help keys` take it from here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from textual.binding import Binding, BindingType

from artui.errors import UsageError
from artui.settings import load_settings
from artui.tui.keytable import ALONE, KEY_NAMES, SCOPES, USUAL_KEYS, Key


def remapped(keys: Sequence[Key], chosen: Mapping[str, object]) -> tuple[Key, ...]:
    """Give the keys with those that the user's settings replace.

    Raises:
        UsageError: an id is unknown, a key is unusable, or one key would mean two things in one place.
    """
    places = {key.id: number for number, key in enumerate(keys)}
    remapped_keys = list(keys)
    for key_id, text in chosen.items():
        if key_id not in places:
            near = [other_id for other_id in places if other_id.rpartition(".")[2] == key_id.rpartition(".")[2]]
            hint = f"Did you mean {near[0]}? " if near else ""
            raise UsageError(f"keys in settings.toml names {key_id!r}.", remedy=f"{hint}`artui keys` lists the ids.")
        parts = [part.strip() for part in str(text).split(",") if part.strip()]
        if not isinstance(text, str) or not parts:
            raise UsageError(f"keys.{key_id} in settings.toml is {text!r}.", remedy='Write keys such as "f2" or "ctrl+o,K".')  # fmt: skip
        if any(part in ("ctrl+s", "ctrl+q", "ctrl+c") for part in parts):
            raise UsageError(f"keys.{key_id} in settings.toml takes a key that belongs to the terminal.", remedy="Choose another.")  # fmt: skip
        number = places[key_id]
        remapped_keys[number] = remapped_keys[number]._replace(
            keys=",".join(KEY_NAMES.get(part, part) for part in parts)
        )
    for part, first, second in doubled(remapped_keys):
        raise UsageError(f"keys in settings.toml: {part} would be {first.id} and {second.id}.", remedy="Give one of them another key.")  # fmt: skip
    return tuple(remapped_keys)


def doubled(keys: Sequence[Key]) -> Iterator[tuple[str, Key, Key]]:
    """Give each key that means two things at once, with both: in one scope, or on a screen and in the whole app."""
    for scope in SCOPES:
        owners: dict[str, Key] = {}
        together = (scope,) if scope in ALONE else ("app", scope)
        for key in sorted((key for key in keys if key.scope in together), key=lambda key: key.scope != "app"):
            for part in key.keys.split(","):
                if part in owners:
                    yield part, owners[part], key
                owners[part] = key


KEYS = remapped(USUAL_KEYS, load_settings().keys)
"""Every key, with the user's changes."""


_AT_ONCE = ("filter", "find_line", "group")
"""Actions after which the very next key means something else."""


@cache
def bindings(*scopes: str) -> list[BindingType]:
    """Give Textual's bindings for the keys of some scopes."""
    return [
        # Keys typed right after the one that begins a filter must not go to the widget that had the focus.
        Binding(
            key.keys,
            key.action,
            key.label,
            show=False,
            id=key.id,
            priority=key.action in _AT_ONCE,
        )
        for key in KEYS
        if key.scope in scopes
    ]


def footer_keys(*scopes: str) -> list[tuple[str, str]]:
    """Give (key, label) pairs for the footer."""
    return [
        (key.shown.split(" ")[0], key.label) for scope in scopes for key in KEYS if key.scope == scope and key.in_footer
    ]


def menu_keys(scope: str) -> list[tuple[str, str]]:
    """Give (key, label) pairs for the footer while a menu waits for its second key."""
    return [(key.shown.removeprefix("g"), key.label) for key in KEYS if key.scope == scope]


def menu_action(scope: str, key: str) -> str:
    """Give what a key does in a menu, as Textual names the key; empty for nothing."""
    return next((entry.action for entry in KEYS if entry.scope == scope and key in entry.keys.split(",")), "")


def help_keys(*scopes: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Give (heading, (keys, sentence) pairs) for the help."""
    return [(SCOPES[scope], [(key.shown, key.help) for key in KEYS if key.scope == scope]) for scope in scopes]
