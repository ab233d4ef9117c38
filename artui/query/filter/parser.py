"""The filter language: text in, a tree of conditions out.

    val/loss < 0.3 and lr in (0.01, 0.003)
    status = failed and started > 2d ago
    metrics.val/acc.max >= 0.9 and params.optimizer ~ "adam.*" and not tags.wip
    any(val/loss < 0.1 after step 500)
    artifact = "mnist:v2" or "warm restart"
    kind = model and made_by (val/loss < 0.3) and has preview

One grammar for the app, the command line, Python and saved views. It knows no catalog: what a bare name stands
for, and what a value means beside a field, is decided where the tree is compiled.

    filter     = alternative { "or" alternative }
    alternative = condition { ["and"] condition }
    condition  = ("not" | "!") condition | "(" filter ")" | any | test | word | "has" field | nested
    nested     = ("made_by" | "used_by" | "input" | "output" | "artifact") "(" filter ")"
    test       = field operator value | field ["not"] "in" "(" value { "," value } ")"
               | field "between" value "and" value | field "is" ["not"] ("null" | "nan") | number operator field [operator number]
    any        = "any" "(" field operator number [range] ")"
    range      = ("after" | "before" | "from" | "until" | "at") "step" number | "between" "step" number "and" number
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from artui.query.filter.tokens import WORD_OPERATORS, FilterError, Token, pointing_into, quoted_name, tokens
from artui.query.filter.values import Value, is_clock, is_date
from artui.query.spelling import bindable

MAX_CHARS = 10_000
MAX_TESTS = 200
MAX_DEPTH = 40

SOURCES = {
    "metrics": "metric", "metric": "metric", "params": "param", "param": "param", "parameters": "param", "parameter": "param",
    "tags": "tag", "tag": "tag", "attributes": "attribute", "attribute": "attribute", "attr": "attribute", "run": "attribute",
}  # fmt: skip
"""Prefixes that say what a name is, those of MLflow among them."""
NESTED = ("made_by", "used_by", "input", "output", "artifact")
"""Names behind which a filter in parentheses may stand."""
COMPARISONS = ("<", "<=", ">", ">=")
_TURNED_ROUND = ("=<", "=>", "=!")
"""Operators that people write the wrong way round."""
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}
_RANGES = {"after": ">", "from": ">=", "before": "<", "until": "<=", "at": "="}


@dataclass(frozen=True, slots=True)
class Field:
    """A name on the left of an operator."""

    name: str
    source: str
    """`metric`, `param`, `tag` or `attribute`; empty for a bare name."""
    position: int
    length: int

    @property
    def shown(self) -> str:
        """The name as a filter writes it, with its prefix."""
        prefix = {"metric": "metrics.", "param": "params.", "tag": "tags."}.get(self.source, "")
        return prefix + quoted_name(self.name)


@dataclass(frozen=True, slots=True)
class Word:
    """Text that a run must contain somewhere."""

    text: str
    position: int
    length: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field held against values. `operator` is one of those below; without values it is `is null`, `is nan` or `exists`."""

    field: Field
    operator: str
    """`=` `!=` `<` `<=` `>` `>=` `~` `!~` `in` `not in` `like` `not like` `ilike` `not ilike` `contains` `not contains`
    `is null` `is not null` `is nan` `is not nan` `exists`."""
    values: tuple[Value, ...]
    position: int
    length: int


@dataclass(frozen=True, slots=True)
class AnyPoint:
    """Whether any point of a metric, within a range of steps, has such a value."""

    field: Field
    operator: str
    value: Value
    low: int | None
    """First step that counts; None is from the start."""
    high: int | None
    """Last step that counts."""
    position: int
    length: int


@dataclass(frozen=True, slots=True)
class Nested:
    """Something on the other side of an edge, which a filter of its own chooses: runs beside a version, versions beside a run."""

    field: Field
    part: Node
    position: int
    length: int


@dataclass(frozen=True, slots=True)
class Not:
    """Runs that `part` does not match."""

    part: Node


@dataclass(frozen=True, slots=True)
class And:
    """Runs that all parts match."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Runs that at least one part matches."""

    parts: tuple[Node, ...]


Node = Word | Comparison | AnyPoint | Nested | Not | And | Or


def names_attribute(node: Node | None, name: str) -> bool:
    """Say whether a filter asks about an attribute."""
    if isinstance(node, And | Or):
        return any(names_attribute(part, name) for part in node.parts)
    if isinstance(node, Not):
        return names_attribute(node.part, name)
    return isinstance(node, Comparison) and node.field.source in ("", "attribute") and node.field.name.lower() == name


def error_at(
    what: Field | Value | Comparison | AnyPoint | Nested | Word, message: str, remedy: str = ""
) -> FilterError:
    """Make an error that points at a piece of a filter."""
    return FilterError(message, what.position, what.length, remedy=remedy)


def asked_for(node: Node | None) -> frozenset[str]:
    """Give the names that a filter compares, and the words that it looks for, in lower case."""
    if isinstance(node, And | Or):
        return frozenset().union(*map(asked_for, node.parts))
    if isinstance(node, Not):
        return asked_for(node.part)
    if isinstance(node, Nested):
        return frozenset([node.field.name.lower()]) | asked_for(node.part)
    if node is None:
        return frozenset()
    return frozenset([(node.text if isinstance(node, Word) else node.field.name).lower()])


def parse(text: str) -> Node | None:
    """Read a filter; None for one that is empty.

    Raises:
        FilterError: it cannot be understood; the error says where, and what would fit there.
    """
    if len(text) > MAX_CHARS:
        raise FilterError(
            f"The filter is longer than {MAX_CHARS:,} characters.",
            next((place for place in range(MAX_CHARS, len(text)) if not text[place].isspace()), 0),
            remedy="Mark runs and save a view of them instead.",
            text=text,
        )
    with pointing_into(text):
        return _Parser(text).read()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.index = 0
        self.tests = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def next(self) -> Token:
        token = self.tokens[self.index]
        self.index = min(self.index + 1, len(self.tokens) - 1)
        return token

    def peek(self, ahead: int = 1) -> Token:
        return self.tokens[min(self.index + ahead, len(self.tokens) - 1)]

    def read(self) -> Node | None:
        if self.token.kind == "end":
            return None
        node = self.alternatives()
        if self.token.kind == ")":
            raise self.error(self.token, "This ) closes nothing.", "Take it away, or open a ( before it.")
        if self.token.kind != "end":
            raise self.error(self.token, f"{self.token.text} does not fit here.", "Join conditions with and or or.")
        return node

    def alternatives(self) -> Node:
        parts = [self.alternative()]
        while self.token.keyword == "or":
            joint = self.next()
            self.needs_condition(joint)
            parts.append(self.alternative())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def alternative(self) -> Node:
        parts = [self.condition()]
        while True:
            if self.token.keyword == "and":
                joint = self.next()
                self.needs_condition(joint)
            elif self.token.kind in ("end", ")", ",", "operator") or self.token.keyword == "or":
                break
            parts.append(self.condition())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def needs_condition(self, joint: Token) -> None:
        if self.token.kind in ("end", ")"):
            raise self.error(
                joint,
                f"A condition should follow {joint.text}.",
                "Write one, such as val/loss < 0.3, or take the word away.",
            )

    def condition(self) -> Node:
        token = self.token
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(token, f"Conditions are nested more than {MAX_DEPTH} deep.", "Take parentheses away.")
        try:
            if token.keyword == "not":
                self.next()
                self.needs_condition(token)
                return Not(self.condition())
            if token.kind == "(":
                self.next()
                if self.token.kind == ")":
                    raise self.error(
                        token, "There is nothing between these parentheses.", "Write a condition, or take them away.", 2
                    )
                if self.token.kind == "end":
                    raise self.error(token, "Nothing follows this (.", "Write a condition and a ), or take it away.")
                node = self.alternatives()
                if self.token.kind != ")":
                    raise self.error(token, "This ( is not closed.", "Put a ) where the group ends.")
                self.next()
                return node
            return self.test()
        finally:
            self.depth -= 1

    def test(self) -> Node:
        token = self.token
        self.tests += 1
        if self.tests > MAX_TESTS:
            raise self.error(
                token, f"The filter has more than {MAX_TESTS} conditions.", "Use in (…) for many values of one field."
            )
        if token.kind in ("end", ")"):
            raise self.error(token, "A condition should stand here.", "For example val/loss < 0.3.")
        if token.kind == "operator":
            raise self.error(token, f"A name should stand before {token.text}.", "For example val/loss < 0.3.")
        if token.kind == ",":
            raise self.error(
                token, "A comma joins only values, as in lr in (0.1, 0.01).", "Join conditions with and or or."
            )
        if token.keyword:
            raise self.error(
                token,
                f"A condition cannot begin with {token.text}.",
                f'To look for the word itself, quote it: "{token.text}".',
            )
        if token.kind == "word" and token.text.lower() == "any" and self.peek().kind == "(":
            return self.any_point()
        if token.kind == "word" and token.text.lower() in NESTED and self.peek().kind == "(":
            return self.nested()
        if token.kind == "word" and token.text.lower() == "has" and self.peek().kind in ("word", "name", "string") and not self.peek().keyword:  # fmt: skip
            self.next()
            named = self.next()
            if self.token.kind == "operator":
                raise self.error(self.token, f"{self.token.text} does not fit here.", "Take has away, or what follows.")
            return self.finish(field_of(named), "exists", ())
        self.next()
        negated = self.token.keyword == "not" and self.peek().keyword in ("in", "like", "ilike", "contains", "between")
        operator = self.peek() if negated else self.token
        # `contains`, `like`, `in`, `is`, `between` after a name are operators; a word alone stays a word.
        if operator.kind != "operator" and operator.keyword not in WORD_OPERATORS:
            return self.alone(token)
        if token.kind == "word" and operator.kind == "operator" and Value(token.text, False, 0, 0).number is not None:
            return self.turned(token)
        field = field_of(token)
        if negated:
            self.next()
        self.next()
        node = self.tested(field, operator, "not " if negated else "")
        if self.token.kind == "operator":
            raise self.error(self.token, f"{self.token.text} does not fit here.", "Join conditions with and or or.")
        return node

    def nested(self) -> Node:
        """Read `made_by (val/loss < 0.3)`."""
        start = self.next()
        part = self.condition()
        closing = self.tokens[self.index - 1]
        return Nested(field_of(start), part, start.position, closing.end - start.position)

    def alone(self, token: Token) -> Node:
        """Read a word alone: text to look for, or a field that must exist."""
        field = field_of(token)
        if token.kind != "string" and field.source:
            return Comparison(field, "exists", (), token.position, token.length)
        if token.kind == "word" and token.text.endswith(".diverged"):
            return Comparison(field, "exists", (), token.position, token.length)
        return Word(token.text, token.position, token.length)

    def turned(self, token: Token) -> Node:
        """Read `0.1 < lr`, or `0.1 < lr < 0.3`."""
        first = self.next()
        if first.text not in _TURNED:
            raise self.error(
                first, f"{first.text} cannot follow a number.", "Write the name first, as in optimizer ~ adam."
            )
        if self.token.kind not in ("word", "name", "string") or self.token.keyword:
            raise self.error(
                self.token, f"A name should follow {first.text}.", f"For example {token.text} {first.text} val/loss."
            )
        field = field_of(self.next())
        low = Comparison(
            field, _TURNED[first.text], (_value(token),), token.position, field.position + field.length - token.position
        )
        if self.token.kind != "operator":
            return low
        second = self.next()
        high = self.tested(field, second, "")
        return And((low, high))

    def tested(self, field: Field, operator: Token, negation: str) -> Node:
        word = operator.keyword or operator.text
        if word == "in":
            return self.held_against(field, negation + "in", self.members(operator))
        if word == "between":
            low = self.value(operator)
            if self.token.keyword != "and":
                raise self.error(
                    self.token,
                    "between needs two values with and between them.",
                    "For example lr between 0.01 and 0.1.",
                )
            high = self.value(self.next())
            inside = And((self.finish(field, ">=", (low,)), self.finish(field, "<=", (high,))))
            return Not(inside) if negation else inside
        if word == "is":
            return self.is_something(field, operator)
        return self.held_against(field, negation + word, (self.value(operator),))

    def held_against(self, field: Field, operator: str, values: tuple[Value, ...]) -> Node:
        """Read values; `= null` means the same as `is null`."""
        is_equality = operator in ("=", "!=", "in", "not in")
        others = tuple(value for value in values if value.is_quoted or value.text.lower() != "null")
        if not is_equality or len(others) == len(values):
            return self.finish(field, operator, values)
        is_negated = operator in ("!=", "not in")
        missing = self.finish(field, "is not null" if is_negated else "is null", ())
        if not others:
            return missing
        parts = missing, self.finish(field, operator, others)
        return And(parts) if is_negated else Or(parts)

    def is_something(self, field: Field, operator: Token) -> Node:
        negation = ""
        if self.token.keyword == "not":
            self.next()
            negation = "not "
        what = self.token.text.lower() if self.token.kind == "word" else ""
        if what not in ("null", "none", "nan"):
            raise self.error(
                self.token if self.token.kind != "end" else operator,
                "is takes null, not null, nan or not nan.",
                f"To hold it against a value write {field.shown} = {self.token.text or '…'}.",
            )
        self.next()
        return self.finish(field, f"is {negation}{'nan' if what == 'nan' else 'null'}", ())

    def members(self, operator: Token) -> tuple[Value, ...]:
        opening = self.token
        if opening.kind != "(":
            raise self.error(
                opening if opening.kind != "end" else operator,
                "in needs values in parentheses.",
                "For example lr in (0.01, 0.003).",
            )
        self.next()
        values: list[Value] = []
        while self.token.kind != ")":
            if self.token.kind == "end":
                raise self.error(opening, "This ( is not closed.", "Put a ) after the last value.")
            values.append(self.value(opening))
            if self.token.kind == ",":
                self.next()
            elif self.token.kind not in (")", "end"):
                raise self.error(self.token, "A comma or a ) should stand here.", "For example lr in (0.01, 0.003).")
        closing = self.next()
        if not values:
            raise self.error(
                opening,
                "There are no values between these parentheses.",
                "For example lr in (0.01, 0.003).",
                closing.end - opening.position,
            )
        return tuple(values)

    def value(self, before: Token) -> Value:
        token = self.token
        if token.kind not in ("word", "string", "name"):
            where = before if token.kind == "end" else token
            if before.text + token.text in _TURNED_ROUND and before.end == token.position:
                meant = token.text + before.text
                raise self.error(before, f"There is no {before.text}{token.text}.", f"Write {meant}.", 2)
            raise self.error(where, f"A value should follow {before.text}.", 'A number, a word, or "text in quotes".')
        if token.keyword in ("and", "or") or token.text == "!":
            raise self.error(
                token,
                f"A value should follow {before.text}, not {token.text}.",
                f'To mean the word itself, quote it: "{token.text}".',
            )
        self.next()
        following = self.token
        if token.kind == "word" and following.kind == "word":
            if following.text.lower() == "ago":
                self.next()
                return Value(token.text, False, token.position, following.end - token.position, is_ago=True)
            if is_date(token.text) and is_clock(following.text):
                self.next()
                return Value(f"{token.text} {following.text}", False, token.position, following.end - token.position)
        return _value(token)

    def finish(self, field: Field, operator: str, values: tuple[Value, ...]) -> Comparison:
        last = self.tokens[self.index - 1]
        return Comparison(field, operator, values, field.position, max(field.length, last.end - field.position))

    def any_point(self) -> AnyPoint:
        start = self.next()
        opening = self.next()
        if self.token.kind not in ("word", "name", "string") or self.token.keyword:
            raise self.error(
                self.token if self.token.kind != "end" else opening,
                "any(…) begins with a metric's name.",
                "For example any(val/loss < 0.1 after step 500).",
            )
        field = field_of(self.next())
        operator = self.token
        if operator.kind != "operator" or operator.text in ("~", "!~"):
            raise self.error(
                operator if operator.kind != "end" else start,
                "any(…) compares a metric with a number.",
                "For example any(val/loss < 0.1 after step 500).",
            )
        self.next()
        value = self.value(operator)
        if value.quantity is None:
            raise FilterError(
                f"{value.text} is not a number.",
                value.position,
                value.length,
                remedy="any(…) compares a metric with a number.",
            )
        low, high = self.steps()
        if self.token.kind != ")":
            raise self.error(
                self.token if self.token.kind != "end" else opening,
                "any(…) should end here." if self.token.kind != "end" else "This ( is not closed.",
                "Behind the number may stand: after step 500, before step 500, at step 500, between step 100 and 500.",
            )
        closing = self.next()
        return AnyPoint(field, operator.text, value, low, high, start.position, closing.end - start.position)

    def steps(self) -> tuple[int | None, int | None]:
        word = self.token.text.lower() if self.token.kind == "word" else ""
        if word == "between":
            self.next()
            low = self.step()
            if self.token.keyword != "and":
                raise self.error(
                    self.token,
                    "between needs two steps with and between them.",
                    "For example between step 100 and 500.",
                )
            self.next()
            return low, self.step()
        if word not in _RANGES:
            return None, None
        self.next()
        step = self.step()
        return {
            ">": (step + 1, None),
            ">=": (step, None),
            "<": (None, step - 1),
            "<=": (None, step),
            "=": (step, step),
        }[_RANGES[word]]

    def step(self) -> int:
        if self.token.kind == "word" and self.token.text.lower() in ("step", "steps"):
            self.next()
        token = self.token
        number = (
            bindable(quantity) if token.kind == "word" and (quantity := _value(token).quantity) is not None else None
        )
        if number is None or not math.isfinite(number) or number != int(number) or abs(number) >= 2**63:
            raise self.error(
                token if token.kind != "end" else self.tokens[self.index - 1],
                "A step is a whole number.",
                "For example after step 500.",
            )
        self.next()
        return int(number)

    def error(self, token: Token, message: str, remedy: str = "", length: int | None = None) -> FilterError:
        is_unfinished = self.token.kind == "end"
        if token.kind == "end" and len(self.tokens) > 1:
            # Nothing can be marked after the end of the text: mark its last word.
            token = self.tokens[-2]
        cells = length if length is not None else token.length
        return FilterError(message, token.position, cells, remedy=remedy, is_unfinished=is_unfinished)


def field_of(token: Token) -> Field:
    """Read a token as a field: `metrics.val/loss`, `"val loss"`, `lr`."""
    prefix, dot, rest = token.text.partition(".")
    # A name wholly in quotes is a name as it is.
    if dot and rest and prefix.lower() in SOURCES and token.kind != "string":
        return Field(rest, SOURCES[prefix.lower()], token.position, token.length)
    if dot and prefix.lower() in ("dataset", "datasets") and rest == "name" and token.kind == "word":
        return Field("input", "attribute", token.position, token.length)
    return Field(token.text, "", token.position, token.length)


def _value(token: Token) -> Value:
    return Value(token.text, token.kind != "word", token.position, token.length)
