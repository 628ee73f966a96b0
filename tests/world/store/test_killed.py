"""A process killed while it commits: what it was told is durable is there, once, and its chain is whole."""

import asyncio
import os
import random
import signal
import sys
from pathlib import Path

import pytest

from roadstead.world import store
from tests.world.store import writing_until_killed
from tests.world.store.test_journal import links

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 20))])
async def test_nothing_that_was_acknowledged_is_lost_or_doubled(prepared, seed):
    chance = random.Random(seed)
    told: list[tuple[str, str, int]] = []
    for _ in range(2):  # killed, and killed again as it goes on
        told = await run_and_kill(prepared, after=chance.uniform(0.01, 0.2))
    async with store.open(prepared, writer="hub") as opened:
        chained = await links(opened)
        messages = [one.message for one in await everything(opened)]
        standing = {id.sequence for id, _ in await opened.journal.open_intents()}
    assert told
    by_sequence = {one.id.sequence: one.record for one in chained}
    for what, name, sequence in told:
        if what == "intent":
            assert by_sequence[sequence].data["name"] == name
        else:
            assert name in messages
            assert by_sequence[sequence].closes.sequence not in standing
    closed = [one.record.closes for one in chained if one.record.closes]
    assert len(closed) == len(set(closed)) == len(messages), "an outcome and its event are one transaction"
    intents = {one.id.sequence for one in chained if one.record.closes is None}
    assert standing == intents - {id.sequence for id in closed}


async def everything(opened):
    found = await opened.events.since(0)
    while more := await opened.events.since(found[-1].id if found else 0):
        found += more
    return found


async def run_and_kill(url: str, *, after: float) -> list[tuple[str, str, int]]:
    """What it said before it was killed, so long after its first word."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", writing_until_killed.__name__, url,
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    async with asyncio.timeout(240):
        first = await process.stdout.readline()
        await asyncio.sleep(after)
        process.send_signal(signal.SIGKILL)
        said = first + await process.stdout.read()
        await process.wait()
    whole = said[: said.rindex(b"\n")].decode().splitlines()
    return [(what, name, int(number)) for what, name, number in (line.split() for line in whole)]
