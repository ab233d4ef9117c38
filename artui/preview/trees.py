"""Settings in YAML, TOML, INI and `.env` files as trees of names and values.

YAML is taken event by event: no object is made, a tag is shown as the text that it is, and an alias stays a name, so that
nothing is called and nothing multiplies. Values of `.env` files are secrets as a rule: only their names are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from artui.model import Preview
from artui.preview import text
from artui.preview.source import Source, Unreadable

MAX_YAML_BYTES = 1 << 20
_MAX_OTHER_BYTES = 128 << 10
_MAX_NODES = 20_000
_MAX_DEPTH = 60
_MAX_DOTS = 500
_MAX_VALUE_CHARS = 200
_VARIABLE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]{0,200})\s*=\s*(['\"]?)(.*)")
_YAML_TAG = "tag:yaml.org,2002:"
_YAML_TYPES = (
    "str",
    "int",
    "float",
    "bool",
    "null",
    "map",
    "seq",
    "set",
    "omap",
    "pairs",
    "timestamp",
    "binary",
    "merge",
    "value",
)
MASK = "••••••"


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value of YAML with the tag that stands before it, which is not followed."""

    tag: str
    value: Any


@dataclass(slots=True)
class Yaml:
    """What was read of a YAML text."""

    documents: list[Any] = field(default_factory=list)
    """Dictionaries, lists, texts, and these with tags."""
    tags: list[str] = field(default_factory=list)
    alias_count: int = 0
    stopped: str = ""
    """Why not everything was read; empty if it was."""


def yaml_tree(content: bytes, source: Source, *, is_whole: bool) -> Preview:
    """Preview YAML: the tree, its tags as text, how many aliases; what is no YAML is shown as text."""
    tree = read_yaml(content[:MAX_YAML_BYTES], source)
    if tree is None:
        return _as_text("not valid YAML, as text", content, is_whole=is_whole)
    shown = _first(tree.documents)
    what = (
        f"mapping of {len(shown):,}"
        if isinstance(shown, dict)
        else f"list of {len(shown):,}"
        if isinstance(shown, list)
        else "value"
    )
    is_cut = bool(tree.stopped) or len(content) > MAX_YAML_BYTES or not is_whole
    facts = _mlmodel(shown) if source.name == "mlmodel" else []
    if len(tree.documents) > 1:
        facts.append(("documents", f"{len(tree.documents):,}"))
    if tree.tags:
        facts.append(("! tags", f"{', '.join(dict.fromkeys(tree.tags))}: shown, not followed"))
    if tree.alias_count:
        facts.append(("aliases", f"{tree.alias_count:,}, not expanded"))
    if is_cut:
        facts.append(("partial", tree.stopped or "only the beginning was read"))
    lines = [line for document in tree.documents for line in ("---", *lines_of(document))][1:]
    return Preview("json", f"YAML, {what}", text.first_lines(lines), facts=tuple(facts))


def _first(documents: list[Any]) -> Any:
    return documents[0] if documents else ""


def _mlmodel(model: Any) -> list[tuple[str, str]]:
    """Give what an MLflow model says of itself."""
    if not isinstance(model, dict):
        return []
    flavours = model.get("flavors")
    facts = [("flavours", ", ".join(flavours))] if isinstance(flavours, dict) else []
    names = ("run_id", "model_id", "mlflow_version", "utc_time_created", "model_uuid")
    facts += [(name, model[name]) for name in names if isinstance(model.get(name), str)]
    signature = model.get("signature")
    if isinstance(signature, dict):
        facts += [
            (f"signature {name}", str(value)[:500]) for name, value in signature.items() if isinstance(value, str)
        ]
    return facts


def read_yaml(content: bytes, source: Source) -> Yaml | None:
    """Read YAML as plain values; None if it is none. Too much of it is read in part."""
    import yaml

    tree = Yaml()
    stack: list[_Open] = []
    node_count = 0
    try:
        for event in yaml.parse(
            content.decode("utf-8", "replace"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        ):
            source.step()
            node_count += 1
            if node_count > _MAX_NODES or len(stack) > _MAX_DEPTH:
                raise Unreadable("it is too large to read whole")
            tag = _own_tag(getattr(event, "tag", None)) if isinstance(event, yaml.NodeEvent) else None
            if tag is not None and len(tree.tags) < 20:
                tree.tags.append(tag)
            if isinstance(event, yaml.ScalarEvent):
                _put(tree, stack, _tagged(tag, event.value[: _MAX_VALUE_CHARS * 10]))
            elif isinstance(event, yaml.AliasEvent):
                tree.alias_count += 1
                _put(tree, stack, f"*{event.anchor[:60]}")
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                opened = _Open({} if isinstance(event, yaml.MappingStartEvent) else [])
                _put(tree, stack, _tagged(tag, opened.value))
                stack.append(opened)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                stack.pop()
    except Unreadable as reason:
        tree.stopped = str(reason)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return tree


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being filled."""

    value: Any
    key: str | None = None


def _own_tag(tag: str | None) -> str | None:
    """Write a tag as it is written in a file; None for those of YAML itself."""
    if tag is None or tag == "!" or tag.removeprefix(_YAML_TAG) in _YAML_TYPES:
        return None
    return tag.replace(_YAML_TAG, "!!", 1)[:100]


def _tagged(tag: str | None, value: Any) -> Any:
    return value if tag is None else Tagged(tag, value)


def _put(tree: Yaml, stack: list[_Open], value: Any) -> None:
    if not stack:
        tree.documents.append(value)
    elif isinstance(stack[-1].value, list):
        stack[-1].value.append(value)
    elif stack[-1].key is None:
        stack[-1].key = value if isinstance(value, str) else value_text(value)
    else:
        stack[-1].value[stack[-1].key] = value
        stack[-1].key = None


def value_text(value: Any) -> str:
    """Say a value in one line, cut."""
    if isinstance(value, Tagged):
        return f"{value.tag} {value_text(value.value)}"[:_MAX_VALUE_CHARS]
    if isinstance(value, dict):
        return f"{{{len(value):,}}}"
    if isinstance(value, list):
        parts = [value_text(part) for part in value[:20]]
        return (", ".join(parts) + (", …" if len(value) > 20 else ""))[:_MAX_VALUE_CHARS]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).replace("\n", " ")[:_MAX_VALUE_CHARS]


def lines_of(value: Any) -> list[str]:
    """Write a tree in lines, two spaces a level, as many as are shown."""
    lines: list[str] = []
    for line in _lines(value, 0):
        lines.append(line)
        if len(lines) > text.MAX_LINES:
            break
    return lines


def _lines(value: Any, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(value, Tagged):
        yield f"{indent}{value.tag}"
        yield from _lines(value.value, depth)
        return
    if depth > _MAX_DEPTH or not isinstance(value, dict | list) or not value:
        yield indent + (
            value_text(value) if value or not isinstance(value, dict | list) else "{}" if value == {} else "[]"
        )
        return
    for name, member in value.items() if isinstance(value, dict) else (("-", member) for member in value):
        head = f"{indent}{name}{'' if isinstance(value, list) else ':'}"[:_MAX_VALUE_CHARS]
        inner = member.value if isinstance(member, Tagged) else member
        if isinstance(inner, dict | list) and inner:
            yield f"{head} {member.tag}" if isinstance(member, Tagged) else head
            yield from _lines(inner, depth + 1)
        else:
            yield f"{head} {value_text(member)}"


def toml(content: bytes, *, is_whole: bool) -> Preview:
    """Preview TOML as a tree; what is none is shown as text."""
    import tomllib

    # The time that a dotted name takes grows with the square of its parts.
    is_long = any(line.count(b".") > _MAX_DOTS for line in content[: _MAX_OTHER_BYTES + 1].splitlines())
    if not is_whole or len(content) > _MAX_OTHER_BYTES or is_long:
        return _as_text("TOML, its beginning as text", content, is_whole=False)
    try:
        tree = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        return _as_text("not valid TOML, as text", content, is_whole=True)
    return Preview("json", f"TOML, {len(tree):,} name{'' if len(tree) == 1 else 's'}", text.first_lines(lines_of(tree)))


def ini(content: bytes, *, is_whole: bool) -> Preview:
    """Preview an INI file as sections with their values, which stay as they are written."""
    import configparser

    if not is_whole or len(content) > _MAX_OTHER_BYTES:
        return _as_text("settings, their beginning as text", content, is_whole=False)
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, interpolation=None)
    try:
        parser.read_string(content.decode("utf-8-sig", "replace"))
    except (configparser.Error, AttributeError):
        return text.look(content, is_whole=True)
    sections = {name: dict(parser.items(name)) for name in parser.sections()}
    if parser.defaults():
        sections = {parser.default_section: dict(parser.defaults()), **sections}
    tree = {
        name: {key: "" if value is None else value for key, value in pairs.items()} for name, pairs in sections.items()
    }
    title = f"INI, {len(tree):,} section{'' if len(tree) == 1 else 's'}"
    return Preview("json", title, text.first_lines(lines_of(tree)))


def environment(content: bytes, *, is_whole: bool) -> Preview:
    """Preview a `.env` file: names of variables; no value, no comment, nothing that a value goes on with."""
    is_whole = is_whole and len(content) <= _MAX_OTHER_BYTES
    names: list[str] = []
    closing = ""
    for line in content[:_MAX_OTHER_BYTES].decode("utf-8", "replace").splitlines():
        if closing:
            closing = "" if closing in line else closing
        elif match := _VARIABLE.match(line[:5000]):
            names.append(match[1])
            closing = match[2] if match[2] and match[2] not in match[3] else ""
    count = f"{'' if is_whole else 'over '}{len(names):,}"
    lines = [f"{name}={MASK}" for name in names[: text.MAX_LINES]]
    facts = (("values", "hidden: such files hold secrets as a rule"),)
    return Preview("text", f"variables, {count} name{'' if count == '1' else 's'}", "\n".join(lines), facts=facts)


def _as_text(title: str, content: bytes, *, is_whole: bool) -> Preview:
    shown = text.look(content, is_whole=is_whole)
    return Preview("text", title, shown.text, facts=shown.facts)
