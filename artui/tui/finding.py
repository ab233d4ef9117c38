"""Searching for words in whatever list has the focus: `/`, then `n` and `N`."""

from __future__ import annotations

from textual.screen import Screen
from textual.widgets import Input

from artui.tui.widgets.bars import KeyBar
from artui.tui.widgets.prompt import FIND_ID, Prompt
from artui.tui.widgets.searched import Searched


class FindsLines(Screen[None]):
    """A screen of lists, or of others that can be searched. On a list with its own filter `/` opens that filter instead."""

    is_about_to_find = False
    """Whether the line for the words is on its way: what is typed meanwhile belongs into it."""
    _needle = ""
    _outcome = ""
    """What was said of the search last."""

    def _focused_lines(self) -> Searched | None:
        focused = self.focused
        if isinstance(focused, Searched):
            return focused
        return next((listing for listing in self.query(Searched) if listing.display and not listing.is_empty), None)

    def action_find_line(self) -> None:
        """Ask for words, and go to the first line that has them."""
        listing = self._focused_lines()
        if listing is None:
            return
        prompts = self.query(f"#{FIND_ID}").results(Prompt)
        prompt = next(iter(prompts), None)
        if prompt is None:
            prompt = Prompt(id=FIND_ID)
            self.is_about_to_find = True
            self.mount_prompt(prompt)
            self.call_after_refresh(self._ask_for_line, prompt, listing)
        else:
            self._ask_for_line(prompt, listing)

    def _ask_for_line(self, prompt: Prompt, listing: Searched) -> None:
        def search(text: str) -> None:
            self._needle = text
            # After what the screen does when a question is answered.
            self.call_after_refresh(self.set_focus, listing if listing.can_focus else None)
            self._go(listing, 1, is_first=True)

        prompt.ask("find", search, typed=self.find_typed)
        if self.is_about_to_find:
            self.is_about_to_find = False
            self.app.list_answered()  # type: ignore[attr-defined]

    def find_typed(self, text: str) -> None:
        """Take what has been typed of the words to find."""

    def action_next_line(self, change: int) -> None:
        """Go to the next line that has the words."""
        listing = self._focused_lines()
        if listing is None:
            return
        if not self._needle:
            self.action_find_line()
        else:
            self._go(listing, change)

    def _go(self, listing: Searched, change: int, *, is_first: bool = False) -> None:
        count = listing.find(self._needle, change, is_first=is_first)
        for other in self.query(Searched):
            # Lists beside this one count too.
            if other is not listing and other.display:
                count += other.find(self._needle, change, is_first=is_first)
        if self._needle:
            self.show_search_result(f"{count:,} {listing.FOUND[count != 1]} {self._needle!r} · n goes on" if count else f"No {listing.FOUND[0]} {self._needle!r}.{self.beyond_lines()}")  # fmt: skip

    def beyond_lines(self) -> str:
        """Say what of the screen's subject has no lines, behind that no line has the words; empty if all of it has."""
        return ""

    def mount_prompt(self, prompt: Prompt) -> None:
        """Place the line for the words above the keys."""
        bars = list(self.query(KeyBar))
        self.mount(prompt, before=bars[0]) if bars else self.mount(prompt)

    def show_search_result(self, text: str) -> None:
        """Show the outcome of a search to the user."""
        say = getattr(self.app, "say", None)
        if say is not None:
            self._outcome = text
            say(text)

    def forget_search_result(self) -> None:
        """Show the outcome of a search no longer: the search is over, or what was searched is out of sight."""
        unsay = getattr(self.app, "unsay", None)
        if unsay is not None and self._outcome:
            unsay(self._outcome)
        self._outcome = ""

    def leave_find(self) -> bool:
        """Do what esc does: leave the question, then clear the search; false if there is neither."""
        for prompt in self.query(f"#{FIND_ID}").results(Prompt):
            if prompt.leave():
                listing = self._focused_lines()
                self.set_focus(listing if listing is not None and listing.can_focus else None)
                return True
        listing = self._focused_lines()
        if listing is not None and listing.needle:
            self._needle = ""
            self.forget_search_result()
            for other in self.query(Searched):
                other.find("", 1)
            return True
        return False

    def is_searching(self) -> bool:
        """Whether there are words to go on searching for."""
        return bool(self._needle)

    def is_asking(self) -> bool:
        """Whether the user is typing into an entry."""
        return isinstance(self.focused, Input)
