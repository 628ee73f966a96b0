"""What goes before the rules by kind, and the kinds that are no workloads."""

from datetime import UTC, datetime

import pytest

from roadstead.model.health import State
from roadstead.objects import health

NOW = datetime(2026, 5, 1, 10, 0, 10, tzinfo=UTC)


def obj(kind, *, annotations=None, metadata=None, **more):
    group, _, name = kind.rpartition("/")
    return {
        "apiVersion": f"{group}/v1" if group else "v1",
        "kind": name,
        "metadata": {"name": "x", "annotations": annotations or {}, **(metadata or {})},
        **more,
    }


def thing(conditions=None, annotations=None, generation=2, spec=None, **status):
    if conditions is not None:
        status["conditions"] = conditions
    return obj(
        "x.io/Thing",
        annotations=annotations,
        metadata={"generation": generation},
        spec=spec or {},
        status=status,
    )


def condition(kind, status, reason="", **more):
    return {"type": kind, "status": status, "reason": reason, **more}


def told(found):
    return f"{found.state}: {found.message}".rstrip(": ")


GOING = {"deletionTimestamp": "2026-05-01T10:00:00Z"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(obj("ConfigMap"), "ready", id="most kinds have nothing to become"),
        pytest.param(obj("ConfigMap", metadata=GOING), "terminating: is being deleted", id="being deleted"),
        pytest.param(
            obj("x.io/Thing", metadata={**GOING, "finalizers": ["x.io/a", "x.io/b"]}),
            "terminating: is being deleted; waits for its finalizers x.io/a, x.io/b",
            id="kept by finalizers",
        ),
        pytest.param(
            thing([condition("Ready", "False", "BuildFailed")], annotations={"roadstead.dev/health": "ignore"}),
            "ready: not looked at, as an annotation asks",
            id="not looked at",
        ),
        pytest.param(
            thing(observedGeneration=1),
            "progressing: waits for its controller: generation 1 of 2 seen",
            id="a generation not seen",
        ),
        pytest.param(thing([condition("Ready", "True")]), "ready", id="ready"),
        pytest.param(
            thing([condition("Ready", "False", "Issuing", message="not yet")]),
            "progressing: Issuing: not yet",
            id="not ready yet",
        ),
        pytest.param(
            thing([condition("Ready", "False", "IssuerNotFound")]), "failed: IssuerNotFound", id="not ready, for a reason"
        ),
        pytest.param(thing([condition("Ready", "Unknown")]), "progressing: waits for Ready", id="nobody knows"),
        pytest.param(
            thing([condition("Ready", "True", observedGeneration=1)]),
            "progressing: waits for its controller: generation 1 of 2 seen",
            id="a condition about an older generation",
        ),
        pytest.param(
            thing([condition("Reconciling", "True", "Progressing"), condition("Ready", "True")]),
            "progressing: Progressing",
            id="reconciling",
        ),
        pytest.param(thing([condition("Stalled", "True", "BadSpec")]), "failed: BadSpec", id="stalled"),
        pytest.param(
            thing([condition("Synced", "False", "ReconcileError"), condition("Ready", "True")]),
            "failed: ReconcileError",
            id="ready once, and out of reach since",
        ),
        pytest.param(thing([condition("ResolutionFailed", "True")]), "failed: ResolutionFailed", id="a bad condition"),
        pytest.param(thing([condition("ResolutionFailed", "False")]), "ready", id="a bad condition that does not hold"),
        pytest.param(
            thing([condition("Ready", "True"), condition("PodsHealthy", "False")]), "ready", id="a summary stands for all"
        ),
        pytest.param(thing(spec={"suspend": True}), "suspended: suspended", id="suspended"),
        pytest.param(thing(phase="Provisioning"), "progressing: Provisioning", id="a phase that passes"),
        pytest.param(thing(phase="Failed", message="no quota"), "failed: Failed: no quota", id="a phase of failure"),
        pytest.param(thing(phase="Running"), "ready", id="a phase that stays"),
        pytest.param(obj("PersistentVolumeClaim", status={"phase": "Lost"}), "failed: its volume is lost", id="a lost volume"),
        pytest.param(
            obj("Service", spec={"type": "LoadBalancer", "clusterIP": "10.0.0.1"}, status={"loadBalancer": {}}),
            "progressing: waits for a load balancer's address",
            id="a Service without an address",
        ),
        pytest.param(
            obj("apiextensions.k8s.io/CustomResourceDefinition", status={}),
            "progressing: waits to be established",
            id="a definition that is new",
        ),
        pytest.param(
            obj("gateway.networking.k8s.io/HTTPRoute", status={"parents": [{"conditions": [
                condition("Accepted", "False", "NoMatchingParent")]}]}),
            "progressing: NoMatchingParent",
            id="a route that no gateway takes",
        ),
    ],
)  # fmt: skip
def test_assess(value, expected):
    assert told(health.assess(value)) == expected


JOB = obj("batch/Job", spec={"completions": 3}, status={"startTime": "2026-05-01T10:00:00Z", "succeeded": 1})


def test_a_job_is_ready_when_it_runs_unless_its_end_is_waited_for():
    assert told(health.assess(JOB)) == "ready: 1 of 3 runs done"
    assert told(health.assess(JOB, finished=True)) == "progressing: 1 of 3 runs done"


def test_the_end_of_a_job_in_a_phase_is_always_waited_for():
    hook = {**JOB, "metadata": {"name": "x", "annotations": {"roadstead.dev/phase": "before"}}}
    assert health.assess(hook).state is State.PROGRESSING


def test_a_job_whose_pods_cannot_start_has_failed_but_a_crash_is_tried_again():
    def pod(reason):
        container = {"name": "app", "state": {"waiting": {"reason": reason}}}
        return obj("Pod", status={"containerStatuses": [container]})

    assert health.assess(JOB, pods=[pod("ErrImageNeverPull")]).state is State.FAILED
    assert health.assess(JOB, pods=[pod("CrashLoopBackOff")]).state is State.READY


def test_a_scheduler_is_given_some_seconds():
    unscheduled = condition("PodScheduled", "False", "Unschedulable", message="0/3 nodes are available")
    young = obj(
        "Pod", metadata={"creationTimestamp": "2026-05-01T10:00:00Z"}, status={"conditions": [unscheduled]}
    )
    assert told(health.assess(young, now=NOW)) == "progressing: no node takes it: 0/3 nodes are available"
    assert health.assess(young, now=NOW.replace(minute=1)).state is State.FAILED


def test_a_pod_that_ended_badly_is_ready_unless_its_end_is_waited_for():
    ended = obj("Pod", status={"phase": "Failed", "containerStatuses": [
        {"name": "app", "state": {"terminated": {"exitCode": 3}}}]})  # fmt: skip
    assert health.assess(ended).state is State.READY
    assert told(health.assess(ended, finished=True)) == "failed: container app ended with exit code 3"
