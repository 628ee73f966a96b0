"""Objects, or fields of them, that are not as they should be: unready, drifted, added to, fought over."""

import secrets
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select

from roadstead.model.ids import Key
from roadstead.model.status import Deviation
from roadstead.world.store import reading, rows, schema
from roadstead.world.store.writing import Batch, Writer

_TABLE = schema.deviations
_FORGET = delete(_TABLE).where(
    _TABLE.c.cluster == bindparam("on_cluster"),
    _TABLE.c.bundle == bindparam("of_bundle"),
    _TABLE.c.round != bindparam("this_round"),
)


def write(batch: Batch, key: Key, found: tuple[Deviation, ...]) -> None:
    round = secrets.randbits(62)
    batch.put(_TABLE, *(rows.of_deviation(one) | {"round": round} for one in found))
    batch.run(_TABLE, _FORGET, {"on_cluster": key.cluster, "of_bundle": key.bundle, "this_round": round})


@dataclass(frozen=True, slots=True)
class Deviations:
    writer: Writer

    async def replace(self, key: Key, found: tuple[Deviation, ...]) -> None:
        """These and no others are what is wrong with the bundle on the cluster now; those that went on keep
        their `since`."""
        await self.writer.write(lambda batch: write(batch, key, found), keys=((_TABLE, key),))

    def note(self, key: Key, found: tuple[Deviation, ...]) -> None:
        """`replace`, without waiting."""
        self.writer.note(lambda batch: write(batch, key, found), key=(_TABLE, key))

    async def of(self, key: Key) -> tuple[Deviation, ...]:
        wanted = select(_TABLE).where(_TABLE.c.cluster == key.cluster, _TABLE.c.bundle == key.bundle)
        order = (_TABLE.c.object, _TABLE.c.trouble, _TABLE.c.field)
        found = await reading.fetch(self.writer.engines, wanted.order_by(*order))
        return tuple(rows.deviation(row) for row in found)

    async def of_object(self, object: str) -> tuple[Deviation, ...]:
        """On every cluster."""
        wanted = select(_TABLE).where(_TABLE.c.object == object).order_by(_TABLE.c.cluster, _TABLE.c.bundle)
        found = await reading.fetch(self.writer.engines, wanted)
        return tuple(rows.deviation(row) for row in found)
