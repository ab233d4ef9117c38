"""Declared facts of an artifact: a known set of names, some with a known set of values, and where a lack of one matters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from artui.errors import UsageError

MAX_FACT_CHARS = 4_000


class FactWord(NamedTuple):
    """A fact that can be declared."""

    words: str
    """What it says."""
    values: tuple[str, ...] = ()
    """What it may be; empty for any text."""


FACTS: Mapping[str, FactWord] = MappingProxyType({
    "licence": FactWord("under which it may be used"),
    "owner": FactWord("who answers for it"),
    "contact": FactWord("whom to ask"),
    "intended_use": FactWord("what it is for"),
    "out_of_scope": FactWord("what it is not for"),
    "limitations": FactWord("where it fails, and what it was not tested on"),
    "inputs": FactWord("what goes in"),
    "outputs": FactWord("what comes out"),
    "sensitivity": FactWord("who may see it", ("public", "internal", "confidential", "secret")),
    "personal_data": FactWord("whether it holds data of persons", ("none", "pseudonymous", "yes")),
    "base_model": FactWord("what it was made from"),
    "language": FactWord("of its texts"),
    "endpoint": FactWord("where it is called"),
    "runtime": FactWord("what it runs in"),
})  # fmt: skip
"""Every fact, in the order in which they are shown."""
NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "model": ("licence", "intended_use", "limitations"),
    "dataset": ("licence", "personal_data"),
    "labels": ("licence", "personal_data"),
    "features": ("licence", "personal_data"),
    "deployment": ("owner", "endpoint"),
})  # fmt: skip
"""By kind of an artifact, the facts whose lack is named."""


def declared_name(name: str) -> str:
    """Give the name under which a fact is declared, as it may be written elsewhere: `license` is `licence`."""
    name = name.strip().lower().replace("-", "_")
    return {"license": "licence"}.get(name, name)


def check_fact(name: str, value: str) -> tuple[str, str]:
    """Give a name and a value as they are declared.

    Raises:
        UsageError: there is no such fact, it cannot be that, or the text is too long.
    """
    name, value = declared_name(name), value.strip()
    if name not in FACTS:
        import difflib  # no program that logs needs it

        near = difflib.get_close_matches(name[:100], FACTS, n=1)
        remedy = (
            f"Did you mean {near[0]}?"
            if near
            else f"Use {', '.join(FACTS)}; other things are metadata, given as it is saved: save(…, metadata={{…}})."
        )
        raise UsageError(f"{name[:60]!r} is no fact that can be declared.", remedy=remedy)
    values = FACTS[name].values
    if value and values:
        value = value.lower()
        if value not in values:
            raise UsageError(f"{name} cannot be {value[:60]!r}.", remedy=f"Use {', '.join(values)}.")
    if len(value) > MAX_FACT_CHARS:
        raise UsageError(
            f"{name} has {len(value):,} characters.",
            remedy=f"Keep it to {MAX_FACT_CHARS:,}, and save the rest as a report.",
        )
    return name, value


def missing_facts(kind: str, facts: Mapping[str, str]) -> tuple[str, ...]:
    """Name the facts that a thing of this kind should have and lacks."""
    return tuple(name for name in NEEDED.get(kind, ()) if not facts.get(name))
