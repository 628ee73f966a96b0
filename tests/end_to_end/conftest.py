"""Stories run the installed command against real API servers."""

import asyncio
import secrets

import pytest

from tests.end_to_end import standing
from tests.end_to_end.story import Story, config_map, deployment, namespace


def pytest_collection_modifyitems(items):
    for item in items:
        if "end_to_end" in item.path.parts:
            item.add_marker(pytest.mark.end_to_end)


@pytest.fixture
def two(clusters):
    return clusters(2)


@pytest.fixture
def story(two, unique, tmp_path):
    """A fleet with the clusters `dev` and `prod`, and no bundle yet."""
    first, second = two
    told = Story(tmp_path, first.kubeconfig, unique)
    told.cluster("dev", first.name, tier="development")
    told.cluster("prod", second.name, tier="production")
    return told


@pytest.fixture(scope="module")
def base(clusters, tmp_path_factory):
    dev, prod = clusters(2)
    story = Story(tmp_path_factory.mktemp("broken"), dev.kubeconfig, f"t-{secrets.token_hex(4)}")
    story.cluster("dev", dev.name, tier="development")
    story.cluster("prod", prod.name, tier="production")
    objects = [
        namespace(story.name),
        deployment("web", story.name),
        config_map("settings", story.name, colour="blue"),
    ]
    story.bundle("shop", files={"all.yaml": objects}, parameters={"size": {"type": "integer", "default": 2}})
    story.commit("shop")
    asyncio.run(story.roadstead("apply"))
    return standing.Base(story, dev, prod)


@pytest.fixture
async def shop(base):
    before = await base.uids()
    yield base.story
    assert await base.uids() == before
    base.story.git("reset", "--quiet", "--hard")
    base.story.git("clean", "--quiet", "-fd")
    base.story.environment.clear()
