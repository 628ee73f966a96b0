"""Plain YAML and JSON: all files below a folder, or one file, as they stand.

Files and folders whose name begins with a dot are left out, and so are Roadstead's own documents, which
may stand beside what they deploy. Anything else that is no object is an error: what is meant for another
renderer must not half-way reach a cluster.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from roadstead.language import yaml
from roadstead.model import errors
from roadstead.model.assignment import Assignment
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.reasons import INVALID_OBJECT
from roadstead.stages.render.source import Built, Prepared, Rendered, Source
from roadstead.world.git import trees

NAME = "plain"
LIGHT = True
_VERSION = 1  # of the rules in this module
_SUFFIXES = (".yaml", ".yml", ".json")
_OURS = "roadstead.dev/"
_KUSTOMIZE = "kustomize.config.k8s.io/"


def detects(tree: trees.Tree, path: str) -> bool:
    return True


def inputs(assignment: Assignment, facts: str) -> Mapping[str, Any]:
    return {}


def prepare(source: Source, inputs: Mapping[str, Any]) -> Prepared:
    files = [file for file in source.tree.walk(source.path) if _wanted(file.path, source.path)]
    key = [NAME, _VERSION, [[file.path, file.oid] for file in files]]
    return Prepared(key, lambda: _run(source, [file.path for file in files]))


def _wanted(path: str, root: str) -> bool:
    if path == root:
        return True
    below = path[len(root) :].lstrip("/") if root else path
    return path.endswith(_SUFFIXES) and not any(part.startswith(".") for part in below.split("/"))


def _run(source: Source, files: list[str]) -> Built:
    found: list[Rendered] = []
    problems: list[Problem] = []
    for path in files:
        try:
            found += _objects(source.tree.read(path), path)
        except RoadsteadError as error:
            problems += error.problems
    if problems:
        raise errors.error(problems)
    return Built(tuple(found))


def _objects(data: bytes, path: str) -> Iterator[Rendered]:
    for document in yaml.read(data, file=path):
        value = document.value
        api_version = value.get("apiVersion") if isinstance(value, dict) else None
        if not isinstance(api_version, str) or not isinstance(value.get("kind"), str):
            cause = "no Kubernetes object: apiVersion and kind are needed"
            hint = "move it out of the bundle's folder, or name the right folder in spec.source.path"
            raise errors.error(Problem(INVALID_OBJECT, cause, hint, place=document.place()))
        if api_version.startswith(_KUSTOMIZE):
            cause = f"a {value['kind']} of Kustomize below a folder of plain files"
            hint = "give the bundle's folder a kustomization.yaml, or make this folder a bundle of its own"
            raise errors.error(Problem(INVALID_OBJECT, cause, hint, place=document.place()))
        if not api_version.startswith(_OURS):
            yield Rendered(f"{path}:{document.line}", value)
