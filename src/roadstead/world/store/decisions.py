"""The mirror of refs/roadstead/decisions: read here, decided there."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import bindparam, or_, select, update

from roadstead.model.decision import Decision
from roadstead.world.store import moments, reading, rows, schema
from roadstead.world.store.writing import Writer

_TABLE = schema.decisions
_PUSHED = update(_TABLE).where(_TABLE.c.id == bindparam("decided")).values(pushed=True)


class Decisions(Struct, frozen=True):
    writer: Writer

    async def put(self, *made: Decision, pushed: bool = False) -> None:
        """`pushed` tells that refs/roadstead/decisions has them like this."""
        values = [rows.of_decision(one, pushed=pushed) for one in made]
        await self.writer.write(lambda batch: batch.put(_TABLE, *values))

    async def pushed(self, *ids: str) -> None:
        await self.writer.write(lambda batch: batch.run(_TABLE, _PUSHED, *({"decided": id} for id in ids)))

    async def all(self) -> tuple[Decision, ...]:
        found = await reading.fetch(self.writer.engines, select(_TABLE).order_by(_TABLE.c.made, _TABLE.c.id))
        return tuple(rows.decision(row) for row in found)

    async def standing(self, now: datetime) -> tuple[Decision, ...]:
        moment = moments.write(now)
        wanted = select(_TABLE).where(
            _TABLE.c.lifted.is_(None), or_(_TABLE.c.until.is_(None), _TABLE.c.until > moment)
        )
        found = await reading.fetch(self.writer.engines, wanted.order_by(_TABLE.c.made, _TABLE.c.id))
        return tuple(rows.decision(row) for row in found)

    async def unpushed(self) -> tuple[Decision, ...]:
        wanted = select(_TABLE).where(_TABLE.c.pushed.is_(False)).order_by(_TABLE.c.made, _TABLE.c.id)
        return tuple(rows.decision(row) for row in await reading.fetch(self.writer.engines, wanted))
