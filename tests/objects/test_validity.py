import pytest

from roadstead.model.errors import Severity
from roadstead.objects import validity


def told(obj, severity=Severity.ERROR):
    found = [problem for problem in validity.problems(obj) if problem.severity is severity]
    return [f"{problem.place.field}: {problem.cause}" for problem in found]


def obj(kind="ConfigMap", version="v1", metadata=None, **more):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "c", **(metadata or {})}, **more}


def deployment(**pod):
    return obj("Deployment", "apps/v1", spec={"template": {"spec": pod}})


@pytest.mark.parametrize(
    ("value", "errors"),
    [
        pytest.param(obj(data={"a": "1"}), [], id="all is well"),
        pytest.param("text", [": not an object but a value of type string"], id="text"),
        pytest.param([], [": not an object but a value of type list"], id="a list"),
        pytest.param(
            {},
            ["apiVersion: missing", "kind: missing", "metadata: missing"],
            id="nothing of what every object has",
        ),
        pytest.param(
            obj(version=1), ["apiVersion: expected text, found a value of type integer"], id="a number as version"
        ),
        pytest.param(obj(version="a/b/c"), ["apiVersion: not group/version: 'a/b/c'"], id="no version"),
        pytest.param(obj(metadata={"name": ""}), ["metadata.name: expected text, found empty text"], id="an empty name"),
        pytest.param(
            obj(metadata={"name": 12}),
            ["metadata.name: expected text, found a value of type integer"],
            id="a number for a name",
        ),
        pytest.param(obj(metadata={"name": "../x"}), ["metadata.name: no name of an object: '../x'"], id="a path"),
        pytest.param(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "x-"}},
            ["metadata.generateName: generated names cannot be applied"],
            id="a generated name",
        ),
        pytest.param(
            obj(metadata={"labels": {"on": True}, "annotations": ["x"]}),
            [
                "metadata.labels.on: expected text, found a value of type boolean",
                "metadata.annotations: expected a mapping, found a value of type list",
            ],
            id="labels and annotations hold text only",
        ),
        pytest.param(
            obj("Secret", stringData={"n": 1}, data={"a": "***", "b": "YmI="}),
            ["data.a: not base64: 3 characters", "stringData.n: expected text, found a value of type integer"],
            id="values of a Secret are not told",
        ),
        pytest.param(obj(data={"a": "***"}), [], id="a ConfigMap's data is plain"),
        pytest.param(
            deployment(
                containers=[
                    {
                        "name": "web",
                        "env": [{"name": "A"}, {"name": "B"}, {"name": "A"}, {"name": "A"}],
                        "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}],
                        "volumeMounts": [{"mountPath": "/x", "name": "a"}, {"mountPath": "/x", "name": "b"}],
                    }
                ],
                hostAliases=[{"ip": "1.1.1.1"}, {"ip": "1.1.1.1"}],
                tolerations=[{"key": "x"}, {"key": "x"}],
            ),
            [
                "spec.template.spec.containers[name=web].env[name=A]: it is there twice",
                "spec.template.spec.containers[name=web].ports[containerPort=80,protocol=TCP]: it is there twice",
                "spec.template.spec.containers[name=web].volumeMounts[mountPath=/x]: it is there twice",
                "spec.template.spec.hostAliases[ip=1.1.1.1]: it is there twice",
            ],
            id="items that a server could not tell apart",
        ),
        pytest.param(
            deployment(containers=[{"name": "dns", "ports": [
                {"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "protocol": "TCP"}]}]),
            [],
            id="a port of two protocols",
        ),
        pytest.param(
            obj(version="x.io/v1", kind="Thing", metadata={"finalizers": ["a", "a"]}, spec={"env": [{"name": "A"}] * 2}),
            ["metadata.finalizers[1]: it is there twice"],
            id="custom kinds: metadata alone is known",
        ),
    ],
)  # fmt: skip
def test_errors(value, errors):
    assert told(value) == errors


def test_what_the_server_sets_is_a_warning():
    value = obj(metadata={"uid": "u", "managedFields": [], "creationTimestamp": None})
    assert told(value) == []
    assert told(value, Severity.WARNING) == [
        "metadata.managedFields: dropped: only the server sets it",
        "metadata.uid: dropped: only the server sets it",
    ]


def test_marks_are_checked_too():
    value = obj(metadata={"annotations": {"roadstead.dev/phase": "x"}})
    assert told(value) == ["metadata.annotations[\"roadstead.dev/phase\"]: no such value: 'x'"]
