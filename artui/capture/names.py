"""Names for runs that were not given one: easy to say, easy to tell apart."""

from __future__ import annotations

import os

_MANNERS = (
    "able amber bold brave brisk bright calm clear crisp dapper deft eager fair fleet fond gentle glad golden grand green hardy "
    "honest jolly keen kind lively loyal lucid mellow merry mild neat nimble noble pale plain proud quick quiet rapid ready "
    "sharp silent sleek smart snug solid spry stark steady still stout sunny swift tidy true vivid warm wise witty"
).split()
_ANIMALS = (
    "badger beaver bison bittern crane curlew dipper dove eagle egret elk falcon ferret finch fox gannet goose grebe grouse hare "
    "hawk heron hobby ibex ibis jay kestrel kite lark linnet lynx magpie marten merlin mole newt otter owl petrel pipit plover "
    "puffin quail raven robin rook salmon seal shrew siskin snipe sparrow stoat stork swan swift tern thrush trout vole wren"
).split()


def new_name() -> str:
    """Make a name such as `calm-otter-417`; not guaranteed to be unique."""
    noise = os.urandom(4)
    number = int.from_bytes(noise[2:], "big") % 1000
    return f"{_MANNERS[noise[0] % len(_MANNERS)]}-{_ANIMALS[noise[1] % len(_ANIMALS)]}-{number}"


def numbered_name(number: int) -> str:
    """Give the same name for the same number, ending in that number plus one: for examples and tests."""
    return f"{_MANNERS[(number * 29 + 4) % len(_MANNERS)]}-{_ANIMALS[(number * 43 + 39) % len(_ANIMALS)]}-{number + 1}"
