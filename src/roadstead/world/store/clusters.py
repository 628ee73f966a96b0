"""What is known of the clusters themselves: labels, reach, facts."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, select

from roadstead.model.status import ClusterStatus, Reach
from roadstead.world.store import reading, rows, schema
from roadstead.world.store.reading import Page
from roadstead.world.store.writing import Batch, Writer

_TABLE = schema.clusters
_FORGET = {
    _TABLE: delete(_TABLE).where(_TABLE.c.name == bindparam("gone")),
    schema.statuses: delete(schema.statuses).where(schema.statuses.c.cluster == bindparam("gone")),
    schema.deviations: delete(schema.deviations).where(schema.deviations.c.cluster == bindparam("gone")),
}


@dataclass(frozen=True, slots=True)
class Clusters:
    writer: Writer

    async def put(self, *found: ClusterStatus) -> None:
        values = [rows.of_cluster(one) for one in found]
        await self.writer.write(
            lambda batch: batch.put(_TABLE, *values), keys=tuple((_TABLE, one.name) for one in found)
        )

    def note(self, found: ClusterStatus) -> None:
        """`put`, without waiting."""
        values = rows.of_cluster(found)
        self.writer.note(lambda batch: batch.put(_TABLE, values), key=(_TABLE, found.name))

    async def remove(self, *names: str) -> None:
        """Forget clusters that the fleet has no more, with all that is known of bundles on them."""

        def make(batch: Batch) -> None:
            for table, statement in _FORGET.items():
                batch.run(table, statement, *({"gone": one} for one in names))

        await self.writer.write(make)

    async def get(self, name: str) -> ClusterStatus | None:
        found = await reading.fetch(self.writer.engines, select(_TABLE).where(_TABLE.c.name == name))
        return rows.cluster(found[0]) if found else None

    async def page(
        self,
        *,
        names: Iterable[str] | None = None,
        reach: Iterable[Reach] = (),
        text: str = "",
        after: str | None = None,
        limit: int = 100,
    ) -> Page[ClusterStatus]:
        """By name. Labels are selected by their reader, who then gives `names`."""
        wanted = select(_TABLE).order_by(_TABLE.c.name).limit(limit + 1)
        if names is not None:
            wanted = wanted.where(_TABLE.c.name.in_(list(names)))
        if chosen := [str(one) for one in reach]:
            wanted = wanted.where(_TABLE.c.reach.in_(chosen))
        if text:
            wanted = wanted.where(reading.holds(text, _TABLE.c.name, _TABLE.c.labels, _TABLE.c.message))
        if after is not None:
            wanted = wanted.where(_TABLE.c.name > reading.place(after, str)[0])
        found = [rows.cluster(row) for row in await reading.fetch(self.writer.engines, wanted)]
        return reading.page(found, limit, lambda one: reading.cursor(one.name))

    async def all(self) -> dict[str, ClusterStatus]:
        found = await reading.fetch(self.writer.engines, select(_TABLE).order_by(_TABLE.c.name))
        return {row.name: rows.cluster(row) for row in found}

    async def counts(self) -> dict[Reach, int]:
        counted = select(_TABLE.c.reach, func.count()).group_by(_TABLE.c.reach)
        found = await reading.fetch(self.writer.engines, counted)
        return {Reach(reach): count for reach, count in found}
