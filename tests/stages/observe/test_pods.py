"""Pods around workloads: whose they are, what is kept of them, where they are looked for."""

import pytest

from roadstead.model.ids import ObjectId
from roadstead.objects import kinds
from roadstead.stages.observe import pods
from roadstead.stages.observe.pods import Pods
from roadstead.stages.observe.stream import Selection
from tests.stages.observe.objects import deployment

SHOP = Selection(pods.RESOURCE, "shop")
WEB = deployment()
WEB_ID = kinds.identify(WEB)


def pod(name="web-1", namespace="shop", **labels):
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels or {"app": "web"},
            "managedFields": [{}],
            "annotations": {"a": "b"},
        },
        "spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "c", "env": [{"name": "P", "value": "s"}]}],
        },
        "status": {"phase": "Pending"},
    }


class Seen:
    def __init__(self):
        self.changed = []
        self.pods = Pods(self.changed.append)
        self.pods.tend(WEB_ID, WEB)

    def names(self, workload=WEB):
        return [one["metadata"]["name"] for one in self.pods.of(workload)]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        pytest.param({"matchLabels": {"app": "web"}}, True, id="labels"),
        pytest.param({"matchLabels": {"app": "web", "tier": "x"}}, False, id="a label that it lacks"),
        pytest.param({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "x"]}]}, True, id="one of several values"),
        pytest.param({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False, id="a label that it must not have"),
        pytest.param({"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]}, False, id="both must hold"),
        pytest.param({}, False, id="nothing selects nothing"),
    ],
)  # fmt: skip
def test_whose_a_pod_is(selector, expected):
    workload = {"kind": "Deployment", "spec": {"selector": selector}, "metadata": {"namespace": "shop"}}
    assert pods.selects(workload, pod()) is expected


def test_a_replication_controllers_selector_is_its_labels():
    assert pods.selects({"kind": "ReplicationController", "spec": {"selector": {"app": "web"}}}, pod())


def test_of_a_pod_only_what_health_needs_is_kept():
    seen = Seen()
    seen.pods.seen(SHOP, pod())
    assert seen.pods.of(WEB) == [
        {
            "metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web"}},
            "spec": {"restartPolicy": "Never"},
            "status": {"phase": "Pending"},
        }
    ]


def test_workloads_are_told_of_their_own_pods_alone():
    seen = Seen()
    seen.pods.seen(SHOP, pod())
    seen.pods.seen(SHOP, pod("db-1", app="db"))
    seen.pods.seen(SHOP, pod("web-9", "other"))
    seen.pods.gone(SHOP, pod())
    seen.pods.gone(SHOP, pod("never-seen"))
    assert seen.changed == [WEB_ID, WEB_ID]
    assert seen.names() == []
    seen.pods.leave(WEB_ID)
    seen.pods.seen(SHOP, pod())
    assert len(seen.changed) == 2


def test_pods_that_a_new_list_does_not_show_are_gone():
    seen = Seen()
    for name in ("web-1", "web-2"):
        seen.pods.seen(SHOP, pod(name))
    seen.pods.listed(Selection(pods.RESOURCE, "other"), set())
    assert seen.names() == ["web-1", "web-2"]
    seen.pods.listed(SHOP, {ObjectId("", "Pod", "shop", "web-2")})
    assert seen.names() == ["web-2"]
    assert seen.changed == [WEB_ID] * 3


def test_only_where_a_workload_is_on_its_way_are_pods_looked_for():
    seen = Seen()
    seen.pods.seen(SHOP, pod())
    assert seen.pods.busy(lambda one: True) == {"shop"}
    assert seen.pods.is_heard(WEB_ID)
    assert seen.names() == ["web-1"]
    assert seen.pods.busy(lambda one: False) == frozenset()
    assert seen.names() == []


def test_many_namespaces_take_one_look_at_the_whole_cluster():
    few, many = [f"n{number}" for number in range(10)], [f"n{number}" for number in range(11)]
    assert {one.namespace for one in pods.selections(few)} == set(few)
    assert pods.selections(many) == {Selection(pods.RESOURCE): many}
    assert pods.selections([]) == {}
