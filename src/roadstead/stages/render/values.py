"""Layers of Helm values: read, substituted and merged as Helm merges `--values` files.

Mappings merge, everything else is replaced; a null stays, for Helm to remove the chart's default.
"""

from collections.abc import Mapping
from typing import Any

from roadstead.language import yaml
from roadstead.model import errors
from roadstead.model.errors import Place, Problem
from roadstead.model.reasons import BAD_YAML
from roadstead.world.git import trees


def merge(below: Any, above: Any) -> Any:
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    merged = dict(below)
    for name, value in above.items():
        merged[name] = merge(below[name], value) if name in below else value
    return merged


def read(tree: trees.Tree, path: str, *, optional: bool) -> Mapping[str, Any]:
    """The values of one file; nothing where an optional one is absent."""
    if optional and not tree.exists(path):
        return {}
    documents = yaml.read(tree.read(path), file=path)
    if not documents:
        return {}
    value = documents[0].value
    if len(documents) > 1 or not isinstance(value, dict):
        found = f"{len(documents)} documents" if len(documents) > 1 else f"a {type(value).__name__}"
        cause = f"a file of values holds one mapping, found {found}"
        raise errors.error(Problem(BAD_YAML, cause, BAD_YAML.remedy, place=Place(path)))
    return value


def still_escaped(value: Any) -> Any:
    """With `$${name}` written so that it is `$${name}` again after a substitution: the chart passes it on
    into objects, where the escape is meant."""
    if isinstance(value, str):
        return value.replace("$${", "$$${")
    if isinstance(value, Mapping):
        return {still_escaped(key): still_escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [still_escaped(item) for item in value]
    return value
