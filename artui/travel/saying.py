"""What sharing, merging and checking say of what they did, or would do: the same for the shell and for the screen of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from artui.query.wording import value_text, what_text
from artui.safetext import clean
from artui.times import time_text
from artui.units import bytes_text, duration_text, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from artui.catalog import Catalog
    from artui.catalog.checking import Finding
    from artui.catalog.merging.merge import Merged
    from artui.catalog.redacting import Redacted, Suspect
    from artui.catalog.unsettled import Unsettled
    from artui.travel.sharing import Count, Shared

NAMED_MOST = 5
FINDINGS_MOST = 20
VALUE_CHARS = 60


class Ways(NamedTuple):
    """How one does what is advised, where it is said."""

    redact: str
    without_content: str
    forget: str
    all_of_them: str


SHELL = Ways(
    "--redact takes them out",
    "--no-content leaves them out",
    "`artui forget TEXT` out of the catalog",
    "--json has all",
)
SCREEN = Ways(
    "redacting takes them out",
    "without content they stay here",
    "`artui forget TEXT` out of the catalog",
    "`artui merge --json` has all",
)


# Sharing


def share_lines(shared: Shared, target: Path, *, is_dry: bool, ways: Ways = SHELL) -> Iterator[str]:
    """Say what goes out, what stays, and what whoever gets it should know."""
    will = "would take" if is_dry else "takes"
    packed = f" with {bytes_text(shared.content_bytes.shared)} of files, packed" if shared.content_bytes.shared else ""
    yield f"{clean(str(target))} {will} {bytes_text(shared.size_bytes)}: {_of(shared.runs, 'run')}, {plural(shared.points, 'point')}, {plural(shared.journal_entries, 'change')} in the journal, and {_of(shared.versions, 'version')}{packed}."  # fmt: skip
    if shared.content_bytes.kept_back:
        yield f"  {bytes_text(shared.content_bytes.kept_back)} of files {'stay' if shared.content_bytes.shared else 'stay, all of them,'} here"
    if shared.outside:
        size = sum(each.size_bytes for each in shared.outside)
        named = ", ".join(clean(each.reference) for each in shared.outside[:NAMED_MOST])
        more = f" and {len(shared.outside) - NAMED_MOST:,} more" if len(shared.outside) > NAMED_MOST else ""
        yield f"  files outside of the catalog do not go along: {plural(len(shared.outside), 'version')}, {bytes_text(size)}: {named}{more}"
    if shared.running:
        yield f"  {plural(len(shared.running), 'run')} still going on: {'it is' if len(shared.running) == 1 else 'they are'} in it as of now; share or merge again later"
    if shared.suspects:
        looks = dict.fromkeys(f"{each.kind} in the {each.column} of {_of_what(each)}" for each in shared.suspects)
        more = f" and {len(looks) - NAMED_MOST:,} more" if len(looks) > NAMED_MOST else ""
        yield f"  ! {plural(len(shared.suspects), 'text')} {'looks' if len(shared.suspects) == 1 else 'look'} like a secret: {', '.join(clean(text) for text in list(looks)[:NAMED_MOST])}{more}; {ways.redact}, {ways.forget}"
    if shared.redacted is not None:
        yield from _redacted(shared.redacted, ways)
    merged = shared.merged
    ids = (*merged.damaged, *merged.missing_content)
    if ids:
        yield f"  damaged here, left out: {', '.join(clean(each) for each in ids[:NAMED_MOST])}{f' and {len(ids) - NAMED_MOST:,} more' if len(ids) > NAMED_MOST else ''}"
    if merged.left_out:
        yield f"  {plural(merged.left_out, 'row')} of damaged tables left out"
    if is_dry:
        yield "Nothing was written: this was a dry run."
    elif shared.redacted is None:
        yield f"  it names people, hosts and folders; {ways.redact}"


def _redacted(redacted: Redacted, ways: Ways) -> Iterator[str]:
    people = "1 person" if redacted.people == 1 else f"{redacted.people:,} people"
    counts = [people] if redacted.people else []
    counts += [plural(count, word) for count, word in ((redacted.hosts, "host"), (redacted.folders, "folder")) if count]
    rows = sum(redacted.cells.values())
    yield f"  redacted ({', '.join(redacted.classes)}): {', '.join(counts) + ' renamed, ' if counts else ''}{plural(rows, 'row')} changed or taken out"
    if redacted.secrets:
        yield f"  {plural(redacted.secrets, 'text')} looked like a secret"
    if redacted.content:
        reasons: dict[str, list[str]] = {}
        for file, why in redacted.content:
            reasons.setdefault(why, []).append(file)
        for why, files in sorted(reasons.items(), key=lambda item: -len(item[1])):
            more = f" and {len(files) - NAMED_MOST:,} more" if len(files) > NAMED_MOST else ""
            yield f"  the content of {plural(len(files), 'file')} stays here, {why}: {', '.join(clean(file) for file in files[:NAMED_MOST])}{more}"
    if redacted.not_searched:
        yield f"  {plural(redacted.not_searched, 'file')} with packed content could not be searched; {ways.without_content}"
    yield "  names of runs, params and metrics stay, and so do digests: who has a file can tell that it was used"


def _of_what(each: Suspect) -> str:
    word = {"param": "param of ", "tag": "tag of ", "context": "surroundings of ", "preview": "preview of "}.get(
        each.table, ""
    )
    return f"{word}{each.name}" if each.name else f"a {each.table}"


def _of(count: Count, word: str) -> str:
    if not count.kept_back:
        return plural(count.shared, word)
    return f"{count.shared:,} of {plural(count.shared + count.kept_back, word)}"


# Merging


def names_to_settle(catalog: Catalog, merged: Sequence[Merged]) -> dict[str, str]:
    """Give what the things are called of which something is to be settled."""
    ids = {each.subject_id for one in merged for each in one.to_settle}
    names: dict[str, str] = {}
    with catalog.transaction() as connection:
        for subject_id in ids:
            for query in _NAMES:
                row = connection.execute(query, (subject_id,)).fetchone()
                if row is not None:
                    names[subject_id] = str(row[0])
    return names


_NAMES = (
    "SELECT name FROM run WHERE id = ?", "SELECT name FROM artifact WHERE id = ?",
    "SELECT a.name || ':v' || v.number FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE v.id = ?",
)  # fmt: skip


def _settling(each: Unsettled, names: Mapping[str, str]) -> Iterator[str]:
    name = names.get(each.subject_id, each.subject_id)
    what = what_text(each.action, each.detail)
    yield f"  to settle: {clean(what)} of {clean(name)}"
    for choice in each.choices:
        stands = "  stands" if choice is each.choices[-1] else ""
        value = value_text(choice.state)
        shown = "taken away" if value is None else f'"{clean(value)[:VALUE_CHARS]}"'
        yield f"    {time_text(choice.time_ms)}  {clean(choice.author)}  {shown}{stands}"


def merge_lines(one: Merged, names: Mapping[str, str], *, is_dry: bool, ways: Ways = SHELL) -> list[str]:
    """Say what came of one catalog: a line, and one for each thing that is wrong with it."""
    parts = [
        plural(count, word)
        for count, word in (
            (one.new_runs, "new run"), (one.changed_runs, "changed run"), (one.new_versions, "new version"), (one.changed_versions, "changed version"),
            (one.points, "point"), (one.forgotten, "forgotten thing"),
        )
        if count
    ]  # fmt: skip
    if one.changes:
        parts.append(plural(one.changes, "change"))
    if one.content_bytes:
        parts.append(f"{bytes_text(one.content_bytes)} of content")
    lines = [f"{clean(one.path)}: {', '.join(parts) if parts else 'nothing that is not there already'}"]
    ids = (*one.damaged, *one.missing_content)
    if one.damaged:
        lines.append(
            f"  {plural(len(one.damaged), 'thing')} damaged there, nothing was taken of: {_named(one.damaged)}"
        )
    if one.missing_content:
        lines.append(
            f"  content damaged there, left out, of {plural(len(one.missing_content), 'version')}: {_named(one.missing_content)}"
        )
    if one.odd_changes:
        lines.append(f"  {plural(one.odd_changes, 'change')} with the same id and other content: one of both is kept")
    if one.left_out:
        lines.append(f"  {plural(one.left_out, 'row')} of damaged tables left out")
    for each in one.to_settle[:NAMED_MOST]:
        lines += _settling(each, names)
    if len(one.to_settle) > NAMED_MOST:
        lines.append(f"  and {len(one.to_settle) - NAMED_MOST:,} more to settle: {ways.all_of_them}")
    if one.to_settle:
        lines.append("  whoever changes such a thing again has settled it")
    if (ids or one.left_out) and not is_dry:
        lines.append("  an untouched copy of it, merged again, completes them")
    return lines


def _named(ids: tuple[str, ...]) -> str:
    more = f" and {len(ids) - NAMED_MOST:,} more" if len(ids) > NAMED_MOST else ""
    return ", ".join(clean(each) for each in ids[:NAMED_MOST]) + more


# Checking


def finding_lines(findings: Sequence[Finding], *, ways: Ways = SHELL) -> Iterator[str]:
    """Say what is wrong with a catalog, a line each."""
    for each in findings[:FINDINGS_MOST]:
        yield f"{each.kind:9}  {finding_text(each)}"
    if len(findings) > FINDINGS_MOST:
        yield f"           and {len(findings) - FINDINGS_MOST:,} more: {ways.all_of_them}"


def finding_text(finding: Finding) -> str:
    """Say what is wrong, and with what."""
    return clean(f"{finding.name}: " if finding.name else "") + clean(finding.text)


def verdict_text(what: str, size_bytes: int, milliseconds: int, wrong_count: int) -> str:
    """Say what a check came to."""
    verdict = f"{plural(wrong_count, 'thing')} wrong" if wrong_count else "nothing is wrong"
    return f"{what} of {bytes_text(size_bytes)} looked at in {duration_text(milliseconds)}: {verdict}"
