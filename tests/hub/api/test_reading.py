"""What is asked of the API and what is refused, all of one hub: filters, orders and sums; wrong parameters."""

import pytest
import pytest_asyncio

from roadstead.hub.api import routes
from roadstead.world.store import reading
from tests.hub.api import stores
from tests.hub.api.stores import names, pages

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(tmp_path_factory):
    async with stores.serving(tmp_path_factory.mktemp("hub")) as made:
        await stores.fill(made)
        yield made


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param({"cluster": ["c2"]}, ["db@c2", "web@c2"], id="of a cluster"),
        pytest.param({"cluster": ["c2", "c3"], "bundle": "db"}, ["db@c2", "db@c3"], id="of both"),
        pytest.param({"selector": "tier=development"}, ["db@c3", "web@c3"], id="by labels, as Git has them"),
        pytest.param({"selector": "tier=development", "cluster": "c1"}, [], id="by labels and name"),
        pytest.param({"standing": ["failed", "drifted"]}, ["web@c2", "web@c3"], id="by standing"),
        pytest.param({"text": "NO IMAGE"}, ["web@c2"], id="by text"),
        pytest.param(
            {"order": "worst"},
            ["web@c2", "web@c3", "db@c1", "web@c1", "db@c2", "db@c3"],
            id="the worst first",
        ),
        pytest.param(
            {"order": "bundle"}, ["db@c1", "db@c2", "db@c3", "web@c1", "web@c2", "web@c3"], id="by bundle"
        ),
    ],
)
async def test_statuses_by_filter_and_order_however_small_the_pages(hub, query, found):
    assert names(await pages(hub, "/statuses", limit=2, **query)) == found
    assert names(await hub.items("/statuses", **query)) == found
    sums = {name: value for name, value in query.items() if name != "order"}
    status, answer = await hub.get("/statuses/counts", **sums)
    assert (status, sum(answer["all"].values())) == (200, len(found))


async def test_sums_are_told_by_cluster_or_by_bundle(hub):
    assert (await hub.get("/statuses/counts", by="bundle"))[1] == {
        "all": {"ready": 4, "failed": 1, "drifted": 1},
        "by": {"db": {"ready": 3}, "web": {"ready": 1, "failed": 1, "drifted": 1}},
    }
    assert (await hub.get("/statuses/counts", by="cluster"))[1]["by"]["c2"] == {"ready": 1, "failed": 1}


async def test_the_fleet_tells_what_is_followed_and_how_it_stands(hub):
    status, fleet = await hub.get("/fleet")
    assert status == 200
    desired = hub.serving.reconciling.following.desired
    assert (fleet["name"], fleet["hub"]) == ("shop", "hub@test")
    assert fleet["commit"] == desired.snapshot.fleet.commit
    assert fleet["bundles"] == {"ready": 4, "failed": 1, "drifted": 1}
    assert sum(fleet["clusters"].values()) == 3
    assert (fleet["problem"], fleet["problems"], fleet["found"], fleet["holds"]) == (None, [], 0, 0)


async def test_one_cluster_and_one_bundle_with_what_is_there(hub):
    status, cluster = await hub.get("/clusters/c2", order="worst")
    assert (status, cluster["counts"]) == (200, {"ready": 1, "failed": 1})
    assert names(cluster["items"]) == ["web@c2", "db@c2"]
    assert cluster["queue"]["due"] == 0
    status, bundle = await hub.get("/bundles/web")
    assert (status, bundle["clusters"]) == (200, 3)
    assert names(bundle["items"]) == ["web@c1", "web@c2", "web@c3"]
    found = await pages(hub, "/bundles", limit=1)
    assert [(one["name"], one["clusters"]) for one in found] == [("db", 3), ("web", 3)]
    assert [one["name"] for one in await hub.items("/bundles", text="WE")] == ["web"]


async def test_deviations_tell_the_field_both_values_and_who(hub):
    assert await hub.items("/deviations", trouble="drifted") == [
        {
            "cluster": "c3",
            "bundle": "web",
            "object": "Deployment/web/web",
            "trouble": "drifted",
            "since": "2026-05-04T12:00:00.123456Z",
            "field": "spec.replicas",
            "manager": "kubectl-edit",
            "time": "2026-05-04T11:59:55.123456Z",
            "before": 3,
            "after": 1,
            "message": "",
        }
    ]
    assert [one["object"] for one in await pages(hub, "/deviations", limit=1)] == [
        "Deployment/web/web",
        "Pod/web/x",
    ]
    assert len(await hub.items("/deviations", object="Pod/web/x", text="IMAGE")) == 1
    assert await hub.items("/deviations", selector="tier=production") == []


async def test_a_search_for_objects_names_the_clusters_that_it_did_not_see(hub):
    status, found = await hub.get("/objects", selector="tier=production")
    assert (status, found) == (200, {"items": [], "after": None, "unseen": ["c1", "c2"]})


async def test_who_asks_is_told_who_they_are(hub):
    assert (await hub.get("/me", token=stores.WEB_IN_PRODUCTION))[1] == {
        "name": "token:web",
        "grants": [{"role": "viewer", "bundles": "web", "clusters": "tier=production"}],
        "csrf": None,
    }
    assert (await hub.get("/me"))[1]["grants"] == [{"role": "viewer", "bundles": "all", "clusters": "all"}]


@pytest.mark.parametrize(
    ("path", "query", "field", "cause", "hint"),
    [
        pytest.param(
            "/statuses", {"limit": "0"}, "limit", "limit: expected `int` >= 1, found '0'",
            "give a number from 1 to 1000", id="too small",
        ),
        pytest.param(
            "/statuses", {"limit": "many"}, "limit", "limit: expected `int`, got `str`, found 'many'",
            "give a number from 1 to 1000", id="no number",
        ),
        pytest.param(
            "/statuses", {"standing": ["ready", "sad"]}, "standing",
            "standing: invalid enum value 'sad', found 'ready', 'sad'", "give one of blocked, failed, unreachable, "
            "drifted, frozen, waiting, progressing, pending, unknown, ready", id="no such word",
        ),
        pytest.param(
            "/statuses", {"standng": "ready"}, "standng", "there is no such parameter, found 'standng'",
            "did you mean standing?", id="no such parameter",
        ),
        pytest.param(
            "/events", {"since": "yesterday"}, "since", "since: invalid RFC3339 encoded datetime, found 'yesterday'",
            "give a moment as 2026-05-04T12:00:00Z", id="no moment",
        ),
        pytest.param(
            "/statuses", {"order": ["worst", "bundle"]}, "order",
            "order: expected one value, found 'worst', 'bundle'", "give one of cluster, bundle, worst", id="two",
        ),
        pytest.param(
            "/clusters", {"text": "a\0b"}, "text", "text: expected text, found 'a\\x00b'", "give it once, as text",
            id="a character that no database keeps",
        ),
        pytest.param(
            "/statuses", {"after": "nonsense"}, "after", "no place in a list: 'nonsense'",
            "begin again with the first page", id="no cursor",
        ),
        pytest.param(
            "/deviations", {"after": reading.cursor(2**63)}, "after", "no place in a list: 'WzkyMjMzNzIwMzY4NTQ3NzU4MDhd'",
            "begin again with the first page", id="another list's cursor",
        ),
    ],
)  # fmt: skip
async def test_a_wrong_parameter_is_named_with_what_may_be_given(hub, path, query, field, cause, hint):
    async with hub.asked(path, **query) as answer:
        assert (answer.status, answer.content_type) == (400, "application/problem+json")
        told = await answer.json(content_type=None)
    assert (told["reason"], told["field"], told["cause"], told["hint"]) == ("BadArgument", field, cause, hint)


async def test_a_selector_that_cannot_be_read_is_named_and_all_that_is_wrong_is_told_at_once(hub):
    status, told = await hub.get("/statuses", selector="a in b")
    assert (status, told["reason"], told["field"]) == (400, "BadSelector", "selector")
    status, told = await hub.get("/events", limit=0, level="loud", colour="red")
    assert {one["field"] for one in told["problems"]} == {"limit", "level", "colour"}


@pytest.mark.parametrize("path", ["/clusters/c9", "/bundles/none", "/bundles/", "/nothing"])
async def test_what_is_not_there_is_not_found(hub, path):
    status, told = await hub.get(path)
    assert (status, told["status"], told["reason"]) == (404, 404, "UnknownReference")


async def test_who_shows_nothing_is_told_nothing(hub):
    for resource in routes.RESOURCES:
        path = resource.path.replace("{name}", "c1")
        async with hub.session.get(f"{hub.address}/api/v1{path}") as answer:
            assert answer.status == 401, path
