"""Apply on real clusters: what is written, what is not, and what one object's failure means for others."""

import asyncio

import pytest

from roadstead.model import reasons
from roadstead.model.outcome import Result
from tests.cluster import admission, samples
from tests.cluster.applying import Shop, causes, notes, results
from tests.cluster.connecting import connected


async def test_objects_are_created_once_and_a_second_apply_sends_no_write(shop):
    ns = shop.fleet
    wanted = [samples.config_map(ns, key="1"), samples.service(ns), samples.deployment(ns, replicas=0)]
    await shop.apply(samples.config_map(ns, "first"), bundle="other")  # makes the inventory's namespace
    mark = shop.server.mark()
    assert set(results(await shop.apply(*wanted)).values()) == {"created"}
    parent = (await shop.inventories())["web"].parent
    announced, *objects, written, done = shop.writes(mark)
    assert (announced, written) == ("create secrets/", "create secrets/")
    assert done.startswith("delete secrets/roadstead-announcement-")
    assert parent.announcements == ()
    assert sorted(objects) == ["patch configmaps/a", "patch deployments/web", "patch services/web"]
    mark = shop.server.mark()
    again = await shop.apply(*wanted)
    assert set(results(again).values()) == {"unchanged"}
    assert shop.writes(mark) == []


async def test_a_change_is_written_to_the_one_object_it_concerns(shop):
    ns = shop.fleet
    await shop.apply(samples.config_map(ns, key="1"), samples.service(ns))
    mark = shop.server.mark()
    outcome = await shop.apply(samples.config_map(ns, key="2"), samples.service(ns))
    assert results(outcome) == {f"ConfigMap/{ns}/a": "updated", f"Service/{ns}/web": "unchanged"}
    assert [one for one in shop.writes(mark) if "secrets" not in one] == ["patch configmaps/a"]
    assert (await shop.live("configmaps/a"))["data"] == {"key": "2"}


async def test_dropped_keys_go_and_what_others_set_stays(shop):
    ns = shop.fleet
    await shop.apply(samples.config_map(ns, ours="1", dropped="2"))
    await shop.kubectl("patch", "configmap", "a", "-p", '{"data": {"theirs": "3"}}')
    await shop.apply(samples.config_map(ns, ours="1"))
    assert (await shop.live("configmaps/a"))["data"] == {"ours": "1", "theirs": "3"}


async def test_the_inventory_remembers_what_was_applied(shop):
    await shop.apply(samples.config_map(shop.fleet))
    first = (await shop.inventories())["web"]
    (entry,) = first.entries.values()
    live = await shop.live("configmaps/a")
    assert (entry.uid, entry.mark) == (live["metadata"]["uid"], f"v{live['metadata']['resourceVersion']}")
    assert entry.applied
    assert entry.signature
    assert first.parent.applied == first.parent.released == (await shop.plan()).digest
    assert (first.parent.writer, first.parent.epoch, first.parent.commit) == ("laptop", 1, "commit")


async def test_every_object_gets_its_outcome_and_all_errors_come_together(shop):
    ns = shop.fleet
    outcome = await shop.apply(
        samples.config_map(ns, "good"),
        samples.deployment(ns, "negative", replicas=-1),
        samples.service(ns, "no-port", ports=[]),
        samples.obj("example.invalid/v1", "Widget", ns, "w"),
    )
    found = {str(one.id): (one.result, one.problem and one.problem.reason) for one in outcome.objects}
    assert found == {
        f"ConfigMap/{ns}/good": (Result.CREATED, None),
        f"Deployment/{ns}/negative": (Result.FAILED, reasons.INVALID),
        f"Service/{ns}/no-port": (Result.FAILED, reasons.INVALID),
        f"Widget/{ns}/w": (Result.FAILED, reasons.NO_SUCH_KIND),
    }
    problem = next(one.problem for one in outcome.objects if "negative" in one.id.name)
    assert str(problem).startswith(
        f"c1 Deployment/{ns}/negative: create failed (Invalid): deployment.apps"
    ) or str(problem).startswith(f"c1 Deployment/{ns}/negative: apply failed (Invalid):")


async def test_what_failed_stays_known_and_is_done_by_the_next_apply(shop):
    ns = shop.fleet
    broken = samples.deployment(ns, replicas=-1)
    await shop.apply(samples.config_map(ns), broken)
    assert await shop.owned() == [f"ConfigMap/{ns}/a", f"Deployment/{ns}/web"]
    assert (await shop.inventories())["web"].parent.applied == ""
    outcome = await shop.apply(samples.config_map(ns), samples.deployment(ns, replicas=0))
    assert results(outcome) == {f"ConfigMap/{ns}/a": "unchanged", f"Deployment/{ns}/web": "created"}


async def test_an_object_that_somebody_created_since_the_plan_is_a_conflict_and_not_overwritten(shop):
    shop.wants["web"] = (samples.config_map(shop.fleet, key="ours"),)
    plan = await shop.plan()
    await shop.kubectl("create", "configmap", "a", "--from-literal=key=theirs")
    outcome = await shop.step(plan=plan)
    (one,) = outcome.objects
    assert (one.result, one.problem.reason) == (Result.FAILED, reasons.CONFLICT)
    assert (await shop.live("configmaps/a"))["data"] == {"key": "theirs"}


async def test_an_object_that_was_made_anew_since_the_plan_is_a_conflict_and_not_overwritten(shop):
    await shop.apply(samples.config_map(shop.fleet, key="1"))
    shop.wants["web"] = (samples.config_map(shop.fleet, key="2"),)
    plan = await shop.plan()
    await shop.kubectl("delete", "configmap", "a")
    await shop.kubectl("create", "configmap", "a", "--from-literal=key=theirs")
    outcome = await shop.step(plan=plan)
    (one,) = outcome.objects
    assert (one.result, one.problem.reason) == (Result.FAILED, reasons.CONFLICT)
    assert (await shop.live("configmaps/a"))["data"] == {"key": "theirs"}


async def test_a_label_that_somebody_removed_is_drift_and_comes_back(shop):
    one = samples.config_map(shop.fleet, key="1")
    await shop.apply(one)
    await shop.kubectl("label", "configmap", "a", "applyset.kubernetes.io/part-of-")
    (change,) = (await shop.plan()).changes
    assert (change.cause, change.drifted) == ("its ownership label was removed", True)
    assert results(await shop.apply(one)) == {f"ConfigMap/{shop.fleet}/a": "updated"}
    (change,) = (await shop.plan()).changes
    assert (str(change.action), change.drifted) == ("unchanged", False)


async def test_what_is_applied_once_is_created_and_then_left_alone(shop):
    ns = shop.fleet
    once = {"annotations": {"roadstead.dev/apply": "once"}}
    secret = samples.obj("v1", "Secret", ns, "generated", data={"key": "MQ=="}, metadata=once)
    assert results(await shop.apply(secret)) == {f"Secret/{ns}/generated": "created"}
    await shop.kubectl("patch", "secret", "generated", "-p", '{"data": {"key": "Mg=="}}')
    later = await shop.apply(secret | {"data": {"key": "Mw=="}})
    assert results(later) == {f"Secret/{ns}/generated": "skipped"}
    assert (await shop.live("secrets/generated"))["data"] == {"key": "Mg=="}


async def test_what_is_applied_once_and_appeared_since_the_plan_is_kept_as_it_is(shop):
    ns = shop.fleet
    once = {"annotations": {"roadstead.dev/apply": "once"}}
    shop.wants["web"] = (samples.obj("v1", "Secret", ns, "generated", data={"key": "MQ=="}, metadata=once),)
    plan = await shop.plan()
    await shop.kubectl("create", "secret", "generic", "generated", "--from-literal=key=theirs")
    assert results(await shop.step(plan=plan)) == {f"Secret/{ns}/generated": "kept"}
    assert (await shop.live("secrets/generated"))["data"] == {"key": "dGhlaXJz"}


async def test_what_admission_changed_is_said_once(own_clusters, unique):
    (cluster,) = own_clusters(1, arguments=admission.ARGUMENTS).clusters
    await cluster.create_namespace(unique)
    await admission.without_replicas(cluster)
    async with connected(cluster) as client:
        shop = Shop(client, fleet=unique, server=cluster)
        wanted = samples.deployment(unique, replicas=1)
        said = notes(await shop.apply(wanted))
        assert said == {f"Deployment/{unique}/web": ("changed by admission: spec.replicas 1 -> 0",)}
        assert notes(await shop.apply(wanted)) == {}


async def test_after_a_stop_nothing_more_is_written_and_the_inventory_is_a_superset(shop):
    ns = shop.fleet
    wanted = [samples.config_map(ns, f"c{number}") for number in range(30)]
    shop.wants["web"] = tuple(wanted)
    told = []

    def tell(outcome):
        told.append(outcome)
        if len(told) == 3:
            shop.stop.set()

    shop.slots = asyncio.Semaphore(1)
    plan = await shop.plan()
    outcome = await shop.step(plan=plan, tell=tell)
    done = [one for one in outcome.objects if one.result is Result.CREATED]
    skipped = [one for one in outcome.objects if one.result is Result.SKIPPED]
    assert len(done) in (3, 4)
    assert len(done) + len(skipped) == 30
    assert {one.problem.reason for one in skipped} == {reasons.INTERRUPTED}
    assert len(await shop.owned()) == 30
    shop.stop = asyncio.Event()
    again = await shop.step()
    assert sum(one.result is Result.CREATED for one in again.objects) == 30 - len(done)
    assert not again.failed


async def test_a_cluster_that_goes_away_fails_what_was_under_way_and_skips_the_rest(own_clusters, unique):
    (cluster,) = own_clusters(1).clusters
    await cluster.create_namespace(unique)
    async with connected(cluster) as client:
        shop = Shop(client, fleet=unique, server=cluster)
        shop.wants["web"] = tuple(samples.config_map(unique, f"c{number}") for number in range(60))
        shop.slots = asyncio.Semaphore(2)
        plan = await shop.plan()
        killed = asyncio.Event()

        def tell(outcome):
            if outcome.result is Result.CREATED:
                killed.set()

        async def kill():
            await killed.wait()
            await cluster.kill()

        async with asyncio.TaskGroup() as group:
            group.create_task(kill())
            outcome = await shop.step(plan=plan, tell=tell)
        found = {one.problem.reason for one in outcome.objects if one.problem}
        assert found == {reasons.UNREACHABLE}
        assert sum(one.result is Result.FAILED for one in outcome.objects) <= 2
        await cluster.start_apiserver()
        assert len(await shop.owned()) == 60
        await shop.step()
        assert set(results(await shop.step()).values()) == {"unchanged"}


async def test_what_our_identity_may_not_do_is_said_per_object(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    async with connected(cluster) as own, connected(cluster, "viewer") as viewer:
        shop = Shop(own, fleet=unique, server=cluster, acting=viewer)
        outcome = await shop.apply(samples.config_map(unique))
        (one,) = outcome.objects
        assert (one.result, one.problem.reason) == (Result.FAILED, reasons.FORBIDDEN)
        assert 'user "viewer" cannot patch resource "configmaps"' in one.problem.cause.lower()
        assert await shop.owned() == [f"ConfigMap/{unique}/a"]


async def test_throttling_is_waited_out(own_clusters, unique):
    """A server with hardly any seats answers 429 with Retry-After under load."""
    arguments = [
        "--max-requests-inflight=2",
        "--max-mutating-requests-inflight=1",
        "--enable-priority-and-fairness=false",
    ]
    (cluster,) = own_clusters(1, arguments=arguments).clusters
    await cluster.create_namespace(unique)
    async with connected(cluster) as client:
        shop = Shop(client, fleet=unique, server=cluster)
        outcome = await shop.apply(*(samples.config_map(unique, f"c{number}") for number in range(40)))
        assert set(results(outcome).values()) == {"created"}
        assert causes(outcome) == {}


@pytest.mark.parametrize("count", [700])
async def test_a_large_bundle_keeps_its_inventory_in_shards(shop, count):
    wanted = [samples.config_map(shop.fleet, f"c{number}") for number in range(count)]
    outcome = await shop.apply(*wanted)
    assert set(results(outcome).values()) == {"created"}
    stored = (await shop.inventories())["web"]
    assert len(stored.entries) == count
    assert len(stored.parent.shards) == 1
    mark = shop.server.mark()
    assert set(results(await shop.apply(*wanted)).values()) == {"unchanged"}
    assert shop.writes(mark) == []
