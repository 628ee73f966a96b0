"""Health on real clusters: waiting by watches, and asked once."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from roadstead.model.assignment import HealthRule
from roadstead.model.health import State
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.objects import kinds, ownership
from roadstead.stages.observe import awaited, healths, pods
from roadstead.stages.observe.awaited import Awaited
from roadstead.world.kube import client as kube
from roadstead.world.kube import kubeconfig
from tests.cluster import samples
from tests.cluster.connecting import connected, until_allowed

APPS = "/apis/apps/v1/namespaces"
WAITING = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}


class Wait:
    """A wait under way; `told` are the healths in order, by name."""

    def __init__(self, seen, wanted, **options):
        self.seen = seen
        self.told = []
        options = {"deadline": 240.0, "patience": 0.5, **options}
        self._news = asyncio.Event()
        self.task = asyncio.ensure_future(seen.until_settled(wanted, tell=self._tell, **options))

    def _tell(self, one, health):
        self.told.append(f"{one.name} {health.state}: {health.message}")
        self._news.set()

    async def until(self, text):
        async with asyncio.timeout(120):
            while not any(text in told for told in self.told):
                assert not self.task.done(), self.told
                self._news.clear()
                await self._news.wait()

    async def answer(self):
        return {one.name: str(health.state) for one, health in (await self.task).items()}


@asynccontextmanager
async def waiting(shop, *objects, client=None, **options):
    """Of objects that were applied."""
    entries = (await shop.inventories())["web"].entries
    wanted = {one: Awaited((), entries[one].mark, entries[one].uid) for one in map(kinds.identify, objects)}
    async with healths.watching(client or shop.client) as seen:
        wait = Wait(seen, wanted, **options)
        try:
            yield wait
        finally:
            wait.task.cancel()


async def report(shop, name="web", generation=1, **status):
    """Play the Deployment's controller."""
    ready = {"replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    path = f"{APPS}/{shop.fleet}/deployments/{name}/status"
    body = {"status": {"observedGeneration": generation, **ready, **status}}
    await shop.server.request("PATCH", path, body, content_type="application/merge-patch+json")


async def start_pod(shop, name="web-1", *, app="web", **waits):
    pod = samples.obj(
        "v1", "Pod", shop.fleet, name, spec=samples.pod_spec(), metadata={"labels": {"app": app}}
    )
    root = f"/api/v1/namespaces/{shop.fleet}/pods"
    await shop.server.request("POST", root, pod)
    container = {"name": "c", "image": "i", "imageID": "", "ready": False, "restartCount": 0}
    status = {"phase": "Pending", "containerStatuses": [{**container, "state": {"waiting": waits}}]}
    await shop.server.request(
        "PATCH", f"{root}/{name}/status", {"status": status}, content_type="application/merge-patch+json"
    )


def watches(shop, mark):
    found = shop.server.requests(since=mark, user_agent="roadstead")
    return sorted(one.resource for one in found if one.verb == "watch")


async def until_watched(shop, mark, *resources):
    """Watches are logged when they begin, and a wait may be over before."""
    async with asyncio.timeout(120):
        while not {*resources} <= {*watches(shop, mark)}:
            await asyncio.sleep(0.02)


async def test_objects_without_a_status_are_ready_and_cost_no_request(shop):
    objects = [samples.config_map(shop.fleet), samples.obj("v1", "Secret", shop.fleet, "s", data={})]
    await shop.apply(*objects)
    async with waiting(shop, *objects) as wait:
        mark = shop.server.mark()
        assert await wait.answer() == {"a": "ready", "s": "ready"}
    assert shop.server.requests(since=mark, user_agent="roadstead") == []


async def test_a_deployment_is_followed_until_it_is_ready(shop):
    web = samples.deployment(shop.fleet)
    await shop.apply(web)
    mark = shop.server.mark()
    async with waiting(shop, web) as wait:
        await wait.until("0 of 1 replicas updated")
        await report(shop, availableReplicas=0, readyReplicas=0)
        await wait.until("0 of 1 replicas available")
        await until_watched(shop, mark, "pods")
        await report(shop)
        assert await wait.answer() == {"web": "ready"}
    assert watches(shop, mark) == ["deployments", "pods"]


async def test_what_was_expected_is_not_looked_for_when_its_turn_comes(shop):
    first, second = samples.deployment(shop.fleet), samples.deployment(shop.fleet, "late")
    await shop.apply(first)
    mark = shop.server.mark()
    async with waiting(shop, first) as wait:
        wait.seen.expect([kinds.identify(first), kinds.identify(second)])
        await wait.until("0 of 1 replicas")
        await shop.apply(first, second)
        await report(shop, "late")
        async with asyncio.timeout(120):
            while kinds.identify(second) not in wait.seen._objects:
                await asyncio.sleep(0.01)
        entry = (await shop.inventories())["web"].entries[kinds.identify(second)]
        late = Wait(wait.seen, {entry.id: Awaited((), entry.mark, entry.uid)})
        assert await late.answer() == {"late": "ready"}
        await until_watched(shop, mark, "pods")
        await report(shop)
        assert await wait.answer() == {"web": "ready"}
    assert watches(shop, mark) == ["deployments", "pods"]


async def test_what_was_ready_before_the_change_says_nothing_of_it(shop):
    web = samples.deployment(shop.fleet)
    await shop.apply(web)
    await report(shop)
    changed = samples.deployment(shop.fleet, image="other")
    async with healths.watching(shop.client) as seen:
        one = kinds.identify(web)
        first = await seen.until_settled({one: Awaited()}, deadline=240)
        assert first[one].state is State.READY
        await shop.apply(changed)
        entry = (await shop.inventories())["web"].entries[one]
        wait = Wait(seen, {one: Awaited((), entry.mark, entry.uid)})
        await wait.until("progressing")
        assert not wait.task.done()
        await report(shop, generation=2)
        assert await wait.answer() == {"web": "ready"}


async def test_why_pods_wait_is_known_at_once_and_ends_the_wait_when_it_lasts(shop):
    web = samples.deployment(shop.fleet)
    await shop.apply(web)
    async with waiting(shop, web) as wait:
        await wait.until("progressing")
        await start_pod(shop, app="another", reason="ErrImagePull")
        await start_pod(shop, "web-2", **WAITING)
        await wait.until("failed: 0 of 1 replicas updated; Pod web-2: container c waits: ImagePullBackOff")
        assert await wait.answer() == {"web": "failed"}
    assert not any("web-1" in told for told in wait.told)


async def test_a_failure_that_passes_does_not_end_the_wait(shop):
    web = samples.deployment(shop.fleet)
    await shop.apply(web)
    await start_pod(shop, reason="CrashLoopBackOff")
    async with waiting(shop, web, patience=200.0) as wait:
        await wait.until("CrashLoopBackOff")
        await shop.server.request(
            "DELETE", f"/api/v1/namespaces/{shop.fleet}/pods/web-1?gracePeriodSeconds=0"
        )
        await report(shop)
        assert await wait.answer() == {"web": "ready"}


async def test_whoever_comes_later_learns_what_was_listed_before(shop):
    first, second = samples.deployment(shop.fleet, "first"), samples.deployment(shop.fleet, "second")
    await shop.apply(first, second)
    await report(shop, "second")
    mark = shop.server.mark()
    async with healths.watching(shop.client) as seen:
        early = Wait(seen, {kinds.identify(first): Awaited()})
        await early.until("progressing")
        late = Wait(seen, {kinds.identify(second): Awaited()})
        assert await late.answer() == {"second": "ready"}
        again = Wait(seen, {kinds.identify(first): Awaited()})
        await again.until("progressing")
        await report(shop, "first")
        assert await early.answer() == await again.answer() == {"first": "ready"}
    assert watches(shop, mark).count("deployments") == 1


@pytest.mark.real_servers("the log of a simulated cluster does not tell how requests ended")
async def test_nothing_is_watched_once_nobody_waits(shop):
    web = samples.deployment(shop.fleet)
    await shop.apply(web)
    await report(shop)
    async with healths.watching(shop.client) as seen:
        for _ in range(2):
            mark = shop.server.mark()
            await Wait(seen, {kinds.identify(web): Awaited()}).answer()
            async with asyncio.timeout(120):  # a watch's end is in the log a moment later
                while any(
                    one.status is None for one in shop.server.requests(since=mark, user_agent="roadstead")
                ):
                    await asyncio.sleep(0.05)


async def test_what_must_go_is_waited_for_and_its_finalizers_are_named(shop):
    secret = samples.obj("v1", "Secret", shop.fleet, "s", data={}, metadata={"finalizers": ["a.b/c"]})
    await shop.apply(secret)
    path = f"/api/v1/namespaces/{shop.fleet}/secrets/s"
    await shop.server.request("DELETE", path)
    async with healths.watching(shop.client) as seen:
        wait = Wait(seen, {kinds.identify(secret): Awaited(gone=True)})
        await wait.until("waits for its finalizers a.b/c")
        merge = "application/merge-patch+json"
        await shop.server.request("PATCH", path, {"metadata": {"finalizers": None}}, content_type=merge)
        assert await wait.answer() == {"s": "missing"}
        assert await Wait(seen, {kinds.identify(secret): Awaited(gone=True)}).answer() == {"s": "missing"}


async def test_who_loses_its_label_is_still_waited_for(shop):
    web = samples.deployment(shop.fleet)
    await shop.apply(web)
    async with waiting(shop, web) as wait:
        await wait.until("progressing")
        await shop.kubectl("label", "deployment", "web", f"{ownership.PART_OF}-")
        await report(shop)
        assert await wait.answer() == {"web": "ready"}


async def test_what_is_deleted_or_not_served_does_not_hold_the_wait_for_ever(shop):
    web = samples.deployment(shop.fleet)
    await shop.apply(web)
    unknown = ObjectId("nowhere.example.com", "Thing", shop.fleet, "t")
    async with healths.watching(shop.client) as seen:
        wait = Wait(seen, {kinds.identify(web): Awaited(), unknown: Awaited()})
        await wait.until("progressing")
        await shop.kubectl("delete", "deployment", "web")
        answer = await wait.task
    assert {one.name: health.message for one, health in answer.items()} == {
        "web": "it does not exist",
        "t": "the cluster serves no such kind",
    }


async def test_what_may_not_be_seen_is_said(shop):
    async with connected(shop.server, "viewer") as viewer, healths.watching(viewer) as seen:
        crd = ObjectId("apiextensions.k8s.io", "CustomResourceDefinition", "", "widgets.example.com")
        answer = await seen.until_settled({crd: Awaited()}, deadline=240, patience=0.1)
    assert answer[crd].state is State.UNKNOWN
    assert "customresourcedefinitions" in answer[crd].message


async def test_an_identity_of_one_namespace_follows_it_alone(shop):
    web = samples.deployment(shop.fleet)
    await shop.apply(web)
    await shop.kubectl("create", "serviceaccount", "deployer")
    account = f"--serviceaccount={shop.fleet}:deployer"
    await shop.kubectl("create", "rolebinding", "reads", "--clusterrole=system:aggregate-to-view", account)
    acting = shop.client.acting_as(f"{shop.fleet}/deployer")
    await until_allowed(acting, "watch", GroupKind("apps", "Deployment"), shop.fleet)
    async with waiting(shop, web, client=acting) as wait:
        await wait.until("progressing")
        await report(shop)
        assert await wait.answer() == {"web": "ready"}


async def test_custom_kinds_are_judged_by_the_bundles_rule(shop):
    group = f"{shop.fleet}.example.com"
    made = samples.widget(group, shop.fleet)
    await shop.apply(samples.definition(group), made)
    one = kinds.identify(made)
    rule = HealthRule(one.group_kind, ready="object.spec.done == true")
    async with healths.watching(shop.client) as seen:
        wait = Wait(seen, {one: Awaited((rule,))})
        await wait.until("w unknown")  # there is no such field yet
        path = f"/apis/{group}/v1/namespaces/{shop.fleet}/widgets/w"
        merge = "application/merge-patch+json"
        await shop.server.request("PATCH", path, {"spec": {"done": True}}, content_type=merge)
        assert await wait.answer() == {"w": "ready"}


async def interrupted(seen, words):
    async with asyncio.timeout(120):
        while not any(words in problem.cause for problem in seen._interrupted.values()):
            await asyncio.sleep(0.01)


async def test_a_server_that_dies_is_waited_for_and_when_it_does_not_come_back_that_is_said(
    own_clusters, ahead
):
    (cluster,) = own_clusters(1).clusters
    await cluster.create_namespace("shop")
    root = "/apis/apps/v1/namespaces/shop/deployments"
    labels = {"labels": {ownership.PART_OF: "applyset-x-v1"}}
    await cluster.request(
        "POST", root, samples.deployment("shop", replicas=1) | {"metadata": {"name": "web", **labels}}
    )
    one = ObjectId("apps", "Deployment", "shop", "web")
    ready = {"replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    async with connected(cluster) as client, healths.watching(client) as seen:
        wait = Wait(seen, {one: Awaited()})
        await wait.until("progressing")
        await cluster.kill()
        await cluster.start_apiserver()
        status = {"status": {"observedGeneration": 1, **ready}}
        await cluster.request(
            "PATCH", f"{root}/web/status", status, content_type="application/merge-patch+json"
        )
        assert await wait.answer() == {"web": "ready"}

        gone = Wait(seen, {one: Awaited(mark="g2")}, deadline=500)
        await gone.until("progressing")
        await cluster.kill()
        await interrupted(seen, "connection refused")
        ahead(501)
        (answer,) = (await gone.task).values()
        assert answer.state is State.UNKNOWN
        assert "connection refused" in answer.message


async def test_a_server_that_hangs_holds_nobody_longer_than_the_deadline(own_clusters, ahead):
    (cluster,) = own_clusters(1).clusters
    access = kubeconfig.load([cluster.kubeconfig]).access(cluster.name)
    async with (
        kube.connect(access, cluster="c1", limits=kube.Limits(deadline=1.0)) as client,
        healths.watching(client) as seen,
    ):
        await client.resources(deadline=120)
        cluster.pause()
        one = ObjectId("apps", "Deployment", "shop", "web")
        wait = Wait(seen, {one: Awaited()}, deadline=500)
        await interrupted(seen, "no answer within 1 s")
        ahead(501)
        (answer,) = (await wait.task).values()
        cluster.resume()
    assert answer.state is State.UNKNOWN
    assert "no answer within 1 s" in answer.message


async def test_asked_once_it_costs_one_list_for_each_kind_that_has_a_status(shop):
    group = f"{shop.fleet}.example.com"
    objects = [
        samples.config_map(shop.fleet),
        samples.obj("v1", "Secret", shop.fleet, "s", data={}),
        samples.deployment(shop.fleet, "good"),
        samples.deployment(shop.fleet, "bad"),
        samples.service(shop.fleet),
        samples.definition(group),
        samples.widget(group, shop.fleet),
    ]
    await shop.apply(*objects)
    await report(shop, "good")
    await start_pod(shop, **WAITING)
    rule = HealthRule(GroupKind(group, "Widget"), ready="has(object.spec)")
    ids = [kinds.identify(one) for one in objects]
    missing = ObjectId("apps", "Deployment", shop.fleet, "missing")
    mark = shop.server.mark()
    found = await healths.snapshot(shop.client, dict.fromkeys((*ids, missing), (rule,)))
    requests = shop.server.requests(since=mark, user_agent="roadstead")
    assert sorted(f"{one.verb} {one.resource}" for one in requests if one.resource) == [
        "get deployments",
        "list customresourcedefinitions",
        "list deployments",
        "list pods",
        "list services",
        "list widgets",
    ]
    assert {one.name: str(health.state) for one, health in found.items()} == {
        "a": "ready",
        "s": "ready",
        "good": "ready",
        "bad": "failed",
        "web": "ready",
        f"widgets.{group}": "ready",
        "w": "ready",
        "missing": "missing",
    }
    assert "ImagePullBackOff" in found[kinds.identify(objects[3])].message


async def test_asked_once_what_may_not_be_seen_is_unknown(shop):
    crd = ObjectId("apiextensions.k8s.io", "CustomResourceDefinition", "", "widgets.example.com")
    unserved = ObjectId("nowhere.example.com", "Thing", shop.fleet, "t")
    async with connected(shop.server, "viewer") as viewer:
        found = await healths.snapshot(viewer, {crd: (), unserved: ()})
    assert found[crd].state is State.UNKNOWN
    assert found[unserved].state is State.MISSING


async def test_kinds_that_are_never_looked_at_have_no_status(clusters):
    """Discovery tells which kinds have one, as a subresource."""
    (cluster,) = clusters(1)
    accept = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
    found = set()
    for path in ("/api", "/apis"):
        for group in (await cluster.request("GET", path, headers=accept))["items"]:
            for version in group["versions"]:
                for one in version["resources"]:
                    if any(part["subresource"] == "status" for part in one.get("subresources") or ()):
                        name = group["metadata"].get("name", "")
                        found.add(GroupKind(name, one["responseKind"]["kind"]))
    assert GroupKind("apps", "Deployment") in found
    assert found & awaited.WITHOUT_STATUS == set()
    assert found >= pods.WORKLOADS
