"""The sections above the journal: what the catalog holds, what is to be settled, where it came from, and others."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from artui.catalog.deciding import may_be_both
from artui.query.wording import value_text, what_text
from artui.safetext import cells_of, clean
from artui.tui.cells import Span, fit, fit_middle, length_of
from artui.tui.messages import Link
from artui.tui.screens.catalog.entries import moment_text
from artui.tui.widgets.lines import BLANK, Line
from artui.units import ago_text, bytes_text, count_text, percent_text, plural

if TYPE_CHECKING:
    from artui.catalog.checked import Checked
    from artui.catalog.checking import Finding
    from artui.catalog.unsettled import Choice
    from artui.catalog.writers import Writer
    from artui.query.provenance import Provenance
    from artui.query.settling import ToSettle
    from artui.query.sizes import Share, Sizes
    from artui.travel.signing import Signature

HOLDS, FINDINGS, SETTLE, CAME, OTHERS, JOURNAL = "holds", "findings", "settle", "came", "others", "journal"
SECTION, PROJECT, THING, CHOICE, OPEN, IMPORTS = "section:", "project:", "settle:", "choice:", "open:", "imports"
"""Begin the ids of links within the screen."""
TITLES = {
    HOLDS: "what it holds", FINDINGS: "check", SETTLE: "to settle", CAME: "came from", OTHERS: "others", JOURNAL: "journal",
}  # fmt: skip
_TITLE_CELLS = 15
_BAR_CELLS = 20
MOST_NAMED, FEWEST_NAMED = 10, 3
"""Of the projects and artifacts that take most."""
_MOST_MERGES = 20
_VALUE_CELLS = 60
_MOST_SETTLING = 500
_PARTS = {
    "points": "points", "contents": "contents of files", "previews": "previews", "journal": "journal", "records": "runs, versions and the rest",
    "indexes": "indexes", "free": "free pages",
}  # fmt: skip


def section_line(section: str, spans: Sequence[Span], *, is_unfolded: bool, has_more: bool = True) -> Line:
    """Draw the line of a section: its title, and what is in it in short.

    Args:
        has_more: whether it says more unfolded.
    """
    sign = " " if not has_more else "▾" if is_unfolded else "▸"
    return Line(
        [(f" {sign} ", "dim"), (fit(TITLES[section], _TITLE_CELLS), "bold"), *spans], Link("fold", f"{SECTION}{section}")
    )  # fmt: skip


def fitted(parts: Sequence[Span], *, cells: int, gap: str = "   ") -> list[Span]:
    """Give as many parts as there is room for, with gaps between."""
    spans: list[Span] = []
    for part in parts:
        added = [(gap, "text"), part] if spans else [part]
        if length_of([*spans, *added]) > cells:
            continue
        spans += added
    return spans


# What it holds


def holds_lines(sizes: Sizes | None, *, is_unfolded: bool, cells: int, most_named: int = MOST_NAMED) -> list[Line]:
    """Show how large the catalog is, and by what; of projects and artifacts so many at most."""
    if sizes is None:
        return [section_line(HOLDS, [("measuring …", "dim")], is_unfolded=is_unfolded)]
    waste = [(f"compact frees {bytes_text(sizes.waste_bytes)}", "accent" if _is_much(sizes) else "dim")] if _is_worth_it(sizes) else []  # fmt: skip
    largest = sorted(sizes.groups.items(), key=lambda item: -item[1])
    parts: list[Span] = [(f"{group} {bytes_text(size)}", "text") for group, size in largest if size and group != "free"]
    # What could be freed stands last, whatever there is room for before it.
    room = cells - 5 - _TITLE_CELLS - (length_of(waste) + 3 if waste else 0)
    shown = [*fitted(parts, cells=room), *([("   ", "text")] if waste else []), *waste]
    lines = [section_line(HOLDS, shown, is_unfolded=is_unfolded)]
    if not is_unfolded:
        return lines
    about = "as SQLite counts their pages" if sizes.is_exact else "estimated: this SQLite does not count pages by table"
    counts = [plural(sizes.counts[word], word) for word in ("run", "artifact", "version", "change")]
    lines.append(_plain(f"{bytes_text(sizes.file_bytes)} in all, {about} · schema {sizes.schema_version} · {' · '.join(counts)}", cells=cells))  # fmt: skip
    width = max(len(text) for text in _PARTS.values())
    sizes_text = {group: bytes_text(size) for group, size in sizes.groups.items()}
    right = max(map(len, sizes_text.values()))
    percents = {group: percent_text(size / max(1, sizes.file_bytes)) for group, size in largest}
    percent_cells = max(map(len, percents.values()))
    for group, size in largest:
        if group == "free" and not size:
            continue
        share = size / max(1, sizes.file_bytes)
        bar = "━" * round(share * min(_BAR_CELLS, max(0, cells - width - right - 16)))
        lines.append(Line([
            ("     ", "text"), (fit(_PARTS[group], width), "text"), (f"  {sizes_text[group]:>{right}}", "text"),
            (f"  {percents[group]:>{percent_cells}}  ", "dim"), (bar, "accent"),
        ]))  # fmt: skip
    if sizes.unnamed_bytes:
        lines.append(_plain(f"{bytes_text(sizes.unnamed_bytes)} of the contents are named by nothing: compact removes them, too", cells=cells))  # fmt: skip
    lines += _shares(sizes.projects, "by project", "run", PROJECT, cells=cells, most=most_named)
    lines += _shares(sizes.artifacts, "by artifact", "version", "", cells=cells, most=most_named)
    return [*lines, BLANK]


def _is_worth_it(sizes: Sizes) -> bool:
    """Whether to speak of what could be freed: a hundredth of the file, or a megabyte."""
    return sizes.waste_bytes * 100 >= max(1, sizes.file_bytes) or sizes.waste_bytes >= 1_000_000


def _is_much(sizes: Sizes) -> bool:
    return sizes.waste_bytes * 10 > sizes.file_bytes > 10_000_000


def _shares(shares: Sequence[Share], title: str, noun: str, link: str, *, cells: int, most: int) -> list[Line]:
    shown = [share for share in shares[:most] if share.size_bytes]
    if not shown:
        return []
    names = [clean(share.name, max_chars=200) for share in shown]
    width = min(max(cells_of(title) - 2, *map(cells_of, names)), max(16, cells // 3))
    more = f"  the largest {len(shown)} of {count_text(len(shares))}" if len(shares) > len(shown) else ""
    columns = [
        ("size", [bytes_text(share.size_bytes) for share in shown]),
        (f"{noun}s", [count_text(share.count) for share in shown]),
        *(
            (word, [bytes_text(size) if size else "·" for size in sizes])
            for word, sizes in (
                ("points", [share.points_bytes for share in shown]),
                ("contents", [share.content_bytes for share in shown]),
                ("previews", [share.preview_bytes for share in shown]),
            )
            if any(sizes)
        ),
    ]
    widths = [max(len(word), *map(len, texts)) for word, texts in columns]
    # What does not fit is left out, from the end.
    while len(columns) > 1 and 7 + width + sum(2 + cells_ for cells_ in widths) > cells - 1:
        columns.pop()
        widths.pop()
    heads: list[Span] = [(f"  {word:>{room}}", "faint") for (word, _), room in zip(columns, widths, strict=True)]
    lines = [Line([(f"     {fit(title, width + 2)}", "dim"), *heads, (more, "faint")])]
    for number, (share, name) in enumerate(zip(shown, names, strict=True)):
        target = Link("fold", f"{link}{share.name}") if link else Link("artifact", str(share.key))
        texts: list[Span] = [
            (f"  {column[number]:>{room}}", "dim" if place else "text")
            for place, ((_, column), room) in enumerate(zip(columns, widths, strict=True))
        ]
        lines.append(Line([("       ", "text"), (fit_middle(name, width), "accent"), *texts], target))
    return lines


def _plain(text: str, *, cells: int, style: str = "dim") -> Line:
    return Line([(f"     {fit(text, max(10, cells - 6)).rstrip()}", style)])


# The check


def state_text(checked: Checked | None, *, now_ms: int) -> str:
    """Say when the catalog was checked last, and what came of it."""
    if checked is None:
        return "never checked"
    found = "whole" if not checked.wrong_count else f"{count_text(checked.wrong_count)} wrong"
    ago = ago_text(checked.time_ms, now_ms)
    return f"{found}, checked {ago}" if checked.is_current else f"{found} {ago}, changed since"


def finding_lines(
    findings: Sequence[Finding] | None, progress: str, *, is_unfolded: bool, links: dict[str, Link], cells: int
) -> list[Line]:
    """Show how far a check is, or what it found; nothing where none was made."""
    if progress:
        return [section_line(FINDINGS, [(progress, "accent"), ("   esc stops it", "dim")], is_unfolded=True)]
    if findings is None:
        return []
    if not findings:
        return [section_line(FINDINGS, [("everything was read and compared with its digest: nothing is wrong", "good")], is_unfolded=False)]  # fmt: skip
    lines = [section_line(FINDINGS, [(f"{plural(len(findings), 'thing')} wrong", "bad"), ("   enter opens what a line is about", "dim")], is_unfolded=is_unfolded)]  # fmt: skip
    for finding in findings[:_MOST_SETTLING] if is_unfolded else ():
        name = f"{clean(finding.name, max_chars=200)}: " if finding.name else ""
        text = fit(f"{name}{clean(finding.text, max_chars=500)}", max(10, cells - 18)).rstrip()
        lines.append(Line([(f"     {fit(finding.kind, 10)} ", "bad"), (text, "text")], links.get(finding.id)))
    if is_unfolded and len(findings) > _MOST_SETTLING:
        lines.append(_plain(f"and {len(findings) - _MOST_SETTLING:,} more: artui check --data --json has all", cells=cells))  # fmt: skip
    return lines


# To settle


def settle_lines(settling: Sequence[ToSettle], *, is_unfolded: bool, may_write: bool, now_ms: int, cells: int) -> list[Line]:  # fmt: skip
    """Show what two people changed without seeing each other's change, and what each made of it."""
    if not settling:
        return []
    hint = "   changed in two copies without seeing each other's change: the later one stands"
    spans: list[Span] = [(count_text(len(settling)), "warn"), *([(hint, "dim")] if len(hint) + 24 < cells else [])]
    lines = [section_line(SETTLE, spans, is_unfolded=is_unfolded)]
    for number, each in enumerate(settling[:_MOST_SETTLING]) if is_unfolded else ():
        one = each.one
        name = clean(each.name, max_chars=200)
        what = clean(what_text(one.action, one.detail), max_chars=60)
        keys: list[Span] = []
        if may_write:
            keys = [("← ", "key"), ("the first  ", "dim"), ("→ ", "key"), ("the last  ", "dim")]
            keys += [("b ", "key"), ("both", "dim")] if may_be_both(one) else []
        room = max(8, cells - 12 - cells_of(what) - length_of(keys))
        head: list[Span] = [("     ", "text"), (f"{what} of ", "text"), (fit_middle(name, min(cells_of(name), room)), "accent"), ("   ", "text"), *keys]  # fmt: skip
        lines.append(Line(head, Link("fold", f"{THING}{number}")))
        who = max(cells_of(clean(choice.author, max_chars=60)) for choice in one.choices)
        lines += [
            _choice_line(
                number,
                choice,
                one.action,
                who=min(who, 24),
                stands=choice is one.choices[-1],
                now_ms=now_ms,
                cells=cells,
            )
            for choice in one.choices
        ]
    return lines


def _choice_line(number: int, choice: Choice, action: str, *, who: int, stands: bool, now_ms: int, cells: int) -> Line:
    value = value_text(choice.state, action)
    shown = "taken away" if value is None else f'"{clean(value, max_chars=500)}"'
    room = max(10, min(_VALUE_CELLS, cells - who - 34))
    return Line(
        [
            (f"       {fit(moment_text(choice.time_ms, now_ms), 11)}  ", "dim"),
            (f"{fit_middle(clean(choice.author, max_chars=60), who)}  ", "text"),
            (fit(shown, min(room, cells_of(shown))), "text" if value is not None else "dim"),
            *([("  stands", "good")] if stands else []),
        ],
        Link("fold", f"{CHOICE}{number}:{choice.event_id}"),
    )


# Where it came from


def came_lines(
    provenance: Provenance | None, signature: Signature | None, *, is_unfolded: bool, now_ms: int, cells: int
) -> list[Line]:
    """Show who wrote to the catalog, and what was merged and imported into it."""
    if provenance is None:
        return [section_line(CAME, [("…", "dim")], is_unfolded=is_unfolded)]
    hosts = {origin.who.rpartition("@")[2] for origin in provenance.origins if origin.who}
    parts: list[Span] = [(plural(max(1, len(provenance.origins)), "origin"), "text")]
    parts += [(_few(sorted(map(clean, hosts))), "dim")] if hosts else []
    parts += [(plural(len(provenance.merges), "merge"), "text")] if provenance.merges else []
    parts += [(plural(provenance.import_count, "import"), "text")] if provenance.import_count else []
    if signature is not None:
        parts.insert(0, (clean(signature.text, max_chars=120), "good" if signature.state == "good" else "warn"))
    lines = [section_line(CAME, fitted(parts, cells=cells - 4 - _TITLE_CELLS), is_unfolded=is_unfolded)]
    if not is_unfolded:
        return lines
    if signature is not None:
        lines.append(_plain(clean(signature.text, max_chars=400), cells=cells, style="good" if signature.state == "good" else "warn"))  # fmt: skip
    lines += [_origin_line(origin, now_ms=now_ms, cells=cells) for origin in provenance.origins]
    for merge in provenance.merges[:_MOST_MERGES]:
        brought = clean(merge.brought, max_chars=200)
        room = max(12, cells - 40 - cells_of(brought))
        place = clean(merge.location, max_chars=1_000)
        lines.append(Line([
            (f"     {fit(moment_text(merge.time_ms, now_ms), 11)}  merged  ", "dim"),
            (fit(place, min(room, cells_of(place)), keep_end=True), "text"), (f"  {brought}", "dim"),
        ]))  # fmt: skip
    if len(provenance.merges) > _MOST_MERGES:
        lines.append(_plain(f"and {plural(len(provenance.merges) - _MOST_MERGES, 'more merge')}: in the journal, what ~ merged", cells=cells))  # fmt: skip
    if provenance.import_count:
        text = f"     {plural(provenance.import_count, 'import')} of other tools' stores: "
        lines.append(Line([(text, "text"), ("enter", "key"), (" shows what was taken and left", "dim")], Link("fold", IMPORTS)))  # fmt: skip
    return [*lines, BLANK]


def _few(words: Sequence[str]) -> str:
    return ", ".join(words[:3]) + (f" and {len(words) - 3} more" if len(words) > 3 else "")


def _origin_line(origin: Writer, *, now_ms: int, cells: int) -> Line:
    name = clean(origin.file or origin.who or "not said by whom", max_chars=120)
    counts = ((origin.runs, "run"), (origin.versions, "version"), (origin.changes, "change"))
    parts: list[Span] = [(plural(count, word), "text") for count, word in counts if count]
    own = "this installation" if origin.is_own else "another installation"
    parts += [(own, "dim"), (f"since {moment_text(origin.created_ms, now_ms)}", "dim"), (f"last {moment_text(origin.last_ms, now_ms)}", "dim")]  # fmt: skip
    width = min(30, max(12, cells // 4))
    head: list[Span] = [
        ("     ", "text"),
        ("▸ " if origin.is_current else "  ", "accent"),
        (fit_middle(name, width), "text"),
        ("  ", "text"),
    ]
    return Line([*head, *fitted(parts, cells=cells - length_of(head) - 1, gap="  ")])


# Others


def others_lines(
    provenance: Provenance | None,
    catalogs: Sequence[tuple[str, str, str]],
    *,
    is_unfolded: bool,
    now_ms: int,
    cells: int,
) -> list[Line]:
    """Show the places of teams, and other catalogs: each as its path, that path as it is shown, and what is known of it."""
    teams = provenance.teams if provenance is not None else ()
    parts: list[Span] = [
        (f"{_short(team.place)} {ago_text(max(team.pushed_ms, team.pulled_ms), now_ms)}", "text") for team in teams[:2]
    ]
    parts += [(plural(len(catalogs), "catalog") + " to open", "dim")] if catalogs else []
    parts = parts or [("none", "dim"), ("artui push PLACE shares with a team, ^g opens another catalog", "dim")]
    has_more = bool(teams or catalogs)
    lines = [
        section_line(OTHERS, fitted(parts, cells=cells - 4 - _TITLE_CELLS), is_unfolded=is_unfolded, has_more=has_more)
    ]
    if not is_unfolded or not has_more:
        return lines
    for team in teams[:_MOST_MERGES]:
        said = [("pushed", team.pushed, team.pushed_ms), ("pulled", team.pulled, team.pulled_ms)]
        texts: list[Span] = [
            (f"{word} {ago_text(time_ms, now_ms)}, {plural(count, 'pack')}", "dim") for word, count, time_ms in said if count
        ]  # fmt: skip
        place = clean(team.place, max_chars=1_000)
        head: list[Span] = [("     team     ", "dim"), (fit(place, min(cells_of(place), max(12, cells - 70)), keep_end=True), "text"), ("  ", "text")]  # fmt: skip
        lines.append(Line([*head, *fitted(texts, cells=cells - length_of(head) - 1)]))
    for path, shown, about in catalogs:
        text = clean(shown, max_chars=1_000)
        room = max(12, cells - cells_of(clean(about, max_chars=100)) - 20)
        lines.append(Line(
            [("     catalog  ", "dim"), (fit(text, min(cells_of(text), room), keep_end=True), "accent"), (f"  {clean(about, max_chars=100)}", "dim")],
            Link("fold", f"{OPEN}{path}"),
        ))  # fmt: skip
    return [*lines, BLANK]


def _short(place: str) -> str:
    return clean(place.rstrip("/").rpartition("/")[2] or place, max_chars=40)


def is_section(link: Link | None, sections: Collection[str] = tuple(TITLES)) -> bool:
    """Say whether a link is that of a section's line."""
    return link is not None and link.kind == "fold" and link.id.removeprefix(SECTION) in sections and link.id.startswith(SECTION)  # fmt: skip
