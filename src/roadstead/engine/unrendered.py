"""Which bundles of a cluster wait until all that Git means for it is rendered, where some of it takes long, and by what
they go meanwhile.

Pure. The others are carried out meanwhile, so nothing of theirs may hinge on what is not known: no object that may
be moving to or from a bundle that is slow, and no namespace or kind that it may bring. What is in doubt waits.
"""

from collections.abc import Collection, Mapping

from msgspec.structs import replace

from roadstead.model.assignment import Assignment
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.model.manifests import Manifests
from roadstead.objects import kinds


def behind(
    slow: frozenset[str],
    rendered: Mapping[str, Manifests],
    *,
    before: Mapping[str, Manifests],
    held: Mapping[str, Collection[ObjectId]],
    live: Collection[ObjectId],
    unserved: Mapping[GroupKind, bool],
) -> frozenset[str]:
    """Bundles that are `slow`, and those that wait for them. `before` are the manifests that counted until now,
    `held` what bundles own, `live` what is there, `unserved` as surveying tells it of what is rendered."""
    found = set(slow)
    while True:
        theirs = {one for bundle in found for one in held.get(bundle, ())}
        theirs |= {one.id for bundle in found for one in before.get(bundle, ())}
        quick = {bundle: {one.id for one in each} for bundle, each in rendered.items() if bundle not in found}
        there = _namespaces(live) | {name for each in quick.values() for name in _made(each)}
        more = {
            bundle
            for bundle, wanted in quick.items()
            if not wanted.issuperset(held.get(bundle, ()))
            or not theirs.isdisjoint(wanted)
            or any(one.namespace and one.namespace not in there for one in wanted)
            or any(one.group_kind in unserved for one in wanted)
        }
        if not more:
            return frozenset(found)
        found |= more


def manifests(
    rendered: Mapping[str, Manifests], before: Mapping[str, Manifests], behind: frozenset[str]
) -> Mapping[str, Manifests]:
    """The new ones, and of bundles that are behind the old ones, where there are any."""
    if not behind:
        return rendered
    old = {bundle: one for bundle, one in before.items() if bundle in behind}
    return {bundle: one for bundle, one in rendered.items() if bundle not in behind} | old


def assignments(
    assigned: Mapping[str, Assignment], before: Mapping[str, Assignment], behind: frozenset[str]
) -> Mapping[str, Assignment]:
    """Likewise; but a hold counts at once."""
    old = {bundle: one for bundle, one in before.items() if bundle in behind}
    return {
        bundle: replace(old[bundle], freeze=one.freeze, leave_drift=one.leave_drift) if bundle in old else one
        for bundle, one in assigned.items()
    }


def _namespaces(live: Collection[ObjectId]) -> set[str]:
    """Those of which it is seen that they are there."""
    return {one.namespace for one in live} | set(_made(live))


def _made(ids: Collection[ObjectId]) -> list[str]:
    return [one.name for one in ids if one.group_kind == kinds.NAMESPACE]
