"""PodDisruptionBudgets, ResourceQuotas and aggregated roles of simulated clusters."""

from __future__ import annotations

import pytest

from tests.sim.controllers.conftest import workload

NUMBERS = [
    pytest.param({"minAvailable": 1}, 3, id="so many"),
    pytest.param({"minAvailable": "50%"}, 2, id="a share"),
    pytest.param({"maxUnavailable": 1}, 1, id="all but one"),
    pytest.param({"maxUnavailable": "100%"}, 4, id="none"),
]


@pytest.mark.parametrize(("spec", "allowed"), NUMBERS)
def test_a_budget_says_how_many_may_be_disturbed(stage, spec, allowed):
    stage.apply(workload(replicas=4))
    spec = {"selector": {"matchLabels": {"app": "web"}}, **spec}
    metadata = {"name": "web", "namespace": "shop"}
    stage.apply(
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec}
    )
    stage.advance(1)
    assert stage.get("policy/v1", "PodDisruptionBudget", "web")["status"]["disruptionsAllowed"] == 0
    stage.advance(10)
    found = stage.get("policy/v1", "PodDisruptionBudget", "web")["status"]
    assert (found["disruptionsAllowed"], found["expectedPods"]) == (allowed, 4)


def test_a_quota_counts_what_is_used(stage):
    hard = {"pods": "10", "requests.cpu": "2", "limits.memory": "4Gi", "count/deployments.apps": "5"}
    metadata = {"name": "all", "namespace": "shop"}
    stage.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard}})
    document = workload(replicas=2)
    resources = {"requests": {"cpu": "250m"}, "limits": {"memory": "1Gi"}}
    document["spec"]["template"]["spec"]["containers"][0]["resources"] = resources
    stage.apply(document)
    stage.advance(5)
    assert stage.get("v1", "ResourceQuota", "all")["status"]["used"] == {
        "pods": "2",
        "requests.cpu": "500m",
        "limits.memory": "2Gi",
        "count/deployments.apps": "1",
    }


def quota(**hard):
    metadata = {"name": "all", "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard}}


def test_pods_beyond_a_quota_are_not_made_until_there_is_room(stage):
    stage.apply(quota(pods="2"))
    stage.advance(1)
    stage.apply(workload(replicas=3))
    stage.advance(10)
    assert len(stage.one.list("v1", "Pod", namespace="shop")) == 2
    (failed,) = [
        each
        for each in stage.get("apps/v1", "Deployment", "web")["status"]["conditions"]
        if each["type"] == "ReplicaFailure"
    ]
    assert failed["message"].endswith("exceeded quota: all, requested: pods=1, used: pods=2, limited: pods=2")
    stage.apply(quota(pods="3"))
    stage.advance(60)
    assert stage.get("apps/v1", "Deployment", "web")["status"]["readyReplicas"] == 3


def test_pods_that_have_ended_are_not_counted_any_more(stage):
    stage.apply(quota(pods="2", **{"count/pods": "5"}))
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "once", "namespace": "shop"},
        "spec": {
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a:1"}]}}
        },
    }
    stage.apply(job)
    stage.advance(20)
    assert stage.get("v1", "ResourceQuota", "all")["status"]["used"] == {"pods": "0", "count/pods": "1"}


def rules(stage, name):
    return stage.get("rbac.authorization.k8s.io/v1", "ClusterRole", name, "").get("rules") or []


def test_the_roles_for_users_hold_what_others_add_to_them(stage):
    assert len(rules(stage, "admin")) > len(rules(stage, "view")) > 0
    widgets = {"apiGroups": ["example.com"], "resources": ["widgets"], "verbs": ["get"]}
    labels = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    stage.apply(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "widgets", "labels": labels},
            "rules": [widgets],
        }
    )
    stage.advance(0)
    assert widgets in rules(stage, "view")
    assert widgets in rules(stage, "edit")
    stage.one.delete("rbac.authorization.k8s.io/v1", "ClusterRole", "widgets")
    stage.advance(0)
    assert widgets not in rules(stage, "view")
