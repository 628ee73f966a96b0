"""Dry runs of real API servers as a diff: where they agree with what is there, and where they cannot."""

import asyncio

import pytest

from roadstead.objects import canonical, difference
from tests.cluster import every_kind, samples
from tests.cluster.raw import Raw, refusal

DRY = "&dryRun=All"


@pytest.fixture
async def server(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    return cluster


def paths(before, after):
    return [change.path for change in difference.compare(before, after)]


async def test_of_what_is_applied_already_no_kind_shows_a_difference(server, unique):
    for kind, obj in every_kind.objects(unique).items():
        one = Raw(server, obj)
        await one.apply()
        live = await one.get()
        assert paths(live, await one.apply(query=DRY)) == [], kind


async def test_of_a_change_nothing_but_the_change(server, unique):
    for kind, obj in every_kind.objects(unique).items():
        one = Raw(server, obj)
        await one.apply()
        live = await one.get()
        changed = {**obj, "metadata": obj["metadata"] | {"labels": {"new": "1"}}}
        assert paths(live, await one.apply(changed, query=DRY)) == ["metadata.labels.new"], kind


async def test_but_of_an_aggregated_role_whose_rules_git_writes(clusters, unique):
    (cluster,) = clusters(1, controllers=True)
    group = "rbac.authorization.k8s.io/v1"
    label = {"labels": {f"{unique}.example.com/part": "true"}}
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    await Raw(
        cluster, samples.obj(group, "ClusterRole", "", f"{unique}-part", rules=rules, metadata=label)
    ).create()
    selectors = {"clusterRoleSelectors": [{"matchLabels": label["labels"]}]}
    written = samples.obj(group, "ClusterRole", "", unique, aggregationRule=selectors, rules=[])
    one = Raw(cluster, written)
    await one.apply()
    async with asyncio.timeout(120):
        while (live := await one.get()).get("rules") != rules:
            await asyncio.sleep(0.05)
    assert paths(live, await one.apply(query=DRY)) == ["rules"]
    assert paths(live, await one.apply(canonical.make(written), query=DRY)) == []


@pytest.mark.parametrize(
    ("kind", "differing"),
    [
        pytest.param("Service", {"spec.clusterIP", "spec.clusterIPs[0]"}, id="a Service's address"),
        pytest.param(
            "Job",
            {
                'metadata.labels["batch.kubernetes.io/controller-uid"]',
                "metadata.labels.controller-uid",
                'spec.selector.matchLabels["batch.kubernetes.io/controller-uid"]',
                'spec.template.metadata.labels["batch.kubernetes.io/controller-uid"]',
                "spec.template.metadata.labels.controller-uid",
            },
            id="a Job's uid, in its labels too",
        ),
        pytest.param("Deployment", set(), id="nothing of a Deployment"),
        pytest.param("PersistentVolumeClaim", set(), id="nothing of a claim"),
    ],
)
async def test_a_create_differs_from_its_dry_run_in(server, unique, kind, differing):
    one = Raw(server, every_kind.objects(unique)[kind])
    foreseen = await one.apply(query=DRY)
    assert not await one.exists()
    assert set(paths(foreseen, await one.apply())) == differing


async def test_without_its_namespace_a_create_is_not_found(server, unique):
    code, body = await refusal(Raw(server, samples.config_map(f"{unique}-none")).apply(query=DRY))
    assert (code, body["reason"]) == (404, "NotFound")
    assert body["details"]["kind"] == "namespaces"


@pytest.mark.parametrize("exists", [True, False], ids=["of an update", "of a create"])
async def test_a_viewer_may_ask_for_no_dry_run(server, unique, exists):
    one = Raw(server, samples.config_map(unique))
    if exists:
        await one.apply()
    code, body = await refusal(one.apply(query=DRY, user="viewer"))
    assert (code, body["reason"]) == (403, "Forbidden")
