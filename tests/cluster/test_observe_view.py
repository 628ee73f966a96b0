"""A view of a real cluster: what it finds, what it costs, and what it says of what it may not see."""

import asyncio

import pytest

from roadstead.model import reasons
from roadstead.model.errors import StalledError
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.objects import ownership
from roadstead.stages.observe import finding
from roadstead.stages.observe import view as views
from roadstead.world.inventory import names
from tests.cluster import samples
from tests.cluster.connecting import connected, until_allowed
from tests.controlplane.direct import RequestFailed

PART_OF = ownership.PART_OF


def config_map(namespace: str, name: str) -> ObjectId:
    return ObjectId("", "ConfigMap", namespace, name)


async def view(shop, client=None, wanted=()):
    return await views.read(client or shop.client, fleet=shop.fleet, wanted=wanted)


def asked(shop, mark: int) -> list[str]:
    """What was asked since the mark, but for discovery."""
    found = shop.server.requests(since=mark, user_agent="roadstead")
    return sorted(f"{one.verb} {one.resource} {one.name}".rstrip() for one in found if one.resource)


def rbac(namespace: str, name: str = "reader") -> dict:
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
    return samples.obj("rbac.authorization.k8s.io/v1", "Role", namespace, name, rules=rules)


async def test_at_rest_it_costs_one_request_and_one_for_each_kind(shop):
    objects = [samples.config_map(shop.fleet, f"c{number}") for number in range(30)]
    objects += [samples.service(shop.fleet), samples.deployment(shop.fleet, replicas=0), rbac(shop.fleet)]
    await shop.apply(*objects)
    wanted = (await view(shop)).live.keys()
    mark = shop.server.mark()
    found = await view(shop, wanted=wanted)
    assert asked(shop, mark) == [
        "list configmaps",
        "list deployments",
        "list roles",
        "list secrets",
        "list services",
    ]
    entries = found.stored.inventories["web"].entries
    assert {one for one in found.live if one.namespace == shop.fleet} >= entries.keys()
    for one, entry in entries.items():
        live = found.live[one]
        assert (live.uid, live.signature, live.mark) == (entry.uid, entry.signature, entry.mark)
        assert live.part_of == found.stored.inventories["web"].parent.id
    assert not found.unreadable
    assert not found.unserved
    assert found.parents[live.part_of].bundle == "web"


async def test_more_than_a_page_of_metadata_is_still_one_request(shop):
    await shop.apply(*[samples.config_map(shop.fleet, f"c{number}") for number in range(600)])
    mark = shop.server.mark()
    found = await view(shop)
    assert asked(shop, mark) == ["list configmaps", "list secrets"]
    assert len([one for one in found.live if one.namespace == shop.fleet]) == 600


async def test_what_is_new_or_lost_its_label_is_looked_up_by_name(shop):
    await shop.apply(samples.config_map(shop.fleet, "a"), samples.config_map(shop.fleet, "b"))
    await shop.kubectl("label", "configmap", "a", f"{PART_OF}-")
    await shop.kubectl("delete", "configmap", "b")
    await shop.kubectl("create", "configmap", "stranger")
    mark = shop.server.mark()
    found = await view(shop, wanted=[config_map(shop.fleet, "stranger"), config_map(shop.fleet, "new")])
    assert asked(shop, mark) == [
        "get configmaps a",
        "get configmaps b",
        "get configmaps new",
        "get configmaps stranger",
        "list configmaps",
        "list secrets",
    ]
    assert {one.name: live.part_of for one, live in found.live.items() if one.namespace == shop.fleet} == {
        "a": "",
        "stranger": "",
    }


async def test_many_new_objects_cost_one_list_of_the_whole_kind(shop):
    await shop.kubectl("create", "configmap", "n3")
    await shop.kubectl("create", "configmap", "not-wanted")
    wanted = [config_map(shop.fleet, f"n{number}") for number in range(finding.FEW + 1)]
    mark = shop.server.mark()
    found = await view(shop, wanted=wanted)
    assert asked(shop, mark) == ["list configmaps", "list secrets"]
    assert [one.name for one in found.live] == ["n3"]


async def test_labels_that_were_all_removed_cost_one_more_list(shop):
    count = finding.FEW + 1
    await shop.apply(*[samples.config_map(shop.fleet, f"c{number}") for number in range(count)])
    await shop.kubectl("label", "configmaps", "--all", f"{PART_OF}-")
    mark = shop.server.mark()
    found = await view(shop)
    assert asked(shop, mark) == ["list configmaps", "list configmaps", "list secrets"]
    assert len([one for one in found.live if one.namespace == shop.fleet]) == count


async def test_a_kind_that_is_not_served_is_said_and_found_as_soon_as_it_is(shop):
    group = f"{shop.fleet}.example.com"
    one = ObjectId(group, "Widget", shop.fleet, "w")
    found = await view(shop, wanted=[one])
    assert found.unserved == {GroupKind(group, "Widget")}
    assert not found.unreadable
    await shop.apply(samples.definition(group), samples.widget(group, shop.fleet))
    async with connected(shop.server) as stale:  # its discovery is older than the definition
        await stale.resources()
        found = await view(shop, wanted=[one])
        assert found.unserved == frozenset()
        assert one in found.live


async def test_a_version_that_is_served_no_more_is_found_at_another(shop):
    group = f"{shop.fleet}.example.com"
    both = samples.definition(group, versions=("v1alpha1", "v1"))
    both["spec"]["versions"].reverse()
    await shop.apply(both, samples.widget(group, shop.fleet))
    async with connected(shop.server) as old:
        assert (await view(shop, old)).live[ObjectId(group, "Widget", shop.fleet, "w")]
        name = both["metadata"]["name"]
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
        definition = await shop.server.request("GET", path)
        used = (await old.resources()).find(GroupKind(group, "Widget"))
        for version in definition["spec"]["versions"]:
            version["storage"] = version["name"] != used.version
            version["served"] = version["name"] != used.version
        await shop.server.request("PUT", path, definition)
        await until_gone(shop, f"/apis/{group}/{used.version}/widgets")
        found = await view(shop, old)
        assert not found.unserved
        assert ObjectId(group, "Widget", shop.fleet, "w") in found.live


async def until_gone(shop, path: str) -> None:
    async with asyncio.timeout(120):
        while True:
            try:
                await shop.server.request("GET", path)
            except RequestFailed as error:
                if error.status == 404:
                    return
            await asyncio.sleep(0.05)


async def test_an_identity_of_some_namespaces_sees_these_and_says_what_it_may_not_see(shop):
    theirs = f"{shop.fleet}-theirs"
    await shop.server.create_namespace(theirs)
    await shop.apply(
        samples.config_map(shop.fleet, "a"),
        samples.config_map(shop.fleet, "unlabelled"),
        samples.config_map(theirs, "b"),
        samples.obj("rbac.authorization.k8s.io/v1", "ClusterRole", "", shop.fleet, rules=[]),
    )
    await shop.kubectl("label", "configmap", "unlabelled", f"{PART_OF}-")
    await shop.kubectl("create", "serviceaccount", "deployer")
    account = f"--serviceaccount={shop.fleet}:deployer"
    await shop.kubectl("create", "rolebinding", "reads", "--clusterrole=system:aggregate-to-view", account)
    system = ("-n", names.NAMESPACE)
    await shop.kubectl(*system, "create", "role", shop.fleet, "--verb=list", "--resource=secrets")
    await shop.kubectl(*system, "create", "rolebinding", shop.fleet, f"--role={shop.fleet}", account)
    acting = shop.client.acting_as(f"{shop.fleet}/deployer")
    await until_allowed(acting, "list", GroupKind("", "ConfigMap"), shop.fleet)
    await until_allowed(acting, "list", GroupKind("", "Secret"), names.NAMESPACE)
    mark = shop.server.mark()
    found = await view(shop, acting)
    assert sorted(one.name for one in found.live) == ["a", "unlabelled"]
    role = ObjectId("rbac.authorization.k8s.io", "ClusterRole", "", shop.fleet)
    assert found.unreadable.keys() == {config_map(theirs, "b"), role}
    assert {problem.reason for problem in found.unreadable.values()} == {reasons.FORBIDDEN}
    assert not found.unserved
    requests = shop.server.requests(since=mark, user_agent="roadstead")
    assert {one.namespace for one in requests if one.resource == "configmaps"} == {"", shop.fleet, theirs}


async def test_without_the_right_to_read_inventories_nothing_is_made_up(shop):
    async with connected(shop.server, "viewer") as viewer:
        with pytest.raises(StalledError) as caught:
            await view(shop, viewer)
    assert caught.value.problem.reason is reasons.FORBIDDEN
    assert "secrets" in caught.value.problem.cause
