"""What is known of the clusters themselves: labels, reach, facts."""

from msgspec import Struct
from sqlalchemy import bindparam, delete, select

from roadstead.model.status import ClusterStatus
from roadstead.world.store import reading, rows, schema
from roadstead.world.store.writing import Batch, Writer

_TABLE = schema.clusters
_FORGET = {
    _TABLE: delete(_TABLE).where(_TABLE.c.name == bindparam("gone")),
    schema.statuses: delete(schema.statuses).where(schema.statuses.c.cluster == bindparam("gone")),
    schema.deviations: delete(schema.deviations).where(schema.deviations.c.cluster == bindparam("gone")),
}


class Clusters(Struct, frozen=True):
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

    async def all(self) -> dict[str, ClusterStatus]:
        """By name. Labels are selected by, and pages made, where it is known what Git says of them now."""
        found = await reading.fetch(self.writer.engines, select(_TABLE).order_by(_TABLE.c.name))
        return {row.name: rows.cluster(row) for row in found}
