"""Reviews: questions of who may do what, and who somebody is. They are answered and never stored."""

from collections.abc import Callable
from typing import Any

from roadstead.sim import authorising, status, tokens
from roadstead.sim.authorising import MASTERS, Identity, Wish
from roadstead.sim.cluster import Cluster
from roadstead.sim.kinds import Kind
from roadstead.sim.schema import requiring

Value = dict[str, Any]
GROUPS = ("authorization.k8s.io", "authentication.k8s.io")


def reviewed(cluster: Cluster, who: Identity, kind: Kind, review: Value, namespace: str) -> Value:
    answer = _ANSWERS.get(kind.kind)
    if answer is None:
        raise status.not_simulated(f"{kind.plural} in {kind.api_version}")
    spec = review.get("spec") or {}
    metadata = {**(review.get("metadata") or {})}
    if namespace:
        metadata["namespace"] = namespace
    if kind.kind == "SelfSubjectReview":
        metadata["creationTimestamp"] = cluster.now()
    head = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}
    shown = {"spec": spec} if "spec" in kind.shape.fields else {}
    return head | shown | {"status": answer(cluster, who, kind, spec)}


def _access(cluster: Cluster, who: Identity, kind: Kind, spec: Value) -> Value:
    asked, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    own = kind.kind == "SelfSubjectAccessReview"
    if (asked is None) is (path is None):
        text = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        found = requiring.invalid("spec.resourceAttributes", None, text)
        raise status.invalid(kind.group, kind.kind, "", [found])
    if not own:
        user = spec.get("user") or ""
        who = Identity(user, tuple(spec.get("groups") or ()))
    if asked is None:
        return _verdict(_path_allowed(cluster, who, path or {}))
    resource = asked.get("resource", "")
    if asked.get("subresource"):
        resource += "/" + asked["subresource"]
    where = (asked.get(key, "") for key in ("namespace", "name"))
    wish = Wish(asked.get("verb", ""), asked.get("group", ""), resource, *where)
    return _verdict(authorising.allowed(cluster, who, wish))


def _verdict(allowed: bool) -> Value:
    return {"allowed": allowed}


def _path_allowed(cluster: Cluster, who: Identity, asked: Value) -> bool:
    path, verb = asked.get("path", ""), asked.get("verb", "")
    return MASTERS in who.groups or any(
        {verb, "*"} & set(rule.get("verbs") or ())
        and any(_covers(each, path) for each in rule.get("nonResourceURLs") or ())
        for rule in authorising.rules(cluster, who, "")
    )


def _covers(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern


def _rules(cluster: Cluster, who: Identity, kind: Kind, spec: Value) -> Value:
    found = list(authorising.rules(cluster, who, spec.get("namespace", "")))
    if MASTERS in who.groups:
        everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
        found = [everything, {"verbs": ["*"], "nonResourceURLs": ["*"]}, *found]
    return {
        "incomplete": False,
        "nonResourceRules": [each for each in found if each.get("nonResourceURLs")],
        "resourceRules": [each for each in found if not each.get("nonResourceURLs")],
    }


def _self(cluster: Cluster, who: Identity, kind: Kind, spec: Value) -> Value:
    return {"userInfo": _told(who)}


def _told(who: Identity) -> Value:
    uid = {"uid": who.uid} if who.uid else {}
    return {"username": who.user, **uid, "groups": list(who.groups)}


def _token(cluster: Cluster, who: Identity, kind: Kind, spec: Value) -> Value:
    token = spec.get("token", "")
    known = next((name for name, known in cluster.tokens.items() if known == token), "")
    user = known or tokens.user(cluster, token)
    if not user:
        return {"user": {}, "error": "[invalid bearer token]"}
    return {"authenticated": True, "user": _told(authorising.identity(user)), "audiences": [tokens.AUDIENCE]}


_ANSWERS: dict[str, Callable[[Cluster, Identity, Kind, Value], Value]] = {
    "SelfSubjectAccessReview": _access,
    "SubjectAccessReview": _access,
    "LocalSubjectAccessReview": _access,
    "SelfSubjectRulesReview": _rules,
    "SelfSubjectReview": _self,
    "TokenReview": _token,
}
