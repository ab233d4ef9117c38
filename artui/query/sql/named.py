"""What a query names: views and tables, by what they are called in it."""

from __future__ import annotations

from collections.abc import Sequence

from artui.query.sql.relations import Relation
from artui.query.sql.tokens import tokens

BEFORE_RELATION = ("FROM", "JOIN")
ENDS_RELATIONS = (
    "WHERE", "GROUP", "ORDER", "LIMIT", "ON", "USING", "SELECT", "HAVING", "UNION", "EXCEPT", "INTERSECT", "SET", "WITH", "OFFSET", "WINDOW", "VALUES",
)  # fmt: skip


def named_in(query: str, relations: Sequence[Relation]) -> dict[str, Relation]:
    """Give what a query names, by what it is called in it: views and tables, and expressions of its own, which have no columns."""
    found = [one for one in tokens(query) if one.kind != "comment"]
    by_name = {relation.name.lower(): relation for relation in relations}
    own = {
        one.value.lower(): Relation(one.value, ())
        for one, then, sign in zip(found, found[1:], found[2:], strict=False)
        if one.kind in ("word", "name") and then.text.upper() == "AS" and sign.text == "("
    }
    by_name |= own
    named: dict[str, Relation] = dict(own)
    is_in_list, is_wanted = False, False
    for place, token in enumerate(found):
        word = token.text.upper()
        if token.kind == "keyword" and word in BEFORE_RELATION:
            is_in_list, is_wanted = True, True
        elif token.kind == "keyword" and word in ENDS_RELATIONS:
            is_in_list = is_wanted = False
        elif token.text == ",":
            is_wanted = is_in_list
        elif is_wanted and token.kind in ("word", "name"):
            is_wanted = False
            relation = by_name.get(token.value.lower())
            if relation is None:
                continue
            behind = [one for one in found[place + 1 : place + 3] if one.text.upper() != "AS"]
            is_renamed = bool(behind) and behind[0].kind in ("word", "name")
            named[(behind[0] if is_renamed else token).value.lower()] = relation
    return named
