"""How an object does, in words that say what it waits for.

A table from kind to a small pure function. Kinds without one are judged by what they say of themselves;
rules that a bundle or the object itself brings go before everything. The clock is passed in.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from roadstead.model.assignment import HealthRule
from roadstead.model.health import Health, State
from roadstead.objects import kinds, marks
from roadstead.objects.health import cluster, conditions, containers, expressions, jobs, workloads
from roadstead.objects.health.conditions import Object

_ALONE: dict[str, Callable[[Object], Health]] = {
    "PersistentVolume": cluster.volume,
    "PersistentVolumeClaim": cluster.claim,
    "Service": cluster.service,
    "apiextensions.k8s.io/CustomResourceDefinition": cluster.definition,
    "apiregistration.k8s.io/APIService": cluster.api_service,
    "autoscaling/HorizontalPodAutoscaler": cluster.autoscaler,
    "batch/CronJob": jobs.cron_job,
    "gateway.networking.k8s.io/GRPCRoute": cluster.route,
    "gateway.networking.k8s.io/HTTPRoute": cluster.route,
}
_WITH_PODS: dict[str, Callable[[Object, Sequence[Object]], Health]] = {
    "ReplicationController": workloads.replica_set,
    "apps/DaemonSet": workloads.daemon_set,
    "apps/Deployment": workloads.deployment,
    "apps/ReplicaSet": workloads.replica_set,
    "apps/StatefulSet": workloads.stateful_set,
}


def assess(
    obj: Object,
    *,
    rules: Iterable[HealthRule] = (),
    pods: Sequence[Object] = (),
    finished: bool = False,
    now: datetime | None = None,
) -> Health:
    """`pods` are those that the object's selector finds; they make waiting reasons known at once.

    A Job, and a Pod that ends, is ready when it runs; where others wait for its end, `finished` asks for
    that. Objects of a phase are always asked so. Without `now` every Pod counts as old.
    """
    wishes = marks.read(obj)
    going = _going(obj)
    if going:
        return going
    if wishes.health == marks.HEALTH_IGNORED:
        return Health(State.READY, "not looked at, as an annotation asks")
    rule = _rule(obj, wishes, rules)
    if rule:
        return expressions.judge(obj, rule)
    waits = conditions.unseen(obj) or conditions.reconciling(obj)
    return waits or _by_kind(obj, pods, finished or wishes.phase is not marks.Phase.MAIN, now)


def _by_kind(obj: Object, pods: Sequence[Object], finished: bool, now: datetime | None) -> Health:
    kind = str(kinds.of(obj))
    if kind in _WITH_PODS:
        return _WITH_PODS[kind](obj, pods)
    if kind in _ALONE:
        return _ALONE[kind](obj)
    if kind == "Pod":
        return containers.pod(obj, finished=finished, now=now)
    if kind == "batch/Job":
        return jobs.job(obj, pods, finished=finished)
    return conditions.general(obj)


def _going(obj: Object) -> Health | None:
    metadata = obj.get("metadata") or {}
    if not metadata.get("deletionTimestamp"):
        return None
    finalizers = ", ".join(metadata.get("finalizers") or ())
    message = f"is being deleted; waits for its finalizers {finalizers}" if finalizers else "is being deleted"
    return Health(State.TERMINATING, message)


def _rule(obj: Object, wishes: marks.Marks, rules: Iterable[HealthRule]) -> HealthRule | None:
    kind = kinds.of(obj)
    if wishes.health:
        return HealthRule(kind, ready=wishes.health)
    return next((rule for rule in rules if rule.kind == kind), None)
