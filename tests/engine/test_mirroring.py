"""The store and Git have the same decisions after a round, whichever side lost or gained some."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from roadstead.engine import mirroring
from roadstead.model.decision import Decision, DecisionKind
from roadstead.model.record import Record, RecordKind
from roadstead.operations import audit
from roadstead.stages.audit.verifying import Verifier, lost
from roadstead.world import store
from roadstead.world.git import command, decisions, locations
from tests.world.git.repositories import Repository

pytestmark = pytest.mark.whole

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOLD = Decision("hold-1", DecisionKind.HOLD, "ann", "INC-1", NOON, NOON + timedelta(hours=2), action="freeze")
PAUSE = Decision("pause-1", DecisionKind.PAUSE, "bob", "audit", NOON)


class Hub:
    def __init__(self, folder):
        self.repository = Repository(folder / "fleet")
        self.repository.commit("first", {"roadstead.yaml": "kind: Fleet\n"})
        self.location, self.cache = locations.parse(str(self.repository.folder)), folder / "cache"
        self.folder = folder

    def store(self, name="hub.db"):
        return store.open(str(self.folder / name), writer="hub")

    async def round(self, opened, now=NOON):
        return await mirroring.mirror(
            opened, self.location, actor="hub", cache=self.cache, deadline=240, now=now
        )

    async def book(self):
        return await decisions.read(self.location, cache=self.cache, until=command.until(30))

    async def decide(self, *made):
        return await decisions.add(
            self.location,
            decisions=made,
            actor="ann",
            subject="Decide",
            cache=self.cache,
            until=command.until(30),
        )


@pytest.fixture
def hub(tmp_path):
    return Hub(tmp_path)


async def test_a_decision_made_in_git_stands_in_the_store_and_on_the_record(hub):
    await hub.decide(HOLD)
    async with hub.store() as opened:
        assert await hub.round(opened) == mirroring.Mirrored(changed=True)
        assert await opened.decisions.standing(NOON) == (HOLD,)
        (found,) = (await opened.records.page()).items
        assert (found.record.kind, found.record.actor) == (RecordKind.DECISION, "ann")
        assert await hub.round(opened) == mirroring.Mirrored(changed=False)


async def test_a_decision_made_in_the_store_reaches_git(hub):
    async with hub.store() as opened:
        await opened.decisions.put(HOLD)
        await hub.round(opened)
        assert (await hub.book()).decisions == {"hold-1": HOLD}
        assert await opened.decisions.unpushed() == ()


async def test_an_empty_store_gets_every_decision_back(hub):
    async with hub.store() as opened:
        await opened.decisions.put(HOLD, PAUSE)
        await hub.round(opened)
    async with hub.store("another.db") as opened:
        assert (await hub.round(opened)).changed
        assert await opened.decisions.standing(NOON) == (HOLD, PAUSE)


async def test_an_emptied_ref_gets_every_decision_back_and_is_told(hub):
    async with hub.store() as opened:
        await opened.decisions.put(HOLD)
        await hub.round(opened)
        hub.repository.git("update-ref", "-d", decisions.REF)
        found = await hub.round(opened)
        assert [str(one.reason) for one in found.problems] == ["HistoryRewritten"]
        assert (await hub.book()).decisions == {"hold-1": HOLD}


async def test_lifting_on_either_side_lifts_on_both(hub):
    lifted = {"lifted": NOON, "lifted_by": "bob", "lifted_because": "solved"}
    async with hub.store() as opened:
        await opened.decisions.put(HOLD, PAUSE)
        await hub.round(opened)
        await opened.decisions.put(replace(HOLD, **lifted))
        await hub.decide(replace(PAUSE, **lifted))
        await hub.round(opened)
        assert await opened.decisions.standing(NOON) == ()
    assert all(one.lifted for one in (await hub.book()).decisions.values())


async def test_a_file_that_cannot_be_read_pauses_everything_until_it_is_gone(hub):
    async with hub.store() as opened:
        await hub.decide(HOLD)
        whole = hub.repository.git("rev-parse", decisions.REF)
        break_a_file(hub.repository)
        found = await hub.round(opened)
        assert [str(one.reason) for one in found.problems] == ["DecisionUnreadable"]
        (pause,) = [one for one in await opened.decisions.standing(NOON) if one.kind is DecisionKind.PAUSE]
        assert pause.concerns("any", "where")
        assert not (await hub.round(opened)).changed, "it stays one pause"
        tree = hub.repository.git("rev-parse", f"{whole}^{{tree}}")
        repaired = hub.repository.git("commit-tree", "-p", decisions.REF, tree, "-m", "repaired")
        hub.repository.git("update-ref", decisions.REF, repaired)
        await hub.round(opened)
        assert await opened.decisions.standing(NOON) == (HOLD,)


def break_a_file(repository):
    blob = repository.git("hash-object", "-w", "--stdin", stdin=b"{ not json")
    index = {"GIT_INDEX_FILE": ".git/spare"}
    repository.git("read-tree", decisions.REF, **index)
    repository.git("update-index", "--add", "--cacheinfo", f"100644,{blob},decisions/broken.json", **index)
    tree = repository.git("write-tree", **index)
    repository.git(
        "update-ref", decisions.REF, repository.git("commit-tree", "-p", decisions.REF, tree, "-m", "x")
    )


async def test_after_a_lost_database_a_new_chain_begins_beside_the_one_that_git_knows(hub):
    record = Record(RecordKind.ACCESS, NOON, "ann")
    for database in ("first.db", "second.db", "first.db", "second.db"):
        async with hub.store(database) as opened:
            await hub.round(opened)
            await opened.journal.add(record)
            await hub.round(opened, now=NOON + timedelta(hours=2))
            chains = await opened.records.writers()
    assert {name: last for name, (last, _) in chains.items()} == {"hub~2": 2}
    anchors = (await hub.book()).anchors
    assert sorted((one.writer, one.number, one.last) for one in anchors) == [
        *[("hub", 1, 1), ("hub", 2, 2)],
        *[("hub~2", 1, 1), ("hub~2", 2, 2)],
    ]


async def test_an_intent_of_a_chain_that_was_left_is_still_settled(hub):
    async with hub.store() as opened:
        await opened.journal.begin(Record(RecordKind.INTENT, NOON, "hub"))
        opened.writer.chain = "hub~2"
        await opened.journal.begin(Record(RecordKind.INTENT, NOON, "hub"))
        assert [str(id) for id, _ in await opened.journal.open_intents()] == ["hub/1", "hub~2/1"]


async def test_a_repository_that_is_gone_leaves_what_was_decided_standing(hub):
    async with hub.store() as opened:
        await opened.decisions.put(HOLD)
        hub.repository.folder.rename(hub.folder / "moved")
        found = await hub.round(opened)
        assert (found.changed, len(found.problems)) == (False, 1)
        assert await opened.decisions.standing(NOON) == (HOLD,)


async def test_heads_are_anchored_so_that_a_cut_or_lost_record_shows(hub):
    async with hub.store() as opened:
        for number in range(3):
            await opened.journal.add(Record(RecordKind.ACCESS, NOON + timedelta(seconds=number), "ann"))
        await hub.round(opened, now=NOON + timedelta(hours=2))
        (segment,) = await opened.records.segments("hub")
        book = await hub.book()
        assert segment.anchored == book.commit
        verifier = Verifier("hub", (await opened.records.writers())["hub"], [segment], book.anchors)
        async for kept in opened.records.chain("hub"):
            verifier.take(kept)
        assert (verifier.end().problems, verifier.end().unanchored) == ((), 0)
    assert lost(book.anchors, []), "the database was deleted, and Git still knows"


async def test_what_was_cut_off_with_its_head_is_found_by_who_asks_git_too(hub):
    async with hub.store() as opened:
        for number in range(3):
            await opened.journal.add(Record(RecordKind.ACCESS, NOON + timedelta(seconds=number), "ann"))
        await hub.round(opened, now=NOON + timedelta(hours=2))
    address = str(hub.repository.folder)
    known = await audit.anchors(address, cache=hub.cache, deadline=240)
    async with store.look(str(hub.folder / "hub.db")) as records:
        assert [one.problems for one in await audit.verify(records, known)] == [()]
    for table in ("records", "heads", "segments"):
        with sqlite3.connect(hub.folder / "hub.db") as connection:
            connection.execute(f"DELETE FROM {table}")
        connection.close()
    async with store.look(str(hub.folder / "hub.db")) as records:
        assert await audit.verify(records, None) == (), "the database alone knows of nothing"
        (verdict,) = await audit.verify(records, known)
        assert [one.cause for one in verdict.problems] == ["hub: anchored in Git, and nothing of it is here"]
        assert await audit.verify(records, known, only=frozenset(["hub~2"])) == ()
