"""Discovery documents, aggregated and old, and groups that do not answer."""

import pytest

from roadstead.model import reasons
from roadstead.model.errors import Problem, TransientError, error
from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind
from roadstead.world.kube import discovery

POD = {
    "resource": "pods",
    "responseKind": {"group": "", "version": "v1", "kind": "Pod"},
    "scope": "Namespaced",
    "verbs": ["get", "list"],
    "subresources": [{"subresource": "log", "responseKind": {"kind": "Pod"}}],
}


def served(plural: str, kind: str, scope: str = "Namespaced") -> dict:
    return {"resource": plural, "responseKind": {"kind": kind}, "scope": scope, "verbs": ["get"]}


def group(name: str, **versions) -> dict:
    listed = [
        {"version": version, "freshness": "Current", "resources": resources}
        if isinstance(resources, list)
        else resources
        for version, resources in versions.items()
    ]
    return {"metadata": {"name": name} if name else {}, "versions": listed}


def aggregated(*groups: dict) -> dict:
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": list(groups)}


STALE = {"version": "v1beta1", "freshness": "Stale", "resources": []}


def fetching(documents: dict[str, object]):
    asked = []

    async def fetch(path: str, accept: str) -> dict:
        asked.append(path)
        found = documents[path]
        if isinstance(found, Problem):
            raise error(found)
        return found  # type: ignore[return-value]

    fetch.asked = asked
    return fetch


async def test_the_aggregated_document_costs_two_requests():
    fetch = fetching(
        {
            "/api": aggregated(
                group("", v1=[POD, {"resource": "x", "subresources": [{"subresource": "y"}]}])
            ),
            "/apis": aggregated(
                group(
                    "autoscaling",
                    v2=[served("horizontalpodautoscalers", "HorizontalPodAutoscaler")],
                    v1=[served("horizontalpodautoscalers", "HorizontalPodAutoscaler")],
                )
            ),
        }
    )
    found = await discovery.ask(fetch)
    assert fetch.asked == ["/api", "/apis"]
    hpa = ("HorizontalPodAutoscaler", "horizontalpodautoscalers", True, ("get",))
    assert found.items == (
        ApiResource("", "v1", "Pod", "pods", True, ("get", "list"), preferred=True),
        ApiResource("autoscaling", "v2", *hpa, preferred=True),
        ApiResource("autoscaling", "v1", *hpa, preferred=False),
    )
    assert not found.warnings


async def test_a_kind_is_found_at_the_preferred_version_or_at_the_one_named():
    fetch = fetching(
        {
            "/api": aggregated(),
            "/apis": aggregated(
                group("x.io", v2=[served("as", "A")], v1=[served("as", "A"), served("bs", "B")])
            ),
        }
    )
    found = await discovery.ask(fetch)
    versions = {
        (kind, version): getattr(found.find(GroupKind("x.io", kind), version), "version", None)
        for kind in "ABC"
        for version in (None, "v1", "v2")
    }
    assert versions == {
        ("A", None): "v2",
        ("A", "v1"): "v1",
        ("A", "v2"): "v2",
        ("B", None): "v1",  # the group's preferred version does not hold it
        ("B", "v1"): "v1",
        ("B", "v2"): None,
        ("C", None): None,
        ("C", "v1"): None,
        ("C", "v2"): None,
    }
    assert found.versions(GroupKind("x.io", "A")) == ("v2", "v1")


OLD = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {
        "kind": "APIGroupList",
        "groups": [
            {
                "name": "x.io",
                "versions": [{"version": "v1"}, {"version": "v2"}],
                "preferredVersion": {"version": "v2"},
            },
            {"name": "metrics.k8s.io", "versions": [{"version": "v1beta1"}]},
        ],
    },
    "/api/v1": {
        "resources": [
            {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["get"]},
            {"name": "pods/log", "kind": "Pod", "namespaced": True, "verbs": ["get"]},
        ]
    },
    "/apis/x.io/v1": {"resources": [{"name": "as", "kind": "A", "namespaced": False, "verbs": ["get"]}]},
    "/apis/x.io/v2": {"resources": [{"name": "as", "kind": "A", "namespaced": False, "verbs": ["get"]}]},
    "/apis/metrics.k8s.io/v1beta1": {
        "resources": [{"name": "nodes", "kind": "NodeMetrics", "namespaced": False, "verbs": ["get"]}]
    },
}


async def test_an_old_server_is_asked_for_each_version():
    found = await discovery.ask(fetching(OLD))
    assert [(one.api_version, one.kind, one.preferred) for one in found.items] == [
        ("v1", "Pod", True),
        ("x.io/v2", "A", True),
        ("x.io/v1", "A", False),
        ("metrics.k8s.io/v1beta1", "NodeMetrics", True),
    ]


DOWN = Problem(reasons.SERVER_ERROR, "the server is currently unable to handle the request")


@pytest.mark.parametrize(
    "documents",
    [
        pytest.param(OLD | {"/apis/metrics.k8s.io/v1beta1": DOWN}, id="the old documents"),
        pytest.param(
            {
                "/api": aggregated(group("", v1=[POD])),
                "/apis": aggregated(
                    group("x.io", v1=[served("as", "A")]), group("metrics.k8s.io", v1beta1=STALE)
                ),
            },
            id="the aggregated document",
        ),
    ],
)
async def test_a_group_that_does_not_answer_takes_nothing_along_and_is_unknown_rather_than_absent(documents):
    found = discovery.told(await discovery.ask(fetching(documents)), "c1")
    assert found.find(GroupKind("", "Pod")) is not None
    assert found.find(GroupKind("x.io", "A")) is not None
    assert found.find(GroupKind("y.io", "A")) is None
    with pytest.raises(TransientError):
        found.find(GroupKind("metrics.k8s.io", "NodeMetrics"))
    (warning,) = found.warnings
    assert str(warning).startswith(
        "c1: discovery failed (Unreachable): the kinds of metrics.k8s.io/v1beta1 are unknown: "
    )
    assert warning.hint == "see `kubectl get apiservice v1beta1.metrics.k8s.io`"


async def test_a_server_that_does_not_answer_at_all_is_an_error():
    with pytest.raises(TransientError):
        await discovery.ask(fetching(OLD | {"/apis": DOWN}))
