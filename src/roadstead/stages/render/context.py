"""What every step of one render works with."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from msgspec import Struct

from roadstead.model.facts import Facts
from roadstead.model.snapshot import Snapshot
from roadstead.stages.render.cache import Cache

Item = TypeVar("Item")

Describe = Callable[[frozenset[str]], Awaitable[None]]  # brings the schemas of these versions of kinds


class Pool(Protocol):
    """engine.workers.WorkerPool."""

    size: int

    async def run(self, function: str, payload: bytes, *, deadline: float) -> bytes: ...


class Context(Struct, frozen=True):
    """`facts` are by the cluster's name; `deadline` is that of one job, in seconds; `spare` workers get none."""

    snapshot: Snapshot
    facts: Mapping[str, Facts]
    pool: Pool
    cache: Cache
    deadline: float
    spare: int = 0

    @property
    def at_once(self) -> int:
        """Jobs under way: one for each worker, and one that waits for it; nothing waits for a worker to spare."""
        return max(1, self.pool.size - self.spare) if self.spare else 2 * self.pool.size


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))
