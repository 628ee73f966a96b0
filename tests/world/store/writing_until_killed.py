"""A process that writes as fast as it can and says on standard output what it was told is durable."""

import asyncio
import sys

from roadstead.world import store
from roadstead.world.store import With
from tests.world.store.samples import event, intent, outcome


async def main(url: str) -> None:
    async with store.open(url, writer="hub") as opened, asyncio.TaskGroup() as tasks:
        for worker in range(8):
            tasks.create_task(work(opened, worker))


async def work(opened: store.Store, worker: int) -> None:
    for number in range(1_000_000):
        begun = await opened.journal.begin(intent(number, data={"name": f"{worker}/{number}"}))
        say(f"intent {worker}/{number} {begun.sequence}")
        also = With(events=(event(number, message=f"{worker}/{number}"),))
        closed = await opened.journal.close(begun, outcome(number), also)
        say(f"event {worker}/{number} {closed.sequence}")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
