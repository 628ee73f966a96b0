"""Deployments of simulated clusters."""

from __future__ import annotations

import pytest

from roadstead.sim.controllers.machines import Failing, Way
from tests.sim.controllers.conftest import condition, waits_for, workload


def deployment(stage):
    return stage.get("apps/v1", "Deployment", "web")


def test_a_deployment_is_available_once_its_pods_are_ready(stage):
    stage.apply(workload(replicas=2))
    stage.advance(1)
    assert condition(deployment(stage), "Available")["status"] == "False"
    stage.advance(2)
    found = deployment(stage)
    assert condition(found, "Available")["reason"] == "MinimumReplicasAvailable"
    assert condition(found, "Progressing")["reason"] == "NewReplicaSetAvailable"
    numbers = {name: count for name, count in found["status"].items() if name != "conditions"}
    assert numbers == {
        "observedGeneration": 1,
        "replicas": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "terminatingReplicas": 0,
    }


def test_a_new_template_makes_a_new_set_and_the_old_one_shrinks_to_nothing(stage):
    stage.apply(workload(replicas=4))
    stage.advance(10)
    stage.apply(workload(image="web:2", replicas=4))
    stage.advance(60)
    sets = stage.list("apps/v1", "ReplicaSet")
    sizes = {
        each["spec"]["template"]["spec"]["containers"][0]["image"]: each["spec"]["replicas"] for each in sets
    }
    assert sizes == {"web:1": 0, "web:2": 4}
    assert deployment(stage)["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    assert len(stage.pods()) == 4


def test_during_a_rollout_never_more_are_missing_or_too_many_than_allowed(stage):
    stage.apply(workload(replicas=4))
    stage.advance(10)
    stage.apply(workload(image="web:2", replicas=4))
    for _ in range(40):
        stage.advance(0.5)
        pods = [pod for pod in stage.pods() if not pod["metadata"].get("deletionTimestamp")]
        ready = [pod for pod in pods if condition(pod, "Ready")["status"] == "True"]
        assert len(pods) <= 5
        assert len(ready) >= 3


def test_going_back_to_an_old_template_takes_its_set_again_with_a_new_revision(stage):
    for image in ("web:1", "web:2", "web:1"):
        stage.apply(workload(image=image))
        stage.advance(30)
    sets = {
        each["spec"]["template"]["spec"]["containers"][0]["image"]: each["metadata"]["annotations"]
        for each in stage.list("apps/v1", "ReplicaSet")
    }
    assert sets["web:1"]["deployment.kubernetes.io/revision"] == "3"
    assert sets["web:1"]["deployment.kubernetes.io/revision-history"] == "1"


FAILURES = [
    pytest.param(Way.PULL, "ImagePullBackOff", id="an image that cannot be pulled"),
    pytest.param(Way.CRASH, "CrashLoopBackOff", id="a process that ends at once"),
]


@pytest.mark.parametrize(("way", "reason"), FAILURES)
def test_pods_say_why_they_do_not_start_and_the_deployment_gives_up_at_its_deadline(stage, way, reason):
    stage.one.fail(Failing("*:bad", way))
    stage.apply(workload(image="web:bad", progressDeadlineSeconds=60))
    stage.advance(5)
    assert waits_for(stage.pods()[0]) == reason
    assert condition(deployment(stage), "Progressing")["status"] == "True"
    stage.advance(70)
    assert condition(deployment(stage), "Progressing")["reason"] == "ProgressDeadlineExceeded"


def test_the_first_word_about_an_image_that_cannot_be_pulled_is_the_error_itself(stage):
    stage.one.fail(Failing("*:bad"))
    stage.apply(workload(image="web:bad"))
    stage.advance(1.5)
    assert waits_for(stage.pods()[0]) == "ErrImagePull"


def test_a_bad_image_leaves_the_old_pods_serving(stage):
    stage.apply(workload(replicas=3))
    stage.advance(10)
    stage.one.fail(Failing("*:bad"))
    stage.apply(workload(image="web:bad", replicas=3))
    stage.advance(700)
    assert deployment(stage)["status"]["availableReplicas"] == 3
    assert condition(deployment(stage), "Available")["status"] == "True"
    assert condition(deployment(stage), "Progressing")["reason"] == "ProgressDeadlineExceeded"


def test_pods_get_ready_once_their_image_is_well_again(stage):
    stage.one.fail(Failing("*:bad"))
    stage.apply(workload(image="web:bad"))
    stage.advance(30)
    stage.one.fail()
    stage.advance(5)
    assert condition(deployment(stage), "Available")["status"] == "True"


def test_crashes_are_counted_and_wait_longer_each_time(stage):
    stage.one.fail(Failing("*:bad", Way.CRASH))
    stage.apply(workload(image="web:bad"))
    stage.advance(100)
    (status,) = stage.pods()[0]["status"]["containerStatuses"]
    assert status["restartCount"] == 4
    assert status["state"]["waiting"]["message"].startswith("back-off 1m20s restarting failed container=web")
    assert status["lastState"]["terminated"]["exitCode"] == 1


def test_an_image_that_never_gets_ready_runs(stage):
    stage.one.fail(Failing("*:bad", Way.UNREADY))
    stage.apply(workload(image="web:bad"))
    stage.advance(60)
    (pod,) = stage.pods()
    assert pod["status"]["phase"] == "Running"
    assert condition(pod, "Ready")["message"] == "containers with unready status: [web]"


def test_scaling_down_ends_pods(stage):
    stage.apply(workload(replicas=5))
    stage.advance(10)
    stage.apply(workload(replicas=1))
    stage.advance(10)
    assert len(stage.pods()) == 1
    assert deployment(stage)["status"]["replicas"] == 1


def test_recreating_waits_until_the_last_old_pod_is_gone(stage):
    stage.apply(workload(replicas=2, strategy={"type": "Recreate"}))
    stage.advance(10)
    stage.apply(workload(image="web:2", replicas=2, strategy={"type": "Recreate"}))
    stage.advance(0.5)
    assert {pod["spec"]["containers"][0]["image"] for pod in stage.pods()} == {"web:1"}
    stage.advance(10)
    assert {pod["spec"]["containers"][0]["image"] for pod in stage.pods()} == {"web:2"}
    assert condition(deployment(stage), "Available")["status"] == "True"


def test_a_paused_deployment_does_not_roll(stage):
    stage.apply(workload())
    stage.advance(10)
    stage.apply(workload(image="web:2", paused=True))
    stage.advance(10)
    assert len(stage.list("apps/v1", "ReplicaSet")) == 1
    assert condition(deployment(stage), "Progressing")["reason"] == "DeploymentPaused"
    stage.apply(workload(image="web:2"))
    stage.advance(10)
    assert len(stage.list("apps/v1", "ReplicaSet")) == 2


def test_old_sets_beyond_the_limit_of_the_history_go(stage):
    for number in range(5):
        stage.apply(workload(image=f"web:{number}", revisionHistoryLimit=2))
        stage.advance(30)
    assert len(stage.list("apps/v1", "ReplicaSet")) == 3


def test_deleting_a_deployment_takes_its_sets_and_pods_with_it(stage):
    stage.apply(workload(replicas=2))
    stage.advance(10)
    stage.one.delete("apps/v1", "Deployment", "web", namespace="shop")
    stage.advance(10)
    assert (stage.list("apps/v1", "ReplicaSet"), stage.pods()) == ([], [])


def test_a_pod_that_somebody_deletes_comes_again(stage):
    stage.apply(workload())
    stage.advance(10)
    (pod,) = stage.pods()
    stage.one.delete("v1", "Pod", pod["metadata"]["name"], namespace="shop")
    stage.advance(10)
    (other,) = stage.pods()
    assert other["metadata"]["uid"] != pod["metadata"]["uid"]
    assert condition(other, "Ready")["status"] == "True"


def test_without_nodes_pods_stay_pending(stage):
    one = stage.fleet.add("c2", nodes=0)
    one.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    one.apply(workload())
    stage.advance(60)
    (pod,) = one.list("v1", "Pod")
    assert pod["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


def test_nobody_does_anything_where_there_are_no_controllers(stage):
    one = stage.fleet.add("c2", controllers=False)
    one.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    one.apply(workload())
    stage.advance(60)
    assert one.list("apps/v1", "ReplicaSet") == []
    assert one.list("v1", "ServiceAccount") == []


MISSING = [
    pytest.param(
        {"envFrom": [{"configMapRef": {"name": "settings"}}]},
        {},
        "CreateContainerConfigError",
        id="its environment",
    ),
    pytest.param(
        {"volumeMounts": [{"name": "v", "mountPath": "/v"}]},
        {"volumes": [{"name": "v", "configMap": {"name": "settings"}}]},
        "ContainerCreating",
        id="what it mounts",
    ),
]


@pytest.mark.parametrize(("container", "pod", "reason"), MISSING)
def test_a_pod_waits_for_what_it_needs_and_goes_on_when_it_comes(stage, container, pod, reason):
    document = workload()
    spec = document["spec"]["template"]["spec"]
    spec["containers"][0] |= container
    spec |= pod
    stage.apply(document)
    stage.advance(10)
    assert waits_for(stage.pods()[0]) == reason
    metadata = {"name": "settings", "namespace": "shop"}
    stage.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "b"}})
    stage.advance(10)
    assert condition(deployment(stage), "Available")["status"] == "True"
