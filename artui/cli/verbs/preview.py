"""`artui preview REF`: what the files of a version hold; what was not previewed when it was saved, is now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import json_option, one_of, open_reader, print_json, progress_bar, say_damaged, so_far
from artui.cli.sheets import print_sections
from artui.errors import ArtuiError, CatalogLocked, CatalogReadOnly, CatalogTooNew, UsageError
from artui.safetext import clean
from artui.units import count_text, plural

if TYPE_CHECKING:
    from artui.model import ManifestFile, Preview, VersionDetail
    from artui.model.profiles import TableProfile
    from artui.profile.column import Profile
    from artui.query.reader import Reader

MAX_FILES = 100
"""So many files are previewed in one call, the first by path."""
PREVIEW_ROWS = 50
PREVIEW_LINES = 200
PREVIEW_COLUMNS = 200


@click.command("preview")
@click.argument("refs", nargs=-1, metavar="REF", shell_complete=completing.references)
@click.option("--file", "-f", "patterns", multiple=True, metavar="GLOB", help="Only files whose path matches, such as '*.onnx'; may be given again.")  # fmt: skip
@click.option("--again", is_flag=True, help="Look at the files anew, even if there is a preview: a newer artui may read more of them.")  # fmt: skip
@catalog_option
@json_option
def command(refs: tuple[str, ...], patterns: tuple[str, ...], again: bool, catalog: str | None, as_json: bool) -> int:
    """Show what the files of REF (NAME, NAME:v3 or NAME:ALIAS) hold; those without a preview are looked at now, and it is kept in the catalog."""
    from artui.query.artifacts import get_version, previews
    from artui.query.profiles import of_sketch, profiles
    from artui.query.references import find_version

    refs, catalog = without_catalog(refs, catalog)
    ref = one_of(refs, "REF")
    with open_reader(catalog) as reader:
        version = get_version(reader, find_version(reader, ref).id)
        say_damaged([(version.head.reference, version.damaged)] if version.damaged else [])
        every = _matching(version, patterns)
        files = every[:MAX_FILES]
        kept = previews(reader, version.head.key)
        made, left_out = _looked_at(reader, version, [file for file in files if again or file.path not in kept])
        made |= _with_thumbnails(
            reader, version, {**{file.path: kept[file.path] for file in files if file.path in kept}, **made}
        )
        known = profiles(reader, version.head.key)
        tables, untold = _profiled(reader, version, [file for file in files if again or file.path not in known])
        path = reader.path
    shown = {file.path: preview for file in files if (preview := made.get(file.path) or kept.get(file.path))}
    counted = {file.path: known[file.path] for file in files if file.path in known}
    counted |= {path: of_sketch(table) for path, table in tables.items()}
    why_not_kept = _keep(path, version.head.id, made, tables) if made or tables else ""
    if as_json:
        from artui.cli.contract import preview_record, profile_record

        print_json(
            reference=version.head.reference, previews={name: preview_record(preview) for name, preview in shown.items()},
            profiles={name: profile_record(table) for name, table in counted.items()},
            made=list(dict.fromkeys((*made, *tables))), left_out=left_out, is_kept=not why_not_kept,
        )  # fmt: skip
    else:
        _print(shown, counted)
        _say(
            [*made, *(path for path in tables if path not in made)],
            {**left_out, **untold},
            why_not_kept,
            unseen_count=len(every) - len(files),
        )
    return 1 if left_out else 0


def _matching(version: VersionDetail, patterns: Sequence[str]) -> list[ManifestFile]:
    """Give the files that are asked for; links have no content of their own."""
    files = [
        file
        for file in version.files
        if not file.link_target and (not patterns or any(fnmatchcase(file.path, pattern) for pattern in patterns))
    ]
    if not files:
        what = f"no file that matches {' or '.join(patterns)}" if patterns else "no files"
        raise UsageError(
            f"{version.head.reference} has {what}.", remedy=f"`artui show {version.head.reference}` lists its files."
        )
    return files


def _looked_at(
    reader: Reader, version: VersionDetail, files: Sequence[ManifestFile]
) -> tuple[dict[str, Preview], dict[str, str]]:
    """Preview files; those whose content is not to be had are left out, with the reason."""
    from artui.preview import preview
    from artui.query.opened import open_content

    made, left_out = {}, {}
    for file in files:
        try:
            with open_content(reader, version.head.key, file.path) as stream:
                made[file.path] = preview(file.path, stream, file.size_bytes)
        except ArtuiError as error:
            left_out[file.path] = str(error)
    return made, left_out


def _profiled(
    reader: Reader, version: VersionDetail, files: Sequence[ManifestFile]
) -> tuple[dict[str, Profile], dict[str, str]]:
    """Say what the columns of tables are like, showing how far it is; those that cannot be read are left out, with the reason."""
    from artui.content.profiles import apart, at_once, is_table
    from artui.profile.tables import NotATable, TookTooLong
    from artui.query.opened import open_content

    made, left_out = {}, {}
    for file in files:
        if not is_table(file.path):
            continue
        try:
            with open_content(reader, version.head.key, file.path) as stream:
                small = at_once(file.path, stream, file.size_bytes)
                if small is None:
                    with progress_bar(file.size_bytes, f"reading {clean(file.path, max_chars=40)}") as advance:
                        small = apart(file.path, stream, file.size_bytes, tell=so_far(advance))
                made[file.path] = small
        except NotATable as error:
            left_out[file.path] = f"its columns are not counted: {error}"
        except TookTooLong:
            left_out[file.path] = "its columns are not counted: that takes too long"
        except ArtuiError:
            continue  # said of its preview
    return made, left_out


def _with_thumbnails(reader: Reader, version: VersionDetail, previews: Mapping[str, Preview]) -> dict[str, Preview]:
    """Give the previews of pictures whose bytes are not in the catalog with a small picture, if they had none."""
    from artui.content.images import thumbnails
    from artui.query.opened import open_content

    if version.head.storage == "embedded":
        return {}
    return thumbnails(previews, lambda path: open_content(reader, version.head.key, path))


def _keep(path: Path, version_id: str, made: Mapping[str, Preview], tables: Mapping[str, Profile]) -> str:
    """Write previews and profiles into the catalog; give the reason if it may not be changed."""
    from artui.catalog import Catalog, artifacts
    from artui.catalog import profiles as kept

    try:
        with Catalog(path, create=False) as catalog, catalog.transaction() as connection:
            artifacts.put_previews(connection, version_id, made)
            kept.put(connection, version_id, tables)
    except (CatalogReadOnly, CatalogLocked, CatalogTooNew) as error:
        return str(error)
    return ""


def _print(shown: Mapping[str, Preview], counted: Mapping[str, TableProfile]) -> None:
    from artui.sheets.profile import profile_section
    from artui.sheets.version import preview_section

    for path, preview in shown.items():
        print_sections(
            [
                preview_section(
                    path, preview, most_rows=PREVIEW_ROWS, most_lines=PREVIEW_LINES, is_profiled=path in counted
                )
            ]
        )
        if path in counted:
            print_sections([profile_section(path, counted[path], most=PREVIEW_COLUMNS)])


def _say(made: Sequence[str], left_out: Mapping[str, str], why_not_kept: str, *, unseen_count: int) -> None:
    if made and not why_not_kept:
        kept = "its preview is" if len(made) == 1 else "their previews are"
        click.echo(f"artui: looked at {plural(len(made), 'file')}; {kept} in the catalog now", err=True)
    elif made:
        click.echo(f"artui: looked at {plural(len(made), 'file')}, not kept: {clean(why_not_kept)}", err=True)
    for path, why in left_out.items():
        click.echo(f"artui: left out {clean(path)}: {clean(why)}", err=True)
    if unseen_count:
        click.echo(f"artui: {count_text(unseen_count)} more files: choose among them with --file", err=True)
