"""A workload that others wrote, on three real clusters: big definitions, lists of objects, three namespaces.

There are no nodes: what needs pods to run can never be ready, and is told so.
"""

import json
import shutil

import pytest

from tests.controlplane.kubectl import kubectl
from tests.end_to_end.story import Story

SETUP, STACK = 11, 120  # objects
PRECIOUS = 10 * ["customresourcedefinition"] + ["namespace"]  # all of the setup
ID, PART_OF = "applyset.kubernetes.io/id", "applyset.kubernetes.io/part-of"
KINDS = (
    "crd,apiservice,clusterrole,clusterrolebinding,ns,cm,secret,sa,svc,deploy,ds,role,rolebinding,netpol,pdb"
)
CUSTOM = "prometheus,alertmanager,servicemonitor,prometheusrule"
UNSERVED = "v1beta1.metrics.k8s.io"
NEEDS_NODES = {
    f"APIService/{UNSERVED}",
    "Deployment/monitoring/blackbox-exporter",
    "Deployment/monitoring/grafana",
    "Deployment/monitoring/kube-state-metrics",
    "Deployment/monitoring/prometheus-adapter",
    "Deployment/monitoring/prometheus-operator",
}


@pytest.fixture
async def three(clusters):
    given = clusters(3, controllers=True)
    yield given
    for cluster in given:  # whatever became of the test: others would fail on an API that nobody serves
        await kubectl(
            cluster.kubeconfig, cluster.name, "delete", "apiservice", UNSERVED, "--ignore-not-found"
        )


@pytest.fixture
def monitored(suite, three, unique, tmp_path):
    told = Story(tmp_path, three[0].kubeconfig, unique)
    for cluster in three:
        told.cluster(cluster.name, cluster.name)
    for bundle, name in (("setup", "setup"), ("stack", "manifests")):
        folder = suite(f"kube-prometheus-{name}") / "manifests"
        shutil.copytree(folder, told.repository / "apps" / bundle)
    told.bundle("setup")
    told.bundle("stack", dependsOn=[{"bundle": "setup"}])
    told.commit("monitoring")
    return told


class Inventories:
    """Those of this fleet on the clusters, which other tests use, too."""

    def __init__(self, fleet: str) -> None:
        self._fleet = fleet
        self._ids: set[str] = set()

    async def secrets(self, cluster):
        """Its Secrets; their ids are remembered for `members`."""
        asked = ("-n", "roadstead-system", "get", "secrets", "-o", "json")
        listed = json.loads(await kubectl(cluster.kubeconfig, cluster.name, *asked))["items"]
        ours = [one["metadata"] for one in listed if self._fleet in one["metadata"]["name"]]
        self._ids |= {one["labels"][ID] for one in ours if ID in one["labels"]}
        return [one["name"] for one in ours]

    async def members(self, cluster, kinds):
        """The names of all objects that carry the label of one of them."""
        selector = f"{PART_OF} in ({','.join(sorted(self._ids))})"
        asked = ("get", kinds, "-A", "-l", selector, "-o", "name")
        return sorted((await kubectl(cluster.kubeconfig, cluster.name, *asked)).split())


async def test_kube_prometheus_is_applied_kept_and_removed(monitored, three):
    inventories = Inventories(monitored.name)
    await _is_applied_in_one_go(monitored, three, inventories)
    await _says_what_cannot_be_ready(monitored)
    await _is_not_written_again(monitored, three)
    await _is_pruned_but_for_what_is_precious(monitored, three, inventories)
    await _the_precious_goes_when_asked(monitored, three, inventories)


async def _is_applied_in_one_go(monitored, three, inventories):
    done = await monitored.roadstead("apply", "-o", "json")
    assert done.data()["summary"] == {"created": (SETUP + STACK) * len(three)}
    assert done.data()["problems"] == []
    for cluster in three:
        await inventories.secrets(cluster)
        assert len(await inventories.members(cluster, f"{KINDS},{CUSTOM}")) == SETUP + STACK


async def _says_what_cannot_be_ready(monitored):
    waited = await monitored.ask_until(
        lambda ended: _unready(ended) == NEEDS_NODES, "apply", "--wait", seconds=15
    )
    assert waited.code == 1
    assert _unready(waited) == NEEDS_NODES
    assert "Deployment/monitoring/grafana is progressing: 0 of 1 replicas available" in waited.out


def _unready(ended):
    return {line.split()[2] for line in ended.out.splitlines() if " is progressing: " in line}


async def _is_not_written_again(monitored, three):
    marks = [cluster.mark() for cluster in three]
    again = await monitored.roadstead("apply", "-o", "json")
    assert again.data()["summary"] == {"unchanged": (SETUP + STACK) * len(three)}
    for cluster, mark in zip(three, marks, strict=True):
        asked = cluster.requests(since=mark, user_agent="roadstead")
        assert [str(one) for one in asked if one.writes] == []
        lists = [one.uri.partition("?")[0] for one in asked if one.verb == "list"]
        assert len(lists) == len(set(lists)), "at most one list per kind"
    assert (await monitored.ask("drift", "--detailed-exitcode")).code == 0


async def _is_pruned_but_for_what_is_precious(monitored, three, inventories):
    for bundle in ("setup", "stack"):
        monitored.remove(f"fleet/bundle-{bundle}.yaml")
    monitored.commit("no monitoring")
    done = await monitored.roadstead("apply", "-o", "json")
    assert done.data()["summary"] == {"deleted": STACK * len(three), "kept": SETUP * len(three)}
    for cluster in three:
        left = await inventories.members(cluster, f"{KINDS},{CUSTOM}")
        assert [one.partition("/")[0].partition(".")[0] for one in left] == PRECIOUS, left


async def _the_precious_goes_when_asked(monitored, three, inventories):
    done = await monitored.roadstead("apply", "--delete-precious", "-o", "json")
    assert done.data()["summary"] == {"deleted": SETUP * len(three)}
    for cluster in three:
        assert await inventories.members(cluster, KINDS) == []
        assert await inventories.secrets(cluster) == []
