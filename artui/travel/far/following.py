"""A catalog that lies elsewhere, as it is now: which of its blocks are here, and what has been written since.

What is read comes in blocks, more at once where reading goes on in order, and stays in the cache for the next time. A view
is one state; it fails rather than show a mix of two.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from artui import clock
from artui.catalog import far
from artui.errors import CatalogError, CatalogNotFound
from artui.times import time_text
from artui.travel.far.ahead import Ahead
from artui.travel.far.blocks import Blocks, spans_of
from artui.travel.far.frames import Frames, frames_of, salts_of
from artui.travel.far.source import BLOCK_BYTES, Source, State, TakesNoRanges, Unreachable, WrittenMeanwhile

Tell = Callable[[str, int, int], None]

WHOLE_BYTES = 4 << 20
"""A catalog up to this size is fetched as a whole."""
_FIRST_BLOCKS = (256 << 10) // BLOCK_BYTES
"""So many are fetched at once at the beginning: they have the schema, and the roots of most tables."""
_LEAST_AHEAD = (16 << 10) // BLOCK_BYTES
_MOST_AHEAD = (1 << 20) // BLOCK_BYTES
_MOST_REMEMBERED = 10_000
_MOST_BYTES = 1 << 40
_MOST_LOG_BYTES = 128 << 20
_TRIES = 5
"""So often a view is begun again because somebody writes."""
_OFFLINE_SECONDS = 10.0
"""So long nobody waits again for another side that could not be reached."""
_ROOM_BYTES = 64 << 20
"""So much of a disk is left free."""


@dataclass(frozen=True, slots=True)
class FarView:
    """One state of the catalog."""

    catalog: FarCatalog
    state: State
    blocks: Blocks
    frames: Frames
    size_bytes: int
    page_bytes: int

    def read(self, offset: int, count: int) -> bytes:
        """Give bytes of the catalog with all that is committed."""
        page_bytes = self.frames.page_bytes
        if not page_bytes:
            content = self._of_file(offset, count)
            if count == self.page_bytes and not offset % count:
                self.catalog.ahead.see(offset // count + 1, content)
            return content
        parts, stop = [], min(offset + count, self.size_bytes)
        while offset < stop:
            number, begin = offset // page_bytes + 1, offset % page_bytes
            length = min(page_bytes - begin, stop - offset)
            page = self.frames.page(number)
            part = page[begin : begin + length] if page is not None else self._of_file(offset, length)
            parts.append(part.ljust(length, b"\0"))
            if not begin and length == page_bytes:
                self.catalog.ahead.see(number, parts[-1])
            offset += length
        return b"".join(parts)

    def _of_file(self, offset: int, count: int) -> bytes:
        parts, stop = [], min(offset + count, self.state.size_bytes)
        while offset < stop:
            number, begin = divmod(offset, BLOCK_BYTES)
            block = self.blocks.get(number) or self.catalog.fetch(self, number, offset)
            parts.append(block[begin : begin + stop - offset])
            offset += len(parts[-1])
        return b"".join(parts)


@dataclass(frozen=True, slots=True)
class _Note:
    """What is written down of the newest state."""

    state: State
    seen_ms: int


class FarCatalog:
    """A catalog that lies elsewhere, followed from here."""

    def __init__(self, source: Source, folder: Path) -> None:
        """Nothing is asked yet.

        Args:
            source: what it is read from.
            folder: where its blocks are kept.
        """
        self.title = source.title
        self.why_not_writable = (
            "It lies elsewhere: open it there to change it, or `artui merge` it into a catalog of yours."
        )
        self.folder = folder
        self.seen_ms = 0
        """When the other side was asked last, and answered."""
        self.is_offline = self.is_gone = False
        self.fetched_bytes = 0
        self.is_outdated = threading.Event()
        """Set where a read found that the catalog was written to."""
        self._source = source
        self._view: FarView | None = None
        self._fetching = threading.Lock()
        self._under_way: dict[tuple[str, int], threading.Event] = {}
        self._ahead: dict[int, int] = {}
        self.ahead = Ahead()
        self._asks_again = 0.0

    @property
    def note(self) -> str:
        """Say from when it is, where the other side cannot be reached."""
        why = "no longer there" if self.is_gone else "offline" if self.is_offline else ""
        return f"{why}, as of {time_text(self.seen_ms)[:16]}" if why else ""

    def view(self) -> FarView:
        """Give the newest state that is known."""
        if self._view is None:
            raise Unreachable(f"{self.title} has not been reached.", remedy="Try again.")
        return self._view

    def look(self, tell: Tell | None = None) -> bool:
        """Ask how the catalog is now, and take that as the newest state; say whether it is another one.

        Where the other side cannot be reached, what is known of it stays.

        Raises:
            CatalogError: it cannot be reached, and nothing is known of it; or it is not there.
        """
        was = self._view
        try:
            self._view = self._newest(tell)
        except CatalogNotFound:
            if was is None:
                raise
            self.is_gone = True
            return False
        except Unreachable:
            self._view = was or self._kept()
            if self._view is None:
                raise
            self._note_offline()
            return self._view is not was
        self.is_offline, self.is_gone, self.seen_ms = False, False, clock.now_ms()
        self.is_outdated.clear()
        is_news = self._view is not was
        if is_news:
            self._keep(self._view.state)
        return is_news

    def fetch(self, view: FarView, number: int, offset: int) -> bytes:
        """Fetch the block of an offset, which is not here, and what is wanted next where reading goes on in order.

        Raises:
            CatalogError: it cannot be had.
        """
        key = (view.state.token, number)
        with self._fetching:
            under_way = self._under_way.get(key)
            if under_way is None:
                numbers = self._chosen(view, number, offset)
                done = threading.Event()
                self._under_way.update({(view.state.token, each): done for each in numbers})
        with far.waiting():
            if under_way is not None:
                under_way.wait()
                return view.blocks.get(number) or self.fetch(view, number, offset)
            try:
                self._fetch(view, numbers)
                return view.blocks.get(number) or b""
            finally:
                with self._fetching:
                    for each in numbers:
                        self._under_way.pop((view.state.token, each), None)
                done.set()

    def close(self) -> None:
        """End what is open to the other side."""
        self._source.close()

    def _note_offline(self) -> None:
        if not self.is_offline or time.monotonic() >= self._asks_again:
            self._asks_again = time.monotonic() + _OFFLINE_SECONDS
        self.is_offline = True

    def _chosen(self, view: FarView, number: int, offset: int) -> list[int]:
        """Choose what is fetched with a block: more each time that reading goes on where it ended."""
        if (page_bytes := view.page_bytes) and len(pages := self.ahead.wanted(offset // page_bytes + 1)) > 1:
            places = [(page - 1) * page_bytes for page in pages]
            chosen = {at // BLOCK_BYTES for place in places for at in range(place, place + page_bytes, BLOCK_BYTES)}
        else:
            ahead = min(_MOST_AHEAD, 2 * self._ahead.pop(number, 0)) or _LEAST_AHEAD
            self._ahead[number + ahead] = ahead
            chosen = set(range(number, number + ahead))
        if len(self._ahead) > _MOST_REMEMBERED:
            self._ahead.clear()
        token = view.state.token
        return [number, *(each for each in sorted(chosen - {number}) if 0 <= each < view.blocks.count and (token, each) not in self._under_way and view.blocks.get(each) is None)]  # fmt: skip

    def _fetch(self, view: FarView, numbers: list[int]) -> None:
        try:
            if self.is_offline and time.monotonic() < self._asks_again:
                raise Unreachable(f"{self.title} cannot be reached.", remedy="It is asked again from time to time.")
            spans = spans_of(numbers, most=_MOST_AHEAD)
            for (first, count), content in zip(spans, self._source.spans(spans, view.state), strict=True):
                self._take(view.blocks, range(first, first + count), content)
        except TakesNoRanges:
            self._fetch_whole(view.state, view.blocks, None)
        except WrittenMeanwhile:
            self.is_outdated.set()
            raise
        except Unreachable as error:
            self._note_offline()
            raise Unreachable(
                f"This part of {self.title} is not in the cache, and {error.message[:1].lower()}{error.message[1:]}",
                remedy=error.remedy,
            ) from error
        if view.blocks.get(numbers[0]) is None:
            raise Unreachable(f"{self.title} cannot be kept in the cache.", remedy="Make room.")

    def _take(self, blocks: Blocks, numbers: range, content: bytes) -> None:
        self.fetched_bytes += len(content)
        has_room = shutil.disk_usage(self.folder).free > _ROOM_BYTES
        for place, number in enumerate(numbers):
            blocks.put(number, content[place * BLOCK_BYTES : (place + 1) * BLOCK_BYTES], has_room=has_room)

    def _newest(self, tell: Tell | None) -> FarView:
        """Give a view of how it is now: the one that there is, if nothing was written."""
        for _ in range(_TRIES):
            state, was = self._source.state(), self._view
            if state.size_bytes > _MOST_BYTES:
                raise CatalogError(
                    f"{self.title} says that it has {state.size_bytes:,} bytes.", remedy="Is it a catalog?"
                )
            if was is not None and was.state == state:
                return was
            try:
                return self._made(state, was, tell)
            except WrittenMeanwhile as error:
                trouble = error
                time.sleep(0.05)
        raise Unreachable(f"{self.title} is written to all the time.", remedy="Try again.") from trouble

    def _made(self, state: State, was: FarView | None, tell: Tell | None) -> FarView:
        frames = self._frames(state, was)
        blocks = was.blocks if was is not None and was.state.token == state.token else self._blocks(state)
        self._begin(state, blocks, tell)
        return self._joined(state, blocks, frames)

    def _joined(self, state: State, blocks: Blocks, frames: Frames) -> FarView:
        size_bytes = frames.page_count * frames.page_bytes or state.size_bytes
        page_bytes = frames.page_bytes or int.from_bytes((blocks.get(0) or b"")[16:18], "big")
        return FarView(self, state, blocks, frames, size_bytes, 65536 if page_bytes == 1 else page_bytes)

    def _frames(self, state: State, was: FarView | None) -> Frames:
        """Read what is in the `-wal`: of one that has grown, only what is new."""
        if not state.log_bytes:
            return Frames()
        if state.log_bytes > _MOST_LOG_BYTES:
            raise CatalogError(
                f"{self.title} has a -wal of {state.log_bytes:,} bytes beside it.", remedy="`artui settle` settles it there."
            )  # fmt: skip
        kept = was.frames.content if was is not None else self._kept_log()
        start = len(kept) // BLOCK_BYTES * BLOCK_BYTES
        if start and salts_of(kept) == salts_of(self._source.log(0, _cut(state, BLOCK_BYTES))):
            log = kept[:start] + self._source.log(start, state)
        else:
            log = self._source.log(0, state)
        return frames_of(log)

    def _blocks(self, state: State) -> Blocks:
        """Open the blocks of a state; of the states before it, those that are the same are taken along."""
        name = hashlib.sha256(state.token.encode()).hexdigest()[:16]
        others = [path for path in self.folder.glob("state-*") if path.name != f"state-{name}"]
        is_new = not (self.folder / f"state-{name}").exists()
        blocks = Blocks(self.folder / f"state-{name}", state.size_bytes)
        if is_new and (note := self._noted()) is not None:
            before = self._folder_of(note.state)
            if before.exists():
                old = Blocks(before, note.state.size_bytes)
                try:
                    for first, count in self._source.unchanged(old.digests(), state):
                        for number in range(first, min(first + count, blocks.count)):
                            blocks.put(number, old.get(number) or b"")
                finally:
                    old.close()
        for path in others:
            # Whoever still reads one has it open.
            shutil.rmtree(path, ignore_errors=True)
        return blocks

    def _begin(self, state: State, blocks: Blocks, tell: Tell | None) -> None:
        """Fetch the beginning, or all of a small catalog."""
        if state.size_bytes <= WHOLE_BYTES and len(blocks.numbers()) < blocks.count:
            self._fetch_whole(state, blocks, tell)
        elif blocks.get(0) is None:
            try:
                count = min(_FIRST_BLOCKS, blocks.count)
                self._take(blocks, range(count), self._source.blocks(0, count, state))
            except TakesNoRanges:
                self._fetch_whole(state, blocks, tell)

    def _fetch_whole(self, state: State, blocks: Blocks, tell: Tell | None) -> None:
        """Fetch all blocks in order.

        Raises:
            CatalogError: there is no room for them, or they cannot be had.
        """
        free_bytes = shutil.disk_usage(self.folder).free
        if state.size_bytes + _ROOM_BYTES > free_bytes:
            raise CatalogError(
                f"{self.title} has {state.size_bytes:,} bytes, which have no room in the cache ({free_bytes:,} bytes are free).",
                remedy="Make room, or set XDG_CACHE_HOME.",
            )
        rest, number, fetched = b"", 0, 0
        for piece in self._source.whole(state):
            fetched += len(piece)
            if fetched > state.size_bytes:
                break
            rest += piece
            full = len(rest) // BLOCK_BYTES
            self._take(blocks, range(number, number + full), rest[: full * BLOCK_BYTES])
            number, rest = number + full, rest[full * BLOCK_BYTES :]
            if tell is not None:
                tell(f"{self.title}: bytes", fetched, state.size_bytes)
        if fetched != state.size_bytes:
            raise Unreachable(f"{self.title} gave {fetched:,} of {state.size_bytes:,} bytes.", remedy="Try again.")
        if rest:
            self._take(blocks, range(number, number + 1), rest)

    # What is written down

    def _folder_of(self, state: State) -> Path:
        return self.folder / f"state-{hashlib.sha256(state.token.encode()).hexdigest()[:16]}"

    def _keep(self, state: State) -> None:
        """Write down what is known, so that it can be shown again where the other side cannot be reached."""
        view = self._view
        with contextlib.suppress(OSError):
            part = self.folder / f".log.{os.getpid()}.part"
            part.write_bytes(view.frames.content if view is not None else b"")
            part.replace(self.folder / "log")
            part = self.folder / f".newest.{os.getpid()}.part"
            part.write_text(json.dumps({"title": self.title, "state": asdict(state), "seen_ms": self.seen_ms}), "utf-8")
            part.replace(self.folder / "newest.json")

    def _noted(self) -> _Note | None:
        try:
            noted = json.loads((self.folder / "newest.json").read_text("utf-8"))
            return _Note(State(**noted["state"]), int(noted["seen_ms"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _kept_log(self) -> bytes:
        try:
            return (self.folder / "log").read_bytes()
        except OSError:
            return b""

    def _kept(self) -> FarView | None:
        """Give the state that was known last, from the cache."""
        note = self._noted()
        if note is None or not self._folder_of(note.state).exists():
            return None
        blocks = Blocks(self._folder_of(note.state), note.state.size_bytes)
        if blocks.get(0) is None:
            blocks.close()
            return None
        self.seen_ms = note.seen_ms
        return self._joined(note.state, blocks, frames_of(self._kept_log()) if note.state.log_bytes else Frames())


def _cut(state: State, log_bytes: int) -> State:
    return State(state.token, state.size_bytes, state.log_token, min(log_bytes, state.log_bytes))
