"""`artui help [SUBJECT]`: shows and searches the manual."""

from __future__ import annotations

import click

from artui.cli import VERBS, completing, manual
from artui.cli.common import json_option, print_json
from artui.errors import UsageError
from artui.safetext import clean

SEARCH = "search"
EXCERPT_CHARS = 160


@click.command("help")
@click.argument("words", nargs=-1, metavar="[SUBJECT]", shell_complete=completing.subjects)
@json_option
def command(words: tuple[str, ...], as_json: bool) -> int:
    """Show a page of the manual: `artui help filters`. Without SUBJECT list the pages.

    \b
    artui help SUBJECT          a page, or the section with that heading
    artui help VERB             how a verb is called
    artui help keys             every key of the app
    artui help search WORDS     the lines of the manual that have these words

    On a terminal a page is shown by $PAGER, or by less, in which / searches.
    """
    subject = " ".join(words)
    if not words:
        _list(as_json)
    elif words[0] == SEARCH:
        return _search(list(words[1:]), as_json)
    elif subject in manual.names():
        _show([manual.page(subject).text], [subject], as_json)
    elif subject in VERBS:
        _show_verb(subject, as_json)
    elif sections := manual.sections_about(subject):
        _show([section.text for section in sections], [section.page for section in sections], as_json)
    else:
        raise _unknown(subject)
    return 0


def _list(as_json: bool) -> None:
    summaries = [
        (name, manual.KEYS_SUMMARY if name == manual.KEYS else manual.page(name).summary) for name in manual.names()
    ]
    if as_json:
        print_json(subjects=[{"subject": name, "summary": summary} for name, summary in summaries])
        return
    width = max(len(name) for name, _ in summaries)
    lines = [f"  {name:{width}}  {summary}" for name, summary in summaries]
    ways = [
        "`artui help SUBJECT` shows a page, `artui help VERB` how a verb is called,",
        "`artui help search WORDS` the lines of the manual that have these words.",
    ]
    click.echo("\n".join(["The manual:", "", *lines, "", *ways]))


def _show(texts: list[str], pages: list[str], as_json: bool) -> None:
    if as_json:
        print_json(pages=[{"subject": page, "markdown": text} for page, text in zip(pages, texts, strict=True)])
        return
    from artui.cli.markdown import show

    where = "" if texts[0].startswith("# ") else " · ".join(f"`artui help {name}`" for name in dict.fromkeys(pages))
    show("\n".join([*texts, f"The whole page: {where}" if where else ""]))


def _show_verb(name: str, as_json: bool) -> None:
    from artui.cli.group import cli

    context = click.Context(cli, info_name="artui")
    verb = cli.get_command(context, name)
    assert verb is not None  # it is one of VERBS
    text = verb.get_help(click.Context(verb, info_name=name, parent=context, max_content_width=110))
    pages = manual.pages_about(name)
    if as_json:
        print_json(verb=name, help=text, subjects=pages)
        return
    click.echo(text)
    if pages:
        click.echo("\nIn the manual: " + ", ".join(f"artui help {page}" for page in pages))


def _search(words: list[str], as_json: bool) -> int:
    if not words:
        raise UsageError("There is nothing to search for.", remedy="Give some words, as in `artui help search nan`.")
    hits = manual.search(words)
    if as_json:
        print_json(hits=[{"subject": hit.page, "heading": hit.heading, "line": hit.line} for hit in hits])
        return 0 if hits else 1
    if not hits:
        click.echo(f"artui: The manual has nothing with {clean(' '.join(words))!r}. `artui help` lists its pages.", err=True)  # fmt: skip
        return 1
    place = ""
    for hit in hits:
        if place != (place := f"{hit.page}: {hit.heading}"):
            click.echo(place)
        click.echo(f"    {_excerpt(hit.line, words)}")
    return 0


def _excerpt(line: str, words: list[str]) -> str:
    """Cut a long line around the first of the words, at blanks."""
    if len(line) <= EXCERPT_CHARS:
        return line
    place = min(at for word in words if (at := line.casefold().find(word.casefold())) >= 0)
    start = max(0, min(place - EXCERPT_CHARS // 3, len(line) - EXCERPT_CHARS))
    start = line.find(" ", start) + 1 if start else 0
    end = start + EXCERPT_CHARS
    end = len(line) if end >= len(line) else max(line.rfind(" ", start, end), start + 1)
    return f"{'… ' if start else ''}{line[start:end]}{' …' if end < len(line) else ''}"


def _unknown(subject: str) -> UsageError:
    import difflib

    subjects = [*dict.fromkeys([*manual.names(), *VERBS, *sorted(manual.heading_words())])]
    text = subject.casefold()
    near = [name for name in subjects if len(text) > 2 and name.startswith(text)]
    near += difflib.get_close_matches(text, subjects, n=3, cutoff=0.7)
    near = list(dict.fromkeys(near))[:3]
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    search = f"artui help search {clean(subject)}"
    return UsageError(
        f"The manual has no page {clean(subject)!r}.",
        remedy=f"{hint}`artui help` lists the pages; `{search}` looks for the word in all of them.",
    )
