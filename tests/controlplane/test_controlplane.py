"""The control plane itself: that its clusters are real, separate, breakable, and gone afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from tests.controlplane.cluster import Cluster
from tests.controlplane.direct import RequestFailed
from tests.controlplane.fixtures import Clusters, OwnClusters
from tests.controlplane.kubectl import KubectlFailed, kubectl

GROUP = "roads.example.org"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


async def eventually(check: str, cluster: Cluster, path: str, *, timeout: float = 120.0) -> dict[str, object]:
    """Read `path` until the list or the object has `check` in its text.

    A new kind answers 404, then 429 "storage is (re)initializing", also after it is established.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            found: dict[str, object] = await cluster.request("GET", path)
        except RequestFailed as failure:
            found = {"failure": str(failure)}
        if check in str(found):
            return found
        assert time.monotonic() < deadline, f"{check} is not in {found}"
        await asyncio.sleep(0.05)


async def test_the_server_reports_the_version_that_was_asked_for(
    clusters: Clusters, kubernetes_minor: str
) -> None:
    version = await clusters(1)[0].request("GET", "/version")
    assert version["gitVersion"].startswith(f"v{kubernetes_minor}.")
    assert f"{version['major']}.{version['minor']}" == kubernetes_minor


async def test_kubectl_reaches_each_cluster_by_its_context(clusters: Clusters, unique: str) -> None:
    first, second = clusters(2)
    await first.create_namespace(unique)
    assert unique in await kubectl(first.kubeconfig, first.name, "get", "namespaces", "--output=name")
    assert unique not in await kubectl(second.kubeconfig, second.name, "get", "namespaces", "--output=name")


async def test_clusters_do_not_take_the_tokens_of_one_another(clusters: Clusters) -> None:
    first, second = clusters(2)
    foreign = {"Authorization": f"Bearer {second.tokens['admin']}"}
    with pytest.raises(RequestFailed) as refused:
        await first.request("GET", "/api/v1/namespaces", headers=foreign)
    assert refused.value.status == 401


@pytest.mark.parametrize(
    ("user", "method", "path", "status"),
    [
        pytest.param("viewer", "GET", "/api/v1/configmaps", 200, id="a viewer reads config maps"),
        pytest.param("viewer", "GET", "/api/v1/secrets", 403, id="a viewer does not read secrets"),
        pytest.param(
            "viewer", "POST", "/api/v1/namespaces/{}/configmaps", 403, id="a viewer changes nothing"
        ),
        pytest.param("limited", "POST", "/api/v1/namespaces/{}/configmaps", 201, id="limited may create"),
        pytest.param("limited", "GET", "/api/v1/namespaces/{}/secrets", 200, id="limited reads secrets"),
        pytest.param("limited", "POST", "/api/v1/namespaces", 403, id="limited creates no namespace"),
        pytest.param("limited", "POST", RBAC + "/clusterroles", 403, id="limited creates no cluster role"),
        pytest.param("admin", "POST", RBAC + "/clusterroles", 201, id="an administrator may do all"),
    ],
)
async def test_rights_are_enforced(
    clusters: Clusters, unique: str, user: str, method: str, path: str, status: int
) -> None:
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    body = {"metadata": {"name": f"{unique}-object"}} if method == "POST" else None
    try:
        await cluster.request(method, path.format(unique), body, user=user)
        answered = 201 if method == "POST" else 200
    except RequestFailed as refused:
        answered = refused.status
    assert answered == status


async def define(cluster: Cluster, plural: str) -> None:
    """Create a custom resource definition and wait until its objects can be listed."""
    names = {"plural": plural, "singular": plural, "kind": plural.capitalize(), "listKind": f"{plural}List"}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    spec = {"group": f"{plural}.{GROUP}", "scope": "Namespaced", "names": names, "versions": [version]}
    name = f"{plural}.{plural}.{GROUP}"
    await cluster.request("POST", CRDS, {"metadata": {"name": name}, "spec": spec})
    await eventually("'type': 'Established'", cluster, f"{CRDS}/{name}")
    await eventually("'items': []", cluster, f"/apis/{plural}.{GROUP}/v1/{plural}")


async def test_a_custom_resource_definition_gets_established(clusters: Clusters, unique: str) -> None:
    (cluster,) = clusters(1)
    plural = unique.replace("-", "")
    await define(cluster, plural)
    assert plural in await kubectl(cluster.kubeconfig, cluster.name, "api-resources", "--output=name")


async def test_controllers_turn_a_deployment_into_a_replica_set_and_pods(
    clusters: Clusters, unique: str
) -> None:
    (cluster,) = clusters(1, controllers=True)
    await cluster.create_namespace(unique)
    await kubectl(
        cluster.kubeconfig,
        cluster.name,
        f"--namespace={unique}",
        "create",
        "deployment",
        "web",
        "--image=none",
    )
    await eventually("'name': 'web-", cluster, f"/apis/apps/v1/namespaces/{unique}/replicasets")
    await eventually("'phase': 'Pending'", cluster, f"/api/v1/namespaces/{unique}/pods")
    await cluster.request("DELETE", f"/api/v1/namespaces/{unique}")
    deadline = time.monotonic() + 120
    with pytest.raises(RequestFailed, match="not found"):
        while time.monotonic() < deadline:
            await cluster.request("GET", f"/api/v1/namespaces/{unique}")
            await asyncio.sleep(0.1)


async def test_an_aggregated_api_is_served_by_its_extension_server(own_clusters: OwnClusters) -> None:
    """Another cluster's API server is the extension server: it trusts the same front proxy."""
    front, extension = own_clusters(2).clusters
    await define(extension, "ferries")
    port = extension.port
    service = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]}
    await front.request(
        "POST", "/api/v1/namespaces/default/services", {"metadata": {"name": "extension"}, "spec": service}
    )
    spec = {
        "group": f"ferries.{GROUP}",
        "version": "v1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "insecureSkipTLSVerify": True,
        "service": {"name": "extension", "namespace": "default", "port": port},
    }
    services = "/apis/apiregistration.k8s.io/v1/apiservices"
    name = f"v1.ferries.{GROUP}"
    await front.request("POST", services, {"metadata": {"name": name}, "spec": spec})
    await eventually("'reason': 'Passed'", front, f"{services}/{name}")
    await extension.request(
        "POST",
        f"/apis/ferries.{GROUP}/v1/namespaces/default/ferries",
        {"apiVersion": f"ferries.{GROUP}/v1", "kind": "Ferries", "metadata": {"name": "north"}},
    )
    assert "north" in await kubectl(front.kubeconfig, front.name, "get", "ferries", "--output=name")


async def test_requests_are_counted_by_verb_resource_and_client(clusters: Clusters, unique: str) -> None:
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    maps = f"/api/v1/namespaces/{unique}/configmaps"
    mark = cluster.mark()
    agent = {"User-Agent": f"{unique}/1.0"}
    for number in range(20):
        body = {"metadata": {"name": f"m{number}"}}
        await cluster.request("POST", f"{maps}?dryRun=All" if number else maps, body, headers=agent)
    await cluster.request("GET", maps, headers=agent)
    await cluster.request("GET", maps)
    counted = cluster.requests(since=mark, user_agent=unique)
    assert [(r.verb, r.resource, r.namespace) for r in counted] == (
        [("create", "configmaps", unique)] * 20 + [("list", "configmaps", unique)]
    )
    assert len([r for r in counted if r.writes]) == 1
    assert {r.user for r in counted} == {"admin"}
    assert len(cluster.requests(since=cluster.mark())) == 0


async def test_a_killed_server_refuses_and_returns_with_its_data(own_clusters: OwnClusters) -> None:
    plane = own_clusters(2)
    broken, whole = plane.clusters
    await broken.create_namespace("kept")
    with pytest.raises(OSError, match="running already"):
        await broken.start_apiserver()
    await broken.kill()
    with pytest.raises(aiohttp.ClientConnectionError):
        await broken.request("GET", "/version")
    await whole.request("GET", "/version")
    await broken.start_apiserver()
    await broken.request("GET", "/api/v1/namespaces/kept")
    await broken.restart()
    await broken.request("GET", "/api/v1/namespaces/kept")


async def test_a_paused_server_hangs_until_it_is_resumed(own_clusters: OwnClusters) -> None:
    (cluster,) = own_clusters(1).clusters
    cluster.pause()
    with pytest.raises(TimeoutError):
        await cluster.request("GET", "/version", timeout=0.5)
    cluster.resume()
    await cluster.request("GET", "/version")


async def test_arguments_reach_the_api_server(own_clusters: OwnClusters) -> None:
    (cluster,) = own_clusters(1, arguments=["--enable-admission-plugins=AlwaysPullImages"]).clusters
    container = {"name": "a", "image": "none", "imagePullPolicy": "Never"}
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [container]}}
    made = await cluster.request("POST", "/api/v1/namespaces/default/pods", pod)
    assert made["spec"]["containers"][0]["imagePullPolicy"] == "Always"


async def test_a_server_that_cannot_start_says_why(own_clusters: OwnClusters) -> None:
    with pytest.raises(ExceptionGroup) as failed:
        own_clusters(1, arguments=["--no-such-flag"])
    assert "unknown flag: --no-such-flag" in str(failed.value.exceptions[0])


async def test_kubectl_that_fails_says_why(clusters: Clusters) -> None:
    (cluster,) = clusters(1)
    with pytest.raises(KubectlFailed, match="secrets is forbidden"):
        await kubectl(cluster.kubeconfig, f"{cluster.name}-viewer", "get", "secrets")


OWNER = """
import asyncio, signal, sys
from tests.controlplane import plane
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits that it is ignored
async def main():
    async with plane.running(1, minor=sys.argv[1], controllers=True) as running:
        (cluster,) = running.clusters
        cluster.pause()
        servers = (running.etcd, cluster.apiserver, cluster.controllers)
        print(running.directory, running.supervisor.pid, *(s.pid for s in servers), flush=True)
        await asyncio.sleep(3600)
asyncio.run(main())
"""


@pytest.mark.cluster
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGKILL, id="killed"),
        pytest.param(signal.SIGINT, id="interrupted as by Ctrl-C"),
        pytest.param(signal.SIGTERM, id="terminated"),
    ],
)
def test_nothing_is_left_when_the_owner_is(number: signal.Signals, kubernetes_minor: str) -> None:
    """Also of a server that is stopped and so cannot react."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, kubernetes_minor],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as owner:
        assert owner.stdout is not None
        directory, *pids = owner.stdout.readline().split()
        assert all(alive(int(pid)) for pid in pids)
        assert len(pids) == 4
        owner.send_signal(number)
        try:
            owner.wait(120)
        finally:
            owner.kill()
    deadline = time.monotonic() + 120
    while any(alive(int(pid)) for pid in pids) or Path(directory).exists():
        assert time.monotonic() < deadline, f"still there: {[p for p in pids if alive(int(p))]} {directory}"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
