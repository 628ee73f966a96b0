"""The table of immutable fields against a real server: it refuses the update and takes a new object."""

import orjson
import pytest

from roadstead.model import reasons
from roadstead.model.errors import StalledError
from roadstead.model.ids import GroupKind, split_api_version
from roadstead.objects import immutable
from roadstead.world.kube.write import Writer
from tests.cluster.connecting import connected
from tests.cluster.immutable_rows import ROWS


class Server:
    """Applies and creates objects by what they say they are."""

    def __init__(self, client, namespace: str) -> None:
        self.client, self.writer, self.namespace = client, Writer(client), namespace

    async def __call__(self, verb: str, obj: dict, **options):
        group, version = split_api_version(obj["apiVersion"])
        resource = (await self.client.resources()).find(GroupKind(group, obj["kind"]), version)
        namespace = self.namespace if resource.namespaced else ""
        send = getattr(self.writer, verb)
        return await send(resource, namespace, obj["metadata"]["name"], orjson.dumps(obj), **options)

    async def refused(self, obj: dict):
        with pytest.raises(StalledError) as caught:
            await self("apply", obj, force=True)
        return caught.value.problem


@pytest.mark.parametrize("row", ROWS)
async def test_the_server_refuses_the_change_and_takes_a_new_object(clusters, unique, row):
    api_version, kind, _, before, after, fields = ROWS[row]
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    named = {"apiVersion": api_version, "kind": kind, "metadata": {"name": unique}}
    async with connected(cluster) as client:
        server = Server(client, unique)
        await server("apply", named | before, force=True)
        problem = await server.refused(named | after)
        assert set(problem.fields) & fields
        assert immutable.suspected(GroupKind(split_api_version(api_version)[0], kind), problem.fields)
        await server("create", immutable.trial(named | after), dry_run=True)


def service(name: str, **spec) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": [{"port": 80}], **spec},
    }


async def test_a_trial_fails_for_a_node_port_that_the_live_service_holds(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    async with connected(cluster) as client:
        server = Server(client, unique)
        made = await server("apply", service(unique, type="NodePort"), force=True)
        port, address = made["spec"]["ports"][0]["nodePort"], made["spec"]["clusterIP"]
        fixed = service(unique, type="NodePort", clusterIP=address, ports=[{"port": 80, "nodePort": port}])
        with pytest.raises(StalledError) as caught:
            await server("create", immutable.trial(fixed), dry_run=True)
        assert immutable.only_taken(caught.value.problem.cause, caught.value.problem.fields)


async def test_a_wrong_value_looks_like_an_immutable_field_but_is_not_suspected(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    api_version, kind, _, before, _, _ = ROWS["a Deployment's selector"]
    named = {"apiVersion": api_version, "kind": kind, "metadata": {"name": unique}}
    wrong = {"spec": before["spec"] | {"replicas": -1}}
    async with connected(cluster) as client:
        server = Server(client, unique)
        await server("apply", named | before, force=True)
        problem = await server.refused(named | wrong)
        assert problem.reason is reasons.INVALID
        assert not immutable.suspected(GroupKind("apps", "Deployment"), problem.fields)
        with pytest.raises(StalledError):
            await server("create", immutable.trial(named | wrong), dry_run=True)


async def test_a_headless_service_without_clusterip_stays_headless_and_is_no_error(clusters, unique):
    """Dropping `clusterIP: None` is not refused: the server keeps the value."""
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    async with connected(cluster) as client:
        server = Server(client, unique)
        await server("apply", service(unique, clusterIP="None"), force=True)
        after = await server("apply", service(unique), force=True)
        assert after["spec"]["clusterIP"] == "None"
