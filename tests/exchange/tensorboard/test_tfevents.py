"""Scalars of event files: quick in whatever form a client writes them, and never anything else than what the slow way reads."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from artui.exchange.tensorboard.events import EventReader
from tests.counts import IS_LONG, tried
from tests.exchange.writing import TENSORS, message, scalar_value, value_event, varint

FORMS = ["simple", *TENSORS, "float val", "double val"]


def _read(events: Sequence[bytes], *, first: bytes | None = None) -> dict[str, Any]:
    """Give all that a reader says of events, once it has seen the first."""
    reader = EventReader()
    list(reader.read([first] if first is not None else []))
    for _ in reader.take_scalars():
        pass
    others = [
        (value.tag, value.step, value.plugin, repr(value.array), value.texts) for value in reader.read(list(events))
    ]
    # Of what is no number it does not matter which of its kind it is.
    scalars = {
        tag: [steps.tobytes(), times_ms.tobytes(), np.where(np.isnan(values), np.nan, values).tobytes()]
        for tag, (steps, times_ms, values) in reader.take_scalars()
    }
    plugins = {tag: plugin for tag, plugin in reader.plugins.items() if plugin}
    return {"scalars": scalars, "others": others, "bad": reader.bad, "counted": reader.others, "plugins": plugins}


def _calls(events: list[bytes]) -> int:
    reader = EventReader()
    count = 0

    def see(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(see)
    try:
        list(reader.read(events))
    finally:
        sys.setprofile(None)
    assert reader.point_count == len(events)
    return count


@pytest.mark.parametrize("is_told_first", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_scalars_of_every_form_are_read_without_taking_them_apart(form: str, is_told_first: bool) -> None:
    """A thousand events cost no call each: PyTorch's, TensorFlow 2's, Keras' and others', of two tags in turn."""
    events = [
        value_event(step, scalar_value(tag, step % 100, form=form, is_told_first=is_told_first, about=about))
        for step in range(500)
        for tag, about in (("loss", ""), ("val/acc", "of the set"))
    ]

    calls = _calls(events)

    assert calls < 500
    # Protocol buffers leave a step of zero out: the first event is then of another form than all others.
    zero = events[0][:9] + events[0][11:]
    assert _calls([zero, *events]) < 500
    scalars = _read(events)["scalars"]
    assert all(
        np.frombuffer(scalars[tag][2]).tolist() == [step % 100 for step in range(500)] for tag in ("loss", "val/acc")
    )


@pytest.mark.parametrize("form", FORMS)
def test_mutated_scalar_is_what_the_slow_way_reads(form: str) -> None:
    """Whatever becomes of an event's bytes, knowing its form changes nothing of what it says."""
    chance = random.Random(form)
    for is_told_first in (False, True):
        scalar_event = value_event(300, scalar_value("loss", 7, form=form, is_told_first=is_told_first))
        # Of the same tag and plug-in, but of another form: what is like `known` is then read the slow way.
        other = value_event(300, scalar_value("loss", 7, form=form, about="x" * 300))
        mutations = [scalar_event]
        # In the ordinary run each place is changed in one of the two.
        for place in range(0 if IS_LONG else is_told_first, len(scalar_event), tried(2, 1)):
            bits = range(8) if IS_LONG else (place % 8, (place + 5) % 8)
            flipped = [scalar_event[place] ^ 1 << bit for bit in bits]
            mutations += [
                scalar_event[:place] + bytes([byte]) + scalar_event[place + 1 :] for byte in (*flipped, 0, 127, 255)
            ]
            mutations += [scalar_event[:place] + bytes([byte]) + scalar_event[place:] for byte in (0, 1, 128, 255)]
            mutations += [
                scalar_event[:place],
                scalar_event[:place] + scalar_event[place + 1 :],
                scalar_event[:place] + b"\xff" * chance.randrange(12),
            ]
        for _ in range(tried(40, 100)):
            changed = bytearray(scalar_event)
            for _ in range(chance.randrange(2, 5)):
                changed[chance.randrange(len(changed))] = chance.choice(
                    [0, 1, 8, 9, 16, 18, 42, 127, 128, 255, chance.randrange(256)]
                )
            mutations.append(bytes(changed))
        for size in range(1, 14):  # steps of every length, with needless bytes, and of more than 64 bits
            for last in (0, 1, 127):
                mutations.append(scalar_event[:10] + b"\x80" * size + bytes([last]) + scalar_event[12:])
                mutations.append(scalar_event[:10] + b"\xff" * size + bytes([last]) + scalar_event[12:])

        for mutated in mutations:
            assert _read([mutated], first=scalar_event) == _read([mutated], first=other), mutated


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("count", [2, 5])
def test_several_values_in_an_event_are_read_as_if_each_had_its_own(form: str, count: int) -> None:
    """As the first TensorFlow wrote them: in every form, whether or not their forms are known."""
    tags = [f"tag-{number}" for number in range(count)]
    together = [
        value_event(step, *(scalar_value(tag, step + number, form=form) for number, tag in enumerate(tags)))
        for step in range(20)
    ]
    apart = [
        value_event(step, scalar_value(tag, step + number, form=form))
        for step in range(20)
        for number, tag in enumerate(tags)
    ]

    assert _read(together) == _read(apart)
    assert len(_read(together)["scalars"]) == count


def test_what_is_said_twice_is_no_form() -> None:
    """An event with a second time, step or summary behind the first is read by the last that it says."""
    value = scalar_value("loss", 1)
    for tail in (
        message((2, 9)),
        message((1, 5.0)),
        message((5, message((1, value)))),
        message((3, "x")),
        message((7, b"")),
    ):
        for head in (tail, b""):
            plain = message((1, 1.78e9), (2, 3))
            twice = [
                plain + head + message((5, message((1, scalar_value("loss", number))))) + tail for number in range(3)
            ]

            assert _read(twice) == {
                **_read([]),
                **_merged([_read([event]) for event in twice]),
            }


def _merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    scalars: dict[str, list[bytes]] = {}
    counted: dict[str, int] = {}
    for part in parts:
        for tag, columns in part["scalars"].items():
            before = scalars.get(tag, [b""] * 3)
            scalars[tag] = [one + more for one, more in zip(before, columns, strict=True)]
        for what, count in part["counted"].items():
            counted[what] = counted.get(what, 0) + count
    return {"scalars": scalars, "counted": counted, "plugins": parts[0]["plugins"]}


def test_plugin_that_is_told_late_holds_for_what_follows() -> None:
    """Forms learnt before a tag was said to be no scalar are not used behind it."""
    bare = value_event(1, scalar_value("x", 1, plugin=""))
    mesh_event = value_event(2, scalar_value("x", 2, plugin="mesh"))
    loose = scalar_value("x", 3, plugin="", form="double")

    content = _read([bare, bare, mesh_event, bare, value_event(3, loose, loose)])

    assert len(content["scalars"]["x"][0]) == 2 * 8
    assert [other[2] for other in content["others"]] == ["mesh"] * 4


def test_forms_without_end_cost_no_more_than_their_size() -> None:
    """Events of one length whose numbers stand at ever other places do not make reading slow."""
    events = []
    for size in range(1, 400):
        tag, about = "t" * size, "a" * (401 - size)
        events.append(value_event(1, scalar_value(tag, 1, about=about, is_told_first=size % 2 == 0)))
    events = events * 3

    assert _calls(events) < 200 * len(events)
    assert len(_read(events)["scalars"]) == 399


def test_number_of_an_event_may_look_like_its_frame() -> None:
    """A value whose bytes are those of a tag, or of a length, is found where it is."""
    odd = np.frombuffer(b"loss" + b"\x12\x04\x2a\x04" + varint(9) * 4, "<f4")
    events = [
        value_event(step, scalar_value("loss", float(value), form="float")) for step, value in enumerate([*odd, *odd])
    ]

    columns = _read(events)["scalars"]["loss"]

    assert np.frombuffer(columns[2]).tolist() == [*odd.tolist(), *odd.tolist()]
