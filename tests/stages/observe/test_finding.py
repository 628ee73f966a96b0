"""Finding objects on a server that refuses, throttles or says nothing; what is asked for, and in which form."""

import pytest
from aiohttp import web

from roadstead.model import reasons
from roadstead.model.facts import ApiResource
from roadstead.model.ids import ObjectId
from roadstead.objects import ownership
from roadstead.stages.observe import finding
from roadstead.world.kube.client import Limits
from tests.stages.observe.objects import config_map, owned
from tests.world.kube.serving import answer, hang, refusal, serving

CONFIG_MAPS = ApiResource("", "v1", "ConfigMap", "configmaps", namespaced=True)
CLUSTER_ROLES = ApiResource(
    "rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", namespaced=False
)
WANTED = [ObjectId("", "ConfigMap", "shop", name) for name in ("a", "b")]
LABELS = {ownership.PART_OF: "applyset-x-v1"}


def listed(*names, **metadata):
    items = [owned(config_map(name, a="1"), labels=LABELS) for name in names]
    return answer({"kind": "ConfigMapList", "metadata": {"resourceVersion": "7"} | metadata, "items": items})


def script(*answers):
    """The answers in order; the last one for ever."""
    left = list(answers)

    async def handle(request):
        return (left.pop(0) if len(left) > 1 else left[0])(request)

    return handle


async def find(handler, *, resource=CONFIG_MAPS, wanted=WANTED, **options):
    limits = Limits(deadline=options.pop("deadline", 20.0))
    async with serving(handler) as server, server.client(limits=limits) as client:
        found = await finding.find(client, resource, wanted, lambda obj: obj["metadata"]["uid"], **options)
    return found, [(path, headers["Accept"]) for _, path, headers in server.seen]


def told(found):
    return {
        "objects": sorted(one.name for one in found.objects),
        "unreadable": sorted(f"{one.name} {problem.reason}" for one, problem in found.unreadable.items()),
        "served": found.served,
    }


async def test_what_carries_our_label_comes_in_one_list():
    found, seen = await find(script(lambda request: listed("a", "b", "another")))
    assert told(found) == {"objects": ["a", "another", "b"], "unreadable": [], "served": True}
    assert [path for path, _ in seen] == [
        f"/api/v1/configmaps?labelSelector={ownership.PART_OF.replace('/', '%2F')}&limit=500"
    ]


async def test_metadata_is_asked_for_as_metadata_in_lists_and_by_name():
    nothing = refusal(404, "NotFound", "no", name="b", kind="configmaps")
    found, seen = await find(script(lambda request: listed("a"), lambda request: nothing), metadata=True)
    assert told(found) == {"objects": ["a"], "unreadable": [], "served": True}
    assert [accept.partition(";g=")[0] for _, accept in seen] == [
        "application/json;as=PartialObjectMetadataList",
        "application/json;as=PartialObjectMetadata",
    ]


async def test_a_server_that_asks_to_wait_is_obeyed():
    wait = refusal(429, "TooManyRequests", "wait", retryAfterSeconds=1)
    found, seen = await find(script(lambda request: wait, lambda request: listed("a", "b")))
    assert told(found)["objects"] == ["a", "b"]
    assert len(seen) == 2


async def test_but_not_for_longer_than_a_request_may_take():
    wait = refusal(429, "TooManyRequests", "wait", retryAfterSeconds=30)
    found, seen = await find(script(lambda request: wait))
    assert told(found) == {"objects": [], "unreadable": ["a Throttled", "b Throttled"], "served": True}
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        pytest.param(lambda request: refusal(500, "InternalError", "etcd"), "ServerError", id="a failure"),
        pytest.param(lambda request: refusal(401, "Unauthorized", "who"), "Unauthorized", id="no login"),
        pytest.param(lambda request: web.Response(text="<html>"), "Unreachable", id="another server"),
        pytest.param(lambda request: refusal(410, "Expired", "too slow"), "Expired", id="pages that took too long"),
    ],
)  # fmt: skip
async def test_what_cannot_be_asked_is_unreadable_and_not_missing(response, reason):
    found, _ = await find(script(response))
    assert told(found) == {"objects": [], "unreadable": [f"a {reason}", f"b {reason}"], "served": True}


async def test_a_server_that_hangs_is_given_up():
    found, _ = await find(hang, deadline=0.2)
    assert {problem.reason for problem in found.unreadable.values()} == {reasons.UNREACHABLE}


async def test_a_failure_after_some_pages_keeps_what_was_found():
    def broken(request):
        return refusal(500, "InternalError", "etcd")

    found, _ = await find(script(lambda request: listed("a", **{"continue": "next"}), broken))
    assert told(found) == {"objects": ["a"], "unreadable": ["b ServerError"], "served": True}


async def test_a_kind_that_is_not_served_has_no_objects():
    found, _ = await find(script(lambda request: web.Response(status=404, text="404 page not found\n")))
    assert told(found) == {"objects": [], "unreadable": [], "served": False}


async def test_where_a_kind_without_namespaces_may_not_be_listed_its_objects_are_asked_for_by_name():
    wanted = [ObjectId("rbac.authorization.k8s.io", "ClusterRole", "", name) for name in ("a", "b")]

    async def handle(request):
        if request.path.endswith("/a"):
            return answer(owned({**config_map("a"), "kind": "ClusterRole"}))
        return refusal(403, "Forbidden", 'User "u" cannot list resource "clusterroles"')

    found, _ = await find(handle, resource=CLUSTER_ROLES, wanted=wanted)
    assert told(found) == {"objects": ["a"], "unreadable": ["b Forbidden"], "served": True}


async def test_one_forbidden_namespace_hides_no_other():
    wanted = [ObjectId("", "ConfigMap", namespace, "a") for namespace in ("shop", "theirs")]

    async def handle(request):
        if "/namespaces/shop/" in request.path:
            return listed("a")
        return refusal(403, "Forbidden", 'User "u" cannot list resource "configmaps"')

    found, _ = await find(handle, wanted=wanted)
    assert list(found.objects) == wanted[:1]
    assert list(found.unreadable) == wanted[1:]
