"""Real workloads on real clusters: applied, quiet, and gone again without a trace."""

import asyncio

import pytest

from roadstead.language import yaml
from roadstead.model.outcome import Result
from roadstead.objects import canonical
from tests.cluster.applying import Shop


def objects_of(*folders) -> tuple[dict, ...]:
    files = [file for folder in folders for file in sorted(folder.rglob("*.yaml"))]
    return tuple(
        canonical.split([obj for file in files for obj in yaml.load_all(file.read_bytes(), file=file.name)])
    )


def kube_prometheus(suite) -> tuple[dict, ...]:
    found = objects_of(*(suite(f"kube-prometheus-{part}") / "manifests" for part in ("setup", "manifests")))
    assert len(found) > 120
    return found


async def until_quiet(shop: Shop) -> None:
    """Steps until nothing is waited for: nobody runs the pods, so what needs them is not in these bundles."""
    for _ in range(5):
        outcome = await shop.step()
        assert not outcome.failed, [str(one.problem) for one in outcome.objects if one.problem]
        if not outcome.waits_for:
            return
    raise AssertionError(f"it still waits for {outcome.waits_for}")


@pytest.mark.timeout(900)
async def test_kube_prometheus_in_one_bundle_is_applied_quiet_then_and_pruned_to_nothing(shop, suite):
    """Ten definitions and their objects in one go; tests/end_to_end has it in two bundles on three clusters."""
    wanted = kube_prometheus(suite)
    shop.wants["web"] = wanted
    shop.patience, shop.deadline = 60.0, 400.0
    await until_quiet(shop)
    assert len(await shop.owned()) == len(wanted)
    mark = shop.server.mark()
    again = await shop.step()
    assert {found.result for found in again.objects} == {Result.UNCHANGED}
    assert shop.writes(mark) == []
    await removed(shop)


async def removed(shop: Shop) -> None:
    """Git drops it. The namespace is emptied by hand: nobody runs the controller that would."""
    shop.wants.clear()
    async with asyncio.timeout(300):  # a busy server takes its time to delete a definition
        while True:
            plan = await shop.plan(precious=True)
            outcome = await shop.step(plan=plan, precious=True, patience=5.0)
            left = {one.id.kind: one.problem for one in outcome.objects if one.result is not Result.DELETED}
            if set(left) <= {"Namespace"}:
                break
            assert set(left) <= {"Namespace", "CustomResourceDefinition"}, left
        namespace = await shop.server.request("GET", "/api/v1/namespaces/monitoring")
        namespace["spec"]["finalizers"] = []
        await shop.server.request("PUT", "/api/v1/namespaces/monitoring/finalize", namespace)
        while await shop.inventories():
            await shop.step()
