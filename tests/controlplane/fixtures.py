"""Pytest fixtures that give real clusters. Tests that use one are marked `cluster` by it.

`clusters(n)` shares running clusters with all tests of the session: a test stays inside names of its own
(fixture `unique`). `own_clusters(n)` starts clusters for one test, which may break them. Both are plain
calls, in synchronous and asynchronous tests alike.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Protocol, Unpack

import pytest

from tests.controlplane import build
from tests.controlplane.cluster import Cluster
from tests.controlplane.plane import ControlPlane, Options

SIMULATED = 5  # clusters in the process that simulates them
GIVE_CLUSTERS = {"clusters", "own_clusters"}
FOLDERS = {"cluster", "end_to_end"}  # all of what lies in them belongs to the ring of that name


class Clusters(Protocol):
    def __call__(self, count: int, *, controllers: bool = False) -> list[Cluster]: ...


class OwnClusters(Protocol):
    def __call__(self, count: int, **options: Unpack[Options]) -> ControlPlane: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kubernetes", default=build.NEWEST, help=f"minor version of the clusters ({build.NEWEST})"
    )
    parser.addoption(
        "--simulated", action="store_true", help="clusters of roadstead.sim instead of real ones"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if GIVE_CLUSTERS & set(getattr(item, "fixturenames", ())):
            item.add_marker("cluster")
        for folder in FOLDERS & set(item.nodeid.split("/")[1:2]):
            item.add_marker(folder)
        real = item.get_closest_marker("real_servers")
        if real and item.config.option.simulated:
            item.add_marker(pytest.mark.skip(reason=f"real servers only: {real.args[0]}"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build before the first test, not inside it: that takes minutes, and no test's time limit allows it."""
    needed = any(item.get_closest_marker("cluster") for item in session.items)
    needed = needed and not session.config.option.simulated
    if not needed or session.config.option.collectonly:
        return
    capture = session.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else ExitStack():
        build.ensure(session.config.getoption("--kubernetes"))


@pytest.fixture(scope="session")
def kubernetes_minor(request: pytest.FixtureRequest) -> str:
    """The minor version of Kubernetes that clusters run, such as "1.37"."""
    chosen: str = request.config.getoption("--kubernetes")
    return chosen


@pytest.fixture(scope="session")
def clusters(kubernetes_minor: str, request: pytest.FixtureRequest) -> Iterator[Clusters]:
    """`clusters(n, controllers=False)`: n running clusters that the whole session shares.

    Those with controllers are others than those without: each kind is c1, c2, … in a kubeconfig of its own.
    """
    planes: dict[bool, ControlPlane] = {}
    if request.config.option.simulated:
        yield from _simulated(kubernetes_minor)
        return

    def give(count: int, *, controllers: bool = False) -> list[Cluster]:
        if controllers not in planes:
            planes[controllers] = ControlPlane(kubernetes_minor)
        plane = planes[controllers]
        missing = count - len(plane.clusters)
        if missing > 0:
            _finish(plane.start(missing, controllers=controllers))
        return plane.clusters[:count]

    yield give
    for plane in planes.values():
        plane.close()


def _simulated(minor: str) -> Iterator[Clusters]:
    """The same of simulated clusters, in one process for each kind."""
    from tests.sim.plane import SimulatedPlane

    planes: dict[bool, SimulatedPlane] = {}

    def give(count: int, *, controllers: bool = False) -> list[Cluster]:
        if controllers not in planes:
            planes[controllers] = SimulatedPlane(minor, controllers=controllers)
            planes[controllers].start(SIMULATED)
        return planes[controllers].clusters[:count]  # type: ignore[return-value]  # the same face

    yield give
    for plane in planes.values():
        plane.close()


@pytest.fixture
def own_clusters(kubernetes_minor: str, request: pytest.FixtureRequest) -> Iterator[OwnClusters]:
    """`own_clusters(n, …)`: a control plane of this test's own, with n running clusters."""
    if request.config.option.simulated:
        pytest.skip("breaks or configures the server itself: real ones only")
    planes: list[ControlPlane] = []

    def give(count: int, **options: Unpack[Options]) -> ControlPlane:
        plane = ControlPlane(kubernetes_minor)
        planes.append(plane)
        _finish(plane.start(count, **options))
        return plane

    yield give
    for plane in planes:
        plane.close()


@pytest.fixture
def unique() -> str:
    """A short name that no other test has, fit for a namespace or a fleet."""
    return f"t-{secrets.token_hex(4)}"


def _finish(work: Coroutine[object, object, object]) -> None:
    """Run to the end in a loop of its own, in a thread: an asynchronous test already runs one in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()
