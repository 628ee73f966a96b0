"""The API of a hub at work: what somebody does behind Git's back is told, found, and on the record."""

import json

import pytest

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
