"""Where every bundle stands on every cluster: read by page, by search and in sums, for 100,000 of them."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, bindparam, case, delete, func, select, tuple_, update

from roadstead.model import person
from roadstead.model.ids import Key
from roadstead.model.person import Scope
from roadstead.model.status import Standing, Status
from roadstead.world.store import reading, rows, schema
from roadstead.world.store.reading import Page
from roadstead.world.store.writing import Batch, Writer

_TABLE = schema.statuses
_COLUMNS = _TABLE.c
_STANDINGS = tuple(Standing)  # by rank
_FORGET = {
    table: delete(table).where(
        table.c.cluster == bindparam("on_cluster"), table.c.bundle == bindparam("of_bundle")
    )
    for table in (_TABLE, schema.deviations)
}
_LOST = _STANDINGS.index(Standing.UNREACHABLE)
_ON_IT = _COLUMNS.cluster == bindparam("on_cluster")
_LOSE = update(_TABLE).where(_ON_IT, _COLUMNS.rank > _LOST).values(rank=_LOST)
_FIND = (
    update(_TABLE)
    .where(_ON_IT, _COLUMNS.rank == _LOST)
    .values(
        rank=case(
            {str(one): rank for rank, one in enumerate(_STANDINGS)}, value=_COLUMNS.standing, else_=_LOST
        )
    )
)


class Order(StrEnum):
    CLUSTER = "cluster"
    BUNDLE = "bundle"
    WORST = "worst"


_ORDERS = {
    Order.CLUSTER: (_COLUMNS.cluster, _COLUMNS.bundle),
    Order.BUNDLE: (_COLUMNS.bundle, _COLUMNS.cluster),
    Order.WORST: (_COLUMNS.rank, _COLUMNS.cluster, _COLUMNS.bundle),
}


class Where(Struct, frozen=True):
    """Which statuses; None and empty choose all. `text` is looked for in names and messages."""

    clusters: frozenset[str] | None = None
    bundles: frozenset[str] | None = None
    standings: frozenset[Standing] = frozenset()
    text: str = ""
    scope: Scope = person.EVERYTHING


EVERYTHING = Where()


class Statuses(Struct, frozen=True):
    writer: Writer

    async def put(self, *found: Status) -> None:
        keys = tuple((_TABLE, one.key) for one in found)
        await self.writer.write(lambda batch: batch.state(*found), keys=keys)

    def note(self, found: Status) -> None:
        """`put`, without waiting; of several for one key that wait, the last is written."""
        self.writer.note(lambda batch: batch.state(found), key=(_TABLE, found.key))

    def note_reach(self, cluster: str, *, is_lost: bool) -> None:
        """While a cluster is lost, whatever is no worse on it stands as unreachable; found again, as it did before,
        until its statuses are told anew. Without waiting."""
        statement = _LOSE if is_lost else _FIND
        self.writer.note(lambda batch: batch.run(_TABLE, statement, {"on_cluster": cluster}))

    async def remove(self, *keys: Key) -> None:
        """Forget bundles that are on these clusters no more."""
        gone = [{"on_cluster": key.cluster, "of_bundle": key.bundle} for key in keys]

        def make(batch: Batch) -> None:
            for table, statement in _FORGET.items():
                batch.run(table, statement, *gone)
            batch.changed |= dict.fromkeys(keys)

        await self.writer.write(make)

    async def get(self, key: Key) -> Status | None:
        wanted = select(_TABLE).where(_COLUMNS.cluster == key.cluster, _COLUMNS.bundle == key.bundle)
        found = await reading.fetch(self.writer.engines, wanted)
        return rows.status(found[0]) if found else None

    async def page(
        self,
        where: Where = EVERYTHING,
        *,
        order: Order = Order.CLUSTER,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[Status]:
        columns = _ORDERS[order]
        wanted = _chosen(select(_TABLE), where).order_by(*columns).limit(limit + 1)
        if after is not None:
            types = [int if column is _COLUMNS.rank else str for column in columns]
            wanted = wanted.where(tuple_(*columns) > tuple_(*reading.place(after, *types)))
        found = await reading.fetch(self.writer.engines, wanted)
        page = reading.page(
            found, limit, lambda row: reading.cursor(*(row._mapping[column.name] for column in columns))
        )
        return Page(tuple(rows.status(row) for row in page.items), page.after)

    async def counts(self, where: Where = EVERYTHING) -> dict[Standing, int]:
        found = await self._counted(where)
        return {_STANDINGS[rank]: count for rank, count in found}

    async def by_cluster(self, where: Where = EVERYTHING) -> dict[str, dict[Standing, int]]:
        return _sums(await self._counted(where, _COLUMNS.cluster))

    async def by_bundle(self, where: Where = EVERYTHING) -> dict[str, dict[Standing, int]]:
        return _sums(await self._counted(where, _COLUMNS.bundle))

    async def _counted(self, where: Where, *by: Any) -> Iterable[Any]:
        # By rank first, which the index of ranks serves by itself: a fifth of the time where sums are by bundle.
        counted = select(*by, _COLUMNS.rank, func.count()).group_by(_COLUMNS.rank, *by)
        return await reading.fetch(self.writer.engines, _chosen(counted, where))


def _chosen(wanted: Select[Any], where: Where) -> Select[Any]:
    wanted = reading.within(wanted, where.scope, cluster=_COLUMNS.cluster, bundle=_COLUMNS.bundle)
    if where.clusters is not None:
        wanted = wanted.where(_COLUMNS.cluster.in_(sorted(where.clusters)))
    if where.bundles is not None:
        wanted = wanted.where(_COLUMNS.bundle.in_(sorted(where.bundles)))
    if where.standings:
        wanted = wanted.where(_COLUMNS.rank.in_([_STANDINGS.index(one) for one in where.standings]))
    if where.text:
        columns = (_COLUMNS.cluster, _COLUMNS.bundle, _COLUMNS.reason, _COLUMNS.message)
        wanted = wanted.where(reading.holds(where.text, *columns))
    return wanted


def _sums(found: Iterable[Any]) -> dict[str, dict[Standing, int]]:
    sums: dict[str, dict[Standing, int]] = {}
    for name, rank, count in found:
        sums.setdefault(name, {})[_STANDINGS[rank]] = count
    return sums
