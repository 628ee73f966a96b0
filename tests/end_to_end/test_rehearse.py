"""Rehearsals on copies of real clusters: what they tell, and that the real ones are only read."""

import pytest

from tests.end_to_end.story import config_map, deployment, namespace


@pytest.fixture
async def shop(story, unique):
    objects = [namespace(unique), deployment("web", unique), config_map("settings", unique, colour="blue")]
    story.bundle("shop", files={"all.yaml": objects})
    story.commit("shop")
    await story.roadstead("apply")
    return story


async def test_a_rehearsal_sends_nothing_but_reads_to_the_clusters(shop, two, unique):
    marks = [cluster.mark() for cluster in two]
    changed = [namespace(unique), deployment("web", unique, replicas=3)]
    shop.write("apps/shop/all.yaml", changed)
    ended = await shop.ask("rehearse", "-o", "json", "--save-snapshot", str(shop.folder / "kept"))
    assert ended.code == 0, ended.err + ended.out
    told = ended.data()
    assert [one["well"] for one in told["clusters"]] == [True, True]
    (bundle,) = told["clusters"][0]["bundles"]
    results = {one["object"]["kind"]: one["result"] for one in bundle["objects"]}
    assert results == {"Namespace": "unchanged", "Deployment": "updated", "ConfigMap": "deleted"}
    for cluster, mark in zip(two, marks, strict=True):
        asked = cluster.requests(since=mark, user_agent="roadstead")
        assert asked
        assert {one.verb for one in asked} <= {"get", "list", "watch"}


async def test_a_snapshot_of_real_clusters_is_rehearsed_without_them(shop, two, unique):
    kept = str(shop.folder / "kept")
    await shop.roadstead("rehearse", "--save-snapshot", kept)
    broken = deployment("web", unique)
    broken["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "nowhere"}}]
    shop.write("apps/shop/all.yaml", [namespace(unique), broken])
    marks = [cluster.mark() for cluster in two]
    ended = await shop.ask("rehearse", "--snapshot", kept, "--time", "2m")
    assert ended.code == 1
    assert "on dev, prod" in ended.out
    assert f"never ready: Deployment/{unique}/web" in ended.out
    assert 'configmap "nowhere" not found' in ended.out
    for cluster, mark in zip(two, marks, strict=True):
        assert cluster.requests(since=mark, user_agent="roadstead") == []
