"""Who makes what several bundles stand on: namespaces, and kinds that come with a definition.

Pure. A namespace that several bundles ask to be created (`namespace.create`) belongs to one of them: to
the one that writes it out, else to the one that holds it, else to the first by name; the others merely
use it. Of bundles in one run, who uses what is not there yet waits until its maker was applied.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping

import orjson
from msgspec.structs import replace

from roadstead.model.ids import GroupKind, Key, ObjectId
from roadstead.model.live import Live
from roadstead.model.manifests import Manifests
from roadstead.objects import kinds

CREATED = "spec.namespace.create"  # the origin of a namespace that no file of the bundle holds


def one_host_each(
    manifests: Mapping[str, Manifests], live: Mapping[ObjectId, Live], parents: Mapping[str, Key]
) -> dict[str, Manifests]:
    """The manifests of all bundles on a cluster, each created namespace left to one of them."""
    written: dict[ObjectId, list[str]] = defaultdict(list)
    created: dict[ObjectId, list[str]] = defaultdict(list)
    for bundle, each in manifests.items():
        for one in each:
            if one.id.group_kind == kinds.NAMESPACE:
                (created if one.origin == CREATED else written)[one.id].append(bundle)
    foreign: dict[str, set[ObjectId]] = defaultdict(set)
    for namespace, bundles in created.items():
        host = _host(namespace, written.get(namespace, []), bundles, live, parents)
        for bundle in bundles:
            if bundle != host:
                foreign[bundle].add(namespace)
    return {bundle: _without(each, foreign[bundle]) for bundle, each in manifests.items()}


def _host(
    namespace: ObjectId,
    written: list[str],
    created: list[str],
    live: Mapping[ObjectId, Live],
    parents: Mapping[str, Key],
) -> str:
    if written:
        return written[0]
    holder = parents.get(live[namespace].part_of) if namespace in live else None
    return holder.bundle if holder and holder.bundle in created else min(created)


def _without(manifests: Manifests, foreign: Collection[ObjectId]) -> Manifests:
    if not foreign:
        return manifests
    return replace(manifests, items=tuple(one for one in manifests.items if one.id not in foreign))


def makers(
    manifests: Mapping[str, Manifests], live: Collection[ObjectId], unserved: Collection[GroupKind]
) -> dict[str, frozenset[str]]:
    """By bundle, the others that make a namespace or a kind which it uses and which is not there yet."""
    namespaces: dict[str, str] = {}
    definitions: dict[GroupKind, str] = {}
    for bundle, each in manifests.items():
        for one in each:
            if one.id.group_kind == kinds.NAMESPACE and one.id not in live:
                namespaces.setdefault(one.id.name, bundle)
            elif (
                unserved
                and one.id.group_kind == kinds.CUSTOM_RESOURCE_DEFINITION
                and (told := kinds.defined(orjson.loads(one.body)))
            ):
                definitions.setdefault(told[0], bundle)
    return {
        bundle: frozenset(
            maker
            for one in each
            for maker in (namespaces.get(one.id.namespace), definitions.get(one.id.group_kind))
            if maker and maker != bundle
        )
        for bundle, each in manifests.items()
        if namespaces or definitions
    }


def without_circles(
    wanted: Mapping[str, frozenset[str]], fixed: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    """`wanted` waits without those that would close a circle together with `fixed` ones."""
    waits = {bundle: set(others) for bundle, others in fixed.items()}
    kept: dict[str, frozenset[str]] = {}
    for bundle in sorted(wanted):
        harmless = frozenset(one for one in wanted[bundle] if not _reaches(waits, one, bundle))
        waits.setdefault(bundle, set()).update(harmless)
        kept[bundle] = harmless
    return kept


def _reaches(waits: Mapping[str, Collection[str]], start: str, goal: str) -> bool:
    seen, todo = {start}, [start]
    while todo:
        one = todo.pop()
        if one == goal:
            return True
        todo += [other for other in waits.get(one, ()) if other not in seen]
        seen.update(waits.get(one, ()))
    return False
