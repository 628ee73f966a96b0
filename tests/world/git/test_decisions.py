"""Decisions in Git: written by several at once, never lost, never on a branch, and read for what they are."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from roadstead.model import reasons
from roadstead.model.decision import Decision, DecisionKind
from roadstead.model.errors import RoadsteadError
from roadstead.model.record import Anchor
from roadstead.world.git import command, decisions, locations
from tests.world.git.repositories import Repository

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOLD = Decision(
    "hold-1", DecisionKind.HOLD, "ann", "INC-1", NOON, NOON + timedelta(hours=2), ("c1",), ("web",), "freeze"
)
ANCHOR = Anchor("hub@host", 1, 40, "ab" * 32)


@pytest.fixture
def fleet(tmp_path):
    """A fleet repository, as its owner has it on this machine."""
    repository = Repository(tmp_path / "fleet")
    repository.commit("first", {"roadstead.yaml": "kind: Fleet\n"})
    return repository


class Side:
    """One process with a cache of its own."""

    def __init__(self, url, cache):
        self.location, self.cache = locations.parse(str(url)), cache

    async def read(self):
        return await decisions.read(self.location, cache=self.cache, until=command.until(240))

    async def add(self, *made, anchors=(), actor="ann"):
        return await decisions.add(
            self.location, decisions=made, anchors=anchors, actor=actor, subject="Hold web on c1",
            cache=self.cache, until=command.until(240),
        )  # fmt: skip


@pytest.fixture
def side(fleet, tmp_path):
    return Side(fleet.folder, tmp_path / "cache")


async def test_a_repository_without_decisions_has_none(side):
    assert await side.read() == decisions.Book()
    assert not side.cache.exists()


async def test_a_fleet_in_a_folder_of_its_repository_is_at_home_in_the_repository(fleet, tmp_path):
    fleet.commit("deeper", {"deep/roadstead.yaml": "kind: Fleet\n"})
    for address in (fleet.folder, fleet.folder / "deep", fleet.folder / "deep" / "roadstead.yaml"):
        found = await decisions.home(str(address), until=command.until(240))
        assert found.url == str(fleet.folder)
    assert await decisions.home(str(tmp_path), until=command.until(240)) is None
    url = "https://git.example/shop/fleet//deep"
    assert (await decisions.home(url, until=command.until(240))).url == "https://git.example/shop/fleet"


async def test_what_was_added_is_read_by_others(fleet, side, tmp_path):
    await side.add(HOLD, anchors=[ANCHOR])
    found = await Side(fleet.folder, tmp_path / "other").read()
    assert (found.decisions, found.anchors, found.problems) == ({"hold-1": HOLD}, (ANCHOR,), ())


async def test_branches_and_files_of_the_repository_stay_as_they_are(fleet, side):
    before = fleet.git("for-each-ref", "refs/heads", "refs/tags"), fleet.git("status", "--porcelain")
    await side.add(HOLD)
    assert (
        fleet.git("for-each-ref", "refs/heads", "refs/tags"),
        fleet.git("status", "--porcelain"),
    ) == before
    assert fleet.git("log", "--format=%an %s", decisions.REF) == "ann Hold web on c1"
    assert fleet.git("show", f"{decisions.REF}:decisions/hold-1.json").startswith("{")


async def test_adding_what_is_there_makes_no_commit(fleet, side):
    first = await side.add(HOLD)
    assert (await side.add(HOLD)).commit == first.commit


async def test_several_that_add_at_once_lose_nothing(fleet, tmp_path):
    sides = [Side(fleet.folder, tmp_path / f"cache-{number}") for number in range(3)]
    async with asyncio.TaskGroup() as tasks:
        for number, one in enumerate(sides):
            for round in range(2):
                tasks.create_task(one.add(replace(HOLD, id=f"hold-{number}-{round}")))
    assert len((await sides[0].read()).decisions) == 6


async def test_a_lifted_decision_stays_lifted_whoever_adds_it_again(side):
    lifted = replace(HOLD, lifted=NOON, lifted_by="bob", lifted_because="solved")
    await side.add(HOLD)
    await side.add(lifted)
    assert (await side.add(HOLD)).decisions["hold-1"] == lifted


async def test_a_file_that_is_no_decision_is_told_and_hides_no_other(fleet, side):
    await side.add(HOLD)
    blob = fleet.git("hash-object", "-w", "--stdin", stdin=b"{ not json")
    fleet.git("read-tree", "--index-output=.git/spare", decisions.REF)
    index = {"GIT_INDEX_FILE": ".git/spare"}
    fleet.git("update-index", "--add", "--cacheinfo", f"100644,{blob},decisions/broken.json", **index)
    tree = fleet.git("write-tree", **index)
    fleet.git(
        "update-ref", decisions.REF, fleet.git("commit-tree", "-p", decisions.REF, tree, "-m", "by hand")
    )
    found = await side.read()
    assert found.decisions == {"hold-1": HOLD}
    assert [one.reason for one in found.problems] == [reasons.DECISION_UNREADABLE]
    assert "decisions/broken.json" in found.problems[0].cause


async def test_a_ref_that_somebody_rewrote_or_removed_is_noticed(fleet, side):
    first = await side.add(HOLD)
    other = fleet.git("commit-tree", fleet.tree, "-m", "made up")
    fleet.git("update-ref", decisions.REF, other)
    assert (await side.read()).replaced == first.commit
    fleet.git("update-ref", "-d", decisions.REF)
    assert (await side.read()).replaced == other
    assert (await side.add(HOLD)).decisions == {"hold-1": HOLD}


async def test_a_repository_that_takes_no_push_says_so_and_nothing_changes(fleet, side):
    hook = fleet.folder / ".git" / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'decisions are not welcome' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(RoadsteadError, match="writing refs/roadstead/decisions"):
        await side.add(HOLD)
    assert (await side.read()).decisions == {}


@pytest.mark.parametrize("id", ["../../heads/main", "Hold 1/ü", ".git", "x" * 300])
async def test_no_name_of_a_decision_leads_out_of_its_folder(fleet, side, id):
    found = await side.add(replace(HOLD, id=id))
    assert list(found.decisions) == [id]
    (path,) = fleet.git("ls-tree", "-r", "--name-only", decisions.REF).splitlines()
    assert path.startswith("decisions/") and path.count("/") == 1


async def test_over_http(server, origin, tmp_path):
    origin.commit("first", {"roadstead.yaml": "kind: Fleet\n"})
    origin.git("config", "http.receivepack", "true")
    side = Side(f"{server.url}/origin/.git", tmp_path / "cache")
    await side.add(HOLD)
    assert (await side.read()).decisions == {"hold-1": HOLD}
