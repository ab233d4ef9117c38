"""What people change about runs and versions wherever they see them: tags, notes, projects, the trash, aliases; undo and redo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from artui.errors import UsageError
from artui.model import PRODUCTION, Column, check_fact
from artui.query.artifactrows import heads_of
from artui.query.artifacts import aliased_version
from artui.query.given import alias_answers, fact_answers, project_answers, tag_answers
from artui.query.resting import resting_on
from artui.query.runs.order import RunsRequest, run_order
from artui.query.runs.rows import run_ids, run_keys, run_rows
from artui.reference import check_alias, check_given_alias
from artui.safetext import cells_of, clean
from artui.sheets.sheet import MIDDLE_DOT
from artui.sheets.version import consequences
from artui.tui.aliases import chosen_aliases
from artui.tui.cells import fit_middle
from artui.tui.screens.reaching import go_on_with, names_of_runs, names_of_versions
from artui.tui.state.marks import Reach
from artui.tui.tagging import quoted_tag, tag_changes
from artui.tui.widgets.prompt import ENTRY_CELLS, Prompt
from artui.units import bytes_text, count_text, number_texts, plural

if TYPE_CHECKING:
    from artui.catalog.events import Edit, Outcome
    from artui.model import Resting, RunRow, VersionHead
    from artui.query.reader import Reader
    from artui.tui.screens.base import CatalogScreen
    from artui.tui.state.arrangement import Place

_NAME_CHARS = 40
_MAX_TAGS_NAMED, _MAX_PROJECTS_NAMED = 4, 6
_NUMBER_CELLS = 12
_MOST_ASKED = 160
"""So many characters of a question stand before the name that it is about, and behind it."""
_LEAST_NAME_CELLS = 12
"""A name in a question is cut to no less."""


class Editor:
    """Changes what a screen shows: asks for what is needed, and takes changes back."""

    def __init__(self, screen: CatalogScreen) -> None:
        self._screen = screen
        self._is_warned = False
        """Whether it was just said that the last change is older than what nothing takes back."""

    def _say(self, text: str, *, is_warning: bool = False) -> None:
        self._screen.artui.say(text, is_warning=is_warning)

    def prompt(
        self,
        question: str,
        answer: Callable[[str], None],
        *,
        text: str = "",
        keeps_text: bool = False,
        names: Callable[[Reader], Sequence[str]] | None = None,
        enter_word: str = "keep",
        is_list: bool = False,
        is_filled: bool = False,
        hint: Callable[[Sequence[str]], str] = lambda names: "",
        about: str = "",
    ) -> None:
        """Ask for a text, if the catalog may be written; tab completes it to one of the names, or the last of a list.

        `enter_word` says what enter does, `hint` what stands behind the question once the names are known, and `about`
        what is to be known before.
        """
        if not self._is_writable():
            return
        screen, prompt = self._screen, self._screen.query_one(Prompt)
        prompt.ask(
            question,
            answer,
            text=text,
            keeps_text=keeps_text,
            enter_word=enter_word,
            is_list=is_list,
            is_filled=is_filled,
            about=about,
        )
        if names is not None:
            reader, asked = screen.reader, prompt.asked_count
            screen.ask("names", lambda: names(reader), lambda given: prompt.offer(given, to=asked, hint=hint(given)))

    def _is_writable(self) -> bool:
        why_not = self._screen.reader.why_not_writable
        if why_not:
            self._say(why_not, is_warning=True)
        return not why_not

    def _said_of_change(self, text: str, is_changed: bool) -> None:
        self._say(f"{clean(text)} · u takes it back" if is_changed else clean(text))
        self._screen.load()

    def save_view(self, place: Place, name: str, content: str) -> None:
        """Keep a view in the catalog under a name."""
        path = self._screen.reader.path
        if not self._is_writable():
            return

        def work() -> bool:
            from artui.catalog import Catalog, events
            from artui.query.runs.views import saved_views

            is_other = name in {view.name for view in saved_views(self._screen.reader, place)}
            with Catalog(path) as catalog, events.editing(catalog, f"change of view {name}") as edit:
                edit.save_view(name, place, content)
            return is_other

        def say(is_other: bool) -> None:
            done = "replaces the one before · u takes it back" if is_other else "is kept in the catalog · ^o opens it"
            self._say(f"view {name} {done}")

        self._screen.change("edit", work, say)

    def rename_view(self, place: Place, before: str, after: str, content: str) -> None:
        """Keep a view under another name, as one edit."""
        path = self._screen.reader.path
        if not self._is_writable():
            return

        def work() -> None:
            from artui.catalog import Catalog, events

            with Catalog(path) as catalog, events.editing(catalog, f"new name {after} of view {before}") as edit:
                edit.save_view(after, place, content)
                edit.delete_view(before)

        self._screen.change("edit", work, lambda _: self._say(f"view {before} is {after} now"))

    def delete_view(self, name: str) -> None:
        """Remove a view from the catalog."""
        path = self._screen.reader.path
        if not self._is_writable():
            return

        def work() -> None:
            from artui.catalog import Catalog, events

            with Catalog(path) as catalog, events.editing(catalog, f"removal of view {name}") as edit:
                edit.delete_view(name)

        self._screen.change("edit", work, lambda _: self._say(f"view {name} is gone · u takes it back"))

    def undo(self) -> None:
        """Take the last change back."""
        self._turn("undo", "taken back", "There is nothing to take back.")

    def redo(self) -> None:
        """Do again what was taken back."""
        self._turn("redo", "done again", "There is nothing to do again.")

    def _turn(self, turn: str, done: str, nothing: str) -> None:
        if not self._is_writable():
            return
        path = self._screen.reader.path

        is_undo = turn == "undo"
        asks = is_undo and not self._is_warned
        self._is_warned = False
        progress, does = self._screen.progress(), "taking back" if is_undo else "doing again"

        def tell(label: str, number: int, count: int) -> None:
            if number == count - 1:
                progress.finishes(f"{does}: {clean(label)}", count)
            else:
                progress.at(f"{does}: {clean(label)}", number, count)

        def work() -> Outcome | None:
            from artui.catalog import Catalog, events

            with self._screen.reader.snapshot() as connection:
                if not events.may_turn(connection, is_undo=is_undo):
                    return None
            with progress, Catalog(path) as catalog:
                return events.undo(catalog, asks=asks, tell=tell) if is_undo else events.redo(catalog, tell=tell)

        self._screen.change("edit", work, lambda outcome: self._turned(outcome, done, nothing, is_undone=is_undo))

    def _turned(self, outcome: Outcome | None, done: str, nothing: str, *, is_undone: bool) -> None:
        if outcome is None:
            self._say(nothing)
            return
        if outcome.is_asked:
            self._is_warned = True
            self._say(
                f"What was {outcome.for_good} cannot be taken back · u again takes back the change before: {outcome.label}",
                is_warning=True,
            )
            return
        left = f" · {plural(outcome.kept, 'change')} left alone: changed since, or removed for good" if outcome.kept else ""  # fmt: skip
        said = f"{done}: {outcome.label}" if outcome.changed else f"nothing was {done} of: {outcome.label}"
        again = self._screen.artui.mark_again(outcome.edit_id, is_undone=is_undone) if outcome.changed else 0
        marks = f" · {count_text(again)} marked again" if again and is_undone else ""
        self._say(said + marks + left, is_warning=not outcome.changed)
        self._screen.point_at(outcome.touched)
        self._screen.load()


class _Runs(NamedTuple):
    """The runs that a change is for, as they were when it was asked for."""

    keys: list[int]
    whom: str
    """The name of the only one, or how many they are."""


class RunsEditor(Editor):
    """Changes runs of a screen: asks for what is needed, writes it, and shows the outcome."""

    def __init__(self, screen: CatalogScreen, reach: Callable[[], Reach], name_of: Callable[[int], str]) -> None:
        super().__init__(screen)
        self._reach = reach
        """Gives the runs that a change is for."""
        self._name_of = name_of
        """Gives the name of a run by its key; empty if it is not known."""
        self._unread_notes: list[Callable[[], None]] = []
        """What reads the notes for further questions, once the one before has its own."""

    def _reached(self, does: str, then: Callable[[_Runs], None]) -> None:
        """Go on with the runs that a change is for; say so if there is none, and ask where some are out of sight."""
        reach = self._reach()
        if not reach.keys:
            self._say("There is no run here.")
        elif self._is_writable():
            runs = _Runs(list(reach.keys), self._whom(reach.keys))
            go_on_with(self._screen, reach, names_of_runs, lambda: then(runs), does=does, thing="run")

    def _edit(
        self,
        runs: _Runs,
        label: str,
        change: Callable[[Edit, str], object],
        *,
        edit_name: str = "",
        unmarks: bool = False,
        nothing: str = "Nothing to change: it is so already.",
        outcome: Callable[[], str] | None = None,
    ) -> None:
        """Change some runs as one edit, and show the outcome; what was removed for good stays as it is, and is named.

        `edit_name` names the change where it is taken back: a noun, as the state is another then; `label` if that is one.
        `outcome` says what has really changed, where some of several runs were so already.
        """
        from artui.errors import RemovedForGood

        reader, shown = self._screen.reader, f"{label} {runs.whom}"
        named = f"{edit_name or label} {runs.whom}"
        gone: list[str] = []
        notices: list[str] = []
        edit_ids: list[str] = []
        progress = self._screen.progress()

        def work() -> int:
            from artui.catalog import Catalog, events

            with progress, Catalog(reader.path) as catalog, events.editing(catalog, named) as edit:
                # To read the ids of very many takes a while, too.
                progress.at(shown, 0, len(runs.keys))
                ids = run_ids(reader, runs.keys)
                notices.append(catalog.notice)
                edit_ids.append(edit.id or "")
                for number, run_id in enumerate(ids):
                    progress.at(shown, number, len(ids))
                    try:
                        change(edit, run_id)
                    except RemovedForGood:
                        gone.append(run_id)
                        if len(ids) == 1:
                            raise
                progress.finishes(shown, len(ids))
                count = edit.count
            gone[:] = names_of_runs(reader, run_keys(reader, gone))
            return count

        def edited(count: int) -> None:
            if unmarks:
                self._screen.artui.unmark_runs(runs.keys, edit_ids[0])
            # A store that was opened by its path is read, never written.
            where = " in artui's copy of the store" if self._screen.artui.importing is not None else ""
            left = _left_words(gone)
            opened = f" · {clean(notices[0])}" if notices and notices[0] else ""
            if count:
                done = f"{label} {plural(len(runs.keys) - len(gone), 'run')}" if gone else shown
                done = outcome() if outcome is not None and len(runs.keys) > 1 else done
                self._say(
                    f"{done}{where}{f' · {left}' if left else ''} · u takes it back{opened}", is_warning=bool(left)
                )
            else:
                self._say(f"Nothing was changed: {left}." if left else nothing, is_warning=bool(left))
            self._screen.load()

        self._screen.change("edit", work, edited)

    def tag(self) -> None:
        """Put tags on the runs, or take them off."""
        self._reached("tag", self._ask_tag)

    def _ask_tag(self, runs: _Runs) -> None:
        self.prompt(
            f"tag {runs.whom}  (name, name=value, -name; several: good, lr=low)",
            lambda text: self._tag(runs, text),
            names=lambda reader: [quoted_tag(name) for name in tag_answers(reader, runs.keys)],
            is_list=True,
            hint=lambda names: _tags_hint(names, len(runs.keys)),
        )

    def _tag(self, runs: _Runs, text: str) -> None:
        put, off = tag_changes(text)
        if "" in put or "" in off:
            raise UsageError("A tag needs a name: name, name=value, or -name to take it off.")
        if not put and not off:
            return

        changed: Counter[tuple[str, str]] = Counter()

        def change(edit: Edit, run_id: str) -> None:
            for name, value in put.items():
                changed[shown[name], "on"] += edit.tag(run_id, name, value)
            for name in off:
                changed[name, "off"] += edit.untag(run_id, name)

        def outcome() -> str:
            """Say of each tag on how many runs it was put, or off how many it was taken; those of the same runs together."""
            alike: dict[tuple[str, int], list[str]] = {}
            for (name, word), times in changed.items():
                if times:
                    alike.setdefault((word, times), []).append(name)
            said = [f"{', '.join(names)} {word} {plural(times, 'run')}" for (word, times), names in alike.items()]
            return f"{'tag' if sum(map(len, alike.values())) == 1 else 'tags'} {' · '.join(said)}"

        shown = {name: f"{name}={fit_middle(value, _NAME_CHARS).rstrip()}" if value else name for name, value in put.items()}  # fmt: skip
        named = list(shown.values())
        parts = [f"{', '.join(names)} {word}" for names, word in ((named, "on"), (off, "off")) if names]
        count = len(put) + len(off)
        tags = "tag" if count == 1 else "tags"
        nothing = f"{runs.whom} has no {tags} {', '.join(off)}." if not put else "Nothing to change: it is so already."
        self._edit(runs, f"{tags} {' and '.join(parts)}", change, nothing=nothing, outcome=outcome)

    def note(self) -> None:
        """Write a note on the runs; for a single run its present note can be changed."""
        self._reached("write a note on", self._ask_note)

    def _ask_note(self, runs: _Runs) -> None:
        question, reader = f"note on {runs.whom}", self._screen.reader
        if len(runs.keys) != 1:
            self.prompt(question, lambda text: self._note(runs, text))
            self._warn_of_notes(runs)
            return
        column = Column("attribute", "note", is_numeric=False)
        self.prompt(question, lambda text: self._note(runs, text), keeps_text=True, is_filled=True)
        prompt = self._screen.query_one(Prompt)
        asked = prompt.asked_count

        def read() -> None:
            self._screen.ask("note", lambda: run_rows(reader, runs.keys, [column]), take, sees_changes=True)

        def take(rows: Mapping[int, RunRow]) -> None:
            prompt.fill(str(next(iter(rows.values())).cells.get(column.id, "")) if rows else "", to=asked)
            if self._unread_notes:
                self._unread_notes.pop(0)()

        # A note that was entered ahead is written before the next one is read.
        if self._screen.is_asking("note"):
            self._unread_notes.append(read)
        else:
            read()

    def _warn_of_notes(self, runs: _Runs) -> None:
        """Say behind the question how many of the runs have a note that would be replaced."""
        prompt, reader = self._screen.query_one(Prompt), self._screen.reader
        asked, column = prompt.asked_count, Column("attribute", "note", is_numeric=False)

        def count() -> int:
            return sum(bool(row.cells.get(column.id)) for row in run_rows(reader, runs.keys, [column]).values())

        def warn(having: int) -> None:
            if having:
                prompt.offer((), to=asked, hint=f"replaces the note of {count_text(having)} of them")

        self._screen.ask("notes", count, warn, sees_changes=True)

    def _note(self, runs: _Runs, text: str) -> None:
        self._edit(
            runs,
            "note on" if text else "no note on",
            lambda edit, run_id: edit.set_note(run_id, text),
            edit_name="" if text else "removal of the note on",
        )

    def move_to_project(self) -> None:
        """Put the runs into another project."""
        self._reached(
            "move",
            lambda runs: self.prompt(
                f"move {runs.whom} to project",
                lambda text: self._move(runs, text),
                names=project_answers,
                hint=_projects_hint,
            ),
        )

    def _move(self, runs: _Runs, text: str) -> None:
        if text:
            edit_name = f"move to project {text} of"
            self._edit(runs, f"project {text} for", lambda edit, run_id: edit.move(run_id, text), edit_name=edit_name)

    def trash(self) -> None:
        """Put the runs into the trash, where they are no longer marked; if all of them are there already, take them out."""
        reach, reader = self._reach(), self._screen.reader

        def are_trashed() -> bool:
            trashed = run_order(reader, RunsRequest("deleted is not null"))
            return set(reach.keys) <= set(trashed.keys)

        def ask(is_back: bool) -> None:
            does = "restore" if is_back else "trash"
            self._reached(does, lambda runs: self._trash(runs, is_back=is_back))

        if reach.keys:
            self._screen.ask("trash", are_trashed, ask, sees_changes=True)
        else:
            self._say("There is no run here.")

    def _trash(self, runs: _Runs, *, is_back: bool) -> None:
        if is_back:
            self._edit(runs, "out of the trash:", lambda edit, run_id: edit.restore(run_id), edit_name="return of")
        else:
            self._edit(
                runs, "into the trash:", lambda edit, run_id: edit.trash(run_id), edit_name="deletion of", unmarks=True
            )

    def _whom(self, keys: Sequence[int]) -> str:
        """Name the run, or say how many they are."""
        name = clean(self._name_of(keys[0]), max_chars=_NAME_CHARS) if len(keys) == 1 else ""
        return name or plural(len(keys), "run")


def _tags_hint(names: Sequence[str], count: int) -> str:
    """Say which tags there are, as `tag_answers` gives them behind a minus; nothing if there are none."""
    here = [name.removeprefix("-") for name in names if name.startswith("-")]
    if not here:
        return ""
    shown = ", ".join(clean(name, max_chars=_NAME_CHARS) for name in here[:_MAX_TAGS_NAMED])
    more = f" and {len(here) - _MAX_TAGS_NAMED} more" if len(here) > _MAX_TAGS_NAMED else ""
    return (
        f"{'has' if count == 1 else 'some have'} {shown}{more}; -{clean(here[0], max_chars=_NAME_CHARS)} takes it off"
    )


def _projects_hint(names: Sequence[str]) -> str:
    """Say which projects there are, and that it may be another."""
    shown = ", ".join(clean(name, max_chars=_NAME_CHARS) for name in names[:_MAX_PROJECTS_NAMED])
    more = f" and {len(names) - _MAX_PROJECTS_NAMED} more" if len(names) > _MAX_PROJECTS_NAMED else ""
    return f"{shown}{more}, or a new one" if names else ""


Heads = Sequence["VersionHead"]
_Asked = Sequence[tuple[str, str]]
"""A question: what stands before the versions that it is about, and what behind them; first in full, then as it is where that has no room."""


class VersionsEditor(Editor):
    """Changes versions of a screen, the marked ones or that in sight: aliases, approval, retirement, deletion."""

    def __init__(
        self,
        screen: CatalogScreen,
        edited: Callable[[], VersionHead | None],
        reach: Callable[[], Reach] = Reach,
    ) -> None:
        super().__init__(screen)
        self._version = edited
        """Gives the version in sight."""
        self._reach = reach
        """Gives the marked versions that a change is for instead, if any."""

    def _about(self, does: str, then: Callable[[Heads], None]) -> None:
        """Go on with the versions that a change is for, as they are now; say so if there is none.

        Where some of them are out of sight, ask before.
        """
        if self._is_writable():
            reach = self._reach()
            go_on_with(
                self._screen,
                reach,
                names_of_versions,
                lambda: self._read(list(reach.keys), then),
                does=does,
                thing="version",
            )

    def _read(self, keys: list[int], then: Callable[[Heads], None]) -> None:
        reader = self._screen.reader
        if not keys:
            head = self._version()
            if head is None:
                self._say(self._screen.no_version())
            else:
                then([head])
            return

        def take(heads: list[VersionHead]) -> None:
            if heads:
                then(heads)
            else:
                self._say("What was marked is no longer in the catalog.", is_warning=True)

        self._screen.ask("marked", lambda: heads_of(reader, keys), take, sees_changes=True)

    def copy(self) -> None:
        """Copy the references, a line each."""
        reach = self._reach()
        self._read(list(reach.keys), lambda heads: self._copy(heads, reach.note))

    def _copy(self, heads: Heads, note: str) -> None:
        self._screen.artui.copy_to_clipboard("\n".join(head.reference for head in heads))
        self._say(f"copied {_whom(heads) if len(heads) == 1 else plural(len(heads), 'reference')}{note}")

    def alias(self) -> None:
        """Let an alias name the version, or take one off."""
        self._about("alias", self._ask_alias)

    def _ask_alias(self, heads: Heads) -> None:
        given = list(dict.fromkeys(alias for head in heads for alias in head.aliases))
        self.prompt(
            f"alias for {_whom(heads)}  (name, or -name)",
            lambda answer: self._ask_why(heads, answer.strip()),
            enter_word="go on",
            names=lambda reader: alias_answers(reader, given),
        )

    def _ask_why(self, heads: Heads, text: str) -> None:
        """Check the alias, and ask for the reason, which may be left out."""
        if not text:
            return
        alias, is_off = text.removeprefix("-").strip(), text.startswith("-")
        if is_off:
            check_alias(alias)
        else:
            check_given_alias(alias)
            _check_apart(heads)
        asked = [(f"Take {alias} off ", "?") if is_off else ("Make ", f" {alias}?")]
        does = "take off" if is_off else "set"

        reader = self._screen.reader

        def ask(about: str, waived: Waived = ()) -> None:
            self._ask_reason(
                heads,
                asked,
                lambda why: self._alias(heads, alias, why, is_off=is_off, waived=waived),
                does,
                about=about,
            )

        def see(judged: tuple[str, Waived]) -> None:
            about, waived = judged
            if not waived:
                ask(about)
                return
            self.prompt(
                f"{waived[0].text}{f' and {len(waived) - 1} more' if len(waived) > 1 else ''}. Reason to override:",
                lambda why: (
                    self._alias(heads, alias, why, is_off=False, waived=waived) if why.strip() else self._refuse(alias)
                ),
                enter_word="override",
                about=about,
            )

        if is_off:
            ask("")
            return
        self._screen.ask(
            "loser",
            lambda: (loser_text(reader, heads[0], alias) if len(heads) == 1 else "", missed_by(reader, heads, alias)),
            see,
            sees_changes=True,
        )

    def _refuse(self, alias: str) -> None:
        self._say(
            f"Nothing was changed: what misses a criterion is not made {alias} without a reason.", is_warning=True
        )

    def _ask_reason(
        self,
        heads: Heads,
        asked: _Asked,
        answer: Callable[[str], None],
        enter_word: str,
        *,
        whom: str = "",
        about: str = "",
    ) -> None:
        """Ask whether to do something, and why; of a long name less is shown, so that the rest stays whole."""
        number = "" if whom or len(heads) != 1 else heads[0].version
        whom, width = whom or _whom(heads), self._screen.size.width - ENTRY_CELLS - 2
        cleaned = [
            (clean(before, max_chars=_MOST_ASKED), clean(after, max_chars=_MOST_ASKED)) for before, after in asked
        ]
        fitting = (part for part in cleaned if cells_of(f"{part[0]}{whom}{part[1]} Reason:") <= width)
        before, after = next(fitting, cleaned[-1])
        rest = f"{after} Reason:"
        room = width - cells_of(before) - cells_of(rest)
        name = whom if cells_of(whom) <= room else fit_middle(whom, max(_LEAST_NAME_CELLS, room)).rstrip()
        if number and room < min(cells_of(whom), _LEAST_NAME_CELLS):
            name = number
        self.prompt(f"{before}{name}{rest}  (enter: none)", answer, enter_word=enter_word, about=about)

    def _alias(self, heads: Heads, alias: str, why: str, *, is_off: bool, waived: Waived = ()) -> None:
        reader, whom = self._screen.reader, _whom(heads)
        of = heads[0].artifact if len(heads) == 1 else whom

        was: list[str] = []

        def work() -> bool:
            from artui.catalog import Catalog, events

            label = f"alias {alias} off {of}" if is_off else f"alias {alias} on {whom}"
            if len(heads) == 1 and not is_off and (loser := aliased_version(reader, heads[0].artifact_key, alias)):
                was.append(f"; it was v{loser.number}")
            with Catalog(reader.path) as catalog, events.editing(catalog, label, why=why) as edit:
                turn = edit.drop_alias if is_off else edit.move_alias
                changed = sum(turn(head.id, alias) for head in heads)
                for one in waived:
                    edit.waive(one.version_id, one.key, one.condition)
                return changed > 0

        if len(heads) == 1:
            done = f"{alias} names no version of {of} any more" if is_off else f"{alias} is {whom} now"
            nothing = f"{of} has no alias {alias}." if is_off else f"{alias} is {whom} already."
        else:
            done = f"{alias} is off the artifacts of {whom}" if is_off else f"{alias} is {whom} now"
            nothing = "Nothing to change: it is so already."
        self._screen.change(
            "edit",
            work,
            lambda is_changed: self._said_of_change(f"{done}{''.join(was)}" if is_changed else nothing, is_changed),
        )

    def promote(self) -> None:
        """Let `production`, or another alias, name the version."""
        self._about("promote", self._ask_alias_to_promote)

    def _ask_alias_to_promote(self, heads: Heads) -> None:
        self.prompt(
            f"promote {_whom(heads)} to",
            lambda answer: self._ask_why(heads, answer.lstrip("-").strip()),
            text=PRODUCTION,
            enter_word="go on",
        )

    def approve(self) -> None:
        """Approve the version in one's own name, or take that back."""
        self._about("approve", self._see_approval)

    def _see_approval(self, heads: Heads) -> None:
        reader = self._screen.reader

        def are_approved() -> bool:
            from artui.catalog.events import author
            from artui.query.artifacts import get_version

            details = (get_version(reader, head.id, max_files=1) for head in heads)
            return all(author() in [approval.author for approval in detail.approvals] for detail in details)

        self._screen.ask(
            "approval", are_approved, lambda is_back: self._ask_to_approve(heads, is_back=is_back), sees_changes=True
        )

    def _ask_to_approve(self, heads: Heads, *, is_back: bool) -> None:
        done = f"{_are(heads)} no longer approved by you" if is_back else f"{_are(heads)} approved"
        does = "take back" if is_back else "approve"
        edit_name = "withdrawal of your approval of" if is_back else "approval of"
        self._change(
            heads,
            [("Take your approval of ", " back?") if is_back else ("Approve ", "?")],
            done,
            lambda edit, head: edit.withdraw(head.id) if is_back else edit.approve(head.id),
            does,
            edit_name=edit_name,
        )

    def retire(self) -> None:
        """Take the version out of the lists, or back into them."""
        self._about("retire", self._retire)

    def _retire(self, heads: Heads) -> None:
        is_back = all(head.is_retired for head in heads)
        done = f"{_are(heads)} in the lists again" if is_back else f"{_are(heads)} retired"
        does = "take back" if is_back else "retire"
        self._change(
            heads,
            [("List ", " again?")] if is_back else _asked_of_named(heads, "retire"),
            done,
            lambda edit, head: edit.reinstate(head.id) if is_back else edit.retire(head.id),
            does,
            edit_name="listing of" if is_back else "retirement of",
        )

    def declare(self) -> None:
        """Declare a fact of the version's artifact, or take one away."""
        self._about("declare a fact of", self._ask_fact)

    def _ask_fact(self, heads: Heads) -> None:
        of = clean(heads[0].artifact, max_chars=_NAME_CHARS) if len(heads) == 1 else f"the artifacts of {_whom(heads)}"
        self.prompt(
            f"fact of {of}  (licence=MIT, or -licence)",
            lambda answer: self._fact(heads, answer),
            enter_word="go on",
            names=lambda reader: fact_answers(reader, [head.artifact_key for head in heads]),
        )

    def _fact(self, heads: Heads, text: str) -> None:
        if not text:
            return
        name, equals, value = (text[1:], "=", "") if text.startswith("-") else text.partition("=")
        if not equals:
            raise UsageError(f"{text!r} has no value.", remedy="Write it as in licence=MIT.")
        name, value = check_fact(name, value)
        # In signs of its own: words that were typed are not read as part of the sentence.
        said = f'{name} = "{fit_middle(value, _NAME_CHARS).rstrip()}"' if value else f"no {name}"
        of = heads[0].artifact if len(heads) == 1 else f"the artifacts of {_whom(heads)}"
        verb = f"Declare {said} of" if value else f"Take {name} off"
        # It is the artifact's, whichever of its versions is in sight.
        self._change(
            heads,
            [(f"{verb} all versions of ", "?"), (f"{verb} all of ", "?"), (f"{said} of all of ", "?")],
            f"{said} of all versions of {of}",
            lambda edit, head: edit.declare(head.id, name, value),
            "declare" if value else "take off",
            edit_name=f"fact {said} of" if value else f"removal of fact {name} from",
            names_it=False,
            whom=clean(of),
        )

    def delete(self) -> None:
        """Delete the version, or restore it."""
        self._about("delete", self._delete)

    def _delete(self, heads: Heads) -> None:
        there = [head for head in heads if head.removed_ms is None]
        if not there:
            of = f"{_whom(heads)} was" if len(heads) == 1 else f"{_whom(heads)} were"
            self._say(f"The content of {of} removed: it cannot be restored.", is_warning=True)
            return
        if all(head.deleted_ms is not None for head in there):
            self._change(
                there,
                [("Restore ", "?")],
                f"{_are(there)} restored"
                + (
                    f" · {plural(len(heads) - len(there), 'version')} not: content removed"
                    if len(there) < len(heads)
                    else ""
                ),
                lambda edit, head: edit.restore_version(head.id),
                "restore",
                edit_name="return of",
            )
            return
        reader = self._screen.reader
        self._screen.ask(
            "resting",
            lambda: resting_on(reader, [head.key for head in there]),
            lambda resting: self._ask_to_delete(there, resting),
            sees_changes=True,
        )

    def _ask_to_delete(self, heads: Heads, resting: Resting) -> None:
        self._change(
            heads,
            [("Delete ", "?")],
            f"{_are(heads)} deleted",
            lambda edit, head: edit.delete_version(head.id),
            "delete",
            edit_name="deletion of",
            about=_about_deletion(heads, resting),
            unmarks=True,
        )

    def _change(
        self,
        heads: Heads,
        asked: _Asked,
        done: str,
        change: Callable[[Edit, VersionHead], bool],
        does: str,
        *,
        edit_name: str,
        names_it: bool = True,
        whom: str = "",
        about: str = "",
        unmarks: bool = False,
    ) -> None:
        """Ask for the reason, then change the versions as one edit.

        `does` is what enter does then, `whom` names what is asked about, `about` says what comes of it, and `edit_name`
        names the change where it is taken back.
        """
        path, label = self._screen.reader.path, f"{_whom(heads)} {done}" if names_it else done
        named = f"{edit_name} {whom or _whom(heads)}"

        def answered(why: str) -> None:
            edit_ids: list[str] = []

            def work() -> bool:
                from artui.catalog import Catalog, events

                with Catalog(path) as catalog, events.editing(catalog, named, why=why) as edit:
                    edit_ids.append(edit.id or "")
                    return sum(change(edit, head) for head in heads) > 0

            def take(is_changed: bool) -> None:
                if unmarks:
                    self._screen.artui.unmark_versions([head.key for head in heads], edit_ids[0])
                self._said_of_change(label if is_changed else "It is so already.", is_changed)

            self._screen.change("edit", work, take)

        self._ask_reason(heads, asked, answered, does, whom=whom, about=about)


def _left_words(names: Sequence[str]) -> str:
    """Name the first of the runs that cannot come back, and count the others; empty for none."""
    if not names:
        return ""
    more = f" +{len(names) - 1:,}" if len(names) > 1 else ""
    of = "its points were" if len(names) == 1 else "their points were"
    return f"{clean(names[0], max_chars=_NAME_CHARS)}{more} {'stays' if len(names) == 1 else 'stay'}: {of} removed"


def _whom(heads: Heads) -> str:
    """Name the version, or say how many they are."""
    return clean(heads[0].reference) if len(heads) == 1 else plural(len(heads), "version")


def _about_deletion(heads: Heads, resting: Resting) -> str:
    """Say what comes of deleting versions, and when their room is free."""
    return MIDDLE_DOT.join([*map(clean, consequences(heads, resting)), _room_text(heads)])


def _room_text(heads: Heads) -> str:
    """Say how much room deleted versions take, and until when they can come back."""
    size_bytes = sum(head.size_bytes for head in heads if head.storage in ("embedded", "stored"))
    back = (
        f"u brings {'it' if len(heads) == 1 else 'them'} back, and so does `artui restore {clean(heads[0].reference)}`"
    )
    if len(heads) > 1:
        back = "u brings them back, and so does `artui restore`"
    if not size_bytes:
        return f"the files stay where they are; {back}"
    return f"{bytes_text(size_bytes)} stay until room is made; until then {back}"


class MissedCriterion(NamedTuple):
    """A criterion that a version misses, to be overridden or not."""

    version_id: str
    key: str
    condition: str
    text: str
    """In words: `v2 misses needs/R1: recall 0.85, by 0.05`."""


Waived = Sequence[MissedCriterion]


def missed_by(reader: Reader, heads: Heads, alias: str) -> Waived:
    """Give the criteria that versions miss which are about to be in production, as far as nobody has overridden them."""
    from artui.query.verdicts import judged, missed
    from artui.sheets.verdicts import remark_text, value_text

    if alias != PRODUCTION:
        return ()
    found = []
    for head, verdicts in zip(heads, judged(reader, heads), strict=True):
        for verdict in missed(verdicts):
            values = ", ".join(f"{one.field} {value_text(one)}" for one in verdict.measured)
            said = ", ".join(filter(None, (values, remark_text(verdict))))
            text = f"{head.version} misses {verdict.defined.key}" + (f": {said}" if said else "")
            found.append(
                MissedCriterion(
                    head.id,
                    verdict.defined.key,
                    verdict.defined.criterion.condition,
                    clean(text, max_chars=_MOST_ASKED),
                )
            )
    return found


def loser_text(reader: Reader, head: VersionHead, alias: str) -> str:
    """Say which version an alias would no longer name, and how its result compares; empty where it names none, or this one."""
    from artui.query.direction import guess_direction
    from artui.query.measures import makings

    loser = aliased_version(reader, head.artifact_key, alias)
    if loser is None or loser.key == head.key:
        return ""
    made = makings(reader, [head.key, loser.key])
    ours, theirs = made.get(head.key), made.get(loser.key)
    said = f"{loser.version} loses {alias}"
    if ours is None or theirs is None or not ours.measure or ours.measure != theirs.measure:
        return said
    if ours.value is None or theirs.value is None:
        return said
    is_lower = guess_direction(ours.measure) == "lower"
    better = "" if ours.value == theirs.value else "better" if (ours.value < theirs.value) == is_lower else "worse"
    texts = number_texts([ours.value, theirs.value], _NUMBER_CELLS)
    return f"{said}{MIDDLE_DOT}{ours.measure}: v{head.number} {texts[0]}, v{loser.number} {texts[1]}{f', so this one is {better}' if better else ''}"


def _asked_of_named(heads: Heads, does: str) -> _Asked:
    """Ask whether to do what takes versions out of the lists; what aliases name them is said."""
    asked = [_asked(heads, does)]
    if len(heads) == 1 and asked[-1][0] == "":
        # The fewest words that still say why one might not want it.
        asked.append(("", f" is {', '.join(map(_aliases_asked, filter(chosen_aliases, heads)))}: {does} it?"))
    return asked


def _asked(heads: Heads, does: str) -> tuple[str, str]:
    named = [head for head in heads if chosen_aliases(head)]
    if not named:
        return f"{does.capitalize()} ", "?"
    if len(heads) == 1:
        return "", f" is {_aliases_asked(named[0])}: {does} it anyway?"
    more = f" +{len(named) - 1}" if len(named) > 1 else ""
    return f"{named[0].reference} is {_aliases_asked(named[0])}{more}: {does} ", " anyway?"


def _aliases_asked(head: VersionHead) -> str:
    first, *others = chosen_aliases(head)
    return f"{first} +{len(others)}" if others else first


def _are(heads: Heads) -> str:
    return "is" if len(heads) == 1 else "are"


def _check_apart(heads: Heads) -> None:
    """Raise UsageError if an alias would have to name two versions of one artifact."""
    counts = Counter(head.artifact_key for head in heads)
    for head in heads:
        if counts[head.artifact_key] > 1:
            raise UsageError(
                f"{counts[head.artifact_key]} of the marked versions are of {head.artifact}.",
                remedy="An alias names one version of an artifact.",
            )
