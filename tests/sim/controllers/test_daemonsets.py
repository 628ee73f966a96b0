"""DaemonSets of simulated clusters."""

from __future__ import annotations

from tests.sim.controllers.conftest import condition, workload


def status(stage):
    return stage.get("apps/v1", "DaemonSet", "web")["status"]


def test_there_is_a_pod_on_each_node(stage):
    stage.apply(workload("DaemonSet"))
    stage.advance(5)
    assert sorted(pod["spec"]["nodeName"] for pod in stage.pods()) == ["node-1", "node-2", "node-3"]
    assert status(stage) == {
        "currentNumberScheduled": 3,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 3,
        "numberReady": 3,
        "observedGeneration": 1,
        "updatedNumberScheduled": 3,
        "numberAvailable": 3,
    }


def test_a_new_template_replaces_the_pods_one_by_one(stage):
    stage.apply(workload("DaemonSet"))
    stage.advance(5)
    stage.apply(workload("DaemonSet", "web:2"))
    for _ in range(40):
        stage.advance(0.5)
        assert sum(condition(pod, "Ready")["status"] == "True" for pod in stage.pods()) >= 2
    assert {pod["spec"]["containers"][0]["image"] for pod in stage.pods()} == {"web:2"}
    assert status(stage)["updatedNumberScheduled"] == 3


def test_a_selector_that_fits_no_node_wants_no_pod(stage):
    document = workload("DaemonSet")
    document["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "fast"}
    stage.apply(document)
    stage.advance(5)
    assert status(stage)["desiredNumberScheduled"] == 0
