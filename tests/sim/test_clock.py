"""The clock of simulated clusters."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from roadstead.sim.clock import Clock

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_standing_clock_moves_only_when_it_is_turned():
    clock = Clock(START)
    clock.advance(90)
    assert clock() == START + timedelta(seconds=90)


def test_what_is_due_happens_in_the_order_of_its_time_then_of_its_asking():
    clock, seen = Clock(START), []
    clock.at(5, lambda: seen.append("late"))
    clock.at(1, lambda: seen.append("first"))
    clock.at(1, lambda: seen.append("second"))
    clock.advance(10)
    assert seen == ["first", "second", "late"]


def test_work_sees_the_time_at_which_it_was_due():
    clock, seen = Clock(START), []
    clock.at(7, lambda: seen.append(clock() - START))
    clock.advance(60)
    assert seen == [timedelta(seconds=7)]


def test_what_work_makes_due_within_the_turn_happens_in_it():
    clock, seen = Clock(START), []
    clock.at(1, lambda: clock.at(1, lambda: seen.append(clock() - START)))
    clock.advance(2)
    assert seen == [timedelta(seconds=2)]


def test_work_that_is_due_later_waits():
    clock, seen = Clock(START), []
    clock.at(61, lambda: seen.append("late"))
    clock.advance(60)
    assert seen == []


async def test_real_time_does_what_is_due_without_being_turned():
    done = asyncio.Event()
    Clock().at(0.01, done.set)
    async with asyncio.timeout(60):
        await done.wait()


async def test_turning_real_time_forward_brings_what_was_due_then():
    clock, seen, begun = Clock(), [], datetime.now(UTC)
    clock.at(3600, lambda: seen.append("hour"))
    clock.advance(3600)
    assert seen == ["hour"]
    assert clock() - begun >= timedelta(seconds=3600)


async def test_work_asked_for_before_there_was_an_event_loop_is_done_once_somebody_winds_it():
    done = asyncio.Event()
    clock = Clock()
    await asyncio.get_running_loop().run_in_executor(None, lambda: clock.at(0.0, done.set))
    clock.wind()
    async with asyncio.timeout(60):
        await done.wait()
