"""The API of a hub at work: what somebody does behind Git's back is told, found, and on the record."""

import asyncio
import json

import pytest

from roadstead.model.person import Role
from tests.end_to_end.story import config_map, namespace
from tests.hub import hubs


@pytest.fixture
async def hub(tmp_path):
    async with hubs.serving(tmp_path, clusters=2) as made:
        made.story.bundle(
            "web",
            files={"all.yaml": [namespace("web"), config_map("a", "web", x="1")]},
            drift={"mode": "report"},
        )
        made.commit()
        await made.settled(2)
        yield made


async def get(hub, path: str):
    status, said = await hub.ask("GET", f"/api/v1{path}", **hubs.bearer())
    assert status == 200, said
    return json.loads(said)


async def test_an_edit_is_streamed_told_with_both_values_found_by_its_object_and_on_the_record(hub):
    url = f"{hub.address}/api/v1/stream?kind=drift&what=events"
    async with hub.session.get(url, headers=hubs.bearer()) as stream:
        hub.edit("c2", "a", "web", x="mine")
        while not (line := await stream.content.readline()).startswith(b"data: "):
            pass
    assert json.loads(line[6:])["cluster"] == "c2"
    (deviation,) = (await get(hub, "/deviations?text=configmap"))["items"]
    assert (deviation["before"], deviation["after"]) == ("1", "mine")
    assert (deviation["field"], deviation["manager"]) == ("data.x", "kubectl-edit")
    page = await get(hub, "/objects?limit=3")
    rest = await get(hub, f"/objects?limit=3&after={page['after']}")
    assert [f"{one['cluster']} {one['object']}" for one in (*page["items"], *rest["items"])] == [
        f"{cluster} {name}" for cluster in ("c1", "c2") for name in ("ConfigMap/web/a", "Namespace/web")
    ]
    found = (await get(hub, "/objects?kind=ConfigMap&text=web/a"))["items"]
    assert [(one["cluster"], one["bundle"], one["troubles"]) for one in found] == [
        ("c1", "web", []),
        ("c2", "web", ["drifted"]),
    ]
    assert (await get(hub, "/statuses?order=worst&limit=1"))["items"][0]["standing"] == "drifted"
    kinds = [one["kind"] for one in (await get(hub, "/records?object=ConfigMap/web/a&cluster=c2"))["items"]]
    assert kinds == ["drift", "outcome", "intent"]
    assert (await get(hub, "/history"))["items"][0]["commit"] == (await get(hub, "/fleet"))["commit"]


async def test_all_that_holds_is_listed_with_where_it_stands(hub):
    end = "2099-12-01T18:00:00Z"
    spec = {"clusters": {"names": ["c1"]}, "bundles": ["w*"], "do": "leaveDrift", "until": end}
    hub.story.document("Hold", "inc-1", {**spec, "owner": "sre", "reason": "INC-1"})
    hub.story.document("Hold", "inc-2", {**spec, "bundles": ["other"], "owner": "sre", "reason": "INC-2"})
    hub.commit()
    marked = {"roadstead.dev/break_glass": "2h INC-3 on fire"}
    hub.annotate_namespace("c2", "roadstead-system", **marked)
    await hub.event("frozen", bundle="web", cluster="c2")
    asked = b'{"clusters": ["c1"], "until": "2099-12-01T18:00:00Z", "reason": "INC-4"}'
    headers = hubs.bearer(Role.OPERATOR) | {"Content-Type": "application/json"}
    assert (await hub.ask("POST", "/api/v1/holds", body=asked, **headers))[0] == 201
    while len(found := (await get(hub, "/decisions"))["items"]) < 3:
        await asyncio.sleep(0.05)
    shown = [
        (one["origin"], one["place"], one["action"], one["bundles"], one["clusters"], one["reason"])
        for one in found
    ]
    assert shown == [
        ("git", "fleet/hold-inc-1.yaml:1", "leaveDrift", ["web"], ["c1"], "INC-1"),
        ("cluster", "c2", "freeze", [], ["c2"], "INC-3 on fire"),
        ("command", "", "freeze", [], ["c1"], "INC-4"),
    ]
    assert [one["made"] is None for one in found] == [True, False, False]
    assert [one["origin"] for one in (await get(hub, "/decisions?origin=git"))["items"]] == ["git"]
    assert (await get(hub, "/fleet"))["holds"] == 3
