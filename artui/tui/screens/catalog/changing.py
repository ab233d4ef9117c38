"""What people change on the screen of the catalog: entries of the journal are taken back, and what two people did is settled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from artui.query.wording import value_text, what_text
from artui.safetext import clean
from artui.tui.screens.edits import Editor
from artui.tui.widgets.prompt import Prompt
from artui.units import plural

if TYPE_CHECKING:
    from artui.catalog.deciding import Decided
    from artui.catalog.takingback import TakenBack
    from artui.query.journal import Entry, Journal
    from artui.query.settling import ToSettle

_LABEL_CHARS = 200
_SHOWN_CHARS = 60


class CatalogEditor(Editor):
    """Takes entries back, and settles."""

    def take_back(self, journal: Journal, entry: Entry, places: Sequence[int]) -> None:
        """Set what an entry changed, or some changes of it, to what it was before; ask where it was changed again since."""
        if not journal.can_be_taken_back(entry):
            self._say("What was merged, pulled or imported is not taken back as a whole: forget, or trash, what came.")
            return
        if not self._is_writable():
            return
        label = label_of(journal, entry) if len(places) == entry.count else label_of_change(journal, places[0])
        self._take_back([journal.events[place].id for place in places], label, over=False)

    def _take_back(self, event_ids: Sequence[str], label: str, *, over: bool) -> None:
        path, progress = self._screen.reader.path, self._screen.progress()

        def tell(_: str, number: int, count: int) -> None:
            if number == count - 1:
                progress.finishes(f"taking back: {clean(label)}", count)
            else:
                progress.at(f"taking back: {clean(label)}", number, count)

        def work() -> TakenBack:
            from artui.catalog import Catalog
            from artui.catalog.takingback import take_back

            with progress, Catalog(path) as catalog:
                return take_back(catalog, event_ids, label, over=over, tell=tell)

        self._screen.change("edit", work, lambda taken: self._taken(taken, event_ids))

    def _taken(self, taken: TakenBack, event_ids: Sequence[str]) -> None:
        if taken.is_asked:
            was = "was" if taken.later == 1 else "were"
            question = f"{plural(taken.later, 'thing')} of it {was} changed again since: take it back all the same?"
            self._screen.query_one(Prompt).ask_yes_or_no(
                question, lambda: self._take_back(event_ids, taken.label, over=True)
            )
            return
        left = sum(count for _, count in taken.left)
        why = f" · {plural(left, 'change')} left alone: {clean(taken.left[0][0])}" if left else ""
        self._say(
            f"taken back: {clean(taken.label, max_chars=_LABEL_CHARS)}{why} · this is an entry, too: u there undoes it",
            is_warning=bool(left),
        )
        self._screen.load()

    def settle(self, each: ToSettle, choice: str) -> None:
        """Let one of the changes stand that were made apart, or both."""
        if not self._is_writable():
            return
        path = self._screen.reader.path

        def work() -> Decided:
            from artui.catalog import Catalog
            from artui.catalog.deciding import decide

            with Catalog(path) as catalog:
                return decide(catalog, each.one, choice)

        def settled(decided: Decided) -> None:
            value = value_text(decided.state, each.one.action)
            shown = "taken away" if value is None else f'"{clean(value, max_chars=_SHOWN_CHARS)}"'
            what = clean(what_text(each.one.action, each.one.detail), max_chars=_SHOWN_CHARS)
            name = clean(each.name, max_chars=_SHOWN_CHARS)
            self._say(f"settled: {what} of {name} is {shown} · u on its entry takes that back")
            self._screen.load()

        self._screen.change("edit", work, settled)


def label_of(journal: Journal, entry: Entry) -> str:
    """Name an entry: as its edit is called, or by what it did."""
    words = journal.words(entry)
    return journal.label(entry)[:_LABEL_CHARS] or f"{words.action} of {words.thing}"[:_LABEL_CHARS]


def label_of_change(journal: Journal, place: int) -> str:
    """Name one change of an entry."""
    words = journal.words_of(place)
    return f"{words.action} of {words.thing}"[:_LABEL_CHARS]
