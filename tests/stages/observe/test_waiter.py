"""One caller's wait: what ends it, and what is told on."""

import asyncio

import pytest

from roadstead.model.assignment import HealthRule
from roadstead.model.health import Health, State
from roadstead.model.ids import ObjectId
from roadstead.stages.observe.awaited import Awaited
from roadstead.stages.observe.waiter import Waiter

WEB = ObjectId("apps", "Deployment", "shop", "web")
DB = ObjectId("apps", "StatefulSet", "shop", "db")
SECRET = ObjectId("", "Secret", "shop", "password")
READY, BUSY, FAILED = Health(State.READY), Health(State.PROGRESSING, "1 of 2"), Health(State.FAILED, "crash")
MISSING, UNKNOWN = Health(State.MISSING, "it is gone"), Health(State.UNKNOWN, "no answer")


def waiting(told=None, **wanted):
    ids = {"web": WEB, "db": DB, "secret": SECRET}
    tell = (lambda one, health: told.append(f"{one.name} {health.state}")) if told is not None else None
    return Waiter({ids[name]: one for name, one in wanted.items()}, tell or (lambda one, health: None))


async def ends(waiter, *, patience=600.0):
    """That it ends."""
    async with asyncio.timeout(60):
        await waiter.settled(patience)
    return True


async def goes_on(waiter, *, patience=600.0):
    """Whether it does not end within a moment."""
    try:
        async with asyncio.timeout(0.05):
            await waiter.settled(patience)
    except TimeoutError:
        return True
    return False


async def test_it_ends_when_everything_is_ready_or_suspended():
    waiter = waiting(web=Awaited(), db=Awaited())
    assert await goes_on(waiter)
    waiter.learn(WEB, READY)
    assert await goes_on(waiter)
    waiter.learn(DB, Health(State.SUSPENDED))
    assert await ends(waiter)
    assert waiter.answer() == {WEB: READY, DB: Health(State.SUSPENDED)}


async def test_kinds_without_a_status_are_ready_at_once():
    told = []
    waiter = waiting(told, secret=Awaited())
    assert await ends(waiter)
    assert told == ["password ready"]
    assert waiter.answer() == {SECRET: READY}


@pytest.mark.parametrize(
    "awaited",
    [Awaited(gone=True), Awaited((HealthRule(SECRET.group_kind, "true"),))],
    ids=["must go", "a rule looks at it"],
)
async def test_unless_more_is_asked_of_them(awaited):
    assert await goes_on(waiting(secret=awaited))


async def test_a_failure_must_last():
    waiter = waiting(web=Awaited(), db=Awaited())
    waiter.learn(WEB, FAILED)
    assert await goes_on(waiter, patience=0.0)  # the other may still become ready
    waiter.learn(DB, READY)
    assert await goes_on(waiter)
    assert await ends(waiter, patience=0.01)
    waiter.learn(WEB, BUSY)
    assert await goes_on(waiter, patience=0.01)
    waiter.learn(WEB, READY)
    assert await ends(waiter)


async def test_what_is_missing_or_can_never_be_known_does_not_hold_it_for_ever():
    waiter = waiting(web=Awaited(), db=Awaited())
    waiter.learn(WEB, MISSING)
    waiter.learn(DB, UNKNOWN)
    assert await goes_on(waiter, patience=0.01)
    waiter.learn(DB, UNKNOWN, hopeless=True)
    assert await ends(waiter, patience=0.01)
    assert waiter.answer() == {WEB: MISSING, DB: UNKNOWN}


async def test_what_must_go_is_settled_when_it_is_gone_and_not_before():
    waiter = waiting(web=Awaited(gone=True))
    waiter.learn(WEB, READY)
    assert await goes_on(waiter)
    waiter.learn(WEB, MISSING)
    assert await ends(waiter)


async def test_what_was_ready_and_is_not_any_more_is_waited_for_again():
    waiter = waiting(web=Awaited(), db=Awaited())
    waiter.learn(WEB, READY)
    waiter.learn(WEB, BUSY)
    waiter.learn(DB, READY)
    assert await goes_on(waiter)
    assert waiter.pending == {WEB}


async def test_each_change_is_told_once():
    told = []
    waiter = waiting(told, web=Awaited())
    for health in (BUSY, BUSY, READY):
        waiter.learn(WEB, health)
    waiter.learn(WEB, READY, hopeless=True)
    assert told == ["web progressing", "web ready"]


async def test_nothing_wanted_is_settled_and_nothing_seen_is_unknown():
    assert await ends(waiting())
    (answer,) = waiting(web=Awaited()).answer().values()
    assert answer.state is State.UNKNOWN


async def test_that_a_job_failed_for_good_is_the_last_word_about_it():
    job, failed = ObjectId("batch", "Job", "shop", "migrate"), Health(State.FAILED, "too often", ended=True)
    waiter = Waiter({job: Awaited(uid="u")}, lambda one, health: None)
    waiter.learn(job, failed)
    waiter.learn(job, MISSING)  # by its TTL
    assert await ends(waiter)
    assert waiter.answer() == {job: failed}
    going = Waiter({job: Awaited(uid="u", gone=True)}, lambda one, health: None)
    going.learn(job, failed)
    assert await goes_on(going)
