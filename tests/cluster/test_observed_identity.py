"""What API servers make of the same content written in different ways: why rendered objects are made
canonical before anything else."""

import asyncio

import pytest

from roadstead.objects import canonical, ownership, values
from tests.cluster import every_kind, samples
from tests.cluster.raw import Raw

BUNDLE = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"


@pytest.fixture
async def server(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    return cluster


def fields(obj):
    return ownership.fields(ownership.applied(obj))


async def test_of_string_data_we_own_what_the_server_does_not_keep(server, unique):
    """Changes and removals in `data` are invisible to us then, and a dropped key stays."""
    one = Raw(server, samples.obj("v1", "Secret", unique, "s", stringData={"key": "1", "other": "2"}))
    before = await one.apply()
    assert before["data"] == {"key": "MQ==", "other": "Mg=="}
    assert fields(before).keys() == {"f:stringData"}
    changed = await one.patch({"data": {"key": "Y2hhbmdlZA==", "other": None}})
    assert ownership.signature(changed) == ownership.signature(before)
    dropped = await one.apply(samples.obj("v1", "Secret", unique, "s", stringData={"other": "2"}))
    assert dropped["data"] == {"key": "Y2hhbmdlZA==", "other": "Mg=="}


async def test_as_data_it_is_ours(server, unique):
    secret = samples.obj("v1", "Secret", unique, "s", stringData={"key": "1", "other": "2"})
    one = Raw(server, canonical.make(secret))
    before = await one.apply()
    assert before["data"] == {"key": "MQ==", "other": "Mg=="}
    changed = await one.patch({"data": {"other": None}})
    assert ownership.signature(changed) != ownership.signature(before)
    dropped = canonical.make(samples.obj("v1", "Secret", unique, "s", stringData={"other": "2"}))
    assert (await one.apply(dropped))["data"] == {"other": "Mg=="}


async def test_a_null_is_kept_as_an_empty_text_and_owned(server, unique):
    obj = samples.config_map(unique) | {"data": {"n": None}}
    answer = await Raw(server, obj).apply()
    assert answer["data"] == {"n": ""}
    assert fields(answer)["f:data"] == {"f:n": {}}
    assert "n" not in canonical.make(obj)["data"]


async def test_a_null_for_replicas_owns_them(server, unique):
    obj = samples.deployment(unique, replicas=None)
    one = Raw(server, obj)
    answer = await one.apply()
    assert answer["spec"]["replicas"] == 1
    assert "f:replicas" in fields(answer)["f:spec"]
    after = await one.apply(canonical.make(obj))
    assert "f:replicas" not in fields(after)["f:spec"]


@pytest.mark.parametrize("placeholder", ["", "Cg=="])
async def test_a_placeholder_for_a_ca_bundle_fights_who_fills_it_in(server, unique, placeholder):
    obj = every_kind.objects(unique)["ValidatingWebhookConfiguration"]
    hook = {"service": {"name": "hook", "namespace": unique}}
    obj["webhooks"][0]["clientConfig"] = {**hook, "caBundle": placeholder}
    inject = [{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": BUNDLE}]
    one = Raw(server, obj)

    def bundle(answer):
        return answer["webhooks"][0]["clientConfig"].get("caBundle", "")

    await one.apply()
    await one.patch(inject, manager="cainjector")
    assert bundle(await one.apply()) in ("", "Cg==")  # taken away

    made = canonical.make(obj)
    injected = await one.patch(inject, manager="cainjector")
    assert bundle(await one.apply(made)) == BUNDLE
    assert values.changed(made, injected) == values.additions(injected, made) == []


async def test_rules_of_an_aggregated_role_fight_the_controller_that_fills_them_in(clusters, unique):
    (cluster,) = clusters(1, controllers=True)
    label = {"labels": {f"{unique}.example.com/part": "true"}}
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    group = "rbac.authorization.k8s.io/v1"
    await Raw(
        cluster, samples.obj(group, "ClusterRole", "", f"{unique}-part", rules=rules, metadata=label)
    ).create()
    selectors = {"clusterRoleSelectors": [{"matchLabels": label["labels"]}]}
    written = samples.obj(group, "ClusterRole", "", unique, aggregationRule=selectors, rules=[])
    one = Raw(cluster, written)

    async def filled():
        async with asyncio.timeout(120):
            while (await one.get()).get("rules") != rules:
                await asyncio.sleep(0.05)

    await one.apply()
    await filled()
    assert (await one.apply())["rules"] is None  # taken away
    await filled()
    again = await one.apply(canonical.make(written))
    assert again["rules"] == rules
    assert ownership.signature(again)
