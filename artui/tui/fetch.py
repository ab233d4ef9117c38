"""Questions to the catalog, asked in the background: a screen never waits for the file.

Each topic of a screen has at most one question whose answer is wanted: answers to older questions are dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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


class Asks(MessagePump):
    """A screen or widget that asks the catalog."""

    _tickets: dict[str, int]
    _answers: dict[str, Callable[[Any], None]]
    _unanswered: set[str]
    _agains: dict[str, Again | None]
    """By topic, what asks the user again who brought the question up."""

    def is_asking(self, *topics: str) -> bool:
        """Say whether a question of one of the topics is without an answer."""
        return not getattr(self, "_unanswered", set()).isdisjoint(topics)

    def ask(self, topic: str, question: Callable[[], T], answer: Callable[[T], None]) -> None:
        """Ask a question in the background; `answer` is called with its result, unless the topic has been asked anew since."""
        if not hasattr(self, "_tickets"):
            self._tickets, self._answers, self._unanswered, self._agains = {}, {}, set(), {}
        ticket = self._tickets[topic] = self._tickets.get(topic, 0) + 1
        self._answers[topic], self._agains[topic] = answer, _again
        self._unanswered.add(topic)
        question_id = (id(self), topic, ticket)
        _waiting.add(question_id)

        def work() -> None:
            if self._tickets[topic] != ticket:
                _waiting.discard(question_id)
                return
            value: Any = None
            fault: Exception | None = None
            try:
                value = question()
            except Exception as error:  # noqa: BLE001 - shown to the user, whatever it is
                fault = error
            if not self.is_running or not self.post_message(Answer(topic, ticket, value, fault)):
                _waiting.discard(question_id)

        _pool.submit(work)

    def on_answer(self, message: Answer) -> None:
        message.stop()
        _waiting.discard((id(self), message.topic, message.ticket))
        if self._tickets.get(message.topic) != message.ticket:
            return
        self._unanswered.discard(message.topic)
        host: Host = self.app  # type: ignore[assignment]
        again = self._agains.pop(message.topic, None)
        if again is not None and isinstance(message.error or message.value, UsageError):
            again()
        if message.error is not None:
            host.topic_failed(self, message.topic, message.error)
        else:
            host.topic_succeeded(self, message.topic)
            self._answers[message.topic](message.value)


def or_filter_error(question: Callable[[], T]) -> T | FilterError:
    """Ask a question about runs that match; what is wrong with the filter is an answer, too."""
    from artui.query.filter.tokens import FilterError

    try:
        return question()
    except FilterError as error:
        return error
