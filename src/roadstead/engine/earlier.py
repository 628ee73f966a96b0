"""What was told of a cluster before the connection began: the same edit, or failure, is not told again.

An edit is the same while the object, its fields, who changed them, when, and both values are: all of that is stored
with its event, in one transaction. So it does not matter when a process is killed: what is stored was told, and what
is not stored will be. What was told and is there no more has ended meanwhile.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.model.status import Deviation, Standing, Trouble
from roadstead.world.store import statuses
from roadstead.world.store.deviations import Where
from roadstead.world.store.opening import Store

_PAGE = 1_000
_ONCE = datetime.min.replace(tzinfo=UTC)

Same = frozenset[Deviation]


class Earlier(Struct):
    """By bundle, trouble and object; each is asked for once, and then known by whoever asked. `broken` bundles had
    failed to become ready, `hindered` ones could not be applied."""

    broken: frozenset[str] = frozenset()
    hindered: frozenset[str] = frozenset()
    _told: dict[tuple[str, Trouble], dict[str, Same]] = field(default_factory=dict)

    def take(self, bundle: str, trouble: Trouble) -> dict[str, Same]:
        return self._told.pop((bundle, trouble), {})


class Memory(Struct):
    """Of all clusters. What stood when the process began is read at once: a question for each of a thousand clusters
    takes seconds. Of one that is connected anew it is asked again."""

    _begun: dict[str, Earlier] | None = None  # None: was not read at once
    _given: set[str] = field(default_factory=set)

    async def begin(self, store: Store) -> None:
        """Raises TransientError while the database does not answer."""
        self._begun = await _read(store, None)

    async def of(self, store: Store, cluster: str) -> Earlier:
        """Likewise."""
        if self._begun is None or cluster in self._given:
            return (await _read(store, frozenset([cluster]))).get(cluster, Earlier())
        self._given.add(cluster)
        return self._begun.pop(cluster, Earlier())


async def _read(store: Store, clusters: frozenset[str] | None) -> dict[str, Earlier]:
    """By cluster, without those of which nothing is wrong."""
    told: dict[str, dict[tuple[str, Trouble], dict[str, set[Deviation]]]] = {}
    drifted = frozenset([Trouble.DRIFTED, Trouble.ADDED])
    after: str | None = None
    while True:
        page = await store.deviations.page(Where(clusters, troubles=drifted), after=after, limit=_PAGE)
        for one in page.items:
            of_bundle = told.setdefault(one.key.cluster, {}).setdefault((one.key.bundle, one.trouble), {})
            of_bundle.setdefault(one.object, set()).add(replace(one, since=_ONCE))
        after = page.after
        if after is None:
            break
    stood = await _stood(store, clusters)
    return {
        name: Earlier(
            frozenset(bundle for bundle, one in stood.get(name, {}).items() if one is Standing.FAILED),
            frozenset(bundle for bundle, one in stood.get(name, {}).items() if one is Standing.BLOCKED),
            {
                key: {one: frozenset(each) for one, each in found.items()}
                for key, found in told.get(name, {}).items()
            },
        )
        for name in told.keys() | stood.keys()
    }


async def _stood(store: Store, clusters: frozenset[str] | None) -> dict[str, dict[str, Standing]]:
    """The bundles that failed or were blocked, by cluster."""
    found: dict[str, dict[str, Standing]] = {}
    where = statuses.Where(clusters, standings=frozenset([Standing.FAILED, Standing.BLOCKED]))
    after: str | None = None
    while True:
        page = await store.statuses.page(where, after=after, limit=_PAGE)
        for one in page.items:
            found.setdefault(one.key.cluster, {})[one.key.bundle] = one.standing
        after = page.after
        if after is None:
            return found


def same(found: Iterable[Deviation]) -> Same:
    return frozenset(replace(one, since=_ONCE) for one in found)
