"""From real repositories to assignments: Sources, pinned revisions, and what cannot be read."""

from pathlib import Path

import pytest

from roadstead.engine import revision_loop, world
from roadstead.engine.world import Settings
from roadstead.model.ids import Key
from tests.stages.fleet.trees import documents
from tests.world.git.repositories import Repository

FLEET = """
kind: Fleet
metadata: {name: shop}
---
kind: Cluster
metadata: {name: one}
---
kind: Cluster
metadata: {name: two}
---
kind: Source
metadata: {name: team}
spec: {git: {url: ../team}, documents: ["*.yaml"], allow: {kinds: [Bundle], clusters: {names: [one]}}}
---
kind: Bundle
metadata: {name: web}
spec: {source: {path: apps/web}, clusters: {all: true}}
"""
PIN = "kind: Pin\nmetadata: {name: pin}\nspec: {bundle: web, clusters: {names: [one]}, source: {revision: '%s'}}\n"
APP = "kind: Bundle\nmetadata: {name: app}\nspec: {source: {path: deploy}, clusters: {names: [one]}}\n"


@pytest.fixture
def fleet(tmp_path: Path) -> Repository:
    Repository(tmp_path / "team").commit("first", {"app.yaml": documents(APP), "deploy/a.yaml": ""})
    repository = Repository(tmp_path / "fleet")
    repository.commit("first", {"roadstead.yaml": documents(FLEET), "apps/web/a.yaml": ""})
    return repository


@pytest.fixture
async def desired(tmp_path: Path, fleet: Repository):
    """What Git says now: call it."""

    async def read() -> revision_loop.Desired:
        settings = Settings(
            fleet=str(fleet.folder), cache=tmp_path / "cache", state=tmp_path / "state", deadline=60
        )
        async with world.local(settings) as opened:
            return await revision_loop.read(opened)

    return read


async def test_a_fleet_and_its_sources_are_read_together(desired):
    found = await desired()
    assert found.problems == ()
    assert [str(key) for key in found.resolution.assignments] == ["web@one", "web@two", "team/app@one"]
    assert set(found.snapshot.sources) == {"team"}


async def test_a_pinned_revision_of_the_fleet_itself_is_part_of_the_snapshot(fleet, desired):
    first = fleet.head
    fleet.commit("second", {"fleet/pin.yaml": documents(PIN % first), "apps/web/a.yaml": "# changed"})
    found = await desired()
    assert found.problems == ()
    one, two = (found.resolution.assignments[Key("web", name)].source for name in ("one", "two"))
    assert (one.source, two.source) == (f"@{first}", "")
    assert found.snapshot.revision(one.source).commit == first
    assert found.snapshot.revision(two.source).commit == fleet.head


async def test_a_pinned_revision_that_is_not_there_freezes_its_clusters_alone(fleet, desired):
    fleet.commit("second", {"fleet/pin.yaml": documents(PIN % "deadbeef00")})
    found = await desired()
    assert [str(key) for key in found.resolution.blocked] == ["web@one"]
    assert [(str(one.reason), one.bundle, one.cluster) for one in found.problems] == [
        ("SourceUnreadable", "web", "one")
    ]


async def test_a_source_that_is_gone_freezes_its_bundles_and_nothing_else(desired, tmp_path):
    (tmp_path / "team").rename(tmp_path / "elsewhere")
    found = await desired()
    assert [str(key) for key in found.resolution.assignments] == ["web@one", "web@two"]
    assert found.resolution.blocks.of("team/app", "one") is not None
    assert [str(one.reason) for one in found.problems] == ["SourceUnreadable"]
