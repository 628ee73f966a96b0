"""Objects, or fields of them, that are not as they should be: unready, drifted, added to, fought over."""

import secrets
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, bindparam, delete, select, tuple_

from roadstead.model import person
from roadstead.model.ids import Key
from roadstead.model.person import Scope
from roadstead.model.status import Deviation, Trouble
from roadstead.world.store import reading, rows, schema
from roadstead.world.store.reading import Page
from roadstead.world.store.writing import Batch, Writer

_TABLE = schema.deviations
_ORDER = (_TABLE.c.cluster, _TABLE.c.bundle, _TABLE.c.object, _TABLE.c.trouble, _TABLE.c.field)
_FORGET = delete(_TABLE).where(
    _TABLE.c.cluster == bindparam("on_cluster"),
    _TABLE.c.bundle == bindparam("of_bundle"),
    _TABLE.c.round != bindparam("this_round"),
)


class Where(Struct, frozen=True):
    """Which deviations; None and empty choose all. `text` is looked for in objects, fields, managers and messages."""

    clusters: frozenset[str] | None = None
    bundles: frozenset[str] | None = None
    objects: frozenset[str] | None = None
    troubles: frozenset[Trouble] = frozenset()
    text: str = ""
    scope: Scope = person.EVERYTHING


EVERYTHING = Where()


def write(batch: Batch, key: Key, found: tuple[Deviation, ...]) -> None:
    round = secrets.randbits(62)
    batch.put(_TABLE, *(rows.of_deviation(one) | {"round": round} for one in found))
    batch.run(_TABLE, _FORGET, {"on_cluster": key.cluster, "of_bundle": key.bundle, "this_round": round})


class Deviations(Struct, frozen=True):
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
        found = await reading.fetch(self.writer.engines, wanted.order_by(*_ORDER))
        return tuple(rows.deviation(row) for row in found)

    async def page(
        self, where: Where = EVERYTHING, *, after: str | None = None, limit: int = 100
    ) -> Page[Deviation]:
        """By cluster, bundle and object."""
        wanted = _chosen(where).order_by(*_ORDER).limit(limit + 1)
        if after is not None:
            wanted = wanted.where(tuple_(*_ORDER) > tuple_(*reading.place(after, *[str] * len(_ORDER))))
        found = await reading.fetch(self.writer.engines, wanted)
        page = reading.page(
            found, limit, lambda row: reading.cursor(*(row._mapping[column.name] for column in _ORDER))
        )
        return Page(tuple(rows.deviation(row) for row in page.items), page.after)


def _chosen(where: Where) -> Select[Any]:
    columns = _TABLE.c
    wanted = reading.within(select(_TABLE), where.scope, cluster=columns.cluster, bundle=columns.bundle)
    sides = (
        (columns.cluster, where.clusters),
        (columns.bundle, where.bundles),
        (columns.object, where.objects),
    )
    for column, names in sides:
        if names is not None:
            wanted = wanted.where(column.in_(sorted(names)))
    if where.troubles:
        wanted = wanted.where(columns.trouble.in_(sorted(where.troubles)))
    if where.text:
        told = (columns.object, columns.field, columns.manager, columns.message)
        wanted = wanted.where(reading.holds(where.text, *told))
    return wanted
