"""Who may do what: RBAC over the roles and bindings in the cluster, refusals in the server's own words.

Members of system:masters may do everything. Node and webhook authorisation are not simulated.
"""

from collections.abc import Iterator
from typing import Any

import orjson
from msgspec import Struct

from roadstead.sim import status
from roadstead.sim.cluster import Cluster

GROUP = "rbac.authorization.k8s.io"
MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
ACCOUNT = "system:serviceaccount:"


class Identity(Struct, frozen=True):
    user: str
    groups: tuple[str, ...] = ()
    uid: str = ""


class Wish(Struct, frozen=True):
    """`resource` with its subresource, as rules write it: pods/status."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""


def identity(user: str) -> Identity:
    """Of one of the cluster's own users, or of a service account."""
    if user.startswith(ACCOUNT):
        return impersonated(user)
    groups = (MASTERS, AUTHENTICATED) if user == "admin" else (AUTHENTICATED,)
    return Identity(user, groups, user)


def impersonated(user: str) -> Identity:
    """Of somebody by his name alone: the cluster's own groups are not his."""
    namespace, name = account(user)
    accounts = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}") if name else ()
    return Identity(user, (*accounts, AUTHENTICATED))


def account(user: str) -> tuple[str, str]:
    """Namespace and name of the service account that a user is, empty when he is none."""
    if not user.startswith(ACCOUNT) or user.count(":") != 3:
        return "", ""
    return user.split(":")[2], user.split(":")[3]


def allowed(cluster: Cluster, who: Identity, wish: Wish) -> bool:
    return MASTERS in who.groups or any(grants(rule, wish) for rule in rules(cluster, who, wish.namespace))


def demand(cluster: Cluster, who: Identity, wish: Wish) -> None:
    """Raises ApiError(403) unless allowed."""
    if not allowed(cluster, who, wish):
        raise refused(who, wish, named=wish.name)


def refused(who: Identity, wish: Wish, *, named: str) -> status.ApiError:
    where = f'in the namespace "{wish.namespace}"' if wish.namespace else "at the cluster scope"
    why = (
        f'User "{who.user}" cannot {wish.verb} resource "{wish.resource}" in API group "{wish.group}" {where}'
    )
    return status.forbidden(wish.group, wish.resource.partition("/")[0], named, why)


def rules(cluster: Cluster, who: Identity, namespace: str) -> Iterator[dict[str, Any]]:
    """What roles allow somebody in a namespace, or anywhere."""
    for (where, _), stored in cluster.store.items((GROUP, "clusterrolebindings")):
        yield from _bound(cluster, who, orjson.loads(stored.data), where)
    if namespace:
        for (where, _), stored in cluster.store.items((GROUP, "rolebindings"), namespace):
            yield from _bound(cluster, who, orjson.loads(stored.data), where)


def _bound(
    cluster: Cluster, who: Identity, binding: dict[str, Any], namespace: str
) -> Iterator[dict[str, Any]]:
    if not any(_is(who, subject, namespace) for subject in binding.get("subjects") or ()):
        return
    role = binding["roleRef"]
    shelf = "clusterroles" if role["kind"] == "ClusterRole" else "roles"
    found = cluster.store.get((GROUP, shelf), ("" if shelf == "clusterroles" else namespace, role["name"]))
    if found is not None:
        yield from orjson.loads(found.data).get("rules") or ()


def _is(who: Identity, subject: dict[str, Any], namespace: str) -> bool:
    kind, name = subject.get("kind"), subject.get("name", "")
    if kind == "ServiceAccount":
        return who.user == f"system:serviceaccount:{subject.get('namespace') or namespace}:{name}"
    return name == who.user if kind == "User" else name in who.groups


def grants(rule: dict[str, Any], wish: Wish) -> bool:
    resources = rule.get("resources") or ()
    below = wish.resource.partition("/")[2]
    return (
        bool({wish.verb, "*"} & set(rule.get("verbs") or ()))
        and bool({wish.group, "*"} & set(rule.get("apiGroups") or ()))
        and bool({wish.resource, "*", f"*/{below}" if below else "*"} & set(resources))
        and (not rule.get("resourceNames") or wish.name in rule["resourceNames"])
    )
