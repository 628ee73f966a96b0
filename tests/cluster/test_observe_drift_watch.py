"""Drift as it happens on real clusters: what is suspected, what is not, and what outlives broken servers."""

import asyncio
import shutil
import signal
from contextlib import asynccontextmanager

import orjson
import pytest

from roadstead.model.ids import GroupKind, ObjectId
from roadstead.model.inventory import Entry
from roadstead.objects import kinds, ownership
from roadstead.stages.observe import drift_watch
from roadstead.world.kube import client as kube
from roadstead.world.kube import kubeconfig
from roadstead.world.kube.write import Writer
from tests.cluster import samples
from tests.cluster.connecting import connected, until_allowed

MERGE = "application/merge-patch+json"


class Watched:
    """`told` are the objects suspected, `blind` what could not be heard."""

    def __init__(self):
        self.told = []
        self.blind = []
        self.watch = None
        self._news = asyncio.Event()

    def suspect(self, bundle, one):
        self.told.append(f"{bundle}: {one.kind}/{one.name}")
        self._news.set()

    def is_blind(self, selection, problem):
        self.blind.append(f"{selection}: {problem.reason if problem else 'heard'}")
        self._news.set()

    async def until(self, condition):
        async with asyncio.timeout(120):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def suspected(self, *names):
        """These and no others, since the last call."""
        await self.until(lambda: {told.rpartition("/")[2] for told in self.told} >= set(names))
        await asyncio.sleep(0.2)  # whatever else would be told
        told, self.told = self.told, []
        return told

    async def listed(self, *ids):
        async with asyncio.timeout(120):
            while not set(ids) <= self.watch.suspicions.live.keys():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def watching(shop, client=None):
    """What the fleet owns on the cluster."""
    inventories = {bundle: one.entries for bundle, one in (await shop.inventories()).items()}
    watched = Watched()
    async with drift_watch.running(client or shop.client, watched.suspect, watched.is_blind) as watch:
        watched.watch = watch
        await watch.expect(inventories)
        await watched.listed(*(one for entries in inventories.values() for one in entries))
        yield watched


def watches(shop, mark):
    found = shop.server.requests(since=mark, user_agent="roadstead")
    return sorted(f"{one.verb} {one.resource}" for one in found if one.resource)


async def watched_by(shop, mark, resource, count=1):
    """Until so many watches of a kind are in the log."""
    async with asyncio.timeout(120):
        while watches(shop, mark).count(f"watch {resource}") < count:
            await asyncio.sleep(0.02)


async def patch(shop, path, body):
    await shop.server.request("PATCH", path, body, content_type=MERGE)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("set", "image", "deployment/web", "c=other"), id="another image"),
        pytest.param(("scale", "deployment/web", "--replicas=5"), id="other replicas, by the subresource"),
        pytest.param(("label", "deployment/web", "team-"), id="a label removed"),
        pytest.param(("label", "deployment/web", "team=theirs", "--overwrite"), id="a label changed"),
        pytest.param(("set", "env", "deployment/web", "A=B"), id="a variable added"),
        pytest.param(("delete", "deployment/web"), id="deleted"),
        pytest.param(("label", "deployment/web", f"{ownership.PART_OF}-"), id="our label removed"),
        pytest.param(("rollout", "pause", "deployment/web"), id="a field that we never set"),
        pytest.param(
            ("patch", "deployment/web", "--type=json", '-p=[{"op":"replace","path":"/metadata/managedFields","value":[{}]}]'),
            id="all entries wiped",
        ),
    ],
)  # fmt: skip
async def test_an_edit_by_kubectl_is_suspected_at_once(shop, command):
    web = samples.deployment(shop.fleet, replicas=0)
    web["metadata"]["labels"] = {"team": "ours"}
    await shop.apply(web, samples.config_map(shop.fleet))
    async with watching(shop) as watched:
        await shop.kubectl(*command)
        assert await watched.suspected("web") == ["web: Deployment/web"]
        assert watched.watch.suspicions.suspected("web") == [kinds.identify(web)]


async def test_kinds_without_a_generation_are_watched_too(shop):
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    role = samples.obj("rbac.authorization.k8s.io/v1", "Role", shop.fleet, "r", rules=rules)
    await shop.apply(samples.config_map(shop.fleet, a="1"), samples.service(shop.fleet), role)
    async with watching(shop) as watched:
        await patch(shop, f"/api/v1/namespaces/{shop.fleet}/configmaps/a", {"data": {"a": "2"}})
        await patch(shop, f"/api/v1/namespaces/{shop.fleet}/services/web", {"spec": {"type": "NodePort"}})
        path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{shop.fleet}/roles/r"
        await patch(shop, path, {"rules": [*rules, *rules]})
        assert sorted(await watched.suspected("a", "web", "r")) == [
            "web: ConfigMap/a",
            "web: Role/r",
            "web: Service/web",
        ]


async def test_status_and_what_others_note_beside_us_are_no_suspicion(shop):
    web = samples.deployment(shop.fleet, replicas=0)
    await shop.apply(web)
    async with watching(shop) as watched:
        path = f"/apis/apps/v1/namespaces/{shop.fleet}/deployments/web"
        await patch(shop, f"{path}/status", {"status": {"observedGeneration": 1}})
        await shop.kubectl("label", "deployment/web", "note=theirs")
        await shop.kubectl("create", "deployment", "theirs", "--image=i")
        await shop.kubectl("apply", "--server-side", "--field-manager=other", "-f", "-", stdin=web)
        await asyncio.sleep(0.3)
        assert watched.told == []


async def test_at_rest_it_costs_one_list_and_one_watch_for_each_kind(shop):
    await shop.apply(
        samples.config_map(shop.fleet, "a"), samples.config_map(shop.fleet, "b"), samples.service(shop.fleet)
    )
    await shop.inventories()
    mark = shop.server.mark()
    async with watching(shop):
        await watched_by(shop, mark, "configmaps")
        await watched_by(shop, mark, "services")
        await asyncio.sleep(1)
    assert watches(shop, mark) == [
        "list configmaps",
        "list secrets",  # the inventory
        "list services",
        "watch configmaps",
        "watch services",
    ]


async def test_a_correction_that_is_on_record_ends_the_suspicion(shop):
    one = samples.config_map(shop.fleet, a="1")
    await shop.apply(one)
    async with watching(shop) as watched:
        await patch(shop, f"/api/v1/namespaces/{shop.fleet}/configmaps/a", {"data": {"a": "2"}})
        assert await watched.suspected("a") == ["web: ConfigMap/a"]
        outcome = await shop.apply(one)
        await watched.watch.expect({"web": outcome.inventory.entries})
        async with asyncio.timeout(120):
            while watched.watch.suspicions.suspected("web"):
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)  # whatever else would be told
        assert watched.watch.suspicions.suspected("web") == []
        watched.told.clear()
        await patch(shop, f"/api/v1/namespaces/{shop.fleet}/configmaps/a", {"data": {"a": "3"}})
        assert await watched.suspected("a") == ["web: ConfigMap/a"]


async def test_what_lost_its_label_is_followed_by_name_until_it_has_it_again(shop):
    one = samples.config_map(shop.fleet, a="1")
    await shop.apply(one, samples.config_map(shop.fleet, "b"))
    path = f"/api/v1/namespaces/{shop.fleet}/configmaps/a"
    label = (await shop.live("configmaps/a"))["metadata"]["labels"][ownership.PART_OF]
    begun = shop.server.mark()
    async with watching(shop) as watched:
        for times in (1, 2):
            await patch(shop, path, {"metadata": {"labels": {ownership.PART_OF: None}}})
            assert await watched.suspected("a") == ["web: ConfigMap/a"]
            await patch(shop, path, {"data": {"a": "unlabelled"}})
            assert await watched.suspected("a") == ["web: ConfigMap/a"]
            await watched_by(shop, begun, "configmaps", 1 + times)  # all of them, and then it alone
            mark = shop.server.mark()
            await patch(shop, path, {"metadata": {"labels": {ownership.PART_OF: label}}})
            await watched.suspected("a")
            assert not watched.watch.suspicions.unlabelled
            await patch(shop, path, {"data": {"a": "labelled"}})
            assert await watched.suspected("a") == ["web: ConfigMap/a"]
            assert watches(shop, mark) == []


async def test_a_deleted_object_that_comes_back_is_suspected_as_another(shop):
    one = samples.config_map(shop.fleet, a="1")
    await shop.apply(one)
    async with watching(shop) as watched:
        await shop.kubectl("delete", "configmap", "a")
        assert await watched.suspected("a") == ["web: ConfigMap/a"]
        assert not watched.watch.suspicions.unlabelled
        outcome = await shop.apply(one)
        await watched.suspected("a")
        await watched.watch.expect({"web": outcome.inventory.entries})
        assert watched.watch.suspicions.suspected("web") == []


async def test_deleting_a_definition_is_suspected_for_each_of_its_objects(shop):
    group = f"{shop.fleet}.example.com"
    definition = samples.definition(group)
    await shop.apply(definition, *[samples.widget(group, shop.fleet, f"w{number}") for number in range(3)])
    async with watching(shop) as watched:
        await shop.kubectl("delete", "crd", definition["metadata"]["name"])
        name = definition["metadata"]["name"]
        told = await watched.suspected("w0", "w1", "w2", name)
        assert set(told) == {
            "web: Widget/w0",
            "web: Widget/w1",
            "web: Widget/w2",
            f"web: CustomResourceDefinition/{name}",
        }


async def test_a_kind_that_was_not_served_is_watched_once_it_is(shop):
    group = f"{shop.fleet}.example.com"
    definition, widget = samples.definition(group), samples.widget(group, shop.fleet, a=1)
    one = kinds.identify(widget)
    watched = Watched()
    async with (
        connected(shop.server) as client,
        drift_watch.running(client, watched.suspect, watched.is_blind) as watch,
    ):
        watched.watch = watch
        await watch.expect({"web": {one: Entry(one, uid="u")}})
        outcome = await shop.apply(definition, widget)
        await watch.expect({"web": outcome.inventory.entries})
        await watched.listed(one)
        await patch(shop, f"/apis/{group}/v1/namespaces/{shop.fleet}/widgets/w", {"spec": {"a": 2}})
        assert await watched.suspected("w") == ["web: Widget/w"]


async def test_an_identity_of_one_namespace_watches_it_alone_and_says_what_it_cannot(shop):
    role = samples.obj("rbac.authorization.k8s.io/v1", "ClusterRole", "", shop.fleet, rules=[])
    one = samples.config_map(shop.fleet, a="1")
    await shop.apply(one, role)
    await shop.kubectl("create", "serviceaccount", "deployer")
    account = f"--serviceaccount={shop.fleet}:deployer"
    await shop.kubectl("create", "rolebinding", "reads", "--clusterrole=system:aggregate-to-view", account)
    acting = shop.client.acting_as(f"{shop.fleet}/deployer")
    await until_allowed(acting, "watch", GroupKind("", "ConfigMap"), shop.fleet)
    watched = Watched()
    entries = (await shop.inventories())["web"].entries
    async with drift_watch.running(acting, watched.suspect, watched.is_blind) as watch:
        watched.watch = watch
        await watch.expect({"web": entries})
        await watched.listed(kinds.identify(one))
        await watched.until(lambda: watched.blind)
        await shop.kubectl("delete", "configmap", "a")
        assert await watched.suspected("a") == ["web: ConfigMap/a"]
        assert watched.blind == ["rbac.authorization.k8s.io/ClusterRole: Forbidden"]
        await shop.kubectl("create", "clusterrolebinding", shop.fleet, "--clusterrole=cluster-admin", account)
        async with asyncio.timeout(120):
            while watched.blind[-1] != "rbac.authorization.k8s.io/ClusterRole: heard":
                await watch.expect({})
                await asyncio.sleep(0.2)


@asynccontextmanager
async def own(cluster, **limits):
    """A cluster of the test's own with one object that is expected."""
    await cluster.create_namespace("shop")
    access = kubeconfig.load([cluster.kubeconfig]).access(cluster.name)
    watched = Watched()
    async with (
        kube.connect(access, cluster="c1", limits=kube.Limits(**limits)) as client,
        drift_watch.running(client, watched.suspect, watched.is_blind) as watch,
    ):
        watched.watch = watch
        resource = (await client.resources()).find(GroupKind("", "ConfigMap"))
        entries = {}
        for name in ("a", "b"):
            labels = {ownership.PART_OF: "applyset-x-v1"}
            body = orjson.dumps(
                samples.config_map("shop", name, a="1") | {"metadata": {"name": name, "labels": labels}}
            )
            live = ownership.live(await Writer(client).apply(resource, "shop", name, body, force=True))
            entries[live.id] = Entry(live.id, live.uid, "v1:00", live.signature, live.mark, "v1")
        await watch.expect({"web": entries})
        await watched.listed(*entries)
        yield watched


async def edit(cluster, name, value):
    path = f"/api/v1/namespaces/shop/configmaps/{name}"
    await cluster.request("PATCH", path, {"data": {"a": value}}, content_type=MERGE)


async def test_a_watch_survives_the_restart_of_the_server_and_misses_nothing(own_clusters):
    (cluster,) = own_clusters(1).clusters
    async with own(cluster) as watched:
        await cluster.kill()
        await watched.until(lambda: watched.blind)
        await cluster.start_apiserver()
        await edit(cluster, "a", "2")
        await cluster.request("DELETE", "/api/v1/namespaces/shop/configmaps/b")
        assert sorted(await watched.suspected("a", "b")) == ["web: ConfigMap/a", "web: ConfigMap/b"]
        assert watched.blind[0] == "ConfigMap: Unreachable"
        assert watched.blind[-1].endswith(": heard")
        await edit(cluster, "a", "3")
        assert await watched.suspected("a") == ["web: ConfigMap/a"]


async def test_a_server_that_hangs_is_noticed_and_heard_again(own_clusters):
    (cluster,) = own_clusters(1).clusters
    async with own(cluster, silence=2.0) as watched:
        cluster.pause()
        await watched.until(lambda: watched.blind)
        assert watched.blind[0] == "ConfigMap: Unreachable"
        cluster.resume()
        await watched.until(lambda: watched.blind[-1] == "ConfigMap: heard")
        watched.told.clear()
        await edit(cluster, "a", "2")
        assert await watched.suspected("a") == ["web: ConfigMap/a"]


async def test_an_etcd_that_lost_its_newest_versions_is_listed_anew(own_clusters):
    """As after a restore: the server knows less than we do, and a watch from our version stays silent."""
    plane = own_clusters(1)
    (cluster,) = plane.clusters
    async with own(cluster, silence=4.0) as watched:
        await stop(cluster, plane)
        data = plane.directory / "etcd"
        shutil.copytree(data, plane.directory / "backup")
        await start(cluster, plane)
        await watched.until(lambda: watched.blind and watched.blind[-1].endswith("heard"))
        for number in range(50):
            await edit(cluster, "a", str(number))
        await watched.suspected("a")
        await stop(cluster, plane, signal.SIGKILL)
        shutil.rmtree(data)
        shutil.copytree(plane.directory / "backup", data)
        await start(cluster, plane)
        await edit(cluster, "b", "after the restore")
        assert "web: ConfigMap/b" in await watched.suspected("b")
        live = watched.watch.suspicions.live[ObjectId("", "ConfigMap", "shop", "a")]
        assert "ConfigMap/a" not in str(watched.watch.suspicions.suspected("web")), live


async def stop(cluster, plane, how=None):
    await cluster.kill()
    plane.etcd.send(how or signal.SIGTERM)
    await plane.etcd.ended(timeout=120)


async def start(cluster, plane):
    plane.etcd.start()
    await cluster.start_apiserver()
