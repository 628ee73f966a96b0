"""What holds for every answer of the API: errors say what to do, nothing is sent twice, nobody sees too much."""

import gzip

import pytest

from roadstead.model.decision import Decision, DecisionKind
from roadstead.model.events import Event
from roadstead.model.ids import Key
from roadstead.model.record import Record, RecordKind
from roadstead.model.status import Status
from tests.hub.api import stores
from tests.hub.api.stores import NOON, WEB_IN_PRODUCTION


@pytest.fixture
async def hub(tmp_path):
    async with stores.serving(tmp_path) as made:
        await stores.fill(made)
        yield made


async def test_what_is_known_already_is_not_sent_again(hub):
    async with hub.asked("/statuses") as first:
        tag = first.headers["ETag"]
    async with hub.asked("/statuses", headers={"If-None-Match": f'"other", {tag}'}) as again:
        assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", tag)
    await hub.store.statuses.put(Status(Key("web", "c1"), message="new"))
    async with hub.asked("/statuses", headers={"If-None-Match": tag}) as new:
        assert (new.status, new.headers["ETag"] == tag) == (200, False)


async def test_large_answers_are_packed_for_who_can_unpack_them(hub):
    await hub.store.statuses.put(*(Status(Key("web", f"x{number:03}")) for number in range(200)))
    url = f"{hub.address}/api/v1/statuses?limit=200"
    shown = {"Authorization": f"Bearer {hub.token}"}
    bodies = {}
    for takes in ("gzip, br", "identity", "gzip;q=0"):
        headers = {**shown, "Accept-Encoding": takes}
        async with hub.session.get(url, headers=headers, auto_decompress=False) as answer:
            bodies[takes] = (answer.headers.get("Content-Encoding"), await answer.read())
    assert [packed for packed, _ in bodies.values()] == ["gzip", None, None]
    whole = bodies["identity"][1]
    assert gzip.decompress(bodies["gzip, br"][1]) == whole
    assert len(bodies["gzip, br"][1]) < len(whole) / 8


async def test_nobody_is_told_of_what_lies_outside_of_their_scope(hub):
    """Somebody who sees the bundle web on the clusters c1 and c2 alone."""
    places = [("", ""), ("", "c1"), ("web", "c1"), ("web", "c3"), ("db", "c1")]
    for bundle, cluster in places:
        await hub.store.events.add(Event(NOON, "drift", "x", cluster=cluster, bundle=bundle))
        await hub.store.journal.add(Record(RecordKind.DRIFT, NOON, "ann", cluster, bundle))
    for number, (bundles, clusters) in enumerate(
        [((), ("c3",)), (("db",), ()), (("web",), ("c2",)), ((), ())]
    ):
        hold = Decision(f"h{number}", DecisionKind.HOLD, "a", "b", NOON, bundles=bundles, clusters=clusters)
        await hub.store.decisions.put(hold)

    async def mine(path, **query):
        return await hub.get(path, token=WEB_IN_PRODUCTION, **query)

    async def seen(path, **query):
        return {(one["bundle"], one["cluster"]) for one in (await mine(path, **query))[1]["items"]}

    allowed = {("web", "c1"), ("web", "c2")}
    assert await seen("/statuses") == await seen("/statuses", text="web", order="worst") == allowed
    assert await seen("/events") == await seen("/records") == {("web", "c1")}
    assert await seen("/deviations") == set()
    assert [one["name"] for one in (await mine("/clusters"))[1]["items"]] == ["c1", "c2"]
    assert [(one["name"], one["clusters"]) for one in (await mine("/bundles"))[1]["items"]] == [("web", 2)]
    assert (await mine("/statuses/counts"))[1]["all"] == {"ready": 1, "failed": 1}
    assert (await mine("/clusters/c1"))[1]["counts"] == {"ready": 1}
    assert (await mine("/clusters/c3"))[0] == (await mine("/bundles/db"))[0] == 404
    assert [one["id"] for one in (await mine("/decisions"))[1]["items"]] == ["h2", "h3"]
    fleet = (await mine("/fleet"))[1]
    assert (fleet["bundles"], sum(fleet["clusters"].values()), fleet["holds"]) == (
        {"ready": 1, "failed": 1},
        2,
        2,
    )
