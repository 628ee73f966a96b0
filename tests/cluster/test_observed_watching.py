"""What lists and watches of real API servers answer: forms, versions, events that mean something else.

That a watch ends when its definition changes, and that a version is too old after a restart (410), is in
test_kube_watch.py.
"""

import asyncio
import ssl
from contextlib import asynccontextmanager, suppress

import aiohttp
import orjson
import pytest

from roadstead.objects import ownership, redact
from tests.cluster import samples
from tests.cluster.raw import Raw, refusal
from tests.controlplane.kubectl import kubectl

FORM = "application/json;as={};g=meta.k8s.io;v=v1"
ONE, LIST = FORM.format("PartialObjectMetadata"), FORM.format("PartialObjectMetadataList")
PART_OF = ownership.PART_OF


@pytest.fixture
async def server(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    return cluster


def ours(obj, value="applyset-x-v1"):
    obj["metadata"]["labels"] = {PART_OF: value}
    return obj


@asynccontextmanager
async def watch(server, path, version, accept=ONE, **query):
    """A response whose lines are events."""
    plain = server.url.startswith("http:")  # simulated ones
    tls = True if plain else ssl.create_default_context(cadata=server.authority.decode())
    headers = {"Authorization": f"Bearer {server.tokens['admin']}", "Accept": accept}
    query = {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true", **query}
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)) as session,
        session.get(server.url + path, params=query, headers=headers) as response,
    ):
        yield response
        if response.connection and response.connection.transport:
            response.connection.transport.abort()  # a farewell would outlast the test's loop


async def lines_of(response, count, then):
    """So many lines, and what comes in so many seconds after them."""
    async with asyncio.timeout(120):
        lines = [await response.content.readline() for _ in range(count)]
    with suppress(TimeoutError):
        async with asyncio.timeout(then):
            async for line in response.content:
                lines.append(line)
    return lines


async def told(response, count, *, then=1.0):
    """As events."""
    return [orjson.loads(line) for line in await lines_of(response, count, then)]


async def latest(server, path):
    return (await server.request("GET", f"{path}?limit=1"))["metadata"]["resourceVersion"]


def config_maps(unique):
    return f"/api/v1/namespaces/{unique}/configmaps"


async def test_a_list_of_metadata_has_labels_annotations_and_entries_but_no_content(server, unique):
    one = Raw(server, ours(samples.config_map(unique, key="value")))
    await one.apply()
    found = await server.request("GET", config_maps(unique), headers={"Accept": LIST})
    assert found["kind"] == "PartialObjectMetadataList"
    (item,) = found["items"]
    assert item.keys() == {"kind", "apiVersion", "metadata"}
    assert item["metadata"]["managedFields"][0]["manager"] == "roadstead"


@pytest.mark.parametrize(
    ("accept", "heard"),
    [
        pytest.param(ONE, ["ADDED"], id="in the form of one"),
        pytest.param(LIST, [], id="in the form of a list"),
    ],
)
async def test_a_watch_of_metadata_tells_events_and_in_the_list_form_nothing(server, unique, accept, heard):
    path = config_maps(unique)
    async with watch(server, path, await latest(server, path), accept) as response:
        assert response.status == 200
        await Raw(server, samples.config_map(unique)).apply()
        assert [event["type"] for event in await told(response, len(heard))] == heard


async def test_a_selector_that_a_label_exists_selects_whatever_its_value(server, unique):
    for name, value in (("a", "applyset-x-v1"), ("b", "applyset-y-v1")):
        await Raw(server, ours(samples.config_map(unique, name), value)).apply()
    await Raw(server, samples.config_map(unique, "c")).apply()
    found = await server.request("GET", f"{config_maps(unique)}?labelSelector={PART_OF}")
    assert [item["metadata"]["name"] for item in found["items"]] == ["a", "b"]


async def test_deleted_is_told_of_what_lost_its_label_too_with_the_old_label_and_no_sign_of_going(
    server, unique
):
    path = config_maps(unique)
    events = []
    for name in ("unlabelled", "deleted"):
        one = Raw(server, ours(samples.config_map(unique, name)))
        await one.apply()
        async with watch(server, path, await latest(server, path), labelSelector=PART_OF) as response:
            if name == "deleted":
                await one.delete()
            else:
                await one.patch({"metadata": {"labels": {PART_OF: None}}})
            events += await told(response, 1, then=0.5)
    assert [event["type"] for event in events] == ["DELETED", "DELETED"]
    for event in events:
        assert event["object"]["metadata"]["labels"] == {PART_OF: "applyset-x-v1"}
        assert "deletionTimestamp" not in event["object"]["metadata"]


async def test_endpoint_slices_copy_a_services_labels_and_are_not_ours(clusters, unique):
    (cluster,) = clusters(1, controllers=True)
    await cluster.create_namespace(unique)
    await Raw(cluster, ours(samples.service(unique, selector={"app": "web"}))).apply()
    path = f"/apis/discovery.k8s.io/v1/namespaces/{unique}/endpointslices?labelSelector={PART_OF}"
    async with asyncio.timeout(120):
        while not (found := (await cluster.request("GET", path))["items"]):
            await asyncio.sleep(0.05)
    assert found[0]["metadata"]["labels"][PART_OF] == "applyset-x-v1"
    assert not ownership.signature(found[0])


async def test_a_write_of_the_status_is_one_event_of_some_hundred_to_two_thousand_bytes(server, unique):
    one = Raw(server, ours(samples.deployment(unique, replicas=0)))
    await one.apply()
    path = f"/apis/apps/v1/namespaces/{unique}/deployments"
    status = {"status": {"observedGeneration": 1, "conditions": [{"type": "Available", "status": "True"}]}}
    async with watch(server, path, await latest(server, path)) as response:
        await one.patch(status, subresource="/status")
        lines = await lines_of(response, 1, 1.0)
    assert len(lines) == 1
    assert 500 < len(lines[0]) < 2000


async def test_a_version_from_the_future_is_silence_to_a_watch_and_a_504_to_a_list(server, unique):
    path = config_maps(unique)
    future = str(int(await latest(server, path)) + 1_000_000)
    async with watch(server, path, future) as response:
        await Raw(server, samples.config_map(unique)).apply()
        assert response.status == 200
        assert await told(response, 0, then=2.0) == []
    code, body = await refusal(server.request("GET", f"{path}?resourceVersion={future}"))
    assert (code, body["reason"]) == (504, "Timeout")
    assert body["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


@pytest.mark.slow
async def test_an_idle_watch_says_nothing_for_about_a_minute_and_then_a_bookmark(server, unique):
    """So a watchdog must be more patient than that; two minutes were seen, too."""
    path = config_maps(unique)
    async with watch(server, path, await latest(server, path)) as response:
        assert await told(response, 0, then=45.0) == []
        async with asyncio.timeout(130):
            event = orjson.loads(await response.content.readline())
    assert event["type"] == "BOOKMARK"
    assert event["object"]["metadata"]["resourceVersion"]


async def test_as_an_identity_of_one_namespace_a_list_of_the_cluster_is_forbidden(server, unique):
    async def grant(*arguments):
        await kubectl(server.kubeconfig, server.name, "-n", unique, "create", *arguments)

    await grant("role", "reader", "--verb=list", "--resource=configmaps")
    await grant("rolebinding", "reader", "--role=reader", f"--serviceaccount={unique}:reader")
    acting = {"Impersonate-User": f"system:serviceaccount:{unique}:reader"}
    async with asyncio.timeout(120):  # the authorizer learns of it by a watch
        while await refusal(server.request("GET", config_maps(unique), headers=acting)):
            await asyncio.sleep(0.05)
    code, body = await refusal(server.request("GET", "/api/v1/configmaps", headers=acting))
    assert (code, body["reason"]) == (403, "Forbidden")


async def test_metadata_holds_secrets_in_clear_when_kubectl_applied_them(server, unique):
    secret = samples.obj("v1", "Secret", unique, "s", stringData={"password": "tiger"})
    await kubectl(server.kubeconfig, server.name, "apply", "-f", "-", stdin=orjson.dumps(secret).decode())
    path = f"/api/v1/namespaces/{unique}/secrets"
    (item,) = (await server.request("GET", path, headers={"Accept": LIST}))["items"]
    assert "tiger" in item["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
    assert "tiger" not in str(redact.secret(item))
