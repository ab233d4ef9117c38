"""MLflow's models: those that runs logged, and the registry with its version numbers, aliases and stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from artui.exchange.mlflow.store import NO_PLACE, LoggedModel, MlflowRun, ModelVersion, RegisteredModel

if TYPE_CHECKING:
    from artui.exchange.intake.intake import Intake
    from artui.exchange.intake.versions import Saved
    from artui.exchange.mlflow.artifacts import Places

REGISTRY = "model-registry"
"""The project of all registered models."""


class Models:
    """Writes the models of one store."""

    def __init__(
        self, intake: Intake, places: Places, *, runs: Mapping[str, MlflowRun], logged: Mapping[str, LoggedModel],
        project_of: Callable[[str], str], id_of: Callable[[str], str],
    ) -> None:  # fmt: skip
        self._intake, self._places, self._id_of = intake, places, id_of
        self._runs, self._logged, self._project_of = runs, logged, project_of

    def put_logged(self, model: LoggedModel) -> Saved | None:
        """Write a logged model as a version of an artifact of its name."""
        place = self._places.find(model.artifact_uri, anchor=model.id)
        contents = self._intake.versions.folder_contents(place, root=self._places.home) if place is not None else []
        run = self._runs.get(model.run_id)
        return self._intake.versions.put(
            self._project_of(model.experiment_id), model.name or model.id, kind="model", contents=contents, root=self._places.home,
            location="" if contents else model.artifact_uri, created_ms=model.created_ms or (run.started_ms if run else 0), identity=("mlflow", model.id),
            metadata={"model_id": model.id, **model.facts, **({"deleted": True} if model.is_deleted else {})},
        )  # fmt: skip

    def put_registered(self, models: Iterable[RegisteredModel], piece: Callable[[str], AbstractContextManager[None]]) -> None:  # fmt: skip
        """Write registered models; each of their versions is read within a `piece`, so that damage loses only that version."""
        left = self._intake.report.left
        for model in models:
            if model.is_prompt:
                left["prompts", NO_PLACE] += 1
                if model.versions:
                    left["versions of prompts", NO_PLACE] += len(model.versions)
                continue
            if not model.versions:
                left["registered models", "have no version: artui keeps models by their versions"] += 1
            named = _numbers_by_alias(model)
            numbers = {version.number for version in model.versions}
            if lost := sum(number not in numbers for number in named.values()):
                left["aliases", "name a version that does not exist"] += lost
            saved = None
            for version in model.versions:
                if version.number < 1:
                    left["versions of registered models", "have no number"] += 1
                    continue
                aliases = [alias for alias, number in named.items() if number == version.number]
                with piece(f"version {version.number} of the registered model {model.name!a}"):
                    saved = self._put_version(model, version, aliases)
            self._intake.versions.keep_aliases(saved, named)

    def _put_version(self, model: RegisteredModel, version: ModelVersion, aliases: list[str]) -> Saved | None:
        uri, anchor = self._source_of(version)
        place = self._places.find(uri, anchor=anchor)
        contents = self._intake.versions.folder_contents(place, root=self._places.home) if place is not None else []
        facts: dict[str, Any] = {
            "registered_model": model.name,
            "run_id": version.run_id,
            "model_id": version.model_id,
            "stage": version.stage,
            **version.facts,
        }
        if model.tags:
            facts["model_tags"] = dict(model.tags)
        saved = self._intake.versions.put(
            REGISTRY, model.name, kind="model", contents=contents, root=self._places.home, location="" if contents else uri, created_ms=version.created_ms,
            number=version.number, identity=("mlflow", str(version.number), str(version.created_ms), version.run_id), note=version.note or model.note,
            metadata={key: value for key, value in facts.items() if value not in ("", "None")}, aliases=aliases,
        )  # fmt: skip
        if saved is not None and version.run_id:
            self._intake.versions.link_run("output", self._id_of(version.run_id), saved)
        return saved

    def _source_of(self, version: ModelVersion) -> tuple[str, str]:
        """Give the URI of a version's files, and the id that the path of their folder contains."""
        uri, anchor = version.uri, version.run_id
        if uri.startswith("runs:/"):
            anchor, _, path = uri.removeprefix("runs:/").partition("/")
            run = self._runs.get(anchor)
            if run is not None and path and ".." not in path.split("/"):
                uri = f"{run.artifact_uri}/{path}"
        if version.model_id in self._logged:
            return self._logged[version.model_id].artifact_uri, version.model_id
        return uri, "" if "/m-" in uri and not version.run_id else anchor


def _numbers_by_alias(model: RegisteredModel) -> dict[str, int]:
    """Give the version number of each alias; stages count as aliases of the highest version that has them."""
    staged: dict[str, int] = {}
    for version in model.versions:
        if version.stage and version.stage != "None":
            staged[version.stage.lower()] = max(version.number, staged.get(version.stage.lower(), 0))
    return {**staged, **model.aliases}
