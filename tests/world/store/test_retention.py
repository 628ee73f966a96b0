"""Retention: the oldest go, a little at a time; what is left of a chain can still be verified."""

from datetime import timedelta

import pytest

from roadstead.model.status import Commit
from roadstead.stages.audit.verifying import Verifier
from roadstead.world.store import Keep, retention
from tests.world.store.samples import NOON, at, event, intent, outcome

DAY = timedelta(days=1)
KEEP = Keep(events=30 * DAY, records=30 * DAY)


async def test_events_older_than_asked_go_with_the_pass(opened):
    await opened.events.add(*(event(number) for number in range(5)), event(40 * 86400))
    tidied = await opened.tidy(KEEP, now=NOON + 40 * DAY)
    assert tidied.events == 5
    assert [one.message for one in (await opened.events.page()).items] == [f"number {40 * 86400}"]
    assert tidied.size > 0


async def test_ids_go_on_where_everything_was_taken_away(opened):
    await opened.events.add(event(0), event(1))
    await opened.tidy(KEEP, now=NOON + 99 * DAY)
    assert await opened.events.add(event(2)) == (3,)


async def test_a_clock_that_jumped_costs_one_pass_a_share_only(opened, monkeypatch):
    monkeypatch.setattr(retention, "_LEAST", 1)
    await opened.events.add(*(event(number) for number in range(100)))
    tidied = await opened.tidy(KEEP, now=NOON + 9_000 * DAY)
    assert tidied.events == 5


async def test_a_database_that_is_too_large_loses_its_oldest_events(opened):
    await opened.events.add(*(event(number, message="x" * 1_000) for number in range(1_000)))
    tidied = await opened.tidy(Keep(most=100_000), now=NOON)
    assert tidied.events == 101
    assert (await opened.events.oldest()) == 102


async def verdict(opened):
    heads = await opened.records.writers()
    verifier = Verifier("hub", heads.get("hub"), await opened.records.segments("hub"))
    async for kept in opened.records.chain("hub"):
        verifier.take(kept)
    return verifier.end()


@pytest.fixture
async def sealed(opened):
    """Three segments of two records each, and two records after them."""
    for number in range(4):
        begun = await opened.journal.begin(intent(number))
        await opened.journal.close(begun, outcome(number))
        if number < 3:
            await opened.journal.seal(at(number), at_least=1, older_than=DAY)
    return opened


async def test_records_go_by_segments_and_the_rest_is_verified(sealed):
    assert (await verdict(sealed)).problems == ()
    tidied = await sealed.tidy(KEEP, now=NOON + 60 * DAY)
    assert tidied.records == 2, "one segment with each pass"
    found = await verdict(sealed)
    assert (found.problems, found.records, found.last) == ((), 6, 8)
    await sealed.tidy(KEEP, now=NOON + 60 * DAY)
    await sealed.tidy(KEEP, now=NOON + 60 * DAY)
    await sealed.tidy(KEEP, now=NOON + 60 * DAY)
    found = await verdict(sealed)
    assert (found.problems, found.records) == ((), 2), "what is not sealed stays"


async def test_a_segment_with_an_open_intent_stays(opened):
    await opened.journal.begin(intent())
    await opened.journal.seal(at(1), at_least=1, older_than=DAY)
    assert (await opened.tidy(KEEP, now=NOON + 60 * DAY)).records == 0
    assert len(await opened.journal.open_intents()) == 1


async def test_the_record_is_kept_for_ever_unless_asked_otherwise(sealed):
    assert (await sealed.tidy(Keep(), now=NOON + 9_000 * DAY)).records == 0


async def test_old_deliveries_and_commits_go(opened):
    await opened.hooks.first_seen("github", "1", NOON)
    await opened.revisions.put(Commit("", "4be1", "main", NOON), Commit("", "c0ff", "main", at(1)))
    assert (await opened.tidy(Keep(), now=NOON + 400 * DAY)).others == 2
    assert (await opened.revisions.last()).commit == "c0ff", "what comes next is compared with it"
    assert await opened.hooks.first_seen("github", "1", NOON)
