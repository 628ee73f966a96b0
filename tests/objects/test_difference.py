"""Each change is one line: path: before -> after."""

import copy

import pytest

from roadstead.objects import difference
from roadstead.objects.difference import FieldChange


def told(changes):
    return [f"{one.path}: {_said(one.before)} -> {_said(one.after)}" for one in changes]


def _said(value):
    return "-" if value is None else value


def deployment(*, metadata=None, pod=None, **spec):
    container = {"name": "web", "image": "web:1", "env": [{"name": "A", "value": "1"}]}
    template = {"spec": {"containers": [container], **(pod or {})}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", **(metadata or {})},
        "spec": {"replicas": 2, "template": template, **spec},
    }


def containers(*listed):
    return deployment(pod={"containers": [*listed]})


WEB = {"name": "web", "image": "web:1"}
SIDE = {"name": "side", "image": "side:1"}


def service(*ports):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [*ports]}}


def thing(entries=(), **spec):
    managed = [{"fieldsV1": fields} for fields in entries]
    return {
        "apiVersion": "x.io/v1",
        "kind": "Thing",
        "metadata": {"name": "t", "managedFields": managed},
        "spec": spec,
    }


def role(*rules):
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "r"},
        "rules": [*rules],
    }


POD = "spec.template.spec"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(deployment(), deployment(), [], id="nothing"),
        pytest.param(deployment(), deployment(replicas=3), ["spec.replicas: 2 -> 3"], id="a value"),
        pytest.param(
            containers(WEB), containers({**WEB, "image": "web:2"}),
            [f"{POD}.containers[name=web].image: web:1 -> web:2"], id="inside a list item",
        ),
        pytest.param(
            containers(WEB), containers(SIDE, WEB),
            [f"{POD}.containers[name=side]: - -> {SIDE}"], id="an item more, told as a whole",
        ),
        pytest.param(
            containers(WEB, SIDE), containers(SIDE, WEB),
            [f"{POD}.containers: ['[name=web]', '[name=side]'] -> ['[name=side]', '[name=web]']"],
            id="another order, which rolls the Pods",
        ),
        pytest.param(
            service({"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP", "name": "a"}),
            service({"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP", "name": "b"}),
            ["spec.ports[port=53,protocol=TCP].name: a -> b"], id="an item with two keys",
        ),
        pytest.param(
            deployment(metadata={"labels": {"a": "1"}}), deployment(metadata={"annotations": {"x.io/b": "2", "c": "3"}}),
            ['metadata.annotations.c: - -> 3', 'metadata.annotations["x.io/b"]: - -> 2', "metadata.labels.a: 1 -> -"],
            id="labels and annotations one by one",
        ),
        pytest.param(
            deployment(), deployment(strategy={"type": "Recreate", "x": {"y": 1}}),
            ["spec.strategy: - -> {'type': 'Recreate', 'x': {'y': 1}}"], id="a subtree once",
        ),
        pytest.param(
            deployment(pod={"nodeSelector": {"a": None}}), deployment(pod={"nodeSelector": {}}), [], id="a null is nothing"
        ),
        pytest.param(
            deployment(metadata={"uid": "1", "resourceVersion": "1", "generation": 1, "managedFields": []}),
            deployment(metadata={"uid": "2", "resourceVersion": "2", "generation": 2}),
            [], id="what only the server keeps",
        ),
        pytest.param(
            deployment(pod={"resources": {"limits": {"cpu": "1000m"}}}), deployment(pod={"resources": {"limits": {"cpu": 1}}}),
            [], id="one amount in two spellings",
        ),
        pytest.param(thing(text="1000m"), thing(text="1"), ["spec.text: 1000m -> 1"], id="text that only looks like an amount"),
        pytest.param(thing(a=1, b=True), thing(a=True, b=1), ["spec.a: 1 -> True", "spec.b: True -> 1"], id="one is not true"),
        pytest.param(
            role({"verbs": ["get"]}, {"verbs": ["list"]}), role({"verbs": ["get"]}, {"verbs": ["watch"]}, {"verbs": ["list"]}),
            ["rules[1]: - -> {'verbs': ['watch']}"], id="an item put into a list without keys",
        ),
        pytest.param(
            role({"verbs": ["get", "list"]}), role({"verbs": ["get", "watch"]}),
            ["rules[0].verbs[1]: list -> watch"], id="inside a list without keys",
        ),
        pytest.param(
            thing(args=["a", "b", "c"]), thing(args=["b", "c"]), ["spec.args[0]: a -> -"], id="the first of a list of text goes"
        ),
        pytest.param(
            thing(items=[{"name": "a", "v": 1}, {"name": "b", "v": 1}]), thing(items=[{"name": "b", "v": 2}]),
            ["spec.items[name=a]: {'name': 'a', 'v': 1} -> -", "spec.items[name=b].v: 1 -> 2"],
            id="names tell the items of custom kinds apart",
        ),
        pytest.param(
            thing([{"f:spec": {"f:items": {'k:{"ip":"1"}': {}}}}], items=[{"ip": "1", "v": 1}]),
            thing(items=[{"ip": "2", "v": 1}, {"ip": "1", "v": 2}]),
            ["spec.items[ip=1].v: 1 -> 2".replace("=1]", '="1"]'), "spec.items[ip=\"2\"]: - -> {'ip': '2', 'v': 1}"],
            id="managed fields tell the keys of custom kinds",
        ),
        pytest.param(
            deployment(metadata={"finalizers": ["a"]}), deployment(metadata={"finalizers": ["b", "a"]}),
            ["metadata.finalizers: ['a'] -> ['b', 'a']"], id="a set",
        ),
        pytest.param(
            deployment(metadata={"finalizers": ["a", "b"]}), deployment(metadata={"finalizers": ["b", "a"]}),
            [], id="a set has no order",
        ),
        pytest.param(
            None, service({"port": 1}), ["spec: - -> {'ports': [{'port': 1}]}"], id="an object that is new"
        ),
        pytest.param(
            role({"verbs": ["get"]}), None, ["rules: [{'verbs': ['get']}] -> -"], id="an object that goes"
        ),
        pytest.param(None, None, [], id="no object at all"),
    ],
)  # fmt: skip
def test_compare(before, after, expected):
    given = copy.deepcopy((before, after))
    assert told(difference.compare(before, after)) == expected
    assert (before, after) == given


def test_secrets_are_redacted_and_still_compared():
    def secret(**data):
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data}

    (change,) = difference.compare(secret(a="eA==", b="c2VjcmV0"), secret(a="eA==", b="b3RoZXI="))
    assert change.path == "data.b"
    assert change.before != change.after
    assert {str(change.before)[:10], str(change.after)[:10]} == {"<redacted "}
    (whole,) = difference.compare(None, secret(a="c2VjcmV0"))
    assert "c2VjcmV0" not in str(whole)


def test_only_owned_fields_when_asked():
    owned = {"f:spec": {"f:replicas": {}}}
    changes = difference.compare(deployment(), deployment(replicas=3, paused=True), owned_only=owned)
    assert told(changes) == ["spec.replicas: 2 -> 3"]


def live(**spec):
    """As a server would answer: with defaults, and what others added."""
    obj = deployment(
        metadata={
            "labels": {"a": "1"},
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "uid": "u",
        },
        strategy={"type": "RollingUpdate"},
        **spec,
    )
    obj["status"] = {"replicas": 2}
    obj["spec"]["template"]["spec"] |= {"dnsPolicy": "ClusterFirst", "restartPolicy": "Always"}
    return obj


@pytest.mark.parametrize(
    ("manifest", "found", "expected"),
    [
        pytest.param(deployment(), live(), [], id="defaults and additions do not count"),
        pytest.param(deployment(), live(replicas=5), ["spec.replicas: 5 -> 2"], id="a value that somebody changed"),
        pytest.param(deployment(metadata={"labels": {"b": "2"}}), live(), ["metadata.labels.b: - -> 2"], id="a label that is gone"),
        pytest.param(containers(WEB), containers(SIDE, {**WEB, "tty": True}), [], id="a container that somebody added"),
        pytest.param(
            containers(WEB, SIDE), containers(WEB), [f"{POD}.containers[name=side]: - -> {SIDE}"], id="a container that is gone"
        ),
        pytest.param(service({"port": 80}), service({"port": 80, "protocol": "TCP", "nodePort": 1}), [], id="a port's default"),
        pytest.param(
            service({"port": 80}), service({"port": 80, "protocol": "UDP"}),
            ["spec.ports[port=80,protocol=TCP]: - -> {'port': 80}"], id="a port of another protocol than the default",
        ),
        pytest.param(
            role({"verbs": ["get"]}), role({"verbs": ["get"]}, {"verbs": ["*"]}),
            ["rules[1]: {'verbs': ['*']} -> -"], id="an item added to a list that is ours as a whole",
        ),
        pytest.param(
            deployment(pod={"tolerations": [{"key": "a"}]}), deployment(pod={"tolerations": [{"key": "a", "operator": "Exists"}]}),
            [], id="a default inside such a list",
        ),
        pytest.param(
            deployment(pod={"hostNetwork": False, "nodeSelector": {}, "x": {"y": []}}, minReadySeconds=0), live(),
            [], id="what a server does not keep is the same as nothing",
        ),
        pytest.param(
            deployment(pod={"limits": {"cpu": "1000m", "memory": "1Gi"}}), deployment(pod={"limits": {"cpu": "1", "memory": "1024Mi"}}),
            [], id="one amount in two spellings",
        ),
        pytest.param(
            deployment(metadata={"finalizers": ["a"]}), deployment(metadata={"finalizers": ["b", "a"]}), [], id="a finalizer of others"
        ),
    ],
)  # fmt: skip
def test_drift(manifest, found, expected):
    assert told(difference.drift(manifest, found)) == expected


def entry(manager, fields, time):
    return {"manager": manager, "operation": "Update", "fieldsV1": fields, "time": time}


def test_changes_are_told_with_who_holds_the_live_value_and_since_when():
    obj = deployment()
    web = {'k:{"name":"web"}': {".": {}, "f:name": {}, "f:image": {}}}
    template = {"f:template": {"f:spec": {"f:containers": web}}}
    obj["metadata"]["managedFields"] = [
        entry("roadstead", {"f:spec": {"f:replicas": {}, "f:paused": {}}}, "2026-05-01T10:00:00Z"),
        entry("kubectl-set", {"f:spec": template}, "2026-05-02T10:00:00Z"),
        entry("kubectl-edit", {"f:spec": {"f:replicas": {}}}, "2026-05-03T10:00:00Z"),
    ]
    changes = [
        FieldChange(f"{POD}.containers[name=web].image", "web:2", "web:1"),
        FieldChange("spec.replicas", 5, 2),
        FieldChange("spec.paused", True, False),
        FieldChange("spec.minReadySeconds", None, 3),
    ]
    found = difference.attribute(changes, obj)
    assert [(one.manager, one.time[:10]) for one in found] == [
        ("kubectl-set", "2026-05-02"),
        ("kubectl-edit", "2026-05-03"),
        ("roadstead", "2026-05-01"),
        ("", ""),
    ]
    assert difference.attribute(changes, obj, drifted=True)[3].manager == "unknown (removed)"
    assert [one.path for one in found] == [one.path for one in changes]


def test_nobody_is_named_where_the_entries_were_wiped():
    (change,) = difference.attribute([FieldChange("spec.replicas", 5, 2)], deployment())
    assert change.manager == ""
