"""The stages of a project in words: a heading and some lines for each thing, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from artui.model import PRODUCTION, STAGES
from artui.model.lifecycle import Lifecycle, StageItem
from artui.sheets.deployment import drift_text, quality_text, served_text, since_text
from artui.sheets.sheet import MIDDLE_DOT, Link, Tone
from artui.sheets.verdicts import criteria_text
from artui.units import age_text, plural

GOOD, OPEN, WARNS = "●", "○", "!"
"""Before a thing: it stands well, something of it is missing, or something of it warns."""
_SIGNS: Mapping[str, str] = MappingProxyType({"present": "✓", "partial": "~", "missing": "✗", "none": "·"})
_MOST_MISSED = 3
_FRESH = ("dataset", "labels", "features")


@dataclass(frozen=True, slots=True)
class Entry:
    """A thing in a stage, or that it is not there."""

    sign: str
    title: str
    aside: str
    """Behind the title: an alias, or how old it is."""
    lines: tuple[tuple[str, Tone], ...] = ()
    link: Link | None = None
    tone: Tone = "plain"
    """Of the sign."""


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that is missing."""

    text: str
    link: Link | None = None


def entries(life: Lifecycle, now_ms: int) -> dict[str, list[Entry]]:
    """Give by stage what exists, each with how it stands."""
    made = {stage: [_entry(item, now_ms) for item in life.stages.get(stage, ())] for stage in STAGES}
    names = {version_id: head.reference for version_id, head in life.heads.items()}
    places = []
    for place in life.deployments:
        on = place.served(now_ms)
        lines: list[tuple[str, Tone]] = [(served_text(on, names) or "nothing serves", "plain" if on else "warn")]
        report = life.lately.get(place.version_id)
        for text, tone in (quality_text(report), drift_text(report)):
            if text:
                lines.append((text, tone))
        open_count = sum(noted.incident.is_open for noted in place.incidents)
        if open_count:
            lines.append((f"{plural(open_count, 'incident')} open", "bad"))
        is_bad = bool(open_count) or any(tone == "bad" for _, tone in lines)
        places.append(
            Entry(WARNS if is_bad else GOOD if on else OPEN, place.name, since_text(place, now_ms) if on else "", tuple(lines), Link("version", place.version_id), "bad" if is_bad else "good")
        )  # fmt: skip
    made["operations"] = [*places, *made["operations"]]
    return made


def _entry(item: StageItem, now_ms: int) -> Entry:
    head, shown = item.head, item.shown
    lines: list[tuple[str, Tone]] = []
    is_bad = False
    for other in item.older_than:
        lines.append((f"older than {other.reference}", "warn"))
        is_bad = True
    if head.kind == "requirement":
        bad, more = _of_requirement(item)
        lines += more
        is_bad = is_bad or bad
    if head.kind == "model":
        lines += _of_model(item, now_ms)
    alias = next((name for name in (PRODUCTION, *shown.aliases) if name in shown.aliases and name != "latest"), "")
    age = age_text(shown.created_ms, now_ms)
    aside = alias or age
    if head.kind not in ("requirement", "model"):
        # How fresh data are matters; of what runs leave by the way, what it is.
        aside = alias or (age if head.kind in _FRESH else head.kind)
        if item.missing_facts:
            lines.append((f"no {', '.join(item.missing_facts)}", "warn"))
    elif item.missing_facts:
        lines.append((f"no {', '.join(item.missing_facts)} declared", "warn"))
    sign = WARNS if is_bad else OPEN if item.missing_facts else GOOD
    tone: Tone = "bad" if is_bad else "warn" if item.missing_facts else "good"
    return Entry(sign, f"{head.name} {shown.version}", aside, tuple(lines), Link("version", shown.id), tone)


def _of_requirement(item: StageItem) -> tuple[bool, list[tuple[str, Tone]]]:
    """Say how many criteria are met by what is in use, and which are missed."""
    if not item.verdicts:
        return False, [("no criterion is about anything here", "warn")]
    count = {answer: sum(one.answer == answer for one in item.verdicts) for answer in ("met", "missed", "unknown")}
    said = [f"{count['met']} met", *(f"{count[word]} {word}" for word in ("missed", "unknown") if count[word])]
    missed = [one for one in item.verdicts if one.answer == "missed"]
    tone: Tone = "good" if not missed else "bad" if any(one.waiver is None for one in missed) else "warn"
    lines: list[tuple[str, Tone]] = [(f"{criteria_text(len(item.verdicts))}: {', '.join(said)}", tone)]
    for one in missed[:_MOST_MISSED]:
        over = " (overridden)" if one.waiver is not None else ""
        lines.append(
            (f"missed: {one.defined.criterion.name} {one.defined.criterion.condition}{over}", "warn" if over else "bad")
        )
    if item.judged is not None:
        lines.append((f"by {item.judged.reference}", "dim"))
    return any(one.waiver is None for one in missed), lines


def _of_model(item: StageItem, now_ms: int) -> list[tuple[str, Tone]]:
    lines: list[tuple[str, Tone]] = []
    shown = item.shown
    made = f"made {age_text(shown.created_ms, now_ms)} ago" if shown.created_ms else "made"
    lines.append((f"{made}{MIDDLE_DOT}{plural(item.tried_count, 'run')} tried", "dim"))
    if item.states:
        said = " ".join(
            f"{_SIGNS.get(item.states.get(word, 'none'), '·')} {word}"
            for word in ("code", "data", "env", "seed")
            if word in item.states
        )
        is_whole = all(state in ("present", "none") for state in item.states.values())
        lines.append((said, "good" if is_whole else "warn"))
    lines.append((f"tested by {', '.join(item.tests[:2])}", "dim") if item.tests else ("nothing measured it", "warn"))
    newest = item.head.latest
    if newest is not None and newest.id != shown.id:
        lines.append(
            (f"newer: {newest.version}" + "".join(f" {alias}" for alias in newest.aliases if alias != "latest"), "dim")
        )
    return lines


def lacks(life: Lifecycle) -> list[Lack]:
    """Say what is missing, what matters most first."""
    found: list[Lack] = []
    items = [item for stage in STAGES for item in life.stages.get(stage, ())]
    requirements = [item for item in items if item.head.kind == "requirement"]
    if not requirements:
        found.append(Lack("no requirement: artui require NAME --criterion 'R1: test/recall >= 0.9' writes one down"))
    found += [Lack(f"no criterion in {name}") for name in life.without_criterion]
    found += [Lack(f"nothing measured {name}") for name in life.without_evidence]
    found += [Lack(f"nothing is required of {name}") for name in life.without_requirement]
    models = [item for item in items if item.head.kind == "model"]
    found += [
        Lack(f"no test of {item.shown.reference}", Link("version", item.shown.id)) for item in models if not item.tests
    ]
    for item in models:
        lost = [
            word
            for word, state in item.states.items()
            if state == "missing" and word in ("code", "data", "env", "seed")
        ]
        if lost:
            found.append(
                Lack(
                    f"{', '.join(lost)} of {item.shown.reference}: it cannot be made again",
                    Link("version", item.shown.id),
                )
            )
    if models and not life.deployments:
        found.append(Lack("no release: artui deploy MODEL --to NAME notes where it serves"))
    by_fact: dict[str, list[StageItem]] = {}
    for item in items:
        for fact in item.missing_facts:
            by_fact.setdefault(fact, []).append(item)
    for fact, lacking in by_fact.items():
        found.append(
            Lack(f"{fact} of {', '.join(item.head.name for item in lacking)}", Link("version", lacking[0].shown.id))
        )
    return found
