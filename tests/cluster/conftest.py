"""Fixtures of the cluster ring."""

import pytest

from tests.cluster.applying import Shop
from tests.cluster.connecting import connected


@pytest.fixture
async def shop(clusters, unique):
    """A fleet of its own on a shared cluster, with a namespace of the same name."""
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    async with connected(cluster) as client:
        made = Shop(client, fleet=unique)
        made.server = cluster
        yield made
