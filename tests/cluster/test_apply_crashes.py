"""Cut off at every crash point of apply and prune, run again: it converges, nothing is orphaned, nothing
foreign is touched.

One commit does it all: creates, changes, adopts, makes anew, hands a field over, changes a version, drops.
Each crash point has a namespace of its own.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from roadstead.model.assignment import Adopt
from roadstead.model.outcome import Result
from roadstead.objects import ownership
from roadstead.stages import apply
from roadstead.world import crash
from tests.cluster import samples
from tests.cluster.applying import Shop
from tests.cluster.connecting import connected


class Crash(BaseException):
    """What a SIGKILL is to a process: nothing that was planned for later happens."""


@dataclass
class Points:
    """Counts the crash points that are passed, and acts at one of them."""

    act: Callable[[], None]
    at: tuple[str, int] = ("", 0)
    passed: Counter[str] = field(default_factory=Counter)

    def __call__(self, point: str) -> None:
        self.passed[point] += 1
        if (point, self.passed[point]) == self.at:
            self.act()


def raise_crash() -> None:
    raise Crash


def old_objects(ns: str) -> tuple[dict, ...]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    scaler = {"scaleTargetRef": target, "maxReplicas": 5, "targetCPUUtilizationPercentage": 50}
    return (
        samples.config_map(ns, "changed", key="1", dropped="1"),
        samples.config_map(ns, "unwanted"),
        samples.deployment(ns, "unwanted", replicas=0),
        samples.deployment(ns, "anew", app="a", replicas=0),
        samples.deployment(ns, "scaled", replicas=4),
        samples.obj("autoscaling/v1", "HorizontalPodAutoscaler", ns, "web", spec=scaler),
    )


def new_objects(ns: str) -> tuple[dict, ...]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return (
        samples.config_map(ns, "changed", key="2"),
        samples.config_map(ns, "created"),
        samples.deployment(ns, "anew", app="b", replicas=0),
        samples.deployment(ns, "scaled"),
        samples.deployment(ns, "adopted", replicas=2),
        samples.obj(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            ns,
            "web",
            spec={"scaleTargetRef": target, "maxReplicas": 5},
        ),
    )


async def prepare(shop: Shop) -> None:
    ns = shop.fleet
    await shop.server.create_namespace(ns)
    await shop.apply(samples.config_map(ns, "others"), bundle="other")
    await shop.server.request(
        "POST", f"/api/v1/namespaces/{ns}/configmaps", samples.config_map(ns, "foreign", key="1")
    )
    former = samples.deployment(ns, "adopted", replicas=2, paused=True)
    await shop.server.request("POST", f"/apis/apps/v1/namespaces/{ns}/deployments?fieldManager=helm", former)
    outcome = await shop.apply(*old_objects(ns))
    assert not outcome.failed
    shop.wants["web"], shop.options["web"] = new_objects(ns), {"adopt": Adopt.ALWAYS}


async def names(shop: Shop, path: str) -> dict[str, dict]:
    found = await shop.server.request("GET", f"{path.format(ns=shop.fleet)}")
    return {one["metadata"]["name"]: one for one in found["items"]}


async def assert_converged(shop: Shop) -> None:
    label = (await shop.inventories())["web"].parent.id
    maps = await names(shop, "/api/v1/namespaces/{ns}/configmaps")
    deployments = await names(shop, "/apis/apps/v1/namespaces/{ns}/deployments")
    assert set(maps) == {"changed", "created", "foreign", "others"}
    assert maps["changed"]["data"] == {"key": "2"}
    assert set(deployments) == {"anew", "scaled", "adopted"}
    assert deployments["anew"]["spec"]["selector"]["matchLabels"] == {"app": "b"}
    assert deployments["scaled"]["spec"]["replicas"] == 4
    assert "paused" not in deployments["adopted"]["spec"]
    ours = [maps["changed"], maps["created"], *deployments.values()]
    assert {one["metadata"]["labels"][ownership.PART_OF] for one in ours} == {label}
    assert maps["foreign"]["data"] == {"key": "1"}
    assert "labels" not in maps["foreign"]["metadata"]
    assert maps["others"]["metadata"]["labels"][ownership.PART_OF] != label
    scaler = await shop.live("autoscaling/v1/horizontalpodautoscalers/web")
    assert scaler["spec"]["targetCPUUtilizationPercentage"] == 80  # the default
    assert await shop.owned() == sorted(
        f"{one['kind']}/{shop.fleet}/{one['metadata']['name']}" for one in new_objects(shop.fleet)
    )
    assert await shop.owned("other") == [f"ConfigMap/{shop.fleet}/others"]


async def again(shop: Shop) -> None:
    """A new process: its first plan leads to the end, and after that nothing is due."""
    fresh = replace(shop, writer=f"{shop.writer}+", stop=asyncio.Event(), slots=asyncio.Semaphore(20))
    for _ in range(2):
        outcome = await fresh.step()
        assert not outcome.failed, [str(one.problem) for one in outcome.objects if one.problem]
    await assert_converged(fresh)
    mark = shop.server.mark()
    await fresh.step()
    assert shop.writes(mark) == []


POINTS = {
    "delete-confirmed",
    "delete-sent",
    "announcement-deleted",
    "announcement-written",
    "inventory-closed",
    "inventory-written",
    "level-written",
    "object-written",
    "ownership-patched",
    "recreated-object-deleted",
    "union-written",
    "version-carried",
}


async def every_point(client, cluster, unique, monkeypatch) -> list[tuple[str, int]]:
    """All points that the commit passes, each as often as it does."""
    shop = Shop(client, fleet=f"{unique}-all", server=cluster)
    await prepare(shop)
    points = Points(raise_crash)
    with monkeypatch.context() as patched:
        patched.setattr(crash, "here", points)
        await shop.step()
    await assert_converged(shop)
    assert set(points.passed) == POINTS
    return [(name, time) for name, count in sorted(points.passed.items()) for time in range(1, count + 1)]


async def test_cut_off_at_every_point_and_run_again_it_converges(clusters, unique, monkeypatch):
    (cluster,) = clusters(1)
    async with connected(cluster) as client:
        for number, point in enumerate(await every_point(client, cluster, unique, monkeypatch)):
            shop = Shop(client, fleet=f"{unique}-{number}", server=cluster)
            await prepare(shop)
            plan = await shop.plan()
            with monkeypatch.context() as patched, pytest.raises(Crash):
                patched.setattr(crash, "here", Points(raise_crash, point))
                await shop.step(plan=plan)
            await again(shop)


async def test_stopped_at_every_point_it_ends_tidily_and_the_next_run_converges(
    clusters, unique, monkeypatch
):
    (cluster,) = clusters(1)
    async with connected(cluster) as client:
        for number, point in enumerate(await every_point(client, cluster, unique, monkeypatch)):
            shop = Shop(client, fleet=f"{unique}-{number}", server=cluster)
            await prepare(shop)
            plan = await shop.plan()
            with monkeypatch.context() as patched:
                patched.setattr(crash, "here", Points(shop.stop.set, point))
                outcome = await shop.step(plan=plan)
            assert not outcome.problems
            assert {one.result for one in outcome.objects if one.problem} <= {Result.SKIPPED, Result.FAILED}
            assert {str(one.id) for one in plan.changes if one.manifest} <= set(await shop.owned())
            await again(shop)


@pytest.mark.parametrize("when", ["before the union", "after everything"])
async def test_a_lost_inventory_is_found_again_by_the_labels_of_what_git_wants(clusters, unique, when):
    (cluster,) = clusters(1)
    async with connected(cluster) as client:
        shop = Shop(client, fleet=unique, server=cluster)
        await prepare(shop)
        if when == "after everything":
            await shop.step()
        name = (await shop.inventories())["web"].parent.name
        await cluster.request("DELETE", f"/api/v1/namespaces/roadstead-system/secrets/{name}")
        outcome = await shop.step()
        assert not outcome.failed
        wanted = sorted(f"{one['kind']}/{unique}/{one['metadata']['name']}" for one in new_objects(unique))
        assert await shop.owned() == wanted
        assert not apply.due(await shop.plan(), (await shop.inventories())["web"])
