import importlib
from collections.abc import Sequence

import pytest

from roadstead.model.assignment import Assignment
from roadstead.model.facts import Facts
from roadstead.stages.render import render
from roadstead.stages.render.cache import Cache
from roadstead.world.blobs import Blobs
from tests.stages.render.reading import assignment
from tests.stages.render.trees_of import Store


class Here:
    """Runs jobs in this process; tests/engine tells about other processes."""

    size = 2

    def __init__(self) -> None:
        self.jobs: list[str] = []

    async def run(self, function: str, payload: bytes, *, deadline: float) -> bytes:
        self.jobs.append(function)
        module, _, name = function.partition(":")
        return getattr(importlib.import_module(module), name)(payload)


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
        **fields,
    ):
        many = assignments or (assignment(**fields),)
        found = await render.render(
            many,
            store.snapshot(files, links=links, **(sources or {})),
            {one.cluster: one for one in facts},
            pool=pool or here,
            cache=cache,
        )
        return found if assignments else found[many[0].key]

    go.cache = cache
    return go
