"""Which writes policies and webhooks mean: rules for kinds and operations, selectors of namespaces and objects. Pure."""

from collections.abc import Iterable
from typing import Any

from roadstead.language import selectors
from roadstead.sim.admission import judges
from roadstead.sim.admission.attempts import NAMESPACES, Attempt
from roadstead.sim.kinds import Kind

Value = dict[str, Any]


def exempt(attempt: Attempt) -> bool:
    """What says who is asked, nobody is asked about."""
    return attempt.write.kind.group == judges.GROUP


def judged(attempt: Attempt, meant: Value, rules: Iterable[Value]) -> Kind | None:
    """The version in which the object is looked at, None when the write is not meant. `meant` holds selectors and
    the match policy; of a policy that has no rules, everything is meant."""
    if not _selected(meant.get("namespaceSelector"), *_namespaces_labels(attempt)):
        return None
    found = [
        (each.get("metadata") or {}).get("labels") or {} for each in (attempt.value, attempt.live) if each
    ]
    if not _selected(meant.get("objectSelector"), *found):
        return None
    exact = meant.get("matchPolicy", "Equivalent") == "Exact"
    if _ruled(attempt, meant.get("excludeResourceRules") or (), exact=exact) is not None:
        return None
    return _ruled(attempt, rules, exact=exact)


def _namespaces_labels(attempt: Attempt) -> list[Value | None]:
    """None where there is no namespace: what lives in none is always chosen."""
    write = attempt.write
    if write.kind.storage == NAMESPACES:
        looked_at = attempt.live if attempt.value is None or write.subresource else attempt.value
    else:
        looked_at = attempt.namespace_object
    return [None if looked_at is None else looked_at["metadata"].get("labels") or {}]


def _selected(selector: Value | None, *labels: Value | None) -> bool:
    if not selector or not (selector.get("matchLabels") or selector.get("matchExpressions")):
        return True
    read = selectors.parse({key: item for key, item in selector.items() if item})
    return any(each is None or read.matches("", each) for each in labels)


def _ruled(attempt: Attempt, rules: Iterable[Value], *, exact: bool) -> Kind | None:
    kind = attempt.write.kind
    same = [kind] if exact else [kind, *(each for each in kind.siblings if each is not kind)]
    return next((each for each in same for rule in rules if _matches(attempt, each, rule)), None)


def _matches(attempt: Attempt, kind: Kind, rule: Value) -> bool:
    names = rule.get("resourceNames") or ()
    return (
        _named(kind.group, rule.get("apiGroups"))
        and _named(kind.version, rule.get("apiVersions"))
        and _named(attempt.operation, rule.get("operations"))
        and any(_resource(attempt, kind, each) for each in rule.get("resources") or ())
        and rule.get("scope", "*") in ("*", "Namespaced" if kind.namespaced else "Cluster")
        and (not names or attempt.name in names)
    )


def _named(name: str, among: list[str] | None) -> bool:
    return bool({name, "*"} & set(among or ()))


def _resource(attempt: Attempt, kind: Kind, written: str) -> bool:
    resource, _, below = written.partition("/")
    return resource in (kind.plural, "*") and below in (attempt.write.subresource, "*")
