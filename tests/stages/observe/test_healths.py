"""What a wait asks a server for. How it goes on real ones is in tests/cluster/test_observe_health.py."""

import asyncio

import pytest

from roadstead.model.assignment import HealthRule
from roadstead.model.health import State
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.objects import ownership
from roadstead.stages.observe import healths
from roadstead.stages.observe.awaited import Awaited
from tests.stages.observe.objects import config_map, owned
from tests.world.kube.serving import answer, hang, serving

SECRET = ObjectId("", "Secret", "shop", "s")
RULE = HealthRule(GroupKind("", "Secret"), ready="has(object.data.key)")
CORE = {
    "kind": "APIGroupDiscoveryList",
    "items": [
        {
            "versions": [
                {
                    "version": "v1",
                    "resources": [
                        {"resource": "namespaces", "responseKind": {"kind": "Namespace"}, "scope": "Cluster"},
                        {"resource": "secrets", "responseKind": {"kind": "Secret"}, "scope": "Namespaced"},
                    ],
                }
            ]
        }
    ],
}


async def serve(request):
    if request.path == "/api":
        return answer(CORE)
    if request.path == "/apis":
        return answer({"kind": "APIGroupDiscoveryList", "items": []})
    if "watch" in request.query:
        return await hang(request)
    secret = owned(config_map("s", key="1"), labels={ownership.PART_OF: "applyset-x-v1"})
    return answer({"kind": "SecretList", "metadata": {"resourceVersion": "100"}, "items": [secret]})


async def wait(ahead, **wish):
    async with serving(serve) as server, server.client() as client, healths.watching(client) as seen:

        def tell(one, health):
            if health.state is not State.READY:
                ahead(600)  # what is told once and does not change has lasted until the deadline

        found = await seen.until_settled({SECRET: Awaited(**wish)}, deadline=500, tell=tell)
        await asyncio.sleep(0)
    forms = {headers["Accept"] for _, path, headers in server.seen if "/secrets" in path}
    return found[SECRET].state, {
        "metadata" if "PartialObjectMetadata" in form else "in full" for form in forms
    }


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        pytest.param({}, (State.READY, set()), id="that exists: nothing is asked"),
        pytest.param({"gone": True}, (State.TERMINATING, {"metadata"}), id="that must go: its metadata"),
        pytest.param(
            {"rules": (RULE,)}, (State.READY, {"in full"}), id="that a rule of its own looks at: itself"
        ),
    ],
)
async def test_of_a_secret(wish, expected, ahead):
    assert await wait(ahead, **wish) == expected
