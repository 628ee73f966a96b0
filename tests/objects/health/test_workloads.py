"""Messages say what a workload waits for, and what its Pods say of it."""

import pytest

from roadstead.model.health import State
from roadstead.objects import health


def workload(kind="apps/Deployment", spec=None, generation=2, observed=2, **status):
    group, _, name = kind.rpartition("/")
    return {
        "apiVersion": f"{group}/v1" if group else "v1",
        "kind": name,
        "metadata": {"name": "web", "namespace": "shop", "generation": generation},
        "spec": {"replicas": 3, **(spec or {})},
        "status": {"observedGeneration": observed, **status},
    }


def condition(kind, status, reason, message=""):
    return {"type": kind, "status": status, "reason": reason, "message": message}


def deployment(updated=3, available=3, replicas=3, conditions=(), **more):
    counts = {"updatedReplicas": updated, "availableReplicas": available, "readyReplicas": available}
    return workload(replicas=replicas, conditions=list(conditions), **counts, **more)


def daemon_set(updated=3, available=3, **more):
    counts = {"desiredNumberScheduled": 3, "currentNumberScheduled": 3, "updatedNumberScheduled": updated}
    return workload("apps/DaemonSet", numberAvailable=available, numberReady=available, **counts, **more)


def stateful_set(updated=3, ready=3, revision="b", **more):
    counts = {"replicas": 3, "currentReplicas": 3, "updatedReplicas": updated, "readyReplicas": ready}
    return workload("apps/StatefulSet", currentRevision=revision, updateRevision="b", **counts, **more)


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        pytest.param(deployment(), "ready", id="all is well"),
        pytest.param(deployment(spec={"replicas": 0}, replicas=0, updated=0, available=0), "ready", id="none wanted"),
        pytest.param(
            deployment(observed=1),
            "progressing: waits for its controller: generation 1 of 2 seen",
            id="a generation that nobody looked at",
        ),
        pytest.param(deployment(updated=2), "progressing: 2 of 3 replicas updated", id="an update under way"),
        pytest.param(deployment(replicas=4), "progressing: 1 old replica still there", id="old replicas"),
        pytest.param(deployment(available=1), "progressing: 1 of 3 replicas available", id="not yet available"),
        pytest.param(
            deployment(updated=0, conditions=[condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota")]),
            "progressing: FailedCreate: exceeded quota",
            id="replicas that cannot be created",
        ),
        pytest.param(
            deployment(conditions=[condition("Progressing", "False", "ProgressDeadlineExceeded", "timed out")]),
            "failed: ProgressDeadlineExceeded: timed out",
            id="a deadline passed",
        ),
        pytest.param(deployment(spec={"paused": True}), "suspended: its rollout is paused", id="paused"),
        pytest.param(daemon_set(), "ready", id="a daemon set in full"),
        pytest.param(daemon_set(updated=1), "progressing: 1 of 3 replicas updated", id="a daemon set in update"),
        pytest.param(
            daemon_set(updated=1, spec={"updateStrategy": {"type": "OnDelete"}}),
            "ready",
            id="a daemon set that updates when people delete Pods",
        ),
        pytest.param(stateful_set(), "ready", id="a stateful set in full"),
        pytest.param(
            stateful_set(updated=1, revision="a"), "progressing: 1 of 3 replicas updated", id="a stateful set in update"
        ),
        pytest.param(
            stateful_set(updated=1, revision="a", spec={"updateStrategy": {"rollingUpdate": {"partition": 2}}}),
            "ready",
            id="a stateful set that updates in part",
        ),
        pytest.param(
            stateful_set(updated=0, revision="a", spec={"updateStrategy": {"rollingUpdate": {"partition": 2}}}),
            "progressing: 0 of 1 replicas updated",
            id="a stateful set whose part is not updated",
        ),
    ],
)  # fmt: skip
def test_workloads(obj, expected):
    found = health.assess(obj)
    assert f"{found.state}: {found.message}".rstrip(": ") == expected


def pod(
    name="web-1", waiting=None, revision="new", created="2026-05-01T10:00:00Z", conditions=(), **metadata
):
    container = {"name": "app", "state": {"waiting": waiting} if waiting else {"running": {}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "creationTimestamp": created,
            "labels": {"pod-template-hash": revision},
            **metadata,
        },
        "status": {"phase": "Pending", "containerStatuses": [container], "conditions": list(conditions)},
    }


PULL = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
CRASH = {"reason": "CrashLoopBackOff", "message": "back-off 10s"}
NO_NODE = condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are available")
WAITS = deployment(available=1)


@pytest.mark.parametrize(
    ("pods", "state", "message"),
    [
        pytest.param(
            [pod(waiting=PULL)],
            State.FAILED,
            "1 of 3 replicas available; Pod web-1: container app waits: ImagePullBackOff: Back-off pulling image",
            id="an image that cannot be pulled is a failure at once",
        ),
        pytest.param(
            [pod(waiting={"reason": "ContainerCreating"})],
            State.PROGRESSING,
            "1 of 3 replicas available",
            id="a container being created is none",
        ),
        pytest.param(
            [pod(conditions=[NO_NODE])],
            State.PROGRESSING,
            "1 of 3 replicas available; Pod web-1: no node takes it: 0/3 nodes are available",
            id="a Pod without a node waits: nodes may be on their way",
        ),
        pytest.param(
            [pod(conditions=[NO_NODE]), pod("web-2", waiting=CRASH)],
            State.FAILED,
            "1 of 3 replicas available; Pod web-2: container app waits: CrashLoopBackOff: back-off 10s",
            id="a failure is told before a wait",
        ),
        pytest.param(
            [pod(waiting=CRASH, revision="old", created="2026-05-01T09:00:00Z"), pod("web-2")],
            State.PROGRESSING,
            "1 of 3 replicas available",
            id="Pods of an older revision are on their way out",
        ),
        pytest.param(
            [pod(waiting=CRASH, deletionTimestamp="2026-05-01T10:01:00Z")],
            State.PROGRESSING,
            "1 of 3 replicas available",
            id="so are Pods being deleted",
        ),
    ],
)
def test_pods_tell_at_once_what_a_workload_waits_for(pods, state, message):
    assert health.assess(WAITS, pods=pods) == health.Health(state, message)


def test_a_workload_that_is_ready_is_ready_whatever_a_pod_says():
    assert health.assess(deployment(), pods=[pod(waiting=CRASH)]).state is State.READY


def test_the_revision_of_a_stateful_set_tells_which_pods_count():
    def of(revision, **more):
        one = pod(**more)
        one["metadata"]["labels"] = {"controller-revision-hash": revision}
        return one

    waits = stateful_set(ready=1)
    newer_but_old = of("a", waiting=CRASH, created="2026-05-01T11:00:00Z")
    assert health.assess(waits, pods=[newer_but_old, of("b")]).state is State.PROGRESSING
    assert health.assess(waits, pods=[of("b", waiting=CRASH)]).state is State.FAILED


@pytest.mark.parametrize(
    "named", ['ReplicaSet "web-new" is progressing.', 'Created new replica set "web-new"']
)
def test_the_pods_of_the_replica_set_that_a_deployment_names_count(named):
    """Also when those of an older one were made in the same second, or nobody made its own yet."""
    rolling = deployment(updated=1, conditions=[condition("Progressing", "True", "ReplicaSetUpdated", named)])
    broken, fresh = pod(waiting=CRASH, revision="old"), pod(revision="new")
    for pods in ([broken, fresh], [fresh, broken], [broken]):
        assert health.assess(rolling, pods=pods).state is State.PROGRESSING
    assert health.assess(rolling, pods=[pod(waiting=CRASH, revision="new")]).state is State.FAILED


def test_pods_of_one_second_all_count_whatever_their_order():
    pods = [pod(waiting=CRASH, revision="old"), pod(revision="new")]
    assert health.assess(WAITS, pods=pods) == health.assess(WAITS, pods=pods[::-1])
