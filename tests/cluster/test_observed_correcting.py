"""What it takes on real API servers to undo what somebody added beside us."""

from contextlib import aclosing

import pytest

from roadstead.model.ids import GroupKind
from roadstead.objects import ownership, values
from tests.cluster import every_kind, samples
from tests.cluster.connecting import connected
from tests.cluster.raw import Raw, refusal

INTRUDER = ownership.Former("intruder", "Update")


@pytest.fixture
async def server(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    return cluster


async def edited(server, obj, *patch):
    """Ours, and then somebody's edit."""
    one = Raw(server, obj)
    await one.apply()
    return one, await one.patch(list(patch), manager="intruder")


async def corrected(one, live):
    """His entry merged into ours, guarded by the version, and then our apply."""
    await one.patch(ownership.takeover_patch(live, {INTRUDER}), manager="roadstead")
    return await one.apply()


INVALID = {
    "a Service's port with another number": (
        "Service",
        [{"op": "replace", "path": "/spec/ports/0/port", "value": 8080}],
        "Duplicate value",
    ),
    "the other field of a PodDisruptionBudget": (
        "PodDisruptionBudget",
        [
            {"op": "remove", "path": "/spec/minAvailable"},
            {"op": "add", "path": "/spec/maxUnavailable", "value": 1},
        ],
        "cannot be both set",
    ),
}


@pytest.mark.parametrize("edit", INVALID)
async def test_an_edit_that_makes_our_apply_invalid_goes_when_its_entry_is_ours(server, unique, edit):
    kind, patch, says = INVALID[edit]
    obj = every_kind.objects(unique)[kind]
    one, live = await edited(server, obj, *patch)
    code, body = await refusal(one.apply())
    assert (code, body["reason"]) == (422, "Invalid")
    assert says in body["message"]
    assert values.changed(obj, live)
    assert values.additions(live, obj)
    after = await corrected(one, live)
    assert values.changed(obj, after) == values.additions(after, obj) == []


ADDED = {
    "a second container": ("containers/-", {"name": "debug", "image": "i"}),
    "hostNetwork": ("hostNetwork", True),
}


@pytest.mark.parametrize("what", ADDED)
async def test_an_addition_that_our_apply_leaves_goes_when_its_entry_is_ours(server, unique, what):
    path, value = ADDED[what]
    obj = samples.deployment(unique, replicas=0)
    patch = {"op": "add", "path": f"/spec/template/spec/{path}", "value": value}
    one, _ = await edited(server, obj, patch)
    again = await one.apply()
    assert values.additions(again, obj)  # forced, and still there
    after = await corrected(one, again)
    assert values.additions(after, obj) == values.changed(obj, after) == []
    assert len(after["spec"]["template"]["spec"]["containers"]) == 1
    assert "hostNetwork" not in after["spec"]["template"]["spec"]


async def test_a_foreign_immutable_takes_a_new_object(server, unique):
    immutable = {"op": "add", "path": "/immutable", "value": True}
    one, live = await edited(server, samples.config_map(unique, key="1"), immutable)
    code, body = await refusal(one.apply(samples.config_map(unique, key="2")))
    assert (code, body["details"]["causes"][0]["field"]) == (422, "data")
    await one.patch(ownership.takeover_patch(live, {INTRUDER}), manager="roadstead")
    code, body = await refusal(one.apply())
    assert (code, body["details"]["causes"][0]["field"]) == (422, "immutable")


async def test_a_correction_in_two_steps_is_two_events_and_leaves_our_entry_as_it_was(server, unique):
    added = {"op": "add", "path": "/spec/template/spec/hostNetwork", "value": True}
    one, live = await edited(server, samples.deployment(unique, replicas=0), added)
    async with connected(server) as client:
        resource = (await client.resources()).find(GroupKind("apps", "Deployment"))
        version = live["metadata"]["resourceVersion"]
        watch = client.watch(resource, namespace=unique, resource_version=version, metadata=True)
        async with aclosing(watch) as events:
            after = await corrected(one, live)
            first, second = await anext(events), await anext(events)
    signatures = [ownership.signature(obj) for obj in (live, first.object, second.object, after)]
    assert signatures[1] != signatures[0] == signatures[2] == signatures[3]
