import base64
import copy

import orjson
import pytest

from roadstead.language import yaml
from roadstead.model.errors import StalledError
from roadstead.model.ids import ObjectId
from roadstead.objects import canonical

CLUSTER_ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}


def config_map(**more):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "shop"}, **more}


def secret(**more):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop"}, **more}


def thing(**spec):
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": spec}


def webhooks(bundle):
    config = {"service": {"name": "s"}, **bundle}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "w"},
        "webhooks": [{"name": "a", "clientConfig": config}],
    }


def definition(bundle):
    config = {"service": {"name": "s"}, **bundle}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "d"},
        "spec": {"conversion": {"strategy": "Webhook", "webhook": {"clientConfig": config}}},
    }


def api_service(bundle):
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "a"},
        "spec": {"group": "g", **bundle},
    }


@pytest.mark.parametrize(
    ("written", "made"),
    [
        pytest.param(config_map(data={"a": "1", "n": None}), config_map(data={"a": "1"}), id="nulls go"),
        pytest.param(
            thing(a=None, list=[{"x": None, "y": 1}]), thing(list=[{"y": 1}]), id="nulls in lists go, too"
        ),
        pytest.param(
            thing(values={"a": None}, b={"valuesObject": {"c": {"d": None}}}),
            thing(values={"a": None}, b={"valuesObject": {"c": {"d": None}}}),
            id="a null among Helm values removes a default and stays",
        ),
        pytest.param(
            secret(stringData={"a": "x"}, data={"a": "b2xk", "b": "Yg=="}),
            secret(data={"a": "eA==", "b": "Yg=="}),
            id="stringData becomes data and wins",
        ),
        pytest.param(secret(data={"b": "Y\nmI=\n"}), secret(data={"b": "YmI="}), id="base64 in one form"),
        pytest.param(secret(stringData={}), secret(), id="an empty stringData"),
        pytest.param(config_map(binaryData={"b": "Y\r\nmI="}), config_map(binaryData={"b": "YmI="}), id="binaryData, too"),
        pytest.param(webhooks({"caBundle": ""}), webhooks({}), id="an empty authority of a webhook"),
        pytest.param(webhooks({"caBundle": "Cg=="}), webhooks({}), id="a line end as authority"),
        pytest.param(webhooks({"caBundle": "QUJD"}), webhooks({"caBundle": "QUJD"}), id="a real authority stays"),
        pytest.param(definition({"caBundle": "Cg=="}), definition({}), id="the authority of a conversion webhook"),
        pytest.param(api_service({"caBundle": ""}), api_service({}), id="the authority of an API service"),
        pytest.param(
            {**CLUSTER_ROLE, "metadata": {"name": "r"}, "aggregationRule": {"x": 1}, "rules": []},
            {**CLUSTER_ROLE, "metadata": {"name": "r"}, "aggregationRule": {"x": 1}},
            id="rules of an aggregated role belong to the controller",
        ),
        pytest.param(
            {**CLUSTER_ROLE, "metadata": {"name": "r", "namespace": "shop"}, "rules": []},
            {**CLUSTER_ROLE, "metadata": {"name": "r"}, "rules": []},
            id="a namespace on a cluster-scoped kind means nothing",
        ),
        pytest.param(
            config_map(metadata={"name": "c", "creationTimestamp": None, "uid": "u", "resourceVersion": "1"}),
            config_map(metadata={"name": "c"}),
            id="what only the server sets",
        ),
        pytest.param(config_map(status={"x": 1}), config_map(), id="status"),
    ],
)  # fmt: skip
def test_make(written, made):
    before = copy.deepcopy(written)
    assert canonical.make(written) == made
    assert written == before, "what is given stays as it is"
    assert canonical.make(made) == made, "making canonical twice changes nothing"


def test_a_manifest_holds_canonical_bytes_and_their_digest():
    one = canonical.manifest(secret(stringData={"a": "x"}), origin="web.yaml:12")
    other = canonical.manifest(secret(data={"a": base64.b64encode(b"x").decode()}))
    assert one.id == ObjectId("", "Secret", "shop", "s")
    assert (one.body, one.digest) == (other.body, other.digest)
    assert one.digest.startswith("v1:")
    assert one.origin == "web.yaml:12"
    assert orjson.loads(one.body)["data"] == {"a": "eA=="}


def test_an_invalid_object_makes_no_manifest_and_all_is_said():
    with pytest.raises(StalledError) as raised:
        canonical.manifest(config_map(data={"a": 1, "b": True}), origin="web.yaml:12")
    assert [str(problem) for problem in raised.value.problems] == [
        "web.yaml:12: data.a: ConfigMap/shop/c: InvalidObject: expected text, found a value of type integer",
        "web.yaml:12: data.b: ConfigMap/shop/c: InvalidObject: expected text, found a value of type boolean",
    ]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        pytest.param([config_map()], ["ConfigMap/c"], id="an object"),
        pytest.param(
            [{"apiVersion": "v1", "kind": "List", "items": [config_map(), secret()]}],
            ["ConfigMap/c", "Secret/s"],
            id="a list of anything",
        ),
        pytest.param(
            [{"apiVersion": "v1", "kind": "ConfigMapList", "items": [{"metadata": {"name": "c"}}]}],
            ["ConfigMap/c"],
            id="items of a typed list may leave out their kind",
        ),
        pytest.param(
            [{"apiVersion": "v1", "kind": "List", "items": [{"kind": "RoleList", "items": [CLUSTER_ROLE | {"metadata": {"name": "r"}}]}]}],
            ["ClusterRole/r"],
            id="lists in lists",
        ),
        pytest.param([{"apiVersion": "v1", "kind": "List", "items": None}], [], id="a list of nothing"),
        pytest.param(
            [{"apiVersion": "x.io/v1", "kind": "AllowList", "metadata": {"name": "a"}, "items": [1]}],
            ["AllowList/a"],
            id="a custom kind that ends in List",
        ),
    ],
)  # fmt: skip
def test_split(values, names):
    assert [f"{one['kind']}/{one['metadata']['name']}" for one in canonical.split(values)] == names


@pytest.mark.parametrize(
    "name", ["kube-prometheus-setup", "kube-prometheus-manifests", "online-boutique", "podinfo"]
)
def test_suite_real_manifests_become_canonical_and_stay_so(suite, name):
    made = 0
    for file in sorted(suite(name).rglob("*.yaml")):
        if b"{{" in file.read_bytes():
            continue  # a template
        for obj in canonical.split(yaml.load_all(file.read_bytes(), file=file.name)):
            if "config.k8s.io" in str(obj.get("apiVersion")) or not obj.get("metadata", {}).get("name"):
                continue  # a kustomization or a patch
            one = canonical.manifest(obj)
            assert canonical.manifest(orjson.loads(one.body)) == one
            made += 1
    assert made
