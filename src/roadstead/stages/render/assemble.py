"""Put an assignment's manifests together from what it shares with others and what is its own.

Pure. Sorted by identity, so that a digest does not depend on the order in which a renderer writes.
"""

from typing import NamedTuple

from roadstead.language import canonical
from roadstead.model.errors import Problem
from roadstead.model.ids import ObjectId
from roadstead.model.manifests import Manifest
from roadstead.model.reasons import DUPLICATE_OBJECT
from roadstead.objects import canonical as objects
from roadstead.stages.render import bind, namespaces

_CREATED = "spec.namespace.create"


class Assembled(NamedTuple):
    """Equal assignments share one of these."""

    items: tuple[Manifest, ...]
    digest: str
    findings: tuple[Problem, ...]


def together(shape: bind.Shape, *parts: bind.Bound) -> Assembled:
    found = [manifest for part in parts for manifest in part.manifests]
    findings = [problem for part in parts for problem in part.findings]
    findings += bind.unused(shape, frozenset().union(*(part.used for part in parts)))
    ids = {manifest.id for manifest in found}
    if shape.namespace and shape.namespace.create:
        created = _namespace(shape.namespace.name)
        if created.id not in ids:
            refused = namespaces.allowed(
                created.id._replace(namespace=created.id.name), shape.allowed_namespaces, None
            )
            findings += [refused] if refused else []
            found.append(created)
    if len(ids) < sum(len(part.manifests) for part in parts):
        findings += _duplicates(found)
    items = tuple(sorted(found, key=lambda manifest: manifest.id))
    return Assembled(items, digest(items), tuple(findings))


def digest(items: tuple[Manifest, ...]) -> str:
    """Over the identities and digests of the objects, in the order of the identities."""
    return canonical.digest(b"\n".join(f"{one.id!s} {one.digest}".encode() for one in items))


def _namespace(name: str) -> Manifest:
    obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    return objects.manifest(obj, origin=_CREATED)


def _duplicates(found: list[Manifest]) -> list[Problem]:
    origins: dict[ObjectId, list[str]] = {}
    for manifest in found:
        origins.setdefault(manifest.id, []).append(manifest.origin)
    return [
        Problem(
            DUPLICATE_OBJECT,
            f"the object is rendered {len(places)} times, found in {' and '.join(places)}",
            DUPLICATE_OBJECT.remedy,
            object=one,
        )
        for one, places in origins.items()
        if len(places) > 1
    ]
