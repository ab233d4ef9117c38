"""The sheet of a version of an artifact, and sections for the previews of its files."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from artui.model import (
    NOT_STORED,
    PRODUCTION,
    Approval,
    Change,
    ManifestFile,
    Preview,
    PreviewTable,
    Resting,
    RunHead,
    VersionDetail,
    VersionHead,
    has_alias,
    missing_facts,
)
from artui.model.declared import FACTS, declared_name
from artui.model.deployments import DEPLOYMENT
from artui.preview.structured import folded
from artui.preview.table import EMPTY_IN_FIRST
from artui.safetext import clean_lines
from artui.sheets.deployment import incidents_section, releases_section
from artui.sheets.sheet import (
    MIDDLE_DOT,
    NOTHING,
    Cell,
    Fact,
    Header,
    Link,
    Row,
    Rows,
    Section,
    Sheet,
    Table,
    Tone,
    aliases_cell,
    content_text,
    damage_fact,
    facts_section,
    filled,
    ordered_aliases,
    run_cell,
    version_cell,
)
from artui.sheets.verdicts import criteria_section, satisfied_text, verdicts_section
from artui.units import ago_text, bytes_text, count_text, number_text, param_text, plural, time_text

MAX_USERS = 12
"""More runs that used a version are only counted."""
_NAMED_USERS = 3
_NAMED_FILES = 3
_MOST_NAMED = 3
"""So many aliases of versions that would be gone are named."""
_STATE_TONES: Mapping[str, Tone] = {
    "deleted": "bad",
    "content removed": "bad",
    "forgotten": "bad",
    "retired": "warn",
    "approval withdrawn": "warn",
}
"""Of what was done with a version, what is not good news."""
DECLARED = "facts"
"""Title of the section about what is declared."""
HISTORY = "history"
"""Title of the section about what was done with a version."""
FILES = "files"
"""Title of the section about the files."""
DIGEST = "digest"
"""Label of the digest of a version, which is that of its manifest: no file has it."""
SHA256 = "sha256"
"""Title of the column with the digests of files."""
DIGEST_CHARS = 16
"""So many characters of a digest are shown where there is no room for all of it; `artui show` prints all."""
DIGEST_LENGTH = 64
WARNING_SIGN = "! "
"""Before the names of facts, and of rows, that warn of what a file would do or lacks."""


def version_sheet(
    detail: VersionDetail, history: Sequence[Change] = (), *, now_ms: int, has_ages: bool = False, restore: str = "", reinstate: str = "",
    offered: Mapping[str, tuple[str, str]] | None = None, declare: str = "",
) -> Sheet:  # fmt: skip
    """Say what a version is, where it came from, what used it, what was done with it, and what it holds.

    With `has_ages` each change is told by how long ago it was and by whom, before what it changed: for narrow places.
    `restore` and `reinstate` say what brings back a version that is deleted or retired; by default the commands that do.
    `offered` are facts that its files say of themselves, see `offered_facts`, and `declare` what declares one.
    """
    head = detail.head
    return Sheet(
        head.reference,
        MIDDLE_DOT.join(part for part in (head.kind, head.stage, head.project) if part),
        filled(
            _state(
                detail,
                now_ms,
                restore or f"artui restore {head.reference}",
                reinstate or f"artui retire --back {head.reference}",
                history,
            ),
            releases_section(detail.releases, now_ms, is_of_deployment=head.kind == DEPLOYMENT),
            incidents_section(detail.incidents, detail.releases, now_ms),
            criteria_section(detail.criteria, detail.judged, now_ms),
            verdicts_section(detail.verdicts),
            declared_section(
                detail.head.kind, detail.facts, offered or {}, declare or f"artui declare {shlex.quote(head.artifact)}"
            ),
            Section("metadata", facts=tuple(Fact(name, _value_text(value)) for name, value in detail.metadata.items())),
            *([_files(detail)] if head.kind != DEPLOYMENT or head.file_count else []),
            _lineage(detail),
            _recent_history(history, now_ms) if has_ages else _history(history),
        ),
    )


def declared_section(
    kind: str, facts: Mapping[str, str], offered: Mapping[str, tuple[str, str]] | None = None, declare: str = ""
) -> Section:
    """Say what is declared, what should be and is not, and which of that a file says: declaring it is up to people."""
    missing = missing_facts(kind, facts)
    said = []
    for name in missing:
        if offered and name in offered:
            value, path = offered[name]
            how = declare if not declare.startswith("artui ") else f"{declare} {shlex.quote(f'{name}={value}')}"
            said.append(Fact("", f"{path} says {name} {value}: {how} declares it", "dim"))
    return facts_section(
        DECLARED, [*(Fact(*fact) for fact in facts.items()), Fact("missing", ", ".join(missing), "warn"), *said]
    )


_MOST_OFFERED_CHARS = 60


def offered_facts(previews: Mapping[str, Preview]) -> dict[str, tuple[str, str]]:
    """Give facts that files say of themselves, by the names they are declared by: the value, and the path of the first that has it."""
    offered: dict[str, tuple[str, str]] = {}
    for path, preview in previews.items():
        for label, value in preview.facts:
            name = declared_name(label)
            if (
                name in FACTS
                and 0 < len(value) <= _MOST_OFFERED_CHARS
                and name not in offered
                and (not FACTS[name].values or value.lower() in FACTS[name].values)
            ):
                offered[name] = value, path
    return offered


def preview_section(
    path: str, preview: Preview, *, most_rows: int, most_lines: int, is_profiled: bool = False
) -> Section:
    """Say what a file holds: facts, the first rows of its table, the first lines of its text.

    Of a table with a profile, which says of all rows how many are empty, that is not said of the first ones.
    """
    lines = clean_lines(preview.text) if preview.text else []
    # What was kept by an artui that did not fold them yet.
    lines = folded(lines) if preview.kind == "json" else lines
    table, left_out_count = None, max(0, len(lines) - most_lines)
    if preview.table is not None:
        table = _preview_table(preview.table, most_rows)
        row_count = max(preview.table.row_count or 0, len(preview.table.rows))
        left_out_count = row_count - len(table.rows)
    # What the title says in the same words is said once.
    facts = tuple(
        Fact(name, value, _tone(name))
        for name, value in preview.facts
        if not _is_said(preview, name) and not (is_profiled and name.startswith(EMPTY_IN_FIRST))
    )
    return Section(
        path, preview.title, facts=facts, table=table, lines=tuple(lines[:most_lines]), left_out_count=left_out_count
    )


def _tone(text: str) -> Tone:
    """Let what is dangerous, or wrong, stand out: previews put a sign before it."""
    return "bad" if text.startswith(WARNING_SIGN) else "plain"


_OF_A_PICTURE = ("format", "width", "height")


def _is_said(preview: Preview, name: str) -> bool:
    """Whether the title of a preview says a fact already: of a picture its format and its size."""
    return preview.kind == "image" and name in _OF_A_PICTURE and "×" in preview.title


def resting_texts(resting: Resting) -> tuple[str, ...]:
    """Say what rests on versions, shorter from one text to the next; none if nothing does.

    For example: `37 runs and digits-model:v2 (production)`, `37 runs and 1 version`, `38`.
    """
    if not resting.under_count:
        return ()
    runs = [plural(resting.run_count, "run")] if resting.run_count else []
    whole, counted = list(runs), list(runs)
    if resting.versions:
        first = resting.versions[0]
        named = f" ({ordered_aliases(first)[0]})" if has_alias(first) else ""
        whole.append(f"{first.reference}{named}")
        whole += [plural(more, "more version")] if (more := len(resting.versions) - 1) else []
        counted.append(plural(len(resting.versions), "version"))
    far = _far_text(resting.in_production, most=2)
    return (
        _listed(whole) + far,
        " and ".join(counted) + (far if len(resting.in_production) < 2 else _far_text(resting.in_production, most=1)),
        " and ".join(counted),
        count_text(resting.run_count + len(resting.versions)),
    )


def _far_text(heads: Sequence[VersionHead], *, most: int) -> str:
    """Say how many versions are in production that rest on what rests on others, and name the first."""
    if not heads:
        return ""
    if len(heads) == 1:
        return f"; {heads[0].reference} in production rests on that"
    named = [head.reference for head in heads[:most]]
    more = [count_text(len(heads) - most)] if len(heads) > most else []
    return f"; {count_text(len(heads))} in production rest on that: {_listed([*named, *(f'{count} more' for count in more)])}"


def _listed(texts: Sequence[str]) -> str:
    """Write texts as a list: `a, b and c`."""
    return " and ".join([*([", ".join(texts[:-1])] if texts[:-1] else []), *texts[-1:]])


def consequences(heads: Sequence[VersionHead], resting: Resting) -> tuple[str, ...]:
    """Say what comes of versions being gone: which aliases name nothing then, and what rests on them; empty for nothing."""
    texts = []
    is_one = len(heads) == 1
    named = [(alias, head) for head in heads for alias in ordered_aliases(head) if alias != "latest"]
    named.sort(key=lambda pair: pair[0] != PRODUCTION)
    if named:
        words = [alias if is_one else f"{alias} ({head.reference})" for alias, head in named[:_MOST_NAMED]]
        more = f" and {len(named) - len(words):,} more" if len(named) > len(words) else ""
        verb = "names" if len(named) == 1 else "name"
        texts.append(f"{', '.join(words)}{more} {verb} {'it' if is_one else 'them'}, and would name nothing")
    if resting.serving:
        references = {head.id: head.reference for head in heads}
        words = [
            name if is_one else f"{name} ({references.get(version_id, '')})"
            for version_id, name in resting.serving[:_MOST_NAMED]
        ]
        more = f" and {len(resting.serving) - len(words):,} more" if len(resting.serving) > len(words) else ""
        texts.append(f"{'it serves' if is_one else 'they serve'} in {', '.join(words)}{more}")
    if users := resting_texts(resting):
        texts.append(f"{'' if is_one else f'{resting.under_count:,} of them are '}used by {users[0]}")
    return tuple(texts)


def short_digest(digest: str) -> str:
    """Write the first characters of a digest, with a sign that there are more."""
    return f"{digest[:DIGEST_CHARS]}…" if len(digest) == DIGEST_LENGTH else digest


def _state(detail: VersionDetail, now_ms: int, restore: str, reinstate: str, history: Sequence[Change] = ()) -> Section:
    head = detail.head
    ago = ago_text(head.created_ms, now_ms)
    place = f"{detail.location} on {detail.host}" if detail.host else detail.location
    return facts_section(
        "",
        [
            damage_fact(head.damaged, detail.damaged),
            _standing(head, restore, reinstate, history, now_ms),
            Fact("aliases", " ".join(head.aliases), "good"),
            Fact("note", detail.note),
            _approvals(detail.approvals),
            Fact("saved", time_text(head.created_ms) + (f"  ({ago})" if ago else "")),
            _maker(head.made_by),
            _users(detail.used_by),
            Fact("content", content_text(head)) if head.kind != DEPLOYMENT or head.file_count else None,
            Fact("lies at", place, "warn") if head.storage == "referenced" else None,
            _not_there(detail),
            Fact("stored in", place) if head.storage == "stored" else None,
            _not_stored(detail),
            Fact(DIGEST, head.digest_text, "dim") if head.kind != DEPLOYMENT or head.file_count else None,
        ],
    )


def _not_stored(detail: VersionDetail) -> Fact | None:
    """Name the first of the files that could not be stored, and say how many there are."""
    count = detail.head.not_stored_count
    if not count:
        return None
    named = [file.path for file in detail.files if file.note.startswith(NOT_STORED)][:_NAMED_FILES]
    more = [] if len(named) == count else ["…"]
    text = f"{plural(count, 'file')}: {', '.join([*named, *more])}"
    return Fact("not stored", text, "warn")


def _not_there(detail: VersionDetail) -> Fact | None:
    """Name the first of the files that are no longer where they were left, and say how many there are."""
    if not detail.not_there:
        return None
    more = ["…"] if len(detail.not_there) > _NAMED_FILES else []
    names = ", ".join([*detail.not_there[:_NAMED_FILES], *more])
    return Fact("not there", f"{plural(len(detail.not_there), 'file')}: {names}", "bad")


def _standing(
    head: VersionHead, restore: str, reinstate: str, history: Sequence[Change] = (), now_ms: int = 0
) -> Fact | None:
    """Say that a version is retired, deleted, or has lost its content, and by whom and why, as far as that is known."""
    if head.removed_ms is not None:
        return Fact(
            "removed",
            f"{time_text(head.removed_ms)}: its content is gone for good, its digests and lineage are kept",
            "bad",
        )
    if head.deleted_ms is not None:
        who = _who_did("deleted", history)
        return Fact(
            "deleted", f"{time_text(head.deleted_ms)}{f' {who}' if who else ''}; {restore} brings it back", "bad"
        )
    if not head.is_retired:
        return None
    has_alias = bool(set(head.aliases) - {"latest"})
    lists = "lists leave it out once no alias names it" if has_alias else "lists leave it out"
    who = _who_did("retired", history, now_ms)
    return Fact("retired", f"{who}{'; ' * bool(who)}{lists}, and it is not latest; {reinstate} brings it back", "warn")


def _who_did(what: str, history: Sequence[Change], now_ms: int | None = None) -> str:
    """Say who did something with a version last, and why; how long ago, if it is given what the time is; empty if that is not known."""
    change = next((change for change in history if change.what == what), None)
    if change is None:
        return ""
    ago = "" if now_ms is None else f", {ago_text(change.time_ms, now_ms)}"
    return f"by {change.author or 'somebody'}{ago}{f': {change.why}' if change.why else ''}"


def _approvals(approvals: Sequence[Approval]) -> Fact | None:
    if not approvals:
        return None
    names = ", ".join(
        f"{approval.author} ({approval.why})" if approval.why else approval.author for approval in approvals
    )
    return Fact("approved by", names, "good")


def _maker(run: RunHead | None) -> Fact | None:
    if run is None:
        return None
    cell = run_cell(run)
    return Fact("made by", run.name, "accent", cell.link)


def _users(runs: Sequence[RunHead]) -> Fact | None:
    """Name the first runs that used a version, and say how many there are."""
    if not runs:
        return None
    names = ", ".join(run.name for run in runs[:_NAMED_USERS])
    return Fact("used by", f"{plural(len(runs), 'run')}: {names}" + (" …" if len(runs) > _NAMED_USERS else ""))


def _lineage(detail: VersionDetail) -> Section:
    """Say what a version came from and what came of it."""
    makers = [detail.head.made_by] if detail.head.made_by is not None else []
    users = detail.used_by[:MAX_USERS]
    rows = [
        *(_run_row("made by", run) for run in makers),
        *(_version_row(_judged(relation, version, detail), version) for relation, version in detail.related),
        *(_run_row("used by", run) for run in users),
    ]
    if not users and not detail.related:
        rows.append((Cell("used by", "dim"), Cell("no run yet", "faint"), Cell(""), Cell("")))
    headers = (Header("relation"), Header("name"), Header("kind"), Header("aliases"))
    return Section("lineage", table=Table(headers, rows), left_out_count=len(detail.used_by) - len(users))


def _judged(relation: str, version: VersionHead, detail: VersionDetail) -> str:
    """Say of a requirement how much of it is met: that somebody once said it is proves nothing."""
    return " ".join(
        filter(None, (relation, satisfied_text(detail.verdicts, version.artifact) if relation == "satisfies" else ""))
    )


def _run_row(relation: str, head: RunHead) -> Row:
    state = "" if head.status == "finished" else f", {head.status}"
    damage = f", damaged: {', '.join(head.damaged)}" if head.damaged else ""
    return Cell(relation, "dim"), run_cell(head), Cell(f"{head.stage} run{state}{damage}", "dim"), Cell("")


def _version_row(relation: str, head: VersionHead) -> Row:
    return Cell(relation, "dim"), version_cell(head), Cell(head.kind, "dim"), aliases_cell(head)


def _value_text(value: Any) -> str:
    """Say a value of a version's metadata, which is whatever JSON holds."""
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return param_text(value)


def _history(history: Sequence[Change]) -> Section:
    """Say what was done with a version, newest first."""

    def row(change: Change) -> Row:
        return (
            Cell(change.what, _tone_of(change)),
            Cell(f"{change.before} → {change.after}" if change.before or change.after else "", "dim"),
            Cell(time_text(change.time_ms), "dim"),
            Cell(change.author, "dim"),
            Cell(change.why),
            Cell(f"damaged: {', '.join(change.damaged)}" if change.damaged else "", "bad"),
        )

    titles = ("change", "from and to", "when", "by", "why", "")
    return Section(HISTORY, table=Table(tuple(map(Header, titles)), Rows(history, row)))


def _tone_of(change: Change) -> Tone:
    """Let what took a version away look like no alias: a state has nothing before and after it, whatever an alias is called."""
    is_state = not change.before and not change.after
    return _STATE_TONES.get(change.what, "good") if is_state else "good"


def _recent_history(history: Sequence[Change], now_ms: int) -> Section:
    """Say what was done with a version, newest first: how long ago and by whom before from what and to what."""
    titles = ("change", "when", "by", "from and to", "why", "")
    whole = _history(history).table
    rows = whole.rows if whole is not None else ()
    turned: list[Row] = []
    for change, (what, moved, _, author, *rest) in zip(history, rows, strict=True):
        turned.append((what, Cell(ago_text(change.time_ms, now_ms), "dim"), author, moved, *rest))
    return Section(HISTORY, table=Table(tuple(map(Header, titles)), turned))


def _files(detail: VersionDetail) -> Section:
    def row(file: ManifestFile) -> Row:
        # A link is described by what it leads to.
        note = f"→ {file.link_target}" if file.link_target else file.note_text
        damage = f"damaged: {', '.join(file.damaged)}" if file.damaged else ""
        return (
            Cell(file.path, "accent", Link("file", f"{detail.head.key}:{file.path}")),
            Cell(bytes_text(file.size_bytes), "dim"),
            Cell(file.digest, "faint"),
            Cell("  ".join(part for part in (note, damage) if part), "bad" if damage else "warn"),
        )

    headers = (Header("file"), Header("size", is_right=True), Header(SHA256), Header("note"))
    if not detail.files:
        return Section(FILES, facts=(Fact("", "it holds none", "dim"),))
    unread_count = max(0, detail.head.file_count - len(detail.files))
    return Section(FILES, table=Table(headers, Rows(detail.files, row)), left_out_count=unread_count)


def _preview_table(table: PreviewTable, most_rows: int) -> Table:
    kinds: Mapping[int, str] = dict(enumerate(table.types))
    headers = tuple(
        Header(title, is_right=kinds.get(place) in ("integer", "number")) for place, title in enumerate(table.columns)
    )

    def row(values: tuple[str, ...]) -> Row:
        missing = len(headers) - len(values)
        tone = _tone(values[0]) if values else "plain"
        cells = (*values[: len(headers)], *[""] * missing)
        # A column of which no cell is filled in the first rows is one all the same.
        return tuple(Cell(value, tone) if value else Cell(NOTHING, "faint") for value in cells)

    return Table(headers, Rows(table.rows[:most_rows], row))
