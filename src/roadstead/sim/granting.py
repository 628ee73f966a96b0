"""Roles and bindings: nobody may give what he does not have himself, unless he is allowed to.

`escalate` on roles and `bind` on the role that a binding names are such permissions.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import orjson

from roadstead.sim import authorising, status
from roadstead.sim.authorising import GROUP, MASTERS, Identity, Wish
from roadstead.sim.cluster import Cluster
from roadstead.sim.kinds import Kind
from roadstead.sim.merge.comparing import equal

Value = dict[str, Any]
ROLES = ("roles", "clusterroles")
GARBAGE = ("finalizers", "managedFields", "ownerReferences", "selfLink")  # what its collection changes
KINDS = {"Role": "roles", "ClusterRole": "clusterroles"}


def check(cluster: Cluster, who: Identity | None, kind: Kind, value: Value, live: Value | None) -> None:
    """Raises ApiError(403), or 404 for a role that is not there. `who`: None for the server itself."""
    if kind.group != GROUP or who is None or MASTERS in who.groups:
        return
    if live is not None and equal(_said(value), _said(live)):
        return
    namespace = (value.get("metadata") or {}).get("namespace", "")
    name = (value.get("metadata") or {}).get("name", "")
    if kind.plural in ROLES:
        wish, wanted = Wish("escalate", GROUP, kind.plural, namespace, name), value.get("rules") or []
    else:
        reference = value.get("roleRef") or {}
        if not reference.get("name"):
            return
        if reference.get("kind") not in KINDS:
            raise status.ApiError(500, "", f'unsupported role reference kind: "{reference.get("kind")}"')
        plural = KINDS[reference["kind"]]
        wish = Wish("bind", GROUP, plural, namespace, reference["name"])
        wanted = (
            [] if authorising.allowed(cluster, who, wish) else _rules(cluster, plural, namespace, wish.name)
        )
    if authorising.allowed(cluster, who, wish):
        return
    held = [*authorising.rules(cluster, who, namespace)]
    if not all(_covered(rule, held, namespace) for rule in wanted):
        why = f'user "{who.user}" is attempting to grant RBAC permissions not currently held'
        raise status.forbidden(GROUP, kind.plural, name, why)


def _said(value: Value) -> Value:
    """Without what anybody may change who may write at all."""
    metadata = {key: item for key, item in value["metadata"].items() if item and key not in GARBAGE}
    return {**{key: item for key, item in value.items() if item}, "metadata": metadata}


def _rules(cluster: Cluster, plural: str, namespace: str, name: str) -> list[Value]:
    found = cluster.store.get((GROUP, plural), ("" if plural == "clusterroles" else namespace, name))
    if found is None:
        raise status.not_found(GROUP, plural, name)
    rules: list[Value] = orjson.loads(found.data).get("rules") or []
    return rules


def _covered(rule: Value, held: list[Value], namespace: str) -> bool:
    if rule.get("nonResourceURLs"):
        pairs = product(rule.get("verbs") or (), rule["nonResourceURLs"])
        return all(any(_reaches(each, verb, path) for each in held) for verb, path in pairs)
    return all(any(authorising.grants(each, wish) for each in held) for wish in _wishes(rule, namespace))


def _wishes(rule: Value, namespace: str) -> Iterator[Wish]:
    parts = (rule.get(key) or () for key in ("verbs", "apiGroups", "resources"))
    for (verb, group, resource), name in product(product(*parts), rule.get("resourceNames") or ("",)):
        yield Wish(verb, group, resource, namespace, name)


def _reaches(rule: Value, verb: str, path: str) -> bool:
    verbs, paths = rule.get("verbs") or (), rule.get("nonResourceURLs") or ()
    return bool({verb, "*"} & set(verbs)) and any(
        each in (path, "*") or (each.endswith("*") and path.startswith(each[:-1])) for each in paths
    )
