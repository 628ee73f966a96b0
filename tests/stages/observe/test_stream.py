"""One stream against a server that ends, forgets, refuses and falls silent as the test says."""

import asyncio
import json

import pytest
from aiohttp import web

from roadstead.model import reasons
from roadstead.model.errors import StalledError
from roadstead.model.facts import ApiResource
from roadstead.model.ids import ObjectId
from roadstead.stages.observe import stream
from roadstead.stages.observe.stream import Selection
from roadstead.world.kube.client import Limits
from tests.world.kube.serving import answer, refusal, serving

CONFIG_MAPS = ApiResource("", "v1", "ConfigMap", "configmaps", namespaced=True)
EVERYTHING = Selection(CONFIG_MAPS)


def obj(name, version="7"):
    metadata = {"name": name, "namespace": "shop", "resourceVersion": version}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def listed(*names, version="7", resume=""):
    metadata = {"resourceVersion": version, "continue": resume}
    return answer({"kind": "ConfigMapList", "metadata": metadata, "items": [obj(name) for name in names]})


def events(*told):
    """A watch that ends after these: ("ADDED", "a", "8")."""
    lines = [json.dumps({"type": type_, "object": obj(name, version)}) for type_, name, version in told]
    return web.Response(body="".join(line + "\n" for line in lines).encode(), content_type="application/json")


def error(code, reason):
    status = {"kind": "Status", "code": code, "reason": reason, "message": "no"}
    line = json.dumps({"type": "ERROR", "object": status}) + "\n"
    return web.Response(body=line.encode(), content_type="application/json")


def gone():
    return refusal(410, "Expired", "too old resource version")


def broken():
    return refusal(500, "InternalError", "etcd is away")


def denied():
    return refusal(403, "Forbidden", "may not")


def unserved():
    return web.Response(status=404, text="404 page not found\n")


class Server:
    """Answers requests in order, the last one for ever: an endless watch. `asked` is `list` or `watch N`."""

    def __init__(self, *script):
        self.script = list(script)
        self.asked = []
        self.times = []

    async def __call__(self, request):
        watch = request.query.get("watch")
        self.asked.append(f"watch {request.query['resourceVersion']}" if watch else "list")
        self.times.append(asyncio.get_running_loop().time())
        if self.script:
            return self.script.pop(0)()
        if not watch:
            return listed()
        response = web.StreamResponse()
        response.content_type = "application/json"
        await response.prepare(request)
        await response.write(b" ")
        await asyncio.sleep(3600)
        return response


class Follower:
    def __init__(self):
        self.told = []

    def seen(self, selection, obj):
        self.told.append(f"seen {obj['metadata']['name']}")

    def gone(self, selection, obj):
        self.told.append(f"gone {obj['metadata']['name']}")

    def listed(self, selection, present):
        assert all(isinstance(one, ObjectId) for one in present)
        self.told.append(f"listed {' '.join(sorted(one.name for one in present))}".rstrip())

    def interrupted(self, selection, problem):
        self.told.append(f"interrupted {problem.reason}" if problem else "heard again")


async def followed(server, *, until, selection=EVERYTHING, **limits):
    """What a follower was told until the server was asked `until` times and its answers arrived."""
    follower = Follower()
    async with serving(server) as running, running.client(limits=Limits(**limits)) as client:
        task = asyncio.ensure_future(stream.follow(client, selection, follower))
        try:
            async with asyncio.timeout(60):
                while len(server.asked) < until:
                    await asyncio.wait([task], timeout=0.01)
                    if task.done():
                        await task
                await asyncio.sleep(0.1)
        finally:
            task.cancel()
            await asyncio.wait([task])
    return follower.told


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(stream, "_SHORTEST", 0.01)


async def test_everything_is_listed_then_followed_and_resumed_where_it_ended(quick):
    changes = [("ADDED", "b", "8"), ("MODIFIED", "a", "9"), ("DELETED", "b", "10"), ("BOOKMARK", "", "15")]
    server = Server(lambda: listed("a"), lambda: events(*changes), lambda: events(("ADDED", "c", "16")))
    assert await followed(server, until=4) == [
        "seen a",
        "listed a",
        "seen b",
        "seen a",
        "gone b",
        "seen c",
    ]
    assert server.asked == ["list", "watch 7", "watch 15", "watch 16"]


async def test_a_list_of_many_pages_is_told_once_it_is_complete(quick):
    server = Server(lambda: listed("a", resume="next"), lambda: listed("b", version="7"))
    assert await followed(server, until=3) == ["seen a", "seen b", "listed a b"]


@pytest.mark.parametrize(
    "forgotten", [gone, lambda: error(410, "Expired")], ids=["as an answer", "as an event"]
)
async def test_what_the_server_forgot_is_listed_anew(quick, forgotten):
    server = Server(lambda: listed("a", "b"), forgotten, lambda: listed("b", version="20"))
    told = await followed(server, until=4)
    assert told == ["seen a", "seen b", "listed a b", "seen b", "listed b"]
    assert server.asked == ["list", "watch 7", "list", "watch 20"]


async def test_a_break_is_told_and_bridged_from_the_last_version(quick):
    server = Server(lambda: listed("a"), broken, broken, lambda: events(("ADDED", "b", "8")))
    assert await followed(server, until=5) == [
        "seen a",
        "listed a",
        "interrupted ServerError",
        "interrupted ServerError",
        "heard again",
        "seen b",
    ]
    assert server.asked == ["list", "watch 7", "watch 7", "watch 7", "watch 8"]


async def test_a_long_silence_ends_in_a_new_list(quick):
    """The version may be from the future of an etcd that was restored: resuming would be silent for ever."""
    server = Server(lambda: listed("a", version="900"))
    told = await followed(server, until=4, silence=0.3)
    assert server.asked[:4] == ["list", "watch 900", "list", "watch 7"]
    assert told[:5] == ["seen a", "listed a", "interrupted Unreachable", "heard again", "listed"]


async def test_a_kind_that_is_not_served_has_no_objects_and_may_come_back(quick):
    server = Server(lambda: listed("a"), unserved, unserved, lambda: listed("a"))
    assert await followed(server, until=5) == [
        "seen a",
        "listed a",
        "listed",
        "interrupted NoSuchKind",
        "listed",
        "interrupted NoSuchKind",
        "seen a",
        "heard again",
        "listed a",
    ]


@pytest.mark.parametrize("script", [[], [lambda: listed("a")]], ids=["the list", "the watch"])
async def test_what_a_person_must_change_first_is_raised(quick, script):
    with pytest.raises(StalledError) as caught:
        await followed(Server(*script, denied), until=9)
    assert caught.value.problem.reason is reasons.FORBIDDEN


async def test_a_watch_that_ends_at_once_is_not_asked_for_all_the_time():
    server, begun = Server(lambda: listed("a"), *[events] * 3), asyncio.get_running_loop().time()
    await followed(server, until=5)
    assert server.asked == ["list", *["watch 7"] * 4]
    assert server.times[-1] - begun >= 1.39, "after 0, 0.2, 0.6 and 1.4 s, or later"


async def test_a_server_that_forgets_all_the_time_is_not_listed_all_the_time():
    server, begun = Server(*[lambda: listed("a"), gone] * 3), asyncio.get_running_loop().time()
    await followed(server, until=7)
    assert server.asked[:7] == [*["list", "watch 7"] * 3, "list"]
    assert server.times[6] - begun >= 1.39, "lists after 0, 0.2, 0.6 and 1.4 s, or later"


async def test_a_server_that_asks_to_wait_is_obeyed(quick):
    def throttled():
        response = refusal(429, "TooManyRequests", "wait", retryAfterSeconds=1)
        response.headers["Retry-After"] = "1"
        return response

    server = Server(throttled)
    await followed(server, until=2)
    assert server.times[1] - server.times[0] >= 1.0


async def test_a_selection_is_what_is_asked_for(quick):
    class Recording(Server):
        async def __call__(self, request):
            paths.append(request.path_qs)
            return await super().__call__(request)

    paths: list[str] = []
    selection = Selection(CONFIG_MAPS, "shop", "a", "team", metadata=True)
    await followed(Recording(), until=2, selection=selection)
    assert paths[0].startswith("/api/v1/namespaces/shop/configmaps?")
    for path in paths:
        assert "labelSelector=team" in path
        assert "fieldSelector=metadata.name%3Da" in path
    assert str(selection) == "ConfigMap a in shop"
    assert str(EVERYTHING) == "ConfigMap"
