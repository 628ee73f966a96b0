"""Lists of the API over a real store: pages, filters, orders and sums say what is in it."""

from itertools import pairwise

import pytest

from roadstead.engine.reach import Reaching
from roadstead.model import reasons
from roadstead.model.decision import Decision, DecisionKind
from roadstead.model.errors import Problem
from roadstead.model.events import Event, Level
from roadstead.model.ids import Key
from roadstead.model.record import Record, RecordKind, Touched
from roadstead.model.status import ClusterStatus, Commit, Status
from tests.hub.api import stores
from tests.hub.api.stores import NOON, at, names, pages


@pytest.fixture
async def hub(tmp_path):
    async with stores.serving(tmp_path) as made:
        await stores.fill(made)
        yield made


async def test_clusters_are_those_of_git_and_those_that_are_there_no_more(hub):
    await hub.store.clusters.put(ClusterStatus("c0", {"tier": "old"}))
    found = await pages(hub, "/clusters", limit=2)
    assert [(one["name"], one["state"], one["labels"].get("tier")) for one in found] == [
        ("c0", "gone", "old"),
        ("c1", "active", "production"),
        ("c2", "active", "production"),
        ("c3", "active", "development"),
    ]
    assert found[2]["counts"] == {"ready": 1, "failed": 1}
    assert [one["name"] for one in await hub.items("/clusters", selector="tier!=production")] == ["c0", "c3"]
    assert [one["name"] for one in await hub.items("/clusters", text="NO route")] == ["c3"]


async def test_what_is_on_a_cluster_that_is_lost_is_unreachable_until_it_is_back(hub):
    cluster = hub.serving.reconciling.following.desired.resolution.clusters["c1"]
    reaching = Reaching(hub.serving.shared, cluster)
    reaching.lost(Problem(reasons.UNREACHABLE, "no route to host", cluster="c1"))
    await hub.store.events.add(Event(NOON, "x", "y"))  # what was noted is written before it
    worst = await hub.items("/statuses", order="worst", limit=3)
    assert names(worst) == ["web@c2", "db@c1", "web@c1"]
    assert [one["standing"] for one in worst] == ["failed", "unreachable", "unreachable"]
    assert (await hub.get("/fleet"))[1]["bundles"]["unreachable"] == 2
    (event,) = await hub.items("/events", kind="cluster-unreachable")
    assert event["reason"] == "Unreachable"
    reaching.found(None)
    await hub.store.events.add(Event(NOON, "x", "y"))
    assert "unreachable" not in (await hub.get("/statuses/counts"))[1]["all"]


async def test_a_bundle_of_a_source_has_a_slash_in_its_name(hub):
    await hub.store.statuses.put(Status(Key("team/api", "c1")))
    status, bundle = await hub.get("/bundles/team/api")
    assert (status, names(bundle["items"])) == (200, ["team/api@c1"])


async def test_events_by_page_and_filter_the_newest_first(hub):
    await hub.store.events.add(
        *(
            Event(at(number), kind, f"number {number}", level, f"c{number}", "web", data={"n": number})
            for number, (kind, level) in enumerate(
                [("drift", Level.WARNING), ("applied", Level.INFO), ("drift", Level.ERROR)], start=1
            )
        )
    )
    found = await pages(hub, "/events", limit=1)
    assert [one["id"] for one in found] == [3, 2, 1]
    assert (found[0]["data"], found[0]["time"]) == ({"n": 3}, "2026-05-04T12:00:03.123456Z")
    for query, ids in (
        ({"kind": "drift"}, [3, 1]),
        ({"level": ["info", "error"]}, [3, 2]),
        ({"cluster": "c1"}, [1]),
        ({"selector": "tier=production"}, [2, 1]),
        ({"text": "BER 2"}, [2]),
        ({"since": at(2).isoformat(), "until": at(3).isoformat()}, [2]),
    ):
        assert [one["id"] for one in await hub.items("/events", **query)] == ids, query


async def test_history_has_the_commits_that_were_seen(hub):
    await hub.store.revisions.put(
        *(Commit("", f"{number}" * 40, "refs/heads/main", at(number), "Ada", "change") for number in range(3))
    )
    found = await pages(hub, "/history", limit=2)
    assert [one["commit"][0] for one in found] == ["2", "1", "0"]
    assert await hub.items("/history", source="team") == []


async def test_records_by_object_actor_and_time_as_they_were_chained(hub):
    journal = hub.store.journal
    touched = (Touched("Deployment/shop/web", "update", "v1:aa", "v1:bb", ("spec.replicas",)),)
    begun = await journal.begin(
        Record(RecordKind.INTENT, NOON, "hub@test", "c1", "web", "4be1", objects=touched)
    )
    await journal.close(begun, Record(RecordKind.OUTCOME, at(1), "hub@test", "c1", "web", result="done"))
    await journal.add(Record(RecordKind.DECISION, at(2), "ann", "c2", "db", message="INC-1"))
    found = await pages(hub, "/records", limit=2)
    assert [one["kind"] for one in found] == ["decision", "outcome", "intent"]
    assert all(older["hash"] == newer["previous"] for newer, older in pairwise(found))
    assert found[1]["closes"] == ["hub@test", 1]
    for query, kinds in (
        ({"object": "Deployment/shop/web"}, ["intent"]),
        ({"object": "web"}, ["intent"]),
        ({"actor": "ann"}, ["decision"]),
        ({"kind": ["outcome", "intent"]}, ["outcome", "intent"]),
        ({"since": at(1).isoformat(), "until": at(2).isoformat()}, ["outcome"]),
        ({"cluster": "c2"}, ["decision"]),
    ):
        assert [one["kind"] for one in await hub.items("/records", **query)] == kinds, query


async def test_decisions_are_those_that_stand_or_all(hub):
    now = hub.serving.shared.world.now
    holds = [
        Decision("hold-1", DecisionKind.HOLD, "ann", "INC-1", NOON, clusters=("c1",), action="freeze"),
        Decision("hold-2", DecisionKind.HOLD, "ann", "INC-2", NOON, lifted=now, lifted_by="ben"),
    ]
    await hub.store.decisions.put(*holds)
    assert [one["id"] for one in await hub.items("/decisions")] == ["hold-1"]
    found = await pages(hub, "/decisions", every="true", limit=1)
    assert [(one["id"], one["stands"], one["lifted_by"]) for one in found] == [
        ("hold-1", True, ""),
        ("hold-2", False, "ben"),
    ]
    assert (await hub.get("/fleet"))[1]["holds"] == 1


async def test_bundles_are_selected_by_their_labels_as_clusters_are(hub):
    found = await hub.items("/bundles")
    assert [(one["name"], one["labels"]) for one in found] == [("db", {}), ("web", {"team": "shop"})]
    assert [one["name"] for one in await hub.items("/bundles", selector="team=shop")] == ["web"]
    assert [one["name"] for one in await hub.items("/bundles", text="TEAM=sh")] == ["web"]
    assert {one["bundle"] for one in await hub.items("/statuses", bundleSelector="team")} == {"web"}
    assert await hub.items("/statuses", bundleSelector="team", bundle="db") == []
    assert {one["bundle"] for one in await hub.items("/deviations", bundleSelector="team!=shop")} == set()
    status, told = await hub.get("/statuses", bundleSelector="a=b=c,")
    assert (status, told["field"]) == (400, "bundleSelector")
