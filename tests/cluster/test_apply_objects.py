"""Apply to real clusters: create, change nothing, change, prune."""

import pytest

from tests.cluster import samples
from tests.cluster.applying import Shop, results
from tests.cluster.connecting import connected


@pytest.fixture
async def shop(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    async with connected(cluster) as client:
        made = Shop(client, fleet=unique)
        made.cluster = cluster
        yield made


async def test_objects_are_created_once_and_a_second_apply_sends_no_write(shop):
    ns = shop.fleet
    wanted = [samples.config_map(ns, key="1"), samples.service(ns), samples.deployment(ns, replicas=0)]
    assert set(results(await shop.apply(*wanted)).values()) == {"created"}
    mark = shop.cluster.mark()
    again = await shop.apply(*wanted)
    assert set(results(again).values()) == {"unchanged"}
    assert [str(one) for one in shop.cluster.requests(since=mark, user_agent="roadstead") if one.writes] == []
