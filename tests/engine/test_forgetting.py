"""What is no more is let go of, in its time; what may be there still is not."""

import pytest

from roadstead.engine import forgetting
from roadstead.model.ids import Key
from roadstead.model.record import Record, RecordKind
from roadstead.model.status import Status
from tests.end_to_end.story import config_map, namespace
from tests.engine import fleets

pytestmark = pytest.mark.whole


@pytest.fixture
async def fleet(tmp_path):
    async with fleets.simulated(tmp_path, clusters=2) as made:
        made.story.bundle("web", files={"all.yaml": [namespace("web"), config_map("a", "web", x="1")]})
        made.commit()
        yield made


async def shown(serving):
    found = await serving.store.statuses.page(limit=100)
    return [str(one.key) for one in found.items], sorted(await serving.store.clusters.all())


async def test_a_cluster_that_left_git_is_shown_as_gone_for_a_while_and_then_no_more(fleet, monkeypatch):
    async with fleet.served() as serving:
        await fleet.settled(2)
        fleet.story.remove("fleet/cluster-c2.yaml")
        fleet.commit()
        await fleet.event("frozen", cluster="c2")
        for _ in range(2):
            await serving.reconciling.forgetting.look()
            assert await shown(serving) == (["web@c1", "web@c2"], ["c1", "c2"])
        monkeypatch.setattr(forgetting, "_GONE_FOR", 0.0)
        await serving.reconciling.forgetting.look()
        assert await shown(serving) == (["web@c1"], ["c1"])
        assert [one.record.cluster for one in (await serving.store.records.page(limit=100)).items].count("c2")


async def test_what_a_killed_process_had_begun_on_a_cluster_that_left_git_is_closed_with_it(
    fleet, monkeypatch
):
    async with fleet.served() as serving:
        await fleet.settled(2)
        begun = Record(RecordKind.INTENT, serving.shared.world.now, "hub@test", "c2", "web")
        await serving.store.journal.begin(begun)
        fleet.story.remove("fleet/cluster-c2.yaml")
        fleet.commit()
        await fleet.event("frozen", cluster="c2")
        monkeypatch.setattr(forgetting, "_GONE_FOR", 0.0)
        for _ in range(2):
            await serving.reconciling.forgetting.look()
        assert await serving.store.journal.open_intents() == ()
        found = (await serving.store.records.page(limit=1)).items[0].record
        assert (found.kind, found.cluster, found.result) == (RecordKind.OUTCOME, "c2", "abandoned")


async def test_a_cluster_whose_document_is_broken_is_not_gone(fleet, monkeypatch):
    monkeypatch.setattr(forgetting, "_GONE_FOR", 0.0)
    async with fleet.served() as serving:
        await fleet.settled(2)
        fleet.story.cluster("c2", "c2", spec={"state": "on fire"})
        await fleet.event("frozen", commit=fleet.commit())
        await serving.reconciling.forgetting.look()
        assert await shown(serving) == (["web@c1", "web@c2"], ["c1", "c2"])


async def test_a_bundle_that_was_removed_while_nobody_looked_is_shown_no_more(fleet):
    async with fleet.served() as serving:
        await fleet.settled(2)
        await serving.store.statuses.put(Status(Key("old", "c1")))
        await serving.reconciling.forgetting.look()
        assert await shown(serving) == (["web@c1", "web@c2"], ["c1", "c2"])
