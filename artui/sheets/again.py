"""What a run would need to be made again, and whether it was kept: code, data, packages and seeds."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from artui.model import RunDetail
from artui.model.audit import IN_SHORT, Ingredient, State, audit
from artui.sheets.sheet import Cell, Fact, Header, Link, Section, Table, Tone

AGAIN = "repeatable?"
"""Title of the section."""
SIGNS: dict[State, str] = {"present": "✓", "partial": "~", "missing": "✗", "none": "–"}
_TONES: dict[State, Tone] = {"present": "good", "partial": "warn", "missing": "bad", "none": "dim"}


def again_fact(detail: RunDetail) -> Fact:
    """Say in one line what is kept: `repeatable? ✓ code ✓ data ~ env ✗ seed`."""
    short = [each for each in audit(detail) if each.name in IN_SHORT]
    return Fact(AGAIN, " ".join(f"{SIGNS[each.state]} {each.name}" for each in short), "plain", Link("section", AGAIN))


def again_section(detail: RunDetail) -> Section:
    """Say for each thing why."""
    short = (each for each in audit(detail) if each.name in IN_SHORT)
    facts = [Fact(each.name, f"{SIGNS[each.state]} {each.why}", _TONES[each.state]) for each in short]
    if any(fact.tone in ("good", "warn") for fact in facts):
        facts.append(Fact("try it", f"artui reproduce {shlex.quote(detail.head.name)} --run", "dim"))
    return Section(AGAIN, facts=tuple(facts))


def audit_section(ingredients: Sequence[Ingredient]) -> Section:
    """Say of each ingredient whether it was kept, and why."""
    rows = [
        (Cell(each.name, "strong"), Cell(f"{SIGNS[each.state]} {each.state}", _TONES[each.state]), Cell(each.why))
        for each in ingredients
    ]
    return Section("ingredients", table=Table((Header("name"), Header("state"), Header("why")), rows))


def verdict(ingredients: Sequence[Ingredient]) -> str:
    """Say in a sentence whether the run could be made again."""
    missing = [each.name for each in ingredients if each.state == "missing"]
    partial = [each.name for each in ingredients if each.state == "partial"]
    unknown = any(each.name == "data" and each.state == "none" for each in ingredients)
    read = " It noted no data that it used: what it read by itself is not known." if unknown else ""
    if not missing and not partial:
        return ("Everything that was noted was kept." if unknown else "Everything that it takes to make this run again was kept.") + read  # fmt: skip
    parts = []
    if missing:
        parts.append(f"{_listed(missing)} {'is' if len(missing) == 1 else 'are'} missing")
    if partial:
        parts.append(f"{_listed(partial)} {'is' if len(partial) == 1 else 'are'} known in part")
    return f"It is not certain that this run can be made again as it was: {', and '.join(parts)}.{read}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
