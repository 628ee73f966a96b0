"""StatefulSets of simulated clusters, and the claims of their pods."""

from __future__ import annotations

from roadstead.sim.controllers.machines import Failing, Way
from tests.sim.controllers.conftest import workload

CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


def stateful(image="web:1", **spec):
    return workload("StatefulSet", image, serviceName="web", volumeClaimTemplates=[CLAIM], **spec)


def status(stage):
    return stage.get("apps/v1", "StatefulSet", "web")["status"]


def test_pods_come_one_after_another_with_claims_of_their_own(stage):
    stage.apply(stateful(replicas=3))
    stage.advance(1)
    assert stage.names("v1", "Pod") == ["web-0"]
    stage.advance(2)
    assert stage.names("v1", "Pod") == ["web-0", "web-1"]
    stage.advance(10)
    assert status(stage)["availableReplicas"] == 3
    claims = stage.list("v1", "PersistentVolumeClaim")
    assert [(each["metadata"]["name"], each["status"]["phase"]) for each in claims] == [
        ("data-web-0", "Bound"),
        ("data-web-1", "Bound"),
        ("data-web-2", "Bound"),
    ]


def test_in_parallel_all_pods_come_at_once(stage):
    stage.apply(stateful(replicas=3, podManagementPolicy="Parallel"))
    stage.advance(0.5)
    assert stage.names("v1", "Pod") == ["web-0", "web-1", "web-2"]


def test_an_update_goes_from_the_last_pod_to_the_first(stage):
    stage.apply(stateful(replicas=2))
    stage.advance(10)
    old = status(stage)["currentRevision"]
    stage.apply(stateful("web:2", replicas=2))
    stage.advance(2.5)
    images = {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in stage.pods()}
    assert images == {"web-0": "web:1", "web-1": "web:2"}
    stage.advance(20)
    found = status(stage)
    assert found["currentRevision"] == found["updateRevision"] != old
    assert (found["updatedReplicas"], found["currentReplicas"], found["readyReplicas"]) == (2, 2, 2)


def test_pods_below_the_partition_keep_their_revision_even_when_they_come_again(stage):
    stage.apply(stateful(replicas=2))
    stage.advance(10)
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    stage.apply(stateful("web:2", replicas=2, updateStrategy=strategy))
    stage.advance(20)
    stage.one.delete("v1", "Pod", "web-0", namespace="shop")
    stage.advance(20)
    images = {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in stage.pods()}
    assert images == {"web-0": "web:1", "web-1": "web:2"}


def test_a_pod_that_never_gets_ready_holds_up_the_update_that_would_mend_it(stage):
    stage.one.fail(Failing("*:bad", Way.UNREADY))
    stage.apply(stateful("web:bad", replicas=2))
    stage.advance(10)
    stage.apply(stateful("web:2", replicas=2))
    stage.advance(60)
    assert [pod["spec"]["containers"][0]["image"] for pod in stage.pods()] == ["web:bad"]


def test_claims_stay_when_the_set_shrinks_and_go_only_after_the_pods_that_use_them(stage):
    stage.apply(stateful(replicas=2))
    stage.advance(10)
    stage.apply(stateful(replicas=1))
    stage.advance(10)
    assert stage.names("v1", "PersistentVolumeClaim") == ["data-web-0", "data-web-1"]
    for name in ("data-web-0", "data-web-1"):
        stage.one.delete("v1", "PersistentVolumeClaim", name, namespace="shop")
    stage.advance(10)
    assert stage.names("v1", "PersistentVolumeClaim") == ["data-web-0"]
    stage.one.delete("apps/v1", "StatefulSet", "web", namespace="shop")
    stage.advance(10)
    assert stage.names("v1", "PersistentVolumeClaim") == []
    assert stage.one.list("v1", "PersistentVolume") == []
