"""Helm charts, from the tree or packed: layers of values, phases, tests left out, rendered twice.

Charts see what `helm template` shows them: an install of a release named like the bundle, values layered in
order, the cluster's version and APIs from its facts. A chart is rendered again when one of these changes,
its facts only if its templates ask for them. Notes are not rendered; hooks become phases (objects/marks.py).
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from roadstead.language import paths, substitution, yaml
from roadstead.model import errors
from roadstead.model.assignment import Assignment, Values
from roadstead.model.errors import Place, Problem, RoadsteadError, Severity
from roadstead.model.reasons import FACTS_MISSING, INVALID_OBJECT, LEFT_OUT, NOT_REPRODUCIBLE, RENDER_FAILED
from roadstead.objects import marks
from roadstead.stages.render import chart, helm_engines, namespaces, values, variables
from roadstead.stages.render.source import Built, ClusterFacts, Prepared, Rendered, Source
from roadstead.world.git import trees

NAME = "helm"
LIGHT = False
_RULES = 1  # of chart.py, values.py and this module
_LONGEST_NAME = 53  # Helm's own limit
_CHART = "Chart.yaml"


def detects(tree: trees.Tree, path: str) -> bool:
    return path.endswith(".tgz") or (tree.is_folder(path) and tree.exists(f"{path}/{_CHART}".lstrip("/")))


def inputs(assignment: Assignment, facts: str) -> Mapping[str, Any]:
    return {
        "release": assignment.bundle.rpartition("/")[2],
        "namespace": assignment.namespace.name if assignment.namespace else namespaces.FALLBACK,
        "values": [_layer(one) for one in assignment.values],
        "declared": sorted(assignment.parameters),
        "variables": variables.of(assignment),
        "facts": facts,
    }


def _layer(one: Values) -> dict[str, Any]:
    if one.file is None:
        return {"inline": one.inline}
    return {"source": one.file.source, "file": one.file.path, "optional": one.optional}


class _Chart(Struct, frozen=True):
    """Files of a chart: a folder of the tree, a packed one in it, or one that was fetched."""

    source: Source

    def identity(self) -> str:
        return self.source.archive or self.source.tree.oid(self.source.path)

    def files(self) -> Iterator[tuple[str, bytes]]:
        if self.source.archive:
            yield "chart.tgz", self._fetched()
        else:
            for file in self.source.tree.walk(self.source.path):
                yield file.path, self.source.tree.read(file.path)

    def copy_out(self, folder: Path) -> Path:
        if self.source.archive:
            path = folder / "chart.tgz"
            path.write_bytes(self._fetched())
            return path
        self.source.tree.copy_out([self.source.path], folder)
        return folder / self.source.path

    def _fetched(self) -> bytes:
        data = self.source.blobs.get(self.source.archive)
        if data is None:
            cause = f"the fetched chart {self.source.archive[:12]} is no longer in the cache"
            raise errors.error(Problem(RENDER_FAILED, cause, "run again: it is fetched anew"))
        return data


def prepare(source: Source, inputs: Mapping[str, Any]) -> Prepared:
    engine = helm_engines.find(source.pin, source.blobs)
    files = _Chart(source)
    facts = _facts(source, files, inputs["facts"])
    release = helm_engines.Release(
        name=_release_name(inputs["release"]),
        namespace=inputs["namespace"],
        values=_values(source, inputs),
        version=facts.version,
        apis=facts.apis,
    )
    key = [NAME, _RULES, engine.version, files.identity(), source.path]
    key += [release.name, release.namespace, release.values, release.version, list(release.apis)]
    return Prepared(key, lambda: _run(engine, files, release))


def _facts(source: Source, files: _Chart, name: str) -> ClusterFacts:
    """Only what the chart asks for, so that clusters share a build where they can."""
    identity = files.identity()
    known = source.blobs.kept(f"facts asked for by chart {_RULES} {identity}")
    if known is None:
        asks = chart.asks(files.files())
        known = bytes((asks.version, asks.apis))
        source.blobs.keep(f"facts asked for by chart {_RULES} {identity}", known)
    if any(known) and name not in source.facts:
        cause = "the chart asks for the cluster's version or APIs, and nothing is known of it"
        raise errors.error(Problem(FACTS_MISSING, cause, FACTS_MISSING.remedy))
    asked_version, asked_apis = known
    found = source.facts.get(name) or ClusterFacts("", ())
    return ClusterFacts(found.version if asked_version else "", found.apis if asked_apis else ())


def _release_name(name: str) -> str:
    if len(name) > _LONGEST_NAME:
        cause = f"a release name has at most {_LONGEST_NAME} characters, found {len(name)}: {name}"
        raise errors.error(Problem(RENDER_FAILED, cause, "give the bundle a shorter name"))
    return name


def _values(source: Source, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    declared, known = frozenset(inputs["declared"]), inputs["variables"]
    merged: Mapping[str, Any] = {}
    for layer in inputs["values"]:
        if "inline" in layer:
            found, origin = layer["inline"] or {}, "values"
        else:
            origin = substitution.prepare(layer["file"], declared).bind(known)
            found = values.read(source.repositories[layer["source"]], origin, optional=layer["optional"])
        try:
            template = substitution.prepare(values.still_escaped(found), declared)
            merged = values.merge(merged, template.bind(known))
        except RoadsteadError as error:
            raise errors.error(
                one.at(place=Place(origin, field=one.place.field)) for one in error.problems
            ) from error
    return merged


def _run(engine: helm_engines.Engine, files: _Chart, release: helm_engines.Release) -> Built:
    with tempfile.TemporaryDirectory() as folder:
        place = files.copy_out(Path(folder))
        findings = chart.without_foreign_schemas(place)
        first, left_out = _kept(_objects(engine.render(place, release)))
        second, _ = _kept(_objects(engine.render(place, release)))
    difference = _difference(first, second)
    return Built(tuple(first), (*findings, *left_out, *([difference] if difference else ())))


def _kept(rendered: list[Rendered]) -> tuple[list[Rendered], list[Problem]]:
    """Without tests and other hooks that no phase stands for; and what says so."""
    kept: list[Rendered] = []
    left_out: list[Problem] = []
    for one in rendered:
        why = marks.read(one.value).left_out
        if why:
            cause = f"{why}: {_name(one)}"
            left_out.append(Problem(LEFT_OUT, cause, LEFT_OUT.remedy, Severity.WARNING, Place(one.origin)))
        else:
            kept.append(one)
    return kept, left_out


def _objects(texts: list[tuple[str, str]]) -> list[Rendered]:
    found = []
    problems: list[Problem] = []
    for origin, text in texts:
        try:
            for value in yaml.load_all(text, file=origin):
                if not isinstance(value, dict) or not value.get("kind"):
                    cause = "the template gives no Kubernetes object: apiVersion and kind are needed"
                    problems.append(
                        Problem(INVALID_OBJECT, cause, INVALID_OBJECT.remedy, place=Place(origin))
                    )
                found.append(Rendered(origin, value))
        except RoadsteadError as error:
            problems += error.problems
    if problems:
        raise errors.error(problems)
    return found


def _name(one: Rendered) -> str:
    return f"{one.value.get('kind')}/{(one.value.get('metadata') or {}).get('name')}"


def _difference(first: list[Rendered], second: list[Rendered]) -> Problem | None:
    for one, other in zip(first, second, strict=False):
        path = _differing(one.value, other.value, ())
        if path is not None:
            cause = (
                f"two renders of the same input differ in {_name(one)}: {paths.text(path)}; the first is kept"
            )
            place = Place(one.origin, field=paths.text(path))
            return Problem(NOT_REPRODUCIBLE, cause, NOT_REPRODUCIBLE.remedy, Severity.WARNING, place)
    if len(first) != len(second):
        cause = (
            f"two renders of the same input give {len(first)} and {len(second)} objects; the first is kept"
        )
        return Problem(NOT_REPRODUCIBLE, cause, NOT_REPRODUCIBLE.remedy, Severity.WARNING)
    return None


def _differing(one: Any, other: Any, path: tuple[str | int, ...]) -> tuple[str | int, ...] | None:
    """The first field that differs."""
    if one == other:
        return None
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        pairs = [(key, one[key], other[key]) for key in one]
        return next(
            (found for key, a, b in pairs if (found := _differing(a, b, (*path, key))) is not None), path
        )
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        below = (
            _differing(a, b, (*path, index)) for index, (a, b) in enumerate(zip(one, other, strict=True))
        )
        return next((found for found in below if found is not None), path)
    return path
