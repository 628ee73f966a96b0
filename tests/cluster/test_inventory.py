"""Inventories in a real cluster: one list reads them, compare-and-swap writes them, one writer holds them."""

import pytest
from msgspec import structs
from msgspec.structs import replace

from roadstead.model import reasons
from roadstead.model.errors import ConflictError
from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Entry, Inventory
from roadstead.world import crash, inventory
from roadstead.world.inventory import names
from roadstead.world.kube.write import Writer
from tests.cluster.connecting import connected
from tests.controlplane.direct import RequestFailed
from tests.controlplane.kubectl import KubectlFailed, kubectl

SECRETS = f"/api/v1/namespaces/{names.NAMESPACE}/secrets"


def entries(count: int, *, start: int = 0) -> dict[ObjectId, Entry]:
    ids = [ObjectId("", "ConfigMap", "shop", f"c{number}") for number in range(start, start + count)]
    return {one: Entry(one, uid="u", applied="v1:00", mark="v1", api_version="v1") for one in ids}


def fresh(
    fleet: str, bundle: str = "web", count: int = 3, writer: str = "laptop"
) -> tuple[Inventory, Inventory]:
    """Nothing, and what is to be stored first."""
    before = inventory.empty(fleet, Key(bundle, "c1"))
    parent = inventory.claim(before.parent, writer, take_over=False)
    return before, Inventory(parent, entries(count))


async def read(client, fleet: str, bundle: str = "web") -> Inventory:
    stored = await inventory.read_all(client, fleet)
    assert not stored.problems
    return stored.inventories[bundle]


@pytest.mark.parametrize("count", [0, 3, 600, 5000])
async def test_what_was_written_is_read_back(clusters, unique, count):
    async with connected(clusters(1)[0]) as client:
        before, after = fresh(unique, count=count)
        written = await inventory.write(client, Writer(client), before=before, after=after)
        assert await read(client, unique) == written
        assert written.entries == after.entries
        assert len(written.parent.shards) == {0: 0, 3: 0, 600: 1, 5000: 4}[count]


async def test_bundles_of_one_fleet_are_read_with_one_list_and_other_fleets_are_not(clusters, unique):
    (cluster,) = clusters(1)
    async with connected(cluster) as client:
        for bundle in ("web", "payments/api"):
            before, after = fresh(unique, bundle)
            await inventory.write(client, Writer(client), before=before, after=after)
        before, after = fresh(f"{unique}-other")
        await inventory.write(client, Writer(client), before=before, after=after)
        mark = cluster.mark()
        stored = await inventory.read_all(client, unique)
        assert set(stored.inventories) == {"web", "payments/api"}
        assert [request.verb for request in cluster.requests(since=mark, user_agent="roadstead")] == ["list"]


async def test_a_small_inventory_costs_one_request_a_write(clusters, unique):
    (cluster,) = clusters(1)
    async with connected(cluster) as client:
        before, after = fresh(unique)
        first = await inventory.write(client, Writer(client), before=before, after=after)
        mark = cluster.mark()
        again = replace(first, entries=entries(100))
        await inventory.write(client, Writer(client), before=first, after=again)
        assert [request.verb for request in cluster.requests(since=mark, user_agent="roadstead")] == [
            "update"
        ]


async def test_the_namespace_is_made_when_it_is_missing(own_clusters):
    (cluster,) = own_clusters(1).clusters
    async with connected(cluster) as client:
        before, after = fresh("shop")
        await inventory.write(client, Writer(client), before=before, after=after)
        assert (await read(client, "shop")).entries == after.entries


async def test_only_changed_shards_are_written_and_the_old_ones_go(clusters, unique):
    (cluster,) = clusters(1)
    async with connected(cluster) as client:
        before, after = fresh(unique, count=5000)
        first = await inventory.write(client, Writer(client), before=before, after=after)
        one = next(iter(first.entries))
        changed = replace(
            first, entries=dict(first.entries) | {one: structs.replace(first.entries[one], mark="v2")}
        )
        mark = cluster.mark()
        second = await inventory.write(client, Writer(client), before=first, after=changed)
        verbs = [
            request.verb for request in cluster.requests(since=mark, user_agent="roadstead") if request.writes
        ]
        assert verbs == ["create", "update", "delete"]
        assert len(set(second.parent.shards) - set(first.parent.shards)) == 1
        assert await read(client, unique) == second


async def test_of_two_writers_that_read_the_same_state_one_is_fenced_and_told_by_whom(clusters, unique):
    async with connected(clusters(1)[0]) as client:
        before, after = fresh(unique)
        start = await inventory.write(client, Writer(client), before=before, after=after)
        claims = [
            replace(start, parent=inventory.claim(start.parent, writer, take_over=True))
            for writer in ("ci", "hub")
        ]
        won = await inventory.write(client, Writer(client), before=start, after=claims[0])
        with pytest.raises(ConflictError) as caught:
            await inventory.write(client, Writer(client), before=start, after=claims[1])
        assert caught.value.problem.reason is reasons.FENCED
        assert "ci writes this bundle since epoch 2" in str(caught.value)
        assert await read(client, unique) == won


async def test_a_write_after_somebody_else_changed_the_parent_is_a_conflict(clusters, unique):
    (cluster,) = clusters(1)
    async with connected(cluster) as client:
        before, after = fresh(unique)
        first = await inventory.write(client, Writer(client), before=before, after=after)
        await kubectl(
            cluster.kubeconfig,
            cluster.name,
            "-n",
            names.NAMESPACE,
            "annotate",
            "secret",
            first.parent.name,
            "a=b",
        )
        with pytest.raises(ConflictError, match="changed since it was read"):
            await inventory.write(client, Writer(client), before=first, after=first)
        await cluster.request("DELETE", f"{SECRETS}/{first.parent.name}")
        with pytest.raises(ConflictError, match="was deleted meanwhile"):
            await inventory.write(client, Writer(client), before=first, after=first)


async def test_a_second_first_write_is_fenced(clusters, unique):
    async with connected(clusters(1)[0]) as client:
        before, after = fresh(unique)
        await inventory.write(client, Writer(client), before=before, after=after)
        with pytest.raises(ConflictError, match="laptop writes this bundle since epoch 1"):
            await inventory.write(client, Writer(client), before=before, after=after)


@pytest.mark.parametrize("point", ["inventory-shard-written", "inventory-written"])
async def test_a_write_that_was_cut_off_leaves_a_whole_inventory_and_its_rest_is_swept(
    clusters, unique, monkeypatch, point
):
    class Cut(BaseException):
        pass

    def cut(here: str) -> None:
        if here == point:
            raise Cut

    async with connected(clusters(1)[0]) as client:
        before, after = fresh(unique, count=5000)
        first = await inventory.write(client, Writer(client), before=before, after=after)
        larger = replace(first, entries=entries(5001))
        with monkeypatch.context() as patched, pytest.raises(Cut):
            patched.setattr(crash, "here", cut)
            await inventory.write(client, Writer(client), before=first, after=larger)
        found = await read(client, unique)
        assert found.entries == (larger if point == "inventory-written" else first).entries
        assert found.parent.strays
        last = await inventory.write(
            client, Writer(client), before=found, after=replace(found, entries=entries(5001))
        )
        assert await read(client, unique) == last
        assert not last.parent.strays


@pytest.mark.parametrize(
    ("path", "patch", "says"),
    [
        pytest.param("parent", {"data": None}, "no key 'entries'", id="the data removed"),
        pytest.param(
            "parent", {"metadata": {"annotations": None}}, "is missing", id="the annotations removed"
        ),
        pytest.param("shard", None, "is gone", id="a shard deleted"),
    ],
)
async def test_a_damaged_inventory_freezes_its_bundle_and_no_other(clusters, unique, path, patch, says):
    (cluster,) = clusters(1)
    async with connected(cluster) as client:
        before, after = fresh(unique, "other")
        await inventory.write(client, Writer(client), before=before, after=after)
        before, after = fresh(unique, count=600)
        written = await inventory.write(client, Writer(client), before=before, after=after)
        name = written.parent.name if path == "parent" else written.parent.shards[0]
        if patch is None:
            await cluster.request("DELETE", f"{SECRETS}/{name}")
        else:
            await cluster.request(
                "PATCH", f"{SECRETS}/{name}", patch, content_type="application/merge-patch+json"
            )
        stored = await inventory.read_all(client, unique)
        assert set(stored.inventories) == {"other"}
        (problem,) = stored.problems.values()
        assert problem.reason is reasons.INVENTORY_BROKEN
        assert says in problem.cause
        assert written.parent.name in problem.cause


async def test_two_names_for_one_server_are_noticed(clusters, unique):
    (cluster,) = clusters(1)
    async with connected(cluster) as client:
        before, after = fresh(unique)
        await inventory.write(client, Writer(client), before=before, after=after)
    async with connected(cluster, name="prod-eu-2") as client:
        stored = await inventory.read_all(client, unique)
        assert "do both names lead to this server" in stored.problems["web"].cause
        renamed = await inventory.read_all(client, unique, former_clusters=frozenset({"c1"}))
        assert renamed.inventories["web"].parent.key == Key("web", "prod-eu-2")


async def test_a_renamed_bundle_keeps_its_parent_and_its_old_name_can_be_used_again(clusters, unique):
    async with connected(clusters(1)[0]) as client:
        before, after = fresh(unique)
        old = await inventory.write(client, Writer(client), before=before, after=after)
        renamed = replace(old, parent=replace(old.parent, key=Key("shop-web", "c1")))
        await inventory.write(client, Writer(client), before=old, after=renamed)
        stored = await inventory.read_all(client, unique)
        assert stored.inventories["shop-web"].parent.id == old.parent.id
        second = inventory.empty(unique, Key("web", "c1"), taken=stored.taken)
        await inventory.write(client, Writer(client), before=second, after=second)
        assert set((await inventory.read_all(client, unique)).inventories) == {"web", "shop-web"}


async def test_a_removed_inventory_leaves_nothing(clusters, unique):
    (cluster,) = clusters(1)
    async with connected(cluster) as client:
        before, after = fresh(unique, count=600)
        written = await inventory.write(client, Writer(client), before=before, after=after)
        await inventory.remove(client, Writer(client), written)
        left = await cluster.request("GET", f"{SECRETS}?labelSelector={names.FLEET_LABEL}={unique}")
        assert left["items"] == []


async def test_who_may_not_read_secrets_is_told_so_and_sees_no_empty_inventory(clusters, unique):
    async with connected(clusters(1)[0], "viewer") as client:
        with pytest.raises(Exception, match="cannot list resource"):
            await inventory.read_all(client, unique)


async def test_kubectl_refuses_to_touch_our_set(clusters, unique, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECTL_APPLYSET", "true")
    (cluster,) = clusters(1)
    async with connected(cluster) as client:
        before, after = fresh(unique)
        written = await inventory.write(client, Writer(client), before=before, after=after)
        manifest = tmp_path / "m.yaml"
        manifest.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n")
        with pytest.raises(KubectlFailed, match="tooling"):
            await kubectl(
                cluster.kubeconfig,
                cluster.name,
                "-n",
                names.NAMESPACE,
                "apply",
                "--server-side",
                "--prune",
                f"--applyset=secret/{written.parent.name}",
                "-f",
                str(manifest),
            )
        with pytest.raises(RequestFailed):
            await cluster.request("GET", "/api/v1/namespaces/default/configmaps/a")
