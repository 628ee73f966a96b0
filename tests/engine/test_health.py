"""What the loop that serves says of health."""

from roadstead.model.ids import Key
from tests.end_to_end.story import config_map, deployment, namespace
from tests.engine import fleets

OBJECTS = [namespace("web"), config_map("a", "web", x="1"), deployment("web", "web")]


async def test_what_was_not_ready_is_not_ready_either_after_a_restart(tmp_path):
    """Nothing about it changes meanwhile, so the first list is all that is ever seen of it."""
    async with fleets.simulated(tmp_path) as fleet:  # no controllers: a Deployment never gets ready
        fleet.story.bundle("web", files={"all.yaml": OBJECTS})
        fleet.commit()
        async with fleet.served():
            await fleet.event("applied")
        async with fleet.served() as serving:
            since = fleet.mark
            fleet.edit("c1", "a", "web", x="mine")
            await fleet.event("drift-resolved", since)
            status = await serving.store.statuses.get(Key("web", "c1"))
            assert status is not None
            assert status.unready == 1
