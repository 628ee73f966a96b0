"""Pages, watches and impersonation against a server that plays what real ones rarely do."""

import asyncio
import json

import pytest
from aiohttp import web

from roadstead.model import reasons
from roadstead.model.errors import ConflictError, RoadsteadError, TransientError, UsageError
from roadstead.model.facts import ApiResource
from roadstead.world.kube.access import Impersonation
from roadstead.world.kube.client import Limits
from tests.world.kube.serving import always, answer, refusal, serving

POD = ApiResource("", "v1", "Pod", "pods", True)
NAMESPACES = {
    "kind": "APIGroupDiscoveryList",
    "items": [
        {
            "versions": [
                {
                    "version": "v1",
                    "resources": [{"resource": "namespaces", "responseKind": {"kind": "Namespace"}}],
                }
            ]
        }
    ],
}
IMPERSONATION = ("Impersonate-User", "Impersonate-Group")


def pods(*names: str, resume: str = "", version: str = "7") -> web.Response:
    items = [{"metadata": {"name": name}} for name in names]
    metadata = {"resourceVersion": version, "continue": resume}
    return answer({"kind": "PodList", "metadata": metadata, "items": items or None})


async def paging(request: web.BaseRequest) -> web.Response:
    return pods("c") if "continue=next" in request.query_string else pods("a", "b", resume="next")


async def test_a_list_joins_its_pages_and_says_what_its_items_are():
    async with serving(paging) as server, server.client() as one:
        found = await one.list(POD, page=2)
    assert [item["metadata"]["name"] for item in found.objects()] == ["a", "b", "c"]
    assert {(item["apiVersion"], item["kind"]) for item in found.objects()} == {("v1", "Pod")}
    assert found.resource_version == "7"
    assert [path for _, path, _ in server.seen] == [
        "/api/v1/pods?limit=2",
        "/api/v1/pods?limit=2&continue=next",
    ]


async def test_pages_come_one_by_one():
    async with serving(paging) as server, server.client() as one:
        assert [len(page.items) async for page in one.pages(POD, page=2)] == [2, 1]


async def test_pages_that_took_too_long_are_a_conflict():
    async def expiring(request):
        expired = refusal(410, "Expired", "The provided continue parameter is too old")
        return expired if "continue" in request.query_string else pods("a", resume="next")

    async with serving(expiring) as server, server.client() as one:
        with pytest.raises(ConflictError) as caught:
            await one.list(POD)
    assert str(caught.value).startswith("c1: list Pod failed (Expired): ")


async def test_an_empty_list_is_no_error():
    async with serving(always(pods)) as server, server.client() as one:
        assert (await one.list(POD)).items == []


@pytest.mark.parametrize("body", [{}, {"items": 5}, {"items": []}, {"kind": "Pod"}, [], None, "x"], ids=str)
async def test_a_list_that_is_none_is_never_taken_for_an_empty_one(body):
    async with serving(always(lambda: answer(body))) as server, server.client() as one:
        with pytest.raises(TransientError) as caught:
            await one.list(POD)
    assert "not as an API server does" in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda one: one.version(), id="the version"),
        pytest.param(lambda one: one.identity(), id="the identity"),
        pytest.param(lambda one: one.resources(), id="discovery"),
        pytest.param(lambda one: one.get(POD, "shop", "a"), id="an object"),
    ],
)
async def test_an_empty_answer_means_nothing(call):
    async with serving(always(lambda: answer({}))) as server, server.client() as one:
        with pytest.raises(TransientError) as caught:
            await call(one)
    assert "not as an API server does" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "text"),
    [(404, "404 page not found"), (400, "Client sent an HTTP request to an HTTPS server.")],
    ids=["another path of the server", "TLS left out"],
)
async def test_a_server_without_a_version_is_no_api_server(status, text):
    async with (
        serving(always(lambda: web.Response(status=status, text=text))) as server,
        server.client() as one,
    ):
        with pytest.raises(TransientError) as caught:
            await one.version()
    assert f"not as an API server does: HTTP {status}: {text}" in str(caught.value)
    assert "check the address" in caught.value.problem.hint


def event(kind: str, version: str, **rest) -> bytes:
    return (
        json.dumps({"type": kind, "object": {"metadata": {"resourceVersion": version}} | rest}).encode()
        + b"\n"
    )


def watching(*pieces: bytes, abort: bool = False, then: float = 0):
    """Sends the pieces and closes; `then` is how long it stays silent before."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
            await asyncio.sleep(0)
        await asyncio.sleep(then)
        if abort and request.transport is not None:
            request.transport.abort()
        return response

    return handle


async def follow(one, **options) -> list[tuple[str, str]]:
    found = []
    async for seen in one.watch(POD, resource_version="1", **options):
        found.append((seen.type, seen.resource_version))
    return found


async def test_a_watch_ends_when_the_server_ends_it():
    added = event("ADDED", "2")
    handler = watching(added[:10], added[10:] + event("BOOKMARK", "3"), event("DELETED", "4"))
    async with serving(handler) as server, server.client() as one:
        assert await follow(one) == [("ADDED", "2"), ("BOOKMARK", "3"), ("DELETED", "4")]


async def test_a_watch_from_a_version_too_old_is_a_conflict():
    gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version: 1 (9)"}
    handler = watching(json.dumps({"type": "ERROR", "object": gone}).encode() + b"\n")
    async with serving(handler) as server, server.client() as one:
        with pytest.raises(ConflictError) as caught:
            await follow(one)
    assert str(caught.value) == "c1: watch Pod failed (Expired): too old resource version: 1 (9)"


async def test_a_watch_that_is_refused_says_why():
    handler = always(
        lambda: refusal(403, "Forbidden", 'pods is forbidden: User "v" cannot watch resource "pods"')
    )
    async with serving(handler) as server, server.client() as one:
        with pytest.raises(RoadsteadError) as caught:
            await follow(one)
    assert caught.value.problem.reason is reasons.FORBIDDEN


async def test_a_watch_that_breaks_off_is_unreachable_after_what_it_told():
    async with serving(watching(event("ADDED", "2"), abort=True)) as server, server.client() as one:
        found = []
        with pytest.raises(TransientError):
            async for seen in one.watch(POD, resource_version="1"):
                found.append(seen.type)
    assert found == ["ADDED"]


async def test_a_silent_watch_is_given_up():
    limits = Limits(silence=0.2)
    handler = watching(event("ADDED", "2"), then=30)
    async with serving(handler) as server, server.client(limits=limits) as one:
        with pytest.raises(TransientError) as caught:
            await follow(one)
    assert str(caught.value) == f"c1: watch Pod failed (Unreachable): {server.url}: no answer within 0.2 s"


async def test_a_line_that_is_no_event_is_told():
    async with serving(watching(b"<html>\n")) as server, server.client() as one:
        with pytest.raises(TransientError) as caught:
            await follow(one)
    assert "not as an API server does" in str(caught.value)


async def test_a_watch_that_is_left_closes_its_connection():
    closed = asyncio.Event()

    async def endless(request):
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(event("MODIFIED", "2"))
                await asyncio.sleep(0.01)
        except (ConnectionError, asyncio.CancelledError):
            closed.set()
            raise

    async with serving(endless) as server, server.client() as one:
        events = one.watch(POD, resource_version="1")
        await anext(events)
        await events.aclose()
        await asyncio.wait_for(closed.wait(), 60)


async def test_watches_do_not_take_the_connections_of_requests():
    async def handle(request):
        if "watch=1" in request.query_string:
            return await watching(event("ADDED", "2"), then=30)(request)
        return pods("a")

    limits = Limits(connections=1)
    async with serving(handle) as server, server.client(limits=limits) as one:
        events = [one.watch(POD, resource_version="1") for _ in range(3)]
        for each in events:
            await anext(each)
        assert len((await one.list(POD)).items) == 1
        for each in events:
            await each.aclose()


async def test_acting_as_a_service_account_shares_connections_and_counts():
    async with serving(always(pods)) as server, server.client() as one:
        await one.acting_as("shop/deployer").list(POD)
        await one.list(POD)
        assert one.requests == {("list", "pods"): 2}
    ((_, _, acting), (_, _, own)) = server.seen
    assert acting["Impersonate-User"] == "system:serviceaccount:shop:deployer"
    assert not set(IMPERSONATION) & set(own)


async def test_impersonation_cannot_be_nested():
    async with serving(always(pods)) as server, server.client(impersonation=Impersonation("bob")) as one:
        with pytest.raises(UsageError) as caught:
            one.acting_as("shop/deployer")
    assert "impersonates bob already" in str(caught.value)
    async with serving(always(pods)) as server, server.client() as one:
        with pytest.raises(UsageError):
            one.acting_as("shop/deployer").acting_as("shop/other")


@pytest.mark.parametrize("written", ["deployer", "shop/", "/deployer", "a/b/c", "shop/two\nlines"])
async def test_a_service_account_needs_its_namespace(written):
    async with serving(always(pods)) as server, server.client() as one:
        with pytest.raises(UsageError):
            one.acting_as(written)


async def test_discovery_is_asked_once_for_all_who_wait_and_anew_when_told():
    async def handle(request):
        await asyncio.sleep(0.05)
        return answer(NAMESPACES)

    async with serving(handle) as server, server.client() as one:
        async with asyncio.TaskGroup() as group:
            for who in (one, one.acting_as("a/b"), one):
                group.create_task(who.resources())
        assert len(server.seen) == 2
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(one.resources(fresh=True))
        assert len(server.seen) == 4
    assert not any(set(IMPERSONATION) & set(headers) for _, _, headers in server.seen)


async def test_a_kind_that_is_not_served_is_no_missing_object():
    missing = always(lambda: web.Response(status=404, text="404 page not found"))
    async with serving(missing) as server, server.client() as one:
        with pytest.raises(RoadsteadError) as caught:
            await one.get(POD, "shop", "a")
    assert str(caught.value) == "c1 Pod/shop/a: get failed (NoSuchKind): HTTP 404: 404 page not found"
