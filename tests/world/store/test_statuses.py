"""Statuses, clusters and deviations: what is put is read again, by page, by filter, in sums."""

import pytest
from msgspec.structs import replace

from roadstead.model.errors import UsageError
from roadstead.model.ids import Key
from roadstead.model.person import Rectangle, Scope
from roadstead.model.status import ClusterStatus, Deviation, Reach, Standing, Trouble
from roadstead.world.store.deviations import Where as Deviating
from roadstead.world.store.statuses import Order, Where
from tests.world.store.samples import NOON, at, status


async def pages(read, **how):
    """All items, page by page."""
    items, after = [], None
    while True:
        page = await read(after=after, **how)
        items += page.items
        assert len(page.items) <= how["limit"]
        if page.after is None:
            return items
        after = page.after


@pytest.fixture
async def fleet(opened):
    """Four bundles on five clusters, with one failed, one blocked and one drifted among the ready."""
    special = {
        ("web", "c3"): status("web", "c3", Standing.FAILED, message="Deployment/shop/web: 100% broken"),
        ("db", "c1"): status("db", "c1", Standing.BLOCKED, reason="BadYaml"),
        ("team/api", "c4"): status("team/api", "c4", Standing.DRIFTED, drifted=2, objects=7),
    }
    bundles, clusters = ("db", "mon", "team/api", "web"), [f"c{number}" for number in range(5)]
    found = [special.get((b, c)) or status(b, c) for b in bundles for c in clusters]
    await opened.statuses.put(*found)
    return opened


async def test_a_status_is_read_as_it_was_put(opened):
    put = status(
        "web", "c1", Standing.DRIFTED, staged="v1:aa", released="v1:bb", applied="v1:cc", ready="v1:dd",
        commit="4be1", reason="NotReady", message="ü → 'x'", objects=4, unready=1, drifted=2, added=3,
    )  # fmt: skip
    await opened.statuses.put(put)
    assert await opened.statuses.get(Key("web", "c1")) == put


async def test_a_later_status_takes_the_place_of_the_earlier(opened):
    await opened.statuses.put(status("web", "c1", Standing.PENDING, message="old"))
    await opened.statuses.put(status("web", "c1"))
    assert (await opened.statuses.page()).items == (status("web", "c1"),)


@pytest.mark.parametrize("order", list(Order))
async def test_pages_hold_everything_once_in_every_order(fleet, order):
    found = [one.key for one in await pages(fleet.statuses.page, order=order, limit=3)]
    assert len(found) == len(set(found)) == 20


async def test_the_worst_come_first(fleet):
    page = await fleet.statuses.page(order=Order.WORST, limit=3)
    assert [one.standing for one in page.items] == [Standing.BLOCKED, Standing.FAILED, Standing.DRIFTED]


@pytest.mark.parametrize(
    ("where", "count"),
    [
        pytest.param(Where(clusters=frozenset(["c1", "c2"])), 8, id="of two clusters"),
        pytest.param(Where(bundles=frozenset(["team/api"])), 5, id="of a bundle"),
        pytest.param(Where(standings=frozenset([Standing.FAILED, Standing.BLOCKED])), 2, id="by standing"),
        pytest.param(Where(text="TEAM/"), 5, id="by text, in whatever case"),
        pytest.param(Where(text="100% b"), 1, id="a percent sign is no wildcard"),
        pytest.param(Where(text="c3", standings=frozenset([Standing.READY])), 3, id="by text and standing"),
        pytest.param(Where(clusters=frozenset()), 0, id="no cluster is none, not all"),
    ],
)
async def test_filters_choose_pages_and_sums_alike(fleet, where, count):
    assert len((await fleet.statuses.page(where)).items) == count
    assert sum((await fleet.statuses.counts(where)).values()) == count


async def test_sums_by_cluster_and_by_bundle(fleet):
    assert (await fleet.statuses.by_cluster())["c3"] == {Standing.READY: 3, Standing.FAILED: 1}
    assert (await fleet.statuses.by_bundle())["team/api"] == {Standing.READY: 4, Standing.DRIFTED: 1}


async def test_while_a_cluster_is_lost_what_is_no_worse_on_it_is_unreachable(fleet):
    before = (await fleet.statuses.page(Where(clusters=frozenset(["c3"])))).items
    for _ in range(2):
        fleet.statuses.note_reach("c3", is_lost=True)
    await fleet.statuses.put(status("web", "c0"))
    assert (await fleet.statuses.by_cluster())["c3"] == {Standing.FAILED: 1, Standing.UNREACHABLE: 3}
    page = await fleet.statuses.page(order=Order.WORST, limit=3)
    assert [one.standing for one in page.items[1:]] == [Standing.FAILED, Standing.UNREACHABLE]
    fleet.statuses.note_reach("c3", is_lost=False)
    await fleet.statuses.put(status("web", "c0"))
    assert (await fleet.statuses.page(Where(clusters=frozenset(["c3"])))).items == before


async def test_a_cursor_of_another_order_is_refused(fleet):
    page = await fleet.statuses.page(order=Order.WORST, limit=1)
    with pytest.raises(UsageError, match="no place in a list"):
        await fleet.statuses.page(order=Order.CLUSTER, after=page.after)


async def test_what_is_removed_is_forgotten_with_its_deviations(fleet):
    key = Key("web", "c3")
    await fleet.deviations.replace(key, (Deviation(key, "Pod/shop/web", Trouble.UNREADY, NOON),))
    await fleet.statuses.remove(key)
    assert await fleet.statuses.get(key) is None
    assert await fleet.deviations.of(key) == ()
    assert sum((await fleet.statuses.counts()).values()) == 19


async def test_deviations_are_replaced_as_a_whole(opened):
    key = Key("web", "c1")
    first = Deviation(
        key, "ConfigMap/shop/a", Trouble.DRIFTED, NOON, "data.x", "kubectl-edit", at(1), '"1"', '"2"'
    )
    second = Deviation(key, "Service/shop/web", Trouble.ADDED, NOON, "spec.type", message="set by helm")
    await opened.deviations.replace(key, (first, second))
    assert await opened.deviations.of(key) == (first, second)
    await opened.deviations.replace(key, (second,))
    assert await opened.deviations.of(key) == (second,)


async def test_deviations_are_read_by_page_and_filter(opened):
    found = [
        Deviation(
            Key(bundle, cluster), f"ConfigMap/{bundle}/a", trouble, NOON, "data.x", "kubectl-edit", at(1)
        )
        for cluster in ("c1", "c2")
        for bundle in ("db", "web")
        for trouble in (Trouble.CONTESTED, Trouble.DRIFTED)
    ]
    for key in {one.key for one in found}:
        await opened.deviations.replace(key, tuple(one for one in found if one.key == key))
    assert await pages(opened.deviations.page, limit=3) == found
    page = opened.deviations.page
    chosen = Deviating(objects=frozenset(["ConfigMap/web/a"]), troubles=frozenset([Trouble.DRIFTED]))
    assert [one.key.cluster for one in (await page(chosen)).items] == ["c1", "c2"]
    assert len((await page(Deviating(clusters=frozenset(["c1"]), text="KUBECTL"))).items) == 4
    assert (await page(Deviating(scope=Scope(())))).items == ()


async def test_what_may_be_read_is_the_union_of_rectangles(fleet):
    mine = Scope((Rectangle(frozenset(["web"]), frozenset(["c1", "c3"])), Rectangle(None, frozenset(["c4"]))))
    found = [one.key for one in (await fleet.statuses.page(Where(scope=mine))).items]
    assert found == [
        Key("web", "c1"),
        Key("web", "c3"),
        *(Key(b, "c4") for b in ("db", "mon", "team/api", "web")),
    ]
    assert all(mine.holds(*key) for key in found)
    nothing = Where(scope=Scope(()))
    assert await fleet.statuses.counts(nothing) == {}


async def test_since_stays_while_the_word_stays(opened):
    """Whoever tells what he sees need not know since when."""
    for second, standing in (
        (0, Standing.FAILED),
        (5, Standing.FAILED),
        (9, Standing.READY),
        (12, Standing.READY),
    ):
        await opened.statuses.put(replace(status("web", "c1", standing), since=at(second), seen=at(second)))
        found = await opened.statuses.get(Key("web", "c1"))
        assert (found.since, found.seen) == (at(0) if second < 9 else at(9), at(second))
    key = Key("web", "c1")
    for second in (0, 5):
        await opened.deviations.replace(key, (Deviation(key, "Pod/x", Trouble.UNREADY, at(second)),))
        assert [one.since for one in await opened.deviations.of(key)] == [at(0)]
    for second, reach in ((0, Reach.UNREACHABLE), (5, Reach.UNREACHABLE), (9, Reach.REACHABLE)):
        await opened.clusters.put(ClusterStatus("c1", reach=reach, since=at(second)))
        assert (await opened.clusters.get("c1")).since == at(9 if second == 9 else 0)


async def test_clusters_are_read_as_they_were_put(opened):
    found = {
        f"c{number}": ClusterStatus(
            f"c{number}", {"tier": "production"}, reach=Reach.REACHABLE, since=NOON, seen=at(number)
        )
        for number in range(3)
    }
    await opened.clusters.put(*found.values())
    assert await opened.clusters.all() == found
    assert await opened.clusters.get("c1") == found["c1"]


async def test_a_removed_cluster_takes_what_was_known_of_it_along(fleet):
    await fleet.clusters.put(ClusterStatus("c3"), ClusterStatus("c4"))
    await fleet.clusters.remove("c3")
    assert list(await fleet.clusters.all()) == ["c4"]
    assert "c3" not in await fleet.statuses.by_cluster()
