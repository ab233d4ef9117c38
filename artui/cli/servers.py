"""Shared by `push`, `pull` and `sync` where the place is an MLflow server: what came and went, in words and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from artui.cli.common import print_json
from artui.cli.progress import Bar
from artui.errors import UsageError
from artui.safetext import clean
from artui.units import bytes_text, count_text, plural

if TYPE_CHECKING:
    from artui.exchange.mlflow.exporter import Pushed
    from artui.exchange.mlflow.rest import Place, Server
    from artui.exchange.mlflow.syncing import Pulled

_NAMED_MOST = 20


def refuse_redaction(redact: str | None) -> None:
    """Refuse what is said of packs alone.

    Raises:
        UsageError: something is to be redacted.
    """
    if redact is not None:
        raise UsageError(
            "Nothing is redacted on the way to a server: it keeps who did what.",
            remedy="`artui share OUT --redact` makes a copy without it; push that.",
        )


def push_to(dest: str, path: Path, *, with_files: bool, is_dry: bool, as_json: bool) -> int:
    """Push to a server, and say what went there."""
    from artui.exchange.mlflow.rest import parse_place
    from artui.exchange.mlflow.syncing import push

    place = parse_place(dest)
    with Bar() as bar:
        pushed = push(place, path, is_dry=is_dry, with_files=with_files, tell=bar.tell, opened=_opened(bar))
    if as_json:
        print_json(place=pushed.place, catalog=str(path), is_done=not is_dry, **pushed_record(pushed))
    else:
        _echo(pushed_lines(pushed, is_dry=is_dry), is_dry=is_dry)
    return 1 if pushed.refused else 0


def pull_from(src: str, path: Path, *, is_dry: bool, as_json: bool) -> int:
    """Pull from a server, and say what came."""
    from artui.exchange.mlflow.rest import parse_place
    from artui.exchange.mlflow.syncing import pull

    place = parse_place(src)
    with Bar() as bar:
        pulled = pull(place, path, progress=_progress(bar), is_dry=is_dry, opened=_opened(bar))
    if as_json:
        print_json(place=place.shown, catalog=str(path), is_done=not is_dry, **pulled_record(pulled))
    else:
        _echo(pulled_lines(pulled, place.shown, is_dry=is_dry), is_dry=is_dry)
    return 1 if pulled.report.damaged_count else 0


def sync_with(dest: str, path: Path, *, with_files: bool, is_dry: bool, as_json: bool) -> int:
    """Pull from a server, then push to it, and say what came and went."""
    from artui.exchange.mlflow.rest import parse_place
    from artui.exchange.mlflow.syncing import pull, push

    place = parse_place(dest)
    with Bar() as bar:
        pulled = pull(place, path, progress=_progress(bar), is_dry=is_dry, opened=_opened(bar))
    with Bar() as bar:
        pushed = push(place, path, is_dry=is_dry, with_files=with_files, tell=bar.tell, opened=_opened(bar))
    if as_json:
        print_json(place=place.shown, catalog=str(path), is_done=not is_dry, **pulled_record(pulled), **pushed_record(pushed))  # fmt: skip
    else:
        _echo((*pulled_lines(pulled, place.shown, is_dry=is_dry), *pushed_lines(pushed, is_dry=is_dry)), is_dry=is_dry)
    return 1 if pulled.report.damaged_count or pushed.refused else 0


def _opened(bar: Bar) -> Callable[[Place], Server]:
    """Give what opens a server, and shows when it has to be asked again."""
    from artui.exchange.mlflow.rest import Server

    return lambda place: Server(place, tell=bar.say)


def _progress(bar: Bar) -> Callable[[Any, str], None]:
    """Show how many runs were looked at while a server is read."""
    return lambda report, _: bar.count("pulling", sum(report.runs.values()))


def _echo(lines: Any, *, is_dry: bool) -> None:
    for line in lines:
        click.echo(line)
    if is_dry:
        click.echo("Nothing was written: this was a dry run.", err=True)


def pushed_lines(pushed: Pushed, *, is_dry: bool) -> Iterator[str]:
    """Say what went to a server."""
    if not pushed.has_news:
        yield f"nothing new for {clean(pushed.place)}: it has all of {plural(sum(pushed.runs.values()), 'run')}"
    else:
        did = "would go" if is_dry else "went"
        runs = ", ".join(
            f"{count_text(count)} {word}" for word, count in pushed.runs.items() if count and word != "unchanged"
        )
        yield f"{did} to {clean(pushed.place)}: runs {runs}{_parts(pushed.brought)}"
    yield from _named("not taken there", pushed.refused)
    if pushed.retries:
        yield f"the server was asked again {plural(pushed.retries, 'time')}"


def pulled_lines(pulled: Pulled, place: str, *, is_dry: bool) -> Iterator[str]:
    """Say what came from a server."""
    report = pulled.report
    if not pulled.has_news:
        yield f"nothing new on {clean(place)}"
    else:
        came = Counter({word: count for word, count in report.runs.items() if word in ("new", "updated")})
        runs = ", ".join(f"{count_text(count)} {word}" for word, count in came.items() if count)
        did = "would come" if is_dry else "came"
        yield f"{did} from {clean(place)}: runs {runs or 'none new'}{_parts(report.taken)}"
    for run_id, words in list(pulled.edits.items())[:_NAMED_MOST]:
        yield f"  changed there: {clean(pulled.names.get(run_id, run_id))}: {clean(', '.join(words))}"
    if len(pulled.edits) > _NAMED_MOST:
        yield f"  and of {plural(len(pulled.edits) - _NAMED_MOST, 'more run')}"
    for run, what in report.damaged:
        yield f"  not whole: {clean(run)}: {clean(what)}"
    yield from _named("left there", report.left)
    yield from _named("taken in another form", report.changed)


def _parts(brought: Mapping[str, int]) -> str:
    words = [
        bytes_text(count) if word == "bytes" else _counted(count, word) for word, count in brought.items() if count
    ]
    return f"; {', '.join(words)}" if words else ""


def _counted(count: int, words: str) -> str:
    one = {"series": "series", "aliases": "alias"}.get(words, words.removesuffix("s"))
    return f"{count_text(count)} {one if count == 1 else words}"


def _named(title: str, counts: Mapping[tuple[str, str], int]) -> Iterator[str]:
    for (what, why), count in sorted(counts.items(), key=lambda item: -item[1])[:_NAMED_MOST]:
        yield f"  {title}: {clean(what)} ({count_text(count)}): {clean(why)}"
    if len(counts) > _NAMED_MOST:
        yield f"  {title}: {plural(len(counts) - _NAMED_MOST, 'more kind')}"


def pushed_record(pushed: Pushed) -> dict[str, Any]:
    """Give what went to a server as JSON."""
    return {
        "went": dict(pushed.runs), "brought": dict(pushed.brought),
        "refused": [{"what": what, "why": why, "count": count} for (what, why), count in pushed.refused.items()], "retries": pushed.retries,
    }  # fmt: skip


def pulled_record(pulled: Pulled) -> dict[str, Any]:
    """Give what came from a server as JSON: the report of an import, and what people changed there."""
    return {"came": pulled.report.plain(), "edits": {run_id: list(words) for run_id, words in pulled.edits.items()}}
