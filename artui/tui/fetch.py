"""Questions to the catalog, asked in the background: a screen never waits for the file.

Each topic of a screen has at most one question whose answer is wanted: answers to older questions are dropped. Changes are
not questions: each is made, in the order in which they were asked for, and what comes of each is taken.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from textual.message_pump import MessagePump

from artui.errors import UsageError
from artui.tui.messages import Answer

if TYPE_CHECKING:
    from artui.query.filter.tokens import FilterError
    from artui.tui.host import Host

T = TypeVar("T")

_waiting: set[tuple[int, str, int]] = set()


def is_waiting() -> bool:
    """Say whether any question has not been answered yet."""
    return bool(_waiting)


Again = Callable[[], None]
"""Asks the user a question again."""
_again: Again | None = None
"""Asks that question again whose answer is being acted on."""


@contextmanager
def acting_on_answer(again: Again) -> Iterator[None]:
    """Act on what the user typed: if the catalog says later that it cannot be meant, that question is asked again."""
    global _again
    before, _again = _again, again
    try:
        yield
    finally:
        _again = before


_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="artui-reader")
_worker = ThreadPoolExecutor(max_workers=2, thread_name_prefix="artui-worker")
"""For what takes long: nothing that is asked meanwhile waits for it."""
_writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="artui-writer")
"""One after the other: an undo that follows an edit must not come before it."""


MANY = 2_000
"""A change of more than so many things says how far it is, and can be stopped."""
_TOLD_EVERY = 1_000
_STEP_SECONDS = 0.2


class Stopped(Exception):
    """The user has stopped a change: nothing of it is made."""


class Progress:
    """How far a large change is: said while it is made, and where it can be stopped."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._is_stopped = False
        self._next = 0.0

    def at(self, what: str, number: int, count: int) -> None:
        """Say how many of how many things are done, each now and then.

        Raises:
            Stopped: the user does not want it any more.
        """
        if count <= MANY or number % _TOLD_EVERY:
            return
        _under_way.add(self)
        if self._is_stopped:
            raise Stopped
        self._tell(f"{what}: {100 * number // count} % · esc stops it")

    def step(self, what: str, done: int, total: int) -> None:
        """Say a few times a second how far long work is, as what does it tells.

        Raises:
            Stopped: the user does not want it any more.
        """
        _under_way.add(self)
        if self._is_stopped:
            raise Stopped
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _STEP_SECONDS
            self._tell(f"{what} {done:,} of {total:,}")

    def finishes(self, what: str, count: int) -> None:
        """Say that all is done and is being written, which cannot be stopped any more."""
        self.end()
        if self._is_stopped:
            raise Stopped
        if count > MANY:
            self._tell(f"{what}: all done, being written …")

    def end(self) -> None:
        """Let it be stopped no more."""
        _under_way.discard(self)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def stop(self) -> None:
        """Ask the change to stop."""
        self._is_stopped = True
        self._tell("stopping …")


_under_way: set[Progress] = set()
"""Large changes that can be stopped: one at a time is made."""


def stop_change() -> bool:
    """Stop the large change that is being made; false if there is none."""
    changes = list(_under_way)
    for change in changes:
        change.stop()
    return bool(changes)


_being_made: set[Future[None]] = set()
"""Changes that wait or are being made."""


def end_changes(*, seconds: float) -> None:
    """Stop the large change that is being made, and wait for the others, so long at most: all that was done is in the file then."""
    stop_change()
    wait(list(_being_made), timeout=seconds)


class Asks(MessagePump):
    """A screen or widget that asks the catalog."""

    _tickets: dict[str, int]
    _answers: dict[str, Callable[[Any], None]]
    _unanswered: set[str]
    _agains: dict[str, Again | None]
    """By topic, what asks the user again who brought the question up."""
    _changes: dict[tuple[str, int], Callable[[Any], None]]
    """By topic and ticket, what takes the outcome of a change."""
    _last_change: Future[None] | None

    def is_asking(self, *topics: str) -> bool:
        """Say whether a question of one of the topics is without an answer."""
        return not getattr(self, "_unanswered", set()).isdisjoint(topics)

    def ask(
        self,
        topic: str,
        question: Callable[[], T],
        answer: Callable[[T], None],
        *,
        sees_changes: bool = False,
        is_long: bool = False,
    ) -> None:
        """Ask a question in the background; `answer` is called with its result, unless the topic has been asked anew since.

        With `sees_changes` it is asked once the changes are made that were asked for before it. What is long keeps no other
        question waiting.
        """
        ticket = self._next_ticket(topic)
        self._answers[topic] = answer
        before = self._last_change if sees_changes else None

        def work() -> None:
            if self._tickets[topic] != ticket:
                _waiting.discard((id(self), topic, ticket))
                return
            if before is not None:
                wait([before])
            self._work(topic, ticket, question)

        (_worker if is_long else _pool).submit(work)

    def change(self, topic: str, work: Callable[[], T], answer: Callable[[T], None]) -> None:
        """Change the catalog in the background, after the changes before; `answer` is called with what came of it, whatever else was asked since."""
        ticket = self._next_ticket(topic)
        self._changes[topic, ticket] = answer

        def write() -> T:
            from artui.catalog.guard import before_search

            with before_search():
                return work()

        self._last_change = made = _writer.submit(self._work, topic, ticket, write)
        _being_made.add(made)
        made.add_done_callback(_being_made.discard)

    def progress(self, show: Callable[[str], None] | None = None) -> Progress:
        """Give what a large change says how far it is with, from its own thread: by `show`, or at the bottom."""
        app: Any = self.app

        def tell(text: str) -> None:
            # Not waited for: a screen that is gone takes no message.
            if self.is_running:
                app.call_later(show or app.say, text)

        return Progress(tell)

    def left_unanswered(self, topic: str) -> None:
        """Take note that a question was stopped, or failed."""

    def _next_ticket(self, topic: str) -> int:
        if not hasattr(self, "_tickets"):
            self._tickets, self._answers, self._unanswered, self._agains = {}, {}, set(), {}
            self._changes, self._last_change = {}, None
        ticket = self._tickets[topic] = self._tickets.get(topic, 0) + 1
        self._agains[topic] = _again
        self._unanswered.add(topic)
        _waiting.add((id(self), topic, ticket))
        return ticket

    def _work(self, topic: str, ticket: int, question: Callable[[], Any]) -> None:
        value: Any = None
        fault: Exception | None = None
        try:
            value = question()
        except Exception as error:  # noqa: BLE001 - shown to the user, whatever it is
            fault = error
        if not self.is_running or not self.post_message(Answer(topic, ticket, value, fault)):
            _waiting.discard((id(self), topic, ticket))

    def on_answer(self, message: Answer) -> None:
        message.stop()
        _waiting.discard((id(self), message.topic, message.ticket))
        is_newest = self._tickets.get(message.topic) == message.ticket
        answer = self._changes.pop((message.topic, message.ticket), None)
        if answer is None and not is_newest:
            return
        if is_newest:
            self._unanswered.discard(message.topic)
        host: Host = self.app  # type: ignore[assignment]
        again = self._agains.pop(message.topic, None) if is_newest else None
        if again is not None and isinstance(message.error or message.value, UsageError):
            again()
        if isinstance(message.error, Stopped):
            host.topic_succeeded(self, message.topic)
            host.say("Stopped: nothing was changed.")
            self.left_unanswered(message.topic)
        elif message.error is not None:
            host.topic_failed(self, message.topic, message.error)
            self.left_unanswered(message.topic)
        else:
            host.topic_succeeded(self, message.topic)
            (answer or self._answers[message.topic])(message.value)


def or_filter_error(question: Callable[[], T]) -> T | FilterError:
    """Ask a question about runs that match; what is wrong with the filter is an answer, too."""
    from artui.query.filter.tokens import FilterError

    try:
        return question()
    except FilterError as error:
        return error
