"""kubectl against the simulation and against a real API server: the same codes, the same words.

tests/sim/kubectl/table.txt says what is run. A difference is a defect of the simulation.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from roadstead.sim import serving
from roadstead.sim.cluster import Cluster
from roadstead.sim.controllers import running as world
from tests.controlplane import fixtures, kubeconfig, plane
from tests.sim.kubectl import running, versions
from tests.sim.kubectl.running import Side

pytestmark = pytest.mark.cluster
TABLE = running.table("table.txt")
CONTROLLED = running.table("controlled.txt")


@pytest.fixture(scope="module")
def real(kubernetes_minor: str) -> Iterator[Any]:
    """A real cluster of this module's own: what other tests leave must not be seen."""
    yield from _plane(kubernetes_minor)


@pytest.fixture(scope="module")
def controlled(kubernetes_minor: str) -> Iterator[Any]:
    yield from _plane(kubernetes_minor, controllers=True)


def _plane(minor: str, *, controllers: bool = False) -> Iterator[Any]:
    made = plane.ControlPlane(minor)
    fixtures._finish(made.start(1, controllers=controllers))
    yield made.clusters[0]
    made.close()


@pytest.fixture(params=["newest", pytest.param("oldest", marks=pytest.mark.slow)], scope="module")
def kubectl(request: pytest.FixtureRequest) -> Path:
    return versions.newest() if request.param == "newest" else versions.oldest()


def _real_side(cluster: Any, kubectl: Path, folder: Path) -> Side:
    contexts = [
        kubeconfig.Context(user, "real", cluster.url, cluster.authority, cluster.tokens[user])
        for user in ("admin", "viewer")
    ]
    folder.mkdir()
    kubeconfig.write(folder / "config", contexts)
    return Side(kubectl, folder / "config", cluster.url)


@asynccontextmanager
async def _simulated_side(
    minor: str, kubectl: Path, folder: Path, *, controllers: bool = False
) -> AsyncIterator[Side]:
    cluster = Cluster("c1", minor=minor)
    if controllers:
        world.start(cluster, nodes=0)
    async with serving.running(cluster) as server:
        folder.mkdir()
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": user, "cluster": {"server": server.url(cluster, user)}} for user in cluster.tokens
            ],
            "users": [{"name": "none", "user": {}}],
            "contexts": [
                {"name": user, "context": {"cluster": user, "user": "none"}} for user in cluster.tokens
            ],
        }
        (folder / "config").write_bytes(orjson.dumps(document))
        yield Side(kubectl, folder / "config", server.url(cluster, "admin"))


async def compared(lines: list[str], namespace: str, sides: list[Side]) -> str:
    """The differences of the transcripts, as a diff from real to simulated."""
    wanted = ["create namespace " + namespace, *lines]
    async with asyncio.TaskGroup() as group:
        told = [group.create_task(side.run(wanted, namespace)) for side in sides]
    one, other = (task.result().splitlines() for task in told)
    return "\n".join(difflib.unified_diff(one, other, "real", "simulated", n=6, lineterm=""))


@pytest.mark.parametrize("lines", TABLE.values(), ids=TABLE)
async def test_kubectl_says_the_same(lines, real, kubectl, kubernetes_minor, unique, tmp_path):
    one = _real_side(real, kubectl, tmp_path / "real")
    async with _simulated_side(kubernetes_minor, kubectl, tmp_path / "simulated") as other:
        differences = await compared(lines, unique, [one, other])
    assert not differences, "\n" + differences


@pytest.mark.parametrize("lines", CONTROLLED.values(), ids=CONTROLLED)
async def test_kubectl_says_the_same_where_controllers_run(
    lines, controlled, kubectl, kubernetes_minor, unique, tmp_path
):
    one = _real_side(controlled, kubectl, tmp_path / "real")
    folder = tmp_path / "simulated"
    async with _simulated_side(kubernetes_minor, kubectl, folder, controllers=True) as other:
        differences = await compared(lines, unique, [one, other])
    assert not differences, "\n" + differences


@pytest.mark.parametrize("form", ["", "-o=yaml", "-o=name"])
async def test_a_watch_shows_the_same(form, real, kubectl, kubernetes_minor, unique, tmp_path):
    changes = ["create configmap one", "label configmap one a=b", "delete configmap one"]
    one = _real_side(real, kubectl, tmp_path / "real")
    async with _simulated_side(kubernetes_minor, kubectl, tmp_path / "simulated") as other:
        for side in (one, other):
            await side.run([f"create namespace {unique}"], unique)
        watch = f"get configmaps --field-selector=metadata.name=one --watch {form}"
        told = [await side.watched(watch, "one", changes, unique) for side in (one, other)]
    assert told[0].count("one") >= 3
    assert told[0] == told[1]
