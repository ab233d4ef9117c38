"""Every key of the app, once: the footer, `?`, the command palette and `artui help keys` take it from here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from textual.binding import Binding, BindingType

from artui.errors import UsageError
from artui.settings import load_settings
from artui.tui.keytable import (
    ACTS,
    ACTS_TITLE,
    ALONE,
    KEY_NAMES,
    MENUS,
    MOVED_IDS,
    MOVED_KEYS,
    NAMES_BY_SHOWN,
    SCOPES,
    USUAL_KEYS,
    Key,
)


def remapped(keys: Sequence[Key], chosen: Mapping[str, object]) -> tuple[Key, ...]:
    """Give the keys with those that the user's settings replace.

    Raises:
        UsageError: an id is unknown, a key is unusable, or one key would mean two things in one place.
    """
    places = {key.id: number for number, key in enumerate(keys)}
    remapped_keys = list(keys)
    for key_id, text in chosen.items():
        key_id = MOVED_IDS.get(key_id, key_id)
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


_ACTS = tuple(key._replace(scope=ACTS, help=key.elsewhere, in_footer=True) for key in KEYS if key.elsewhere)


def keys_of(*scopes: str) -> list[Key]:
    """Give the keys of some scopes, those of the first scope first."""
    return [key for scope in scopes for key in (_ACTS if scope == ACTS else KEYS) if key.scope == scope]


def offered_keys(*scopes: str) -> list[Key]:
    """Give the keys that work where these scopes meet, the most specific first.

    Where two scopes have the same key, the first one has it. A key that only works during a search, or after the key of
    a menu, takes none away.
    """
    # A key that says where its action went does nothing else in the meantime.
    owned = {moved.key for moved in MOVED_KEYS if moved.scope in scopes}
    offered: list[Key] = []
    for key in keys_of(*scopes):
        is_apart = key.is_passing or key.scope in MENUS
        free = key.keys if is_apart else ",".join(part for part in key.keys.split(",") if part not in owned)
        if free:
            offered.append(key._replace(keys=free))
        if not is_apart:
            owned.update(key.keys.split(","))
    return offered


_AT_ONCE = ("filter", "find_line", "group")
"""Actions after which the very next key means something else."""


@cache
def bindings(*scopes: str) -> list[BindingType]:
    """Give Textual's bindings for the keys of some scopes."""
    current: list[BindingType] = [
        # Keys typed right after the one that begins a filter must not go to the widget that had the focus.
        Binding(
            key.keys,
            key.action,
            key.label,
            show=False,
            id=key.id,
            priority=key.action in _AT_ONCE,
        )
        for key in keys_of(*scopes)
    ]
    return current + [
        Binding(moved.key, f"app.say_moved({number})", show=False)
        for number, moved in enumerate(MOVED_KEYS)
        if moved.scope in scopes and not any(moved.key in key.keys.split(",") for key in keys_of(moved.scope))
    ]


def footer_keys(*scopes: str, is_searching: bool = False) -> list[tuple[str, str]]:
    """Give (key, label) pairs for the footer."""
    return [
        (key.shown.split(" ")[0], key.label)
        for key in offered_keys(*scopes)
        if key.in_footer and (is_searching or not key.is_passing)
    ]


def pairs_of(ids: Iterable[str]) -> set[tuple[str, str]]:
    """Give what the footer says of keys, by their ids."""
    pairs = _pairs()
    return {pair for id in ids for pair in pairs.get(id, ())}


@cache
def _pairs() -> dict[str, list[tuple[str, str]]]:
    """What the footer says of each id: every screen asks for some of them whenever something changes."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    for key in KEYS:
        pairs.setdefault(key.id, []).append((key.shown.split(" ")[0], key.label))
    return pairs


def menu_keys(scope: str) -> list[tuple[str, str]]:
    """Give (key, label) pairs for the footer while a menu waits for its second key."""
    return [(key.shown.removeprefix("g"), key.label) for key in KEYS if key.scope == scope]


def menu_action(scope: str, key: str) -> str:
    """Give what a key does in a menu, as Textual names the key; empty for nothing."""
    return next((entry.action for entry in KEYS if entry.scope == scope and key in entry.keys.split(",")), "")


def help_keys(*scopes: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Give (heading, (keys, sentence) pairs) for the help."""
    offered = offered_keys(*scopes)
    by_scope = ((scope, [(key.shown, key.help) for key in offered if key.scope == scope]) for scope in scopes)
    return [(SCOPES.get(scope, ACTS_TITLE), pairs) for scope, pairs in by_scope if pairs]


def typed_key(shown: str) -> str:
    """Give Textual's name of a key by its short form, as the footer shows it."""
    return NAMES_BY_SHOWN.get(shown) or shown.replace("^", "ctrl+")
