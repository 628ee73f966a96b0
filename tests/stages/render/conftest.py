from collections.abc import Sequence

import pytest

from roadstead.model.assignment import Assignment
from roadstead.model.facts import Facts
from roadstead.stages.render import render
from roadstead.stages.render.cache import Cache
from roadstead.world.blobs import Blobs
from tests.engine.pools import Here
from tests.stages.render.reading import assignment
from tests.stages.render.trees_of import Store


@pytest.fixture
def here():
    return Here()


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path / "cache")


@pytest.fixture
def rendering(store, tmp_path, here):
    """`await rendering({"app/web.yaml": …}, namespace=…)`: one assignment's manifests, or those of several."""
    cache = Cache(tmp_path / "cache")

    async def go(
        files,
        *assignments: Assignment,
        facts: Sequence[Facts] = (),
        links=None,
        sources=None,
        pool=None,
        describe=None,
        **fields,
    ):
        many = assignments or (assignment(**fields),)
        found = await render.render(
            many,
            store.snapshot(files, links=links, **(sources or {})),
            {one.cluster: one for one in facts},
            pool=pool or here,
            cache=cache,
            describe=describe,
        )
        return found if assignments else found[many[0].key]

    go.cache = cache
    return go
