"""What API servers and controllers do with deletes, and what kubectl does with sets like ours."""

import asyncio
import base64

import pytest

from tests.cluster import samples
from tests.cluster.raw import Raw, refusal
from tests.controlplane.kubectl import kubectl

MEBIBYTE = 1_048_576


@pytest.fixture
async def server(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    return cluster


async def test_a_delete_with_another_uid_is_a_conflict(server, unique):
    a = Raw(server, samples.config_map(unique))
    await a.create()
    code, body = await refusal(a.delete(preconditions={"uid": "00000000-0000-0000-0000-000000000000"}))
    assert (code, body["reason"]) == (409, "Conflict")
    assert await a.exists()


async def test_a_delete_at_another_resource_version_is_a_conflict(server, unique):
    a = Raw(server, samples.config_map(unique))
    before = (await a.create())["metadata"]
    await a.patch({"metadata": {"labels": {"taken": "over"}}})
    conditions = {"uid": before["uid"], "resourceVersion": before["resourceVersion"]}
    assert (await refusal(a.delete(preconditions=conditions)))[0] == 409


async def test_an_object_with_finalizers_stays_until_they_are_gone(server, unique):
    obj = samples.config_map(unique)
    obj["metadata"]["finalizers"] = ["example.com/hold"]
    a = Raw(server, obj)
    await a.create()
    answer = await a.delete()
    assert answer["metadata"]["deletionTimestamp"]
    assert await a.exists()
    await a.patch([{"op": "remove", "path": "/metadata/finalizers"}])
    assert not await a.exists()


@pytest.mark.parametrize(
    ("options", "stay"),
    [
        pytest.param({}, True, id="without a policy the pods stay"),
        pytest.param({"propagationPolicy": "Background"}, False, id="in the background they go"),
    ],
)
async def test_a_jobs_pods_after_its_delete(clusters, unique, options, stay):
    (cluster,) = clusters(1, controllers=True)
    await cluster.create_namespace(unique)
    job = Raw(cluster, samples.job(unique))
    await job.create()
    pods = f"/api/v1/namespaces/{unique}/pods"

    async def count() -> int:
        return len((await cluster.request("GET", pods))["items"])

    async with asyncio.timeout(120):
        while not await count():
            await asyncio.sleep(0.05)
        await job.delete(**options)
        if stay:
            await asyncio.sleep(2.0)
            assert await count() == 1
        else:
            while await count():
                await asyncio.sleep(0.05)


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
@pytest.mark.parametrize(("size", "taken"), [(MEBIBYTE, True), (MEBIBYTE + 1, False)])
async def test_a_secret_holds_exactly_one_mebibyte(server, unique, size, taken):
    data = {"a": base64.b64encode(bytes(size)).decode()}
    secret = Raw(server, samples.obj("v1", "Secret", unique, "s", data=data))
    refused = await refusal(secret.create())
    assert (refused is None) is taken
    assert taken or refused[0] == 422


async def test_client_side_apply_of_another_set_takes_our_label_and_later_prunes_our_object(
    server, unique, monkeypatch, tmp_path
):
    """kubectl refuses our parent (test_inventory.py), but not an object that is a member of our set."""
    monkeypatch.setenv("KUBECTL_APPLYSET", "true")
    ours = samples.config_map(unique, key="1")
    ours["metadata"]["labels"] = {"applyset.kubernetes.io/part-of": "applyset-ours-v1"}
    a = Raw(server, ours)
    await a.apply()

    async def applyset(name: str) -> None:
        file = tmp_path / f"{name}.yaml"
        file.write_text(
            f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}, namespace: {unique}}}, data: {{}}}}"
        )
        arguments = ("-n", unique, "apply", "--prune", "--applyset=theirs", "-f", str(file))
        await kubectl(server.kubeconfig, server.name, *arguments)

    await applyset("a")
    assert (await a.get())["metadata"]["labels"]["applyset.kubernetes.io/part-of"] != "applyset-ours-v1"
    await applyset("b")
    assert not await a.exists()
