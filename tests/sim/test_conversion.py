"""Objects that are kept in another version than the one they are written or read in."""

import json

import pytest

HPA = "namespaces/default/horizontalpodautoscalers"
EVENTS = "namespaces/default/events"
REFERENCE = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
APPLY = "application/apply-patch+yaml"


def autoscaler(version, **spec):
    return {
        "apiVersion": f"autoscaling/{version}",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": REFERENCE, "maxReplicas": 3, **spec},
    }


def metric(**resource):
    return {"type": "Resource", "resource": resource}


OTHERS = [
    metric(name="memory", target={"type": "AverageValue", "averageValue": "1Gi"}),
    {"type": "Pods", "pods": {"metric": {"name": "p"}, "target": {"type": "AverageValue", "averageValue": "5"}}},
    {
        "type": "Object",
        "object": {
            "describedObject": {"kind": "Service", "name": "x"},
            "metric": {"name": "o", "selector": {"matchLabels": {"a": "b"}}},
            "target": {"type": "AverageValue", "averageValue": "7"},
        },
    },
    {"type": "External", "external": {"metric": {"name": "e"}, "target": {"type": "Value", "value": "7"}}},
    {
        "type": "ContainerResource",
        "containerResource": {
            "name": "cpu", "container": "c", "target": {"type": "Utilization", "averageUtilization": 10}
        },
    },
]  # fmt: skip
BEHAVIOR = {
    "scaleDown": {
        "stabilizationWindowSeconds": 10,
        "selectPolicy": "Max",
        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
    }
}


@pytest.mark.parametrize("percent", [None, 50])
async def test_what_the_older_version_says_of_processors_is_a_metric_of_the_newer(simulated, percent):
    spec = {} if percent is None else {"targetCPUUtilizationPercentage": percent}
    _, made = await simulated("POST", f"/apis/autoscaling/v1/{HPA}", autoscaler("v1", **spec))
    assert made["spec"]["targetCPUUtilizationPercentage"] == (percent or 80)
    _, found = await simulated("GET", f"/apis/autoscaling/v2/{HPA}/web")
    use = {"type": "Utilization", "averageUtilization": percent or 80}
    assert found["spec"]["metrics"] == [metric(name="cpu", target=use)]
    assert found["metadata"]["managedFields"][0]["apiVersion"] == "autoscaling/v1"


async def test_what_the_older_version_does_not_know_survives_writes_through_it(simulated):
    newer = autoscaler("v2", metrics=OTHERS, behavior=BEHAVIOR)
    await simulated("POST", f"/apis/autoscaling/v2/{HPA}", newer)
    _, older = await simulated("GET", f"/apis/autoscaling/v1/{HPA}/web")
    carried = older["metadata"]["annotations"]
    assert [each["type"] for each in json.loads(carried["autoscaling.alpha.kubernetes.io/metrics"])] == [
        each["type"] for each in OTHERS
    ]
    older["spec"]["targetCPUUtilizationPercentage"] = 60
    code, _ = await simulated("PUT", f"/apis/autoscaling/v1/{HPA}/web", older)
    _, found = await simulated("GET", f"/apis/autoscaling/v2/{HPA}/web")
    use = metric(name="cpu", target={"type": "Utilization", "averageUtilization": 60})
    assert (code, found["spec"]["metrics"]) == (200, [*OTHERS, use])
    assert found["spec"]["behavior"]["scaleDown"] == BEHAVIOR["scaleDown"]
    assert "annotations" not in found["metadata"]


async def test_managers_of_different_versions_conflict_over_the_same_field(simulated):
    target = {"type": "Utilization", "averageUtilization": 50}
    one = autoscaler("v2", metrics=[metric(name="cpu", target=target)])
    await simulated("PATCH", f"/apis/autoscaling/v2/{HPA}/web?fieldManager=a", one, sort=APPLY)
    other = autoscaler("v1", targetCPUUtilizationPercentage=60)
    path = f"/apis/autoscaling/v1/{HPA}/web?fieldManager=b"
    code, refused = await simulated("PATCH", path, other, sort=APPLY)
    assert (code, refused["details"]["causes"][0]["field"]) == (409, ".spec.metrics")


async def test_events_are_the_same_in_both_groups(simulated):
    about = {"kind": "Pod", "namespace": "default", "name": "p"}
    event = {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "involvedObject": about,
        "message": "m", "reason": "R", "type": "Normal", "count": 2, "source": {"component": "c"},
    }  # fmt: skip
    await simulated("POST", f"/api/v1/{EVENTS}", event)
    _, found = await simulated("GET", f"/apis/events.k8s.io/v1/{EVENTS}?fieldSelector=regarding.name%3Dp")
    (newer,) = found["items"]
    told = [newer[key] for key in ("regarding", "note", "deprecatedCount", "deprecatedSource", "eventTime")]
    assert told == [about, "m", 2, {"component": "c"}, None]
    code, _ = await simulated("DELETE", f"/apis/events.k8s.io/v1/{EVENTS}/e")
    assert code == 200
    assert (await simulated("GET", f"/api/v1/{EVENTS}/e"))[0] == 404


async def test_the_newer_group_of_events_is_stricter(simulated):
    about = {"kind": "Pod", "namespace": "default", "name": "p"}
    event = {"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e"}, "regarding": about}
    code, refused = await simulated("POST", f"/apis/events.k8s.io/v1/{EVENTS}", event)
    assert (code, [each["field"] for each in refused["details"]["causes"]]) == (422, ["eventTime", "type"])


async def test_a_list_of_definitions_can_be_read(simulated):
    """The server itself writes to them once they are served."""
    plural, kind = "widgets", "Widget"
    schema = {"openAPIV3Schema": {"type": "object"}}
    definition = {
        "metadata": {"name": f"{plural}.example.org"},
        "spec": {
            "group": "example.org", "scope": "Cluster", "names": {"plural": plural, "kind": kind},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }  # fmt: skip
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    await simulated("POST", path, definition)
    _, found = await simulated("GET", path)
    (item,) = found["items"]
    assert (sorted(item), item["spec"]["names"]["kind"]) == (["metadata", "spec", "status"], kind)
