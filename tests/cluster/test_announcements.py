"""What a run announces before it writes: one Secret for many bundles, that a dead run leaves and the next reads."""

import asyncio

import pytest
from msgspec import structs
from msgspec.structs import replace

from roadstead.model import reasons
from roadstead.model.errors import ConflictError, Problem, RoadsteadError, TransientError
from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Entry, Inventory
from roadstead.stages import apply
from roadstead.world import crash, inventory
from roadstead.world.inventory import Announcements, Claim, names
from roadstead.world.kube.write import Writer
from tests.cluster import samples
from tests.cluster.applying import Shop, results
from tests.cluster.connecting import connected

SECRETS = f"/api/v1/namespaces/{names.NAMESPACE}/secrets"


class Crash(BaseException):
    pass


def claim(before: Inventory, writer: str, *objects: str) -> Claim:
    parent = inventory.claim(before.parent, writer, take_over=True, anew=True)
    ids = [ObjectId("", "ConfigMap", "shop", name) for name in objects]
    return Claim(before, Inventory(parent, {**before.entries, **{one: Entry(one) for one in ids}}))


async def announcements(cluster, fleet: str) -> list[str]:
    found = await cluster.request(
        "GET", f"{SECRETS}?labelSelector={names.ANNOUNCEMENT_LABEL},{names.FLEET_LABEL}={fleet}"
    )
    return [one["metadata"]["name"] for one in found["items"]]


def rules(shop: Shop) -> apply.Rules:
    return apply.Rules(shop.writer, release=True)


async def test_many_bundles_are_announced_by_one_write_and_each_inventory_is_written_once(shop):
    await shop.apply(samples.config_map(shop.fleet, "first"), bundle="first")
    shop.wants.clear()
    for number in range(5):
        shop.wants[f"b{number}"] = (samples.config_map(shop.fleet, f"c{number}"),)
    steps = [(await shop.plan(name), await shop.nothing(name), rules(shop)) for name in shop.wants]
    target = shop.target
    mark = shop.server.mark()
    await apply.announce(target, steps, deadline=240.0, stop=asyncio.Event())
    assert len(await announcements(shop.server, shop.fleet)) == 1
    assert len(await shop.inventories()) == 6
    for plan, owned, each in steps:
        outcome = await apply.step(target, plan, owned, each, deadline=240.0, stop=asyncio.Event())
        assert set(results(outcome).values()) == {"created"}
    secrets = [one for one in shop.writes(mark) if "secrets" in one]
    assert [one.split()[0] for one in secrets] == ["create"] * 6 + ["delete"]
    assert await announcements(shop.server, shop.fleet) == []
    assert {one.parent.announcements for one in (await shop.inventories()).values()} == {()}


async def test_bundles_that_ask_at_once_are_announced_together_and_leave_nothing(clusters, unique):
    (cluster,) = clusters(1)
    async with connected(cluster) as client:
        run = Announcements()

        async def whole(number: int) -> None:
            nothing = inventory.empty(unique, Key(f"b{number}", "c1"))
            mine = claim(nothing, "hub", f"c{number}")
            await run.claim(client, Writer(client), mine)
            await asyncio.sleep(0.01 * (number % 3))
            await inventory.write(client, Writer(client), before=nothing, after=mine.after)
            await run.written(client, Writer(client), mine.name)

        mark = cluster.mark()
        async with asyncio.TaskGroup() as group:
            for number in range(30):
                group.create_task(whole(number))
        deleted = [one.name for one in cluster.requests(since=mark) if one.verb == "delete"]
        assert len(deleted) == len(set(deleted)) <= 3, "what comes while one is written goes with the next"
        assert await announcements(cluster, unique) == []
        assert len((await inventory.read_all(client, unique)).inventories) == 30


async def test_the_first_run_on_a_cluster_sees_to_the_namespace_before_it_is_missed(own_clusters, unique):
    (cluster,) = own_clusters(1).clusters
    async with connected(cluster) as client:
        nothing = inventory.empty(unique, Key("b", "c1"))
        mark = cluster.mark()
        await Announcements().claim(client, Writer(client), claim(nothing, "hub", "c"))
        written = [(one.verb, one.resource) for one in cluster.requests(since=mark) if one.writes]
        assert written == [("create", "namespaces"), ("create", "secrets")]
        assert len(await announcements(cluster, unique)) == 1


async def test_who_gathered_for_one_that_failed_announces_for_itself(clusters, unique):
    (cluster,) = clusters(1)
    async with connected(cluster) as client:
        run, writer = Announcements(), Writer(client)

        class Broken(Writer):
            async def create(self, *arguments, **named):
                await asyncio.sleep(0.05)
                raise TransientError(Problem(reasons.SERVER_ERROR, "it does not answer"))

        claims = [claim(inventory.empty(unique, Key(f"b{n}", "c1")), "hub", f"c{n}") for n in range(3)]
        broken = asyncio.create_task(run.claim(client, Broken(client), claims[0]))
        await asyncio.sleep(0)
        async with asyncio.TaskGroup() as group:
            for one in claims[1:]:
                group.create_task(run.claim(client, writer, one))
        with pytest.raises(TransientError):
            await broken
        assert len(await announcements(cluster, unique)) == 1
        assert set((await inventory.read_all(client, unique)).inventories) == {"b1", "b2"}


async def test_a_plan_that_writes_more_than_was_announced_is_announced_anew(shop):
    shop.wants["web"] = (samples.config_map(shop.fleet, "a"),)
    target, nothing = shop.target, await shop.nothing("web")
    before = await shop.plan()
    await apply.announce(target, [(before, nothing, rules(shop))], deadline=240.0, stop=asyncio.Event())
    shop.wants["web"] = (samples.config_map(shop.fleet, "a"), samples.config_map(shop.fleet, "b"))
    plan = replace(await shop.plan(), parent=before.parent)
    outcome = await apply.step(target, plan, nothing, rules(shop), deadline=240.0, stop=asyncio.Event())
    assert set(results(outcome).values()) == {"created"}
    assert await announcements(shop.server, shop.fleet) == []


async def test_what_a_run_announced_that_died_before_its_first_inventory_is_found(shop, monkeypatch):
    """Git drops an object meanwhile."""
    ns = shop.fleet
    shop.wants["web"] = (samples.config_map(ns, "kept"), samples.config_map(ns, "written"))
    plan = await shop.plan()

    def dies(point: str) -> None:
        if point == "level-written":
            raise Crash

    with monkeypatch.context() as patched, pytest.raises(Crash):
        patched.setattr(crash, "here", dies)
        await shop.step(plan=plan)
    shop.wants["web"] = (samples.config_map(ns, "kept"),)
    assert len(await announcements(shop.server, ns)) == 1
    assert set(results(await shop.step()).values()) == {"unchanged", "deleted"}
    assert await announcements(shop.server, ns) == []
    assert await shop.owned() == [f"ConfigMap/{ns}/kept"]


async def test_an_object_that_was_announced_only_and_that_somebody_else_made_is_left_alone(shop):
    ns = shop.fleet
    shop.wants["web"] = (samples.config_map(ns, "kept"), samples.config_map(ns, "announced"))
    steps = [(await shop.plan(), await shop.nothing("web"), rules(shop))]
    await apply.announce(shop.target, steps, deadline=240.0, stop=asyncio.Event())
    await shop.server.request(
        "POST", f"/api/v1/namespaces/{ns}/configmaps", samples.config_map(ns, "announced")
    )
    shop.wants["web"] = (samples.config_map(ns, "kept"),)
    assert results(await shop.step()) == {
        f"ConfigMap/{ns}/kept": "created",
        f"ConfigMap/{ns}/announced": "skipped",
    }
    assert await shop.live("configmaps/announced")
    assert await shop.owned() == [f"ConfigMap/{ns}/kept"]


async def test_of_two_runs_that_announce_at_once_one_is_fenced(clusters, unique):
    async with connected(clusters(1)[0]) as client:
        nothing = inventory.empty(unique, Key("web", "c1"))

        async def run(writer: str) -> RoadsteadError | None:
            try:
                await Announcements().claim(client, Writer(client), claim(nothing, writer, "a"))
            except ConflictError as error:
                return error
            return None

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run(writer)) for writer in ("ci", "laptop")]
        [fenced] = [error for task in tasks if (error := task.result())]
        assert fenced.problem.reason is reasons.FENCED
        assert "writes this bundle since epoch 1" in fenced.problem.cause


async def test_who_read_a_claim_takes_it_over_and_the_one_before_is_told(clusters, unique):
    async with connected(clusters(1)[0]) as client:
        first, second = Announcements(), Announcements()
        mine = claim(inventory.empty(unique, Key("web", "c1")), "laptop", "a")
        await first.claim(client, Writer(client), mine)
        assert await inventory.rival(client, mine.after.parent) is None
        read = (await inventory.read_all(client, unique)).inventories["web"]
        assert (read.parent.writer, read.parent.epoch, len(read.parent.announcements)) == ("laptop", 1, 1)
        await second.claim(client, Writer(client), claim(read, "laptop", "b"))
        rival = await inventory.rival(client, mine.after.parent)
        assert rival is not None and rival.epoch == 2
        both = (await inventory.read_all(client, unique)).inventories["web"]
        assert {one.name for one in both.entries} == {"a", "b"}


async def test_who_meets_another_parent_than_it_read_is_told(clusters, unique):
    async with connected(clusters(1)[0]) as client:
        nothing = inventory.empty(unique, Key("web", "c1"))
        done = claim(nothing, "ci", "a")
        await inventory.write(client, Writer(client), before=nothing, after=done.after)
        with pytest.raises(ConflictError, match="ci writes this bundle since epoch 1"):
            await Announcements().claim(client, Writer(client), claim(nothing, "laptop", "b"))


async def test_an_announcement_that_nobody_deleted_counts_no_more_and_is_swept_by_the_next_run(
    clusters, unique
):
    (cluster,) = clusters(1)
    async with connected(cluster) as client:
        nothing = inventory.empty(unique, Key("web", "c1"))
        mine = claim(nothing, "laptop", "a")
        await Announcements().claim(client, Writer(client), mine)
        entries = {one: structs.replace(each, uid="u") for one, each in mine.after.entries.items()}
        closed = replace(mine.after, entries=entries)
        await inventory.write(client, Writer(client), before=nothing, after=closed)
        read = (await inventory.read_all(client, unique)).inventories["web"]
        assert (read.parent.epoch, read.parent.announcements) == (1, ())
        other = inventory.empty(unique, Key("other", "c1"))
        await Announcements().claim(client, Writer(client), claim(other, "laptop", "b"))
        assert len(await announcements(cluster, unique)) == 1


async def test_a_large_bundle_is_announced_in_parts_and_its_shards_are_written_whole(clusters, unique):
    (cluster,) = clusters(1)
    async with connected(cluster) as client:
        nothing = inventory.empty(unique, Key("web", "c1"))
        objects = [f"c{number}" for number in range(5_000)]
        run = Announcements()
        mine = claim(nothing, "laptop", *objects)
        await run.claim(client, Writer(client), mine)
        assert len(await announcements(cluster, unique)) == 3
        stored = await inventory.write(client, Writer(client), before=nothing, after=mine.after)
        await run.written(client, Writer(client), mine.name)
        assert await announcements(cluster, unique) == []
        dead = claim((await inventory.read_all(client, unique)).inventories["web"], "laptop", "new")
        await Announcements().claim(client, Writer(client), dead)
        read = (await inventory.read_all(client, unique)).inventories["web"]
        assert len(read.entries) == 5_001
        assert set(read.parent.strays) == set(stored.parent.shards)
        last = claim(read, "laptop")
        await inventory.write(client, Writer(client), before=read, after=last.after)
        assert len((await inventory.read_all(client, unique)).inventories["web"].entries) == 5_001


async def test_an_announcement_that_cannot_be_read_stops_everything_on_its_cluster(clusters, unique):
    """What it names is not known, nor which bundles it is about."""
    (cluster,) = clusters(1)
    async with connected(cluster) as client:
        nothing = inventory.empty(unique, Key("web", "c1"))
        await Announcements().claim(client, Writer(client), claim(nothing, "laptop", "a"))
        [name] = await announcements(cluster, unique)
        found = await cluster.request("GET", f"{SECRETS}/{name}")
        await cluster.request("DELETE", f"{SECRETS}/{name}")
        metadata = {key: found["metadata"][key] for key in ("name", "namespace", "labels")}
        broken = {"type": names.TYPE, "metadata": metadata, "data": {"claims": "eA=="}}
        await cluster.request("POST", SECRETS, broken)
        with pytest.raises(RoadsteadError, match="its claims cannot be read") as caught:
            await inventory.read_all(client, unique)
        assert caught.value.problem.reason is reasons.INVENTORY_BROKEN
