"""What render finds by a cluster's recorded schemas, against what the same API server says of the objects."""

import pytest

from roadstead.language import yaml
from roadstead.objects import canonical as objects
from roadstead.objects import kinds
from roadstead.stages.render.schemas import Schemas
from roadstead.world.blobs import Blobs
from roadstead.world.kube import facts
from tests.cluster.connecting import connected
from tests.controlplane.direct import RequestFailed

pytestmark = pytest.mark.cluster

POD = {"containers": [{"name": "c", "image": "i"}]}
DEPLOYMENT = {
    "selector": {"matchLabels": {"a": "b"}},
    "template": {"metadata": {"labels": {"a": "b"}}, "spec": POD},
}


def built_in(kind: str, api_version: str, **fields: object) -> dict:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "web", "namespace": "default"},
        **fields,
    }


def deployment(**spec: object) -> dict:
    return built_in("Deployment", "apps/v1", spec={**DEPLOYMENT, **spec})


def pod(**spec: object) -> dict:
    return built_in("Pod", "v1", spec={**POD, **spec})


CASES = [
    pytest.param(deployment(), "", id="a right one"),
    pytest.param(deployment(replicas="3"), "spec.replicas", id="text for a number"),
    pytest.param(deployment(replica=3), "spec.replica", id="an unknown field"),
    pytest.param(deployment(strategy={"rollingUpdate": {"maxSurge": "25%"}}), "", id="a number or text"),
    pytest.param(deployment(strategy={"rollingUpdate": {"maxSurge": True}}), "maxSurge", id="neither"),
    pytest.param(pod(hostNetwork="true"), "spec.hostNetwork", id="text for a boolean"),
    pytest.param(pod(nodeSelector={"disk": True}), "spec.nodeSelector.disk", id="a boolean in a map of text"),
    pytest.param(
        pod(containers=[{"name": "c", "image": "i", "env": [{"name": "A", "value": 1}]}]),
        "env[0].value",
        id="env",
    ),
    pytest.param(
        pod(containers=[{"name": "c", "image": "i", "resources": {"limits": {"cpu": 1, "memory": "1Gi"}}}]),
        "",
        id="quantities as number and text",
    ),
    pytest.param(
        built_in("Service", "v1", spec={"ports": [{"port": 80, "targetPort": "http"}]}), "", id="a port"
    ),
    pytest.param(
        built_in("Service", "v1", spec={"ports": {"port": 80}}), "spec.ports", id="a mapping for a list"
    ),
    pytest.param(built_in("ConfigMap", "v1", data={"a": 1}), "data.a", id="a number in a ConfigMap"),
    pytest.param(built_in("ConfigMap", "v1", date={"a": "1"}), "date", id="a field at the top"),
    pytest.param(built_in("Secret", "v1", stringData={"a": 1}), "stringData.a", id="a number in a Secret"),
]


@pytest.mark.parametrize(("obj", "field"), CASES)
async def test_the_verdict_is_the_servers(clusters, tmp_path, obj, field):
    (cluster,) = clusters(1)
    blobs = Blobs(tmp_path)
    async with connected(cluster) as client:
        known = await facts.ask(client, blobs)
    found = [problem.place.field for problem in Schemas.of((known.schemas,), blobs).check(obj)]
    assert len(found) == (1 if field else 0)
    assert all(one.endswith(field) for one in found)
    plural = f"{obj['kind'].lower()}s"
    group = "apis/apps/v1" if obj["kind"] == "Deployment" else "api/v1"
    path = f"/{group}/namespaces/default/{plural}/web?fieldManager=t&dryRun=All&fieldValidation=Strict&force=true"
    refused = await _refused(cluster, path, obj)
    assert refused == bool(field)


async def _refused(cluster, path: str, obj: dict) -> bool:
    try:
        await cluster.request("PATCH", path, obj, content_type="application/apply-patch+yaml")
    except RequestFailed:
        return True
    return False


@pytest.mark.parametrize("name", ["kube-prometheus-setup", "kube-prometheus-manifests", "ingress-nginx"])
async def test_real_workloads_are_found_to_be_right(clusters, suite, tmp_path, name):
    folder = suite(name)
    blobs = Blobs(tmp_path)
    async with connected(clusters(1)[0]) as client:
        known = await facts.ask(client, blobs)
    schemas = Schemas.of((known.schemas,), blobs)
    files = sorted(
        (folder / "manifests" if (folder / "manifests").is_dir() else folder / "deploy").rglob("*.yaml")
    )
    checked = 0
    for file in files:
        if "kustomization" in file.name:
            continue
        for value in objects.split(yaml.load_all(file.read_bytes())):
            if not kinds.is_built_in(kinds.of(value)):
                continue
            made = objects.make(value)
            assert [str(one) for one in schemas.check(made)] == [], f"{file.name}: {kinds.identify(value)}"
            checked += 1
    print(f"{name}: {checked} objects of built-in kinds")
    assert checked
