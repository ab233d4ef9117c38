"""Models of a catalog in the registry of an MLflow server: the versions that aliases name, and these aliases, both ways.

An artifact of kind `model` stands there as a registered model of its name, each version that an alias names (other than
`latest`) as a version of it, whose source are the files among the artifacts of the run that made it. The server numbers versions
itself: which one is which says the digest of its files, so that any catalog that has the run finds its own version by it.

An alias is three-way, as tags of runs are: what was moved on one side since they agreed is moved on the other; what was moved on
both is as the server has it, once it is pulled, and a push alone leaves it.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from artui import clock
from artui.exchange.mlflow.agreed import Agreed, digest_of
from artui.exchange.mlflow.models import REGISTRY
from artui.exchange.mlflow.naming import ARTIFACT_TAG, DIGEST_TAG, SYNCED
from artui.exchange.mlflow.rest import Refused, Server
from artui.exchange.mlflow.server import MlflowServer
from artui.jsontext import json_text

if TYPE_CHECKING:
    from collections import Counter

    from artui.catalog import events
    from artui.exchange.mlflow.store import RegisteredModel
    from artui.exchange.mlflow.synced import There
    from artui.query.reader import Reader

Refuse = Callable[[str, str], None]
_UNFIT = re.compile(r"[/:%]|[^\x20-\x7e]")
_MOST_NAME_CHARS, _MOST_NOTE_CHARS = 200, 5_000
_BOTH = "were moved there and here since the last push: pull first"


@dataclass(frozen=True, slots=True)
class _Aliased:
    """A version of the catalog that an alias names."""

    project: str
    artifact: str
    alias: str
    digest: str
    number: int
    note: str
    run_id: str
    """The run that made it; empty if none is known."""


@dataclass(slots=True)
class _Model:
    """A registered model on the server, as far as it concerns the catalog."""

    name: str
    project: str
    artifact: str
    is_own: bool
    """Whether artui has registered it."""
    aliases: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    """Of versions, by what tells them: the digest of their files, or the number itself where somebody else registered them."""
    state: dict[str, Any] | None = None
    """The aliases that were agreed on at the last push by anybody, as `Agreed` keeps them; None where none has been."""
    pushes: int = 0
    writer: str = ""
    """Who made the last push."""
    pushed_ms: int = 0
    """And when, by their clock."""

    @property
    def key(self) -> tuple[str, str]:
        return self.project, self.artifact


def _model_of(said: RegisteredModel) -> _Model:
    aliases = {alias: number for alias, number in said.aliases.items() if alias != "latest"}
    where = _json(said.tags.get(ARTIFACT_TAG, ""))
    is_own = isinstance(where, list) and len(where) == 2 and all(isinstance(one, str) for one in where)
    project, artifact = (where[0], where[1]) if is_own else (REGISTRY, said.name)
    model = _Model(said.name, project, artifact, is_own, aliases)
    for version in said.versions:
        tags = version.facts.get("tags")
        told_by = (
            tags.get(DIGEST_TAG, "") if isinstance(tags, dict) and is_own else "" if is_own else str(version.number)
        )
        if told_by:
            model.numbers.setdefault(told_by, version.number)
    synced = _json(said.tags.get(SYNCED, ""))
    if isinstance(synced, dict) and isinstance(synced.get("aliases"), dict):
        known = _numbers(synced["aliases"])
        # A push that was broken off has said where it was about to move them.
        for alias, number in _numbers(synced.get("next")).items():
            if aliases.get(alias, 0) == number:
                known[alias] = number
        model.state = _state({alias: number for alias, number in known.items() if number})
        model.pushes = synced["pushes"] if isinstance(synced.get("pushes"), int) else 0
        model.writer = str(synced.get("by", ""))
        model.pushed_ms = synced["at"] if isinstance(synced.get("at"), int) else 0
    return model


def models_there(source: MlflowServer) -> dict[tuple[str, str], _Model]:
    """Give the registered models of a server by project and name of their artifact; prompts are none."""
    models: dict[tuple[str, str], _Model] = {}
    for said in source.registered_models():
        if not said.is_prompt:
            model = _model_of(said)
            models.setdefault(model.key, model)
    return models


def push_models(
    server: Server, source: MlflowServer, reader: Reader, there: Mapping[str, There], agreed: Agreed, brought: Counter[str], refuse: Refuse, *,
    is_dry: bool, coming: Collection[str] = (),
) -> None:  # fmt: skip
    """Register versions that aliases name, and move the aliases there that were moved here.

    Args:
        there: runs on the server by their ids in the catalog.
        brought: counts what is brought: `model versions`, `aliases`.
        coming: ids of the runs whose files would go there, were it not a dry run.
        refuse: counts what is not taken there.

    Raises:
        ServerError: the server cannot be reached.
    """
    models = models_there(source)
    wanted: dict[tuple[str, str], list[_Aliased]] = {}
    for one in _aliased(reader):
        wanted.setdefault((one.project, one.artifact), []).append(one)
    taken = {model.name for model in models.values()}
    for key in sorted({*wanted, *models}):
        model = models.get(key)
        some = wanted.get(key, [])
        if model is None and key[0] == REGISTRY:
            continue  # from the registry of another server
        try:
            if model is None:
                model = _Model(_free_name(*key, taken), *key, is_own=True)
                if not is_dry and any(_is_there(one, there) for one in some):
                    server.post("registered-models/create", name=model.name, tags=[{"key": ARTIFACT_TAG, "value": json_text(list(key))}])  # fmt: skip
                    taken.add(model.name)
            _push_model(server, reader, model, some, there, agreed, brought, refuse, is_dry=is_dry, coming=coming)
        except Refused as error:
            refuse("models", error.message.partition(" refuses it: ")[2][:200])


def _push_model(
    server: Server, reader: Reader, model: _Model, some: Sequence[_Aliased], there: Mapping[str, There], agreed: Agreed, brought: Counter[str], refuse: Refuse, *,
    is_dry: bool, coming: Collection[str],
) -> None:  # fmt: skip
    here: dict[str, int] = {}
    unplaced: set[str] = set()
    for one in some:
        number = model.numbers.get(one.digest if model.is_own else str(one.number))
        if number is None and model.is_own and (one.run_id in coming or _is_there(one, there)):
            number = -1 if is_dry else _registered(server, model, one, there[one.run_id])
            model.numbers[one.digest] = number
            brought["model versions"] += 1
        if number is None:
            unplaced.add(one.alias)
            refuse("aliases", "name versions that are not on the server: no run there has their files")
        else:
            here[one.alias] = number
    known = _base(agreed, model) or {}
    if not agreed.is_known(_agreed_key(model), model.name, model):
        with reader.snapshot() as connection:
            known = _known_of_strangers(connection, model, known, here, unplaced)
    moves: dict[str, int | None] = {}
    now: dict[str, int] = {}
    for alias in {*here, *model.aliases, *known}:
        ours, theirs, before = here.get(alias), model.aliases.get(alias), known.get(alias)
        if ours != theirs and ours != before and alias not in unplaced:
            if theirs != before:
                refuse("aliases", _BOTH)
            else:
                moves[alias] = ours
                continue
        agreed_on = theirs if ours == theirs else before
        if agreed_on is not None:
            now[alias] = agreed_on
    if is_dry:
        brought["aliases"] += len(moves)
        return
    if not (here or known):
        return
    others = {alias: number for alias, number in model.aliases.items() if alias not in moves and _is_said(model, alias, number)}  # fmt: skip
    if moves and model.is_own:
        _say(server, model, {"aliases": others | known, "next": {alias: number or 0 for alias, number in moves.items()}}, agreed)  # fmt: skip
    for alias, number in moves.items():
        is_moved = _set_alias(server, model, alias, number, refuse)
        brought["aliases"] += is_moved
        agreed_on = number if is_moved else known.get(alias)
        if agreed_on is not None:
            now[alias] = agreed_on
    if model.is_own and (moves or model.state != _state(others | now)):
        _say(server, model, {"aliases": others | now}, agreed)
    _agree(agreed, model, now)


def _say(server: Server, model: _Model, said: dict[str, Any], agreed: Agreed) -> None:
    """Write the tag that says what is agreed on, and where aliases are about to be moved; 0 stands for none."""
    model.pushes += 1
    text = json_text({**said, "pushes": model.pushes, "by": agreed.writer, "at": clock.now_ms()})
    server.post("registered-models/set-tag", name=model.name, key=SYNCED, value=text)


def _registered(server: Server, model: _Model, one: _Aliased, run: There) -> int:
    """Register a version; give the number that the server gives it."""
    tags = [{"key": DIGEST_TAG, "value": one.digest}, {"key": "artui.version", "value": f"v{one.number}"}]
    answer = server.post(
        "model-versions/create", name=model.name, source=f"{run.artifact_uri}/{one.artifact}", run_id=run.id, tags=tags, description=one.note[:_MOST_NOTE_CHARS]
    )  # fmt: skip
    said = answer.get("model_version")
    number = str(said.get("version", "")) if isinstance(said, dict) else ""
    if not number.isdigit():
        raise Refused(f"{server.place.shown} refuses it: it gave a version no number.")
    return int(number)


def _set_alias(server: Server, model: _Model, alias: str, number: int | None, refuse: Refuse) -> bool:
    try:
        if number is None:
            server.delete("registered-models/alias", name=model.name, alias=alias)
        else:
            server.post("registered-models/alias", name=model.name, alias=alias, version=str(number))
    except Refused as error:
        refuse("aliases", f"{alias[:60]!r}: {error.message.partition(' refuses it: ')[2][:200]}")
        return False
    return True


def take_aliases(
    connection: sqlite3.Connection, source: MlflowServer, agreed: Agreed, left: Counter[tuple[str, str]]
) -> list[tuple[_Model, dict[str, str], list[str]]]:
    """Give what was moved on the server since: of each model the aliases with the id of the version here, and those that are gone there.

    What is agreed on is noted.
    """
    found = []
    for model in models_there(source).values():
        ids = _version_ids(connection, model)
        here = {str(alias): str(version_id) for alias, version_id in connection.execute(_ALIASES_HERE, {"project": model.project, "name": model.artifact})}  # fmt: skip
        base = _base(agreed, model, with_tag=bool(here))
        if base is None:
            # Of a model that others registered, the import has set all that is there.
            base = {} if model.is_own else model.aliases
        elif not agreed.is_known(_agreed_key(model), model.name, model):
            numbers = {ids[told_by]: number for told_by, number in model.numbers.items() if told_by in ids}
            placed = {alias: numbers[version_id] for alias, version_id in here.items() if version_id in numbers}
            base = _known_of_strangers(
                connection, model, base, placed, [alias for alias in here if alias not in placed]
            )
        ids_by_number = {number: ids[told_by] for told_by, number in model.numbers.items() if told_by in ids}
        moved: dict[str, str] = {}
        now = dict(base)
        for alias, number in model.aliases.items():
            if number in ids_by_number:
                now[alias] = number
                if base.get(alias) != number:
                    moved[alias] = ids_by_number[number]
            elif base.get(alias) != number and model.is_own:
                left["aliases", "name versions that are not in this catalog"] += 1
        gone = [alias for alias in base if alias not in model.aliases]
        for alias in gone:
            del now[alias]
        if moved or (gone and ids):
            found.append((model, moved, [*gone] if ids else []))
        if ids:
            _agree(agreed, model, now)
    return found


def apply_aliases(edit: events.Edit, moves: Sequence[tuple[_Model, dict[str, str], list[str]]]) -> dict[str, list[str]]:
    """Move the aliases; give in words what that changed, by the name of the model."""
    taken: dict[str, list[str]] = {}
    for model, moved, gone in moves:
        words = [f"alias {alias}" for alias, version_id in moved.items() if edit.move_alias(version_id, alias)]
        ids = _version_ids(edit.connection, model)
        words += [f"alias {alias} off" for alias in gone if ids and edit.drop_alias(next(iter(ids.values())), alias)]
        if words:
            taken[model.artifact] = words
    return taken


def _version_ids(connection: sqlite3.Connection, model: _Model) -> dict[str, str]:
    """Give the ids of the versions that the catalog has of a model, by what tells them."""
    rows = connection.execute(_VERSIONS_HERE, {"project": model.project, "name": model.artifact})
    ids: dict[str, str] = {}
    for version_id, number, digest in rows:
        ids.setdefault(str(digest) if model.is_own else str(number), str(version_id))
    return ids


def _base(agreed: Agreed, model: _Model, *, with_tag: bool = True) -> dict[str, int] | None:
    """Give the aliases that were agreed on; None where that is not known."""
    key = _agreed_key(model)
    state = agreed.base(key, model.name, model) if with_tag else agreed.get(key, model.name, model.pushes)
    return (
        None if state is None else {alias: int(number) for alias, number in state["tags"].items() if number.isdigit()}
    )


def _known_of_strangers(
    connection: sqlite3.Connection, model: _Model, known: Mapping[str, int], here: Mapping[str, int], unplaced: Collection[str] = ()
) -> dict[str, int]:  # fmt: skip
    """Give what counts as agreed on where others alone have pushed the aliases, as `base_of_strangers` does for a run.

    What was moved or taken away here since they did is news of this catalog; all else is as it is here.
    """
    edited = set()
    for before, after in connection.execute(_ALIAS_EVENTS, {"project": model.project, "name": model.artifact, "since": model.pushed_ms}):  # fmt: skip
        said = _json(after) or _json(before)
        if isinstance(said, list) and said:
            edited.add(str(said[0]))
    found = {}
    for alias in {*known, *here, *unplaced}:
        number = known.get(alias) if alias in edited or alias in unplaced else here.get(alias)
        if number is not None:
            found[alias] = number
    return found


def _is_said(model: _Model, alias: str, number: int) -> bool:
    """Whether the tag on the server says an alias as it is there."""
    return model.state is not None and model.state["tags"].get(alias) == str(number)


def _state(aliases: Mapping[str, int]) -> dict[str, Any]:
    """Write aliases as `Agreed` keeps what can be changed."""
    return {"tags": {alias: str(number) for alias, number in sorted(aliases.items())}, "note": "", "name": ""}


def _numbers(said: object) -> dict[str, int]:
    return {str(alias): number for alias, number in said.items() if isinstance(number, int)} if isinstance(said, dict) else {}  # fmt: skip


def _agree(agreed: Agreed, model: _Model, aliases: Mapping[str, int]) -> None:
    agreed.put(_agreed_key(model), model.name, model.pushes, _state(aliases), "")


def _agreed_key(model: _Model) -> str:
    return f"model:{digest_of(json_text([model.project, model.artifact]))}"


def _is_there(one: _Aliased, there: Mapping[str, There]) -> bool:
    """Whether the run that made a version is on the server, with its files."""
    run = there.get(one.run_id)
    return run is not None and digest_of(f"{one.artifact}\0{one.digest}") in run.synced.files


def _free_name(project: str, artifact: str, taken: set[str]) -> str:
    """Name a model: as its artifact where that is free, else with its project."""
    plain = _UNFIT.sub("-", artifact)[:_MOST_NAME_CHARS]
    if plain not in taken:
        return plain
    longer = f"{plain} ({_UNFIT.sub('-', project)[:40]})"
    return longer if longer not in taken else f"{plain} {digest_of(json_text([project, artifact]))}"


def _aliased(reader: Reader) -> list[_Aliased]:
    with reader.snapshot() as connection:
        rows = connection.execute(_ALIASED).fetchall()
    return [
        _Aliased(str(project), str(artifact), str(alias), str(digest), int(number), str(note), str(run_id or ""))
        for project, artifact, alias, digest, number, note, run_id in rows
    ]


_ALIASED = """
    SELECT p.name, a.name, l.name, lower(hex(v.digest)), v.number, v.note,
           (SELECT r.id FROM edge AS e JOIN run AS r ON r.key = e.source_key WHERE e.relation = 0 AND e.target_key = v.key AND r.deleted_ms IS NULL
            ORDER BY e.created_ms, r.id LIMIT 1)
    FROM alias AS l
    JOIN version AS v ON v.key = l.version_key
    JOIN artifact AS a ON a.key = l.artifact_key
    JOIN project AS p ON p.key = a.project_key
    WHERE a.kind = 'model' AND l.name <> 'latest' AND a.deleted_ms IS NULL AND v.deleted_ms IS NULL
    ORDER BY p.name, a.name, v.number, l.name
"""
_VERSIONS_HERE = """
    SELECT v.id, v.number, lower(hex(v.digest))
    FROM version AS v
    JOIN artifact AS a ON a.key = v.artifact_key
    JOIN project AS p ON p.key = a.project_key
    WHERE p.name = :project AND a.name = :name AND v.deleted_ms IS NULL AND a.deleted_ms IS NULL
    ORDER BY v.number, v.id
"""
_ALIAS_EVENTS = """
    SELECT e.before, e.after
    FROM event AS e
    JOIN artifact AS a ON a.id = e.subject_id
    JOIN project AS p ON p.key = a.project_key
    WHERE p.name = :project AND a.name = :name AND e.action = 'alias' AND e.time_ms > :since
"""
_ALIASES_HERE = """
    SELECT l.name, v.id
    FROM alias AS l
    JOIN version AS v ON v.key = l.version_key
    JOIN artifact AS a ON a.key = l.artifact_key
    JOIN project AS p ON p.key = a.project_key
    WHERE p.name = :project AND a.name = :name
"""


def _json(text: str) -> Any:
    try:
        return orjson.loads(text) if text else None
    except ValueError:
        return None
