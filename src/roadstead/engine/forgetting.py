"""What is shown of clusters and bundles that are no more is let go of: the record keeps what became of them.

A cluster that no document names is shown as gone for an hour, in which its end was told, and longer where the process
is started again meanwhile. A bundle goes as soon as it is neither in Git nor on the cluster: at once where the process
removed it, and here where that happened while nobody looked. What Git cannot tell for certain stays.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from msgspec import Struct, field

from roadstead.engine import recording
from roadstead.engine.keeper import Keeper
from roadstead.engine.revision_loop import Desired
from roadstead.engine.shared import Shared
from roadstead.model.errors import RoadsteadError
from roadstead.world.store.statuses import Where

_EVERY = 600.0  # seconds
_GONE_FOR = 3600.0  # seconds for which a cluster is shown as gone
_MOST = 10_000  # statuses of one cluster


class Forgetting(Struct):
    """`counts` is what of Git counts now; `keepers` change while the process works."""

    shared: Shared
    keepers: Mapping[str, Keeper]
    counts: Callable[[], Desired | None]
    _gone: dict[str, float] = field(default_factory=dict)  # since when, by the loop's clock

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(_EVERY)
            with contextlib.suppress(RoadsteadError):  # the database; next time
                await self.look()

    async def look(self) -> None:
        """Once. Raises TransientError while the database does not answer."""
        desired = self.counts()
        if desired is not None:
            await self._clusters(desired)
            await self._bundles()

    async def _clusters(self, desired: Desired) -> None:
        loaded, now = desired.documents, asyncio.get_running_loop().time()
        if "" in loaded.unclean:  # a document that cannot be named may be a cluster's
            return
        there = await self.shared.store.clusters.all()
        before, self._gone = self._gone, {}
        for name in there.keys() - loaded.known["Cluster"]:
            since = before.get(name, now)
            if now - since >= _GONE_FOR:
                await self._abandon(name)
                await self.shared.store.clusters.remove(name)
            else:
                self._gone[name] = since

    async def _abandon(self, cluster: str) -> None:
        """What a process that died had begun there, and nobody can look at any more."""
        journal, now = self.shared.store.journal, self.shared.world.now
        for intended, begun in await journal.open_intents(cluster):
            await journal.close(intended, recording.abandoned(begun, intended, now=now))

    async def _bundles(self) -> None:
        """Only of clusters of which more is stored than there is."""
        statuses = self.shared.store.statuses
        stored = await statuses.by_cluster()
        for name, keeper in list(self.keepers.items()):
            bundles = keeper.bundles
            if bundles is None or sum(stored.get(name, {}).values()) <= len(bundles):
                continue
            found = await statuses.page(Where(clusters=frozenset([name])), limit=_MOST)
            gone = [one.key for one in found.items if one.key.bundle not in bundles]
            await statuses.remove(*gone)
