"""Told to stop, it is gone within five seconds, whoever still listens or speaks, and whatever is sick."""

import asyncio
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from roadstead.sim import faults
from tests.end_to_end.story import config_map, namespace
from tests.hub import hubs
from tests.world.store import locking

pytestmark = pytest.mark.whole

LONGEST = 10.0  # seconds; five are promised


@asynccontextmanager
async def beating():
    """Counts the seconds that this loop lives: fewer than the clock tells where others need the machine, too."""
    lived = []

    async def beat():
        while True:
            await asyncio.sleep(0.1)
            lived.append(0.1)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(beat())
        yield lived
        task.cancel()


async def half_a_delivery(hub):
    where = urlsplit(hub.address)
    _, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(b"POST /hooks/github HTTP/1.1\r\nHost: hub\r\nContent-Length: 100\r\n\r\nand then")
    await writer.drain()
    return writer.close


async def a_stream(hub):
    answer = await hub.session.get(f"{hub.address}/api/v1/stream", headers=hubs.bearer())
    assert answer.status == 200
    return answer.close


async def a_cluster_that_hangs(hub):
    hub.clusters["c1"].faults.set(faults.partition())
    hub.story.bundle("web", files={"all.yaml": [namespace("web"), config_map("a", "web", x="2")]})
    mark = hub.mark
    hub.commit()
    await hub.event("commit", mark)
    await asyncio.sleep(0.5)
    return lambda: None


async def a_locked_database(hub):
    other = await locking.held(hub.database)
    hub.serving.store.events.note(hub.events[0][1])
    while hub.serving.store.problem is None:
        await asyncio.sleep(0.05)
    return other.close


@pytest.mark.parametrize(
    "hindrances",
    [
        pytest.param([half_a_delivery], id="a webhook that was half sent"),
        pytest.param([a_stream], id="a stream that is open"),
        pytest.param([half_a_delivery, a_cluster_that_hangs, a_locked_database], id="all that can hang"),
    ],
)
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
async def test_told_to_stop_it_ends_soon(tmp_path, hindrances):
    async with beating() as lived, hubs.serving(tmp_path) as hub:
        hub.story.bundle("web", files={"all.yaml": [namespace("web"), config_map("a", "web", x="1")]})
        await hub.settled(1, commit=hub.commit())
        ends = [await one(hub) for one in hindrances]
        lived.clear()
        hub.serving.shared.stop.set()
    assert sum(lived) < LONGEST
    for end in ends:
        end()
