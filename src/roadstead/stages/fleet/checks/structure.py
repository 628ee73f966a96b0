"""Names, folders, groups and dependencies: what must be one of a kind, and what must not go in circles."""

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

from roadstead.model import reasons
from roadstead.model.fleet import AccessKind
from roadstead.stages.fleet import clusters, documents, naming
from roadstead.stages.fleet.collection import Documents, Entry, Fault


def check(loaded: Documents) -> Iterator[Fault]:
    yield from _same_cluster(loaded)
    yield from _same_folder(loaded)
    yield from _former_names(loaded)
    yield from _groups(loaded)
    yield from _cycles(loaded)
    yield from _unassigned(loaded)


def _same_cluster(loaded: Documents) -> Iterator[Fault]:
    """Two documents for one cluster would undo each other's work."""
    seen: dict[str, str] = {}
    for cluster in loaded.clusters.values():
        identity = cluster.model.spec.identity
        if identity and (first := seen.setdefault(f"identity {identity}", cluster.name)) != cluster.name:
            cause = f"the Cluster {first} has this identity too: found {identity}"
            yield cluster.fault(reasons.DUPLICATE, cause, "spec", "identity")
        way = clusters.access(cluster.model)
        first = seen.setdefault(str(way), cluster.name)
        if way.kind is not AccessKind.AGENT and first != cluster.name:
            cause = f"the Cluster {first} is reached the same way: found {way}"
            yield cluster.fault(reasons.DUPLICATE, cause, "spec", "access")


def _same_folder(loaded: Documents) -> Iterator[Fault]:
    """Content by default is the whole folder, so it can belong to one Bundle only."""
    seen: dict[tuple[str, str], str] = {}
    for bundle in loaded.bundles.values():
        if bundle.model.spec.source is not None:
            continue
        hint = "set spec.source.path"
        if bundle.file == loaded.fleet.file:
            cause = f"content by default is the document's folder, the whole repository: found {bundle.file}"
            yield bundle.fault(reasons.BAD_DOCUMENT, cause, "spec", hint=hint)
        first = seen.setdefault((bundle.source, bundle.folder), bundle.name)
        if first != bundle.name:
            cause = f"the Bundle {first} has the same folder as content: found {bundle.folder or 'the root'}"
            yield bundle.fault(reasons.DUPLICATE, cause, "spec", hint=hint)


def _former_names(loaded: Documents) -> Iterator[Fault]:
    """A former name leads to one document, and is nobody's name now."""
    pairs: list[tuple[Entry[Any], Iterable[str]]] = [
        *((entry, entry.model.metadata.former_names) for entry in loaded.clusters.values()),
        *((entry, naming.former(entry)) for entry in loaded.bundles.values()),
    ]
    seen: dict[tuple[str, str], str] = {}
    for entry, names in pairs:
        for number, name in enumerate(names):
            where = ("metadata", "formerNames", number)
            if name in loaded.known[entry.kind]:
                cause = f"a {entry.kind} has this name now: {name}"
                yield entry.fault(reasons.DUPLICATE, cause, *where)
            elif (first := seen.setdefault((entry.kind, name), entry.name)) != entry.name:
                cause = f"the {entry.kind} {first} had this name too: {name}"
                yield entry.fault(reasons.DUPLICATE, cause, *where)


def _groups(loaded: Documents) -> Iterator[Fault]:
    """What moves together moves one way."""
    seen: dict[str, Entry[documents.Bundle]] = {}
    for bundle in loaded.bundles.values():
        first = seen.setdefault(naming.group(bundle), bundle)
        its, others = naming.rollout(loaded, bundle), naming.rollout(loaded, first)
        if its != others:
            cause = f"Bundles of one group have one Rollout; {first.name} has {others or 'none'}: found {its or 'none'}"
            yield bundle.fault(reasons.CONTRADICTION, cause, "spec", "rollout")


def _cycles(loaded: Documents) -> Iterator[Fault]:
    """Every Bundle of a circle has the fault: none of them could ever start."""
    graph = {name: set(naming.dependencies(loaded, entry)) for name, entry in loaded.bundles.items()}
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as found:
            circle = [*reversed(found.args[1])]
            told = " needs ".join(circle)
            for name in dict.fromkeys(circle):
                yield loaded.bundles[name].fault(
                    reasons.DEPENDENCY_CYCLE, f"Bundles need each other: {told}", "spec", "dependsOn"
                )
                graph.pop(name)
        else:
            return


def _unassigned(loaded: Documents) -> Iterator[Fault]:
    """A missing selector is allowed only where a baseline assigns the Bundle."""
    assigned = {name for _, names in naming.baselines(loaded) for name in names}
    for bundle in loaded.bundles.values():
        if bundle.model.spec.clusters is None and bundle.name not in assigned:
            cause = "a selector is required, since no Profile's baseline names this Bundle: found none"
            hint = "write `clusters: {all: true}` if every cluster is meant"
            yield bundle.fault(reasons.BAD_SELECTOR, cause, "spec", "clusters", hint=hint)
