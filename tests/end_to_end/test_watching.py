"""`drift --watch` on a cluster that hangs, or is gone: it says so, goes on, and says when it sees it again."""

import asyncio
import signal
from contextlib import asynccontextmanager

import pytest

from tests.controlplane.kubectl import kubectl
from tests.end_to_end.story import Story, config_map, namespace


@pytest.fixture
def own(own_clusters):
    return own_clusters(1).clusters[0]


@pytest.fixture
async def shop(own, unique, tmp_path):
    story = Story(tmp_path, own.kubeconfig, unique)
    story.cluster("edge", own.name)
    story.bundle("shop", files={"all.yaml": [namespace(unique), config_map("a", unique, colour="blue")]})
    story.commit()
    await story.roadstead("apply")
    return story


@asynccontextmanager
async def watching(story):
    """Gives what reads lines until one has the words."""
    process = await story.start("drift", "--watch", "--timeout", "60s")

    async def until(words):
        async with asyncio.timeout(240):
            while True:
                line = (await process.stdout.readline()).decode()
                assert line, "it ended"
                if words in line:
                    return line

    try:
        yield until
    except BaseException:
        process.kill()
        raise
    else:
        process.send_signal(signal.SIGINT)
    finally:
        await process.communicate()
    assert process.returncode == 130


async def edit(own, name, colour):
    patch = f'{{"data": {{"colour": "{colour}"}}}}'
    await kubectl(own.kubeconfig, own.name, "-n", name, "patch", "cm", "a", "--type=merge", "-p", patch)


async def test_a_server_that_hangs_is_told_and_what_happened_meanwhile_is_seen_later(shop, own):
    async with watching(shop) as until:
        await until("no drift on 1 cluster")
        await edit(own, shop.name, "red")
        await until("edited by kubectl-patch")
        own.pause()
        line = await until("not seen")
        assert " edge: not seen, drift there is not told: Unreachable: " in line
        assert "within 10 s" in line
        own.resume()
        await until(" edge: seen again")
        await edit(own, shop.name, "green")
        await until('data.colour: is "green", should be "blue"')


async def test_a_server_that_is_gone_from_the_start_is_told_and_watched_once_it_is_there(shop, own):
    await own.kill()
    async with watching(shop) as until:
        await until("no drift on 0 clusters")
        assert "connection refused" in await until(" edge: not seen, drift there is not told: Unreachable: ")
        await own.start_apiserver()
        await until(" edge: seen again")
        await edit(own, shop.name, "red")
        await until('data.colour: is "red", should be "blue"')
        await own.kill()
        await until(" edge: not seen")
        await own.start_apiserver()
        await until(" edge: seen again")
