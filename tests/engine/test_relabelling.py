"""Labels that clusters tell of themselves, in the loop that serves: Git is resolved anew when they change."""

import asyncio

import pytest

from roadstead.engine import following, seeing
from tests.end_to_end.story import config_map, namespace
from tests.engine import fleets

pytestmark = pytest.mark.whole


@pytest.fixture
async def fleet(tmp_path, monkeypatch):
    monkeypatch.setattr(following, "_GATHERED", 0.05)
    monkeypatch.setattr(seeing, "LATE", 0.05)
    async with fleets.simulated(tmp_path) as made:
        for minor in ("1.34", "1.37"):
            name = minor.replace(".", "-")
            made.story.bundle(
                name,
                files={"all.yaml": [namespace(f"for-{name}"), config_map("a", f"for-{name}", x="1")]},
                clusters={"matchLabels": {"roadstead.dev/minor": minor}},
            )
        made.commit()
        yield made


async def has(fleet, name):
    async with asyncio.timeout(fleets.PATIENCE):
        while fleet.data("c1", "a", f"for-{name}") is None:
            await asyncio.sleep(0.02)


async def test_a_cluster_that_was_never_asked_gets_what_is_for_its_minor_without_another_commit(fleet):
    async with fleet.served():
        await has(fleet, "1-37")
        assert fleet.data("c1", "a", "for-1-34") is None
        assert len(fleet.of("commit")) == 1


async def test_an_upgrade_is_noticed_and_resolved_anew_once_it_is_certain(fleet):
    fleet.clusters["c1"].minor = "1.34"
    async with fleet.served() as serving:
        await has(fleet, "1-34")
        await fleet.settled(1)
        kept = serving.reconciling.keepers["c1"]
        seen = kept._seeing
        seen.versioned("1.37.2")
        seen.versioned("1.34.4")
        seen.versioned("1.37.2")
        assert kept.bundles == {"1-34"}, "servers that differ are being upgraded"
        fleet.clusters["c1"].minor = "1.37"
        seen.doubt()
        await has(fleet, "1-37")
        assert not fleet.of("cluster-unreachable")


async def test_an_upgrade_that_breaks_no_watch_is_noticed_by_asking_now_and_then(fleet, monkeypatch):
    monkeypatch.setattr(seeing, "_VERSION_EVERY", 0.05)
    monkeypatch.setattr(seeing, "_LOOK_EVERY", 0.05)
    fleet.clusters["c1"].minor = "1.34"
    async with fleet.served():
        await has(fleet, "1-34")
        fleet.clusters["c1"].minor = "1.37"
        await has(fleet, "1-37")
        assert not fleet.of("cluster-unreachable")
