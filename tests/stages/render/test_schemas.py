import json

import pytest

from roadstead.model.assignment import Layer, Parameter
from roadstead.model.facts import Facts
from roadstead.stages.render.schemas import NOTHING, Schemas
from tests.stages.render.reading import errors, objects

POD = {
    "type": "object",
    "properties": {
        "containers": {
            "type": "array",
            "items": {"allOf": [{"$ref": "#/components/schemas/Container"}], "default": {}},
        },
        "nodeSelector": {"type": "object", "additionalProperties": {"type": "string", "default": ""}},
        "hostNetwork": {"type": "boolean"},
        "overhead": {
            "type": "object",
            "additionalProperties": {
                "$ref": "#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity"
            },
        },
    },
}
DOCUMENT = {
    "components": {
        "schemas": {
            "Deployment": {
                "type": "object",
                "properties": {
                    "apiVersion": {"type": "string"},
                    "kind": {"type": "string"},
                    "metadata": {"allOf": [{"$ref": "#/components/schemas/Meta"}], "default": {}},
                    "spec": {
                        "type": "object",
                        "required": ["selector"],
                        "properties": {
                            "replicas": {"type": "integer", "format": "int32"},
                            "weight": {"type": "number"},
                            "maxSurge": {
                                "oneOf": [{"type": "integer"}, {"type": "string"}],
                                "format": "int-or-string",
                            },
                            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                            "raw": {"type": "object"},
                            "pod": {"$ref": "#/components/schemas/Pod"},
                        },
                    },
                },
                "x-kubernetes-group-version-kind": [{"group": "apps", "version": "v1", "kind": "Deployment"}],
            },
            "Meta": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "namespace": {"type": "string"},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
            "Pod": POD,
            "Container": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "env": {"type": "array", "items": {"type": "object"}},
                },
            },
            "io.k8s.apimachinery.pkg.api.resource.Quantity": {
                "oneOf": [{"type": "string"}, {"type": "number"}]
            },
            "Secret": {
                "type": "object",
                "properties": {
                    "apiVersion": {"type": "string"},
                    "kind": {},
                    "metadata": {},
                    "type": {"type": "string"},
                },
                "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Secret"}],
            },
        }
    }
}
SCHEMAS = Schemas(DOCUMENT)
DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"replicas": 3, "maxSurge": 1, "weight": 1}, id="numbers"),
        pytest.param({"maxSurge": "25%", "weight": 0.5}, id="a number or text"),
        pytest.param({"free": {"any": [1]}, "raw": {"any": {}}}, id="open fields"),
        pytest.param({"pod": {"overhead": {"cpu": 1, "memory": "1Gi"}}}, id="quantities"),
        pytest.param({}, id="a required field is left to the server"),
    ],
)
def test_what_the_server_takes_passes(spec):
    assert SCHEMAS.check({**DEPLOYMENT, "spec": spec}) == []


@pytest.mark.parametrize(
    ("spec", "field", "told"),
    [
        pytest.param(
            {"replica": 3},
            "spec.replica",
            "no such field: replica, did you mean replicas?",
            id="unknown field",
        ),
        pytest.param(
            {"replicas": "3"}, "spec.replicas", 'a value of type integer is needed, found "3"', id="type"
        ),
        pytest.param(
            {"maxSurge": []}, "spec.maxSurge", "integer or string is needed, found a list", id="two types"
        ),
        pytest.param(
            {"pod": {"containers": [{"name": "a"}, {"nam": "b"}]}},
            "spec.pod.containers[1].nam",
            "no such field: nam, did you mean name?",
            id="deep in a list",
        ),
        pytest.param(
            {"pod": {"nodeSelector": {"disk": True}}},
            "spec.pod.nodeSelector.disk",
            "string is needed",
            id="in a map",
        ),
        pytest.param({"pod": []}, "spec.pod", "object is needed, found a list", id="a list for a mapping"),
    ],
)
def test_what_the_server_refuses_always_is_found_with_its_field(spec, field, told):
    (problem,) = SCHEMAS.check({**DEPLOYMENT, "spec": spec})
    assert problem.place.field == field
    assert told in ", ".join(part for part in (problem.cause, problem.hint) if part)


def test_values_of_secrets_are_not_told():
    (problem,) = SCHEMAS.check({"apiVersion": "v1", "kind": "Secret", "metadata": {}, "type": 4711})
    assert "4711" not in problem.cause
    assert "found int" in problem.cause


def test_kinds_without_schema_pass():
    assert SCHEMAS.check({"apiVersion": "x.example/v1", "kind": "Foo", "a": 1}) == []
    assert NOTHING.check(DEPLOYMENT | {"spek": {}}) == []


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (("spec", "replicas"), "integer"),
        (("spec", "weight"), "number"),
        (("spec", "maxSurge"), None),
        (("spec", "pod", "hostNetwork"), "boolean"),
        (("spec", "pod", "containers"), "list"),
        (("spec", "pod", "containers", 0, "name"), "string"),
        (("spec", "pod", "containers", 0), "object"),
        (("spec", "pod", "overhead", "cpu"), None),
        (("spec", "pod", "nodeSelector", "x"), "string"),
        (("spec", "raw", "x"), None),
        (("spec", "nothing", "x"), None),
    ],
    ids=str,
)
def test_the_type_that_a_field_wants(path, wanted):
    assert SCHEMAS.wanted(DEPLOYMENT, path) == wanted


@pytest.mark.parametrize(
    ("kind", "path", "wanted"),
    [
        ("Deployment", ("spec", "template", "spec", "containers", 0, "env", 1, "value"), "string"),
        ("Deployment", ("spec", "template", "spec", "containers", 0, "args", 2), "string"),
        ("Deployment", ("metadata", "labels", "x"), "string"),
        ("Foo", ("metadata", "name"), "string"),
        ("ConfigMap", ("data", "x"), "string"),
        ("Foo", ("data", "x"), None),
        ("Foo", ("spec", "replicas"), None),
    ],
    ids=str,
)
def test_fields_that_are_always_text_are_known_without_schemas(kind, path, wanted):
    assert NOTHING.wanted({"apiVersion": "v1", "kind": kind}, path) == wanted


async def test_recorded_schemas_of_the_cluster_decide_in_a_render(rendering):
    digest = rendering.cache.blobs.put(json.dumps(DOCUMENT).encode())
    facts = [Facts("prod-1", "1.37.0", schemas=digest)]
    text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  %s\n"
    fields = {"parameters": {"n": Parameter("string")}, "layers": (Layer("Fleet", {"n": "3"}),)}
    good = await rendering({"app/a.yaml": text % "replicas: ${n}"}, facts=facts, **fields)
    assert objects(good)["Deployment/default/web"]["spec"] == {"replicas": 3}
    bad = await rendering({"app/a.yaml": text % "replica: 3\n  weight: heavy"}, facts=facts)
    assert [str(one) for one in errors(bad)] == [
        "app/a.yaml:1: spec.replica: prod-1 Deployment/default/web: InvalidObject: no such field: replica",
        "app/a.yaml:1: spec.weight: prod-1 Deployment/default/web: InvalidObject: "
        'a value of type number is needed, found "heavy"',
    ]
