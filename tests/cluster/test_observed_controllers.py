"""What the controllers of a cluster make of what is applied, where no kubelet runs pods.

Simulated clusters have controllers of their own: the same statements hold for both.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.cluster import samples
from tests.cluster.raw import Raw
from tests.controlplane.direct import RequestFailed

TIMES = {"lastTransitionTime", "lastUpdateTime", "lastProbeTime", "startTime"}


@pytest.fixture
async def place(clusters, unique):
    """A cluster with controllers and a namespace of the test's own."""
    (cluster,) = clusters(1, controllers=True)
    await cluster.create_namespace(unique)
    return cluster


def timeless(found: Any) -> Any:
    if isinstance(found, dict):
        return {key: timeless(value) for key, value in found.items() if key not in TIMES}
    return [timeless(each) for each in found] if isinstance(found, list) else found


async def listed(cluster, namespace: str, path: str) -> list[dict[str, Any]]:
    group, _, plural = path.rpartition("/")
    root = f"/apis/{group}" if group != "v1" else "/api/v1"
    return (await cluster.request("GET", f"{root}/namespaces/{namespace}/{plural}"))["items"]


async def until(look, holds) -> Any:
    """What `look` finds once it holds."""
    async with asyncio.timeout(120):
        while not holds(found := await look()):
            await asyncio.sleep(0.05)
        return found


def managers(found: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Of all entries: the name, how, and what of it; the controllers by one name, whatever the binary's is."""
    known = {"controlplane": "kube-controller-manager"}
    return {
        (known.get(each["manager"], each["manager"]), each["operation"], each.get("subresource", ""))
        for each in found["metadata"]["managedFields"]
    }


async def test_a_deployment_has_a_set_and_pods_and_says_that_it_gets_on(place, unique, kubernetes_minor):
    web = Raw(place, samples.deployment(unique))
    web.obj["spec"]["replicas"] = 2
    await web.apply()
    found = await until(web.get, lambda found: found.get("status", {}).get("updatedReplicas") == 2)
    name = found["metadata"]["name"]
    (one,) = await listed(place, unique, "apps/v1/replicasets")
    expected = {
        "observedGeneration": 1,
        "replicas": 2,
        "updatedReplicas": 2,
        "unavailableReplicas": 2,
        "conditions": [
            {
                "type": "Available",
                "status": "False",
                "reason": "MinimumReplicasUnavailable",
                "message": "Deployment does not have minimum availability.",
            },
            {
                "type": "Progressing",
                "status": "True",
                "reason": "ReplicaSetUpdated",
                "message": f'ReplicaSet "{one["metadata"]["name"]}" is progressing.',
            },
        ],
    }
    if kubernetes_minor != "1.34":
        expected["terminatingReplicas"] = 0
    assert timeless(found["status"]) == expected
    assert found["metadata"]["annotations"] == {"deployment.kubernetes.io/revision": "1"}
    assert managers(found) == {
        ("roadstead", "Apply", ""),
        ("kube-controller-manager", "Update", "status"),
    }
    assert one["metadata"]["name"].startswith(f"{name}-")
    assert one["metadata"]["annotations"] == {
        "deployment.kubernetes.io/desired-replicas": "2",
        "deployment.kubernetes.io/max-replicas": "3",
        "deployment.kubernetes.io/revision": "1",
    }
    assert managers(one) == {
        ("kube-controller-manager", "Update", ""),
        ("kube-controller-manager", "Update", "status"),
    }
    pods = await listed(place, unique, "v1/pods")
    assert [pod["status"] for pod in pods] == [{"phase": "Pending", "qosClass": "BestEffort"}] * 2
    for pod in pods:
        (owner,) = pod["metadata"]["ownerReferences"]
        assert (owner["name"], owner["uid"]) == (one["metadata"]["name"], one["metadata"]["uid"])
        assert managers(pod) == {("kube-controller-manager", "Update", "")}


async def test_a_new_template_takes_its_share_and_the_old_one_gives_way_only_to_what_is_available(
    place, unique
):
    web = Raw(place, samples.deployment(unique))
    web.obj["spec"]["replicas"] = 4
    await web.apply()
    await until(web.get, lambda found: found.get("status", {}).get("updatedReplicas") == 4)
    web.obj["spec"]["template"]["spec"]["containers"][0]["image"] = "other:2"
    await web.apply()
    # One more than wanted at once, of which one replaces an old one that was never ready; then it stays so.
    found = await until(web.get, lambda found: found["status"].get("updatedReplicas") == 2)
    sets = await until(
        lambda: listed(place, unique, "apps/v1/replicasets"),
        lambda sets: sorted(each["spec"]["replicas"] for each in sets) == [2, 3],
    )
    images = {
        each["spec"]["template"]["spec"]["containers"][0]["image"]: each["spec"]["replicas"] for each in sets
    }
    assert images["other:2"] == 2
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"


async def test_a_stateful_set_makes_its_first_pod_and_the_claim_of_it(place, unique):
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    deployment = samples.deployment(unique)
    spec = {
        "replicas": 2,
        "serviceName": "db",
        "selector": deployment["spec"]["selector"],
        "template": deployment["spec"]["template"],
        "volumeClaimTemplates": [claim],
    }
    db = Raw(place, samples.obj("apps/v1", "StatefulSet", unique, "db", spec=spec))
    await db.apply()
    found = await until(db.get, lambda found: found.get("status", {}).get("replicas"))
    revision = found["status"]["updateRevision"]
    assert found["status"] == {
        "observedGeneration": 1,
        "replicas": 1,
        "currentReplicas": 1,
        "updatedReplicas": 1,
        "currentRevision": revision,
        "updateRevision": revision,
        "collisionCount": 0,
        "availableReplicas": 0,
    }
    (pod,) = await listed(place, unique, "v1/pods")
    assert pod["metadata"]["name"] == "db-0"
    assert pod["metadata"]["labels"]["controller-revision-hash"] == revision
    (held,) = await listed(place, unique, "v1/persistentvolumeclaims")
    assert (held["metadata"]["name"], held["status"]) == ("data-db-0", {"phase": "Pending"})


async def test_a_job_has_a_pod_that_it_counts(place, unique):
    job = Raw(place, samples.job(unique))
    await job.apply()
    found = await until(job.get, lambda found: found.get("status", {}).get("active"))
    assert timeless(found["status"]) == {
        "active": 1,
        "ready": 0,
        "terminating": 0,
        "uncountedTerminatedPods": {},
    }
    (pod,) = await listed(place, unique, "v1/pods")
    assert pod["metadata"]["finalizers"] == ["batch.kubernetes.io/job-tracking"]
    assert pod["metadata"]["labels"]["job-name"] == job.obj["metadata"]["name"]


async def test_without_nodes_a_daemon_set_wants_nothing(place, unique):
    deployment = samples.deployment(unique)
    spec = {key: deployment["spec"][key] for key in ("selector", "template")}
    agent = Raw(place, samples.obj("apps/v1", "DaemonSet", unique, "agent", spec=spec))
    await agent.apply()
    found = await until(agent.get, lambda found: found.get("status", {}).get("observedGeneration"))
    assert found["status"] == {
        "currentNumberScheduled": 0,
        "desiredNumberScheduled": 0,
        "numberMisscheduled": 0,
        "numberReady": 0,
        "observedGeneration": 1,
    }


async def test_a_namespace_is_given_an_account_and_a_bundle(place, unique):
    accounts = await until(lambda: listed(place, unique, "v1/serviceaccounts"), bool)
    assert [each["metadata"]["name"] for each in accounts] == ["default"]
    bundles = await until(lambda: listed(place, unique, "v1/configmaps"), bool)
    assert [each["metadata"]["name"] for each in bundles] == ["kube-root-ca.crt"]


async def test_a_namespace_that_goes_says_what_holds_it_up(place, unique):
    held = Raw(
        place, samples.config_map(unique, "held") | {"metadata": {"name": "held", "namespace": unique}}
    )
    held.obj["metadata"]["finalizers"] = ["example.com/hold"]
    await held.apply()
    namespace = Raw(place, samples.namespace(unique))
    await namespace.delete()
    found = await until(namespace.get, lambda found: "conditions" in found["status"])
    told = {
        each["type"]: (each["status"], each["reason"], each["message"])
        for each in found["status"]["conditions"]
    }
    assert told == {
        "NamespaceDeletionDiscoveryFailure": (
            "False",
            "ResourcesDiscovered",
            "All resources successfully discovered",
        ),
        "NamespaceDeletionGroupVersionParsingFailure": (
            "False",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        "NamespaceDeletionContentFailure": (
            "False",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        "NamespaceContentRemaining": (
            "True",
            "SomeResourcesRemain",
            "Some resources are remaining: configmaps. has 1 resource instances",
        ),
        "NamespaceFinalizersRemaining": (
            "True",
            "SomeFinalizersRemain",
            "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
        ),
    }
    await held.patch([{"op": "remove", "path": "/metadata/finalizers"}])
    async with asyncio.timeout(120):
        while await namespace.exists():
            await asyncio.sleep(0.1)


CASCADES = [
    pytest.param("Background", set(), id="in the background all goes"),
    pytest.param("Foreground", set(), id="in the foreground all goes"),
    pytest.param("Orphan", {"replicasets", "pods"}, id="orphans stay"),
]


@pytest.mark.parametrize(("policy", "stays"), CASCADES)
async def test_what_a_deployment_owns_goes_with_it_or_stays(place, unique, policy, stays):
    web = Raw(place, samples.deployment(unique))
    await web.apply()
    await until(lambda: listed(place, unique, "v1/pods"), bool)
    await web.delete(propagationPolicy=policy)
    async with asyncio.timeout(120):
        while await web.exists():
            await asyncio.sleep(0.05)

    async def left() -> set[str]:
        paths = ("apps/v1/replicasets", "v1/pods")
        return {path.rpartition("/")[2] for path in paths if await listed(place, unique, path)}

    assert await until(left, lambda found: found == stays) == stays
    for each in await listed(place, unique, "apps/v1/replicasets"):
        assert "ownerReferences" not in each["metadata"]


async def test_a_service_has_endpoints_and_a_slice_from_its_beginning(place, unique):
    spec = {"selector": {"app": "nobody"}, "ports": [{"port": 80, "protocol": "TCP"}]}
    await Raw(place, samples.obj("v1", "Service", unique, "web", spec=spec)).apply()
    (found,) = await until(lambda: listed(place, unique, "v1/endpoints"), bool)
    assert (found["metadata"]["name"], found.get("subsets")) == ("web", None)
    (slice_,) = await until(lambda: listed(place, unique, "discovery.k8s.io/v1/endpointslices"), bool)
    assert slice_["metadata"]["labels"] == {
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": "web",
    }
    assert not slice_.get("endpoints")


async def test_a_budget_counts_what_its_pods_should_be(place, unique):
    web = Raw(place, samples.deployment(unique))
    web.obj["spec"]["replicas"] = 3
    await web.apply()
    spec = {"minAvailable": "50%", "selector": web.obj["spec"]["selector"]}
    budget = Raw(place, samples.obj("policy/v1", "PodDisruptionBudget", unique, "web", spec=spec))
    await budget.apply()
    found = await until(budget.get, lambda found: found.get("status", {}).get("expectedPods") == 3)
    status = timeless(found["status"])
    (condition,) = status.pop("conditions")
    assert status == {
        "currentHealthy": 0,
        "desiredHealthy": 2,
        "disruptionsAllowed": 0,
        "expectedPods": 3,
        "observedGeneration": 1,
    }
    assert (condition["status"], condition["reason"]) == ("False", "InsufficientPods")


async def test_the_roles_for_users_are_filled_from_others(place):
    async def rules() -> list[Any]:
        path = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
        try:
            return [(await place.request("GET", f"{path}/{name}"))["rules"] for name in ("view", "admin")]
        except RequestFailed:
            return []

    view, admin = await until(rules, lambda found: found and all(found))
    assert 0 < len(view) < len(admin)
